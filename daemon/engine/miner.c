/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/masks.h"
#include "engine/tree.h"

#include <string.h>

/* A message beyond these is cut: a template is told by its beginning. */
#define MAX_MESSAGE   16384
#define MAX_TOKENS    512

#define STATE_VERSION 1
#define STATE_TYPE    "(uua(utas)a(usau))"

G_DEFINE_QUARK(omen - miner - error - quark, omen_miner_error)

struct _OmenMiner {
    double similarity;
    guint depth;
    guint max_children;
    guint max_clusters;
    char *delimiters;
    OmenMasks *masks;

    OmenTreeNode *root;
    GHashTable *clusters; /* id -> OmenCluster */
    GQueue use;           /* of OmenCluster: least recently used first */
    guint32 last_id;

    GString *text;                  /* of the message at hand */
    const char *tokens[MAX_TOKENS]; /* point into it */
};

static void
cluster_free(gpointer data)
{
    OmenCluster *self = data;

    g_strfreev(self->tokens);
    g_free(self);
}

OmenMiner *
omen_miner_new(const OmenMinerConfig *config, GError **error)
{
    OmenMasks *masks =
        omen_masks_new(config->masks, config->user_masks, config->n_user_masks, error);
    OmenMiner *self;

    if (!masks)
        return NULL;
    self = g_new0(OmenMiner, 1);
    self->similarity = config->similarity;
    self->depth = config->depth;
    self->max_children = config->max_children;
    self->max_clusters = config->max_clusters;
    self->delimiters = g_strdup(config->delimiters ? config->delimiters : "");
    self->masks = masks;
    self->root = omen_tree_node_new();
    self->clusters = g_hash_table_new_full(NULL, NULL, NULL, cluster_free);
    g_queue_init(&self->use);
    self->text = g_string_new(NULL);
    return self;
}

void
omen_miner_free(OmenMiner *self)
{
    g_hash_table_unref(self->clusters);
    omen_tree_node_free(self->root);
    omen_masks_free(self->masks);
    g_string_free(self->text, TRUE);
    g_free(self->delimiters);
    g_free(self);
}

static OmenCluster *
find_cluster(const OmenMiner *self, guint32 id)
{
    return g_hash_table_lookup(self->clusters, GUINT_TO_POINTER(id));
}

static gboolean
is_separator(const OmenMiner *self, char c)
{
    return g_ascii_isspace(c) || c == '\v' || (c != '\0' && strchr(self->delimiters, c));
}

/* Masks the message and cuts it, in the miner's own buffer. */
static guint
tokenize(OmenMiner *self, const char *message, gsize length)
{
    guint n = 0;
    char *at;
    char *end;

    g_string_truncate(self->text, 0);
    g_string_append_len(self->text, message, (gssize) MIN(length, MAX_MESSAGE));
    /* Tokens end in NUL here, so a NUL of the message has to be something else. */
    for (gsize i = 0; i < self->text->len; i++) {
        if (self->text->str[i] == '\0')
            self->text->str[i] = '\1';
    }
    omen_masks_apply(self->masks, self->text);

    at = self->text->str;
    end = at + self->text->len;
    while (n < MAX_TOKENS) {
        while (at < end && is_separator(self, *at))
            at++;
        if (at == end)
            break;
        self->tokens[n++] = at;
        while (at < end && !is_separator(self, *at))
            at++;
        if (at < end)
            *at++ = '\0';
    }
    return n;
}

static gboolean
has_digit(const char *token)
{
    for (; *token; token++) {
        if (g_ascii_isdigit(*token))
            return TRUE;
    }
    return FALSE;
}

/* How many levels below the first hold tokens. */
static guint
count_levels(const OmenMiner *self, guint n_tokens)
{
    return MIN(self->depth - 3, n_tokens > 0 ? n_tokens - 1 : 0);
}

static void
format_length(guint n_tokens, char key[16])
{
    g_snprintf(key, 16, "%u", n_tokens);
}

static OmenTreeNode *
find_leaf(const OmenMiner *self, guint n_tokens)
{
    guint levels = count_levels(self, n_tokens);
    OmenTreeNode *node;
    char key[16];

    format_length(n_tokens, key);
    node = omen_tree_node_get(self->root, key);
    for (guint i = 0; node && i < levels; i++) {
        OmenTreeNode *child = omen_tree_node_get(node, self->tokens[i]);
        node = child ? child : omen_tree_node_get(node, OMEN_WILDCARD);
    }
    return node;
}

/* The child that a new cluster's token leads to. */
static OmenTreeNode *
descend(const OmenMiner *self, OmenTreeNode *node, const char *token)
{
    OmenTreeNode *child = omen_tree_node_get(node, token);
    gboolean has_wildcard = omen_tree_node_get(node, OMEN_WILDCARD) != NULL;
    guint n = omen_tree_node_count(node);

    if (child)
        return child;
    if (has_digit(token))
        return omen_tree_node_ensure(node, OMEN_WILDCARD);
    if (has_wildcard)
        return omen_tree_node_ensure(node, n < self->max_children ? token : OMEN_WILDCARD);
    return omen_tree_node_ensure(node, n + 1 < self->max_children ? token : OMEN_WILDCARD);
}

/* Takes out the numbers of clusters that are no more. */
static void
clean_leaf(const OmenMiner *self, OmenTreeNode *leaf)
{
    for (guint i = leaf->clusters ? leaf->clusters->len : 0; i > 0; i--) {
        if (!find_cluster(self, g_array_index(leaf->clusters, guint32, i - 1)))
            g_array_remove_index(leaf->clusters, i - 1);
    }
}

static void
add_to_tree(OmenMiner *self, guint32 id, guint n_tokens)
{
    guint levels = count_levels(self, n_tokens);
    OmenTreeNode *node;
    char key[16];

    format_length(n_tokens, key);
    node = omen_tree_node_ensure(self->root, key);
    for (guint i = 0; i < levels; i++)
        node = descend(self, node, self->tokens[i]);
    clean_leaf(self, node);
    omen_tree_node_add_cluster(node, id);
}

/* Tokens that equal the template's; wildcards are counted apart. */
static guint
compare(const OmenMiner *self, const OmenCluster *cluster, guint *n_wildcards)
{
    guint equal = 0;

    *n_wildcards = 0;
    for (guint i = 0; i < cluster->n_tokens; i++) {
        if (strcmp(cluster->tokens[i], OMEN_WILDCARD) == 0)
            (*n_wildcards)++;
        else if (strcmp(cluster->tokens[i], self->tokens[i]) == 0)
            equal++;
    }
    return equal;
}

static OmenCluster *
match(const OmenMiner *self, const OmenTreeNode *leaf, guint n_tokens)
{
    OmenCluster *best = NULL;
    gint best_equal = -1;
    guint best_wildcards = 0;

    for (guint i = 0; leaf->clusters && i < leaf->clusters->len; i++) {
        OmenCluster *cluster = find_cluster(self, g_array_index(leaf->clusters, guint32, i));
        guint n_wildcards;
        gint equal;

        if (!cluster)
            continue;
        if (n_tokens == 0)
            return cluster;
        equal = (gint) compare(self, cluster, &n_wildcards);
        if (equal > best_equal || (equal == best_equal && n_wildcards > best_wildcards)) {
            best = cluster;
            best_equal = equal;
            best_wildcards = n_wildcards;
        }
    }
    if (!best || (double) best_equal / n_tokens < self->similarity)
        return NULL;
    return best;
}

static void
insert_cluster(OmenMiner *self, OmenCluster *cluster)
{
    cluster->link.data = cluster;
    g_hash_table_insert(self->clusters, GUINT_TO_POINTER(cluster->id), cluster);
    g_queue_push_tail_link(&self->use, &cluster->link);
}

static void
make_room(OmenMiner *self)
{
    while (g_hash_table_size(self->clusters) >= self->max_clusters) {
        GList *oldest = g_queue_pop_head_link(&self->use);
        OmenCluster *cluster = oldest->data;
        g_hash_table_remove(self->clusters, GUINT_TO_POINTER(cluster->id));
    }
}

static OmenCluster *
begin_cluster(OmenMiner *self, guint n_tokens)
{
    OmenCluster *cluster = g_new0(OmenCluster, 1);

    make_room(self);
    cluster->id = ++self->last_id;
    cluster->n_tokens = n_tokens;
    cluster->tokens = g_new0(char *, n_tokens + 1);
    for (guint i = 0; i < n_tokens; i++)
        cluster->tokens[i] = g_strdup(self->tokens[i]);
    insert_cluster(self, cluster);
    add_to_tree(self, cluster->id, n_tokens);
    return cluster;
}

/* Tokens that differ become wildcards; TRUE if any did. */
static gboolean
generalise(const OmenMiner *self, OmenCluster *cluster)
{
    gboolean changed = FALSE;

    for (guint i = 0; i < cluster->n_tokens; i++) {
        if (strcmp(cluster->tokens[i], self->tokens[i]) == 0 ||
            strcmp(cluster->tokens[i], OMEN_WILDCARD) == 0)
            continue;
        g_free(cluster->tokens[i]);
        cluster->tokens[i] = g_strdup(OMEN_WILDCARD);
        changed = TRUE;
    }
    return changed;
}

void
omen_miner_parse(OmenMiner *self, const char *message, gsize length, OmenParse *parse)
{
    guint n_tokens = tokenize(self, message, length);
    OmenTreeNode *leaf = find_leaf(self, n_tokens);
    OmenCluster *cluster = leaf ? match(self, leaf, n_tokens) : NULL;

    *parse = (OmenParse){0};
    if (cluster) {
        parse->changed = generalise(self, cluster);
        g_queue_unlink(&self->use, &cluster->link);
        g_queue_push_tail_link(&self->use, &cluster->link);
    } else {
        cluster = begin_cluster(self, n_tokens);
        parse->is_new = TRUE;
    }
    cluster->size++;
    parse->cluster = cluster->id;
}

char *
omen_miner_dup_template(const OmenMiner *self, guint32 id)
{
    const OmenCluster *cluster = find_cluster(self, id);

    return cluster ? g_strjoinv(" ", cluster->tokens) : NULL;
}

guint
omen_miner_get_n_clusters(const OmenMiner *self)
{
    return g_hash_table_size(self->clusters);
}

guint64
omen_miner_get_cluster_size(const OmenMiner *self, guint32 id)
{
    const OmenCluster *cluster = find_cluster(self, id);

    return cluster ? cluster->size : 0;
}

static int
compare_ids(gconstpointer a, gconstpointer b)
{
    guint left = GPOINTER_TO_UINT(a);
    guint right = GPOINTER_TO_UINT(b);

    return left < right ? -1 : left > right;
}

void
omen_miner_foreach(const OmenMiner *self, OmenMinerFunc function, gpointer user_data)
{
    g_autoptr(GList) ids = g_list_sort(g_hash_table_get_keys(self->clusters), compare_ids);

    for (const GList *link = ids; link; link = link->next) {
        const OmenCluster *cluster = find_cluster(self, GPOINTER_TO_UINT(link->data));
        g_autofree char *text = g_strjoinv(" ", cluster->tokens);
        function(cluster->id, text, cluster->size, user_data);
    }
}

/* ---- state: clusters by use, and the tree's nodes, each after its parent ---- */

typedef struct {
    GVariantBuilder *nodes;
    guint count;
} TreeWriter;

/* Text in a GVariant is UTF-8; a log's is anything. */
static char *
to_latin(const char *bytes)
{
    GString *out = g_string_new(NULL);

    for (const guchar *at = (const guchar *) bytes; *at; at++)
        g_string_append_unichar(out, *at);
    return g_string_free(out, FALSE);
}

static char *
from_latin(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *at = text; *at; at = g_utf8_next_char(at))
        g_string_append_c(out, (char) g_utf8_get_char(at));
    return g_string_free(out, FALSE);
}

static void
write_node(TreeWriter *writer, const OmenTreeNode *node, guint parent, const char *key)
{
    guint index = writer->count++;
    g_autofree char *text = to_latin(key);
    GVariantBuilder ids;

    g_variant_builder_init(&ids, G_VARIANT_TYPE("au"));
    for (guint i = 0; node->clusters && i < node->clusters->len; i++)
        g_variant_builder_add(&ids, "u", g_array_index(node->clusters, guint32, i));
    g_variant_builder_add(writer->nodes, "(usau)", parent, text, &ids);

    if (node->children) {
        GHashTableIter iter;
        gpointer child_key;
        gpointer child;
        g_hash_table_iter_init(&iter, node->children);
        while (g_hash_table_iter_next(&iter, &child_key, &child))
            write_node(writer, child, index, child_key);
    }
}

GVariant *
omen_miner_save(const OmenMiner *self)
{
    GVariantBuilder clusters;
    GVariantBuilder nodes;
    TreeWriter writer = {&nodes, 0};

    g_variant_builder_init(&clusters, G_VARIANT_TYPE("a(utas)"));
    for (const GList *link = self->use.head; link; link = link->next) {
        const OmenCluster *cluster = link->data;
        GVariantBuilder tokens;
        g_variant_builder_init(&tokens, G_VARIANT_TYPE("as"));
        for (guint i = 0; i < cluster->n_tokens; i++)
            g_variant_builder_add_value(&tokens,
                                        g_variant_new_take_string(to_latin(cluster->tokens[i])));
        g_variant_builder_add(&clusters, "(utas)", cluster->id, cluster->size, &tokens);
    }
    g_variant_builder_init(&nodes, G_VARIANT_TYPE("a(usau)"));
    write_node(&writer, self->root, 0, "");
    return g_variant_new(STATE_TYPE, STATE_VERSION, self->last_id, &clusters, &nodes);
}

static void
restore_clusters(OmenMiner *self, GVariant *clusters)
{
    GVariantIter iter;
    GVariantIter *tokens;
    guint32 id;
    guint64 size;

    g_variant_iter_init(&iter, clusters);
    while (g_variant_iter_next(&iter, "(utas)", &id, &size, &tokens)) {
        OmenCluster *cluster = g_new0(OmenCluster, 1);
        const char *token;

        cluster->id = id;
        cluster->size = size;
        cluster->tokens = g_new0(char *, g_variant_iter_n_children(tokens) + 1);
        while (g_variant_iter_next(tokens, "&s", &token))
            cluster->tokens[cluster->n_tokens++] = from_latin(token);
        g_variant_iter_free(tokens);
        if (find_cluster(self, id) || g_hash_table_size(self->clusters) >= self->max_clusters)
            cluster_free(cluster);
        else
            insert_cluster(self, cluster);
    }
}

static gboolean
restore_nodes(OmenMiner *self, GVariant *list)
{
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    GVariantIter iter;
    GVariantIter *ids;
    const char *text;
    guint32 parent;
    gboolean is_good = TRUE;

    g_variant_iter_init(&iter, list);
    while (is_good && g_variant_iter_next(&iter, "(u&sau)", &parent, &text, &ids)) {
        g_autofree char *key = from_latin(text);
        OmenTreeNode *node = self->root;
        guint32 id;

        is_good = nodes->len == 0 || parent < nodes->len;
        if (is_good && nodes->len > 0)
            node = omen_tree_node_ensure(g_ptr_array_index(nodes, parent), key);
        while (g_variant_iter_next(ids, "u", &id)) {
            const OmenCluster *cluster = find_cluster(self, id);
            if (is_good && cluster)
                omen_tree_node_add_cluster(node, id);
        }
        g_variant_iter_free(ids);
        g_ptr_array_add(nodes, node);
    }
    return is_good;
}

/* Each leaf holds clusters of the token count that led there: comparing relies on it. */
static gboolean
is_consistent(const OmenMiner *self, const OmenTreeNode *node, guint n_tokens)
{
    GHashTableIter iter;
    gpointer child;

    for (guint i = 0; node->clusters && i < node->clusters->len; i++) {
        const OmenCluster *cluster = find_cluster(self, g_array_index(node->clusters, guint32, i));
        if (cluster && cluster->n_tokens != n_tokens)
            return FALSE;
    }
    if (!node->children)
        return TRUE;
    g_hash_table_iter_init(&iter, node->children);
    while (g_hash_table_iter_next(&iter, NULL, &child)) {
        if (!is_consistent(self, child, n_tokens))
            return FALSE;
    }
    return TRUE;
}

static gboolean
is_whole(const OmenMiner *self)
{
    GHashTableIter iter;
    gpointer key;
    gpointer child;

    if (self->root->clusters)
        return FALSE;
    if (!self->root->children)
        return TRUE;
    g_hash_table_iter_init(&iter, self->root->children);
    while (g_hash_table_iter_next(&iter, &key, &child)) {
        if (!is_consistent(self, child, (guint) g_ascii_strtoull(key, NULL, 10)))
            return FALSE;
    }
    return TRUE;
}

OmenMiner *
omen_miner_restore(const OmenMinerConfig *config, GVariant *state, GError **error)
{
    g_autoptr(OmenMiner) self = omen_miner_new(config, error);
    g_autoptr(GVariant) clusters = NULL;
    g_autoptr(GVariant) nodes = NULL;
    guint32 version = 0;

    if (!self)
        return NULL;
    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)) && g_variant_is_normal_form(state))
        g_variant_get(state, "(uu@a(utas)@a(usau))", &version, &self->last_id, &clusters, &nodes);
    if (version == STATE_VERSION)
        restore_clusters(self, clusters);
    if (version != STATE_VERSION || !restore_nodes(self, nodes) || !is_whole(self)) {
        g_set_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_STATE,
                    "the saved templates are damaged, or of another version");
        return NULL;
    }
    return g_steal_pointer(&self);
}
