/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doctor.h"

#include "command.h"
#include "json.h"

#include <virt-omen/bus-names.h>

static const char *
result_to_string(DoctorResult result)
{
    static const char *const words[] = {"ok", "warning", "failed"};

    return words[result];
}

static void
print_json(const Doctor *self)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_array(builder);
    for (guint i = 0; i < self->findings->len; i++) {
        const DoctorFinding *finding = g_ptr_array_index(self->findings, i);
        json_builder_begin_object(builder);
        json_add_string(builder, "check", finding->check);
        json_add_string(builder, "result", result_to_string(finding->result));
        json_add_string(builder, "found", finding->found);
        json_add_string(builder, "what_to_do", finding->what_to_do);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    client_print_json(json_builder_get_root(builder));
}

static void
print_table(const Doctor *self, gboolean no_headers)
{
    static const char *const headers[] = {"CHECK", "RESULT", "FOUND", NULL};
    static const TableStyle styles[] = {TABLE_GOOD, TABLE_WARNING, TABLE_BAD};
    g_autoptr(Table) table = table_new(headers);

    for (guint i = 0; i < self->findings->len; i++) {
        const DoctorFinding *finding = g_ptr_array_index(self->findings, i);
        char *cells[] = {
            g_strdup(finding->check),
            g_strdup(result_to_string(finding->result)),
            g_strdup(finding->found),
        };
        table_add(table, styles[finding->result], cells);
        if (*finding->what_to_do)
            table_add_note(table, "to do: %s", finding->what_to_do);
    }
    table_print(table, !no_headers);
}

static guint
count(const Doctor *self, DoctorResult result)
{
    guint n = 0;

    for (guint i = 0; i < self->findings->len; i++)
        n += ((const DoctorFinding *) g_ptr_array_index(self->findings, i))->result == result ? 1
                                                                                              : 0;
    return n;
}

/* Of the file that the daemon reads. (transfer full) (nullable) */
static OmenConfiguration *
load_configuration(Doctor *self)
{
    g_autoptr(GError) error = NULL;
    OmenConfiguration *configuration = omen_configuration_load(NULL, &error);

    if (configuration)
        doctor_add(self, "configuration", DOCTOR_OK, g_strdup("it is valid"), "");
    else if (g_error_matches(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_UNREADABLE))
        doctor_add(self, "configuration", DOCTOR_WARNING, g_strdup(error->message),
                   "run virt-omen doctor as a user who may read it, such as root");
    else
        doctor_add(self, "configuration", DOCTOR_FAILED, g_strdup(error->message),
                   "fix that line; virt-omen config check checks it again");
    return configuration;
}

/* (transfer full) (nullable) */
static GVariant *
get_status(Client *client)
{
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "GetStatus",
                    g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), NULL);

    return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

int
command_doctor(int argc, char **argv)
{
    ClientListing listing = {0};
    const GOptionEntry entries[] = {CLIENT_LISTING_OPTIONS(listing), G_OPTION_ENTRY_NULL};
    g_auto(Client) client = {.is_silent = TRUE};
    g_autoptr(GPtrArray) findings = doctor_findings_new();
    g_autoptr(OmenConfiguration) configuration = NULL;
    g_autoptr(GVariant) status = NULL;
    Doctor doctor = {.findings = findings};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (argc > 1)
        return command_fail("doctor", EXIT_USAGE, "it takes no argument");
    if (client_open(&client, "doctor")) {
        doctor.client = &client;
        status = get_status(&client);
        doctor.status = status;
    }
    doctor_check_daemon(&doctor);
    configuration = load_configuration(&doctor);
    doctor.configuration = configuration;
    doctor_check_fleet(&doctor);
    doctor_check_transport(&doctor);
    doctor_check_host(&doctor);
    if (listing.json) {
        print_json(&doctor);
        return count(&doctor, DOCTOR_FAILED) == 0 ? EXIT_GOOD : EXIT_FAILED;
    }
    print_table(&doctor, listing.no_headers);
    if (!listing.no_headers)
        g_print("\n%u ok, %u warnings, %u failed\n", count(&doctor, DOCTOR_OK),
                count(&doctor, DOCTOR_WARNING), count(&doctor, DOCTOR_FAILED));
    return count(&doctor, DOCTOR_FAILED) == 0 ? EXIT_GOOD : EXIT_FAILED;
}
