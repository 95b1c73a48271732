/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A miner's clusters by number and by use, within bounds of number and memory.
 *
 * Plain: the least recently used one goes, as in Drain3. Guarded: a cluster is on probation until
 * its fourth message, and those on probation go first, so that a flood of lines that are never
 * seen again can't push out what is in daily use; of the others the least used among the
 * longest unused goes.
 */
#pragma once

#include "engine/hash-index.h"

G_BEGIN_DECLS

/* The first member of a miner's own kind of cluster. */
typedef struct {
    guint32 id;
    guint64 size;     /* messages it took */
    guint32 n_bytes;  /* of memory */
    gboolean trusted; /* no longer on probation */
    GList link;       /* in the order of use */
} OmenCluster;

typedef struct {
    guint max_clusters;
    gsize max_bytes;
    gboolean guarded;
    OmenHashIndex clusters; /* id -> OmenCluster */
    GQueue probation;       /* least recently used first */
    GQueue trusted;
    gsize n_bytes;
    guint32 last_id;
    void (*drop)(OmenCluster *cluster, gpointer user_data); /* frees it */
    gpointer user_data;
} OmenClusterTable;

void omen_cluster_table_init(OmenClusterTable *self,
                             guint max_clusters,
                             gsize max_bytes,
                             gboolean guarded,
                             void (*drop)(OmenCluster *cluster, gpointer user_data),
                             gpointer user_data);
void omen_cluster_table_clear(OmenClusterTable *self);

/* Different for different numbers, and well spread. */
static inline guint64
omen_cluster_hash_id(guint32 id)
{
    return id * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> 16;
}

/* (nullable) */
static inline OmenCluster *
omen_cluster_table_find(const OmenClusterTable *self, guint32 id)
{
    guint64 hash = omen_cluster_hash_id(id);
    guint64 cursor = hash;

    return omen_hash_index_next(&self->clusters, hash, &cursor);
}

static inline guint
omen_cluster_table_get_n(const OmenClusterTable *self)
{
    return self->probation.length + self->trusted.length;
}

/* Drops what is in the way, gives @cluster the next number and takes it (transfer full). */
void omen_cluster_table_add(OmenClusterTable *self, OmenCluster *cluster);

/* Takes one with the number, size and trust that it was saved with; FALSE, and not taken: there
 * is no room, or its number is taken. */
gboolean omen_cluster_table_restore(OmenClusterTable *self, OmenCluster *cluster);

/* @cluster took one more message. */
void omen_cluster_table_use(OmenClusterTable *self, OmenCluster *cluster);

/* (transfer container): numbers (GUINT_TO_POINTER), rising. */
GList *omen_cluster_table_list(const OmenClusterTable *self);

G_END_DECLS
