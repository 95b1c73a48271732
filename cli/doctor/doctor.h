/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-omen doctor: whether all is here that an evacuation will need. Each check looks at one thing
 * and says what it found and, unless that is well, the one thing to do. It changes nothing.
 */
#pragma once

#include "client.h"
#include "configuration/configuration.h"

G_BEGIN_DECLS

typedef enum {
    DOCTOR_OK,
    DOCTOR_WARNING, /* works, but not as well as it could, or not for ever */
    DOCTOR_FAILED,  /* an evacuation, or what foretells its need, would not work */
} DoctorResult;

typedef struct {
    Client *client;                         /* NULL: the daemon is not on the bus */
    GVariant *status;                       /* (nullable) what it says of itself */
    const OmenConfiguration *configuration; /* (nullable) it has a mistake, or may not be read */
    GPtrArray *findings;                    /* DoctorFinding */
} Doctor;

typedef struct {
    char *check;
    DoctorResult result;
    char *found;
    char *what_to_do;
} DoctorFinding;

/* (transfer full): none yet. */
GPtrArray *doctor_findings_new(void);

/* Adds a finding. @found: takes it. @what_to_do: "" where all is well. */
void doctor_add(
    Doctor *self, const char *check, DoctorResult result, char *found, const char *what_to_do);

/* What the daemon says: its bus name, libvirt, mode, problems, destinations, plan. */
void doctor_check_daemon(Doctor *self);

/* The store that hosts share, where one is configured. */
void doctor_check_fleet(Doctor *self);

/* This host: hook, AppArmor, journal, clock, post-copy. */
void doctor_check_host(Doctor *self);

/* Ways between hosts: own_uri, certificates. */
void doctor_check_transport(Doctor *self);

G_END_DECLS
