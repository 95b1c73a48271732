/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/health.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define ATTRIBUTE      "#health-omen"
#define REFRESH_S      60
#define COMMAND_TIME_S 20

struct _OmenHealth {
    GObject parent_instance;

    OmenRegistry *omens;
    char *attrd_updater;
    char *condition_file;
    gboolean observing;
    OmenHealthLevel level;
    gint64 since_us; /* of the level */
    char *text;      /* that was told last */
    guint tell_source;
    guint refresh_source;
    GSubprocess *process; /* attrd_updater at work */
    guint timeout_source;
    gboolean is_stale; /* the level changed while it was */
    gboolean is_writing;
    gboolean must_write;
    char *problem;
};

G_DEFINE_FINAL_TYPE(OmenHealth, omen_health, G_TYPE_OBJECT)

static void
omen_health_dispose(GObject *object)
{
    OmenHealth *self = OMEN_HEALTH(object);

    g_clear_handle_id(&self->tell_source, g_source_remove);
    g_clear_handle_id(&self->refresh_source, g_source_remove);
    g_clear_handle_id(&self->timeout_source, g_source_remove);
    if (self->process)
        g_subprocess_force_exit(self->process);
    g_clear_object(&self->process);
    if (self->omens)
        g_signal_handlers_disconnect_by_data(self->omens, self);
    g_clear_object(&self->omens);
    G_OBJECT_CLASS(omen_health_parent_class)->dispose(object);
}

static void
omen_health_finalize(GObject *object)
{
    OmenHealth *self = OMEN_HEALTH(object);

    g_free(self->attrd_updater);
    g_free(self->condition_file);
    g_free(self->text);
    g_free(self->problem);
    G_OBJECT_CLASS(omen_health_parent_class)->finalize(object);
}

static void
omen_health_class_init(OmenHealthClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_health_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_health_finalize;
}

static void
omen_health_init(OmenHealth *self)
{
    self->since_us = g_get_real_time();
}

/* Fills @health, which is to be cleared. */
static void
assess(OmenHealth *self, OmenHostHealth *health)
{
    omen_host_health_assess(health, self->omens, g_get_real_time());
    if (!self->observing || !health->cause)
        return;
    omen_host_health_clear(health);
    *health = (OmenHostHealth){.level = OMEN_HEALTH_GREEN,
                               .text = g_strdup("mode observe: signs are only recorded")};
}

/* Said once for each reason. */
static void
set_problem(OmenHealth *self, const char *what, const char *problem)
{
    g_autofree char *text = problem ? g_strdup_printf("%s: %s", what, problem) : NULL;

    if (text && g_strcmp0(text, self->problem) != 0)
        g_warning("neighbours: %s", text);
    g_free(self->problem);
    self->problem = g_steal_pointer(&text);
}

/* ---- Pacemaker ---- */

static void set_attribute(OmenHealth *self);

static void
on_attribute_set(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenHealth) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_clear_handle_id(&self->timeout_source, g_source_remove);
    g_clear_object(&self->process);
    if (!self->omens) /* disposed */
        return;
    if (!g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, NULL, &text, &error))
        set_problem(self, ATTRIBUTE, error->message);
    else if (!g_subprocess_get_successful(G_SUBPROCESS(source)))
        set_problem(self, ATTRIBUTE, text && *text ? g_strchomp(text) : "attrd_updater failed");
    else
        set_problem(self, NULL, NULL);
    if (self->is_stale)
        set_attribute(self);
}

static gboolean
on_late(gpointer user_data)
{
    OmenHealth *self = user_data;

    self->timeout_source = 0;
    g_subprocess_force_exit(self->process);
    return G_SOURCE_REMOVE;
}

static void
set_attribute(OmenHealth *self)
{
    g_autoptr(GError) error = NULL;

    self->is_stale = self->process != NULL;
    if (!self->attrd_updater || self->process)
        return;
    self->process = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
        self->attrd_updater, "-n", ATTRIBUTE, "-U", omen_health_level_to_string(self->level), NULL);
    if (!self->process) {
        set_problem(self, ATTRIBUTE, error->message);
        return;
    }
    self->timeout_source = g_timeout_add_seconds(COMMAND_TIME_S, on_late, self);
    g_subprocess_communicate_utf8_async(self->process, NULL, NULL, on_attribute_set,
                                        g_object_ref(self));
}

/* ---- the file of conditions ---- */

static void
add(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

/* (transfer full). */
static char *
describe(OmenHealth *self, const OmenHostHealth *health)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GDateTime) since = g_date_time_new_from_unix_utc(self->since_us / G_USEC_PER_SEC);
    g_autofree char *time = g_date_time_format(since, "%Y-%m-%dT%H:%M:%SZ");

    json_builder_begin_object(builder);
    add(builder, "source", "virt-omen");
    add(builder, "health", omen_health_level_to_string(self->level));
    json_builder_set_member_name(builder, "conditions");
    json_builder_begin_array(builder);
    json_builder_begin_object(builder);
    add(builder, "type", "HostFailureForeseen");
    add(builder, "status", self->level == OMEN_HEALTH_RED ? "True" : "False");
    add(builder, "lastTransitionTime", time);
    add(builder, "reason",
        health->cause     ? omen_failure_class_to_string(health->cause->failure_class)
        : self->observing ? "OnlyObserved"
                          : "NoSignOfFailure");
    add(builder, "message", health->text);
    json_builder_end_object(builder);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

static void write_conditions(OmenHealth *self);

static void
on_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenHealth) self = user_data;
    g_autoptr(GError) error = NULL;

    self->is_writing = FALSE;
    if (!g_file_replace_contents_finish(G_FILE(source), result, NULL, &error))
        set_problem(self, self->condition_file, error->message);
    if (self->omens && self->must_write)
        write_conditions(self);
}

static void
write_conditions(OmenHealth *self)
{
    g_autoptr(GFile) file = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_auto(OmenHostHealth) health = {0};
    char *text;

    self->must_write = self->is_writing;
    if (!self->condition_file || !*self->condition_file || self->is_writing)
        return;
    assess(self, &health);
    text = describe(self, &health);
    bytes = g_bytes_new_take(text, strlen(text));
    file = g_file_new_for_path(self->condition_file);
    self->is_writing = TRUE;
    g_file_replace_contents_bytes_async(file, bytes, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION,
                                        NULL, on_written, g_object_ref(self));
}

/* ---- both ---- */

static gboolean
on_tell(gpointer user_data)
{
    OmenHealth *self = user_data;
    g_auto(OmenHostHealth) health = {0};

    self->tell_source = 0;
    assess(self, &health);
    if (g_strcmp0(health.text, self->text) != 0) {
        g_free(self->text);
        self->text = g_strdup(health.text);
        write_conditions(self);
    }
    if (health.level == self->level)
        return G_SOURCE_REMOVE;
    self->level = health.level;
    self->since_us = g_get_real_time();
    g_message("the neighbours are told: this host's health is %s: %s",
              omen_health_level_to_string(health.level), health.text);
    set_attribute(self);
    write_conditions(self);
    return G_SOURCE_REMOVE;
}

/* Soon, and once for a burst. */
static void
look(OmenHealth *self)
{
    if (!self->tell_source)
        self->tell_source = g_idle_add(on_tell, self);
}

static gboolean
on_refresh(gpointer user_data)
{
    OmenHealth *self = user_data;

    g_clear_handle_id(&self->tell_source, g_source_remove);
    on_tell(self);
    set_attribute(self);
    write_conditions(self);
    return G_SOURCE_CONTINUE;
}

OmenHealth *
omen_health_new(OmenRegistry *omens)
{
    OmenHealth *self = g_object_new(OMEN_TYPE_HEALTH, NULL);

    self->omens = g_object_ref(omens);
    g_signal_connect_swapped(omens, "added", G_CALLBACK(look), self);
    g_signal_connect_swapped(omens, "changed", G_CALLBACK(look), self);
    g_signal_connect_swapped(omens, "removed", G_CALLBACK(look), self);
    self->refresh_source = g_timeout_add_seconds(REFRESH_S, on_refresh, self);
    return self;
}

void
omen_health_configure(OmenHealth *self, const char *attrd_updater, const char *condition_file)
{
    g_auto(OmenHostHealth) health = {0};

    g_free(self->attrd_updater);
    self->attrd_updater = g_strdup(attrd_updater);
    g_free(self->condition_file);
    self->condition_file = g_strdup(condition_file);
    assess(self, &health);
    self->level = health.level;
    set_attribute(self);
    write_conditions(self);
}

void
omen_health_set_observing(OmenHealth *self, gboolean observing)
{
    self->observing = observing;
    look(self);
}

OmenHealthLevel
omen_health_get_level(OmenHealth *self)
{
    return self->level;
}
