#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every member of the D-Bus interfaces is documented, and docs/dbus.md is what the XML says."""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
TOOL = ROOT / "data" / "dbus" / "make-docs"
FILES = sorted((ROOT / "data" / "dbus").glob("org.virtomen1.*.xml"))


def make(*files):
    return subprocess.run([sys.executable, TOOL, *files], capture_output=True, text=True, check=False)


def check_fresh():
    done = make(*FILES)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (ROOT / "docs" / "dbus.md").read_text(encoding="utf-8"), \
        "docs/dbus.md is stale: data/dbus/make-docs data/dbus/org.virtomen1.*.xml > docs/dbus.md"


def refuses(old, new, complaint):
    """A file with this change is refused."""
    text = next(path for path in FILES if path.name.endswith("Manager.xml")).read_text(encoding="utf-8")
    assert old in text, old
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "broken.xml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        done = make(path)
    assert done.returncode != 0 and complaint in done.stderr, f"{complaint}: {done.stderr}"


def check_missing_comment():
    refuses("<!-- OpenOmens: omens that are a threat now. -->", "", "OpenOmens has no comment")


def check_missing_argument():
    refuses('<arg name="mode" type="s" direction="in"/>', '<arg name="other" type="s" direction="in"/>', "argument")


def check_wrong_name():
    refuses("<!-- OpenOmens:", "<!-- Omens:", "begins with")


TESTS = [check_fresh, check_missing_comment, check_missing_argument, check_wrong_name]
print(f"1..{len(TESTS)}")
failed = 0
for number, test in enumerate(TESTS, 1):
    name = test.__name__.removeprefix("check_").replace("_", " ")
    try:
        test()
        print(f"ok {number} - {name}")
    except AssertionError as problem:
        failed = 1
        print(f"not ok {number} - {name}\n# {problem}")
sys.exit(failed)
