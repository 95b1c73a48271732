/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/json-depth.h"

#include <string.h>

static const struct {
    const char *text;
    gboolean is_shallow;
} cases[] = {
    {"{\"a\":[1,\"]]]]\",{}]}", TRUE},
    {"[[[]]]", TRUE},
    {"[[[[]]]]", FALSE},
    {"\"[[[[[[\"", TRUE},
    {"{\"a\":\"\\\"[[[[\"}", TRUE},
    /* What json-glib takes besides, to hide brackets in. */
    {"/*\"*/[[[[[[", FALSE},
    {"//\"\n[[[[[[", FALSE},
    {"['\"',[[[[[[", FALSE},
    {"{\"a\":\"it's // fine\"}", TRUE},
};

static void
test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(omen_json_is_shallow(cases[i].text, strlen(cases[i].text), 3), ==,
                        cases[i].is_shallow);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json-depth/cases", test_cases);
    return g_test_run();
}
