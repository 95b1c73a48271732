#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A replay that goes on where the last one ended: with --state, two halves of a log come to what the whole does."""
import pathlib
import subprocess
import sys
import tempfile

TOOL, ROOT = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
LINES = [line for name in ("host-life.log", "disk-dies.log")
         for line in (ROOT / "tests/data" / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def replay(folder, lines, *more):
    """Rows index,timestamp,key,score,omen of a replay of these lines."""
    path = pathlib.Path(folder) / "log"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    done = subprocess.run([TOOL, "replay", "--scores", "-", *more, path], capture_output=True, text=True, check=False,
                          env={"OMEN_DATA_DIR": str(ROOT / "data"), "TZ": "UTC"})
    return done, done.stdout.splitlines()[1:]


def decisions(rows):
    """Without the scores: a template is judged by the first line that a life sees of it, whose numbers may differ."""
    return [(index, key, omen) for index, _, key, _, omen in (row.split(",") for row in rows)]


def check_halves_come_to_the_whole():
    with tempfile.TemporaryDirectory() as folder:
        state = ("--state", f"{folder}/state.db")
        _, whole = replay(folder, LINES)
        _, first = replay(folder, LINES[:300], *state)
        _, second = replay(folder, LINES[300:], *state)
    assert len(whole) == len(LINES) and decisions(first + second) == decisions(whole), "the halves differ from the whole"
    assert any(row.endswith(",1") for row in second), "no omen in the second half"


def check_without_it_each_is_new():
    with tempfile.TemporaryDirectory() as folder:
        replay(folder, LINES[:300])
        _, second = replay(folder, LINES[300:])
    assert second[0].startswith("0,"), second[0]


def check_damaged_state_is_set_aside():
    with tempfile.TemporaryDirectory() as folder:
        state = pathlib.Path(folder) / "state.db"
        state.write_text("this is no database", encoding="utf-8")
        done, rows = replay(folder, LINES, "--state", state)
        aside = list(pathlib.Path(folder).glob("state.db.damaged-*"))
    assert done.returncode == 0 and rows and len(aside) == 1, (done.returncode, aside)
    assert "damaged" in done.stderr, done.stderr


def check_unwritable_state_is_an_error():
    with tempfile.TemporaryDirectory() as folder:
        done, rows = replay(folder, LINES, "--state", f"{folder}/log/state.db")
    assert done.returncode == 1 and not rows, (done.returncode, rows)
    assert "/log" in done.stderr, done.stderr


def check_what_is_no_log_is_an_error():
    with tempfile.TemporaryDirectory() as folder:
        done, _ = replay(folder, [])
        assert done.returncode == 1 and "is empty" in done.stderr, (done.returncode, done.stderr)
        path = pathlib.Path(folder) / "binary"
        path.write_bytes(bytes(range(256)) * 40)
        done = subprocess.run([TOOL, "replay", path], capture_output=True, text=True, check=False,
                              env={"OMEN_DATA_DIR": str(ROOT / "data")})
    assert done.returncode == 1 and "not a text log" in done.stderr, (done.returncode, done.stderr)


TESTS = [check_halves_come_to_the_whole, check_without_it_each_is_new, check_damaged_state_is_set_aside,
         check_unwritable_state_is_an_error, check_what_is_no_log_is_an_error]
print(f"1..{len(TESTS)}")
failed = 0
for number, test in enumerate(TESTS, 1):
    name = test.__name__.removeprefix("check_").replace("_", " ")
    try:
        test()
        print(f"ok {number} - {name}")
    except AssertionError as problem:
        failed = 1
        print(f"not ok {number} - {name}\n# " + str(problem).replace("\n", "\n# "))
sys.exit(failed)
