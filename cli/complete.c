/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen complete KIND: words for a shell's completion, a line each. Says nothing where there is
 * nothing to say: no error belongs into a half-typed line. */
#include "client.h"
#include "command.h"

#include <virt-omen/bus-names.h>
#include <virt-omen/judge.h>

/* Does this object fit behind the command that is being typed? */
typedef gboolean (*FitsFunc)(Client *client, const char *path);

static gboolean
is_open(Client *client, const char *path)
{
    return client_get_boolean(client, path, INTERFACE_OMEN, "Open");
}

static gboolean
is_proposed(Client *client, const char *path)
{
    return g_str_equal(client_get_string(client, path, INTERFACE_OMEN, "Action"), "proposed");
}

static gboolean
is_under_way(Client *client, const char *path)
{
    return client_get_number(client, path, INTERFACE_EVACUATION, "EndedTime") == 0;
}

static gboolean
is_running(Client *client, const char *path)
{
    const char *state = client_get_string(client, path, INTERFACE_DOMAIN, "State");

    return g_str_equal(state, "running") || g_str_equal(state, "paused");
}

static gboolean
is_destination(Client *client, const char *path)
{
    return g_str_equal(client_get_string(client, path, INTERFACE_HOST, "Role"), "destination");
}

static const struct {
    const char *kind;
    const char *interface;
    const char *property;
    FitsFunc fits; /* NULL: all do */
} kinds[] = {
    {"omens", INTERFACE_OMEN, "Id", NULL},
    {"open-omens", INTERFACE_OMEN, "Id", is_open},
    {"proposed-omens", INTERFACE_OMEN, "Id", is_proposed},
    {"evacuations", INTERFACE_EVACUATION, "Id", is_under_way},
    {"domains", INTERFACE_DOMAIN, "Name", NULL},
    {"running-domains", INTERFACE_DOMAIN, "Name", is_running},
    {"destinations", INTERFACE_HOST, "Name", is_destination},
    {"hosts", INTERFACE_HOST, "Name", NULL},
};

static void
print_kind(Client *client, gsize kind)
{
    g_autoptr(GPtrArray) paths = client_list(client, kinds[kind].interface);

    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        if (kinds[kind].fits && !kinds[kind].fits(client, path))
            continue;
        if (g_str_equal(kinds[kind].property, "Id"))
            g_print("%" G_GUINT64_FORMAT "\n",
                    client_get_number(client, path, kinds[kind].interface, "Id"));
        else
            g_print("%s\n", client_get_string(client, path, kinds[kind].interface, "Name"));
    }
}

static void
print_classes(void)
{
    for (guint i = OMEN_FAILURE_BENIGN + 1; i < OMEN_N_FAILURE_CLASSES; i++)
        g_print("%s\n", omen_failure_class_to_string((OmenFailureClass) i));
}

int
command_complete(int argc, char **argv)
{
    g_auto(Client) client = {.is_silent = TRUE};

    if (argc == 2 && g_str_equal(argv[1], "classes"))
        print_classes();
    else if (argc == 2 && client_open(&client, "complete")) {
        for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
            if (g_str_equal(kinds[i].kind, argv[1]))
                print_kind(&client, i);
        }
    }
    return EXIT_GOOD;
}
