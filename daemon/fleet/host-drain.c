/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/host-drain.h"

G_DEFINE_QUARK(omen - drain - error - quark, omen_drain_error)

static const char *const state_words[] = {"none",    "pending", "draining",
                                          "drained", "failed",  "returning"};

const char *
omen_drain_state_to_string(OmenDrainState state)
{
    return state_words[state];
}

static const char *const place_words[] = {"waiting", "moving",    "away",
                                          "stays",   "returning", "left"};

const char *
omen_drain_place_to_string(OmenDrainPlace place)
{
    return place_words[place];
}

static void
set_text(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static void
domain_free(gpointer data)
{
    OmenDrainDomain *self = data;

    g_free(self->uuid);
    g_free(self->name);
    g_free(self->destination);
    g_free(self->reason);
    g_free(self);
}

OmenHostDrain *
omen_host_drain_new(void)
{
    OmenHostDrain *self = g_new0(OmenHostDrain, 1);

    self->wish = g_strdup("");
    self->by = g_strdup("");
    self->refused_wish = g_strdup("");
    self->refused = g_strdup("");
    self->heard = g_strdup("");
    self->reason = g_strdup("");
    self->domains = g_ptr_array_new_with_free_func(domain_free);
    return self;
}

void
omen_host_drain_free(OmenHostDrain *self)
{
    g_free(self->wish);
    g_free(self->by);
    g_free(self->refused_wish);
    g_free(self->refused);
    g_free(self->heard);
    g_free(self->reason);
    g_ptr_array_unref(self->domains);
    g_free(self);
}

static OmenDrainDomain *
domain_at(const OmenHostDrain *self, guint i)
{
    return g_ptr_array_index(self->domains, i);
}

static guint
count(const OmenHostDrain *self, OmenDrainPlace place)
{
    guint n = 0;

    for (guint i = 0; i < self->domains->len; i++)
        n += domain_at(self, i)->place == place ? 1 : 0;
    return n;
}

static gboolean
is_under_way(const OmenHostDrain *self)
{
    return self->state == OMEN_DRAIN_PENDING || self->state == OMEN_DRAIN_DRAINING;
}

gboolean
omen_host_drain_is_busy(const OmenHostDrain *self)
{
    return is_under_way(self) || self->state == OMEN_DRAIN_RETURNING ||
           count(self, OMEN_DRAIN_AT_MOVING) > 0 || count(self, OMEN_DRAIN_AT_RETURNING) > 0;
}

/* Forgets all that are at one of @places, a set of bits. */
static void
drop(OmenHostDrain *self, guint places)
{
    for (guint i = self->domains->len; i > 0; i--) {
        if (places & 1u << domain_at(self, i - 1)->place)
            g_ptr_array_remove_index(self->domains, i - 1);
    }
}

/* ---- beginning and ending ---- */

/* FALSE with @error: what was asked for before is not over. */
static gboolean
check_free(const OmenHostDrain *self, GError **error)
{
    const char *why = NULL;

    if (is_under_way(self))
        why = "this host is being drained already; virt-omen drain --abort ends that";
    else if (self->state == OMEN_DRAIN_RETURNING)
        why = "its domains are being brought back; virt-omen drain --abort ends that";
    else if (omen_host_drain_is_busy(self))
        why = "moves of the drain before are not over yet; try again in a moment";
    if (why)
        g_set_error_literal(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_BUSY, why);
    return why == NULL;
}

/* Records that were written before there was @heard tell by their answers what was. */
gboolean
omen_host_drain_hear(OmenHostDrain *self, const OmenDrainWish *wish)
{
    if (g_str_equal(wish->id, self->heard) || g_str_equal(wish->id, self->wish) ||
        g_str_equal(wish->id, self->refused_wish))
        return FALSE;
    set_text(&self->heard, wish->id);
    return TRUE;
}

gboolean
omen_host_drain_is_overtaken(const OmenHostDrain *self, const OmenDrainWish *wish)
{
    return wish->time_us <= self->ordered_us;
}

void
omen_host_drain_answer(OmenHostDrain *self, const char *wish, const char *refused)
{
    if (*refused) {
        set_text(&self->refused_wish, wish);
        set_text(&self->refused, refused);
    } else {
        set_text(&self->wish, wish);
    }
}

gboolean
omen_host_drain_begin(
    OmenHostDrain *self, const char *by, gint64 now_us, guint timeout_s, GError **error)
{
    if (!check_free(self, error))
        return FALSE;
    set_text(&self->by, by);
    set_text(&self->reason, "");
    drop(self, ~(1u << OMEN_DRAIN_AT_AWAY));
    self->state = OMEN_DRAIN_PENDING;
    self->mark = OMEN_DRAIN_MARK_SET;
    self->begun_us = now_us;
    self->deadline_us = now_us + (gint64) timeout_s * G_USEC_PER_SEC;
    self->ended_us = 0;
    return TRUE;
}

static void
end(OmenHostDrain *self, OmenDrainState state, gint64 now_us)
{
    self->state = state;
    self->ended_us = now_us;
}

/* What was left is looked at anew: why may be over. */
static void
hope_again(OmenHostDrain *self)
{
    for (guint i = 0; i < self->domains->len; i++) {
        OmenDrainDomain *domain = domain_at(self, i);
        if (domain->place != OMEN_DRAIN_AT_LEFT)
            continue;
        domain->place = OMEN_DRAIN_AT_AWAY;
        set_text(&domain->reason, "");
    }
}

gboolean
omen_host_drain_stop(OmenHostDrain *self, const char *why, gint64 now_us, GError **error)
{
    if (!is_under_way(self) && self->state != OMEN_DRAIN_RETURNING) {
        g_set_error_literal(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_NOTHING,
                            "no drain and no return is running there");
        return FALSE;
    }
    for (guint i = 0; i < self->domains->len; i++) {
        OmenDrainDomain *domain = domain_at(self, i);
        if (domain->place == OMEN_DRAIN_AT_WAITING)
            omen_host_drain_stay(domain, why);
    }
    hope_again(self);
    set_text(&self->reason, why);
    end(self, OMEN_DRAIN_FAILED, now_us);
    return TRUE;
}

gboolean
omen_host_drain_undo(OmenHostDrain *self, const char *by, gint64 now_us, GError **error)
{
    if (self->state == OMEN_DRAIN_RETURNING) {
        g_set_error_literal(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_BUSY,
                            "its domains are being brought back already");
        return FALSE;
    }
    set_text(&self->by, by);
    set_text(&self->reason, "");
    drop(self, 1u << OMEN_DRAIN_AT_WAITING | 1u << OMEN_DRAIN_AT_STAYS);
    hope_again(self);
    self->state = OMEN_DRAIN_RETURNING;
    self->mark = OMEN_DRAIN_MARK_CLEARED;
    self->begun_us = now_us;
    self->ended_us = 0;
    return TRUE;
}

GArray *
omen_host_drain_list_moves(const OmenHostDrain *self,
                           OmenDrainIsNeeded is_needed,
                           gpointer user_data)
{
    GArray *moves = g_array_new(FALSE, FALSE, sizeof(guint64));

    for (guint i = 0; i < self->domains->len; i++) {
        const OmenDrainDomain *domain = domain_at(self, i);
        gboolean is_leaving = domain->place == OMEN_DRAIN_AT_MOVING;
        guint64 id = is_leaving ? domain->evacuation : domain->way_back;

        if ((is_leaving || domain->place == OMEN_DRAIN_AT_RETURNING) && !is_needed(id, user_data))
            g_array_append_val(moves, id);
    }
    return moves;
}

/* ---- domains ---- */

void
omen_host_drain_move(OmenDrainDomain *domain, guint64 evacuation)
{
    domain->place = OMEN_DRAIN_AT_MOVING;
    domain->evacuation = evacuation;
}

void
omen_host_drain_stay(OmenDrainDomain *domain, const char *reason)
{
    domain->place = OMEN_DRAIN_AT_STAYS;
    set_text(&domain->reason, reason);
}

void
omen_host_drain_leave(OmenDrainDomain *domain, const char *reason)
{
    domain->place = OMEN_DRAIN_AT_LEFT;
    set_text(&domain->reason, reason);
}

void
omen_host_drain_return(OmenDrainDomain *domain, guint64 evacuation)
{
    domain->place = OMEN_DRAIN_AT_RETURNING;
    domain->way_back = evacuation;
}

void
omen_host_drain_forget(OmenHostDrain *self, OmenDrainDomain *domain)
{
    g_ptr_array_remove(self->domains, domain);
}

static void
take_end_of_move(OmenHostDrain *self,
                 OmenDrainDomain *domain,
                 gboolean good,
                 const char *where,
                 const char *error)
{
    if (good) {
        domain->place = OMEN_DRAIN_AT_AWAY;
        set_text(&domain->destination, where);
        set_text(&domain->reason, "");
    } else if (self->state == OMEN_DRAIN_RETURNING) {
        omen_host_drain_forget(self, domain); /* it never left */
    } else {
        omen_host_drain_stay(domain, error);
    }
}

static void
take_end_of_return(OmenHostDrain *self, OmenDrainDomain *domain, gboolean good, const char *error)
{
    if (good)
        omen_host_drain_forget(self, domain);
    else if (self->state == OMEN_DRAIN_RETURNING)
        omen_host_drain_leave(domain, error);
    else
        domain->place = OMEN_DRAIN_AT_AWAY; /* the way back was ended; there may be another */
}

void
omen_host_drain_take_end(OmenHostDrain *self,
                         OmenDrainDomain *domain,
                         gboolean good,
                         const char *where,
                         const char *error)
{
    if (domain->place == OMEN_DRAIN_AT_MOVING)
        take_end_of_move(self, domain, good, where, error);
    else if (domain->place == OMEN_DRAIN_AT_RETURNING)
        take_end_of_return(self, domain, good, error);
}

/* What no longer runs here, and did not move, is in nobody's way. */
static void
drop_gone(OmenHostDrain *self, GHashTable *here)
{
    for (guint i = self->domains->len; i > 0; i--) {
        const OmenDrainDomain *domain = domain_at(self, i - 1);
        if ((domain->place == OMEN_DRAIN_AT_WAITING || domain->place == OMEN_DRAIN_AT_STAYS) &&
            !g_hash_table_contains(here, domain->uuid))
            g_ptr_array_remove_index(self->domains, i - 1);
    }
}

static void
add(OmenHostDrain *self, const char *uuid, const char *name)
{
    OmenDrainDomain *domain = g_new0(OmenDrainDomain, 1);

    domain->uuid = g_strdup(uuid);
    domain->name = g_strdup(name);
    domain->destination = g_strdup("");
    domain->reason = g_strdup("");
    g_ptr_array_add(self->domains, domain);
}

void
omen_host_drain_look(OmenHostDrain *self, const char *const *uuids, const char *const *names)
{
    g_autoptr(GHashTable) here = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);

    if (!is_under_way(self))
        return;
    for (guint i = 0; uuids[i]; i++)
        g_hash_table_add(here, (gpointer) uuids[i]);
    drop_gone(self, here);
    for (guint i = 0; i < self->domains->len; i++) {
        OmenDrainDomain *domain = domain_at(self, i);
        g_hash_table_add(known, domain->uuid);
        /* Somebody brought it back. */
        if (domain->place == OMEN_DRAIN_AT_AWAY && g_hash_table_contains(here, domain->uuid)) {
            domain->place = OMEN_DRAIN_AT_WAITING;
            set_text(&domain->destination, "");
        }
    }
    for (guint i = 0; uuids[i]; i++) {
        if (!g_hash_table_contains(known, uuids[i]) && self->domains->len < OMEN_DRAIN_MAX_DOMAINS)
            add(self, uuids[i], names[i]);
    }
}

/* ---- what follows ---- */

static void
settle_drain(OmenHostDrain *self, gint64 now_us)
{
    guint n_staying = count(self, OMEN_DRAIN_AT_STAYS);

    if (count(self, OMEN_DRAIN_AT_WAITING) > 0)
        return;
    self->state = OMEN_DRAIN_DRAINING;
    if (count(self, OMEN_DRAIN_AT_MOVING) > 0)
        return;
    if (n_staying == 0 && self->domains->len < OMEN_DRAIN_MAX_DOMAINS) {
        end(self, OMEN_DRAIN_DRAINED, now_us);
        return;
    }
    g_free(self->reason);
    self->reason = g_strdup_printf("%u of %u domains cannot leave", n_staying, self->domains->len);
    end(self, OMEN_DRAIN_FAILED, now_us);
}

static void
settle_return(OmenHostDrain *self, gint64 now_us)
{
    guint n_left = count(self, OMEN_DRAIN_AT_LEFT);

    if (n_left < self->domains->len)
        return;
    if (n_left > 0) {
        g_free(self->reason);
        self->reason = n_left == 1 ? g_strdup("a domain was left where it is")
                                   : g_strdup_printf("%u domains were left where they are", n_left);
    }
    end(self, OMEN_DRAIN_NONE, now_us);
}

gboolean
omen_host_drain_settle(OmenHostDrain *self, gboolean is_seen, gint64 now_us)
{
    gboolean is_late = FALSE;

    if (is_seen && is_under_way(self))
        settle_drain(self, now_us);
    else if (is_seen && self->state == OMEN_DRAIN_RETURNING)
        settle_return(self, now_us);
    if (is_under_way(self) && now_us >= self->deadline_us) {
        g_autofree char *why =
            g_strdup_printf("not done within %" G_GINT64_FORMAT " s",
                            (self->deadline_us - self->begun_us) / G_USEC_PER_SEC);
        is_late = omen_host_drain_stop(self, why, now_us, NULL);
    }
    self->n_domains = self->domains->len;
    self->n_away = count(self, OMEN_DRAIN_AT_AWAY);
    return is_late;
}
