/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the words of a line are meant. "Uncorrected errors" that were counted as 0, a limit that is
 * set, a function's name in a trace and a unit's description have the words of a failure, and tell
 * of none.
 *
 * The rules are of grammar, so that they hold for lines that nobody has met: they look at what
 * stands around the words (a count before or after them, a verb that ends the sentence, the form of
 * the line), never at which words they are.
 */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_READING_EVENT = 0,  /* it tells of something that happened */
    OMEN_READING_ZERO,       /* a count of zero */
    OMEN_READING_ANNOUNCED,  /* a part tells that it is there: initialized, enabled, registered */
    OMEN_READING_MEASURED,   /* a value or a limit is told, none was passed */
    OMEN_READING_CONFIGURED, /* a setting or an inventory is listed */
    OMEN_READING_EXPLAINED,  /* help text, a legend */
    OMEN_READING_QUOTED,     /* a log or a test is quoted, or a program is being debugged */
    OMEN_READING_NAMED,      /* the words are a unit's description or a function's name */
} OmenReading;

/* What the form of the whole line says. @message as it was written. */
OmenReading omen_reading_of_line(const char *message);

/* How @length bytes at @at are meant, within @message, both in lower case with single spaces. */
OmenReading omen_reading_of_words(const char *message, const char *at, gsize length);

/* How far the failure has come of which @message (in lower case, single spaces) tells. */
OmenGrade omen_reading_of_grade(const char *message);

/* In an operator's words. */
const char *omen_reading_to_reason(OmenReading reading);

G_END_DECLS
