#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages, built from the tree, and clean for lintian and rpmlint. Debian's are installed, upgraded, removed and purged in a
clean root where an operator has hooks of his own; the RPM ones are installed and erased there."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "unit"))
import tap  # noqa: E402
from clean_root import CleanRoot, Unavailable  # noqa: E402

TREE = Path(__file__).resolve().parent.parent.parent
DATA = TREE / "tests/data"
OWN_HOOKS = {"/etc/libvirt/hooks/qemu": "#!/bin/sh\n# the operator's\nexit 0\n",
             "/etc/libvirt/hooks/qemu.d/10-own": "#!/bin/sh\nexit 0\n"}
HOOK = "/etc/libvirt/hooks/qemu.d/50-virt-omen"
STATE = "/var/lib/virt-omen/state.db"
RPM_NAMES = ("virt-omen", "virt-omen-guest", "libvirtomen", "libvirtomen-data", "libvirtomen-devel",
             "cockpit-virt-omen")
UPDATE_HELPER = "/usr/lib/systemd/systemd-update-helper"
OWN_SETTING = "[daemon]\nmode=observe\n"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


class Packages:
    """What build-deb made, and the same as a later version."""

    def __init__(self, folder):
        self.folder = folder
        subprocess.run([TREE / "packaging/build-deb", folder], check=True, stdout=subprocess.DEVNULL)
        self.first = [file for file in folder.glob("*.deb") if "dbgsym" not in file.name]
        self.later = [self.bump(file) for file in self.first]

    def bump(self, package):
        """The package again, of a later version."""
        content = self.folder / "content"
        output("dpkg-deb", "-R", package, content)
        control = content / "DEBIAN/control"
        version = output("dpkg-deb", "-f", package, "Version").strip()
        control.write_text(control.read_text().replace(version, version + "+later"))
        later = self.folder / "later" / package.name.replace(version, version + "+later")
        later.parent.mkdir(exist_ok=True)
        output("dpkg-deb", "--root-owner-group", "-b", content, later)
        shutil.rmtree(content)
        return later


def install(root, packages):
    folder = root.file("/packages")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for package in packages:
        shutil.copy(package, folder)
    # The development files need GLib's, which are large; the library's own test uses those of the tree.
    names = [f"/packages/{package.name}" for package in packages if "-dev_" not in package.name]
    root.run("apt-get", "install", "-y", "-q", "--no-install-recommends", *names)


def expect_own_hooks(root):
    for path, text in OWN_HOOKS.items():
        assert root.file(path).read_text() == text, path


def test_names(packages, _root):
    names = {file.name.split("_")[0] for file in packages.first}
    assert {"virt-omen", "libvirtomen0", "libvirtomen-common", "libvirtomen-dev", "virt-omen-guest", "cockpit-virt-omen"} <= names, names


def test_install(packages, root):
    for path, text in OWN_HOOKS.items():
        root.put(path, text, 0o755)
    install(root, packages.first)
    expect_own_hooks(root)
    assert os.access(root.file(HOOK), os.X_OK)
    assert re.search(r"(?m)^virt-omen:", root.file("/etc/group").read_text())
    wanted = root.file("/etc/systemd/system/multi-user.target.wants/virt-omend.service")
    alias = root.file("/etc/systemd/system/dbus-org.virtomen1.service")
    assert wanted.is_symlink() and alias.is_symlink()


def test_programs(_packages, root):
    assert "valid" in root.run("virt-omend", "--check").stdout
    assert root.run("virt-omen", "--version").stdout.startswith("virt-omen ")
    told = root.run("virt-omen", "judge", "-", stdin=(DATA / "disk-dies.log").read_text()).stdout
    assert re.search(r"(?m)^0\.9\d*\tdisk\tdevice\t", told), told


def test_hardening(_packages, root):
    """Programs can be put anywhere in memory, resolve symbols before they run, and check stack, buffers and branches."""
    for program in ("/usr/sbin/virt-omend", "/usr/bin/virt-omen"):
        file = root.file(program)
        head, dynamic = (output("readelf", "-W", option, file) for option in ("-h", "-dl"))
        symbols = output("readelf", "-W", "--dyn-syms", file)
        assert re.search(r"Type: +DYN", head), f"{program} is not position-independent"
        assert "GNU_RELRO" in dynamic and re.search(r"FLAGS.* (BIND_)?NOW", dynamic), f"{program} lacks full RELRO"
        assert "__stack_chk_fail" in symbols, f"{program} lacks the stack protector"
        assert re.search(r"__\w+_chk@", symbols), f"{program} lacks _FORTIFY_SOURCE"
        # The linker's note of it needs a C library that was built so, which Debian's is not.
        if "X86-64" in head:
            assert output("objdump", "-d", file).count("endbr64") > 100, f"{program} lacks control-flow protection"


def test_library(packages, root):
    """A program that was built with libvirtomen-dev runs with libvirtomen0."""
    development = packages.folder / "development"
    for package in packages.first:
        if package.name.startswith(("libvirtomen-dev_", "libvirtomen0_")):
            output("dpkg-deb", "-x", package, development)
    library, = development.rglob("libvirtomen.so")
    flags = output("pkg-config", "--cflags", "--libs", "gobject-2.0").split()
    example = next(development.rglob("foretell.c"))
    output("cc", example, "-o", root.file("/usr/local/bin/foretell"), f"-I{development}/usr/include",
           f"-L{library.parent}", "-lvirtomen", *flags)
    told = root.run("/usr/local/bin/foretell", stdin=(DATA / "host-life.log").read_text() + (DATA / "disk-dies.log").read_text()).stdout
    assert re.search(r"(?m)^[01]\.\d\d disk: ", told), told


def call_hook(root, hook=HOOK):
    return root.run(hook, "guest", "migrate", "begin", "-", stdin="<domain/>", check=False)


def test_forwarder(_packages, root):
    """It runs where nothing else of virt-omen is, and says what it lacks."""
    done = root.run("/usr/libexec/virt-omen/virt-omen-forward", "--help")
    assert "--port" in done.stdout, done
    linked = subprocess.run(["ldd", root.file("/usr/libexec/virt-omen/virt-omen-forward")], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True).stdout
    assert "not a dynamic executable" in linked, linked


def test_hook(_packages, root, hook=HOOK):
    # One program that runs no other: what libvirtd's AppArmor profile allows a hook.
    assert root.file(hook).read_bytes()[:4] == b"\x7fELF"
    calls = re.findall(r"\b(\w*(?:exec|spawn|fork|popen|system)\w*)", output("nm", "-D", "--undefined-only", root.file(hook)))
    assert calls == [], calls
    root.file("/run/virt-omen/quarantine").unlink(missing_ok=True)
    done = call_hook(root, hook)
    assert done.returncode == 0 and done.stdout == "", done
    # Some 30 years of boot clock.
    root.put("/run/virt-omen/quarantine", "1 1000000000 the disk sda loses data\n")
    done = call_hook(root, hook)
    assert done.returncode == 1 and done.stdout == "" and "loses data" in done.stderr, done


def test_upgrade(packages, root):
    root.put("/etc/virt-omen/conf.d/own.conf", OWN_SETTING)
    root.put("/etc/virt-omen/virt-omen.conf", "# the operator's\n")
    root.put(STATE, "what was learnt")
    install(root, packages.later)
    assert "+later" in root.run("dpkg-query", "-W", "virt-omen").stdout
    assert root.file("/etc/virt-omen/conf.d/own.conf").read_text() == OWN_SETTING
    assert root.file("/etc/virt-omen/virt-omen.conf").read_text() == "# the operator's\n"
    assert root.file(STATE).read_text() == "what was learnt"
    expect_own_hooks(root)


def test_remove(_packages, root):
    root.run("apt-get", "remove", "-y", "-q", "virt-omen", "cockpit-virt-omen")
    assert not root.file("/usr/sbin/virt-omend").exists()
    assert root.file("/etc/virt-omen/virt-omen.conf").exists() and root.file(STATE).exists()
    # The hook is configuration, and stays: alone it must let everything pass.
    done = call_hook(root)
    assert done.returncode == 0 and done.stdout == "", done
    expect_own_hooks(root)


def test_purge(_packages, root):
    root.file("/etc/virt-omen/conf.d/own.conf").unlink()
    root.run("apt-get", "purge", "-y", "-q", "virt-omen", "virt-omen-guest", "libvirtomen0", "libvirtomen-common")
    left = root.run("find", "/etc", "/usr", "/var", "/run", "-name", "*virt*omen*", "-not", "-path", "/var/log/*", "-not",
                    "-path", "/var/lib/dpkg/*").stdout
    assert left == "", left
    assert not root.file(HOOK).exists()
    expect_own_hooks(root)


def rpm(root, *arguments):
    """rpm of outside, on the root: its scriptlets run inside. Debian's packages are no dependencies that it knows."""
    return output("rpm", "--root", root.path, "--nodeps", *arguments)


def test_rpm_install(packages, root):
    if not shutil.which("rpmbuild") or not shutil.which("rpmlint"):
        raise tap.Skip("rpmbuild or rpmlint is not here")
    folder = packages.folder / "rpm"
    subprocess.run([TREE / "packaging/build-rpm", folder], check=True, stdout=subprocess.DEVNULL)
    # Debian's systemd comes without what the scriptlets call: one that notes it down.
    root.put(UPDATE_HELPER, '#!/bin/sh\necho "$*" >> /run/helper-calls\n', 0o755)
    rpm(root, "-i", *(file for file in folder.glob("*.rpm") if ".src." not in file.name))
    changed = rpm(root, "-V", *RPM_NAMES)
    assert changed == "", changed
    calls = set(root.file("/run/helper-calls").read_text().splitlines())
    assert calls == {"install-system-units virt-omend.service", "install-system-units virt-omen-forward.service"}, calls
    test_programs(packages, root)
    # SELinux' policy may refuse it, and with it every domain: it waits for an operator.
    assert not root.file(HOOK).exists()
    test_hook(packages, root, "/usr/libexec/virt-omen/50-virt-omen")
    expect_own_hooks(root)


def test_rpm_erase(packages, root):
    if not (packages.folder / "rpm").exists():
        raise tap.Skip("there are no RPM packages")
    root.put("/etc/virt-omen/virt-omen.conf", OWN_SETTING)
    rpm(root, "-e", *RPM_NAMES)
    assert not root.file("/usr/sbin/virt-omend").exists()
    assert not root.file(HOOK).exists()
    assert "remove-system-units virt-omend.service\n" in root.file("/run/helper-calls").read_text()
    assert root.file("/etc/virt-omen/virt-omen.conf.rpmsave").read_text() == OWN_SETTING
    expect_own_hooks(root)


def main():
    tests = [test_names, test_install, test_programs, test_hardening, test_library, test_forwarder, test_hook, test_upgrade, test_remove, test_purge,
             test_rpm_install, test_rpm_erase]
    if os.getuid() != 0:
        print("1..0 # SKIP a clean root needs root")
        return 0
    if not shutil.which("dpkg-buildpackage") or not shutil.which("lintian"):
        print("1..0 # SKIP Debian's tools are not here")
        return 0
    try:
        with tempfile.TemporaryDirectory() as folder, CleanRoot() as root:
            packages = Packages(Path(folder))

            def bind(test):
                def bound():
                    test(packages, root)
                bound.__name__ = test.__name__
                return bound

            return tap.run([bind(test) for test in tests])
    except Unavailable as reason:
        print(f"1..0 # SKIP {reason}")
        return 0


sys.exit(main())
