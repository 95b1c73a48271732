#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages of virt-omen replay --html and virt-omen report in a real browser."""
import os
import re
import struct
import subprocess

import alone
import bed
from bed import expect

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HOSTILE = ("kernel: </script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
           "critical medium error, dev sdz, sector 28640 op 0x0:(READ)")


def browse(one, page, *arguments):
    browser = next((path for path in map(bed.which, BROWSERS) if path), None)
    if not browser:
        raise bed.Skipped("no Chromium is here")
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={one.folder}/browser",
                           "--window-size=1200,900", *arguments, f"file://{page}"], capture_output=True, timeout=120,
                          check=False, env={**os.environ, "HOME": str(one.folder)})
    return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def picture(one, page):
    """Width and height of the screenshot, and how well it can be compressed: a blank page is tiny."""
    path = one.folder / "page.png"
    browse(one, page, "--hide-scrollbars", f"--screenshot={path}")
    data = path.read_bytes()
    return *struct.unpack(">II", data[16:24]), len(data)


def test_replay():
    """A replay's page draws scores, threshold and omens, and loads nothing."""
    with alone.Alone() as one:
        log, page = one.folder / "log", one.folder / "replay.html"
        log.write_text("\n".join(bed.stamped(bed.series("host-life.log") + bed.series("disk-dies.log"))) + "\n")
        one.omen("replay", "--html", str(page), str(log))
        text = page.read_text(encoding="utf-8")
        expect("nothing is loaded", not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", text))
        dom, _ = browse(one, page, "--dump-dom")
        expect("a time line", 'class="score"' in dom and 'class="threshold"' in dom)
        expect("the training", 'class="training"' in dom)
        expect("the omens are marked, for keys too",
               re.search(r'<circle class="mark[^>]* tabindex="0" role="button"', dom) is not None)
        expect("who has no JavaScript gets a table",
               re.search(r"<noscript>.*<td>disk sda</td>.*</noscript>", text, re.S) is not None)
        expect("the lines are there", "Unrecovered read error" in dom)
        expect("what would have been moved", "In mode enforce:" in dom)
        width, height, size = picture(one, page)
        expect(f"a picture of {width}x{height}, {size} bytes", (width, height) == (1200, 900) and size > 20000)


def test_hostile():
    """A log line that is markup stays text."""
    with alone.Alone() as one:
        log, page = one.folder / "log", one.folder / "hostile.html"
        log.write_text("\n".join(bed.stamped(bed.series("host-life.log") + [HOSTILE])) + "\n")
        one.omen("replay", "--html", str(page), str(log))
        dom, _ = browse(one, page, "--dump-dom")
        expect("the title is ours", "<title>virt-omen: what would have been seen</title>" in dom)
        expect("no element came of it", "<img" not in dom)
        expect("it is told", "sdz" in dom)


def test_gap():
    """Hours without a record are a gap, and a page as wide as a telephone is not wider."""
    with alone.Alone() as one:
        log, page = one.folder / "log", one.folder / "gap.html"
        lines = [f"2026-05-17T{hour:02}:{minute:02}:00+00:00 alpha cron[1]: job {minute % 7} is done"
                 for hour in (1, 2, 20, 21) for minute in range(60)]
        log.write_text("\n".join(lines) + "\n")
        one.omen("replay", "--html", str(page), str(log))
        dom, _ = browse(one, page, "--dump-dom")
        expect("two stretches", dom.count('class="score"') == 2)
        dom, _ = browse(one, page, "--window-size=390,800", "--dump-dom")
        widths = [float(width) for width in re.findall(r'viewBox="0 0 ([0-9.]+) ', dom)]
        expect(f"drawn for the width there is: {widths}", widths and max(widths) < 600)


def test_report():
    """A live daemon's page shows the host, its domain and the omen."""
    with alone.Alone() as one:
        one.teach()
        omen = one.break_disk()
        page = one.folder / "report.html"
        one.omen("report", str(page))
        dom, _ = browse(one, page, "--dump-dom")
        expect("host and domain", ">host " in dom and ">domain test<" in dom)
        expect("the omen", omen["reason"] in dom and '<circle class="mark open"' in dom)
        _, _, size = picture(one, page)
        expect(f"a picture of {size} bytes", size > 15000)


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_replay, test_hostile, test_gap, test_report])
