/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The detector of one stream: record -> template -> score -> verdict -> decision.
 *
 * It joins a miner, a profile and a judge, and is all that stands between a line and an omen; the
 * daemon, `virt-omen replay` and the evaluation run this same object. Pure, like its parts.
 *
 * A score of 0.5 is the shipped threshold. It is continuous, 0 while the stream is in training, and
 * rises with how new the stretch is here and with how sure the judge is that it means failure.
 * An anomalous stretch that the judge calls benign joins the profile's store at once, so the same
 * false alarm is not raised twice; one that it calls a failure never does.
 */
#pragma once

#include <virt-omen/judge.h>
#include <virt-omen/miner.h>
#include <virt-omen/profile.h>
#include <virt-omen/record.h>

G_BEGIN_DECLS

#define OMEN_DETECTOR_ERROR (omen_detector_error_quark())
GQuark omen_detector_error_quark(void);

typedef enum {
    OMEN_DETECTOR_ERROR_BAD_STATE,   /* saved state is damaged or of another version */
    OMEN_DETECTOR_ERROR_BAD_SETTING, /* a setting makes no sense */
} OmenDetectorError;

#define OMEN_DECISION_THRESHOLD 0.5

typedef struct {
    OmenMinerConfig miner;
    OmenProfileConfig profile;
    double threshold; /* of the decision's score, OMEN_DECISION_THRESHOLD */
} OmenDetectorConfig;

#define OMEN_DETECTOR_CONFIG_INIT                                                                  \
    ((OmenDetectorConfig){.miner = OMEN_MINER_CONFIG_INIT,                                         \
                          .profile = OMEN_PROFILE_CONFIG_INIT,                                     \
                          .threshold = OMEN_DECISION_THRESHOLD})

typedef struct {
    guint64 index; /* of the record in its stream, from 0 */
    guint32 template_id;
    gboolean new_template;
    OmenScore profile;   /* what the profile said */
    gboolean judged;     /* @verdict is filled in */
    OmenVerdict verdict; /* of this record */
    gboolean learned;    /* judged benign, and now normal */
    double score;        /* 0..1 */
    gboolean omen;       /* score >= threshold */
} OmenDecision;

typedef struct _OmenDetector OmenDetector;

/* @judge is referenced; @provenance is that of all the stream's records.
 * Returns: (transfer full): NULL with @error on a bad user mask. */
OmenDetector *omen_detector_new(const OmenDetectorConfig *config,
                                OmenProvenance provenance,
                                OmenJudge *judge,
                                GError **error);
void omen_detector_free(OmenDetector *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDetector, omen_detector_free)

/* Takes the next record of the stream. */
void omen_detector_push(OmenDetector *self, const OmenRecord *record, OmenDecision *decision);

/* The same for a record that is a template already: @key its number, @text its text (NUL ended). */
void
omen_detector_push_key(OmenDetector *self, guint32 key, const char *text, OmenDecision *decision);

/* What an operator said of lines of a kind; it outweighs any judge. */
typedef enum {
    OMEN_WORD_NONE = 0,
    OMEN_WORD_DISMISSED, /* they mean nothing: their score is 0 from now on in this stream */
    OMEN_WORD_CONFIRMED, /* they meant failure: each is an omen from now on, in training as well */
} OmenWord;

typedef struct {
    guint32 template_id;
    OmenWord word;
    gint64 time_us; /* when it was said, microseconds since the epoch */
    /* Of a confirmed one: what failed, for a judge that calls the line benign. */
    OmenFailureClass failure_class;
    OmenScope scope;
    gboolean migration_helps;
} OmenTemplateWord;

/* The operator says @word; it replaces what was said of that template before. OMEN_WORD_NONE takes
 * it back: the judge decides again. */
void omen_detector_tell(OmenDetector *self, const OmenTemplateWord *word);

/* All that was said and not taken back, by rising template. (transfer container)
 * (element-type OmenTemplateWord), owned by the array. */
GArray *omen_detector_list_words(const OmenDetector *self);

/* A value that an operator takes as known, though a failure: what tells of it is no omen until it
 * is worse. Then it is one, of what is said here. */
typedef struct {
    guint32 number; /* of this value in its stream; omen_detector_accept() gives it */
    char *line;     /* "who: message", which told of it */
    gint64 time_us; /* when it was said, microseconds since the epoch */
    OmenFailureClass failure_class;
    OmenScope scope;
    char device[OMEN_DEVICE_MAX];
    gboolean migration_helps;
    double probability;
} OmenAcceptedValue;

/* The value that @value->line tells of is known, as bad as it is at present. @value is copied.
 * FALSE: the line tells of an event, not of a value. */
gboolean omen_detector_accept(OmenDetector *self, const OmenAcceptedValue *value);

/* All that is known so, by rising number. (transfer container) (element-type OmenAcceptedValue),
 * valid until the next call on the detector. */
GPtrArray *omen_detector_list_accepted(const OmenDetector *self);

/* Takes it back. FALSE: there is none of that number. */
gboolean omen_detector_forget_accepted(OmenDetector *self, guint32 number);

/* Undoes what was learnt: the subsequence is no longer normal, nor is the line that ends it. FALSE
 * if it was not among what is normal. */
gboolean omen_detector_forget(OmenDetector *self, const guint32 *keys, guint length);

/* When that subsequence was learnt to be normal, by its last record's time; 0: in the training, or
 * too long ago to be known. */
gint64 omen_detector_get_learnt_us(OmenDetector *self, const guint32 *keys, guint length);

/* When its first record was written, microseconds since the epoch; 0: none had a time. For a day
 * from then on, kinds of lines that the training met once or twice still count as new. */
gint64 omen_detector_get_began_us(const OmenDetector *self);

/* Borrowed; for listing. */
OmenMiner *omen_detector_get_miner(OmenDetector *self);
OmenProfile *omen_detector_get_profile(OmenDetector *self);
OmenJudge *omen_detector_get_judge(OmenDetector *self);

GVariant *omen_detector_save(const OmenDetector *self);
OmenDetector *omen_detector_restore(const OmenDetectorConfig *config,
                                    OmenProvenance provenance,
                                    OmenJudge *judge,
                                    GVariant *state,
                                    GError **error);

G_END_DECLS
