/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What means little once, counted by its place: of errors that were corrected many of one place
 * foretell one that can not be corrected; a task that hung, or a processor that was too hot, means
 * more when it comes again.
 *
 * A leaky bucket a place, as mcelog has one a DIMM: its default for memory is 10 in 24 hours
 * (mcelog.conf, [dimm] uc-/ce-error-threshold). The place is what the line names: of EDAC's and
 * rasdaemon's lines the memory controller, the row or DIMM and the channel, of AER's the PCI
 * address; else the kind of line. Pure, bounded.
 */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

#define OMEN_REPEAT_MAX_PLACES 1024

/* GVariant of omen_repeat_save(): the place, what has not leaked, when its last line came. */
#define OMEN_REPEAT_TYPE "a(udx)"

typedef struct _OmenRepeat OmenRepeat;

OmenRepeat *omen_repeat_new(void);
void omen_repeat_free(OmenRepeat *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenRepeat, omen_repeat_free)

/* Counts what @message (@length bytes) tells of, at @time_us (0: not known; then nothing is
 * forgotten). TRUE: that place has had more than what is well has. */
gboolean omen_repeat_add(OmenRepeat *self,
                         OmenFailureClass failure_class,
                         guint32 template_id,
                         const char *message,
                         gsize length,
                         gint64 time_us);

GVariant *omen_repeat_save(const OmenRepeat *self);
/* What does not hold to the form is left out. */
void omen_repeat_restore(OmenRepeat *self, GVariant *state);

G_END_DECLS
