/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record: one log line, taken apart.
 *
 * Whatever a line came from (a file, the journal, a libvirt event), the engine sees a record. A
 * record is a view: its strings belong to the source that made it, need not end in NUL, and are
 * valid only during the call that hands it over. Who keeps a record copies it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Syslog's severities (RFC 5424, table 2). */
typedef enum {
    OMEN_PRIORITY_EMERGENCY = 0,
    OMEN_PRIORITY_ALERT = 1,
    OMEN_PRIORITY_CRITICAL = 2,
    OMEN_PRIORITY_ERROR = 3,
    OMEN_PRIORITY_WARNING = 4,
    OMEN_PRIORITY_NOTICE = 5,
    OMEN_PRIORITY_INFO = 6,
    OMEN_PRIORITY_DEBUG = 7,
} OmenPriority;

/*
 * Who speaks. Set by the transport that carried a line, never by what the line says: text from a
 * guest can not become a statement of the host by looking like one.
 */
typedef enum {
    OMEN_PROVENANCE_HOST,   /* the host's own kernel and services */
    OMEN_PROVENANCE_DOMAIN, /* QEMU and libvirt, of one domain: trusted */
    OMEN_PROVENANCE_GUEST,  /* a guest, of itself: not trusted */
} OmenProvenance;

/*
 * Who wrote a record, as its source vouches for it. The text has no part in it: what is not known
 * is unproven.
 */
typedef enum {
    OMEN_ORIGIN_UNPROVEN = 0, /* a line of a file or a socket: whoever may write there */
    OMEN_ORIGIN_USER,         /* a process that is not a service of this system: a user's, a
                               * container's, or one that wrote into the kernel's buffer */
    OMEN_ORIGIN_GUEST,        /* a guest, of itself */
    OMEN_ORIGIN_HYPERVISOR,   /* QEMU and libvirt, of one domain */
    OMEN_ORIGIN_SYSTEM,       /* a service of this system: which, @writer and @unit say */
    OMEN_ORIGIN_KERNEL,       /* the kernel */
    OMEN_ORIGIN_MEASURED,     /* this program has measured it itself */
    OMEN_ORIGIN_VOUCHED,      /* the administrator vouches for all that is written there */
    OMEN_N_ORIGINS,
} OmenOrigin;

typedef struct {
    gint64 time_us;         /* microseconds since the epoch, UTC; 0 if the line does not say */
    OmenPriority priority;  /* OMEN_PRIORITY_INFO if the line does not say */
    const char *identifier; /* syslog tag without its [pid], "kernel", "" if none */
    gsize identifier_length;
    const char *message; /* what is left, without line end; may hold any byte but LF */
    gsize message_length;
    OmenOrigin origin;
    const char *writer; /* who wrote it, by its source's word: of a service its program, with "@"
                         * and its user if that is not root; NULL if that is not known */
    gsize writer_length;
    const char *unit; /* of a service its unit, without ".service"; NULL if that is not known */
    gsize unit_length;
    gint64 uptime_us; /* for how long the system had run that wrote it, by its kernel's clock; 0 if
                       * that is not known */
} OmenRecord;

/* "host", "domain", "guest". */
const char *omen_provenance_to_string(OmenProvenance provenance);

/* Returns FALSE, and leaves @out alone, for a word that is none of the three. */
gboolean omen_provenance_from_string(const char *word, OmenProvenance *out);

/* "unproven", "user", "guest", "hypervisor", "system", "kernel", "measured", "vouched". */
const char *omen_origin_to_string(OmenOrigin origin);

/* Returns FALSE, and leaves @out alone, for a word that is none of these. */
gboolean omen_origin_from_string(const char *word, OmenOrigin *out);

G_END_DECLS
