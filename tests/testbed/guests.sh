# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The test bed's guests. Sourced by testbed.

agent() { # HOST GUEST JSON
    enter "$1" timeout 10 virsh -q qemu-agent-command --timeout 5 "$2" "$3" 2> /dev/null
}

start_disk() { # GUEST NUMBER: a network disk with a switch for I/O errors
    truncate -s 16M "$bed/$1.raw"
    enter switch nbdkit -i 10.77.0.1 -p $((10800 + $2)) -e "$1" --filter=error file "$bed/$1.raw" \
        error=EIO error-rate=100% error-file="$bed/$1.errors" 8>&-
}

network_card() { # NUMBER
    cat << END
    <interface type='bridge'>
      <mac address='52:54:00:77:00:$(printf '%02x' "$1")'/>
      <source bridge='guests'/>
      <model type='virtio'/>
    </interface>
END
}

domain_xml() { # GUEST NUMBER
    cat << END
<domain type='qemu'>
  <name>$1</name>
  <uuid>600d0000-0000-4000-8000-$(printf '%012x' "$2")</uuid>
  <memory unit='MiB'>$guest_memory</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$cache/vmlinuz</kernel>
    <initrd>$cache/initramfs</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 name=$1$([ "$guest_dirty" = 0 ] || echo " dirty=$guest_dirty")$([ "$guest_memcached" = 0 ] || echo " address=10.77.0.$((100 + $2)) memcached=$guest_memcached")</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model></cpu>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='stop'/>
      <source protocol='nbd' name='$1'><host name='10.77.0.1' port='$((10800 + $2))'/></source>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='pty'><log file='/var/log/libvirt/qemu/$1-serial.log' append='on'/><target port='0'/></serial>
    <channel type='unix'><source mode='bind'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='unix'><source mode='bind'/><target type='virtio' name='org.virtomen.log.0'/></channel>
$([ "$guest_memcached" = 0 ] || network_card "$2")
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio'/>
    <panic model='isa'/>
    <watchdog model='i6300esb' action='none'/>
  </devices>
</domain>
END
}

start_guests() { # N
    local i
    for ((i = 1; i <= $1; i++)); do
        start_disk "g$i" "$i"
        domain_xml "g$i" "$i" > "$bed/g$i.xml"
        enter alpha virsh -q define "$bed/g$i.xml" > /dev/null
        enter alpha virsh -q start "g$i" > /dev/null
    done
    for ((i = 1; i <= $1; i++)); do
        wait_until $((60 + 10 * $1)) agent_answers alpha "g$i" || { enter alpha tail -n 20 "/var/log/libvirt/qemu/g$i.log" >&2; die "the agent of g$i does not answer"; }
    done
}

agent_answers() { agent "$1" "$2" '{"execute":"guest-ping"}' > /dev/null; }

find_guest() { # prints the host where the guest runs
    local host
    for host in $(cat "$bed/hosts"); do
        process_of "$host" > /dev/null || continue
        if enter "$host" timeout 10 virsh -q list --name 2> /dev/null | grep -x "$1" > /dev/null; then
            echo "$host"
            return
        fi
    done
    return 1
}

read_counter() { # HOST GUEST: "BOOT-ID COUNT"
    local handle
    handle=$(agent "$1" "$2" '{"execute":"guest-file-open","arguments":{"path":"/run/counter"}}' | grep -o '[0-9]\+') || return 1
    agent "$1" "$2" "{\"execute\":\"guest-file-read\",\"arguments\":{\"handle\":$handle}}" |
        sed -n 's/.*"buf-b64":"\([^"]*\)".*/\1/p' | base64 -d
    agent "$1" "$2" "{\"execute\":\"guest-file-close\",\"arguments\":{\"handle\":$handle}}" > /dev/null || true
}

command_counter() {
    local json='' host boot_id count
    [ "${1:-}" != --json ] || { json=yes; shift; }
    [ -f "$bed/hosts" ] || die "test bed $TESTBED_NAME is down"
    host=$(find_guest "${1:?a guest}") || die "$1 runs nowhere"
    read -r boot_id count < <(read_counter "$host" "$1") || die "the agent of $1 on $host does not answer"
    if [ -n "$json" ]; then
        printf '{"guest": "%s", "host": "%s", "boot_id": "%s", "count": %d}\n' "$1" "$host" "$boot_id" "$count"
    else
        echo "$boot_id $count $host"
    fi
}

command_disk_errors() {
    [ -f "$bed/${1:?a guest}.raw" ] || die "there is no guest $1"
    case ${2:-} in
    on) : > "$bed/$1.errors" ;;
    off) rm -f "$bed/$1.errors" ;;
    *) usage >&2; exit 2 ;;
    esac
}
