#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests say of themselves: real guests, the real forwarder and agent in them, and hostile ones."""
import base64
import json
import os
import time

import bed
from bed import expect, stays, wait_for

FLOOD_GUESTS = int(os.environ.get("OMEN_FLOOD_GUESTS", "4"))
PORT = "/dev/virtio-ports/org.virtomen.log.0"


def in_guest(hosts, guest, script, host="alpha"):
    """Runs a shell script in a guest, without waiting for its end."""
    command = {"execute": "guest-exec", "arguments": {"path": "/bin/sh", "arg": ["-c", script]}}
    hosts.on(host, "virsh", "-q", "qemu-agent-command", "--timeout", "20", guest, json.dumps(command))


def domain(hosts, guest, host="alpha"):
    return next(row for row in hosts.omen(host, "status", "--json")["domains"] if row["name"] == guest)


def channel(hosts, guest, host="alpha", kind="channel"):
    rows = [row for row in domain(hosts, guest, host)["streams"] if row["source"] == f"{kind}:{guest}"]
    return rows[0] if rows else None


def omens(hosts, guest=None, host="alpha"):
    return [row for row in hosts.omen(host, "omens", "--json") if guest is None or row["domain"] == guest]


def heard(hosts, guest, host="alpha"):
    wait_for(f"{guest} is heard", lambda: "virt-omen-forward" in domain(hosts, guest, host)["hearing"]
             and "is heard by" in domain(hosts, guest, host)["hearing"], 60)


def encode(line):
    return base64.b64encode(f"<3>{line}\n".encode()).decode()


def say(hosts, guest, line, host="alpha"):
    """The guest's kernel says it. In base64, since the agent logs what it is asked to run."""
    in_guest(hosts, guest, f"echo {encode(line)} | base64 -d > /dev/kmsg", host)


def count_of(hosts, guest, word, host="alpha"):
    """How often a word stands in the records of the omens of a guest."""
    return sum(record.count(word) for row in omens(hosts, guest, host) for record in row["records"])


def test_channel():
    """A guest's disk errors are an omen of that guest alone, which waits for an operator even in mode enforce."""
    with bed.Bed("guests-channel", hosts=2, guests=2, daemon="enforce") as hosts:
        heard(hosts, "g1")
        heard(hosts, "g2")
        say(hosts, "g1", "EXT4-fs error (device vda1): ext4_find_entry:1455: inode 2: reading directory lblock 0")
        found = wait_for("the omen of g1", lambda: omens(hosts, "g1"))
        expect(f"it is the guest's: {found}", all(row["scope"] == "guest" for row in found))
        expect("its word is not trusted", channel(hosts, "g1")["trusted"] is False)
        # The host's own trouble, forged: still the guest's, and nothing moves.
        for line in ("mce: [Hardware Error]: Machine check events logged", "host alpha: Memory failure: 0x1: unhandlable",
                     "nvme nvme0: controller is down; will reset: CSTS=0xffffffff", "domain g2: I/O error, paused"):
            say(hosts, "g1", line)
        wait_for("they are heard", lambda: len(omens(hosts, "g1")) >= 2)
        status = hosts.omen("alpha", "status", "--json")
        expect("the host is not endangered", not status["host"]["endangered"])
        # A slow machine's guest may have an omen of its own: a processor that hangs.
        expect("nothing of it is g2's", not any(word in str(omens(hosts, "g2")) for word in ("EXT4", "mce:", "nvme", "paused")))
        stays("nothing moves", lambda: hosts.running_on("g1") == ["alpha"] and hosts.running_on("g2") == ["alpha"], 10)
        expect("nothing was begun", not hosts.omen("alpha", "evacuations", "--json"))


def test_restarts():
    """Restarts of the daemon, of the forwarder and of the daemon's connection: nothing twice, nothing lost unmarked."""
    with bed.Bed("guests-restart", hosts=1, guests=1, daemon="observe") as hosts:
        heard(hosts, "g1")
        say(hosts, "g1", "Buffer I/O error on dev vda, logical block 1001")
        wait_for("the first", lambda: count_of(hosts, "g1", "block 1001"))
        hosts.testbed("daemon", "alpha", "stop")
        say(hosts, "g1", "Buffer I/O error on dev vda, logical block 1002")
        time.sleep(2)
        hosts.testbed("daemon", "alpha", "start", "observe")
        wait_for("what was said meanwhile", lambda: count_of(hosts, "g1", "block 1002"), 60)
        third = encode("Buffer I/O error on dev vda, logical block 1003")
        in_guest(hosts, "g1", f"killall virt-omen-forward; sleep 1; echo {third} | base64 -d > /dev/kmsg; sleep 1; "
                              "exec virt-omen-forward")
        wait_for("what was said without a forwarder", lambda: count_of(hosts, "g1", "block 1003"), 60)
        time.sleep(5)
        for word in ("block 1001", "block 1002", "block 1003"):
            expect(f"{word} once", count_of(hosts, "g1", word) == 1)


def test_migration():
    """A guest that moves is heard on, by the destination's daemon: nothing twice."""
    with bed.Bed("guests-migrate", hosts=2, guests=1, daemon="observe") as hosts:
        heard(hosts, "g1")
        say(hosts, "g1", "Buffer I/O error on dev vda, logical block 2001")
        wait_for("the first", lambda: count_of(hosts, "g1", "block 2001"))
        hosts.on("alpha", "virsh", "-q", "migrate", "--live", "--p2p", "--persistent", "--undefinesource", "g1",
                 "qemu+tcp://beta/system")
        heard(hosts, "g1", "beta")
        say(hosts, "g1", "Buffer I/O error on dev vda, logical block 2002", "beta")
        wait_for("the second, on beta", lambda: count_of(hosts, "g1", "block 2002", "beta"), 60)
        expect("the first was not told again", count_of(hosts, "g1", "block 2001", "beta") == 0)
        row = channel(hosts, "g1", "beta")
        expect(f"at most a marked gap: {row}", row["dropped"] < 50)


def test_hostile():
    """Rubbish, half frames and a flood: the daemon answers, the neighbour is heard, and the guest is told of."""
    with bed.Bed("guests-hostile", hosts=1, guests=2, daemon="observe") as hosts:
        heard(hosts, "g1")
        heard(hosts, "g2")
        in_guest(hosts, "g1", "killall -9 virt-omen-forward; sleep 1; printf 'OMEN\\001\\001\\377\\377half a frame' > " + PORT +
                              "; printf '\\033[2J\\377\\376kernel: forged\\n' > " + PORT + "; cat /dev/urandom > " + PORT)
        wait_for("the flood is noticed", lambda: "more than its budget" in channel(hosts, "g1")["problem"], 60)
        slowest = 0.0
        for number in range(5):
            began = time.monotonic()
            say(hosts, "g2", f"Buffer I/O error on dev vda, logical block 300{number}")
            wait_for("g2 is heard all the while", lambda n=number: count_of(hosts, "g2", f"block 300{n}"), 20, 0.05)
            slowest = max(slowest, time.monotonic() - began)
        print(f"# the neighbour's record took at most {slowest:.2f} s", flush=True)
        expect("rubbish is no record, and no omen", not omens(hosts, "g1"))
        in_guest(hosts, "g1", "killall cat; exec virt-omen-forward")
        say(hosts, "g1", "Buffer I/O error on dev vda, logical block 3100")
        wait_for("it is heard again after its penalty", lambda: count_of(hosts, "g1", "block 3100"), 120)


def test_heartbeats():
    """QEMU and the guest's agent fall silent: slow, failed, alive again. A paused guest is not silent."""
    with bed.Bed("guests-heartbeat", hosts=1, guests=2, daemon="observe") as hosts:
        heard(hosts, "g1")
        heard(hosts, "g2")
        hosts.on("alpha", "virsh", "suspend", "g2")
        before = {kind: channel(hosts, "g1", kind=kind)["records"] for kind in ("monitor", "agent", "beat")}
        expect(f"all is well at first: {before}", not any(before.values()))
        time.sleep(8)
        hosts.on("alpha", "sh", "-c", "kill -STOP $(cat /run/libvirt/qemu/g1.pid)")
        began = time.monotonic()
        found = wait_for("QEMU's silence is an omen of g1",
                         lambda: [row for row in omens(hosts, "g1") if any("QEMU monitor" in text for text in row["records"])], 60)
        print(f"# after {time.monotonic() - began:.0f} s: {found[0]['records'][0]}", flush=True)
        expect("it is the domain's, by QEMU's word", found[0]["scope"] == "domain")
        wait_for("the forwarder's silence is told", lambda: channel(hosts, "g1", kind="beat")["records"] > 0, 30)
        told = channel(hosts, "g1", kind="monitor")["records"]
        hosts.on("alpha", "sh", "-c", "kill -CONT $(cat /run/libvirt/qemu/g1.pid)")
        wait_for("it lives again", lambda: channel(hosts, "g1", kind="monitor")["records"] > told, 60)
        quiet = {kind: channel(hosts, "g2", kind=kind)["records"] for kind in ("monitor", "agent", "beat")}
        expect(f"the paused guest is not silent: {quiet}", not any(quiet.values()))


def test_pull():
    """A guest without a forwarder is heard through its stock agent, and heard by the forwarder again when that returns."""
    with bed.Bed("guests-pull", hosts=1, guests=1, daemon="observe") as hosts:
        hosts.on("alpha", "sh", "-c", "printf '[guests]\\npull_period_s=3\\n' > /etc/virt-omen/conf.d/60-pull.conf")
        in_guest(hosts, "g1", "killall virt-omen-forward")
        hosts.testbed("daemon", "alpha", "stop")
        hosts.testbed("daemon", "alpha", "start", "observe")
        wait_for("it is heard through its agent", lambda: "through its agent" in domain(hosts, "g1")["hearing"], 90)
        say(hosts, "g1", "Buffer I/O error on dev vda, logical block 4001")
        wait_for("what the guest wrote to its log", lambda: count_of(hosts, "g1", "block 4001"), 60)
        expect("its word is not trusted", channel(hosts, "g1", kind="pull")["trusted"] is False)
        in_guest(hosts, "g1", "exec virt-omen-forward")
        heard(hosts, "g1")


def test_forbidden():
    """An agent whose policy forbids to read logs is named, with what to do; it is asked seldom, and still for its pulse."""
    with bed.Bed("guests-forbidden", hosts=1, guests=1, daemon="observe") as hosts:
        hosts.on("alpha", "sh", "-c", "printf '[guests]\\npull_period_s=2\\n' > /etc/virt-omen/conf.d/60-pull.conf")
        in_guest(hosts, "g1", "killall virt-omen-forward; (sleep 1; killall qemu-ga; sleep 1; exec qemu-ga -m virtio-serial "
                 "-p /dev/virtio-ports/org.qemu.guest_agent.0 -l /var/log/forbidden.log -t /var/run "
                 "-b guest-exec,guest-file-open) < /dev/null > /dev/null 2>&1 &")
        hosts.testbed("daemon", "alpha", "stop")
        hosts.testbed("daemon", "alpha", "start", "observe")
        row = wait_for("the refusal is told", lambda: (channel(hosts, "g1", kind="pull") or {}).get("problem"), 90)
        expect(f"it names what is forbidden, and what to do: {row}", "forbids guest-exec and guest-file-open" in row
               and "org.virtomen.log.0" in row)
        expect("it is not taken for heard", "through its agent" not in domain(hosts, "g1")["hearing"])
        stays("its pulse is felt all the same", lambda: channel(hosts, "g1", kind="agent")["records"] == 0, 20)


def latencies(hosts, guests, first):
    """Seconds from a line in a guest's kernel to its omen's record, of lines of several guests in turn."""
    found = []
    for number in range(first, first + 12):
        guest = guests[number % len(guests)]
        began = time.monotonic()
        say(hosts, guest, f"Buffer I/O error on dev vda, logical block {number}")
        wait_for(f"{guest} is heard", lambda g=guest, n=number: count_of(hosts, g, f"block {n}"), 30, 0.02)
        found.append(time.monotonic() - began)
    return sorted(found)


def memory_kib(hosts):
    status = hosts.on("alpha", "sh", "-c", "cat /proc/$(pgrep -x virt-omend)/status").stdout
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


def test_flood():
    """One guest floods with valid records: what it costs its neighbours and the daemon."""
    with bed.Bed("guests-flood", hosts=1, guests=FLOOD_GUESTS, daemon="observe") as hosts:
        names = [f"g{number}" for number in range(1, FLOOD_GUESTS + 1)]
        for name in names:
            heard(hosts, name)
        calm = latencies(hosts, names[1:], 5000)
        before = memory_kib(hosts)
        in_guest(hosts, "g1", "while :; do head -c 400000 /proc/kallsyms > /var/log/messages; sleep 0.5; done")
        wait_for("the flood arrives", lambda: channel(hosts, "g1")["dropped"] > 100 or channel(hosts, "g1")["problem"], 60)
        flooded = latencies(hosts, names[1:], 6000)
        after = memory_kib(hosts)
        row = channel(hosts, "g1")
        print(f"# of {FLOOD_GUESTS} guests one floods: neighbours' median latency {calm[6]:.3f} s before, {flooded[6]:.3f} s during; "
              f"slowest {calm[-1]:.3f} and {flooded[-1]:.3f} s; the daemon {before} and {after} KiB; "
              f"the flooding guest: {row['records']} records, {row['dropped']} dropped, {row['problem']}", flush=True)
        expect("the neighbours are heard within a second or two", flooded[-1] < 3)
        expect("the daemon does not grow by more than one guest's budget", after - before < 4096)


if __name__ == "__main__":
    bed.main([test_channel, test_restarts, test_migration, test_hostile, test_heartbeats, test_pull, test_forbidden, test_flood])
