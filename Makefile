# linecap. `make help` lists the targets.
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
MANDIR  ?= $(PREFIX)/share/man
BUILD   ?= build
CC      ?= cc
CFLAGS  ?= -O2 -g
INSTALL ?= install
SIZE    ?= 512M
T       ?=

WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(filter true,$(CI)),-Werror)
COMMON := -std=gnu11 $(WARN) -D_GNU_SOURCE -fstack-protector-strong -fvisibility=hidden -MMD -MP -Isrc
# The .so goes into other people's processes, on every libc: no _chk names (musl lacks them), no
# assert, and every relocation done before a hook can run. (libgcc's outline atomics ask libc for
# __getauxval, which not every musl has.)
SO_CFLAGS  = $(COMMON) $(CFLAGS) -fPIC -fno-plt -fasynchronous-unwind-tables -U_FORTIFY_SOURCE -DNDEBUG -Ipreload \
	     -include preload/versions.h \
	     $(if $(findstring aarch64,$(shell $(CC) -dumpmachine)),-mno-outline-atomics)
SO_LDFLAGS = -shared -Wl,-soname,liblinecap.so -Wl,-z,relro,-z,now,-z,defs,-z,noexecstack \
	     -Wl,--no-as-needed -l:libdl.so.2
BIN_CFLAGS  = $(COMMON) $(CFLAGS) -fPIE -D_FORTIFY_SOURCE=2 -DLIBBSD_NETBSD_VIS -DLIBDIR='"$(LIBDIR)"'
BIN_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now
# Ours come first, so that a CFLAGS of the caller's can switch any of them off.

CORE := $(wildcard src/*.c)
SO_OBJS  := $(patsubst %.c,$(BUILD)/so/%.o,$(CORE) $(wildcard preload/*.c))
BIN_OBJS := $(patsubst %.c,$(BUILD)/bin/%.o,$(CORE) $(wildcard src/cri/*.c src/cmd/*.c src/cmd/ways/*.c))
LIB_OBJS := $(filter-out $(BUILD)/bin/src/cmd/main.o,$(BIN_OBJS))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))

.PHONY: all help deps install clean demo check lint format bench coverage unit tests
.DELETE_ON_ERROR:

all: $(BUILD)/liblinecap.so $(BUILD)/linecap ## build build/liblinecap.so and build/linecap

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BUILD)/liblinecap.so: $(SO_OBJS)
	$(CC) $(CFLAGS) -o $@ $^ $(SO_LDFLAGS) $(LDFLAGS)

$(BUILD)/linecap: $(BIN_OBJS)
	$(CC) $(CFLAGS) $(BIN_LDFLAGS) -o $@ $^ $(LDFLAGS) -lbsd

$(BUILD)/so/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(SO_CFLAGS) -c -o $@ $<

$(BUILD)/bin/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BIN_CFLAGS) -c -o $@ $<

# A unit test is one file, linked with everything but main.
$(BUILD)/tests/unit/%: tests/unit/%.c $(LIB_OBJS)
	@mkdir -p $(@D)
	$(CC) $(BIN_CFLAGS) -Wno-pedantic $(BIN_LDFLAGS) -o $@ $< $(LIB_OBJS) $(LDFLAGS) -lcmocka -lbsd

deps: ## install what a fresh Debian lacks for the targets below
	@tests/deps

demo: deps ## the main job, end to end: one endless line, without and with linecap (RUNTIME=containerd, SIZE=512M)
	@$(MAKE) --no-print-directory all
	@tests/demo $(SIZE) $(RUNTIME)

check: deps ## all tests (T=name: only those whose name holds it)
	@tests/check "$(T)"

unit: $(UNIT)

bench: deps ## the figures: ratios from one run, instruction counts
	@$(MAKE) --no-print-directory all
	@tests/bench/bench

coverage: deps ## every way out and language on every system that can be had, as a matrix
	@$(MAKE) --no-print-directory all
	@tests/coverage/matrix

lint: ## clang-format, clang-tidy, cppcheck, shellcheck
	@tests/lint

format: ## lay the sources out
	clang-format -i $$(git ls-files '*.c' '*.h')

install: all ## install into PREFIX (/usr/local), below DESTDIR
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 755 $(BUILD)/linecap $(DESTDIR)$(BINDIR)/linecap
	$(INSTALL) -m 755 $(BUILD)/liblinecap.so $(DESTDIR)$(LIBDIR)/liblinecap.so
	$(INSTALL) -m 644 src/cmd/linecap.1 $(DESTDIR)$(MANDIR)/man1/linecap.1
	$(INSTALL) -m 644 preload/liblinecap.so.7 $(DESTDIR)$(MANDIR)/man7/liblinecap.so.7

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(SO_OBJS:.o=.d) $(BIN_OBJS:.o=.d) $(UNIT:=.d)
