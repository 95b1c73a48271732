/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator can decide about an omen: each decision is asked about once more, then polkit is asked, then it is told what
 * was done. */
import cockpit from "cockpit";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Alert, Button } from "./parts.jsx";
import { describe } from "./threat.js";

const _ = cockpit.gettext;

function tellApproved(bus, omen, name) {
    const moving = bus.list("Evacuation").filter(evacuation => evacuation.OmenId === omen.Id && !evacuation.EndedTime);

    return moving.length
        ? cockpit.format(_("Approved $0. Moving away: $1."), name, moving.map(evacuation => evacuation.DomainName).join(", "))
        : cockpit.format(_("Approved $0. Nothing moves: $1."), name, omen.Outcome || _("no virtual machine was left to move"));
}

/* @fits: can it be decided now? @done: what is told after it, words or a function that finds them. */
const DECISIONS = [
    {
        method: "Approve",
        kind: "primary",
        fits: omen => omen.Open && omen.Action === "proposed",
        label: _("Approve"),
        question: _("Move the endangered virtual machines away now?"),
        explanation: _("They are migrated live, in the order of the plan. What can not be moved stays, and the reason is told."),
        done: tellApproved,
    },
    {
        method: "Confirm",
        kind: "secondary",
        fits: omen => omen.Open && omen.Fate !== "confirmed",
        label: _("Confirm"),
        question: _("Was this a real sign of failure?"),
        explanation: _("Lines like these will always raise an omen in this stream from now on, whatever a judge says."),
        done: _("Confirmed $0: it was real. Lines like these are always omens from now on."),
    },
    {
        method: "Dismiss",
        kind: "secondary",
        fits: omen => omen.Open,
        label: _("Dismiss"),
        question: _("Is this a false alarm?"),
        explanation: _("Lines like these will raise no omen again in this stream. “virt-omen normal” lists this, and can undo it."),
        done: _("Dismissed $0: a false alarm. Lines like these raise no omen again."),
    },
    {
        method: "Accept",
        kind: "secondary",
        fits: omen => omen.Open,
        label: _("Accept"),
        question: _("Are these values known, and as bad as they will get?"),
        explanation: _("Values such as “24 pending sectors on sdc” are taken as known. It is an omen again when one of them is worse."),
        done: _("Accepted $0: its values are known, and are an omen again when one of them is worse."),
    },
    {
        method: "Clear",
        kind: "secondary",
        fits: omen => omen.Open,
        label: _("Clear"),
        question: _("Is the problem over?"),
        explanation: _("The omen is no longer a threat: the part was replaced, or the cause is gone. Nothing is learnt from it."),
        done: _("Cleared $0: the problem is over."),
    },
];

function explainRefusal(error) {
    if (/NotAuthorized|access-denied|AccessDenied/.test(`${error.name} ${error.problem}`))
        return cockpit.format(_("You are not allowed to: $0. Turn on administrative access, or ask to be made a member of the group virt-omen."),
                              error.message);
    return error.message;
}

/* A question in front of the page. The browser keeps the focus in it, closes it on Escape, and gives the focus back. */
function Question({ decision, omen, onAnswer }) {
    const dialog = useRef();
    const title = useId();

    // Before it is painted, so that no key meets it while it is not yet in front.
    useLayoutEffect(() => dialog.current.showModal(), []);
    return (
        <dialog class="question" ref={dialog} aria-labelledby={title} onClose={() => onAnswer(dialog.current.returnValue === "yes")}>
            <h2 class="pf-v6-c-title pf-m-lg" id={title}>{decision.question}</h2>
            <p><strong>{cockpit.format(_("Omen $0, $1:"), omen.Id, describe(omen))}</strong> {omen.Reason}</p>
            <p>{decision.explanation}</p>
            <div class="buttons">
                <Button kind="primary" onClick={() => dialog.current.close("yes")}>{decision.label}</Button>
                <Button kind="link" onClick={() => dialog.current.close("")}>{_("Cancel")}</Button>
            </div>
        </dialog>
    );
}

/* @onDone: told what was done, for the notice at the top, which outlives the omen. */
export function Decisions({ bus, omen, onDone }) {
    const [asked, setAsked] = useState(null);
    const [refusal, setRefusal] = useState("");
    const [isBusy, setBusy] = useState(false);

    async function answer(isYes) {
        const decision = asked;
        setAsked(null);
        setRefusal("");
        if (!isYes)
            return;
        setBusy(true);
        try {
            await bus.call(omen, decision.method);
            const name = cockpit.format(_("omen $0 ($1)"), omen.Id, describe(omen));
            onDone(typeof decision.done === "function" ? decision.done(bus, omen, name) : cockpit.format(decision.done, name));
        } catch (error) {
            setRefusal(explainRefusal(error));
        }
        setBusy(false);
    }

    // A daemon that is older may not know a method.
    const fitting = DECISIONS.filter(decision => decision.fits(omen) && typeof omen[decision.method] === "function");
    return (
        <>
            <div class="buttons" role="group" aria-label={cockpit.format(_("Decide about omen $0"), omen.Id)}>
                {fitting.map(decision => (
                    <Button kind={decision.kind} disabled={isBusy} key={decision.method} onClick={() => setAsked(decision)}>
                        {decision.label}
                    </Button>
                ))}
            </div>
            {refusal && <Alert kind="danger" title={refusal} role="alert" />}
            {asked && <Question decision={asked} omen={omen} onAnswer={answer} />}
        </>
    );
}
