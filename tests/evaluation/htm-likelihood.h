/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How unlikely the present stretch of raw anomaly scores is beside those so far. */
#pragma once

#include <glib.h>

typedef struct _HtmLikelihood HtmLikelihood;

/* @probation: records before the first estimate. */
HtmLikelihood *htm_likelihood_new(guint probation);
void htm_likelihood_free(HtmLikelihood *self);
/* @value: the record's; @raw: its raw score, 0..1. Returns: NAB's log scale, 0..1. */
double htm_likelihood_feed(HtmLikelihood *self, double value, double raw);
