/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All streams of this host. One for the host from the start, one for each domain that
 * libvirt knows of as long as it knows of it.
 *
 * Signal "detection" (OmenStream *stream, const char *domain_uuid, const char *domain_name,
 * OmenRecord *record, OmenDecision *decision): a record of a stream is an omen; uuid and name are
 * "" for the host's stream. With
 * omen_streams_tell_doubts() also one that is none, and that the judge is not sure of.
 */
#pragma once

#include "configuration/configuration.h"
#include "hypervisor/hypervisor.h"
#include "source/health/pressure-history.h"
#include "watch/guest-listener.h"
#include "watch/stream.h"

G_BEGIN_DECLS

#define OMEN_TYPE_STREAMS (omen_streams_get_type())
G_DECLARE_FINAL_TYPE(OmenStreams, omen_streams, OMEN, STREAMS, GObject)

/* More domains than this are not watched (and that is said once). */
#define OMEN_STREAMS_MAX_DOMAINS 4096

/* References @judge and @hypervisor, takes @writers; @configuration must outlive this. */
OmenStreams *omen_streams_new(const OmenConfiguration *configuration,
                              OmenJudge *judge,
                              OmenWriters *writers,
                              OmenHypervisor *hypervisor);

/* What a stream of that name knew in an earlier life (omen_stream_save()); it is taken up when the
 * stream appears. Call before omen_streams_start(). Sinks @state. */
void omen_streams_restore(OmenStreams *self, const char *stream_name, GVariant *state);

/* An operator's word on lines of a stream that is known, and whose domain is away at the moment.
 * What is known of it now: (transfer full) (nullable): NULL: nothing is, and nothing was done. */
GVariant *
omen_streams_tell_away(OmenStreams *self, const char *stream_name, const OmenTemplateWord *word);

/* "detection" is emitted of doubtful records as well. Call before omen_streams_start(). */
void omen_streams_tell_doubts(OmenStreams *self);

/* Asked of each record of each stream before it is scored. @user_data lives as long as the streams.
 * Call before omen_streams_start(). */
void omen_streams_set_filter(OmenStreams *self, OmenStreamFilter filter, gpointer user_data);

/* Begins to read. */
gboolean omen_streams_start(OmenStreams *self, GError **error);

void omen_streams_stop(OmenStreams *self);

/* Why nothing that is said of the host is proven, in a sentence; NULL: some is. (transfer full) */
char *omen_streams_describe_doubt(OmenStreams *self);

/* (transfer none): the host's; (nullable): a domain's and its guest's by UUID; by a stream's name.
 */
OmenStream *omen_streams_get_host_stream(OmenStreams *self);
OmenStream *omen_streams_get_domain_stream(OmenStreams *self, const char *uuid);
OmenGuestListener *omen_streams_get_guest(OmenStreams *self, const char *uuid);
OmenStream *omen_streams_lookup(OmenStreams *self, const char *stream_name);

/* The stalls of this host in the last day. Borrowed, nullable: NULL: they are not measured. */
OmenPressureHistory *omen_streams_get_pressure(OmenStreams *self);

/* (transfer container): all streams. */
GPtrArray *omen_streams_list(OmenStreams *self);

G_END_DECLS
