/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen drain, undrain. */
#include "client.h"
#include "command.h"
#include "json.h"

#include <stdio.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

#define POLL_US G_USEC_PER_SEC
/* A host that does not take up what it is asked for, and a daemon that is being restarted. */
#define TAKE_UP_LIMIT_S 30
#define SILENCE_LIMIT_S 60

typedef enum {
    TURN_WAITS,
    TURN_RUNS,
    TURN_DONE,
    TURN_FAILED,
} TurnState;

/* One host of those that were named. */
typedef struct {
    const char *host;
    char *wish; /* (nullable): not asked yet */
    TurnState state;
    guint n_silent; /* times that nothing was heard */
    guint n_unheard;
    GVariant *drain; /* (nullable): as it was heard last */
} Turn;

/* What is done with all of them. */
typedef struct {
    const char *command; /* "drain" or "undrain" */
    const char *method;
    const char *goal; /* the state that is waited for */
    guint at_most;    /* hosts at once */
    guint timeout_s;  /* 0: the usual */
    gboolean json;
} Round;

static void
turn_clear(gpointer data)
{
    Turn *self = data;

    g_free(self->wish);
    g_clear_pointer(&self->drain, g_variant_unref);
}

/* "" where it is not told. */
static const char *
text_of(GVariant *row, const char *name)
{
    const char *text = "";

    if (row)
        g_variant_lookup(row, name, "&s", &text);
    return text;
}

static guint32
number_of(GVariant *row, const char *name)
{
    guint32 number = 0;

    if (row)
        g_variant_lookup(row, name, "u", &number);
    return number;
}

/* ---- showing ---- */

static GVariant *
domains_of(const Turn *turn)
{
    return turn->drain ? g_variant_lookup_value(turn->drain, "domains", G_VARIANT_TYPE("aa{sv}"))
                       : NULL;
}

static gboolean
is_in_the_way(const char *place)
{
    return g_str_equal(place, "stays") || g_str_equal(place, "left");
}

/* Those that did not go where they were to go, and why. Returns: how many. */
static guint
tell_domains(const Turn *turn, gboolean quiet)
{
    g_autoptr(GVariant) domains = domains_of(turn);
    guint n = 0;

    for (gsize i = 0; domains && i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) row = g_variant_get_child_value(domains, i);
        const char *place = text_of(row, "place");
        if (!is_in_the_way(place))
            continue;
        n++;
        if (!quiet)
            g_print("  %s %s: %s\n", text_of(row, "domain"),
                    g_str_equal(place, "left") ? "was left where it is" : "stays",
                    text_of(row, "reason"));
    }
    return n;
}

static void
add_domains(const Turn *turn, JsonBuilder *builder)
{
    static const char *const names[] = {"domain", "uuid", "place", "destination", "reason"};
    g_autoptr(GVariant) domains = domains_of(turn);

    json_builder_set_member_name(builder, "domains");
    json_builder_begin_array(builder);
    for (gsize i = 0; domains && i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) row = g_variant_get_child_value(domains, i);
        json_builder_begin_object(builder);
        for (gsize j = 0; j < G_N_ELEMENTS(names); j++)
            json_add_string(builder, names[j], text_of(row, names[j]));
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
print_json(GArray *turns)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_array(builder);
    for (guint i = 0; i < turns->len; i++) {
        const Turn *turn = &g_array_index(turns, Turn, i);
        json_builder_begin_object(builder);
        json_add_string(builder, "host", turn->host);
        json_add_string(builder, "state", text_of(turn->drain, "state"));
        json_add_string(builder, "reason", text_of(turn->drain, "reason"));
        json_add_count(builder, "total", number_of(turn->drain, "total"));
        json_add_count(builder, "away", number_of(turn->drain, "away"));
        add_domains(turn, builder);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    client_print_json(json_builder_get_root(builder));
}

static void
show_progress(const Turn *turn)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %s, %u of %u domains away", turn->host,
                text_of(turn->drain, "state"), number_of(turn->drain, "away"),
                number_of(turn->drain, "total"));
}

/* ---- one host ---- */

static void
fail(const Round *round, Turn *turn, const char *why)
{
    turn->state = TURN_FAILED;
    command_fail(round->command, EXIT_FAILED, "%s: %s", turn->host, why);
}

/* Asks for it. FALSE: why not was told. */
static gboolean
ask(Client *client, const Round *round, Turn *turn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    GVariantBuilder options;

    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    if (round->timeout_s > 0)
        g_variant_builder_add(&options, "{sv}", "timeout_s",
                              g_variant_new_uint32(round->timeout_s));
    reply = client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, round->method,
                        g_variant_new("(sa{sv})", turn->host, &options), &error);
    if (!reply) {
        fail(round, turn, error->message);
        return FALSE;
    }
    g_variant_get(reply, "(s)", &turn->wish);
    turn->state = TURN_RUNS;
    return TRUE;
}

/* FALSE with @error: nothing was heard. */
static gboolean
hear(Client *client, Turn *turn, GError **error)
{
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "GetDrain",
                    g_variant_new("(s@a{sv})", turn->host, g_variant_new("a{sv}", NULL)), error);

    if (!reply)
        return FALSE;
    g_clear_pointer(&turn->drain, g_variant_unref);
    turn->drain = g_variant_get_child_value(reply, 0);
    return TRUE;
}

static void
tell_end(const Round *round, Turn *turn)
{
    const char *state = text_of(turn->drain, "state");
    const char *reason = text_of(turn->drain, "reason");
    gboolean is_there = g_str_equal(state, round->goal);
    guint n_in_the_way;

    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (!round->json)
        g_print("%s: %s%s%s\n", turn->host,
                is_there && g_str_equal(state, "none") ? "no longer drained" : state,
                *reason ? ": " : "", reason);
    n_in_the_way = tell_domains(turn, round->json);
    turn->state = is_there && n_in_the_way == 0 ? TURN_DONE : TURN_FAILED;
}

/* What is known of it by now. */
static void
take_news(const Round *round, Turn *turn)
{
    const char *state = text_of(turn->drain, "state");

    if (g_str_equal(text_of(turn->drain, "refused_wish"), turn->wish)) {
        fail(round, turn, text_of(turn->drain, "refused"));
        return;
    }
    if (!g_str_equal(text_of(turn->drain, "wish"), turn->wish)) {
        if (++turn->n_unheard > TAKE_UP_LIMIT_S)
            fail(round, turn,
                 "it did not accept the request: its virt-omend is not running, or another "
                 "operator has requested something else; see virt-omen fleet");
        return;
    }
    if (g_str_equal(state, "pending") || g_str_equal(state, "draining") ||
        g_str_equal(state, "returning"))
        show_progress(turn);
    else
        tell_end(round, turn);
}

/* A daemon that is restarted goes on with it. */
static void
poll_host(Client *client, const Round *round, Turn *turn)
{
    g_autoptr(GError) error = NULL;

    if (hear(client, turn, &error)) {
        turn->n_silent = 0;
        take_news(round, turn);
    } else if (client->was_refused || ++turn->n_silent > SILENCE_LIMIT_S) {
        fail(round, turn, error->message);
    }
}

/* ---- all of them ---- */

static guint
count(GArray *turns, TurnState state)
{
    guint n = 0;

    for (guint i = 0; i < turns->len; i++)
        n += g_array_index(turns, Turn, i).state == state ? 1 : 0;
    return n;
}

/* (transfer full) (nullable): a host that the fleet's brake holds. */
static char *
find_held(GVariant *rows)
{
    for (gsize i = 0; i < g_variant_n_children(rows); i++) {
        g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
        gboolean is_held = FALSE;
        g_variant_lookup(row, "held_by_brake", "b", &is_held);
        if (is_held)
            return g_strdup(text_of(row, "host"));
    }
    return NULL;
}

/* Whether one more host may be emptied. FALSE: why not was told. */
static gboolean
may_go_on(Client *client, const Round *round, GArray *turns)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) rows = NULL;
    g_autofree char *held = NULL;

    if (count(turns, TURN_FAILED) > 0)
        return FALSE;
    reply = client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ListFleet",
                        g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), &error);
    if (!reply) {
        command_fail(round->command, EXIT_FAILED,
                     "whether the fleet's brake holds is not known: %s", error->message);
        return FALSE;
    }
    rows = g_variant_get_child_value(reply, 0);
    held = find_held(rows);
    if (held)
        command_fail(round->command, EXIT_FAILED,
                     "the fleet's brake holds %s: no further host is drained; see virt-omen fleet",
                     held);
    return held == NULL;
}

/* Asks as many as may be under way at once. FALSE: no further one is begun. */
static gboolean
begin_more(Client *client, const Round *round, GArray *turns)
{
    for (guint i = 0; i < turns->len && count(turns, TURN_RUNS) < round->at_most; i++) {
        Turn *turn = &g_array_index(turns, Turn, i);
        if (turn->state != TURN_WAITS)
            continue;
        if (turns->len > 1 && !may_go_on(client, round, turns))
            return FALSE;
        if (!ask(client, round, turn))
            return FALSE;
    }
    return TRUE;
}

static int
drive(Client *client, const Round *round, GArray *turns)
{
    gboolean goes_on = TRUE;

    while (TRUE) {
        goes_on = goes_on && begin_more(client, round, turns);
        if (count(turns, TURN_RUNS) == 0)
            break;
        g_usleep(POLL_US);
        for (guint i = 0; i < turns->len; i++) {
            if (g_array_index(turns, Turn, i).state == TURN_RUNS)
                poll_host(client, round, &g_array_index(turns, Turn, i));
        }
    }
    for (guint i = 0; i < turns->len; i++) {
        if (g_array_index(turns, Turn, i).state == TURN_WAITS)
            command_fail(round->command, EXIT_FAILED, "%s: not started",
                         g_array_index(turns, Turn, i).host);
    }
    if (round->json)
        print_json(turns);
    return count(turns, TURN_DONE) == turns->len ? EXIT_GOOD : EXIT_FAILED;
}

/* Asks, and does not wait. */
static int
ask_all(Client *client, const Round *round, GArray *turns, const char *said)
{
    gboolean good = TRUE;

    for (guint i = 0; i < turns->len; i++) {
        Turn *turn = &g_array_index(turns, Turn, i);
        if (!ask(client, round, turn))
            good = FALSE;
        else if (!round->json)
            g_print("%s: %s; virt-omen fleet shows the progress.\n", turn->host, said);
        else
            hear(client, turn, NULL);
    }
    if (round->json)
        print_json(turns);
    return good ? EXIT_GOOD : EXIT_FAILED;
}

static GArray *
make_turns(char **hosts)
{
    GArray *turns = g_array_new(FALSE, TRUE, sizeof(Turn));

    g_array_set_clear_func(turns, turn_clear);
    for (; *hosts; hosts++) {
        const Turn turn = {.host = *hosts};
        g_array_append_val(turns, turn);
    }
    return turns;
}

/* ---- the commands ---- */

int
command_drain(int argc, char **argv)
{
    gboolean wait = FALSE;
    gboolean abort = FALSE;
    int at_most = 0;
    int timeout_s = 0;
    Round round = {.command = "drain", .method = "Drain", .goal = "drained", .at_most = 1};
    const GOptionEntry entries[] = {
        {"wait", 0, 0, G_OPTION_ARG_NONE, &wait, "Wait until it has ended", NULL},
        {"timeout", 0, 0, G_OPTION_ARG_INT, &timeout_s,
         "Time limit, after which it has failed (3600)", "SECONDS"},
        {"at-most", 0, 0, G_OPTION_ARG_INT, &at_most,
         "Hosts drained at a time, of several (1); implies --wait", "N"},
        {"abort", 0, 0, G_OPTION_ARG_NONE, &abort, "End the drain: what has not moved yet stays",
         NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &round.json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GArray) turns = NULL;
    int status;

    if (!client_begin(&client, entries, &argc, &argv, 1, G_MAXINT,
                      "name a host; virt-omen fleet lists them", &status))
        return status;
    if (at_most < 0 || timeout_s < 0 || (abort && (wait || at_most > 0)))
        return command_fail("drain", EXIT_USAGE,
                            "--at-most and --timeout need a number above 0; --abort goes with "
                            "neither");
    turns = make_turns(argv + 1);
    round.timeout_s = (guint) timeout_s;
    if (abort) {
        round.method = "AbortDrain";
        return ask_all(&client, &round, turns, "what has not moved yet stays");
    }
    if (at_most > 0)
        round.at_most = (guint) at_most;
    if (wait || at_most > 0 || turns->len > 1)
        return drive(&client, &round, turns);
    return ask_all(&client, &round, turns, "in maintenance, and its domains move away");
}

int
command_undrain(int argc, char **argv)
{
    gboolean wait = FALSE;
    Round round = {.command = "undrain", .method = "Undrain", .goal = "none", .at_most = 1};
    const GOptionEntry entries[] = {
        {"wait", 0, 0, G_OPTION_ARG_NONE, &wait, "Wait until it has ended", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &round.json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GArray) turns = NULL;
    int status;

    if (!client_begin(&client, entries, &argc, &argv, 1, 1,
                      "name a host; virt-omen fleet lists them", &status))
        return status;
    turns = make_turns(argv + 1);
    if (wait)
        return drive(&client, &round, turns);
    return ask_all(&client, &round, turns, "no longer in maintenance, and what left comes back");
}
