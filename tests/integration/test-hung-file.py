#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A log on a disk that does not answer holds no other up: the kernel keeps whoever reads it waiting (fanotify)."""
import ctypes
import os
import struct
import time

import alone
import bed
from bed import expect, wait_for

# From <sys/fanotify.h>.
CLASS_CONTENT = 0x04
NONBLOCK = 0x02
MARK_ADD = 0x01
ACCESS_PERMISSION = 0x00020000
ALLOW = 0x01
AT_FDCWD = -100

LINE = "kernel: critical medium error, dev {device}, sector 28640 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0"
SETTINGS = "[heartbeat]\nperiod_s=0\n[sources]\npressure=no\nfiles={folder}/syslog;{folder}/dead\n"


class DeadFile:
    """Nobody's read of a file returns, until it is revived."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.group = libc.fanotify_init(CLASS_CONTENT | NONBLOCK, os.O_RDONLY)
        if self.group < 0:
            raise bed.Skipped(f"fanotify: {os.strerror(ctypes.get_errno())}")
        if libc.fanotify_mark(self.group, MARK_ADD, ctypes.c_uint64(ACCESS_PERMISSION), AT_FDCWD, os.fsencode(path)) < 0:
            raise bed.Skipped(f"this kernel holds no reader of a file up: {os.strerror(ctypes.get_errno())}")

    def has_reader(self):
        """Takes the events; what waits for an answer goes on waiting."""
        try:
            self.events = os.read(self.group, 4096)
        except BlockingIOError:
            return False
        return True

    def revive(self):
        """Who waited may go on, as when the group is gone."""
        descriptor = struct.unpack_from("=IBBHQii", self.events)[5]
        os.write(self.group, struct.pack("=iI", descriptor, ALLOW))
        os.close(descriptor)
        os.close(self.group)


def problem_of(one, name):
    rows = one.omen("status", "--json")["host"]["streams"]
    return [row["problem"] for row in rows if row["source"] == f"file:{one.folder}/{name}"][0]


def is_told(one, device):
    return any(omen["device"] == device for omen in one.omen("omens", "--json"))


def test_dead_disk():
    """The other file is read on within seconds, the daemon answers, the hung file is told; revived, it is read on."""
    with alone.Alone(SETTINGS) as one:
        # Marked before it is opened: what is open already may be read without a question.
        new = one.folder / "new"
        new.write_text("".join(line + "\n" for line in bed.stamped(["app: before"])))
        dead = DeadFile(new)
        new.rename(one.folder / "dead")
        wait_for("its reader waits", dead.has_reader, 10)
        one.write([LINE.format(device="sdx")])
        began = time.monotonic()
        wait_for("the other file's omen", lambda: is_told(one, "sdx"), 20)
        print(f"# told {time.monotonic() - began:.1f} s after a disk died under another file")
        wait_for("the hung file is told", lambda: "hangs" in problem_of(one, "dead"), 10)
        one.write([LINE.format(device="sdy")])
        began = time.monotonic()
        wait_for("what comes later", lambda: is_told(one, "sdy"), 10)
        expect("at once", time.monotonic() - began < 1.5)
        records = one.records()
        dead.revive()
        wait_for("it is read on", lambda: one.records() > records, 10)
        wait_for("and that is told", lambda: problem_of(one, "dead") == "", 10)


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_dead_disk])
