/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pressure on this host, and on the control groups that the configuration names. */
#pragma once

#include "configuration/configuration.h"
#include "source/health/pressure-source.h"
#include "watch/stream.h"

G_BEGIN_DECLS

/* Adds its sources to the host's stream. Returns the host's own: borrowed; NULL: the configuration
 * has it not measured. */
OmenPressureSource *omen_host_pressure_add(OmenStream *stream,
                                           const OmenConfiguration *configuration);

G_END_DECLS
