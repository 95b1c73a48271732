/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/omen.h"

#include "omen/cause.h"

#include <virt-omen/text.h>

#define MAX_NAME 256

static const char *const action_words[OMEN_N_ACTIONS] = {
    [OMEN_ACTION_RECORDED] = "recorded",     [OMEN_ACTION_PROPOSED] = "proposed",
    [OMEN_ACTION_EVACUATING] = "evacuating", [OMEN_ACTION_FINISHED] = "finished",
    [OMEN_ACTION_DISMISSED] = "dismissed",   [OMEN_ACTION_CLEARED] = "cleared",
};

static const char *const fate_words[OMEN_N_FATES] = {
    [OMEN_FATE_UNKNOWN] = "",
    [OMEN_FATE_NOTHING] = "nothing",
    [OMEN_FATE_REPAIRED] = "repaired",
    [OMEN_FATE_FAILED] = "failed",
    [OMEN_FATE_CONFIRMED] = "confirmed",
    [OMEN_FATE_DISMISSED] = "dismissed",
};

static const char *const hold_words[OMEN_N_HOLDS] = {
    [OMEN_HOLD_NONE] = "",
    [OMEN_HOLD_WAITING] = "waiting",
    [OMEN_HOLD_ASKING] = "asking",
};

struct _Omen {
    GObject parent_instance;

    OmenData *data;
};

G_DEFINE_TYPE(Omen, omen, G_TYPE_OBJECT)

enum {
    SIGNAL_CHANGED,
    N_SIGNALS
};
static guint signals[N_SIGNALS];

/* The place of @word in @words; @n: none of them. */
static guint
find_word(const char *const *words, guint n, const char *word)
{
    guint i = 0;

    while (i < n && g_strcmp0(word, words[i]) != 0)
        i++;
    return i;
}

const char *
omen_action_to_string(OmenAction action)
{
    g_return_val_if_fail((guint) action < OMEN_N_ACTIONS, NULL);
    return action_words[action];
}

gboolean
omen_action_from_string(const char *word, OmenAction *out)
{
    guint place = find_word(action_words, OMEN_N_ACTIONS, word);

    *out = place < OMEN_N_ACTIONS ? (OmenAction) place : *out;
    return place < OMEN_N_ACTIONS;
}

const char *
omen_fate_to_string(OmenFate fate)
{
    g_return_val_if_fail((guint) fate < OMEN_N_FATES, NULL);
    return fate_words[fate];
}

gboolean
omen_fate_from_string(const char *word, OmenFate *out)
{
    guint place = find_word(fate_words, OMEN_N_FATES, word);

    *out = place < OMEN_N_FATES ? (OmenFate) place : *out;
    return place < OMEN_N_FATES;
}

const char *
omen_hold_to_string(OmenHold hold)
{
    g_return_val_if_fail((guint) hold < OMEN_N_HOLDS, NULL);
    return hold_words[hold];
}

gboolean
omen_hold_from_string(const char *word, OmenHold *out)
{
    guint place = find_word(hold_words, OMEN_N_HOLDS, word);

    *out = place < OMEN_N_HOLDS ? (OmenHold) place : *out;
    return place < OMEN_N_HOLDS;
}

OmenData *
omen_data_new(void)
{
    OmenData *self = g_new0(OmenData, 1);
    self->stream = g_strdup("");
    self->device = g_strdup("");
    self->domain_uuid = g_strdup("");
    self->domain_name = g_strdup("");
    self->writer = g_strdup("");
    self->reason = g_strdup("");
    self->outcome = g_strdup("");
    self->judges = g_strdup("");
    self->records = g_ptr_array_new_with_free_func(g_free);
    self->course = omen_course_new();
    self->normal = g_ptr_array_new_with_free_func(g_free);
    self->templates = g_array_new(FALSE, FALSE, sizeof(guint32));
    return self;
}

static gpointer
copy_line(gconstpointer line, gpointer user_data)
{
    return g_strdup(line);
}

OmenData *
omen_data_copy(const OmenData *self)
{
    OmenData *copy = g_new(OmenData, 1);
    *copy = *self;
    copy->stream = g_strdup(self->stream);
    copy->device = g_strdup(self->device);
    copy->device_reach = self->device_reach ? omen_device_reach_copy(self->device_reach) : NULL;
    copy->domain_uuid = g_strdup(self->domain_uuid);
    copy->domain_name = g_strdup(self->domain_name);
    copy->writer = g_strdup(self->writer);
    copy->reason = g_strdup(self->reason);
    copy->outcome = g_strdup(self->outcome);
    copy->judges = g_strdup(self->judges);
    copy->records = g_ptr_array_copy(self->records, copy_line, NULL);
    copy->course = omen_course_copy(self->course);
    copy->normal = g_ptr_array_copy(self->normal, copy_line, NULL);
    copy->templates = g_array_copy(self->templates);
    return copy;
}

void
omen_data_free(OmenData *self)
{
    if (self == NULL)
        return;
    g_free(self->stream);
    g_free(self->device);
    g_clear_pointer(&self->device_reach, omen_device_reach_free);
    g_free(self->domain_uuid);
    g_free(self->domain_name);
    g_free(self->writer);
    g_free(self->reason);
    g_free(self->outcome);
    g_free(self->judges);
    g_ptr_array_unref(self->records);
    g_ptr_array_unref(self->course);
    g_ptr_array_unref(self->normal);
    g_array_unref(self->templates);
    g_free(self);
}

static void
sanitise(char **text, gsize max_length)
{
    g_autofree char *raw = *text;
    *text = omen_text_sanitise(raw != NULL ? raw : "", -1, max_length);
}

/* A line more, if there is room for it. */
static void
keep_line(GPtrArray *lines, guint max_lines, const char *line)
{
    if (lines->len < max_lines)
        g_ptr_array_add(lines, omen_text_sanitise(line, -1, OMEN_MAX_TEXT));
}

/* (transfer full); takes @lines. */
static GPtrArray *
clean_lines(GPtrArray *lines, guint max_lines)
{
    g_autoptr(GPtrArray) raw = lines;
    GPtrArray *clean = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < raw->len; i++)
        keep_line(clean, max_lines, g_ptr_array_index(raw, i));
    return clean;
}

static void
keep_template(OmenData *data, guint32 template_id)
{
    if (data->templates->len >= OMEN_MAX_TEMPLATES)
        return;
    for (guint i = 0; i < data->templates->len; i++) {
        if (g_array_index(data->templates, guint32, i) == template_id)
            return;
    }
    g_array_append_val(data->templates, template_id);
}

static void
sanitise_reach(OmenDeviceReach *self)
{
    sanitise(&self->note, OMEN_MAX_TEXT);
    for (guint i = 0; i < self->uses->len; i++) {
        OmenDeviceUse *use = g_ptr_array_index(self->uses, i);
        sanitise(&use->uuid, MAX_NAME);
        sanitise(&use->name, MAX_NAME);
        sanitise(&use->chain, OMEN_MAX_TEXT);
    }
}

/* What was not joined yet, or was kept by an older version, is one step. */
static void
begin_course(OmenData *data)
{
    const OmenCourseStep step = {
        .time_us = data->time_us,
        .stream = data->stream,
        .scope = data->scope,
        .failure_class = data->failure_class,
        .device = data->device,
        .probability = data->probability,
        .n_records = data->n_records,
        .line = data->records->len > 0 ? g_ptr_array_index(data->records, 0) : (char *) "",
    };

    if (data->course->len == 0)
        omen_course_add(data->course, &step);
}

void
omen_data_sanitise(OmenData *self)
{
    sanitise(&self->stream, MAX_NAME);
    sanitise(&self->device, OMEN_DEVICE_MAX);
    if (self->device_reach)
        sanitise_reach(self->device_reach);
    sanitise(&self->domain_uuid, MAX_NAME);
    sanitise(&self->domain_name, MAX_NAME);
    sanitise(&self->writer, MAX_NAME);
    sanitise(&self->reason, OMEN_MAX_TEXT);
    sanitise(&self->outcome, OMEN_MAX_TEXT);
    sanitise(&self->judges, OMEN_MAX_TEXT);
    self->n_records = MAX(self->n_records, self->records->len);
    self->records = clean_lines(self->records, OMEN_MAX_RECORDS);
    self->normal = clean_lines(self->normal, OMEN_MAX_NORMAL);
    keep_template(self, self->template_id);
    if (self->templates->len > OMEN_MAX_TEMPLATES)
        g_array_set_size(self->templates, OMEN_MAX_TEMPLATES);
    self->last_us = MAX(self->last_us, self->time_us);
    begin_course(self);
}

static void
omen_finalize(GObject *object)
{
    Omen *self = OMEN_OMEN(object);

    omen_data_free(self->data);
    G_OBJECT_CLASS(omen_parent_class)->finalize(object);
}

static void
omen_class_init(OmenClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = omen_finalize;
    signals[SIGNAL_CHANGED] = g_signal_new("changed", OMEN_TYPE_OMEN, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 0);
}

static void
omen_init(Omen *self)
{
}

Omen *
omen_new(OmenData *data)
{
    Omen *self = g_object_new(OMEN_TYPE_OMEN, NULL);

    omen_data_sanitise(data);
    self->data = data;
    return self;
}

const OmenData *
omen_get_data(Omen *self)
{
    return self->data;
}

static void
emit_changed(Omen *self)
{
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

/* The earlier failure counts. */
static void
join_urgency(OmenData *data, const OmenData *detection)
{
    gint64 later_s = MAX(detection->time_us - data->time_us, 0) / G_USEC_PER_SEC;
    gint64 urgency_s = later_s + detection->urgency_s;

    if (detection->urgency_s > 0 && (data->urgency_s == 0 || urgency_s < data->urgency_s))
        data->urgency_s = (guint) urgency_s;
}

/* One task that hung, or a processor that was too hot, with a sign of another kind beside it. */
static gboolean
is_witnessed(const OmenData *self)
{
    return (self->failure_class == OMEN_FAILURE_HUNG_TASK ||
            self->failure_class == OMEN_FAILURE_THERMAL) &&
           omen_cause_count_witnesses(self) > 0;
}

gboolean
omen_data_is_noted(const OmenData *self)
{
    return self->probability < OMEN_NOTED_BELOW && !is_witnessed(self) &&
           (self->action == OMEN_ACTION_RECORDED || self->action == OMEN_ACTION_PROPOSED);
}

static void
replace(char **field, const char *value)
{
    char *copy = g_strdup(value);

    /* The value may be the field's own. */
    g_free(*field);
    *field = copy;
}

/* Whom it threatens: of a device that stays the same one what was found out of it stays as well. */
static void
take_place(OmenData *data, const OmenData *leader)
{
    gboolean is_of_device = data->scope == OMEN_SCOPE_DEVICE && !*data->domain_uuid;
    gboolean is_of_disk = *data->domain_uuid && (data->device_reach || data->is_reach_sought);

    if (is_of_device && leader->scope == OMEN_SCOPE_DEVICE && !*leader->domain_uuid)
        return;
    if (is_of_disk && g_str_equal(data->domain_uuid, leader->domain_uuid) &&
        data->failure_class == leader->failure_class)
        return;
    replace(&data->stream, leader->stream);
    replace(&data->device, leader->device);
    replace(&data->domain_uuid, leader->domain_uuid);
    replace(&data->domain_name, leader->domain_name);
    data->scope = leader->scope;
    g_clear_pointer(&data->device_reach, omen_device_reach_free);
    if (leader->device_reach)
        data->device_reach = omen_device_reach_copy(leader->device_reach);
    data->is_reach_sought = leader->is_reach_sought;
}

/* From now on the omen says what @leader says. TRUE: that is about something else than before. */
static gboolean
follow(OmenData *data, const OmenData *leader)
{
    gboolean is_other = data->failure_class != leader->failure_class ||
                        data->scope != leader->scope ||
                        data->migration_helps != leader->migration_helps ||
                        !g_str_equal(data->domain_uuid, leader->domain_uuid);

    take_place(data, leader);
    data->failure_class = leader->failure_class;
    data->probability = leader->probability;
    data->migration_helps = leader->migration_helps;
    data->template_id = leader->template_id;
    data->origin = leader->origin;
    replace(&data->writer, leader->writer);
    replace(&data->reason, leader->reason);
    replace(&data->judges, leader->judges);
    g_ptr_array_unref(data->normal);
    data->normal = g_ptr_array_copy(leader->normal, copy_line, NULL);
    return is_other;
}

static void
join_lines(OmenData *data, const OmenData *detection)
{
    for (guint i = 0; i < detection->records->len; i++)
        keep_line(data->records, OMEN_MAX_RECORDS, g_ptr_array_index(detection->records, i));
    data->n_records += MAX(detection->n_records, detection->records->len);
    omen_course_join(data->course, detection->course);
    if (!g_str_equal(data->stream, detection->stream))
        return; /* templates are numbered by stream */
    keep_template(data, detection->template_id);
    for (guint i = 0; i < detection->templates->len; i++)
        keep_template(data, g_array_index(detection->templates, guint32, i));
}

gboolean
omen_join(Omen *self, const OmenData *detection)
{
    OmenData *data = self->data;
    gboolean is_stronger = omen_cause_is_stronger(detection, data);
    gboolean is_other;

    if (is_stronger && !g_str_equal(data->stream, detection->stream))
        g_array_set_size(data->templates, 0);
    join_urgency(data, detection);
    is_other = is_stronger && follow(data, detection);
    join_lines(data, detection);
    data->last_us = MAX(data->last_us, MAX(detection->time_us, detection->last_us));
    data->expires_us = MAX(data->expires_us, detection->expires_us);
    emit_changed(self);
    return is_other;
}

void
omen_set_part_of(Omen *self, guint64 part_of)
{
    self->data->part_of = part_of;
    emit_changed(self);
}

void
omen_set_action(Omen *self, OmenAction action)
{
    if (self->data->action == action)
        return;
    self->data->action = action;
    emit_changed(self);
}

void
omen_set_hold(Omen *self, OmenHold hold)
{
    if (self->data->hold == hold)
        return;
    self->data->hold = hold;
    emit_changed(self);
}

void
omen_set_outcome(Omen *self, const char *outcome)
{
    g_autofree char *clean = omen_text_sanitise(outcome, -1, OMEN_MAX_TEXT);

    if (g_str_equal(self->data->outcome, clean))
        return;
    g_free(self->data->outcome);
    self->data->outcome = g_steal_pointer(&clean);
    emit_changed(self);
}

gboolean
omen_set_fate(Omen *self, OmenFate fate, gint64 time_us)
{
    OmenData *data = self->data;
    gboolean is_word = fate == OMEN_FATE_CONFIRMED || fate == OMEN_FATE_DISMISSED;
    gboolean bears_out = data->fate == OMEN_FATE_CONFIRMED && fate == OMEN_FATE_FAILED;

    if (data->fate == fate || (!is_word && !bears_out && data->fate >= fate))
        return FALSE;
    data->fate = fate;
    data->fate_us = time_us;
    emit_changed(self);
    return TRUE;
}

void
omen_set_device_reach(Omen *self, const OmenDeviceReach *reach)
{
    g_clear_pointer(&self->data->device_reach, omen_device_reach_free);
    self->data->device_reach = omen_device_reach_copy(reach);
    sanitise_reach(self->data->device_reach);
    self->data->is_reach_sought = FALSE;
    emit_changed(self);
}

gboolean
omen_data_is_of_host(const OmenData *self)
{
    if (*self->domain_uuid || self->is_reach_sought)
        return FALSE;
    return self->scope == OMEN_SCOPE_HOST ||
           (self->scope == OMEN_SCOPE_DEVICE &&
            (!self->device_reach || self->device_reach->reach == OMEN_REACH_HOST));
}

gboolean
omen_data_is_tentative(const OmenData *self)
{
    return self->failure_class == OMEN_FAILURE_UNKNOWN &&
           (self->action == OMEN_ACTION_RECORDED || self->action == OMEN_ACTION_PROPOSED);
}

gboolean
omen_data_is_shared(const OmenData *self)
{
    return self->device_reach && self->device_reach->is_shared;
}

gboolean
omen_data_does_moving_help(const OmenData *self)
{
    return self->migration_helps && !omen_data_is_shared(self);
}

gboolean
omen_data_reaches(const OmenData *self, const char *uuid)
{
    return self->device_reach && omen_device_reach_includes(self->device_reach, uuid);
}

gboolean
omen_is_open(Omen *self, gint64 now_us)
{
    const OmenData *data = self->data;

    return data->action != OMEN_ACTION_DISMISSED && data->action != OMEN_ACTION_CLEARED &&
           data->expires_us > now_us;
}
