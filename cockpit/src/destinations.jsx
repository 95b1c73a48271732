/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where virtual machines may go, and what speaks against each. */
import cockpit from "cockpit";
import { formatMebibytes } from "./format.js";
import { Label, Section, Table } from "./parts.jsx";

const _ = cockpit.gettext;

function Use({ host }) {
    if (!host.Reason && host.Reachable)
        return <Label colour="green">{_("usable")}</Label>;
    return <><Label colour="orange">{_("not usable")}</Label> {host.Reason || _("it does not answer")}</>;
}

export function Destinations({ bus }) {
    const hosts = bus.list("Host").filter(host => host.Role === "destination");

    return (
        <Section title={_("Destinations")}>
            {hosts.length === 0
                ? <p>{_("None is configured: nothing can be moved away. Name one in /etc/virt-omen/conf.d/destinations.conf.")}</p>
                : <Table label={_("Destinations")} columns={[_("Name"), _("URI"), _("Free memory"), _("Usable")]}
                    rows={hosts.map(host => ({
                        key: host.path,
                        cells: [host.Name, host.Uri, host.FreeMemory ? formatMebibytes(host.FreeMemory) : _("not known"), <Use key="use" host={host} />],
                    }))} />}
        </Section>
    );
}
