/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "notify/journal.h"

#include <sys/uio.h>
#include <systemd/sd-journal.h>

#define MAX_WAITING 256

/* Outlives its owner while the thread is held up. */
typedef struct {
    GAsyncQueue *queue; /* OmenNote; an empty one ends the thread */
} Shared;

struct _OmenJournal {
    Shared *shared;
    guint64 n_dropped;
};

static const OmenNote end_mark;

static void
shared_free(gpointer data)
{
    g_async_queue_unref(((Shared *) data)->queue);
}

static void
add_variable(GPtrArray *variables, const char *name, const char *value)
{
    g_ptr_array_add(variables, g_strdup_printf("%s=%s", name, value));
}

static void
send_note(const OmenNote *note)
{
    g_autoptr(GPtrArray) variables = g_ptr_array_new_with_free_func(g_free);
    g_autofree struct iovec *parts = NULL;
    g_autofree char *priority = g_strdup_printf("%d", note->priority);

    add_variable(variables, "MESSAGE", note->message);
    add_variable(variables, "MESSAGE_ID", note->message_id);
    add_variable(variables, "PRIORITY", priority);
    add_variable(variables, "SYSLOG_IDENTIFIER", "virt-omend");
    for (guint i = 0; i < note->fields->len; i++)
        g_ptr_array_add(
            variables, omen_note_field_to_variable(&g_array_index(note->fields, OmenNoteField, i)));
    parts = g_new(struct iovec, variables->len);
    for (guint i = 0; i < variables->len; i++) {
        char *variable = g_ptr_array_index(variables, i);
        parts[i] = (struct iovec){.iov_base = variable, .iov_len = strlen(variable)};
    }
    sd_journal_sendv(parts, (int) variables->len);
}

static gpointer
run(gpointer data)
{
    Shared *shared = data;

    for (;;) {
        OmenNote *note = g_async_queue_pop(shared->queue);
        if (note == &end_mark)
            break;
        send_note(note);
        omen_note_unref(note);
    }
    g_atomic_rc_box_release_full(shared, shared_free);
    return NULL;
}

OmenJournal *
omen_journal_new(void)
{
    OmenJournal *self = g_new0(OmenJournal, 1);

    self->shared = g_atomic_rc_box_new0(Shared);
    self->shared->queue = g_async_queue_new_full((GDestroyNotify) omen_note_unref);
    g_thread_unref(g_thread_new("journal", run, g_atomic_rc_box_acquire(self->shared)));
    return self;
}

void
omen_journal_free(OmenJournal *self)
{
    g_async_queue_push(self->shared->queue, (gpointer) &end_mark);
    g_atomic_rc_box_release_full(self->shared, shared_free);
    g_free(self);
}

void
omen_journal_write(OmenJournal *self, OmenNote *note)
{
    if (g_async_queue_length(self->shared->queue) >= MAX_WAITING) {
        self->n_dropped++;
        omen_note_unref(note);
        return;
    }
    g_async_queue_push(self->shared->queue, note);
}

guint64
omen_journal_get_n_dropped(OmenJournal *self)
{
    return self->n_dropped;
}
