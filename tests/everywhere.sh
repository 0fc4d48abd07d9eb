#!/bin/bash
# The two commands of the README in fresh Debian roots, each with its own compiler, libc, ss and lsof.
# Not part of `make check`: it needs root, debootstrap, an apt mirror, some gigabytes and an hour.
#
#     tests/everywhere.sh [SUITE[-ARCH]]...        bookworm, trixie, sid, bullseye and bookworm-i386 unless named
#
# FOLDER (build/everywhere) keeps the roots and the logs; a root that is there is used again, without
# what an earlier run left in it. MIRROR is the first one of this machine's apt unless set.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
FOLDER=$(realpath -m "${FOLDER:-build/everywhere}")
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(SITE)' | head -n 1)}

# make_root SUITE: a minimal system under FOLDER/SUITE.
make_root() {
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
		mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && mount --rbind /dev "$1/dev" &&
		cp /etc/resolv.conf "$1/etc/resolv.conf" || exit 1
		exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
			sh -c "cd /root/sockview && $2"' bash "$FOLDER/$1" "$2"
}

# The tree as it is committed or would be, where root clones: in /root, which no other user may enter.
copy_tree() {
	rm -rf "$FOLDER/$1/root/sockview" && mkdir -p "$FOLDER/$1/root/sockview" && chmod 0700 "$FOLDER/$1/root" &&
		git ls-files -z --cached --others --exclude-standard | tar -c --null -T - |
		tar -x --no-same-owner -C "$FOLDER/$1/root/sockview"
}

# readme_command END: as it is told.
readme_command() {
	grep -m1 -E "^ *apt-get update .*make $1\$" README.md
}

# try_suite SUITE: a line of the table; the output is in FOLDER/SUITE.log.
try_suite() {
	local log=$FOLDER/$1.log first second tests peers
	make_root "$1" && copy_tree "$1" || { echo "$1 no root: see $FOLDER/$1.debootstrap"; return 1; }
	in_root "$1" "$(readme_command try)" >"$log" 2>&1
	first=$?
	in_root "$1" "$(readme_command '(-j2 )?check')" >>"$log" 2>&1
	second=$?
	tests=$(sed -n 's/^Files=[0-9]*, Tests=\([0-9]*\),.*/\1/p' "$log")
	peers=$(in_root "$1" 'gcc -dumpfullversion; getconf GNU_LIBC_VERSION; ss -V; lsof -v 2>&1 | sed -n "s/.*revision: \([0-9.]*\).*/lsof \1/p"' 2>&1 | paste -sd' ')
	echo "$1 first=$first check=$second tests=${tests:-none} failed=$(grep -c '^not ok' "$log") ($peers)"
	[ "$first" -eq 0 ] && [ "$second" -eq 0 ]
}

[ "$(id -u)" -eq 0 ] || { echo "$0: debootstrap needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: debootstrap is needed" >&2; exit 1; }
[ $# -gt 0 ] || set -- bookworm trixie sid bullseye bookworm-i386
failed=0
for suite; do
	try_suite "$suite" || failed=$((failed + 1))
done
[ "$failed" -eq 0 ]
