/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen explain. */
#include "explain.h"

#include "command.h"
#include "omen-view.h"

#include <virt-omen/bus-names.h>
#include <virt-omen/judge.h>

static const char *
text_of(Client *client, const char *path, const char *property)
{
    return client_get_string(client, path, INTERFACE_OMEN, property);
}

/* What an operator can do about an omen, by what is done already. */
static void
append_advice(GString *out, Client *client, const char *path)
{
    const char *action = text_of(client, path, "Action");
    guint64 id = client_get_number(client, path, INTERFACE_OMEN, "Id");

    g_string_append(out, "\n");
    if (g_str_equal(action, "proposed"))
        g_string_append_printf(out,
                               "  virt-omen plan --omen %-4" G_GUINT64_FORMAT
                               " shows what an evacuation would do\n"
                               "  virt-omen approve %-4" G_GUINT64_FORMAT "     does it\n",
                               id, id);
    else if (g_str_equal(action, "evacuating") || g_str_equal(action, "finished"))
        g_string_append_printf(out, "  virt-omen evacuations  shows the progress\n");
    if (client_get_boolean(client, path, INTERFACE_OMEN, "Open"))
        g_string_append_printf(
            out,
            "  virt-omen confirm %-4" G_GUINT64_FORMAT " says that it was real: raise it always\n"
            "  virt-omen dismiss %-4" G_GUINT64_FORMAT " says that it is a false alarm\n"
            "  virt-omen accept %-4" G_GUINT64_FORMAT
            "  says that its value is known: raise it again when it is worse\n"
            "  virt-omen clear %-4" G_GUINT64_FORMAT "   says that the trouble is over\n",
            id, id, id, id);
}

/* @may_see: the caller saw its records as well. */
static void
append_normal(GString *out, Client *client, const char *path, gboolean may_see)
{
    g_auto(GStrv) lines = may_see ? client_get_normal_lines(client, path) : NULL;

    if (!may_see)
        return;
    if (!lines || !*lines) {
        g_string_append_printf(out, "\nnothing normal in this stream is similar\n");
        return;
    }
    g_string_append_printf(out, "\nthe nearest that is normal in this stream:\n");
    for (guint i = 0; lines[i]; i++)
        g_string_append_printf(out, "  %s\n", *lines[i] ? lines[i] : "(forgotten)");
}

/* What really came of it. */
static void
append_fate(GString *out, Client *client, const char *path)
{
    const char *fate = text_of(client, path, "Fate");
    guint64 raised = client_get_number(client, path, INTERFACE_OMEN, "Time");
    guint64 came = client_get_number(client, path, INTERFACE_OMEN, "FateTime");
    g_autofree char *time = client_format_time(came);

    if (!*fate)
        g_string_append_printf(out, "outcome      not known yet\n");
    else
        g_string_append_printf(
            out, "outcome      %s at %s, %" G_GUINT64_FORMAT " s after the first sign\n", fate,
            time, came > raised ? (came - raised) / G_USEC_PER_SEC : 0);
}

/* How many omens of that class ended in what they foretold, of those whose end is known. */
static void
append_certainty(GString *out, Client *client, const char *class_word)
{
    static const char *const real[] = {"failed", "repaired", "confirmed", NULL};
    static const char *const false_alarms[] = {"nothing", "dismissed", NULL};
    g_autoptr(GPtrArray) paths = client_list(client, INTERFACE_OMEN);
    guint n_real = 0;
    guint n_false = 0;

    for (guint i = 0; i < paths->len; i++) {
        const char *fate = text_of(client, g_ptr_array_index(paths, i), "Fate");
        if (!g_str_equal(text_of(client, g_ptr_array_index(paths, i), "Class"), class_word))
            continue;
        n_real += g_strv_contains(real, fate) ? 1 : 0;
        n_false += g_strv_contains(false_alarms, fate) ? 1 : 0;
    }
    if (n_real + n_false == 0)
        g_string_append(out,
                        "how sure     not measured: no omen of this class has a known outcome on "
                        "this host yet\n");
    else
        g_string_append_printf(out,
                               "how sure     %u of %u omens of this class with a known outcome "
                               "on this host were real\n",
                               n_real, n_real + n_false);
}

static void
append_class(GString *out, Client *client, const char *path)
{
    const char *word = text_of(client, path, "Class");
    guint64 urgency_s = client_get_number(client, path, INTERFACE_OMEN, "Urgency");
    OmenFailureClass failure_class;

    if (!omen_failure_class_from_string(word, &failure_class))
        return;
    g_string_append_printf(out, "means        %s\n", omen_failure_class_get_meaning(failure_class));
    append_certainty(out, client, word);
    g_string_append_printf(out, "how long     %s", omen_failure_class_get_lead(failure_class));
    if (urgency_s > 0)
        g_string_append_printf(out,
                               "; %" G_GUINT64_FORMAT
                               " s are assumed for this omen, from its sign and from earlier "
                               "outcomes here",
                               urgency_s);
    g_string_append_printf(out, "\ndo first     %s\n",
                           omen_failure_class_get_first_step(failure_class));
}

char *
explain_format(Client *client, const char *path)
{
    GString *out = g_string_new(NULL);
    g_auto(GStrv) lines = client_get_lines(client, path);
    g_autofree char *first =
        client_format_time(client_get_number(client, path, INTERFACE_OMEN, "Time"));
    g_autofree char *writer = omen_view_describe_writer(client, path);
    g_autofree char *last =
        client_format_time(client_get_number(client, path, INTERFACE_OMEN, "LastTime"));
    const char *domain = text_of(client, path, "DomainName");
    const char *device = text_of(client, path, "Device");
    const char *outcome = text_of(client, path, "Outcome");
    gboolean helps = client_get_boolean(client, path, INTERFACE_OMEN, "MigrationHelps");

    g_string_append_printf(out, "Omen %" G_GUINT64_FORMAT ": %s\n\n",
                           client_get_number(client, path, INTERFACE_OMEN, "Id"),
                           text_of(client, path, "Reason"));
    g_string_append_printf(out, "what         failure of class %s%s%s, probability %.2f\n",
                           text_of(client, path, "Class"), *device ? ", device " : "", device,
                           client_get_double(client, path, INTERFACE_OMEN, "Probability"));
    g_string_append_printf(out, "threatens    %s%s%s\n", text_of(client, path, "Scope"),
                           *domain ? " " : "", domain);
    if (*text_of(client, path, "ReachNote"))
        g_string_append_printf(out, "reaches      %s: %s\n", text_of(client, path, "Reach"),
                               text_of(client, path, "ReachNote"));
    omen_view_append_uses(client, path, "             ", out);
    g_string_append_printf(out,
                           "seen         %s to %s, %" G_GUINT64_FORMAT " records of stream %s\n",
                           first, last, client_get_number(client, path, INTERFACE_OMEN, "Records"),
                           text_of(client, path, "Stream"));
    omen_view_append_course(client, path, "             ", out);
    g_string_append_printf(out, "written by   %s\n", writer);
    g_string_append_printf(out, "moving away  %s\n",
                           helps ? "helps" : "does not help against this");
    append_class(out, client, path);
    g_string_append_printf(out, "action       %s%s%s\n", text_of(client, path, "Action"),
                           *outcome ? ": " : "", outcome);
    append_fate(out, client, path);
    g_string_append_printf(out, "judged       %s\n", text_of(client, path, "Judges"));
    if (lines && *lines)
        g_string_append_printf(out, "\nits first records:\n");
    else
        g_string_append_printf(
            out, "\nto see its records needs the authorisation org.virtomen1.judge\n");
    for (guint i = 0; lines && lines[i]; i++)
        g_string_append_printf(out, "  %s\n", lines[i]);
    append_normal(out, client, path, lines != NULL);
    append_advice(out, client, path);
    return g_string_free(out, FALSE);
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
    g_autofree char *text = NULL;
    int status;
    g_autofree char *path =
        client_begin_object(&client, entries, &argc, &argv, OMEN_BUS_OMENS_PATH, "omen", &status);

    if (!path)
        return status;
    if (!json) {
        text = explain_format(&client, path);
        g_print("%s", text);
        return EXIT_GOOD;
    }
    omen_view_add(&client, path, builder);
    client_print_json(json_builder_get_root(builder));
    return EXIT_GOOD;
}
