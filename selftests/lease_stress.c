// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consumers that take leases and are killed at random: every message is
 * processed, and whoever gets one a second time is told so; with a limit on
 * deliveries, every message is processed or a dead letter, and none is both
 *
 * The consumers keep books in shared memory, which outlives them. There is one
 * round, or as many as IPCBOX_STRESS_SECONDS has time for.
 */

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "ipcbox_test.h"

#include <kselftest_harness.h>

#define MESSAGES	6000
#define CONSUMERS	6
#define BATCH		4

/**
 * struct books - what consumers write down
 * @seen: of each message, a bit for each of its deliveries, by their count.
 *	(Which one is noted first says nothing: the first receiver may be slower
 *	to note it than its lease is to end.)
 * @done: of each message, how often somebody was told that it is done with
 * @dead: of each message, how often it was a dead letter
 * @again: deliveries that were flagged
 * @unflagged: deliveries with the count of another one
 * @late: acknowledgements after the time of the lease
 * @wrong: anything else
 */
struct books {
	atomic_uint seen[MESSAGES];
	atomic_uint done[MESSAGES];
	unsigned int dead[MESSAGES];
	atomic_uint again;
	atomic_uint unflagged;
	atomic_uint late;
	atomic_uint wrong;
};

FIXTURE(lease_stress)
{
	int box;
	int port;
	struct books *books;
	int dead;		/* where dead letters go */
	uint32_t limit;		/* after so many deliveries, 0 for never */
	unsigned int kills;
	unsigned int again;
	unsigned int late;
	unsigned int dead_letters;
};

FIXTURE_SETUP(lease_stress)
{
	self->books = mmap(NULL, sizeof(*self->books), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->books);
	self->box = box_private();
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(lease_stress)
{
	close(self->box);
}

/* Begins to process a message: its number, or -1 if there is none. */
static int consumer_take(int port, struct books *books, struct ipcbox_recv *recv)
{
	unsigned int n, bit;
	bool again, counted;
	int ret;

	ret = msg_recv(port, &n, sizeof(n), IPCBOX_LEASE, recv);
	if (ret || n >= MESSAGES) {
		if (ret != -ETIMEDOUT)
			atomic_fetch_add(&books->wrong, 1);
		return -1;
	}
	again = recv->msg_flags & IPCBOX_MSG_REDELIVERED;
	counted = recv->deliveries > 1;
	if (again != counted)
		atomic_fetch_add(&books->wrong, 1);
	if (again)
		atomic_fetch_add(&books->again, 1);
	bit = recv->deliveries < 31 ? 1U << recv->deliveries : 1;
	if (atomic_fetch_or(&books->seen[n], bit) & bit & ~1U)
		atomic_fetch_add(&books->unflagged, 1);
	return n;
}

static void consumer_done(int port, struct books *books, int n, uint64_t id)
{
	int ret = msg_ack(port, id);

	if (!ret)
		atomic_fetch_add(&books->done[n], 1);
	else if (ret == -ESRCH)
		atomic_fetch_add(&books->late, 1);
	else
		atomic_fetch_add(&books->wrong, 1);
}

/* Some at a time; now and then one is given back, or takes too long. */
static void consumer(int port, struct books *books, unsigned int dice)
{
	struct ipcbox_recv recv[BATCH];
	int n[BATCH], i;

	for (;;) {
		for (i = 0; i < BATCH; i++) {
			dice = dice * 1103515245 + 12345;
			recv[i] = (struct ipcbox_recv){
				.deadline = in_ns(20 * MSEC),
				.lease = dice >> 16 & 7 ? 0 : 1 + (dice >> 8 & 0xfffff),
			};
			n[i] = consumer_take(port, books, &recv[i]);
		}
		for (i = 0; i < BATCH; i++) {
			dice = dice * 1103515245 + 12345;
			if (n[i] >= 0 && dice >> 16 & 15)
				consumer_done(port, books, n[i], recv[i].msg_id);
			else if (n[i] >= 0)
				msg_nack(port, recv[i].msg_id);
		}
	}
}

static pid_t consumer_start(int port, uint64_t id, int box, struct books *books,
			    unsigned int dice)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The common handle, or one that goes with the consumer. */
	if (dice % 2)
		port = port_open_id(box, id, IPCBOX_RIGHT_RECV);
	consumer(port, books, dice);
	_exit(0);
}

/* Dead letters are what was sent, and have been delivered as often as may be. */
static void take_dead_letters(FIXTURE_DATA(lease_stress) *self)
{
	const uint32_t flags = IPCBOX_MSG_DEAD_LETTER | IPCBOX_MSG_REDELIVERED;
	struct books *books = self->books;
	struct ipcbox_recv recv = {};
	unsigned int n;

	while (!msg_recv(self->dead, &n, sizeof(n), IPCBOX_NOWAIT, &recv)) {
		if (n < MESSAGES && recv.msg_len == sizeof(n) &&
		    recv.msg_flags == flags && recv.deliveries == self->limit &&
		    recv.msg_type == n % 3 && recv.msg_priority == n % 2)
			books->dead[n]++;
		else
			atomic_fetch_add(&books->wrong, 1);
	}
}

static bool all_gone(FIXTURE_DATA(lease_stress) *self)
{
	struct ipcbox_stat stat;

	take_dead_letters(self);
	return port_stat(self->port, &stat) ||
	       stat.received + stat.dead_lettered == MESSAGES;
}

static void start_consumers(FIXTURE_DATA(lease_stress) *self, pid_t *pid)
{
	int i;

	for (i = 0; i < CONSUMERS; i++)
		pid[i] = consumer_start(self->port, port_id(self->port),
					self->box, self->books, i);
}

static void kill_one(FIXTURE_DATA(lease_stress) *self, pid_t *victim,
		     unsigned int dice)
{
	kill(*victim, SIGKILL);
	if (child_wait(*victim) != 128 + SIGKILL)
		atomic_fetch_add(&self->books->wrong, 1);
	*victim = consumer_start(self->port, port_id(self->port), self->box,
				 self->books, dice);
	self->kills++;
}

/* Sends all messages, and kills, until none is left. */
static void send_and_kill(struct __test_metadata *_metadata,
			  FIXTURE_DATA(lease_stress) *self, pid_t *pid)
{
	unsigned int i, dice = now_ns();
	uint64_t end = in_ns(150 * SEC);

	for (i = 0; i < MESSAGES || !all_gone(self); i++) {
		ASSERT_GT(end, now_ns());
		if (i >= MESSAGES) {
			sleep_ns(MSEC);
		} else {
			ASSERT_EQ(0, msg_send(self->port, &i, sizeof(i), i % 3,
					      i % 2, 0));
		}
		dice = dice * 1103515245 + 12345;
		if (i % 32 == 0 && i < 3 * MESSAGES)
			kill_one(self, &pid[(dice >> 16) % CONSUMERS],
				 dice >> 16);
	}
}

/* The last ones may still be on their way; false after ten seconds. */
static bool wait_for_dead_letters(FIXTURE_DATA(lease_stress) *self, uint64_t nr)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_stat stat;

	while (now_ns() < end && !port_stat(self->dead, &stat)) {
		if (stat.sent == nr)
			return true;
		sleep_ns(MSEC);
	}
	return false;
}

static void check_books(struct __test_metadata *_metadata,
			FIXTURE_DATA(lease_stress) *self)
{
	struct books *books = self->books;
	unsigned int i, twice = 0, missing = 0, dead = 0;
	struct ipcbox_stat stat;

	ASSERT_TRUE(wait_for_held(self->port, 0));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_TRUE(wait_for_dead_letters(self, stat.dead_lettered));
	take_dead_letters(self);
	for (i = 0; i < MESSAGES; i++) {
		twice += books->done[i] + books->dead[i] > 1;
		missing += !books->seen[i] && !books->dead[i];
		dead += books->dead[i];
	}
	EXPECT_EQ(0, missing);
	EXPECT_EQ(0, twice);
	EXPECT_EQ(0, atomic_load(&books->unflagged));
	EXPECT_EQ(0, atomic_load(&books->wrong));
	EXPECT_LE(100, atomic_load(&books->again));
	EXPECT_EQ(MESSAGES, stat.sent);
	EXPECT_EQ(MESSAGES, stat.received + dead);
	EXPECT_EQ(dead, stat.dead_lettered);
	EXPECT_EQ(0, stat.messages);
	self->dead_letters += dead;
	self->again += books->again;
	self->late += books->late;
}

static int set_limit(FIXTURE_DATA(lease_stress) *self)
{
	struct ipcbox_set set = {
		.flags = self->limit ? IPCBOX_SET_DEAD_LETTER : 0,
		.dead_letter = port_id(self->dead),
		.max_deliveries = self->limit,
	};

	return sys_ioctl(self->port, IPCBOX_SET, &set);
}

static void run_round(struct __test_metadata *_metadata,
		      FIXTURE_DATA(lease_stress) *self)
{
	pid_t pid[CONSUMERS];
	int i;

	memset(self->books, 0, sizeof(*self->books));
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	self->dead = port_temporary(self->box, 0);
	ASSERT_LE(0, self->dead);
	ASSERT_EQ(0, set_limit(self));
	start_consumers(self, pid);
	send_and_kill(_metadata, self, pid);
	for (i = 0; i < CONSUMERS; i++) {
		kill(pid[i], SIGKILL);
		child_wait(pid[i]);
	}
	check_books(_metadata, self);
	close(self->port);
	close(self->dead);
}

static void run_rounds(struct __test_metadata *_metadata,
		       FIXTURE_DATA(lease_stress) *self)
{
	const char *seconds = getenv("IPCBOX_STRESS_SECONDS");
	uint64_t end = in_ns((seconds ? strtoul(seconds, NULL, 10) : 0) * SEC);
	unsigned int rounds = 0;

	do {
		run_round(_metadata, self);
		rounds++;
	} while (now_ns() < end);
	TH_LOG("%u messages, %u consumers killed, %u second deliveries, %u late, %u dead letters",
	       rounds * MESSAGES, self->kills, self->again, self->late,
	       self->dead_letters);
	EXPECT_LE(100, self->kills);
}

TEST_F_TIMEOUT(lease_stress, consumers_are_killed_at_random, 180)
{
	run_rounds(_metadata, self);
	EXPECT_EQ(0, self->dead_letters);
}

TEST_F_TIMEOUT(lease_stress, some_messages_are_dead_letters, 180)
{
	self->limit = 2;
	run_rounds(_metadata, self);
	EXPECT_LE(10, self->dead_letters);
}

TEST_HARNESS_MAIN
