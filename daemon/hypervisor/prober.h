/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks whether something answers: libvirtd, a domain's QEMU, the agent in its guest. On a
 * connection and threads of its own, since a QEMU or an agent that hangs holds the call that asks.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_PROBE_LIBVIRTD,
    OMEN_PROBE_QEMU,  /* its monitor; by typed calls, so that the domain is not tainted */
    OMEN_PROBE_AGENT, /* of a guest whose agent is connected */
} OmenProbeKind;

typedef enum {
    OMEN_PROBE_ANSWERS,
    OMEN_PROBE_MUTE,
    OMEN_PROBE_NOT_ASKED, /* it is paused, ended, migrates, or has no agent: silence says nothing */
} OmenProbeAnswer;

#define OMEN_TYPE_PROBER (omen_prober_get_type())
G_DECLARE_FINAL_TYPE(OmenProber, omen_prober, OMEN, PROBER, GObject)

OmenProber *omen_prober_new(const char *uri);

/* A question that was put. */
typedef struct _OmenProbe OmenProbe;

void omen_probe_unref(OmenProbe *self);

/* It has reached whom it asks: it waits neither for a thread that others hold, nor, where a QEMU or
 * an agent is asked, for libvirtd. */
gboolean omen_probe_has_begun(OmenProbe *self);

/* (transfer full). @uuid: "" for libvirtd. The answer takes as long as libvirt takes: who asks
 * decides how long is too long, and may ask again meanwhile. */
OmenProbe *omen_prober_ask_async(OmenProber *self,
                                 OmenProbeKind kind,
                                 const char *uuid,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);

OmenProbeAnswer omen_prober_ask_finish(GAsyncResult *result);

G_END_DECLS
