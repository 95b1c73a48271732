/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "doctor.h"

#include <string.h>
#include <sys/timex.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

/* libvirt asks it before a domain starts here; without it a host that fails takes domains in. */
static void
check_hook(Doctor *self)
{
    const char *path = OMEN_HOOKS_DIR "/qemu.d/50-virt-omen";

    if (access(path, X_OK) == 0)
        doctor_add(self, "hook", DOCTOR_OK, g_strdup_printf("%s is installed", path), "");
    else if (access(path, F_OK) == 0)
        doctor_add(self, "hook", DOCTOR_WARNING, g_strdup_printf("%s may not be executed", path),
                   "chmod 755 " OMEN_HOOKS_DIR "/qemu.d/50-virt-omen");
    else
        doctor_add(
            self, "hook", DOCTOR_WARNING,
            g_strdup_printf(
                "%s is missing: incoming migrations are not refused while this host is endangered",
                path),
            "see virt-omen-hook(8) for where to get it; then restart libvirtd");
}

/* Process of the daemon; 0: not known. */
static guint32
find_daemon(Doctor *self)
{
    g_autoptr(GVariant) reply = NULL;
    guint32 pid = 0;

    if (!self->client)
        return 0;
    reply = g_dbus_connection_call_sync(
        self->client->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
        "org.freedesktop.DBus", "GetConnectionUnixProcessID", g_variant_new("(s)", OMEN_BUS_NAME),
        G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
    if (reply)
        g_variant_get(reply, "(u)", &pid);
    return pid;
}

static void
check_apparmor(Doctor *self)
{
    g_autofree char *enabled = NULL;
    g_autofree char *label = NULL;
    g_autofree char *path = g_strdup_printf("/proc/%u/attr/apparmor/current", find_daemon(self));

    if (!g_file_get_contents("/sys/module/apparmor/parameters/enabled", &enabled, NULL, NULL) ||
        *enabled != 'Y' || !self->client)
        return;
    if (!g_file_get_contents(path, &label, NULL, NULL)) {
        doctor_add(self, "AppArmor", DOCTOR_WARNING, g_strdup("the daemon's label can't be read"),
                   "run virt-omen doctor as root to check it");
        return;
    }
    g_strstrip(label);
    if (strstr(label, "(enforce)"))
        doctor_add(self, "AppArmor", DOCTOR_OK,
                   g_strdup_printf("the daemon is confined: %s", label), "");
    else
        doctor_add(self, "AppArmor", DOCTOR_WARNING,
                   g_strdup_printf("the daemon is not confined: %s", label),
                   "apparmor_parser -r /etc/apparmor.d/usr.sbin.virt-omend, then "
                   "systemctl restart virt-omend");
}

static void
check_journal(Doctor *self)
{
    if (!g_file_test("/run/systemd/journal", G_FILE_TEST_IS_DIR))
        return;
    if (g_file_test("/var/log/journal", G_FILE_TEST_IS_DIR))
        doctor_add(self, "journal", DOCTOR_OK, g_strdup("it is kept over reboots"), "");
    else
        doctor_add(self, "journal", DOCTOR_WARNING,
                   g_strdup("it is lost at a reboot, with all that was logged before"),
                   "mkdir -p /var/log/journal, then systemctl restart systemd-journald");
}

static void
check_clock(Doctor *self)
{
    struct timex clock = {0};

    if (adjtimex(&clock) == TIME_ERROR || (clock.status & STA_UNSYNC))
        doctor_add(self, "clock", DOCTOR_WARNING,
                   g_strdup("it is not synchronised: times of different hosts can't be compared"),
                   "timedatectl set-ntp true");
    else
        doctor_add(self, "clock", DOCTOR_OK, g_strdup("it is synchronised"), "");
}

/* QEMU takes pages in as they are asked for, by userfaultfd, also where its kernel side asks: an
 * unprivileged one, as libvirt runs it, may do so only by this setting. */
static void
check_post_copy(Doctor *self)
{
    g_autofree char *allowed = NULL;

    if (!self->configuration || self->configuration->post_copy == OMEN_POST_COPY_NEVER ||
        !g_file_get_contents("/proc/sys/vm/unprivileged_userfaultfd", &allowed, NULL, NULL))
        return;
    if (*g_strstrip(allowed) != '0')
        doctor_add(self, "post-copy", DOCTOR_OK, g_strdup("the kernel permits it"), "");
    else
        doctor_add(self, "post-copy", DOCTOR_WARNING,
                   g_strdup("vm.unprivileged_userfaultfd is 0, so the kernel refuses it to a QEMU "
                            "that is not root's: guests come here by pre-copy only"),
                   "sysctl vm.unprivileged_userfaultfd=1, and the same line in /etc/sysctl.d; or "
                   "[evacuation] post_copy=never");
}

void
doctor_check_host(Doctor *self)
{
    check_hook(self);
    check_apparmor(self);
    check_journal(self);
    check_clock(self);
    check_post_copy(self);
}
