// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races: many processes on one name, on one port and on one message, some of
 * them killed at the worst moment
 *
 * What processes find out they write to shared memory, which outlives them.
 * Tests that go on for a time rather than for a number of rounds do so because
 * emulated machines are slow; each says how many rounds it managed, and fails
 * if that was too few to mean anything.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "call.h"

#include "kselftest_harness.h"

#define CROWD	8
#define MANY	500
#define LARGE	(64 << 10)	/* more than a page, and pinned in a rendezvous */

/**
 * struct shared - what processes know of each other
 * @barrier: of the crowd
 * @won: how often somebody succeeded
 * @lost: how often somebody failed as expected
 * @wrong: how often anything else happened
 * @error: what it was
 * @id: of the port that the first of the crowd has found
 * @stop: for those that run until told
 * @count: as each test says
 */
struct shared {
	pthread_barrier_t barrier;
	atomic_uint won;
	atomic_uint lost;
	atomic_uint wrong;
	atomic_int error;
	atomic_ullong id;
	atomic_bool stop;
	atomic_uint count[CROWD];
};

FIXTURE(race)
{
	int box;
	int port;	/* without limits */
	int rendezvous;
	struct shared *shared;
	struct ipcbox_info before;
};

static struct shared *shared_new(void)
{
	pthread_barrierattr_t attr;
	struct shared *shared;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &attr, CROWD);
	return shared;
}

FIXTURE_SETUP(race)
{
	self->shared = shared_new();
	self->box = box_open();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	self->rendezvous = port_temporary(self->box, 0);
	ASSERT_LE(0, self->rendezvous);
}

FIXTURE_TEARDOWN(race)
{
	close(self->port);
	close(self->rendezvous);
	close(self->box);
}

/* A child that dies with the test. */
static pid_t spawn(void)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void wrong(struct shared *shared, int error)
{
	atomic_store(&shared->error, error);
	atomic_fetch_add(&shared->wrong, 1);
}

/* One result, of which two are expected. */
static void judge(struct shared *shared, int ret, int expected)
{
	if (ret >= 0)
		atomic_fetch_add(&shared->won, 1);
	else if (ret == expected)
		atomic_fetch_add(&shared->lost, 1);
	else
		wrong(shared, ret);
}

typedef void (*crowd_fn)(int box, struct shared *shared, unsigned int me);

/* All of a crowd run the function; returns how many ended badly. */
static unsigned int crowd(int box, struct shared *shared, crowd_fn run)
{
	unsigned int i, bad = 0;
	pid_t pid[CROWD];

	for (i = 0; i < CROWD; i++) {
		pid[i] = spawn();
		if (!pid[i]) {
			run(box, shared, i);
			_exit(0);
		}
	}
	for (i = 0; i < CROWD; i++)
		bad += child_wait(pid[i]) != 0;
	return bad;
}

#define EXPECT_RIGHT(shared)						\
	EXPECT_EQ(0, atomic_load(&(shared)->wrong))			\
		TH_LOG("among them: %s", strerror(-(shared)->error))

/* Nothing is left of the ports that the test has made and deleted. */
#define EXPECT_NO_MORE_PORTS(self, more) do {				\
	struct ipcbox_info after;					\
									\
	EXPECT_EQ(0, box_info((self)->box, &after));			\
	EXPECT_EQ((self)->before.user_ports + (more), after.user_ports); \
	EXPECT_EQ((self)->before.box_ports + (more), after.box_ports);	\
	EXPECT_EQ((self)->before.user_bytes, after.user_bytes);		\
} while (0)

/* Names */

#define ROUNDS	100

static void round_name(char *name, unsigned int round)
{
	snprintf(name, IPCBOX_NAME_SIZE, "race-%d-%u", getppid(), round);
}

static void create_exclusively(int box, struct shared *shared, unsigned int me)
{
	struct ipcbox_port_create attr;
	char name[IPCBOX_NAME_SIZE];
	unsigned int i;
	int fd;

	for (i = 0; i < ROUNDS; i++) {
		round_name(name, i);
		attr = port_attr(name);
		pthread_barrier_wait(&shared->barrier);
		fd = port_create(box, &attr);
		judge(shared, fd, -EEXIST);
		if (fd >= 0)
			close(fd);
	}
}

static void delete_all_rounds(int box, struct shared *shared, unsigned int me)
{
	char name[IPCBOX_NAME_SIZE];
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		round_name(name, i);
		pthread_barrier_wait(&shared->barrier);
		judge(shared, port_delete(box, name), -ENOENT);
	}
}

TEST_F(race, one_creates_and_one_deletes)
{
	struct shared *shared = self->shared;

	EXPECT_EQ(0, crowd(self->box, shared, create_exclusively));
	EXPECT_RIGHT(shared);
	EXPECT_EQ(ROUNDS, atomic_load(&shared->won));
	EXPECT_EQ(ROUNDS * (CROWD - 1), atomic_load(&shared->lost));

	shared->won = 0;
	shared->lost = 0;
	EXPECT_EQ(0, crowd(self->box, shared, delete_all_rounds));
	EXPECT_RIGHT(shared);
	EXPECT_EQ(ROUNDS, atomic_load(&shared->won));
	EXPECT_EQ(ROUNDS * (CROWD - 1), atomic_load(&shared->lost));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* The handle, too: what one sends on it, another one receives. */
static void create_or_open(int box, struct shared *shared, unsigned int me)
{
	struct ipcbox_port_create attr;
	char name[IPCBOX_NAME_SIZE];
	unsigned long long id;
	unsigned int i;
	char byte;
	int fd;

	for (i = 0; i < ROUNDS; i++) {
		round_name(name, i);
		attr = port_attr(name);
		attr.flags = 0;
		shared->id = 0;
		pthread_barrier_wait(&shared->barrier);
		fd = port_create(box, &attr);
		id = 0;
		if (fd < 0)
			wrong(shared, fd);
		else if (!atomic_compare_exchange_strong(&shared->id, &id, attr.id) &&
			 id != attr.id)
			wrong(shared, -EXDEV);
		if (port_id(fd) != attr.id)
			wrong(shared, -EBADE);
		if (sys_write(fd, "x", 1) != 1)
			wrong(shared, -EIO);
		pthread_barrier_wait(&shared->barrier);
		if (sys_read(fd, &byte, 1) != 1)
			wrong(shared, -EIO);
		close(fd);
		pthread_barrier_wait(&shared->barrier);
		atomic_fetch_add(attr.created ? &shared->won : &shared->lost, 1);
		if (me == i % CROWD && port_delete(box, name))
			wrong(shared, -EIO);
	}
}

TEST_F_TIMEOUT(race, all_open_what_one_creates, 60)
{
	EXPECT_EQ(0, crowd(self->box, self->shared, create_or_open));
	EXPECT_RIGHT(self->shared);
	EXPECT_EQ(ROUNDS, atomic_load(&self->shared->won));
	EXPECT_EQ(ROUNDS * (CROWD - 1), atomic_load(&self->shared->lost));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* Each close may be the last, and the port go just when others want it. */
static void create_use_close(int box, struct shared *shared, unsigned int me)
{
	struct ipcbox_port_create attr;
	unsigned int i;
	int fd, ret;

	for (i = 0; i < 5 * ROUNDS; i++) {
		attr = port_attr("race-last-handle");
		attr.flags = 0;
		attr.owner = IPCBOX_OWNER_HANDLE;
		fd = port_create(box, &attr);
		judge(shared, fd, 0);
		ret = sys_write(fd, "x", 1);
		if (ret != 1)
			wrong(shared, ret);
		close(fd);
	}
}

TEST_F_TIMEOUT(race, create_never_fails_while_others_close_the_last_handle, 60)
{
	EXPECT_EQ(0, crowd(self->box, self->shared, create_use_close));
	EXPECT_RIGHT(self->shared);
	EXPECT_EQ(5 * ROUNDS * CROWD, atomic_load(&self->shared->won));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* Three names, and everybody does anything to them. */
static void storm_step(int box, struct shared *shared, unsigned int dice)
{
	static const char * const names[] = { "race-a", "race-b", "race-c" };
	const char *name = names[dice % 3];
	struct ipcbox_port_create attr = port_attr(name);
	struct ipcbox_stat stat;
	char byte;
	int fd, ret;

	dice /= 3;
	if (dice % 4 == 0) {
		judge(shared, port_delete(box, name), -ENOENT);
		return;
	}
	attr.flags |= IPCBOX_NOWAIT;
	attr.owner = dice % 8 == 1 ? IPCBOX_OWNER_HANDLE : IPCBOX_OWNER_KERNEL;
	fd = dice % 4 == 1 ? port_create(box, &attr) :
			     port_open(box, name, RIGHTS_IO);
	judge(shared, fd, dice % 4 == 1 ? -EEXIST : -ENOENT);
	if (fd < 0)
		return;
	ret = sys_write(fd, "x", 1);
	if (ret != 1 && ret != -EIDRM && ret != -EAGAIN)
		wrong(shared, ret);
	ret = sys_read(fd, &byte, 1);
	if (ret != 1 && ret != -EIDRM && ret != -EAGAIN)
		wrong(shared, ret);
	ret = port_stat(fd, &stat);
	if (ret && ret != -EIDRM)
		wrong(shared, ret);
	close(fd);
}

static void storm(int box, struct shared *shared, unsigned int me)
{
	uint64_t end = in_ns(2 * SEC);
	unsigned int dice = me * 7919 + 1;

	while (now_ns() < end) {
		dice = dice * 1103515245 + 12345;
		storm_step(box, shared, dice >> 8);
	}
}

TEST_F_TIMEOUT(race, anything_at_once_on_three_names, 60)
{
	EXPECT_EQ(0, crowd(self->box, self->shared, storm));
	EXPECT_RIGHT(self->shared);
	EXPECT_LT(200, atomic_load(&self->shared->won));
	port_delete(self->box, "race-a");
	port_delete(self->box, "race-b");
	port_delete(self->box, "race-c");
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* Waiters */

static int receive_type(int port, uint64_t type)
{
	struct ipcbox_recv recv = { .type = type };
	char buffer[16];

	return msg_recv(port, buffer, sizeof(buffer), 0, &recv);
}

/* Half of them wait for a type that never comes, half for room that never is. */
static bool thousand_waiters(int port, pid_t *pid)
{
	unsigned int i;
	int ret;

	for (i = 0; i < 2 * MANY; i++) {
		pid[i] = spawn();
		if (pid[i])
			continue;
		ret = i % 2 ? receive_type(port, 7) :
			      msg_send(port, "wait", 4, 1, i % 32, 0);
		_exit(ret == -EIDRM ? 1 : 2);
	}
	return wait_for_waiters(port, MANY, MANY);
}

static unsigned int end_waiters(int box, int port, pid_t *pid, int status)
{
	unsigned int i, as_expected = 0;

	for (i = 0; status == 128 + SIGKILL && i < 2 * MANY; i++)
		kill(pid[i], SIGKILL);
	if (status == 1)
		port_delete_id(box, port_id(port));
	for (i = 0; i < 2 * MANY; i++)
		as_expected += child_wait(pid[i]) == status;
	return as_expected;
}

TEST_F_TIMEOUT(race, a_port_is_deleted_under_a_thousand_waiters, 90)
{
	int port = port_temporary(self->box, 1);
	struct ipcbox_stat stat;
	pid_t pid[2 * MANY];

	ASSERT_EQ(0, msg_send(port, "full", 4, 1, 0, 0));
	EXPECT_TRUE(thousand_waiters(port, pid));
	EXPECT_EQ(2 * MANY, end_waiters(self->box, port, pid, 1));
	EXPECT_EQ(-EIDRM, port_stat(port, &stat));
	close(port);
	EXPECT_NO_MORE_PORTS(self, 2);
}

TEST_F_TIMEOUT(race, a_thousand_waiters_are_killed, 90)
{
	int port = port_temporary(self->box, 1);
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat;
	pid_t pid[2 * MANY];
	char buffer[16];

	ASSERT_EQ(0, msg_send(port, "full", 4, 1, 0, 0));
	EXPECT_TRUE(thousand_waiters(port, pid));
	EXPECT_EQ(2 * MANY, end_waiters(self->box, port, pid, 128 + SIGKILL));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_EQ(0, stat.waiting_receivers);
	EXPECT_EQ(1, stat.messages);
	EXPECT_EQ(1, stat.sent);
	EXPECT_EQ(0, msg_recv(port, buffer, sizeof(buffer), IPCBOX_NOWAIT, &recv));
	close(port);
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* Those who come while the port goes: each is in time, or too late. */
static void send_or_receive_until_deleted(int port, struct shared *shared,
					  unsigned int me)
{
	int ret;

	pthread_barrier_wait(&shared->barrier);
	do {
		ret = me % 2 ? receive_type(port, 0) :
			       msg_send(port, "go on", 5, 0, 0, 0);
		if (!ret)
			atomic_fetch_add(&shared->won, 1);
	} while (!ret);
	if (ret != -EIDRM)
		wrong(shared, ret);
}

TEST_F_TIMEOUT(race, a_port_is_deleted_under_traffic, 60)
{
	struct shared *shared = self->shared;
	pid_t pid[CROWD];
	unsigned int i, round;
	int port;

	for (round = 0; round < 40; round++) {
		port = port_temporary(self->box, round % 3);
		for (i = 0; i < CROWD - 1; i++) {
			pid[i] = spawn();
			if (!pid[i]) {
				send_or_receive_until_deleted(port, shared, i);
				_exit(0);
			}
		}
		pthread_barrier_wait(&shared->barrier);
		sleep_ns((round * 37 % 11) * 100000);
		EXPECT_EQ(0, port_delete_id(self->box, port_id(port)));
		for (i = 0; i < CROWD - 1; i++)
			EXPECT_EQ(0, child_wait(pid[i]));
		close(port);
	}
	EXPECT_RIGHT(shared);
	EXPECT_LT(40, atomic_load(&shared->won));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* Receivers killed while messages are handed to them */

/**
 * struct victims - receivers, in shared memory
 * @got: of each message, how often somebody has received it and lived to tell
 */
struct victims {
	atomic_uint got[CROWD];
};

static pid_t victim_start(int port, struct victims *victims)
{
	static unsigned int message[LARGE / sizeof(unsigned int)];
	pid_t pid = spawn();

	if (pid)
		return pid;
	if (sys_read(port, message, sizeof(message)) > 0)
		atomic_fetch_add(&victims->got[message[0] % CROWD], 1);
	pause();
	_exit(0);
}

struct killer {
	pthread_t thread;
	pid_t pid[CROWD];
	uint64_t at;
	uint64_t gap;
};

static void *killer_run(void *arg)
{
	struct killer *killer = arg;
	unsigned int i;

	for (i = 0; i < CROWD; i++) {
		while (now_ns() < killer->at + i * killer->gap)
			;
		kill(killer->pid[i], SIGKILL);
	}
	return NULL;
}

/**
 * struct outcomes - what became of the messages
 * @delivered: their receiver lived to tell
 * @passed_on: they were there for the next receiver
 * @in_hand: received, and the receiver killed before it could tell
 * @impossible: anything else
 */
struct outcomes {
	unsigned int delivered;
	unsigned int passed_on;
	unsigned int in_hand;
	unsigned int impossible;
};

/* Where are they now, that nobody alive waits for any more? */
static void look_for_messages(int port, struct victims *victims,
			      uint64_t received_before,
			      struct outcomes *outcomes)
{
	static unsigned int message[LARGE / sizeof(unsigned int)];
	unsigned int i, left = 0, told = 0, gone;
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat;

	if (port_stat(port, &stat) || stat.taken || stat.waiting_receivers)
		outcomes->impossible++;
	gone = stat.received - received_before;
	for (i = 0; i < CROWD; i++) {
		told += victims->got[i];
		outcomes->impossible += victims->got[i] > 1;
	}
	for (; !msg_recv(port, message, sizeof(message), IPCBOX_NOWAIT, &recv);
	     left++)
		outcomes->impossible += victims->got[message[0] % CROWD]++ > 0;
	outcomes->impossible += left + gone != CROWD || told > gone;
	outcomes->delivered += told;
	outcomes->passed_on += left;
	outcomes->in_hand += gone - told;
}

static bool victims_round(int port, struct victims *victims, size_t len,
			  int64_t delay, struct outcomes *outcomes)
{
	static unsigned int message[LARGE / sizeof(unsigned int)];
	struct ipcbox_stat stat;
	struct killer killer;
	uint64_t start;
	unsigned int i;
	bool ok = true;

	memset(victims, 0, sizeof(*victims));
	for (i = 0; i < CROWD; i++)
		killer.pid[i] = victim_start(port, victims);
	if (!wait_for_waiters(port, 0, CROWD) || port_stat(port, &stat))
		return false;
	start = in_ns(MSEC / 2);
	killer.at = start + delay;
	killer.gap = len / 4 + 10000;
	pthread_create(&killer.thread, NULL, killer_run, &killer);
	while (now_ns() < start)
		;
	for (message[0] = 0; message[0] < CROWD; message[0]++)
		ok &= sys_write(port, message, len) == (ssize_t)len;
	pthread_join(killer.thread, NULL);
	for (i = 0; i < CROWD; i++)
		ok &= child_wait(killer.pid[i]) == 128 + SIGKILL;
	look_for_messages(port, victims, stat.received, outcomes);
	return ok;
}

/* The moments of the kills wander over those of the sends. */
static bool kill_receivers(struct __test_metadata *_metadata, int port,
			   size_t len)
{
	struct outcomes outcomes = {};
	uint64_t end = in_ns(6 * SEC);
	struct victims *victims;
	unsigned int n;

	victims = mmap(NULL, sizeof(*victims), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (n = 0; n < 1000 && (n < 30 || now_ns() < end); n++)
		if (!victims_round(port, victims, len,
				   (int64_t)(n % 60) * 10000 - 100000,
				   &outcomes))
			return false;
	TH_LOG("%u kills: %u messages delivered, %u passed on, %u in the hands of the dead",
	       n * CROWD, outcomes.delivered, outcomes.passed_on,
	       outcomes.in_hand);
	EXPECT_EQ(0, outcomes.impossible);
	EXPECT_LT(0, outcomes.delivered);
	EXPECT_LT(0, outcomes.passed_on);
	return n * CROWD >= 200;
}

TEST_F_TIMEOUT(race, receivers_are_killed_at_a_hand_off, 60)
{
	EXPECT_TRUE(kill_receivers(_metadata, self->port, 100));
	EXPECT_NO_MORE_PORTS(self, 2);
}

TEST_F_TIMEOUT(race, receivers_are_killed_copying_a_long_message, 60)
{
	EXPECT_TRUE(kill_receivers(_metadata, self->port, LARGE));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* The first in line is killed, the second must get what the first did not. */
TEST_F_TIMEOUT(race, the_next_receiver_gets_the_message_of_a_killed_one, 60)
{
	unsigned int round, first = 0, second = 0;
	uint64_t end = in_ns(4 * SEC);
	struct ipcbox_stat stat;
	struct call next;
	pid_t pid;

	for (round = 0; round < 1000 && (round < 60 || now_ns() < end); round++) {
		next = call_init(CALL_RECV, self->rendezvous);
		pid = spawn();
		if (!pid) {
			receive_type(self->rendezvous, 0);
			pause();
		}
		ASSERT_TRUE(wait_for_waiters(self->rendezvous, 0, 1));
		call_start(&next);
		ASSERT_TRUE(wait_for_waiters(self->rendezvous, 0, 2));
		if (round % 2)
			kill(pid, SIGKILL);
		ASSERT_EQ(0, msg_send(self->rendezvous, "one", 3, 0, 0, 0));
		if (!(round % 2))
			kill(pid, SIGKILL);
		ASSERT_EQ(128 + SIGKILL, child_wait(pid));
		ASSERT_EQ(0, port_stat(self->rendezvous, &stat));
		ASSERT_EQ(0, stat.messages);
		ASSERT_EQ(round + first + 1, stat.received);
		/* Whoever got it: the other one is still there for the next. */
		if (stat.waiting_receivers) {
			first++;
			ASSERT_EQ(0, msg_send(self->rendezvous, "two", 3, 0, 0, 0));
		} else {
			second++;
		}
		ASSERT_EQ(0, call_join(&next));
	}
	TH_LOG("%u rounds: %u by the first, %u by the next", round, first, second);
	EXPECT_LT(50, round);
	EXPECT_LT(0, first);
	EXPECT_LT(0, second);
}

/* Two sides that give up at the same moment */

static uint64_t both_deadline;

static int both_send(int port, size_t len)
{
	static char message[LARGE];
	struct ipcbox_send send = {
		.data = (uintptr_t)message,
		.len = len,
		.deadline = both_deadline,
	};

	return sys_ioctl(port, IPCBOX_SEND, &send);
}

static int both_receive(int port)
{
	static char buffer[LARGE];
	struct ipcbox_recv recv = { .deadline = both_deadline };

	return msg_recv(port, buffer, sizeof(buffer), 0, &recv);
}

/**
 * struct both - a sender and a receiver with the same deadline
 * @port: where they meet
 * @len: length of the message
 * @barrier: between them, at the beginning and at the end of each round
 * @sent: result of the one
 * @received: of the other
 */
struct both {
	int port;
	size_t len;
	pthread_barrier_t barrier;
	int sent;
	int received;
};

#define BOTH_ROUNDS	2000

static void *both_other(void *arg)
{
	struct both *both = arg;
	unsigned int i;

	for (i = 0; i < BOTH_ROUNDS; i++) {
		pthread_barrier_wait(&both->barrier);
		both->received = both_receive(both->port);
		pthread_barrier_wait(&both->barrier);
	}
	return NULL;
}

/* One of them comes so late that it meets the other's deadline. */
static unsigned int both_disagree(struct both *both, unsigned int *met)
{
	unsigned int i, disagreed = 0;
	pthread_t thread;

	pthread_barrier_init(&both->barrier, NULL, 2);
	pthread_create(&thread, NULL, both_other, both);
	for (i = 0; i < BOTH_ROUNDS; i++) {
		both_deadline = in_ns(300000 + i * 211 % 100000);
		pthread_barrier_wait(&both->barrier);
		while (now_ns() + (i * 7 % 60) * 1000 < both_deadline)
			;
		both->sent = both_send(both->port, both->len);
		pthread_barrier_wait(&both->barrier);
		*met += !both->sent;
		disagreed += both->sent != both->received ||
			     (both->sent && both->sent != -ETIMEDOUT);
	}
	pthread_join(thread, NULL);
	return disagreed;
}

TEST_F_TIMEOUT(race, both_sides_agree_on_who_met_a_deadline, 60)
{
	struct both both = { .port = self->rendezvous, .len = 64 };
	unsigned int met = 0;

	EXPECT_EQ(0, both_disagree(&both, &met));
	TH_LOG("%u of %u met", met, BOTH_ROUNDS);
	EXPECT_LT(0, met);
	EXPECT_GT(BOTH_ROUNDS, met);
	EXPECT_TRUE(wait_for_waiters(self->rendezvous, 0, 0));
}

TEST_F_TIMEOUT(race, both_sides_agree_on_a_long_message, 60)
{
	struct both both = { .port = self->rendezvous, .len = LARGE };
	unsigned int met = 0;

	EXPECT_EQ(0, both_disagree(&both, &met));
	TH_LOG("%u of %u met", met, BOTH_ROUNDS);
	EXPECT_LT(0, met);
	EXPECT_TRUE(wait_for_waiters(self->rendezvous, 0, 0));
}

/* Who waits longest */

TEST_F_TIMEOUT(race, receivers_are_served_in_the_order_of_their_coming, 60)
{
	struct call call[CROWD];
	unsigned int round, i;
	pid_t busy[2];

	for (i = 0; i < 2; i++) {
		busy[i] = spawn();
		while (!busy[i])
			;
	}
	for (round = 0; round < 15; round++) {
		for (i = 0; i < CROWD; i++) {
			call[i] = call_init(CALL_READ, self->port);
			call_start(&call[i]);
			ASSERT_TRUE(wait_for_waiters(self->port, 0, i + 1));
		}
		for (i = 0; i < CROWD; i++)
			ASSERT_EQ(0, msg_send(self->port, &"abcdefgh"[i], 1, 0, 0, 0));
		for (i = 0; i < CROWD; i++) {
			ASSERT_EQ(1, call_join(&call[i]));
			EXPECT_EQ("abcdefgh"[i], call[i].text[0]);
		}
	}
	for (i = 0; i < 2; i++) {
		kill(busy[i], SIGKILL);
		child_wait(busy[i]);
	}
}

/* Changes of capacity under traffic: each sender's messages stay in order. */

struct numbered {
	unsigned int sender;
	unsigned int n;
	char rest[LARGE - 8];
};

static void send_numbered(int port, struct shared *shared, unsigned int me)
{
	static struct numbered message;
	int ret;

	message.sender = me;
	while (!shared->stop) {
		ret = msg_send(port, &message, message.n % 3 ? 64 : LARGE, 0, 0,
			       message.n % 5 ? 0 : IPCBOX_NOWAIT);
		if (!ret)
			shared->count[me] = ++message.n;
		else if (ret != -EAGAIN && ret != -EDQUOT)
			wrong(shared, ret);
	}
	_exit(0);
}

static void receive_numbered(int port, struct shared *shared)
{
	static struct numbered message;
	unsigned int next[CROWD] = {};
	struct ipcbox_recv recv = {};
	int ret;

	for (;;) {
		ret = msg_recv(port, &message, sizeof(message), 0, &recv);
		if (ret || !message.n == !!next[message.sender] ||
		    (message.n && message.n != next[message.sender]))
			wrong(shared, ret ?: -EILSEQ);
		if (ret)
			_exit(1);
		next[message.sender] = message.n + 1;
		shared->count[CROWD - 1]++;
	}
}

static int set_capacity(int port, uint64_t messages, uint64_t bytes)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MESSAGES | IPCBOX_SET_MAX_BYTES |
			 IPCBOX_SET_MAX_MSGSIZE,
		.max_messages = messages,
		.max_bytes = bytes,
		.max_msgsize = LARGE,
	};

	return sys_ioctl(port, IPCBOX_SET, &set);
}

/* What the lock of a queue is for, also to those who look for data races. */
TEST_F_TIMEOUT(race, the_state_is_of_one_moment_under_traffic, 60)
{
	uint64_t end = in_ns(2 * SEC);
	unsigned int round, between = 0;
	struct ipcbox_stat stat;
	char byte;
	pid_t pid;

	pid = spawn();
	if (!pid)
		while (sys_write(self->port, "x", 1) == 1)
			sys_read(self->port, &byte, 1);
	for (round = 0; round < 1000000 && now_ns() < end; round++) {
		ASSERT_EQ(0, port_stat(self->port, &stat));
		between += stat.messages + stat.taken;
		if (stat.sent - stat.received != stat.messages + stat.taken)
			break;
	}
	EXPECT_EQ(stat.sent - stat.received, stat.messages + stat.taken);
	EXPECT_EQ(stat.bytes, stat.messages);
	EXPECT_LT(0, between);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
}

TEST_F_TIMEOUT(race, the_capacity_changes_under_traffic, 60)
{
	static const uint64_t messages[] = { 0, 1, 5, 0, IPCBOX_UNLIMITED, 2, 50 };
	struct shared *shared = self->shared;
	uint64_t end = in_ns(4 * SEC);
	unsigned int i, sent = 0, round;
	pid_t pid[4], receiver;
	struct ipcbox_stat stat;

	receiver = spawn();
	if (!receiver)
		receive_numbered(self->port, shared);
	for (i = 0; i < 4; i++) {
		pid[i] = spawn();
		if (!pid[i])
			send_numbered(self->port, shared, i);
	}
	for (round = 0; now_ns() < end; round++) {
		ASSERT_EQ(0, set_capacity(self->port, messages[round % 7],
					  round % 2 ? LARGE + round % 3 * 64 : 0));
		sleep_ns(round % 5 * 700000);
	}
	shared->stop = true;
	EXPECT_EQ(0, set_capacity(self->port, IPCBOX_UNLIMITED, 0));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(0, child_wait(pid[i]));
		sent += shared->count[i];
	}
	EXPECT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	TH_LOG("%u changes, %u messages", round, sent);
	EXPECT_EQ(sent, stat.sent);
	EXPECT_EQ(sent, atomic_load(&shared->count[CROWD - 1]));
	EXPECT_EQ(0, stat.messages);
	EXPECT_LT(100, sent);
	EXPECT_RIGHT(shared);
	kill(receiver, SIGKILL);
	child_wait(receiver);
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* A pinned payload is the sender's own memory, and is used again at once. */

static bool all_the_same(const char *buffer, size_t len)
{
	return !memcmp(buffer, buffer + 1, len - 1);
}

static void send_and_reuse(int port, struct shared *shared)
{
	static char message[LARGE];
	struct ipcbox_send send = {
		.data = (uintptr_t)message,
		.len = sizeof(message),
	};
	unsigned int i;
	int ret;

	for (i = 0; !shared->stop; i++) {
		memset(message, i, sizeof(message));
		send.deadline = in_ns(i % 7 * 50000);
		ret = sys_ioctl(port, IPCBOX_SEND, &send);
		if (ret && ret != -ETIMEDOUT)
			wrong(shared, ret);
		atomic_fetch_add(ret ? &shared->lost : &shared->won, 1);
	}
	_exit(0);
}

/* A receiver leaves a peek enough time to get in its way. */
static void look_or_take(int port, struct shared *shared, uint64_t flags,
			 atomic_uint *count)
{
	static char buffer[LARGE];
	struct ipcbox_recv recv = {};
	int ret;

	while (!shared->stop) {
		recv.deadline = in_ns(20 * MSEC);
		ret = msg_recv(port, buffer, sizeof(buffer), flags, &recv);
		if (ret && ret != -ETIMEDOUT)
			wrong(shared, ret);
		if (!ret && !all_the_same(buffer, sizeof(buffer)))
			wrong(shared, -EILSEQ);
		atomic_fetch_add(count, !ret);
		if (!flags)
			sleep_ns(300000);
	}
	_exit(0);
}

static bool peeked_enough(const struct shared *shared)
{
	return shared->won > 50 && shared->lost > 50 && shared->count[2] > 50;
}

TEST_F_TIMEOUT(race, a_peek_never_sees_a_mixture, 60)
{
	struct shared *shared = self->shared;
	pid_t pid[5];
	unsigned int i;

	for (i = 0; i < 5; i++) {
		pid[i] = spawn();
		if (pid[i])
			continue;
		if (i < 2)
			send_and_reuse(self->rendezvous, shared);
		else
			look_or_take(self->rendezvous, shared,
				     i < 4 ? IPCBOX_PEEK : 0, &shared->count[i]);
	}
	/* Longer on a machine on which that is next to nothing. */
	for (i = 0; i < 4 || (i < 40 && !peeked_enough(shared)); i++)
		sleep_ns(SEC);
	shared->stop = true;
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, child_wait(pid[i]));
	TH_LOG("%u sent, %u recalled, %u and %u peeks, %u received",
	       shared->won, shared->lost, shared->count[2], shared->count[3],
	       shared->count[4]);
	EXPECT_RIGHT(shared);
	EXPECT_TRUE(peeked_enough(shared));
	EXPECT_EQ(atomic_load(&shared->won), atomic_load(&shared->count[4]));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* Receivers that always fail */

static void fail_to_receive(int port, struct shared *shared, bool too_short)
{
	struct ipcbox_recv recv = {};
	char small[4];
	int ret;

	while (!shared->stop) {
		recv.deadline = in_ns(MSEC);
		ret = msg_recv(port, too_short ? small : (void *)8,
			       too_short ? sizeof(small) : LARGE, 0, &recv);
		if (ret == -EFAULT || ret == -EMSGSIZE)
			atomic_fetch_add(&shared->count[too_short], 1);
		else if (ret != -ETIMEDOUT)
			wrong(shared, ret);
	}
	_exit(0);
}

struct ranked {
	unsigned int n;
	unsigned int priority;
};

static bool ranked_before(const struct ranked *a, const struct ranked *b)
{
	return a->priority > b->priority ||
	       (a->priority == b->priority && a->n < b->n);
}

/* All of them, each once; counts the pairs that came the wrong way round. */
static unsigned int receive_ranked(int port, unsigned int n, unsigned int *seen,
				   uint64_t deadline)
{
	struct ranked last = { .priority = IPCBOX_PRIORITIES }, now;
	unsigned int inversions = 0;
	struct ipcbox_recv recv = { .deadline = deadline };

	while (n && !msg_recv(port, &now, sizeof(now), 0, &recv)) {
		inversions += !ranked_before(&last, &now);
		last = now;
		seen[now.n]++;
		n--;
	}
	return inversions;
}

#define RANKED	400

static void send_ranked(int port, unsigned int from, unsigned int to)
{
	struct ranked message;

	for (message.n = from; message.n < to; message.n++) {
		message.priority = message.n * 7919 % 5 * 7;
		if (msg_send(port, &message, sizeof(message), 1 + message.n % 3,
			     message.priority, 0))
			abort();
	}
}

TEST_F_TIMEOUT(race, failing_receivers_lose_nothing_and_keep_the_order, 60)
{
	struct shared *shared = self->shared;
	unsigned int seen[2 * RANKED] = {};
	unsigned int i, once = 0;
	pid_t pid[4];

	for (i = 0; i < 4; i++) {
		pid[i] = spawn();
		if (!pid[i])
			fail_to_receive(self->port, shared, i == 3);
	}
	send_ranked(self->port, 0, RANKED);
	sleep_ns(SEC);
	/* While they go on, what they hold is out of sight; nothing is lost. */
	receive_ranked(self->port, RANKED, seen, in_ns(20 * SEC));
	send_ranked(self->port, RANKED, 2 * RANKED);
	sleep_ns(SEC);
	shared->stop = true;
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, child_wait(pid[i]));
	/* Now all is in its place again. */
	EXPECT_EQ(0, receive_ranked(self->port, RANKED, seen, in_ns(20 * SEC)));
	for (i = 0; i < 2 * RANKED; i++)
		once += seen[i] == 1;
	EXPECT_EQ(2 * RANKED, once);
	EXPECT_RIGHT(shared);
	TH_LOG("%u bad addresses, %u short buffers", shared->count[0],
	       shared->count[1]);
	EXPECT_LT(100, atomic_load(&shared->count[0]));
	EXPECT_LT(10, atomic_load(&shared->count[1]));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* Polling: whoever is told nothing waits for ever. */

#define POLLED	3000

static bool poll_for(int epoll, struct shared *shared)
{
	struct epoll_event event;

	if (epoll_wait(epoll, &event, 1, 10000) == 1)
		return true;
	wrong(shared, -ETIME);
	return false;
}

static int epoll_on(int port, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, port, &event))
		abort();
	return epoll;
}

static void poll_and_send(int port, struct shared *shared)
{
	int epoll = epoll_on(port, EPOLLOUT);
	unsigned int i;

	for (i = 0; i < POLLED; i++)
		while (msg_send(port, &i, sizeof(i), 0, 0, IPCBOX_NOWAIT))
			if (!poll_for(epoll, shared))
				_exit(1);
	_exit(0);
}

static void poll_and_receive(int port, struct shared *shared)
{
	int epoll = epoll_on(port, EPOLLIN);
	struct ipcbox_recv recv = {};
	unsigned int i, n;

	for (i = 0; i < POLLED; i++) {
		while (msg_recv(port, &n, sizeof(n), IPCBOX_NOWAIT, &recv))
			if (!poll_for(epoll, shared))
				_exit(1);
		if (n != i)
			wrong(shared, -EILSEQ);
	}
	_exit(0);
}

static void just_receive(int port, struct shared *shared)
{
	struct ipcbox_recv recv = { .deadline = in_ns(40 * SEC) };
	unsigned int i, n;
	int ret;

	for (i = 0; i < POLLED; i++) {
		ret = msg_recv(port, &n, sizeof(n), 0, &recv);
		if (ret || n != i)
			wrong(shared, ret ?: -EILSEQ);
	}
	_exit(0);
}

typedef void (*side_fn)(int port, struct shared *shared);

static unsigned int two_sides(int port, struct shared *shared, side_fn one,
			      side_fn other)
{
	pid_t pid[2];

	pid[0] = spawn();
	if (!pid[0])
		one(port, shared);
	pid[1] = spawn();
	if (!pid[1])
		other(port, shared);
	return child_wait(pid[0]) + child_wait(pid[1]);
}

TEST_F_TIMEOUT(race, edges_are_not_missed_on_either_side, 60)
{
	int port = port_temporary(self->box, 1);

	EXPECT_EQ(0, two_sides(port, self->shared, poll_and_send,
			       poll_and_receive));
	EXPECT_RIGHT(self->shared);
	close(port);
}

TEST_F_TIMEOUT(race, edges_are_not_missed_at_a_rendezvous, 60)
{
	EXPECT_EQ(0, two_sides(self->rendezvous, self->shared, poll_and_send,
			       just_receive));
	EXPECT_RIGHT(self->shared);
}

/* Threads, and the ends of processes */

static void *wait_for_ever(void *arg)
{
	receive_type((intptr_t)arg, 7);
	return NULL;
}

static void *exec_true(void *arg)
{
	execl("/bin/true", "true", NULL);
	_exit(3);
}

static void start_waiting_threads(int port, unsigned int n)
{
	pthread_t thread;

	while (n--)
		if (pthread_create(&thread, NULL, wait_for_ever,
				   (void *)(intptr_t)port))
			_exit(4);
	if (!wait_for_waiters(port, 0, 20))
		_exit(5);
}

TEST_F_TIMEOUT(race, exec_while_other_threads_wait, 60)
{
	unsigned int round;
	pthread_t thread;
	pid_t pid;

	for (round = 0; round < 30; round++) {
		pid = spawn();
		if (!pid) {
			start_waiting_threads(self->port, 20);
			if (round % 2)
				exec_true(NULL);
			pthread_create(&thread, NULL, exec_true, NULL);
			wait_for_ever((void *)(intptr_t)self->port);
			_exit(6);
		}
		ASSERT_EQ(0, child_wait(pid));
		ASSERT_TRUE(wait_for_waiters(self->port, 0, 0));
	}
}

TEST_F_TIMEOUT(race, exit_while_other_threads_wait, 60)
{
	unsigned int round;
	pid_t pid;

	for (round = 0; round < 30; round++) {
		pid = spawn();
		if (!pid) {
			start_waiting_threads(self->port, 20);
			if (round % 2)
				raise(SIGTERM);
			_exit(0);
		}
		ASSERT_EQ(round % 2 ? 128 + SIGTERM : 0, child_wait(pid));
		ASSERT_TRUE(wait_for_waiters(self->port, 0, 0));
	}
}

/* The call goes on with the port it began on, as calls on files do. */
TEST_F(race, a_descriptor_closed_under_its_call)
{
	struct ipcbox_stat stat;
	int fd = dup(self->port), again;
	struct call call = call_init(CALL_READ, fd);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(0, close(fd));
	/* Another file behind the same number changes nothing. */
	again = port_temporary(self->box, 0);
	EXPECT_EQ(fd, again);
	EXPECT_EQ(2, sys_write(self->port, "me", 2));
	EXPECT_EQ(2, call_join(&call));
	EXPECT_EQ(0, memcmp("me", call.text, 2));
	ASSERT_EQ(0, port_stat(again, &stat));
	EXPECT_EQ(0, stat.received);
	close(again);
}

/* An owner dies while others are busy with its port. */
static void open_and_send(int box, struct shared *shared, unsigned int me)
{
	struct ipcbox_recv recv = {};
	int fd, ret;
	char byte;

	while (!shared->stop) {
		fd = port_open(box, "race-owned", IPCBOX_RIGHT_SEND);
		judge(shared, fd, -ENOENT);
		if (fd < 0) {
			/* Leave the processor to the next owner. */
			sleep_ns(100000);
			continue;
		}
		do {
			ret = msg_send(fd, "x", 1, 0, 0, 0);
		} while (!ret && !shared->stop);
		if (ret && ret != -EIDRM)
			wrong(shared, ret);
		ret = msg_recv(fd, &byte, 1, IPCBOX_NOWAIT, &recv);
		if (ret != -EBADF)
			wrong(shared, ret);
		close(fd);
	}
}

static void own_until_killed(int box)
{
	struct ipcbox_port_create attr = port_attr("race-owned");
	char byte;
	int fd;

	attr.owner = IPCBOX_OWNER_PROCESS;
	attr.max_messages = 2;
	fd = port_create(box, &attr);
	if (fd < 0)
		_exit(1);
	while (sys_read(fd, &byte, 1) == 1)
		;
	_exit(2);
}

TEST_F_TIMEOUT(race, owners_are_killed_while_others_use_their_ports, 60)
{
	struct shared *shared = self->shared;
	unsigned int round, i;
	pid_t pid[3], owner;
	uint64_t end;

	for (i = 0; i < 3; i++) {
		pid[i] = spawn();
		if (!pid[i]) {
			open_and_send(self->box, shared, i);
			_exit(0);
		}
	}
	/* The name is free for the next as soon as the last has been waited for. */
	end = in_ns(30 * SEC);
	for (round = 0; round < 100 || (shared->won < 50 && now_ns() < end);
	     round++) {
		owner = spawn();
		if (!owner)
			own_until_killed(self->box);
		sleep_ns(round % 20 * MSEC);
		kill(owner, SIGKILL);
		ASSERT_EQ(128 + SIGKILL, child_wait(owner));
	}
	shared->stop = true;
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, child_wait(pid[i]));
	EXPECT_RIGHT(shared);
	EXPECT_LE(50, atomic_load(&shared->won));
	EXPECT_EQ(-ENOENT, port_open(self->box, "race-owned", 0));
	EXPECT_NO_MORE_PORTS(self, 2);
}

/* A network namespace goes while handles on its ports are open elsewhere. */
static void wait_in_dying_namespace(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY), box, port;
	pid_t pid;

	if (unshare(CLONE_NEWNET))
		_exit(20);
	box = box_open();
	port = port_temporary(box, IPCBOX_UNLIMITED);
	if (port < 0)
		_exit(21);
	pid = spawn();
	if (!pid) {
		/* The last process in it is somewhere else from here on. */
		if (setns(home, CLONE_NEWNET))
			_exit(22);
		_exit(receive_type(port, 7) == -EIDRM ? 0 : 23);
	}
	if (!wait_for_waiters(port, 0, 1) || setns(home, CLONE_NEWNET))
		_exit(24);
	_exit(child_wait(pid));
}

TEST_F_TIMEOUT(race, the_end_of_a_namespace_wakes_those_who_wait, 60)
{
	unsigned int round;
	pid_t pid;

	for (round = 0; round < 5; round++) {
		pid = spawn();
		if (!pid)
			wait_in_dying_namespace();
		ASSERT_EQ(0, child_wait(pid));
	}
	EXPECT_NO_MORE_PORTS(self, 2);
}

TEST_HARNESS_MAIN
