#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirtomen as others meet it: installed, through pkg-config, with the public functions and no others."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

library, source, build = (Path(argument) for argument in sys.argv[1:4])
data = source / "tests/data"


def output(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def declared(text):
    """The functions that a header declares."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"(?m)^#(?:.*\\\n)*.*$", "", text)
    text = re.sub(r"typedef[^;{]*\(\*?\w+\)\s*\([^;]*;", "", text)
    functions = set(re.findall(r"\b(omen_\w+)\s*\(", text))
    return functions | {name + "_get_type" for name in re.findall(r"G_DECLARE_\w+\(\w+,\s*(\w+)", text)}


class Stage:
    """The tree as installed, below a folder."""

    def __init__(self, folder):
        self.root = Path(folder)
        subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", self.root],
                       check=True, stdout=subprocess.DEVNULL)
        description, = self.root.rglob("libvirtomen.pc")
        prefix = re.search(r"(?m)^prefix=(.*)$", description.read_text())[1]
        self.prefix = self.root / prefix.lstrip("/")
        description.write_text(re.sub(r"(?m)^prefix=.*$", f"prefix={self.prefix}", description.read_text()))
        self.environment = {**os.environ, "PKG_CONFIG_PATH": str(description.parent),
                            "LD_LIBRARY_PATH": str(next(self.root.rglob("libvirtomen.so")).parent),
                            "KNOWLEDGE": str(self.prefix / "share/virt-omen/knowledge")}

    def headers(self):
        return sorted((self.prefix / "include/virt-omen").glob("*.h"))

    def compile(self, text_file, *arguments):
        flags = output("pkg-config", "--cflags", "--libs", "libvirtomen", env=self.environment).split()
        return subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *arguments, text_file,
                               *flags], env=self.environment, stderr=subprocess.STDOUT, stdout=subprocess.PIPE,
                              text=True)


def test_exports(stage):
    lines = output("nm", "-D", "--defined-only", library).splitlines()
    exported = {line.split()[-1] for line in lines if line.split()[1] in "TDBRV"}
    names = {name.split("@")[0] for name in exported}
    public = set().union(*(declared(header.read_text()) for header in stage.headers()))
    assert len(public) > 40, public
    assert names == public, f"daemon/libvirtomen.map: missing {public - names}, too many {names - public}"
    unversioned = {name for name in exported if "@@LIBVIRTOMEN_" not in name}
    assert not unversioned, unversioned


def test_purity(_stage):
    needed = set(re.findall(r"NEEDED\).*\[(.*)\]", output("readelf", "-d", library)))
    foreign = {name for name in needed if not re.match(r"lib(glib-2\.0|gobject-2\.0|m|c)\.so|ld-linux", name)}
    assert not foreign, foreign


def test_headers_alone(stage):
    program = stage.root / "alone.c"
    for header in stage.headers():
        program.write_text(f"#include <virt-omen/{header.name}>\nint main(void) {{ return 0; }}\n")
        done = stage.compile(program, "-o", "/dev/null")
        assert done.returncode == 0, done.stdout


def test_example(stage):
    program = stage.root / "foretell"
    done = stage.compile(source / "docs/examples/foretell.c", "-o", program)
    assert done.returncode == 0, done.stdout
    told = output(program, env=stage.environment, input=(data / "host-life.log").read_text())
    assert told == "", told
    told = output(program, env=stage.environment, input=(data / "host-life.log").read_text() +
                  (data / "disk-dies.log").read_text())
    assert re.search(r"(?m)^[01]\.\d\d disk: ", told), told


def main():
    sanitised = "__asan_init" in output("nm", "-D", library)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)

        def bind(test):
            def bound():
                if not shutil.which("cc"):
                    raise tap.Skip("there is no cc")
                if sanitised and test is not test_exports:
                    raise tap.Skip("a library with sanitizers is not what others link")
                test(stage)
            bound.__name__ = test.__name__
            return bound

        return tap.run([bind(test) for test in (test_exports, test_purity, test_headers_alone, test_example)])


sys.exit(main())
