/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host's way back: after a danger is over the host is checked (health-check.h), by a thread that
 * nobody waits for, again and again until what left it may come back. What is found wrong begins
 * the time anew.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_TYPE_RECOVERY (omen_recovery_get_type())
G_DECLARE_FINAL_TYPE(OmenRecovery, omen_recovery, OMEN, RECOVERY, GObject)

/* Begins in doubt of nothing, as a host that may have been endangered before. */
OmenRecovery *omen_recovery_new(void);

/* Where the check writes; @interval_s: from one to the next. */
void omen_recovery_configure(OmenRecovery *self, const char *folder, guint interval_s);

/* How the host is, by its omens; to be called every few seconds. */
void omen_recovery_note(OmenRecovery *self, gboolean is_endangered);

/* An operator's word: it is well, as far as taking guests goes. */
void omen_recovery_vouch(OmenRecovery *self);

/* (nullable): why it should not take guests though no omen is open: since it was endangered no
 * check has found it well. */
const char *omen_recovery_get_doubt(OmenRecovery *self);

/* It has been well for so long, by the last check as well, and that has not been told yet
 * (omen_recovery_end()). */
gboolean omen_recovery_is_over(OmenRecovery *self, guint for_s);
void omen_recovery_end(OmenRecovery *self);

G_END_DECLS
