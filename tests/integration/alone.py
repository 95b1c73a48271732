# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon alone: in namespaces of its own, with its own message bus, libvirt's test driver and a log file to write to.

For what needs no guests. Needs nothing but Python's standard library.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import bed
from bed import wait_for

BUILD = pathlib.Path(os.environ.get("OMEN_BUILD_DIR", bed.ROOT / "build"))
METRICS = "http://127.0.0.1:9861/metrics"

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_type="method_call"/><allow send_type="signal"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/><allow own="*"/></policy></busconfig>
"""

SETTINGS = """[daemon]
state_dir={folder}/state
[libvirt]
uri=test:///default
[sources]
journal=no
kmsg=no
read_files=yes
files={folder}/syslog
trusted_files={folder}/syslog
syslog_sockets=
[judge]
knowledge_dir={knowledge}
"""


def enter_namespaces(*more):
    """Starts this program anew in a network, a /run and a process tree of its own: ports and sockets are nobody else's,
    and nothing outlives it."""
    if os.geteuid() != 0:
        bed.skip_all("needs root, for namespaces")
    if os.environ.get("OMEN_TEST_ALONE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        os.mkdir("/run/virt-omen")
        return
    os.environ["OMEN_TEST_ALONE"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", *more,
                          sys.executable, *sys.argv])


def need(program):
    """The path of a program; without it the test is skipped."""
    path = bed.which(program)
    if not path:
        raise bed.Skipped(f"{program} is not installed")
    return path


def fetch(url, data=None):
    with urllib.request.urlopen(url, data=data, timeout=10) as answer:
        return answer.read().decode()


def answers(url):
    """The URL can be read."""
    try:
        return fetch(url) or True
    except (urllib.error.URLError, ConnectionError):
        return None


def exists(path):
    return pathlib.Path(path).exists()


def make_folder(path):
    pathlib.Path(path).mkdir(parents=True, exist_ok=True)
    return path


def copy_knowledge(folder):
    """The daemon takes none from a tree that belongs to another user."""
    return shutil.copytree(bed.ROOT / "data" / "knowledge", folder / "knowledge")


class Alone:
    """The daemon and what else is started; all of it ends with the with statement."""

    def __init__(self, settings="", mode="advise"):
        self.settings = settings
        self.mode = mode
        self.processes = []

    def __enter__(self):
        try:
            self.start()
        except BaseException as problem:
            self.__exit__(type(problem), problem, None)
            raise
        return self

    def start(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="virt-omen-alone-"))
        self.bus = f"unix:path={self.folder}/bus"
        (self.folder / "state").mkdir()
        (self.folder / "conf.d").mkdir()
        (self.folder / "syslog").touch()
        copy_knowledge(self.folder)
        (self.folder / "bus.conf").write_text(BUS.format(path=self.folder / "bus"))
        self.configure(self.settings)
        self.spawn("dbus", "dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork")
        wait_for("the bus", (self.folder / "bus").exists)
        self.daemon = self.start_daemon()

    def __exit__(self, kind, value, trace):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if kind is not None:
            for log in sorted(self.folder.glob("*.log")):
                for line in log.read_text(errors="replace").splitlines()[-30:]:
                    print(f"# {log.stem}: {line}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def configure(self, settings):
        text = (SETTINGS + settings.replace("{folder}", str(self.folder))).replace(
            "{folder}", str(self.folder)).replace("{knowledge}", str(self.folder / "knowledge"))
        (self.folder / "virt-omen.conf").write_text(text)

    def start_daemon(self):
        daemon = self.spawn("virt-omend", str(BUILD / "daemon" / "virt-omend"), "--mode", self.mode,
                            "--config", str(self.folder / "virt-omen.conf"), "--bus", self.bus)
        wait_for("the daemon answers", lambda: self.omen("status", check=False).returncode == 0)
        return daemon

    def spawn(self, name, *command, **more):
        """Starts a program; its output goes to NAME.log in the folder."""
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **more)
        self.processes.append(process)
        return process

    def log(self, name="virt-omend"):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def reload(self):
        self.daemon.send_signal(signal.SIGHUP)

    def omen(self, *arguments, check=True, **more):
        environment = {**os.environ, "OMEN_BUS_ADDRESS": self.bus}
        done = subprocess.run([str(BUILD / "cli" / "virt-omen"), *arguments], env=environment, text=True,
                              capture_output=True, timeout=60, check=False, **more)
        if check and done.returncode:
            raise bed.Failed(f"virt-omen {' '.join(arguments)} ends {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if check and "--json" in arguments else done

    def write(self, lines):
        with open(self.folder / "syslog", "a", encoding="utf-8") as log:
            log.writelines(line + "\n" for line in bed.stamped(lines))

    def teach(self):
        """Ordinary life, until it was read."""
        lines = bed.series("host-life.log")
        self.write(lines)
        wait_for("the benign lines are read", lambda: self.records() >= len(lines))

    def records(self):
        return sum(stream["records"] for stream in self.omen("status", "--json")["host"]["streams"])

    def break_disk(self):
        """The kernel lines of a dying disk; returns the omen of the disk when all of them were read."""
        lines = bed.series("disk-dies.log")
        before = self.records()
        self.write(lines)
        wait_for("they are read", lambda: self.records() >= before + len(lines))
        return [omen for omen in self.omen("omens", "--json") if omen["class"] == "disk"][0]

    def clear_all(self):
        for omen in self.omen("omens", "--json"):
            if omen["open"]:
                self.omen("clear", str(omen["id"]))
