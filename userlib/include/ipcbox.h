/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipcbox - mailboxes through /dev/ipcbox
 *
 * A *box* is the set of ports that this network namespace sees; a *port* is a
 * mailbox in it; a *handle* is this process's descriptor on a port. Both
 * descriptors are ordinary ones: close(2), poll(2), fcntl(2), dup(2), fork(2)
 * and passing over a socket do what they always do, and both are opened with
 * O_CLOEXEC. <linux/ipcbox.h> has the semantics, this header the calls.
 *
 * Conventions
 * -----------
 * - Every function returns its value, or a negative errno; errno itself is not
 *   part of the interface. ipcbox_strerror() tells what to do about it.
 * - Wherever a function takes the name of a port, "@17" is the port of id 17.
 * - A call that fails has changed nothing: nothing was sent, and a message that
 *   could not be received is still first in line.
 * - The library keeps no state (but see <ipcbox_lane.h> for ports of
 *   IPCBOX_KIND_RING). All functions may be called from any thread
 *   and, but for ipcbox_recv_alloc() and ipcbox_strerror(), from a signal handler
 *   or a child after fork().
 * - A handler of a signal that was installed without SA_RESTART makes waiting
 *   calls return -EINTR.
 * - Memory belongs to the caller. Only ipcbox_recv_alloc() allocates.
 * - Where a struct grows in a later version, the functions that take it get a
 *   new symbol version, so a program that was linked before goes on working.
 */
#ifndef _IPCBOX_H
#define _IPCBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <linux/ipcbox.h>

#if defined(__cplusplus)
extern "C" {
#endif

/** define IPCBOX_DEVICE - what ipcbox_box_open() opens */
#define IPCBOX_DEVICE		"/dev/ipcbox"

/** define IPCBOX_CAPACITY - capacity in messages unless the creator says otherwise */
#define IPCBOX_CAPACITY		64

/* The box. */

/**
 * ipcbox_box_open - open the box of this network namespace
 *
 * Programs that make several calls on the box open it once and use the *_at()
 * functions; the others open and close it by themselves.
 *
 * Return: a descriptor to be closed by the caller, or -ENODEV (no such device:
 * the module is not loaded), -EACCES, -EMFILE, -ENFILE, -ENOMEM.
 */
int ipcbox_box_open(void);

/**
 * ipcbox_box_info - what the module can do, and the limits of this user
 * @box: from ipcbox_box_open()
 * @info: filled in
 *
 * Return: 0, or -EFAULT, -EIDRM (the box is gone), -ENOTTY (@box is not one).
 */
int ipcbox_box_info(int box, struct ipcbox_info *info);

/* Ports. */

/**
 * struct ipcbox_attr - what a new port is to be
 * @flags: IPCBOX_EXCL (-EEXIST if the name is taken), IPCBOX_NOWAIT (handle
 *	with O_NONBLOCK)
 * @rights: IPCBOX_RIGHT_* of the handle; by default all three
 * @owner: enum ipcbox_owner; by default the kernel
 * @mode: permission bits, r may receive and w may send; by default 0600. The
 *	umask is not applied.
 * @max_msgsize: largest message in bytes; by default, 0, as large as the
 *	module and @max_bytes allow
 * @max_messages: capacity in messages, 0 for a rendezvous, IPCBOX_UNLIMITED for
 *	no limit; by default IPCBOX_CAPACITY
 * @max_bytes: capacity in bytes of payload; by default, 0, no limit
 * @uid: user of the port; by default, IPCBOX_ID_SELF, that of the caller
 * @gid: group of the port; likewise
 * @kind: enum ipcbox_kind; by default a mailbox. A stream has no @max_messages
 *	and @max_msgsize, and by default 64 KiB of @max_bytes. A ring has lanes of
 *	@max_bytes, by default all that fits into 64 KiB, at most @max_messages of
 *	them, and no @max_msgsize
 * @sharing: enum ipcbox_sharing; by default any
 *
 * Start from IPCBOX_ATTR_INIT, which gives the defaults, and change what
 * differs::
 *
 *	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
 *
 *	attr.max_messages = 0;
 *	port = ipcbox_port_create("meeting-point", &attr);
 */
struct ipcbox_attr {
	uint64_t flags;
	uint32_t rights;
	uint32_t owner;
	uint32_t mode;
	uint32_t max_msgsize;
	uint64_t max_messages;
	uint64_t max_bytes;
	uint32_t uid;
	uint32_t gid;
	uint32_t kind;
	uint32_t sharing;
};

/** define IPCBOX_ATTR_INIT - initialiser of a struct ipcbox_attr */
#define IPCBOX_ATTR_INIT {						\
	0,								\
	IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE,	\
	IPCBOX_OWNER_KERNEL, 0600, 0, IPCBOX_CAPACITY, 0,		\
	IPCBOX_ID_SELF, IPCBOX_ID_SELF,					\
	IPCBOX_KIND_MAILBOX, IPCBOX_SHARE_ANY }

/**
 * ipcbox_port_create - create a port, or open it if it exists
 * @name: 1 to 63 bytes without white space and '/', not starting with '-' or
 *	'@'; NULL or "" for a port that has only an id
 * @attr: attributes of a new port, NULL for the defaults. A port that exists
 *	keeps its own, unless @attr->flags has IPCBOX_EXCL; then the call fails.
 *
 * Of several processes that call this with one name, one creates the port and
 * the others open it, so it does not matter which of them starts first.
 *
 * Return: a handle to be closed by the caller, or -EEXIST (name taken, with
 * IPCBOX_EXCL), -EACCES (exists, rights not granted), -EPROTOTYPE (exists, and
 * is of another kind), -EDQUOT (too many ports of this user), -EINVAL (name or
 * attributes), -EPERM (uid or gid not yours), -EUSERS (exists, and is for a pair
 * of other processes),
 * -EOPNOTSUPP (the module does not know this kind, owner or sharing), -ENOMEM,
 * -EMFILE, -ENFILE, or what ipcbox_box_open() returns.
 */
int ipcbox_port_create(const char *name, const struct ipcbox_attr *attr);

/** ipcbox_port_create_at - as ipcbox_port_create(), on a box that is open */
int ipcbox_port_create_at(int box, const char *name,
			  const struct ipcbox_attr *attr);

/**
 * ipcbox_port_open - open a port
 * @name: its name, or "@" and its id
 * @rights: IPCBOX_RIGHT_* that the handle shall have; 0 for one that can only
 *	ipcbox_port_stat(), which anybody may open
 *
 * Return: a handle to be closed by the caller, or -ENOENT (no such port),
 * -EUSERS (it is for a pair of other processes),
 * -EACCES (a right is not granted), -EINVAL, -ENOMEM, -EMFILE, -ENFILE, or what
 * ipcbox_box_open() returns.
 */
int ipcbox_port_open(const char *name, uint32_t rights);

/**
 * ipcbox_port_open_at - as ipcbox_port_open(), on a box that is open
 * @box: from ipcbox_box_open()
 * @name: as there
 * @rights: as there
 * @flags: 0, or IPCBOX_NOWAIT for a handle with O_NONBLOCK
 *
 * Return: as ipcbox_port_open(); -EIDRM if the box is gone.
 */
int ipcbox_port_open_at(int box, const char *name, uint32_t rights,
			uint64_t flags);

/**
 * ipcbox_pipe - make a pipe: a stream without a name, with both ends open
 * @ends: set to the read end and the write end, as by pipe(2)
 * @max_bytes: capacity in bytes, 4096 to 1 MiB; 0 for 64 KiB
 * @flags: 0, or IPCBOX_NOWAIT (ends with O_NONBLOCK), IPCBOX_BOTH_WAYS (each end
 *	reads what is written at the other one)
 *
 * read(2), write(2) and poll(2) do the rest. A stream that has a name is made by
 * ipcbox_port_create() with IPCBOX_KIND_STREAM, and then opened as a FIFO is.
 *
 * Return: 0, or -EINVAL, -EDQUOT (too many ports of this user), -ENOMEM, -EMFILE,
 * -ENFILE, or what ipcbox_box_open() returns.
 */
int ipcbox_pipe(int ends[2], uint64_t max_bytes, uint64_t flags);

/** ipcbox_pipe_at - as ipcbox_pipe(), on a box that is open */
int ipcbox_pipe_at(int box, int ends[2], uint64_t max_bytes, uint64_t flags);

/**
 * ipcbox_port_delete - delete a port
 * @name: its name, or "@" and its id
 *
 * The name is free at once, queued messages are gone, and whoever waits on the
 * port gets -EIDRM.
 *
 * Return: 0, or -ENOENT (no such port), -EACCES (neither its owner nor its
 * creator, without CAP_IPC_OWNER), -EINVAL, or what ipcbox_box_open() returns.
 */
int ipcbox_port_delete(const char *name);

/** ipcbox_port_delete_at - as ipcbox_port_delete(), on a box that is open */
int ipcbox_port_delete_at(int box, const char *name);

/**
 * ipcbox_port_next - go through the ports of the box, in the order of their ids
 * @box: from ipcbox_box_open()
 * @stat: in: @stat->id, the id to go on after, 0 to begin; out: the next port
 *
 * A port that exists all the time is seen exactly once::
 *
 *	struct ipcbox_stat stat = {};
 *
 *	while ((err = ipcbox_port_next(box, &stat)) > 0)
 *		puts(stat.name);
 *
 * Return: 1 if there was one, 0 at the end, or -EINTR, -EFAULT, -EIDRM (the box
 * is gone), -ENOTTY (@box is not one).
 */
int ipcbox_port_next(int box, struct ipcbox_stat *stat);

/**
 * ipcbox_port_list - list many ports with one system call
 * @box: from ipcbox_box_open()
 * @cursor: in: 0 to begin; out: where to go on
 * @stats: array to fill in
 * @count: its number of elements
 *
 * Return: the number of ports filled in, 0 at the end, or as
 * ipcbox_port_next().
 */
int ipcbox_port_list(int box, uint64_t *cursor, struct ipcbox_stat *stats,
		     unsigned int count);

/**
 * ipcbox_user_list - who has how much of the quotas
 * @box: from ipcbox_box_open()
 * @cursor: in: 0 to begin; out: where to go on
 * @users: array to fill in
 * @count: its number of elements
 *
 * Lists the users who have ports or queued bytes, in whatever box: the caller's
 * own and, with CAP_IPC_OWNER, all that its user namespace knows. A user who
 * has something all the time is seen exactly once.
 *
 * Return: the number of users filled in, 0 at the end, or -EINTR, -EFAULT,
 * -EINVAL (@cursor), -ENOTTY (@box is not one, or the module knows no users).
 */
int ipcbox_user_list(int box, uint64_t *cursor, struct ipcbox_user_entry *users,
		     unsigned int count);

/**
 * ipcbox_port_find - state of a port by its name, from outside
 * @box: from ipcbox_box_open()
 * @name: its name, or "@" and its id
 * @stat: filled in
 *
 * Unlike ipcbox_port_stat() it needs no handle, so @stat does not count one of
 * the caller's.
 *
 * Return: 0, or as ipcbox_port_open() with no rights.
 */
int ipcbox_port_find(int box, const char *name, struct ipcbox_stat *stat);

/**
 * ipcbox_port_stat - attributes and state of a port
 * @port: handle with any rights
 * @stat: filled in, all of it at one moment
 *
 * Return: 0, or -EIDRM (port deleted), -EFAULT, -ENOTTY (not a handle).
 */
int ipcbox_port_stat(int port, struct ipcbox_stat *stat);

/**
 * ipcbox_port_set - change attributes of a port
 * @port: handle with IPCBOX_RIGHT_MANAGE
 * @set: new values, and in @set->flags the IPCBOX_SET_* of those that count
 *
 * Return: 0, or -EBADF (no IPCBOX_RIGHT_MANAGE), -EINVAL, -EIDRM (port
 * deleted), -EFAULT; with IPCBOX_SET_DEAD_LETTER as ipcbox_dead_letter_set(); all
 * is changed or nothing.
 */
int ipcbox_port_set(int port, const struct ipcbox_set *set);

/* Messages. */

/**
 * struct ipcbox_options - how to send or to receive; all zero is the plain way
 * @flags: IPCBOX_NOWAIT (-EAGAIN instead of waiting); to send with it also
 *	IPCBOX_RECEIPT (see ipcbox_subscribe()); to receive also IPCBOX_PEEK
 *	(leave the message in line), or IPCBOX_LEASE (until ipcbox_ack(); see
 *	ipcbox_recv_lease()), and IPCBOX_INHERIT_NICE (serve a request at the nice
 *	value of its caller)
 * @type: to send: the message's type, 0 for none; to receive: only messages of
 *	this type, 0 for any
 * @deadline: when to give up, from ipcbox_deadline_in(); 0 for never
 * @priority: to send: 0 to IPCBOX_PRIORITIES - 1, higher ones overtake
 */
struct ipcbox_options {
	uint64_t flags;
	uint64_t type;
	uint64_t deadline;
	uint32_t priority;
};

/**
 * struct ipcbox_message - what the kernel knows of a received message
 * @len: length of the payload in bytes; after -EMSGSIZE, the size needed
 * @type: type the sender gave, 0 for none
 * @id: unique within the port, ascending in the order of sending
 * @priority: priority the sender gave
 * @flags: IPCBOX_MSG_LEASED (to be acknowledged), IPCBOX_MSG_CALL (a request,
 *	to be answered), IPCBOX_MSG_REDELIVERED (somebody had it before, who
 *	neither acknowledged nor answered it), IPCBOX_MSG_DEAD_LETTER (moved
 *	here from another port, see ipcbox_dead_letter_set()),
 *	IPCBOX_MSG_EVENT (the payload is a struct ipcbox_event, see
 *	ipcbox_subscribe()), IPCBOX_MSG_FDS_LOST (of the descriptors that came
 *	with it not all are open here, see ipcbox_recv_fds())
 * @pid: process id of the sender, 0 if it is not visible from here
 * @tid: its thread id, likewise
 * @uid: its effective user id at the time of sending, cannot be forged
 * @gid: its effective group id, likewise
 */
struct ipcbox_message {
	size_t len;
	uint64_t type;
	uint64_t id;
	uint32_t priority;
	uint32_t flags;
	pid_t pid;
	pid_t tid;
	uid_t uid;
	gid_t gid;
};

/**
 * ipcbox_send - send a message, and wait while the port is full
 * @port: handle with IPCBOX_RIGHT_SEND
 * @data: payload, read before the call returns
 * @len: its length in bytes, 0 for an empty message
 *
 * On a port of capacity 0 it returns when the message has been received.
 *
 * Return: 0, or -EIDRM (port deleted), -EMSGSIZE (longer than the port takes),
 * -EDQUOT (the caller's user has too much queued), -EINTR, -EAGAIN (full, and
 * the handle is O_NONBLOCK), -ECANCELED (it was delivered too often while the
 * caller waited, see ipcbox_dead_letter_set()), -EBADF (not a handle that may
 * send), -EFAULT, -ENOMEM.
 */
int ipcbox_send(int port, const void *data, size_t len);

/**
 * ipcbox_send_msg - send a message with options
 * @port: handle with IPCBOX_RIGHT_SEND
 * @data: payload
 * @len: its length in bytes
 * @options: type, priority, deadline and flags; NULL for none
 * @id: set to the id that the message got; may be NULL
 *
 * Return: as ipcbox_send(), also -ETIMEDOUT (deadline reached), -EAGAIN
 * (IPCBOX_NOWAIT, and it would wait), -EINVAL (options).
 */
int ipcbox_send_msg(int port, const void *data, size_t len,
		    const struct ipcbox_options *options, uint64_t *id);

/**
 * ipcbox_sendv - send one message that is gathered from several buffers
 * @port: handle with IPCBOX_RIGHT_SEND
 * @iov: the buffers
 * @count: their number, at most IPCBOX_IOV_MAX
 * @options: as in ipcbox_send_msg()
 * @id: as in ipcbox_send_msg()
 *
 * Return: as ipcbox_send_msg().
 */
int ipcbox_sendv(int port, const struct iovec *iov, int count,
		 const struct ipcbox_options *options, uint64_t *id);

/**
 * struct ipcbox_receipt - who has received a message
 * @id: id of the message
 * @pid: process, 0 if it is not visible from here
 * @tid: its thread, likewise
 * @uid: its effective user id, cannot be forged
 * @gid: its effective group id, likewise
 */
struct ipcbox_receipt {
	uint64_t id;
	pid_t pid;
	pid_t tid;
	uid_t uid;
	gid_t gid;
};

/**
 * ipcbox_send_receipt - send a message, wait until it is received, learn by whom
 * @port: handle with IPCBOX_RIGHT_SEND, without O_NONBLOCK
 * @data: payload
 * @len: its length in bytes
 * @options: type, priority and deadline; NULL for none
 * @receipt: filled in if the message has been received
 *
 * It waits whatever the capacity of the port, and uses none of it.
 *
 * Who does not want to wait sees ipcbox_subscribe().
 *
 * Return: as ipcbox_send_msg(), -EINVAL also for a handle with O_NONBLOCK and with
 * IPCBOX_NOWAIT, and -EOPNOTSUPP if all receivers of the port get every message.
 */
int ipcbox_send_receipt(int port, const void *data, size_t len,
			const struct ipcbox_options *options,
			struct ipcbox_receipt *receipt);

/**
 * ipcbox_send_fds - send a message with descriptors
 * @port: handle with IPCBOX_RIGHT_SEND
 * @data: payload
 * @len: its length in bytes
 * @fds: open descriptors; they stay the caller's, and may be closed then
 * @count: their number, at most IPCBOX_FDS_MAX
 * @options: as in ipcbox_send_msg()
 * @id: as in ipcbox_send_msg()
 *
 * The receiver gets descriptors of its own of the same open files, with
 * ipcbox_recv_fds().
 *
 * Return: as ipcbox_send_msg(), also -EBADF (one of @fds is not open), -ELOOP (one
 * is of a port, a box, a socket, epoll or io_uring, which cannot be sent),
 * -ETOOMANYREFS (the caller's user has as many on their way as a process may
 * open), -EINVAL (@count).
 */
int ipcbox_send_fds(int port, const void *data, size_t len, const int *fds,
		    unsigned int count, const struct ipcbox_options *options,
		    uint64_t *id);

/**
 * ipcbox_recv - receive the first message, and wait while there is none
 * @port: handle with IPCBOX_RIGHT_RECV
 * @buf: where the payload goes
 * @size: room there, in bytes
 *
 * Return: the length of the message, 0 for an empty one, or -EIDRM (port
 * deleted), -EMSGSIZE (@size too small: the message stays; see
 * ipcbox_recv_alloc()), -EINTR, -EAGAIN (nothing there, and the handle is
 * O_NONBLOCK), -EBADF (not a handle that may receive, or the port belongs to
 * another process), -EFAULT, -ENOMEM.
 */
ssize_t ipcbox_recv(int port, void *buf, size_t size);

/**
 * ipcbox_recv_msg - receive a message with options, and learn about its sender
 * @port: handle with IPCBOX_RIGHT_RECV
 * @buf: where the payload goes
 * @size: room there, in bytes
 * @options: type, deadline and flags; NULL for none
 * @msg: filled in; may be NULL. After -EMSGSIZE @msg->len is the size needed.
 *
 * Return: as ipcbox_recv(), also -ETIMEDOUT (deadline reached), -EAGAIN
 * (IPCBOX_NOWAIT, and nothing there), -EINVAL (options).
 */
ssize_t ipcbox_recv_msg(int port, void *buf, size_t size,
			const struct ipcbox_options *options,
			struct ipcbox_message *msg);

/**
 * ipcbox_recv_from - receive a message of one process
 * @port: handle with IPCBOX_RIGHT_RECV on any port, as from ipcbox_inbox()
 * @from: its process id, as in &ipcbox_message.pid; not 0
 * @buf: where the payload goes
 * @size: room there, in bytes
 * @options: as in ipcbox_recv_msg()
 * @msg: as in ipcbox_recv_msg()
 *
 * The messages of others stay in line, and so do events.
 *
 * Return: as ipcbox_recv_msg(), and -ESRCH if there is no such process and no
 * message of one in line, or if the process exits while the call waits.
 */
ssize_t ipcbox_recv_from(int port, pid_t from, void *buf, size_t size,
			 const struct ipcbox_options *options,
			 struct ipcbox_message *msg);

/**
 * ipcbox_inbox - open the inbox of this process
 *
 * What others send to this process with ipcbox_send_to() arrives there, also
 * what they have sent before. Each process has one; a child after fork() has its
 * own. Each call gives another handle on it, which may receive and manage it.
 *
 * Return: a handle to be closed by the caller, or -EDQUOT (too many ports of this
 * user), -ENOMEM, -EMFILE, -ENFILE, or what ipcbox_box_open() returns.
 */
int ipcbox_inbox(void);

/**
 * ipcbox_inbox_at - as ipcbox_inbox(), on a box that is open
 * @box: from ipcbox_box_open()
 * @flags: 0, or IPCBOX_NOWAIT for a handle with O_NONBLOCK
 *
 * Return: as ipcbox_inbox(); -EIDRM if the box is gone.
 */
int ipcbox_inbox_at(int box, uint64_t flags);

/**
 * ipcbox_send_to - send a message to a process
 * @box: from ipcbox_box_open()
 * @to: its process id
 * @data: payload
 * @len: its length in bytes
 * @options: type, priority, deadline and flags; NULL for none
 * @id: set to the id that the message got; may be NULL
 *
 * The process need not have done anything for it. Its inbox belongs to its user,
 * who alone may send to it unless the process has changed the mode.
 *
 * Return: 0, or -ESRCH (no such process, or it has exited, also while the call
 * waits), -EACCES (not for the caller to send to), -EDQUOT, -EMSGSIZE,
 * -ETIMEDOUT, -EINTR, -EAGAIN, -EINVAL, -EFAULT, -ENOMEM, -EIDRM (the inbox was
 * deleted, or the box is gone).
 */
int ipcbox_send_to(int box, pid_t to, const void *data, size_t len,
		   const struct ipcbox_options *options, uint64_t *id);

/**
 * ipcbox_recvv - receive one message that is scattered into several buffers
 * @port: handle with IPCBOX_RIGHT_RECV
 * @iov: the buffers, filled one after the other
 * @count: their number, at most IPCBOX_IOV_MAX
 * @options: as in ipcbox_recv_msg()
 * @msg: as in ipcbox_recv_msg()
 *
 * Return: as ipcbox_recv_msg().
 */
ssize_t ipcbox_recvv(int port, const struct iovec *iov, int count,
		     const struct ipcbox_options *options,
		     struct ipcbox_message *msg);

/**
 * ipcbox_recv_alloc - receive a message of any length
 * @port: handle with IPCBOX_RIGHT_RECV
 * @buf: in: NULL, or a buffer from malloc(); out: the buffer, perhaps a larger
 *	one. To be freed by the caller, also when the call fails.
 * @size: in: room in *@buf, 0 if it is NULL; out: room in the buffer
 * @options: as in ipcbox_recv_msg()
 * @msg: as in ipcbox_recv_msg()
 *
 * As getline(3): the buffer grows as needed and can be given to the next call.
 * A NUL is put behind the payload, so text is ready to print.
 *
 * Return: as ipcbox_recv_msg(), but never -EMSGSIZE; -ENOMEM if there is no
 * memory for the message, which stays in line.
 */
ssize_t ipcbox_recv_alloc(int port, void **buf, size_t *size,
			  const struct ipcbox_options *options,
			  struct ipcbox_message *msg);

/**
 * ipcbox_recv_fds - receive a message with its descriptors
 * @port: handle with IPCBOX_RIGHT_RECV
 * @buf: where the payload goes
 * @size: room there, in bytes
 * @fds: where the descriptors go; they have FD_CLOEXEC, and are the caller's to
 *	close
 * @count: in: room there; out: how many are there: less than came with the
 *	message if @msg->flags has IPCBOX_MSG_FDS_LOST, and the others are closed
 * @options: as in ipcbox_recv_msg(). With IPCBOX_PEEK none is opened.
 * @msg: as in ipcbox_recv_msg()
 *
 * All other functions receive messages without their descriptors.
 *
 * Return: as ipcbox_recv_msg(), also -EMFILE (not enough numbers for them are
 * free; the message stays first in line).
 */
ssize_t ipcbox_recv_fds(int port, void *buf, size_t size, int *fds,
			unsigned int *count,
			const struct ipcbox_options *options,
			struct ipcbox_message *msg);

/**
 * ipcbox_recv_lease - receive a message that stays the port's until ipcbox_ack()
 * @port: handle with IPCBOX_RIGHT_RECV
 * @buf: where the payload goes
 * @size: room there, in bytes
 * @options: as in ipcbox_recv_msg()
 * @lease: nanoseconds until the message returns by itself, 0 for no limit
 * @msg: as in ipcbox_recv_msg(); @msg->id is what ipcbox_ack() wants
 * @deliveries: set to how often a receiver has had the message, this time
 *	included; may be NULL
 *
 * If the caller's process exits, or the last descriptor of the handle is closed,
 * the message is back at its place in line, and flagged. A request is no lease:
 * it wants ipcbox_reply(), whatever it was received with.
 *
 * Return: as ipcbox_recv_msg().
 */
ssize_t ipcbox_recv_lease(int port, void *buf, size_t size,
			  const struct ipcbox_options *options, uint64_t lease,
			  struct ipcbox_message *msg, uint32_t *deliveries);

/**
 * ipcbox_ack - done with a message that was received with a lease
 * @port: the handle that it was received through
 * @id: its id
 *
 * Return: 0, or -ESRCH (not held: done with before, its time was up, or its
 * sender has taken it back), -EINVAL (a request, see ipcbox_reply()), -EIDRM
 * (port deleted), -EBADF (not a handle that may receive).
 */
int ipcbox_ack(int port, uint64_t id);

/**
 * ipcbox_nack - put a leased message, or a request, back at its place in line
 * @port: the handle that it was received through
 * @id: its id
 *
 * Return: as ipcbox_ack(), but never -EINVAL.
 */
int ipcbox_nack(int port, uint64_t id);

/**
 * ipcbox_dead_letter_set - where messages go that nobody is done with
 * @port: handle with IPCBOX_RIGHT_MANAGE
 * @dead: handle with any rights on another port, the dead-letter port, to which
 *	the caller may send; -1 for none
 * @max_deliveries: how often a message is received with a lease before it goes
 *	there instead of back in line; 0 with -1
 *
 * So that a message which kills whoever receives it does not come back for ever.
 * It keeps its type, its priority and its sender, and is flagged
 * IPCBOX_MSG_DEAD_LETTER. Where the sender still waits, its send fails with
 * -ECANCELED instead, and so does a call whose request was put back as often. When
 * the dead-letter port is deleted, messages go back in line as without one.
 *
 * Return: 0, or -EBADF (@port without IPCBOX_RIGHT_MANAGE), -EACCES (the caller
 * may not send to @dead), -EINVAL (one of the two without the other), -ELOOP (the
 * port itself), -EOPNOTSUPP (all receivers of one of the ports get every message),
 * -ENOENT (@dead is of another box), -EIDRM (a port was deleted), -ENOTTY.
 */
int ipcbox_dead_letter_set(int port, int dead, uint32_t max_deliveries);

/* Events. */

/**
 * ipcbox_subscribe - be told on a handle what happens
 * @port: handle with any right
 * @mask: IPCBOX_EVENT_* of <linux/ipcbox.h>, in place of those before
 *
 * Events then arrive on the handle as messages of type IPCBOX_TYPE_EVENT, before
 * all others, whose payload is a struct ipcbox_event. poll(2) tells of them. How
 * things are now is what ipcbox_port_stat() says after this call.
 *
 * With IPCBOX_EVENT_DELIVERED, ipcbox_send_msg() and ipcbox_sendv() take the flags
 * IPCBOX_RECEIPT | IPCBOX_NOWAIT: who has received the message is told by an
 * event with its id.
 *
 * Return: 0, or -EBADF (a handle without any right), -EINVAL (unknown events),
 * -EIDRM (port deleted), -EDQUOT, -ENOMEM, -ENOTTY (the module is too old).
 */
int ipcbox_subscribe(int port, uint64_t mask);

/**
 * ipcbox_recv_event - receive the next event, and no message
 * @port: handle that has subscribed; it need not have IPCBOX_RIGHT_RECV
 * @event: filled in
 * @options: deadline, and IPCBOX_NOWAIT; NULL for none
 *
 * Return: 0, or -EINVAL (not subscribed, or options), -EIDRM (port deleted, and
 * there are no more events), -EAGAIN, -ETIMEDOUT, -EINTR, -EFAULT.
 */
int ipcbox_recv_event(int port, struct ipcbox_event *event,
		      const struct ipcbox_options *options);

/* Calls. */

/**
 * struct ipcbox_answer - what is known of a call, also of one that failed
 * @len: length of the reply; after -EMSGSIZE because of it, the size needed
 * @type: type that the replier gave
 * @id: id of the request
 * @outcome: enum ipcbox_outcome: only after IPCBOX_NOT_DELIVERED is it safe to
 *	call again what must not be done twice
 * @pid: process that replied, 0 if it is not visible from here
 * @tid: its thread, likewise
 * @uid: its effective user id, cannot be forged
 * @gid: its effective group id, likewise
 */
struct ipcbox_answer {
	size_t len;
	uint64_t type;
	uint64_t id;
	uint32_t outcome;
	pid_t pid;
	pid_t tid;
	uid_t uid;
	gid_t gid;
};

/**
 * ipcbox_call - send a request, and wait for the reply
 * @port: handle with IPCBOX_RIGHT_SEND
 * @data: the request, read before the call returns
 * @len: its length in bytes
 * @buf: where the reply goes
 * @size: room there, in bytes
 * @options: type, priority, deadline and flags; NULL for none. The deadline is
 *	that of the reply; IPCBOX_NOWAIT fails with -EAGAIN unless a server waits.
 * @answer: filled in whatever is returned; may be NULL
 *
 * A call that a server has received is not restarted after a signal.
 *
 * Return: the length of the reply, or -EOWNERDEAD (the server has gone),
 * -ETIMEDOUT, -EINTR, -EAGAIN, -EMSGSIZE (request longer than the port takes, or
 * reply longer than @size: @answer->outcome tells which), -EDQUOT, -EIDRM (port
 * deleted), -ECANCELED (servers have put the request back too often, see
 * ipcbox_dead_letter_set()), -EBADF (not a handle that may send), -EINVAL
 * (options), -EFAULT, -ENOMEM.
 */
ssize_t ipcbox_call(int port, const void *data, size_t len, void *buf,
		    size_t size, const struct ipcbox_options *options,
		    struct ipcbox_answer *answer);

/**
 * struct ipcbox_passed - descriptors of a request, and those of its reply
 * @send: open descriptors to send along; they stay the caller's
 * @send_count: how many; up to IPCBOX_FDS_MAX
 * @recv: where those of the reply go; they have FD_CLOEXEC, and are the caller's
 * @recv_count: room there; set to how many have arrived, 0 if the call fails
 */
struct ipcbox_passed {
	const int *send;
	unsigned int send_count;
	int *recv;
	unsigned int recv_count;
};

/**
 * ipcbox_call_fds - call with descriptors
 * @port: handle with IPCBOX_RIGHT_SEND
 * @data: as in ipcbox_call()
 * @len: likewise
 * @buf: likewise
 * @size: likewise
 * @passed: the descriptors of both directions
 * @options: as in ipcbox_call()
 * @answer: likewise
 *
 * As many numbers as there is room for have to be free before the request is
 * sent; so no reply is lost for want of them. What comes with a reply and has no
 * room is closed.
 *
 * Return: as ipcbox_call(), also -EBADF (one that is sent is not open), -ELOOP
 * (one that cannot be sent), -ETOOMANYREFS, and -EMFILE (too few numbers), with
 * nothing sent.
 */
ssize_t ipcbox_call_fds(int port, const void *data, size_t len, void *buf,
			size_t size, struct ipcbox_passed *passed,
			const struct ipcbox_options *options,
			struct ipcbox_answer *answer);

/**
 * ipcbox_reply - answer a request
 * @port: the handle that it was received through
 * @id: its id
 * @data: the reply
 * @len: its length in bytes, at most the port's max_msgsize
 * @type: what the caller gets to see as &ipcbox_answer.type
 *
 * Return: 0, or -ESRCH (the caller has given up or was killed, or there was a
 * reply), and with the request still to be answered -EMSGSIZE, -EDQUOT, -EFAULT,
 * -ENOMEM; -EIDRM (port deleted), -EBADF (not a handle that may receive).
 */
int ipcbox_reply(int port, uint64_t id, const void *data, size_t len,
		 uint64_t type);

/**
 * ipcbox_reply_fds - answer a request with descriptors
 * @port: the handle that it was received through
 * @id: its id
 * @data: the reply
 * @len: its length in bytes
 * @type: as in ipcbox_reply()
 * @fds: open descriptors; they stay the server's, and may be closed then
 * @count: how many; up to IPCBOX_FDS_MAX
 *
 * Those of a request come with ipcbox_recv_fds().
 *
 * Return: as ipcbox_reply(), and with the request still to be answered -EBADF (one
 * of @fds is not open), -ELOOP (one cannot be sent), -ETOOMANYREFS.
 */
int ipcbox_reply_fds(int port, uint64_t id, const void *data, size_t len,
		     uint64_t type, const int *fds, unsigned int count);

/**
 * struct ipcbox_response - a reply, for ipcbox_reply_recv()
 * @id: id of the request, 0 for none; set to 0 once the reply has been sent
 * @data: the reply
 * @len: its length in bytes
 * @type: its type
 */
struct ipcbox_response {
	uint64_t id;
	const void *data;
	size_t len;
	uint64_t type;
};

/**
 * ipcbox_reply_recv - answer a request and receive the next, in one system call
 * @port: handle with IPCBOX_RIGHT_RECV
 * @response: the reply. If the call fails and @response->id is not 0, it was
 *	not sent; otherwise it was, and only receiving has failed.
 * @buf: where the next message goes; may be where the reply is
 * @size: room there, in bytes
 * @options: of the receive, as in ipcbox_recv_msg()
 * @msg: as in ipcbox_recv_msg()
 *
 * Return: the length of the message, or as ipcbox_reply() or ipcbox_recv_msg().
 */
ssize_t ipcbox_reply_recv(int port, struct ipcbox_response *response, void *buf,
			  size_t size, const struct ipcbox_options *options,
			  struct ipcbox_message *msg);

/* Connections. */

/**
 * struct ipcbox_verdict - what became of asking for a connection
 * @answer: the first answer, and who has given it; its @outcome is
 *	IPCBOX_ANSWERED if the request was accepted or refused, and its @id 0
 * @reason: why it was refused, as the server has it; 0 if it was not
 */
struct ipcbox_verdict {
	struct ipcbox_answer answer;
	uint64_t reason;
};

/**
 * ipcbox_connect - ask a listener for a connection
 * @name: name of a port of IPCBOX_KIND_LISTENER, or "@" and its id
 * @data: the first message, read before the call returns
 * @len: its length in bytes
 * @buf: where the first answer goes; NULL if it does not matter
 * @size: room there, in bytes
 * @options: type, priority, deadline and flags; NULL for none. The deadline is
 *	that of the answer; IPCBOX_NOWAIT fails with -EAGAIN if the backlog is full.
 * @verdict: filled in whatever is returned; may be NULL
 *
 * Return: an end of the connection to be closed by the caller; it sends, receives
 * and calls as a handle of a mailbox does. Or -ECONNREFUSED (refused, or nobody
 * listens, or the server has gone: @verdict->answer.outcome tells which),
 * -ETIMEDOUT, -EINTR, -EAGAIN, -ENOENT (no such port), -EPROTOTYPE (no listener),
 * -EACCES (its mode), -EMSGSIZE (first message longer than the listener takes, or
 * answer longer than @size; then the connection is closed), -EIDRM (port deleted),
 * -EDQUOT, -EINVAL, -EFAULT, -ENOMEM, -EMFILE, or what ipcbox_box_open() returns.
 */
int ipcbox_connect(const char *name, const void *data, size_t len, void *buf,
		   size_t size, const struct ipcbox_options *options,
		   struct ipcbox_verdict *verdict);

/** ipcbox_connect_at - as ipcbox_connect(), on a box that is open */
int ipcbox_connect_at(int box, const char *name, const void *data, size_t len,
		      void *buf, size_t size,
		      const struct ipcbox_options *options,
		      struct ipcbox_verdict *verdict);

/**
 * ipcbox_accept - make a connection for who asks for one
 * @listener: the handle that the request was received through
 * @id: its &ipcbox_message.id
 * @data: the first answer
 * @len: its length in bytes, at most the listener's max_msgsize
 * @attr: of it @max_messages, @max_bytes and @max_msgsize, for each way, and
 *	IPCBOX_NOWAIT in @flags for an end with O_NONBLOCK; NULL for the defaults
 *
 * Return: the server's end, to be closed by the caller, or -ESRCH (who asked has
 * given up, or there was an answer), and with the request still to be answered
 * -EDQUOT (too many ports of this user: two for each connection), -EMSGSIZE,
 * -EMFILE, -ENFILE, -EINVAL, -EFAULT, -ENOMEM; -EIDRM (port deleted), -EBADF (not
 * a handle that may receive), -EOPNOTSUPP (not a listener).
 */
int ipcbox_accept(int listener, uint64_t id, const void *data, size_t len,
		  const struct ipcbox_attr *attr);

/**
 * ipcbox_refuse - make none
 * @listener: the handle that the request was received through
 * @id: its id
 * @reason: what the other side gets to see as &ipcbox_verdict.reason
 *
 * Return: 0, or -ESRCH, -EIDRM, -EBADF, -EOPNOTSUPP, as ipcbox_accept().
 */
int ipcbox_refuse(int listener, uint64_t id, uint64_t reason);

/**
 * ipcbox_shutdown - close an end of a connection in part
 * @end: from ipcbox_connect() or ipcbox_accept()
 * @rights: IPCBOX_RIGHT_SEND (nothing more will be sent), IPCBOX_RIGHT_RECV
 *	(nothing more will be received), or both
 *
 * Return: 0, or -EINVAL, -EOPNOTSUPP (not an end), -EIDRM (port deleted).
 */
int ipcbox_shutdown(int end, uint32_t rights);

/**
 * ipcbox_deadline_in - the deadline that lies so many seconds ahead
 * @seconds: from now on, with fractions; 0 or less for a deadline that is over
 *
 * With a deadline that is over, a call tries once and then returns -ETIMEDOUT.
 * Deadlines are absolute, so one of them can span several calls.
 *
 * Return: nanoseconds of CLOCK_MONOTONIC, never 0; a time further away than the
 * clock goes, infinity included, is its last.
 */
uint64_t ipcbox_deadline_in(double seconds);

/* Texts. */

/**
 * ipcbox_strerror - what an error means here, and what to do next
 * @err: what a function of this library returned, negative or not
 *
 * Return: a text that starts in lower case and stays valid, such as
 * "no such port (ipcbox ls shows those that exist)".
 */
const char *ipcbox_strerror(int err);

/** ipcbox_kind_name - word for an enum ipcbox_kind, "unknown" if there is none */
const char *ipcbox_kind_name(uint32_t kind);

/** ipcbox_owner_name - word for an enum ipcbox_owner, "unknown" if there is none */
const char *ipcbox_owner_name(uint32_t owner);

/** ipcbox_outcome_name - words for an enum ipcbox_outcome, "unknown" if there are none */
const char *ipcbox_outcome_name(uint32_t outcome);

/** ipcbox_event_name - words for an IPCBOX_EVENT_*, "unknown" if there are none */
const char *ipcbox_event_name(uint64_t what);

/** ipcbox_sharing_name - word for an enum ipcbox_sharing, "unknown" if there is none */
const char *ipcbox_sharing_name(uint32_t sharing);

/** ipcbox_version - version of the library that is running, such as "1.0" */
const char *ipcbox_version(void);

#if defined(__cplusplus)
}
#endif

#endif /* _IPCBOX_H */
