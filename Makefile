# SPDX-License-Identifier: MIT
# sockview: make, make check, make install. `make help` lists the targets.
#
# Everything is built under build/PROFILE/, so that plain and sanitized builds
# live side by side. Flags from the command line come last and win.

VERSION = 0.1.0

CC ?= cc
AR ?= ar
PKG_CONFIG ?= pkg-config
PROVE ?= prove
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
INSTALL ?= install
SETCAP ?= setcap
STRIP ?= strip
# -O2 -g unless CFLAGS is given.
CFLAGS ?= -O2 -g

# SAN=address,undefined or SAN=thread; empty for none.
SAN =
comma = ,
empty =
space = $(empty) $(empty)
PROFILE ?= $(if $(SAN),$(subst $(comma),-,$(SAN)),release)$(if $(filter-out cc gcc,$(CC)),-$(notdir $(firstword $(CC))))
B = build/$(PROFILE)

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
	-Wno-sign-conversion -Wformat=2 -Wpointer-arith -Wundef -Wvla $(if $(findstring clang,$(CC)),,-Wformat-signedness)
HARDEN = $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
SAN_FLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all -DSOCKVIEW_SANITIZED)

# The BPF programs, as ROOM/NAME. Another one is src/ROOM/NAME.bpf.c, listed here; `make bpf`
# makes src/ROOM/NAME.lskel.h of it (struct NAME_skel), which src/ROOM/NAME.c alone includes,
# where <sockview/bpf_skeleton.h> says that there is one; .c, .bpf.c and .lskel.h are committed.
BPF_PROGRAMS = owners/task_file owners/task_sock events/sock_events events/udp_events explain/tcp_options

# yes: the committed .lskel.h files; auto: the same, without them where they do not fit the machine;
# build: made anew from the .bpf.c files; no: none. Without WITH_BPF= it stays as it was in this folder.
WITH_BPF ?= $(or $(patsubst $(B)/with_bpf.%,%,$(firstword $(wildcard $(B)/with_bpf.*))),auto)
ifeq ($(filter $(WITH_BPF),auto yes build no),)
$(error WITH_BPF=$(WITH_BPF): must be auto, yes, build or no)
endif
BPF_FLAGS_no = -DWITHOUT_BPF
BPF_FLAGS_yes = -DBPF_REQUIRED
BPF_FLAGS_build = -DBPF_REQUIRED -I$(B)/generated
BPF_FLAGS = -DBPF_PROGRAMS='"$(subst $(space),$(comma) ,$(notdir $(BPF_PROGRAMS)))"' $(BPF_FLAGS_$(WITH_BPF))

# Asked of pkg-config only by the targets that compile.
DEP_CFLAGS = $(shell $(PKG_CONFIG) --cflags libmnl libcap)
DEP_LIBS = $(shell $(PKG_CONFIG) --libs libmnl libcap)

# On 32 bits too, files over 2 GiB and times after 2038.
WIDE = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
BASE_CFLAGS = -std=gnu17 -D_GNU_SOURCE $(WIDE) -DSOCKVIEW_VERSION='"$(VERSION)"' $(BPF_FLAGS) -Iinclude -Isrc -pthread \
	$(WARNINGS) $(HARDEN) $(SAN_FLAGS) -ffile-prefix-map=$(CURDIR)=. -MMD -MP
ALL_CFLAGS = $(BASE_CFLAGS) $(DEP_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(HARDEN_LD) $(SAN_FLAGS) $(LDFLAGS)

ROOMS = cli run act explain exposure health watch events evidence firewall collect format select columns host owners sock wire base
LIB_SRC = $(filter-out %.bpf.c,$(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c)))
LIB_OBJ = $(LIB_SRC:%.c=$(B)/%.o)
LIB = $(B)/libsockview.a
PROGRAM = $(B)/sockview

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAM)
	@printf '%s: ' '$(PROGRAM)'; $(PROGRAM) --version || echo 'it does not run here'

$(PROGRAM): $(B)/src/main.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS) $(LDLIBS)

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# --- BPF programs ----------------------------------------------------------

BPF_CLANG ?= clang
# In sbin, which an ordinary user's PATH may lack.
BPFTOOL ?= $(or $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool),bpftool)
# No header and no path of this machine, so that the same tools give the same bytes everywhere.
BPF_CFLAGS = -target bpfel -g -O2 -nostdlibinc -Isrc -Iinclude -ffile-prefix-map=$(CURDIR)=. -Wall -Wextra
# "Debian clang version 14.0.6, bpftool v7.1.0 using libbpf v1.1"
BPF_VERSIONS = $(shell $(BPF_CLANG) --version | head -n 1), $(shell $(BPFTOOL) version | sed -n '1s|^.*/||; 1,2p' | paste -sd ' ')

# $(call bpf_skeleton,ROOM/NAME,FILE): FILE is the skeleton. Strict compilers need not like what bpftool writes.
define bpf_skeleton
	@mkdir -p $(dir $(B)/generated/$(1))
	$(call say,BPF,$(2))
	$(Q)$(BPF_CLANG) $(BPF_CFLAGS) -MMD -MP -MT $(B)/generated/$(1).lskel.h -c -o $(B)/generated/$(1).bpf.o src/$(1).bpf.c
	$(Q)$(BPFTOOL) gen skeleton -L $(B)/generated/$(1).bpf.o name $(notdir $(1))_skel >$(B)/generated/$(1).raw
	$(Q)sed -e '1i /* Made by `make bpf` from src/$(1).bpf.c: $(BPF_VERSIONS). */' -e '1i #pragma GCC system_header' \
		-e 's|<bpf/skel_internal.h>|<sockview/bpf_skeleton.h>|' $(B)/generated/$(1).raw >$(2)
endef

$(BPF_PROGRAMS:%=$(B)/generated/%.lskel.h): $(B)/generated/%.lskel.h: src/%.bpf.c
	$(call bpf_skeleton,$*,$@)

.PHONY: bpf $(BPF_PROGRAMS:%=bpf/%)
bpf: $(BPF_PROGRAMS:%=bpf/%)
$(BPF_PROGRAMS:%=bpf/%): bpf/%:
	$(call bpf_skeleton,$*,src/$*.lskel.h)

# Another WITH_BPF than last time makes again what it is about.
$(B)/with_bpf.$(WITH_BPF):
	@mkdir -p $(@D)
	$(Q)rm -f $(B)/with_bpf.* && touch $@
BPF_OBJ = $(BPF_PROGRAMS:%=$(B)/src/%.o)
$(BPF_OBJ): $(B)/src/%.o: $(if $(filter build,$(WITH_BPF)),$(B)/generated/%.lskel.h)
$(BPF_OBJ) $(B)/src/base/bpf_skeleton.o: $(B)/with_bpf.$(WITH_BPF) Makefile

# For the tests: the program linked with its BPF programs compiled otherwise.
BPF_VARIANTS = regenerated without narrow
BPF_VARIANT_regenerated = -UWITHOUT_BPF -iquote $(B)/generated
BPF_VARIANT_without = -UBPF_REQUIRED -DWITHOUT_BPF
BPF_VARIANT_narrow = -UBPF_REQUIRED -UWITHOUT_BPF -U__LP64__
define bpf_variant
$(BPF_PROGRAMS:%=$(B)/bpf/$(1)/%.o) $(B)/bpf/$(1)/base/bpf_skeleton.o: $(B)/bpf/$(1)/%.o: src/%.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(BPF_VARIANT_$(1)) -c -o $$@ $$<
$(B)/bpf/$(1)/sockview: $(B)/src/main.o $(BPF_PROGRAMS:%=$(B)/bpf/$(1)/%.o) $(B)/bpf/$(1)/base/bpf_skeleton.o $(LIB)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(DEP_LIBS) $$(LDLIBS)
-include $(BPF_PROGRAMS:%=$(B)/bpf/$(1)/%.d)
endef
$(foreach variant,$(BPF_VARIANTS),$(eval $(call bpf_variant,$(variant))))
$(BPF_PROGRAMS:%=$(B)/bpf/regenerated/%.o): $(B)/bpf/regenerated/%.o: $(B)/generated/%.lskel.h
-include $(BPF_PROGRAMS:%=$(B)/generated/%.bpf.d)

# --- tests -----------------------------------------------------------------

UNIT_SRC = $(wildcard tests/unit/test_*.c)
UNIT = $(UNIT_SRC:tests/unit/%.c=$(B)/tests/unit/%)
FUZZ_SRC = $(wildcard tests/fuzz/fuzz_*.c)
# Each fuzzer with a main() that runs the files it is given: the corpora in `make check`.
REPLAY = $(FUZZ_SRC:tests/fuzz/%.c=$(B)/tests/fuzz/%)
HELPER_SRC = $(wildcard tests/helpers/*.c)
HELPER = $(HELPER_SRC:tests/helpers/%.c=$(B)/tests/helpers/%)

$(UNIT): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS) -lcmocka $(LDLIBS)

$(B)/tests/unit/test_owner_memory: ALL_LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray

$(REPLAY): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/run_corpus.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS) $(LDLIBS)

$(HELPER): $(B)/tests/helpers/%: $(B)/tests/helpers/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS) $(LDLIBS)

.PHONY: tests check check-unit check-cli check-live
tests: $(PROGRAM) $(UNIT) $(REPLAY) $(HELPER)

# What the test scripts need to know.
TEST_ENV = SOCKVIEW=$(abspath $(PROGRAM)) BUILD=$(abspath $(B)) SRCDIR=$(CURDIR) SAN=$(SAN)
# Folders, scripts, unit programs (tests/unit/test_NAME).
TESTS ?= tests/unit tests/fuzz tests/cli tests/live
# At the same time; each test has processes, files and a network namespace of its own.
JOBS ?= $(shell nproc)
tests_of = $(if $(filter tests/unit,$1),$(UNIT),$(if $(filter tests/unit/%,$1),$(B)/$1,$(if $(filter %.t,$1),$1,$(wildcard $1/*.t))))
run_tests = $(TEST_ENV) $(PROVE) -j$(JOBS) --exec 'python3 tests/helpers/run_test.py' $(PROVEFLAGS) \
	$(foreach test,$1,$(call tests_of,$(test)))

check: tests
	$(call run_tests,$(TESTS))
check-unit check-cli check-live: check-%: tests
	$(call run_tests,tests/$*)

# Faults on purpose: each system call and each allocation of many command lines fails once.
# FAULTS=K/N: of the system calls only every Nth case, from the Kth on.
FAULTS ?= 0/1
.PHONY: faults
faults: tests
	FAULTS=$(FAULTS) $(TEST_ENV) $(PROVE) --exec python3 $(PROVEFLAGS) tests/faults/calls.t tests/live/allocation.t

# -c for so many seconds beside 5,000 connects a second.
SOAK ?= 3600
.PHONY: soak
soak: tests
	SOAK=$(SOAK) $(TEST_ENV) python3 tests/faults/soak.t

# libFuzzer programs: make fuzz, then e.g. build/fuzz/fuzz_decode -max_total_time=60 CORPUS.
# The library does not bring functions that a target defines itself (privileges).
FUZZ_CC ?= clang
FUZZER = $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/%)
.PHONY: fuzz fuzzers
fuzz:
	$(Q)$(MAKE) --no-print-directory PROFILE=fuzz CC=$(FUZZ_CC) SAN=address,undefined \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' fuzzers
fuzzers: $(FUZZ_SRC:tests/fuzz/%.c=$(B)/%)
$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(LIB)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(DEP_LIBS)

# Every target for SECONDS each, from its committed corpus on. An input that breaks one stays in build/fuzz/found.
SECONDS ?= 60
.PHONY: fuzz-all
fuzz-all: fuzz
	$(Q)tests/fuzz/all.sh $(SECONDS) $(FUZZER)

# The committed skeletons are what these tools make, if the same tools made them; otherwise only what they
# do can be compared (tests/live/bpf_skeleton.t).
.PHONY: check-bpf $(BPF_PROGRAMS:%=check-bpf/%)
check-bpf: $(BPF_PROGRAMS:%=check-bpf/%)
$(BPF_PROGRAMS:%=check-bpf/%): check-bpf/%:
	$(call bpf_skeleton,$*,$(B)/generated/$*.again)
	$(Q)old=src/$*.lskel.h new=$(B)/generated/$*.again; \
	if [ "$$(head -n 1 $$old)" != "$$(head -n 1 $$new)" ]; then \
		echo "$$old was made by other tools:" && head -qn 1 $$old $$new; \
	else \
		cmp $$old $$new || { echo "$$old is out of date: run make bpf, and commit it"; exit 1; }; \
	fi

# The characters that are escaped, and the places they take, of the Unicode files in this folder (Debian: unicode-data).
UNICODE ?= /usr/share/unicode
.PHONY: unicode
unicode:
	@mkdir -p $(B)
	$(Q)python3 -B src/base/text_hidden.py $(UNICODE) >$(B)/text_hidden
	$(Q)$(CLANG_FORMAT) --assume-filename=src/base/text_hidden.h <$(B)/text_hidden >src/base/text_hidden.h
	$(Q)PYTHONPATH=src/base python3 -B src/format/width_ranges.py $(UNICODE) >$(B)/width_ranges
	$(Q)$(CLANG_FORMAT) --assume-filename=src/format/width_ranges.h <$(B)/width_ranges >src/format/width_ranges.h

.PHONY: check-layers check-man check-style
check-layers:
	$(Q)python3 tests/helpers/check_layers.py
# Other versions of clang-format break lines elsewhere: only Debian 12's judges.
CLANG_FORMAT ?= clang-format
check-style:
	$(Q)$(CLANG_FORMAT) --version | grep -q 'version 14\.' || { echo 'clang-format 14 is needed (Debian 12)'; exit 1; }
	$(Q)find src include tests -name '*.[ch]' ! -name '*.lskel.h' | xargs $(CLANG_FORMAT) --dry-run --Werror
# Which other manuals this machine has is not the pages' matter; EXAMPLES come early, as people read them first, and
# the foot has the version in place of an operating system.
check-man:
	$(Q)for page in man/*.[58]; do \
		lint=$$(mandoc -Tlint $$page 2>/dev/null | grep -v 'referenced manual not found\|order: Sh ENVIRONMENT\|explicitly specified: Os sockview'); \
		[ -z "$$lint" ] || { printf '%s\n' "$$lint"; exit 1; }; \
	done

# --- installing ------------------------------------------------------------

# Debian's zsh looks for what packages bring in a folder of its own.
ZSH_FOLDER = $(if $(and $(filter /usr,$(PREFIX)),$(wildcard /etc/debian_version)),vendor-completions,site-functions)
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/$(ZSH_FOLDER)
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
COMPLETIONS = bash:$(BASHCOMPDIR)/sockview zsh:$(ZSHCOMPDIR)/_sockview fish:$(FISHCOMPDIR)/sockview.fish
MAN_PAGES = $(wildcard man/*.[58])
INSTALLED = $(BINDIR)/sockview \
	$(foreach page,$(MAN_PAGES),$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	$(foreach pair,$(COMPLETIONS),$(word 2,$(subst :, ,$(pair))))

# The program that prints the completions runs on this machine: where CC compiles for another one, a second build.
BUILD_CC ?= cc
BUILD_PKG_CONFIG ?= pkg-config
# gcc says x86_64-linux-gnu, clang x86_64-pc-linux-gnu: the vendor does not matter.
machine = $(subst -unknown-,-,$(subst -pc-,-,$(shell $(1) -dumpmachine)))
CROSS = $(filter-out $(call machine,$(BUILD_CC)),$(call machine,$(CC)))
COMPLETER ?= $(if $(CROSS),$(OWN_COMPLETER),$(PROGRAM))
OWN_COMPLETER = build/completer/sockview
# Asked of the compilers only where something is installed.
define make_completer
+$(Q)$(MAKE) --no-print-directory PROFILE=completer B=build/completer CC='$(BUILD_CC)' \
		PKG_CONFIG='$(BUILD_PKG_CONFIG)' SAN= CPPFLAGS= CFLAGS=-O1 LDFLAGS= LDLIBS= $(OWN_COMPLETER)
endef

.PHONY: install install-caps uninstall
install: $(PROGRAM)
	$(if $(filter $(OWN_COMPLETER),$(COMPLETER)),$(make_completer))
	$(Q)for folder in $(sort $(dir $(INSTALLED))); do $(INSTALL) -d '$(DESTDIR)'$$folder || exit 1; done
	$(Q)$(INSTALL) -m 755 $(PROGRAM) '$(DESTDIR)$(BINDIR)/sockview' && $(STRIP) '$(DESTDIR)$(BINDIR)/sockview'
	$(Q)for page in $(MAN_PAGES); do \
		$(INSTALL) -m 644 $$page '$(DESTDIR)$(MANDIR)'/man$${page##*.}/ || exit 1; \
	done
	$(Q)for pair in $(COMPLETIONS); do \
		$(COMPLETER) --completions $${pair%%:*} >'$(DESTDIR)'$${pair#*:} || exit 1; \
	done

# Ordinary users then see the owners of all sockets; see PRIVILEGES in sockview(8).
install-caps: install
	$(Q)$(SETCAP) cap_sys_ptrace,cap_dac_read_search+ep '$(DESTDIR)$(BINDIR)/sockview'

# Folders go too where they are empty and DESTDIR made them.
uninstall:
	$(Q)for file in $(INSTALLED); do rm -f '$(DESTDIR)'$$file || exit 1; done
	$(Q)[ -z '$(DESTDIR)' ] || for folder in $(sort $(dir $(INSTALLED))); do \
		[ ! -d '$(DESTDIR)'$$folder ] || \
		(cd '$(DESTDIR)' && rmdir -p --ignore-fail-on-non-empty .$$folder 2>/dev/null || :); \
	done

# --- what it takes ---------------------------------------------------------

# What a build needs, and what the tests need on top, by package manager.
DEPS_apt-get = gcc libc6-dev libmnl-dev libcap-dev pkg-config
DEPS_dnf = gcc glibc-devel libmnl-devel libcap-devel pkgconf-pkg-config
DEPS_apk = gcc musl-dev linux-headers libmnl-dev libcap-dev pkgconf
DEPS_pacman = gcc libmnl libcap pkgconf
TEST_DEPS_apt-get = libcmocka-dev clang bpftool libbpf-dev perl python3 net-tools \
	iproute2 lsof libcap2-bin util-linux procps mandoc jq nftables netbase git zsh fish strace iptables \
	python3-prometheus-client sqlite3 tmux libc6-dev-arm64-cross
TEST_DEPS_dnf = libcmocka-devel clang bpftool libbpf-devel perl-Test-Harness python3 net-tools \
	iproute lsof libcap util-linux procps-ng mandoc jq nftables git zsh fish strace iptables-nft \
	python3-prometheus_client sqlite tmux
TEST_DEPS_apk = cmocka-dev clang bpftool libbpf-dev perl-utils python3 net-tools \
	iproute2 lsof libcap-utils util-linux procps mandoc jq nftables git zsh fish strace iptables \
	py3-prometheus-client sqlite tmux
TEST_DEPS_pacman = cmocka clang bpf libbpf perl python net-tools \
	iproute2 lsof util-linux procps-ng mandoc jq nftables git zsh fish strace iptables-nft \
	python-prometheus_client sqlite tmux
# What sanitizers and fuzzers take beside them: clang's run-time libraries, a symbolizer.
SAN_DEPS_apt-get = clang libclang-rt-dev llvm
SAN_DEPS_dnf = clang compiler-rt llvm
SAN_DEPS_apk = clang compiler-rt llvm
SAN_DEPS_pacman = clang compiler-rt llvm
INSTALL_apt-get = apt-get install -y --no-install-recommends
INSTALL_dnf = dnf install -y
INSTALL_apk = apk add
INSTALL_pacman = pacman -S --needed --noconfirm
MANAGER = $(firstword $(foreach m,apt-get dnf apk pacman,$(if $(shell command -v $(m)),$(m))))
SUDO = $(if $(filter 0,$(shell id -u)),,sudo)

# Of `manager`, for the target that is being made: deps, and what it is called for.
needed = $(DEPS_$(1)) $(if $(filter deps-tests,$@),$(TEST_DEPS_$(1))) $(if $(filter deps-san,$@),$(SAN_DEPS_$(1)))

.PHONY: deps deps-tests deps-san
deps deps-tests deps-san:
	$(Q)$(if $(MANAGER),$(SUDO) $(INSTALL_$(MANAGER)) $(call needed,$(MANAGER)),\
		echo "No apt-get, dnf, apk or pacman here. Needed (by Debian's names): $(call needed,apt-get)")

# From a fresh system to the first answer. One after the other: what is to be compiled is
# known only when the libraries are there.
.PHONY: try
try:
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory all
	$(PROGRAM) -atnp

# One file for any Linux: no shared library, no path of the machine that built it. MUSL has the libraries;
# tests/musl/libraries.sh makes it on Debian.
MUSL ?= build/musl
MUSL_BUILD = CC='$(MUSL_CC)' DEP_CFLAGS='-idirafter $(MUSL)/include' DEP_LIBS='-L$(MUSL)/lib -lmnl -lcap' \
	HARDEN_LD='-static -no-pie -Wl,-z,relro,-z,noexecstack'
MUSL_CC ?= musl-gcc
.PHONY: dist-static check-musl
dist-static:
	$(Q)$(MAKE) --no-print-directory PROFILE=static $(MUSL_BUILD) build/static/sockview
	@mkdir -p build/dist
	$(Q)$(STRIP) -o build/dist/sockview-$(VERSION)-$(shell $(MUSL_CC) -dumpmachine | cut -d- -f1)-static build/static/sockview
check-musl:
	$(Q)$(MAKE) --no-print-directory PROFILE=static $(MUSL_BUILD) check TESTS='tests/unit tests/fuzz tests/cli'

# --- releases ----------------------------------------------------------------

# Of what is committed, the same bytes each time: git's archive has the commit's time. A tag on it must be this version's.
ARCHIVE = build/dist/sockview-$(VERSION).tar.gz
.PHONY: dist
dist:
	$(Q)tag=$$(git describe --tags --exact-match 2>/dev/null); [ -z "$$tag" ] || [ "$$tag" = 'v$(VERSION)' ] || \
		{ echo "the tag $$tag is not v$(VERSION), which VERSION in Makefile says"; exit 1; }
	@mkdir -p build/dist
	$(Q)git archive --prefix=sockview-$(VERSION)/ HEAD | gzip -9n >$(ARCHIVE)
	@echo $(ARCHIVE)

# The packages' files are templates: what changes with a release is the Makefile's.
RELEASED = $(shell git log -1 --format=%cD)
# The packages' maintainer: the user who makes them, unless DEBFULLNAME and DEBEMAIL say otherwise.
DEBFULLNAME ?= $(shell git config user.name)
DEBEMAIL ?= $(shell git config user.email)
FILLED = sed -e 's|@VERSION@|$(VERSION)|' -e 's|@DATE@|$(RELEASED)|' -e 's|@MAINTAINER@|$(DEBFULLNAME) <$(DEBEMAIL)>|'

# build/dist/*.deb; WITH_BPF=build there: Debian builds from source.
.PHONY: deb rpm arch
deb: dist
	$(Q)rm -rf build/deb && mkdir -p build/deb && cp $(ARCHIVE) build/deb/sockview_$(VERSION).orig.tar.gz
	$(Q)tar -C build/deb -xf $(ARCHIVE) && cp -r build/deb/sockview-$(VERSION)/.packaging/debian build/deb/sockview-$(VERSION)/
	$(Q)$(FILLED) -i build/deb/sockview-$(VERSION)/debian/changelog build/deb/sockview-$(VERSION)/debian/control
	$(Q)cd build/deb/sockview-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES dpkg-buildpackage -us -uc
	$(Q)cp build/deb/*.deb build/dist/

rpm: dist
	$(Q)mkdir -p build/rpm/SOURCES && cp $(ARCHIVE) build/rpm/SOURCES/ && $(FILLED) .packaging/rpm/sockview.spec >build/rpm/sockview.spec
	$(Q)env -u MAKEFLAGS -u MAKELEVEL rpmbuild --define '_topdir $(CURDIR)/build/rpm' $(RPMFLAGS) -bb build/rpm/sockview.spec
	$(Q)cp build/rpm/RPMS/*/*.rpm build/dist/

# The archive beside a PKGBUILD for makepkg.
arch: dist
	$(Q)mkdir -p build/arch && cp $(ARCHIVE) build/arch/ && $(FILLED) .packaging/arch/PKGBUILD >build/arch/PKGBUILD

# The tests that run threads, in a build that watches them.
THREADED = test_ahead test_owner_walk test_owner_scene test_owner_memory
.PHONY: check-threads
check-threads:
	$(Q)$(MAKE) --no-print-directory SAN=thread $(THREADED:%=build/thread/tests/unit/%)
	$(Q)for test in $(THREADED); do CMOCKA_MESSAGE_OUTPUT=TAP build/thread/tests/unit/$$test || exit 1; done

# --- benchmark -------------------------------------------------------------

# small (correctness only), quiet, 200k, 3000p, 1m, corners, fds, watch, netns, exposure: see tests/bench/bench.py.
BENCH ?= small
BENCH_SRC = $(wildcard tests/bench/*.c)
BENCH_PROGRAM = $(BENCH_SRC:tests/bench/%.c=$(B)/tests/bench/%)

$(BENCH_PROGRAM): $(B)/tests/bench/%: $(B)/tests/bench/%.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: bench
bench: $(PROGRAM) $(BENCH_PROGRAM) $(B)/tests/helpers/load $(B)/tests/helpers/connects
	$(Q)$(TEST_ENV) tests/bench/bench.py $(BENCH)

# README's table, out of 200k and 3000p: half an hour on a quiet machine.
.PHONY: bench-readme
bench-readme: bench-readme-200k bench-readme-3000p
	$(Q)tests/bench/readme_table.py README.md $(B)/bench-200k $(B)/bench-3000p

bench-readme-%: $(PROGRAM) $(BENCH_PROGRAM) $(B)/tests/helpers/load $(B)/tests/helpers/connects
	$(Q)$(TEST_ENV) tests/bench/bench.py $* >$(B)/bench-$*

# --- the rest --------------------------------------------------------------

.PHONY: clean help
clean:
	rm -rf build

help:
	@echo 'all            the program: build/PROFILE/sockview'
	@echo 'try            deps, the build, and sockview -atnp'
	@echo 'check          all tests; check-unit, check-cli, check-live: some of them'
	@echo 'check-layers   no file includes what it must not'
	@echo 'check-style    the C files are as .clang-format says (clang-format 14)'
	@echo 'check-bpf      the committed BPF skeletons are those of the sources'
	@echo 'check-man      the manual pages are clean'
	@echo 'bpf            the BPF skeletons that are committed, made again (clang, bpftool)'
	@echo 'unicode        the tables of characters that are escaped and of widths, made again (UNICODE=FOLDER)'
	@echo 'faults         every system call and allocation fails once; FAULTS=K/N: a part of the calls'
	@echo 'soak           -c beside 5,000 connects a second, for SOAK=3600 seconds: nothing grows, nothing is missed'
	@echo 'fuzz           libFuzzer programs in build/fuzz'
	@echo 'fuzz-all       each of them for SECONDS=60; what breaks one is left in build/fuzz/found'
	@echo 'check-threads  the threaded parts under TSan'
	@echo 'install        to DESTDIR PREFIX BINDIR MANDIR BASHCOMPDIR ZSHCOMPDIR FISHCOMPDIR; uninstall'
	@echo 'install-caps   the same, and the capabilities to see all owners'
	@echo 'dist           an archive of what is committed; deb, rpm, arch: packages of it (.packaging)'
	@echo 'dist-static    one file for any Linux, by musl-gcc, with the libraries in MUSL (tests/musl/libraries.sh)'
	@echo 'check-musl     unit and cli tests of that build'
	@echo 'bench          beside ss, netstat and lsof; BENCH=small, quiet, 200k, 3000p, 1m, corners, fds, watch, netns or exposure'
	@echo 'bench-readme   the table in README'
	@echo 'deps           what a build needs, by the package manager; deps-tests: the tests too; deps-san: sanitizers'
	@echo 'WITH_BPF=auto, yes, build (needs clang and bpftool) or no: the BPF programs'
	@echo 'SAN=address,undefined or SAN=thread, CC=clang: other builds, each in its own folder; V=1: commands'

-include $(LIB_OBJ:.o=.d) $(B)/src/main.d $(UNIT:=.d) $(REPLAY:=.d) $(HELPER:=.d) $(BENCH_PROGRAM:=.d)
