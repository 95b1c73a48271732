/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An open omen as a host's row tells others of it: what has to be known to see that many hosts have
 * one cause. Pure.
 *
 * No line of a log is among it, for these can hold secrets: a line is told by a hash.
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The newest of a host's open omens. */
#define OMEN_FLEET_MAX_SIGNS 8

/* Of a device that is this host's alone. */
#define OMEN_FLEET_STORAGE_LOCAL "local"

typedef struct {
    char *failure_class; /* a word: "disk", "hung-task" ... */
    char *line;          /* omen_fleet_sign_hash_line(); "": no line is known */
    char *reason;        /* in words */
    char *storage;    /* what it is of, as in the row's storage; OMEN_FLEET_STORAGE_LOCAL; "": not
                       * known */
    gint64 raised_us; /* since the epoch, by its host's clock */
} OmenFleetSign;

/* Strings are "". */
OmenFleetSign *omen_fleet_sign_new(void);
void omen_fleet_sign_free(OmenFleetSign *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenFleetSign, omen_fleet_sign_free)

/* (transfer full): the same for lines that differ only in words with digits in them: numbers,
 * addresses, names of devices. "" for "". */
char *omen_fleet_sign_hash_line(const char *line);

/* (element-type OmenFleetSign). Writes an array's elements; reads them as another host wrote them:
 * what is no sign is left out. @node: (nullable). */
void omen_fleet_signs_write(const GPtrArray *signs, JsonBuilder *builder);
GPtrArray *omen_fleet_signs_read(JsonNode *node);

gboolean omen_fleet_signs_are_equal(const GPtrArray *left, const GPtrArray *right);

G_END_DECLS
