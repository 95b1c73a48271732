#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page's translations: the template has what the sources say, and each language all of it. Usage: test-translations.py SOURCE-ROOT"""
import importlib.util
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
PO = ROOT / "cockpit" / "po"
sys.path.insert(0, str(ROOT / "tests" / "unit"))
import tap  # noqa: E402 (where it lies is known only now)


def load_extract():
    spec = importlib.util.spec_from_file_location("extract", PO / "extract.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


extract = load_extract()


def read_po(path):
    """{(message, plural or ""): [translations]}, without the head."""
    entries = {}
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        fields = re.findall(r'^(msgid|msgid_plural|msgstr(?:\[\d\])?) "(.*)"$', "\n".join(lines), re.MULTILINE)
        named = dict(fields)
        if named.get("msgid"):
            entries[named["msgid"], named.get("msgid_plural", "")] = [text for name, text in fields if name.startswith("msgstr")]
    return entries


def placeholders(text):
    return sorted(re.findall(r"\$\d", text))


def test_template():
    expected = extract.make_template(extract.list_messages())
    assert expected == extract.TEMPLATE.read_text(encoding="utf-8"), "virt-omen.pot is stale: cd cockpit && npm run po"


def test_extraction():
    """Strings in parts, plurals and a message of two sources are found; other calls are not."""
    with tempfile.TemporaryDirectory() as folder:
        sources = pathlib.Path(folder)
        (sources / "a.jsx").write_text('_("one " +\n  "two"); other("no"); ngettext("$0 line", "$0 lines", n)', encoding="utf-8")
        (sources / "b.js").write_text('_("one two")', encoding="utf-8")
        found = extract.list_messages(sources)
    assert found == {("one two", ""): ["a.jsx", "b.js"], ("$0 line", "$0 lines"): ["a.jsx"]}, found


def test_languages():
    """Nothing is missing, nothing is left over, and each $0 is kept."""
    messages = set(extract.list_messages())
    languages = sorted(PO.glob("*.po"))
    assert languages, "no language is there"
    for path in languages:
        entries = read_po(path)
        missing = [message for message, _plural in messages - entries.keys()]
        stale = [message for message, _plural in entries.keys() - messages]
        assert not missing and not stale, f"{path.name}: not translated: {missing}; no longer said: {stale}"
        for (message, plural), translations in entries.items():
            assert len(translations) == (2 if plural else 1) and all(translations), f"{path.name}: {message}: {translations}"
            for translation in translations:
                assert placeholders(translation) == placeholders(message), f"{path.name}: {message}: {translation}"


def test_built():
    """Each language lies beside the page."""
    for path in PO.glob("*.po"):
        built = ROOT / "cockpit" / "dist" / f"po.{path.stem}.js"
        assert built.exists(), f"{built.name} is not there: cd cockpit && npm ci && npm run build"
        text = built.read_text(encoding="utf-8")
        for translations in read_po(path).values():
            for translation in translations:
                assert f'"{translation}"' in text, f"{built.name} is stale ({translation}): cd cockpit && npm ci && npm run build"


if __name__ == "__main__":
    sys.exit(tap.run([test_template, test_extraction, test_languages, test_built]))
