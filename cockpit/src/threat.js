/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom an omen threatens, and what it is called. Nothing here asks the bus. */
import cockpit from "cockpit";

const _ = cockpit.gettext;

export function isOfHost(omen) {
    return omen.Scope === "host" || (omen.Scope === "device" && omen.Reach === "host");
}

/* Does an open omen threaten the domain of this UUID? */
export function threatens(omen, uuid) {
    return omen.Open && (isOfHost(omen) || omen.DomainUuid === uuid || omen.Uses.some(use => use[0] === uuid));
}

/* The UUIDs of those whom an evacuation for this omen would move: [] is all that run here, null is nobody. */
export function listToMove(omen) {
    if (!omen.MigrationHelps || omen.Reach === "nobody" || omen.Reach === "seeking")
        return null;
    if (omen.DomainUuid)
        return [omen.DomainUuid];
    return omen.Reach === "domains" ? omen.Uses.map(use => use[0]) : [];
}

/* "disk sda", "memory", "qemu of g1" */
export function describe(omen) {
    const what = omen.Device ? `${omen.Class} ${omen.Device}` : omen.Class;
    return omen.DomainName ? cockpit.format(_("$0 of $1"), what, omen.DomainName) : what;
}

/* What stands first: what waits for a decision, then what is open, then the newest. */
export function compareOmens(a, b) {
    const rank = omen => (omen.Open ? 2 : 0) + (omen.Open && omen.Action === "proposed" ? 1 : 0);
    return rank(b) - rank(a) || b.Time - a.Time;
}
