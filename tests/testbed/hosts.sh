# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The test bed's hosts: namespaces, network, libvirt, D-Bus and virt-omend. Sourced by testbed.

wait_until() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

make_namespaces() { # NAME ADDRESS NUMBER [STAGE]
    rm -f "$bed/$1.ready"
    setsid unshare -m -u -n -i -p -f --mount-proc --kill-child=KILL --propagation private \
        "$here/host-init" "$bed" "$@" < /dev/null > "$bed/$1.log" 2>&1 8>&- &
    local outer=$!
    wait_until 10 test -e "$bed/$1.ready" || die "$1 does not start: $(cat "$bed/$1.log")"
    note_process "$1" "$(pgrep -P "$outer" | head -n 1)"
}

make_switch() {
    make_namespaces switch 10.77.0.1 0
    # An address of its own: else it is that of a port, and changes when a host dies, and what all hold open to its
    # servers (the guests' disks) hangs until it is sent anew, up to two minutes later.
    enter switch ip link add br0 address 02:77:00:00:00:01 type bridge
    enter switch ip link set br0 up
    enter switch ip link set lo up
    enter switch ip addr add 10.77.0.1/24 dev br0
}

# An etcd at the switch's address, which is what all hosts reach; it goes with the switch.
start_store() {
    mkdir -p "$bed/etcd"
    echo http://10.77.0.1:2379 > "$bed/fleet"
    enter switch sh -c 'setsid etcd --name switch --data-dir "$1" --logger zap --log-outputs "$1.log" \
        --listen-client-urls http://10.77.0.1:2379 --advertise-client-urls http://10.77.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
        --initial-cluster switch=http://127.0.0.1:2380 > /dev/null 2>&1 < /dev/null 8>&- &' sh "$bed/etcd"
    wait_until 20 store_answers || die "etcd does not answer: $(tail -n 3 "$bed/etcd.log" 2>&1)"
}

# Its answer to an empty question, without a client of its own.
store_answers() {
    # shellcheck disable=SC2016
    enter switch bash -c 'exec 3<> /dev/tcp/10.77.0.1/2379 && printf "GET /health HTTP/1.0\r\n\r\n" >&3 && timeout 2 grep -q true <&3' \
        2> /dev/null
}

command_store() {
    [ -f "$bed/fleet" ] || die "this test bed was brought up without --fleet"
    case ${1:-} in
    stop) enter switch pkill -STOP -x etcd ;;
    continue) enter switch pkill -CONT -x etcd ;;
    kill) stop_process switch etcd KILL ;;
    start) start_store ;;
    *) usage >&2; exit 2 ;;
    esac
}

boot_host() {
    local host=$1 stage='' pid
    [ -d "$bed/stage" ] && stage=$bed/stage
    make_namespaces "$host" "$(address_of "$host")" "$(host_index "$host")" "$stage"
    pid=$(process_of "$host")
    ip_in_switch link del "to-$host" 2> /dev/null || true
    ip_in_switch link add "to-$host" type veth peer name eth0 netns "$pid"
    ip_in_switch link set "to-$host" master br0 up
    enter "$host" ip link set lo up
    enter "$host" ip addr add "$(address_of "$host")/24" dev eth0
    enter "$host" ip link set eth0 up
    join_guests "$host" "$pid"
    start_libvirtd "$host"
}

# The guests' own network: a bridge of each host's, whose cable to the switch knows no limit of rate. Where a guest went to
# the switch learns from what QEMU announces there.
join_guests() { # HOST PID
    ip_in_switch link del "guests-$1" 2> /dev/null || true
    ip_in_switch link add "guests-$1" type veth peer name eth1 netns "$2"
    ip_in_switch link set "guests-$1" master br0 up
    enter "$1" ip link add guests type bridge
    enter "$1" ip link set eth1 master guests up
    enter "$1" ip link set guests up
}

# ip in the switch's network, but with this machine's process numbers
ip_in_switch() { nsenter -t "$(process_of switch)" -n -- ip "$@"; }

start_libvirtd() {
    enter "$1" sh -c 'pgrep -x virtlogd > /dev/null || virtlogd -d -p /run/virtlogd.pid'
    enter "$1" libvirtd -d -l -p /run/libvirtd.pid
    wait_until 20 enter "$1" timeout 5 virsh -q -c qemu:///system version > /dev/null 2>&1
}

kill_host() {
    local pid
    pid=$(process_of "$1") || { rm -f "$bed/$1.pid" 2> /dev/null; return 0; }
    kill -9 "$pid"
    wait_until 10 test ! -d "/proc/$pid" || die "$1 does not die"
    rm -f "$bed/$1.pid" "$bed/$1.ready"
}

known_host() {
    host_index "${1:-}" > /dev/null
    [ -f "$bed/hosts" ] || die "test bed $TESTBED_NAME is down"
}

command_kill() {
    known_host "$@"
    kill_host "$1"
}

command_boot() {
    known_host "$@"
    ! process_of "$1" > /dev/null || die "$1 is up"
    boot_host "$1"
    [ ! -s "$bed/mode" ] || start_daemon "$1" "$(cat "$bed/mode")"
}

command_link() {
    known_host "$@"
    ip_in_switch link set "to-$1" "${2:?up or down}"
}

command_rate() {
    known_host "$@"
    local device
    for device in "to-$1"; do
        nsenter -t "$(process_of switch)" -n -- tc qdisc del dev "$device" root 2> /dev/null || true
        [ "$2" = 0 ] || nsenter -t "$(process_of switch)" -n -- tc qdisc add dev "$device" root tbf rate "${2}mbit" burst 256k latency 50ms
    done
    enter "$1" tc qdisc del dev eth0 root 2> /dev/null || true
    [ "$2" = 0 ] || enter "$1" tc qdisc add dev eth0 root tbf rate "${2}mbit" burst 256k latency 50ms
}

stop_process() { # HOST NAME SIGNAL
    enter "$1" pkill "-$3" -x "$2" || return 0
    wait_until 15 gone "$1" "$2" || die "$2 on $1 does not end"
}

gone() { ! enter "$1" pgrep -x "$2" > /dev/null; }

command_libvirtd() {
    known_host "$@"
    case ${2:-} in
    start) start_libvirtd "$1" ;;
    stop) stop_process "$1" libvirtd TERM ;;
    kill) stop_process "$1" libvirtd KILL ;;
    *) usage >&2; exit 2 ;;
    esac
}

# What is built is installed into a folder that the hosts see at its real places.
stage_daemon() {
    local build=${OMEN_BUILD_DIR:-$here/../../build}
    [ -f "$build/build.ninja" ] || meson setup "$build" "$here/../.." --prefix=/usr > "$bed/build.log" 2>&1
    ninja -C "$build" > "$bed/build.log" 2>&1 || { tail -n 20 "$bed/build.log" >&2; return 1; }
    meson install -C "$build" --no-rebuild --quiet --destdir "$bed/stage" > "$bed/install.log" 2>&1
    [ -x "$bed/stage/usr/sbin/virt-omend" ] || die "the build directory $build has another prefix than /usr: meson configure $build -Dprefix=/usr"
    mkdir -p "$bed/stage/etc"
    say "virt-omen is staged"
}

start_bus() {
    enter "$1" sh -c 'pgrep -x dbus-daemon > /dev/null' && return
    cat > "$bed/$1/bus.conf" << 'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir>
</busconfig>
END
    enter "$1" dbus-daemon --config-file="$bed/$1/bus.conf" --fork --nopidfile 2> /dev/null
    if [ -x /usr/lib/polkit-1/polkitd ]; then
        enter "$1" sh -c 'setsid /usr/lib/polkit-1/polkitd --no-debug > /var/log/polkitd.log 2>&1 < /dev/null 8>&- &'
    fi
}

write_daemon_configuration() { # HOST MODE
    local other
    {
        printf '[daemon]\nmode=%s\n' "$2"
        # The tests write the host's log as the kernel and its services would; the machine's own kernel and load are no host's.
        printf '\n[sources]\nkmsg=no\npressure=no\ntrusted_files=/var/log/syslog\n'
        for other in $(cat "$bed/hosts"); do
            [ "$other" = "$1" ] || [ -f "$bed/fleet" ] || printf '\n[destination %s]\nuri=qemu+tcp://%s/system\n' "$other" "$other"
        done
        [ ! -f "$bed/fleet" ] || printf '\n[fleet]\nendpoints=%s\nlabels=rack=%s\ntransports=tcp\n\n[evacuation]\nown_uri=qemu+tcp://%s/system\n' \
            "$(cat "$bed/fleet")" "$1" "$1"
    } | enter "$1" sh -c 'mkdir -p /etc/virt-omen/conf.d && cat > /etc/virt-omen/conf.d/10-testbed.conf'
}

start_daemon() { # HOST MODE
    case $2 in observe | advise | enforce) ;; *) die "a mode is observe, advise or enforce" ;; esac
    start_bus "$1"
    write_daemon_configuration "$1" "$2"
    enter "$1" sh -c 'setsid virt-omend >> /var/log/virt-omend.log 2>&1 < /dev/null 8>&- &'
    wait_until 20 daemon_answers "$1" || { enter "$1" tail -n 20 /var/log/virt-omend.log >&2; die "virt-omend on $1 does not come on the bus"; }
}

daemon_answers() { enter "$1" timeout 5 virt-omen status --json > /dev/null 2>&1; }

command_daemon() {
    known_host "$@"
    [ -d "$bed/stage" ] || die "this test bed was brought up without --daemon"
    case ${2:-} in
    start) gone "$1" virt-omend || die "virt-omend runs on $1 already"; start_daemon "$1" "${3:-$(cat "$bed/mode")}" ;;
    stop) stop_process "$1" virt-omend TERM ;;
    kill) stop_process "$1" virt-omend KILL ;;
    *) usage >&2; exit 2 ;;
    esac
}
