/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen complete KIND: words for a shell's completion, a line each. Says nothing where there is
 * nothing to say: no error belongs into a half-typed line. */
#include "client.h"
#include "command.h"

#include <virt-omen/bus-names.h>

static const struct {
    const char *kind;
    const char *interface;
    const char *property;
    const char *role; /* of hosts: this one only */
} kinds[] = {
    {"omens", INTERFACE_OMEN, "Id", NULL},
    {"evacuations", INTERFACE_EVACUATION, "Id", NULL},
    {"domains", INTERFACE_DOMAIN, "Name", NULL},
    {"destinations", INTERFACE_HOST, "Name", "destination"},
};

int
command_complete(int argc, char **argv)
{
    g_auto(Client) client = {.is_silent = TRUE};

    if (argc != 2 || !client_open(&client, "complete"))
        return EXIT_GOOD;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GPtrArray) paths = NULL;
        if (!g_str_equal(kinds[i].kind, argv[1]))
            continue;
        paths = client_list(&client, kinds[i].interface);
        for (guint j = 0; j < paths->len; j++) {
            const char *path = g_ptr_array_index(paths, j);
            if (kinds[i].role &&
                !g_str_equal(client_get_string(&client, path, INTERFACE_HOST, "Role"),
                             kinds[i].role))
                continue;
            if (g_str_equal(kinds[i].property, "Id"))
                g_print("%" G_GUINT64_FORMAT "\n",
                        client_get_number(&client, path, kinds[i].interface, "Id"));
            else
                g_print("%s\n", client_get_string(&client, path, kinds[i].interface, "Name"));
        }
    }
    return EXIT_GOOD;
}
