/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Formats of log lines: from a raw line to a record.
 *
 * Pure and allocation free: the record points into the line. Never fails on odd input: a line that
 * does not look like its format becomes a record whose message is the whole line.
 */
#pragma once

#include <virt-omen/record.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_LINE_FORMAT_PLAIN,   /* the whole line is the message */
    OMEN_LINE_FORMAT_SYSLOG,  /* "Mar  5 02:00:00 host [facility.priority ]tag[pid]: message",
                                 RFC 3164, with or without <PRI> */
    OMEN_LINE_FORMAT_ISO,     /* "2024-01-15T16:35:31.000000+00:00 host tag[pid]: message",
                                 rsyslog's file format */
    OMEN_LINE_FORMAT_RFC5424, /* "<PRI>1 TIME HOST APP PROCID MSGID SD message" */
    OMEN_LINE_FORMAT_KMSG,    /* "6,339,5140900,-;message", a record of /dev/kmsg
                                 (Documentation/ABI/testing/dev-kmsg) */
    OMEN_LINE_FORMAT_JOURNAL, /* journalctl -o json: an object a line */
    OMEN_LINE_FORMAT_AUTO,    /* whichever of these fits, decided line by line */
} OmenLineFormat;

/*
 * Parameters of a parse that the line itself does not carry.
 *
 * @now_us settles the year of RFC 3164's dates and the epoch of kmsg's stamps; 0 leaves time_us
 * at 0 for formats that lack it.
 */
typedef struct {
    gint64 now_us;
    gint64 boot_us;
    char *scratch; /* room for strings that must be unescaped (journal); may be NULL: raw then */
    gsize scratch_size;
} OmenLineContext;

/* Parses @line of @length bytes without its line end. @record points into @line or into the
 * context's scratch. */
void omen_line_format_parse(OmenLineFormat format,
                            const OmenLineContext *context,
                            const char *line,
                            gsize length,
                            OmenRecord *record);

/* "plain", "syslog", "iso", "rfc5424", "kmsg", "journal", "auto". */
const char *omen_line_format_to_string(OmenLineFormat format);
gboolean omen_line_format_from_string(const char *word, OmenLineFormat *out);

G_END_DECLS
