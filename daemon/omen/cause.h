/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Do two omens tell of one event? Pure.
 *
 * One event is what comes of one cause within minutes: memory that runs out is told by the pressure
 * gauge, by the kernel that kills, by libvirt whose QEMU ended and by a libvirtd that answers late.
 * A device that fails is told by the kernel, smartd, the file system on it and by QEMU. A guest's
 * word is never part of what the host or libvirt say.
 */
#pragma once

#include "omen/omen.h"

G_BEGIN_DECLS

/* How long after the last record of an event its consequences are still counted to it. */
#define OMEN_CAUSE_WINDOW_US ((gint64) 300 * G_USEC_PER_SEC)

/* @later: the one that was raised later, or a detection that is not raised yet. */
gboolean omen_cause_is_shared(const OmenData *earlier, const OmenData *later);

/* Does @word, which nobody has to believe, say what is proven by @omen already? */
gboolean omen_cause_is_echo(const OmenData *omen, const OmenData *word);

/*
 * Whether @detection is stronger evidence than what @omen is led by. The host's word comes before
 * that of one domain. Of two the likelier is the stronger, but a cause that is likely by itself
 * (0.8) leads what follows from it.
 */
gboolean omen_cause_is_stronger(const OmenData *detection, const OmenData *omen);

/* Kinds of signs beside the leading one that count as a second witness: of the host's omen those of
 * its own stream, since what a domain does proves nothing of the host. */
guint omen_cause_count_witnesses(const OmenData *omen);

G_END_DECLS
