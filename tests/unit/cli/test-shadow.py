#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a replay says would have been moved: figures of a log of a month, and of a directory of journal files."""
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

TOOL, ROOT = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
REMOTE = pathlib.Path("/lib/systemd/systemd-journal-remote")
START = 1_700_000_000
DAY = 24 * 3600
SICK = "kernel: critical medium error, dev sd%s, sector 28640 op 0x0:(READ) flags 0x80700 phys_seg 16 prio class 2"


def records():
    """(seconds, line): 30 quiet days with two bursts: of sda on day 10, of sdb on day 20."""
    benign = [f"cron[{i}]: (root) CMD (run-parts /etc/cron.hourly)" for i in range(3)]
    rows = [(START + i * 1800, benign[i % 3]) for i in range(30 * 48 + 1)]
    for day, name in ((10, "a"), (20, "b")):
        rows += [(START + day * DAY + i, SICK % name) for i in range(5)]
    return sorted(rows)


def replay(path, *more, check=True):
    done = subprocess.run([TOOL, "replay", "--json", *more, path], capture_output=True, text=True, check=False,
                          env={"OMEN_DATA_DIR": str(ROOT / "data"), "TZ": "UTC"})
    assert not check or done.returncode == 0, done.stderr
    return json.loads(done.stdout)[0]["shadow"] if check else done


def write_log(folder):
    path = pathlib.Path(folder) / "log"
    with open(path, "w", encoding="utf-8") as log:
        for seconds, line in records():
            time = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
            log.write(f"{time.isoformat()} alpha {line}\n")
    return path


def check_month():
    with tempfile.TemporaryDirectory() as folder:
        shadow = replay(write_log(folder))
    assert shadow["evacuations"] == 2 and shadow["right"] == 0, shadow
    # 2 in 30 days, a month being 30.44.
    assert abs(shadow["false_per_host_and_month"] - 2 * 30.44 / 30) < 1e-6, shadow


def check_failures():
    with tempfile.TemporaryDirectory() as folder:
        log = write_log(folder)
        failed = str(START + 20 * DAY + 3600)
        shadow = replay(log, "--failure", failed)
        assert (shadow["right"], shadow["foretold"], shadow["failures"]) == (1, 1, 1), shadow
        assert abs(shadow["false_per_host_and_month"] - 30.44 / 30) < 1e-6, shadow
        shadow = replay(log, "--failure", failed, "--failure", "2023-11-15T00:00:00Z")
        assert (shadow["right"], shadow["foretold"], shadow["failures"]) == (1, 1, 2), shadow
        late = str(START + 23 * DAY)
        assert replay(log, "--failure", late)["right"] == 0
        assert replay(log, "--failure", late, "--window", "96")["right"] == 1


def check_wrong_usage():
    with tempfile.TemporaryDirectory() as folder:
        done = replay(write_log(folder), "--failure", "yesterday", check=False)
        assert done.returncode != 0 and "yesterday" in done.stderr, done.stderr
        done = replay(folder, check=False)
        assert done.returncode == 1 and "without journal files" in done.stderr, done.stderr


def check_journal():
    if not REMOTE.exists():
        return "SKIP systemd-journal-remote is not here"
    with tempfile.TemporaryDirectory() as folder:
        export = "".join(f"__REALTIME_TIMESTAMP={seconds * 1000000}\n__MONOTONIC_TIMESTAMP={i + 1}\n"
                         f"_BOOT_ID={'7e57' * 8}\nPRIORITY=6\nSYSLOG_IDENTIFIER={line.partition(':')[0].partition('[')[0]}\n"
                         f"MESSAGE={line.partition(': ')[2]}\n\n" for i, (seconds, line) in enumerate(records()))
        made = subprocess.run([REMOTE, "-o", f"{folder}/old.journal", "-"], input=export, text=True, capture_output=True,
                              check=False)
        assert made.returncode == 0, made.stderr
        shadow = replay(pathlib.Path(folder))
    assert shadow["evacuations"] == 2, shadow
    assert abs(shadow["span_s"] - 30 * DAY) < 1, shadow
    return None


TESTS = [check_month, check_failures, check_wrong_usage, check_journal]
print(f"1..{len(TESTS)}")
failed = 0
for number, test in enumerate(TESTS, 1):
    name = test.__name__.removeprefix("check_").replace("_", " ")
    try:
        skipped = test()
        print(f"ok {number} - {name}" + (f" # {skipped}" if skipped else ""))
    except (AssertionError, ValueError, KeyError) as problem:
        failed = 1
        print(f"not ok {number} - {name}\n# " + str(problem).replace("\n", "\n# "))
sys.exit(failed)
