/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/parameter.h"

#include <string.h>

#define S  OMEN_BYTE_SPACE
#define D  (OMEN_BYTE_DIGIT | OMEN_BYTE_HEX)
#define L  OMEN_BYTE_LOWER
#define U  OMEN_BYTE_UPPER
#define LX (OMEN_BYTE_LOWER | OMEN_BYTE_HEX)
#define UX (OMEN_BYTE_UPPER | OMEN_BYTE_HEX)
#define J  OMEN_BYTE_JOIN
#define P  OMEN_BYTE_PART
#define JP (OMEN_BYTE_JOIN | OMEN_BYTE_PART)
#define O  OMEN_BYTE_OTHER
#define X  OMEN_BYTE_STOP
#define O8 O, O, O, O, O, O, O, O

/* clang-format off */
const guint16 omen_byte_class[256] = {
    X, 0, 0, 0, 0, 0, 0, 0, 0, S|X, S|X, S|X, S|X, S|X, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, S|X, S|X, S|X, S|X,
    /* space ! " # $ % & ' */
    S|P|X, 0, X, P, J, J, P, X,
    /* ( ) * + , - . / */
    X, X, 0, JP, P|X, JP, J, JP,
    D, D, D, D, D, D, D, D, D, D, P|X, P|X, X, 0, X, 0,
    /* @ */
    P, UX, UX, UX, UX, UX, UX, U, U, U, U, U, U, U, U, U,
    U, U, U, U, U, U, U, U, U, U, U, X, 0, X, 0, JP,
    0, LX, LX, LX, LX, LX, LX, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, X, P|X, X, J, 0,
    O8, O8, O8, O8, O8, O8, O8, O8, O8, O8, O8, O8, O8, O8, O8, O8,
};
/* clang-format on */

static const char *const placeholders[OMEN_PARAMETER_N_KINDS] = {
    [OMEN_PARAMETER_ANY] = "<:*:>",       [OMEN_PARAMETER_NAME] = "<:*:>",
    [OMEN_PARAMETER_PATH] = "<:PATH:>",   [OMEN_PARAMETER_NUMBER] = "<:NUM:>",
    [OMEN_PARAMETER_HEX] = "<:HEX:>",     [OMEN_PARAMETER_ID] = "<:ID:>",
    [OMEN_PARAMETER_IP] = "<:IP:>",       [OMEN_PARAMETER_UUID] = "<:UUID:>",
    [OMEN_PARAMETER_PCI] = "<:PCI:>",     [OMEN_PARAMETER_SIZE] = "<:SIZE:>",
    [OMEN_PARAMETER_DEVICE] = "<:DEV:>",  [OMEN_PARAMETER_STRING] = "<:STR:>",
    [OMEN_PARAMETER_COMMAND] = "<:CMD:>",
};

const char *
omen_parameter_kind_get_placeholder(OmenParameterKind kind)
{
    return placeholders[kind];
}

static inline gboolean
is(const char *at, guint class)
{
    return (omen_byte_get_class(*at) & class) != 0;
}

static inline const char *
skip(const char *at, guint class)
{
    while (is(at, class))
        at++;
    return at;
}

/* The length up to @at if a word ends there. */
static inline gsize
bounded(const char *begin, const char *at)
{
    return is(at, OMEN_BYTE_ALNUM) ? 0 : (gsize) (at - begin);
}

/* Steps over exactly @n bytes of @class. */
static gboolean
take(const char **at, guint class, guint n)
{
    for (guint i = 0; i < n; i++) {
        if (!is(*at + i, class))
            return FALSE;
    }
    *at += n;
    return TRUE;
}

static inline gboolean
take_byte(const char **at, char byte)
{
    if (**at != byte)
        return FALSE;
    (*at)++;
    return TRUE;
}

/* Up to eight bytes as one number, to compare words by. */
static inline guint64
pack(const char *at, gsize length)
{
    guint64 word;

    memcpy(&word, at, sizeof word);
    return length >= 8 ? word
                       : GUINT64_FROM_LE(word) & ((G_GUINT64_CONSTANT(1) << (8 * length)) - 1);
}

#define BYTE(c, place)             ((guint64) (guchar) (c) << (8 * (place)))
#define WORD1(a)                   BYTE(a, 0)
#define WORD2(a, b)                (WORD1(a) | BYTE(b, 1))
#define WORD3(a, b, c)             (WORD2(a, b) | BYTE(c, 2))
#define WORD4(a, b, c, d)          (WORD3(a, b, c) | BYTE(d, 3))
#define WORD5(a, b, c, d, e)       (WORD4(a, b, c, d) | BYTE(e, 4))
#define WORD6(a, b, c, d, e, f)    (WORD5(a, b, c, d, e) | BYTE(f, 5))
#define WORD7(a, b, c, d, e, f, g) (WORD6(a, b, c, d, e, f) | BYTE(g, 6))

gsize
omen_parameter_match_uuid(const char *at)
{
    static const guint groups[] = {8, 4, 4, 4, 12};
    const char *begin = at;

    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
        if ((i > 0 && !take_byte(&at, '-')) || !take(&at, OMEN_BYTE_HEX, groups[i]))
            return 0;
    }
    return bounded(begin, at);
}

gsize
omen_parameter_match_id(const char *at)
{
    const char *begin = at;
    gsize longest = 0;

    for (guint n_colons = 0;; n_colons++) {
        const char *group = at;

        while (at - group < 4 && is(at, OMEN_BYTE_HEX))
            at++;
        if (n_colons >= 3 && at > group && bounded(begin, at) > 0)
            longest = (gsize) (at - begin);
        if (!take_byte(&at, ':'))
            return longest;
    }
}

gsize
omen_parameter_match_pci(const char *at)
{
    const char *begin = at;
    const char *domain = skip(at, OMEN_BYTE_HEX);

    if (domain - at >= 4 && domain - at <= 8) {
        at = domain;
        if (!take_byte(&at, ':'))
            return 0;
    }
    if (!take(&at, OMEN_BYTE_HEX, 2) || !take_byte(&at, ':') || !take(&at, OMEN_BYTE_HEX, 2) ||
        !take_byte(&at, '.') || *at < '0' || *at > '7')
        return 0;
    return bounded(begin, at + 1);
}

gsize
omen_parameter_match_ip(const char *at)
{
    const char *begin = at;

    for (guint i = 0; i < 4; i++) {
        const char *group;

        if (i > 0 && !take_byte(&at, '.'))
            return 0;
        group = at;
        at = skip(at, OMEN_BYTE_DIGIT);
        if (at == group || at - group > 3)
            return 0;
    }
    return bounded(begin, at);
}

/* The length of the driver's name that a numbered device begins with. */
static gsize
match_driver(const char *at)
{
    switch (*at) {
    case 'b':
        return pack(at, 6) == WORD6('b', 'c', 'a', 'c', 'h', 'e') ? 6 : 0;
    case 'd':
        return pack(at, 3) == WORD3('d', 'm', '-') ? 3 : 0;
    case 'l':
        return pack(at, 4) == WORD4('l', 'o', 'o', 'p') ? 4 : 0;
    case 'm':
        if (pack(at, 6) == WORD6('m', 'm', 'c', 'b', 'l', 'k'))
            return 6;
        return at[1] == 'd' ? 2 : 0;
    case 'n':
        if (pack(at, 4) == WORD4('n', 'v', 'm', 'e'))
            return 4;
        return pack(at, 3) == WORD3('n', 'b', 'd') ? 3 : 0;
    case 'r':
        return pack(at, 3) == WORD3('r', 'b', 'd') ? 3 : 0;
    case 's':
        return at[1] == 'r' ? 2 : 0;
    case 'z':
        return pack(at, 4) == WORD4('z', 'r', 'a', 'm') ? 4 : 0;
    default:
        return 0;
    }
}

/* A letter and the digits after it, if they are there. */
static const char *
skip_part(const char *at, char letter)
{
    return *at == letter && is(at + 1, OMEN_BYTE_DIGIT) ? skip(at + 1, OMEN_BYTE_DIGIT) : at;
}

gsize
omen_parameter_match_device(const char *at)
{
    const char *disk = at + (*at == 'x');
    gsize driver;

    if (disk[1] == 'd' && (*disk == 'v' || (disk == at && (*disk == 's' || *disk == 'h')))) {
        const char *digits = skip(disk + 2, OMEN_BYTE_LOWER);
        gsize n_letters = (gsize) (digits - disk) - 2;
        return n_letters < 1 || n_letters > 2 ? 0 : bounded(at, skip(digits, OMEN_BYTE_DIGIT));
    }
    driver = match_driver(at);
    if (driver == 0 || !is(at + driver, OMEN_BYTE_DIGIT))
        return 0;
    return bounded(at, skip_part(skip_part(skip(at + driver, OMEN_BYTE_DIGIT), 'n'), 'p'));
}

static gboolean
is_unit(const char *at, gsize length)
{
    static const guint64 one[] = {WORD1('B'), WORD1('b'), WORD1('s'), 0};
    static const guint64 two[] = {
        WORD2('k', 'B'), WORD2('K', 'B'), WORD2('M', 'B'), WORD2('G', 'B'),
        WORD2('T', 'B'), WORD2('P', 'B'), WORD2('k', 'b'), WORD2('K', 'b'),
        WORD2('M', 'b'), WORD2('G', 'b'), WORD2('m', 's'), WORD2('u', 's'),
        WORD2('n', 's'), WORD2('h', 'r'), WORD2('H', 'z'), 0,
    };
    static const guint64 three[] = {
        WORD3('K', 'i', 'B'),
        WORD3('M', 'i', 'B'),
        WORD3('G', 'i', 'B'),
        WORD3('T', 'i', 'B'),
        WORD3('B', '/', 's'),
        WORD3('s', 'e', 'c'),
        WORD3('m', 'i', 'n'),
        WORD3('h', 'r', 's'),
        WORD3('d', 'a', 'y'),
        WORD3('k', 'H', 'z'),
        WORD3('M', 'H', 'z'),
        WORD3('G', 'H', 'z'),
        0,
    };
    static const guint64 four[] = {
        WORD4('k', 'b', 'p', 's'), WORD4('M', 'b', 'p', 's'), WORD4('G', 'b', 'p', 's'),
        WORD4('k', 'B', '/', 's'), WORD4('K', 'B', '/', 's'), WORD4('M', 'B', '/', 's'),
        WORD4('B', 'y', 't', 'e'), WORD4('b', 'y', 't', 'e'), WORD4('s', 'e', 'c', 's'),
        WORD4('m', 's', 'e', 'c'), WORD4('u', 's', 'e', 'c'), WORD4('m', 'i', 'n', 's'),
        WORD4('h', 'o', 'u', 'r'), WORD4('d', 'a', 'y', 's'), 0,
    };
    static const guint64 five[] = {
        WORD5('B', 'y', 't', 'e', 's'), WORD5('b', 'y', 't', 'e', 's'),
        WORD5('m', 's', 'e', 'c', 's'), WORD5('u', 's', 'e', 'c', 's'),
        WORD5('h', 'o', 'u', 'r', 's'), 0,
    };
    static const guint64 six[] = {
        WORD6('s', 'e', 'c', 'o', 'n', 'd'),
        WORD6('m', 'i', 'n', 'u', 't', 'e'),
        0,
    };
    static const guint64 seven[] = {
        WORD7('s', 'e', 'c', 'o', 'n', 'd', 's'),
        WORD7('m', 'i', 'n', 'u', 't', 'e', 's'),
        0,
    };
    static const guint64 *const units[] = {one, two, three, four, five, six, seven};
    guint64 word = pack(at, length);

    for (const guint64 *unit = units[length - 1]; *unit; unit++) {
        if (*unit == word)
            return TRUE;
    }
    return FALSE;
}

gsize
omen_parameter_match_unit(const char *at)
{
    const char *word = at + (*at == ' ');
    const char *end;

    if (*word == '%')
        return (gsize) (word + 1 - at);
    end = skip(word, OMEN_BYTE_LETTER);
    if (end == word || end - word > 7 || is(end, OMEN_BYTE_DIGIT))
        return 0;
    if (end - word <= 2 && end[0] == '/' && end[1] == 's' && !is(end + 2, OMEN_BYTE_ALNUM) &&
        is_unit(word, (gsize) (end - word) + 2))
        return (gsize) (end + 2 - at);
    return is_unit(word, (gsize) (end - word)) ? bounded(at, end) : 0;
}

static gboolean
is_date_word(const char *at)
{
    static const guint64 words[] = {
        WORD3('M', 'o', 'n'), WORD3('T', 'u', 'e'), WORD3('W', 'e', 'd'), WORD3('T', 'h', 'u'),
        WORD3('F', 'r', 'i'), WORD3('S', 'a', 't'), WORD3('S', 'u', 'n'), WORD3('J', 'a', 'n'),
        WORD3('F', 'e', 'b'), WORD3('M', 'a', 'r'), WORD3('A', 'p', 'r'), WORD3('M', 'a', 'y'),
        WORD3('J', 'u', 'n'), WORD3('J', 'u', 'l'), WORD3('A', 'u', 'g'), WORD3('S', 'e', 'p'),
        WORD3('O', 'c', 't'), WORD3('N', 'o', 'v'), WORD3('D', 'e', 'c'),
    };
    guint64 word = pack(at, 3);

    if (!is(at, OMEN_BYTE_UPPER) || is(at + 3, OMEN_BYTE_ALNUM))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (words[i] == word)
            return TRUE;
    }
    return FALSE;
}

gsize
omen_parameter_match_date_word(const char *at)
{
    const char *next = at + 3;

    if (!is_date_word(at))
        return 0;
    next += *next == ',';
    if (*next != ' ')
        return 0;
    while (*next == ' ')
        next++;
    return is(next, OMEN_BYTE_DIGIT) || is_date_word(next) ? 3 : 0;
}

gboolean
omen_parameter_is_zone(const char *at, gsize length)
{
    static const guint64 zones[] = {
        WORD3('U', 'T', 'C'), WORD3('G', 'M', 'T'), WORD3('P', 'S', 'T'),      WORD3('P', 'D', 'T'),
        WORD3('E', 'S', 'T'), WORD3('E', 'D', 'T'), WORD3('C', 'S', 'T'),      WORD3('C', 'D', 'T'),
        WORD3('M', 'S', 'T'), WORD3('M', 'D', 'T'), WORD3('C', 'E', 'T'),      WORD3('B', 'S', 'T'),
        WORD3('J', 'S', 'T'), WORD3('I', 'S', 'T'), WORD4('C', 'E', 'S', 'T'),
    };
    guint64 word = pack(at, MIN(length, 7));

    for (gsize i = 0; length <= 4 && i < G_N_ELEMENTS(zones); i++) {
        if (zones[i] == word)
            return TRUE;
    }
    return FALSE;
}

gsize
omen_parameter_match_path(const char *at)
{
    const char *begin = at;
    const char *slash;

    while (at - begin < 2 && (*at == '~' || *at == '.'))
        at++;
    if (!take_byte(&at, '/'))
        return 0;
    slash = at;
    while (!is(at, OMEN_BYTE_STOP))
        at++;
    while (at > slash && at[-1] == '.')
        at--;
    return at > slash ? (gsize) (at - begin) : 0;
}
