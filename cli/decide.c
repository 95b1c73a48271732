/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen approve, dismiss, confirm, clear: what an operator decides about an omen. Each says
 * what was done, and to whom. */
#include "client.h"
#include "command.h"
#include "omen-view.h"

#include <string.h>
#include <virt-omen/bus-names.h>

typedef struct {
    const char *command;
    const char *method;
    /* Tells what came of it. @before: the fate that the omen had. */
    void (*tell)(Client *client, const char *path, const char *before);
} Decision;

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

static void
tell_approved(Client *client, const char *path, const char *before G_GNUC_UNUSED)
{
    g_autofree char *omen = name_omen(client, path);
    g_autofree char *moving = list_moving(client, id_of(client, path));
    const char *outcome = client_get_string(client, path, INTERFACE_OMEN, "Outcome");

    if (*moving)
        g_print("Approved %s. Moving away: %s.\nvirt-omen evacuations shows how it goes.\n", omen,
                moving);
    else
        g_print("Approved %s. Nothing moves: %s.\n", omen,
                *outcome ? outcome : "no domain was left to move");
}

static void
tell_overridden(const char *before, const char *now)
{
    if (*before && !g_str_equal(before, now))
        g_print("It was %s before; this holds now.\n", before);
}

static void
tell_dismissed(Client *client, const char *path, const char *before)
{
    g_autofree char *omen = name_omen(client, path);
    const char *stream = client_get_string(client, path, INTERFACE_OMEN, "Stream");

    g_print("Dismissed %s: a false alarm. Lines like its own raise no omen again in stream %s; "
            "virt-omen normal %s lists this, and can take it back.\n",
            omen, stream, stream);
    tell_overridden(before, "dismissed");
}

static void
tell_confirmed(Client *client, const char *path, const char *before)
{
    g_autofree char *omen = name_omen(client, path);
    const char *stream = client_get_string(client, path, INTERFACE_OMEN, "Stream");

    g_print(
        "Confirmed %s: it was real. Lines like its own are always omens from now on in stream %s; "
        "virt-omen normal %s lists this, and can take it back.\n",
        omen, stream, stream);
    tell_overridden(before, "confirmed");
}

static void
tell_cleared(Client *client, const char *path, const char *before G_GNUC_UNUSED)
{
    g_autofree char *omen = name_omen(client, path);
    guint64 n_open =
        client_get_number(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "OpenOmens");

    g_print("Cleared %s: its trouble is over.", omen);
    if (n_open > 0)
        g_print(" Still open: %" G_GUINT64_FORMAT "; virt-omen omens --open lists them.", n_open);
    g_print("\n");
}

static int
decide(const Decision *decision, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the omen, for programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;
    const char *before;
    int status;
    g_autofree char *path =
        client_begin_object(&client, entries, &argc, &argv, OMEN_BUS_OMENS_PATH, "omen", &status);

    if (!path)
        return status;
    before = client_get_string(&client, path, INTERFACE_OMEN, "Fate");
    reply = client_call(&client, path, INTERFACE_OMEN, decision->method,
                        g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), &error);
    if (!reply)
        return command_fail(decision->command, EXIT_FAILED, "%s", error->message);
    if (json)
        client_print_object(&client, path, omen_view_add);
    else if (client_refresh(&client, NULL) && client_has(&client, path))
        decision->tell(&client, path, before);
    return EXIT_GOOD;
}

int
command_approve(int argc, char **argv)
{
    static const Decision decision = {"approve", "Approve", tell_approved};

    return decide(&decision, argc, argv);
}

int
command_dismiss(int argc, char **argv)
{
    static const Decision decision = {"dismiss", "Dismiss", tell_dismissed};

    return decide(&decision, argc, argv);
}

int
command_confirm(int argc, char **argv)
{
    static const Decision decision = {"confirm", "Confirm", tell_confirmed};

    return decide(&decision, argc, argv);
}

int
command_clear(int argc, char **argv)
{
    static const Decision decision = {"clear", "Clear", tell_cleared};

    return decide(&decision, argc, argv);
}
