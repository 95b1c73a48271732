/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/domain-event-source.h"

#include <string.h>

struct _OmenDomainEventSource {
    OmenSource parent_instance;

    OmenHypervisor *hypervisor;
    char *uuid;
    gulong handler;
};

G_DEFINE_FINAL_TYPE(OmenDomainEventSource, omen_domain_event_source, OMEN_TYPE_SOURCE)

static void
on_event(OmenHypervisor *hypervisor G_GNUC_UNUSED, OmenDomainEvent *event, gpointer user_data)
{
    const char *identifier = event->kind == OMEN_DOMAIN_EVENT_MONITOR ? "qemu" : "libvirt";
    OmenRecord record = {
        .time_us = event->time_us,
        .priority = event->priority,
        .identifier = identifier,
        .identifier_length = strlen(identifier),
        .message = event->text,
        .message_length = strlen(event->text),
    };

    if (!event->is_migration)
        omen_source_emit(OMEN_SOURCE(user_data), &record);
}

static void
omen_domain_event_source_start(OmenSource *source)
{
    OmenDomainEventSource *self = OMEN_DOMAIN_EVENT_SOURCE(source);
    g_autofree char *signal = g_strconcat("event::", self->uuid, NULL);

    self->handler = g_signal_connect(self->hypervisor, signal, G_CALLBACK(on_event), self);
}

static void
omen_domain_event_source_stop(OmenSource *source)
{
    OmenDomainEventSource *self = OMEN_DOMAIN_EVENT_SOURCE(source);

    g_clear_signal_handler(&self->handler, self->hypervisor);
}

static void
omen_domain_event_source_finalize(GObject *object)
{
    OmenDomainEventSource *self = OMEN_DOMAIN_EVENT_SOURCE(object);

    g_clear_signal_handler(&self->handler, self->hypervisor);
    g_object_unref(self->hypervisor);
    g_free(self->uuid);
    G_OBJECT_CLASS(omen_domain_event_source_parent_class)->finalize(object);
}

static void
omen_domain_event_source_class_init(OmenDomainEventSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_domain_event_source_finalize;
    source_class->start = omen_domain_event_source_start;
    source_class->stop = omen_domain_event_source_stop;
}

static void
omen_domain_event_source_init(OmenDomainEventSource *self G_GNUC_UNUSED)
{
}

OmenSource *
omen_domain_event_source_new(OmenHypervisor *hypervisor, const char *uuid, const char *name)
{
    g_autofree char *source_name = g_strconcat("events:", name, NULL);
    OmenDomainEventSource *self = g_object_new(OMEN_TYPE_DOMAIN_EVENT_SOURCE, "name", source_name,
                                               "provenance", (int) OMEN_PROVENANCE_DOMAIN, NULL);

    self->hypervisor = g_object_ref(hypervisor);
    self->uuid = g_strdup(uuid);
    return OMEN_SOURCE(self);
}
