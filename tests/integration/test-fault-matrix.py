#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each fault at several points in time of a migration: in the end each guest runs exactly once, not started anew,
or in a state that is named and can be recovered from.

The link is narrow, so that a migration has a middle. With names of tests as arguments only these are run; with
OMEN_FAULT_POINTS=N in the environment each fault strikes at N of its points.
"""
import atexit
import os
import time

import bed
from bed import expect, wait_for

FINAL = ("succeeded", "failed", "cancelled")
GUEST = "g1"
NARROW = "120"  # Mbit/s: about 7 s for an idle guest
# None: as soon as it was asked for; else when so much of the memory is over.
# "before": it is so already when it is asked for.
POINTS = (None, 0.01, 0.35, 0.7, 0.95)
# Where the end itself must not be met.
EARLY_POINTS = (None, 0.01, 0.2, 0.45, 0.7)
N_POINTS = int(os.environ.get("OMEN_FAULT_POINTS", 0))
tally = {"runs": 0, "moved": 0, "stayed": 0, "named": 0}


def summarise():
    print(f"# fault matrix: {tally['runs']} runs: {tally['moved']} moved, {tally['stayed']} stayed, "
          f"{tally['named']} in a state that was named", flush=True)


atexit.register(summarise)


def configure(hosts, text, mode="advise"):
    hosts.on("alpha", "sh", "-c", "cat > /etc/virt-omen/conf.d/50-test.conf", stdin=text)
    hosts.testbed("daemon", "alpha", "stop")
    hosts.testbed("daemon", "alpha", "start", mode)


def newest(hosts):
    try:
        return hosts.evacuation_of("alpha", GUEST)
    except ValueError:
        return None


def wait_for_point(hosts, number, point):
    """Waits until that share of the memory is over, or it has ended."""
    def reached():
        row = newest(hosts)
        return row and row["id"] >= number and (row["phase"] in FINAL or row["phase"] != "queued" and
                                                (point is None or row["progress"] >= point))
    wait_for(f"point {point}", reached, 60, 0.05)


def try_counter(hosts):
    try:
        return hosts.counter(GUEST)
    except (bed.Failed, ValueError, KeyError):
        return None


def judge(hosts, before, row):
    """Where it runs now, once, and that it was not restarted."""
    where = wait_for("it runs on one host", lambda: hosts.running_on(GUEST) if len(hosts.running_on(GUEST)) == 1
                     else None, 60)
    after = wait_for("it answers", lambda: try_counter(hosts), 60)
    expect(f"not restarted: {row}", after[0] == before[0])
    expect(f"it went on: {before} {after} {row}", after[1] > before[1])
    expect(f"the daemon knows: {row}, {where}", (row["phase"] == "succeeded") == (where[0] != "alpha"))
    return where[0]


def bring_back(hosts, where):
    if where == "alpha":
        return
    wait_for("it comes back", lambda: hosts.on(where, "virsh", "migrate", "--live", "--p2p", "--persistent",
                                               "--undefinesource", GUEST, "qemu+tcp://alpha/system",
                                               check=False).returncode == 0, 60, 2)


def count(outcome):
    tally["runs"] += 1
    tally[outcome] += 1
    return outcome


def some_of(points):
    """As many of the points as were asked for, spread over all."""
    if not 0 < N_POINTS < len(points):
        return points
    return [points[(2 * i + 1) * len(points) // (2 * N_POINTS)] for i in range(N_POINTS)]


def run_fault(name, fault, mend=None, hosts_wanted=2, setting="", points=POINTS, prepare=None, judge_by=None):
    """fault(hosts) strikes at each of the points; mend(hosts) follows at once. Prints what became of it."""
    with bed.Bed("matrix-" + name, hosts=hosts_wanted, guests=1, daemon="advise") as hosts:
        hosts.testbed("rate", "alpha", NARROW)
        configure(hosts, setting)
        if prepare:
            prepare(hosts)
        outcomes = []
        for point in some_of(points):
            before = hosts.counter(GUEST)
            last = newest(hosts)
            if point == "before":
                fault(hosts)
            hosts.omen("alpha", "evacuate", GUEST)
            if point != "before":
                wait_for_point(hosts, last["id"] + 1 if last else 1, point)
                fault(hosts)
            if mend:
                mend(hosts)
            row = wait_for("it ends", lambda: newest(hosts) if (newest(hosts) or {}).get("phase") in FINAL else None,
                           240)
            if judge_by:
                outcomes.append(count(judge_by(hosts, before, row)))
                continue
            where = judge(hosts, before, row)
            outcomes.append(count("stayed" if where == "alpha" else "moved"))
            bring_back(hosts, where)
        print(f"# {name}: {', '.join(outcomes)}", flush=True)


def test_daemon():
    """The daemon is killed and restarted."""
    run_fault("daemon", lambda hosts: hosts.testbed("daemon", "alpha", "kill"),
              lambda hosts: hosts.testbed("daemon", "alpha", "start", "advise"))


def restart_libvirtd(host):
    def mend(hosts):
        time.sleep(1)
        hosts.testbed("libvirtd", host, "start")
    return mend


def test_source():
    """The source's libvirtd is killed and restarted."""
    run_fault("source", lambda hosts: hosts.testbed("libvirtd", "alpha", "kill"), restart_libvirtd("alpha"))


def test_destination():
    """The destination's libvirtd is killed and restarted."""
    run_fault("destination", lambda hosts: hosts.testbed("libvirtd", "beta", "kill"), restart_libvirtd("beta"))


def link_up(hosts):
    time.sleep(12)
    hosts.testbed("link", "beta", "up")


def test_link():
    """The link is cut for twelve seconds during pre-copy."""
    run_fault("link", lambda hosts: hosts.testbed("link", "beta", "down"), link_up)


def wish_post_copy(hosts):
    hosts.on("alpha", "virsh", "metadata", GUEST, "--uri", "https://virt-omen.org/xmlns/evacuation/1", "--key", "omen",
             "--live", "--config", "--set", "<evacuation technique=\"post-copy\"/>")


def test_link_in_post_copy():
    """The link is cut for twelve seconds during post-copy: it is resumed."""
    run_fault("link-in-post-copy", lambda hosts: hosts.testbed("link", "beta", "down"), link_up,
              setting="[evacuation]\npost_copy=always\n", prepare=wish_post_copy)


def test_out_of_memory():
    """The destination's QEMU is killed, as by the kernel when memory is short."""
    run_fault("out-of-memory", lambda hosts: hosts.on("beta", "pkill", "-KILL", "-f", "qemu-system", check=False),
              points=EARLY_POINTS)


def hook_on(hosts):
    hosts.on("beta", "sh", "-c", "printf '#!/bin/sh\\n[ \"$2\" != migrate ] && [ \"$2\" != start ] || "
                                 "{ echo not now >&2; exit 1; }\\n' > /etc/libvirt/hooks/qemu.d/99-test; "
                                 "chmod 755 /etc/libvirt/hooks/qemu.d/99-test")


def test_hook():
    """A hook begins to refuse."""
    run_fault("hook", hook_on, lambda hosts: (time.sleep(1), hosts.on("beta", "rm", "/etc/libvirt/hooks/qemu.d/99-test")),
              points=("before", *POINTS))


def test_disk():
    """The guest's disk gives I/O errors."""
    def judge_disk(hosts, before, row):
        hosts.testbed("disk-errors", GUEST, "off")
        where = wait_for("it is on one host", lambda: hosts.running_on(GUEST) if len(hosts.running_on(GUEST)) == 1
                         else None, 60)[0]
        state = hosts.on(where, "virsh", "domstate", GUEST, "--reason").stdout
        if "paused" in state:
            hosts.on(where, "virsh", "resume", GUEST)
        after = wait_for("it answers", lambda: try_counter(hosts), 60)
        expect(f"not restarted: {row}", after[0] == before[0])
        named = row["phase"] == "failed" and row["error"]
        expect(f"the daemon knows: {row}, {where}", named if where == "alpha" else
               row["phase"] == "succeeded" or "paused" in row["error"])
        bring_back(hosts, where)
        return "named" if named else "moved"
    run_fault("disk", lambda hosts: hosts.testbed("disk-errors", GUEST, "on"), judge_by=judge_disk)


def blind(host):
    """The host no longer reaches the guests' storage."""
    return lambda hosts: hosts.on(host, "ip", "route", "add", "blackhole", "10.77.0.1/32", check=False)


def test_storage():
    """The destination does not reach the guest's disk, for four seconds."""
    def mend(hosts):
        time.sleep(4)
        hosts.on("beta", "ip", "route", "del", "blackhole", "10.77.0.1/32")
    run_fault("storage", blind("beta"), mend, points=("before", *POINTS))


def test_owner():
    """The owner destroys the domain."""
    def judge_owner(hosts, _before, row):
        where = hosts.running_on(GUEST)
        if where:  # the word came too late
            expect(f"it had moved: {row}", row["phase"] == "succeeded" and len(where) == 1)
            bring_back(hosts, where[0])
            return "moved"
        expect(f"it is said: {row}", row["phase"] == "failed" and row["error"])
        hosts.on("alpha", "virsh", "start", GUEST)
        wait_for("it answers", lambda: try_counter(hosts), 60)
        return "named"
    run_fault("owner", lambda hosts: hosts.on("alpha", "virsh", "destroy", GUEST, check=False), judge_by=judge_owner)


def test_second_omen():
    """An omen comes during the evacuation: no second evacuation."""
    def raise_omen(hosts):
        raise_omen.known = len(hosts.omen("alpha", "evacuations", "--json"))
        hosts.write("alpha", bed.stamped(bed.series("disk-dies.log")))
        omen = wait_for("an omen", lambda: [omen for omen in hosts.omens("alpha")
                                            if omen["action"] == "proposed"])[0]
        hosts.omen("alpha", "approve", str(omen["id"]), check=False)

    def clear(hosts):
        wait_for("it ends", lambda: newest(hosts)["phase"] in FINAL, 120)
        rows = hosts.omen("alpha", "evacuations", "--json")
        overlap = [row for row in rows[raise_omen.known:] if row["domain"] == GUEST]
        expect(f"not twice at once: {rows[-2:]}", all(row["queued"] >= rows[raise_omen.known - 1]["ended"] - 0.5
                                                      for row in overlap))
        for omen in hosts.omens("alpha"):
            hosts.omen("alpha", "clear", str(omen["id"]), check=False)
        wait_for("the quarantine ends", lambda: hosts.on("alpha", "test", "-e", "/run/virt-omen/quarantine",
                                                         check=False).returncode != 0)

    def learn(hosts):
        hosts.write("alpha", bed.stamped(bed.series("host-life.log")))
        wait_for("alpha has learnt", lambda: hosts.records("alpha") >= 400)
    run_fault("second-omen", raise_omen, clear, prepare=learn)


def test_cancel():
    """An operator cancels."""
    run_fault("cancel", lambda hosts: hosts.omen("alpha", "cancel", str(newest(hosts)["id"]), check=False))


def test_power():
    """The destination loses power; another one takes the guest."""
    def power_on(hosts):
        wait_for("it ends", lambda: newest(hosts)["phase"] in FINAL, 120)
        hosts.testbed("boot", "beta")
    run_fault("power", lambda hosts: hosts.testbed("kill", "beta"), power_on, hosts_wanted=3, points=EARLY_POINTS)


if __name__ == "__main__":
    bed.main([test_daemon, test_source, test_destination, test_link, test_link_in_post_copy, test_out_of_memory,
              test_hook, test_disk, test_storage, test_owner, test_second_omen, test_cancel, test_power])
