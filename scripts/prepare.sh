# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts that prepare a machine share: packages, installed or only
# unpacked, and the cache.  To be sourced after lib.sh.

# (dpkg-query fails when it does not know one of them.)
missing_packages() {
	local have

	have=$({ dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" \
		2> /dev/null || true; } | sed -n 's/ installed$//p')
	printf '%s\n' "$@" | grep -vxF "$have" || true
}

# apt_quietly COMMAND...: speaks only when it fails.
apt_quietly() {
	local log

	log=$(mktemp)
	if ! DEBIAN_FRONTEND=noninteractive apt-get -q \
		-o DPkg::Lock::Timeout=300 "$@" > "$log" 2>&1 < /dev/null; then
		cat "$log" >&2
		rm -f "$log"
		die "apt-get $1 failed, see above"
	fi
	rm -f "$log"
}

# Once per run, and only if something is to be fetched.
UPDATED=
apt_update() {
	[ -n "$UPDATED" ] && return
	say "apt-get update"
	apt_quietly update
	UPDATED=yes
}

install_packages() {
	local missing

	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || ask_for_packages "${missing[@]}"
	apt_update
	say "installing ${missing[*]}"
	apt_quietly install -y --no-install-recommends "${missing[@]}"
}

# For who may not install any: all that is missing in one command.
ask_for_packages() {
	say "these packages are missing: $*"
	say "install them, as root, with"
	printf '\n  apt-get update && apt-get install --no-install-recommends %s\n\n' \
		"$*" >&2
	exit 1
}

# unpack_package NAME DIR: the files of a package that is not installed.
unpack_package() {
	local deb=$2.deb

	[ "$(id -u)" != 0 ] || apt_update
	say "fetching $1"
	mkdir -p "$deb" "$2"
	(cd "$deb" && apt_quietly download -o APT::Sandbox::User=root "$1")
	dpkg-deb -x "$deb"/*.deb "$2"
	rm -r "$deb"
}

# What a meta package, as in linux-headers-amd64, stands for today.
kernel_offered() {
	apt-cache depends "linux-headers-$1" 2> /dev/null |
		sed -n 's/.*Depends: linux-headers-//p' | head -n 1
}

initramfs_fresh() {
	[ "$CACHE/kernels/$1/initramfs" -nt "$ROOT/scripts/initramfs" ]
}

initramfs_prepare() {
	local dir=$CACHE/kernels/$1

	! initramfs_fresh "$1" || return 0
	"$ROOT/scripts/initramfs" "$dir" > "$dir/.initramfs"
	mv "$dir/.initramfs" "$dir/initramfs"
}

# new_dir FINAL: a directory beside FINAL, to be renamed when it is complete.
new_dir() {
	mkdir -p "${1%/*}"
	mktemp -d "${1%/*}/.new.XXXXXX"
}

publish() {
	chmod 755 "$1"
	rm -rf "$2"
	mv -T "$1" "$2"
}

# forget_older VARIANT NAME: older kernels of a variant only take up room.
forget_older() {
	local dir

	for dir in "$CACHE/kernels/$1"-*; do
		[ "$dir" = "$CACHE/kernels/$2" ] || rm -rf "$dir"
	done
}

# One at a time of what NAME stands for.
lock() {
	mkdir -p "$CACHE"
	exec 9> "$CACHE/$1"
	flock -n 9 || { say "waiting for another run" && flock 9; }
}

# The kernel's source, unpacked in the cache.  It must stay where it is: kernels
# that were built from it refer to it.

# The version of the package that there is, or that could be had.
source_version() {
	local version

	version=$(apt-cache show "linux-source-$SERIES" 2> /dev/null |
		sed -n 's/^Version: //p' | head -n 1)
	[ -n "$version" ] || die "apt knows no linux-source-$SERIES: run apt-get update"
	printf '%s\n' "$version"
}

source_dir() { printf '%s/source/%s\n' "$CACHE" "$(source_version)"; }

source_prepare() {
	local dir

	[ -n "$(apt-cache show "linux-source-$SERIES" 2> /dev/null)" ] || apt_update
	dir=$(source_dir)
	[ ! -d "$dir" ] || return 0
	mkdir -p "$CACHE"
	(
		flock 7
		[ -d "$dir" ] || source_unpack "$dir"
	) 7> "$CACHE/lock.source"
}

source_unpack() {
	local dir=$1 tmp

	tmp=$(new_dir "$dir")
	unpack_package "linux-source-$SERIES" "$tmp/package"
	say "unpacking the kernel's source"
	tar -xJf "$tmp/package/usr/src/linux-source-$SERIES.tar.xz" -C "$tmp" \
		--strip-components=1
	rm -rf "$tmp/package"
	publish "$tmp" "$dir"
}
