/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state database in a folder of its own, with a row of each kind. */
#pragma once

#include "state/state-db.h"

G_BEGIN_DECLS

typedef struct {
    char *directory;
    char *path;
} StateFixture;

/* A folder of its own, and what removes it. */
void state_fixture_set_up(StateFixture *fixture, gconstpointer data);
void state_fixture_tear_down(StateFixture *fixture, gconstpointer data);

/* (transfer full); tries again after 20 ms. */
OmenStateDb *state_fixture_open(const char *path, OmenStateContents **contents);

/* @text: freed, and set to a copy of @value. */
void state_fixture_set_text(char **text, const char *value);

/* A row of each kind, all of its fields set. (transfer full) */
OmenData *state_fixture_new_omen(guint64 id);
OmenEvacuationData *state_fixture_new_evacuation(guint64 id, OmenPhase phase);
OmenStreamRow *state_fixture_new_stream(const char *name, gint64 saved_us, guint size);

/* One row of each kind; _check_all looks whether they are there. */
void state_fixture_put_all(OmenStateDb *db);
void state_fixture_check_all(const OmenStateContents *contents);

G_END_DECLS
