// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lanes and drains of the library, between processes that come and go
 */

#include <poll.h>
#include <sys/mman.h>

#include <ipcbox_lane.h>

#include "expect.h"

#include <kselftest_harness.h>

#define CAPACITY	4088U
#define HEADER		8U
#define LANES		8
#define LONG		(60 * SEC)

static const struct ipcbox_options nowait = { .flags = IPCBOX_NOWAIT };

/* What a record says: which one of whose it is; then it goes on with that. */
struct said {
	uint32_t number;
	uint32_t who;
};

static size_t said_len(uint32_t number)
{
	return sizeof(struct said) + number * 13 % 300;
}

static void said_write(void *to, uint32_t number, uint32_t who)
{
	struct said said = { number, who };

	memset(to, number + who, said_len(number));
	memcpy(to, &said, sizeof(said));
}

/* The record is whole, and the next one of its sender. */
static bool said_is(const struct ipcbox_record *record, struct said *said,
		    uint32_t *next)
{
	const unsigned char *bytes = record->data;
	size_t i;

	if (record->len < sizeof(*said))
		return false;
	memcpy(said, bytes, sizeof(*said));
	if (said->who >= LANES || said->number != next[said->who]++ ||
	    record->len != said_len(said->number))
		return false;
	for (i = sizeof(*said); i < record->len; i++)
		if (bytes[i] != (unsigned char)(said->number + said->who))
			return false;
	return true;
}

/* Sends records of its own; counts those that are committed. */
static int produce(int port, uint32_t who, uint32_t records,
		   uint32_t *committed)
{
	struct ipcbox_options options = { .deadline = in_ns(LONG) };
	struct ipcbox_lane *lane;
	uint32_t i;
	void *at;

	if (ipcbox_lane_open(&lane, port))
		return 1;
	for (i = 0; i < records; i++) {
		if (ipcbox_lane_reserve(lane, said_len(i), &at, &options))
			return 2;
		said_write(at, i, who);
		if (ipcbox_lane_commit(lane, said_len(i)))
			return 3;
		if (committed)
			ipcbox_ring_store(committed, i + 1);
	}
	ipcbox_lane_close(lane);
	return 0;
}

/*
 * The same program of the other word size, if there is one, runs this instead of
 * the tests: it finds a handle in the environment.
 */
static __attribute__((constructor)) void produce_if_asked(void)
{
	const char *port = getenv("RING_LIB_PORT");

	if (port)
		_exit(produce(atoi(port), 0, 3000, NULL));
}

FIXTURE(lanes)
{
	int box;
	int port;
	struct ipcbox_drain *drain;
	uint32_t next[LANES];	/* number of each sender's next record */
	uint32_t *shared;	/* with children */
	struct ipcbox_info before;
};

static int ring_create(int box, uint64_t capacity)
{
	struct ipcbox_port_create attr = port_attr("lanes");

	attr.kind = IPCBOX_KIND_RING;
	attr.max_bytes = capacity;
	attr.max_messages = LANES;
	return port_create(box, &attr);
}

FIXTURE_SETUP(lanes)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info_settled(self->box, &self->before));
	self->port = ring_create(self->box, CAPACITY);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, ipcbox_drain_open(&self->drain, self->port));
	self->shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->shared != MAP_FAILED);
}

/* With what is left in its lanes. */
static void ring_close(FIXTURE_DATA(lanes) *self)
{
	if (self->drain)
		ipcbox_drain_close(self->drain);
	self->drain = NULL;
	close(self->port);
	port_delete(self->box, "lanes");
}

static bool ring_again(FIXTURE_DATA(lanes) *self, uint64_t capacity)
{
	ring_close(self);
	self->port = ring_create(self->box, capacity);
	return self->port >= 0 && !ipcbox_drain_open(&self->drain, self->port);
}

FIXTURE_TEARDOWN(lanes)
{
	ring_close(self);
	EXPECT_NOTHING_CHARGED(self);
	close(self->box);
}

static int sender(int box)
{
	return port_open(box, "lanes", IPCBOX_RIGHT_SEND);
}

static int receiver(int box)
{
	return port_open(box, "lanes", IPCBOX_RIGHT_RECV);
}

static struct ipcbox_lane *lane_open(int box, int *port)
{
	struct ipcbox_lane *lane = NULL;

	*port = sender(box);
	return ipcbox_lane_open(&lane, *port) ? NULL : lane;
}

/* A child that produces; killed with its parent. */
static pid_t produce_in_child(int box, uint32_t who, uint32_t records,
			      uint32_t *committed)
{
	pid_t pid = fork();

	if (!pid)
		_exit(produce(sender(box), who, records, committed));
	return pid;
}

/* Receives so many, in order and whole: how many came before the deadline. */
static uint32_t consume(struct ipcbox_drain *drain, uint32_t records,
			uint32_t *next, uint64_t ns)
{
	struct ipcbox_options options = { .deadline = in_ns(ns) };
	struct ipcbox_record record;
	struct said said;
	uint32_t n;

	for (n = 0; n < records; n++) {
		if (ipcbox_drain_peek(drain, &record, &options) ||
		    !said_is(&record, &said, next))
			break;
		ipcbox_drain_release(drain);
	}
	return n;
}

static bool waits(const struct ipcbox_ring_end *end)
{
	return ipcbox_ring_get(&end->waiting) & IPCBOX_RING_WAITS;
}

/* Somebody on the other side sleeps, or is about to; false after ten seconds. */
static bool wait_for_waiting(const struct ipcbox_ring_side *side)
{
	uint64_t end = in_ns(10 * SEC);

	while (!waits(side->peer) && now_ns() < end)
		sleep_ns(MSEC);
	return waits(side->peer);
}

TEST_F(lanes, one_producer)
{
	pid_t pid = produce_in_child(self->box, 0, 20000, NULL);

	EXPECT_EQ(20000, consume(self->drain, 20000, self->next, LONG));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(0, consume(self->drain, 1, self->next, MSEC));
}

/* Each lane comes in order, and none of them is forgotten. */
TEST_F(lanes, several_producers)
{
	pid_t pids[LANES];
	int i;

	for (i = 0; i < LANES; i++)
		pids[i] = produce_in_child(self->box, i, 2000, NULL);
	EXPECT_EQ(LANES * 2000, consume(self->drain, LANES * 2000, self->next, LONG));
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
}

/* While all lanes have records, none of them has many turns in a row. */
TEST_F(lanes, fair)
{
	struct ipcbox_lane *lanes[4];
	unsigned int row = 0, rows = 0, i, n;
	struct ipcbox_record record;
	uint32_t last = ~0U;
	int ports[4];

	for (i = 0; i < 4; i++) {
		lanes[i] = lane_open(self->box, &ports[i]);
		ASSERT_TRUE(!!lanes[i]);
		for (n = 0; n < 100; n++)
			ASSERT_EQ(0, ipcbox_lane_send(lanes[i], &n, sizeof(n), NULL));
	}
	for (n = 0; n < 400; n++) {
		ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, &nowait));
		row = record.lane == last ? row + 1 : 1;
		rows += row == 1;
		EXPECT_GE(16, row);
		last = record.lane;
		ipcbox_drain_release(self->drain);
	}
	EXPECT_LE(4 * 100 / 16, rows);
	for (i = 0; i < 4; i++) {
		ipcbox_lane_close(lanes[i]);
		close(ports[i]);
	}
}

/* Who never sleeps finds new lanes, too. */
TEST_F(lanes, new_lane_beside_a_busy_one)
{
	struct ipcbox_lane *busy, *other;
	struct ipcbox_record record;
	int ports[2], n;

	busy = lane_open(self->box, &ports[0]);
	ASSERT_TRUE(!!busy);
	ASSERT_EQ(0, ipcbox_lane_send(busy, "busy", 4, NULL));
	ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, NULL));
	other = lane_open(self->box, &ports[1]);
	ASSERT_TRUE(!!other);
	ASSERT_EQ(0, ipcbox_lane_send(other, "other", 5, NULL));
	for (n = 0; n < 10000 && record.len != 5; n++) {
		ASSERT_EQ(0, ipcbox_lane_send(busy, "busy", 4, NULL));
		ipcbox_drain_release(self->drain);
		ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, &nowait));
	}
	EXPECT_EQ(5, record.len);
	ipcbox_lane_close(busy);
	ipcbox_lane_close(other);
	close(ports[0]);
	close(ports[1]);
}

TEST_F(lanes, nothing_is_seen_before_it_is_committed)
{
	struct ipcbox_record record;
	struct ipcbox_lane *lane;
	int port, i;
	void *at;

	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	ASSERT_EQ(0, ipcbox_lane_reserve(lane, 100, &at, NULL));
	memset(at, 0xff, 100);
	EXPECT_EQ(-EAGAIN, ipcbox_drain_peek(self->drain, &record, &nowait));
	ipcbox_lane_discard(lane);
	EXPECT_EQ(-EINVAL, ipcbox_lane_commit(lane, 1));
	/* a batch, all at once */
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, ipcbox_lane_reserve(lane, sizeof(i), &at, NULL));
		memcpy(at, &i, sizeof(i));
		ASSERT_EQ(0, ipcbox_lane_stage(lane, sizeof(i)));
		EXPECT_EQ(-EAGAIN, ipcbox_drain_peek(self->drain, &record, &nowait));
	}
	ASSERT_EQ(0, ipcbox_lane_publish(lane));
	/* likewise on the other side */
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, &nowait));
		EXPECT_EQ(0, memcmp(record.data, &i, sizeof(i)));
		ipcbox_drain_take(self->drain);
	}
	EXPECT_EQ(-EAGAIN, ipcbox_lane_reserve(lane, CAPACITY - HEADER, &at, &nowait));
	ASSERT_EQ(0, ipcbox_drain_release(self->drain));
	EXPECT_EQ(0, ipcbox_lane_reserve(lane, CAPACITY - HEADER, &at, &nowait));
	ipcbox_lane_close(lane);
	close(port);
}

/* Killed with a record half written: what was committed comes, and nothing else. */
TEST_F(lanes, producer_killed_before_commit)
{
	struct ipcbox_options soon = { .deadline = in_ns(LONG) };
	struct ipcbox_record record;
	pid_t pid = fork();
	int i;

	ASSERT_LE(0, pid);
	if (!pid) {
		struct ipcbox_lane *lane;
		void *at;
		int port;

		lane = lane_open(self->box, &port);
		for (i = 0; i < 10; i++)
			ipcbox_lane_send(lane, &i, sizeof(i), NULL);
		ipcbox_lane_reserve(lane, 64, &at, NULL);
		memset(at, 0xff, 64);
		ipcbox_ring_store(self->shared, 1);
		pause();
	}
	while (!ipcbox_ring_acquire(self->shared))
		sched_yield();
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, &soon));
		EXPECT_EQ(0, memcmp(record.data, &i, sizeof(i)));
		ipcbox_drain_release(self->drain);
	}
	EXPECT_EQ(-EAGAIN, ipcbox_drain_peek(self->drain, &record, &nowait));
	/* the lane has ended, so it has gone */
	EXPECT_NOTHING_CHARGED(self);
}

/* Receives until so many of one sender have come. */
static bool consume_until(FIXTURE_DATA(lanes) *self, uint32_t who, uint32_t records)
{
	while (self->next[who] < records)
		if (consume(self->drain, 1, self->next, LONG) != 1)
			return false;
	return true;
}

/*
 * Killed anywhere, again and again, while another one goes on. What is committed
 * comes, and at most one record that was committed but not counted any more.
 */
TEST_F(lanes, producers_killed_at_random)
{
	pid_t other = produce_in_child(self->box, 0, ~0U, NULL);
	uint32_t committed[LANES] = {};
	uint32_t round, who;
	pid_t pid;

	for (round = 0; round < 35; round++) {
		who = 1 + round % (LANES - 1);
		EXPECT_GE(committed[who] + 1, self->next[who]);
		self->next[who] = 0;
		ipcbox_ring_set(self->shared, 0);
		pid = produce_in_child(self->box, who, ~0U, self->shared);
		while (ipcbox_ring_acquire(self->shared) < 1 + round * 7)
			ASSERT_EQ(1, consume(self->drain, 1, self->next, LONG));
		kill(pid, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, child_wait(pid));
		committed[who] = ipcbox_ring_get(self->shared);
		ASSERT_TRUE(consume_until(self, who, committed[who]));
	}
	/* and the other one has been well all the time */
	ASSERT_TRUE(consume_until(self, 0, self->next[0] + 100));
	kill(other, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(other));
}

/* Killed with a record in hand: the next one sees it again, and all after it. */
TEST_F(lanes, consumers_killed_before_release)
{
	struct ipcbox_options nowait = { .flags = IPCBOX_NOWAIT };
	pid_t producer, pid;
	uint32_t round, n;
	int status;

	ipcbox_drain_close(self->drain);
	self->drain = NULL;
	producer = produce_in_child(self->box, 0, 20 * 50, NULL);
	for (round = 0; round < 20; round++) {
		ipcbox_ring_set(self->shared, 0);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			struct ipcbox_record record;
			struct ipcbox_drain *drain;
			struct said said;

			if (ipcbox_drain_open(&drain, receiver(self->box)))
				_exit(1);
			if (consume(drain, 50, self->next, LONG) != 50)
				_exit(2);
			/* some more, which are not released: nor by waiting */
			for (n = 0; n < round % 3 && round < 19; n++) {
				while (ipcbox_drain_peek(drain, &record, &nowait))
					sched_yield();
				if (!said_is(&record, &said, self->next))
					_exit(3);
				ipcbox_drain_take(drain);
			}
			ipcbox_ring_store(self->shared, 1);
			pause();
		}
		while (!ipcbox_ring_acquire(self->shared)) {
			ASSERT_EQ(0, waitpid(pid, &status, WNOHANG))
				TH_LOG("round %u: status %x", round, status);
			sched_yield();
		}
		kill(pid, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, child_wait(pid));
		self->next[0] += 50;
	}
	EXPECT_EQ(0, child_wait(producer));
}

/* Records begin at each place of the data: short ones, and the longest ones. */
TEST_F(lanes, wraps_at_every_offset)
{
	static const size_t lens[] = { 96, CAPACITY - HEADER, CAPACITY - 17 };
	static unsigned char out[CAPACITY], in[CAPACITY];
	struct ipcbox_lane *lane;
	unsigned int i, n;
	int port;

	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	for (i = 0; i < ARRAY_SIZE(lens); i++)
		for (n = 0; n < 2 * 4096 / HEADER; n++) {
			memset(out, n, lens[i]);
			memcpy(out, &n, sizeof(n));
			ASSERT_EQ(0, ipcbox_lane_send(lane, out, lens[i], &nowait));
			ASSERT_EQ(lens[i], ipcbox_drain_recv(self->drain, in,
							     sizeof(in), &nowait,
							     NULL));
			ASSERT_EQ(0, memcmp(out, in, lens[i]));
		}
	ipcbox_lane_close(lane);
	close(port);
}

TEST_F(lanes, full_and_empty)
{
	struct ipcbox_record record;
	struct ipcbox_lane *lane;
	char byte;
	int port, i;
	void *at;

	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	EXPECT_EQ(-EAGAIN, ipcbox_drain_peek(self->drain, &record, &nowait));
	EXPECT_EQ(0, ipcbox_drain_release(self->drain));
	EXPECT_EQ(-EMSGSIZE, ipcbox_lane_reserve(lane, CAPACITY - 7, &at, NULL));
	EXPECT_EQ(-EMSGSIZE, ipcbox_lane_reserve(lane, SIZE_MAX, &at, NULL));
	ASSERT_EQ(0, ipcbox_lane_send(lane, "", 0, &nowait));
	EXPECT_EQ(-EAGAIN, ipcbox_lane_reserve(lane, CAPACITY - HEADER, &at, &nowait));
	/* one that is empty takes its header alone */
	for (i = 1; i < CAPACITY / HEADER; i++)
		ASSERT_EQ(0, ipcbox_lane_send(lane, "", 0, &nowait));
	EXPECT_EQ(-EAGAIN, ipcbox_lane_send(lane, "", 0, &nowait));
	ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, &nowait));
	EXPECT_EQ(0, record.len);
	EXPECT_EQ(-EAGAIN, ipcbox_lane_send(lane, "", 0, &nowait));
	EXPECT_EQ(0, ipcbox_drain_release(self->drain));
	EXPECT_EQ(0, ipcbox_lane_send(lane, "", 0, &nowait));
	for (i = 0; i < CAPACITY / HEADER; i++)
		ASSERT_EQ(0, ipcbox_drain_recv(self->drain, &byte, 1, &nowait, NULL));
	EXPECT_EQ(-EAGAIN, ipcbox_drain_recv(self->drain, &byte, 1, &nowait, NULL));
	/* too small a buffer leaves it where it is */
	ASSERT_EQ(0, ipcbox_lane_send(lane, "four", 4, &nowait));
	EXPECT_EQ(-EMSGSIZE, ipcbox_drain_recv(self->drain, &byte, 1, &nowait, &record));
	EXPECT_EQ(4, record.len);
	ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, &nowait));
	EXPECT_EQ(4, record.len);
	ipcbox_lane_close(lane);
	close(port);
}

/* A lane that is not drained goes on to the next drain, without its producer. */
TEST_F(lanes, left_to_the_next_drain)
{
	struct ipcbox_record record;
	int i;

	ASSERT_EQ(0, produce(sender(self->box), 0, 5, NULL));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, NULL));
		ipcbox_drain_take(self->drain);
	}
	ipcbox_drain_close(self->drain);
	ASSERT_EQ(0, ipcbox_drain_open(&self->drain, self->port));
	EXPECT_EQ(5, consume(self->drain, 5, self->next, LONG));
}

TEST_F(lanes, deadlines)
{
	struct ipcbox_options over = { .deadline = 1 };
	struct ipcbox_options soon = { .deadline = in_ns(20 * MSEC) };
	struct ipcbox_record record;
	struct ipcbox_lane *lane;
	int port;

	EXPECT_EQ(-ETIMEDOUT, ipcbox_drain_peek(self->drain, &record, &over));
	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	EXPECT_EQ(-ETIMEDOUT, ipcbox_drain_peek(self->drain, &record, &soon));
	EXPECT_LE(soon.deadline, now_ns());
	while (!ipcbox_lane_send(lane, "x", 1, &nowait))
		;
	EXPECT_EQ(-ETIMEDOUT, ipcbox_lane_send(lane, "x", 1, &over));
	soon.deadline = in_ns(20 * MSEC);
	EXPECT_EQ(-ETIMEDOUT, ipcbox_lane_send(lane, "x", 1, &soon));
	EXPECT_LE(soon.deadline, now_ns());
	EXPECT_EQ(0, ipcbox_drain_peek(self->drain, &record, &over));
	/* and as the handle says */
	fcntl(port, F_SETFL, O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, ipcbox_lane_send(lane, "x", 1, NULL));
	ipcbox_lane_close(lane);
	close(port);
}

/* Both sides sleep for each record: there is room for one of them alone. */
TEST_F(lanes, wake_up_storm)
{
	pid_t pids[LANES];
	int i;

	ASSERT_TRUE(ring_again(self, HEADER + 8));
	for (i = 0; i < LANES; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			struct ipcbox_options by = { .deadline = in_ns(LONG) };
			struct ipcbox_lane *lane;
			int port, n, ret = 0;

			lane = lane_open(self->box, &port);
			for (n = 0; lane && n < 500 && !ret; n++)
				ret = ipcbox_lane_send(lane, &n, sizeof(n), &by);
			_exit(!lane || ret);
		}
	}
	for (i = 0; i < LANES * 500; i++) {
		struct ipcbox_options by = { .deadline = in_ns(LONG) };
		int n;

		ASSERT_EQ(sizeof(n), ipcbox_drain_recv(self->drain, &n, sizeof(n),
						       &by, NULL));
	}
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
}

/* What is staged is shown before its producer waits for room. */
TEST_F(lanes, batch_longer_than_the_lane)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		struct ipcbox_lane *lane;
		uint32_t i;
		void *at;
		int port;

		lane = lane_open(self->box, &port);
		for (i = 0; i < 500; i++) {
			if (ipcbox_lane_reserve(lane, said_len(i), &at, NULL))
				_exit(1);
			said_write(at, i, 0);
			if (ipcbox_lane_stage(lane, said_len(i)))
				_exit(2);
		}
		_exit(!!ipcbox_lane_publish(lane));
	}
	EXPECT_EQ(500, consume(self->drain, 500, self->next, LONG));
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(lanes, polling)
{
	struct pollfd in = { .fd = self->port, .events = POLLIN };
	struct pollfd out = { .events = POLLOUT };
	struct ipcbox_record record;
	struct ipcbox_lane *lane;

	EXPECT_EQ(0, ipcbox_drain_arm(self->drain));
	EXPECT_EQ(0, poll(&in, 1, 0));
	lane = lane_open(self->box, &out.fd);
	ASSERT_TRUE(!!lane);
	EXPECT_EQ(1, poll(&in, 1, 0));	/* a lane to take */
	EXPECT_EQ(0, ipcbox_drain_arm(self->drain));
	EXPECT_EQ(0, poll(&in, 1, 0));
	EXPECT_EQ(1, ipcbox_lane_arm(lane, 1));
	ASSERT_EQ(0, ipcbox_lane_send(lane, "x", 1, NULL));
	EXPECT_EQ(1, poll(&in, 1, 0));
	EXPECT_EQ(1, ipcbox_drain_arm(self->drain));
	while (!ipcbox_lane_send(lane, "x", 1, &nowait))
		;
	EXPECT_EQ(0, ipcbox_lane_arm(lane, 1));
	EXPECT_EQ(0, poll(&out, 1, 0));
	ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, &nowait));
	EXPECT_EQ(0, ipcbox_drain_release(self->drain));
	EXPECT_EQ(1, poll(&out, 1, 0));
	EXPECT_EQ(1, ipcbox_lane_arm(lane, 1));
	ipcbox_lane_close(lane);
	close(out.fd);
}

/* What was committed before is still received. */
TEST_F(lanes, deleted)
{
	struct ipcbox_record record;
	struct ipcbox_lane *lane, *other;
	int port, status;
	pid_t pid;

	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	pid = fork();
	if (!pid) {
		struct ipcbox_lane *full = lane_open(self->box, &port);

		while (!ipcbox_lane_send(full, "x", 1, &nowait))
			;
		ipcbox_ring_store(self->shared, 1);
		_exit(ipcbox_lane_send(full, "x", 1, NULL) == -EIDRM ? 42 : 1);
	}
	while (!ipcbox_ring_acquire(self->shared))
		sched_yield();
	sleep_ns(20 * MSEC);	/* so that it most likely sleeps */
	ASSERT_EQ(0, ipcbox_lane_send(lane, "last", 4, NULL));
	ASSERT_EQ(0, ipcbox_drain_peek(self->drain, &record, NULL));
	ASSERT_EQ(0, port_delete(self->box, "lanes"));
	EXPECT_EQ(42, child_wait(pid));
	EXPECT_EQ(-EIDRM, ipcbox_lane_send(lane, "more", 4, NULL));
	EXPECT_EQ(-EIDRM, ipcbox_lane_open(&other, port));
	for (status = 0; !status; status = ipcbox_drain_peek(self->drain, &record, NULL))
		ipcbox_drain_release(self->drain);
	EXPECT_EQ(-EIDRM, status);
	EXPECT_EQ(-EIDRM, ipcbox_drain_arm(self->drain));
	ipcbox_lane_close(lane);
	close(port);
}

/* A child writes whatever it can wherever it can, for as long as it lives. */
static void scribble(unsigned char *own, unsigned char *data, size_t size)
{
	unsigned int seed = 1;

	for (;;) {
		seed = seed * 1103515245 + 12345;
		ipcbox_ring_set(&own[(seed >> 8) % 136], (unsigned char)(seed >> 24));
		if (data)
			ipcbox_ring_set(&data[(seed >> 4) % size],
					(unsigned char)(seed >> 16));
	}
}

TEST_F(lanes, hostile_producer)
{
	struct ipcbox_options by = { .deadline = in_ns(LONG) };
	uint32_t honest = 0, nonsense = 0, round;
	pid_t friend = produce_in_child(self->box, 1, 5000, NULL);

	for (round = 0; round < 10; round++) {
		pid_t enemy = fork();
		uint64_t end;

		if (!enemy) {
			struct ipcbox_lane *lane;
			int port;

			lane = lane_open(self->box, &port);
			scribble((unsigned char *)lane->ring.side.own,
				 lane->ring.side.data, CAPACITY);
		}
		for (end = in_ns(200 * MSEC); now_ns() < end;) {
			struct ipcbox_record record;
			struct said said;
			int ret;

			by.deadline = in_ns(10 * MSEC);
			ret = ipcbox_drain_peek(self->drain, &record, &by);
			nonsense += ret == -EBADMSG;
			if (ret)
				continue;
			memcpy(&said, record.data, sizeof(said));
			if (record.len >= sizeof(said) && said.who == 1 &&
			    said.number == self->next[1] &&
			    said_is(&record, &said, self->next))
				honest++;
			ipcbox_drain_release(self->drain);
		}
		kill(enemy, SIGKILL);
		child_wait(enemy);
	}
	EXPECT_LT(0, nonsense);
	honest += consume(self->drain, 5000 - honest, self->next, LONG);
	EXPECT_EQ(5000, honest);
	EXPECT_EQ(0, child_wait(friend));
}

TEST_F(lanes, hostile_consumer)
{
	struct ipcbox_options by;
	struct ipcbox_lane *lane;
	uint32_t sent = 0, nonsense = 0;
	pid_t enemy;
	uint64_t end;
	int port;

	ipcbox_drain_close(self->drain);
	self->drain = NULL;
	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	enemy = fork();
	if (!enemy) {
		struct ipcbox_drain *drain;
		struct ipcbox_record record;

		if (ipcbox_drain_open(&drain, receiver(self->box)) ||
		    ipcbox_drain_peek(drain, &record, NULL))
			_exit(1);
		scribble((unsigned char *)drain->ring->side.own, NULL, 0);
	}
	for (end = in_ns(2 * SEC); now_ns() < end;) {
		int ret;

		by = (struct ipcbox_options){ .deadline = in_ns(10 * MSEC) };
		ret = ipcbox_lane_send(lane, &sent, sizeof(sent), &by);
		sent += !ret;
		nonsense += ret == -EBADMSG || ret == -EPIPE;
	}
	EXPECT_LT(0, sent);
	EXPECT_LT(0, nonsense);
	kill(enemy, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(enemy));
	ipcbox_lane_close(lane);
	close(port);
}

/* The textbook's bounded buffer: five slots, and an item is a number. */
TEST_F(lanes, five_slots)
{
	const size_t slot = HEADER + sizeof(uint64_t);
	struct ipcbox_lane *lane;
	uint64_t item, got;
	int port;

	ASSERT_TRUE(ring_again(self, 5 * slot));
	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	for (item = 0; item < 5; item++)
		ASSERT_EQ(0, ipcbox_lane_send(lane, &item, sizeof(item), &nowait));
	/* all five of them are of use, not four as in the textbook */
	EXPECT_EQ(-EAGAIN, ipcbox_lane_send(lane, &item, sizeof(item), &nowait));
	for (; item < 5000; item++) {
		ASSERT_EQ(sizeof(got), ipcbox_drain_recv(self->drain, &got, sizeof(got),
							 &nowait, NULL));
		ASSERT_EQ(item - 5, got);
		ASSERT_EQ(0, ipcbox_lane_send(lane, &item, sizeof(item), &nowait));
	}
	ipcbox_lane_close(lane);
	close(port);
}

TEST_F(lanes, errors)
{
	struct ipcbox_options options = { .flags = IPCBOX_PEEK };
	struct ipcbox_port_create attr = port_attr("mailbox");
	struct ipcbox_lane *lane, *second, *others[LANES];
	struct ipcbox_drain *drain;
	struct ipcbox_record record;
	int in = receiver(self->box), mailbox, port, ports[LANES], i;
	void *at;

	EXPECT_EQ(-EBADF, ipcbox_lane_open(&lane, in));
	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	EXPECT_EQ(-EBADF, ipcbox_drain_open(&drain, port));
	EXPECT_EQ(-EBUSY, ipcbox_lane_open(&second, port));
	mailbox = port_create(self->box, &attr);
	EXPECT_EQ(-ENOTTY, ipcbox_lane_open(&second, mailbox));
	EXPECT_EQ(-ENOTTY, ipcbox_drain_open(&drain, mailbox));
	ASSERT_EQ(0, ipcbox_lane_send(lane, "", 0, NULL));
	while (!ipcbox_lane_send(lane, "x", 1, &nowait))
		;
	EXPECT_EQ(-EINVAL, ipcbox_lane_reserve(lane, 1, &at, &options));
	EXPECT_EQ(-EINVAL, ipcbox_drain_peek(self->drain, &record, &options));
	for (i = 1; i < LANES; i++) {
		ports[i] = sender(self->box);
		ASSERT_EQ(0, ipcbox_lane_open(&others[i], ports[i]));
	}
	EXPECT_EQ(-EUSERS, ipcbox_lane_open(&second, self->port));
	for (i = 1; i < LANES; i++) {
		ipcbox_lane_close(others[i]);
		close(ports[i]);
	}
	ipcbox_lane_close(lane);
	close(port);
	close(mailbox);
	close(in);
}

TEST_F(lanes, sleeping_consumer_is_woken)
{
	struct ipcbox_lane *lane;
	int port, n;
	pid_t pid;

	ipcbox_drain_close(self->drain);
	self->drain = NULL;
	lane = lane_open(self->box, &port);
	ASSERT_TRUE(!!lane);
	pid = fork();
	if (!pid) {
		struct ipcbox_drain *drain;
		int got;

		if (ipcbox_drain_open(&drain, receiver(self->box)))
			_exit(1);
		for (n = 0; n < 20; n++)
			if (ipcbox_drain_recv(drain, &got, sizeof(got), NULL, NULL) !=
			    sizeof(got) || got != n)
				_exit(2);
		_exit(0);
	}
	for (n = 0; n < 20; n++) {
		ASSERT_TRUE(wait_for_waiting(&lane->ring.side));
		ASSERT_EQ(0, ipcbox_lane_send(lane, &n, sizeof(n), NULL));
	}
	EXPECT_EQ(0, child_wait(pid));
	ipcbox_lane_close(lane);
	close(port);
}

/* A 32-bit producer with a 64-bit consumer, and the other way round. */
TEST_F(lanes, other_word_size)
{
	char path[4096], number[16];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 4);
	pid_t pid;

	ASSERT_LT(3, len);
	path[len] = '\0';
	if (!strcmp(path + len - 3, "_32"))
		path[len - 3] = '\0';
	else
		strcat(path, "_32");
	if (access(path, X_OK))
		SKIP(return, "there is no %s", path);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		snprintf(number, sizeof(number), "%d", dup(sender(self->box)));
		setenv("RING_LIB_PORT", number, 1);
		execl(path, path, NULL);
		_exit(99);
	}
	EXPECT_EQ(3000, consume(self->drain, 3000, self->next, LONG));
	EXPECT_EQ(0, child_wait(pid));
}

TEST_HARNESS_MAIN
