#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""This host's health as a real Pacemaker and a reader of conditions see it: green, red, and green again."""
import json
import os
import pathlib
import shutil
import subprocess

import alone
import bed
from bed import expect, wait_for

ATTRIBUTE = "#health-omen"
CONDITIONS = pathlib.Path("/run/virt-omen/conditions.json")

COROSYNC = """totem {
  version: 2
  cluster_name: test
  transport: knet
  token: 1000
}
nodelist {
  node {
    ring0_addr: 127.0.0.1
    name: alpha
    nodeid: 1
  }
}
quorum {
  provider: corosync_votequorum
}
logging {
  to_stderr: yes
  to_logfile: no
  to_syslog: no
}
"""


def start_cluster(one):
    """A cluster of one node; all that it keeps is in the test's folder."""
    alone.need("attrd_updater")
    subprocess.run(["hostname", "alpha"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/dev/shm"], check=True)
    for place in ("/var/lib/corosync", "/var/lib/pacemaker"):
        own = one.folder / pathlib.Path(place).name
        own.mkdir()
        if place.endswith("pacemaker"):
            for name in ("cib", "pengine", "cores", "blackbox"):
                (own / name).mkdir()
                shutil.chown(own / name, "hacluster", "haclient")
            shutil.chown(own, "hacluster", "haclient")
        subprocess.run(["mount", "--bind", own, place], check=True)
    # The folder is root's alone, and the cluster's programs are not.
    os.chmod(one.folder, 0o755)
    config = one.folder / "corosync.conf"
    config.write_text(COROSYNC)
    one.spawn("corosync", alone.need("corosync"), "-f", "-c", str(config))
    wait_for("corosync runs", lambda: bed.run(["corosync-cmapctl", "-g", "runtime.votequorum.this_node_id"],
                                              check=False).returncode == 0)
    one.spawn("pacemaker", alone.need("pacemakerd"), env={**os.environ, "PCMK_logfile": "none"})
    wait_for("Pacemaker takes attributes", lambda: bed.run(["attrd_updater", "-n", "test", "-U", "1"],
                                                            check=False).returncode == 0)


def health():
    done = bed.run(["attrd_updater", "-n", ATTRIBUTE, "-Q"], check=False)
    return done.stdout.partition('value="')[2].partition('"')[0]


def condition():
    return json.loads(CONDITIONS.read_text(encoding="utf-8"))["conditions"][0]


def test_pacemaker():
    """A real Pacemaker has #health-omen red while the host is endangered, and green before and after."""
    with alone.Alone(settings="[neighbours]\npacemaker=no\n") as one:
        start_cluster(one)
        one.configure("")
        one.reload()
        wait_for("green", lambda: health() == "green")
        one.teach()
        one.break_disk()
        wait_for("red", lambda: health() == "red")
        one.clear_all()
        wait_for("green again", lambda: health() == "green")


def test_conditions():
    """The file of conditions says what is so, and stays green in mode observe."""
    with alone.Alone(settings="[neighbours]\npacemaker=no\n") as one:
        wait_for("it is there", CONDITIONS.exists)
        expect("no sign of failure", condition()["status"] == "False")
        one.teach()
        omen = one.break_disk()
        wait_for("the failure is foreseen", lambda: condition()["status"] == "True")
        expect(f"why: {condition()}", condition()["reason"] == omen["class"] and condition()["message"] == omen["reason"])
        one.omen("mode", "observe")
        wait_for("what is observed has no consequence", lambda: condition()["status"] == "False")
        one.omen("mode", "advise")
        wait_for("and has it again", lambda: condition()["status"] == "True")


if __name__ == "__main__":
    alone.enter_namespaces("--uts")
    bed.main([test_conditions, test_pacemaker])
