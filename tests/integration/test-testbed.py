#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test bed itself: it comes up, migrates, injects real errors, stands beside another one, and leaves nothing behind."""
import os
import signal
import subprocess

import bed
from bed import expect, wait_for


def traces(name):
    """What a bed of that name has on this machine: processes, mounts, files."""
    folder = f"/virt-omen-testbed/{name}"
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if folder.encode() in file.read():
                    found.append(f"process {pid}")
        except OSError:
            pass
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        found += [line.strip() for line in lines if folder in line]
    base = os.environ.get("TMPDIR", "/tmp")
    if os.path.exists(base + folder):
        found.append(base + folder)
    return found


def namespaces():
    return len(subprocess.run(["lsns", "-n", "-o", "NS"], capture_output=True, text=True, check=True).stdout.split())


def test_life():
    """Up, a migration by virsh that keeps the counter going, a second up refused, down without a trace."""
    before = namespaces()
    with bed.Bed("bed-life", hosts=2, guests=1) as hosts:
        again = hosts.testbed("up", check=False)
        expect(f"a second up says so: {again.stderr}", again.returncode == 1 and "up already" in again.stderr)
        first = hosts.counter("g1")
        hosts.on("alpha", "virsh", "migrate", "--live", "--p2p", "--persistent", "--undefinesource", "g1",
                 "qemu+tcp://beta/system")
        second = hosts.counter("g1")
        expect("same boot, the counter went on", first[0] == second[0] and second[1] > first[1])
        expect("it runs on beta alone", hosts.running_on("g1") == ["beta"])
        done = hosts.on("alpha", "sh", "-c", "cat; exit 7", check=False, stdin="hello")
        expect("exec passes input, output and status", done.stdout == "hello" and done.returncode == 7)
    expect(f"nothing is left: {traces('bed-life')}", not traces("bed-life"))
    wait_for("no namespace is left", lambda: namespaces() <= before, 10)
    expect("down on nothing is fine", hosts.testbed("down", check=False).returncode == 0)


def test_disk_errors():
    """Real I/O errors on demand: QEMU pauses the guest, which goes on once they are gone."""
    with bed.Bed("bed-disk", hosts=1, guests=1) as hosts:
        first = hosts.counter("g1")
        hosts.testbed("disk-errors", "g1", "on")
        wait_for("it is paused by an I/O error",
                 lambda: "I/O error" in hosts.on("alpha", "virsh", "domstate", "g1", "--reason").stdout, 30)
        hosts.testbed("disk-errors", "g1", "off")
        hosts.on("alpha", "virsh", "resume", "g1")
        wait_for("it counts on", lambda: hosts.counter("g1")[1] > first[1] + 5, 30)
        expect("without a restart", hosts.counter("g1")[0] == first[0])


def test_side_by_side():
    """Two test beds at once don't touch each other."""
    with bed.Bed("bed-left", hosts=1, guests=1) as left, bed.Bed("bed-right", hosts=1, guests=1) as right:
        expect("two guests of one name", left.counter("g1")[0] != right.counter("g1")[0])
        right.testbed("down")
        expect("the other one lives on", left.running_on("g1") == ["alpha"])


def test_crash():
    """Down clears up after its parts were killed, and after up itself was killed in the middle."""
    with bed.Bed("bed-crash", hosts=2, guests=1) as hosts:
        hosts.testbed("kill", "beta")
        subprocess.run(["pkill", "-9", "-f", "nbdkit.*bed-crash"], check=False)
        hosts.testbed("down")
        expect(f"nothing is left: {traces('bed-crash')}", not traces("bed-crash"))
    up = subprocess.Popen([str(bed.TESTBED), "--name", "bed-crash", "up"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for("it is under way", lambda: traces("bed-crash"))
    wait_for("a host is there", lambda: os.path.exists(os.environ.get("TMPDIR", "/tmp") + "/virt-omen-testbed/bed-crash/alpha.pid"))
    os.killpg(up.pid, signal.SIGKILL)
    up.wait()
    hosts.testbed("down")
    expect(f"nothing is left: {traces('bed-crash')}", not traces("bed-crash"))


if __name__ == "__main__":
    bed.main([test_life, test_disk_errors, test_side_by_side, test_crash])
