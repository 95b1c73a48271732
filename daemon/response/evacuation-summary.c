/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/evacuation-summary.h"

void
omen_evacuation_summary_clear(OmenEvacuationSummary *self)
{
    g_clear_pointer(&self->first_error, g_free);
}

void
omen_evacuation_summary_count(OmenEvacuationSummary *self,
                              OmenEvacuator *evacuator,
                              guint64 omen_id)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(evacuator);

    for (guint i = 0; i < list->len; i++) {
        const OmenEvacuationData *data = omen_evacuation_get_data(g_ptr_array_index(list, i));

        if (data->omen_id != omen_id)
            continue;
        self->total++;
        if (omen_phase_is_final(data->phase))
            self->final++;
        if (data->phase == OMEN_PHASE_SUCCEEDED)
            self->moved++;
        else if (omen_phase_is_final(data->phase) && !self->first_error)
            self->first_error = g_strdup_printf("%s: %s", data->domain_name, data->error);
    }
}

void
omen_evacuation_summary_conclude(const OmenEvacuationSummary *self, Omen *omen)
{
    g_autofree char *outcome =
        g_strdup_printf("%u of %u domains moved away%s%s", self->moved, self->total,
                        self->first_error ? "; " : "", self->first_error ? self->first_error : "");

    omen_set_outcome(omen, outcome);
    omen_set_action(omen, OMEN_ACTION_FINISHED);
}

void
omen_evacuation_summary_conclude_empty(OmenEvacuator *evacuator, Omen *omen, gboolean are_busy)
{
    g_auto(OmenEvacuationSummary) own = {0};

    omen_evacuation_summary_count(&own, evacuator, omen_get_data(omen)->id);
    if (own.final < own.total)
        return;
    omen_set_outcome(omen, are_busy ? "the domains are being evacuated already"
                                    : "no domain was left to move");
    omen_set_action(omen, OMEN_ACTION_FINISHED);
}

void
omen_evacuation_summary_note_shadow(OmenHypervisor *hypervisor, char **uuids, Omen *omen)
{
    g_autoptr(GString) outcome =
        g_string_new("mode observe: only recorded; would have been moved away: ");

    for (guint i = 0; uuids[i]; i++) {
        const OmenDomainInfo *domain = omen_hypervisor_lookup(hypervisor, uuids[i]);
        g_string_append_printf(outcome, "%s%s", i > 0 ? ", " : "",
                               domain ? domain->name : uuids[i]);
    }
    if (!uuids[0])
        g_string_append(outcome, "nothing runs here");
    omen_set_outcome(omen, outcome->str);
}

void
omen_evacuation_summary_take_up(OmenEvacuator *evacuator, Omen *omen)
{
    g_auto(OmenEvacuationSummary) summary = {0};

    omen_evacuation_summary_count(&summary, evacuator, omen_get_data(omen)->id);
    if (summary.total > 0 && summary.final == summary.total) {
        omen_evacuation_summary_conclude(&summary, omen);
    } else if (summary.total == 0) {
        omen_set_outcome(omen, "the daemon was restarted before it could act");
        omen_set_action(omen, OMEN_ACTION_PROPOSED);
        omen_set_hold(omen, OMEN_HOLD_WAITING);
    }
}

void
omen_evacuation_summary_cancel_queued(OmenEvacuator *evacuator, guint64 omen_id)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(evacuator);

    for (guint i = 0; i < list->len; i++) {
        const OmenEvacuationData *data = omen_evacuation_get_data(g_ptr_array_index(list, i));
        if (data->omen_id == omen_id && data->phase == OMEN_PHASE_QUEUED)
            omen_evacuator_cancel(evacuator, data->id, "its omen was dismissed", NULL);
    }
}
