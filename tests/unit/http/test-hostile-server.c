/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A language model's server, or a webhook's receiver, that turned against us: it gets no more than
 * one request's time, and never the main loop. */
#include "hostile-server.h"
#include "llm/llm-client.h"
#include "notify/webhook.h"

#define TICK_MS    5
#define MAX_GAP_US (500 * 1000)

typedef struct {
    gint64 last_us;
    gint64 gap_us; /* the longest that the main loop did not turn */
    guint source;
} Pulse;

static gboolean
on_tick(gpointer user_data)
{
    Pulse *self = user_data;
    gint64 now_us = g_get_monotonic_time();

    self->gap_us = MAX(self->gap_us, now_us - self->last_us);
    self->last_us = now_us;
    return G_SOURCE_CONTINUE;
}

static void
pulse_start(Pulse *self)
{
    *self = (Pulse){.last_us = g_get_monotonic_time()};
    self->source = g_timeout_add(TICK_MS, on_tick, self);
}

static void
pulse_check(Pulse *self)
{
    on_tick(self);
    g_source_remove(self->source);
    g_assert_cmpint(self->gap_us, <, MAX_GAP_US);
}

static void
on_asked(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GError **error = user_data;
    OmenLlmAnswer *answer = omen_llm_client_ask_finish(OMEN_LLM_CLIENT(source), result, error);

    g_assert_null(answer);
}

static void
check_model(HostileKind kind)
{
    g_autoptr(HostileServer) server = hostile_server_new(kind);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", hostile_server_get_port(server));
    OmenLlmSettings settings = {.url = url,
                                .model = (char *) "m",
                                .key_file = (char *) "",
                                .proxy = (char *) "",
                                .ca_file = (char *) "",
                                .timeout_s = 2};
    const OmenEvidence evidence = {.identifier = "kernel", .message = "odd"};
    g_autoptr(OmenLlmQuestion) question = omen_llm_question_new(&evidence);
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenLlmClient) client = omen_llm_client_new(&settings, &error);
    gint64 began_us = g_get_monotonic_time();
    Pulse pulse;

    g_assert_no_error(error);
    pulse_start(&pulse);
    omen_llm_client_ask_async(client, question, NULL, on_asked, &error);
    while (!error)
        g_main_context_iteration(NULL, TRUE);
    pulse_check(&pulse);
    g_assert_cmpint(g_get_monotonic_time() - began_us, <, 5 * G_USEC_PER_SEC);
    g_assert_cmpint(hostile_server_get_n_posts(server), >, 0);
    g_assert_cmpint(hostile_server_get_n_others(server), ==, 0);
}

static void
test_model_continues(void)
{
    check_model(HOSTILE_CONTINUES);
}

static void
test_model_drips(void)
{
    check_model(HOSTILE_DRIPS);
}

static void
test_model_floods(void)
{
    check_model(HOSTILE_FLOODS);
}

static void
test_model_redirects(void)
{
    check_model(HOSTILE_REDIRECTS);
}

static char *
say_something(gpointer user_data G_GNUC_UNUSED)
{
    return g_strdup("[]");
}

/* What was not taken is counted as such, and the alerts go nowhere else. */
static void
check_webhook(HostileKind kind)
{
    g_autoptr(HostileServer) server = hostile_server_new(kind);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", hostile_server_get_port(server));
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenWebhook) webhook = omen_webhook_new(url, say_something, NULL, &error);
    gint64 end_us = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
    Pulse pulse;

    g_assert_no_error(error);
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "notify: the webhook failed: *");
    pulse_start(&pulse);
    while (omen_webhook_get_n_failed(webhook) == 0 && g_get_monotonic_time() < end_us)
        g_main_context_iteration(NULL, TRUE);
    pulse_check(&pulse);
    g_test_assert_expected_messages();
    g_assert_cmpuint(omen_webhook_get_n_failed(webhook), ==, 1);
    g_assert_cmpint(hostile_server_get_n_others(server), ==, 0);
}

static void
test_webhook_continues(void)
{
    check_webhook(HOSTILE_CONTINUES);
}

static void
test_webhook_redirects(void)
{
    check_webhook(HOSTILE_REDIRECTS);
}

/* One that is given up while a request is under way. */
static void
test_webhook_gone(void)
{
    g_autoptr(HostileServer) server = hostile_server_new(HOSTILE_DRIPS);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", hostile_server_get_port(server));
    OmenWebhook *webhook = omen_webhook_new(url, say_something, NULL, NULL);

    while (hostile_server_get_n_posts(server) == 0)
        g_main_context_iteration(NULL, TRUE);
    g_object_unref(webhook);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostile-server/model/continues", test_model_continues);
    g_test_add_func("/hostile-server/model/drips", test_model_drips);
    g_test_add_func("/hostile-server/model/floods", test_model_floods);
    g_test_add_func("/hostile-server/model/redirects", test_model_redirects);
    g_test_add_func("/hostile-server/webhook/continues", test_webhook_continues);
    g_test_add_func("/hostile-server/webhook/redirects", test_webhook_redirects);
    g_test_add_func("/hostile-server/webhook/gone", test_webhook_gone);
    return g_test_run();
}
