#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws docs/watch.svg, the picture of README: the screen of virt-omen watch on a real test bed while VMs leave a host.

Usage: sudo OMEN_BUILD_DIR=BUILD tests/integration/picture.py [FILE.svg]
"""
import html
import pathlib
import re
import subprocess
import sys
import time

import bed

WIDTH, HEIGHT = 104, 24
CHARACTER, LINE, MARGIN = 7.7, 17, 14
COLOURS = {"31": "#f4737f", "32": "#8fd18f", "33": "#e6c065"}


class Terminal:
    """tmux, and in it one program."""

    def __init__(self, *command):
        self.socket = f"/tmp/virt-omen-picture-{time.monotonic_ns()}"
        self.tmux("new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT), *command)

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *arguments], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def capture(self):
        return self.tmux("capture-pane", "-e", "-p").rstrip("\n").split("\n")

    def close(self):
        self.tmux("kill-server")
        pathlib.Path(self.socket).unlink(missing_ok=True)


def change(codes, code):
    """What holds after an escape sequence's number: one colour at a time, any styles."""
    if code in ("", "0"):
        return frozenset()
    if code[0] == "3":
        return frozenset(c for c in codes if c[0] != "3") | ({code} if code != "39" else frozenset())
    return codes | {code}


def spans(lines):
    """(row, column, text, codes) of lines with escape sequences, whose effect goes on over the ends of lines."""
    codes = frozenset()
    for row, line in enumerate(lines):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            if part.startswith("\x1b"):
                for code in part[2:-1].split(";"):
                    codes = change(codes, code)
            elif part:
                yield row, column, part, codes
                column += len(part)


def draw(lines):
    width, height = MARGIN * 2 + WIDTH * CHARACTER, MARGIN * 2 + len(lines) * LINE
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
           'font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12.8" fill="#d8dee4">',
           "<title>virt-omen watch while a VM leaves a host whose disk begins to die</title>",
           f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#16191d"/>']
    for row, column, text, codes in spans(lines):
        x, y, length = MARGIN + column * CHARACTER, MARGIN + row * LINE + 12, len(text) * CHARACTER
        style = "".join(f' fill="{COLOURS[code]}"' for code in sorted(codes) if code in COLOURS)
        style += ' font-weight="bold"' if "1" in codes else ""
        style += ' opacity="0.6"' if "2" in codes else ""
        if "7" in codes:
            out.append(f'<rect x="{x:.1f}" y="{y - 13}" width="{length:.1f}" height="{LINE}" fill="#39424e"/>')
        if text.strip():
            out.append(f'<text x="{x:.1f}" y="{y}" xml:space="preserve" textLength="{length:.1f}"{style}>'
                       f"{html.escape(text)}</text>")
    return "\n".join([*out, "</svg>", ""])


def watch_evacuation(hosts, terminal):
    """The last screen on which a VM was on its way."""
    shown = terminal.capture()
    end = time.monotonic() + 120
    while time.monotonic() < end and (hosts.evacuation_of("alpha", "g1") or {}).get("phase") != "succeeded":
        now = terminal.capture()
        if "running" in "".join(now).partition("evacuations")[2]:
            shown = now
        time.sleep(0.2)
    return shown


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else bed.ROOT / "docs" / "watch.svg"
    with bed.Bed("picture", hosts=2, guests=2, daemon="enforce") as hosts:
        lines = bed.series("host-life.log")
        hosts.write("alpha", bed.stamped(lines))
        bed.wait_for("all records are read", lambda: hosts.records("alpha") >= len(lines))
        terminal = Terminal(str(bed.TESTBED), "--name", hosts.name, "exec", "alpha", "--", "env", "TERM=tmux-256color",
                            "LC_ALL=C.UTF-8", "virt-omen", "watch")
        time.sleep(20)
        hosts.write("alpha", bed.stamped(bed.series("disk-dies.log")))
        shown = watch_evacuation(hosts, terminal)
        terminal.close()
    path.write_text(draw(shown), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
