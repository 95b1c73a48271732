/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store of normal subsequences: unique, bounded, each with how often it was used. Pure. */
#pragma once

#include <virt-omen/profile.h>

G_BEGIN_DECLS

typedef struct {
    guint64 uses;
    guint64 last_use; /* the store's count of uses at its latest */
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
} OmenSubsequence;

typedef struct _OmenSubsequenceStore OmenSubsequenceStore;

OmenSubsequenceStore *
omen_subsequence_store_new(OmenMetric metric, guint length, guint max_subsequences);
void omen_subsequence_store_free(OmenSubsequenceStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenSubsequenceStore, omen_subsequence_store_free)

/* Adds @keys if they are not in; where it is full, the least used one goes. */
void omen_subsequence_store_add(OmenSubsequenceStore *self, const guint32 *keys);

gboolean omen_subsequence_store_remove(OmenSubsequenceStore *self, const guint32 *keys);

/* The nearest one and how far it is, 0..1; an exact match is found by hashing, without a scan.
 * (nullable): the store is empty. Borrowed until the next change. */
OmenSubsequence *omen_subsequence_store_find_nearest(OmenSubsequenceStore *self,
                                                     const guint32 *keys,
                                                     double *distance);

/* @subsequence, of this store, was met again. */
void omen_subsequence_store_use(OmenSubsequenceStore *self, OmenSubsequence *subsequence);

guint omen_subsequence_store_get_size(const OmenSubsequenceStore *self);

/* (transfer container): OmenSubsequence, most used first. */
GPtrArray *omen_subsequence_store_list(const OmenSubsequenceStore *self);

/* Puts one back as it was saved. */
void omen_subsequence_store_restore(OmenSubsequenceStore *self, const OmenSubsequence *subsequence);

G_END_DECLS
