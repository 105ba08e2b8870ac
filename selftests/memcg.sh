#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # tests are called by their names
#
# Memory control groups: the memory of a message counts for its sender's group,
# from when it is sent until it is received, and a group's limit stops that
# group alone.
#
# A test is a function test_*; it fails by calling "bad".

here=$(cd "$(dirname "$0")" && pwd)
helper=$here/ipcbox_helper
root=/sys/fs/cgroup
group=$root/ipcbox-test-$$
reasons=''
number=0

bad() {
	reasons+="# $*"$'\n'
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 4
}

# in_group COMMAND...: run it as a member of the group.
in_group() {
	(echo "$BASHPID" > "$group/cgroup.procs" && exec "$@")
}

# stat NAME: of the group's memory.stat, in bytes.
stat_of() { sed -n "s/^$1 //p" "$group/memory.stat"; }

current() { cat "$group/memory.current"; }

event() { sed -n "s/^$1 //p" "$group/memory.events"; }

# Freed memory leaves the books in batches.
settles_below() {
	local try

	for ((try = 0; try < 50; try++)); do
		[ "$(current)" -gt "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

# charged NAME N LEN EACH: N messages of LEN bytes count for at least EACH bytes
# each, and no more when they have been received by somebody outside.
charged() {
	local before during n=$2

	in_group "$helper" fill memcg-warm 10 "$3" || bad "fill"
	"$helper" drain memcg-warm > /dev/null
	before=$(current)
	in_group "$helper" fill "$1" "$n" "$3" || bad "fill"
	during=$(current)
	[ $((during - before)) -ge $((n * $4)) ] ||
		bad "$n messages of $3 bytes count for $((during - before))"
	[ "$("$helper" drain "$1")" = "$n" ] || bad "drain"
	# Memory comes and goes in pages, and some of them in stock.
	settles_below $((before + n * $4 / 4 + 600000)) ||
		bad "$(current) bytes after all is received, $before before"
}

# -- the tests ----------------------------------------------------------------

test_short_messages_are_charged() {
	charged memcg-short 20000 64 384
}

test_messages_of_a_page_are_charged() {
	charged memcg-page 2000 4000 4000
}

test_long_messages_are_charged() {
	charged memcg-long 60 300000 300000
}

# The memory of a lane, as long as there is the lane.
test_lanes_are_charged() {
	local before during said size=$((8 << 20))

	in_group true
	before=$(current)
	coproc LANE { in_group "$helper" lane $((size - 8)); }
	read -r said <&"${LANE[0]}"
	[ "$said" = ready ] || bad "said '$said'"
	during=$(current)
	[ $((during - before)) -ge "$size" ] ||
		bad "a lane of $size bytes counts for $((during - before))"
	eval "exec ${LANE[1]}>&-"
	wait "$LANE_PID" || bad "helper"
	settles_below $((before + 600000)) ||
		bad "$(current) bytes without the lane, $before before"
}

# Those whose own memory it is not must not be charged, whoever runs first.
test_the_receiver_is_not_charged() {
	local before

	"$helper" fill memcg-out 10000 1000 || bad "fill"
	in_group true
	before=$(current)
	[ "$(in_group "$helper" drain memcg-out)" = 10000 ] || bad "drain"
	[ $(($(current) - before)) -lt 3000000 ] ||
		bad "the receiver's group pays $(($(current) - before))"
}

test_messages_outlive_their_senders_group_members() {
	local slab

	in_group "$helper" fill memcg-late 5000 100 || bad "fill"
	[ ! -s "$group/cgroup.procs" ] || bad "somebody is left in the group"
	slab=$(stat_of slab)
	[ "$slab" -ge $((5000 * 384)) ] || bad "slab $slab"
	[ "$("$helper" drain memcg-late)" = 5000 ] || bad "drain"
	[ "$(stat_of slab)" -lt $((slab - 5000 * 384 / 2)) ] ||
		bad "slab $(stat_of slab) after $slab"
}

# limited MIB ARGUMENT...: the helper with these in the group, limited to so much;
# sets said and status. The kernel's report of what it kills would count as a fault
# in its log: it stays off the console, and is looked at here.
said='' status=0
limited() {
	local console mark="$$ memcg ${FUNCNAME[1]} begins"

	read -r console _ < /proc/sys/kernel/printk
	dmesg -n 1
	echo "$mark" > /dev/kmsg
	echo $(($1 << 20)) > "$group/memory.max"
	said=$(in_group "$helper" "${@:2}" < /dev/null)
	status=$?
	echo max > "$group/memory.max"
	dmesg -n "$console"
	! dmesg | sed -n "/$mark/,\$p" | grep -v 'Call Trace' |
		grep -E 'WARNING|BUG|Oops|vmalloc error|page allocation failure' ||
		bad "see the kernel log"
}

test_a_limit_stops_its_group_alone() {
	local left

	echo 0 > "$group/memory.swap.max" 2> /dev/null
	limited 12 messages 1000
	left=$("$helper" info | tail -n 1)
	# The quota is 64 MiB, so it must be the group's limit that is hit.
	case $status,$said in
	137,) [ "$(event oom_kill)" -ge 1 ] || bad "killed, but not for memory" ;;
	0,*ENOMEM) ;;
	*) bad "status $status, '$said'" ;;
	esac
	[ "$(event max)" -gt 0 ] || bad "the limit was not reached"
	# It has gone with its port, and others have not noticed.
	[[ $left == "user_ports=0 user_bytes=0 "* ]] || bad "left: $left"
	[ "$("$helper" messages 1000000)" = "67 EDQUOT" ] ||
		bad "another one: $("$helper" messages 1000000)"
}

# The same with payloads that are put together from pages.
test_a_limit_stops_long_messages() {
	limited 12 messages 5000000
	case $status,$said in
	137,) ;;
	0,*ENOMEM) ;;
	*) bad "status $status, '$said'" ;;
	esac
	settles_below $((4 << 20)) || bad "$(current) bytes are left"
}

# A lane is had as a whole, or not at all.
test_a_limit_stops_lanes() {
	limited 4 lane $((16 << 20))
	case $status,$said in
	137,) ;;
	1,ENOMEM) ;;
	*) bad "status $status, '$said'" ;;
	esac
	settles_below $((4 << 20)) || bad "$(current) bytes are left"
}

test_a_group_that_is_empty_can_go() {
	local try

	for ((try = 0; try < 50; try++)); do
		rmdir "$group" 2> /dev/null && return
		sleep 0.1
	done
	bad "rmdir $group"
}

# -- all of them --------------------------------------------------------------

cleanup() {
	[ ! -d "$group" ] || rmdir "$group"
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

[ "$(id -u)" = 0 ] || skip_all "only root can make control groups"
[ -c /dev/ipcbox ] || skip_all "the module is not loaded"
[ -x "$helper" ] || skip_all "there is no $helper"
[ -e $root/cgroup.controllers ] || skip_all "no cgroup v2 at $root"
grep -qw memory $root/cgroup.controllers ||
	skip_all "no memory controller in $root/cgroup.controllers"
grep -qw memory $root/cgroup.subtree_control ||
	echo +memory > $root/cgroup.subtree_control ||
	skip_all "the memory controller cannot be switched on"
! grep -q nokmem /proc/cmdline || skip_all "kernel memory is not accounted"

mkdir "$group" || skip_all "cannot make $group"
trap cleanup EXIT
failed=0
tests=$(sed -n 's/^\(test_[a-z_]*\)() {$/\1/p' "$0")
echo "TAP version 13"
echo "1..$(wc -w <<< "$tests")"
for name in $tests; do
	run_test "$name"
done
exit $failed
