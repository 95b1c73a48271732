#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the system is given: unit, users, folders, D-Bus and polkit files, AppArmor profile. Each is read by the program that
reads it in earnest."""
import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

data, unit, profile = (Path(argument) for argument in sys.argv[1:4])
MAX_EXPOSURE = 3.0


def need(program):
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/lib/systemd")
    if not found:
        raise tap.Skip(f"{program} is not here")
    return found


def output(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options).stdout


def test_exposure():
    text = output(need("systemd-analyze"), "security", "--offline=true", "--no-pager", unit,
                  env={**os.environ, "SYSTEMD_COLORS": "0"})
    level = float(re.search(r"exposure level for .*: ([\d.]+)", text)[1])
    print(f"# exposure {level}")
    assert level <= MAX_EXPOSURE, text


def test_unit():
    """systemd knows every setting. The program and its page are not installed where this runs."""
    done = subprocess.run([need("systemd-analyze"), "verify", unit], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    complaints = [line for line in done.stderr.splitlines()
                  if unit.name in line and "is not executable" not in line and "'man " not in line]
    assert not complaints, "\n".join(complaints)
    settings = unit.read_text()
    for setting in ("Type=notify", "WatchdogSec=", "ExecReload=/bin/kill -HUP $MAINPID", "Documentation=man:"):
        assert setting in settings, setting


def test_activation():
    """The bus starts the unit by the alias that it has."""
    service = configparser.ConfigParser(interpolation=None)
    service.read(data / "dbus/org.virtomen1.service")
    assert service["D-BUS Service"]["Name"] == "org.virtomen1"
    assert f"Alias={service['D-BUS Service']['SystemdService']}\n" in unit.read_text()


def test_users():
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "etc").mkdir()
        output(need("systemd-sysusers"), f"--root={root}", data / "systemd/virt-omen.sysusers")
        groups = (Path(root) / "etc/group").read_text()
        assert re.search(r"(?m)^virt-omen:[^:]*:\d+:$", groups), groups
        assert 'isInGroup("virt-omen")' in (data / "dbus/virt-omen.rules").read_text()


def test_folders():
    if os.getuid() != 0:
        raise tap.Skip("systemd-tmpfiles needs root to give folders away")
    with tempfile.TemporaryDirectory() as root:
        output(need("systemd-tmpfiles"), f"--root={root}", "--create", data / "systemd/virt-omen.tmpfiles")
        status = (Path(root) / "run/virt-omen").stat()
        assert status.st_mode & 0o777 == 0o755 and status.st_uid == 0, oct(status.st_mode)


def test_polkit():
    """Each action that the rules name is one of ours, and none lets everybody."""
    actions = {action.get("id"): action for action in
               ElementTree.parse(data / "dbus/org.virtomen1.policy").getroot().iter("action")}
    for name in re.findall(r'action\.id == "([^"]*)"', (data / "dbus/virt-omen.rules").read_text()):
        assert name in actions, name
    for name, action in actions.items():
        for default in action.find("defaults"):
            assert default.text.startswith("auth_admin"), f"{name}: {default.tag} {default.text}"


def test_apparmor():
    output(need("apparmor_parser"), "--skip-kernel-load", "--skip-cache", "--skip-read-cache", profile)


sys.exit(tap.run([test_exposure, test_unit, test_activation, test_users, test_folders, test_polkit, test_apparmor]))
