/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The virtual machines of this host, with what endangers them; the endangered first. */
import cockpit from "cockpit";
import { formatCount } from "./format.js";
import { Label, Section, Table } from "./parts.jsx";
import { describe, threatens } from "./threat.js";

const _ = cockpit.gettext;

function Threats({ domain, omens }) {
    const threats = omens.filter(omen => threatens(omen, domain.Uuid));

    if (!domain.Endangered && !threats.length)
        return <Label colour="green">{_("no sign of failure")}</Label>;
    return (
        <>
            {domain.Endangered && <Label colour="red">{_("endangered")}</Label>}{" "}
            {threats.map(omen => (
                <div key={omen.path}><a href={`#omen-${omen.Id}`}>{cockpit.format(_("omen $0: $1"), omen.Id, describe(omen))}</a></div>
            ))}
        </>
    );
}

export function Domains({ bus }) {
    const omens = bus.list("Omen");
    const domains = bus.list("Domain")
            .sort((a, b) => b.Endangered - a.Endangered || a.Name.localeCompare(b.Name));
    // How a guest is heard is told with the status only.
    const told = new Map(bus.status?.domains.map(domain => [domain.uuid, domain]));

    return (
        <Section title={_("Virtual machines")}>
            {domains.length === 0
                ? <p>{_("No virtual machine is defined in libvirt here.")}</p>
                : <Table label={_("Virtual machines")} columns={[_("Name"), _("State"), _("Health"), _("Records"), _("Anomalies"), _("Guest's log")]}
                    rows={domains.map(domain => ({
                        key: domain.path,
                        cells: [domain.Name, domain.State, <Threats key="threats" domain={domain} omens={omens} />, formatCount(domain.Records),
                            formatCount(domain.Anomalies), told.get(domain.Uuid)?.hearing ?? ""],
                    }))} />}
        </Section>
    );
}
