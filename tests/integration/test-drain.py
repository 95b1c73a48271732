#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host is emptied for maintenance and filled again: by its own operator, by one at another host where it is allowed, over a
restart of the daemon in the middle, and with guests that can not leave or come back."""
import json
import subprocess

import bed
from bed import expect, stays, wait_for

NEVER_MOVE = ["virsh", "metadata", "g1", "--uri", "https://virt-omen.org/xmlns/evacuation/1", "--key", "omen", "--live"]
BOTH = ["g1", "g2"]

# Writes a key of the store as one who has its password would.
PUT = """
import base64, json, sys, urllib.request
text = lambda word: base64.b64encode(word.encode()).decode()
body = json.dumps({"key": text(sys.argv[2]), "value": text(sys.argv[3])}).encode()
urllib.request.urlopen(sys.argv[1] + "/v3/kv/put", body, 10).read()
"""


def row(one, seer, host):
    """What a host's row says, as another host tells it."""
    return next((row for row in one.omen(seer, "fleet", "--json") if row["host"] == host), {})


def place(one, *guests):
    """Where each runs."""
    return [one.running_on(guest) for guest in guests]


def try_omen(one, host, *arguments, user=0):
    """Ends in whatever way: the finished process."""
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return one.on(host, *as_user, "virt-omen", *arguments, check=False)


def begin(one, host, *arguments):
    """Runs beside the test."""
    return subprocess.Popen([str(bed.TESTBED), "--name", one.name, "exec", host, "--", "virt-omen", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def configure(one, host, accept):
    """Slow moves, one after the other; whether the host takes drains from others. Holds from the next start on."""
    one.on(host, "sh", "-c", "cat > /etc/virt-omen/conf.d/20-drain.conf",
           stdin=f"[fleet]\naccept_drain={'yes' if accept else 'no'}\n[evacuation]\nbandwidth_mib=24\nconcurrency=1\n")
    one.testbed("daemon", host, "stop")
    one.testbed("daemon", host, "start")
    ready(one)


def ready(one):
    wait_for("each is the other's destination", lambda: all(
        any(not found["reason"] for found in one.omen(host, "destinations", "--json")) for host in ("alpha", "beta")), 60)


def refusals(one):
    refused = try_omen(one, "alpha", "drain", "alpha", "--wait", user=65534)
    expect(f"an unprivileged user is refused: {refused}", refused.returncode == 1 and "org.virtomen1.evacuate" in refused.stderr)
    refused = try_omen(one, "beta", "drain", "alpha", "--wait")
    expect(f"an operator at another host is, too: {refused}",
           refused.returncode == 1 and "alpha does not take drains from other hosts" in refused.stderr and "accept_drain=yes" in refused.stderr)
    refused = try_omen(one, "beta", "drain", "delta", "--wait")
    expect(f"there is no delta: {refused}", refused.returncode == 1 and "delta is not in the fleet now" in refused.stderr)
    url = json.loads(one.testbed("status", "--json").stdout)["fleet"]
    wish = json.dumps({"id": "forged", "by": "beta", "order": "drain", "timeout_s": 60, "time_us": int(one.on("beta", "date", "+%s").stdout) * 1000000})
    one.on("beta", "python3", "-c", PUT, url, "/virt-omen/wish/alpha/drain", wish)
    wait_for("alpha has seen it", lambda: "drain: refused: it does not take drains" in one.on("alpha", "cat", "/var/log/virt-omend.log").stdout, 20)
    stays("who has the store's password moves nothing", lambda: row(one, "alpha", "alpha")["drain"] == "none"
          and one.omen("alpha", "evacuations", "--json") == [], 4)


def drain_over_a_restart(one):
    before = {guest: one.counter(guest)[0] for guest in BOTH}
    waiting = begin(one, "alpha", "drain", "alpha", "--wait", "--json")
    wait_for("one is being moved", lambda: any(found["phase"] == "running" for found in one.omen("alpha", "evacuations", "--json")), 60)
    expect("it is being drained, and in maintenance", row(one, "beta", "alpha")["drain"] == "draining" and row(one, "beta", "alpha")["maintenance"])
    one.testbed("daemon", "alpha", "kill")
    one.testbed("daemon", "alpha", "start")
    said = waiting.communicate(timeout=120)[0]
    expect(f"it waited over the restart: {said}", waiting.returncode == 0)
    done = json.loads(said[said.index("["):])[0]
    expect(f"and tells what became of it: {done}", done["state"] == "drained" and done["away"] == 2 and done["host"] == "alpha")
    expect("both run on beta, and nowhere else", place(one, *BOTH) == [["beta"], ["beta"]])
    expect("neither was restarted", {guest: one.counter(guest)[0] for guest in BOTH} == before)
    expect("alpha is in maintenance, and drained", row(one, "beta", "alpha")["maintenance"] and row(one, "beta", "alpha")["drain"] == "drained")
    expect("alpha says so", "in maintenance, drained: 2 of 2 domains have left" in one.omen("alpha", "status").stdout)
    one.omen("beta", "plan", "--json")  # the list of hosts is read anew for it
    wait_for("alpha is nobody's destination", lambda: not one.omen("beta", "destinations", "--json"), 30)
    held = try_omen(one, "alpha", "return", "--all", "--wait")
    expect(f"what left stays away: {held}", held.returncode == 1 and "undrain" in held.stderr)
    home = try_omen(one, "alpha", "undrain", "alpha", "--wait")
    expect(f"undrained: {home}", home.returncode == 0)
    expect("both are home", place(one, *BOTH) == [["alpha"], ["alpha"]])
    expect("no maintenance is left", not row(one, "beta", "alpha")["maintenance"] and row(one, "beta", "alpha")["drain"] == "none")


def drain_from_elsewhere(one):
    configure(one, "alpha", True)
    # One after the other: beta has nowhere to go while alpha is in maintenance.
    rolling = try_omen(one, "beta", "drain", "alpha", "beta", "--at-most", "1")
    expect(f"alpha is drained, beta is not: {rolling}", rolling.returncode == 1 and "alpha: drained" in rolling.stdout
           and "beta: failed: 2 of 2 domains cannot leave" in rolling.stdout and "g1 stays:" in rolling.stdout)
    expect("both run on beta", place(one, *BOTH) == [["beta"], ["beta"]])
    expect("undrained", try_omen(one, "beta", "undrain", "beta", "--wait").returncode == 0)
    one.on("beta", "virsh", "destroy", "g2")
    home = try_omen(one, "beta", "undrain", "alpha", "--wait")
    expect(f"one that was stopped is left, and named: {home}", home.returncode == 1 and "g2 was left where it is" in home.stdout)
    expect("the other is home", place(one, *BOTH) == [["alpha"], []])


def drain_heeded_once(one):
    """The store still tells of the other host's request when the own operator has ended what came of it."""
    expect("drained by beta's operator", try_omen(one, "beta", "drain", "alpha", "--wait").returncode == 0 and place(one, "g1") == [["beta"]])
    expect("and filled by its own", try_omen(one, "alpha", "undrain", "alpha", "--wait").returncode == 0 and place(one, "g1") == [["alpha"]])
    one.testbed("daemon", "alpha", "stop")
    one.testbed("daemon", "alpha", "start")
    ready(one)
    stays("a restart does not drain it again", lambda: row(one, "alpha", "alpha").get("drain", "none") == "none"
          and place(one, "g1") == [["alpha"]], 5)


def drain_of_one_that_stays(one):
    one.on("alpha", *NEVER_MOVE, "--set", '<evacuation never-move="yes"/>')
    failed = try_omen(one, "alpha", "drain", "alpha", "--wait")
    expect(f"one that never moves is named: {failed}", failed.returncode == 1 and "1 of 1 domains cannot leave" in failed.stdout
           and "g1 stays:" in failed.stdout and "never-move" in failed.stdout)
    expect("alpha is in maintenance all the same", row(one, "beta", "alpha")["maintenance"] and row(one, "beta", "alpha")["drain"] == "failed")
    one.on("alpha", *NEVER_MOVE, "--remove")
    one.omen("alpha", "drain", "alpha")
    wait_for("it is moved now", lambda: any(found["phase"] == "running" for found in one.omen("alpha", "evacuations", "--json")), 60)
    expect("ended by an operator", try_omen(one, "alpha", "drain", "alpha", "--abort").returncode == 0)
    wait_for("it has failed", lambda: row(one, "alpha", "alpha")["drain"] == "failed", 30)
    wait_for("the move has ended", lambda: one.evacuation_of("alpha", "g1")["phase"] == "cancelled", 30)
    expect("g1 is here", place(one, "g1") == [["alpha"]])
    expect("and the maintenance ends", try_omen(one, "alpha", "undrain", "alpha", "--wait").returncode == 0)


def test_drain():
    """Drained over a restart of the daemon and undrained; by other hosts where it is allowed; guests that stay are named."""
    with bed.Bed("drain", hosts=2, guests=2, daemon="advise", options=["--fleet"]) as one:
        configure(one, "alpha", False)
        refusals(one)
        drain_over_a_restart(one)
        drain_from_elsewhere(one)
        drain_heeded_once(one)
        drain_of_one_that_stays(one)


def test_alone():
    """Without a fleet a host drains itself, and no other."""
    with bed.Bed("drain-alone", hosts=2, guests=1, daemon="advise") as one:
        other = try_omen(one, "alpha", "drain", "beta", "--wait")
        expect(f"it knows no other: {other}", other.returncode == 1 and "run virt-omen there" in other.stderr)
        wait_for("beta can take it", lambda: any(not found["reason"] for found in one.omen("alpha", "destinations", "--json")), 60)
        drained = try_omen(one, "alpha", "drain", "alpha", "--wait")
        expect(f"drained: {drained}", drained.returncode == 0 and place(one, "g1") == [["beta"]])
        back = try_omen(one, "alpha", "undrain", "alpha", "--wait")
        expect(f"nobody knows the way back, and it is said: {back}", back.returncode == 1 and "own_uri" in back.stdout)


if __name__ == "__main__":
    bed.main([test_drain, test_alone])
