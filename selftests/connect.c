// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: asking a listener for one, and what comes of that; see
 * connection.c for what is done with one
 */

#include <fcntl.h>
#include <sys/resource.h>

#include "connect.h"
#include "expect.h"
#include "memory.h"
#include "user.h"

#include <kselftest_harness.h>

#define BACKLOG	4

FIXTURE(connect)
{
	int box;
	int listener;
	struct ipcbox_info before;
	struct client client;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(connect)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info_settled(self->box, &self->before));
	self->listener = listener_create(self->box, "door", BACKLOG);
	ASSERT_LE(0, self->listener);
	memset(&self->client, 0, sizeof(self->client));
}

FIXTURE_TEARDOWN(connect)
{
	close(self->listener);
	close(self->box);
}

#define connect_test FIXTURE_DATA(connect)

/* Receives a request, for up to ten seconds: its length, or -errno. */
static int hear(connect_test *self, int listener)
{
	return request_recv(listener, self->text, sizeof(self->text),
			    &self->recv);
}

/* The next one is accepted, with an empty answer: the server's end. */
static int let_in(connect_test *self)
{
	int ret = hear(self, self->listener);

	return ret < 0 ? ret : listener_accept(self->listener,
					       self->recv.msg_id, "");
}

/* All ports and all charges are as before; the listener is one port. */
#define EXPECT_NOTHING_LEFT(self) do {					\
	struct ipcbox_info info;					\
									\
	EXPECT_EQ(0, box_info((self)->box, &info));			\
	EXPECT_EQ((self)->before.user_bytes, info.user_bytes);		\
	EXPECT_EQ((self)->before.user_ports + 1, info.user_ports);	\
	EXPECT_EQ((self)->before.box_ports + 1, info.box_ports);	\
} while (0)

/* Accepted */

TEST_F(connect, a_request_is_accepted_with_an_answer)
{
	int server, client;

	client_start(&self->client, self->box, "may I?");
	ASSERT_EQ(6, hear(self, self->listener));
	EXPECT_EQ(0, memcmp("may I?", self->text, 6));
	EXPECT_EQ(IPCBOX_MSG_CALL, self->recv.msg_flags);
	EXPECT_EQ(getpid(), self->recv.sender_pid);
	EXPECT_EQ(geteuid(), self->recv.sender_uid);
	EXPECT_EQ(getegid(), self->recv.sender_gid);
	server = listener_accept(self->listener, self->recv.msg_id, "do");
	ASSERT_LE(0, server);
	client = client_join(&self->client);
	ASSERT_LE(0, client);
	EXPECT_EQ(IPCBOX_ANSWERED, self->client.connect.outcome);
	EXPECT_EQ(0, self->client.connect.reason);
	EXPECT_EQ(2, self->client.connect.answer_len);
	EXPECT_STREQ("do", self->client.answer);
	EXPECT_EQ(getpid(), self->client.connect.acceptor_pid);
	EXPECT_EQ(getpid(), self->client.connect.acceptor_tid);
	EXPECT_EQ(geteuid(), self->client.connect.acceptor_uid);
	EXPECT_EQ(getegid(), self->client.connect.acceptor_gid);
	EXPECT_EQ(FD_CLOEXEC, fcntl(server, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(client, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(server, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	EXPECT_EQ(O_RDWR, fcntl(client, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	close(server);
	close(client);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(connect, type_priority_and_the_kind_of_answer)
{
	struct ipcbox_accept accept;
	int server;

	self->client.box = self->box;
	self->client.connect = connect_init("", self->client.answer, 0);
	self->client.connect.type = 7;
	self->client.connect.priority = 3;
	self->client.connect.answer = 0;
	ASSERT_EQ(0, pthread_create(&self->client.thread, NULL, client_run,
				    &self->client));
	ASSERT_EQ(0, hear(self, self->listener));
	EXPECT_EQ(7, self->recv.msg_type);
	EXPECT_EQ(3, self->recv.msg_priority);
	accept = accept_init(self->recv.msg_id, "which nobody wants");
	accept.type = 9;
	accept.flags = IPCBOX_NOWAIT;
	server = sys_ioctl(self->listener, IPCBOX_ACCEPT, &accept);
	ASSERT_LE(0, server);
	EXPECT_LE(0, client_join(&self->client));
	EXPECT_EQ(9, self->client.connect.answer_type);
	EXPECT_EQ(18, self->client.connect.answer_len);
	EXPECT_TRUE(fcntl(server, F_GETFL) & O_NONBLOCK);
	EXPECT_FALSE(fcntl(self->client.ret, F_GETFL) & O_NONBLOCK);
	close(server);
	close(self->client.ret);
}

TEST_F(connect, by_id_and_from_segments)
{
	struct iovec from[2] = { { "one ", 4 }, { "two", 3 } };
	char yes[2] = "", more[8] = "";
	struct iovec to[2] = { { yes, 1 }, { more, 7 } };
	int server;

	self->client.box = self->box;
	self->client.connect = (struct ipcbox_connect){
		.flags = IPCBOX_IOVEC,
		.id = port_id(self->listener),
		.data = (uintptr_t)from,
		.len = 2,
		.answer = (uintptr_t)to,
		.answer_size = 2,
	};
	ASSERT_EQ(0, pthread_create(&self->client.thread, NULL, client_run,
				    &self->client));
	ASSERT_EQ(7, hear(self, self->listener));
	EXPECT_EQ(0, memcmp("one two", self->text, 7));
	server = listener_accept(self->listener, self->recv.msg_id, "yes");
	ASSERT_LE(0, server);
	EXPECT_LE(0, client_join(&self->client));
	EXPECT_STREQ("y", yes);
	EXPECT_STREQ("es", more);
	close(server);
	close(self->client.ret);
}

/* A large first message and a large answer, each copied once. */
TEST_F(connect, with_large_messages)
{
	size_t len = 300 << 10;
	char *from = memory_pages(75), *to = memory_pages(75);
	char *request = memory_pages(75), *answer = memory_pages(75);
	struct ipcbox_accept accept;
	int server;

	memset(request, 'q', len);
	memset(answer, 'a', len);
	self->client.box = self->box;
	self->client.connect = connect_init("", to, len);
	self->client.connect.data = (uintptr_t)request;
	self->client.connect.len = len;
	ASSERT_EQ(0, pthread_create(&self->client.thread, NULL, client_run,
				    &self->client));
	ASSERT_EQ(len, request_recv(self->listener, from, len, &self->recv));
	EXPECT_EQ(0, memcmp(request, from, len));
	accept = accept_init(self->recv.msg_id, "");
	accept.data = (uintptr_t)answer;
	accept.len = len;
	server = sys_ioctl(self->listener, IPCBOX_ACCEPT, &accept);
	ASSERT_LE(0, server);
	EXPECT_LE(0, client_join(&self->client));
	EXPECT_EQ(len, self->client.connect.answer_len);
	EXPECT_EQ(0, memcmp(answer, to, len));
	close(server);
	close(self->client.ret);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(connect, requests_are_heard_in_order_and_poll_tells)
{
	struct pollfd pollfd = { .fd = self->listener, .events = POLLIN };
	struct client clients[3] = {};
	char number[2] = "0";
	int i, ends[3];

	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	for (i = 0; i < 3; i++, number[0]++) {
		client_start(&clients[i], self->box, number);
		ASSERT_TRUE(wait_for_waiters(self->listener, i + 1, 0));
	}
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLIN, pollfd.revents);
	for (i = 0; i < 3; i++) {
		ends[i] = let_in(self);
		EXPECT_LE(0, ends[i]);
		EXPECT_EQ('0' + i, self->text[0]);
	}
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	for (i = 0; i < 3; i++) {
		EXPECT_LE(0, client_join(&clients[i]));
		close(clients[i].ret);
		close(ends[i]);
	}
}

/* Refused */

TEST_F(connect, a_request_is_refused_for_a_reason)
{
	client_start(&self->client, self->box, "may I?");
	ASSERT_EQ(6, hear(self, self->listener));
	EXPECT_EQ(0, listener_refuse(self->listener, self->recv.msg_id, EPERM));
	EXPECT_EQ(-ECONNREFUSED, client_join(&self->client));
	EXPECT_EQ(IPCBOX_ANSWERED, self->client.connect.outcome);
	EXPECT_EQ(EPERM, self->client.connect.reason);
	EXPECT_EQ(getpid(), self->client.connect.acceptor_pid);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(connect, nobody_listens)
{
	struct ipcbox_connect connect = connect_init("", NULL, 0);
	int looks_on = port_open(self->box, "door", IPCBOX_RIGHT_MANAGE);

	ASSERT_LE(0, looks_on);
	close(self->listener);
	connect.outcome = 99;
	EXPECT_EQ(-ECONNREFUSED, sys_ioctl(self->box, IPCBOX_CONNECT,
					   &connect));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, connect.outcome);
	/* Again somebody does. */
	self->listener = port_open(self->box, "door", IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, self->listener);
	connect.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	close(looks_on);
}

TEST_F(connect, the_listener_is_closed_while_requests_wait)
{
	int looks_on = port_open(self->box, "door", IPCBOX_RIGHT_MANAGE);
	struct client second = {};

	client_start(&self->client, self->box, "first");
	ASSERT_EQ(5, hear(self, self->listener));
	client_start(&second, self->box, "second");
	ASSERT_TRUE(wait_for_waiters(self->listener, 2, 0));
	close(self->listener);
	EXPECT_EQ(-ECONNREFUSED, client_join(&self->client));
	EXPECT_EQ(IPCBOX_UNANSWERED, self->client.connect.outcome);
	EXPECT_EQ(-ECONNREFUSED, client_join(&second));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, second.connect.outcome);
	EXPECT_STAT(looks_on, messages, 0);
	EXPECT_STAT(looks_on, held, 0);
	EXPECT_NOTHING_LEFT(self);
	close(looks_on);
	self->listener = -1;
}

TEST_F(connect, the_listener_is_deleted)
{
	client_start(&self->client, self->box, "first");
	ASSERT_EQ(5, hear(self, self->listener));
	ASSERT_EQ(0, port_delete(self->box, "door"));
	EXPECT_EQ(-EIDRM, client_join(&self->client));
	EXPECT_EQ(IPCBOX_UNANSWERED, self->client.connect.outcome);
	EXPECT_EQ(-EIDRM, listener_accept(self->listener, self->recv.msg_id,
					  ""));
	EXPECT_EQ(-EIDRM, listener_refuse(self->listener, self->recv.msg_id, 0));
	EXPECT_NOTHING_CHARGED(self);
}

/* It has received a request, and is killed: the status of the client's call. */
TEST_F(connect, the_server_is_killed)
{
	pid_t server = fork();

	if (!server) {
		hear(self, self->listener);
		pause();
		_exit(1);
	}
	client_start(&self->client, self->box, "anybody?");
	ASSERT_TRUE(wait_for_held(self->listener, 1));
	kill(server, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(server));
	EXPECT_EQ(-ECONNREFUSED, client_join(&self->client));
	EXPECT_EQ(IPCBOX_UNANSWERED, self->client.connect.outcome);
}

/* Not answered */

TEST_F(connect, a_deadline_passes)
{
	struct ipcbox_connect connect = connect_init("late", NULL, 0);

	connect.deadline = in_ns(20 * MSEC);
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, connect.outcome);
	EXPECT_STAT(self->listener, messages, 0);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(connect, a_client_is_killed_and_accepted_too_late)
{
	pid_t client = fork();
	struct ipcbox_connect connect = connect_init("bye", NULL, 0);

	if (!client)
		_exit(sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	ASSERT_EQ(3, hear(self, self->listener));
	kill(client, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(client));
	EXPECT_EQ(-ESRCH, listener_accept(self->listener, self->recv.msg_id,
					  ""));
	EXPECT_EQ(-ESRCH, listener_refuse(self->listener, self->recv.msg_id, 1));
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(connect, a_signal_ends_it)
{
	call_catch(SIGUSR1, 0);
	client_start(&self->client, self->box, "hello");
	ASSERT_TRUE(wait_for_waiters(self->listener, 1, 0));
	ASSERT_EQ(0, pthread_kill(self->client.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, client_join(&self->client));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, self->client.connect.outcome);
	EXPECT_STAT(self->listener, messages, 0);
	EXPECT_NOTHING_LEFT(self);
}

/* Of the request that is first in line; 0 without one. */
static uint64_t id_in_line(int listener)
{
	struct ipcbox_recv recv = {};
	char text[16];
	int ret = msg_recv(listener, text, sizeof(text),
			   IPCBOX_PEEK | IPCBOX_NOWAIT, &recv);

	return ret ? 0 : recv.msg_id;
}

TEST_F(connect, after_a_signal_it_is_restarted)
{
	uint64_t id, now;
	int server;

	call_catch(SIGUSR1, SA_RESTART);
	client_start(&self->client, self->box, "hello");
	ASSERT_TRUE(wait_for_waiters(self->listener, 1, 0));
	id = id_in_line(self->listener);
	ASSERT_EQ(0, pthread_kill(self->client.thread, SIGUSR1));
	while ((now = id_in_line(self->listener)) == id || !now)
		sleep_ns(MSEC);
	server = let_in(self);
	EXPECT_LE(0, server);
	EXPECT_LE(0, client_join(&self->client));
	close(server);
	close(self->client.ret);
}

/* That it has been heard is final, so it is not restarted. */
TEST_F(connect, a_signal_after_it_was_heard)
{
	call_catch(SIGUSR1, SA_RESTART);
	client_start(&self->client, self->box, "hello");
	ASSERT_EQ(5, hear(self, self->listener));
	ASSERT_EQ(0, pthread_kill(self->client.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, client_join(&self->client));
	EXPECT_EQ(IPCBOX_UNANSWERED, self->client.connect.outcome);
	EXPECT_EQ(-ESRCH, listener_accept(self->listener, self->recv.msg_id,
					  ""));
}

TEST_F(connect, the_backlog)
{
	struct ipcbox_connect connect = connect_init("", NULL, 0);
	struct client clients[BACKLOG + 1] = {};
	int i, looks_on = port_open(self->box, "door", IPCBOX_RIGHT_MANAGE);

	/* Who waits anyway is not counted out, … */
	for (i = 0; i <= BACKLOG; i++) {
		client_start(&clients[i], self->box, "hello");
		ASSERT_TRUE(wait_for_waiters(self->listener, i + 1, 0));
	}
	/* … who does not is. */
	connect.flags = IPCBOX_NOWAIT;
	EXPECT_EQ(-EAGAIN, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, connect.outcome);
	ASSERT_EQ(0, fcntl(self->box, F_SETFL, O_NONBLOCK));
	connect.flags = 0;
	EXPECT_EQ(-EAGAIN, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	/* With two heard, there is room for one. */
	ASSERT_EQ(5, hear(self, self->listener));
	ASSERT_EQ(5, hear(self, self->listener));
	connect.deadline = in_ns(10 * MSEC);
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	/* The port stays, which would be EIDRM else. */
	close(self->listener);
	for (i = 0; i <= BACKLOG; i++)
		EXPECT_EQ(-ECONNREFUSED, client_join(&clients[i]));
	self->listener = -1;
	close(looks_on);
}

TEST_F(connect, without_a_backlog_somebody_has_to_wait)
{
	int listener = listener_create(self->box, "rendezvous", 0);
	struct client *client = &self->client;
	struct call call = call_init(CALL_RECV, listener);

	ASSERT_LE(0, listener);
	client->box = self->box;
	client->connect.flags = IPCBOX_NOWAIT;
	name_copy(client->connect.name, "rendezvous");
	EXPECT_EQ(-EAGAIN, sys_ioctl(self->box, IPCBOX_CONNECT,
				     &client->connect));
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(listener, 0, 1));
	ASSERT_EQ(0, pthread_create(&client->thread, NULL, client_run, client));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(0, listener_refuse(listener, call.recv.msg_id, 5));
	EXPECT_EQ(-ECONNREFUSED, client_join(client));
	EXPECT_EQ(5, client->connect.reason);
	close(listener);
}

/* Ids, and whose they are */

TEST_F(connect, ids_that_are_wrong_or_used)
{
	int other = port_open(self->box, "door", IPCBOX_RIGHT_RECV);
	uint64_t id;
	int server;

	ASSERT_LE(0, other);
	EXPECT_EQ(-ESRCH, listener_accept(self->listener, 0, ""));
	EXPECT_EQ(-ESRCH, listener_refuse(self->listener, ~0ULL, 0));
	client_start(&self->client, self->box, "hello");
	ASSERT_EQ(5, hear(self, self->listener));
	id = self->recv.msg_id;
	EXPECT_EQ(-ESRCH, listener_accept(self->listener, id + 1, ""));
	EXPECT_EQ(-ESRCH, listener_accept(other, id, ""));
	server = listener_accept(self->listener, id, "");
	EXPECT_LE(0, server);
	EXPECT_EQ(-ESRCH, listener_accept(self->listener, id, ""));
	EXPECT_EQ(-ESRCH, listener_refuse(self->listener, id, 0));
	EXPECT_LE(0, client_join(&self->client));
	close(server);
	close(self->client.ret);
	close(other);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(connect, back_in_line_for_another_one)
{
	int other = port_open(self->box, "door", IPCBOX_RIGHT_RECV);
	int server;

	client_start(&self->client, self->box, "hello");
	ASSERT_EQ(5, hear(self, self->listener));
	EXPECT_EQ(-EINVAL, msg_ack(self->listener, self->recv.msg_id));
	EXPECT_EQ(0, msg_nack(self->listener, self->recv.msg_id));
	ASSERT_EQ(5, hear(self, other));
	EXPECT_EQ(2, self->recv.deliveries);
	server = listener_accept(other, self->recv.msg_id, "");
	EXPECT_LE(0, server);
	EXPECT_LE(0, client_join(&self->client));
	close(server);
	close(self->client.ret);
	close(other);
}

/* Rights and kinds */

TEST_F(connect, a_listener_is_not_sent_to)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_reply reply = {};
	struct ipcbox_call call = {};
	uint32_t sharing;

	EXPECT_EQ(-EINVAL, port_open(self->box, "door", RIGHTS_IO));
	attr.kind = IPCBOX_KIND_LISTENER;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.rights = IPCBOX_RIGHT_RECV;
	for (sharing = IPCBOX_SHARE_ONE; sharing <= IPCBOX_SHARE_ALL_LOSSY;
	     sharing++) {
		attr.sharing = sharing;
		EXPECT_EQ(-EOPNOTSUPP, port_create(self->box, &attr));
	}
	EXPECT_EQ(-EBADF, msg_send(self->listener, "x", 1, 0, 0, 0));
	EXPECT_EQ(-EBADF, sys_write(self->listener, "x", 1));
	EXPECT_EQ(-EBADF, sys_ioctl(self->listener, IPCBOX_CALL, &call));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->listener, IPCBOX_REPLY, &reply));
	EXPECT_EQ(-EOPNOTSUPP, end_shutdown(self->listener, RIGHTS_IO));
	EXPECT_STAT(self->listener, kind, IPCBOX_KIND_LISTENER);
}

TEST_F(connect, what_is_no_listener)
{
	struct ipcbox_connect connect = connect_init("", NULL, 0);
	struct ipcbox_port_create attr = port_attr("box");
	int port = port_create(self->box, &attr);

	ASSERT_LE(0, port);
	memset(connect.name, 0, sizeof(connect.name));
	name_copy(connect.name, "box");
	EXPECT_EQ(-EPROTOTYPE, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	memcpy(connect.name, "nix", 3);
	EXPECT_EQ(-ENOENT, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	EXPECT_EQ(-EOPNOTSUPP, listener_accept(port, 1, ""));
	EXPECT_EQ(-EOPNOTSUPP, listener_refuse(port, 1, 1));
	EXPECT_EQ(-EOPNOTSUPP, end_shutdown(port, RIGHTS_IO));
	close(port);
}

TEST_F(connect, to_accept_needs_the_right_to_receive)
{
	int manages = port_open(self->box, "door", IPCBOX_RIGHT_MANAGE);

	ASSERT_LE(0, manages);
	EXPECT_EQ(-EBADF, listener_accept(manages, 1, ""));
	EXPECT_EQ(-EBADF, listener_refuse(manages, 1, 0));
	close(manages);
}

/* In a child: as somebody else. */
static int connect_as_bob(int box)
{
	struct ipcbox_connect connect = connect_init("", NULL, 0);

	connect.deadline = 1;
	return user_become(BOB, BOB) ? sys_ioctl(box, IPCBOX_CONNECT, &connect) :
				       -1;
}

TEST_F(connect, the_mode_says_who_may_connect)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_MODE, .mode = 0602 };
	pid_t child = fork();

	if (!child)
		_exit(connect_as_bob(self->box) == -EACCES ? 0 : 1);
	EXPECT_EQ(0, child_wait(child));
	ASSERT_EQ(0, sys_ioctl(self->listener, IPCBOX_SET, &set));
	child = fork();
	if (!child)
		_exit(connect_as_bob(self->box) == -ETIMEDOUT ? 0 : 1);
	EXPECT_EQ(0, child_wait(child));
}

/* Bad arguments and bad pointers */

TEST_F(connect, arguments_that_are_wrong)
{
	struct ipcbox_connect connect;
	struct ipcbox_accept accept = accept_init(1, "");
	struct ipcbox_refuse refuse = { .flags = 1 };

	connect = connect_init("", NULL, 0);
	connect.flags = IPCBOX_PEEK;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	connect.flags = 0;
	connect.id = port_id(self->listener);
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	connect.id = 0;
	connect.priority = IPCBOX_PRIORITIES;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	connect.priority = 0;
	connect.type = IPCBOX_TYPE_EVENT;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	connect.type = 0;
	connect.name[0] = '@';
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	connect = connect_init("", NULL, 0);
	connect.len = (64 << 20) + 1;
	EXPECT_EQ(-EMSGSIZE, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	accept.reserved = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->listener, IPCBOX_ACCEPT, &accept));
	accept.reserved = 0;
	accept.flags = IPCBOX_PEEK;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->listener, IPCBOX_ACCEPT, &accept));
	accept.flags = 0;
	accept.max_bytes = 5;
	accept.max_msgsize = 6;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->listener, IPCBOX_ACCEPT, &accept));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->listener, IPCBOX_REFUSE, &refuse));
	EXPECT_NOTHING_LEFT(self);
}

/* Also if there is nobody to ask. */
TEST_F(connect, the_outcome_is_of_this_call)
{
	struct ipcbox_connect connect = connect_init("", NULL, 0);

	connect.outcome = IPCBOX_ANSWERED;
	connect.reason = 7;
	strcpy(connect.name, "nowhere");
	EXPECT_EQ(-ENOENT, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, connect.outcome);
	EXPECT_EQ(0, connect.reason);
}

TEST_F(connect, pointers_that_are_wrong)
{
	struct ipcbox_connect connect = connect_init("", NULL, 0);
	struct ipcbox_accept accept, *read_only;

	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_CONNECT,
				     memory_nowhere()));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_CONNECT,
				     memory_read_only(&connect,
						      sizeof(connect))));
	connect.data = (uintptr_t)memory_nowhere();
	connect.len = 8;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	EXPECT_STAT(self->listener, messages, 0);
	/* An accept that fails leaves the request with the server. */
	client_start(&self->client, self->box, "hello");
	ASSERT_EQ(5, hear(self, self->listener));
	accept = accept_init(self->recv.msg_id, "");
	read_only = memory_read_only(&accept, sizeof(accept));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->listener, IPCBOX_ACCEPT, read_only));
	accept.data = (uintptr_t)memory_nowhere();
	accept.len = 8;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->listener, IPCBOX_ACCEPT, &accept));
	EXPECT_EQ(0, listener_refuse(self->listener, self->recv.msg_id, 7));
	EXPECT_EQ(-ECONNREFUSED, client_join(&self->client));
	EXPECT_EQ(7, self->client.connect.reason);
	EXPECT_NOTHING_LEFT(self);
}

/* The client cannot be told: it has no end, and the server learns of that. */
static void answer_goes_wrong(struct __test_metadata *_metadata,
			      connect_test *self, size_t size, void *answer,
			      int result)
{
	struct pollfd pollfd = { .events = POLLIN };
	char byte;

	self->client.box = self->box;
	self->client.connect = connect_init("", answer, size);
	ASSERT_EQ(0, pthread_create(&self->client.thread, NULL, client_run,
				    &self->client));
	ASSERT_EQ(0, hear(self, self->listener));
	pollfd.fd = listener_accept(self->listener, self->recv.msg_id, "long");
	ASSERT_LE(0, pollfd.fd);
	EXPECT_EQ(result, client_join(&self->client));
	EXPECT_EQ(IPCBOX_ANSWERED, self->client.connect.outcome);
	EXPECT_EQ(4, self->client.connect.answer_len);
	EXPECT_EQ(1, poll(&pollfd, 1, 10000));
	EXPECT_EQ(POLLIN | POLLHUP, pollfd.revents);
	EXPECT_EQ(0, sys_read(pollfd.fd, &byte, 1));
	close(pollfd.fd);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(connect, an_answer_that_does_not_fit)
{
	char answer[3];

	answer_goes_wrong(_metadata, self, 3, answer, -EMSGSIZE);
}

TEST_F(connect, an_answer_that_cannot_be_written)
{
	answer_goes_wrong(_metadata, self, 64, memory_nowhere(), -EFAULT);
}

/* Quotas and descriptors */

TEST_F(connect, the_server_pays_for_the_ports)
{
	struct ipcbox_info info;
	int ends[2];

	ASSERT_TRUE(connection_make(self->box, self->listener,
				    accept_init(0, ""), ends));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_ports + 3, info.user_ports);
	close(ends[0]);
	close(ends[1]);
	EXPECT_NOTHING_LEFT(self);
}

/* Connects and accepts, without a free number for one of the two. */
TEST_F(connect, without_a_free_descriptor)
{
	struct ipcbox_connect connect = connect_init("", NULL, 0);
	struct rlimit old, none = {};

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	client_start(&self->client, self->box, "hello");
	ASSERT_EQ(5, hear(self, self->listener));
	none.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, sys_ioctl(self->box, IPCBOX_CONNECT, &connect));
	EXPECT_EQ(-EMFILE, listener_accept(self->listener, self->recv.msg_id,
					   ""));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_EQ(0, listener_refuse(self->listener, self->recv.msg_id, 0));
	EXPECT_EQ(-ECONNREFUSED, client_join(&self->client));
	EXPECT_NOTHING_LEFT(self);
}

TEST_HARNESS_MAIN
