#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our own migrations teach nothing: what they cause to be said is neither scored nor learnt; a fault meanwhile is seen."""
import bed
from bed import stays, wait_for

SLOW = "[evacuation]\nbandwidth_mib=4\n"
QEMU = "block I/O error in device 'drive-virtio-disk0': Input/output error (5)"


def omens_of(hosts, guest):
    return [row for row in hosts.omen("alpha", "omens", "--json") if row["domain"] == guest]


def say_of(hosts, guest):
    hosts.on("alpha", "sh", "-c", f"cat >> /var/log/libvirt/qemu/{guest}.log", stdin=QEMU + "\n")


def test_own_migration():
    """What a migration makes QEMU say of its domain is no sign; of another domain and of the host it is, meanwhile."""
    with bed.Bed("learning-own", hosts=2, guests=2, daemon="advise") as hosts:
        hosts.on("alpha", "sh", "-c", "cat > /etc/virt-omen/conf.d/50-test.conf",
                 stdin=SLOW + "[profile]\ntraining=20\n")
        hosts.testbed("daemon", "alpha", "stop")
        hosts.testbed("daemon", "alpha", "start", "advise")
        hosts.write("alpha", bed.stamped(bed.series("host-life.log"), "alpha"))
        wait_for("alpha has learnt", lambda: hosts.records("alpha") >= 400)
        hosts.omen("alpha", "evacuate", "g1")
        wait_for("it moves", lambda: hosts.evacuation_of("alpha", "g1")["phase"] == "running", 60)
        say_of(hosts, "g1")
        say_of(hosts, "g2")
        wait_for("that of g2 is a sign", lambda: omens_of(hosts, "g2"), 30)
        hosts.write("alpha", bed.stamped(["kernel: critical medium error, dev sdz, sector 8 op 0x0:(READ)"], "alpha"))
        wait_for("the host's own fault is seen", lambda: hosts.omens("alpha"), 30)
        stays("that of g1 is none", lambda: not omens_of(hosts, "g1"), 5)


if __name__ == "__main__":
    bed.main([test_own_migration])
