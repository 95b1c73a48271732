/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a configuration is known to be wrong only when all of it is read. */
#pragma once

#include "configuration/configuration.h"

G_BEGIN_DECLS

/* FALSE with @error (OMEN_CONFIGURATION_ERROR_INVALID). */
gboolean omen_configuration_check(const OmenConfiguration *self, GError **error);

G_END_DECLS
