/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state database beside a full or read-only disk, a removed file, a strange owner, a killed
 * writer, and floods. */
#include "state-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/state-db.h"
#include "state/state-queue.h"

static void
on_put(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GError **error = user_data;

    if (omen_state_db_put_evacuation_finish(OMEN_STATE_DB(source), result, error))
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "written");
}

/* Returns: what the put ended with; "written" if it was. */
static GError *
put_and_wait(OmenStateDb *db, guint64 id)
{
    g_autoptr(OmenEvacuationData) evacuation =
        state_fixture_new_evacuation(id, OMEN_PHASE_CHECKING);
    GError *error = NULL;

    omen_state_db_put_evacuation_async(db, evacuation, on_put, &error);
    while (error == NULL)
        g_main_context_iteration(NULL, TRUE);
    return error;
}

static gboolean
wait_until(gboolean (*is_so)(OmenStateDb *db), OmenStateDb *db)
{
    for (guint i = 0; i < 1000 && !is_so(db); i++) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(10000);
    }
    return is_so(db);
}

static gboolean
has_problem(OmenStateDb *db)
{
    return omen_state_db_get_problem(db) != NULL;
}

static gboolean
has_no_problem(OmenStateDb *db)
{
    return omen_state_db_get_problem(db) == NULL;
}

/* A try that was under way while there was no room still fails; the next does not. */
static gboolean
is_written(OmenStateDb *db)
{
    return omen_state_db_flush(db, 1000) && has_no_problem(db);
}

/* A mount namespace with a small file system at the fixture's directory. */
static gboolean
mount_small(StateFixture *fixture, const char *options)
{
    static gboolean private_mounts = FALSE;

    if (!private_mounts) {
        if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
            g_test_skip("needs root and mount namespaces");
            return FALSE;
        }
        private_mounts = TRUE;
    }
    g_autofree char *with_mode = g_strconcat(options, ",mode=0700", NULL);
    g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", 0, with_mode), ==, 0);
    return TRUE;
}

static void
ignore_log(const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
    g_test_message("%s", message);
}

static void
test_disk_full(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;

    if (!mount_small(fixture, "size=400k"))
        return;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        g_autoptr(GError) written = put_and_wait(db, 1);
        g_assert_cmpstr(written->message, ==, "written");

        omen_state_db_put_stream(db, state_fixture_new_stream("guest:big", 1, 600000));
        g_assert_false(omen_state_db_flush(db, 5000));
        g_assert_true(wait_until(has_problem, db));
        g_test_message("%s", omen_state_db_get_problem(db));
        g_assert_nonnull(strstr(omen_state_db_get_problem(db), "free some space"));

        /* Small rows still get through, or say that they did not. */
        g_autoptr(GError) second = put_and_wait(db, 2);
        g_test_message("second: %s", second->message);

        g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", MS_REMOUNT, "size=8m"), ==, 0);
        g_assert_true(wait_until(is_written, db));
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        g_assert_cmpuint(contents->streams->len, ==, 1);
        g_assert_cmpuint(contents->evacuations->len, ==, 2);
    }
    umount2(fixture->directory, MNT_DETACH);
}

static void
fill_disk(const char *path)
{
    g_autofree char *zeros = g_malloc0(65536);
    int fd = g_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    for (gsize size = 65536; size > 0; size /= 2) {
        while (write(fd, zeros, size) == (gssize) size) {
        }
    }
    g_close(fd, NULL);
}

/* In a process of its own, that ends in the middle. */
static void
put_all_and_die(const char *path)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0) {
        g_autoptr(OmenStateContents) contents = NULL;
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(path, &contents);
        state_fixture_put_all(db);
        _exit(omen_state_db_flush(db, 5000) ? 0 : 1);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

static void
put_all_and_close(const char *path)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(path, &contents);

    state_fixture_put_all(db);
    g_assert_true(omen_state_db_close(db, 5000));
}

/* The state's file system was filled while we were away: all is still known, and said to be so. */
static void
check_start_on_full_disk(StateFixture *fixture, void (*live)(const char *path))
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autofree char *filler = g_build_filename(fixture->directory, "filler", NULL);
    g_autofree char *shm = g_strconcat(fixture->path, "-shm", NULL);

    if (!mount_small(fixture, "size=2m"))
        return;
    live(fixture->path);
    g_unlink(shm);
    fill_disk(filler);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        state_fixture_check_all(contents);
        g_assert_true(has_problem(db));
        g_assert_nonnull(strstr(omen_state_db_get_problem(db), "free some space"));
        g_unlink(filler);
        state_fixture_put_all(db);
        g_assert_true(wait_until(is_written, db));
    }
    umount2(fixture->directory, MNT_DETACH);
}

static void
test_start_on_full_disk(StateFixture *fixture, gconstpointer data)
{
    check_start_on_full_disk(fixture, put_all_and_close);
}

static void
test_start_on_full_disk_killed(StateFixture *fixture, gconstpointer data)
{
    check_start_on_full_disk(fixture, put_all_and_die);
}

static void
check_untrusted(StateFixture *fixture)
{
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(omen_state_db_open(fixture->path, &config, &contents, &error));
    g_assert_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNTRUSTED);
    g_test_message("%s", error->message);
}

/* What another user could have put there is not believed, and a pipe does not hold us up. */
static void
test_untrusted(StateFixture *fixture, gconstpointer data)
{
    g_autofree char *other = g_build_filename(fixture->directory, "other.db", NULL);

    put_all_and_close(fixture->path);
    g_chmod(fixture->path, 0666);
    check_untrusted(fixture);
    g_chmod(fixture->path, 0600);
    g_chmod(fixture->directory, 0777);
    check_untrusted(fixture);
    g_chmod(fixture->directory, 0700);
    if (geteuid() == 0) {
        g_assert_cmpint(chown(fixture->path, 65534, 65534), ==, 0);
        check_untrusted(fixture);
    }
    g_assert_cmpint(rename(fixture->path, other), ==, 0);
    g_assert_cmpint(symlink(other, fixture->path), ==, 0);
    check_untrusted(fixture);
    g_unlink(fixture->path);
    g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
    check_untrusted(fixture);
    g_unlink(fixture->path);
    g_assert_cmpint(g_mkdir(fixture->path, 0700), ==, 0);
    check_untrusted(fixture);
}

static void
test_read_only(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    const unsigned long read_only = MS_REMOUNT | MS_RDONLY;

    if (!mount_small(fixture, "size=4m"))
        return;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        state_fixture_put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", read_only, NULL), ==, 0);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        state_fixture_check_all(contents);
        g_assert_true(has_problem(db));
        g_test_message("%s", omen_state_db_get_problem(db));
        g_autoptr(GError) refused = put_and_wait(db, 4);
        g_assert_error(refused, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE);

        g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", MS_REMOUNT, NULL), ==, 0);
        g_assert_true(wait_until(is_written, db));
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        g_assert_cmpuint(contents->evacuations->len, ==, 2);
    }
    umount2(fixture->directory, MNT_DETACH);
}

static void
test_file_removed(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
    g_autofree char *wal = g_strconcat(fixture->path, "-wal", NULL);

    state_fixture_put_all(db);
    g_assert_true(omen_state_db_flush(db, 5000));
    g_unlink(fixture->path);
    g_unlink(wal);
    state_fixture_put_all(db);
    g_assert_true(omen_state_db_close(db, 5000));
    g_clear_object(&db);
    g_clear_pointer(&contents, omen_state_contents_free);
    db = state_fixture_open(fixture->path, &contents);
    state_fixture_check_all(contents);
}

static void
test_queue_is_bounded(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateQueue) queue = omen_state_queue_new(100, 1024 * 1024);
    guint n_dropped = 0;

    for (guint64 i = 0; i < 50; i++)
        n_dropped += omen_state_queue_push(
            queue, omen_state_op_new(OMEN_ROW_EVACUATION,
                                     state_fixture_new_evacuation(i, OMEN_PHASE_QUEUED), NULL));
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *name = g_strdup_printf("guest:%u", i);
        n_dropped += omen_state_queue_push(
            queue,
            omen_state_op_new(OMEN_ROW_STREAM, state_fixture_new_stream(name, 1, 100000), NULL));
        g_assert_cmpuint(omen_state_queue_get_length(queue), <=, 100);
    }
    g_assert_cmpuint(n_dropped, ==, 1050 - omen_state_queue_get_length(queue));
    g_autoptr(GPtrArray) first = omen_state_queue_pop(queue);
    g_assert_cmpuint(first->len, ==, 50);
    for (guint i = 0; i < first->len; i++)
        g_assert_cmpuint(((OmenStateOp *) g_ptr_array_index(first, i))->kind, ==,
                         OMEN_ROW_EVACUATION);
}

/* The child writes on and on, and says which number was acknowledged. */
static void
write_until_killed(const char *path)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(path, &contents);

    for (guint64 id = contents->evacuations->len + 1;; id++) {
        omen_state_db_put_stream(db, state_fixture_new_stream("guest:u1", (gint64) id, 50000));
        g_autoptr(GError) outcome = put_and_wait(db, id);
        if (!g_str_equal(outcome->message, "written") ||
            write(STDOUT_FILENO, &id, sizeof id) != sizeof id)
            _exit(1);
    }
}

static void
test_killed(StateFixture *fixture, gconstpointer data)
{
    for (guint round = 0; round < 5; round++) {
        g_autoptr(GError) error = NULL;
        /* Not a mere fork: SQLite's locks do not survive one. */
        g_autoptr(GSubprocess) writer =
            g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/proc/self/exe",
                             "--write-until-killed", fixture->path, NULL);
        g_assert_no_error(error);
        GInputStream *words = g_subprocess_get_stdout_pipe(writer);
        guint64 id = 0, last = 0;
        /* However slow its start is. */
        g_assert_cmpint(g_input_stream_read(words, &last, sizeof last, NULL, NULL), ==,
                        sizeof last);
        g_usleep((gulong) g_test_rand_int_range(0, 300000));
        g_subprocess_force_exit(writer);
        g_subprocess_wait(writer, NULL, NULL);
        while (g_input_stream_read(words, &id, sizeof id, NULL, NULL) == sizeof id)
            last = id;

        g_autoptr(OmenStateContents) contents = NULL;
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        g_assert_null(contents->warning);
        g_assert_cmpuint(last, >, 0);
        g_assert_cmpuint(contents->evacuations->len, >=, last);
        g_test_message("%" G_GUINT64_FORMAT " acknowledged, %u found", last,
                       contents->evacuations->len);
    }
}

static void
test_thousand_streams(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        for (guint i = 0; i < 1000; i++) {
            g_autofree char *name = g_strdup_printf("guest:%u", i);
            omen_state_db_put_stream(db, state_fixture_new_stream(name, i, 30000));
        }
        g_assert_true(omen_state_db_flush(db, 60000));
        g_assert_cmpuint(omen_state_db_get_n_dropped(db), ==, 0);
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    gint64 start = g_get_monotonic_time();
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
    g_assert_cmpuint(contents->streams->len, ==, 1000);
    g_test_message("1000 streams of 30 kB read in %.3f s",
                   (double) (g_get_monotonic_time() - start) / 1e6);
}

#define ADD(name, function)                                                                        \
    g_test_add(name, StateFixture, NULL, state_fixture_set_up, function, state_fixture_tear_down)

int
main(int argc, char **argv)
{
    if (argc == 3 && g_str_equal(argv[1], "--write-until-killed"))
        write_until_killed(argv[2]);
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal((GLogLevelFlags) (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK));
    g_log_set_handler("virt-omen-state", G_LOG_LEVEL_MASK, ignore_log, NULL);
    ADD("/state-db/killed", test_killed);
    ADD("/state-db/disk-full", test_disk_full);
    ADD("/state-db/start-on-full-disk", test_start_on_full_disk);
    ADD("/state-db/start-on-full-disk-killed", test_start_on_full_disk_killed);
    ADD("/state-db/untrusted", test_untrusted);
    ADD("/state-db/read-only", test_read_only);
    ADD("/state-db/file-removed", test_file_removed);
    ADD("/state-db/queue-is-bounded", test_queue_is_bounded);
    ADD("/state-db/thousand-streams", test_thousand_streams);
    return g_test_run();
}
