# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for virt-omen. Commands and options are asked of the program itself.

_virt_omen_words() { # KIND of things that are there now
    virt-omen complete "$1" 2> /dev/null
}

_virt_omen_arguments() { # COMMAND: what its arguments can be
    case $1 in
    approve) _virt_omen_words proposed-omens ;;
    clear) _virt_omen_words open-omens ;;
    accept | confirm | dismiss | explain) _virt_omen_words omens ;;
    cancel) _virt_omen_words evacuations ;;
    evacuate | plan) _virt_omen_words running-domains ;;
    return) _virt_omen_words domains ;;
    drain | undrain) _virt_omen_words hosts ;;
    accepted) printf '%s\n' host; _virt_omen_words domains ;;
    mode) printf '%s\n' observe advise enforce ;;
    normal) printf '%s\n' host forget; _virt_omen_words domains ;;
    config) printf '%s\n' check show ;;
    esac
}

_virt_omen() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local words
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="$(virt-omen --help | sed -n 's/^  \([a-z-][a-z-]*\) .*/\1/p') --help --version --bus"
    elif [ "$previous" = --to ]; then
        words=$(_virt_omen_words destinations)
    elif [ "$previous" = --format ]; then
        words="auto plain syslog iso rfc5424 kmsg journal keys"
    elif [ "$previous" = --domain ]; then
        words=$(_virt_omen_words domains)
    elif [ "$previous" = --omen ]; then
        words=$(_virt_omen_words omens)
    elif [ "$previous" = --class ]; then
        words=$(_virt_omen_words classes)
    elif [ "$previous" = --judge ]; then
        words="embedded always never"
    elif [[ $current == -* ]]; then
        words=$(virt-omen "$command" --help 2> /dev/null | grep -o -- '--[a-z][a-z0-9-]*')
    else
        words=$(_virt_omen_arguments "$command")
    fi
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2> /dev/null
    fi
}

complete -F _virt_omen virt-omen
