/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an omen asks the evacuator for: by when, and whether the host may die. Pure. */
#pragma once

#include "evacuation/queue/evacuator.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

OmenEvacuationRequest omen_request_of_omen(OmenRegistry *omens, const OmenData *omen);

/* By its number. Of an omen that is forgotten, or none (0): by how the host is. */
OmenEvacuationRequest omen_request_describe(OmenRegistry *omens, guint64 omen_id);

G_END_DECLS
