/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of a replay as a page: see page.h. */
#pragma once

#include "chart.h"
#include "shadow.h"

G_BEGIN_DECLS

typedef struct ReplayPage ReplayPage;

ReplayPage *replay_page_new(double threshold);
void replay_page_free(ReplayPage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReplayPage, replay_page_free)

void replay_page_begin(ReplayPage *self, const char *name);
void replay_page_add(ReplayPage *self, gint64 time_us, const OmenDecision *decision);
void replay_page_end(ReplayPage *self, OmenDetector *detector, Shadow *shadow);

/* "-": standard output. */
gboolean replay_page_write(ReplayPage *self, const char *path, GError **error);

G_END_DECLS
