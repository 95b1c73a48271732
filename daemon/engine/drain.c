/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/drain.h"
#include "engine/cluster-table.h"
#include "engine/drain-tree.h"
#include "engine/hash.h"
#include "engine/tokens.h"

#define STATE_TYPE "(ua(utaay)a(uayau))"

struct _OmenDrain {
    double similarity;
    guint levels; /* of tokens, below that of the token count */
    guint max_children;
    OmenClusterTable table;
    OmenDrainNode *root;
    guint64 wildcard;  /* its hash */
    OmenTokens tokens; /* of the message at hand */
};

static void
drop_cluster(OmenCluster *base, gpointer user_data)
{
    OmenDrainCluster *cluster = (OmenDrainCluster *) base;

    if (cluster->leaf)
        omen_drain_leaf_remove(cluster->leaf, cluster);
    omen_drain_cluster_free(cluster);
}

OmenDrain *
omen_drain_new(const OmenMinerConfig *config)
{
    OmenDrain *self = g_new0(OmenDrain, 1);

    self->similarity = config->similarity;
    self->levels = config->depth - 3;
    self->max_children = config->max_children;
    omen_cluster_table_init(&self->table, config->max_clusters, config->max_bytes, FALSE,
                            drop_cluster, self);
    self->root = omen_drain_node_new("", 0, 0);
    omen_tokens_init(&self->tokens, config->delimiters, config->hash_key);
    self->wildcard =
        omen_hash_bytes(OMEN_DRAIN_WILDCARD, strlen(OMEN_DRAIN_WILDCARD), config->hash_key);
    return self;
}

void
omen_drain_free(OmenDrain *self)
{
    omen_cluster_table_clear(&self->table);
    omen_drain_node_free(self->root);
    g_free(self);
}

gconstpointer
omen_drain_get_table(const OmenDrain *self)
{
    return &self->table;
}

static guint
count_levels(const OmenDrain *self, guint n_tokens)
{
    return MIN(self->levels, n_tokens > 0 ? n_tokens - 1 : 0);
}

static OmenDrainNode *
find_node(const OmenDrain *self)
{
    guint n_levels = count_levels(self, self->tokens.n);
    OmenDrainNode *node = omen_drain_node_find(self->root, self->tokens.n);

    for (guint i = 0; node && i < n_levels; i++) {
        OmenDrainNode *child = omen_drain_node_find(node, self->tokens.hashes[i]);
        node = child ? child : omen_drain_node_find(node, self->wildcard);
    }
    return node;
}

static gboolean
has_digit(const OmenTokens *tokens, guint index)
{
    for (guint32 i = 0; i < tokens->lengths[index]; i++) {
        if (g_ascii_isdigit(tokens->begins[index][i]))
            return TRUE;
    }
    return FALSE;
}

static OmenDrainNode *
ensure_wildcard(const OmenDrain *self, OmenDrainNode *node)
{
    return omen_drain_node_ensure(node, OMEN_DRAIN_WILDCARD, strlen(OMEN_DRAIN_WILDCARD),
                                  self->wildcard);
}

/* The child that a new cluster's token leads to. */
static OmenDrainNode *
descend(const OmenDrain *self, OmenDrainNode *node, guint index)
{
    const OmenTokens *tokens = &self->tokens;
    OmenDrainNode *child = omen_drain_node_find(node, tokens->hashes[index]);
    gboolean has_wildcard = omen_drain_node_find(node, self->wildcard) != NULL;
    guint n = node->n_children + (has_wildcard ? 0 : 1);

    if (child)
        return child;
    if (has_digit(tokens, index) || n >= self->max_children)
        return ensure_wildcard(self, node);
    return omen_drain_node_ensure(node, tokens->begins[index], tokens->lengths[index],
                                  tokens->hashes[index]);
}

static OmenDrainNode *
ensure_node(OmenDrain *self)
{
    guint n_tokens = self->tokens.n;
    guint n_levels = count_levels(self, n_tokens);
    char key[16];
    OmenDrainNode *node;

    g_snprintf(key, sizeof key, "%u", n_tokens);
    node = omen_drain_node_ensure(self->root, key, strlen(key), n_tokens);
    for (guint i = 0; i < n_levels; i++)
        node = descend(self, node, i);
    return node;
}

/* A row of a leaf or a message's own tokens: the best so far. */
typedef struct {
    guint row;
    guint n_equal;
    guint n_wildcards;
    gboolean found;
} Match;

/* Tokens equal to the row's; a wildcard equals none. */
static guint
count_equal(const guint64 *row, const guint64 *tokens, guint n, guint64 wildcard)
{
    guint n_equal = 0;

    for (guint i = 0; i < n; i++)
        n_equal += row[i] == tokens[i];
    if (G_UNLIKELY(n_equal > 0 && wildcard != 0)) {
        for (guint i = 0; i < n; i++)
            n_equal -= row[i] == tokens[i] && row[i] == wildcard;
    }
    return n_equal;
}

/* Whether the message holds the wildcard itself, as a word. */
static gboolean
holds_wildcard(const OmenDrain *self)
{
    for (guint i = 0; i < self->tokens.n; i++) {
        if (self->tokens.hashes[i] == self->wildcard)
            return TRUE;
    }
    return FALSE;
}

static OmenDrainCluster *
match(const OmenDrain *self, const OmenDrainLeaf *leaf)
{
    guint n = self->tokens.n;
    guint64 wildcard = holds_wildcard(self) ? self->wildcard : 0;
    Match best = {0};

    if (n == 0)
        return leaf->n_clusters > 0 ? leaf->clusters[0] : NULL;
    for (guint i = 0; i < leaf->n_clusters; i++) {
        guint n_wildcards = leaf->clusters[i]->n_wildcards;
        guint n_equal = count_equal(leaf->rows + (gsize) i * n, self->tokens.hashes, n, wildcard);
        if (best.found && (n_equal < best.n_equal ||
                           (n_equal == best.n_equal && n_wildcards <= best.n_wildcards)))
            continue;
        best = (Match){i, n_equal, n_wildcards, TRUE};
        if (n_equal == n)
            break;
    }
    if (!best.found || (double) best.n_equal / n < self->similarity)
        return NULL;
    return leaf->clusters[best.row];
}

static OmenDrainCluster *
begin_cluster(OmenDrain *self)
{
    const OmenTokens *tokens = &self->tokens;
    OmenDrainCluster *cluster = omen_drain_cluster_new(tokens->n);
    OmenDrainNode *node;

    for (guint i = 0; i < tokens->n; i++) {
        omen_drain_cluster_set_token(cluster, i, tokens->begins[i], tokens->lengths[i]);
        cluster->n_wildcards += tokens->hashes[i] == self->wildcard;
    }
    omen_cluster_table_add(&self->table, &cluster->base);
    node = ensure_node(self);
    omen_drain_leaf_add(&node->leaf, cluster, tokens->hashes);
    return cluster;
}

/* Tokens that differ become wildcards; TRUE if any did. */
static gboolean
generalise(const OmenDrain *self, OmenDrainCluster *cluster)
{
    guint64 *row = omen_drain_leaf_get_row(cluster->leaf, cluster);
    gboolean changed = FALSE;

    for (guint i = 0; i < self->tokens.n; i++) {
        if (row[i] == self->tokens.hashes[i] || row[i] == self->wildcard)
            continue;
        row[i] = self->wildcard;
        omen_drain_cluster_set_token(cluster, i, OMEN_DRAIN_WILDCARD, strlen(OMEN_DRAIN_WILDCARD));
        cluster->n_wildcards++;
        changed = TRUE;
    }
    return changed;
}

void
omen_drain_parse(OmenDrain *self, const char *message, gsize length, OmenParse *parse)
{
    OmenDrainNode *node;
    OmenDrainCluster *cluster;

    *parse = (OmenParse){0};
    omen_tokens_cut(&self->tokens, message, length);
    node = find_node(self);
    cluster = node ? match(self, &node->leaf) : NULL;
    if (cluster) {
        parse->changed = generalise(self, cluster);
    } else {
        cluster = begin_cluster(self);
        parse->is_new = TRUE;
    }
    omen_cluster_table_use(&self->table, &cluster->base);
    parse->cluster = cluster->base.id;
}

char *
omen_drain_dup_template(const OmenDrain *self, guint32 id)
{
    const OmenDrainCluster *cluster =
        (const OmenDrainCluster *) omen_cluster_table_find(&self->table, id);
    g_autoptr(GString) out = g_string_new(NULL);

    if (!cluster)
        return NULL;
    for (guint i = 0; i < cluster->n_tokens; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", cluster->tokens[i]);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- state: clusters by use, and the tree's nodes, each after its parent ---- */

typedef struct {
    GVariantBuilder *nodes;
    guint count;
} TreeWriter;

static void
write_node(const OmenDrainNode *node, guint parent, TreeWriter *writer)
{
    guint index = writer->count++;
    GVariantBuilder ids;

    g_variant_builder_init(&ids, G_VARIANT_TYPE("au"));
    for (guint i = 0; i < node->leaf.n_clusters; i++)
        g_variant_builder_add(&ids, "u", node->leaf.clusters[i]->base.id);
    g_variant_builder_add(writer->nodes, "(u@ayau)", parent, g_variant_new_bytestring(node->key),
                          &ids);
    for (const OmenDrainNode *child = node->first_child; child; child = child->next_sibling)
        write_node(child, index, writer);
}

GVariant *
omen_drain_save(const OmenDrain *self)
{
    GVariantBuilder clusters;
    GVariantBuilder nodes;
    TreeWriter writer = {&nodes, 0};

    g_variant_builder_init(&clusters, G_VARIANT_TYPE("a(utaay)"));
    for (const GList *link = self->table.probation.head; link; link = link->next) {
        const OmenDrainCluster *cluster = link->data;
        g_variant_builder_add(&clusters, "(ut@aay)", cluster->base.id, cluster->base.size,
                              g_variant_new_bytestring_array((const char *const *) cluster->tokens,
                                                             cluster->n_tokens));
    }
    g_variant_builder_init(&nodes, G_VARIANT_TYPE("a(uayau)"));
    write_node(self->root, 0, &writer);
    return g_variant_new(STATE_TYPE, self->table.last_id, &clusters, &nodes);
}

static gboolean
restore_clusters(OmenDrain *self, GVariant *clusters)
{
    GVariantIter iter;
    guint32 id;
    guint64 size;
    GVariant *packed;

    g_variant_iter_init(&iter, clusters);
    while (g_variant_iter_next(&iter, "(ut@aay)", &id, &size, &packed)) {
        g_autoptr(GVariant) own = packed;
        gsize n;
        g_autofree const char **tokens = g_variant_get_bytestring_array(own, &n);
        OmenDrainCluster *cluster;

        if (n > OMEN_TOKENS_MAX)
            return FALSE;
        cluster = omen_drain_cluster_new((guint) n);
        cluster->base.id = id;
        cluster->base.size = size;
        for (guint i = 0; i < n; i++) {
            omen_drain_cluster_set_token(cluster, i, tokens[i], strlen(tokens[i]));
            cluster->n_wildcards += strcmp(tokens[i], OMEN_DRAIN_WILDCARD) == 0;
        }
        if (!omen_cluster_table_restore(&self->table, &cluster->base))
            omen_drain_cluster_free(cluster);
    }
    return TRUE;
}

static gboolean
restore_leaf(OmenDrain *self, OmenDrainNode *node, guint n_tokens, GVariantIter *ids)
{
    guint64 hashes[OMEN_TOKENS_MAX];
    guint32 id;

    while (g_variant_iter_next(ids, "u", &id)) {
        OmenDrainCluster *cluster = (OmenDrainCluster *) omen_cluster_table_find(&self->table, id);
        if (!cluster || cluster->leaf)
            continue;
        if (cluster->n_tokens != n_tokens)
            return FALSE;
        for (guint i = 0; i < n_tokens; i++)
            hashes[i] =
                omen_hash_bytes(cluster->tokens[i], strlen(cluster->tokens[i]), self->tokens.key);
        omen_drain_leaf_add(&node->leaf, cluster, hashes);
    }
    return TRUE;
}

typedef struct {
    OmenDrainNode *node;
    guint n_tokens;
} RestoredNode;

/* The first is the root; its children are keyed by a token count. */
static gboolean
restore_nodes(OmenDrain *self, GVariant *list)
{
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(RestoredNode));
    GVariantIter iter;
    GVariantIter *children;
    const char *key;
    guint32 parent;

    g_variant_iter_init(&iter, list);
    while (g_variant_iter_next(&iter, "(u^&ayau)", &parent, &key, &children)) {
        g_autoptr(GVariantIter) ids = children;
        RestoredNode restored = {self->root, 0};
        if (nodes->len > 0) {
            const RestoredNode *above;
            gsize length = strlen(key);
            if (parent >= nodes->len)
                return FALSE;
            above = &g_array_index(nodes, RestoredNode, parent);
            restored.n_tokens =
                parent == 0 ? (guint) g_ascii_strtoull(key, NULL, 10) : above->n_tokens;
            restored.node = omen_drain_node_ensure(
                above->node, key, length,
                parent == 0 ? restored.n_tokens : omen_hash_bytes(key, length, self->tokens.key));
        }
        if (!restore_leaf(self, restored.node, restored.n_tokens, ids))
            return FALSE;
        g_array_append_val(nodes, restored);
    }
    return nodes->len > 0 && self->root->leaf.n_clusters == 0;
}

gboolean
omen_drain_restore(OmenDrain *self, GVariant *state, GError **error)
{
    g_autoptr(GVariant) clusters = NULL;
    g_autoptr(GVariant) nodes = NULL;

    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)) && g_variant_is_normal_form(state))
        g_variant_get(state, "(u@a(utaay)@a(uayau))", &self->table.last_id, &clusters, &nodes);
    if (!clusters || !restore_clusters(self, clusters) || !restore_nodes(self, nodes)) {
        g_set_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_STATE,
                    "the saved templates are damaged, or of another version");
        return FALSE;
    }
    return TRUE;
}
