/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/journal-json.h"

#include "record/scanner.h"

/* A string or another value, as it stands in the text. */
typedef struct {
    const char *text;
    gsize length;
    gboolean escaped;
} Value;

typedef struct {
    char *at;
    gsize left;
} Scratch;

static void
skip_space(OmenScanner *scanner)
{
    while (scanner->at < scanner->end && g_ascii_isspace(*scanner->at))
        scanner->at++;
}

static gboolean
scan_string(OmenScanner *scanner, Value *value)
{
    if (!omen_scanner_skip(scanner, '"'))
        return FALSE;
    *value = (Value){scanner->at, 0, FALSE};
    while (scanner->at < scanner->end && *scanner->at != '"') {
        if (*scanner->at == '\\') {
            value->escaped = TRUE;
            scanner->at++;
        }
        if (scanner->at < scanner->end)
            scanner->at++;
    }
    value->length = (gsize) (scanner->at - value->text);
    return omen_scanner_skip(scanner, '"');
}

/* A number, word or nested value: passed over by counting brackets. */
static gboolean
skip_other(OmenScanner *scanner)
{
    gsize depth = 0;

    while (scanner->at < scanner->end) {
        char c = *scanner->at;
        Value ignored;
        if (c == '"') {
            if (!scan_string(scanner, &ignored))
                return FALSE;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}'))
            return TRUE;
        if (c == '[' || c == '{')
            depth++;
        if (c == ']' || c == '}')
            depth--;
        scanner->at++;
    }
    return FALSE;
}

static gsize
append_unichar(Scratch *scratch, gunichar c)
{
    char utf8[6];
    gsize length = (gsize) g_unichar_to_utf8(c, utf8);

    if (length > scratch->left)
        return 0;
    memcpy(scratch->at, utf8, length);
    return length;
}

/* Four hexadecimal digits; 0xfffd if they are not there. */
static gunichar
read_hex4(const char **at, const char *end)
{
    gunichar c = 0;

    for (guint i = 0; i < 4; i++) {
        if (*at == end || !g_ascii_isxdigit(**at))
            return 0xfffd;
        c = c * 16 + (gunichar) g_ascii_xdigit_value(*(*at)++);
    }
    return c;
}

/* What follows \u: a character, or the first half of a surrogate pair and the other half. */
static gunichar
read_unicode(const char **at, const char *end)
{
    gunichar high = read_hex4(at, end);

    if (high < 0xd800 || high >= 0xe000)
        return high;
    if (high < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        const char *low_at = *at + 2;
        gunichar low = read_hex4(&low_at, end);
        if (low >= 0xdc00 && low < 0xe000) {
            *at = low_at;
            return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

static gunichar
read_escape(const char **at, const char *end)
{
    static const char from[] = "nrtbf";
    static const char to[] = "\n\r\t\b\f";
    char c = *(*at)++;
    const char *found = c ? strchr(from, c) : NULL;

    if (found)
        return (guchar) to[found - from];
    return c == 'u' ? read_unicode(at, end) : (guchar) c;
}

/* Unescapes @value into the scratch, as far as there is room. */
static void
resolve(Value *value, Scratch *scratch)
{
    const char *at = value->text;
    const char *end = at + value->length;
    char *begin = scratch->at;

    if (!value->escaped || !scratch->at)
        return;
    while (at < end && scratch->left > 0) {
        gsize written = 1;
        if (*at == '\\' && at + 1 < end) {
            at++;
            written = append_unichar(scratch, read_escape(&at, end));
            if (written == 0)
                break;
        } else {
            *scratch->at = *at++;
        }
        scratch->at += written;
        scratch->left -= written;
    }
    *value = (Value){begin, (gsize) (scratch->at - begin), FALSE};
}

static gboolean
is_key(const Value *key, const char *name)
{
    return key->length == strlen(name) && memcmp(key->text, name, key->length) == 0;
}

static void
take_field(const Value *key, Value *value, Scratch *scratch, OmenRecord *record)
{
    if (is_key(key, "MESSAGE")) {
        resolve(value, scratch);
        record->message = value->text;
        record->message_length = value->length;
    } else if (is_key(key, "SYSLOG_IDENTIFIER") ||
               (is_key(key, "_COMM") && record->identifier_length == 0)) {
        resolve(value, scratch);
        record->identifier = value->text;
        record->identifier_length = value->length;
    } else if (is_key(key, "PRIORITY") && value->length == 1 && *value->text >= '0' &&
               *value->text <= '7') {
        record->priority = (OmenPriority) (*value->text - '0');
    } else if (is_key(key, "__REALTIME_TIMESTAMP")) {
        OmenScanner number = {value->text, value->text + value->length};
        omen_scanner_number(&number, 1, 18, &record->time_us);
    }
}

gboolean
omen_journal_json_parse(
    const char *line, gsize length, char *scratch_bytes, gsize scratch_size, OmenRecord *record)
{
    OmenScanner scanner = {line, line + length};
    Scratch scratch = {scratch_bytes, scratch_size};

    record->message = NULL;
    skip_space(&scanner);
    if (!omen_scanner_skip(&scanner, '{'))
        return FALSE;
    do {
        Value key;
        Value value;
        skip_space(&scanner);
        if (!scan_string(&scanner, &key))
            return FALSE;
        skip_space(&scanner);
        if (!omen_scanner_skip(&scanner, ':'))
            return FALSE;
        skip_space(&scanner);
        if (scanner.at < scanner.end && *scanner.at == '"') {
            if (!scan_string(&scanner, &value))
                return FALSE;
            take_field(&key, &value, &scratch, record);
        } else if (!skip_other(&scanner)) {
            return FALSE;
        }
        skip_space(&scanner);
    } while (omen_scanner_skip(&scanner, ','));
    return omen_scanner_skip(&scanner, '}') && record->message;
}
