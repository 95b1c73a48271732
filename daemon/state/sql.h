/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SQLite's C interface made safe: automatic cleanup, GError, typed binding. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

#define OMEN_STATE_ERROR (omen_state_error_quark())
GQuark omen_state_error_quark(void);

typedef enum {
    OMEN_STATE_ERROR_UNAVAILABLE, /* the file can't be read or made: permissions, a dead disk */
    OMEN_STATE_ERROR_NEWER,       /* written by a newer version: must not be touched */
    OMEN_STATE_ERROR_UNTRUSTED,   /* others may write it, or it is no file: must not be believed */
    OMEN_STATE_ERROR_DAMAGED,     /* not a database, or its structure is broken */
    OMEN_STATE_ERROR_WRITE,       /* a row could not be written now: disk full, read-only, busy */
    OMEN_STATE_ERROR_ROW,         /* a row makes no sense and never will */
    OMEN_STATE_ERROR_DROPPED,     /* too much was waiting to be written; this had to go */
} OmenStateError;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3, sqlite3_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

/* Sets @error to what @code of @db means, with "@what: " before it. Always FALSE. */
gboolean omen_sql_set_error(sqlite3 *db, int code, const char *what, GError **error);

/* Runs statements that give no rows. */
gboolean omen_sql_exec(sqlite3 *db, const char *sql, GError **error);

/* Returns: (transfer full): NULL with @error. */
sqlite3_stmt *omen_sql_prepare(sqlite3 *db, const char *sql, GError **error);

/* The one number that @sql gives. */
gboolean omen_sql_get_int64(sqlite3 *db, const char *sql, gint64 *out, GError **error);

/*
 * Binds the statement's parameters in order, runs it to the end, and resets it. @types, a letter a
 * parameter: 't' const char *, 'i' gint64, 'd' double (no number is 0), 'b' GVariant * (nullable).
 * Texts and variants must stay until the return.
 */
gboolean omen_sql_run(sqlite3_stmt *statement, GError **error, const char *types, ...);

/* Steps to the next row. FALSE at the end (@error unset) or with @error. */
gboolean omen_sql_next(sqlite3_stmt *statement, GError **error);

/* Returns: (transfer full): valid UTF-8, "" for NULL. */
char *omen_sql_dup_text(sqlite3_stmt *statement, int column);

/* A variant as 'b' wrote it. Returns: (transfer full) (nullable). */
GVariant *omen_sql_dup_variant(sqlite3_stmt *statement, int column);

G_END_DECLS
