/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/event-loop.h"
#include "hypervisor/hypervisor.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    GMutex lock;
    GCond changed;
    int n_calls;
    int n_freed;
    int events;
} Witness;

static void
count_call(Witness *witness, int events)
{
    g_mutex_lock(&witness->lock);
    witness->n_calls++;
    witness->events |= events;
    g_cond_broadcast(&witness->changed);
    g_mutex_unlock(&witness->lock);
}

static void
on_timer(int timer G_GNUC_UNUSED, void *opaque)
{
    count_call(opaque, 0);
}

static void
on_readable(int watch G_GNUC_UNUSED, int fd, int events, void *opaque)
{
    char byte;

    if (events & VIR_EVENT_HANDLE_READABLE)
        g_assert_cmpint(read(fd, &byte, 1), ==, 1);
    count_call(opaque, events);
}

static void
on_freed(void *opaque)
{
    Witness *witness = opaque;

    g_mutex_lock(&witness->lock);
    witness->n_freed++;
    g_cond_broadcast(&witness->changed);
    g_mutex_unlock(&witness->lock);
}

static gboolean
wait_until(Witness *witness, const int *value, int at_least)
{
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    gboolean good = TRUE;

    g_mutex_lock(&witness->lock);
    while (good && *value < at_least)
        good = g_cond_wait_until(&witness->changed, &witness->lock, until);
    g_mutex_unlock(&witness->lock);
    return good;
}

/* libvirt's own functions reach our loop: timers, file descriptors, updates, removal. */
static void
test_event_loop(void)
{
    Witness timer = {0};
    Witness pipe_end = {0};
    int fds[2];
    int id;

    omen_event_loop_start();
    omen_event_loop_start();
    id = virEventAddTimeout(-1, on_timer, &timer, on_freed);
    g_assert_cmpint(id, >, 0);
    g_usleep(50000);
    g_assert_cmpint(timer.n_calls, ==, 0);
    virEventUpdateTimeout(id, 5);
    g_assert_true(wait_until(&timer, &timer.n_calls, 3));
    g_assert_cmpint(virEventRemoveTimeout(id), ==, 0);
    g_assert_true(wait_until(&timer, &timer.n_freed, 1));
    g_assert_cmpint(virEventRemoveTimeout(id), ==, -1);

    g_assert_cmpint(pipe(fds), ==, 0);
    id = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_readable, &pipe_end, on_freed);
    g_assert_cmpint(write(fds[1], "x", 1), ==, 1);
    g_assert_true(wait_until(&pipe_end, &pipe_end.n_calls, 1));
    virEventUpdateHandle(id, 0);
    g_assert_cmpint(write(fds[1], "y", 1), ==, 1);
    g_usleep(50000);
    g_assert_cmpint(pipe_end.n_calls, ==, 1);
    virEventUpdateHandle(id, VIR_EVENT_HANDLE_READABLE);
    g_assert_true(wait_until(&pipe_end, &pipe_end.n_calls, 2));
    g_assert_cmpint(virEventRemoveHandle(id), ==, 0);
    g_assert_true(wait_until(&pipe_end, &pipe_end.n_freed, 1));
    close(fds[0]);
    close(fds[1]);
}

static void
test_texts(void)
{
    g_autoptr(OmenDomainEvent) crash = omen_domain_event_new_lifecycle(
        "u", "g1", VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED);
    g_autoptr(OmenDomainEvent) moved = omen_domain_event_new_lifecycle(
        "u", "g1", VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED);
    g_autoptr(OmenDomainEvent) strange = omen_domain_event_new_lifecycle("u", "g1", 99, 1);
    g_autoptr(OmenDomainEvent) monitor =
        omen_domain_event_new_monitor("u", "g1", "BLOCK_IO_ERROR", "{\"action\": \"stop\"\n}");

    g_assert_cmpstr(crash->text, ==, "lifecycle: stopped crashed");
    g_assert_cmpint(crash->priority, ==, OMEN_PRIORITY_ERROR);
    g_assert_false(crash->is_migration);
    g_assert_true(moved->is_migration);
    g_assert_cmpstr(strange->text, ==, "lifecycle: unknown 99");
    g_assert_cmpstr(monitor->text, ==, "monitor event BLOCK_IO_ERROR {\"action\": \"stop\"\\x0a}");
}

static void
on_connected(OmenHypervisor *hypervisor G_GNUC_UNUSED, gpointer loop)
{
    g_main_loop_quit(loop);
}

static gboolean
on_late(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

/* libvirt's own test driver: connection, listing. */
static void
test_connection(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(OmenHypervisor) hypervisor = omen_hypervisor_new("test:///default", TRUE);
    g_auto(GStrv) active = NULL;
    guint timer = g_timeout_add_seconds(20, on_late, loop);

    g_signal_connect(hypervisor, "connected", G_CALLBACK(on_connected), loop);
    g_assert_nonnull(omen_hypervisor_get_problem(hypervisor));
    omen_hypervisor_start(hypervisor);
    g_main_loop_run(loop);
    g_assert_true(omen_hypervisor_is_connected(hypervisor));
    g_assert_null(omen_hypervisor_get_problem(hypervisor));
    g_assert_nonnull(omen_hypervisor_lookup(hypervisor, "test"));
    active = omen_hypervisor_list_active_uuids(hypervisor);
    g_assert_cmpuint(g_strv_length(active), ==, 1);
    omen_hypervisor_stop(hypervisor);
    g_assert_false(omen_hypervisor_is_connected(hypervisor));
    g_source_remove(timer);
}

static gpointer
sleep_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    g_usleep(GPOINTER_TO_UINT(data));
    return g_strdup("done");
}

static void
on_done(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    gpointer *reply = user_data;

    reply[1] = omen_workers_run_finish(result, (GError **) &reply[2]);
    g_main_loop_quit(reply[0]);
}

/* A call that hangs is given up at its deadline; one that does not gives its result. */
static void
test_workers(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(OmenWorkers) workers = omen_workers_new(2);
    gpointer reply[3] = {loop, NULL, NULL};

    omen_workers_run_async(workers, NULL, sleep_work, GUINT_TO_POINTER(1000), NULL, g_free, 5,
                           on_done, reply);
    g_main_loop_run(loop);
    g_assert_cmpstr(reply[1], ==, "done");
    g_free(reply[1]);
    omen_workers_run_async(workers, NULL, sleep_work, GUINT_TO_POINTER(3000000), NULL, g_free, 1,
                           on_done, reply);
    g_main_loop_run(loop);
    g_assert_null(reply[1]);
    g_assert_error((GError *) reply[2], G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    g_clear_error((GError **) &reply[2]);
    g_usleep(2500000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hypervisor/event-loop", test_event_loop);
    g_test_add_func("/hypervisor/texts", test_texts);
    g_test_add_func("/hypervisor/connection", test_connection);
    g_test_add_func("/hypervisor/workers", test_workers);
    return g_test_run();
}
