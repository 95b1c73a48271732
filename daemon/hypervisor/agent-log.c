/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/agent-log.h"

#include "hypervisor/agent-reply.h"
#include "hypervisor/libvirt-types.h"

#include <libvirt/libvirt-qemu.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S   5
#define DEADLINE_S  60
#define POLL_US     (200 * 1000)
#define POLLS       20
#define JOURNALCTL  "/usr/bin/journalctl"
#define CURSOR_LINE "-- cursor: "
#define LINES       "200"
#define CURSOR_MAX  512

static const char *const files[] = {"/var/log/syslog", "/var/log/messages"};

void
omen_agent_log_place_clear(OmenAgentLogPlace *self)
{
    g_free(self->place);
    *self = (OmenAgentLogPlace){0};
}

char *
omen_agent_log_place_to_string(const OmenAgentLogPlace *self)
{
    if (self->kind == OMEN_AGENT_LOG_UNKNOWN)
        return NULL;
    return self->kind == OMEN_AGENT_LOG_JOURNAL
               ? g_strdup_printf("journal %s", self->place)
               : g_strdup_printf("file %" G_GINT64_FORMAT " %s", self->offset, self->place);
}

void
omen_agent_log_place_from_string(OmenAgentLogPlace *self, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text ? text : "", " ", 3);

    omen_agent_log_place_clear(self);
    if (g_strv_length(words) == 2 && g_str_equal(words[0], "journal")) {
        self->kind = OMEN_AGENT_LOG_JOURNAL;
        self->place = g_strdup(words[1]);
    } else if (g_strv_length(words) == 3 && g_str_equal(words[0], "file")) {
        self->kind = OMEN_AGENT_LOG_FILE;
        self->offset = MAX(g_ascii_strtoll(words[1], NULL, 10), 0);
        self->place = g_strdup(words[2]);
    }
}

/* (transfer full): NULL with @error. */
static JsonNode *
call(virDomainPtr domain, const char *command, GError **error)
{
    char *text = virDomainQemuAgentCommand(domain, command, TIMEOUT_S, 0);
    JsonNode *reply;

    if (!text) {
        omen_libvirt_set_error(error, "the guest's agent");
        return NULL;
    }
    reply = omen_agent_reply_parse(text, strlen(text));
    free(text);
    if (!reply)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "the guest's agent gave an invalid answer");
    return reply;
}

static JsonNode *
call_on(virDomainPtr domain, const char *name, gint64 handle, const char *more, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("{\"execute\":\"%s\",\"arguments\":{\"%s\":%" G_GINT64_FORMAT "%s}}", name,
                        g_str_equal(name, "guest-exec-status") ? "pid" : "handle", handle, more);

    return call(domain, command, error);
}

/* A cursor goes into a command: only what cursors are made of. */
static gboolean
is_cursor(const char *text)
{
    return *text && strlen(text) < CURSOR_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=;-_") ==
               strlen(text);
}

/* Takes the last line "-- cursor: ..." off @output. */
static gboolean
take_cursor(OmenAgentLogPlace *place, char *output)
{
    char *line = g_strrstr(output, CURSOR_LINE);
    char *cursor = line ? g_strstrip(line + strlen(CURSOR_LINE)) : NULL;

    if (!cursor || !is_cursor(cursor))
        return FALSE;
    g_free(place->place);
    place->place = g_strdup(cursor);
    place->kind = OMEN_AGENT_LOG_JOURNAL;
    *line = '\0';
    return TRUE;
}

static char *
read_journal(virDomainPtr domain, OmenAgentLogPlace *place, GError **error)
{
    gboolean is_first = place->kind == OMEN_AGENT_LOG_UNKNOWN;
    g_autofree char *after =
        is_first || !is_cursor(place->place)
            ? g_strdup("\"-n\",\"1\"")
            : g_strdup_printf("\"-n\",\"+" LINES "\",\"--after-cursor=%s\"", place->place);
    g_autofree char *command = g_strdup_printf(
        "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"" JOURNALCTL "\",\"arg\":"
        "[\"-o\",\"json\",\"--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER\","
        "\"--no-pager\",\"--show-cursor\",%s],\"capture-output\":true}}",
        after);
    g_autoptr(JsonNode) started = call(domain, command, error);
    gint64 pid = started ? omen_agent_reply_get_int(started, "pid", -1) : -1;

    for (guint i = 0; pid >= 0 && i < POLLS; i++) {
        g_autoptr(JsonNode) status = call_on(domain, "guest-exec-status", pid, "", error);
        g_autofree char *output = NULL;
        gsize length;
        if (!status)
            return NULL;
        output = omen_agent_reply_get_bytes(status, "out-data", &length);
        if (!output) {
            g_usleep(POLL_US);
            continue;
        }
        if (take_cursor(place, output))
            return is_first ? g_strdup("") : g_steal_pointer(&output);
        break;
    }
    if (error && !*error)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "journalctl in the guest prints nothing");
    return NULL;
}

/* Reads on from the place in an open file. (transfer full) (nullable). */
static char *
read_handle(
    virDomainPtr domain, gint64 handle, OmenAgentLogPlace *place, gboolean is_first, GError **error)
{
    g_autoptr(JsonNode) end =
        call_on(domain, "guest-file-seek", handle, ",\"offset\":0,\"whence\":2", error);
    gint64 size = end ? omen_agent_reply_get_int(end, "position", -1) : -1;
    g_autofree char *more = NULL;
    g_autoptr(JsonNode) moved = NULL;
    g_autoptr(JsonNode) data = NULL;
    g_autofree char *text = NULL;
    char *last;
    gsize length;

    if (size < 0)
        return NULL;
    if (is_first)
        place->offset = size;
    if (place->offset > size) /* it was rotated or truncated */
        place->offset = 0;
    if (place->offset == size)
        return g_strdup("");
    more = g_strdup_printf(",\"offset\":%" G_GINT64_FORMAT ",\"whence\":0", place->offset);
    moved = call_on(domain, "guest-file-seek", handle, more, error);
    data = moved ? call_on(domain, "guest-file-read", handle, ",\"count\":49152", error) : NULL;
    text = data ? omen_agent_reply_get_bytes(data, "buf-b64", &length) : NULL;
    if (!text)
        return NULL;
    /* Whole lines; of one that is longer than all that is read, what is there. */
    last = memrchr(text, '\n', length);
    if (last)
        last[1] = '\0';
    else if (length < OMEN_AGENT_LOG_BYTES)
        *text = '\0';
    place->offset += last ? last + 1 - text : *text ? (gint64) length : 0;
    return g_steal_pointer(&text);
}

static char *
read_file(virDomainPtr domain, OmenAgentLogPlace *place, const char *path, GError **error)
{
    gboolean is_first = place->kind == OMEN_AGENT_LOG_UNKNOWN;
    g_autofree char *command = g_strdup_printf(
        "{\"execute\":\"guest-file-open\",\"arguments\":{\"path\":\"%s\",\"mode\":\"r\"}}", path);
    g_autoptr(JsonNode) opened = call(domain, command, error);
    JsonNode *closed;
    gint64 handle = opened && JSON_NODE_HOLDS_VALUE(opened) ? json_node_get_int(opened) : -1;
    char *text;

    if (handle < 0)
        return NULL;
    text = read_handle(domain, handle, place, is_first, error);
    closed = call_on(domain, "guest-file-close", handle, "", NULL);
    g_clear_pointer(&closed, json_node_unref);
    if (text && is_first) {
        place->kind = OMEN_AGENT_LOG_FILE;
        g_free(place->place);
        place->place = g_strdup(path);
    }
    return text;
}

/* What qemu-ga says of a command that its policy forbids. */
static gboolean
is_forbidden(const GError *error)
{
    return strstr(error->message, "has been disabled") || strstr(error->message, "not allowed") ||
           strstr(error->message, "has not been found");
}

static char *
read_log(virDomainPtr domain, OmenAgentLogPlace *place, GError **error)
{
    g_autoptr(GError) of_journal = NULL;
    g_autoptr(GError) of_file = NULL;
    const GError *refused;
    char *text = NULL;

    if (place->kind != OMEN_AGENT_LOG_FILE)
        text = read_journal(domain, place, &of_journal);
    if (!text && place->kind == OMEN_AGENT_LOG_FILE)
        text = read_file(domain, place, place->place, &of_file);
    for (gsize i = 0; !text && place->kind == OMEN_AGENT_LOG_UNKNOWN && i < G_N_ELEMENTS(files);
         i++) {
        g_clear_error(&of_file);
        text = read_file(domain, place, files[i], &of_file);
    }
    if (text)
        return text;
    refused = of_file ? of_file : of_journal;
    if (refused && is_forbidden(refused))
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                    "the guest's agent forbids guest-exec and guest-file-open: allow them in its "
                    "configuration, or give the guest the channel org.virtomen.log.0");
    else
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "the guest's log can not be read: %s",
                    refused ? refused->message : "no answer");
    return NULL;
}

/* A request, and its answer. */
typedef struct {
    virConnectPtr connection;
    char *uuid;
    OmenAgentLogPlace place;
    char *text;
} Fetch;

static void
fetch_free(gpointer data)
{
    Fetch *self = data;

    if (self->connection)
        virConnectClose(self->connection);
    omen_agent_log_place_clear(&self->place);
    g_free(self->uuid);
    g_free(self->text);
    g_free(self);
}

static Fetch *
fetch_new(const OmenAgentLogPlace *place)
{
    Fetch *self = g_new0(Fetch, 1);

    self->place = (OmenAgentLogPlace){place->kind, g_strdup(place->place), place->offset};
    return self;
}

static gpointer
fetch_work(gpointer data, GError **error)
{
    Fetch *request = data;
    Fetch *answer = fetch_new(&request->place);
    g_autoptr(OmenVirDomain) domain =
        virDomainLookupByUUIDString(request->connection, request->uuid);

    if (!domain)
        omen_libvirt_set_error(error, "the guest's log can not be read");
    else
        answer->text = read_log(domain, &answer->place, error);
    if (!answer->text)
        g_clear_pointer(&answer, fetch_free);
    return answer;
}

void
omen_agent_log_read_async(OmenHypervisor *hypervisor,
                          const char *uuid,
                          const OmenAgentLogPlace *place,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
    virConnectPtr connection = omen_hypervisor_ref_connection(hypervisor);
    Fetch *request;

    if (!connection) {
        g_task_report_new_error(hypervisor, callback, user_data, omen_agent_log_read_async,
                                G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                                "there is no connection to libvirt");
        return;
    }
    request = fetch_new(place);
    request->connection = connection;
    request->uuid = g_strdup(uuid);
    omen_workers_run_async(omen_hypervisor_get_workers(hypervisor), hypervisor, fetch_work, request,
                           fetch_free, fetch_free, DEADLINE_S, callback, user_data);
}

char *
omen_agent_log_read_finish(GAsyncResult *result, OmenAgentLogPlace *place, GError **error)
{
    /* Where there was no connection, the task is no worker's, and its error the same. */
    Fetch *answer = omen_workers_run_finish(result, error);
    char *text;

    if (!answer)
        return NULL;
    omen_agent_log_place_clear(place);
    *place = answer->place;
    answer->place = (OmenAgentLogPlace){0};
    text = g_steal_pointer(&answer->text);
    fetch_free(answer);
    return text;
}
