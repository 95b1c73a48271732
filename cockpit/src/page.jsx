/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page: what is asked first stands first. */
import cockpit from "cockpit";
import { useState } from "preact/hooks";
import { useBus } from "./bus.js";
import { Destinations } from "./destinations.jsx";
import { Domains } from "./domains.jsx";
import { Fleet } from "./fleet.jsx";
import { Health } from "./health.jsx";
import { Moves } from "./moves.jsx";
import { Omens } from "./omens.jsx";
import { Alert } from "./parts.jsx";
import { Pressure } from "./pressure.jsx";
import { Scores } from "./scores.jsx";
import { Settings } from "./settings.jsx";

const _ = cockpit.gettext;

function Absent({ problem }) {
    return (
        <Alert kind="danger" title={_("virt-omend does not answer")} role="alert">
            <p>{_("“systemctl status virt-omend” says why; “systemctl start virt-omend” starts it. This page then updates by itself.")}</p>
            {problem && <p>{problem}</p>}
        </Alert>
    );
}

export function Page() {
    const bus = useBus();
    const [notice, setNotice] = useState("");

    return (
        <main class="page">
            <h1 class="pf-v6-screen-reader">{_("Signs of failure")}</h1>
            {/* Always there, so that a screen reader tells when its text changes. */}
            <div role="status" aria-live="polite" id="notice">
                {notice && <Alert kind="info" title={notice} />}
            </div>
            {bus.state === "connecting" && <p role="status">{_("Asking virt-omend …")}</p>}
            {bus.state === "absent" && <Absent problem={bus.problem} />}
            {bus.state === "connected" && <>
                <Health bus={bus} />
                <Omens bus={bus} onDone={setNotice} />
                <Moves bus={bus} />
                <Domains bus={bus} />
                <Destinations bus={bus} />
                <Fleet bus={bus} />
                <Scores bus={bus} />
                <Pressure bus={bus} />
                <Settings />
            </>}
        </main>
    );
}
