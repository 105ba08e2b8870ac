// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that become other programs: exec(), vfork(), posix_spawn()
 *
 * What they execute is this program again, told by its environment what to do.
 */

#include <pthread.h>
#include <spawn.h>

#include "attach.h"
#include "request.h"

#include <kselftest_harness.h>

FIXTURE(exec)
{
	int box;
	int watch;		/* without rights, on "alpha", of capacity 1 */
	struct pace pace;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(exec)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->watch = watch_alpha(self->box, 1);
	ASSERT_LE(0, self->watch);
	ASSERT_TRUE(pace_init(&self->pace));
}

FIXTURE_TEARDOWN(exec)
{
	pace_end(&self->pace);
	close(self->watch);
	close(self->box);
}

/* As the harness names the fixture's struct. */
#define exec_test FIXTURE_DATA(exec)

/* What execute() executes is this program again, to do one thing and exit. */

static int executed_do(const char *what, int port, uint64_t id)
{
	struct pace pace = {
		.told = { -1, 100 },
		.may = { 101, -1 },
	};

	if (!strcmp(what, "send"))
		return send_x(port);
	pace_stay(&pace);
	if (!strcmp(what, "ack"))
		return msg_ack(port, id);
	if (!strcmp(what, "reply"))
		return request_reply(port, id, "done", 4, 0);
	return 0;
}

__attribute__((constructor)) static void executed(void)
{
	const char *order = getenv("IPCBOX_EXECUTED");
	unsigned long long id;
	char what[16];
	int port;

	if (order && sscanf(order, "%15s %d %llu", what, &port, &id) == 3)
		_exit(executed_do(what, port, id) ? 110 : 0);
}

static void execute(exec_test *self, const char *what, int port, uint64_t id)
{
	char order[64];

	snprintf(order, sizeof(order), "IPCBOX_EXECUTED=%s %d %llu", what, port,
		 (unsigned long long)id);
	dup2(self->pace.told[1], 100);
	dup2(self->pace.may[0], 101);
	execle("/proc/self/exe", "exec", NULL, (char *[]) { order, NULL });
	_exit(105);
}

/* Exec: what is not closed stays, and the process stays who it is */

/* A child that keeps one of two handles, has a message on it, and executes. */
static void keep_and_execute(exec_test *self, const char *what)
{
	int port = must_open(self->box, "alpha", RIGHTS_IO);

	must_open(self->box, "alpha", RIGHTS_IO);
	fcntl(port, F_SETFD, 0);
	execute(self, what, port, must_hold(port));
}

static void *keep_and_acknowledge(void *self)
{
	keep_and_execute(self, "ack");
	return NULL;
}

static pid_t start_that_executes(exec_test *self, bool by_thread)
{
	pthread_t thread;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (by_thread)
		pthread_create(&thread, NULL, keep_and_acknowledge, self);
	else
		keep_and_acknowledge(self);
	for (;;)
		pause();
}

static void exec_keeps_the_lease(struct __test_metadata *_metadata,
				 exec_test *self, bool by_thread)
{
	int port = open_alpha(self->box, IPCBOX_RIGHT_SEND);
	pid_t pid;

	ASSERT_EQ(0, send_x(port));
	pid = start_that_executes(self, by_thread);
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_ATTACHED(self->watch, 2, 2, 1);
	EXPECT_MESSAGES(self->watch, 0, 1, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_MESSAGES(self->watch, 0, 0, 1);
	EXPECT_ATTACHED(self->watch, 1, 1, 0);
	close(port);
}

TEST_F(exec, exec_keeps_what_was_received)
{
	exec_keeps_the_lease(_metadata, self, false);
}

/* Which takes over the process id of the thread that began. */
TEST_F(exec, exec_by_another_thread_keeps_what_it_received)
{
	exec_keeps_the_lease(_metadata, self, true);
}

TEST_F(exec, a_request_is_answered_after_exec)
{
	int port = open_alpha(self->box, IPCBOX_RIGHT_SEND);
	struct caller caller = caller_init(port, "request");
	pid_t pid;

	caller_start(&caller);
	pid = fork();
	if (!pid)
		keep_and_execute(self, "reply");
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_MESSAGES(self->watch, 0, 1, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_STREQ("done", caller.reply);
	EXPECT_EQ(IPCBOX_ANSWERED, caller.call.outcome);
	EXPECT_EQ(pid, caller.call.replier_pid);
	EXPECT_EQ(0, child_wait(pid));
	close(port);
}

static void *execute_again(void *arg)
{
	char *count = arg;

	if (--count[0] < 'a')
		_exit(0);
	execl("/proc/self/exe", "exec", NULL);
	_exit(105);
}

/* Many times, each time by a thread that is not the one that began. */
__attribute__((constructor)) static void executed_again(void)
{
	char *count = getenv("IPCBOX_EXECUTED_AGAIN");
	pthread_t thread;

	if (!count)
		return;
	pthread_create(&thread, NULL, execute_again, count);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(exec, an_owner_that_executes_over_and_over, 60)
{
	struct ipcbox_port_create attr = port_attr("beta");
	unsigned int looked = 0;
	int port = -1;
	pid_t pid;

	attr.owner = IPCBOX_OWNER_PROCESS;
	pid = fork();
	if (!pid) {
		port_create(self->box, &attr);
		pace_tell(&self->pace);
		setenv("IPCBOX_EXECUTED_AGAIN", "z", 1);
		execl("/proc/self/exe", "exec", NULL);
		_exit(105);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	for (;;) {
		port = port_open(self->box, "beta", IPCBOX_RIGHT_SEND);
		if (port < 0)
			break;
		close(port);
		looked++;
	}
	EXPECT_EQ(-ENOENT, port);
	/* It is gone because the last program has ended, by itself. */
	EXPECT_TRUE(wait_for_zombie(pid));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_LT(100, looked);
}

/* vfork() and posix_spawn() */

static __attribute__((noinline)) pid_t vfork_that_holds(exec_test *self)
{
	pid_t pid = vfork();

	if (!pid) {
		self->recv.msg_id = must_hold(must_open(self->box, "alpha",
							RIGHTS_IO));
		_exit(0);
	}
	return pid;
}

/* It lives in our memory, but it is another process. */
TEST_F(exec, a_vfork_is_a_process_of_its_own)
{
	int port = open_alpha(self->box, RIGHTS_IO);
	pid_t pid;

	ASSERT_EQ(0, send_x(port));
	pid = vfork_that_holds(self);
	ASSERT_TRUE(wait_for_zombie(pid));
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_MESSAGES(self->watch, 1, 0, 0);
	EXPECT_EQ(-ESRCH, msg_ack(port, self->recv.msg_id));
	EXPECT_EQ(0, child_wait(pid));
	close(port);
}

static __attribute__((noinline)) pid_t vfork_that_owns(exec_test *self)
{
	struct ipcbox_port_create attr = port_attr("beta");
	pid_t pid;

	attr.owner = IPCBOX_OWNER_PROCESS;
	pid = vfork();
	if (!pid) {
		if (port_create(self->box, &attr) < 0)
			_exit(1);
		execute(self, "stay", -1, 0);
	}
	return pid;
}

TEST_F(exec, a_vfork_owns_its_port_over_exec)
{
	pid_t pid = vfork_that_owns(self);
	int port;

	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_EQ(-EACCES, port_open(self->box, "beta", IPCBOX_RIGHT_RECV));
	port = port_open(self->box, "beta", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	EXPECT_ATTACHED(port, 1, 1, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_TRUE(wait_for_zombie(pid));
	EXPECT_EQ(-EIDRM, send_x(port));
	EXPECT_EQ(-ENOENT, port_open(self->box, "beta", 0));
	EXPECT_EQ(0, child_wait(pid));
	close(port);
}

TEST_F(exec, a_spawned_program_gets_what_it_is_given)
{
	int port = open_alpha(self->box, RIGHTS_IO);
	posix_spawn_file_actions_t actions;
	char *argv[] = { "exec", NULL };
	char *env[] = { "IPCBOX_EXECUTED=send 12 0", NULL };
	pid_t pid;

	ASSERT_LE(0, open_alpha(self->box, IPCBOX_RIGHT_SEND));
	ASSERT_EQ(0, posix_spawn_file_actions_init(&actions));
	ASSERT_EQ(0, posix_spawn_file_actions_adddup2(&actions, port, 12));
	ASSERT_EQ(0, posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv,
				 env));
	self->recv = (struct ipcbox_recv){ .deadline = in_ns(20 * SEC) };
	ASSERT_EQ(0, msg_recv(port, self->text, 64, 0, &self->recv));
	EXPECT_EQ(pid, self->recv.sender_pid);
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_ATTACHED(self->watch, 2, 2, 1);
	close(port);
	EXPECT_ATTACHED(self->watch, 1, 1, 0);
	/* And not more than that. */
	ASSERT_EQ(0, posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, env));
	EXPECT_EQ(110, child_wait(pid));
	posix_spawn_file_actions_destroy(&actions);
}

TEST_HARNESS_MAIN
