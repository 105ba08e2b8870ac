// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes: how they begin and end, and what of that changes who is attached to
 * a port, what receivers hold, and who shares a pair
 *
 * owner.c is about ports that go with a process, exec.c about processes that
 * become other programs, descriptor.c about handles that change hands, stopped.c
 * about processes that stop.
 */

#include <pthread.h>

#include "attach.h"
#include "request.h"

#include <kselftest_harness.h>

FIXTURE(process)
{
	int box;
	int watch;		/* without rights, on "alpha", of capacity 1 */
	struct pace pace;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(process)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->watch = watch_alpha(self->box, 1);
	ASSERT_LE(0, self->watch);
	ASSERT_TRUE(pace_init(&self->pace));
}

FIXTURE_TEARDOWN(process)
{
	pace_end(&self->pace);
	close(self->watch);
	close(self->box);
}

/* As the harness names the fixture's struct. */
#define process_test FIXTURE_DATA(process)

/* Fork */

TEST_F(process, a_fork_shares_the_handle)
{
	int port = open_alpha(self->box, RIGHTS_IO);
	pid_t pid;

	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	pid = fork();
	if (!pid) {
		pace_stay(&self->pace);
		close(port);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	close(port);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, child_wait(pid));
}

/* The first child exits with a message; the second has what it inherited. */
TEST_F(process, a_double_fork_leaves_an_orphan_attached)
{
	pid_t child, orphan;
	int port, has[2];

	ASSERT_EQ(0, pipe(has));
	child = fork();
	if (!child) {
		port = must_open(self->box, "alpha", RIGHTS_IO);
		if (send_x(port))
			_exit(106);
		must_hold(port);
		orphan = fork();
		if (orphan)
			_exit(write(has[1], &orphan, sizeof(orphan)) < 0);
		pace_stay(&self->pace);
		must_hold(port);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_EQ(sizeof(orphan), read(has[0], &orphan, sizeof(orphan)));
	ASSERT_TRUE(pace_heard(&self->pace));
	ASSERT_EQ(0, child_wait(child));
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_TRUE(wait_for_held(self->watch, 0));
	EXPECT_MESSAGES(self->watch, 1, 0, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_MESSAGES(self->watch, 0, 1, 0);
	kill(orphan, SIGKILL);
	EXPECT_TRUE(wait_for_handles(self->watch, 0));
	EXPECT_TRUE(wait_for_held(self->watch, 0));
	EXPECT_MESSAGES(self->watch, 1, 0, 0);
}

/* Exit and kill: a zombie has let go of all that it had */

enum { BY_EXIT, BY_KILL };

static void create_pair(process_test *self)
{
	struct ipcbox_port_create attr = port_attr("pair");

	attr.flags = 0;
	attr.sharing = IPCBOX_SHARE_PAIR;
	if (port_create(self->box, &attr) < 0)
		_exit(107);
}

/* A child with handles of all kinds, a message, a request, and half a pair. */
static pid_t start_rich_child(process_test *self, int way)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	create_pair(self);
	must_open(self->box, "alpha", IPCBOX_RIGHT_MANAGE);
	must_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	must_hold(must_open(self->box, "alpha", IPCBOX_RIGHT_RECV));
	must_hold(must_open(self->box, "alpha", RIGHTS_ALL));
	pace_stay(&self->pace);
	if (way == BY_KILL)
		raise(SIGKILL);
	_exit(0);
}

static void end_rich_child(struct __test_metadata *_metadata,
			   process_test *self, int way)
{
	int port = open_alpha(self->box, IPCBOX_RIGHT_SEND), pair;
	struct caller caller = caller_init(port, "request");
	pid_t pid;

	ASSERT_EQ(0, send_x(port));
	caller_start(&caller);
	ASSERT_TRUE(wait_for_waiters(self->watch, 1, 0));
	pid = start_rich_child(self, way);
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_ATTACHED(self->watch, 5, 3, 2);
	EXPECT_MESSAGES(self->watch, 0, 2, 0);
	pair = port_open(self->box, "pair", RIGHTS_IO);
	ASSERT_LE(0, pair);
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_TRUE(wait_for_zombie(pid));
	/* Nobody has waited for it. */
	EXPECT_ATTACHED(self->watch, 1, 1, 0);
	EXPECT_MESSAGES(self->watch, 1, 0, 0);
	EXPECT_ATTACHED(pair, 1, 1, 1);
	EXPECT_EQ(-EOWNERDEAD, caller_join(&caller));
	EXPECT_EQ(IPCBOX_UNANSWERED, caller.call.outcome);
	EXPECT_EQ(way == BY_KILL ? 128 + SIGKILL : 0, child_wait(pid));
	EXPECT_ATTACHED(self->watch, 1, 1, 0);
	close(pair);
	close(port);
}

TEST_F(process, a_zombie_that_has_exited)
{
	end_rich_child(_metadata, self, BY_EXIT);
}

TEST_F(process, a_zombie_that_was_killed)
{
	end_rich_child(_metadata, self, BY_KILL);
}

/* Its place among the two is free before anybody has waited for it. */
TEST_F(process, a_zombie_is_nobodys_partner)
{
	pid_t zombie = fork(), other;

	if (!zombie) {
		create_pair(self);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	ASSERT_LE(0, port_open(self->box, "pair", RIGHTS_IO));
	other = fork();
	if (!other)
		_exit(port_open(self->box, "pair", RIGHTS_IO) != -EUSERS);
	EXPECT_EQ(0, child_wait(other));
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_TRUE(wait_for_zombie(zombie));
	other = fork();
	if (!other)
		_exit(port_open(self->box, "pair", RIGHTS_IO) < 0);
	EXPECT_EQ(0, child_wait(other));
	EXPECT_EQ(0, child_wait(zombie));
}

/* Threads of a child in calls of all kinds, each with a capacity of 1 */

static void *run_receive(void *arg)
{
	struct ipcbox_recv recv = { .type = 7 };
	process_test *self = arg;

	msg_recv(must_open(self->box, "alpha", IPCBOX_RIGHT_RECV), NULL, 0, 0,
		 &recv);
	_exit(108);
}

static void *run_send(void *arg)
{
	process_test *self = arg;

	msg_send(must_open(self->box, "alpha", IPCBOX_RIGHT_SEND), "y", 1, 3, 0,
		 0);
	_exit(108);
}

static void *run_call(void *arg)
{
	struct ipcbox_call call = { .type = 4 };
	process_test *self = arg;

	sys_ioctl(must_open(self->box, "alpha", IPCBOX_RIGHT_SEND), IPCBOX_CALL,
		  &call);
	_exit(108);
}

static pid_t start_busy_child(process_test *self)
{
	static void *(*const run[])(void *) = {
		run_receive, run_send, run_call,
	};
	pthread_t thread;
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	for (i = 0; i < 9; i++)
		if (pthread_create(&thread, NULL, run[i / 3], self))
			_exit(109);
	for (;;)
		pause();
}

TEST_F(process, a_zombie_is_in_no_call)
{
	int port = open_alpha(self->box, RIGHTS_IO);
	struct ipcbox_stat stat;
	pid_t pid;

	ASSERT_EQ(0, send_x(port));
	pid = start_busy_child(self);
	ASSERT_TRUE(wait_for_waiters(port, 6, 3));
	EXPECT_ATTACHED(port, 10, 7, 4);
	EXPECT_MESSAGES(port, 7, 0, 0);
	/* One request of the three is ours to answer. */
	self->recv = (struct ipcbox_recv){ .type = 4 };
	ASSERT_EQ(0, msg_recv(port, self->text, 64, 0, &self->recv));
	kill(pid, SIGKILL);
	ASSERT_TRUE(wait_for_zombie(pid));
	EXPECT_ATTACHED(port, 1, 1, 1);
	EXPECT_MESSAGES(port, 1, 0, 0);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_EQ(0, stat.waiting_receivers);
	EXPECT_EQ(1, stat.sent);
	EXPECT_EQ(-ESRCH, request_reply(port, self->recv.msg_id, "", 0, 0));
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	close(port);
}

/* Threads: what is attached, holds and shares is the process */

static void *open_both(void *arg)
{
	process_test *self = arg;

	create_pair(self);
	must_hold(must_open(self->box, "alpha", RIGHTS_IO));
	return NULL;
}

static void *acknowledge_alone(void *arg)
{
	process_test *self = arg;
	int port = must_open(self->box, "alpha", RIGHTS_IO);
	uint64_t id = must_hold(port);

	pace_stay(&self->pace);
	_exit(msg_ack(port, id) ? 1 : 0);
}

TEST_F(process, the_thread_that_opened_exits_and_others_go_on)
{
	int port = open_alpha(self->box, IPCBOX_RIGHT_SEND);
	pthread_t thread;
	pid_t pid;

	ASSERT_EQ(0, send_x(port));
	pid = fork();
	if (!pid) {
		close(port);
		pthread_create(&thread, NULL, open_both, self);
		pthread_join(thread, NULL);
		/* Its place in the pair is the process's. */
		if (port_open(self->box, "pair", IPCBOX_RIGHT_SEND) < 0)
			_exit(1);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_ATTACHED(self->watch, 2, 2, 1);
	EXPECT_MESSAGES(self->watch, 0, 1, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_ATTACHED(self->watch, 1, 1, 0);
	EXPECT_MESSAGES(self->watch, 1, 0, 0);
	close(port);
}

static bool wait_for_dead_leader(pid_t pid)
{
	uint64_t end = in_ns(10 * SEC);
	char path[32], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (!strstr(line, ") Z ") && now_ns() < end) {
		file = fopen(path, "r");
		if (!file || !fgets(line, sizeof(line), file))
			return false;
		fclose(file);
		sleep_ns(MSEC);
	}
	return strstr(line, ") Z ");
}

/* It looks like a zombie, but there is nobody to wait for yet. */
TEST_F(process, the_leader_exits_first_and_others_go_on)
{
	int port = open_alpha(self->box, IPCBOX_RIGHT_SEND);
	pthread_t thread;
	pid_t pid;

	ASSERT_EQ(0, send_x(port));
	pid = fork();
	if (!pid) {
		close(port);
		create_pair(self);
		pthread_create(&thread, NULL, acknowledge_alone, self);
		syscall(SYS_exit, 0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	ASSERT_TRUE(wait_for_dead_leader(pid));
	EXPECT_ATTACHED(self->watch, 2, 2, 1);
	EXPECT_MESSAGES(self->watch, 0, 1, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_ATTACHED(self->watch, 1, 1, 0);
	EXPECT_MESSAGES(self->watch, 0, 0, 1);
	close(port);
}

/* The end of a pid namespace */

static void fill_namespace(process_test *self)
{
	int i;

	for (i = 0; i < 10; i++) {
		if (fork())
			continue;
		must_open(self->box, "alpha", RIGHTS_IO);
		pace_tell(&self->pace);
		for (;;)
			pause();
	}
	for (;;)
		pause();
}

/* Its first process is killed, and takes all of them along. */
TEST_F(process, a_pid_namespace_ends)
{
	pid_t pid;
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	pid = fork();
	if (!pid)
		fill_namespace(self);
	for (i = 0; i < 10; i++)
		ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_ATTACHED(self->watch, 10, 10, 10);
	kill(pid, SIGKILL);
	ASSERT_TRUE(wait_for_zombie(pid));
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
}

TEST_HARNESS_MAIN
