/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <virt-omen/miner.h>

#include "engine/cluster-table.h"
#include "engine/drain.h"
#include "engine/masks.h"
#include "engine/shape-miner.h"

#include <string.h>

/* A message beyond it is cut: a template is told by its beginning. */
#define MAX_MESSAGE   16384

#define STATE_VERSION 2
#define STATE_TYPE    "(uuv)"

G_DEFINE_QUARK(omen - miner - error - quark, omen_miner_error)

struct _OmenMiner {
    OmenMinerAlgorithm algorithm;
    OmenShapeMiner *shapes; /* one of these two */
    OmenDrain *drain;
    OmenMasks *masks; /* (nullable) */
    GString *text;    /* of the message at hand, masked */
};

/* What the algorithm's own defaults are, where the configuration leaves it open. */
static OmenMinerConfig
complete(const OmenMinerConfig *config)
{
    OmenMinerConfig complete = *config;
    gboolean is_drain = config->algorithm == OMEN_MINER_DRAIN;

    if (complete.max_clusters == 0)
        complete.max_clusters = is_drain ? 1024 : 10000;
    if (!complete.delimiters)
        complete.delimiters = is_drain && config->masks ? "_" : "";
    complete.depth = MAX(complete.depth, 3);
    return complete;
}

OmenMiner *
omen_miner_new(const OmenMinerConfig *config, GError **error)
{
    const OmenMinerConfig completed = complete(config);
    gboolean is_drain = config->algorithm == OMEN_MINER_DRAIN;
    g_autoptr(OmenMasks) masks = NULL;
    OmenMiner *self;

    if (config->n_user_masks > 0 || (is_drain && config->masks)) {
        masks = omen_masks_new(is_drain && config->masks, config->user_masks, config->n_user_masks,
                               error);
        if (!masks)
            return NULL;
    }
    self = g_new0(OmenMiner, 1);
    self->algorithm = config->algorithm;
    self->masks = g_steal_pointer(&masks);
    self->text = g_string_new(NULL);
    if (is_drain)
        self->drain = omen_drain_new(&completed);
    else
        self->shapes = omen_shape_miner_new(&completed);
    return self;
}

void
omen_miner_free(OmenMiner *self)
{
    g_clear_pointer(&self->shapes, omen_shape_miner_free);
    g_clear_pointer(&self->drain, omen_drain_free);
    g_clear_pointer(&self->masks, omen_masks_free);
    g_string_free(self->text, TRUE);
    g_free(self);
}

static const OmenClusterTable *
get_table(const OmenMiner *self)
{
    return self->drain ? omen_drain_get_table(self->drain)
                       : omen_shape_miner_get_table(self->shapes);
}

/* Drain keeps its tokens as strings, so a NUL has to be something else. */
static void
replace_nuls(GString *text)
{
    for (gsize i = 0; i < text->len; i++) {
        if (text->str[i] == '\0')
            text->str[i] = '\1';
    }
}

void
omen_miner_parse(OmenMiner *self, const char *message, gsize length, OmenParse *parse)
{
    length = MIN(length, MAX_MESSAGE);
    if (self->masks || (self->drain && length > 0 && memchr(message, '\0', length))) {
        g_string_truncate(self->text, 0);
        g_string_append_len(self->text, message, (gssize) length);
        if (self->drain)
            replace_nuls(self->text);
        if (self->masks)
            omen_masks_apply(self->masks, self->text);
        message = self->text->str;
        length = self->text->len;
    }
    if (self->drain)
        omen_drain_parse(self->drain, message, length, parse);
    else
        omen_shape_miner_parse(self->shapes, message, length, parse);
}

char *
omen_miner_dup_template(const OmenMiner *self, guint32 cluster)
{
    return self->drain ? omen_drain_dup_template(self->drain, cluster)
                       : omen_shape_miner_dup_template(self->shapes, cluster);
}

guint
omen_miner_get_n_clusters(const OmenMiner *self)
{
    return omen_cluster_table_get_n(get_table(self));
}

gsize
omen_miner_get_n_bytes(const OmenMiner *self)
{
    return get_table(self)->n_bytes;
}

guint64
omen_miner_get_cluster_size(const OmenMiner *self, guint32 cluster)
{
    const OmenCluster *found = omen_cluster_table_find(get_table(self), cluster);

    return found ? found->size : 0;
}

void
omen_miner_foreach(const OmenMiner *self, OmenMinerFunc function, gpointer user_data)
{
    g_autoptr(GList) ids = omen_cluster_table_list(get_table(self));

    for (const GList *link = ids; link; link = link->next) {
        guint32 id = GPOINTER_TO_UINT(link->data);
        g_autofree char *text = omen_miner_dup_template(self, id);
        function(id, text, omen_miner_get_cluster_size(self, id), user_data);
    }
}

GVariant *
omen_miner_save(const OmenMiner *self)
{
    return g_variant_new(STATE_TYPE, STATE_VERSION, self->algorithm,
                         self->drain ? omen_drain_save(self->drain)
                                     : omen_shape_miner_save(self->shapes));
}

OmenMiner *
omen_miner_restore(const OmenMinerConfig *config, GVariant *state, GError **error)
{
    g_autoptr(OmenMiner) self = omen_miner_new(config, error);
    g_autoptr(GVariant) clusters = NULL;
    guint32 version = 0;
    guint32 algorithm = 0;

    if (!self)
        return NULL;
    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)) && g_variant_is_normal_form(state))
        g_variant_get(state, STATE_TYPE, &version, &algorithm, &clusters);
    if (version != STATE_VERSION || algorithm != self->algorithm) {
        g_set_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_STATE,
                    "the saved templates are damaged, of another version or another miner's");
        return NULL;
    }
    if (self->drain ? !omen_drain_restore(self->drain, clusters, error)
                    : !omen_shape_miner_restore(self->shapes, clusters, error))
        return NULL;
    return g_steal_pointer(&self);
}
