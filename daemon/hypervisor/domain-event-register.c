/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From libvirt's many kinds of callbacks to one. */
#include "hypervisor/domain-event.h"

#include <libvirt/libvirt-qemu.h>
#include <string.h>

/* Shared by all callbacks of a connection; libvirt drops its references one by one. */
typedef struct {
    OmenDomainEventFunc function;
    gpointer user_data;
    GDestroyNotify free_user_data;
} Listener;

static void
listener_clear(gpointer data)
{
    Listener *self = data;

    if (self->free_user_data)
        self->free_user_data(self->user_data);
}

static void
listener_unref(gpointer data)
{
    g_atomic_rc_box_release_full(data, listener_clear);
}

static void
tell(Listener *self, virDomainPtr domain, OmenPriority priority, char *text)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(domain, uuid);
    self->function(omen_domain_event_new(uuid, virDomainGetName(domain), priority, text),
                   self->user_data);
}

static const char *
word(const char *const *words, gsize n_words, int index)
{
    return index >= 0 && (gsize) index < n_words ? words[index] : "unknown";
}

static int
on_lifecycle(
    virConnectPtr connection G_GNUC_UNUSED, virDomainPtr domain, int type, int detail, void *opaque)
{
    Listener *self = opaque;
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(domain, uuid);
    self->function(omen_domain_event_new_lifecycle(uuid, virDomainGetName(domain), type, detail),
                   self->user_data);
    return 0;
}

static void
on_io_error(virConnectPtr connection G_GNUC_UNUSED,
            virDomainPtr domain,
            const char *source,
            const char *alias,
            int action,
            const char *reason,
            void *opaque)
{
    static const char *const actions[] = {"none", "pause", "report"};

    tell(opaque, domain, OMEN_PRIORITY_ERROR,
         g_strdup_printf(
             "io-error: device %s source %s action %s reason %s",
             alias && *alias ? alias : "unknown", source && *source ? source : "unknown",
             word(actions, G_N_ELEMENTS(actions), action), reason && *reason ? reason : "unknown"));
}

static void
on_watchdog(virConnectPtr connection G_GNUC_UNUSED, virDomainPtr domain, int action, void *opaque)
{
    static const char *const actions[] = {"none",     "pause", "reset",     "poweroff",
                                          "shutdown", "debug", "inject-nmi"};

    tell(opaque, domain, OMEN_PRIORITY_ERROR,
         g_strdup_printf("watchdog: action %s", word(actions, G_N_ELEMENTS(actions), action)));
}

static void
on_reboot(virConnectPtr connection G_GNUC_UNUSED, virDomainPtr domain, void *opaque)
{
    tell(opaque, domain, OMEN_PRIORITY_INFO, g_strdup("reboot"));
}

static void
on_control_error(virConnectPtr connection G_GNUC_UNUSED, virDomainPtr domain, void *opaque)
{
    tell(opaque, domain, OMEN_PRIORITY_ERROR,
         g_strdup("control-error: libvirt lost the monitor of this domain"));
}

static void
on_memory_failure(virConnectPtr connection G_GNUC_UNUSED,
                  virDomainPtr domain,
                  int recipient,
                  int action,
                  unsigned int flags,
                  void *opaque)
{
    static const char *const recipients[] = {"hypervisor", "guest"};
    static const char *const actions[] = {"ignore", "inject", "fatal", "reset"};

    tell(
        opaque, domain, OMEN_PRIORITY_ERROR,
        g_strdup_printf("memory-failure: recipient %s action %s%s%s",
                        word(recipients, G_N_ELEMENTS(recipients), recipient),
                        word(actions, G_N_ELEMENTS(actions), action),
                        flags & VIR_DOMAIN_MEMORY_FAILURE_ACTION_REQUIRED ? " action-required" : "",
                        flags & VIR_DOMAIN_MEMORY_FAILURE_RECURSIVE ? " recursive" : ""));
}

static void
on_agent_lifecycle(virConnectPtr connection G_GNUC_UNUSED,
                   virDomainPtr domain,
                   int state,
                   int reason,
                   void *opaque)
{
    static const char *const states[] = {"unknown", "connected", "disconnected"};
    static const char *const reasons[] = {"unknown", "domain-started", "channel"};

    tell(opaque, domain, OMEN_PRIORITY_INFO,
         g_strdup_printf("agent-lifecycle: state %s reason %s",
                         word(states, G_N_ELEMENTS(states), state),
                         word(reasons, G_N_ELEMENTS(reasons), reason)));
}

static void
on_job_completed(virConnectPtr connection G_GNUC_UNUSED,
                 virDomainPtr domain,
                 virTypedParameterPtr parameters,
                 int n_parameters,
                 void *opaque)
{
    int operation = -1;
    int success = 1;

    virTypedParamsGetInt(parameters, n_parameters, VIR_DOMAIN_JOB_OPERATION, &operation);
    virTypedParamsGetBoolean(parameters, n_parameters, VIR_DOMAIN_JOB_SUCCESS, &success);
    tell(opaque, domain, OMEN_PRIORITY_INFO,
         g_strdup_printf("job-completed: operation %d %s", operation,
                         success ? "succeeded" : "failed"));
}

static void
on_block_threshold(virConnectPtr connection G_GNUC_UNUSED,
                   virDomainPtr domain,
                   const char *device,
                   const char *path,
                   unsigned long long threshold,
                   unsigned long long excess,
                   void *opaque)
{
    tell(opaque, domain, OMEN_PRIORITY_WARNING,
         g_strdup_printf("block-threshold: device %s source %s threshold %llu excess %llu",
                         device ? device : "unknown", path ? path : "unknown", threshold, excess));
}

static void
on_monitor(virConnectPtr connection G_GNUC_UNUSED,
           virDomainPtr domain,
           const char *event,
           long long seconds G_GNUC_UNUSED,
           unsigned int micros G_GNUC_UNUSED,
           const char *details,
           void *opaque)
{
    Listener *self = opaque;
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(domain, uuid);
    self->function(omen_domain_event_new_monitor(uuid, virDomainGetName(domain), event, details),
                   self->user_data);
}

typedef struct {
    int id;
    virConnectDomainEventGenericCallback callback;
} Registration;

static const Registration registrations[] = {
    {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
    {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)},
    {VIR_DOMAIN_EVENT_ID_WATCHDOG, VIR_DOMAIN_EVENT_CALLBACK(on_watchdog)},
    {VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, VIR_DOMAIN_EVENT_CALLBACK(on_control_error)},
    {VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(on_io_error)},
    {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent_lifecycle)},
    {VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, VIR_DOMAIN_EVENT_CALLBACK(on_job_completed)},
    {VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD, VIR_DOMAIN_EVENT_CALLBACK(on_block_threshold)},
    {VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE, VIR_DOMAIN_EVENT_CALLBACK(on_memory_failure)},
};

gboolean
omen_domain_events_register(virConnectPtr connection,
                            OmenDomainEventIds *ids,
                            gboolean monitor,
                            OmenDomainEventFunc function,
                            gpointer user_data,
                            GDestroyNotify free_user_data,
                            GError **error)
{
    Listener *listener = g_atomic_rc_box_new0(Listener);
    gboolean has_lifecycle = FALSE;

    G_STATIC_ASSERT(G_N_ELEMENTS(registrations) <= OMEN_DOMAIN_EVENTS_MAX);
    memset(ids, 0xff, sizeof *ids);
    listener->function = function;
    listener->user_data = user_data;
    listener->free_user_data = free_user_data;
    for (gsize i = 0; i < G_N_ELEMENTS(registrations); i++) {
        int id = ids->ids[i] = virConnectDomainEventRegisterAny(
            connection, NULL, registrations[i].id, registrations[i].callback,
            g_atomic_rc_box_acquire(listener), listener_unref);
        if (id >= 0 && registrations[i].id == VIR_DOMAIN_EVENT_ID_LIFECYCLE)
            has_lifecycle = TRUE;
        if (id < 0)
            listener_unref(listener);
        if (id < 0 && registrations[i].id == VIR_DOMAIN_EVENT_ID_LIFECYCLE)
            omen_libvirt_set_error(error, "libvirt reports no domain events");
    }
    /* Its authors call it a thing for development: where it is refused, libvirt's own events do. */
    if (monitor) {
        ids->monitor_id = virConnectDomainQemuMonitorEventRegister(
            connection, NULL, NULL, on_monitor, g_atomic_rc_box_acquire(listener), listener_unref,
            0);
        if (ids->monitor_id < 0)
            listener_unref(listener);
    }
    listener_unref(listener);
    return has_lifecycle;
}

void
omen_domain_events_deregister(virConnectPtr connection, const OmenDomainEventIds *ids)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ids->ids); i++) {
        if (ids->ids[i] >= 0)
            virConnectDomainEventDeregisterAny(connection, ids->ids[i]);
    }
    if (ids->monitor_id >= 0)
        virConnectDomainQemuMonitorEventDeregister(connection, ids->monitor_id);
}
