/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/embedded-judge.h"

#include "judge/device-scan.h"
#include "judge/knowledge.h"
#include "judge/reading.h"

#include <string.h>

#define MAX_TEXT 2000
/* A signature of at most this explains a line away, whatever else fits it. */
#define DECISIVE 0.03
/* But a failure of at least this stands against all but a signature of at most that: who could have
 * had the line worded by a stranger. */
#define STANDS   0.99
#define FORGABLE 0.01
/* What remains of a failure's words that tell of no failure (reading.h). */
#define READ_OTHERWISE 0.03
/* One error that was corrected is told, and no more (docs/failure-classes.md). */
#define CORRECTED 0.6
/* What words alone may say: a doubt, unless they are this sure. */
#define MAX_DOUBT  0.45
#define SURE_WORDS 0.985
#define WORDS_SAY  0.6
/* Between these it does not know for sure. */
#define SURE_BELOW 0.1
#define SURE_ABOVE 0.85

struct _OmenEmbeddedJudge {
    GObject parent_instance;

    OmenKnowledge *knowledge;
};

static const char *
get_name(OmenJudge *judge G_GNUC_UNUSED)
{
    return "embedded";
}

/* A tab, as /dev/kmsg and omen_text_sanitise() show it: the kernel's reports are set with them. */
#define SHOWN_TAB "\\x09"

/* Appends it in lower case, runs of white space made one. Returns the length then. */
static gsize
append_normalised(char text[MAX_TEXT], gsize n, const char *part)
{
    for (; *part && n < MAX_TEXT - 1; part++) {
        gboolean is_tab = g_str_has_prefix(part, SHOWN_TAB);
        gboolean is_space = is_tab || g_ascii_isspace(*part);

        if (is_tab)
            part += strlen(SHOWN_TAB) - 1;
        if (is_space && (n == 0 || text[n - 1] == ' '))
            continue;
        text[n++] = is_space ? ' ' : g_ascii_tolower(*part);
    }
    text[n] = '\0';
    return n;
}

/* A process of which the kernel tells ("comm mysqld:") has not written the line. */
static void
hide_process(char *message)
{
    char *at = strstr(message, " comm ");

    if (!at)
        return;
    for (at += strlen(" comm "); *at && *at != ' ' && *at != ':'; at++)
        *at = 'x';
}

/* After "<6>" and "[   12.345678] [    T1] ", which the kernel puts before a message. */
static const char *
skip_stamp(const char *message)
{
    const char *at = message;

    if (at[0] == '<' && g_ascii_isdigit(at[1]) && at[2] == '>')
        at += 3;
    while (*at == '[') {
        gsize n = 1 + strspn(at + 1, " 0123456789.TC");
        if (n < 3 || at[n] != ']')
            break;
        at += n + 1;
        at += *at == ' ';
        message = at;
    }
    return message;
}

/* "WHO: MESSAGE" as the patterns want it. Returns where the message begins. */
static char *
lay_out(const OmenEvidence *evidence, const char *message, char text[MAX_TEXT])
{
    gsize n = 0;

    if (*evidence->identifier) {
        n = append_normalised(text, n, evidence->identifier);
        n = append_normalised(text, n, ": ");
    }
    append_normalised(text, n, message);
    hide_process(text + n);
    return text + n;
}

/* What fits a line: the surest failure, and the surest word that it is none. */
typedef struct {
    const OmenKnowledge *knowledge;
    const char *text;
    const char *message; /* within it */
    guint8 *tried;       /* a bit each pattern */
    const OmenSignature *failure;
    double failure_rank;
    gboolean stands; /* a failure that is hard to explain away fits, be it the highest or not */
    const OmenSignature *benign;
    OmenReading reading; /* why what would have been a failure is none */
    char device[OMEN_DEVICE_MAX];
} Search;

/* Would it change anything, if it fits? */
static gboolean
matters(const Search *self, const OmenKnownPattern *known)
{
    double probability = known->signature->probability;

    if (probability < 0.5)
        return !self->benign || probability < self->benign->probability;
    return known->rank > self->failure_rank || (probability >= STANDS && !self->stands);
}

/* A pattern is tried once, however often a line repeats what it begins with. */
static gboolean
is_first_try(Search *self, guint id)
{
    guint8 bit = (guint8) (1 << (id % 8));
    gboolean is_first = !(self->tried[id / 8] & bit);

    self->tried[id / 8] |= bit;
    return is_first;
}

/* A pattern whose text was found is matched as a whole. */
static void
try_pattern(guint id, gpointer user_data)
{
    Search *self = user_data;
    const OmenKnownPattern *known = &g_array_index(self->knowledge->patterns, OmenKnownPattern, id);
    OmenReading reading;
    OmenMatch match;

    if (!is_first_try(self, id) || !matters(self, known) ||
        !omen_pattern_match(known->pattern, self->text, self->message, &match))
        return;
    if (known->signature->probability < 0.5) {
        self->benign = known->signature;
        return;
    }
    reading = omen_reading_of_words(self->message, match.begin, (gsize) (match.end - match.begin));
    if (reading != OMEN_READING_EVENT) {
        self->reading = reading;
        return;
    }
    self->stands |= known->signature->probability >= STANDS;
    if (known->rank <= self->failure_rank)
        return;
    self->failure = known->signature;
    self->failure_rank = known->rank;
    g_strlcpy(self->device, match.device, sizeof self->device);
}

static const OmenSignature *
decide(const Search *self)
{
    double limit = self->stands ? FORGABLE : DECISIVE;

    if (self->benign && (self->benign->probability <= limit || !self->failure))
        return self->benign;
    return self->failure;
}

/* The signature's word, shaded by what the words say, so that doubtful lines rank lower. */
static double
weigh(const OmenSignature *signature, double words)
{
    double p = signature->probability;

    if (p >= 0.5)
        return words >= 0.5 ? p : 0.5 + (p - 0.5) * (0.5 + words);
    return MIN(p + words * (p <= DECISIVE ? 0.05 : 0.25), MAX_DOUBT);
}

/* A line that no signature knows. On the logs of 100 machines, words alone called four lines
 * wrongly for one rightly, so they speak only where the kernel itself calls it an error. Of a
 * domain they say too little. */
static double
weigh_unknown(double words, const OmenEvidence *evidence)
{
    gboolean is_error =
        evidence->priority <= OMEN_PRIORITY_ERROR && g_str_equal(evidence->identifier, "kernel");

    if (evidence->provenance != OMEN_PROVENANCE_HOST)
        return words * MAX_DOUBT;
    if (words < SURE_WORDS)
        return words / SURE_WORDS * MAX_DOUBT;
    words = (words - SURE_WORDS) / (1 - SURE_WORDS);
    return is_error ? 0.5 + words * (WORDS_SAY - 0.5) : MAX_DOUBT + words * (0.499 - MAX_DOUBT);
}

/* What is said of a domain concerns that domain, whatever it is like. */
static OmenScope
limit_scope(OmenScope scope, OmenProvenance provenance)
{
    if (scope == OMEN_SCOPE_NONE || provenance == OMEN_PROVENANCE_HOST)
        return scope == OMEN_SCOPE_DOMAIN || scope == OMEN_SCOPE_GUEST ? OMEN_SCOPE_HOST : scope;
    return provenance == OMEN_PROVENANCE_GUEST ? OMEN_SCOPE_GUEST : OMEN_SCOPE_DOMAIN;
}

/* Its words are those of failures, but it tells of none. */
static void
explain_reading(OmenReading reading, OmenVerdict *verdict)
{
    verdict->probability = READ_OTHERWISE;
    verdict->sure = TRUE;
    verdict->reason = omen_reading_to_reason(reading);
}

static void
judge_line(OmenJudge *judge, const OmenEvidence *evidence, OmenVerdict *verdict)
{
    const char *message = skip_stamp(evidence->message);
    OmenReading form = omen_reading_of_line(message);
    char text[MAX_TEXT] = "";
    Search search = {.knowledge = OMEN_EMBEDDED_JUDGE(judge)->knowledge, .text = text};
    const OmenSignature *signature;
    double words;

    search.tried = g_newa0(guint8, search.knowledge->patterns->len / 8 + 1);
    search.message = lay_out(evidence, message, text);
    words = omen_word_model_predict(search.knowledge->words, search.message);
    omen_literal_finder_run(search.knowledge->finder, text, try_pattern, &search);
    signature = decide(&search);
    *verdict = (OmenVerdict){.failure_class = OMEN_FAILURE_BENIGN, .scope = OMEN_SCOPE_NONE};
    if (form != OMEN_READING_EVENT || (!signature && search.reading != OMEN_READING_EVENT)) {
        explain_reading(form != OMEN_READING_EVENT ? form : search.reading, verdict);
        return;
    }
    verdict->probability = signature ? weigh(signature, words) : weigh_unknown(words, evidence);
    verdict->sure = verdict->probability < SURE_BELOW || verdict->probability > SURE_ABOVE;
    verdict->reason = signature ? signature->reason : "no known sign of failure";
    verdict->unexplained = signature == NULL;
    if (verdict->probability < 0.5)
        return;
    if (!signature) {
        verdict->reason = "its words suggest a failure, but the line is not known";
        verdict->failure_class = OMEN_FAILURE_SERVICE;
        verdict->grade = OMEN_GRADE_FAILING;
        verdict->scope = limit_scope(OMEN_SCOPE_HOST, evidence->provenance);
        return;
    }
    verdict->failure_class = signature->failure_class;
    verdict->grade = omen_reading_of_grade(search.message);
    if (verdict->grade == OMEN_GRADE_CORRECTED)
        verdict->probability = MIN(verdict->probability, CORRECTED);
    verdict->scope = limit_scope(signature->scope, evidence->provenance);
    verdict->migration_helps = signature->migration_helps;
    verdict->urgency_s = signature->urgency_s;
    g_strlcpy(verdict->device, search.device, sizeof verdict->device);
    if (verdict->scope == OMEN_SCOPE_DEVICE && *verdict->device == '\0')
        omen_device_scan(search.message, verdict->failure_class, verdict->device);
    omen_device_tidy(verdict->device);
}

static void
judge_iface_init(OmenJudgeInterface *iface)
{
    iface->get_name = get_name;
    iface->judge = judge_line;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(OmenEmbeddedJudge,
                              omen_embedded_judge,
                              G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(OMEN_TYPE_JUDGE, judge_iface_init))

static void
omen_embedded_judge_finalize(GObject *object)
{
    omen_knowledge_free(OMEN_EMBEDDED_JUDGE(object)->knowledge);
    G_OBJECT_CLASS(omen_embedded_judge_parent_class)->finalize(object);
}

static void
omen_embedded_judge_class_init(OmenEmbeddedJudgeClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_embedded_judge_finalize;
}

static void
omen_embedded_judge_init(OmenEmbeddedJudge *self G_GNUC_UNUSED)
{
}

OmenJudge *
omen_embedded_judge_new(const char *folder, GError **error)
{
    OmenKnowledge *knowledge = omen_knowledge_load(folder, error);
    OmenEmbeddedJudge *self;

    if (!knowledge)
        return NULL;
    self = g_object_new(OMEN_TYPE_EMBEDDED_JUDGE, NULL);
    self->knowledge = knowledge;
    return OMEN_JUDGE(self);
}
