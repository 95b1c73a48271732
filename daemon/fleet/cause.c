/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/cause.h"

#include <string.h>

/* A row is as old as this at most, so a host that wrote at another time has a wrong clock. */
#define MAX_SKEW_US (2 * G_TIME_SPAN_MINUTE)
#define RACK        "rack="

typedef enum {
    BY_STORAGE,
    BY_LINE,
    BY_RACK,
    BY_KERNEL,
    BY_VERSION,
    BY_LIBVIRT,
    BY_QEMU,
    BY_CLASS,
    N_KINDS,
} Kind;

static const struct {
    const char *word;
    const char *text;  /* before its value */
    gboolean is_trait; /* of a host, not of its omens: see the header */
} kinds[N_KINDS] = {
    [BY_STORAGE] = {"storage", "the storage", FALSE},
    [BY_LINE] = {"line", "the same line:", FALSE},
    [BY_RACK] = {"rack", "the rack", TRUE},
    [BY_KERNEL] = {"kernel", "the kernel", TRUE},
    [BY_VERSION] = {"version", "virt-omend", TRUE},
    [BY_LIBVIRT] = {"libvirt", "libvirt", TRUE},
    [BY_QEMU] = {"qemu", "QEMU", TRUE},
    [BY_CLASS] = {"class", "the class of failure", FALSE},
};

/* One search. */
typedef struct {
    const OmenFleetCauseTerms *terms;
    GPtrArray *hosts; /* OmenFleetHost, borrowed; the own one as it is now */
    const OmenFleetHost *own;
    const OmenFleetCauseAnchor *anchor;
    gint64 now_us;
} Search;

void
omen_fleet_cause_free(OmenFleetCause *self)
{
    g_free(self->key);
    g_free(self->text);
    g_ptr_array_unref(self->hosts);
    g_free(self);
}

/* ---- hosts and their omens ---- */

/* (nullable) (transfer full): what the host has of that kind. */
static char *
dup_trait(const OmenFleetHost *host, Kind kind)
{
    guint64 number = kind == BY_LIBVIRT ? host->libvirt : host->qemu;

    if (kind == BY_RACK) {
        for (guint i = 0; host->labels[i]; i++) {
            if (g_str_has_prefix(host->labels[i], RACK) && host->labels[i][strlen(RACK)])
                return g_strdup(host->labels[i] + strlen(RACK));
        }
        return NULL;
    }
    if (kind == BY_KERNEL || kind == BY_VERSION) {
        const char *text = kind == BY_KERNEL ? host->kernel : host->version;
        return *text ? g_strdup(text) : NULL;
    }
    return number > 0 ? g_strdup_printf("%u.%u.%u", (guint) (number / 1000000),
                                        (guint) (number / 1000 % 1000), (guint) (number % 1000))
                      : NULL;
}

/* By this host's clock. Of a host whose clock is wrong the age is known, to a minute. */
static gint64
find_raise(const OmenFleetHost *host, const OmenFleetSign *sign, gint64 now_us)
{
    gint64 skew_us = now_us - host->seen_us;

    if (host->seen_us > 0 && ABS(skew_us) > MAX_SKEW_US)
        return now_us - MAX(host->seen_us - sign->raised_us, 0);
    return MIN(sign->raised_us, now_us);
}

/* Another export of a file server is of the same server, which fails as one. @unit:
 * dup_unit(). */
static gboolean
is_of_unit(const char *id, const char *unit)
{
    gsize length = strlen(unit);

    return g_str_has_prefix(id, unit) &&
           (id[length] == '\0' || g_str_has_prefix(id + length, ":/"));
}

/* (transfer full): "nfs server" of "nfs server:/export". */
static char *
dup_unit(const char *id)
{
    const char *path = strstr(id, ":/");

    return path ? g_strndup(id, (gsize) (path - id)) : g_strdup(id);
}

static gboolean
uses(const OmenFleetHost *host, const char *unit)
{
    for (guint i = 0; host->storage[i]; i++) {
        if (is_of_unit(host->storage[i], unit))
            return TRUE;
    }
    return FALSE;
}

/* What its storage can cause elsewhere on the host. */
static gboolean
may_come_of_storage(const OmenFleetSign *sign)
{
    static const char *const classes[] = {
        "disk", "filesystem", "storage-fabric", "qemu-block", "hung-task", "libvirt", NULL};

    return !*sign->storage && g_strv_contains(classes, sign->failure_class);
}

static gboolean
is_of(const OmenFleetHost *host, const OmenFleetSign *sign, Kind kind, const char *value)
{
    switch (kind) {
    case BY_STORAGE:
        return is_of_unit(sign->storage, value) || (may_come_of_storage(sign) && uses(host, value));
    case BY_LINE:
        return g_str_equal(sign->line, value);
    case BY_CLASS:
        return g_str_equal(sign->failure_class, value);
    default:
        return TRUE;
    }
}

/* Could have it. */
static gboolean
is_member(const OmenFleetHost *host, Kind kind, const char *value)
{
    if (kind == BY_STORAGE) {
        if (uses(host, value))
            return TRUE;
        for (guint i = 0; i < host->signs->len; i++) {
            if (is_of_unit(((OmenFleetSign *) host->signs->pdata[i])->storage, value))
                return TRUE;
        }
        return FALSE;
    }
    if (kinds[kind].is_trait) {
        g_autofree char *trait = dup_trait(host, kind);
        return g_strcmp0(trait, value) == 0;
    }
    return TRUE;
}

/* When its first omen of that was raised, if that was at @from_us or later; 0: none was. */
static gint64
find_first(
    const Search *self, const OmenFleetHost *host, Kind kind, const char *value, gint64 from_us)
{
    gint64 first_us = 0;

    for (guint i = 0; i < host->signs->len; i++) {
        const OmenFleetSign *sign = g_ptr_array_index(host->signs, i);
        gint64 raised_us = find_raise(host, sign, self->now_us);
        if (raised_us >= from_us && is_of(host, sign, kind, value) &&
            (first_us == 0 || raised_us < first_us))
            first_us = raised_us;
    }
    return first_us;
}

/* ---- one thing that they may have in common ---- */

static int
compare_times(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *) a;
    gint64 right = *(const gint64 *) b;

    return left < right ? -1 : left > right;
}

/* From when on omens count: the window, or since what other hosts hold to be the first, if there
 * are enough of them. Whether their omens are open is seen by their rows all the same. */
static gint64
find_begin(const Search *self, Kind kind, const char *key)
{
    gint64 begin_us = self->now_us - (gint64) self->terms->window_s * G_USEC_PER_SEC;
    g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(gint64));

    if (self->anchor && g_str_equal(self->anchor->key, key))
        return MIN(begin_us, self->anchor->since_us);
    /* A class is little to go by: hosts that join later have it by chance. */
    for (guint i = 0; i < self->hosts->len && kind != BY_CLASS; i++) {
        const OmenFleetHost *host = g_ptr_array_index(self->hosts, i);
        gint64 since_us = (gint64) host->brake_since_us;
        if (since_us > 0 && g_str_equal(host->brake, key))
            g_array_append_val(told, since_us);
    }
    if (told->len < self->terms->hosts)
        return begin_us;
    /* One that is alone with an early time is not believed. */
    g_array_sort(told, compare_times);
    return MIN(begin_us, g_array_index(told, gint64, self->terms->hosts - 1));
}

static gboolean
is_enough(const Search *self, const OmenFleetCause *cause, Kind kind, guint n_others, guint n_ill)
{
    guint64 n = cause->hosts->len;

    if (n < self->terms->hosts || n * 100 < (guint64) self->terms->percent * cause->n_hosts)
        return FALSE;
    return !kinds[kind].is_trait ||
           (n_others > 0 && (guint64) n_ill * cause->n_hosts * 2 <= n * n_others);
}

/* (nullable): of the own omen that is led by it. */
static const OmenFleetSign *
find_own_sign(const Search *self, Kind kind, const char *value)
{
    for (guint i = 0; i < self->own->signs->len; i++) {
        const OmenFleetSign *sign = g_ptr_array_index(self->own->signs, i);
        if (is_of(self->own, sign, kind, value))
            return sign;
    }
    return NULL;
}

static char *
describe(const Search *self, Kind kind, const char *value)
{
    const OmenFleetSign *sign = kind == BY_LINE ? find_own_sign(self, kind, value) : NULL;

    if (!sign)
        return g_strdup_printf("%s %s", kinds[kind].text, value);
    return g_strdup_printf("%s %s", kinds[kind].text,
                           *sign->reason ? sign->reason : sign->failure_class);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* NULL: the own host has it not, or too few have. */
static OmenFleetCause *
try(const Search *self, Kind kind, const char *value)
{
    g_autoptr(OmenFleetCause) cause = g_new0(OmenFleetCause, 1);
    guint n_others = 0;
    guint n_ill = 0; /* of the others */
    gint64 begin_us;

    cause->key = g_strdup_printf("%s %s", kinds[kind].word, value);
    cause->hosts = g_ptr_array_new_with_free_func(g_free);
    begin_us = find_begin(self, kind, cause->key);
    if (find_first(self, self->own, kind, value, begin_us) == 0)
        return NULL;
    for (guint i = 0; i < self->hosts->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(self->hosts, i);
        gboolean is_one = is_member(host, kind, value);
        gint64 first_us = find_first(self, host, kind, value, begin_us);
        n_others += is_one ? 0 : 1;
        n_ill += !is_one && first_us > 0 ? 1 : 0;
        cause->n_hosts += is_one ? 1 : 0;
        if (!is_one || first_us == 0)
            continue;
        g_ptr_array_add(cause->hosts, g_strdup(host->name));
        if (cause->since_us == 0 || first_us < cause->since_us)
            cause->since_us = first_us;
    }
    if (!is_enough(self, cause, kind, n_others, n_ill))
        return NULL;
    g_ptr_array_sort(cause->hosts, compare_names);
    cause->text = describe(self, kind, value);
    return g_steal_pointer(&cause);
}

/* Takes @value. */
static OmenFleetCause *
try_taken(const Search *self, Kind kind, char *value)
{
    OmenFleetCause *cause = value && *value ? try(self, kind, value) : NULL;

    g_free(value);
    return cause;
}

/* ---- all of them ---- */

static OmenFleetCause *
try_storage(const Search *self)
{
    OmenFleetCause *cause = NULL;

    for (guint i = 0; i < self->own->signs->len && !cause; i++) {
        const OmenFleetSign *sign = g_ptr_array_index(self->own->signs, i);
        if (*sign->storage && !g_str_equal(sign->storage, OMEN_FLEET_STORAGE_LOCAL))
            cause = try_taken(self, BY_STORAGE, dup_unit(sign->storage));
    }
    for (guint i = 0; self->own->storage[i] && !cause; i++)
        cause = try_taken(self, BY_STORAGE, dup_unit(self->own->storage[i]));
    return cause;
}

static OmenFleetCause *
try_signs(const Search *self, Kind kind)
{
    OmenFleetCause *cause = NULL;

    for (guint i = 0; i < self->own->signs->len && !cause; i++) {
        const OmenFleetSign *sign = g_ptr_array_index(self->own->signs, i);
        gboolean is_known = !g_str_equal(sign->failure_class, "unknown");
        if (kind == BY_LINE)
            cause = try_taken(self, kind, g_strdup(sign->line));
        else if (is_known)
            cause = try_taken(self, kind, g_strdup(sign->failure_class));
    }
    return cause;
}

static OmenFleetCause *
try_kind(const Search *self, Kind kind)
{
    if (kind == BY_STORAGE)
        return try_storage(self);
    if (kinds[kind].is_trait)
        return try_taken(self, kind, dup_trait(self->own, kind));
    return try_signs(self, kind);
}

/* As it was found before: what it is stays, though more may be known now. */
static OmenFleetCause *
try_anchor(const Search *self)
{
    for (guint kind = 0; self->anchor && kind < N_KINDS; kind++) {
        gsize length = strlen(kinds[kind].word);
        if (g_str_has_prefix(self->anchor->key, kinds[kind].word) &&
            self->anchor->key[length] == ' ')
            return try(self, kind, self->anchor->key + length + 1);
    }
    return NULL;
}

/* (transfer container): each host once, the own one as it is now. */
static GPtrArray *
list_hosts(GPtrArray *hosts, const OmenFleetHost *own)
{
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < hosts->len; i++) {
        OmenFleetHost *host = g_ptr_array_index(hosts, i);
        if (!host->is_missing && !g_str_equal(host->name, own->name))
            g_ptr_array_add(list, host);
    }
    g_ptr_array_add(list, (gpointer) own);
    return list;
}

OmenFleetCause *
omen_fleet_cause_find(const OmenFleetCauseTerms *terms,
                      GPtrArray *hosts,
                      const OmenFleetHost *own,
                      const OmenFleetCauseAnchor *anchor,
                      gint64 now_us)
{
    g_autoptr(GPtrArray) list = list_hosts(hosts, own);
    const Search self = {terms, list, own, anchor, now_us};
    OmenFleetCause *cause;

    if (terms->hosts == 0 || list->len < terms->hosts || own->signs->len == 0)
        return NULL;
    cause = try_anchor(&self);
    for (guint kind = 0; kind < N_KINDS && !cause; kind++)
        cause = try_kind(&self, kind);
    return cause;
}
