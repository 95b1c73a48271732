/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings that decide what is moved, how and where to, with what they mean. They are changed in the files; the table says
 * in which. "virt-omen config show" tells all of them. */
import cockpit from "cockpit";
import { useState } from "preact/hooks";
import { Alert, Section, Table } from "./parts.jsx";

const _ = cockpit.gettext;

const EXPLANATIONS = {
    "daemon.mode": _("Mode: observe records, advise proposes and waits, enforce acts. “virt-omen mode” changes it at once."),
    "policy.quarantine": _("Incoming migrations are refused while this host is endangered."),
    "policy.certain_percent": _("In mode enforce, a sign of at least this probability is enough by itself."),
    "policy.when_stuck": _("What may be done for a virtual machine that can not leave: relieve, save, shutdown."),
    "policy.bring_back": _("In mode enforce, what left for an omen comes back once this host is no longer endangered."),
    "evacuation.concurrency": _("Migrations at once."),
    "evacuation.bandwidth_mib": _("MiB/s a migration may use; 0 is no limit."),
    "evacuation.max_downtime_ms": _("How long a guest may pause at the end of its migration, in ms."),
    "evacuation.tls": _("The memory of guests is encrypted during migration."),
    "evacuation.own_uri": _("This host's libvirt as the destinations reach it. Without it nothing can come back."),
    "guests.logs": _("Guests' logs are read. What they say concerns that guest only."),
    "judge.llm_url": _("A language model that is asked about lines which the judge is not sure of; empty: none."),
};

function makeRows(entries) {
    return entries.filter(({ group, key }) => `${group}.${key}` in EXPLANATIONS)
            .map(({ group, key, value, file }) => ({
                key: `${group}.${key}`,
                cells: [`[${group}] ${key}`, value || _("(empty)"), EXPLANATIONS[`${group}.${key}`], file || _("default")],
            }));
}

export function Settings() {
    const [told, setTold] = useState(null);

    /* Asked for when it is opened: the files may have changed. */
    async function ask(event) {
        if (!event.currentTarget.open)
            return;
        try {
            const text = await cockpit.spawn(["virt-omen", "config", "show", "--json"], { superuser: "try", err: "message" });
            setTold({ rows: makeRows(JSON.parse(text)) });
        } catch (error) {
            setTold({ problem: error.problem === "not-found" ? _("The command virt-omen is not installed here.") : error.message });
        }
    }

    return (
        <Section title={_("Main settings")}>
            <details onToggle={ask}>
                <summary>{_("Show the configuration files' values")}</summary>
                {told?.problem && <Alert kind="danger" title={told.problem} role="alert" />}
                {told?.rows && <Table label={_("Main settings")} columns={[_("Setting"), _("Value"), _("Meaning"), _("From")]} rows={told.rows} />}
            </details>
        </Section>
    );
}
