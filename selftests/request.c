// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: IPCBOX_CALL and IPCBOX_REPLY, and how far a call came that failed
 */

#include "expect.h"
#include "request.h"
#include "memory.h"

#include <kselftest_harness.h>

#define LARGE	(200 << 10)	/* the request stays in the caller's pages */

FIXTURE(request)
{
	int box;
	int port;
	struct ipcbox_info before;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(request)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->port = port_temporary(self->box, 0);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(request)
{
	close(self->port);
	close(self->box);
}

/* Receives a request, for up to ten seconds. */
static int serve_one(FIXTURE_DATA(request) *self, int port)
{
	return request_recv(port, self->text, sizeof(self->text), &self->recv);
}

#define EXPECT_COUNTS(port, in_line, with_servers, waiting) do {	\
	struct ipcbox_stat stat;					\
									\
	EXPECT_EQ(0, port_stat(port, &stat));				\
	EXPECT_EQ((in_line), stat.messages);				\
	EXPECT_EQ((with_servers), stat.held);				\
	EXPECT_EQ((waiting), stat.waiting_senders);			\
	EXPECT_EQ(0, stat.taken);					\
} while (0)

#define EXPECT_CALL(result, how_far, caller) do {			\
	EXPECT_EQ((result), caller_join(caller));			\
	EXPECT_EQ((how_far), (caller)->call.outcome);			\
} while (0)

/* There and back */

TEST_F(request, a_request_and_its_reply)
{
	struct caller caller = caller_init(self->port, "what?");

	caller.call.type = 7;
	caller.call.priority = 3;
	caller_start(&caller);
	ASSERT_EQ(5, serve_one(self, self->port));
	EXPECT_EQ(0, memcmp("what?", self->text, 5));
	EXPECT_EQ(7, self->recv.msg_type);
	EXPECT_EQ(3, self->recv.msg_priority);
	EXPECT_EQ(IPCBOX_MSG_CALL, self->recv.msg_flags);
	EXPECT_EQ(1, self->recv.deliveries);
	EXPECT_EQ(getpid(), self->recv.sender_pid);
	EXPECT_COUNTS(self->port, 0, 1, 1);
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "that", 4, 9));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(4, caller.call.reply_len);
	EXPECT_EQ(9, caller.call.reply_type);
	EXPECT_EQ(self->recv.msg_id, caller.call.id);
	EXPECT_EQ(getpid(), caller.call.replier_pid);
	EXPECT_EQ(getpid(), caller.call.replier_tid);
	EXPECT_EQ(geteuid(), caller.call.replier_uid);
	EXPECT_EQ(getegid(), caller.call.replier_gid);
	EXPECT_STREQ("that", caller.reply);
	EXPECT_COUNTS(self->port, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(request, an_empty_request_and_an_empty_reply)
{
	struct caller caller = caller_init(self->port, "");

	caller.call.reply_len = 77;
	caller_start(&caller);
	ASSERT_EQ(0, serve_one(self, self->port));
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, NULL, 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(0, caller.call.reply_len);
}

TEST_F(request, vectors_on_all_sides)
{
	struct caller caller = caller_init(self->port, "");
	struct iovec request[] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
	struct iovec answer[] = { { "12", 2 }, { "345", 3 } };
	char one[2], two[60];
	struct iovec into[] = { { one, 1 }, { two, sizeof(two) } };
	struct ipcbox_reply reply = {
		.flags = IPCBOX_IOVEC,
		.data = (uintptr_t)answer,
		.len = 2,
	};

	caller.call.flags = IPCBOX_IOVEC;
	caller.call.data = (uintptr_t)request;
	caller.call.len = 3;
	caller.call.reply = (uintptr_t)into;
	caller.call.reply_size = 2;
	caller_start(&caller);
	ASSERT_EQ(5, serve_one(self, self->port));
	EXPECT_EQ(0, memcmp("abcde", self->text, 5));
	reply.id = self->recv.msg_id;
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(5, caller.call.reply_len);
	EXPECT_EQ('1', one[0]);
	EXPECT_EQ(0, memcmp("2345", two, 4));
}

TEST_F(request, large_in_both_directions)
{
	struct caller caller = caller_init(self->port, "");
	char *data = memory_pages(LARGE / PAGE), *back = memory_pages(LARGE / PAGE);
	char *served = memory_pages(LARGE / PAGE);
	int i;

	for (i = 0; i < LARGE; i++)
		data[i] = i * 7 + i / 4096;
	caller.call.data = (uintptr_t)data;
	caller.call.len = LARGE;
	caller.call.reply = (uintptr_t)back;
	caller.call.reply_size = LARGE;
	caller_start(&caller);
	ASSERT_EQ(LARGE, request_recv(self->port, served, LARGE, &self->recv));
	EXPECT_EQ(0, memcmp(data, served, LARGE));
	for (i = 0; i < LARGE; i++)
		served[i] ^= 0x55;
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, served,
				   LARGE, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(LARGE, caller.call.reply_len);
	EXPECT_EQ(0, memcmp(served, back, LARGE));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(request, by_priority)
{
	static const uint32_t priorities[] = { 1, 31, 0, 7 };
	static const char order[] = { 31, 7, 1, 0 };
	struct caller callers[4];
	int i;

	for (i = 0; i < 4; i++) {
		callers[i] = caller_init(self->port, "");
		callers[i].call.priority = priorities[i];
		caller_start(&callers[i]);
		ASSERT_TRUE(wait_for_waiters(self->port, i + 1, 0));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, serve_one(self, self->port));
		EXPECT_EQ(order[i], self->recv.msg_priority);
		EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0,
					   0));
	}
	for (i = 0; i < 4; i++)
		EXPECT_CALL(0, IPCBOX_ANSWERED, &callers[i]);
}

/* Replies in any order find their callers. */
TEST_F(request, replies_out_of_order)
{
	struct caller callers[4];
	uint64_t ids[4];
	char text[2] = "a";
	int i;

	for (i = 0; i < 4; i++) {
		text[0] = 'a' + i;
		callers[i] = caller_init(self->port, text);
		caller_start(&callers[i]);
		ASSERT_TRUE(wait_for_waiters(self->port, i + 1, 0));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(1, serve_one(self, self->port));
		ids[i] = self->recv.msg_id;
	}
	for (i = 3; i >= 0; i--) {
		text[0] = 'A' + i;
		EXPECT_EQ(0, request_reply(self->port, ids[i], text, 1, 0));
	}
	for (i = 0; i < 4; i++) {
		EXPECT_CALL(0, IPCBOX_ANSWERED, &callers[i]);
		EXPECT_EQ('A' + i, callers[i].reply[0]);
	}
}

/* Requests do not use the capacity, as their senders wait anyway. */
TEST_F(request, a_full_port_takes_requests)
{
	int port = port_temporary(self->box, 1);
	struct caller caller = caller_init(port, "urgent");

	ASSERT_EQ(4, sys_write(port, "full", 4));
	caller.call.priority = 1;
	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(6, serve_one(self, port));
	EXPECT_EQ(-EAGAIN, msg_send(port, "x", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(0, request_reply(port, self->recv.msg_id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_COUNTS(port, 1, 0, 0);
	close(port);
}

/* What is too long */

TEST_F(request, a_reply_longer_than_the_buffer)
{
	struct caller caller = caller_init(self->port, "x");

	caller.call.reply_size = 3;
	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "four", 4, 0));
	EXPECT_CALL(-EMSGSIZE, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(4, caller.call.reply_len);
}

TEST_F(request, longer_than_the_port_permits)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MSGSIZE,
		.max_msgsize = 4,
	};
	struct caller caller = caller_init(self->port, "four");

	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	caller.call.len = 5;
	caller.call.outcome = 77;
	caller_start(&caller);
	EXPECT_CALL(-EMSGSIZE, IPCBOX_NOT_DELIVERED, &caller);
	caller.call.len = 4;
	caller_start(&caller);
	ASSERT_EQ(4, serve_one(self, self->port));
	EXPECT_EQ(-EMSGSIZE, request_reply(self->port, self->recv.msg_id,
					   "12345", 5, 0));
	EXPECT_COUNTS(self->port, 0, 1, 1);
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "1234", 4, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
}

/* Deadlines */

TEST_F(request, the_deadline_passes_before_a_server_comes)
{
	struct caller caller = caller_init(self->port, "x");

	caller.call.deadline = in_ns(50 * MSEC);
	caller_start(&caller);
	EXPECT_CALL(-ETIMEDOUT, IPCBOX_NOT_DELIVERED, &caller);
	EXPECT_COUNTS(self->port, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(request, the_deadline_passes_while_the_server_works)
{
	struct caller caller = caller_init(self->port, "x");

	caller.call.deadline = in_ns(300 * MSEC);
	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_CALL(-ETIMEDOUT, IPCBOX_UNANSWERED, &caller);
	EXPECT_COUNTS(self->port, 0, 0, 0);
	EXPECT_EQ(-ESRCH, request_reply(self->port, self->recv.msg_id, "", 0,
					0));
	EXPECT_EQ(-ESRCH, msg_nack(self->port, self->recv.msg_id));
	EXPECT_NOTHING_CHARGED(self);
}

/* Taken from behind another message, whose port lives on. */
TEST_F(request, given_up_though_it_was_not_first)
{
	struct caller first = caller_init(self->port, "first");
	struct caller caller = caller_init(self->port, "second");
	struct ipcbox_recv recv;
	int i;

	caller_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	caller.call.type = 7;
	for (i = 0; i < 5; i++) {
		caller.call.deadline = in_ns(100 * MSEC);
		caller_start(&caller);
		recv = (struct ipcbox_recv){ .type = 7 };
		ASSERT_EQ(0, msg_recv(self->port, self->text, 64, 0, &recv));
		EXPECT_CALL(-ETIMEDOUT, IPCBOX_UNANSWERED, &caller);
	}
	ASSERT_EQ(5, serve_one(self, self->port));
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &first);
	recv = (struct ipcbox_recv){};
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, self->text, 64, IPCBOX_NOWAIT,
				    &recv));
}

/* Signals */

TEST_F(request, a_signal_before_a_server_comes)
{
	struct caller caller = caller_init(self->port, "x");

	call_catch(SIGUSR1, 0);
	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	pthread_kill(caller.thread, SIGUSR1);
	EXPECT_CALL(-EINTR, IPCBOX_NOT_DELIVERED, &caller);

	call_catch(SIGUSR1, SA_RESTART);
	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	pthread_kill(caller.thread, SIGUSR1);
	sleep_ns(20 * MSEC);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
}

/* A server may have acted on the request: it is never sent again by itself. */
TEST_F(request, a_signal_while_the_server_works)
{
	static const int flags[] = { 0, SA_RESTART };
	struct caller caller = caller_init(self->port, "x");
	int i;

	for (i = 0; i < 2; i++) {
		call_catch(SIGUSR1, flags[i]);
		caller_start(&caller);
		ASSERT_EQ(1, serve_one(self, self->port));
		pthread_kill(caller.thread, SIGUSR1);
		EXPECT_CALL(-EINTR, IPCBOX_UNANSWERED, &caller);
		EXPECT_EQ(-ESRCH, request_reply(self->port, self->recv.msg_id,
						"", 0, 0));
		EXPECT_COUNTS(self->port, 0, 0, 0);
	}
}

/* Without waiting */

TEST_F(request, nowait_needs_a_server_that_waits)
{
	struct caller caller = caller_init(self->port, "x");
	struct server server = server_init(self->port);

	caller.call.flags = IPCBOX_NOWAIT;
	caller_start(&caller);
	EXPECT_CALL(-EAGAIN, IPCBOX_NOT_DELIVERED, &caller);
	EXPECT_COUNTS(self->port, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);

	server_start(&server);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	caller_start(&caller);
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_EQ(-EIDRM, server_join(&server));
}

/* The end of the caller */

TEST_F(request, the_caller_is_killed)
{
	struct ipcbox_call call = { .data = (uintptr_t)"x", .len = 1 };
	pid_t pid = fork();

	if (!pid)
		_exit(sys_ioctl(self->port, IPCBOX_CALL, &call) ? 1 : 0);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_EQ(pid, self->recv.sender_pid);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(-ESRCH, request_reply(self->port, self->recv.msg_id, "", 0,
					0));
	EXPECT_COUNTS(self->port, 0, 0, 0);

	/* And before anybody has received the request. */
	pid = fork();
	if (!pid)
		_exit(sys_ioctl(self->port, IPCBOX_CALL, &call) ? 1 : 0);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_COUNTS(self->port, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
}

/* The end of the server */

enum end { END_BEFORE, END_DURING, END_AFTER };

/* A child with a handle of its own that ends before, while or after it serves. */
static pid_t server_ends(FIXTURE_DATA(request) *self, enum end end)
{
	struct ipcbox_recv recv = {};
	pid_t pid = fork();

	if (pid)
		return pid;
	if (end == END_BEFORE)
		raise(SIGKILL);
	if (request_recv(self->port, self->text, 64, &recv) < 0)
		_exit(1);
	if (end == END_AFTER &&
	    request_reply(self->port, recv.msg_id, "done", 4, 0))
		_exit(1);
	raise(SIGKILL);
	_exit(1);
}

TEST_F(request, the_server_is_killed)
{
	struct caller caller = caller_init(self->port, "x");
	pid_t pid;

	/* Before: others still have the right to receive. */
	caller.call.deadline = in_ns(100 * MSEC);
	caller_start(&caller);
	EXPECT_EQ(128 + SIGKILL, child_wait(server_ends(self, END_BEFORE)));
	EXPECT_CALL(-ETIMEDOUT, IPCBOX_NOT_DELIVERED, &caller);

	caller.call.deadline = 0;
	caller_start(&caller);
	pid = server_ends(self, END_DURING);
	EXPECT_CALL(-EOWNERDEAD, IPCBOX_UNANSWERED, &caller);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));

	caller_start(&caller);
	pid = server_ends(self, END_AFTER);
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_STREQ("done", caller.reply);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_COUNTS(self->port, 0, 0, 0);
}

TEST_F(request, the_server_closes_its_handle)
{
	struct caller caller = caller_init(self->port, "x");
	int server = port_open_id(self->box, port_id(self->port),
				  IPCBOX_RIGHT_RECV);

	ASSERT_LE(0, server);
	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, server));
	/* The id is that handle's. */
	EXPECT_EQ(-ESRCH, request_reply(self->port, self->recv.msg_id, "", 0,
					0));
	close(server);
	EXPECT_CALL(-EOWNERDEAD, IPCBOX_UNANSWERED, &caller);
}

TEST_F(request, the_last_server_goes_while_requests_wait)
{
	struct ipcbox_port_create attr = port_attr("served");
	struct caller callers[3], late;
	int port, server, i;

	attr.rights = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_MANAGE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	server = port_open(self->box, "served", IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, server);
	for (i = 0; i < 3; i++) {
		callers[i] = caller_init(port, "x");
		caller_start(&callers[i]);
		ASSERT_TRUE(wait_for_waiters(port, i + 1, 0));
	}
	ASSERT_EQ(1, serve_one(self, server));
	close(server);
	EXPECT_CALL(-EOWNERDEAD, IPCBOX_UNANSWERED, &callers[0]);
	EXPECT_CALL(-EOWNERDEAD, IPCBOX_NOT_DELIVERED, &callers[1]);
	EXPECT_CALL(-EOWNERDEAD, IPCBOX_NOT_DELIVERED, &callers[2]);

	/* Without any server a request waits for one to come. */
	late = caller_init(port, "x");
	caller_start(&late);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	server = port_open(self->box, "served", IPCBOX_RIGHT_RECV);
	ASSERT_EQ(1, serve_one(self, server));
	EXPECT_EQ(0, request_reply(server, self->recv.msg_id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &late);
	close(server);
	close(port);
}

TEST_F(request, the_port_is_deleted)
{
	struct caller held = caller_init(self->port, "x");
	struct caller waits = caller_init(self->port, "y");

	caller_start(&held);
	ASSERT_EQ(1, serve_one(self, self->port));
	caller_start(&waits);
	ASSERT_TRUE(wait_for_waiters(self->port, 2, 0));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_CALL(-EIDRM, IPCBOX_UNANSWERED, &held);
	EXPECT_CALL(-EIDRM, IPCBOX_NOT_DELIVERED, &waits);
	EXPECT_EQ(-EIDRM, request_reply(self->port, self->recv.msg_id, "", 0,
					0));
	caller_start(&waits);
	EXPECT_CALL(-EIDRM, IPCBOX_NOT_DELIVERED, &waits);
	EXPECT_NOTHING_CHARGED(self);
}

/* The process that owns the port, and alone receives from it, exits. */
TEST_F(request, the_owner_exits)
{
	struct ipcbox_port_create attr = port_attr("owned");
	struct caller held, waits;
	int ready[2], port;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	attr.owner = IPCBOX_OWNER_PROCESS;
	pid = fork();
	if (!pid) {
		port = port_create(self->box, &attr);
		if (write(ready[1], "x", 1) != 1 ||
		    request_recv(port, self->text, 64, &self->recv) != 1 ||
		    !wait_for_waiters(port, 2, 0))
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(1, read(ready[0], self->text, 1));
	port = port_open(self->box, "owned", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	held = caller_init(port, "x");
	caller_start(&held);
	ASSERT_TRUE(wait_for_held(port, 1));
	waits = caller_init(port, "y");
	caller_start(&waits);
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_CALL(-EOWNERDEAD, IPCBOX_UNANSWERED, &held);
	EXPECT_CALL(-EOWNERDEAD, IPCBOX_NOT_DELIVERED, &waits);
	close(port);
}

/* Back in line, and who may answer */

TEST_F(request, a_request_is_passed_on_to_another_server)
{
	struct caller caller = caller_init(self->port, "x");
	int other = port_open_id(self->box, port_id(self->port), RIGHTS_IO);
	uint64_t id;

	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	id = self->recv.msg_id;
	EXPECT_EQ(-EINVAL, msg_ack(self->port, id));
	EXPECT_EQ(0, msg_nack(self->port, id));
	EXPECT_COUNTS(self->port, 1, 0, 1);
	ASSERT_EQ(1, serve_one(self, other));
	EXPECT_EQ(id, self->recv.msg_id);
	EXPECT_EQ(2, self->recv.deliveries);
	EXPECT_EQ(IPCBOX_MSG_CALL | IPCBOX_MSG_REDELIVERED,
		  self->recv.msg_flags);
	EXPECT_EQ(-ESRCH, request_reply(self->port, id, "", 0, 0));
	EXPECT_EQ(0, request_reply(other, id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	close(other);
}

/* That it was received once is known, even if it is back in line. */
TEST_F(request, given_up_after_it_was_passed_on)
{
	struct caller caller = caller_init(self->port, "x");

	caller.call.deadline = in_ns(2 * SEC);
	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_EQ(0, msg_nack(self->port, self->recv.msg_id));
	EXPECT_CALL(-ETIMEDOUT, IPCBOX_UNANSWERED, &caller);
	EXPECT_COUNTS(self->port, 0, 0, 0);
}

TEST_F(request, one_reply_each)
{
	struct caller caller = caller_init(self->port, "x");

	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0, 0));
	EXPECT_EQ(-ESRCH, request_reply(self->port, self->recv.msg_id, "", 0,
					0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(-ESRCH, request_reply(self->port, 0, "", 0, 0));
	EXPECT_EQ(-ESRCH, request_reply(self->port, ~0ULL, "", 0, 0));
}

/* A leased message is no request. */
TEST_F(request, no_reply_to_a_message)
{
	int port = port_temporary(self->box, 1);
	struct ipcbox_recv recv = {};

	ASSERT_EQ(1, sys_write(port, "x", 1));
	ASSERT_EQ(0, msg_recv(port, self->text, 64, IPCBOX_LEASE, &recv));
	EXPECT_EQ(-ESRCH, request_reply(port, recv.msg_id, "", 0, 0));
	EXPECT_EQ(0, msg_ack(port, recv.msg_id));
	close(port);
}

TEST_F(request, another_process_with_the_handle_replies)
{
	struct caller caller = caller_init(self->port, "x");
	pid_t pid;

	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	pid = fork();
	if (!pid)
		_exit(request_reply(self->port, self->recv.msg_id, "y", 1, 0) ?
		      1 : 0);
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	EXPECT_EQ(pid, caller.call.replier_pid);
	EXPECT_EQ(0, child_wait(pid));
}

/* Rights and quota */

TEST_F(request, rights)
{
	int sender = port_open_id(self->box, port_id(self->port),
				  IPCBOX_RIGHT_SEND);
	int receiver = port_open_id(self->box, port_id(self->port),
				    IPCBOX_RIGHT_RECV);
	struct ipcbox_call call = {};

	EXPECT_EQ(-EBADF, sys_ioctl(receiver, IPCBOX_CALL, &call));
	EXPECT_EQ(-EBADF, request_reply(sender, 1, "", 0, 0));
	close(sender);
	close(receiver);
}

TEST_F(request, the_reply_is_charged_to_the_server)
{
	struct caller caller = caller_init(self->port, "x");
	struct ipcbox_info info;
	char *data = malloc(1 << 20);
	uint64_t room;
	int port = port_temporary(self->box, IPCBOX_UNLIMITED);

	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_LE(1 + info.msg_overhead,
		  info.user_bytes - self->before.user_bytes);
	do {
		ASSERT_EQ(0, box_info(self->box, &info));
		room = info.max_bytes - info.user_bytes;
	} while (msg_send(port, data, 1 << 20, 0, 0, 0) == 0);
	ASSERT_GT((1 << 20) + info.msg_overhead, room);
	EXPECT_EQ(-EDQUOT, request_reply(self->port, self->recv.msg_id, data,
					 1 << 20, 0));
	EXPECT_COUNTS(self->port, 0, 1, 1);
	close(port);
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
}

/* Bad arguments and bad memory */

TEST_F(request, what_cannot_be_asked_for)
{
	struct ipcbox_call call = { .priority = IPCBOX_PRIORITIES };
	struct ipcbox_reply reply = { .nr_fds = IPCBOX_FDS_MAX + 1 };

	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_CALL, &call));
	call = (struct ipcbox_call){ .flags = IPCBOX_PEEK };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_CALL, &call));
	call = (struct ipcbox_call){
		.flags = IPCBOX_IOVEC,
		.reply_size = IPCBOX_IOV_MAX + 1,
	};
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_CALL, &call));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	reply = (struct ipcbox_reply){ .flags = IPCBOX_NOWAIT };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	reply = (struct ipcbox_reply){ .id = 1, .recv_size = 104 };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	reply = (struct ipcbox_reply){
		.recv = (uintptr_t)&self->recv,
		.recv_size = 1 << _IOC_SIZEBITS,
	};
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
}

TEST_F(request, memory_of_the_caller_that_is_not_there)
{
	struct ipcbox_call call = { .data = (uintptr_t)memory_nowhere(), .len = 8 };
	struct caller caller = caller_init(self->port, "x");
	struct ipcbox_call *read_only;

	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_CALL, &call));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, call.outcome);
	call.len = LARGE;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_CALL, &call));
	call = (struct ipcbox_call){};
	read_only = memory_read_only(&call, sizeof(call));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_CALL, read_only));
	EXPECT_COUNTS(self->port, 0, 0, 0);

	caller.call.reply = (uintptr_t)memory_nowhere();
	caller.call.reply_size = 8;
	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "y", 1, 0));
	EXPECT_CALL(-EFAULT, IPCBOX_ANSWERED, &caller);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(request, memory_of_the_server_that_is_not_there)
{
	struct caller caller = caller_init(self->port, "x");
	struct ipcbox_reply reply, *read_only;

	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_EQ(-EFAULT, request_recv(self->port, memory_nowhere(), 8,
					&self->recv));
	EXPECT_COUNTS(self->port, 1, 0, 1);
	ASSERT_EQ(1, serve_one(self, self->port));
	EXPECT_EQ(1, self->recv.deliveries);
	EXPECT_EQ(-EFAULT, request_reply(self->port, self->recv.msg_id,
					 memory_nowhere(), 8, 0));
	/* That there was the reply could not be told. */
	reply = (struct ipcbox_reply){
		.id = self->recv.msg_id,
		.recv = (uintptr_t)&self->recv,
		.recv_size = sizeof(self->recv),
	};
	read_only = memory_read_only(&reply, sizeof(reply));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_REPLY, read_only));
	EXPECT_COUNTS(self->port, 0, 1, 1);
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
}

/* Reply and receive */

/* The reply was sent, the receive failed: zero in the id tells that. */
TEST_F(request, a_reply_whose_receive_fails)
{
	struct caller caller = caller_init(self->port, "x");
	struct ipcbox_recv next = { .flags = IPCBOX_NOWAIT };
	struct ipcbox_reply reply = {
		.recv = (uintptr_t)&next,
		.recv_size = sizeof(next),
	};

	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	reply.id = self->recv.msg_id;
	EXPECT_EQ(-EAGAIN, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	EXPECT_EQ(0, reply.id);
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	/* And the other way round: it is not sent, and nothing is received. */
	reply.id = self->recv.msg_id;
	EXPECT_EQ(-ESRCH, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	EXPECT_EQ(self->recv.msg_id, reply.id);
	/* Other ways to fail. */
	reply.id = 0;
	reply.recv_size = 8;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	reply.recv_size = sizeof(next);
	reply.recv = (uintptr_t)memory_nowhere();
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
}

/* A server that waits for the next one is interrupted, and goes on. */
TEST_F(request, a_receive_that_restarts_does_not_reply_twice)
{
	struct caller caller = caller_init(self->port, "x");
	struct server server = server_init(self->port);
	int i;

	call_catch(SIGUSR1, SA_RESTART);
	server_start(&server);
	for (i = 0; i < 10; i++) {
		caller_start(&caller);
		EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
		ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
		pthread_kill(server.thread, SIGUSR1);
		sleep_ns(5 * MSEC);
	}
	EXPECT_EQ(10, server.served);
	EXPECT_EQ(0, server.reply.id);
	call_catch(SIGUSR1, 0);
	pthread_kill(server.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, server_join(&server));
	EXPECT_EQ(0, server.reply.id);
}

/* Servers that call */

/* Each asks the next one, and the last one answers. */
TEST_F(request, a_chain_of_servers)
{
	struct caller caller;
	struct server chain[5];
	int i;

	for (i = 0; i < 5; i++) {
		chain[i] = server_init(port_temporary(self->box, 0));
		chain[i].asks = i ? chain[i - 1].port : -1;
		server_start(&chain[i]);
	}
	caller = caller_init(chain[4].port, "x");
	for (i = 1; i <= 20; i++) {
		caller_start(&caller);
		EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
		EXPECT_EQ(5, caller.call.reply_type);
	}
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, port_delete_id(self->box, port_id(chain[i].port)));
		EXPECT_EQ(-EIDRM, server_join(&chain[i]));
		EXPECT_EQ(20, chain[i].served);
		close(chain[i].port);
	}
}

/* Two that serve each other: each with a thread that calls and one that serves. */
TEST_F(request, two_call_each_other)
{
	struct server servers[2];
	struct caller callers[2];
	int i, round;

	for (i = 0; i < 2; i++) {
		servers[i] = server_init(port_temporary(self->box, 0));
		server_start(&servers[i]);
	}
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 2; i++) {
			callers[i] = caller_init(servers[1 - i].port, "x");
			caller_start(&callers[i]);
		}
		for (i = 0; i < 2; i++)
			EXPECT_CALL(0, IPCBOX_ANSWERED, &callers[i]);
	}
	for (i = 0; i < 2; i++) {
		port_delete_id(self->box, port_id(servers[i].port));
		EXPECT_EQ(-EIDRM, server_join(&servers[i]));
		close(servers[i].port);
	}
}

/* A server calls back its client, which is blocked in its call. */
TEST_F(request, a_client_is_called_back)
{
	struct caller caller = caller_init(self->port, "x"), back;
	struct server client = server_init(port_temporary(self->box, 0));

	server_start(&client);
	caller_start(&caller);
	ASSERT_EQ(1, serve_one(self, self->port));
	back = caller_init(client.port, "y");
	caller_start(&back);
	EXPECT_CALL(0, IPCBOX_ANSWERED, &back);
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0, 0));
	EXPECT_CALL(0, IPCBOX_ANSWERED, &caller);
	port_delete_id(self->box, port_id(client.port));
	EXPECT_EQ(-EIDRM, server_join(&client));
	close(client.port);
}

TEST_HARNESS_MAIN
