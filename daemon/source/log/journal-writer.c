/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/journal-writer.h"

#include <pwd.h>
#include <string.h>

#define SERVICE     ".service"
#define MAX_USERS   4096
#define PASSWD_ROOM 16384

struct _OmenJournalWriters {
    GHashTable *users; /* uid, as text -> name */
};

OmenJournalWriters *
omen_journal_writers_new(void)
{
    OmenJournalWriters *self = g_new0(OmenJournalWriters, 1);

    self->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return self;
}

void
omen_journal_writers_free(OmenJournalWriters *self)
{
    g_hash_table_unref(self->users);
    g_free(self);
}

const char *
omen_journal_get_field(sd_journal *journal, const char *field, gsize *length)
{
    gsize name_length = strlen(field) + 1;
    const void *data;

    if (sd_journal_get_data(journal, field, &data, length) < 0 || *length < name_length)
        return NULL;
    *length -= name_length;
    return (const char *) data + name_length;
}

/* "" for a user without a name: it matches nobody's. */
static const char *
name_user(OmenJournalWriters *self, const char *uid)
{
    const char *known = g_hash_table_lookup(self->users, uid);
    g_autofree char *room = NULL;
    struct passwd entry;
    struct passwd *found = NULL;
    guint64 number;

    if (known)
        return known;
    if (g_hash_table_size(self->users) >= MAX_USERS)
        g_hash_table_remove_all(self->users);
    room = g_malloc(PASSWD_ROOM);
    if (g_ascii_string_to_unsigned(uid, 10, 0, G_MAXUINT32, &number, NULL))
        (void) getpwuid_r((uid_t) number, &entry, room, PASSWD_ROOM, &found);
    known = g_strdup(found ? entry.pw_name : "");
    g_hash_table_insert(self->users, g_strdup(uid), (gpointer) known);
    return known;
}

/* The control group is the unit's own: not one below it, where a service may put a container. */
static gboolean
is_own_group(const char *cgroup, const char *unit)
{
    const char *last = strrchr(cgroup, '/');

    return last && g_str_equal(last + 1, unit);
}

static gboolean
is_below(const char *cgroup, const char *slice)
{
    return g_str_has_prefix(cgroup, slice);
}

static gboolean
is_system_service(const OmenJournalFacts *facts)
{
    if (!facts->unit || !facts->cgroup || !facts->uid || facts->user_unit || facts->owner_uid ||
        facts->session || is_below(facts->cgroup, "/user.slice") ||
        is_below(facts->cgroup, "/machine.slice"))
        return FALSE;
    if (g_str_equal(facts->cgroup, "/init.scope"))
        return g_str_equal(facts->unit, "init.scope");
    return g_str_has_suffix(facts->unit, SERVICE) && is_own_group(facts->cgroup, facts->unit);
}

static void
describe_user(const OmenJournalFacts *facts, OmenJournalWriter *writer)
{
    gboolean is_of_session = facts->owner_uid || facts->session || !facts->unit;

    if (is_of_session)
        g_snprintf(writer->name, sizeof writer->name, "uid %s",
                   facts->owner_uid ? facts->owner_uid
                   : facts->uid     ? facts->uid
                                    : "unknown");
    else
        g_strlcpy(writer->name, facts->unit, sizeof writer->name);
}

static void
describe_service(OmenJournalWriters *self, const OmenJournalFacts *facts, OmenJournalWriter *writer)
{
    const char *slash = facts->exe ? strrchr(facts->exe, '/') : NULL;
    const char *program = slash ? slash + 1 : facts->comm ? facts->comm : "";
    const char *end = strpbrk(facts->unit, "@.");

    g_strlcpy(writer->name, program, sizeof writer->name);
    g_strlcpy(writer->unit, facts->unit,
              MIN(end ? (gsize) (end - facts->unit) + 1 : G_MAXSIZE, sizeof writer->unit));
    if (g_str_equal(facts->uid, "0"))
        return;
    g_strlcat(writer->name, "@", sizeof writer->name);
    g_strlcat(writer->name, name_user(self, facts->uid), sizeof writer->name);
    g_strlcat(writer->unit, "@", sizeof writer->unit);
    g_strlcat(writer->unit, name_user(self, facts->uid), sizeof writer->unit);
}

OmenOrigin
omen_journal_writers_weigh(OmenJournalWriters *self,
                           const OmenJournalFacts *facts,
                           OmenJournalWriter *writer)
{
    *writer = (OmenJournalWriter){0};
    if (g_strcmp0(facts->transport, "kernel") == 0) {
        gboolean is_kernel = !facts->facility || g_str_equal(facts->facility, "0");
        g_strlcpy(writer->name, is_kernel ? "kernel" : "a process that writes to /dev/kmsg",
                  sizeof writer->name);
        return is_kernel ? OMEN_ORIGIN_KERNEL : OMEN_ORIGIN_USER;
    }
    /* What the kernel's audit writes holds what processes chose. */
    if (g_strcmp0(facts->transport, "audit") == 0) {
        g_strlcpy(writer->name, "audit", sizeof writer->name);
        return OMEN_ORIGIN_USER;
    }
    if (!is_system_service(facts)) {
        describe_user(facts, writer);
        return OMEN_ORIGIN_USER;
    }
    describe_service(self, facts, writer);
    return OMEN_ORIGIN_SYSTEM;
}

OmenOrigin
omen_journal_writers_identify(OmenJournalWriters *self,
                              sd_journal *journal,
                              OmenJournalWriter *writer)
{
    static const char *const fields[] = {"_TRANSPORT",
                                         "SYSLOG_FACILITY",
                                         "_SYSTEMD_UNIT",
                                         "_SYSTEMD_CGROUP",
                                         "_EXE",
                                         "_COMM",
                                         "_UID",
                                         "_SYSTEMD_OWNER_UID",
                                         "_SYSTEMD_USER_UNIT",
                                         "_SYSTEMD_SESSION"};
    char *values[G_N_ELEMENTS(fields)] = {NULL};
    OmenOrigin origin;

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        gsize length;
        const char *value = omen_journal_get_field(journal, fields[i], &length);
        values[i] = value ? g_strndup(value, length) : NULL;
    }
    origin = omen_journal_writers_weigh(
        self,
        &(OmenJournalFacts){values[0], values[1], values[2], values[3], values[4], values[5],
                            values[6], values[7], values[8], values[9]},
        writer);
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        g_free(values[i]);
    return origin;
}
