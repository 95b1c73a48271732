/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The responder: turns signs into omens, and omens into deeds by the policy.
 *
 * It raises each sign with the registry, asks the policy once for each new omen, starts
 * evacuations, writes their outcome beside the omen, and keeps the quarantine published while the
 * host is endangered.
 */
#pragma once

#include "configuration/configuration.h"
#include "evacuation/queue/evacuator.h"
#include "hypervisor/hypervisor.h"
#include "omen/omen-registry.h"
#include "watch/stream.h"

G_BEGIN_DECLS

#define OMEN_RESPONDER_ERROR (omen_responder_error_quark())
GQuark omen_responder_error_quark(void);

typedef enum {
    OMEN_RESPONDER_ERROR_NOT_FOUND,    /* there is no such omen */
    OMEN_RESPONDER_ERROR_INVALID,      /* it is not in a state for that */
    OMEN_RESPONDER_ERROR_DISCONNECTED, /* from libvirt */
} OmenResponderError;

#define OMEN_TYPE_RESPONDER (omen_responder_get_type())
G_DECLARE_FINAL_TYPE(OmenResponder, omen_responder, OMEN, RESPONDER, GObject)

/* References what it is given. */
OmenResponder *
omen_responder_new(OmenRegistry *omens, OmenEvacuator *evacuator, OmenHypervisor *hypervisor);

/* What follows from the configuration; may be called again. */
void omen_responder_configure(OmenResponder *self, const OmenConfiguration *configuration);

void omen_responder_set_mode(OmenResponder *self, OmenMode mode);
OmenMode omen_responder_get_mode(OmenResponder *self);

/* Asked each time before an omen is acted upon without an operator; the omen waits until the answer
 * comes, which may be at once, later, or not at all where the omen is no longer what it was. */
typedef void (*OmenResponderAsk)(guint64 omen_id, gpointer user_data);
/* @ask: NULL: nobody is asked any more; those that wait are looked at again by themselves. */
void omen_responder_set_ask(OmenResponder *self, OmenResponderAsk ask, gpointer user_data);
/* @against: (nullable): why an operator has to approve it. */
void omen_responder_answer(OmenResponder *self, guint64 omen_id, const char *against);

/* A stream saw a sign (omen_detection_describe()). Takes @detection. */
void omen_responder_take_detection(OmenResponder *self, OmenData *detection);

/* An operator's word on an omen. FALSE with @error (OMEN_RESPONDER_ERROR): no such omen, or it is
 * not in a state for that. */
gboolean omen_responder_approve(OmenResponder *self, guint64 omen_id, GError **error);
gboolean omen_responder_confirm(OmenResponder *self, guint64 omen_id, GError **error);
gboolean omen_responder_dismiss(OmenResponder *self, guint64 omen_id, GError **error);
/* @outcome: why it is over, in words. */
gboolean
omen_responder_clear(OmenResponder *self, guint64 omen_id, const char *outcome, GError **error);

/* The whole host is endangered, by an omen that is still open. */
gboolean omen_responder_is_host_endangered(OmenResponder *self);

/* (nullable): it was endangered, and no check has found it well since: why it takes no guests. */
const char *omen_responder_get_doubt(OmenResponder *self);

/* What an omen asks for the domains that it endangers. Of an omen that is forgotten, or none (0):
 * by how the host is. */
OmenEvacuationRequest omen_responder_describe_request(OmenResponder *self, guint64 omen_id);

/* Omens and evacuations of an earlier life are put back: what was under way is concluded if it has
 * ended, what waited goes on to wait. Once, before the main loop runs. */
void omen_responder_take_up(OmenResponder *self);

/* Publishes or withdraws the quarantine as things stand now, and lets omens expire. Called by
 * itself every few seconds; call it when the registry was changed from elsewhere. */
void omen_responder_refresh(OmenResponder *self);

G_END_DECLS
