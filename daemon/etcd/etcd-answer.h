/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an etcd answers: the v3 API as JSON, of versions 3.4 to 3.6. Pure; nothing is believed of it
 * that was not checked.
 *
 * Keys and values are base64 there and 64-bit numbers are strings; an empty list, a false and a
 * zero are left out.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_ETCD_ERROR (omen_etcd_error_quark())
GQuark omen_etcd_error_quark(void);

typedef enum {
    OMEN_ETCD_ERROR_BAD_SETTING,
    OMEN_ETCD_ERROR_BAD_ANSWER,
    OMEN_ETCD_ERROR_UNAVAILABLE, /* nobody answers, or no majority: nothing was done */
    OMEN_ETCD_ERROR_UNCERTAIN,   /* asked to write, and not told whether it was done */
    OMEN_ETCD_ERROR_DENIED,      /* user, password or rights */
    OMEN_ETCD_ERROR_NOT_FOUND,   /* the lease is over */
    OMEN_ETCD_ERROR_COMPACTED,   /* what is asked for is forgotten already */
    OMEN_ETCD_ERROR_FULL,        /* its own limit of space, or its disk */
    OMEN_ETCD_ERROR_REFUSED,     /* any other word */
} OmenEtcdError;

#define OMEN_ETCD_MAX_ANSWER (16u << 20) /* bytes */

typedef struct {
    char *key;
    char *value;
    gint64 revision; /* of the last write to the key */
    gint64 lease;    /* 0: none */
} OmenEtcdEntry;

/* What keys held at a moment. */
typedef struct {
    gint64 revision;    /* of the whole store */
    GPtrArray *entries; /* of OmenEtcdEntry, in order of the keys */
    guint n_skipped;    /* entries whose key or value is no text: of somebody else */
    gboolean more;      /* the limit was met */
} OmenEtcdRange;

/* What came of a transaction. */
typedef struct {
    gint64 revision;
    gboolean succeeded;
    GPtrArray *ranges; /* of OmenEtcdRange: of the reads of the branch that was taken, in order */
} OmenEtcdOutcome;

typedef struct {
    gint64 id;
    gint64 ttl_s;
} OmenEtcdLease;

/* One message of a watch. */
typedef struct {
    gint64 revision;
    gboolean is_created;
    gboolean is_canceled;
    gint64 compact_revision; /* > 0: begin anew from a fresh read */
    GPtrArray *put;          /* of OmenEtcdEntry, and */
    GPtrArray *deleted;      /* of char *: keys; what was both says its last state only */
} OmenEtcdNews;

void omen_etcd_range_free(OmenEtcdRange *self);
void omen_etcd_outcome_free(OmenEtcdOutcome *self);
void omen_etcd_news_free(OmenEtcdNews *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenEtcdRange, omen_etcd_range_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenEtcdOutcome, omen_etcd_outcome_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenEtcdNews, omen_etcd_news_free)

/* (transfer full): NULL with @error, an error that stands in a message of status 200 among them. */
OmenEtcdRange *omen_etcd_answer_parse_range(const char *json, gsize length, GError **error);
OmenEtcdOutcome *omen_etcd_answer_parse_outcome(const char *json, gsize length, GError **error);
OmenEtcdNews *omen_etcd_answer_parse_news(const char *json, gsize length, GError **error);
char *omen_etcd_answer_parse_token(const char *json, gsize length, GError **error);

/* Of a lease that was granted or kept alive; one that is over is OMEN_ETCD_ERROR_NOT_FOUND. */
gboolean
omen_etcd_answer_parse_lease(const char *json, gsize length, OmenEtcdLease *out, GError **error);

/* (transfer full): what an answer of another HTTP status than 200 says, in all versions' shapes.
 * @is_stale: the token is at fault, and a new one may do. */
GError *
omen_etcd_answer_parse_error(guint status, const char *json, gsize length, gboolean *is_stale);

G_END_DECLS
