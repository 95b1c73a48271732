#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages that say what the code says: the rooms' picture, and the list of metrics. Usage: test-docs.py SOURCE-ROOT"""
import pathlib
import re
import subprocess
import sys
import tempfile
import shutil

ROOT = pathlib.Path(sys.argv[1])


def draw(root):
    return subprocess.run([sys.executable, root / "docs" / "draw-rooms", "--check"], capture_output=True, text=True, check=False)


def check_rooms():
    done = draw(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def check_rooms_are_held_to_includes():
    """An include upwards is told."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("daemon", "cli", "docs"):
            shutil.copytree(ROOT / name, root / name)
        path = root / "daemon" / "omen" / "omen.c"
        path.write_text('#include "watch/stream.h"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
        done = draw(root)
    assert done.returncode == 1 and "daemon/omen includes daemon/watch" in done.stdout, done.stdout + done.stderr


def metrics_of_code():
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("daemon/**/*.c"))]
    return {name for text in texts for name in re.findall(r'"(virt_omen_[a-z_]+)"', text)}


def check_metrics():
    names = metrics_of_code()
    assert len(names) > 20, names
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(virt_omen_[a-z_]+)", page))
    told |= {re.sub("_(total|info)$", "", name) for name in told}
    assert not names - told, f"docs/monitoring.md lacks {sorted(names - told)}"
    bare = names | {name + end for name in names for end in ("_total", "_info")}
    assert not {name for name in told if name not in bare}, f"docs/monitoring.md tells of {sorted(told - bare)}"


CHECKS = [check_rooms, check_rooms_are_held_to_includes, check_metrics]
print(f"1..{len(CHECKS)}")
failed = 0
for number, check in enumerate(CHECKS, 1):
    try:
        check()
        print(f"ok {number} - {check.__name__.removeprefix('check_')}")
    except AssertionError as problem:
        failed += 1
        print(f"not ok {number} - {check.__name__.removeprefix('check_')}")
        print("# " + str(problem).replace("\n", "\n# "))
sys.exit(1 if failed else 0)
