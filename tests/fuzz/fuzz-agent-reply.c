/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's agent may answer: anything. */
#include "fuzz.h"
#include "hypervisor/agent-reply.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(JsonNode) reply = omen_agent_reply_parse((const char *) data, size);
    gsize length;

    if (reply) {
        g_free(omen_agent_reply_get_bytes(reply, "out-data", &length));
        omen_agent_reply_get_int(reply, "pid", -1);
    }
    return 0;
}
