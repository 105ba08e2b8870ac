#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ipcbox bench: every transport carries whole messages of every size that it has
# no reason to refuse, between one process and another and between several, and
# what is told of it makes sense. How fast does not matter here. The module must
# be loaded.

here=$(cd "$(dirname "$0")" && pwd)
bin=${IPCBOX_BIN:-$here/../userlib/build}
if [ -x "$bin/ipcbox" ]; then
	PATH=$(cd "$bin" && pwd):$PATH
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

number=0 failed=0

# result WHAT STATUS: of a test, with the reasons in reasons.txt if it failed.
result() {
	number=$((number + 1))
	if [ "$2" = 0 ]; then
		echo "ok $number $1"
	else
		sed 's/^/# /' reasons.txt
		echo "not ok $number $1"
		failed=1
	fi
}

# judge EXPRESSION: of out.json, d, as python sees it: a list of what is wrong.
judge() {
	python3 - "$1" > reasons.txt 2>&1 << 'END'
import json
import sys

# What these cannot carry; all else must carry all.
LIMITS = {"posix-mq": 8192, "sysv-msg": 8192, "udp": 65507,
          "unix-seqpacket": 100000, "unix-dgram": 100000}
d = json.load(open("out.json", encoding="utf-8"))
names = [t["name"] for t in d["transports"]]
results = d["results"]


def rows(**wanted):
    return [r for r in results if all(r[k] == v for k, v in wanted.items())]


def sane(r):
    order = [0, r["least_ns"], r["quartile1_ns"], r["median_ns"],
             r["quartile3_ns"], r["most_ns"]]
    return order == sorted(order) and r["median_ns"] > 0 and \
        r["messages"] >= r["producers"] and r["switches"] >= 0


wrong = [f"makes no sense: {r}" for r in results if not sane(r)]
wrong += [f"not measured: {r}" for r in d["omitted"]
          if r["size"] <= LIMITS.get(r["transport"], r["size"])]
wrong += eval(sys.argv[1])
print(*wrong, sep="\n")
sys.exit(bool(wrong))
END
}

# bench WHAT EXPRESSION ARGUMENT...
bench() {
	local what=$1 expression=$2

	shift 2
	if ipcbox bench --json --verify --repeats=3 --duration=0 --timeout=120 "$@" \
		> out.json 2> reasons.txt; then
		judge "$expression"
	else
		echo "exit code $?" >> reasons.txt
		false
	fi
	result "$what" $?
}

# each MEASURE: that there is a row of each transport, on each processor.
each() {
	echo "[n + ' ' + c for n in names for c in ('same', 'different')
	       if not rows(transport=n, cpus=c, measure='$1')]" | tr -d '\n'
}

echo 1..6
bench "round trips of each transport" "$(each latency)" \
	--measure=latency --sizes=1,4097
bench "one way over each transport" "$(each throughput)" \
	--measure=throughput --sizes=1,4097
bench "large messages" \
	"[] if len(results) + len(d['omitted']) == 2 * len(names) else ['too few']" \
	--sizes=1M --cpus=different
bench "several producers and consumers" \
	"[n for n in names if len(rows(transport=n)) != 4]" \
	--measure=throughput --sizes=100 --cpus=different --producers=1,3 --consumers=1,2
ipcbox bench --sizes=64 --cpus=same --repeats=1 --duration=0 mailbox > out.txt 2> reasons.txt
[ "$(grep -c 'same  *1:1  *64 mailbox  *[1-9]' out.txt)" = 2 ]
result "a table has a row for each measure" $?
ipcbox bench --measure=latency --sizes=16M --cpus=same udp unix-dgram > out.txt 2> reasons.txt &&
	[ "$(grep -c 'not messages of that size' out.txt)" = 2 ]
result "a limit is no failure, and said" $?
exit $failed
