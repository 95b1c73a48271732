/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How unlike the normal the log of this host was in the last day: the highest score of each five minutes. */
import cockpit from "cockpit";
import { formatClock, formatScore } from "./format.js";
import { Section } from "./parts.jsx";
import { Ticks } from "./ticks.jsx";

const _ = cockpit.gettext;
const WIDTH = 960;
const HEIGHT = 160;
const THRESHOLD = 0.5;

const yOf = score => HEIGHT * (1 - Math.min(score, 1));

function drawArea(scores) {
    const xOf = index => WIDTH * index / Math.max(scores.length, 1);
    const steps = scores.map((score, index) => `H${xOf(index).toFixed(1)}V${yOf(score).toFixed(1)}H${xOf(index + 1).toFixed(1)}`);

    return `M0 ${HEIGHT}${steps.join("")}V${HEIGHT}Z`;
}

export function Scores({ bus }) {
    const scores = bus.status?.host.scores ?? [];
    const highest = Math.max(0, ...scores);
    const seconds = scores.length * (bus.status?.host.step_s ?? 300);

    if (!scores.length)
        return null;
    const when = formatClock((Date.now() / 1000 - seconds + (scores.indexOf(highest) + 0.5) * seconds / scores.length) * 1e6);
    const summary = highest > 0
        ? cockpit.format(_("Highest score of the last day: $0, at $1. From $2 on, lines are judged."), formatScore(highest), when, formatScore(THRESHOLD))
        : _("Nothing unlike the normal was seen in the last day.");
    return (
        <Section title={_("Score of the last day")} note={_("How unlike the normal this host's log was, from 0 to 1.")}>
            <svg class="scores" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
                <path class="area" d={drawArea(scores)} />
                <line class="threshold" x1="0" x2={WIDTH} y1={yOf(THRESHOLD)} y2={yOf(THRESHOLD)} />
            </svg>
            <Ticks seconds={seconds} />
            <p class="note">{summary}</p>
        </Section>
    );
}
