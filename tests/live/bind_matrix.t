#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of bind() against the kernel: random pairs of sockets in a namespace of their own.
# SEED=N repeats a run, PAIRS=N makes it longer.
helper=$BUILD/tests/helpers/bind_matrix
cases=$SRCDIR/tests/live/bind_cases.txt
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
pairs=${PAIRS:-5000}

if [ "$(id -u)" = 0 ]; then enter=(unshare -n); else enter=(unshare -Urn); fi
if ! "${enter[@]}" ip link add v0 type veth peer name v1 2>/dev/null; then
	echo "1..0 # SKIP no network namespace with a veth pair to be had here"
	exit 0
fi

in_namespace() {
	"${enter[@]}" bash -e -c '
		ip link set lo up
		ip link add v0 type veth peer name v1
		ip address add 192.0.2.1/24 dev v0
		ip -6 address add 2001:db8::1/64 dev v0 nodad
		ip -6 address add fe80::1/64 dev v0 nodad
		ip link set v0 up
		ip link set v1 up
		ip route add default via 192.0.2.9
		ip -6 route add default via 2001:db8::9
		echo 1024 65000 > /proc/sys/net/ipv4/ip_local_port_range
		exec "$@"' bash "$@"
}

echo 1..3
echo "# seed $seed"
if in_namespace "$helper" --cases "$cases"; then echo "ok 1 - the kept cases"; else echo "not ok 1 - the kept cases"; fi
if in_namespace "$helper" "$seed" "$pairs"; then
	echo "ok 2 - $pairs random pairs, seed $seed"
else
	echo "not ok 2 - $pairs random pairs, seed $seed"
fi
# The program itself: what it collects, asks and tries, to its exit status.
if in_namespace "$helper" "$seed" $((pairs / 25)) "$SOCKVIEW"; then
	echo "ok 3 - $((pairs / 25)) random pairs explained by the program, seed $seed"
else
	echo "not ok 3 - $((pairs / 25)) random pairs explained by the program, seed $seed"
fi
