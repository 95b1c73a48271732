#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The shells' completions offer what there is. Usage: test-completion.sh VIRT-OMEN SOURCE-ROOT
set -u

tool=$(realpath "$1") root=$2
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
ln -s "$tool" "$bin/virt-omen"
export PATH=$bin:$PATH OMEN_BUS_ADDRESS=unix:path=/nonexistent
number=0

check() { # WHAT STATUS
    number=$((number + 1))
    if [ "$2" -eq 0 ]; then echo "ok $number - $1"; else echo "not ok $number - $1"; fi
}

complete_bash() { # WORD...: the last is being typed
    bash -c 'source "$0/data/completions/virt-omen.bash"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _virt_omen
        printf "%s\n" "${COMPREPLY[@]}"' "$root" "$@" 2>&1
}

echo 1..6
[ "$(complete_bash virt-omen evac | sort | tr '\n' ' ')" = "evacuate evacuations " ]
check "bash: commands" $?
complete_bash virt-omen replay --ht | grep -qx -- --html
check "bash: options" $?
[ "$(complete_bash virt-omen mode e)" = enforce ]
check "bash: modes" $?
[ -z "$(complete_bash virt-omen approve '' | grep -i error)" ]
check "bash: no daemon is no noise" $?
[ "$(complete_bash virt-omen parse --format sy)" = syslog ]
check "bash: formats" $?
if command -v zsh > /dev/null; then
    zsh -n "$root/data/completions/_virt-omen"
    check "zsh: it can be read" $?
else
    echo "ok 6 - zsh # SKIP zsh is not here"
fi
