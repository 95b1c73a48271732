/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host's drain, from state to state, and what is written of it. */
#include "fleet/drain-wish.h"
#include "fleet/host-drain.h"

#include <string.h>

#define SECOND G_TIME_SPAN_SECOND

static const char *const both[] = {"u1", "u2", NULL};
static const char *const both_names[] = {"g1", "g2", NULL};
static const char *const nobody[] = {NULL};

static OmenDrainDomain *
find(OmenHostDrain *drain, const char *uuid)
{
    for (guint i = 0; i < drain->domains->len; i++) {
        OmenDrainDomain *domain = g_ptr_array_index(drain->domains, i);
        if (g_str_equal(domain->uuid, uuid))
            return domain;
    }
    return NULL;
}

/* Begun at 0, for an hour; two domains wait. */
static OmenHostDrain *
begin(void)
{
    OmenHostDrain *drain = omen_host_drain_new();

    g_assert_true(omen_host_drain_begin(drain, "alpha", 0, 3600, NULL));
    g_assert_cmpint(drain->mark, ==, OMEN_DRAIN_MARK_SET);
    omen_host_drain_look(drain, both, both_names);
    g_assert_false(omen_host_drain_settle(drain, TRUE, SECOND));
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_PENDING);
    return drain;
}

/* Both have left. */
static OmenHostDrain *
drain_all(void)
{
    OmenHostDrain *drain = begin();

    omen_host_drain_move(find(drain, "u1"), 11);
    omen_host_drain_move(find(drain, "u2"), 12);
    omen_host_drain_settle(drain, TRUE, 2 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_DRAINING);
    omen_host_drain_take_end(drain, find(drain, "u1"), TRUE, "beta", "");
    omen_host_drain_settle(drain, TRUE, 3 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_DRAINING);
    omen_host_drain_take_end(drain, find(drain, "u2"), TRUE, "gamma", "");
    omen_host_drain_look(drain, nobody, nobody);
    omen_host_drain_settle(drain, TRUE, 4 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_DRAINED);
    return drain;
}

static void
test_drained(void)
{
    g_autoptr(OmenHostDrain) drain = drain_all();

    g_assert_cmpuint(drain->n_domains, ==, 2);
    g_assert_cmpuint(drain->n_away, ==, 2);
    g_assert_cmpstr(find(drain, "u2")->destination, ==, "gamma");
    g_assert_false(omen_host_drain_is_busy(drain));
}

static void
test_empty(void)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_new();

    omen_host_drain_begin(drain, "alpha", 0, 60, NULL);
    /* Nobody has looked yet: it is not known to be empty. */
    omen_host_drain_settle(drain, FALSE, SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_PENDING);
    omen_host_drain_look(drain, nobody, nobody);
    omen_host_drain_settle(drain, TRUE, SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_DRAINED);
}

static void
test_stays(void)
{
    g_autoptr(OmenHostDrain) drain = begin();

    omen_host_drain_move(find(drain, "u1"), 11);
    omen_host_drain_stay(find(drain, "u2"), "never-move");
    omen_host_drain_take_end(drain, find(drain, "u1"), TRUE, "beta", "");
    omen_host_drain_settle(drain, TRUE, 2 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_FAILED);
    g_assert_cmpstr(drain->reason, ==, "1 of 2 domains cannot leave");
    g_assert_cmpstr(find(drain, "u2")->reason, ==, "never-move");

    /* Once more: what is away stays known, what stayed is looked at anew. */
    g_assert_true(omen_host_drain_begin(drain, "alpha", 3 * SECOND, 60, NULL));
    g_assert_cmpstr(drain->reason, ==, "");
    g_assert_nonnull(find(drain, "u1"));
    g_assert_null(find(drain, "u2"));
    omen_host_drain_look(drain, both + 1, both_names + 1);
    g_assert_cmpint(find(drain, "u2")->place, ==, OMEN_DRAIN_AT_WAITING);
}

/* What its owner has stopped meanwhile is in nobody's way, and what was started has to leave too.
 */
static void
test_meanwhile(void)
{
    const char *const other[] = {"u3", NULL};
    const char *const other_name[] = {"g3", NULL};
    g_autoptr(OmenHostDrain) drain = begin();

    omen_host_drain_stay(find(drain, "u2"), "never-move");
    omen_host_drain_look(drain, other, other_name);
    g_assert_null(find(drain, "u1"));
    g_assert_null(find(drain, "u2"));
    g_assert_cmpint(find(drain, "u3")->place, ==, OMEN_DRAIN_AT_WAITING);
    omen_host_drain_look(drain, nobody, nobody);
    omen_host_drain_settle(drain, TRUE, 2 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_DRAINED);
}

static void
test_brought_back(void)
{
    const char *const one[] = {"u1", NULL};
    const char *const name[] = {"g1", NULL};
    g_autoptr(OmenHostDrain) drain = begin();

    omen_host_drain_move(find(drain, "u1"), 11);
    omen_host_drain_move(find(drain, "u2"), 12);
    omen_host_drain_take_end(drain, find(drain, "u1"), TRUE, "beta", "");
    omen_host_drain_look(drain, one, name);
    g_assert_cmpint(find(drain, "u1")->place, ==, OMEN_DRAIN_AT_WAITING);
    g_assert_cmpint(find(drain, "u2")->place, ==, OMEN_DRAIN_AT_MOVING);
}

static void
test_busy(void)
{
    g_autoptr(OmenHostDrain) drain = begin();
    g_autoptr(GError) error = NULL;

    g_assert_false(omen_host_drain_begin(drain, "beta", SECOND, 60, &error));
    g_assert_error(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_BUSY);
    g_assert_cmpstr(drain->by, ==, "alpha");
}

static void
test_late(void)
{
    g_autoptr(OmenHostDrain) drain = begin();
    g_autoptr(GError) error = NULL;

    omen_host_drain_move(find(drain, "u1"), 11);
    g_assert_false(omen_host_drain_settle(drain, FALSE, 3599 * SECOND));
    g_assert_true(omen_host_drain_settle(drain, FALSE, 3600 * SECOND));
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_FAILED);
    g_assert_cmpstr(drain->reason, ==, "not done within 3600 s");
    g_assert_cmpstr(find(drain, "u2")->reason, ==, "not done within 3600 s");
    /* One is being cancelled: it may still get there, and is known then. */
    g_assert_true(omen_host_drain_is_busy(drain));
    g_assert_false(omen_host_drain_begin(drain, "alpha", 3601 * SECOND, 60, &error));
    g_assert_error(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_BUSY);
    omen_host_drain_take_end(drain, find(drain, "u1"), TRUE, "beta", "");
    g_assert_false(omen_host_drain_settle(drain, TRUE, 3601 * SECOND));
    g_assert_false(omen_host_drain_is_busy(drain));
    g_assert_cmpuint(drain->n_away, ==, 1);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_FAILED);
}

static void
test_home(void)
{
    g_autoptr(OmenHostDrain) drain = drain_all();

    g_assert_true(omen_host_drain_undo(drain, "beta", 5 * SECOND, NULL));
    g_assert_cmpint(drain->mark, ==, OMEN_DRAIN_MARK_CLEARED);
    omen_host_drain_settle(drain, TRUE, 6 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_RETURNING);
    omen_host_drain_return(find(drain, "u1"), 21);
    omen_host_drain_leave(find(drain, "u2"), "it does not run");
    omen_host_drain_settle(drain, TRUE, 7 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_RETURNING);
    omen_host_drain_take_end(drain, find(drain, "u1"), TRUE, "alpha", "");
    g_assert_null(find(drain, "u1"));
    omen_host_drain_settle(drain, TRUE, 8 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_NONE);
    g_assert_cmpstr(drain->reason, ==, "a domain was left where it is");
    g_assert_cmpstr(find(drain, "u2")->reason, ==, "it does not run");

    /* What was left is not this host's any more. */
    g_assert_true(omen_host_drain_begin(drain, "alpha", 9 * SECOND, 60, NULL));
    g_assert_cmpuint(drain->domains->len, ==, 0);
}

/* In the middle of the way away: what has not left does not count. */
static void
test_undone_early(void)
{
    g_autoptr(OmenHostDrain) drain = begin();

    omen_host_drain_move(find(drain, "u1"), 11);
    g_assert_true(omen_host_drain_undo(drain, "alpha", 5 * SECOND, NULL));
    g_assert_null(find(drain, "u2"));
    omen_host_drain_settle(drain, TRUE, 6 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_RETURNING);
    omen_host_drain_take_end(drain, find(drain, "u1"), FALSE, "", "cancelled");
    omen_host_drain_settle(drain, TRUE, 7 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_NONE);
    g_assert_cmpstr(drain->reason, ==, "");
}

static void
test_ended(void)
{
    g_autoptr(OmenHostDrain) drain = drain_all();
    g_autoptr(GError) error = NULL;

    g_assert_false(omen_host_drain_stop(drain, "ended", 5 * SECOND, &error));
    g_assert_error(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_NOTHING);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_DRAINED);

    /* The way back is ended: what is still away can be brought home later. */
    omen_host_drain_undo(drain, "alpha", 5 * SECOND, NULL);
    omen_host_drain_return(find(drain, "u1"), 21);
    omen_host_drain_return(find(drain, "u2"), 22);
    g_assert_true(omen_host_drain_stop(drain, "ended", 6 * SECOND, NULL));
    omen_host_drain_take_end(drain, find(drain, "u1"), FALSE, "", "cancelled");
    omen_host_drain_take_end(drain, find(drain, "u2"), TRUE, "", "");
    omen_host_drain_settle(drain, TRUE, 7 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_FAILED);
    g_assert_cmpint(find(drain, "u1")->place, ==, OMEN_DRAIN_AT_AWAY);
    g_assert_null(find(drain, "u2"));
    g_assert_false(omen_host_drain_is_busy(drain));
}

static OmenHostDrain *
read_again(const OmenHostDrain *drain)
{
    g_autofree char *json = omen_host_drain_write(drain, OMEN_DRAIN_MAX_DOMAINS);
    OmenHostDrain *again = omen_host_drain_parse(json);

    g_assert_nonnull(again);
    return again;
}

/* A way back that failed does not make it forgotten by which evacuation it left: by that is known
 * whether it has moved again since. */
static void
test_ways(void)
{
    g_autoptr(OmenHostDrain) drain = drain_all();
    g_autoptr(OmenHostDrain) later = NULL;

    omen_host_drain_undo(drain, "alpha", 5 * SECOND, NULL);
    omen_host_drain_return(find(drain, "u1"), 21);
    omen_host_drain_return(find(drain, "u2"), 22);
    omen_host_drain_take_end(drain, find(drain, "u2"), FALSE, "", "beta does not answer");
    later = read_again(drain);
    g_assert_cmpuint(find(later, "u1")->evacuation, ==, 11);
    g_assert_cmpuint(find(later, "u1")->way_back, ==, 21);
    g_assert_cmpuint(find(later, "u2")->evacuation, ==, 12);
}

/* Of a version with one field for both ways. */
static void
test_one_way(void)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_parse(
        "{\"state\":\"returning\",\"domains\":[{\"uuid\":\"u1\",\"name\":\"g1\","
        "\"place\":\"returning\",\"evacuation\":21}]}");

    g_assert_nonnull(drain);
    g_assert_cmpuint(find(drain, "u1")->way_back, ==, 21);
}

/* What was left is tried again by the next undrain, and named again where it is left again. */
static void
test_undone_again(void)
{
    g_autoptr(OmenHostDrain) drain = drain_all();

    omen_host_drain_undo(drain, "alpha", 5 * SECOND, NULL);
    omen_host_drain_leave(find(drain, "u1"), "beta does not answer");
    omen_host_drain_leave(find(drain, "u2"), "it has moved again since");
    omen_host_drain_settle(drain, TRUE, 6 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_NONE);

    g_assert_true(omen_host_drain_undo(drain, "alpha", 7 * SECOND, NULL));
    g_assert_nonnull(find(drain, "u1"));
    g_assert_cmpint(find(drain, "u1")->place, ==, OMEN_DRAIN_AT_AWAY);
    g_assert_cmpstr(find(drain, "u1")->reason, ==, "");
    g_assert_cmpuint(find(drain, "u1")->evacuation, ==, 11);
    omen_host_drain_settle(drain, TRUE, 8 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_RETURNING);
    omen_host_drain_return(find(drain, "u1"), 31);
    omen_host_drain_leave(find(drain, "u2"), "it has moved again since");
    omen_host_drain_take_end(drain, find(drain, "u1"), TRUE, "alpha", "");
    omen_host_drain_settle(drain, TRUE, 9 * SECOND);
    g_assert_cmpint(drain->state, ==, OMEN_DRAIN_NONE);
    g_assert_cmpstr(drain->reason, ==, "a domain was left where it is");
    g_assert_cmpuint(drain->domains->len, ==, 1);
}

static gboolean
is_twelve(guint64 evacuation, gpointer user_data G_GNUC_UNUSED)
{
    return evacuation == 12;
}

/* What ends with the drain: not what is needed without it, nor what waits or is away. */
static void
test_moves_that_end(void)
{
    const char *const four[] = {"u1", "u2", "u3", "u4", NULL};
    const char *const names[] = {"g1", "g2", "g3", "g4", NULL};
    g_autoptr(OmenHostDrain) drain = begin();
    g_autoptr(GArray) moves = NULL;

    omen_host_drain_look(drain, four, names);
    omen_host_drain_move(find(drain, "u1"), 11);
    omen_host_drain_move(find(drain, "u2"), 12);
    omen_host_drain_move(find(drain, "u3"), 13);
    omen_host_drain_return(find(drain, "u3"), 23);
    moves = omen_host_drain_list_moves(drain, is_twelve, NULL);
    g_assert_cmpuint(moves->len, ==, 2);
    g_assert_cmpuint(g_array_index(moves, guint64, 0), ==, 11);
    g_assert_cmpuint(g_array_index(moves, guint64, 1), ==, 23);
}

static void
test_written(void)
{
    g_autoptr(OmenHostDrain) drain = begin();
    g_autoptr(OmenHostDrain) all = NULL;
    g_autoptr(OmenHostDrain) few = NULL;
    g_autofree char *json = NULL;
    g_autofree char *short_json = NULL;
    g_autofree char *again = NULL;

    omen_host_drain_move(find(drain, "u1"), 11);
    omen_host_drain_take_end(drain, find(drain, "u1"), TRUE, "beta", "");
    omen_host_drain_stay(find(drain, "u2"), "a \"bad\" \n one");
    omen_host_drain_answer(drain, "w1", "");
    omen_host_drain_answer(drain, "w2", "too old");
    omen_host_drain_settle(drain, TRUE, 2 * SECOND);
    json = omen_host_drain_write(drain, OMEN_DRAIN_MAX_DOMAINS);
    all = omen_host_drain_parse(json);
    g_assert_nonnull(all);
    again = omen_host_drain_write(all, OMEN_DRAIN_MAX_DOMAINS);
    g_assert_cmpstr(json, ==, again);
    g_assert_cmpint(all->state, ==, OMEN_DRAIN_FAILED);
    g_assert_cmpint(all->mark, ==, OMEN_DRAIN_MARK_SET);
    g_assert_cmpint(all->deadline_us, ==, 3600 * SECOND);
    g_assert_cmpstr(all->wish, ==, "w1");
    g_assert_cmpstr(all->refused_wish, ==, "w2");
    g_assert_cmpstr(all->refused, ==, "too old");
    g_assert_cmpuint(find(all, "u1")->evacuation, ==, 11);
    g_assert_cmpint(find(all, "u1")->place, ==, OMEN_DRAIN_AT_AWAY);
    g_assert_null(strchr(find(all, "u2")->reason, '\n'));

    /* Others are told of those that stay. */
    short_json = omen_host_drain_write(drain, 1);
    few = omen_host_drain_parse(short_json);
    g_assert_cmpuint(few->domains->len, ==, 1);
    g_assert_nonnull(find(few, "u2"));
    g_assert_cmpuint(few->n_domains, ==, 2);
}

/* The store tells of the last wish for ever: after what was ordered since, and a restart, too. */
static void
test_heard_once(void)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_new();
    g_autoptr(OmenHostDrain) later = NULL;
    g_autoptr(OmenDrainWish) first = omen_drain_wish_new(OMEN_DRAIN_ORDER_DRAIN, "beta", 60);
    g_autoptr(OmenDrainWish) second = omen_drain_wish_new(OMEN_DRAIN_ORDER_DRAIN, "beta", 60);

    g_assert_true(omen_host_drain_hear(drain, first));
    omen_host_drain_answer(drain, first->id, "");
    omen_host_drain_answer(drain, "an undrain of here", "");
    omen_host_drain_answer(drain, "an abort of here", "nothing is under way");
    g_assert_false(omen_host_drain_hear(drain, first));
    later = read_again(drain);
    g_assert_false(omen_host_drain_hear(later, first));
    g_assert_true(omen_host_drain_hear(later, second));
    g_assert_false(omen_host_drain_hear(later, second));
}

/* Asked for while the store was away, and heard of after an operator here has decided. */
static void
test_overtaken(void)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_new();
    g_autoptr(OmenHostDrain) later = NULL;
    g_autoptr(OmenDrainWish) wish = omen_drain_wish_new(OMEN_DRAIN_ORDER_DRAIN, "beta", 60);

    g_assert_false(omen_host_drain_is_overtaken(drain, wish));
    drain->ordered_us = wish->time_us + SECOND;
    later = read_again(drain);
    g_assert_true(omen_host_drain_is_overtaken(later, wish));
    wish->time_us = drain->ordered_us + 1;
    g_assert_false(omen_host_drain_is_overtaken(later, wish));
}

/* Of a version that knew answers alone. */
static void
test_heard_before(void)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_parse(
        "{\"state\":\"none\",\"wish\":\"w1\",\"refused_wish\":\"w2\",\"domains\":[]}");
    OmenDrainWish heeded = {.id = (char *) "w1"};
    OmenDrainWish refused = {.id = (char *) "w2"};

    g_assert_false(omen_host_drain_hear(drain, &heeded));
    g_assert_false(omen_host_drain_hear(drain, &refused));
}

static void
test_bad_rows(void)
{
    const char *const rows[] = {"",
                                "[]",
                                "{}",
                                "{\"state\":\"gone\"}",
                                "{\"state\":7}",
                                "{\"state\":\"none\",\"domains\":[[[[[[]]]]]]}"};
    g_autoptr(OmenHostDrain) odd = omen_host_drain_parse(
        "{\"state\":\"failed\",\"domains\":[7,{},{\"place\":\"there\"},{\"place\":\"away\"}]}");

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_null(omen_host_drain_parse(rows[i]));
    g_assert_nonnull(odd);
    g_assert_cmpuint(odd->domains->len, ==, 1);
    g_assert_cmpstr(find(odd, "")->name, ==, "");
}

/* Another host's, or whoever writes for it, costs this one little. */
static void
test_told(void)
{
    g_autoptr(GString) json = g_string_new("{\"state\":\"failed\",\"domains\":[");
    g_autoptr(OmenHostDrain) own = NULL;
    g_autoptr(OmenHostDrain) told = NULL;

    for (guint i = 0; i < 100; i++)
        g_string_append(json, i > 0 ? ",{\"place\":\"stays\"}" : "{\"place\":\"stays\"}");
    g_string_append(json, "]}");
    own = omen_host_drain_parse(json->str);
    told = omen_host_drain_parse_told(json->str);
    g_assert_cmpuint(own->domains->len, ==, 100);
    g_assert_cmpuint(told->domains->len, ==, OMEN_DRAIN_MAX_TOLD);
    while (json->len <= OMEN_DRAIN_MAX_TOLD_ROW)
        g_string_append_c(json, ' ');
    g_assert_null(omen_host_drain_parse_told(json->str));
}

/* What hosts tell others is never too long for them to read. */
static void
test_longest_told(void)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_new();
    g_autoptr(OmenHostDrain) told = NULL;
    g_autofree char *long_text = g_strnfill(1000, '\\');
    const char *uuids[OMEN_DRAIN_MAX_TOLD + 2] = {NULL};
    const char *names[OMEN_DRAIN_MAX_TOLD + 2] = {NULL};
    g_autofree char *json = NULL;

    for (guint i = 0; i <= OMEN_DRAIN_MAX_TOLD; i++) {
        g_autofree char *uuid = g_strdup_printf("u%u", i);
        uuids[i] = g_intern_string(uuid);
        names[i] = long_text;
    }
    g_assert_true(omen_host_drain_begin(drain, long_text, SECOND, 3600, NULL));
    omen_host_drain_look(drain, uuids, names);
    for (guint i = 0; i < drain->domains->len; i++)
        omen_host_drain_stay(g_ptr_array_index(drain->domains, i), long_text);
    omen_host_drain_answer(drain, long_text, long_text);
    json = omen_host_drain_write(drain, OMEN_DRAIN_MAX_TOLD);
    told = omen_host_drain_parse_told(json);
    g_assert_nonnull(told);
    g_assert_cmpuint(told->domains->len, ==, OMEN_DRAIN_MAX_TOLD);
}

static void
test_wish(void)
{
    g_autoptr(OmenDrainWish) wish = omen_drain_wish_new(OMEN_DRAIN_ORDER_UNDRAIN, "beta", 0);
    g_autofree char *json = omen_drain_wish_write(wish);
    g_autoptr(OmenDrainWish) read = omen_drain_wish_parse(json);
    const char *const bad[] = {"", "{}",
                               "{\"id\":\"1\",\"by\":\"b\",\"order\":\"destroy\",\"timeout_s\":1}",
                               "{\"id\":\"\",\"by\":\"b\",\"order\":\"drain\",\"timeout_s\":1}",
                               "{\"id\":\"1\",\"by\":\"b\",\"order\":\"drain\"}"};

    g_assert_nonnull(read);
    g_assert_cmpstr(read->id, ==, wish->id);
    g_assert_cmpstr(read->by, ==, "beta");
    g_assert_cmpint(read->order, ==, OMEN_DRAIN_ORDER_UNDRAIN);
    g_assert_cmpuint(read->timeout_s, ==, 3600);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(omen_drain_wish_parse(bad[i]));
    g_assert_true(omen_drain_wish_is_fresh(read, read->time_us + 3600 * SECOND));
    g_assert_false(omen_drain_wish_is_fresh(read, read->time_us + 4000 * SECOND));
    g_assert_false(omen_drain_wish_is_fresh(read, read->time_us - 3600 * SECOND));
}

/* The machine "node" is the fleet's "node2"; the fleet's "node" is another one. */
static void
test_whose(void)
{
    g_assert_true(omen_drain_wish_is_for("node2", "node2", "node", TRUE));
    g_assert_false(omen_drain_wish_is_for("node", "node2", "node", TRUE));
    g_assert_true(omen_drain_wish_is_for("node", "node2", "node", FALSE));
    g_assert_false(omen_drain_wish_is_for("beta", "node2", "node", FALSE));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-drain/drained", test_drained);
    g_test_add_func("/host-drain/empty", test_empty);
    g_test_add_func("/host-drain/stays", test_stays);
    g_test_add_func("/host-drain/meanwhile", test_meanwhile);
    g_test_add_func("/host-drain/brought-back", test_brought_back);
    g_test_add_func("/host-drain/busy", test_busy);
    g_test_add_func("/host-drain/late", test_late);
    g_test_add_func("/host-drain/home", test_home);
    g_test_add_func("/host-drain/undone-early", test_undone_early);
    g_test_add_func("/host-drain/ended", test_ended);
    g_test_add_func("/host-drain/ways", test_ways);
    g_test_add_func("/host-drain/one-way", test_one_way);
    g_test_add_func("/host-drain/undone-again", test_undone_again);
    g_test_add_func("/host-drain/moves-that-end", test_moves_that_end);
    g_test_add_func("/host-drain/written", test_written);
    g_test_add_func("/host-drain/heard-once", test_heard_once);
    g_test_add_func("/host-drain/overtaken", test_overtaken);
    g_test_add_func("/host-drain/heard-before", test_heard_before);
    g_test_add_func("/host-drain/bad-rows", test_bad_rows);
    g_test_add_func("/host-drain/told", test_told);
    g_test_add_func("/host-drain/longest-told", test_longest_told);
    g_test_add_func("/host-drain/wish", test_wish);
    g_test_add_func("/host-drain/whose", test_whose);
    return g_test_run();
}
