/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the configuration is written. Blocks: for the start and for worker threads. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The main file, be it there or not, then those of the conf.d beside it, sorted.
 * @path: the main file; NULL: the installed place. (transfer full). */
char **omen_configuration_files_list(const char *path);

/* Whether none but root, and who runs this, may write them: for the daemon, which runs the commands
 * that they name. FALSE with @error (OMEN_CONFIGURATION_ERROR_UNREADABLE). */
gboolean omen_configuration_files_check_trust(const char *path, GError **error);

/* The same of the judge's knowledge, which says what moves a VM, and of whom it is believed.
 * @folder: "": the installed one. */
gboolean omen_configuration_files_check_knowledge(const char *folder, GError **error);

G_END_DECLS
