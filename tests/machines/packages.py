# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packages of this tree, and the disk of a host that has them installed. Both are cached by what they are made of."""
import hashlib
import shutil
from pathlib import Path

from lab import CACHE, TREE, CacheLock, Lab, call, keep_newest, say, wait_for

# What of the tree is in the packages and can change what they do.
PACKAGED = ("include", "daemon", "cli", "hooks", "data", "qga-plugin", "packaging", "meson.build", "meson_options.txt")


def tree_hash():
    files = call("git", "-C", TREE, "ls-files", "--cached", "--others", "--exclude-standard", "--", *PACKAGED).stdout.split("\n")
    digest = hashlib.sha256()
    for name in sorted(set(files)):
        path = TREE / name
        if name and path.is_file():
            digest.update(f"{name} {path.stat().st_mode & 0o111}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def build_packages():
    """The folder with the Debian packages of this tree, built if they are not cached."""
    folder = CACHE / f"packages-{tree_hash()}"
    with CacheLock("packages"):
        if not folder.exists():
            say("building the packages of this tree")
            making = CACHE / "packages.new"
            shutil.rmtree(making, ignore_errors=True)
            call(TREE / "packaging/build-deb", making, timeout=1800)
            making.rename(folder)
            keep_newest("packages-*", 6)
    folder.touch()
    return folder


def wanted_packages(folder):
    return [path for name in ("virt-omen_", "libvirtomen-common_") for path in sorted(Path(folder).glob(f"{name}*.deb"))]


def install(lab, host, packages):
    """As README says: apt, and the packages' files. Returns what apt printed."""
    lab.ssh(host, "mkdir -p /root/packages")
    archive = call("tar", "-C", packages[0].parent, "-cf", lab.folder / "packages.tar", *(path.name for path in packages))
    del archive
    with open(lab.folder / "packages.tar", "rb") as file:
        lab.inside(*lab.ssh_command(host), "tar -C /root/packages -xf -", stdin=file)
    (lab.folder / "packages.tar").unlink()
    return lab.ssh(host, "cd /root/packages && DEBIAN_FRONTEND=noninteractive apt-get install -y ./*.deb 2>&1", timeout=400).stdout


def set_up(lab, host, packages):
    """What makes a booted host of the image one with the packages. Returns what apt printed."""
    said = install(lab, host, packages)
    # libvirt keeps what it found out of QEMU, which takes an emulated host most of a minute.
    lab.ssh(host, "virsh capabilities > /root/capabilities", timeout=200)
    return said


def installed_folder(image, packages):
    """Where the disk with these packages is kept, or will be."""
    digest = hashlib.sha256(str(image).encode())
    for path in packages:
        digest.update(path.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return CACHE / f"installed-{digest.hexdigest()[:16]}"


def installed_disk(image, packages):
    """The image with the packages installed on a booted host: made once for what they are."""
    folder = installed_folder(image, packages)
    with CacheLock("installed"):
        if not folder.exists():
            say("installing the packages on a booted host")
            lab = Lab("i-" + folder.name[-8:])
            lab.down()
            lab.make_namespaces(["alpha"])
            try:
                shutil.copy(image / "key", lab.folder / "key")
                lab.start_host("alpha", image, image / "root.img")
                lab.wait_booted("alpha")
                (lab.folder / "install.log").write_text(set_up(lab, "alpha", packages))
                lab.ssh("alpha", "journalctl --vacuum-time=1s -q; sync; (sleep 1; systemctl poweroff --force) &",
                        check=False)
                pid = int((lab.folder / "alpha.pid").read_text())
                wait_for("the host does not power off", lambda: lab.inside("kill", "-0", pid, check=False).returncode, 90)
                making = CACHE / "installed.new"
                shutil.rmtree(making, ignore_errors=True)
                making.mkdir()
                shutil.move(lab.folder / "alpha.qcow2", making / "root.qcow2")
                shutil.copy(lab.folder / "install.log", making)
                making.rename(folder)
            finally:
                lab.down()
            keep_newest("installed-*", 4)
    folder.touch()
    return folder / "root.qcow2"
