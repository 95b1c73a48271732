# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test functions as TAP (https://testanything.org), for tests in Python."""
import subprocess


class Skip(Exception):
    """Says why a test can not be run here."""


def run(tests):
    """Runs functions named test_...; returns the exit status."""
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix("test_").replace("_", " ")
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            failed += 1
            text = str(error) + "".join(f"\n{part}" for part in (getattr(error, "stdout", ""), getattr(error, "stderr", ""))
                                        if part)
            print(f"not ok {number} - {name}\n" + "".join(f"# {line}\n" for line in text.splitlines()), flush=True)
    return 1 if failed else 0
