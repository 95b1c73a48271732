/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/journal-json.h"
#include "record/timestamp.h"

#include <virt-omen/line-format.h>

static const char *const format_words[] = {"plain", "syslog",  "iso", "rfc5424",
                                           "kmsg",  "journal", "auto"};

const char *
omen_line_format_to_string(OmenLineFormat format)
{
    return format_words[format];
}

gboolean
omen_line_format_from_string(const char *word, OmenLineFormat *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(format_words); i++) {
        if (g_str_equal(format_words[i], word)) {
            *out = (OmenLineFormat) i;
            return TRUE;
        }
    }
    return FALSE;
}

static void
set_plain(OmenRecord *record, const char *line, gsize length)
{
    *record = (OmenRecord){
        .priority = OMEN_PRIORITY_INFO,
        .identifier = "",
        .message = line,
        .message_length = length,
    };
}

static void
set_message(OmenRecord *record, const OmenScanner *scanner)
{
    record->message = scanner->at;
    record->message_length = omen_scanner_left(scanner);
}

/* "<13>": facility * 8 + severity. */
static gboolean
scan_pri(OmenScanner *scanner, OmenPriority *priority)
{
    OmenScanner try = *scanner;
    gint64 value;

    if (!omen_scanner_skip(&try, '<') || !omen_scanner_number(&try, 1, 3, &value) ||
        !omen_scanner_skip(&try, '>') || value > 191)
        return FALSE;
    *priority = (OmenPriority) (value % 8);
    *scanner = try;
    return TRUE;
}

static gboolean
is_tag_character(char c)
{
    return c > ' ' && c != '[' && c != ':' && c != 0x7f;
}

/* "tag: ", "tag[123]: "; leaves what does not look like one to the message. */
static void
scan_tag(OmenScanner *scanner, OmenRecord *record)
{
    OmenScanner try = *scanner;
    const char *tag = try.at;
    gsize length;

    while (try.at < try.end && is_tag_character(*try.at))
        try.at++;
    length = (gsize) (try.at - tag);
    if (length == 0)
        return;
    if (omen_scanner_skip(&try, '[')) {
        while (try.at < try.end && *try.at != ']' && *try.at != ' ')
            try.at++;
        if (!omen_scanner_skip(&try, ']'))
            return;
    }
    if (!omen_scanner_skip(&try, ':'))
        return;
    record->identifier = tag;
    record->identifier_length = length;
    omen_scanner_skip(&try, ' ');
    *scanner = try;
}

/* busybox's "kern.info " between host and tag. */
static void
scan_facility(OmenScanner *scanner, OmenPriority *priority)
{
    static const char *const severities[] = {"emerg", "alert",  "crit", "err",
                                             "warn",  "notice", "info", "debug"};
    OmenScanner try = *scanner;
    const char *token;
    gsize length;
    const char *dot;

    if (!omen_scanner_token(&try, &token, &length) || !omen_scanner_skip(&try, ' '))
        return;
    dot = memchr(token, '.', length);
    if (!dot)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(severities); i++) {
        gsize rest = (gsize) (token + length - dot - 1);
        if (rest == strlen(severities[i]) && memcmp(dot + 1, severities[i], rest) == 0) {
            *priority = (OmenPriority) i;
            *scanner = try;
            return;
        }
    }
}

/* " HOST [FACILITY.SEVERITY] TAG: MESSAGE" after a time stamp. */
static gboolean
scan_rest(OmenScanner *scanner, OmenRecord *record)
{
    const char *host;
    gsize length;

    if (!omen_scanner_skip(scanner, ' '))
        return FALSE;
    omen_scanner_skip_spaces(scanner);
    if (!omen_scanner_token(scanner, &host, &length))
        return FALSE;
    if (host[length - 1] == ':') /* a local syslog message has no host: that was the tag */
        scanner->at = host;
    else
        omen_scanner_skip(scanner, ' ');
    scan_facility(scanner, &record->priority);
    scan_tag(scanner, record);
    set_message(record, scanner);
    return TRUE;
}

static gboolean
parse_syslog(const OmenLineContext *context, OmenScanner scanner, OmenRecord *record)
{
    scan_pri(&scanner, &record->priority);
    return omen_timestamp_scan_bsd(&scanner, context->now_us, &record->time_us) &&
           scan_rest(&scanner, record);
}

static gboolean
parse_iso(const OmenLineContext *context G_GNUC_UNUSED, OmenScanner scanner, OmenRecord *record)
{
    scan_pri(&scanner, &record->priority);
    return omen_timestamp_scan_iso(&scanner, &record->time_us) && scan_rest(&scanner, record);
}

/* "[id name="value"]...", where a value may hold an escaped "]", or "-". */
static gboolean
skip_structured_data(OmenScanner *scanner)
{
    gboolean quoted = FALSE;

    if (omen_scanner_skip(scanner, '-'))
        return TRUE;
    while (omen_scanner_skip(scanner, '[')) {
        while (scanner->at < scanner->end && (quoted || *scanner->at != ']')) {
            if (*scanner->at == '\\' && omen_scanner_left(scanner) > 1)
                scanner->at++;
            else if (*scanner->at == '"')
                quoted = !quoted;
            scanner->at++;
        }
        if (!omen_scanner_skip(scanner, ']'))
            return FALSE;
    }
    return TRUE;
}

static gboolean
parse_rfc5424(const OmenLineContext *context G_GNUC_UNUSED, OmenScanner scanner, OmenRecord *record)
{
    const char *token;
    gsize length;
    gint64 version;

    if (!scan_pri(&scanner, &record->priority) || !omen_scanner_number(&scanner, 1, 2, &version) ||
        !omen_scanner_skip(&scanner, ' '))
        return FALSE;
    if (!omen_timestamp_scan_iso(&scanner, &record->time_us) && !omen_scanner_skip(&scanner, '-'))
        return FALSE;
    for (guint i = 0; i < 4; i++) { /* HOSTNAME APP-NAME PROCID MSGID */
        if (!omen_scanner_skip(&scanner, ' ') || !omen_scanner_token(&scanner, &token, &length))
            return FALSE;
        if (i == 1 && !(length == 1 && *token == '-')) {
            record->identifier = token;
            record->identifier_length = length;
        }
    }
    if (!omen_scanner_skip(&scanner, ' ') || !skip_structured_data(&scanner))
        return FALSE;
    omen_scanner_skip(&scanner, ' ');
    omen_scanner_skip_word(&scanner, "\xef\xbb\xbf");
    set_message(record, &scanner);
    return TRUE;
}

static gboolean
parse_kmsg(const OmenLineContext *context, OmenScanner scanner, OmenRecord *record)
{
    gint64 priority;
    gint64 sequence;
    gint64 stamp_us;

    if (!omen_scanner_number(&scanner, 1, 6, &priority) || !omen_scanner_skip(&scanner, ',') ||
        !omen_scanner_number(&scanner, 1, 18, &sequence) || !omen_scanner_skip(&scanner, ',') ||
        !omen_scanner_number(&scanner, 1, 18, &stamp_us) || !omen_scanner_skip(&scanner, ','))
        return FALSE;
    while (scanner.at < scanner.end && *scanner.at != ';')
        scanner.at++;
    if (!omen_scanner_skip(&scanner, ';'))
        return FALSE;
    record->priority = (OmenPriority) (priority % 8);
    record->time_us = context->boot_us > 0 ? context->boot_us + stamp_us : 0;
    record->uptime_us = MAX(stamp_us, 1);
    record->identifier = "kernel";
    record->identifier_length = strlen("kernel");
    /* User space may write here as well, and says so by its facility. */
    if (priority / 8 != 0) {
        record->identifier = "";
        record->identifier_length = 0;
        scan_tag(&scanner, record);
    }
    set_message(record, &scanner);
    return TRUE;
}

static gboolean
parse_journal(const OmenLineContext *context, OmenScanner scanner, OmenRecord *record)
{
    return omen_journal_json_parse(scanner.at, omen_scanner_left(&scanner), context->scratch,
                                   context->scratch_size, record);
}

static gboolean
parse_auto(const OmenLineContext *context, OmenScanner scanner, OmenRecord *record)
{
    char first = scanner.at < scanner.end ? *scanner.at : '\0';

    if (first == '{')
        return parse_journal(context, scanner, record);
    if (first == '<')
        return parse_rfc5424(context, scanner, record) || parse_syslog(context, scanner, record) ||
               parse_iso(context, scanner, record);
    if (g_ascii_isdigit(first))
        return parse_iso(context, scanner, record) || parse_kmsg(context, scanner, record);
    return parse_syslog(context, scanner, record);
}

void
omen_line_format_parse(OmenLineFormat format,
                       const OmenLineContext *context,
                       const char *line,
                       gsize length,
                       OmenRecord *record)
{
    OmenScanner scanner = {line, line + length};
    gboolean fits = FALSE;

    set_plain(record, line, length);
    switch (format) {
    case OMEN_LINE_FORMAT_PLAIN:
        return;
    case OMEN_LINE_FORMAT_SYSLOG:
        fits = parse_syslog(context, scanner, record);
        break;
    case OMEN_LINE_FORMAT_ISO:
        fits = parse_iso(context, scanner, record);
        break;
    case OMEN_LINE_FORMAT_RFC5424:
        fits = parse_rfc5424(context, scanner, record);
        break;
    case OMEN_LINE_FORMAT_KMSG:
        fits = parse_kmsg(context, scanner, record);
        break;
    case OMEN_LINE_FORMAT_JOURNAL:
        fits = parse_journal(context, scanner, record);
        break;
    case OMEN_LINE_FORMAT_AUTO:
        fits = parse_auto(context, scanner, record);
        break;
    default:
        g_return_if_reached();
    }
    if (!fits)
        set_plain(record, line, length);
}
