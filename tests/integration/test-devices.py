#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A failing disk moves the domains that lie on it, and no others: real loop devices, file systems and guests."""
import contextlib
import pathlib
import shutil
import subprocess
import tempfile

import bed
from bed import expect, stays, wait_for

STORY = bed.series("disk-dies.log")
MIB = 1024 * 1024


@contextlib.contextmanager
def loop_devices(folder, count):
    """Loop devices of this machine, with an ext4 on each."""
    names = []
    try:
        for number in range(count):
            image = folder / f"disk{number}.img"
            with open(image, "wb") as file:
                file.truncate(32 * MIB)
            done = bed.run(["losetup", "--find", "--show", str(image)], check=False)
            if done.returncode:
                raise bed.Skipped(f"no loop device can be had here: {done.stderr.strip()}")
            names.append(done.stdout.strip().removeprefix("/dev/"))
            bed.run(["mkfs.ext4", "-q", "-F", f"/dev/{names[-1]}"])
        yield names
    finally:
        for name in names:
            bed.run(["losetup", "--detach", f"/dev/{name}"], check=False)


@contextlib.contextmanager
def disks_of_guests(hosts, folder, loops):
    """g1 with a disk in a file on the first loop device, g2 on the second; the others are used by nobody. The disks are read only,
    and at the same place on the other hosts, so that they need not be copied."""
    for number, guest in enumerate(("g1", "g2")):
        place = folder / guest
        place.mkdir()
        for mounted in (False, True):
            if mounted:
                hosts.on("alpha", "mount", f"/dev/{loops[number]}", str(place))
            hosts.on("alpha", "truncate", "-s", str(MIB), str(place / "extra.raw"))
        hosts.on("alpha", "virsh", "-q", "attach-disk", guest, str(place / "extra.raw"), "vdb", "--config", "--mode", "readonly")
        hosts.on("alpha", "virsh", "-q", "destroy", guest)
        hosts.on("alpha", "virsh", "-q", "start", guest)
    for guest in ("g1", "g2"):
        wait_for(f"{guest} answers", lambda one=guest: answers(hosts, one), 120)
    try:
        yield
    finally:
        for guest in ("g1", "g2"):
            hosts.on("alpha", "umount", "--lazy", str(folder / guest), check=False)


def answers(hosts, guest):
    try:
        return hosts.counter(guest)
    except (bed.Failed, ValueError, KeyError, subprocess.TimeoutExpired):
        return None


@contextlib.contextmanager
def storage(name, loops=3):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="virt-omen-devices-"))
    try:
        with loop_devices(folder, loops) as names, bed.Bed(name, hosts=2, guests=2, daemon="enforce") as hosts, \
                disks_of_guests(hosts, folder, names):
            yield hosts, names
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def teach(hosts):
    lines = bed.series("host-life.log")
    before = hosts.records("alpha")
    hosts.write("alpha", bed.stamped(lines))
    wait_for("the benign lines are read", lambda: hosts.records("alpha") >= before + len(lines))


def break_disk(hosts, name):
    """What the kernel writes of a dying disk, with another disk's name, and without the address that it had."""
    hosts.write("alpha", bed.stamped([line.replace("sda", name).replace("sd 0:0:0:0: ", "") for line in STORY]))


def omen_of(hosts, name):
    return wait_for(f"an omen of {name} that was decided about", lambda: decided(hosts, name), 30)


def decided(hosts, name):
    found = [omen for omen in hosts.omens("alpha") if omen["device"] == name]
    return found[0] if found and found[0]["reach"] not in ("", "seeking") else None


def test_only_its_users():
    """Of two guests on two disks the one on the dying disk moves."""
    with storage("devices") as (hosts, loops):
        unused = loops[2]
        before = {guest: hosts.counter(guest) for guest in ("g1", "g2")}
        teach(hosts)

        break_disk(hosts, unused)
        omen = omen_of(hosts, unused)
        expect(f"nobody uses it: {omen}", omen["reach"] == "nobody" and omen["uses"] == [])
        expect(f"it is told, and says so: {omen}", omen["action"] == "recorded" and "no domain is moved" in omen["outcome"])
        stays("nobody moves", lambda: hosts.omen("alpha", "evacuations", "--json") == [], 8)
        expect("the host is not endangered", not hosts.omen("alpha", "status", "--json")["host"]["endangered"])

        hosts.omen("alpha", "mode", "advise")
        break_disk(hosts, loops[0])
        omen = omen_of(hosts, loops[0])
        expect(f"g1 uses it: {omen}", omen["reach"] == "domains" and [use["domain"] for use in omen["uses"]] == ["g1"])
        chain = omen["uses"][0]["chain"]
        expect(f"and by which way: {chain}", chain.startswith(f"{loops[0]} → /") and chain.endswith("→ vdb of g1"))
        told = hosts.omen("alpha", "explain", str(omen["id"])).stdout
        expect(f"explain tells the way as well: {told}", chain in told)
        plan = hosts.omen("alpha", "plan", "--omen", str(omen["id"]), "--json")
        named = {row["domain"] for row in plan["moves"] + plan["stays"]}
        expect(f"the omen's plan is of g1 alone: {plan}", named == {"g1"})
        expect("it waits for approval", hosts.running_on("g1") == ["alpha"])
        hosts.omen("alpha", "approve", str(omen["id"]))
        wait_for("g1 got away", lambda: hosts.running_on("g1") == ["beta"], 120)
        wait_for("the outcome stands beside the omen",
                 lambda: "1 of 1" in [one for one in hosts.omens("alpha") if one["id"] == omen["id"]][0]["outcome"])
        expect("g2 stays", hosts.running_on("g2") == ["alpha"])
        expect("the evacuation is g1's", {row["domain"] for row in hosts.omen("alpha", "evacuations", "--json")} == {"g1"})
        for guest in ("g1", "g2"):
            after = hosts.counter(guest)
            expect(f"{guest} went on counting", after[0] == before[guest][0] and after[1] > before[guest][1])


def test_comes_into_use():
    """A domain that begins to use a bad disk is found out; a device that is not known is everybody's."""
    with storage("devices-later") as (hosts, loops):
        teach(hosts)
        hosts.on("alpha", "virsh", "-q", "destroy", "g2")
        break_disk(hosts, loops[1])
        expect("nobody uses it", omen_of(hosts, loops[1])["reach"] == "nobody")
        hosts.on("alpha", "virsh", "-q", "start", "g2")
        wait_for("g2 does now, and leaves", lambda: hosts.running_on("g2") == ["beta"], 150)
        expect("g1 stays", hosts.running_on("g1") == ["alpha"])

        break_disk(hosts, "sdzz")
        omen = omen_of(hosts, "sdzz")
        expect(f"everybody's: {omen}", omen["reach"] == "host" and "sdzz is known here" in omen["reach_note"])


if __name__ == "__main__":
    bed.main([test_only_its_users, test_comes_into_use])
