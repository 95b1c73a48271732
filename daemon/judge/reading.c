/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/reading.h"

#include <string.h>

/* Words before a count that is told: "mc0: 0 ue", "with 0 errors". Before an index stands its noun:
 * "cpu 0 failed". */
static const char *const before_count[] = {"with", "and", "found", "has", "reported", "had",
                                           "of",   "are", "is",    "was", NULL};
/* What is numbered rather than counted. */
static const char *const numbered[] = {
    "id",    "number", "no",      "num",        "index",   "slot",   "port",      "cpu",
    "host",  "unit",   "row",     "rank",       "bank",    "ch",     "channel",   "lane",
    "lun",   "target", "bus",     "node",       "socket",  "core",   "disk",      "drive",
    "bay",   "tag",    "queue",   "controller", "adapter", "device", "sector",    "block",
    "inode", "page",   "address", "type",       "code",    "status", "function",  "line",
    "vd",    "ld",     "pd",      "fan",        "psu",     "sensor", "enclosure", "phy",
    "path",  "level",  "domain",  NULL};
/* A sentence that ends so tells that a part is there. */
static const char *const announcing[] = {"initialized", "initialised", "enabled",   "registered",
                                         "loaded",      "supported",   "activated", "available",
                                         "configured",  "ready",       "installed", "listening",
                                         "starting",    "started",     NULL};
/* With one of these in it, it tells of more. */
static const char *const happening[] = {
    "fail",    "lost",  "error",   "not ",   "unable", "cannot",  "can't",     "could n", "no ",
    "died",    "crash", "stopped", "broken", "abort",  "timeout", "timed out", "offlin",  "stuck",
    "corrupt", "fatal", "panic",   "dead",   "degrad", "disconn", NULL};
/* A value that is beyond what it should be. */
static const char *const passing[] = {
    "exceed",     "above", "below",  "over ",   "under ",    "reached",   "beyond",  "cross",
    "passed",     "too ",  "going ", "assert",  "less than", "more than", "greater", "higher",
    "lower than", " > ",   " < ",    "tripped", "fail",      "lost",      "error",   NULL};
static const char *const limits[] = {"threshold", "thresholds", "limit",    "limits", "maximum",
                                     "minimum",   "setpoint",   "interval", NULL};
/* What a setting is called, at its end. */
static const char *const settings[] = {
    "type",     "mode",    "policy",    "action",       "detection", "support", "options",
    "interval", "timeout", "threshold", "capabilities", "features",  NULL};

/* What could happen, or what is done lest it does. */
static const char *const possible[] = {"can lead",   "may lead",   "might lead",  "could lead",
                                       "can cause",  "may cause",  "might cause", "could cause",
                                       "can result", "may result", "to avoid",    "to prevent",
                                       "in case of", NULL};

static gboolean
has_any(const char *text, gsize length, const char *const *words)
{
    for (; *words; words++) {
        if (g_strstr_len(text, (gssize) length, *words))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_any(const char *word, gsize length, const char *const *words)
{
    for (; *words; words++) {
        if (strlen(*words) == length && strncmp(word, *words, length) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
ends_in_any(const char *word, gsize length, const char *const *words)
{
    for (; *words; words++) {
        gsize n = strlen(*words);
        if (length >= n && strncmp(word + length - n, *words, n) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_word_character(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-';
}

/* Is the 0 at @at a count, and not a part of a number, a name or an address? */
static gboolean
is_zero(const char *message, const char *at)
{
    return *at == '0' && !is_word_character(at[1]) && !(at[1] == '.' && g_ascii_isdigit(at[2])) &&
           !(at[1] == ':' && g_ascii_isalnum(at[2])) && at[1] != '/' &&
           (at == message || !(is_word_character(at[-1]) || at[-1] == '.'));
}

/* "0 errors", "0 pages hwpoisoned": a zero before the words, or before the word before them. */
static gboolean
is_counted_before(const char *message, const char *at)
{
    const char *word = at;

    /* To the beginning of the word: "hwpoison" stands in "unhwpoisoned" as well. */
    while (word > message && is_word_character(word[-1]))
        word--;
    for (guint n = 0; n < 2 && word > message + 1 && word[-1] == ' '; n++) {
        gboolean is_named;
        const char *end = word - 1;
        const char *start = end;
        while (start > message && is_word_character(start[-1]))
            start--;
        if (end - start == 1 && is_zero(message, start)) {
            const char *left = start;
            if (left == message)
                return TRUE;
            if (left[-1] != ' ')
                return strchr("=([", left[-1]) != NULL;
            is_named = --left > message && strchr(":=#", left[-1]);
            end = left -= is_named;
            while (left > message && is_word_character(left[-1]))
                left--;
            if (is_named || end == left)
                return !is_any(left, (gsize) (end - left), numbered);
            return is_any(left, (gsize) (end - left), before_count);
        }
        word = start;
    }
    return FALSE;
}

/* "errors: 0", "hw error = 0", "uncorrectable 0,". */
static gboolean
is_counted_after(const char *message, const char *end)
{
    const char *word;

    while (is_word_character(*end))
        end++;
    for (word = end; word > message && is_word_character(word[-1]); word--)
        ;
    if (is_any(word, (gsize) (end - word), numbered))
        return FALSE;
    end += strspn(end, " ");
    if (*end == ':' || *end == '=')
        end++;
    end += strspn(end, " ");
    if (!is_zero(message, end))
        return FALSE;
    end++;
    return *end == '\0' || strchr(",;)].", *end) != NULL;
}

/* "mce: 0 0 1 machine check exceptions": a row of a table, a column a processor. */
static gboolean
is_row(const char *message)
{
    const char *at = strchr(message, ':');
    guint n = 0;

    if (!at || at - message > 12)
        return FALSE;
    for (at++; *at == ' '; n++) {
        gsize digits = strspn(at + 1, "0123456789");
        if (digits == 0 || (at[1 + digits] != ' ' && at[1 + digits] != '\0'))
            break;
        at += 1 + digits;
    }
    return n >= 2;
}

/* The part of a sentence around the words, between commas, semicolons and brackets. */
static const char *
find_clause(const char *message, const char *at, gsize length, gsize *n)
{
    const char *from = at;

    while (from > message && !strchr(";(", from[-1]) &&
           !(from[-1] == ' ' && from - 1 > message && from[-2] == ','))
        from--;
    *n = (gsize) (at - from) + length;
    *n += strcspn(from + *n, ";(");
    return from;
}

static gboolean
has_word(const char *text, gsize length, const char *const *words)
{
    for (gsize i = 0; i < length;) {
        gsize n = 0;
        while (i + n < length && is_word_character(text[i + n]))
            n++;
        if (n > 0 && is_any(text + i, n, words))
            return TRUE;
        i += MAX(n, 1);
    }
    return FALSE;
}

static gboolean
has_number(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (g_ascii_isdigit(text[i]) && (i == 0 || !is_word_character(text[i - 1])))
            return TRUE;
    }
    return FALSE;
}

/* "low battery percent threshold of 4", "on battery at 36%". */
static gboolean
is_measured(const char *message, const char *at, gsize length)
{
    gsize n;
    const char *clause = find_clause(message, at, length, &n);
    const char *after = at + length;

    if (has_any(clause, n, passing))
        return FALSE;
    if (has_word(clause, n, limits) && has_number(clause, n))
        return TRUE;
    if (!g_str_has_prefix(after, " at ") || !g_ascii_isdigit(after[4]))
        return FALSE;
    after += 4 + strspn(after + 4, "0123456789.");
    return *after == '%';
}

/* "kfence: initialized - using", "machine check reporting enabled": after the words, no other verb.
 */
static gboolean
is_announced(const char *message, const char *at, gsize length)
{
    gsize n;
    const char *clause = find_clause(message, at, length, &n);
    const char *after = at + length;

    return has_word(after, (gsize) (clause + n - after), announcing) &&
           !has_any(message, strlen(message), happening);
}

/* "errordetection=multi-bit-ecc": the words are a setting's value, or its name. */
static gboolean
is_setting(const char *message, const char *at)
{
    const char *from = at;
    gsize n;

    while (from > message && !strchr(" ,;\"'", from[-1]))
        from--;
    n = strcspn(from, "= ,;");
    return from[n] == '=' && ends_in_any(from, n, settings);
}

/* "watchdog+0x1c/0x30": a trace tells which functions ran. One whose name is known as a sign is
 * known by all of it. */
static gboolean
is_function(const char *message, const char *at, gsize length)
{
    const char *end = at + length;
    const char *from = at;

    if (memchr(at, '_', length) || memchr(at, ' ', length) || memchr(at, '+', length))
        return FALSE;
    while (from > message && from[-1] != ' ')
        from--;
    end += strcspn(end, " ");
    return g_strstr_len(from, end - from, "+0x") != NULL;
}

OmenReading
omen_reading_of_words(const char *message, const char *at, gsize length)
{
    if (at < message)
        return OMEN_READING_EVENT; /* who wrote it is no part of the sentence */
    if (is_counted_before(message, at) || is_counted_after(message, at + length))
        return OMEN_READING_ZERO;
    if (is_row(message))
        return OMEN_READING_MEASURED;
    if (is_function(message, at, length))
        return OMEN_READING_NAMED;
    if (is_setting(message, at))
        return OMEN_READING_CONFIGURED;
    if (is_measured(message, at, length))
        return OMEN_READING_MEASURED;
    if (is_announced(message, at, length))
        return OMEN_READING_ANNOUNCED;
    if (has_any(message, (gsize) (at - message), possible))
        return OMEN_READING_EXPLAINED;
    return OMEN_READING_EVENT;
}

/* "corrected", "CE": but "uncorrected" is another word, and "not corrected" says so as well. */
static gboolean
is_corrected(const char *message)
{
    static const char *const words[] = {"corrected",    "correctable", "ce", "severity=corrected",
                                        "hw-corrected", "recovered",   NULL};
    static const char *const refuting[] = {"uncorrecta",
                                           "uncorrecte",
                                           "not correct",
                                           "non-correct",
                                           "unrecover",
                                           "fatal",
                                           "exceed",
                                           "threshold",
                                           "limit",
                                           "fail",
                                           "offlin",
                                           "panic",
                                           "could not be correct",
                                           NULL};
    gsize n = strlen(message);

    return (has_word(message, n, words) || strstr(message, "severity=corrected")) &&
           !has_any(message, n, refuting);
}

OmenGrade
omen_reading_of_grade(const char *message)
{
    static const char *const gone[] = {"failed", "dead",    "offline", "offlined", "gone",
                                       "panic",  "removed", "killed",  "halted",   NULL};
    static const char *const less[] = {"degraded", "throttled", "throttling", "limiting",
                                       "slow",     "reduced",   "lowering",   NULL};
    gsize n = strlen(message);

    /* A report's section tells what it is of, and the kernel that it has something to report;
     * another line tells how bad it is. */
    if (is_corrected(message) || strstr(message, "machine check events logged") ||
        (strstr(message, "section_type: ") && !strstr(message, "severity")))
        return OMEN_GRADE_CORRECTED;
    if (has_word(message, n, gone) || strstr(message, "redundancy lost") ||
        strstr(message, "fatal"))
        return OMEN_GRADE_FAILED;
    return has_word(message, n, less) ? OMEN_GRADE_DEGRADED : OMEN_GRADE_FAILING;
}

/* "Starting Machine Check Exceptions collector...": what follows is a unit's description. */
static gboolean
is_job(const char *message)
{
    static const char *const verbs[] = {
        "Starting ",      "Started ",       "Stopping ", "Stopped ",
        "Listening on ",  "Closed ",        "Finished ", "Reloading ",
        "Created slice ", "Removed slice ", NULL};

    for (guint i = 0; verbs[i]; i++) {
        const char *name = message + strlen(verbs[i]);
        if (g_str_has_prefix(message, verbs[i]))
            return g_ascii_isupper(*name) || strstr(name, ".service") || strstr(name, ".socket");
    }
    return FALSE;
}

/* "reboot(b) crash(c) memory-full-oom-kill(f)": keys and what they do. */
static gboolean
is_legend(const char *message)
{
    guint n = 0;

    for (const char *at = message; (at = strchr(at, '(')); at++) {
        if (at > message && g_ascii_isalpha(at[-1]) && g_ascii_isalnum(at[1]) && at[2] == ')')
            n++;
    }
    return n >= 4 || g_str_has_prefix(message, "usage:") || g_str_has_prefix(message, "Usage:");
}

/* "RxErr- BadTLP+ Timeout-": bits of a register, as lspci lists them. */
static gboolean
is_bits(const char *message)
{
    guint n = 0;

    for (const char *at = message; *at; at++) {
        if (at > message && (*at == '+' || *at == '-') && g_ascii_isalnum(at[-1]) &&
            (at[1] == ' ' || at[1] == '\0'))
            n++;
    }
    return n >= 3;
}

/* "calling hung_task_init+0x0/0x4e @ 1", "initcall hung_task_init+0x0/0x4e returned 0 after 33
 * usecs". */
static gboolean
is_initcall(const char *message)
{
    return (g_str_has_prefix(message, "calling ") && strstr(message, " @ ") &&
            strstr(message, "+0x0/")) ||
           (g_str_has_prefix(message, "initcall ") && strstr(message, " returned 0 ")) ||
           (g_str_has_prefix(message, "probe of ") && strstr(message, " returned 0 "));
}

/* "... MAX_LOCKDEP_KEYS: 8191", "E: MEMORY_ARRAY_EC_TYPE=Multi-bit ECC": a constant and its value.
 */
static gboolean
is_constant(const char *message)
{
    const char *at = message + strspn(message, "E:. ");
    gsize n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

    if (n < 4 || !memchr(at, '_', n))
        return FALSE;
    return at[n] == '=' ||
           (at[n] == ':' && strspn(at + n + 1, " 0123456789") == strlen(at + n + 1));
}

/* The program says that only its developers want to know. */
static gboolean
is_debug(const char *message)
{
    static const char *const levels[] = {"DEBUG ", "DEBUG:",      "[DEBUG]", "<debug>",
                                         "TRACE ", "level=debug", NULL};
    gsize n = strnlen(message, 60);

    return has_any(message, n, levels);
}

static gboolean
is_test(const char *message)
{
    return g_str_has_prefix(message, "assert ") && strstr(message, " == ");
}

/* After "systemd[1]: ", where the kernel's log holds what a program wrote. */
static const char *
skip_writer(const char *message)
{
    gsize n = 0;

    message += strspn(message, " \t");
    while (is_word_character(message[n]))
        n++;
    if (n == 0 || message[n] != '[')
        return message;
    n += 1 + strspn(message + n + 1, "0123456789");
    return g_str_has_prefix(message + n, "]: ") ? message + n + 3 : message;
}

OmenReading
omen_reading_of_line(const char *message)
{
    message = skip_writer(message);
    if (is_job(message))
        return OMEN_READING_NAMED;
    if (is_initcall(message))
        return OMEN_READING_ANNOUNCED;
    if (is_legend(message))
        return OMEN_READING_EXPLAINED;
    if (is_bits(message) || is_constant(message))
        return OMEN_READING_CONFIGURED;
    if (is_debug(message) || is_test(message))
        return OMEN_READING_QUOTED;
    return OMEN_READING_EVENT;
}

const char *
omen_reading_to_reason(OmenReading reading)
{
    static const char *const reasons[] = {
        [OMEN_READING_EVENT] = "something happened",
        [OMEN_READING_ZERO] = "a count of zero",
        [OMEN_READING_ANNOUNCED] = "a component announces itself",
        [OMEN_READING_MEASURED] = "a value or a limit is reported, and none was exceeded",
        [OMEN_READING_CONFIGURED] = "a setting or an inventory is listed",
        [OMEN_READING_EXPLAINED] = "a help text or a legend",
        [OMEN_READING_QUOTED] = "a log or a test is quoted, or a program is being debugged",
        [OMEN_READING_NAMED] = "the words are a name: of a unit or of a function",
    };

    return reasons[reading];
}
