/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a doubtful sign, by the word of a language model's server. */
#include "watch/llm-review.h"

#include <libsoup/soup.h>
#include <string.h>

#define CHAT(failure)                                                                              \
    "{\"choices\":[{\"message\":{\"content\":\"{\\\"failure\\\":" failure                          \
    ",\\\"class\\\":\\\"disk\\\",\\\"reason\\\":\\\"so it looks\\\"}\"}}]}"

typedef struct {
    SoupServer *server;
    char *url;
    const char *reply; /* NULL: refused */
    guint n_requests;
    OmenLlm *llm;
    OmenStream *stream;
    OmenWriters *writers;
    OmenLlmReview *opinion;
    guint n_signs;
    OmenData *detection; /* the last one */
} Bench;

static void
serve(SoupServer *server G_GNUC_UNUSED,
      SoupServerMessage *message,
      const char *path G_GNUC_UNUSED,
      GHashTable *query G_GNUC_UNUSED,
      gpointer user_data)
{
    Bench *bench = user_data;

    bench->n_requests++;
    soup_server_message_set_status(message, bench->reply ? 200 : 401, NULL);
    if (bench->reply)
        soup_server_message_set_response(message, "application/json", SOUP_MEMORY_COPY,
                                         bench->reply, strlen(bench->reply));
}

static void
on_detection(OmenData *detection, gpointer user_data)
{
    Bench *bench = user_data;

    bench->n_signs++;
    g_clear_pointer(&bench->detection, omen_data_free);
    bench->detection = detection;
}

static void
set_up(Bench *bench, gconstpointer reply)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenJudge) judge = omen_judge_new("never", NULL, NULL);
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    OmenLlmSettings settings = {.model = (char *) "",
                                .key_file = (char *) "",
                                .proxy = (char *) "",
                                .ca_file = (char *) "",
                                .timeout_s = 5,
                                .calls_an_hour = 10,
                                .tokens_an_hour = 10000};
    g_autofree char *knowledge =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "data", "knowledge", NULL);
    GSList *uris;

    bench->reply = reply;
    bench->server = soup_server_new(NULL, NULL);
    soup_server_add_handler(bench->server, NULL, serve, bench, NULL);
    g_assert_true(soup_server_listen_local(bench->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error));
    uris = soup_server_get_uris(bench->server);
    bench->url = g_strdup_printf("http://127.0.0.1:%d/", g_uri_get_port(uris->data));
    g_slist_free_full(uris, (GDestroyNotify) g_uri_unref);
    settings.url = bench->url;
    bench->llm = omen_llm_new(&settings, &error);
    g_assert_no_error(error);
    bench->stream = omen_stream_new(OMEN_STREAM_HOST,
                                    omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, NULL),
                                    config.profile.training);
    bench->writers = omen_writers_load(knowledge, &error);
    g_assert_no_error(error);
    omen_stream_set_writers(bench->stream, bench->writers);
    bench->opinion = omen_llm_review_new(bench->llm, on_detection, bench);
}

static void
tear_down(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    omen_llm_review_free(bench->opinion);
    g_clear_pointer(&bench->detection, omen_data_free);
    g_object_unref(bench->llm);
    g_object_unref(bench->stream);
    omen_writers_free(bench->writers);
    soup_server_disconnect(bench->server);
    g_object_unref(bench->server);
    g_free(bench->url);
}

static const char line[] = "sdb: it makes a noise";

static OmenRecord
make_record(void)
{
    return (OmenRecord){.priority = OMEN_PRIORITY_ERROR,
                        .origin = OMEN_ORIGIN_KERNEL,
                        .identifier = "kernel",
                        .identifier_length = strlen("kernel"),
                        .message = line,
                        .message_length = strlen(line)};
}

/* A sign that the judge doubts, of a device. */
static OmenDecision
make_doubt(void)
{
    return (OmenDecision){.judged = TRUE,
                          .omen = TRUE,
                          .score = 0.6,
                          .verdict = {.probability = 0.6,
                                      .failure_class = OMEN_FAILURE_DISK,
                                      .scope = OMEN_SCOPE_DEVICE,
                                      .device = "sdb",
                                      .migration_helps = TRUE,
                                      .reason = "a noise"}};
}

/* Until the question has ended, whatever came of it. */
static void
wait_for_answer(Bench *bench)
{
    OmenLlmCounts counts;

    do {
        g_main_context_iteration(NULL, TRUE);
        omen_llm_get_counts(bench->llm, &counts);
    } while (counts.n_answered + counts.n_failed == 0);
}

static void
take(Bench *bench, const OmenDecision *decision)
{
    OmenRecord record = make_record();

    omen_llm_review_take(bench->opinion, bench->stream, "", "", &record, decision);
    g_assert_cmpuint(bench->n_signs, ==, 0); /* it is never waited for */
    wait_for_answer(bench);
}

/* What the judge read of a device still bounds whom the sign concerns. */
static void
test_confirmed(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    OmenDecision doubt = make_doubt();

    take(bench, &doubt);
    g_assert_cmpuint(bench->n_signs, ==, 1);
    g_assert_cmpfloat(bench->detection->probability, ==, 0.9);
    g_assert_cmpint(bench->detection->scope, ==, OMEN_SCOPE_DEVICE);
    g_assert_cmpstr(bench->detection->device, ==, "sdb");
    g_assert_true(bench->detection->is_proven);
    /* Who said what. */
    g_assert_cmpstr(bench->detection->judges, ==,
                    "never: disk with probability 0.600, not sure; a language model: disk with "
                    "probability 0.900");
}

static void
test_denied(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    OmenDecision doubt = make_doubt();

    take(bench, &doubt);
    g_assert_cmpuint(bench->n_signs, ==, 0);
}

static void
test_no_answer(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    OmenDecision doubt = make_doubt();

    take(bench, &doubt);
    g_assert_cmpuint(bench->n_signs, ==, 1);
    g_assert_cmpfloat(bench->detection->probability, ==, 0.6);
    g_assert_cmpstr(bench->detection->device, ==, "sdb");
}

/* What the judge could not place becomes a sign; the same kind of line is asked about once. */
static void
test_found(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    OmenDecision news = {.judged = TRUE, .new_template = TRUE, .verdict = {.probability = 0.3}};
    OmenRecord record = make_record();

    take(bench, &news);
    g_assert_cmpuint(bench->n_signs, ==, 1);
    /* Its words go only where the line goes. */
    g_assert_null(strstr(bench->detection->reason, "so it looks"));
    g_assert_cmpstr(g_ptr_array_index(bench->detection->records, 1), ==,
                    "(a language model says: so it looks)");
    g_assert_cmpint(bench->detection->scope, ==, OMEN_SCOPE_HOST);
    news.new_template = FALSE;
    omen_llm_review_take(bench->opinion, bench->stream, "", "", &record, &news);
    g_assert_cmpuint(bench->n_signs, ==, 2);
    g_assert_cmpuint(bench->n_requests, ==, 1);
}

/* What the daemon has measured itself is not asked about, and waits for nobody. */
static void
test_measured(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    OmenDecision doubt = make_doubt();
    OmenRecord record = make_record();

    record.origin = OMEN_ORIGIN_MEASURED;
    omen_llm_review_take(bench->opinion, bench->stream, "", "", &record, &doubt);
    g_assert_cmpuint(bench->n_signs, ==, 1);
    doubt.omen = FALSE;
    doubt.new_template = TRUE;
    omen_llm_review_take(bench->opinion, bench->stream, "", "", &record, &doubt);
    g_assert_cmpuint(bench->n_signs, ==, 1);
    g_assert_cmpuint(bench->n_requests, ==, 0);
}

/* What anybody may write spends none of what may be asked, and is not proven. */
static void
test_unproven(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    static const OmenOrigin origins[] = {OMEN_ORIGIN_UNPROVEN, OMEN_ORIGIN_USER};
    OmenDecision doubt = make_doubt();
    OmenRecord record = make_record();

    for (guint i = 0; i < G_N_ELEMENTS(origins); i++) {
        record.origin = origins[i];
        omen_llm_review_take(bench->opinion, bench->stream, "", "", &record, &doubt);
        g_assert_cmpuint(bench->n_signs, ==, i + 1);
        g_assert_false(bench->detection->is_proven);
    }
    g_assert_cmpuint(bench->n_requests, ==, 0);
}

/* A service is believed of what is its own; the model can not make more of its word. */
static void
test_service(Bench *bench, gconstpointer reply G_GNUC_UNUSED)
{
    OmenDecision doubt = make_doubt();
    OmenRecord record = make_record();

    record.origin = OMEN_ORIGIN_SYSTEM;
    record.writer = "multipathd";
    record.writer_length = strlen(record.writer);
    doubt.verdict.failure_class = OMEN_FAILURE_STORAGE_FABRIC;
    omen_llm_review_take(bench->opinion, bench->stream, "", "", &record, &doubt);
    wait_for_answer(bench);
    g_assert_cmpuint(bench->n_signs, ==, 1);
    g_assert_cmpint(bench->detection->failure_class, ==, OMEN_FAILURE_DISK);
    g_assert_false(bench->detection->is_proven);
}

#define ADD(name, reply, function)                                                                 \
    g_test_add("/daemon/llm-review/" name, Bench, reply, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("confirmed", CHAT("0.9"), test_confirmed);
    ADD("denied", CHAT("0.1"), test_denied);
    ADD("no-answer", NULL, test_no_answer);
    ADD("measured", CHAT("0.9"), test_measured);
    ADD("unproven", CHAT("0.9"), test_unproven);
    ADD("service", CHAT("0.9"), test_service);
    ADD("found", CHAT("0.9"), test_found);
    return g_test_run();
}
