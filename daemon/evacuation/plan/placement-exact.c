/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/plan/placement-exact.h"

#define EPSILON 1e-9
/* What anti-affinity forbids is found out set by set, best first: for so many sets, with so many
 * steps for each. */
#define MAX_REJECTED     200
#define MAX_STEPS        4000
#define MAX_DESTINATIONS 64

/* How far the bins are filled by a set. */
typedef struct {
    guint bin; /* the last one that is used; n_bins: it does not fit */
    guint newest;
    double fill; /* of that bin */
} Filling;

typedef struct {
    gsize n_items;
    const double *sizes;
    const guint64 *allowed; /* a bit for each bin */
    guint n_bins;
    const double *capacities;
} Packing;

static gboolean
takes(const Packing *self, guint bin, guint item, double fill)
{
    return (self->allowed[item] >> bin & 1) && fill + self->sizes[item] <= self->capacities[bin];
}

/* After what is there: into the same bin, else into the next that takes it. */
static Filling
add_item(const Packing *self, Filling before, guint item)
{
    Filling after = {.bin = before.bin, .newest = item};

    if (takes(self, before.bin, item, before.fill)) {
        after.fill = before.fill + self->sizes[item];
        return after;
    }
    after.fill = self->sizes[item];
    for (after.bin = before.bin + 1; after.bin < self->n_bins; after.bin++) {
        if (takes(self, after.bin, item, 0))
            break;
    }
    return after;
}

static Filling
fill_best(const Packing *self, const Filling *fillings, guint set)
{
    Filling best = {.bin = self->n_bins};

    for (guint rest = set; rest; rest &= rest - 1) {
        guint item = (guint) g_bit_nth_lsf(rest, -1);
        Filling before = fillings[set & ~(1u << item)];
        Filling one;
        if (before.bin >= self->n_bins)
            continue;
        one = add_item(self, before, item);
        if (one.bin < best.bin || (one.bin == best.bin && one.fill < best.fill))
            best = one;
    }
    return best;
}

/* A row for each set. */
static Filling *
pack(const Packing *self)
{
    guint n_sets = 1u << self->n_items;
    Filling *fillings = g_new0(Filling, n_sets);

    for (guint set = 1; set < n_sets; set++)
        fillings[set] = fill_best(self, fillings, set);
    return fillings;
}

static void
read_bins(const Filling *fillings, guint set, gssize *bins)
{
    while (set) {
        guint item = fillings[set].newest;
        bins[item] = fillings[set].bin;
        set &= ~(1u << item);
    }
}

/* ---- the sets ---- */

typedef struct {
    OmenPlacement *placement;
    const gsize *candidates;
    gsize n;
    Filling *lanes;
    Filling *destinations;
    double *values;
    gssize lane_of[OMEN_PLACEMENT_EXACT_MAX];
    guint steps;
} Problem;

static void
problem_clear(Problem *self)
{
    g_free(self->lanes);
    g_free(self->destinations);
    g_free(self->values);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Problem, problem_clear)

static void
pack_lanes(Problem *self)
{
    const OmenPlacement *placement = self->placement;
    g_autofree double *capacities = g_new(double, placement->n_lanes);
    double sizes[OMEN_PLACEMENT_EXACT_MAX];
    guint64 allowed[OMEN_PLACEMENT_EXACT_MAX];
    const Packing packing = {self->n, sizes, allowed, placement->n_lanes, capacities};

    for (guint i = 0; i < placement->n_lanes; i++)
        capacities[i] = placement->deadline_s;
    for (gsize i = 0; i < self->n; i++) {
        sizes[i] = placement->seconds[self->candidates[i]];
        allowed[i] = G_MAXUINT64;
    }
    self->lanes = pack(&packing);
}

/* As if there were no groups: what does not fit so does not fit at all. */
static void
pack_destinations(Problem *self)
{
    const OmenPlacement *placement = self->placement;
    double capacities[MAX_DESTINATIONS];
    double sizes[OMEN_PLACEMENT_EXACT_MAX];
    guint64 allowed[OMEN_PLACEMENT_EXACT_MAX] = {0};
    const Packing packing = {self->n, sizes, allowed, (guint) placement->n_destinations,
                             capacities};

    for (gsize i = 0; i < placement->n_destinations; i++)
        capacities[i] = (double) placement->room[i];
    for (gsize i = 0; i < self->n; i++) {
        sizes[i] = (double) placement->domains[self->candidates[i]].memory_bytes;
        for (gsize j = 0; j < placement->n_destinations; j++) {
            if (omen_placement_fits(placement, self->candidates[i], j))
                allowed[i] |= (guint64) 1 << j;
        }
    }
    self->destinations = pack(&packing);
}

static void
add_values(Problem *self)
{
    guint n_sets = 1u << self->n;

    self->values = g_new0(double, n_sets);
    for (guint set = 1; set < n_sets; set++) {
        gsize item = (gsize) g_bit_nth_lsf(set, -1);
        const OmenPlanDomain *domain = &self->placement->domains[self->candidates[item]];
        self->values[set] = self->values[set & (set - 1)] + omen_plan_importance(domain);
    }
}

/* 0: none is worth more than @above. */
static guint
find_best(const Problem *self, double above)
{
    guint best = 0;

    for (guint set = 1; set < 1u << self->n; set++) {
        if (self->lanes[set].bin < self->placement->n_lanes &&
            self->destinations[set].bin < self->placement->n_destinations &&
            self->values[set] > MAX(self->values[best], above) + EPSILON)
            best = set;
    }
    return best;
}

/* ---- to their places ---- */

static gboolean
place_by_trial(Problem *self, guint set)
{
    OmenPlacement *placement = self->placement;
    gsize item;

    if (set == 0)
        return TRUE;
    if (++self->steps > MAX_STEPS)
        return FALSE;
    item = (gsize) g_bit_nth_lsf(set, -1);
    for (gsize i = 0; i < placement->n_destinations; i++) {
        if (!omen_placement_fits(placement, self->candidates[item], i))
            continue;
        omen_placement_put(placement, self->candidates[item], i, (gsize) self->lane_of[item]);
        if (place_by_trial(self, set & (set - 1)))
            return TRUE;
        omen_placement_take(placement, self->candidates[item]);
    }
    return FALSE;
}

/* By what was found without groups, if these do not speak against it. */
static gboolean
place_as_packed(Problem *self, guint set)
{
    gssize bins[OMEN_PLACEMENT_EXACT_MAX];

    read_bins(self->destinations, set, bins);
    for (guint rest = set; rest; rest &= rest - 1) {
        gsize item = (gsize) g_bit_nth_lsf(rest, -1);
        if (omen_placement_fits(self->placement, self->candidates[item], (gsize) bins[item])) {
            omen_placement_put(self->placement, self->candidates[item], (gsize) bins[item],
                               (gsize) self->lane_of[item]);
            continue;
        }
        for (guint done = set & ~rest; done; done &= done - 1)
            omen_placement_take(self->placement, self->candidates[g_bit_nth_lsf(done, -1)]);
        return FALSE;
    }
    return TRUE;
}

gboolean
omen_placement_solve_exactly(OmenPlacement *self, const gsize *candidates, gsize n, double above)
{
    g_auto(Problem) problem = {.placement = self, .candidates = candidates, .n = n};
    guint set;

    if (n > OMEN_PLACEMENT_EXACT_MAX || self->n_destinations > MAX_DESTINATIONS)
        return FALSE;
    pack_lanes(&problem);
    pack_destinations(&problem);
    add_values(&problem);
    for (guint rejected = 0; rejected < MAX_REJECTED; rejected++) {
        set = find_best(&problem, above);
        if (set == 0)
            return FALSE;
        read_bins(problem.lanes, set, problem.lane_of);
        problem.steps = 0;
        if (place_as_packed(&problem, set) || place_by_trial(&problem, set))
            return TRUE;
        problem.lanes[set].bin = self->n_lanes;
    }
    return FALSE;
}
