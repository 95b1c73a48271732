#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job on real parts: a VM leaves a host whose disk begins to die, in each mode."""
import time

import bed
from bed import expect, stays, wait_for

FINAL = ("succeeded", "failed", "cancelled")


def teach(hosts, host="alpha"):
    """Ordinary life, written to the host's own log, until it is read."""
    lines = bed.series("host-life.log")
    before = hosts.records(host)
    hosts.write(host, bed.stamped(lines, host))
    wait_for("the benign lines are read", lambda: hosts.records(host) >= before + len(lines))


def break_disk(hosts, host="alpha"):
    """The kernel lines of a disk with unrecoverable read errors; returns when they were written."""
    written = time.time()
    hosts.write(host, bed.stamped(bed.series("disk-dies.log"), host))
    return written


def disk_omens(hosts, host="alpha"):
    """Those of the disk: a busy machine may speak of its processors as well."""
    return [omen for omen in hosts.omens(host) if omen["class"] == "disk"]


def first_omen(hosts, host="alpha"):
    return wait_for("an omen", lambda: disk_omens(hosts, host))[0]


def ended(hosts, guest, host="alpha", seconds=120):
    def final():
        row = hosts.evacuation_of(host, guest)
        return row if row and row["phase"] in FINAL else None
    return wait_for(f"the evacuation of {guest} ends", final, seconds)


def check_moved(hosts, guest, before, destination="beta"):
    after = hosts.counter(guest)
    expect("the guest was not restarted", after[0] == before[0])
    expect("the counter went on", after[1] > before[1])
    expect(f"{guest} runs on {destination} and nowhere else", hosts.running_on(guest) == [destination])


def check_omen(omen):
    expect(f"class disk: {omen}", omen["class"] == "disk")
    expect("sure of it", omen["probability"] >= 0.5)
    expect("a reason", omen["reason"])
    expect("names the lines", any("Medium Error" in line or "medium error" in line or "read error" in line
                                  for line in omen["records"]))


def test_enforce():
    """enforce: the guest leaves the dying host, live, and is verified."""
    with bed.Bed("story-enforce", hosts=2, guests=2, daemon="enforce") as hosts:
        before = {guest: hosts.counter(guest) for guest in ("g1", "g2")}
        teach(hosts)
        expect("ordinary life raises nothing", hosts.omens("alpha") == [])
        written = break_disk(hosts)
        check_omen(first_omen(hosts))
        for guest in ("g1", "g2"):
            row = ended(hosts, guest)
            expect(f"{guest} got away: {row}", row["phase"] == "succeeded")
            check_moved(hosts, guest, before[guest])
            print(f"# {guest}: omen {hosts.omen('alpha', 'omens', '--json')[0]['time'] - written:.3f} s, migration "
                  f"{row['started'] - written:.3f} s, on {row['destination']} {row['switched'] - written:.3f} s, "
                  f"verified {row['ended'] - written:.3f} s after the write; downtime {row['downtime_ms']} ms")
        omens = disk_omens(hosts)
        expect(f"a burst is one omen of a disk: {omens}", len([one for one in omens if one["class"] == "disk"]) == 1)
        rows = [row for row in hosts.omen("alpha", "evacuations", "--json") if row["domain"] == "g1"]
        expect("and one evacuation a guest", len(rows) == 1)
        wait_for("the outcome stands beside the omen",
                 lambda: "2 of 2" in disk_omens(hosts)[0]["outcome"])
        status = hosts.omen("alpha", "status", "--json")
        expect("alpha is endangered", status["host"]["endangered"])
        expect("beta is not", not hosts.omen("beta", "status", "--json")["host"]["endangered"])


def test_advise():
    """advise: nothing moves until it is approved."""
    with bed.Bed("story-advise", hosts=2, guests=1, daemon="advise") as hosts:
        before = hosts.counter("g1")
        teach(hosts)
        break_disk(hosts)
        omen = first_omen(hosts)
        expect(f"it is proposed: {omen}", omen["action"] == "proposed")
        stays("g1 stays on alpha", lambda: hosts.running_on("g1") == ["alpha"], 8)
        expect("no evacuation began", hosts.omen("alpha", "evacuations", "--json") == [])
        hosts.omen("alpha", "approve", str(omen["id"]))
        expect("after approval it goes", ended(hosts, "g1")["phase"] == "succeeded")
        check_moved(hosts, "g1", before)


def test_observe():
    """observe: an omen is recorded, nothing moves, nothing is refused."""
    with bed.Bed("story-observe", hosts=2, guests=1, daemon="observe") as hosts:
        teach(hosts)
        break_disk(hosts)
        expect("it is recorded", first_omen(hosts)["action"] == "recorded")
        stays("g1 stays on alpha", lambda: hosts.running_on("g1") == ["alpha"], 8)
        expect("no evacuation began", hosts.omen("alpha", "evacuations", "--json") == [])
        refused = hosts.omen("alpha", "approve", "1", check=False)
        expect("there is nothing to approve", refused.returncode == 1 and refused.stderr)


def test_benign():
    """Frightening words that mean no harm move nothing."""
    with bed.Bed("story-benign", hosts=2, guests=1, daemon="enforce") as hosts:
        teach(hosts)
        for _ in range(3):
            before = hosts.records("alpha")
            lines = bed.series("frightening.log")
            hosts.write("alpha", bed.stamped(lines))
            wait_for("they are read", lambda start=before: hosts.records("alpha") >= start + len(lines))
        stays("g1 stays on alpha", lambda: hosts.running_on("g1") == ["alpha"], 4)
        expect("no omen", hosts.omens("alpha") == [])


def test_restart_remembers():
    """A restart of the daemon forgets nothing: what is normal, omens, evacuations."""
    with bed.Bed("story-restart", hosts=2, guests=1, daemon="advise") as hosts:
        teach(hosts)
        hosts.testbed("daemon", "alpha", "stop")
        hosts.testbed("daemon", "alpha", "start", "advise")
        stream = hosts.omen("alpha", "status", "--json")["host"]["streams"][0]
        expect(f"it is still trained: {stream}", not stream.get("training", False))
        break_disk(hosts)
        omen = first_omen(hosts)
        hosts.testbed("daemon", "alpha", "kill")
        hosts.testbed("daemon", "alpha", "start", "advise")
        again = disk_omens(hosts)
        expect(f"the omen is still there: {again}", again and again[0]["id"] == omen["id"])
        expect("and still proposed", again[0]["action"] == "proposed")
        hosts.omen("alpha", "approve", str(omen["id"]))
        expect("it can be approved", ended(hosts, "g1")["phase"] == "succeeded")


if __name__ == "__main__":
    bed.main([test_enforce, test_advise, test_observe, test_benign, test_restart_remembers])
