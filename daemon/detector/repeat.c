/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/repeat.h"

#include <string.h>

#define HOUR_US   ((gint64) 3600 * G_USEC_PER_SEC)
#define MAX_LEVEL 1e12

typedef struct {
    double level; /* errors that have not leaked yet */
    gint64 last_us;
} Bucket;

struct _OmenRepeat {
    GHashTable *buckets; /* place (hash) -> Bucket */
};

/*
 * So many within that time, and no two of them within the gap. A link's errors are retransmitted by
 * themselves and come in bursts: ten a minute for ten minutes are a bad contact. The kernel looks
 * for hung tasks every two minutes. All processors of a socket tell of its heat at once, and each
 * of them not more often than every five minutes (therm_throt.c, CHECK_INTERVAL).
 */
static const struct {
    OmenFailureClass failure_class;
    double most;
    gint64 window_us;
    gint64 gap_us;
} limits[] = {
    {OMEN_FAILURE_PCIE, 100, HOUR_US / 6, 0},    {OMEN_FAILURE_NIC, 100, HOUR_US / 6, 0},
    {OMEN_FAILURE_HUNG_TASK, 2, HOUR_US / 6, 0}, {OMEN_FAILURE_THERMAL, 2, HOUR_US, HOUR_US / 60},
    {OMEN_FAILURE_BENIGN, 10, 24 * HOUR_US, 0}, /* all others */
};

OmenRepeat *
omen_repeat_new(void)
{
    OmenRepeat *self = g_new0(OmenRepeat, 1);

    self->buckets = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return self;
}

void
omen_repeat_free(OmenRepeat *self)
{
    g_hash_table_unref(self->buckets);
    g_free(self);
}

/* "mc0", "csrow1", "CPU_SrcID#0_Chan#1_DIMM#0", "0000:3b:00.0": a name with a number in it, that
 * stays from error to error. Addresses and pages ("0x3e8a2", "page:0x..") do not. */
static gboolean
is_place(const char *word, gsize length)
{
    static const char *const kinds[] = {"mc",   "csrow", "row",  "rank", "bank", "channel",
                                        "chan", "dimm",  "cpu_", "slot", "node", "0000:"};

    if (length >= 2 && (g_ascii_strncasecmp(word, "0x", 2) == 0))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        gsize n = strlen(kinds[i]);
        if (length > n && g_ascii_strncasecmp(word, kinds[i], n) == 0)
            return strpbrk(word, "0123456789") != NULL &&
                   strpbrk(word, "0123456789") < word + length;
    }
    return FALSE;
}

/* FNV-1a over the template and all that names a place. */
static guint32
hash_place(guint32 template_id, const char *message, gsize length)
{
    guint32 hash = 2166136261U ^ template_id;

    for (gsize at = 0; at < length;) {
        gsize n = 0;
        while (at + n < length && !strchr(" ,()[]\"=", message[at + n]))
            n++;
        if (is_place(message + at, n)) {
            for (gsize i = 0; i < n; i++)
                hash = (hash ^ (guint8) message[at + i]) * 16777619U;
        }
        at += n + 1;
    }
    return hash;
}

/* "EDAC MC0: 12 CE on ...": how many at once. */
static double
count_errors(const char *message, gsize length)
{
    const char *at = g_strstr_len(message, (gssize) length, " CE ");
    const char *digit = at;
    guint64 n = 0;

    while (digit && digit > message && g_ascii_isdigit(digit[-1]))
        digit--;
    for (; digit && digit < at && n < 1000000; digit++)
        n = n * 10 + (guint64) (*digit - '0');
    return n > 0 ? (double) n : 1;
}

static void
make_room(OmenRepeat *self)
{
    gpointer oldest = NULL;
    gint64 oldest_us = G_MAXINT64;
    GHashTableIter iter;
    gpointer place;
    gpointer bucket;

    if (g_hash_table_size(self->buckets) < OMEN_REPEAT_MAX_PLACES)
        return;
    g_hash_table_iter_init(&iter, self->buckets);
    while (g_hash_table_iter_next(&iter, &place, &bucket)) {
        if (((Bucket *) bucket)->last_us < oldest_us) {
            oldest_us = ((Bucket *) bucket)->last_us;
            oldest = place;
        }
    }
    g_hash_table_remove(self->buckets, oldest);
}

static Bucket *
ensure_bucket(OmenRepeat *self, guint32 place)
{
    Bucket *bucket = g_hash_table_lookup(self->buckets, GUINT_TO_POINTER(place));

    if (bucket)
        return bucket;
    make_room(self);
    bucket = g_new0(Bucket, 1);
    g_hash_table_insert(self->buckets, GUINT_TO_POINTER(place), bucket);
    return bucket;
}

gboolean
omen_repeat_add(OmenRepeat *self,
                OmenFailureClass failure_class,
                guint32 template_id,
                const char *message,
                gsize length,
                gint64 time_us)
{
    Bucket *bucket = ensure_bucket(self, hash_place(template_id, message, length));
    gsize i = 0;
    double leaked;

    while (limits[i].failure_class != failure_class &&
           limits[i].failure_class != OMEN_FAILURE_BENIGN)
        i++;
    if (time_us > 0 && time_us - bucket->last_us < limits[i].gap_us)
        return bucket->level > limits[i].most - 1;
    leaked =
        (double) MAX(time_us - bucket->last_us, 0) * limits[i].most / (double) limits[i].window_us;
    bucket->level = MAX(bucket->level - leaked, 0) + count_errors(message, length);
    bucket->last_us = MAX(bucket->last_us, time_us);
    return bucket->level > limits[i].most - 1;
}

GVariant *
omen_repeat_save(const OmenRepeat *self)
{
    GVariantBuilder builder;
    GHashTableIter iter;
    gpointer place;
    gpointer known;

    g_variant_builder_init(&builder, G_VARIANT_TYPE(OMEN_REPEAT_TYPE));
    g_hash_table_iter_init(&iter, self->buckets);
    while (g_hash_table_iter_next(&iter, &place, &known)) {
        const Bucket *bucket = known;
        g_variant_builder_add(&builder, "(udx)", GPOINTER_TO_UINT(place), bucket->level,
                              bucket->last_us);
    }
    return g_variant_builder_end(&builder);
}

void
omen_repeat_restore(OmenRepeat *self, GVariant *state)
{
    GVariantIter iter;
    guint32 place;
    double level;
    gint64 last_us;

    g_variant_iter_init(&iter, state);
    while (g_variant_iter_next(&iter, "(udx)", &place, &level, &last_us)) {
        Bucket *bucket;
        if (!(level >= 0 && level < MAX_LEVEL) || last_us <= 0)
            continue;
        bucket = ensure_bucket(self, place);
        bucket->level = level;
        bucket->last_us = last_us;
    }
}
