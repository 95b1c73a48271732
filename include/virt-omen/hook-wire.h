/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the libvirt hook and the daemon say to each other.
 *
 * Hook to daemon: one datagram on OMEN_HOOK_SOCKET, sent without waiting: five NUL-ended strings,
 *     "1" DOMAIN-NAME OPERATION SUB-OPERATION EXTRA
 * the first being the format's version, the others libvirt's arguments
 * (https://libvirt.org/hooks.html). Longer than OMEN_HOOK_DATAGRAM_MAX bytes is never sent.
 *
 * Daemon to hook: the file OMEN_HOOK_QUARANTINE, replaced atomically, one line:
 *     "1 EXPIRY REASON\n"
 * followed by OMEN_HOOK_NO_STARTS "\n" where domains shall not be started either.
 * EXPIRY in seconds of CLOCK_BOOTTIME, so that neither a clock step nor a reboot prolongs it;
 * REASON is one line of printable text. No file, an unreadable one, another version or a passed
 * expiry: no quarantine.
 */
#pragma once

#define OMEN_HOOK_RUN_DIR      "/run/virt-omen"
#define OMEN_HOOK_SOCKET       OMEN_HOOK_RUN_DIR "/hook.sock"
#define OMEN_HOOK_QUARANTINE   OMEN_HOOK_RUN_DIR "/quarantine"
#define OMEN_HOOK_WIRE_VERSION "1"
#define OMEN_HOOK_NO_STARTS    "no-starts"
#define OMEN_HOOK_DATAGRAM_MAX 4096
