/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a source of a stream is, as `virt-omen status` shows it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    char *source; /* name of the source */
    gboolean trusted;
    guint64 records;
    guint64 anomalies;
    guint64 dropped;
    gboolean training;
    guint training_records; /* of its stream, so far */
    guint training_of;      /* that it needs */
    gint64 day_ends_us;     /* then it has met what comes daily; 0: not known */
    char *problem;          /* "" if it reads */
} OmenStreamStatus;

void omen_stream_status_free(OmenStreamStatus *self);

G_END_DECLS
