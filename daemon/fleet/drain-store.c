/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/drain-store.h"

#include "etcd/etcd-watch.h"
#include "fleet/member.h"

#define WISHES   "/virt-omen/wish/"
#define RETRY_MS 5000
/* A paused member keeps a watch open for ever. */
#define SILENCE_MS 120000

struct _OmenDrainStore {
    GObject parent_instance;

    OmenEtcd *etcd;
    char *name;
    char *key;
    char *wish_key;
    OmenEtcdWatch *watch; /* (nullable): nothing is heard */
    char *told;           /* (nullable): "": no drain; what others are to know */
    OmenDrainMark mark;
    gboolean is_busy;  /* telling */
    gboolean is_stale; /* there is something newer than what is being told */
    guint timer;
    GCancellable *life;
};

enum {
    SIGNAL_WISH,
    SIGNAL_TOLD,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(OmenDrainStore, omen_drain_store, G_TYPE_OBJECT)

static void tell(OmenDrainStore *self);

void
omen_drain_store_stop(OmenDrainStore *self)
{
    g_clear_handle_id(&self->timer, g_source_remove);
    g_cancellable_cancel(self->life);
    if (self->watch)
        g_signal_handlers_disconnect_by_data(self->watch, self);
    g_clear_object(&self->watch);
}

static void
omen_drain_store_finalize(GObject *object)
{
    OmenDrainStore *self = OMEN_DRAIN_STORE(object);

    omen_drain_store_stop(self);
    g_object_unref(self->life);
    g_object_unref(self->etcd);
    g_free(self->name);
    g_free(self->key);
    g_free(self->wish_key);
    g_free(self->told);
    G_OBJECT_CLASS(omen_drain_store_parent_class)->finalize(object);
}

static void
omen_drain_store_class_init(OmenDrainStoreClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_drain_store_finalize;
    signals[SIGNAL_WISH] = g_signal_new("wish", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
    signals[SIGNAL_TOLD] = g_signal_new("told", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
omen_drain_store_init(OmenDrainStore *self)
{
    self->life = g_cancellable_new();
}

static char *
make_wish_prefix(const char *name)
{
    return g_strconcat(WISHES, name, "/", NULL);
}

static char *
make_wish_key(const char *name)
{
    return g_strconcat(WISHES, name, "/drain", NULL);
}

OmenDrainStore *
omen_drain_store_new(OmenEtcd *etcd, const char *name)
{
    OmenDrainStore *self = g_object_new(OMEN_TYPE_DRAIN_STORE, NULL);

    self->etcd = g_object_ref(etcd);
    self->name = g_strdup(name);
    self->key = g_strconcat(OMEN_FLEET_DRAINS, name, NULL);
    self->wish_key = make_wish_key(name);
    return self;
}

/* ---- hearing ---- */

static void
on_watched(OmenDrainStore *self)
{
    const char *json = omen_etcd_watch_get(self->watch, self->wish_key);
    g_autoptr(OmenDrainWish) wish = json ? omen_drain_wish_parse(json) : NULL;

    if (wish)
        g_signal_emit(self, signals[SIGNAL_WISH], 0, wish);
}

void
omen_drain_store_listen(OmenDrainStore *self)
{
    g_autofree char *prefix = make_wish_prefix(self->name);

    self->watch = omen_etcd_watch_new(self->etcd, prefix, SILENCE_MS);
    g_signal_connect_swapped(self->watch, "changed", G_CALLBACK(on_watched), self);
    omen_etcd_watch_start(self->watch);
}

/* ---- telling ---- */

static gboolean
on_retry(gpointer user_data)
{
    OmenDrainStore *self = user_data;

    self->timer = 0;
    tell(self);
    return G_SOURCE_REMOVE;
}

static void
on_told(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenDrainStore) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_commit_finish(OMEN_ETCD(source), result, &error);

    self->is_busy = FALSE;
    if (g_cancellable_is_cancelled(self->life))
        return;
    if (!outcome) {
        g_debug("fleet: cannot write this host's drain to the store: %s", error->message);
        if (!self->timer)
            self->timer = g_timeout_add(RETRY_MS, on_retry, self);
    } else if (self->is_stale) {
        tell(self);
    } else {
        g_signal_emit(self, signals[SIGNAL_TOLD], 0);
    }
}

static void
tell(OmenDrainStore *self)
{
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autofree char *mark = g_strconcat(OMEN_FLEET_MAINTENANCE, self->name, NULL);
    g_autofree char *since = g_strdup_printf("%" G_GINT64_FORMAT, g_get_real_time());

    self->is_stale = self->is_busy;
    if (self->is_busy || g_cancellable_is_cancelled(self->life))
        return;
    g_clear_handle_id(&self->timer, g_source_remove);
    if (*self->told)
        omen_etcd_transaction_put(transaction, self->key, self->told, 0);
    else
        omen_etcd_transaction_delete(transaction, self->key);
    if (self->mark == OMEN_DRAIN_MARK_SET)
        omen_etcd_transaction_put(transaction, mark, since, 0);
    else if (self->mark == OMEN_DRAIN_MARK_CLEARED)
        omen_etcd_transaction_delete(transaction, mark);
    self->is_busy = TRUE;
    omen_etcd_commit_async(self->etcd, transaction, self->life, on_told, g_object_ref(self));
}

void
omen_drain_store_tell(OmenDrainStore *self, const OmenHostDrain *drain)
{
    /* What was asked of it last has to be known, also where nothing is under way. */
    gboolean is_news = drain->state != OMEN_DRAIN_NONE || *drain->wish || *drain->refused_wish;
    char *told = is_news ? omen_host_drain_write(drain, OMEN_DRAIN_MAX_TOLD) : g_strdup("");

    if (g_strcmp0(told, self->told) == 0 && drain->mark == self->mark) {
        g_free(told);
        return;
    }
    g_free(self->told);
    self->told = told;
    self->mark = drain->mark;
    tell(self);
}

/* ---- asking another host ---- */

typedef struct {
    char *name;
    char *wish; /* JSON */
} Question;

static void
question_free(gpointer data)
{
    Question *self = data;

    g_free(self->name);
    g_free(self->wish);
    g_free(self);
}

static void
on_asked(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    const Question *question = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_commit_finish(OMEN_ETCD(source), result, &error);

    if (!outcome)
        g_task_return_error(task, error);
    else if (!outcome->succeeded)
        g_task_return_new_error(task, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_BUSY,
                                "another request was made to %s at the same moment; see "
                                "virt-omen fleet, and try again",
                                question->name);
    else
        g_task_return_boolean(task, TRUE);
}

static void
on_wish_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    const Question *question = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autofree char *key = make_wish_key(question->name);
    const OmenEtcdEntry *before;

    if (!range) {
        g_task_return_error(task, error);
        return;
    }
    before = range->entries->len > 0 ? g_ptr_array_index(range->entries, 0) : NULL;
    omen_etcd_transaction_compare(transaction, key, before ? before->revision : 0);
    omen_etcd_transaction_put(transaction, key, question->wish, 0);
    omen_etcd_commit_async(OMEN_ETCD(source), transaction, NULL, on_asked, g_steal_pointer(&task));
}

/* FALSE: it was answered. */
static gboolean
check_host(GTask *task, const OmenEtcdRange *range, const char *name)
{
    const OmenEtcdEntry *entry =
        range->entries->len > 0 ? g_ptr_array_index(range->entries, 0) : NULL;
    g_autoptr(OmenFleetHost) host = entry ? omen_fleet_host_parse(entry->value, name) : NULL;

    if (!host) {
        g_task_return_new_error(task, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_NOT_THERE,
                                "%s is not in the fleet now: virt-omen fleet lists the hosts that "
                                "are",
                                name);
        return FALSE;
    }
    if (host->accepts_drain)
        return TRUE;
    g_task_return_new_error(task, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_REFUSED,
                            "%s does not take drains from other hosts: run virt-omen drain or "
                            "undrain %s there, or set accept_drain=yes in [fleet] there",
                            name, name);
    return FALSE;
}

static void
on_row_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    const Question *question = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_autofree char *key = make_wish_key(question->name);

    if (!range)
        g_task_return_error(task, error);
    else if (check_host(task, range, question->name))
        omen_etcd_read_async(OMEN_ETCD(source), key, FALSE, 1, NULL, on_wish_read,
                             g_steal_pointer(&task));
}

void
omen_drain_store_ask_async(OmenEtcd *etcd,
                           const char *name,
                           const OmenDrainWish *wish,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
    GTask *task = g_task_new(etcd, NULL, callback, user_data);
    Question *question = g_new0(Question, 1);
    g_autofree char *key = g_strconcat(OMEN_FLEET_HOSTS, name, NULL);

    g_task_set_source_tag(task, omen_drain_store_ask_async);
    question->name = g_strdup(name);
    question->wish = omen_drain_wish_write(wish);
    g_task_set_task_data(task, question, question_free);
    omen_etcd_read_async(etcd, key, FALSE, 1, NULL, on_row_read, task);
}

gboolean
omen_drain_store_ask_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

/* ---- looking at another host's ---- */

static void
on_drain_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    const OmenEtcdEntry *entry = NULL;
    OmenHostDrain *drain;

    if (!range) {
        g_task_return_error(task, error);
        return;
    }
    if (range->entries->len > 0)
        entry = g_ptr_array_index(range->entries, 0);
    drain = entry ? omen_host_drain_parse_told(entry->value) : NULL;
    g_task_return_pointer(task, drain ? drain : omen_host_drain_new(),
                          (GDestroyNotify) omen_host_drain_free);
}

void
omen_drain_store_read_async(OmenEtcd *etcd,
                            const char *name,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
    GTask *task = g_task_new(etcd, NULL, callback, user_data);
    g_autofree char *key = g_strconcat(OMEN_FLEET_DRAINS, name, NULL);

    g_task_set_source_tag(task, omen_drain_store_read_async);
    omen_etcd_read_async(etcd, key, FALSE, 1, NULL, on_drain_read, task);
}

OmenHostDrain *
omen_drain_store_read_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
