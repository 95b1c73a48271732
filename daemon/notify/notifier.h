/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells whoever is to be told: the journal, a program, a webhook.
 *
 *   omens, evacuator  --"added", "changed"-->  notes  -->  journal, command
 *                                              alerts -->  webhook
 *
 * An omen is told when it was raised and the policy has answered, and again whenever what is done
 * about it changes; not for each record that joins it.
 */
#pragma once

#include "evacuation/queue/evacuator.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

typedef struct {
    gboolean journal;
    const char *command; /* "": none */
    guint command_timeout_s;
    const char *webhook; /* "": none */
} OmenNotifySettings;

#define OMEN_TYPE_NOTIFIER (omen_notifier_get_type())
G_DECLARE_FINAL_TYPE(OmenNotifier, omen_notifier, OMEN, NOTIFIER, GObject)

/* References both; tells what comes from now on. */
OmenNotifier *omen_notifier_new(OmenRegistry *omens, OmenEvacuator *evacuator);

/* May be called again. What is wrong in @settings is in the problem below; the rest holds. */
void omen_notifier_configure(OmenNotifier *self, const OmenNotifySettings *settings);

/* (nullable), borrowed. */
const char *omen_notifier_get_problem(OmenNotifier *self);

/* What could not be told. */
guint64 omen_notifier_get_n_failed(OmenNotifier *self);

G_END_DECLS
