#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All that a stranger can do with busctl alone: find his way, read, act, and hear of changes."""
import json
import subprocess
import time

import alone
import bed
from bed import expect, wait_for

NAME = "org.virtomen1"
MANAGER = "/org/virtomen1/manager"


class Busctl:
    def __init__(self, one):
        self.one = one
        self.command = [alone.need("busctl"), f"--address={one.bus}", "--json=short"]

    def run(self, *arguments, check=True):
        return bed.run([*self.command, *arguments], check=check)

    def call(self, path, interface, method, *arguments, check=True):
        done = self.run("call", NAME, path, f"{NAME}.{interface}", method, *arguments, check=check)
        return json.loads(done.stdout)["data"] if check and done.stdout.strip() else done

    def get(self, path, interface, name):
        return json.loads(self.run("get-property", NAME, path, f"{NAME}.{interface}", name).stdout)["data"]

    def paths(self):
        return bed.run([*self.command[:2], "tree", "--list", NAME]).stdout.split()


def test_drive():
    """Status, mode, omens, plan, what is normal, reload: each by busctl."""
    with alone.Alone() as one:
        bus = Busctl(one)
        one.teach()
        expect("a tree", MANAGER in bus.paths() and "/org/virtomen1/hosts/_local" in bus.paths())
        status = bus.call(MANAGER, "Manager", "GetStatus", "a{sv}", "1", "scores", "s", "recent")[0]
        expect("scores of two minutes", len(status["host"]["data"]["scores"]["data"]) == 120)
        bus.call(MANAGER, "Manager", "SetMode", "sa{sv}", "observe", "0")
        expect("the mode is set", bus.get(MANAGER, "Manager", "Mode") == "observe")
        refused = bus.call(MANAGER, "Manager", "SetMode", "sa{sv}", "panic", "0", check=False)
        expect("an error says what is allowed", "observe, advise or enforce" in refused.stderr)

        rows = bus.call(MANAGER, "Manager", "ListNormal", "sa{sv}", "host", "1", "limit", "u", "5")[0]
        expect(f"what is normal: {rows}", 0 < len(rows) <= 5)
        numbers = [str(number) for number in rows[0]["templates"]["data"]]
        forget = ("ForgetNormal", "saua{sv}", "host", str(len(numbers)), *numbers, "0")
        bus.call(MANAGER, "Manager", *forget)
        again = bus.call(MANAGER, "Manager", *forget, check=False)
        expect("it is gone", "not among what is normal" in again.stderr)

        bus.call(MANAGER, "Manager", "SetMode", "sa{sv}", "advise", "0")
        omen = one.break_disk()
        path = f"/org/virtomen1/omens/{omen['id']}"
        wait_for("its object", lambda: path in bus.paths())
        expect("its class", bus.get(path, "Omen", "Class") == "disk")
        expect("its lines", bus.call(path, "Omen", "GetRecords", "a{sv}", "0")[0])
        bus.call(path, "Omen", "Dismiss", "a{sv}", "0")
        wait_for("it is dismissed", lambda: bus.get(path, "Omen", "Action") == "dismissed")
        bus.call(MANAGER, "Manager", "Plan", "assa{sv}", "0", "", "0")
        bus.call(MANAGER, "Manager", "Reload", "a{sv}", "0")
        (one.folder / "virt-omen.conf").write_text("[daemon]\nmode=panic\n")
        broken = bus.call(MANAGER, "Manager", "Reload", "a{sv}", "0", check=False)
        expect(f"a mistake is told with its line: {broken.stderr}", "virt-omen.conf:2" in broken.stderr)


def test_kept():
    """What an operator took out of what is normal stays out over a restart, also of a quiet stream."""
    with alone.Alone(settings="[daemon]\nsave_interval_s=1\n") as one:
        one.teach()
        time.sleep(1.5)
        rows = one.omen("normal", "--json", "--limit", "1")
        numbers = ",".join(str(number) for number in rows[0]["templates"])
        one.omen("normal", "forget", "host", numbers)
        one.daemon.terminate()
        one.daemon.wait(10)
        one.daemon = one.start_daemon()
        again = one.omen("normal", "forget", "host", numbers, check=False)
        expect(f"it stays out: {again.stderr}", again.returncode == 1 and "not among what is normal" in again.stderr)
        expect("the rest is kept", one.omen("normal", "--json"))


def test_changes():
    """Properties announce their changes."""
    with alone.Alone() as one:
        bus = Busctl(one)
        log = one.folder / "monitor.log"
        with open(log, "wb") as out:
            process = subprocess.Popen([*bus.command, "monitor", NAME], stdout=out, stderr=subprocess.DEVNULL)
        one.processes.append(process)
        wait_for("the monitor listens", lambda: one.omen("status") and log.stat().st_size > 0)
        bus.call(MANAGER, "Manager", "SetMode", "sa{sv}", "enforce", "0")

        def changed():
            return [line for line in log.read_text(errors="replace").splitlines()
                    if "PropertiesChanged" in line and "enforce" in line]
        wait_for("the change is announced", changed)


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_drive, test_kept, test_changes])
