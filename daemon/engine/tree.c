/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/tree.h"

OmenTreeNode *
omen_tree_node_new(void)
{
    return g_new0(OmenTreeNode, 1);
}

void
omen_tree_node_free(gpointer data)
{
    OmenTreeNode *self = data;

    g_clear_pointer(&self->children, g_hash_table_unref);
    g_clear_pointer(&self->clusters, g_array_unref);
    g_free(self);
}

OmenTreeNode *
omen_tree_node_get(const OmenTreeNode *self, const char *key)
{
    return self->children ? g_hash_table_lookup(self->children, key) : NULL;
}

OmenTreeNode *
omen_tree_node_ensure(OmenTreeNode *self, const char *key)
{
    OmenTreeNode *child = omen_tree_node_get(self, key);

    if (child)
        return child;
    if (!self->children)
        self->children =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, omen_tree_node_free);
    child = omen_tree_node_new();
    g_hash_table_insert(self->children, g_strdup(key), child);
    return child;
}

guint
omen_tree_node_count(const OmenTreeNode *self)
{
    return self->children ? g_hash_table_size(self->children) : 0;
}

void
omen_tree_node_add_cluster(OmenTreeNode *self, guint32 id)
{
    if (!self->clusters)
        self->clusters = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_append_val(self->clusters, id);
}
