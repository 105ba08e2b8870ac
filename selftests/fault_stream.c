// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in streams: making and opening them, writing, reading, polling. What
 * was written in part is there, and what was read in part is not
 */

#include <kselftest_harness.h>

#include "fault_effect.h"
#include "stream.h"

#define INLINE		64UL		/* in the object of the message */
#define COPIED		4000UL		/* in one of its own */
#define PIECES		(3 * ATOMIC)	/* in so many messages */
#define SEGMENTS	20		/* more than UIO_FASTIOV */

/* Pipes */

static int ends[2];

static long run_pipe(struct world *world)
{
	return stream_pipe(world->box, 0, 0, ends);
}

static long run_pipe_both_ways(struct world *world)
{
	return stream_pipe(world->box, IPCBOX_BOTH_WAYS, 0, ends);
}

static bool carries(int from, int to)
{
	char byte = 0;

	return sys_write(from, "x", 1) == 1 && sys_read(to, &byte, 1) == 1 &&
	       byte == 'x';
}

static long check_pipe(struct world *world, long ret)
{
	if (ret)
		return ret;
	if (!carries(ends[1], ends[0]))
		ret = -EBADMSG;
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static long check_pipe_both_ways(struct world *world, long ret)
{
	if (!ret && !carries(ends[0], ends[1]))
		ret = -EBADMSG;
	return check_pipe(world, ret);
}

/* A port, and for each end a handle and what a file needs. */
PATH(make_a_pipe) {
	.run = run_pipe, .check = check_pipe, .first = 5,
	.objects = 7, .copies = 2,
};

PATH(make_a_pipe_both_ways) {
	.run = run_pipe_both_ways, .check = check_pipe_both_ways, .first = 5,
	.objects = 8, .copies = 2,
};

/* Named ones */

static long run_create(struct world *world)
{
	world->fd = stream_create(world->box, "new");
	return world->fd < 0 ? world->fd : 0;
}

static long run_open(struct world *world)
{
	world->fd = port_open(world->box, "port", IPCBOX_RIGHT_RECV);
	return world->fd < 0 ? world->fd : 0;
}

PATH(create_a_stream) {
	.run = run_create, .first = 5,
	.objects = 4, .copies = 2,
};

PATH(open_an_end) {
	.kind = IPCBOX_KIND_STREAM, .run = run_open, .first = 5,
	.objects = 3, .copies = 2,
};

/* One end of a stream that nobody has written to. */
static int reader;

static void prepare_reader(struct world *world)
{
	close(stream_create(world->box, "fifo"));
	reader = stream_open(world->box, "fifo", IPCBOX_RIGHT_RECV,
			     IPCBOX_NOWAIT);
	must(reader >= 0, "a read end");
}

static long run_open_other_end(struct world *world)
{
	world->fd = stream_open(world->box, "fifo", IPCBOX_RIGHT_SEND,
				IPCBOX_NOWAIT);
	return world->fd < 0 ? world->fd : 0;
}

/* Who has failed to come has not hung up. */
static long check_reader(struct world *world, long ret)
{
	return poll_now(reader) ? -EBADMSG : ret;
}

static void end_reader(struct world *world)
{
	close(reader);
}

PATH(open_the_other_end) {
	.prepare = prepare_reader, .run = run_open_other_end,
	.check = check_reader, .end = end_reader, .first = 5,
	.objects = 3, .copies = 2,
};

/* Writing */

static long run_write(struct world *world)
{
	return sys_write(world->port, payload, world->path->sends);
}

/* Into the message that is there. */
PATH(write_to_a_message) {
	.kind = IPCBOX_KIND_STREAM, .run = run_write, .expected = INLINE,
	.first = 5, .sends = INLINE,
	.objects = 1, .copies = 1,
};

PATH(write_copied) {
	.kind = IPCBOX_KIND_STREAM, .run = run_write, .expected = COPIED,
	.first = 5, .second = COPIED, .sends = COPIED,
	.objects = 2, .copies = 1,
};

static void prepare_writev(struct world *world)
{
	world_split(world, payload, world->path->sends, SEGMENTS);
}

static long run_writev(struct world *world)
{
	ssize_t ret = writev(world->port, world->segments, SEGMENTS);

	return ret < 0 ? -errno : ret;
}

PATH(writev_segments) {
	.kind = IPCBOX_KIND_STREAM, .prepare = prepare_writev,
	.run = run_writev, .expected = COPIED,
	.first = 5, .second = 6, .sends = COPIED,
	.objects = 2, .copies = 1 + SEGMENTS,
};

static void prepare_send(struct world *world)
{
	world->send = (struct ipcbox_send){
		.data = (uintptr_t)payload,
		.len = COPIED,
	};
}

static void prepare_send_nowait(struct world *world)
{
	prepare_send(world);
	world->send.flags = IPCBOX_NOWAIT;
}

static void prepare_send_in_vain(struct world *world)
{
	prepare_send(world);
	world->send.deadline = in_ns(5 * MSEC);
}

static long run_send(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_SEND, &world->send);
}

PATH(send) {
	.kind = IPCBOX_KIND_STREAM, .prepare = prepare_send, .run = run_send,
	.first = 5, .sends = COPIED,
	.objects = 2, .copies = 2,
};

/* It is full, and stays so. */
PATH(send_without_waiting) {
	.kind = IPCBOX_KIND_STREAM, .prepare = prepare_send_nowait,
	.run = run_send, .expected = -EAGAIN,
	.first = IPCBOX_STREAM_BYTES,
	.objects = 2, .copies = 2,
};

PATH(send_until_a_deadline) {
	.kind = IPCBOX_KIND_STREAM, .prepare = prepare_send_in_vain,
	.run = run_send, .expected = -ETIMEDOUT,
	.first = IPCBOX_STREAM_BYTES,
	.objects = 2, .copies = 2,
};

/* Written in pieces: what a write says it has written is there, and no more. */
static size_t done;

static long check_pieces(struct world *world, long ret)
{
	done = ret < 0 ? 0 : ret;
	if (done && done < PIECES)
		parts_done++;
	return ret < 0 ? ret : 0;
}

static void expect_written(struct __test_metadata *_metadata,
			   struct world *world)
{
	EXPECT_EQ(0, done % ATOMIC);
	EXPECT_EQ(done, bytes_there(world->port));
	if (done)
		world_expect(world, SENT, done);
	expect_line(_metadata, world, 0);
	expect_nothing_charged(_metadata, world);
}

EFFECT(write_in_pieces) {
	.path = {
		.kind = IPCBOX_KIND_STREAM, .run = run_write,
		.check = check_pieces, .sends = PIECES,
		.objects = 2, .copies = 1,
	},
	.expect = expect_written, .parts = 2,
};

EFFECT(writev_in_pieces) {
	.path = {
		.kind = IPCBOX_KIND_STREAM, .prepare = prepare_writev,
		.run = run_writev, .check = check_pieces, .sends = PIECES,
		.objects = 3, .copies = 2,
	},
	.expect = expect_written, .parts = 2,
};

/* Reading */

static long run_read(struct world *world)
{
	return sys_read(world->port, buffer, world->path->first);
}

/* @ret bytes of the first message, or an error. */
static long check_read(struct world *world, long ret)
{
	return ret < 0 || all_are(buffer, FIRST, ret) ? ret : -EBADMSG;
}

/* One message has what was written twice. */
PATH(read_of_a_message) {
	.kind = IPCBOX_KIND_STREAM, .run = run_read, .check = check_read,
	.expected = INLINE,
	.first = INLINE, .second = 6, .takes = true,
	.copies = 1,
};

PATH(read_copied) {
	.kind = IPCBOX_KIND_STREAM, .run = run_read, .check = check_read,
	.expected = COPIED,
	.first = COPIED, .second = 6, .takes = true,
	.copies = 1,
};

static long run_read_late(struct world *world)
{
	return sys_read(world->port, buffer, sizeof(buffer));
}

PATH(read_that_waits) {
	.kind = IPCBOX_KIND_STREAM, .run = run_read_late, .check = check_read,
	.expected = INLINE, .late = INLINE, .takes = true,
	.copies = 1,
};

static void prepare_readv(struct world *world)
{
	world_split(world, buffer, world->path->first, SEGMENTS);
}

static long run_readv(struct world *world)
{
	ssize_t ret = readv(world->port, world->segments, SEGMENTS);

	return ret < 0 ? -errno : ret;
}

PATH(readv_segments) {
	.kind = IPCBOX_KIND_STREAM, .prepare = prepare_readv,
	.run = run_readv, .check = check_read, .expected = COPIED,
	.first = COPIED, .second = 6, .takes = true,
	.objects = 1, .copies = 1 + SEGMENTS,
};

static void prepare_recv(struct world *world)
{
	world->recv = (struct ipcbox_recv){
		.data = (uintptr_t)buffer,
		.len = world->path->first,
	};
}

static long run_recv(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_RECV, &world->recv);
}

static long check_recv(struct world *world, long ret)
{
	return ret ?: check_read(world, world->recv.msg_len);
}

PATH(recv) {
	.kind = IPCBOX_KIND_STREAM, .prepare = prepare_recv, .run = run_recv,
	.check = check_recv, .expected = COPIED,
	.first = COPIED, .second = 6, .takes = true,
	.copies = 3,
};

/* Of several messages: what a read says it has read is not there any more. */

static long run_read_several(struct world *world)
{
	return sys_read(world->port, buffer, 2 * COPIED);
}

static long check_several(struct world *world, long ret)
{
	if (ret < 0)
		return ret;
	if (ret < 2 * COPIED)
		parts_done++;
	if ((ret != COPIED && ret != 2 * COPIED) ||
	    !all_are(buffer, FIRST, COPIED) ||
	    !all_are(buffer + COPIED, SECOND, ret - COPIED))
		return -EBADMSG;
	done = ret / COPIED;
	return 0;
}

static void prepare_several(struct world *world)
{
	done = 0;
}

static void expect_rest(struct __test_metadata *_metadata, struct world *world)
{
	EXPECT_EQ((2 - done) * COPIED, bytes_there(world->port));
	expect_line(_metadata, world, done);
	expect_nothing_charged(_metadata, world);
}

EFFECT(read_of_several_messages) {
	.path = {
		.kind = IPCBOX_KIND_STREAM, .prepare = prepare_several,
		.run = run_read_several, .check = check_several,
		.first = COPIED, .second = COPIED,
		.copies = 1,
	},
	.expect = expect_rest, .parts = 1,
};

/* Changing, polling */

static long run_resize(struct world *world)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_BYTES,
		.max_bytes = 2 * IPCBOX_STREAM_BYTES,
	};

	return sys_ioctl(world->port, IPCBOX_SET, &set);
}

PATH(resize) {
	.kind = IPCBOX_KIND_STREAM, .run = run_resize,
	.first = 5, .second = 6,
	.copies = 1,
};

PATH(poll) {
	.kind = IPCBOX_KIND_STREAM, .run = run_poll,
	.objects = 1, .pages = 1, .copies = 1,
};

TEST_HARNESS_MAIN
