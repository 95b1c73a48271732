#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each source alone feeds the engine: real log files, a real rsyslogd, a real journald, the kernel, libvirt and QEMU."""
import bed
from bed import expect, wait_for

SILENCE = "journal=no\npressure=no\nkmsg=no\nread_files=no\nsyslog_sockets=\n"


def configure(hosts, settings):
    """Starts alpha's daemon anew with these settings of [sources] and no other host source."""
    lines = dict(line.split("=", 1) for line in (SILENCE + settings).strip().splitlines())
    text = "[heartbeat]\nperiod_s=0\n[sources]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())
    hosts.on("alpha", "sh", "-c", "cat > /etc/virt-omen/conf.d/50-sources.conf", stdin=text)
    hosts.testbed("daemon", "alpha", "stop")
    hosts.testbed("daemon", "alpha", "start", "observe")


def streams(hosts, domain=None):
    """Source name -> its row, of the host or of a domain."""
    status = hosts.omen("alpha", "status", "--json")
    if domain is None:
        found = status["host"]["streams"]
    else:
        found = [row for one in status["domains"] if one["name"] == domain for row in one["streams"]]
    return {row["source"]: row for row in found}


def reads(hosts, name, at_least, domain=None):
    wait_for(f"{name} brings {at_least} records",
             lambda: streams(hosts, domain).get(name, {"records": 0})["records"] >= at_least, 30)


def only(hosts, name):
    """No other source of the host is there."""
    expect(f"{name} is alone", list(streams(hosts)) == [name])


def test_file():
    """A log file: rotated by rename, truncated in place, and missing at first."""
    with bed.Bed("source-file", hosts=1, guests=0, daemon="observe") as hosts:
        configure(hosts, "read_files=yes\nfiles=/var/log/syslog;/var/log/later")
        name = "file:/var/log/syslog"
        hosts.write("alpha", bed.stamped(["host: one", "host: two"]))
        reads(hosts, name, 2)
        hosts.on("alpha", "sh", "-c", "mv /var/log/syslog /var/log/syslog.1; echo 'a b' >> /var/log/syslog.1; "
                                      "echo 'c d' > /var/log/syslog")
        reads(hosts, name, 4)
        hosts.on("alpha", "sh", "-c", "cp /var/log/syslog /var/log/syslog.2; : > /var/log/syslog; sleep 0.3; "
                                      "echo e >> /var/log/syslog")
        reads(hosts, name, 5)
        expect("a missing file is told", "does not exist" in streams(hosts)["file:/var/log/later"]["problem"])
        hosts.on("alpha", "sh", "-c", "echo 'hello' > /var/log/later")
        reads(hosts, "file:/var/log/later", 1)


def test_binary_file():
    """A binary file and a line of 1 MiB as a log: no harm, and the daemon answers."""
    with bed.Bed("source-binary", hosts=1, guests=0, daemon="observe") as hosts:
        hosts.on("alpha", "sh", "-c", "head -c 3000000 /dev/urandom >> /var/log/syslog; echo >> /var/log/syslog; "
                                      "head -c 1048576 /dev/zero | tr '\\0' x >> /var/log/syslog; echo >> /var/log/syslog; "
                                      "echo end >> /var/log/syslog")
        reads(hosts, "file:/var/log/syslog", 3000)
        wait_for("the long line is counted", lambda: streams(hosts)["file:/var/log/syslog"]["dropped"] >= 1)


RSYSLOG = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="/run/test-log" CreatePath="on")
{action}
"""


def rsyslogd(hosts, action):
    hosts.on("alpha", "sh", "-c", "cat > /run/rsyslog.conf", stdin=RSYSLOG.format(action=action))
    hosts.on("alpha", "sh", "-c", "rsyslogd -f /run/rsyslog.conf -i /run/rsyslogd.pid")
    wait_for("rsyslogd listens", lambda: hosts.on("alpha", "test", "-S", "/run/test-log", check=False).returncode == 0)


def log(hosts, n):
    for number in range(n):
        hosts.on("alpha", "logger", "-u", "/run/test-log", "-t", "backup", "-p", "daemon.err", f"copied part {number}")


def forwarded(name, address, action):
    with bed.Bed(name, hosts=1, guests=0, daemon="observe") as hosts:
        configure(hosts, f"syslog_sockets={address}")
        rsyslogd(hosts, action)
        log(hosts, 5)
        reads(hosts, f"syslog:{address}", 5)
        only(hosts, f"syslog:{address}")


def test_rsyslog_unix():
    """A real rsyslogd forwards to the UNIX socket."""
    forwarded("source-unix", "unix-dgram:/run/virt-omen/syslog.sock",
              '$ModLoad omuxsock\n$OMUxSockSocket /run/virt-omen/syslog.sock\n*.* :omuxsock:;RSYSLOG_ForwardFormat')


def test_rsyslog_tcp():
    """A real rsyslogd forwards over TCP, RFC 5424, octet-counted."""
    forwarded("source-tcp", "tcp:127.0.0.1:5514",
              '*.* action(type="omfwd" target="127.0.0.1" port="5514" protocol="tcp" TCP_Framing="octet-counted" '
              'template="RSYSLOG_SyslogProtocol23Format")')


def test_rsyslog_udp():
    """A real rsyslogd forwards over UDP, RFC 3164."""
    forwarded("source-udp", "udp:127.0.0.1:5514",
              '*.* action(type="omfwd" target="127.0.0.1" port="5514" protocol="udp" template="RSYSLOG_TraditionalForwardFormat")')


def test_journal():
    """A real journald: followed live, taken up where it was left after a restart."""
    with bed.Bed("source-journal", hosts=1, guests=0, daemon="observe") as hosts:
        # journald asks for its own control group.
        hosts.on("alpha", "mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        hosts.on("alpha", "sh", "-c", "mkdir -p /run/systemd/journal /run/log/journal /run/systemd/journald.conf.d; "
                                      "printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\n' "
                                      "> /run/systemd/journald.conf.d/test.conf; "
                                      "setsid /lib/systemd/systemd-journald > /var/log/journald.log 2>&1 < /dev/null &")
        socket = "/run/systemd/journal/dev-log"
        wait_for("journald listens", lambda: hosts.on("alpha", "test", "-S", socket, check=False).returncode == 0)
        hosts.on("alpha", "logger", "-u", socket, "-t", "sshd", "before the daemon looks")
        configure(hosts, "journal=yes")
        only(hosts, "journal")
        for number in range(3):
            hosts.on("alpha", "logger", "-u", socket, "-t", "kernel", "-p", "kern.err", f"line {number}")
        reads(hosts, "journal", 3)
        expect("what was there before is not read", streams(hosts)["journal"]["records"] <= 4)
        hosts.testbed("daemon", "alpha", "stop")
        hosts.on("alpha", "logger", "-u", socket, "-t", "sshd", "while the daemon is away")
        hosts.testbed("daemon", "alpha", "start", "observe")
        reads(hosts, "journal", 1)


def test_kmsg():
    """The kernel's own log, /dev/kmsg."""
    with bed.Bed("source-kmsg", hosts=1, guests=0, daemon="observe") as hosts:
        if hosts.on("alpha", "sh", "-c", ": > /dev/kmsg", check=False).returncode:
            raise bed.Failed("/dev/kmsg can't be written here")
        configure(hosts, "kmsg=yes")
        only(hosts, "kmsg")
        hosts.on("alpha", "sh", "-c", "for i in 1 2 3; do echo \"<4>omen test: line $i\" > /dev/kmsg; done")
        reads(hosts, "kmsg", 3)


def test_domain():
    """A domain's QEMU log, libvirt's events of it and QEMU's own."""
    with bed.Bed("source-domain", hosts=1, guests=1, daemon="observe") as hosts:
        configure(hosts, "")
        before = streams(hosts, "g1")["events:g1"]["records"]
        hosts.on("alpha", "virsh", "suspend", "g1")
        hosts.on("alpha", "virsh", "resume", "g1")
        reads(hosts, "events:g1", before + 2, "g1")
        hosts.on("alpha", "sh", "-c", "pkill -9 qemu-system")
        wait_for("the end of QEMU is an omen of the domain",
                 lambda: [omen for omen in hosts.omen("alpha", "omens", "--json")
                          if omen["scope"] == "domain" and omen["domain"] == "g1"], 30)
        reads(hosts, "qemu-log:g1", 1, "g1")


def test_libvirtd_restart():
    """libvirtd restarts: the daemon connects again and misses nothing."""
    with bed.Bed("source-libvirtd", hosts=1, guests=1, daemon="observe") as hosts:
        hosts.testbed("libvirtd", "alpha", "kill")
        wait_for("the loss is noticed", lambda: not hosts.omen("alpha", "status", "--json")["connected"], 30)
        hosts.on("alpha", "sh", "-c", "pkill -9 qemu-system")
        hosts.testbed("libvirtd", "alpha", "start")
        wait_for("it connects again", lambda: hosts.omen("alpha", "status", "--json")["connected"], 60)
        wait_for("what ended meanwhile is known",
                 lambda: hosts.omen("alpha", "status", "--json")["domains"][0]["state"] == "shut off", 30)
        wait_for("and told", lambda: [omen for omen in hosts.omen("alpha", "omens", "--json") if omen["domain"] == "g1"])


def test_bad_start():
    """A configuration with a typo, no libvirtd, no bus: clear words, no crash."""
    with bed.Bed("source-bad", hosts=1, guests=0, daemon="observe") as hosts:
        hosts.testbed("daemon", "alpha", "stop")
        hosts.on("alpha", "sh", "-c", "printf '[daemon]\\nmod=observe\\n' > /etc/virt-omen/conf.d/99-typo.conf")
        done = hosts.on("alpha", "virt-omend", "--check", check=False)
        expect(f"the typo is told: {done.stderr}", done.returncode == 1 and "99-typo.conf:2: [daemon] mod" in done.stderr
               and "mode" in done.stderr)
        hosts.on("alpha", "rm", "/etc/virt-omen/conf.d/99-typo.conf")
        hosts.testbed("libvirtd", "alpha", "stop")
        hosts.testbed("daemon", "alpha", "start", "observe")
        status = hosts.omen("alpha", "status", "--json")
        expect(f"it says that libvirt is not there: {status['problems']}",
               not status["connected"] and any("libvirtd" in one for one in status["problems"]))
        hosts.testbed("daemon", "alpha", "stop")
        done = hosts.on("alpha", "virt-omen", "status", check=False)
        expect(f"no daemon: {done.stderr}", done.returncode == 1 and "systemctl start virt-omend" in done.stderr)
        done = hosts.on("alpha", "virt-omend", "--bus", "unix:path=/nowhere", check=False)
        expect(f"no bus: {done.stderr}", done.returncode == 1 and "D-Bus" in done.stderr)


if __name__ == "__main__":
    bed.main([test_file, test_binary_file, test_rsyslog_unix, test_rsyslog_tcp, test_rsyslog_udp, test_journal, test_kmsg,
              test_domain, test_libvirtd_restart, test_bad_start])
