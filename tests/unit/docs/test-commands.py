#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that README, docs and man pages print are commands that there are, with options that they take; those that need only a log
are run. Usage: test-commands.py SOURCE-ROOT VIRT-OMEN"""
import functools
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
TOOL = os.path.abspath(sys.argv[2])
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("tests/*/README.md")]
PLACES = ("tests/", "packaging/", "docs/")
# What runs on any log, without a daemon.
OFFLINE = ("replay", "judge", "parse")
LOG = ROOT / "tests" / "data" / "disk-dies.log"


def printed():
    """(page, command) of all code blocks and inline code."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for code in re.findall(r"^ {4}(\S.*)$", text, re.M) + re.findall(r"`([^`\n]+)`", text):
            for part in re.split(r"\s*&&\s*|\s+\|\s+", re.split(r"\s{3,}|\s#\s", code)[0]):
                part = re.sub(r"^(sudo )?((nice|time|python3|\S+ exec \S+ --) )*", "", part.strip())
                if re.match(r"virt-omen [a-z]", part) or part.startswith(PLACES) and " " in part:
                    yield page.relative_to(ROOT), part


@functools.cache
def help_of(*command):
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False, timeout=20)
    return done.stdout + done.stderr


def takes(text, option):
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) is not None


def options_of(words):
    """The options within words; the brackets of a synopsis are left out."""
    plain = [word.strip("[]().,") for word in words]
    return [word.split("=")[0] for word in plain if re.match(r"--?[a-z]", word)]


def is_log(word):
    """Whether it is a log of the reader's, in a form that the tests have too."""
    return re.search(r"/log/|messages\.1$", word) is not None


def check_commands_of_the_tool():
    wrong, seen = [], 0
    commands = set(re.findall(r"^  ([a-z]+)  ", help_of(TOOL), re.M))
    assert len(commands) > 15, commands
    for page, text in printed():
        words = text.split()
        if words[0] != "virt-omen":
            continue
        seen += 1
        if words[1] not in commands:
            if len(words) == 2 or words[2].startswith("-"):
                wrong.append(f"{page}: there is no {text}")
            continue
        wrong += [f"{page}: {text}: {words[1]} takes no {option}" for option in options_of(words[2:])
                  if not takes(help_of(TOOL, words[1]), option)]
    assert not wrong, "\n".join(wrong)
    assert seen > 40, f"only {seen} commands were found"


def check_programs_of_the_tree():
    wrong, seen = [], 0
    for page, text in printed():
        words = text.split()
        if not words[0].startswith(PLACES):
            continue
        path = ROOT / words[0]
        seen += 1
        if not path.exists() and not any(ROOT.glob(words[0])):
            wrong.append(f"{page}: there is no {words[0]}")
        elif path.is_file() and not os.access(path, os.X_OK) and path.suffix != ".py":
            continue
        elif path.is_file():
            source = path.read_text(encoding="utf-8", errors="replace")
            near = source + "".join(file.read_text(encoding="utf-8", errors="replace") for file in path.parent.glob("*.c"))
            wrong += [f"{page}: {text}: {words[0]} takes no {option}" for option in options_of(words[1:])
                      if option.lstrip("-") not in near]
    assert not wrong, "\n".join(wrong)
    assert seen > 20, f"only {seen} programs were found"


def check_offline_commands_run():
    """As they are printed, with a log of the tests' where they name one of the reader's."""
    failed, ran = [], 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOME": folder, "TZ": "UTC", "G_DEBUG": ""}
        for page, text in printed():
            words = shlex.split(text)
            if words[0] != "virt-omen" or words[1] not in OFFLINE or not any(map(is_log, words)):
                continue
            words = [str(LOG) if is_log(word) else word for word in words]
            done = subprocess.run([TOOL, *words[1:]], capture_output=True, text=True, check=False, cwd=folder, timeout=60, env=environment)
            ran += 1
            if done.returncode:
                failed.append(f"{page}: {text} ends {done.returncode}: {done.stderr.strip()}")
    assert not failed, "\n".join(failed)
    assert ran >= 6, f"only {ran} commands were run"


def main():
    checks = [check_commands_of_the_tool, check_programs_of_the_tree, check_offline_commands_run]
    print(f"1..{len(checks)}")
    failed = 0
    for number, check in enumerate(checks, 1):
        name = check.__name__.removeprefix("check_").replace("_", " ")
        try:
            check()
            print(f"ok {number} - {name}")
        except AssertionError as problem:
            failed += 1
            print(f"not ok {number} - {name}")
            print("# " + str(problem).replace("\n", "\n# "))
    sys.exit(1 if failed else 0)


main()
