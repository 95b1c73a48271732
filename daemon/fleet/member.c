/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/member.h"

#include <string.h>

#define FIRST_WAIT_MS 1000
#define MAX_WAIT_MS   30000

static const OmenFleetPace default_pace = {.ttl_s = 60, .interval_ms = 5000, .refresh_ms = 60000};

struct _OmenFleetMember {
    GObject parent_instance;

    OmenEtcd *etcd;
    OmenFleetPace pace;
    OmenFleetHost *host;    /* (nullable): as it is */
    OmenFleetHost *written; /* (nullable): as others know it */
    char *key;
    gint64 lease;       /* 0: none */
    gint64 revision;    /* of the row; 0: there is none */
    gboolean is_known;  /* what the row holds: @revision is right */
    gboolean is_listed; /* the store has said so, and nothing since speaks against it */
    gint64 kept_us;     /* monotonic: the lease was kept alive */
    gint64 written_us;
    guint wait_ms; /* after a failure */
    gint64 retry_us;
    gint64 alone_since_us; /* since the epoch */
    char *problem;
    gboolean is_busy; /* a request is under way */
    GCancellable *life;
    guint timer;
};

enum {
    SIGNAL_CHANGED,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(OmenFleetMember, omen_fleet_member, G_TYPE_OBJECT)

static void step(OmenFleetMember *self);

void
omen_fleet_member_stop(OmenFleetMember *self)
{
    g_clear_handle_id(&self->timer, g_source_remove);
    g_cancellable_cancel(self->life);
}

static void
omen_fleet_member_finalize(GObject *object)
{
    OmenFleetMember *self = OMEN_FLEET_MEMBER(object);

    omen_fleet_member_stop(self);
    g_object_unref(self->life);
    g_object_unref(self->etcd);
    g_clear_pointer(&self->host, omen_fleet_host_free);
    g_clear_pointer(&self->written, omen_fleet_host_free);
    g_free(self->key);
    g_free(self->problem);
    G_OBJECT_CLASS(omen_fleet_member_parent_class)->finalize(object);
}

static void
omen_fleet_member_class_init(OmenFleetMemberClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_fleet_member_finalize;
    signals[SIGNAL_CHANGED] = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST,
                                           0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
omen_fleet_member_init(OmenFleetMember *self)
{
    self->life = g_cancellable_new();
    self->wait_ms = FIRST_WAIT_MS;
}

OmenFleetMember *
omen_fleet_member_new(OmenEtcd *etcd, const OmenFleetPace *pace)
{
    OmenFleetMember *self = g_object_new(OMEN_TYPE_FLEET_MEMBER, NULL);

    self->etcd = g_object_ref(etcd);
    self->pace = pace ? *pace : default_pace;
    return self;
}

static void
set_problem(OmenFleetMember *self, const char *problem)
{
    if (g_strcmp0(self->problem, problem) == 0)
        return;
    g_free(self->problem);
    self->problem = g_strdup(problem);
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

/* ---- what came of a request ---- */

/* FALSE: the member was stopped, or what was asked for failed; the next step follows. */
static gboolean
take_result(OmenFleetMember *self, const GError *error)
{
    g_autofree char *problem = NULL;

    self->is_busy = FALSE;
    if (g_cancellable_is_cancelled(self->life))
        return FALSE;
    if (!error) {
        self->alone_since_us = 0;
        self->wait_ms = FIRST_WAIT_MS;
        return TRUE;
    }
    if (self->alone_since_us == 0)
        self->alone_since_us = g_get_real_time();
    /* What was asked may be so, or not: it is read before the next write. */
    self->is_known = FALSE;
    self->is_listed = FALSE;
    self->retry_us = g_get_monotonic_time() +
                     (self->wait_ms / 2 + g_random_int_range(0, (gint32) self->wait_ms)) *
                         G_GINT64_CONSTANT(1000);
    self->wait_ms = MIN(self->wait_ms * 2, MAX_WAIT_MS);
    problem = g_strdup_printf("the fleet's store cannot be used: %s", error->message);
    set_problem(self, problem);
    step(self);
    return FALSE;
}

static void
on_granted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenFleetMember) self = user_data;
    g_autoptr(GError) error = NULL;
    OmenEtcdLease lease;

    omen_etcd_lease_finish(OMEN_ETCD(source), result, &lease, &error);
    if (!take_result(self, error))
        return;
    self->lease = lease.id;
    self->kept_us = g_get_monotonic_time();
    self->is_known = FALSE;
    step(self);
}

static void
on_kept(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenFleetMember) self = user_data;
    g_autoptr(GError) error = NULL;
    OmenEtcdLease lease;

    omen_etcd_lease_finish(OMEN_ETCD(source), result, &lease, &error);
    if (g_error_matches(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_NOT_FOUND)) {
        g_message("fleet: the lease of this host's row has expired; renewing it");
        g_clear_error(&error);
        self->lease = 0;
        self->is_listed = FALSE;
    }
    if (!take_result(self, error))
        return;
    self->kept_us = g_get_monotonic_time();
    step(self);
}

/* Is the row that @range holds one of another host? */
static gboolean
is_foreign(OmenFleetMember *self, const OmenEtcdRange *range)
{
    const OmenEtcdEntry *entry = range->entries->len > 0 ? range->entries->pdata[0] : NULL;
    g_autoptr(OmenFleetHost) other =
        entry ? omen_fleet_host_parse(entry->value, self->host->name) : NULL;

    self->revision = entry ? entry->revision : 0;
    return other && !g_str_equal(other->machine_id, self->host->machine_id);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenFleetMember) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);

    if (!take_result(self, error))
        return;
    self->is_known = !is_foreign(self, range);
    g_clear_pointer(&self->written, omen_fleet_host_free);
    if (!self->is_known) {
        g_autofree char *problem = g_strdup_printf(
            "another host calls itself %s in the fleet; set [fleet] name to a name of its own",
            self->host->name);
        set_problem(self, problem);
        self->retry_us = g_get_monotonic_time() + self->pace.interval_ms * G_GINT64_CONSTANT(1000);
    }
    step(self);
}

static void
on_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenFleetMember) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_commit_finish(OMEN_ETCD(source), result, &error);

    /* The lease has ended just before. */
    if (g_error_matches(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_NOT_FOUND)) {
        g_clear_error(&error);
        self->lease = 0;
        self->is_listed = FALSE;
    }
    if (!take_result(self, error))
        return;
    self->is_known = outcome && outcome->succeeded;
    self->is_listed = self->is_known;
    if (self->is_known) {
        self->revision = outcome->revision;
        set_problem(self, NULL);
    } else {
        g_clear_pointer(&self->written, omen_fleet_host_free);
    }
    step(self);
}

/* ---- steps ---- */

static void
write_row(OmenFleetMember *self)
{
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autofree char *json = NULL;

    self->host->seen_us = g_get_real_time();
    json = omen_fleet_host_write(self->host);
    omen_etcd_transaction_compare(transaction, self->key, self->revision);
    omen_etcd_transaction_put(transaction, self->key, json, self->lease);
    self->written_us = g_get_monotonic_time();
    g_clear_pointer(&self->written, omen_fleet_host_free);
    self->written = omen_fleet_host_parse(json, self->host->name);
    omen_etcd_commit_async(self->etcd, transaction, self->life, on_written, g_object_ref(self));
}

/* When the row is to be written, monotonic. */
static gint64
when_to_write_us(OmenFleetMember *self)
{
    gint64 soonest_us = self->written_us + self->pace.interval_ms * G_GINT64_CONSTANT(1000);

    if (!self->written)
        return self->written_us == 0 ? 0 : soonest_us;
    if (omen_fleet_host_differs(self->host, self->written))
        return soonest_us;
    return self->written_us + self->pace.refresh_ms * G_GINT64_CONSTANT(1000);
}

static gint64
when_to_keep_us(OmenFleetMember *self)
{
    return self->kept_us + self->pace.ttl_s * G_USEC_PER_SEC / 3;
}

/* Asks for what is due. FALSE: nothing is. */
static gboolean
ask(OmenFleetMember *self, gint64 now_us)
{
    if (now_us < self->retry_us)
        return FALSE;
    if (self->lease == 0)
        omen_etcd_grant_async(self->etcd, self->pace.ttl_s, self->life, on_granted,
                              g_object_ref(self));
    else if (now_us >= when_to_keep_us(self))
        omen_etcd_keep_alive_async(self->etcd, self->lease, self->life, on_kept,
                                   g_object_ref(self));
    else if (!self->is_known)
        omen_etcd_read_async(self->etcd, self->key, FALSE, 1, self->life, on_read,
                             g_object_ref(self));
    else if (now_us >= when_to_write_us(self))
        write_row(self);
    else
        return FALSE;
    return TRUE;
}

static gboolean
on_timer(gpointer user_data)
{
    OmenFleetMember *self = user_data;

    self->timer = 0;
    step(self);
    return G_SOURCE_REMOVE;
}

/* One request at a time; after it, or when something is due, the next. */
static void
step(OmenFleetMember *self)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 next_us;

    if (self->is_busy || !self->host || g_cancellable_is_cancelled(self->life))
        return;
    g_clear_handle_id(&self->timer, g_source_remove);
    self->is_busy = ask(self, now_us);
    if (self->is_busy)
        return;
    next_us = MIN(when_to_keep_us(self), when_to_write_us(self));
    if (self->retry_us > now_us)
        next_us = self->retry_us;
    self->timer = g_timeout_add((guint) (MAX(next_us - now_us, 0) / 1000 + 1), on_timer, self);
}

void
omen_fleet_member_take(OmenFleetMember *self, OmenFleetHost *host)
{
    if (!self->key)
        self->key = g_strconcat(OMEN_FLEET_HOSTS, host->name, NULL);
    g_clear_pointer(&self->host, omen_fleet_host_free);
    self->host = host;
    step(self);
}

gint64
omen_fleet_member_get_alone_since_us(OmenFleetMember *self)
{
    return self->alone_since_us;
}

gboolean
omen_fleet_member_is_listed(OmenFleetMember *self)
{
    return self->is_listed;
}

const char *
omen_fleet_member_get_problem(OmenFleetMember *self)
{
    return self->problem;
}

const OmenFleetHost *
omen_fleet_member_get_host(OmenFleetMember *self)
{
    return self->host;
}
