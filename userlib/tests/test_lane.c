// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lanes and drains, with both sides in this process, over memory that the fake
 * module gives away. Nothing waits here: the fake wakes, or fails.
 */
#include <sys/mman.h>
#include <unistd.h>

#include <ipcbox_lane.h>

#include "lane.h"
#include "test.h"

#define SENDER		FAKE_PORT
#define RECEIVER	(FAKE_PORT + 1)
#define LANES		2
#define SIZE		LANE_PAGE
#define STRIDE		(1UL << 20)

/* What the fake has, and has been told. */
static struct {
	int fds[LANES];
	bool consumed[LANES];
	unsigned int lanes;
	int wait;	/* what RING_WAIT says */
	int waits;
	int wakes;
	bool full_of_maps;
} world;

static const struct ipcbox_options nowait = { .flags = IPCBOX_NOWAIT };

static int fake_attach(struct ipcbox_ring_attach *attach)
{
	unsigned int i = world.lanes;

	if (attach->side == IPCBOX_RIGHT_SEND) {
		if (i == LANES)
			return -EUSERS;
		world.fds[i] = memfd_create("lane", MFD_CLOEXEC);
		CHECK(!ftruncate(world.fds[i], 2 * LANE_PAGE + SIZE));
		world.lanes++;
	} else {
		for (i = 0; i < world.lanes && world.consumed[i]; i++)
			;
		if (i == world.lanes)
			return world.wait == -EIDRM ? -EIDRM : -EAGAIN;
		world.consumed[i] = true;
	}
	attach->lane = i;
	attach->size = SIZE;
	attach->capacity = ipcbox_ring_capacity_max(SIZE);
	attach->offset = i * STRIDE;
	return 0;
}

static int answer(int fd, unsigned long command, void *arg)
{
	const struct ipcbox_ring_wait *wait = arg;

	switch (command) {
	case IPCBOX_RING_ATTACH:
		return fake_attach(arg);
	case IPCBOX_RING_WAIT:
		CHECK(wait->side == (fd == SENDER ? IPCBOX_RIGHT_SEND :
						    IPCBOX_RIGHT_RECV));
		world.waits++;
		return world.wait;
	case IPCBOX_RING_WAKE:
		world.wakes++;
		return 0;
	default:
		return -ENOTTY;
	}
}

/* The data once more behind themselves. */
static void *fake_map(size_t len, int prot, off_t offset)
{
	int fd = world.fds[offset / (off_t)STRIDE];
	char *at;

	offset %= (off_t)STRIDE;
	if (world.full_of_maps && offset)
		return NULL;
	at = mmap(NULL, len, prot, MAP_SHARED, fd, offset);
	if (len == 2 * SIZE)
		CHECK(mmap(at + SIZE, SIZE, prot, MAP_SHARED | MAP_FIXED, fd,
			   offset) == at + SIZE);
	return at;
}

static void begin(void)
{
	unsigned int i;

	for (i = 0; i < world.lanes; i++)
		close(world.fds[i]);
	memset(&world, 0, sizeof(world));
	fake_reset(answer);
	fake.mmap = fake_map;
}

static void open_both(struct ipcbox_lane **lane, struct ipcbox_drain **drain)
{
	begin();
	CHECK(!ipcbox_lane_open(lane, SENDER));
	CHECK(!ipcbox_drain_open(drain, RECEIVER));
}

static void close_both(struct ipcbox_lane *lane, struct ipcbox_drain *drain)
{
	ipcbox_lane_close(lane);
	ipcbox_drain_close(drain);
}

static void opening_fails(void)
{
	struct ipcbox_lane *lane, *other, *third;
	struct ipcbox_drain *drain;

	begin();
	world.full_of_maps = true;
	CHECK(ipcbox_lane_open(&lane, SENDER) == -ENOMEM);
	begin();
	CHECK(!ipcbox_lane_open(&lane, SENDER));
	CHECK(!ipcbox_lane_open(&other, SENDER));
	CHECK(ipcbox_lane_open(&third, SENDER) == -EUSERS);
	world.full_of_maps = true;
	CHECK(ipcbox_drain_open(&drain, RECEIVER) == -ENOMEM);
	ipcbox_lane_close(lane);
	ipcbox_lane_close(other);
	begin();
	world.wait = -EIDRM;
	CHECK(ipcbox_drain_open(&drain, RECEIVER) == -EIDRM);
}

/* Without a system call, once both are there. */
static void records_pass(void)
{
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;
	char buf[8];
	int i, calls;

	open_both(&lane, &drain);
	calls = fake.calls;
	for (i = 0; i < 1000; i++) {
		CHECK(!ipcbox_lane_send(lane, "Hello", 5, NULL));
		CHECK(ipcbox_drain_recv(drain, buf, sizeof(buf), NULL, &record) == 5);
		CHECK(!memcmp(buf, "Hello", 5));
		CHECK(record.data == buf && record.len == 5 && !record.lane);
	}
	/* but for the question whether there are more lanes, seldom */
	CHECK(fake.calls - calls <= 1000 / 16 / 64 + 1);
	CHECK(!world.wakes);
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	close_both(lane, drain);
}

static void batches(void)
{
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;
	void *payload = NULL;

	open_both(&lane, &drain);
	CHECK(!ipcbox_lane_reserve(lane, 10, &payload, NULL));
	CHECK(!((uintptr_t)payload % IPCBOX_RING_ALIGN));
	CHECK(ipcbox_lane_stage(lane, 17) == -EINVAL);
	CHECK(!ipcbox_lane_stage(lane, 3));
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	CHECK(!ipcbox_lane_publish(lane));
	CHECK(!ipcbox_drain_peek(drain, &record, &nowait) && record.len == 3);
	ipcbox_drain_take(drain);
	ipcbox_drain_take(drain);	/* nothing more */
	CHECK(!ipcbox_lane_reserve(lane, 10, &payload, NULL));
	ipcbox_lane_discard(lane);
	CHECK(ipcbox_lane_commit(lane, 0) == -EINVAL);
	CHECK(!ipcbox_lane_send(lane, NULL, 0, NULL));
	CHECK(!ipcbox_drain_peek(drain, &record, &nowait) && !record.len);
	CHECK(!ipcbox_drain_release(drain));
	CHECK(!ipcbox_drain_release(drain));
	close_both(lane, drain);
}

/* What waits in the other one is asked to wake. */
static void waking(void)
{
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;
	void *payload;

	open_both(&lane, &drain);
	CHECK(!ipcbox_drain_arm(drain));
	CHECK(!ipcbox_lane_send(lane, "x", 1, NULL));
	CHECK(world.wakes == 1);
	CHECK(ipcbox_drain_arm(drain) == 1);
	CHECK(!ipcbox_lane_send(lane, "x", 1, NULL));
	CHECK(world.wakes == 1);
	while (!ipcbox_lane_reserve(lane, 100, &payload, &nowait))
		CHECK(!ipcbox_lane_commit(lane, 100));
	CHECK(ipcbox_lane_arm(lane, SIZE) == -EMSGSIZE);
	CHECK(!ipcbox_lane_arm(lane, 100));
	CHECK(ipcbox_drain_recv(drain, NULL, 0, NULL, NULL) == -EMSGSIZE);
	CHECK(!ipcbox_drain_release(drain));
	CHECK(world.wakes == 2);
	close_both(lane, drain);
}

static void waiting(void)
{
	static const int says[] = { -ETIMEDOUT, -EINTR, -EAGAIN, -EIDRM };
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;
	size_t i;

	open_both(&lane, &drain);
	for (i = 0; i < ARRAY_SIZE(says); i++) {
		world.wait = says[i];
		CHECK(ipcbox_drain_peek(drain, &record, NULL) == says[i]);
		/* and nobody is left to be woken */
		CHECK(!(lane->ring.side.peer->waiting & IPCBOX_RING_WAITS));
	}
	CHECK(world.waits == 3);	/* the last one was told before */
	world.wait = 0;
	while (!ipcbox_lane_send(lane, "x", 1, &nowait))
		;
	world.wait = -ETIMEDOUT;
	CHECK(ipcbox_lane_send(lane, "x", 1, NULL) == -ETIMEDOUT);
	CHECK(!(lane->ring.side.own->waiting & IPCBOX_RING_WAITS));
	CHECK(ipcbox_lane_send(lane, "x", SIZE, NULL) == -EMSGSIZE);
	CHECK(ipcbox_lane_send(lane, "x", SIZE_MAX, NULL) == -EMSGSIZE);
	close_both(lane, drain);
}

/* Two lanes take turns, and what was taken in both is released together. */
static void turns(void)
{
	struct ipcbox_lane *lanes[LANES];
	struct ipcbox_drain *drain;
	struct ipcbox_record record;
	unsigned int seen[LANES] = { 0 };
	int i;

	begin();
	for (i = 0; i < LANES; i++)
		CHECK(!ipcbox_lane_open(&lanes[i], SENDER));
	CHECK(!ipcbox_drain_open(&drain, RECEIVER));
	for (i = 0; i < 40; i++)
		CHECK(!ipcbox_lane_send(lanes[i % 2], "x", 1, NULL));
	for (i = 0; i < 36; i++) {
		CHECK(!ipcbox_drain_peek(drain, &record, &nowait));
		seen[record.lane]++;
		ipcbox_drain_take(drain);
	}
	CHECK(seen[0] == 20 && seen[1] == 16);
	CHECK(!lanes[0]->ring.side.peer->position);
	CHECK(!lanes[1]->ring.side.peer->position);
	CHECK(!ipcbox_drain_release(drain));
	CHECK(lanes[0]->ring.side.peer->position == 20 * 16UL);
	CHECK(lanes[1]->ring.side.peer->position == 16 * 16UL);
	for (i = 0; i < LANES; i++)
		ipcbox_lane_close(lanes[i]);
	ipcbox_drain_close(drain);
}

/* A lane with nonsense in it is refused, and its producer learns of that. */
static void nonsense(void)
{
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;

	open_both(&lane, &drain);
	memset(lane->ring.side.data, 0xff, SIZE);
	CHECK(ipcbox_drain_peek(drain, &record, NULL) == -EBADMSG);
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	CHECK(ipcbox_lane_send(lane, "x", 1, NULL) == -EPIPE);
	world.wait = -EIDRM;
	CHECK(ipcbox_lane_send(lane, "x", 1, NULL) == -EIDRM);
	close_both(lane, drain);
}

/* Nonsense behind a batch: what was taken stays where it is until it is released. */
static void nonsense_behind_a_batch(void)
{
	struct ipcbox_record first, record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;

	open_both(&lane, &drain);
	CHECK(!ipcbox_lane_send(lane, "first", 5, NULL));
	CHECK(!ipcbox_drain_peek(drain, &first, &nowait));
	ipcbox_drain_take(drain);
	memset((char *)lane->ring.side.data + 16, 0xff, 64);
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EBADMSG);
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	CHECK(!memcmp(first.data, "first", 5));
	CHECK(ipcbox_lane_send(lane, "x", 1, NULL) == -EPIPE);
	CHECK(!ipcbox_drain_release(drain));
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	CHECK(!drain->ring);
	close_both(lane, drain);
}

/* Who asks whether there is something is not told what it cannot act on. */
static void armed_and_released(void)
{
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;

	open_both(&lane, &drain);
	CHECK(!ipcbox_lane_send(lane, "one", 3, NULL));
	CHECK(ipcbox_drain_arm(drain) == 1);
	CHECK(!ipcbox_drain_release(drain));	/* of nothing that was seen */
	CHECK(!ipcbox_drain_peek(drain, &record, &nowait) && record.len == 3);
	CHECK(ipcbox_drain_arm(drain) == 1);
	CHECK(!ipcbox_drain_release(drain));	/* of what was */
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	memset((char *)lane->ring.side.data + 16, 0xff, 64);
	CHECK(ipcbox_drain_arm(drain) == 1);
	CHECK(ipcbox_drain_arm(drain) == 1);
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EBADMSG);
	CHECK(!ipcbox_drain_arm(drain));
	close_both(lane, drain);
}

/* Drained first, then gone. */
static void lane_ends(void)
{
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;

	open_both(&lane, &drain);
	CHECK(!ipcbox_lane_send(lane, "last", 4, NULL));
	lane->ring.side.own->ended = 1;	/* as the module does */
	ipcbox_lane_close(lane);
	CHECK(!ipcbox_drain_peek(drain, &record, NULL));
	ipcbox_drain_take(drain);
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	CHECK(!memcmp(record.data, "last", 4));	/* not released */
	CHECK(!ipcbox_drain_release(drain));
	CHECK(ipcbox_drain_peek(drain, &record, &nowait) == -EAGAIN);
	CHECK(!drain->ring);
	ipcbox_drain_close(drain);
}

static void flags_are_checked(void)
{
	struct ipcbox_options peek = { .flags = IPCBOX_PEEK };
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;

	open_both(&lane, &drain);
	CHECK(ipcbox_drain_peek(drain, &record, &peek) == -EINVAL);
	while (!ipcbox_lane_send(lane, "x", 1, &nowait))
		;
	CHECK(ipcbox_lane_send(lane, "x", 1, &peek) == -EINVAL);
	close_both(lane, drain);
}

static const struct test tests[] = {
	TEST(opening_fails),
	TEST(records_pass),
	TEST(batches),
	TEST(waking),
	TEST(waiting),
	TEST(turns),
	TEST(nonsense),
	TEST(nonsense_behind_a_batch),
	TEST(armed_and_released),
	TEST(lane_ends),
	TEST(flags_are_checked),
};

int main(void)
{
	return test_main(tests, ARRAY_SIZE(tests));
}
