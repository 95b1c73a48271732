/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PatternFly has rules for hundreds of forms, and thousands of variables. What this page can not need is left out of its style
 * sheet: rules for classes that the sources do not name, and variables that no rule reads. */

/* "pf-m-danger" is named by itself, or as "danger" where it is put together. */
function isNamed(name, sources) {
    return !name.startsWith("pf-") || sources.includes(name) || (name.startsWith("pf-m-") && sources.includes(`"${name.slice(5)}"`));
}

/* The parts of a list of selectors: commas in brackets part nothing. */
function splitSelectors(list) {
    return list.split(/,(?![^(]*\))/);
}

function keepSelectors(list, sources) {
    if (list.trim().startsWith("@"))
        return list;
    return splitSelectors(list).filter(selector => {
        const classes = selector.replace(/:not\([^)]*\)/g, "").matchAll(/\.([A-Za-z][\w-]*)/g);
        return Array.from(classes).every(([, name]) => isNamed(name, sources) || name === "pf-v6-theme-dark");
    })
            .join(",");
}

/* @css: minified; @sources: the text of all components. */
export function dropUnused(css, sources) {
    let kept = css.replace(/([^{}]+)\{([^{}]*)\}/g, (rule, list, body) => {
        const selectors = keepSelectors(list, sources);
        return selectors ? `${selectors}{${body}}` : "";
    });

    for (let before = ""; before !== kept;) {
        before = kept;
        const read = new Set(Array.from(kept.matchAll(/var\((--[\w-]+)/g), match => match[1]));
        kept = kept.replace(/(--pf-[\w-]+):[^;{}]*(;|(?=\}))/g, (text, name) => read.has(name) ? text : "")
                .replace(/[^{}]+\{\}/g, "");
    }
    return kept;
}
