/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/screen.h"

#include <glib.h>
#include <locale.h>

static void
test_cut(void)
{
    static const struct {
        const char *text;
        guint width;
        const char *expected;
    } cases[] = {
        {"abc", 5, "abc"},     {"abc", 2, "ab"}, {"äöü", 2, "äö"},
        {"日本語", 5, "日本"}, {"", 3, ""},      {"a\u0301b", 1, "a\u0301"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *cut = screen_cut(cases[i].text, cases[i].width);
        g_assert_cmpstr(cut, ==, cases[i].expected);
    }
}

static void
test_fit(void)
{
    g_autofree char *whole = screen_fit("abc", 3);
    g_autofree char *marked = screen_fit("abcd", 3);
    g_autofree char *filled = screen_pad("日本", 6);

    g_assert_cmpstr(whole, ==, "abc");
    g_assert_cmpstr(marked, ==, "ab…");
    g_assert_cmpstr(filled, ==, "日本  ");
}

static void
test_wrap(void)
{
    static const struct {
        const char *text;
        guint width;
        const char *lines; /* parted by | */
    } cases[] = {
        {"", 5, ""},
        {"one two three", 7, "one two|three"},
        {"one two\n\nthree\n", 20, "one two||three"},
        {"  abc def", 7, "  abc|def"},
        {"abcdefghij", 4, "abcd|efgh|ij"},
        {"日本語", 4, "日本|語"},
        {"日", 1, ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) lines = screen_wrap(cases[i].text, cases[i].width);
        g_ptr_array_add(lines, NULL);
        g_autofree char *joined = g_strjoinv("|", (char **) lines->pdata);
        g_assert_cmpstr(joined, ==, cases[i].lines);
    }
}

static void
test_sparkline(void)
{
    const double values[] = {0, 0.5, 1, 2, 0, 0, 0, 0.3};
    g_autofree char *whole = screen_sparkline(values, 4, 4);
    g_autofree char *halves = screen_sparkline(values, 8, 4);
    g_autofree char *nothing = screen_sparkline(NULL, 0, 3);
    g_autofree char *none = screen_sparkline(values, 8, 0);

    g_assert_cmpint(g_utf8_strlen(whole, -1), ==, 4);
    g_assert_cmpint(g_utf8_strlen(halves, -1), ==, 4);
    g_assert_cmpint(g_utf8_strlen(nothing, -1), ==, 3);
    g_assert_cmpstr(none, ==, "");
    /* Of those that share a place the highest is shown. */
    g_assert_true(g_utf8_get_char(g_utf8_offset_to_pointer(halves, 1)) ==
                  g_utf8_get_char(g_utf8_offset_to_pointer(whole, 2)));
    g_assert_true(g_utf8_get_char(g_utf8_offset_to_pointer(halves, 2)) == g_utf8_get_char(whole));
}

static void
test_bar(void)
{
    g_autofree char *empty = screen_bar(-1, 10);
    g_autofree char *half = screen_bar(0.5, 10);
    g_autofree char *full = screen_bar(7, 10);

    g_assert_cmpint(g_utf8_strlen(half, -1), ==, 10);
    g_assert_cmpstr(empty, !=, half);
    g_assert_cmpstr(half, !=, full);
    g_assert_true(g_utf8_get_char(half) == g_utf8_get_char(full));
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/screen/cut", test_cut);
    g_test_add_func("/screen/fit", test_fit);
    g_test_add_func("/screen/wrap", test_wrap);
    g_test_add_func("/screen/sparkline", test_sparkline);
    g_test_add_func("/screen/bar", test_bar);
    return g_test_run();
}
