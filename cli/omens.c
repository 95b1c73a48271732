/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen omens. */
#include "client.h"
#include "command.h"
#include "json.h"
#include "omen-view.h"
#include "time-argument.h"

#include "omen/track-record.h"

#include <virt-omen/judge.h>

/* Which omens are wanted. */
typedef struct {
    gboolean only_open;
    gint64 since_us; /* that were still seen then or later; 0: all */
    char *failure_class;
    char *domain; /* name or UUID: that are of it, or endanger it */
} Filter;

static void
filter_clear(Filter *self)
{
    g_free(self->failure_class);
    g_free(self->domain);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Filter, filter_clear)

static gboolean
endangers(Client *client, const char *path, const char *domain)
{
    g_autoptr(GVariant) uses = client_get_value(client, path, INTERFACE_OMEN, "Uses");

    if (g_str_equal(domain, client_get_string(client, path, INTERFACE_OMEN, "DomainName")) ||
        g_str_equal(domain, client_get_string(client, path, INTERFACE_OMEN, "DomainUuid")))
        return TRUE;
    for (gsize i = 0; uses && i < g_variant_n_children(uses); i++) {
        const char *uuid;
        const char *name;
        g_variant_get_child(uses, i, "(&s&s&s)", &uuid, &name, NULL);
        if (g_str_equal(domain, name) || g_str_equal(domain, uuid))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_wanted(const Filter *self, Client *client, const char *path)
{
    if (self->only_open && !client_get_boolean(client, path, INTERFACE_OMEN, "Open"))
        return FALSE;
    if ((gint64) client_get_number(client, path, INTERFACE_OMEN, "LastTime") < self->since_us)
        return FALSE;
    if (self->failure_class &&
        !g_str_equal(self->failure_class, client_get_string(client, path, INTERFACE_OMEN, "Class")))
        return FALSE;
    return !self->domain || endangers(client, path, self->domain);
}

static void
keep_wanted(const Filter *self, Client *client, GPtrArray *paths)
{
    for (guint i = paths->len; i > 0; i--) {
        if (!is_wanted(self, client, g_ptr_array_index(paths, i - 1)))
            g_ptr_array_remove_index(paths, i - 1);
    }
}

/* ---- the list ---- */

static const char *const headers[] = {">OMEN", "TIME",   "WHAT",   ">SURE",
                                      "OPEN",  "ACTION", "REASON", NULL};

static void
add_row(Client *client, const char *path, Table *table)
{
    gboolean is_open = client_get_boolean(client, path, INTERFACE_OMEN, "Open");
    guint64 id = client_get_number(client, path, INTERFACE_OMEN, "Id");
    char *cells[] = {
        g_strdup_printf("%" G_GUINT64_FORMAT, id),
        client_format_time(client_get_number(client, path, INTERFACE_OMEN, "Time")),
        omen_view_describe(client, path),
        g_strdup_printf("%.2f", client_get_double(client, path, INTERFACE_OMEN, "Probability")),
        g_strdup(is_open ? "yes" : "no"),
        g_strdup(client_get_string(client, path, INTERFACE_OMEN, "Action")),
        g_strdup(client_get_string(client, path, INTERFACE_OMEN, "Reason")),
    };

    table_add(table, is_open ? TABLE_BAD : TABLE_PLAIN, cells);
}

#define MAX_SHOWN 3

/* The same with what stands behind it. */
static void
add_verbose_row(Client *client, const char *path, Table *table)
{
    g_auto(GStrv) records = client_get_lines(client, path);
    g_autoptr(GVariant) uses = client_get_value(client, path, INTERFACE_OMEN, "Uses");
    const char *outcome = client_get_string(client, path, INTERFACE_OMEN, "Outcome");

    add_row(client, path, table);
    if (*outcome)
        table_add_note(table, "%s", outcome);
    for (gsize i = 0; uses && i < MIN(g_variant_n_children(uses), MAX_SHOWN); i++) {
        const char *chain;
        g_variant_get_child(uses, i, "(&s&s&s)", NULL, NULL, &chain);
        table_add_note(table, "%s", chain);
    }
    if (uses && g_variant_n_children(uses) > MAX_SHOWN)
        table_add_note(table, "and %" G_GSIZE_FORMAT " more",
                       g_variant_n_children(uses) - MAX_SHOWN);
    table_add_note(table, "%" G_GUINT64_FORMAT " records",
                   client_get_number(client, path, INTERFACE_OMEN, "Records"));
    for (guint i = 0; records && records[i] && i < MAX_SHOWN; i++)
        table_add_note(table, "  %s", records[i]);
}

static OmenTrackRecord
count_fates(Client *client, GPtrArray *paths)
{
    OmenTrackRecord self = {0};

    for (guint i = 0; i < paths->len; i++) {
        OmenFate fate = OMEN_FATE_UNKNOWN;
        omen_fate_from_string(
            client_get_string(client, g_ptr_array_index(paths, i), INTERFACE_OMEN, "Fate"), &fate);
        self.n_of_fate[fate]++;
    }
    return self;
}

static void
print_precision(const OmenTrackRecord *record)
{
    guint n_known = omen_track_record_count_known(record);
    double precision = omen_track_record_get_precision(record);

    if (n_known == 0) {
        g_print("Precision so far: not known yet; none of these has a known outcome.\n");
        return;
    }
    if (precision < 0)
        g_print("Precision so far: too few known outcomes for a percentage (%u of %u needed)",
                n_known, OMEN_TRACK_LEAST_KNOWN);
    else
        g_print("Precision so far: %.0f %%", 100.0 * precision);
    g_print(": of %u with a known outcome %u failed, %u were repaired in time, %u confirmed, %u "
            "dismissed, %u expired without a failure.\n",
            n_known, record->n_of_fate[OMEN_FATE_FAILED], record->n_of_fate[OMEN_FATE_REPAIRED],
            record->n_of_fate[OMEN_FATE_CONFIRMED], record->n_of_fate[OMEN_FATE_DISMISSED],
            record->n_of_fate[OMEN_FATE_NOTHING]);
}

static void
print_precision_json(const OmenTrackRecord *record)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    double precision = omen_track_record_get_precision(record);

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "precision");
    if (precision >= 0)
        json_builder_add_double_value(builder, precision);
    else
        json_builder_add_null_value(builder);
    json_add_count(builder, "known", omen_track_record_count_known(record));
    for (guint i = 0; i < OMEN_N_FATES; i++)
        json_add_count(builder, i == OMEN_FATE_UNKNOWN ? "unknown" : omen_fate_to_string(i),
                       record->n_of_fate[i]);
    json_builder_end_object(builder);
    client_print_json(json_builder_get_root(builder));
}

/* Checks what was asked for before a daemon is. */
static gboolean
check_filter(Filter *self, const char *since, int *status)
{
    static const char *names[OMEN_N_FAILURE_CLASSES];
    OmenFailureClass failure_class;
    const char *similar;

    *status = EXIT_USAGE;
    if (since && !time_argument_parse(since, &self->since_us)) {
        command_fail("omens", EXIT_USAGE,
                     "--since: \"%s\" is not a valid time; " TIME_ARGUMENT_HINT, since);
        return FALSE;
    }
    if (!self->failure_class || omen_failure_class_from_string(self->failure_class, &failure_class))
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        names[i] = omen_failure_class_to_string((OmenFailureClass) i);
    similar = command_find_similar(self->failure_class, names, G_N_ELEMENTS(names));
    command_fail("omens", EXIT_USAGE, "--class: there is no class \"%s\"%s%s%s",
                 self->failure_class, similar ? "; did you mean \"" : "", similar ? similar : "",
                 similar ? "\"?" : "");
    return FALSE;
}

int
command_omens(int argc, char **argv)
{
    ClientListing listing = {0};
    gboolean only_precision = FALSE;
    gboolean verbose = FALSE;
    g_autofree char *since = NULL;
    g_auto(Filter) filter = {0};
    const GOptionEntry entries[] = {
        {"open", 0, 0, G_OPTION_ARG_NONE, &filter.only_open,
         "Only open ones: those that are a threat now", NULL},
        {"since", 0, 0, G_OPTION_ARG_STRING, &since,
         "Only those raised then or later; " TIME_ARGUMENT_HINT, "TIME"},
        {"class", 0, 0, G_OPTION_ARG_STRING, &filter.failure_class, "Only failures of this class",
         "CLASS"},
        {"domain", 0, 0, G_OPTION_ARG_STRING, &filter.domain,
         "Only those that endanger this domain", "NAME"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
         "With outcome, chains of devices and log lines", NULL},
        {"precision", 0, 0, G_OPTION_ARG_NONE, &only_precision,
         "Only the precision: how many were real, how many false alarms", NULL},
        CLIENT_LISTING_OPTIONS(listing),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GPtrArray) paths = NULL;
    OmenTrackRecord record;
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    if (argc > 1)
        return command_fail("omens", EXIT_USAGE, "it takes no argument");
    if (!check_filter(&filter, since, &status))
        return status;
    if (!client_open(&client, "omens"))
        return EXIT_FAILED;
    paths = client_list(&client, INTERFACE_OMEN);
    keep_wanted(&filter, &client, paths);
    record = count_fates(&client, paths);
    if (!only_precision)
        client_print_list(&client, paths, &listing, headers, omen_view_add,
                          verbose ? add_verbose_row : add_row, "No omens.\n");
    if (only_precision && listing.json)
        print_precision_json(&record);
    else if (!listing.json && (only_precision || (paths->len > 0 && !listing.no_headers)))
        print_precision(&record);
    return EXIT_GOOD;
}
