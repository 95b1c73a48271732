/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen normal: what was learnt to be normal, listed and edited. */
#include "client.h"
#include "command.h"
#include "json.h"

#include <virt-omen/bus-names.h>

#define HINT                                                                                            \
    "usage: virt-omen normal [STREAM], or virt-omen normal forget STREAM NUMBER[,NUMBER...] (a stream " \
    "is host, or the name of a domain)"

static void
add_row(JsonBuilder *builder,
        const guint32 *templates,
        gsize n,
        char **texts,
        guint64 uses,
        guint64 learnt_us)
{
    json_builder_begin_object(builder);
    json_add_count(builder, "uses", uses);
    json_builder_set_member_name(builder, "learnt");
    json_builder_add_double_value(builder, (double) learnt_us / G_USEC_PER_SEC);
    json_builder_set_member_name(builder, "templates");
    json_builder_begin_array(builder);
    for (gsize i = 0; i < n; i++)
        json_builder_add_int_value(builder, templates[i]);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "texts");
    json_builder_begin_array(builder);
    for (guint i = 0; texts[i]; i++)
        json_builder_add_string_value(builder, texts[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
print_row(const guint32 *templates, gsize n, char **texts, guint64 uses, guint64 learnt_us)
{
    g_autofree char *time = learnt_us > 0 ? client_format_time(learnt_us) : NULL;
    gboolean colour = command_has_colour();

    g_print("%s", colour ? "\033[1m" : "");
    for (gsize i = 0; i < n; i++)
        g_print("%s%u", i > 0 ? "," : "", templates[i]);
    g_print("%s  %" G_GUINT64_FORMAT " times%s%s\n", colour ? "\033[0m" : "", uses,
            time ? ", learnt " : "", time ? time : "");
    for (gsize i = 0; i < n && texts[i]; i++)
        g_print("  %6u  %s\n", templates[i], texts[i]);
}

static void
add_word(JsonBuilder *builder, GVariant *row)
{
    const char *text = "";
    const char *word = "";
    const char *failure_class = "";
    guint32 number = 0;
    guint64 time_us = 0;

    g_variant_lookup(row, "template", "u", &number);
    g_variant_lookup(row, "text", "&s", &text);
    g_variant_lookup(row, "word", "&s", &word);
    g_variant_lookup(row, "class", "&s", &failure_class);
    g_variant_lookup(row, "time", "t", &time_us);
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "word");
    json_builder_add_string_value(builder, word);
    json_builder_set_member_name(builder, "time");
    json_builder_add_double_value(builder, (double) time_us / G_USEC_PER_SEC);
    json_builder_set_member_name(builder, "class");
    json_builder_add_string_value(builder, failure_class);
    json_builder_set_member_name(builder, "templates");
    json_builder_begin_array(builder);
    json_builder_add_int_value(builder, number);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "texts");
    json_builder_begin_array(builder);
    json_builder_add_string_value(builder, text);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
print_word(GVariant *row)
{
    const char *text = "";
    const char *word = "";
    const char *failure_class = "";
    guint32 number = 0;
    guint64 time_us = 0;
    g_autofree char *time = NULL;

    g_variant_lookup(row, "template", "u", &number);
    g_variant_lookup(row, "text", "&s", &text);
    g_variant_lookup(row, "word", "&s", &word);
    g_variant_lookup(row, "class", "&s", &failure_class);
    g_variant_lookup(row, "time", "t", &time_us);
    time = time_us > 0 ? client_format_time(time_us) : g_strdup("at an unknown time");
    g_print("%s%u%s  %s as %s by an operator, %s\n  %6u  %s\n",
            command_has_colour() ? "\033[1m" : "", number, command_has_colour() ? "\033[0m" : "",
            word, failure_class, time, number, text);
}

/* What operators said. FALSE: an error was told. */
static gboolean
list_words(Client *client, const char *stream, JsonBuilder *builder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) rows = NULL;
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ListWords",
                    g_variant_new("(s@a{sv})", stream, g_variant_new("a{sv}", NULL)), &error);

    if (!reply) {
        command_fail("normal", EXIT_FAILED, "%s", error->message);
        return FALSE;
    }
    rows = g_variant_get_child_value(reply, 0);
    for (gsize i = 0; i < g_variant_n_children(rows); i++) {
        g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
        if (builder)
            add_word(builder, row);
        else
            print_word(row);
    }
    return TRUE;
}

static int
list(Client *client, const char *stream, gboolean json, int limit)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) rows = NULL;
    GVariantBuilder options;
    GVariantIter iter;
    GVariant *row;

    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&options, "{sv}", "limit", g_variant_new_uint32((guint) limit));
    reply = client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ListNormal",
                        g_variant_new("(sa{sv})", stream, &options), &error);
    if (!reply)
        return command_fail("normal", EXIT_FAILED, "%s", error->message);
    rows = g_variant_get_child_value(reply, 0);
    json_builder_begin_array(builder);
    if (!list_words(client, stream, json ? builder : NULL))
        return EXIT_FAILED;
    g_variant_iter_init(&iter, rows);
    while (g_variant_iter_loop(&iter, "@a{sv}", &row)) {
        g_autoptr(GVariant) templates =
            g_variant_lookup_value(row, "templates", G_VARIANT_TYPE("au"));
        g_auto(GStrv) texts = NULL;
        guint64 uses = 0;
        guint64 learnt_us = 0;
        gsize n = 0;
        if (!templates || !g_variant_lookup(row, "texts", "^as", &texts))
            continue;
        const guint32 *numbers = g_variant_get_fixed_array(templates, &n, sizeof(guint32));
        g_variant_lookup(row, "uses", "t", &uses);
        g_variant_lookup(row, "learnt", "t", &learnt_us);
        if (json)
            add_row(builder, numbers, n, texts, uses, learnt_us);
        else
            print_row(numbers, n, texts, uses, learnt_us);
    }
    json_builder_end_array(builder);
    if (json)
        client_print_json(json_builder_get_root(builder));
    else if (g_variant_n_children(rows) == 0)
        g_print("Nothing is learnt for %s yet: it is in training, or nothing was read.\n", stream);
    return EXIT_GOOD;
}

/* "12,7,7,3" as an array of numbers. (transfer full) (nullable). */
static GVariant *
parse_templates(const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("au"));
    for (guint i = 0; parts[i]; i++) {
        guint64 number;
        if (!g_ascii_string_to_unsigned(parts[i], 10, 0, G_MAXUINT32, &number, NULL)) {
            g_variant_builder_clear(&builder);
            return NULL;
        }
        g_variant_builder_add(&builder, "u", (guint32) number);
    }
    return g_variant_builder_end(&builder);
}

static int
forget_word(Client *client, const char *stream, guint32 template_id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = client_call(
        client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ForgetWord",
        g_variant_new("(su@a{sv})", stream, template_id, g_variant_new("a{sv}", NULL)), &error);

    return reply ? EXIT_GOOD : command_fail("normal", EXIT_FAILED, "%s", error->message);
}

static int
forget(Client *client, const char *stream, const char *word)
{
    guint64 number;
    GVariant *templates;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;

    if (g_ascii_string_to_unsigned(word, 10, 0, G_MAXUINT32, &number, NULL))
        return forget_word(client, stream, (guint32) number);
    templates = parse_templates(word);
    if (!templates)
        return command_fail(
            "normal", EXIT_USAGE,
            "\"%s\" is not a subsequence; virt-omen normal lists them, such as 12,7,7,3", word);
    reply = client_call(
        client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ForgetNormal",
        g_variant_new("(s@au@a{sv})", stream, templates, g_variant_new("a{sv}", NULL)), &error);
    return reply ? EXIT_GOOD : command_fail("normal", EXIT_FAILED, "%s", error->message);
}

int
command_normal(int argc, char **argv)
{
    gboolean json = FALSE;
    int limit = 50;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        {"limit", 0, 0, G_OPTION_ARG_INT, &limit, "How many, the most used first (50)", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autofree char *stream = NULL;
    gboolean forgets;
    const char *word;
    int result;

    if (!client_begin(&client, entries, &argc, &argv, 0, 3, HINT, &result))
        return result;
    forgets = argc > 1 && g_str_equal(argv[1], "forget");
    if ((forgets && argc != 4) || (!forgets && argc > 2) || limit < 1)
        return command_fail("normal", EXIT_USAGE, HINT);
    word = forgets ? argv[2] : argc > 1 ? argv[1] : "host";
    stream = client_find_stream(&client, "normal", word);
    if (!stream)
        return EXIT_FAILED;
    return forgets ? forget(&client, stream, argv[3]) : list(&client, stream, json, limit);
}
