/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps the daemon in memory: when the root disk dies, neither its code nor its data can be read
 * from there any more, and it is needed just then.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads in all that is mapped now and keeps it; what is mapped later is kept once it was touched.
 * Before threads start: their stacks are many and hardly used. FALSE with @problem (transfer full):
 * the system does not allow it; it runs on all the same. */
gboolean omen_memory_lock(char **problem);

G_END_DECLS
