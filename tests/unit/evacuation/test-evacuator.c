/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue and the ends that need no second host: on libvirt's test driver, which can not migrate.
 */
#include "evacuation/libvirt/escalation.h"
#include "evacuation/queue/evacuator.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEAD_URI "qemu+tcp://127.0.0.1:1/system"

typedef struct {
    char *folder;
    char *uri;
    OmenHypervisor *hypervisor;
    OmenEvacuator *evacuator;
    GPtrArray *destinations;
    guint n_ended; /* times that an evacuation became final */
    guint most_at_once;
} Fixture;

static char *
make_uuid(guint i)
{
    return g_strdup_printf("600d0000-0000-4000-8000-%012x", i);
}

static char *
write_node(const char *folder, guint n_domains)
{
    g_autoptr(GString) xml = g_string_new("<node>");
    char *path = g_build_filename(folder, "node.xml", NULL);

    for (guint i = 1; i <= n_domains; i++) {
        g_autofree char *uuid = make_uuid(i);
        g_string_append_printf(xml,
                               "<domain type='test'><name>g%u</name><uuid>%s</uuid>"
                               "<memory>8192</memory><vcpu>1</vcpu>"
                               "<os><type>hvm</type></os></domain>",
                               i, uuid);
    }
    g_string_append(xml, "</node>");
    g_assert_true(g_file_set_contents(path, xml->str, -1, NULL));
    return path;
}

static void
keep_at_once(const OmenEvacuationData *data G_GNUC_UNUSED,
             GAsyncReadyCallback callback,
             gpointer callback_data,
             gpointer user_data G_GNUC_UNUSED)
{
    callback(NULL, NULL, callback_data);
}

static void
on_changed(OmenEvacuation *evacuation, gpointer user_data)
{
    Fixture *fixture = user_data;
    const OmenEvacuationData *data = omen_evacuation_get_data(evacuation);
    g_autoptr(GPtrArray) list = omen_evacuator_list(fixture->evacuator);
    guint at_once = 0;

    fixture->n_ended += omen_phase_is_final(data->phase) ? 1 : 0;
    for (guint i = 0; i < list->len; i++) {
        OmenPhase phase = omen_evacuation_get_data(g_ptr_array_index(list, i))->phase;
        at_once += phase == OMEN_PHASE_CHECKING || phase == OMEN_PHASE_RUNNING ? 1 : 0;
    }
    fixture->most_at_once = MAX(fixture->most_at_once, at_once);
}

static void
on_added(OmenEvacuator *evacuator G_GNUC_UNUSED, OmenEvacuation *evacuation, gpointer user_data)
{
    g_signal_connect(evacuation, "changed", G_CALLBACK(on_changed), user_data);
}

static void
iterate_until(gboolean (*holds)(Fixture *fixture), Fixture *fixture)
{
    gint64 until_us = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    while (!holds(fixture)) {
        g_assert_cmpint(g_get_monotonic_time(), <, until_us);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
}

static gboolean
is_connected(Fixture *fixture)
{
    return omen_hypervisor_is_connected(fixture->hypervisor);
}

static gboolean
all_ended(Fixture *fixture)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(fixture->evacuator);

    for (guint i = 0; i < list->len; i++) {
        if (!omen_phase_is_final(omen_evacuation_get_data(g_ptr_array_index(list, i))->phase))
            return FALSE;
    }
    return TRUE;
}

static void
set_up(Fixture *fixture, guint n_domains, const OmenEvacuatorLimits *limits)
{
    g_autofree char *path = NULL;

    *fixture = (Fixture){.folder = g_dir_make_tmp("evacuator-XXXXXX", NULL)};
    path = write_node(fixture->folder, n_domains);
    fixture->uri = g_strconcat("test://", path, NULL);
    fixture->hypervisor = omen_hypervisor_new(fixture->uri, FALSE);
    fixture->evacuator = omen_evacuator_new(fixture->hypervisor, keep_at_once, NULL);
    fixture->destinations = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_unref);
    g_signal_connect(fixture->evacuator, "added", G_CALLBACK(on_added), fixture);
    omen_evacuator_configure(fixture->evacuator, fixture->destinations, limits);
    omen_hypervisor_start(fixture->hypervisor);
    iterate_until(is_connected, fixture);
}

static void
tear_down(Fixture *fixture)
{
    g_autofree char *path = g_build_filename(fixture->folder, "node.xml", NULL);

    omen_hypervisor_stop(fixture->hypervisor);
    g_object_run_dispose(G_OBJECT(fixture->evacuator));
    g_clear_object(&fixture->evacuator);
    g_clear_object(&fixture->hypervisor);
    g_ptr_array_unref(fixture->destinations);
    g_unlink(path);
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->uri);
}

static const OmenEvacuationData *
data_at(Fixture *fixture, guint i)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(fixture->evacuator);

    return omen_evacuation_get_data(g_ptr_array_index(list, i));
}

static void
enqueue(Fixture *fixture, guint i, const OmenEvacuationRequest *request)
{
    g_autofree char *uuid = make_uuid(i);
    g_autoptr(GError) error = NULL;

    g_assert_nonnull(omen_evacuator_enqueue(fixture->evacuator, uuid, request, &error));
    g_assert_no_error(error);
}

/* Each ends at once, and frees the lane for the next: not one inside the other, and never more at a
 * time than allowed. */
static void
test_no_destination(void)
{
    const OmenEvacuatorLimits limits = {.concurrency = 2};
    const OmenEvacuationRequest request = {.omen_id = 0};
    Fixture fixture;
    guint n = 20;

    set_up(&fixture, n, &limits);
    for (guint i = 1; i <= n; i++)
        enqueue(&fixture, i, &request);
    iterate_until(all_ended, &fixture);
    g_assert_cmpuint(fixture.n_ended, ==, n);
    g_assert_cmpuint(fixture.most_at_once, <=, 2);
    for (guint i = 0; i < n; i++)
        g_assert_nonnull(strstr(data_at(&fixture, i)->error, "no destination is configured"));
    tear_down(&fixture);
}

/* What can not leave is shut down by policy; it ends once, whoever cancels meanwhile. */
static void
test_stuck(void)
{
    const OmenEvacuatorLimits limits = {
        .concurrency = 1, .escalation = OMEN_ESCALATION_SHUTDOWN, .shutdown_limit_s = 1};
    const OmenEvacuationRequest request = {.omen_id = 7, .host_may_die = TRUE};
    Fixture fixture;

    set_up(&fixture, 1, &limits);
    enqueue(&fixture, 1, &request);
    while (!all_ended(&fixture)) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
        if (data_at(&fixture, 0)->phase != OMEN_PHASE_QUEUED)
            omen_evacuator_cancel(fixture.evacuator, 1, "an operator stopped it", NULL);
    }
    g_assert_cmpuint(fixture.n_ended, ==, 1);
    tear_down(&fixture);
}

static gboolean
second_has_ended(Fixture *fixture)
{
    return omen_phase_is_final(data_at(fixture, 1)->phase);
}

/* A domain that left for a host which is silent now: it is not known where it runs, and that keeps
 * nobody else from leaving. */
static void
test_silent_destination(void)
{
    const OmenEvacuatorLimits limits = {.concurrency = 1};
    const OmenEvacuationRequest request = {.omen_id = 0};
    OmenEvacuationData *earlier = omen_evacuation_data_new();
    Fixture fixture;

    set_up(&fixture, 1, &limits);
    earlier->id = 1;
    g_free(earlier->domain_uuid);
    earlier->domain_uuid = make_uuid(99);
    g_free(earlier->destination_uri);
    earlier->destination_uri = g_strdup(DEAD_URI);
    earlier->phase = OMEN_PHASE_RUNNING;
    omen_evacuator_restore(fixture.evacuator, earlier, &request);
    enqueue(&fixture, 1, &request);
    iterate_until(second_has_ended, &fixture);
    g_assert_cmpint(data_at(&fixture, 0)->phase, ==, OMEN_PHASE_RECONCILING);
    tear_down(&fixture);
}

/* One evacuation a domain at a time; one that waits can be cancelled, once. */
static void
test_queue(void)
{
    const OmenEvacuatorLimits limits = {.concurrency = 1};
    const OmenEvacuationRequest request = {.omen_id = 0};
    g_autofree char *uuid = make_uuid(1);
    g_autoptr(GError) error = NULL;
    Fixture fixture;

    set_up(&fixture, 1, &limits);
    enqueue(&fixture, 1, &request);
    g_assert_null(omen_evacuator_enqueue(fixture.evacuator, uuid, &request, &error));
    g_assert_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY);
    g_clear_error(&error);
    g_assert_true(omen_evacuator_cancel(fixture.evacuator, 1, "an operator stopped it", NULL));
    g_assert_false(omen_evacuator_cancel(fixture.evacuator, 1, "an operator stopped it", &error));
    g_assert_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY);
    g_clear_error(&error);
    enqueue(&fixture, 1, &request);
    iterate_until(all_ended, &fixture);
    g_assert_cmpuint(fixture.n_ended, ==, 2);
    g_assert_cmpint(data_at(&fixture, 0)->phase, ==, OMEN_PHASE_CANCELLED);
    g_assert_cmpstr(data_at(&fixture, 0)->error, ==,
                    "an operator stopped it; it runs on where it was");
    tear_down(&fixture);
}

/* An operator's wish, and then an omen: still one evacuation, but by what the omen demands. */
static void
test_joined(void)
{
    const OmenEvacuatorLimits limits = {
        .concurrency = 1, .escalation = OMEN_ESCALATION_SHUTDOWN, .shutdown_limit_s = 1};
    const OmenEvacuationRequest wish = {.omen_id = 0};
    const OmenEvacuationRequest omen = {.omen_id = 7, .host_may_die = TRUE};
    g_autofree char *uuid = make_uuid(1);
    g_autoptr(GError) error = NULL;
    Fixture fixture;

    set_up(&fixture, 1, &limits);
    enqueue(&fixture, 1, &wish);
    g_assert_null(omen_evacuator_enqueue(fixture.evacuator, uuid, &omen, &error));
    g_assert_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY);
    iterate_until(all_ended, &fixture);
    g_assert_cmpuint(fixture.n_ended, ==, 1);
    g_assert_cmpuint(data_at(&fixture, 0)->omen_id, ==, 7);
    /* What the policy permits only for a host that may die was done. */
    g_assert_nonnull(strstr(data_at(&fixture, 0)->error, "it was shut down"));
    tear_down(&fixture);
}

/* ---- destinations that are full by others' word ---- */

typedef struct {
    gboolean is_roomy; /* the next one gets its place */
    gint64 placed_us;  /* monotonic, when that was */
    guint n_asked;
    guint n_held;
} Store;

static void
reserve(const OmenReserverWish *wish G_GNUC_UNUSED,
        GAsyncReadyCallback callback,
        gpointer callback_data,
        gpointer user_data)
{
    Store *store = user_data;
    g_autoptr(GTask) task = g_task_new(NULL, NULL, callback, callback_data);

    store->n_asked++;
    if (!store->is_roomy) {
        g_task_return_new_error(task, OMEN_RESERVER_ERROR, OMEN_RESERVER_ERROR_FULL,
                                "2 domains are on their way there");
        return;
    }
    store->is_roomy = FALSE;
    store->placed_us = g_get_monotonic_time();
    g_task_return_boolean(task, TRUE);
}

static gboolean
reserve_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
hold(const OmenReserverWish *wish G_GNUC_UNUSED, gpointer user_data)
{
    ((Store *) user_data)->n_held++;
}

static void
release(const char *uuid G_GNUC_UNUSED, gpointer user_data G_GNUC_UNUSED)
{
}

/* More than there is. */
static guint64
get_reserved(const OmenDestination *destination G_GNUC_UNUSED, gpointer user_data G_GNUC_UNUSED)
{
    return G_MAXUINT64 / 2;
}

static const OmenReserver full = {.reserve_async = reserve,
                                  .reserve_finish = reserve_finish,
                                  .hold = hold,
                                  .release = release,
                                  .get_reserved = get_reserved};

/* What libvirt's test driver does not tell of a host, in place of libvirt's. */
int
virNodeGetMemoryStats(virConnectPtr connection G_GNUC_UNUSED,
                      int cell G_GNUC_UNUSED,
                      virNodeMemoryStatsPtr stats,
                      int *n_stats,
                      unsigned int flags G_GNUC_UNUSED)
{
    *n_stats = 1;
    if (stats) {
        g_strlcpy(stats->field, VIR_NODE_MEMORY_STATS_FREE, sizeof stats->field);
        stats->value = 1 << 20;
    }
    return 0;
}

char *
virConnectGetDomainCapabilities(virConnectPtr connection G_GNUC_UNUSED,
                                const char *program G_GNUC_UNUSED,
                                const char *arch G_GNUC_UNUSED,
                                const char *machine G_GNUC_UNUSED,
                                const char *type G_GNUC_UNUSED,
                                unsigned int flags G_GNUC_UNUSED)
{
    return strdup("<domainCapabilities/>");
}

static void
set_up_full(Fixture *fixture, guint n_domains, const OmenEvacuatorLimits *limits, Store *store)
{
    set_up(fixture, n_domains, limits);
    g_ptr_array_add(fixture->destinations,
                    omen_destination_new(&(OmenDestinationTerms){
                        .name = "gamma", .uri = "test:///default", .migrate_uri = "", .bus = ""}));
    omen_evacuator_configure(fixture->evacuator, fixture->destinations, limits);
    omen_evacuator_set_reserver(fixture->evacuator, &full, store);
}

static gboolean
first_waits(Fixture *fixture)
{
    const OmenEvacuationData *data = data_at(fixture, 0);

    g_assert_false(omen_phase_is_final(data->phase));
    return data->phase == OMEN_PHASE_QUEUED && g_str_has_prefix(data->error, "waits: gamma: 2 dom");
}

static void
iterate_for(guint ms)
{
    gint64 until_us = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;

    while (g_get_monotonic_time() < until_us) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
}

/* All were moved, though without a place: which libvirt's test driver refuses. */
static void
assert_gone_without(Fixture *fixture, const Store *store)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(fixture->evacuator);

    for (guint i = 0; i < list->len; i++) {
        const OmenEvacuationData *data = omen_evacuation_get_data(g_ptr_array_index(list, i));
        g_assert_nonnull(strstr(data->error, "gamma: moved there without a reservation, since it "
                                             "can wait no longer: 2 domains"));
        g_assert_cmpuint(data->attempt, >, 0);
    }
    g_assert_cmpuint(store->n_held, >=, list->len);
}

/* For an omen's sake: it waits, but not for ever; all of them. */
static void
test_full_patience(void)
{
    const OmenEvacuatorLimits limits = {.concurrency = 1, .place_patience_s = 4};
    const OmenEvacuationRequest omen = {.omen_id = 7};
    Store store = {0};
    Fixture fixture;

    set_up_full(&fixture, 3, &limits, &store);
    for (guint i = 1; i <= 3; i++)
        enqueue(&fixture, i, &omen);
    iterate_until(first_waits, &fixture);
    iterate_for(1000);
    g_assert_cmpuint(store.n_held, ==, 0);
    iterate_until(all_ended, &fixture);
    assert_gone_without(&fixture, &store);
    tear_down(&fixture);
}

/* There is no time left for waiting. */
static void
test_full_deadline(void)
{
    const OmenEvacuatorLimits limits = {.concurrency = 1, .place_patience_s = 1000};
    OmenEvacuationRequest omen = {.omen_id = 7};
    Store store = {0};
    Fixture fixture;

    set_up_full(&fixture, 1, &limits, &store);
    omen.deadline_us = g_get_real_time() + 16 * G_USEC_PER_SEC;
    enqueue(&fixture, 1, &omen);
    iterate_until(first_waits, &fixture);
    g_assert_cmpuint(store.n_held, ==, 0);
    iterate_until(all_ended, &fixture);
    assert_gone_without(&fixture, &store);
    tear_down(&fixture);
}

/* An operator's is never moved without a place: it waits, can be cancelled, and ends. */
static void
test_full_operator(void)
{
    const OmenEvacuatorLimits limits = {
        .concurrency = 1, .place_patience_s = 1, .place_limit_s = 5};
    const OmenEvacuationRequest wish = {.omen_id = 0};
    Store store = {0};
    Fixture fixture;

    set_up_full(&fixture, 2, &limits, &store);
    enqueue(&fixture, 1, &wish);
    iterate_until(first_waits, &fixture);
    enqueue(&fixture, 2, &wish);
    iterate_for(3500);
    g_assert_cmpuint(store.n_asked, >=, 2);
    g_assert_cmpuint(fixture.n_ended, ==, 0);
    g_assert_true(g_str_has_prefix(data_at(&fixture, 1)->error, "waits: "));
    g_assert_true(omen_evacuator_cancel(fixture.evacuator, 2, "an operator stopped it", NULL));
    iterate_until(all_ended, &fixture);
    g_assert_cmpuint(store.n_held, ==, 0);
    g_assert_cmpint(data_at(&fixture, 0)->phase, ==, OMEN_PHASE_FAILED);
    g_assert_true(g_str_has_prefix(data_at(&fixture, 0)->error,
                                   "it waited too long for a place at a destination: gamma: 2 "));
    g_assert_cmpint(data_at(&fixture, 1)->phase, ==, OMEN_PHASE_CANCELLED);
    tear_down(&fixture);
}

/* While one after the other gets its place, those that are last do not wait too long. */
static void
test_full_queue(void)
{
    const OmenEvacuatorLimits limits = {.concurrency = 1, .place_limit_s = 5};
    const OmenEvacuationRequest wish = {.omen_id = 0};
    Store store = {0};
    Fixture fixture;

    set_up_full(&fixture, 2, &limits, &store);
    enqueue(&fixture, 1, &wish);
    enqueue(&fixture, 2, &wish);
    iterate_for(2000);
    g_assert_cmpuint(fixture.n_ended, ==, 0);
    store.is_roomy = TRUE;
    iterate_until(all_ended, &fixture);
    g_assert_cmpint(store.placed_us, >, 0);
    g_assert_cmpint(g_get_monotonic_time() - store.placed_us, >=, 5 * G_USEC_PER_SEC);
    tear_down(&fixture);
}

int
main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    g_test_add_func("/evacuator/queue", test_queue);
    g_test_add_func("/evacuator/no-destination", test_no_destination);
    g_test_add_func("/evacuator/stuck", test_stuck);
    g_test_add_func("/evacuator/joined", test_joined);
    g_test_add_func("/evacuator/silent-destination", test_silent_destination);
    g_test_add_func("/evacuator/full-patience", test_full_patience);
    g_test_add_func("/evacuator/full-deadline", test_full_deadline);
    g_test_add_func("/evacuator/full-operator", test_full_operator);
    g_test_add_func("/evacuator/full-queue", test_full_queue);
    result = g_test_run();
    /* Threads whose libvirt calls nobody waits for may still run: nothing is taken from under them.
     */
    fflush(NULL);
    _exit(result);
}
