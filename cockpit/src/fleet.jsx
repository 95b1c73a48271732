/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hosts that share a store, as their daemons have told of themselves. Nothing where there is no fleet. */
import cockpit from "cockpit";
import { formatCount, formatMebibytes, formatTime } from "./format.js";
import { Alert, Label, Section, Table } from "./parts.jsx";

const _ = cockpit.gettext;
const MEBIBYTE = 1048576;
const SILENT_US = 120 * 1e6;

const COLOURS = { red: "red", yellow: "orange", green: "green" };

function Health({ host }) {
    const words = { red: _("endangered"), yellow: _("needs attention"), green: _("no sign of failure") };

    return (
        <>
            <Label colour={COLOURS[host.health] ?? "grey"}>{words[host.health] ?? host.health}</Label>
            {host.health !== "green" && host.reason && <div>{host.reason}</div>}
            {host.held_by_brake && <div><Label colour="red">{_("held by the brake")}</Label> {host.in_common}</div>}
        </>
    );
}

function describeDrain(drain) {
    const words = {
        pending: _("drain asked for"),
        draining: _("being drained"),
        drained: _("drained"),
        failed: _("drain failed"),
        returning: _("what left is coming back"),
    }[drain.state] ?? drain.state;
    const count = drain.total ? cockpit.format(_("$0 of $1 have left"), drain.away, drain.total) : "";

    return [words, count, drain.refused, drain.reason].filter(Boolean).join(", ");
}

function Takes({ host }) {
    return (
        <>
            {host.maintenance && <Label colour="orange">{_("maintenance")}</Label>}
            {!host.maintenance && (host.takes ? <Label colour="green">{_("yes")}</Label> : <Label>{_("no")}</Label>)}
            {host.drain && <div>{describeDrain(host.drain)}</div>}
        </>
    );
}

function Seen({ host }) {
    const isSilent = Date.now() * 1000 - host.seen > SILENT_US;

    return <>{formatTime(host.seen)}{isSilent && <div><Label colour="orange">{_("long ago")}</Label></div>}</>;
}

function makeRow(host, own) {
    return {
        key: host.host,
        cells: [
            host.host === own ? cockpit.format(_("$0 (this host)"), host.host) : host.host,
            <Health key="health" host={host} />,
            <Takes key="takes" host={host} />,
            formatCount(host.running),
            formatMebibytes(host.free_mib * MEBIBYTE),
            host.reserved_mib === undefined ? "" : formatMebibytes(host.reserved_mib * MEBIBYTE),
            formatCount(host.omens),
            <Seen key="seen" host={host} />,
        ],
    };
}

export function Fleet({ bus }) {
    const columns = [_("Host"), _("Health"), _("Takes virtual machines"), _("Running"), _("Free memory"), _("Reserved"), _("Open omens"), _("Seen")];

    if (!bus.fleet)
        return null;
    return (
        <Section title={_("Fleet")} note={_("What the hosts of the fleet report about themselves. “virt-omen fleet” shows the same.")}>
            <div class="stack">
                {bus.fleetProblem && <Alert kind="warning" title={bus.fleetProblem} />}
                <Table label={_("Fleet")} columns={columns}
                    rows={[...bus.fleet].sort((a, b) => a.host.localeCompare(b.host))
                            .map(host => makeRow(host, bus.status?.host.name))} />
            </div>
        </Section>
    );
}
