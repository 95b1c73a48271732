/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Heartbeats with a libvirt whose calls last as long as the test wants: this program's functions
 * stand before libvirt's. */
#include "hypervisor/libvirt-types.h"
#include "source/health/heartbeat-source.h"

#include <string.h>

#define HANGING 4 /* domains whose QEMU hangs: as many as a prober has threads */

static GMutex lock;
static GCond changed;
static gboolean libvirtd_hangs;
static gboolean qemu_hangs;
static int in_qemu;

static void
hang_while(const gboolean *hangs)
{
    g_mutex_lock(&lock);
    while (*hangs)
        g_cond_wait(&changed, &lock);
    g_mutex_unlock(&lock);
}

static void
let(gboolean *hangs, gboolean value)
{
    g_mutex_lock(&lock);
    *hangs = value;
    g_cond_broadcast(&changed);
    g_mutex_unlock(&lock);
}

int
virConnectGetLibVersion(virConnectPtr connection G_GNUC_UNUSED, unsigned long *version)
{
    hang_while(&libvirtd_hangs);
    *version = 1;
    return 0;
}

virDomainPtr
virDomainLookupByUUIDString(virConnectPtr connection, const char *uuid G_GNUC_UNUSED)
{
    hang_while(&libvirtd_hangs);
    return virDomainLookupByName(connection, "test");
}

int
virDomainGetControlInfo(virDomainPtr domain G_GNUC_UNUSED,
                        virDomainControlInfoPtr info,
                        unsigned int flags G_GNUC_UNUSED)
{
    memset(info, 0, sizeof *info);
    return 0;
}

int
virDomainMemoryStats(virDomainPtr domain G_GNUC_UNUSED,
                     virDomainMemoryStatPtr stats G_GNUC_UNUSED,
                     unsigned int n_stats G_GNUC_UNUSED,
                     unsigned int flags G_GNUC_UNUSED)
{
    g_mutex_lock(&lock);
    in_qemu++;
    g_mutex_unlock(&lock);
    hang_while(&qemu_hangs);
    g_mutex_lock(&lock);
    in_qemu--;
    g_mutex_unlock(&lock);
    return 0;
}

static void
on_record(OmenSource *source G_GNUC_UNUSED, const OmenRecord *record, gpointer user_data)
{
    g_ptr_array_add(user_data, g_strndup(record->message, record->message_length));
}

typedef struct {
    OmenSource *source;
    GPtrArray *said;
} Pulse;

static Pulse
begin(OmenProber *prober, OmenProbeKind kind)
{
    const OmenHeartbeatLimits limits = {.period_s = 1, .misses = 3};
    const char *name = kind == OMEN_PROBE_LIBVIRTD ? "" : "test";
    Pulse self = {omen_heartbeat_source_new(prober, kind, name, name, &limits),
                  g_ptr_array_new_with_free_func(g_free)};

    omen_source_start(self.source, on_record, self.said);
    return self;
}

static void
end(Pulse *self)
{
    omen_source_stop(self->source);
    g_object_unref(self->source);
    g_ptr_array_unref(self->said);
}

static gboolean
set_true(gpointer user_data)
{
    *(gboolean *) user_data = TRUE;
    return G_SOURCE_REMOVE;
}

static void
pass_ms(guint ms)
{
    gboolean passed = FALSE;

    g_timeout_add(ms, set_true, &passed);
    while (!passed)
        g_main_context_iteration(NULL, TRUE);
}

/* Whether one of what was said holds @word. */
static gboolean
said(const Pulse *self, const char *word)
{
    for (guint i = 0; i < self->said->len; i++)
        if (strstr(g_ptr_array_index(self->said, i), word))
            return TRUE;
    return FALSE;
}

/* A libvirtd that hangs is told, by itself and not by its domains; when it answers, also late, it
 * lives. */
static void
test_libvirtd(void)
{
    g_autoptr(OmenProber) prober = omen_prober_new("test:///default");
    g_autoptr(OmenProber) domains = omen_prober_new("test:///default");
    Pulse libvirtd = begin(prober, OMEN_PROBE_LIBVIRTD);
    Pulse qemu = begin(domains, OMEN_PROBE_QEMU);

    pass_ms(2500);
    let(&libvirtd_hangs, TRUE);
    pass_ms(5500);
    g_assert_true(said(&libvirtd, "libvirtd seems to hang"));
    g_assert_cmpuint(qemu.said->len, ==, 0);
    let(&libvirtd_hangs, FALSE);
    pass_ms(300);
    g_assert_true(said(&libvirtd, "libvirtd answers again"));
    end(&libvirtd);
    end(&qemu);
}

/* QEMUs that hang are told. A domain whose question has to wait for theirs is not silent for that.
 */
static void
test_held(void)
{
    g_autoptr(OmenProber) prober = omen_prober_new("test:///default");
    Pulse hanging[HANGING];
    Pulse waiting;

    for (guint i = 0; i < HANGING; i++)
        hanging[i] = begin(prober, OMEN_PROBE_QEMU);
    waiting = begin(prober, OMEN_PROBE_QEMU);
    pass_ms(2500);
    let(&qemu_hangs, TRUE);
    pass_ms(5500);
    g_assert_cmpint(in_qemu, ==, HANGING);
    for (guint i = 0; i < HANGING; i++)
        g_assert_true(said(&hanging[i], "QEMU monitor seems to hang"));
    g_assert_cmpuint(waiting.said->len, ==, 0);
    let(&qemu_hangs, FALSE);
    pass_ms(300);
    for (guint i = 0; i < HANGING; i++) {
        g_assert_true(said(&hanging[i], "QEMU monitor answers again"));
        end(&hanging[i]);
    }
    end(&waiting);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/heartbeat/libvirtd", test_libvirtd);
    g_test_add_func("/heartbeat/held", test_held);
    return g_test_run();
}
