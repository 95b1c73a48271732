/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The default miner: a cluster a shape (engine/shape.h).
 *
 * A cluster's template says which kind of parameter stands in each place; a name or path that has
 * always been the same there is shown as it is ("EXT4-fs"), until it is met otherwise.
 */
#pragma once

#include <virt-omen/miner.h>

G_BEGIN_DECLS

typedef struct _OmenShapeMiner OmenShapeMiner;

OmenShapeMiner *omen_shape_miner_new(const OmenMinerConfig *config);
void omen_shape_miner_free(OmenShapeMiner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenShapeMiner, omen_shape_miner_free)

void
omen_shape_miner_parse(OmenShapeMiner *self, const char *message, gsize length, OmenParse *parse);

/* (transfer full) (nullable) */
char *omen_shape_miner_dup_template(const OmenShapeMiner *self, guint32 cluster);

/* Its clusters: an OmenClusterTable. */
gconstpointer omen_shape_miner_get_table(const OmenShapeMiner *self);

/* (transfer full), floating; and back, with @error (OMEN_MINER_ERROR_BAD_STATE). */
GVariant *omen_shape_miner_save(const OmenShapeMiner *self);
gboolean omen_shape_miner_restore(OmenShapeMiner *self, GVariant *state, GError **error);

G_END_DECLS
