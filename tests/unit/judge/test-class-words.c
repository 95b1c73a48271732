/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of each class is what docs/failure-classes.md says of it. */
#include <string.h>
#include <virt-omen/judge.h>

static void
test_documented(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "docs", "failure-classes.md", NULL);
    g_autofree char *page = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &page, NULL, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < OMEN_N_FAILURE_CLASSES; i++) {
        OmenFailureClass failure_class = (OmenFailureClass) i;
        g_autofree char *head =
            g_strdup_printf("\n| %s | %s | ", omen_failure_class_to_string(failure_class),
                            omen_failure_class_get_meaning(failure_class));
        const char *row = strstr(page, head);
        if (!row)
            g_error("docs/failure-classes.md has no row that begins with %s", head);
        g_autofree char *line = g_strndup(row + 1, strcspn(row + 1, "\n"));
        g_autofree char *lead =
            g_strdup_printf(" | %s | ", omen_failure_class_get_lead(failure_class));
        if (!strstr(line, lead))
            g_error("docs/failure-classes.md says otherwise of %s: %s", lead, line);
    }
}

/* A class that is no failure has nothing to be done about; each other one has. */
static void
test_first_steps(void)
{
    for (guint i = 0; i < OMEN_N_FAILURE_CLASSES; i++)
        g_assert_true((i == OMEN_FAILURE_BENIGN) ==
                      !*omen_failure_class_get_first_step((OmenFailureClass) i));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/class-words/documented", test_documented);
    g_test_add_func("/class-words/first-steps", test_first_steps);
    return g_test_run();
}
