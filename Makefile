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
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
INSTALL ?= install
SETCAP ?= setcap
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
	-Wno-sign-conversion -Wformat=2 -Wpointer-arith -Wundef -Wvla
HARDEN = $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
SAN_FLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)

# The BPF iterator that finds owners: auto (if its tools are there), yes, no.
WITH_BPF ?= auto
BPF_CLANG ?= clang
# In sbin, which an ordinary user's PATH may lack.
BPFTOOL ?= $(or $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool),bpftool)
BPF_TOOLS = $(shell echo 'int x;' | $(BPF_CLANG) -target bpf -g -O2 -x c -c -o /dev/null - 2>/dev/null && \
	$(BPFTOOL) gen help 2>&1 | grep -q skeleton && \
	echo '\#include <bpf/skel_internal.h>' | $(CC) $(CPPFLAGS) -x c -E -o /dev/null - 2>/dev/null && echo yes)
ifeq ($(WITH_BPF),auto)
# `make clean` and the like need not know.
HAVE_BPF := $(if $(filter clean install-caps uninstall help deps,$(MAKECMDGOALS)),,$(BPF_TOOLS))
else ifeq ($(filter $(WITH_BPF),yes no),)
$(error WITH_BPF=$(WITH_BPF): must be auto, yes or no)
else
HAVE_BPF := $(filter yes,$(WITH_BPF))
endif

# Asked of pkg-config only by the targets that compile.
DEP_CFLAGS = $(shell $(PKG_CONFIG) --cflags libmnl libcap)
DEP_LIBS = $(shell $(PKG_CONFIG) --libs libmnl libcap)

BASE_CFLAGS = -std=gnu17 -D_GNU_SOURCE -DSOCKVIEW_VERSION='"$(VERSION)"' -Iinclude -Isrc -pthread \
	$(WARNINGS) $(HARDEN) $(SAN_FLAGS) -MMD -MP
ALL_CFLAGS = $(BASE_CFLAGS) $(DEP_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(HARDEN_LD) $(SAN_FLAGS) $(LDFLAGS)

FOLDERS = collect owners select format explain
LIB_SRC = $(filter-out src/main.c,$(wildcard src/*.c)) $(filter-out %.bpf.c,$(foreach d,$(FOLDERS),$(wildcard src/$(d)/*.c)))
LIB_OBJ = $(LIB_SRC:%.c=$(B)/%.o)
LIB = $(B)/libsockview.a
PROGRAM = $(B)/sockview

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAM)

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

# The skeleton is the BPF program as a C header. `bpf.on` and `bpf.off` make a
# changed WITH_BPF build the one file again that it is about.
BPF_STAMP = $(B)/bpf.$(if $(HAVE_BPF),on,off)
BPF_SKELETON = $(B)/generated/task_file.lskel.h

$(BPF_STAMP):
	@mkdir -p $(@D)
	$(Q)rm -f $(B)/bpf.on $(B)/bpf.off && touch $@

$(BPF_SKELETON): src/owners/task_file.bpf.c src/owners/task_file.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(BPF_CLANG) -target bpf -g -O2 -Wall -Wextra -c -o $(@D)/task_file.bpf.o $<
	$(Q)$(BPFTOOL) gen skeleton -L $(@D)/task_file.bpf.o name task_file_skel > $@.part
	$(Q)mv $@.part $@

$(B)/src/owners/task_file.o: $(BPF_STAMP) $(if $(HAVE_BPF),$(BPF_SKELETON))
$(B)/src/owners/task_file.o: BASE_CFLAGS += $(if $(HAVE_BPF),-DWITH_BPF -isystem $(B)/generated)

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
TESTS ?= tests/unit tests/fuzz tests/cli tests/live

check: tests
	$(TEST_ENV) $(PROVE) $(PROVEFLAGS) $(wildcard $(TESTS:%=%/*.t))
check-unit check-cli check-live: check-%: tests
	$(TEST_ENV) $(PROVE) $(PROVEFLAGS) $(wildcard tests/$*/*.t)

# --- the rest --------------------------------------------------------------

.PHONY: clean
clean:
	rm -rf build

-include $(LIB_OBJ:.o=.d) $(B)/src/main.d $(UNIT:=.d) $(REPLAY:=.d) $(HELPER:=.d)
