# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages of the npm registry, beside the build; the tests skip where they can't be had."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import bed  # pylint: disable=wrong-import-position


def bring(folder, packages, node_version):
    """Installs the packages there, once; skips all where npm, such a Node.js or the registry is missing."""
    npm, node = bed.which("npm"), bed.which("node")
    if not npm or not node:
        bed.skip_all("npm and Node.js are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < node_version:
        bed.skip_all(f"{packages[0]} needs Node.js {node_version}, here is {version}")
    done = folder / ".brought"
    if done.exists():
        return
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}\n')
    for package in packages:
        came = subprocess.run([npm, "install", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", package],
                              cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        if came.returncode:
            bed.skip_all(f"npm does not bring {package}: {came.stderr.strip().splitlines()[-1:]}")
    done.touch()
