/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's end of a guest's virtio-serial port, opened through libvirt (virDomainOpenChannel), so
 * that neither permissions nor SELinux are in the way.
 *
 * libvirt's streams have no flow control on the client's side: what is not read grows the client.
 * So this reads at once, on libvirt's thread, keeps at most OMEN_GUEST_STREAM_MAX bytes, and where
 * the main context or the guest's budget is behind that, ends the stream: a guest can then write
 * into its own port only, which nobody reads until the stream is opened again.
 */
#pragma once

#include "hypervisor/hypervisor.h"

G_BEGIN_DECLS

#define OMEN_GUEST_STREAM_MAX (512 * 1024)

typedef struct _OmenGuestStream OmenGuestStream;

typedef enum {
    OMEN_GUEST_STREAM_OPENED,
    OMEN_GUEST_STREAM_FAILED, /* it could not be opened: @problem says why */
    OMEN_GUEST_STREAM_ENDED,  /* the guest, its QEMU or libvirtd went away, or an operator's word */
    OMEN_GUEST_STREAM_FLOODED, /* more came than was taken */
} OmenGuestStreamChange;

/* Both on the main context of the opening call; the stream ends after any change but the first. */
typedef void (*OmenGuestStreamBytesFunc)(const guint8 *bytes, gsize length, gpointer user_data);
typedef void (*OmenGuestStreamChangeFunc)(OmenGuestStreamChange change,
                                          const char *problem,
                                          gpointer user_data);

/* Opens the port of that name, without waiting. Returns: (transfer full) (nullable): NULL while
 * there is no connection. Close it with omen_guest_stream_close(), also after it ended. */
OmenGuestStream *omen_guest_stream_open(OmenHypervisor *hypervisor,
                                        const char *uuid,
                                        const char *port,
                                        OmenGuestStreamBytesFunc on_bytes,
                                        OmenGuestStreamChangeFunc on_change,
                                        gpointer user_data);

/* No function is called any more. */
void omen_guest_stream_close(OmenGuestStream *self);

G_END_DECLS
