/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an evacuation would do, as a time line: of those whom open omens endanger, or of all. */
import cockpit from "cockpit";
import { useEffect, useRef, useState } from "preact/hooks";
import { unwrap } from "./bus.js";
import { formatSeconds, formatTime } from "./format.js";
import { Alert, Button } from "./parts.jsx";
import { listToMove } from "./threat.js";

const _ = cockpit.gettext;
const PAUSE_MS = 1000;

/* The endangered, by UUID; [] is all, null is nobody. */
function listEndangered(omens) {
    const lists = omens.filter(omen => omen.Open).map(listToMove)
            .filter(list => list !== null);

    if (lists.some(list => list.length === 0))
        return [];
    return lists.length ? [...new Set(lists.flat())] : null;
}

/* What a plan hangs on: it is asked for anew when this changes. */
function describeSituation(bus, endangered) {
    return JSON.stringify([
        endangered,
        bus.list("Domain").map(domain => [domain.Uuid, domain.State])
                .sort(),
        bus.list("Evacuation").map(evacuation => [evacuation.Id, evacuation.EndedTime > 0])
                .sort(),
        bus.list("Host").map(host => [host.Name, host.Reason])
                .sort(),
    ]);
}

function Deadline({ deadline }) {
    const left = deadline / 1e6 - Date.now() / 1000;

    if (!deadline)
        return null;
    return <p>{left > 0
        ? cockpit.format(_("Aim to be done by $0, in $1: half the typical warning time for this sign."), formatTime(deadline), formatSeconds(left))
        : cockpit.format(_("The time to aim for, $0, has passed: what is moved now may still be saved."), formatTime(deadline))}</p>;
}

function Move({ move, end, deadline }) {
    const isLate = deadline > 0 && Date.now() / 1000 + move.end_s > deadline / 1e6;
    const left = `${100 * move.start_s / end}%`;
    const width = `${Math.max(100 * (move.end_s - move.start_s) / end, 1)}%`;

    return (
        <li>
            <div>
                <strong>{cockpit.format(_("$0 to $1"), move.domain, move.destination)}</strong>{" "}
                {cockpit.format(_("from $0 to $1, $2, pause $3 ms"), formatSeconds(move.start_s), formatSeconds(move.end_s), move.technique,
                                move.downtime_ms)}
                {isLate && <strong>{_(", too late")}</strong>}
            </div>
            <div class="track" aria-hidden="true"><div class={isLate ? "bar late" : "bar"} style={{ marginInlineStart: left, width }} /></div>
        </li>
    );
}

function TimeLine({ plan }) {
    const [deadline, moves, stays] = plan;
    const end = Math.max(0.1, ...moves.map(move => move.end_s));

    if (!moves.length && !stays.length)
        return <p>{_("No virtual machine runs here: nothing to move.")}</p>;
    return (
        <div class="stack">
            <Deadline deadline={deadline} />
            <ol class="plan">{moves.map(move => <Move key={move.uuid} move={move} end={end} deadline={deadline} />)}</ol>
            {moves.length > 0 && moves[0].link_mib_s > 0 &&
                <p class="note">{cockpit.format(_("Assumed: $0 MiB/s for all moves together (link_mib in [evacuation])."), Math.round(moves[0].link_mib_s))}</p>}
            {stays.map(stay => <Alert kind="warning" key={stay.uuid} title={cockpit.format(_("$0 stays: $1"), stay.domain, stay.reason)} />)}
        </div>
    );
}

/* @subject: "" (no plan is shown), "endangered" or "all". */
function usePlan(bus, subject, endangered) {
    const [plan, setPlan] = useState(null);
    const [problem, setProblem] = useState("");
    const [isBusy, setBusy] = useState(false);
    const latest = useRef(0);

    async function ask() {
        const turn = ++latest.current;

        setBusy(true);
        try {
            const answer = unwrap(await bus.call(bus.manager, "Plan", [subject === "all" ? [] : endangered, "", {}]));
            if (turn === latest.current) {
                setPlan(answer);
                setProblem("");
            }
        } catch (error) {
            if (turn === latest.current) {
                setPlan(null);
                setProblem(error.message);
            }
        }
        if (turn === latest.current)
            setBusy(false);
    }

    return { plan, problem, isBusy, ask };
}

export function Plan({ bus }) {
    const [subject, setSubject] = useState("");
    const endangered = listEndangered(bus.list("Omen"));
    const { plan, problem, isBusy, ask } = usePlan(bus, subject, endangered);
    const situation = describeSituation(bus, endangered);
    const isNobody = subject === "endangered" && endangered === null;

    /* At once for whoever asks; a little later for what changes by itself, which seldom comes alone. */
    useEffect(() => {
        if (!subject || isNobody)
            return undefined;
        const timer = window.setTimeout(ask, plan ? PAUSE_MS : 0);
        return () => window.clearTimeout(timer);
    }, [subject, situation]);

    return (
        <div class="stack" aria-live="polite" aria-busy={isBusy}>
            <div class="buttons">
                {endangered && <Button aria-pressed={subject === "endangered"} onClick={() => setSubject("endangered")}>{_("Plan for the endangered")}</Button>}
                <Button aria-pressed={subject === "all"} onClick={() => setSubject("all")}>{_("Plan for all")}</Button>
            </div>
            <p class="note">{_("A plan says what would be done now. It moves nothing, and is made anew when something changes here.")}</p>
            {isBusy && !plan && <p>{_("Asking the destinations …")}</p>}
            {problem && !isNobody && <Alert kind="danger" title={problem} />}
            {isNobody && <p>{_("No virtual machine is endangered any more.")}</p>}
            {plan && subject && !isNobody && <TimeLine plan={plan} />}
        </div>
    );
}
