/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads what a pressure gauge is pushed: of this host, of a control group, of a domain's QEMU.
 * Blocks on /proc and /sys: for a thread of its own.
 */
#pragma once

#include "source/health/pressure-gauge.h"

G_BEGIN_DECLS

typedef struct {
    const char *root; /* borrowed; "" for this machine's, else a folder that has proc/ and sys/ */
    guint64 steal;    /* as last read, in ticks */
    guint64 ticks;
    double runnable; /* tasks, smoothed over some samples; 0: not known yet */
} OmenPressureMeter;

/* FALSE where nothing can be read. Both fill all but the time and the claims. */
gboolean omen_pressure_meter_read_host(OmenPressureMeter *self, OmenPressureSample *sample);
gboolean omen_pressure_meter_read_group(const char *folder, OmenPressureSample *sample);

/* The process number in a file; 0: none. */
guint64 omen_pressure_meter_read_pid(const OmenPressureMeter *self, const char *pid_file);

/* (transfer full) (nullable): the folder of the process's group that limits its memory, of version
 * 1 or 2; libvirt puts QEMU into a threaded group below it, which has no memory of its own. */
char *omen_pressure_meter_find_group(const OmenPressureMeter *self, guint64 pid);

/* Bytes of @memory_bytes that the process has not taken yet. */
guint64
omen_pressure_meter_read_claim(const OmenPressureMeter *self, guint64 pid, guint64 memory_bytes);

G_END_DECLS
