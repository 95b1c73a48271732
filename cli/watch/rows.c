/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rows.h"

#include "explain.h"
#include "omen-view.h"

#include <string.h>
#include <virt-omen/bus-names.h>

#define BAR_WIDTH  16
#define NAME_WIDTH 16
/* What stands beside a sparkline. */
#define ROW_WIDTH 50

static void
row_free(gpointer data)
{
    WatchRow *self = data;

    g_free(self->path);
    g_free(self->text);
    g_free(self);
}

typedef struct {
    Client *client;
    guint width;
    char *needle; /* folded; "": everything fits */
    GPtrArray *rows;
} Listing;

/* Takes @text. */
static void
add_row(Listing *self, const char *path, ScreenStyle style, char *text)
{
    g_autofree char *folded = g_utf8_casefold(text, -1);
    WatchRow *row;

    if (path && *self->needle && !strstr(folded, self->needle)) {
        g_free(text);
        return;
    }
    row = g_new0(WatchRow, 1);
    row->path = g_strdup(path);
    row->style = style;
    row->text = text;
    g_ptr_array_add(self->rows, row);
}

static void
add_title(Listing *self, const char *title, guint n)
{
    if (self->rows->len > 0)
        add_row(self, NULL, SCREEN_PLAIN, g_strdup(""));
    add_row(self, NULL, SCREEN_BOLD, g_strdup_printf("%s%s", title, n > 0 ? "" : "   none"));
}

static const char *
text_of(Client *client, const char *path, const char *interface, const char *name)
{
    return client_get_string(client, path, interface, name);
}

/* Records of all streams of a row of the status. */
static guint64
count_records(GVariant *row)
{
    g_autoptr(GVariant) streams = g_variant_lookup_value(row, "streams", G_VARIANT_TYPE("aa{sv}"));
    guint64 total = 0;

    for (gsize i = 0; streams && i < g_variant_n_children(streams); i++) {
        g_autoptr(GVariant) stream = g_variant_get_child_value(streams, i);
        guint64 records = 0;
        g_variant_lookup(stream, "records", "t", &records);
        total += records;
    }
    return total;
}

/* The host or a domain: "NAME STATE RECORDS SPARKLINE". */
static void
add_watched(Listing *self, const char *path, GVariant *row, const char *state)
{
    g_autoptr(GVariant) scores = g_variant_lookup_value(row, "scores", G_VARIANT_TYPE("ad"));
    gsize n = 0;
    const double *values = scores ? g_variant_get_fixed_array(scores, &n, sizeof(double)) : NULL;
    guint room = MIN(self->width > ROW_WIDTH ? self->width - ROW_WIDTH : 0, (guint) n);
    g_autofree char *line = screen_sparkline(values, n, room);
    gboolean endangered = FALSE;
    const char *name = "";

    g_variant_lookup(row, "name", "&s", &name);
    g_variant_lookup(row, "endangered", "b", &endangered);
    g_autofree char *short_name = screen_pad(name, NAME_WIDTH);
    add_row(self, path, endangered ? SCREEN_BAD : SCREEN_PLAIN,
            g_strdup_printf("  %s %-12s %9" G_GUINT64_FORMAT " lines  %s", short_name,
                            endangered ? "ENDANGERED" : state, count_records(row), line));
}

static void
add_domains(Listing *self, GVariant *status)
{
    g_autoptr(GVariant) domains =
        g_variant_lookup_value(status, "domains", G_VARIANT_TYPE("aa{sv}"));
    gsize n = domains ? g_variant_n_children(domains) : 0;

    add_title(self, "domains", (guint) n);
    /* The endangered ones first. */
    for (guint pass = 0; pass < 2; pass++) {
        for (gsize i = 0; i < n; i++) {
            g_autoptr(GVariant) domain = g_variant_get_child_value(domains, i);
            const char *state = "";
            const char *uuid = "";
            gboolean endangered = FALSE;
            g_variant_lookup(domain, "endangered", "b", &endangered);
            g_variant_lookup(domain, "state", "&s", &state);
            g_variant_lookup(domain, "uuid", "&s", &uuid);
            if (endangered != (pass == 0))
                continue;
            g_autofree char *path = g_strconcat("domain:", uuid, NULL);
            add_watched(self, path, domain, state);
        }
    }
}

static void
add_destinations(Listing *self)
{
    g_autoptr(GPtrArray) hosts = client_list(self->client, INTERFACE_HOST);
    guint n = 0;

    for (guint i = 0; i < hosts->len; i++)
        n += g_str_equal(text_of(self->client, g_ptr_array_index(hosts, i), INTERFACE_HOST, "Role"),
                         "destination");
    add_title(self, "destinations", n);
    for (guint i = 0; i < hosts->len; i++) {
        const char *path = g_ptr_array_index(hosts, i);
        const char *reason = text_of(self->client, path, INTERFACE_HOST, "Reason");
        if (!g_str_equal(text_of(self->client, path, INTERFACE_HOST, "Role"), "destination"))
            continue;
        g_autofree char *name =
            screen_pad(text_of(self->client, path, INTERFACE_HOST, "Name"), NAME_WIDTH);
        add_row(self, path, *reason ? SCREEN_WARNING : SCREEN_PLAIN,
                g_strdup_printf(
                    "  %s %-12s %9" G_GUINT64_FORMAT " MiB free  %s", name,
                    *reason ? "not usable" : "usable",
                    client_get_number(self->client, path, INTERFACE_HOST, "FreeMemory") >> 20,
                    reason));
    }
}

/* The latest first. */
static void
add_omens(Listing *self)
{
    g_autoptr(GPtrArray) omens = client_list(self->client, INTERFACE_OMEN);

    add_title(self, "omens", omens->len);
    for (guint i = omens->len; i > 0; i--) {
        const char *path = g_ptr_array_index(omens, i - 1);
        gboolean is_open = client_get_boolean(self->client, path, INTERFACE_OMEN, "Open");
        g_autofree char *what = omen_view_describe(self->client, path);
        g_autofree char *time =
            client_format_time(client_get_number(self->client, path, INTERFACE_OMEN, "Time"));
        add_row(
            self, path, is_open ? SCREEN_BAD : SCREEN_FAINT,
            g_strdup_printf("  %4" G_GUINT64_FORMAT "  %s  %.2f  %s, %s: %s",
                            client_get_number(self->client, path, INTERFACE_OMEN, "Id"), time,
                            client_get_double(self->client, path, INTERFACE_OMEN, "Probability"),
                            what, text_of(self->client, path, INTERFACE_OMEN, "Action"),
                            text_of(self->client, path, INTERFACE_OMEN, "Reason")));
    }
}

static ScreenStyle
style_of_phase(const char *phase)
{
    if (g_str_equal(phase, "succeeded"))
        return SCREEN_GOOD;
    return g_str_equal(phase, "failed") ? SCREEN_BAD : SCREEN_PLAIN;
}

static void
add_evacuations(Listing *self)
{
    g_autoptr(GPtrArray) evacuations = client_list(self->client, INTERFACE_EVACUATION);

    add_title(self, "evacuations", evacuations->len);
    for (guint i = evacuations->len; i > 0; i--) {
        const char *path = g_ptr_array_index(evacuations, i - 1);
        const char *phase = text_of(self->client, path, INTERFACE_EVACUATION, "Phase");
        double progress = client_get_double(self->client, path, INTERFACE_EVACUATION, "Progress");
        g_autofree char *bar = screen_bar(progress, BAR_WIDTH);
        g_autofree char *name =
            screen_pad(text_of(self->client, path, INTERFACE_EVACUATION, "DomainName"), NAME_WIDTH);
        add_row(self, path, style_of_phase(phase),
                g_strdup_printf("  %s %s %3.0f%%  %-11s %s  %s", name, bar, progress * 100, phase,
                                text_of(self->client, path, INTERFACE_EVACUATION, "Destination"),
                                text_of(self->client, path, INTERFACE_EVACUATION, "Error")));
    }
}

GPtrArray *
watch_rows_list(Client *client, GVariant *status, guint width, const char *filter)
{
    g_autofree char *needle = g_utf8_casefold(filter, -1);
    Listing listing = {client, width, needle, g_ptr_array_new_with_free_func(row_free)};
    g_autoptr(GVariant) host = g_variant_lookup_value(status, "host", G_VARIANT_TYPE_VARDICT);

    add_title(&listing, "host", 1);
    add_watched(&listing, "host", host, "quiet");
    add_domains(&listing, status);
    add_destinations(&listing);
    add_omens(&listing);
    add_evacuations(&listing);
    return listing.rows;
}

/* ---- one of them ---- */

static void
append_streams(GString *out, GVariant *row)
{
    g_autoptr(GVariant) streams = g_variant_lookup_value(row, "streams", G_VARIANT_TYPE("aa{sv}"));

    for (gsize i = 0; streams && i < g_variant_n_children(streams); i++) {
        g_autoptr(GVariant) stream = g_variant_get_child_value(streams, i);
        const char *source = "";
        const char *problem = "";
        guint64 records = 0;
        guint64 anomalies = 0;
        guint64 dropped = 0;
        g_variant_lookup(stream, "source", "&s", &source);
        g_variant_lookup(stream, "problem", "&s", &problem);
        g_variant_lookup(stream, "records", "t", &records);
        g_variant_lookup(stream, "anomalies", "t", &anomalies);
        g_variant_lookup(stream, "dropped", "t", &dropped);
        g_string_append_printf(out,
                               "%s\n  %" G_GUINT64_FORMAT " records, %" G_GUINT64_FORMAT
                               " anomalies, %" G_GUINT64_FORMAT " lost%s%s\n",
                               source, records, anomalies, dropped, *problem ? ": " : "", problem);
    }
}

static void
append_watched(GString *out, GVariant *row, const char *kind)
{
    gboolean endangered = FALSE;
    const char *name = "";
    const char *state = "";
    const char *hearing = "";

    g_variant_lookup(row, "name", "&s", &name);
    g_variant_lookup(row, "state", "&s", &state);
    g_variant_lookup(row, "hearing", "&s", &hearing);
    g_variant_lookup(row, "endangered", "b", &endangered);
    g_string_append_printf(out, "%s %s%s%s: %s\n", kind, name, *state ? ", " : "", state,
                           endangered ? "endangered" : "no sign of failure");
    if (*hearing)
        g_string_append_printf(out, "%s\n", hearing);
    g_string_append(out, "\nsources\n");
    append_streams(out, row);
}

static void
append_domain(GString *out, GVariant *status, const char *uuid)
{
    g_autoptr(GVariant) domains =
        g_variant_lookup_value(status, "domains", G_VARIANT_TYPE("aa{sv}"));

    for (gsize i = 0; domains && i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(domains, i);
        const char *found = "";
        g_variant_lookup(domain, "uuid", "&s", &found);
        if (g_str_equal(found, uuid))
            append_watched(out, domain, "Domain");
    }
}

static void
append_evacuation(GString *out, Client *client, const char *path)
{
    static const char *const steps[][2] = {{"QueuedTime", "queued"},
                                           {"StartedTime", "started"},
                                           {"SwitchedTime", "switched"},
                                           {"EndedTime", "ended"}};

    g_string_append_printf(out, "Evacuation of %s to %s: %s\n\n",
                           text_of(client, path, INTERFACE_EVACUATION, "DomainName"),
                           text_of(client, path, INTERFACE_EVACUATION, "Destination"),
                           text_of(client, path, INTERFACE_EVACUATION, "Phase"));
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *time =
            client_format_time(client_get_number(client, path, INTERFACE_EVACUATION, steps[i][0]));
        g_string_append_printf(out, "%-10s %s\n", steps[i][1], time);
    }
    g_string_append_printf(out, "%-10s %" G_GUINT64_FORMAT " ms\n", "pause",
                           client_get_number(client, path, INTERFACE_EVACUATION, "DowntimeMs"));
    if (*text_of(client, path, INTERFACE_EVACUATION, "Error"))
        g_string_append_printf(out, "\n%s\n", text_of(client, path, INTERFACE_EVACUATION, "Error"));
}

static void
append_destination(GString *out, Client *client, const char *path)
{
    const char *reason = text_of(client, path, INTERFACE_HOST, "Reason");

    g_string_append_printf(
        out,
        "Destination %s\n\nuri        %s\nfree       %" G_GUINT64_FORMAT " MiB\nusable     %s%s\n",
        text_of(client, path, INTERFACE_HOST, "Name"), text_of(client, path, INTERFACE_HOST, "Uri"),
        client_get_number(client, path, INTERFACE_HOST, "FreeMemory") >> 20,
        *reason ? "no: " : "yes", reason);
}

char *
watch_rows_describe(Client *client, GVariant *status, const char *path)
{
    g_autoptr(GVariant) host = g_variant_lookup_value(status, "host", G_VARIANT_TYPE_VARDICT);
    GString *out = g_string_new(NULL);

    if (g_str_has_prefix(path, OMEN_BUS_OMENS_PATH "/") && client_has(client, path)) {
        g_autofree char *text = explain_format(client, path);
        g_string_append(out, text);
    } else if (g_str_equal(path, "host")) {
        append_watched(out, host, "Host");
    } else if (g_str_has_prefix(path, "domain:")) {
        append_domain(out, status, path + strlen("domain:"));
    } else if (g_str_has_prefix(path, OMEN_BUS_EVACUATIONS_PATH "/") && client_has(client, path)) {
        append_evacuation(out, client, path);
    } else if (client_has(client, path)) {
        append_destination(out, client, path);
    }
    if (out->len == 0)
        g_string_append(out, "It no longer exists.\n");
    return g_string_free(out, FALSE);
}
