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

# All but the names that the core kernel loses (seen in 6.1) when an allocation
# fails in kmem_cache_create(), as fault_load lets it.
leaks_of_ours() {
	awk '
		function flush() { if (!known) printf "%s", block }
		/^unreferenced object/ { flush(); block = ""; known = 0 }
		/ sysfs_slab_add\+/ { known = 1 }
		{ block = block $0 "\n" }
		END { flush() }' $kmemleak
}

leaks_end() {
	sleep 6		# objects younger than five seconds are not reported
	if ! echo scan > $kmemleak || ! echo scan > $kmemleak; then
		echo "ipcbox: BUG: kmemleak does not work" > /dev/kmsg
	fi
	# Line by line: what is written at once is one record, or too long for it.
	leaks_of_ours | sed -u 's/^/leak: /' > /dev/kmsg
	echo "ipcbox: kmemleak has scanned" > /dev/kmsg
}
