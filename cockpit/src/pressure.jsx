/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For which share of the time tasks of this host waited for memory, CPUs and disks in the last day: the highest of each five
 * minutes. */
import cockpit from "cockpit";
import { formatClock, formatShare } from "./format.js";
import { Section } from "./parts.jsx";
import { Ticks } from "./ticks.jsx";

const _ = cockpit.gettext;
const WIDTH = 960;
const HEIGHT = 120;
const SCALE_STEP = 10; // percent: what is calm looks calm

/* Lines differ by their dashes too. */
function listKinds(pressure) {
    return [
        { name: _("Memory"), kind: "memory", values: pressure.memory },
        { name: _("CPUs"), kind: "cpu", values: pressure.cpu },
        { name: _("Disks"), kind: "io", values: pressure.io },
    ];
}

/* A line through the middle of each step; what was not measured (below 0) is a gap. */
function drawLine(values, scale) {
    const step = WIDTH / values.length;
    const yOf = value => (HEIGHT * (1 - value / scale)).toFixed(1);

    return values.map((value, index) => {
        if (value < 0)
            return "";
        const isFirst = index === 0 || values[index - 1] < 0;
        return `${isFirst ? "M" : "L"}${(step * index).toFixed(1)} ${yOf(value)}H${(step * (index + 1)).toFixed(1)}`;
    }).join("");
}

function summarise({ name, values }, stepS) {
    const highest = Math.max(...values);
    const ageS = (values.length - values.lastIndexOf(highest) - 0.5) * stepS;

    if (highest < 1)
        return cockpit.format(_("$0: less than $1"), name, formatShare(0.01));
    return cockpit.format(_("$0: $1 at $2"), name, formatShare(highest / 100), formatClock(Date.now() * 1000 - ageS * 1e6));
}

function Chart({ kinds, stepS }) {
    const highest = Math.max(1, ...kinds.flatMap(({ values }) => values));
    const scale = SCALE_STEP * Math.ceil(highest / SCALE_STEP);
    const summary = cockpit.format(_("Highest of the last day: $0."), kinds.map(kind => summarise(kind, stepS)).join(", "));

    return (
        <>
            <ul class="legend" aria-hidden="true">
                {kinds.map(({ name, kind }) => (
                    <li key={kind}><svg class="pressure" width="32" height="8"><path class={kind} d="M0 4H32" /></svg> {name}</li>
                ))}
            </ul>
            <div class="note" aria-hidden="true">{formatShare(scale / 100)}</div>
            <svg class="pressure chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
                {kinds.map(({ kind, values }) => <path class={kind} key={kind} d={drawLine(values, scale)} />)}
            </svg>
            <Ticks seconds={stepS * kinds[0].values.length} />
            <p class="note" id="pressure">{summary}</p>
        </>
    );
}

export function Pressure({ bus }) {
    const pressure = bus.status?.host.pressure;
    const kinds = pressure ? listKinds(pressure) : [];

    if (!bus.status)
        return null;
    return (
        <Section title={_("Pressure of the last day")} note={_("Share of the time in which tasks on this host waited for memory, CPUs or disks.")}>
            {kinds.some(({ values }) => values.some(value => value >= 0))
                ? <Chart kinds={kinds} stepS={pressure.step_s} />
                : <p>{_("It is not measured: “pressure” in [sources] is off, this kernel does not report it, or virt-omend has just started.")}</p>}
        </Section>
    );
}
