// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values of arguments: those that are worth a try, with how often, and
 * names for the text
 */

#include <poll.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include <linux/ipcbox.h>

#include "kinds.h"

#define KIND(name_, wild_, ...)						\
	const struct kind kind_##name_ = {				\
		#name_, false, wild_,					\
		(const struct value[]){ __VA_ARGS__, {} }		\
	}
#define BITS(name_, wild_, ...)						\
	const struct kind kind_##name_ = {				\
		#name_, true, wild_,					\
		(const struct value[]){ __VA_ARGS__, {} }		\
	}

/* Shorthand for a number without a name, with a middling weight. */
#define N(number) { number, NULL, 10 }

/* The machine's side */

KIND(slot, 0,
	{ 0, "s0", 10 }, { 1, "s1", 10 }, { 2, "s2", 10 }, { 3, "s3", 10 },
	{ 4, "s4", 10 }, { 5, "s5", 10 }, { 6, "s6", 10 }, { 7, "s7", 10 },
	{ 8, "s8", 10 }, { 9, "s9", 10 }, { 10, "s10", 10 }, { 11, "s11", 10 },
	{ NO_SLOT, "none", 1 });

/* For a second handle. */
KIND(handle_slot, 0,
	{ 2, "s2", 10 }, { 3, "s3", 10 }, { 4, "s4", 10 }, { 5, "s5", 10 },
	{ 6, "s6", 10 }, { 7, "s7", 10 }, { 1, "s1", 10 });

KIND(place, 0,
	{ PLACE_GOOD, "good", 130 }, { PLACE_ODD, "odd", 20 },
	{ PLACE_EDGE, "edge", 20 }, { PLACE_ABSENT, "absent", 12 },
	{ PLACE_READONLY, "readonly", 6 },
	{ PLACE_HALF_READONLY, "half-readonly", 6 },
	{ PLACE_HALF_HOLE, "half-hole", 8 }, { PLACE_NULL, "null", 4 },
	{ PLACE_KERNEL, "kernel", 2 },
	{ PLACE_NONCANONICAL, "noncanonical", 2 }, { PLACE_TOP, "top", 2 },
	{ PLACE_LAST, "last", 2 });

KIND(arg_place, 0,
	{ PLACE_GOOD, "good", 600 }, { PLACE_ODD, "odd", 20 },
	{ PLACE_EDGE, "edge", 20 }, { PLACE_READONLY, "readonly", 12 },
	{ PLACE_HALF_READONLY, "half-readonly", 4 },
	{ PLACE_HALF_HOLE, "half-hole", 4 }, { PLACE_NULL, "null", 3 },
	{ PLACE_KERNEL, "kernel", 2 },
	{ PLACE_NONCANONICAL, "noncanonical", 1 }, { PLACE_TOP, "top", 1 });

/* A struct that a struct points to: mostly, there is none. */
KIND(nested_place, 0,
	{ PLACE_NULL, "none", 100 }, { PLACE_GOOD, "good", 130 },
	{ PLACE_ODD, "odd", 8 }, { PLACE_EDGE, "edge", 8 },
	{ PLACE_READONLY, "readonly", 4 },
	{ PLACE_HALF_READONLY, "half-readonly", 3 },
	{ PLACE_HALF_HOLE, "half-hole", 3 }, { PLACE_KERNEL, "kernel", 2 });

KIND(segments, 0,
	{ 1, NULL, 20 }, N(2), N(3), { 0, NULL, 2 }, N(8), N(9),
	{ 64, NULL, 4 }, { 1024, NULL, 2 }, { 1025, NULL, 2 },
	{ 1ULL << 32, NULL, 1 }, { ~0ULL, "all-ones", 1 });

KIND(vector, 0,
	{ VECTOR_GOOD, "good", 100 }, { VECTOR_EMPTIES, "empties", 15 },
	{ VECTOR_HOLE, "hole", 10 }, { VECTOR_NEGATIVE, "negative", 3 },
	{ VECTOR_OVERFLOW, "overflow", 3 }, { VECTOR_NOWHERE, "nowhere", 3 },
	{ VECTOR_HALF, "half", 3 });

KIND(size, 0,
	{ SIZE_EXACT, "exact", 500 }, { SIZE_SHORT, "short", 4 },
	{ SIZE_NONE, "none", 2 }, { SIZE_HALF, "half", 4 },
	{ SIZE_LONGER, "longer", 12 }, { SIZE_NEWER, "newer", 6 },
	{ SIZE_OLDER, "older", 10 },
	{ SIZE_PAGE, "page", 3 }, { SIZE_MAX_IOC, "max", 3 });

KIND(command, 0,
	{ COMMAND_EXACT, "exact", 1000 }, { COMMAND_DIRECTION, "direction", 3 },
	{ COMMAND_TYPE, "type", 2 }, { COMMAND_NEXT, "next", 3 },
	{ COMMAND_FAR, "far", 2 });

KIND(abi, 0,
	{ ABI_NATIVE, "64", 85 }, { ABI_COMPAT, "32", 15 });

KIND(timeout, 0,
	{ 0, NULL, 40 }, { 1, NULL, 15 }, { 5, NULL, 5 },
	{ 0xffffffff, "forever", 15 });

KIND(microseconds, 0,
	{ 100, NULL, 20 }, N(10), N(30), N(300), N(1000), { 3000, NULL, 5 });

KIND(process, 0,
	{ 0, "p0", 10 }, { 1, "p1", 10 }, { 2, "p2", 10 }, { 3, "p3", 10 });
KIND(thread, 0,
	{ 0, NULL, 10 }, { 1, NULL, 10 }, { 2, NULL, 10 });
/* Of the last two the handlers do nothing, with and without SA_RESTART. */
KIND(signal, 0,
	{ SIGKILL, "kill", 10 }, { SIGUSR1, "restart", 20 },
	{ SIGUSR2, "interrupt", 20 }, { SIGSTOP, "stop", 2 },
	{ SIGCONT, "continue", 4 });

KIND(onoff, 0,
	{ 1, "on", 10 }, { 0, "off", 10 });
KIND(events, 0,
	{ POLLIN | POLLOUT, "both", 20 }, { POLLIN, "in", 20 },
	{ POLLOUT, "out", 10 }, { 0, "none", 3 },
	{ POLLIN | POLLOUT | EPOLLET, "both-edge", 10 },
	{ POLLIN | EPOLLONESHOT, "in-once", 5 },
	{ POLLIN | EPOLLEXCLUSIVE, "in-exclusive", 5 });
KIND(open_file, 0,
	{ O_RDWR, "rw", 50 }, { O_RDONLY, "r", 10 }, { O_WRONLY, "w", 5 },
	{ O_PATH, "path", 2 }, { O_RDWR | O_NONBLOCK, "rw-nonblock", 5 });
KIND(few, 0,
	{ 1, NULL, 20 }, N(2), N(3), N(7), { 100, NULL, 10 },
	{ 4096, NULL, 10 });
KIND(nr_fds, 0,
	{ 0, NULL, 120 }, { 1, NULL, 20 }, { 2, NULL, 10 }, { 5, NULL, 5 },
	{ IPCBOX_FDS_MAX, "most", 3 }, { IPCBOX_FDS_MAX + 1, "too-many", 2 },
	{ 0xffffffff, "all-ones", 2 });
KIND(fd_what, 0,
	{ FD_FILE, "file", 40 }, { FD_LAST_HANDLE, "last-handle", 5 },
	{ FD_LAST_CLOSED, "last-closed", 3 });
BITS(rw_flags, 1,
	{ RWF_NOWAIT, "nowait", 50 }, { RWF_HIPRI, "hipri", 5 },
	{ RWF_APPEND, "append", 3 });
KIND(limit, 0,
	{ 256, "many", 10 }, { 3, "none", 10 });

/* The ABI's side */

KIND(deadline, 2,
	{ DEADLINE_NONE, "none", 70 }, { DEADLINE_NOW, "now", 8 },
	{ DEADLINE_SOON, "soon", 30 }, { DEADLINE_NEAR, "near", 30 },
	{ DEADLINE_FAR, "far", 8 }, { DEADLINE_PAST, "past", 6 },
	{ DEADLINE_FIRST, "first", 3 }, { DEADLINE_MAX, "max", 3 },
	{ DEADLINE_BEYOND, "beyond", 3 }, { DEADLINE_ALL_ONES, "all-ones", 3 });

KIND(type, 3,
	{ 0, "any", 60 }, { 1, NULL, 15 }, { 2, NULL, 15 },
	{ IPCBOX_TYPE_EVENT, "event", 2 });
/* Receivers want events as well. */
KIND(recv_type, 3,
	{ 0, "any", 60 }, { 1, NULL, 15 }, { 2, NULL, 15 },
	{ IPCBOX_TYPE_EVENT, "event", 15 });
BITS(event_mask, 1,
	{ IPCBOX_EVENT_SENDER_CAME, "sender_came", 40 },
	{ IPCBOX_EVENT_SENDER_WENT, "sender_went", 40 },
	{ IPCBOX_EVENT_RECEIVER_CAME, "receiver_came", 40 },
	{ IPCBOX_EVENT_RECEIVER_WENT, "receiver_went", 40 },
	{ IPCBOX_EVENT_LOST, "lost", 50 }, { IPCBOX_EVENT_DELETED, "deleted", 40 },
	{ IPCBOX_EVENT_DELIVERED, "delivered", 70 },
	{ IPCBOX_EVENT_EXPIRED, "expired", 60 });
KIND(priority, 1,
	{ 0, NULL, 50 }, { 1, NULL, 10 }, { 7, NULL, 10 },
	{ IPCBOX_PRIORITIES - 1, "highest", 10 },
	{ IPCBOX_PRIORITIES, "too-high", 2 }, { 0xffffffff, "all-ones", 1 });

#define RIGHTS(send, recv, manage)				\
	((send) * IPCBOX_RIGHT_SEND | (recv) * IPCBOX_RIGHT_RECV |	\
	 (manage) * IPCBOX_RIGHT_MANAGE)
KIND(rights, 0,
	{ RIGHTS(1, 1, 1), "all", 120 }, { RIGHTS(1, 1, 0), "io", 40 },
	{ RIGHTS(1, 0, 0), "send", 15 }, { RIGHTS(0, 1, 0), "recv", 15 },
	{ RIGHTS(0, 0, 1), "manage", 5 }, { 0, "nothing", 5 },
	{ RIGHTS(0, 1, 1), "listen", 10 }, { 8, "unknown", 1 });

KIND(port_kind, 0,
	{ IPCBOX_KIND_MAILBOX, "mailbox", 100 },
	{ IPCBOX_KIND_STREAM, "stream", 15 },
	{ IPCBOX_KIND_RING, "ring", 12 },
	{ IPCBOX_KIND_LISTENER, "listener", 15 },
	{ IPCBOX_KIND_INBOX, "inbox", 2 },
	{ IPCBOX_KIND_CONNECTION, "connection", 2 }, { 6, NULL, 1 });
KIND(side, 0,
	{ IPCBOX_RIGHT_SEND, "send", 50 }, { IPCBOX_RIGHT_RECV, "recv", 50 },
	{ IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV, "both", 2 },
	{ IPCBOX_RIGHT_MANAGE, "manage", 2 }, { 0, "neither", 2 },
	{ 0xffffffff, "all-ones", 1 });
KIND(lane, 1,
	{ IPCBOX_RING_ANY, "any", 50 }, { 0, NULL, 40 }, { 1, NULL, 15 },
	{ 2, NULL, 5 }, { IPCBOX_RING_LANES - 1, "last", 1 },
	{ IPCBOX_RING_LANES, "beyond", 1 });
KIND(owner, 0,
	{ IPCBOX_OWNER_KERNEL, "kernel", 40 },
	{ IPCBOX_OWNER_PROCESS, "process", 25 },
	{ IPCBOX_OWNER_HANDLE, "handle", 25 }, { 3, NULL, 1 });
KIND(sharing, 0,
	{ IPCBOX_SHARE_ANY, "any", 130 }, { IPCBOX_SHARE_ONE, "one", 20 },
	{ IPCBOX_SHARE_PAIR, "pair", 15 }, { IPCBOX_SHARE_ALL, "all", 25 },
	{ IPCBOX_SHARE_ALL_LOSSY, "lossy", 20 }, { 5, NULL, 2 });
KIND(mode, 0,
	{ 0600, "owner", 50 }, { 0666, "everybody", 60 }, { 0622, "drop", 10 },
	{ 0644, "out", 10 }, { 0, "nobody", 5 }, { 0060, "group", 5 },
	{ 0777, "exec", 2 }, { 01000, "beyond", 1 });
KIND(id, 0,
	{ IPCBOX_ID_SELF, "self", 400 }, { 0, "root", 8 }, { 4001, "alice", 8 },
	{ 4002, "bob", 4 }, { 65534, "nobody", 2 }, { 0xfffffffe, NULL, 1 });

KIND(capacity, 1,
	{ IPCBOX_UNLIMITED, "unlimited", 40 }, { 0, "rendezvous", 35 },
	{ 1, NULL, 20 }, { 2, NULL, 15 }, N(3), { 8, NULL, 5 },
	{ ~0ULL - 1, NULL, 2 });
KIND(max_bytes, 1,
	{ 0, "unlimited", 100 }, { 64, NULL, 10 }, { 100, NULL, 10 },
	{ 4096, NULL, 10 }, { 1, NULL, 3 }, { 65536, NULL, 5 },
	{ ~0ULL, "all-ones", 2 });
KIND(stream_bytes, 1,
	{ 0, "default", 60 }, { IPCBOX_STREAM_ATOMIC, "least", 40 },
	{ 16384, NULL, 10 }, { IPCBOX_STREAM_ATOMIC - 1, "less", 3 },
	{ IPCBOX_STREAM_BYTES_MAX, "most", 5 },
	{ IPCBOX_STREAM_BYTES_MAX + 1, "more", 3 }, { ~0ULL, "all-ones", 2 });
KIND(max_msgsize, 1,
	{ 0, "default", 100 }, { 64, NULL, 15 }, { 1, NULL, 3 },
	{ 4096, NULL, 10 }, { 100, NULL, 5 }, { 262144, "limit", 3 },
	{ 262145, "beyond", 2 }, { 0xffffffff, "all-ones", 1 });

KIND(length, 1,
	{ 64, NULL, 60 }, { 0, NULL, 8 }, { 1, NULL, 6 }, { 7, NULL, 4 },
	{ 8, NULL, 10 }, { 63, NULL, 4 }, { 65, NULL, 4 }, { 100, NULL, 10 },
	{ 200, NULL, 6 }, { 240, NULL, 6 }, { 256, NULL, 6 },
	{ 1000, NULL, 10 }, { 4096, NULL, 10 }, { 4097, NULL, 5 },
	{ 8200, NULL, 5 }, { 16383, NULL, 3 }, { 16384, NULL, 10 },
	{ 20000, NULL, 8 }, { 70000, NULL, 5 }, { 262144, NULL, 2 },
	{ 262145, NULL, 2 }, { 0x7fffffff, "int-max", 1 },
	{ 0x7ffff000, "rw-max", 1 }, { 1ULL << 32, "4G", 1 },
	{ ~0ULL, "all-ones", 1 });
/* Receivers mostly have room. */
KIND(room, 1,
	{ 4096, NULL, 60 }, { 270000, NULL, 40 }, { 64, NULL, 15 },
	{ 0, NULL, 6 }, { 1, NULL, 3 }, { 8, NULL, 8 }, { 100, NULL, 8 },
	{ 16384, NULL, 8 }, { 20000, NULL, 5 }, { 0x7fffffff, "int-max", 2 },
	{ ~0ULL, "all-ones", 1 });

KIND(count, 0,
	{ 1, NULL, 10 }, { 2, NULL, 10 }, { 16, NULL, 20 }, { 0, NULL, 2 },
	{ 0xffffffff, "all-ones", 2 });
KIND(entry_size, 1,
	{ sizeof(struct ipcbox_stat), "exact", 100 },
	{ sizeof(struct ipcbox_stat) - 1, "short", 2 },
	{ offsetof(struct ipcbox_stat, held), "older", 8 },
	{ offsetof(struct ipcbox_stat, held) - 1, "shorter", 2 },
	{ sizeof(struct ipcbox_stat) + 8, "longer", 8 }, { 4096, NULL, 5 },
	{ 4097, NULL, 2 }, { 0, NULL, 2 }, { 0xffffffff, "all-ones", 2 });

KIND(user_entry_size, 1,
	{ sizeof(struct ipcbox_user_entry), "exact", 100 },
	{ sizeof(struct ipcbox_user_entry) - 1, "short", 2 },
	{ sizeof(struct ipcbox_user_entry) + 8, "longer", 8 },
	{ 4096, NULL, 5 }, { 4097, NULL, 2 }, { 0, NULL, 2 },
	{ 0xffffffff, "all-ones", 2 });
KIND(user_cursor, 1,
	{ 0, "begin", 50 }, { 1, "root", 15 }, { 4002, "alice", 15 },
	{ 0xffffffff, "highest", 3 }, { 1ULL << 32, "beyond", 3 },
	{ ~0ULL, "all-ones", 2 });

KIND(port_id, 1,
	{ PORT_ID_ZERO, "zero", 50 }, { 0, "first", 30 }, { 1, "second", 20 },
	{ 2, "third", 10 }, { 3, "fourth", 5 }, { 4, "fifth", 3 },
	{ PORT_ID_NEXT, "next", 3 }, { PORT_ID_ALL_ONES, "all-ones", 1 });

KIND(held, 1,
	{ HELD_LAST, "last", 90 }, { HELD_SECOND, "second", 20 },
	{ HELD_THIRD, "third", 6 }, { HELD_FIRST, "first", 10 },
	{ HELD_ZERO, "zero", 10 }, { HELD_ALL_ONES, "all-ones", 1 });
KIND(lease, 1,
	{ 0, "unlimited", 150 }, { 1, NULL, 5 }, { 300000, "soon", 20 },
	{ 3000000, "near", 20 }, { 3600000000000ULL, "far", 8 },
	{ INT64_MAX, "max", 2 }, { 1ULL << 63, "beyond", 2 },
	{ ~0ULL, "all-ones", 2 });

#define PROCESSES							\
	{ PROCESS_FIRST, "p0", 40 }, { PROCESS_FIRST + 1, "p1", 25 },	\
	{ PROCESS_FIRST + 2, "p2", 10 }, { PROCESS_FIRST + 3, "p3", 4 }, \
	{ PROCESS_SELF, "self", 20 }, { PROCESS_THREAD, "thread", 3 },	\
	{ PROCESS_INIT, "init", 2 }, { PROCESS_NOBODY, "nobody", 3 },	\
	{ PROCESS_NEGATIVE, "negative", 2 }
KIND(to, 1,
	PROCESSES, { PROCESS_ANY, "none", 2 });
KIND(from, 0,
	{ PROCESS_ANY, "any", 300 }, PROCESSES);

KIND(max_deliveries, 1,
	{ 1, NULL, 60 }, { 0, "none", 20 }, { 2, NULL, 20 }, { 3, NULL, 5 },
	{ 0xffffffff, "all-ones", 2 });

KIND(zero, 0,
	{ 0, NULL, 200 }, { 1, NULL, 1 }, { ~0ULL, "all-ones", 1 });

BITS(no_flags, 1,
	{ 0, "none", 0 }, { 1, NULL, 1 });
BITS(create_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 20 }, { IPCBOX_EXCL, "excl", 15 },
	{ IPCBOX_PEEK, "peek", 1 });
BITS(open_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 15 }, { IPCBOX_EXCL, "excl", 1 });
BITS(inbox_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 15 }, { IPCBOX_EXCL, "excl", 1 });
BITS(ring_wait_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 30 }, { IPCBOX_PEEK, "peek", 1 });
BITS(pipe_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 25 },
	{ IPCBOX_BOTH_WAYS, "both_ways", 40 }, { IPCBOX_EXCL, "excl", 1 });
BITS(send_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 45 }, { IPCBOX_IOVEC, "iovec", 25 },
	{ IPCBOX_RECEIPT, "receipt", 20 }, { IPCBOX_PEEK, "peek", 1 });
BITS(recv_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 45 }, { IPCBOX_IOVEC, "iovec", 20 },
	{ IPCBOX_PEEK, "peek", 15 }, { IPCBOX_LEASE, "lease", 35 },
	{ IPCBOX_INHERIT_NICE, "nice", 20 }, { IPCBOX_EXCL, "excl", 1 });
BITS(call_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 12 }, { IPCBOX_IOVEC, "iovec", 20 },
	{ IPCBOX_LEASE, "lease", 1 });
BITS(reply_flags, 1,
	{ IPCBOX_IOVEC, "iovec", 20 }, { IPCBOX_NOWAIT, "nowait", 1 });
BITS(connect_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 15 }, { IPCBOX_IOVEC, "iovec", 20 },
	{ IPCBOX_LEASE, "lease", 1 });
BITS(accept_flags, 1,
	{ IPCBOX_NOWAIT, "nowait", 15 }, { IPCBOX_IOVEC, "iovec", 20 },
	{ IPCBOX_LEASE, "lease", 1 });
/* Whatever the two sides understand it to be. */
KIND(reason, 3,
	{ 1, NULL, 40 }, { 0, "none", 20 }, { ~0ULL, "all-ones", 5 });
BITS(set_flags, 1,
	{ IPCBOX_SET_MODE, "mode", 20 }, { IPCBOX_SET_UID, "uid", 15 },
	{ IPCBOX_SET_GID, "gid", 15 },
	{ IPCBOX_SET_MAX_MSGSIZE, "max_msgsize", 25 },
	{ IPCBOX_SET_MAX_MESSAGES, "max_messages", 60 },
	{ IPCBOX_SET_MAX_BYTES, "max_bytes", 25 },
	{ IPCBOX_SET_DEAD_LETTER, "dead_letter", 35 });

/* Names of ports; all but the first few are refused, or rare. */
static const char *const names[] = {
	"", "a", "b", "c", "\xc3\xa4\xff",
	"123456789012345678901234567890123456789012345678901234567890123",
	"1234567890123456789012345678901234567890123456789012345678901234",
	"-a", "@1", "a/b", "a b", "a\n", "a\0z", "\x7f",
};

KIND(name, 0,
	{ 1, "a", 30 }, { 2, "b", 20 }, { 3, "c", 10 }, { 0, "nameless", 40 },
	{ 4, "utf8", 3 }, { 5, "longest", 3 }, { 6, "endless", 2 },
	{ 7, "dash", 1 }, { 8, "at", 1 }, { 9, "slash", 1 }, { 10, "space", 1 },
	{ 11, "newline", 1 }, { 12, "tail", 1 }, { 13, "delete", 1 });

/* IPCBOX_NAME_SIZE bytes. */
const char *name_text(uint64_t value)
{
	static char text[ARRAY_SIZE(names)][IPCBOX_NAME_SIZE];
	size_t i = value % ARRAY_SIZE(names);

	/* One of them goes on behind its NUL. */
	memcpy(text[i], names[i], strnlen(names[i], IPCBOX_NAME_SIZE));
	if (i == 12)
		memcpy(text[i], names[i], 3);
	return text[i];
}
