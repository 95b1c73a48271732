#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each test that docs/security.md names exists, and each row names one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
NAMED = r"`(/[a-z0-9/-]+|test-[a-z-]+\.py test_\w+)`"


def main():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.split("| attacker |")[1].split("\n\n")[0].splitlines()[2:]
    cells = {row: row.split("|")[-2] for row in table}
    known = {name for path in (ROOT / "tests" / "unit").rglob("*.c")
             for name in re.findall(r'"(/[a-z0-9/-]+)"', path.read_text(encoding="utf-8"))}
    # A test of tests/integration is told by its file and function.
    known |= {f"{path.name} {name}" for path in (ROOT / "tests" / "integration").glob("test-*.py")
              for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)}
    print("1..2")
    empty = [row for row in table if not re.search(NAMED, cells[row])]
    missing = [name for row in table for name in re.findall(NAMED, cells[row]) if name not in known]
    print(f"{'not ok' if empty or not table else 'ok'} 1 - each row names a test {empty}")
    print(f"{'not ok' if missing else 'ok'} 2 - each named test exists {missing}")
    return 1 if empty or missing or not table else 0


if __name__ == "__main__":
    sys.exit(main())
