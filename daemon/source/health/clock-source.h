/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's own pulse: a thread that sleeps a second at a time, and tells how late it was woken (a
 * sign that the CPUs are promised too often) and when the clock was set.
 */
#pragma once

#include "source/source.h"

G_BEGIN_DECLS

#define OMEN_TYPE_CLOCK_SOURCE (omen_clock_source_get_type())
G_DECLARE_FINAL_TYPE(OmenClockSource, omen_clock_source, OMEN, CLOCK_SOURCE, OmenSource)

/* Named "clock". */
OmenSource *omen_clock_source_new(void);

G_END_DECLS
