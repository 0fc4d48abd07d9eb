#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's kernels, booted by qemu (software emulation) with a scene of sockets and the static sockview; with
# their diag modules and without. Not part of `make check`: it needs root and an apt mirror.
#
#     tests/kernels/run.sh [SUITE[=VERSION][/ARCH]]...
#
# Unless named: bullseye, bookworm, trixie, sid and trixie-backports, and bookworm/arm64 where there is
# qemu-system-aarch64. VERSION (6.16, 7.1.3) is that of a kernel; the newest of the suite if there is none.
#
# FOLDER (build/kernels) keeps the kernels and the consoles. `make dist-static` comes before.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
FOLDER=$(realpath -m "${FOLDER:-build/kernels}")
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)}

# Debian's name of a processor: what compiles for it, and the machine that qemu is to be.
declare -A COMPILER=([amd64]=musl-gcc [arm64]=aarch64-linux-gnu-gcc)
declare -A MACHINE=([amd64]="qemu-system-x86_64 -accel tcg -cpu max -vga none" [arm64]="qemu-system-aarch64 -M virt -cpu cortex-a72")
declare -A CONSOLE=([amd64]=ttyS0 [arm64]=ttyAMA0)

# apt_of SUITE ARCH SUBCOMMAND...: with these lists alone, which are kept.
apt_of() {
	local lists=$FOLDER/lists.$1.$2
	local options=(-q -o "Dir::Etc::sourcelist=$lists.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$lists"
		-o Dir::State::status=/dev/null -o APT::Architecture="$2" -o APT::Architectures="$2"
		-o Acquire::Check-Valid-Until=false -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
	if [ ! -d "$lists" ]; then
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $MIRROR $1 main" >"$lists.list"
		mkdir -p "$lists/partial" && apt-get "${options[@]}" update || return 1
	fi
	case $3 in
	search) apt-cache "${options[@]}" "${@:3}" ;;
	*) apt-get "${options[@]}" "${@:3}" ;;
	esac
}

# unpack FOLDER SUITE ARCH PACKAGE...
unpack() {
	local to=$1 name
	mkdir -p "$to/debs" && cd "$to/debs" && apt_of "$2" "$3" download "${@:4}" || return 1
	for name in ./*.deb; do dpkg-deb -x "$name" .. || return 1; done
}

# fetch NAME SUITE VERSION ARCH: FOLDER/NAME/{boot,lib} of a kernel.
fetch() {
	local name version=${3:+$(sed 's/[.]/[.]/g' <<<"$3")[.+-]}
	ls "$FOLDER/$1"/boot/vmlinuz-* >/dev/null 2>&1 && return 0
	# From 7 on an image's parts are packages of their own.
	name=$(apt_of "$2" "$4" search --names-only "^linux-(image|binary)-${version:-[0-9]}[^ ]*-$4\$" |
		awk '$1 !~ /cloud|rt|dbg|unsigned/ { print $1 }' | sort -t- -k2,2r -k3V |
		awk '/^linux-binary/ { binary = $1 } { last = $1 } END { print binary ? binary : last }')
	case $name in
	linux-binary-*) unpack "$FOLDER/$1" "$2" "$4" "$name" "linux-modules-${name#linux-binary-}" ;;
	*) unpack "$FOLDER/$1" "$2" "$4" "$name" ;;
	esac || return 1
	cd "$FOLDER/$1" || return 1
	[ -d lib ] || ln -s usr/lib lib
	# Of such the image is beside the modules.
	ls boot/vmlinuz-* >/dev/null 2>&1 || { mkdir -p boot && ln -s ../lib/modules/"$(ls lib/modules)"/vmlinuz boot/vmlinuz-it; }
	depmod -b . "$(ls lib/modules)"
}

# programs ARCH: FOLDER/programs.ARCH/{sockview,scene,busybox}, which need no other file.
programs() {
	local to=$FOLDER/programs.$1 libraries=$FOLDER/libraries.$1
	mkdir -p "$to" && "${COMPILER[$1]}" -static -O1 -o "$to/scene" tests/kernels/scene.c || return 1
	if [ "$1" = amd64 ]; then
		cp build/dist/sockview-*-x86_64-static "$to/sockview" && cp /bin/busybox "$to"
		return
	fi
	# Debian 12's libmnl-dev has no static library.
	[ -d "$libraries/bin" ] || (unpack "$libraries" trixie "$1" libmnl-dev && unpack "$libraries" bookworm "$1" libcap-dev busybox-static) || return 1
	mkdir -p "$libraries/include/sys" && cp -r "$libraries/usr/include/libmnl" "$libraries/include" &&
		cp "$libraries/usr/include/sys/capability.h" "$libraries/include/sys" &&
		make -j2 PROFILE="static-$1" CC="${COMPILER[$1]}" DEP_CFLAGS="-I$libraries/include" HARDEN_LD='-static -no-pie' \
			DEP_LIBS="$(ls "$libraries"/usr/lib/*/libmnl.a "$libraries"/usr/lib/*/libcap.a | paste -sd' ')" "build/static-$1/sockview" &&
		cp "build/static-$1/sockview" "$libraries/bin/busybox" "$to"
}

# initramfs NAME ARCH MODULES: what the kernel unpacks.
initramfs() {
	local root version
	root=$(mktemp -d) && version=$(ls "$FOLDER/$1/lib/modules")
	mkdir -p "$root"/{bin,sbin,proc,sys,dev,tmp,etc,"lib/modules/$version"}
	cp "$FOLDER/programs.$2"/* "$root/bin/" && install -m 755 tests/kernels/init "$root/init"
	if [ "$3" = modules ]; then
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

# boot NAME ARCH modules|no-modules: a line of the table; the console is in FOLDER.
boot() {
	local console=$FOLDER/$1.$3.console
	initramfs "$1" "$2" "$3"
	timeout 900 ${MACHINE[$2]} -m 512 -nographic -no-reboot -net none \
		-kernel "$FOLDER/$1"/boot/vmlinuz-* -initrd "$FOLDER/$1.initramfs" -append "console=${CONSOLE[$2]} quiet panic=-1" \
		</dev/null >"$console" 2>&1
	python3 tests/kernels/judge.py "$3" <"$console" || { echo "  $1: see $console"; return 1; }
}

# try NAME SUITE VERSION ARCH
try() {
	local failed=0 modules
	(programs "$4" && fetch "$@") >"$FOLDER/$1.fetch" 2>&1 || { echo "$1: no kernel or no program, see $FOLDER/$1.fetch"; return 1; }
	for modules in modules no-modules; do
		boot "$1" "$4" "$modules" || failed=1
	done
	return $failed
}

for tool in qemu-system-x86_64 busybox cpio depmod musl-gcc; do
	command -v "$tool" >/dev/null || { echo "$0: $tool is needed (qemu-system-x86, busybox-static, cpio, kmod, musl-tools)" >&2; exit 1; }
done
ls build/dist/sockview-*-x86_64-static >/dev/null || exit 1
if [ $# -eq 0 ]; then
	set -- bullseye bookworm trixie sid trixie-backports
	if command -v qemu-system-aarch64 aarch64-linux-gnu-gcc >/dev/null; then
		set -- "$@" bookworm/arm64
	else
		echo "arm64: not booted (qemu-system-arm and gcc-aarch64-linux-gnu are needed)"
	fi
fi
mkdir -p "$FOLDER" || exit 1
failed=0
for one; do
	suite=${one%%[=/]*} arch=amd64 version=
	case $one in */*) arch=${one#*/} ;; esac
	case $one in *=*) version=${one#*=} version=${version%/*} ;; esac
	[ -n "${COMPILER[$arch]:-}" ] || { echo "$0: $one: $arch is none of ${!COMPILER[*]}" >&2; exit 2; }
	try "$(tr =/ .. <<<"$one")" "$suite" "$version" "$arch" || failed=$((failed + 1))
done
[ "$failed" -eq 0 ]
