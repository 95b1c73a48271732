/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/outcome.h"

#define UUID  "600d0000-0000-4000-8000-000000000001"
#define OTHER "600d0000-0000-4000-8000-000000000002"

static Omen *
raise_kind(OmenRegistry *omens, const char *uuid, OmenScope scope, OmenFailureClass kind)
{
    OmenData *detection = omen_data_new();

    detection->time_us = g_get_real_time() - 100 * G_USEC_PER_SEC;
    detection->last_us = detection->time_us;
    detection->expires_us = g_get_real_time() + 100 * G_USEC_PER_SEC;
    detection->is_proven = TRUE;
    detection->scope = scope;
    detection->failure_class = kind;
    g_free(detection->domain_uuid);
    detection->domain_uuid = g_strdup(uuid);
    g_free(detection->stream);
    detection->stream = *uuid ? g_strconcat("domain:", uuid, NULL) : g_strdup("host");
    return omen_registry_raise(omens, detection, NULL);
}

static Omen *
raise_omen(OmenRegistry *omens, const char *uuid)
{
    return *uuid ? raise_kind(omens, uuid, OMEN_SCOPE_DOMAIN, OMEN_FAILURE_QEMU)
                 : raise_kind(omens, uuid, OMEN_SCOPE_HOST, OMEN_FAILURE_KERNEL_BUG);
}

static void
test_outcome(void)
{
    g_autoptr(OmenRegistry) omens = omen_registry_new(10);
    Omen *omen = raise_omen(omens, UUID);
    Omen *other = raise_omen(omens, OTHER);
    g_autoptr(OmenDomainEvent) asked = omen_domain_event_new_lifecycle(
        UUID, "g1", VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
    g_autoptr(OmenDomainEvent) crashed = omen_domain_event_new_lifecycle(
        UUID, "g1", VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED);

    omen_set_outcome(omen, "mode observe: only recorded");
    omen_outcome_take_event(omens, asked);
    g_assert_cmpstr(omen_get_data(omen)->outcome, ==, "mode observe: only recorded");
    omen_outcome_take_event(omens, crashed);
    g_autofree char *outcome = g_strdup(omen_get_data(omen)->outcome);
    g_assert_true(g_str_has_prefix(outcome, "mode observe: only recorded; then the domain failed"));
    g_assert_nonnull(strstr(outcome, "100 s after the first sign"));
    omen_outcome_take_event(omens, crashed);
    g_assert_cmpstr(omen_get_data(omen)->outcome, ==, outcome);
    g_assert_cmpstr(omen_get_data(other)->outcome, ==, "");
}

static void
say(OmenRegistry *omens, const char *stream_name, const char *message)
{
    OmenRecord record = {
        .identifier = "kernel", .message = message, .message_length = strlen(message)};

    omen_outcome_take_line(omens, stream_name, &record, g_get_real_time());
}

static OmenFate
fate_of(Omen *omen)
{
    return omen_get_data(omen)->fate;
}

/* A disk that is replaced is one that did not fail any more; another one's is no news of it. */
static void
test_lines(void)
{
    g_autoptr(OmenRegistry) omens = omen_registry_new(10);
    OmenData *detection = omen_data_new();
    Omen *disk;
    Omen *memory;

    detection->time_us = g_get_real_time() - 50 * G_USEC_PER_SEC;
    detection->expires_us = g_get_real_time() + 100 * G_USEC_PER_SEC;
    detection->failure_class = OMEN_FAILURE_DISK;
    detection->scope = OMEN_SCOPE_DEVICE;
    g_free(detection->device);
    detection->device = g_strdup("sdb");
    disk = omen_registry_raise(omens, detection, NULL);
    detection = omen_data_new();
    detection->time_us = g_get_real_time() - 20 * G_USEC_PER_SEC;
    detection->expires_us = g_get_real_time() + 100 * G_USEC_PER_SEC;
    detection->failure_class = OMEN_FAILURE_OOM;
    detection->scope = OMEN_SCOPE_HOST;
    memory = omen_registry_raise(omens, detection, NULL);

    say(omens, "host", "sd 2:0:0:0: [sdc] Attached SCSI disk");
    say(omens, "guest:" UUID, "sd 2:0:0:0: [sdb] Attached SCSI disk");
    g_assert_cmpint(fate_of(disk), ==, OMEN_FATE_UNKNOWN);
    say(omens, "host", "sd 2:0:0:0: [sdb] Attached SCSI disk");
    g_assert_cmpint(fate_of(disk), ==, OMEN_FATE_REPAIRED);
    g_assert_nonnull(strstr(omen_get_data(disk)->outcome, "the device was replaced, 50 s"));
    g_assert_cmpint(fate_of(memory), ==, OMEN_FATE_UNKNOWN);
    say(omens, "host", "Out of memory: Killed process 7 (qemu-system-x86)");
    g_assert_cmpint(fate_of(memory), ==, OMEN_FATE_FAILED);
    g_assert_cmpint(fate_of(disk), ==, OMEN_FATE_REPAIRED);
}

/* In the very words of the heartbeats: of the domain that they are told of. */
static void
test_heartbeat(void)
{
    g_autoptr(OmenRegistry) omens = omen_registry_new(10);
    Omen *omen = raise_omen(omens, UUID);
    Omen *other = raise_omen(omens, OTHER);

    say(omens, "domain:" UUID, "QEMU monitor is silent: no answer for 14 s");
    g_assert_cmpint(fate_of(omen), ==, OMEN_FATE_UNKNOWN);
    say(omens, "domain:" UUID, "QEMU monitor seems to hang: no answer for 18 s");
    g_assert_cmpint(fate_of(omen), ==, OMEN_FATE_FAILED);
    g_assert_nonnull(strstr(omen_get_data(omen)->outcome, "QEMU hung"));
    g_assert_cmpint(fate_of(other), ==, OMEN_FATE_UNKNOWN);
}

/* The host went down: what was open of it then came true, and nothing else. */
static void
test_crash(void)
{
    g_autoptr(OmenRegistry) omens = omen_registry_new(10);
    Omen *host = raise_omen(omens, "");
    Omen *domain = raise_omen(omens, UUID);

    omen_outcome_take_crash(omens, g_get_real_time() - 200 * G_USEC_PER_SEC);
    g_assert_cmpint(fate_of(host), ==, OMEN_FATE_UNKNOWN);
    omen_outcome_take_crash(omens, g_get_real_time() - 40 * G_USEC_PER_SEC);
    g_assert_cmpint(fate_of(host), ==, OMEN_FATE_FAILED);
    g_assert_nonnull(strstr(omen_get_data(host)->outcome, "60 s after the first sign"));
    g_assert_cmpint(fate_of(domain), ==, OMEN_FATE_UNKNOWN);
}

/* What fails near an omen does not make it right: it must be what the omen is about. */
static void
test_own_kind(void)
{
    g_autoptr(OmenRegistry) omens = omen_registry_new(10);
    Omen *service = raise_kind(omens, "", OMEN_SCOPE_HOST, OMEN_FAILURE_SERVICE);
    Omen *memory = raise_kind(omens, "", OMEN_SCOPE_HOST, OMEN_FAILURE_MEMORY);
    Omen *libvirt = raise_kind(omens, UUID, OMEN_SCOPE_DOMAIN, OMEN_FAILURE_LIBVIRT);
    OmenData *of_device = omen_data_copy(omen_get_data(service));
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(OMEN_REACH_NOBODY, "unused");
    g_autoptr(OmenDomainEvent) crashed = omen_domain_event_new_lifecycle(
        UUID, "g1", VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED);
    Omen *device;

    of_device->id = 77;
    of_device->scope = OMEN_SCOPE_DEVICE;
    of_device->failure_class = OMEN_FAILURE_DISK;
    g_free(of_device->device);
    of_device->device = g_strdup("sdb");
    omen_registry_restore(omens, of_device);
    device = omen_registry_lookup(omens, 77);
    omen_set_device_reach(device, reach);
    omen_outcome_take_event(omens, crashed);
    say(omens, "host", "Out of memory: Killed process 7 (qemu-system-x86)");
    say(omens, "host", "Memory cgroup out of memory: Killed process 7 (a.out)");
    say(omens, "host", "libvirtd seems to hang: no answer for 18 s");
    say(omens, "host", "md/raid1:md0: Disk failure on sdc, disabling device.");
    g_assert_cmpint(fate_of(memory), ==, OMEN_FATE_UNKNOWN);
    omen_outcome_take_crash(omens, g_get_real_time() - 40 * G_USEC_PER_SEC);
    g_assert_cmpint(fate_of(memory), ==, OMEN_FATE_FAILED);
    g_assert_cmpint(fate_of(service), ==, OMEN_FATE_UNKNOWN);
    g_assert_cmpint(fate_of(libvirt), ==, OMEN_FATE_UNKNOWN);
    g_assert_cmpint(fate_of(device), ==, OMEN_FATE_UNKNOWN);
    say(omens, "host", "md/raid1:md0: Disk failure on sdb, disabling device.");
    g_assert_cmpint(fate_of(device), ==, OMEN_FATE_FAILED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outcome/outcome", test_outcome);
    g_test_add_func("/outcome/lines", test_lines);
    g_test_add_func("/outcome/heartbeat", test_heartbeat);
    g_test_add_func("/outcome/crash", test_crash);
    g_test_add_func("/outcome/own-kind", test_own_kind);
    return g_test_run();
}
