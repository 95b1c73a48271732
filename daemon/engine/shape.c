/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/shape-scanner.h"

#define LARGE 4096

/* Whether only separators stand between the last parameter and the text's end. */
static gboolean
can_merge(const OmenShapeScanner *self)
{
    for (const char *at = self->merge; at < self->out; at++) {
        if (!(omen_byte_get_class(*at) & OMEN_BYTE_PART))
            return FALSE;
    }
    return TRUE;
}

/* An address keeps its kind with its port; else only equals stay what they are. */
static OmenParameterKind
merge_kinds(const OmenShapeScanner *self, OmenParameterKind last, OmenParameterKind kind)
{
    if (last == OMEN_PARAMETER_IP && kind == OMEN_PARAMETER_NUMBER &&
        self->out == self->merge + 1 && *self->merge == ':')
        return last;
    return last == kind && kind > OMEN_PARAMETER_PATH ? kind : OMEN_PARAMETER_ANY;
}

void
omen_shape_put_parameter(OmenShapeScanner *self,
                         OmenParameterKind kind,
                         const char *from,
                         const char *to)
{
    OmenShape *shape = self->shape;

    if (self->merge && can_merge(self)) {
        if (shape->n_parameters <= OMEN_SHAPE_MAX_DETAIL) {
            OmenShapeParameter *last = &shape->parameters[shape->n_parameters - 1];
            last->kind = (guint8) merge_kinds(self, last->kind, kind);
        }
        self->out = (char *) self->merge;
    } else {
        put(self, OMEN_SHAPE_MARK);
        if (shape->n_parameters < OMEN_SHAPE_MAX_DETAIL)
            shape->parameters[shape->n_parameters] = (OmenShapeParameter){
                .offset = (guint16) (from - self->begin),
                .length = (guint16) (to - from),
                .kind = (guint8) kind,
            };
        shape->n_parameters++;
    }
    self->merge = self->out;
    self->at = to;
}

/* ---- what is neither letter, digit nor space ---- */

static gboolean
take_path(OmenShapeScanner *self)
{
    gsize length = omen_parameter_match_path(self->at);

    /* Java writes a host's address behind its name and a slash. */
    if (length > 0 && omen_parameter_match_ip(self->at + 1) == length - 1)
        omen_shape_put_parameter(self, OMEN_PARAMETER_IP, self->at, self->at + length);
    else if (length > 0)
        omen_shape_put_parameter(self, OMEN_PARAMETER_PATH, self->at, self->at + length);
    return length > 0;
}

/* -5, +5, ~5; <1 sec, > 20 ms */
static gboolean
take_sign(OmenShapeScanner *self, char byte)
{
    const char *number = self->at + 1;
    const char *end;

    if (byte == '<' || byte == '>') {
        number += *number == ' ';
        for (end = number; class_at(end) & OMEN_BYTE_DIGIT || *end == '.';)
            end++;
        end = end > number ? omen_shape_find_size_end(end) : NULL;
        if (end && *end == '>')
            return FALSE; /* <5242b> is no size */
        if (end)
            omen_shape_put_parameter(self, OMEN_PARAMETER_SIZE, self->at, end);
        return end != NULL;
    }
    if (!(class_at(number) & OMEN_BYTE_DIGIT))
        return FALSE;
    self->at = number;
    omen_shape_take_run(self);
    return TRUE;
}

/* <:NAME:>, as masks of the user leave it, and templates hold it. */
static gboolean
take_placeholder(OmenShapeScanner *self)
{
    const char *at = self->at + 2;
    OmenParameterKind kind = OMEN_PARAMETER_ANY;

    if (*(self->at + 1) != ':')
        return FALSE;
    while (class_at(at) & (OMEN_BYTE_UPPER | OMEN_BYTE_DIGIT) || *at == '*' || *at == '_')
        at++;
    if (at == self->at + 2 || *at != ':' || *(at + 1) != '>')
        return FALSE;
    at += 2;
    for (guint i = OMEN_PARAMETER_PATH; i < OMEN_PARAMETER_N_KINDS; i++) {
        const char *placeholder = omen_parameter_kind_get_placeholder(i);
        if (strlen(placeholder) == (gsize) (at - self->at) &&
            memcmp(placeholder, self->at, (gsize) (at - self->at)) == 0)
            kind = (OmenParameterKind) i;
    }
    /* One that is not ours keeps its name, as long as it is the same each time. */
    if (kind == OMEN_PARAMETER_ANY && self->at[2] != '*')
        kind = OMEN_PARAMETER_NAME;
    omen_shape_put_parameter(self, kind, self->at, at);
    return TRUE;
}

/* <name@host>: an address of mail. */
static gboolean
take_address(OmenShapeScanner *self)
{
    const char *limit = MIN(self->end, self->at + OMEN_SHAPE_MAX_QUOTED);
    gboolean has_at = FALSE;
    const char *at;

    for (at = self->at + 1; at < limit && !(class_at(at) & OMEN_BYTE_STOP); at++)
        has_at = has_at || *at == '@';
    if (!has_at || at >= limit || *at != '>')
        return FALSE;
    omen_shape_put_parameter(self, OMEN_PARAMETER_NAME, self->at, at + 1);
    return TRUE;
}

static gboolean
take_quoted(OmenShapeScanner *self)
{
    const char *limit = MIN(self->end, self->at + OMEN_SHAPE_MAX_QUOTED);
    const char *close;
    gboolean is_command = omen_shape_text_ends_with(self, "executed cmd ");

    if (!is_command && !omen_shape_text_ends_with(self, "="))
        return FALSE;
    close = memchr(self->at + 1, '"', (gsize) (limit - self->at - 1));
    if (!close)
        return FALSE;
    omen_shape_put_parameter(self, is_command ? OMEN_PARAMETER_COMMAND : OMEN_PARAMETER_STRING,
                             self->at, close + 1);
    return TRUE;
}

/* "()" and the like by themselves: a parameter that is empty this time. */
static gboolean
take_empty(OmenShapeScanner *self, char open)
{
    char close = open == '(' ? ')' : open == '[' ? ']' : open;
    guint after = class_at(self->at + 2);
    char next = *(self->at + 2);

    if (*(self->at + 1) != close || self->out == self->shape->text || self->out[-1] != ' ' ||
        !(after & OMEN_BYTE_SPACE || next == ',' || next == '.'))
        return FALSE;
    put(self, open);
    omen_shape_put_parameter(self, OMEN_PARAMETER_ANY, self->at + 1, self->at + 1);
    put(self, close);
    self->at++;
    return TRUE;
}

/* A value that is empty this time stands before @byte. */
static void
put_empty_before(OmenShapeScanner *self, char byte)
{
    omen_shape_put_parameter(self, OMEN_PARAMETER_ANY, self->at, self->at);
    put(self, byte);
    self->at++;
}

/* "key= " */
static gboolean
take_empty_key(OmenShapeScanner *self)
{
    if (!(class_at(self->at + 1) & OMEN_BYTE_SPACE) ||
        !(omen_byte_get_class(self->out[-1]) & OMEN_BYTE_ALNUM))
        return FALSE;
    put(self, '=');
    omen_shape_put_parameter(self, OMEN_PARAMETER_ANY, self->at + 1, self->at + 1);
    return TRUE;
}

/* "key , " and, as PAM has it, "by (uid=5)". */
static gboolean
take_empty_item(OmenShapeScanner *self, char byte)
{
    gboolean is_empty =
        byte == ',' ? self->out > self->shape->text && self->out[-1] == ' '
                    : memcmp(self->at, "(uid=", 5) == 0 && omen_shape_text_ends_with(self, "by ");

    if (is_empty)
        put_empty_before(self, byte);
    return is_empty;
}

/* "{ a b c }": a set of words is one value. */
static gboolean
take_set(OmenShapeScanner *self)
{
    const char *limit = MIN(self->end, self->at + OMEN_SHAPE_MAX_QUOTED);
    const char *close;

    if (*(self->at + 1) != ' ' || self->at + 2 >= limit)
        return FALSE;
    for (close = self->at + 2;
         close < limit && (class_at(close) & OMEN_BYTE_ALNUM || *close == '_' || *close == ' ');)
        close++;
    if (close >= limit || *close != '}' || close[-1] != ' ')
        return FALSE;
    omen_shape_put_parameter(self, OMEN_PARAMETER_ANY, self->at, close + 1);
    return TRUE;
}

/* An address that begins with the colons of IPv6: "::1". */
static gboolean
take_short_address(OmenShapeScanner *self)
{
    const char *at = self->at;
    gboolean has_digit = FALSE;

    if (*(at + 1) != ':' || omen_byte_get_class(self->out[-1]) & OMEN_BYTE_ALNUM)
        return FALSE;
    for (at += 2; class_at(at) & OMEN_BYTE_HEX || (*at == ':' && class_at(at + 1) & OMEN_BYTE_HEX);
         at++)
        has_digit = has_digit || class_at(at) & OMEN_BYTE_DIGIT;
    if (!has_digit || class_at(at) & OMEN_BYTE_ALNUM)
        return FALSE;
    omen_shape_put_parameter(self, OMEN_PARAMETER_ID, self->at, at);
    return TRUE;
}

/* #5#: a number between number signs, as those who hide names in a log write it. */
static gboolean
take_numbered(OmenShapeScanner *self)
{
    const char *at = self->at + 1;

    while (class_at(at) & OMEN_BYTE_DIGIT)
        at++;
    if (at == self->at + 1 || *at != '#')
        return FALSE;
    omen_shape_put_parameter(self, OMEN_PARAMETER_NUMBER, self->at, at + 1);
    return TRUE;
}

static void
take_other(OmenShapeScanner *self)
{
    char byte = *self->at;

    switch (byte) {
    case '=':
        if (take_empty_key(self))
            return;
        break;
    case ',':
        if (take_empty_item(self, byte))
            return;
        break;
    case '{':
        if (take_set(self))
            return;
        break;
    case ':':
        if (take_short_address(self))
            return;
        break;
    case '#':
        if (take_numbered(self))
            return;
        break;
    case '/':
    case '.':
    case '~':
        if (take_path(self) || (byte == '~' && take_sign(self, byte)))
            return;
        break;
    case '-':
    case '+':
        if (take_sign(self, byte))
            return;
        break;
    case '<':
    case '>':
        if ((byte == '<' && (take_placeholder(self) || take_address(self))) ||
            take_sign(self, byte))
            return;
        break;
    case '"':
        if (take_quoted(self) || take_empty(self, byte))
            return;
        break;
    case '(':
        if (take_empty_item(self, byte) || take_empty(self, byte))
            return;
        break;
    case '\'':
        if (take_empty(self, byte))
            return;
        break;
    case '[':
        if (take_empty(self, byte))
            return;
        put(self, byte);
        /* The kernel pads its time stamps. */
        for (self->at++; self->at + 1 < self->end && *self->at == ' ' &&
                         class_at(self->at + 1) & (OMEN_BYTE_DIGIT | OMEN_BYTE_SPACE);)
            self->at++;
        return;
    default:
        break;
    }
    put(self, (guchar) byte < ' ' || byte == 0x7f ? '?' : byte);
    self->at++;
}

static void
take_space(OmenShapeScanner *self)
{
    while (self->at < self->end && class_at(self->at) & OMEN_BYTE_SPACE)
        self->at++;
    if (self->out > self->shape->text && self->at < self->end)
        put(self, ' ');
}

OmenShape *
omen_shape_new(void)
{
    return g_new0(OmenShape, 1);
}

static void
release(OmenShape *self)
{
    g_clear_pointer(&self->map, g_free);
    self->capacity = 0;
}

void
omen_shape_free(OmenShape *self)
{
    release(self);
    g_free(self);
}

/* One block for all three buffers; what one giant message took is given back at the next. */
static void
reserve(OmenShape *self, gsize length)
{
    gsize capacity = MAX((length + 255) / 256 * 256, 512);
    gsize n_maps = capacity / OMEN_BYTE_MAP_BLOCK + 2;

    if (self->capacity > 0 && length <= self->capacity &&
        (self->capacity <= LARGE || length > LARGE))
        return;
    release(self);
    self->map = g_malloc(n_maps * sizeof *self->map + 3 * capacity + 3 * OMEN_PARAMETER_SLACK);
    self->message = (char *) (self->map + n_maps);
    self->text = self->message + capacity + 2 * OMEN_PARAMETER_SLACK;
    self->text[-1] = ' '; /* what stands before the first byte may be looked at */
    self->capacity = capacity;
}

/* The message with white space after it, so that looking ahead needs no checks. */
static void
copy_message(OmenShape *self, const char *message, gsize length)
{
    if (length > 0)
        memcpy(self->message, message, length);
    memset(self->message + length, '\n', 2 * OMEN_PARAMETER_SLACK);
    for (gsize at = 0; at <= length; at += OMEN_BYTE_MAP_BLOCK)
        omen_byte_map_fill(&self->map[at / OMEN_BYTE_MAP_BLOCK], self->message + at);
}

void
omen_shape_scan(OmenShape *self, const char *message, gsize length)
{
    OmenShapeScanner scanner = {.shape = self};

    length = MIN(length, OMEN_SHAPE_MAX_INPUT);
    reserve(self, length);
    copy_message(self, message, length);
    scanner.begin = self->message;
    scanner.at = self->message;
    scanner.end = self->message + length;
    scanner.out = self->text;
    self->n_parameters = 0;
    while (scanner.at < scanner.end) {
        guint class = class_at(scanner.at);
        if (class & OMEN_BYTE_LETTER)
            omen_shape_take_letters(&scanner);
        else if (class & OMEN_BYTE_SPACE)
            take_space(&scanner);
        else if (class & OMEN_BYTE_DIGIT)
            omen_shape_take_run(&scanner);
        else
            take_other(&scanner);
    }
    self->length = (gsize) (scanner.out - self->text);
}
