/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions and answers as values: no server. */
#include "llm/question.h"
#include "llm/request-budget.h"

#include <json-glib/json-glib.h>
#include <string.h>

static const char *hostile_path;

static OmenLlmQuestion *
ask(OmenProvenance provenance, const char *message)
{
    const OmenEvidence evidence = {
        .provenance = provenance, .identifier = "kernel", .message = message};

    return omen_llm_question_new(&evidence);
}

static JsonNode *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    JsonNode *node = json_from_string(text, &error);

    g_assert_no_error(error);
    return node;
}

/* The line as the request carries it, and what surrounds it. */
static char *
dig_out_line(const char *body, guint *n_messages, char **system)
{
    g_autoptr(JsonNode) root = parse(body);
    JsonArray *messages = json_object_get_array_member(json_node_get_object(root), "messages");
    g_autoptr(JsonNode) data = NULL;

    *n_messages = json_array_get_length(messages);
    *system = g_strdup(
        json_object_get_string_member(json_array_get_object_element(messages, 0), "content"));
    data =
        parse(json_object_get_string_member(json_array_get_object_element(messages, 1), "content"));
    g_assert_cmpuint(json_object_get_size(json_node_get_object(data)), ==, 3);
    return g_strdup(json_object_get_string_member(json_node_get_object(data), "line"));
}

static void
check_hostile(const char *line)
{
    g_autoptr(OmenLlmQuestion) hostile = ask(OMEN_PROVENANCE_GUEST, line);
    g_autoptr(OmenLlmQuestion) plain = ask(OMEN_PROVENANCE_GUEST, "eth0: link up");
    g_autofree char *body = omen_llm_question_write(hostile, OMEN_LLM_CHAT, "m", TRUE);
    g_autofree char *other = omen_llm_question_write(plain, OMEN_LLM_CHAT, "m", TRUE);
    g_autofree char *system = NULL;
    g_autofree char *other_system = NULL;
    g_autofree char *carried = NULL;
    g_autofree char *other_line = NULL;
    g_autofree char *key = omen_llm_question_dup_key(hostile);
    g_autofree char *other_key = omen_llm_question_dup_key(plain);
    g_autoptr(OmenLlmAnswer) answer = omen_llm_answer_new(1, OMEN_FAILURE_DISK, line);
    OmenVerdict verdict;
    guint n;

    carried = dig_out_line(body, &n, &system);
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpstr(carried, ==, hostile->message);
    other_line = dig_out_line(other, &n, &other_system);
    g_assert_cmpstr(system, ==, other_system);
    g_assert_cmpstr(other_line, ==, "eth0: link up");
    g_assert_cmpstr(key, !=, other_key);
    for (const char *at = carried; *at; at++)
        g_assert_false(g_ascii_iscntrl(*at));
    /* Whatever the model was made to say, a guest's line stays the guest's. */
    omen_llm_answer_to_verdict(answer, hostile, &verdict);
    g_assert_cmpint(verdict.scope, ==, OMEN_SCOPE_GUEST);
}

static void
test_hostile(void)
{
    g_autofree char *contents = NULL;
    g_auto(GStrv) lines = NULL;
    guint n = 0;

    g_assert_true(g_file_get_contents(hostile_path, &contents, NULL, NULL));
    lines = g_strsplit(contents, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (*lines[i] == '\0' || *lines[i] == '#')
            continue;
        check_hostile(lines[i]);
        n++;
    }
    g_assert_cmpuint(n, >, 10);
    check_hostile("tab\there, bell \a, escape \033[2J, and a broken \xff\xfe byte");
}

static void
test_key(void)
{
    g_autoptr(OmenLlmQuestion) one = ask(OMEN_PROVENANCE_HOST, "cpu 3: temp 91");
    g_autoptr(OmenLlmQuestion) two = ask(OMEN_PROVENANCE_HOST, "cpu 12: temp 104");
    g_autoptr(OmenLlmQuestion) guest = ask(OMEN_PROVENANCE_GUEST, "cpu 3: temp 91");
    g_autofree char *key_one = omen_llm_question_dup_key(one);
    g_autofree char *key_two = omen_llm_question_dup_key(two);
    g_autofree char *key_guest = omen_llm_question_dup_key(guest);

    g_assert_cmpstr(key_one, ==, key_two);
    g_assert_cmpstr(key_one, !=, key_guest);
}

static OmenLlmAnswer *
parse_chat(const char *content)
{
    g_autoptr(JsonNode) node = json_node_init_string(json_node_alloc(), content);
    g_autofree char *quoted = json_to_string(node, FALSE);
    g_autofree char *reply =
        g_strdup_printf("{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":%s}}],"
                        "\"usage\":{\"total_tokens\":321}}",
                        quoted);
    g_autoptr(GError) error = NULL;
    OmenLlmAnswer *answer = omen_llm_answer_parse(OMEN_LLM_CHAT, reply, strlen(reply), &error);

    g_assert_true((answer == NULL) == (error != NULL));
    return answer;
}

static void
test_chat_answer(void)
{
    g_autoptr(OmenLlmAnswer) answer =
        parse_chat("{\"failure\":0.9,\"class\":\"disk\",\"reason\":\"a\\nb\"}");
    static const char *const bad[] = {
        "",
        "yes",
        "{}",
        "[]",
        "{\"failure\":2,\"class\":\"disk\",\"reason\":\"x\"}",
        "{\"failure\":-0.1,\"class\":\"disk\",\"reason\":\"x\"}",
        "{\"failure\":\"0.9\",\"class\":\"disk\",\"reason\":\"x\"}",
        "{\"failure\":0.9,\"class\":\"toaster\",\"reason\":\"x\"}",
        "{\"failure\":0.9,\"class\":\"disk\",\"reason\":null}",
        "{\"failure\":0.9,\"class\":\"disk\"}",
        "{\"failure\":0.9,\"class\":\"benign\",\"reason\":\"both\"}",
        "Sure! {\"failure\":0.9,\"class\":\"disk\",\"reason\":\"x\"}",
    };

    g_assert_nonnull(answer);
    g_assert_cmpfloat(answer->probability, ==, 0.9);
    g_assert_cmpint(answer->failure_class, ==, OMEN_FAILURE_DISK);
    g_assert_cmpuint(answer->n_tokens, ==, 321);
    g_assert_null(strchr(answer->reason, '\n'));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(parse_chat(bad[i]));
}

static void
test_reply(void)
{
    g_autofree char *deep = g_strnfill(5000, '[');
    g_autofree char *long_one = g_strnfill(OMEN_ANSWER_MAX_BYTES + 1, ' ');
    static const char *const bad[] = {"",
                                      "null",
                                      "{\"choices\":[]}",
                                      "{\"choices\":{}}",
                                      "{\"choices\":[{\"message\":[]}]}",
                                      "\xff\xfe",
                                      "{\"error\":1}"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(omen_llm_answer_parse(OMEN_LLM_CHAT, bad[i], strlen(bad[i]), NULL));
    g_assert_null(omen_llm_answer_parse(OMEN_LLM_CHAT, deep, strlen(deep), NULL));
    g_assert_null(omen_llm_answer_parse(OMEN_LLM_ZERO_SHOT, deep, strlen(deep), NULL));
    g_assert_null(omen_llm_answer_parse(OMEN_LLM_CHAT, long_one, strlen(long_one), NULL));
}

#define LABELS                                                                                     \
    "\"memory hardware error or out of memory\",\"normal operation\",\"harmless warning\","        \
    "\"filesystem corruption\",\"disk or storage hardware failure\","                              \
    "\"processor failure or lockup\",\"virtual machine crash\""

static void
test_zero_shot(void)
{
    static const char good[] =
        "{\"sequence\":\"x\",\"labels\":[" LABELS "],\"scores\":[0.5,0.2,0.1,0.05,0.05,0.05,0.05]}";
    static const char few[] = "{\"labels\":[\"normal operation\"],\"scores\":[1]}";
    static const char benign[] =
        "{\"labels\":[" LABELS "],\"scores\":[0.01,0.8,0.15,0.01,0.01,0.01,0.01]}";
    g_autoptr(OmenLlmAnswer) answer =
        omen_llm_answer_parse(OMEN_LLM_ZERO_SHOT, good, strlen(good), NULL);
    g_autoptr(OmenLlmAnswer) calm =
        omen_llm_answer_parse(OMEN_LLM_ZERO_SHOT, benign, strlen(benign), NULL);

    g_assert_nonnull(answer);
    g_assert_cmpfloat_with_epsilon(answer->probability, 0.7, 1e-9);
    g_assert_cmpint(answer->failure_class, ==, OMEN_FAILURE_MEMORY);
    g_assert_nonnull(calm);
    g_assert_cmpint(calm->failure_class, ==, OMEN_FAILURE_BENIGN);
    g_assert_null(omen_llm_answer_parse(OMEN_LLM_ZERO_SHOT, few, strlen(few), NULL));
}

static void
test_verdict(void)
{
    g_autoptr(OmenLlmQuestion) question = ask(OMEN_PROVENANCE_HOST, "x");
    g_autoptr(OmenLlmAnswer) nic = omen_llm_answer_new(0.9, OMEN_FAILURE_NIC, "a card");
    g_autoptr(OmenLlmAnswer) calm = omen_llm_answer_new(0.2, OMEN_FAILURE_DISK, "fine");
    OmenVerdict verdict;

    omen_llm_answer_to_verdict(nic, question, &verdict);
    g_assert_cmpint(verdict.scope, ==, OMEN_SCOPE_HOST);
    g_assert_false(verdict.migration_helps);
    omen_llm_answer_to_verdict(calm, question, &verdict);
    g_assert_cmpint(verdict.failure_class, ==, OMEN_FAILURE_BENIGN);
    g_assert_cmpint(verdict.scope, ==, OMEN_SCOPE_NONE);
}

#define SECOND ((gint64) G_USEC_PER_SEC)

static void
test_request_budget(void)
{
    OmenRequestBudget budget;
    gint64 now = 7 * SECOND;

    omen_request_budget_init(&budget, 8, 100000);
    /* Guests have a quarter. */
    for (guint i = 0; i < 2; i++)
        g_assert_cmpint(omen_request_budget_take(&budget, TRUE, now), ==,
                        OMEN_REQUEST_BUDGET_GRANTED);
    g_assert_cmpint(omen_request_budget_take(&budget, TRUE, now), ==, OMEN_REQUEST_BUDGET_SPENT);
    for (guint i = 0; i < 6; i++)
        g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now), ==,
                        OMEN_REQUEST_BUDGET_GRANTED);
    g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now), ==, OMEN_REQUEST_BUDGET_SPENT);
    now += 3600 * SECOND;
    g_assert_cmpint(omen_request_budget_take(&budget, TRUE, now), ==, OMEN_REQUEST_BUDGET_GRANTED);
    /* Tokens count as well. */
    omen_request_budget_settle(&budget, TRUE, 100000, now);
    g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now), ==, OMEN_REQUEST_BUDGET_SPENT);
}

static void
test_breaker(void)
{
    OmenRequestBudget budget;
    gint64 now = 0;

    omen_request_budget_init(&budget, 1000, 1000000);
    for (guint i = 0; i < 4; i++) {
        g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now), ==,
                        OMEN_REQUEST_BUDGET_GRANTED);
        omen_request_budget_settle(&budget, FALSE, 0, now);
    }
    g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now + 29 * SECOND), ==,
                    OMEN_REQUEST_BUDGET_OPEN);
    now += 30 * SECOND;
    g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now), ==, OMEN_REQUEST_BUDGET_GRANTED);
    omen_request_budget_settle(&budget, FALSE, 0, now);
    g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now + 59 * SECOND), ==,
                    OMEN_REQUEST_BUDGET_OPEN);
    now += 60 * SECOND;
    g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now), ==, OMEN_REQUEST_BUDGET_GRANTED);
    omen_request_budget_settle(&budget, TRUE, 0, now);
    g_assert_cmpint(omen_request_budget_take(&budget, FALSE, now), ==, OMEN_REQUEST_BUDGET_GRANTED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hostile_path = argv[1];
    g_test_add_func("/question/hostile", test_hostile);
    g_test_add_func("/question/key", test_key);
    g_test_add_func("/answer/chat", test_chat_answer);
    g_test_add_func("/answer/reply", test_reply);
    g_test_add_func("/answer/zero-shot", test_zero_shot);
    g_test_add_func("/answer/verdict", test_verdict);
    g_test_add_func("/request-budget/budget", test_request_budget);
    g_test_add_func("/request-budget/breaker", test_breaker);
    return g_test_run();
}
