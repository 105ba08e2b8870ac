# SPDX-License-Identifier: GPL-2.0-only
#
# The targets of a person; what kbuild needs is in Kbuild.  `make help` lists
# them.  Every target can be repeated: what is done is not done again.

PREFIX ?= /usr/local
export PREFIX DESTDIR

# The kernel that the module is built for: the running one if its headers are
# here, else the newest of Debian's whose headers are.  check, demo and vm build
# it for the kernel of the VM.
running := /lib/modules/$(shell uname -r)/build
newest = $(lastword $(shell printf '%s\n' /usr/src/linux-headers-*-amd64 | sort -V))
KDIR ?= $(or $(wildcard $(running)),$(wildcard $(newest)))

# BTF takes a vmlinux, which headers may not have, and pahole.
MAKEFLAGS += --no-print-directory
kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(STRICT),W=1 KCFLAGS=-Werror) \
	$(if $(and $(wildcard $(KDIR)/vmlinux),$(shell command -v pahole)),,CONFIG_DEBUG_INFO_BTF_MODULES=)

all: module userlib ## the module, and the library with its command

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1:\2/p' $(MAKEFILE_LIST) | \
		awk -F: '{ printf "%-22s%s\n", $$1, $$2 }'
	@echo
	@echo "  KDIR=DIR            the kernel build directory to use for the module"
	@echo "  STRICT=1            warnings (W=1) are errors"
	@echo "  IPCBOX_KERNEL=NAME  the kernel of the VM (see scripts/lib.sh)"
	@echo "  KERNELS=NAMES       those of check-kernels (see scripts/kernel-debian)"
	@echo "  TIME=SECONDS        how long to fuzz; SEED=N, CORPUS=DIR: see scripts/fuzz --help"
	@echo "  PREFIX, DESTDIR     where install puts things ($(PREFIX))"

module: ## ipcbox.ko, for the kernel of KDIR
	@[ -n "$(KDIR)" ] || { echo "no kernel headers found: run make setup, or give KDIR=" >&2; exit 1; }
	+@$(kbuild) modules

userlib: ## libipcbox and the ipcbox command
	@$(MAKE) -C userlib all

selftests: ## the test programs
	@scripts/where kselftest > /dev/null 2>&1 || scripts/setup
	@mkdir -p build/selftests
	@$(MAKE) -C selftests OUTPUT=$(CURDIR)/build/selftests \
		KSFT=$$(scripts/where kselftest)
	@$(MAKE) -C selftests/bench OUTPUT=$(CURDIR)/build

setup: ## whatever is needed for building and testing; only what is missing
	@scripts/setup

demo: ## build, boot a VM, stream a real text through a mailbox there
	@scripts/demo

check: ## build and run all the tests in a VM
	@scripts/check

lint: ## look at all sources with the static checkers
	@scripts/lint

check-sanitize: ## all the tests on kernels that look for mistakes (or VARIANTS="kcsan")
	@scripts/check-sanitize $(VARIANTS)

check-kernels: ## all the tests on other kernels of Debian's (or KERNELS="rt arm64")
	@scripts/check-kernels $(KERNELS)

coverage: ## how much of the module the tests reach, in build/coverage/
	@scripts/coverage

fuzz: ## random calls on the module, in a VM that looks for mistakes
	@scripts/fuzz $(if $(TIME),--time $(TIME)) $(if $(SEED),--seed $(SEED)) \
		$(if $(CORPUS),--corpus $(CORPUS))

vm: vm-module ## an interactive shell in a VM with the module loaded
	@$(MAKE) userlib
	@scripts/vm --shell

# The module for the VM's kernel, which need not be the one that runs here.
vm-module: setup
	@$(MAKE) module KDIR=$$(scripts/where build) STRICT=1

bench-instructions: vm-module ## instructions per operation, exact
	@$(MAKE) -C selftests/bench OUTPUT=$(CURDIR)/build
	@scripts/bench-instructions

bench-ring: ## the shared ring on this machine, in nanoseconds, next to its peers
	@scripts/bench-ring

# The device node needs nothing: devtmpfs makes it, with the module's mode.
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)

install: module userlib ## the module, loaded at each boot, and the library
	+$(kbuild) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	install -d $(DESTDIR)/etc/modules-load.d
	echo ipcbox > $(DESTDIR)/etc/modules-load.d/ipcbox.conf
	$(MAKE) -C userlib install
	@# Without a System.map, as in Debian's headers, kbuild leaves this out.
	[ -n "$(DESTDIR)" ] || depmod $(release)
	@[ -n "$(DESTDIR)" ] || echo "load it now with: modprobe ipcbox"

uninstall: ## take away what install has put there, for every kernel
	for ko in $(DESTDIR)/lib/modules/*/extra/ipcbox.ko \
			$(DESTDIR)/lib/modules/*/updates/ipcbox.ko; do \
		[ -e "$$ko" ] || continue; \
		rm "$$ko"; \
		[ -n "$(DESTDIR)" ] || depmod "$$(basename "$${ko%/*/*}")"; \
	done
	rm -f $(DESTDIR)/etc/modules-load.d/ipcbox.conf
	$(MAKE) -C userlib uninstall

clean: ## remove what was built
	+@[ -z "$(KDIR)" ] || $(kbuild) clean
	@$(MAKE) -C userlib clean
	@rm -rf build

.PHONY: all help module userlib selftests setup demo check lint \
	check-sanitize check-kernels coverage fuzz vm vm-module \
	bench-instructions bench-ring install uninstall clean
