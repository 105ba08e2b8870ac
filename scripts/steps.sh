# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts that check something share: steps with results, the tests in
# a VM, and the closing line "N passed, N failed".  To be sourced after lib.sh.

# begin NAME: all that is said from here on is kept in build/NAME/.
begin() {
	OUT=$ROOT/build/$1
	RESULTS=$OUT/results	# lines "ok NAME", "not ok NAME", "skip NAME # WHY"
	INSTALLED=$OUT/kselftest
	START=$SECONDS
	mkdir -p "$OUT"
	exec 8> "$OUT/.lock"
	flock -n 8 || die "another $ME runs in this tree"
	rm -f "$RESULTS" "$OUT"/*.log "$OUT"/{tap,stderr,status,summary}*
}

# known WHAT NAMES NAME...: ends here if one of the names is none of NAMES.
known() {
	local what=$1 names=$2 name

	shift 2
	for name; do
		[[ " $names " == *" $name "* ]] ||
			die "$name is not $what; there are: $names"
	done
}

# step NAME COMMAND...: one result of its own.  The output goes to a log, which
# is shown if it fails.
step() {
	local name=$1 log start=$SECONDS

	shift
	log=$OUT/${name//[^A-Za-z0-9.]/-}.log
	printf '  %-30s ' "$name"
	if "$@" > "$log" 2>&1; then
		echo "   ok  ($((SECONDS - start)) s)"
		echo "ok $name" >> "$RESULTS"
	else
		echo "   FAILED, from ${log#"$ROOT/"}:"
		tail -n 60 "$log" | sed 's/^/  | /'
		echo "not ok $name" >> "$RESULTS"
		return 1
	fi
}

target() { make -j"$(nproc)" -C "$ROOT" "$@"; }

# The tests of the host's own architecture, built and installed.
install_selftests() {
	target selftests || return
	copy_selftests
	# So that a test finds these where they are in the tree.
	ln -s "$ROOT/userlib" "$ROOT/uapi" "$INSTALLED/"
}

# As kselftest's own top-level Makefile installs a collection.
copy_selftests() {
	rm -rf "$INSTALLED"
	mkdir -p "$INSTALLED"
	cp -r "$KSELFTEST/kselftest" "$KSELFTEST/run_kselftest.sh" "$INSTALLED/"
	selftests_make INSTALL_PATH="$INSTALLED/$COLLECTION" install || return
	selftests_make -s COLLECTION="$COLLECTION" emit_tests \
		> "$INSTALLED/kselftest-list.txt"
}

COLLECTION=ipcbox
TEST_VARIABLES=(OUTPUT="$ROOT/build/selftests")	# variables of selftests/Makefile

selftests_make() {
	make --no-print-directory -C "$ROOT/selftests" KSFT="$KSELFTEST" \
		"${TEST_VARIABLES[@]}" "$@"
}

# tests_in_vm NAME SECONDS [OPTION]...: all of them, in one VM, where the module
# is removed afterwards; one result for each test, one each for the end of the VM
# and for the kernel log.  OPTIONs are those of scripts/vm; what is in
# RUN_TESTS goes to scripts/guest/run-tests.
RUN_TESTS=()
tests_in_vm() {
	local name=$1 timeout=$2 status=0

	shift 2
	printf '\nIn the VM, kernel %s:\n' "$("$ROOT/scripts/where" release)"
	{ "$ROOT/scripts/vm" --timeout "$timeout" --log "$OUT/kernel.$name.log" "$@" \
		"$ROOT/scripts/guest/run-tests" "${RUN_TESTS[@]}" "$INSTALLED" \
		2> "$OUT/stderr.$name" || status=$?
		echo $status > "$OUT/status.$name"
	} | tee "$OUT/tap.$name" |
		"$ROOT/scripts/judge-tap" --expect "$INSTALLED/kselftest-list.txt" \
			--label "$name" --results "$RESULTS" || true
	step "$name: module unloads" vm_ended_well "$name" || true
	step "$name: kernel log" "$ROOT/scripts/judge-log" "$OUT/kernel.$name.log" || true
}

vm_ended_well() {
	cat "$OUT/stderr.$1"
	[ "$(cat "$OUT/status.$1")" = 0 ]
}

count() { grep -c "^$1 " "$RESULTS" || true; }

summary() {
	local skipped

	skipped=$(count skip)
	printf '%d passed, %d failed' "$(count ok)" "$(count 'not ok')"
	[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
	echo
}

# The closing line, and the verdict.
finish() {
	printf '\n%d s; logs in %s\n' $((SECONDS - START)) "${OUT#"$ROOT/"}"
	summary | tee "$OUT/summary"
	[ "$(count 'not ok')" = 0 ] && [ "$(count ok)" != 0 ]
}
