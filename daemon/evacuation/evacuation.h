/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One domain's evacuation: what is known of it, for whoever shows or stores it.
 *
 * The evacuator (evacuator.h) makes and drives these. Properties are notified by "changed".
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_PHASE_QUEUED,      /* waits for its turn */
    OMEN_PHASE_CHECKING,    /* a destination is looked for */
    OMEN_PHASE_RUNNING,     /* virDomainMigrateToURI3 is at work */
    OMEN_PHASE_VERIFYING,   /* done, says libvirt; the destination is asked */
    OMEN_PHASE_RECONCILING, /* what became of it is not known: both ends are asked */
    OMEN_PHASE_SUCCEEDED,   /* final: runs on the destination and not here */
    OMEN_PHASE_FAILED,      /* final: runs here, or is in the state that the error names */
    OMEN_PHASE_CANCELLED,   /* final: an operator's word; runs here */
} OmenPhase;

const char *omen_phase_to_string(OmenPhase phase);
gboolean omen_phase_from_string(const char *word, OmenPhase *out);
gboolean omen_phase_is_final(OmenPhase phase);

/* Plain values; strings are owned, "" where unknown, times in microseconds since the epoch, 0 where
 * unknown. */
typedef struct {
    guint64 id; /* unique on this host, rising */
    char *domain_uuid;
    char *domain_name;
    guint64 omen_id;   /* what it is for; 0: an operator's wish */
    char *destination; /* name; of one that waits: the only one that is wanted */
    char *destination_uri;
    char *source_uri; /* "": it leaves this host; else it comes back from there */
    OmenPhase phase;
    guint attempt;   /* 1, 2: a second one goes to another destination */
    double progress; /* 0..1 */
    guint64 remaining_bytes;
    guint64 downtime_ms; /* as libvirt reports it at the end */
    gint64 queued_us;
    gint64 started_us;  /* virDomainMigrateToURI3 was called */
    gint64 switched_us; /* the guest ran on the destination */
    gint64 ended_us;    /* the call had returned and was verified */
    char *error;        /* why it failed, or what the last attempt failed of */
} OmenEvacuationData;

OmenEvacuationData *omen_evacuation_data_new(void);
OmenEvacuationData *omen_evacuation_data_copy(const OmenEvacuationData *self);
void omen_evacuation_data_free(OmenEvacuationData *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenEvacuationData, omen_evacuation_data_free)

#define OMEN_TYPE_EVACUATION (omen_evacuation_get_type())
G_DECLARE_FINAL_TYPE(OmenEvacuation, omen_evacuation, OMEN, EVACUATION, GObject)

/* Takes @data. */
OmenEvacuation *omen_evacuation_new(OmenEvacuationData *data);

/* Borrowed, valid until the next change. */
const OmenEvacuationData *omen_evacuation_get_data(OmenEvacuation *self);

/* Replaces what is known by @data (taken) and emits "changed". For the evacuator. */
void omen_evacuation_update(OmenEvacuation *self, OmenEvacuationData *data);

G_END_DECLS
