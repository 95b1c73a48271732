/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/shape-miner.h"
#include "engine/cluster-table.h"
#include "engine/form-memo.h"
#include "engine/hash-index.h"
#include "engine/hash.h"
#include "engine/shape.h"

#define STATE_TYPE "(ua(utbaya(yay)))"

/* What a place of the template holds: a kind of parameter, or the same text each time. */
typedef struct {
    guint8 kind;
    guint16 length; /* of the text that it always was; 0: it varies, or its kind says enough */
    guint32 offset; /* in the cluster's text */
} Place;

typedef struct {
    OmenCluster base;
    guint64 hash;
    guint32 length; /* of the shape */
    guint n_places;
    gboolean has_digits; /* in a place's text: lines of one form may differ there */
    Place *places;       /* these and the text lie in the cluster's own block */
    char *text;          /* the shape, and the places' texts after it */
} Cluster;

struct _OmenShapeMiner {
    OmenClusterTable table;
    OmenHashIndex index; /* shape -> Cluster */
    OmenFormMemo memo;
    guint64 key;
    OmenShape *shape; /* of the message at hand */
};

static void
drop_cluster(OmenCluster *cluster, gpointer user_data)
{
    OmenShapeMiner *self = user_data;

    omen_hash_index_remove(&self->index, ((Cluster *) cluster)->hash, cluster);
    g_free(cluster);
}

OmenShapeMiner *
omen_shape_miner_new(const OmenMinerConfig *config)
{
    OmenShapeMiner *self = g_new0(OmenShapeMiner, 1);

    omen_cluster_table_init(&self->table, config->max_clusters, config->max_bytes, TRUE,
                            drop_cluster, self);
    omen_hash_index_init(&self->index);
    omen_form_memo_init(&self->memo);
    self->key = config->hash_key;
    self->shape = omen_shape_new();
    return self;
}

void
omen_shape_miner_free(OmenShapeMiner *self)
{
    omen_cluster_table_clear(&self->table);
    omen_hash_index_clear(&self->index);
    omen_form_memo_clear(&self->memo);
    omen_shape_free(self->shape);
    g_free(self);
}

gconstpointer
omen_shape_miner_get_table(const OmenShapeMiner *self)
{
    return &self->table;
}

static Cluster *
find_shape(const OmenShapeMiner *self, const char *text, gsize length, guint64 hash)
{
    guint64 cursor = hash;
    Cluster *cluster;

    while ((cluster = omen_hash_index_next(&self->index, hash, &cursor))) {
        if (cluster->length == length && memcmp(cluster->text, text, length) == 0)
            return cluster;
    }
    return NULL;
}

/* Kinds whose text is worth keeping as long as it is the same. */
static gboolean
keeps_text(guint kind)
{
    return kind == OMEN_PARAMETER_NAME || kind == OMEN_PARAMETER_PATH;
}

static gboolean
has_digit(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (g_ascii_isdigit(text[i]))
            return TRUE;
    }
    return FALSE;
}

/* A cluster with room for @n_places and @n_text bytes in one block. */
static Cluster *
allocate_cluster(guint n_places, gsize n_text)
{
    gsize n_bytes = sizeof(Cluster) + n_places * sizeof(Place) + n_text;
    Cluster *cluster = g_malloc(n_bytes);

    *cluster = (Cluster){.n_places = n_places};
    cluster->base.n_bytes = (guint32) (n_bytes + 2 * sizeof(OmenHashEntry));
    cluster->places = (Place *) (cluster + 1);
    cluster->text = (char *) (cluster->places + n_places);
    return cluster;
}

static Cluster *
begin_cluster(OmenShapeMiner *self, guint64 hash)
{
    const OmenShape *shape = self->shape;
    guint n_places = MIN(shape->n_parameters, OMEN_SHAPE_MAX_DETAIL);
    gsize n_text = shape->length;
    gsize at = shape->length;
    Cluster *cluster;

    for (guint i = 0; i < n_places; i++)
        n_text += keeps_text(shape->parameters[i].kind) ? shape->parameters[i].length : 0;
    cluster = allocate_cluster(n_places, n_text);
    cluster->hash = hash;
    cluster->length = (guint32) shape->length;
    memcpy(cluster->text, shape->text, shape->length);
    for (guint i = 0; i < n_places; i++) {
        const OmenShapeParameter *parameter = &shape->parameters[i];
        const char *text = shape->message + parameter->offset;
        Place *place = &cluster->places[i];
        *place = (Place){.kind = parameter->kind, .offset = (guint32) at};
        if (!keeps_text(parameter->kind))
            continue;
        place->length = parameter->length;
        memcpy(cluster->text + at, text, parameter->length);
        at += parameter->length;
        cluster->has_digits = cluster->has_digits || has_digit(text, parameter->length);
    }
    omen_cluster_table_add(&self->table, &cluster->base);
    omen_hash_index_add(&self->index, hash, cluster);
    return cluster;
}

static gboolean
place_holds(const Cluster *cluster, const Place *place, const char *text, gsize length)
{
    return place->length == length && memcmp(cluster->text + place->offset, text, length) == 0;
}

/* What differs from the template becomes more general in it; TRUE if anything did. */
static gboolean
generalise(OmenShapeMiner *self, Cluster *cluster)
{
    const OmenShape *shape = self->shape;
    gboolean changed = FALSE;

    cluster->has_digits = FALSE;
    for (guint i = 0; i < cluster->n_places; i++) {
        const OmenShapeParameter *parameter = &shape->parameters[i];
        Place *place = &cluster->places[i];
        if (place->kind != parameter->kind && place->kind != OMEN_PARAMETER_ANY) {
            place->kind = OMEN_PARAMETER_ANY;
            place->length = 0;
            changed = TRUE;
        } else if (place->length > 0 &&
                   !place_holds(cluster, place, shape->message + parameter->offset,
                                parameter->length)) {
            place->length = 0;
            changed = TRUE;
        }
        cluster->has_digits =
            cluster->has_digits || has_digit(cluster->text + place->offset, place->length);
    }
    return changed;
}

/* The cluster of a form that was met before, if nothing in it needs a look. */
static Cluster *
recall(OmenShapeMiner *self, const OmenForm *form)
{
    const OmenFormEntry *entry = omen_form_memo_find(&self->memo, form);
    Cluster *cluster =
        entry ? (Cluster *) omen_cluster_table_find(&self->table, entry->cluster) : NULL;

    return cluster && (!cluster->has_digits || entry->digits == form->digits) ? cluster : NULL;
}

void
omen_shape_miner_parse(OmenShapeMiner *self, const char *message, gsize length, OmenParse *parse)
{
    OmenForm form;
    Cluster *cluster;
    guint64 hash;

    *parse = (OmenParse){0};
    length = MIN(length, OMEN_SHAPE_MAX_INPUT);
    omen_form_compute(&form, message, length, self->key);
    cluster = recall(self, &form);
    if (!cluster) {
        omen_shape_scan(self->shape, message, length);
        hash = omen_hash_bytes(self->shape->text, self->shape->length, self->key);
        cluster = find_shape(self, self->shape->text, self->shape->length, hash);
        if (cluster) {
            parse->changed = generalise(self, cluster);
        } else {
            cluster = begin_cluster(self, hash);
            parse->is_new = TRUE;
        }
        omen_form_memo_add(&self->memo, &form, cluster->base.id);
    }
    omen_cluster_table_use(&self->table, &cluster->base);
    parse->cluster = cluster->base.id;
}

static void
append_place(GString *out, const Cluster *cluster, guint index)
{
    const Place *place = index < cluster->n_places ? &cluster->places[index] : NULL;

    if (place && place->length > 0)
        g_string_append_len(out, cluster->text + place->offset, place->length);
    else
        g_string_append(
            out, omen_parameter_kind_get_placeholder(place ? place->kind : OMEN_PARAMETER_ANY));
}

char *
omen_shape_miner_dup_template(const OmenShapeMiner *self, guint32 id)
{
    const Cluster *cluster = (const Cluster *) omen_cluster_table_find(&self->table, id);
    g_autoptr(GString) out = g_string_new(NULL);
    guint index = 0;

    if (!cluster)
        return NULL;
    for (guint32 i = 0; i < cluster->length; i++) {
        if (cluster->text[i] == OMEN_SHAPE_MARK)
            append_place(out, cluster, index++);
        else
            g_string_append_c(out, cluster->text[i]);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- state: clusters by use ---- */

static GVariant *
pack_bytes(const char *bytes, gsize length)
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, length, 1);
}

static void
save_queue(GVariantBuilder *builder, const GQueue *queue)
{
    for (const GList *link = queue->head; link; link = link->next) {
        const Cluster *cluster = link->data;
        GVariantBuilder places;
        g_variant_builder_init(&places, G_VARIANT_TYPE("a(yay)"));
        for (guint i = 0; i < cluster->n_places; i++) {
            const Place *place = &cluster->places[i];
            g_variant_builder_add(&places, "(y@ay)", place->kind,
                                  pack_bytes(cluster->text + place->offset, place->length));
        }
        g_variant_builder_add(builder, "(utb@aya(yay))", cluster->base.id, cluster->base.size,
                              cluster->base.trusted, pack_bytes(cluster->text, cluster->length),
                              &places);
    }
}

GVariant *
omen_shape_miner_save(const OmenShapeMiner *self)
{
    GVariantBuilder clusters;

    g_variant_builder_init(&clusters, G_VARIANT_TYPE("a(utbaya(yay))"));
    save_queue(&clusters, &self->table.probation);
    save_queue(&clusters, &self->table.trusted);
    return g_variant_new(STATE_TYPE, self->table.last_id, &clusters);
}

static guint
count_marks(const char *text, gsize length)
{
    guint n = 0;

    for (gsize i = 0; i < length; i++)
        n += text[i] == OMEN_SHAPE_MARK;
    return n;
}

/* (transfer full) (nullable): NULL if the parts don't fit together. */
static Cluster *
unpack_cluster(GVariant *packed_text, GVariant *packed_places)
{
    gsize n_places = g_variant_n_children(packed_places);
    gsize length;
    const char *text = g_variant_get_fixed_array(packed_text, &length, 1);
    gsize n_text = length + g_variant_get_size(packed_places);
    gsize at = length;
    Cluster *cluster;

    if (length > 2 * OMEN_SHAPE_MAX_INPUT ||
        n_places != MIN(count_marks(text, length), OMEN_SHAPE_MAX_DETAIL))
        return NULL;
    cluster = allocate_cluster((guint) n_places, n_text);
    cluster->length = (guint32) length;
    if (length > 0)
        memcpy(cluster->text, text, length);
    for (gsize i = 0; i < n_places; i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(packed_places, i);
        g_autoptr(GVariant) bytes = g_variant_get_child_value(child, 1);
        Place *place = &cluster->places[i];
        gsize n;
        const char *value = g_variant_get_fixed_array(bytes, &n, 1);
        *place = (Place){.length = (guint16) n, .offset = (guint32) at};
        g_variant_get_child(child, 0, "y", &place->kind);
        if (place->kind >= OMEN_PARAMETER_N_KINDS || n > G_MAXUINT16) {
            g_free(cluster);
            return NULL;
        }
        if (n > 0)
            memcpy(cluster->text + at, value, n);
        at += n;
        cluster->has_digits = cluster->has_digits || has_digit(value, n);
    }
    return cluster;
}

static gboolean
restore_clusters(OmenShapeMiner *self, GVariant *clusters)
{
    GVariantIter iter;
    guint32 id;
    guint64 size;
    gboolean trusted;
    GVariant *text;
    GVariant *places;

    g_variant_iter_init(&iter, clusters);
    while (g_variant_iter_next(&iter, "(utb@ay@a(yay))", &id, &size, &trusted, &text, &places)) {
        g_autoptr(GVariant) own_text = text;
        g_autoptr(GVariant) own_places = places;
        Cluster *cluster = unpack_cluster(own_text, own_places);

        if (!cluster)
            return FALSE;
        cluster->base.id = id;
        cluster->base.size = size;
        cluster->base.trusted = trusted;
        cluster->hash = omen_hash_bytes(cluster->text, cluster->length, self->key);
        if (omen_cluster_table_restore(&self->table, &cluster->base))
            omen_hash_index_add(&self->index, cluster->hash, cluster);
        else
            g_free(cluster);
    }
    return TRUE;
}

gboolean
omen_shape_miner_restore(OmenShapeMiner *self, GVariant *state, GError **error)
{
    g_autoptr(GVariant) clusters = NULL;

    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)) && g_variant_is_normal_form(state))
        g_variant_get(state, "(u@a(utbaya(yay)))", &self->table.last_id, &clusters);
    if (!clusters || !restore_clusters(self, clusters)) {
        g_set_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_STATE,
                    "the saved templates are damaged, or of another version");
        return FALSE;
    }
    return TRUE;
}
