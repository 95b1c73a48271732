/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether another try of the same migration may end otherwise, by libvirt's error code. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_REFUSAL_NONE,  /* what hindered may pass: a broken link, a libvirtd that is restarted */
    OMEN_REFUSAL_THERE, /* that destination says the same again; another one may not */
    OMEN_REFUSAL_EVERYWHERE, /* it is the domain's, wherever it goes */
} OmenRefusal;

/* @why (out): static, why that does not change, to be read after "not tried again there: "; "" if
 * it may. @error: of OMEN_LIBVIRT_ERROR or _MIGRATION_ERROR; NULL: it was interrupted. */
OmenRefusal omen_refusal_classify(const GError *error, const char **why);

G_END_DECLS
