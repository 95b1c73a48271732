/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/agent-reply.h"

#include <string.h>

static JsonNode *
parse(const char *text)
{
    return omen_agent_reply_parse(text, strlen(text));
}

static void
test_good(void)
{
    g_autoptr(JsonNode) reply =
        parse("{\"return\": {\"pid\": 7, \"out-data\": \"YQBi\", \"text\": \"a\\\"{[[[[\"}}");
    g_autoptr(JsonNode) number = parse("{\"return\": 42}");
    g_autofree char *bytes = NULL;
    gsize length = 0;

    g_assert_nonnull(reply);
    g_assert_cmpint(omen_agent_reply_get_int(reply, "pid", -1), ==, 7);
    g_assert_cmpint(omen_agent_reply_get_int(reply, "out-data", -1), ==, -1);
    g_assert_cmpint(omen_agent_reply_get_int(reply, "none", -1), ==, -1);
    bytes = omen_agent_reply_get_bytes(reply, "out-data", &length);
    g_assert_cmpmem(bytes, length, "a\0b", 3);
    g_assert_null(omen_agent_reply_get_bytes(reply, "pid", &length));
    g_assert_cmpint(json_node_get_int(number), ==, 42);
    g_assert_cmpint(omen_agent_reply_get_int(number, "pid", -1), ==, -1);
}

/* The parser of json-glib recurses, and would end with the stack. */
static void
test_deep(void)
{
    static const char *const openings[] = {"[", "{\"a\":"};

    for (gsize i = 0; i < G_N_ELEMENTS(openings); i++) {
        g_autoptr(GString) text = g_string_new("{\"return\":");
        while (text->len < OMEN_AGENT_REPLY_MAX - 16)
            g_string_append(text, openings[i]);
        g_assert_null(omen_agent_reply_parse(text->str, text->len));
    }
}

static void
test_huge(void)
{
    g_autoptr(GString) text = g_string_new("{\"return\": \"");

    while (text->len <= OMEN_AGENT_REPLY_MAX)
        g_string_append_c(text, 'x');
    g_string_append(text, "\"}");
    g_assert_null(omen_agent_reply_parse(text->str, text->len));
}

static void
test_bad(void)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{}",
                                        "{\"return\": [1]}",
                                        "{\"return\": null}",
                                        "{\"error\": {}}",
                                        "{\"return\": {\"a\": 1}",
                                        "{\"return\": \"\xff\xfe\"}",
                                        "\"\\",
                                        "{\"return\": {\"pid\": 1e400}}",
                                        "{\"return\": {\"pid\": 99999999999999999999999}}"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(JsonNode) reply = parse(texts[i]);
        gsize length;
        if (reply && JSON_NODE_HOLDS_OBJECT(reply)) {
            omen_agent_reply_get_int(reply, "pid", -1);
            g_assert_null(omen_agent_reply_get_bytes(reply, "pid", &length));
        }
        g_test_message("%s", texts[i]);
        if (i < 6 || (i >= 7 && i < 11))
            g_assert_null(reply);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent-reply/good", test_good);
    g_test_add_func("/agent-reply/deep", test_deep);
    g_test_add_func("/agent-reply/huge", test_huge);
    g_test_add_func("/agent-reply/bad", test_bad);
    return g_test_run();
}
