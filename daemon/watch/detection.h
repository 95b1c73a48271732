/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line that a stream took for a sign of failure, as an omen holds it: what was seen, what is
 * normal instead, and what was said of it. */
#pragma once

#include "omen/omen.h"
#include "watch/stream.h"

G_BEGIN_DECLS

/* Call it while @record is the latest of @stream. @domain_uuid, @domain_name: "" for the host's
 * stream. Returns: (transfer full): seen at this moment, and without an expiry. */
OmenData *omen_detection_describe(OmenStream *stream,
                                  const char *domain_uuid,
                                  const char *domain_name,
                                  const OmenRecord *record,
                                  const OmenDecision *decision);

G_END_DECLS
