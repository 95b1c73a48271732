/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/knowledge.h"

#include <string.h>

#define SIGNATURES_SUFFIX ".signatures"
#define WORDS_FILE        "words.model"
#define KINDS_FILE        "words.kinds"
#define RANK_A_BYTE       0.002
#define RANK_DEVICE       0.05
#define MIN_PATTERN       3
#define MAX_LITERAL       12 /* bytes of a pattern's text that are looked for first */

static void
signature_free(gpointer data)
{
    OmenSignature *self = data;

    g_free(self->reason);
    g_ptr_array_unref(self->patterns);
    g_free(self);
}

void
omen_knowledge_free(OmenKnowledge *self)
{
    g_ptr_array_unref(self->signatures);
    g_array_unref(self->patterns);
    omen_literal_finder_free(self->finder);
    omen_word_model_free(self->words);
    g_free(self);
}

/* "[disk device 0.97 helps 1060]". NULL: it is not so. */
static OmenSignature *
parse_head(const char *line)
{
    g_autofree char *inner = g_strndup(line + 1, strlen(line) >= 2 ? strlen(line) - 2 : 0);
    g_auto(GStrv) words = g_strsplit(inner, " ", -1);
    OmenSignature *self;
    char *end;
    double probability;
    guint64 urgency;
    OmenFailureClass failure_class;
    OmenScope scope;

    if (!g_str_has_suffix(line, "]") || g_strv_length(words) != 5 ||
        !omen_failure_class_from_string(words[0], &failure_class) ||
        !omen_scope_from_string(words[1], &scope) ||
        !(g_str_equal(words[3], "helps") || g_str_equal(words[3], "stays")) ||
        !g_ascii_string_to_unsigned(words[4], 10, 0, G_MAXUINT, &urgency, NULL))
        return NULL;
    probability = g_ascii_strtod(words[2], &end);
    if (end == words[2] || *end || !(probability >= 0 && probability <= 1))
        return NULL;

    self = g_new0(OmenSignature, 1);
    self->failure_class = failure_class;
    self->scope = scope;
    self->probability = probability;
    self->migration_helps = g_str_equal(words[3], "helps");
    self->urgency_s = (guint) urgency;
    self->reason = g_strdup("");
    self->patterns = g_ptr_array_new_with_free_func((GDestroyNotify) omen_pattern_free);
    return self;
}

/* Returns what is wrong with the line, NULL if nothing. */
static const char *
take_line(OmenKnowledge *self, const char *line)
{
    OmenSignature *current = self->signatures->len > 0
                                 ? g_ptr_array_index(self->signatures, self->signatures->len - 1)
                                 : NULL;
    OmenPattern *pattern;

    if (*line == '\0' || *line == '#')
        return NULL;
    /* "[hardware error]..." is a pattern; a head ends with its bracket and has five words. */
    if (*line == '[' && g_str_has_suffix(line, "]")) {
        OmenSignature *signature = parse_head(line);
        if (!signature)
            return "expected [CLASS SCOPE PROBABILITY helps|stays SECONDS]";
        g_ptr_array_add(self->signatures, signature);
        return NULL;
    }
    if (!current)
        return "a [CLASS SCOPE PROBABILITY helps|stays SECONDS] has to come first";
    if (g_str_has_prefix(line, "reason: ")) {
        g_free(current->reason);
        current->reason = g_strdup(line + strlen("reason: "));
        return NULL;
    }
    if (g_str_has_prefix(line, "source: "))
        return NULL;
    if (strlen(line) < MIN_PATTERN)
        return "a pattern of fewer than 3 characters fits too much";
    pattern = omen_pattern_new(line);
    if (*omen_pattern_get_literal(pattern) == '\0') {
        omen_pattern_free(pattern);
        return "a pattern without any text fits everything";
    }
    g_ptr_array_add(current->patterns, pattern);
    return NULL;
}

static const char *
take_word(OmenKnowledge *self, const char *line)
{
    if (*line == '\0' || *line == '#')
        return NULL;
    return omen_word_model_add(self->words, line) ? NULL : "expected WEIGHT WORD [NEXT-WORD]";
}

static const char *
take_kind(OmenKnowledge *self, const char *line)
{
    if (*line == '\0' || *line == '#')
        return NULL;
    return omen_word_model_add_kind(self->words, line) ? NULL : "expected KIND: WORD ...";
}

typedef const char *(*TakeFunc)(OmenKnowledge *self, const char *line);

static gboolean
load_file(OmenKnowledge *self, const char *path, TakeFunc take, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, &local)) {
        g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE,
                    "the judge's knowledge cannot be read: %s", local->message);
        return FALSE;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        /* Space at the end of a pattern counts: "oops: ". */
        const char *problem = take(self, g_strchug(lines[i]));
        if (problem) {
            g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE, "%s:%u: %s", path,
                        i + 1, problem);
            return FALSE;
        }
    }
    return TRUE;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_files(const char *folder, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &local);
    GPtrArray *names;
    const char *name;

    if (!dir) {
        g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE,
                    "the judge's knowledge cannot be read: %s; is virt-omen installed?",
                    local->message);
        return NULL;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, SIGNATURES_SUFFIX))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

/* Of two signatures that are about as sure, the one with more to say knows better what it is. */
static double
rank_pattern(const OmenSignature *signature, const OmenPattern *pattern)
{
    gsize n = strlen(omen_pattern_get_literal(pattern));

    return signature->probability + RANK_A_BYTE * (double) MIN(n, 40) +
           (omen_pattern_names_device(pattern) ? RANK_DEVICE : 0);
}

static void
index_patterns(OmenKnowledge *self)
{
    for (guint i = 0; i < self->signatures->len; i++) {
        const OmenSignature *signature = g_ptr_array_index(self->signatures, i);
        for (guint j = 0; j < signature->patterns->len; j++) {
            OmenPattern *pattern = g_ptr_array_index(signature->patterns, j);
            const char *text = omen_pattern_get_literal(pattern);
            OmenKnownPattern known = {pattern, signature, rank_pattern(signature, pattern)};
            g_autofree char *literal = g_strndup(text, MAX_LITERAL);
            omen_literal_finder_add(self->finder, literal, self->patterns->len);
            g_array_append_val(self->patterns, known);
        }
    }
    omen_literal_finder_build(self->finder);
}

OmenKnowledge *
omen_knowledge_load(const char *folder, GError **error)
{
    g_autoptr(OmenKnowledge) self = g_new0(OmenKnowledge, 1);
    g_autofree char *words = g_build_filename(folder, WORDS_FILE, NULL);
    g_autofree char *kinds = g_build_filename(folder, KINDS_FILE, NULL);
    g_autoptr(GPtrArray) names = NULL;

    self->signatures = g_ptr_array_new_with_free_func(signature_free);
    self->patterns = g_array_new(FALSE, FALSE, sizeof(OmenKnownPattern));
    self->finder = omen_literal_finder_new();
    self->words = omen_word_model_new();
    names = list_files(folder, error);
    if (!names)
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
        if (!load_file(self, path, take_line, error))
            return NULL;
    }
    if (!load_file(self, words, take_word, error) || !load_file(self, kinds, take_kind, error))
        return NULL;
    if (self->signatures->len == 0) {
        g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE,
                    "%s holds no *" SIGNATURES_SUFFIX, folder);
        return NULL;
    }
    index_patterns(self);
    return g_steal_pointer(&self);
}
