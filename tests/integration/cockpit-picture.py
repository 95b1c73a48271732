#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws docs/cockpit.png: the page in Cockpit when a disk begins to die, with a real daemon on libvirt's test driver.

Usage: sudo OMEN_BUILD_DIR=BUILD tests/integration/cockpit-picture.py [FILE.png]
"""
import pathlib
import subprocess
import sys

import alone
import bed
import browser

DESTINATION = "[destination beta]\nuri=test:///default\n"


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else bed.ROOT / "docs" / "cockpit.png"
    browser.need_programs()
    with alone.Alone(DESTINATION) as one:
        one.teach()
        browser.serve_alone(one)
        with browser.Browser() as page:
            page.resize(1000, 640)
            page.open_served(browser.PAGE)
            one.break_disk()
            page.wait_for_text("waits for you")
            page.wait_for_text("is endangered", "#health")
            page.screenshot(path, whole=False)


if __name__ == "__main__":
    alone.enter_namespaces("--uts")
    subprocess.run(["hostname", "alpha"], check=True)
    sys.exit(main())
