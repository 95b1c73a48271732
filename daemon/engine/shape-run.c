/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words, names and numbers: what begins with a letter or digit. */
#include "engine/shape-place.h"

/* What stands between two alphanumeric ends: [alnum]([join]*[alnum])* */
typedef struct {
    const char *begin;
    const char *end;
    guint classes; /* of its letters and digits, OR-ed */
    guint common;  /* the same, AND-ed */
    guint n_dots;
    gboolean joined;
    gboolean has_plus;
} Run;

/* Where the run goes on after the joining bytes at @at; NULL if it ends before them. */
static const char *
find_next_part(const char *at)
{
    char first = *at;

    if (class_at(at + 1) & OMEN_BYTE_ALNUM)
        return at + 1;
    if (first == '.' || first == '%' || first == '$')
        return NULL;
    for (guint i = 1; i < 4; i++) {
        char byte = *(at + i);
        if (class_at(at + i) & OMEN_BYTE_ALNUM)
            return at + i;
        if (byte != '_' && byte != '-' && byte != '~' && !(i == 1 && first == '/' && byte == '.'))
            return NULL;
    }
    return NULL;
}

static Run
read_run(const OmenShapeScanner *self)
{
    Run run = {.begin = self->at, .common = ~0u};
    const char *at = self->at;

    for (;;) {
        guint class;
        const char *next;

        while ((class = class_at(at)) & OMEN_BYTE_ALNUM) {
            run.classes |= class;
            run.common &= class;
            at++;
        }
        if (!(class & OMEN_BYTE_JOIN))
            break;
        next = find_next_part(at);
        if (!next)
            break;
        run.n_dots += *at == '.';
        run.has_plus |= *at == '+';
        run.joined = TRUE;
        at = next;
    }
    run.end = at;
    return run;
}

/* Letters in lower case and up to three digits, as eth0: the letters are a word. */
static const char *
find_unit_number(const Run *run)
{
    const char *at = run->end;

    while (at > run->begin && omen_byte_get_class(at[-1]) & OMEN_BYTE_DIGIT)
        at--;
    if (run->joined || run->end - at > 3 || at - run->begin < 2 ||
        (run->common & OMEN_BYTE_HEX && run->end - run->begin >= 6))
        return NULL;
    for (const char *letter = run->begin; letter < at; letter++) {
        if (!(omen_byte_get_class(*letter) & OMEN_BYTE_LOWER))
            return NULL;
    }
    return at;
}

/* Whether the latest parameter is a name, or a list of them. */
static gboolean
is_name_last(const OmenShape *shape)
{
    return shape->n_parameters > OMEN_SHAPE_MAX_DETAIL ||
           shape->parameters[shape->n_parameters - 1].kind <= OMEN_PARAMETER_NAME;
}

/* Whether another name of letters and a number stands before or behind, separated by a space or
 * comma: both are members of a list. */
static gboolean
is_list(const OmenShapeScanner *self, const Run *run)
{
    const char *at = run->end;
    const char *letters;
    const char *digits;

    if (self->merge && self->out == self->merge + 1 && self->out[-1] == ' ' &&
        is_name_last(self->shape))
        return TRUE;
    at += *at == ',';
    at += *at == ' ';
    if (at == run->end)
        return FALSE;
    for (letters = at; class_at(at) & OMEN_BYTE_LOWER; at++)
        ;
    for (digits = at; class_at(at) & OMEN_BYTE_DIGIT; at++)
        ;
    return digits > letters && at > digits && !(class_at(at) & (OMEN_BYTE_ALNUM | OMEN_BYTE_JOIN));
}

static OmenParameterKind
get_kind(const Run *run)
{
    gsize length = (gsize) (run->end - run->begin);

    if (!(run->classes & OMEN_BYTE_LETTER)) {
        if (run->n_dots == 3 && omen_parameter_match_ip(run->begin) == length)
            return OMEN_PARAMETER_IP;
        return OMEN_PARAMETER_NUMBER;
    }
    if (length > 2 && run->begin[0] == '0' && (run->begin[1] | 0x20) == 'x' && !run->joined)
        return OMEN_PARAMETER_HEX;
    if (length == 36 && omen_parameter_match_uuid(run->begin) == length)
        return OMEN_PARAMETER_UUID;
    if (run->common & OMEN_BYTE_HEX && length >= 6)
        return OMEN_PARAMETER_HEX;
    return OMEN_PARAMETER_NAME;
}

const char *
omen_shape_find_size_end(const char *at)
{
    gsize unit = omen_parameter_match_unit(at);
    const char *number;

    if (unit == 0)
        return NULL;
    at += unit;
    if (*at != ' ' || *(at + 1) != '(')
        return at;
    number = at + 2;
    while (class_at(number) & OMEN_BYTE_DIGIT || *number == '.')
        number++;
    unit = number > at + 2 ? omen_parameter_match_unit(number) : 0;
    return unit > 0 && *(number + unit) == ')' ? number + unit + 1 : at;
}

/* A time zone's name after a time. */
static gboolean
is_zone(const OmenShapeScanner *self, const Run *run)
{
    return self->merge && self->merge + 1 == self->out && self->out[-1] == ' ' &&
           omen_parameter_is_zone(run->begin, (gsize) (run->end - run->begin));
}

/* A group of hex digits before a colon: a MAC or PCI address, IPv6. */
static gboolean
take_colons(OmenShapeScanner *self, const Run *run)
{
    gsize length;

    if (*run->end != ':' || !(run->common & OMEN_BYTE_HEX) ||
        !(class_at(run->end + 1) & OMEN_BYTE_HEX || *(run->end + 1) == ':'))
        return FALSE;
    length = omen_parameter_match_pci(run->begin);
    if (length > 0) {
        omen_shape_put_parameter(self, OMEN_PARAMETER_PCI, run->begin, run->begin + length);
        return TRUE;
    }
    length = omen_parameter_match_id(run->begin);
    if (length > 0)
        omen_shape_put_parameter(self, OMEN_PARAMETER_ID, run->begin, run->begin + length);
    return length > 0;
}

/* "{...}" right after a word is a structure's dump, and a value with it. */
static const char *
find_dump_end(const OmenShapeScanner *self, const char *at)
{
    const char *limit = MIN(self->end, at + OMEN_SHAPE_MAX_QUOTED);
    guint depth = 0;

    for (; at < limit; at++) {
        if (*at == '{')
            depth++;
        else if (*at == '}' && --depth == 0)
            return at + 1;
    }
    return NULL;
}

static void
put_number(OmenShapeScanner *self, const Run *run, OmenParameterKind kind)
{
    const char *end = kind == OMEN_PARAMETER_NUMBER ? omen_shape_find_size_end(run->end) : NULL;

    omen_shape_put_parameter(self, end ? OMEN_PARAMETER_SIZE : kind, run->begin,
                             end ? end : run->end);
}

/* The end of a function's name in "name.part.0+0x5d/0x1f9", a place in the kernel; NULL: it is
 * none. */
static const char *
find_symbol_end(const Run *run)
{
    const char *at = run->begin;
    const char *end;

    if (class_at(at) & OMEN_BYTE_DIGIT)
        return NULL;
    while (class_at(at) & OMEN_BYTE_ALNUM || *at == '_')
        at++;
    end = at;
    while (class_at(at) & OMEN_BYTE_ALNUM || *at == '_' || *at == '.')
        at++;
    return *at == '+' && class_at(at + 1) & OMEN_BYTE_DIGIT && *(at + 2) == 'x' ? end : NULL;
}

/* A function is a word; its digits are a parameter, as those of any word. */
static void
put_symbol(OmenShapeScanner *self, const Run *run, const char *end)
{
    const char *at = run->begin;

    self->merge = NULL;
    while (at < end) {
        const char *part = at;
        guint is_digit = class_at(at) & OMEN_BYTE_DIGIT;
        while (at < end && (class_at(at) & OMEN_BYTE_DIGIT) == is_digit)
            at++;
        if (is_digit)
            omen_shape_put_parameter(self, OMEN_PARAMETER_NAME, part, at);
        else
            put_bytes(self, part, at);
        self->merge = NULL;
    }
    put(self, '+');
    omen_shape_put_parameter(self, OMEN_PARAMETER_HEX, end, run->end);
}

static void
put_mixed(OmenShapeScanner *self, const Run *run)
{
    const char *symbol = run->has_plus ? find_symbol_end(run) : NULL;
    const char *number;

    if (symbol) {
        put_symbol(self, run, symbol);
        return;
    }
    if (run->classes & OMEN_BYTE_LOWER &&
        omen_parameter_match_device(run->begin) == (gsize) (run->end - run->begin)) {
        omen_shape_put_parameter(self, OMEN_PARAMETER_DEVICE, run->begin, run->end);
        return;
    }
    number = find_unit_number(run);
    if (number &&
        (is_list(self, run) || omen_shape_is_value_place(self, run->begin, run->end, run->n_dots)))
        number = NULL;
    if (!number) {
        put_number(self, run, get_kind(run));
        return;
    }
    put_bytes(self, run->begin, number);
    self->merge = NULL;
    omen_shape_put_parameter(self, OMEN_PARAMETER_NUMBER, number, run->end);
    self->merge = NULL;
}

/* A number that happens to hold no digit: "ffffffff", "a3=b". */
static gboolean
is_hex_number(const OmenShapeScanner *self, const Run *run)
{
    gsize length = (gsize) (run->end - run->begin);

    return run->common & OMEN_BYTE_HEX && !run->joined &&
           (length == 8 || length == 16 || (length <= 2 && self->out[-1] == '='));
}

/* A quick look. */
static inline gboolean
may_be_hex(const char *word, const char *end)
{
    return (end - word == 8 || end - word == 16) &&
           class_at(word) & class_at(end - 1) & OMEN_BYTE_HEX;
}

/* "org.example.action.SCREEN_ON": a constant that is named with where it is from. Constants are
 * words. */
static gboolean
is_constant(const Run *run)
{
    const char *at = run->end;

    if (run->n_dots < 2 || !(class_at(run->begin) & OMEN_BYTE_LOWER))
        return FALSE;
    while (class_at(at - 1) & OMEN_BYTE_UPPER || at[-1] == '_')
        at--;
    return run->end - at >= 2 && at[-1] == '.';
}

static gboolean
is_parameter_word(const OmenShapeScanner *self, const Run *run)
{
    gsize length = (gsize) (run->end - run->begin);
    guint n_dots = is_constant(run) ? 0 : run->n_dots;

    if (n_dots >= 2 || is_hex_number(self, run))
        return TRUE;
    if (n_dots == 1 && *run->end == ':' && class_at(run->end + 1) & OMEN_BYTE_DIGIT)
        return TRUE;
    if (length == 3 && omen_parameter_match_date_word(run->begin) > 0)
        return TRUE;
    return omen_shape_is_value_place(self, run->begin, run->end, n_dots) || is_zone(self, run);
}

/* "=a:b:c", a value of several words, and "to LOCAL(0)", the number of a peer without an address:
 * its end; NULL: neither. */
static const char *
find_long_value_end(const OmenShapeScanner *self, const Run *run)
{
    const char *at = run->end;

    if (*at == ':' && self->out[-1] == '=') {
        guint n_colons = 0;
        for (; class_at(at) & OMEN_BYTE_ALNUM || *at == '_' || *at == ':' || *at == ','; at++)
            n_colons += *at == ':';
        return n_colons >= 2 && class_at(at - 1) & OMEN_BYTE_ALNUM ? at : NULL;
    }
    if (*at == '(' && class_at(run->begin) & OMEN_BYTE_UPPER &&
        omen_shape_text_ends_with(self, " to ")) {
        for (at++; class_at(at) & OMEN_BYTE_DIGIT;)
            at++;
        return at > run->end + 1 && *at == ')' ? at + 1 : NULL;
    }
    return NULL;
}

static void
put_word(OmenShapeScanner *self, const Run *run)
{
    gsize length = (gsize) (run->end - run->begin);
    const char *end =
        *run->end == '{' ? find_dump_end(self, run->end) : find_long_value_end(self, run);

    if (end) {
        omen_shape_put_parameter(self, OMEN_PARAMETER_ANY, run->begin, end);
    } else if (length >= 3 && length <= 4 && omen_parameter_match_device(run->begin) == length) {
        omen_shape_put_parameter(self, OMEN_PARAMETER_DEVICE, run->begin, run->end);
    } else if (is_parameter_word(self, run)) {
        omen_shape_put_parameter(self, OMEN_PARAMETER_NAME, run->begin, run->end);
    } else {
        put_bytes(self, run->begin, run->end);
        omen_shape_note_keyword(self, run->begin, length);
        self->at = run->end;
    }
}

/* A letter, a colon and a backslash: a path of Windows. */
static gboolean
take_drive(OmenShapeScanner *self, const Run *run)
{
    const char *at = run->end;

    if (run->end - run->begin != 1 || *at != ':' || *(at + 1) != '\\')
        return FALSE;
    for (at++; !(class_at(at) & OMEN_BYTE_STOP);)
        at++;
    omen_shape_put_parameter(self, OMEN_PARAMETER_PATH, run->begin, at);
    return TRUE;
}

void
omen_shape_take_run(OmenShapeScanner *self)
{
    Run run = read_run(self);

    if (*run.end == ':' && (take_colons(self, &run) || take_drive(self, &run)))
        return;
    if (run.classes & OMEN_BYTE_DIGIT)
        put_mixed(self, &run);
    else
        put_word(self, &run);
}

/* Most of a log: letters alone, and nothing before or after them that could make them a value. */
void
omen_shape_take_letters(OmenShapeScanner *self)
{
    const char *word = self->at;
    const char *end = skip_letters(self, word);
    gsize length = (gsize) (end - word);
    guint next = class_at(end);

    if (next & (OMEN_BYTE_DIGIT | OMEN_BYTE_JOIN) || *end == '{' ||
        (*end == ':' && !(class_at(end + 1) & OMEN_BYTE_SPACE))) {
        omen_shape_take_run(self);
        return;
    }
    if (self->out[-1] == '=' || self->out[-1] == '(' || *end == '(' || may_be_hex(word, end)) {
        omen_shape_take_run(self);
        return;
    }
    if (self->keyword || omen_shape_may_be_keyword(word, length)) {
        const Run run = {.begin = word, .end = end};
        put_word(self, &run);
        return;
    }
    put_bytes(self, word, end);
    self->at = end;
}
