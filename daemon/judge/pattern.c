/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/pattern.h"

#include <string.h>

/* What may stand between two pieces of text. */
typedef enum {
    GAP_NONE,
    GAP_ANY,
    GAP_DEVICE,
    GAP_POSITIVE,
} Gap;

/* A gap, and the text after it. */
typedef struct {
    Gap gap;
    char *text;
} Piece;

struct _OmenPattern {
    GArray *pieces;
    gboolean of_writer; /* the only piece is the name of who wrote it */
    gboolean at_start;
    gboolean at_word;
    gboolean at_end;
};

static void
piece_clear(gpointer data)
{
    g_free(((Piece *) data)->text);
}

static gboolean
take_gap(const char **at, Gap *gap)
{
    static const struct {
        const char *text;
        Gap gap;
    } gaps[] = {{"*", GAP_ANY}, {"{device}", GAP_DEVICE}, {"{positive}", GAP_POSITIVE}};

    for (guint i = 0; i < G_N_ELEMENTS(gaps); i++) {
        if (g_str_has_prefix(*at, gaps[i].text)) {
            *at += strlen(gaps[i].text);
            *gap = gaps[i].gap;
            return TRUE;
        }
    }
    return FALSE;
}

OmenPattern *
omen_pattern_new(const char *text)
{
    OmenPattern *self = g_new0(OmenPattern, 1);
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_autoptr(GString) literal = g_string_new(NULL);
    const char *at = lower;
    Gap gap = GAP_ANY;

    self->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    g_array_set_clear_func(self->pieces, piece_clear);
    self->of_writer = *at == '@';
    self->at_start = *at == '^';
    self->at_word = g_ascii_isalnum(*at);
    if (self->of_writer)
        at++;
    if (self->at_start) {
        at++;
        gap = GAP_NONE;
    }
    while (*at) {
        Gap next;
        if (!self->of_writer && take_gap(&at, &next)) {
            Piece piece = {gap, g_strdup(literal->str)};
            g_array_append_val(self->pieces, piece);
            g_string_truncate(literal, 0);
            gap = next;
        } else if (at[0] == '$' && at[1] == '\0') {
            self->at_end = TRUE;
            at++;
        } else {
            g_string_append_c(literal, *at++);
        }
    }
    Piece last = {gap, g_strdup(literal->str)};
    g_array_append_val(self->pieces, last);
    return self;
}

void
omen_pattern_free(OmenPattern *self)
{
    g_array_unref(self->pieces);
    g_free(self);
}

static gboolean
is_device_character(char c)
{
    return g_ascii_isalnum(c) || strchr("-_./:", c) != NULL;
}

/* What a template has in a parameter's place. */
static gsize
measure_placeholder(const char *text)
{
    const char *end = g_str_has_prefix(text, "<:") ? strstr(text, ":>") : NULL;

    return end ? (gsize) (end - text) + 2 : 0;
}

static gsize
measure_device(const char *text)
{
    gsize n = measure_placeholder(text);

    if (n > 0)
        return n;
    while (text[n] && is_device_character(text[n]))
        n++;
    /* "sda: failed": the colon after it is not of its name. */
    while (n > 0 && (text[n - 1] == ':' || text[n - 1] == '.'))
        n--;
    return n;
}

static gsize
measure_positive(const char *text)
{
    gsize n = measure_placeholder(text);
    gboolean is_zero = TRUE;

    if (n > 0)
        return n;
    while (g_ascii_isdigit(text[n])) {
        is_zero = is_zero && text[n] == '0';
        n++;
    }
    return is_zero ? 0 : n;
}

static void
keep_device(const char *text, gsize length, OmenMatch *match)
{
    if (*match->device == '\0' && *text != '<')
        g_strlcpy(match->device, text, MIN(length + 1, sizeof match->device));
}

/* Matches a gap of measured length and the text after it at exactly @at. NULL: it does not. */
static const char *
match_measured(const Piece *piece, const char *at, OmenMatch *match)
{
    gsize length = piece->gap == GAP_DEVICE ? measure_device(at) : measure_positive(at);

    if (length == 0 || !g_str_has_prefix(at + length, piece->text))
        return NULL;
    if (piece->gap == GAP_DEVICE)
        keep_device(at, length, match);
    return at + length + strlen(piece->text);
}

/* Finds a text after a gap of any length: its first place, or the end's. NULL, or where it ends. */
static const char *
find_after(const char *at, const char *text, gboolean at_end)
{
    gsize length = strlen(text);
    gsize rest = at_end ? strlen(at) : 0;

    if (at_end)
        return rest >= length && g_str_has_suffix(at, text) ? at + rest : NULL;
    at = strstr(at, text);
    return at ? at + length : NULL;
}

/* Matches all pieces, the first at exactly @at. NULL, or where it ended. @hopeless: no later
 * beginning can match either, since a text that may stand anywhere after it does not. */
static const char *
match_from(const OmenPattern *self, const char *at, OmenMatch *match, gboolean *hopeless)
{
    gboolean is_floating = TRUE;

    for (guint i = 0; i < self->pieces->len && at; i++) {
        const Piece *piece = &g_array_index(self->pieces, Piece, i);
        gboolean is_first = i == 0;

        if (is_first || piece->gap == GAP_NONE) {
            at = g_str_has_prefix(at, piece->text) ? at + strlen(piece->text) : NULL;
        } else if (piece->gap == GAP_ANY) {
            /* "fan * failed" is also "fan failed": one space may be that before and that after. */
            gboolean shared = *piece->text == ' ' && g_str_has_suffix(piece[-1].text, " ");
            at = find_after(at - shared, piece->text, self->at_end && i + 1 == self->pieces->len);
            *hopeless = is_floating && !at;
        } else {
            is_floating = FALSE;
            at = match_measured(piece, at, match);
        }
    }
    return at;
}

const char *
omen_pattern_get_literal(const OmenPattern *self)
{
    const char *longest = "";

    for (guint i = 0; i < self->pieces->len; i++) {
        const char *text = g_array_index(self->pieces, Piece, i).text;
        if (strlen(text) > strlen(longest))
            longest = text;
    }
    return longest;
}

gboolean
omen_pattern_names_device(const OmenPattern *self)
{
    for (guint i = 0; i < self->pieces->len; i++) {
        if (g_array_index(self->pieces, Piece, i).gap == GAP_DEVICE)
            return TRUE;
    }
    return FALSE;
}

static gboolean
begins_word(const char *text, const char *at)
{
    return at == text || !g_ascii_isalnum(at[-1]);
}

/* Where the name of who wrote the line begins, if that is known: after its folder. */
static const char *
skip_folder(const char *text)
{
    const char *end = text + strcspn(text, " [(:");

    while (*text == '/' && end > text && end[-1] != '/')
        end--;
    return *text == '/' ? end : text;
}

/* "sshd: ", "sshd[12]: ", "sshd(pam_unix)[12]: ", "postfix/smtpd: ". Where the format of a log is
 * not known, it stands somewhere in the line, and only a bracket after it says what it is: the
 * kernel's lines name processes as well ("sshd: page allocation failure", "node: 1"). */
static gboolean
match_writer(const char *name, const char *text, const char *message, OmenMatch *match)
{
    gboolean is_known = message > text;
    const char *at = is_known ? skip_folder(text) : text;
    guint tries = 0;

    while ((at = is_known ? at : strstr(at, name)) && tries++ < 32) {
        const char *end = at + strlen(name);
        const char *follows = is_known || at == text ? ":[(/" : "[(";
        if (g_str_has_prefix(at, name) && *end && strchr(follows, *end) && begins_word(text, at)) {
            match->begin = at;
            match->end = end;
            return TRUE;
        }
        if (is_known)
            return FALSE;
        at++;
    }
    return FALSE;
}

gboolean
omen_pattern_match(const OmenPattern *self, const char *text, const char *message, OmenMatch *match)
{
    const Piece *first = &g_array_index(self->pieces, Piece, 0);
    const char *at = self->at_start ? message : text;
    gboolean hopeless = FALSE;
    guint tries = 0;

    *match->device = '\0';
    if (self->of_writer)
        return match_writer(first->text, text, message, match);
    /* A bounded number of beginnings keeps it linear. */
    while ((at = self->at_start ? at : strstr(at, first->text)) && tries++ < 32) {
        const char *end =
            self->at_word && !begins_word(text, at) ? NULL : match_from(self, at, match, &hopeless);
        if (end && (!self->at_end || *end == '\0')) {
            match->begin = at;
            match->end = end;
            return TRUE;
        }
        if (self->at_start || hopeless || *at == '\0')
            return FALSE;
        /* A pattern that begins with a gap of measured length has no text to look for: it is tried
         * at each word. */
        if (*first->text == '\0') {
            at = strchr(at, ' ');
            if (!at)
                return FALSE;
        }
        at++;
    }
    return FALSE;
}
