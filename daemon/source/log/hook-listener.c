/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/hook-listener.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <virt-omen/hook-wire.h>
#include <virt-omen/text.h>

#define N_FIELDS         5
#define MAX_FIELD_LENGTH 256
#define MAX_READS_A_TURN 64

struct _OmenHookListener {
    GObject parent_instance;

    char *path;
    GSocket *socket;
    GSource *source;
};

G_DEFINE_FINAL_TYPE(OmenHookListener, omen_hook_listener, G_TYPE_OBJECT)

enum {
    SIGNAL_OPERATION,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
omen_hook_listener_finalize(GObject *object)
{
    OmenHookListener *self = OMEN_HOOK_LISTENER(object);

    if (self->source) {
        g_source_destroy(self->source);
        g_source_unref(self->source);
        g_unlink(self->path);
    }
    g_clear_object(&self->socket);
    g_free(self->path);
    G_OBJECT_CLASS(omen_hook_listener_parent_class)->finalize(object);
}

static void
omen_hook_listener_class_init(OmenHookListenerClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_hook_listener_finalize;
    signals[SIGNAL_OPERATION] =
        g_signal_new("operation", OMEN_TYPE_HOOK_LISTENER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 4, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
}

static void
omen_hook_listener_init(OmenHookListener *self G_GNUC_UNUSED)
{
}

OmenHookListener *
omen_hook_listener_new(const char *path)
{
    OmenHookListener *self = g_object_new(OMEN_TYPE_HOOK_LISTENER, NULL);

    self->path = g_strdup(path ? path : OMEN_HOOK_SOCKET);
    return self;
}

/* Exactly five strings, each with its NUL, of our version. */
static void
take_datagram(OmenHookListener *self, const char *bytes, gsize length)
{
    g_auto(GStrv) fields = g_new0(char *, N_FIELDS + 1);
    gsize at = 0;

    for (guint i = 0; i < N_FIELDS; i++) {
        const char *end = at < length ? memchr(bytes + at, '\0', length - at) : NULL;
        if (!end)
            return;
        fields[i] = omen_text_sanitise(bytes + at, end - (bytes + at), MAX_FIELD_LENGTH);
        at = (gsize) (end - bytes) + 1;
    }
    if (at == length && g_str_equal(fields[0], OMEN_HOOK_WIRE_VERSION))
        g_signal_emit(self, signals[SIGNAL_OPERATION], 0, fields[1], fields[2], fields[3],
                      fields[4]);
}

static gboolean
on_datagrams(GSocket *socket, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
    OmenHookListener *self = user_data;
    char bytes[OMEN_HOOK_DATAGRAM_MAX];

    for (guint i = 0; i < MAX_READS_A_TURN; i++) {
        gssize length = g_socket_receive(socket, bytes, sizeof bytes, NULL, NULL);
        if (length < 0)
            break;
        take_datagram(self, bytes, (gsize) length);
    }
    return G_SOURCE_CONTINUE;
}

gboolean
omen_hook_listener_start(OmenHookListener *self, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(self->path);
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);
    g_autofree char *folder = g_path_get_dirname(self->path);

    g_mkdir_with_parents(folder, 0755);
    g_unlink(self->path);
    /* Before it has a name, so that at no moment others may write to it, whatever the umask. */
    if (!socket || fchmod(g_socket_get_fd(socket), 0600) != 0 ||
        !g_socket_bind(socket, address, FALSE, error))
        return FALSE;
    g_socket_set_blocking(socket, FALSE);
    self->source = g_socket_create_source(socket, G_IO_IN, NULL);
    g_source_set_callback(self->source, G_SOURCE_FUNC(on_datagrams), self, NULL);
    g_source_attach(self->source, g_main_context_get_thread_default());
    self->socket = g_steal_pointer(&socket);
    return TRUE;
}
