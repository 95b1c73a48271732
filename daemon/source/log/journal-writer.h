/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who wrote an entry of the journal, by the fields that journald sets itself from what the kernel
 * says of the sender (systemd.journal-fields(7): those that begin with "_", which no client can
 * set).
 *
 * The kernel's: transport "kernel", and the kernel's own facility: what processes write to
 * /dev/kmsg has another. A service of this system's: its unit is a *.service of the system's
 * manager, and its control group is that unit's own; or it is process 1, or journald itself. All
 * else is a user's: sessions, users' managers, scopes (containers, virtual machines), what is
 * delegated below a service, and who is not known.
 */
#pragma once

#include <glib.h>
#include <systemd/sd-journal.h>
#include <virt-omen/record.h>

G_BEGIN_DECLS

#define OMEN_WRITER_MAX 256

/* As OmenRecord has them. Of a user's process @name is "uid N", of a container's its unit: whoever
 * floods can not choose it. */
typedef struct {
    char name[OMEN_WRITER_MAX];
    char unit[OMEN_WRITER_MAX];
} OmenJournalWriter;

/* Remembers names of users; of one thread. */
typedef struct _OmenJournalWriters OmenJournalWriters;

OmenJournalWriters *omen_journal_writers_new(void);
void omen_journal_writers_free(OmenJournalWriters *self);

/* Of the current entry. */
OmenOrigin omen_journal_writers_identify(OmenJournalWriters *self,
                                         sd_journal *journal,
                                         OmenJournalWriter *writer);

/* The fields that matter, as strings; NULL: the entry has none. */
typedef struct {
    const char *transport;
    const char *facility;
    const char *unit;
    const char *cgroup;
    const char *exe;
    const char *comm;
    const char *uid;
    const char *owner_uid; /* of a session or of a user's manager */
    const char *user_unit;
    const char *session;
} OmenJournalFacts;

/* The same from @facts: for tests. */
OmenOrigin omen_journal_writers_weigh(OmenJournalWriters *self,
                                      const OmenJournalFacts *facts,
                                      OmenJournalWriter *writer);

/* The value of a field of the current entry, valid until the next call; NULL if it has none. */
const char *omen_journal_get_field(sd_journal *journal, const char *field, gsize *length);

G_END_DECLS
