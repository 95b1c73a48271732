/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-host.h"

#include <math.h>

#define MIB ((guint64) 1024 * 1024)

static const char *const destination_names[] = {"beta", "gamma", "delta"};
static const char *const group_names[] = {"web", "database"};

/* Guests come in sizes; a few are busy. */
static void
make_domain(RandomHost *self, GRand *random, gsize i)
{
    static const guint sizes_mib[] = {512, 1024, 2048, 2048, 4096, 4096, 8192, 16384, 32768};
    OmenPlanDomain *domain = &self->domains[i];

    g_snprintf(self->names[i], sizeof self->names[i], "g%zu", i + 1);
    *domain = (OmenPlanDomain){.uuid = self->names[i], .name = self->names[i]};
    domain->memory_bytes = sizes_mib[g_rand_int_range(random, 0, G_N_ELEMENTS(sizes_mib))] * MIB;
    domain->transfer_bytes =
        (guint64) ((double) domain->memory_bytes * g_rand_double_range(random, 0.2, 1.0));
    domain->dirty_bytes_per_second =
        (g_rand_int_range(random, 0, 5) == 0 ? g_rand_double_range(random, 50, 400)
                                             : g_rand_double_range(random, 0, 30)) *
        (double) MIB;
    domain->importance = g_rand_int_range(random, 0, 3) == 0 ? g_rand_int_range(random, 2, 10) : 1;
    domain->group = g_rand_int_range(random, 0, 6) == 0
                        ? group_names[g_rand_int_range(random, 0, G_N_ELEMENTS(group_names))]
                        : NULL;
    domain->immovable = g_rand_int_range(random, 0, 20) == 0 ? "hostdev" : NULL;
}

void
random_host_make(RandomHost *self, guint32 seed, guint min_domains, guint max_domains)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    double memory = 0;

    *self = (RandomHost){0};
    self->n_domains =
        (gsize) g_rand_int_range(random, (gint32) min_domains, (gint32) max_domains + 1);
    self->n_destinations = (gsize) g_rand_int_range(random, 1, RANDOM_HOST_MAX_DESTINATIONS + 1);
    for (gsize i = 0; i < self->n_domains; i++) {
        make_domain(self, random, i);
        memory += (double) self->domains[i].memory_bytes;
    }
    for (gsize i = 0; i < self->n_destinations; i++) {
        double share = g_rand_double_range(random, 0.3, 1.6) / (double) self->n_destinations;
        self->destinations[i] = (OmenPlanDestination){.name = destination_names[i],
                                                      .room_bytes = (guint64) (memory * share)};
    }
    self->limits = (OmenPlanLimits){
        .concurrency = (guint) g_rand_int_range(random, 1, 4),
        .link_bytes_per_second = (g_rand_boolean(random) ? 110 : 1100) * (double) MIB,
        .post_copy = g_rand_boolean(random),
    };
    self->limits.deadline_s =
        memory / self->limits.link_bytes_per_second * g_rand_double_range(random, 0.15, 1.0);
}

/* How the planner foresees a domain's move where it is alone with so many lanes. */
static double
seconds_of(const RandomHost *self, gsize i, guint n_lanes)
{
    OmenPlanDomain domain = self->domains[i];
    const OmenPlanDestination anywhere = {.name = "x", .room_bytes = G_MAXUINT64};
    OmenPlanLimits limits = self->limits;
    double seconds;

    limits.concurrency = 1;
    limits.link_bytes_per_second /= n_lanes;
    domain.immovable = NULL;
    g_autoptr(GPtrArray) plan = omen_planner_plan(&domain, 1, &anywhere, 1, &limits);
    seconds = ((OmenPlannedMove *) g_ptr_array_index(plan, 0))->end_s;
    return seconds;
}

/* ---- first come, first served ---- */

static gssize
first_with_room(const RandomHost *self, gsize i, const guint64 *room, const gssize *at)
{
    for (gsize d = 0; d < self->n_destinations; d++) {
        gboolean good = room[d] >= self->domains[i].memory_bytes;
        for (gsize j = 0; j < i && good; j++)
            good = at[j] != (gssize) d || !self->domains[i].group ||
                   g_strcmp0(self->domains[i].group, self->domains[j].group) != 0;
        if (good)
            return (gssize) d;
    }
    return -1;
}

double
random_host_first_come(const RandomHost *self)
{
    guint n_lanes = self->limits.concurrency;
    double lane_s[8] = {0};
    guint64 room[RANDOM_HOST_MAX_DESTINATIONS];
    gssize at[RANDOM_HOST_MAX_DOMAINS];
    double value = 0;

    for (gsize d = 0; d < self->n_destinations; d++)
        room[d] = self->destinations[d].room_bytes;
    for (gsize i = 0; i < self->n_domains; i++) {
        guint lane = 0;
        at[i] = self->domains[i].immovable ? -1 : first_with_room(self, i, room, at);
        if (at[i] < 0)
            continue;
        for (guint l = 1; l < n_lanes; l++)
            lane = lane_s[l] < lane_s[lane] ? l : lane;
        room[at[i]] -= self->domains[i].memory_bytes;
        lane_s[lane] += seconds_of(self, i, n_lanes);
        if (lane_s[lane] <= self->limits.deadline_s)
            value += self->domains[i].importance;
    }
    return value;
}

/* ---- the optimum ---- */

/* @more holds the sets that one more lane (or destination) takes: what @one takes and what it may
 * be joined with. */
static void
join(gboolean *more, const gboolean *have, const gboolean *one, guint n_sets)
{
    for (guint set = 0; set < n_sets; set++) {
        more[set] = have[set];
        for (guint part = set; part > 0 && !more[set]; part = (part - 1) & set)
            more[set] = one[part] && have[set & ~part];
    }
}

static void
find_timely(const RandomHost *self, guint n_lanes, gboolean *timely)
{
    guint n_sets = 1u << self->n_domains;
    double seconds[RANDOM_HOST_MAX_DOMAINS];
    g_autofree gboolean *one = g_new0(gboolean, n_sets);
    g_autofree gboolean *more = g_new0(gboolean, n_sets);

    for (gsize i = 0; i < self->n_domains; i++)
        seconds[i] = self->domains[i].immovable ? INFINITY : seconds_of(self, i, n_lanes);
    for (guint set = 0; set < n_sets; set++) {
        double sum = 0;
        for (gsize i = 0; i < self->n_domains; i++)
            sum += set >> i & 1 ? seconds[i] : 0;
        timely[set] = one[set] = sum <= self->limits.deadline_s;
    }
    for (guint lane = 1; lane < n_lanes; lane++) {
        join(more, timely, one, n_sets);
        for (guint set = 0; set < n_sets; set++)
            timely[set] = more[set];
    }
}

static gboolean
may_share(const RandomHost *self, guint set)
{
    for (gsize i = 0; i < self->n_domains; i++) {
        for (gsize j = i + 1; j < self->n_domains; j++) {
            if ((set >> i & 1) && (set >> j & 1) && self->domains[i].group &&
                g_strcmp0(self->domains[i].group, self->domains[j].group) == 0)
                return FALSE;
        }
    }
    return TRUE;
}

static void
find_fitting(const RandomHost *self, gboolean *fitting)
{
    guint n_sets = 1u << self->n_domains;
    g_autofree gboolean *one = g_new0(gboolean, n_sets);
    g_autofree gboolean *more = g_new0(gboolean, n_sets);

    fitting[0] = TRUE;
    for (gsize d = 0; d < self->n_destinations; d++) {
        for (guint set = 0; set < n_sets; set++) {
            guint64 sum = 0;
            for (gsize i = 0; i < self->n_domains; i++)
                sum += set >> i & 1 ? self->domains[i].memory_bytes : 0;
            one[set] = sum <= self->destinations[d].room_bytes && may_share(self, set);
        }
        join(more, fitting, one, n_sets);
        for (guint set = 0; set < n_sets; set++)
            fitting[set] = more[set];
    }
}

double
random_host_exact(const RandomHost *self)
{
    guint n_sets = 1u << self->n_domains;
    g_autofree gboolean *timely = g_new0(gboolean, n_sets);
    g_autofree gboolean *fitting = g_new0(gboolean, n_sets);
    double best = 0;

    find_fitting(self, fitting);
    for (guint n_lanes = 1; n_lanes <= self->limits.concurrency; n_lanes++) {
        find_timely(self, n_lanes, timely);
        for (guint set = 0; set < n_sets; set++) {
            double value = 0;
            for (gsize i = 0; i < self->n_domains; i++)
                value += set >> i & 1 ? self->domains[i].importance : 0;
            if (timely[set] && fitting[set])
                best = MAX(best, value);
        }
    }
    return best;
}
