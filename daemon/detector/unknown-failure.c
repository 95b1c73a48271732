/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/unknown-failure.h"

#include <string.h>

/* So many signs within so many records, and within that time where records have one. */
#define ENOUGH         2
#define MAX_SIGNS      64
#define WINDOW_RECORDS 300
#define WINDOW_US      ((gint64) 30 * 60 * G_USEC_PER_SEC)

/* A template is news for so many records. Later it is part of life here. */
#define NEWS_RECORDS 2000

/* Where a larger share of what comes is new, novelty says nothing. It is a moving mean: a record
 * counts for NOVELTY_STEP. */
#define NOVELTY_LIMIT 0.2
#define NOVELTY_STEP  (1.0 / 128)

/* A starting kernel says much that it will not say again. */
#define BOOT_RECORDS  2000
#define BOOT_US       ((gint64) 10 * 60 * G_USEC_PER_SEC)
#define BOOT_UPTIME_S 120

/* More than enough says little more. */
#define MOST 0.6

typedef struct {
    guint64 index;
    gint64 time_us;
    guint32 template_id;
} Sign;

struct _OmenUnknownFailure {
    guint64 n_records; /* watched */
    double novelty;    /* moving mean */
    gboolean is_starting;
    guint64 start_index;
    gint64 start_us;
    Sign signs[MAX_SIGNS]; /* the latest, oldest first */
    guint n_signs;
};

/* What trouble is called, whoever has it: the beginnings of words, and whole words that end in '$'.
 * In alphabetical order. */
static const char *const troubles[] = {
    "abnorm",     "abort",     "alarm",     "bad$",      "blocked$",  "bug$",     "cannot$",
    "corrupt",    "crash",     "critical",  "damage",    "dead$",     "deadlock", "defect",
    "degrad",     "died$",     "emerg",     "erro",      "exceed",    "excess",   "exhaust",
    "fail",       "fatal",     "fault",     "freez",     "froze",     "gone$",    "hang$",
    "hung$",      "illegal",   "inaccess",  "incorrect", "insuffic",  "invalid",  "killed$",
    "leak",       "lockup",    "loss$",     "lost$",     "mismatch",  "offline$", "oops",
    "overflow",   "overheat",  "overrun",   "panic",     "poison",    "reset",    "retries",
    "retry",      "sever",     "shortage",  "slow",      "stall",     "starv",    "stuck",
    "throttl",    "timed$",    "timeout",   "too$",      "unable",    "unavail",  "uncorrecta",
    "uncorrecte", "underflow", "underrun",  "unexpect",  "unhandled", "unreach",  "unreadable",
    "unrecover",  "unreliab",  "unrespons", "unstable",  "violat",    "warn",     "wedged",
    "worn$",      "wrong",
};

OmenUnknownFailure *
omen_unknown_failure_new(void)
{
    return g_new0(OmenUnknownFailure, 1);
}

void
omen_unknown_failure_free(OmenUnknownFailure *self)
{
    g_free(self);
}

static gboolean
is_trouble_word(const char *word, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(troubles); i++) {
        gsize n = strlen(troubles[i]);
        gboolean is_whole = troubles[i][n - 1] == '$';

        n -= is_whole ? 1 : 0;
        if (is_whole ? length == n : length >= n) {
            if (g_ascii_strncasecmp(word, troubles[i], n) == 0)
                return TRUE;
        }
    }
    return FALSE;
}

/* Part of a name, "__do_fault" or "max_errors": it says nothing of what happened. */
static gboolean
is_of_name(const char *message, gsize length, gsize begin, gsize end)
{
    return (begin > 0 && (message[begin - 1] == '_' || g_ascii_isdigit(message[begin - 1]))) ||
           (end < length && (message[end] == '_' || g_ascii_isdigit(message[end])));
}

gboolean
omen_unknown_failure_is_trouble(const char *message, gsize length)
{
    gsize begin = 0;

    for (gsize i = 0; i <= length; i++) {
        if (i < length && g_ascii_isalpha(message[i]))
            continue;
        if (i - begin >= 3 && !is_of_name(message, length, begin, i) &&
            is_trouble_word(message + begin, i - begin))
            return TRUE;
        begin = i + 1;
    }
    return FALSE;
}

/* "[   12.345678]" or a template's "[ <:NUM:>.<:NUM:>]": the kernel's own stamp. */
static gboolean
has_stamp(const OmenRecord *record)
{
    const char *text = record->message;
    gsize n = record->message_length;
    gsize at = 1;

    if (n < 4 || text[0] != '[')
        return FALSE;
    while (at < n && text[at] == ' ')
        at++;
    return at < n && (g_ascii_isdigit(text[at]) || text[at] == '<');
}

static gboolean
is_kernel(const OmenRecord *record)
{
    static const char kernel[] = "kernel";

    if (record->identifier_length > 0)
        return record->identifier_length == strlen(kernel) &&
               memcmp(record->identifier, kernel, strlen(kernel)) == 0;
    return has_stamp(record);
}

/* By its stamp; -1 if it does not say. */
static double
read_uptime_s(const OmenRecord *record)
{
    char stamp[24] = "";

    if (!has_stamp(record))
        return -1;
    memcpy(stamp, record->message + 1, MIN(record->message_length - 1, sizeof stamp - 1));
    g_strchug(stamp);
    return g_ascii_isdigit(*stamp) ? g_ascii_strtod(stamp, NULL) : -1;
}

static gboolean
begins_kernel(const OmenRecord *record)
{
    static const char banner[] = "Linux version ";

    return is_kernel(record) &&
           memmem(record->message, MIN(record->message_length, 64), banner, strlen(banner));
}

void
omen_unknown_failure_watch(OmenUnknownFailure *self, const OmenRecord *record, gboolean is_new)
{
    self->n_records++;
    self->novelty += NOVELTY_STEP * ((is_new ? 1 : 0) - self->novelty);
    if (begins_kernel(record)) {
        self->is_starting = TRUE;
        self->start_index = self->n_records;
        self->start_us = record->time_us;
    } else if (self->is_starting &&
               (self->n_records - self->start_index > BOOT_RECORDS ||
                (record->time_us > 0 && record->time_us - self->start_us > BOOT_US))) {
        self->is_starting = FALSE;
    }
}

static gboolean
is_of_start(const OmenUnknownFailure *self, const OmenRecord *record)
{
    double uptime_s = read_uptime_s(record);

    return self->is_starting || (uptime_s >= 0 && uptime_s < BOOT_UPTIME_S);
}

gboolean
omen_unknown_failure_is_calm(const OmenUnknownFailure *self, const OmenRecord *record)
{
    return self->novelty <= NOVELTY_LIMIT && !is_of_start(self, record);
}

static gboolean
is_past(const OmenUnknownFailure *self, const Sign *sign, gint64 now_us)
{
    return self->n_records - sign->index >= WINDOW_RECORDS ||
           (now_us > 0 && sign->time_us > 0 && ABS(now_us - sign->time_us) > WINDOW_US);
}

static void
drop_first(OmenUnknownFailure *self)
{
    self->n_signs--;
    memmove(self->signs, self->signs + 1, self->n_signs * sizeof *self->signs);
}

double
omen_unknown_failure_weigh(OmenUnknownFailure *self,
                           const OmenRecord *record,
                           guint32 template_id,
                           guint64 age)
{
    guint n = 0;

    if (age > NEWS_RECORDS || !is_kernel(record) || !omen_unknown_failure_is_calm(self, record) ||
        !omen_unknown_failure_is_trouble(record->message, record->message_length))
        return 0;
    while (self->n_signs > 0 &&
           (self->n_signs == MAX_SIGNS || is_past(self, &self->signs[0], record->time_us)))
        drop_first(self);
    self->signs[self->n_signs++] = (Sign){self->n_records, record->time_us, template_id};
    for (guint i = 0; i < self->n_signs; i++)
        n += self->signs[i].template_id == template_id ? 1 : 0;
    return n < ENOUGH ? 0.5 * n / ENOUGH : MOST;
}
