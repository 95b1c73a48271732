/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drain as Drain3 implements it, cluster number by cluster number: a tree of fixed depth leads by
 * the number of tokens and the first of them to a leaf, whose most similar cluster takes the
 * message if enough tokens are equal. Tokens are compared by their keyed 64-bit hashes.
 */
#pragma once

#include <virt-omen/miner.h>

G_BEGIN_DECLS

typedef struct _OmenDrain OmenDrain;

OmenDrain *omen_drain_new(const OmenMinerConfig *config);
void omen_drain_free(OmenDrain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDrain, omen_drain_free)

void omen_drain_parse(OmenDrain *self, const char *message, gsize length, OmenParse *parse);

/* (transfer full) (nullable) */
char *omen_drain_dup_template(const OmenDrain *self, guint32 cluster);

/* Its clusters: an OmenClusterTable. */
gconstpointer omen_drain_get_table(const OmenDrain *self);

/* (transfer full), floating; and back, with @error (OMEN_MINER_ERROR_BAD_STATE). */
GVariant *omen_drain_save(const OmenDrain *self);
gboolean omen_drain_restore(OmenDrain *self, GVariant *state, GError **error);

G_END_DECLS
