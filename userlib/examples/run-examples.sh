#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the examples and compares what they print with expected/; prints TAP.
# The module must be loaded. An argument is the directory of the built examples.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
built=$(cd "${1:-$here/../build/examples}" && pwd) || exit 1
cd "$here" || exit 1
number=0
failed=0

# run NAME: what the example prints, both streams.
run() {
	case $1 in
	producer-consumer)
		timeout 30 "$built/producer" && timeout 30 "$built/consumer"
		;;
	pipe | fifo | shared_memory)
		# The same over pipe(2), mkfifo(3) and shm_open(3).
		timeout 30 "$built/$1" && timeout 30 "$built/$1" --kernel
		;;
	*)
		timeout 30 "$built/$1"
		;;
	esac 2>&1
}

# judge NAME: one line of TAP, and the difference if there is one.
judge() {
	number=$((number + 1))
	output=$(run "$1")
	status=$?
	if [ $status = 0 ] && [ "$output" = "$(cat "expected/$1.txt")" ]; then
		echo "ok $number $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $number $1 # exit status $status"
	echo "$output" | diff "expected/$1.txt" - | sed 's/^/# /'
}

set -- expected/*.txt
echo "TAP version 13"
echo "1..$#"
for file; do
	judge "$(basename "$file" .txt)"
done
[ $failed = 0 ]
