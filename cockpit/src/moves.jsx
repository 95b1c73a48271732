/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Evacuations: what moves now, with its progress, and what has moved. */
import cockpit from "cockpit";
import { useState } from "preact/hooks";
import { formatMebibytes, formatShare, formatTime } from "./format.js";
import { Alert, Button, Label, Section, Table } from "./parts.jsx";
import { Plan } from "./plan.jsx";

const _ = cockpit.gettext;
const MAX_ENDED = 20;

const COLOURS = { succeeded: "green", failed: "red", cancelled: "grey" };

function describePhase(phase) {
    return {
        queued: _("queued"),
        checking: _("checking"),
        running: _("running"),
        verifying: _("verifying"),
        reconciling: _("finding out where it runs"),
        succeeded: _("succeeded"),
        failed: _("failed"),
        cancelled: _("cancelled"),
    }[phase] ?? phase;
}

function Progress({ evacuation }) {
    const done = Math.round(100 * evacuation.Progress);
    const label = cockpit.format(_("Progress of $0"), evacuation.DomainName);

    return (
        <div class="pf-v6-c-progress pf-m-sm">
            <div class="pf-v6-c-progress__status" aria-hidden="true">
                <span class="pf-v6-c-progress__measure">{formatShare(evacuation.Progress)}</span>
            </div>
            <div class="pf-v6-c-progress__bar" role="progressbar" aria-label={label} aria-valuemin="0" aria-valuemax="100" aria-valuenow={done}>
                <div class="pf-v6-c-progress__indicator" style={{ width: `${done}%` }} />
            </div>
        </div>
    );
}

function Phase({ evacuation }) {
    const phase = evacuation.Phase;

    return (
        <>
            <Label colour={COLOURS[phase] ?? "blue"}>{describePhase(phase)}</Label>
            {phase === "running" && evacuation.RemainingBytes > 0 &&
                <div>{cockpit.format(_("$0 of memory to copy"), formatMebibytes(evacuation.RemainingBytes))}</div>}
            {phase === "succeeded" && <div>{cockpit.format(_("pause $0 ms"), evacuation.DowntimeMs)}</div>}
            {evacuation.Error && <div>{evacuation.Error}</div>}
        </>
    );
}

function Cancel({ bus, evacuation }) {
    const [problem, setProblem] = useState("");

    return (
        <>
            <Button aria-label={cockpit.format(_("Cancel the move of $0"), evacuation.DomainName)}
                onClick={() => bus.call(evacuation, "Cancel").catch(error => setProblem(error.message))}>{_("Cancel")}</Button>
            {problem && <Alert kind="danger" title={problem} role="alert" />}
        </>
    );
}

function makeRow(bus, evacuation) {
    const isMoving = !evacuation.EndedTime && !(evacuation.Phase in COLOURS);

    return {
        key: evacuation.path,
        cells: [evacuation.DomainName, evacuation.Destination || _("not chosen yet"), <Phase key="phase" evacuation={evacuation} />,
            isMoving ? <Progress key="progress" evacuation={evacuation} /> : formatTime(evacuation.EndedTime),
            evacuation.OmenId ? <a key="omen" href={`#omen-${evacuation.OmenId}`}>{cockpit.format(_("omen $0"), evacuation.OmenId)}</a> : _("an operator"),
            isMoving ? <Cancel key="cancel" bus={bus} evacuation={evacuation} /> : ""],
    };
}

export function Moves({ bus }) {
    const all = bus.list("Evacuation").sort((a, b) => b.Id - a.Id);

    return (
        <Section title={_("Moves")}>
            <div class="stack">
                <Plan bus={bus} />
                {all.length === 0
                    ? <p>{_("Nothing has been moved.")}</p>
                    : <Table label={_("Moves")} columns={[_("Virtual machine"), _("To"), _("Phase"), _("Progress or end"), _("For"), _("Stop")]}
                        rows={all.slice(0, MAX_ENDED).map(evacuation => makeRow(bus, evacuation))} />}
                {all.length > MAX_ENDED && <p>{_("“virt-omen evacuations” lists all of them.")}</p>}
            </div>
        </Section>
    );
}
