# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults that the kernel of a booted host tells of by itself, and what can be seen of guests."""
import re

import lab as labs

# Reads of sectors whose medium is bad.
MEDIUM_ERROR = """disk=$(cat /run/second-disk)
echo 2 > /sys/bus/pseudo/drivers/scsi_debug/opts
for i in 1 2 3 4; do dd if=/dev/$disk of=/dev/null bs=4k skip=$((7500 + i)) count=1 iflag=direct 2> /dev/null; sleep 1; done
true
"""
# Only the OOM killer's choice is helped: what is eaten, and who is killed, are real.
OOM = """victim=$(pgrep -f guest=g1 | head -n 1)
echo 1000 > /proc/$victim/oom_score_adj
setsid tail /dev/zero > /dev/null 2>&1 &
for i in $(seq 90); do sleep 1; kill -0 $victim 2> /dev/null || exit 0; done
exit 1
"""
HUNG_TASK = """set -e
sysctl -q kernel.hung_task_timeout_secs=10 kernel.hung_task_check_interval_secs=5
truncate -s 16M /var/tmp/slow.img
loop=$(losetup --find --show /var/tmp/slow.img)
dmsetup create slow --table "0 32768 linear $loop 0"
mkfs.ext4 -q -F /dev/mapper/slow
mkdir -p /mnt/slow
mount /dev/mapper/slow /mnt/slow
dmsetup suspend --nolockfs slow
setsid dd if=/dev/zero of=/mnt/slow/file bs=1M count=2 conv=fsync > /dev/null 2>&1 &
sleep 30
dmsetup resume slow
"""
CPU = "setsid stress-ng --cpu 16 --timeout 120 > /dev/null 2>&1 &"
# An emulated processor may take its time to join the others in the handler: 30 s, and not a panic after one.
CHECK_MACHINE = """echo 1 > /sys/devices/system/machinecheck/machinecheck0/check_interval
echo 30000000 > /sys/devices/system/machinecheck/machinecheck0/monarch_timeout
"""


def mce_corrected(lab, host):
    """A corrected error of a memory controller, which the kernel polls for."""
    lab.script(host, CHECK_MACHINE)
    for number in range(3):
        lab.monitor(host, f"mce 0 8 0x9400004000010090 0x0 {0x3f01000 + number * 4096:#x} 0x8c")
        lab.script(host, "sleep 2")


def mce_uncorrected(lab, host):
    """Memory that patrol scrubbing found bad (action optional), at an address that is nobody's: the host survives."""
    lab.script(host, CHECK_MACHINE)
    lab.monitor(host, "mce -b 0 9 0xbd000000000000c0 0x5 0x3f01000 0x8c")


KINDS = {
    "medium-error": lambda lab, host: lab.script(host, MEDIUM_ERROR),
    "mce-corrected": mce_corrected,
    "mce-uncorrected": mce_uncorrected,
    "oom": lambda lab, host: lab.script(host, OOM),
    "hung-task": lambda lab, host: lab.script(host, HUNG_TASK),
    "cpu": lambda lab, host: lab.script(host, CPU),
    "storage-gone": lambda lab, host: lab.stop_storage(),
}


def inject(lab, host, kind):
    """Returns the host's clock just before, as journalctl --since takes it."""
    if host not in lab.hosts():
        raise labs.Trouble(f"{host} is not up")
    since = lab.script(host, "date '+%F %T'").strip()
    KINDS[kind](lab, host)
    return since


def counter(lab, guest):
    """Where a guest runs and what it last said there; None if it runs nowhere."""
    for host in lab.hosts():
        done = lab.ssh(host, f"virsh domstate {guest} && tail -n 2 /var/log/libvirt/qemu/{guest}-serial.log", check=False)
        if done.returncode or not done.stdout.startswith(("running", "paused")):
            continue
        told = re.findall(rf"{guest} boot=(\w+) count=(\d+) disk=(\w+) memory=(\w+)", done.stdout)
        if told:
            boot, count, disk, memory = told[-1]
            return {"host": host, "state": done.stdout.split("\n")[0], "boot": boot, "count": int(count), "disk": disk, "memory": memory}
    return None
