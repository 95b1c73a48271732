/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This host's health for its neighbours: a node attribute of Pacemaker, and a file of conditions as
 * node-problem-detector knows them.
 * All of it by omen_host_health_assess(). Told on every change, and again now and then, for a
 * cluster that came up later.
 */
#pragma once

#include "omen/host-health.h"

G_BEGIN_DECLS

#define OMEN_TYPE_HEALTH (omen_health_get_type())
G_DECLARE_FINAL_TYPE(OmenHealth, omen_health, OMEN, HEALTH, GObject)

/* References @omens. */
OmenHealth *omen_health_new(OmenRegistry *omens);

/* @attrd_updater: the program that sets node attributes, NULL: none; @condition_file: "": none. May
 * be called again. */
void omen_health_configure(OmenHealth *self, const char *attrd_updater, const char *condition_file);

/* In mode observe nothing must follow from an omen: green is told, and why. */
void omen_health_set_observing(OmenHealth *self, gboolean observing);

OmenHealthLevel omen_health_get_level(OmenHealth *self);

G_END_DECLS
