/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest agent's reply: JSON that a guest wrote, so of bounded length and depth before it is
 * parsed. Pure. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define OMEN_AGENT_REPLY_MAX   (1024 * 1024)
#define OMEN_AGENT_REPLY_DEPTH 16

/* What stands under "return", an object or a number; NULL for anything that is no such reply.
 * Returns: (transfer full) (nullable). */
JsonNode *omen_agent_reply_parse(const char *text, gsize length);

/* A member of an object that is a whole number; @fallback where there is none. */
gint64 omen_agent_reply_get_int(JsonNode *reply, const char *member, gint64 fallback);

/* A member in base64: its bytes, followed by NUL. (transfer full) (nullable). */
char *omen_agent_reply_get_bytes(JsonNode *reply, const char *member, gsize *length);

G_END_DECLS
