#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page in Cockpit of a daemon on libvirt's test driver: what needs no guest that moves.

By itself: python3 tests/integration/test-cockpit-alone.py. Packages: as test-cockpit.py.
"""
import pathlib

import alone
import bed
import browser
from bed import expect, wait_for

DESTINATION = "[destination beta]\nuri=test:///default\n"


def check_pressure(page):
    """Drawn, and told in words."""
    if pathlib.Path("/proc/pressure/memory").exists():
        page.wait_for_text("Memory: ", "#pressure", 90)
        expect("a screen reader is told the same", page.run("return document.querySelector('.chart').ariaLabel") == page.text("#pressure"))


def check_plan(page):
    """It follows what becomes of an omen."""
    page.click("Plan for the endangered")
    page.wait_for_text("test stays")
    page.click("Clear")
    page.wait_for_text("Is the problem over?", "dialog")
    page.click("Clear", "//dialog")
    page.wait_for_text("No virtual machine is endangered any more.")
    expect("the plan of before is gone", "test stays" not in page.text())


def check_german(page):
    page.run("document.cookie = 'CockpitLang=de; path=/'; localStorage.setItem('cockpit.lang', 'de')")
    page.open(browser.PAGE)
    page.wait_for_text("zeigt kein Anzeichen eines Ausfalls", "#health")
    wait_for("screen readers are told the language", lambda: page.run("return document.documentElement.lang") == "de")


def test_page():
    """Pressure is drawn, a plan follows what becomes of an omen, and who chose German reads it."""
    browser.need_programs()
    with alone.Alone(DESTINATION) as one:
        one.teach()
        browser.serve_alone(one)
        with browser.Browser() as page:
            page.resize(1280, 900)
            page.open_served(browser.PAGE)
            page.wait_for_text("shows no sign of failure", "#health")
            one.break_disk()
            page.wait_for_text("waits for you")
            check_pressure(page)
            check_plan(page)
            check_german(page)
            expect("the page complains of nothing", page.errors() == [])


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_page])
