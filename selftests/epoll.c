// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll: threads that serve hundreds of ports in each of the ways there are of
 * being told, under random traffic of which each message must arrive once
 *
 * Nobody waits but in epoll_wait(): all sends and receives are non-blocking. So
 * an event that does not come ends a test after some seconds.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "ipcbox_test.h"

#include <kselftest_harness.h>

#define PORTS		300
#define CAPACITY	4
#define SENDERS		2
#define EACH_SENDS	4000
#define RECEIVERS	3
#define MESSAGES	(SENDERS * EACH_SENDS)
#define PATIENCE	30000	/* ms until an event is taken for lost */

FIXTURE(epoll)
{
	int box;
	int ports[PORTS];
	int shared;		/* what all receivers wait in, or -1 */
	int over;		/* an eventfd: all has arrived */
	const struct _fixture_variant_epoll *how;
	atomic_uint arrived;
	atomic_uint wrong;
	atomic_uint missed;
	atomic_bool busy[PORTS];
	unsigned char seen[MESSAGES];
};

/**
 * struct _fixture_variant_epoll - how receivers are told
 * @events: with EPOLLIN
 * @shared: all wait in one epoll, not each in its own
 * @drain: each event says only that there may be messages, so receive all
 * @alone: nobody else is told of the port meanwhile
 */
FIXTURE_VARIANT(epoll)
{
	uint32_t events;
	bool shared;
	bool drain;
	bool alone;
};

FIXTURE_VARIANT_ADD(epoll, level)
{
	.events = 0,
};

FIXTURE_VARIANT_ADD(epoll, level_in_one)
{
	.events = 0,
	.shared = true,
};

FIXTURE_VARIANT_ADD(epoll, edge)
{
	.events = EPOLLET,
	.drain = true,
};

FIXTURE_VARIANT_ADD(epoll, edge_in_one)
{
	.events = EPOLLET,
	.shared = true,
	.drain = true,
};

FIXTURE_VARIANT_ADD(epoll, oneshot)
{
	.events = EPOLLONESHOT,
	.shared = true,
	.alone = true,
};

FIXTURE_VARIANT_ADD(epoll, oneshot_and_drain)
{
	.events = EPOLLONESHOT | EPOLLET,
	.shared = true,
	.drain = true,
	.alone = true,
};

FIXTURE_VARIANT_ADD(epoll, exclusive)
{
	.events = EPOLLEXCLUSIVE,
};

FIXTURE_VARIANT_ADD(epoll, exclusive_edge)
{
	.events = EPOLLEXCLUSIVE | EPOLLET,
	.drain = true,
};

/* As the harness names the fixture's struct. */
#define epoll_test FIXTURE_DATA(epoll)

/* Events say the number of a port, or this. */
#define OVER	PORTS

static void watch(int epoll, int op, int fd, uint32_t events, uint32_t number)
{
	struct epoll_event event = { .events = events, .data.u32 = number };

	if (epoll_ctl(epoll, op, fd, &event))
		abort();
}

static int watch_all(epoll_test *self, uint32_t events)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), i;

	for (i = 0; i < PORTS; i++)
		watch(epoll, EPOLL_CTL_ADD, self->ports[i], events, i);
	watch(epoll, EPOLL_CTL_ADD, self->over, EPOLLIN, OVER);
	return epoll;
}

FIXTURE_SETUP(epoll)
{
	int i;

	self->how = variant;
	self->box = box_private();
	ASSERT_LE(0, self->box);
	for (i = 0; i < PORTS; i++) {
		self->ports[i] = port_temporary(self->box, CAPACITY);
		ASSERT_LE(0, self->ports[i]);
		ASSERT_EQ(0, fcntl(self->ports[i], F_SETFL, O_NONBLOCK));
	}
	self->over = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->over);
	self->shared = variant->shared ?
		       watch_all(self, EPOLLIN | variant->events) : -1;
}

FIXTURE_TEARDOWN(epoll)
{
	/* What is open goes with the process. */
}

/* Senders: processes, each message to a port at random */

static void send_one(epoll_test *self, int epoll, uint32_t number)
{
	struct epoll_event event;
	int i = random() % PORTS;

	while (sys_write(self->ports[i], &number, sizeof(number)) < 0) {
		/* Whichever has room, the next time. */
		if (epoll_wait(epoll, &event, 1, PATIENCE) != 1)
			_exit(1);
		i = event.data.u32;
	}
}

static pid_t start_sender(epoll_test *self, unsigned int which)
{
	pid_t pid = fork();
	unsigned int n;
	int epoll;

	if (pid)
		return pid;
	srandom(which);
	epoll = watch_all(self, EPOLLOUT);
	for (n = 0; n < EACH_SENDS; n++)
		send_one(self, epoll, which * EACH_SENDS + n);
	_exit(0);
}

/* Receivers: threads */

static bool receive_one(epoll_test *self, uint32_t i)
{
	uint32_t number;
	ssize_t len = sys_read(self->ports[i], &number, sizeof(number));

	if (len == -EAGAIN)
		return false;
	if (len != sizeof(number) || number >= MESSAGES) {
		atomic_fetch_add(&self->wrong, 1);
		return false;
	}
	/* Of each number there is one, so there is nobody else to count it. */
	self->seen[number]++;
	if (atomic_fetch_add(&self->arrived, 1) + 1 == MESSAGES &&
	    eventfd_write(self->over, 1))
		abort();
	return true;
}

static void serve(epoll_test *self, int epoll, uint32_t i)
{
	bool again = self->how->drain;

	if (self->how->alone && atomic_exchange(&self->busy[i], true))
		atomic_fetch_add(&self->wrong, 1);
	while (receive_one(self, i) && again)
		;
	if (!self->how->alone)
		return;
	atomic_store(&self->busy[i], false);
	watch(epoll, EPOLL_CTL_MOD, self->ports[i], EPOLLIN | self->how->events,
	      i);
}

static void *receiver(void *arg)
{
	epoll_test *self = arg;
	struct epoll_event events[8];
	int epoll, i, n;

	epoll = self->how->shared ? self->shared :
				    watch_all(self, EPOLLIN | self->how->events);
	for (;;) {
		n = epoll_wait(epoll, events, 8, PATIENCE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			atomic_fetch_add(&self->missed, 1);
			return NULL;
		}
		for (i = 0; i < n; i++) {
			if (events[i].data.u32 == OVER)
				return NULL;
			serve(self, epoll, events[i].data.u32);
		}
	}
}

static unsigned int seen_once(const epoll_test *self)
{
	unsigned int i, n = 0;

	for (i = 0; i < MESSAGES; i++)
		n += self->seen[i] == 1;
	return n;
}

TEST_F_TIMEOUT(epoll, each_message_arrives_once, 120)
{
	pthread_t threads[RECEIVERS];
	pid_t pids[SENDERS];
	int i;

	for (i = 0; i < SENDERS; i++)
		pids[i] = start_sender(self, i);
	for (i = 0; i < RECEIVERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, receiver, self));
	for (i = 0; i < RECEIVERS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
	EXPECT_EQ(MESSAGES, atomic_load(&self->arrived));
	EXPECT_EQ(MESSAGES, seen_once(self));
	EXPECT_EQ(0, atomic_load(&self->missed));
	EXPECT_EQ(0, atomic_load(&self->wrong));
}

/* With all that is waited for: the ends of the ports are events, too. */
TEST_F(epoll, the_ports_are_deleted)
{
	int epoll = self->how->shared ? self->shared :
				watch_all(self, EPOLLIN | self->how->events);
	bool told[PORTS] = {};
	struct epoll_event events[8];
	int i, n, right = 0;

	EXPECT_EQ(0, epoll_wait(epoll, events, 8, 0));
	for (i = 0; i < PORTS; i++)
		ASSERT_EQ(0, port_delete_id(self->box, port_id(self->ports[i])));
	while (right < PORTS) {
		n = epoll_wait(epoll, events, 8, PATIENCE);
		ASSERT_LT(0, n);
		for (i = 0; i < n; i++) {
			ASSERT_EQ(EPOLLHUP | EPOLLERR, events[i].events);
			right += !told[events[i].data.u32];
			told[events[i].data.u32] = true;
		}
	}
}

TEST_HARNESS_MAIN
