// SPDX-License-Identifier: GPL-2.0-only
/*
 * Broadcasting: every receiver gets every message (IPCBOX_SHARE_ALL and
 * IPCBOX_SHARE_ALL_LOSSY)
 */

#include <stdatomic.h>
#include <sys/mman.h>

#include "call.h"
#include "expect.h"

#include <kselftest_harness.h>

#define CAPACITY	4
#define RECEIVERS	3
#define LARGE		(200UL << 10)

FIXTURE(broadcast)
{
	int box;
	int port;			/* sends only; IPCBOX_SHARE_ALL */
	int lossy;			/* likewise; IPCBOX_SHARE_ALL_LOSSY */
	int receivers[RECEIVERS];	/* of port */
	int losers[RECEIVERS];		/* of lossy */
	struct ipcbox_info before;
};

static int port_of_all(int box, const char *name, uint32_t sharing)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.sharing = sharing;
	attr.rights = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_MANAGE;
	attr.max_messages = CAPACITY;
	return port_create(box, &attr);
}

FIXTURE_SETUP(broadcast)
{
	int i;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_of_all(self->box, "all", IPCBOX_SHARE_ALL);
	ASSERT_LE(0, self->port);
	self->lossy = port_of_all(self->box, "lossy", IPCBOX_SHARE_ALL_LOSSY);
	ASSERT_LE(0, self->lossy);
	for (i = 0; i < RECEIVERS; i++) {
		self->receivers[i] = port_open(self->box, "all",
					       IPCBOX_RIGHT_RECV);
		ASSERT_LE(0, self->receivers[i]);
		self->losers[i] = port_open(self->box, "lossy",
					    IPCBOX_RIGHT_RECV);
		ASSERT_LE(0, self->losers[i]);
	}
	ASSERT_EQ(0, box_info(self->box, &self->before));
}

FIXTURE_TEARDOWN(broadcast)
{
	int i;

	for (i = 0; i < RECEIVERS; i++) {
		close(self->receivers[i]);
		close(self->losers[i]);
	}
	close(self->port);
	close(self->lossy);
	close(self->box);
}

static int send_now(int port, const char *text, uint32_t priority)
{
	return msg_send(port, text, strlen(text), 0, priority, IPCBOX_NOWAIT);
}

/* What is received next, or the error. */
static const char *next(int port)
{
	static char text[64];
	struct ipcbox_recv recv = {};
	int ret;

	memset(text, 0, sizeof(text));
	ret = msg_recv(port, text, sizeof(text) - 1, IPCBOX_NOWAIT, &recv);
	return ret == -EAGAIN ? "nothing" : ret ? strerror(-ret) : text;
}

TEST_F(broadcast, all_get_all_in_one_order)
{
	int i;

	ASSERT_EQ(0, send_now(self->port, "low", 0));
	ASSERT_EQ(0, send_now(self->port, "high", 9));
	ASSERT_EQ(0, send_now(self->port, "low too", 0));
	for (i = 0; i < RECEIVERS; i++) {
		EXPECT_STREQ("high", next(self->receivers[i]));
		EXPECT_STREQ("low", next(self->receivers[i]));
		EXPECT_STREQ("low too", next(self->receivers[i]));
		EXPECT_STREQ("nothing", next(self->receivers[i]));
	}
	EXPECT_STAT(self->port, sent, 3);
	EXPECT_STAT(self->port, received, 3 * RECEIVERS);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(broadcast, each_copy_says_the_same)
{
	struct ipcbox_recv recv, first;
	char text[8];
	int i;

	ASSERT_EQ(0, msg_send(self->port, "seven", 5, 7, 3, 0));
	for (i = 0; i < RECEIVERS; i++) {
		recv = (struct ipcbox_recv){ .type = 7 };
		ASSERT_EQ(0, msg_recv(self->receivers[i], text, 8, 0, &recv));
		if (!i)
			first = recv;
		EXPECT_EQ(0, memcmp(&first, &recv, sizeof(recv)));
	}
	EXPECT_EQ(getpid(), first.sender_pid);
	EXPECT_EQ(7, first.msg_type);
	EXPECT_EQ(3, first.msg_priority);
	EXPECT_EQ(5, first.msg_len);
}

TEST_F(broadcast, waiting_receivers_all_wake)
{
	struct call calls[RECEIVERS];
	int i;

	for (i = 0; i < RECEIVERS; i++) {
		calls[i] = call_init(CALL_RECV, self->receivers[i]);
		call_start(&calls[i]);
	}
	ASSERT_TRUE(wait_for_waiters(self->port, 0, RECEIVERS));
	ASSERT_EQ(0, send_now(self->port, "one", 0));
	for (i = 0; i < RECEIVERS; i++) {
		EXPECT_EQ(0, call_join(&calls[i]));
		EXPECT_STREQ("one", calls[i].text);
	}
}

TEST_F(broadcast, one_payload_is_shared)
{
	char *data = malloc(LARGE);
	struct ipcbox_info info;
	uint64_t overhead;
	int i;

	memset(data, 'x', LARGE);
	ASSERT_EQ(0, msg_send(self->port, data, LARGE, 0, 0, 0));
	ASSERT_EQ(0, box_info(self->box, &info));
	overhead = (1 + RECEIVERS) * info.msg_overhead;
	EXPECT_EQ(self->before.user_bytes + LARGE + overhead, info.user_bytes);
	for (i = 0; i < RECEIVERS; i++) {
		memset(data, 0, LARGE);
		EXPECT_EQ(LARGE, sys_read(self->receivers[i], data, LARGE));
		EXPECT_EQ('x', data[0]);
		EXPECT_EQ('x', data[LARGE - 1]);
	}
	EXPECT_NOTHING_CHARGED(self);
	free(data);
}

TEST_F(broadcast, one_has_what_was_sent_while_it_was_open)
{
	int late;

	ASSERT_EQ(0, send_now(self->port, "before", 0));
	late = port_open(self->box, "all", IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, late);
	EXPECT_STREQ("nothing", next(late));
	ASSERT_EQ(0, send_now(self->port, "after", 0));
	EXPECT_STREQ("after", next(late));
	EXPECT_STREQ("before", next(self->receivers[0]));
	close(late);
}

TEST_F(broadcast, without_receivers_messages_are_gone)
{
	int i;

	for (i = 0; i < RECEIVERS; i++) {
		close(self->receivers[i]);
		self->receivers[i] = -1;
	}
	for (i = 0; i < 3 * CAPACITY; i++)
		EXPECT_EQ(0, send_now(self->port, "nobody", 0));
	EXPECT_STAT(self->port, sent, 3 * CAPACITY);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(broadcast, a_slow_receiver_holds_up_the_sender)
{
	struct pollfd room = { .fd = self->port, .events = POLLOUT };
	struct call call = call_text(self->port, "last", 0);
	int i;

	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_now(self->port, "x", 0));
	EXPECT_EQ(0, poll(&room, 1, 0));
	EXPECT_EQ(-EAGAIN, send_now(self->port, "too much", 0));
	/* It is too much for all of them, although two have room again. */
	EXPECT_STREQ("x", next(self->receivers[0]));
	EXPECT_STREQ("x", next(self->receivers[1]));
	EXPECT_EQ(-EAGAIN, send_now(self->port, "too much", 0));
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_STREQ("x", next(self->receivers[2]));
	EXPECT_EQ(0, call_join(&call));
	for (i = 1; i < CAPACITY; i++)
		EXPECT_STREQ("x", next(self->receivers[1]));
	EXPECT_STREQ("last", next(self->receivers[1]));
	EXPECT_STREQ("nothing", next(self->receivers[1]));
	EXPECT_STAT(self->port, lost, 0);
}

TEST_F(broadcast, a_receiver_that_goes_makes_room)
{
	struct call call = call_text(self->port, "last", 0);
	struct pollfd room = { .fd = self->port, .events = POLLOUT };
	int i;

	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_now(self->port, "x", 0));
	EXPECT_STREQ("x", next(self->receivers[0]));
	EXPECT_STREQ("x", next(self->receivers[1]));
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	close(self->receivers[2]);
	self->receivers[2] = -1;
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(0, poll(&room, 1, 0));
	next(self->receivers[0]);
	next(self->receivers[1]);
	EXPECT_EQ(1, poll(&room, 1, 0));
}

TEST_F(broadcast, a_sender_gives_up_with_nothing_sent)
{
	struct call call = call_text(self->port, "late", 0);
	int i;

	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_now(self->port, "x", 0));
	next(self->receivers[0]);
	call.send.deadline = in_ns(50 * MSEC);
	call_start(&call);
	EXPECT_EQ(-ETIMEDOUT, call_join(&call));
	EXPECT_STAT(self->receivers[0], messages, CAPACITY - 1);
	EXPECT_STAT(self->port, waiting_senders, 0);
	EXPECT_STAT(self->port, sent, CAPACITY);
}

TEST_F(broadcast, a_signal_ends_a_wait_for_room)
{
	struct call call = call_text(self->port, "late", 0);
	int i;

	call_catch(SIGUSR1, 0);
	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_now(self->port, "x", 0));
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	pthread_kill(call.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&call));
	EXPECT_STAT(self->port, sent, CAPACITY);
}

TEST_F(broadcast, poll_tells_of_room)
{
	struct pollfd room = { .fd = self->port, .events = POLLOUT };
	int i;

	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_now(self->port, "x", 0));
	for (i = 1; i < RECEIVERS; i++)
		next(self->receivers[i]);
	ASSERT_EQ(0, poll(&room, 1, 0));
	if (!fork()) {
		sleep_ns(100 * MSEC);
		_exit(strcmp("x", next(self->receivers[0])));
	}
	EXPECT_EQ(1, poll(&room, 1, 10000));
	EXPECT_EQ(POLLOUT, room.revents);
	wait(NULL);
}

TEST_F(broadcast, poll_tells_each_receiver_of_its_own)
{
	struct pollfd poll_all[RECEIVERS];
	int i;

	for (i = 0; i < RECEIVERS; i++)
		poll_all[i] = (struct pollfd){ self->receivers[i], POLLIN };
	EXPECT_EQ(0, poll(poll_all, RECEIVERS, 0));
	ASSERT_EQ(0, send_now(self->port, "x", 0));
	EXPECT_EQ(RECEIVERS, poll(poll_all, RECEIVERS, 0));
	next(self->receivers[1]);
	EXPECT_EQ(RECEIVERS - 1, poll(poll_all, RECEIVERS, 0));
	EXPECT_EQ(0, poll_all[1].revents);
}

#define STATS	3000

static void *send_on(void *arg)
{
	const int *port = arg;
	int i;

	for (i = 0; i < STATS; i++)
		send_now(*port, "on", 0);
	return NULL;
}

TEST_F(broadcast, numbers_are_of_one_moment)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_stat stat;
	pthread_t sender;
	int port, odd = 0;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.sharing = IPCBOX_SHARE_ALL;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, pthread_create(&sender, NULL, send_on, &port));
	do {
		ASSERT_EQ(0, port_stat(port, &stat));
		odd += stat.messages != stat.sent;
	} while (stat.sent < STATS);
	EXPECT_EQ(0, odd);
	EXPECT_EQ(0, pthread_join(sender, NULL));
	close(port);
}

TEST_F(broadcast, who_is_too_slow_loses_the_oldest)
{
	char text[8];
	int i;

	for (i = 0; i < CAPACITY + 2; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_EQ(0, send_now(self->lossy, text, 0));
		EXPECT_STREQ(text, next(self->losers[0]));
	}
	EXPECT_STAT(self->losers[0], lost, 0);
	EXPECT_STAT(self->losers[1], lost, 2);
	EXPECT_STAT(self->lossy, lost, 2 * (RECEIVERS - 1));
	for (i = 2; i < CAPACITY + 2; i++) {
		snprintf(text, sizeof(text), "%d", i);
		EXPECT_STREQ(text, next(self->losers[1]));
	}
	EXPECT_STREQ("nothing", next(self->losers[1]));
	/* What has been lost is known, also when who has lost it has gone. */
	close(self->losers[1]);
	self->losers[1] = -1;
	EXPECT_STAT(self->lossy, lost, 2 * (RECEIVERS - 1));
}

TEST_F(broadcast, of_the_lowest_priority_that_is)
{
	int i;

	ASSERT_EQ(0, send_now(self->lossy, "high", 5));
	ASSERT_EQ(0, send_now(self->lossy, "low", 1));
	for (i = 2; i < CAPACITY; i++)
		ASSERT_EQ(0, send_now(self->lossy, "middle", 3));
	ASSERT_EQ(0, send_now(self->lossy, "new", 3));
	EXPECT_STREQ("high", next(self->losers[0]));
	for (i = 2; i < CAPACITY; i++)
		EXPECT_STREQ("middle", next(self->losers[0]));
	EXPECT_STREQ("new", next(self->losers[0]));
	EXPECT_STREQ("nothing", next(self->losers[0]));
}

TEST_F(broadcast, of_the_lowest_priority_that_is_left)
{
	struct ipcbox_recv recv = { .type = 7 };
	char text[8];
	int i;

	ASSERT_EQ(0, msg_send(self->lossy, "low", 4, 7, 1, IPCBOX_NOWAIT));
	EXPECT_EQ(0, msg_recv(self->losers[0], text, sizeof(text),
			      IPCBOX_NOWAIT, &recv));
	EXPECT_STREQ("low", text);
	for (i = 0; i <= CAPACITY; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_EQ(0, send_now(self->lossy, text, 3));
	}
	EXPECT_STAT(self->losers[0], lost, 1);
	EXPECT_STREQ("1", next(self->losers[0]));
}

TEST_F(broadcast, a_lossy_port_is_always_writable)
{
	struct pollfd room = { .fd = self->lossy, .events = POLLOUT };
	int i;

	for (i = 0; i < 3 * CAPACITY; i++) {
		EXPECT_EQ(1, poll(&room, 1, 0));
		ASSERT_EQ(0, msg_send(self->lossy, "x", 1, 0, 0, 0));
	}
	EXPECT_STAT(self->lossy, waiting_senders, 0);
}

TEST_F(broadcast, deletion_ends_all)
{
	struct call sender = call_text(self->port, "late", 0);
	struct call receiver = call_init(CALL_RECV, self->losers[0]);
	struct pollfd hangup = { .fd = self->receivers[1], .events = POLLIN };
	int i;

	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_now(self->port, "x", 0));
	call_start(&sender);
	call_start(&receiver);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_TRUE(wait_for_waiters(self->lossy, 0, 1));
	EXPECT_EQ(0, port_delete(self->box, "all"));
	EXPECT_EQ(0, port_delete(self->box, "lossy"));
	EXPECT_EQ(-EIDRM, call_join(&sender));
	EXPECT_EQ(-EIDRM, call_join(&receiver));
	EXPECT_STREQ(strerror(EIDRM), next(self->receivers[0]));
	EXPECT_EQ(1, poll(&hangup, 1, 0));
	EXPECT_EQ(POLLHUP | POLLERR, hangup.revents);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(broadcast, limits_are_those_of_every_receiver)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MESSAGES, .max_messages = 1,
	};

	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	ASSERT_EQ(0, send_now(self->port, "one", 0));
	EXPECT_EQ(-EAGAIN, send_now(self->port, "two", 0));
	set.max_messages = 2;
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_EQ(0, send_now(self->port, "two", 0));
	set.max_messages = 0;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SET, &set));
}

TEST_F(broadcast, there_is_no_rendezvous)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	attr.max_messages = 0;
	attr.sharing = IPCBOX_SHARE_ALL;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.sharing = IPCBOX_SHARE_ALL_LOSSY;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
}

TEST_F(broadcast, nobody_holds_messages_or_answers_them)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_reply reply = { .id = 1 };
	struct ipcbox_call call = {};
	char text[8];

	ASSERT_EQ(0, send_now(self->port, "x", 0));
	EXPECT_EQ(-EOPNOTSUPP, msg_recv(self->receivers[0], text, 8,
					IPCBOX_LEASE | IPCBOX_NOWAIT, &recv));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->port, IPCBOX_CALL, &call));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->receivers[0], IPCBOX_REPLY,
					 &reply));
	EXPECT_EQ(-ESRCH, msg_ack(self->receivers[0], 1));
	EXPECT_STREQ("x", next(self->receivers[0]));
}

/* Sends to a port of its own until the user's quota has so much room. */
static int leave_room(int box, uint64_t bytes)
{
	int port = port_temporary(box, IPCBOX_UNLIMITED);
	struct ipcbox_info info;
	uint64_t len;
	char *data;

	do {
		if (box_info(box, &info))
			return -1;
		len = info.max_bytes - info.user_bytes - bytes -
		      info.msg_overhead;
		if (len > info.max_msgsize)
			len = info.max_msgsize;
		data = calloc(1, len);
		if (!data || msg_send(port, data, len, 0, 0, 0))
			return -1;
		free(data);
	} while (len == info.max_msgsize);
	return port;
}

TEST_F(broadcast, what_cannot_be_paid_for_reaches_nobody)
{
	static char data[1000];
	uint64_t overhead = self->before.msg_overhead;
	int port, i;

	/* Enough for the payload and all copies but one. */
	port = leave_room(self->box, sizeof(data) + RECEIVERS * overhead);
	ASSERT_LE(0, port);
	EXPECT_EQ(-EDQUOT, msg_send(self->port, data, sizeof(data), 0, 0, 0));
	for (i = 0; i < RECEIVERS; i++)
		EXPECT_STREQ("nothing", next(self->receivers[i]));
	close(port);
	EXPECT_NOTHING_CHARGED(self);
	/* And for one copy more. */
	port = leave_room(self->box, sizeof(data) + (1 + RECEIVERS) * overhead);
	ASSERT_LE(0, port);
	EXPECT_EQ(0, msg_send(self->port, data, sizeof(data), 0, 0, 0));
	close(port);
}

/* Several senders, receivers that come and go: all see one order. */

#define SENDERS		2
#define MANY		2000
#define LOG		(SENDERS * MANY)

struct log {
	atomic_int ready;
	uint32_t seen[RECEIVERS][LOG];
};

static void log_all(int box, struct log *log, int which)
{
	int port = port_open(box, "all", IPCBOX_RIGHT_RECV);
	int i;

	atomic_fetch_add(&log->ready, 1);
	for (i = 0; i < LOG; i++)
		if (sys_read(port, &log->seen[which][i], 4) != 4)
			_exit(1);
	_exit(0);
}

static void send_many(int port, uint32_t sender)
{
	uint32_t i, number;

	for (i = 0; i < MANY; i++) {
		number = sender << 16 | i;
		if (sys_write(port, &number, 4) != 4)
			_exit(1);
	}
	_exit(0);
}

/* Opens, receives a few, and is killed at any point. */
static void come_and_go(int box)
{
	uint32_t number;
	int port, i;

	for (;;) {
		port = port_open(box, "all", IPCBOX_RIGHT_RECV);
		for (i = 0; i < 10; i++)
			sys_read(port, &number, 4);
		close(port);
	}
}

TEST_F_TIMEOUT(broadcast, all_see_one_order, 180)
{
	struct log *log = mmap(NULL, sizeof(*log), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[RECEIVERS + SENDERS], passer_by;
	int i, n = 0, next_of[SENDERS] = {};

	ASSERT_NE(MAP_FAILED, log);
	for (i = 0; i < RECEIVERS; i++) {
		close(self->receivers[i]);
		self->receivers[i] = -1;
	}
	for (i = 0; i < RECEIVERS; i++) {
		pids[n] = fork();
		if (!pids[n++])
			log_all(self->box, log, i);
	}
	while (atomic_load(&log->ready) < RECEIVERS)
		sleep_ns(MSEC);
	for (i = 0; i < SENDERS; i++) {
		pids[n] = fork();
		if (!pids[n++])
			send_many(self->port, i);
	}
	for (i = 0; i < 10; i++) {
		passer_by = fork();
		if (!passer_by)
			come_and_go(self->box);
		sleep_ns(20 * MSEC);
		kill(passer_by, SIGKILL);
		child_wait(passer_by);
	}
	for (i = 0; i < n; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
	for (i = 1; i < RECEIVERS; i++)
		EXPECT_EQ(0, memcmp(log->seen[0], log->seen[i],
				    sizeof(log->seen[0])));
	for (i = 0; i < LOG; i++) {
		uint32_t number = log->seen[0][i];

		ASSERT_GT(SENDERS, number >> 16);
		EXPECT_EQ(next_of[number >> 16]++, number & 0xffff);
	}
	EXPECT_STAT(self->port, sent, LOG);
	EXPECT_NOTHING_CHARGED(self);
	munmap(log, sizeof(*log));
}

TEST_HARNESS_MAIN
