# SPDX-License-Identifier: LGPL-2.1-or-later
"""From an image of a host to machines that run: the packages installed, guests started, daemons on the bus."""
import shlex
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lab as labs
import packages as debs
from lab import Trouble, say

# g1's disk lies on storage that all hosts reach, g2's on a disk of alpha that is made to fail.
SHARED = """<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='stop'/>
<source protocol='nbd' name='shared'><host name='10.9.0.254' port='10809'/></source><target dev='hda' bus='ide'/></disk>"""
LOCAL = """<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='stop'/>
<source file='/srv/vm/g2.raw'/><target dev='hda' bus='ide'/></disk>"""
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><kernel>/var/lib/libvirt/images/guest</kernel><cmdline>{name}</cmdline></os>
<devices><emulator>{emulator}</emulator>{disk}
<serial type='pty'><log file='/var/log/libvirt/qemu/{name}-serial.log' append='on'/></serial><memballoon model='none'/></devices></domain>
"""
# alpha's second disk, of the kernel's own scsi_debug: a file system with g2's disk. Its medium fails on demand.
SECOND_DISK = """set -e
modprobe scsi_debug dev_size_mb=48 ndelay=20000 medium_error_start=60000 medium_error_count=64 opts=0
udevadm settle
disk=$(ls -d /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/* | head -n 1)
basename "$disk" > /run/second-disk
mkfs.ext4 -q -F -m 0 /dev/"${disk##*/}"
mount /dev/"${disk##*/}" /srv/vm
truncate -s 4M /srv/vm/g2.raw
"""


def quoted(words):
    return " ".join(shlex.quote(word) for word in words)


def destinations(host, hosts, mode):
    text = f"[daemon]\nmode={mode}\n[evacuation]\nown_uri=qemu+tcp://{host}/system\n"
    for other in hosts:
        if other != host:
            text += f"[destination {other}]\nuri=qemu+tcp://{other}/system\n"
    return text


def prepare(lab, host, hosts, mode, packages):
    """What an operator sets up, once systemd says that the host runs. @packages: what is to be installed yet."""
    lab.wait_booted(host)
    if packages:
        debs.set_up(lab, host, packages)
    lab.script(host, f"""set -e
mkdir -p /etc/virt-omen/conf.d
cat > /etc/virt-omen/conf.d/destinations.conf << 'END'
{destinations(host, hosts, mode)}END
systemctl reload-or-restart virt-omend
""")
    if host == "alpha":
        lab.script(host, SECOND_DISK)
    else:
        lab.script(host, "mkdir -p /srv/vm; truncate -s 4M /srv/vm/g2.raw")


def start_guests(lab):
    emulator = lab.script("alpha", "ls /usr/bin/qemu-system-x86_64 /usr/libexec/qemu-kvm 2> /dev/null || true").split()[0]
    text = ""
    for name, disk in (("g1", SHARED), ("g2", LOCAL)):
        text += f"cat > /root/{name}.xml << 'END'\n{DOMAIN.format(name=name, disk=disk, emulator=emulator)}END\n"
        text += f"virsh -q define /root/{name}.xml\n"
    # Both at once: each waits for AppArmor's parser for most of a minute.
    lab.script("alpha", f"set -e\n{text}virsh -q start g1 < /dev/null &\none=$!\nvirsh -q start g2 < /dev/null\nwait $one\n")


def find_disk(base, packages, once):
    """The disk to boot, and what is to be installed on it yet: for machines that are wanted @once, a host that is booted only
    to install the packages would take the time of a boot more."""
    if once and not debs.installed_folder(base, packages).exists():
        return base / "root.img", packages
    return debs.installed_disk(base, packages), []


def up(lab, hosts, mode="advise", packages=None, image=None, guests=True, once=False):
    began = time.monotonic()
    missing = []
    if image:
        base, disk = Path(image).resolve().parent, Path(image).resolve()
        for part in ("vmlinuz", "initrd", "key"):
            if not (base / part).exists():
                raise Trouble(f"{base / part} is missing: beside the image lie vmlinuz, initrd and key (see README.md)")
    else:
        base = labs.base_image("bookworm")
        disk, missing = find_disk(base, debs.wanted_packages(packages or debs.build_packages()), once)
    made = time.monotonic()
    lab.make_namespaces(hosts)
    try:
        shutil.copy(base / "key", lab.folder / "key")
        (lab.folder / "key").chmod(0o600)
        lab.start_storage()
        for host in hosts:
            lab.start_host(host, base, disk)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: prepare(lab, host, hosts, mode, missing), hosts))
        if guests:
            start_guests(lab)
        for host in hosts:
            labs.wait_for(f"virt-omend of {host} is not on the bus",
                          lambda host=host: lab.ssh(host, "virt-omen status --json", check=False).returncode == 0, 60)
    except BaseException:
        lab.down()
        raise
    lab.release()
    say(f"{' '.join(hosts)} up in {time.monotonic() - made:.0f} s, after {made - began:.0f} s for image and packages")
