/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's objects on the system bus. Proxies follow their properties by signals; each change draws the page anew. */
import cockpit from "cockpit";
import { useEffect, useState } from "preact/hooks";

const NAME = "org.virtomen1";
const ROOT = "/org/virtomen1";
const STATUS_PAUSE_MS = 500;
const STATUS_PERIOD_MS = 60000;
const FLEET_PERIOD_MS = 30000;

/* Of variants, and of what holds them, the plain values. */
export function unwrap(value) {
    if (Array.isArray(value))
        return value.map(unwrap);
    if (value === null || typeof value !== "object")
        return value;
    if ("t" in value && "v" in value && Object.keys(value).length === 2)
        return unwrap(value.v);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

class Bus {
    constructor() {
        this.state = "connecting"; // then "connected" or "absent"
        this.problem = "";
        this.status = null; // what GetStatus() told, with the scores of the last day
        this.fleet = null; // the hosts of the fleet; null: there is none, or whoever asks may not know
        this.watchers = new Set();
        // Who has administrative access speaks as root; for all others polkit decides.
        this.client = cockpit.dbus(NAME, { bus: "system", superuser: "try" });
        this.manager = this.client.proxy(`${NAME}.Manager`, `${ROOT}/manager`);
        this.tables = {};
        for (const kind of ["Host", "Domain", "Omen", "Evacuation"])
            this.tables[kind] = this.client.proxies(`${NAME}.${kind}`, ROOT);
        this.follow();
    }

    follow() {
        const changed = () => this.change();

        for (const table of Object.values(this.tables)) {
            for (const event of ["added", "changed", "removed"])
                table.addEventListener(event, changed);
        }
        this.manager.addEventListener("changed", changed);
        this.client.addEventListener("owner", (_event, owner) => this.setState(owner ? "connected" : "absent", ""));
        this.client.addEventListener("close", (_event, options) => this.setState("absent", options.message || options.problem || ""));
        this.manager.wait(() => this.setState(this.manager.valid ? "connected" : "absent", this.problem));
        window.setInterval(changed, STATUS_PERIOD_MS);
        window.setInterval(() => this.refreshFleet(), FLEET_PERIOD_MS);
    }

    setState(state, problem) {
        this.state = state;
        this.problem = problem;
        this.change();
        this.refreshFleet();
    }

    /* Many properties may change in one moment: all that is drawn once, and the status asked for once. */
    change() {
        if (!this.isDrawing) {
            this.isDrawing = true;
            window.setTimeout(() => {
                this.isDrawing = false;
                this.watchers.forEach(watcher => watcher());
            }, 0);
        }
        if (!this.isAsking && this.state === "connected") {
            this.isAsking = true;
            window.setTimeout(() => this.refreshStatus(), STATUS_PAUSE_MS);
        }
    }

    async refreshStatus() {
        try {
            const [status] = await this.call(this.manager, "GetStatus", [{ scores: { t: "s", v: "day" }, pressure: { t: "b", v: true } }]);
            this.status = unwrap(status);
        } catch (error) {
            this.status = null;
        }
        this.isAsking = false;
        this.watchers.forEach(watcher => watcher());
    }

    /* The store of the fleet is asked for it, so only now and then, and only while somebody looks. Nobody is asked for a password. */
    async refreshFleet() {
        if (this.state !== "connected" || document.hidden)
            return;
        try {
            const [hosts] = await this.client.call(this.manager.path, this.manager.iface, "ListFleet", [{}]);
            this.fleet = unwrap(hosts);
            this.fleetProblem = "";
        } catch (error) {
            this.fleetProblem = this.fleet ? error.message : "";
            if (/NotFound|NotAuthorized|UnknownMethod/.test(error.name))
                this.fleet = null;
        }
        this.watchers.forEach(watcher => watcher());
    }

    /* The objects of a kind, as Omen or Host. */
    list(kind) {
        return Object.values(this.tables[kind]).filter(proxy => proxy?.valid && proxy.path);
    }

    /* Calls a method of an object; polkit may ask the user for a password. Waits as long as that takes. */
    call(proxy, method, args = [{}]) {
        return this.client.call(proxy.path, proxy.iface, method, args, { flags: "i" });
    }
}

let bus = null;

/* The bus, for a component that is drawn again whenever something changes there. */
export function useBus() {
    const [, setCount] = useState(0);

    bus ??= new Bus();
    useEffect(() => {
        const watcher = () => setCount(count => count + 1);
        bus.watchers.add(watcher);
        return () => bus.watchers.delete(watcher);
    }, []);
    return bus;
}
