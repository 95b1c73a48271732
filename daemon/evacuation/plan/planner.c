/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/plan/planner.h"

#include "evacuation/plan/placement.h"

#include <math.h>

#define QEMU_DOWNTIME_LIMIT_MS 300

static void
planned_move_free(OmenPlannedMove *self)
{
    g_free(self->reason);
    g_free(self);
}

double
omen_plan_value(GPtrArray *plan, const OmenPlanDomain *domains)
{
    double value = 0;

    for (guint i = 0; i < plan->len; i++) {
        const OmenPlannedMove *move = g_ptr_array_index(plan, i);
        if (move->destination >= 0 && !move->is_late && isfinite(move->end_s))
            value += omen_plan_importance(&domains[move->domain]);
    }
    return value;
}

/* ---- how each would go ---- */

/* One domain's move if so many go at once. */
typedef struct {
    OmenTechnique technique;
    OmenMigrationEstimate estimate;
} Move;

static Move
foresee(const OmenPlanDomain *domain, const OmenPlanLimits *limits, guint n_lanes)
{
    double rate = limits->link_bytes_per_second / n_lanes;
    OmenMigrationLoad load = {
        .memory_bytes = domain->transfer_bytes > 0 ? domain->transfer_bytes : domain->memory_bytes,
        .disk_bytes = domain->disk_bytes,
        .dirty_bytes_per_second = domain->dirty_bytes_per_second,
        .downtime_limit_ms =
            limits->downtime_limit_ms > 0 ? limits->downtime_limit_ms : QEMU_DOWNTIME_LIMIT_MS,
    };
    Move move = {.technique = domain->technique};

    load.bytes_per_second =
        limits->move_bytes_per_second > 0 ? MIN(rate, limits->move_bytes_per_second) : rate;
    if (move.technique == OMEN_TECHNIQUE_AUTO ||
        (omen_technique_is_post_copy(move.technique) && !limits->post_copy))
        move.technique = omen_technique_choose(
            &load, limits->post_copy, limits->deadline_s > 0 ? limits->deadline_s / 2 : INFINITY,
            &move.estimate);
    else
        move.estimate = omen_technique_estimate(move.technique, &load);
    return move;
}

/* ---- those that can't be safe in time go last ---- */

static double
density(const OmenPlacement *placement, gsize domain)
{
    return omen_plan_importance(&placement->domains[domain]) / placement->seconds[domain];
}

static int
compare_density(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const OmenPlacement *placement = user_data;
    gsize left = *(const gsize *) a;
    gsize right = *(const gsize *) b;
    double left_density = density(placement, left);
    double right_density = density(placement, right);

    if (left_density != right_density)
        return left_density > right_density ? -1 : 1;
    return left < right ? -1 : left > right;
}

static gssize
find_room(const OmenPlacement *placement, gsize domain)
{
    for (gsize i = 0; i < placement->n_destinations; i++) {
        if (omen_placement_fits(placement, domain, i))
            return (gssize) i;
    }
    return -1;
}

static gsize
shortest_lane(const double *lane_s, guint n_lanes)
{
    gsize best = 0;

    for (guint i = 1; i < n_lanes; i++) {
        if (lane_s[i] < lane_s[best])
            best = i;
    }
    return best;
}

/* The one that was free last before then, so that the others stay for what begins earlier; if none
 * is, the first that will be. */
static double *
find_slot(double *slots, guint n_slots, double from_s)
{
    double *best = &slots[0];

    for (guint i = 1; i < n_slots; i++) {
        gboolean is_free = slots[i] <= from_s;
        if (is_free == (*best <= from_s) ? (slots[i] > *best) == is_free : is_free)
            best = &slots[i];
    }
    return best;
}

static void
explain_no_room(GString *out, const OmenPlanDestination *there)
{
    g_string_append_printf(out, "%s: no room left", there->name);
    if (there->reserved_bytes > 0)
        g_string_append_printf(
            out, " (%" G_GUINT64_FORMAT " MiB are reserved for domains of other hosts)",
            there->reserved_bytes >> 20);
}

static gboolean
is_barred(const OmenPlacement *placement, gsize domain, gsize destination)
{
    return destination < 64 && (placement->domains[domain].barred >> destination & 1);
}

/* Some destination lacks room only because of what other hosts reserved there. */
static gboolean
may_fit_later(const OmenPlacement *placement, gsize domain)
{
    const OmenPlanLimits *limits = placement->limits;
    guint64 needed = placement->domains[domain].memory_bytes;

    for (gsize i = 0; i < placement->n_destinations; i++) {
        const OmenPlanDestination *there = &placement->destinations[i];
        guint64 taken = there->room_bytes - placement->room[i];
        if (there->unusable || is_barred(placement, domain, i) ||
            (limits->destination && !g_str_equal(limits->destination, there->name)))
            continue;
        if (placement->room[i] < needed && there->reserved_bytes > 0 &&
            there->later_bytes >= taken + needed)
            return TRUE;
    }
    return FALSE;
}

/* Why none took it: each destination's reason. */
static char *
explain_stay(const OmenPlacement *placement, gsize domain)
{
    const OmenPlanLimits *limits = placement->limits;
    g_autoptr(GString) out = g_string_new(NULL);

    for (gsize i = 0; i < placement->n_destinations; i++) {
        const OmenPlanDestination *there = &placement->destinations[i];
        if (limits->destination && !g_str_equal(limits->destination, there->name))
            continue;
        if (out->len > 0)
            g_string_append(out, "; ");
        if (there->unusable)
            g_string_append(out, there->unusable);
        else if (is_barred(placement, domain, i))
            g_string_append_printf(out, "%s: cannot run it", there->name);
        else if (placement->room[i] < placement->domains[domain].memory_bytes)
            explain_no_room(out, there);
        else
            g_string_append_printf(out, "%s: another domain of its anti-affinity group goes there",
                                   there->name);
    }
    if (out->len == 0 && limits->destination)
        g_string_append_printf(out, "there is no destination %s in the configuration",
                               limits->destination);
    else if (out->len == 0)
        g_string_append(out, "no destination is configured; add a [destination NAME] with its uri");
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- from places to a time line ---- */

typedef struct {
    OmenPlacement *placement;
    Move *moves;
    gsize *order;      /* domains, safe ones first, each part by density */
    double *slots;     /* when each of a destination's slots is free */
    guint n_slots;     /* a destination */
    double *lane_free; /* when each lane is */
    GPtrArray *plan;
    GPtrArray *stays;
} Schedule;

static void
stay(Schedule *self, gsize domain, char *reason)
{
    OmenPlannedMove *move = g_new0(OmenPlannedMove, 1);

    move->domain = domain;
    move->destination = -1;
    move->may_fit_later =
        !self->placement->domains[domain].immovable && may_fit_later(self->placement, domain);
    move->reason = reason;
    g_ptr_array_add(self->stays, move);
}

static void
go(Schedule *self, gsize domain, gsize lane)
{
    const OmenPlacement *placement = self->placement;
    OmenPlannedMove *move = g_new0(OmenPlannedMove, 1);
    double *slots = self->slots + (gsize) placement->at[domain] * self->n_slots;
    double *slot = find_slot(slots, self->n_slots, self->lane_free[lane]);

    move->domain = domain;
    move->destination = placement->at[domain];
    move->technique = self->moves[domain].technique;
    move->downtime_ms = self->moves[domain].estimate.downtime_ms;
    move->start_s = MAX(self->lane_free[lane], *slot);
    move->end_s = move->start_s + self->moves[domain].estimate.seconds;
    move->is_late = move->end_s > placement->deadline_s * (1 + 1e-9);
    self->lane_free[lane] = move->end_s;
    *slot = move->end_s;
    g_ptr_array_add(self->plan, move);
}

static int
compare_start(gconstpointer a, gconstpointer b)
{
    const OmenPlannedMove *left = *(OmenPlannedMove *const *) a;
    const OmenPlannedMove *right = *(OmenPlannedMove *const *) b;

    if (left->start_s != right->start_s)
        return left->start_s < right->start_s ? -1 : 1;
    return left->domain < right->domain ? -1 : left->domain > right->domain;
}

static void
schedule_safe(Schedule *self)
{
    const OmenPlacement *placement = self->placement;

    for (gsize i = 0; i < placement->n_domains; i++) {
        gsize domain = self->order[i];
        if (placement->at[domain] < 0)
            continue;
        /* Without a deadline lanes mean nothing yet: the first that is free. */
        go(self, domain,
           isfinite(placement->deadline_s) ? (gsize) placement->lane[domain]
                                           : shortest_lane(self->lane_free, placement->n_lanes));
    }
}

static void
schedule_rest(Schedule *self)
{
    OmenPlacement *placement = self->placement;

    for (gsize i = 0; i < placement->n_domains; i++) {
        gsize domain = self->order[i];
        const char *immovable = placement->domains[domain].immovable;
        gssize room;
        if (placement->at[domain] >= 0)
            continue;
        room = immovable ? -1 : find_room(placement, domain);
        if (room < 0) {
            stay(self, domain, immovable ? g_strdup(immovable) : explain_stay(placement, domain));
            continue;
        }
        gsize lane = shortest_lane(self->lane_free, placement->n_lanes);
        omen_placement_put(placement, domain, (gsize) room, lane);
        go(self, domain, lane);
    }
}

static void
schedule_clear(Schedule *self)
{
    g_clear_pointer(&self->placement, omen_placement_free);
    g_free(self->moves);
    g_free(self->order);
    g_free(self->slots);
    g_free(self->lane_free);
    g_clear_pointer(&self->stays, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Schedule, schedule_clear)

static GPtrArray *
plan_with(OmenPlacement *placement, guint n_lanes)
{
    const OmenPlanLimits *limits = placement->limits;
    g_auto(Schedule) self = {.placement = placement};

    self.moves = g_new0(Move, placement->n_domains + 1);
    self.order = g_new0(gsize, placement->n_domains + 1);
    self.n_slots =
        limits->concurrency_a_destination > 0 ? limits->concurrency_a_destination : n_lanes;
    self.slots = g_new0(double, (placement->n_destinations + 1) * self.n_slots);
    self.lane_free = g_new0(double, n_lanes);
    self.plan = g_ptr_array_new_with_free_func((GDestroyNotify) planned_move_free);
    self.stays = g_ptr_array_new();
    for (gsize i = 0; i < placement->n_domains; i++) {
        self.order[i] = i;
        self.moves[i] = foresee(&placement->domains[i], limits, n_lanes);
        placement->seconds[i] = self.moves[i].estimate.seconds;
    }
    omen_placement_solve(placement);
    g_qsort_with_data(self.order, (int) placement->n_domains, sizeof *self.order, compare_density,
                      placement);
    schedule_safe(&self);
    schedule_rest(&self);
    g_ptr_array_sort(self.plan, compare_start);
    g_ptr_array_extend_and_steal(self.plan, g_steal_pointer(&self.stays));
    return self.plan;
}

/* Sum of importance times end: what of two plans of equal value is better. */
static double
weigh_ends(GPtrArray *plan, const OmenPlanDomain *domains)
{
    double sum = 0;

    for (guint i = 0; i < plan->len; i++) {
        const OmenPlannedMove *move = g_ptr_array_index(plan, i);
        if (move->destination >= 0)
            sum += omen_plan_importance(&domains[move->domain]) * move->end_s;
    }
    return sum;
}

static gboolean
is_better(GPtrArray *plan, GPtrArray *than, const OmenPlanDomain *domains)
{
    double value = omen_plan_value(plan, domains);
    double other = omen_plan_value(than, domains);

    if (fabs(value - other) > 1e-9)
        return value > other;
    return weigh_ends(plan, domains) < weigh_ends(than, domains);
}

GPtrArray *
omen_planner_plan(const OmenPlanDomain *domains,
                  gsize n_domains,
                  const OmenPlanDestination *destinations,
                  gsize n_destinations,
                  const OmenPlanLimits *limits)
{
    g_autoptr(GPtrArray) best = NULL;

    for (guint n_lanes = 1; n_lanes <= MAX(limits->concurrency, 1); n_lanes++) {
        g_autoptr(GPtrArray) plan = plan_with(
            omen_placement_new(domains, n_domains, destinations, n_destinations, limits, n_lanes),
            n_lanes);
        if (!best || is_better(plan, best, domains)) {
            g_clear_pointer(&best, g_ptr_array_unref);
            best = g_steal_pointer(&plan);
        }
    }
    return g_steal_pointer(&best);
}
