/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An etcd of the test's own: private ports, a folder that goes with it. */
#pragma once

#include "etcd/etcd.h"

typedef struct {
    char *folder;
    char *url; /* of clients */
    char *peer_url;
    char *certificate; /* (nullable): it speaks TLS */
    GPid pid;          /* 0: it does not run */
} RealEtcd;

/* (nullable): why there can't be one. */
const char *real_etcd_get_obstacle(void);

/* It answers when this returns. @certificate: (nullable): PEM with its key. */
RealEtcd *real_etcd_new(const char *certificate);
void real_etcd_free(RealEtcd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RealEtcd, real_etcd_free)

/* (transfer full): a connection to it, without a login. */
OmenEtcd *real_etcd_connect(RealEtcd *self, guint timeout_ms);

/* Again, with what it had kept. */
void real_etcd_start(RealEtcd *self);
void real_etcd_kill(RealEtcd *self);
void real_etcd_signal(RealEtcd *self, int number);

/* Posts and waits; what it answers must be of status 200. (transfer full). */
char *real_etcd_post(RealEtcd *self, const char *path, const char *json);
