// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: with what a port goes, and that nothing else takes it along
 *
 * A child of the test is the owner. It tells through a pipe that its port is
 * there, and stays until the test closes another.
 */

#include "attach.h"
#include "call.h"
#include "memory.h"
#include "pass.h"

#include <kselftest_harness.h>

FIXTURE(owner)
{
	int box;
	int ready[2];
	int go[2];
};

FIXTURE_SETUP(owner)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, pipe(self->ready));
	ASSERT_EQ(0, pipe(self->go));
}

FIXTURE_TEARDOWN(owner)
{
	close(self->box);
}

/* As the harness names the fixture's struct. */
#define owner_test FIXTURE_DATA(owner)

static int create_owned(int box, const char *name, uint32_t owner)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.owner = owner;
	return port_create(box, &attr);
}

/* In the child */

static void tell_ready(owner_test *test)
{
	if (write(test->ready[1], "r", 1) != 1)
		_exit(101);
}

static void wait_for_go(owner_test *test)
{
	char c;

	close(test->go[1]);
	if (read(test->go[0], &c, 1))
		_exit(102);
}

static void own_port(owner_test *test)
{
	if (create_owned(test->box, "alpha", IPCBOX_OWNER_PROCESS) < 0)
		_exit(103);
}

/* In the test */

static bool wait_for_ready(owner_test *test)
{
	struct pollfd pollfd = { .fd = test->ready[0], .events = POLLIN };
	char c;

	return poll(&pollfd, 1, 20000) == 1 && read(test->ready[0], &c, 1) == 1;
}

static void let_go(owner_test *test)
{
	close(test->go[1]);
}

/* A child that creates the port, says so, and exits when it may. */
static pid_t simple_owner(owner_test *test)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	own_port(test);
	tell_ready(test);
	wait_for_go(test);
	_exit(0);
}

static int listed(int box)
{
	struct ipcbox_stat entries[8];
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.count = 8,
	};

	return sys_ioctl(box, IPCBOX_PORT_LIST, &list) ?: list.count;
}

/* Deleted: at once for who looks, soon for who waits. */
static bool wait_for_hangup(int port)
{
	struct pollfd pollfd = { .fd = port };

	return poll(&pollfd, 1, 20000) == 1 &&
	       pollfd.revents == (POLLHUP | POLLERR);
}

/* IPCBOX_OWNER_PROCESS */

TEST_F(owner, an_exit_takes_the_port_along)
{
	struct ipcbox_stat stat;
	pid_t pid = simple_owner(self);
	int port;

	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(pid, stat.creator_pid);
	EXPECT_EQ(IPCBOX_OWNER_PROCESS, stat.owner);
	let_go(self);
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(0, listed(self->box));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	EXPECT_EQ(-ENOENT, port_open_id(self->box, stat.id, 0));
	EXPECT_EQ(-ENOENT, port_delete(self->box, "alpha"));
	EXPECT_TRUE(wait_for_hangup(port));
	EXPECT_EQ(-EIDRM, sys_write(port, "hello", 5));
	EXPECT_EQ(-EIDRM, port_stat(port, &stat));
}

TEST_F(owner, the_name_is_free_after_waitpid)
{
	struct ipcbox_port_create attr;
	pid_t pid;
	int i;

	/* The deletion may be under way in any state of progress. */
	for (i = 0; i < 100; i++) {
		pid = fork();
		if (!pid) {
			own_port(self);
			_exit(0);
		}
		ASSERT_EQ(0, child_wait(pid));
		attr = port_attr("alpha");
		attr.owner = IPCBOX_OWNER_HANDLE;
		ASSERT_EQ(0, close(port_create(self->box, &attr)))
			TH_LOG("round %d", i);
	}
}

/* Whoever has a handle learns as early as who has the name. */
TEST_F(owner, a_send_after_waitpid_fails)
{
	struct ipcbox_stat stat;
	int port, i;
	pid_t pid;

	for (i = 0; i < 100; i++) {
		pid = fork();
		if (!pid) {
			own_port(self);
			tell_ready(self);
			pause();
		}
		ASSERT_TRUE(wait_for_ready(self));
		port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
		ASSERT_LE(0, port);
		kill(pid, SIGKILL);
		ASSERT_EQ(128 + SIGKILL, child_wait(pid));
		if (i % 2) {
			ASSERT_EQ(-EIDRM, sys_write(port, "hello", 5));
		} else {
			ASSERT_EQ(-EIDRM, port_stat(port, &stat));
		}
		close(port);
	}
}

TEST_F(owner, a_kill_takes_the_port_along)
{
	pid_t pid = simple_owner(self);
	int port;

	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	kill(pid, SIGKILL);
	ASSERT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	EXPECT_TRUE(wait_for_hangup(port));
}

/* It waits in a receive itself when it dies, and others in sends. */
TEST_F(owner, a_kill_in_the_midst_of_waiting)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct call send;
	int port;
	pid_t pid = fork();

	if (!pid) {
		struct ipcbox_recv recv = { .type = 7 };

		attr.owner = IPCBOX_OWNER_PROCESS;
		attr.max_messages = 0;
		port = port_create(self->box, &attr);
		tell_ready(self);
		msg_recv(port, NULL, 0, 0, &recv);
		_exit(1);
	}
	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	send = call_text(port, "hello", 0);
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 1));
	kill(pid, SIGKILL);
	EXPECT_EQ(-EIDRM, call_join(&send));
	ASSERT_EQ(128 + SIGKILL, child_wait(pid));
}

TEST_F(owner, a_zombie_has_exited)
{
	siginfo_t info;
	pid_t pid = simple_owner(self);

	ASSERT_TRUE(wait_for_ready(self));
	let_go(self);
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	EXPECT_EQ(0, listed(self->box));
	EXPECT_LE(0, create_owned(self->box, "alpha", IPCBOX_OWNER_KERNEL));
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(owner, a_process_that_nobody_waits_for)
{
	int port;
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = simple_owner(self);
	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	let_go(self);
	EXPECT_TRUE(wait_for_hangup(port));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	/* Its pid goes a moment later. */
	EXPECT_TRUE(wait_until_gone(pid));
	signal(SIGCHLD, SIG_DFL);
}

TEST_F(owner, a_child_with_the_descriptor_does_not_keep_the_port)
{
	pid_t pid = fork(), orphan;
	int port;

	if (!pid) {
		port = create_owned(self->box, "alpha", IPCBOX_OWNER_PROCESS);
		orphan = fork();
		if (orphan)
			_exit(orphan < 0);
		/* The orphan tells what it sees. */
		if (wait_for_hangup(port) &&
		    sys_write(port, "hello", 5) == -EIDRM)
			tell_ready(self);
		_exit(0);
	}
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	EXPECT_TRUE(wait_for_ready(self));
}

TEST_F(owner, the_exit_of_a_child_keeps_the_port)
{
	int port = create_owned(self->box, "alpha", IPCBOX_OWNER_PROCESS);
	pid_t pid = fork();

	ASSERT_LE(0, port);
	if (!pid)
		_exit(sys_write(port, "hello", 5) != 5);
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(5, sys_read(port, (char[8]) {}, 8));
	EXPECT_LE(0, port_open(self->box, "alpha", RIGHTS_ALL));
}

/* Closing all handles is not an exit. */
TEST_F(owner, a_process_keeps_its_port_without_a_handle)
{
	int port = create_owned(self->box, "alpha", IPCBOX_OWNER_PROCESS);

	ASSERT_EQ(5, sys_write(port, "hello", 5));
	close(port);
	port = port_open(self->box, "alpha", RIGHTS_IO);
	ASSERT_LE(0, port);
	EXPECT_EQ(5, sys_read(port, (char[8]) {}, 8));
}

TEST_F(owner, a_port_deleted_before_its_owner_exits)
{
	pid_t pid = simple_owner(self);

	ASSERT_TRUE(wait_for_ready(self));
	ASSERT_EQ(0, port_delete(self->box, "alpha"));
	EXPECT_LE(0, create_owned(self->box, "alpha", IPCBOX_OWNER_KERNEL));
	let_go(self);
	ASSERT_EQ(0, child_wait(pid));
	/* The new one has nothing to do with it. */
	EXPECT_LE(0, port_open(self->box, "alpha", 0));
}

/* Threads: the process is the owner, not the thread that called. */

static void *own_port_in_thread(void *arg)
{
	own_port(arg);
	return NULL;
}

TEST_F(owner, the_exit_of_the_creating_thread_keeps_the_port)
{
	pthread_t thread;
	pid_t pid = fork();

	if (!pid) {
		pthread_create(&thread, NULL, own_port_in_thread, self);
		pthread_join(thread, NULL);
		tell_ready(self);
		wait_for_go(self);
		_exit(0);
	}
	ASSERT_TRUE(wait_for_ready(self));
	EXPECT_LE(0, port_open(self->box, "alpha", 0));
	let_go(self);
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

static void *outlive_the_leader(void *arg)
{
	owner_test *test = arg;
	char path[32], line[256] = "";
	FILE *file;

	/* Until the leader is a zombie. */
	snprintf(path, sizeof(path), "/proc/%d/stat", getpid());
	do {
		file = fopen(path, "r");
		if (!fgets(line, sizeof(line), file))
			_exit(104);
		fclose(file);
		sched_yield();
	} while (!strstr(line, ") Z "));
	tell_ready(test);
	wait_for_go(test);
	_exit(0);
}

TEST_F(owner, the_exit_of_the_leading_thread_keeps_the_port)
{
	pthread_t thread;
	pid_t pid = fork();
	int port;

	if (!pid) {
		own_port(self);
		pthread_create(&thread, NULL, outlive_the_leader, self);
		syscall(SYS_exit, 0);
	}
	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	EXPECT_EQ(5, sys_write(port, "hello", 5));
	let_go(self);
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	EXPECT_TRUE(wait_for_hangup(port));
}

/* Exec: the same process goes on, without the descriptor. */

static void exec_cat(owner_test *test)
{
	int flags = fcntl(test->go[0], F_GETFD);

	close(test->go[1]);
	dup2(test->go[0], 0);
	fcntl(test->go[0], F_SETFD, flags | FD_CLOEXEC);
	execl("/bin/cat", "cat", NULL);
	_exit(105);
}

/* Waits until the child has executed another program. */
static bool wait_for_exec(pid_t pid)
{
	uint64_t end = in_ns(20 * SEC);
	char path[32], comm[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	while (strcmp(comm, "cat\n") && now_ns() < end) {
		file = fopen(path, "r");
		if (!file || !fgets(comm, sizeof(comm), file))
			return false;
		fclose(file);
		sleep_ns(MSEC);
	}
	return !strcmp(comm, "cat\n");
}

TEST_F(owner, exec_keeps_the_port_and_closes_the_handle)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_stat stat;
	pid_t pid = fork();
	int port;

	if (!pid) {
		own_port(self);
		tell_ready(self);
		exec_cat(self);
	}
	ASSERT_TRUE(wait_for_ready(self));
	ASSERT_TRUE(wait_for_exec(pid));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(pid, stat.creator_pid);
	/* The last of exec: it may take a moment until the file is closed. */
	while (stat.handles != 1 && now_ns() < end) {
		sleep_ns(MSEC);
		ASSERT_EQ(0, port_stat(port, &stat));
	}
	EXPECT_EQ(1, stat.handles);
	let_go(self);
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

static void *own_and_exec(void *arg)
{
	own_port(arg);
	tell_ready(arg);
	exec_cat(arg);
	return NULL;
}

TEST_F(owner, exec_by_another_thread_keeps_the_port)
{
	pthread_t thread;
	pid_t pid = fork();

	if (!pid) {
		pthread_create(&thread, NULL, own_and_exec, self);
		pause();
	}
	ASSERT_TRUE(wait_for_ready(self));
	ASSERT_TRUE(wait_for_exec(pid));
	EXPECT_LE(0, port_open(self->box, "alpha", 0));
	let_go(self);
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

TEST_F(owner, a_descriptor_that_survives_exec_receives)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int out[2], port;
	char buf[8] = {};
	pid_t pid;

	ASSERT_EQ(0, pipe(out));
	pid = fork();
	if (!pid) {
		attr.owner = IPCBOX_OWNER_PROCESS;
		port = port_create(self->box, &attr);
		/* dup2() clears FD_CLOEXEC; cat writes what it receives. */
		dup2(port, 0);
		dup2(out[1], 1);
		tell_ready(self);
		execl("/bin/cat", "cat", NULL);
		_exit(105);
	}
	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	EXPECT_EQ(5, read(out[0], buf, sizeof(buf)));
	EXPECT_STREQ("hello", buf);
	/* An empty message is the end of the file to cat. */
	ASSERT_EQ(0, sys_write(port, NULL, 0));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

TEST_F(owner, many_owners_die_at_once)
{
	struct ipcbox_info info;
	pid_t pids[30];
	int i, j;

	for (i = 0; i < 30; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			for (j = 0; j < 4; j++)
				create_owned(self->box, NULL,
					     IPCBOX_OWNER_PROCESS);
			tell_ready(self);
			wait_for_go(self);
			_exit(0);
		}
	}
	for (i = 0; i < 30; i++)
		ASSERT_TRUE(wait_for_ready(self));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(120, info.box_ports);
	let_go(self);
	for (i = 0; i < 30; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
	EXPECT_EQ(0, listed(self->box));
}

/* IPCBOX_OWNER_HANDLE */

TEST_F(owner, the_last_handle_takes_the_port_along)
{
	int port = create_owned(self->box, "alpha", IPCBOX_OWNER_HANDLE);
	int other = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);

	ASSERT_LE(0, other);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	close(port);
	port = port_open(self->box, "alpha", RIGHTS_IO);
	ASSERT_LE(0, port);
	close(other);
	EXPECT_EQ(5, sys_read(port, (char[8]) {}, 8));
	other = dup(port);
	close(port);
	EXPECT_EQ(1, listed(self->box));
	close(other);
	EXPECT_EQ(0, listed(self->box));
}

/* Who may only look keeps nothing. */
TEST_F(owner, a_handle_without_rights_does_not_keep_the_port)
{
	int port = create_owned(self->box, "alpha", IPCBOX_OWNER_HANDLE);
	int other = port_open(self->box, "alpha", 0);
	struct ipcbox_stat stat;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, port_stat(other, &stat));
	EXPECT_EQ(1, stat.handles);
	close(port);
	EXPECT_EQ(0, listed(self->box));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	EXPECT_EQ(-EIDRM, port_stat(other, &stat));
	close(other);
}

TEST_F(owner, a_port_that_goes_with_its_handles_begins_with_one)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int port;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.rights = 0;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.rights = IPCBOX_RIGHT_MANAGE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	EXPECT_EQ(1, listed(self->box));
	close(port);
	EXPECT_EQ(0, listed(self->box));
}

TEST_F(owner, after_the_last_handle_the_name_is_free)
{
	int port, i;

	for (i = 0; i < 50; i++) {
		port = create_owned(self->box, "alpha", IPCBOX_OWNER_HANDLE);
		ASSERT_LE(0, port);
		close(port);
		ASSERT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	}
	EXPECT_EQ(0, listed(self->box));
}

TEST_F(owner, an_inherited_handle_keeps_the_port)
{
	pid_t pid = fork(), heir;
	int port;

	if (!pid) {
		create_owned(self->box, "alpha", IPCBOX_OWNER_HANDLE);
		heir = fork();
		if (heir)
			_exit(heir < 0);
		tell_ready(self);
		wait_for_go(self);
		_exit(0);
	}
	ASSERT_EQ(0, child_wait(pid));
	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", RIGHTS_IO);
	ASSERT_LE(0, port);
	EXPECT_EQ(5, sys_write(port, "hello", 5));
	EXPECT_EQ(5, sys_read(port, (char[8]) {}, 8));
	close(port);
	let_go(self);
	/* The heir is nobody's child: look until it is gone. */
	while ((port = port_open(self->box, "alpha", 0)) >= 0) {
		close(port);
		sleep_ns(MSEC);
	}
	EXPECT_EQ(-ENOENT, port);
}

TEST_F(owner, a_handle_on_its_way_through_a_socket_keeps_the_port)
{
	int port = create_owned(self->box, "alpha", IPCBOX_OWNER_HANDLE);
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, socks));
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(1, send_descriptor(socks[0], port));
	close(port);
	EXPECT_EQ(1, listed(self->box));
	port = recv_descriptor(socks[1], 0);
	ASSERT_LE(0, port);
	EXPECT_EQ(5, sys_read(port, (char[8]) {}, 8));
	close(port);
	EXPECT_EQ(0, listed(self->box));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

/* Who waits in a call has the handle, too. */
TEST_F(owner, a_handle_closed_under_a_waiting_call)
{
	int port = create_owned(self->box, "alpha", IPCBOX_OWNER_HANDLE);
	struct call recv = call_init(CALL_RECV, port);
	int other;

	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	close(port);
	other = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, other);
	ASSERT_EQ(5, sys_write(other, "hello", 5));
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("hello", recv.text);
	close(other);
	EXPECT_EQ(0, listed(self->box));
}

/* IPCBOX_OWNER_KERNEL */

TEST_F(owner, the_kernel_keeps_port_and_messages)
{
	pid_t pid = fork();
	char buf[8] = {};
	int port;

	if (!pid) {
		port = create_owned(self->box, "alpha", IPCBOX_OWNER_KERNEL);
		_exit(sys_write(port, "hello", 5) != 5);
	}
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(1, listed(self->box));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, port);
	EXPECT_EQ(5, sys_read(port, buf, sizeof(buf)));
	EXPECT_STREQ("hello", buf);
	close(port);
	EXPECT_EQ(1, listed(self->box));
	EXPECT_EQ(0, port_delete(self->box, "alpha"));
}

static bool wait_for_no_bytes(int box)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_info info;

	while (!box_info(box, &info) && now_ns() < end) {
		if (!info.user_bytes)
			return true;
		sleep_ns(MSEC);
	}
	return false;
}

/* What a dead owner's port had queued is charged to nobody. */
TEST_F(owner, the_messages_go_with_the_port)
{
	struct ipcbox_info info;
	int port;
	pid_t pid;

	ASSERT_EQ(0, setresuid(4300, 0, 0));
	pid = simple_owner(self);
	ASSERT_TRUE(wait_for_ready(self));
	port = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(5 + info.msg_overhead, info.user_bytes);
	EXPECT_EQ(1, info.user_ports);
	let_go(self);
	ASSERT_EQ(0, child_wait(pid));
	ASSERT_TRUE(wait_for_hangup(port));
	close(port);
	/* Whoever waits is told first, then the messages are freed. */
	ASSERT_TRUE(wait_for_no_bytes(self->box));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(0, info.user_bytes);
	EXPECT_EQ(0, info.user_ports);
	EXPECT_EQ(0, info.box_ports);
}

TEST_HARNESS_MAIN
