#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A release is built from its tag, and from no tag whose files name another version. Usage: test-release.py SOURCE-ROOT"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

ROOT = pathlib.Path(sys.argv[1])
FILES = {
    "meson.build": "project('virt-omen', 'c',\n  version: '1.2.3',\n)\n",
    "packaging/deb/changelog": "virt-omen (1.2.3) unstable; urgency=medium\n",
    "packaging/rpm/virt-omen.spec": "Version:        1.2.3\n",
    "NEWS.md": "# News\n\n## 1.2.3 (2026-01-02)\n",
}
# In the tree of the test they say what tree they were called from.
BUILDER = '#!/bin/sh\ncp meson.build "$1/built.{0}"\ntouch "$1/build-{0}.log"\n'


class Tree:
    """A tree with a release's files; taken away at the end of the with statement."""

    def __init__(self, changed=None):
        self.files = FILES | (changed or {})

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="virt-omen-release-"))
        self.path = self.folder / "tree"
        self.put(self.files | {"packaging/build-deb": BUILDER.format("deb"), "packaging/build-rpm": BUILDER.format("rpm"),
                               "packaging/build-release": (ROOT / "packaging/build-release").read_text()})
        self.git("init", "-q")
        self.commit()
        self.git("tag", "v1.2.3")
        return self

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.folder)

    def put(self, files):
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o755)

    def git(self, *command):
        subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-C", self.path, *command], check=True,
                       capture_output=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "a state")

    def release(self, tag="v1.2.3"):
        return subprocess.run([self.path / "packaging/build-release", tag, self.folder / "out"], capture_output=True, text=True, check=False)


def test_built_from_the_tag():
    with Tree() as tree:
        tree.put({"meson.build": "changed since\n"})
        done = tree.release()
        assert done.returncode == 0, done.stderr
        out = tree.folder / "out"
        assert "version: '1.2.3'" in (out / "built.deb").read_text(), "what was built is not what was tagged"
        assert not list(out.glob("*.log"))
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=out, check=True, capture_output=True)
        names = {line.split()[1] for line in (out / "SHA256SUMS").read_text().splitlines()}
        assert {"built.deb", "virt-omen-1.2.3.tar.xz"} <= names, names
        listed = subprocess.run(["tar", "--list", "--file", out / "virt-omen-1.2.3.tar.xz"], check=True, capture_output=True, text=True).stdout
        assert "virt-omen-1.2.3/NEWS.md" in listed.split(), listed


def test_refused():
    for changed, word in (({"meson.build": "  version: '1.2.4',\n"}, "meson.build"),
                          ({"packaging/deb/changelog": "virt-omen (1.2.2) unstable;\n"}, "changelog"),
                          ({"packaging/deb/changelog": "virt-omen (1.2.3) UNRELEASED;\n"}, "UNRELEASED"),
                          ({"packaging/rpm/virt-omen.spec": "Version: 1.2\n"}, "virt-omen.spec"),
                          ({"NEWS.md": "## 1.2.3 (unreleased)\n"}, "NEWS.md")):
        with Tree(changed) as tree:
            done = tree.release()
            assert done.returncode == 1 and word in done.stderr, (changed, done)
            assert not (tree.folder / "out" / "SHA256SUMS").exists()


def test_no_such_tag():
    with Tree() as tree:
        for tag, word in (("v9.9.9", "git tag"), ("main", "form"), ("v1.2.3-rc1", "form")):
            done = tree.release(tag)
            assert done.returncode == 1 and word in done.stderr, done


def test_this_tree_names_one_version():
    version = re.search(r"^  version: '([^']+)'", (ROOT / "meson.build").read_text(), re.M)[1]
    assert (ROOT / "packaging/deb/changelog").read_text().startswith(f"virt-omen ({version}) ")
    spec = (ROOT / "packaging/rpm/virt-omen.spec").read_text()
    assert re.search(rf"^Version: *{re.escape(version)}$", spec, re.M)
    assert f" - {version}-1\n" in spec[spec.index("%changelog"):]
    assert re.search(rf"^## {re.escape(version)} \(", (ROOT / "NEWS.md").read_text(), re.M)


if __name__ == "__main__":
    if not shutil.which("git"):
        print("1..0 # SKIP git is not here")
        sys.exit(0)
    sys.exit(tap.run([test_built_from_the_tag, test_refused, test_no_such_tag, test_this_tree_names_one_version]))
