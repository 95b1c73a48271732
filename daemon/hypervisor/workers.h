/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads for calls that block. A bounded number; what comes more waits its turn.
 *
 * A libvirt call can not be interrupted. So a task has a deadline, after which its caller is told
 * G_IO_ERROR_TIMED_OUT, while the call may go on in its thread until libvirt gives it up; its
 * result is dropped then.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_TYPE_WORKERS (omen_workers_get_type())
G_DECLARE_FINAL_TYPE(OmenWorkers, omen_workers, OMEN, WORKERS, GObject)

/* @max_threads: >= 1. */
OmenWorkers *omen_workers_new(guint max_threads);

/* Runs on a worker thread. @data: the task's own. Returns the task's result, NULL with @error. */
typedef gpointer (*OmenWorkFunc)(gpointer data, GError **error);

/*
 * Runs @work with @data. Both are freed in the end, @data by @free_data (which may run on any
 * thread), a result that nobody takes any more by @free_result.
 * @deadline_s: 0: none.
 */
void omen_workers_run_async(OmenWorkers *self,
                            gpointer source,
                            OmenWorkFunc work,
                            gpointer data,
                            GDestroyNotify free_data,
                            GDestroyNotify free_result,
                            guint deadline_s,
                            GAsyncReadyCallback callback,
                            gpointer user_data);

/* (transfer full): what @work returned. */
gpointer omen_workers_run_finish(GAsyncResult *result, GError **error);

G_END_DECLS
