/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long another process (a backup, sqlite3's shell) may hold the file before we report it. */
#define BUSY_TIMEOUT_MS 2000

/* A failing disk damages each new file as well: keep the latest copies only. */
#define MAX_DAMAGED_COPIES 3

/* The step at place N brings a database of version N to N + 1. Steps are never edited, only added.
 */
static const char *const migrations[] = {
    "CREATE TABLE streams ("
    "  name TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, saved_us INTEGER NOT NULL,"
    "  engine BLOB);"
    "CREATE TABLE bookmarks ("
    "  stream TEXT NOT NULL REFERENCES streams(name) ON DELETE CASCADE,"
    "  source TEXT NOT NULL, position TEXT NOT NULL,"
    "  PRIMARY KEY (stream, source)) WITHOUT ROWID;"
    "CREATE TABLE omens ("
    "  id INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, last_us INTEGER NOT NULL,"
    "  expires_us INTEGER NOT NULL, stream TEXT NOT NULL, scope TEXT NOT NULL,"
    "  class TEXT NOT NULL, device TEXT NOT NULL, domain_uuid TEXT NOT NULL,"
    "  domain_name TEXT NOT NULL, probability REAL NOT NULL, migration_helps INTEGER NOT NULL,"
    "  reason TEXT NOT NULL, n_records INTEGER NOT NULL, template_id INTEGER NOT NULL,"
    "  action TEXT NOT NULL, outcome TEXT NOT NULL);"
    "CREATE TABLE omen_records ("
    "  omen INTEGER NOT NULL REFERENCES omens(id) ON DELETE CASCADE,"
    "  place INTEGER NOT NULL, line TEXT NOT NULL,"
    "  PRIMARY KEY (omen, place)) WITHOUT ROWID;"
    "CREATE TABLE verdicts ("
    "  id INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, stream TEXT NOT NULL,"
    "  template_id INTEGER NOT NULL, template TEXT NOT NULL, judge TEXT NOT NULL,"
    "  probability REAL NOT NULL, class TEXT NOT NULL, omen INTEGER NOT NULL, word TEXT NOT NULL,"
    "  UNIQUE (stream, template_id, omen));"
    "CREATE TABLE evacuations ("
    "  id INTEGER PRIMARY KEY, domain_uuid TEXT NOT NULL, domain_name TEXT NOT NULL,"
    "  omen INTEGER NOT NULL, destination TEXT NOT NULL, destination_uri TEXT NOT NULL,"
    "  phase TEXT NOT NULL, attempt INTEGER NOT NULL, progress REAL NOT NULL,"
    "  remaining_bytes INTEGER NOT NULL, downtime_ms INTEGER NOT NULL,"
    "  queued_us INTEGER NOT NULL, started_us INTEGER NOT NULL, switched_us INTEGER NOT NULL,"
    "  ended_us INTEGER NOT NULL, error TEXT NOT NULL);"
    "CREATE TABLE settings (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;",
    "ALTER TABLE evacuations ADD COLUMN source_uri TEXT NOT NULL DEFAULT '';",
    "ALTER TABLE omens ADD COLUMN urgency_s INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE omens ADD COLUMN templates TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE omens ADD COLUMN normal TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE omens ADD COLUMN judges TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE omens ADD COLUMN fate TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE omens ADD COLUMN fate_us INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE omens ADD COLUMN device_reach TEXT NOT NULL DEFAULT '';",
    "ALTER TABLE omens ADD COLUMN hold TEXT NOT NULL DEFAULT '';"
    "UPDATE omens SET hold = 'waiting' WHERE action = 'proposed' AND ("
    "  outcome LIKE 'one sign that is not certain: waits%' OR"
    "  outcome LIKE 'libvirt does not answer: waits%' OR"
    "  outcome LIKE 'an evacuation was begun only just: waits%');",
    "SELECT 1;", /* streams.engine is compressed: an earlier version could not read it */
    /* Of omens of an earlier version it is not known who wrote them. */
    "ALTER TABLE omens ADD COLUMN origin TEXT NOT NULL DEFAULT 'unproven';"
    "ALTER TABLE omens ADD COLUMN writer TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE omens ADD COLUMN is_proven INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE omens ADD COLUMN course TEXT NOT NULL DEFAULT '';",
};

guint
omen_state_schema_version(void)
{
    return G_N_ELEMENTS(migrations);
}

static gboolean
migrate_step(sqlite3 *db, guint version, GError **error)
{
    g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %u", version + 1);

    if (omen_sql_exec(db, "BEGIN IMMEDIATE", error) &&
        omen_sql_exec(db, migrations[version], error) && omen_sql_exec(db, mark, error) &&
        omen_sql_exec(db, "COMMIT", error))
        return TRUE;
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}

static gboolean
read_version(sqlite3 *db, const char *path, guint *version, GError **error)
{
    gint64 found = 0;

    if (!omen_sql_get_int64(db, "PRAGMA user_version", &found, error))
        return FALSE;
    if (found < 0 || found > omen_state_schema_version()) {
        g_set_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_NEWER,
                    "%s has schema %" G_GINT64_FORMAT ", this version knows %u: install the "
                    "newer virt-omen again, or move the file away to start empty",
                    path, found, omen_state_schema_version());
        return FALSE;
    }
    *version = (guint) found;
    return TRUE;
}

static gboolean
check_structure(sqlite3 *db, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(sqlite3_stmt) statement = omen_sql_prepare(db, "PRAGMA quick_check(1)", error);

    if (statement == NULL)
        return FALSE;
    if (!omen_sql_next(statement, &local)) {
        if (local != NULL)
            g_propagate_error(error, g_steal_pointer(&local));
        return local != NULL || error == NULL || *error == NULL;
    }
    g_autofree char *word = omen_sql_dup_text(statement, 0);
    if (g_str_equal(word, "ok"))
        return TRUE;
    g_set_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_DAMAGED, "state database: %s", word);
    return FALSE;
}

/* The version is looked at before anything is written: a newer file stays as it is. */
static gboolean
prepare(sqlite3 *db, const char *path, GError **error)
{
    guint version = 0;

    if (!read_version(db, path, &version, error) || !check_structure(db, error) ||
        !omen_sql_exec(db, "PRAGMA journal_mode = WAL", error) ||
        !omen_sql_exec(db,
                       "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
                       "PRAGMA journal_size_limit = 16777216",
                       error))
        return FALSE;
    for (; version < omen_state_schema_version(); version++) {
        if (!migrate_step(db, version, error))
            return FALSE;
    }
    return TRUE;
}

static sqlite3 *
open_connection(const char *path, int flags, GError **error)
{
    g_autoptr(sqlite3) db = NULL;
    int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_FULLMUTEX, NULL);

    if (code != SQLITE_OK) {
        omen_sql_set_error(db, code, path, error);
        return NULL;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    return g_steal_pointer(&db);
}

static sqlite3 *
open_prepared(const char *path, GError **error)
{
    g_autoptr(sqlite3) db =
        open_connection(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);

    if (db == NULL || !prepare(db, path, error))
        return NULL;
    return g_steal_pointer(&db);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Names of copies sort by their time. */
static void
drop_old_copies(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *prefix = g_strconcat(base, ".damaged-", NULL);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        if (g_str_has_prefix(name, prefix) && !g_str_has_suffix(name, "-wal"))
            g_ptr_array_add(names, g_build_filename(directory, name, NULL));
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i + MAX_DAMAGED_COPIES < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *wal = g_strconcat(name, "-wal", NULL);
        g_unlink(name);
        g_unlink(wal);
    }
}

static gboolean
set_aside(const char *path, const GError *damage, char **warning, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%S.%fZ");
    g_autofree char *copy = g_strdup_printf("%s.damaged-%s", path, time);
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    g_autofree char *wal_copy = g_strconcat(copy, "-wal", NULL);
    g_autofree char *shm = g_strconcat(path, "-shm", NULL);

    if (g_rename(path, copy) != 0) {
        g_set_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE,
                    "%s is damaged (%s) and can't be moved aside: %s", path,
                    damage ? damage->message : "of another kind", g_strerror(errno));
        return FALSE;
    }
    g_rename(wal, wal_copy);
    g_unlink(shm);
    drop_old_copies(path);
    g_free(*warning);
    *warning = g_strdup_printf("%s was damaged (%s): it was moved to %s and a new one is "
                               "started; learning starts again",
                               path, damage ? damage->message : "another kind of file", copy);
    return TRUE;
}

static gboolean
make_directory(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);

    if (g_str_equal(path, ":memory:") || g_mkdir_with_parents(directory, 0700) == 0)
        return TRUE;
    g_set_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE,
                "cannot create the state directory %s: %s", directory, g_strerror(errno));
    return FALSE;
}

static gboolean
distrust(GError **error, const char *path, const char *why)
{
    g_set_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNTRUSTED, "%s is not used: %s", path,
                why);
    return FALSE;
}

/* What is read there is acted on: it must be ours alone to write. */
static gboolean
check_owner(const struct stat *info, const char *path, GError **error)
{
    if (info->st_uid != 0 && info->st_uid != geteuid())
        return distrust(error, path, "another user owns it; chown it, or move it away");
    if (info->st_mode & 022)
        return distrust(error, path, "others may write it; chmod go-w it, or move it away");
    return TRUE;
}

/* Makes the file if it is not there. Log text is nobody's business but root's; SQLite's side files
 * take over its mode. A file that can't be opened is left to SQLite, which says why. */
static gboolean
make_private(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    struct stat info;
    gboolean good;
    int fd;

    if (g_str_equal(path, ":memory:"))
        return TRUE;
    if (stat(directory, &info) == 0 && !check_owner(&info, directory, error))
        return FALSE;
    fd = g_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 && (errno == ELOOP || errno == EISDIR))
        return distrust(error, path, "it is a directory or a link, not a file; move it away");
    if (fd < 0)
        return TRUE;
    good = fstat(fd, &info) == 0 && S_ISREG(info.st_mode)
               ? check_owner(&info, path, error)
               : distrust(error, path, "it is not a file; move it away");
    g_close(fd, NULL);
    return good;
}

/* Whoever opens the file gets to know one kind of trouble with it: it is not to be had. */
static void
make_unavailable(GError **error, const char *path)
{
    if (error == NULL || *error == NULL ||
        g_error_matches(*error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_NEWER))
        return;
    (*error)->code = OMEN_STATE_ERROR_UNAVAILABLE;
    g_prefix_error(error, "can't open %s: ", path);
}

sqlite3 *
omen_state_schema_open(const char *path, char **warning, GError **error)
{
    g_autoptr(GError) first = NULL;
    g_autoptr(sqlite3) db = NULL;

    if (!make_directory(path, error) || !make_private(path, error))
        return NULL;
    db = open_prepared(path, &first);
    if (db == NULL && g_error_matches(first, OMEN_STATE_ERROR, OMEN_STATE_ERROR_DAMAGED)) {
        if (!set_aside(path, first, warning, error))
            return NULL;
        g_clear_error(&first);
        db = open_prepared(path, &first);
    }
    if (db == NULL) {
        make_unavailable(&first, path);
        g_propagate_error(error, g_steal_pointer(&first));
    }
    return g_steal_pointer(&db);
}

static sqlite3 *
open_uri(const char *path, int flags, const char *options, GError **error)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
    g_autofree char *uri = g_strdup_printf("file:%s?%s", escaped, options);
    g_autoptr(sqlite3) db = open_connection(uri, flags | SQLITE_OPEN_URI, error);
    guint version = 0;

    if (db == NULL)
        return NULL;
    /* The index of the log goes into memory then, and nothing is written at the end. */
    if (flags == SQLITE_OPEN_READWRITE &&
        (!omen_sql_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA query_only = ON", error) ||
         sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK))
        return NULL;
    if (!read_version(db, path, &version, error))
        return NULL;
    if (version == omen_state_schema_version())
        return g_steal_pointer(&db);
    g_set_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE,
                "%s has the older schema %u and can't be migrated: it is read-only", path, version);
    return NULL;
}

/* A log of the latest writes that holds any. An empty one is what a try to open the file for
 * writing leaves where there is no room. */
static gboolean
has_log(const char *path)
{
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    struct stat info;

    return stat(wal, &info) == 0 && info.st_size > 0;
}

sqlite3 *
omen_state_schema_open_read_only(const char *path, GError **error)
{
    /* With a log (we were killed) the file must be read with it. SQLite wants an index of the log
     * beside it for that: which it can't make where the disk is full, unless the file is opened as
     * if to be written by nobody else, and not at all where it is read-only, but there it may be
     * left from before. Without a log there is nothing to make. */
    sqlite3 *db;

    if (!has_log(path)) {
        db = open_uri(path, SQLITE_OPEN_READONLY, "mode=ro&immutable=1", error);
    } else {
        db = open_uri(path, SQLITE_OPEN_READWRITE, "mode=rw", NULL);
        if (db == NULL)
            db = open_uri(path, SQLITE_OPEN_READONLY, "mode=ro", error);
    }
    if (db == NULL)
        make_unavailable(error, path);
    return db;
}
