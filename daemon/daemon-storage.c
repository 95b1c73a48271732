/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which storage of other machines this host's domains lie on, and which of it an omen is about. It
 * is found out while all is well: whoever asks a dead file server waits. */
#include "daemon-private.h"

#include "fleet/sign.h"
#include "hypervisor/domain-storage.h"

#define INTERVAL_US (5 * G_TIME_SPAN_MINUTE)
#define DEADLINE_S  15

struct _OmenDaemonStorage {
    OmenWorkers *workers; /* a path on storage that is dead holds up its thread */
    OmenStorageIds *ids;  /* (nullable): as last found */
    char *running;        /* (nullable): the domains that ran when it was last asked for */
    gint64 asked_us;      /* monotonic */
    gint *n_begun;        /* atomic, shared with the thread: searches that have not ended there */
};

OmenDaemonStorage *
omen_daemon_storage_new(void)
{
    OmenDaemonStorage *self = g_new0(OmenDaemonStorage, 1);

    self->workers = omen_workers_new(1);
    self->n_begun = g_atomic_rc_box_new0(gint);
    return self;
}

void
omen_daemon_storage_free(OmenDaemonStorage *self)
{
    g_object_unref(self->workers);
    g_clear_pointer(&self->ids, omen_storage_ids_free);
    g_free(self->running);
    g_atomic_rc_box_release(self->n_begun);
    g_free(self);
}

/* ---- finding it out ---- */

static void
on_found(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenDaemon) daemon = user_data;
    g_autoptr(GError) error = NULL;
    OmenStorageIds *ids = omen_workers_run_finish(result, &error);

    if (!ids) {
        g_debug("fleet: on which storage the domains lie is not known: %s", error->message);
        return;
    }
    if (!daemon->storage) {
        omen_storage_ids_free(ids);
        return;
    }
    g_clear_pointer(&daemon->storage->ids, omen_storage_ids_free);
    daemon->storage->ids = ids;
}

void
omen_daemon_look_at_storage(OmenDaemon *daemon)
{
    OmenDaemonStorage *self = daemon->storage;
    g_auto(GStrv) uuids = omen_hypervisor_list_active_uuids(daemon->hypervisor);
    g_autofree char *running = g_strjoinv(" ", uuids);
    gint64 now_us = g_get_monotonic_time();
    gboolean is_due = !self->running || !g_str_equal(running, self->running) ||
                      now_us - self->asked_us >= INTERVAL_US;
    const OmenDeviceQuestion nothing = {0};
    OmenReachRequest *request;

    if (!is_due || g_atomic_int_get(self->n_begun) > 0 ||
        !omen_hypervisor_is_connected(daemon->hypervisor))
        return;
    g_free(self->running);
    self->running = g_steal_pointer(&running);
    self->asked_us = now_us;
    request = omen_reach_request_new(omen_hypervisor_ref_connection(daemon->hypervisor), &nothing);
    omen_reach_request_count(request, self->n_begun);
    omen_workers_run_async(self->workers, NULL, omen_domain_storage_ids_work, request,
                           omen_reach_request_free, (GDestroyNotify) omen_storage_ids_free,
                           DEADLINE_S, on_found, g_object_ref(daemon));
}

/* (transfer full) */
char **
omen_daemon_list_storage(OmenDaemon *daemon)
{
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();
    const OmenStorageIds *ids = daemon->storage->ids;

    for (guint i = 0; ids && i < ids->all->len; i++)
        g_strv_builder_add(list, g_ptr_array_index(ids->all, i));
    return g_strv_builder_end(list);
}

/* ---- what an omen is about ---- */

const char *
omen_daemon_find_storage(OmenDaemon *daemon, const OmenData *omen)
{
    const OmenStorageTrouble trouble = {
        .device = omen->device,
        .reach = omen->device_reach,
        .line = omen->records->len > 0 ? g_ptr_array_index(omen->records, 0) : "",
        .is_of_domain = *omen->domain_uuid != '\0',
    };
    const char *id = omen_storage_ids_find(daemon->storage->ids, &trouble);

    return id ? id : OMEN_FLEET_STORAGE_LOCAL;
}
