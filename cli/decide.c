/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen approve, dismiss, confirm, clear, accept: what an operator decides about an omen. Each
 * says what was done, and to whom. */
#include "decide.h"

#include "command.h"
#include "omen-view.h"

#include <virt-omen/bus-names.h>

typedef char *(*TellFunc)(Client *client, const char *path, const char *before);

static guint64
id_of(Client *client, const char *path)
{
    return client_get_number(client, path, INTERFACE_OMEN, "Id");
}

/* "omen 7 (disk sda)". (transfer full) */
static char *
name_omen(Client *client, const char *path)
{
    g_autofree char *what = omen_view_describe(client, path);

    return g_strdup_printf("omen %" G_GUINT64_FORMAT " (%s)", id_of(client, path), what);
}

/* The domains that move for an omen, by name. (transfer full) */
static char *
list_moving(Client *client, guint64 omen)
{
    g_autoptr(GPtrArray) paths = client_list(client, INTERFACE_EVACUATION);
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        if (client_get_number(client, path, INTERFACE_EVACUATION, "OmenId") != omen ||
            client_get_number(client, path, INTERFACE_EVACUATION, "EndedTime") > 0)
            continue;
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                               client_get_string(client, path, INTERFACE_EVACUATION, "DomainName"));
    }
    return g_string_free(names, FALSE);
}

/* Each of these says what came of it. @before: the fate that the omen had. (transfer full) */

static char *
tell_approved(Client *client, const char *path, const char *before G_GNUC_UNUSED)
{
    g_autofree char *omen = name_omen(client, path);
    g_autofree char *moving = list_moving(client, id_of(client, path));
    const char *outcome = client_get_string(client, path, INTERFACE_OMEN, "Outcome");

    if (*moving)
        return g_strdup_printf(
            "Approved %s. Moving away: %s; virt-omen evacuations shows the progress.", omen,
            moving);
    return g_strdup_printf("Approved %s. Nothing moves: %s.", omen,
                           *outcome ? outcome : "no domain was left to move");
}

/* An earlier decision that this one undoes. (transfer full) */
static char *
tell_overridden(const char *before, const char *now)
{
    return *before && !g_str_equal(before, now)
               ? g_strdup_printf(" This replaces the earlier decision: %s.", before)
               : g_strdup("");
}

static char *
tell_dismissed(Client *client, const char *path, const char *before)
{
    g_autofree char *omen = name_omen(client, path);
    g_autofree char *overridden = tell_overridden(before, "dismissed");
    const char *stream = client_get_string(client, path, INTERFACE_OMEN, "Stream");

    return g_strdup_printf("Dismissed %s: a false alarm. Lines like these raise no omen again in "
                           "stream %s; virt-omen normal %s lists this decision and can undo it.%s",
                           omen, stream, stream, overridden);
}

static char *
tell_confirmed(Client *client, const char *path, const char *before)
{
    g_autofree char *omen = name_omen(client, path);
    g_autofree char *overridden = tell_overridden(before, "confirmed");
    const char *stream = client_get_string(client, path, INTERFACE_OMEN, "Stream");

    return g_strdup_printf(
        "Confirmed %s: it was real. Lines like these always raise an omen from now on in stream %s; virt-omen normal %s lists this decision and can undo it.%s",
        omen, stream, stream, overridden);
}

static char *
tell_cleared(Client *client, const char *path, const char *before G_GNUC_UNUSED)
{
    g_autofree char *omen = name_omen(client, path);
    guint64 n_open =
        client_get_number(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "OpenOmens");

    if (n_open == 0)
        return g_strdup_printf("Cleared %s: the problem is over.", omen);
    return g_strdup_printf("Cleared %s: the problem is over. Still open: %" G_GUINT64_FORMAT
                           "; virt-omen omens --open lists them.",
                           omen, n_open);
}

static char *
tell_accepted(Client *client, const char *path, const char *before G_GNUC_UNUSED)
{
    g_autofree char *omen = name_omen(client, path);
    const char *stream = client_get_string(client, path, INTERFACE_OMEN, "Stream");

    return g_strdup_printf(
        "Accepted %s: the values that it reports are known, and it is raised again when one gets "
        "worse; virt-omen accepted %s lists them and can undo this.",
        omen, stream);
}

static const struct {
    const char *command;
    const char *method;
    TellFunc tell;
} decisions[] = {
    [DECISION_APPROVE] = {"approve", "Approve", tell_approved},
    [DECISION_DISMISS] = {"dismiss", "Dismiss", tell_dismissed},
    [DECISION_CONFIRM] = {"confirm", "Confirm", tell_confirmed},
    [DECISION_CLEAR] = {"clear", "Clear", tell_cleared},
    [DECISION_ACCEPT] = {"accept", "Accept", tell_accepted},
};

const char *
decision_to_string(Decision decision)
{
    return decisions[decision].command;
}

char *
decision_apply(Client *client, const char *path, Decision decision, GError **error)
{
    const char *before = client_get_string(client, path, INTERFACE_OMEN, "Fate");
    g_autoptr(GVariant) reply =
        client_call(client, path, INTERFACE_OMEN, decisions[decision].method,
                    g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), error);

    if (!reply || !client_refresh(client, error))
        return NULL;
    return client_has(client, path) ? decisions[decision].tell(client, path, before)
                                    : g_strdup("The daemon no longer keeps this omen.");
}

static int
decide(Decision decision, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the omen, for programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autofree char *done = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    g_autofree char *path =
        client_begin_object(&client, entries, &argc, &argv, OMEN_BUS_OMENS_PATH, "omen", &status);

    if (!path)
        return status;
    done = decision_apply(&client, path, decision, &error);
    if (!done)
        return command_fail(decisions[decision].command, EXIT_FAILED, "%s", error->message);
    if (json)
        client_print_object(&client, path, omen_view_add);
    else
        g_print("%s\n", done);
    return EXIT_GOOD;
}

int
command_approve(int argc, char **argv)
{
    return decide(DECISION_APPROVE, argc, argv);
}

int
command_dismiss(int argc, char **argv)
{
    return decide(DECISION_DISMISS, argc, argv);
}

int
command_confirm(int argc, char **argv)
{
    return decide(DECISION_CONFIRM, argc, argv);
}

int
command_clear(int argc, char **argv)
{
    return decide(DECISION_CLEAR, argc, argv);
}

int
command_accept(int argc, char **argv)
{
    return decide(DECISION_ACCEPT, argc, argv);
}
