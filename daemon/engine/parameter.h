/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameters whose form tells what they are: numbers, addresses, identifiers, paths.
 *
 * Each recogniser is hand-written for speed; the regular expression beside it is its definition,
 * and a property test holds the two together. Bytes in, lengths out; any bytes are allowed.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_PARAMETER_ANY,  /* kinds met in one place differ */
    OMEN_PARAMETER_NAME, /* letters with digits, dotted names, words in a value's place */
    OMEN_PARAMETER_PATH,
    OMEN_PARAMETER_NUMBER,
    OMEN_PARAMETER_HEX,
    OMEN_PARAMETER_ID, /* MAC addresses and other groups of hex digits between colons */
    OMEN_PARAMETER_IP,
    OMEN_PARAMETER_UUID,
    OMEN_PARAMETER_PCI,
    OMEN_PARAMETER_SIZE, /* a number with its unit, time included */
    OMEN_PARAMETER_DEVICE,
    OMEN_PARAMETER_STRING,
    OMEN_PARAMETER_COMMAND,
    OMEN_PARAMETER_N_KINDS,
} OmenParameterKind;

/* What stands for it in a template: "<:NUM:>". */
const char *omen_parameter_kind_get_placeholder(OmenParameterKind kind);

/* Bit masks of a byte's class. */
enum {
    OMEN_BYTE_SPACE = 1,
    OMEN_BYTE_DIGIT = 2,
    OMEN_BYTE_LOWER = 4,
    OMEN_BYTE_UPPER = 8,
    OMEN_BYTE_HEX = 16,  /* a letter or digit that is a hex digit */
    OMEN_BYTE_JOIN = 32, /* may stand within a name: _ - + . ~ $ % / */
    OMEN_BYTE_PART = 64, /* may stand between two parameters that are one: , ; : / | _ # + @ & - */
    OMEN_BYTE_OTHER = 128, /* bytes beyond ASCII: taken for letters */
    OMEN_BYTE_STOP = 256,  /* ends a path: white space , ; : ( ) [ ] { } " ' < > | and NUL */
};

#define OMEN_BYTE_LETTER (OMEN_BYTE_LOWER | OMEN_BYTE_UPPER | OMEN_BYTE_OTHER)
#define OMEN_BYTE_ALNUM  (OMEN_BYTE_LETTER | OMEN_BYTE_DIGIT)

extern const guint16 omen_byte_class[256];

static inline guint
omen_byte_get_class(char c)
{
    return omen_byte_class[(guchar) c];
}

/* A text's readable bytes go on for so many beyond its end, and the first of them is '\n'. */
#define OMEN_PARAMETER_SLACK 64

/* Each returns the length of what stands at @at; 0: nothing of the kind. The text ends in
 * OMEN_PARAMETER_SLACK. \b is an edge between letter or digit and neither; the caller sees to it
 * that @at is one. */

/* [0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b */
gsize omen_parameter_match_uuid(const char *at);

/* ([0-9A-Fa-f]{0,4}:){3,}[0-9A-Fa-f]{1,4}\b */
gsize omen_parameter_match_id(const char *at);

/* ([0-9A-Fa-f]{4,8}:)?[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]\b */
gsize omen_parameter_match_pci(const char *at);

/* [0-9]{1,3}(\.[0-9]{1,3}){3}\b */
gsize omen_parameter_match_ip(const char *at);

/* (sd|hd|vd|xvd)[a-z]{1,2}[0-9]*\b | (nvme|md|dm-|loop|sr|nbd|rbd|zram|mmcblk|bcache)[0-9]+
 * (n[0-9]+)?(p[0-9]+)?\b */
gsize omen_parameter_match_device(const char *at);

/* [ ]?(%|([kKM]?B/s|[bB]|[kK]b|[MG]b|[kKMGTP]B|[KMGT]iB|[kMG]bps|[bB]ytes?|[mun]?s|[mu]?secs?|
 * seconds?|mins?|minutes?|hrs?|hours?|days?|[kMG]?Hz)\b), what may follow a number */
gsize omen_parameter_match_unit(const char *at);

/* (Mon|..|Sun|Jan|..|Dec)\b,?[ ]+ before a digit or another of them */
gsize omen_parameter_match_date_word(const char *at);

/* Whether the word of @length at @at names a time zone, as logs write it after a time. */
gboolean omen_parameter_is_zone(const char *at, gsize length);

/* ([~.]{0,2})/[^\s,;:()\[\]{}"'<>|]*[^\s,;:()\[\]{}"'<>|.]; a lone slash is none */
gsize omen_parameter_match_path(const char *at);

G_END_DECLS
