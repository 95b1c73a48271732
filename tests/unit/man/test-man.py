#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages are well formed and tell of every command, option and setting."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

tool, daemon, source, *pages = (Path(argument) for argument in sys.argv[1:])
tool_page = pages[0].read_text()


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_mandoc():
    if not shutil.which("mandoc"):
        raise tap.Skip("mandoc is not here")
    for page in pages:
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", page], stdout=subprocess.PIPE, text=True)
        # Whether another page is installed on this machine is not the page's fault.
        complaints = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
        assert not complaints, "\n".join(complaints)


def test_groff():
    if not shutil.which("man") or not shutil.which("groff"):
        raise tap.Skip("man or groff is not here")
    for page in pages:
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], stderr=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": ""})
        assert not done.stderr and done.returncode == 0, f"{page}: {done.stderr}"


def options(text):
    return set(re.findall(r"(?m)^ +(?:-\w, )?--([a-z0-9-]+)", text)) - {"help", "help-all"}


def command_entries():
    """The text that virt-omen.1 has on each command."""
    entries = {}
    for entry in re.split(r"(?m)^\.It (?:Xo\n\.)?Cm ", tool_page)[1:]:
        entries[re.match(r"[\w-]+", entry)[0]] = re.split(r"(?m)^\.S[sh] ", entry)[0]
    return entries


def test_commands():
    commands = re.findall(r"(?m)^  ([a-z-]+) +\S", output(tool, "--help"))
    assert len(commands) > 10, commands
    entries = command_entries()
    missing = [command for command in commands if command not in entries]
    missing += [f"{command} --{option}" for command in commands if command in entries
                for option in sorted(options(output(tool, command, "--help"))) if f"Fl -{option}" not in entries[command]]
    assert not missing, "data/man/virt-omen.1 does not tell of " + ", ".join(missing)


def test_daemon_options():
    page = next(page for page in pages if page.name == "virt-omend.8").read_text()
    for option in options(output(daemon, "--help")):
        assert f"Fl -{option}" in page, f"data/man/virt-omend.8.in lacks --{option}"


def test_settings():
    """What the shipped configuration shows are defaults that the daemon takes, each with a word in the page."""
    page = next(page for page in pages if page.name == "virt-omen.conf.5").read_text()
    shipped = "\n".join((source / "data/config" / name).read_text() for name in ("virt-omen.conf", "advanced.conf"))
    live = re.sub(r"(?m)^#(?=\[|[a-z][\w.]*=)", "", shipped)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "virt-omen.conf"
        file.write_text(re.sub(r"(?m)^\w+=$\n", "", live))
        subprocess.run([daemon, "--check", "--config", file], check=True, stdout=subprocess.DEVNULL)
    for key in re.findall(r"(?m)^([a-z][\w.]*)=", live):
        entry = re.search(r"(?m)^\.It Cm " + re.escape(key) + r"=.*\n(.*)$", page)
        assert entry and not entry[1].startswith("."), f"data/config/virt-omen.conf: no comment says what {key} means"


sys.exit(tap.run([test_mandoc, test_groff, test_commands, test_daemon_options, test_settings]))
