/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/omen-registry.h"

#include "omen/cause.h"

struct _OmenRegistry {
    GObject parent_instance;

    guint max_omens;
    guint64 last_id;
    GPtrArray *omens; /* Omen, by rising number */
};

G_DEFINE_TYPE(OmenRegistry, omen_registry, G_TYPE_OBJECT)

enum {
    SIGNAL_ADDED,
    SIGNAL_CHANGED,
    SIGNAL_REMOVED,
    SIGNAL_MERGED,
    N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_omen_changed(Omen *omen, OmenRegistry *self)
{
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0, omen);
}

static void
omen_registry_finalize(GObject *object)
{
    OmenRegistry *self = OMEN_REGISTRY(object);

    for (guint i = 0; i < self->omens->len; i++)
        g_signal_handlers_disconnect_by_data(g_ptr_array_index(self->omens, i), self);
    g_ptr_array_unref(self->omens);
    G_OBJECT_CLASS(omen_registry_parent_class)->finalize(object);
}

static guint
new_signal(const char *name)
{
    return g_signal_new(name, OMEN_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                        G_TYPE_NONE, 1, OMEN_TYPE_OMEN);
}

static void
omen_registry_class_init(OmenRegistryClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = omen_registry_finalize;
    signals[SIGNAL_ADDED] = new_signal("added");
    signals[SIGNAL_CHANGED] = new_signal("changed");
    signals[SIGNAL_REMOVED] = new_signal("removed");
    signals[SIGNAL_MERGED] =
        g_signal_new("merged", OMEN_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 2, OMEN_TYPE_OMEN, OMEN_TYPE_OMEN);
}

static void
omen_registry_init(OmenRegistry *self)
{
    self->omens = g_ptr_array_new_with_free_func(g_object_unref);
}

OmenRegistry *
omen_registry_new(guint max_omens)
{
    g_return_val_if_fail(max_omens >= 1, NULL);

    OmenRegistry *self = g_object_new(OMEN_TYPE_REGISTRY, NULL);
    self->max_omens = max_omens;
    return self;
}

static Omen *
omen_at(OmenRegistry *self, guint index)
{
    return g_ptr_array_index(self->omens, index);
}

/* The first place whose omen has a number of at least @id. */
static guint
place_of(OmenRegistry *self, guint64 id)
{
    guint low = 0, high = self->omens->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (omen_get_data(omen_at(self, middle))->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Omen *
omen_registry_lookup(OmenRegistry *self, guint64 id)
{
    guint place = place_of(self, id);

    if (place == self->omens->len || omen_get_data(omen_at(self, place))->id != id)
        return NULL;
    return omen_at(self, place);
}

/* Whoever may say it could say it a thousand times. */
static gboolean
is_weak(const OmenData *data)
{
    return data->scope == OMEN_SCOPE_GUEST || !data->is_proven;
}

static guint
choose_victim(OmenRegistry *self, gint64 now_us)
{
    guint weak = self->omens->len;

    for (guint i = 0; i < self->omens->len; i++) {
        if (!omen_is_open(omen_at(self, i), now_us))
            return i;
        if (weak == self->omens->len && is_weak(omen_get_data(omen_at(self, i))))
            weak = i;
    }
    return weak < self->omens->len ? weak : 0;
}

static void
forget(OmenRegistry *self, guint place)
{
    g_autoptr(Omen) omen = g_object_ref(omen_at(self, place));

    g_signal_handlers_disconnect_by_data(omen, self);
    g_ptr_array_remove_index(self->omens, place);
    g_signal_emit(self, signals[SIGNAL_REMOVED], 0, omen);
}

static void
make_room(OmenRegistry *self, gint64 now_us)
{
    while (self->omens->len >= self->max_omens) {
        forget(self, choose_victim(self, now_us));
    }
}

static Omen *
insert(OmenRegistry *self, OmenData *data, gint64 now_us)
{
    Omen *omen = omen_new(data);

    make_room(self, now_us);
    self->last_id = MAX(self->last_id, data->id);
    g_ptr_array_insert(self->omens, (gint) place_of(self, data->id), omen);
    g_signal_connect(omen, "changed", G_CALLBACK(on_omen_changed), self);
    g_signal_emit(self, signals[SIGNAL_ADDED], 0, omen);
    return omen;
}

void
omen_registry_restore(OmenRegistry *self, OmenData *data)
{
    if (data->id == 0 || omen_registry_lookup(self, data->id) != NULL)
        omen_data_free(data);
    else
        insert(self, data, data->last_us);
}

static Omen *
find_open(OmenRegistry *self, const OmenData *detection)
{
    for (guint i = self->omens->len; i > 0; i--) {
        Omen *omen = omen_at(self, i - 1);
        if (omen_is_open(omen, detection->last_us) &&
            omen_cause_is_shared(omen_get_data(omen), detection))
            return omen;
    }
    return NULL;
}

static Omen *
find_proven(OmenRegistry *self, const OmenData *word)
{
    for (guint i = self->omens->len; i > 0; i--) {
        Omen *omen = omen_at(self, i - 1);
        if (omen_is_open(omen, word->last_us) && omen_cause_is_echo(omen_get_data(omen), word))
            return omen;
    }
    return NULL;
}

static gboolean
merge(OmenRegistry *self, Omen *older, Omen *newer)
{
    g_autoptr(Omen) part = g_object_ref(newer);
    gboolean is_other = omen_join(older, omen_get_data(part));

    omen_set_part_of(part, omen_get_data(older)->id);
    g_signal_emit(self, signals[SIGNAL_MERGED], 0, older, part);
    forget(self, place_of(self, omen_get_data(part)->id));
    return is_other;
}

Omen *
omen_registry_merge_event(OmenRegistry *self, Omen *omen, gint64 now_us, gboolean *is_other)
{
    g_autoptr(GPtrArray) omens = omen_registry_list(self);
    Omen *oldest = omen;

    for (guint i = 0; i < omens->len; i++) {
        Omen *one = g_ptr_array_index(omens, i);
        gboolean is_older = omen_get_data(one)->id < omen_get_data(oldest)->id;
        Omen *first = is_older ? one : oldest;
        Omen *second = is_older ? oldest : one;
        if (one == oldest || omen_get_data(one)->part_of != 0 || !omen_is_open(one, now_us) ||
            !omen_cause_is_shared(omen_get_data(first), omen_get_data(second)))
            continue;
        *is_other |= merge(self, first, second);
        oldest = first;
    }
    return oldest;
}

Omen *
omen_registry_raise(OmenRegistry *self, OmenData *detection, OmenRaise *what)
{
    g_autoptr(OmenData) owned = detection;
    gint64 now_us;
    gboolean is_other = FALSE;
    Omen *omen;

    omen_data_sanitise(detection);
    now_us = detection->last_us;
    omen = find_open(self, detection);
    if (what)
        *what = OMEN_RAISE_JOINED;
    if (!omen && (omen = find_proven(self, detection)))
        return omen;
    if (!omen) {
        if (what)
            *what = OMEN_RAISE_NEW;
        detection->id = self->last_id + 1;
        return insert(self, g_steal_pointer(&owned), now_us);
    }
    is_other = omen_join(omen, detection);
    omen = omen_registry_merge_event(self, omen, now_us, &is_other);
    if (what && is_other)
        *what = OMEN_RAISE_CHANGED;
    return omen;
}

static gpointer
copy_reference(gconstpointer omen, gpointer user_data)
{
    return g_object_ref((gpointer) omen);
}

GPtrArray *
omen_registry_list(OmenRegistry *self)
{
    return g_ptr_array_copy(self->omens, copy_reference, NULL);
}

/* What moving does not help against is told, and endangers nobody in this sense; a domain's own
 * omen concerns it in any case. */
static gboolean
endangers(const OmenData *data, const char *uuid)
{
    if (omen_data_is_tentative(data) || omen_data_is_noted(data))
        return FALSE;
    if (uuid == NULL)
        return omen_data_does_moving_help(data) && omen_data_is_of_host(data);
    return g_str_equal(data->domain_uuid, uuid) ||
           (omen_data_does_moving_help(data) && omen_data_reaches(data, uuid));
}

static Omen *
find_danger(OmenRegistry *self, const char *uuid, gint64 now_us)
{
    Omen *worst = NULL;

    for (guint i = 0; i < self->omens->len; i++) {
        Omen *omen = omen_at(self, i);
        const OmenData *data = omen_get_data(omen);
        if (data->is_proven && endangers(data, uuid) && omen_is_open(omen, now_us) &&
            (worst == NULL || data->probability > omen_get_data(worst)->probability))
            worst = omen;
    }
    return worst;
}

Omen *
omen_registry_get_host_danger(OmenRegistry *self, gint64 now_us)
{
    return find_danger(self, NULL, now_us);
}

Omen *
omen_registry_get_domain_danger(OmenRegistry *self, const char *uuid, gint64 now_us)
{
    g_return_val_if_fail(uuid != NULL && *uuid != '\0', NULL);
    return find_danger(self, uuid, now_us);
}

void
omen_registry_expire(OmenRegistry *self, gint64 now_us)
{
    /* What is told of a change may change the registry: go over a list of its own. */
    g_autoptr(GPtrArray) omens = omen_registry_list(self);

    for (guint i = 0; i < omens->len; i++) {
        Omen *omen = g_ptr_array_index(omens, i);
        const OmenData *data = omen_get_data(omen);
        if (data->expires_us <= now_us &&
            (data->action == OMEN_ACTION_RECORDED || data->action == OMEN_ACTION_PROPOSED)) {
            omen_set_fate(omen, OMEN_FATE_NOTHING, data->expires_us);
            omen_set_action(omen, OMEN_ACTION_CLEARED);
        }
    }
}
