/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How this host is, in one sentence, and what the operator should know besides. */
import cockpit from "cockpit";
import { formatCount } from "./format.js";
import { Alert } from "./parts.jsx";

const _ = cockpit.gettext;

const KINDS = { red: "danger", yellow: "warning", green: "success" };

function explainMode(mode) {
    const words = {
        observe: _("Mode observe: signs of failure are recorded, and nothing is moved."),
        advise: _("Mode advise: what to move is proposed, and waits for your approval."),
        enforce: _("Mode enforce: endangered virtual machines are moved without asking."),
    };
    return words[mode] ?? mode;
}

function formSentence(host) {
    if (host.health === "red" && host.reason)
        return cockpit.format(_("$0 is endangered: $1"), host.name, host.reason);
    if (host.health === "red")
        return cockpit.format(_("$0 is endangered"), host.name);
    if (host.health === "yellow")
        return cockpit.format(_("$0 needs attention: $1"), host.name, host.reason);
    return cockpit.format(_("$0 shows no sign of failure"), host.name);
}

function Learning({ training }) {
    if (!training || training.records >= training.of)
        return null;
    return <p>{cockpit.format(_("It still learns what is normal here: $0 of $1 records."), formatCount(training.records),
                              formatCount(training.of))}</p>;
}

export function Health({ bus }) {
    const { status, manager } = bus;

    if (!status)
        return <p role="status">{_("Asking virt-omend …")}</p>;
    return (
        <div class="stack" role="status" aria-label={_("Health of this host")} id="health">
            <Alert kind={KINDS[status.host.health] ?? "warning"} title={formSentence(status.host)}>
                <p>{explainMode(manager.Mode)}</p>
                <Learning training={status.host.training} />
            </Alert>
            {manager.Problems.map(problem => <Alert kind="warning" title={problem} key={problem} />)}
        </div>
    );
}
