/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTM's temporal memory: which columns the sequence so far lets expect, learned as it goes. */
#pragma once

#include "htm-pooler.h"

#define HTM_CELLS (32 * HTM_COLUMNS)

typedef struct _HtmMemory HtmMemory;

HtmMemory *htm_memory_new(guint64 seed);
void htm_memory_free(HtmMemory *self);
/* @winners: HTM_WINNERS columns. Returns: the share of them that nothing foretold. */
double htm_memory_step(HtmMemory *self, const guint16 *winners);
guint htm_memory_count_segments(const HtmMemory *self);
