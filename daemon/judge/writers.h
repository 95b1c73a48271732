/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may say what (data/knowledge/writers), and whether what a record says is proven.
 *
 * A verdict is drawn from the text of a line, and anybody can write any text. So it is acted upon
 * only where the record's source vouches for a writer whose word counts for such a thing, and where
 * the words that it was drawn from are the writer's own: not the name of a process, a file or a
 * group that somebody else chose and the kernel or a service only repeats. Pure, but for the
 * loading.
 */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

typedef struct _OmenWriters OmenWriters;

/* @folder: the judge's knowledge, NULL: the installed place. NULL with @error
 * (OMEN_JUDGE_ERROR_BAD_KNOWLEDGE): "FILE:LINE: what is wrong". */
OmenWriters *omen_writers_load(const char *folder, GError **error);
void omen_writers_free(OmenWriters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenWriters, omen_writers_free)

/* Is the record by one whose word counts for anything? */
gboolean omen_writers_know(const OmenWriters *self, const OmenRecord *record);

/* Is what @verdict says, of this record, proven by who wrote it? @judge: who gave the verdict. */
gboolean omen_writers_prove(const OmenWriters *self,
                            OmenJudge *judge,
                            const OmenRecord *record,
                            const OmenVerdict *verdict);

/* @message without what a process, a user or a guest may have chosen of it: names of processes and
 * of control groups, paths, and what stands in quotation marks. (transfer full) */
char *omen_writers_hide_chosen(const char *message);

G_END_DECLS
