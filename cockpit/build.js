/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bundles src/ and what it uses of PatternFly and Preact into dist/. Usage: node build.js [--outdir=FOLDER]
 * The result depends on nothing but the sources and package-lock.json: no times, no paths. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { compileTranslation } from "./po/compile.js";
import { dropUnused } from "./prune.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const option = process.argv.find(argument => argument.startsWith("--outdir="));
const out = option ? path.resolve(option.slice("--outdir=".length)) : path.join(here, "dist");

/* Cockpit gives its own script to the page. */
const cockpitIsGlobal = {
    name: "cockpit",
    setup(build) {
        build.onResolve({ filter: /^cockpit$/ }, () => ({ path: "cockpit", namespace: "cockpit" }));
        build.onLoad({ filter: /.*/, namespace: "cockpit" }, () => ({ contents: "module.exports = window.cockpit;" }));
    },
};

const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: ["src/index.jsx"],
    outdir: out,
    bundle: true,
    minify: true,
    write: false,
    target: ["es2021", "chrome100", "firefox100", "safari15"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    // The fonts are Cockpit's own, at that place; the pictures belong to themes that are left out.
    external: ["*.woff2"],
    loader: { ".svg": "empty" },
    banner: { js: "/* Made by build.js: virt-omen (LGPL-2.1-or-later), Preact (MIT) */",
              css: "/* Made by build.js: virt-omen (LGPL-2.1-or-later), PatternFly (MIT) */" },
    plugins: [cockpitIsGlobal],
});

const sources = readdirSync(path.join(here, "src")).filter(name => name.endsWith(".jsx"))
        .map(name => readFileSync(path.join(here, "src", name), "utf8")).join("\n");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const file of result.outputFiles)
    writeFileSync(file.path, file.path.endsWith(".css") ? dropUnused(file.text, sources) : file.text);
for (const name of ["index.html", "manifest.json"])
    copyFileSync(path.join(here, name), path.join(out, name));
const { menu } = JSON.parse(readFileSync(path.join(here, "manifest.json"), "utf8"));
const labels = Object.values(menu).map(({ label }) => label);
for (const name of readdirSync(path.join(here, "po")).filter(name => name.endsWith(".po"))) {
    const language = path.basename(name, ".po");
    const text = readFileSync(path.join(here, "po", name), "utf8");
    writeFileSync(path.join(out, `po.${language}.js`), compileTranslation(text, language));
    // Newer shells of Cockpit read what they need for their menu from a file of its own.
    writeFileSync(path.join(out, `po.manifest.${language}.js`), compileTranslation(text, language, labels));
}
