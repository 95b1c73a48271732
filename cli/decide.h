/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator decides about an omen. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

typedef enum {
    DECISION_APPROVE,
    DECISION_DISMISS,
    DECISION_CONFIRM,
    DECISION_CLEAR,
    DECISION_ACCEPT,
} Decision;

const char *decision_to_string(Decision decision);

/* Tells the daemon, and says in a sentence what was done and to whom. (transfer full): NULL with
 * @error. */
char *decision_apply(Client *client, const char *path, Decision decision, GError **error);

G_END_DECLS
