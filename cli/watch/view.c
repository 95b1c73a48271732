/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view.h"

#include <string.h>
#include <virt-omen/bus-names.h>

#define MAX_PROBLEMS 3
#define MAX_FILTER   64

typedef enum {
    VIEW_LIST,
    VIEW_FILTER, /* the list, and a filter is being typed */
    VIEW_ASK,    /* the list, and a decision waits for a yes */
    VIEW_DETAILS,
    VIEW_HELP,
} ViewState;

struct WatchView {
    WatchViewActions actions;
    gpointer user_data;
    ViewState state;
    char *head;
    char **problems;
    GPtrArray *rows; /* WatchRow */
    char *chosen;    /* path; NULL: the first row that has one */
    guint first;     /* row at the top */
    guint page;      /* rows that there was room for */
    GString *filter;
    Decision asked;
    char *asked_path; /* of the omen that is asked about, whatever is chosen meanwhile */
    char *message;    /* of the last decision; NULL: none */
    char *text;       /* of the details */
    guint text_first;
};

static const char help_text[] =
    "Keys\n\n"
    "  up, down, k, j          choose a row\n"
    "  page up, page down      a page further\n"
    "  home, end               the first, the last row\n"
    "  enter                   open the row: why an omen was raised, how a guest is heard\n"
    "  /                       show only rows that contain a text; enter keeps it, escape ends it\n"
    "  a                       approve the omen: do what it proposes\n"
    "  d                       dismiss the omen: a false alarm\n"
    "  c                       confirm the omen: it was real\n"
    "  e                       clear the omen: the problem is over\n"
    "  escape                  go back\n"
    "  ?                       this page\n"
    "  q                       quit\n\n"
    "Each decision asks for confirmation first.\n"
    "A row of a host or domain ends in its scores of the last two minutes, the latest at the right:\n"
    "the higher, the less its log resembles what is normal there.\n";

WatchView *
watch_view_new(const WatchViewActions *actions, gpointer user_data)
{
    WatchView *self = g_new0(WatchView, 1);

    self->actions = *actions;
    self->user_data = user_data;
    self->head = g_strdup("");
    self->rows = g_ptr_array_new();
    self->filter = g_string_new(NULL);
    return self;
}

void
watch_view_free(WatchView *self)
{
    g_free(self->head);
    g_strfreev(self->problems);
    g_ptr_array_unref(self->rows);
    g_free(self->chosen);
    g_free(self->asked_path);
    g_string_free(self->filter, TRUE);
    g_free(self->message);
    g_free(self->text);
    g_free(self);
}

const char *
watch_view_get_filter(const WatchView *self)
{
    return self->filter->str;
}

void
watch_view_set_head(WatchView *self, const char *head, const char *const *problems)
{
    g_free(self->head);
    self->head = g_strdup(head);
    g_strfreev(self->problems);
    self->problems = g_strdupv((char **) problems);
}

static const WatchRow *
row_at(const WatchView *self, guint i)
{
    return g_ptr_array_index(self->rows, i);
}

/* The row that is chosen; -1: there is none that can be. */
static int
find_chosen(const WatchView *self)
{
    int first = -1;

    for (guint i = 0; i < self->rows->len; i++) {
        if (!row_at(self, i)->path)
            continue;
        if (g_strcmp0(row_at(self, i)->path, self->chosen) == 0)
            return (int) i;
        if (first < 0)
            first = (int) i;
    }
    return first;
}

static void
choose(WatchView *self, int row)
{
    if (row < 0)
        return;
    g_free(self->chosen);
    self->chosen = g_strdup(row_at(self, (guint) row)->path);
}

void
watch_view_set_rows(WatchView *self, GPtrArray *rows)
{
    g_ptr_array_unref(self->rows);
    self->rows = rows;
    choose(self, find_chosen(self));
}

/* ---- drawing ---- */

static guint
draw_head(const WatchView *self, Screen *screen)
{
    guint n_problems = self->problems ? g_strv_length(self->problems) : 0;
    guint n_shown = MIN(n_problems, MAX_PROBLEMS);

    screen_add(screen, SCREEN_BOLD, "%s", self->head);
    for (guint i = 0; i < n_shown; i++)
        screen_add(screen, SCREEN_WARNING, "problem: %s", self->problems[i]);
    if (n_problems > n_shown)
        screen_add(screen, SCREEN_WARNING, "and %u problems more; virt-omen status lists them",
                   n_problems - n_shown);
    return 1 + n_shown + (n_problems > n_shown ? 1 : 0);
}

/* Moves what is shown so that the chosen row is in it. */
static void
scroll(WatchView *self, int chosen)
{
    guint n = self->rows->len;

    if (chosen >= 0 && (guint) chosen < self->first)
        self->first = (guint) chosen;
    if (chosen >= 0 && (guint) chosen >= self->first + self->page)
        self->first = (guint) chosen + 1 - self->page;
    /* A title stays with the first of its rows; no place is left empty below. */
    if (chosen > 0 && self->first == (guint) chosen && !row_at(self, (guint) chosen - 1)->path)
        self->first--;
    self->first = MIN(self->first, n > self->page ? n - self->page : 0);
}

static void
fill(Screen *screen, guint n)
{
    for (guint i = 0; i < n; i++)
        screen_add(screen, SCREEN_PLAIN, "%s", "");
}

static void
draw_list(WatchView *self, Screen *screen, guint room)
{
    int chosen = find_chosen(self);
    guint end;

    self->page = MAX(room, 1);
    scroll(self, chosen);
    end = MIN(self->first + room, self->rows->len);
    for (guint i = self->first; i < end; i++) {
        const WatchRow *row = row_at(self, i);
        if ((int) i == chosen)
            screen_add_chosen(screen, row->style, row->text);
        else
            screen_add(screen, row->style, "%s", row->text);
    }
    fill(screen, room - (end - self->first));
}

/* Text that may be longer than there is room for. Returns whether all is shown. */
static gboolean
draw_text(WatchView *self, Screen *screen, const char *text, guint room)
{
    g_autoptr(GPtrArray) lines = screen_wrap(text, screen_get_width(screen));
    guint last_first = lines->len > room ? lines->len - room : 0;
    guint end;

    self->page = MAX(room, 1);
    self->text_first = MIN(self->text_first, last_first);
    end = MIN(self->text_first + room, lines->len);
    for (guint i = self->text_first; i < end; i++)
        screen_add(screen, SCREEN_PLAIN, "%s", (const char *) g_ptr_array_index(lines, i));
    fill(screen, room - (end - self->text_first));
    return last_first == 0;
}

static void
draw_foot(const WatchView *self, Screen *screen)
{
    guint n = self->rows->len;

    if (self->state == VIEW_FILTER)
        screen_add(screen, SCREEN_BOLD, "filter: %s_   enter keeps it, escape ends it",
                   self->filter->str);
    else if (self->state == VIEW_ASK)
        screen_add(screen, SCREEN_BOLD, "%s omen %s?   y yes, any other key no",
                   decision_to_string(self->asked), strrchr(self->asked_path, '/') + 1);
    else if (self->message)
        screen_add(screen, SCREEN_BOLD, "%s", self->message);
    else if (n > self->page)
        screen_add(screen, SCREEN_FAINT,
                   "rows %u to %u of %u   ? help  / filter  enter open  q quit", self->first + 1,
                   MIN(self->first + self->page, n), n);
    else
        screen_add(screen, SCREEN_FAINT, "? help  / filter%s%s%s  enter open  a approve  q quit",
                   self->filter->len > 0 ? " (" : "", self->filter->str,
                   self->filter->len > 0 ? ")" : "");
}

void
watch_view_draw(WatchView *self, Screen *screen)
{
    guint height;
    guint used;

    screen_begin(screen);
    height = screen_get_height(screen);
    if (self->state == VIEW_DETAILS || self->state == VIEW_HELP) {
        const char *text = self->state == VIEW_HELP ? help_text : self->text;
        gboolean is_whole = draw_text(self, screen, text, height > 1 ? height - 1 : 1);
        screen_add(
            screen, SCREEN_FAINT, "%sescape goes back%s", is_whole ? "" : "up, down scroll; ",
            self->state == VIEW_DETAILS && g_str_has_prefix(self->chosen, OMEN_BUS_OMENS_PATH)
                ? "   a approve  d dismiss  c confirm  e clear"
                : "");
    } else {
        used = draw_head(self, screen) + 1;
        draw_list(self, screen, height > used ? height - used : 1);
        draw_foot(self, screen);
    }
    screen_show(screen);
}

/* ---- keys ---- */

/* To the next row that can be chosen, @steps further. */
static void
move(WatchView *self, int steps)
{
    int at = find_chosen(self);
    int way = steps < 0 ? -1 : 1;
    int last = at;

    for (int i = at + way; at >= 0 && steps != 0 && i >= 0 && i < (int) self->rows->len; i += way) {
        if (!row_at(self, (guint) i)->path)
            continue;
        last = i;
        steps -= way;
    }
    choose(self, last);
}

static int
steps_of_key(const WatchView *self, ScreenKey key, gunichar character)
{
    const int far = G_MAXINT / 2;

    switch (key) {
    case SCREEN_KEY_UP:
        return -1;
    case SCREEN_KEY_DOWN:
        return 1;
    case SCREEN_KEY_PAGE_UP:
        return -(int) self->page;
    case SCREEN_KEY_PAGE_DOWN:
        return (int) self->page;
    case SCREEN_KEY_HOME:
        return -far;
    case SCREEN_KEY_END:
        return far;
    default:
        return character == 'k' ? -1 : character == 'j' ? 1 : 0;
    }
}

static void
open_details(WatchView *self)
{
    if (find_chosen(self) < 0)
        return;
    g_free(self->text);
    self->text = self->actions.describe(self->chosen, self->user_data);
    self->text_first = 0;
    self->state = VIEW_DETAILS;
}

/* An omen's decision is asked for; other rows have none. */
static void
ask(WatchView *self, gunichar character)
{
    static const struct {
        gunichar character;
        Decision decision;
    } keys[] = {{'a', DECISION_APPROVE},
                {'d', DECISION_DISMISS},
                {'c', DECISION_CONFIRM},
                {'e', DECISION_CLEAR}};

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].character != character)
            continue;
        if (self->chosen && g_str_has_prefix(self->chosen, OMEN_BUS_OMENS_PATH "/")) {
            self->asked = keys[i].decision;
            g_free(self->asked_path);
            self->asked_path = g_strdup(self->chosen);
            self->state = VIEW_ASK;
        } else {
            self->message = g_strdup("Choose an omen first.");
        }
    }
}

static void
take_list_key(WatchView *self, ScreenKey key, gunichar character)
{
    int steps = steps_of_key(self, key, character);

    if (steps != 0)
        move(self, steps);
    else if (key == SCREEN_KEY_ENTER)
        open_details(self);
    else if (key == SCREEN_KEY_ESCAPE)
        g_string_truncate(self->filter, 0);
    else if (character == '/')
        self->state = VIEW_FILTER;
    else if (character == '?' || character == 'h')
        self->state = VIEW_HELP;
    else
        ask(self, character);
    if (self->state == VIEW_HELP)
        self->text_first = 0;
}

static void
take_filter_key(WatchView *self, ScreenKey key, gunichar character)
{
    if (key == SCREEN_KEY_TEXT && self->filter->len < MAX_FILTER)
        g_string_append_unichar(self->filter, character);
    else if (key == SCREEN_KEY_BACKSPACE && self->filter->len > 0)
        g_string_truncate(self->filter,
                          (gsize) (g_utf8_find_prev_char(self->filter->str,
                                                         self->filter->str + self->filter->len) -
                                   self->filter->str));
    else if (key == SCREEN_KEY_ENTER || key == SCREEN_KEY_ESCAPE)
        self->state = VIEW_LIST;
    if (key == SCREEN_KEY_ESCAPE)
        g_string_truncate(self->filter, 0);
}

static void
take_answer(WatchView *self, gunichar character)
{
    self->state = VIEW_LIST;
    if (character == 'y')
        self->message = self->actions.decide(self->asked_path, self->asked, self->user_data);
}

static void
take_text_key(WatchView *self, ScreenKey key, gunichar character)
{
    int steps = steps_of_key(self, key, character);

    if (steps != 0)
        self->text_first = (guint) CLAMP((int) self->text_first + steps, 0, G_MAXINT / 2);
    else if (key == SCREEN_KEY_ESCAPE || key == SCREEN_KEY_ENTER || character == '?')
        self->state = VIEW_LIST;
    else if (self->state == VIEW_DETAILS)
        ask(self, character);
}

void
watch_view_take_key(WatchView *self, ScreenKey key, gunichar character)
{
    g_clear_pointer(&self->message, g_free);
    if (character == 'q' && self->state != VIEW_FILTER && self->state != VIEW_ASK) {
        self->actions.quit(self->user_data);
        return;
    }
    switch (self->state) {
    case VIEW_FILTER:
        take_filter_key(self, key, character);
        break;
    case VIEW_ASK:
        take_answer(self, character);
        break;
    case VIEW_DETAILS:
    case VIEW_HELP:
        take_text_key(self, key, character);
        break;
    default:
        take_list_key(self, key, character);
    }
}
