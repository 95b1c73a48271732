/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A detector's settings, by the names that they have in files: [miner], [profile], [detector].
 * Pure. */
#pragma once

#include <virt-omen/detector.h>

G_BEGIN_DECLS

/* Is that group one of a detector's? */
gboolean omen_detector_config_has_group(const char *group);

/*
 * Sets one. @strings: (element-type utf8): takes what the config points into; it must live as long.
 * FALSE with @error (OMEN_DETECTOR_ERROR_BAD_SETTING): unknown key, or a value that makes no sense,
 * with what is allowed.
 */
gboolean omen_detector_config_set(OmenDetectorConfig *self,
                                  GPtrArray *strings,
                                  const char *group,
                                  const char *key,
                                  const char *value,
                                  GError **error);

G_END_DECLS
