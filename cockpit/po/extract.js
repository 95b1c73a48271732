/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the template for translators, po/virt-omen.pot, from _("...") and cockpit.ngettext("...", "...", n) in src/.
 * Usage: npm run po */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, "..", "src");
const STRING = String.raw`"((?:[^"\\]|\\.)*)"`;
const messages = new Map();

function note(id, plural, place) {
    const entry = messages.get(id) ?? { plural, places: [] };
    entry.places.push(place);
    messages.set(id, entry);
}

for (const name of readdirSync(source).filter(name => /\.jsx?$/.test(name)).sort()) {
    // Strings that are parted over lines with "+" are one.
    const text = readFileSync(path.join(source, name), "utf8").replace(/"\s*\+\s*"/g, "");
    for (const [, id] of text.matchAll(new RegExp(String.raw`\b_\(\s*${STRING}\s*\)`, "g")))
        note(id, null, `src/${name}`);
    for (const [, id, plural] of text.matchAll(new RegExp(String.raw`\bngettext\(\s*${STRING},\s*${STRING}`, "g")))
        note(id, plural, `src/${name}`);
}

const head = `msgid ""
msgstr ""
"Project-Id-Version: virt-omen\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=n != 1;\\n"
`;
const blocks = Array.from(messages, ([id, { plural, places }]) => [
    `#: ${[...new Set(places)].join(" ")}`,
    `msgid "${id}"`,
    ...plural ? [`msgid_plural "${plural}"`, `msgstr[0] ""`, `msgstr[1] ""`] : [`msgstr ""`],
].join("\n"));
writeFileSync(path.join(here, "virt-omen.pot"), [head.trimEnd(), ...blocks].join("\n\n") + "\n");
