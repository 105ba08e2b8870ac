#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # tests are called by their names
#
# The module as a module: what keeps it loaded, what is left of it when it is
# gone, its parameters, its description and its tracepoints. The module is
# loaded as it was when this ends.
#
# usage: module.sh [FILE]	FILE or $IPCBOX_KO is ipcbox.ko; without, it is
#				looked for above this directory, then installed
#
# A test is a function test_*; it fails by calling "bad".

here=$(cd "$(dirname "$0")" && pwd)
helper=$here/ipcbox_helper
sysfs=/sys/module/ipcbox
tracing=/sys/kernel/tracing
ko=${1:-$IPCBOX_KO}
netns='' holder='' scratch=$(mktemp -d)
reasons=''
number=0

bad() {
	reasons+="# $*"$'\n'
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 4
}

find_ko() {
	local dir

	[ -z "$ko" ] || return
	for ((dir = 0; dir < 6; dir++)); do
		ko=$here$(printf '/..%.0s' $(seq 0 $dir))/ipcbox.ko
		[ ! -e "$ko" ] || return
	done
	ko=$(modinfo -n ipcbox 2> /dev/null)
}

loaded() { [ -d "$sysfs" ]; }

load() { insmod "$ko" "$@" 2> "$scratch/insmod" || bad "insmod: $(< "$scratch/insmod")"; }

# An exited process may take a moment to let go of what it had open.
unload() {
	local try

	for ((try = 0; try < 50; try++)); do
		rmmod ipcbox 2> "$scratch/rmmod" && return
		sleep 0.1
	done
	bad "rmmod: $(< "$scratch/rmmod")"
}

parameters() {
	local file

	for file in "$sysfs/parameters"/*; do
		echo "${file##*/}=$(< "$file")"
	done
}

# hold VERB...: the helper holds something until "release".
hold() {
	local answer

	rm -f "$scratch"/{in,out}
	mkfifo "$scratch"/{in,out}
	"$helper" "$@" < "$scratch/in" > "$scratch/out" &
	holder=$!
	exec 8> "$scratch/in"
	read -r -t 20 answer < "$scratch/out"
	[ "$answer" = ready ] || bad "$1: helper says '$answer'"
}

release() {
	exec 8>&-
	wait "$holder"
}

busy() {
	local status

	rmmod ipcbox 2> "$scratch/rmmod"
	status=$?
	[ "$status" != 0 ] || { bad "rmmod worked while $1"; load; return; }
	grep -q "in use" "$scratch/rmmod" || bad "rmmod: $(< "$scratch/rmmod")"
	[ "$(< "$sysfs/refcnt")" -gt 0 ] || bad "refcnt is 0 while $1"
}

in_netns() { nsenter -n -t "$netns" "$@"; }

start_netns() {
	local try

	unshare -n sleep 1000 &
	netns=$!
	for ((try = 0; try < 100; try++)); do
		[ "$(readlink /proc/$netns/ns/net)" = "$(readlink /proc/self/ns/net)" ] ||
			return
		sleep 0.1
	done
}

# Everything by which the module can be seen.
traces_of_module() {
	local path

	for path in /dev/ipcbox /proc/net/ipcbox "$sysfs" /sys/class/misc/ipcbox \
		$tracing/events/ipcbox; do
		[ ! -e "$path" ] || echo "$path"
	done
	# Of a cache that shared another's slabs the kernel leaves a link behind.
	path=/sys/kernel/slab/ipcbox_message
	[ ! -e "$path" ] || [ -L "$path" ] || echo "$path"
	[ ! -r /proc/slabinfo ] || grep -o '^ipcbox[^ ]*' /proc/slabinfo
	grep -o '^ipcbox ' /proc/modules
	in_netns test ! -e /proc/net/ipcbox || echo "/proc/net/ipcbox in a namespace"
	in_netns grep -l ipcbox /proc/misc
}

# -- the tests ----------------------------------------------------------------

test_the_file_describes_the_module() {
	local parameter

	[ "$(modinfo -F license "$ko")" = GPL ] || bad "license"
	[ -n "$(modinfo -F version "$ko")" ] || bad "no version"
	[ -n "$(modinfo -F author "$ko")" ] || bad "no author"
	[ -n "$(modinfo -F description "$ko")" ] || bad "no description"
	for parameter in $(cd "$sysfs/parameters" && ls); do
		modinfo -F parm "$ko" |
			grep -Eq "^$parameter:.{10,} \((ulong|uint|bool)\)" ||
			bad "$parameter has no description"
	done
	[ "$(modinfo -F parm "$ko" | wc -l)" = 3 ] || bad "not three parameters"
	[ "$(modinfo -F version "$ko")" = "$(< "$sysfs/version")" ] ||
		bad "another version is loaded"
}

test_a_device_for_everybody() {
	[ "$(stat -c %F,%a /dev/ipcbox)" = "character special file,666" ] ||
		bad "$(stat -c %F,%a /dev/ipcbox)"
}

test_no_removal_while_a_box_is_open() {
	hold box
	busy "a box is open"
	release
}

test_no_removal_while_a_handle_is_open() {
	hold handle
	busy "a handle is open"
	release
}

test_no_removal_while_a_handle_is_inherited() {
	hold inherited
	wait "$holder"
	busy "a child has a handle"
	exec 8>&-
}

test_no_removal_while_a_thread_waits() {
	hold waiting
	busy "a thread waits"
	release
}

test_removal_with_ports_and_messages() {
	local left

	"$helper" fill module-short 500 100 || bad "fill"
	"$helper" fill module-long 20 100000 || bad "fill"
	in_netns "$helper" fill module-elsewhere 20 100 || bad "fill elsewhere"
	hold owned module-owned
	[ "$(< "$sysfs/refcnt")" = 0 ] || bad "refcnt is $(< "$sysfs/refcnt")"
	unload
	left=$(traces_of_module)
	[ -z "$left" ] || bad "still there: ${left//$'\n'/ }"
	# The process of a port that is gone exits without the module.
	release
	load
	[ "$("$helper" info | tail -n 1 | cut -d' ' -f1-3)" = \
		"user_ports=0 user_bytes=0 box_ports=0" ] ||
		bad "not empty: $("$helper" info)"
}

test_the_process_of_a_port_exits_at_the_removal() {
	local i

	for ((i = 0; i < 10; i++)); do
		hold owned module-owned
		exec 8>&-
		rmmod ipcbox 2> "$scratch/rmmod" || bad "rmmod: $(< "$scratch/rmmod")"
		wait "$holder"
		load
	done
}

test_twenty_times_with_traffic_between() {
	local i

	for ((i = 0; i < 20; i++)); do
		"$helper" traffic || bad "traffic"
		in_netns "$helper" traffic || bad "traffic in a namespace"
		[ $((i % 4)) != 0 ] || "$helper" fill "module-$i" 10 1000
		unload
		load
	done
	[ -c /dev/ipcbox ] || bad "no device"
}

test_namespaces_old_and_new() {
	in_netns test -r /proc/net/ipcbox || bad "not in an old namespace"
	unshare -n test -r /proc/net/ipcbox || bad "not in a new namespace"
	"$helper" fill module-here 1 1
	! in_netns grep -q module-here /proc/net/ipcbox || bad "seen elsewhere"
	[ "$("$helper" drain module-here)" = 1 ] || bad "drain"
}

test_parameters_are_limits() {
	local limits

	unload
	load max_ports_per_user=3 max_bytes_per_user=100000 max_msgsize=5000
	limits=$("$helper" info | head -n 1)
	[ "$limits" = "max_msgsize=5000 max_ports=3 max_bytes=100000" ] ||
		bad "$limits"
	[ "$("$helper" ports 10)" = "3 EDQUOT" ] || bad "$("$helper" ports 10)"
	[ "$("$helper" messages 5001)" = "0 EMSGSIZE" ] ||
		bad "$("$helper" messages 5001)"
	[ "$("$helper" messages 5000)" = "$((100000 / (5000 + overhead))) EDQUOT" ] ||
		bad "$("$helper" messages 5000)"
	# And can be changed while it runs.
	echo 5 > "$sysfs/parameters/max_ports_per_user"
	[ "$("$helper" ports 10)" = "5 EDQUOT" ] || bad "$("$helper" ports 10)"
	unload
	# shellcheck disable=SC2086 # a list
	load $parameters
}

test_parameters_that_are_no_numbers() {
	unload
	! insmod "$ko" max_msgsize=many 2> /dev/null || bad "took 'many'"
	! loaded || bad "loaded all the same"
	# shellcheck disable=SC2086 # a list
	load $parameters
}

test_a_second_one_is_refused() {
	! insmod "$ko" 2> "$scratch/insmod" || bad "loaded twice"
	grep -q "File exists" "$scratch/insmod" || bad "$(< "$scratch/insmod")"
}

# What the tracer says of one port, without what changes from run to run.
events() {
	sed -n "s/.*: \(ipcbox_[a-z_]*\): port=$1\b\(.*\)/\1\2/p" "$tracing/trace" |
		sed 's/msg=[0-9]* //'
}

test_tracepoints_fire_in_order() {
	local ports

	[ -d "$tracing/events/ipcbox" ] || { bad "no events"; return; }
	echo 0 > "$tracing/tracing_on"
	echo > "$tracing/trace"
	echo 1 > "$tracing/events/ipcbox/enable"
	echo 1 > "$tracing/tracing_on"
	ports=$("$helper" trace)
	echo 0 > "$tracing/tracing_on"
	echo 0 > "$tracing/events/ipcbox/enable"
	expect_events "${ports% *}" <<- EOF
		ipcbox_port_create name=trace-me
		ipcbox_message_queued type=1 len=1 priority=2
		ipcbox_message_returned type=1 len=1 priority=2
		ipcbox_message_queued type=1 len=1 priority=2
		ipcbox_message_received type=1 len=1 priority=2
		ipcbox_message_handed type=3 len=1 priority=4
		ipcbox_message_received type=3 len=1 priority=4
		ipcbox_port_delete name=trace-me
	EOF
	expect_events "${ports#* }" <<- EOF
		ipcbox_port_create name=
		ipcbox_message_queued type=5 len=1 priority=0
		ipcbox_message_recalled type=5 len=1 priority=0
		ipcbox_port_delete name=
	EOF
	echo 1 > "$tracing/tracing_on"
	echo > "$tracing/trace"
}

expect_events() {
	events "$1" | sed 's/^ *//; s/  */ /g' > "$scratch/events"
	diff - "$scratch/events" > "$scratch/diff" ||
		bad "events of port $1:"$'\n'"$(sed 's/^/#   /' "$scratch/diff")"
}

# Tracing across a removal: the events must not outlive their format.
test_removal_with_recorded_events() {
	[ -d "$tracing/events/ipcbox" ] || { bad "no events"; return; }
	echo 1 > "$tracing/events/ipcbox/enable"
	"$helper" traffic
	echo 0 > "$tracing/events/ipcbox/enable"
	unload
	cat "$tracing/trace" > /dev/null
	# shellcheck disable=SC2086 # a list
	load $parameters
	echo > "$tracing/trace"
}

test_the_kernel_log_is_clean() {
	local reports

	# (KCSAN reports the core kernel, too: whoever runs that one judges it.)
	reports=$(dmesg | sed -n "/$marker/,\$p" | grep -v 'BUG: KCSAN: ' |
		grep -E 'WARNING|BUG|Oops|Call Trace|still has objects|refcount_t|blocked for more|possible .* lock')
	[ -z "$reports" ] || bad "$reports"
}

test_it_is_loaded_as_it_was() {
	loaded || { bad "not loaded"; return; }
	[ "$(parameters | tr '\n' ' ')" = "$parameters" ] ||
		bad "$(parameters), not $parameters"
	[ "$(< "$sysfs/refcnt")" = 0 ] || bad "refcnt $(< "$sysfs/refcnt")"
}

# -- all of them --------------------------------------------------------------

cleanup() {
	# shellcheck disable=SC2086 # a list
	loaded || insmod "$ko" $parameters
	kill "$netns"
	rm -rf "$scratch"
}

run_test() {
	reasons=''
	"$1"
	number=$((number + 1))
	if [ -z "$reasons" ]; then
		echo "ok $number - ${1#test_}"
	else
		printf '%s' "$reasons"
		echo "not ok $number - ${1#test_}"
		failed=1
	fi
}

find_ko
[ "$(id -u)" = 0 ] || skip_all "only root can load modules"
loaded || skip_all "the module is not loaded"
[ -r "$ko" ] || skip_all "there is no ipcbox.ko, set IPCBOX_KO"
[ "$(< "$sysfs/refcnt")" = 0 ] ||
	skip_all "the module is in use ($(< "$sysfs/refcnt") references)"
[ -x "$helper" ] || skip_all "there is no $helper"

[ -d "$tracing/events" ] || mount -t tracefs tracefs "$tracing" 2> /dev/null
parameters=$(parameters | tr '\n' ' ')
overhead=$("$helper" info | sed -n 's/.*msg_overhead=//p')
marker="module.sh $$ begins"
echo "$marker" > /dev/kmsg
failed=0
start_netns
trap cleanup EXIT

tests=$(sed -n 's/^\(test_[a-z_]*\)() {$/\1/p' "$0")
echo "TAP version 13"
echo "1..$(wc -w <<< "$tests")"
for name in $tests; do
	run_test "$name"
done
exit $failed
