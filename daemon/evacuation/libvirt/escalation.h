/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can still be done for a domain that can not leave a host that is about to fail: step by
 * step, and only what the policy permits. */
#pragma once

#include "hypervisor/libvirt-types.h"

G_BEGIN_DECLS

#define OMEN_ESCALATION_ERROR (omen_escalation_error_quark())
GQuark omen_escalation_error_quark(void);

typedef enum {
    OMEN_ESCALATION_ERROR_UNKNOWN_STEP,
    OMEN_ESCALATION_ERROR_NO_HELP, /* no step did it */
} OmenEscalationError;

typedef enum {
    OMEN_ESCALATION_SAVE = 1 << 0,     /* its memory to a file on shared storage; it stands still */
    OMEN_ESCALATION_SHUTDOWN = 1 << 1, /* in order, by its own will */
    OMEN_ESCALATION_RELIEVE =
        1 << 2, /* where memory is short: others whose owners agreed give some */
} OmenEscalationSteps;

/* "relieve", "save", "shutdown". */
gboolean omen_escalation_parse(char **words, OmenEscalationSteps *steps, GError **error);

typedef struct {
    char *source_uri;
    char *uuid;
    char *save_dir; /* on shared storage; "": it is not saved */
    OmenEscalationSteps steps;
    gboolean memory_is_short; /* else there is nothing to relieve */
    guint shutdown_limit_s;   /* for how long it may take */
} OmenEscalationOrder;

void omen_escalation_order_free(OmenEscalationOrder *self);

/* Blocks, for minutes: for worker threads. Returns: (transfer full): what was done, and how to undo
 * it; NULL with @error. */
char *omen_escalation_run(const OmenEscalationOrder *order, GError **error);

G_END_DECLS
