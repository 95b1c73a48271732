/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When what was learnt after the training, and how much of it a day: whoever makes a stream say
 * something new all the time can not make much of it normal. Pure; bounded: the oldest dates go
 * first.
 */
#pragma once

#include <virt-omen/profile.h>

G_BEGIN_DECLS

/* Stretches that may become normal in a day, by the records' own time. */
#define OMEN_LEARNT_MAX_A_DAY 500
#define OMEN_LEARNT_MAX_DATES 2048

/* GVariant of omen_learnt_save(): when, and the templates. */
#define OMEN_LEARNT_TYPE "a(xau)"

typedef struct _OmenLearnt OmenLearnt;

OmenLearnt *omen_learnt_new(void);
void omen_learnt_free(OmenLearnt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenLearnt, omen_learnt_free)

/* These are to be learnt at @time_us, microseconds since the epoch; one without a time has no date
 * and no limit. FALSE: too much was, that day. */
gboolean omen_learnt_take(OmenLearnt *self, const guint32 *keys, guint length, gint64 time_us);

/* When they were learnt; 0: in the training, or it is not known any more. */
gint64 omen_learnt_get_time_us(const OmenLearnt *self, const guint32 *keys, guint length);

GVariant *omen_learnt_save(const OmenLearnt *self);
void omen_learnt_restore(OmenLearnt *self, GVariant *state);

G_END_DECLS
