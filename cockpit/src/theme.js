/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dark or light, as the user has chosen in Cockpit's shell ("auto": as the browser prefers). */

const DARK = "pf-v6-theme-dark";
const preference = window.matchMedia("(prefers-color-scheme: dark)");

function apply(style = localStorage.getItem("shell:style") || "auto") {
    const isDark = style === "dark" || (style === "auto" && preference.matches);
    document.documentElement.classList.toggle(DARK, isDark);
}

export function followTheme() {
    // The shell tells pages of its own window by an event, and those of other windows by the storage.
    window.addEventListener("cockpit-style", event => apply(event.detail.style));
    window.addEventListener("storage", event => event.key === "shell:style" && apply());
    preference.addEventListener("change", () => apply());
    apply();
}
