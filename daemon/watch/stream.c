/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/stream.h"

#include "watch/floods.h"

#include <string.h>

/* A source with what is counted of it here. */
typedef struct {
    OmenStream *stream; /* not owned: it owns this */
    OmenSource *source;
    OmenSource *kernel; /* borrowed, nullable: brings what the kernel says */
    guint64 anomalies;
    guint64 n_left_out; /* a writer's that wrote too much */
} Feed;

struct _OmenStream {
    GObject parent_instance;

    char *name;
    OmenDetector *detector;
    guint training; /* records that it is trained with */
    GPtrArray *feeds;
    GHashTable *bookmarks; /* source name -> bookmark, of the earlier life */
    OmenScoreHistory *scores;
    OmenHistogram delays; /* from a record's own time stamp to its score */
    OmenStreamFilter filter;
    gpointer filter_data;
    const OmenWriters *writers;
    OmenStream *unproven; /* nullable */
    OmenFloods *floods;   /* of those whose records go there */
    gboolean tells_doubts;
    guint64 n_records;
    guint64 n_passed_on; /* brought by its sources, and not its own */
    guint64 n_saved;     /* of both, when it was saved last */
};

G_DEFINE_FINAL_TYPE(OmenStream, omen_stream, G_TYPE_OBJECT)

enum {
    SIGNAL_DETECTION,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
feed_free(Feed *self)
{
    omen_source_stop(self->source);
    g_object_unref(self->source);
    g_free(self);
}

static const double delay_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                      0.1,   0.25,   1,     10,   60,    600};

void
omen_stream_init_delays(OmenHistogram *histogram)
{
    omen_histogram_init(histogram, delay_bounds, G_N_ELEMENTS(delay_bounds));
}

const OmenHistogram *
omen_stream_get_delays(OmenStream *self)
{
    return &self->delays;
}

static void
omen_stream_init(OmenStream *self)
{
    self->feeds = g_ptr_array_new_with_free_func((GDestroyNotify) feed_free);
    self->floods = omen_floods_new();
    self->scores = omen_score_history_new();
    omen_stream_init_delays(&self->delays);
    self->bookmarks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void
omen_stream_finalize(GObject *object)
{
    OmenStream *self = OMEN_STREAM(object);

    g_ptr_array_unref(self->feeds);
    g_clear_object(&self->unproven);
    omen_floods_free(self->floods);
    g_hash_table_unref(self->bookmarks);
    omen_score_history_free(self->scores);
    omen_detector_free(self->detector);
    g_free(self->name);
    G_OBJECT_CLASS(omen_stream_parent_class)->finalize(object);
}

static void
omen_stream_class_init(OmenStreamClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_stream_finalize;
    signals[SIGNAL_DETECTION] =
        g_signal_new("detection", OMEN_TYPE_STREAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_POINTER);
}

OmenStream *
omen_stream_new(const char *name, OmenDetector *detector, guint training)
{
    OmenStream *self = g_object_new(OMEN_TYPE_STREAM, NULL);

    self->name = g_strdup(name);
    self->detector = detector;
    self->training = training;
    return self;
}

const char *
omen_stream_get_name(OmenStream *self)
{
    return self->name;
}

const char *
omen_stream_get_domain_uuid(OmenStream *self)
{
    const char *colon = strchr(self->name, ':');

    return colon ? colon + 1 : "";
}

OmenDetector *
omen_stream_get_detector(OmenStream *self)
{
    return self->detector;
}

OmenProvenance
omen_stream_name_get_provenance(const char *name)
{
    if (g_str_has_prefix(name, OMEN_STREAM_DOMAIN_PREFIX))
        return OMEN_PROVENANCE_DOMAIN;
    return g_str_has_prefix(name, OMEN_STREAM_GUEST_PREFIX) ? OMEN_PROVENANCE_GUEST
                                                            : OMEN_PROVENANCE_HOST;
}

void
omen_stream_set_bookmarks(OmenStream *self, GVariant *bookmarks)
{
    GVariantIter iter;
    const char *name;
    const char *bookmark;

    g_variant_iter_init(&iter, bookmarks);
    while (g_variant_iter_next(&iter, "{&s&s}", &name, &bookmark))
        g_hash_table_replace(self->bookmarks, g_strdup(name), g_strdup(bookmark));
}

const char *
omen_stream_get_bookmark(OmenStream *self, const char *source_name)
{
    return g_hash_table_lookup(self->bookmarks, source_name);
}

/* By the text: what files and sockets have is no more. */
static gboolean
says_to_be_kernel(const OmenRecord *record)
{
    return record->identifier_length == strlen("kernel") &&
           memcmp(record->identifier, "kernel", strlen("kernel")) == 0;
}

/* Another source brings it. */
static gboolean
is_double(const Feed *feed, const OmenRecord *record)
{
    return feed->kernel && says_to_be_kernel(record) && !omen_source_get_problem(feed->kernel);
}

gboolean
omen_stream_knows_writer(const OmenStream *self, const OmenRecord *record)
{
    return self->writers && omen_writers_know(self->writers, record);
}

gboolean
omen_stream_proves(const OmenStream *self, const OmenRecord *record, const OmenVerdict *verdict)
{
    return self->writers &&
           omen_writers_prove(self->writers, omen_detector_get_judge(self->detector), record,
                              verdict);
}

static gboolean
is_doubtful(const OmenDecision *decision)
{
    return !decision->verdict.sure && !decision->profile.training;
}

static void
take(OmenStream *self, Feed *feed, const OmenRecord *record)
{
    OmenDecision decision;

    if (self->filter && self->filter(self, record, self->filter_data))
        return;

    omen_detector_push(self->detector, record, &decision);
    self->n_records++;
    omen_score_history_add(self->scores, g_get_monotonic_time(), decision.score);
    if (record->time_us > 0)
        omen_histogram_add(&self->delays,
                           MAX((double) (g_get_real_time() - record->time_us) / G_USEC_PER_SEC, 0));
    if (decision.profile.anomalous)
        feed->anomalies++;
    if (decision.omen || (self->tells_doubts && is_doubtful(&decision)))
        g_signal_emit(self, signals[SIGNAL_DETECTION], 0, record, &decision);
}

static void
on_record(OmenSource *source, const OmenRecord *record, gpointer user_data)
{
    Feed *feed = user_data;
    OmenStream *self = feed->stream;
    gboolean doubled = is_double(feed, record);

    if (!doubled && (!self->unproven || omen_stream_knows_writer(self, record))) {
        take(self, feed, record);
        return;
    }
    /* Its sources' bookmarks move on all the same. */
    self->n_passed_on++;
    if (doubled)
        return;
    if (omen_floods_admit(self->floods, record, omen_source_get_name(source),
                          g_get_monotonic_time()))
        take(self->unproven, feed, record);
    else
        feed->n_left_out++;
}

void
omen_stream_add_source(OmenStream *self, OmenSource *source, OmenSource *kernel)
{
    Feed *feed = g_new0(Feed, 1);

    feed->stream = self;
    feed->source = source;
    feed->kernel = kernel;
    g_ptr_array_add(self->feeds, feed);
    omen_source_start(source, on_record, feed);
}

void
omen_stream_set_writers(OmenStream *self, const OmenWriters *writers)
{
    self->writers = writers;
}

void
omen_stream_set_unproven(OmenStream *self, OmenStream *unproven)
{
    g_set_object(&self->unproven, unproven);
}

char *
omen_stream_describe_floods(OmenStream *self)
{
    return omen_floods_describe(self->floods, g_get_monotonic_time());
}

void
omen_stream_tell_doubts(OmenStream *self)
{
    self->tells_doubts = TRUE;
}

void
omen_stream_set_filter(OmenStream *self, OmenStreamFilter filter, gpointer user_data)
{
    self->filter = filter;
    self->filter_data = user_data;
}

void
omen_stream_stop(OmenStream *self)
{
    for (guint i = 0; i < self->feeds->len; i++)
        omen_source_stop(((Feed *) g_ptr_array_index(self->feeds, i))->source);
}

const OmenScoreHistory *
omen_stream_get_scores(OmenStream *self)
{
    return self->scores;
}

/* It vouches for who wrote what it brings, be it only of some. */
static gboolean
is_trusted(OmenSource *source)
{
    OmenOrigin origin = omen_source_get_origin(source);

    return origin != OMEN_ORIGIN_GUEST && origin != OMEN_ORIGIN_UNPROVEN;
}

GPtrArray *
omen_stream_list_status(OmenStream *self)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) omen_stream_status_free);
    const OmenProfile *profile = omen_detector_get_profile(self->detector);
    gboolean training = omen_profile_is_training(profile);
    gint64 began_us = omen_detector_get_began_us(self->detector);
    guint trained = (guint) MIN(omen_profile_get_n_records(profile), self->training);

    for (guint i = 0; i < self->feeds->len; i++) {
        Feed *feed = g_ptr_array_index(self->feeds, i);
        OmenStreamStatus *status = g_new0(OmenStreamStatus, 1);
        const char *problem = omen_source_get_problem(feed->source);

        status->source = g_strdup(omen_source_get_name(feed->source));
        status->trusted = is_trusted(feed->source);
        status->records = omen_source_get_n_records(feed->source);
        status->dropped = omen_source_get_n_dropped(feed->source) + feed->n_left_out;
        status->anomalies = feed->anomalies;
        status->training = training;
        status->training_records = trained;
        status->training_of = self->training;
        status->day_ends_us = began_us > 0 ? began_us + G_TIME_SPAN_DAY : 0;
        status->problem = g_strdup(problem ? problem : "");
        g_ptr_array_add(list, status);
    }
    return list;
}

static GVariant *
save_bookmarks(OmenStream *self)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
    for (guint i = 0; i < self->feeds->len; i++) {
        Feed *feed = g_ptr_array_index(self->feeds, i);
        g_autofree char *bookmark = omen_source_dup_bookmark(feed->source);
        if (bookmark)
            g_variant_builder_add(&builder, "{ss}", omen_source_get_name(feed->source), bookmark);
    }
    return g_variant_builder_end(&builder);
}

void
omen_stream_mark_changed(OmenStream *self)
{
    self->n_saved = G_MAXUINT64;
}

gboolean
omen_stream_is_marked(OmenStream *self)
{
    return self->n_saved == G_MAXUINT64;
}

GVariant *
omen_stream_save(OmenStream *self)
{
    GVariantBuilder builder;

    if (self->n_records + self->n_passed_on == self->n_saved)
        return NULL;
    self->n_saved = self->n_records + self->n_passed_on;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "detector", omen_detector_save(self->detector));
    g_variant_builder_add(&builder, "{sv}", "bookmarks", save_bookmarks(self));
    return g_variant_builder_end(&builder);
}

GVariant *
omen_stream_state_tell(GVariant *state,
                       const OmenTemplateWord *word,
                       const OmenDetectorConfig *config,
                       OmenJudge *judge)
{
    g_autoptr(GVariant) saved = state ? g_variant_lookup_value(state, "detector", NULL) : NULL;
    g_autoptr(OmenDetector) detector = NULL;
    g_auto(GVariantDict) changed = G_VARIANT_DICT_INIT(state);

    /* Whose word it is matters to the judge alone, who is not asked here. */
    if (saved)
        detector = omen_detector_restore(config, OMEN_PROVENANCE_GUEST, judge, saved, NULL);
    if (!detector)
        return NULL;
    omen_detector_tell(detector, word);
    g_variant_dict_insert_value(&changed, "detector", omen_detector_save(detector));
    return g_variant_dict_end(&changed);
}
