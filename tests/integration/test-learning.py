#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An operator's words are learnt and kept, what what came of omens is told."""
import json
import time

import alone
import bed
from bed import expect, wait_for

DISK = "kernel: critical medium error, dev {}, sector 28640 op 0x0:(READ) flags 0x0"


def restart(one):
    one.daemon.terminate()
    one.daemon.wait(10)
    one.daemon = one.start_daemon()


def breaks(one, number):
    """The disk is said to die for the number-th time; the omens of it."""
    before = one.records()
    one.write([DISK.format("sdb")])
    wait_for(f"line {number} is read", lambda: one.records() > before)
    return [row for row in one.omen("omens", "--json") if row["class"] == "disk"]


def test_dismiss():
    """A false alarm is not raised again, also after a restart, until it is taken back."""
    with alone.Alone() as one:
        one.teach()
        first = wait_for("an omen", lambda: breaks(one, 1))[0]
        one.omen("dismiss", str(first["id"]))
        expect("no other comes", len(breaks(one, 2)) == 1)
        restart(one)
        expect("nor in the next life", len(breaks(one, 3)) == 1)
        told = [row for row in one.omen("normal", "--json") if row.get("word") == "dismissed"]
        expect(f"it is listed, with its date: {told}", len(told) == 1 and abs(told[0]["time"] - time.time()) < 300)
        one.omen("normal", "forget", "host", str(told[0]["templates"][0]))
        wait_for("taken back, it is raised again", lambda: len(breaks(one, 4)) == 2)
        precision = one.omen("omens", "--precision", "--json")
        expect(f"the precision is told: {precision}", precision["precision"] is None and precision["known"] == 1
               and precision["dismissed"] == 1)


def test_confirm():
    """What was real is raised at once, also where no judge sees anything, and after a restart."""
    with alone.Alone() as one:
        one.teach()
        first = wait_for("an omen", lambda: breaks(one, 1))[0]
        one.omen("confirm", str(first["id"]))
        one.omen("clear", str(first["id"]))
        one.configure("[judge]\nname=never\n")
        restart(one)
        again = wait_for("it is raised without a judge's help", lambda: breaks(one, 2)[1:])[0]
        expect(f"as what it was: {again}", again["class"] == "disk" and again["probability"] == 1)
        shown = one.omen("explain", str(again["id"])).stdout
        for word in ("outcome", "judged", "normal in this stream", "records"):
            expect(f"explain says {word}: {shown}", word in shown)
        told = [row for row in one.omen("normal", "--json") if row.get("word") == "confirmed"]
        one.omen("normal", "forget", "host", str(told[0]["templates"][0]))
        one.omen("clear", str(again["id"]))
        expect("taken back, the judge decides", len(breaks(one, 3)) == 2)


SECTORS = "smartd[412]: Device: /dev/sdc [SAT], {} Currently unreadable (pending) sectors"


def tells(one, n_sectors):
    """The open omens of the disk after smartd told of so many sectors."""
    before = one.records()
    one.write([SECTORS.format(n_sectors)])
    wait_for("the line is read", lambda: one.records() > before)
    return [row for row in one.omen("omens", "--open", "--json") if row["class"] == "disk"]


def test_accept():
    """A known value raises nothing until it is worse, over a restart and a reload, by the tool and by busctl."""
    with alone.Alone() as one:
        one.teach()
        tells(one, 16)
        first = wait_for("an omen", lambda: tells(one, 24))[0]
        said = one.omen("accept", str(first["id"])).stdout
        expect(f"it says so: {said}", "Accepted omen" in said and "disk sdc" in said)
        expect("24 are known", not tells(one, 24))
        one.omen("config", "check", str(one.folder / "virt-omen.conf"))
        bus = [alone.need("busctl"), f"--address={one.bus}", "--json=short", "call", "org.virtomen1"]
        bed.run([*bus, "/org/virtomen1/manager", "org.virtomen1.Manager", "Reload", "a{sv}", "0"])
        expect("also after a reload", not tells(one, 24))
        restart(one)
        expect("and in the next life", not tells(one, 24))
        listed = json.loads(bed.run([*bus, "/org/virtomen1/manager", "org.virtomen1.Manager", "ListAccepted", "sa{sv}",
                                     "host", "0"]).stdout)["data"][0]
        expect(f"it is listed: {listed}", len(listed) == 1 and listed[0]["device"]["data"] == "sdc"
               and "24 Currently unreadable" in listed[0]["line"]["data"])
        worse = wait_for("32 are news", lambda: tells(one, 32))[0]
        expect(f"and said to be: {worse}", "worse" in worse["reason"] and worse["id"] != first["id"])
        bed.run([*bus, f"/org/virtomen1/omens/{worse['id']}", "org.virtomen1.Omen", "Accept", "a{sv}", "0"])
        expect("32 are known now", not tells(one, 32))
        number = str(one.omen("accepted", "--json")[0]["number"])
        one.omen("accepted", "--forget", number)
        again = wait_for("taken back, it is raised", lambda: tells(one, 24))[0]
        one.omen("clear", str(again["id"]))
        event = wait_for("an event", lambda: breaks(one, 1)[-1])
        refused = one.omen("accept", str(event["id"]), check=False)
        expect(f"an event has no value: {refused.stderr}", refused.returncode == 1 and "clear" in refused.stderr)


def test_repaired():
    """A disk that is replaced is one that was failing: it is written beside its omen."""
    with alone.Alone() as one:
        one.teach()
        wait_for("an omen", lambda: breaks(one, 1))
        time.sleep(1.5)
        one.write(["kernel: sd 2:0:0:0: [sdb] Attached SCSI disk"])
        row = wait_for("its fate is known", lambda: [row for row in one.omen("omens", "--json") if row["fate"]])[0]
        expect(f"repaired: {row}", row["fate"] == "repaired" and "replaced" in row["outcome"])


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_dismiss, test_confirm, test_accept, test_repaired])
