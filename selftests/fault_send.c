// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in sending: each allocation and each user copy fails once, and nothing
 * has been sent then, or charged, or changed
 */

#include <kselftest_harness.h>

#include "fault_path.h"

#define INLINE		64UL		/* in the object of the message */
#define COPIED		4000UL		/* in one of its own */
#define PINNED		(64UL << 10)	/* in the sender's pages, if that waits */
#define SEGMENTS	20		/* more than UIO_FASTIOV */
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

PATH(send_inline) {
	.prepare = prepare_send, .run = run_send,
	.first = 5, .second = 6, .sends = INLINE,
	.objects = 1, .copies = 2,
};

PATH(send_copied) {
	.prepare = prepare_send, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.objects = 2, .copies = 2,
};

/* Where one way to get memory fails, another does not. */
PATH(send_large) {
	.prepare = prepare_send, .run = run_send,
	.first = 5, .second = 6, .sends = LARGE,
	.lives = MEMORY,
	.objects = 1, .pages = 1, .copies = 2,
};

PATH(write_inline) {
	.run = run_write, .expected = INLINE,
	.first = 5, .second = 6, .sends = INLINE,
	.objects = 1, .copies = 1,
};

PATH(write_copied) {
	.run = run_write, .expected = COPIED,
	.first = 5, .second = 6, .sends = COPIED,
	.objects = 2, .copies = 1,
};

static void prepare_send_segments(struct world *world)
{
	world_split(world, payload, world->path->sends, 3);
	world->send.flags = IPCBOX_IOVEC;
	world->send.data = (uintptr_t)world->segments;
	world->send.len = 3;
}

static void prepare_send_many_segments(struct world *world)
{
	prepare_send_segments(world);
	world_split(world, payload, world->path->sends, SEGMENTS);
	world->send.len = SEGMENTS;
}

static long run_writev(struct world *world)
{
	ssize_t ret = writev(world->port, world->segments, world->send.len);

	return ret < 0 ? -errno : ret;
}

PATH(send_segments) {
	.prepare = prepare_send_segments, .run = run_send,
	.first = 5, .second = 6, .sends = INLINE,
	.objects = 1, .copies = 5,
};

PATH(send_many_segments) {
	.prepare = prepare_send_many_segments, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.objects = 3, .copies = 2 + SEGMENTS,
};

PATH(writev_segments) {
	.prepare = prepare_send_segments, .run = run_writev,
	.expected = INLINE, .first = 5, .second = 6, .sends = INLINE,
	.objects = 1, .copies = 4,
};

PATH(writev_many_segments) {
	.prepare = prepare_send_many_segments, .run = run_writev,
	.expected = COPIED, .first = 5, .second = 6, .sends = COPIED,
	.objects = 3, .copies = 1 + SEGMENTS,
};

/* The descriptor was opened by somebody else. The sender has no account yet. */
static void prepare_send_as_bob(struct world *world)
{
	prepare_send(world);
	must(!setresuid(world_user + 1, -1, -1), "a user");
}

PATH(send_on_a_descriptor_passed_on) {
	.prepare = prepare_send_as_bob, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.objects = 3, .copies = 2,
};

/* In queue->spare there is memory from the message before. */
static void prepare_send_with_spare(struct world *world)
{
	must(msg_send(world->port, "x", 1, 0, 31, 0) == 0 &&
	     sys_read(world->port, buffer, sizeof(buffer)) == 1, "a spare");
	prepare_send(world);
}

PATH(send_into_spare_memory) {
	.prepare = prepare_send_with_spare, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.objects = 1, .copies = 2,
};

/* The port is full, and stays so. */
static void prepare_send_in_vain(struct world *world)
{
	prepare_send(world);
	world->send.len = COPIED;
	world->send.deadline = in_ns(5 * MSEC);
}

PATH(send_until_a_deadline) {
	.prepare = prepare_send_in_vain, .run = run_send,
	.expected = -ETIMEDOUT, .capacity = 2, .first = 5, .second = 6,
	.objects = 2, .copies = 2,
};

static void prepare_send_nowait(struct world *world)
{
	prepare_send_in_vain(world);
	world->send.flags = IPCBOX_NOWAIT;
}

PATH(send_without_waiting) {
	.prepare = prepare_send_nowait, .run = run_send,
	.expected = -EAGAIN, .capacity = 2, .first = 5, .second = 6,
	.objects = 2, .copies = 2,
};

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
	world_split(world, payload, PINNED, 10);
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

PATH(rendezvous_inline) {
	.prepare = prepare_rendezvous_inline, .run = run_send,
	.check = check_rendezvous,
	.expected = INLINE, .rendezvous = true,
	.objects = 1, .copies = 2,
};

PATH(rendezvous_without_waiting) {
	.prepare = prepare_rendezvous_nowait, .run = run_send,
	.check = check_rendezvous,
	.expected = INLINE, .rendezvous = true,
	.objects = 1, .copies = 2,
};

/* What cannot be pinned is copied. */
PATH(rendezvous_pinned) {
	.prepare = prepare_rendezvous_pinned, .run = run_send,
	.check = check_rendezvous,
	.expected = PINNED, .rendezvous = true, .lives = MEMORY,
	.objects = 2, .copies = 1,
};

PATH(rendezvous_pinned_segments) {
	.prepare = prepare_rendezvous_pinned_segments, .run = run_send,
	.check = check_rendezvous,
	.expected = PINNED, .rendezvous = true, .lives = MEMORY,
	.objects = 3, .copies = 2,
};

/* Nobody comes to receive it. */
static void prepare_pinned_in_vain(struct world *world)
{
	world->send.data = (uintptr_t)payload;
	world->send.len = PINNED;
	world->send.deadline = in_ns(5 * MSEC);
}

PATH(pinned_until_a_deadline) {
	.prepare = prepare_pinned_in_vain, .run = run_send,
	.expected = -ETIMEDOUT, .rendezvous = true, .lives = MEMORY,
	.objects = 2, .copies = 1,
};

/*
 * With descriptors, which must be open no more than before afterwards; and with a
 * payload, as a copy of nothing does not fail.
 */

static int carried[3];

static void prepare_send_fds(struct world *world)
{
	int i;

	prepare_send(world);
	world->send.len = COPIED;
	/* One for all worlds: nothing changes it. */
	for (i = 0; i < 3 && !carried[i]; i++)
		carried[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	world->send.fds = (uintptr_t)carried;
	world->send.nr_fds = 3;
}

static void prepare_send_fds_in_vain(struct world *world)
{
	prepare_send_fds(world);
	world->send.deadline = in_ns(5 * MSEC);
}

/* They are told one by one, which the kernel does not fail. */
PATH(send_descriptors) {
	.prepare = prepare_send_fds, .run = run_send,
	.first = 5, .second = 6, .sends = COPIED,
	.objects = 3, .copies = 2,
};

PATH(send_descriptors_until_a_deadline) {
	.prepare = prepare_send_fds_in_vain, .run = run_send,
	.expected = -ETIMEDOUT, .capacity = 2, .first = 5, .second = 6,
	.objects = 2, .copies = 1,
};

/* One of them is refused, when the others have been taken. */
static void prepare_send_refused(struct world *world)
{
	prepare_send_fds(world);
	world->send.nr_fds = 4;
	memcpy(world->segments, carried, sizeof(carried));
	((int *)world->segments)[3] = world->box;
	world->send.fds = (uintptr_t)world->segments;
}

PATH(send_a_refused_descriptor) {
	.prepare = prepare_send_refused, .run = run_send,
	.expected = -ELOOP, .first = 5, .second = 6,
	.objects = 2, .copies = 1,
};

TEST_HARNESS_MAIN
