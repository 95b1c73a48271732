/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration/configuration-files.h"
#include "configuration/configuration.h"
#include "configuration/setting.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *directory;
    char *main_file;
    char *drop_ins;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->directory = g_dir_make_tmp("omen-configuration-XXXXXX", NULL);
    fixture->main_file = g_build_filename(fixture->directory, "virt-omen.conf", NULL);
    fixture->drop_ins = g_build_filename(fixture->directory, "conf.d", NULL);
    g_assert_no_errno(g_mkdir(fixture->drop_ins, 0700));
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    const char *const directories[] = {fixture->drop_ins, fixture->directory};

    for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autoptr(GDir) dir = g_dir_open(directories[i], 0, NULL);
        const char *name;
        while ((name = g_dir_read_name(dir))) {
            g_autofree char *path = g_build_filename(directories[i], name, NULL);
            g_unlink(path);
        }
        g_assert_no_errno(g_rmdir(directories[i]));
    }
    g_free(fixture->directory);
    g_free(fixture->main_file);
    g_free(fixture->drop_ins);
}

static void
write_file(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

static void
test_defaults(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenConfiguration) configuration = NULL;

    write_file(fixture->directory, "virt-omen.conf", "");
    configuration = omen_configuration_load(fixture->main_file, &error);
    g_assert_no_error(error);
    g_assert_cmpint(configuration->mode, ==, OMEN_MODE_ADVISE);
    g_assert_cmpuint(configuration->destinations->len, ==, 0);
    g_assert_cmpuint(configuration->detector.profile.length, ==, 4);
    g_assert_cmpuint(configuration->detector.profile.training, ==, 150);
}

/* (transfer full): a file that ships, each of its entries in force. */
static char *
read_shipped(const char *name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "data/config", name, NULL);
    g_autoptr(GRegex) entry = g_regex_new("^#(?=[a-z_]+[.A-Z]*=|\\[)", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_regex_replace_literal(entry, text, -1, 0, "", 0, NULL);
}

/* What is shipped is the defaults, said aloud: taking the "#" away from each entry changes nothing.
 */
static void
test_shipped(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenConfiguration) defaults = omen_configuration_new();
    g_autoptr(OmenConfiguration) shipped = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *active = read_shipped("virt-omen.conf");
    g_autofree char *advanced = read_shipped("advanced.conf");

    write_file(fixture->directory, "virt-omen.conf", active);
    write_file(fixture->drop_ins, "advanced.conf", advanced);
    shipped = omen_configuration_load(fixture->main_file, &error);
    g_assert_no_error(error);
    g_assert_cmpint(shipped->mode, ==, defaults->mode);
    g_assert_cmpstr(shipped->state_dir, ==, "/var/lib/virt-omen");
    g_assert_cmpuint(shipped->save_interval_s, ==, defaults->save_interval_s);
    g_assert_cmpstr(shipped->libvirt_uri, ==, defaults->libvirt_uri);
    g_assert_cmpint(shipped->journal, ==, defaults->journal);
    g_assert_cmpint(shipped->kmsg, ==, defaults->kmsg);
    g_assert_true(
        g_strv_equal((const char *const *) shipped->files, (const char *const *) defaults->files));
    g_assert_true(g_strv_equal((const char *const *) shipped->syslog_sockets,
                               (const char *const *) defaults->syslog_sockets));
    g_assert_cmpuint(shipped->domain_training, ==, defaults->domain_training);
    g_assert_cmpfloat(shipped->detector.miner.similarity, ==, defaults->detector.miner.similarity);
    g_assert_cmpfloat(shipped->detector.threshold, ==, defaults->detector.threshold);
    g_assert_cmpuint(shipped->detector.profile.max_subsequences, ==,
                     defaults->detector.profile.max_subsequences);
    g_assert_cmpuint(shipped->omen_lifetime_s, ==, defaults->omen_lifetime_s);
    g_assert_cmpuint(shipped->concurrency, ==, defaults->concurrency);
    g_assert_cmpuint(shipped->memory_reserve_mib, ==, defaults->memory_reserve_mib);
    g_assert_cmpuint(shipped->destinations->len, ==, 1);
}

static void
check_untrusted(Fixture *fixture, const char *path, mode_t mode)
{
    g_autoptr(GError) error = NULL;
    struct stat before;

    g_assert_no_errno(stat(path, &before));
    g_assert_true(omen_configuration_files_check_trust(fixture->main_file, &error));
    g_assert_no_error(error);
    g_assert_no_errno(g_chmod(path, mode));
    g_assert_false(omen_configuration_files_check_trust(fixture->main_file, &error));
    g_assert_nonnull(strstr(error->message, path));
    g_assert_no_errno(g_chmod(path, before.st_mode & 07777));
    if (geteuid() != 0)
        return;
    g_clear_error(&error);
    g_assert_no_errno(chown(path, 65534, 0));
    g_assert_false(omen_configuration_files_check_trust(fixture->main_file, &error));
    g_assert_nonnull(strstr(error->message, path));
    g_assert_no_errno(chown(path, before.st_uid, before.st_gid));
}

/* What others may write says what root runs. */
static void
test_untrusted(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *drop_in = g_build_filename(fixture->drop_ins, "10-a.conf", NULL);

    write_file(fixture->directory, "virt-omen.conf", "");
    write_file(fixture->drop_ins, "10-a.conf", "");
    check_untrusted(fixture, fixture->main_file, 0666);
    check_untrusted(fixture, drop_in, 0646);
    check_untrusted(fixture, fixture->drop_ins, 0777);
}

/* What others may write says what moves a VM. */
static void
test_untrusted_knowledge(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const names[] = {"10-own.signatures", "writers", "words.model"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(fixture->drop_ins, names[i], NULL);
        g_autoptr(GError) error = NULL;
        write_file(fixture->drop_ins, names[i], "");
        g_assert_true(omen_configuration_files_check_knowledge(fixture->drop_ins, &error));
        g_assert_no_error(error);
        g_assert_no_errno(g_chmod(path, 0646));
        g_assert_false(omen_configuration_files_check_knowledge(fixture->drop_ins, &error));
        g_assert_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_UNREADABLE);
        g_assert_nonnull(strstr(error->message, path));
        g_assert_no_errno(g_chmod(path, 0644));
    }
}

static void
test_passwords(Fixture *fixture G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const cases[][2] = {
        {"https://user:secret@host:1/a?b", "https://***@host:1/a?b"},
        {"https://user:se@cret@host/", "https://***@host/"},
        {"http://token@host", "http://***@host"},
        {"https://user:se%zzcret@host/a", "https://***@host/a"},
        {"HTTPS://user:secret@host", "HTTPS://***@host"},
        {"https://host/a@b", "https://host/a@b"},
        {"qemu+ssh://root@beta/system", "qemu+ssh://root@beta/system"},
        {"qemu+ssh://root:secret@beta/system", "qemu+ssh://***@beta/system"},
        {"/usr/bin/mail root@host", "/usr/bin/mail root@host"},
        {"", ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shown = omen_setting_hide_password(cases[i][0]);
        g_assert_cmpstr(shown, ==, cases[i][1]);
    }
}

static void
check_unreadable(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(omen_configuration_load(fixture->main_file, &error));
    g_assert_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_UNREADABLE);
}

/* A pipe in conf.d does not hold the start up, nor does a file without end fill the memory. */
static void
test_odd_files(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *drop_in = g_build_filename(fixture->drop_ins, "10-a.conf", NULL);
    g_autofree char *comment = g_strnfill(2 * 1024 * 1024, '#');

    write_file(fixture->directory, "virt-omen.conf", "");
    g_assert_no_errno(mkfifo(drop_in, 0600));
    check_unreadable(fixture);
    g_unlink(drop_in);
    g_assert_no_errno(symlink("/dev/zero", drop_in));
    check_unreadable(fixture);
    g_unlink(drop_in);
    write_file(fixture->drop_ins, "10-a.conf", comment);
    check_unreadable(fixture);
}

static void
test_drop_ins(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenConfiguration) configuration = NULL;

    write_file(fixture->directory, "virt-omen.conf", "[daemon]\nmode=observe\nsave_interval_s=7\n");
    write_file(fixture->drop_ins, "20.conf", "[destination gamma]\nuri=qemu+tcp://gamma/system\n");
    write_file(fixture->drop_ins, "10.conf",
               "[daemon]\nmode = enforce\n[destination beta]\nuri=qemu+tcp://beta/system\n");
    write_file(fixture->drop_ins, "ignored.txt", "nonsense");
    configuration = omen_configuration_load(fixture->main_file, &error);
    g_assert_no_error(error);
    g_assert_cmpint(configuration->mode, ==, OMEN_MODE_ENFORCE);
    g_assert_cmpuint(configuration->save_interval_s, ==, 7);
    g_assert_cmpuint(configuration->destinations->len, ==, 2);
    OmenDestinationSettings *first = g_ptr_array_index(configuration->destinations, 0);
    g_assert_cmpstr(first->name, ==, "beta");
    g_assert_cmpstr(first->uri, ==, "qemu+tcp://beta/system");
}

typedef struct {
    const char *name;
    const char *text;
    const char *expected; /* in the message, after the path */
} Mistake;

static const Mistake mistakes[] = {
    {"key", "# a comment\n[daemon]\nmod=observe\n",
     ":3: [daemon] mod: unknown key; [daemon] has: mode, state_dir, save_interval_s"},
    {"mode", "[daemon]\n\nmode=panic\n",
     ":3: [daemon] mode: \"panic\" is not allowed here; allowed are: observe, advise, enforce"},
    {"number", "[evacuation]\nconcurrency=0\n",
     ":2: [evacuation] concurrency: \"0\" is not a whole number from 1 to 32"},
    {"word for number", "[evacuation]\nconcurrency=two\n",
     ":2: [evacuation] concurrency: \"two\" is not a whole number from 1 to 32"},
    {"group", "[demon]\nmode=observe\n", ":2: [demon] mode: unknown group; there are: [daemon]"},
    {"destination key", "[destination beta]\nurl=x\n",
     ":2: [destination beta] url: unknown key; [destination NAME] has: uri, migrate_uri"},
    {"destination without uri", "[destination beta]\nmigrate_uri=tcp://x\n",
     "[destination beta] has no uri"},
    {"similarity", "[miner]\nsimilarity=4\n", ":2: [miner] similarity: "},
    {"metric", "[profile]\nmetric=euclid\n", ":2: [profile] metric: "},
    {"engine key", "[profile]\nlenght=4\n", ":2: [profile] lenght: unknown key"},
    {"mask", "[miner]\nmask.RACK=rack-(\n", ":2: [miner] mask.RACK: "},
    {"when-stuck", "[policy]\nwhen_stuck=save;jump\n",
     "when_stuck: \"jump\" is not a step; there are: relieve, save, shutdown"},
    {"transport", "[fleet]\ntransports=tls;ext\n",
     "[fleet] transports: \"ext\" is none of tls, ssh, libssh, libssh2, tcp"},
    {"post-copy", "[evacuation]\npost_copy=yes\n",
     ":2: [evacuation] post_copy: \"yes\" is not allowed here; allowed are: never, healthy, always"},
    {"destination weight", "[destination beta]\nweight=heavy\n",
     ":2: [destination beta] weight: \"heavy\" is not a whole number"},
    {"no entry", "[daemon]\nmode=observe\nnonsense\n", ":3: "},
    {"no group", "\nmode=observe\n", ":2: "},
};

static void
test_mistake(Fixture *fixture, gconstpointer data)
{
    const Mistake *mistake = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenConfiguration) configuration = NULL;

    write_file(fixture->directory, "virt-omen.conf", mistake->text);
    configuration = omen_configuration_load(fixture->main_file, &error);
    g_assert_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID);
    g_assert_null(configuration);
    if (!strstr(error->message, mistake->expected))
        g_error("\"%s\" is not in \"%s\"", mistake->expected, error->message);
    g_assert_nonnull(strstr(error->message, mistake->expected));
}

static void
test_missing(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(omen_configuration_load(fixture->main_file, &error));
    g_assert_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_UNREADABLE);
    g_assert_nonnull(strstr(error->message, fixture->main_file));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/configuration/defaults", Fixture, NULL, set_up, test_defaults, tear_down);
    g_test_add("/configuration/shipped", Fixture, NULL, set_up, test_shipped, tear_down);
    g_test_add("/configuration/untrusted", Fixture, NULL, set_up, test_untrusted, tear_down);
    g_test_add("/configuration/untrusted-knowledge", Fixture, NULL, set_up,
               test_untrusted_knowledge, tear_down);
    g_test_add("/configuration/passwords", Fixture, NULL, set_up, test_passwords, tear_down);
    g_test_add("/configuration/odd-files", Fixture, NULL, set_up, test_odd_files, tear_down);
    g_test_add("/configuration/drop-ins", Fixture, NULL, set_up, test_drop_ins, tear_down);
    g_test_add("/configuration/missing", Fixture, NULL, set_up, test_missing, tear_down);
    for (gsize i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        g_autofree char *path = g_strconcat("/configuration/mistake/", mistakes[i].name, NULL);
        g_test_add(path, Fixture, &mistakes[i], set_up, test_mistake, tear_down);
    }
    return g_test_run();
}
