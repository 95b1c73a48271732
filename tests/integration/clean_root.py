# SPDX-License-Identifier: LGPL-2.1-or-later
"""A root of a freshly installed Debian, to install packages into.

Commands enter it by pivot_root in namespaces of their own, since some of what packages run does not work in a plain chroot.
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"

# Arguments: the root, then the command. It sees its own processes alone; network is the machine's.
ENTER = """
set -e
root=$1
shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mkdir -p "$root/outside"
cd "$root"
pivot_root . outside
umount --lazy /outside
rmdir /outside
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
exec "$@"
"""


class Unavailable(Exception):
    """Says why there can be no clean root here."""


class CleanRoot:
    """Taken away at the end of the with statement."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="virt-omen-root-", dir="/var/tmp"))

    def __enter__(self):
        if not shutil.which("debootstrap"):
            self.remove()
            raise Unavailable("debootstrap is not here")
        done = subprocess.run(["debootstrap", "--variant=minbase", SUITE, self.path, MIRROR],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            last = done.stdout.strip().splitlines()[-1:]
            self.remove()
            raise Unavailable(f"debootstrap fails: {''.join(last)}")
        return self

    def __exit__(self, kind, value, trace):
        self.remove()

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def run(self, *command, check=True, stdin="", timeout=600):
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
                               "sh", "-c", ENTER, "sh", self.path, *map(str, command)], input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        if check and done.returncode:
            print("".join(f"# {line}\n" for line in (done.stdout + done.stderr).splitlines()[-30:]), file=sys.stderr)
            raise AssertionError(f"{' '.join(map(str, command))}: exit status {done.returncode}")
        return done

    def file(self, path):
        """A path in the root, as seen from here."""
        return self.path / path.lstrip("/")

    def put(self, path, text, mode=0o644):
        file = self.file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
