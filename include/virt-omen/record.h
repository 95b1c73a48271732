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

typedef struct {
    gint64 time_us;         /* microseconds since the epoch, UTC; 0 if the line does not say */
    OmenPriority priority;  /* OMEN_PRIORITY_INFO if the line does not say */
    const char *identifier; /* syslog tag without its [pid], "kernel", "" if none */
    gsize identifier_length;
    const char *message; /* what is left, without line end; may hold any byte but LF */
    gsize message_length;
} OmenRecord;

/* "host", "domain", "guest". */
const char *omen_provenance_to_string(OmenProvenance provenance);

/* Returns FALSE, and leaves @out alone, for a word that is none of the three. */
gboolean omen_provenance_from_string(const char *word, OmenProvenance *out);

G_END_DECLS
