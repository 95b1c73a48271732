/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who wrote an entry of the journal, by what no client can set. */
#include "source/log/journal-writer.h"

typedef struct {
    const char *what;
    OmenJournalFacts facts;
    OmenOrigin origin;
    const char *name;
    const char *unit;
} Case;

#define SYSLOG .transport = "syslog"

static const Case cases[] = {
    {"the kernel", {.transport = "kernel", .facility = "0"}, OMEN_ORIGIN_KERNEL, "kernel", ""},
    {"a process that writes to the kernel",
     {.transport = "kernel", .facility = "1"},
     OMEN_ORIGIN_USER,
     "a process that writes to /dev/kmsg",
     ""},
    {"a service",
     {SYSLOG, .unit = "smartmontools.service", .cgroup = "/system.slice/smartmontools.service",
      .exe = "/usr/sbin/smartd", .comm = "x", .uid = "0"},
     OMEN_ORIGIN_SYSTEM,
     "smartd",
     "smartmontools"},
    {"a service in a slice of its own, one of many",
     {.transport = "stdout",
      .unit = "ceph-osd@3.service",
      .cgroup = "/system.slice/system-ceph\\x2dosd.slice/ceph-osd@3.service",
      .exe = "/usr/bin/ceph-osd",
      .uid = "0"},
     OMEN_ORIGIN_SYSTEM,
     "ceph-osd",
     "ceph-osd"},
    {"a service of another user",
     {SYSLOG, .unit = "web.service", .cgroup = "/system.slice/web.service", .exe = "/tmp/smartd",
      .uid = "1"},
     OMEN_ORIGIN_SYSTEM,
     "smartd@daemon",
     "web@daemon"},
    {"a service of a user without a name",
     {SYSLOG, .unit = "web.service", .cgroup = "/system.slice/web.service", .exe = "/tmp/smartd",
      .uid = "3999999"},
     OMEN_ORIGIN_SYSTEM,
     "smartd@",
     "web@"},
    {"process 1",
     {.transport = "journal",
      .unit = "init.scope",
      .cgroup = "/init.scope",
      .exe = "/usr/lib/systemd/systemd",
      .uid = "0"},
     OMEN_ORIGIN_SYSTEM,
     "systemd",
     "init"},
    {"a user, of a session",
     {SYSLOG, .unit = "session-3.scope", .cgroup = "/user.slice/user-1000.slice/session-3.scope",
      .exe = "/usr/bin/logger", .uid = "1000", .owner_uid = "1000", .session = "3"},
     OMEN_ORIGIN_USER,
     "uid 1000",
     ""},
    {"root, of a session",
     {SYSLOG, .unit = "session-3.scope", .cgroup = "/user.slice/user-0.slice/session-3.scope",
      .exe = "/usr/sbin/smartd", .uid = "0", .owner_uid = "0", .session = "3"},
     OMEN_ORIGIN_USER,
     "uid 0",
     ""},
    {"a user's unit that is named as a service",
     {.transport = "stdout",
      .unit = "user@1000.service",
      .user_unit = "smartd.service",
      .cgroup = "/user.slice/user-1000.slice/user@1000.service/app.slice/smartd.service",
      .exe = "/home/x/smartd",
      .uid = "1000",
      .owner_uid = "1000"},
     OMEN_ORIGIN_USER,
     "uid 1000",
     ""},
    {"a container",
     {SYSLOG, .unit = "docker-12ab.scope", .cgroup = "/system.slice/docker-12ab.scope",
      .exe = "/usr/sbin/smartd", .uid = "0"},
     OMEN_ORIGIN_USER,
     "docker-12ab.scope",
     ""},
    {"a container below a service",
     {SYSLOG, .unit = "pod.service", .cgroup = "/system.slice/pod.service/libpod-payload-12ab",
      .exe = "/usr/sbin/smartd", .uid = "0"},
     OMEN_ORIGIN_USER,
     "pod.service",
     ""},
    {"a machine",
     {SYSLOG, .unit = "systemd-nspawn@x.service",
      .cgroup = "/machine.slice/systemd-nspawn@x.service", .exe = "/usr/sbin/smartd", .uid = "0"},
     OMEN_ORIGIN_USER,
     "systemd-nspawn@x.service",
     ""},
    {"nobody who is known", {SYSLOG, .uid = "65534"}, OMEN_ORIGIN_USER, "uid 65534", ""},
    {"root without a unit", {SYSLOG, .uid = "0", .cgroup = "/"}, OMEN_ORIGIN_USER, "uid 0", ""},
    {"nothing at all", {.transport = NULL}, OMEN_ORIGIN_USER, "uid unknown", ""},
    {"the kernel's audit", {.transport = "audit"}, OMEN_ORIGIN_USER, "audit", ""},
};

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    OmenJournalWriters *writers = omen_journal_writers_new();
    OmenJournalWriter writer;

    g_assert_cmpint(omen_journal_writers_weigh(writers, &one->facts, &writer), ==, one->origin);
    g_assert_cmpstr(writer.name, ==, one->name);
    g_assert_cmpstr(writer.unit, ==, one->unit);
    omen_journal_writers_free(writers);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/journal-writer/", cases[i].what, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
