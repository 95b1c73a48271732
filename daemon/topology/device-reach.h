/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a device's trouble reaches: the domains whose disks lie on it, the whole host, or nobody. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_REACH_HOST,    /* all that run here */
    OMEN_REACH_DOMAINS, /* those that are listed */
    OMEN_REACH_NOBODY,
} OmenReach;

/* "host", "domains", "nobody". */
const char *omen_reach_to_string(OmenReach reach);
/* A domain that uses the device. */
typedef struct {
    char *uuid;
    char *name;
    char *chain; /* "sdb → vg0/vm-a (dm-3) → vda of a" */
} OmenDeviceUse;

typedef struct {
    OmenReach reach;
    GPtrArray *uses;    /* OmenDeviceUse, if it is domains */
    char *note;         /* why, in a sentence */
    char **devices;     /* the kernel's names of it and of all that lies on it */
    gboolean is_shared; /* other hosts use the same storage: it fails them as well, and nobody is
                         * saved by moving there */
} OmenDeviceReach;

OmenDeviceReach *omen_device_reach_new(OmenReach reach, const char *note);
/* Takes @devices. */
void omen_device_reach_set_devices(OmenDeviceReach *self, char **devices);
void omen_device_reach_add_use(OmenDeviceReach *self,
                               const char *uuid,
                               const char *name,
                               const char *chain);
/* Whether that domain is among those that it reaches. */
gboolean omen_device_reach_includes(const OmenDeviceReach *self, const char *uuid);
OmenDeviceReach *omen_device_reach_copy(const OmenDeviceReach *self);
void omen_device_reach_free(OmenDeviceReach *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDeviceReach, omen_device_reach_free)

/* (transfer full): in one text, and back; NULL: it is none. */
char *omen_device_reach_to_text(const OmenDeviceReach *self);
OmenDeviceReach *omen_device_reach_new_from_text(const char *text);

G_END_DECLS
