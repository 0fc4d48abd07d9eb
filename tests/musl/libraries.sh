#!/bin/bash
# SPDX-License-Identifier: MIT
# What a build by musl-gcc takes and Debian does not package: libcap, cmocka and libmnl as static libraries
# in FOLDER/lib, with their headers and the kernel's in FOLDER/include.
#
#     tests/musl/libraries.sh FOLDER
#
# libcap and cmocka are built of Debian 12's source packages. libmnl is Debian 13's libmnl.a: the mirrors
# tried have lost its source (every .tar.bz2), and of glibc it needs no more than fortify.c brings.
set -euo pipefail
folder=$(realpath -m "$1")
cd "$(dirname "$0")"
source=$folder/source
mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)}
mkdir -p "$folder/lib" "$folder/include/sys" "$source"

# apt_of SUITE SUBCOMMAND...: apt-get with SUITE's lists alone, which are kept in FOLDER.
apt_of() {
	local lists=$folder/lists.$1
	local options=(-q -o "Dir::Etc::sourcelist=$lists.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$lists"
		-o APT::Sandbox::User=root)
	if [ ! -d "$lists" ]; then
		printf "%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main\n" deb deb-src >"$lists.list"
		mkdir -p "$lists/partial"
		apt-get "${options[@]}" update
	fi
	apt-get "${options[@]}" "${@:2}"
}

# source_of PACKAGE: unpacked to source/PACKAGE.
source_of() {
	[ -d "$source/$1" ] && return 0
	cd "$source"
	apt_of bookworm source --download-only "$1"
	dpkg-source --no-check -x "$1"_*.dsc "$1"
	cd "$OLDPWD"
}

kernel_headers() {
	ln -sfn /usr/include/linux /usr/include/asm-generic "/usr/include/$(gcc -print-multiarch)/asm" "$folder/include"
}

libcap() {
	source_of libcap2
	make -s -C "$source/libcap2/libcap" libcap.a CC="musl-gcc -idirafter $folder/include" BUILD_CC=cc SHARED=no
	cp "$source/libcap2/libcap/libcap.a" "$folder/lib"
	cp "$source/libcap2/libcap/include/sys/capability.h" "$folder/include/sys"
}

cmocka() {
	local have=(INTTYPES_H SIGNAL_H STRINGS_H MALLOC_H STRUCT_TIMESPEC CLOCK_REALTIME GCC_THREAD_LOCAL_STORAGE STRSIGNAL)
	source_of cmocka
	musl-gcc -O1 -fPIE -w -D_GNU_SOURCE "${have[@]/#/-DHAVE_}" -I"$source/cmocka/include" \
		-c "$source/cmocka/src/cmocka.c" -o "$source/cmocka.o"
	ar rcs "$folder/lib/libcmocka.a" "$source/cmocka.o"
	cp "$source/cmocka/include/cmocka.h" "$folder/include"
}

libmnl() {
	(cd "$source" && apt_of trixie download libmnl-dev && dpkg-deb -x libmnl-dev_*.deb libmnl)
	musl-gcc -O2 -fPIE -c fortify.c -o "$source/fortify.o"
	cp "$source"/libmnl/usr/lib/*/libmnl.a "$folder/lib"
	ar rs "$folder/lib/libmnl.a" "$source/fortify.o"
	cp -r "$source/libmnl/usr/include/libmnl" "$folder/include"
}

kernel_headers
libcap
cmocka
libmnl
