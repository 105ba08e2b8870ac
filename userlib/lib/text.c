// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Words for values, and advice for errors.
 *
 * An errno alone says little: each text here says what it means of a port or a
 * message, and in parentheses what can be done about it.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

struct ipcbox_text {
	int err;
	const char *text;
};

static const struct ipcbox_text ipcbox_texts[] = {
	{ EAGAIN, "it would have to wait (try again later, or allow it to wait)" },
	{ ETIMEDOUT, "timed out (allow more time, or see with ipcbox stat who is at the other end)" },
	{ EINTR, "interrupted by a signal (call again)" },
	{ EMSGSIZE, "message too long (to send: ipcbox stat shows the port's largest message; to receive: give a larger buffer)" },
	{ EDQUOT, "over this user's quota (receive what is queued or delete ports; ipcbox info shows the limits)" },
	{ EBADF, "the handle has not the right to do this (open the port with that right; a port owned by a process is received from by that process only)" },
	{ EIDRM, "the port was deleted (create it again)" },
	{ EPIPE, "nobody reads at the other end any more" },
	{ EBADMSG, "nonsense in a lane: its other side is not to be trusted (the other lanes go on)" },
	{ EBUSY, "the handle has a lane already (open the port once more for another one)" },
	{ ECONNREFUSED, "connection refused, or nobody listens (the outcome tells: if \"answered\", the server has given a reason)" },
	{ ENOTCONN, "the other end was closed, and all it has sent was received" },
	{ ENXIO, "nobody reads from the stream (wait for a reader, or begin with one)" },
	{ ESRCH, "no such process (it has exited, and nothing it has sent is left), or no such message is held (it was answered or acknowledged before, its time was up, or its sender has given up)" },
	{ EOWNERDEAD, "the server has gone (ask again if the outcome is \"not delivered\"; otherwise it may have acted)" },
	{ ECANCELED, "given up: it was delivered as often as the port allows (ipcbox stat shows the limit, and the port for dead letters)" },
	{ ELOOP, "a port cannot be its own dead-letter port (choose another one)" },
	{ ENOENT, "no such port (ipcbox ls shows those that exist)" },
	{ EEXIST, "a port of that name exists (open it, or choose another name)" },
	{ EUSERS, "two other processes have opened the port, which is for a pair; or a ring has all the lanes it may (receive what is left of those whose senders have gone)" },
	{ EPROTOTYPE, "a port of that name exists and is of another kind (ipcbox stat shows which; choose another name)" },
	{ EACCES, "permission denied (ipcbox stat shows the port's mode, user, group and owner)" },
	{ EPERM, "not permitted (only a user's own uid and groups, unless it has CAP_IPC_OWNER)" },
	{ EINVAL, "invalid argument (a name has 1 to 63 bytes without blanks and '/', not starting with '-' or '@'; ipcbox info shows the limits)" },
	{ ENODEV, "no such device (is the module loaded? try: modprobe ipcbox)" },
	{ EOPNOTSUPP, "not supported by this port, for its kind or as all receivers get every message (ipcbox stat), or by this module (ipcbox info)" },
	{ ENOTTY, "not a descriptor of that sort (a box from ipcbox_box_open, a port from ipcbox_port_open, and of a kind that does this, see ipcbox stat; or the module is too old)" },
	{ E2BIG, "the module is older than this program and lacks what was asked for (update the module)" },
	{ EFAULT, "bad address (a pointer given does not point to memory of this program)" },
	{ ENOMEM, "out of memory (send smaller messages, or raise the limit of the memory cgroup)" },
	{ ELOOP, "this would end where it begins (a port or box, a socket, epoll or io_uring in a message; or a port whose dead letters come back to it)" },
	{ ETOOMANYREFS, "too many descriptors in messages (receive some, or raise ulimit -n)" },
	{ EMFILE, "too many open files in this process (close some, or raise ulimit -n)" },
	{ ENFILE, "too many open files in the system (raise fs.file-max)" },
};

const char *ipcbox_strerror(int err)
{
	size_t i;

	if (err < 0)
		err = -err;
	for (i = 0; i < ARRAY_SIZE(ipcbox_texts); i++)
		if (ipcbox_texts[i].err == err)
			return ipcbox_texts[i].text;
	return strerror(err);
}

static const char *ipcbox_word(const char *const words[], size_t count,
			       uint32_t value)
{
	return value < count && words[value] ? words[value] : "unknown";
}

const char *ipcbox_kind_name(uint32_t kind)
{
	static const char *const words[] = {
		[IPCBOX_KIND_MAILBOX] = "mailbox",
		[IPCBOX_KIND_INBOX] = "inbox",
		[IPCBOX_KIND_STREAM] = "stream",
		[IPCBOX_KIND_LISTENER] = "listener",
		[IPCBOX_KIND_CONNECTION] = "connection",
		[IPCBOX_KIND_RING] = "ring",
	};

	return ipcbox_word(words, ARRAY_SIZE(words), kind);
}

const char *ipcbox_owner_name(uint32_t owner)
{
	static const char *const words[] = { "kernel", "process", "handle" };

	return ipcbox_word(words, ARRAY_SIZE(words), owner);
}

const char *ipcbox_sharing_name(uint32_t sharing)
{
	static const char *const words[] = {
		"any", "one", "pair", "all", "lossy",
	};

	return ipcbox_word(words, ARRAY_SIZE(words), sharing);
}

const char *ipcbox_outcome_name(uint32_t outcome)
{
	static const char *const words[] = {
		"not delivered", "unanswered", "answered",
	};

	return ipcbox_word(words, ARRAY_SIZE(words), outcome);
}

const char *ipcbox_event_name(uint64_t what)
{
	static const char *const words[] = {
		"sender came", "sender went", "receiver came", "receiver went",
		"lost", "deleted", "delivered", "expired",
	};
	uint32_t bit = 0;

	while (bit < ARRAY_SIZE(words) && what != UINT64_C(1) << bit)
		bit++;
	return ipcbox_word(words, ARRAY_SIZE(words), bit);
}

const char *ipcbox_version(void)
{
	return IPCBOX_VERSION;
}
