#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's kernels, booted by qemu (software emulation) with a scene of sockets and the static sockview; with
# their diag modules and without. Not part of `make check`: it needs root and an apt mirror.
#
#     tests/kernels/run.sh [SUITE]...        bullseye, bookworm, trixie and sid unless named
#
# FOLDER (build/kernels) keeps the kernels and the consoles. `make dist-static` comes before.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
FOLDER=$(realpath -m "${FOLDER:-build/kernels}")
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)}
PROGRAM=$(ls build/dist/sockview-*-static) || exit 1

apt_of() {
	local lists=$FOLDER/lists.$1
	local options=(-q -o "Dir::Etc::sourcelist=$lists.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$lists"
		-o Acquire::Check-Valid-Until=false -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
	if [ ! -d "$lists" ]; then
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $MIRROR $1 main" >"$lists.list"
		mkdir -p "$lists/partial" && apt-get "${options[@]}" update || return 1
	fi
	case $2 in
	search) apt-cache "${options[@]}" "${@:2}" ;;
	*) apt-get "${options[@]}" "${@:2}" ;;
	esac
}

# fetch SUITE: FOLDER/SUITE/{boot,lib} of its newest kernel.
fetch() {
	local name
	ls "$FOLDER/$1"/boot/vmlinuz-* >/dev/null 2>&1 && return 0
	mkdir -p "$FOLDER/$1/debs" && cd "$FOLDER/$1/debs" || return 1
	# From 7 on an image's parts are packages of their own.
	name=$(apt_of "$1" search --names-only '^linux-(image|binary)-[0-9][^ ]*-amd64$' | awk '$1 !~ /cloud|rt|dbg|unsigned/ { print $1 }' |
		sort -t- -k2,2r -k3V | awk '/^linux-binary/ { binary = $1 } { last = $1 } END { print binary ? binary : last }')
	case $name in
	linux-binary-*) apt_of "$1" download "$name" "linux-modules-${name#linux-binary-}" ;;
	*) apt_of "$1" download "$name" ;;
	esac
	for name in ./*.deb; do dpkg-deb -x "$name" .. || return 1; done
	[ -d ../lib ] || ln -s usr/lib ../lib
	# Of such the image is beside the modules.
	ls ../boot/vmlinuz-* >/dev/null 2>&1 || { mkdir -p ../boot && ln -s ../lib/modules/*/vmlinuz ../boot/vmlinuz-it; }
	depmod -b .. "$(ls ../lib/modules)"
}

# initramfs SUITE MODULES: what the kernel unpacks.
initramfs() {
	local root module version
	root=$(mktemp -d) && version=$(ls "$FOLDER/$1/lib/modules")
	mkdir -p "$root"/{bin,sbin,proc,sys,dev,tmp,etc,"lib/modules/$version"}
	cp /bin/busybox "$root/bin/" && cp "$PROGRAM" "$root/bin/sockview" && cp "$FOLDER/scene" "$root/bin/" &&
		install -m 755 tests/kernels/init "$root/init"
	if [ "$2" = modules ]; then
		(cd "$FOLDER/$1/lib/modules/$version" && cp modules.* "$root/lib/modules/$version/" &&
			find . -name '*_diag.ko*' -o -name 'diag.ko*' | cpio -pdm --quiet "$root/lib/modules/$version")
		ln -s ../bin/busybox "$root/sbin/modprobe"
	else
		printf '#!/bin/busybox sh\necho "$*" >>/tmp/modprobes\nexit 1\n' >"$root/sbin/modprobe"
		chmod +x "$root/sbin/modprobe"
	fi
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$FOLDER/$1.initramfs"
	rm -rf "$root"
}

# boot SUITE modules|no-modules: a line of the table; the console is in FOLDER.
boot() {
	local console=$FOLDER/$1.$2.console
	initramfs "$1" "$2"
	timeout 900 qemu-system-x86_64 -accel tcg -cpu max -m 512 -nographic -no-reboot -vga none -net none \
		-kernel "$FOLDER/$1"/boot/vmlinuz-* -initrd "$FOLDER/$1.initramfs" -append 'console=ttyS0 quiet panic=-1' \
		</dev/null >"$console" 2>&1
	python3 tests/kernels/judge.py "$2" <"$console" || { echo "  $1: see $console"; return 1; }
}

for tool in qemu-system-x86_64 busybox cpio depmod musl-gcc; do
	command -v "$tool" >/dev/null || { echo "$0: $tool is needed (qemu-system-x86, busybox-static, cpio, kmod, musl-tools)" >&2; exit 1; }
done
[ $# -gt 0 ] || set -- bullseye bookworm trixie sid
mkdir -p "$FOLDER" && musl-gcc -static -O1 -o "$FOLDER/scene" tests/kernels/scene.c || exit 1
failed=0
for suite; do
	(fetch "$suite") >"$FOLDER/$suite.fetch" 2>&1 || { echo "$suite: no kernel, see $FOLDER/$suite.fetch"; failed=$((failed + 1)); continue; }
	for modules in modules no-modules; do
		boot "$suite" "$modules" || failed=$((failed + 1))
	done
done
[ "$failed" -eq 0 ]
