#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who wrote it, by a real journald and by /dev/kmsg, in mode enforce: what users, containers, machines and services that are not known
by their word say is told and never acted upon; what smartd itself says is. The attackers are uid 65534, or root in a control group."""
import subprocess
import time

import alone
import bed
from bed import expect, wait_for

SOCKET = "/run/systemd/journal/dev-log"
GROUPS = "/sys/fs/cgroup"
PENDING = "Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors"
LINES = [PENDING, "Kernel panic - not syncing: Fatal machine check"] + [
    f"critical medium error, dev sda, sector {sector} op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2" for sector in range(2048, 2052)]
SMARTD = "/system.slice/smartmontools.service"
WEB = "/system.slice/omen-web.service"
JOURNALD = "/system.slice/systemd-journald.service"

JOURNAL_ATTACKS = [
    ("a local user by /dev/log", f"logger -u {SOCKET} -t kernel -p kern.crit", None, 65534),
    ("a local user by logger --journald", "sh -c 'while read -r line; do printf \"MESSAGE=%s\\nSYSLOG_IDENTIFIER=kernel\\nPRIORITY=2\\n"
     "SYSLOG_FACILITY=0\\n_TRANSPORT=kernel\\n_UID=0\\n_SYSTEMD_UNIT=smartd.service\\n\" \"$line\" | logger --journald; done'", None, 65534),
    ("a local user by systemd-cat", "systemd-cat -t kernel -p crit", None, 65534),
    ("a user's unit that is named smartd.service", f"/run/smartd -u {SOCKET} -t smartd",
     "/user.slice/user-65534.slice/user@65534.service/app.slice/smartd.service", 65534),
    ("root in a container", f"/run/smartd -u {SOCKET} -t smartd", "/system.slice/docker-0123456789ab.scope", None),
    ("root in a machine", f"/run/smartd -u {SOCKET} -t smartd", "/machine.slice/systemd-nspawn@omen.service", None),
    ("a web server that logs what it is sent", f"logger -u {SOCKET} -t kernel", "/system.slice/omen-web.service", None),
    ("another user's service with a program named smartd", f"/run/smartd -u {SOCKET} -t smartd", "/system.slice/omen-web.service", 65534),
]


class Enforcing(alone.Alone):
    """The daemon, with one of these sources and no other."""

    def __init__(self, sources):
        self.sources = sources
        super().__init__(mode="enforce")

    def configure(self, settings):
        super().configure(settings)
        (self.folder / "conf.d" / "50-sources.conf").write_text(
            f"[profile]\ntraining=0\n[heartbeat]\nperiod_s=0\n[sources]\npressure=no\ntrusted_files=\n{self.sources}")

    def omens_of_host(self):
        return [omen for omen in self.omen("omens", "--json") if not omen["domain"]]


def shell(command, lines=()):
    return subprocess.run(["sh", "-c", command], input="".join(line + "\n" for line in lines), text=True, capture_output=True, check=False,
                          timeout=60)


def say(command, lines, group=None, uid=None):
    """Writes lines to a command that logs them, and keeps it there until journald has looked at it."""
    enter = f"mkdir -p {GROUPS}{group} && echo $$ > {GROUPS}{group}/cgroup.procs && " if group else ""
    become = f"setpriv --reuid={uid} --regid={uid} --clear-groups " if uid else ""
    done = shell(f"{enter}{{ cat; sleep 1; }} | {become}{command}", lines)
    expect(f"{command} logs: {done.stderr}", done.returncode == 0)


def advice_only(one, what):
    for omen in one.omens_of_host():
        expect(f"{what}: advice at most: {omen}", not omen["proven"] and omen["action"] in ("proposed", "recorded"))
        said = one.omen("explain", str(omen["id"])).stdout
        expect(f"{what}: it is said plainly: {said}", "NOT PROVEN" in said)
    expect(f"{what}: nothing is moved", not one.omen("evacuations", "--json"))
    expect(f"{what}: the host is not endangered", not one.omen("status", "--json")["host"]["endangered"])


def start_journald(settings="", group=None):
    """It runs before the daemon looks for it: what it has already is not read."""
    shell(f"mount -t cgroup2 cgroup2 {GROUPS}; mkdir -p /run/systemd/journal /run/log/journal /run/systemd/journald.conf.d; "
          f"printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\n{settings}' > /run/systemd/journald.conf.d/test.conf; "
          "cp $(command -v logger) /run/smartd")
    enter = f"mkdir -p {GROUPS}{group} && echo $$ > {GROUPS}{group}/cgroup.procs && " if group else ""
    journald = subprocess.Popen(["sh", "-c", f"{enter}exec /lib/systemd/systemd-journald"], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
    wait_for("journald listens", lambda: alone.exists(SOCKET))
    shell(f"logger -u {SOCKET} -t test before")
    wait_for("it has written", lambda: "before" in shell("journalctl -D /run/log/journal -t test").stdout)
    return journald


def leave_groups(groups):
    for group in groups:
        while group.strip("/"):
            shell(f"rmdir {GROUPS}{group}")
            group = group.rpartition("/")[0]


def test_journal():
    """By a real journald: eight attackers move nothing, and smartd's own word is acted upon"""
    journald = start_journald()
    with Enforcing("journal=yes\nkmsg=no\nread_files=no\n") as one:
        try:
            for number, (what, command, group, uid) in enumerate(JOURNAL_ATTACKS, 1):
                say(command, LINES, group, uid)
                wait_for(f"{what}: it is read", lambda n=number: one.records() >= n * len(LINES))
                advice_only(one, what)
            expect("they are told", one.omens_of_host())
            say(f"/run/smartd -u {SOCKET} -t smartd", [PENDING], SMARTD)
            wait_for("smartd's own word is acted upon", lambda: one.omen("evacuations", "--json"))
            expect("by an omen of its own", [omen["writer"] for omen in one.omens_of_host() if omen["proven"]] == ["smartd"])
        finally:
            journald.terminate()
            journald.wait(10)
            leave_groups([group for _, _, group, _ in JOURNAL_ATTACKS if group] + [SMARTD])


def test_flood():
    """A service floods the journal: it is told once, what journald left out of it is known, and smartd is heard"""
    journald = start_journald("RateLimitIntervalSec=4s\\nRateLimitBurst=500\\n", JOURNALD)
    with Enforcing("journal=yes\nkmsg=no\nread_files=no\n") as one:
        try:
            say(f"logger -u {SOCKET} -t web", [f"request {number} failed: medium error" for number in range(6000)], WEB)
            say(f"/run/smartd -u {SOCKET} -t smartd", [PENDING], SMARTD)
            wait_for("smartd's own word is acted upon", lambda: one.omen("evacuations", "--json"))
            wait_for("the flood is told", lambda: "the excess is dropped" in one.log())
            status = one.omen("status", "--json")
            expect(f"whose it is: {status['problems']}", any("omen-web floods the log" in problem for problem in status["problems"]))
            expect("it lost lines of its own", status["host"]["streams"][0]["dropped"] >= 500)
            time.sleep(4)
            say(f"logger -u {SOCKET} -t web", ["one more"], WEB)
            wait_for("what journald left out is told", lambda: "journald left out" in one.log())
            expect("the flood was told once", one.log().count("the excess is dropped") == 1)
            expect("nothing is raised by it that is acted upon", {omen["writer"] for omen in one.omens_of_host() if omen["proven"]} == {"smartd"})
        finally:
            journald.terminate()
            journald.wait(10)
            leave_groups([WEB, SMARTD, JOURNALD])


def test_kmsg():
    """By /dev/kmsg, as root of a container may: nothing moves, and what a file says of the kernel is left out"""
    with Enforcing("journal=no\nkmsg=auto\nread_files=yes\n") as one:
        for line in LINES:
            expect("/dev/kmsg can be written", shell(f"echo '<2>kernel: {line}' > /dev/kmsg; echo '<0>{line}' > /dev/kmsg").returncode == 0)
        wait_for("they are read", lambda: one.records() >= 2 * len(LINES))
        mine = wait_for("they are told", lambda: [omen for omen in one.omens_of_host() if omen["origin"] == "user"])
        expect(f"advice at most: {mine}", all(not omen["proven"] and omen["action"] in ("proposed", "recorded") for omen in mine))
        one.write(["kernel: EXT4-fs error (device sdq1): ext4_find_entry:1455: inode #2: reading directory lblock 0"])
        wait_for("the file is read", lambda: one.records() >= 2 * len(LINES) + 1)
        time.sleep(1)
        expect("what it says of the kernel is left out", not [omen for omen in one.omens_of_host() if omen["origin"] == "unproven"])


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_journal, test_flood, test_kmsg])
