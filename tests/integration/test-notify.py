#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is told to a real Alertmanager, to a real journald and to a program."""
import json
import subprocess

import alone
import bed
from bed import expect, wait_for

ALERTMANAGER = "http://127.0.0.1:9093"
CATALOG = bed.ROOT / "data" / "systemd" / "virt-omen.catalog"
RAISED = "c9d1a2f04e5b4b7d9d3e6f18a7b20c51"


def start_alertmanager(one):
    config = one.folder / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    process = one.spawn("alertmanager", alone.need("prometheus-alertmanager"), f"--config.file={config}",
                        f"--storage.path={one.folder}/alertmanager", "--web.listen-address=127.0.0.1:9093",
                        "--cluster.listen-address=")
    wait_for("Alertmanager is ready", lambda: alone.answers(f"{ALERTMANAGER}/-/ready"))
    return process


def alerts():
    return json.loads(alone.fetch(f"{ALERTMANAGER}/api/v2/alerts?active=true"))


def test_alertmanager():
    """A real Alertmanager shows the omen while it is open, and is told again when it was down."""
    settings = f"[notify]\nwebhook={ALERTMANAGER}/api/v2/alerts\n"
    with alone.Alone(settings=settings) as one:
        one.teach()
        omen = one.break_disk()
        wait_for("a receiver that is down is told", lambda: "the webhook failed" in one.log())
        process = start_alertmanager(one)
        alert = wait_for("the alert is there",
                         lambda: [row for row in alerts() if row["labels"]["omen"] == str(omen["id"])])[0]
        expect(f"the class: {alert}", alert["labels"]["class"] == "disk")
        expect("its severity", alert["labels"]["severity"] == "critical")
        expect("its omen", alert["labels"]["omen"] == str(omen["id"]))
        expect("a summary", omen["reason"] in alert["annotations"]["summary"])
        one.clear_all()
        wait_for("the alert ends", lambda: not alerts())
        expect("the receiver still runs", process.poll() is None)


def test_command():
    """A program is told each turn of an omen; one that hangs is killed and holds up nobody."""
    with alone.Alone() as one:
        told = one.folder / "told"
        one.configure(f"[notify]\ncommand=sh -c 'cat >> {told}; sleep 60'\ncommand_timeout_s=1\n")
        one.reload()
        wait_for("it was reloaded", lambda: "configuration was reloaded" in one.log())
        one.teach()
        omen = one.break_disk()
        one.omen("dismiss", str(omen["id"]))
        notes = wait_for("both were told", lambda: told.exists() and "dismissed" in told.read_text() and
                         told.read_text().splitlines())
        notes = [note for note in map(json.loads, notes) if note["id"] == str(omen["id"])]
        turns = [(note["event"], note["action"]) for note in notes]
        # Whom a device's omen concerns is found out first.
        expect(f"raised: {turns}", turns[0][0] == "omen-raised")
        expect(f"proposed: {turns}", "proposed" in [action for _, action in turns])
        expect(f"dismissed: {turns}", ("omen-changed", "dismissed") in turns)
        wait_for("the program was killed", lambda: "longer than 1 s" in one.log())
        one.omen("status")


def journal(one, *arguments):
    done = bed.run(["journalctl", "--directory=/run/log/journal", *arguments], check=False)
    return done.stdout


def raised(one):
    """Number of an omen -> its entry."""
    rows = journal(one, "-o", "json", f"MESSAGE_ID={RAISED}").splitlines()
    return {row["OMEN_ID"]: row for row in map(json.loads, rows)}


def test_journal():
    """A real journald keeps the fields, and the catalog explains the message."""
    with alone.Alone() as one:
        (one.folder / "machine-id").write_text("7e57bed0000040008000000000000077\n")
        subprocess.run(["mount", "--bind", str(one.folder / "machine-id"), "/etc/machine-id"], check=True)
        alone.make_folder("/run/log/journal")
        alone.make_folder("/run/systemd/journal")
        one.spawn("journald", "/lib/systemd/systemd-journald")
        wait_for("journald listens", lambda: alone.exists("/run/systemd/journal/socket"))
        one.teach()
        omen = one.break_disk()
        row = wait_for("it is in the journal", lambda: raised(one).get(str(omen["id"])))
        expect(f"its fields: {row}", row["OMEN_CLASS"] == "disk" and row["OMEN_DEVICE"] == omen["device"])
        expect("its priority", row["PRIORITY"] == "4")
        subprocess.run(["umount", "/etc/machine-id"], check=True)


def test_catalog():
    """journalctl takes the catalog, with an entry for each message id of the code."""
    header = (bed.ROOT / "daemon" / "notify" / "note.h").read_text(encoding="utf-8")
    ids = {word.strip('"') for line in header.splitlines() if line.startswith("#define OMEN_NOTE_ID")
           for word in line.split() if word.startswith('"')}
    root = alone.make_folder("/run/catalog-root")
    folder = alone.make_folder(f"{root}/usr/lib/systemd/catalog")
    alone.make_folder(f"{root}/var/lib/systemd/catalog")
    with open(f"{folder}/virt-omen.catalog", "w", encoding="utf-8") as copy:
        copy.write(CATALOG.read_text(encoding="utf-8"))
    bed.run(["journalctl", "--update-catalog", f"--root={root}"])
    listed = bed.run(["journalctl", "--list-catalog", f"--root={root}"], check=False).stdout
    for one in ids:
        expect(f"{one} is explained", one in CATALOG.read_text(encoding="utf-8"))
        expect(f"{one} is listed: {listed}", one in listed)
    expect("four of them", len(ids) == 4)


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_alertmanager, test_command, test_journal, test_catalog])
