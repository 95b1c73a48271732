/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of many short texts does a line hold? One pass over the line, however many there are
 * (Aho, Corasick: "Efficient string matching: an aid to bibliographic search", CACM 18, 1975).
 * Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _OmenLiteralFinder OmenLiteralFinder;

OmenLiteralFinder *omen_literal_finder_new(void);
void omen_literal_finder_free(OmenLiteralFinder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenLiteralFinder, omen_literal_finder_free)

/* @id is told where @text is found; at least one byte. Before omen_literal_finder_build(). */
void omen_literal_finder_add(OmenLiteralFinder *self, const char *text, guint id);
void omen_literal_finder_build(OmenLiteralFinder *self);

/* Calls @found for each text at each of its places, in the order of their ends. */
typedef void (*OmenLiteralFunc)(guint id, gpointer user_data);
void omen_literal_finder_run(const OmenLiteralFinder *self,
                             const char *line,
                             OmenLiteralFunc found,
                             gpointer user_data);

G_END_DECLS
