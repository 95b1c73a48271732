#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hosts that share a real etcd: each is seen from the other, also after the etcd or a host was gone."""
import base64
import json

import bed
from bed import expect, wait_for


def rows(one, host):
    """{name: row} as that host tells."""
    done = one.omen(host, "fleet", "--json", check=False)
    return {row["host"]: row for row in done} if isinstance(done, list) else {}


def destinations(one, host):
    """Names of those that can be used."""
    return {row["name"] for row in one.omen(host, "destinations", "--json") if not row["reason"]}


def problems(one, host):
    return " ".join(one.omen(host, "status", "--json")["problems"])


def doctor(one, host):
    """What doctor says of the fleet; it ends 1 where anything else failed."""
    found = json.loads(one.on(host, "virt-omen", "doctor", "--json", check=False).stdout)
    return next((row["result"] for row in found if row["check"] == "fleet"), None)


def ask_store(one, what, name, **more):
    """As whoever has the store's password can."""
    store = json.loads(one.testbed("status", "--json").stdout)["fleet"]
    script = "import sys, urllib.request as r; r.urlopen(sys.argv[1], sys.argv[2].encode(), 10).read()"
    fields = {"key": f"/virt-omen/hosts/{name}", **more}
    coded = json.dumps({field: base64.b64encode(text.encode()).decode() for field, text in fields.items()})
    one.on("alpha", "python3", "-c", script, f"{store}/v3/kv/{what}", coded)


def log(one, host):
    return one.on(host, "cat", "/var/log/virt-omend.log").stdout


def test_fleet():
    """Rows, omens, maintenance; a store that is paused, killed and started; a host that dies."""
    with bed.Bed("fleet", hosts=2, guests=0, daemon="advise", options=["--fleet"]) as one:
        wait_for("both hosts are listed, with what is free",
                 lambda: all(rows(one, "beta").get(name, {}).get("free_mib") for name in ("alpha", "beta")), 60)
        found = rows(one, "beta")
        expect(f"alpha's row: {found['alpha']}", found["alpha"]["running"] == 0 and found["alpha"]["health"] == "green"
               and found["alpha"]["uri"] == "qemu+tcp://alpha/system" and found["alpha"]["labels"] == ["rack=alpha"]
               and found["alpha"]["takes"] and not found["alpha"]["maintenance"])
        expect("doctor is content", doctor(one, "alpha") == "ok")

        # Nobody named a destination: they come from the fleet.
        wait_for("each is the other's destination", lambda: destinations(one, "alpha") == {"beta"}
                 and destinations(one, "beta") == {"alpha"}, 60)
        one.omen("alpha", "fleet", "--maintenance", "beta")
        wait_for("one in maintenance is none", lambda: not destinations(one, "alpha"), 10)
        one.omen("alpha", "fleet", "--no-maintenance", "beta")
        wait_for("and one again", lambda: destinations(one, "alpha") == {"beta"}, 10)

        # A row that is missing for a moment proves nothing.
        ask_store(one, "deleterange", "beta")
        one.omen("alpha", "fleet", "--maintenance", "nobody")  # the list is read anew
        expect("beta is a destination all the same", destinations(one, "alpha") == {"beta"})
        one.omen("alpha", "fleet", "--no-maintenance", "nobody")
        wait_for("beta has a row again", lambda: "beta" in rows(one, "alpha"), 120)

        # Whoever has the store's password chooses neither a program nor a host that need not prove itself.
        row = {"health": "green", "takes": True, "free_mib": 1 << 30, "uri": "qemu+ext:///system?command=/usr/bin/touch%20/tmp/run"}
        ask_store(one, "put", "gamma", value=json.dumps(row))
        ask_store(one, "put", "delta", value=json.dumps({**row, "uri": "qemu+tcp://beta/system?no_verify=1"}))
        wait_for("both rows are refused", lambda: all(rows(one, "alpha").get(name, {}).get("uri_refused") for name in ("gamma", "delta")), 30)
        one.omen("alpha", "fleet", "--maintenance", "delta")  # the list is read anew
        wait_for("the journal has it", lambda: "gamma gives a URI that is not used" in log(one, "alpha"), 30)
        expect("neither is a destination", destinations(one, "alpha") == {"beta"})
        expect("doctor warns", "gamma is no destination" in one.on("alpha", "virt-omen", "doctor", check=False).stdout)
        one.omen("alpha", "fleet", "--no-maintenance", "delta")
        for name in ("gamma", "delta"):
            ask_store(one, "deleterange", name)

        # What happens on alpha is seen on beta.
        one.write("alpha", bed.stamped(["kernel: EXT4-fs error (device vda1): ext4_find_entry:1455: inode #2: comm ls: reading directory lblock 0",
                                        "kernel: mce: [Hardware Error]: Machine check events logged",
                                        "kernel: mce: Uncorrected hardware memory error in user-access at 3f7e6d3c0",
                                        "kernel: Memory failure: 0x3f7e6d: recovery action for dirty LRU page: Failed"]))
        wait_for("beta sees that alpha is not well", lambda: rows(one, "beta")["alpha"]["health"] != "green", 30)
        expect("and how many signs there are", rows(one, "beta")["alpha"]["omens"] >= 1)
        one.omen("beta", "fleet", "--maintenance", "alpha")
        expect("maintenance is seen by alpha itself", rows(one, "alpha")["alpha"]["maintenance"])
        one.omen("alpha", "fleet", "--no-maintenance", "alpha")
        expect("and taken back", not rows(one, "beta")["alpha"]["maintenance"])

        # A paused store: both say so, and go on.
        one.testbed("store", "stop")
        wait_for("alpha says that it is alone", lambda: "no contact with the fleet since" in problems(one, "alpha"), 60)
        expect("the daemon answers all the same", one.omen("alpha", "status", "--json")["host"]["endangered"] is not None)
        expect("doctor tells of it", doctor(one, "alpha") == "failed")
        one.testbed("store", "continue")
        wait_for("alpha is among the others again", lambda: "no contact with the fleet since" not in problems(one, "alpha"), 90)

        # Killed, and started with what it had kept.
        one.testbed("store", "kill")
        one.testbed("store", "start")
        wait_for("both are listed again", lambda: len(rows(one, "alpha")) == 2, 60)

        # A dead host's row goes with its lease; nothing is done about it.
        one.testbed("kill", "beta")
        wait_for("beta is no longer listed", lambda: set(rows(one, "alpha")) == {"alpha"}, 120)
        expect("alpha goes on", rows(one, "alpha")["alpha"]["health"] != "")


if __name__ == "__main__":
    bed.main([test_fleet])
