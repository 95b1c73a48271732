/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Omens: those that wait for a decision first, those that are over behind a fold. */
import cockpit from "cockpit";
import { Decisions } from "./decisions.jsx";
import { Evidence } from "./evidence.jsx";
import { formatSeconds, formatShare, formatTime } from "./format.js";
import { Facts, Label, Section } from "./parts.jsx";
import { compareOmens, describe } from "./threat.js";

const _ = cockpit.gettext;
const MAX_CLOSED = 50;

function describeWriter(omen) {
    const who = {
        kernel: _("the kernel"),
        system: _("a service of this system"),
        hypervisor: _("QEMU or libvirt"),
        guest: _("the guest"),
        user: _("a user, a container or another process"),
        measured: _("virt-omend, by a measurement"),
        vouched: _("a file that the administrator trusts (trusted_files)"),
    }[omen.Origin] ?? _("unknown: anyone who may write to the file or socket");
    return omen.Writer ? `${who} (${omen.Writer})` : who;
}

function describeDevice(reach) {
    return {
        host: _("this host, and all that runs on it"),
        domains: _("the virtual machines that use a device of this host"),
        nobody: _("a device of this host, which no virtual machine uses"),
    }[reach] ?? _("a device of this host");
}

function describeReach(omen) {
    const chains = omen.Uses.map(use => <li key={use[0]}>{use[2]}</li>);
    const scope = {
        host: _("this host, and all that runs on it"),
        device: describeDevice(omen.Reach),
        domain: cockpit.format(_("the virtual machine $0"), omen.DomainName),
        guest: cockpit.format(_("the guest $0, by its own log"), omen.DomainName),
    }[omen.Scope] ?? omen.Scope;
    const text = omen.ReachNote ? `${scope}: ${omen.ReachNote}` : scope;
    return chains.length ? <>{text}<ul>{chains}</ul></> : text;
}

function describeFate(omen) {
    return {
        failed: _("it failed"),
        repaired: _("it was repaired before it failed"),
        nothing: _("nothing happened"),
        confirmed: _("confirmed by an operator"),
        dismissed: _("dismissed by an operator as a false alarm"),
    }[omen.Fate] ?? "";
}

function describeAction(omen) {
    const words = {
        recorded: _("recorded only"),
        proposed: _("an evacuation is proposed"),
        evacuating: _("virtual machines are being moved away"),
        finished: _("the evacuation has ended"),
        dismissed: _("dismissed"),
        cleared: _("cleared"),
    }[omen.Action] ?? omen.Action;
    return omen.Outcome ? `${words} (${omen.Outcome})` : words;
}

function describeTimes(first, last) {
    return first === last ? first : cockpit.format(_("$0, last $1"), first, last);
}

function State({ omen }) {
    if (!omen.Open)
        return <Label>{_("over")}</Label>;
    return omen.Action === "proposed" ? <Label colour="orange">{_("waits for you")}</Label> : <Label colour="red">{_("open")}</Label>;
}

function Omen({ bus, omen, onDone }) {
    const heading = `omen-${omen.Id}`;

    return (
        <article class="omen" aria-labelledby={heading}>
            <h3 class="pf-v6-c-title pf-m-md" id={heading}>
                {cockpit.format(_("Omen $0: $1"), omen.Id, describe(omen))} <State omen={omen} />{" "}
                {!omen.Proven && <Label colour="orange">{_("not proven")}</Label>}
            </h3>
            <p class="reason">{omen.Reason}</p>
            <Facts rows={[
                [_("Do first"), omen.FirstStep],
                [_("Threatens"), describeReach(omen)],
                [_("How sure"), cockpit.format(_("$0 that it is a sign of failure"), formatShare(omen.Probability))],
                [_("Moving away"), omen.MigrationHelps ? _("helps") : _("does not help against this")],
                [_("Warning time"), omen.Urgency ? cockpit.format(_("$0 from the first sign, as a rule"), formatSeconds(omen.Urgency)) : ""],
                [_("Seen"), describeTimes(formatTime(omen.Time), formatTime(omen.LastTime))],
                [_("Written by"), describeWriter(omen)],
                [_("Not proven"), omen.Proven ? "" : _("this writer is not trusted for such a failure: nothing moves unless you approve")],
                [_("Action"), describeAction(omen)],
                [_("Outcome"), describeFate(omen)],
                [_("Judged"), omen.Judges],
            ]} />
            <Evidence bus={bus} omen={omen} />
            {omen.Open && <Decisions bus={bus} omen={omen} onDone={onDone} />}
        </article>
    );
}

export function Omens({ bus, onDone }) {
    const omens = bus.list("Omen").sort(compareOmens);
    const closed = omens.filter(omen => !omen.Open);
    const draw = list => list.map(omen => <Omen bus={bus} omen={omen} onDone={onDone} key={omen.path} />);

    return (
        <Section title={_("Omens")} note={_("Signs of failure in the logs of this host and its virtual machines.")}>
            {closed.length === omens.length && <p>{_("No omen is open.")}</p>}
            {draw(omens.filter(omen => omen.Open))}
            {closed.length > 0 && (
                <details>
                    <summary>{cockpit.format(cockpit.ngettext("$0 that is over", "$0 that are over", closed.length), closed.length)}</summary>
                    {draw(closed.slice(0, MAX_CLOSED))}
                    {closed.length > MAX_CLOSED && <p>{_("“virt-omen omens” lists all of them.")}</p>}
                </details>
            )}
        </Section>
    );
}
