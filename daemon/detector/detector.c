/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/detector-private.h"

#include <string.h>
#include <virt-omen/detector.h>
#include <virt-omen/text.h>

#define MAX_KNOWN 32768
#define MAX_LINE  1024 /* of an omen's records */

/* A template that is normal here counts for no more than this: below the threshold, whatever the
 * judge thinks of it, unless it is certain. */
#define NORMAL_WEIGHT 0.45
#define CERTAIN       0.9

/* How sure it is of a place whose errors are corrected again and again; of what hangs, or is too
 * hot, again. */
#define REPEAT_PROBABILITY 0.85
#define AGAIN_PROBABILITY  0.9
/* Below this a sign is noted and nothing more (OMEN_NOTED_BELOW). */
#define NOTED_BELOW 0.65

/* How sure it is that lines which come ever more often are a sign. */
#define TREND_PROBABILITY 0.8

/* Training meets what comes in its time. What comes daily is known after a day, or when it was met
 * so often. */
#define DAY_US           ((gint64) 24 * 3600 * G_USEC_PER_SEC)
#define PROVISIONAL_MEET 3

G_DEFINE_QUARK(omen - detector - error - quark, omen_detector_error)

OmenDetector *
omen_detector_assemble(const OmenDetectorConfig *config,
                       OmenProvenance provenance,
                       OmenJudge *judge,
                       OmenMiner *miner,
                       OmenProfile *profile)
{
    OmenDetector *self = g_new0(OmenDetector, 1);

    self->config = *config;
    self->provenance = provenance;
    self->judge = g_object_ref(judge);
    self->miner = miner;
    self->profile = profile;
    self->templates = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    self->trend = omen_trend_new();
    self->repeat = omen_repeat_new();
    self->unknown = omen_unknown_failure_new();
    self->learnt = omen_learnt_new();
    self->accepted = omen_accepted_new();
    return self;
}

OmenDetector *
omen_detector_new(const OmenDetectorConfig *config,
                  OmenProvenance provenance,
                  OmenJudge *judge,
                  GError **error)
{
    OmenMiner *miner = omen_miner_new(&config->miner, error);

    return miner ? omen_detector_assemble(config, provenance, judge, miner,
                                          omen_profile_new(&config->profile))
                 : NULL;
}

void
omen_detector_free(OmenDetector *self)
{
    g_hash_table_unref(self->templates);
    omen_trend_free(self->trend);
    omen_repeat_free(self->repeat);
    omen_unknown_failure_free(self->unknown);
    omen_learnt_free(self->learnt);
    omen_accepted_free(self->accepted);
    omen_profile_free(self->profile);
    omen_miner_free(self->miner);
    g_object_unref(self->judge);
    g_free(self);
}

static gboolean
has_no_word(gpointer id G_GNUC_UNUSED, gpointer known, gpointer user_data G_GNUC_UNUSED)
{
    return ((OmenDetectorTemplate *) known)->word.word == OMEN_WORD_NONE;
}

static gboolean
is_gone(gpointer id, gpointer known, gpointer miner)
{
    return has_no_word(id, known, NULL) &&
           omen_miner_get_cluster_size(miner, GPOINTER_TO_UINT(id)) == 0;
}

/* Verdicts on templates that the miner has dropped go; an operator's words stay. */
static void
make_room(OmenDetector *self)
{
    if (g_hash_table_size(self->templates) < MAX_KNOWN)
        return;
    g_hash_table_foreach_remove(self->templates, is_gone, self->miner);
    if (g_hash_table_size(self->templates) >= MAX_KNOWN)
        g_hash_table_foreach_remove(self->templates, has_no_word, NULL);
}

OmenDetectorTemplate *
omen_detector_ensure_template(OmenDetector *self, guint32 id)
{
    OmenDetectorTemplate *known = g_hash_table_lookup(self->templates, GUINT_TO_POINTER(id));

    if (known)
        return known;
    make_room(self);
    known = g_new0(OmenDetectorTemplate, 1);
    g_hash_table_insert(self->templates, GUINT_TO_POINTER(id), known);
    return known;
}

static double
weigh(const OmenDetectorTemplate *known, const OmenScore *score)
{
    double p = known->verdict.probability;

    if (known->word.word == OMEN_WORD_DISMISSED)
        return 0;
    if (known->word.word == OMEN_WORD_CONFIRMED)
        return 1;
    if (!(known->flags & FLAG_NORMAL) || p >= CERTAIN)
        return p;
    return p * NORMAL_WEIGHT * (0.5 + 0.5 * score->distance);
}

/* What an anomalous stretch that the judge calls benign leaves behind: it is normal from now on. */
static void
learn(OmenDetector *self,
      OmenDetectorTemplate *known,
      const OmenRecord *record,
      gboolean of_boot,
      OmenDecision *decision)
{
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
    guint n;

    if (decision->omen || known->verdict.probability >= self->config.threshold ||
        known->word.word == OMEN_WORD_CONFIRMED)
        return;
    known->flags |= FLAG_NORMAL;
    if (!decision->profile.anomalous)
        return;
    n = omen_profile_get_current(self->profile, keys);
    if (of_boot ? omen_boot_take(&self->boot, record)
                : omen_learnt_take(self->learnt, keys, n, record->time_us)) {
        omen_profile_learn(self->profile);
        decision->learned = TRUE;
    }
}

/* What failed by an operator's word, where the judge sees nothing. */
static void
apply_word(const OmenTemplateWord *word, OmenVerdict *verdict)
{
    /* Nobody else is asked where an operator has spoken. */
    if (word->word == OMEN_WORD_DISMISSED)
        verdict->sure = TRUE;
    if (word->word != OMEN_WORD_CONFIRMED)
        return;
    if (verdict->failure_class == OMEN_FAILURE_BENIGN) {
        verdict->failure_class = word->failure_class;
        verdict->scope = word->scope;
        verdict->migration_helps = word->migration_helps;
        verdict->reason = "an operator confirmed that lines like this mean failure";
    }
    verdict->probability = 1;
    verdict->sure = TRUE;
}

/* A line that means little by itself, of which there are ever more. What a guest writes is no
 * measurement. */
static void
apply_trend(OmenDetector *self, const OmenRecord *record, OmenDecision *decision)
{
    const OmenTrendKind *kind;

    if (decision->omen || self->provenance != OMEN_PROVENANCE_HOST || record->time_us <= 0)
        return;
    kind = omen_trend_find_kind(record->message, record->message_length);
    if (!kind || !omen_trend_add(self->trend, decision->template_id, record->time_us))
        return;
    decision->verdict.probability = MAX(TREND_PROBABILITY, self->config.threshold);
    decision->verdict.sure = TRUE; /* another judge would see one line of it */
    decision->verdict.failure_class = kind->failure_class;
    decision->verdict.scope = kind->scope;
    decision->verdict.migration_helps = kind->migration_helps;
    decision->verdict.urgency_s = kind->urgency_s;
    decision->verdict.reason = kind->reason;
    decision->score = decision->verdict.probability;
    decision->omen = TRUE;
}

static gboolean
is_first_day(const OmenDetector *self, const OmenRecord *record)
{
    return record->time_us > 0 && record->time_us - self->began_us < DAY_US;
}

/* Is it new here? That is the template's first record, and those that follow while nothing but the
 * training's few hours know it. */
static gboolean
meet(OmenDetector *self,
     OmenDetectorTemplate *known,
     const OmenRecord *record,
     gboolean of_boot,
     const OmenDecision *decision)
{
    if (self->began_us == 0)
        self->began_us = record->time_us;
    if (!known->is_met) {
        known->is_met = TRUE;
        known->first_index = decision->profile.training || of_boot ? 0 : decision->index;
        if (decision->profile.training && !of_boot && is_first_day(self, record))
            known->flags |= FLAG_PROVISIONAL;
        known->n_met = 1;
        return TRUE;
    }
    if (!(known->flags & FLAG_PROVISIONAL))
        return FALSE;
    known->n_met++;
    if (known->n_met >= PROVISIONAL_MEET || !is_first_day(self, record))
        known->flags &= (guint8) ~FLAG_PROVISIONAL;
    return (known->flags & FLAG_PROVISIONAL) != 0;
}

/* What words alone call a failure is one of an unknown kind, and nothing where all is new. */
static void
doubt_words(OmenDetector *self, const OmenRecord *record, OmenDecision *decision)
{
    decision->verdict.failure_class = OMEN_FAILURE_UNKNOWN;
    if (omen_unknown_failure_is_calm(self->unknown, record))
        return;
    decision->omen = FALSE;
    decision->score *= NORMAL_WEIGHT;
}

/* What means nothing once may mean something when it was never seen here before and goes on: of
 * that the judge, who sees one line, knows nothing. Others than the host may say what they like. */
static void
apply_unknown(OmenDetector *self,
              const OmenRecord *record,
              const OmenDetectorTemplate *known,
              gboolean is_new,
              OmenDecision *decision)
{
    OmenVerdict *verdict = &decision->verdict;
    double weight;

    if (self->provenance != OMEN_PROVENANCE_HOST)
        return;
    omen_unknown_failure_watch(self->unknown, record, is_new);
    if (known->word.word != OMEN_WORD_NONE)
        return;
    if (decision->omen && verdict->unexplained)
        doubt_words(self, record, decision);
    if (decision->omen || verdict->probability >= OMEN_DECISION_THRESHOLD)
        return;
    if (known->first_index == 0)
        return;
    weight = omen_unknown_failure_weigh(self->unknown, record, decision->template_id,
                                        decision->index - known->first_index);
    decision->score = MAX(decision->score, weight);
    if (weight < OMEN_DECISION_THRESHOLD || decision->score < self->config.threshold)
        return;
    decision->omen = TRUE;
    verdict->probability = decision->score;
    verdict->sure = FALSE;
    verdict->failure_class = OMEN_FAILURE_UNKNOWN;
    verdict->scope = OMEN_SCOPE_HOST;
    verdict->migration_helps = TRUE;
    verdict->reason = "the kernel keeps reporting a problem that was never seen here before; its "
                      "kind is not known";
}

/* What is noted once, and more when it comes again. */
static gboolean
is_passing(const OmenVerdict *verdict)
{
    return verdict->probability >= OMEN_DECISION_THRESHOLD && verdict->probability < NOTED_BELOW &&
           verdict->grade != OMEN_GRADE_CORRECTED &&
           (verdict->failure_class == OMEN_FAILURE_HUNG_TASK ||
            verdict->failure_class == OMEN_FAILURE_THERMAL);
}

static gboolean
repeats(OmenDetector *self, const OmenRecord *record, const OmenDecision *decision)
{
    return omen_repeat_add(self->repeat, decision->verdict.failure_class, decision->template_id,
                           record->message, record->message_length, record->time_us);
}

/* What comes too often from one place. Corrected errors are a measurement, which a guest does not
 * give. */
static void
apply_repeat(OmenDetector *self, const OmenRecord *record, OmenDecision *decision)
{
    OmenVerdict *verdict = &decision->verdict;

    if (is_passing(verdict)) {
        if (!repeats(self, record, decision))
            return;
        verdict->probability = AGAIN_PROBABILITY;
    } else if (verdict->grade == OMEN_GRADE_CORRECTED && self->provenance == OMEN_PROVENANCE_HOST &&
               record->time_us > 0) {
        if (!repeats(self, record, decision))
            return;
        verdict->probability = REPEAT_PROBABILITY;
        verdict->grade = OMEN_GRADE_DEGRADED;
        verdict->reason =
            "errors are still corrected, but one component has more of them than healthy "
            "hardware ever has";
    } else {
        return;
    }
    verdict->sure = TRUE;
    decision->score = MAX(decision->score, verdict->probability);
    decision->omen = TRUE;
}

/* What is well may be normal; a sign of failure never is, though a host should fail while it is
 * learnt, and a sure one is told at once. */
static void
train(OmenDetector *self,
      OmenDetectorTemplate *known,
      const OmenRecord *record,
      OmenDecision *decision)
{
    if (known->verdict.probability < self->config.threshold ||
        known->verdict.grade == OMEN_GRADE_CORRECTED)
        known->flags |= FLAG_NORMAL;
    if (known->word.word != OMEN_WORD_NONE)
        return;
    decision->omen = known->verdict.probability >= CERTAIN;
    decision->score = decision->omen ? known->verdict.probability : 0;
    apply_repeat(self, record, decision);
}

/* As omens keep their lines. (transfer full) */
static char *
dup_line(const OmenRecord *record)
{
    g_autofree char *identifier =
        omen_text_sanitise(record->identifier, (gssize) record->identifier_length, 64);
    g_autofree char *message =
        omen_text_sanitise(record->message, (gssize) record->message_length, MAX_LINE);

    return *identifier ? g_strdup_printf("%s: %s", identifier, message) : g_steal_pointer(&message);
}

/* A value that an operator knows is no omen, and one when it is worse, whatever a judge says of the
 * line. */
static void
apply_accepted(OmenDetector *self, const OmenRecord *record, OmenDecision *decision)
{
    OmenVerdict *verdict = &decision->verdict;
    g_autofree char *line = NULL;
    const OmenAcceptedValue *value;
    OmenAcceptedState state;

    if (!decision->omen && omen_accepted_is_empty(self->accepted))
        return;
    line = dup_line(record);
    state = omen_accepted_weigh(self->accepted, line, &value);
    if (state == OMEN_ACCEPTED_KNOWN) {
        decision->omen = FALSE;
        decision->score = 0;
        verdict->sure = TRUE; /* nobody else is asked where an operator has spoken */
        return;
    }
    if (state == OMEN_ACCEPTED_WORSE) {
        verdict->probability = MAX(verdict->probability, value->probability);
        verdict->sure = TRUE;
        verdict->failure_class = value->failure_class;
        verdict->scope = value->scope;
        verdict->migration_helps = value->migration_helps;
        g_strlcpy(verdict->device, value->device, sizeof verdict->device);
        verdict->reason = "a value that an operator accepted is worse now";
        decision->score = MAX(decision->score, verdict->probability);
        decision->omen = decision->score >= self->config.threshold;
    }
    if (decision->omen)
        omen_accepted_note(self->accepted, line);
}

static void
decide_in_life(OmenDetector *self,
               const OmenDetectorTemplate *known,
               const OmenRecord *record,
               gboolean is_new,
               OmenDecision *decision)
{
    if (known->word.word == OMEN_WORD_NONE) {
        apply_trend(self, record, decision);
        apply_repeat(self, record, decision);
    }
    apply_unknown(self, record, known, is_new, decision);
}

/* Of what a start tells only what is sure by itself counts: it says much that is said at no other
 * time, and nobody has time to look what follows. */
static void
decide_in_boot(OmenDetector *self,
               const OmenDetectorTemplate *known,
               const OmenRecord *record,
               OmenDecision *decision)
{
    OmenVerdict *verdict = &decision->verdict;

    if (known->word.word != OMEN_WORD_CONFIRMED &&
        (verdict->unexplained || verdict->probability < CERTAIN)) {
        decision->omen = FALSE;
        decision->score = MIN(decision->score, self->config.threshold * NORMAL_WEIGHT);
        verdict->sure = TRUE; /* a thousand lines are not asked about */
    }
    if (known->word.word == OMEN_WORD_NONE)
        apply_repeat(self, record, decision);
}

static void
decide(OmenDetector *self,
       guint32 id,
       const OmenRecord *record,
       gboolean changed,
       OmenDecision *decision)
{
    OmenDetectorTemplate *known = omen_detector_ensure_template(self, id);
    gboolean of_boot = omen_boot_holds(&self->boot, record);
    gboolean is_new;

    decision->index = omen_profile_get_n_records(self->profile);
    decision->template_id = id;
    omen_profile_push(self->profile, id, &decision->profile);
    is_new = meet(self, known, record, of_boot, decision);
    /* The template has lost a word: what was said of it may no longer hold. */
    if (changed || !omen_detector_is_judged(known, record))
        omen_detector_judge_line(self, record, known);
    decision->judged = TRUE;
    decision->verdict = known->verdict;
    apply_word(&known->word, &decision->verdict);
    if (decision->profile.training && known->word.word != OMEN_WORD_CONFIRMED) {
        train(self, known, record, decision);
        apply_accepted(self, record, decision);
        return;
    }
    decision->score = weigh(known, &decision->profile);
    decision->omen = decision->score >= self->config.threshold;
    if (of_boot)
        decide_in_boot(self, known, record, decision);
    else
        decide_in_life(self, known, record, is_new, decision);
    apply_accepted(self, record, decision);
    learn(self, known, record, of_boot, decision);
}

void
omen_detector_push(OmenDetector *self, const OmenRecord *record, OmenDecision *decision)
{
    OmenParse parse;

    *decision = (OmenDecision){0};
    omen_miner_parse(self->miner, record->message, record->message_length, &parse);
    decision->new_template = parse.is_new;
    decide(self, parse.cluster, record, parse.changed, decision);
}

void
omen_detector_push_key(OmenDetector *self, guint32 key, const char *text, OmenDecision *decision)
{
    OmenRecord record = {
        .priority = OMEN_PRIORITY_INFO,
        .identifier = "",
        .message = text,
        .message_length = strlen(text),
    };

    *decision = (OmenDecision){0};
    decision->new_template = !g_hash_table_contains(self->templates, GUINT_TO_POINTER(key));
    decide(self, key, &record, FALSE, decision);
}

OmenMiner *
omen_detector_get_miner(OmenDetector *self)
{
    return self->miner;
}

OmenProfile *
omen_detector_get_profile(OmenDetector *self)
{
    return self->profile;
}

gint64
omen_detector_get_learnt_us(OmenDetector *self, const guint32 *keys, guint length)
{
    return omen_learnt_get_time_us(self->learnt, keys, length);
}

gint64
omen_detector_get_began_us(const OmenDetector *self)
{
    return self->began_us;
}

OmenJudge *
omen_detector_get_judge(OmenDetector *self)
{
    return self->judge;
}
