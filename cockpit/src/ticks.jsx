/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hours below a chart that ends now. */
import { formatClock } from "./format.js";

const TICK_S = 6 * 3600;

/* Times at round hours, with where they stand (0..1). */
function listTicks(seconds) {
    const now = Date.now() / 1000;
    const offset = new Date().getTimezoneOffset() * 60;
    const first = Math.ceil((now - seconds - offset) / TICK_S) * TICK_S + offset;

    return Array.from({ length: Math.floor((now - first) / TICK_S) + 1 }, (_none, index) => first + index * TICK_S)
            .map(time => ({ time, at: (time - now + seconds) / seconds }));
}

/* @seconds: how much time the chart shows. Its summary says in words what a screen reader needs. */
export function Ticks({ seconds }) {
    return (
        <div class="ticks" aria-hidden="true">
            {listTicks(seconds).filter(({ at }) => at > 0.03 && at < 0.97)
                    .map(({ time, at }) => <span key={time} style={{ insetInlineStart: `${100 * at}%` }}>{formatClock(time * 1e6)}</span>)}
        </div>
    );
}
