/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host says of itself to the others, as JSON in one row of the store. Pure.
 *
 * A row is written by another host, and read as what it is: text that is bounded and made
 * printable, numbers that are in their ranges.
 */
#pragma once

#include "fleet/host-drain.h"
#include "fleet/sign.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_FLEET_MAX_LABELS  32
#define OMEN_FLEET_MAX_STORAGE 16

typedef struct {
    char *name;
    char *machine_id; /* whose row it is, whoever else takes the name */
    char *boot_id;
    char *uri;     /* of its libvirt, as others reach it; "": it takes no domains */
    char *health;  /* "green", "yellow", "red" */
    char *reason;  /* why */
    char *mode;    /* "observe", "advise", "enforce" */
    char *version; /* of virt-omend */
    char *kernel;  /* its release */
    char *brake; /* what it has in common with other endangered hosts, for which it moves nothing by
                  * itself: a key of omen_fleet_cause_find(); "": nothing */
    char *brake_text; /* the same in words */
    char **labels;
    char **storage;   /* shared storage that its domains use: "nfs server:/path" ... */
    GPtrArray *signs; /* OmenFleetSign: its open omens, the newest ones */
    gboolean takes;   /* domains: no sign against it */
    guint64 free_mib;
    guint cpus;
    guint vcpus;         /* of all that run there */
    guint running;       /* domains */
    guint omens;         /* open ones */
    guint starting;      /* 1: whether it takes domains, and what is free, it does not know yet */
    guint accepts_drain; /* 1: it may be drained by other hosts' operators */
    guint64 libvirt;     /* 9000000 is 9.0.0 */
    guint64 qemu;
    guint inbound_limit;    /* domains on their way to it at once; 0: it does not say */
    guint64 brake_since_us; /* since the epoch: the first sign of what it has in common; 0 */
    gint64 seen_us;         /* when it wrote this, since the epoch, by its own clock */
    /* Not part of the row, but of keys of their own: */
    gboolean maintenance; /* an operator's word */
    guint64 reserved_mib; /* for domains on their way to it */
    OmenHostDrain *drain; /* (nullable): what the host says of its drain */
    gint64 read_us;       /* monotonic: when the row was; 0: not told */
    gboolean is_missing;  /* it had no row when the others' were read */
    char *uri_refused;    /* (nullable): why this host does not use its URI */
} OmenFleetHost;

/* Strings are "", lists empty. */
OmenFleetHost *omen_fleet_host_new(void);
void omen_fleet_host_free(OmenFleetHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenFleetHost, omen_fleet_host_free)

/* (transfer full). */
char *omen_fleet_host_write(const OmenFleetHost *self);

/* (transfer full): NULL: it is no row of a host @name. */
OmenFleetHost *omen_fleet_host_parse(const char *json, const char *name);

/* Whether others should be told: all but the time, and memory that changed little. */
gboolean omen_fleet_host_differs(const OmenFleetHost *self, const OmenFleetHost *other);

G_END_DECLS
