/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/migration-noise.h"

#include <string.h>

#define UUID   "600d0000-0000-4000-8000-000000000001"
#define OTHER  "600d0000-0000-4000-8000-000000000002"
#define BUFFER "Buffer I/O error on dev vda, logical block 7, lost async page write"
#define SECOND ((gint64) G_USEC_PER_SEC)
#define BEGUN  (1000 * SECOND)
#define ENDED  (1010 * SECOND)
#define LATE   (ENDED + (OMEN_MIGRATION_NOISE_GRACE_S + 1) * SECOND)

static void
take(OmenMigrationNoise *doing, OmenPhase phase, gint64 started_us, gint64 ended_us)
{
    g_autoptr(OmenEvacuationData) data = omen_evacuation_data_new();

    g_free(data->domain_uuid);
    data->domain_uuid = g_strdup(UUID);
    g_free(data->domain_name);
    data->domain_name = g_strdup("g1");
    data->phase = phase;
    data->started_us = started_us;
    data->ended_us = ended_us;
    omen_migration_noise_take_evacuation(doing, data);
}

static gboolean
explains(OmenMigrationNoise *doing,
         const char *uuid,
         const char *identifier,
         const char *message,
         gint64 now_us)
{
    OmenRecord record = {.identifier = identifier,
                         .identifier_length = strlen(identifier),
                         .message = message,
                         .message_length = strlen(message)};

    return omen_migration_noise_explains(doing, uuid, &record, now_us);
}

/* From the call until shortly after its end, of that domain, and of these kinds of lines alone. */
static void
test_domain(void)
{
    g_autoptr(OmenMigrationNoise) doing = omen_migration_noise_new();

    g_assert_false(explains(doing, UUID, "kernel", BUFFER, BEGUN));
    take(doing, OMEN_PHASE_CHECKING, 0, 0);
    g_assert_false(explains(doing, UUID, "kernel", BUFFER, BEGUN));
    take(doing, OMEN_PHASE_RUNNING, BEGUN, 0);
    g_assert_true(explains(doing, UUID, "kernel", BUFFER, BEGUN + SECOND));
    g_assert_true(explains(doing, UUID, "kernel", BUFFER, BEGUN + 86400 * SECOND));
    g_assert_false(explains(doing, UUID, "", "lifecycle: stopped crashed", BEGUN + SECOND));
    g_assert_false(explains(doing, OTHER, "kernel", BUFFER, BEGUN + SECOND));
    g_assert_false(explains(doing, UUID, "kernel", "EDAC MC0: 1 UE on DIMM_A1", BEGUN + SECOND));
    take(doing, OMEN_PHASE_SUCCEEDED, BEGUN, ENDED);
    g_assert_true(explains(doing, UUID, "kernel", BUFFER, ENDED + SECOND));
    g_assert_false(explains(doing, UUID, "kernel", BUFFER, LATE));
}

/* A fault of the host is seen all the while; only taps and libvirt's own words are explained. */
static void
test_host(void)
{
    g_autoptr(OmenMigrationNoise) doing = omen_migration_noise_new();

    take(doing, OMEN_PHASE_RUNNING, BEGUN, 0);
    g_assert_false(explains(doing, "", "kernel", "Buffer I/O error on dev sda, logical block 7",
                            BEGUN + SECOND));
    g_assert_false(explains(doing, "", "kernel",
                            "critical medium error, dev sda, sector 28640 op 0x0:(READ)", BEGUN));
    g_assert_false(
        explains(doing, "", "kernel", "br0: port 2(eth0) entered disabled state", BEGUN));
    g_assert_true(
        explains(doing, "", "kernel", "br0: port 2(vnet7) entered disabled state", BEGUN));
    /* A name is a word of its own. */
    g_assert_true(explains(doing, "", "libvirtd", "Cannot find 'g1' in the list", BEGUN));
    g_assert_false(explains(doing, "", "libvirtd", "pool log1 and g10: I/O error", BEGUN));
    g_assert_true(
        explains(doing, "", "libvirtd", "internal error: End of file from qemu monitor", BEGUN));
    g_assert_true(explains(doing, "", "libvirtd",
                           "Timed out during operation: cannot acquire state change lock", BEGUN));
    g_assert_true(explains(doing, "", "systemd-machined", "Machine qemu-3-g1 terminated.", BEGUN));
    g_assert_false(explains(doing, "", "systemd-machined", "Machine qemu-4-h9 terminated.", BEGUN));
    g_assert_false(explains(doing, "", "sshd", "session of g1 ended by migration", BEGUN));
    take(doing, OMEN_PHASE_FAILED, BEGUN, ENDED);
    g_assert_false(explains(doing, "", "libvirtd",
                            "Timed out during operation: cannot acquire state change lock", LATE));
    g_assert_false(
        explains(doing, "", "kernel", "br0: port 2(vnet7) entered disabled state", LATE));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/migration-noise/domain", test_domain);
    g_test_add_func("/migration-noise/host", test_host);
    return g_test_run();
}
