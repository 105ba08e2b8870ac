// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPCBOX_INHERIT_NICE: a thread serves a request at the nice value of its caller
 */

#include <sys/resource.h>
#include <sys/wait.h>

#include "request.h"
#include "user.h"

#include <kselftest_harness.h>

FIXTURE(nice)
{
	int box;
	int port;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(nice)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, 4);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, 0, 2));
}

FIXTURE_TEARDOWN(nice)
{
	close(self->port);
	close(self->box);
}

/* Of the calling thread; never a negative errno here. */
static int nice_now(void)
{
	return getpriority(PRIO_PROCESS, 0);
}

/* A caller that sets its nice value first. */
struct nice_caller {
	int nice;
	struct caller caller;
};

static void *nice_caller_run(void *arg)
{
	struct nice_caller *this = arg;

	if (setpriority(PRIO_PROCESS, 0, this->nice))
		abort();
	return caller_run(&this->caller);
}

static void nice_call(struct nice_caller *this, int port, int nice)
{
	this->nice = nice;
	this->caller = caller_init(port, "");
	this->caller.call.data = (uintptr_t)this->caller.request;
	if (pthread_create(&this->caller.thread, NULL, nice_caller_run, this))
		abort();
}

static int serve(FIXTURE_DATA(nice) *self, uint64_t flags)
{
	self->recv = (struct ipcbox_recv){ .deadline = in_ns(10 * SEC) };
	return msg_recv(self->port, self->text, sizeof(self->text), flags,
			&self->recv);
}

static int answer(FIXTURE_DATA(nice) *self, uint64_t id)
{
	return request_reply(self->port, id, NULL, 0, 0);
}

/* Both ways */

TEST_F(nice, a_thread_has_its_callers_value_until_it_replies)
{
	static const int values[] = { 19, 7, 2, 0, -5, -20 };
	struct nice_caller caller;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		nice_call(&caller, self->port, values[i]);
		ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
		EXPECT_EQ(values[i], nice_now());
		EXPECT_EQ(0, answer(self, self->recv.msg_id));
		EXPECT_EQ(2, nice_now());
		EXPECT_EQ(0, caller_join(&caller.caller));
	}
}

TEST_F(nice, not_unless_asked_for)
{
	struct nice_caller caller;

	nice_call(&caller, self->port, 9);
	ASSERT_EQ(0, serve(self, 0));
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(0, answer(self, self->recv.msg_id));
	EXPECT_EQ(0, caller_join(&caller.caller));
}

TEST_F(nice, a_message_lends_nothing)
{
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, 0, 9));
	ASSERT_EQ(0, msg_send(self->port, "x", 1, 0, 0, 0));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, 0, 2));
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	EXPECT_EQ(2, nice_now());
	ASSERT_EQ(0, msg_send(self->port, "x", 1, 0, 0, 0));
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE | IPCBOX_LEASE));
	EXPECT_EQ(2, nice_now());
}

TEST_F(nice, reply_and_receive_goes_from_one_caller_to_the_next)
{
	struct nice_caller first, second;
	struct ipcbox_recv recv = { .flags = IPCBOX_INHERIT_NICE };
	struct ipcbox_reply reply = {
		.recv = (uintptr_t)&recv,
		.recv_size = sizeof(recv),
	};

	nice_call(&first, self->port, 11);
	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	EXPECT_EQ(11, nice_now());
	nice_call(&second, self->port, 4);
	reply.id = recv.msg_id;
	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_REPLY, &reply));
	EXPECT_EQ(4, nice_now());
	EXPECT_EQ(0, answer(self, recv.msg_id));
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(0, caller_join(&first.caller));
	EXPECT_EQ(0, caller_join(&second.caller));
}

/* Several requests at once */

TEST_F(nice, the_last_one_received_says_which_in_any_order_of_replies)
{
	struct nice_caller first, second;
	uint64_t id;

	nice_call(&first, self->port, 11);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	id = self->recv.msg_id;
	nice_call(&second, self->port, 4);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	EXPECT_EQ(4, nice_now());
	EXPECT_EQ(0, answer(self, id));
	EXPECT_EQ(4, nice_now());
	EXPECT_EQ(0, answer(self, self->recv.msg_id));
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(0, caller_join(&first.caller));
	EXPECT_EQ(0, caller_join(&second.caller));
}

TEST_F(nice, requests_of_two_ports)
{
	int other = port_temporary(self->box, 4), port = self->port;
	struct nice_caller first, second;
	uint64_t id;

	ASSERT_LE(0, other);
	nice_call(&first, self->port, 11);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	id = self->recv.msg_id;
	nice_call(&second, other, 4);
	self->port = other;
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	self->port = port;
	EXPECT_EQ(4, nice_now());
	EXPECT_EQ(0, answer(self, id));
	EXPECT_EQ(4, nice_now());
	ASSERT_EQ(0, port_delete_id(self->box, port_id(other)));
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(0, caller_join(&first.caller));
	EXPECT_EQ(-EIDRM, caller_join(&second.caller));
	EXPECT_EQ(0, close(other));
}

/* However it ends */

TEST_F(nice, another_thread_replies)
{
	struct nice_caller caller;
	pid_t child;
	int status;

	nice_call(&caller, self->port, 13);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	child = fork();
	if (!child)
		_exit(answer(self, self->recv.msg_id) ? 1 : 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(0, caller_join(&caller.caller));
}

TEST_F(nice, the_request_goes_back_in_line)
{
	struct ipcbox_ack ack = {};
	struct nice_caller caller;

	nice_call(&caller, self->port, 13);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	ack.id = self->recv.msg_id;
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_NACK, &ack));
	EXPECT_EQ(2, nice_now());
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	EXPECT_EQ(13, nice_now());
	EXPECT_EQ(0, answer(self, self->recv.msg_id));
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(0, caller_join(&caller.caller));
}

/* Calls, and is killed by its parent. */
static pid_t nice_process(int port, int nice)
{
	struct nice_caller caller;
	pid_t child = fork();

	if (child)
		return child;
	nice_call(&caller, port, nice);
	caller_join(&caller.caller);
	_exit(0);
}

TEST_F(nice, the_caller_is_killed)
{
	pid_t child = nice_process(self->port, 13);

	ASSERT_LT(0, child);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	EXPECT_EQ(13, nice_now());
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(-ESRCH, answer(self, self->recv.msg_id));
}

TEST_F(nice, the_port_is_deleted)
{
	struct nice_caller caller;

	nice_call(&caller, self->port, 13);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_EQ(-EIDRM, caller_join(&caller.caller));
	EXPECT_EQ(2, nice_now());
}

/* Who serves in this thread exits, and its process goes on. */
static void *nice_serve_and_exit(void *arg)
{
	FIXTURE_DATA(nice) *self = arg;

	return (void *)(long)serve(self, IPCBOX_INHERIT_NICE);
}

TEST_F(nice, the_serving_thread_has_exited)
{
	struct nice_caller caller;
	pthread_t thread;
	void *ret;

	nice_call(&caller, self->port, 13);
	ASSERT_EQ(0, pthread_create(&thread, NULL, nice_serve_and_exit, self));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	ASSERT_EQ(NULL, ret);
	EXPECT_EQ(0, answer(self, self->recv.msg_id));
	EXPECT_EQ(2, nice_now());
	EXPECT_EQ(0, caller_join(&caller.caller));
}

/* Bounds */

TEST_F(nice, what_is_set_meanwhile_stays)
{
	struct nice_caller caller;

	nice_call(&caller, self->port, 13);
	ASSERT_EQ(0, serve(self, IPCBOX_INHERIT_NICE));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, 0, 6));
	EXPECT_EQ(0, answer(self, self->recv.msg_id));
	EXPECT_EQ(6, nice_now());
	EXPECT_EQ(0, caller_join(&caller.caller));
}

/* Serves one request without privileges: what its nice values were. */
static int serve_as_alice(FIXTURE_DATA(nice) *self, rlim_t lowest)
{
	struct rlimit limit = { lowest, lowest };
	int during;

	if (setrlimit(RLIMIT_NICE, &limit) || !user_become(ALICE, ALICE))
		return 100;
	if (serve(self, IPCBOX_INHERIT_NICE))
		return 101;
	during = nice_now();
	if (answer(self, self->recv.msg_id) || nice_now() != 2)
		return 102;
	return 20 + during;
}

static int nice_of_alice(FIXTURE_DATA(nice) *self, int nice, rlim_t lowest)
{
	struct nice_caller caller;
	int status;
	pid_t child;

	nice_call(&caller, self->port, nice);
	child = fork();
	if (!child)
		_exit(serve_as_alice(self, lowest));
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 103;
	if (caller_join(&caller.caller))
		return 104;
	return WEXITSTATUS(status) - 20;
}

TEST_F(nice, no_lower_than_the_server_may_go_itself)
{
	/* RLIMIT_NICE counts from the other end: 20 - n. */
	EXPECT_EQ(2, nice_of_alice(self, -10, 0));
	EXPECT_EQ(2, nice_of_alice(self, 0, 0));
	EXPECT_EQ(2, nice_of_alice(self, 2, 0));
	EXPECT_EQ(19, nice_of_alice(self, 19, 0));
	EXPECT_EQ(-3, nice_of_alice(self, -10, 23));
	EXPECT_EQ(-3, nice_of_alice(self, -3, 23));
	EXPECT_EQ(0, nice_of_alice(self, 0, 23));
}

/* Slowed down meanwhile, it does not get faster by another request. */
static int serve_when_reniced(FIXTURE_DATA(nice) *self, int other)
{
	struct rlimit limit = {};
	int port = self->port;

	if (setrlimit(RLIMIT_NICE, &limit) || !user_become(ALICE, ALICE))
		return 100;
	if (serve(self, IPCBOX_INHERIT_NICE) ||
	    setpriority(PRIO_PROCESS, 0, 15))
		return 101;
	self->port = other;
	if (serve(self, IPCBOX_INHERIT_NICE) || nice_now() != 15)
		return 102;
	if (answer(self, self->recv.msg_id))
		return 103;
	self->port = port;
	return nice_now();
}

TEST_F(nice, what_is_set_meanwhile_is_its_own)
{
	int other = port_temporary(self->box, 4), status;
	struct nice_caller first, second;
	pid_t child;

	ASSERT_LE(0, other);
	nice_call(&first, self->port, 2);
	nice_call(&second, other, 0);
	child = fork();
	if (!child)
		_exit(serve_when_reniced(self, other));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(15, WEXITSTATUS(status));
	EXPECT_EQ(0, caller_join(&second.caller));
	EXPECT_EQ(-EOWNERDEAD, caller_join(&first.caller));
	close(other);
}

TEST_F(nice, without_a_limit_any_value)
{
	EXPECT_EQ(-20, nice_of_alice(self, -20, RLIM_INFINITY));
}

TEST_F(nice, peeking_inherits_nothing)
{
	EXPECT_EQ(-EINVAL, serve(self, IPCBOX_INHERIT_NICE | IPCBOX_PEEK));
	EXPECT_EQ(2, nice_now());
}

TEST_HARNESS_MAIN
