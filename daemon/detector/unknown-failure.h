/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A failure of a kind that the judge does not know.
 *
 * No single line tells it: what tells it is that the host's kernel, which says the same things for
 * months, begins to say something that it never said here, in words of trouble, and goes on saying
 * so. Where much is new at once (a boot, an upgrade, the first day) novelty means nothing, and
 * nothing is told. Pure; of bounded size.
 */
#pragma once

#include <virt-omen/record.h>

G_BEGIN_DECLS

typedef struct _OmenUnknownFailure OmenUnknownFailure;

OmenUnknownFailure *omen_unknown_failure_new(void);
void omen_unknown_failure_free(OmenUnknownFailure *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenUnknownFailure, omen_unknown_failure_free)

/* Each record of the stream after the training; @is_new: the first of its template. Keeps how much
 * is new here of late, and whether the host is starting. */
void
omen_unknown_failure_watch(OmenUnknownFailure *self, const OmenRecord *record, gboolean is_new);

/* FALSE: as the last one watched it belongs to a start, or so much is new that one thing more says
 * nothing. */
gboolean omen_unknown_failure_is_calm(const OmenUnknownFailure *self, const OmenRecord *record);

/*
 * A record that is no sign by itself, the last one watched; its template was first seen @age
 * records ago (0: now). Returns how far it goes towards a failure: 0: it is no sign at all; 0.5 and
 * more: enough came of it.
 */
double omen_unknown_failure_weigh(OmenUnknownFailure *self,
                                  const OmenRecord *record,
                                  guint32 template_id,
                                  guint64 age);

/* Does the text speak of trouble, whatever of? Words of any language of faults: fail, lost, stuck,
 * too long. */
gboolean omen_unknown_failure_is_trouble(const char *message, gsize length);

G_END_DECLS
