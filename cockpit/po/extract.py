#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the template for translators, virt-omen.pot, from _("...") and ngettext("...", "...", n) in ../src.

Usage: npm run po, or po/extract.py. It needs nothing but Python, so that a test can hold the template to the sources anywhere.
"""
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent
SOURCES = FOLDER.parent / "src"
TEMPLATE = FOLDER / "virt-omen.pot"
STRING = r'"((?:[^"\\]|\\.)*)"'
HEAD = r'''msgid ""
msgstr ""
"Project-Id-Version: virt-omen\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"'''


def find_messages(text):
    """(position, message, its plural or "") of all in a source."""
    for pattern in (rf"\b_\(\s*{STRING}()\s*\)", rf"\bngettext\(\s*{STRING},\s*{STRING}"):
        for match in re.finditer(pattern, text):
            yield match.start(), match[1], match[2]


def list_messages(sources=SOURCES):
    """{(message, plural or ""): names of its sources}, in the order of the sources."""
    messages = {}
    for path in sorted(sources.glob("*.js*")):
        # Strings that are parted over lines with "+" are one.
        text = re.sub(r'"\s*\+\s*"', "", path.read_text(encoding="utf-8"))
        for _position, message, plural in sorted(find_messages(text)):
            places = messages.setdefault((message, plural), [])
            if path.name not in places:
                places.append(path.name)
    return messages


def make_template(messages):
    blocks = [HEAD]
    for (message, plural), places in messages.items():
        lines = ["#: " + " ".join(f"src/{name}" for name in places), f'msgid "{message}"']
        lines += [f'msgid_plural "{plural}"', 'msgstr[0] ""', 'msgstr[1] ""'] if plural else ['msgstr ""']
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    TEMPLATE.write_text(make_template(list_messages()), encoding="utf-8")
