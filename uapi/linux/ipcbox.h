/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ipcbox - mailbox IPC through /dev/ipcbox
 *
 * This header is the manual of the ABI. It may be included from C and C++.
 *
 * Theory of operation
 * ===================
 *
 * Opening /dev/ipcbox gives a descriptor on a *box*: the set of ports that the
 * caller's network namespace sees. Ports are created, opened, listed and
 * deleted on the box. Creating or opening a port returns a second descriptor,
 * the *handle*, on which messages are sent and received. The rights of a
 * handle (SEND, RECV, MANAGE) are fixed when it is opened, as the access mode
 * of a file is.
 *
 * A *message* is an indivisible payload of 0 to max_msgsize bytes with a type,
 * a priority, an id and the identity of its sender, which the kernel stamps.
 * write(2) and writev(2) send one message of type 0 and priority 0; read(2)
 * and readv(2) receive the first message whatever its type, and return 0 for an
 * empty one. (Vectors of total length 0 never reach the module: they neither
 * send nor receive.) IPCBOX_SEND and
 * IPCBOX_RECV do the same with metadata, filters and deadlines.
 *
 * Order
 * -----
 * Receivers get messages by priority, highest first, and in the order of
 * sending within one priority. Priorities are strict: while messages of a
 * higher priority keep arriving faster than they are received, those of a
 * lower one wait. There is no ageing; whoever mixes priorities on one port
 * decides that the low ones may starve. Among waiting receivers the longest-
 * waiting one whose filter accepts the message gets it.
 *
 * Capacity
 * --------
 * Capacity decides how long a *sender* waits, never what a receiver may see: a
 * message can be received from the moment it was sent. A sender may leave as
 * soon as its message is within the capacity of the port; until then it waits
 * with its message in line. So on a port of capacity 0 every send is a
 * rendezvous, on one without limits no send waits, and when a port is full, a
 * waiting sender's message of high priority still overtakes what is queued. A
 * sender that gives up (signal, deadline, non-blocking) takes its message with
 * it: a failed send has sent nothing.
 *
 * A non-blocking send to a port of capacity 0 succeeds only if a receiver is
 * waiting for such a message, and hands it to that receiver. (If that receiver
 * then fails, the message stays in line, although the capacity is 0.) poll()
 * reports such a port as writable while a receiver waits, whatever message
 * that waits for; one with a capacity, while a message of max_msgsize
 * would be admitted.
 *
 * With both sides in poll() or io_uring, nobody ever waits: on a port of
 * capacity 0, one side has to wait in a call.
 *
 * A large message to a port of capacity 0 is copied once, from the memory of
 * the waiting sender. What another thread of the sender changes there before
 * its send has ended, the receiver may see. So is a large request, and a large
 * reply into the memory of the waiting caller, in part even when the call fails.
 * Such a reply is charged to nobody, nor is a short one.
 *
 * Direct communication
 * --------------------
 * Two processes need no port to name, and nothing to set up: IPCBOX_SEND_TO sends
 * to a process by its id, and IPCBOX_INBOX opens what was sent to the caller. Each
 * process has one inbox in each box, whoever sends; so between two processes
 * there is exactly one link, which carries messages in both directions.
 *
 * On any port, &ipcbox_recv.from receives the messages of one process alone; with
 * 0 there the receiver learns who has sent. So direct communication can be
 * symmetric, where both name each other, or asymmetric.
 *
 * An inbox is a port without a name, which IPCBOX_PORT_LIST lists and whoever may
 * can open by its id. It is made when it is first needed, with owner process,
 * without limits but for the quota of the senders, with mode 0600 and the
 * effective user of its process at that moment: so its sender needs that user, or
 * CAP_IPC_OWNER. Once made it stays, also if the call that needed it fails after
 * that. IPCBOX_SET changes its attributes. It stays the same across execve(2); the
 * child of a fork(2) has its own; threads share it. It goes with the process, and
 * all that is in it; who waits to send to it then gets ESRCH.
 *
 * Nothing is lost
 * ---------------
 * A receive that fails (EFAULT, EMSGSIZE, a killed receiver) puts the message
 * back at its place in line. A port that is deleted wakes everybody with EIDRM.
 *
 * Dead letters
 * ------------
 * A message that kills whoever receives it would come back for ever. A port can
 * name another one, of the same box, as its *dead-letter port*, and a limit:
 * IPCBOX_SET_DEAD_LETTER. When a message that was received with a lease would
 * return to its place, and has been delivered that many times here, it moves to
 * the end of the line there instead. It keeps its payload, type, priority, sender
 * and count of deliveries, gets a new id and is flagged IPCBOX_MSG_DEAD_LETTER,
 * and stays charged to its sender. It arrives whatever the capacity and the
 * max_msgsize of that port, so that nobody waits and nothing is lost; who sends
 * there waits until there is room again. A dead-letter port can have one of its
 * own, and counts anew.
 *
 * Where the sender still waits it has its message, which is not moved: its send
 * fails with ECANCELED. So does a call, whose request was put back in line by
 * IPCBOX_NACK that often. When the dead-letter port is gone, messages return to
 * their places as without one.
 *
 * Descriptors
 * -----------
 * IPCBOX_SEND can send descriptors along, as UNIX sockets do: the receiver gets
 * descriptors of its own, closed on exec, of the same open files. They are open
 * from the moment at which the message is the receiver's, and not before: a
 * receive that fails has opened none, even where the numbers were written
 * already. Without enough free numbers it fails with EMFILE, and the message
 * stays first in line. IPCBOX_RECV opens as many as the caller has room for; the
 * others are closed, IPCBOX_MSG_FDS_LOST says so, and &ipcbox_recv.nr_fds how many
 * there were. read(2) and programs that do not know of descriptors have no room
 * for any. IPCBOX_PEEK opens none.
 * With IPCBOX_LEASE the receiver gets them at each delivery, and the message keeps
 * its own until it is acknowledged. Of a port of which all get all messages each
 * receiver gets descriptors of its own.
 *
 * Requests and replies carry them as well. Who calls says before how many of the
 * reply it has room for, and has the numbers then, so that the reply cannot fail
 * for want of them; a reply whose call ends otherwise closes its descriptors.
 *
 * Descriptors of ports and of the box, of sockets, epoll and io_uring are refused
 * with ELOOP, as they could keep the message that keeps them. For the same reason
 * the descriptors in a port are closed when nobody has a handle with any right on
 * it any more; the messages stay, and say IPCBOX_MSG_FDS_LOST when they are
 * received.
 *
 * Events
 * ------
 * A handle with any right can ask to be told what happens to its port and to its
 * messages: IPCBOX_EVENTS. An event arrives on the handle as a message does, and
 * before all messages: of type IPCBOX_TYPE_EVENT, flagged IPCBOX_MSG_EVENT, with
 * a struct ipcbox_event as its payload. read(2), and IPCBOX_RECV of any type,
 * receive both; IPCBOX_RECV of that type receives events alone, also on a handle
 * without IPCBOX_RIGHT_RECV; of another type, messages alone. poll() reports
 * EPOLLIN for them, FIONREAD their size. They use none of the port's capacity and
 * are in none of its counts. IPCBOX_PEEK passes over them, IPCBOX_LEASE does not
 * hold them, and they need no turn.
 *
 * Events that have yet to be received take no more memory however many happen:
 * those about the port are merged, one of each kind with a count of how often,
 * and it moves behind the others each time. So the one that comes last of CAME and
 * WENT tells how things are. Those about one message are made and charged with
 * the message or the lease, &ipcbox_info.msg_overhead and the length of an
 * event each, until they are received or cannot happen any more.
 *
 * Whoever has a descriptor of the handle receives its events, each once. A
 * deleted port still yields them, and EIDRM when there are no more.
 *
 * Streams
 * -------
 * A port of IPCBOX_KIND_STREAM carries bytes as pipe(7) and fifo(7) have it: one
 * that has a name is a FIFO, and IPCBOX_PIPE makes a pipe. A handle with
 * IPCBOX_RIGHT_RECV is a read end, one with IPCBOX_RIGHT_SEND a write end.
 * Opening one end waits until the other one comes; with IPCBOX_NOWAIT, opening to
 * read succeeds at once, and to write fails with ENXIO if nobody has it open to
 * read; opening with both rights never waits, with none of them neither.
 *
 * write(2) of up to IPCBOX_STREAM_ATOMIC bytes is atomic; a longer one may be
 * interleaved with others, and is done in part where it cannot wait, or a signal
 * comes. With no read end it fails with EPIPE, and SIGPIPE is raised. read(2)
 * gets as many bytes as there are, and 0 at the end: when all has been read and
 * there is no write end. FIONREAD gives all the bytes there are. Bytes that
 * nobody has read are gone when the last end is closed.
 *
 * IPCBOX_SEND writes up to IPCBOX_STREAM_ATOMIC bytes, all or nothing, and at
 * least one; IPCBOX_RECV reads bytes that one thread has written, and tells which;
 * at the end, &ipcbox_recv.msg_len is 0. Both take IPCBOX_NOWAIT, IPCBOX_IOVEC and
 * deadlines. Type and priority must be 0 (EOPNOTSUPP), and there are no leases,
 * requests or events. The capacity is &ipcbox_stat.max_bytes, which IPCBOX_SET
 * changes.
 *
 * What differs from a pipe, as it is meant to:
 *
 * - The capacity is counted in bytes, not in pages that may be filled in part. A
 *   piece of IPCBOX_STREAM_ATOMIC bytes, or less, uses it until all of the piece
 *   has been read.
 * - poll() reports EPOLLOUT while there is room for IPCBOX_STREAM_ATOMIC bytes.
 * - A writer that waits has its next piece in line: readers, and FIONREAD, see
 *   it although it exceeds the capacity. If a signal ends the wait, none of the
 *   piece has been sent, unless a part of it has been read: then all of it has.
 * - A write fails with EFAULT whether or not there is room, and leaves no trace.
 * - Who does not want to wait gets EAGAIN while another thread is in a read.
 * - Bytes are charged to the writer's user until they are read (EDQUOT). Small
 *   writes of a thread in a row share the overhead of one message.
 * - Deleting the port ends all of it with EIDRM.
 * - No splice(2), no F_SETPIPE_SZ, no packet mode (O_DIRECT).
 *
 * Connections
 * -----------
 * A port of IPCBOX_KIND_LISTENER is where one asks for a connection, by
 * IPCBOX_CONNECT with a first message. A handle with IPCBOX_RIGHT_RECV receives
 * that as a request (IPCBOX_MSG_CALL), with the credentials of who asks; then
 * IPCBOX_ACCEPT with its id, and a first answer, or IPCBOX_REFUSE with a reason, ends
 * it. IPCBOX_NACK puts it back in line for another one. A handle on a listener
 * never has IPCBOX_RIGHT_SEND (EINVAL), so that there are neither other messages
 * nor calls, and IPCBOX_REPLY is EOPNOTSUPP. &ipcbox_stat.max_messages is the
 * backlog: how many requests may be in line for who does not want to wait there.
 * Listeners are shared by IPCBOX_SHARE_ANY alone.
 *
 * A connection has two ends, one descriptor each, and is full duplex. Both ends
 * send, receive, call and poll as on a mailbox, with message boundaries,
 * priorities, leases, descriptors and events, but for IPCBOX_RECEIPT with
 * IPCBOX_NOWAIT (EOPNOTSUPP). They are private: nobody else can open one (EACCES),
 * but descriptors are inherited, and passed on by sockets. The limits given to
 * IPCBOX_ACCEPT are where both ways begin; each end can change those of what it
 * receives. Both ports stay while either end is open, and their creator, who is
 * charged for them, can end that with IPCBOX_PORT_DELETE.
 *
 * When an end is closed, by its process or with that, the other one still
 * receives what is in line, and then: read(2) returns 0, IPCBOX_RECV fails with
 * ENOTCONN, as other than that an empty message is possible. Sending fails with
 * EPIPE, for write(2) with SIGPIPE as well, and so does a new IPCBOX_CALL; calls
 * that wait end with EOWNERDEAD. What was sent there and not received is gone, as
 * is what comes back in line then. What another thread is receiving, or has leased,
 * may come back after its sender's end was closed.
 * poll(2) reports EPOLLIN | EPOLLRDHUP, and EPOLLOUT, when there is nothing to wait
 * for, and EPOLLHUP when both directions are closed. IPCBOX_SHUTDOWN closes one.
 *
 * Quotas
 * ------
 * Each message is charged to the real user id of its sender, by its length plus
 * &ipcbox_info.msg_overhead and 256 bytes for each descriptor, until it has been
 * received, or its send has failed, and nobody is copying it any more; each port
 * is charged to the user who created it, an inbox to the one who was the first to
 * need it. Message memory also counts for the sender's memory cgroup. A send that
 * is over the quota fails with EDQUOT and does not wait; nothing tells when there
 * is room again. Who sends to the ports of strangers should know that they decide
 * how long its messages stay queued: give such senders a user of their own, or
 * send only where struct ipcbox_stat shows a capacity.
 *
 * Rules for all ioctls
 * ====================
 * - All structs have the same layout for 32-bit and 64-bit callers. Pointers
 *   travel as __u64. Padding and reserved fields must be zero (EINVAL).
 * - Structs only ever grow at the end, and the size is part of the command
 *   number. A program built against a newer header works on an older module as
 *   long as the fields that the module does not know are zero (else E2BIG);
 *   a program built against an older header works on a newer module.
 * - Every struct starts with a flags word; unknown flags are EINVAL.
 * - Unknown commands are ENOTTY. A struct shorter than in the first version of
 *   the ABI is EINVAL.
 * - Deadlines are absolute times of CLOCK_MONOTONIC in nanoseconds, 0 for none.
 *   A deadline in the past still tries once. Because they are absolute, calls
 *   restart after a signal handler installed with SA_RESTART; without it they
 *   fail with EINTR. A send that restarts is sent anew, behind what was sent in
 *   the meantime.
 *
 * The ioctl type is 0xE1, which Documentation/userspace-api/ioctl/
 * ioctl-number.rst does not assign.
 */
#ifndef _UAPI_LINUX_IPCBOX_H
#define _UAPI_LINUX_IPCBOX_H

#include <linux/ioctl.h>
#include <linux/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * define IPCBOX_ABI_VERSION - version of this ABI, as IPCBOX_INFO reports it
 */
#define IPCBOX_ABI_VERSION	1

/**
 * define IPCBOX_NAME_SIZE - room for a port's name with its terminating NUL
 */
#define IPCBOX_NAME_SIZE	64

/**
 * define IPCBOX_PRIORITIES - how many priorities there are, from 0 on
 */
#define IPCBOX_PRIORITIES	32

/**
 * define IPCBOX_IOV_MAX - most segments in one message (UIO_MAXIOV)
 */
#define IPCBOX_IOV_MAX		1024

/**
 * define IPCBOX_FDS_MAX - most descriptors in one message
 */
#define IPCBOX_FDS_MAX		253

/**
 * define IPCBOX_UNLIMITED - a capacity without a limit
 */
#define IPCBOX_UNLIMITED	(~(__u64)0)

/**
 * define IPCBOX_ID_SELF - as a uid or gid, that of the caller
 */
#define IPCBOX_ID_SELF		(~(__u32)0)

/**
 * define IPCBOX_STREAM_ATOMIC - what can be written to a stream in one piece, as
 * PIPE_BUF
 */
#define IPCBOX_STREAM_ATOMIC	4096
/**
 * define IPCBOX_STREAM_BYTES - capacity of a stream, if none is given
 */
#define IPCBOX_STREAM_BYTES	65536
/**
 * define IPCBOX_STREAM_BYTES_MAX - the largest capacity of a stream
 */
#define IPCBOX_STREAM_BYTES_MAX	(1 << 20)

/**
 * enum ipcbox_kind - what a port carries
 * @IPCBOX_KIND_MAILBOX: messages with boundaries, from any sender to any
 *	receiver
 * @IPCBOX_KIND_INBOX: likewise, but the messages to one process, see
 *	IPCBOX_INBOX; IPCBOX_PORT_CREATE makes none
 * @IPCBOX_KIND_STREAM: bytes, as in a pipe; shared by any or by a pair
 * @IPCBOX_KIND_LISTENER: requests to be connected, see "Connections"
 * @IPCBOX_KIND_CONNECTION: messages with boundaries, between two ends: what
 *	IPCBOX_ACCEPT makes, one for each way; IPCBOX_PORT_CREATE makes none
 * @IPCBOX_KIND_RING: records in memory that processes share, see <linux/
 *	ipcbox_ring.h>: handles map lanes (IPCBOX_RING_ATTACH) and need no system
 *	call to send or receive. Such a port has the capacity of each lane in
 *	max_bytes, headers and padding included; the most lanes that there may be at
 *	once in max_messages, 1 to IPCBOX_RING_LANES; 0 in max_msgsize; and the
 *	sharing IPCBOX_SHARE_ANY. Its limits cannot be changed. Its handles know
 *	IPCBOX_STAT, IPCBOX_SET, mmap(2), poll(2) and the IPCBOX_RING_* commands
 */
enum ipcbox_kind {
	IPCBOX_KIND_MAILBOX	= 0,
	IPCBOX_KIND_INBOX	= 1,
	IPCBOX_KIND_STREAM	= 2,
	IPCBOX_KIND_LISTENER	= 3,
	IPCBOX_KIND_CONNECTION	= 4,
	IPCBOX_KIND_RING	= 5,
};

/**
 * define IPCBOX_RING_LANES - most lanes of a ring port
 */
#define IPCBOX_RING_LANES	64

/**
 * define IPCBOX_RING_ANY - in place of a lane, all that the handle is attached to
 */
#define IPCBOX_RING_ANY		(~(__u32)0)

/**
 * enum ipcbox_owner - who keeps a port alive
 * @IPCBOX_OWNER_KERNEL: the port outlives every process; it goes when it is
 *	deleted, or with its network namespace
 * @IPCBOX_OWNER_PROCESS: the port also goes when the process (thread group)
 *	that created it exits, even where another process still holds a handle;
 *	only threads of that process may receive
 * @IPCBOX_OWNER_HANDLE: the port also goes when the last handle with any right
 *	is closed; it cannot be created with a handle without rights
 */
enum ipcbox_owner {
	IPCBOX_OWNER_KERNEL	= 0,
	IPCBOX_OWNER_PROCESS	= 1,
	IPCBOX_OWNER_HANDLE	= 2,
};

/**
 * enum ipcbox_sharing - who gets a message when several receivers could
 * @IPCBOX_SHARE_ANY: the longest-waiting receiver whose filter accepts it
 * @IPCBOX_SHARE_ONE: one process at a time receives; the others wait their turn,
 *	or get EAGAIN. A turn begins with a receive and lasts while a thread of
 *	the process is in one, or the process has received a message with a lease,
 *	or a request, and is not done with it. Then it is the turn of the process
 *	that has been waiting longest. IPCBOX_PEEK takes no turn.
 * @IPCBOX_SHARE_PAIR: at most two processes have opened the port; a third gets
 *	EUSERS. A handle counts for the process that opened it, also after it was
 *	inherited or passed on, until its last descriptor is closed; one without
 *	rights does not count.
 * @IPCBOX_SHARE_ALL: every handle that may receive gets every message that is
 *	sent while it is open; without any such handle a message is gone at once.
 *	The limits of the port are those of each handle; a sender waits until all
 *	have room, in no particular order. The sender is charged for one
 *	payload, and for the overhead of each copy. Such a port has a capacity
 *	of at least one message, and neither leases nor requests (EOPNOTSUPP).
 * @IPCBOX_SHARE_ALL_LOSSY: likewise, but no sender waits: a handle without room
 *	loses its oldest message of the lowest priority, see &ipcbox_stat.lost
 */
enum ipcbox_sharing {
	IPCBOX_SHARE_ANY	= 0,
	IPCBOX_SHARE_ONE	= 1,
	IPCBOX_SHARE_PAIR	= 2,
	IPCBOX_SHARE_ALL	= 3,
	IPCBOX_SHARE_ALL_LOSSY	= 4,
};

/* Rights of a handle. */

/**
 * define IPCBOX_RIGHT_SEND - may send; needs w in the port's mode
 */
#define IPCBOX_RIGHT_SEND	(1U << 0)
/**
 * define IPCBOX_RIGHT_RECV - may receive; needs r in the port's mode
 */
#define IPCBOX_RIGHT_RECV	(1U << 1)
/**
 * define IPCBOX_RIGHT_MANAGE - may change and delete the port; needs the uid of
 * the port or of its creator, or CAP_IPC_OWNER
 */
#define IPCBOX_RIGHT_MANAGE	(1U << 2)

/* Flags of single calls. */

/**
 * define IPCBOX_NOWAIT - EAGAIN instead of waiting, as O_NONBLOCK, for one call
 */
#define IPCBOX_NOWAIT		(1ULL << 0)
/**
 * define IPCBOX_IOVEC - data points to an array of struct iovec, in the layout
 * of the calling program (32-bit or 64-bit), and len is the number of elements
 */
#define IPCBOX_IOVEC		(1ULL << 1)
/**
 * define IPCBOX_PEEK - leave the message where it is (IPCBOX_RECV only)
 */
#define IPCBOX_PEEK		(1ULL << 2)
/**
 * define IPCBOX_LEASE - the message stays with its receiver until IPCBOX_ACK,
 * and is not lost if that never comes (IPCBOX_RECV only)
 */
#define IPCBOX_LEASE		(1ULL << 4)
/**
 * define IPCBOX_RECEIPT - wait until the message has been received, whatever the
 * capacity, and learn by whom; or learn it later by an event (IPCBOX_SEND only)
 */
#define IPCBOX_RECEIPT		(1ULL << 5)
/**
 * define IPCBOX_INHERIT_NICE - serve a request at the nice value of its caller
 * (IPCBOX_RECV only; see IPCBOX_REPLY)
 */
#define IPCBOX_INHERIT_NICE	(1ULL << 6)
/**
 * define IPCBOX_EXCL - EEXIST if the name is taken (IPCBOX_PORT_CREATE only)
 */
#define IPCBOX_EXCL		(1ULL << 3)
/**
 * define IPCBOX_BOTH_WAYS - each end may read what was written at the other one
 * (IPCBOX_PIPE only)
 */
#define IPCBOX_BOTH_WAYS	(1ULL << 7)

/**
 * define IPCBOX_TYPE_EVENT - type of all events, and of no message that is sent
 */
#define IPCBOX_TYPE_EVENT	(~(__u64)0)

/* Flags of a message, as its receiver sees them. */

/**
 * define IPCBOX_MSG_CALL - a request, whose sender waits for IPCBOX_REPLY
 */
#define IPCBOX_MSG_CALL		(1U << 0)
/**
 * define IPCBOX_MSG_LEASED - received with a lease
 */
#define IPCBOX_MSG_LEASED	(1U << 1)
/**
 * define IPCBOX_MSG_REDELIVERED - a receiver had it before, and was not done
 * with it
 */
#define IPCBOX_MSG_REDELIVERED	(1U << 2)
/**
 * define IPCBOX_MSG_DEAD_LETTER - moved here from a port whose receivers were not
 * done with it
 */
#define IPCBOX_MSG_DEAD_LETTER	(1U << 3)
/**
 * define IPCBOX_MSG_EVENT - an event; its payload is a struct ipcbox_event
 */
#define IPCBOX_MSG_EVENT	(1U << 4)
/**
 * define IPCBOX_MSG_FDS_LOST - of the descriptors that came with it, this receiver
 * got only some, or none
 */
#define IPCBOX_MSG_FDS_LOST	(1U << 5)

/*
 * What can happen. Senders and receivers are handles, as struct ipcbox_stat
 * counts them; so one that may receive is a receiver itself, and does not see
 * the last one go.
 */

/**
 * define IPCBOX_EVENT_SENDER_CAME - there was no sender, and now there is one
 */
#define IPCBOX_EVENT_SENDER_CAME	(1ULL << 0)
/**
 * define IPCBOX_EVENT_SENDER_WENT - the last sender was closed
 */
#define IPCBOX_EVENT_SENDER_WENT	(1ULL << 1)
/**
 * define IPCBOX_EVENT_RECEIVER_CAME - there was no receiver, and now there is one
 */
#define IPCBOX_EVENT_RECEIVER_CAME	(1ULL << 2)
/**
 * define IPCBOX_EVENT_RECEIVER_WENT - the last receiver was closed
 */
#define IPCBOX_EVENT_RECEIVER_WENT	(1ULL << 3)
/**
 * define IPCBOX_EVENT_LOST - this handle has lost messages, on a port of
 * IPCBOX_SHARE_ALL_LOSSY
 */
#define IPCBOX_EVENT_LOST		(1ULL << 4)
/**
 * define IPCBOX_EVENT_DELETED - the port was deleted; the last event
 */
#define IPCBOX_EVENT_DELETED		(1ULL << 5)
/**
 * define IPCBOX_EVENT_DELIVERED - a message was received that this handle had
 * sent with IPCBOX_RECEIPT, without waiting
 */
#define IPCBOX_EVENT_DELIVERED		(1ULL << 6)
/**
 * define IPCBOX_EVENT_EXPIRED - a lease has expired that was taken through this
 * handle; its message is back in line, or a dead letter
 */
#define IPCBOX_EVENT_EXPIRED		(1ULL << 7)

/**
 * enum ipcbox_outcome - what is known of a call, also of one that failed
 * @IPCBOX_NOT_DELIVERED: no server has received the request: calling again is
 *	safe
 * @IPCBOX_UNANSWERED: a server has received it, and nobody knows how far it
 *	came
 * @IPCBOX_ANSWERED: a server has replied
 */
enum ipcbox_outcome {
	IPCBOX_NOT_DELIVERED	= 0,
	IPCBOX_UNANSWERED	= 1,
	IPCBOX_ANSWERED		= 2,
};

/**
 * struct ipcbox_info - IPCBOX_INFO: what this module can do, and its limits
 * @flags: in: must be 0
 * @abi_version: out: IPCBOX_ABI_VERSION of the module
 * @msg_overhead: out: bytes charged for each message in addition to its length
 * @kinds: out: bit n is set if enum ipcbox_kind value n is supported
 * @sharings: out: bit n is set if enum ipcbox_sharing value n is supported
 * @owners: out: bit n is set if enum ipcbox_owner value n is supported
 * @call_flags: out: the per-call flags that IPCBOX_SEND or IPCBOX_RECV know
 * @max_msgsize: out: largest message of any port, in bytes
 * @max_ports: out: most ports that one user may have created
 * @max_bytes: out: most bytes, with overhead, that one user may have queued
 * @user_ports: out: ports that the caller's user has created and that exist
 * @user_bytes: out: bytes that the caller's user has queued now
 * @box_ports: out: ports in this box
 *
 * Return: 0, or -1 with errno: EINVAL, EFAULT, ENOMEM.
 */
struct ipcbox_info {
	__u64	flags;
	__u32	abi_version;
	__u32	msg_overhead;
	__u64	kinds;
	__u64	sharings;
	__u64	owners;
	__u64	call_flags;
	__u64	max_msgsize;
	__u64	max_ports;
	__u64	max_bytes;
	__u64	user_ports;
	__u64	user_bytes;
	__u64	box_ports;
};

/**
 * struct ipcbox_port_create - IPCBOX_PORT_CREATE: create a port, or open it
 * @flags: in: IPCBOX_NOWAIT gives a handle with O_NONBLOCK set; IPCBOX_EXCL
 *	fails if the name is taken. Without IPCBOX_EXCL an existing port of that
 *	name is opened, with @rights; @kind must be its kind, and the other
 *	attributes are ignored.
 * @name: in: 1 to 63 bytes of printable ASCII or bytes above 0x7f, without
 *	white space and '/', not starting with '-' or '@'; terminated by a NUL,
 *	zero behind it. An empty name makes a port that has only an id.
 * @rights: in: IPCBOX_RIGHT_* of the returned handle; any, for the creator
 * @kind: in: enum ipcbox_kind
 * @owner: in: enum ipcbox_owner
 * @sharing: in: enum ipcbox_sharing
 * @mode: in: permission bits as of a file, 0000 to 0666: r may receive, w may
 *	send. The caller's umask is not applied.
 * @uid: in: user of the port; IPCBOX_ID_SELF or the effective uid, unless the
 *	caller has CAP_IPC_OWNER
 * @gid: in: group of the port; IPCBOX_ID_SELF or a group of the caller, unless
 *	the caller has CAP_IPC_OWNER
 * @max_msgsize: in: largest message in bytes; 0 for the module's limit, or for
 *	@max_bytes if that is less; ignored for a stream
 * @max_messages: in: capacity in messages: 0 is a rendezvous,
 *	IPCBOX_UNLIMITED no limit; ignored for a stream
 * @max_bytes: in: capacity in bytes of payload, at least @max_msgsize; 0 for no
 *	limit by bytes. Of a stream, IPCBOX_STREAM_ATOMIC to
 *	IPCBOX_STREAM_BYTES_MAX; 0 for IPCBOX_STREAM_BYTES
 * @id: out: id of the port, never used again in this box
 * @created: out: 1 if the port is new, 0 if it was there
 * @reserved: in: must be 0
 *
 * With one end of a stream in @rights it waits for the other one, as
 * IPCBOX_PORT_OPEN does; if a signal ends the wait, a new port that the kernel owns
 * stays. With IPCBOX_NOWAIT a write end cannot be the first of all (ENXIO, and
 * nothing is created).
 *
 * Return: a descriptor on the port, with O_CLOEXEC set, or -1 with errno:
 * EEXIST (name taken, IPCBOX_EXCL), EACCES (exists, @rights not granted),
 * EPROTOTYPE (exists, another kind), EUSERS (exists, two other processes have
 * opened it and share it as a pair),
 * EDQUOT (too many ports of this user), EINVAL (attributes), EPERM (@uid or
 * @gid), EOPNOTSUPP (a kind, owner or sharing that this module does not know, or a
 * kind that is made otherwise), ENOMEM, EMFILE, ENFILE, EFAULT, ENXIO, EINTR, EIDRM
 * (the box is gone, or the stream while the other end was waited for).
 */
struct ipcbox_port_create {
	__u64	flags;
	char	name[IPCBOX_NAME_SIZE];
	__u32	rights;
	__u32	kind;
	__u32	owner;
	__u32	sharing;
	__u32	mode;
	__u32	uid;
	__u32	gid;
	__u32	max_msgsize;
	__u64	max_messages;
	__u64	max_bytes;
	__u64	id;
	__u32	created;
	__u32	reserved;
};

/**
 * struct ipcbox_port_open - IPCBOX_PORT_OPEN: open a port by name or by id
 * @flags: in: IPCBOX_NOWAIT gives a handle with O_NONBLOCK set
 * @name: in: name of the port; empty to open it by @id
 * @rights: in: IPCBOX_RIGHT_* of the handle; 0 gives one that can only
 *	IPCBOX_STAT, which anybody may
 * @reserved: in: must be 0
 * @id: in: id of the port, if @name is empty; out: id of the port
 *
 * Return: a descriptor on the port, with O_CLOEXEC set, or -1 with errno:
 * ENOENT (no such port), EACCES (a right is not granted, or IPCBOX_RIGHT_RECV on
 * a port that belongs to another process), EUSERS (two other processes share
 * it as a pair), ENXIO (IPCBOX_NOWAIT, to write to a stream that nobody reads),
 * EINTR (waiting for the other end of a stream), EINVAL, EMFILE, ENFILE, ENOMEM,
 * EFAULT, EIDRM (the box is gone, or the stream while the other end was waited
 * for).
 */
struct ipcbox_port_open {
	__u64	flags;
	char	name[IPCBOX_NAME_SIZE];
	__u32	rights;
	__u32	reserved;
	__u64	id;
};

/**
 * struct ipcbox_port_delete - IPCBOX_PORT_DELETE: delete a port
 * @flags: in: must be 0
 * @name: in: name of the port; empty to delete it by @id
 * @id: in: id of the port, with an empty @name, else 0
 *
 * The name is free at once. All waiters wake with EIDRM, queued messages are
 * freed, poll() on old handles reports EPOLLHUP | EPOLLERR. A message that a
 * receiver is copying at this moment is delivered, unless its sender was still
 * waiting: then neither of them has had it, and both get EIDRM.
 *
 * Return: 0, or -1 with errno: ENOENT, EACCES (not the owner), EINVAL, EFAULT,
 * EIDRM (the box is gone).
 */
struct ipcbox_port_delete {
	__u64	flags;
	char	name[IPCBOX_NAME_SIZE];
	__u64	id;
};

/**
 * struct ipcbox_inbox - IPCBOX_INBOX: open the caller's inbox
 * @flags: in: IPCBOX_NOWAIT gives a handle with O_NONBLOCK set
 * @id: out: id of the port
 *
 * The handle has IPCBOX_RIGHT_RECV and IPCBOX_RIGHT_MANAGE. Each call gives another
 * handle on the same port, which is made by the first, unless somebody has sent
 * to the process before.
 *
 * Return: a descriptor on the port, with O_CLOEXEC set, or -1 with errno: EDQUOT
 * (too many ports of this user), EINVAL, ENOMEM, EMFILE, ENFILE, EFAULT, EIDRM (the
 * box is gone).
 */
struct ipcbox_inbox {
	__u64	flags;
	__u64	id;
};

/**
 * struct ipcbox_stat - IPCBOX_STAT and IPCBOX_PORT_LIST: all about one port
 * @flags: in: must be 0; out: 0
 * @id: out: id of the port
 * @name: out: name, empty if it has none
 * @kind: out: enum ipcbox_kind
 * @owner: out: enum ipcbox_owner
 * @sharing: out: enum ipcbox_sharing
 * @mode: out: permission bits
 * @uid: out: user of the port
 * @gid: out: group of the port
 * @creator_uid: out: effective user who created it; of an inbox, whose it was
 *	when it was made
 * @creator_pid: out: process that created it, 0 if it is not visible from here;
 *	of an inbox, whose it is
 * @rights: out: rights of this handle; 0 in a list
 * @max_msgsize: out: largest message in bytes
 * @max_messages: out: capacity in messages
 * @max_bytes: out: capacity in bytes, 0 for no limit
 * @created: out: time of creation, CLOCK_REALTIME in nanoseconds
 * @messages: out: messages that can be received now, those of waiting senders
 *	included
 * @bytes: out: bytes of payload in @messages
 * @taken: out: messages that receivers are copying at this moment
 * @sent: out: messages whose send has succeeded since creation, and those that
 *	have moved here from other ports
 * @received: out: messages received since creation
 * @sent_bytes: out: bytes of payload in @sent
 * @received_bytes: out: bytes of payload in @received
 * @next_size: out: length of the message that is first in line, 0 without one
 * @senders: out: open handles with IPCBOX_RIGHT_SEND
 * @receivers: out: open handles with IPCBOX_RIGHT_RECV
 * @handles: out: open handles with any right
 * @waiting_senders: out: threads that wait in a send or in a call
 * @waiting_receivers: out: threads that wait in a receive
 * @lanes: out: of a ring: lanes that there are, those included that nobody
 *	produces in any more
 * @held: out: messages that receivers hold: leased, or requests without a reply
 * @lost: out: messages that receivers have lost, on a port of
 *	IPCBOX_SHARE_ALL_LOSSY
 * @dead_letter: out: id of its dead-letter port; 0 if it has none, or that is gone
 * @dead_lettered: out: messages that have moved there, or to one before it
 * @max_deliveries: out: after how many deliveries they do; 0 for never
 * @reserved2: out: 0
 *
 * On a port of which all receivers get all messages, @messages, @bytes, @next_size
 * and @lost are those of this handle, if it may receive, else @messages, @bytes
 * and @next_size those of the receiver that has most in line; @received,
 * @taken, and in a list @lost, are sums.
 *
 * Of a ring the module counts no messages: @messages, @sent, @received and
 * @next_size are 0. @bytes, @sent_bytes and @received_bytes go by what producers and
 * consumers say of their positions, headers and padding included. @waiting_senders
 * and @waiting_receivers are lanes that somebody waits in.
 *
 * The numbers of one port are taken at one moment, under its lock.
 *
 * Return: 0, or -1 with errno: EIDRM (port deleted), EFAULT.
 */
struct ipcbox_stat {
	__u64	flags;
	__u64	id;
	char	name[IPCBOX_NAME_SIZE];
	__u32	kind;
	__u32	owner;
	__u32	sharing;
	__u32	mode;
	__u32	uid;
	__u32	gid;
	__u32	creator_uid;
	__s32	creator_pid;
	__u32	rights;
	__u32	max_msgsize;
	__u64	max_messages;
	__u64	max_bytes;
	__u64	created;
	__u64	messages;
	__u64	bytes;
	__u64	taken;
	__u64	sent;
	__u64	received;
	__u64	sent_bytes;
	__u64	received_bytes;
	__u64	next_size;
	__u32	senders;
	__u32	receivers;
	__u32	handles;
	__u32	waiting_senders;
	__u32	waiting_receivers;
	__u32	lanes;
	__u64	held;
	__u64	lost;
	__u64	dead_letter;
	__u64	dead_lettered;
	__u32	max_deliveries;
	__u32	reserved2;
};

/**
 * struct ipcbox_port_list - IPCBOX_PORT_LIST: the ports of the box, in pieces
 * @flags: in: must be 0
 * @cursor: in: list ports with an id above this one, 0 to begin;
 *	out: the last id listed, to go on from
 * @entries: in: pointer to an array of struct ipcbox_stat
 * @entry_size: in: size of one element of the caller's struct ipcbox_stat; what
 *	is longer there than in the module's is filled with zeros
 * @count: in: number of elements; out: number filled in, 0 at the end
 *
 * Ports come in the order of their ids, so ports that exist during the whole
 * listing are listed exactly once.
 *
 * Return: 0, or -1 with errno: EINVAL (@entry_size below that of the first ABI
 * version, or above 4096), EFAULT, EINTR, EIDRM (the box is gone).
 */
struct ipcbox_port_list {
	__u64	flags;
	__u64	cursor;
	__u64	entries;
	__u32	entry_size;
	__u32	count;
};

/**
 * struct ipcbox_user_entry - what one user has of its quotas
 * @flags: out: 0
 * @uid: out: real user id, in the caller's user namespace
 * @reserved: out: 0
 * @ports: out: ports that the user has created and that exist
 * @max_ports: out: most ports that the user may have created
 * @bytes: out: bytes that the user has queued now, with the overhead of each
 *	message
 * @max_bytes: out: most bytes that the user may have queued
 *
 * Quotas are those of a user in all boxes together. What is there stays when a
 * limit is lowered, so there may be more than the limit.
 */
struct ipcbox_user_entry {
	__u64	flags;
	__u32	uid;
	__u32	reserved;
	__u64	ports;
	__u64	max_ports;
	__u64	bytes;
	__u64	max_bytes;
};

/**
 * struct ipcbox_user_list - IPCBOX_USER_LIST: who has how much, in pieces
 * @flags: in: must be 0
 * @cursor: in: 0 to begin, else as the last call has left it; out: to go on from
 * @entries: in: pointer to an array of struct ipcbox_user_entry
 * @entry_size: in: size of one element of the caller's struct
 *	ipcbox_user_entry; what is longer there than in the module's is filled
 *	with zeros
 * @count: in: number of elements; out: number filled in, 0 at the end
 *
 * Lists the users who have created ports or queued bytes, in no particular
 * order; one who has some during the whole listing is listed exactly once. As
 * with the quotas of disks, everybody may look at the own user, and at the
 * others who has CAP_IPC_OWNER in its user namespace: what they have elsewhere
 * is no business of a stranger. Users who are not mapped in the caller's user
 * namespace are left out, so a container that has one learns of none but its
 * own.
 *
 * Return: 0, or -1 with errno: EINVAL (@cursor, or @entry_size below that of the
 * first ABI version, or above 4096), EFAULT, EINTR.
 */
struct ipcbox_user_list {
	__u64	flags;
	__u64	cursor;
	__u64	entries;
	__u32	entry_size;
	__u32	count;
};

/**
 * struct ipcbox_pipe - IPCBOX_PIPE: make a stream, and open both ends
 * @flags: in: IPCBOX_NOWAIT gives ends with O_NONBLOCK set; IPCBOX_BOTH_WAYS gives
 *	two ends alike, with all rights, each of which reads what is written at
 *	the other one: two streams
 * @max_bytes: in: capacity, each way, as in struct ipcbox_port_create
 * @fds: out: the read end and the write end, which may also IPCBOX_SET; with
 *	O_CLOEXEC set
 * @ids: out: ids of the ports: of the one that is read at @fds[0], and with
 *	IPCBOX_BOTH_WAYS of the one that is read at @fds[1], else 0
 *
 * The ports have no name, and go with their last handle. They count as others do.
 *
 * Return: 0, or -1 with errno: EDQUOT, EINVAL, ENOMEM, EMFILE, ENFILE, EFAULT,
 * EIDRM (the box is gone).
 */
struct ipcbox_pipe {
	__u64	flags;
	__u64	max_bytes;
	__s32	fds[2];
	__u64	ids[2];
};

/* What IPCBOX_SET changes. */

/**
 * define IPCBOX_SET_MODE - set the permission bits
 */
#define IPCBOX_SET_MODE		(1ULL << 0)
/**
 * define IPCBOX_SET_UID - set the user; as msgctl(IPC_SET), open handles keep their rights
 */
#define IPCBOX_SET_UID		(1ULL << 1)
/**
 * define IPCBOX_SET_GID - set the group
 */
#define IPCBOX_SET_GID		(1ULL << 2)
/**
 * define IPCBOX_SET_MAX_MSGSIZE - set the largest message; queued ones stay
 */
#define IPCBOX_SET_MAX_MSGSIZE	(1ULL << 3)
/**
 * define IPCBOX_SET_MAX_MESSAGES - set the capacity in messages; queued ones stay
 */
#define IPCBOX_SET_MAX_MESSAGES	(1ULL << 4)
/**
 * define IPCBOX_SET_MAX_BYTES - set the capacity in bytes; queued ones stay
 */
#define IPCBOX_SET_MAX_BYTES	(1ULL << 5)
/**
 * define IPCBOX_SET_DEAD_LETTER - set where dead letters go, and after how many
 * deliveries
 */
#define IPCBOX_SET_DEAD_LETTER	(1ULL << 6)

/**
 * struct ipcbox_set - IPCBOX_SET: change attributes of a port
 * @flags: in: IPCBOX_SET_* for the fields to change; the others are ignored
 * @mode: in: as in struct ipcbox_port_create
 * @uid: in: as in struct ipcbox_port_create, but any uid of the caller's user
 *	namespace may be given
 * @gid: in: any gid of the caller's user namespace
 * @max_msgsize: in: as in struct ipcbox_port_create
 * @max_messages: in: as in struct ipcbox_port_create
 * @max_bytes: in: as in struct ipcbox_port_create
 * @dead_letter: in: id of a port that the caller may send to; 0 for none
 * @max_deliveries: in: after how many deliveries a message moves there, from 1
 *	on; 0 without a port
 * @reserved: in: must be 0
 *
 * All or nothing. A larger capacity lets waiting senders go. A limit on deliveries
 * counts those before as well; what is in line stays until it is delivered once
 * more. The right to send to the dead-letter port is looked at now, and not when
 * messages move. Of a stream's limits, @max_bytes alone can be set.
 *
 * Return: 0, or -1 with errno: EBADF (no IPCBOX_RIGHT_MANAGE), EINVAL, EFAULT,
 * EIDRM (port deleted); with IPCBOX_SET_DEAD_LETTER also ENOENT (no such port),
 * EACCES (the caller may not send there), ELOOP (it is the port itself),
 * EOPNOTSUPP (one of the two is no mailbox, or all its receivers get every
 * message).
 */
struct ipcbox_set {
	__u64	flags;
	__u32	mode;
	__u32	uid;
	__u32	gid;
	__u32	max_msgsize;
	__u64	max_messages;
	__u64	max_bytes;
	__u64	dead_letter;
	__u32	max_deliveries;
	__u32	reserved;
};

/**
 * struct ipcbox_send - IPCBOX_SEND and IPCBOX_SEND_TO: send one message
 * @flags: in: IPCBOX_NOWAIT, IPCBOX_IOVEC, IPCBOX_RECEIPT
 * @data: in: pointer to the payload, or to an array of struct iovec
 * @len: in: length in bytes, or number of elements with IPCBOX_IOVEC
 * @type: in: type of the message; 0 for none
 * @priority: in: 0 to IPCBOX_PRIORITIES - 1
 * @to: in: with IPCBOX_SEND_TO, the process, in the caller's pid namespace; else
 *	must be 0
 * @deadline: in: absolute CLOCK_MONOTONIC time in ns, 0 for none
 * @id: out: id of the message, unique within its port. Also written when the
 *	call fails later; that id is then used for no message.
 * @receiver_pid: out: with IPCBOX_RECEIPT, process that received the message, in
 *	the sender's pid namespace, 0 if it is not visible from there; else as
 *	it was
 * @receiver_tid: out: thread that received it, likewise
 * @receiver_uid: out: effective user of the receiver in the sender's user
 *	namespace, the overflow id if it is not mapped there
 * @receiver_gid: out: effective group of the receiver, likewise
 * @fds: in: pointer to an array of __s32: descriptors to send along
 * @nr_fds: in: how many; 0 to IPCBOX_FDS_MAX
 * @reserved2: in: must be 0
 *
 * The message keeps the files open, whatever the sender does with its descriptors
 * from now on. In all messages together a user can have RLIMIT_NOFILE of the
 * sender, unless that has CAP_SYS_RESOURCE or CAP_SYS_ADMIN (ETOOMANYREFS).
 *
 * With IPCBOX_RECEIPT a message uses none of the capacity, as its sender waits
 * anyway. One received with a lease has been received when it is acknowledged,
 * by whom that does. A port of which all receivers get every message gives no
 * receipts (EOPNOTSUPP).
 *
 * With IPCBOX_RECEIPT and IPCBOX_NOWAIT or O_NONBLOCK, the send does not wait and
 * uses the capacity as any other. Who has received the message is told later, by
 * the event IPCBOX_EVENT_DELIVERED with its @id; so the handle must have
 * subscribed to that (EINVAL). No such event comes for a message that goes with
 * its port, or moves to a dead-letter port, nor after IPCBOX_EVENT_DELETED: then it
 * has not been received.
 *
 * Return: 0, or -1 with errno, in which case nothing was sent: EAGAIN (would
 * wait), ETIMEDOUT, EINTR, EMSGSIZE (longer than max_msgsize), EDQUOT (the
 * sender's quota), EBADF (no IPCBOX_RIGHT_SEND, or one of @fds is not open), ELOOP
 * (one of @fds cannot be sent), ETOOMANYREFS, EIDRM (port deleted), ECANCELED
 * (delivered too often, see Dead letters), EFAULT, EINVAL (also for a @type of
 * IPCBOX_TYPE_EVENT), ENOMEM. If @id cannot be written the send fails with EFAULT
 * before anything is sent.
 *
 * IPCBOX_SEND_TO sends to the inbox of a process, on the box, whose O_NONBLOCK
 * counts; it gives no receipts without waiting. It fails with ESRCH (no such
 * process, or it has exited, also while the call waits), EACCES (the inbox is not
 * for the caller to send to), EDQUOT (also of ports, if the inbox has to be made),
 * never with EBADF, and with EIDRM only if the inbox was deleted otherwise, or the
 * box is gone.
 */
struct ipcbox_send {
	__u64	flags;
	__u64	data;
	__u64	len;
	__u64	type;
	__u32	priority;
	__s32	to;
	__u64	deadline;
	__u64	id;
	__s32	receiver_pid;
	__s32	receiver_tid;
	__u32	receiver_uid;
	__u32	receiver_gid;
	__u64	fds;
	__u32	nr_fds;
	__u32	reserved2;
};

/**
 * struct ipcbox_recv - IPCBOX_RECV: receive one message
 * @flags: in: IPCBOX_NOWAIT, IPCBOX_IOVEC, IPCBOX_LEASE, IPCBOX_INHERIT_NICE,
 *	IPCBOX_PEEK (not with the last two before it)
 * @data: in: pointer to a buffer, or to an array of struct iovec
 * @len: in: size of the buffer in bytes, or number of elements
 * @type: in: receive only messages of this type; 0 for any, and for events
 * @deadline: in: absolute CLOCK_MONOTONIC time in ns, 0 for none
 * @msg_len: out: length of the message; also set when the call fails with
 *	EMSGSIZE, to the length needed
 * @msg_type: out: type of the message
 * @msg_id: out: id of the message
 * @msg_flags: out: IPCBOX_MSG_*
 * @msg_priority: out: priority of the message
 * @sender_pid: out: process id of the sender in the receiver's pid namespace, 0
 *	if it is not visible from there
 * @sender_tid: out: thread id of the sender, likewise
 * @sender_uid: out: effective user id of the sender in the receiver's user
 *	namespace, the overflow id if it is not mapped there
 * @sender_gid: out: effective group id of the sender, likewise
 * @lease: in: with IPCBOX_LEASE, nanoseconds until the message returns to its
 *	place by itself; 0 for no limit
 * @deliveries: out: how often a receiver has had it with a lease or as a
 *	request, this time included; of a dead letter, on all ports together
 * @from: in: receive only messages of this process, as @sender_pid names it, and no
 *	events; 0 for any
 * @fds: in: pointer to an array of __s32 for the descriptors that come with the
 *	message; of its elements those that are for descriptors of the message are
 *	set, to -1 where the message has lost them
 * @fds_size: in: number of elements
 * @nr_fds: out: how many descriptors the message was sent with, also with
 *	IPCBOX_PEEK and where there was no room for them
 *
 * With @from, and no message of that process in line, a process that has exited,
 * or exits while the call waits, ends it with ESRCH.
 *
 * A leased message, and a request, stays with the receiver until IPCBOX_ACK,
 * IPCBOX_NACK or IPCBOX_REPLY, and uses the capacity of the port until then. It
 * returns to its place, as after IPCBOX_NACK, when the process that received it
 * exits, or the last descriptor of the handle is closed. (A request does not:
 * its sender gets EOWNERDEAD.) While the sender of a leased message still waits
 * in its send, it can take the message back (then IPCBOX_ACK gives ESRCH). One
 * that has been delivered too often does not return to its place, but is a dead
 * letter.
 *
 * The buffer and the out fields may have been written to when the call fails,
 * or several times, where messages were taken back by their senders.
 *
 * Return: 0, or -1 with errno, in which case the message is still first in
 * line: EAGAIN (would wait), ETIMEDOUT, EINTR, EMSGSIZE (buffer too short),
 * EBADF (no IPCBOX_RIGHT_RECV, or the port belongs to another process), EIDRM
 * (port deleted), ESRCH (no process of the id @from, nor a message of one), EFAULT,
 * EINVAL (also for a @type of IPCBOX_TYPE_EVENT with IPCBOX_PEEK, with @from, or
 * without a subscription), ENOMEM, EDQUOT (the receiver's, for the event that a
 * lease may expire), EMFILE (too few numbers for the descriptors).
 */
struct ipcbox_recv {
	__u64	flags;
	__u64	data;
	__u64	len;
	__u64	type;
	__u64	deadline;
	__u64	msg_len;
	__u64	msg_type;
	__u64	msg_id;
	__u32	msg_flags;
	__u32	msg_priority;
	__s32	sender_pid;
	__s32	sender_tid;
	__u32	sender_uid;
	__u32	sender_gid;
	__u64	lease;
	__u32	deliveries;
	__s32	from;
	__u64	fds;
	__u32	fds_size;
	__u32	nr_fds;
};

/**
 * struct ipcbox_ack - IPCBOX_ACK: done with a message; IPCBOX_NACK: back in line
 * @flags: in: must be 0
 * @id: in: &ipcbox_recv.msg_id of a message that was received through this
 *	handle with IPCBOX_LEASE; with IPCBOX_NACK also that of a request
 *
 * After IPCBOX_NACK the message is at its place, where it can be received again,
 * by this receiver as well; unless it has become a dead letter. A request that is
 * answered needs no IPCBOX_ACK.
 *
 * Return: 0, or -1 with errno: ESRCH (not held: done with, returned, taken back
 * by its sender), EINVAL (IPCBOX_ACK of a request), EBADF (no
 * IPCBOX_RIGHT_RECV), EIDRM (port deleted), EFAULT.
 */
struct ipcbox_ack {
	__u64	flags;
	__u64	id;
};

/**
 * struct ipcbox_call - IPCBOX_CALL: send a request and wait for the reply
 * @flags: in: IPCBOX_IOVEC (for both buffers); IPCBOX_NOWAIT gives EAGAIN unless
 *	a server waits for such a request now (the reply is waited for)
 * @data: in: pointer to the request, or to an array of struct iovec
 * @len: in: length in bytes, or number of elements
 * @type: in: type of the message; 0 for none
 * @priority: in: 0 to IPCBOX_PRIORITIES - 1
 * @outcome: out: enum ipcbox_outcome; also set when the call fails
 * @deadline: in: absolute CLOCK_MONOTONIC time in ns for the reply, 0 for none
 * @reply: in: pointer to a buffer for the reply, or to an array of struct iovec
 * @reply_size: in: size of the buffer in bytes, or number of elements
 * @reply_len: out: length of the reply; also set when the call fails with
 *	EMSGSIZE because the reply is longer than the buffer
 * @reply_type: out: &ipcbox_reply.type
 * @id: out: id of the request
 * @replier_pid: out: process that replied, as &ipcbox_recv.sender_pid
 * @replier_tid: out: thread that replied, likewise
 * @replier_uid: out: effective user of the replier, likewise
 * @replier_gid: out: effective group of the replier, likewise
 * @fds: in: pointer to an array of __s32: descriptors to send along
 * @reply_fds: in: pointer to an array of __s32 for the descriptors that come with
 *	the reply; all of it is set, to -1 where there are none
 * @nr_fds: in: how many are sent; 0 to IPCBOX_FDS_MAX
 * @reply_fds_size: in: number of elements of @reply_fds, of which no more than
 *	IPCBOX_FDS_MAX are used. As many free numbers are needed during the call
 * @reply_nr_fds: out: how many descriptors the reply was sent with; those for
 *	which there was no room are closed
 * @reserved: in: must be 0
 *
 * A request is a message that any receiver may receive, in the order of all
 * messages; it uses none of the capacity, as its sender waits anyway. Without a
 * server it waits for one to come; but when the last handle with
 * IPCBOX_RIGHT_RECV goes, the requests that wait end with EOWNERDEAD.
 *
 * A signal ends a call with EINTR. It is restarted under SA_RESTART only if no
 * server has received the request, so that none gets it twice.
 *
 * Return: 0, or -1 with errno: EOWNERDEAD (the server has exited or closed its
 * handle, or the process that owned the port has exited), ETIMEDOUT, EINTR,
 * EAGAIN, EMSGSIZE (request longer than max_msgsize with outcome
 * NOT_DELIVERED; reply longer than @reply_size with outcome ANSWERED), EDQUOT,
 * EBADF (no IPCBOX_RIGHT_SEND, or one of @fds is not open), ELOOP (one of @fds
 * cannot be sent), ETOOMANYREFS, EMFILE (too few numbers for @reply_fds_size), EIDRM
 * (port deleted), ECANCELED (put back in line too often, see Dead letters), EFAULT,
 * EINVAL, ENOMEM.
 */
struct ipcbox_call {
	__u64	flags;
	__u64	data;
	__u64	len;
	__u64	type;
	__u32	priority;
	__u32	outcome;
	__u64	deadline;
	__u64	reply;
	__u64	reply_size;
	__u64	reply_len;
	__u64	reply_type;
	__u64	id;
	__s32	replier_pid;
	__s32	replier_tid;
	__u32	replier_uid;
	__u32	replier_gid;
	__u64	fds;
	__u64	reply_fds;
	__u32	nr_fds;
	__u32	reply_fds_size;
	__u32	reply_nr_fds;
	__u32	reserved;
};

/**
 * struct ipcbox_reply - IPCBOX_REPLY: answer a request, and receive the next one
 * @flags: in: IPCBOX_IOVEC (for @data)
 * @id: in: &ipcbox_recv.msg_id of the request; 0 with @recv to receive only;
 *	out: 0 when the reply was sent and receiving failed
 * @data: in: pointer to the reply, or to an array of struct iovec
 * @len: in: length in bytes, at most the port's max_msgsize, or number of
 *	elements
 * @type: in: what the caller gets as &ipcbox_call.reply_type
 * @recv: in: pointer to a struct ipcbox_recv, to receive the next message as
 *	IPCBOX_RECV does, in the same call; 0 for none
 * @recv_size: in: size of that struct; with 0 in @recv, 0
 * @nr_fds: in: how many descriptors to send along; 0 to IPCBOX_FDS_MAX
 * @fds: in: pointer to an array of __s32 with them
 *
 * Any process that has the handle through which a request was received may
 * reply. A reply that fails leaves the request with its receiver; a reply to a
 * request that is gone (the caller has given up or was killed) fails with ESRCH
 * and can never reach another call.
 *
 * A thread that receives requests with IPCBOX_INHERIT_NICE goes on with the nice
 * value of the caller, as it is then, until the request is answered or has failed;
 * but with none below its own that it could not set with setpriority(2). With
 * several requests the last one received says which, and with the end of the last
 * of them the thread has its own value back, or what it has set meanwhile. What
 * the thread forks keeps the value. Real-time policies are not inherited.
 *
 * Return: 0, or -1 with errno: ESRCH, EMSGSIZE, EDQUOT, EINVAL, EFAULT, ENOMEM,
 * EBADF (no IPCBOX_RIGHT_RECV, or one of @fds is not open), ELOOP (one of @fds
 * cannot be sent), ETOOMANYREFS, EIDRM (port deleted), and with @recv and 0 in @id
 * those of IPCBOX_RECV.
 */
struct ipcbox_reply {
	__u64	flags;
	__u64	id;
	__u64	data;
	__u64	len;
	__u64	type;
	__u64	recv;
	__u32	recv_size;
	__u32	nr_fds;
	__u64	fds;
};

/**
 * struct ipcbox_events - IPCBOX_EVENTS: what a handle wants to be told
 * @flags: in: must be 0
 * @mask: in: IPCBOX_EVENT_*, in place of those before; 0 for none any more
 *
 * What has happened before can still be received, and what was asked for with a
 * message or a lease still comes. How things are is in struct ipcbox_stat: look
 * there after this call, not before, and nothing is missed.
 *
 * The first call makes what events about the port need, for as long as the handle
 * is open, and charges the caller for it: as for six empty messages.
 *
 * Return: 0, or -1 with errno: EBADF (a handle without any right), EINVAL, EIDRM
 * (port deleted), EDQUOT, ENOMEM, EFAULT.
 */
struct ipcbox_events {
	__u64	flags;
	__u64	mask;
};

/**
 * struct ipcbox_event - the payload of an event
 * @what: one of IPCBOX_EVENT_*
 * @count: how often it has happened since it was last received; of
 *	IPCBOX_EVENT_LOST: how many messages were lost
 * @id: of the message that it is about; 0 if there is none
 * @time: when it last happened, CLOCK_MONOTONIC in ns
 * @pid: process that brought it about the last time, in the reader's pid
 *	namespace; 0 if it is not visible from there, or was none. Of
 *	IPCBOX_EVENT_DELIVERED: who has received the message; of
 *	IPCBOX_EVENT_EXPIRED: who had taken the lease
 * @tid: its thread, likewise
 * @uid: its effective user in the reader's user namespace, the overflow id if it
 *	is not mapped there
 * @gid: its effective group, likewise
 * @reserved: 0
 *
 * IPCBOX_RECV tells @id as &ipcbox_recv.msg_id and the identity as that of the
 * sender. Events stay of this length.
 */
struct ipcbox_event {
	__u64	what;
	__u64	count;
	__u64	id;
	__u64	time;
	__s32	pid;
	__s32	tid;
	__u32	uid;
	__u32	gid;
	__u64	reserved[2];
};

/**
 * struct ipcbox_connect - IPCBOX_CONNECT: ask a listener for a connection
 * @flags: in: IPCBOX_IOVEC (for both buffers); IPCBOX_NOWAIT gives EAGAIN if the
 *	backlog is full (the answer is waited for)
 * @name: in: name of the listener; empty to take it by @id
 * @id: in: id of the listener, with an empty @name, else 0
 * @data: in: pointer to the first message, or to an array of struct iovec
 * @len: in: length in bytes, or number of elements
 * @type: in: type of the message; 0 for none
 * @priority: in: 0 to IPCBOX_PRIORITIES - 1
 * @outcome: out: enum ipcbox_outcome; also set when the call fails
 * @deadline: in: absolute CLOCK_MONOTONIC time in ns for the answer, 0 for none
 * @answer: in: pointer to a buffer for the first answer, or to an array of struct
 *	iovec; 0 if none is wanted
 * @answer_size: in: size of the buffer in bytes, or number of elements
 * @answer_len: out: length of the answer; also set when the call fails with
 *	EMSGSIZE because the answer is longer than the buffer
 * @answer_type: out: &ipcbox_accept.type
 * @reason: out: &ipcbox_refuse.reason, if the outcome is IPCBOX_ANSWERED and the
 *	call fails with ECONNREFUSED
 * @acceptor_pid: out: process that accepted or refused, as
 *	&ipcbox_recv.sender_pid
 * @acceptor_tid: out: its thread, likewise
 * @acceptor_uid: out: its effective user, likewise
 * @acceptor_gid: out: its effective group, likewise
 *
 * Needs w in the mode of the listener. A caller that fails after the server has
 * accepted, because it cannot be told so, has closed its end, as the server
 * learns. A signal ends the call as it ends an IPCBOX_CALL.
 *
 * Return: a descriptor on the end, with O_CLOEXEC set, or -1 with errno:
 * ECONNREFUSED (with the outcome NOT_DELIVERED: nobody has the listener open to
 * receive, or not any more; UNANSWERED: who had received the request has exited
 * or closed the listener; ANSWERED: refused, for @reason), EAGAIN, ETIMEDOUT,
 * EINTR, ENOENT (no such port), EPROTOTYPE (no listener), EACCES, EMSGSIZE (the
 * first message is longer than the max_msgsize of the listener, with outcome
 * NOT_DELIVERED; or the answer than the buffer), EIDRM (the listener was deleted,
 * or went with its last handle, or the box is gone), EDQUOT, EMFILE, EINVAL,
 * EFAULT, ENOMEM.
 */
struct ipcbox_connect {
	__u64	flags;
	char	name[IPCBOX_NAME_SIZE];
	__u64	id;
	__u64	data;
	__u64	len;
	__u64	type;
	__u32	priority;
	__u32	outcome;
	__u64	deadline;
	__u64	answer;
	__u64	answer_size;
	__u64	answer_len;
	__u64	answer_type;
	__u64	reason;
	__s32	acceptor_pid;
	__s32	acceptor_tid;
	__u32	acceptor_uid;
	__u32	acceptor_gid;
};

/**
 * struct ipcbox_accept - IPCBOX_ACCEPT: make a connection for who asks for one
 * @flags: in: IPCBOX_IOVEC; IPCBOX_NOWAIT gives an end with O_NONBLOCK set
 * @id: in: &ipcbox_recv.msg_id of a request that was received through this handle
 * @data: in: pointer to the first answer, or to an array of struct iovec
 * @len: in: length in bytes, at most the listener's max_msgsize, or number of
 *	elements
 * @type: in: what the caller gets as &ipcbox_connect.answer_type
 * @max_messages: in: capacity of the connection, each way, in messages, as in
 *	struct ipcbox_port_create: 0 is a rendezvous, IPCBOX_UNLIMITED no limit
 * @max_bytes: in: likewise, in bytes of payload
 * @max_msgsize: in: largest message, as in struct ipcbox_port_create
 * @reserved: in: must be 0
 * @ids: out: ids of the ports: of the one that the returned end receives from, and
 *	of the one that it sends to
 *
 * Both ports are charged to the caller. The returned end has all rights, as the
 * other one; IPCBOX_STAT and IPCBOX_SET are about the port that the end receives
 * from. If it fails, the request stays with its receiver.
 *
 * Return: a descriptor on the server's end, with O_CLOEXEC set, or -1 with errno:
 * ESRCH (not held: accepted, refused or returned already, or who asked has given
 * up), EOPNOTSUPP (no listener), EMSGSIZE, EDQUOT, EINVAL, EFAULT, ENOMEM, EMFILE,
 * ENFILE, EBADF (no IPCBOX_RIGHT_RECV), EIDRM (listener deleted).
 */
struct ipcbox_accept {
	__u64	flags;
	__u64	id;
	__u64	data;
	__u64	len;
	__u64	type;
	__u64	max_messages;
	__u64	max_bytes;
	__u32	max_msgsize;
	__u32	reserved;
	__u64	ids[2];
};

/**
 * struct ipcbox_refuse - IPCBOX_REFUSE: make none
 * @flags: in: must be 0
 * @id: in: as in struct ipcbox_accept
 * @reason: in: why, as the two sides understand it; an errno, for example
 *
 * Return: 0, or -1 with errno: ESRCH, EOPNOTSUPP, EBADF, EIDRM, EINVAL, EFAULT, all
 * as of IPCBOX_ACCEPT.
 */
struct ipcbox_refuse {
	__u64	flags;
	__u64	id;
	__u64	reason;
};

/**
 * struct ipcbox_shutdown - IPCBOX_SHUTDOWN: close an end of a connection in part
 * @flags: in: must be 0
 * @rights: in: IPCBOX_RIGHT_SEND: nothing more will be sent here;
 *	IPCBOX_RIGHT_RECV: nothing more will be received here, and what is in line is
 *	dropped; or both
 * @reserved: in: must be 0
 *
 * As shutdown(2): for all who have the end, as if it was closed in that direction.
 * Who waits to send meanwhile goes on waiting for room. poll(2) tells of it, events
 * do not.
 *
 * Return: 0, or -1 with errno: EOPNOTSUPP (no connection), EBADF (a handle that was
 * opened on one of its ports, and is no end), EINVAL, EFAULT, EIDRM (port deleted).
 */
struct ipcbox_shutdown {
	__u64	flags;
	__u32	rights;
	__u32	reserved;
};

/**
 * struct ipcbox_ring_attach - IPCBOX_RING_ATTACH: take a side of a lane
 * @flags: in: must be 0
 * @side: in: IPCBOX_RIGHT_SEND: a new lane, with the caller as its producer;
 *	IPCBOX_RIGHT_RECV: the oldest lane that has no consumer. The handle needs
 *	the right
 * @lane: out: number of the lane; free lanes' numbers are used again
 * @size: out: bytes of its data
 * @capacity: out: most bytes that its producer may have queued, headers and
 *	padding included
 * @offset: out: where the lane is, for mmap(2)
 * @reserved: must be 0
 *
 * A lane has three parts, and each is mapped as a whole, MAP_SHARED, and by itself:
 * at @offset the producer's end and one page further the consumer's end, a page
 * each; two pages further the data, of which 2 * @size bytes are mapped. Each side
 * may write its end, the producer the data, too; anything else is EACCES, also
 * for mprotect(2). Mappings are not inherited by fork(2), and can be neither
 * split nor made longer.
 *
 * A handle is the producer of one lane, and the consumer of any number of others.
 * It is so until its last mapping of the lane goes (munmap(2), execve(2), the end
 * of the process) or, if there was none, until the handle is closed. The lane of
 * a producer that has gone is ended: its consumer is woken, and gets -EPIPE after
 * the last record that was published. The lane is freed when it is drained and
 * its consumer goes, too. What a consumer that has gone had not released, the next
 * one sees again; but a lane that a consumer has ended (ipcbox_ring_finish()) is
 * offered to nobody any more, and freed when both have gone. When the port is
 * deleted all lanes are ended; what is mapped stays mapped.
 *
 * A lane is charged to the real user id of its producer until it is freed: its data
 * and two pages; and to the memory cgroup.
 *
 * Return: 0, or -1 with errno: EAGAIN (no lane without a consumer), EBADF (right),
 * EBUSY (the handle has a lane as producer), EUSERS (no more lanes), EIDRM, EDQUOT,
 * ENOMEM, EINVAL, EFAULT (nothing was attached). Of mmap(2): ENXIO (not a lane of
 * this handle), EINVAL, EACCES.
 */
struct ipcbox_ring_attach {
	__u64	flags;
	__u32	side;
	__u32	lane;
	__u64	size;
	__u64	capacity;
	__u64	offset;
	__u64	reserved;
};

/**
 * struct ipcbox_ring_wait - IPCBOX_RING_WAIT, IPCBOX_RING_WAKE: sleep, wake
 * @flags: in: IPCBOX_NOWAIT (IPCBOX_RING_WAIT only)
 * @side: in: the side that the caller is on: IPCBOX_RIGHT_SEND or _RECV
 * @lane: in: number of a lane, or IPCBOX_RING_ANY
 * @deadline: in: see "Rules for all ioctls"; 0 for IPCBOX_RING_WAKE
 *
 * IPCBOX_RING_WAIT sleeps while IPCBOX_RING_WAITS is set in the caller's end of each
 * of these lanes; and for a consumer of IPCBOX_RING_ANY, while there is no lane
 * without a consumer. IPCBOX_RING_WAKE clears the bit in the other end of each of
 * these lanes, and wakes. <linux/ipcbox_ring.h> tells when to call which.
 *
 * poll(2) is IPCBOX_RING_WAIT of IPCBOX_RING_ANY by another name: EPOLLIN for the
 * consumer's side, EPOLLOUT for the producer's. So a side that polls sets the bit
 * and looks again first, each time.
 *
 * Return: 0, or -1 with errno: EAGAIN, ETIMEDOUT, EINTR, EBADF (right), EINVAL
 * (also: the handle is not on that side of such a lane), EIDRM, EFAULT.
 */
struct ipcbox_ring_wait {
	__u64	flags;
	__u32	side;
	__u32	lane;
	__u64	deadline;
};

/**
 * define IPCBOX_IOC - ioctl type of all commands
 */
#define IPCBOX_IOC		0xE1

/* Commands on the box, an open /dev/ipcbox. */

/**
 * define IPCBOX_INFO - features and limits, see &struct ipcbox_info
 */
#define IPCBOX_INFO		_IOWR(IPCBOX_IOC, 0x00, struct ipcbox_info)
/**
 * define IPCBOX_PORT_CREATE - create a port, see &struct ipcbox_port_create
 */
#define IPCBOX_PORT_CREATE	_IOWR(IPCBOX_IOC, 0x01, struct ipcbox_port_create)
/**
 * define IPCBOX_PORT_OPEN - open a port, see &struct ipcbox_port_open
 */
#define IPCBOX_PORT_OPEN	_IOWR(IPCBOX_IOC, 0x02, struct ipcbox_port_open)
/**
 * define IPCBOX_PORT_DELETE - delete a port, see &struct ipcbox_port_delete
 */
#define IPCBOX_PORT_DELETE	_IOW(IPCBOX_IOC, 0x03, struct ipcbox_port_delete)
/**
 * define IPCBOX_PORT_LIST - list ports, see &struct ipcbox_port_list
 */
#define IPCBOX_PORT_LIST	_IOWR(IPCBOX_IOC, 0x04, struct ipcbox_port_list)
/**
 * define IPCBOX_INBOX - open one's own inbox, see &struct ipcbox_inbox
 */
#define IPCBOX_INBOX		_IOWR(IPCBOX_IOC, 0x05, struct ipcbox_inbox)
/**
 * define IPCBOX_SEND_TO - send to a process, see &struct ipcbox_send
 */
#define IPCBOX_SEND_TO		_IOWR(IPCBOX_IOC, 0x06, struct ipcbox_send)
/**
 * define IPCBOX_USER_LIST - list users, see &struct ipcbox_user_list
 */
#define IPCBOX_USER_LIST	_IOWR(IPCBOX_IOC, 0x07, struct ipcbox_user_list)

/**
 * define IPCBOX_PIPE - make a pipe, see &struct ipcbox_pipe
 */
#define IPCBOX_PIPE		_IOWR(IPCBOX_IOC, 0x08, struct ipcbox_pipe)
/**
 * define IPCBOX_CONNECT - connect to a listener, see &struct ipcbox_connect
 */
#define IPCBOX_CONNECT		_IOWR(IPCBOX_IOC, 0x09, struct ipcbox_connect)

/*
 * Commands on a handle. FIONREAD works as well: the length of the message that
 * is first in line, 0 if there is none; of a stream, all bytes there are.
 */

/**
 * define IPCBOX_SEND - send a message, see &struct ipcbox_send
 */
#define IPCBOX_SEND		_IOWR(IPCBOX_IOC, 0x40, struct ipcbox_send)
/**
 * define IPCBOX_RECV - receive a message, see &struct ipcbox_recv
 */
#define IPCBOX_RECV		_IOWR(IPCBOX_IOC, 0x41, struct ipcbox_recv)
/**
 * define IPCBOX_STAT - attributes and state, see &struct ipcbox_stat
 */
#define IPCBOX_STAT		_IOWR(IPCBOX_IOC, 0x42, struct ipcbox_stat)
/**
 * define IPCBOX_SET - change attributes, see &struct ipcbox_set
 */
#define IPCBOX_SET		_IOW(IPCBOX_IOC, 0x43, struct ipcbox_set)
/**
 * define IPCBOX_ACK - done with a leased message, see &struct ipcbox_ack
 */
#define IPCBOX_ACK		_IOW(IPCBOX_IOC, 0x44, struct ipcbox_ack)
/**
 * define IPCBOX_NACK - a message back in line, see &struct ipcbox_ack
 */
#define IPCBOX_NACK		_IOW(IPCBOX_IOC, 0x45, struct ipcbox_ack)
/**
 * define IPCBOX_CALL - request and reply, see &struct ipcbox_call
 */
#define IPCBOX_CALL		_IOWR(IPCBOX_IOC, 0x46, struct ipcbox_call)
/**
 * define IPCBOX_REPLY - answer a request, see &struct ipcbox_reply
 */
#define IPCBOX_REPLY		_IOWR(IPCBOX_IOC, 0x47, struct ipcbox_reply)
/**
 * define IPCBOX_EVENTS - subscribe to events, see &struct ipcbox_events
 */
#define IPCBOX_EVENTS		_IOW(IPCBOX_IOC, 0x48, struct ipcbox_events)

/**
 * define IPCBOX_RING_ATTACH - a side of a lane, see &struct ipcbox_ring_attach
 */
#define IPCBOX_RING_ATTACH	_IOWR(IPCBOX_IOC, 0x4a, struct ipcbox_ring_attach)
/**
 * define IPCBOX_RING_WAIT - sleep, see &struct ipcbox_ring_wait
 */
#define IPCBOX_RING_WAIT	_IOW(IPCBOX_IOC, 0x4b, struct ipcbox_ring_wait)
/**
 * define IPCBOX_RING_WAKE - wake the other side, see &struct ipcbox_ring_wait
 */
#define IPCBOX_RING_WAKE	_IOW(IPCBOX_IOC, 0x4c, struct ipcbox_ring_wait)

/**
 * define IPCBOX_ACCEPT - accept a connection, see &struct ipcbox_accept
 */
#define IPCBOX_ACCEPT		_IOWR(IPCBOX_IOC, 0x4d, struct ipcbox_accept)
/**
 * define IPCBOX_REFUSE - refuse a connection, see &struct ipcbox_refuse
 */
#define IPCBOX_REFUSE		_IOW(IPCBOX_IOC, 0x4e, struct ipcbox_refuse)
/**
 * define IPCBOX_SHUTDOWN - close an end in part, see &struct ipcbox_shutdown
 */
#define IPCBOX_SHUTDOWN		_IOW(IPCBOX_IOC, 0x4f, struct ipcbox_shutdown)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_LINUX_IPCBOX_H */
