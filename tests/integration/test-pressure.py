#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory that grows by 10% a minute until the kernel kills: a real control group, the real daemon, a real OOM kill."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import bed
from alone import copy_knowledge
from bed import expect, wait_for

BUILD = pathlib.Path(os.environ.get("OMEN_BUILD_DIR", bed.ROOT / "build"))
LIMIT_MIB = 400
START = 0.4  # of the limit
GROWTH = 0.1  # of the limit, a minute
EARLY_S = 60
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow eavesdrop="true"/></policy>
</busconfig>"""
HOG = """
import time
rows = [bytearray(b"x") * int({limit} * {start} * 2**20)]
while True:
    time.sleep(0.5)
    rows.append(bytearray(b"x") * int({limit} * {growth} / 120 * 2**20))
"""


@contextlib.contextmanager
def control_group():
    """A group whose memory is limited, of whichever version is there; and the file with its limit."""
    for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = pathlib.Path(root) / f"omen-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if (folder / limit).exists():
            (folder / limit).write_text(str(LIMIT_MIB << 20))
            try:
                yield folder
            finally:
                wait_for("the group is empty", lambda: not (folder / "cgroup.procs").read_text(), 10)
                folder.rmdir()
            return
        folder.rmdir()
    raise bed.Skipped("no control group with a memory limit can be made here")


@contextlib.contextmanager
def daemon(work, settings):
    """The daemon on a bus of its own, without libvirt. Gives a function that asks it."""
    log = work / "syslog"
    log.touch()
    (work / "bus.conf").write_text(BUS.format(path=work / "bus"))
    (work / "omen.conf").write_text(
        f"[daemon]\nmode=observe\nlock_memory=no\nstate_dir={work}\n[libvirt]\nuri=qemu:///nowhere\n"
        f"[sources]\njournal=no\nkmsg=no\nread_files=yes\nfiles={log}\nsyslog_sockets=\n{settings}[metrics]\nlisten=\n"
        f"[judge]\nknowledge_dir={copy_knowledge(work)}\n")
    address = f"unix:path={work}/bus"
    with contextlib.ExitStack() as stack:
        def start(*command):
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(work / "log", "ab")))
            stack.callback(process.terminate)
            return process
        start("dbus-daemon", f"--config-file={work}/bus.conf", "--nofork")
        wait_for("the bus listens", (work / "bus").exists)
        start(str(BUILD / "daemon" / "virt-omend"), "--config", str(work / "omen.conf"), "--bus", address)

        def ask(*arguments):
            done = subprocess.run([str(BUILD / "cli" / "virt-omen"), *arguments], check=False, text=True, capture_output=True,
                                  env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address})
            return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None
        try:
            wait_for("the daemon answers", lambda: ask("status", "--json"))
            with open(log, "a", encoding="utf-8") as out:
                out.writelines(line + "\n" for line in bed.stamped(bed.series("host-life.log")))
            wait_for("the host's stream is trained",
                     lambda: any(row["records"] > 200 for row in ask("status", "--json")["host"]["streams"]))
            yield ask
        finally:
            sys.stderr.write("".join("# " + line + "\n" for line in (work / "log").read_text().splitlines()[-15:]))


def test_oom():
    """The omen comes at least 60 s before the OOM kill."""
    with control_group() as group, tempfile.TemporaryDirectory() as folder:
        with daemon(pathlib.Path(folder), f"pressure_groups={group}\n") as ask:
            before = {row["id"] for row in ask("omens", "--json")}
            program = HOG.format(limit=LIMIT_MIB, start=START, growth=GROWTH)
            with subprocess.Popen(["sh", "-c", f"echo $$ > {group}/cgroup.procs && exec python3 -c '{program}'"]) as hog:
                began = time.monotonic()
                told = None
                while hog.poll() is None:
                    time.sleep(0.5)
                    fresh = [row for row in ask("omens", "--json") if row["id"] not in before and row["class"] == "oom"]
                    if fresh and told is None:
                        told = time.monotonic()
                        print(f"# after {told - began:.0f} s: {fresh[0]['records'][0]}", flush=True)
                    expect("it is killed in time", time.monotonic() - began < 600)
                killed = time.monotonic()
            expect("the kernel killed it", hog.returncode == -9)
            expect("there was an omen before that", told is not None)
            print(f"# the omen came {killed - told:.0f} s before the kill", flush=True)
            expect(f"it came {EARLY_S} s before", killed - told >= EARLY_S)


@contextlib.contextmanager
def stalling_group(work):
    """A group of version 2, whose stalls the kernel tells of, with the memory limit of a group of either version, as the daemon sees
    it."""
    with control_group() as limited:
        if (limited / "memory.pressure").exists():
            yield limited
            return
        told = pathlib.Path("/sys/fs/cgroup/unified") / limited.name
        try:
            told.mkdir()
        except OSError:
            raise bed.Skipped("no control group of version 2 can be made here")
        view = work / "group"
        view.mkdir()
        for group, file in ((told, "memory.pressure"), (limited, "memory.limit_in_bytes"), (limited, "memory.usage_in_bytes")):
            (view / file).symlink_to(group / file)
        try:
            yield view
        finally:
            told.rmdir()


def watchers(path):
    """Processes that have the file open."""
    found = set()
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == str(path):
                found.add(link.parts[2])
    return found


def test_stalls():
    """The kernel takes the daemon's wish to be told of a group's stalls, and takes it back at its end."""
    with tempfile.TemporaryDirectory() as folder, stalling_group(pathlib.Path(folder)) as group:
        with daemon(pathlib.Path(folder), f"pressure_groups={group}\n"):
            pressure = (group / "memory.pressure").resolve()
            wait_for("it is watched", lambda: watchers(pressure), 20)
        wait_for("it is watched no more", lambda: not watchers(pressure), 20)


if __name__ == "__main__":
    bed.main([test_stalls, test_oom])
