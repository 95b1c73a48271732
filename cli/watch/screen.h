/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A terminal as a screen of lines: each drawn whole, cut to the width there is, in place of what
 * was there. Not more lines than there is room for.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
    SCREEN_PLAIN,
    SCREEN_BOLD,
    SCREEN_FAINT,
    SCREEN_GOOD,
    SCREEN_WARNING,
    SCREEN_BAD,
} ScreenStyle;

typedef enum {
    SCREEN_KEY_TEXT, /* a character */
    SCREEN_KEY_UP,
    SCREEN_KEY_DOWN,
    SCREEN_KEY_PAGE_UP,
    SCREEN_KEY_PAGE_DOWN,
    SCREEN_KEY_HOME,
    SCREEN_KEY_END,
    SCREEN_KEY_ENTER,
    SCREEN_KEY_ESCAPE,
    SCREEN_KEY_BACKSPACE,
} ScreenKey;

/* A key was pressed. @character: of SCREEN_KEY_TEXT, else 0. */
typedef void (*ScreenKeyFunc)(ScreenKey key, gunichar character, gpointer user_data);

typedef struct Screen Screen;

/* Standard output is a terminal that can be drawn on: not TERM=dumb. */
gboolean screen_is_possible(void);

/* Takes standard output, a terminal, and hides what was on it until screen_close(). */
Screen *screen_open(ScreenKeyFunc on_key, gpointer user_data);
void screen_close(Screen *self);

/* As of the last frame. */
guint screen_get_width(const Screen *self);
guint screen_get_height(const Screen *self);

/* A frame: its lines, then show. The size of the terminal is asked for anew at its beginning. */
void screen_begin(Screen *self);
void screen_add(Screen *self, ScreenStyle style, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same, shown as chosen. */
void screen_add_chosen(Screen *self, ScreenStyle style, const char *text);
void screen_show(Screen *self);

/* Values 0..1 as @width characters, the latest last. (transfer full). */
char *screen_sparkline(const double *values, gsize n, guint width);

/* @share: 0..1. (transfer full). */
char *screen_bar(double share, guint width);

/* @text in no more than @width columns. (transfer full). */
char *screen_cut(const char *text, guint width);

/* The same, with a mark at its end where something was cut off. (transfer full). */
char *screen_fit(const char *text, guint width);

/* The same, filled with blanks to @width columns. (transfer full). */
char *screen_pad(const char *text, guint width);

/* @text in lines of at most @width columns, parted between words. (transfer full) (element-type
 * utf8). */
GPtrArray *screen_wrap(const char *text, guint width);

G_END_DECLS
