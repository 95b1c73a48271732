/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paper's two stores of normal subsequences, for their speed: a list in order of arrival, and a
 * heap with the most used on top. Both are looked through from the front until something is near
 * enough. */
#pragma once

#include <glib.h>

typedef struct _PaperStore PaperStore;

typedef enum {
    PAPER_STORE_LIST,
    PAPER_STORE_HEAP,
} PaperStoreKind;

PaperStore *paper_store_new(PaperStoreKind kind, guint length, double similarity);
void paper_store_free(PaperStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PaperStore, paper_store_free)

/* @keys joins the store, if it is not in. */
void paper_store_add(PaperStore *self, const guint32 *keys);

/* The distance, 0..1, to the first subsequence that is near enough, else to the nearest. What was
 * near enough counts as used. */
double paper_store_score(PaperStore *self, const guint32 *keys);

/* Subsequences that were compared with what was scored. */
guint64 paper_store_get_n_compared(const PaperStore *self);
