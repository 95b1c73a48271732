/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/heartbeat-source.h"

#include "source/health/pulse.h"

#include <string.h>

/* A question that hangs keeps no other from finding out that it may: a domain that migrates. */
#define MAX_QUESTIONS 2

struct _OmenHeartbeatSource {
    OmenSource parent_instance;

    OmenProber *prober; /* NULL: by beats */
    OmenProbeKind kind;
    char *uuid;
    const char *who;
    OmenHeartbeatFunc beats;
    gpointer beats_data;
    guint period_s;
    OmenPulse pulse;
    guint timer;
    OmenProbe *asked[MAX_QUESTIONS]; /* what is not answered yet */
    gboolean stopped;
};

G_DEFINE_FINAL_TYPE(OmenHeartbeatSource, omen_heartbeat_source, OMEN_TYPE_SOURCE)

static void
tell(OmenHeartbeatSource *self, gint64 now_us)
{
    static const OmenPriority priorities[] = {OMEN_PRIORITY_INFO, OMEN_PRIORITY_NOTICE,
                                              OMEN_PRIORITY_WARNING, OMEN_PRIORITY_ERROR};
    static const char *const words[] = {"answers again", "is slow", "is silent", "seems to hang"};
    gint64 silence_s = (now_us - self->pulse.last_us) / G_USEC_PER_SEC;
    g_autofree char *message =
        self->pulse.stage == OMEN_PULSE_ALIVE
            ? g_strdup_printf("%s answers again", self->who)
            : g_strdup_printf("%s %s: no answer for %" G_GINT64_FORMAT " s", self->who,
                              words[self->pulse.stage], silence_s);
    const OmenRecord record = {
        .time_us = g_get_real_time(),
        .priority = priorities[self->pulse.stage],
        .identifier = "heartbeat",
        .identifier_length = strlen("heartbeat"),
        .message = message,
        .message_length = strlen(message),
    };

    omen_source_emit(OMEN_SOURCE(self), &record);
}

static void
take_answer(OmenHeartbeatSource *self, OmenProbeAnswer answer)
{
    gint64 now_us = g_get_monotonic_time();

    if (answer == OMEN_PROBE_NOT_ASKED)
        omen_pulse_forget(&self->pulse);
    else if (answer == OMEN_PROBE_ANSWERS ? omen_pulse_beat(&self->pulse, now_us)
                                          : omen_pulse_miss(&self->pulse, now_us))
        tell(self, now_us);
}

typedef struct {
    OmenHeartbeatSource *source;
    guint number;
} Asking;

static void
on_answer(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autofree Asking *asking = user_data;
    g_autoptr(OmenHeartbeatSource) self = asking->source;
    OmenProbeAnswer answer = omen_prober_ask_finish(result);

    g_clear_pointer(&self->asked[asking->number], omen_probe_unref);
    if (!self->stopped)
        take_answer(self, answer);
}

static void
ask(OmenHeartbeatSource *self, guint number)
{
    Asking *asking = g_new0(Asking, 1);

    asking->source = g_object_ref(self);
    asking->number = number;
    self->asked[number] =
        omen_prober_ask_async(self->prober, self->kind, self->uuid, on_answer, asking);
}

/* What was asked a period ago and has no answer is silence so far, and an answer that comes late is
 * one nevertheless. A question that others keep from being put says nothing. */
static void
take_silence(OmenHeartbeatSource *self)
{
    gboolean has_begun = FALSE;

    for (guint i = 0; i < MAX_QUESTIONS; i++)
        has_begun |= self->asked[i] && omen_probe_has_begun(self->asked[i]);
    if (has_begun)
        take_answer(self, OMEN_PROBE_MUTE);
}

static void
take_beats(OmenHeartbeatSource *self)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 last_us = self->beats(self->beats_data);

    if (last_us == 0)
        omen_pulse_forget(&self->pulse);
    else if (last_us > self->pulse.last_us ? omen_pulse_beat(&self->pulse, last_us)
                                           : omen_pulse_miss(&self->pulse, now_us))
        tell(self, now_us);
}

static gboolean
on_period(gpointer user_data)
{
    OmenHeartbeatSource *self = user_data;

    if (!self->prober) {
        take_beats(self);
        return G_SOURCE_CONTINUE;
    }
    take_silence(self);
    for (guint i = 0; i < MAX_QUESTIONS; i++) {
        if (!self->asked[i]) {
            ask(self, i);
            break;
        }
    }
    return G_SOURCE_CONTINUE;
}

static void
omen_heartbeat_source_start(OmenSource *source)
{
    OmenHeartbeatSource *self = OMEN_HEARTBEAT_SOURCE(source);

    self->timer = g_timeout_add_seconds(self->period_s, on_period, self);
}

static void
omen_heartbeat_source_stop(OmenSource *source)
{
    OmenHeartbeatSource *self = OMEN_HEARTBEAT_SOURCE(source);

    self->stopped = TRUE;
    g_clear_handle_id(&self->timer, g_source_remove);
}

static void
omen_heartbeat_source_finalize(GObject *object)
{
    OmenHeartbeatSource *self = OMEN_HEARTBEAT_SOURCE(object);

    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_object(&self->prober);
    g_free(self->uuid);
    G_OBJECT_CLASS(omen_heartbeat_source_parent_class)->finalize(object);
}

static void
omen_heartbeat_source_class_init(OmenHeartbeatSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_heartbeat_source_finalize;
    source_class->start = omen_heartbeat_source_start;
    source_class->stop = omen_heartbeat_source_stop;
}

static void
omen_heartbeat_source_init(OmenHeartbeatSource *self G_GNUC_UNUSED)
{
}

static OmenHeartbeatSource *
make(const char *kind,
     const char *name,
     OmenProvenance provenance,
     const OmenHeartbeatLimits *limits)
{
    g_autofree char *full = *name ? g_strconcat(kind, ":", name, NULL) : g_strdup(kind);
    OmenHeartbeatSource *self = g_object_new(OMEN_TYPE_HEARTBEAT_SOURCE, "name", full, "provenance",
                                             (int) provenance, NULL);

    omen_source_set_origin(OMEN_SOURCE(self), OMEN_ORIGIN_MEASURED);
    self->period_s = limits->period_s;
    self->pulse.limit_us = (gint64) limits->period_s * limits->misses * G_USEC_PER_SEC;
    return self;
}

OmenSource *
omen_heartbeat_source_new(OmenProber *prober,
                          OmenProbeKind kind,
                          const char *uuid,
                          const char *name,
                          const OmenHeartbeatLimits *limits)
{
    static const char *const kinds[] = {"libvirtd", "monitor", "agent"};
    static const char *const who[] = {"libvirtd", "QEMU monitor", "guest agent"};
    static const OmenProvenance provenances[] = {OMEN_PROVENANCE_HOST, OMEN_PROVENANCE_DOMAIN,
                                                 OMEN_PROVENANCE_GUEST};
    OmenHeartbeatSource *self = make(kinds[kind], name, provenances[kind], limits);

    self->prober = g_object_ref(prober);
    self->kind = kind;
    self->uuid = g_strdup(uuid);
    self->who = who[kind];
    return OMEN_SOURCE(self);
}

OmenSource *
omen_heartbeat_source_new_for_beats(const char *name,
                                    const OmenHeartbeatLimits *limits,
                                    OmenHeartbeatFunc function,
                                    gpointer user_data)
{
    OmenHeartbeatSource *self = make("beat", name, OMEN_PROVENANCE_GUEST, limits);

    self->who = "virt-omen-forward";
    self->beats = function;
    self->beats_data = user_data;
    return OMEN_SOURCE(self);
}
