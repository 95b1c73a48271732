/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The watcher: all streams of this host. One for the host from the start, one for each domain that
 * libvirt knows of as long as it knows of it.
 *
 * Signal "sign" (OmenStream *stream, const char *domain_uuid, const char *domain_name,
 * OmenRecord *record, OmenDecision *decision): a record of a stream is an omen; uuid and name are
 * "" for the host's stream. With
 * omen_watcher_tell_doubts() also one that is none, and that the judge is not sure of.
 */
#pragma once

#include "configuration.h"
#include "guest-watch.h"
#include "hypervisor/hypervisor.h"
#include "stream.h"

G_BEGIN_DECLS

#define OMEN_TYPE_WATCHER (omen_watcher_get_type())
G_DECLARE_FINAL_TYPE(OmenWatcher, omen_watcher, OMEN, WATCHER, GObject)

/* More domains than this are not watched (and that is said once). */
#define OMEN_WATCHER_MAX_DOMAINS 4096

/* References @judge and @hypervisor; @configuration must outlive the watcher. */
OmenWatcher *omen_watcher_new(const OmenConfiguration *configuration,
                              OmenJudge *judge,
                              OmenHypervisor *hypervisor);

/* What a stream of that name knew in an earlier life (omen_stream_save()); it is taken up when the
 * stream appears. Call before omen_watcher_start(). Sinks @state. */
void omen_watcher_restore(OmenWatcher *self, const char *stream_name, GVariant *state);

/* An operator's word on lines of a stream that is known, and whose domain is away at the moment.
 * What is known of it now: (transfer full) (nullable): NULL: nothing is, and nothing was done. */
GVariant *
omen_watcher_tell_away(OmenWatcher *self, const char *stream_name, const OmenTemplateWord *word);

/* "sign" is emitted of doubtful records as well. Call before omen_watcher_start(). */
void omen_watcher_tell_doubts(OmenWatcher *self);

/* Asked of each record of each stream before it is scored. @user_data lives as long as the streams.
 * Call before omen_watcher_start(). */
void omen_watcher_set_filter(OmenWatcher *self, OmenStreamFilter filter, gpointer user_data);

/* Begins to read. */
gboolean omen_watcher_start(OmenWatcher *self, GError **error);

void omen_watcher_stop(OmenWatcher *self);

/* (transfer none): the host's; (nullable): a domain's and its guest's by UUID; by a stream's name.
 */
OmenStream *omen_watcher_get_host_stream(OmenWatcher *self);
OmenStream *omen_watcher_get_domain_stream(OmenWatcher *self, const char *uuid);
OmenGuestWatch *omen_watcher_get_guest(OmenWatcher *self, const char *uuid);
OmenStream *omen_watcher_lookup(OmenWatcher *self, const char *stream_name);

/* (transfer container): all streams. */
GPtrArray *omen_watcher_list(OmenWatcher *self);

G_END_DECLS
