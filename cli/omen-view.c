/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen-view.h"

#include "json.h"

#include <virt-omen/judge.h>

static void
add_string(
    JsonBuilder *builder, Client *client, const char *path, const char *name, const char *property)
{
    json_add_string(builder, name, client_get_string(client, path, INTERFACE_OMEN, property));
}

char *
omen_view_describe(Client *client, const char *path)
{
    const char *device = client_get_string(client, path, INTERFACE_OMEN, "Device");
    const char *domain = client_get_string(client, path, INTERFACE_OMEN, "DomainName");

    return g_strdup_printf(
        "%s%s%s%s%s%s", client_get_string(client, path, INTERFACE_OMEN, "Class"),
        *device ? " " : "", device, *domain ? " of " : "", domain,
        client_get_boolean(client, path, INTERFACE_OMEN, "Proven") ? "" : " (not proven)");
}

/* Who the origins are. */
static const struct {
    const char *origin;
    const char *who;
} origins[] = {
    {"kernel", "the kernel"},
    {"system", "a service of this system"},
    {"hypervisor", "QEMU or libvirt"},
    {"guest", "the guest"},
    {"user", "a user, a container or another process"},
    {"measured", "virt-omend, by a measurement"},
    {"vouched", "trusted by the administrator (trusted_files)"},
};

char *
omen_view_describe_writer(Client *client, const char *path)
{
    const char *origin = client_get_string(client, path, INTERFACE_OMEN, "Origin");
    const char *writer = client_get_string(client, path, INTERFACE_OMEN, "Writer");
    const char *who = "unknown: anyone who may write to the file or socket";
    const char *doubt = "; NOT PROVEN: this writer is not trusted for such a failure, so nothing "
                        "moves unless you approve";

    for (guint i = 0; i < G_N_ELEMENTS(origins); i++) {
        if (g_str_equal(origin, origins[i].origin))
            who = origins[i].who;
    }
    if (client_get_boolean(client, path, INTERFACE_OMEN, "Proven"))
        doubt = "";
    return g_strdup_printf("%s%s%s%s%s", who, *writer ? " (" : "", writer, *writer ? ")" : "",
                           doubt);
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

void
omen_view_append_uses(Client *client, const char *path, const char *head, GString *out)
{
    g_autoptr(GVariant) uses = get_uses(client, path);

    for (gsize i = 0; i < g_variant_n_children(uses); i++) {
        const char *chain;
        g_variant_get_child(uses, i, "(&s&s&s)", NULL, NULL, &chain);
        g_string_append_printf(out, "%s%s\n", head, chain);
    }
}

static void
add_certainty(JsonBuilder *builder, Client *client, const char *path)
{
    OmenFailureClass failure_class = OMEN_FAILURE_BENIGN;
    double probability = client_get_double(client, path, INTERFACE_OMEN, "Probability");

    omen_failure_class_from_string(client_get_string(client, path, INTERFACE_OMEN, "Class"),
                                   &failure_class);
    json_builder_set_member_name(builder, "certainty");
    json_builder_add_string_value(builder, omen_failure_get_certainty(failure_class, probability));
}

/* a(tsssdt); an older daemon knows none. (transfer full) */
static GVariant *
get_course(Client *client, const char *path)
{
    g_autoptr(GVariant) course = client_get_value(client, path, INTERFACE_OMEN, "Course");

    if (course && g_variant_is_of_type(course, G_VARIANT_TYPE("a(tsssdt)")))
        return g_steal_pointer(&course);
    return g_variant_ref_sink(g_variant_new("a(tsssdt)", NULL));
}

typedef struct {
    guint64 time_us;
    const char *stream;
    const char *failure_class;
    const char *device;
    double probability;
    guint64 n_records;
} Step;

/* Borrowed from @course. */
static Step
get_step(GVariant *course, gsize index)
{
    g_autoptr(GVariant) row = g_variant_get_child_value(course, index);
    Step step;

    g_variant_get(row, "(t&s&s&sdt)", &step.time_us, &step.stream, &step.failure_class,
                  &step.device, &step.probability, &step.n_records);
    return step;
}

void
omen_view_append_course(Client *client, const char *path, const char *head, GString *out)
{
    g_autoptr(GVariant) course = get_course(client, path);
    gsize n = g_variant_n_children(course);

    for (gsize i = 0; n > 1 && i < n; i++) {
        Step step = get_step(course, i);
        g_autofree char *time = client_format_time(step.time_us);
        g_string_append_printf(
            out, "%s%s  %s%s%s, probability %.2f, %" G_GUINT64_FORMAT " records of stream %s\n",
            head, time, step.failure_class, *step.device ? " " : "", step.device, step.probability,
            step.n_records, step.stream);
    }
}

static void
add_course(JsonBuilder *builder, Client *client, const char *path)
{
    g_autoptr(GVariant) course = get_course(client, path);

    json_builder_set_member_name(builder, "course");
    json_builder_begin_array(builder);
    for (gsize i = 0; i < g_variant_n_children(course); i++) {
        Step step = get_step(course, i);
        json_builder_begin_object(builder);
        json_add_time(builder, "time", step.time_us);
        json_add_string(builder, "stream", step.stream);
        json_add_string(builder, "class", step.failure_class);
        json_add_string(builder, "device", step.device);
        json_add_share(builder, "probability", step.probability);
        json_add_count(builder, "records", step.n_records);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

void
omen_view_add(Client *client, const char *path, JsonBuilder *builder)
{
    g_auto(GStrv) records = client_get_lines(client, path);

    json_builder_begin_object(builder);
    json_add_count(builder, "id", client_get_number(client, path, INTERFACE_OMEN, "Id"));
    json_add_time(builder, "time", client_get_number(client, path, INTERFACE_OMEN, "Time"));
    add_string(builder, client, path, "scope", "Scope");
    add_string(builder, client, path, "class", "Class");
    add_string(builder, client, path, "device", "Device");
    add_uses(builder, client, path);
    add_string(builder, client, path, "domain", "DomainName");
    json_add_share(builder, "probability",
                   client_get_double(client, path, INTERFACE_OMEN, "Probability"));
    add_certainty(builder, client, path);
    add_string(builder, client, path, "reason", "Reason");
    add_course(builder, client, path);
    json_builder_set_member_name(builder, "records");
    json_builder_begin_array(builder);
    for (guint i = 0; records && records[i]; i++)
        json_builder_add_string_value(builder, records[i]);
    json_builder_end_array(builder);
    add_string(builder, client, path, "action", "Action");
    add_string(builder, client, path, "outcome", "Outcome");
    add_string(builder, client, path, "fate", "Fate");
    add_string(builder, client, path, "judges", "Judges");
    add_string(builder, client, path, "origin", "Origin");
    add_string(builder, client, path, "writer", "Writer");
    json_builder_set_member_name(builder, "proven");
    json_builder_add_boolean_value(builder,
                                   client_get_boolean(client, path, INTERFACE_OMEN, "Proven"));
    json_builder_set_member_name(builder, "open");
    json_builder_add_boolean_value(builder,
                                   client_get_boolean(client, path, INTERFACE_OMEN, "Open"));
    json_builder_end_object(builder);
}
