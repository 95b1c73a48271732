#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-omend as systemd runs it: with the unit's capabilities, told to be ready, watched, reloaded and ended. systemd's side of
the talk (sd_notify(3)) is a socket here; the bus is one of its own, and libvirt is its test driver."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

daemon, knowledge = (Path(argument) for argument in sys.argv[1:3])
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/></policy></busconfig>
"""
CONFIGURATION = """[daemon]
state_dir={folder}/state
mode={mode}
[libvirt]
uri=test:///default
[sources]
journal=no
kmsg=no
read_files=yes
files={folder}/log
trusted_files={folder}/log
syslog_sockets=
[domains]
qemu_logs=no
[judge]
knowledge_dir={knowledge}
[metrics]
listen=
"""
# In a mount namespace, so that its socket for the hook is nobody else's; with no more than the unit leaves it.
CONFINED = """
mount -t tmpfs tmpfs /run || exit 77
exec setpriv --bounding-set=-all,+dac_read_search,+syslog --inh-caps=-all --no-new-privs "$@"
"""


class Service:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.folder / "notify"))
        (self.folder / "log").write_text("")
        (self.folder / "state").mkdir()
        (self.folder / "bus.conf").write_text(BUS.format(folder=folder))
        self.knowledge = shutil.copytree(knowledge, self.folder / "knowledge")  # which only root may write
        self.configure("advise")
        self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile"])
        deadline = time.monotonic() + 10
        while not (self.folder / "bus").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINED, "sh", daemon, "--config",
             self.folder / "virt-omen.conf", "--bus", f"unix:path={folder}/bus"],
            env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"), "WATCHDOG_USEC": "1000000"},
            stderr=(self.folder / "messages").open("w"), stdout=subprocess.DEVNULL)

    def configure(self, mode):
        (self.folder / "virt-omen.conf").write_text(CONFIGURATION.format(
            folder=self.folder, mode=mode, knowledge=self.knowledge))

    def expect(self, wanted, timeout_s=10):
        """Waits until the daemon says that."""
        deadline = time.monotonic() + timeout_s
        heard = []
        while (left := deadline - time.monotonic()) > 0:
            self.notify.settimeout(left)
            try:
                heard.append(self.notify.recv(4096).decode())
            except socket.timeout:
                break
            if wanted in heard[-1]:
                return
        raise AssertionError(f"no {wanted} in {heard}; {(self.folder / 'messages').read_text()}")

    def ask(self, property_name):
        return subprocess.run(["gdbus", "call", "--address", f"unix:path={self.folder}/bus", "--dest", "org.virtomen1",
                               "--object-path", "/org/virtomen1/manager", "--method",
                               "org.freedesktop.DBus.Properties.Get", "org.virtomen1.Manager", property_name],
                              check=True, stdout=subprocess.PIPE, text=True).stdout

    def end(self):
        for process in (self.process, self.bus):
            if process.poll() is None:
                process.kill()
            process.wait()
        self.notify.close()


def bind(service):
    def test_ready():
        service.expect("READY=1")
        assert "advise" in service.ask("Mode")

    def test_watchdog():
        for _ in range(3):
            service.expect("WATCHDOG=1", 2)

    def test_confined():
        status = Path(f"/proc/{service.process.pid}/status").read_text()
        capabilities = int(status.split("CapBnd:")[1].split()[0], 16)
        assert capabilities == 1 << 2 | 1 << 34, hex(capabilities)

    def test_reload():
        service.configure("observe")
        service.process.send_signal(signal.SIGHUP)
        service.expect("RELOADING=1")
        service.expect("READY=1")
        assert "observe" in service.ask("Mode")

    def test_reload_of_a_mistake():
        service.configure("bold")
        service.process.send_signal(signal.SIGHUP)
        service.expect("READY=1")
        assert "observe" in service.ask("Mode")
        assert "bold" in (service.folder / "messages").read_text()

    def test_end():
        service.process.send_signal(signal.SIGTERM)
        service.expect("STOPPING=1")
        assert service.process.wait(20) == 0

    def test_knowledge_of_another():
        """What another user may write does not say what is a sign of failure."""
        def check():
            return subprocess.run([daemon, "--check", "--config", service.folder / "virt-omen.conf"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        service.configure("advise")
        assert check().returncode == 0, check().stdout
        for path in (service.knowledge, service.knowledge / "10-storage.signatures", service.knowledge / "writers"):
            os.chown(path, 65534, 0)
            done = check()
            assert done.returncode == 1 and f"{path} is not trusted: another user owns it" in done.stdout, done.stdout
            os.chown(path, 0, 0)
        path.chmod(0o646)
        done = check()
        assert done.returncode == 1 and f"{path} is not trusted: others may write to it" in done.stdout, done.stdout

    return [test_ready, test_watchdog, test_confined, test_reload, test_reload_of_a_mistake, test_end, test_knowledge_of_another]


def main():
    missing = [program for program in ("dbus-daemon", "gdbus", "setpriv", "unshare") if not shutil.which(program)]
    if os.getuid() != 0 or missing:
        print(f"1..0 # SKIP {' '.join(missing) + ' is not here' if missing else 'it needs root to be confined'}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        service = Service(folder)
        try:
            return tap.run(bind(service))
        finally:
            service.end()


sys.exit(main())
