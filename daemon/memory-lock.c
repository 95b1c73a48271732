/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "memory-lock.h"

#include <errno.h>
#include <sys/mman.h>

gboolean
omen_memory_lock(char **problem)
{
    if (mlockall(MCL_CURRENT) == 0 && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return TRUE;
    *problem = g_strdup_printf("its memory cannot be locked (%s), so it may not survive the loss "
                               "of the root disk: set LimitMEMLOCK=infinity, or set lock_memory=no",
                               g_strerror(errno));
    return FALSE;
}
