/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/prober.h"

#include "hypervisor/libvirt-types.h"
#include "hypervisor/workers.h"

#define MAX_THREADS  4 /* libvirtd serves five calls of a connection at once */
#define OCCUPIED_S   5
#define MEMORY_STATS 16

struct _OmenProber {
    GObject parent_instance;

    char *uri;
    OmenWorkers *workers;
    GMutex lock; /* for the connection */
    virConnectPtr connection;
};

G_DEFINE_FINAL_TYPE(OmenProber, omen_prober, G_TYPE_OBJECT)

static void
omen_prober_finalize(GObject *object)
{
    OmenProber *self = OMEN_PROBER(object);

    if (self->connection)
        virConnectClose(self->connection);
    g_object_unref(self->workers);
    g_mutex_clear(&self->lock);
    g_free(self->uri);
    G_OBJECT_CLASS(omen_prober_parent_class)->finalize(object);
}

static void
omen_prober_class_init(OmenProberClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_prober_finalize;
}

static void
omen_prober_init(OmenProber *self)
{
    g_mutex_init(&self->lock);
    self->workers = omen_workers_new(MAX_THREADS);
}

OmenProber *
omen_prober_new(const char *uri)
{
    OmenProber *self = g_object_new(OMEN_TYPE_PROBER, NULL);

    self->uri = g_strdup(uri);
    return self;
}

struct _OmenProbe {
    OmenProber *prober;
    OmenProbeKind kind;
    char *uuid;
    gint has_begun; /* atomic */
};

static void
probe_clear(gpointer data)
{
    OmenProbe *self = data;

    g_object_unref(self->prober);
    g_free(self->uuid);
}

static void
probe_unref(gpointer data)
{
    g_atomic_rc_box_release_full(data, probe_clear);
}

void
omen_probe_unref(OmenProbe *self)
{
    probe_unref(self);
}

gboolean
omen_probe_has_begun(OmenProbe *self)
{
    return g_atomic_int_get(&self->has_begun);
}

/* (transfer full) (nullable). */
static virConnectPtr
ref_connection(OmenProber *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    if (self->connection && virConnectIsAlive(self->connection) != 1)
        g_clear_pointer(&self->connection, omen_vir_connect_unref);
    if (!self->connection) {
        self->connection = virConnectOpen(self->uri);
        if (self->connection)
            virConnectSetKeepAlive(self->connection, 5, 3);
    }
    if (self->connection)
        virConnectRef(self->connection);
    return self->connection;
}

static OmenProbeAnswer
ask_monitor(virDomainPtr domain)
{
    virDomainControlInfo control;
    virDomainMemoryStatStruct stats[MEMORY_STATS];
    virDomainJobInfo job;

    /* A migration holds the domain for long, and says nothing of its health. */
    if (virDomainGetJobInfo(domain, &job) == 0 && job.type != VIR_DOMAIN_JOB_NONE)
        return OMEN_PROBE_NOT_ASKED;
    if (virDomainGetControlInfo(domain, &control, 0) == 0 &&
        (control.state == VIR_DOMAIN_CONTROL_ERROR ||
         (control.state == VIR_DOMAIN_CONTROL_OCCUPIED && control.stateTime >= OCCUPIED_S * 1000)))
        return OMEN_PROBE_MUTE;
    return virDomainMemoryStats(domain, stats, MEMORY_STATS, 0) >= 0 ? OMEN_PROBE_ANSWERS
                                                                     : OMEN_PROBE_MUTE;
}

static OmenProbeAnswer
ask_agent(virDomainPtr domain)
{
    long long seconds;
    unsigned int nanoseconds;
    virErrorPtr error;

    /* libvirt sends guest-sync before it. */
    if (virDomainGetTime(domain, &seconds, &nanoseconds, 0) == 0)
        return OMEN_PROBE_ANSWERS;
    error = virGetLastError();
    if (error &&
        (error->code == VIR_ERR_AGENT_UNRESPONSIVE || error->code == VIR_ERR_AGENT_UNSYNCED ||
         error->code == VIR_ERR_OPERATION_TIMEOUT))
        return OMEN_PROBE_MUTE;
    /* "Internal error" is how libvirt tells that the agent refused: an answer. */
    return error && error->code == VIR_ERR_INTERNAL_ERROR ? OMEN_PROBE_ANSWERS
                                                          : OMEN_PROBE_NOT_ASKED;
}

static OmenProbeAnswer
ask(OmenProbe *question, virConnectPtr connection)
{
    g_autoptr(OmenVirDomain) domain = NULL;
    unsigned long version;
    int state;

    if (question->kind == OMEN_PROBE_LIBVIRTD)
        return virConnectGetLibVersion(connection, &version) == 0 ? OMEN_PROBE_ANSWERS
                                                                  : OMEN_PROBE_MUTE;
    domain = virDomainLookupByUUIDString(connection, question->uuid);
    if (!domain || virDomainGetState(domain, &state, NULL, 0) < 0 || state != VIR_DOMAIN_RUNNING)
        return OMEN_PROBE_NOT_ASKED;
    g_atomic_int_set(&question->has_begun, TRUE);
    return question->kind == OMEN_PROBE_QEMU ? ask_monitor(domain) : ask_agent(domain);
}

static gpointer
ask_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    OmenProbe *question = data;
    g_autoptr(OmenVirConnect) connection = NULL;
    OmenProbeAnswer answer;

    g_atomic_int_set(&question->has_begun, question->kind == OMEN_PROBE_LIBVIRTD);
    connection = ref_connection(question->prober);
    answer = connection                              ? ask(question, connection)
             : question->kind == OMEN_PROBE_LIBVIRTD ? OMEN_PROBE_MUTE
                                                     : OMEN_PROBE_NOT_ASKED;
    return GINT_TO_POINTER((int) answer + 1);
}

OmenProbe *
omen_prober_ask_async(OmenProber *self,
                      OmenProbeKind kind,
                      const char *uuid,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
    OmenProbe *question = g_atomic_rc_box_new0(OmenProbe);

    question->prober = g_object_ref(self);
    question->kind = kind;
    question->uuid = g_strdup(uuid);
    omen_workers_run_async(self->workers, self, ask_work, g_atomic_rc_box_acquire(question),
                           probe_unref, NULL, 0, callback, user_data);
    return question;
}

OmenProbeAnswer
omen_prober_ask_finish(GAsyncResult *result)
{
    gpointer answer = omen_workers_run_finish(result, NULL);

    return answer ? (OmenProbeAnswer) (GPOINTER_TO_INT(answer) - 1) : OMEN_PROBE_MUTE;
}
