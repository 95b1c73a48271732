/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/domain-event.h"

#include "hypervisor/libvirt-types.h"

#include <virt-omen/text.h>

#define TEXT_MAX_LENGTH 2000

void
omen_domain_event_unref(OmenDomainEvent *self)
{
    if (!g_atomic_ref_count_dec(&self->references))
        return;
    g_free(self->name);
    g_free(self->text);
    g_free(self);
}

OmenDomainEvent *
omen_domain_event_new(const char *uuid, const char *name, OmenPriority priority, char *text)
{
    g_autofree char *raw = text;
    OmenDomainEvent *self = g_new0(OmenDomainEvent, 1);

    g_atomic_ref_count_init(&self->references);
    self->kind = OMEN_DOMAIN_EVENT_OTHER;
    g_strlcpy(self->uuid, uuid, sizeof self->uuid);
    self->name = omen_libvirt_clean_name(name);
    self->time_us = g_get_real_time();
    self->priority = priority;
    self->text = omen_text_sanitise(raw, -1, TEXT_MAX_LENGTH);
    self->lifecycle = -1;
    return self;
}

/* A lifecycle event and its details, in the order of libvirt's enumerations (libvirt-domain.h). */
typedef struct {
    const char *name;
    const char *details[16];
} Lifecycle;

static const Lifecycle lifecycles[] = {
    [VIR_DOMAIN_EVENT_DEFINED] = {"defined", {"added", "updated", "renamed", "from-snapshot"}},
    [VIR_DOMAIN_EVENT_UNDEFINED] = {"undefined", {"removed", "renamed"}},
    [VIR_DOMAIN_EVENT_STARTED] = {"started",
                                  {"booted", "migrated", "restored", "from-snapshot", "wakeup"}},
    [VIR_DOMAIN_EVENT_SUSPENDED] = {"suspended",
                                    {"paused", "migrated", "io-error", "watchdog", "restored",
                                     "from-snapshot", "api-error", "postcopy", "postcopy-failed"}},
    [VIR_DOMAIN_EVENT_RESUMED] = {"resumed",
                                  {"unpaused", "migrated", "from-snapshot", "postcopy",
                                   "postcopy-failed"}},
    [VIR_DOMAIN_EVENT_STOPPED] = {"stopped",
                                  {"shutdown", "destroyed", "crashed", "migrated", "saved",
                                   "failed", "from-snapshot"}},
    [VIR_DOMAIN_EVENT_SHUTDOWN] = {"shutdown", {"finished", "guest", "host"}},
    [VIR_DOMAIN_EVENT_PMSUSPENDED] = {"pmsuspended", {"memory", "disk"}},
    [VIR_DOMAIN_EVENT_CRASHED] = {"crashed", {"panicked", "crashloaded"}},
};

static const char *
name_of_detail(int type, int detail)
{
    const char *name = NULL;

    if (detail >= 0 && (gsize) detail < G_N_ELEMENTS(lifecycles[type].details))
        name = lifecycles[type].details[detail];
    return name ? name : "unknown";
}

static gboolean
is_step_of_migration(int type, int detail)
{
    switch (type) {
    case VIR_DOMAIN_EVENT_STARTED:
        return detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED;
    case VIR_DOMAIN_EVENT_SUSPENDED:
        return detail == VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED ||
               detail == VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY;
    case VIR_DOMAIN_EVENT_RESUMED:
        return detail == VIR_DOMAIN_EVENT_RESUMED_MIGRATED ||
               detail == VIR_DOMAIN_EVENT_RESUMED_POSTCOPY;
    case VIR_DOMAIN_EVENT_STOPPED:
        return detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED;
    default:
        return FALSE;
    }
}

static OmenPriority
priority_of_lifecycle(int type, int detail)
{
    switch (type) {
    case VIR_DOMAIN_EVENT_CRASHED:
        return OMEN_PRIORITY_ERROR;
    case VIR_DOMAIN_EVENT_STOPPED:
        return detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
                       detail == VIR_DOMAIN_EVENT_STOPPED_FAILED
                   ? OMEN_PRIORITY_ERROR
                   : OMEN_PRIORITY_INFO;
    case VIR_DOMAIN_EVENT_SUSPENDED:
        return detail == VIR_DOMAIN_EVENT_SUSPENDED_IOERROR ||
                       detail == VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG ||
                       detail == VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED
                   ? OMEN_PRIORITY_ERROR
                   : OMEN_PRIORITY_INFO;
    default:
        return OMEN_PRIORITY_INFO;
    }
}

OmenDomainEvent *
omen_domain_event_new_lifecycle(const char *uuid, const char *name, int type, int detail)
{
    gboolean known = type >= 0 && (gsize) type < G_N_ELEMENTS(lifecycles);
    char *text = known ? g_strdup_printf("lifecycle: %s %s", lifecycles[type].name,
                                         name_of_detail(type, detail))
                       : g_strdup_printf("lifecycle: unknown %d", type);
    OmenDomainEvent *self =
        omen_domain_event_new(uuid, name, priority_of_lifecycle(type, detail), text);

    self->kind = OMEN_DOMAIN_EVENT_LIFECYCLE;
    self->lifecycle = type;
    self->detail = detail;
    self->is_migration = is_step_of_migration(type, detail);
    return self;
}

static gboolean
is_any_of(const char *word, const char *const *words)
{
    return g_strv_contains(words, word);
}

OmenDomainEvent *
omen_domain_event_new_monitor(const char *uuid,
                              const char *name,
                              const char *event,
                              const char *details)
{
    static const char *const grave[] = {"BLOCK_IO_ERROR",
                                        "GUEST_PANICKED",
                                        "MEMORY_FAILURE",
                                        "WATCHDOG",
                                        "QUORUM_FAILURE",
                                        "BLOCK_JOB_ERROR",
                                        NULL};
    /* What QEMU says in the course of a migration. */
    static const char *const steps[] = {"MIGRATION", "MIGRATION_PASS", "STOP",
                                        "RESUME",    "UNPLUG_PRIMARY", NULL};
    OmenDomainEvent *self = omen_domain_event_new(
        uuid, name, is_any_of(event, grave) ? OMEN_PRIORITY_ERROR : OMEN_PRIORITY_INFO,
        g_strdup_printf("monitor event %s%s%s", event, details ? " " : "", details ? details : ""));

    self->kind = OMEN_DOMAIN_EVENT_MONITOR;
    self->is_migration = is_any_of(event, steps);
    return self;
}
