# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # most is for those who source this
#
# What the scripts share: where things are, and which kernel is under test.
# To be sourced by bash.
#
# A kernel is a directory $CACHE/kernels/NAME with three entries (files or
# symbolic links) and one that scripts/setup derives from them:
#
#	vmlinuz		what QEMU boots
#	modules		its /lib/modules/RELEASE
#	build		what `make -C` takes as KDIR
#	initramfs	see scripts/initramfs
#
# and, where it needs them,
#
#	arch		the architecture, as QEMU names it, if not the host's
#	busybox		for that architecture, static
#	hostroot	how the VM gets files of the host, if not over 9p: by
#			"virtiofs", or "initramfs", only those packed for it
#	chroot		a system with the compiler that `build` wants
#
# For Debian's stock kernel NAME is the release, and scripts/setup makes the
# directory.  scripts/kernel-debian makes those of its other kernels,
# scripts/kernel-build builds some.  Whoever else has a kernel makes such a
# directory with the first three and sets IPCBOX_KERNEL=NAME.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ipcbox
ME=${0##*/}
HOST_ARCH=$(uname -m)
# The flavour of Debian's kernel that is tested unless IPCBOX_KERNEL says so, and
# its series.  The kselftest harness is that series' for all kernels: it belongs
# to user space.
FLAVOUR=amd64
SERIES=6.1
KSELFTEST=$CACHE/kselftest/$SERIES/tools/testing/selftests

say() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() {
	say "$*"
	exit 1
}

kernel_complete() {
	local dir=$CACHE/kernels/$1 part

	for part in vmlinuz modules build; do
		[ -e "$dir/$part" ] || return 1
	done
}

# Every kernel that set-up has finished, the newest last.
kernels_ready() {
	local dir

	for dir in "$CACHE"/kernels/*; do
		if kernel_complete "${dir##*/}"; then
			printf '%s\n' "${dir##*/}"
		fi
	done | sort -V
}

# The one place that chooses the kernel: IPCBOX_KERNEL, or the newest of
# Debian's stock ones that is set up.  Prints nothing if there is none yet.
kernel_name() {
	if [ -n "${IPCBOX_KERNEL:-}" ]; then
		printf '%s\n' "$IPCBOX_KERNEL"
	else
		kernels_ready | sed -nE "/^[0-9.]+-[0-9]+-$FLAVOUR\$/p" | tail -n 1
	fi
}

# kernel_entry NAME ENTRY DEFAULT: what one of the optional entries says.
kernel_entry() {
	cat "$CACHE/kernels/$1/$2" 2> /dev/null || printf '%s\n' "$3"
}

kernel_release() {
	local modules

	modules=$(readlink -f "$CACHE/kernels/$1/modules") &&
		printf '%s\n' "${modules##*/}"
}

# archive DIR: as an initramfs.  Equal files make equal archives, or else the
# boot would not count the same instructions.
archive() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | LC_ALL=C sort |
		cpio -o -H newc --quiet -R 0:0 --reproducible)
}
