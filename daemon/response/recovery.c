/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/recovery.h"

#include "hypervisor/workers.h"
#include "response/health-check.h"

#define CHECK_DEADLINE_S 30
#define NOT_CHECKED      "it was endangered, and is checked before it takes guests again"

struct _OmenRecovery {
    GObject parent_instance;

    OmenWorkers *workers;
    char *folder;
    guint interval_s;
    gboolean was_endangered; /* and no check has found it well since */
    gboolean is_endangered;
    gboolean is_over;
    gboolean is_well;     /* by the last check */
    gint64 well_since_us; /* monotonic */
    gint64 checked_us;    /* monotonic, when the last check began; 0: none since the danger */
    guint turn;           /* of dangers: an answer from before the last one is of no use */
    char *wrong;          /* what the last check found; NULL: nothing, or none has ended */
    gint *is_busy;        /* atomic, shared with the thread: a check hangs, or is under way */
};

G_DEFINE_FINAL_TYPE(OmenRecovery, omen_recovery, G_TYPE_OBJECT)

static void
omen_recovery_finalize(GObject *object)
{
    OmenRecovery *self = OMEN_RECOVERY(object);

    g_object_unref(self->workers);
    g_free(self->folder);
    g_free(self->wrong);
    g_atomic_rc_box_release(self->is_busy);
    G_OBJECT_CLASS(omen_recovery_parent_class)->finalize(object);
}

static void
omen_recovery_class_init(OmenRecoveryClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_recovery_finalize;
}

static void
omen_recovery_init(OmenRecovery *self)
{
    self->workers = omen_workers_new(1);
    self->is_busy = g_atomic_rc_box_new0(gint);
    self->well_since_us = g_get_monotonic_time();
}

OmenRecovery *
omen_recovery_new(void)
{
    return g_object_new(OMEN_TYPE_RECOVERY, NULL);
}

void
omen_recovery_configure(OmenRecovery *self, const char *folder, guint interval_s)
{
    g_free(self->folder);
    self->folder = g_strdup(folder);
    self->interval_s = interval_s;
}

/* ---- the check ---- */

typedef struct {
    char *folder;
    gint *is_busy;
} Check;

static void
check_free(gpointer data)
{
    Check *self = data;

    g_atomic_int_set(self->is_busy, 0);
    g_atomic_rc_box_release(self->is_busy);
    g_free(self->folder);
    g_free(self);
}

/* "" if nothing is wrong. */
static gpointer
check_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    const Check *check = data;
    char *wrong = omen_health_check_run(&(OmenHealthCheck){.folder = check->folder, .root = ""});

    return wrong ? wrong : g_strdup("");
}

typedef struct {
    OmenRecovery *recovery;
    guint turn;
} Reply;

static void
take_answer(OmenRecovery *self, const char *wrong)
{
    self->is_well = *wrong == '\0';
    if (!self->is_well && self->was_endangered && g_strcmp0(self->wrong, wrong) != 0)
        g_warning("this host was endangered, and is not healthy yet: %s", wrong);
    if (self->is_well && self->was_endangered)
        g_message("this host was endangered; a check of its disks and memory found it healthy");
    g_free(self->wrong);
    self->wrong = self->is_well ? NULL : g_strdup(wrong);
    if (self->is_well)
        self->was_endangered = FALSE;
    else
        self->well_since_us = g_get_monotonic_time();
}

static void
on_checked(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autofree Reply *reply = user_data;
    g_autoptr(OmenRecovery) self = reply->recovery;
    g_autoptr(GError) error = NULL;
    g_autofree char *wrong = omen_workers_run_finish(result, &error);

    if (reply->turn != self->turn || self->is_over)
        return;
    if (!wrong)
        wrong = g_strdup_printf("a check of its disk hangs: %s", error->message);
    take_answer(self, wrong);
}

/* One that hangs in its thread is joined by no second one. */
static void
check_now(OmenRecovery *self)
{
    Check *check;
    Reply *reply;

    self->checked_us = g_get_monotonic_time();
    if (!g_atomic_int_compare_and_exchange(self->is_busy, 0, 1))
        return;
    check = g_new(Check, 1);
    *check = (Check){g_strdup(self->folder), g_atomic_rc_box_acquire(self->is_busy)};
    reply = g_new(Reply, 1);
    *reply = (Reply){g_object_ref(self), self->turn};
    omen_workers_run_async(self->workers, NULL, check_work, check, check_free, g_free,
                           CHECK_DEADLINE_S, on_checked, reply);
}

void
omen_recovery_note(OmenRecovery *self, gboolean is_endangered)
{
    gint64 now_us = g_get_monotonic_time();

    if (is_endangered) {
        self->turn += self->is_endangered ? 0 : 1;
        self->is_endangered = self->was_endangered = TRUE;
        self->is_over = self->is_well = FALSE;
        self->well_since_us = now_us;
        self->checked_us = 0;
        g_clear_pointer(&self->wrong, g_free);
        return;
    }
    self->is_endangered = FALSE;
    if (self->folder && !self->is_over &&
        (self->checked_us == 0 ||
         now_us - self->checked_us >= (gint64) self->interval_s * G_USEC_PER_SEC))
        check_now(self);
}

void
omen_recovery_vouch(OmenRecovery *self)
{
    self->was_endangered = FALSE;
}

const char *
omen_recovery_get_doubt(OmenRecovery *self)
{
    if (!self->was_endangered || self->is_endangered)
        return NULL;
    return self->wrong ? self->wrong : NOT_CHECKED;
}

gboolean
omen_recovery_is_over(OmenRecovery *self, guint for_s)
{
    return !self->is_endangered && !self->is_over && self->is_well &&
           g_get_monotonic_time() - self->well_since_us >= (gint64) for_s * G_USEC_PER_SEC;
}

void
omen_recovery_end(OmenRecovery *self)
{
    self->is_over = TRUE;
}
