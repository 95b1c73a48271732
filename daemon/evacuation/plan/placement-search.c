/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The search: by branch and bound, or exactly where there are few domains. */
#include "evacuation/plan/placement-exact.h"

#include <math.h>
#include <string.h>

#define MAX_SEARCHED 48 /* domains; more are placed greedily */
#define MAX_STEPS    60000
#define EPSILON      1e-9

typedef struct {
    OmenPlacement *placement;
    gsize *order;      /* the domains that could be safe, as they are tried */
    gsize *by_density; /* positions in order, by importance over time */
    gsize n;
    double *left; /* importance of order[i] and all after it */
    double value;
    double best_value;
    gssize *best_at;
    gssize *best_lane;
    guint steps;
} Search;

static double
importance_of(const Search *self, gsize position)
{
    return omen_plan_importance(&self->placement->domains[self->order[position]]);
}

static double
seconds_of(const Search *self, gsize position)
{
    return self->placement->seconds[self->order[position]];
}

static void
note_best(Search *self)
{
    if (self->value <= self->best_value + EPSILON)
        return;
    self->best_value = self->value;
    memcpy(self->best_at, self->placement->at, self->placement->n_domains * sizeof(gssize));
    memcpy(self->best_lane, self->placement->lane, self->placement->n_domains * sizeof(gssize));
}

/* No more than this can come of the positions from @first on: lanes poured into one, domains
 * divisible. */
static double
bound(const Search *self, gsize first)
{
    const OmenPlacement *placement = self->placement;
    double time_s = 0;
    double value = 0;

    if (isinf(placement->deadline_s))
        return self->left[first];
    for (guint i = 0; i < placement->n_lanes; i++)
        time_s += placement->deadline_s - placement->lane_s[i];
    for (gsize i = 0; i < self->n && time_s > 0; i++) {
        gsize position = self->by_density[i];
        if (position < first)
            continue;
        double share = MIN(1.0, time_s / seconds_of(self, position));
        value += share * importance_of(self, position);
        time_s -= seconds_of(self, position);
    }
    return value;
}

/* An equal lane was tried already. */
static gboolean
is_twin_lane(const OmenPlacement *placement, guint lane)
{
    for (guint i = 0; i < lane; i++) {
        if (fabs(placement->lane_s[i] - placement->lane_s[lane]) < EPSILON)
            return TRUE;
    }
    return FALSE;
}

static void search(Search *self, gsize position);

static void
try_lane(Search *self, gsize position, guint lane)
{
    OmenPlacement *placement = self->placement;
    gsize domain = self->order[position];
    double before_s = placement->lane_s[lane];

    for (gsize i = 0; i < placement->n_destinations; i++) {
        if (!omen_placement_fits(placement, domain, i))
            continue;
        omen_placement_put(placement, domain, i, lane);
        self->value += importance_of(self, position);
        search(self, position + 1);
        self->value -= importance_of(self, position);
        omen_placement_take(placement, domain);
        placement->lane_s[lane] = before_s; /* to the last bit */
    }
}

static void
search(Search *self, gsize position)
{
    const OmenPlacement *placement = self->placement;

    note_best(self);
    if (position >= self->n || ++self->steps > MAX_STEPS ||
        self->value + bound(self, position) <= self->best_value + EPSILON)
        return;
    for (guint lane = 0; lane < placement->n_lanes; lane++) {
        if (placement->lane_s[lane] + seconds_of(self, position) <= placement->deadline_s &&
            !is_twin_lane(placement, lane))
            try_lane(self, position, lane);
    }
    search(self, position + 1);
}

/* ---- greedy beginnings ---- */

typedef enum {
    BY_TIME,   /* importance over time */
    BY_MEMORY, /* over memory */
    BY_BOTH,   /* over the scarcer of the two */
    BY_IMPORTANCE,
    N_GREEDY,
} Greedy;

typedef struct {
    const OmenPlacement *placement;
    Greedy greedy;
    double time_s; /* all there is */
    double memory; /* likewise, bytes */
} Ranking;

static double
rank_of(const Ranking *ranking, gsize domain)
{
    const OmenPlacement *placement = ranking->placement;
    const OmenPlanDomain *one = &placement->domains[domain];
    double importance = omen_plan_importance(one);
    double time_share = placement->seconds[domain] / ranking->time_s;
    double memory_share = (double) one->memory_bytes / ranking->memory;

    switch (ranking->greedy) {
    case BY_MEMORY:
        return importance / MAX(memory_share, EPSILON);
    case BY_BOTH:
        return importance / MAX(MAX(time_share, memory_share), EPSILON);
    case BY_IMPORTANCE:
        return importance;
    case BY_TIME:
    case N_GREEDY:
    default:
        return importance / MAX(time_share, EPSILON);
    }
}

static int
compare_rank(gconstpointer a, gconstpointer b, gpointer user_data)
{
    gsize left = *(const gsize *) a;
    gsize right = *(const gsize *) b;
    double left_rank = rank_of(user_data, left);
    double right_rank = rank_of(user_data, right);

    if (left_rank != right_rank)
        return left_rank > right_rank ? -1 : 1;
    return left < right ? -1 : left > right;
}

static void
sort_by(Search *self, Greedy greedy)
{
    const OmenPlacement *placement = self->placement;
    gboolean has_deadline = isfinite(placement->deadline_s);
    Ranking ranking = {placement, greedy,
                       has_deadline ? placement->deadline_s * placement->n_lanes : 1.0, 1.0};

    for (gsize i = 0; i < placement->n_destinations; i++)
        ranking.memory += (double) placement->room[i];
    g_qsort_with_data(self->order, (int) self->n, sizeof *self->order, compare_rank, &ranking);
}

static guint
shortest_lane(const OmenPlacement *placement)
{
    guint best = 0;

    for (guint i = 1; i < placement->n_lanes; i++) {
        if (placement->lane_s[i] < placement->lane_s[best])
            best = i;
    }
    return best;
}

static void
forget_places(Search *self)
{
    OmenPlacement *placement = self->placement;

    for (gsize i = 0; i < placement->n_domains; i++)
        placement->at[i] = placement->lane[i] = -1;
    for (gsize i = 0; i < placement->n_destinations; i++)
        placement->room[i] = placement->destinations[i].room_bytes;
    memset(placement->lane_s, 0, placement->n_lanes * sizeof *placement->lane_s);
    self->value = 0;
}

/* The first that takes it, or the one with the most room left. */
static gssize
choose_destination(const OmenPlacement *placement, gsize domain, gboolean spread)
{
    gssize best = -1;

    for (gsize i = 0; i < placement->n_destinations; i++) {
        if (!omen_placement_fits(placement, domain, i))
            continue;
        if (!spread)
            return (gssize) i;
        if (best < 0 || placement->room[i] > placement->room[best])
            best = (gssize) i;
    }
    return best;
}

/* In that order, each into the emptiest lane. */
static void
place_greedily(Search *self, gboolean spread)
{
    OmenPlacement *placement = self->placement;

    for (gsize i = 0; i < self->n; i++) {
        guint lane = shortest_lane(placement);
        gsize domain = self->order[i];
        gssize destination;
        if (placement->lane_s[lane] + placement->seconds[domain] > placement->deadline_s)
            continue;
        destination = choose_destination(placement, domain, spread);
        if (destination < 0)
            continue;
        omen_placement_put(placement, domain, (gsize) destination, lane);
        self->value += importance_of(self, i);
    }
    note_best(self);
    forget_places(self);
}

static void
prepare_bounds(Search *self)
{
    g_autofree gsize *wanted = g_memdup2(self->order, self->n * sizeof *self->order);

    sort_by(self, BY_TIME);
    for (gsize i = 0; i < self->n; i++) {
        for (gsize j = 0; j < self->n; j++) {
            if (wanted[j] == self->order[i])
                self->by_density[i] = j;
        }
    }
    memcpy(self->order, wanted, self->n * sizeof *self->order);
    self->left[self->n] = 0;
    for (gsize i = self->n; i > 0; i--)
        self->left[i - 1] = self->left[i] + importance_of(self, i - 1);
}

static void
take_best(Search *self)
{
    forget_places(self);
    for (gsize i = 0; i < self->placement->n_domains; i++) {
        if (self->best_at[i] >= 0)
            omen_placement_put(self->placement, i, (gsize) self->best_at[i],
                               (gsize) self->best_lane[i]);
    }
}

static void
search_clear(Search *self)
{
    g_free(self->order);
    g_free(self->by_density);
    g_free(self->left);
    g_free(self->best_at);
    g_free(self->best_lane);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

void
omen_placement_solve(OmenPlacement *self)
{
    g_auto(Search) one = {.placement = self, .best_value = -1};

    one.order = g_new0(gsize, self->n_domains + 1);
    one.by_density = g_new0(gsize, self->n_domains + 1);
    one.left = g_new0(double, self->n_domains + 1);
    one.best_at = g_memdup2(self->at, (self->n_domains + 1) * sizeof *self->at);
    one.best_lane = g_memdup2(self->lane, (self->n_domains + 1) * sizeof *self->lane);
    for (gsize i = 0; i < self->n_domains; i++) {
        if (!self->domains[i].immovable && self->seconds[i] <= self->deadline_s &&
            isfinite(self->seconds[i]))
            one.order[one.n++] = i;
    }
    if (one.n == 0)
        return;
    /* Of equal ones the first stays: better all have some than one has all. */
    for (guint i = 0; i < 2 * N_GREEDY; i++) {
        sort_by(&one, (Greedy) (i % N_GREEDY));
        place_greedily(&one, i < N_GREEDY);
    }
    if (one.n <= OMEN_PLACEMENT_EXACT_MAX) {
        if (omen_placement_solve_exactly(self, one.order, one.n, one.best_value))
            return;
    } else if (one.n <= MAX_SEARCHED) {
        sort_by(&one, BY_BOTH);
        prepare_bounds(&one);
        search(&one, 0);
    }
    take_best(&one);
}
