/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <virt-omen/line-format.h>

#define NOW_US  G_GINT64_CONSTANT(1795432090000000) /* 2026-11-23T11:08:10Z */
#define BOOT_US G_GINT64_CONSTANT(1795430000000000)

typedef struct {
    const char *name;
    OmenLineFormat format;
    const char *line;
    gint64 time_us;
    OmenPriority priority;
    const char *identifier;
    const char *message;
} Case;

static const Case cases[] = {
    {"plain", OMEN_LINE_FORMAT_PLAIN, "Mar  5 02:00:00 host tag: text", 0, OMEN_PRIORITY_INFO, "",
     "Mar  5 02:00:00 host tag: text"},
    {"iso", OMEN_LINE_FORMAT_ISO,
     "2024-01-15T16:35:31.000001+00:00 node1 kernel: [ 2308.0] br0: port", 1705336531000001,
     OMEN_PRIORITY_INFO, "kernel", "[ 2308.0] br0: port"},
    {"iso-offset", OMEN_LINE_FORMAT_ISO, "2024-01-15T18:35:31+02:00 node1 sshd[12]: hi",
     1705336531000000, OMEN_PRIORITY_INFO, "sshd", "hi"},
    {"bsd", OMEN_LINE_FORMAT_SYSLOG, "Nov 23 11:08:09 h cron[5]: (root) CMD", 1795432089000000,
     OMEN_PRIORITY_INFO, "cron", "(root) CMD"},
    {"bsd-pri", OMEN_LINE_FORMAT_SYSLOG, "<11>Nov 23 11:08:09 h tag: bad", 1795432089000000,
     OMEN_PRIORITY_ERROR, "tag", "bad"},
    {"bsd-last-year", OMEN_LINE_FORMAT_SYSLOG, "Dec 31 23:59:59 h t: x", 1767225599000000,
     OMEN_PRIORITY_INFO, "t", "x"},
    {"bsd-no-host", OMEN_LINE_FORMAT_SYSLOG, "<13>Nov 23 11:08:09 tag[7]: local", 1795432089000000,
     OMEN_PRIORITY_NOTICE, "tag", "local"},
    {"busybox", OMEN_LINE_FORMAT_SYSLOG, "Nov 23 11:08:09 h kern.err kernel: critical medium error",
     1795432089000000, OMEN_PRIORITY_ERROR, "kernel", "critical medium error"},
    {"rfc5424", OMEN_LINE_FORMAT_RFC5424,
     "<165>1 2026-11-23T11:08:09.003Z h app 8710 ID47 [ex@1 a=\"x \\\"]\\\" y\"][b@2 c=\"d\"] text",
     1795432089003000, OMEN_PRIORITY_NOTICE, "app", "text"},
    {"rfc5424-nil", OMEN_LINE_FORMAT_RFC5424,
     "<34>1 - - - - - - \xef\xbb\xbf"
     "body",
     0, OMEN_PRIORITY_CRITICAL, "", "body"},
    {"kmsg", OMEN_LINE_FORMAT_KMSG, "3,339,5140900,-;sd 0:0:0:0: fail", BOOT_US + 5140900,
     OMEN_PRIORITY_ERROR, "kernel", "sd 0:0:0:0: fail"},
    {"kmsg-user", OMEN_LINE_FORMAT_KMSG, "12,340,1,-;agent[1]: kernel: not really", BOOT_US + 1,
     OMEN_PRIORITY_WARNING, "agent", "kernel: not really"},
    {"auto-iso", OMEN_LINE_FORMAT_AUTO, "2024-01-15T16:35:31Z n a: b", 1705336531000000,
     OMEN_PRIORITY_INFO, "a", "b"},
    {"auto-bsd", OMEN_LINE_FORMAT_AUTO, "Nov 23 11:08:09 h a: b", 1795432089000000,
     OMEN_PRIORITY_INFO, "a", "b"},
    {"auto-plain", OMEN_LINE_FORMAT_AUTO, "no format at all", 0, OMEN_PRIORITY_INFO, "",
     "no format at all"},
    {"broken-iso", OMEN_LINE_FORMAT_ISO, "2024-13-15T16:35:31Z n a: b", 0, OMEN_PRIORITY_INFO, "",
     "2024-13-15T16:35:31Z n a: b"},
    {"empty", OMEN_LINE_FORMAT_AUTO, "", 0, OMEN_PRIORITY_INFO, "", ""},
    {"journal", OMEN_LINE_FORMAT_AUTO,
     "{\"__REALTIME_TIMESTAMP\":\"1705336531000001\",\"PRIORITY\":\"3\",\"_X\":[1,[2]],"
     "\"SYSLOG_IDENTIFIER\":\"smartd\",\"MESSAGE\":\"a \\\"b\\\" \\u00e9\\ud83d\\ude00\"}",
     1705336531000001, OMEN_PRIORITY_ERROR, "smartd", "a \"b\" \xc3\xa9\xf0\x9f\x98\x80"},
    {"journal-no-message", OMEN_LINE_FORMAT_JOURNAL, "{\"PRIORITY\":\"3\"}", 0, OMEN_PRIORITY_INFO,
     "", "{\"PRIORITY\":\"3\"}"},
    {"journal-cut", OMEN_LINE_FORMAT_JOURNAL, "{\"MESSAGE\":\"x", 0, OMEN_PRIORITY_INFO, "",
     "{\"MESSAGE\":\"x"},
};

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    char scratch[1024];
    OmenLineContext context = {NOW_US, BOOT_US, scratch, sizeof scratch};
    OmenRecord record;

    omen_line_format_parse(one->format, &context, one->line, strlen(one->line), &record);
    g_assert_cmpint(record.time_us, ==, one->time_us);
    g_assert_cmpint(record.priority, ==, one->priority);
    g_assert_cmpmem(record.identifier, record.identifier_length, one->identifier,
                    strlen(one->identifier));
    g_assert_cmpmem(record.message, record.message_length, one->message, strlen(one->message));
}

/* Deep nesting is passed over without recursion. */
static void
test_deep_json(void)
{
    g_autoptr(GString) line = g_string_new("{\"X\":");
    OmenLineContext context = {0};
    OmenRecord record;

    for (guint i = 0; i < 200000; i++)
        g_string_append_c(line, '[');
    omen_line_format_parse(OMEN_LINE_FORMAT_JOURNAL, &context, line->str, line->len, &record);
    g_assert_cmpuint(record.message_length, ==, line->len);
}

/* Whatever the bytes, a record stays within the line or the scratch. */
static void
test_random(void)
{
    static const char alphabet[] = "<>[]{}\"\\,:;.-+ 0123456789TZabNovu\t\xff\x80";
    char scratch[64];

    for (guint round = 0; round < 50000; round++) {
        char line[80];
        gsize length = (gsize) g_test_rand_int_range(0, sizeof line);
        OmenLineContext context = {NOW_US, BOOT_US, scratch, sizeof scratch};
        OmenRecord record;
        gboolean in_line;
        gboolean in_scratch;

        for (gsize i = 0; i < length; i++)
            line[i] = alphabet[g_test_rand_int_range(0, sizeof alphabet - 1)];
        omen_line_format_parse((OmenLineFormat) g_test_rand_int_range(0, OMEN_LINE_FORMAT_AUTO + 1),
                               &context, line, length, &record);
        in_line = record.message >= line && record.message + record.message_length <= line + length;
        in_scratch = record.message >= scratch &&
                     record.message + record.message_length <= scratch + sizeof scratch;
        g_assert_true(in_line || in_scratch);
        g_assert_cmpint(record.priority, <=, OMEN_PRIORITY_DEBUG);
    }
}

static void
test_words(void)
{
    OmenLineFormat format;

    for (int i = OMEN_LINE_FORMAT_PLAIN; i <= OMEN_LINE_FORMAT_AUTO; i++) {
        g_assert_true(
            omen_line_format_from_string(omen_line_format_to_string((OmenLineFormat) i), &format));
        g_assert_cmpint(format, ==, i);
    }
    g_assert_false(omen_line_format_from_string("xml", &format));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/line-format/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/line-format/deep-json", test_deep_json);
    g_test_add_func("/line-format/random", test_random);
    g_test_add_func("/line-format/words", test_words);
    return g_test_run();
}
