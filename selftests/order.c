// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order: by priority, then by the time of sending; within a type likewise; and
 * neither peeks nor receives that fail change anything about it
 */

#include "call.h"
#include "memory.h"

#include <kselftest_harness.h>

FIXTURE(order)
{
	int box;
	int port;
};

FIXTURE_SETUP(order)
{
	self->box = box_open();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(order)
{
	close(self->port);
	close(self->box);
}

/* The payload of all messages here is a number. */
static int send_number(int port, int number, uint64_t type, uint32_t priority)
{
	return msg_send(port, &number, sizeof(number), type, priority, 0);
}

/* The number of the first message of a type, without waiting. */
static int recv_number_flags(int port, uint64_t type, uint64_t flags)
{
	struct ipcbox_recv recv = { .type = type };
	int number = -1, ret;

	ret = msg_recv(port, &number, sizeof(number), flags | IPCBOX_NOWAIT,
		       &recv);
	if (!ret && type && recv.msg_type != type)
		return -EPROTO;
	return ret ?: number;
}

static int recv_number(int port, uint64_t type)
{
	return recv_number_flags(port, type, 0);
}

static int peek_number(int port, uint64_t type)
{
	return recv_number_flags(port, type, IPCBOX_PEEK);
}

TEST_F(order, first_in_first_out)
{
	int i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, send_number(self->port, i, 0, 0));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(i, recv_number(self->port, 0));
	EXPECT_EQ(-EAGAIN, recv_number(self->port, 0));
}

TEST_F(order, highest_priority_first)
{
	int i;

	for (i = 0; i < IPCBOX_PRIORITIES; i++)
		ASSERT_EQ(0, send_number(self->port, i, 0,
					 i * 13 % IPCBOX_PRIORITIES));
	for (i = IPCBOX_PRIORITIES - 1; i >= 0; i--)
		EXPECT_EQ(i, recv_number(self->port, 0) * 13 %
			     IPCBOX_PRIORITIES);
}

TEST_F(order, first_in_first_out_within_a_priority)
{
	uint32_t priority;
	int i;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(0, send_number(self->port, i, 0, i % 4));
	for (priority = 4; priority--;)
		for (i = priority; i < 200; i += 4)
			ASSERT_EQ(i, recv_number(self->port, 0));
}

TEST_F(order, a_late_urgent_message_overtakes)
{
	ASSERT_EQ(0, send_number(self->port, 1, 0, 0));
	ASSERT_EQ(0, send_number(self->port, 2, 0, 0));
	EXPECT_EQ(1, recv_number(self->port, 0));
	ASSERT_EQ(0, send_number(self->port, 3, 0, 31));
	EXPECT_EQ(3, recv_number(self->port, 0));
	EXPECT_EQ(2, recv_number(self->port, 0));
}

TEST_F(order, read_receives_in_the_same_order)
{
	int number;

	ASSERT_EQ(0, send_number(self->port, 1, 9, 0));
	ASSERT_EQ(0, send_number(self->port, 2, 0, 5));
	number = 3;
	ASSERT_EQ(sizeof(number), sys_write(self->port, &number,
					    sizeof(number)));
	ASSERT_EQ(sizeof(number), sys_read(self->port, &number,
					   sizeof(number)));
	EXPECT_EQ(2, number);
	ASSERT_EQ(sizeof(number), sys_read(self->port, &number,
					   sizeof(number)));
	EXPECT_EQ(1, number);
	EXPECT_EQ(3, recv_number(self->port, 0));
}

/* Types */

TEST_F(order, a_type_is_received_past_others)
{
	ASSERT_EQ(0, send_number(self->port, 1, 10, 31));
	ASSERT_EQ(0, send_number(self->port, 2, 0, 31));
	ASSERT_EQ(0, send_number(self->port, 3, 20, 0));
	EXPECT_EQ(-EAGAIN, recv_number(self->port, 15));
	EXPECT_EQ(3, recv_number(self->port, 20));
	EXPECT_EQ(-EAGAIN, recv_number(self->port, 20));
	EXPECT_EQ(1, recv_number(self->port, 0));
	EXPECT_EQ(2, recv_number(self->port, 0));
}

TEST_F(order, within_a_type_by_priority_then_by_time)
{
	static const int expected[] = { 6, 2, 5, 0, 3 };
	int i;

	ASSERT_EQ(0, send_number(self->port, 0, 7, 1));
	ASSERT_EQ(0, send_number(self->port, 1, 8, 9));
	ASSERT_EQ(0, send_number(self->port, 2, 7, 4));
	ASSERT_EQ(0, send_number(self->port, 3, 7, 1));
	ASSERT_EQ(0, send_number(self->port, 4, 0, 9));
	ASSERT_EQ(0, send_number(self->port, 5, 7, 4));
	ASSERT_EQ(0, send_number(self->port, 6, 7, 8));
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		EXPECT_EQ(expected[i], recv_number(self->port, 7));
	EXPECT_EQ(-EAGAIN, recv_number(self->port, 7));
	EXPECT_EQ(1, recv_number(self->port, 0));
	EXPECT_EQ(4, recv_number(self->port, 0));
}

TEST_F(order, types_are_whole_64_bit_numbers)
{
	ASSERT_EQ(0, send_number(self->port, 1, 1, 0));
	ASSERT_EQ(0, send_number(self->port, 2, 1ULL << 32 | 1, 0));
	ASSERT_EQ(0, send_number(self->port, 3, 1ULL << 63 | 1, 0));
	ASSERT_EQ(0, send_number(self->port, 4, IPCBOX_TYPE_EVENT - 1, 0));
	EXPECT_EQ(-EAGAIN, recv_number(self->port, 1ULL << 32));
	EXPECT_EQ(4, recv_number(self->port, IPCBOX_TYPE_EVENT - 1));
	EXPECT_EQ(3, recv_number(self->port, 1ULL << 63 | 1));
	EXPECT_EQ(2, recv_number(self->port, 1ULL << 32 | 1));
	EXPECT_EQ(1, recv_number(self->port, 1));
}

/*
 * Thousands of messages of hundreds of types, taken out in two ways at once:
 * what an array of flags says is left is what must come.
 */
#define MANY		3000
#define MANY_TYPES	150

static uint64_t many_type(int i)
{
	return 1 + (i * 7919ULL) % MANY_TYPES;
}

static uint32_t many_priority(int i)
{
	return (i * 31) % 5;
}

/* The first of a type that is left, -EAGAIN if none: the rule, spelled out. */
static int many_expected(const bool *left, uint64_t type)
{
	int i, best = -EAGAIN;

	for (i = 0; i < MANY; i++)
		if (left[i] && (!type || many_type(i) == type) &&
		    (best < 0 || many_priority(i) > many_priority(best)))
			best = i;
	return best;
}

TEST_F(order, many_types_and_priorities)
{
	bool left[MANY];
	uint64_t type;
	int i, n;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, send_number(self->port, i, many_type(i),
					 many_priority(i)));
		left[i] = true;
	}
	for (i = 0; i < MANY; i++) {
		type = i % 3 ? 1 + (i * 104729ULL) % MANY_TYPES : 0;
		n = many_expected(left, type);
		ASSERT_EQ(n, recv_number(self->port, type));
		if (n >= 0)
			left[n] = false;
	}
	while ((n = recv_number(self->port, 0)) >= 0) {
		ASSERT_EQ(n, many_expected(left, 0));
		left[n] = false;
	}
	EXPECT_EQ(-EAGAIN, many_expected(left, 0));
}

/* Peeking */

TEST_F(order, a_peek_leaves_all_as_it_was)
{
	struct ipcbox_stat before, after;
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, send_number(self->port, i, i + 1, 0));
	ASSERT_EQ(0, port_stat(self->port, &before));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, peek_number(self->port, 0));
		EXPECT_EQ(2, peek_number(self->port, 3));
	}
	EXPECT_EQ(-EAGAIN, peek_number(self->port, 4));
	ASSERT_EQ(0, port_stat(self->port, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i, recv_number(self->port, 0));
}

TEST_F(order, a_peek_tells_all_that_a_receive_tells)
{
	struct ipcbox_recv peek = {}, recv = {};
	char buf[8];

	ASSERT_EQ(0, msg_send(self->port, "hello", 5, 7, 3, 0));
	ASSERT_EQ(0, msg_recv(self->port, buf, sizeof(buf), IPCBOX_PEEK,
			      &peek));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	ASSERT_EQ(0, msg_recv(self->port, buf, sizeof(buf), 0, &recv));
	EXPECT_EQ(5, peek.msg_len);
	peek.flags = 0;
	EXPECT_EQ(0, memcmp(&peek, &recv, sizeof(recv)));
}

TEST_F(order, a_peek_waits_for_a_message)
{
	struct call peek = call_init(CALL_RECV, self->port);
	struct ipcbox_stat stat;

	peek.recv.flags = IPCBOX_PEEK;
	call_start(&peek);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(0, call_join(&peek));
	EXPECT_STREQ("hello", peek.text);
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(1, stat.messages);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(0, stat.taken);
}

TEST_F(order, a_peek_waits_for_a_type)
{
	struct call peek = call_init(CALL_RECV, self->port);

	peek.recv.flags = IPCBOX_PEEK;
	peek.recv.type = 7;
	ASSERT_EQ(0, msg_send(self->port, "eight", 5, 8, 0, 0));
	call_start(&peek);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, msg_send(self->port, "nine", 4, 9, 0, 0));
	ASSERT_EQ(0, msg_send(self->port, "seven", 5, 7, 0, 0));
	EXPECT_EQ(0, call_join(&peek));
	EXPECT_STREQ("seven", peek.text);
}

/* Peekers and a receiver wait: all see it, one has it. */
TEST_F(order, waiting_peeks_do_not_take_from_a_waiting_receiver)
{
	struct call peeks[3], recv = call_init(CALL_RECV, self->port);
	struct ipcbox_stat stat;
	int i;

	for (i = 0; i < 3; i++) {
		peeks[i] = call_init(CALL_RECV, self->port);
		peeks[i].recv.flags = IPCBOX_PEEK;
		peeks[i].recv.deadline = in_ns(20 * SEC);
		call_start(&peeks[i]);
		ASSERT_TRUE(wait_for_waiters(self->port, 0, i + 1));
	}
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 4));
	ASSERT_EQ(5, sys_write(self->port, "first", 5));
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("first", recv.text);
	/* The receiver may have been faster than they; this one stays. */
	ASSERT_EQ(6, sys_write(self->port, "second", 6));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, call_join(&peeks[i]));
		EXPECT_TRUE(!strcmp(peeks[i].text, "first") ||
			    !strcmp(peeks[i].text, "second"));
	}
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(1, stat.received);
	EXPECT_EQ(1, stat.messages);
}

/* A message in a rendezvous can be looked at, and its sender waits on. */
TEST_F(order, a_peek_does_not_complete_a_rendezvous)
{
	int port = port_temporary(self->box, 0);
	struct call send = call_text(port, "hello", 0);
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat;
	char buf[8] = {};

	ASSERT_LE(0, port);
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, msg_recv(port, buf, sizeof(buf), IPCBOX_PEEK, &recv));
	EXPECT_STREQ("hello", buf);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1, stat.waiting_senders);
	EXPECT_EQ(0, stat.sent);
	EXPECT_EQ(5, sys_read(port, buf, sizeof(buf)));
	EXPECT_EQ(0, call_join(&send));
	close(port);
}

/* Receives that fail */

TEST_F(order, a_failed_receive_keeps_the_order)
{
	struct ipcbox_recv recv = {};
	void *nowhere = memory_nowhere();
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, send_number(self->port, i, i / 2 + 1, 0));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(-EFAULT, msg_recv(self->port, nowhere, 8, 0, &recv));
		EXPECT_EQ(-EMSGSIZE, msg_recv(self->port, NULL, 3, 0, &recv));
		recv.type = i / 2 + 1;
		EXPECT_EQ(-EFAULT, msg_recv(self->port, nowhere, 8, 0, &recv));
		recv.type = 0;
		EXPECT_EQ(i, recv_number(self->port, 0));
	}
}

TEST_F(order, what_comes_between_a_failed_receive_and_the_next)
{
	void *nowhere = memory_nowhere();

	ASSERT_EQ(0, send_number(self->port, 1, 0, 5));
	EXPECT_EQ(-EFAULT, sys_read(self->port, nowhere, 8));
	ASSERT_EQ(0, send_number(self->port, 2, 0, 5));
	ASSERT_EQ(0, send_number(self->port, 3, 0, 6));
	EXPECT_EQ(-EFAULT, sys_read(self->port, nowhere, 8));
	EXPECT_EQ(3, recv_number(self->port, 0));
	EXPECT_EQ(1, recv_number(self->port, 0));
	EXPECT_EQ(2, recv_number(self->port, 0));
}

TEST_F(order, a_failed_receive_by_type_keeps_the_order_of_the_type)
{
	struct ipcbox_recv recv = { .type = 7 };
	void *nowhere = memory_nowhere();
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, send_number(self->port, i, 7 + i % 2, i % 2));
	for (i = 0; i < 6; i += 2) {
		EXPECT_EQ(-EFAULT, msg_recv(self->port, nowhere, 8, 0, &recv));
		EXPECT_EQ(i, recv_number(self->port, 7));
	}
	for (i = 1; i < 6; i += 2)
		EXPECT_EQ(i, recv_number(self->port, 8));
}

TEST_HARNESS_MAIN
