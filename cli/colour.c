/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <unistd.h>

gboolean
command_has_colour(void)
{
    return isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR");
}
