/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/agent-source.h"

#include "hypervisor/agent-log.h"

#include <string.h>
#include <virt-omen/line-format.h>
#include <virt-omen/text.h>

#define REFUSED_S      600 /* before one who refused is asked again */
#define MESSAGE_MAX    4096
#define IDENTIFIER_MAX 64
#define SCRATCH        8192

struct _OmenAgentSource {
    OmenSource parent_instance;

    OmenHypervisor *hypervisor;
    char *uuid;
    guint period_s;
    guint timer;
    OmenAgentLogPlace place;
    gboolean is_asking;
    gboolean is_resting;
    gboolean is_reading;
    gboolean stopped;
    gint64 not_before_us;
};

G_DEFINE_FINAL_TYPE(OmenAgentSource, omen_agent_source, OMEN_TYPE_SOURCE)

static void
take_line(OmenAgentSource *self, const char *line, gsize length)
{
    char scratch[SCRATCH];
    OmenLineContext context = {
        .now_us = g_get_real_time(), .scratch = scratch, .scratch_size = sizeof scratch};
    OmenRecord record = {0};
    g_autofree char *identifier = NULL;
    g_autofree char *message = NULL;

    if (length == 0)
        return;
    omen_line_format_parse(self->place.kind == OMEN_AGENT_LOG_JOURNAL ? OMEN_LINE_FORMAT_JOURNAL
                                                                      : OMEN_LINE_FORMAT_AUTO,
                           &context, line, length, &record);
    identifier =
        omen_text_sanitise(record.identifier, (gssize) record.identifier_length, IDENTIFIER_MAX);
    message = omen_text_sanitise(record.message, (gssize) record.message_length, MESSAGE_MAX);
    record.time_us = context.now_us;
    record.identifier = identifier;
    record.identifier_length = strlen(identifier);
    record.message = message;
    record.message_length = strlen(message);
    omen_source_emit(OMEN_SOURCE(self), &record);
}

static void
take_lines(OmenAgentSource *self, const char *text)
{
    while (*text && !self->stopped) {
        gsize length = strcspn(text, "\n");
        take_line(self, text, length);
        text += length + (text[length] ? 1 : 0);
    }
}

static void
on_fetched(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenAgentSource) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    self->is_asking = FALSE;
    if (self->stopped)
        return;
    text = omen_agent_log_read_finish(result, &self->place, &error);
    self->is_reading = text != NULL;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
        self->not_before_us = g_get_monotonic_time() + (gint64) REFUSED_S * G_USEC_PER_SEC;
    omen_source_set_problem(OMEN_SOURCE(self), error ? error->message : NULL);
    if (text)
        take_lines(self, text);
}

static gboolean
on_period(gpointer user_data)
{
    OmenAgentSource *self = user_data;
    const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, self->uuid);

    if (self->is_resting || self->is_asking || !info || info->state != VIR_DOMAIN_RUNNING ||
        g_get_monotonic_time() < self->not_before_us)
        return G_SOURCE_CONTINUE;
    self->is_asking = TRUE;
    omen_agent_log_read_async(self->hypervisor, self->uuid, &self->place, on_fetched,
                              g_object_ref(self));
    return G_SOURCE_CONTINUE;
}

static void
omen_agent_source_start(OmenSource *source)
{
    OmenAgentSource *self = OMEN_AGENT_SOURCE(source);
    g_autofree char *bookmark = omen_source_dup_bookmark(source);

    omen_agent_log_place_from_string(&self->place, bookmark);
    self->timer = g_timeout_add_seconds(self->period_s, on_period, self);
}

static void
omen_agent_source_stop(OmenSource *source)
{
    OmenAgentSource *self = OMEN_AGENT_SOURCE(source);

    self->stopped = TRUE;
    g_clear_handle_id(&self->timer, g_source_remove);
}

static char *
omen_agent_source_dup_bookmark(OmenSource *source)
{
    return omen_agent_log_place_to_string(&OMEN_AGENT_SOURCE(source)->place);
}

static void
omen_agent_source_finalize(GObject *object)
{
    OmenAgentSource *self = OMEN_AGENT_SOURCE(object);

    g_clear_handle_id(&self->timer, g_source_remove);
    omen_agent_log_place_clear(&self->place);
    g_object_unref(self->hypervisor);
    g_free(self->uuid);
    G_OBJECT_CLASS(omen_agent_source_parent_class)->finalize(object);
}

static void
omen_agent_source_class_init(OmenAgentSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_agent_source_finalize;
    source_class->start = omen_agent_source_start;
    source_class->stop = omen_agent_source_stop;
    source_class->dup_bookmark = omen_agent_source_dup_bookmark;
}

static void
omen_agent_source_init(OmenAgentSource *self)
{
    self->is_resting = TRUE;
}

OmenSource *
omen_agent_source_new(OmenHypervisor *hypervisor,
                      const char *uuid,
                      const char *name,
                      guint period_s,
                      const char *bookmark)
{
    g_autofree char *source_name = g_strconcat("pull:", name, NULL);
    OmenAgentSource *self = g_object_new(OMEN_TYPE_AGENT_SOURCE, "name", source_name, "provenance",
                                         (int) OMEN_PROVENANCE_GUEST, "bookmark", bookmark, NULL);

    self->hypervisor = g_object_ref(hypervisor);
    self->uuid = g_strdup(uuid);
    self->period_s = period_s;
    return OMEN_SOURCE(self);
}

void
omen_agent_source_set_resting(OmenAgentSource *self, gboolean resting)
{
    /* What is said while it rests is heard: it begins at the end then. */
    if (resting)
        omen_agent_log_place_clear(&self->place);
    self->is_resting = resting;
}

gboolean
omen_agent_source_is_reading(OmenAgentSource *self)
{
    return self->is_reading && !self->is_resting;
}
