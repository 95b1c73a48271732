/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each pattern of a signature is exercised: a line of the tests fits it, and is judged as its
 * signature says. The lines are those in tests/data/judge/signature-lines, whose class is held here
 * as well, those that the judge is fitted on and those whose reason is held by test-reasons. */
#include "judge/knowledge.h"

#include <string.h>

typedef struct {
    OmenKnowledge *knowledge;
    OmenJudge *judge;
    gboolean *fired; /* one a pattern of the knowledge */
    char *text;      /* the line in hand, as patterns want it */
    const char *message;
    OmenVerdict verdict;
} Bench;

static char *
source_path(const char *name)
{
    return g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), name, NULL);
}

static char **
read_lines(const char *path)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return g_strsplit(text, "\n", -1);
}

static int
compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The files in @folder whose names end so, in the order of their names. */
static GPtrArray *
list_files(const char *folder, const char *suffix)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *path = source_path(folder);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, suffix))
            g_ptr_array_add(paths, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(paths, compare_strings);
    return paths;
}

static Bench *
bench_new(void)
{
    Bench *self = g_new0(Bench, 1);
    g_autofree char *folder = source_path("data/knowledge");
    g_autoptr(GError) error = NULL;

    self->judge = omen_judge_new("embedded", folder, &error);
    g_assert_no_error(error);
    self->knowledge = omen_knowledge_load(folder, &error);
    g_assert_no_error(error);
    self->fired = g_new0(gboolean, self->knowledge->patterns->len);
    return self;
}

static void
bench_free(Bench *self)
{
    g_object_unref(self->judge);
    omen_knowledge_free(self->knowledge);
    g_free(self->fired);
    g_free(self);
}

/* "WHO: MESSAGE" in lower case, runs of white space made one. */
static char *
lay_out(const char *who, const char *message)
{
    g_autofree char *whole = g_strconcat(who, *who ? ": " : "", message, NULL);
    GString *text = g_string_new(NULL);

    for (const char *at = whole; *at; at++) {
        if (!g_ascii_isspace(*at))
            g_string_append_c(text, g_ascii_tolower(*at));
        else if (text->len > 0 && text->str[text->len - 1] != ' ')
            g_string_append_c(text, ' ');
    }
    return g_string_free(text, FALSE);
}

/* A failure has to be told by the pattern's own signature; what excuses a line may be one of
 * several. */
static void
try_pattern(guint id, gpointer user_data)
{
    Bench *self = user_data;
    const OmenKnownPattern *known = &g_array_index(self->knowledge->patterns, OmenKnownPattern, id);
    const OmenSignature *signature = known->signature;
    OmenMatch match;

    if (self->fired[id] || signature->failure_class != self->verdict.failure_class)
        return;
    if (signature->probability >= 0.5 && !g_str_equal(signature->reason, self->verdict.reason))
        return;
    self->fired[id] = omen_pattern_match(known->pattern, self->text, self->message, &match);
}

static void
take_line(Bench *self, const char *who, const char *message)
{
    OmenEvidence evidence = {
        .provenance = OMEN_PROVENANCE_HOST,
        .priority = OMEN_PRIORITY_INFO,
        .identifier = who,
        .message = message,
    };

    omen_judge_judge(self->judge, &evidence, &self->verdict);
    self->text = lay_out(who, message);
    self->message = self->text + (*who ? strlen(who) + 2 : 0);
    omen_literal_finder_run(self->knowledge->finder, self->text, try_pattern, self);
    g_clear_pointer(&self->text, g_free);
}

/* CLASS TAB WHO TAB MESSAGE. Returns whether it is of that class. */
static gboolean
take_row(Bench *self, const char *row)
{
    g_auto(GStrv) columns = g_strsplit(row, "\t", 3);
    const char *class;

    g_assert_cmpuint(g_strv_length(columns), ==, 3);
    take_line(self, columns[1], columns[2]);
    class = omen_failure_class_to_string(self->verdict.failure_class);
    if (g_str_equal(class, columns[0]))
        return TRUE;
    g_test_message("%s, not %s: %s: %s (%s)", class, columns[0], columns[1], columns[2],
                   self->verdict.reason);
    return FALSE;
}

static guint
take_written_lines(Bench *self)
{
    g_autoptr(GPtrArray) paths = list_files("tests/data/judge/signature-lines", ".tsv");
    guint n_wrong = 0;

    for (guint i = 0; i < paths->len; i++) {
        g_auto(GStrv) rows = read_lines(g_ptr_array_index(paths, i));
        for (guint j = 0; rows[j]; j++) {
            if (*rows[j] != '\0' && *rows[j] != '#')
                n_wrong += take_row(self, rows[j]) ? 0 : 1;
        }
    }
    return n_wrong;
}

static void
take_other_lines(Bench *self)
{
    static const char *const names[] = {"failures.tsv", "benign.tsv", "reasons.tsv",
                                        "expected-reasons.tsv"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = g_build_filename("tests/data/judge", names[i], NULL);
        g_autofree char *path = source_path(name);
        g_auto(GStrv) rows = read_lines(path);
        for (guint j = 0; rows[j]; j++) {
            const char *tab = strrchr(rows[j], '\t');
            if (*rows[j] != '\0' && *rows[j] != '#')
                take_line(self, "", tab ? tab + 1 : rows[j]);
        }
    }
}

/* Tells "FILE:LINE: PATTERN" of each that no line exercises; they are counted as
 * omen_knowledge_load() counts them. */
static guint
name_silent(const Bench *self)
{
    g_autoptr(GPtrArray) paths = list_files("data/knowledge", ".signatures");
    guint n_silent = 0;
    guint id = 0;

    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *name = g_path_get_basename(g_ptr_array_index(paths, i));
        g_auto(GStrv) lines = read_lines(g_ptr_array_index(paths, i));
        for (guint j = 0; lines[j]; j++) {
            const char *line = g_strchug(lines[j]);
            gboolean is_head = *line == '[' && g_str_has_suffix(line, "]");
            if (*line == '\0' || *line == '#' || is_head || g_str_has_prefix(line, "reason: ") ||
                g_str_has_prefix(line, "source: "))
                continue;
            g_assert_cmpuint(id, <, self->knowledge->patterns->len);
            if (!self->fired[id++]) {
                g_test_message("%s:%u: %s", name, j + 1, line);
                n_silent++;
            }
        }
    }
    g_assert_cmpuint(id, ==, self->knowledge->patterns->len);
    return n_silent;
}

static void
test_lines(void)
{
    Bench *bench = bench_new();

    g_assert_cmpuint(take_written_lines(bench), ==, 0);
    bench_free(bench);
}

static void
test_exercised(void)
{
    Bench *bench = bench_new();

    take_written_lines(bench);
    take_other_lines(bench);
    g_assert_cmpuint(name_silent(bench), ==, 0);
    bench_free(bench);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signatures/lines", test_lines);
    g_test_add_func("/signatures/exercised", test_exercised);
    return g_test_run();
}
