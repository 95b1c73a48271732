/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values that an operator takes as known: "24 Currently unreadable (pending) sectors" of one disk
 * is told every half hour, and is news again only when it is worse.
 *
 * Which line tells of a value is a matter of its form: "from 3 to 4", or counts of something
 * ("8 ... sectors", "errs: wr 0, rd 24"). All else in the line (the device, the attribute) is what
 * the value is of, and has to be the same. A line that tells of one event ("sector 28640", "1 CE")
 * has no value that could be known. Pure, bounded.
 */
#pragma once

#include <virt-omen/detector.h>

G_BEGIN_DECLS

#define OMEN_ACCEPTED_MAX 1024

/* GVariant of omen_accepted_save(): number, line, when, class, scope, device, does moving help,
 * probability. */
#define OMEN_ACCEPTED_TYPE "a(usxsssbd)"

typedef enum {
    OMEN_ACCEPTED_NOTHING, /* the line tells of no value, or of one that nobody took as known */
    OMEN_ACCEPTED_KNOWN,   /* it is no worse than what was taken as known */
    OMEN_ACCEPTED_WORSE,
} OmenAcceptedState;

typedef struct _OmenAccepted OmenAccepted;

OmenAccepted *omen_accepted_new(void);
void omen_accepted_free(OmenAccepted *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenAccepted, omen_accepted_free)

/* Is there anything that a line could tell of? */
gboolean omen_accepted_is_empty(const OmenAccepted *self);

/* How @line ("who: message") stands to what was taken as known. @value (borrowed until the next
 * change): which; NULL with OMEN_ACCEPTED_NOTHING. */
OmenAcceptedState
omen_accepted_weigh(const OmenAccepted *self, const char *line, const OmenAcceptedValue **value);

/* A line that became part of an omen: its value is the present one. */
void omen_accepted_note(OmenAccepted *self, const char *line);

/* The value of which @about->line tells is known, as bad as it is at present. FALSE: it tells of
 * none. */
gboolean omen_accepted_add(OmenAccepted *self, const OmenAcceptedValue *about);

/* As in detector.h. */
GPtrArray *omen_accepted_list(const OmenAccepted *self);
gboolean omen_accepted_forget(OmenAccepted *self, guint32 number);

GVariant *omen_accepted_save(const OmenAccepted *self);
/* What does not hold to the form is left out. */
void omen_accepted_restore(OmenAccepted *self, GVariant *state);

G_END_DECLS
