#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the ipcbox command: every subcommand, option, exit code and error
# text, the completion and the man pages. The module must be loaded.
#
# A test is a function test_*; it fails by calling "bad". The command is the one
# in the directory $IPCBOX_BIN, or the one that was built in this tree, or else
# the one that is installed.

here=$(cd "$(dirname "$0")" && pwd)
userlib=$here/../userlib
bin=${IPCBOX_BIN:-$userlib/build}
if [ -x "$bin/ipcbox" ]; then
	PATH=$(cd "$bin" && pwd):$PATH
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# Most of the time here goes into starting programs, and in a VM that shares the
# files of its host most of that into reading the C library: so from memory.
mkdir lib
ldd "$(command -v ipcbox)" | awk '$2 == "=>" { print $3 }' | xargs -r cp -t lib
export LD_LIBRARY_PATH=$scratch/lib

# What the last run left: out, err, code; and why the current test fails.
out='' err='' code=0 reasons=''
# The port of the current test.
port=''

bad() {
	reasons+="# $*"$'\n'
}

# run ARGUMENT...: ipcbox, and nothing else, because an emulated machine takes
# its time to start a program.
run() {
	ipcbox "$@" > out.txt 2> err.txt
	code=$?
	out=$(< out.txt)
	err=$(< err.txt)
	last="ipcbox $*"
}

# gives CODE ARGUMENT...: run it, and it must end with that code.
gives() {
	local wanted=$1

	shift
	run "$@"
	[ "$code" = "$wanted" ] ||
		bad "$last: exit code $code, not $wanted: $err"
}

ok() {
	gives 0 "$@"
	[ -z "$err" ] || bad "$last: unexpected message: $err"
}

prints() {
	[ "$out" = "$1" ] || bad "$last: printed '$out', not '$1'"
}

shows() {
	[[ $out == *"$1"* ]] || bad "$last: no '$1' in '$out'"
}

tells() {
	[[ $err == *"$1"* ]] || bad "$last: no '$1' in message '$err'"
}

# usage_error TEXT ARGUMENT...
usage_error() {
	local text=$1

	shift
	gives 2 "$@"
	tells "$text"
	tells "Try 'ipcbox "
}

# One python for all of the tests: to start it takes a second in an emulated VM.
coproc PYTHON { python3 -u -c '
import json, sys
for line in sys.stdin:
    try:
        d = json.load(open("out.txt"))
        print(eval(line))
    except Exception as error:
        print(repr(error))
'; }

# json EXPRESSION: of the last output, d, as python sees it.
json() {
	local value

	echo "$1" >&"${PYTHON[1]}"
	read -r value <&"${PYTHON[0]}"
	echo "$value"
}

json_is() {
	local value

	value=$(json "$1")
	[ "$value" = "$2" ] || bad "$last: $1 is '$value', not '$2'"
}

# value_of KEY: in the last output, of stat --json, which has a line for each.
# Not by python, which takes a second to start on an emulated machine.
value_of() {
	sed -n 's/^ *"'"$1"'": "\{0,1\}\([^",]*\).*/\1/p' out.txt
}

# stat_is KEY VALUE: of the port.
stat_is() {
	local value

	ok stat "$port" --json
	value=$(value_of "$1")
	[ "$value" = "$2" ] || bad "$1 of $port is '$value', not '$2'"
}

# until_stat KEY VALUE: wait for it, at most ten seconds.
until_stat() {
	local i

	for i in {1..200}; do
		ipcbox stat "$port" --json > out.txt 2> /dev/null
		[ "$(value_of "$1")" = "$2" ] && return
		sleep 0.05
	done
	bad "$1 of $port did not become $2"
}

# until_output TEXT ARGUMENT...: run ipcbox until it prints that, at most ten
# seconds.
until_output() {
	local text=$1 i

	shift
	for i in {1..100}; do
		run "$@"
		[[ $out == *"$text"* ]] && return
		sleep 0.1
	done
	bad "$last: no '$text' in '$out'"
}

# Help, version, usage.

test_help() {
	local command

	ok --help
	shows "Usage: ipcbox COMMAND"
	shows "no such port"
	prints "$(ipcbox -h)"
	for command in create rm ls stat info set send recv inbox call serve top graph watch pipe \
		bench; do
		shows "  $command "
	done
}

test_help_of_each_command() {
	local command

	for command in create rm ls stat info set send recv inbox call serve top graph watch pipe \
		bench; do
		ok "$command" --help
		shows "Usage: ipcbox $command"
		shows "Options:"
		shows "Examples:"
		shows "Exit codes:"
		shows "  6  the port was deleted"
		prints "$(ipcbox "$command" -h)"
		awk 'length > 80 { exit 1 }' out.txt || bad "$last: a line is too long"
	done
}

test_every_option_is_in_the_help() {
	local option

	ok create --help
	for option in capacity bytes max-msgsize mode uid gid kind dead-letter max-deliveries owner excl \
		quiet; do
		shows "--$option"
	done
	ok send --help
	for option in to file lines null type priority timeout nowait count interval verbose; do
		shows "--$option"
	done
	ok recv --help
	for option in count loop lines null json output type from timeout nowait peek lease verbose; do
		shows "--$option"
	done
	ok inbox --help
	for option in count loop lines null json output type from timeout nowait peek lease verbose; do
		shows "--$option"
	done
	ok bench --help
	for option in measure sizes producers consumers cpus repeats duration timeout verify \
		batch list json; do
		shows "--$option"
	done
	ok top --help
	for option in by interval count sort json; do
		shows "--$option"
	done
}

test_version() {
	ok --version
	[[ $out =~ ^ipcbox\ [0-9]+\.[0-9]+$ ]] || bad "version '$out'"
	prints "$(ipcbox -V)"
}

test_usage_of_the_command_line() {
	usage_error "a command is missing"
	usage_error "there is no command 'frobnicate'" frobnicate
	usage_error "unrecognized option '--frobnicate'" ls --frobnicate
	usage_error "requires an argument" create x --mode
	usage_error "invalid option -- 'Z'" recv -Z x
	tells "Try 'ipcbox recv --help'."
}

test_usage_of_bench() {
	usage_error "--measure takes latency and throughput, not 'speed'" bench -m speed
	usage_error "--cpus takes same and different, not 'all'" bench -C all
	usage_error "--sizes: an empty message tells nothing" bench -s 1,0
	usage_error "--producers takes numbers from 1 to 8, not 0" bench -p 0
	usage_error "--consumers takes a number up to 8, not '9'" bench -c 9
	usage_error "--repeats takes a number from 1 to 101, not 0" bench -r 0
	usage_error "--measure takes a list, such as a,b" bench -m ,
	usage_error "there is no transport 'pigeon', see --list" bench pigeon
	ok bench --list
	shows "mailbox "
	shows "pipe "
}

test_usage_of_operands() {
	local command

	for command in rm stat set send recv; do
		usage_error "the name of a port is missing" "$command"
	done
	for command in stat recv; do
		usage_error "'b' is one argument too many" "$command" a b
	done
	usage_error "'a' is one argument too many" inbox a
	usage_error "'a' is one argument too many" ls a
	usage_error "'a' is one argument too many" info a
	usage_error "'a' is one argument too many" top a
	usage_error "'b' is one argument too many" create a b
	usage_error "an attribute to change is missing" set a
}

test_usage_of_numbers() {
	usage_error "--capacity takes a number of messages or 'unlimited', not 'many'" create x --capacity many
	usage_error "--capacity takes" create x --capacity=-1
	usage_error "--capacity takes" create x --capacity=99999999999999999999
	usage_error "--bytes takes a size such as 4096, 64K, 1M or 2G, not '1X'" create x --bytes 1X
	usage_error "--bytes: 17179869184G is more than" create x --bytes 17179869184G
	usage_error "--max-msgsize: 4G is more than 4294967295 bytes" create x --max-msgsize 4G
	usage_error "--mode takes octal permissions without x, such as 0660, not '0777'" create x --mode 0777
	usage_error "--mode takes" create x --mode 8
	usage_error "--mode takes" create x --mode rw
	usage_error "--uid: there is no user 'nobody-at-all'" create x --uid nobody-at-all
	usage_error "--gid: there is no group 'nobody-at-all'" create x --gid nobody-at-all
	usage_error "--uid takes a number up to 4294967294, not '4294967295'" create x --uid 4294967295
	usage_error "--owner takes kernel, process or handle, not 'me'" create x --owner me
	usage_error "--who=all needs a --capacity of 1 or more" create x --who all --capacity 0
	usage_error "--who takes any, one, pair, all or lossy, not 'me'" create x --who me
	usage_error "--priority takes a number up to 31, not '32'" send x --priority 32 m
	usage_error "--type takes a number, not '-1'" send x --type=-1 m
	usage_error "--type takes a number, not ' 1'" recv x --type=' 1'
	usage_error "--timeout takes seconds such as 10 or 0.25, not 'soon'" recv x --timeout soon
	usage_error "--timeout takes" recv x --timeout=-1
	usage_error "--timeout takes" recv x --timeout=inf
	usage_error "--timeout takes" recv x --timeout=1s
	usage_error "--interval takes" send x --interval=nan m
	usage_error "--count takes" send x --count=1.5 m
	usage_error "--interval takes 0.1 to 86400 seconds, not '0'" top --interval 0
	usage_error "--interval takes seconds" top --interval soon
	usage_error "--count takes" top --count -1
	usage_error "--by takes port or user, not 'me'" top --by me
	usage_error "--sort takes the title of a column, such as queued or name, not 'me'" top --sort me
	usage_error "--sort takes the title of a column, such as bytes or user, not 'queued'" top --by user --sort queued
}

test_usage_of_combinations() {
	usage_error "--receipt would tell of the process" send --to=1 --receipt x
	usage_error "--to takes the id of a process, not 0" send --to=0 x
	usage_error "--from takes a number up to 2147483647, not 'x'" recv x --from=x
	usage_error "only one of --quiet, --names and --json" ls -q --json
	usage_error "only one of --lines, --null and --json" recv x --lines --json
	usage_error "either --timeout or --nowait" recv x --timeout 1 --nowait
	usage_error "either --timeout or --nowait" send x --timeout 1 --nowait m
	usage_error "either --loop or --count" recv x --loop --count 3
	usage_error "--peek would show the same message again" recv x --peek --loop
	usage_error "--receipt waits, so --nowait does not go" send x --receipt --nowait m
	usage_error "--count does not go with --lines" send x --lines --count 2
	usage_error "either --file or messages" send x --file /dev/null m
	usage_error "--file sends FILE as one message" send x --lines --file /dev/null
	usage_error "--owner=process needs a COMMAND" create x --owner process
	usage_error "a COMMAND needs --owner=process" create x -- true
}

# create, rm, set.

test_create_prints_name_and_id() {
	ok create "$port"
	[[ $out =~ ^$port\ @[0-9]+$ ]] || bad "printed '$out'"
	ok stat "@${out#*@}"
	shows "$port"
}

test_send_tells_who_has_received() {
	ok create -q "$port"
	ipcbox recv "$port" > "$scratch/got" &
	ok send --receipt "$port" hello
	[[ $out =~ ^message\ 1\ received\ by\ process\ $!\ of\ user\ [0-9]+$ ]] ||
		bad "printed '$out', the receiver is $!"
	wait $!
	[ "$(cat "$scratch/got")" = hello ] || bad "received '$(cat "$scratch/got")'"
}

test_watch_tells_who_comes_and_goes() {
	local watcher receiver line

	ok create -q "$port"
	ipcbox watch "$port" > watched.txt &
	watcher=$!
	until_stat waiting_receivers 1
	ipcbox recv "$port" > /dev/null &
	receiver=$!
	until_stat receivers 1
	ok send "$port" hello
	wait $receiver
	ok rm "$port"
	wait $watcher || bad "watch failed"
	{
		read -r line
		[[ $line == "receiver came, by process $receiver of user "* ]] ||
			bad "printed '$line', the receiver is $receiver"
		read -r line
		[[ $line == "sender came, by process "* ]] || bad "printed '$line'"
		read -r line
		read -r line
		read -r line
		[[ $line == "deleted, by process "* ]] || bad "printed '$line'"
	} < watched.txt
}

test_watch_ends() {
	ok create -q "$port"
	gives 4 watch "$port" --timeout 0.05
	tells "timed out"
	gives 3 watch "$port.none"
	usage_error "the name of a port is missing" watch
	ipcbox watch "$port" --count 1 --json > watched.txt &
	until_stat waiting_receivers 1
	ok send "$port" hello
	wait $! || bad "watch failed"
	[[ $(cat watched.txt) == '{"event":"sender came","count":1,'* ]] ||
		bad "printed '$(cat watched.txt)'"
}

test_a_port_of_all_has_no_receipts_and_no_calls() {
	ok create -q --who all "$port"
	gives 1 send "$port" --receipt hello
	tells "not supported by this port"
	gives 1 call "$port" hello
	tells "not supported by this port"
	gives 1 recv "$port" --lease --nowait
	tells "not supported by this port"
}

test_create_says_who_gets_a_message() {
	local who

	for who in any one pair all lossy; do
		ok create -q --excl --who $who "$port.$who"
		ok stat "$port.$who"
		[[ $out =~ sharing\ +$who ]] || bad "printed '$out'"
		ok rm "$port.$who"
	done
}

test_create_a_stream() {
	ok create --kind=stream --bytes=8K "$port"
	stat_is kind stream
	stat_is max_bytes 8192
	usage_error "a stream has a capacity in bytes alone" create --kind=stream -c 3 x
	usage_error "a stream is for any, or for a pair" create --kind=stream --who=one x
	usage_error "--kind takes mailbox, stream, listener or ring, not 'pipe'" create --kind=pipe x
	gives 1 create --kind=stream --bytes=8 x
}

test_create_a_ring() {
	ok create --kind=ring --capacity=2 --bytes=1K "$port"
	stat_is kind ring
	stat_is max_messages 2
	stat_is max_bytes 1024
	stat_is max_msgsize 1016
	stat_is lanes 0
	run stat "$port"
	[[ $out =~ capacity\ +bounded,\ 2\ lanes\ of\ 1K\ bytes ]] || bad "printed '$out'"
	usage_error "a ring is for any" create --kind=ring --who=one x
	usage_error "the longest record of a ring fills a lane" create --kind=ring -s 8 x
	usage_error "a ring has from 1 to 64 lanes" create --kind=ring --capacity=65 x
	usage_error "a ring has from 1 to 64 lanes" create --kind=ring --capacity=0 x
	usage_error "a lane of a ring has from 16 to" create --kind=ring --bytes=15 x
	usage_error "a lane of a ring has from 16 to" create --kind=ring --bytes=1G x
	ok create --kind=ring --capacity=64 --bytes=16 "$port.small"
	ok rm "$port.small"
	run call "$port"
	[[ $err == *"ipcbox stat"* ]] || bad "printed '$err'"
}

test_send_and_receive_through_a_ring() {
	ok create --kind=ring --capacity=2 --bytes=1K "$port" -q
	gives 4 recv --nowait "$port"
	ok send "$port" one two ''
	stat_is lanes 1
	stat_is bytes 40
	ok recv "$port"
	prints one
	ok recv --peek "$port"
	prints two
	seq 5 | ipcbox send "$port" --lines || bad "send --lines"
	stat_is lanes 2
	gives 1 send "$port" more
	tells "a ring has all the lanes it may"
	ok recv --loop --nowait --lines "$port"
	prints "$(printf 'two\n\n1\n2\n3\n4\n5')"
	stat_is lanes 0
	stat_is bytes 0
	gives 4 send --nowait --count=1000 "$port" 'fills it'
	tells "after 64 messages"
	run top --json --count=1
	[[ $out == *'"lanes": 1'* || $out == *'"lanes":1'* ]] || bad "printed '$out'"
	ok recv --count=64 --json "$port"
	[[ $out == *'"text":"fills it"'* ]] || bad "printed '$out'"
	gives 8 send "$port" "$(printf %02000d 0)"
	for option in --type=1 --priority=1 --receipt; do
		usage_error "'$port' is a ring" send $option "$port" x
	done
	for option in --type=1 --from=1 --lease; do
		usage_error "'$port' is a ring" recv $option "$port"
	done
}

test_wait_for_records_of_a_ring() {
	local receiver

	ok create --kind=ring --bytes=64 "$port" -q
	ipcbox recv --loop --lines "$port" > received.txt &
	receiver=$!
	# more than there is room for, twice
	seq 100 | ipcbox send "$port" --lines || bad "send"
	seq 101 200 | ipcbox send "$port" --lines || bad "send"
	until_stat received_bytes "$((200 * 16))"
	ok rm "$port"
	wait $receiver || bad "recv --loop failed"
	seq 200 | diff - received.txt > /dev/null || bad "received $(wc -l < received.txt)"
}

test_create_a_listener() {
	ok create --kind=listener --capacity=5 "$port"
	stat_is kind listener
	stat_is max_messages 5
	gives 1 send "$port" hello
	tells "a listener takes no messages, only connections"
	gives 1 call "$port" hello
	tells "a listener takes no messages, only connections"
}

test_pipe_joins_two_pipelines() {
	seq 20000 > numbers.txt
	ipcbox pipe --write "$port" < numbers.txt &
	ipcbox pipe "$port" | cat > copy.txt
	wait $! || bad "the writer ended with $?"
	cmp -s numbers.txt copy.txt || bad "the copy differs"
	gives 3 stat "$port"
	seq 20000 | ipcbox pipe "$port" > nothing.txt &
	ok pipe --read "$port"
	[ "$out" = "$(< numbers.txt)" ] || bad "the output differs"
	wait $!
	[ ! -s nothing.txt ] || bad "the writer prints"
}

test_pipe_ends_by_sigpipe() {
	(yes | ipcbox pipe --write "$port"; echo "${PIPESTATUS[1]}" > status.txt) &
	out=$(ipcbox pipe --read "$port" | head -n 1)
	[ "$out" = y ] || bad "read '$out'"
	wait $!
	[ "$(< status.txt)" = 141 ] || bad "the writer ended with $(< status.txt), not by SIGPIPE"
}

test_pipe_usage() {
	usage_error "either --read or --write can be given, not both" pipe -r -w x
	usage_error "it is not clear which way" pipe x
	ok create "$port"
	gives 1 pipe --read "$port"
	tells "of another kind"
}

test_create_defaults() {
	ok create -q "$port"
	prints ""
	stat_is max_messages 64
	stat_is max_bytes null
	stat_is mode 0600
	stat_is owner kernel
	stat_is kind mailbox
	stat_is sharing any
	stat_is uid 0
}

test_create_without_a_name() {
	local id

	ok create
	id=$out
	[[ $id =~ ^@[0-9]+$ ]] || bad "printed '$id'"
	ok send "$id" hello
	ok recv "$id"
	prints hello
	ok ls --names
	[[ $out != *@* ]] || bad "a port without a name has one"
	ok rm "$id"
}

test_create_with_every_attribute() {
	ok create "$port" --capacity 7 --bytes 64K --max-msgsize 1K --mode 0622 --uid 4242 --gid nogroup
	stat_is max_messages 7
	stat_is max_bytes 65536
	stat_is max_msgsize 1024
	stat_is mode 0622
	stat_is uid 4242
	stat_is gid "$(getent group nogroup | cut -d: -f3)"
}

test_create_capacities() {
	ok create "$port" -c unlimited -b unlimited
	stat_is max_messages null
	stat_is max_bytes null
	ok rm "$port"
	ok create "$port" -c 0
	stat_is max_messages 0
	ok rm "$port"
	# fewer bytes than the module's largest message: that one gets smaller
	ok create "$port" -b 1000
	stat_is max_msgsize 1000
}

test_create_of_what_exists() {
	ok create "$port" --capacity 3
	gives 0 create "$port" --capacity 5
	tells "port '$port' existed already and keeps its attributes"
	stat_is max_messages 3
	gives 7 create "$port" --excl
	tells "a port of that name exists"
}

test_create_with_a_bad_name() {
	local name

	for name in 'a b' a/b @x "$(printf 'x%.0s' {1..64})" $'a\tb'; do
		gives 1 create "$name"
		tells "a name has 1 to 63 bytes"
	done
	usage_error "a COMMAND needs --owner" create -- -x
	ok create "$(printf 'x%.0s' {1..63})" -q
	ok rm "$(printf 'x%.0s' {1..63})"
	ok create -q "näme-$port"
	ok rm "näme-$port"
}

# shellcheck disable=SC2016 # the inner shells expand these
test_create_for_a_process() {
	ok create "$port" --owner process -- \
		sh -c 'ipcbox send "$1" hello && exec ipcbox recv "$IPCBOX_PORT"' x "$port"
	shows "hello"
	gives 3 stat "$port"
	run create "$port" -o process -q -- sh -c 'ipcbox stat "$1" --json; exit 42' x "$port"
	[ "$code" = 42 ] || bad "exit code $code of the command"
	[ "$(value_of owner)" = process ] || bad "$last: $out"
	# a child of the owner is not the owner
	gives 5 create "$port" -o process -q -- sh -c 'ipcbox recv "$1" -n; exit $?' x "$port"
	tells "permission denied"
	gives 127 create "$port" -o process -- /nonexistent/command
	tells "cannot run '/nonexistent/command': No such file or directory"
	gives 126 create "$port" -o process -- /
	gives 3 stat "$port"
	ok create "$port"
	gives 7 create "$port" -o process -- true
}

# shellcheck disable=SC2016 # likewise
test_create_for_a_handle() {
	ok create "$port" --owner handle -- sh -c '
		echo by descriptor >&"$IPCBOX_FD"
		ipcbox recv "$1"' x "$port"
	shows "by descriptor"
	gives 3 stat "$port"
}

test_rm() {
	ok create "$port" -q
	ok create "$port.2" -q
	gives 3 rm "$port.none" "$port" "$port.2"
	tells "cannot delete port '$port.none': no such port"
	gives 3 stat "$port"
	gives 3 stat "$port.2"
	ok rm --force "$port.none" -f
	gives 3 rm @18446744073709551615
	gives 1 rm @nonsense
	tells "invalid argument"
}

test_set() {
	ok create "$port" -q
	ok set "$port" --capacity 9 --bytes 20M --max-msgsize 2K --mode 0664 --uid 1 --gid 2
	prints ""
	stat_is max_messages 9
	stat_is max_bytes 20971520
	stat_is max_msgsize 2048
	stat_is mode 0664
	stat_is uid 1
	stat_is gid 2
	ok set "$port" -c unlimited -b unlimited
	stat_is max_messages null
	stat_is max_bytes null
	stat_is mode 0664
	gives 1 set "$port" --bytes 1
	tells "--bytes must not be less than --max-msgsize"
	gives 3 set "$port.none" --mode 0600
}

# ls, stat, info.

test_ls_table() {
	ok create "$port" --capacity 5 --mode 0640 -q
	ok send "$port" abc defg
	ok ls
	shows "ID  "
	[ "$(awk -v p="$port" '$2 == p { print $3, $4, $5, $6, $8, $9, $10, $11 }' out.txt)" = \
		"mailbox kernel 0640 root 2/5 7 0/0 0/0" ] || bad "row: $(grep "$port" out.txt)"
	grep -q ' $' out.txt && bad "blanks at the end of a line"
}

test_ls_fits_the_terminal() {
	local width

	ok create "$port" -q
	for width in 40 60 80; do
		script -qec "stty cols $width; ipcbox ls" /dev/null < /dev/null |
			tr -d '\r' > table.txt
		grep -q "$port" table.txt || bad "no port at width $width"
		awk -v w="$width" 'length > w { exit 1 }' table.txt ||
			bad "too wide for $width: $(cat table.txt)"
	done
}

test_ls_lists() {
	ok create "$port" -q
	ok ls -q
	grep -qvE '^@[0-9]+$' out.txt && bad "not only ids: $out"
	ok ls --names
	grep -qx "$port" out.txt || bad "name not in list: $out"
	ok ls --json
	json_is "[p['name'] for p in d].count('$port')" 1
	json_is "sorted(p['id'] for p in d) == [p['id'] for p in d]" True
	[ -z "$(ipcbox ls --json | python3 -m json.tool 2>&1 > /dev/null)" ] || bad "no JSON"
}

test_ls_of_many_ports() {
	local i name

	for i in {1..70}; do
		echo "$port.$i"
	done > names.txt
	while read -r name; do ipcbox create -q "$name"; done < names.txt
	ok ls -n
	[ "$(grep -c "^$port\\." out.txt)" = 70 ] || bad "not all 70"
	xargs ipcbox rm < names.txt || bad "cannot delete them"
	ok ls -n
	grep -q "^$port\\." out.txt && bad "some are left"
}

test_ls_without_ports() {
	unshare -n ipcbox ls --json > out.txt
	json_is d "[]"
	[ "$(unshare -n ipcbox ls | wc -l)" = 1 ] || bad "more than a title"
	[ -z "$(unshare -n ipcbox ls -q)" ] || bad "ids"
}

test_stat_answers_the_questions_of_a_link() {
	local question

	ok create "$port" -q --capacity 2 --bytes 1M
	ok send "$port" hello
	ok stat "$port"
	for question in established processes handles "links per pair" direction "message size" \
		capacity owner sharing waiting; do
		shows "$question"
	done
	shows "bounded, 2 messages, 1M bytes"
	shows "1 messages, 5 bytes, first of them 5 bytes"
	shows "lives until it is deleted"
	ok set "$port" -c 0
	ok stat "$port"
	shows "zero (rendezvous"
	ok set "$port" -c unlimited -b unlimited
	ok stat "$port"
	shows "unbounded (within the quota of each sender)"
}

test_stat_counts_handles_and_waiters() {
	local waiter

	ok create "$port" -q
	stat_is handles 0
	ipcbox recv "$port" > received.txt &
	waiter=$!
	until_stat waiting_receivers 1
	stat_is receivers 1
	stat_is handles 1
	ok send "$port" hello
	wait $waiter || bad "the receiver failed"
	[ "$(cat received.txt)" = hello ] || bad "received $(cat received.txt)"
	stat_is received 1
	stat_is sent_bytes 5
	gives 3 stat "$port.none"
	tells "cannot look at port '$port.none': no such port (ipcbox ls shows those that exist)"
}

test_stat_counts_processes() {
	local owner

	ok create "$port" -q
	ok stat "$port"
	shows "any number; now 0"
	# one handle, but a child has inherited it
	ipcbox create "$port.mine" -q -o process -- sh -c 'sleep 30 & wait' &
	owner=$!
	port+=.mine until_stat handles 1
	until_output "any number; now 2" stat "$port.mine"
	shows "1 to send, 1 to receive, 1 in all"
	as_user stat "$port.mine"
	shows "any number; now 0, and perhaps some of "
	shows " that this user may not look into"
	kill $owner
	wait $owner 2> /dev/null
	ok rm -f "$port.mine"
	ok create "$port.pair" -q --who pair
	ok stat "$port.pair"
	shows "at most two; now 0"
	ok rm "$port.pair"
}

test_stat_by_id() {
	ok create "$port" -q
	ok stat "$port" --json
	ok stat "@$(value_of id)" --json
	[ "$(value_of name)" = "$port" ] || bad "$last: $out"
}

test_info() {
	ok info
	shows "ABI version"
	shows "kinds              mailbox"
	shows "owners             kernel process"
	ok info --json
	json_is "d['abi_version']" 1
	json_is "d['kinds']" "['mailbox', 'inbox', 'stream', 'listener', 'connection', 'ring']"
	json_is "d['max_msgsize'] > 0 and d['max_ports'] > 0 and d['max_bytes'] > 0" True
}

# send and recv.

test_send_arguments() {
	ok create "$port" -q
	ok send "$port" one 'two words' '' -- --three
	prints ""
	ok recv "$port" --count 4 --lines
	prints "$(printf 'one\ntwo words\n\n--three')"
}

test_send_file() {
	ok create "$port" -q
	printf 'a\0b\nc' > file.bin
	ok send "$port" --file file.bin
	ok recv "$port" --output copy.bin
	cmp file.bin copy.bin || bad "the copy differs"
	ok send "$port" -f - < file.bin
	ok send "$port" < file.bin
	ok recv "$port" --count 2 -o copy.bin
	cat file.bin file.bin | cmp - copy.bin || bad "the copies differ"
	gives 1 send "$port" --file none.bin
	tells "cannot read 'none.bin': No such file or directory"
	gives 1 send "$port" --file .
	tells "Is a directory"
	gives 3 recv "$port.none" --output file.bin
	[ -s file.bin ] || bad "a wrong name emptied the file"
	gives 1 recv "$port" --output none/file
	tells "cannot open 'none/file'"
}

test_send_large_file() {
	ok create "$port" -q
	head -c 5000001 /dev/urandom > large.bin
	ok send "$port" -f large.bin
	ok recv "$port" -o copy.bin
	cmp large.bin copy.bin || bad "the copy differs"
	gives 8 send "$port" -f /dev/zero
	tells "'/dev/zero' has more than"
}

test_send_lines() {
	ok create "$port" -q
	printf 'one\n\nthree' > lines.txt
	printf 'four\n' > more.txt
	ok send "$port" --lines lines.txt more.txt
	stat_is messages 4
	ok recv "$port" --lines --count 4
	prints "$(printf 'one\n\nthree\nfour')"
	ok send "$port" --lines < <(printf 'x\ny\n')
	stat_is messages 2
	ok send "$port" -l - < <(printf 'z\n')
	ok recv "$port" -l --loop --nowait
	prints "$(printf 'x\ny\nz')"
	gives 1 send "$port" --lines none.txt
	tells "cannot read 'none.txt'"
}

test_send_null() {
	ok create "$port" -q
	ok send "$port" --null < <(printf 'one\ntwo\0three\0')
	stat_is messages 2
	ipcbox recv "$port" --null --count 2 > copy.bin || bad "recv failed"
	printf 'one\ntwo\0three\0' | cmp - copy.bin || bad "the copy differs"
}

test_send_count_and_interval() {
	local start=$EPOCHREALTIME

	ok create "$port" -q
	ok send "$port" --count 3 --interval 0.1 a b
	[ "$(echo "$start $EPOCHREALTIME" | awk '{ print ($2 - $1 >= 0.5) }')" = 1 ] ||
		bad "no pauses"
	ok recv "$port" --lines --count 6
	prints "$(printf 'a\nb\na\nb\na\nb')"
	ok send "$port" --repeat 2 a
	stat_is messages 2
	ok send "$port" --count 0 a
	stat_is messages 2
}

test_send_verbose() {
	ok create "$port" -q
	gives 0 send "$port" -v hello
	[[ $err =~ sent\ message\ [0-9]+\ of\ 5\ bytes ]] || bad "$err"
}

test_types() {
	ok create "$port" -q
	ok send "$port" --type 1 one
	ok send "$port" --type 18446744073709551614 two
	ok recv "$port" --type 18446744073709551614 --json
	json_is "(d['text'], d['type'])" "('two', '18446744073709551614')"
	gives 4 recv "$port" --type 2 --nowait
	ok recv "$port" -t 1
	prints one
}

test_priorities() {
	ok create "$port" -q
	ok send "$port" low
	ok send "$port" -p 31 high
	ok send "$port" --priority=5 middle
	ok recv "$port" --count 3 --lines
	prints "$(printf 'high\nmiddle\nlow')"
}

test_recv_json() {
	ok create "$port" -q
	ok send "$port" --type 7 --priority 3 'grüße "quoted"'
	ok send "$port" --type 1 < <(printf '\377\0\1')
	ok recv "$port" --json
	json_is "(d['text'], d['type'], d['priority'], d['uid'])" "('grüße \"quoted\"', 7, 3, 0)"
	json_is "d['pid'] > 0 and d['pid'] == d['tid'] and d['id'] > 0 and d['len'] == 16" True
	ok recv "$port" --json
	json_is "(__import__('base64').b64decode(d['base64']), d['len'])" "(b'\\xff\\x00\\x01', 3)"
	ok send "$port" < <(printf '\377')
	ok send "$port" < <(printf '\377\376')
	ipcbox recv "$port" -j -c 2 > out.txt
	[ "$(grep -o '"base64":"[^"]*"' out.txt | tr '\n' ' ')" = '"base64":"/w==" "base64":"//4=" ' ] ||
		bad "base64: $(cat out.txt)"
}

test_recv_verbose() {
	ok create "$port" -q
	ok send "$port" --type 7 hello
	gives 0 recv "$port" --verbose
	prints hello
	[[ $err =~ message\ [0-9]+\ of\ 5\ bytes,\ type\ 7,\ priority\ 0,\ from\ process\ [0-9]+,\ user\ 0 ]] ||
		bad "$err"
}

test_recv_peek() {
	ok create "$port" -q
	ok send "$port" hello
	ok recv "$port" --peek
	prints hello
	ok recv "$port" -k -j
	json_is "d['text']" hello
	stat_is messages 1
	ok recv "$port"
	gives 4 recv "$port" --peek --nowait
}

test_recv_from() {
	ok create "$port" -q
	ok send "$port" hello
	gives 4 recv "$port" --from=$$ --nowait
	gives 4 recv "$port" --from=$$ --timeout=0.1
	# The one that has sent it is known by its id, though it has exited.
	ok recv "$port" --peek --json
	sender=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' out.txt)
	ok recv "$port" --from="$sender"
	prints hello
	gives 3 recv "$port" --from="$sender"
	tells "cannot receive from port '$port': no such process"
}

# inbox_starts ARGUMENT...: in the background, with its id in $inbox.
inbox_starts() {
	local i

	ipcbox inbox "$@" > received.txt 2> told.txt &
	inbox=$!
	for i in {1..200}; do
		grep -q "^ipcbox: inbox: process $inbox, port @[0-9]*$" told.txt && return
		sleep 0.05
	done
	bad "inbox did not say its process: $(cat told.txt)"
}

test_inbox() {
	inbox_starts --lines --count=4
	ok ls
	shows " inbox "
	ok send --to="$inbox" one 'two words'
	printf 'three' | ipcbox send --to="$inbox" || bad "cannot send standard input"
	printf 'four' > file.txt
	ok send -T "$inbox" --file=file.txt
	wait "$inbox" || bad "inbox ended with $?"
	printf 'one\ntwo words\nthree\nfour\n' | diff - received.txt > diff.txt ||
		bad "$(cat diff.txt)"
	gives 3 send --to="$inbox" late
	tells "cannot send to process '$inbox': no such process"
}

test_inbox_from_one() {
	inbox_starts --from=$$ --timeout=10
	ok send --to="$inbox" stranger
	kill -0 "$inbox" || bad "inbox has received from another one"
	kill "$inbox"
	wait "$inbox"
	[ $? = 143 ] || bad "not ended by the signal"
	gives 4 inbox --nowait
}

test_recv_lease() {
	ok create "$port" -q
	ok send "$port" one two
	ok recv "$port" --lease
	prints one
	stat_is held 0
	stat_is received 1
	# What cannot be written is not lost.
	ipcbox recv "$port" --lease > /dev/full 2> err.txt && bad "no failure"
	until_stat held 0
	stat_is messages 1
	ok recv "$port" -a --json
	json_is "d['text']" two
	json_is "d['redelivered']" True
	stat_is messages 0
	usage_error "either --peek or --lease" recv "$port" -a -k
}

test_dead_letters() {
	local n

	ok create "$port.dead" -q
	ok create "$port" -q --dead-letter "$port.dead" --max-deliveries 2
	stat_is max_deliveries 2
	ok send "$port" poison
	for n in 1 2; do
		ipcbox recv "$port" --lease > /dev/full 2> err.txt && bad "no failure"
		until_stat held 0
		stat_is dead_lettered $((n / 2))
	done
	stat_is messages 0
	ok stat "$port"
	shows "dead letters     1 messages, after 2 deliveries to @"
	ok recv "$port.dead" --json
	json_is "d['text'], d['dead_letter'], d['redelivered']" "('poison', True, True)"
	ok set "$port" -D unlimited
	stat_is dead_letter null
	stat_is max_deliveries null
	stat_is dead_lettered 1
	ok set "$port" -d "$port.dead" -D 7
	stat_is max_deliveries 7
	ok rm "$port.dead"
	ok stat "$port"
	shows "dead letters     1 messages; the port for them is gone"
}

test_dead_letters_that_cannot_be() {
	ok create "$port" -q
	usage_error "--dead-letter needs --max-deliveries" set "$port" -d "$port"
	usage_error "--max-deliveries needs --dead-letter" set "$port" -D 3
	usage_error "takes 1 or more, or 'unlimited'" set "$port" -d "$port" -D 0
	usage_error "--max-deliveries" set "$port" -d "$port" -D x
	gives 3 set "$port" -d "$port.dead" -D 1
	gives 1 set "$port" -d "$port" -D 1
	tells "its own dead-letter port"
	# A port that cannot be as it is wanted is not left behind.
	ok create "$port.all" -q --who all
	gives 1 create "$port.new" -d "$port.all" -D 1
	tells "cannot send dead letters to port '$port.all'"
	gives 3 stat "$port.new"
	gives 3 create "$port.new" -d "$port.none" -D 1
	gives 3 stat "$port.new"
	ok rm "$port.all"
}

test_call_and_serve() {
	local server

	ok create "$port" -q --capacity 0
	# shellcheck disable=SC2016 # for the shell of the server
	ipcbox serve "$port" -- sh -c 'tr a-z A-Z; echo " $IPCBOX_UID $IPCBOX_TYPE"; exit 3' &
	server=$!
	ok call "$port" hello --type 7 --timeout 20
	prints "HELLO 0 7"
	gives 3 call "$port" --status --timeout 20 hello
	prints "HELLO 0 0"
	run call "$port" --verbose --timeout 20 < /dev/null
	prints " 0 0"
	tells "type 3, to request"
	ok rm "$port"
	wait $server || bad "serve failed"
}

test_call_of_nobody() {
	ok create "$port" -q --capacity 0
	gives 4 call "$port" hello --nowait
	tells "call to port '$port' failed, the request is not delivered: it would have to wait"
	gives 4 call "$port" hello --timeout 0.1
	tells "not delivered: timed out"
	usage_error "the name of a port is missing" call
	usage_error "one argument too many" call "$port" a b
}

test_serve_inherits_nice() {
	local server

	ok create "$port" -q --capacity 0
	ipcbox serve "$port" --count 2 --inherit-nice -- nice &
	server=$!
	[ "$(echo | nice -n 7 ipcbox call "$port")" = 7 ] || bad "not the caller's"
	[ "$(echo | ipcbox call "$port")" = 0 ] || bad "not its own again"
	wait $server || bad "serve failed"
}

test_serve_that_fails() {
	local server

	ok create "$port" -q --capacity 0
	ipcbox serve "$port" --count 1 -- ./no-such-command 2> serve.txt &
	server=$!
	gives 127 call "$port" --status --timeout 20 hello
	prints ""
	wait $server || bad "serve failed"
	grep -q "cannot run './no-such-command'" serve.txt || bad "not told"
	# shellcheck disable=SC2016 # for the shell of the server
	ipcbox serve "$port" -- sh -c 'kill -9 $PPID; sleep 1' &
	server=$!
	gives 1 call "$port" hello --timeout 20
	tells "the request is unanswered: the server has gone"
	wait $server 2> /dev/null
	usage_error "the command is missing: ipcbox serve $port -- COMMAND" serve "$port"
	usage_error "the name of a port is missing" serve
}

test_would_wait() {
	ok create "$port" -q --capacity 1
	gives 4 recv "$port" --nowait
	tells "cannot receive from port '$port': it would have to wait"
	ok send "$port" --nowait one
	gives 4 send "$port" --nowait two
	tells "cannot send to port '$port': it would have to wait"
	ok recv "$port" -n
	gives 4 send "$port" -n one two
	tells "after 1 messages"
	stat_is messages 1
}

test_timeout() {
	local start=$EPOCHREALTIME

	ok create "$port" -q --capacity 1
	gives 4 recv "$port" --timeout 0.3
	tells "timed out"
	ok send "$port" --timeout 5 one
	gives 4 send "$port" --timeout 0.3 two
	tells "timed out"
	[ "$(echo "$start $EPOCHREALTIME" | awk '{ print ($2 - $1 >= 0.6) }')" = 1 ] ||
		bad "it did not wait"
	ok recv "$port" --timeout 0
	gives 4 recv "$port" -w 0
	ok send "$port" a
	gives 4 recv "$port" --loop --timeout 0.2
	prints a
	tells "after 1 messages"
}

test_send_waits_while_full() {
	local sender

	ok create "$port" -q --capacity 1
	ipcbox send "$port" one two &
	sender=$!
	until_stat waiting_senders 1
	ok recv "$port" --lines --count 2
	prints "$(printf 'one\ntwo')"
	wait $sender || bad "the sender failed"
}

test_recv_loop_until_deleted() {
	local receiver

	ok create "$port" -q
	ipcbox recv "$port" --lines --loop > received.txt 2> loop.txt &
	receiver=$!
	ok send "$port" one two three
	until_stat received 3
	until_stat waiting_receivers 1
	[ "$(tr '\n' ' ' < received.txt)" = "one two three " ] ||
		bad "not written before waiting: $(cat received.txt)"
	ok rm "$port"
	wait $receiver || bad "exit code $? after the port was deleted"
	[ -s loop.txt ] && bad "message: $(cat loop.txt)"
	gives 3 recv "$port" --loop
}

test_deleted_while_waiting() {
	local waiter

	ok create "$port" -q --capacity 0
	ipcbox recv "$port" 2> waiter.txt &
	waiter=$!
	until_stat waiting_receivers 1
	ok rm "$port"
	wait $waiter
	[ $? = 6 ] || bad "recv: not exit code 6"
	ok create "$port" -q --capacity 0
	ipcbox send "$port" hello 2> waiter.txt &
	waiter=$!
	until_stat waiting_senders 1
	ok rm "$port"
	wait $waiter
	[ $? = 6 ] || bad "send: not exit code 6"
	grep -q "the port was deleted" waiter.txt || bad "message: $(cat waiter.txt)"
}

test_recv_into_a_closed_pipe() {
	local reader

	ok create "$port" -q
	ipcbox recv "$port" --loop --lines 2> loop.txt | head -1 > first.txt &
	reader=$!
	ok send "$port" one
	wait_for_file first.txt
	ok send "$port" two
	until_stat receivers 0
	wait $reader
	[ "$(cat first.txt)" = one ] || bad "first line: $(cat first.txt)"
	grep -q "cannot write to standard output (the last 1 messages received may be lost): Broken pipe" loop.txt ||
		bad "message: $(cat loop.txt)"
	ok send "$port" three
	(ipcbox recv "$port" 2> /dev/null; echo $? > code.txt) > /dev/full
	[ "$(cat code.txt)" = 1 ] || bad "exit code $(cat code.txt) with a full disk"
}

wait_for_file() {
	local i

	for i in {1..100}; do
		[ -s "$1" ] && return
		sleep 0.1
	done
	bad "$1 stayed empty"
}

test_other_output_into_a_full_disk() {
	local command

	for command in "--help" "ls" "ls --json" "info" "send --help" graph \
		"graph --json" "top -c 9 -i 0.1" "top -c 9 -i 0.1 --json"; do
		# shellcheck disable=SC2086
		ipcbox $command > /dev/full 2> err.txt
		[ $? = 1 ] || bad "$command: not exit code 1"
		grep -q "cannot write to standard output: No space left" err.txt ||
			bad "$command: $(cat err.txt)"
	done
}

test_recv_ended_by_a_signal() {
	local receiver signal

	ok create "$port" -q
	for signal in INT TERM HUP; do
		# a background job of a script ignores SIGINT; python does not
		python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("ipcbox", sys.argv[1:])' ipcbox recv "$port" --loop --lines > received.txt &
		receiver=$!
		until_stat waiting_receivers 1
		ok send "$port" "before $signal"
		until_stat waiting_receivers 1
		kill -s $signal $receiver
		wait $receiver 2> /dev/null
		[ $? = $((128 + $(kill -l $signal))) ] || bad "exit code after SIG$signal"
		[ "$(cat received.txt)" = "before $signal" ] || bad "lost: $(cat received.txt)"
	done
}

test_many_lines_by_two_senders_and_two_receivers() {
	local receivers senders

	seq 1 20000 > a.txt
	seq 20001 40000 > b.txt
	ok create "$port" -q --capacity 256
	ipcbox recv "$port" --lines --loop > c.txt &
	receivers=$!
	ipcbox recv "$port" --lines --loop > d.txt &
	receivers+=" $!"
	ipcbox send "$port" --lines a.txt &
	senders=$!
	ipcbox send "$port" --lines b.txt &
	senders+=" $!"
	# shellcheck disable=SC2086
	wait $senders
	until_stat received 40000
	ok rm "$port"
	# shellcheck disable=SC2086
	wait $receivers || bad "a receiver failed"
	sort -n c.txt d.txt | cmp - <(seq 1 40000) || bad "not every line exactly once"
}

# top.

# top_sums KEY: of the port in out.txt, which has an object on each line: what the
# rates of KEY add up to.
top_sums() {
	python3 -c 'import json, sys
total = 0
for line in open("out.txt"):
    if line.endswith("\n"):
        look = json.loads(line)
        total += sum(port[sys.argv[2]] * look["seconds"]
                     for port in look["ports"] if port["name"] == sys.argv[1])
print(round(total))' "$port" "$1"
}

# A rate is a difference between two looks, so over all of them the rates add up
# to what was sent while somebody looked, whenever that was.
test_top_rates() {
	local top i

	ok create "$port" -q --capacity unlimited
	ok send "$port" before before
	ipcbox top --json --interval 0.3 > out.txt &
	top=$!
	wait_for_file out.txt
	ipcbox send "$port" --count 40 hello
	ipcbox recv "$port" --count 30 > /dev/null
	for i in {1..30}; do
		[ "$(top_sums received_per_s)" = 30 ] && break
		sleep 0.3
	done
	kill $top
	wait $top
	[ "$(top_sums sent_per_s)" = 40 ] || bad "sent: $(top_sums sent_per_s)"
	[ "$(top_sums received_per_s)" = 30 ] || bad "received: $(top_sums received_per_s)"
	[ "$(top_sums sent_bytes_per_s)" = 200 ] || bad "bytes: $(top_sums sent_bytes_per_s)"
	# 2 * "before" and 28 * "hello"
	[ "$(top_sums received_bytes_per_s)" = 152 ] || bad "bytes: $(top_sums received_bytes_per_s)"
}

# Ports that come, and one of the same name that takes the place of another.
test_top_of_ports_that_come_and_go() {
	local top i

	ipcbox top --json --interval 0.3 > out.txt &
	top=$!
	wait_for_file out.txt
	ok_quietly create "$port" -q
	ok_quietly send "$port" a b c
	for i in {1..30}; do
		[ "$(top_sums sent_per_s)" = 3 ] && break
		sleep 0.3
	done
	[ "$(top_sums sent_per_s)" = 3 ] || bad "of a new port: $(top_sums sent_per_s)"
	ok_quietly rm "$port"
	ok_quietly create "$port" -q
	ok_quietly send "$port" a b
	for i in {1..30}; do
		[ "$(top_sums sent_per_s)" = 5 ] && break
		sleep 0.3
	done
	kill $top
	wait $top
	[ "$(top_sums sent_per_s)" = 5 ] || bad "of its successor: $(top_sums sent_per_s)"
}

# As ok, while something else is written to out.txt.
ok_quietly() {
	ipcbox "$@" > quiet.txt 2>&1 || bad "ipcbox $*: $(cat quiet.txt)"
}

test_top_table() {
	local waiter

	ok create "$port" -q --capacity 1 --who lossy
	ok create "$port.z" -q --capacity 0
	ipcbox send "$port.z" hello &
	waiter=$!
	port+=.z until_stat waiting_senders 1
	ok top --count 2 --interval 0.1
	[ "$(grep -c "ID  *NAME  *KIND  *SHARING  *QUEUED  *CAPACITY" out.txt)" = 2 ] || bad "not two tables"
	[ "$(awk -v p="$port.z" '$2 == p { print $3, $4, $5, $6, $11, $12, $13, $14 }' out.txt | sort -u)" = \
		"mailbox any 1 0 1 0 0 0" ] || bad "row: $(grep "$port.z" out.txt)"
	[ "$(awk -v p="$port" '$2 == p { print $4, $6 }' out.txt | sort -u)" = "lossy 1" ] ||
		bad "row: $(grep "$port" out.txt)"
	grep -q $'\033' out.txt && bad "commands to a terminal that there is not"
	grep -q ' $' out.txt && bad "blanks at the end of a line"
	ok top -c 1 -i 0.1 --sort name
	grep "^ *@" out.txt | awk '{ print $2 }' | LC_ALL=C sort -c || bad "not by name: $out"
	ok top -c 1 -i 0.1 --sort senders
	[ "$(awk 'NR == 2 { print $2 }' out.txt)" = "$port.z" ] || bad "not by senders: $out"
	ok top -c 0
	prints ""
	ok rm "$port.z"
	wait $waiter
}

test_top_by_user() {
	local user=(setpriv --reuid 4001 --regid 4001 --clear-groups)

	ok create "$port" -q --capacity unlimited --mode 0666
	"${user[@]}" ipcbox create "$port.user" -q || bad "create as user"
	"${user[@]}" ipcbox send "$port" --count 10 "hello world" || bad "send as user"
	ok top --by user --count 1 --interval 0.1
	[ "$(awk '$1 == 4001 { print $2, $3, $4, $5, $7 }' out.txt)" = "alice 1 1024 0% 64M" ] || bad "row: $out"
	ok top --by user --count 1 --interval 0.1 --json
	json_is "[(u['ports'], u['bytes'] > 110, round(u['bytes_percent'], 6) == round(100 * u['bytes'] / u['max_bytes'], 6)) for u in d['users'] if u['uid'] == 4001]" "[(1, True, True)]"
	json_is "0 in [u['uid'] for u in d['users']]" True
	as_user top --by user --count 1 --interval 0.1 --json
	json_is "[u['uid'] for u in d['users']]" "[4001]"
	ok rm "$port.user"
}

test_top_in_a_narrow_terminal() {
	local width

	ok create "$port" -q
	for width in 40 60 80; do
		script -qec "stty cols $width; ipcbox top -c 1 -i 0.1" /dev/null < /dev/null |
			tr -d '\r' > table.txt
		grep -q "$port" table.txt || bad "no port at width $width"
		grep -q "QUEUED" table.txt || bad "no column at width $width"
		awk -v w="$width" 'length > w { exit 1 }' table.txt ||
			bad "too wide for $width: $(cat table.txt)"
	done
}

# graph.

# dot_is_good: whether Graphviz would read the last output. Where it is not
# installed, whether each line has one of the forms of the command, and each
# text only those bytes and escapes that may be there.
dot_is_good() {
	if command -v dot > dot.txt; then
		dot -Tsvg out.txt > out.svg 2> dot.txt || bad "$last: dot failed"
		[ -s dot.txt ] && bad "$last: $(cat dot.txt)"
	fi
	python3 -c 'import re, sys
text = open("out.txt", "rb").read().decode()
label = r"""label="([^"\\&\x00-\x1f\x7f]|&amp;|\\["\\n])*\""""
forms = [r"digraph ipcbox {", r"\trankdir=LR;", r"}",
         r"\tport\d+ \[shape=ellipse, " + label + r"\];",
         r"\tprocess\d+ \[shape=box, " + label + r"\];",
         r"\tport\d+ -> process\d+;",
         r"\tport\d+ -> port\d+ \[style=dashed, label=.after \d+.\];",
         r"\tprocess\d+ -> port\d+( \[style=\w+, dir=none(, label=.owner.)?\])?;"]
for line in text.rstrip("\n").split("\n"):
    if not any(re.fullmatch(form, line) for form in forms):
        sys.exit(line)' 2> dot.txt || bad "$last: $(cat dot.txt)"
}

# shellcheck disable=SC2016 # the inner shells expand these
test_graph() {
	local receiver owner id

	ok create "$port" -q --capacity 2 --mode 0600
	ok stat "$port" --json
	id=$(value_of id)
	ok send "$port" hello
	ipcbox recv "$port" --type 7 &
	receiver=$!
	until_stat waiting_receivers 1
	ok graph "$port"
	dot_is_good
	shows "port$id [shape=ellipse, label=\"$port\nmailbox, any\n1/2\"];"
	shows "process$receiver [shape=box, label=\"ipcbox\n$receiver\"];"
	shows "port$id -> process$receiver;"
	[[ $out == *"process$receiver -> port$id"* ]] && bad "a receiver sends"
	ok graph
	dot_is_good
	shows "port$id -> process$receiver;"
	ipcbox create "$port.mine" -q -o process -- sleep 100 &
	owner=$!
	port+=.mine until_stat handles 1
	until_output "[shape=box, label=\"sleep\n$owner\"]" graph "$port.mine"
	shows "style=bold, dir=none, label=\"owner\""
	shows "process$owner -> port"
	[[ $out == *"port$id "* ]] && bad "a port that was not named"
	ok graph "$port" "$port.mine" "$port" --json
	json_is "[p['name'] for p in d['ports']]" "['$port', '$port.mine']"
	json_is "[(l['pid'], l['send'], l['receive'], l['manage'], l['owner'], l['handles']) for l in d['links'] if l['owner']]" \
		"[($owner, True, True, True, True, 1)]"
	json_is "[(l['pid'], l['send'], l['receive'], l['manage']) for l in d['links'] if l['port'] == $id]" \
		"[($receiver, False, True, False)]"
	json_is "sorted(p['name'] for p in d['processes'])" "['ipcbox', 'sleep']"
	kill $owner $receiver
	wait $owner $receiver 2> /dev/null
}

test_graph_of_dead_letters() {
	local id dead

	ok create "$port.dead" -q
	ok stat "$port.dead" --json
	dead=$(value_of id)
	ok create "$port" -q --dead-letter "$port.dead" --max-deliveries 3
	ok stat "$port" --json
	id=$(value_of id)
	ok graph
	dot_is_good
	shows "port$id -> port$dead [style=dashed, label=\"after 3\"];"
	ok graph "$port"
	dot_is_good
	[[ $out == *"port$dead"* ]] && bad "a port that was not named"
	ok rm "$port.dead"
	ok graph
	dot_is_good
	[[ $out == *"after 3"* ]] && bad "to a port that is gone"
}

# A program under a name, with descriptors of rights that the command never has.
test_graph_of_any_names_and_rights() {
	local other

	ok create -q "$port\"\\&amp;\\n$(printf '\377\303\244')"
	python3 -c 'import fcntl, os, struct, sys
box = os.open("/dev/ipcbox", os.O_RDWR)
name = os.fsencode(sys.argv[1])
for rights in int(sys.argv[2]), 0:
    arg = struct.pack("=Q64sIIQ", 0, name, rights, 0, 0)
    fcntl.ioctl(box, 0xc058e102, arg)
open("/proc/self/comm", "w").write("a\"\\b\n&\x1b")
print("there", flush=True)
sys.stdin.read()' "$port\"\\&amp;\\n$(printf '\377\303\244')" 4 < <(sleep 100) > ready.txt &
	other=$!
	wait_for_file ready.txt
	ok graph
	dot_is_good
	shows "label=\"$port\\\"\\\\&amp;amp;\\\\n\\\\xffä\\nmailbox"
	shows "label=\"a\\\"\\\\b\\\\x0a&amp;\\\\x1b\\n$other\""
	shows "process$other -> port"
	shows "style=dashed, dir=none"
	kill $other
	wait $other 2> /dev/null
	ok rm "$port\"\\&amp;\\n$(printf '\377\303\244')"
}

test_graph_without_permission() {
	local receiver

	ok create "$port" -q
	ipcbox recv "$port" &
	receiver=$!
	until_stat waiting_receivers 1
	as_user graph "$port"
	[ "$code" = 0 ] || bad "$last: exit code $code"
	shows "label=\"$port"
	[[ $out == *process* ]] && bad "a process of root: $out"
	[[ $err =~ ^ipcbox:\ graph:\ [0-9]+\ processes\ could\ not\ be\ looked\ into ]] || bad "$err"
	as_user graph --json "$port"
	json_is "d['hidden'] > 0 and d['links'] == []" True
	ok graph "$port" --json
	json_is "(d['hidden'], len(d['links']))" "(0, 1)"
	gives 3 graph "$port.none"
	tells "no such port"
	kill $receiver
	wait $receiver 2> /dev/null
}

# The ids of another box are those of other ports.
test_graph_of_another_namespace() {
	ok create "$port" -q
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare -n sh -c 'for i in 1 2 3 4 5; do ipcbox create -q p$i; done
		ipcbox recv p3 & for i in 1 2 3 4 5 6 7 8 9 10; do
			[ "$(ipcbox stat p3 --json | grep -c "waiting_receivers\": 1")" = 1 ] && break
			sleep 0.5
		done
		ipcbox graph > inner.txt
		nsenter -t "$PPID" -n ipcbox graph > outer.txt
		kill $!'
	grep -q "port3 -> process" inner.txt || bad "inside: $(cat inner.txt)"
	grep -q "port3 -> process" outer.txt && bad "outside: $(cat outer.txt)"
	grep -q "$port" outer.txt || bad "no port: $(cat outer.txt)"
}

# Limits and permissions.

test_message_too_long() {
	ok create "$port" -q --max-msgsize 4
	ok send "$port" 1234
	gives 8 send "$port" 12345
	tells "message too long"
	gives 8 send "$port" < <(printf 12345)
}

test_quota() {
	local user=(setpriv --reuid 4001 --regid 4001 --clear-groups)

	ok create "$port" -q --capacity unlimited --mode 0666
	head -c 10000000 /dev/zero > zeros.bin
	chmod 755 "$scratch"
	"${user[@]}" ipcbox send "$port" -n -c 1000 -f "$scratch/zeros.bin" 2> err.txt
	code=$?
	[ $code = 8 ] || bad "exit code $code"
	grep -q "over this user's quota" err.txt || bad "message: $(cat err.txt)"
	ok send "$port" "by another user"
}

# as_user ARGUMENT...: run ipcbox without privileges.
as_user() {
	setpriv --reuid 4001 --regid 4001 --clear-groups ipcbox "$@" > out.txt 2> err.txt
	code=$?
	out=$(< out.txt)
	err=$(< err.txt)
	last="as user: ipcbox $*"
}

test_permission_denied() {
	local action

	chmod 777 "$scratch"
	ok create "$port" -q --mode 0600
	for action in "send $port x" "recv $port -n" "rm $port" "set $port --mode 0666"; do
		# shellcheck disable=SC2086
		as_user $action
		[ "$code" = 5 ] || bad "$last: exit code $code"
		tells "permission denied (ipcbox stat shows the port's mode, user, group and owner)"
	done
	as_user stat "$port"
	[ "$code" = 0 ] || bad "$last: $err"
	ok set "$port" --mode 0602
	as_user send "$port" x
	[ "$code" = 0 ] || bad "$last: $err"
	as_user recv "$port" -n
	[ "$code" = 5 ] || bad "$last: exit code $code"
	as_user create "$port.user" -q --uid 0
	[ "$code" = 5 ] || bad "$last: exit code $code"
	tells "not permitted"
}

test_no_device() {
	unshare -m sh -c 'umount -n /dev/ipcbox 2> /dev/null; mount -t tmpfs none /dev &&
		exec "$@"' x ipcbox ls > out.txt 2> err.txt
	code=$?
	err=$(cat err.txt) last="ipcbox ls without /dev/ipcbox"
	[ $code = 9 ] || bad "exit code $code"
	tells "cannot open /dev/ipcbox: no such device (is the module loaded? try: modprobe ipcbox)"
}

test_device_without_permission() {
	local mode

	mode=$(stat -c %a /dev/ipcbox)
	chmod 777 "$scratch"
	chmod 600 /dev/ipcbox
	as_user ls
	chmod "$mode" /dev/ipcbox
	[ "$code" = 5 ] || bad "$last: exit code $code"
	tells "cannot open /dev/ipcbox: permission denied (see: ls -l /dev/ipcbox)"
}

# The static build, completion, manual.

test_static_command() {
	local static=$userlib/build/ipcbox-static

	[ -x "$static" ] || { skip="only installed, not built here"; return; }
	"$static" create "$port" -q || bad "create"
	"$static" send "$port" hello || bad "send"
	[ "$("$static" recv "$port")" = hello ] || bad "recv"
	"$static" ls | grep -q root || bad "ls does not know root"
}

# complete_line WORD...: what completion offers for the last one.
complete_line() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_ipcbox 2> /dev/null
	out=" ${COMPREPLY[*]} "
	last="completion of '$*'"
}

test_completion() {
	local script=$userlib/completion/ipcbox id

	[ -r "$script" ] || script=/usr/local/share/bash-completion/completions/ipcbox
	# shellcheck source=/dev/null
	. "$script" || bad "cannot be sourced"
	complete -p ipcbox > /dev/null || bad "not registered"
	ok create "$port" -q
	complete_line ipcbox ''
	shows " create "
	shows " recv "
	complete_line ipcbox s
	[ "$out" = " stat set send serve " ] || bad "$last: '$out'"
	complete_line ipcbox recv --t
	[ "$out" = " --type= --timeout= " ] || bad "$last: '$out'"
	complete_line ipcbox send "${port%??}"
	shows " $port "
	complete_line ipcbox create x --owner = p
	[ "$out" = " process " ] || bad "$last: '$out'"
	complete_line ipcbox top --by = ''
	[ "$out" = " port user " ] || bad "$last: '$out'"
	complete_line ipcbox top --by user --sort = m
	[ "$out" = " max-ports max-bytes " ] || bad "$last: '$out'"
	complete_line ipcbox graph "${port%??}"
	shows " $port "
	complete_line ipcbox create x --owner =
	[ "$out" = " kernel process handle " ] || bad "$last: '$out'"
	complete_line ipcbox send --to = "$$"
	shows " $$ "
	touch some-file
	complete_line ipcbox recv x --output = some
	[ "$out" = " some-file " ] || bad "$last: '$out'"
	complete_line ipcbox send "$port" --lines some
	[ "$out" = " some-file " ] || bad "$last: '$out'"
	ok stat "$port" --json
	id=$(value_of id)
	complete_line ipcbox rm @ "$id"
	shows " $id "
}

# page_text FILE: a manual page as plain text.
page_text() {
	mandoc -Tascii "$1" | sed 's/.\x08//g'
}

test_manual() {
	local page

	[ -d "$userlib/man" ] || { skip="only installed, not built here"; return; }
	command -v mandoc > man.txt || { skip="mandoc is not installed"; return; }
	for page in "$userlib"/man/*.[0-9]; do
		mandoc -Tlint -W warning "$page" > man.txt 2>&1 || bad "$(cat man.txt)"
		page_text "$page" > man.txt
		grep -q '^NAME$' man.txt || bad "$page: no NAME"
	done
	page_text "$userlib/man/ipcbox.1" > man.txt
	for page in create rm ls stat info set send recv inbox call serve top graph; do
		grep -q "^   $page$" man.txt || bad "ipcbox(1) has nothing of $page"
	done
}

test_manual_has_every_option() {
	local command option

	[ -d "$userlib/man" ] || { skip="only installed, not built here"; return; }
	for command in create rm ls stat info set send recv inbox call serve top graph watch pipe \
		bench; do
		for option in $(ipcbox $command --help | sed -n 's/^  -., --\([a-z-]*\).*/\1/p'); do
			grep -q "Fl -$option" "$userlib/man/ipcbox.1" || bad "$command --$option"
		done
	done
}

# The run.

number=0
failed=0

run_test() {
	local name=${1#test_}

	number=$((number + 1))
	port=cli-test-$number
	reasons='' skip=''
	"$1"
	ipcbox rm -f "$port"
	if [ "$reasons" ]; then
		failed=$((failed + 1))
		printf '%s' "$reasons"
		echo "not ok $number $name"
	elif [ "$skip" ]; then
		echo "ok $number $name # SKIP $skip"
	else
		echo "ok $number $name"
	fi
}

main() {
	local tests

	mapfile -t tests < <(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p')
	echo "TAP version 13"
	if ! ipcbox info > info.txt 2>&1; then
		echo "1..0 # SKIP $(cat info.txt)"
		exit 4
	fi
	echo "1..${#tests[@]}"
	for test in "${tests[@]}"; do
		run_test "$test"
	done
	echo "# Totals: pass:$((number - failed)) fail:$failed"
	[ $failed = 0 ]
}

main
