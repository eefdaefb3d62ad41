# linecap. `make help` lists the targets.
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
MANDIR  ?= $(PREFIX)/share/man
BUILD   ?= build
CC      ?= cc
CFLAGS  ?= -O2 -g
INSTALL ?= install
STRIP   ?= strip
SIZE    ?= 512M
VERSION := $(shell sed -n 's/.*LINECAP_VERSION "\(.*\)"/\1/p' src/version.h)
# The checkout may lie in a path with spaces; what is below it is called by its path from here.
override BUILD := $(subst $(CURDIR)/,,$(BUILD))
T       ?=

WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(filter true,$(CI)),-Werror)
COMMON := -std=gnu11 $(WARN) -D_GNU_SOURCE -fstack-protector-strong -fvisibility=hidden -MMD -MP -iquote src
# The .so goes into other people's processes, on every libc: no _chk names (musl lacks them), no
# assert, and every relocation done before a hook can run; no function of libc's that the compiler
# thinks of by itself. (libgcc's outline atomics ask libc for
# __getauxval, which not every musl has.) No link-time optimization: with
# gcc's our __stack_chk_fail isn't found, and with clang 14's what start.c stores is lost.
SO_CFLAGS  = $(COMMON) $(CFLAGS) -fPIC -fno-plt -fasynchronous-unwind-tables -U_FORTIFY_SOURCE -DNDEBUG -iquote preload \
	     -fno-lto -ffunction-sections -fdata-sections -fno-builtin-bcmp -fno-builtin-stpcpy \
	     $(if $(findstring aarch64,$(shell $(CC) -dumpmachine)),-mno-outline-atomics)
SO_LDFLAGS = -shared -nostdlib -Wl,-z,relro,-z,now,-z,defs,-z,noexecstack,-z,noseparate-code \
	     -Wl,--hash-style=gnu,--gc-sections
BIN_CFLAGS  = $(COMMON) $(CFLAGS) -fPIE -D_FORTIFY_SOURCE=2 -DLIBBSD_NETBSD_VIS -DLIBDIR='"$(LIBDIR)"'
BIN_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now
# Ours come first, so that a CFLAGS of the caller's can switch any of them off.

CORE := $(wildcard src/*.c)
# What runs in every process comes first, side by side: a page that isn't touched needn't be mapped.
SO_FIRST := $(addprefix preload/,start next symbols strings memory segment stdio_glibc process fdmap guard hooks_write) \
	    $(addprefix src/,settings target limiter line ledger emitter)
SO_OBJS  := $(patsubst %,$(BUILD)/so/%.o,$(SO_FIRST)) \
	    $(filter-out $(SO_FIRST:%=$(BUILD)/so/%.o),$(patsubst %.c,$(BUILD)/so/%.o,$(CORE) $(wildcard preload/*.c)))
BIN_OBJS := $(patsubst %.c,$(BUILD)/bin/%.o,$(CORE) $(wildcard src/cri/*.c src/cmd/*.c))
WAYS_OBJS := $(patsubst %.c,$(BUILD)/so/%.o,$(wildcard src/ways/*.c))
LIB_OBJS := $(filter-out $(BUILD)/bin/src/cmd/main.o,$(BIN_OBJS))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))

.PHONY: all static static-arm64 release help deps install uninstall clean FORCE demo picture check lint format bench coverage unit tests
.DELETE_ON_ERROR:

all: $(BUILD)/liblinecap.so $(BUILD)/libways.so $(BUILD)/linecap ## build liblinecap.so, libways.so and linecap in build/

help: ## list the targets
	@grep -hE '^[a-z_.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The exports: preload/calls.def, as the linker wants it.
SO_EXPORTS := $(BUILD)/so/exports.ld $(BUILD)/so/exports.map

# What is built depends on the flags that it was built with. (:= or, asked for by an object that adds a flag
# of its own, these would hold that one, too.)
FLAGS := $(strip $(CC) $(SO_CFLAGS) $(SO_LDFLAGS) $(BIN_CFLAGS) $(BIN_LDFLAGS) $(LDFLAGS))
LAST_FLAGS = $(file <$(BUILD)/flags)
$(BUILD)/flags: export FLAGS_NOW = $(FLAGS)
$(BUILD)/flags: $(if $(subst =$(FLAGS),,=$(LAST_FLAGS))$(subst =$(LAST_FLAGS),,=$(FLAGS)),FORCE)
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_NOW" >$@

FORCE:

# One line instead of each compiler's error.
$(BUILD)/packages: $(BUILD)/flags
	@echo '#include <stdlib.h>' | $(CC) -E - >/dev/null 2>&1 || \
		{ echo "linecap: $(CC) finds no C headers: apt-get install gcc libc6-dev" >&2; exit 1; }
	@echo '#include <bsd/stdlib.h>' | $(CC) -E - >/dev/null 2>&1 || \
		{ echo 'linecap: libbsd is missing: apt-get install libbsd-dev' >&2; exit 1; }
	@touch $@

$(BUILD)/liblinecap.so: $(SO_OBJS) $(SO_EXPORTS) preload/layout.ld $(BUILD)/so/libc.so.6
	$(CC) $(CFLAGS) -o $@ $(SO_OBJS) $(BUILD)/so/exports.ld -T preload/layout.ld $(BUILD)/so/libc.so.6 \
		-Wl,--version-script=$(BUILD)/so/exports.map -Wl,-soname,liblinecap.so $(SO_LDFLAGS) $(LDFLAGS)

$(BUILD)/so/exports.%: preload/exports.% preload/calls.def
	@mkdir -p $(@D)
	$(CC) -E -P -x c -o $@ $<

# All of libc that the library may ask for: preload/libc.def.
$(BUILD)/so/libc.so.6: preload/libc.stub $(BUILD)/so/libc.map
	$(CC) -x c -w -fPIC -fno-builtin -fvisibility=default -shared -nostdlib -o $@ $< \
		-Wl,-soname,libc.so.6,--version-script=$(BUILD)/so/libc.map

$(BUILD)/so/libc.map: preload/libc.map preload/libc.def
	@mkdir -p $(@D)
	$(CC) -E -P -x c -o $@ $<

$(BUILD)/so/preload/strings.o $(BUILD)/so/preload/memory.o: SO_CFLAGS += -fno-builtin
# What runs once, or seldom, is read from the disk and mapped in every process: the smaller, the better.
SO_SMALL := $(addprefix src/,settings message target ledger elf drop record) $(addprefix preload/,start stats environment \
	segment next readable stdio_musl exec hooks_exec hooks_fds hooks_refuse hooks_send hooks_stream hooks_print)
$(SO_SMALL:%=$(BUILD)/so/%.o): SO_CFLAGS += -Os

# doctor's probe goes into any program as well. -fno-inline: what stdio.h has as inline functions is
# one libc's alone.
$(WAYS_OBJS): SO_CFLAGS += -fno-builtin -fno-inline -fno-stack-protector -UNDEBUG

$(BUILD)/libways.so: $(WAYS_OBJS) $(BUILD)/so/ways/libc.so.6
	$(CC) $(CFLAGS) -o $@ $^ -Wl,-soname,libways.so $(SO_LDFLAGS) $(LDFLAGS)

# All of libc that the probe may ask for.
$(BUILD)/so/ways/libc.so.6: src/ways/libc.stub
	@mkdir -p $(@D)
	$(CC) -x c -w -fPIC -fno-builtin -fvisibility=default -shared -nostdlib -o $@ $< -Wl,-soname,libc.so.6

$(BUILD)/linecap: $(BIN_OBJS)
	$(CC) $(CFLAGS) $(BIN_LDFLAGS) -o $@ $^ $(LDFLAGS) -lbsd

# --- what goes anywhere --------------------------------------------------------------------------

# One folder that drops into any image: a program that needs no libc, and the libraries.
CARRIED := $(addprefix $(BUILD)/static/,linecap liblinecap.so libways.so)

static: $(CARRIED) ## build build/static: linecap as one static file, and the library, stripped

$(BUILD)/static/linecap: $(BIN_OBJS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(BIN_LDFLAGS) -static-pie -s -Wl,--fatal-warnings -o $@ $^ $(LDFLAGS) -lbsd -lmd

$(BUILD)/static/%.so: $(BUILD)/%.so
	@mkdir -p $(@D)
	$(STRIP) -o $@ $<

# The other machine's: a cross compiler, and its libbsd and libmd unpacked into LINECAP_CACHE.
LINECAP_CACHE ?= /var/cache/linecap
ARM64 := $(LINECAP_CACHE)/arm64-libs
ARM64_MAKE = $(MAKE) --no-print-directory BUILD="$(BUILD)/arm64" STRIP=aarch64-linux-gnu-strip \
	     CC="aarch64-linux-gnu-gcc -isystem $(ARM64)/usr/include" LDFLAGS="-L$(ARM64)/usr/lib/aarch64-linux-gnu"

static-arm64: ## the same for arm64, as build/arm64/static, with a cross compiler
	@tests/unpacked "$(ARM64)" this:arm64 libbsd-dev libmd-dev
	@+$(ARM64_MAKE) static

# All that is published. It is the same to the byte, whoever builds it, where and when: its times are that
# of the last commit, and whom the Debian packages name is who made that, unless these two say otherwise.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)
MAINTAINER ?= $(shell git log -1 --format='%an <%ae>' 2>/dev/null)
RELEASE_CFLAGS = -O2 -ffile-prefix-map="$(CURDIR)"=.
RELEASE_MAKE = CFLAGS='$(RELEASE_CFLAGS)' PREFIX=/usr/local LIBDIR=/usr/local/lib

release: export MAINTAINER := $(MAINTAINER)
release: ## build build/release: archives, Debian packages, an OCI image, SBOM and sums (VERSION is src/version.h's)
	@tests/deps release
	@[ -n "$(SOURCE_DATE_EPOCH)" ] && [ -n "$$MAINTAINER" ] || \
		{ echo "release: no git here: give SOURCE_DATE_EPOCH=SECONDS MAINTAINER='NAME <ADDRESS>'" >&2; exit 1; }
	@tests/unpacked "$(ARM64)" this:arm64 libbsd-dev libmd-dev
	@+$(MAKE) --no-print-directory BUILD="$(BUILD)/of-release/amd64" $(RELEASE_MAKE) CC=x86_64-linux-gnu-gcc static
	@+$(ARM64_MAKE) BUILD="$(BUILD)/of-release/arm64" $(RELEASE_MAKE) static
	@VERSION="$(VERSION)" SOURCE_DATE_EPOCH="$(SOURCE_DATE_EPOCH)" docker/release/build \
		"$(BUILD)/release" "$(BUILD)/of-release/amd64/static" "$(BUILD)/of-release/arm64/static"

# --- parts ---------------------------------------------------------------------------------------

$(BUILD)/so/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(SO_CFLAGS) -c -o $@ $<

$(BUILD)/bin/%.o: %.c Makefile $(BUILD)/flags $(BUILD)/packages
	@mkdir -p $(@D)
	$(CC) $(BIN_CFLAGS) -c -o $@ $<

# A unit test is one file, linked with everything but main.
$(BUILD)/tests/unit/json $(BUILD)/tests/unit/record: JUDGE := -ljansson
$(BUILD)/tests/unit/%: tests/unit/%.c $(LIB_OBJS)
	@mkdir -p $(@D)
	$(CC) $(BIN_CFLAGS) -Wno-pedantic $(BIN_LDFLAGS) -o $@ $< $(LIB_OBJS) $(LDFLAGS) -lcmocka -lbsd $(JUDGE)

deps: ## install what a fresh Debian lacks for check
	@tests/deps check

# Where make dies, what it runs ends, too.
DYING = setpriv --pdeathsig TERM

demo: ## the main job, end to end: one endless line, without and with linecap (RUNTIME=containerd, MODE=json, SIZE=512M)
	@tests/deps demo$(addprefix -,$(RUNTIME) $(MODE))
	@$(MAKE) --no-print-directory all
	@BUILD="$(BUILD)" $(DYING) tests/demo $(SIZE) $(RUNTIME) $(MODE)

picture: ## draw docker/demo.svg anew, with a real containerd
	@$(MAKE) --no-print-directory demo RUNTIME=containerd
	cp "$(BUILD)/demo-containerd.svg" docker/demo.svg

check: deps ## all tests (T='a name': only those whose name holds it)
	@BUILD="$(BUILD)" $(DYING) tests/check "$(T)"

unit: $(UNIT)

bench: ## the figures: ratios from one run, instruction counts
	@tests/deps bench
	@$(MAKE) --no-print-directory all
	@BUILD="$(BUILD)" $(DYING) tests/bench/bench

coverage: deps ## every way out and language on every system that can be had, as a matrix
	@$(MAKE) --no-print-directory all
	@BUILD="$(BUILD)" $(DYING) tests/coverage/matrix

lint: ## clang-format, clang-tidy, cppcheck, shellcheck, mandoc
	@tests/lint

format: ## lay the sources out
	clang-format -i $$(git ls-files '*.c' '*.h')

FILES = "$(DESTDIR)$(BINDIR)/linecap" "$(DESTDIR)$(LIBDIR)/liblinecap.so" "$(DESTDIR)$(LIBDIR)/libways.so" \
	"$(DESTDIR)$(MANDIR)/man1/linecap.1" "$(DESTDIR)$(MANDIR)/man7/liblinecap.so.7"

install: all ## install into PREFIX (/usr/local), below DESTDIR
	sed 's/^\.Os$$/.Os linecap $(VERSION)/' src/cmd/linecap.1 >"$(BUILD)/linecap.1"
	sed 's/^\.Os$$/.Os linecap $(VERSION)/' preload/liblinecap.so.7 >"$(BUILD)/liblinecap.so.7"
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(LIBDIR)" "$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man7"
	$(INSTALL) -m 755 "$(BUILD)/linecap" "$(DESTDIR)$(BINDIR)/linecap"
	$(INSTALL) -m 755 "$(BUILD)/liblinecap.so" "$(DESTDIR)$(LIBDIR)/liblinecap.so"
	$(INSTALL) -m 755 "$(BUILD)/libways.so" "$(DESTDIR)$(LIBDIR)/libways.so"
	$(INSTALL) -m 644 "$(BUILD)/linecap.1" "$(DESTDIR)$(MANDIR)/man1/linecap.1"
	$(INSTALL) -m 644 "$(BUILD)/liblinecap.so.7" "$(DESTDIR)$(MANDIR)/man7/liblinecap.so.7"

uninstall: ## remove what install has put there
	rm -f $(FILES)

compile_commands.json: Makefile FORCE ## how each file is compiled, for clangd
	@$(MAKE) --no-print-directory -nB all | sed -n \
		's/["\\]/\\&/g; s|^.* -c -o [^ ]* \(.*\.c\)$$|{"directory": "$(CURDIR)", "file": "\1", "command": "&"},|p' | \
		sed '1 s/^/[/; $$ s/,$$/]/' >$@

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(SO_OBJS:.o=.d) $(WAYS_OBJS:.o=.d) $(BIN_OBJS:.o=.d) $(UNIT:=.d)
