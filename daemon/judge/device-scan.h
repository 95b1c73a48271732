/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device that a line names, for signatures that do not say where it stands. Pure. */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

/* @message: in lower case. @device: (out): the first word that looks like a block device; else,
 * for a network card, like an interface; else like a PCI address. Left as it is if there is none.
 */
void
omen_device_scan(const char *message, OmenFailureClass failure_class, char device[OMEN_DEVICE_MAX]);

/* "sda-8" is the journal thread of a filesystem on sda; "/dev/sda" is sda. */
void omen_device_tidy(char device[OMEN_DEVICE_MAX]);

G_END_DECLS
