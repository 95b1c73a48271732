/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/openmetrics.h"

#include <virt-omen/text.h>

#define MAX_LABEL 4096

struct _OmenOpenMetrics {
    GString *out;
    char *name; /* of the family at hand */
    OmenMetricType type;
};

static const char *const type_words[] = {"gauge", "counter", "histogram", "info"};
static const char *const suffixes[] = {"", "_total", "", "_info"};

OmenOpenMetrics *
omen_open_metrics_new(void)
{
    OmenOpenMetrics *self = g_new0(OmenOpenMetrics, 1);

    self->out = g_string_sized_new(16384);
    return self;
}

void
omen_open_metrics_free(OmenOpenMetrics *self)
{
    if (self->out)
        g_string_free(self->out, TRUE);
    g_free(self->name);
    g_free(self);
}

/* Of what others chose, names and files: nothing that a terminal obeys. */
static void
append_escaped(GString *out, const char *value)
{
    g_autofree char *clean = omen_text_sanitise(value, -1, MAX_LABEL);

    for (const char *text = clean; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_printf(out, "\\%c", *text);
        else
            g_string_append_c(out, *text);
    }
}

static void
append_number(GString *out, double value)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(out, g_ascii_dtostr(buffer, sizeof buffer, value));
}

void
omen_open_metrics_family(OmenOpenMetrics *self,
                         const char *name,
                         OmenMetricType type,
                         const char *help)
{
    static const char *const units[] = {"seconds", "bytes"};

    g_free(self->name);
    self->name = g_strdup(name);
    self->type = type;
    g_string_append_printf(self->out, "# TYPE %s %s\n", name, type_words[type]);
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_str_has_suffix(name, units[i]))
            g_string_append_printf(self->out, "# UNIT %s %s\n", name, units[i]);
    }
    g_string_append_printf(self->out, "# HELP %s ", name);
    append_escaped(self->out, help);
    g_string_append_c(self->out, '\n');
}

/* "NAMESUFFIX{LABELS,le="BOUND"} "; @bound: NULL: no such label. */
static void
append_head(OmenOpenMetrics *self, const char *suffix, const OmenLabel *labels, const char *bound)
{
    char mark = '{';

    g_string_append_printf(self->out, "%s%s", self->name, suffix);
    for (; labels->name; labels++) {
        g_string_append_printf(self->out, "%c%s=\"", mark, labels->name);
        append_escaped(self->out, labels->value);
        g_string_append_c(self->out, '"');
        mark = ',';
    }
    if (bound) {
        g_string_append_printf(self->out, "%cle=\"%s\"", mark, bound);
        mark = ',';
    }
    g_string_append(self->out, mark == '{' ? " " : "} ");
}

static void
append_sample(OmenOpenMetrics *self,
              const char *suffix,
              const OmenLabel *labels,
              const char *bound,
              double value)
{
    append_head(self, suffix, labels, bound);
    append_number(self->out, value);
    g_string_append_c(self->out, '\n');
}

void
omen_open_metrics_sample(OmenOpenMetrics *self, const OmenLabel *labels, double value)
{
    append_sample(self, suffixes[self->type], labels, NULL, value);
}

void
omen_open_metrics_histogram(OmenOpenMetrics *self,
                            const OmenLabel *labels,
                            const OmenHistogram *histogram)
{
    guint64 below = 0;

    for (guint i = 0; i < histogram->n_bounds; i++) {
        char bound[G_ASCII_DTOSTR_BUF_SIZE];
        double value = histogram->bounds[i];

        /* The format wants a float's look: 1.0, not 1. */
        g_ascii_formatd(bound, sizeof bound, value == (double) (gint64) value ? "%.1f" : "%.12g",
                        value);
        below += histogram->counts[i];
        append_sample(self, "_bucket", labels, bound, (double) below);
    }
    append_sample(self, "_bucket", labels, "+Inf", (double) histogram->n_values);
    append_sample(self, "_count", labels, NULL, (double) histogram->n_values);
    append_sample(self, "_sum", labels, NULL, histogram->sum);
}

char *
omen_open_metrics_finish(OmenOpenMetrics *self, gsize *length)
{
    g_string_append(self->out, "# EOF\n");
    *length = self->out->len;
    return g_string_free(g_steal_pointer(&self->out), FALSE);
}
