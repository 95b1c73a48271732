/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTM's encoders: a value and its time of day as 42 of 454 bits. */
#pragma once

#include <glib.h>

#define HTM_VALUE_BITS 400
#define HTM_TIME_BITS  54
#define HTM_INPUTS     (HTM_VALUE_BITS + HTM_TIME_BITS)
#define HTM_ENCODED    21 /* bits on of each encoder */
#define HTM_ON         (2 * HTM_ENCODED)

typedef struct _HtmEncoder HtmEncoder;

/* @first: the value in the middle bucket; @lowest, @highest: the whole series' range. */
HtmEncoder *htm_encoder_new(double first, double lowest, double highest, guint64 seed);
void htm_encoder_free(HtmEncoder *self);
/* @on gets the HTM_ON bits; the value's lie below HTM_VALUE_BITS. Bits may repeat in one encoder.
 */
void htm_encoder_encode(HtmEncoder *self, double value, double time_s, guint16 *on);
