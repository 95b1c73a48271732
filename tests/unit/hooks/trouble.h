/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Included ahead of the hook that is tested: what may happen to it where it looks at the
 * quarantine. */
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static inline int
open_in_trouble(const char *path, int flags)
{
    const char *signal_number = getenv("HOOK_SIGNAL");

    if (signal_number)
        raise(atoi(signal_number));
    while (getenv("HOOK_HANGS"))
        pause();
    return open(path, flags);
}
#define open open_in_trouble
