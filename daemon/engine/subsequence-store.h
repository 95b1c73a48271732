/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store of normal subsequences: unique, bounded, each with how often it was used, and exact
 * nearest neighbours without a scan. Pure.
 *
 * OMEN_METRIC_TRANSITION: which number ends a row, and after which others of the row, is in one
 * hash table; so is the whole row. A look for each of the keys that came before, at most.
 * OMEN_METRIC_PAPER: rows sorted by their sum. The difference of sums bounds the distance from
 * below, so the search goes outwards from the query's own sum and stops at the bound.
 */
#pragma once

#include <virt-omen/profile.h>

G_BEGIN_DECLS

/* Without its keys, which follow it in memory. */
typedef struct {
    guint64 last_use; /* the store's count of uses at its latest */
    guint32 uses;     /* 0: a free row */
    guint32 sum;      /* of the keys, at most G_MAXUINT32 */
    guint32 keys[];
} OmenSubsequence;

typedef struct _OmenSubsequenceStore OmenSubsequenceStore;

OmenSubsequenceStore *
omen_subsequence_store_new(OmenMetric metric, guint length, guint max_subsequences);
void omen_subsequence_store_free(OmenSubsequenceStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenSubsequenceStore, omen_subsequence_store_free)

/* Adds @keys if they are not in; where it is full, the least used go. */
void omen_subsequence_store_add(OmenSubsequenceStore *self, const guint32 *keys);

gboolean omen_subsequence_store_remove(OmenSubsequenceStore *self, const guint32 *keys);

/* The nearest one to @n_keys keys, the latest last, at least as many as a row has, and how far it
 * is, 0..1. (nullable): there is none with anything in common. Borrowed until the next change. */
OmenSubsequence *omen_subsequence_store_find_nearest(OmenSubsequenceStore *self,
                                                     const guint32 *keys,
                                                     guint n_keys,
                                                     double *distance);

/* @subsequence, of this store, was met again. */
void omen_subsequence_store_use(OmenSubsequenceStore *self, OmenSubsequence *subsequence);

guint omen_subsequence_store_get_size(const OmenSubsequenceStore *self);

/* (transfer container): OmenSubsequence, most used first. */
GPtrArray *omen_subsequence_store_list(const OmenSubsequenceStore *self);

/* Puts one back as it was saved. */
void omen_subsequence_store_restore(OmenSubsequenceStore *self,
                                    const guint32 *keys,
                                    guint32 uses,
                                    guint64 last_use);

G_END_DECLS
