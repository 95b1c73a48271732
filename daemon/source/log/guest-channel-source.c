/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/guest-channel-source.h"

#include "hypervisor/guest-stream.h"
#include "record/guest-framing.h"
#include "source/log/budget.h"

#include <string.h>
#include <virt-omen/text.h>

#define RETRY_FIRST_S   2
#define RETRY_LAST_S    60
#define PENALTY_FIRST_S 10
#define PENALTY_LAST_S  320
#define PEACE_US        (G_GINT64_CONSTANT(600) * G_USEC_PER_SEC)
#define MESSAGE_MAX     4096
#define IDENTIFIER_MAX  64

struct _OmenGuestChannelSource {
    OmenSource parent_instance;

    OmenHypervisor *hypervisor;
    char *uuid;
    OmenGuestFraming framing;
    OmenBudget lines;
    OmenBudget bytes;
    OmenGuestStream *stream;
    guint retry_source;
    guint retry_s;
    guint penalty_s;
    gint64 last_flood_us;
    gint64 last_beat_us;
    gboolean stopped;
    guint64 n_told; /* of what the framing found lost, as dropped */
};

G_DEFINE_FINAL_TYPE(OmenGuestChannelSource, omen_guest_channel_source, OMEN_TYPE_SOURCE)

static gboolean try_to_open(gpointer user_data);

static void
retry_after(OmenGuestChannelSource *self, guint seconds)
{
    g_clear_pointer(&self->stream, omen_guest_stream_close);
    self->last_beat_us = 0;
    if (!self->stopped && !self->retry_source)
        self->retry_source = g_timeout_add_seconds(seconds, try_to_open, self);
}

static void
retry_later(OmenGuestChannelSource *self)
{
    guint pause_s = self->retry_s;

    self->retry_s = MIN(self->retry_s * 2, RETRY_LAST_S);
    retry_after(self, pause_s);
}

/* A guest that writes without measure is left alone with its full port. */
static void
punish(OmenGuestChannelSource *self)
{
    gint64 now_us = g_get_monotonic_time();
    g_autofree char *problem = NULL;

    if (now_us - self->last_flood_us > PEACE_US)
        self->penalty_s = PENALTY_FIRST_S;
    self->last_flood_us = now_us;
    omen_source_count_dropped(OMEN_SOURCE(self), 1);
    problem = g_strdup_printf("the guest writes more than its budget: not heard for %u s",
                              self->penalty_s);
    omen_source_set_problem(OMEN_SOURCE(self), problem);
    retry_after(self, self->penalty_s);
    self->penalty_s = MIN(self->penalty_s * 2, PENALTY_LAST_S);
}

static void
on_frame(const OmenGuestFrame *frame, gpointer user_data)
{
    OmenGuestChannelSource *self = user_data;
    gsize n = frame->identifier_length;
    g_autofree char *identifier = NULL;
    g_autofree char *message = NULL;
    OmenRecord record;

    self->last_beat_us = g_get_monotonic_time();
    if (frame->type != OMEN_GUEST_FRAME_RECORD || self->stopped)
        return;
    if (!omen_budget_take(&self->lines, 1, self->last_beat_us)) {
        omen_source_count_dropped(OMEN_SOURCE(self), 1);
        return;
    }
    identifier = omen_text_sanitise(frame->payload, (gssize) n, IDENTIFIER_MAX);
    message =
        omen_text_sanitise(frame->payload + n, (gssize) (frame->payload_length - n), MESSAGE_MAX);
    record = (OmenRecord){
        .time_us = g_get_real_time(), /* a guest's clock says what the guest likes */
        .priority = (OmenPriority) frame->priority,
        .identifier = identifier,
        .identifier_length = strlen(identifier),
        .message = message,
        .message_length = strlen(message),
    };
    omen_source_emit(OMEN_SOURCE(self), &record);
}

static void
on_bytes(const guint8 *bytes, gsize length, gpointer user_data)
{
    g_autoptr(OmenGuestChannelSource) self = g_object_ref(user_data);
    guint64 n_lost;

    if (!omen_budget_take(&self->bytes, (double) length, g_get_monotonic_time())) {
        punish(self);
        return;
    }
    omen_guest_framing_feed(&self->framing, bytes, length, on_frame, self);
    n_lost = self->framing.n_missed + self->framing.n_repeated;
    omen_source_count_dropped(OMEN_SOURCE(self), n_lost - self->n_told);
    self->n_told = n_lost;
    if (self->framing.n_other_version > 0 && self->last_beat_us == 0)
        omen_source_set_problem(OMEN_SOURCE(self),
                                "the guest's virt-omen-forward speaks another version of the "
                                "format: install that of this host's release");
}

static void
on_change(OmenGuestStreamChange change, const char *problem, gpointer user_data)
{
    OmenGuestChannelSource *self = user_data;

    switch (change) {
    case OMEN_GUEST_STREAM_OPENED:
        self->retry_s = RETRY_FIRST_S;
        omen_source_set_problem(OMEN_SOURCE(self), NULL);
        break;
    case OMEN_GUEST_STREAM_FAILED:
        omen_source_set_problem(OMEN_SOURCE(self), problem);
        retry_later(self);
        break;
    case OMEN_GUEST_STREAM_FLOODED:
        punish(self);
        break;
    case OMEN_GUEST_STREAM_ENDED:
    default:
        retry_later(self);
        break;
    }
}

static gboolean
try_to_open(gpointer user_data)
{
    OmenGuestChannelSource *self = user_data;
    const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, self->uuid);

    self->retry_source = 0;
    omen_guest_framing_reopen(&self->framing);
    if (info && omen_domain_info_is_active(info))
        self->stream = omen_guest_stream_open(self->hypervisor, self->uuid, OMEN_GUEST_PORT,
                                              on_bytes, on_change, self);
    if (!self->stream)
        retry_after(self, RETRY_FIRST_S);
    return G_SOURCE_REMOVE;
}

static void
omen_guest_channel_source_start(OmenSource *source)
{
    OmenGuestChannelSource *self = OMEN_GUEST_CHANNEL_SOURCE(source);
    g_autofree char *bookmark = omen_source_dup_bookmark(source);

    omen_guest_framing_init(&self->framing, bookmark);
    try_to_open(self);
}

static void
omen_guest_channel_source_stop(OmenSource *source)
{
    OmenGuestChannelSource *self = OMEN_GUEST_CHANNEL_SOURCE(source);

    self->stopped = TRUE;
    g_clear_handle_id(&self->retry_source, g_source_remove);
    g_clear_pointer(&self->stream, omen_guest_stream_close);
}

static char *
omen_guest_channel_source_dup_bookmark(OmenSource *source)
{
    return omen_guest_framing_dup_bookmark(&OMEN_GUEST_CHANNEL_SOURCE(source)->framing);
}

static void
omen_guest_channel_source_finalize(GObject *object)
{
    OmenGuestChannelSource *self = OMEN_GUEST_CHANNEL_SOURCE(object);

    g_clear_handle_id(&self->retry_source, g_source_remove);
    g_clear_pointer(&self->stream, omen_guest_stream_close);
    g_object_unref(self->hypervisor);
    g_free(self->uuid);
    G_OBJECT_CLASS(omen_guest_channel_source_parent_class)->finalize(object);
}

static void
omen_guest_channel_source_class_init(OmenGuestChannelSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_guest_channel_source_finalize;
    source_class->start = omen_guest_channel_source_start;
    source_class->stop = omen_guest_channel_source_stop;
    source_class->dup_bookmark = omen_guest_channel_source_dup_bookmark;
}

static void
omen_guest_channel_source_init(OmenGuestChannelSource *self)
{
    self->retry_s = RETRY_FIRST_S;
    self->penalty_s = PENALTY_FIRST_S;
}

OmenSource *
omen_guest_channel_source_new(OmenHypervisor *hypervisor,
                              const char *uuid,
                              const char *name,
                              const OmenGuestBudget *budget,
                              const char *bookmark)
{
    g_autofree char *source_name = g_strconcat("channel:", name, NULL);
    OmenGuestChannelSource *self =
        g_object_new(OMEN_TYPE_GUEST_CHANNEL_SOURCE, "name", source_name, "provenance",
                     (int) OMEN_PROVENANCE_GUEST, "bookmark", bookmark, NULL);

    self->hypervisor = g_object_ref(hypervisor);
    self->uuid = g_strdup(uuid);
    self->lines.rate = budget->lines_a_second;
    self->bytes.rate = budget->bytes_a_second;
    return OMEN_SOURCE(self);
}

gint64
omen_guest_channel_source_get_last_beat_us(OmenGuestChannelSource *self)
{
    return self->last_beat_us;
}
