/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The profile: how far is the latest subsequence from all that is normal here?
 *
 * The modified matrix profile of VMFT-LAD (Senevirathne, Cooray, Herath, Fernando: "Virtual Machine
 * Proactive Fault Tolerance Using Log-Based Anomaly Detection", IEEE Access 12, 2024): the last m
 * template numbers are a subsequence; its score is the relative distance, bounded by 1, to the
 * nearest one in a store of unique normal subsequences. The first M records train the store; later
 * a subsequence nearer than eta counts as a use of what it matched, and one that the caller calls
 * normal is added (omen_profile_learn()).
 *
 * Pure, like the miner.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_PROFILE_ERROR (omen_profile_error_quark())
GQuark omen_profile_error_quark(void);

typedef enum {
    OMEN_PROFILE_ERROR_BAD_STATE, /* saved state is damaged or of another version */
} OmenProfileError;

#define OMEN_PROFILE_MAX_LENGTH 16

typedef enum {
    OMEN_METRIC_TRANSITION, /* does the last number come as it is known to? 0: one of the fifteen
                             * before it is known to come up to m - 1 places before it, whatever is
                             * between them; (m - 1) / m: it is known, but not after any of them; 1:
                             * it is not known. Template numbers are names */
    OMEN_METRIC_PAPER,      /* the paper's: they are quantities, sum |a - b| / sum b */
} OmenMetric;

typedef struct {
    OmenMetric metric;      /* OMEN_METRIC_TRANSITION */
    guint length;           /* m, records a subsequence: 2..OMEN_PROFILE_MAX_LENGTH, 4 */
    guint training;         /* M, records that train: 150 */
    double similarity;      /* eta, below it a subsequence matches: 0.05 */
    double threshold;       /* at or above it a subsequence is anomalous: 0.15 */
    guint max_subsequences; /* of the store; the least used one goes first: 10000 */
} OmenProfileConfig;

#define OMEN_PROFILE_CONFIG_INIT                                                                   \
    ((OmenProfileConfig){.metric = OMEN_METRIC_TRANSITION,                                         \
                         .length = 4,                                                              \
                         .training = 150,                                                          \
                         .similarity = 0.05,                                                       \
                         .threshold = 0.15,                                                        \
                         .max_subsequences = 10000})

typedef struct {
    double distance;    /* 0..1 to the nearest normal subsequence; 0 while training */
    gboolean training;  /* this record went into the training */
    gboolean anomalous; /* distance >= threshold */
} OmenScore;

typedef struct _OmenProfile OmenProfile;

OmenProfile *omen_profile_new(const OmenProfileConfig *config);
void omen_profile_free(OmenProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenProfile, omen_profile_free)

/* Takes the next key (template number) and scores the subsequence that it completes. */
void omen_profile_push(OmenProfile *self, guint32 key, OmenScore *score);

/* The normal subsequence that the last push found nearest, oldest first; returns its length, 0 if
 * there is none (nothing in common, training), or the store has changed since. Looked up only when
 * asked for: most scores need no explanation. */
guint omen_profile_get_nearest(const OmenProfile *self, guint32 keys[OMEN_PROFILE_MAX_LENGTH]);

/* The subsequence that the last push scored is normal: it joins the store. */
void omen_profile_learn(OmenProfile *self);

/* The last subsequence of keys, oldest first; returns how many there are (< m at the start). */
guint omen_profile_get_current(const OmenProfile *self, guint32 keys[OMEN_PROFILE_MAX_LENGTH]);

gboolean omen_profile_is_training(const OmenProfile *self);
guint64 omen_profile_get_n_records(const OmenProfile *self);
guint omen_profile_get_n_subsequences(const OmenProfile *self);

/* What is normal here, most used first. */
typedef void (*OmenProfileFunc)(const guint32 *keys,
                                guint length,
                                guint64 uses,
                                gpointer user_data);
void omen_profile_foreach(const OmenProfile *self, OmenProfileFunc function, gpointer user_data);

/* Takes a subsequence out of what is normal; FALSE if it was not in. */
gboolean omen_profile_forget(OmenProfile *self, const guint32 *keys, guint length);

/* As for the miner: restore(save(x)) scores on exactly as x would. */
GVariant *omen_profile_save(const OmenProfile *self);
OmenProfile *omen_profile_restore(const OmenProfileConfig *config, GVariant *state, GError **error);

G_END_DECLS
