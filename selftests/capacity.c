// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capacity: who waits and who does not, on ports of every capacity; what poll
 * says about it; and the large rendezvous, whose payload is copied once
 */

#include <sys/epoll.h>

#include "call.h"
#include "memory.h"

#include <kselftest_harness.h>

static int port_with(int box, uint64_t max_messages, uint64_t max_bytes,
		     uint32_t max_msgsize)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = max_messages;
	attr.max_bytes = max_bytes;
	attr.max_msgsize = max_msgsize;
	return port_create(box, &attr);
}

static int set_capacity(int port, uint64_t max_messages)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MESSAGES,
		.max_messages = max_messages,
	};

	return sys_ioctl(port, IPCBOX_SET, &set);
}

static int send_now(int port, const char *text)
{
	return msg_send(port, text, strlen(text), 0, 0, IPCBOX_NOWAIT);
}

/* Receives a text without waiting; compare with the text. */
static const char *recv_now(int port)
{
	static char text[64];
	struct ipcbox_recv recv = {};
	int ret = msg_recv(port, text, sizeof(text) - 1, IPCBOX_NOWAIT, &recv);

	if (ret)
		snprintf(text, sizeof(text), "error %d", -ret);
	else
		text[recv.msg_len] = 0;
	return text;
}

static short poll_now(int port, short events)
{
	struct pollfd pollfd = { .fd = port, .events = events };

	return poll(&pollfd, 1, 0) < 0 ? -1 : pollfd.revents;
}

#define POLL_BOTH	(POLLIN | POLLOUT)

/*
 * Every capacity: a receiver that waits gets what comes, a sender that waits is
 * received from, whether the other side waits or not.
 */

FIXTURE(any)
{
	int box;
	int port;
};

FIXTURE_VARIANT(any)
{
	uint64_t max_messages;
	uint64_t max_bytes;
};

FIXTURE_VARIANT_ADD(any, rendezvous)
{
	.max_messages = 0,
};

FIXTURE_VARIANT_ADD(any, rendezvous_with_bytes)
{
	.max_messages = 0,
	.max_bytes = 1000,
};

FIXTURE_VARIANT_ADD(any, one_message)
{
	.max_messages = 1,
};

FIXTURE_VARIANT_ADD(any, bytes)
{
	.max_messages = IPCBOX_UNLIMITED,
	.max_bytes = 100,
};

FIXTURE_VARIANT_ADD(any, messages_and_bytes)
{
	.max_messages = 3,
	.max_bytes = 100,
};

FIXTURE_VARIANT_ADD(any, unlimited)
{
	.max_messages = IPCBOX_UNLIMITED,
};

FIXTURE_SETUP(any)
{
	self->box = box_open();
	ASSERT_LE(0, self->box);
	self->port = port_with(self->box, variant->max_messages,
			       variant->max_bytes, 100);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(any)
{
	close(self->port);
	close(self->box);
}

TEST_F(any, a_waiting_receiver_gets_a_nonblocking_send)
{
	struct call recv = call_init(CALL_RECV, self->port);

	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(0, send_now(self->port, "hello"));
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("hello", recv.text);
	EXPECT_EQ(5, recv.recv.msg_len);
}

TEST_F(any, a_waiting_receiver_gets_a_blocking_send)
{
	struct call recv = call_init(CALL_RECV, self->port);

	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(0, msg_send(self->port, "hello", 5, 0, 0, 0));
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("hello", recv.text);
}

TEST_F(any, a_waiting_read_gets_a_write)
{
	struct call read = call_init(CALL_READ, self->port);

	call_start(&read);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(5, call_join(&read));
	EXPECT_STREQ("hello", read.text);
}

TEST_F(any, a_nonblocking_receiver_gets_a_blocking_send)
{
	struct call send = call_text(self->port, "hello", 0);
	struct ipcbox_stat stat;

	call_start(&send);
	if (variant->max_messages) {
		EXPECT_EQ(0, call_join(&send));
	} else {
		ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
		ASSERT_EQ(0, port_stat(self->port, &stat));
		EXPECT_EQ(1, stat.messages);
		EXPECT_EQ(5, stat.bytes);
		EXPECT_EQ(0, stat.sent);
	}
	EXPECT_STREQ("hello", recv_now(self->port));
	if (!variant->max_messages) {
		EXPECT_EQ(0, call_join(&send));
	}
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(1, stat.sent);
	EXPECT_EQ(1, stat.received);
	EXPECT_EQ(5, stat.sent_bytes);
	EXPECT_EQ(5, stat.received_bytes);
}

TEST_F(any, a_nonblocking_send_to_an_empty_port)
{
	struct ipcbox_stat stat;

	if (variant->max_messages) {
		EXPECT_EQ(0, send_now(self->port, "hello"));
		EXPECT_STREQ("hello", recv_now(self->port));
		return;
	}
	EXPECT_EQ(-EAGAIN, send_now(self->port, "hello"));
	EXPECT_EQ(-EAGAIN, send_now(self->port, ""));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.sent);
}

TEST_F(any, a_nonblocking_receive_from_an_empty_port)
{
	char buf[8];

	EXPECT_STREQ("error 11", recv_now(self->port));
	ASSERT_EQ(0, fcntl(self->port, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, sys_read(self->port, buf, sizeof(buf)));
	ASSERT_EQ(0, fcntl(self->port, F_SETFL, 0));
}

TEST_F(any, fill_up_then_one_waits_then_empty)
{
	struct call send = call_text(self->port, "last", 0);
	char text[16];
	int n, i;

	for (n = 0; n < 500 && !send_now(self->port, "0123456789"); n++)
		;
	if (variant->max_messages == IPCBOX_UNLIMITED && !variant->max_bytes) {
		ASSERT_EQ(500, n);
	} else {
		ASSERT_GT(20, n);
	}
	call_start(&send);
	ASSERT_TRUE(n == 500 || wait_for_waiters(self->port, 1, 0));
	if (n == 500)
		pthread_join(send.thread, NULL);
	for (i = 0; i < n; i++)
		ASSERT_EQ(10, sys_read(self->port, text, sizeof(text)));
	EXPECT_STREQ("last", recv_now(self->port));
	EXPECT_STREQ("error 11", recv_now(self->port));
	if (n < 500)
		pthread_join(send.thread, NULL);
	EXPECT_EQ(0, send.ret);
}

TEST_F(any, a_handle_polls_by_its_rights)
{
	uint64_t id = port_id(self->port);
	int sender = port_open_id(self->box, id, IPCBOX_RIGHT_SEND);
	int receiver = port_open_id(self->box, id, IPCBOX_RIGHT_RECV);
	int nobody = port_open_id(self->box, id, 0);
	struct call recv, send;

	ASSERT_LE(0, sender);
	ASSERT_LE(0, receiver);
	ASSERT_LE(0, nobody);
	EXPECT_EQ(0, poll_now(receiver, POLL_BOTH));
	EXPECT_EQ(variant->max_messages ? POLLOUT : 0,
		  poll_now(sender, POLL_BOTH));
	recv = call_init(CALL_RECV, self->port);
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(0, poll_now(receiver, POLL_BOTH));
	EXPECT_EQ(POLLOUT, poll_now(sender, POLL_BOTH));
	EXPECT_EQ(0, poll_now(nobody, POLL_BOTH));
	ASSERT_EQ(0, send_now(self->port, "hello"));
	ASSERT_EQ(0, call_join(&recv));

	send = call_text(self->port, "hello", 0);
	call_start(&send);
	ASSERT_EQ(1, poll(&(struct pollfd){ .fd = receiver, .events = POLLIN },
			  1, 10000));
	EXPECT_EQ(POLLIN, poll_now(receiver, POLL_BOTH));
	EXPECT_EQ(0, poll_now(nobody, POLL_BOTH));
	EXPECT_FALSE(poll_now(sender, POLL_BOTH) & POLLIN);
	EXPECT_STREQ("hello", recv_now(receiver));
	EXPECT_EQ(0, call_join(&send));

	ASSERT_EQ(0, port_delete_id(self->box, id));
	EXPECT_EQ(POLLHUP | POLLERR, poll_now(sender, 0));
	EXPECT_EQ(POLLHUP | POLLERR, poll_now(receiver, POLL_BOTH));
	EXPECT_EQ(POLLHUP | POLLERR, poll_now(nobody, POLL_BOTH));
	close(sender);
	close(receiver);
	close(nobody);
}

FIXTURE(capacity)
{
	int box;
};

FIXTURE_SETUP(capacity)
{
	self->box = box_open();
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(capacity)
{
	close(self->box);
}

/* Rendezvous */

TEST_F(capacity, a_nonblocking_rendezvous_wants_a_receiver_of_its_type)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call recv = call_init(CALL_RECV, port);

	recv.recv.type = 7;
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	EXPECT_EQ(-EAGAIN, msg_send(port, "a", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(-EAGAIN, msg_send(port, "a", 1, 8, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(0, msg_send(port, "a", 1, 7, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_EQ(7, recv.recv.msg_type);
	close(port);
}

TEST_F(capacity, a_nonblocking_rendezvous_wants_more_than_a_peek)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call peek = call_init(CALL_RECV, port);

	peek.recv.flags = IPCBOX_PEEK;
	call_start(&peek);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	EXPECT_EQ(-EAGAIN, send_now(port, "hello"));
	EXPECT_EQ(0, poll_now(port, POLL_BOTH));
	ASSERT_EQ(0, set_capacity(port, 1));
	EXPECT_EQ(0, send_now(port, "hello"));
	EXPECT_EQ(0, call_join(&peek));
	close(port);
}

TEST_F(capacity, a_nonblocking_rendezvous_wants_a_buffer_that_is_long_enough)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call recv = call_init(CALL_RECV, port);

	recv.data = recv.text;
	recv.len = 4;
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	EXPECT_EQ(-EAGAIN, send_now(port, "hello"));
	EXPECT_EQ(0, send_now(port, "four"));
	EXPECT_EQ(0, call_join(&recv));
	close(port);
}

TEST_F(capacity, nonblocking_rendezvous_as_many_as_receivers_wait)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call recvs[3];
	int i;

	for (i = 0; i < 3; i++) {
		recvs[i] = call_init(CALL_RECV, port);
		call_start(&recvs[i]);
		ASSERT_TRUE(wait_for_waiters(port, 0, i + 1));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, send_now(port, "hello"));
	EXPECT_EQ(-EAGAIN, send_now(port, "hello"));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, call_join(&recvs[i]));
	close(port);
}

/* A receiver that is slow in copying does not stand in the way of others. */
TEST_F(capacity, a_slow_receiver_does_not_stop_other_rendezvous)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call slow = call_init(CALL_RECV, port);
	struct call recv = call_init(CALL_RECV, port);
	struct held held;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	slow.data = held.page;
	slow.len = PAGE;
	call_start(&slow);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	ASSERT_EQ(0, send_now(port, "one"));
	ASSERT_TRUE(held_wait(&held));
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	EXPECT_EQ(POLLOUT, poll_now(port, POLL_BOTH));
	EXPECT_EQ(0, send_now(port, "two"));
	/* In case it was not sent: no end without this. */
	set_capacity(port, 10);
	send_now(port, "three");
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("two", recv.text);
	held_release(&held);
	EXPECT_EQ(0, call_join(&slow));
	EXPECT_STREQ("one", held.page);
	close(port);
}

TEST_F(capacity, senders_in_rendezvous_are_received_in_order)
{
	int port = port_with(self->box, 0, 0, 0);
	static const char * const texts[] = { "0", "1", "2", "3" };
	struct ipcbox_stat stat;
	struct call sends[4];
	int i;

	for (i = 0; i < 4; i++) {
		sends[i] = call_text(port, texts[i], 0);
		call_start(&sends[i]);
		ASSERT_TRUE(wait_for_waiters(port, i + 1, 0));
	}
	for (i = 0; i < 4; i++) {
		EXPECT_STREQ(texts[i], recv_now(port));
		EXPECT_EQ(0, call_join(&sends[i]));
		ASSERT_EQ(0, port_stat(port, &stat));
		EXPECT_EQ(3 - i, stat.waiting_senders);
	}
	close(port);
}

/* Bounds */

TEST_F(capacity, in_messages)
{
	int port = port_with(self->box, 5, 0, 0), i;

	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, send_now(port, "a"));
	EXPECT_EQ(-EAGAIN, send_now(port, "a"));
	EXPECT_EQ(-EAGAIN, send_now(port, ""));
	EXPECT_STREQ("a", recv_now(port));
	EXPECT_EQ(0, send_now(port, ""));
	EXPECT_EQ(-EAGAIN, send_now(port, ""));
	close(port);
}

TEST_F(capacity, in_bytes)
{
	int port = port_with(self->box, IPCBOX_UNLIMITED, 10, 10);

	EXPECT_EQ(0, send_now(port, "012345"));
	EXPECT_EQ(-EAGAIN, send_now(port, "01234"));
	EXPECT_EQ(0, send_now(port, "0123"));
	EXPECT_EQ(-EAGAIN, send_now(port, "0"));
	EXPECT_EQ(0, send_now(port, ""));
	EXPECT_STREQ("012345", recv_now(port));
	EXPECT_EQ(0, send_now(port, "0"));
	EXPECT_EQ(0, send_now(port, "01234"));
	EXPECT_EQ(-EAGAIN, send_now(port, "0"));
	close(port);
}

TEST_F(capacity, in_messages_and_bytes)
{
	int port = port_with(self->box, 3, 10, 10);

	EXPECT_EQ(0, send_now(port, "0123456789"));
	EXPECT_EQ(-EAGAIN, send_now(port, "0"));
	EXPECT_EQ(0, send_now(port, ""));
	EXPECT_EQ(0, send_now(port, ""));
	EXPECT_EQ(-EAGAIN, send_now(port, ""));
	EXPECT_STREQ("0123456789", recv_now(port));
	EXPECT_EQ(0, send_now(port, "0"));
	EXPECT_EQ(-EAGAIN, send_now(port, "0"));
	close(port);
}

TEST_F(capacity, unlimited)
{
	int port = port_with(self->box, IPCBOX_UNLIMITED, 0, 0), i;
	struct ipcbox_stat stat;

	for (i = 0; i < 10000; i++)
		ASSERT_EQ(0, send_now(port, "hello"));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(10000, stat.messages);
	EXPECT_EQ(50000, stat.bytes);
	EXPECT_EQ(POLL_BOTH, poll_now(port, POLL_BOTH));
	close(port);
}

/* What a receiver has taken uses capacity until it is received. */
TEST_F(capacity, a_message_that_is_being_copied_counts)
{
	int port = port_with(self->box, 1, 0, 0);
	struct call recv = call_init(CALL_RECV, port);
	struct ipcbox_stat stat;
	struct held held;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, send_now(port, "hello"));
	recv.data = held.page;
	recv.len = PAGE;
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(1, stat.taken);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(-EAGAIN, send_now(port, "world"));
	EXPECT_EQ(0, poll_now(port, POLL_BOTH));
	held_release(&held);
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("hello", held.page);
	EXPECT_EQ(0, send_now(port, "world"));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.taken);
	EXPECT_EQ(1, stat.received);
	close(port);
}

/* Waiting senders */

TEST_F(capacity, an_urgent_message_of_a_waiting_sender_overtakes)
{
	int port = port_with(self->box, 2, 0, 0);
	struct call low = call_text(port, "low", 0);
	struct call urgent = call_text(port, "urgent", 9);
	struct ipcbox_stat stat;

	ASSERT_EQ(0, send_now(port, "one"));
	ASSERT_EQ(0, send_now(port, "two"));
	call_start(&low);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	call_start(&urgent);
	ASSERT_TRUE(wait_for_waiters(port, 2, 0));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(4, stat.messages);
	EXPECT_EQ(2, stat.sent);
	/* It leaves with its message; the port is as full as before. */
	EXPECT_STREQ("urgent", recv_now(port));
	EXPECT_EQ(0, call_join(&urgent));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1, stat.waiting_senders);
	EXPECT_EQ(3, stat.sent);
	EXPECT_STREQ("one", recv_now(port));
	EXPECT_EQ(0, call_join(&low));
	EXPECT_STREQ("two", recv_now(port));
	EXPECT_STREQ("low", recv_now(port));
	close(port);
}

TEST_F(capacity, the_type_of_a_waiting_senders_message_can_be_received)
{
	int port = port_with(self->box, 1, 0, 0);
	struct call send = call_text(port, "seven", 0);
	struct ipcbox_recv recv = { .type = 7 };
	char buf[8] = {};

	ASSERT_EQ(0, send_now(port, "one"));
	send.send.type = 7;
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, msg_recv(port, buf, sizeof(buf), IPCBOX_NOWAIT, &recv));
	EXPECT_STREQ("seven", buf);
	EXPECT_EQ(0, call_join(&send));
	EXPECT_STREQ("one", recv_now(port));
	close(port);
}

TEST_F(capacity, senders_are_admitted_in_the_order_of_waiting)
{
	int port = port_with(self->box, IPCBOX_UNLIMITED, 10, 10);
	struct call large = call_text(port, "01234567", 0);
	struct call small = call_text(port, "0", 0);
	struct ipcbox_stat stat;

	ASSERT_EQ(0, send_now(port, "0123"));
	ASSERT_EQ(0, send_now(port, "abc"));
	call_start(&large);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	/* There is room for it, but somebody was there before. */
	call_start(&small);
	ASSERT_TRUE(wait_for_waiters(port, 2, 0));
	EXPECT_EQ(-EAGAIN, send_now(port, "0"));
	EXPECT_EQ(POLLIN, poll_now(port, POLL_BOTH));
	EXPECT_STREQ("0123", recv_now(port));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(2, stat.waiting_senders);
	EXPECT_STREQ("abc", recv_now(port));
	EXPECT_EQ(0, call_join(&large));
	EXPECT_EQ(0, call_join(&small));
	EXPECT_STREQ("01234567", recv_now(port));
	EXPECT_STREQ("0", recv_now(port));
	close(port);
}

TEST_F(capacity, a_sender_that_gives_up_lets_those_behind_it_go)
{
	int port = port_with(self->box, IPCBOX_UNLIMITED, 10, 10);
	struct call large = call_text(port, "01234567", 0);
	struct call small = call_text(port, "0", 0);

	ASSERT_EQ(0, send_now(port, "0123"));
	call_catch(SIGUSR1, 0);
	call_start(&large);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	call_start(&small);
	ASSERT_TRUE(wait_for_waiters(port, 2, 0));
	pthread_kill(large.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&large));
	EXPECT_EQ(0, call_join(&small));
	EXPECT_STREQ("0123", recv_now(port));
	EXPECT_STREQ("0", recv_now(port));
	EXPECT_STREQ("error 11", recv_now(port));
	close(port);
}

/* Poll */

TEST_F(capacity, poll_writable_means_room_for_any_message)
{
	int port = port_with(self->box, 4, 10, 4);

	EXPECT_EQ(POLLOUT, poll_now(port, POLL_BOTH));
	ASSERT_EQ(0, send_now(port, "012"));
	ASSERT_EQ(0, send_now(port, "012"));
	EXPECT_EQ(POLL_BOTH, poll_now(port, POLL_BOTH));
	ASSERT_EQ(0, send_now(port, "0"));
	/* Three bytes are left, a message may have four. */
	EXPECT_EQ(POLLIN, poll_now(port, POLL_BOTH));
	EXPECT_STREQ("012", recv_now(port));
	EXPECT_EQ(POLL_BOTH, poll_now(port, POLL_BOTH));
	ASSERT_EQ(0, send_now(port, ""));
	ASSERT_EQ(0, send_now(port, ""));
	/* There would be room, but not for a fifth message. */
	EXPECT_EQ(POLLIN, poll_now(port, POLL_BOTH));
	close(port);
}

TEST_F(capacity, poll_tells_of_a_waiting_senders_message)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call send = call_text(port, "hello", 0);

	EXPECT_EQ(0, poll_now(port, POLL_BOTH));
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	EXPECT_EQ(POLLIN, poll_now(port, POLL_BOTH));
	EXPECT_STREQ("hello", recv_now(port));
	EXPECT_EQ(0, poll_now(port, POLL_BOTH));
	EXPECT_EQ(0, call_join(&send));
	close(port);
}

/*
 * An edge-triggered epoll reports only what it has been woken for, so these
 * fail if a wake-up is missing. The first report is that of adding.
 */
static int edge_open(int port, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epoll, EPOLL_CTL_ADD, port, &event);
	epoll_wait(epoll, &event, 1, 0);
	return epoll;
}

static uint32_t edge(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 0) == 1 ? event.events : 0;
}

TEST_F(capacity, edge_when_a_message_comes)
{
	int port = port_with(self->box, 4, 0, 0);
	int epoll = edge_open(port, EPOLLIN);

	EXPECT_EQ(0, edge(epoll));
	ASSERT_EQ(0, send_now(port, "one"));
	EXPECT_EQ(EPOLLIN, edge(epoll));
	EXPECT_EQ(0, edge(epoll));
	ASSERT_EQ(0, send_now(port, "two"));
	EXPECT_EQ(EPOLLIN, edge(epoll));
	close(epoll);
	close(port);
}

TEST_F(capacity, edge_when_there_is_room)
{
	int port = port_with(self->box, 1, 0, 0);
	int epoll;

	ASSERT_EQ(0, send_now(port, "one"));
	epoll = edge_open(port, EPOLLOUT);
	EXPECT_EQ(0, edge(epoll));
	EXPECT_STREQ("one", recv_now(port));
	EXPECT_EQ(EPOLLOUT, edge(epoll));
	EXPECT_EQ(0, edge(epoll));
	close(epoll);
	close(port);
}

TEST_F(capacity, edge_when_the_capacity_grows)
{
	int port = port_with(self->box, 1, 0, 0);
	int epoll;

	ASSERT_EQ(0, send_now(port, "one"));
	epoll = edge_open(port, EPOLLOUT);
	ASSERT_EQ(0, set_capacity(port, 2));
	EXPECT_EQ(EPOLLOUT, edge(epoll));
	close(epoll);
	close(port);
}

TEST_F(capacity, edge_when_somebody_waits_for_a_rendezvous)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call recv = call_init(CALL_RECV, port);
	int epoll = edge_open(port, EPOLLOUT);

	EXPECT_EQ(0, edge(epoll));
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	EXPECT_EQ(EPOLLOUT, edge(epoll));
	ASSERT_EQ(0, send_now(port, "one"));
	EXPECT_EQ(0, call_join(&recv));
	close(epoll);
	close(port);
}

TEST_F(capacity, edge_when_a_sender_gives_up)
{
	int port = port_with(self->box, IPCBOX_UNLIMITED, 10, 5);
	struct call send = call_text(port, "01234", 0);
	int epoll;

	ASSERT_EQ(0, send_now(port, "01234"));
	ASSERT_EQ(0, send_now(port, "0"));
	call_catch(SIGUSR1, 0);
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	epoll = edge_open(port, EPOLLOUT);
	/* Room for five, and nobody in front. */
	EXPECT_STREQ("01234", recv_now(port));
	EXPECT_EQ(0, call_join(&send));
	EXPECT_STREQ("0", recv_now(port));
	EXPECT_EQ(EPOLLOUT, edge(epoll));
	close(epoll);
	close(port);
}

TEST_F(capacity, edge_when_the_port_is_deleted)
{
	int port = port_with(self->box, 1, 0, 0);
	int epoll = edge_open(port, 0);

	EXPECT_EQ(0, edge(epoll));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(port)));
	EXPECT_EQ(EPOLLHUP | EPOLLERR, edge(epoll));
	close(epoll);
	close(port);
}

/* While a receiver copies there is nothing to read; if it fails, there is. */
TEST_F(capacity, edge_when_a_message_comes_back)
{
	int port = port_with(self->box, 1, 0, PAGE * 2);
	struct call recv = call_init(CALL_RECV, port);
	struct held held;
	char data[PAGE * 2] = "hello";
	int epoll;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, msg_send(port, data, sizeof(data), 0, 0, 0));
	recv.data = held.page;
	recv.len = PAGE * 2;
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	epoll = edge_open(port, EPOLLIN);
	EXPECT_EQ(0, edge(epoll));
	held_release(&held);
	EXPECT_EQ(-EFAULT, call_join(&recv));
	EXPECT_EQ(EPOLLIN, edge(epoll));
	EXPECT_EQ(sizeof(data), sys_read(port, data, sizeof(data)));
	EXPECT_STREQ("hello", data);
	close(epoll);
	close(port);
}

/* The large rendezvous: from 16 KiB on the payload stays with its sender. */

static void fill(unsigned char *data, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = (i * 2654435761U + seed) >> 9;
}

static const size_t large_sizes[] = {
	16383, 16384, 16385, 20480, 32767, 32768, 32769, 65535, 65536, 65537,
	100003, 1 << 20,
};

TEST_F(capacity, large_rendezvous_of_any_size_at_any_offset)
{
	int port = port_with(self->box, 0, 0, 0);
	unsigned char *out = malloc((1 << 20) + PAGE);
	unsigned char *in = malloc((1 << 20) + PAGE);
	static const size_t offsets[] = { 0, 1, 8, 4095 };
	struct call send;
	size_t len;
	int i, j;

	fill(out, (1 << 20) + PAGE, 5);
	for (i = 0; i < ARRAY_SIZE(large_sizes); i++) {
		for (j = 0; j < 4; j++) {
			len = large_sizes[i];
			send = call_init(CALL_SEND, port);
			send.data = out + offsets[j];
			send.len = len;
			call_start(&send);
			memset(in, 0xaa, len + PAGE);
			ASSERT_EQ(len, sys_read(port, in + offsets[3 - j],
						len + 1));
			ASSERT_EQ(0, call_join(&send));
			EXPECT_EQ(0, memcmp(out + offsets[j],
					    in + offsets[3 - j], len))
				TH_LOG("%zu bytes at %zu", len, offsets[j]);
			EXPECT_EQ(0xaa, in[offsets[3 - j] + len]);
		}
	}
	free(out);
	free(in);
	close(port);
}

TEST_F(capacity, large_rendezvous_in_segments)
{
	int port = port_with(self->box, 0, 0, 0);
	const size_t len = 3 * 40001;
	unsigned char *out = malloc(len + 100), *in = malloc(len + 100);
	unsigned char *expected = malloc(len);
	struct iovec from[] = {
		{ out + 40001 + 13, 40001 }, { NULL, 0 }, { out + 1, 40001 },
		{ out + 2 * 40001 + 77, 40001 },
	};
	struct iovec to[] = {
		{ in + 3, 1 }, { in + 5, 100001 }, { in + 100013, 100 },
		{ in + 100113, len - 100102 },
	};
	struct ipcbox_recv recv = {};
	struct call send = call_init(CALL_SEND, port);

	fill(out, len + 100, 6);
	send.send.flags = IPCBOX_IOVEC;
	send.data = from;
	send.len = 4;
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, msg_recv(port, to, 4, IPCBOX_IOVEC, &recv));
	ASSERT_EQ(0, call_join(&send));
	EXPECT_EQ(len, recv.msg_len);
	memcpy(expected, out + 40001 + 13, 40001);
	memcpy(expected + 40001, out + 1, 40001);
	memcpy(expected + 2 * 40001, out + 2 * 40001 + 77, 40001);
	EXPECT_EQ(expected[0], in[3]);
	EXPECT_EQ(0, memcmp(expected + 1, in + 5, 100001));
	EXPECT_EQ(0, memcmp(expected + 100002, in + 100013, len - 100002));
	free(out);
	free(in);
	free(expected);
	close(port);
}

TEST_F(capacity, large_rendezvous_in_1024_segments)
{
	int port = port_with(self->box, 0, 0, 0);
	unsigned char *out = malloc(1024 * 200), *in = malloc(1024 * 200);
	struct call send = call_init(CALL_SEND, port);
	struct iovec from[1024];
	int i, wrong = 0;

	fill(out, 1024 * 200, 7);
	for (i = 0; i < 1024; i++) {
		from[i].iov_base = out + (1023 - i) * 200 + 3;
		from[i].iov_len = 101;
	}
	send.send.flags = IPCBOX_IOVEC;
	send.data = from;
	send.len = 1024;
	call_start(&send);
	ASSERT_EQ(1024 * 101, sys_read(port, in, 1024 * 200));
	ASSERT_EQ(0, call_join(&send));
	for (i = 0; i < 1024; i++)
		wrong += !!memcmp(from[i].iov_base, in + i * 101, 101);
	EXPECT_EQ(0, wrong);
	free(out);
	free(in);
	close(port);
}

TEST_F(capacity, large_rendezvous_is_peeked_at_and_received)
{
	int port = port_with(self->box, 0, 0, 0);
	const size_t len = 100001;
	unsigned char *out = malloc(len), *in = calloc(1, len);
	struct call send = call_init(CALL_SEND, port);
	struct ipcbox_recv recv = {};

	fill(out, len, 8);
	send.data = out;
	send.len = len;
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, msg_recv(port, in, len, IPCBOX_PEEK, &recv));
	EXPECT_EQ(0, memcmp(out, in, len));
	memset(in, 0, len);
	ASSERT_EQ(len, sys_read(port, in, len));
	EXPECT_EQ(0, memcmp(out, in, len));
	EXPECT_EQ(0, call_join(&send));
	free(out);
	free(in);
	close(port);
}

TEST_F(capacity, large_rendezvous_and_a_receiver_that_fails_midway)
{
	int port = port_with(self->box, 0, 0, 0);
	const size_t len = 100001;
	unsigned char *out = malloc(len), *in = calloc(1, len);
	unsigned char *hole = memory_before_hole(50000);
	struct call send = call_init(CALL_SEND, port);
	struct ipcbox_stat stat;

	fill(out, len, 9);
	send.data = out;
	send.len = len;
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	EXPECT_EQ(-EFAULT, sys_read(port, hole, len));
	EXPECT_EQ(-EMSGSIZE, sys_read(port, in, len - 1));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1, stat.messages);
	EXPECT_EQ(1, stat.waiting_senders);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(0, stat.taken);
	ASSERT_EQ(len, sys_read(port, in, len));
	EXPECT_EQ(0, memcmp(out, in, len));
	EXPECT_EQ(0, call_join(&send));
	free(out);
	free(in);
	close(port);
}

TEST_F(capacity, large_rendezvous_from_unreadable_memory)
{
	int port = port_with(self->box, 0, 0, 0);
	char *hole = memory_before_hole(50000);
	struct ipcbox_send send = {
		.data = (uintptr_t)hole,
		.len = 100001,
		.deadline = in_ns(20 * SEC),
	};
	struct ipcbox_stat stat;

	EXPECT_EQ(-EFAULT, sys_ioctl(port, IPCBOX_SEND, &send));
	send.data = (uintptr_t)memory_nowhere();
	EXPECT_EQ(-EFAULT, sys_ioctl(port, IPCBOX_SEND, &send));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.messages);
	close(port);
}

TEST_F(capacity, large_rendezvous_from_read_only_memory)
{
	int port = port_with(self->box, 0, 0, 0);
	const size_t len = 10 * PAGE;
	char *out = memory_pages(10), *in = malloc(len);
	struct call send = call_init(CALL_SEND, port);

	fill((unsigned char *)out, len, 3);
	ASSERT_EQ(0, mprotect(out, len, PROT_READ));
	send.data = out;
	send.len = len;
	call_start(&send);
	ASSERT_EQ(len, sys_read(port, in, len));
	EXPECT_EQ(0, memcmp(out, in, len));
	EXPECT_EQ(0, call_join(&send));
	free(in);
	close(port);
}

TEST_F(capacity, large_rendezvous_whose_sender_is_interrupted)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call send = call_init(CALL_SEND, port);
	struct ipcbox_stat stat;

	call_catch(SIGUSR1, 0);
	send.data = malloc(100000);
	send.len = 100000;
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	pthread_kill(send.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&send));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.sent);
	EXPECT_STREQ("error 11", recv_now(port));
	free(send.data);
	close(port);
}

/*
 * The sender gives up while a receiver is copying: it has sent nothing, so the
 * receiver has received nothing, and gets the next message instead.
 */
TEST_F(capacity, a_rendezvous_recalled_while_it_is_copied)
{
	static const size_t lens[] = { 5, 8192, 100000 };
	struct call send, recv, next;
	struct ipcbox_stat stat;
	struct held held;
	int i, port;

	call_catch(SIGUSR1, 0);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		port = port_with(self->box, 0, 0, 0);
		if (!held_init(&held, 30))
			SKIP(return, "no userfaultfd");
		send = call_init(CALL_SEND, port);
		send.len = lens[i];
		send.data = malloc(lens[i]);
		memset(send.data, 'x', lens[i]);
		call_start(&send);
		ASSERT_TRUE(wait_for_waiters(port, 1, 0));
		recv = call_init(CALL_RECV, port);
		recv.data = held.page;
		recv.len = 31 * PAGE;
		call_start(&recv);
		ASSERT_TRUE(held_wait(&held));
		pthread_kill(send.thread, SIGUSR1);
		EXPECT_EQ(-EINTR, call_join(&send));
		memset(send.data, 'y', lens[i]);
		held_release(&held);

		next = call_text(port, "next", 0);
		call_start(&next);
		EXPECT_EQ(0, call_join(&recv));
		EXPECT_EQ(0, call_join(&next));
		EXPECT_EQ(4, recv.recv.msg_len);
		EXPECT_EQ(0, memcmp(held.page, "next", 4));
		ASSERT_EQ(0, port_stat(port, &stat));
		EXPECT_EQ(1, stat.sent);
		EXPECT_EQ(1, stat.received);
		EXPECT_EQ(0, stat.taken);
		free(send.data);
		close(port);
	}
}

/*
 * After a large rendezvous has failed its sender does with its memory what it
 * likes, though a receiver was stopped in the midst of copying from there.
 */
TEST_F(capacity, a_large_rendezvous_recalled_is_no_longer_read)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call send = call_init(CALL_SEND, port);
	struct call recv = call_init(CALL_RECV, port);
	char *first = memory_pages(1);
	struct iovec to[2] = { { first, PAGE } };
	struct held held;

	if (!held_init(&held, 30))
		SKIP(return, "no userfaultfd");
	call_catch(SIGUSR1, 0);
	send.len = 25 * PAGE;
	send.data = memory_pages(25);
	memset(send.data, 'x', send.len);
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	to[1] = (struct iovec){ held.page, 31 * PAGE };
	recv.data = to;
	recv.len = 2;
	recv.recv.flags = IPCBOX_IOVEC | IPCBOX_NOWAIT;
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	EXPECT_EQ('x', first[0]);
	EXPECT_EQ('x', first[PAGE - 1]);
	pthread_kill(send.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&send));
	memset(send.data, 'y', send.len);
	held_release(&held);
	EXPECT_EQ(-EAGAIN, call_join(&recv));
	EXPECT_FALSE(!!memchr(held.page, 'y', 31 * PAGE));
	close(port);
}

/* The same for a receiver that does not wait: it finds nothing after all. */
TEST_F(capacity, a_rendezvous_recalled_from_a_nonblocking_receiver)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call send = call_text(port, "hello", 0);
	struct call recv = call_init(CALL_RECV, port);
	struct held held;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	call_catch(SIGUSR1, 0);
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	recv.recv.flags = IPCBOX_NOWAIT;
	recv.data = held.page;
	recv.len = PAGE;
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	pthread_kill(send.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&send));
	held_release(&held);
	EXPECT_EQ(-EAGAIN, call_join(&recv));
	close(port);
}

/* A sender that dies takes along what it has not sent. */
TEST_F(capacity, a_rendezvous_whose_sender_is_killed)
{
	int port = port_with(self->box, 0, 0, 0);
	struct ipcbox_stat stat;
	pid_t pid = fork();

	if (!pid) {
		char *data = calloc(1, 100000);

		_exit(sys_write(port, data, 100000) != 100000);
	}
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.waiting_senders);
	close(port);
}

TEST_F(capacity, a_rendezvous_whose_sender_is_killed_while_it_is_copied)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call recv = call_init(CALL_RECV, port), next;
	struct held held;
	pid_t pid;

	if (!held_init(&held, 30))
		SKIP(return, "no userfaultfd");
	pid = fork();
	if (!pid) {
		char *data = calloc(1, 100000);

		_exit(sys_write(port, data, 100000) != 100000);
	}
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	recv.data = held.page;
	recv.len = 31 * PAGE;
	call_start(&recv);
	ASSERT_TRUE(held_wait(&held));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	held_release(&held);
	next = call_text(port, "next", 0);
	call_start(&next);
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_EQ(0, call_join(&next));
	EXPECT_EQ(4, recv.recv.msg_len);
	close(port);
}

/* More capacity lets those go who can: here, who stands behind a large one. */
TEST_F(capacity, more_capacity_behind_a_large_rendezvous)
{
	int port = port_with(self->box, 0, 0, 0);
	struct call large = call_init(CALL_SEND, port);
	struct call small = call_text(port, "small", 0);
	char *in = malloc(100000);
	struct ipcbox_stat stat;

	large.data = calloc(1, 100000);
	large.len = 100000;
	call_start(&large);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	small.send.deadline = in_ns(5 * SEC);
	call_start(&small);
	ASSERT_TRUE(wait_for_waiters(port, 2, 0));
	ASSERT_EQ(0, set_capacity(port, 10));
	EXPECT_EQ(0, call_join(&small));
	EXPECT_EQ(0, send_now(port, "another"));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(3, stat.messages);
	EXPECT_EQ(100000, sys_read(port, in, 100000));
	EXPECT_EQ(0, call_join(&large));
	EXPECT_STREQ("small", recv_now(port));
	EXPECT_STREQ("another", recv_now(port));
	close(port);
}

TEST_HARNESS_MAIN
