/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "aftermath.h"

#include <string.h>

#define MARK "then the domain failed"

static gboolean
is_failure(const OmenDomainEvent *event)
{
    if (event->kind != OMEN_DOMAIN_EVENT_LIFECYCLE || event->is_migration)
        return FALSE;
    if (event->lifecycle == VIR_DOMAIN_EVENT_CRASHED)
        return TRUE;
    return event->lifecycle == VIR_DOMAIN_EVENT_STOPPED &&
           (event->detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
            event->detail == VIR_DOMAIN_EVENT_STOPPED_FAILED);
}

void
omen_aftermath_take_event(OmenOmenRegistry *omens, const OmenDomainEvent *event)
{
    g_autoptr(GPtrArray) list = NULL;

    if (!is_failure(event))
        return;
    list = omen_omen_registry_list(omens);
    for (guint i = 0; i < list->len; i++) {
        OmenOmen *omen = g_ptr_array_index(list, i);
        const OmenOmenData *data = omen_omen_get_data(omen);
        g_autofree char *outcome = NULL;

        if (!g_str_equal(data->domain_uuid, event->uuid) || strstr(data->outcome, MARK) ||
            !omen_omen_is_open(omen, event->time_us))
            continue;
        outcome = g_strdup_printf("%s%s" MARK ": %s, %" G_GINT64_FORMAT " s after the first sign",
                                  data->outcome, *data->outcome ? "; " : "", event->text,
                                  MAX(event->time_us - data->time_us, 0) / G_USEC_PER_SEC);
        omen_omen_set_outcome(omen, outcome);
    }
}

static void
on_event(OmenHypervisor *hypervisor G_GNUC_UNUSED, OmenDomainEvent *event, gpointer user_data)
{
    omen_aftermath_take_event(user_data, event);
}

void
omen_aftermath_watch(OmenHypervisor *hypervisor, OmenOmenRegistry *omens)
{
    g_signal_connect_object(hypervisor, "event", G_CALLBACK(on_event), omens, 0);
}
