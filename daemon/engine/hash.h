/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine's hash of short texts: two 64-bit lanes folded by a 128-bit multiplication, as in
 * wyhash (Wang Yi, public domain), 16 bytes a step. Keyed, so that who writes lines can't choose
 * collisions. Its values never leave the process.
 */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

__extension__ typedef unsigned __int128 OmenUint128;

#define OMEN_HASH_LANE_1 G_GUINT64_CONSTANT(0xa0761d6478bd642f)
#define OMEN_HASH_LANE_2 G_GUINT64_CONSTANT(0xe7037ed1a0b428db)

static inline guint64
omen_hash_fold(guint64 left, guint64 right)
{
    OmenUint128 product = (OmenUint128) left * right;

    return (guint64) product ^ (guint64) (product >> 64);
}

static inline guint64
omen_hash_load(const char *at)
{
    guint64 word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* The last 1 to 8 bytes before @end, of a text of @length bytes. */
static inline guint64
omen_hash_load_tail(const char *text, gsize length)
{
    if (length >= 8)
        return omen_hash_load(text + length - 8);
    if (length >= 4) {
        guint32 low;
        guint32 high;
        memcpy(&low, text, sizeof low);
        memcpy(&high, text + length - 4, sizeof high);
        return ((guint64) high << 32) | low;
    }
    if (length == 0)
        return 0;
    return ((guint64) (guchar) text[0] << 16) | ((guint64) (guchar) text[length / 2] << 8) |
           (guchar) text[length - 1];
}

static inline guint64
omen_hash_bytes(const char *text, gsize length, guint64 key)
{
    guint64 hash = key ^ OMEN_HASH_LANE_1;
    gsize at = 0;

    for (; at + 16 < length; at += 16)
        hash = omen_hash_fold(omen_hash_load(text + at) ^ OMEN_HASH_LANE_2,
                              omen_hash_load(text + at + 8) ^ hash);
    if (length - at > 8) {
        hash = omen_hash_fold(omen_hash_load(text + at) ^ OMEN_HASH_LANE_2,
                              omen_hash_load(text + length - 8) ^ hash);
    } else {
        hash = omen_hash_fold(omen_hash_load_tail(text + at, length - at) ^ OMEN_HASH_LANE_2, hash);
    }
    return omen_hash_fold(hash ^ OMEN_HASH_LANE_2, length ^ OMEN_HASH_LANE_1);
}

G_END_DECLS
