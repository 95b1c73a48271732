#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who said it: what a local user writes by rsyslogd into the host's log moves nothing in mode enforce, until an operator approves."""
import bed
from bed import expect, stays, wait_for

SILENCE = "journal=no\npressure=no\nkmsg=no\nread_files=no\nsyslog_sockets=\ntrusted_files=\n"
LINES = [f"critical medium error, dev sda, sector {sector} op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2" for sector in range(2048, 2082)]
PANIC = "Kernel panic - not syncing: Fatal machine check"


def configure(hosts, settings):
    lines = dict(line.split("=", 1) for line in (SILENCE + settings).strip().splitlines())
    text = "[heartbeat]\nperiod_s=0\n[profile]\ntraining=0\n[sources]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())
    hosts.on("alpha", "sh", "-c", "cat > /etc/virt-omen/conf.d/50-sources.conf", stdin=text)
    hosts.testbed("daemon", "alpha", "stop")
    hosts.testbed("daemon", "alpha", "start", "enforce")


def say(hosts, command, lines, uid):
    """Writes lines to a command that logs them, as that user."""
    hosts.on("alpha", "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command.split(), stdin="".join(line + "\n" for line in lines))


def reads(hosts, name, at_least):
    def records():
        found = [row for row in hosts.omen("alpha", "status", "--json")["host"]["streams"] if row["source"] == name]
        return found and found[0]["records"] >= at_least
    wait_for(f"{name} brings {at_least} records", records, 30)


def nothing_moves(hosts, what):
    """They are told, and no more: nothing leaves, the host is not endangered, and its hook refuses nothing."""
    def told():
        return [omen for omen in hosts.omens("alpha") if not omen["domain"]]
    omens = wait_for(f"{what}: it is told", told)
    expect(f"{what}: none is proven: {omens}", not any(omen["proven"] for omen in omens))
    stays(f"{what}: nothing is moved", lambda: not hosts.omen("alpha", "evacuations", "--json"), 6)
    expect(f"{what}: g1 is where it was", hosts.running_on("g1") == ["alpha"])
    expect(f"{what}: the host is not endangered", not hosts.omen("alpha", "status", "--json")["host"]["endangered"])
    expect(f"{what}: no quarantine", hosts.on("alpha", "test", "-e", "/run/virt-omen/quarantine", check=False).returncode != 0)
    for omen in told():
        expect(f"{what}: advice at most: {omen}", omen["action"] in ("proposed", "recorded"))
        said = hosts.omen("alpha", "explain", str(omen["id"])).stdout
        expect(f"{what}: it is said plainly: {said}", "NOT PROVEN" in said)


def test_file():
    """By rsyslogd's file, and a line in it: nothing moves, until an operator approves"""
    with bed.Bed("origins-file", hosts=2, guests=1, daemon="enforce") as hosts:
        configure(hosts, "read_files=yes\nfiles=/var/log/syslog")
        hosts.on("alpha", "sh", "-c", "cat > /run/rsyslog.conf", stdin='module(load="imuxsock" SysSock.Use="off")\n'
                 'input(type="imuxsock" Socket="/run/test-log" CreatePath="on")\n*.* /var/log/syslog\n')
        hosts.on("alpha", "sh", "-c", "rsyslogd -f /run/rsyslog.conf -i /run/rsyslogd.pid")
        wait_for("rsyslogd listens", lambda: hosts.on("alpha", "test", "-S", "/run/test-log", check=False).returncode == 0)
        say(hosts, "logger -u /run/test-log -t kernel -p kern.crit", LINES + [PANIC], 65534)
        reads(hosts, "file:/var/log/syslog", len(LINES))
        nothing_moves(hosts, "a local user by rsyslogd")
        status = hosts.omen("alpha", "status", "--json")
        expect(f"it is said that nothing is proven here: {status['problems']}",
               any("no source proves who wrote" in one for one in status["problems"]))
        expect("the file is not trusted", not status["host"]["streams"][0]["trusted"])
        panic = [omen for omen in hosts.omens("alpha") if omen["action"] == "proposed" and omen["scope"] == "host"][0]
        hosts.omen("alpha", "approve", str(panic["id"]))
        wait_for("an operator's word moves g1", lambda: hosts.running_on("g1") == ["beta"], 90)


if __name__ == "__main__":
    bed.main([test_file])
