/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The miner's clusters, and the tree of fixed depth that leads to them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_WILDCARD "<:*:>"

typedef struct {
    guint32 id;
    guint64 size; /* messages it took */
    guint n_tokens;
    char **tokens;
    GList link; /* in the tree's order of use */
} OmenCluster;

typedef struct _OmenTreeNode OmenTreeNode;

struct _OmenTreeNode {
    GHashTable *children; /* token -> OmenTreeNode; NULL: none yet */
    GArray *clusters;     /* guint32: ids in the order they came; NULL: none yet */
};

OmenTreeNode *omen_tree_node_new(void);
void omen_tree_node_free(gpointer self);

/* The child of that key, made if it is not there. */
OmenTreeNode *omen_tree_node_ensure(OmenTreeNode *self, const char *key);
OmenTreeNode *omen_tree_node_get(const OmenTreeNode *self, const char *key);
guint omen_tree_node_count(const OmenTreeNode *self);
void omen_tree_node_add_cluster(OmenTreeNode *self, guint32 id);

G_END_DECLS
