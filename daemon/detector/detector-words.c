/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operators say to a detector, and take back. */
#include "detector/detector-private.h"

#define MAX_WORDS 1024

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
    omen_detector_ensure_template(self, oldest->template_id)->word.word = OMEN_WORD_NONE;
}

void
omen_detector_tell(OmenDetector *self, const OmenTemplateWord *word)
{
    OmenDetectorTemplate *known = omen_detector_ensure_template(self, word->template_id);

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
        if (((OmenDetectorTemplate *) known)->word.word != OMEN_WORD_NONE)
            g_array_append_val(words, ((OmenDetectorTemplate *) known)->word);
    }
    g_array_sort(words, compare_words);
    return words;
}

gboolean
omen_detector_accept(OmenDetector *self, const OmenAcceptedValue *value)
{
    return omen_accepted_add(self->accepted, value);
}

GPtrArray *
omen_detector_list_accepted(const OmenDetector *self)
{
    return omen_accepted_list(self->accepted);
}

gboolean
omen_detector_forget_accepted(OmenDetector *self, guint32 number)
{
    return omen_accepted_forget(self->accepted, number);
}

gboolean
omen_detector_forget(OmenDetector *self, const guint32 *keys, guint length)
{
    if (!omen_profile_forget(self->profile, keys, length))
        return FALSE;
    omen_detector_ensure_template(self, keys[length - 1])->flags &= (guint8) ~FLAG_NORMAL;
    return TRUE;
}
