// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: how they are received. Before all messages, each once, and none is
 * lost by a receive that fails
 */

#include <sys/epoll.h>

#include "call.h"
#include "event.h"
#include "expect.h"
#include "memory.h"

#include <kselftest_harness.h>

#define SIZE	sizeof(struct ipcbox_event)

FIXTURE(events_recv)
{
	int box;
	int port;		/* receives, and has subscribed to all */
	int sender;		/* one that makes events: it comes and goes */
	char buf[SIZE];
	struct ipcbox_info before;
};

FIXTURE_SETUP(events_recv)
{
	struct ipcbox_port_create attr = port_attr("port");

	self->box = box_private();
	ASSERT_LE(0, self->box);
	attr.rights = IPCBOX_RIGHT_RECV;
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, events_subscribe(self->port, EVENTS_ALL));
	self->sender = -1;
	ASSERT_EQ(0, box_info(self->box, &self->before));
}

FIXTURE_TEARDOWN(events_recv)
{
	EXPECT_NOTHING_CHARGED(self);
	close(self->sender);
	close(self->port);
	close(self->box);
}

static void comes(FIXTURE_DATA(events_recv) *self)
{
	self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
}

static void goes(FIXTURE_DATA(events_recv) *self)
{
	close(self->sender);
	self->sender = -1;
}

static short poll_now(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

static int available(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) ? -errno : n;
}

TEST_F(events_recv, before_all_messages)
{
	struct ipcbox_recv recv = {};

	comes(self);
	ASSERT_EQ(0, msg_send(self->sender, "first", 5, 7, IPCBOX_PRIORITIES - 1,
			      0));
	goes(self);
	EXPECT_EQ(SIZE, available(self->port));
	ASSERT_EQ(0, msg_recv(self->port, self->buf, SIZE, 0, &recv));
	EXPECT_EQ(IPCBOX_TYPE_EVENT, recv.msg_type);
	ASSERT_EQ(SIZE, sys_read(self->port, self->buf, SIZE));
	EXPECT_EQ(5, available(self->port));
	EXPECT_EQ(5, sys_read(self->port, self->buf, SIZE));
	EXPECT_EQ(0, available(self->port));
}

TEST_F(events_recv, a_type_chooses)
{
	struct ipcbox_recv recv = { .type = 7 };

	comes(self);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, self->buf, SIZE, IPCBOX_NOWAIT,
				    &recv));
	ASSERT_EQ(0, msg_send(self->sender, "seven", 5, 7, 0, 0));
	/* Only messages, … */
	EXPECT_EQ(0, msg_recv(self->port, self->buf, SIZE, IPCBOX_NOWAIT,
			      &recv));
	EXPECT_EQ(7, recv.msg_type);
	/* … and only events. */
	ASSERT_EQ(0, msg_send(self->sender, "seven", 5, 7, 0, 0));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(self->port));
	EXPECT_EQ(-EAGAIN, event_now(self->port));
	EXPECT_EQ(5, sys_read(self->port, self->buf, SIZE));
}

TEST_F(events_recv, are_in_no_count)
{
	struct ipcbox_stat stat;

	comes(self);
	goes(self);
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(0, stat.next_size);
	EXPECT_EQ(SIZE, sys_read(self->port, self->buf, SIZE));
	EXPECT_EQ(SIZE, sys_read(self->port, self->buf, SIZE));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.taken);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(0, stat.sent);
}

TEST_F(events_recv, never_fill_a_port)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	int port, sender;

	attr.max_messages = 1;
	attr.rights = IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, events_subscribe(port, EVENTS_ALL));
	close(port_open_id(self->box, port_id(port), IPCBOX_RIGHT_SEND));
	sender = port_open_id(self->box, port_id(port), IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, sender);
	EXPECT_EQ(0, msg_send(sender, "x", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(-EAGAIN, msg_send(sender, "x", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(SIZE, sys_read(port, self->buf, SIZE));
	EXPECT_EQ(-EAGAIN, msg_send(sender, "x", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(0, port_delete_id(self->box, port_id(port)));
	close(sender);
	close(port);
}

TEST_F(events_recv, looking_and_leasing_pass_them_by)
{
	struct ipcbox_recv recv = { .type = IPCBOX_TYPE_EVENT };

	comes(self);
	EXPECT_EQ(-EINVAL, msg_recv(self->port, self->buf, SIZE,
				    IPCBOX_PEEK | IPCBOX_NOWAIT, &recv));
	recv.type = 0;
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, self->buf, SIZE,
				    IPCBOX_PEEK | IPCBOX_NOWAIT, &recv));
	ASSERT_EQ(0, msg_send(self->sender, "seven", 5, 0, 0, 0));
	EXPECT_EQ(0, msg_recv(self->port, self->buf, SIZE, IPCBOX_PEEK, &recv));
	EXPECT_EQ(5, recv.msg_len);
	EXPECT_EQ(0, msg_recv(self->port, self->buf, SIZE, IPCBOX_LEASE, &recv));
	EXPECT_EQ(IPCBOX_MSG_EVENT, recv.msg_flags);
	EXPECT_STAT(self->port, held, 0);
	EXPECT_EQ(5, sys_read(self->port, self->buf, SIZE));
}

/* Receives that fail */

TEST_F(events_recv, too_short_a_buffer_leaves_it)
{
	struct ipcbox_recv recv = {};

	comes(self);
	EXPECT_EQ(-EMSGSIZE, sys_read(self->port, self->buf, SIZE - 1));
	EXPECT_EQ(-EMSGSIZE, msg_recv(self->port, self->buf, SIZE - 1, 0, &recv));
	EXPECT_EQ(SIZE, recv.msg_len);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(self->port));
}

TEST_F(events_recv, a_bad_pointer_leaves_it_in_its_place)
{
	struct ipcbox_recv recv = {}, *bad;
	struct ipcbox_event event;

	comes(self);
	goes(self);
	EXPECT_EQ(-EFAULT, sys_read(self->port, memory_nowhere(), SIZE));
	EXPECT_EQ(-EFAULT, sys_read(self->port, memory_before_hole(SIZE - 1),
				    SIZE));
	recv.data = (uintptr_t)&event;
	recv.len = SIZE;
	bad = memory_read_only(&recv, sizeof(recv));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV, bad));
	ASSERT_EQ(0, event_recv(self->port, &event, &recv));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event.what);
	EXPECT_EQ(1, event.count);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(self->port));
	EXPECT_EQ(-EAGAIN, event_now(self->port));
}

/* Held at the page of its buffer, or skips. */
#define HOLD(call, held) do {						\
	if (!held_init(&(held), 0))					\
		SKIP(return, "no userfaultfd");				\
	(call) = call_init(CALL_READ, self->port);			\
	(call).data = (held).page;					\
	(call).len = PAGE;						\
	call_start(&(call));						\
	ASSERT_TRUE(held_wait(&(held)));				\
} while (0)

TEST_F(events_recv, one_that_happens_while_it_is_copied_comes_again)
{
	struct ipcbox_event event;
	struct held held;
	struct call call;

	comes(self);
	HOLD(call, held);
	/* The reader has SENDER_CAME in its hands. */
	EXPECT_EQ(-EAGAIN, event_now(self->port));
	EXPECT_EQ(0, poll_now(self->port));
	goes(self);
	comes(self);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(self->port));
	EXPECT_EQ(-EAGAIN, event_now(self->port));
	held_release(&held);
	EXPECT_EQ(SIZE, call_join(&call));
	memcpy(&event, held.page, SIZE);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event.what);
	EXPECT_EQ(1, event.count);
	EXPECT_EQ(POLLIN, poll_now(self->port));
	event = event_next(self->port);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event.what);
	EXPECT_EQ(1, event.count);
	EXPECT_EQ(-EAGAIN, event_now(self->port));
}

/* The order is that of what happened, not of who was done first. */
TEST_F(events_recv, one_that_happens_while_it_is_copied_keeps_its_place)
{
	struct held held;
	struct call call;

	comes(self);
	HOLD(call, held);
	goes(self);
	comes(self);
	goes(self);
	held_release(&held);
	EXPECT_EQ(SIZE, call_join(&call));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(self->port));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(self->port));
	EXPECT_EQ(-EAGAIN, event_now(self->port));
}

/* A child that dies in the middle of a read, while the event happens again. */

struct reader {
	int port;
	struct held held;
	char stack[16384];
};

static int reader_main(void *arg)
{
	struct reader *reader = arg;

	syscall(SYS_read, reader->port, reader->held.page, PAGE);
	return 1;
}

TEST_F(events_recv, a_killed_reader_gives_back_what_it_has)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct ipcbox_event event;
	pid_t pid;

	comes(self);
	reader->port = self->port;
	if (!held_init(&reader->held, 0))
		SKIP(return, "no userfaultfd");
	/* It shares the memory, and the page that holds it. */
	pid = clone(reader_main, reader->stack + sizeof(reader->stack),
		    CLONE_VM | CLONE_FILES | SIGCHLD, reader);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(held_wait(&reader->held));
	goes(self);
	comes(self);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(self->port));
	event = event_next(self->port);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event.what);
	EXPECT_EQ(2, event.count);
	EXPECT_EQ(-EAGAIN, event_now(self->port));
	free(reader);
}

/* Waiting */

TEST_F(events_recv, wake_one_who_waits)
{
	struct call calls[3];
	int i;

	for (i = 0; i < 3; i++) {
		calls[i] = call_init(i ? CALL_READ : CALL_RECV, self->port);
		calls[i].data = malloc(SIZE);
		calls[i].len = SIZE;
		call_start(&calls[i]);
		ASSERT_TRUE(wait_for_waiters(self->port, 0, i + 1));
	}
	comes(self);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	EXPECT_EQ(0, call_join(&calls[0]));
	EXPECT_EQ(IPCBOX_TYPE_EVENT, calls[0].recv.msg_type);
	goes(self);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(SIZE, call_join(&calls[1]));
	/* Messages still find the last one. */
	comes(self);
	EXPECT_EQ(SIZE, call_join(&calls[2]));
	for (i = 0; i < 3; i++)
		free(calls[i].data);
}

TEST_F(events_recv, one_who_waits_for_a_type_is_left_alone)
{
	struct call typed = call_init(CALL_RECV, self->port);
	struct call peek = call_init(CALL_RECV, self->port);

	typed.recv.type = 7;
	peek.recv.flags = IPCBOX_PEEK;
	call_start(&typed);
	call_start(&peek);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	comes(self);
	EXPECT_STAT(self->port, waiting_receivers, 2);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(self->port));
	ASSERT_EQ(0, msg_send(self->sender, "seven", 5, 7, 0, 0));
	EXPECT_EQ(0, call_join(&typed));
	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	/* It may have seen the first one, too. */
	EXPECT_EQ(0, call_join(&peek));
	EXPECT_EQ(1, sys_read(self->port, self->buf, SIZE));
}

/* Too short a buffer ends the wait; the next one gets the event. */
TEST_F(events_recv, one_who_waits_with_too_short_a_buffer)
{
	struct call small = call_init(CALL_READ, self->port);
	struct call large = call_init(CALL_READ, self->port);

	small.data = small.text;
	small.len = 8;
	large.data = self->buf;
	large.len = SIZE;
	call_start(&small);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	call_start(&large);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	comes(self);
	EXPECT_EQ(SIZE, call_join(&large));
	/* It looked before or after that; so it waits again, or does not. */
	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	call_join(&small);
	EXPECT_TRUE(small.ret == -EMSGSIZE || small.ret == 1);
	if (small.ret != 1)
		EXPECT_EQ(1, sys_read(self->port, self->buf, SIZE));
}

TEST_F(events_recv, a_signal_and_a_deadline_end_the_wait)
{
	struct call call = call_init(CALL_RECV, self->port);
	struct ipcbox_recv recv = { .deadline = 1 };
	struct ipcbox_event event;

	EXPECT_EQ(-ETIMEDOUT, event_recv(self->port, &event, &recv));
	call_catch(SIGUSR1, 0);
	call.recv.type = IPCBOX_TYPE_EVENT;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	pthread_kill(call.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&call));
	EXPECT_STAT(self->port, waiting_receivers, 0);
	comes(self);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(self->port));
}

/* Several threads read one handle: together they are told of everything. */

struct hearer {
	int port;
	pthread_t thread;
	uint64_t came;
	uint64_t went;
};

static void *hearer_main(void *arg)
{
	struct hearer *hearer = arg;
	struct ipcbox_event event;

	while (sys_read(hearer->port, &event, SIZE) == SIZE) {
		if (event.what == IPCBOX_EVENT_SENDER_CAME)
			hearer->came += event.count;
		if (event.what == IPCBOX_EVENT_SENDER_WENT)
			hearer->went += event.count;
	}
	return NULL;
}

TEST_F(events_recv, many_readers_miss_nothing)
{
	struct hearer hearers[3] = {};
	uint64_t came = 0, went = 0;
	int i;

	for (i = 0; i < 3; i++) {
		hearers[i].port = self->port;
		ASSERT_EQ(0, pthread_create(&hearers[i].thread, NULL,
					    hearer_main, &hearers[i]));
	}
	for (i = 0; i < 500; i++) {
		comes(self);
		goes(self);
	}
	EXPECT_EQ(0, port_delete(self->box, "port"));
	for (i = 0; i < 3; i++) {
		pthread_join(hearers[i].thread, NULL);
		came += hearers[i].came;
		went += hearers[i].went;
	}
	EXPECT_EQ(500, came);
	EXPECT_EQ(500, went);
}

/* A receive that began before there were any events hears of them. */
TEST_F(events_recv, who_waits_hears_of_a_new_subscription)
{
	int port = port_open(self->box, "port", IPCBOX_RIGHT_RECV);
	struct call call = call_init(CALL_READ, port);

	ASSERT_LE(0, port);
	call.data = self->buf;
	call.len = SIZE;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	ASSERT_EQ(0, events_subscribe(port, IPCBOX_EVENT_SENDER_CAME));
	comes(self);
	EXPECT_EQ(SIZE, call_join(&call));
	close(port);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(self->port));
}

/* Who waits for events alone is no receiver of messages. */
TEST_F(events_recv, waiting_for_events_takes_no_turn_and_no_rendezvous)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct call call;
	pid_t pid;
	int port;

	attr.sharing = IPCBOX_SHARE_ONE;
	attr.max_messages = 0;
	attr.owner = IPCBOX_OWNER_HANDLE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, events_subscribe(port, EVENTS_ALL));
	call = call_init(CALL_RECV, port);
	call.recv.type = IPCBOX_TYPE_EVENT;
	call.data = self->buf;
	call.len = SIZE;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	EXPECT_EQ(-EAGAIN, msg_send(port, "x", 1, 0, 0, IPCBOX_NOWAIT));
	/* Another process has its turn. */
	pid = fork();
	if (!pid)
		_exit(sys_read(port, self->buf, SIZE) != 1);
	ASSERT_TRUE(wait_for_waiters(port, 0, 2));
	EXPECT_EQ(0, msg_send(port, "x", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(0, port_delete_id(self->box, port_id(port)));
	EXPECT_EQ(0, call_join(&call));
	close(port);
}

/* poll() and epoll */

TEST_F(events_recv, can_be_polled_for_with_any_right)
{
	struct epoll_event ready = { .events = EPOLLIN };
	int sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	int epoll = epoll_create1(0);
	int port = self->port;

	ASSERT_LE(0, sender);
	EXPECT_EQ(POLLIN, poll_now(port));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(port));
	EXPECT_EQ(0, poll_now(port));
	/* In the list of the epoll before it has subscribed. */
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, sender, &ready));
	ASSERT_EQ(0, events_subscribe(sender, IPCBOX_EVENT_RECEIVER_WENT));
	/* A message is nothing for who only sends. */
	ASSERT_EQ(1, sys_write(sender, "x", 1));
	EXPECT_EQ(0, epoll_wait(epoll, &ready, 1, 0));
	EXPECT_EQ(0, poll_now(sender));
	EXPECT_EQ(1, sys_read(port, self->buf, SIZE));
	close(port);
	self->port = -1;
	EXPECT_EQ(1, epoll_wait(epoll, &ready, 1, 10000));
	EXPECT_EQ(EPOLLIN, ready.events);
	EXPECT_EQ(IPCBOX_EVENT_RECEIVER_WENT, event_now(sender));
	EXPECT_EQ(0, epoll_wait(epoll, &ready, 1, 0));
	close(epoll);
	close(sender);
	ASSERT_EQ(0, box_info(self->box, &self->before));
}

/* Another handle's epoll does not take the wake-up away. */
TEST_F(events_recv, wake_the_handle_that_they_are_for)
{
	struct epoll_event ready = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int other = port_open(self->box, "port", IPCBOX_RIGHT_RECV);
	int epolls[2] = { epoll_create1(0), epoll_create1(0) };

	ASSERT_LE(0, other);
	ASSERT_EQ(0, epoll_ctl(epolls[0], EPOLL_CTL_ADD, other, &ready));
	ASSERT_EQ(0, epoll_ctl(epolls[1], EPOLL_CTL_ADD, self->port, &ready));
	comes(self);
	EXPECT_EQ(1, epoll_wait(epolls[1], &ready, 1, 10000));
	EXPECT_EQ(0, epoll_wait(epolls[0], &ready, 1, 0));
	goes(self);
	close(epolls[0]);
	close(epolls[1]);
	close(other);
}

/* Sharing the handle */

TEST_F(events_recv, a_copy_of_the_handle_has_the_same_ones)
{
	struct ipcbox_event event;
	int copy = dup(self->port);
	pid_t pid;

	comes(self);
	goes(self);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(copy));
	pid = fork();
	if (!pid)
		_exit(event_now(copy) != IPCBOX_EVENT_SENDER_WENT);
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(-EAGAIN, event_now(self->port));
	/* Closing one closes nothing. */
	close(copy);
	comes(self);
	event = event_next(self->port);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event.what);
}

TEST_F(events_recv, closing_with_events_outstanding)
{
	struct ipcbox_info info;

	comes(self);
	goes(self);
	close(self->port);
	self->port = -1;
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes - 6 * (info.msg_overhead + SIZE),
		  info.user_bytes);
	self->before = info;
}

TEST_HARNESS_MAIN
