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

typedef struct Screen Screen;

/* Takes standard output, a terminal, and hides what was on it until screen_close(). @on_quit is
 * called when the user wants to end ("q"). */
Screen *screen_open(GSourceFunc on_quit, gpointer user_data);
void screen_close(Screen *self);

guint screen_get_width(const Screen *self);

/* A frame: its lines, then show. The size of the terminal is asked for anew at its beginning. */
void screen_begin(Screen *self);
void screen_add(Screen *self, ScreenStyle style, const char *format, ...) G_GNUC_PRINTF(3, 4);
void screen_show(Screen *self);

/* Values 0..1 as @width characters, the latest last. (transfer full). */
char *screen_sparkline(const double *values, gsize n, guint width);

/* @share: 0..1. (transfer full). */
char *screen_bar(double share, guint width);

/* @text in no more than @width columns. (transfer full). */
char *screen_cut(const char *text, guint width);

G_END_DECLS
