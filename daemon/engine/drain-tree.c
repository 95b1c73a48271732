/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/drain-tree.h"

#include <string.h>

OmenDrainCluster *
omen_drain_cluster_new(guint n_tokens)
{
    OmenDrainCluster *self = g_new0(OmenDrainCluster, 1);

    self->n_tokens = n_tokens;
    self->tokens = g_new0(char *, (gsize) n_tokens + 1);
    self->base.n_bytes = (guint32) (sizeof *self + n_tokens * (sizeof(char *) + sizeof(guint64)));
    return self;
}

void
omen_drain_cluster_free(OmenDrainCluster *self)
{
    g_strfreev(self->tokens);
    g_free(self);
}

void
omen_drain_cluster_set_token(OmenDrainCluster *self, guint index, const char *token, gsize n)
{
    /* What it took at its beginning counts to its end: tokens only grow shorter. */
    if (!self->tokens[index])
        self->base.n_bytes += (guint32) MAX(n + 1, sizeof OMEN_DRAIN_WILDCARD);
    g_free(self->tokens[index]);
    self->tokens[index] = g_strndup(token, n);
}

void
omen_drain_leaf_add(OmenDrainLeaf *self, OmenDrainCluster *cluster, const guint64 *hashes)
{
    gsize n_tokens = cluster->n_tokens;

    if (self->n_clusters == self->capacity) {
        self->capacity = MAX(2 * self->capacity, 4);
        self->clusters = g_renew(OmenDrainCluster *, self->clusters, self->capacity);
        self->rows = g_renew(guint64, self->rows, self->capacity * MAX(n_tokens, 1));
    }
    cluster->leaf = self;
    cluster->row = self->n_clusters;
    self->clusters[self->n_clusters++] = cluster;
    if (n_tokens > 0)
        memcpy(omen_drain_leaf_get_row(self, cluster), hashes, n_tokens * sizeof *hashes);
}

void
omen_drain_leaf_remove(OmenDrainLeaf *self, OmenDrainCluster *cluster)
{
    gsize n_after = self->n_clusters - cluster->row - 1;
    guint64 *row = omen_drain_leaf_get_row(self, cluster);

    if (n_after > 0 && cluster->n_tokens > 0)
        memmove(row, row + cluster->n_tokens, n_after * cluster->n_tokens * sizeof *row);
    memmove(self->clusters + cluster->row, self->clusters + cluster->row + 1,
            n_after * sizeof(OmenDrainCluster *));
    self->n_clusters--;
    for (guint i = cluster->row; i < self->n_clusters; i++)
        self->clusters[i]->row = i;
    cluster->leaf = NULL;
}

guint64 *
omen_drain_leaf_get_row(OmenDrainLeaf *self, const OmenDrainCluster *cluster)
{
    return self->rows + (gsize) cluster->row * cluster->n_tokens;
}

OmenDrainNode *
omen_drain_node_new(const char *key, gsize length, guint64 hash)
{
    OmenDrainNode *self = g_new0(OmenDrainNode, 1);

    self->key = g_strndup(key, length);
    self->hash = hash;
    omen_hash_index_init(&self->index);
    return self;
}

/* The tree is no deeper than its configuration allows. */
void
omen_drain_node_free(OmenDrainNode *self)
{
    OmenDrainNode *child = self->first_child;

    while (child) {
        OmenDrainNode *next = child->next_sibling;
        omen_drain_node_free(child);
        child = next;
    }
    omen_hash_index_clear(&self->index);
    g_free(self->leaf.clusters);
    g_free(self->leaf.rows);
    g_free(self->key);
    g_free(self);
}

OmenDrainNode *
omen_drain_node_ensure(OmenDrainNode *self, const char *key, gsize length, guint64 hash)
{
    OmenDrainNode *child = omen_drain_node_find(self, hash);

    if (child)
        return child;
    child = omen_drain_node_new(key, length, hash);
    child->next_sibling = self->first_child;
    self->first_child = child;
    self->n_children++;
    omen_hash_index_add(&self->index, hash, child);
    return child;
}
