// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: a handle is told what happens to its port and to its messages
 */

#include "call.h"
#include "event.h"
#include "expect.h"
#include "memory.h"
#include "peer.h"
#include "user.h"

#include <kselftest_harness.h>

#define EVENT_SIZE	sizeof(struct ipcbox_event)

FIXTURE(events)
{
	int box;
	struct peer peer;
	int port;		/* neither sends nor receives; named "port" */
	int sender;		/* sends only */
	int receiver;		/* receives only */
	struct ipcbox_info before;
};

FIXTURE_SETUP(events)
{
	struct ipcbox_port_create attr = port_attr("port");

	self->box = box_private();
	ASSERT_LE(0, self->box);
	/* Before there are any handles that it could keep. */
	self->peer = peer_start(self->box);
	attr.rights = IPCBOX_RIGHT_MANAGE;
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, self->sender);
	self->receiver = port_open(self->box, "port", IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, self->receiver);
	ASSERT_EQ(0, box_info(self->box, &self->before));
}

FIXTURE_TEARDOWN(events)
{
	peer_end(&self->peer, SIGKILL);
	close(self->receiver);
	close(self->sender);
	close(self->port);
	close(self->box);
}

static short poll_now(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

static int peer_opens(FIXTURE_DATA(events) *self, uint32_t rights)
{
	return peer_do(&self->peer, (struct peer_order){
		.call = PEER_OPEN, .flags = rights, .text = "port",
	}).ret;
}

/* Subscribing */

TEST_F(events, unknown_ones_are_refused)
{
	struct ipcbox_events arg = { .flags = 1 };

	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_EVENTS, &arg));
	EXPECT_EQ(-EINVAL, events_subscribe(self->port, 1 << 8));
	EXPECT_EQ(-EINVAL, events_subscribe(self->port, ~0ULL));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_EVENTS,
				     memory_nowhere()));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port,
				     _IOC(_IOC_WRITE, IPCBOX_IOC, 0x48, 8),
				     &arg));
	EXPECT_EQ(-ENOTTY, sys_ioctl(self->box, IPCBOX_EVENTS, &arg));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(events, want_a_right)
{
	int port = port_open(self->box, "port", 0);

	ASSERT_LE(0, port);
	EXPECT_EQ(-EBADF, events_subscribe(port, IPCBOX_EVENT_DELETED));
	EXPECT_EQ(0, events_subscribe(self->port, IPCBOX_EVENT_DELETED));
	EXPECT_EQ(0, events_subscribe(self->sender, IPCBOX_EVENT_DELETED));
	EXPECT_EQ(0, events_subscribe(self->receiver, IPCBOX_EVENT_DELETED));
	close(port);
}

TEST_F(events, without_a_subscription_there_are_none)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_event event;

	EXPECT_EQ(-EINVAL, event_recv(self->sender, &event, &recv));
	EXPECT_EQ(-EINVAL, event_recv(self->receiver, &event, &recv));
	close(self->sender);
	self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	EXPECT_EQ(-EAGAIN, msg_recv(self->receiver, &event, sizeof(event),
				    IPCBOX_NOWAIT, &(struct ipcbox_recv) {}));
	EXPECT_EQ(0, events_subscribe(self->receiver, 0));
	close(self->sender);
	self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
}

TEST_F(events, nobody_may_send_one)
{
	struct ipcbox_call call = { .type = IPCBOX_TYPE_EVENT };

	EXPECT_EQ(-EINVAL, msg_send(self->sender, "x", 1, IPCBOX_TYPE_EVENT, 0,
				    IPCBOX_NOWAIT));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->sender, IPCBOX_CALL, &call));
	EXPECT_EQ(0, msg_send(self->sender, "x", 1, IPCBOX_TYPE_EVENT - 1, 0,
			      IPCBOX_NOWAIT));
}

TEST_F(events, a_subscription_is_charged_until_the_handle_is_closed)
{
	struct ipcbox_info info;

	EXPECT_EQ(0, events_subscribe(self->sender, IPCBOX_EVENT_DELETED));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes +
		  6 * (info.msg_overhead + EVENT_SIZE), info.user_bytes);
	/* Once, whatever it is changed to. */
	EXPECT_EQ(0, events_subscribe(self->sender, EVENTS_ALL));
	EXPECT_EQ(0, events_subscribe(self->sender, 0));
	ASSERT_EQ(0, box_info(self->box, &self->before));
	EXPECT_EQ(info.user_bytes, self->before.user_bytes);
	close(self->sender);
	self->sender = -1;
	self->before.user_bytes -= 6 * (info.msg_overhead + EVENT_SIZE);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(events, a_new_mask_replaces_the_old_one)
{
	EXPECT_EQ(0, events_subscribe(self->receiver, IPCBOX_EVENT_SENDER_CAME));
	EXPECT_EQ(0, events_subscribe(self->receiver, IPCBOX_EVENT_SENDER_WENT));
	close(self->sender);
	self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	/* What has happened is still told. */
	EXPECT_EQ(0, events_subscribe(self->receiver, 0));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(self->receiver));
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
}

/* What is told */

TEST_F(events, tell_of_the_last_sender_and_of_the_first)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_event event;
	uint64_t start = now_ns();
	int other;

	ASSERT_EQ(0, events_subscribe(self->receiver, EVENTS_ALL));
	other = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, other);
	close(other);
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
	close(self->sender);
	ASSERT_EQ(0, event_recv(self->receiver, &event, &recv));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event.what);
	EXPECT_EQ(1, event.count);
	EXPECT_EQ(0, event.id);
	EXPECT_LE(start, event.time);
	EXPECT_GE(now_ns(), event.time);
	EXPECT_EQ(getpid(), event.pid);
	EXPECT_EQ(getpid(), event.tid);
	EXPECT_EQ(geteuid(), event.uid);
	EXPECT_EQ(getegid(), event.gid);
	EXPECT_EQ(0, event.reserved[0] | event.reserved[1]);
	EXPECT_EQ(EVENT_SIZE, recv.msg_len);
	EXPECT_EQ(IPCBOX_TYPE_EVENT, recv.msg_type);
	EXPECT_EQ(IPCBOX_MSG_EVENT, recv.msg_flags);
	EXPECT_EQ(IPCBOX_PRIORITIES - 1, recv.msg_priority);
	EXPECT_EQ(0, recv.msg_id);
	EXPECT_EQ(0, recv.deliveries);
	EXPECT_EQ(getpid(), recv.sender_pid);
	self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(self->receiver));
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
}

TEST_F(events, tell_of_the_last_receiver_and_of_the_first)
{
	struct ipcbox_event event;

	ASSERT_EQ(0, events_subscribe(self->sender, EVENTS_ALL));
	close(self->receiver);
	self->receiver = -1;
	EXPECT_EQ(IPCBOX_EVENT_RECEIVER_WENT, event_now(self->sender));
	EXPECT_LE(0, peer_opens(self, IPCBOX_RIGHT_RECV));
	event = event_next(self->sender);
	EXPECT_EQ(IPCBOX_EVENT_RECEIVER_CAME, event.what);
	EXPECT_EQ(self->peer.pid, event.pid);
	/* One that is killed goes as well. */
	kill(self->peer.pid, SIGKILL);
	event = event_next(self->sender);
	EXPECT_EQ(IPCBOX_EVENT_RECEIVER_WENT, event.what);
	EXPECT_EQ(self->peer.pid, event.pid);
	peer_end(&self->peer, 0);
}

TEST_F(events, one_that_happens_again_counts_and_moves_back)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_event event;
	uint64_t last;
	int i;

	ASSERT_EQ(0, events_subscribe(self->receiver, EVENTS_ALL));
	for (i = 0; i < 3; i++) {
		close(self->sender);
		last = now_ns();
		self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	}
	close(self->sender);
	ASSERT_EQ(0, event_recv(self->receiver, &event, &recv));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event.what);
	EXPECT_EQ(3, event.count);
	EXPECT_LE(last, event.time);
	/* The last one tells how things are. */
	ASSERT_EQ(0, event_recv(self->receiver, &event, &recv));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event.what);
	EXPECT_EQ(4, event.count);
	EXPECT_EQ(-EAGAIN, event_now(self->receiver));
	/* And then they count anew. */
	self->sender = port_open(self->box, "port", IPCBOX_RIGHT_SEND);
	ASSERT_EQ(0, event_recv(self->receiver, &event, &recv));
	EXPECT_EQ(1, event.count);
}

TEST_F(events, deletion_is_the_last)
{
	ASSERT_EQ(0, events_subscribe(self->sender, EVENTS_ALL));
	ASSERT_EQ(0, events_subscribe(self->receiver, IPCBOX_EVENT_DELETED));
	EXPECT_LT(0, send_for_receipt(self->sender, "hello"));
	EXPECT_LT(0, send_for_receipt(self->sender, "never received"));
	EXPECT_EQ(5, sys_read(self->receiver, (char[8]) {}, 8));
	EXPECT_EQ(0, port_delete(self->box, "port"));
	EXPECT_EQ(POLLHUP | POLLERR | POLLIN, poll_now(self->sender));
	EXPECT_EQ(IPCBOX_EVENT_DELIVERED, event_now(self->sender));
	EXPECT_EQ(IPCBOX_EVENT_DELETED, event_now(self->sender));
	EXPECT_EQ(-EIDRM, event_now(self->sender));
	EXPECT_EQ(POLLHUP | POLLERR, poll_now(self->sender));
	EXPECT_EQ(EVENT_SIZE, sys_read(self->receiver, (char[EVENT_SIZE]) {},
				       EVENT_SIZE));
	EXPECT_EQ(-EIDRM, sys_read(self->receiver, (char[EVENT_SIZE]) {},
				   EVENT_SIZE));
	EXPECT_EQ(-EIDRM, events_subscribe(self->sender, 0));
	EXPECT_EQ(-EIDRM, events_subscribe(self->port, 0));
}

TEST_F(events, deletion_ends_all_waits_for_events)
{
	struct call calls[4];
	int i, deleted = 0;

	ASSERT_EQ(0, events_subscribe(self->sender, IPCBOX_EVENT_DELETED));
	ASSERT_EQ(0, events_subscribe(self->receiver, 0));
	for (i = 0; i < 4; i++) {
		calls[i] = call_init(CALL_RECV, i < 3 ? self->sender :
							self->receiver);
		calls[i].recv.type = IPCBOX_TYPE_EVENT;
		calls[i].len = EVENT_SIZE;
		calls[i].data = calls[i].text;
		call_start(&calls[i]);
	}
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 4));
	EXPECT_EQ(0, port_delete(self->box, "port"));
	for (i = 0; i < 4; i++) {
		if (!call_join(&calls[i]))
			deleted++;
		else
			EXPECT_EQ(-EIDRM, calls[i].ret);
	}
	EXPECT_EQ(1, deleted);
	EXPECT_NE(0, calls[3].ret);
}

TEST_F(events, of_the_effective_user)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_MODE, .mode = 0666 };
	struct ipcbox_event event;
	pid_t pid;

	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	ASSERT_EQ(0, events_subscribe(self->receiver, EVENTS_ALL));
	close(self->sender);
	self->sender = -1;
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(self->receiver));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!user_become(BOB, 1234))
			_exit(1);
		_exit(port_open(self->box, "port", IPCBOX_RIGHT_SEND) < 0);
	}
	EXPECT_EQ(0, child_wait(pid));
	event = event_next(self->receiver);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event.what);
	EXPECT_EQ(pid, event.pid);
	EXPECT_EQ(BOB, event.uid);
	EXPECT_EQ(1234, event.gid);
	event = event_next(self->receiver);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event.what);
	EXPECT_EQ(BOB, event.uid);
}

/* The process exits, and its port is deleted later, by nobody. */
TEST_F(events, deletion_at_an_exit_is_nobodys)
{
	struct ipcbox_event event;
	int mine;
	pid_t pid;

	pid = fork();
	if (!pid) {
		struct ipcbox_port_create attr = port_attr("its");

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		attr.owner = IPCBOX_OWNER_PROCESS;
		if (port_create(self->box, &attr) < 0)
			_exit(1);
		pause();
	}
	do {
		mine = port_open(self->box, "its", IPCBOX_RIGHT_SEND);
	} while (mine == -ENOENT);
	ASSERT_LE(0, mine);
	/* Only the owner may receive messages, but everybody events. */
	ASSERT_EQ(0, events_subscribe(mine, IPCBOX_EVENT_DELETED |
					    IPCBOX_EVENT_RECEIVER_WENT));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	event = event_next(mine);
	if (event.what == IPCBOX_EVENT_RECEIVER_WENT)
		event = event_next(mine);
	EXPECT_EQ(IPCBOX_EVENT_DELETED, event.what);
	EXPECT_EQ(0, event.pid);
	EXPECT_EQ(-EIDRM, event_now(mine));
	close(mine);
}

/* Broadcasts: each receiver has a queue of its own. */

static int port_of_all(int box, const char *name, uint32_t sharing)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.sharing = sharing;
	attr.rights = IPCBOX_RIGHT_SEND;
	attr.max_messages = 2;
	return port_create(box, &attr);
}

TEST_F(events, of_a_broadcast_reach_all)
{
	int sender = port_of_all(self->box, "all", IPCBOX_SHARE_ALL);
	int a = port_open(self->box, "all", IPCBOX_RIGHT_RECV);
	int b = port_open(self->box, "all", IPCBOX_RIGHT_RECV);

	ASSERT_LE(0, sender);
	ASSERT_EQ(0, events_subscribe(sender, EVENTS_ALL));
	ASSERT_EQ(0, events_subscribe(a, EVENTS_ALL));
	ASSERT_EQ(0, events_subscribe(b, EVENTS_ALL));
	EXPECT_EQ(-EOPNOTSUPP, send_for_receipt(sender, "x"));
	close(b);
	EXPECT_EQ(-EAGAIN, event_now(sender));
	close(a);
	EXPECT_EQ(IPCBOX_EVENT_RECEIVER_WENT, event_now(sender));
	a = port_open(self->box, "all", IPCBOX_RIGHT_RECV);
	EXPECT_EQ(IPCBOX_EVENT_RECEIVER_CAME, event_now(sender));
	ASSERT_EQ(0, events_subscribe(a, EVENTS_ALL));
	b = port_open(self->box, "all", IPCBOX_RIGHT_RECV);
	ASSERT_EQ(0, events_subscribe(b, EVENTS_ALL));
	EXPECT_EQ(0, port_delete(self->box, "all"));
	EXPECT_EQ(IPCBOX_EVENT_DELETED, event_now(a));
	EXPECT_EQ(-EIDRM, event_now(a));
	EXPECT_EQ(IPCBOX_EVENT_DELETED, event_now(b));
	EXPECT_EQ(IPCBOX_EVENT_DELETED, event_now(sender));
	EXPECT_EQ(-EIDRM, event_now(sender));
	close(a);
	close(b);
	close(sender);
}

TEST_F(events, of_a_broadcast_tell_of_senders)
{
	int sender = port_of_all(self->box, "all", IPCBOX_SHARE_ALL);
	int a = port_open(self->box, "all", IPCBOX_RIGHT_RECV);
	int b = port_open(self->box, "all", IPCBOX_RIGHT_RECV);

	ASSERT_LE(0, sender);
	ASSERT_EQ(0, events_subscribe(a, EVENTS_ALL));
	ASSERT_EQ(0, events_subscribe(b, EVENTS_ALL));
	close(sender);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(a));
	sender = port_open(self->box, "all", IPCBOX_RIGHT_SEND);
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(a));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT, event_now(b));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_CAME, event_now(b));
	close(a);
	close(b);
	close(sender);
}

TEST_F(events, tell_of_what_was_lost)
{
	int sender = port_of_all(self->box, "lossy", IPCBOX_SHARE_ALL_LOSSY);
	int slow = port_open(self->box, "lossy", IPCBOX_RIGHT_RECV);
	int fast = port_open(self->box, "lossy", IPCBOX_RIGHT_RECV);
	struct ipcbox_event event;
	int i;

	ASSERT_LE(0, sender);
	ASSERT_EQ(0, events_subscribe(slow, EVENTS_ALL));
	ASSERT_EQ(0, events_subscribe(fast, EVENTS_ALL));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(1, sys_write(sender, "x", 1));
		EXPECT_EQ(1, sys_read(fast, (char[8]) {}, 8));
	}
	EXPECT_EQ(-EAGAIN, event_now(fast));
	event = event_next(slow);
	EXPECT_EQ(IPCBOX_EVENT_LOST, event.what);
	EXPECT_EQ(3, event.count);
	EXPECT_EQ(getpid(), event.pid);
	EXPECT_STAT(slow, lost, 3);
	EXPECT_STAT(slow, messages, 2);
	close(slow);
	close(fast);
	close(sender);
	EXPECT_EQ(0, port_delete(self->box, "lossy"));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_HARNESS_MAIN
