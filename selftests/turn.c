// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns: ports of which one process at a time receives (IPCBOX_SHARE_ONE)
 */

#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "call.h"
#include "peer.h"

#include <kselftest_harness.h>

#define PEERS	2
#define CROWD	4
#define MANY	400

FIXTURE(turn)
{
	int box;
	int port;
	struct peer peers[PEERS];
	struct peer *peer;	/* the first */
};

static int port_of_one(int box, uint64_t max_messages)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.sharing = IPCBOX_SHARE_ONE;
	attr.max_messages = max_messages;
	return port_create(box, &attr);
}

FIXTURE_SETUP(turn)
{
	int i;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_of_one(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	for (i = 0; i < PEERS; i++)
		self->peers[i] = peer_start(self->box);
	self->peer = self->peers;
}

FIXTURE_TEARDOWN(turn)
{
	int i;

	for (i = 0; i < PEERS; i++)
		peer_end(&self->peers[i], SIGKILL);
	close(self->port);
	close(self->box);
}

/* What a peer is told to receive: of a type, or 0 for any. */
static struct peer_order receive(int port, uint64_t type, uint64_t flags)
{
	return (struct peer_order){
		.call = PEER_RECV, .fd = port, .type = type, .flags = flags,
		.len = 60,
	};
}

static struct peer_order look(int port, int ms)
{
	return (struct peer_order){ .call = PEER_POLL, .fd = port, .len = ms };
}

static int send_text(int port, const char *text, uint64_t type)
{
	return msg_send(port, text, strlen(text), type, 0, IPCBOX_NOWAIT);
}

/* The turn is ours: a thread waits for what nobody has sent yet. */
static struct call wait_for_type(int port, uint64_t type)
{
	struct call call = call_init(CALL_RECV, port);

	call.recv.type = type;
	return call;
}

#define EXPECT_HEARD(peer, result, what) do {				\
	struct peer_order heard = peer_hear(peer);			\
									\
	EXPECT_EQ((result), heard.ret);					\
	if (!heard.ret)							\
		EXPECT_STREQ(what, heard.text);				\
} while (0)

#define EXPECT_RECEIVES(peer, port, result, what) do {			\
	peer_tell(peer, receive(port, 0, IPCBOX_NOWAIT));		\
	EXPECT_HEARD(peer, result, what);				\
} while (0)

TEST_F(turn, nobody_else_receives_while_one_is_in_a_receive)
{
	struct call first = wait_for_type(self->port, 5);

	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, send_text(self->port, "for anybody", 1));
	EXPECT_RECEIVES(self->peer, self->port, -EAGAIN, "");
	EXPECT_EQ(0, peer_do(self->peer, look(self->port, 0)).ret);
	ASSERT_EQ(0, send_text(self->port, "five", 5));
	EXPECT_EQ(0, call_join(&first));
	EXPECT_STREQ("five", first.text);
	EXPECT_EQ(POLLIN, peer_do(self->peer, look(self->port, 0)).ret);
	EXPECT_RECEIVES(self->peer, self->port, 0, "for anybody");
}

TEST_F(turn, others_wait_their_turn)
{
	struct call first = wait_for_type(self->port, 5);

	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, send_text(self->port, "for anybody", 1));
	peer_tell(self->peer, receive(self->port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	ASSERT_EQ(0, send_text(self->port, "five", 5));
	EXPECT_HEARD(self->peer, 0, "for anybody");
	EXPECT_EQ(0, call_join(&first));
}

/* The turn comes to a process because another of its threads waits. */
TEST_F(turn, poll_tells_when_the_turn_has_come)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct call ours = wait_for_type(self->port, 7);
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->port, &event));
	peer_tell(self->peer, receive(self->port, 5, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	call_start(&ours);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	ASSERT_EQ(0, send_text(self->port, "for anybody", 1));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(0, send_text(self->port, "five", 5));
	EXPECT_HEARD(self->peer, 0, "five");
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(0, send_text(self->port, "seven", 7));
	EXPECT_EQ(0, call_join(&ours));
	EXPECT_STREQ("seven", ours.text);
	close(epoll);
}

TEST_F(turn, passes_to_who_has_waited_longest)
{
	struct call first = wait_for_type(self->port, 5);

	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	peer_tell(&self->peers[1], receive(self->port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	peer_tell(&self->peers[0], receive(self->port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 3));
	ASSERT_EQ(0, send_text(self->port, "one", 1));
	ASSERT_EQ(0, send_text(self->port, "two", 1));
	EXPECT_TRUE(wait_for_waiters(self->port, 0, 3));
	ASSERT_EQ(0, send_text(self->port, "five", 5));
	EXPECT_HEARD(&self->peers[1], 0, "one");
	EXPECT_HEARD(&self->peers[0], 0, "two");
	EXPECT_EQ(0, call_join(&first));
}

TEST_F(turn, lasts_while_a_message_is_held)
{
	struct ipcbox_recv recv = {};
	char text[16];

	ASSERT_EQ(0, send_text(self->port, "one", 0));
	ASSERT_EQ(0, send_text(self->port, "two", 0));
	ASSERT_EQ(0, send_text(self->port, "three", 0));
	ASSERT_EQ(0, msg_recv(self->port, text, sizeof(text), IPCBOX_LEASE,
			      &recv));
	EXPECT_RECEIVES(self->peer, self->port, -EAGAIN, "");
	/* The same process goes on. */
	EXPECT_EQ(3, sys_read(self->port, text, sizeof(text)));
	EXPECT_RECEIVES(self->peer, self->port, -EAGAIN, "");
	EXPECT_EQ(0, msg_ack(self->port, recv.msg_id));
	EXPECT_RECEIVES(self->peer, self->port, 0, "three");
}

TEST_F(turn, ends_with_a_message_put_back)
{
	struct ipcbox_recv recv = {};
	char text[16];

	ASSERT_EQ(0, send_text(self->port, "one", 0));
	ASSERT_EQ(0, msg_recv(self->port, text, sizeof(text), IPCBOX_LEASE,
			      &recv));
	peer_tell(self->peer, receive(self->port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(0, msg_nack(self->port, recv.msg_id));
	EXPECT_HEARD(self->peer, 0, "one");
}

TEST_F(turn, of_who_is_killed_passes_on)
{
	char text[16] = "";

	ASSERT_EQ(0, send_text(self->port, "one", 0));
	ASSERT_EQ(0, peer_do(&self->peers[0],
			     receive(self->port, 0, IPCBOX_LEASE)).ret);
	peer_tell(&self->peers[1], receive(self->port, 9, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	peer_end(&self->peers[0], SIGKILL);
	EXPECT_TRUE(wait_for_held(self->port, 0));
	/* Now it is that of the one that waits for another type. */
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, text, sizeof(text),
				    IPCBOX_NOWAIT, &(struct ipcbox_recv){}));
	peer_end(&self->peers[1], SIGKILL);
	EXPECT_TRUE(wait_for_waiters(self->port, 0, 0));
	EXPECT_EQ(3, sys_read(self->port, text, sizeof(text)));
	EXPECT_STREQ("one", text);
}

TEST_F(turn, a_wait_that_ends_in_vain_passes_on)
{
	struct call first = wait_for_type(self->port, 5);

	call_catch(SIGUSR1, 0);
	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0));
	peer_tell(self->peer, receive(self->port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	pthread_kill(first.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&first));
	EXPECT_HEARD(self->peer, 0, "one");
}

TEST_F(turn, peeking_takes_none)
{
	struct call first = wait_for_type(self->port, 5);

	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0));
	peer_tell(self->peer, receive(self->port, 0,
				      IPCBOX_PEEK | IPCBOX_NOWAIT));
	EXPECT_HEARD(self->peer, 0, "one");
	/* Also when it has to wait. */
	peer_tell(self->peer, receive(self->port, 7, IPCBOX_PEEK));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	ASSERT_EQ(0, send_text(self->port, "seven", 7));
	EXPECT_HEARD(self->peer, 0, "seven");
	ASSERT_EQ(0, send_text(self->port, "five", 5));
	EXPECT_EQ(0, call_join(&first));
}

TEST_F(turn, a_peek_that_waits_does_not_keep_others_waiting)
{
	peer_tell(self->peer, receive(self->port, 7, IPCBOX_PEEK));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, send_text(self->port, "one", 0));
	EXPECT_RECEIVES(&self->peers[1], self->port, 0, "one");
}

TEST_F(turn, threads_of_a_process_share_it)
{
	struct call first = wait_for_type(self->port, 1);
	struct call second = wait_for_type(self->port, 2);

	call_start(&first);
	call_start(&second);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	ASSERT_EQ(0, send_text(self->port, "three", 3));
	ASSERT_EQ(0, send_text(self->port, "two", 2));
	EXPECT_EQ(0, call_join(&second));
	/* It lasts until the last of them is through. */
	EXPECT_RECEIVES(self->peer, self->port, -EAGAIN, "");
	ASSERT_EQ(0, send_text(self->port, "one", 1));
	EXPECT_EQ(0, call_join(&first));
	EXPECT_RECEIVES(self->peer, self->port, 0, "three");
}

TEST_F(turn, a_rendezvous_is_with_whose_turn_it_is)
{
	int port = port_of_one(self->box, 0);
	struct call first = wait_for_type(port, 5);
	struct pollfd room = { .fd = port, .events = POLLOUT };
	struct peer peer;

	ASSERT_LE(0, port);
	peer = peer_start(self->box);
	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	peer_tell(&peer, receive(port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(port, 0, 2));
	EXPECT_EQ(-EAGAIN, send_text(port, "one", 1));
	EXPECT_EQ(0, send_text(port, "five", 5));
	EXPECT_EQ(0, call_join(&first));
	EXPECT_EQ(1, poll(&room, 1, 10000));
	EXPECT_EQ(0, send_text(port, "one", 1));
	EXPECT_HEARD(&peer, 0, "one");
	EXPECT_EQ(0, poll(&room, 1, 0));
	peer_end(&peer, 0);
	close(port);
}

TEST_F(turn, who_polls_is_told_of_it)
{
	struct ipcbox_recv recv = {};
	char text[16];

	ASSERT_EQ(0, send_text(self->port, "one", 0));
	ASSERT_EQ(0, send_text(self->port, "two", 0));
	ASSERT_EQ(0, msg_recv(self->port, text, sizeof(text), IPCBOX_LEASE,
			      &recv));
	peer_tell(self->peer, look(self->port, 10000));
	sleep_ns(50 * MSEC);
	EXPECT_EQ(0, msg_ack(self->port, recv.msg_id));
	EXPECT_EQ(POLLIN, peer_hear(self->peer).ret);
}

TEST_F(turn, one_with_a_short_buffer_hands_it_on)
{
	struct call first = wait_for_type(self->port, 5);
	struct peer_order order = receive(self->port, 0, 0);

	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	order.len = 2;
	peer_tell(&self->peers[0], order);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	peer_tell(&self->peers[1], receive(self->port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 3));
	ASSERT_EQ(0, send_text(self->port, "long", 1));
	ASSERT_EQ(0, send_text(self->port, "five", 5));
	EXPECT_HEARD(&self->peers[0], -EMSGSIZE, "");
	EXPECT_HEARD(&self->peers[1], 0, "long");
	EXPECT_EQ(0, call_join(&first));
}

TEST_F(turn, deletion_ends_all_of_them)
{
	struct call first = wait_for_type(self->port, 5);

	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	peer_tell(self->peer, receive(self->port, 0, 0));
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_EQ(-EIDRM, call_join(&first));
	EXPECT_HEARD(self->peer, -EIDRM, "");
}

/* In memory that all have. */
struct crowd {
	atomic_int inside;
	atomic_int wrong;
	atomic_int received[MANY];
};

static void crowd_member(int port, struct crowd *crowd)
{
	unsigned int number;

	for (;;) {
		struct ipcbox_recv recv = { .deadline = in_ns(20 * SEC) };

		if (msg_recv(port, &number, sizeof(number), IPCBOX_LEASE, &recv))
			_exit(1);
		if (number == MANY)
			break;
		if (atomic_fetch_add(&crowd->inside, 1))
			atomic_fetch_add(&crowd->wrong, 1);
		sched_yield();
		atomic_fetch_add(&crowd->received[number], 1);
		atomic_fetch_sub(&crowd->inside, 1);
		if (msg_ack(port, recv.msg_id))
			_exit(2);
	}
	_exit(0);
}

/* Who gets the last message keeps it, and exits: so all get it, in turn. */
TEST_F_TIMEOUT(turn, never_two_processes_at_a_time, 120)
{
	struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[CROWD];
	unsigned int i;

	ASSERT_NE(MAP_FAILED, crowd);
	for (i = 0; i < CROWD; i++) {
		pids[i] = fork();
		if (!pids[i])
			crowd_member(self->port, crowd);
	}
	for (i = 0; i <= MANY; i++)
		ASSERT_EQ(0, msg_send(self->port, &i, sizeof(i), 0, 0, 0));
	for (i = 0; i < CROWD; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
	EXPECT_EQ(0, atomic_load(&crowd->wrong));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(1, atomic_load(&crowd->received[i]));
	munmap(crowd, sizeof(*crowd));
}

TEST_HARNESS_MAIN
