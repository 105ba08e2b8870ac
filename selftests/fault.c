// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in sending and receiving: each allocation and each user copy fails
 * once, and the call has then changed nothing
 */

#include <kselftest_harness.h>

#include <poll.h>
#include <sys/epoll.h>

#include "fault_world.h"

#define INLINE		64UL		/* in the object of the message */
#define COPIED		4000UL		/* in one of its own */
#define PINNED		(64UL << 10)	/* in the sender's pages, if that waits */
#define SEGMENTS	20		/* more than UIO_FASTIOV */
#define COPY		[FAULT_COPY]
#define SLAB		[FAULT_SLAB]
#define PAGES		[FAULT_PAGES]
#define MEMORY		(LIVES(FAULT_SLAB) | LIVES(FAULT_PAGES))

/* Sending */

static void prepare_send(struct world *world)
{
	world->send.data = (uintptr_t)payload;
	world->send.len = world->path->sends;
	world->send.type = SENT;
}

static long run_send(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_SEND, &world->send);
}

static long run_write(struct world *world)
{
	return sys_write(world->port, payload, world->path->sends);
}

PATH(send_inline,
	.prepare = prepare_send, .run = run_send,
	.first = 5, .second = 6, .sends = INLINE,
	.least = { SLAB = 1, COPY = 2 });

PATH(send_copied,
	.prepare = prepare_send, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.least = { SLAB = 2, COPY = 2 });

/* Where one way to get memory fails, another does not. */
PATH(send_large,
	.prepare = prepare_send, .run = run_send,
	.first = 5, .second = 6, .sends = LARGE,
	.lives = MEMORY,
	.least = { SLAB = 1, PAGES = 1, COPY = 2 });

PATH(write_inline,
	.run = run_write, .expected = INLINE,
	.first = 5, .second = 6, .sends = INLINE,
	.least = { SLAB = 1, COPY = 1 });

PATH(write_copied,
	.run = run_write, .expected = COPIED,
	.first = 5, .second = 6, .sends = COPIED,
	.least = { SLAB = 2, COPY = 1 });

/* Segments of a buffer, in world->segments. */
static void split(struct world *world, char *data, size_t len, int segments)
{
	size_t each = len / segments;
	int i;

	for (i = 0; i < segments; i++) {
		world->segments[i].iov_base = data + i * each;
		world->segments[i].iov_len = i < segments - 1 ? each :
					     len - i * each;
	}
}

static void prepare_send_segments(struct world *world)
{
	split(world, payload, world->path->sends, 3);
	world->send.flags = IPCBOX_IOVEC;
	world->send.data = (uintptr_t)world->segments;
	world->send.len = 3;
}

static void prepare_send_many_segments(struct world *world)
{
	prepare_send_segments(world);
	split(world, payload, world->path->sends, SEGMENTS);
	world->send.len = SEGMENTS;
}

static long run_writev(struct world *world)
{
	ssize_t ret = writev(world->port, world->segments, world->send.len);

	return ret < 0 ? -errno : ret;
}

PATH(send_segments,
	.prepare = prepare_send_segments, .run = run_send,
	.first = 5, .second = 6, .sends = INLINE,
	.least = { SLAB = 1, COPY = 5 });

PATH(send_many_segments,
	.prepare = prepare_send_many_segments, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.least = { SLAB = 3, COPY = 2 + SEGMENTS });

PATH(writev_segments,
	.prepare = prepare_send_segments, .run = run_writev,
	.expected = INLINE, .first = 5, .second = 6, .sends = INLINE,
	.least = { SLAB = 1, COPY = 4 });

PATH(writev_many_segments,
	.prepare = prepare_send_many_segments, .run = run_writev,
	.expected = COPIED, .first = 5, .second = 6, .sends = COPIED,
	.least = { SLAB = 3, COPY = 1 + SEGMENTS });

/* The descriptor was opened by somebody else. The sender has no account yet. */
static void prepare_send_as_bob(struct world *world)
{
	prepare_send(world);
	must(!setresuid(world_user + 1, -1, -1), "a user");
}

PATH(send_on_a_descriptor_passed_on,
	.prepare = prepare_send_as_bob, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.least = { SLAB = 3, COPY = 2 });

/* In queue->spare there is memory from the message before. */
static void prepare_send_with_spare(struct world *world)
{
	must(msg_send(world->port, "x", 1, 0, 31, 0) == 0 &&
	     sys_read(world->port, buffer, sizeof(buffer)) == 1, "a spare");
	prepare_send(world);
}

PATH(send_into_spare_memory,
	.prepare = prepare_send_with_spare, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.least = { SLAB = 1, COPY = 2 });

/* The port is full, and stays so. */
static void prepare_send_in_vain(struct world *world)
{
	prepare_send(world);
	world->send.len = COPIED;
	world->send.deadline = in_ns(5 * MSEC);
}

PATH(send_until_a_deadline,
	.prepare = prepare_send_in_vain, .run = run_send,
	.expected = -ETIMEDOUT, .capacity = 2, .first = 5, .second = 6,
	.least = { SLAB = 2, COPY = 2 });

static void prepare_send_nowait(struct world *world)
{
	prepare_send_in_vain(world);
	world->send.flags = IPCBOX_NOWAIT;
}

PATH(send_without_waiting,
	.prepare = prepare_send_nowait, .run = run_send,
	.expected = -EAGAIN, .capacity = 2, .first = 5, .second = 6,
	.least = { SLAB = 2, COPY = 2 });

/* A receiver waits, and gets the message from the sender's hand. */
static char received[PINNED];

static void prepare_rendezvous(struct world *world)
{
	struct call call = call_init(CALL_READ, world->port);

	call.data = received;
	call.len = sizeof(received);
	memset(received, 0, sizeof(received));
	world_partner(world, call);
	world->send.data = (uintptr_t)payload;
}

static void prepare_rendezvous_inline(struct world *world)
{
	prepare_rendezvous(world);
	world->send.len = INLINE;
}

static void prepare_rendezvous_nowait(struct world *world)
{
	prepare_rendezvous_inline(world);
	world->send.flags = IPCBOX_NOWAIT;
}

static void prepare_rendezvous_pinned(struct world *world)
{
	prepare_rendezvous(world);
	world->send.len = PINNED;
}

static void prepare_rendezvous_pinned_segments(struct world *world)
{
	prepare_rendezvous(world);
	split(world, payload, PINNED, 10);
	world->send.flags = IPCBOX_IOVEC;
	world->send.data = (uintptr_t)world->segments;
	world->send.len = 10;
}

/* What has the other side got? */
static long check_rendezvous(struct world *world, long ret)
{
	if (ret)
		return ret;
	world->partners = false;
	ret = call_join(&world->partner);
	return ret > 0 && all_are(received, SENT, ret) ? ret : -EBADMSG;
}

PATH(rendezvous_inline,
	.prepare = prepare_rendezvous_inline, .run = run_send,
	.check = check_rendezvous,
	.expected = INLINE, .rendezvous = true,
	.least = { SLAB = 1, COPY = 2 });

PATH(rendezvous_without_waiting,
	.prepare = prepare_rendezvous_nowait, .run = run_send,
	.check = check_rendezvous,
	.expected = INLINE, .rendezvous = true,
	.least = { SLAB = 1, COPY = 2 });

/* What cannot be pinned is copied. */
PATH(rendezvous_pinned,
	.prepare = prepare_rendezvous_pinned, .run = run_send,
	.check = check_rendezvous,
	.expected = PINNED, .rendezvous = true, .lives = MEMORY,
	.least = { SLAB = 2, COPY = 1 });

PATH(rendezvous_pinned_segments,
	.prepare = prepare_rendezvous_pinned_segments, .run = run_send,
	.check = check_rendezvous,
	.expected = PINNED, .rendezvous = true, .lives = MEMORY,
	.least = { SLAB = 3, COPY = 2 });

/* Nobody comes to receive it. */
static void prepare_pinned_in_vain(struct world *world)
{
	world->send.data = (uintptr_t)payload;
	world->send.len = PINNED;
	world->send.deadline = in_ns(5 * MSEC);
}

PATH(pinned_until_a_deadline,
	.prepare = prepare_pinned_in_vain, .run = run_send,
	.expected = -ETIMEDOUT, .rendezvous = true, .lives = MEMORY,
	.least = { SLAB = 2, COPY = 1 });

/* Receiving */

static void prepare_recv(struct world *world)
{
	world->recv.data = (uintptr_t)buffer;
	world->recv.len = sizeof(buffer);
	world->recv.flags = IPCBOX_NOWAIT;
}

static long run_recv(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_RECV, &world->recv);
}

static long run_read(struct world *world)
{
	return sys_read(world->port, buffer, sizeof(buffer));
}

/* @ret bytes of the first message, or an error. */
static long check_read(struct world *world, long ret)
{
	return ret < 0 || all_are(buffer, FIRST, ret) ? ret : -EBADMSG;
}

static long check_recv(struct world *world, long ret)
{
	return ret ?: check_read(world, world->recv.msg_len);
}

PATH(recv_inline,
	.prepare = prepare_recv, .run = run_recv, .check = check_recv,
	.expected = INLINE,
	.first = INLINE, .second = 6, .takes = true,
	.least = { COPY = 3 });

PATH(recv_large,
	.prepare = prepare_recv, .run = run_recv, .check = check_recv,
	.expected = LARGE,
	.first = LARGE, .second = 6, .takes = true,
	.least = { COPY = 3 });

PATH(read_inline,
	.run = run_read, .check = check_read,
	.expected = INLINE,
	.first = INLINE, .second = 6, .takes = true,
	.least = { COPY = 1 });

PATH(read_large,
	.run = run_read, .check = check_read,
	.expected = LARGE,
	.first = LARGE, .second = 6, .takes = true,
	.least = { COPY = 1 });

static void prepare_recv_segments(struct world *world)
{
	prepare_recv(world);
	split(world, buffer, COPIED, 3);
	world->recv.flags |= IPCBOX_IOVEC;
	world->recv.data = (uintptr_t)world->segments;
	world->recv.len = 3;
}

static void prepare_recv_many_segments(struct world *world)
{
	prepare_recv_segments(world);
	split(world, buffer, COPIED, SEGMENTS);
	world->recv.len = SEGMENTS;
}

static long run_readv(struct world *world)
{
	ssize_t ret = readv(world->port, world->segments, world->recv.len);

	return ret < 0 ? -errno : ret;
}

PATH(recv_segments,
	.prepare = prepare_recv_segments, .run = run_recv,
	.check = check_recv, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.least = { COPY = 6 });

PATH(recv_many_segments,
	.prepare = prepare_recv_many_segments, .run = run_recv,
	.check = check_recv, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.least = { SLAB = 1, COPY = 3 + SEGMENTS });

PATH(readv_segments,
	.prepare = prepare_recv_segments, .run = run_readv,
	.check = check_read, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.least = { COPY = 4 });

PATH(readv_many_segments,
	.prepare = prepare_recv_many_segments, .run = run_readv,
	.check = check_read, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.least = { SLAB = 1, COPY = 1 + SEGMENTS });

static void prepare_peek(struct world *world)
{
	prepare_recv(world);
	world->recv.flags |= IPCBOX_PEEK;
}

PATH(peek,
	.prepare = prepare_peek, .run = run_recv, .check = check_recv,
	.expected = COPIED,
	.first = COPIED, .second = 6,
	.least = { COPY = 3 });

/* Not the first, so that it leaves a bookmark. */
static void prepare_recv_type(struct world *world)
{
	prepare_recv(world);
	world->recv.type = SECOND;
}

static long check_recv_type(struct world *world, long ret)
{
	if (ret)
		return ret;
	if (!all_are(buffer, SECOND, world->recv.msg_len))
		return -EBADMSG;
	world->messages--;
	return 0;
}

PATH(recv_by_type,
	.prepare = prepare_recv_type, .run = run_recv,
	.check = check_recv_type,
	.first = 5, .second = COPIED,
	.least = { COPY = 3 });

static void prepare_recv_too_short(struct world *world)
{
	prepare_recv(world);
	world->recv.len = COPIED - 1;
}

PATH(recv_into_too_little,
	.prepare = prepare_recv_too_short, .run = run_recv,
	.check = check_recv, .expected = -EMSGSIZE, .first = COPIED, .second = 6,
	.least = { COPY = 1 });

/* Of a sender who waits, with the payload in its pages. */
static void prepare_recv_pinned(struct world *world)
{
	struct call call = call_init(CALL_SEND, world->port);
	static char data[PINNED];

	memset(data, FIRST, sizeof(data));
	call.data = data;
	call.len = sizeof(data);
	prepare_recv(world);
	world_partner(world, call);
	world_expect(world, FIRST, sizeof(data));
}

static void prepare_peek_pinned(struct world *world)
{
	prepare_recv_pinned(world);
	world->recv.flags |= IPCBOX_PEEK;
}

PATH(recv_pinned,
	.prepare = prepare_recv_pinned, .run = run_recv,
	.check = check_recv, .expected = PINNED, .rendezvous = true, .takes = true,
	.lives = LIVES(FAULT_COPY),
	.least = { COPY = 3 });

PATH(read_pinned,
	.prepare = prepare_recv_pinned, .run = run_read,
	.check = check_read, .expected = PINNED, .rendezvous = true, .takes = true,
	.lives = LIVES(FAULT_COPY),
	.least = { COPY = 1 });

PATH(peek_pinned,
	.prepare = prepare_peek_pinned, .run = run_recv,
	.check = check_recv, .expected = PINNED, .rendezvous = true,
	.lives = LIVES(FAULT_COPY),
	.least = { COPY = 3 });

/* Waits, and is handed the message. */
static void prepare_recv_waiting(struct world *world)
{
	prepare_recv(world);
	world->recv.flags = 0;
}

static void prepare_peek_waiting(struct world *world)
{
	prepare_recv_waiting(world);
	world->recv.flags = IPCBOX_PEEK;
}

PATH(recv_that_waits,
	.prepare = prepare_recv_waiting, .run = run_recv,
	.check = check_recv, .expected = COPIED, .late = COPIED, .takes = true,
	.least = { COPY = 3 });

PATH(read_that_waits,
	.run = run_read, .check = check_read,
	.expected = INLINE, .late = INLINE, .takes = true,
	.least = { COPY = 1 });

PATH(peek_that_waits,
	.prepare = prepare_peek_waiting, .run = run_recv,
	.check = check_recv, .expected = COPIED, .late = COPIED,
	.least = { COPY = 3 });

static void prepare_recv_in_vain(struct world *world)
{
	prepare_recv(world);
	world->recv.flags = 0;
	world->recv.deadline = in_ns(5 * MSEC);
}

PATH(recv_until_a_deadline,
	.prepare = prepare_recv_in_vain, .run = run_recv,
	.check = check_recv, .expected = -ETIMEDOUT,
	.least = { COPY = 1 });

/* Looking, changing, polling */

static long run_stat(struct world *world)
{
	struct ipcbox_stat stat;

	return port_stat(world->port, &stat) ?: (long)stat.messages;
}

PATH(stat,
	.run = run_stat, .expected = 2, .first = 5, .second = 6,
	.least = { COPY = 2 });

static long run_set(struct world *world)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MODE | IPCBOX_SET_UID |
			 IPCBOX_SET_MAX_MESSAGES | IPCBOX_SET_MAX_BYTES |
			 IPCBOX_SET_MAX_MSGSIZE,
		.mode = 0666, .uid = 4002,
		.max_messages = 7, .max_bytes = 2 * LARGE,
		.max_msgsize = LARGE,
	};

	return sys_ioctl(world->port, IPCBOX_SET, &set);
}

PATH(set,
	.run = run_set, .first = 5, .second = 6,
	.least = { COPY = 1 });

/* Its number is not copied but put, which the kernel does not fail. */
static long run_fionread(struct world *world)
{
	int size = -1;

	return sys_ioctl(world->port, FIONREAD, &size) ?: size;
}

PATH(fionread,
	.run = run_fionread, .expected = 5, .first = 5, .second = 6);

/* More than poll() has room for on its stack. */
static long run_poll(struct world *world)
{
	struct pollfd polls[64];
	int i, ret;

	for (i = 0; i < 64; i++)
		polls[i] = (struct pollfd){ world->port, POLLIN };
	ret = poll(polls, 64, 1);
	return ret < 0 ? -errno : ret;
}

PATH(poll,
	.run = run_poll,
	.least = { SLAB = 1, PAGES = 1, COPY = 1 });

/* One for all worlds: the kernel takes its time to free it. */
static int epoll = -1;

static void prepare_epoll(struct world *world)
{
	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	must(epoll >= 0, "epoll");
}

static long run_epoll(struct world *world)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, world->port, &event))
		return -errno;
	return epoll_wait(epoll, &event, 1, 0);
}

PATH(epoll,
	.prepare = prepare_epoll, .run = run_epoll, .expected = 1,
	.first = 5, .second = 6,
	.least = { SLAB = 2, COPY = 1 });

TEST_HARNESS_MAIN
