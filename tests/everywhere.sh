#!/bin/bash
# SPDX-License-Identifier: MIT
# The two commands of the README in fresh Debian roots, each with its own compiler, libc, ss and lsof; and what
# can be tried of other processors: cross builds whose unit programs, fuzz corpora and recordings run in qemu-user.
# Not part of `make check`: it needs root, debootstrap, an apt mirror, some gigabytes and an hour.
#
#     tests/everywhere.sh [SUITE[-ARCH][/chroot]]...
#         trixie, sid, bookworm, bookworm/chroot, bookworm-i386 and bullseye unless named
#     tests/everywhere.sh arm64 s390x
#     tests/everywhere.sh kernels                  tests/kernels/run.sh, of a static build made before it
#
# A suite is run as a container is, after pivot_root(2); with /chroot as pbuilder and schroot do it, where the kernel
# makes no user namespace and "/" is no mount point. Below the table stands each test that was skipped, with its reason.
# FOLDER (build/everywhere) keeps the roots and the logs; a root that is there is used again, without
# what an earlier run left in it. MIRROR is the first one of this machine's apt unless set.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
FOLDER=$(realpath -m "${FOLDER:-build/everywhere}")
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(SITE)' | head -n 1)}

# root_of SUITE and log_of SUITE: where its system and its output are.
root_of() { echo "$FOLDER/${1%/chroot}"; }
log_of() { echo "$FOLDER/${1/\//-}.log"; }

# make_root SUITE: a minimal system.
make_root() {
	set -- "${1%/chroot}"
	[ -e "$FOLDER/$1/usr/bin/apt-get" ] && return 0
	local arch=()
	[ "${1#*-}" = "$1" ] || arch=(--arch "${1#*-}")
	mkdir -p "$FOLDER" && debootstrap --variant=minbase "${arch[@]}" "${1%%-*}" "$FOLDER/$1" "$MIRROR" >"$FOLDER/$1.debootstrap" 2>&1 &&
		# A mirror that stands still has lists that are no longer valid.
		echo 'Acquire::Check-Valid-Until "false";' >"$FOLDER/$1/etc/apt/apt.conf.d/valid"
}

# in_root SUITE COMMAND: with proc, sys and dev of its own, in a pid and mount namespace that end with it.
in_root() {
	unshare --mount --pid --fork --kill-child bash -c '
		[ "$3" = /chroot ] || mount --bind "$1" "$1" || exit 1
		mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && mount --rbind /dev "$1/dev" &&
		cp /etc/resolv.conf "$1/etc/resolv.conf" || exit 1
		clean=(/usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
			sh -c "cd /root/sockview && $2")
		[ "$3" = /chroot ] && exec chroot "$1" "${clean[@]}"
		cd "$1" && pivot_root . mnt && cd / && umount -l /mnt && exec "${clean[@]}"' \
		bash "$(root_of "$1")" "$2" "${1#"${1%/chroot}"}"
}

# The tree as it is committed or would be, where root clones: in /root, which no other user may enter.
copy_tree() {
	local home
	home=$(root_of "$1")/root
	rm -rf "$home/sockview" "$home/skipped" && mkdir -p "$home/sockview" && chmod 0700 "$home" &&
		git ls-files -z --cached --others --exclude-standard | tar -c --null -T - |
		tar -x --no-same-owner -C "$home/sockview"
}

# readme_command END: as it is told.
readme_command() {
	grep -m1 -E "^ *apt-get update .*make $1\$" README.md
}

# try_suite SUITE: a line of the table.
try_suite() {
	local log first second tests skipped peers
	log=$(log_of "$1")
	skipped=${log%.log}.skipped
	make_root "$1" && copy_tree "$1" || { echo "$1 no root: see $(root_of "$1").debootstrap"; return 1; }
	in_root "$1" "$(readme_command try)" >"$log" 2>&1
	first=$?
	in_root "$1" "export SKIPPED_TO=/root/skipped; $(readme_command '(-j2 )?check')" >>"$log" 2>&1
	second=$?
	sort "$(root_of "$1")/root/skipped" >"$skipped" 2>/dev/null
	tests=$(sed -n 's/^Files=[0-9]*, Tests=\([0-9]*\),.*/\1/p' "$log")
	peers=$(in_root "$1" 'gcc -dumpfullversion; getconf GNU_LIBC_VERSION; ss -V; lsof -v 2>&1 | sed -n "s/.*revision: \([0-9.]*\).*/lsof \1/p"' 2>&1 | paste -sd' ')
	echo "$1 first=$first check=$second tests=${tests:-none} failed=$(failed_in "$log") skipped=$(wc -l <"$skipped") ($peers)"
	[ "$first" -eq 0 ] && [ "$second" -eq 0 ]
}

# failed_in LOG: the cases that failed, and the scripts that ended otherwise than they should, of prove's summary.
failed_in() {
	sed -n 's/.* Failed: \([0-9]*\))$/\1/p' "$1" | awk '{ sum += $1 == 0 ? 1 : $1 } END { print sum + 0 }'
}

# tell_skips SUITE...: each test that was skipped, its reason, and where.
tell_skips() {
	local suite skipped
	for suite; do
		skipped=$(log_of "$suite")
		sed "s|^|$suite\t|" "${skipped%.log}.skipped" 2>/dev/null
	done | awk -F'\t' '{ where[$2] = where[$2] " " $1 } END { for (test in where) print "skipped: " test " [" substr(where[test], 2) "]" }' | sort
}

# Debian's name of a processor: its compiler's and qemu's, and the order of its bytes for tests/helpers/wire.py.
declare -A TRIPLE=([arm64]=aarch64-linux-gnu [s390x]=s390x-linux-gnu) QEMU=([arm64]=aarch64 [s390x]=s390x)
declare -A ORDER=([arm64]="<" [s390x]=">")

# libraries_for ARCH: unpacked under FOLDER/ARCH, beside this machine's and without its package manager.
libraries_for() {
	local name lists=$FOLDER/$1.lists
	local options=(-q -o APT::Architecture="$1" -o APT::Architectures="$1" -o Dir::State::lists="$lists"
		-o Dir::State::status=/dev/null -o APT::Sandbox::User=root -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
	mkdir -p "$lists/partial" "$FOLDER/$1/debs" && cd "$FOLDER/$1/debs" || return 1
	apt-get "${options[@]}" update && apt-get "${options[@]}" download libmnl0 libmnl-dev libcap2 libcap-dev libcmocka0 libcmocka-dev &&
		for name in ./*.deb; do dpkg-deb -x "$name" ..; done &&
		ln -sf "../../../lib/${TRIPLE[$1]}/libcap.so.2" "../usr/lib/${TRIPLE[$1]}/libcap.so.2"
}

# Everything but the kernel's own headers, which are the compiler's.
headers_for() {
	mkdir -p "$FOLDER/$1/include/sys" && cd "$FOLDER/$1" && cp -r usr/include/libmnl usr/include/cmocka*.h include &&
		cp usr/include/sys/capability.h include/sys
}

# try_processor ARCH: a line of the table. Tests that qemu-user cannot run (processes that look at each other) are left out.
try_processor() {
	local triple=${TRIPLE[$1]} log=$FOLDER/$1.log program failed=() count=0
	local build=$PWD/build/$1 root=$FOLDER/$1
	local emulator=(qemu-"${QEMU[$1]}"-static -L "/usr/$triple" -E "LD_LIBRARY_PATH=$root/usr/lib/$triple:$root/lib/$triple")
	(libraries_for "$1" && headers_for "$1") >"$log" 2>&1 || { echo "$1 no libraries: see $log"; return 1; }
	make -j2 PROFILE="$1" CC="$triple-gcc" DEP_CFLAGS="-I$root/include" \
		DEP_LIBS="-L$root/usr/lib/$triple -Wl,-rpath-link,$root/lib/$triple -lmnl -lcap" tests >>"$log" 2>&1 ||
		{ echo "$1 is not built: see $log"; return 1; }
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "${emulator[*]}" "$build/sockview" >"$build/sockview.emulated" && chmod +x "$build/sockview.emulated"
	for program in "$build"/tests/unit/test_*; do
		case $program in *.o | *.d | */test_owner_scene) continue ;; esac
		count=$((count + 1))
		SRCDIR=$PWD BUILD=$build CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "${emulator[@]}" "$program" >>"$log" 2>&1 || failed+=("${program##*/}")
	done
	for program in "$build"/tests/fuzz/fuzz_*; do
		case $program in *.o | *.d) continue ;; esac
		count=$((count + 1))
		timeout 300 "${emulator[@]}" "$program" tests/fuzz/corpus/"${program##*/fuzz_}" >>"$log" 2>&1 || failed+=("${program##*/}")
	done
	count=$((count + 1))
	SOCKVIEW=$build/sockview.emulated SRCDIR=$PWD BUILD=$build SAN= SOCKVIEW_BYTE_ORDER=${ORDER[$1]} \
		python3 tests/cli/replay.t >"$log.replay" 2>&1 || failed+=(replay.t)
	echo "$1 programs=$count failed=${#failed[@]} ${failed[*]} ($("$triple-gcc" -dumpfullversion), $("${emulator[0]}" --version | head -n 1))"
	[ ${#failed[@]} -eq 0 ]
}

# A line for each kernel that is booted.
try_kernels() {
	(tests/musl/libraries.sh build/musl && make -j2 dist-static) >"$FOLDER/kernels.log" 2>&1 ||
		{ echo "kernels: no static build, see $FOLDER/kernels.log"; return 1; }
	FOLDER=$FOLDER/kernels tests/kernels/run.sh
}

[ "$(id -u)" -eq 0 ] || { echo "$0: debootstrap needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: debootstrap is needed" >&2; exit 1; }
[ $# -gt 0 ] || set -- trixie sid bookworm bookworm/chroot bookworm-i386 bullseye
mkdir -p "$FOLDER" || exit 1
failed=0
for suite; do
	if [ -n "${TRIPLE[$suite]:-}" ]; then
		try_processor "$suite"
	elif [ "$suite" = kernels ]; then
		try_kernels
	else
		try_suite "$suite"
	fi || failed=$((failed + 1))
done
tell_skips "$@"
[ "$failed" -eq 0 ]
