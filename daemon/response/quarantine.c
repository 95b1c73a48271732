/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/quarantine.h"

#include <glib/gstdio.h>
#include <time.h>
#include <virt-omen/hook-wire.h>
#include <virt-omen/text.h>

#define MAX_REASON_LENGTH 300
/* An expiry that moved by less is not written again. */
#define SLACK_S 15

struct _OmenQuarantine {
    GObject parent_instance;

    char *path;
    char *reason;    /* as published; NULL: none is */
    gint64 expiry_s; /* on the boot clock, as published */
    gboolean no_starts;
    gboolean is_known; /* what stands in the file is what we put there */
    gboolean is_busy;  /* a worker writes */
    gboolean is_stale; /* and what it writes is no longer what should stand there */
};

G_DEFINE_FINAL_TYPE(OmenQuarantine, omen_quarantine, G_TYPE_OBJECT)

static void write_now(OmenQuarantine *self);

static void
omen_quarantine_finalize(GObject *object)
{
    OmenQuarantine *self = OMEN_QUARANTINE(object);

    g_free(self->path);
    g_free(self->reason);
    G_OBJECT_CLASS(omen_quarantine_parent_class)->finalize(object);
}

static void
omen_quarantine_class_init(OmenQuarantineClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_quarantine_finalize;
}

static void
omen_quarantine_init(OmenQuarantine *self G_GNUC_UNUSED)
{
}

OmenQuarantine *
omen_quarantine_new(const char *path)
{
    OmenQuarantine *self = g_object_new(OMEN_TYPE_QUARANTINE, NULL);

    self->path = g_strdup(path ? path : OMEN_HOOK_QUARANTINE);
    return self;
}

static gint64
boot_clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

/* What the worker does: the text to write, NULL: remove the file. */
typedef struct {
    char *path;
    char *text;
} Order;

static void
order_free(gpointer data)
{
    Order *self = data;

    g_free(self->path);
    g_free(self->text);
    g_free(self);
}

static void
carry_out(GTask *task, gpointer source G_GNUC_UNUSED, gpointer data, GCancellable *c G_GNUC_UNUSED)
{
    Order *order = data;
    g_autofree char *folder = g_path_get_dirname(order->path);
    GError *error = NULL;

    if (!order->text) {
        g_unlink(order->path);
    } else {
        g_mkdir_with_parents(folder, 0755);
        g_file_set_contents_full(order->path, order->text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
                                 &error);
    }
    if (error)
        g_task_return_error(task, error);
    else
        g_task_return_boolean(task, TRUE);
}

static void
on_written(GObject *source, GAsyncResult *result, gpointer user_data G_GNUC_UNUSED)
{
    OmenQuarantine *self = OMEN_QUARANTINE(source);
    g_autoptr(GError) error = NULL;

    self->is_busy = FALSE;
    if (!g_task_propagate_boolean(G_TASK(result), &error)) {
        g_warning("cannot write the quarantine file, so incoming migrations are not refused: %s",
                  error->message);
        self->is_known = FALSE;
    }
    if (self->is_stale)
        write_now(self);
}

static void
write_now(OmenQuarantine *self)
{
    g_autoptr(GTask) task = NULL;
    Order *order;

    self->is_stale = self->is_busy;
    if (self->is_busy)
        return;
    self->is_busy = TRUE;
    self->is_known = TRUE;
    order = g_new0(Order, 1);
    order->path = g_strdup(self->path);
    if (self->reason)
        order->text = g_strdup_printf("%s %" G_GINT64_FORMAT " %s\n%s", OMEN_HOOK_WIRE_VERSION,
                                      self->expiry_s, self->reason,
                                      self->no_starts ? OMEN_HOOK_NO_STARTS "\n" : "");
    task = g_task_new(self, NULL, on_written, NULL);
    g_task_set_task_data(task, order, order_free);
    g_task_run_in_thread(task, carry_out);
}

void
omen_quarantine_publish(OmenQuarantine *self,
                        const char *reason,
                        guint lifetime_s,
                        gboolean no_starts)
{
    g_autofree char *clean = omen_text_sanitise(reason, -1, MAX_REASON_LENGTH);
    gint64 expiry_s = boot_clock_s() + lifetime_s;

    if (self->is_known && g_strcmp0(self->reason, clean) == 0 && self->no_starts == no_starts &&
        ABS(expiry_s - self->expiry_s) < SLACK_S)
        return;
    g_free(self->reason);
    self->reason = g_steal_pointer(&clean);
    self->expiry_s = expiry_s;
    self->no_starts = no_starts;
    write_now(self);
}

void
omen_quarantine_withdraw(OmenQuarantine *self)
{
    if (self->is_known && !self->reason)
        return;
    g_clear_pointer(&self->reason, g_free);
    write_now(self);
}
