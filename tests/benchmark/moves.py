# SPDX-License-Identifier: LGPL-2.1-or-later
"""Moves of the test bed's guest g1 by each technique, by virsh migrate and by virt-omen, with the same flags."""
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import bed  # noqa: E402

FINAL = ("succeeded", "failed", "cancelled")
GUEST = "g1"
URI = "qemu+tcp://{}/system"
BASE = ["virsh", "migrate", "--live", "--p2p", "--persistent", "--undefinesource", "--abort-on-error", GUEST]
HYBRID = ["--auto-converge", "--postcopy", "--postcopy-after-precopy"]
XBZRLE = ["--compressed", "--comp-methods", "xbzrle"]
PARALLEL = ["--auto-converge", "--parallel", "--parallel-connections", "2"]
# Technique: what the metadata wishes, what the configuration says (None: virt-omen has no such setting), virsh's flags.
TECHNIQUES = {
    "pre-copy": ("pre-copy", "", []),
    "auto-converge": ("auto-converge", "", ["--auto-converge"]),
    "hybrid": ("hybrid", "post_copy=always", HYBRID),
    "post-copy": ("post-copy", "post_copy=always", ["--auto-converge", "--postcopy"]),
    "parallel": ("auto-converge", "post_copy=never\nparallel_connections=2", PARALLEL),
    "pre-copy+xbzrle": ("pre-copy", "compress=yes", XBZRLE),
    "hybrid+xbzrle": ("hybrid", "post_copy=always\ncompress=yes", [*HYBRID, *XBZRLE]),
    "pre-copy+mt": ("pre-copy", None, ["--compressed", "--comp-methods", "mt"]),
    "parallel+zlib": ("auto-converge", None, [*PARALLEL, "--compressed", "--comp-methods", "zlib"]),
    "parallel+zstd": ("auto-converge", None, [*PARALLEL, "--compressed", "--comp-methods", "zstd"]),
    "parallel+zero-copy": ("auto-converge", None, [*PARALLEL, "--zerocopy"]),
}


def configure(hosts, technique, names=("alpha",), more=""):
    """Has the daemons of these hosts move by that technique, where they are asked to."""
    for host in names:
        hosts.on(host, "sh", "-c", "cat > /etc/virt-omen/conf.d/50-test.conf",
                 stdin=f"[evacuation]\n{TECHNIQUES[technique][1]}\n{more}\n")
        hosts.testbed("daemon", host, "stop")
        hosts.testbed("daemon", host, "start", "advise")


def wish(hosts, host, technique):
    hosts.on(host, "virsh", "metadata", GUEST, "--uri", "https://virt-omen.org/xmlns/evacuation/1", "--key", "omen",
             "--live", "--config", "--set", f'<evacuation technique="{TECHNIQUES[technique][0]}"/>')


def job_figures(hosts, destination="beta"):
    """Downtime and duration of the migration that just ended, in ms; None where libvirt does not tell."""
    lines = hosts.on(destination, "virsh", "domjobinfo", GUEST, "--completed", check=False).stdout.splitlines()
    found = {line.split(":")[0]: int(line.split(":")[1].split()[0]) for line in lines
             if line.startswith(("Total downtime:", "Time elapsed:"))}
    return found.get("Total downtime"), found.get("Time elapsed")


def by_virsh(hosts, technique, source="alpha", destination="beta"):
    """Seconds that the command took, on its host; and 0, that passed before."""
    command = [str(bed.TESTBED), "--name", hosts.name, "exec", source, "--", "sh", "-c",
               'date +%s.%N; "$@" > /dev/null; status=$?; date +%s.%N; exit $status', "sh", *BASE, *TECHNIQUES[technique][2],
               URI.format(destination)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while technique == "post-copy" and process.poll() is None:
            hosts.on(source, "virsh", "migrate-postcopy", GUEST, check=False)
            time.sleep(0.2)
        said, problem = process.communicate(timeout=300)
    if process.returncode:
        raise bed.Failed(f"virsh {technique}: {problem}")
    began, ended = (float(stamp) for stamp in said.split())
    return ended - began, 0.0


def by_omen(hosts, technique, source="alpha", destination="beta"):
    """Seconds from the acceptance to the end that both hosts confirmed; and from it to the call of libvirt."""
    wish(hosts, source, technique)
    last = hosts.evacuation_of(source, GUEST)
    hosts.omen(source, "evacuate", GUEST, "--to", destination)

    def final():
        row = hosts.evacuation_of(source, GUEST)
        return row if row and row["id"] > (last["id"] if last else 0) and row["phase"] in FINAL else None
    row = bed.wait_for("it ends", final, 300, 0.5)
    if row["phase"] != "succeeded":
        raise bed.Failed(f"virt-omen {technique}: {row['error']}")
    return row["ended"] - row["queued"], row["started"] - row["queued"]
