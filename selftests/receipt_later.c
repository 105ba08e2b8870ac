// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events about one message: a receipt for who has not waited, and a lease that
 * has expired
 */

#include <sys/prctl.h>

#include "call.h"
#include "event.h"
#include "expect.h"
#include "memory.h"
#include "peer.h"

#include <kselftest_harness.h>

#define SIZE	sizeof(struct ipcbox_event)
#define LEASE	(20 * MSEC)
#define LARGE	(1UL << 20)

FIXTURE(receipt_later)
{
	int box;
	struct peer peer;
	int sender;		/* has subscribed to everything */
	int receiver;		/* likewise */
	int theirs;		/* the peer's receiver */
	struct ipcbox_info before;
};

FIXTURE_SETUP(receipt_later)
{
	struct ipcbox_port_create attr = port_attr("port");

	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->peer = peer_start(self->box);
	attr.rights = IPCBOX_RIGHT_SEND;
	attr.max_messages = 4;
	self->sender = port_create(self->box, &attr);
	ASSERT_LE(0, self->sender);
	self->receiver = port_open(self->box, "port", IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, self->receiver);
	self->theirs = peer_do(&self->peer, (struct peer_order){
		.call = PEER_OPEN, .flags = IPCBOX_RIGHT_RECV, .text = "port",
	}).ret;
	ASSERT_LE(0, self->theirs);
	ASSERT_EQ(0, events_subscribe(self->sender, EVENTS_ALL));
	ASSERT_EQ(0, events_subscribe(self->receiver, EVENTS_ALL));
	ASSERT_EQ(0, box_info(self->box, &self->before));
}

FIXTURE_TEARDOWN(receipt_later)
{
	EXPECT_NOTHING_CHARGED(self);
	peer_end(&self->peer, SIGKILL);
	close(self->receiver);
	close(self->sender);
	close(self->box);
}

static long peer_receives(FIXTURE_DATA(receipt_later) *self, uint64_t flags)
{
	return peer_do(&self->peer, (struct peer_order){
		.call = PEER_RECV, .fd = self->theirs, .flags = flags,
		.len = 60,
	}).ret;
}

/* Receipts */

TEST_F(receipt_later, tells_who_has_received)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT, .receiver_pid = -7,
		.data = (uintptr_t)"x", .len = 1, .type = 9, .priority = 3,
	};
	struct ipcbox_recv recv = {};
	struct ipcbox_event event;
	uint64_t start = now_ns();

	ASSERT_EQ(0, sys_ioctl(self->sender, IPCBOX_SEND, &send));
	/* Nothing is known yet. */
	EXPECT_EQ(-7, send.receiver_pid);
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
	EXPECT_STAT(self->sender, messages, 1);
	EXPECT_EQ(0, peer_receives(self, 0));
	ASSERT_EQ(0, event_recv(self->sender, &event, &recv));
	EXPECT_EQ(IPCBOX_EVENT_DELIVERED, event.what);
	EXPECT_EQ(1, event.count);
	EXPECT_EQ(send.id, event.id);
	EXPECT_LE(start, event.time);
	EXPECT_EQ(self->peer.pid, event.pid);
	EXPECT_EQ(self->peer.pid, event.tid);
	EXPECT_EQ(geteuid(), event.uid);
	EXPECT_EQ(getegid(), event.gid);
	EXPECT_EQ(send.id, recv.msg_id);
	EXPECT_EQ(self->peer.pid, recv.sender_pid);
	EXPECT_EQ(IPCBOX_MSG_EVENT, recv.msg_flags);
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
}

TEST_F(receipt_later, comes_with_o_nonblock)
{
	int flags = fcntl(self->sender, F_GETFL);
	struct ipcbox_send send = { .flags = IPCBOX_RECEIPT };

	ASSERT_EQ(0, fcntl(self->sender, F_SETFL, flags | O_NONBLOCK));
	ASSERT_EQ(0, sys_ioctl(self->sender, IPCBOX_SEND, &send));
	/* One that is not asked for does not come. */
	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	EXPECT_EQ(0, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(1, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(send.id, event_next(self->sender).id);
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
}

TEST_F(receipt_later, come_in_the_order_of_receiving)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT, .priority = 2,
	};
	long ids[3];

	ids[0] = send_for_receipt(self->sender, "low");
	ids[1] = send_for_receipt(self->sender, "low");
	ASSERT_EQ(0, sys_ioctl(self->sender, IPCBOX_SEND, &send));
	ids[2] = send.id;
	EXPECT_EQ(0, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(3, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(3, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(ids[2], event_next(self->sender).id);
	EXPECT_EQ(ids[0], event_next(self->sender).id);
	EXPECT_EQ(ids[1], event_next(self->sender).id);
}

TEST_F(receipt_later, wants_a_subscription_to_it)
{
	ASSERT_EQ(0, events_subscribe(self->sender, IPCBOX_EVENT_DELETED));
	EXPECT_EQ(-EINVAL, send_for_receipt(self->sender, "x"));
	EXPECT_STAT(self->sender, messages, 0);
	ASSERT_EQ(0, events_subscribe(self->sender, IPCBOX_EVENT_DELIVERED));
	EXPECT_LT(0, send_for_receipt(self->sender, "x"));
	/* One that was asked for still comes. */
	ASSERT_EQ(0, events_subscribe(self->sender, 0));
	EXPECT_EQ(1, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(IPCBOX_EVENT_DELIVERED, event_now(self->sender));
}

TEST_F(receipt_later, does_not_change_those_who_wait)
{
	struct call call = call_text(self->sender, "x", 0);

	call.send.flags = IPCBOX_RECEIPT;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->sender, 1, 0));
	EXPECT_EQ(0, peer_receives(self, 0));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(self->peer.pid, call.send.receiver_pid);
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
}

TEST_F(receipt_later, uses_the_capacity)
{
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_LT(0, send_for_receipt(self->sender, "x"));
	EXPECT_EQ(-EAGAIN, send_for_receipt(self->sender, "x"));
	EXPECT_EQ(0, peer_receives(self, 0));
	/* The event does not use any. */
	EXPECT_LT(0, send_for_receipt(self->sender, "x"));
	EXPECT_EQ(-EAGAIN, send_for_receipt(self->sender, "x"));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, peer_receives(self, 0));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(IPCBOX_EVENT_DELIVERED, event_now(self->sender));
}

TEST_F(receipt_later, is_charged_until_it_is_read)
{
	struct ipcbox_info info;
	uint64_t event;

	ASSERT_LT(0, send_for_receipt(self->sender, "hello"));
	ASSERT_EQ(0, box_info(self->box, &info));
	event = info.msg_overhead + SIZE;
	EXPECT_EQ(self->before.user_bytes + info.msg_overhead + 5 + event,
		  info.user_bytes);
	EXPECT_EQ(0, peer_receives(self, 0));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + event, info.user_bytes);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->sender, IPCBOX_RECV,
				     memory_read_only(&(struct ipcbox_recv) {
		.flags = IPCBOX_NOWAIT, .type = IPCBOX_TYPE_EVENT,
		.data = (uintptr_t)&(struct ipcbox_event) {}, .len = SIZE,
	}, sizeof(struct ipcbox_recv))));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + event, info.user_bytes);
	EXPECT_EQ(IPCBOX_EVENT_DELIVERED, event_now(self->sender));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(receipt_later, goes_when_its_reader_is_closed)
{
	long before = 6 * (self->before.msg_overhead + SIZE);

	ASSERT_LT(0, send_for_receipt(self->sender, "received"));
	ASSERT_LT(0, send_for_receipt(self->sender, "not received"));
	EXPECT_EQ(0, peer_receives(self, 0));
	close(self->sender);
	self->sender = -1;
	EXPECT_EQ(0, peer_receives(self, 0));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(self->receiver));
	self->before.user_bytes -= before;
}

TEST_F(receipt_later, is_not_given_for_a_look_or_for_a_failure)
{
	ASSERT_LT(0, send_for_receipt(self->sender, "hello"));
	EXPECT_EQ(0, peer_receives(self, IPCBOX_PEEK));
	EXPECT_EQ(-EFAULT, sys_read(self->receiver, memory_nowhere(), 8));
	EXPECT_EQ(-EMSGSIZE, sys_read(self->receiver, (char[8]) {}, 4));
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
	EXPECT_EQ(0, peer_receives(self, 0));
	EXPECT_EQ(self->peer.pid, event_next(self->sender).pid);
}

TEST_F(receipt_later, of_a_large_message)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT, .len = LARGE,
	};
	char *data = calloc(1, LARGE);

	send.data = (uintptr_t)data;
	ASSERT_EQ(0, sys_ioctl(self->sender, IPCBOX_SEND, &send));
	EXPECT_EQ(LARGE, sys_read(self->receiver, data, LARGE));
	EXPECT_EQ(send.id, event_next(self->sender).id);
	free(data);
}

TEST_F(receipt_later, of_a_send_that_failed_never_comes)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT, .len = 1,
		.data = (uintptr_t)"x",
	};

	EXPECT_EQ(-EFAULT, sys_ioctl(self->sender, IPCBOX_SEND,
				     memory_read_only(&send, sizeof(send))));
	send.data = (uintptr_t)memory_nowhere();
	EXPECT_EQ(-EFAULT, sys_ioctl(self->sender, IPCBOX_SEND, &send));
	EXPECT_STAT(self->sender, messages, 0);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(receipt_later, of_a_rendezvous)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	int port;
	struct call call;

	attr.max_messages = 0;
	attr.owner = IPCBOX_OWNER_HANDLE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, events_subscribe(port, IPCBOX_EVENT_DELIVERED));
	EXPECT_EQ(-EAGAIN, send_for_receipt(port, "x"));
	call = call_init(CALL_RECV, port);
	call.recv.type = 5;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	EXPECT_EQ(0, sys_ioctl(port, IPCBOX_SEND, &(struct ipcbox_send) {
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT, .type = 5 }));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(IPCBOX_EVENT_DELIVERED, event_now(port));
	close(port);
}

TEST_F(receipt_later, comes_with_the_acknowledgement)
{
	struct ipcbox_recv recv = {};
	long id;

	id = send_for_receipt(self->sender, "hello");
	EXPECT_EQ(0, peer_receives(self, IPCBOX_LEASE));
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
	/* The peer dies with it, the next one is done with it. */
	peer_end(&self->peer, SIGKILL);
	ASSERT_TRUE(wait_for_held(self->sender, 0));
	EXPECT_EQ(0, msg_recv(self->receiver, (char[8]) {}, 8, IPCBOX_LEASE,
			      &recv));
	EXPECT_EQ(id, recv.msg_id);
	EXPECT_EQ(0, msg_nack(self->receiver, id));
	EXPECT_EQ(0, msg_recv(self->receiver, (char[8]) {}, 8, IPCBOX_LEASE,
			      &recv));
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
	EXPECT_EQ(0, msg_ack(self->receiver, id));
	EXPECT_EQ(getpid(), event_next(self->sender).pid);
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
}

/*
 * A message that is being copied when its port is deleted: no receipt can be
 * given any more, so it is not received either.
 */
TEST_F(receipt_later, and_the_deletion_of_the_port)
{
	struct call call = call_init(CALL_READ, self->receiver);
	struct held held;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd");
	ASSERT_LT(0, send_for_receipt(self->sender, "hello"));
	ASSERT_LT(0, send_for_receipt(self->sender, "not received"));
	call.data = held.page;
	call.len = PAGE;
	call_start(&call);
	ASSERT_TRUE(held_wait(&held));
	EXPECT_EQ(0, port_delete(self->box, "port"));
	held_release(&held);
	/* What it gets instead is that. */
	EXPECT_EQ(SIZE, call_join(&call));
	EXPECT_EQ(IPCBOX_EVENT_DELETED, *(uint64_t *)held.page);
	EXPECT_EQ(IPCBOX_EVENT_DELETED, event_now(self->sender));
	EXPECT_EQ(-EIDRM, event_now(self->sender));
}

#define MANY	600
#define IDS	65536

static pid_t receiver_start(int port)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (sys_read(port, (char[64]) {}, 64) >= 0)
		;
	_exit(0);
}

/* Counts what there is, by message. */
static void receipts_note(int port, uint8_t *told)
{
	struct ipcbox_event event = {};
	struct ipcbox_recv recv = {};

	while (!event_recv(port, &event, &recv))
		if (event.what == IPCBOX_EVENT_DELIVERED && event.id < IDS)
			told[event.id]++;
}

/* Receivers are killed wherever they are, and each message is told of once. */
TEST_F(receipt_later, each_comes_once)
{
	static uint8_t told[IDS], sent[IDS];
	struct pollfd pollfd = { .fd = self->sender, .events = POLLOUT };
	struct ipcbox_stat stat = {};
	pid_t pids[3];
	int i, n = 0;
	long id;

	ASSERT_EQ(0, events_subscribe(self->receiver, 0));
	for (i = 0; i < 3; i++)
		pids[i] = receiver_start(self->receiver);
	while (n < MANY && poll(&pollfd, 1, 10000) > 0) {
		id = send_for_receipt(self->sender, "x");
		if (id == -EAGAIN)
			continue;
		ASSERT_LT(0, id);
		ASSERT_GT(IDS, id);
		sent[id] = 1;
		receipts_note(self->sender, told);
		if (++n % 40)
			continue;
		i = n / 40 % 3;
		kill(pids[i], SIGKILL);
		child_wait(pids[i]);
		pids[i] = receiver_start(self->receiver);
	}
	EXPECT_EQ(MANY, n);
	for (i = 0; i < 10000 && stat.received < n; i++) {
		ASSERT_EQ(0, port_stat(self->sender, &stat));
		sleep_ns(MSEC);
	}
	EXPECT_EQ(n, stat.received);
	for (i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		child_wait(pids[i]);
	}
	receipts_note(self->sender, told);
	for (i = 0; i < IDS; i++)
		EXPECT_EQ(sent[i], told[i]);
}

/* Leases */

static uint64_t lease_for(int port, uint64_t ns)
{
	struct ipcbox_recv recv = { .lease = ns };

	return msg_recv(port, (char[8]) {}, 8, IPCBOX_LEASE, &recv) ? 0 :
								    recv.msg_id;
}

TEST_F(receipt_later, a_lease_expires)
{
	struct ipcbox_event event;
	uint64_t id, start = now_ns();

	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	id = lease_for(self->receiver, LEASE);
	EXPECT_LT(0, id);
	event = event_next(self->receiver);
	EXPECT_EQ(IPCBOX_EVENT_EXPIRED, event.what);
	EXPECT_EQ(1, event.count);
	EXPECT_EQ(id, event.id);
	EXPECT_EQ(getpid(), event.pid);
	EXPECT_EQ(getpid(), event.tid);
	EXPECT_LE(start + LEASE, event.time);
	EXPECT_EQ(-ESRCH, msg_ack(self->receiver, id));
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
	/* Each time. */
	EXPECT_EQ(id, lease_for(self->receiver, LEASE));
	event = event_next(self->receiver);
	EXPECT_EQ(id, event.id);
	EXPECT_EQ(1, sys_read(self->receiver, (char[8]) {}, 8));
}

TEST_F(receipt_later, a_lease_that_ends_otherwise_does_not_expire)
{
	struct ipcbox_info info;
	uint64_t id;

	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	id = lease_for(self->receiver, 3600 * SEC);
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + 2 * info.msg_overhead + 1 + SIZE,
		  info.user_bytes);
	EXPECT_EQ(0, msg_nack(self->receiver, id));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + info.msg_overhead + 1,
		  info.user_bytes);
	EXPECT_EQ(id, lease_for(self->receiver, 3600 * SEC));
	EXPECT_EQ(0, msg_ack(self->receiver, id));
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
	EXPECT_NOTHING_CHARGED(self);
	/* Without a time, nothing can happen. */
	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	id = lease_for(self->receiver, 0);
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + info.msg_overhead + 1,
		  info.user_bytes);
	EXPECT_EQ(0, msg_ack(self->receiver, id));
}

/* The handle lives on when who had the lease is killed. */
TEST_F(receipt_later, a_killed_holder_has_no_lease_that_expires)
{
	int ready[2];
	pid_t pid;
	char ok;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ok = lease_for(self->receiver, 3600 * SEC) != 0;
		if (write(ready[1], &ok, 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &ok, 1));
	EXPECT_TRUE(ok);
	EXPECT_STAT(self->sender, held, 1);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	ASSERT_TRUE(wait_for_held(self->sender, 0));
	EXPECT_EQ(1, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(receipt_later, a_killed_holder_whose_lease_expires)
{
	struct ipcbox_event event;
	pid_t pid;
	uint64_t id;

	ASSERT_EQ(1, sys_write(self->sender, "x", 1));
	pid = fork();
	if (!pid)
		_exit(!lease_for(self->receiver, MSEC) || pause());
	event = event_next(self->receiver);
	EXPECT_EQ(IPCBOX_EVENT_EXPIRED, event.what);
	EXPECT_EQ(pid, event.pid);
	kill(pid, SIGKILL);
	child_wait(pid);
	id = lease_for(self->receiver, 0);
	EXPECT_EQ(event.id, id);
	EXPECT_EQ(0, msg_ack(self->receiver, id));
}

TEST_F(receipt_later, a_lease_and_a_receipt_at_once)
{
	long id = send_for_receipt(self->sender, "x");
	struct ipcbox_event event;

	EXPECT_EQ(id, lease_for(self->receiver, LEASE));
	EXPECT_EQ(IPCBOX_EVENT_EXPIRED, event_next(self->receiver).what);
	EXPECT_EQ(-EAGAIN, event_now(self->sender));
	EXPECT_EQ(id, lease_for(self->receiver, 3600 * SEC));
	EXPECT_EQ(0, msg_ack(self->receiver, id));
	event = event_next(self->sender);
	EXPECT_EQ(IPCBOX_EVENT_DELIVERED, event.what);
	EXPECT_EQ(id, event.id);
}

/* Deleting the port and closing the handle with both kinds outstanding. */
TEST_F(receipt_later, ends_with_all_of_it_outstanding)
{
	struct ipcbox_info info;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_LT(0, send_for_receipt(self->sender, "x"));
	EXPECT_LT(0, lease_for(self->receiver, 3600 * SEC));
	EXPECT_LT(0, lease_for(self->receiver, 3600 * SEC));
	EXPECT_EQ(1, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(0, port_delete(self->box, "port"));
	close(self->receiver);
	close(self->sender);
	self->receiver = -1;
	self->sender = -1;
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes - 12 * (info.msg_overhead + SIZE),
		  info.user_bytes);
	self->before = info;
}

TEST_HARNESS_MAIN
