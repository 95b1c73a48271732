/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The value's encoder is random and distributed: like values share bits. Buckets grow outwards from
 * the first value's; each has the bits of its inner neighbour but for one, drawn anew so that
 * buckets less than 21 apart share exactly 21 - distance bits and others at most two.
 */
#include "htm-encoder.h"
#include "random.h"

#include <math.h>
#include <string.h>

#define BUCKETS     1000
#define MIDDLE      (BUCKETS / 2)
#define INTERVALS   130  /* buckets over the padded range */
#define PADDED      1.4  /* of the range */
#define MAX_OVERLAP 2    /* of buckets that are far from each other */
#define MAX_TRIES   1000 /* then the last draw stands */
#define DAY_S       86400.0

typedef struct {
    guint16 bits[HTM_ENCODED];
} Bucket;

struct _HtmEncoder {
    double first, resolution;
    gint low, high; /* buckets that are made */
    Random random;
    Bucket buckets[BUCKETS];
};

HtmEncoder *
htm_encoder_new(double first, double lowest, double highest, guint64 seed)
{
    HtmEncoder *self = g_new0(HtmEncoder, 1);
    double range = highest > lowest ? highest - lowest : 1;
    guint16 shuffled[HTM_VALUE_BITS];

    self->first = first;
    self->resolution = fmax(0.001, PADDED * range / INTERVALS);
    self->low = self->high = MIDDLE;
    self->random.state = seed;
    for (guint i = 0; i < HTM_VALUE_BITS; i++)
        shuffled[i] = (guint16) i;
    for (guint i = 0; i < HTM_ENCODED; i++) {
        guint at = i + random_below(&self->random, HTM_VALUE_BITS - i);
        guint16 bit = shuffled[at];

        shuffled[at] = shuffled[i];
        self->buckets[MIDDLE].bits[i] = bit;
    }
    return self;
}

void
htm_encoder_free(HtmEncoder *self)
{
    g_free(self);
}

static guint
overlap_of(const Bucket *a, const Bucket *b)
{
    guint shared = 0;

    for (guint i = 0; i < HTM_ENCODED; i++)
        for (guint j = 0; j < HTM_ENCODED; j++)
            shared += a->bits[i] == b->bits[j];
    return shared;
}

/* Whether bucket @index, as it stands, overlaps the made ones as it should. */
static gboolean
is_proper(const HtmEncoder *self, gint index)
{
    for (gint i = self->low; i <= self->high; i++) {
        guint distance = (guint) ABS(index - i);
        guint shared = overlap_of(&self->buckets[index], &self->buckets[i]);

        if (distance < HTM_ENCODED ? shared != HTM_ENCODED - distance : shared > MAX_OVERLAP)
            return FALSE;
    }
    return TRUE;
}

static void
make_bucket(HtmEncoder *self, gint index, gint neighbour)
{
    Bucket *bucket = &self->buckets[index];
    guint changed = (guint) index % HTM_ENCODED;

    *bucket = self->buckets[neighbour];
    for (guint i = 0; i < MAX_TRIES; i++) {
        bucket->bits[changed] = (guint16) random_below(&self->random, HTM_VALUE_BITS);
        if (is_proper(self, index))
            break;
    }
}

static const Bucket *
bucket_of(HtmEncoder *self, double value)
{
    gint index = MIDDLE + (gint) CLAMP(round((value - self->first) / self->resolution), -MIDDLE,
                                       BUCKETS - 1 - MIDDLE);

    for (; self->high < index; self->high++)
        make_bucket(self, self->high + 1, self->high);
    for (; self->low > index; self->low--)
        make_bucket(self, self->low - 1, self->low);
    return &self->buckets[index];
}

void
htm_encoder_encode(HtmEncoder *self, double value, double time_s, guint16 *on)
{
    double day = fmod(time_s, DAY_S) / DAY_S;
    guint centre = (guint) floor((day < 0 ? day + 1 : day) * HTM_TIME_BITS);
    guint first = centre + HTM_TIME_BITS - HTM_ENCODED / 2;

    memcpy(on, bucket_of(self, value)->bits, HTM_ENCODED * sizeof *on);
    for (guint i = 0; i < HTM_ENCODED; i++)
        on[HTM_ENCODED + i] = (guint16) (HTM_VALUE_BITS + (first + i) % HTM_TIME_BITS);
}
