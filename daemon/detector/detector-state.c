/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a detector keeps over a restart. */
#include "detector/detector-private.h"

#define WORDS_TYPE    "a(uyxssb)"
#define STATE_VERSION 5
#define STATE_TYPE                                                                                 \
    "(ua{uy}vv" WORDS_TYPE OMEN_LEARNT_TYPE OMEN_TREND_TYPE OMEN_ACCEPTED_TYPE OMEN_REPEAT_TYPE    \
    "x" OMEN_BOOT_TYPE ")"

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
                              ((OmenDetectorTemplate *) known)->flags);
    return g_variant_new("(ua{uy}vv@" WORDS_TYPE "@" OMEN_LEARNT_TYPE "@" OMEN_TREND_TYPE
                         "@" OMEN_ACCEPTED_TYPE "@" OMEN_REPEAT_TYPE "x@" OMEN_BOOT_TYPE ")",
                         STATE_VERSION, &templates, omen_miner_save(self->miner),
                         omen_profile_save(self->profile), save_words(self),
                         omen_learnt_save(self->learnt), omen_trend_save(self->trend),
                         omen_accepted_save(self->accepted), omen_repeat_save(self->repeat),
                         self->began_us, omen_boot_save(&self->boot));
}

static void
restore_templates(OmenDetector *self, GVariant *templates)
{
    GVariantIter iter;
    guint32 id;
    guint8 flags;

    g_variant_iter_init(&iter, templates);
    while (g_variant_iter_next(&iter, "{uy}", &id, &flags)) {
        OmenDetectorTemplate *known = omen_detector_ensure_template(self, id);
        known->flags = flags;
        known->is_met = TRUE;
    }
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
    g_autoptr(GVariant) accepted = NULL;
    g_autoptr(GVariant) repeat = NULL;
    g_autoptr(GVariant) boot = NULL;
    gint64 began_us = 0;
    g_autoptr(OmenMiner) miner = NULL;
    g_autoptr(OmenProfile) profile = NULL;
    guint32 version = 0;
    OmenDetector *self;

    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)))
        g_variant_get(state,
                      "(u@a{uy}vv@" WORDS_TYPE "@" OMEN_LEARNT_TYPE "@" OMEN_TREND_TYPE
                      "@" OMEN_ACCEPTED_TYPE "@" OMEN_REPEAT_TYPE "x@" OMEN_BOOT_TYPE ")",
                      &version, &templates, &miner_state, &profile_state, &words, &learnt, &trend,
                      &accepted, &repeat, &began_us, &boot);
    if (version != STATE_VERSION) {
        g_set_error(error, OMEN_DETECTOR_ERROR, OMEN_DETECTOR_ERROR_BAD_STATE,
                    "the saved detector is damaged, or of another version");
        return NULL;
    }
    miner = omen_miner_restore(&config->miner, miner_state, error);
    profile = miner ? omen_profile_restore(&config->profile, profile_state, error) : NULL;
    if (!profile)
        return NULL;
    self = omen_detector_assemble(config, provenance, judge, g_steal_pointer(&miner),
                                  g_steal_pointer(&profile));
    restore_templates(self, templates);
    restore_words(self, words);
    omen_learnt_restore(self->learnt, learnt);
    omen_trend_restore(self->trend, trend);
    omen_accepted_restore(self->accepted, accepted);
    omen_repeat_restore(self->repeat, repeat);
    self->began_us = began_us;
    omen_boot_restore(&self->boot, boot);
    return self;
}
