/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A memory of lines' forms: a line whose digits alone differ from one met before has its shape.
 *
 * Most lines of a log are such, so most are told by one keyed 128-bit hash of the line with its
 * digits made equal. Direct-mapped: a form that comes back too late is scanned again, no more.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint64 high;
    guint64 low;
    guint64 digits; /* hash of the digits themselves */
} OmenForm;

/* Of @length bytes, at least 1. */
void omen_form_compute(OmenForm *self, const char *text, gsize length, guint64 key);

typedef struct {
    guint64 high;
    guint64 low;
    guint64 digits;
    guint32 cluster; /* 0: free */
} OmenFormEntry;

typedef struct {
    OmenFormEntry *entries;
    guint mask;
    guint n_misses; /* since the memory last grew */
} OmenFormMemo;

void omen_form_memo_init(OmenFormMemo *self);
void omen_form_memo_clear(OmenFormMemo *self);

/* (nullable) */
static inline const OmenFormEntry *
omen_form_memo_find(const OmenFormMemo *self, const OmenForm *form)
{
    const OmenFormEntry *entry = &self->entries[form->low & self->mask];

    return entry->cluster && entry->low == form->low && entry->high == form->high ? entry : NULL;
}

void omen_form_memo_add(OmenFormMemo *self, const OmenForm *form, guint32 cluster);

G_END_DECLS
