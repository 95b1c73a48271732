/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The miner: log messages to templates, online.
 *
 * A cluster is an event that a program logs; its number is given once and never changes, its
 * template may grow more general. Two algorithms:
 *
 * OMEN_MINER_SHAPE, the default, takes a message's parameters for what their form and place tell
 * (numbers, addresses, names with digits, paths, "user X") and everything else for the event:
 * messages that are equal but for their parameters are one cluster, at whatever time they come.
 * Nothing is guessed from similarity, so "spawned" and "destroyed" never become one.
 *
 * OMEN_MINER_DRAIN is Drain (He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed
 * Depth Tree", ICWS 2017) exactly as Drain3 implements it: messages are masked, cut into tokens,
 * led through a tree of fixed depth by their token count and first tokens to a leaf, and joined
 * there to the most similar cluster, or found a new one.
 *
 * Pure: no I/O, no clock, no global state. One miner belongs to one thread at a time.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_MINER_ERROR (omen_miner_error_quark())
GQuark omen_miner_error_quark(void);

typedef enum {
    OMEN_MINER_ERROR_BAD_MASK,  /* a user's mask is no valid regular expression */
    OMEN_MINER_ERROR_BAD_STATE, /* saved state is damaged or of another version */
} OmenMinerError;

/* A mask of the user's: matches of @pattern (PCRE) are replaced by <:@name:>. */
typedef struct {
    const char *name;
    const char *pattern;
} OmenMask;

typedef enum {
    OMEN_MINER_SHAPE,
    OMEN_MINER_DRAIN,
} OmenMinerAlgorithm;

typedef struct {
    OmenMinerAlgorithm algorithm;
    guint max_clusters;         /* 0: 10000, of Drain 1024. Of shapes, the least used go; of Drain,
                                 * the least recently used */
    gsize max_bytes;            /* of all clusters: 8 MiB */
    const OmenMask *user_masks; /* applied before anything else; may be NULL */
    gsize n_user_masks;
    guint64 hash_key; /* of the tables; draw it at random where strangers write lines */

    /* Of Drain only. */
    double similarity;      /* sim_th, share of equal tokens that joins a cluster: 0..1, 0.4 */
    guint depth;            /* of the tree, counting root and leaf: >= 3, 4 */
    guint max_children;     /* of an inner node: >= 2, 100 */
    const char *delimiters; /* part tokens besides white space; NULL: "_" with masks, else none */
    gboolean masks;         /* apply the reference's masks: TRUE */
} OmenMinerConfig;

/* The defaults above. */
#define OMEN_MINER_CONFIG_INIT                                                                     \
    ((OmenMinerConfig){.algorithm = OMEN_MINER_SHAPE,                                              \
                       .max_bytes = 8 * 1024 * 1024,                                               \
                       .similarity = 0.4,                                                          \
                       .depth = 4,                                                                 \
                       .max_children = 100,                                                        \
                       .masks = TRUE})

typedef struct _OmenMiner OmenMiner;

/* Returns: (transfer full): free with omen_miner_free(); NULL with @error on a bad user mask.
 * @config is copied. */
OmenMiner *omen_miner_new(const OmenMinerConfig *config, GError **error);
void omen_miner_free(OmenMiner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenMiner, omen_miner_free)

typedef struct {
    guint32 cluster;  /* from 1 on, in the order of first sight */
    gboolean is_new;  /* the cluster began with this message */
    gboolean changed; /* the cluster's template grew a wildcard by this message */
} OmenParse;

/* Parses a message of @length bytes, learning from it. Any bytes are allowed. */
void omen_miner_parse(OmenMiner *self, const char *message, gsize length, OmenParse *parse);

/* Returns: (transfer full) (nullable): the template of @cluster as it stands now; NULL if there is
 * none of that number, or no longer. */
char *omen_miner_dup_template(const OmenMiner *self, guint32 cluster);

guint omen_miner_get_n_clusters(const OmenMiner *self);

/* Memory that the clusters take, in bytes; never more than the configuration's max_bytes. */
gsize omen_miner_get_n_bytes(const OmenMiner *self);

/* Messages that @cluster has taken so far; 0 for an unknown one. */
guint64 omen_miner_get_cluster_size(const OmenMiner *self, guint32 cluster);

/* Calls @function for each live cluster, by rising number. @text is valid during the call. */
typedef void (*OmenMinerFunc)(guint32 cluster, const char *text, guint64 size, gpointer user_data);
void omen_miner_foreach(const OmenMiner *self, OmenMinerFunc function, gpointer user_data);

/* The whole state as a value, and back. restore(save(x)) parses on exactly as x would.
 * omen_miner_save() returns: (transfer full), floating. */
GVariant *omen_miner_save(const OmenMiner *self);
OmenMiner *omen_miner_restore(const OmenMinerConfig *config, GVariant *state, GError **error);

G_END_DECLS
