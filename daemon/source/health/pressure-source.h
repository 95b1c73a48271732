/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pressure as records: of this host (/proc/pressure, meminfo, stat, loadavg and vmstat), or of a
 * control group with its limit, of version 1 or 2. Read every few seconds, and at once when the
 * kernel tells of stalls (PSI triggers).
 */
#pragma once

#include "source/health/pressure-history.h"
#include "source/source.h"

G_BEGIN_DECLS

#define OMEN_TYPE_PRESSURE_SOURCE (omen_pressure_source_get_type())
G_DECLARE_FINAL_TYPE(OmenPressureSource, omen_pressure_source, OMEN, PRESSURE_SOURCE, OmenSource)

/* Named "pressure", of the host. */
OmenSource *omen_pressure_source_new(void);

/* The stalls of the last day, of the host's; of others it stays empty. Borrowed. */
OmenPressureHistory *omen_pressure_source_get_history(OmenPressureSource *self);

/* Tells the host's of a domain that runs here, and of the most memory that it may take; 0: it is
 * gone. */
void
omen_pressure_source_set_domain(OmenPressureSource *self, const char *name, guint64 memory_bytes);

/* Named "pressure:NAME". @folder: of a control group; waited for while it is not there. */
OmenSource *
omen_pressure_source_new_for_group(const char *name, const char *folder, OmenProvenance provenance);

/* The same for the group of QEMU, whose process number stands in @pid_file. */
OmenSource *omen_pressure_source_new_for_process(const char *name, const char *pid_file);

G_END_DECLS
