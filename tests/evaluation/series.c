/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "series.h"

#include <string.h>

#define MAX_KEY 100000 /* a number above it is no template's */

static void
series_free(gpointer data)
{
    Series *self = data;

    g_free(self->scenario);
    g_free(self->name);
    g_array_unref(self->keys);
    g_array_unref(self->times);
    g_free(self);
}

void
series_set_free(SeriesSet *self)
{
    g_ptr_array_unref(self->series);
    g_ptr_array_unref(self->templates);
    g_ptr_array_unref(self->judges);
    g_array_unref(self->verdicts);
    g_free(self);
}

Series *
series_new(const char *scenario, const char *name)
{
    Series *self = g_new0(Series, 1);

    self->scenario = g_strdup(scenario);
    self->name = g_strdup(name);
    self->keys = g_array_new(FALSE, FALSE, sizeof(guint32));
    self->times = g_array_new(FALSE, FALSE, sizeof(double));
    return self;
}

/* Lines of FOLDER/NAME, without the CR of foreign files. */
static GStrv
read_lines(const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *contents = NULL;
    GStrv lines = NULL;

    if (!g_file_get_contents(path, &contents, NULL, error))
        return NULL;
    lines = g_strsplit(contents, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        g_strchomp(lines[i]);
    return lines;
}

static double
parse_time(const char *text)
{
    g_autofree char *iso = g_strdup(text);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = NULL;

    g_strdelimit(iso, " ", 'T');
    time = g_date_time_new_from_iso8601(iso, utc);
    return time ? (double) g_date_time_to_unix(time) + g_date_time_get_microsecond(time) / 1e6 : 0;
}

static gboolean
load_records(Series *self, const char *folder, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s/%s.csv", self->scenario, self->name);
    g_auto(GStrv) lines = read_lines(folder, name, error);

    if (!lines)
        return FALSE;
    for (guint i = 1; lines[i]; i++) {
        char *comma = strrchr(lines[i], ',');
        guint64 value = 0;

        if (*lines[i] == '\0')
            continue;
        if (!comma || !g_ascii_string_to_unsigned(comma + 1, 10, 0, MAX_KEY, &value, NULL)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "%s/%s:%u: not timestamp,value with a template number", folder, name,
                        i + 1);
            return FALSE;
        }
        *comma = '\0';
        guint32 key = (guint32) value;
        double time = parse_time(lines[i]);
        g_array_append_val(self->keys, key);
        g_array_append_val(self->times, time);
    }
    return TRUE;
}

static gboolean
load_series(SeriesSet *self, const char *folder, guint step, GError **error)
{
    g_auto(GStrv) lines = read_lines(folder, "series.csv", error);
    guint n = 0;

    for (guint i = 1; lines && lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ",", -1);
        gint64 label = 0;

        if (g_strv_length(fields) < 5)
            continue;
        label = g_ascii_strtoll(fields[3], NULL, 10);
        if ((label == 0 && strcmp(fields[0], "benign") != 0) || n++ % step != 0)
            continue;
        Series *series = series_new(fields[0], fields[1]);
        g_ptr_array_add(self->series, series);
        if (!load_records(series, folder, error))
            return FALSE;
        gssize failure = (gssize) g_ascii_strtoll(fields[4], NULL, 10);
        gssize length = (gssize) series->keys->len;
        series->label = MIN((gssize) label - 1, length);
        series->failure = failure > 0 && failure < length ? failure : length;
    }
    return lines != NULL;
}

/* (transfer full): a CSV field without its quotes. */
static char *
unquote(const char *field)
{
    gsize length = strlen(field);
    g_autoptr(GString) text = NULL;

    if (length < 2 || field[0] != '"' || field[length - 1] != '"')
        return g_strdup(field);
    text = g_string_new_len(field + 1, (gssize) length - 2);
    g_string_replace(text, "\"\"", "\"", 0);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
load_templates(SeriesSet *self, const char *folder, GError **error)
{
    g_auto(GStrv) lines = read_lines(folder, "templates.csv", error);

    for (guint i = 1; lines && lines[i]; i++) {
        char *text = strchr(lines[i], ',');
        guint64 key = g_ascii_strtoull(lines[i], NULL, 10);

        if (!text || key > MAX_KEY)
            continue;
        if (key >= self->templates->len)
            g_ptr_array_set_size(self->templates, (gint) key + 1);
        g_free(self->templates->pdata[key]);
        self->templates->pdata[key] = unquote(text + 1);
    }
    return lines != NULL;
}

static gboolean
load_verdicts(SeriesSet *self, const char *folder, GError **error)
{
    g_auto(GStrv) lines = read_lines(folder, "recorded-verdicts.csv", error);
    g_auto(GStrv) head = lines ? g_strsplit(lines[0], ",", -1) : NULL;

    for (guint i = 1; head && head[0] && head[i]; i++)
        g_ptr_array_add(self->judges, g_strdup(head[i]));
    for (guint i = 1; lines && lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ",", -1);
        guint64 key = g_ascii_strtoull(lines[i], NULL, 10);

        if (g_strv_length(fields) != self->judges->len + 1 || key > MAX_KEY)
            continue;
        if ((key + 1) * self->judges->len > self->verdicts->len)
            g_array_set_size(self->verdicts, (guint) (key + 1) * self->judges->len);
        for (guint j = 0; j < self->judges->len; j++)
            g_array_index(self->verdicts, guint8, key * self->judges->len + j) =
                strcmp(fields[j + 1], "1") == 0;
    }
    return lines != NULL;
}

SeriesSet *
series_set_new(void)
{
    SeriesSet *self = g_new0(SeriesSet, 1);

    self->series = g_ptr_array_new_with_free_func(series_free);
    self->templates = g_ptr_array_new_with_free_func(g_free);
    self->judges = g_ptr_array_new_with_free_func(g_free);
    self->verdicts = g_array_new(FALSE, TRUE, sizeof(guint8));
    return self;
}

SeriesSet *
series_set_load(const char *folder, guint step, GError **error)
{
    g_autoptr(SeriesSet) self = series_set_new();

    if (!load_series(self, folder, step, error) || !load_templates(self, folder, error) ||
        !load_verdicts(self, folder, error))
        return NULL;
    return g_steal_pointer(&self);
}

SeriesRange
series_range(const Series *self)
{
    SeriesRange range = {0};

    for (guint i = 0; i < self->keys->len; i++) {
        double value = g_array_index(self->keys, guint32, i);

        if (i == 0)
            range = (SeriesRange){value, value, value};
        range.lowest = MIN(range.lowest, value);
        range.highest = MAX(range.highest, value);
    }
    return range;
}

gboolean
series_set_verdict(const SeriesSet *self, guint judge, guint32 key)
{
    gsize at = (gsize) key * self->judges->len + judge;

    return at < self->verdicts->len && g_array_index(self->verdicts, guint8, at);
}

const char *
series_set_text(const SeriesSet *self, guint32 key)
{
    const char *text = key < self->templates->len ? self->templates->pdata[key] : NULL;

    return text ? text : "";
}
