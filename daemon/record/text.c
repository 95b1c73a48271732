/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <virt-omen/text.h>

#define ELLIPSIS "\xe2\x80\xa6"

/* Characters that would alter how the rest of the line is shown: line separators, marks and
 * overrides of direction (Unicode's Bidi_Control), invisible joiners, the byte order mark, tags. */
static gboolean
is_deceptive(gunichar c)
{
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0x061c || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
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
