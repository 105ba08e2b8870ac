// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting: how it ends by deadline, by signal and by deletion, that a hand-off
 * which races with any of them is accounted for, and who is woken
 */

#include <stdatomic.h>

#include "call.h"
#include "memory.h"

#include <kselftest_harness.h>

#define MANY	5000

FIXTURE(wait)
{
	int box;
	int rendezvous;
	int full;	/* of capacity 1, with one message of type 1, "full" */
	int empty;	/* without limits */
};

FIXTURE_SETUP(wait)
{
	self->box = box_open();
	ASSERT_LE(0, self->box);
	self->rendezvous = port_temporary(self->box, 0);
	ASSERT_LE(0, self->rendezvous);
	self->full = port_temporary(self->box, 1);
	ASSERT_LE(0, self->full);
	ASSERT_EQ(0, msg_send(self->full, "full", 4, 1, 0, 0));
	self->empty = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->empty);
}

FIXTURE_TEARDOWN(wait)
{
	close(self->rendezvous);
	close(self->full);
	close(self->empty);
	close(self->box);
}

static int send_until(int port, const char *text, uint64_t deadline)
{
	struct ipcbox_send send = {
		.data = (uintptr_t)text,
		.len = strlen(text),
		.deadline = deadline,
	};

	return sys_ioctl(port, IPCBOX_SEND, &send);
}

static int recv_until(int port, uint64_t type, uint64_t deadline)
{
	struct ipcbox_recv recv = { .type = type, .deadline = deadline };
	char buf[16];

	return msg_recv(port, buf, sizeof(buf), 0, &recv);
}

/* Deadlines */

TEST_F(wait, a_deadline_in_the_past_still_tries)
{
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->empty, 0, 1));
	EXPECT_EQ(0, send_until(self->empty, "hello", 1));
	EXPECT_EQ(0, recv_until(self->empty, 0, 1));
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->full, 2, 1));
	EXPECT_EQ(-ETIMEDOUT, send_until(self->full, "hello", 1));
	EXPECT_EQ(-ETIMEDOUT, send_until(self->rendezvous, "hello", 1));
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->rendezvous, 0, now_ns()));
}

TEST_F(wait, a_deadline_in_the_past_meets_a_waiting_receiver)
{
	struct call recv = call_init(CALL_RECV, self->rendezvous);
	int ret;

	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 0, 1));
	/* The message is handed over; whether in time, is up to the race. */
	ret = send_until(self->rendezvous, "hello", 1);
	if (ret) {
		EXPECT_EQ(-ETIMEDOUT, ret);
		EXPECT_EQ(0, send_until(self->rendezvous, "again", 0));
	}
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ(ret ? "again" : "hello", recv.text);
}

TEST_F(wait, a_deadline_is_neither_early_nor_forgotten)
{
	uint64_t deadline = in_ns(50 * MSEC);

	EXPECT_EQ(-ETIMEDOUT, recv_until(self->empty, 0, deadline));
	EXPECT_LE(deadline, now_ns());
	EXPECT_GE(deadline + 10 * SEC, now_ns());
	deadline = in_ns(50 * MSEC);
	EXPECT_EQ(-ETIMEDOUT, send_until(self->full, "hello", deadline));
	EXPECT_LE(deadline, now_ns());
	EXPECT_GE(deadline + 10 * SEC, now_ns());
}

TEST_F(wait, a_deadline_that_passes_changes_nothing)
{
	struct ipcbox_stat before[3], after[3];
	struct ipcbox_recv peek = { .deadline = in_ns(MSEC), .type = 9 };
	struct ipcbox_info info_before, info_after;

	ASSERT_EQ(0, port_stat(self->full, &before[0]));
	ASSERT_EQ(0, port_stat(self->rendezvous, &before[1]));
	ASSERT_EQ(0, port_stat(self->empty, &before[2]));
	ASSERT_EQ(0, box_info(self->box, &info_before));
	EXPECT_EQ(-ETIMEDOUT, send_until(self->full, "hello", in_ns(MSEC)));
	EXPECT_EQ(-ETIMEDOUT, send_until(self->rendezvous, "a", in_ns(MSEC)));
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->full, 2, in_ns(MSEC)));
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->empty, 0, in_ns(MSEC)));
	EXPECT_EQ(-ETIMEDOUT, msg_recv(self->full, NULL, 0, IPCBOX_PEEK,
				       &peek));
	ASSERT_EQ(0, port_stat(self->full, &after[0]));
	ASSERT_EQ(0, port_stat(self->rendezvous, &after[1]));
	ASSERT_EQ(0, port_stat(self->empty, &after[2]));
	ASSERT_EQ(0, box_info(self->box, &info_after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(after)));
	EXPECT_EQ(info_before.user_bytes, info_after.user_bytes);
}

TEST_F(wait, a_message_comes_before_the_deadline)
{
	struct call recv = call_init(CALL_RECV, self->empty);
	struct call send = call_text(self->full, "hello", 0);

	recv.recv.deadline = in_ns(60 * SEC);
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->empty, 0, 1));
	ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
	EXPECT_EQ(0, call_join(&recv));

	send.send.deadline = in_ns(60 * SEC);
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(self->full, 1, 0));
	EXPECT_EQ(0, recv_until(self->full, 0, 0));
	EXPECT_EQ(0, call_join(&send));
}

TEST_F(wait, the_end_of_time_is_a_deadline)
{
	static const uint64_t deadlines[] = {
		~0ULL, 1ULL << 63, (1ULL << 63) - 1,
	};
	struct call recv;
	int i;

	for (i = 0; i < ARRAY_SIZE(deadlines); i++) {
		recv = call_init(CALL_RECV, self->empty);
		recv.recv.deadline = deadlines[i];
		call_start(&recv);
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, 1));
		ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
		EXPECT_EQ(0, call_join(&recv));
	}
}

TEST_F(wait, nowait_comes_before_a_deadline)
{
	struct ipcbox_recv recv = { .deadline = in_ns(60 * SEC) };

	EXPECT_EQ(-EAGAIN, msg_recv(self->empty, NULL, 0, IPCBOX_NOWAIT,
				    &recv));
	recv.deadline = 1;
	EXPECT_EQ(-EAGAIN, msg_recv(self->empty, NULL, 0, IPCBOX_NOWAIT,
				    &recv));
}

/* Signals: the four ways of waiting */

static struct call waiting(int kind, int full, int empty)
{
	bool sends = kind == CALL_SEND || kind == CALL_WRITE;
	struct call call = call_text(sends ? full : empty, "hello", 0);

	call.kind = kind;
	return call;
}

static bool wait_for_call(const struct call *call)
{
	bool sends = call->kind == CALL_SEND || call->kind == CALL_WRITE;

	return wait_for_waiters(call->port, sends, !sends);
}

static atomic_int signals;

static void count_signal(int sig)
{
	signals++;
}

static void signal_count(int sig, int flags)
{
	struct sigaction action = {
		.sa_handler = count_signal,
		.sa_flags = flags,
	};

	sigaction(sig, &action, NULL);
}

static bool signal_and_wait(pthread_t thread, int sig)
{
	uint64_t end = in_ns(10 * SEC);
	int before = signals;

	pthread_kill(thread, sig);
	while (signals == before && now_ns() < end)
		sched_yield();
	return signals != before;
}

TEST_F(wait, a_signal_interrupts)
{
	struct ipcbox_stat before[2], after[2];
	struct call call;
	int kind;

	signal_count(SIGUSR1, 0);
	ASSERT_EQ(0, port_stat(self->full, &before[0]));
	ASSERT_EQ(0, port_stat(self->empty, &before[1]));
	for (kind = CALL_SEND; kind <= CALL_READ; kind++) {
		call = waiting(kind, self->full, self->empty);
		call_start(&call);
		ASSERT_TRUE(wait_for_call(&call));
		ASSERT_TRUE(signal_and_wait(call.thread, SIGUSR1));
		EXPECT_EQ(-EINTR, call_join(&call)) TH_LOG("kind %d", kind);
	}
	ASSERT_EQ(0, port_stat(self->full, &after[0]));
	ASSERT_EQ(0, port_stat(self->empty, &after[1]));
	EXPECT_EQ(0, memcmp(before, after, sizeof(after)));
}

TEST_F(wait, a_signal_with_sa_restart_does_not)
{
	struct call call;
	char buf[8];
	int kind, i;

	signal_count(SIGUSR1, SA_RESTART);
	for (kind = CALL_SEND; kind <= CALL_READ; kind++) {
		call = waiting(kind, self->full, self->empty);
		call_start(&call);
		for (i = 0; i < 5; i++) {
			ASSERT_TRUE(wait_for_call(&call));
			ASSERT_TRUE(signal_and_wait(call.thread, SIGUSR1));
		}
		ASSERT_TRUE(wait_for_call(&call));
		if (call.port == self->empty) {
			ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
		} else {
			ASSERT_EQ(4 + (kind == CALL_WRITE),
				  sys_read(self->full, buf, sizeof(buf)));
		}
		EXPECT_LE(0, call_join(&call)) TH_LOG("kind %d", kind);
	}
}

TEST_F(wait, a_deadline_holds_over_restarts)
{
	struct call recv = call_init(CALL_RECV, self->empty);
	struct call send = call_text(self->full, "hello", 0);
	uint64_t deadline = in_ns(300 * MSEC);
	int i;

	signal_count(SIGUSR1, SA_RESTART);
	recv.recv.deadline = deadline;
	send.send.deadline = deadline;
	call_start(&recv);
	call_start(&send);
	for (i = 0; i < 5; i++) {
		pthread_kill(recv.thread, SIGUSR1);
		pthread_kill(send.thread, SIGUSR1);
		sched_yield();
	}
	EXPECT_EQ(-ETIMEDOUT, call_join(&recv));
	EXPECT_EQ(-ETIMEDOUT, call_join(&send));
	EXPECT_LE(deadline, now_ns());
	EXPECT_GE(deadline + 10 * SEC, now_ns());
}

TEST_F(wait, a_killed_waiter_is_gone)
{
	pid_t pids[2];
	char buf[8];
	int i;

	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			if (i)
				sys_write(self->full, "hello", 5);
			else
				sys_read(self->empty, buf, sizeof(buf));
			_exit(1);
		}
	}
	ASSERT_TRUE(wait_for_waiters(self->full, 1, 0));
	ASSERT_TRUE(wait_for_waiters(self->empty, 0, 1));
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, child_wait(pids[i]));
	}
	EXPECT_TRUE(wait_for_waiters(self->full, 0, 0));
	EXPECT_TRUE(wait_for_waiters(self->empty, 0, 0));
	EXPECT_EQ(0, recv_until(self->full, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->full, 0, 1));
}

/*
 * Races: a sender and a receiver meet while signals and deadlines try to tear
 * them apart. Of every message, the send succeeded if and only if it was
 * received, once.
 */

struct race {
	int port;
	size_t len;
	uint64_t send_patience;	/* ns, or 0 for no deadline */
	uint64_t recv_patience;
	int rounds;
	atomic_bool done;
	unsigned char sent[MANY];
	unsigned char received[MANY];
	int sends_torn;
	int recvs_torn;
	int wrong;		/* content */
	int unexpected;		/* errno */
};

static uint64_t deadline_of(uint64_t patience, int round)
{
	/* Some pass at once, some at about the hand-off, some after it. */
	return patience ? in_ns(patience * (round % 16) / 8) : 0;
}

static bool race_torn(int ret)
{
	return ret == -EINTR || ret == -ETIMEDOUT;
}

static void *race_send(void *arg)
{
	struct race *race = arg;
	int *data = calloc(1, race->len);
	int i, ret;

	for (i = 0; i < race->rounds; i++) {
		struct ipcbox_send send = {
			.data = (uintptr_t)data,
			.len = race->len,
			.deadline = deadline_of(race->send_patience, i),
		};

		data[0] = i;
		data[race->len / sizeof(int) - 1] = ~i;
		ret = sys_ioctl(race->port, IPCBOX_SEND, &send);
		race->sent[i] = !ret;
		if (race_torn(ret))
			race->sends_torn++;
		else if (ret)
			race->unexpected = ret;
	}
	free(data);
	race->done = true;
	return NULL;
}

static void race_receive_one(struct race *race, int *data, int round)
{
	const int last = race->len / sizeof(int) - 1;
	struct ipcbox_recv recv = {
		.deadline = deadline_of(race->recv_patience, round),
	};
	int ret;

	if (!recv.deadline)
		recv.deadline = in_ns(10 * MSEC);
	ret = msg_recv(race->port, data, race->len, 0, &recv);
	if (race_torn(ret))
		race->recvs_torn++;
	else if (ret)
		race->unexpected = ret;
	else if (data[0] < 0 || data[0] >= race->rounds ||
		 data[last] != ~data[0])
		race->wrong++;
	else
		race->received[data[0]]++;
}

static void *race_receive(void *arg)
{
	struct race *race = arg;
	int *data = calloc(1, race->len);
	struct ipcbox_stat stat;
	int round = 0;

	do {
		race_receive_one(race, data, round++);
	} while (!race->done);
	while (!port_stat(race->port, &stat) && stat.messages)
		race_receive_one(race, data, 15);
	free(data);
	return NULL;
}

/* Number of messages that are not accounted for; -1 if nothing was sent. */
static int race_run(struct race *race, bool pelt_sender, bool pelt_receiver)
{
	pthread_t sender, receiver;
	int i, total = 0, bad = 0;

	signal_count(SIGUSR1, 0);
	if (pthread_create(&receiver, NULL, race_receive, race) ||
	    pthread_create(&sender, NULL, race_send, race))
		abort();
	while (!race->done) {
		if (pelt_sender)
			pthread_kill(sender, SIGUSR1);
		if (pelt_receiver)
			pthread_kill(receiver, SIGUSR1);
		sleep_ns(20000);
	}
	pthread_join(sender, NULL);
	pthread_join(receiver, NULL);
	for (i = 0; i < race->rounds; i++) {
		bad += race->sent[i] != race->received[i];
		total += race->sent[i];
	}
	fprintf(stderr, "# %d of %d sent, torn apart: %d sends, %d receives\n",
		total, race->rounds, race->sends_torn, race->recvs_torn);
	return total ? bad : -1;
}

FIXTURE(race)
{
	int box;
	struct race *race;
};

FIXTURE_VARIANT(race)
{
	uint64_t max_messages;
	size_t len;
	int rounds;
};

FIXTURE_VARIANT_ADD(race, rendezvous)
{
	.max_messages = 0,
	.len = 8,
	.rounds = MANY,
};

FIXTURE_VARIANT_ADD(race, large_rendezvous)
{
	.max_messages = 0,
	.len = 40000,
	.rounds = 2000,
};

FIXTURE_VARIANT_ADD(race, one_message)
{
	.max_messages = 1,
	.len = 8,
	.rounds = MANY,
};

FIXTURE_SETUP(race)
{
	self->box = box_open();
	ASSERT_LE(0, self->box);
	self->race = calloc(1, sizeof(*self->race));
	self->race->port = port_temporary(self->box, variant->max_messages);
	ASSERT_LE(0, self->race->port);
	self->race->len = variant->len;
	self->race->rounds = variant->rounds;
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, self->race->wrong);
	EXPECT_EQ(0, self->race->unexpected);
	close(self->race->port);
	close(self->box);
}

TEST_F(race, a_signal_to_the_sender_races_with_the_hand_off)
{
	EXPECT_EQ(0, race_run(self->race, true, false));
}

TEST_F(race, a_signal_to_the_receiver_races_with_the_hand_off)
{
	EXPECT_EQ(0, race_run(self->race, false, true));
}

TEST_F(race, signals_to_both_race_with_the_hand_off)
{
	EXPECT_EQ(0, race_run(self->race, true, true));
}

TEST_F(race, deadlines_of_both_race_with_the_hand_off)
{
	self->race->send_patience = 100000;
	self->race->recv_patience = 100000;
	EXPECT_EQ(0, race_run(self->race, false, false));
}

TEST_F(race, signals_and_deadlines_race_with_the_hand_off)
{
	self->race->send_patience = 200000;
	self->race->recv_patience = 200000;
	EXPECT_EQ(0, race_run(self->race, true, true));
}

/* Who is woken */

TEST_F(wait, the_longest_waiting_receiver_is_woken_and_no_other)
{
	struct call recvs[5];
	struct ipcbox_stat stat;
	char text[2] = "0";
	int i;

	for (i = 0; i < 5; i++) {
		recvs[i] = call_init(CALL_RECV, self->empty);
		call_start(&recvs[i]);
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, i + 1));
	}
	for (i = 0; i < 5; i++) {
		text[0] = '0' + i;
		ASSERT_EQ(1, sys_write(self->empty, text, 1));
		ASSERT_EQ(0, call_join(&recvs[i]));
		EXPECT_STREQ(text, recvs[i].text);
		ASSERT_EQ(0, port_stat(self->empty, &stat));
		EXPECT_EQ(4 - i, stat.waiting_receivers);
		EXPECT_EQ(i + 1, stat.received);
	}
}

TEST_F(wait, the_longest_waiting_receiver_whose_filter_accepts)
{
	static const uint64_t types[] = { 7, 8, 0, 7 };
	struct call recvs[4];
	int i;

	for (i = 0; i < 4; i++) {
		recvs[i] = call_init(CALL_RECV, self->empty);
		recvs[i].recv.type = types[i];
		call_start(&recvs[i]);
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, i + 1));
	}
	ASSERT_EQ(0, msg_send(self->empty, "1", 1, 8, 0, 0));
	ASSERT_EQ(0, call_join(&recvs[1]));
	EXPECT_STREQ("1", recvs[1].text);
	ASSERT_EQ(0, msg_send(self->empty, "2", 1, 8, 0, 0));
	ASSERT_EQ(0, call_join(&recvs[2]));
	EXPECT_STREQ("2", recvs[2].text);
	ASSERT_EQ(0, msg_send(self->empty, "0", 1, 7, 0, 0));
	ASSERT_EQ(0, call_join(&recvs[0]));
	EXPECT_STREQ("0", recvs[0].text);
	ASSERT_EQ(0, msg_send(self->empty, "3", 1, 7, 0, 0));
	ASSERT_EQ(0, call_join(&recvs[3]));
	EXPECT_STREQ("3", recvs[3].text);
}

/* Of those who see a message, some only look at it, and some have no room. */
TEST_F(wait, receivers_of_one_type_and_of_all_see_a_message_in_turn)
{
	static const struct {
		uint64_t type;
		uint64_t flags;
		size_t room;
		int ret;
	} waits[] = {
		{ 7, IPCBOX_PEEK, 8, 0 },
		{ 0, IPCBOX_PEEK, 8, 0 },
		{ 7, 0, 4, -EMSGSIZE },
		{ 0, 0, 4, -EMSGSIZE },
		{ 7, 0, 8, 0 },
		{ 7, IPCBOX_PEEK, 8, 0 },
		{ 0, 0, 8, 0 },
	};
	struct call recvs[7];
	struct ipcbox_stat stat;
	int i;

	for (i = 0; i < 7; i++) {
		recvs[i] = call_init(CALL_RECV, self->empty);
		recvs[i].recv.type = waits[i].type;
		recvs[i].recv.flags = waits[i].flags;
		recvs[i].data = recvs[i].text;
		recvs[i].len = waits[i].room;
		call_start(&recvs[i]);
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, i + 1));
	}
	ASSERT_EQ(0, msg_send(self->empty, "hello", 5, 7, 0, 0));
	for (i = 2; i < 5; i++)
		EXPECT_EQ(waits[i].ret, call_join(&recvs[i]));
	EXPECT_STREQ("hello", recvs[4].text);
	/* Who looks finds nothing there any more, and waits on. */
	ASSERT_TRUE(wait_for_waiters(self->empty, 0, 4));
	ASSERT_EQ(0, msg_send(self->empty, "world", 5, 7, 0, 0));
	EXPECT_EQ(0, call_join(&recvs[6]));
	EXPECT_STREQ("world", recvs[6].text);
	/* Until one stays. */
	ASSERT_TRUE(wait_for_waiters(self->empty, 0, 3));
	ASSERT_EQ(0, msg_send(self->empty, "!", 1, 7, 0, 0));
	for (i = 0; i < 6; i++)
		if (i < 2 || i > 4)
			EXPECT_EQ(0, call_join(&recvs[i]));
	ASSERT_EQ(0, port_stat(self->empty, &stat));
	EXPECT_EQ(2, stat.received);
	EXPECT_EQ(1, stat.messages);
}

#define SELECTIVE	60
#define TYPES		4

/* Whom a message of this type goes to, as the manual says it. */
static int longest_waiting(const uint64_t *types, const bool *gone,
			   uint64_t type)
{
	int i;

	for (i = 0; i < SELECTIVE; i++)
		if (!gone[i] && (!types[i] || types[i] == type))
			return i;
	return -1;
}

TEST_F(wait, many_receivers_of_some_types)
{
	static struct call recvs[SELECTIVE];
	uint64_t types[SELECTIVE], type;
	bool gone[SELECTIVE] = {};
	int i, next, left = SELECTIVE;

	srandom(1);
	call_catch(SIGUSR1, 0);
	for (i = 0; i < SELECTIVE; i++) {
		types[i] = random() % TYPES;
		recvs[i] = call_init(CALL_RECV, self->empty);
		recvs[i].recv.type = types[i];
		call_start(&recvs[i]);
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, i + 1));
	}
	while (left) {
		/* Some give up, from the midst of the others. */
		i = random() % SELECTIVE;
		if (!gone[i] && random() % 2) {
			pthread_kill(recvs[i].thread, SIGUSR1);
			ASSERT_EQ(-EINTR, call_join(&recvs[i]));
			gone[i] = true;
			left--;
		}
		type = random() % TYPES;
		next = longest_waiting(types, gone, type);
		if (next < 0)
			continue;
		ASSERT_EQ(0, msg_send(self->empty, "x", 1, type, 0, 0));
		ASSERT_EQ(0, call_join(&recvs[next]));
		ASSERT_EQ(type, recvs[next].recv.msg_type);
		gone[next] = true;
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, --left));
	}
}

TEST_F(wait, a_receiver_that_gave_up_is_passed_over)
{
	struct call recvs[2];
	int i;

	call_catch(SIGUSR1, 0);
	for (i = 0; i < 2; i++) {
		recvs[i] = call_init(CALL_RECV, self->empty);
		call_start(&recvs[i]);
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, i + 1));
	}
	pthread_kill(recvs[0].thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&recvs[0]));
	ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
	EXPECT_EQ(0, call_join(&recvs[1]));
	EXPECT_STREQ("hello", recvs[1].text);
}

/* Some wait with too short a buffer: they are told, who has room gets it. */
TEST_F(wait, a_receiver_with_room_is_found_behind_those_without)
{
	struct call recvs[3];
	int i;

	for (i = 0; i < 3; i++) {
		recvs[i] = call_init(CALL_RECV, self->empty);
		recvs[i].data = recvs[i].text;
		recvs[i].len = i == 1 ? 5 : 4;
		call_start(&recvs[i]);
		ASSERT_TRUE(wait_for_waiters(self->empty, 0, i + 1));
	}
	ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
	EXPECT_EQ(-EMSGSIZE, call_join(&recvs[0]));
	EXPECT_EQ(5, recvs[0].recv.msg_len);
	EXPECT_EQ(0, call_join(&recvs[1]));
	EXPECT_STREQ("hello", recvs[1].text);
	ASSERT_EQ(4, sys_write(self->empty, "four", 4));
	EXPECT_EQ(0, call_join(&recvs[2]));
}

/*
 * A child that is held in the copy of the message: told through a pipe. Its
 * receive is already certain to have taken the message.
 */
static pid_t receiver_held(int port, int pipe)
{
	struct call recv = call_init(CALL_RECV, port);
	struct held held;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (!held_init(&held, 0))
		_exit(4);
	recv.data = held.page;
	recv.len = PAGE;
	call_start(&recv);
	if (!held_wait(&held) || write(pipe, "x", 1) != 1)
		_exit(1);
	pause();
	_exit(1);
}

TEST_F(wait, a_receiver_killed_while_it_copies_leaves_the_message)
{
	struct ipcbox_stat stat;
	int pipes[2];
	char buf[8];
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = receiver_held(self->empty, pipes[1]);
	close(pipes[1]);
	ASSERT_TRUE(wait_for_waiters(self->empty, 0, 1));
	ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
	ASSERT_EQ(5, sys_write(self->empty, "world", 5));
	if (read(pipes[0], buf, 1) != 1)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, port_stat(self->empty, &stat));
	EXPECT_EQ(1, stat.taken);
	EXPECT_EQ(1, stat.messages);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	ASSERT_EQ(5, sys_read(self->empty, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp("hello", buf, 5));
	ASSERT_EQ(5, sys_read(self->empty, buf, sizeof(buf)));
	ASSERT_EQ(0, port_stat(self->empty, &stat));
	EXPECT_EQ(0, stat.taken);
	EXPECT_EQ(2, stat.received);
	EXPECT_EQ(2, stat.sent);
}

TEST_F(wait, a_receiver_killed_while_it_copies_is_followed_by_the_next)
{
	struct call next = call_init(CALL_RECV, self->rendezvous);
	struct call send = call_text(self->rendezvous, "hello", 0);
	struct ipcbox_stat stat;
	int pipes[2];
	char buf[8];
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = receiver_held(self->rendezvous, pipes[1]);
	close(pipes[1]);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 0, 1));
	call_start(&send);
	if (read(pipes[0], buf, 1) != 1)
		SKIP(_exit(255), "no userfaultfd");
	call_start(&next);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 1));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(0, call_join(&next));
	EXPECT_STREQ("hello", next.text);
	EXPECT_EQ(0, call_join(&send));
	ASSERT_EQ(0, port_stat(self->rendezvous, &stat));
	EXPECT_EQ(1, stat.sent);
	EXPECT_EQ(1, stat.received);
}

/* Deletion */

static void *poll_port(void *arg)
{
	struct pollfd *pollfd = arg;

	if (poll(pollfd, 1, 20000) != 1)
		pollfd->revents = 0;
	return NULL;
}

TEST_F(wait, deletion_ends_all_waits)
{
	struct call sends[3], recvs[4];
	struct pollfd polls[2];
	pthread_t pollers[2];
	int port = self->rendezvous, i;

	/* Receivers and senders that do not want each other. */
	for (i = 0; i < 3; i++) {
		sends[i] = call_text(port, "hello", i);
		sends[i].send.type = 8;
		sends[i].send.deadline = i == 2 ? in_ns(60 * SEC) : 0;
		call_start(&sends[i]);
	}
	for (i = 0; i < 4; i++) {
		recvs[i] = call_init(CALL_RECV, port);
		recvs[i].recv.type = 7 + (i & 2);
		recvs[i].recv.flags = i == 1 ? IPCBOX_PEEK : 0;
		recvs[i].recv.deadline = i == 3 ? in_ns(60 * SEC) : 0;
		call_start(&recvs[i]);
	}
	ASSERT_TRUE(wait_for_waiters(port, 3, 4));
	for (i = 0; i < 2; i++) {
		polls[i] = (struct pollfd){ .fd = port, .events = POLLPRI };
		ASSERT_EQ(0, pthread_create(&pollers[i], NULL, poll_port,
					    &polls[i]));
	}
	sleep_ns(20 * MSEC);
	ASSERT_EQ(0, port_delete_id(self->box, port_id(port)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EIDRM, call_join(&sends[i]));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(-EIDRM, call_join(&recvs[i]));
	for (i = 0; i < 2; i++) {
		pthread_join(pollers[i], NULL);
		EXPECT_EQ(POLLHUP | POLLERR, polls[i].revents);
	}
}

TEST_F(wait, deletion_ends_reads_and_writes)
{
	struct call write = call_text(self->full, "hello", 0);
	struct call read = call_init(CALL_READ, self->empty);

	write.kind = CALL_WRITE;
	call_start(&write);
	call_start(&read);
	ASSERT_TRUE(wait_for_waiters(self->full, 1, 0));
	ASSERT_TRUE(wait_for_waiters(self->empty, 0, 1));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->full)));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->empty)));
	EXPECT_EQ(-EIDRM, call_join(&write));
	EXPECT_EQ(-EIDRM, call_join(&read));
}

TEST_F(wait, deletion_frees_what_is_queued_and_what_waits)
{
	struct call large = call_init(CALL_SEND, self->rendezvous);
	struct ipcbox_info before, after;

	ASSERT_EQ(0, box_info(self->box, &before));
	ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
	large.data = calloc(1, 100000);
	large.len = 100000;
	call_start(&large);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->rendezvous)));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->empty)));
	EXPECT_EQ(-EIDRM, call_join(&large));
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.user_bytes, after.user_bytes);
}

/* A message that a receiver is copying at this moment is delivered. */
TEST_F(wait, deletion_while_a_sent_message_is_copied)
{
	struct call recv = call_init(CALL_RECV, self->empty);
	struct held held;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(5, sys_write(self->empty, "hello", 5));
	recv.data = held.page;
	recv.len = PAGE;
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->empty)));
	held_release(&held);
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_EQ(5, recv.recv.msg_len);
	EXPECT_STREQ("hello", held.page);
}

/* If its sender still waits: both have it, or neither has. */
TEST_F(wait, deletion_while_a_rendezvous_is_copied)
{
	struct call send = call_text(self->rendezvous, "hello", 0);
	struct call recv = call_init(CALL_RECV, self->rendezvous);
	struct held held;
	int sent;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	recv.data = held.page;
	recv.len = PAGE;
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->rendezvous)));
	held_release(&held);
	sent = call_join(&send);
	EXPECT_TRUE(!sent || sent == -EIDRM);
	EXPECT_EQ(sent, call_join(&recv));
}

/* The receive fails and the port is gone: so is the message. */
TEST_F(wait, deletion_while_a_receive_fails)
{
	struct call recv = call_init(CALL_RECV, self->empty);
	char data[2 * PAGE] = {};
	struct ipcbox_info before, after;
	struct held held;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, box_info(self->box, &before));
	ASSERT_EQ(sizeof(data), sys_write(self->empty, data, sizeof(data)));
	recv.data = held.page;
	recv.len = sizeof(data);
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->empty)));
	held_release(&held);
	EXPECT_EQ(-EFAULT, call_join(&recv));
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.user_bytes, after.user_bytes);
}

/* A sender and a receiver meet while the port is deleted: both or neither. */
TEST_F(wait, deletion_races_with_a_rendezvous)
{
	struct call send, recv;
	int i, port, met = 0;

	for (i = 0; i < 500; i++) {
		port = port_temporary(self->box, 0);
		ASSERT_LE(0, port);
		send = call_text(port, "hello", 0);
		recv = call_init(CALL_RECV, port);
		call_start(&send);
		call_start(&recv);
		sleep_ns(i % 50 * 4000);
		ASSERT_EQ(0, port_delete_id(self->box, port_id(port)));
		call_join(&send);
		ASSERT_EQ(send.ret, call_join(&recv));
		ASSERT_TRUE(!send.ret || send.ret == -EIDRM);
		met += !send.ret;
		close(port);
	}
	fprintf(stderr, "# %d of 500 met\n", met);
}

TEST_HARNESS_MAIN
