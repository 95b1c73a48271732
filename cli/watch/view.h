/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The screen of watch: a list with one row chosen, that row's details, a question, help. It knows
 * what is shown and what keys mean; it neither reads the daemon nor changes it.
 */
#pragma once

#include "decide.h"
#include "rows.h"

G_BEGIN_DECLS

typedef struct WatchView WatchView;

typedef struct {
    /* What stands in a row's details. (transfer full) */
    char *(*describe)(const char *path, gpointer user_data);
    /* The operator decided. (transfer full): what to tell him. */
    char *(*decide)(const char *path, Decision decision, gpointer user_data);
    void (*quit)(gpointer user_data);
} WatchViewActions;

WatchView *watch_view_new(const WatchViewActions *actions, gpointer user_data);
void watch_view_free(WatchView *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WatchView, watch_view_free)

/* Rows that are to be listed contain this. (transfer none) */
const char *watch_view_get_filter(const WatchView *self);

/* The state of affairs: one line, and what the operator should know. (transfer none) */
void watch_view_set_head(WatchView *self, const char *head, const char *const *problems);

/* Rows as of now; the chosen one stays chosen if it is still there. Takes @rows. */
void watch_view_set_rows(WatchView *self, GPtrArray *rows);

void watch_view_draw(WatchView *self, Screen *screen);

void watch_view_take_key(WatchView *self, ScreenKey key, gunichar character);

G_END_DECLS
