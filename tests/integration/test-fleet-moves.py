#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several hosts in need and one that takes their guests: a place is kept for each, and no more come in at once than may."""
import base64
import json
import threading
import time

import bed
from bed import expect, wait_for

FINAL = ("succeeded", "failed", "cancelled")
LIMIT = 2  # [fleet] inbound_limit, as shipped


def rows(one, host):
    """{name: row} of the fleet, as that host tells."""
    done = one.omen(host, "fleet", "--json", check=False)
    return {row["host"]: row for row in done} if isinstance(done, list) else {}


def destinations(one, host):
    """Names of those that can be used."""
    return {row["name"] for row in one.omen(host, "destinations", "--json") if not row["reason"]}


def evacuations(one, host):
    """The newest one of each guest."""
    return {row["domain"]: row for row in one.omen(host, "evacuations", "--json")}


def ended(one, host, guests, seconds=120):
    """Waits for the ends of all these guests' evacuations; guest -> row."""
    def final():
        found = evacuations(one, host)
        return found if all(found.get(guest, {}).get("phase") in FINAL for guest in guests) else None
    return wait_for(f"the evacuations of {guests} end", final, seconds)


class Watch(threading.Thread):
    """What is reserved at a destination, asked of the store again and again."""

    def __init__(self, one, destination):
        super().__init__()
        self.one = one
        self.most = 0
        self.polls = 0
        self.over = threading.Event()
        begin = f"/virt-omen/inbound/{destination}/"
        self.question = json.dumps({"key": base64.b64encode((begin + "0").encode()).decode(),
                                    "range_end": base64.b64encode((begin + "g").encode()).decode(),
                                    "count_only": True})

    def run(self):
        while not self.over.is_set():
            done = self.one.on("alpha", "curl", "-s", "-m", "2", "-d", self.question, "http://10.77.0.1:2379/v3/kv/range",
                               check=False)
            if done.returncode == 0:
                self.polls += 1
                self.most = max(self.most, int(json.loads(done.stdout).get("count", 0)))
            self.over.wait(0.1)

    def end(self):
        self.over.set()
        self.join()


def most_at_once(moves):
    """How many of these moves were under way at the same time, from libvirt's call to the guest's arrival."""
    events = sorted([(row["started"], 1) for row in moves] + [(row["switched"] or row["ended"], -1) for row in moves])
    now = most = 0
    for _, step in events:
        now += step
        most = max(most, now)
    return most


def endanger(one, host):
    before = one.records(host)
    life = bed.series("host-life.log")
    one.write(host, bed.stamped(life, host))
    wait_for(f"{host} has learnt", lambda: one.records(host) >= before + len(life))
    one.write(host, bed.stamped(bed.series("disk-dies.log"), host))
    return wait_for("an omen of the disk", lambda: [omen for omen in one.omens(host) if omen["class"] == "disk"])[0]


def test_two_in_need():
    """Two hosts in need at once: all guests land on the third, and never more at once than may."""
    guests = {"alpha": ["g1", "g2"], "beta": ["g3", "g4"]}
    names = sum(guests.values(), [])
    with bed.Bed("fleet-moves", hosts=3, guests=4, daemon="advise", options=["--fleet"]) as one:
        wait_for("alpha's destinations", lambda: destinations(one, "alpha") == {"beta", "gamma"}, 60)
        before = {guest: one.counter(guest) for guest in names}
        one.omen("alpha", "evacuate", *guests["beta"], "--to", "beta", "--wait")
        for host in guests:
            one.testbed("rate", host, "300")
        omens = {host: endanger(one, host) for host in guests}
        for host in guests:
            wait_for(f"only gamma is left to {host}", lambda host=host: destinations(one, host) == {"gamma"}, 60)
        watch = Watch(one, "gamma")
        watch.start()
        for host, omen in omens.items():
            one.omen(host, "approve", str(omen["id"]))
        waited, problems, reserved = set(), set(), 0
        for _ in range(600):
            found = {host: evacuations(one, host) for host in guests}
            waited |= {row["error"] for rows_ in found.values() for row in rows_.values() if row["phase"] == "queued" and row["error"]}
            problems |= {text for host in guests for text in one.omen(host, "status", "--json")["problems"]}
            reserved = max(reserved, rows(one, "gamma").get("gamma", {}).get("reserved_mib", 0))
            if all(found[host].get(guest, {}).get("phase") in FINAL and found[host][guest]["destination"] == "gamma"
                   for host in guests for guest in guests[host]):
                break
            time.sleep(0.1)
        moves = [ended(one, host, guests[host])[guest] for host in guests for guest in guests[host]]
        watch.end()
        expect(f"all went: {moves}", all(row["phase"] == "succeeded" and row["destination"] == "gamma" for row in moves))
        expect("none was restarted, and each runs once, on gamma",
               all(one.counter(guest)[0] == before[guest][0] and one.running_on(guest) == ["gamma"] for guest in names))
        expect(f"at most {LIMIT} reservations at once ({watch.polls} looks): {watch.most}", 1 <= watch.most <= LIMIT)
        expect(f"and moves: {moves}", most_at_once(moves) <= LIMIT)
        expect(f"one that waited says for what: {waited}", any("waits: gamma: " in text for text in waited))
        expect(f"and status says so: {problems}", any("for a place at a destination: gamma: " in text for text in problems))
        expect("virt-omen fleet told what was reserved", 128 <= reserved <= LIMIT * 256)
        wait_for("nothing is reserved any more", lambda: rows(one, "beta")["gamma"]["reserved_mib"] == 0, 20)
        print(f"# four guests of two hosts in {max(row['ended'] for row in moves) - min(row['started'] for row in moves):.1f} s, "
              f"{watch.most} at once at most; waited: {sorted(waited)[:1]}", flush=True)


def test_store_and_daemon():
    """Without the store a move begins all the same; a dead daemon's reservation stays until its guest has arrived."""
    with bed.Bed("fleet-alone", hosts=2, guests=2, daemon="advise", options=["--fleet"]) as one:
        wait_for("alpha's destination", lambda: destinations(one, "alpha") == {"beta"}, 60)
        one.testbed("store", "stop")
        began = time.time()
        one.omen("alpha", "evacuate", "g1", "--to", "beta", "--wait")
        row = evacuations(one, "alpha")["g1"]
        expect(f"it began in time, and says how: {row}", row["phase"] == "succeeded" and row["started"] - began < 8
               and "without a reservation" in row["error"])
        one.testbed("store", "continue")
        wait_for("alpha is among the others again", lambda: len(rows(one, "alpha")) == 2, 60)

        one.testbed("rate", "alpha", "80")
        one.omen("alpha", "evacuate", "g2", "--to", "beta")
        wait_for("g2 is on its way", lambda: evacuations(one, "alpha")["g2"]["phase"] == "running")
        one.testbed("daemon", "alpha", "kill")
        expect("its place is kept", rows(one, "beta")["beta"]["reserved_mib"] >= 128)
        wait_for("g2 has arrived by libvirt's means", lambda: one.running_on("g2") == ["beta"], 60)
        wait_for("and beta took its reservation out", lambda: rows(one, "beta")["beta"]["reserved_mib"] == 0, 20)
        one.testbed("daemon", "alpha", "start", "advise")
        wait_for("alpha knows", lambda: evacuations(one, "alpha")["g2"]["phase"] == "succeeded", 60)
        wait_for("and has nothing reserved again", lambda: rows(one, "beta")["beta"]["reserved_mib"] == 0, 20)
        expect("each runs once", one.running_on("g1") == ["beta"] and one.running_on("g2") == ["beta"])


if __name__ == "__main__":
    bed.main([test_two_in_need, test_store_and_daemon])
