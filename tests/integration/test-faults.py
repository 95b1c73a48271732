#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What dies in the middle: each time the guest runs exactly once, and the daemon knows what became of it.

A migration is made slow by its bandwidth (1 MiB/s), so that there is a middle.
"""
import time

import bed
from bed import expect, stays, wait_for

FINAL = ("succeeded", "failed", "cancelled")
SLOW = "[evacuation]\nbandwidth_mib={}\n"


def configure(hosts, host, text, mode="advise"):
    """Gives a host's daemon another drop-in, and starts it anew."""
    hosts.on(host, "sh", "-c", "cat > /etc/virt-omen/conf.d/50-test.conf", stdin=text)
    hosts.testbed("daemon", host, "stop")
    hosts.testbed("daemon", host, "start", mode)


def evacuate(hosts, guest, *options):
    hosts.omen("alpha", "evacuate", guest, *options)


def phase(hosts, guest, *phases):
    """Waits until the guest's evacuation is in one of these phases."""
    def reached():
        row = hosts.evacuation_of("alpha", guest)
        return row if row and row["phase"] in phases else None
    return wait_for(f"{guest} is {' or '.join(phases)}", reached, 120)


def runs_once(hosts, guest, before):
    """The guest runs on exactly one host, not started anew; returns that host."""
    where = wait_for("the guest runs somewhere", lambda: hosts.running_on(guest), 60)
    expect(f"{guest} runs exactly once: {where}", len(where) == 1)
    after = wait_for("the guest answers", lambda: try_counter(hosts, guest), 60)
    expect("it was not restarted", after[0] == before[0])
    expect("its counter went on", after[1] > before[1])
    return where[0]


def try_counter(hosts, guest):
    try:
        return hosts.counter(guest)
    except (bed.Failed, ValueError, KeyError):
        return None


def test_unreachable_destination():
    """A destination that is unreachable: the other one is tried, and the reason is said."""
    with bed.Bed("fault-unreachable", hosts=3, guests=1, daemon="advise") as hosts:
        before = hosts.counter("g1")
        hosts.testbed("kill", "beta")
        evacuate(hosts, "g1")
        row = phase(hosts, "g1", *FINAL)
        expect(f"it went to gamma: {row}", row["phase"] == "succeeded" and row["destination"] == "gamma")
        expect(f"beta cost little time: {row}", row["started"] - row["queued"] < 8)
        after = hosts.counter("g1")
        expect("it goes on there", after[0] == before[0] and after[1] > before[1])


def test_all_or_nothing():
    """A name that is unknown, or named twice: nothing is queued."""
    with bed.Bed("fault-names", hosts=2, guests=2, daemon="advise") as hosts:
        for names in (["g1", "g2", "nobody"], ["g1", "g2", "g1"]):
            done = hosts.omen("alpha", "evacuate", *names, check=False)
            expect(f"it is refused: {done.stderr}", done.returncode == 1 and names[-1] in done.stderr)
            expect("nothing was queued", hosts.omen("alpha", "evacuations", "--json") == [])
        expect("an unknown destination is told", "nowhere" in hosts.omen("alpha", "evacuate", "g1", "--to", "nowhere",
                                                                       check=False).stderr)
        expect("both go", hosts.omen("alpha", "evacuate", "g1", "g2", "--wait").returncode == 0)


def test_no_destination():
    """No destination at all: the guest stays, and the error says why."""
    with bed.Bed("fault-nowhere", hosts=2, guests=1, daemon="advise") as hosts:
        before = hosts.counter("g1")
        hosts.testbed("kill", "beta")
        evacuate(hosts, "g1")
        row = phase(hosts, "g1", *FINAL)
        expect(f"it failed and says of whom and why: {row}", row["phase"] == "failed" and "beta" in row["error"])
        expect("it stays on alpha", runs_once(hosts, "g1", before) == "alpha")


def test_full_destination():
    """A destination without room: the other one is tried."""
    with bed.Bed("fault-full", hosts=2, guests=1, daemon="advise") as hosts:
        configure(hosts, "alpha", "[evacuation]\nmemory_reserve_mib=10000000\n")
        before = hosts.counter("g1")
        evacuate(hosts, "g1")
        row = phase(hosts, "g1", *FINAL)
        expect(f"it failed for want of memory: {row}", row["phase"] == "failed" and "memory" in row["error"])
        expect("it stays on alpha", runs_once(hosts, "g1", before) == "alpha")


def test_refusing_destination():
    """A destination whose hook refuses (it is endangered itself): the other one is tried."""
    with bed.Bed("fault-refuse", hosts=3, guests=1, daemon="advise") as hosts:
        before = hosts.counter("g1")
        hosts.write("beta", bed.stamped(bed.series("host-life.log"), "beta"))
        wait_for("beta has learnt", lambda: hosts.records("beta") >= 400)
        hosts.write("beta", bed.stamped(bed.series("disk-dies.log"), "beta"))
        wait_for("beta is endangered", lambda: hosts.omen("beta", "status", "--json")["host"]["endangered"])
        evacuate(hosts, "g1", "--to", "beta")
        row = phase(hosts, "g1", *FINAL)
        expect(f"a refusal is not asked for again: {row}",
               row["phase"] == "failed" and row["attempt"] == 1 and "not tried again there: its libvirt hook" in row["error"])
        evacuate(hosts, "g1")
        row = phase(hosts, "g1", *FINAL)
        expect(f"it went to gamma: {row}", row["phase"] == "succeeded" and row["destination"] == "gamma")
        expect("beta's refusal is told", "beta" in row["error"] or row["attempt"] == 1)
        expect("it runs once", runs_once(hosts, "g1", before) == "gamma")


def test_daemon_killed():
    """kill -9 of the daemon in mid-migration, then a restart."""
    with bed.Bed("fault-daemon", hosts=2, guests=1, daemon="advise") as hosts:
        configure(hosts, "alpha", SLOW.format(12))
        before = hosts.counter("g1")
        evacuate(hosts, "g1")
        phase(hosts, "g1", "running")
        time.sleep(1)
        hosts.testbed("daemon", "alpha", "kill")
        hosts.testbed("daemon", "alpha", "start", "advise")
        row = phase(hosts, "g1", *FINAL)
        where = runs_once(hosts, "g1", before)
        expect(f"the daemon knows: {row}, {where}", (row["phase"] == "succeeded") == (where == "beta"))


def test_source_libvirtd_killed():
    """kill -9 of the source's libvirtd in mid-migration."""
    with bed.Bed("fault-source-libvirtd", hosts=2, guests=1, daemon="advise") as hosts:
        configure(hosts, "alpha", SLOW.format(8))
        before = hosts.counter("g1")
        evacuate(hosts, "g1")
        phase(hosts, "g1", "running")
        time.sleep(1)
        hosts.testbed("libvirtd", "alpha", "kill")
        time.sleep(2)
        hosts.testbed("libvirtd", "alpha", "start")
        row = phase(hosts, "g1", *FINAL)
        where = runs_once(hosts, "g1", before)
        expect(f"the daemon knows: {row}, {where}", (row["phase"] == "succeeded") == (where == "beta"))


def test_destination_libvirtd_killed():
    """kill -9 of the destination's libvirtd in mid-migration."""
    with bed.Bed("fault-destination-libvirtd", hosts=2, guests=1, daemon="advise") as hosts:
        configure(hosts, "alpha", SLOW.format(8))
        before = hosts.counter("g1")
        evacuate(hosts, "g1")
        phase(hosts, "g1", "running")
        time.sleep(1)
        hosts.testbed("libvirtd", "beta", "kill")
        time.sleep(2)
        hosts.testbed("libvirtd", "beta", "start")
        row = phase(hosts, "g1", *FINAL)
        where = runs_once(hosts, "g1", before)
        expect(f"the daemon knows: {row}, {where}", (row["phase"] == "succeeded") == (where == "beta"))


def test_destination_power_loss():
    """The destination loses power in mid-migration: the other one takes the guest."""
    with bed.Bed("fault-power", hosts=3, guests=1, daemon="advise") as hosts:
        configure(hosts, "alpha", SLOW.format(8))
        before = hosts.counter("g1")
        evacuate(hosts, "g1", "--to", "beta")
        phase(hosts, "g1", "running")
        time.sleep(1)
        hosts.testbed("kill", "beta")
        row = phase(hosts, "g1", *FINAL)
        after = wait_for("the guest answers", lambda: try_counter(hosts, "g1"), 60)
        expect("the guest lives on, not restarted", after[0] == before[0] and after[1] > before[1])
        where = [host for host in hosts.running_on("g1") if host != "beta"]
        expect(f"it runs once: {where}", len(where) == 1)
        expect(f"the daemon knows: {row}, {where}", (row["phase"] == "succeeded") == (where[0] == "gamma"))


def test_io_error_pause():
    """A guest paused by an I/O error is not moved, and what to do is said; after resume it goes."""
    with bed.Bed("fault-io", hosts=2, guests=1, daemon="advise") as hosts:
        before = hosts.counter("g1")
        hosts.testbed("disk-errors", "g1", "on")
        hosts.testbed("disk-touch", "g1", check=False)
        wait_for("g1 is paused by an I/O error",
                 lambda: "I/O error" in hosts.on("alpha", "virsh", "domstate", "g1", "--reason").stdout, 60)
        wait_for("an omen of the domain", lambda: [omen for omen in hosts.omens("alpha")
                                                   if omen["scope"] == "domain"])
        for _ in range(2):
            evacuate(hosts, "g1")
            row = phase(hosts, "g1", *FINAL)
            expect(f"it is refused with advice: {row}",
                   row["phase"] == "failed" and "resume" in row["error"] and "I/O error" in row["error"])
            expect("it is still on alpha, and alive", hosts.running_on("g1") == ["alpha"])
        hosts.testbed("disk-errors", "g1", "off")
        hosts.on("alpha", "virsh", "resume", "g1")
        evacuate(hosts, "g1")
        expect("after the resume it goes", phase(hosts, "g1", "succeeded", "failed")["phase"] == "succeeded")
        expect("it runs once", runs_once(hosts, "g1", before) == "beta")


def test_cancel():
    """An operator's cancel in mid-migration: the guest stays and runs."""
    with bed.Bed("fault-cancel", hosts=2, guests=1, daemon="advise") as hosts:
        configure(hosts, "alpha", SLOW.format(4))
        before = hosts.counter("g1")
        evacuate(hosts, "g1")
        row = phase(hosts, "g1", "running")
        time.sleep(1)
        hosts.omen("alpha", "cancel", str(row["id"]))
        expect("it is cancelled", phase(hosts, "g1", *FINAL)["phase"] == "cancelled")
        expect("it stays on alpha", runs_once(hosts, "g1", before) == "alpha")


def test_time_out():
    """A migration that takes longer than it may is aborted; the guest stays and runs."""
    with bed.Bed("fault-timeout", hosts=2, guests=1, daemon="advise") as hosts:
        configure(hosts, "alpha", "[evacuation]\nbandwidth_mib=1\ntimeout_s=5\n")
        before = hosts.counter("g1")
        evacuate(hosts, "g1")
        row = phase(hosts, "g1", *FINAL)
        expect(f"it failed of time: {row}", row["phase"] == "failed" and "5 s" in row["error"])
        expect("it stays on alpha", runs_once(hosts, "g1", before) == "alpha")


def test_hook():
    """The hook refuses an incoming migration while endangered; lets it pass when healthy, stopped, hung or cleared."""
    with bed.Bed("fault-hook", hosts=2, guests=1, daemon="advise") as hosts:
        def migrate(source, destination):
            return hosts.on(source, "virsh", "migrate", "--live", "--p2p", "--persistent", "--undefinesource",
                            "g1", f"qemu+tcp://{destination}/system", check=False)
        expect("a healthy host takes it", migrate("alpha", "beta").returncode == 0)
        hosts.write("alpha", bed.stamped(bed.series("host-life.log")))
        wait_for("alpha has learnt", lambda: hosts.records("alpha") >= 400)
        hosts.write("alpha", bed.stamped(bed.series("disk-dies.log")))
        omen = wait_for("an omen", lambda: hosts.omens("alpha"))[0]
        wait_for("it is published", lambda: hosts.on("alpha", "test", "-s", "/run/virt-omen/quarantine",
                                                     check=False).returncode == 0)
        refused = migrate("beta", "alpha")
        expect(f"an endangered host refuses and says why: {refused.stderr}",
               refused.returncode != 0 and "virt-omen" in refused.stderr)
        expect("the guest stays on beta", hosts.running_on("g1") == ["beta"])
        hosts.omen("alpha", "clear", str(omen["id"]))
        wait_for("it is withdrawn", lambda: hosts.on("alpha", "test", "-e", "/run/virt-omen/quarantine",
                                                     check=False).returncode != 0)
        expect("a cleared host takes it", migrate("beta", "alpha").returncode == 0)
        hosts.testbed("daemon", "beta", "stop")
        expect("with the daemon stopped it passes", migrate("alpha", "beta").returncode == 0)
        hosts.on("alpha", "pkill", "-STOP", "-x", "virt-omend")
        began = time.monotonic()
        expect("with the daemon hung it passes", migrate("beta", "alpha").returncode == 0)
        expect("without delay", time.monotonic() - began < 20)
        hosts.on("alpha", "pkill", "-CONT", "-x", "virt-omend")
        stays("it runs on alpha", lambda: hosts.running_on("g1") == ["alpha"], 1)


if __name__ == "__main__":
    bed.main([test_unreachable_destination, test_all_or_nothing, test_no_destination, test_full_destination, test_refusing_destination,
              test_daemon_killed, test_source_libvirtd_killed, test_destination_libvirtd_killed,
              test_destination_power_loss, test_io_error_pause, test_cancel, test_time_out, test_hook])
