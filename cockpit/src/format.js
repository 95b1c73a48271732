/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times, lengths of time, sizes and shares as people read them, in the language of the page. */
import cockpit from "cockpit";

const _ = cockpit.gettext;
const language = (cockpit.language || "en").replace("_", "-");

/* @us: microseconds since the epoch; 0: not known. */
export function formatTime(us) {
    return us ? new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(us / 1000) : _("not known");
}

export function formatClock(us) {
    return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(us / 1000);
}

export function formatSeconds(seconds) {
    if (seconds < 120)
        return cockpit.format(_("$0 s"), seconds < 10 ? seconds.toFixed(1) : Math.round(seconds));
    if (seconds < 7200)
        return cockpit.format(_("$0 min"), Math.round(seconds / 60));
    return cockpit.format(_("$0 h"), Math.round(seconds / 3600));
}

export function formatMebibytes(bytes) {
    return cockpit.format(_("$0 MiB"), new Intl.NumberFormat(language).format(Math.round(bytes / 1048576)));
}

export function formatShare(share) {
    return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

/* @score: 0 to 1 */
export function formatScore(score) {
    return new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(score);
}

export function formatCount(count) {
    return new Intl.NumberFormat(language).format(count);
}
