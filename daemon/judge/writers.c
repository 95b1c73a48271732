/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "judge/writers.h"

#include <string.h>
#include <virt-omen/text.h>

#define WRITERS_FILE "writers"
#define MAX_TEXT     1000
#define ANY          (G_MAXUINT32)

G_STATIC_ASSERT(OMEN_N_FAILURE_CLASSES <= 32);

struct _OmenWriters {
    GHashTable *classes; /* writer -> guint32: a bit for each class */
};

void
omen_writers_free(OmenWriters *self)
{
    g_hash_table_unref(self->classes);
    g_free(self);
}

/* "smartd: disk nvme". Returns what is wrong with it, NULL if nothing. */
static const char *
take_line(OmenWriters *self, const char *line)
{
    const char *colon = strchr(line, ':');
    g_auto(GStrv) words = NULL;
    guint32 classes = 0;

    if (*line == '\0' || *line == '#')
        return NULL;
    if (!colon || colon == line)
        return "expected WRITER[@USER]: CLASS ...";
    words = g_strsplit_set(colon + 1, " \t", -1);
    for (guint i = 0; words[i]; i++) {
        OmenFailureClass failure_class;
        if (!*words[i])
            continue;
        if (g_str_equal(words[i], "any"))
            classes = ANY;
        else if (omen_failure_class_from_string(words[i], &failure_class))
            classes |= 1u << failure_class;
        else
            return "there is no such class of failure";
    }
    if (classes == 0)
        return "a writer needs at least one class of failure";
    g_hash_table_replace(self->classes, g_strndup(line, (gsize) (colon - line)),
                         GUINT_TO_POINTER(classes));
    return NULL;
}

OmenWriters *
omen_writers_load(const char *folder, GError **error)
{
    g_autoptr(OmenWriters) self = g_new0(OmenWriters, 1);
    g_autofree char *path =
        g_build_filename(folder ? folder : OMEN_PKGDATADIR "/knowledge", WRITERS_FILE, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    self->classes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!g_file_get_contents(path, &text, NULL, error)) {
        g_prefix_error(error, "cannot read the list of trusted writers: ");
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *problem = take_line(self, g_strstrip(lines[i]));
        if (problem) {
            g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE, "%s:%u: %s", path,
                        i + 1, problem);
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

static guint32
look_up(const OmenWriters *self, const char *name, gsize length)
{
    g_autofree char *key = g_strndup(name ? name : "", length);

    return GPOINTER_TO_UINT(g_hash_table_lookup(self->classes, key));
}

/* Of a service its program or its unit; the others are believed of everything, or of nothing. */
static guint32
get_classes(const OmenWriters *self, const OmenRecord *record)
{
    switch (record->origin) {
    case OMEN_ORIGIN_GUEST:
    case OMEN_ORIGIN_HYPERVISOR:
    case OMEN_ORIGIN_KERNEL:
    case OMEN_ORIGIN_MEASURED:
    case OMEN_ORIGIN_VOUCHED:
        return ANY;
    case OMEN_ORIGIN_SYSTEM:
        return look_up(self, record->writer, record->writer_length) |
               look_up(self, record->unit, record->unit_length);
    default:
        return 0;
    }
}

gboolean
omen_writers_know(const OmenWriters *self, const OmenRecord *record)
{
    return get_classes(self, record) != 0;
}

/* ---- what others chose ---- */

static void
hide(char *from, const char *to)
{
    for (; from < to; from++)
        *from = 'x';
}

/* From @from to before the first of @ends behind it, or to the end. Returns where that is. */
static char *
hide_until(char *from, const char *ends)
{
    gsize length = strcspn(from, ends);

    hide(from, from + length);
    return from + length;
}

/* What stands between a mark and the last of its kind: the text may hold the mark as well. */
static void
hide_quoted(char *text, char open, char close)
{
    char *first = strchr(text, open);
    char *last = first ? strrchr(first + 1, close) : NULL;

    if (last)
        hide(first + 1, last);
}

/* A process's name may hold anything, in up to 15 bytes: what follows it ends it, at its last
 * place. */
static void
hide_between(char *text, const char *before, const char *after)
{
    char *first = strstr(text, before);
    char *last = NULL;

    if (!first)
        return;
    first += strlen(before);
    for (char *at = first; (at = strstr(at, after)); at++)
        last = at;
    if (last)
        hide(first, last);
    else
        hide_until(first, "");
}

/* "NAME[1234]: segfault at ...": the kernel tells of a process. */
static void
hide_leading_process(char *text)
{
    for (char *at = strchr(text, '['); at; at = strchr(at + 1, '[')) {
        gsize digits = strspn(at + 1, "0123456789");
        if (digits > 0 && at[1 + digits] == ']' && at - text <= 24 && at > text &&
            (at[2 + digits] == ':' || at[2 + digits] == ' ')) {
            hide(text, at);
            return;
        }
    }
}

/* A path that begins a word: whoever made the file or the group chose it, and it may hold spaces. A
 * device's ("/dev/sda") is the kernel's own. */
static void
hide_paths(char *text)
{
    for (char *at = strchr(text, '/'); at; at = strchr(at + 1, '/')) {
        gboolean begins = at == text || strchr(" =(:'\"", at[-1]);
        if (begins && !g_str_has_prefix(at, "/dev/")) {
            hide_until(at + 1, "");
            return;
        }
    }
}

char *
omen_writers_hide_chosen(const char *message)
{
    char *text = g_strdup(message);

    hide_quoted(text, '"', '"');
    hide_quoted(text, '\'', '\'');
    hide_quoted(text, '`', '\'');
    hide_between(text, " comm ", ":");
    hide_between(text, "Comm: ", " ");
    hide_between(text, "task=", ",");
    hide_between(text, "task ", ":");
    hide_between(text, "Killed process ", ",");
    hide_between(text, "Kill process ", ",");
    hide_between(text, "traps: ", "[");
    hide_leading_process(text);
    hide_paths(text);
    return text;
}

static void
judge_text(OmenJudge *judge, const OmenRecord *record, const char *message, OmenVerdict *verdict)
{
    g_autofree char *identifier =
        omen_text_sanitise(record->identifier, (gssize) record->identifier_length, 64);
    OmenEvidence evidence = {.provenance = OMEN_PROVENANCE_HOST,
                             .priority = record->priority,
                             .identifier = identifier,
                             .message = message};

    omen_judge_judge(judge, &evidence, verdict);
}

/* The verdict is the same without what others may have chosen of the line. */
static gboolean
is_writers_own(OmenJudge *judge, const OmenRecord *record)
{
    g_autofree char *message =
        omen_text_sanitise(record->message, (gssize) record->message_length, MAX_TEXT);
    g_autofree char *own = omen_writers_hide_chosen(message);
    OmenVerdict whole;
    OmenVerdict rest;

    if (g_str_equal(own, message))
        return TRUE;
    judge_text(judge, record, message, &whole);
    judge_text(judge, record, own, &rest);
    return rest.probability >= 0.5 && whole.failure_class == rest.failure_class &&
           whole.scope == rest.scope && whole.migration_helps == rest.migration_helps &&
           g_str_equal(whole.device, rest.device);
}

gboolean
omen_writers_prove(const OmenWriters *self,
                   OmenJudge *judge,
                   const OmenRecord *record,
                   const OmenVerdict *verdict)
{
    if (!(get_classes(self, record) & 1u << verdict->failure_class))
        return FALSE;
    if (record->origin != OMEN_ORIGIN_KERNEL && record->origin != OMEN_ORIGIN_SYSTEM)
        return TRUE;
    return is_writers_own(judge, record);
}
