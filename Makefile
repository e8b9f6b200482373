# taste: make, make check, make bench, make fuzz, make install, make static, make dist. GNU make, no configure step.
# Yours: CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR PKG_CONFIG, and SAN=address,undefined for an instrumented build beside the plain one.
# STATIC=1 (what `make static` says, and install takes): programs without any shared library, in build/static.
# RUN: what starts a program of another processor (RUN="qemu-aarch64-static -L /usr/aarch64-linux-gnu"): completions are made by asking the programs.

PREFIX  ?= /usr/local
bindir  := $(PREFIX)/bin
mandir  := $(PREFIX)/share/man
exampledir := $(PREFIX)/share/doc/taste/examples
bashdir ?= $(PREFIX)/share/bash-completion/completions
zshdir  ?= $(PREFIX)/share/zsh/site-functions
fishdir ?= $(PREFIX)/share/fish/vendor_completions.d
CFLAGS  ?= -O2 -g
PKG_CONFIG ?= pkg-config
AR      := ar

B    := build/$(or $(SAN),$(if $(STATIC),static,opt))
LIB  := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard lib/*/*.c)))
CMD  := $(patsubst cmd/%.c,$(B)/bin/%,$(sort $(wildcard cmd/taste-*.c)))
UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/u-*.c)))
BENCH := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/b-*.c)))
FUZZ := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/f-*.c)))
MAN  := $(sort $(wildcard man/*.[157]))
EXAMPLES := $(sort $(wildcard scripts/examples/*))
NAMES := $(notdir $(CMD))
comma := ,

MACHINE := $(shell $(CC) -dumpmachine | cut -d- -f1)
ifeq ($(MACHINE),x86_64)
ARCH := -march=x86-64-v3
BASELINE := -march=x86-64 -mtune=generic
endif

WARN  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings -Wno-missing-field-initializers $(if $(DEVELOPER),-Werror)
FLAGS = -std=c17 -D_GNU_SOURCE $(ARCH) -ffp-contract=off -fno-math-errno -pthread -ffile-prefix-map=$(CURDIR)=. \
        $(WARN) $(CPPFLAGS) $(CFLAGS) $(if $(STATIC),-DTASTE_STATIC) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -DARENA_MALLOC)
# By feature: built in when pkg-config finds them (STATIC: and there is a lib*.a), or not with `make WITHOUT="zstd sqlite3"`. -V names what a program has.
FEATURES := $(strip $(foreach f,zstd:libzstd sqlite3:sqlite3 sodium:libsodium,$(if $(filter $(firstword $(subst :, ,$(f))),$(WITHOUT)),, \
            $(shell $(PKG_CONFIG) --exists $(lastword $(subst :, ,$(f))) 2>/dev/null \
            $(if $(STATIC),&& [ -e "$$($(CC) -print-file-name=lib$(patsubst lib%,%,$(lastword $(subst :, ,$(f)))).a)" ]) && echo $(f)))))
LDLIBS := $(if $(STATIC),-static -Wl$(comma)--wrap=dlopen) -Wl,--as-needed -lcsv -lutf8proc $(shell $(PKG_CONFIG) $(if $(STATIC),--static) --libs zlib libxxhash $(foreach f,$(FEATURES),$(lastword $(subst :, ,$(f)))) 2>/dev/null || echo -lz -lxxhash) -lm

all: $(CMD)

$(B)/%.o: %.c | $(B)/version.h
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(EXTRA) -I$(B) -MMD -MP -c -o $@ $<

# Kernels get their own flags, and so do the loops over bytes and columns; the files that say "your CPU is too old" must run on an old CPU.
$(B)/cmd/%.o: EXTRA = $(CMD_CFLAGS)
$(B)/lib/num/%.o: EXTRA = -O3
$(B)/lib/num/act.o $(B)/lib/num/loss.o: EXTRA = -O3 -fno-trapping-math
$(B)/lib/io/zpack.o $(B)/lib/data/column.o $(B)/lib/index/%.o $(B)/lib/rank/%.o $(B)/lib/model/trees_grow.o: EXTRA = -O3
$(B)/lib/num/kern_avx512.o: EXTRA = -O3 $(if $(BASELINE),-mavx512f -mavx512vl -mavx512bw -mavx512dq -mprefer-vector-width=512)
$(B)/lib/base/cpu.o $(B)/lib/base/err.o $(B)/lib/cli/tool.o: EXTRA = $(BASELINE)

$(B)/libtaste.a: $(LIB)
	rm -f $@
	$(AR) rcsD $@ $^

# A program taste-X is cmd/taste-X.c and all of cmd/X-*.c.
.SECONDEXPANSION:
$(B)/bin/taste-%: $(B)/cmd/taste-%.o $$(addprefix $$(B)/,$$(sort $$(subst .c,.o,$$(wildcard cmd/$$*-*.c)))) $(B)/libtaste.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests/u-%: $(B)/tests/u-%.o $(B)/libtaste.a
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)
$(B)/tests/b-%: $(B)/tests/b-%.o $(B)/libtaste.a
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -ldl

# A fuzz target is a file with LLVMFuzzerTestOneInput; tests/fuzz-main.c replays files given as arguments, `make fuzz` links libFuzzer instead.
$(B)/tests/f-%: $(B)/tests/f-%.o $(B)/tests/fuzz-main.o $(B)/libtaste.a
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Makes broken files, for scripts/break and t-break.sh.
$(B)/tests/break: $(B)/tests/break.o $(B)/libtaste.a
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Not instrumented: it stands before the sanitizer's runtime.
$(B)/tests/fault.so: tests/fault.c tests/fault.h
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE -O2 -g -fPIC -shared -pthread $(WARN) -o $@ $< -ldl
$(B)/tests/fault-sweep: $(B)/tests/fault-sweep.o
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^

# What a build has: its version, flags and features. Not where it was made: the same bytes come out of any directory.
export TASTE_FLAGS = $(strip $(filter-out -ffile-prefix-map=% -fdebug-prefix-map=% -fmacro-prefix-map=%,$(CPPFLAGS) $(CFLAGS)) $(ARCH) $(if $(STATIC),-static) \
                     $(if $(SAN),-fsanitize=$(SAN)))
$(B)/version.h: FORCE
	@mkdir -p $(@D)
	@printf '#define TASTE_VERSION "%s"\n#define TASTE_FLAGS "%s"\n' "$$(cat VERSION)" "$$(printf %s "$$TASTE_FLAGS" | sed 's/["\\]/\\&/g')" > $@.tmp; \
	 for f in $(FEATURES); do echo "#define HAVE_$${f%%:*} 1" | tr a-z A-Z | sed 's/#DEFINE/#define/'; done >> $@.tmp; \
	 cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@
FORCE:

test-programs: $(UNIT) $(FUZZ) $(addprefix $(B)/tests/,b-serve break fault.so fault-sweep)

check: all test-programs
	tests/run $(B)

bench: all $(BENCH)
	scripts/bench $(B)

fuzz:
	scripts/fuzz $(or $(MINUTES),60)

static:
	$(MAKE) STATIC=1 all

# Completions come from the programs' own tables. A build for another processor has them only with RUN.
$(B)/share/%.opts: $(B)/bin/%
	@mkdir -p $(@D)
	$(RUN) $< --opts-tsv > $@
$(B)/share/%.bash: $(B)/share/%.opts scripts/completions
	scripts/completions bash $* < $< > $@
$(B)/share/_%: $(B)/share/%.opts scripts/completions
	scripts/completions zsh $* < $< > $@
$(B)/share/%.fish: $(B)/share/%.opts scripts/completions
	scripts/completions fish $* < $< > $@
ifneq ($(or $(RUN),$(filter $(MACHINE),$(shell uname -m))),)
COMPLETIONS := $(NAMES:%=$(B)/share/%.bash) $(NAMES:%=$(B)/share/_%) $(NAMES:%=$(B)/share/%.fish)
endif
completions: $(COMPLETIONS)

install: all completions
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man7
	install -m 755 $(CMD) $(DESTDIR)$(bindir)
	for m in $(MAN); do install -m 644 $$m $(DESTDIR)$(mandir)/man$${m##*.}/ || exit 1; done
	install -d $(DESTDIR)$(exampledir)
	for x in $(EXAMPLES); do m=644; [ ! -x $$x ] || m=755; install -m $$m $$x $(DESTDIR)$(exampledir)/ || exit 1; done
ifdef COMPLETIONS
	install -d $(DESTDIR)$(bashdir) $(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir)
	for n in $(NAMES); do install -m 644 $(B)/share/$$n.bash $(DESTDIR)$(bashdir)/$$n && install -m 644 $(B)/share/_$$n $(DESTDIR)$(zshdir)/ && \
		install -m 644 $(B)/share/$$n.fish $(DESTDIR)$(fishdir)/ || exit 1; done
else
	@echo "no completions for shells: this machine cannot run programs for $(MACHINE); RUN names what can (see Makefile)" >&2
endif

uninstall:
	rm -f $(addprefix $(DESTDIR)$(bindir)/,$(NAMES))
	for m in $(MAN); do rm -f $(DESTDIR)$(mandir)/man$${m##*.}/$${m##*/}; done
	rm -f $(addprefix $(DESTDIR)$(exampledir)/,$(notdir $(EXAMPLES)))
	for n in $(NAMES); do rm -f $(DESTDIR)$(bashdir)/$$n $(DESTDIR)$(zshdir)/_$$n $(DESTDIR)$(fishdir)/$$n.fish; done

# What a release is: the files of the last commit, the same bytes from every clone.
dist:
	@mkdir -p build
	git archive --format=tar --prefix=taste-$$(cat VERSION)/ HEAD > build/taste-$$(cat VERSION).tar
	gzip -9nf build/taste-$$(cat VERSION).tar

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all test-programs check bench fuzz static completions install uninstall dist clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
