# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains that stand still, and programs in the place of what their guests would write to their ports.

The port's socket is listened to by a program of ours: QEMU connects to it as it is told by the domain's XML, and libvirtd as it
does for virDomainOpenChannel(). So any bytes come to the daemon by the same way as a guest's, and fifty domains fit a small machine.
"""
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

import bed

FOLDER = "/run/omen-ports"
DOMAIN = """<domain type='qemu'><name>g{n}</name><uuid>600d0000-0000-4000-8000-{n:012d}</uuid><memory unit='MiB'>16</memory>
<vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<controller type='usb' model='none'/><memballoon model='none'/>
<channel type='unix'><source mode='connect' path='{folder}/g{n}'/><target type='virtio' name='org.virtomen.log.0'/></channel>
</devices></domain>"""


def frame(session, sequence, text, identifier=b"kernel", priority=3, time_us=0, version=1):
    """As in virt-omen/guest-wire.h. The text is str or bytes."""
    payload = identifier + (text.encode() if isinstance(text, str) else text)
    head = struct.pack("<4sBBHQQQQBBH", b"OMEN", version, 1, len(payload), session, sequence, time_us, 0, priority,
                       len(identifier), 0)
    return head + struct.pack("<I", zlib.crc32(payload, zlib.crc32(head))) + payload


# ---- on the host ----

class Port:
    """A port's end. The first who connects is QEMU, who is given nothing; whoever comes later is libvirtd."""

    def __init__(self, number):
        self.number = number
        self.reader = None
        self.sequence = 0
        path = f"{FOLDER}/g{number}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o777)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        qemu = self.listener.accept()
        while qemu:
            self.reader = self.listener.accept()[0]

    def say(self, text):
        self.sequence += 1
        self.reader.sendall(frame(self.number, self.sequence, text))

    def flood(self, seconds=1e9, pause=0.0):
        """Lines of words that never come again; as fast as they are taken, or with a pause after each."""
        noise = random.Random(1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.say("".join(f" {noise.choice('abcdefgh')}{noise.getrandbits(40):x}" for _ in range(12)))
                time.sleep(pause)
            except (OSError, AttributeError):
                time.sleep(0.01)


def speak(numbers):
    """Obeys the lines of standard input: "wait", "flood NUMBER [SECONDS PAUSE]", "raw NUMBER HEX" or "NUMBER TEXT"."""
    ports = {number: Port(number) for number in numbers}
    print("ready", flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "flood":
            number, *more = rest.split()
            threading.Thread(target=ports[int(number)].flood, args=[float(value) for value in more], daemon=True).start()
        elif word == "wait":
            while not all(port.reader for port in ports.values()):
                time.sleep(0.1)
        elif word == "raw":
            number, _, bytes_ = rest.partition(" ")
            ports[int(number)].reader.sendall(bytes.fromhex(bytes_))
        else:
            began = time.monotonic()
            ports[int(word)].say(rest)
            print(began, flush=True)
            continue
        print("done", flush=True)


# ---- in the test ----

class Speaker:
    """The ends of some domains' ports on the host alpha of a bed."""

    def __init__(self, hosts, numbers):
        hosts.on("alpha", "mkdir", "-p", FOLDER)
        command = [str(bed.TESTBED), "--name", hosts.name, "exec", "alpha", "--", sys.executable, os.path.abspath(__file__),
                   *map(str, numbers)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        bed.expect("the ports are there", self.process.stdout.readline() == "ready\n")

    def tell(self, line):
        """Returns what is answered: for "NUMBER TEXT" the monotonic time at which it was written."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def raw(self, number, bytes_):
        self.tell(f"raw {number} {bytes_.hex()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def make_domains(hosts, count):
    for n in range(1, count + 1):
        hosts.on("alpha", "sh", "-c", f"cat > {FOLDER}/g{n}.xml", stdin=DOMAIN.format(n=n, folder=FOLDER))
        hosts.on("alpha", "virsh", "-q", "define", f"{FOLDER}/g{n}.xml")
        hosts.on("alpha", "virsh", "-q", "start", "--paused", f"g{n}")


if __name__ == "__main__":
    speak([int(word) for word in sys.argv[1:]])
