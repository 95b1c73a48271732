/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers drawn alike on every machine: 64-bit splitmix. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 state; /* the seed at first */
} Random;

static inline guint64
random_next(Random *self)
{
    guint64 z = self->state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* In [0,1). */
static inline double
random_unit(Random *self)
{
    return (double) (random_next(self) >> 11) * 0x1p-53;
}

/* In 0..@n-1. */
static inline guint32
random_below(Random *self, guint32 n)
{
    return (guint32) (((random_next(self) >> 32) * n) >> 32);
}
