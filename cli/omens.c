/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen omens, explain, approve, dismiss, confirm, clear. */
#include "client.h"
#include "command.h"

#include <virt-omen/bus-names.h>

static void
add_string(
    JsonBuilder *builder, Client *client, const char *path, const char *name, const char *property)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder,
                                  client_get_string(client, path, INTERFACE_OMEN, property));
}

/* The domains that use the device, each with the chain between them: a(sss); an older daemon knows
 * none. (transfer full) */
static GVariant *
get_uses(Client *client, const char *path)
{
    g_autoptr(GVariant) uses = client_get_value(client, path, INTERFACE_OMEN, "Uses");

    if (uses && g_variant_is_of_type(uses, G_VARIANT_TYPE("a(sss)")))
        return g_steal_pointer(&uses);
    return g_variant_ref_sink(g_variant_new("a(sss)", NULL));
}

static void
add_uses(JsonBuilder *builder, Client *client, const char *path)
{
    g_autoptr(GVariant) uses = get_uses(client, path);

    add_string(builder, client, path, "reach", "Reach");
    add_string(builder, client, path, "reach_note", "ReachNote");
    json_builder_set_member_name(builder, "uses");
    json_builder_begin_array(builder);
    for (gsize i = 0; i < g_variant_n_children(uses); i++) {
        g_autoptr(GVariant) use = g_variant_get_child_value(uses, i);
        const char *fields[3];
        g_variant_get(use, "(&s&s&s)", &fields[0], &fields[1], &fields[2]);
        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "uuid");
        json_builder_add_string_value(builder, fields[0]);
        json_builder_set_member_name(builder, "domain");
        json_builder_add_string_value(builder, fields[1]);
        json_builder_set_member_name(builder, "chain");
        json_builder_add_string_value(builder, fields[2]);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

/* Each chain on a line of its own, after @head. */
static void
print_uses(Client *client, const char *path, const char *head, gsize limit)
{
    g_autoptr(GVariant) uses = get_uses(client, path);
    gsize n = g_variant_n_children(uses);

    for (gsize i = 0; i < MIN(n, limit); i++) {
        g_autoptr(GVariant) use = g_variant_get_child_value(uses, i);
        const char *chain;
        g_variant_get(use, "(&s&s&s)", NULL, NULL, &chain);
        g_print("%s%s\n", head, chain);
    }
    if (n > limit)
        g_print("%sand %" G_GSIZE_FORMAT " more\n", head, n - limit);
}

static void
add_omen(Client *client, const char *path, JsonBuilder *builder)
{
    g_auto(GStrv) records = client_get_lines(client, path);

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "id");
    json_builder_add_int_value(builder,
                               (gint64) client_get_number(client, path, INTERFACE_OMEN, "Id"));
    json_builder_set_member_name(builder, "time");
    json_builder_add_double_value(
        builder, (double) client_get_number(client, path, INTERFACE_OMEN, "Time") / G_USEC_PER_SEC);
    add_string(builder, client, path, "scope", "Scope");
    add_string(builder, client, path, "class", "Class");
    add_string(builder, client, path, "device", "Device");
    add_uses(builder, client, path);
    add_string(builder, client, path, "domain", "DomainName");
    json_builder_set_member_name(builder, "probability");
    json_builder_add_double_value(builder,
                                  client_get_double(client, path, INTERFACE_OMEN, "Probability"));
    add_string(builder, client, path, "reason", "Reason");
    json_builder_set_member_name(builder, "records");
    json_builder_begin_array(builder);
    for (guint i = 0; records && records[i]; i++)
        json_builder_add_string_value(builder, records[i]);
    json_builder_end_array(builder);
    add_string(builder, client, path, "action", "Action");
    add_string(builder, client, path, "outcome", "Outcome");
    add_string(builder, client, path, "fate", "Fate");
    add_string(builder, client, path, "judges", "Judges");
    json_builder_set_member_name(builder, "open");
    json_builder_add_boolean_value(builder,
                                   client_get_boolean(client, path, INTERFACE_OMEN, "Open"));
    json_builder_end_object(builder);
}

static void
print_omen(Client *client, const char *path)
{
    g_auto(GStrv) records = client_get_lines(client, path);
    g_autofree char *time =
        client_format_time(client_get_number(client, path, INTERFACE_OMEN, "Time"));
    const char *outcome = client_get_string(client, path, INTERFACE_OMEN, "Outcome");
    const char *device = client_get_string(client, path, INTERFACE_OMEN, "Device");
    const char *domain = client_get_string(client, path, INTERFACE_OMEN, "DomainName");
    gboolean is_red =
        command_has_colour() && client_get_boolean(client, path, INTERFACE_OMEN, "Open");

    g_print("%s%" G_GUINT64_FORMAT "  %s  %s%s%s%s%s, probability %.2f: %s%s\n",
            is_red ? "\033[1;31m" : "", client_get_number(client, path, INTERFACE_OMEN, "Id"), time,
            client_get_string(client, path, INTERFACE_OMEN, "Class"), *device ? " " : "", device,
            *domain ? " of " : "", domain,
            client_get_double(client, path, INTERFACE_OMEN, "Probability"),
            client_get_string(client, path, INTERFACE_OMEN, "Reason"), is_red ? "\033[0m" : "");
    g_print("   %s%s%s; %" G_GUINT64_FORMAT " records\n",
            client_get_string(client, path, INTERFACE_OMEN, "Action"), *outcome ? ": " : "",
            outcome, client_get_number(client, path, INTERFACE_OMEN, "Records"));
    print_uses(client, path, "   ", 3);
    for (guint i = 0; records && records[i] && i < 3; i++)
        g_print("     %s\n", records[i]);
}

/* What came of omens, by fate. "" is told as "unknown". */
static const char *const fates[] = {"failed", "repaired", "confirmed", "dismissed", "nothing", ""};

typedef struct {
    guint n_of_fate[G_N_ELEMENTS(fates)];
    guint n_real;
    guint n_known;
} Precision;

static Precision
count_precision(Client *client, GPtrArray *paths)
{
    Precision self = {0};

    for (guint i = 0; i < paths->len; i++) {
        const char *fate =
            client_get_string(client, g_ptr_array_index(paths, i), INTERFACE_OMEN, "Fate");
        for (guint f = 0; f < G_N_ELEMENTS(fates); f++)
            self.n_of_fate[f] += g_str_equal(fate, fates[f]) ? 1 : 0;
    }
    self.n_real = self.n_of_fate[0] + self.n_of_fate[1] + self.n_of_fate[2];
    self.n_known = self.n_real + self.n_of_fate[3] + self.n_of_fate[4];
    return self;
}

static void
print_precision(const Precision *precision)
{
    if (precision->n_known == 0)
        g_print("Precision so far: not known yet; of none of these is it known what came of it.\n");
    else
        g_print(
            "Precision so far: %.0f %%: of %u whose end is known %u failed, %u were repaired before, "
            "%u confirmed, %u dismissed, %u came to nothing.\n",
            100.0 * precision->n_real / precision->n_known, precision->n_known,
            precision->n_of_fate[0], precision->n_of_fate[1], precision->n_of_fate[2],
            precision->n_of_fate[3], precision->n_of_fate[4]);
}

static void
print_precision_json(const Precision *precision)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "precision");
    if (precision->n_known > 0)
        json_builder_add_double_value(builder, (double) precision->n_real / precision->n_known);
    else
        json_builder_add_null_value(builder);
    for (guint i = 0; i < G_N_ELEMENTS(fates); i++) {
        json_builder_set_member_name(builder, *fates[i] ? fates[i] : "unknown");
        json_builder_add_int_value(builder, precision->n_of_fate[i]);
    }
    json_builder_end_object(builder);
    client_print_json(json_builder_get_root(builder));
}

int
command_omens(int argc, char **argv)
{
    gboolean json = FALSE;
    gboolean only_precision = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        {"precision", 0, 0, G_OPTION_ARG_NONE, &only_precision,
         "Only how many of them came true, and how many were false alarms", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GPtrArray) paths = NULL;
    Precision precision;
    int status;

    if (!client_begin(&client, entries, &argc, &argv, 0, 0, "it takes no argument", &status))
        return status;
    paths = client_list(&client, INTERFACE_OMEN);
    precision = count_precision(&client, paths);
    if (!only_precision)
        client_print_list(&client, paths, json, add_omen, print_omen, "No omens.\n");
    if (only_precision && json)
        print_precision_json(&precision);
    else if (!json && (only_precision || paths->len > 0))
        print_precision(&precision);
    return EXIT_GOOD;
}

static const char *
text_of(Client *client, const char *path, const char *property)
{
    return client_get_string(client, path, INTERFACE_OMEN, property);
}

/* What an operator can do about an omen, by what is done already. */
static void
print_advice(Client *client, const char *path)
{
    const char *action = text_of(client, path, "Action");
    guint64 id = client_get_number(client, path, INTERFACE_OMEN, "Id");

    if (g_str_equal(action, "proposed"))
        g_print("\n  virt-omen plan --omen %-4" G_GUINT64_FORMAT
                " shows what an evacuation would do\n"
                "  virt-omen approve %-4" G_GUINT64_FORMAT "     does it\n",
                id, id);
    else if (g_str_equal(action, "evacuating") || g_str_equal(action, "finished"))
        g_print("\n  virt-omen evacuations  shows how it goes\n");
    if (client_get_boolean(client, path, INTERFACE_OMEN, "Open"))
        g_print("  virt-omen confirm %-4" G_GUINT64_FORMAT
                " says that it was real: raise it always\n"
                "  virt-omen dismiss %-4" G_GUINT64_FORMAT " says that it is a false alarm\n"
                "  virt-omen clear %-4" G_GUINT64_FORMAT "   says that the trouble is over\n",
                id, id, id);
}

/* @may_see: the caller saw its records as well. */
static void
print_normal(Client *client, const char *path, gboolean may_see)
{
    g_auto(GStrv) lines = may_see ? client_get_normal_lines(client, path) : NULL;

    if (!may_see)
        return;
    if (!lines || !*lines) {
        g_print("\nnothing that is normal in this stream is like it\n");
        return;
    }
    g_print("\nnormal in this stream is, instead:\n");
    for (guint i = 0; lines[i]; i++)
        g_print("  %s\n", *lines[i] ? lines[i] : "(forgotten)");
}

/* What really came of it. */
static void
print_fate(Client *client, const char *path)
{
    const char *fate = text_of(client, path, "Fate");
    guint64 raised = client_get_number(client, path, INTERFACE_OMEN, "Time");
    guint64 came = client_get_number(client, path, INTERFACE_OMEN, "FateTime");
    g_autofree char *time = client_format_time(came);

    if (!*fate)
        g_print("came of it   nothing is known yet\n");
    else
        g_print("came of it   %s at %s, %" G_GUINT64_FORMAT " s after the first sign\n", fate, time,
                came > raised ? (came - raised) / G_USEC_PER_SEC : 0);
}

static void
print_explanation(Client *client, const char *path)
{
    g_auto(GStrv) lines = client_get_lines(client, path);
    g_autofree char *first =
        client_format_time(client_get_number(client, path, INTERFACE_OMEN, "Time"));
    g_autofree char *last =
        client_format_time(client_get_number(client, path, INTERFACE_OMEN, "LastTime"));
    const char *domain = text_of(client, path, "DomainName");
    const char *device = text_of(client, path, "Device");
    const char *outcome = text_of(client, path, "Outcome");
    gboolean helps = client_get_boolean(client, path, INTERFACE_OMEN, "MigrationHelps");

    g_print("Omen %" G_GUINT64_FORMAT ": %s\n\n",
            client_get_number(client, path, INTERFACE_OMEN, "Id"), text_of(client, path, "Reason"));
    g_print("what         failure of class %s%s%s, probability %.2f\n",
            text_of(client, path, "Class"), *device ? ", device " : "", device,
            client_get_double(client, path, INTERFACE_OMEN, "Probability"));
    g_print("threatens    %s%s%s\n", text_of(client, path, "Scope"), *domain ? " " : "", domain);
    if (*text_of(client, path, "ReachNote"))
        g_print("reaches      %s: %s\n", text_of(client, path, "Reach"),
                text_of(client, path, "ReachNote"));
    print_uses(client, path, "             ", G_MAXSIZE);
    g_print("seen         %s to %s, %" G_GUINT64_FORMAT " records of stream %s\n", first, last,
            client_get_number(client, path, INTERFACE_OMEN, "Records"),
            text_of(client, path, "Stream"));
    g_print("moving away  %s\n", helps ? "helps" : "does not help against this");
    g_print("done about   %s%s%s\n", text_of(client, path, "Action"), *outcome ? ": " : "",
            outcome);
    print_fate(client, path);
    g_print("judged       %s\n", text_of(client, path, "Judges"));
    if (lines && *lines)
        g_print("\nits records, the first of them:\n");
    else
        g_print("\nits records are for those with the authorisation org.virtomen1.judge\n");
    for (guint i = 0; lines && lines[i]; i++)
        g_print("  %s\n", lines[i]);
    print_normal(client, path, lines != NULL);
    print_advice(client, path);
}

int
command_explain(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(JsonBuilder) builder = json_builder_new();
    int status;
    g_autofree char *path =
        client_begin_object(&client, entries, &argc, &argv, OMEN_BUS_OMENS_PATH, "omen", &status);

    if (!path)
        return status;
    if (!json) {
        print_explanation(&client, path);
        return EXIT_GOOD;
    }
    add_omen(&client, path, builder);
    client_print_json(json_builder_get_root(builder));
    return EXIT_GOOD;
}

/* approve, dismiss, confirm, clear: one method of one omen. */
static int
tell_omen(const char *command, const char *method, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the omen, for programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    g_autofree char *path =
        client_begin_object(&client, entries, &argc, &argv, OMEN_BUS_OMENS_PATH, "omen", &status);

    if (!path)
        return status;
    reply = client_call(&client, path, INTERFACE_OMEN, method,
                        g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), &error);
    if (!reply)
        return command_fail(command, EXIT_FAILED, "%s", error->message);
    if (json)
        client_print_object(&client, path, add_omen);
    return EXIT_GOOD;
}

int
command_approve(int argc, char **argv)
{
    return tell_omen("approve", "Approve", argc, argv);
}

int
command_dismiss(int argc, char **argv)
{
    return tell_omen("dismiss", "Dismiss", argc, argv);
}

int
command_confirm(int argc, char **argv)
{
    return tell_omen("confirm", "Confirm", argc, argv);
}

int
command_clear(int argc, char **argv)
{
    return tell_omen("clear", "Clear", argc, argv);
}
