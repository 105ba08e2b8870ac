// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that are stopped, by a signal or by a debugger: those who wait stand
 * back until they go on, and those who have something keep it
 */

#include <sys/ptrace.h>

#include "attach.h"
#include "request.h"

#include <kselftest_harness.h>

FIXTURE(stopped)
{
	int box;
	int port;		/* without limits */
	struct pace pace;
	struct ipcbox_recv recv;
	char text[64];
	pid_t pid;
};

FIXTURE_VARIANT(stopped)
{
	bool traced;
};

FIXTURE_VARIANT_ADD(stopped, by_a_signal)
{
	.traced = false,
};

FIXTURE_VARIANT_ADD(stopped, by_a_debugger)
{
	.traced = true,
};

FIXTURE_SETUP(stopped)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	ASSERT_TRUE(pace_init(&self->pace));
}

FIXTURE_TEARDOWN(stopped)
{
	pace_end(&self->pace);
	close(self->port);
	close(self->box);
}

/* As the harness names the fixture's structs. */
#define stopped_test	FIXTURE_DATA(stopped)
#define stopped_how	struct _fixture_variant_stopped

static bool stop(stopped_test *self, const stopped_how *how)
{
	int status;

	if (!how->traced)
		return !kill(self->pid, SIGSTOP) &&
		       waitpid(self->pid, &status, WUNTRACED) == self->pid &&
		       WIFSTOPPED(status);
	return !ptrace(PTRACE_SEIZE, self->pid, 0, 0) &&
	       !ptrace(PTRACE_INTERRUPT, self->pid, 0, 0) &&
	       waitpid(self->pid, &status, 0) == self->pid &&
	       WIFSTOPPED(status);
}

static bool go_on(stopped_test *self, const stopped_how *how)
{
	if (how->traced)
		return !ptrace(PTRACE_DETACH, self->pid, 0, 0);
	return !kill(self->pid, SIGCONT);
}

static int receive(stopped_test *self, uint64_t flags)
{
	memset(self->text, 0, sizeof(self->text));
	self->recv = (struct ipcbox_recv){ .deadline = in_ns(60 * SEC) };
	return msg_recv(self->port, self->text, sizeof(self->text) - 1, flags,
			&self->recv);
}

/* A child that receives one message, with these flags, and stays with it. */
static void start_receiver(stopped_test *self, uint64_t flags, uint64_t lease)
{
	self->pid = fork();
	if (self->pid)
		return;
	self->recv = (struct ipcbox_recv){ .lease = lease };
	if (msg_recv(self->port, self->text, sizeof(self->text), flags,
		     &self->recv))
		_exit(1);
	pace_stay(&self->pace);
	_exit(0);
}

/* What is sent meanwhile goes to others; then the call goes on by itself. */
TEST_F(stopped, a_receiver_that_waits)
{
	start_receiver(self, 0, 0);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_TRUE(stop(self, variant));
	EXPECT_TRUE(wait_for_waiters(self->port, 0, 0));
	ASSERT_EQ(3, sys_write(self->port, "one", 3));
	ASSERT_EQ(0, receive(self, IPCBOX_NOWAIT));
	EXPECT_STREQ("one", self->text);
	ASSERT_TRUE(go_on(self, variant));
	EXPECT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(3, sys_write(self->port, "two", 3));
	ASSERT_TRUE(pace_heard(&self->pace));
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, child_wait(self->pid));
}

/* Its message is out of line while it is stopped. */
TEST_F(stopped, a_sender_that_waits)
{
	struct ipcbox_port_create attr = port_attr("meeting");
	struct ipcbox_stat stat;
	int port;

	attr.max_messages = 0;
	port = port_create(self->box, &attr);
	self->pid = fork();
	if (!self->pid)
		_exit(msg_send(port, "one", 3, 0, 0, 0) ? 1 : 0);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_TRUE(stop(self, variant));
	EXPECT_TRUE(wait_for_waiters(port, 0, 0));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.sent);
	ASSERT_TRUE(go_on(self, variant));
	EXPECT_TRUE(wait_for_waiters(port, 1, 0));
	EXPECT_EQ(3, sys_read(port, self->text, 64));
	EXPECT_EQ(0, child_wait(self->pid));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1, stat.sent);
	close(port);
}

/* Exits with how the call ended: its errno, and its outcome. */
static void start_caller(stopped_test *self)
{
	struct ipcbox_call call = {};

	self->pid = fork();
	if (self->pid)
		return;
	_exit(-sys_ioctl(self->port, IPCBOX_CALL, &call) * 4 + call.outcome);
}

TEST_F(stopped, a_caller_that_nobody_serves_yet)
{
	start_caller(self);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_TRUE(stop(self, variant));
	EXPECT_TRUE(wait_for_waiters(self->port, 0, 0));
	EXPECT_EQ(-EAGAIN, receive(self, IPCBOX_NOWAIT));
	ASSERT_TRUE(go_on(self, variant));
	ASSERT_EQ(0, receive(self, 0));
	EXPECT_EQ(0, request_reply(self->port, self->recv.msg_id, "", 0, 0));
	EXPECT_EQ(IPCBOX_ANSWERED, child_wait(self->pid));
}

/* The request was received, so nobody repeats it behind the caller's back. */
TEST_F(stopped, a_caller_that_is_served)
{
	start_caller(self);
	ASSERT_EQ(0, receive(self, 0));
	ASSERT_TRUE(stop(self, variant));
	EXPECT_TRUE(wait_for_held(self->port, 0));
	EXPECT_EQ(-ESRCH, request_reply(self->port, self->recv.msg_id, "", 0,
					0));
	ASSERT_TRUE(go_on(self, variant));
	EXPECT_EQ(EINTR * 4 + IPCBOX_UNANSWERED, child_wait(self->pid));
	EXPECT_EQ(-EAGAIN, receive(self, IPCBOX_NOWAIT));
}

TEST_F(stopped, a_holder_keeps_what_it_has)
{
	ASSERT_EQ(3, sys_write(self->port, "one", 3));
	start_receiver(self, IPCBOX_LEASE, 0);
	ASSERT_TRUE(pace_heard(&self->pace));
	ASSERT_TRUE(stop(self, variant));
	EXPECT_ATTACHED(self->port, 1, 1, 1);
	EXPECT_MESSAGES(self->port, 0, 1, 0);
	ASSERT_TRUE(go_on(self, variant));
	EXPECT_MESSAGES(self->port, 0, 1, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, child_wait(self->pid));
	ASSERT_EQ(0, receive(self, 0));
	EXPECT_EQ(IPCBOX_MSG_REDELIVERED, self->recv.msg_flags);
}

/* To stop does not stop the clock. */
TEST_F(stopped, a_holder_whose_time_is_up)
{
	ASSERT_EQ(3, sys_write(self->port, "one", 3));
	start_receiver(self, IPCBOX_LEASE, 2 * SEC);
	ASSERT_TRUE(pace_heard(&self->pace));
	ASSERT_TRUE(stop(self, variant));
	EXPECT_TRUE(wait_for_held(self->port, 0));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	kill(self->pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(self->pid));
}

TEST_F(stopped, a_holder_that_is_killed)
{
	ASSERT_EQ(3, sys_write(self->port, "one", 3));
	start_receiver(self, IPCBOX_LEASE, 0);
	ASSERT_TRUE(pace_heard(&self->pace));
	ASSERT_TRUE(stop(self, variant));
	kill(self->pid, SIGKILL);
	ASSERT_EQ(0, receive(self, 0));
	EXPECT_EQ(IPCBOX_MSG_REDELIVERED, self->recv.msg_flags);
	kill(self->pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(self->pid));
}

/* A debugger stops it half-way through its exit: all is still there. */
TEST_F(stopped, an_exit_that_is_not_over)
{
	struct ipcbox_port_create attr = port_attr("owned");
	int port, status;

	if (!variant->traced)
		SKIP(return, "no signal does this");
	attr.owner = IPCBOX_OWNER_PROCESS;
	self->pid = fork();
	if (!self->pid) {
		port_create(self->box, &attr);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	port = port_open(self->box, "owned", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	ASSERT_TRUE(stop(self, variant));
	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, self->pid, 0,
			    PTRACE_O_TRACEEXIT));
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_EXIT << 8, status >> 8);
	EXPECT_ATTACHED(port, 2, 2, 1);
	EXPECT_EQ(3, sys_write(port, "one", 3));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	ASSERT_TRUE(wait_for_zombie(self->pid));
	EXPECT_EQ(-EIDRM, sys_write(port, "two", 3));
	EXPECT_EQ(0, child_wait(self->pid));
	close(port);
}

TEST_HARNESS_MAIN
