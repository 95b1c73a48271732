/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdicts-file.h"

#include "input.h"
#include "judge/recorded-judge.h"

#include <string.h>
#include <virt-omen/text.h>

#define PREFIX "recorded:"

/* The column of that name in the head's row; the first after log_key without a name. 0: none. */
static guint
find_column(const char *head, const char *name)
{
    g_auto(GStrv) columns = g_strsplit(head, ",", -1);

    if (g_strcmp0(columns[0], "log_key") != 0 || !columns[0] || !columns[1])
        return 0;
    for (guint i = 1; name && columns[i]; i++) {
        if (g_str_equal(columns[i], name))
            return i;
    }
    return name ? 0 : 1;
}

static gboolean
take_row(OmenRecordedJudge *judge, const char *row, guint column, GHashTable *texts)
{
    g_auto(GStrv) fields = g_strsplit(row, ",", -1);
    guint64 key = 0;
    const char *text;
    char *end = NULL;
    double probability;

    if (g_strv_length(fields) <= column ||
        !g_ascii_string_to_unsigned(fields[0], 10, 0, G_MAXUINT32, &key, NULL))
        return FALSE;
    probability = g_ascii_strtod(fields[column], &end);
    if (end == fields[column] || *end || !(probability >= 0 && probability <= 1))
        return FALSE;
    text = g_hash_table_lookup(texts, GUINT_TO_POINTER((guint32) key));
    if (text) {
        g_autofree char *clean = omen_text_sanitise(text, -1, OMEN_RECORDED_TEXT_MAX);
        omen_recorded_judge_add(judge, clean, probability);
    }
    return TRUE;
}

static OmenJudge *
load(const char *path, const char *name, GHashTable *texts, GError **error)
{
    g_autoptr(OmenRecordedJudge) judge = omen_recorded_judge_new();
    g_autoptr(GError) local = NULL;
    g_auto(Input) input = {0};
    const char *line;
    gsize length;
    guint column = 0;

    if (!input_open(&input, path, error))
        return NULL;
    while ((line = input_read(&input, &length, &local))) {
        g_autofree char *row = g_strchomp(g_strndup(line, length));
        if (input.number == 1)
            column = find_column(row, name);
        if (column == 0 || (input.number > 1 && *row && !take_row(judge, row, column, texts))) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%" G_GUINT64_FORMAT ": %s",
                        path, input.number,
                        input.number == 1 ? "the first row must be \"log_key,...\" with that column"
                                          : "expected a row of a number and probabilities");
            return NULL;
        }
    }
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    return OMEN_JUDGE(g_steal_pointer(&judge));
}

OmenJudge *
verdicts_file_judge(const char *name, GHashTable *texts, GError **error)
{
    g_autofree char *knowledge = input_knowledge_dir();
    g_autofree char *path = NULL;
    char *column;

    if (!name || !g_str_has_prefix(name, PREFIX))
        return omen_judge_new(name ? name : "embedded", knowledge, error);
    if (!texts) {
        g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE,
                    "recorded verdicts go by template numbers: add --templates CSV");
        return NULL;
    }
    path = g_strdup(name + strlen(PREFIX));
    column = strrchr(path, ':');
    if (column)
        *column++ = '\0';
    return load(path, column, texts, error);
}
