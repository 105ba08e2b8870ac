# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# In the VM, to be sourced: what kmemleak has to say, in the kernel log.

kmemleak=/sys/kernel/debug/kmemleak

# What was lost before this is not the module's.
leaks_begin() {
	echo scan > $kmemleak
	echo clear > $kmemleak
}

leaks_end() {
	sleep 6		# objects younger than five seconds are not reported
	if ! echo scan > $kmemleak || ! echo scan > $kmemleak; then
		echo "ipcbox: BUG: kmemleak does not work" > /dev/kmsg
	fi
	# Line by line: what is written at once is one record, or too long for it.
	sed -u 's/^/leak: /' $kmemleak > /dev/kmsg
	echo "ipcbox: kmemleak has scanned" > /dev/kmsg
}
