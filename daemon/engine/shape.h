/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A message's shape: its words, with a mark in each parameter's place. Messages of one shape are
 * one event.
 *
 *     sd 2:0:0:0: [sdb] 976773168 512-byte logical blocks    ->    sd #: [#] # logical blocks
 *
 * Parameters that stand side by side are one, so that lists of any length have one shape; words are
 * never parameters, save where their place says so ("user alice", "name=alice"). One pass over the
 * bytes, no allocation.
 */
#pragma once

#include "engine/byte-map.h"
#include "engine/parameter.h"

G_BEGIN_DECLS

#define OMEN_SHAPE_MARK       '\1'
#define OMEN_SHAPE_MAX_INPUT  16384
#define OMEN_SHAPE_MAX_DETAIL 128

/* One parameter: where it stood in the message, for kinds whose text is worth keeping. */
typedef struct {
    guint16 offset;
    guint16 length;
    guint8 kind; /* OmenParameterKind */
} OmenShapeParameter;

typedef struct {
    gsize length; /* of @text, which is not NUL ended */
    guint n_parameters;
    OmenShapeParameter parameters[OMEN_SHAPE_MAX_DETAIL]; /* of more than these, none is kept */
    char *text;
    char *message; /* a copy, which offsets refer to */
    OmenByteMap *map;
    gsize capacity; /* bytes of message that there is room for */
} OmenShape;

OmenShape *omen_shape_new(void);
void omen_shape_free(OmenShape *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenShape, omen_shape_free)

/* Fills in @self from a message of any bytes; beyond OMEN_SHAPE_MAX_INPUT it is cut. */
void omen_shape_scan(OmenShape *self, const char *message, gsize length);

G_END_DECLS
