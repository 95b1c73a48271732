/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log lines behind an omen, and what is normal instead: asked for when it is opened, since polkit guards both. */
import cockpit from "cockpit";
import { useEffect, useState } from "preact/hooks";
import { formatClock, formatCount, formatShare } from "./format.js";

const _ = cockpit.gettext;

function Lines({ title, lines, none }) {
    return (
        <>
            <h4>{title}</h4>
            {lines.length ? <pre class="lines" tabIndex={0} role="region" aria-label={title}>{lines.join("\n")}</pre> : <p>{none}</p>}
        </>
    );
}

/* The kinds of signs that told of the event; one alone says nothing that is not said above. */
function Course({ course }) {
    if (course.length < 2)
        return null;
    return (
        <>
            <h4>{_("Course")}</h4>
            <ol class="course">
                {course.map(([time, stream, kind, device, probability, count]) => (
                    <li key={`${time} ${stream} ${kind}`}>
                        {cockpit.format(_("$0: $1, probability $2, $3 records of stream $4"), formatClock(time),
                                        device ? `${kind} ${device}` : kind, formatShare(probability), formatCount(count), stream)}
                    </li>
                ))}
            </ol>
        </>
    );
}

function Records({ bus, omen }) {
    const [told, setTold] = useState(null);

    useEffect(() => {
        // One after the other: the second is not asked for where the first is refused.
        bus.call(omen, "GetRecords").then(async ([records]) => {
            const [normal] = await bus.call(omen, "GetNormal");
            setTold({ records, normal });
        })
                .catch(error => setTold({ problem: error.message }));
    }, [omen.path, omen.Records]);

    if (!told)
        return <p role="status">{_("Asking virt-omend …")}</p>;
    if (told.problem)
        return <p role="alert">{cockpit.format(_("The log lines can not be shown: $0"), told.problem)}</p>;
    return (
        <>
            <Lines title={_("The first log lines")} lines={told.records} none={_("None is kept.")} />
            <Lines title={_("The most similar that is normal in this stream")} lines={told.normal.map(line => line || _("(forgotten)"))}
                none={_("Nothing normal in this stream is similar.")} />
        </>
    );
}

export function Evidence({ bus, omen }) {
    const [isOpen, setOpen] = useState(false);

    return (
        <details class="evidence" onToggle={event => setOpen(event.currentTarget.open)}>
            <summary>{cockpit.format(cockpit.ngettext("Evidence: $0 record", "Evidence: $0 records", omen.Records), formatCount(omen.Records))}</summary>
            {isOpen && <><Course course={omen.Course} /><Records bus={bus} omen={omen} /></>}
        </details>
    );
}
