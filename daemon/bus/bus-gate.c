/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/bus-gate.h"

#include <gio/gunixfdlist.h>
#include <virt-omen/bus-names.h>

/* A call that is not answered yet. */
typedef struct {
    guint32 serial;
    guint32 bytes;
    gboolean no_reply; /* its sender wants none */
} Call;

/* One that has calls under way. */
typedef struct {
    GArray *calls;
    gsize n_bytes;
} Sender;

/* The filter holds a reference for as long as it may run. */
typedef struct {
    guint n_calls; /* under way */
    gsize n_bytes;
    guint64 n_refused;
} Counts;

struct _OmenBusGate {
    GDBusConnection *connection;
    guint filter_id;
    GMutex mutex; /* of what follows */
    GHashTable *senders;
    Counts counts;
};

static void
sender_free(gpointer data)
{
    Sender *self = data;

    g_array_unref(self->calls);
    g_free(self);
}

static void
gate_clear(gpointer data)
{
    OmenBusGate *self = data;

    g_hash_table_unref(self->senders);
    g_mutex_clear(&self->mutex);
    g_object_unref(self->connection);
}

static void
gate_unref(gpointer data)
{
    g_atomic_rc_box_release_full(data, gate_clear);
}

static gsize
measure(GDBusMessage *message)
{
    GVariant *body = g_dbus_message_get_body(message);

    return body ? g_variant_get_size(body) : 0;
}

/* NULL: it may pass; else why not. */
static const char *
find_fault(const OmenBusGate *self, const Sender *sender, GDBusMessage *message)
{
    gsize bytes = measure(message);

    if (bytes > OMEN_BUS_GATE_MAX_CALL_BYTES)
        return "the call is too large";
    if (g_dbus_message_get_unix_fd_list(message))
        return "file descriptors are not accepted";
    if (!sender)
        return NULL;
    if (sender->calls->len >= OMEN_BUS_GATE_MAX_SENDER_CALLS ||
        sender->n_bytes + bytes > OMEN_BUS_GATE_MAX_SENDER_BYTES)
        return "too many calls wait for an answer; wait for those first";
    if (self->counts.n_calls >= OMEN_BUS_GATE_MAX_CALLS ||
        self->counts.n_bytes + bytes > OMEN_BUS_GATE_MAX_BYTES)
        return "too many calls of others wait for an answer; try again";
    return NULL;
}

static void
admit(OmenBusGate *self, const char *name, GDBusMessage *message)
{
    Sender *sender = g_hash_table_lookup(self->senders, name);
    Call call = {
        .serial = g_dbus_message_get_serial(message),
        .bytes = (guint32) measure(message),
        .no_reply =
            (g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) != 0,
    };

    if (!sender) {
        sender = g_new0(Sender, 1);
        sender->calls = g_array_new(FALSE, FALSE, sizeof(Call));
        g_hash_table_insert(self->senders, g_strdup(name), sender);
    }
    g_array_append_val(sender->calls, call);
    sender->n_bytes += call.bytes;
    self->counts.n_calls++;
    self->counts.n_bytes += call.bytes;
}

/* Whether the reply to the call is to be sent. */
static gboolean
settle(OmenBusGate *self, const char *name, guint32 serial)
{
    Sender *sender = name ? g_hash_table_lookup(self->senders, name) : NULL;

    for (guint i = 0; sender && i < sender->calls->len; i++) {
        const Call call = g_array_index(sender->calls, Call, i);
        if (call.serial != serial)
            continue;
        g_array_remove_index_fast(sender->calls, i);
        sender->n_bytes -= call.bytes;
        self->counts.n_calls--;
        self->counts.n_bytes -= call.bytes;
        if (sender->calls->len == 0)
            g_hash_table_remove(self->senders, name);
        return !call.no_reply;
    }
    return TRUE;
}

/* Asks for a reply where the sender wants none: by it we know that the call was dealt with. */
static GDBusMessage *
want_reply(GDBusMessage *message)
{
    GDBusMessageFlags flags = g_dbus_message_get_flags(message);
    GDBusMessage *copy;

    if (!(flags & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED))
        return message;
    copy = g_dbus_message_copy(message, NULL);
    g_object_unref(message);
    if (copy)
        g_dbus_message_set_flags(copy, flags & ~G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
    return copy;
}

static void
refuse(GDBusConnection *connection, GDBusMessage *message, const char *fault)
{
    g_autoptr(GDBusMessage) reply = NULL;

    if (g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
        return;
    reply = g_dbus_message_new_method_error_literal(message, OMEN_BUS_ERROR_PREFIX "Busy", fault);
    g_dbus_connection_send_message(connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static GDBusMessage *
on_call(OmenBusGate *self, GDBusConnection *connection, GDBusMessage *message)
{
    const char *name = g_dbus_message_get_sender(message);
    const char *fault;

    if (!name)
        return message;
    g_mutex_lock(&self->mutex);
    fault = find_fault(self, g_hash_table_lookup(self->senders, name), message);
    if (fault)
        self->counts.n_refused++;
    else
        admit(self, name, message);
    g_mutex_unlock(&self->mutex);
    if (!fault)
        return want_reply(message);
    refuse(connection, message, fault);
    g_object_unref(message);
    return NULL;
}

static GDBusMessage *
on_reply(OmenBusGate *self, GDBusMessage *message)
{
    gboolean is_wanted;

    g_mutex_lock(&self->mutex);
    is_wanted = settle(self, g_dbus_message_get_destination(message),
                       g_dbus_message_get_reply_serial(message));
    g_mutex_unlock(&self->mutex);
    if (is_wanted)
        return message;
    g_object_unref(message);
    return NULL;
}

static GDBusMessage *
filter(GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
    GDBusMessageType type = g_dbus_message_get_message_type(message);

    if (incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
        return on_call(user_data, connection, message);
    if (!incoming &&
        (type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || type == G_DBUS_MESSAGE_TYPE_ERROR))
        return on_reply(user_data, message);
    return message;
}

OmenBusGate *
omen_bus_gate_new(GDBusConnection *connection)
{
    OmenBusGate *self = g_atomic_rc_box_new0(OmenBusGate);

    self->connection = g_object_ref(connection);
    g_mutex_init(&self->mutex);
    self->senders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sender_free);
    self->filter_id =
        g_dbus_connection_add_filter(connection, filter, g_atomic_rc_box_acquire(self), gate_unref);
    return self;
}

void
omen_bus_gate_free(OmenBusGate *self)
{
    g_dbus_connection_remove_filter(self->connection, self->filter_id);
    gate_unref(self);
}
