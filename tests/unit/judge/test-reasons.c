/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verdict says is what its line says, about the right device: tests/data/judge/reasons.tsv.
 */
#include <string.h>
#include <virt-omen/judge.h>

static OmenVerdict
judge_line(OmenJudge *judge, const char *line)
{
    OmenEvidence evidence = {
        .provenance = OMEN_PROVENANCE_HOST,
        .priority = OMEN_PRIORITY_INFO,
        .identifier = "",
        .message = line,
    };
    OmenVerdict verdict;

    omen_judge_judge(judge, &evidence, &verdict);
    return verdict;
}

static void
check_row(OmenJudge *judge, const char *row)
{
    g_auto(GStrv) columns = g_strsplit(row, "\t", 5);
    OmenVerdict verdict;

    g_assert_cmpuint(g_strv_length(columns), ==, 5);
    verdict = judge_line(judge, columns[4]);
    g_test_message("%s", columns[4]);
    g_assert_cmpfloat(verdict.probability, >=, 0.5);
    g_assert_cmpstr(omen_failure_class_to_string(verdict.failure_class), ==, columns[0]);
    g_assert_cmpstr(verdict.device, ==, columns[1]);
    g_assert_cmpstr(omen_grade_to_string(verdict.grade), ==, columns[2]);
    g_assert_cmpstr(verdict.reason, ==, columns[3]);
}

static OmenJudge *
new_judge(void)
{
    g_autofree char *knowledge =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "data", "knowledge", NULL);
    g_autoptr(GError) error = NULL;
    OmenJudge *judge = omen_judge_new("embedded", knowledge, &error);

    g_assert_no_error(error);
    return judge;
}

static char **
read_table(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return g_strsplit(text, "\n", -1);
}

static void
test_reasons(void)
{
    g_autoptr(OmenJudge) judge = new_judge();
    g_auto(GStrv) rows = read_table("tests/data/judge/reasons.tsv");
    guint n = 0;

    for (guint i = 0; rows[i]; i++) {
        if (*rows[i] == '\0' || *rows[i] == '#')
            continue;
        check_row(judge, rows[i]);
        n++;
    }
    g_assert_cmpuint(n, >=, 200);
}

/* One of the words that @column holds, with | between, is @word. */
static gboolean
is_one_of(const char *column, const char *word)
{
    g_auto(GStrv) words = g_strsplit(column, "|", -1);

    return (!*column && !*word) || g_strv_contains((const char *const *) words, word);
}

static gboolean
holds_one_of(const char *column, const char *reason)
{
    g_auto(GStrv) words = g_strsplit(column, "|", -1);
    g_autofree char *text = g_utf8_strdown(reason, -1);

    for (guint i = 0; words[i]; i++) {
        if (*words[i] && strstr(text, words[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_as_expected(OmenJudge *judge, const char *row)
{
    g_auto(GStrv) columns = g_strsplit(row, "\t", 4);
    OmenVerdict verdict;

    g_assert_cmpuint(g_strv_length(columns), ==, 4);
    verdict = judge_line(judge, columns[3]);
    if (verdict.probability >= 0.5 &&
        is_one_of(columns[0], omen_failure_class_to_string(verdict.failure_class)) &&
        is_one_of(columns[1], verdict.device) && holds_one_of(columns[2], verdict.reason))
        return TRUE;
    g_test_message("%s, device \"%s\", %s: %s", omen_failure_class_to_string(verdict.failure_class),
                   verdict.device, verdict.reason, columns[3]);
    return FALSE;
}

/* What was written without a look at the signatures: what is missed is told, and not more of it. */
static void
test_expected(void)
{
    g_autoptr(OmenJudge) judge = new_judge();
    g_auto(GStrv) rows = read_table("tests/data/judge/expected-reasons.tsv");
    guint n_met = 0;
    guint n = 0;

    for (guint i = 0; rows[i]; i++) {
        if (*rows[i] == '\0' || *rows[i] == '#')
            continue;
        n_met += is_as_expected(judge, rows[i]) ? 1 : 0;
        n++;
    }
    g_test_message("%u of %u as expected", n_met, n);
    g_assert_cmpuint(n, >=, 200);
    g_assert_cmpuint(n - n_met, <=, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reasons/table", test_reasons);
    g_test_add_func("/reasons/expected", test_expected);
    return g_test_run();
}
