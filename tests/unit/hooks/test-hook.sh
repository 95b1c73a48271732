#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The libvirt hook, in a folder of its own: usage test-hook.sh HOOK (built with relative places).
set -u

hook=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0
operations="prepare start started stopped release migrate restore reconnect attach"

report() { # OUTCOME NAME
    number=$((number + 1))
    if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

boot_clock() { cut -d. -f1 /proc/uptime; }

run() { # runs the hook within 5 s; its standard output goes to out, its standard error to err
    timeout 5 "$hook" "$@" > out 2> err
}

echo "1..17"

bad=0
for operation in $operations; do
    run g1 "$operation" begin - < /dev/null || bad=1
    [ ! -s out ] || bad=1
done
report $bad "without daemon and quarantine every operation passes in silence"

printf '1 %d disk of sda\n' $(($(boot_clock) + 60)) > quarantine
run g1 migrate begin - < /dev/null
report $(($? == 1 ? 0 : 1)) "an endangered host refuses an incoming migration"
grep -q 'virt-omen: .*disk of sda' err && [ ! -s out ]
report $? "it says why, on standard error alone"

bad=0
for operation in $operations; do
    [ "$operation" = migrate ] || run g1 "$operation" begin - < /dev/null || bad=1
done
report $bad "it refuses nothing else"

printf '1 %d disk of sda\nno-starts\n' $(($(boot_clock) + 60)) > quarantine
run g1 prepare begin - < /dev/null && run g1 migrate begin - < /dev/null
report $(($? == 1 ? 0 : 1)) "where the policy says so, it refuses to start a domain, too"
run g1 start begin - < /dev/null && run g1 reconnect begin - < /dev/null && run g1 release end - < /dev/null
report $? "but nothing else"

printf '1 %d disk of sda\n' $(($(boot_clock) - 1)) > quarantine
run g1 migrate begin - < /dev/null
report $? "an expired quarantine lets pass"

bad=0
for text in "" "1" "1 99999999999" "2 99999999999 x" "1 x y" "x" "1 99999999999999999999999 x"; do
    printf '%s\n' "$text" > quarantine
    run g1 migrate begin - < /dev/null || bad=1
done
head -c 5000 /dev/urandom > quarantine
run g1 migrate begin - < /dev/null || bad=1
report $bad "a garbled quarantine lets pass"

rm -f quarantine
mkfifo quarantine
run g1 migrate begin - < /dev/null
report $? "a quarantine that is a pipe does not hang it"
rm -f quarantine
mkdir quarantine
run g1 migrate begin - < /dev/null
report $? "nor does one that is a folder"
rmdir quarantine

# The host is endangered: a hook in order refuses, one in trouble lets pass.
printf '1 %d disk of sda\n' $(($(boot_clock) + 60)) > quarantine
HOOK_HANGS=1 run g1 migrate begin - < /dev/null
report $? "a file system that hangs does not hold it"
bad=0
for signal in SEGV BUS ILL FPE ABRT SYS PIPE TERM XCPU; do
    HOOK_SIGNAL=$(kill -l "$signal") run g1 migrate begin - < /dev/null || bad=1
    [ ! -s out ] || bad=1
done
report $bad "a signal makes it let pass"
rm -f quarantine

run g1 start begin - <&-
report $? "a closed standard input is no matter"
yes '<domain/>' | run g1 start begin -
report "${PIPESTATUS[1]}" "an endless standard input is no matter"

run "$(head -c 100000 /dev/zero | tr '\0' x)" start begin - < /dev/null
report $? "a monstrous name is no matter"
run < /dev/null
report $? "no arguments are no matter"

# A daemon that never reads: its queue is full, and the hook does not wait.
python3 - "$hook" << 'END'
import socket, subprocess, sys, time
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("hook.sock")
began = time.monotonic()
for _ in range(300):
    subprocess.run([sys.argv[1], "g1", "start", "begin", "-"], stdin=subprocess.DEVNULL, check=True, timeout=2)
fields = server.recv(4096).split(b"\0")
sys.exit(0 if fields == [b"1", b"g1", b"start", b"begin", b"-", b""] and time.monotonic() - began < 30 else 1)
END
report $? "a daemon that never reads does not hold it; the first datagram says what it should"
