#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows in a terminal how a running VM leaves a host whose disk begins to die.

Everything is real but the fault: libvirt, QEMU, the guest, the migration; the disk's error lines are those
that Linux wrote of a failing disk, appended to the host's own log. Usage: demo.py [observe|advise|enforce]
"""
import os
import sys
import time

import bed

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
BEGAN = time.monotonic()


def paint(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def say(text=""):
    print(f"{paint(f'{time.monotonic() - BEGAN:7.2f} s', '2')}  {text}", flush=True)


def title(text):
    print()
    say(paint(text, "1"))


def show_where(hosts, guest):
    boot, count = hosts.counter(guest)
    where = ", ".join(hosts.running_on(guest)) or "nowhere"
    say(f"{guest} runs on {paint(where, '1;32')}; it has counted to {count} since its boot {boot[:8]}")
    return boot, count


def learn(hosts):
    title("The daemon on alpha learns what is normal there, from its own log")
    lines = bed.series("host-life.log")
    for start in range(0, len(lines), 60):
        hosts.write("alpha", bed.stamped(lines[start:start + 60]))
        time.sleep(0.1)
    bed.wait_for("all records are read", lambda: hosts.records("alpha") >= len(lines))
    say(f"{len(lines)} lines of ordinary life were appended to /var/log/syslog and read; omens: "
        f"{len(hosts.omen('alpha', 'omens', '--json'))}")


def frighten(hosts):
    title("Frightening words that mean no harm: failed logins, \"no errors logged\", a disabled tap")
    lines = bed.series("frightening.log")
    before = hosts.records("alpha")
    hosts.write("alpha", bed.stamped(lines))
    bed.wait_for("they are read", lambda: hosts.records("alpha") >= before + len(lines))
    say(f"{len(lines)} lines; omens: {len(hosts.omen('alpha', 'omens', '--json'))}")


def fail_disk(hosts):
    title("A disk of alpha begins to die")
    lines = bed.series("disk-dies.log")
    written = time.time()
    hosts.write("alpha", bed.stamped(lines))
    for line in lines[:5]:
        say(paint(line, "31"))
    say(f"... {len(lines)} lines in all")
    omens = bed.wait_for("an omen", lambda: [omen for omen in hosts.omens("alpha") if omen["class"] == "disk"])
    return written, omens[0]


def show_omen(omen):
    title(f"Omen {omen['id']}: {omen['class']} ({omen['scope']}), probability {omen['probability']:.2f}")
    say(omen["reason"])
    for record in omen["records"][:3]:
        say("  " + record)
    say(f"action: {omen['action']}" + (f" ({omen['outcome']})" if omen["outcome"] else ""))


def follow(hosts, guest):
    def finished():
        row = hosts.evacuation_of("alpha", guest)
        return row if row and row["phase"] in ("succeeded", "failed", "cancelled") else None

    row = bed.wait_for("the evacuation ends", finished, seconds=120)
    if row["phase"] != "succeeded":
        raise bed.Failed(f"{guest} did not get away: {row['error']}")
    return row


def show_times(written, omen, row):
    title("From the moment the lines were written")
    for what, when in (("the omen was raised", omen["time"]), ("the migration began", row["started"]),
                       ("the guest ran on " + row["destination"], row["switched"]),
                       ("the migration's call ended, verified on both hosts", row["ended"])):
        say(f"{when - written:8.3f} s  {what}")
    say(f"{row['downtime_ms']:8d} ms the guest was paused")


def verify(before, after, hosts, guest):
    bed.expect("the guest was not restarted", before[0] == after[0])
    bed.expect("the counter went on", after[1] > before[1])
    bed.expect("the guest runs on beta, and only there", hosts.running_on(guest) == ["beta"])
    title(paint("The guest got away: same boot, the counter went on, it runs on beta and nowhere else.", "1;32"))


def story(mode):
    title(f"Two hosts, alpha and beta, each with its own libvirtd and virt-omend (mode {mode}); guest g1 on alpha")
    with bed.Bed("demo", hosts=2, guests=1, daemon=mode, quiet=False) as hosts:
        say("the test bed is up")
        before = show_where(hosts, "g1")
        learn(hosts)
        frighten(hosts)
        written, omen = fail_disk(hosts)
        show_omen(omen)
        if mode == "observe":
            time.sleep(5)
            show_where(hosts, "g1")
            title("Mode observe only records: nothing moved.")
            return
        if mode == "advise":
            time.sleep(3)
            show_where(hosts, "g1")
            title(f"Mode advise waits. An operator says: virt-omen approve {omen['id']}")
            hosts.omen("alpha", "approve", str(omen["id"]))
        row = follow(hosts, "g1")
        after = show_where(hosts, "g1")
        show_times(written, omen, row)
        verify(before, after, hosts, "g1")


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else "enforce"
    if mode not in ("observe", "advise", "enforce") or len(sys.argv) > 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        story(mode)
    except (bed.Failed, bed.Skipped) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
