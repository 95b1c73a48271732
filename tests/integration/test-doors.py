#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The doors that are files: an unprivileged user (uid 65534) at /run/virt-omen, links that lie there, who might read the key of a
language model, and who reaches a port for syslog. The daemon runs as root without a umask, which leaves to others whatever it does
not close itself."""
import multiprocessing
import os
import pathlib
import random
import resource
import signal
import socket
import stat
import subprocess
import threading
import time
import urllib.request

import alone
import bed
from alone import Alone, METRICS
from bed import expect, wait_for

NOBODY = 65534
RUN = pathlib.Path("/run/virt-omen")
KEY = "sk-open-sesame-4711"
OPERATION = b"1\0victim\0migrate\0begin\0-\0"


def attack(pipe, seconds):
    """As that user: tries each way of writing for some time, and tells which of them was not refused."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    done = set()
    end = time.monotonic() + seconds

    def attempt(what, function, *arguments):
        try:
            function(*arguments)
            done.add(what)
        except OSError:
            pass
    while time.monotonic() < end:
        for path in (RUN / name for name in ("hook.sock", "syslog.sock", "quarantine", "conditions.json")):
            attempt(f"send to {path}", sender.sendto, OPERATION, str(path))
            attempt(f"remove {path}", os.unlink, path)
            attempt(f"replace {path}", os.symlink, "/etc/passwd", path)
            attempt(f"rename {path}", os.rename, path, RUN / "other")
            attempt(f"open {path}", os.open, path, os.O_WRONLY)
            attempt(f"chmod {path}", os.chmod, path, 0o666)
        attempt("create a file", os.open, RUN / "mine", os.O_CREAT | os.O_WRONLY)
    pipe.send(done)


class Open(Alone):
    """Without a umask, with the sockets of /run/virt-omen, and free to dump its core."""

    def configure(self, settings):
        super().configure(settings)
        (self.folder / "key").write_text(KEY + "\n")
        (self.folder / "key").chmod(0o400)
        (self.folder / "conf.d" / "sockets.conf").write_text(f"[sources]\nsyslog_sockets=unix-dgram:{RUN}/syslog.sock\n")

    def spawn(self, name, *command, **more):
        def loosen():
            os.umask(0)
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return super().spawn(name, *command, preexec_fn=loosen, cwd=self.folder, **more)

    def restart(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(20)
        self.daemon = self.start_daemon()


def test_folder():
    """A local user changes nothing in /run/virt-omen, tells the daemon nothing there, and no moment of its start is open to him"""
    with Open() as one:
        hears, tells = multiprocessing.Pipe()
        attacker = multiprocessing.Process(target=attack, args=(tells, 8))
        attacker.start()
        one.break_disk()
        wait_for("the quarantine", (RUN / "quarantine").exists)
        for _ in range(4):
            one.restart()
        expect("he tried", hears.poll(30))
        done = hears.recv()
        attacker.join()
        expect(f"nothing of it came to pass: {done}", not done)
        for path in (RUN, *RUN.iterdir()):
            mode = path.lstat().st_mode
            expect(f"{path} is root's, and not for others to write: {mode:o}", path.lstat().st_uid == 0 and not mode & 0o002)


def test_links():
    """Links that lie in the place of its files are replaced or refused; what they point to stays as it was"""
    victims = {}
    for name in ("hook.sock", "syslog.sock", "quarantine", "conditions.json"):
        victims[name] = pathlib.Path(f"/run/victim-{name}")
        victims[name].write_text("untouched")
        victims[name].chmod(0o640)
        (RUN / name).unlink(missing_ok=True)
        (RUN / name).symlink_to(victims[name])
    with Open() as one:
        one.break_disk()
        wait_for("the quarantine", lambda: stat.S_ISREG((RUN / "quarantine").lstat().st_mode))
        wait_for("the conditions", lambda: stat.S_ISREG((RUN / "conditions.json").lstat().st_mode))
        expect("the hook's socket", stat.S_ISSOCK((RUN / "hook.sock").lstat().st_mode))
        expect("what stands in the way of the other is told", "is in the way" in one.log())
    for name, victim in victims.items():
        expect(f"{name}: what it pointed to", victim.read_text() == "untouched" and victim.stat().st_mode & 0o777 == 0o640)
        victim.unlink()
    (RUN / "syslog.sock").unlink()


def test_datagrams():
    """Ten thousand broken datagrams at the hook's socket, from root: nothing moves, dies or grows"""
    with Open() as one:
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        dice = random.Random(1)
        for i in range(10000):
            datagram = dice.randbytes(dice.randrange(5000)) if i % 2 else OPERATION[:dice.randrange(len(OPERATION))] + dice.randbytes(3)
            try:
                sender.sendto(datagram, socket.MSG_DONTWAIT, str(RUN / "hook.sock"))
            except BlockingIOError:
                time.sleep(0.001)
        expect("no omen, no evacuation", one.omen("omens", "--json") == [] and one.omen("evacuations", "--json") == [])
        size = int((pathlib.Path(f"/proc/{one.daemon.pid}/statm").read_text()).split()[1]) * 4096
        expect(f"small: {size}", size < 200 << 20)


def test_network():
    """The port for syslog, in mode enforce: forged lines of the kernel, 200 connections that are held, an endless line: nothing moves or fills"""
    with Open(mode="enforce") as one:
        (one.folder / "conf.d" / "sockets.conf").write_text(
            "[sources]\nsyslog_sockets=tcp:127.0.0.1:5514;udp:127.0.0.1:5514\ntrusted_files=\npressure=no\n")
        one.restart()
        forged = b"".join(b"<2>Nov 29 11:00:00 alpha kernel: critical medium error, dev sda, sector %d\n" % n for n in range(20))  # by UDP, and through the crowd by TCP
        crowd = []
        for number in range(200):
            crowd.append(socket.create_connection(("127.0.0.1", 5514), 5))
            crowd[-1].sendall((b"99999999999 <2>x", b"1" * 50, b"x" * 9000, b"")[number % 4])
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for line in forged.splitlines():
            sender.sendto(line, ("127.0.0.1", 5514))
        with socket.create_connection(("127.0.0.1", 5514), 5) as peer:
            peer.sendall(forged)
            endless = threading.Thread(target=send_until_refused, args=(peer, b"y" * 65536, 400))
            endless.start()
            wait_for("what was said is told", lambda: one.omen("omens", "--json"))
            began = time.monotonic()
            one.omen("status")
            expect("it answers meanwhile", time.monotonic() - began < 2)
            endless.join()
        for omen in one.omen("omens", "--json"):
            expect(f"advice at most: {omen}", not omen["proven"] and omen["action"] in ("proposed", "recorded"))
        expect("nothing moves", one.omen("evacuations", "--json") == [] and not one.omen("status", "--json")["host"]["endangered"])
        size = int((pathlib.Path(f"/proc/{one.daemon.pid}/statm").read_text()).split()[1]) * 4096
        expect(f"small: {size >> 20} MiB", size < 200 << 20)


def send_until_refused(peer, piece, times):
    try:
        for _ in range(times):
            peer.sendall(piece)
    except OSError:
        pass


def dumps_core(process):
    process.send_signal(signal.SIGSEGV)
    status = os.waitpid(process.pid, 0)[1]
    process.returncode = -os.WTERMSIG(status)
    return os.WCOREDUMP(status)


def test_key():
    """The key of a language model is in no log, no argument, no environment, no answer of the bus, no metric and no core dump"""
    with Open("[judge]\nllm_url=http://user:hidden@127.0.0.1:9/v1\nllm_key_file={folder}/key\n") as one:
        environment = pathlib.Path(f"/proc/{one.daemon.pid}/environ").read_text() + pathlib.Path(f"/proc/{one.daemon.pid}/cmdline").read_text()
        told = one.omen("status", "--json", "--verbose", check=False).stdout + urllib.request.urlopen(METRICS, timeout=5).read().decode()
        told += subprocess.run(["gdbus", "call", "--address", one.bus, "--dest", "org.virtomen1", "--object-path", "/org/virtomen1", "--method",
                                "org.freedesktop.DBus.ObjectManager.GetManagedObjects"], check=True, capture_output=True, text=True).stdout
        expect("it is in use", "is asked" in one.log())
        for where, text in (("the environment or the arguments", environment), ("the log", one.log()), ("what is told", told)):
            expect(f"{where} has it not", KEY not in text and "hidden" not in text)
        if not dumps_core(one.spawn("sleep", "sleep", "60")):
            raise bed.Skipped("no process leaves a core dump here")
        expect("the daemon leaves none", not dumps_core(one.daemon))


def main():
    alone.enter_namespaces()
    bed.main([test_folder, test_links, test_datagrams, test_network, test_key])


main()
