// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receipts: a sender waits until its message is received, and learns by whom
 */

#include <stddef.h>
#include <sys/prctl.h>

#include "call.h"
#include "expect.h"
#include "memory.h"
#include "peer.h"
#include "user.h"

#include <kselftest_harness.h>

#define LARGE	(1UL << 20)

FIXTURE(receipt)
{
	int box;
	int port;
	struct peer peer;
	struct call call;	/* a send with a receipt */
};

FIXTURE_SETUP(receipt)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	self->peer = peer_start(self->box);
	self->call = call_text(self->port, "hello", 0);
	self->call.send.flags = IPCBOX_RECEIPT;
	self->call.send.receiver_pid = -7;
	self->call.send.receiver_gid = 7;
}

FIXTURE_TEARDOWN(receipt)
{
	peer_end(&self->peer, SIGKILL);
	close(self->port);
	close(self->box);
}

static long peer_receives(FIXTURE_DATA(receipt) *self, uint64_t flags)
{
	return peer_do(&self->peer, (struct peer_order){
		.call = PEER_RECV, .fd = self->port, .flags = flags, .len = 60,
	}).ret;
}

TEST_F(receipt, tells_who_has_received)
{
	call_start(&self->call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_STAT(self->port, messages, 1);
	EXPECT_STAT(self->port, sent, 0);
	EXPECT_EQ(0, peer_receives(self, 0));
	EXPECT_EQ(0, call_join(&self->call));
	EXPECT_EQ(self->peer.pid, self->call.send.receiver_pid);
	EXPECT_EQ(self->peer.pid, self->call.send.receiver_tid);
	EXPECT_EQ(getuid(), self->call.send.receiver_uid);
	EXPECT_EQ(getgid(), self->call.send.receiver_gid);
	EXPECT_EQ(1, self->call.send.id);
	EXPECT_STAT(self->port, sent, 1);
	EXPECT_STAT(self->port, received, 1);
}

TEST_F(receipt, tells_the_thread)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT, .data = (uintptr_t)"x", .len = 1,
	};
	struct call recv = call_init(CALL_RECV, self->port);

	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SEND, &send));
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_EQ(getpid(), send.receiver_pid);
	EXPECT_NE(getpid(), send.receiver_tid);
}

TEST_F(receipt, is_not_given_for_a_look)
{
	call_catch(SIGUSR1, 0);
	call_start(&self->call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_EQ(0, peer_receives(self, IPCBOX_PEEK));
	pthread_kill(self->call.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&self->call));
	EXPECT_STAT(self->port, messages, 0);
	EXPECT_STAT(self->port, sent, 0);
	EXPECT_EQ(-EAGAIN, peer_receives(self, IPCBOX_NOWAIT));
}

TEST_F(receipt, comes_with_the_acknowledgement)
{
	struct ipcbox_recv recv = {};
	char text[8];

	call_start(&self->call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	/* The peer dies with it, the next one is done with it. */
	EXPECT_EQ(0, peer_receives(self, IPCBOX_LEASE));
	peer_end(&self->peer, SIGKILL);
	ASSERT_TRUE(wait_for_held(self->port, 0));
	EXPECT_EQ(0, msg_recv(self->port, text, 8, IPCBOX_LEASE, &recv));
	EXPECT_EQ(2, recv.deliveries);
	EXPECT_STAT(self->port, waiting_senders, 1);
	EXPECT_EQ(0, msg_ack(self->port, recv.msg_id));
	EXPECT_EQ(0, call_join(&self->call));
	EXPECT_EQ(getpid(), self->call.send.receiver_pid);
}

TEST_F(receipt, uses_no_capacity)
{
	int port = port_temporary(self->box, 1);

	ASSERT_LE(0, port);
	self->call.port = port;
	ASSERT_EQ(1, sys_write(port, "x", 1));
	call_start(&self->call);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	EXPECT_EQ(1, sys_read(port, (char[8]) {}, 8));
	/* There is room, but that is not what it waits for. */
	ASSERT_EQ(0, msg_send(port, "y", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_STAT(port, waiting_senders, 1);
	EXPECT_EQ(5, sys_read(port, (char[8]) {}, 8));
	EXPECT_EQ(0, call_join(&self->call));
	close(port);
}

TEST_F(receipt, of_a_large_message_from_the_senders_memory)
{
	char *data = malloc(LARGE), *copy = malloc(LARGE);
	struct ipcbox_info before, after;

	memset(data, 'l', LARGE);
	self->call.data = data;
	self->call.len = LARGE;
	ASSERT_EQ(0, box_info(self->box, &before));
	call_start(&self->call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_EQ(LARGE, sys_read(self->port, copy, LARGE));
	EXPECT_EQ(0, call_join(&self->call));
	EXPECT_EQ(0, memcmp(data, copy, LARGE));
	EXPECT_EQ(getpid(), self->call.send.receiver_pid);
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.user_bytes, after.user_bytes);
	free(data);
	free(copy);
}

TEST_F(receipt, a_signal_takes_the_message_back)
{
	call_catch(SIGUSR1, 0);
	call_start(&self->call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	pthread_kill(self->call.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&self->call));
	EXPECT_STAT(self->port, messages, 0);
	EXPECT_EQ(0, self->call.send.receiver_pid);
}

TEST_F(receipt, deletion_ends_the_wait)
{
	call_start(&self->call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_EQ(-EIDRM, call_join(&self->call));
}

TEST_F(receipt, is_of_the_effective_user)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT, .data = (uintptr_t)"x", .len = 1,
	};
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setresgid(1234, 1234, 1234) || setresuid(BOB, BOB, BOB))
			_exit(1);
		_exit(sys_read(self->port, (char[8]) {}, 8) != 1);
	}
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SEND, &send));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(pid, send.receiver_pid);
	EXPECT_EQ(BOB, send.receiver_uid);
	EXPECT_EQ(1234, send.receiver_gid);
}

static int send_args(int port, struct ipcbox_send *send)
{
	send->data = (uintptr_t)"x";
	send->len = 1;
	return sys_ioctl(port, IPCBOX_SEND, send);
}

TEST_F(receipt, wants_to_wait)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_send send = { .flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT };
	int port;

	EXPECT_EQ(-EINVAL, send_args(self->port, &send));
	attr.flags |= IPCBOX_NOWAIT;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	send.flags = IPCBOX_RECEIPT;
	EXPECT_EQ(-EINVAL, send_args(port, &send));
	close(port);
	attr.flags &= ~IPCBOX_NOWAIT;
	attr.sharing = IPCBOX_SHARE_ALL;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	EXPECT_EQ(-EOPNOTSUPP, send_args(port, &send));
	close(port);
	EXPECT_STAT(self->port, messages, 0);
}

/* A struct from before there were receipts has no room for one. */
TEST_F(receipt, wants_room_to_be_told)
{
	struct ipcbox_send send = { .flags = IPCBOX_RECEIPT };
	unsigned long old = _IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC,
				 _IOC_NR(IPCBOX_SEND),
				 offsetof(struct ipcbox_send, receiver_pid));

	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, old, &send));
	send.flags = 0;
	EXPECT_EQ(0, sys_ioctl(self->port, old, &send));
	EXPECT_STAT(self->port, messages, 1);
}

TEST_F(receipt, one_that_cannot_be_written_is_no_send)
{
	char *memory = memory_pages(2);
	struct ipcbox_send *send;

	/* The id can be written, but not who has received. */
	send = (void *)(memory + PAGE - offsetof(struct ipcbox_send, receiver_pid));
	send->flags = IPCBOX_RECEIPT;
	ASSERT_EQ(0, mprotect(memory + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_SEND, send));
	EXPECT_STAT(self->port, messages, 0);
	EXPECT_STAT(self->port, sent, 0);
}

TEST_HARNESS_MAIN
