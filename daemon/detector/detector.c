/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/learnt.h"
#include "detector/trend.h"

#include <string.h>
#include <virt-omen/detector.h>
#include <virt-omen/text.h>

#define MAX_EVIDENCE 1000
#define MAX_KNOWN    32768
#define MAX_WORDS    1024

/* A template that is normal here counts for no more than this: below the threshold, whatever the
 * judge thinks of it, unless it is certain. */
#define NORMAL_WEIGHT 0.45
#define CERTAIN       0.9

/* How sure it is that lines which come ever more often are a sign. */
#define TREND_PROBABILITY 0.6

#define WORDS_TYPE        "a(uyxssb)"
#define STATE_VERSION     3
#define STATE_TYPE        "(ua{uy}vv" WORDS_TYPE OMEN_LEARNT_TYPE OMEN_TREND_TYPE ")"

G_DEFINE_QUARK(omen - detector - error - quark, omen_detector_error)

/* What is known of a template. */
typedef enum {
    FLAG_NORMAL = 1, /* it was in the training, or learnt since */
} TemplateFlags;

typedef struct {
    guint8 flags;
    gboolean is_judged;
    gboolean had_zero; /* the judged line held a zero by itself: "0 errors" and "3 errors" are one
                        * template, and not the same news */
    guint32
        writer; /* hash of who wrote the judged line: the same words of another are other news */
    OmenVerdict verdict;
    OmenTemplateWord word; /* an operator's */
} Template;

struct _OmenDetector {
    OmenDetectorConfig config;
    OmenProvenance provenance;
    OmenJudge *judge;
    OmenMiner *miner;
    OmenProfile *profile;
    GHashTable *templates; /* id -> Template */
    OmenTrend *trend;
    OmenLearnt *learnt;
};

static OmenDetector *
detector_new(const OmenDetectorConfig *config,
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
    self->learnt = omen_learnt_new();
    return self;
}

OmenDetector *
omen_detector_new(const OmenDetectorConfig *config,
                  OmenProvenance provenance,
                  OmenJudge *judge,
                  GError **error)
{
    OmenMiner *miner = omen_miner_new(&config->miner, error);

    return miner
               ? detector_new(config, provenance, judge, miner, omen_profile_new(&config->profile))
               : NULL;
}

void
omen_detector_free(OmenDetector *self)
{
    g_hash_table_unref(self->templates);
    omen_trend_free(self->trend);
    omen_learnt_free(self->learnt);
    omen_profile_free(self->profile);
    omen_miner_free(self->miner);
    g_object_unref(self->judge);
    g_free(self);
}

static gboolean
has_no_word(gpointer id G_GNUC_UNUSED, gpointer known, gpointer user_data G_GNUC_UNUSED)
{
    return ((Template *) known)->word.word == OMEN_WORD_NONE;
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

static Template *
ensure_template(OmenDetector *self, guint32 id)
{
    Template *known = g_hash_table_lookup(self->templates, GUINT_TO_POINTER(id));

    if (known)
        return known;
    make_room(self);
    known = g_new0(Template, 1);
    g_hash_table_insert(self->templates, GUINT_TO_POINTER(id), known);
    return known;
}

/* A zero that stands by itself. */
static gboolean
has_zero(const OmenRecord *record)
{
    const char *text = record->message;
    const char *end = text + record->message_length;

    for (const char *at = text; at < end && (at = memchr(at, '0', (gsize) (end - at))); at++) {
        gboolean begins = at == text || !(g_ascii_isalnum(at[-1]) || at[-1] == '.');
        gboolean ends = at + 1 == end || !(g_ascii_isalnum(at[1]) || at[1] == '.');
        if (begins && ends)
            return TRUE;
    }
    return FALSE;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static guint32
hash_writer(const OmenRecord *record)
{
    guint32 hash = 2166136261U;

    for (gsize i = 0; i < record->identifier_length; i++)
        hash = (hash ^ (guint8) record->identifier[i]) * 16777619U;
    return hash;
}

/* A line as the judge may see it. */
static void
judge_line(OmenDetector *self, const OmenRecord *record, Template *known)
{
    g_autofree char *identifier =
        omen_text_sanitise(record->identifier, (gssize) record->identifier_length, 64);
    g_autofree char *message =
        omen_text_sanitise(record->message, (gssize) record->message_length, MAX_EVIDENCE);
    OmenEvidence evidence = {
        .provenance = self->provenance,
        .priority = record->priority,
        .identifier = identifier,
        .message = message,
    };
    gboolean was_benign;

    was_benign = known->is_judged && known->verdict.probability < 0.5;
    omen_judge_judge(self->judge, &evidence, &known->verdict);
    known->is_judged = TRUE;
    /* What was learnt of it was learnt of other news. */
    if (was_benign && known->verdict.probability >= 0.5)
        known->flags &= (guint8) ~FLAG_NORMAL;
    known->had_zero = has_zero(record);
    known->writer = hash_writer(record);
}

static double
weigh(const Template *known, const OmenScore *score)
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
learn(OmenDetector *self, Template *known, const OmenRecord *record, OmenDecision *decision)
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
    if (omen_learnt_take(self->learnt, keys, n, record->time_us)) {
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
        verdict->reason = "an operator said of lines like this that they meant failure";
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

static void
decide(OmenDetector *self,
       guint32 id,
       const OmenRecord *record,
       gboolean changed,
       OmenDecision *decision)
{
    Template *known = ensure_template(self, id);

    decision->index = omen_profile_get_n_records(self->profile);
    decision->template_id = id;
    omen_profile_push(self->profile, id, &decision->profile);
    /* The template has lost a word: what was said of it may no longer hold. */
    if (!known->is_judged || changed || known->had_zero != has_zero(record) ||
        known->writer != hash_writer(record))
        judge_line(self, record, known);
    decision->judged = TRUE;
    decision->verdict = known->verdict;
    apply_word(&known->word, &decision->verdict);
    if (decision->profile.training && known->word.word != OMEN_WORD_CONFIRMED) {
        if (known->verdict.probability < CERTAIN)
            known->flags |= FLAG_NORMAL;
        return;
    }
    decision->score = weigh(known, &decision->profile);
    decision->omen = decision->score >= self->config.threshold;
    if (known->word.word == OMEN_WORD_NONE)
        apply_trend(self, record, decision);
    learn(self, known, record, decision);
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

/* As many as an operator will ever say; the oldest makes room. */
static void
make_room_for_word(OmenDetector *self)
{
    g_autoptr(GArray) words = omen_detector_list_words(self);
    const OmenTemplateWord *oldest = NULL;

    if (words->len < MAX_WORDS)
        return;
    for (guint i = 0; i < words->len; i++) {
        const OmenTemplateWord *word = &g_array_index(words, OmenTemplateWord, i);
        if (!oldest || word->time_us < oldest->time_us)
            oldest = word;
    }
    ensure_template(self, oldest->template_id)->word.word = OMEN_WORD_NONE;
}

void
omen_detector_tell(OmenDetector *self, const OmenTemplateWord *word)
{
    Template *known = ensure_template(self, word->template_id);

    if (known->word.word == OMEN_WORD_NONE)
        make_room_for_word(self);
    known->word = *word;
    /* What was learnt of it while it was thought to mean nothing. */
    if (word->word == OMEN_WORD_CONFIRMED)
        known->flags &= (guint8) ~FLAG_NORMAL;
}

static int
compare_words(gconstpointer a, gconstpointer b)
{
    guint32 first = ((const OmenTemplateWord *) a)->template_id;
    guint32 second = ((const OmenTemplateWord *) b)->template_id;

    return (first > second) - (first < second);
}

GArray *
omen_detector_list_words(const OmenDetector *self)
{
    GArray *words = g_array_new(FALSE, FALSE, sizeof(OmenTemplateWord));
    GHashTableIter iter;
    gpointer known;

    g_hash_table_iter_init(&iter, self->templates);
    while (g_hash_table_iter_next(&iter, NULL, &known)) {
        if (((Template *) known)->word.word != OMEN_WORD_NONE)
            g_array_append_val(words, ((Template *) known)->word);
    }
    g_array_sort(words, compare_words);
    return words;
}

gboolean
omen_detector_forget(OmenDetector *self, const guint32 *keys, guint length)
{
    if (!omen_profile_forget(self->profile, keys, length))
        return FALSE;
    ensure_template(self, keys[length - 1])->flags &= (guint8) ~FLAG_NORMAL;
    return TRUE;
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

OmenJudge *
omen_detector_get_judge(OmenDetector *self)
{
    return self->judge;
}

static GVariant *
save_words(const OmenDetector *self)
{
    g_autoptr(GArray) words = omen_detector_list_words(self);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE(WORDS_TYPE));
    for (guint i = 0; i < words->len; i++) {
        const OmenTemplateWord *word = &g_array_index(words, OmenTemplateWord, i);
        g_variant_builder_add(&builder, "(uyxssb)", word->template_id, (guint8) word->word,
                              word->time_us, omen_failure_class_to_string(word->failure_class),
                              omen_scope_to_string(word->scope), word->migration_helps);
    }
    return g_variant_builder_end(&builder);
}

GVariant *
omen_detector_save(const OmenDetector *self)
{
    GVariantBuilder templates;
    GHashTableIter iter;
    gpointer id;
    gpointer known;

    g_variant_builder_init(&templates, G_VARIANT_TYPE("a{uy}"));
    g_hash_table_iter_init(&iter, self->templates);
    while (g_hash_table_iter_next(&iter, &id, &known))
        g_variant_builder_add(&templates, "{uy}", GPOINTER_TO_UINT(id),
                              ((Template *) known)->flags);
    return g_variant_new("(ua{uy}vv@" WORDS_TYPE "@" OMEN_LEARNT_TYPE "@" OMEN_TREND_TYPE ")",
                         STATE_VERSION, &templates, omen_miner_save(self->miner),
                         omen_profile_save(self->profile), save_words(self),
                         omen_learnt_save(self->learnt), omen_trend_save(self->trend));
}

static void
restore_templates(OmenDetector *self, GVariant *templates)
{
    GVariantIter iter;
    guint32 id;
    guint8 flags;

    g_variant_iter_init(&iter, templates);
    while (g_variant_iter_next(&iter, "{uy}", &id, &flags))
        ensure_template(self, id)->flags = flags;
}

static void
restore_words(OmenDetector *self, GVariant *words)
{
    OmenTemplateWord word = {0};
    const char *failure_class;
    const char *scope;
    guint8 said;
    GVariantIter iter;

    g_variant_iter_init(&iter, words);
    while (g_variant_iter_next(&iter, "(uyx&s&sb)", &word.template_id, &said, &word.time_us,
                               &failure_class, &scope, &word.migration_helps)) {
        word.word = (OmenWord) said;
        if ((said == OMEN_WORD_DISMISSED || said == OMEN_WORD_CONFIRMED) &&
            omen_failure_class_from_string(failure_class, &word.failure_class) &&
            omen_scope_from_string(scope, &word.scope))
            omen_detector_tell(self, &word);
    }
}

OmenDetector *
omen_detector_restore(const OmenDetectorConfig *config,
                      OmenProvenance provenance,
                      OmenJudge *judge,
                      GVariant *state,
                      GError **error)
{
    g_autoptr(GVariant) templates = NULL;
    g_autoptr(GVariant) miner_state = NULL;
    g_autoptr(GVariant) profile_state = NULL;
    g_autoptr(GVariant) words = NULL;
    g_autoptr(GVariant) learnt = NULL;
    g_autoptr(GVariant) trend = NULL;
    g_autoptr(OmenMiner) miner = NULL;
    g_autoptr(OmenProfile) profile = NULL;
    guint32 version = 0;
    OmenDetector *self;

    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)))
        g_variant_get(state, "(u@a{uy}vv@" WORDS_TYPE "@" OMEN_LEARNT_TYPE "@" OMEN_TREND_TYPE ")",
                      &version, &templates, &miner_state, &profile_state, &words, &learnt, &trend);
    if (version != STATE_VERSION) {
        g_set_error(error, OMEN_DETECTOR_ERROR, OMEN_DETECTOR_ERROR_BAD_STATE,
                    "the saved detector is damaged, or of another version");
        return NULL;
    }
    miner = omen_miner_restore(&config->miner, miner_state, error);
    profile = miner ? omen_profile_restore(&config->profile, profile_state, error) : NULL;
    if (!profile)
        return NULL;
    self =
        detector_new(config, provenance, judge, g_steal_pointer(&miner), g_steal_pointer(&profile));
    restore_templates(self, templates);
    restore_words(self, words);
    omen_learnt_restore(self->learnt, learnt);
    omen_trend_restore(self->trend, trend);
    return self;
}
