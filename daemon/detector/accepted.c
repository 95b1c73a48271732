/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/accepted.h"

#include <string.h>

/* What a line counts that stays counted; also with an "s". */
static const char *const counted[] = {"sector", "error", "entry",   "entries", "errs",
                                      "event",  "block", "failure", "retry",   "retries",
                                      "count",  "reset", "timeout", NULL};
/* "1 CE memory read error" is one event. */
static const char *const events[] = {"ce", "ue", "corrected", "uncorrected", NULL};

/* Words between a count and what is counted: "8 Currently unreadable (pending) sectors". */
#define MAX_WORDS 4

typedef struct {
    char *what; /* the line without its value: what the value is of */
    gint64 value;
    gboolean falls; /* less is worse */
} Measure;

static void
measure_clear(Measure *self)
{
    g_clear_pointer(&self->what, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Measure, measure_clear)

typedef struct {
    OmenAcceptedValue value; /* number 0: nobody took it as known */
    gint64 level;            /* that is known: the one of value.line */
    gboolean falls;
    char *present; /* (nullable): the latest line of an omen that told of it */
    gint64 noted;  /* the higher, the later */
} Entry;

struct _OmenAccepted {
    GHashTable *entries; /* what -> Entry */
    guint32 last_number;
    guint n_known;
    gint64 n_noted;
};

/* ---- what a line tells of ---- */

static gboolean
is_name_character(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("_-./#+:", c));
}

/* The number at @at, if it stands by itself. NULL: none; else where it ends. */
static const char *
read_number(const char *text, const char *at, gint64 *value)
{
    guint64 number = 0;
    const char *end = at;

    if (!g_ascii_isdigit(*at) || (at > text && is_name_character(at[-1])))
        return NULL;
    for (; g_ascii_isdigit(*end); end++)
        number = number > G_MAXINT64 / 20 ? number : number * 10 + (guint64) (*end - '0');
    if (is_name_character(*end) && !(strchr(".:", *end) && !g_ascii_isalnum(end[1])))
        return NULL;
    *value = (gint64) number;
    return end;
}

static gboolean
is_any(const char *word, gsize length, const char *const *words)
{
    for (; *words; words++) {
        gsize n = strlen(*words);
        if (g_ascii_strncasecmp(word, *words, MIN(n, length)) == 0 &&
            (length == n || (length == n + 1 && g_ascii_tolower(word[n]) == 's')))
            return TRUE;
    }
    return FALSE;
}

/* "... sectors" after the number that ends at @at. */
static gboolean
counts_what_follows(const char *at)
{
    for (guint i = 0; i < MAX_WORDS && *at == ' '; i++) {
        gsize n;
        at += 1;
        at += *at == '(';
        n = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
        if (n == 0 || is_any(at, n, events))
            return FALSE;
        if (is_any(at, n, counted))
            return TRUE;
        at += n;
        at += *at == ')';
    }
    return FALSE;
}

/* "total events = " before the number at @at. */
static gboolean
counts_what_precedes(const char *text, const char *at)
{
    const char *end;

    while (at > text && at[-1] == ' ')
        at--;
    if (at == text || !strchr("=:", *--at))
        return FALSE;
    while (at > text && at[-1] == ' ')
        at--;
    end = at;
    while (at > text && is_name_character(at[-1]))
        at--;
    return is_any(at, (gsize) (end - at), counted);
}

/* "rd 24," in a list that began with "errs:". */
static gboolean
is_of_list(const char *text, const char *at, const char *end)
{
    const char *list = g_strstr_len(text, at - text, "errs: ");

    return list && (*end == ',' || *end == '\0') && at - text > 1 && at[-1] == ' ';
}

/* "changed from 100 [Raw 24] to 99 [Raw 32]": the raw value counts, if it is told. */
static gboolean
read_change(const char *line, Measure *measure)
{
    const char *from = strstr(line, " from ");
    const char *to = from ? strstr(from, " to ") : NULL;
    const char *end;
    gint64 before;

    if (!to || !read_number(line, from + 6, &before))
        return FALSE;
    end = read_number(line, to + 4, &measure->value);
    if (!end)
        return FALSE;
    measure->falls = measure->value < before;
    if (g_str_has_prefix(end, " [Raw ") && read_number(line, end + 6, &measure->value))
        measure->falls = FALSE;
    measure->what = g_strndup(line, (gsize) (from - line));
    return TRUE;
}

static gboolean
read_counts(const char *line, Measure *measure)
{
    g_autoptr(GString) what = g_string_new(NULL);
    const char *stop = strstr(line, " (changed ");
    guint n = 0;

    for (const char *at = line; *at && at != stop;) {
        gint64 value;
        const char *end = read_number(line, at, &value);
        if (end && (counts_what_follows(end) || counts_what_precedes(line, at) ||
                    is_of_list(line, at, end))) {
            measure->value += MIN(value, G_MAXINT64 / 1024);
            g_string_append_c(what, '#');
            at = end;
            n++;
        } else {
            g_string_append_c(what, *at++);
        }
    }
    if (n == 0)
        return FALSE;
    measure->what = g_string_free(g_steal_pointer(&what), FALSE);
    return TRUE;
}

static gboolean
read_measure(const char *line, Measure *measure)
{
    return read_change(line, measure) || read_counts(line, measure);
}

/* ---- what is known ---- */

static void
entry_free(gpointer data)
{
    Entry *self = data;

    g_free(self->value.line);
    g_free(self->present);
    g_free(self);
}

OmenAccepted *
omen_accepted_new(void)
{
    OmenAccepted *self = g_new0(OmenAccepted, 1);

    self->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    return self;
}

void
omen_accepted_free(OmenAccepted *self)
{
    g_hash_table_unref(self->entries);
    g_free(self);
}

gboolean
omen_accepted_is_empty(const OmenAccepted *self)
{
    return self->n_known == 0;
}

static gboolean
is_worse(const Entry *known, const Measure *measure)
{
    return known->falls ? measure->value < known->level : measure->value > known->level;
}

OmenAcceptedState
omen_accepted_weigh(const OmenAccepted *self, const char *line, const OmenAcceptedValue **value)
{
    g_auto(Measure) measure = {0};
    const Entry *entry;

    *value = NULL;
    entry = read_measure(line, &measure) ? g_hash_table_lookup(self->entries, measure.what) : NULL;
    if (!entry || entry->value.number == 0)
        return OMEN_ACCEPTED_NOTHING;
    *value = &entry->value;
    return is_worse(entry, &measure) ? OMEN_ACCEPTED_WORSE : OMEN_ACCEPTED_KNOWN;
}

/* What was only noted makes room before what an operator said, the oldest first. */
static void
make_room(OmenAccepted *self)
{
    const Entry *victim = NULL;
    gpointer victims_name = NULL;
    GHashTableIter iter;
    gpointer what;
    gpointer known;

    if (g_hash_table_size(self->entries) < OMEN_ACCEPTED_MAX)
        return;
    g_hash_table_iter_init(&iter, self->entries);
    while (g_hash_table_iter_next(&iter, &what, &known)) {
        const Entry *entry = known;
        gboolean is_lesser = victim && (entry->value.number == 0) > (victim->value.number == 0);
        gboolean is_alike = victim && (entry->value.number == 0) == (victim->value.number == 0);
        if (!victim || is_lesser || (is_alike && entry->noted < victim->noted)) {
            victim = entry;
            victims_name = what;
        }
    }
    if (!victim)
        return;
    self->n_known -= victim->value.number != 0;
    g_hash_table_remove(self->entries, victims_name);
}

/* Borrowed. Takes what the measure is of. */
static Entry *
ensure_entry(OmenAccepted *self, Measure *measure)
{
    Entry *entry = g_hash_table_lookup(self->entries, measure->what);

    if (!entry) {
        make_room(self);
        entry = g_new0(Entry, 1);
        g_hash_table_insert(self->entries, g_steal_pointer(&measure->what), entry);
    }
    entry->noted = ++self->n_noted;
    return entry;
}

void
omen_accepted_note(OmenAccepted *self, const char *line)
{
    g_auto(Measure) measure = {0};
    Entry *entry;

    if (!read_measure(line, &measure))
        return;
    entry = ensure_entry(self, &measure);
    g_free(entry->present);
    entry->present = g_strdup(line);
}

gboolean
omen_accepted_add(OmenAccepted *self, const OmenAcceptedValue *about)
{
    g_auto(Measure) told = {0};
    g_auto(Measure) present = {0};
    guint32 number;
    Entry *entry;

    if (!read_measure(about->line, &told))
        return FALSE;
    entry = ensure_entry(self, &told);
    self->n_known += entry->value.number == 0;
    number = entry->value.number != 0 ? entry->value.number : ++self->last_number;
    g_free(entry->value.line);
    entry->value = *about;
    entry->value.number = number;
    entry->value.line = g_strdup(entry->present ? entry->present : about->line);
    read_measure(entry->value.line, &present);
    entry->level = present.value;
    entry->falls = present.falls;
    return TRUE;
}

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    guint32 first = (*(const OmenAcceptedValue *const *) a)->number;
    guint32 second = (*(const OmenAcceptedValue *const *) b)->number;

    return (first > second) - (first < second);
}

GPtrArray *
omen_accepted_list(const OmenAccepted *self)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer entry;

    g_hash_table_iter_init(&iter, self->entries);
    while (g_hash_table_iter_next(&iter, NULL, &entry)) {
        if (((Entry *) entry)->value.number != 0)
            g_ptr_array_add(list, &((Entry *) entry)->value);
    }
    g_ptr_array_sort(list, compare_numbers);
    return list;
}

gboolean
omen_accepted_forget(OmenAccepted *self, guint32 number)
{
    GHashTableIter iter;
    gpointer entry;

    g_hash_table_iter_init(&iter, self->entries);
    while (number != 0 && g_hash_table_iter_next(&iter, NULL, &entry)) {
        if (((Entry *) entry)->value.number != number)
            continue;
        g_hash_table_iter_remove(&iter);
        self->n_known--;
        return TRUE;
    }
    return FALSE;
}

GVariant *
omen_accepted_save(const OmenAccepted *self)
{
    g_autoptr(GPtrArray) list = omen_accepted_list(self);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE(OMEN_ACCEPTED_TYPE));
    for (guint i = 0; i < list->len; i++) {
        const OmenAcceptedValue *value = g_ptr_array_index(list, i);
        g_variant_builder_add(&builder, "(usxsssbd)", value->number, value->line, value->time_us,
                              omen_failure_class_to_string(value->failure_class),
                              omen_scope_to_string(value->scope), value->device,
                              value->migration_helps, value->probability);
    }
    return g_variant_builder_end(&builder);
}

void
omen_accepted_restore(OmenAccepted *self, GVariant *state)
{
    OmenAcceptedValue value = {0};
    const char *failure_class;
    const char *scope;
    const char *device;
    GVariantIter iter;

    g_variant_iter_init(&iter, state);
    while (g_variant_iter_next(&iter, "(u&sx&s&s&sbd)", &value.number, &value.line, &value.time_us,
                               &failure_class, &scope, &device, &value.migration_helps,
                               &value.probability)) {
        guint32 last = self->last_number;
        if (value.number == 0 ||
            !omen_failure_class_from_string(failure_class, &value.failure_class) ||
            !omen_scope_from_string(scope, &value.scope))
            continue;
        g_strlcpy(value.device, device, sizeof value.device);
        self->last_number = value.number - 1; /* it keeps its number */
        omen_accepted_add(self, &value);
        self->last_number = MAX(last, value.number);
    }
}
