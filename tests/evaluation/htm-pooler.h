/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTM's spatial pooler: of 2048 columns, the 40 that overlap an input most, and what they learn. */
#pragma once

#include "htm-encoder.h"

#define HTM_COLUMNS 2048
#define HTM_WINNERS 40

typedef struct _HtmPooler HtmPooler;

HtmPooler *htm_pooler_new(guint64 seed);
void htm_pooler_free(HtmPooler *self);
/* @on: HTM_ON bits that are on, some perhaps twice. @winners gets HTM_WINNERS columns, rising. */
void htm_pooler_step(HtmPooler *self, const guint16 *on, guint16 *winners);
