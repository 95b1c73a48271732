/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <virt-omen/text.h>

typedef struct {
    const char *in;
    gssize length;
    gsize max_length;
    const char *out;
} Case;

static const Case cases[] = {
    {"plain", -1, 100, "plain"},
    {"", -1, 100, ""},
    {"tab\there", -1, 100, "tab\\x09here"},
    {"\033[31mred\n", -1, 100, "\\x1b[31mred\\x0a"},
    {"a\0b", 3, 100, "a\\x00b"},
    {"\xff\xfe!", -1, 100, "\xef\xbf\xbd\xef\xbf\xbd!"},
    {"Stra\xc3\x9f"
     "e",
     -1, 100,
     "Stra\xc3\x9f"
     "e"},
    {"x\xe2\x80\xaey", -1, 100, "x\\u{202e}y"},
    {"\xc2\x9b", -1, 100, "\\x9b"},
    {"so\xc2\xad"
     "ft",
     -1, 100, "so\\u{00ad}ft"},
    {"\xe3\x85\xa4", -1, 100, "\\u{3164}"},
    {"a\xef\xb8\x8f", -1, 100, "a\\u{fe0f}"},
    {"\xe2\x81\xa6x\xe2\x81\xa9", -1, 100, "\\u{2066}x\\u{2069}"},
    {"\xf3\xa0\x84\x80", -1, 100, "\\u{e0100}"},
    {"abcdefgh", -1, 8, "abcdefgh"},
    {"abcdefghi", -1, 8, "abcde\xe2\x80\xa6"},
    {"\xc3\x9f\xc3\x9f\xc3\x9f\xc3\x9f", -1, 7, "\xc3\x9f\xc3\x9f\xe2\x80\xa6"},
    {"cut\xe2\x80", -1, 100, "cut\xef\xbf\xbd\xef\xbf\xbd"},
    {"abc", -1, 2, ""},
};

static void
test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out =
            omen_text_sanitise(cases[i].in, cases[i].length, cases[i].max_length);
        g_assert_cmpstr(out, ==, cases[i].out);
    }
}

/* No character that is not seen, or that alters what follows, comes out as itself. */
static void
test_every_character(void)
{
    for (gunichar c = 1; c <= 0x10ffff; c++) {
        GUnicodeType type = g_unichar_type(c);
        char in[7] = "";
        if (!g_unichar_validate(c) ||
            (type != G_UNICODE_CONTROL && type != G_UNICODE_LINE_SEPARATOR &&
             type != G_UNICODE_PARAGRAPH_SEPARATOR &&
             !(g_unichar_iszerowidth(c) && type == G_UNICODE_FORMAT)))
            continue;
        in[g_unichar_to_utf8(c, in)] = '\0';
        g_autofree char *out = omen_text_sanitise(in, -1, 100);
        /* The marks that stand around numbers of some scripts are seen. */
        if (!g_str_equal(out, in))
            continue;
        g_assert_true((c >= 0x600 && c <= 0x605) || c == 0x6dd || c == 0x70f || c == 0x890 ||
                      c == 0x891 || c == 0x8e2 || c == 0x110bd || c == 0x110cd ||
                      (c >= 0x13430 && c <= 0x1345f));
    }
}

/* Whatever goes in: what comes out is printable UTF-8 within the limit. */
static void
test_random(void)
{
    for (guint round = 0; round < 20000; round++) {
        char bytes[40];
        gsize length = g_test_rand_int_range(0, sizeof bytes);
        gsize limit = g_test_rand_int_range(0, 60);
        for (gsize i = 0; i < length; i++)
            bytes[i] = (char) g_test_rand_int_range(0, 256);
        g_autofree char *out = omen_text_sanitise(bytes, length, limit);
        g_assert_true(g_utf8_validate(out, -1, NULL));
        g_assert_cmpuint(strlen(out), <=, limit);
        for (const char *p = out; *p; p = g_utf8_next_char(p))
            g_assert_false(g_unichar_iscntrl(g_utf8_get_char(p)));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/cases", test_cases);
    g_test_add_func("/text/every-character", test_every_character);
    g_test_add_func("/text/random", test_random);
    return g_test_run();
}
