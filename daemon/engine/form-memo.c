/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/form-memo.h"
#include "engine/hash.h"

#define FIRST_SIZE 64
#define LAST_SIZE  8192

/* Eight bytes with each digit made '0', and what was taken off. */
static inline guint64
fold_digits(guint64 word, guint64 *digits)
{
    const guint64 ones = G_GUINT64_CONSTANT(0x0101010101010101);
    guint64 high = word & (ones * 0x80);
    guint64 low = word & (ones * 0x7f);
    /* Bit 7 of each byte: is it at least '0', is it beyond '9'? */
    guint64 from = low + ones * (0x80 - '0');
    guint64 beyond = low + ones * (0x80 - ('9' + 1));
    guint64 is_digit = from & ~beyond & ~high & (ones * 0x80);
    guint64 mask = (is_digit >> 7) * 0x0f;

    *digits = word & mask;
    return word & ~mask;
}

static inline void
take_block(OmenForm *self, guint64 first, guint64 second)
{
    guint64 digits_1;
    guint64 digits_2;

    first = fold_digits(first, &digits_1);
    second = fold_digits(second, &digits_2);
    self->high = omen_hash_fold(first ^ OMEN_HASH_LANE_1, second ^ self->high);
    self->low = omen_hash_fold(first ^ self->low, second ^ OMEN_HASH_LANE_2);
    self->digits = omen_hash_fold(digits_1 ^ OMEN_HASH_LANE_1, digits_2 ^ self->digits);
}

void
omen_form_compute(OmenForm *self, const char *text, gsize length, guint64 key)
{
    gsize at = 0;

    *self = (OmenForm){key ^ OMEN_HASH_LANE_2, key + length, key};
    for (; at + 16 < length; at += 16)
        take_block(self, omen_hash_load(text + at), omen_hash_load(text + at + 8));
    if (length >= 16)
        take_block(self, omen_hash_load(text + length - 16), omen_hash_load(text + length - 8));
    else if (length > 8)
        take_block(self, omen_hash_load(text), omen_hash_load(text + length - 8));
    else
        take_block(self, omen_hash_load_tail(text, length), length);
    self->low = omen_hash_fold(self->low ^ OMEN_HASH_LANE_2, length ^ OMEN_HASH_LANE_1);
}

void
omen_form_memo_init(OmenFormMemo *self)
{
    self->entries = g_new0(OmenFormEntry, FIRST_SIZE);
    self->mask = FIRST_SIZE - 1;
    self->n_misses = 0;
}

void
omen_form_memo_clear(OmenFormMemo *self)
{
    g_clear_pointer(&self->entries, g_free);
}

static void
grow(OmenFormMemo *self)
{
    g_autofree OmenFormEntry *old = self->entries;
    guint n = self->mask + 1;

    self->entries = g_new0(OmenFormEntry, (gsize) 2 * n);
    self->mask = 2 * n - 1;
    self->n_misses = 0;
    for (guint i = 0; i < n; i++) {
        if (old[i].cluster)
            self->entries[old[i].low & self->mask] = old[i];
    }
}

void
omen_form_memo_add(OmenFormMemo *self, const OmenForm *form, guint32 cluster)
{
    /* It grows with what it failed to remember. */
    if (++self->n_misses > self->mask && self->mask + 1 < LAST_SIZE)
        grow(self);
    self->entries[form->low & self->mask] =
        (OmenFormEntry){form->high, form->low, form->digits, cluster};
}
