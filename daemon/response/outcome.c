/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/outcome.h"

#include "watch/stream.h"

#include <string.h>

/* Longest line that is looked at. */
#define MAX_LINE 512

/* A line that comes with the first sign is no news. */
#define LEAST_LEAD_US G_USEC_PER_SEC

#define BIT(class)    (1u << (OMEN_FAILURE_##class))

/* By which a QEMU dies or hangs. */
#define OF_QEMU                                                                                    \
    (BIT(QEMU) | BIT(QEMU_BLOCK) | BIT(OOM) | BIT(MEMORY) | BIT(MCE) | BIT(CPU_LOCKUP) |           \
     BIT(HUNG_TASK))

/* By which a host goes down without a word: not by a service or a network card. */
#define OF_HOST                                                                                    \
    (~(BIT(QEMU) | BIT(QEMU_BLOCK) | BIT(LIBVIRT) | BIT(GUEST) | BIT(SERVICE) | BIT(NIC)))

#define OF_DEVICE                                                                                  \
    (BIT(DISK) | BIT(NVME) | BIT(RAID) | BIT(FILESYSTEM) | BIT(STORAGE_FABRIC) | BIT(PCIE))

#define OF_ANYTHING (~0u)

/* What a line tells of. It is the end of an omen only if it tells of what the omen is about: of its
 * host, its device or its domain, and of that kind of failure. */
typedef struct {
    const char *key;   /* what every such line holds */
    const char *words; /* all that stand between "*" must be in the line, in this order; "%" is the
                        * device that the omen names */
    const char *what;
    OmenFate fate;
    guint32 classes; /* of omens that it is the end of */
} Event;

static const Event events[] = {
    {"Out of memory", "Out of memory: Killed process", "memory ran out", OMEN_FATE_FAILED,
     BIT(OOM)},
    {"seems to hang", "QEMU monitor seems to hang", "QEMU hung", OMEN_FATE_FAILED, OF_QEMU},
    {"seems to hang", "guest agent seems to hang", "the guest hung", OMEN_FATE_FAILED, OF_ANYTHING},
    {"seems to hang", "libvirtd seems to hang", "libvirtd hung", OMEN_FATE_FAILED, BIT(LIBVIRT)},
    {"Disk failure on", "Disk failure on %", "the array dropped it", OMEN_FATE_FAILED, OF_DEVICE},
    {"device offline error", "device offline error, dev %", "the device went offline",
     OMEN_FATE_FAILED, OF_DEVICE},
    {"Removing after probe failure", "nvme %: Removing after probe failure", "the device vanished",
     OMEN_FATE_FAILED, OF_DEVICE},
    {"Remounting filesystem read-only", "(%*Remounting filesystem read-only",
     "its file system went read-only", OMEN_FATE_FAILED, OF_DEVICE},
    {"ilesystem has been shut down", "(%*ilesystem has been shut down",
     "its file system was shut down", OMEN_FATE_FAILED, OF_DEVICE},
    {"Attached SCSI", "[%] Attached SCSI", "the device was replaced", OMEN_FATE_REPAIRED,
     OF_DEVICE},
    {"recovery done", "md: %: recovery done", "the array was rebuilt", OMEN_FATE_REPAIRED,
     OF_DEVICE},
    {"Synchronizing SCSI", "[%] Synchronizing SCSI cache", "the device was removed",
     OMEN_FATE_REPAIRED, OF_DEVICE},
};

static gboolean
is_of(guint32 classes, const OmenData *omen)
{
    return (classes & (1u << omen->failure_class)) != 0;
}

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

/* The first that comes is what came of it. */
static void
note(Omen *omen, OmenFate fate, const char *what, gint64 time_us)
{
    const OmenData *data = omen_get_data(omen);
    g_autofree char *outcome = NULL;

    if (!omen_set_fate(omen, fate, time_us))
        return;
    outcome = g_strdup_printf("%s%sthen %s, %" G_GINT64_FORMAT " s after the first sign",
                              data->outcome, *data->outcome ? "; " : "", what,
                              MAX(time_us - data->time_us, 0) / G_USEC_PER_SEC);
    omen_set_outcome(omen, outcome);
}

void
omen_outcome_take_event(OmenRegistry *omens, const OmenDomainEvent *event)
{
    g_autoptr(GPtrArray) list = NULL;
    g_autofree char *what = NULL;

    if (!is_failure(event))
        return;
    what = g_strdup_printf("the domain failed: %s", event->text);
    list = omen_registry_list(omens);
    for (guint i = 0; i < list->len; i++) {
        Omen *omen = g_ptr_array_index(list, i);
        const OmenData *data = omen_get_data(omen);

        if (g_str_equal(data->domain_uuid, event->uuid) && omen_is_open(omen, event->time_us) &&
            is_of(data->scope == OMEN_SCOPE_GUEST ? OF_ANYTHING : OF_QEMU, data))
            note(omen, OMEN_FATE_FAILED, what, event->time_us);
    }
}

/* Whether the parts of @words, with @device for "%", stand in @line one after the other. */
static gboolean
has_words(const char *line, const char *words, const char *device)
{
    g_auto(GStrv) halves = g_strsplit(words, "%", 2);
    g_autofree char *named = halves[1] ? g_strjoinv(device, halves) : g_strdup(words);
    g_auto(GStrv) parts = g_strsplit(named, "*", -1);

    if (halves[1] && !*device)
        return FALSE;
    for (guint i = 0; parts[i]; i++) {
        const char *found = strstr(line, parts[i]);
        if (!found)
            return FALSE;
        line = found + strlen(parts[i]);
    }
    return TRUE;
}

static void
compare_line(Omen *omen, const char *line, gint64 now_us)
{
    const OmenData *data = omen_get_data(omen);

    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        if (is_of(events[i].classes, data) && has_words(line, events[i].words, data->device)) {
            note(omen, events[i].fate, events[i].what, now_us);
            return;
        }
    }
}

/* Nearly no line tells of such a thing, and all of them are asked. */
static gboolean
may_tell(const OmenRecord *record)
{
    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        if (memmem(record->message, record->message_length, events[i].key, strlen(events[i].key)))
            return TRUE;
    }
    return FALSE;
}

static gboolean
may_speak_of(const char *stream_name, const OmenData *omen)
{
    const char *colon = strchr(stream_name, ':');

    if (g_str_equal(stream_name, omen->stream))
        return TRUE;
    return !g_str_equal(stream_name, OMEN_STREAM_UNPROVEN) &&
           !g_str_has_prefix(stream_name, OMEN_STREAM_GUEST_PREFIX) &&
           g_str_equal(omen->domain_uuid, colon ? colon + 1 : "");
}

void
omen_outcome_take_line(OmenRegistry *omens,
                       const char *stream_name,
                       const OmenRecord *record,
                       gint64 now_us)
{
    g_autoptr(GPtrArray) list = NULL;
    g_autofree char *line = NULL;

    if (!may_tell(record))
        return;
    list = omen_registry_list(omens);
    line = g_strndup(record->message, MIN(record->message_length, MAX_LINE));
    for (guint i = 0; i < list->len; i++) {
        Omen *omen = g_ptr_array_index(list, i);
        const OmenData *data = omen_get_data(omen);

        if (!may_speak_of(stream_name, data) || !omen_is_open(omen, now_us) ||
            now_us - data->time_us < LEAST_LEAD_US)
            continue;
        compare_line(omen, line, now_us);
    }
}

void
omen_outcome_take_crash(OmenRegistry *omens, gint64 time_us)
{
    g_autoptr(GPtrArray) list = omen_registry_list(omens);

    for (guint i = 0; i < list->len; i++) {
        Omen *omen = g_ptr_array_index(list, i);
        const OmenData *data = omen_get_data(omen);

        if (omen_data_is_of_host(data) && is_of(OF_HOST, data) && data->time_us <= time_us &&
            omen_is_open(omen, time_us))
            note(omen, OMEN_FATE_FAILED, "the host went down without warning", time_us);
    }
}

static void
on_event(OmenHypervisor *hypervisor G_GNUC_UNUSED, OmenDomainEvent *event, gpointer user_data)
{
    omen_outcome_take_event(user_data, event);
}

void
omen_outcome_watch(OmenHypervisor *hypervisor, OmenRegistry *omens)
{
    g_signal_connect_object(hypervisor, "event", G_CALLBACK(on_event), omens, 0);
}
