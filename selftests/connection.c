// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: what is sent and called from end to end, and how they end; see
 * connect.c for how they are made
 */

#include <fcntl.h>
#include <sys/epoll.h>

#include "connect.h"
#include "expect.h"
#include "memory.h"
#include "stream.h"

#include <kselftest_harness.h>

#define MANY	200

FIXTURE(connection)
{
	int box;
	int listener;
	union {
		int ends[2];
		struct {
			int server;
			int client;
		};
	};
	struct ipcbox_info before;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_VARIANT(connection)
{
	uint64_t max_messages;
};

FIXTURE_VARIANT_ADD(connection, unbounded)
{
	.max_messages = IPCBOX_UNLIMITED,
};

FIXTURE_VARIANT_ADD(connection, bounded)
{
	.max_messages = 3,
};

FIXTURE_SETUP(connection)
{
	struct ipcbox_accept accept = accept_init(0, "");

	accept.max_messages = variant->max_messages;
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info_settled(self->box, &self->before));
	self->listener = listener_create(self->box, "door", 8);
	ASSERT_LE(0, self->listener);
	ASSERT_TRUE(connection_make(self->box, self->listener, accept,
				    self->ends));
	pipe_catch();
}

/* Whatever was done with it, nothing is left. */
FIXTURE_TEARDOWN(connection)
{
	struct ipcbox_info info;

	close(self->server);
	close(self->client);
	close(self->listener);
	EXPECT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes, info.user_bytes);
	EXPECT_EQ(self->before.user_ports, info.user_ports);
	EXPECT_EQ(self->before.box_ports, info.box_ports);
	close(self->box);
}

#define connection_test FIXTURE_DATA(connection)

static int receive(connection_test *self, int end)
{
	return request_recv(end, self->text, sizeof(self->text), &self->recv);
}

/* What poll() says at this moment, of all that it can say. */
static int poll_all(int fd)
{
	struct pollfd pollfd = {
		.fd = fd,
		.events = POLLIN | POLLOUT | POLLRDHUP,
	};

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

/* Both ways */

TEST_F(connection, messages_go_both_ways_and_keep_their_boundaries)
{
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(POLLOUT, poll_all(self->ends[!i]));
		ASSERT_EQ(3, sys_write(self->ends[i], "one", 3));
		ASSERT_EQ(0, msg_send(self->ends[i], "three", 5, 7, 2, 0));
		ASSERT_EQ(0, msg_send(self->ends[i], NULL, 0, 0, 0, 0));
		EXPECT_EQ(POLLIN, poll_all(self->ends[!i]) & POLLIN);
		EXPECT_EQ(0, poll_all(self->ends[i]) & POLLIN);
		EXPECT_EQ(5, bytes_there(self->ends[!i]));
		ASSERT_EQ(5, receive(self, self->ends[!i]));
		EXPECT_EQ(7, self->recv.msg_type);
		EXPECT_EQ(2, self->recv.msg_priority);
		EXPECT_EQ(getpid(), self->recv.sender_pid);
		EXPECT_EQ(3, sys_read(self->ends[!i], self->text, 64));
		EXPECT_EQ(0, memcmp("one", self->text, 3));
		EXPECT_EQ(0, receive(self, self->ends[!i]));
		EXPECT_EQ(0, self->recv.msg_len);
		EXPECT_EQ(-EAGAIN, msg_recv(self->ends[!i], NULL, 0,
					    IPCBOX_NOWAIT, &self->recv));
	}
}

TEST_F(connection, a_full_one_is_full_in_one_direction)
{
	int i, n = variant->max_messages == 3 ? 3 : 0;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, msg_send(self->client, "x", 1, 0, 0,
				      IPCBOX_NOWAIT));
	if (n) {
		EXPECT_EQ(-EAGAIN, msg_send(self->client, "x", 1, 0, 0,
					    IPCBOX_NOWAIT));
		EXPECT_EQ(0, poll_all(self->client));
	}
	EXPECT_EQ(0, msg_send(self->server, "y", 1, 0, 0, IPCBOX_NOWAIT));
}

/* Calls, also of a server that calls its client back, who waits. */
static void *answer_with_a_question(void *end)
{
	int fd = (intptr_t)end;
	struct ipcbox_recv recv;
	struct ipcbox_call call = {
		.data = (uintptr_t)"who?",
		.len = 4,
	};
	char text[16], name[16] = "";

	if (request_recv(fd, text, sizeof(text), &recv) != 5)
		return "no request";
	call.reply = (uintptr_t)name;
	call.reply_size = sizeof(name) - 1;
	if (sys_ioctl(fd, IPCBOX_CALL, &call) || strcmp(name, "me"))
		return "no answer";
	return request_reply(fd, recv.msg_id, "you", 3, 4) ? "no reply" : NULL;
}

TEST_F(connection, the_server_calls_its_client_back)
{
	struct caller caller = caller_init(self->client, "whom?");
	pthread_t server;
	void *wrong;

	ASSERT_EQ(0, pthread_create(&server, NULL, answer_with_a_question,
				    (void *)(intptr_t)self->server));
	caller_start(&caller);
	ASSERT_EQ(4, receive(self, self->client));
	EXPECT_EQ(0, memcmp("who?", self->text, 4));
	EXPECT_EQ(IPCBOX_MSG_CALL, self->recv.msg_flags);
	EXPECT_EQ(0, request_reply(self->client, self->recv.msg_id, "me", 2,
				   0));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_STREQ("you", caller.reply);
	EXPECT_EQ(4, caller.call.reply_type);
	ASSERT_EQ(0, pthread_join(server, &wrong));
	EXPECT_EQ(NULL, wrong);
}

TEST_F(connection, leases_receipts_and_descriptors)
{
	int event = open("/dev/null", O_RDONLY), back[1] = { -1 };
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT,
		.deadline = in_ns(10 * MSEC),
	};

	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->client, IPCBOX_SEND, &send));
	ASSERT_EQ(0, msg_send(self->client, "lease", 5, 0, 0, 0));
	memset(&self->recv, 0, sizeof(self->recv));
	ASSERT_EQ(0, msg_recv(self->server, self->text, 64, IPCBOX_LEASE,
			      &self->recv));
	EXPECT_EQ(0, msg_nack(self->server, self->recv.msg_id));
	EXPECT_EQ(5, receive(self, self->server));
	send = (struct ipcbox_send){ .fds = (uintptr_t)&event, .nr_fds = 1 };
	ASSERT_EQ(0, sys_ioctl(self->client, IPCBOX_SEND, &send));
	self->recv = (struct ipcbox_recv){
		.fds = (uintptr_t)back,
		.fds_size = 1,
	};
	EXPECT_EQ(0, msg_recv(self->server, NULL, 0, 0, &self->recv));
	EXPECT_LE(0, back[0]);
	/* An end would keep itself. */
	send.fds = (uintptr_t)&self->client;
	EXPECT_EQ(-ELOOP, sys_ioctl(self->client, IPCBOX_SEND, &send));
	close(back[0]);
	close(event);
}

/* Told later, they would be told on another queue than who sends listens to. */
TEST_F(connection, no_receipts_that_come_later)
{
	struct ipcbox_events events = { .mask = IPCBOX_EVENT_DELIVERED };

	ASSERT_EQ(0, sys_ioctl(self->client, IPCBOX_EVENTS, &events));
	EXPECT_EQ(-EOPNOTSUPP, msg_send(self->client, "x", 1, 0, 0,
					IPCBOX_RECEIPT | IPCBOX_NOWAIT));
	EXPECT_EQ(-EAGAIN, msg_recv(self->server, self->text, 64,
				    IPCBOX_NOWAIT, &self->recv));
}

/* Private */

TEST_F(connection, nobody_else_opens_an_end)
{
	struct ipcbox_stat stat;

	ASSERT_EQ(0, port_stat(self->client, &stat));
	EXPECT_EQ(IPCBOX_KIND_CONNECTION, stat.kind);
	EXPECT_EQ(IPCBOX_OWNER_HANDLE, stat.owner);
	EXPECT_EQ(RIGHTS_ALL, stat.rights);
	EXPECT_EQ(variant->max_messages, stat.max_messages);
	EXPECT_EQ(1, stat.senders);
	EXPECT_EQ(1, stat.receivers);
	EXPECT_EQ(2, stat.handles);
	EXPECT_EQ(-EACCES, port_open_id(self->box, stat.id,
					IPCBOX_RIGHT_SEND));
	EXPECT_EQ(-EACCES, port_open_id(self->box, stat.id,
					IPCBOX_RIGHT_RECV));
}

/* Anybody may look at a port, its owner may manage it; neither has an end. */
TEST_F(connection, who_looks_at_it_has_no_end)
{
	static const uint32_t rights[] = { 0, IPCBOX_RIGHT_MANAGE };
	unsigned int i;
	int port;

	ASSERT_EQ(0, msg_send(self->server, "private", 7, 0, 0, 0));
	for (i = 0; i < ARRAY_SIZE(rights); i++) {
		port = port_open_id(self->box, port_id(self->client),
				    rights[i]);
		ASSERT_LE(0, port);
		EXPECT_EQ(-EBADF, end_shutdown(port, IPCBOX_RIGHT_SEND));
		EXPECT_EQ(-EBADF, end_shutdown(port, IPCBOX_RIGHT_RECV));
		EXPECT_EQ(-EBADF, end_shutdown(port, RIGHTS_IO));
		EXPECT_EQ(0, poll_all(port));
		close(port);
	}
	EXPECT_EQ(7, receive(self, self->client));
	EXPECT_EQ(0, msg_send(self->client, "x", 1, 0, 0, 0));
}

/* The end */

TEST_F(connection, what_was_sent_is_received_and_then_it_ends)
{
	ASSERT_EQ(0, msg_send(self->client, "last", 4, 0, 0, 0));
	ASSERT_EQ(0, msg_send(self->server, "lost", 4, 0, 0, 0));
	close(self->client);
	self->client = -1;
	EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLRDHUP,
		  poll_all(self->server));
	ASSERT_EQ(4, receive(self, self->server));
	EXPECT_EQ(0, memcmp("last", self->text, 4));
	EXPECT_EQ(-ENOTCONN, receive(self, self->server));
	EXPECT_EQ(0, sys_read(self->server, self->text, 64));
	EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLRDHUP,
		  poll_all(self->server));
}

TEST_F(connection, what_nobody_will_receive_is_not_charged)
{
	struct ipcbox_info info;

	ASSERT_EQ(0, msg_send(self->server, "lost", 4, 0, 0, 0));
	close(self->client);
	self->client = -1;
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes, info.user_bytes);
}

TEST_F(connection, sending_to_nobody)
{
	struct ipcbox_call call = { .outcome = 99 };

	close(self->server);
	self->server = -1;
	EXPECT_EQ(-EPIPE, msg_send(self->client, "x", 1, 0, 0, 0));
	EXPECT_EQ(-EPIPE, msg_send(self->client, "x", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(-EPIPE, sys_ioctl(self->client, IPCBOX_CALL, &call));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, call.outcome);
	EXPECT_EQ(0, atomic_load(&pipes_broken));
	EXPECT_EQ(-EPIPE, sys_write(self->client, "x", 1));
	EXPECT_EQ(1, atomic_load(&pipes_broken));
}

TEST_F(connection, the_end_wakes_those_who_wait)
{
	struct call typed = call_init(CALL_RECV, self->client);
	struct call reads = call_init(CALL_READ, self->client);
	struct call receives = call_init(CALL_RECV, self->client);

	typed.recv.type = 9;
	call_start(&typed);
	call_start(&reads);
	call_start(&receives);
	ASSERT_TRUE(wait_for_waiters(self->client, 0, 3));
	close(self->server);
	self->server = -1;
	EXPECT_EQ(-ENOTCONN, call_join(&typed));
	EXPECT_EQ(0, call_join(&reads));
	EXPECT_EQ(-ENOTCONN, call_join(&receives));
}

TEST_F(connection, the_end_wakes_those_who_wait_to_send)
{
	struct call full = call_text(self->client, "one more", 0);
	struct call receipt = call_text(self->client, "whoever", 0);
	struct caller heard = caller_init(self->client, "heard");
	struct caller caller = caller_init(self->client, "unheard");
	int i;

	caller_start(&heard);
	ASSERT_EQ(5, receive(self, self->server));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, msg_send(self->client, "x", 1, 0, 0, 0));
	if (variant->max_messages == IPCBOX_UNLIMITED)
		full.send.flags = IPCBOX_RECEIPT;
	receipt.send.flags = IPCBOX_RECEIPT;
	call_start(&full);
	call_start(&receipt);
	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->server, 4, 0));
	close(self->server);
	self->server = -1;
	EXPECT_EQ(-EPIPE, call_join(&full));
	EXPECT_EQ(-EPIPE, call_join(&receipt));
	EXPECT_EQ(-EOWNERDEAD, caller_join(&caller));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, caller.call.outcome);
	EXPECT_EQ(-EOWNERDEAD, caller_join(&heard));
	EXPECT_EQ(IPCBOX_UNANSWERED, heard.call.outcome);
}

/* A process that connects, and is killed; the server waits to receive. */
TEST_F(connection, a_client_is_killed)
{
	struct ipcbox_connect connect = connect_init("child", NULL, 0);
	struct call reads;
	pid_t child = fork();
	int end;

	if (!child) {
		sys_ioctl(self->box, IPCBOX_CONNECT, &connect);
		pause();
	}
	ASSERT_EQ(5, receive(self, self->listener));
	EXPECT_EQ(child, self->recv.sender_pid);
	end = listener_accept(self->listener, self->recv.msg_id, "");
	ASSERT_LE(0, end);
	reads = call_init(CALL_READ, end);
	call_start(&reads);
	ASSERT_TRUE(wait_for_waiters(end, 0, 1));
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(child));
	EXPECT_EQ(0, call_join(&reads));
	EXPECT_EQ(-EPIPE, msg_send(end, "x", 1, 0, 0, 0));
	close(end);
}

/* The other way round: the server's end is in the process that is killed. */
TEST_F(connection, a_server_is_killed)
{
	struct caller caller = caller_init(self->client, "anybody?");
	struct call reads = call_init(CALL_READ, self->client);
	pid_t child = fork();

	if (!child) {
		receive(self, self->server);
		pause();
	}
	close(self->server);
	self->server = -1;
	caller_start(&caller);
	call_start(&reads);
	ASSERT_TRUE(wait_for_waiters(self->client, 0, 1));
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(child));
	/* It had the request, or was about to, or was gone before that. */
	caller_join(&caller);
	EXPECT_TRUE(caller.ret == -EOWNERDEAD || caller.ret == -EPIPE);
	EXPECT_EQ(0, call_join(&reads));
}

TEST_F(connection, events_tell_of_the_end)
{
	struct ipcbox_events events = { .mask = IPCBOX_EVENT_SENDER_WENT };
	struct call hears = call_init(CALL_RECV, self->client);

	ASSERT_EQ(0, sys_ioctl(self->client, IPCBOX_EVENTS, &events));
	hears.recv.type = IPCBOX_TYPE_EVENT;
	hears.data = &hears.text;
	hears.len = sizeof(struct ipcbox_event);
	call_start(&hears);
	ASSERT_TRUE(wait_for_waiters(self->client, 0, 1));
	close(self->server);
	self->server = -1;
	EXPECT_EQ(0, call_join(&hears));
	EXPECT_EQ(IPCBOX_EVENT_SENDER_WENT,
		  ((struct ipcbox_event *)hears.text)->what);
	EXPECT_EQ(-EAGAIN, msg_recv(self->client, self->text, 64, IPCBOX_NOWAIT,
				    &hears.recv));
	EXPECT_EQ(-ENOTCONN, receive(self, self->client));
}

TEST_F(connection, a_port_of_it_is_deleted)
{
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->client)));
	EXPECT_EQ(-EIDRM, receive(self, self->client));
	EXPECT_EQ(-EIDRM, msg_send(self->server, "x", 1, 0, 0, 0));
	EXPECT_EQ(POLLHUP | POLLERR,
		  poll_all(self->server) & (POLLHUP | POLLERR));
	EXPECT_EQ(-EIDRM, end_shutdown(self->client, IPCBOX_RIGHT_RECV));
	EXPECT_EQ(-EIDRM, end_shutdown(self->server, IPCBOX_RIGHT_SEND));
}

/* Half of it */

TEST_F(connection, half_closed_by_who_sends)
{
	struct call reads = call_init(CALL_READ, self->server);

	ASSERT_EQ(0, msg_send(self->client, "last", 4, 0, 0, 0));
	EXPECT_EQ(4, receive(self, self->server));
	call_start(&reads);
	ASSERT_TRUE(wait_for_waiters(self->server, 0, 1));
	ASSERT_EQ(0, end_shutdown(self->client, IPCBOX_RIGHT_SEND));
	EXPECT_EQ(0, call_join(&reads));
	EXPECT_EQ(-ENOTCONN, receive(self, self->server));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP, poll_all(self->server));
	EXPECT_EQ(-EPIPE, msg_send(self->client, "x", 1, 0, 0, 0));
	EXPECT_EQ(POLLOUT, poll_all(self->client));
	/* The other way all is as before. */
	ASSERT_EQ(0, msg_send(self->server, "answer", 6, 0, 0, 0));
	EXPECT_EQ(6, receive(self, self->client));
	ASSERT_EQ(0, end_shutdown(self->server, IPCBOX_RIGHT_SEND));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP | POLLHUP,
		  poll_all(self->client));
	EXPECT_EQ(0, sys_read(self->client, self->text, 64));
}

TEST_F(connection, half_closed_by_who_receives)
{
	struct call sends = call_text(self->server, "whoever", 0);
	struct call reads = call_init(CALL_READ, self->client);
	struct ipcbox_stat stat;

	sends.send.flags = IPCBOX_RECEIPT;
	sends.send.type = 5;
	reads.kind = CALL_RECV;
	reads.recv.type = 6;
	call_start(&sends);
	call_start(&reads);
	ASSERT_TRUE(wait_for_waiters(self->client, 1, 1));
	ASSERT_EQ(0, msg_send(self->server, "lost", 4, 0, 0, 0));
	ASSERT_EQ(0, end_shutdown(self->client, IPCBOX_RIGHT_RECV));
	EXPECT_EQ(-EPIPE, call_join(&sends));
	EXPECT_EQ(-ENOTCONN, call_join(&reads));
	ASSERT_EQ(0, port_stat(self->client, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(-EPIPE, msg_send(self->server, "x", 1, 0, 0, 0));
	EXPECT_EQ(0, sys_read(self->client, self->text, 64));
	/* The other way all is as before. */
	ASSERT_EQ(0, msg_send(self->client, "still", 5, 0, 0, 0));
	EXPECT_EQ(5, receive(self, self->server));
}

/* What was asked before the end can be answered after it. */
TEST_F(connection, a_call_outlives_half_of_it)
{
	struct caller caller = caller_init(self->client, "what?");

	caller_start(&caller);
	ASSERT_EQ(5, receive(self, self->server));
	ASSERT_EQ(0, end_shutdown(self->client, IPCBOX_RIGHT_SEND));
	ASSERT_EQ(0, end_shutdown(self->server, RIGHTS_IO));
	EXPECT_EQ(0, request_reply(self->server, self->recv.msg_id, "that", 4,
				   0));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_STREQ("that", caller.reply);
}

/* What comes back to where nobody receives any more is nobody's. */
TEST_F(connection, a_call_put_back_after_half_of_it)
{
	struct caller caller = caller_init(self->client, "what?");

	caller_start(&caller);
	ASSERT_EQ(5, receive(self, self->server));
	ASSERT_EQ(0, end_shutdown(self->server, IPCBOX_RIGHT_RECV));
	EXPECT_EQ(0, msg_nack(self->server, self->recv.msg_id));
	EXPECT_EQ(-EOWNERDEAD, caller_join(&caller));
	EXPECT_EQ(IPCBOX_UNANSWERED, caller.call.outcome);
	EXPECT_EQ(-ESRCH, msg_nack(self->server, self->recv.msg_id));
}

TEST_F(connection, a_lease_put_back_after_half_of_it)
{
	struct ipcbox_info before, after;

	ASSERT_EQ(0, box_info(self->box, &before));
	ASSERT_EQ(0, msg_send(self->client, "lease", 5, 0, 0, 0));
	memset(&self->recv, 0, sizeof(self->recv));
	ASSERT_EQ(0, msg_recv(self->server, self->text, 64, IPCBOX_LEASE,
			      &self->recv));
	ASSERT_EQ(0, end_shutdown(self->server, IPCBOX_RIGHT_RECV));
	EXPECT_EQ(0, msg_nack(self->server, self->recv.msg_id));
	EXPECT_EQ(-ENOTCONN, receive(self, self->server));
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.user_bytes, after.user_bytes);
}

/* The other end goes on, and is not charged for what nobody can have. */
TEST_F(connection, a_lease_goes_with_its_end)
{
	struct ipcbox_info before, after;

	ASSERT_EQ(0, box_info(self->box, &before));
	ASSERT_EQ(0, msg_send(self->client, "lease", 5, 0, 0, 0));
	memset(&self->recv, 0, sizeof(self->recv));
	ASSERT_EQ(0, msg_recv(self->server, self->text, 64, IPCBOX_LEASE,
			      &self->recv));
	close(self->server);
	self->server = -1;
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.user_bytes, after.user_bytes);
}

/* What nobody has received yet, nobody will answer. */
TEST_F(connection, a_call_in_line_ends_with_half_of_it)
{
	struct caller caller = caller_init(self->client, "what?");

	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->server, 1, 0));
	ASSERT_EQ(0, end_shutdown(self->server, IPCBOX_RIGHT_RECV));
	EXPECT_EQ(-EOWNERDEAD, caller_join(&caller));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, caller.call.outcome);
}

TEST_F(connection, what_cannot_be_shut_down)
{
	struct ipcbox_shutdown arg = { .rights = RIGHTS_IO, .reserved = 1 };

	EXPECT_EQ(-EINVAL, sys_ioctl(self->client, IPCBOX_SHUTDOWN, &arg));
	EXPECT_EQ(-EINVAL, end_shutdown(self->client, 0));
	EXPECT_EQ(-EINVAL, end_shutdown(self->client, RIGHTS_ALL));
	EXPECT_EQ(0, end_shutdown(self->client, RIGHTS_IO));
	EXPECT_EQ(0, end_shutdown(self->client, RIGHTS_IO));
}

/* One thread, many clients */

/* Connects, calls, and hears its own number twice; 0, or what went wrong. */
static void *many_client(void *arg)
{
	struct ipcbox_connect connect = connect_init("client", NULL, 0);
	uint64_t number = (uintptr_t)arg, same = 0;
	struct ipcbox_call call = {
		.data = (uintptr_t)&number,
		.len = sizeof(number),
		.reply = (uintptr_t)&same,
		.reply_size = sizeof(same),
	};
	int box = box_open(), end;
	void *wrong = NULL;

	end = sys_ioctl(box, IPCBOX_CONNECT, &connect);
	if (end < 0 || sys_ioctl(end, IPCBOX_CALL, &call) || same != number)
		wrong = "call";
	else if (sys_write(end, &number, 8) != 8 || sys_read(end, &same, 8) != 8 ||
		 same != number)
		wrong = "echo";
	close(end);
	close(box);
	return wrong;
}

static bool many_watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* One event: a request to connect, a call, a message, or the end. */
static int many_serve(connection_test *self, int epoll, int fd)
{
	uint64_t number;
	int ret;

	memset(&self->recv, 0, sizeof(self->recv));
	ret = msg_recv(fd, &number, 8, IPCBOX_NOWAIT, &self->recv);
	if (ret == -ENOTCONN) {
		close(fd);
		return 1;
	}
	if (ret)
		return ret;
	if (fd == self->listener) {
		ret = listener_accept(fd, self->recv.msg_id, "");
		return ret < 0 ? ret : many_watch(epoll, ret) ? 0 : -errno;
	}
	if (self->recv.msg_flags & IPCBOX_MSG_CALL)
		return request_reply(fd, self->recv.msg_id, &number, 8, 0);
	return msg_send(fd, &number, 8, 0, 0, 0);
}

TEST_F(connection, one_thread_serves_hundreds)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), ended = 0, ret;
	pthread_t clients[MANY];
	struct epoll_event event;
	void *wrong;
	uintptr_t i;

	ASSERT_TRUE(many_watch(epoll, self->listener));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, pthread_create(&clients[i], NULL, many_client,
					    (void *)i));
	while (ended < MANY) {
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, 30000));
		ret = many_serve(self, epoll, event.data.fd);
		ASSERT_LE(0, ret);
		ended += ret;
	}
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, pthread_join(clients[i], &wrong));
		EXPECT_EQ(NULL, wrong);
	}
	close(epoll);
}

TEST_HARNESS_MAIN
