# SPDX-License-Identifier: LGPL-2.1-or-later
"""Booted virtual hosts under software emulation, each with systemd, libvirtd, AppArmor and the packages of this tree.

All of a set of machines lives in namespaces of its own, whose process 1 is `supervisor`: the hosts' QEMU processes, the storage
outside of them, ssh's connections. When that process is killed, the kernel ends the rest.
"""
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parent.parent
CACHE = Path(os.environ.get("MACHINES_CACHE", "/var/cache/virt-omen-machines"))
RUN = Path(os.environ.get("MACHINES_DIR", "/var/tmp/virt-omen-machines"))
HOSTS = ("alpha", "beta", "gamma")
MEMORY_MIB = 1536
BOOT_LIMIT_S = 400
SKIP = 77


class Trouble(Exception):
    """Something that machines need is not so; the text says what."""


class Unavailable(Exception):
    """Machines can't be had here."""


def say(text):
    print(f"machines: {text}", file=sys.stderr, flush=True)


def call(*command, check=True, timeout=600, **options):
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, **options)
    except subprocess.TimeoutExpired as late:
        raise Trouble(f"{' '.join(words[-2:])} did not end in {timeout} s: {(late.stdout or b'')[-600:]}") from late
    if check and done.returncode:
        raise Trouble(f"{' '.join(str(word) for word in command[:6])} ... ended {done.returncode}: "
                      f"{(done.stderr or done.stdout)[-1500:]}")
    return done


def wait_for(what, condition, limit_s, every_s=1.0):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(every_s)
    raise Trouble(f"after {limit_s} s: {what}")


class CacheLock:
    """One at a time makes packages and images."""

    def __init__(self, name):
        CACHE.mkdir(parents=True, exist_ok=True)
        self.path = CACHE / f"{name}.lock"

    def __enter__(self):
        self.file = open(self.path, "w", encoding="utf-8")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def keep_newest(pattern, number):
    folders = sorted(CACHE.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in folders[number:]:
        shutil.rmtree(old, ignore_errors=True)


def base_image(suite):
    done = call(HERE / "make-image", suite, check=False, timeout=3600)
    sys.stderr.write(done.stderr)
    if done.returncode == SKIP:
        raise Unavailable(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        raise Trouble(f"the image could not be made: {done.stderr[-500:]}")
    return Path(done.stdout.strip())


def check_machine():
    if os.geteuid() != 0:
        raise Unavailable("needs root, for namespaces and for the image")
    for tool in ("qemu-system-x86_64", "qemu-img", "nbdkit", "ip", "unshare", "nsenter", "ssh"):
        if not shutil.which(tool):
            raise Unavailable(f"{tool} is missing: tests/install-packages installs it")
    if call("unshare", "--net", "--pid", "--fork", "--mount-proc", "true", check=False).returncode:
        raise Unavailable("namespaces can't be made here")


class Lab:
    """A named set of machines."""

    def __init__(self, name=None):
        self.name = name or os.environ.get("MACHINES_NAME", "default")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}", self.name):
            raise Trouble("a name begins with a letter or digit, and is made of these, _ . and -")
        self.folder = RUN / self.name

    # The namespaces

    @property
    def supervisor(self):
        """Its process, or None. The start time tells it from another process of the same number."""
        try:
            pid, started = (self.folder / "supervisor.pid").read_text().split()
            return int(pid) if start_time(int(pid)) == started else None
        except (OSError, ValueError):
            return None

    def hosts(self):
        try:
            return (self.folder / "hosts").read_text().split()
        except OSError:
            return []

    def make_namespaces(self, hosts):
        if self.supervisor:
            raise Trouble(f"machines {self.name} are up already: tests/machines/machines --name {self.name} down")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "hosts").write_text("\n".join(hosts))
        reading, self.holding = os.pipe()
        outer = subprocess.Popen(["unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child", HERE / "supervisor",
                                  self.folder, *hosts], stdin=reading, stdout=subprocess.DEVNULL,
                                 stderr=open(self.folder / "supervisor.log", "w", encoding="utf-8"), start_new_session=True)
        os.close(reading)
        wait_for("no network", lambda: (self.folder / "network").exists() or outer.poll() is not None, 20, 0.1)
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        (self.folder / "supervisor.pid").write_text(f"{children[0]} {start_time(int(children[0]))}")

    def release(self):
        """From here on the machines outlive this program."""
        os.write(self.holding, b"up\n")
        os.close(self.holding)

    def inside(self, *command, check=True, timeout=600, **options):
        pid = self.supervisor
        if not pid:
            raise Trouble(f"machines {self.name} are not up")
        return call("nsenter", "-t", pid, "-n", "-p", "-m", "--", *command, check=check, timeout=timeout, **options)

    def down(self):
        pid = self.supervisor
        if pid:
            os.kill(pid, signal.SIGKILL)
            wait_for("the machines do not end", lambda: not Path(f"/proc/{pid}").exists(), 30, 0.1)
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            RUN.rmdir()
        except OSError:
            pass

    # The hosts

    def start_host(self, host, image, disk, append="", snapshot=False):
        """Power on: QEMU in the namespaces, its monitor and serial port in the folder."""
        number = HOSTS.index(host) + 1
        overlay = self.folder / f"{host}.qcow2"
        if not overlay.exists() and not snapshot:
            call("qemu-img", "create", "-q", "-f", "qcow2", "-F", image_format(disk), "-b", disk, overlay)
        accelerator = os.environ.get("MACHINES_ACCEL", "tcg,thread=multi")
        command = [
            "qemu-system-x86_64", "-name", host, "-machine", "pc", "-accel", accelerator,
            "-cpu", "max,vendor=GenuineIntel", "-smp", "2", "-m", MEMORY_MIB, "-display", "none", "-no-user-config", "-nodefaults",
            "-uuid", f"7e57bed0-0000-4000-9000-{number:012x}",
            "-kernel", image / "vmlinuz", "-initrd", image / "initrd",
            "-append", f"console=ttyS0 loglevel=4 net.ifnames=0 systemd.show_status=auto systemd.hostname={host} systemd.machine_id={number:032x} "
                       f"machine.address=10.9.0.{number} {append}",
            "-drive", f"file={overlay},format=qcow2,if=none,id=root,cache=unsafe,discard=unmap",
            "-device", "virtio-blk-pci,drive=root",
            "-netdev", f"tap,id=net,ifname=tap-{host},script=no,downscript=no",
            "-device", f"virtio-net-pci,netdev=net,mac=52:54:00:09:00:{number:02x}", "-device", "virtio-rng-pci",
            "-serial", f"file:{self.folder}/{host}.serial",
            "-monitor", f"unix:{self.folder}/{host}.monitor,server=on,wait=off",
            "-pidfile", self.folder / f"{host}.pid", "-daemonize"]
        (self.folder / f"{host}.command").write_text(json.dumps([str(word) for word in command]))
        self.inside(*command)

    def ssh(self, host, *command, check=True, timeout=300, **options):
        return self.inside(*self.ssh_command(host), *command, check=check, timeout=timeout, **options)

    def ssh_command(self, host):
        return ["ssh", "-q", "-i", self.folder / "key", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ControlMaster=auto", "-o", "ControlPersist=yes",
                "-o", f"ControlPath={self.folder}/{host}.ssh", f"root@10.9.0.{HOSTS.index(host) + 1}"]

    def wait_booted(self, host, limit_s=BOOT_LIMIT_S):
        """Until systemd says that it runs; "degraded" names what failed."""
        def answers():
            done = self.ssh(host, "systemctl is-system-running --wait", check=False, timeout=limit_s)
            return done.stdout.strip() if done.stdout.strip() in ("running", "degraded") else None
        try:
            state = wait_for(f"{host} does not come up", answers, limit_s, 2)
        except Trouble as why:
            raise Trouble(f"{why}; its serial port says: {self.serial(host)[-1500:]}") from why
        if state == "degraded":
            failed = self.ssh(host, "systemctl --failed --no-legend --plain", check=False).stdout
            say(f"{host}: units that failed: {failed.strip()}")
        return state

    def serial(self, host):
        try:
            return (self.folder / f"{host}.serial").read_text(errors="replace")
        except OSError:
            return ""

    def script(self, host, text, check=True, timeout=300):
        """A shell script on a host; what it prints."""
        return self.ssh(host, "LC_ALL=C.UTF-8 bash -s", input=text, check=check, timeout=timeout).stdout

    def monitor(self, host, *lines):
        """Commands for the monitor of the host's QEMU: what hardware does."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(120)
            connection.connect(str(self.folder / f"{host}.monitor"))
            answer = read_prompt(connection)
            for line in lines:
                connection.sendall(line.encode() + b"\n")
                answer += read_prompt(connection)
        return answer

    def save(self, name):
        """Keeps the hosts as they are, disks and memory. All stand still meanwhile, so what they say to each other goes on."""
        for host in self.hosts():
            self.inside(*self.ssh_command(host), "-O", "exit", check=False)
        self.each("stop")
        self.each(f"savevm {name}")
        self.each("cont")

    def load(self, name):
        """The hosts as they were when this was saved, and storage that works. By new QEMU processes: one that has run on lets
        no clock go back, and the kernel would tell of processors that stood still since."""
        for host in self.hosts():
            self.inside(*self.ssh_command(host), "-O", "exit", check=False)
        if not self.storage_runs():
            self.start_storage()
        for host in self.hosts():
            pid = int((self.folder / f"{host}.pid").read_text())
            self.inside("kill", "-9", pid)
            wait_for(f"{host} does not end", lambda pid=pid: self.inside("kill", "-0", pid, check=False).returncode, 30, 0.2)
        for host in self.hosts():
            self.inside(*json.loads((self.folder / f"{host}.command").read_text()), "-S", "-loadvm", name)
        self.each("cont")

    def each(self, line):
        for host in self.hosts():
            said = self.monitor(host, line)
            if "Error" in said:
                raise Trouble(f"{host}: {said[-300:]}")

    # Storage outside of the hosts

    def start_storage(self):
        disk = self.folder / "shared.img"
        if not disk.exists():
            with open(disk, "wb") as file:
                file.truncate(4 << 20)
        (self.folder / "storage.pid").unlink(missing_ok=True)
        self.inside("nbdkit", "-i", "10.9.0.254", "-p", "10809", "-e", "shared", "-P", self.folder / "storage.pid", "file", disk)

    def storage_runs(self):
        return self.inside("sh", "-c", f"kill -0 $(cat {self.folder}/storage.pid)", check=False).returncode == 0

    def stop_storage(self):
        self.inside("sh", "-c", f"kill -9 $(cat {self.folder}/storage.pid)")


def read_prompt(connection):
    text = b""
    while not text.endswith(b"(qemu) "):
        piece = connection.recv(4096)
        if not piece:
            break
        text += piece
    return text.decode(errors="replace")


def image_format(path):
    return "qcow2" if str(path).endswith(".qcow2") else "raw"


def start_time(pid):
    """Field 22 of /proc/PID/stat, after the name, which may hold blanks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None
