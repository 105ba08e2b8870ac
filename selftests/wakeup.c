// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake-ups: of all the threads that wait, up to a thousand, one runs for each
 * message
 *
 * A thread that was woken for nothing has left the processor once more when it
 * waits again, and the kernel counts that. So the counts are looked at when all
 * threads are asleep, and again when those that had to run are asleep once more.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "ipcbox_test.h"

#include <kselftest_harness.h>

#define MANY	1000	/* threads, where it matters most */
#define SOME	200	/* threads elsewhere */
#define EVENTS	50	/* how many of them run */

struct sleeper;

FIXTURE(wakeup)
{
	int box;
	int port;		/* without limits */
	int full;		/* of capacity 1, which is used up */
	struct sleeper *sleepers;
	unsigned int n;		/* how many there are */
	atomic_uint ran;
};

/**
 * struct sleeper - a thread that waits in one call, and then for its end
 * @test: for all of them
 * @number: which one it is
 * @fd: what its call is on
 * @ret: what the call has returned
 * @tid: thread id; 0 until it runs
 * @ran: the call has returned
 * @switches: how often it has left the processor, at the first look
 * @call: the call
 * @thread: runs it
 */
struct sleeper {
	FIXTURE_DATA(wakeup) *test;
	unsigned int number;
	int fd;
	long ret;
	atomic_int tid;
	atomic_bool ran;
	unsigned long switches;
	long (*call)(struct sleeper *sleeper);
	pthread_t thread;
};

FIXTURE_SETUP(wakeup)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	self->full = port_temporary(self->box, 1);
	ASSERT_LE(0, self->full);
	ASSERT_EQ(1, sys_write(self->full, "x", 1));
	self->sleepers = calloc(MANY, sizeof(*self->sleepers));
	ASSERT_NE(NULL, self->sleepers);
}

FIXTURE_TEARDOWN(wakeup)
{
	/* The threads go with the process. */
}

/* As the harness names the fixture's struct. */
#define wakeup_test FIXTURE_DATA(wakeup)

/* Threads */

static void *sleeper_run(void *arg)
{
	struct sleeper *sleeper = arg;

	atomic_store(&sleeper->tid, syscall(SYS_gettid));
	sleeper->ret = sleeper->call(sleeper);
	atomic_store(&sleeper->ran, true);
	atomic_fetch_add(&sleeper->test->ran, 1);
	for (;;)
		pause();
	return NULL;
}

/*
 * The kernel tells in which call a thread is only once that has left the
 * processor.
 */
static bool asleep(const struct sleeper *sleeper)
{
	char path[64], text[64] = "";
	FILE *file;

	if (!sleeper->tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", sleeper->tid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return text[0] >= '0' && text[0] <= '9';
}

static void wait_until_asleep(const struct sleeper *sleeper)
{
	while (!asleep(sleeper))
		sleep_ns(MSEC);
}

static unsigned long switches_of(const struct sleeper *sleeper)
{
	unsigned long switches = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", sleeper->tid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &switches) == 1)
			break;
	fclose(file);
	return switches;
}

/* Returns when all of them are asleep. */
static void start_all(wakeup_test *self, unsigned int n, int fd,
		      long (*call)(struct sleeper *sleeper))
{
	struct sleeper *sleeper;
	pthread_attr_t attr;
	unsigned int i;

	self->n = n;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (i = 0; i < n; i++) {
		sleeper = &self->sleepers[i];
		sleeper->test = self;
		sleeper->number = i;
		sleeper->fd = fd;
		sleeper->call = call;
		if (pthread_create(&sleeper->thread, &attr, sleeper_run,
				   sleeper))
			abort();
	}
	pthread_attr_destroy(&attr);
	for (i = 0; i < n; i++) {
		wait_until_asleep(&self->sleepers[i]);
		self->sleepers[i].switches = switches_of(&self->sleepers[i]);
	}
}

static bool wait_for_runs(wakeup_test *self, unsigned int n)
{
	uint64_t end = in_ns(20 * SEC);

	while (self->ran < n && now_ns() < end)
		sleep_ns(MSEC / 10);
	return self->ran >= n;
}

/*
 * So many have run, in which the call returned @ret, each once; and nobody else
 * has stirred.
 */
static void expect_runs(struct __test_metadata *_metadata, wakeup_test *self,
			unsigned int n, long ret)
{
	unsigned int i, ran = 0, once = 0, undisturbed = 0;
	struct sleeper *sleeper;
	unsigned long more;

	for (i = 0; i < self->n; i++) {
		sleeper = &self->sleepers[i];
		wait_until_asleep(sleeper);
		more = switches_of(sleeper) - sleeper->switches;
		ran += sleeper->ran && sleeper->ret == ret;
		once += sleeper->ran && more == 1;
		undisturbed += !sleeper->ran && !more;
	}
	EXPECT_EQ(n, atomic_load(&self->ran));
	EXPECT_EQ(n, ran);
	EXPECT_EQ(n, once);
	EXPECT_EQ(self->n - n, undisturbed);
}

/* Receivers */

static long call_receive(struct sleeper *sleeper)
{
	struct ipcbox_recv recv = {};
	char text[8];

	return msg_recv(sleeper->fd, text, sizeof(text), 0, &recv);
}

static long call_read(struct sleeper *sleeper)
{
	char text[8];

	return sys_read(sleeper->fd, text, sizeof(text));
}

static long call_receive_type(struct sleeper *sleeper)
{
	struct ipcbox_recv recv = { .type = sleeper->number + 1 };

	return msg_recv(sleeper->fd, NULL, 0, 0, &recv);
}

TEST_F_TIMEOUT(wakeup, one_receiver_for_each_message, 120)
{
	unsigned int i;

	start_all(self, MANY, self->port, call_receive);
	for (i = 1; i <= EVENTS; i++) {
		ASSERT_EQ(1, sys_write(self->port, "x", 1));
		ASSERT_TRUE(wait_for_runs(self, i));
	}
	expect_runs(_metadata, self, EVENTS, 0);
}

/* Sent faster than anybody can be woken. */
TEST_F_TIMEOUT(wakeup, one_reader_for_each_of_a_burst, 120)
{
	unsigned int i;

	start_all(self, SOME, self->port, call_read);
	for (i = 0; i < EVENTS; i++)
		ASSERT_EQ(1, sys_write(self->port, "x", 1));
	ASSERT_TRUE(wait_for_runs(self, EVENTS));
	expect_runs(_metadata, self, EVENTS, 1);
}

TEST_F_TIMEOUT(wakeup, the_one_receiver_that_waits_for_this_type, 120)
{
	unsigned int i;

	start_all(self, SOME, self->port, call_receive_type);
	for (i = 1; i <= EVENTS; i++) {
		ASSERT_EQ(0, msg_send(self->port, "", 0, SOME + 1 - i, 0, 0));
		ASSERT_TRUE(wait_for_runs(self, i));
	}
	expect_runs(_metadata, self, EVENTS, 0);
	EXPECT_TRUE(atomic_load(&self->sleepers[SOME - EVENTS].ran));
}

/* A message that nobody waits for wakes nobody. */
TEST_F_TIMEOUT(wakeup, no_receiver_of_another_type, 120)
{
	unsigned int i;

	start_all(self, SOME, self->port, call_receive_type);
	for (i = 0; i < EVENTS; i++)
		ASSERT_EQ(0, msg_send(self->port, "", 0, SOME + 1, 0, 0));
	expect_runs(_metadata, self, 0, 0);
}

/* Messages elsewhere are none of their business. */
TEST_F_TIMEOUT(wakeup, no_receiver_on_another_port, 120)
{
	char text[8];
	int i, other = port_temporary(self->box, IPCBOX_UNLIMITED);

	start_all(self, SOME, self->port, call_receive);
	for (i = 0; i < EVENTS; i++) {
		ASSERT_EQ(1, sys_write(other, "x", 1));
		ASSERT_EQ(1, sys_read(other, text, sizeof(text)));
	}
	expect_runs(_metadata, self, 0, 0);
}

/* Senders, and those who call */

static long call_write(struct sleeper *sleeper)
{
	return sys_write(sleeper->fd, "x", 1);
}

static long call_call(struct sleeper *sleeper)
{
	struct ipcbox_call call = {};

	return sys_ioctl(sleeper->fd, IPCBOX_CALL, &call);
}

TEST_F_TIMEOUT(wakeup, one_sender_for_each_message_received, 120)
{
	char text[8];
	unsigned int i;

	start_all(self, SOME, self->full, call_write);
	for (i = 1; i <= EVENTS; i++) {
		ASSERT_EQ(1, sys_read(self->full, text, sizeof(text)));
		ASSERT_TRUE(wait_for_runs(self, i));
	}
	expect_runs(_metadata, self, EVENTS, 1);
}

TEST_F_TIMEOUT(wakeup, one_caller_for_each_reply, 120)
{
	struct ipcbox_reply reply = {};
	unsigned int i;

	start_all(self, SOME, self->port, call_call);
	for (i = 1; i <= EVENTS; i++) {
		struct ipcbox_recv recv = {};

		ASSERT_EQ(0, msg_recv(self->port, NULL, 0, 0, &recv));
		reply.id = recv.msg_id;
		ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
		ASSERT_TRUE(wait_for_runs(self, i));
	}
	expect_runs(_metadata, self, EVENTS, 0);
}

/* Those who poll */

/* Each in an epoll of its own, which is told only if nobody else is. */
static long call_epoll(struct sleeper *sleeper)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	long ret;

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, sleeper->fd, &event))
		abort();
	ret = epoll_wait(epoll, &event, 1, -1);
	close(epoll);
	return ret;
}

TEST_F_TIMEOUT(wakeup, one_exclusive_poller_for_each_message, 120)
{
	char text[8];
	unsigned int i;

	start_all(self, SOME, self->port, call_epoll);
	for (i = 1; i <= EVENTS; i++) {
		ASSERT_EQ(1, sys_write(self->port, "x", 1));
		ASSERT_TRUE(wait_for_runs(self, i));
		ASSERT_EQ(1, sys_read(self->port, text, sizeof(text)));
	}
	expect_runs(_metadata, self, EVENTS, 1);
}

static long call_poll(struct sleeper *sleeper)
{
	struct pollfd pollfd = { .fd = sleeper->fd, .events = POLLIN };

	return poll(&pollfd, 1, -1);
}

/* The one that is told to all, whatever they wait for. */
TEST_F_TIMEOUT(wakeup, everybody_at_the_end, 120)
{
	start_all(self, SOME, self->port, call_poll);
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	ASSERT_TRUE(wait_for_runs(self, SOME));
	expect_runs(_metadata, self, SOME, 1);
}

TEST_HARNESS_MAIN
