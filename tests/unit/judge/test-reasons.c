/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verdict says is what its line says, about the right device: tests/data/judge/reasons.tsv.
 */
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

static void
test_reasons(void)
{
    const char *root = g_getenv("OMEN_TEST_SOURCE_ROOT");
    g_autofree char *path = g_build_filename(root, "tests/data/judge/reasons.tsv", NULL);
    g_autofree char *folder = g_build_filename(root, "data", NULL);
    g_autofree char *knowledge = g_build_filename(folder, "knowledge", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenJudge) judge = omen_judge_new("embedded", knowledge, &error);
    g_autofree char *text = NULL;
    g_auto(GStrv) rows = NULL;
    guint n = 0;

    g_assert_no_error(error);
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    rows = g_strsplit(text, "\n", -1);
    for (guint i = 0; rows[i]; i++) {
        if (*rows[i] == '\0' || *rows[i] == '#')
            continue;
        check_row(judge, rows[i]);
        n++;
    }
    g_assert_cmpuint(n, >=, 200);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reasons/table", test_reasons);
    return g_test_run();
}
