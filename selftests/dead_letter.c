// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dead letters: a message that receivers are not done with moves to another
 * port once it has been delivered often enough
 */

#include <stddef.h>

#include "event.h"
#include "expect.h"
#include "memory.h"
#include "peer.h"
#include "request.h"
#include "user.h"

#include <kselftest_harness.h>

FIXTURE(dead_letter)
{
	int box;
	int port;		/* without limits, and so is … */
	int dead;		/* … where its dead letters go */
	struct ipcbox_info before;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(dead_letter)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	self->dead = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->dead);
}

FIXTURE_TEARDOWN(dead_letter)
{
	close(self->port);
	close(self->dead);
	close(self->box);
}

static int set_id(int port, uint64_t id, uint32_t max)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_DEAD_LETTER,
		.dead_letter = id,
		.max_deliveries = max,
	};

	return sys_ioctl(port, IPCBOX_SET, &set);
}

static int set_dead(int port, int dead, uint32_t max)
{
	return set_id(port, port_id(dead), max);
}

static int send_text(int port, const char *text, uint64_t type,
		     uint32_t priority)
{
	return msg_send(port, text, strlen(text), type, priority, 0);
}

/* What is there now, of this type or of any. */
static int look(FIXTURE_DATA(dead_letter) *self, int port, uint64_t type,
		uint64_t flags, uint64_t lease)
{
	memset(self->text, 0, sizeof(self->text));
	self->recv = (struct ipcbox_recv){ .type = type, .lease = lease };
	return msg_recv(port, self->text, sizeof(self->text) - 1,
			flags | IPCBOX_NOWAIT, &self->recv);
}

static int take(FIXTURE_DATA(dead_letter) *self, int port)
{
	return look(self, port, 0, IPCBOX_LEASE, 0);
}

/* Takes what is first, and gives it back, so many times. */
static int fail(FIXTURE_DATA(dead_letter) *self, int port, int times)
{
	int ret = 0;

	while (!ret && times--) {
		ret = take(self, port);
		if (!ret)
			ret = msg_nack(port, self->recv.msg_id);
	}
	return ret;
}

static bool wait_for_messages(int port, uint64_t messages)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_stat stat;

	while (now_ns() < end) {
		if (port_stat(port, &stat))
			return false;
		if (stat.messages == messages)
			return true;
		sleep_ns(MSEC);
	}
	return false;
}

/* The dead letter that is first, which is received. */
#define EXPECT_DEAD(port, what, count) do {				\
	EXPECT_EQ(0, look(self, port, 0, 0, 0));			\
	EXPECT_STREQ(what, self->text);					\
	EXPECT_EQ((count), self->recv.deliveries);			\
	EXPECT_EQ(IPCBOX_MSG_DEAD_LETTER | IPCBOX_MSG_REDELIVERED,	\
		  self->recv.msg_flags);				\
} while (0)

/* The limit */

TEST_F(dead_letter, a_message_moves_after_so_many_deliveries)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, 3));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 2));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_EQ(3, self->recv.deliveries);
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_MESSAGES(self->dead, 1, 0, 0);
	EXPECT_DEAD(self->dead, "one", 3);
	EXPECT_MESSAGES(self->dead, 0, 0, 1);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(dead_letter, stat_tells_of_it)
{
	EXPECT_STAT(self->port, dead_letter, 0);
	EXPECT_STAT(self->port, max_deliveries, 0);
	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	EXPECT_STAT(self->port, dead_letter, port_id(self->dead));
	EXPECT_STAT(self->port, max_deliveries, 1);
	EXPECT_STAT(self->dead, dead_letter, 0);
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, send_text(self->port, "two", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 2));
	EXPECT_STAT(self->port, dead_lettered, 2);
	EXPECT_STAT(self->port, sent, 2);
	EXPECT_STAT(self->port, received, 0);
	EXPECT_STAT(self->dead, sent, 2);
	EXPECT_STAT(self->dead, sent_bytes, 6);
	EXPECT_STAT(self->dead, dead_lettered, 0);
	/* The count stays when the port changes, or goes. */
	ASSERT_EQ(0, set_id(self->port, 0, 0));
	EXPECT_STAT(self->port, dead_letter, 0);
	EXPECT_STAT(self->port, max_deliveries, 0);
	EXPECT_STAT(self->port, dead_lettered, 2);
	EXPECT_STAT(self->port, reserved2, 0);
}

TEST_F(dead_letter, without_a_limit_any_more_it_returns)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, set_id(self->port, 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 5));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
}

/* A lower limit counts what was before; but nothing moves by itself. */
TEST_F(dead_letter, a_limit_that_comes_later)
{
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 5));
	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_DEAD(self->dead, "one", 6);
}

TEST_F(dead_letter, the_highest_limit)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, ~0U));
	EXPECT_STAT(self->port, max_deliveries, ~0U);
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 10));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
}

/* One that its receiver is done with stays received. */
TEST_F(dead_letter, the_last_delivery_can_be_acknowledged)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, take(self, self->port));
	EXPECT_EQ(2, self->recv.deliveries);
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
	EXPECT_MESSAGES(self->port, 0, 0, 1);
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
}

/* Only what a receiver held is a delivery. */
TEST_F(dead_letter, a_receive_that_fails_is_no_delivery)
{
	struct ipcbox_recv recv = {};

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	EXPECT_EQ(-EFAULT, msg_recv(self->port, memory_nowhere(), 10,
				    IPCBOX_LEASE, &recv));
	EXPECT_EQ(-EFAULT, msg_recv(self->port, memory_nowhere(), 10, 0,
				    &recv));
	EXPECT_EQ(-EMSGSIZE, msg_recv(self->port, self->text, 2, IPCBOX_LEASE,
				      &recv));
	ASSERT_EQ(0, look(self, self->port, 0, IPCBOX_PEEK, 0));
	EXPECT_EQ(0, self->recv.deliveries);
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	EXPECT_STAT(self->port, dead_lettered, 0);
}

/* How a hold ends */

TEST_F(dead_letter, the_time_of_a_lease_is_up)
{
	struct ipcbox_event event;
	uint64_t id;

	ASSERT_EQ(0, events_subscribe(self->port, IPCBOX_EVENT_EXPIRED));
	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, look(self, self->port, 0, IPCBOX_LEASE, MSEC));
	id = self->recv.msg_id;
	ASSERT_TRUE(wait_for_messages(self->dead, 1));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_EQ(-ESRCH, msg_ack(self->port, id));
	event = event_next(self->port);
	EXPECT_EQ(IPCBOX_EVENT_EXPIRED, event.what);
	EXPECT_EQ(id, event.id);
	EXPECT_DEAD(self->dead, "one", 2);
}

TEST_F(dead_letter, the_handle_is_closed)
{
	int other = port_open_id(self->box, port_id(self->port), RIGHTS_IO);

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, take(self, other));
	close(other);
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_DEAD(self->dead, "one", 1);
}

/* A child that takes what is first, and ends by itself or by a signal. */
static int child_takes(FIXTURE_DATA(dead_letter) *self, int sig)
{
	pid_t pid = fork();

	if (pid)
		return child_wait(pid);
	if (take(self, self->port))
		_exit(1);
	if (sig)
		kill(getpid(), sig);
	_exit(0);
}

TEST_F(dead_letter, the_receiver_exits)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, child_takes(self, 0));
	ASSERT_TRUE(wait_for_messages(self->dead, 1));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_DEAD(self->dead, "one", 1);
}

TEST_F(dead_letter, it_kills_whoever_receives_it)
{
	int i;

	ASSERT_EQ(0, set_dead(self->port, self->dead, 3));
	ASSERT_EQ(0, send_text(self->port, "poison", 0, 0));
	ASSERT_EQ(0, send_text(self->port, "good", 0, 0));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(128 + SIGKILL, child_takes(self, SIGKILL));
		ASSERT_TRUE(wait_for_held(self->port, 0));
	}
	ASSERT_TRUE(wait_for_messages(self->dead, 1));
	EXPECT_DEAD(self->dead, "poison", 3);
	ASSERT_EQ(0, take(self, self->port));
	EXPECT_STREQ("good", self->text);
	EXPECT_EQ(1, self->recv.deliveries);
}

/* A handle that goes with many; they arrive in their order. */
TEST_F(dead_letter, a_thousand_move_in_order)
{
	int other = port_open_id(self->box, port_id(self->port), RIGHTS_IO);
	char text[16];
	int i;

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	for (i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_EQ(0, send_text(self->port, text, i % 5, 0));
		ASSERT_EQ(0, take(self, other));
	}
	close(other);
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_MESSAGES(self->dead, 1000, 0, 0);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, look(self, self->dead, 0, 0, 0));
		ASSERT_EQ(i, atoi(self->text));
		ASSERT_EQ(i % 5, self->recv.msg_type);
	}
	EXPECT_NOTHING_CHARGED(self);
}

/* What arrives */

TEST_F(dead_letter, it_is_the_same_message_with_a_new_id)
{
	struct ipcbox_recv first;
	pid_t pid = fork();

	if (!pid) {
		if (!user_become(ALICE, BOB))
			_exit(1);
		_exit(send_text(self->port, "one", 7, 9) ? 2 : 0);
	}
	ASSERT_EQ(0, child_wait(pid));
	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	/* So that the ids of the two ports are not the same by chance. */
	ASSERT_EQ(0, send_text(self->dead, "other", 0, 31));
	ASSERT_EQ(0, send_text(self->dead, "other", 0, 31));
	ASSERT_EQ(0, fail(self, self->port, 2));
	first = self->recv;
	ASSERT_EQ(0, look(self, self->dead, 7, 0, 0));
	EXPECT_STREQ("one", self->text);
	EXPECT_EQ(3, self->recv.msg_len);
	EXPECT_EQ(7, self->recv.msg_type);
	EXPECT_EQ(9, self->recv.msg_priority);
	EXPECT_EQ(1, first.msg_id);
	EXPECT_EQ(3, self->recv.msg_id);
	EXPECT_EQ(pid, self->recv.sender_pid);
	EXPECT_EQ(pid, self->recv.sender_tid);
	EXPECT_EQ(ALICE, self->recv.sender_uid);
	EXPECT_EQ(BOB, self->recv.sender_gid);
	EXPECT_EQ(2, self->recv.deliveries);
}

/* By priority, behind those that were there before. */
TEST_F(dead_letter, its_place_is_at_the_end_of_the_line)
{
	static const char * const order[] = { "high", "low 1", "low 2", "low 3" };
	int i;

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "low 2", 0, 0));
	ASSERT_EQ(0, send_text(self->dead, "low 1", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, send_text(self->port, "high", 0, 5));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, send_text(self->dead, "low 3", 0, 0));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, look(self, self->dead, 0, 0, 0));
		EXPECT_STREQ(order[i], self->text);
	}
}

/* Taken from behind others, it has left a mark in line: that goes as well. */
TEST_F(dead_letter, the_others_keep_their_places)
{
	static const char * const texts[] = { "a", "b", "c", "d" };
	int i;

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, send_text(self->port, texts[i], 1 + i, 0));
	for (i = 2; i > 0; i--) {
		ASSERT_EQ(0, look(self, self->port, 1 + i, IPCBOX_LEASE, 0));
		ASSERT_EQ(0, msg_nack(self->port, self->recv.msg_id));
	}
	EXPECT_DEAD(self->dead, "c", 1);
	EXPECT_DEAD(self->dead, "b", 1);
	ASSERT_EQ(0, look(self, self->port, 0, 0, 0));
	EXPECT_STREQ("a", self->text);
	ASSERT_EQ(0, look(self, self->port, 0, 0, 0));
	EXPECT_STREQ("d", self->text);
	EXPECT_MESSAGES(self->port, 0, 0, 2);
}

TEST_F(dead_letter, a_peek_tells_how_often_it_was_delivered)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 2));
	ASSERT_EQ(0, look(self, self->dead, 0, IPCBOX_PEEK, 0));
	EXPECT_EQ(2, self->recv.deliveries);
	EXPECT_EQ(IPCBOX_MSG_DEAD_LETTER | IPCBOX_MSG_REDELIVERED,
		  self->recv.msg_flags);
	ASSERT_EQ(0, take(self, self->dead));
	EXPECT_EQ(3, self->recv.deliveries);
	EXPECT_EQ(IPCBOX_MSG_DEAD_LETTER | IPCBOX_MSG_REDELIVERED |
		  IPCBOX_MSG_LEASED, self->recv.msg_flags);
	/* There is no limit here. */
	ASSERT_EQ(0, msg_nack(self->dead, self->recv.msg_id));
	EXPECT_MESSAGES(self->dead, 1, 0, 0);
	EXPECT_DEAD(self->dead, "one", 3);
}

TEST_F(dead_letter, a_large_one)
{
	const size_t len = 300 << 10;
	char *data = memory_pages(len / PAGE), *copy = memory_pages(len / PAGE);
	struct ipcbox_recv recv = {};
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = i * 7 + i / 4096;
	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, msg_send(self->port, data, len, 0, 0, 0));
	ASSERT_EQ(0, msg_recv(self->port, copy, len, IPCBOX_LEASE, &recv));
	ASSERT_EQ(0, msg_nack(self->port, recv.msg_id));
	memset(copy, 0, len);
	ASSERT_EQ(0, msg_recv(self->dead, copy, len, 0, &recv));
	EXPECT_EQ(0, memcmp(data, copy, len));
	EXPECT_NOTHING_CHARGED(self);
}

/* Who waits for it */

TEST_F(dead_letter, it_goes_to_whoever_waits)
{
	struct call call = call_init(CALL_RECV, self->dead);

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 5, 0));
	call.recv.type = 5;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->dead, 0, 1));
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_STREQ("one", call.text);
	EXPECT_EQ(IPCBOX_MSG_DEAD_LETTER | IPCBOX_MSG_REDELIVERED,
		  call.recv.msg_flags);
	EXPECT_MESSAGES(self->dead, 0, 0, 1);
}

TEST_F(dead_letter, poll_sees_it_there_and_not_here)
{
	struct pollfd here = { .fd = self->port, .events = POLLIN };
	struct peer peer = peer_start(self->box);

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	peer_tell(&peer, (struct peer_order){
		.call = PEER_POLL, .fd = self->dead, .len = 20000,
	});
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_EQ(POLLIN, peer_hear(&peer).ret);
	EXPECT_EQ(0, poll(&here, 1, 0));
	peer_end(&peer, 0);
}

/* It gives its place to a sender, as when it is received. */
TEST_F(dead_letter, a_sender_gets_its_room)
{
	int port = port_temporary(self->box, 1);
	struct call call = call_text(port, "two", 0);

	ASSERT_EQ(0, set_dead(port, self->dead, 2));
	ASSERT_EQ(0, send_text(port, "one", 0, 0));
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, fail(self, port, 1));
	EXPECT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, fail(self, port, 1));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_MESSAGES(port, 1, 0, 0);
	ASSERT_EQ(0, take(self, port));
	EXPECT_STREQ("two", self->text);
	close(port);
}

/* The turn of a process ends with its last hold. */
TEST_F(dead_letter, a_turn_passes)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct peer peer;
	int port;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.sharing = IPCBOX_SHARE_ONE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	peer = peer_start(self->box);
	ASSERT_EQ(0, set_dead(port, self->dead, 1));
	ASSERT_EQ(0, send_text(port, "one", 0, 0));
	ASSERT_EQ(0, send_text(port, "two", 0, 0));
	ASSERT_EQ(0, take(self, port));
	peer_tell(&peer, (struct peer_order){
		.call = PEER_RECV, .fd = port, .len = 10,
	});
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	ASSERT_EQ(0, msg_nack(port, self->recv.msg_id));
	EXPECT_STREQ("two", peer_hear(&peer).text);
	EXPECT_DEAD(self->dead, "one", 1);
	peer_end(&peer, 0);
	close(port);
}

/* The limits of the dead-letter port: nothing is lost for them */

TEST_F(dead_letter, it_arrives_where_there_is_no_room)
{
	int dead = port_temporary(self->box, 2), i;

	ASSERT_EQ(0, set_dead(self->port, dead, 1));
	ASSERT_EQ(0, send_text(dead, "own", 0, 0));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 3));
	EXPECT_MESSAGES(dead, 4, 0, 0);
	/* Whoever sends there waits for all of them. */
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EAGAIN, msg_send(dead, "own", 3, 0, 0, IPCBOX_NOWAIT));
		ASSERT_EQ(0, look(self, dead, 0, 0, 0));
	}
	EXPECT_EQ(-EAGAIN, msg_send(dead, "own", 3, 0, 0, IPCBOX_NOWAIT));
	ASSERT_EQ(0, look(self, dead, 0, 0, 0));
	EXPECT_EQ(0, msg_send(dead, "own", 3, 0, 0, IPCBOX_NOWAIT));
	close(dead);
}

TEST_F(dead_letter, it_arrives_at_a_rendezvous)
{
	int dead = port_temporary(self->box, 0);

	ASSERT_EQ(0, set_dead(self->port, dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_MESSAGES(dead, 1, 0, 0);
	EXPECT_DEAD(dead, "one", 1);
	close(dead);
}

TEST_F(dead_letter, it_arrives_though_it_is_too_long)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	int dead;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_msgsize = 2;
	attr.max_bytes = 2;
	dead = port_create(self->box, &attr);
	ASSERT_LE(0, dead);
	ASSERT_EQ(0, set_dead(self->port, dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_DEAD(dead, "one", 1);
	close(dead);
}

TEST_F(dead_letter, it_stays_charged_to_its_sender)
{
	struct ipcbox_info info;

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "four", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + 4 + info.msg_overhead,
		  info.user_bytes);
	EXPECT_DEAD(self->dead, "four", 1);
	EXPECT_NOTHING_CHARGED(self);
}

/* More than one dead-letter port */

TEST_F(dead_letter, a_dead_letter_port_has_one_of_its_own)
{
	int last = port_temporary(self->box, IPCBOX_UNLIMITED);

	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	ASSERT_EQ(0, set_dead(self->dead, last, 3));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 2));
	/* Each counts its own, and the message all. */
	ASSERT_EQ(0, fail(self, self->dead, 2));
	EXPECT_EQ(4, self->recv.deliveries);
	EXPECT_MESSAGES(self->dead, 1, 0, 0);
	ASSERT_EQ(0, fail(self, self->dead, 1));
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
	EXPECT_DEAD(last, "one", 5);
	close(last);
}

TEST_F(dead_letter, two_ports_are_that_of_each_other)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, set_dead(self->dead, self->port, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, fail(self, self->dead, 1));
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
	EXPECT_DEAD(self->port, "one", 2);
}

/* The end of a port */

TEST_F(dead_letter, without_a_dead_letter_port_it_returns)
{
	int dead = port_temporary(self->box, IPCBOX_UNLIMITED);

	ASSERT_EQ(0, set_dead(self->port, dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, send_text(self->port, "two", 0, 0));
	close(dead);
	EXPECT_STAT(self->port, dead_letter, 0);
	EXPECT_STAT(self->port, max_deliveries, 1);
	ASSERT_EQ(0, fail(self, self->port, 3));
	EXPECT_STREQ("one", self->text);
	EXPECT_EQ(3, self->recv.deliveries);
	EXPECT_MESSAGES(self->port, 2, 0, 0);
	EXPECT_STAT(self->port, dead_lettered, 0);
	/* With another one it goes there. */
	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_DEAD(self->dead, "one", 4);
	EXPECT_MESSAGES(self->port, 1, 0, 0);
}

/* Its process is gone, though somebody has a handle. */
TEST_F(dead_letter, the_owner_of_the_dead_letter_port_exits)
{
	struct ipcbox_port_create attr = port_attr("dead");
	struct ipcbox_stat stat;
	pid_t pid = fork();

	if (!pid) {
		attr.owner = IPCBOX_OWNER_PROCESS;
		if (port_create(self->box, &attr) < 0 ||
		    set_id(self->port, attr.id, 1))
			_exit(1);
		_exit(port_stat(self->port, &stat) ||
		      stat.dead_letter != attr.id);
	}
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_STAT(self->port, dead_letter, 0);
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 2));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
}

TEST_F(dead_letter, what_has_moved_goes_with_the_dead_letter_port)
{
	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->dead)));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(dead_letter, what_is_held_when_the_port_is_deleted_is_no_dead_letter)
{
	int other = port_open_id(self->box, port_id(self->port), RIGHTS_IO);

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, take(self, other));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_EQ(-EIDRM, msg_nack(other, self->recv.msg_id));
	EXPECT_EQ(-EIDRM, set_dead(self->port, self->dead, 1));
	close(other);
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
}

/* Senders that wait: they have their messages */

/* A send that waits with a message which receivers are not done with. */
static ssize_t cancelled(FIXTURE_DATA(dead_letter) *self, int port,
			 struct call *call)
{
	struct ipcbox_recv recv;
	int i;

	call->port = port;
	call_start(call);
	if (!wait_for_waiters(port, 1, 0))
		return 1;
	for (i = 0; i < 2; i++) {
		recv = (struct ipcbox_recv){};
		if (msg_recv(port, memory_pages(100), 100 * PAGE, IPCBOX_LEASE,
			     &recv) ||
		    msg_nack(port, recv.msg_id))
			return 2;
	}
	return call_join(call);
}

TEST_F(dead_letter, a_rendezvous_fails)
{
	int port = port_temporary(self->box, 0);
	struct call call = call_text(port, "one", 0);

	ASSERT_EQ(0, set_dead(port, self->dead, 2));
	EXPECT_EQ(-ECANCELED, cancelled(self, port, &call));
	EXPECT_MESSAGES(port, 0, 0, 0);
	EXPECT_STAT(port, sent, 0);
	EXPECT_STAT(port, dead_lettered, 0);
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
	close(port);
}

/* Large enough to stay in the sender's pages. */
TEST_F(dead_letter, a_rendezvous_of_pinned_pages_fails)
{
	int port = port_temporary(self->box, 0);
	struct call call = call_init(CALL_SEND, port);

	call.len = 50 * PAGE;
	call.data = memory_pages(50);
	ASSERT_EQ(0, set_dead(port, self->dead, 2));
	EXPECT_EQ(-ECANCELED, cancelled(self, port, &call));
	EXPECT_MESSAGES(port, 0, 0, 0);
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
	close(port);
}

TEST_F(dead_letter, a_send_that_waits_for_its_receipt_fails)
{
	struct call call = call_text(self->port, "one", 0);

	call.send.flags = IPCBOX_RECEIPT;
	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	EXPECT_EQ(-ECANCELED, cancelled(self, self->port, &call));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
}

/* The first of those who wait for room has a message that is too long. */
TEST_F(dead_letter, who_waits_behind_it_is_admitted)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct call longer, shorter;
	int port;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_msgsize = 10;
	attr.max_bytes = 10;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, set_dead(port, self->dead, 1));
	ASSERT_EQ(0, send_text(port, "12345", 1, 0));
	longer = call_text(port, "longer", 0);
	longer.send.type = 2;
	shorter = call_text(port, "short", 0);
	call_start(&longer);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	call_start(&shorter);
	ASSERT_TRUE(wait_for_waiters(port, 2, 0));
	ASSERT_EQ(0, look(self, port, 2, IPCBOX_LEASE, 0));
	ASSERT_EQ(0, msg_nack(port, self->recv.msg_id));
	EXPECT_EQ(-ECANCELED, call_join(&longer));
	EXPECT_EQ(0, call_join(&shorter));
	EXPECT_MESSAGES(port, 2, 0, 0);
	close(port);
}

TEST_F(dead_letter, a_request_that_goes_back_too_often_fails)
{
	struct caller caller = caller_init(self->port, "one");

	ASSERT_EQ(0, set_dead(self->port, self->dead, 2));
	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_EQ(-ECANCELED, caller_join(&caller));
	EXPECT_EQ(IPCBOX_UNANSWERED, caller.call.outcome);
	EXPECT_EQ(-ESRCH, request_reply(self->port, self->recv.msg_id, "x", 1, 0));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
}

/* Nobody knows how far its server came: as without a limit. */
TEST_F(dead_letter, a_request_whose_server_goes_is_no_dead_letter)
{
	int server = port_open_id(self->box, port_id(self->port),
				  IPCBOX_RIGHT_RECV);
	struct caller caller = caller_init(self->port, "one");

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_EQ(0, take(self, server));
	close(server);
	EXPECT_EQ(-EOWNERDEAD, caller_join(&caller));
	EXPECT_MESSAGES(self->dead, 0, 0, 0);
}

/* It has not been received, and whoever receives it there is no answer. */
TEST_F(dead_letter, no_receipt_comes_of_it)
{
	ASSERT_EQ(0, events_subscribe(self->port, IPCBOX_EVENT_DELIVERED));
	ASSERT_EQ(0, box_info(self->box, &self->before));
	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	ASSERT_LT(0, send_for_receipt(self->port, "one"));
	ASSERT_EQ(0, fail(self, self->port, 1));
	EXPECT_DEAD(self->dead, "one", 1);
	EXPECT_EQ(-EAGAIN, event_now(self->port));
	EXPECT_NOTHING_CHARGED(self);
}

/* What cannot be set */

TEST_F(dead_letter, both_or_neither)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_DEAD_LETTER,
		.reserved = 1,
	};

	EXPECT_EQ(-EINVAL, set_dead(self->port, self->dead, 0));
	EXPECT_EQ(-EINVAL, set_id(self->port, 0, 1));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SET, &set));
	set.flags = 0;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_STAT(self->port, max_deliveries, 0);
}

TEST_F(dead_letter, no_such_port)
{
	EXPECT_EQ(-ENOENT, set_id(self->port, port_id(self->dead) + 100, 1));
	EXPECT_EQ(-ENOENT, set_id(self->port, ~0ULL, 1));
	EXPECT_EQ(-ELOOP, set_dead(self->port, self->port, 1));
}

TEST_F(dead_letter, a_port_of_which_all_receive)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	int all;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.sharing = IPCBOX_SHARE_ALL;
	all = port_create(self->box, &attr);
	ASSERT_LE(0, all);
	EXPECT_EQ(-EOPNOTSUPP, set_dead(self->port, all, 1));
	EXPECT_EQ(-EOPNOTSUPP, set_dead(all, self->port, 1));
	EXPECT_EQ(0, set_id(all, 0, 0));
	EXPECT_STAT(self->port, dead_letter, 0);
	close(all);
}

/* As alice, who owns one port and may do this with the other one. */
static int set_as_alice(FIXTURE_DATA(dead_letter) *self, uint32_t mode)
{
	struct ipcbox_port_create attr = port_attr("dead");
	int dead, ret;
	pid_t pid;

	attr.mode = mode;
	dead = port_create(self->box, &attr);
	pid = fork();
	if (!pid) {
		if (!user_become(ALICE, ALICE))
			_exit(100);
		attr = port_attr("alices");
		attr.owner = IPCBOX_OWNER_PROCESS;
		_exit(-set_dead(port_create(self->box, &attr), dead, 1));
	}
	ret = child_wait(pid);
	port_delete(self->box, "dead");
	close(dead);
	return ret;
}

TEST_F(dead_letter, the_caller_may_send_there)
{
	EXPECT_EQ(0, set_as_alice(self, 0602));
	EXPECT_EQ(EACCES, set_as_alice(self, 0604));
	EXPECT_EQ(EACCES, set_as_alice(self, 0600));
}

TEST_F(dead_letter, the_handle_may_manage)
{
	int other = port_open_id(self->box, port_id(self->port), RIGHTS_IO);

	EXPECT_EQ(-EBADF, set_dead(other, self->dead, 1));
	close(other);
}

TEST_F(dead_letter, all_or_nothing)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_DEAD_LETTER | IPCBOX_SET_MODE |
			 IPCBOX_SET_MAX_MESSAGES,
		.mode = 0640,
		.max_messages = 5,
		.dead_letter = ~0ULL,
		.max_deliveries = 1,
	};

	EXPECT_EQ(-ENOENT, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_STAT(self->port, mode, 0600);
	set.dead_letter = port_id(self->dead);
	set.mode = 0777;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_STAT(self->port, dead_letter, 0);
	set.mode = 0640;
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_STAT(self->port, mode, 0640);
	EXPECT_STAT(self->port, max_messages, 5);
	EXPECT_STAT(self->port, dead_letter, port_id(self->dead));
	/* What is not to be set stays. */
	set.flags = IPCBOX_SET_MODE;
	set.max_deliveries = 9;
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_STAT(self->port, max_deliveries, 1);
}

/* A program of the first version, whose structs end before all this. */
TEST_F(dead_letter, structs_of_the_first_version)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_MODE, .mode = 0640 };
	struct ipcbox_stat stat = { .dead_letter = 77 };
	const size_t set_size = offsetof(struct ipcbox_set, dead_letter);
	const size_t stat_size = offsetof(struct ipcbox_stat, dead_letter);

	ASSERT_EQ(0, set_dead(self->port, self->dead, 1));
	EXPECT_EQ(0, sys_ioctl(self->port,
			       _IOC(_IOC_WRITE, IPCBOX_IOC,
				    _IOC_NR(IPCBOX_SET), set_size), &set));
	EXPECT_STAT(self->port, mode, 0640);
	EXPECT_STAT(self->port, dead_letter, port_id(self->dead));
	EXPECT_EQ(0, sys_ioctl(self->port,
			       _IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC,
				    _IOC_NR(IPCBOX_STAT), stat_size), &stat));
	EXPECT_EQ(0640, stat.mode);
	EXPECT_EQ(77, stat.dead_letter);
}

TEST_HARNESS_MAIN
