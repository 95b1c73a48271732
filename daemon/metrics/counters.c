/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/counters.h"

static const double duration_bounds[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200};
static const double downtime_bounds[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30};

struct _OmenCounters {
    GObject parent_instance;

    OmenRegistry *omens;
    OmenEvacuator *evacuator;
    guint64 n_omens[OMEN_N_FAILURE_CLASSES];
    guint64 n_actions[OMEN_N_ACTIONS];
    guint64 n_evacuations[OMEN_PHASE_CANCELLED + 1];
    OmenHistogram durations;
    OmenHistogram downtimes;
    GHashTable *actions; /* omen -> action + 1, as it was last: unowned, taken out by "removed" */
};

G_DEFINE_FINAL_TYPE(OmenCounters, omen_counters, G_TYPE_OBJECT)

static void
omen_counters_finalize(GObject *object)
{
    OmenCounters *self = OMEN_COUNTERS(object);

    g_signal_handlers_disconnect_by_data(self->omens, self);
    g_signal_handlers_disconnect_by_data(self->evacuator, self);
    g_object_unref(self->omens);
    g_object_unref(self->evacuator);
    g_hash_table_unref(self->actions);
    G_OBJECT_CLASS(omen_counters_parent_class)->finalize(object);
}

static void
omen_counters_class_init(OmenCountersClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_counters_finalize;
}

static void
omen_counters_init(OmenCounters *self)
{
    omen_histogram_init(&self->durations, duration_bounds, G_N_ELEMENTS(duration_bounds));
    omen_histogram_init(&self->downtimes, downtime_bounds, G_N_ELEMENTS(downtime_bounds));
    self->actions = g_hash_table_new(NULL, NULL);
}

static void
remember_action(OmenCounters *self, Omen *omen)
{
    g_hash_table_insert(self->actions, omen, GUINT_TO_POINTER(omen_get_data(omen)->action + 1));
}

static void
on_omen_added(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    OmenCounters *self = user_data;

    self->n_omens[omen_get_data(omen)->failure_class]++;
    remember_action(self, omen);
}

static void
on_omen_changed(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    OmenCounters *self = user_data;
    OmenAction action = omen_get_data(omen)->action;

    if (GPOINTER_TO_UINT(g_hash_table_lookup(self->actions, omen)) == action + 1)
        return;
    self->n_actions[action]++;
    remember_action(self, omen);
}

static void
on_omen_removed(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    g_hash_table_remove(OMEN_COUNTERS(user_data)->actions, omen);
}

/* Counts its end, once: nothing changes in an evacuation that has ended but what is written of it.
 */
static void
on_evacuation_changed(OmenEvacuation *evacuation, gpointer user_data)
{
    OmenCounters *self = user_data;
    const OmenEvacuationData *data = omen_evacuation_get_data(evacuation);

    if (!omen_phase_is_final(data->phase))
        return;
    g_signal_handlers_disconnect_by_func(evacuation, on_evacuation_changed, self);
    self->n_evacuations[data->phase]++;
    if (data->phase != OMEN_PHASE_SUCCEEDED)
        return;
    if (data->started_us > 0 && data->ended_us >= data->started_us)
        omen_histogram_add(&self->durations,
                           (double) (data->ended_us - data->started_us) / G_USEC_PER_SEC);
    omen_histogram_add(&self->downtimes, (double) data->downtime_ms / 1000);
}

static void
on_evacuation_added(OmenEvacuator *evacuator G_GNUC_UNUSED,
                    OmenEvacuation *evacuation,
                    gpointer user_data)
{
    if (!omen_phase_is_final(omen_evacuation_get_data(evacuation)->phase))
        g_signal_connect_object(evacuation, "changed", G_CALLBACK(on_evacuation_changed), user_data,
                                0);
}

OmenCounters *
omen_counters_new(OmenRegistry *omens, OmenEvacuator *evacuator)
{
    OmenCounters *self = g_object_new(OMEN_TYPE_COUNTERS, NULL);
    g_autoptr(GPtrArray) known = omen_registry_list(omens);
    g_autoptr(GPtrArray) running = omen_evacuator_list(evacuator);

    self->omens = g_object_ref(omens);
    self->evacuator = g_object_ref(evacuator);
    for (guint i = 0; i < known->len; i++)
        remember_action(self, g_ptr_array_index(known, i));
    for (guint i = 0; i < running->len; i++)
        on_evacuation_added(evacuator, g_ptr_array_index(running, i), self);
    g_signal_connect(omens, "added", G_CALLBACK(on_omen_added), self);
    g_signal_connect(omens, "changed", G_CALLBACK(on_omen_changed), self);
    g_signal_connect(omens, "removed", G_CALLBACK(on_omen_removed), self);
    g_signal_connect(evacuator, "added", G_CALLBACK(on_evacuation_added), self);
    return self;
}

guint64
omen_counters_get_n_omens(OmenCounters *self, OmenFailureClass failure_class)
{
    return self->n_omens[failure_class];
}

guint64
omen_counters_get_n_omens_with_action(OmenCounters *self, OmenAction action)
{
    return self->n_actions[action];
}

guint64
omen_counters_get_n_evacuations(OmenCounters *self, OmenPhase phase)
{
    return self->n_evacuations[phase];
}

const OmenHistogram *
omen_counters_get_durations(OmenCounters *self)
{
    return &self->durations;
}

const OmenHistogram *
omen_counters_get_downtimes(OmenCounters *self)
{
    return &self->downtimes;
}
