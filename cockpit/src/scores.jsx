/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How unlike the normal the log of this host was in the last day: the highest score of each five minutes. */
import cockpit from "cockpit";
import { formatClock } from "./format.js";
import { Section } from "./parts.jsx";

const _ = cockpit.gettext;
const WIDTH = 960;
const HEIGHT = 160;
const THRESHOLD = 0.5;
const TICK_S = 6 * 3600;

const yOf = score => HEIGHT * (1 - Math.min(score, 1));

function drawArea(scores) {
    const xOf = index => WIDTH * index / Math.max(scores.length, 1);
    const steps = scores.map((score, index) => `H${xOf(index).toFixed(1)}V${yOf(score).toFixed(1)}H${xOf(index + 1).toFixed(1)}`);

    return `M0 ${HEIGHT}${steps.join("")}V${HEIGHT}Z`;
}

/* Times at round hours, with where they stand (0..1). */
function listTicks(seconds) {
    const now = Date.now() / 1000;
    const offset = new Date().getTimezoneOffset() * 60;
    const first = Math.ceil((now - seconds - offset) / TICK_S) * TICK_S + offset;

    return Array.from({ length: Math.floor((now - first) / TICK_S) + 1 }, (_none, index) => first + index * TICK_S)
            .map(time => ({ time, at: (time - now + seconds) / seconds }));
}

export function Scores({ bus }) {
    const scores = bus.status?.host.scores ?? [];
    const highest = Math.max(0, ...scores);
    const seconds = scores.length * (bus.status?.host.step_s ?? 300);

    if (!scores.length)
        return null;
    const when = formatClock((Date.now() / 1000 - seconds + (scores.indexOf(highest) + 0.5) * seconds / scores.length) * 1e6);
    const summary = highest > 0
        ? cockpit.format(_("Highest score of the last day: $0, at $1. From $2 on, lines are judged."), highest.toFixed(2), when, THRESHOLD)
        : _("Nothing unlike the normal was seen in the last day.");
    return (
        <Section title={_("Score of the last day")} note={_("How unlike the normal this host's log was, from 0 to 1.")}>
            <svg class="scores" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
                <path class="area" d={drawArea(scores)} />
                <line class="threshold" x1="0" x2={WIDTH} y1={yOf(THRESHOLD)} y2={yOf(THRESHOLD)} />
            </svg>
            <div class="ticks" aria-hidden="true">
                {listTicks(seconds).filter(({ at }) => at > 0.03 && at < 0.97)
                        .map(({ time, at }) => <span key={time} style={{ insetInlineStart: `${100 * at}%` }}>{formatClock(time * 1e6)}</span>)}
            </div>
            <p class="note">{summary}</p>
        </Section>
    );
}
