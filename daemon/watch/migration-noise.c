/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/migration-noise.h"

#include <string.h>

#define GRACE_US ((gint64) OMEN_MIGRATION_NOISE_GRACE_S * G_USEC_PER_SEC)

/* Domains that move, or did only just; beyond that none is added, and its lines are judged. */
#define MAX_DOMAINS 4096

typedef struct {
    char *name;
    gint64 until_us; /* G_MAXINT64: under way */
} Move;

struct _OmenMigrationNoise {
    GHashTable *moves; /* UUID -> Move */
};

/* Of the domain itself, by QEMU, libvirt or its guest: its disk is handed over, it is paused and
 * goes on elsewhere, its network moves. */
static const char *const of_domain[] = {
    "I/O error",
    "io-error:",
    "lost async page write",
    "BLOCK_JOB",
    "block job",
    "nbd",
    "NBD",
    "migrat",
    "MIGRATION",
    "terminating on signal",
    "shutting down",
    "End of file",

    "lifecycle: resumed",
    "migrated",
    "lifecycle: undefined",
    "vnet",
    "Link is Down",
    "Link is Up",
    "soft lockup",
    "self-detected stall",
    "clocksource",
    "Clock not synchronized",
};

/* Of the host's log: the end of a domain's network here. No disk, no memory. */
static const char *const of_taps[] = {
    "left promiscuous mode",   "entered promiscuous mode", "entered disabled state",
    "entered blocking state",  "entered forwarding state", "entered learning state",
    "entered listening state", "left allmulticast mode",   "entered allmulticast mode",
};

/* Who speaks of domains in the host's log. */
static const char *const speakers[] = {"libvirtd",       "virtqemud", "virtproxyd",
                                       "virtlogd",       "virtlockd", "systemd-machined",
                                       "qemu-system-x86"};

static void
move_free(gpointer data)
{
    Move *self = data;

    g_free(self->name);
    g_free(self);
}

OmenMigrationNoise *
omen_migration_noise_new(void)
{
    OmenMigrationNoise *self = g_new0(OmenMigrationNoise, 1);

    self->moves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, move_free);
    return self;
}

void
omen_migration_noise_free(OmenMigrationNoise *self)
{
    g_hash_table_unref(self->moves);
    g_free(self);
}

static gboolean
is_over(gpointer uuid G_GNUC_UNUSED, gpointer move, gpointer now_us)
{
    return ((Move *) move)->until_us <= *(gint64 *) now_us;
}

/* The call was made: what follows from it may be said. */
static gboolean
has_begun(const OmenEvacuationData *data)
{
    return data->started_us > 0 || data->phase == OMEN_PHASE_RUNNING ||
           data->phase == OMEN_PHASE_VERIFYING || data->phase == OMEN_PHASE_RECONCILING;
}

void
omen_migration_noise_take_evacuation(OmenMigrationNoise *self, const OmenEvacuationData *data)
{
    gint64 end_us = MAX(data->ended_us, MAX(data->started_us, data->switched_us));
    Move *move;

    if (!has_begun(data))
        return;
    move = g_hash_table_lookup(self->moves, data->domain_uuid);
    if (!move && g_hash_table_size(self->moves) >= MAX_DOMAINS)
        return;
    if (!move) {
        move = g_new0(Move, 1);
        move->name = g_strdup(data->domain_name);
        g_hash_table_insert(self->moves, g_strdup(data->domain_uuid), move);
    }
    move->until_us = omen_phase_is_final(data->phase) ? end_us + GRACE_US : G_MAXINT64;
}

static gboolean
holds(const OmenRecord *record, const char *words)
{
    return memmem(record->message, record->message_length, words, strlen(words)) != NULL;
}

/* The name of a domain as a word of its own, as in "qemu-3-db": "db" is not told of in "feedback"
 * or "db-old". */
static gboolean
names(const OmenRecord *record, const char *name)
{
    const char *end = record->message + record->message_length;
    gsize length = strlen(name);

    for (const char *at = record->message;
         length > 0 && (at = memmem(at, (gsize) (end - at), name, length)); at++) {
        const char *after = at + length;
        gboolean begins = at == record->message || !(g_ascii_isalnum(at[-1]) || at[-1] == '_');
        gboolean ends =
            after == end || !(g_ascii_isalnum(*after) || *after == '_' || *after == '-');
        if (begins && ends)
            return TRUE;
    }
    return FALSE;
}

static gboolean
holds_one(const OmenRecord *record, const char *const *words, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (holds(record, words[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_spoken_by(const OmenRecord *record, const char *who)
{
    return record->identifier_length == strlen(who) &&
           memcmp(record->identifier, who, record->identifier_length) == 0;
}

/* libvirt and its like name a domain that moves. */
static gboolean
names_move(OmenMigrationNoise *self, const OmenRecord *record)
{
    GHashTableIter iter;
    gpointer uuid;
    gpointer move;
    gboolean is_speaker = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(speakers) && !is_speaker; i++)
        is_speaker = is_spoken_by(record, speakers[i]);
    if (!is_speaker)
        return FALSE;
    /* A query of a domain waits while its migration is prepared or ended, and libvirt gives it up
     * after 30 s without a name. */
    if (holds(record, "End of file from qemu monitor") || holds(record, "migrat") ||
        holds(record, "cannot acquire state change lock"))
        return TRUE;
    g_hash_table_iter_init(&iter, self->moves);
    while (g_hash_table_iter_next(&iter, &uuid, &move)) {
        if (holds(record, uuid) || names(record, ((Move *) move)->name))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_of_tap(const OmenRecord *record)
{
    return is_spoken_by(record, "kernel") && (holds(record, "vnet") || holds(record, "tap")) &&
           holds_one(record, of_taps, G_N_ELEMENTS(of_taps));
}

gboolean
omen_migration_noise_explains(OmenMigrationNoise *self,
                              const char *domain_uuid,
                              const OmenRecord *record,
                              gint64 now_us)
{
    gboolean explains;

    if (g_hash_table_size(self->moves) == 0)
        return FALSE;
    g_hash_table_foreach_remove(self->moves, is_over, &now_us);
    if (g_hash_table_size(self->moves) == 0)
        return FALSE;
    if (*domain_uuid)
        explains = g_hash_table_contains(self->moves, domain_uuid) &&
                   holds_one(record, of_domain, G_N_ELEMENTS(of_domain));
    else
        explains = is_of_tap(record) || names_move(self, record);
    return explains;
}
