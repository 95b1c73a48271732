# SPDX-License-Identifier: LGPL-2.1-or-later
"""From an image of a host to machines that run: the packages installed, guests started, daemons on the bus."""
import hashlib
import shlex
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lab as labs
from lab import CACHE, HERE, Lab, Trouble, say

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


def install(lab, host, packages):
    """As README says: apt, and the packages' files. Returns what apt printed."""
    lab.ssh(host, "mkdir -p /root/packages")
    archive = labs.call("tar", "-C", packages[0].parent, "-cf", lab.folder / "packages.tar", *(path.name for path in packages))
    del archive
    with open(lab.folder / "packages.tar", "rb") as file:
        lab.inside(*lab.ssh_command(host), "tar -C /root/packages -xf -", stdin=file)
    (lab.folder / "packages.tar").unlink()
    return lab.ssh(host, "cd /root/packages && DEBIAN_FRONTEND=noninteractive apt-get install -y ./*.deb 2>&1", timeout=400).stdout


def installed_disk(image, packages):
    """The image with the packages installed on a booted host: made once for what they are."""
    digest = hashlib.sha256(str(image).encode())
    for path in packages:
        digest.update(path.read_bytes())
    digest.update(Path(__file__).read_bytes())
    folder = CACHE / f"installed-{digest.hexdigest()[:16]}"
    with labs.CacheLock("installed"):
        if not folder.exists():
            say("installing the packages on a booted host")
            lab = Lab("i-" + digest.hexdigest()[:8])
            lab.down()
            lab.make_namespaces(["alpha"])
            try:
                shutil.copy(image / "key", lab.folder / "key")
                lab.start_host("alpha", image, image / "root.img")
                lab.wait_booted("alpha")
                (lab.folder / "install.log").write_text(install(lab, "alpha", packages))
                lab.ssh("alpha", "journalctl --vacuum-time=1s -q; sync; (sleep 1; systemctl poweroff --force) &",
                        check=False)
                pid = int((lab.folder / "alpha.pid").read_text())
                labs.wait_for("the host does not power off", lambda: lab.inside("kill", "-0", pid, check=False).returncode, 90)
                making = CACHE / "installed.new"
                shutil.rmtree(making, ignore_errors=True)
                making.mkdir()
                shutil.move(lab.folder / "alpha.qcow2", making / "root.qcow2")
                shutil.copy(lab.folder / "install.log", making)
                making.rename(folder)
            finally:
                lab.down()
            labs.keep_newest("installed-*", 4)
    folder.touch()
    return folder / "root.qcow2"


def destinations(host, hosts, mode):
    text = f"[daemon]\nmode={mode}\n[evacuation]\nown_uri=qemu+tcp://{host}/system\n"
    for other in hosts:
        if other != host:
            text += f"[destination {other}]\nuri=qemu+tcp://{other}/system\n"
    return text


def prepare(lab, host, hosts, mode):
    """What an operator sets up, once systemd says that the host runs."""
    lab.wait_booted(host)
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
        text += f"virsh -q define /root/{name}.xml; virsh -q start {name}\n"
    lab.script("alpha", "set -e\n" + text)


def up(lab, hosts, mode="advise", packages=None, image=None, guests=True):
    began = time.monotonic()
    if image:
        base, disk = Path(image).resolve().parent, Path(image).resolve()
        for part in ("vmlinuz", "initrd", "key"):
            if not (base / part).exists():
                raise Trouble(f"{base / part} is missing: beside the image lie vmlinuz, initrd and key (see README.md)")
    else:
        base = labs.base_image("bookworm")
        disk = installed_disk(base, labs.wanted_packages(packages or labs.build_packages()))
    made = time.monotonic()
    lab.make_namespaces(hosts)
    try:
        shutil.copy(base / "key", lab.folder / "key")
        (lab.folder / "key").chmod(0o600)
        lab.start_storage()
        for host in hosts:
            lab.start_host(host, base, disk)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: prepare(lab, host, hosts, mode), hosts))
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
