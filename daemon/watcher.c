/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watcher.h"

#include "source/domain-event-source.h"
#include "source/file-source.h"
#include "source/journal-source.h"
#include "source/kmsg-source.h"
#include "source/qemu-log-source.h"
#include "source/syslog-source.h"

#include <string.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define HOST_STREAM    "host"
#define DOMAIN_PREFIX  "domain:"

/* A stream, and whose it is: "" for the host's. */
typedef struct {
    OmenWatcher *watcher; /* not owned: it owns this */
    OmenStream *stream;
    char *uuid;
    char *name;
} Watch;

struct _OmenWatcher {
    GObject parent_instance;

    const OmenConfiguration *configuration;
    OmenJudge *judge;
    OmenHypervisor *hypervisor;
    Watch *host;
    GHashTable *domains; /* UUID -> Watch */
    GHashTable *kept;    /* stream name -> GVariant: states of an earlier life, not yet taken up */
    gboolean is_full;
};

G_DEFINE_FINAL_TYPE(OmenWatcher, omen_watcher, G_TYPE_OBJECT)

enum {
    SIGNAL_SIGN,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
watch_free(Watch *self)
{
    omen_stream_stop(self->stream);
    g_signal_handlers_disconnect_by_data(self->stream, self);
    g_object_unref(self->stream);
    g_free(self->uuid);
    g_free(self->name);
    g_free(self);
}

static void
omen_watcher_init(OmenWatcher *self)
{
    self->domains =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) watch_free);
    self->kept =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
}

static void
omen_watcher_finalize(GObject *object)
{
    OmenWatcher *self = OMEN_WATCHER(object);

    g_signal_handlers_disconnect_by_data(self->hypervisor, self);
    g_clear_pointer(&self->host, watch_free);
    g_hash_table_unref(self->domains);
    g_hash_table_unref(self->kept);
    g_object_unref(self->hypervisor);
    g_object_unref(self->judge);
    G_OBJECT_CLASS(omen_watcher_parent_class)->finalize(object);
}

static void
omen_watcher_class_init(OmenWatcherClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_watcher_finalize;
    signals[SIGNAL_SIGN] = g_signal_new("sign", OMEN_TYPE_WATCHER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 5, OMEN_TYPE_STREAM, G_TYPE_STRING,
                                        G_TYPE_STRING, G_TYPE_POINTER, G_TYPE_POINTER);
}

OmenWatcher *
omen_watcher_new(const OmenConfiguration *configuration,
                 OmenJudge *judge,
                 OmenHypervisor *hypervisor)
{
    OmenWatcher *self = g_object_new(OMEN_TYPE_WATCHER, NULL);

    self->configuration = configuration;
    self->judge = g_object_ref(judge);
    self->hypervisor = g_object_ref(hypervisor);
    return self;
}

void
omen_watcher_restore(OmenWatcher *self, const char *stream_name, GVariant *state)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(state);

    if (g_hash_table_size(self->kept) < OMEN_WATCHER_MAX_DOMAINS ||
        g_hash_table_contains(self->kept, stream_name))
        g_hash_table_replace(self->kept, g_strdup(stream_name), g_steal_pointer(&owned));
}

static void
on_sign(OmenStream *stream, OmenRecord *record, OmenDecision *decision, gpointer user_data)
{
    Watch *watch = user_data;

    g_signal_emit(watch->watcher, signals[SIGNAL_SIGN], 0, stream, watch->uuid, watch->name, record,
                  decision);
}

/* What an earlier life of the stream had learnt, or a new beginning. */
static OmenDetector *
take_up_detector(OmenWatcher *self,
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
    g_warning("what was learnt of stream %s is of no use and begins anew: %s", stream_name,
              local->message);
    return omen_detector_new(config, provenance, self->judge, error);
}

static Watch *
watch_new(OmenWatcher *self,
          const OmenDetectorConfig *config,
          OmenProvenance provenance,
          const char *stream_name,
          const char *uuid,
          const char *name,
          GError **error)
{
    OmenDetector *detector = take_up_detector(self, config, provenance, stream_name, error);
    GVariant *state = g_hash_table_lookup(self->kept, stream_name);
    g_autoptr(GVariant) bookmarks =
        state ? g_variant_lookup_value(state, "bookmarks", G_VARIANT_TYPE("a{ss}")) : NULL;
    Watch *watch;

    if (!detector)
        return NULL;
    watch = g_new0(Watch, 1);
    watch->watcher = self;
    watch->stream = omen_stream_new(stream_name, detector);
    watch->uuid = g_strdup(uuid);
    watch->name = g_strdup(name);
    g_signal_connect(watch->stream, "sign", G_CALLBACK(on_sign), watch);
    if (bookmarks)
        omen_stream_set_bookmarks(watch->stream, bookmarks);
    g_hash_table_remove(self->kept, stream_name);
    return watch;
}

static gboolean
uses_journal(const OmenConfiguration *configuration)
{
    if (configuration->journal == OMEN_SWITCH_AUTO)
        return g_file_test(JOURNAL_SOCKET, G_FILE_TEST_EXISTS);
    return configuration->journal == OMEN_SWITCH_YES;
}

static gboolean
uses_files(const OmenConfiguration *configuration)
{
    if (configuration->read_files == OMEN_SWITCH_AUTO)
        return !uses_journal(configuration);
    return configuration->read_files == OMEN_SWITCH_YES;
}

static gboolean
add_host_sources(OmenWatcher *self, GError **error)
{
    const OmenConfiguration *configuration = self->configuration;
    OmenStream *stream = self->host->stream;
    gboolean has_kmsg = configuration->kmsg == OMEN_SWITCH_YES;

    if (has_kmsg)
        omen_stream_add_source(
            stream, omen_kmsg_source_new(NULL, omen_stream_get_bookmark(stream, "kmsg")), FALSE);
    if (uses_journal(configuration))
        omen_stream_add_source(
            stream, omen_journal_source_new(NULL, omen_stream_get_bookmark(stream, "journal")),
            has_kmsg);
    for (guint i = 0; uses_files(configuration) && configuration->files[i]; i++) {
        const char *path = configuration->files[i];
        g_autofree char *name = g_strconcat("file:", path, NULL);
        omen_stream_add_source(
            stream, omen_file_source_new(path, omen_stream_get_bookmark(stream, name)), has_kmsg);
    }
    for (guint i = 0; configuration->syslog_sockets[i]; i++) {
        OmenSource *source = omen_syslog_source_new(configuration->syslog_sockets[i], error);
        if (!source)
            return FALSE;
        omen_stream_add_source(stream, source, has_kmsg);
    }
    return TRUE;
}

static void
add_domain_sources(OmenWatcher *self, Watch *watch)
{
    const OmenConfiguration *configuration = self->configuration;

    omen_stream_add_source(watch->stream,
                           omen_domain_event_source_new(self->hypervisor, watch->uuid, watch->name),
                           FALSE);
    if (configuration->qemu_logs) {
        g_autofree char *name = g_strconcat("qemu-log:", watch->name, NULL);
        const char *bookmark = omen_stream_get_bookmark(watch->stream, name);
        OmenSource *source =
            omen_qemu_log_source_new(configuration->qemu_log_dir, watch->name, bookmark);
        if (source)
            omen_stream_add_source(watch->stream, source, FALSE);
    }
}

static void
on_domain_added(OmenHypervisor *hypervisor G_GNUC_UNUSED,
                const OmenDomainInfo *domain,
                gpointer user_data)
{
    OmenWatcher *self = user_data;
    OmenDetectorConfig config = self->configuration->detector;
    g_autofree char *stream_name = g_strconcat(DOMAIN_PREFIX, domain->uuid, NULL);
    g_autoptr(GError) error = NULL;
    Watch *watch;

    if (g_hash_table_contains(self->domains, domain->uuid))
        return;
    if (g_hash_table_size(self->domains) >= OMEN_WATCHER_MAX_DOMAINS) {
        if (!self->is_full)
            g_warning("%d domains are watched; more are not", OMEN_WATCHER_MAX_DOMAINS);
        self->is_full = TRUE;
        return;
    }
    config.profile.training = self->configuration->domain_training;
    watch = watch_new(self, &config, OMEN_PROVENANCE_DOMAIN, stream_name, domain->uuid,
                      domain->name, &error);
    if (!watch) {
        g_warning("domain %s is not watched: %s", domain->name, error->message);
        return;
    }
    g_hash_table_insert(self->domains, watch->uuid, watch);
    add_domain_sources(self, watch);
}

static void
on_domain_removed(OmenHypervisor *hypervisor G_GNUC_UNUSED,
                  const OmenDomainInfo *domain,
                  gpointer user_data)
{
    OmenWatcher *self = user_data;
    Watch *watch = g_hash_table_lookup(self->domains, domain->uuid);
    GVariant *state;

    if (!watch)
        return;
    /* It may come back, by another migration: what is known of it is kept for then. */
    state = omen_stream_save(watch->stream);
    if (state)
        omen_watcher_restore(self, omen_stream_get_name(watch->stream), state);
    g_hash_table_remove(self->domains, domain->uuid);
    self->is_full = FALSE;
}

gboolean
omen_watcher_start(OmenWatcher *self, GError **error)
{
    self->host = watch_new(self, &self->configuration->detector, OMEN_PROVENANCE_HOST, HOST_STREAM,
                           "", "", error);
    if (!self->host || !add_host_sources(self, error))
        return FALSE;

    g_signal_connect(self->hypervisor, "domain-added", G_CALLBACK(on_domain_added), self);
    g_signal_connect(self->hypervisor, "domain-removed", G_CALLBACK(on_domain_removed), self);
    return TRUE;
}

void
omen_watcher_stop(OmenWatcher *self)
{
    GHashTableIter iter;
    gpointer watch;

    g_signal_handlers_disconnect_by_data(self->hypervisor, self);
    if (self->host)
        omen_stream_stop(self->host->stream);
    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &watch))
        omen_stream_stop(((Watch *) watch)->stream);
}

OmenStream *
omen_watcher_get_host_stream(OmenWatcher *self)
{
    return self->host->stream;
}

OmenStream *
omen_watcher_get_domain_stream(OmenWatcher *self, const char *uuid)
{
    Watch *watch = g_hash_table_lookup(self->domains, uuid);

    return watch ? watch->stream : NULL;
}

OmenStream *
omen_watcher_lookup(OmenWatcher *self, const char *stream_name)
{
    if (g_str_equal(stream_name, HOST_STREAM))
        return self->host->stream;
    if (g_str_has_prefix(stream_name, DOMAIN_PREFIX))
        return omen_watcher_get_domain_stream(self, stream_name + strlen(DOMAIN_PREFIX));
    return NULL;
}

GPtrArray *
omen_watcher_list(OmenWatcher *self)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer watch;

    g_ptr_array_add(list, self->host->stream);
    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &watch))
        g_ptr_array_add(list, ((Watch *) watch)->stream);
    return list;
}
