# asyncinspect. `make` builds ./asyncinspect, `make check` runs every test, `make install` honours PREFIX and
# DESTDIR. `make SANITIZE=1` builds into build/asan with AddressSanitizer and UndefinedBehaviorSanitizer.

VERSION := 0.1.0
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/asyncinspect
# GDB's auto-load looks here for NAME-gdb.gdb of a program or library /NAME that it debugs, if its own prefix is
# PREFIX, or its `set auto-load scripts-directory' names the folder.
AUTOLOADDIR ?= $(PREFIX)/share/gdb/auto-load
AUTOLOAD_FOR ?= $(patsubst %,/usr/bin/python3.%,8 9 10 11 12 13 14 15)

CC         ?= cc
PKG_CONFIG ?= pkg-config
INSTALL    ?= install

CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla \
            -Wpointer-arith -Wundef -Wformat=2 -Wno-unused-parameter
ifdef WERROR
WARNINGS += -Werror
endif

LIBS_FLAGS := $(shell $(PKG_CONFIG) --cflags smartcols jansson libelf zlib libzstd 2>/dev/null)
# Debian 12's libdwarf has its header in its own folder and no pkg-config file; Debian 13's is in the same
# folder, and its pkg-config file names another; elsewhere pkg-config is right.
DWARF_FLAGS := $(shell $(PKG_CONFIG) --cflags libdwarf 2>/dev/null) -I/usr/include/libdwarf
LIBS        := $(shell $(PKG_CONFIG) --libs smartcols jansson libelf zlib libzstd 2>/dev/null || \
                 echo -lsmartcols -ljansson -lelf -lz -lzstd) -ldwarf -lpthread

ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DASYNCINSPECT_VERSION='"$(VERSION)"' -I. \
             -DLAYOUT_TABLES='"$(BUILD)/layouts.blob"' -DSYSTEM_CALLS='"$(BUILD)/system_calls.inc"' \
             $(LIBS_FLAGS) $(DWARF_FLAGS) $(WARNINGS) $(CFLAGS) $(SANITIZE_FLAGS)

ifdef SANITIZE
BUILD          := build/asan
SANITIZE_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
PROGRAM        := $(BUILD)/asyncinspect
else
BUILD          := build/release
PROGRAM        := asyncinspect
endif

MAIN     := inspector/commands/main.c
SOURCES  := $(filter-out $(MAIN),$(sort $(wildcard corefiles/*.c inspector/*/*.c)))
OBJECTS  := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY  := $(BUILD)/libinspector.a
TESTS    := $(sort $(wildcard tests/unit/test_*.c))
TEST_LIB := $(filter-out $(TESTS),$(sort $(wildcard tests/unit/*.c)))
UNIT     := $(BUILD)/tests/unit/run

all: $(PROGRAM)

$(PROGRAM): $(BUILD)/$(MAIN:.c=.o) $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

# The built-in tables of layouts: one blob, which layout_builtin.c includes. The folder is named too, so that a
# table that is gone makes a difference.
LAYOUTS := $(sort $(wildcard inspector/python/layouts/*.layout))

$(BUILD)/layouts.blob: $(LAYOUTS) inspector/python/layouts
	@mkdir -p $(@D)
	cat /dev/null $(LAYOUTS) > $@

$(BUILD)/inspector/python/layout_builtin.o: $(BUILD)/layouts.blob

# The names of system calls, as the kernel's header has them for the machine that this is built for.
$(BUILD)/system_calls.inc: Makefile
	@mkdir -p $(@D)
	echo '#include <asm/unistd.h>' | $(CC) -E -dM - | \
		sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9][0-9]*\)$$/{\2, "\1"},/p' | sort -t'{' -k2n > $@

$(BUILD)/inspector/target/system_call.o: $(BUILD)/system_calls.inc

# Writes the tables anew, from every CPython with debug information that is found here.
layouts: all
	tests/layouts/export.py --tool ./$(PROGRAM)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(UNIT): $(TESTS:%.c=$(BUILD)/%.o) $(TEST_LIB:%.c=$(BUILD)/%.o) $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $$($(PKG_CONFIG) --libs check) $(LIBS)

# Tries tables of layouts on a process: for tests/layouts/run.py.
TRY_TABLE := $(BUILD)/tests/layouts/try_table

$(TRY_TABLE): $(BUILD)/tests/layouts/try_table.o $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

try-table: $(TRY_TABLE)

# The unit tests alone; with SANITIZE=1 under the sanitizers.
unit: $(UNIT)
	$(UNIT)

check: all
	tests/check.sh

bench: all
	tests/bench/run

install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/asyncinspect
	$(INSTALL) -m 644 man/asyncinspect.1 $(DESTDIR)$(MANDIR)/man1/asyncinspect.1
	$(INSTALL) -m 644 man/asyncinspect-json.5 $(DESTDIR)$(MANDIR)/man5/asyncinspect-json.5
	$(INSTALL) -d $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(DATADIR)
	$(INSTALL) -m 644 man/asyncinspect-gdb.7 $(DESTDIR)$(MANDIR)/man7/asyncinspect-gdb.7
	sed 's|^\(.*set $$__asyncio_default = \)"asyncinspect"$$|\1"$(BINDIR)/asyncinspect"|' \
		gdb-commands/asyncinspect.gdb > $(DESTDIR)$(DATADIR)/asyncinspect.gdb
	chmod 644 $(DESTDIR)$(DATADIR)/asyncinspect.gdb
	for python in $(AUTOLOAD_FOR); do \
		$(INSTALL) -d $(DESTDIR)$(AUTOLOADDIR)$${python%/*} && \
		ln -sf $(DATADIR)/asyncinspect.gdb $(DESTDIR)$(AUTOLOADDIR)$$python-gdb.gdb || exit; \
	done
	@echo
	@echo 'For the command asyncio in every GDB, this line in ~/.gdbinit (or a file of its system-gdbinit-dir):'
	@echo '    source $(DATADIR)/asyncinspect.gdb'
	@echo 'or, only where GDB debugs a system Python, these two:'
	@echo '    add-auto-load-scripts-directory $(AUTOLOADDIR)'
	@echo '    add-auto-load-safe-path $(AUTOLOADDIR)'

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/asyncinspect $(DESTDIR)$(MANDIR)/man1/asyncinspect.1 \
		$(DESTDIR)$(MANDIR)/man5/asyncinspect-json.5 $(DESTDIR)$(MANDIR)/man7/asyncinspect-gdb.7 \
		$(DESTDIR)$(DATADIR)/asyncinspect.gdb \
		$(patsubst %,$(DESTDIR)$(AUTOLOADDIR)%-gdb.gdb,$(AUTOLOAD_FOR))
	rmdir $(DESTDIR)$(DATADIR) 2>/dev/null || true

format:
	clang-format -i corefiles/*.[ch] inspector/*/*.[ch] tests/unit/*.[ch]

clean:
	rm -rf build asyncinspect

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)

.PHONY: all unit layouts try-table check bench install uninstall format clean
