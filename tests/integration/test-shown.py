#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text that a guest, a user or a log chose, wherever it is shown: no terminal obeys it, no page runs it, nobody is deceived by it."""
import csv
import os
import pathlib
import pty
import re
import select
import subprocess
import time
import unicodedata
import urllib.request

import alone
import bed
from alone import Alone, BUILD, METRICS
from bed import expect, wait_for

# A terminal's commands (C0 and C1), changes of direction, what nobody sees, markup, a formula.
TRICKS = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202etxt\u2066\u200b\u00ad\u3164\ufeff<script>alert(1)</script>\"><img src=x>=1+1"
IN_XML = TRICKS.translate({i: None for i in range(32)}).replace("<", "&lt;").replace(">", "&gt;").replace("/", "")
NODE = f"""<node><cpu><mhz>1</mhz><model>i686</model><active>1</active><nodes>1</nodes><sockets>1</sockets><cores>1</cores>
<threads>1</threads></cpu><memory>8000000</memory>
<domain type="test"><name>=HYPERLINK(1) kernel: critical medium error, dev sda{IN_XML}</name><uuid>ef861801-45b9-11cb-88e3-afbfe5370493</uuid><memory>1000</memory>
<currentMemory>1000</currentMemory><vcpu>1</vcpu><os><type>hvm</type></os>
<title>kernel: critical medium error, dev sda{IN_XML}</title><description>kernel: Out of memory: Killed process 1 (qemu-system-x86)
&#10;Nov 29 11:00:00 alpha kernel: mce: Uncorrected hardware memory error{IN_XML}</description>
<metadata><x:y xmlns:x="urn:x">kernel: critical medium error, dev sda</x:y></metadata></domain></node>"""
HOOK = """#!/usr/bin/env python3
import os
open("{folder}/told", "a").write("\\n".join(f"{name}={value}" for name, value in os.environ.items() if "OMEN" in name) + "\\n")
"""


def check_clean(what, text):
    """Nothing in it but what is seen as itself; our own colours are taken off first."""
    text = re.sub(r"\x1b\[(?:\d{1,2}(?:;\d{1,2})*)?m", "", text)
    bad = {hex(ord(c)) for c in text if c not in "\n\r\t\u3000" and (unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") or c == "\u3164")}
    expect(f"{what} shows no hidden character: {bad}", not bad)


def raise_omen(one):
    """By the disk of this host, in words that bring all the tricks with them."""
    one.write([f"kernel: critical medium error, dev sda{TRICKS}, sector 1 op 0x0:(READ)", f"evil{TRICKS}: EXT4-fs error (device sdb{TRICKS})"])
    wait_for("the omen", lambda: one.omen("omens", "--json"))


def test_terminal(one):
    """A terminal is told nothing that it obeys: status, omens, explain, plan, normal, doctor, report"""
    raise_omen(one)
    for command in (["status"], ["status", "--verbose"], ["omens", "--verbose"], ["explain", "1"], ["plan"], ["normal"],
                    ["doctor"], ["status", "--json"], ["omens", "--json"], ["explain", "1", "--json"], ["report", "-"]):
        done = one.omen(*command, check=False)
        check_clean(" ".join(command), done.stdout + done.stderr)
    expect("the domain is there, under a name that shows what it is", "\\x9b31m\\u{202e}txt" in one.omen("status").stdout)


def test_screen(one):
    """watch on a real terminal draws no frame that a log or a domain's name chose"""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(BUILD / "cli" / "virt-omen", ["virt-omen", "watch"], {**os.environ, "OMEN_BUS_ADDRESS": one.bus, "TERM": "xterm", "LANG": "C.UTF-8"})
    seen = b""
    raise_omen(one)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65536)
    os.write(terminal, b"q")
    os.close(terminal)
    os.waitpid(child, 0)
    text = re.sub(r"\x1b\[\?(?:1049|25)[hl]|\x1b\[[HKJ]", "", seen.decode())
    check_clean("watch", text)
    expect("it shows the domain", "=HYPERLINK(1)" in text and "31m" in text)


def test_pages(one):
    """report and replay --html hold no element, handler or script but their own"""
    page = one.folder / "page.html"
    log = one.folder / f"log{TRICKS.replace('/', '')}"
    log.write_text("".join(f"{line}\n" for line in bed.stamped([f"kernel: critical medium error, dev sda{TRICKS}"] * 3)))
    for command in (["report", str(page)], ["replay", "--html", str(page), str(log)]):
        raise_omen(one)
        done = one.omen(*command)
        text = page.read_text()
        check_clean(command[0], text)
        check_clean(f"what {command[0]} says", done.stdout + done.stderr)
        expect("two scripts, no picture", len(re.findall(r"<script", text)) == 2 and "<img" not in text)
        expect("the policy of the page lets nothing in from outside", "default-src 'none'" in text)


def test_programs(one):
    """Metrics, the journal's lines and a program that is told hold the same clean text, and no shell sees it"""
    one.configure(f"[notify]\ncommand={one.folder}/hook 'one argument; touch {one.folder}/shell' $(touch {one.folder}/shell)\n")
    (one.folder / "hook").write_text(HOOK.replace("{folder}", str(one.folder)))
    (one.folder / "hook").chmod(0o755)
    one.reload()
    wait_for("it was read anew", lambda: "configuration was reloaded" in one.log())
    raise_omen(one)
    wait_for("the program was told", (one.folder / "told").exists)
    for what, text in (("metrics", urllib.request.urlopen(METRICS, timeout=5).read().decode()), ("the daemon's log", one.log()),
                       ("the program's environment", (one.folder / "told").read_text())):
        check_clean(what, text)
    expect("no shell", not (one.folder / "shell").exists())


def test_forged(one):
    """A domain's name, title, description and metadata are no evidence of anything"""
    wait_for("the daemon knows the domain", lambda: "HYPERLINK" in one.omen("status").stdout)
    one.write(["evil: nothing"])
    wait_for("what is written after it is read", lambda: one.records() >= 1)
    omens = one.omen("omens", "--json")
    expect(f"nothing is raised by them: {omens}", not omens)


def test_table(one):
    """The CSV of replay --scores has nothing that a spreadsheet runs, whatever the times of the input say"""
    keys = one.folder / "keys.csv"
    times = ["=cmd|' /C calc'!A1", "+1+1", "-2+3", "@SUM(1)", '"=1+1"', "2026-11-29 11:00:00,5", "-1.5", "1795952948.430176", "\t=1"]
    keys.write_text("timestamp,value\n" + "".join(f"{time},1\n" for time in times))
    rows = list(csv.reader(one.omen("replay", "--format", "keys", "--scores", "-", str(keys)).stdout.splitlines()))
    cells = [row[1] for row in rows[1:]]
    expect(f"a row each, of five cells: {rows}", len(cells) == len(times) and {len(row) for row in rows} == {5})
    expect(f"no formula: {cells}", not [cell for cell in cells if cell[0] in "=+@\t" or (cell[0] == "-" and cell != "-1.5")])
    expect("what is none stays as it is", {"2026-11-29 11:00:00,5", "-1.5", "1795952948.430176"} <= set(cells))


def main():
    alone.enter_namespaces()
    node = pathlib.Path("/run/node.xml")
    node.write_text(NODE)
    alone.SETTINGS = alone.SETTINGS.replace("test:///default", f"test://{node}")

    def bind(test):
        def run():
            with Alone() as one:
                test(one)
        run.__doc__ = test.__doc__
        run.__name__ = test.__name__
        return run
    bed.main([bind(test) for test in (test_terminal, test_screen, test_pages, test_programs, test_table,
                                      test_forged)])


main()
