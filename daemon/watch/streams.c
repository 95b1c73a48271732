/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/streams.h"

#include "source/health/clock-source.h"
#include "source/health/pressure-source.h"
#include "source/log/domain-event-source.h"
#include "source/log/file-watcher.h"
#include "source/log/qemu-log-source.h"
#include "watch/host-logs.h"
#include "watch/host-pressure.h"

#include <string.h>

#define QEMU_PIDS       "/run/libvirt/qemu/"
#define GUEST_THRESHOLD 0.75
#define MAX_KEPT        (2 * OMEN_STREAMS_MAX_DOMAINS) /* a domain's stream, and its guest's */

/* A stream, and whose it is: "" for the host's. */
typedef struct {
    OmenStreams *streams; /* not owned: it owns this */
    OmenStream *stream;
    OmenGuestListener *guest; /* of a domain; NULL: it is not listened to */
    char *uuid;
    char *name;
} Watch;

struct _OmenStreams {
    GObject parent_instance;

    const OmenConfiguration *configuration;
    OmenJudge *judge;
    OmenHypervisor *hypervisor;
    OmenFileWatcher *files;       /* the host's logs and QEMU's */
    OmenFileWatcher *guest_files; /* what may lie on another machine's disk */
    OmenProber *prober;           /* NULL: heartbeats are not asked for */
    OmenWriters *writers;
    Watch *host;
    Watch *unproven;              /* what is said of the host by whoever is not believed */
    OmenSource *kmsg;             /* the host stream's; NULL: it is not read */
    OmenPressureSource *pressure; /* the host stream's; NULL: it is not measured */
    GHashTable *domains;          /* UUID -> Watch */
    GHashTable *kept; /* stream name -> GVariant: states of an earlier life, not yet taken up */
    OmenStreamFilter filter;
    gpointer filter_data;
    gboolean tells_doubts;
    gboolean is_full;
};

G_DEFINE_FINAL_TYPE(OmenStreams, omen_streams, G_TYPE_OBJECT)

enum {
    SIGNAL_DETECTION,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
watch_free(Watch *self)
{
    if (self->guest)
        g_signal_handlers_disconnect_by_data(omen_guest_listener_get_stream(self->guest), self);
    g_clear_pointer(&self->guest, omen_guest_listener_free);
    omen_stream_stop(self->stream);
    g_signal_handlers_disconnect_by_data(self->stream, self);
    g_object_unref(self->stream);
    g_free(self->uuid);
    g_free(self->name);
    g_free(self);
}

static void
omen_streams_init(OmenStreams *self)
{
    self->files = omen_file_watcher_new();
    self->guest_files = omen_file_watcher_new();
    self->domains =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) watch_free);
    self->kept =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
}

static void
omen_streams_finalize(GObject *object)
{
    OmenStreams *self = OMEN_STREAMS(object);

    g_signal_handlers_disconnect_by_data(self->hypervisor, self);
    g_clear_pointer(&self->host, watch_free);
    g_clear_pointer(&self->unproven, watch_free);
    g_hash_table_unref(self->domains);
    g_hash_table_unref(self->kept);
    omen_file_watcher_unref(self->files);
    omen_file_watcher_unref(self->guest_files);
    g_clear_object(&self->prober);
    g_object_unref(self->hypervisor);
    g_object_unref(self->judge);
    omen_writers_free(self->writers);
    G_OBJECT_CLASS(omen_streams_parent_class)->finalize(object);
}

static void
omen_streams_class_init(OmenStreamsClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_streams_finalize;
    signals[SIGNAL_DETECTION] = g_signal_new(
        "detection", OMEN_TYPE_STREAMS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 5,
        OMEN_TYPE_STREAM, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_POINTER, G_TYPE_POINTER);
}

OmenStreams *
omen_streams_new(const OmenConfiguration *configuration,
                 OmenJudge *judge,
                 OmenWriters *writers,
                 OmenHypervisor *hypervisor)
{
    OmenStreams *self = g_object_new(OMEN_TYPE_STREAMS, NULL);

    self->writers = writers;
    self->configuration = configuration;
    self->judge = g_object_ref(judge);
    self->hypervisor = g_object_ref(hypervisor);
    if (configuration->heartbeat_period_s > 0)
        self->prober = omen_prober_new(omen_hypervisor_get_uri(hypervisor));
    return self;
}

void
omen_streams_restore(OmenStreams *self, const char *stream_name, GVariant *state)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(state);

    if (g_hash_table_size(self->kept) < MAX_KEPT || g_hash_table_contains(self->kept, stream_name))
        g_hash_table_replace(self->kept, g_strdup(stream_name), g_steal_pointer(&owned));
}

static void
on_detection(OmenStream *stream, OmenRecord *record, OmenDecision *decision, gpointer user_data)
{
    Watch *watch = user_data;

    g_signal_emit(watch->streams, signals[SIGNAL_DETECTION], 0, stream, watch->uuid, watch->name,
                  record, decision);
}

void
omen_streams_tell_doubts(OmenStreams *self)
{
    self->tells_doubts = TRUE;
}

void
omen_streams_set_filter(OmenStreams *self, OmenStreamFilter filter, gpointer user_data)
{
    self->filter = filter;
    self->filter_data = user_data;
}

/* What an earlier life of the stream had learnt, or a new beginning. */
static OmenDetector *
take_up_detector(OmenStreams *self,
                 const OmenDetectorConfig *config,
                 OmenProvenance provenance,
                 const char *stream_name,
                 GError **error)
{
    GVariant *state = g_hash_table_lookup(self->kept, stream_name);
    g_autoptr(GVariant) saved = state ? g_variant_lookup_value(state, "detector", NULL) : NULL;
    g_autoptr(GError) local = NULL;
    OmenDetector *detector;

    if (!saved)
        return omen_detector_new(config, provenance, self->judge, error);

    detector = omen_detector_restore(config, provenance, self->judge, saved, &local);
    if (detector)
        return detector;
    g_warning("the saved state of stream %s is unusable, learning starts again: %s", stream_name,
              local->message);
    return omen_detector_new(config, provenance, self->judge, error);
}

GVariant *
omen_streams_tell_away(OmenStreams *self, const char *stream_name, const OmenTemplateWord *word)
{
    GVariant *told = omen_stream_state_tell(g_hash_table_lookup(self->kept, stream_name), word,
                                            &self->configuration->detector, self->judge);

    if (told)
        omen_streams_restore(self, stream_name, told);
    return told ? g_variant_ref(told) : NULL;
}

/* (transfer full): NULL with @error. */
static OmenStream *
make_stream(OmenStreams *self,
            const OmenDetectorConfig *config,
            OmenProvenance provenance,
            const char *stream_name,
            GError **error)
{
    OmenDetector *detector = take_up_detector(self, config, provenance, stream_name, error);
    GVariant *state = g_hash_table_lookup(self->kept, stream_name);
    g_autoptr(GVariant) bookmarks =
        state ? g_variant_lookup_value(state, "bookmarks", G_VARIANT_TYPE("a{ss}")) : NULL;
    OmenStream *stream =
        detector ? omen_stream_new(stream_name, detector, config->profile.training) : NULL;

    if (stream && bookmarks)
        omen_stream_set_bookmarks(stream, bookmarks);
    if (stream) {
        omen_stream_set_writers(stream, self->writers);
        g_hash_table_remove(self->kept, stream_name);
    }
    return stream;
}

static Watch *
watch_new(OmenStreams *self,
          const OmenDetectorConfig *config,
          OmenProvenance provenance,
          const char *stream_name,
          const char *uuid,
          const char *name,
          GError **error)
{
    OmenStream *stream = make_stream(self, config, provenance, stream_name, error);
    Watch *watch;

    if (!stream)
        return NULL;
    watch = g_new0(Watch, 1);
    watch->streams = self;
    watch->stream = stream;
    watch->uuid = g_strdup(uuid);
    watch->name = g_strdup(name);
    g_signal_connect(watch->stream, "detection", G_CALLBACK(on_detection), watch);
    omen_stream_set_filter(watch->stream, self->filter, self->filter_data);
    if (self->tells_doubts)
        omen_stream_tell_doubts(watch->stream);
    return watch;
}

static OmenHeartbeatLimits
get_limits(OmenStreams *self)
{
    return (OmenHeartbeatLimits){self->configuration->heartbeat_period_s,
                                 self->configuration->heartbeat_misses};
}

static void
add_host_pulse(OmenStreams *self)
{
    const OmenHeartbeatLimits limits = get_limits(self);
    g_autoptr(OmenProber) prober = NULL;

    if (!self->prober)
        return;
    /* A domain that holds its callers must not make libvirtd look silent. */
    prober = omen_prober_new(omen_hypervisor_get_uri(self->hypervisor));
    omen_stream_add_source(self->host->stream, omen_clock_source_new(), NULL);
    omen_stream_add_source(self->host->stream,
                           omen_heartbeat_source_new(prober, OMEN_PROBE_LIBVIRTD, "", "", &limits),
                           NULL);
}

static gboolean
add_host_sources(OmenStreams *self, GError **error)
{
    const OmenConfiguration *configuration = self->configuration;
    OmenStream *stream = self->host->stream;

    if (!omen_host_logs_add(stream, configuration, self->files, &self->kmsg, error))
        return FALSE;
    self->pressure = omen_host_pressure_add(stream, configuration);
    add_host_pulse(self);
    return TRUE;
}

static void
add_domain_sources(OmenStreams *self, Watch *watch)
{
    const OmenConfiguration *configuration = self->configuration;

    omen_stream_add_source(watch->stream,
                           omen_domain_event_source_new(self->hypervisor, watch->uuid, watch->name),
                           NULL);
    if (self->prober) {
        const OmenHeartbeatLimits limits = get_limits(self);
        omen_stream_add_source(watch->stream,
                               omen_heartbeat_source_new(self->prober, OMEN_PROBE_QEMU, watch->uuid,
                                                         watch->name, &limits),
                               NULL);
    }
    if (configuration->pressure && !strchr(watch->name, '/')) {
        g_autofree char *pid_file = g_strconcat(QEMU_PIDS, watch->name, ".pid", NULL);
        omen_stream_add_source(watch->stream,
                               omen_pressure_source_new_for_process(watch->name, pid_file), NULL);
    }
    if (configuration->qemu_logs) {
        g_autofree char *name = g_strconcat("qemu-log:", watch->name, NULL);
        const char *bookmark = omen_stream_get_bookmark(watch->stream, name);
        OmenSource *source = omen_qemu_log_source_new(self->files, configuration->qemu_log_dir,
                                                      watch->name, bookmark);
        if (source)
            omen_stream_add_source(watch->stream, source, NULL);
    }
}

/* What the guest says of itself is a stream of its own, of bounded size. */
static void
listen_to_guest(OmenStreams *self, Watch *watch)
{
    const OmenGuestSettings *settings = &self->configuration->guests;
    OmenDetectorConfig config = self->configuration->detector;
    g_autofree char *name = g_strconcat(OMEN_STREAM_GUEST_PREFIX, watch->uuid, NULL);
    g_autoptr(GError) error = NULL;
    const OmenHeartbeatLimits limits = get_limits(self);
    OmenStream *stream;

    if (!settings->logs)
        return;
    /* A guest does not begin to learn anew by moving: it is not trained, and instead only what is
     * known to be a failure counts, of all the new things that a boot says. */
    config.profile.training = self->configuration->domain_training;
    config.threshold = MAX(config.threshold, GUEST_THRESHOLD);
    omen_guest_settings_limit(settings, &config);
    stream = make_stream(self, &config, OMEN_PROVENANCE_GUEST, name, &error);
    if (error) {
        g_warning("the guest of domain %s is not heard: %s", watch->name, error->message);
        return;
    }
    g_signal_connect(stream, "detection", G_CALLBACK(on_detection), watch);
    omen_stream_set_filter(stream, self->filter, self->filter_data);
    if (self->tells_doubts)
        omen_stream_tell_doubts(stream);
    watch->guest = omen_guest_listener_new(settings, self->guest_files, self->hypervisor,
                                           watch->uuid, watch->name, stream);
    if (self->prober)
        omen_guest_listener_add_heartbeats(watch->guest, self->prober, &limits);
}

/* What a domain may take of the host's memory. */
static void
count_claim(OmenStreams *self, const OmenDomainInfo *domain)
{
    if (self->pressure)
        omen_pressure_source_set_domain(self->pressure, domain->name,
                                        omen_domain_info_is_active(domain) ? domain->memory_bytes
                                                                           : 0);
}

static void
on_domain_changed(OmenHypervisor *hypervisor G_GNUC_UNUSED,
                  const OmenDomainInfo *domain,
                  gpointer user_data)
{
    OmenStreams *self = user_data;

    if (g_hash_table_contains(self->domains, domain->uuid))
        count_claim(self, domain);
}

static void
on_domain_added(OmenHypervisor *hypervisor G_GNUC_UNUSED,
                const OmenDomainInfo *domain,
                gpointer user_data)
{
    OmenStreams *self = user_data;
    OmenDetectorConfig config = self->configuration->detector;
    g_autofree char *stream_name = g_strconcat(OMEN_STREAM_DOMAIN_PREFIX, domain->uuid, NULL);
    g_autoptr(GError) error = NULL;
    Watch *watch;

    if (g_hash_table_contains(self->domains, domain->uuid))
        return;
    if (g_hash_table_size(self->domains) >= OMEN_STREAMS_MAX_DOMAINS) {
        if (!self->is_full)
            g_warning("%d domains are watched; the others are not", OMEN_STREAMS_MAX_DOMAINS);
        self->is_full = TRUE;
        return;
    }
    config.profile.training = self->configuration->domain_training;
    watch = watch_new(self, &config, OMEN_PROVENANCE_DOMAIN, stream_name, domain->uuid,
                      domain->name, &error);
    if (error) {
        g_warning("domain %s is not watched: %s", domain->name, error->message);
        return;
    }
    g_hash_table_insert(self->domains, watch->uuid, watch);
    count_claim(self, domain);
    add_domain_sources(self, watch);
    listen_to_guest(self, watch);
}

/* It may come back, by another migration: what is known of it is kept for then. */
static void
keep_stream(OmenStreams *self, OmenStream *stream)
{
    GVariant *state;

    omen_stream_mark_changed(stream);
    state = omen_stream_save(stream);
    if (state)
        omen_streams_restore(self, omen_stream_get_name(stream), state);
}

static void
on_domain_removed(OmenHypervisor *hypervisor G_GNUC_UNUSED,
                  const OmenDomainInfo *domain,
                  gpointer user_data)
{
    OmenStreams *self = user_data;
    Watch *watch = g_hash_table_lookup(self->domains, domain->uuid);

    if (!watch)
        return;
    keep_stream(self, watch->stream);
    if (watch->guest)
        keep_stream(self, omen_guest_listener_get_stream(watch->guest));
    if (self->pressure)
        omen_pressure_source_set_domain(self->pressure, watch->name, 0);
    g_hash_table_remove(self->domains, domain->uuid);
    self->is_full = FALSE;
}

static gboolean
make_host(OmenStreams *self, GError **error)
{
    OmenDetectorConfig proven = self->configuration->detector;
    OmenDetectorConfig unproven = self->configuration->detector;

    /* The kernel alone says too little to train by: what is known to be a failure counts. */
    if (!omen_host_logs_hear_services(self->configuration)) {
        proven.profile.training = self->configuration->domain_training;
        proven.threshold = MAX(proven.threshold, GUEST_THRESHOLD);
    }
    omen_guest_settings_limit(&self->configuration->guests, &unproven);
    self->host = watch_new(self, &proven, OMEN_PROVENANCE_HOST, OMEN_STREAM_HOST, "", "", error);
    if (!self->host)
        return FALSE;
    self->unproven =
        watch_new(self, &unproven, OMEN_PROVENANCE_HOST, OMEN_STREAM_UNPROVEN, "", "", error);
    if (!self->unproven)
        return FALSE;
    omen_stream_set_unproven(self->host->stream, self->unproven->stream);
    return TRUE;
}

gboolean
omen_streams_start(OmenStreams *self, GError **error)
{
    if (!make_host(self, error) || !add_host_sources(self, error))
        return FALSE;

    g_signal_connect(self->hypervisor, "domain-added", G_CALLBACK(on_domain_added), self);
    g_signal_connect(self->hypervisor, "domain-changed", G_CALLBACK(on_domain_changed), self);
    g_signal_connect(self->hypervisor, "domain-removed", G_CALLBACK(on_domain_removed), self);
    return TRUE;
}

void
omen_streams_stop(OmenStreams *self)
{
    GHashTableIter iter;
    gpointer watch;

    g_signal_handlers_disconnect_by_data(self->hypervisor, self);
    if (self->host)
        omen_stream_stop(self->host->stream);
    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &watch)) {
        OmenGuestListener *guest = ((Watch *) watch)->guest;
        omen_stream_stop(((Watch *) watch)->stream);
        if (guest)
            omen_guest_listener_stop(guest);
    }
}

char *
omen_streams_describe_doubt(OmenStreams *self)
{
    return omen_host_logs_describe_doubt(self->configuration, self->kmsg);
}

OmenStream *
omen_streams_get_host_stream(OmenStreams *self)
{
    return self->host->stream;
}

OmenStream *
omen_streams_get_domain_stream(OmenStreams *self, const char *uuid)
{
    Watch *watch = g_hash_table_lookup(self->domains, uuid);

    return watch ? watch->stream : NULL;
}

OmenGuestListener *
omen_streams_get_guest(OmenStreams *self, const char *uuid)
{
    Watch *watch = g_hash_table_lookup(self->domains, uuid);

    return watch ? watch->guest : NULL;
}

OmenStream *
omen_streams_lookup(OmenStreams *self, const char *stream_name)
{
    if (g_str_equal(stream_name, OMEN_STREAM_HOST))
        return self->host->stream;
    if (g_str_equal(stream_name, OMEN_STREAM_UNPROVEN))
        return self->unproven->stream;
    if (g_str_has_prefix(stream_name, OMEN_STREAM_DOMAIN_PREFIX))
        return omen_streams_get_domain_stream(self,
                                              stream_name + strlen(OMEN_STREAM_DOMAIN_PREFIX));
    if (g_str_has_prefix(stream_name, OMEN_STREAM_GUEST_PREFIX)) {
        OmenGuestListener *guest =
            omen_streams_get_guest(self, stream_name + strlen(OMEN_STREAM_GUEST_PREFIX));
        return guest ? omen_guest_listener_get_stream(guest) : NULL;
    }
    return NULL;
}

OmenPressureHistory *
omen_streams_get_pressure(OmenStreams *self)
{
    return self->pressure ? omen_pressure_source_get_history(self->pressure) : NULL;
}

GPtrArray *
omen_streams_list(OmenStreams *self)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer watch;

    g_ptr_array_add(list, self->host->stream);
    g_ptr_array_add(list, self->unproven->stream);
    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &watch)) {
        OmenGuestListener *guest = ((Watch *) watch)->guest;
        g_ptr_array_add(list, ((Watch *) watch)->stream);
        if (guest)
            g_ptr_array_add(list, omen_guest_listener_get_stream(guest));
    }
    return list;
}
