# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test bed of real hosts and guests, for tests and for the demo; and TAP output.

Needs nothing but Python's standard library. Everything is asked through the commands that an operator
has: tests/testbed/testbed and virt-omen.
"""
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TESTBED = ROOT / "tests" / "testbed" / "testbed"
DATA = ROOT / "tests" / "data"
SKIP = 77


class Failed(Exception):
    """What was expected did not happen."""


class Skipped(Exception):
    """Says why a test can not be run here."""


class Bed:
    """A bed of its own name, taken down at the end of the with statement."""

    def __init__(self, name, hosts=2, guests=1, daemon=None, quiet=True, options=()):
        self.name = name
        self.hosts = hosts
        self.guests = guests
        self.daemon = daemon
        self.quiet = quiet
        self.options = list(options)

    def __enter__(self):
        command = ["up", "--hosts", str(self.hosts), "--guests", str(self.guests), *self.options]
        if self.daemon:
            command += ["--daemon", self.daemon]
        self.testbed("down", check=False)
        done = self.testbed(*command, capture=self.quiet, check=False)
        if done.returncode == SKIP:
            raise Skipped((done.stderr or done.stdout or "no test bed here").strip().splitlines()[-1])
        if done.returncode:
            raise Failed(f"the test bed does not come up: {done.stdout or ''}{done.stderr or ''}")
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.show_logs()
        self.testbed("down", check=False)

    def testbed(self, *arguments, check=True, capture=True, stdin=None, timeout=300):
        return run([str(TESTBED), "--name", self.name, *arguments], check, capture, stdin, timeout)

    def on(self, host, *command, check=True, stdin=None, timeout=120):
        """Runs a command on a host."""
        return self.testbed("exec", host, "--", *command, check=check, stdin=stdin, timeout=timeout)

    def omen(self, host, *arguments, check=True, timeout=120):
        """Runs virt-omen on a host; its JSON as a value where --json is asked for."""
        done = self.on(host, "virt-omen", *arguments, check=check, timeout=timeout)
        return json.loads(done.stdout) if "--json" in arguments and done.returncode == 0 else done

    def omens(self, host):
        """What a host says of itself and its devices and domains: a guest under emulation may well speak of stalls."""
        return [omen for omen in self.omen(host, "omens", "--json") if omen["scope"] != "guest"]

    def write(self, host, lines):
        """Appends lines to a host's /var/log/syslog."""
        self.on(host, "sh", "-c", "cat >> /var/log/syslog", stdin="".join(line + "\n" for line in lines))

    def records(self, host):
        """How many records the host's stream has taken."""
        return sum(stream["records"] for stream in self.omen(host, "status", "--json")["host"]["streams"])

    def running_on(self, guest):
        """The names of the hosts where a guest runs (paused counts), sorted."""
        found = []
        for host in self.host_names():
            state = self.on(host, "virsh", "-q", "domstate", guest, check=False).stdout.strip()
            if state in ("running", "paused"):
                found.append(host)
        return found

    def host_names(self):
        return ["alpha", "beta", "gamma", "delta"][: self.hosts]

    def counter(self, guest):
        """(boot id, count) as the guest keeps them in its memory."""
        fields = json.loads(self.testbed("counter", "--json", guest).stdout)
        return fields["boot_id"], int(fields["count"])

    def evacuation_of(self, host, guest):
        """The newest evacuation of a guest, as the daemon knows it."""
        rows = [row for row in self.omen(host, "evacuations", "--json") if row["domain"] == guest]
        return rows[-1] if rows else None

    def show_logs(self):
        for host in self.host_names():
            log = self.on(host, "tail", "-n", "40", "/var/log/virt-omend.log", check=False).stdout or ""
            for line in log.splitlines():
                print(f"# {host}: {line}", file=sys.stderr)


def run(command, check=True, capture=True, stdin=None, timeout=300):
    done = subprocess.run(command, input=stdin, capture_output=capture, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise Failed(f"{' '.join(command)} ends {done.returncode}: {done.stdout}{done.stderr}")
    return done


def wait_for(what, condition, seconds=30.0, pause=0.2):
    """Waits until the condition holds, and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"after {seconds:g} s still not: {what}")
        time.sleep(pause)


def expect(what, condition):
    if not condition:
        raise Failed(f"not so: {what}")


def stays(what, condition, seconds):
    """Fails as soon as the condition does not hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        expect(what, condition())
        time.sleep(0.5)


def stamped(lines, host="alpha"):
    """Lines "TAG: MESSAGE" as rsyslog writes them now, in its file format."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")
    return [f"{now} {host} {line}" for line in lines]


def series(name):
    """A file of tests/data as a list of lines "TAG: MESSAGE"."""
    with open(DATA / name, encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines if not line.startswith("#")]


def which(program):
    """The path of a program, or None."""
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def main(tests):
    """Runs test functions (each takes nothing) as TAP; names come from their doc strings."""
    if os.geteuid() != 0:
        skip_all("needs root, for namespaces")
    wanted = sys.argv[1:]
    unknown = set(wanted) - {test.__name__ for test in tests}
    if unknown:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(test.__name__ for test in tests)}")
    tests = [test for test in tests if not wanted or test.__name__ in wanted]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__doc__.strip().splitlines()[0].rstrip(".")
        began = time.monotonic()
        try:
            test()
            print(f"ok {number} - {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Skipped as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except (Failed, subprocess.TimeoutExpired, KeyError, ValueError) as problem:
            failed += 1
            for line in traceback.format_exception(problem):
                print("# " + line.rstrip().replace("\n", "\n# "), file=sys.stderr)
            print(f"not ok {number} - {name}", flush=True)
    sys.exit(1 if failed else 0)
