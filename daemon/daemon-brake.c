/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where other hosts are endangered by what this one is endangered by, nothing is moved from here
 * without an operator: what the fleet's brake is told, and what it says. */
#include "daemon-private.h"

#include "fleet/brake.h"
#include "fleet/fleet.h"
#include "response/policy.h"

#include <sys/utsname.h>

/* An omen is acted upon without the others' rows where they do not come by then. */
#define READ_DEADLINE_S 5

#define ADVICE                                                                                     \
    "a common cause is likely, and moving would not help; waits for approval (the fleet's brake)"

/* An omen about which the others are to be asked. */
typedef struct {
    guint64 omen_id;
    gint64 due_us; /* monotonic: the others have had time to say the same */
} Question;

struct _OmenDaemonBrake {
    OmenFleetBrake *brake;
    OmenDaemonTakeRows take_rows;
    char *kernel;
    char *told;        /* (nullable): the cause of which was told that it holds */
    char *shown;       /* (nullable): what the bus was told */
    GArray *questions; /* Question: not read for yet */
    guint timer;
};

static OmenFleetMoment
get_moment(void)
{
    return (OmenFleetMoment){g_get_real_time(), g_get_monotonic_time()};
}

static void
brake_free(OmenDaemonBrake *self)
{
    omen_fleet_brake_free(self->brake);
    g_free(self->kernel);
    g_free(self->told);
    g_free(self->shown);
    g_array_unref(self->questions);
    g_free(self);
}

/* ---- this host's row ---- */

/* It endangers somebody, and neither a guest nor a user of this host could have feigned it. */
static gboolean
is_told(Omen *omen, gint64 now_us)
{
    const OmenData *data = omen_get_data(omen);

    return omen_is_open(omen, now_us) && data->is_proven && data->scope != OMEN_SCOPE_GUEST &&
           !omen_data_is_noted(data) &&
           (data->is_reach_sought ||
            omen_policy_decide(OMEN_MODE_ENFORCE, data).endangers != OMEN_ENDANGERS_NOBODY);
}

static void
replace(char **field, char *text)
{
    g_free(*field);
    *field = text;
}

static OmenFleetSign *
describe_sign(OmenDaemon *self, const OmenData *data)
{
    OmenFleetSign *sign = omen_fleet_sign_new();
    const char *line = data->records->len > 0 ? g_ptr_array_index(data->records, 0) : "";

    replace(&sign->failure_class, g_strdup(omen_failure_class_to_string(data->failure_class)));
    replace(&sign->line, omen_fleet_sign_hash_line(line));
    replace(&sign->reason, g_strdup(data->reason));
    replace(&sign->storage, g_strdup(omen_daemon_find_storage(self, data)));
    sign->raised_us = data->time_us;
    return sign;
}

/* Thirty guests that meet one error are told of once, by the newest. */
static gboolean
has_like(const GPtrArray *signs, const OmenFleetSign *sign)
{
    for (guint i = 0; i < signs->len; i++) {
        const OmenFleetSign *other = g_ptr_array_index(signs, i);
        if (g_str_equal(other->failure_class, sign->failure_class) &&
            g_str_equal(other->line, sign->line) && g_str_equal(other->storage, sign->storage))
            return TRUE;
    }
    return FALSE;
}

static void
add_sign(OmenDaemon *self, OmenFleetHost *host, const OmenData *data)
{
    OmenFleetSign *sign = describe_sign(self, data);

    if (has_like(host->signs, sign))
        omen_fleet_sign_free(sign);
    else
        g_ptr_array_add(host->signs, sign);
}

static int
compare_newest(gconstpointer a, gconstpointer b)
{
    gint64 left = omen_get_data(*(Omen *const *) a)->time_us;
    gint64 right = omen_get_data(*(Omen *const *) b)->time_us;

    return left > right ? -1 : left < right;
}

void
omen_daemon_describe_signs(OmenDaemon *self, OmenFleetHost *host)
{
    OmenDaemonBrake *brake = self->fleet_brake;
    g_autoptr(GPtrArray) omens = omen_registry_list(self->omens);
    OmenFleetMoment now = get_moment();
    const OmenFleetCause *cause;

    if (!brake)
        return;
    replace(&host->kernel, g_strdup(brake->kernel));
    g_strfreev(host->storage);
    host->storage = omen_daemon_list_storage(self);
    g_ptr_array_sort(omens, compare_newest);
    for (guint i = 0; i < omens->len && host->signs->len < OMEN_FLEET_MAX_SIGNS; i++) {
        Omen *omen = g_ptr_array_index(omens, i);
        if (is_told(omen, now.real_us))
            add_sign(self, host, omen_get_data(omen));
    }
    cause = omen_fleet_brake_get_cause(brake->brake, &now);
    if (!cause)
        return;
    replace(&host->brake, g_strdup(cause->key));
    replace(&host->brake_text, g_strdup(cause->text));
    host->brake_since_us = (guint64) cause->since_us;
}

/* ---- what the rows come to ---- */

/* Of the hosts that have it in common one warns: it is one event. */
static void
tell_change(OmenDaemon *self, const OmenFleetCause *cause, const char *text)
{
    if (!cause)
        g_message("fleet: the brake is released; what waits for approval still waits");
    else if (g_strcmp0(g_ptr_array_index(cause->hosts, 0), omen_daemon_get_fleet_name(self)) == 0)
        g_warning("fleet: %s: none of them moves anything without approval", text);
    else
        g_message("fleet: %s: nothing moves from here without approval", text);
}

static void
update_told(OmenDaemon *self)
{
    OmenDaemonBrake *brake = self->fleet_brake;
    OmenFleetMoment now = get_moment();
    g_autofree char *text = omen_fleet_brake_describe(brake->brake, &now);
    const OmenFleetCause *cause = omen_fleet_brake_get_cause(brake->brake, &now);
    const char *key = cause ? cause->key : NULL;

    if (g_strcmp0(key, brake->told) != 0) {
        tell_change(self, cause, text);
        replace(&brake->told, g_strdup(key));
    }
    if (g_strcmp0(text, brake->shown) == 0)
        return;
    replace(&brake->shown, g_steal_pointer(&text));
    omen_controller_emit_status_changed(OMEN_CONTROLLER(self));
}

void
omen_daemon_update_brake(OmenDaemon *self, GPtrArray *hosts)
{
    OmenDaemonBrake *brake = self->fleet_brake;
    OmenFleetMoment now = get_moment();

    if (!brake)
        return;
    omen_daemon_look_at_storage(self);
    if (hosts)
        omen_fleet_brake_look(brake->brake, hosts, omen_fleet_member_get_host(self->fleet_member),
                              &now);
    update_told(self);
}

gboolean
omen_daemon_is_braked(OmenDaemon *self)
{
    OmenFleetMoment now = get_moment();

    return self->fleet_brake && omen_fleet_brake_holds(self->fleet_brake->brake, &now);
}

char *
omen_daemon_describe_brake(OmenDaemon *self)
{
    OmenFleetMoment now = get_moment();

    return self->fleet_brake ? omen_fleet_brake_describe(self->fleet_brake->brake, &now) : NULL;
}

/* ---- before an omen is acted upon ---- */

/* A reading of the others' rows for some omens. */
typedef struct {
    OmenDaemon *daemon;
    OmenDaemonTakeRows take_rows;
    GArray *questions;
    guint deadline; /* 0: they were answered */
} Reading;

static void
reading_free(Reading *self)
{
    g_array_unref(self->questions);
    g_object_unref(self->daemon);
    g_free(self);
}

static void
answer(OmenDaemon *self, const Question *question)
{
    g_autofree char *text = omen_daemon_describe_brake(self);
    g_autofree char *against = text ? g_strdup_printf("%s: %s", text, ADVICE) : NULL;

    omen_responder_answer(self->responder, question->omen_id, against);
}

static void
answer_all(Reading *self)
{
    self->deadline = 0;
    if (!self->daemon->fleet_brake)
        return;
    for (guint i = 0; i < self->questions->len; i++)
        answer(self->daemon, &g_array_index(self->questions, Question, i));
}

static gboolean
on_read_deadline(gpointer user_data)
{
    g_message("fleet: the rows of the other hosts cannot be read: this host decides on its own");
    answer_all(user_data);
    return G_SOURCE_REMOVE;
}

static void
on_read(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    Reading *self = user_data;
    GPtrArray *hosts = omen_fleet_list_finish_all(result, NULL);

    if (hosts)
        self->take_rows(self->daemon, hosts);
    if (self->deadline != 0) {
        g_source_remove(self->deadline);
        answer_all(self);
    }
    reading_free(self);
}

/* (transfer full): those that are due. */
static GArray *
take_due(OmenDaemonBrake *self)
{
    GArray *due = g_array_new(FALSE, FALSE, sizeof(Question));

    for (guint i = self->questions->len; i-- > 0;) {
        Question question = g_array_index(self->questions, Question, i);
        if (question.due_us > g_get_monotonic_time())
            continue;
        g_array_append_val(due, question);
        g_array_remove_index(self->questions, i);
    }
    return due;
}

static void arm(OmenDaemon *self);

static gboolean
on_due(gpointer user_data)
{
    OmenDaemon *self = user_data;
    OmenDaemonBrake *brake = self->fleet_brake;
    g_autoptr(GArray) due = take_due(brake);
    Reading *reading;

    brake->timer = 0;
    if (due->len > 0) {
        reading = g_new0(Reading, 1);
        reading->daemon = g_object_ref(self);
        reading->take_rows = brake->take_rows;
        reading->questions = g_steal_pointer(&due);
        reading->deadline = g_timeout_add_seconds(READ_DEADLINE_S, on_read_deadline, reading);
        omen_fleet_list_async(self->etcd, on_read, reading);
    }
    arm(self);
    return G_SOURCE_REMOVE;
}

static void
arm(OmenDaemon *self)
{
    OmenDaemonBrake *brake = self->fleet_brake;
    gint64 next_us = G_MAXINT64;

    g_clear_handle_id(&brake->timer, g_source_remove);
    for (guint i = 0; i < brake->questions->len; i++)
        next_us = MIN(next_us, g_array_index(brake->questions, Question, i).due_us);
    if (brake->questions->len > 0)
        brake->timer = g_timeout_add(
            (guint) (MAX(next_us - g_get_monotonic_time(), 0) / G_TIME_SPAN_MILLISECOND) + 1,
            on_due, self);
}

/* Hosts that have one cause do not notice it in the same moment, nor do their rows come at once. */
static void
on_ask(guint64 omen_id, gpointer user_data)
{
    OmenDaemon *self = user_data;
    Omen *omen = omen_registry_lookup(self->omens, omen_id);
    gint64 age_us = g_get_real_time() - omen_get_data(omen)->time_us;
    gint64 wait_us = (gint64) self->configuration->brake.wait_s * G_USEC_PER_SEC;
    Question question = {omen_id, g_get_monotonic_time() + CLAMP(wait_us - age_us, 0, wait_us)};

    if (omen_fleet_member_get_alone_since_us(self->fleet_member) > 0) {
        answer(self, &question);
        return;
    }
    g_array_append_val(self->fleet_brake->questions, question);
    arm(self);
}

void
omen_daemon_start_brake(OmenDaemon *self, OmenDaemonTakeRows take_rows)
{
    const OmenBrakeSettings *settings = &self->configuration->brake;
    const OmenFleetBrakeSettings for_fleet = {
        .terms = {settings->hosts, settings->percent, settings->window_s},
        .release_s = settings->release_s,
    };
    OmenDaemonBrake *brake;
    struct utsname name;

    if (settings->hosts == 0)
        return;
    brake = g_new0(OmenDaemonBrake, 1);
    brake->brake = omen_fleet_brake_new(&for_fleet);
    brake->take_rows = take_rows;
    brake->kernel = g_strdup(uname(&name) == 0 ? name.release : "");
    brake->questions = g_array_new(FALSE, FALSE, sizeof(Question));
    self->fleet_brake = brake;
    self->storage = omen_daemon_storage_new();
    omen_responder_set_ask(self->responder, on_ask, self);
}

void
omen_daemon_stop_brake(OmenDaemon *self)
{
    if (!self->fleet_brake)
        return;
    omen_responder_set_ask(self->responder, NULL, NULL);
    g_clear_handle_id(&self->fleet_brake->timer, g_source_remove);
    g_clear_pointer(&self->fleet_brake, brake_free);
    g_clear_pointer(&self->storage, omen_daemon_storage_free);
}
