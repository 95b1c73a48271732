/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's log by its agent alone: its journal (guest-exec of journalctl), or else the files that
 * its syslog daemon writes (guest-file-read).
 */
#pragma once

#include "hypervisor/hypervisor.h"

G_BEGIN_DECLS

#define OMEN_AGENT_LOG_BYTES (48 * 1024) /* taken at once, at most */

typedef enum {
    OMEN_AGENT_LOG_UNKNOWN,
    OMEN_AGENT_LOG_JOURNAL,
    OMEN_AGENT_LOG_FILE,
} OmenAgentLogKind;

/* Where reading has come to. */
typedef struct {
    OmenAgentLogKind kind;
    char *place; /* the journal's cursor, or the file's path */
    gint64 offset;
} OmenAgentLogPlace;

void omen_agent_log_place_clear(OmenAgentLogPlace *self);

/* "journal CURSOR", "file OFFSET PATH". */
char *omen_agent_log_place_to_string(const OmenAgentLogPlace *self);
void omen_agent_log_place_from_string(OmenAgentLogPlace *self, const char *text);

/* Asks for the lines since @place, on a worker thread; the first time only finds the end. */
void omen_agent_log_read_async(OmenHypervisor *hypervisor,
                               const char *uuid,
                               const OmenAgentLogPlace *place,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

/* Moves @place on. Returns: (transfer full): the lines, "" for nothing new; NULL with @error:
 * G_IO_ERROR_PERMISSION_DENIED where the agent forbids it, G_IO_ERROR_NOT_FOUND where there is no
 * log. */
char *omen_agent_log_read_finish(GAsyncResult *result, OmenAgentLogPlace *place, GError **error);

G_END_DECLS
