/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A translation (LANGUAGE.po) as Cockpit's pages load it: a call of cockpit.locale(). */

const unquote = text => Array.from(text.matchAll(/"((?:[^"\\]|\\.)*)"/g), match => JSON.parse(`"${match[1]}"`)).join("");

/* {id: [plural or null, translations...]} of what is translated. */
function parse(text) {
    const entries = {};

    for (const block of text.split(/\n\s*\n/)) {
        const lines = block.split("\n").filter(line => !line.startsWith("#")).join("\n");
        const field = name => unquote((lines.match(new RegExp(`^${name} ((?:"(?:[^"\\\\]|\\\\.)*"\\s*)+)`, "m")) ?? ["", ""])[1]);
        const translations = Array.from(lines.matchAll(/^msgstr(?:\[\d+\])? ((?:"(?:[^"\\]|\\.)*"\s*)+)/gm), match => unquote(match[1]));
        if (/^msgid /m.test(lines) && translations.some(Boolean) && !/^#,.*fuzzy/m.test(block))
            entries[field("msgid")] = [field("msgid_plural") || null, ...translations];
    }
    return entries;
}

/* @only: messages that are wanted; without it: all. */
export function compileTranslation(text, language, only = null) {
    const entries = parse(text);
    const plural = /plural=([^;\n]+);/.exec(entries[""]?.[1] ?? "")?.[1] ?? "n!=1";

    if (!/^[\sn0-9%=!<>&|?:()]+$/.test(plural))
        throw new Error(`${language}.po: "${plural}" is no rule for plurals`);
    for (const id of Object.keys(entries).filter(id => !id || (only && !only.includes(id))))
        delete entries[id];
    // A line each: what is not minified needs no other source, and differences can be read.
    const lines = Object.entries(entries).map(([id, texts]) => `${JSON.stringify(id)}:${JSON.stringify(texts)}`);
    return `cockpit.locale({"":{"plural-forms":(n)=>${plural},"language":${JSON.stringify(language)},"language-direction":"ltr"},\n${
        lines.join(",\n")}});\n`;
}
