/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/reservation.h"

#include <string.h>

#define UUID "600d0000-0000-4000-8000-000000000001"

static OmenFleetReservation *
make(guint64 mib, guint vcpus)
{
    OmenFleetReservation *self = omen_fleet_reservation_new(UUID);

    g_free(self->domain);
    self->domain = g_strdup("g\"1");
    g_free(self->source);
    self->source = g_strdup("alpha");
    self->mib = mib;
    self->vcpus = vcpus;
    self->since_us = 123456789;
    return self;
}

static void
test_there_and_back(void)
{
    g_autoptr(OmenFleetReservation) one = make(4096, 8);
    g_autofree char *json = omen_fleet_reservation_write(one);
    g_autoptr(OmenFleetReservation) read = omen_fleet_reservation_parse(json, UUID);

    g_assert_nonnull(read);
    g_assert_cmpstr(read->uuid, ==, UUID);
    g_assert_cmpstr(read->domain, ==, "g\"1");
    g_assert_cmpstr(read->source, ==, "alpha");
    g_assert_cmpuint(read->mib, ==, 4096);
    g_assert_cmpuint(read->vcpus, ==, 8);
    g_assert_cmpint(read->since_us, ==, 123456789);
}

static void
test_hostile(void)
{
    const char *const none[] = {"", "[]", "7", "{", "{\"a\":{\"b\":{}}}", "null"};
    g_autofree char *long_text = g_strnfill(5000, ' ');
    g_autoptr(OmenFleetReservation) wild = omen_fleet_reservation_parse(
        "{\"domain\":\"g\\u001b[31m\",\"source\":7,\"mib\":-5,\"vcpus\":99999999999}", UUID);
    g_autoptr(OmenFleetReservation) huge =
        omen_fleet_reservation_parse("{\"mib\":9223372036854775807}", UUID);

    for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_null(omen_fleet_reservation_parse(none[i], UUID));
    g_assert_null(omen_fleet_reservation_parse("{}", "g1"));
    g_assert_null(omen_fleet_reservation_parse(long_text, UUID));
    g_assert_nonnull(wild);
    g_assert_null(strchr(wild->domain, '\033'));
    g_assert_cmpstr(wild->source, ==, "");
    g_assert_cmpuint(wild->mib, ==, 0);
    g_assert_cmpuint(wild->vcpus, ==, G_MAXUINT16);
    /* Sums of them do not turn over. */
    g_assert_cmpuint(huge->mib, <=, G_MAXUINT64 / OMEN_FLEET_MAX_INBOUND / 2);
}

static void
assert_obstacle(const OmenFleetReservation *wanted,
                OmenFleetLoad others,
                OmenFleetRoom room,
                const char *words)
{
    g_autofree char *obstacle = omen_fleet_reservation_find_obstacle(wanted, &others, &room);

    if (!words)
        g_assert_cmpstr(obstacle, ==, NULL);
    else
        g_assert_nonnull(obstacle && strstr(obstacle, words) ? obstacle : NULL);
}

static void
test_obstacle(void)
{
    g_autoptr(OmenFleetReservation) one = make(1024, 4);
    const OmenFleetRoom room = {
        .free_mib = 4096, .cpus = 4, .vcpus = 8, .cpu_overcommit = 5, .inbound_limit = 2};
    OmenFleetRoom wide = room;

    wide.inbound_limit = 0;
    assert_obstacle(one, (OmenFleetLoad){0}, room, NULL);
    assert_obstacle(one, (OmenFleetLoad){.mib = 3072, .vcpus = 8, .domains = 1}, room, NULL);
    assert_obstacle(one, (OmenFleetLoad){.mib = 3073, .domains = 1}, room, "3073 MiB are reserved");
    assert_obstacle(one, (OmenFleetLoad){.vcpus = 9, .domains = 1}, room, "cpu_overcommit");
    assert_obstacle(one, (OmenFleetLoad){.domains = 2}, room, "inbound_limit");
    assert_obstacle(one, (OmenFleetLoad){.domains = 3}, wide, NULL);
    assert_obstacle(one, (OmenFleetLoad){.domains = 1, .more = TRUE}, wide, "limit is reached");
    wide.cpu_overcommit = 0;
    assert_obstacle(one, (OmenFleetLoad){.vcpus = 900, .domains = 1}, wide, NULL);
}

static void
test_inbound(void)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new();
    OmenEtcdEntry turn = {.key = (char *) "/virt-omen/inbound/beta/!turn", .revision = 17};
    OmenEtcdEntry own = {.key = (char *) "/virt-omen/inbound/beta/" UUID,
                         .value = (char *) "{\"mib\":512}",
                         .lease = 5};
    OmenEtcdEntry other = {
        .key = (char *) "/virt-omen/inbound/beta/600d0000-0000-4000-8000-000000000002",
        .value = (char *) "{\"mib\":256,\"vcpus\":2}",
        .lease = 6};
    OmenEtcdEntry broken = {
        .key = (char *) "/virt-omen/inbound/beta/x", .value = (char *) "?", .lease = 7};
    OmenEtcdEntry lasting = {
        .key = (char *) "/virt-omen/inbound/beta/600d0000-0000-4000-8000-000000000003",
        .value = (char *) "{\"mib\":99999}"};
    OmenEtcdRange range = {.entries = entries, .n_skipped = 1};
    g_auto(OmenFleetInbound) inbound = {0};
    g_autoptr(GHashTable) sums = NULL;
    g_autofree char *prefix = omen_fleet_inbound_key("beta", NULL);

    g_assert_cmpstr(prefix, ==, "/virt-omen/inbound/beta/");
    g_ptr_array_add(entries, &turn);
    g_ptr_array_add(entries, &own);
    g_ptr_array_add(entries, &other);
    g_ptr_array_add(entries, &broken);
    g_ptr_array_add(entries, &lasting);
    omen_fleet_inbound_read(&inbound, &range, "beta", UUID);
    g_assert_cmpint(inbound.turn_revision, ==, 17);
    g_assert_true(inbound.own == &own);
    /* What can not be read takes a place all the same, for its lease; what has none takes none. */
    g_assert_cmpuint(inbound.others.domains, ==, 2);
    g_assert_cmpuint(inbound.others.mib, ==, 256);
    g_assert_cmpuint(inbound.others.vcpus, ==, 2);
    sums = omen_fleet_inbound_sum(&range);
    g_assert_cmpuint(((OmenFleetLoad *) g_hash_table_lookup(sums, "beta"))->mib, ==, 512 + 256);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reservation/there-and-back", test_there_and_back);
    g_test_add_func("/reservation/hostile", test_hostile);
    g_test_add_func("/reservation/obstacle", test_obstacle);
    g_test_add_func("/reservation/inbound", test_inbound);
    return g_test_run();
}
