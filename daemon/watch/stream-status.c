/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/stream-status.h"

void
omen_stream_status_free(OmenStreamStatus *self)
{
    if (self == NULL)
        return;
    g_free(self->source);
    g_free(self->problem);
    g_free(self);
}
