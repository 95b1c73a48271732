/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the block devices of a host from /sys. May wait: for worker threads. */
#pragma once

#include "topology/block-graph.h"

G_BEGIN_DECLS

/* @root: "" for this host, or the folder of a recorded one. A /sys that is not there gives an empty
 * graph. Where loop devices lie is not linked yet: that needs the mounts. */
OmenBlockGraph *omen_block_reader_read(const char *root);

G_END_DECLS
