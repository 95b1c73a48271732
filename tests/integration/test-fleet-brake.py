#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three hosts that share a real etcd, in mode enforce: what all of them are endangered by moves nobody; what one alone is, does."""
import base64
import json

import bed
from bed import expect, stays, wait_for

HOSTS = ("alpha", "beta", "gamma")
LINES = ["kernel: mce: [Hardware Error]: Machine check events logged",
         "kernel: mce: Uncorrected hardware memory error in user-access at 3f7e6d3c0",
         "kernel: Memory failure: 0x3f7e6d: recovery action for dirty LRU page: Failed"]


def rows(one, host):
    """{name: row} as that host tells."""
    done = one.omen(host, "fleet", "--json", check=False)
    return {row["host"]: row for row in done} if isinstance(done, list) else {}


def destinations(one, host):
    """Names of those that can be used."""
    return {row["name"] for row in one.omen(host, "destinations", "--json") if not row["reason"]}


def endanger(one, host):
    one.write(host, bed.stamped(LINES, host))


def all_up():
    """A bed of three whose hosts know each other as destinations."""
    return bed.Bed("brake", hosts=3, guests=1, daemon="enforce", options=["--fleet"])


def wait_until_known(one):
    wait_for("the others are alpha's destinations", lambda: destinations(one, "alpha") == {"beta", "gamma"}, 90)


def problems(one, host):
    return " ".join(one.omen(host, "status", "--json")["problems"])


def ask(one, host, url, data=""):
    """An answer of HTTP, as that host gets it."""
    script = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], sys.argv[2].encode() or None, 10).read().decode())"
    return one.on(host, "python3", "-c", script, url, data).stdout


def own_row(one, host):
    """What it wrote of itself."""
    key = f"/virt-omen/hosts/{host}"
    store = json.loads(one.testbed("status", "--json").stdout)["fleet"]
    asked = json.dumps({"key": base64.b64encode(key.encode()).decode()})
    found = json.loads(ask(one, host, f"{store}/v3/kv/range", asked))
    return json.loads(base64.b64decode(found["kvs"][0]["value"]))


def test_one():
    """One host is ill, the others are well: its guest moves, a few seconds after."""
    with all_up() as one:
        wait_until_known(one)
        wait_for("alpha tells which storage its guest uses", lambda: own_row(one, "alpha")["storage"], 60)
        expect(f"by its server: {own_row(one, 'alpha')}", own_row(one, "alpha")["storage"][0].startswith("nbd ")
               and own_row(one, "alpha")["kernel"] and not own_row(one, "beta")["storage"])
        endanger(one, "alpha")
        wait_for("the guest has moved", lambda: one.running_on("g1") in (["beta"], ["gamma"]), 90)
        expect("no brake held it", not any(row["held_by_brake"] for row in rows(one, "alpha").values()))


def test_all():
    """All three have the same sign, the one with the guest first: nothing moves, until an operator approves it."""
    with all_up() as one:
        wait_until_known(one)
        for host in HOSTS:
            endanger(one, host)
        found = wait_for("alpha's omen waits for approval and says why", lambda: [
            omen for omen in one.omens("alpha") if omen["action"] == "proposed" and "have in common" in omen["outcome"]], 60)
        expect(f"it names the hosts and the cause: {found}",
               "3 hosts are endangered" in found[0]["outcome"] and "(alpha, beta, gamma)" in found[0]["outcome"])
        expect("so does the status", "the fleet's brake: 3 hosts are endangered" in problems(one, "alpha"))
        wait_for("all hosts hold", lambda: all(row["held_by_brake"] and row["in_common"]
                                               for row in rows(one, "beta").values()), 60)
        expect("on none of them anything was begun", all(omen["action"] == "proposed" for host in HOSTS for omen in one.omens(host)))
        shown = one.omen("gamma", "fleet").stdout
        expect(f"the table says so first: {shown}", shown.startswith("Brake on alpha, beta, gamma, for what they have in common: "))
        expect("the metric is 1", "virt_omen_fleet_brake 1" in ask(one, "alpha", "http://127.0.0.1:9861/metrics"))
        live = one.on("gamma", "timeout", "8", "virt-omen", "fleet", "--watch", check=False).stdout
        expect(f"it is shown again and again: {live}", live.count("Brake on ") == 2 and live.count("HEALTH") == 2)
        stays("nothing moves", lambda: one.omen("alpha", "evacuations", "--json") == [], 20)

        # The others are well again: the proposal stays one.
        for host in ("beta", "gamma"):
            for omen in one.omens(host):
                one.omen(host, "clear", str(omen["id"]))
        wait_until_known(one)
        stays("still nothing moves", lambda: one.omen("alpha", "evacuations", "--json") == [], 8)
        expect("and the brake holds for a while", "the fleet's brake" in problems(one, "alpha"))
        one.omen("alpha", "approve", str(found[0]["id"]))
        wait_for("an operator's word moves the guest", lambda: one.running_on("g1") in (["beta"], ["gamma"]), 90)


if __name__ == "__main__":
    bed.main([test_one, test_all])
