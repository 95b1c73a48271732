# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the parts of the test bed share. Sourced; needs TESTBED_NAME.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bed=${TMPDIR:-/tmp}/virt-omen-testbed/$TESTBED_NAME
cache=${XDG_CACHE_HOME:-/var/cache}/virt-omen-testbed
all_hosts=(alpha beta gamma delta)

say() { printf '%6.1f s  %s\n' "$(awk -v now="$(date +%s.%N)" -v began="$began" 'BEGIN { print now - began }')" "$*"; }
die() { printf 'testbed: %s\n' "$*" >&2; exit 1; }
skip() { printf 'testbed: %s\n' "$*" >&2; exit 77; }

host_index() { # alpha is 1
    local i
    for i in "${!all_hosts[@]}"; do
        [ "${all_hosts[$i]}" = "$1" ] && { echo $((i + 1)); return; }
    done
    die "there is no host named $1; there are: ${all_hosts[*]}"
}

address_of() { echo "10.77.0.$((10 + $(host_index "$1")))"; }

# A process is ours if it lives since the moment that was noted: numbers are used again.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d' ' -f20; }
note_process() { echo "$2 $(start_time "$2")" > "$bed/$1.pid"; }
process_of() { # prints the pid, or fails
    local pid since
    read -r pid since 2> /dev/null < "$bed/$1.pid" || return 1
    [ -n "$since" ] && [ "$(start_time "$pid")" = "$since" ] && echo "$pid"
}

# Runs a command in a part's namespaces ("switch" or a host), and in its root: where this runs in a chroot, entering the
# mounts alone would leave that for the machine's own root, with another release's programs and configuration.
enter() {
    local part=$1 pid
    shift
    pid=$(process_of "$part") || die "$part is not up"
    nsenter -t "$pid" -m -u -n -i -p --root --wd -- "$@"
}
