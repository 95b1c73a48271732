/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/knowledge.h"

#include <string.h>

#define SIGNATURES_SUFFIX ".signatures"
#define SUSPICIONS_FILE   "suspicion.words"
#define MIN_PATTERN       3

static void
signature_free(gpointer data)
{
    OmenSignature *self = data;

    g_free(self->reason);
    g_ptr_array_unref(self->patterns);
    g_free(self);
}

static void
suspicion_free(gpointer data)
{
    OmenSuspicion *self = data;

    g_free(self->text);
    g_free(self);
}

void
omen_knowledge_free(OmenKnowledge *self)
{
    g_ptr_array_unref(self->signatures);
    g_ptr_array_unref(self->suspicions);
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

    if (*line == '\0' || *line == '#')
        return NULL;
    /* "[hardware error]..." is a pattern; a head ends with its bracket and has five words. */
    if (*line == '[' && g_str_has_suffix(line, "]")) {
        OmenSignature *signature = parse_head(line);
        if (!signature)
            return "this is no [CLASS SCOPE PROBABILITY helps|stays SECONDS]";
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
    g_ptr_array_add(current->patterns, omen_pattern_new(line));
    return NULL;
}

static const char *
take_suspicion(OmenKnowledge *self, const char *line)
{
    OmenSuspicion *suspicion;
    char *end;
    double weight;

    if (*line == '\0' || *line == '#')
        return NULL;
    weight = g_ascii_strtod(line, &end);
    if (end == line || *end != ' ' || !(weight > 0 && weight <= 1))
        return "this is no WEIGHT (0..1) and WORD";
    suspicion = g_new0(OmenSuspicion, 1);
    suspicion->weight = weight;
    suspicion->text = g_ascii_strdown(end + 1, -1);
    g_ptr_array_add(self->suspicions, suspicion);
    return NULL;
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
                    "the judge's knowledge can not be read: %s", local->message);
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
                    "the judge's knowledge can not be read: %s; is virt-omen installed?",
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

OmenKnowledge *
omen_knowledge_load(const char *folder, GError **error)
{
    g_autoptr(OmenKnowledge) self = g_new0(OmenKnowledge, 1);
    g_autofree char *suspicions = g_build_filename(folder, SUSPICIONS_FILE, NULL);
    g_autoptr(GPtrArray) names = NULL;

    self->signatures = g_ptr_array_new_with_free_func(signature_free);
    self->suspicions = g_ptr_array_new_with_free_func(suspicion_free);
    names = list_files(folder, error);
    if (!names)
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
        if (!load_file(self, path, take_line, error))
            return NULL;
    }
    if (!load_file(self, suspicions, take_suspicion, error))
        return NULL;
    if (self->signatures->len == 0) {
        g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE,
                    "%s holds no *" SIGNATURES_SUFFIX, folder);
        return NULL;
    }
    return g_steal_pointer(&self);
}
