#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page in Cockpit, in a real browser, while a real VM leaves a real host, and of a host in a fleet.

By itself: python3 tests/integration/test-cockpit.py. Packages: cockpit-ws, cockpit-bridge, chromium, chromium-driver.
With OMEN_PICTURES=FOLDER it leaves pictures of the page there.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import bed
import browser
from bed import expect, wait_for

COCKPIT = bed.ROOT / "cockpit"
CLONE_NEWNET = 0x40000000
ENTER = "\ue007"
ESCAPE = "\ue00c"


def set_network(network):
    if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET):
        raise bed.Failed(f"another network can not be entered: {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def network_of(hosts, name):
    """This program, and what it starts, is in the network of a host until the with statement ends."""
    status = json.loads(hosts.testbed("status", "--json").stdout)
    host, = (host for host in status["hosts"] if host["name"] == name)
    with open("/proc/self/ns/net", "rb") as own, open(f"/proc/{host['pid']}/ns/net", "rb") as network:
        set_network(network)
        try:
            yield
        finally:
            set_network(own)


def serve(hosts, name):
    """Cockpit on a host, until that is taken down."""
    with open(os.devnull, "r+b") as nowhere:
        return subprocess.Popen([str(bed.TESTBED), "--name", hosts.name, "exec", name, "--", *browser.cockpit_command()],
                                stdin=nowhere, stdout=nowhere, stderr=nowhere)


def take_pictures(page, name):
    """The page in both styles, as wide as a desk's screen and as a telephone's."""
    folder = os.environ.get("OMEN_PICTURES")
    for width in (1280, 390) if folder else ():
        for style in ("light", "dark"):
            page.resize(width, 900)
            page.set_style(style)
            wait_for("the style is there", lambda style=style: page.run(
                "return document.documentElement.classList.contains('pf-v6-theme-dark')") == (style == "dark"))
            page.screenshot(pathlib.Path(folder) / f"{name}-{style}-{width}.png")
    page.resize(1280, 900)
    page.set_style("light")


def check_width(page):
    """On a telephone nothing is wider than the screen."""
    page.resize(390, 844)
    width = page.run("return document.documentElement.scrollWidth")
    expect(f"the page is {width} wide on a screen of 390", width <= 390)
    page.resize(1280, 900)


def check_names(page):
    """Each control has a name that a screen reader can tell, and each table its titles."""
    nameless = page.run("""return [...document.querySelectorAll('button, a, summary, [role=progressbar], table, dialog')]
        .filter(node => !(node.innerText?.trim() || node.ariaLabel || node.getAttribute('aria-labelledby')))
        .map(node => node.outerHTML)""")
    expect(f"nameless: {nameless}", nameless == [])
    expect("one heading of the first level", page.run("return document.querySelectorAll('h1').length") == 1)


def refuse_by_keys(page):
    """A question is answered "no" with keys alone, and the focus comes back to its button."""
    page.run("[...document.querySelectorAll('button')].find(node => node.innerText.trim() === 'Approve').focus()")
    page.press(ENTER)
    page.wait_for_text("Move the endangered virtual machines away now?", "dialog")
    page.press(ESCAPE)
    wait_for("the question is gone", lambda: page.text("dialog") == "")
    expect("the focus is where it was", page.run("return document.activeElement.innerText.trim()") == "Approve")


def test_evacuation():
    """A fault is injected, the omen appears, approve is clicked, the guest leaves, the page shows it."""
    browser.need_programs()
    with bed.Bed("cockpit", hosts=2, guests=1, daemon="advise") as hosts:
        lines = bed.series("host-life.log")
        hosts.write("alpha", bed.stamped(lines))
        wait_for("all records are read", lambda: hosts.records("alpha") >= len(lines))
        serve(hosts, "alpha")
        with network_of(hosts, "alpha"), browser.Browser() as page:
            page.resize(1280, 900)
            page.open_served(browser.PAGE)
            page.wait_for_text("alpha shows no sign of failure", "#health")
            page.wait_for_text("g1")
            page.wait_for_text("usable", "table[aria-label=Destinations]")
            expect("beta can be used", "not usable" not in page.text("table[aria-label=Destinations]"))
            expect("there is no fleet, and none is shown", page.text("table[aria-label=Fleet]") == "")
            page.wait_for_text("It is not measured")  # the test bed has it so
            hosts.write("alpha", bed.stamped(bed.series("disk-dies.log")))
            page.wait_for_text("alpha is endangered", "#health")
            page.wait_for_text("waits for you")
            page.click("Plan for the endangered")
            page.wait_for_text("g1 to beta", ".plan")
            page.run("document.querySelector('.evidence summary').click()")
            page.wait_for_text("Unrecovered read error", ".evidence")
            take_pictures(page, "omen")
            check_width(page)
            check_names(page)
            refuse_by_keys(page)
            expect("nothing moved for it", hosts.evacuation_of("alpha", "g1") is None)
            page.click("Approve")
            page.wait_for_text("Move the endangered", "dialog")
            page.click("Approve", "//dialog")
            page.wait_for_text("Approved omen", "#notice")
            page.wait_for_text("succeeded", "table[aria-label=Moves]", 90)
            expect("it runs there", hosts.running_on("g1") == ["beta"])
            page.wait_for_text("nothing to move")
            expect("the plan has followed", page.text(".plan") == "")
            take_pictures(page, "moved")
            expect("the page complains of nothing", page.errors() == [])


def test_fleet():
    """Where hosts share a store, the page shows them all."""
    browser.need_programs()
    with bed.Bed("cockpit-fleet", hosts=2, guests=1, daemon="advise", options=["--fleet"]) as hosts:
        serve(hosts, "alpha")
        with network_of(hosts, "alpha"), browser.Browser() as page:
            page.resize(1280, 900)
            page.open_served(browser.PAGE)
            for words in ("alpha (this host)", "beta", "no sign of failure", "MiB"):
                page.wait_for_text(words, "table[aria-label=Fleet]", 90)
            expect("nobody is in maintenance", "maintenance" not in page.text("table[aria-label=Fleet]"))
            hosts.omen("alpha", "fleet", "--maintenance", "beta")
            hosts.write("alpha", bed.stamped(bed.series("disk-dies.log")))
            page.wait_for_text("maintenance", "table[aria-label=Fleet]", 90)
            page.wait_for_text("endangered", "table[aria-label=Fleet]", 90)
            take_pictures(page, "fleet")
            check_width(page)
            check_names(page)
            expect("the page complains of nothing", page.errors() == [])


def test_built():
    """What is committed is what the sources build."""
    if not shutil.which("npm"):
        raise bed.Skipped("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder) / "cockpit"
        shutil.copytree(COCKPIT, tree, ignore=shutil.ignore_patterns("node_modules", "dist"))
        done = bed.run(["npm", "--prefix", str(tree), "ci", "--no-audit", "--no-fund"], check=False, timeout=120)
        if done.returncode:
            raise bed.Skipped("the packages that package-lock.json names can not be had here")
        bed.run(["npm", "--prefix", str(tree), "run", "build"])
        changed = subprocess.run(["diff", "-rq", COCKPIT / "dist", tree / "dist"], capture_output=True, text=True, check=False)
        expect(f"cockpit/dist is made of cockpit/src (npm ci && npm run build): {changed.stdout}", changed.returncode == 0)


if __name__ == "__main__":
    bed.main([test_built, test_evacuation, test_fleet])
