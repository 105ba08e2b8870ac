// SPDX-License-Identifier: GPL-2.0-only
/*
 * Symmetric communication: receiving the messages of one process alone, on any
 * mailbox, and what becomes of that when the process has exited
 */

#include "call.h"
#include "expect.h"
#include "event.h"
#include "peer.h"

#include <kselftest_harness.h>

#define PEERS	3

FIXTURE(from)
{
	int box;
	int port;
	struct peer peers[PEERS];
	struct ipcbox_recv recv;
	char text[32];
};

FIXTURE_SETUP(from)
{
	int i;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	for (i = 0; i < PEERS; i++)
		self->peers[i] = peer_start(self->box);
}

FIXTURE_TEARDOWN(from)
{
	int i;

	for (i = 0; i < PEERS; i++)
		peer_end(&self->peers[i], SIGKILL);
	close(self->port);
	close(self->box);
}

#define from_test FIXTURE_DATA(from)

static int send_one(const struct peer *peer, int port, const char *text,
		    uint64_t type, uint32_t priority)
{
	struct peer_order order = {
		.call = PEER_SEND,
		.fd = port,
		.type = type,
		.priority = priority,
	};

	strcpy(order.text, text);
	return peer_do(peer, order).ret;
}

static int send_plain(const struct peer *peer, int port, const char *text)
{
	return send_one(peer, port, text, 0, 0);
}

/* Does not wait. Returns 0 with self->text, or -errno. */
static int recv_from(from_test *self, pid_t from, uint64_t type,
		     uint64_t flags)
{
	self->recv = (struct ipcbox_recv){ .from = from, .type = type };
	memset(self->text, 0, sizeof(self->text));
	return msg_recv(self->port, self->text, sizeof(self->text) - 1,
			flags | IPCBOX_NOWAIT, &self->recv);
}

#define EXPECT_FROM(peer, type, said) do {				\
	EXPECT_EQ(0, recv_from(self, (peer).pid, type, 0));		\
	EXPECT_STREQ(said, self->text);					\
	EXPECT_EQ((peer).pid, self->recv.sender_pid);			\
} while (0)

static struct call call_from(int port, pid_t from, uint64_t type)
{
	struct call call = call_init(CALL_RECV, port);

	call.recv.from = from;
	call.recv.type = type;
	return call;
}

/* What is in line */

TEST_F(from, the_first_of_that_process)
{
	const struct peer *a = &self->peers[0], *b = &self->peers[1];

	ASSERT_EQ(0, send_plain(a, self->port, "a1"));
	ASSERT_EQ(0, send_plain(b, self->port, "b1"));
	ASSERT_EQ(0, send_plain(a, self->port, "a2"));
	ASSERT_EQ(0, send_plain(b, self->port, "b2"));
	EXPECT_FROM(*b, 0, "b1");
	EXPECT_FROM(*b, 0, "b2");
	EXPECT_EQ(-EAGAIN, recv_from(self, b->pid, 0, 0));
	EXPECT_FROM(*a, 0, "a1");
	/* Whoever names nobody is told who it was. */
	EXPECT_EQ(0, recv_from(self, 0, 0, 0));
	EXPECT_EQ(a->pid, self->recv.sender_pid);
	EXPECT_EQ(-EAGAIN, recv_from(self, a->pid, 0, 0));
}

/* Sent before anybody has asked for one sender, and after that. */
TEST_F(from, by_priority_and_type)
{
	const struct peer *a = &self->peers[0], *b = &self->peers[1];
	int round;

	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, send_one(b, self->port, "other", 7, 31));
		ASSERT_EQ(0, send_one(a, self->port, "low", 7, 0));
		ASSERT_EQ(0, send_one(a, self->port, "high", 0, 9));
		ASSERT_EQ(0, send_one(a, self->port, "seven", 7, 5));
		ASSERT_EQ(0, send_one(a, self->port, "again", 7, 5));
		EXPECT_FROM(*a, 7, "seven");
		EXPECT_FROM(*a, 0, "high");
		EXPECT_FROM(*a, 0, "again");
		EXPECT_EQ(-EAGAIN, recv_from(self, a->pid, 8, 0));
		EXPECT_FROM(*a, 7, "low");
		EXPECT_EQ(-EAGAIN, recv_from(self, a->pid, 7, 0));
		EXPECT_FROM(*b, 0, "other");
	}
}

TEST_F(from, oneself)
{
	ASSERT_EQ(0, send_plain(&self->peers[0], self->port, "a"));
	ASSERT_EQ(0, msg_send(self->port, "me", 2, 0, 0, 0));
	EXPECT_EQ(0, recv_from(self, getpid(), 0, 0));
	EXPECT_STREQ("me", self->text);
}

TEST_F(from, peek_leaves_it_there)
{
	const struct peer *b = &self->peers[1];

	ASSERT_EQ(0, send_plain(&self->peers[0], self->port, "a"));
	ASSERT_EQ(0, send_plain(b, self->port, "b"));
	EXPECT_EQ(0, recv_from(self, b->pid, 0, IPCBOX_PEEK));
	EXPECT_STREQ("b", self->text);
	EXPECT_MESSAGES(self->port, 2, 0, 0);
	EXPECT_FROM(*b, 0, "b");
}

/* What is leased leaves the line, and returns to its place. */
TEST_F(from, leases_return_to_their_place)
{
	const struct peer *a = &self->peers[0], *b = &self->peers[1];
	uint64_t id;
	int i;

	ASSERT_EQ(0, send_plain(b, self->port, "b"));
	ASSERT_EQ(0, send_plain(a, self->port, "a1"));
	ASSERT_EQ(0, send_plain(a, self->port, "a2"));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, recv_from(self, a->pid, 0, IPCBOX_LEASE));
		EXPECT_STREQ("a1", self->text);
		id = self->recv.msg_id;
		EXPECT_EQ(0, recv_from(self, a->pid, 0, IPCBOX_PEEK));
		EXPECT_STREQ("a2", self->text);
		ASSERT_EQ(0, msg_nack(self->port, id));
	}
	/* One that expires, while its time is in the same memory. */
	self->recv = (struct ipcbox_recv){ .from = a->pid, .lease = MSEC };
	ASSERT_EQ(0, msg_recv(self->port, self->text, 8, IPCBOX_LEASE,
			      &self->recv));
	ASSERT_TRUE(wait_for_held(self->port, 0));
	EXPECT_FROM(*a, 0, "a1");
	EXPECT_FROM(*a, 0, "a2");
	EXPECT_FROM(*b, 0, "b");
}

/* A buffer that is too short leaves it there, and tells the length. */
TEST_F(from, buffer_too_short)
{
	const struct peer *b = &self->peers[1];

	ASSERT_EQ(0, send_plain(&self->peers[0], self->port, "a"));
	ASSERT_EQ(0, send_plain(b, self->port, "bbbb"));
	self->recv = (struct ipcbox_recv){ .from = b->pid };
	EXPECT_EQ(-EMSGSIZE, msg_recv(self->port, self->text, 2, 0,
				      &self->recv));
	EXPECT_EQ(4, self->recv.msg_len);
	EXPECT_FROM(*b, 0, "bbbb");
}

/* All orders against a model of a line. */

#define MODEL_MAX	64

struct modelled {
	int peer;
	uint64_t type;
	uint32_t priority;
	unsigned int n;
};

struct model {
	unsigned int seed;
	unsigned int sent;
	int count;
	struct modelled line[MODEL_MAX];
};

static unsigned int model_random(struct model *model, unsigned int below)
{
	return rand_r(&model->seed) / 7 % below;
}

/* The index of the one to be received, or -1. */
static int model_first(const struct model *model, int peer, uint64_t type)
{
	int i, first = -1;

	for (i = 0; i < model->count; i++) {
		const struct modelled *one = &model->line[i];

		if ((peer < 0 || one->peer == peer) &&
		    (!type || one->type == type) &&
		    (first < 0 || one->priority > model->line[first].priority))
			first = i;
	}
	return first;
}

static int model_send(from_test *self, struct model *model)
{
	struct modelled *one = &model->line[model->count++];
	char text[16];

	one->peer = model_random(model, PEERS);
	one->type = model_random(model, 3);
	one->priority = model_random(model, 3);
	one->n = model->sent++;
	snprintf(text, sizeof(text), "%u", one->n);
	return send_one(&self->peers[one->peer], self->port, text, one->type,
			one->priority);
}

/* 0 if the port gives what the model does. */
static int model_recv(from_test *self, struct model *model)
{
	int peer = (int)model_random(model, PEERS + 1) - 1;
	uint64_t type = model_random(model, 3);
	int first = model_first(model, peer, type);
	int ret = recv_from(self, peer < 0 ? 0 : self->peers[peer].pid, type,
			    0);

	if (first < 0)
		return ret != -EAGAIN;
	if (ret || atoi(self->text) != model->line[first].n)
		return 1;
	model->count--;
	memmove(&model->line[first], &model->line[first + 1],
		(model->count - first) * sizeof(model->line[0]));
	return 0;
}

TEST_F(from, any_sequence_gives_what_a_model_gives)
{
	struct model model = { .seed = 4711 };
	int i;

	for (i = 0; i < 1000; i++) {
		bool sends = model_random(&model, 2) && model.count < MODEL_MAX;

		ASSERT_EQ(0, sends ? model_send(self, &model) :
				     model_recv(self, &model))
			TH_LOG("step %d", i);
	}
}

/* Waiting */

TEST_F(from, waits_for_that_process_alone)
{
	const struct peer *a = &self->peers[0], *b = &self->peers[1];
	struct call call = call_from(self->port, b->pid, 0);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, send_plain(a, self->port, "a"));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, send_plain(b, self->port, "b"));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_STREQ("b", call.text);
	EXPECT_FROM(*a, 0, "a");
}

/* Each message goes to the longest-waiting receiver that accepts it. */
TEST_F(from, many_wait)
{
	const struct peer *a = &self->peers[0], *b = &self->peers[1];
	struct call calls[] = {
		call_from(self->port, a->pid, 5),
		call_from(self->port, a->pid, 0),
		call_from(self->port, 0, 5),
		call_from(self->port, 0, 0),
		call_from(self->port, b->pid, 5),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		call_start(&calls[i]);
		ASSERT_TRUE(wait_for_waiters(self->port, 0, i + 1));
	}
	ASSERT_EQ(0, send_one(b, self->port, "b5", 5, 0));
	EXPECT_EQ(0, call_join(&calls[2]));
	EXPECT_STREQ("b5", calls[2].text);
	ASSERT_EQ(0, send_one(b, self->port, "b6", 6, 0));
	EXPECT_EQ(0, call_join(&calls[3]));
	EXPECT_STREQ("b6", calls[3].text);
	ASSERT_EQ(0, send_one(a, self->port, "a6", 6, 0));
	EXPECT_EQ(0, call_join(&calls[1]));
	EXPECT_STREQ("a6", calls[1].text);
	ASSERT_EQ(0, send_one(b, self->port, "b5", 5, 0));
	EXPECT_EQ(0, call_join(&calls[4]));
	EXPECT_STREQ("b5", calls[4].text);
	ASSERT_EQ(0, send_one(a, self->port, "a5", 5, 0));
	EXPECT_EQ(0, call_join(&calls[0]));
	EXPECT_STREQ("a5", calls[0].text);
	EXPECT_MESSAGES(self->port, 0, 0, 5);
}

TEST_F(from, a_deadline_ends_the_wait)
{
	self->recv = (struct ipcbox_recv){
		.from = self->peers[0].pid,
		.deadline = in_ns(20 * MSEC),
	};
	EXPECT_EQ(-ETIMEDOUT, msg_recv(self->port, self->text, 8, 0,
				       &self->recv));
	EXPECT_STAT(self->port, waiting_receivers, 0);
}

TEST_F(from, a_deleted_port_ends_the_wait)
{
	struct call call = call_from(self->port, self->peers[0].pid, 0);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_EQ(-EIDRM, call_join(&call));
	EXPECT_EQ(-EIDRM, recv_from(self, self->peers[0].pid, 0, 0));
	EXPECT_EQ(-EIDRM, recv_from(self, 0x3fffff, 0, 0));
}

/* A rendezvous is with a receiver that wants this sender. */
TEST_F(from, rendezvous)
{
	const struct peer *a = &self->peers[0], *b = &self->peers[1];
	struct peer_order order = {
		.call = PEER_SEND,
		.flags = IPCBOX_NOWAIT,
		.text = "now",
	};
	struct ipcbox_set set = { .flags = IPCBOX_SET_MAX_MESSAGES };
	struct call call = call_from(self->port, b->pid, 0);

	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	order.fd = self->port;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(-EAGAIN, peer_do(a, order).ret);
	EXPECT_EQ(0, peer_do(b, order).ret);
	EXPECT_EQ(0, call_join(&call));
	EXPECT_STREQ("now", call.text);
}

/* Processes that have exited */

TEST_F(from, exits_while_it_is_waited_for)
{
	struct call calls[] = {
		call_from(self->port, self->peers[0].pid, 0),
		call_from(self->port, self->peers[0].pid, 3),
		call_from(self->port, self->peers[2].pid, 0),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		call_start(&calls[i]);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 3));
	peer_end(&self->peers[0], SIGKILL);
	EXPECT_EQ(-ESRCH, call_join(&calls[0]));
	EXPECT_EQ(-ESRCH, call_join(&calls[1]));
	EXPECT_STAT(self->port, waiting_receivers, 1);
	/* This one has all that it needs to end by itself. */
	peer_end(&self->peers[2], 0);
	EXPECT_EQ(-ESRCH, call_join(&calls[2]));
	EXPECT_STAT(self->port, waiting_receivers, 0);
}

/* A zombie has exited, too; and exits of others do not matter. */
TEST_F(from, zombies_send_nothing)
{
	struct call call = call_from(self->port, self->peers[1].pid, 0);
	siginfo_t info;

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	kill(self->peers[0].pid, SIGKILL);
	ASSERT_EQ(0, waitid(P_PID, self->peers[0].pid, &info,
			    WEXITED | WNOWAIT));
	EXPECT_EQ(-ESRCH, recv_from(self, self->peers[0].pid, 0, 0));
	self->recv = (struct ipcbox_recv){ .from = self->peers[0].pid };
	EXPECT_EQ(-ESRCH, msg_recv(self->port, self->text, 8, 0, &self->recv));
	EXPECT_STAT(self->port, waiting_receivers, 1);
	ASSERT_EQ(0, send_plain(&self->peers[1], self->port, "b"));
	EXPECT_EQ(0, call_join(&call));
}

/* What it has sent before can be received, even when its id is free again. */
TEST_F(from, the_last_words)
{
	pid_t pid = self->peers[0].pid;

	ASSERT_EQ(0, send_plain(&self->peers[1], self->port, "b"));
	ASSERT_EQ(0, send_plain(&self->peers[0], self->port, "last"));
	ASSERT_EQ(0, send_one(&self->peers[0], self->port, "words", 4, 0));
	peer_end(&self->peers[0], SIGKILL);
	EXPECT_EQ(-ESRCH, recv_from(self, pid, 5, 0));
	EXPECT_EQ(0, recv_from(self, pid, 0, IPCBOX_LEASE));
	EXPECT_STREQ("last", self->text);
	ASSERT_EQ(0, msg_nack(self->port, self->recv.msg_id));
	EXPECT_EQ(0, recv_from(self, pid, 0, 0));
	EXPECT_STREQ("last", self->text);
	self->recv = (struct ipcbox_recv){ .from = pid };
	EXPECT_EQ(0, msg_recv(self->port, self->text, 8, 0, &self->recv));
	EXPECT_EQ(0, memcmp(self->text, "words", 5));
	EXPECT_EQ(-ESRCH, recv_from(self, pid, 0, 0));
	EXPECT_FROM(self->peers[1], 0, "b");
}

/* A process lives as long as one of its threads, and has one id. */

static void *sleep_long(void *arg)
{
	int *fds = arg;
	pid_t tid = syscall(SYS_gettid);

	if (write(fds[1], &tid, sizeof(tid)) != sizeof(tid))
		abort();
	for (;;)
		pause();
}

/* A process whose first thread ends; the id of the other comes through @fds. */
static pid_t start_without_leader(int *fds)
{
	pid_t pid = fork();
	pthread_t thread;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pthread_create(&thread, NULL, sleep_long, fds))
		abort();
	pthread_exit(NULL);
}

TEST_F(from, threads_are_no_processes)
{
	struct call call;
	int fds[2];
	pid_t pid, tid;

	ASSERT_EQ(0, pipe(fds));
	pid = start_without_leader(fds);
	ASSERT_EQ(sizeof(tid), read(fds[0], &tid, sizeof(tid)));
	ASSERT_NE(pid, tid);
	EXPECT_EQ(-ESRCH, recv_from(self, tid, 0, 0));
	EXPECT_EQ(-EAGAIN, recv_from(self, pid, 0, 0));
	call = call_from(self->port, pid, 0);
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	sleep_ns(20 * MSEC);
	EXPECT_STAT(self->port, waiting_receivers, 1);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-ESRCH, call_join(&call));
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
}

TEST_F(from, ids_of_nobody)
{
	ASSERT_EQ(0, send_plain(&self->peers[0], self->port, "a"));
	EXPECT_EQ(-EINVAL, recv_from(self, -1, 0, 0));
	EXPECT_EQ(-EINVAL, recv_from(self, INT32_MIN, 0, 0));
	EXPECT_EQ(-ESRCH, recv_from(self, INT32_MAX, 0, 0));
	/* kthreadd sends nothing. */
	EXPECT_EQ(-ESRCH, recv_from(self, 2, 0, 0));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
}

/* Turns */

TEST_F(from, the_turn_comes_after_the_exit)
{
	struct ipcbox_port_create attr = port_attr("turns");
	struct peer_order take = {
		.call = PEER_RECV,
		.flags = IPCBOX_LEASE,
		.len = 8,
	};
	const struct peer *holder = &self->peers[2];
	struct call calls[2];
	int i, port;

	attr.sharing = IPCBOX_SHARE_ONE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	take.fd = peer_do(holder, (struct peer_order){
		.call = PEER_OPEN, .text = "turns", .flags = RIGHTS_IO }).ret;
	ASSERT_EQ(0, msg_send(port, "turn", 4, 1, 0, 0));
	take.type = 1;
	ASSERT_EQ(0, peer_do(holder, take).ret);
	/* It is the holder's turn. One message each of two that exit. */
	for (i = 0; i < 2; i++) {
		int fd = peer_do(&self->peers[i], (struct peer_order){
			.call = PEER_OPEN, .text = "turns",
			.flags = RIGHTS_IO }).ret;

		ASSERT_EQ(0, send_one(&self->peers[i], fd, "bye", 2 + i, 0));
		calls[i] = call_from(port, self->peers[i].pid, 0);
		call_start(&calls[i]);
		ASSERT_TRUE(wait_for_waiters(port, 0, i + 1));
		peer_end(&self->peers[i], SIGKILL);
	}
	sleep_ns(20 * MSEC);
	EXPECT_STAT(port, waiting_receivers, 2);
	/* The holder takes the message of one away, and ends its turn. */
	take.type = 3;
	take.flags = 0;
	ASSERT_EQ(0, peer_do(holder, take).ret);
	EXPECT_STAT(port, waiting_receivers, 2);
	peer_end(&self->peers[2], SIGKILL);
	EXPECT_EQ(0, call_join(&calls[0]));
	EXPECT_STREQ("bye", calls[0].text);
	EXPECT_EQ(-ESRCH, call_join(&calls[1]));
	self->recv = (struct ipcbox_recv){ .type = 1 };
	EXPECT_EQ(0, msg_recv(port, self->text, 8, IPCBOX_NOWAIT, &self->recv));
	EXPECT_EQ(0, port_delete(self->box, "turns"));
	close(port);
}

/* Other kinds of ports and of messages */

TEST_F(from, every_receiver_of_a_broadcast)
{
	struct ipcbox_port_create attr = port_attr("all");
	const struct peer *a = &self->peers[0], *b = &self->peers[1];
	int fd_a, fd_b;

	attr.sharing = IPCBOX_SHARE_ALL;
	close(self->port);
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	fd_a = peer_do(a, (struct peer_order){ .call = PEER_OPEN,
		       .text = "all", .flags = IPCBOX_RIGHT_SEND }).ret;
	fd_b = peer_do(b, (struct peer_order){ .call = PEER_OPEN,
		       .text = "all", .flags = IPCBOX_RIGHT_SEND }).ret;
	ASSERT_EQ(0, send_plain(a, fd_a, "a"));
	ASSERT_EQ(0, send_plain(b, fd_b, "b"));
	EXPECT_FROM(*b, 0, "b");
	EXPECT_FROM(*a, 0, "a");
	EXPECT_EQ(0, port_delete(self->box, "all"));
}

TEST_F(from, no_events)
{
	struct ipcbox_events events = { .mask = IPCBOX_EVENT_SENDER_CAME };
	const struct peer *a = &self->peers[0];
	uint64_t id = port_id(self->port);
	int sender, port = self->port;

	self->port = port_open_id(self->box, id, IPCBOX_RIGHT_RECV);
	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_EVENTS, &events));
	EXPECT_EQ(-EINVAL, recv_from(self, a->pid, IPCBOX_TYPE_EVENT, 0));
	ASSERT_EQ(0, send_plain(a, port, "a"));
	sender = port_open_id(self->box, id, IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, sender);
	EXPECT_EQ(-EAGAIN, recv_from(self, getpid(), 0, 0));
	EXPECT_FROM(*a, 0, "a");
	EXPECT_EQ(-EAGAIN, recv_from(self, a->pid, 0, 0));
	close(sender);
	close(port);
}

TEST_HARNESS_MAIN
