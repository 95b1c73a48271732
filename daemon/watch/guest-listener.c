/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/guest-listener.h"

#include "hypervisor/domain-ways.h"
#include "source/log/agent-source.h"
#include "source/log/file-source.h"
#include "source/log/guest-channel-source.h"

#include <string.h>
#include <virt-omen/guest-wire.h>
#include <virt-omen/line-format.h>

#define LOOK_S   30 /* at what the domain offers: ports can be plugged in while it runs */
#define ALIVE_US (G_GINT64_CONSTANT(20) * G_USEC_PER_SEC)

struct _OmenGuestListener {
    const OmenGuestSettings *settings;
    OmenFileWatcher *files;
    OmenHypervisor *hypervisor;
    char *uuid;
    char *name;
    OmenStream *stream;
    OmenDomainWays *ways; /* NULL: not known yet */
    OmenSource *channel;  /* owned by the stream, as the next one */
    OmenSource *serial;
    OmenSource *pull;
    guint look_source;
    gulong handler;
    GCancellable *cancellable; /* cancelled: it is gone */
};

static void
add_channel(OmenGuestListener *self)
{
    const OmenGuestBudget budget = {self->settings->lines_a_second,
                                    self->settings->kib_a_second * 1024};
    g_autofree char *name = g_strconcat("channel:", self->name, NULL);

    self->channel = omen_guest_channel_source_new(self->hypervisor, self->uuid, self->name, &budget,
                                                  omen_stream_get_bookmark(self->stream, name));
    omen_stream_add_source(self->stream, self->channel, NULL);
}

/* What the guest's kernel prints: "[    1.234567] message", or anything. */
static void
parse_serial_line(const char *line, gsize length, OmenRecord *record)
{
    while (length > 0 && line[length - 1] == '\r')
        length--;
    record->identifier = "console";
    record->identifier_length = strlen("console");
    if (length > 0 && *line == '[') {
        const char *end = memchr(line, ']', length);
        if (end && (gsize) (end - line) + 2 < length && end[1] == ' ') {
            record->identifier = "kernel";
            record->identifier_length = strlen("kernel");
            length -= (gsize) (end + 2 - line);
            line = end + 2;
        }
    }
    record->message = line;
    record->message_length = length;
}

static void
add_serial(OmenGuestListener *self)
{
    g_autofree char *name = g_strconcat("serial:", self->name, NULL);

    self->serial =
        omen_file_source_new_full(self->files, name, self->ways->serial_log, OMEN_PROVENANCE_GUEST,
                                  parse_serial_line, omen_stream_get_bookmark(self->stream, name));
    omen_stream_add_source(self->stream, self->serial, NULL);
}

static void
add_pull(OmenGuestListener *self)
{
    g_autofree char *name = g_strconcat("pull:", self->name, NULL);

    self->pull = omen_agent_source_new(self->hypervisor, self->uuid, self->name,
                                       self->settings->pull_period_s,
                                       omen_stream_get_bookmark(self->stream, name));
    omen_stream_add_source(self->stream, self->pull, NULL);
}

static gboolean forwarder_is_alive(OmenGuestListener *self);

/* Adds what the domain offers now. The agent is asked only while no forwarder speaks. */
static void
use_ways(OmenGuestListener *self)
{
    const OmenDomainWays *ways = self->ways;

    if (ways->has_channel && !self->channel)
        add_channel(self);
    if (*ways->serial_log && !ways->has_channel && !ways->has_agent && !self->serial)
        add_serial(self);
    /* It rests at first: a forwarder has until the next look to speak. */
    if (self->pull)
        omen_agent_source_set_resting(OMEN_AGENT_SOURCE(self->pull), forwarder_is_alive(self));
    else if (ways->agent_connected && self->settings->pull_period_s > 0)
        add_pull(self);
}

typedef struct {
    OmenGuestListener *watch; /* valid unless cancelled */
    GCancellable *cancellable;
} Look;

static void
on_ways(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    Look *look = user_data;
    OmenGuestListener *self = look->watch;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenDomainWays) ways = omen_domain_ways_read_finish(result, &error);

    if (ways && !g_cancellable_is_cancelled(look->cancellable)) {
        g_clear_pointer(&self->ways, omen_domain_ways_free);
        self->ways = g_steal_pointer(&ways);
        use_ways(self);
    }
    g_object_unref(look->cancellable);
    g_free(look);
}

static gboolean
look_now(gpointer user_data)
{
    OmenGuestListener *self = user_data;
    const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, self->uuid);
    Look *look;

    if (!info || !omen_domain_info_is_active(info))
        return G_SOURCE_CONTINUE;
    look = g_new0(Look, 1);
    look->watch = self;
    look->cancellable = g_object_ref(self->cancellable);
    omen_domain_ways_read_async(self->hypervisor, self->uuid, on_ways, look);
    return G_SOURCE_CONTINUE;
}

static void
on_changed(OmenHypervisor *hypervisor G_GNUC_UNUSED, const OmenDomainInfo *info, gpointer user_data)
{
    OmenGuestListener *self = user_data;

    if (g_str_equal(info->uuid, self->uuid))
        look_now(self);
}

OmenGuestListener *
omen_guest_listener_new(const OmenGuestSettings *settings,
                        OmenFileWatcher *files,
                        OmenHypervisor *hypervisor,
                        const char *uuid,
                        const char *name,
                        OmenStream *stream)
{
    OmenGuestListener *self = g_new0(OmenGuestListener, 1);

    self->settings = settings;
    self->files = omen_file_watcher_ref(files);
    self->hypervisor = g_object_ref(hypervisor);
    self->uuid = g_strdup(uuid);
    self->name = g_strdup(name);
    self->stream = stream;
    self->cancellable = g_cancellable_new();
    self->handler = g_signal_connect(hypervisor, "domain-changed", G_CALLBACK(on_changed), self);
    self->look_source = g_timeout_add_seconds(LOOK_S, look_now, self);
    look_now(self);
    return self;
}

void
omen_guest_listener_stop(OmenGuestListener *self)
{
    g_cancellable_cancel(self->cancellable);
    g_clear_handle_id(&self->look_source, g_source_remove);
    g_clear_signal_handler(&self->handler, self->hypervisor);
    omen_stream_stop(self->stream);
}

void
omen_guest_listener_free(OmenGuestListener *self)
{
    omen_guest_listener_stop(self);
    g_object_unref(self->stream);
    g_object_unref(self->cancellable);
    g_object_unref(self->hypervisor);
    g_clear_pointer(&self->ways, omen_domain_ways_free);
    g_free(self->uuid);
    g_free(self->name);
    omen_file_watcher_unref(self->files);
    g_free(self);
}

OmenStream *
omen_guest_listener_get_stream(OmenGuestListener *self)
{
    return self->stream;
}

static gint64
get_last_beat_us(gpointer user_data)
{
    OmenGuestListener *self = user_data;
    const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, self->uuid);

    /* A guest that stands still can not beat. */
    if (!self->channel || !info || info->state != VIR_DOMAIN_RUNNING)
        return 0;
    return omen_guest_channel_source_get_last_beat_us(OMEN_GUEST_CHANNEL_SOURCE(self->channel));
}

void
omen_guest_listener_add_heartbeats(OmenGuestListener *self,
                                   OmenProber *prober,
                                   const OmenHeartbeatLimits *limits)
{
    omen_stream_add_source(
        self->stream,
        omen_heartbeat_source_new(prober, OMEN_PROBE_AGENT, self->uuid, self->name, limits), NULL);
    omen_stream_add_source(
        self->stream,
        omen_heartbeat_source_new_for_beats(self->name, limits, get_last_beat_us, self), NULL);
}

static gboolean
forwarder_is_alive(OmenGuestListener *self)
{
    gint64 last_us = get_last_beat_us(self);

    return last_us > 0 && g_get_monotonic_time() - last_us < ALIVE_US;
}

char *
omen_guest_listener_describe(OmenGuestListener *self)
{
    if (!self)
        return g_strdup("the guest's log is not read: [guests] logs=no");
    if (!self->ways)
        return g_strdup("the guest is not heard while it does not run");
    if (forwarder_is_alive(self))
        return g_strdup("the guest is heard by virt-omen-forward");
    if (self->pull && omen_agent_source_is_reading(OMEN_AGENT_SOURCE(self->pull)))
        return g_strdup("the guest is heard through its agent, periodically; with "
                        "virt-omen-guest in it, sooner and more fully");
    if (self->ways->has_channel)
        return g_strdup("the guest is not heard: it has the channel, but no virt-omen-forward "
                        "uses it; install virt-omen-guest in it");
    return g_strdup_printf("the guest is %s; add the channel %s to the domain, and install "
                           "virt-omen-guest in the guest",
                           self->serial ? "heard by its serial console only" : "not heard",
                           OMEN_GUEST_PORT);
}
