// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in ring ports: making one, taking a side of a lane, mapping its parts,
 * sleeping, polling; after a failure, the lane and its sides are as they were
 */

#include <kselftest_harness.h>

#include "fault_path.h"

#define PAGE	4096UL
#define SENDER	IPCBOX_RIGHT_SEND
#define RECEIVER IPCBOX_RIGHT_RECV

/* Making and opening */

static long run_create_ring(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("ring");

	attr.kind = IPCBOX_KIND_RING;
	attr.max_messages = LANES;
	attr.max_bytes = LANE_BYTES;
	world->fd = port_create(world->box, &attr);
	return world->fd < 0 ? world->fd : (long)attr.created;
}

PATH(create_a_ring) {
	.run = run_create_ring, .expected = 1, .first = 5,
	.objects = 4, .copies = 2,
};

static long run_open_ring(struct world *world)
{
	world->fd = port_open(world->box, "port", SENDER);
	return world->fd < 0 ? world->fd : 0;
}

PATH(open_a_ring) {
	.kind = IPCBOX_KIND_RING, .run = run_open_ring,
	.objects = 3, .copies = 2,
};

/* Attaching */

static int attach(int port, uint32_t side, struct ipcbox_ring_attach *lane)
{
	*lane = (struct ipcbox_ring_attach){ .side = side };
	return sys_ioctl(port, IPCBOX_RING_ATTACH, lane);
}

static struct ipcbox_ring_attach the_lane;

static long run_produce(struct world *world)
{
	return attach(world->port, SENDER, &the_lane);
}

static uint64_t bytes_charged(const struct world *world)
{
	struct ipcbox_info info;

	must(!box_info(world->box, &info), "INFO");
	return info.user_bytes;
}

static long check_produce(struct world *world, long ret)
{
	struct ipcbox_ring_attach again;
	int other;

	if (ret)
		return ret;
	if (the_lane.lane || the_lane.capacity != LANE_BYTES ||
	    bytes_charged(world) != the_lane.size + 2 * PAGE)
		return -EBADMSG;
	other = port_open(world->box, "port", SENDER);
	ret = attach(other, SENDER, &again);
	close(other);
	return !ret && again.lane == 1 ? 0 : -EBADMSG;
}

/* The lane, its memory, and what the kernel needs to know of that. */
PATH(attach_a_producer) {
	.kind = IPCBOX_KIND_RING, .run = run_produce, .check = check_produce,
	.objects = 3, .pages = 1, .copies = 2,
};

/* Another handle has a lane. */
static void prepare_lane(struct world *world)
{
	world->fd = port_open(world->box, "port", SENDER);
	must(!attach(world->fd, SENDER, &the_lane), "a lane");
}

static long run_consume(struct world *world)
{
	return attach(world->port, RECEIVER, &the_lane);
}

/* Whoever has failed to get it can have it. */
static long check_consume(struct world *world, long ret)
{
	struct ipcbox_ring_attach again;
	int err = attach(world->port, RECEIVER, &again);

	if (!ret)
		return err == -EAGAIN && !the_lane.lane ? 0 : -EBADMSG;
	return !err && !again.lane ? ret : -EBADMSG;
}

PATH(attach_a_consumer) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_lane,
	.run = run_consume, .check = check_consume,
	.copies = 2,
};

/* All lanes are there: what was made for another one goes. */
static void prepare_all_lanes(struct world *world)
{
	struct ipcbox_ring_attach lane;

	prepare_lane(world);
	must(!attach(world->port, SENDER, &lane), "the last lane");
}

static long run_produce_again(struct world *world)
{
	return attach(world->fd, SENDER, &the_lane);
}

PATH(attach_a_producer_that_has_a_lane) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_all_lanes,
	.run = run_produce_again, .expected = -EBUSY,
	.objects = 3, .pages = 1, .copies = 1,
};

/* Mapping */

static void *mapped[2];

static long map(int port, int part, void **at)
{
	*at = mmap(NULL, part == 2 ? 2 * the_lane.size : PAGE,
		   PROT_READ | PROT_WRITE, MAP_SHARED, port,
		   the_lane.offset + part * PAGE);
	return *at == MAP_FAILED ? -errno : 0;
}

static void unmap(int part, void *at)
{
	if (at != MAP_FAILED)
		munmap(at, part == 2 ? 2 * the_lane.size : PAGE);
}

static void prepare_producer(struct world *world)
{
	must(!run_produce(world), "a lane");
}

/* Its end is mapped already. */
static void prepare_map(struct world *world)
{
	prepare_producer(world);
	must(!map(world->port, 0, &mapped[0]), "the first mapping");
}

static void end_map(struct world *world)
{
	unmap(0, mapped[0]);
}

static long run_map_end(struct world *world)
{
	return map(world->port, 0, &mapped[1]);
}

static long run_map_data(struct world *world)
{
	return map(world->port, 2, &mapped[1]);
}

/* Whoever has failed to map the lane still is its producer. */
static long check_map(struct world *world, long ret, int part)
{
	struct ipcbox_ring_attach again;
	bool attached = attach(world->port, SENDER, &again) == -EBUSY;

	unmap(part, mapped[1]);
	return attached ? ret : -EBADMSG;
}

static long check_map_end(struct world *world, long ret)
{
	return check_map(world, ret, 0);
}

static long check_map_data(struct world *world, long ret)
{
	return check_map(world, ret, 2);
}

PATH(map_an_end_first) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_producer,
	.run = run_map_end, .check = check_map_end,
	.objects = 1,
};

PATH(map_an_end) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_map, .end = end_map,
	.run = run_map_end, .check = check_map_end,
	.objects = 1,
};

PATH(map_the_data) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_map, .end = end_map,
	.run = run_map_data, .check = check_map_data,
	.objects = 1,
};

/* Sleeping and waking, which needs nothing */

static long ring_wait(int port, unsigned long cmd, uint32_t side,
		      uint64_t deadline)
{
	struct ipcbox_ring_wait arg = {
		.side = side, .lane = IPCBOX_RING_ANY, .deadline = deadline,
	};

	return sys_ioctl(port, cmd, &arg);
}

static void prepare_wait(struct world *world)
{
	world->recv.deadline = in_ns(5 * MSEC);
}

static void prepare_wait_for_nothing(struct world *world)
{
	prepare_lane(world);
	prepare_wait(world);
}

static long run_wait(struct world *world)
{
	return ring_wait(world->port, IPCBOX_RING_WAIT, RECEIVER,
			 world->recv.deadline);
}

static long run_wake(struct world *world)
{
	return ring_wait(world->fd, IPCBOX_RING_WAKE, SENDER, 0);
}

/* There is no lane to take. */
PATH(wait_until_a_deadline) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_wait, .run = run_wait,
	.expected = -ETIMEDOUT,
	.copies = 1,
};

/* There is one. */
PATH(wait_for_nothing) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_wait_for_nothing,
	.run = run_wait,
	.copies = 1,
};

PATH(wake) {
	.kind = IPCBOX_KIND_RING, .prepare = prepare_lane, .run = run_wake,
	.copies = 1,
};

/* Looking and polling */

static long run_stat(struct world *world)
{
	struct ipcbox_stat stat;

	return port_stat(world->port, &stat) ?: (long)stat.max_bytes;
}

PATH(stat) {
	.kind = IPCBOX_KIND_RING, .run = run_stat, .expected = LANE_BYTES,
	.copies = 2,
};

PATH(poll) {
	.kind = IPCBOX_KIND_RING, .run = run_poll,
	.objects = 1, .pages = 1, .copies = 1,
};

TEST_HARNESS_MAIN
