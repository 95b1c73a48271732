/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/sql.h"

#include <math.h>
#include <stdarg.h>

G_DEFINE_QUARK(omen - state - error - quark, omen_state_error)

static OmenStateError
classify(int code)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return OMEN_STATE_ERROR_DAMAGED;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
        return OMEN_STATE_ERROR_ROW;
    default:
        return OMEN_STATE_ERROR_WRITE;
    }
}

static const char *
advise(int code)
{
    /* The index of the log has no room. */
    if (code == SQLITE_IOERR_SHMSIZE)
        code = SQLITE_FULL;
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "; free some space on its file system";
    case SQLITE_READONLY:
        return "; is its file system mounted read-only?";
    case SQLITE_CANTOPEN:
        return "; may this user write to its directory, and is the file system writable?";
    case SQLITE_IOERR:
        return "; does its disk still work?";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "; another process holds it";
    default:
        return "";
    }
}

gboolean
omen_sql_set_error(sqlite3 *db, int code, const char *what, GError **error)
{
    /* The connection tells more, but only of its latest failure. */
    const char *text = db != NULL && sqlite3_errcode(db) == (code & 0xff) ? sqlite3_errmsg(db)
                                                                          : sqlite3_errstr(code);

    g_set_error(error, OMEN_STATE_ERROR, (gint) classify(code), "%s: %s%s", what, text,
                advise(code));
    return FALSE;
}

gboolean
omen_sql_exec(sqlite3 *db, const char *sql, GError **error)
{
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK || omen_sql_set_error(db, code, "state database", error);
}

sqlite3_stmt *
omen_sql_prepare(sqlite3 *db, const char *sql, GError **error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (code != SQLITE_OK)
        omen_sql_set_error(db, code, "state database", error);
    return statement;
}

gboolean
omen_sql_next(sqlite3_stmt *statement, GError **error)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return TRUE;
    if (code != SQLITE_DONE)
        omen_sql_set_error(sqlite3_db_handle(statement), code, "state database", error);
    return FALSE;
}

gboolean
omen_sql_get_int64(sqlite3 *db, const char *sql, gint64 *out, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(sqlite3_stmt) statement = omen_sql_prepare(db, sql, error);

    if (statement == NULL)
        return FALSE;
    if (omen_sql_next(statement, &local)) {
        *out = sqlite3_column_int64(statement, 0);
        return TRUE;
    }
    if (local == NULL)
        return omen_sql_set_error(db, SQLITE_CORRUPT, "state database gave no row", error);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* On disk numbers are little-endian, so that a file can be carried to another machine, and the
 * variant is boxed, so that it knows its type. */
static GVariant *
swap_if_big_endian(GVariant *value)
{
    return G_BYTE_ORDER == G_BIG_ENDIAN ? g_variant_byteswap(value) : g_variant_ref(value);
}

static int
bind_variant(sqlite3_stmt *statement, int place, GVariant *value)
{
    if (value == NULL)
        return sqlite3_bind_null(statement, place);
    g_autoptr(GVariant) boxed = g_variant_ref_sink(g_variant_new_variant(value));
    g_autoptr(GVariant) stored = swap_if_big_endian(boxed);
    return sqlite3_bind_blob64(statement, place, g_variant_get_data(stored),
                               g_variant_get_size(stored), SQLITE_TRANSIENT);
}

static int
bind_one(sqlite3_stmt *statement, int place, char type, va_list *values)
{
    if (type == 't')
        return sqlite3_bind_text(statement, place, va_arg(*values, const char *), -1,
                                 SQLITE_STATIC);
    if (type == 'i')
        return sqlite3_bind_int64(statement, place, va_arg(*values, gint64));
    if (type == 'b')
        return bind_variant(statement, place, va_arg(*values, GVariant *));
    double number = va_arg(*values, double);
    return sqlite3_bind_double(statement, place, isfinite(number) ? number : 0);
}

gboolean
omen_sql_run(sqlite3_stmt *statement, GError **error, const char *types, ...)
{
    int code = SQLITE_OK;
    va_list values;

    va_start(values, types);
    for (int i = 0; types[i] != '\0' && code == SQLITE_OK; i++)
        code = bind_one(statement, i + 1, types[i], &values);
    va_end(values);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        omen_sql_set_error(sqlite3_db_handle(statement), code, "state database", error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code == SQLITE_DONE;
}

char *
omen_sql_dup_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *) sqlite3_column_text(statement, column);

    return g_utf8_make_valid(text != NULL ? text : "", -1);
}

GVariant *
omen_sql_dup_variant(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    gsize size = (gsize) sqlite3_column_bytes(statement, column);

    if (data == NULL || size == 0)
        return NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) stored =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARIANT, bytes, FALSE));
    g_autoptr(GVariant) boxed = swap_if_big_endian(stored);
    return g_variant_get_variant(boxed);
}
