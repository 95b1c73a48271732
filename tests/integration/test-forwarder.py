#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-omen-forward with a real journal and a port that is a pipe: what it writes, what it costs, what it keeps.

The journal's files are made by systemd-journal-remote, as journald's are, in a mount namespace of the test's own; the program
follows them by the machine's journalctl. No systemd need run here.
"""
import contextlib
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import bed
from bed import expect, wait_for

BUILD = pathlib.Path(os.environ.get("OMEN_BUILD_DIR", bed.ROOT / "build"))
FORWARD = BUILD / "qga-plugin" / "virt-omen-forward"
REMOTES = ("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")
MEMORY_MAX_KIB = 8192
CPU_MAX = 0.01
LOAD_LINES_A_SECOND = 20
LOAD_S = 20
HEADER = 48


def enter_namespace():
    """The test's own /var/log/journal: the machine's is left alone."""
    if os.environ.get("OMEN_IN_NAMESPACE") or os.geteuid() != 0:
        return
    os.environ["OMEN_IN_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])


class Journal:
    """Journal files of this machine's, written to as long as it is open."""

    def __init__(self, folder):
        remote = next((path for path in REMOTES if os.access(path, os.X_OK)), None)
        if not remote or not bed.which("journalctl"):
            raise bed.Skipped("needs systemd-journal-remote and journalctl")
        machine = folder / "machine-id"
        machine.write_text("0123456789abcdef0123456789abcdef\n")
        here = folder / "journal" / machine.read_text().strip()
        here.mkdir(parents=True)
        for source, target in ((folder / "journal", "/var/log/journal"), (machine, "/etc/machine-id")):
            path = pathlib.Path(target)
            if not path.exists() and source.is_dir():
                path.mkdir(parents=True)
            elif not path.exists():
                path.touch()
            bed.run(["mount", "--bind", str(source), target])
        self.process = subprocess.Popen([remote, "-o", str(here / "system.journal"), "--seal=no", "--split-mode=none", "-"],
                                        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number = 0
        # journalctl --follow shows what is of this boot.
        self.boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")

    def write(self, message, priority=6, identifier="kernel"):
        self.number += 1
        now = int(time.time() * 1e6)
        fields = [f"__REALTIME_TIMESTAMP={now}", f"__MONOTONIC_TIMESTAMP={self.number}", f"_BOOT_ID={self.boot}",
                  f"PRIORITY={priority}", f"SYSLOG_IDENTIFIER={identifier}"]
        entry = "\n".join(fields).encode() + b"\nMESSAGE\n" + struct.pack("<Q", len(message)) + message + b"\n\n"
        self.process.stdin.write(entry)
        self.process.stdin.flush()

    def close(self):
        for target in ("/etc/machine-id", "/var/log/journal"):
            bed.run(["umount", "-l", target], check=False)
        self.process.stdin.close()
        self.process.wait()


class Host:
    """The other end of the port: frames out of a pipe, checked as the daemon does."""

    def __init__(self, path):
        self.listen(os.open(path, os.O_RDONLY | os.O_NONBLOCK))

    @classmethod
    def of(cls, fd):
        """The same of a descriptor that does not block."""
        host = cls.__new__(cls)
        host.listen(fd)
        return host

    def listen(self, fd):
        self.fd = fd
        self.lost = 0
        self.bytes = b""
        self.records = []  # (sequence, priority, identifier, message)
        self.beats = 0

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.fd, 65536):
                self.bytes += chunk
        while len(self.bytes) >= HEADER:
            magic, version, kind, length, _, sequence, _, self.lost, priority, n_name, _, check = struct.unpack(
                "<4sBBHQQQQBBHI", self.bytes[:HEADER])
            if len(self.bytes) < HEADER + length:
                break
            payload = self.bytes[HEADER : HEADER + length]
            expect("a frame is one", magic == b"OMEN" and version == 1)
            expect("its check is right", check == zlib.crc32(payload, zlib.crc32(self.bytes[: HEADER - 4])))
            self.bytes = self.bytes[HEADER + length :]
            if kind == 1:
                self.records.append((sequence, priority, payload[:n_name].decode(), payload[n_name:]))
            else:
                self.beats += 1
        return self.records

    def messages(self):
        return [row[3] for row in self.read()]


@contextlib.contextmanager
def guest():
    """Gives the folder, the journal, the path of the port, and a function that starts the forwarder."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        journal = Journal(folder)
        stack.callback(journal.close)
        os.mkfifo(folder / "port")

        def start(*more):
            process = subprocess.Popen([str(FORWARD), "--port", str(folder / "port"), "--places", str(folder / "places"),
                                        *(more or ["--journal"])])
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process
        journal.write(b"of before")
        wait_for("it is in the journal", lambda: "of before" in bed.run(["journalctl", "-q", "-o", "cat"], check=False).stdout)
        yield folder, journal, start


def status_of(pid):
    rows = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(rows["VmRSS"].split()[0]), int(rows["VmHWM"].split()[0])


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def child_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def test_static():
    """One program for any Linux: static, without libraries and without an interpreter."""
    told = bed.run(["readelf", "-ld", str(FORWARD)]).stdout
    expect(f"it asks for nothing: {told}", "INTERP" not in told and "NEEDED" not in told)


def test_journal():
    """Records of a real journal, with their priority and identifier; binary and giant ones too; from where it had come to."""
    with guest() as (folder, journal, start):
        host = Host(folder / "port")
        process = start()
        time.sleep(2)
        journal.write(b"Buffer I/O error on dev vda", 3)
        journal.write(b"two\nlines, \xff and \x00", 4, "some-service")
        journal.write(b"g" * 200000, 5)
        journal.write(b"last", 6)
        wait_for("the last", lambda: b"last" in host.messages(), 30)
        rows = host.records
        expect(f"what was said before it first began is not told: {rows[:1]}", rows[0][3] == b"Buffer I/O error on dev vda")
        expect("the priority and identifier", rows[0][1:3] == (3, "kernel") and rows[1][1:3] == (4, "some-service"))
        expect("bytes are bytes", rows[1][3] == b"two\nlines, \xff and \x00")
        expect("they are numbered", [row[0] for row in rows] == list(range(1, len(rows) + 1)))
        expect("the giant one is cut or left out", all(len(row[3]) < 8192 for row in rows))
        time.sleep(6)  # it keeps its place every 5 s
        process.terminate()
        process.wait()
        journal.write(b"while it did not run", 6)
        start()
        wait_for("what was said meanwhile", lambda: b"while it did not run" in host.messages(), 30)
        expect("nothing twice", len(host.messages()) == len(set(host.messages())))


def test_cost():
    """Under 8 MiB and 1 % of a CPU, with twenty records a second and a beat."""
    with guest() as (folder, journal, start):
        host = Host(folder / "port")
        process = start()
        wait_for("it runs", lambda: journal.write(b"begin") or host.messages(), 30)
        reader = child_of(process.pid)
        before = [cpu_s(pid) for pid in (process.pid, reader)]
        began = time.monotonic()
        for number in range(LOAD_LINES_A_SECOND * LOAD_S):
            journal.write(f"session {number} opened for user u{number % 7} from 10.0.0.{number % 250}".encode())
            host.read()
            time.sleep(max(began + (number + 1) / LOAD_LINES_A_SECOND - time.monotonic(), 0))
        took = time.monotonic() - began
        used = [(cpu_s(pid) - was) / took for pid, was in zip((process.pid, reader), before)]
        (memory, peak), (other, _) = status_of(process.pid), status_of(reader)
        print(f"# {len(host.messages())} records in {took:.0f} s: virt-omen-forward {memory} KiB (at most {peak}), "
              f"{100 * used[0]:.2f} % of a CPU; its journalctl {other} KiB with the journal's pages, {100 * used[1]:.2f} %", flush=True)
        expect("all came", len(host.messages()) >= LOAD_LINES_A_SECOND * LOAD_S)
        expect("there are beats", host.beats > 0)
        expect("it is small", peak < MEMORY_MAX_KIB)
        expect("it is idle", used[0] < CPU_MAX)


def test_nobody_reads():
    """A host that does not read: memory stays bounded, the oldest goes first, errors are kept, and the loss is counted."""
    with guest() as (folder, _, start):
        log = folder / "syslog"
        log.touch()
        host = Host(folder / "port")
        process = start("--file", str(log))
        time.sleep(1.5)
        with open(log, "a", encoding="utf-8") as out:
            out.write("<3>Nov 23 10:00:00 g kernel: an early error\n")
            for number in range(40000):
                out.write(f"Nov 23 10:00:00 g chatter: line {number} that nobody reads, and that is of some length\n")
        wait_for("all is read", lambda: "wait" if time.sleep(5) is None else None, 10)
        _, peak = status_of(process.pid)
        expect(f"it is small: {peak} KiB", peak < MEMORY_MAX_KIB)
        wait_for("the newest line", lambda: any(b"line 39999 " in text for text in host.messages()), 60, 0.02)
        told = host.messages()
        expect(f"some are lost, and that is told: {len(told)} came, {host.lost} lost",
               host.lost > 0 and len(told) + host.lost >= 40000)
        expect("the error that came first is not pushed out by chatter", any(b"an early error" in text for text in told))
        numbers = [row[0] for row in host.records]
        expect("in order, nothing twice", numbers == sorted(set(numbers)))


if __name__ == "__main__":
    enter_namespace()
    if not FORWARD.exists():
        bed.skip_all("virt-omen-forward is not built")
    bed.main([test_static, test_journal, test_cost, test_nobody_reads])
