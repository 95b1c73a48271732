/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/workers.h"

struct _OmenWorkers {
    GObject parent_instance;

    GThreadPool *pool;
};

G_DEFINE_FINAL_TYPE(OmenWorkers, omen_workers, G_TYPE_OBJECT)

/* One call; held by the thread that does it and by the deadline that watches it. */
typedef struct {
    GMutex lock;
    GTask *task; /* NULL once it was answered */
    OmenWorkFunc work;
    gpointer data;
    GDestroyNotify free_data;
    GDestroyNotify free_result;
    guint deadline_s;
    GSource *deadline;
} Job;

static void
job_clear(gpointer data)
{
    Job *self = data;

    g_mutex_clear(&self->lock);
    g_clear_object(&self->task);
    if (self->free_data)
        self->free_data(self->data);
    g_clear_pointer(&self->deadline, g_source_unref);
}

static void
job_unref(gpointer data)
{
    g_atomic_rc_box_release_full(data, job_clear);
}

/* The task, if it was not answered yet; the caller answers it. */
static GTask *
steal_task(Job *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    return g_steal_pointer(&self->task);
}

static gboolean
on_deadline(gpointer user_data)
{
    Job *self = user_data;
    g_autoptr(GTask) task = steal_task(self);

    if (task)
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                "libvirt did not answer within %u s", self->deadline_s);
    return G_SOURCE_REMOVE;
}

static void
work(gpointer data, gpointer user_data G_GNUC_UNUSED)
{
    Job *self = data;
    g_autoptr(GError) error = NULL;
    gpointer result = self->work(self->data, &error);
    g_autoptr(GTask) task = steal_task(self);

    if (self->deadline)
        g_source_destroy(self->deadline);
    if (task && error)
        g_task_return_error(task, g_steal_pointer(&error));
    else if (task)
        g_task_return_pointer(task, result, self->free_result);
    else if (result && self->free_result)
        self->free_result(result);
    job_unref(self);
}

static void
omen_workers_finalize(GObject *object)
{
    OmenWorkers *self = OMEN_WORKERS(object);

    /* Threads that hang in libvirt are not waited for. */
    g_thread_pool_free(self->pool, FALSE, FALSE);
    G_OBJECT_CLASS(omen_workers_parent_class)->finalize(object);
}

static void
omen_workers_class_init(OmenWorkersClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_workers_finalize;
}

static void
omen_workers_init(OmenWorkers *self G_GNUC_UNUSED)
{
}

OmenWorkers *
omen_workers_new(guint max_threads)
{
    OmenWorkers *self = g_object_new(OMEN_TYPE_WORKERS, NULL);

    self->pool = g_thread_pool_new(work, NULL, (int) max_threads, FALSE, NULL);
    return self;
}

void
omen_workers_run_async(OmenWorkers *self,
                       gpointer source,
                       OmenWorkFunc function,
                       gpointer data,
                       GDestroyNotify free_data,
                       GDestroyNotify free_result,
                       guint deadline_s,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
    Job *job = g_atomic_rc_box_new0(Job);

    g_mutex_init(&job->lock);
    job->task = g_task_new(source, NULL, callback, user_data);
    g_task_set_source_tag(job->task, omen_workers_run_async);
    job->work = function;
    job->data = data;
    job->free_data = free_data;
    job->free_result = free_result;
    job->deadline_s = deadline_s;
    if (deadline_s > 0) {
        job->deadline = g_timeout_source_new_seconds(deadline_s);
        g_source_set_callback(job->deadline, on_deadline, g_atomic_rc_box_acquire(job), job_unref);
        g_source_attach(job->deadline, g_main_context_get_thread_default());
    }
    g_thread_pool_push(self->pool, job, NULL);
}

gpointer
omen_workers_run_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
