/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What our own migrations cause to be said: a guest prints buffer I/O errors while its disk is
 * handed over, QEMU and libvirt tell of the end of the domain here, taps leave their bridge. Such
 * lines are neither signs of anything nor normal life, from the migration's begin until shortly
 * after its end.
 *
 * It is a matter of that domain alone, and of known kinds of lines. What the host's kernel says of
 * its disks, memory and processors is heard at all times: a real fault meanwhile is told there.
 */
#pragma once

#include "evacuation/evacuation.h"

#include <virt-omen/record.h>

G_BEGIN_DECLS

/* How long after its end a migration still explains lines. */
#define OMEN_MIGRATION_NOISE_GRACE_S 30

typedef struct _OmenMigrationNoise OmenMigrationNoise;

OmenMigrationNoise *omen_migration_noise_new(void);
void omen_migration_noise_free(OmenMigrationNoise *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenMigrationNoise, omen_migration_noise_free)

/* An evacuation, or a way back, is at this point now. */
void omen_migration_noise_take_evacuation(OmenMigrationNoise *self, const OmenEvacuationData *data);

/* @record, heard at @now_us (microseconds since the epoch) in the stream of the domain or its guest
 * @domain_uuid ("": the host's), is explained by a migration of ours. */
gboolean omen_migration_noise_explains(OmenMigrationNoise *self,
                                       const char *domain_uuid,
                                       const OmenRecord *record,
                                       gint64 now_us);

G_END_DECLS
