/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells ThreadSanitizer in which order GLib lets threads go on: GLib itself is not instrumented, so
 * without this each lock, queue and task of it looks like none. Preloaded by tests/threads/run.
 *
 * What it says is at most what GLib promises: who unlocks, pushes, posts or returns comes before
 * who locks, pops, is called or reads the result. Of reference counts it says that all who gave
 * theirs up come before the last.
 */
#include <dlfcn.h>
#include <gio/gio.h>

/* Not there in the programs that a test runs. */
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

static void
acquire(volatile void *address)
{
    if (__tsan_acquire)
        __tsan_acquire((void *) address);
}

static void
release(volatile void *address)
{
    if (__tsan_release)
        __tsan_release((void *) address);
}

#define EXPORT __attribute__((visibility("default")))
#define REAL(name)                                                                                 \
    static __typeof__(&name) real;                                                                 \
    if (!real)                                                                                     \
    real = (__typeof__(&name)) dlsym(RTLD_NEXT, #name)

/* TYPE: of the object whose address stands for the order. */
#define BEFORE(name, type)                                                                         \
    EXPORT void name(type *object)                                                                 \
    {                                                                                              \
        REAL(name);                                                                                \
        release(object);                                                                           \
        real(object);                                                                              \
    }
#define AFTER(name, type)                                                                          \
    EXPORT void name(type *object)                                                                 \
    {                                                                                              \
        REAL(name);                                                                                \
        real(object);                                                                              \
        acquire(object);                                                                           \
    }
#define AFTER_TRYING(name, type)                                                                   \
    EXPORT gboolean name(type *object)                                                             \
    {                                                                                              \
        gboolean good;                                                                             \
        REAL(name);                                                                                \
        good = real(object);                                                                       \
        if (good)                                                                                  \
            acquire(object);                                                                       \
        return good;                                                                               \
    }
#define LAST(name, type)                                                                           \
    EXPORT void name(type *object)                                                                 \
    {                                                                                              \
        REAL(name);                                                                                \
        release(object);                                                                           \
        acquire(object);                                                                           \
        real(object);                                                                              \
    }

/* ---- locks ---- */

AFTER(g_mutex_lock, GMutex)
AFTER_TRYING(g_mutex_trylock, GMutex)
BEFORE(g_mutex_unlock, GMutex)
AFTER(g_rec_mutex_lock, GRecMutex)
BEFORE(g_rec_mutex_unlock, GRecMutex)
AFTER(g_rw_lock_reader_lock, GRWLock)
BEFORE(g_rw_lock_reader_unlock, GRWLock)
AFTER(g_rw_lock_writer_lock, GRWLock)
BEFORE(g_rw_lock_writer_unlock, GRWLock)

EXPORT void
g_cond_wait(GCond *cond, GMutex *mutex)
{
    REAL(g_cond_wait);
    release(mutex);
    real(cond, mutex);
    acquire(mutex);
}

EXPORT gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    gboolean in_time;
    REAL(g_cond_wait_until);

    release(mutex);
    in_time = real(cond, mutex, end_time);
    acquire(mutex);
    return in_time;
}

EXPORT
gboolean(g_once_init_enter)(volatile void *location)
{
    gboolean first;
    static gboolean (*real)(volatile void *);

    if (!real)
        real = (gboolean(*)(volatile void *)) dlsym(RTLD_NEXT, "g_once_init_enter");
    first = real(location);
    acquire(location);
    return first;
}

EXPORT void(g_once_init_leave)(volatile void *location, gsize result)
{
    static void (*real)(volatile void *, gsize);

    if (!real)
        real = (void (*)(volatile void *, gsize)) dlsym(RTLD_NEXT, "g_once_init_leave");
    release(location);
    real(location, result);
}

/* ---- queues ---- */

EXPORT void
g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    REAL(g_async_queue_push);
    release(queue);
    real(queue, data);
}

#define POP(name)                                                                                  \
    EXPORT gpointer name(GAsyncQueue *queue)                                                       \
    {                                                                                              \
        gpointer data;                                                                             \
        REAL(name);                                                                                \
        data = real(queue);                                                                        \
        acquire(queue);                                                                            \
        return data;                                                                               \
    }
POP(g_async_queue_pop)
POP(g_async_queue_try_pop)

EXPORT gpointer
g_async_queue_timeout_pop(GAsyncQueue *queue, guint64 timeout)
{
    gpointer data;
    REAL(g_async_queue_timeout_pop);

    data = real(queue, timeout);
    acquire(queue);
    return data;
}

/* ---- references ---- */

LAST(g_object_unref, void)
LAST(g_source_unref, GSource)
LAST(g_bytes_unref, GBytes)
LAST(g_variant_unref, GVariant)
LAST(g_async_queue_unref, GAsyncQueue)
LAST(g_main_context_unref, GMainContext)
LAST(g_atomic_rc_box_release, void)

EXPORT gboolean
g_atomic_ref_count_dec(gatomicrefcount *count)
{
    gboolean last;
    static gboolean (*real)(gatomicrefcount *);

    if (!real)
        real = (gboolean(*)(gatomicrefcount *)) dlsym(RTLD_NEXT, "g_atomic_ref_count_dec");
    release(count);
    last = real(count);
    if (last)
        acquire(count);
    return last;
}

EXPORT void
g_atomic_rc_box_release_full(gpointer block, GDestroyNotify clear)
{
    REAL(g_atomic_rc_box_release_full);
    release(block);
    acquire(block);
    real(block, clear);
}

/* ---- what is called later, perhaps by another thread ---- */

typedef struct {
    GSourceFunc function;
    gpointer data;
    GDestroyNotify notify;
} Later;

static gpointer
later_new(GSourceFunc function, gpointer data, GDestroyNotify notify)
{
    Later *self = g_new(Later, 1);

    *self = (Later){function, data, notify};
    release(self);
    return self;
}

static gboolean
later_call(gpointer data)
{
    Later *self = data;

    acquire(self);
    return self->function(self->data);
}

static void
later_free(gpointer data)
{
    Later *self = data;

    acquire(self);
    if (self->notify)
        self->notify(self->data);
    g_free(self);
}

EXPORT void
g_main_context_invoke_full(GMainContext *context,
                           gint priority,
                           GSourceFunc function,
                           gpointer data,
                           GDestroyNotify notify)
{
    REAL(g_main_context_invoke_full);
    real(context, priority, later_call, later_new(function, data, notify), later_free);
}

EXPORT void
g_main_context_invoke(GMainContext *context, GSourceFunc function, gpointer data)
{
    g_main_context_invoke_full(context, G_PRIORITY_DEFAULT, function, data, NULL);
}

EXPORT guint
g_idle_add_full(gint priority, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
    REAL(g_idle_add_full);
    return real(priority, later_call, later_new(function, data, notify), later_free);
}

EXPORT guint
g_idle_add(GSourceFunc function, gpointer data)
{
    return g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, function, data, NULL);
}

static GHashTable *plain; /* sources whose callback takes its data alone */
static GMutex plain_lock;

static GSource *
note_plain(GSource *source)
{
    g_mutex_lock(&plain_lock);
    if (!plain)
        plain = g_hash_table_new(NULL, NULL);
    g_hash_table_add(plain, source);
    g_mutex_unlock(&plain_lock);
    return source;
}

EXPORT GSource *
g_idle_source_new(void)
{
    REAL(g_idle_source_new);
    return note_plain(real());
}

EXPORT GSource *
g_timeout_source_new(guint interval)
{
    REAL(g_timeout_source_new);
    return note_plain(real(interval));
}

EXPORT void
g_source_set_callback(GSource *source, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
    gboolean known;
    REAL(g_source_set_callback);

    g_mutex_lock(&plain_lock);
    known = plain && g_hash_table_remove(plain, source);
    g_mutex_unlock(&plain_lock);
    if (known)
        real(source, later_call, later_new(function, data, notify), later_free);
    else
        real(source, function, data, notify);
}

/* ---- tasks ---- */

static void
run_task(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GTaskThreadFunc function =
        (GTaskThreadFunc) g_object_get_data(G_OBJECT(task), "thread-function");

    acquire(task);
    function(task, source, data, cancellable);
    release(task);
}

EXPORT void
g_task_run_in_thread(GTask *task, GTaskThreadFunc function)
{
    REAL(g_task_run_in_thread);
    g_object_set_data(G_OBJECT(task), "thread-function", (gpointer) function);
    release(task);
    real(task, run_task);
}

#define RETURN(name, type)                                                                         \
    EXPORT void name(GTask *task, type value)                                                      \
    {                                                                                              \
        REAL(name);                                                                                \
        release(task);                                                                             \
        real(task, value);                                                                         \
    }
RETURN(g_task_return_boolean, gboolean)
RETURN(g_task_return_int, gssize)
RETURN(g_task_return_error, GError *)

EXPORT void
g_task_return_pointer(GTask *task, gpointer value, GDestroyNotify notify)
{
    REAL(g_task_return_pointer);
    release(task);
    real(task, value, notify);
}

#define PROPAGATE(name, type)                                                                      \
    EXPORT type name(GTask *task, GError **error)                                                  \
    {                                                                                              \
        REAL(name);                                                                                \
        acquire(task);                                                                             \
        return real(task, error);                                                                  \
    }
PROPAGATE(g_task_propagate_boolean, gboolean)
PROPAGATE(g_task_propagate_int, gssize)
PROPAGATE(g_task_propagate_pointer, gpointer)

EXPORT gpointer
g_task_get_task_data(GTask *task)
{
    REAL(g_task_get_task_data);
    acquire(task);
    return real(task);
}

/* ---- pools ---- */

typedef struct {
    GFunc function;
    gpointer data;
} Pool;

static void
run_job(gpointer job, gpointer data)
{
    Pool *pool = data;

    acquire(job);
    pool->function(job, pool->data);
}

EXPORT GThreadPool *
g_thread_pool_new(
    GFunc function, gpointer data, gint max_threads, gboolean exclusive, GError **error)
{
    Pool *pool = g_new(Pool, 1); /* for the life of the program */
    REAL(g_thread_pool_new);

    *pool = (Pool){function, data};
    return real(run_job, pool, max_threads, exclusive, error);
}

EXPORT gboolean
g_thread_pool_push(GThreadPool *pool, gpointer job, GError **error)
{
    REAL(g_thread_pool_push);
    release(job);
    return real(pool, job, error);
}
