/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What other hosts, or whoever has their password, may have written into the fleet's store. */
#include "fleet/host-row.h"
#include "fleet/reservation.h"
#include "fuzz.h"

#include <string.h>

#define UUID "600d0000-0000-4000-8000-000000000001"

static void
check_text(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL) || strpbrk(text, "\n\r\x1b"))
        g_error("text that is not clean");
}

static void
check_host(const char *json)
{
    g_autoptr(OmenFleetHost) host = omen_fleet_host_parse(json, "alpha");
    g_autofree char *written = host ? omen_fleet_host_write(host) : NULL;
    g_autoptr(OmenFleetHost) again = written ? omen_fleet_host_parse(written, "alpha") : NULL;

    if (!host)
        return;
    check_text(host->reason);
    check_text(host->uri);
    if (again && omen_fleet_host_differs(host, again))
        g_error("a row that changes when it is written");
}

static void
check_reservation(const char *json)
{
    g_autoptr(OmenFleetReservation) one = omen_fleet_reservation_parse(json, UUID);
    g_autofree char *written = one ? omen_fleet_reservation_write(one) : NULL;
    g_autoptr(OmenFleetReservation) again =
        written ? omen_fleet_reservation_parse(written, UUID) : NULL;

    if (!one)
        return;
    check_text(one->domain);
    check_text(one->source);
    if (!again || again->mib != one->mib || again->vcpus != one->vcpus)
        g_error("a reservation that changes when it is written");
}

/* The same text as a key's end, and as what it holds. */
static void
check_inbound(char *json)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new();
    g_autofree char *key = g_strconcat(OMEN_FLEET_INBOUND, "beta/", json, NULL);
    g_autofree char *wild = g_strconcat(OMEN_FLEET_INBOUND, json, NULL);
    OmenEtcdEntry first = {.key = key, .value = json, .revision = 1};
    OmenEtcdEntry second = {.key = wild, .value = json, .revision = 2};
    const OmenEtcdRange range = {.revision = 2, .entries = entries};
    g_auto(OmenFleetInbound) inbound = {0};
    g_autoptr(GHashTable) loads = NULL;

    g_ptr_array_add(entries, &first);
    g_ptr_array_add(entries, &second);
    omen_fleet_inbound_read(&inbound, &range, "beta", UUID);
    loads = omen_fleet_inbound_sum(&range);
    if (inbound.uuids->len > 2 || g_hash_table_size(loads) > 2)
        g_error("more than there is");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *json = g_strndup((const char *) data, size);

    /* As an answer of the store is read: nothing else gets that far. */
    if (!g_utf8_validate(json, -1, NULL))
        return 0;
    check_host(json);
    check_reservation(json);
    check_inbound(json);
    return 0;
}
