/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/planner.h"

#include <string.h>

void
omen_planned_move_free(OmenPlannedMove *self)
{
    g_free(self->reason);
    g_free(self);
}

typedef struct {
    const OmenPlanDomain *domains;
} Order;

static int
compare_size(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Order *order = user_data;
    gsize left = *(const gsize *) a;
    gsize right = *(const gsize *) b;
    guint64 left_bytes = order->domains[left].memory_bytes;
    guint64 right_bytes = order->domains[right].memory_bytes;

    if (left_bytes != right_bytes)
        return left_bytes < right_bytes ? -1 : 1;
    return left < right ? -1 : left > right;
}

static gssize
choose_destination(const OmenPlanDomain *domain,
                   const OmenPlanDestination *destinations,
                   gsize n_destinations,
                   const guint64 *room,
                   const OmenPlanLimits *limits)
{
    for (gsize i = 0; i < n_destinations; i++) {
        if (limits->destination && !g_str_equal(limits->destination, destinations[i].name))
            continue;
        if (!destinations[i].unusable && room[i] >= domain->memory_bytes)
            return (gssize) i;
    }
    return -1;
}

/* Why none took it: each destination's reason. */
static char *
explain_stay(const OmenPlanDestination *destinations,
             gsize n_destinations,
             const OmenPlanLimits *limits)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (gsize i = 0; i < n_destinations; i++) {
        if (limits->destination && !g_str_equal(limits->destination, destinations[i].name))
            continue;
        if (out->len > 0)
            g_string_append(out, "; ");
        if (destinations[i].unusable)
            g_string_append(out, destinations[i].unusable);
        else
            g_string_append_printf(out, "%s: no room left", destinations[i].name);
    }
    if (out->len == 0)
        g_string_append(out, "no destination is configured; add a [destination NAME] with its uri");
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* The lane that is free first. */
static gsize
first_free(const double *free_at_s, gsize n_lanes)
{
    gsize best = 0;

    for (gsize i = 1; i < n_lanes; i++) {
        if (free_at_s[i] < free_at_s[best])
            best = i;
    }
    return best;
}

GPtrArray *
omen_planner_plan(const OmenPlanDomain *domains,
                  gsize n_domains,
                  const OmenPlanDestination *destinations,
                  gsize n_destinations,
                  const OmenPlanLimits *limits)
{
    GPtrArray *plan = g_ptr_array_new_with_free_func((GDestroyNotify) omen_planned_move_free);
    g_autoptr(GPtrArray) stays = g_ptr_array_new();
    g_autofree gsize *order = g_new(gsize, n_domains + 1);
    g_autofree guint64 *room = g_new(guint64, n_destinations + 1);
    g_autofree double *free_at_s = g_new0(double, limits->concurrency);
    Order context = {domains};

    for (gsize i = 0; i < n_domains; i++)
        order[i] = i;
    for (gsize i = 0; i < n_destinations; i++)
        room[i] = destinations[i].room_bytes;
    g_qsort_with_data(order, (int) n_domains, sizeof *order, compare_size, &context);

    for (gsize i = 0; i < n_domains; i++) {
        const OmenPlanDomain *domain = &domains[order[i]];
        OmenPlannedMove *move = g_new0(OmenPlannedMove, 1);

        move->domain = order[i];
        move->destination = -1;
        if (!domain->immovable)
            move->destination =
                choose_destination(domain, destinations, n_destinations, room, limits);
        if (move->destination < 0) {
            move->reason = domain->immovable ? g_strdup(domain->immovable)
                                             : explain_stay(destinations, n_destinations, limits);
            g_ptr_array_add(stays, move);
            continue;
        }
        gsize lane = first_free(free_at_s, limits->concurrency);
        room[move->destination] -= domain->memory_bytes;
        move->start_s = free_at_s[lane];
        move->end_s =
            move->start_s + (double) domain->memory_bytes / (double) limits->bytes_per_second;
        free_at_s[lane] = move->end_s;
        g_ptr_array_add(plan, move);
    }
    g_ptr_array_extend_and_steal(plan, g_steal_pointer(&stays));
    return plan;
}
