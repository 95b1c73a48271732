/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drain's tree: nodes by token, leaves of clusters whose tokens lie side by side as hashes. */
#pragma once

#include "engine/cluster-table.h"
#include "engine/hash-index.h"

G_BEGIN_DECLS

#define OMEN_DRAIN_WILDCARD "<:*:>"

typedef struct _OmenDrainLeaf OmenDrainLeaf;
typedef struct _OmenDrainNode OmenDrainNode;

typedef struct {
    OmenCluster base;
    OmenDrainLeaf *leaf; /* that it is in */
    guint row;           /* there */
    guint n_tokens;
    guint n_wildcards;
    char **tokens;
} OmenDrainCluster;

/* In the order they came: the first of equals wins. */
struct _OmenDrainLeaf {
    OmenDrainCluster **clusters;
    guint64 *rows; /* of token hashes, as many as the clusters have tokens */
    guint n_clusters;
    guint capacity;
};

struct _OmenDrainNode {
    char *key;
    guint64 hash;
    OmenHashIndex index; /* of the children */
    guint n_children;
    OmenDrainNode *first_child;
    OmenDrainNode *next_sibling;
    OmenDrainLeaf leaf;
};

OmenDrainCluster *omen_drain_cluster_new(guint n_tokens);
void omen_drain_cluster_free(OmenDrainCluster *self);
void omen_drain_cluster_set_token(OmenDrainCluster *self, guint index, const char *token, gsize n);

void omen_drain_leaf_add(OmenDrainLeaf *self, OmenDrainCluster *cluster, const guint64 *hashes);
void omen_drain_leaf_remove(OmenDrainLeaf *self, OmenDrainCluster *cluster);
guint64 *omen_drain_leaf_get_row(OmenDrainLeaf *self, const OmenDrainCluster *cluster);

OmenDrainNode *omen_drain_node_new(const char *key, gsize length, guint64 hash);
void omen_drain_node_free(OmenDrainNode *self);

/* (nullable) */
static inline OmenDrainNode *
omen_drain_node_find(const OmenDrainNode *self, guint64 hash)
{
    guint64 cursor = hash;

    return omen_hash_index_next(&self->index, hash, &cursor);
}

/* The child of that key, made if it is not there. */
OmenDrainNode *
omen_drain_node_ensure(OmenDrainNode *self, const char *key, gsize length, guint64 hash);

G_END_DECLS
