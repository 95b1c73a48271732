/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <virt-omen/text.h>

#define ELLIPSIS "\xe2\x80\xa6"

/* Characters that would alter how the rest of the line is shown, or that nobody sees: Unicode's
 * Bidi_Control, separators of lines and paragraphs, and Default_Ignorable_Code_Point (joiners,
 * fillers, variation selectors, tags). Sorted. */
static gboolean
is_deceptive(gunichar c)
{
    static const struct {
        gunichar first;
        gunichar last;
    } ranges[] = {
        {0x00ad, 0x00ad},   {0x034f, 0x034f}, {0x061c, 0x061c},   {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f}, {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f},   {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(ranges) && c >= ranges[i].first; i++) {
        if (c <= ranges[i].last)
            return TRUE;
    }
    return FALSE;
}

static void
append_character(GString *out, gunichar c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        g_string_append_printf(out, "\\x%02x", c);
    else if (is_deceptive(c))
        g_string_append_printf(out, "\\u{%04x}", c);
    else
        g_string_append_unichar(out, c);
}

char *
omen_text_sanitise(const char *text, gssize length, gsize max_length)
{
    const char *end = text + (length < 0 ? strlen(text) : (gsize) length);
    g_autoptr(GString) out = g_string_sized_new(MIN((gsize) (end - text), max_length) + 1);

    for (const char *p = text; p < end;) {
        /* GLib takes NUL for the end of text; here it is a character like any other. */
        gunichar c = *p == '\0' ? 0 : g_utf8_get_char_validated(p, end - p);
        gboolean broken = c == (gunichar) -1 || c == (gunichar) -2;
        gsize before = out->len;

        append_character(out, broken ? 0xfffd : c);
        if (out->len > max_length) {
            g_string_truncate(out, before);
            while (out->len > 0 && out->len + strlen(ELLIPSIS) > max_length)
                g_string_truncate(out, g_utf8_prev_char(out->str + out->len) - out->str);
            if (max_length >= strlen(ELLIPSIS))
                g_string_append(out, ELLIPSIS);
            break;
        }
        p += broken ? 1 : g_utf8_skip[(guchar) *p];
    }

    return g_string_free(g_steal_pointer(&out), FALSE);
}
