// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in receiving, and in what else is done with a handle: each allocation
 * and each user copy fails once, and nothing has changed then, least of all the
 * message that is first in line
 */

#include <kselftest_harness.h>

#include <sys/epoll.h>

#include "fault_path.h"

#define INLINE		64UL		/* in the object of the message */
#define COPIED		4000UL		/* in one of its own */
#define PINNED		(64UL << 10)	/* in the sender's pages, if that waits */
#define SEGMENTS	20		/* more than UIO_FASTIOV */

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

PATH(recv_inline) {
	.prepare = prepare_recv, .run = run_recv, .check = check_recv,
	.expected = INLINE,
	.first = INLINE, .second = 6, .takes = true,
	.copies = 3,
};

PATH(recv_large) {
	.prepare = prepare_recv, .run = run_recv, .check = check_recv,
	.expected = LARGE,
	.first = LARGE, .second = 6, .takes = true,
	.copies = 3,
};

PATH(read_inline) {
	.run = run_read, .check = check_read,
	.expected = INLINE,
	.first = INLINE, .second = 6, .takes = true,
	.copies = 1,
};

PATH(read_large) {
	.run = run_read, .check = check_read,
	.expected = LARGE,
	.first = LARGE, .second = 6, .takes = true,
	.copies = 1,
};

static void prepare_recv_segments(struct world *world)
{
	prepare_recv(world);
	world_split(world, buffer, COPIED, 3);
	world->recv.flags |= IPCBOX_IOVEC;
	world->recv.data = (uintptr_t)world->segments;
	world->recv.len = 3;
}

static void prepare_recv_many_segments(struct world *world)
{
	prepare_recv_segments(world);
	world_split(world, buffer, COPIED, SEGMENTS);
	world->recv.len = SEGMENTS;
}

static long run_readv(struct world *world)
{
	ssize_t ret = readv(world->port, world->segments, world->recv.len);

	return ret < 0 ? -errno : ret;
}

PATH(recv_segments) {
	.prepare = prepare_recv_segments, .run = run_recv,
	.check = check_recv, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.copies = 6,
};

PATH(recv_many_segments) {
	.prepare = prepare_recv_many_segments, .run = run_recv,
	.check = check_recv, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.objects = 1, .copies = 3 + SEGMENTS,
};

PATH(readv_segments) {
	.prepare = prepare_recv_segments, .run = run_readv,
	.check = check_read, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.copies = 4,
};

PATH(readv_many_segments) {
	.prepare = prepare_recv_many_segments, .run = run_readv,
	.check = check_read, .expected = COPIED, .first = COPIED, .second = 6, .takes = true,
	.objects = 1, .copies = 1 + SEGMENTS,
};

static void prepare_peek(struct world *world)
{
	prepare_recv(world);
	world->recv.flags |= IPCBOX_PEEK;
}

PATH(peek) {
	.prepare = prepare_peek, .run = run_recv, .check = check_recv,
	.expected = COPIED,
	.first = COPIED, .second = 6,
	.copies = 3,
};

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

PATH(recv_by_type) {
	.prepare = prepare_recv_type, .run = run_recv,
	.check = check_recv_type,
	.first = 5, .second = COPIED,
	.copies = 3,
};

static void prepare_recv_too_short(struct world *world)
{
	prepare_recv(world);
	world->recv.len = COPIED - 1;
}

PATH(recv_into_too_little) {
	.prepare = prepare_recv_too_short, .run = run_recv,
	.check = check_recv, .expected = -EMSGSIZE, .first = COPIED, .second = 6,
	.copies = 1,
};

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

PATH(recv_pinned) {
	.prepare = prepare_recv_pinned, .run = run_recv,
	.check = check_recv, .expected = PINNED, .rendezvous = true, .takes = true,
	.lives = LIVES(FAULT_COPY),
	.copies = 3,
};

PATH(read_pinned) {
	.prepare = prepare_recv_pinned, .run = run_read,
	.check = check_read, .expected = PINNED, .rendezvous = true, .takes = true,
	.lives = LIVES(FAULT_COPY),
	.copies = 1,
};

PATH(peek_pinned) {
	.prepare = prepare_peek_pinned, .run = run_recv,
	.check = check_recv, .expected = PINNED, .rendezvous = true,
	.lives = LIVES(FAULT_COPY),
	.copies = 3,
};

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

PATH(recv_that_waits) {
	.prepare = prepare_recv_waiting, .run = run_recv,
	.check = check_recv, .expected = COPIED, .late = COPIED, .takes = true,
	.copies = 3,
};

PATH(read_that_waits) {
	.run = run_read, .check = check_read,
	.expected = INLINE, .late = INLINE, .takes = true,
	.copies = 1,
};

PATH(peek_that_waits) {
	.prepare = prepare_peek_waiting, .run = run_recv,
	.check = check_recv, .expected = COPIED, .late = COPIED,
	.copies = 3,
};

static void prepare_recv_in_vain(struct world *world)
{
	prepare_recv(world);
	world->recv.flags = 0;
	world->recv.deadline = in_ns(5 * MSEC);
}

PATH(recv_until_a_deadline) {
	.prepare = prepare_recv_in_vain, .run = run_recv,
	.check = check_recv, .expected = -ETIMEDOUT,
	.copies = 1,
};

/* With descriptors: none is open when the receive has failed */

static int arrived[2];

/* Behind what is in line already, which is taken out and sent anew. */
static void prepare_recv_fds(struct world *world)
{
	int fds[2] = { world->box, world->box };
	static int carried = -1;
	struct ipcbox_send send = {
		.len = world->path->first, .type = FIRST, .priority = 2,
		.fds = (uintptr_t)fds, .nr_fds = 2,
	};
	static char data[COPIED];

	if (carried < 0)
		carried = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fds[0] = carried;
	fds[1] = carried;
	memset(data, FIRST, sizeof(data));
	send.data = (uintptr_t)data;
	must(sys_read(world->port, buffer, sizeof(buffer)) == send.len &&
	     !sys_ioctl(world->port, IPCBOX_SEND, &send), "descriptors");
	prepare_recv(world);
	world->recv.fds = (uintptr_t)arrived;
	world->recv.fds_size = 2;
	memset(arrived, 0xff, sizeof(arrived));
}

static void prepare_lease_fds(struct world *world)
{
	prepare_recv_fds(world);
	world->recv.flags |= IPCBOX_LEASE;
}

static long check_recv_fds(struct world *world, long ret)
{
	int i;

	if (!ret && (world->recv.nr_fds != 2 || world->recv.msg_flags &
						IPCBOX_MSG_FDS_LOST))
		return -EBADMSG;
	for (i = 0; !ret && i < 2; i++)
		if (close(arrived[i]))
			return -EBADMSG;
	return check_recv(world, ret);
}

/* The message is done with, too. */
static long check_lease_fds(struct world *world, long ret)
{
	ret = check_recv_fds(world, ret);
	if (ret > 0 && msg_ack(world->port, world->recv.msg_id))
		return -EBADMSG;
	return ret;
}

PATH(recv_descriptors) {
	.prepare = prepare_recv_fds, .run = run_recv,
	.check = check_recv_fds, .expected = COPIED,
	.first = COPIED, .second = 6, .takes = true,
	.objects = 1, .copies = 3,
};

PATH(recv_descriptors_with_a_lease) {
	.prepare = prepare_lease_fds, .run = run_recv,
	.check = check_lease_fds, .expected = COPIED,
	.first = COPIED, .second = 6, .takes = true,
	.objects = 2, .copies = 3,
};

/* Looking, changing, polling */

static long run_stat(struct world *world)
{
	struct ipcbox_stat stat;

	return port_stat(world->port, &stat) ?: (long)stat.messages;
}

PATH(stat) {
	.run = run_stat, .expected = 2, .first = 5, .second = 6,
	.copies = 2,
};

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

PATH(set) {
	.run = run_set, .first = 5, .second = 6,
	.copies = 1,
};

/* With another port, that dead letters go to. */
static struct ipcbox_set dead_letter_set;

static void prepare_dead_letter(struct world *world)
{
	world->fd = port_temporary(world->box, IPCBOX_UNLIMITED);
	must(world->fd >= 0, "another port");
	dead_letter_set = (struct ipcbox_set){
		.flags = IPCBOX_SET_DEAD_LETTER,
		.dead_letter = port_id(world->fd),
		.max_deliveries = 3,
	};
}

static long run_set_dead_letter(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_SET, &dead_letter_set);
}

PATH(set_dead_letter) {
	.prepare = prepare_dead_letter, .run = run_set_dead_letter,
	.first = 5, .second = 6,
	.copies = 1,
};

/* Its number is not copied but put, which the kernel does not fail. */
static long run_fionread(struct world *world)
{
	int size = -1;

	return sys_ioctl(world->port, FIONREAD, &size) ?: size;
}

PATH(fionread) {
	.run = run_fionread, .expected = 5, .first = 5, .second = 6,
};

PATH(poll) {
	.run = run_poll,
	.objects = 1, .pages = 1, .copies = 1,
};

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

PATH(epoll) {
	.prepare = prepare_epoll, .run = run_epoll, .expected = 1,
	.first = 5, .second = 6,
	.objects = 2, .copies = 1,
};

TEST_HARNESS_MAIN
