/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floods: so much is read of each writer that is not believed, and no more. Pure.
 *
 * A writer is who the record's source names (a user, a container, a unit), else the source as a
 * whole. Whoever writes more loses lines of its own; it is told once a flood.
 */
#pragma once

#include <virt-omen/record.h>

G_BEGIN_DECLS

#define OMEN_FLOODS_LINES_A_SECOND 100
#define OMEN_FLOODS_BURST          1000

/* Beyond so many writers all others are one. */
#define OMEN_FLOODS_MAX_WRITERS 1024

typedef struct _OmenFloods OmenFloods;

OmenFloods *omen_floods_new(void);
void omen_floods_free(OmenFloods *self);

/* May it be read? @now_us: of the monotonic clock. */
gboolean omen_floods_admit(OmenFloods *self,
                           const OmenRecord *record,
                           const char *source_name,
                           gint64 now_us);

/* Who floods now, and how many lines were left out, in a sentence; NULL: nobody does. (transfer
 * full) */
char *omen_floods_describe(OmenFloods *self, gint64 now_us);

G_END_DECLS
