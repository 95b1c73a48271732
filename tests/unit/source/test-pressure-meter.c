/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pressure-meter.h"

#include <string.h>
#include <unistd.h>

#define MIB   (G_GUINT64_CONSTANT(1) << 20)
#define SCOPE "/machine.slice/machine-qemu\\x2d1\\x2dg1.scope"

typedef struct {
    char *root;
    OmenPressureMeter meter;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    self->root = g_dir_make_tmp("omen-meter-XXXXXX", NULL);
    self->meter.root = self->root;
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    const char *const command[] = {"rm", "-rf", self->root, NULL};

    g_assert_true(g_spawn_sync(NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
    g_free(self->root);
}

static void
put(Fixture *self, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(self->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

static void
put_host(Fixture *self, const char *stat)
{
    put(self, "proc/meminfo",
        "MemTotal:        2097152 kB\nMemFree:          102400 kB\nMemAvailable:    1048576 kB\n"
        "SwapCached:            4 kB\nSwapTotal:       1048576 kB\nSwapFree:         786432 kB\n");
    put(self, "proc/pressure/memory",
        "some avg10=12.50 avg60=1.00 avg300=0.00 total=1\n"
        "full avg10=3.25 avg60=0.00 avg300=0.00 total=1\n");
    put(self, "proc/pressure/cpu", "some avg10=85.00 avg60=1.00 avg300=0.00 total=1\n");
    put(self, "proc/pressure/io",
        "some avg10=9.00 avg60=1.00 avg300=0.00 total=1\n"
        "full avg10=7.00 avg60=0.00 avg300=0.00 total=1\n");
    put(self, "proc/vmstat",
        "nr_free_pages 1\nnr_dirty 3000\nnr_writeback 1000\nnr_writeback_temp 7\n"
        "nr_dirty_threshold 5000\nnr_dirty_background_threshold 100\n");
    put(self, "proc/loadavg", "1.00 2.00 3.00 64/700 1234\n");
    put(self, "proc/stat", stat);
}

static void
test_host(Fixture *self, gconstpointer data)
{
    OmenPressureSample sample = {0};

    put_host(self, "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
    g_assert_true(omen_pressure_meter_read_host(&self->meter, &sample));
    g_assert_cmpuint(sample.memory_total, ==, 2048 * MIB);
    g_assert_cmpuint(sample.memory_available, ==, 1024 * MIB);
    g_assert_cmpuint(sample.swap_used, ==, 256 * MIB);
    g_assert_cmpuint(sample.swap_total, ==, 1024 * MIB);
    g_assert_cmpuint(sample.available, ==, (1024 + 768) * MIB);
    g_assert_cmpuint(sample.total, ==, 3072 * MIB);
    g_assert_cmpfloat(sample.some_avg10, ==, 12.5);
    g_assert_cmpfloat(sample.full_avg10, ==, 3.25);
    g_assert_cmpfloat(sample.cpu_avg10, ==, 85);
    g_assert_cmpfloat(sample.io_full_avg10, ==, 7);
    g_assert_cmpfloat(sample.io_some_avg10, ==, 9);
    g_assert_true(sample.has_stalls);
    g_assert_cmpuint(sample.dirty, ==, 4000 * (guint64) sysconf(_SC_PAGESIZE));
    g_assert_cmpfloat_with_epsilon(sample.dirty_share, 80, 0.001);
    g_assert_cmpfloat_with_epsilon(sample.run_queue, 64.0 / g_get_num_processors(), 0.001);
    g_assert_cmpfloat(sample.steal, ==, 0);

    /* Of the 1000 ticks since, 300 went to others. */
    put_host(self, "cpu  400 0 200 1100 0 0 0 300 0 0\n");
    g_assert_true(omen_pressure_meter_read_host(&self->meter, &sample));
    g_assert_cmpfloat_with_epsilon(sample.steal, 30, 0.001);
}

/* A kernel without PSI and without swap; one that gives nothing at all; and one that lies. */
static void
test_poor(Fixture *self, gconstpointer data)
{
    OmenPressureSample sample = {0};

    g_assert_false(omen_pressure_meter_read_host(&self->meter, &sample));
    put(self, "proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\nSwapTotal: 0 kB\n");
    g_assert_true(omen_pressure_meter_read_host(&self->meter, &sample));
    g_assert_cmpuint(sample.available, ==, 512 * 1024);
    g_assert_cmpfloat(sample.cpu_avg10, ==, 0);
    put(self, "proc/meminfo", "SwapFree: 99 kB\nSwapTotal: 3 kB");
    put(self, "proc/loadavg", "rubbish");
    put(self, "proc/stat", "cpu 1 2 3");
    put(self, "proc/vmstat", "nr_dirty");
    g_assert_true(omen_pressure_meter_read_host(&self->meter, &sample));
    g_assert_cmpuint(sample.swap_used, ==, 0);
}

static void
put_group(Fixture *self, const char *folder, const char *current, const char *max)
{
    g_autofree char *of_current = g_build_filename(folder, "memory.current", NULL);
    g_autofree char *of_max = g_build_filename(folder, "memory.max", NULL);

    put(self, of_current, current);
    put(self, of_max, max);
}

static void
assert_group(Fixture *self, const char *expected)
{
    guint64 pid = omen_pressure_meter_read_pid(&self->meter, "/run/libvirt/qemu/g1.pid");
    g_autofree char *found = omen_pressure_meter_find_group(&self->meter, pid);

    g_assert_cmpuint(pid, ==, 77);
    if (!expected) {
        g_assert_null(found);
        return;
    }
    g_assert_nonnull(found);
    g_assert_true(g_str_has_prefix(found, self->root));
    g_assert_cmpstr(found + strlen(self->root), ==, expected);
}

/* libvirt's scope of a domain: QEMU is in a threaded group, the limit some levels above. */
static void
test_scope(Fixture *self, gconstpointer data)
{
    OmenPressureSample sample = {0};
    g_autofree char *scope = g_strconcat(self->root, "/sys/fs/cgroup" SCOPE "/libvirt", NULL);

    put(self, "run/libvirt/qemu/g1.pid", "77\n");
    put(self, "proc/77/cgroup", "0::" SCOPE "/libvirt/emulator\n");
    assert_group(self, NULL);
    put_group(self, "sys/fs/cgroup/machine.slice", "1", "1");
    put_group(self, "sys/fs/cgroup" SCOPE, "4096", "max");
    assert_group(self, "/sys/fs/cgroup" SCOPE);
    put_group(self, "sys/fs/cgroup" SCOPE "/libvirt", "104857600\n", "419430400\n");
    assert_group(self, "/sys/fs/cgroup" SCOPE "/libvirt");

    put(self, "sys/fs/cgroup" SCOPE "/libvirt/memory.pressure",
        "some avg10=41.00 avg60=0 avg300=0 total=0\nfull avg10=11.00 avg60=0 avg300=0 total=0\n");
    g_assert_true(omen_pressure_meter_read_group(scope, &sample));
    g_assert_cmpuint(sample.total, ==, 400 * MIB);
    g_assert_cmpuint(sample.available, ==, 300 * MIB);
    g_assert_cmpfloat(sample.some_avg10, ==, 41);
    g_assert_cmpfloat(sample.full_avg10, ==, 11);
}

/* The limit of the scope counts where the groups below have none. */
static void
test_limit_above(Fixture *self, gconstpointer data)
{
    put(self, "run/libvirt/qemu/g1.pid", "77");
    put(self, "proc/77/cgroup", "0::" SCOPE "/libvirt/emulator\n");
    put_group(self, "sys/fs/cgroup" SCOPE "/libvirt", "100", "max");
    put_group(self, "sys/fs/cgroup" SCOPE, "100", "200");
    assert_group(self, "/sys/fs/cgroup" SCOPE);
}

static void
test_version_1(Fixture *self, gconstpointer data)
{
    put(self, "run/libvirt/qemu/g1.pid", "77");
    put(self, "proc/77/cgroup",
        "9:cpu,cpuacct:/machine/qemu-1-g1.libvirt-qemu/emulator\n"
        "4:memory:/machine/qemu-1-g1.libvirt-qemu\n0::/\n");
    put(self, "sys/fs/cgroup/memory/machine/qemu-1-g1.libvirt-qemu/memory.usage_in_bytes", "10");
    put(self, "sys/fs/cgroup/memory/machine/qemu-1-g1.libvirt-qemu/memory.limit_in_bytes",
        "9223372036854771712");
    assert_group(self, "/sys/fs/cgroup/memory/machine/qemu-1-g1.libvirt-qemu");
}

static void
test_claim(Fixture *self, gconstpointer data)
{
    put(self, "proc/77/status",
        "Name:\tqemu\nVmPeak:\t 900000 kB\nVmRSS:\t  102400 kB\nVmSwap:\t   51200 kB\n"
        "HugetlbPages:\t       0 kB\n");
    g_assert_cmpuint(omen_pressure_meter_read_claim(&self->meter, 77, 512 * MIB), ==, 362 * MIB);
    g_assert_cmpuint(omen_pressure_meter_read_claim(&self->meter, 77, 100 * MIB), ==, 0);
    g_assert_cmpuint(omen_pressure_meter_read_claim(&self->meter, 78, 512 * MIB), ==, 0);
    g_assert_cmpuint(omen_pressure_meter_read_claim(&self->meter, 0, 512 * MIB), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/pressure-meter/host", Fixture, NULL, set_up, test_host, tear_down);
    g_test_add("/pressure-meter/poor", Fixture, NULL, set_up, test_poor, tear_down);
    g_test_add("/pressure-meter/scope", Fixture, NULL, set_up, test_scope, tear_down);
    g_test_add("/pressure-meter/limit-above", Fixture, NULL, set_up, test_limit_above, tear_down);
    g_test_add("/pressure-meter/version-1", Fixture, NULL, set_up, test_version_1, tear_down);
    g_test_add("/pressure-meter/claim", Fixture, NULL, set_up, test_claim, tear_down);
    return g_test_run();
}
