#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What operators take into their own tools: the mail example, and the Ansible role.

Usage: test-operators.py VIRT-OMEN SOURCE-ROOT
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

tool, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
EXAMPLES = root / "docs" / "examples"


def mail(**fields):
    """What the example gives to sendmail."""
    with tempfile.TemporaryDirectory() as folder:
        sendmail = Path(folder) / "sendmail"
        sendmail.write_text(f"#!/bin/sh\necho \"$@\" > {folder}/arguments\ncat > {folder}/mail\n")
        sendmail.chmod(0o755)
        subprocess.run([EXAMPLES / "mail-omens", "admin@example.org"], check=True,
                       env={"PATH": os.environ["PATH"], "SENDMAIL": str(sendmail), **fields})
        letter = Path(folder) / "mail"
        return letter.read_text() if letter.exists() else None


def test_mail_of_an_omen():
    letter = mail(OMEN_EVENT="omen-raised", OMEN_ID="7", OMEN_CLASS="disk", OMEN_DEVICE="sda", OMEN_PROBABILITY="0.99",
                  OMEN_REASON="the medium of sda loses data: $(touch /tmp/x) `id`", OMEN_ACTION="proposed")
    head, body = letter.split("\n\n", 1)
    assert "To: admin@example.org" in head and "omen 7 on" in head, head
    assert "the medium of sda loses data: $(touch /tmp/x) `id`" in body, body
    assert "virt-omen explain 7" in body, body


def test_no_mail_of_each_change():
    assert mail(OMEN_EVENT="omen-changed", OMEN_ID="7") is None


def ansible(*words):
    if not shutil.which("ansible"):
        raise tap.Skip("ansible is not here")
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(words, cwd=EXAMPLES / "ansible", check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env={**os.environ, "HOME": home, "ANSIBLE_LOCAL_TEMP": home,
                                              "ANSIBLE_REMOTE_TEMP": home, "LC_ALL": "C.UTF-8"}).stdout


def test_playbook_is_well_formed():
    ansible("ansible-playbook", "-i", "hosts.ini", "--syntax-check", "site.yml")


def test_role_writes_a_valid_configuration():
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "virt-omen.conf"
        ansible("ansible", "-i", "hosts.ini", "alpha.example.org", "-c", "local", "-m", "template",
                "-a", f"src=roles/virt_omen/templates/site.conf.j2 dest={out}", "-e", "@roles/virt_omen/defaults/main.yml",
                "-e", "virt_omen_mode=enforce")
        said = subprocess.run([tool, "config", "check", out], check=True, stdout=subprocess.PIPE, text=True).stdout
        written = out.read_text()
    assert "mode enforce, 1 destinations" in said, said
    assert "own_uri=qemu+tls://alpha.example.org/system" in written, written
    assert "[destination beta]" in written and "[destination alpha]" not in written, written


sys.exit(tap.run([test_mail_of_an_omen, test_no_mail_of_each_change, test_playbook_is_well_formed,
                  test_role_writes_a_valid_configuration]))
