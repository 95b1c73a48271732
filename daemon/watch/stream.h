/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream: the sources whose records belong together, and the detector that judges them.
 *
 * One for the host, one a domain for what QEMU and libvirt say of it, one a domain for what its
 * guest says. Streams never mix.
 *
 * Signals, on the main context:
 *   "detection" (OmenRecord *record, OmenDecision *decision): a record was decided to be an omen.
 * Both are valid during the emission. With omen_stream_tell_doubts() also one that is none, and
 * that the judge is not sure of.
 */
#pragma once

#include "source/source.h"
#include "watch/score-history.h"
#include "watch/stream-status.h"

#include "judge/writers.h"

#include <virt-omen/detector.h>

G_BEGIN_DECLS

#define OMEN_TYPE_STREAM (omen_stream_get_type())
G_DECLARE_FINAL_TYPE(OmenStream, omen_stream, OMEN, STREAM, GObject)

/* The names of streams: the host's, a domain's, a guest's. */
#define OMEN_STREAM_HOST          "host"
#define OMEN_STREAM_UNPROVEN      "unproven" /* said of the host by whoever is not believed */
#define OMEN_STREAM_DOMAIN_PREFIX "domain:"
#define OMEN_STREAM_GUEST_PREFIX  "guest:"

/* @name: OMEN_STREAM_HOST, or a prefix and a UUID. Takes @detector, which is trained with
 * @training records. */
OmenStream *omen_stream_new(const char *name, OmenDetector *detector, guint training);

const char *omen_stream_get_name(OmenStream *self);

/* "" for the host's. */
const char *omen_stream_get_domain_uuid(OmenStream *self);

/* What was loaded for this stream: (a{ss} of bookmarks). Give it before sources are added. */
void omen_stream_set_bookmarks(OmenStream *self, GVariant *bookmarks);

/* Returns: (nullable), borrowed: where the source of that name had come to in an earlier life. */
const char *omen_stream_get_bookmark(OmenStream *self, const char *source_name);

/* Adds and starts a source. Takes @source. @kernel: (nullable): another source of this stream that
 * brings what the kernel says: while that one reads, records are left out here that say to be the
 * kernel's. */
void omen_stream_add_source(OmenStream *self, OmenSource *source, OmenSource *kernel);

/* Who may say what; borrowed, for as long as the stream. Without it nothing is proven. */
void omen_stream_set_writers(OmenStream *self, const OmenWriters *writers);

/* Records by whoever is not believed of anything are @unproven's (referenced): they are scored and
 * learnt there, so much of each writer in a second, and not here. */
void omen_stream_set_unproven(OmenStream *self, OmenStream *unproven);

/* Is the record by one whose word counts for anything; and for what @verdict says of it? */
gboolean omen_stream_knows_writer(const OmenStream *self, const OmenRecord *record);
gboolean
omen_stream_proves(const OmenStream *self, const OmenRecord *record, const OmenVerdict *verdict);

/* Who writes more than is read, in a sentence; NULL: nobody. (transfer full) */
char *omen_stream_describe_floods(OmenStream *self);

/* "detection" is emitted of doubtful records as well, from now on. */
void omen_stream_tell_doubts(OmenStream *self);

/* Asked of each record before it is scored. TRUE: it is neither scored nor learnt. NULL: none is
 * asked. */
typedef gboolean (*OmenStreamFilter)(OmenStream *stream,
                                     const OmenRecord *record,
                                     gpointer user_data);
void omen_stream_set_filter(OmenStream *self, OmenStreamFilter filter, gpointer user_data);

/* Stops all sources. */
void omen_stream_stop(OmenStream *self);

/* Of all records of a stream of that name. */
OmenProvenance omen_stream_name_get_provenance(const char *name);

/* Borrowed. */
OmenDetector *omen_stream_get_detector(OmenStream *self);

/* The scores of all its records. Borrowed. */
const OmenScoreHistory *omen_stream_get_scores(OmenStream *self);

/* How long after its own time stamp each record was scored, in seconds; of records that have one.
 * Borrowed. */
const OmenHistogram *omen_stream_get_delays(OmenStream *self);

/* The bounds of that histogram, for one to merge several into. */
void omen_stream_init_delays(OmenHistogram *histogram);

/* Says of each source: (transfer full) (element-type OmenStreamStatus), see watch/stream-status.h.
 */
GPtrArray *omen_stream_list_status(OmenStream *self);

/* What its detector knows was changed by other than a record: it is to be kept. */
void omen_stream_mark_changed(OmenStream *self);
gboolean omen_stream_is_marked(OmenStream *self);

/* The state to keep, a{sv} with "detector" and "bookmarks"; NULL if nothing changed since the last
 * call. Returns: (transfer full) (nullable), floating. */
GVariant *omen_stream_save(OmenStream *self);

/* The same state after an operator's word on it. @state: (nullable). Returns: (transfer full)
 * (nullable), floating: NULL: it holds no detector. */
GVariant *omen_stream_state_tell(GVariant *state,
                                 const OmenTemplateWord *word,
                                 const OmenDetectorConfig *config,
                                 OmenJudge *judge);

G_END_DECLS
