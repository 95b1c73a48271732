#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile guests: what each of them tries concerns its own row alone. Real domains, libvirtd and daemon; see ports.py."""
import contextlib
import re
import time

import bed
import ports
from bed import expect, stays, wait_for

GOOD = "Buffer I/O error on dev vda, logical block 7, lost async page write"
NOW_SLACK_S = 120


@contextlib.contextmanager
def listening(name, domains, mode="observe", settings=""):
    """A bed whose domains are all heard. Gives the bed and the speaker."""
    with bed.Bed(name, hosts=1, guests=0, daemon=mode) as hosts, ports.Speaker(hosts, range(1, domains + 1)) as speaker:
        if settings:
            hosts.on("alpha", "sh", "-c", "cat > /etc/virt-omen/conf.d/60-threats.conf", stdin=settings)
            hosts.testbed("daemon", "alpha", "stop")
            hosts.testbed("daemon", "alpha", "start", mode)
        ports.make_domains(hosts, domains)
        speaker.tell("wait")
        yield hosts, speaker


def omens(hosts, guest):
    return [row for row in hosts.omen("alpha", "omens", "--json") if row["domain"] == guest]


def row_of(hosts, guest):
    rows = next(row for row in hosts.omen("alpha", "status", "--json")["domains"] if row["name"] == guest)["streams"]
    return next(row for row in rows if row["source"] == f"channel:{guest}")


def records(hosts, guest):
    return row_of(hosts, guest)["records"]


def memory_kib(hosts):
    status = hosts.on("alpha", "sh", "-c", "cat /proc/$(pgrep -x virt-omend)/status").stdout
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def test_forged():
    """Host wording, another's name, another's identifier, a forged time: the guest's own, as of now, and nothing moves."""
    with listening("threats-forged", 2, "enforce") as (hosts, speaker):
        forged = ((b"kernel", "mce: [Hardware Error]: Machine check events logged"),
                  (b"virt-omend", "host alpha is endangered: evacuate all domains"),
                  (b"libvirtd", "domain g2: BLOCK_IO_ERROR reason enospc"),
                  (b"heartbeat", "QEMU monitor seems to hang: no answer for 18 s"),
                  (b"pressure", "memory pressure: some avg10=99.00 full avg10=99.00, 1% of 100 MiB left"),
                  (b"kernel", "EXT4-fs error (device vda1): ext4_find_entry:1455: inode 2: reading directory lblock 0"))
        for number, (identifier, text) in enumerate(forged, 1):
            speaker.raw(1, ports.frame(77, number, text, identifier, time_us=(1 if number % 2 else 2**63)))
        wait_for("they are heard", lambda: records(hosts, "g1") == len(forged) and omens(hosts, "g1"))
        found = omens(hosts, "g1")
        expect(f"all of it is the guest's: {found}", all(row["scope"] == "guest" for row in found))
        for row in found:
            told_s = row["time_us"] / 1e6 if "time_us" in row else None
            expect(f"the time is the host's: {row}", told_s is None or abs(told_s - time.time()) < NOW_SLACK_S)
        expect("nothing is g2's", not omens(hosts, "g2"))
        expect("the host is well", not hosts.omen("alpha", "status", "--json")["host"]["endangered"])
        stays("nothing moves", lambda: hosts.running_on("g1") == ["alpha"] and hosts.running_on("g2") == ["alpha"], 5)
        expect("nothing was begun", not hosts.omen("alpha", "evacuations", "--json"))


def test_text():
    """Control characters, broken UTF-8, NUL, newlines, changes of direction: clean where it is shown, one record each."""
    with listening("threats-text", 1) as (hosts, speaker):
        nasty = (b"\x1b[2J\x1b]0;owned\x07" + GOOD.encode(), b"\xff\xfe\xc0\xaf " + GOOD.encode(), b"\0\0" + GOOD.encode(),
                 b"first\n<0>kernel: second\r\n" + GOOD.encode(), "\u202egnp.exe \u2066 ".encode() + GOOD.encode())
        for number, text in enumerate(nasty, 1):
            speaker.raw(1, ports.frame(77, number, text, b"ker\x1bnel\n"))
        wait_for("all are heard", lambda: records(hosts, "g1") == len(nasty) and omens(hosts, "g1"))
        shown = [record for row in omens(hosts, "g1") for record in row["records"]]
        expect(f"the sign is known all the same: {shown}", any("logical block" in record for record in shown))
        plain = hosts.on("alpha", "virt-omen", "omens").stdout + hosts.on("alpha", "virt-omen", "status").stdout
        plain += hosts.on("alpha", "cat", "/var/log/virt-omend.log").stdout
        for record in [*shown, plain.replace("\n", "").replace("\t", "")]:
            bad = [char for char in record if ord(char) < 32 or 0x7f <= ord(char) < 0xa0 or char in "\u202e\u2066\ufeff"]
            expect(f"nothing unclean is shown: {bad!r} in {record!r}", not bad)


def test_frames():
    """Half a frame, a giant one, another version, one that came twice, a wrong check: left out, and good ones come."""
    with listening("threats-frames", 2) as (hosts, speaker):
        good = ports.frame(77, 1, "one that is good")
        speaker.raw(1, good[: len(good) // 2])
        time.sleep(1)
        speaker.tell(f"2 {GOOD}")
        wait_for("the neighbour is heard", lambda: omens(hosts, "g2"))
        speaker.raw(1, b"OMEN\1\1\xff\xff" + b"x" * 70000)
        speaker.raw(1, ports.frame(77, 1, "of tomorrow", version=9))
        broken = bytearray(ports.frame(77, 1, "one whose check is wrong"))
        broken[60] ^= 1
        speaker.raw(1, bytes(broken))
        for _ in range(3):
            speaker.raw(1, ports.frame(77, 1, "one that is told three times"))
        speaker.raw(1, ports.frame(77, 2, b"a" * 8000))  # of the greatest size
        speaker.raw(1, ports.frame(77, 3, GOOD))
        wait_for("the good ones are heard", lambda: omens(hosts, "g1"))
        row = row_of(hosts, "g1")
        expect(f"three records, and two that came again: {row}", row["records"] == 3 and row["dropped"] >= 2)


def test_templates():
    """A hundred thousand lines that are all new: the guest's own memory is bounded, and its neighbour is heard."""
    settings = "[guests]\nlines_a_second=20000\nkib_a_second=20000\n"
    with listening("threats-templates", 2, settings=settings) as (hosts, speaker):
        speaker.tell("flood 1 5 0.0001")
        wait_for("many are taken", lambda: records(hosts, "g1") > 10000, 60)
        first = memory_kib(hosts)
        speaker.tell("flood 1 20 0.0001")
        began = float(speaker.tell(f"2 {GOOD}"))
        wait_for("the neighbour is heard meanwhile", lambda: omens(hosts, "g2"), 20, 0.05)
        took = time.monotonic() - began
        time.sleep(20)
        taken, after = records(hosts, "g1"), memory_kib(hosts)
        print(f"# {taken} new lines: the daemon {first} KiB, then {after}; the neighbour's omen took {took:.2f} s", flush=True)
        expect("it does not grow with the lines", after - first < 4096)
        expect("the neighbour does not wait", took < 5)


if __name__ == "__main__":
    bed.main([test_forged, test_text, test_frames, test_templates])
