// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors: a handle is attached as long as anybody has a descriptor of it,
 * in whatever way that came to be, or it is on its way to somebody
 */

#include <linux/close_range.h>
#include <sys/resource.h>

#include "attach.h"
#include "pass.h"
#include "request.h"

#include <kselftest_harness.h>

FIXTURE(descriptor)
{
	int box;
	int watch;		/* without rights, on "alpha", of the kernel */
	struct pace pace;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(descriptor)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->watch = watch_alpha(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->watch);
	ASSERT_TRUE(pace_init(&self->pace));
}

FIXTURE_TEARDOWN(descriptor)
{
	pace_end(&self->pace);
	close(self->watch);
	close(self->box);
}

/* As the harness names the fixture's struct. */
#define descriptor_test FIXTURE_DATA(descriptor)

static int lease(descriptor_test *self, int port)
{
	self->recv = (struct ipcbox_recv){};
	return msg_recv(port, self->text, sizeof(self->text),
			IPCBOX_LEASE | IPCBOX_NOWAIT, &self->recv);
}

static int open_pair(descriptor_test *self)
{
	struct ipcbox_port_create attr = port_attr("pair");

	attr.flags = 0;
	attr.sharing = IPCBOX_SHARE_PAIR;
	return port_create(self->box, &attr);
}

/* Whether somebody else may open the pair. */
static bool pair_has_place(descriptor_test *self)
{
	pid_t pid = fork();

	if (!pid)
		_exit(open_pair(self) == -EUSERS);
	return !child_wait(pid);
}

/* dup() and its relatives */

TEST_F(descriptor, copies_are_one_handle)
{
	int port = open_alpha(self->box, RIGHTS_IO), copy[4], i;

	copy[0] = dup(port);
	copy[1] = dup2(port, 100);
	copy[2] = dup3(port, 101, O_CLOEXEC);
	copy[3] = fcntl(port, F_DUPFD_CLOEXEC, 102);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	ASSERT_EQ(5, sys_write(copy[3], "hello", 5));
	ASSERT_EQ(0, lease(self, port));
	close(port);
	for (i = 0; i < 3; i++)
		close(copy[i]);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_MESSAGES(self->watch, 0, 1, 0);
	EXPECT_EQ(0, msg_ack(copy[3], self->recv.msg_id));
	close(copy[3]);
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
}

TEST_F(descriptor, a_copy_over_another_handle_closes_that)
{
	int port = open_alpha(self->box, RIGHTS_IO), other = open_alpha(self->box, RIGHTS_IO);

	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(0, lease(self, other));
	EXPECT_ATTACHED(self->watch, 2, 2, 2);
	ASSERT_EQ(other, dup2(port, other));
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_MESSAGES(self->watch, 1, 0, 0);
	close(port);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	close(other);
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
}

TEST_F(descriptor, all_of_them_are_closed_over_exec_unless_told_otherwise)
{
	int port = open_alpha(self->box, RIGHTS_IO);

	EXPECT_EQ(FD_CLOEXEC, fcntl(port, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->box, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->watch, F_GETFD));
	close(port);
}

/* pidfd_getfd(): taken out of another process */

static pid_t start_holder(descriptor_test *self)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (open_alpha(self->box, RIGHTS_IO) < 0 || dup2(open_pair(self), 100) < 0)
		_exit(1);
	pace_stay(&self->pace);
	_exit(0);
}

TEST_F(descriptor, one_taken_out_of_a_process_outlives_that)
{
	pid_t pid = start_holder(self);
	int pidfd, pair;

	ASSERT_TRUE(pace_heard(&self->pace));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	ASSERT_LE(0, pidfd);
	pair = syscall(SYS_pidfd_getfd, pidfd, 100, 0);
	ASSERT_LE(0, pair);
	EXPECT_ATTACHED(pair, 1, 1, 1);
	kill(pid, SIGKILL);
	ASSERT_TRUE(wait_for_zombie(pid));
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	EXPECT_ATTACHED(pair, 1, 1, 1);
	/* Nothing to be had from a zombie. */
	EXPECT_EQ(-1, syscall(SYS_pidfd_getfd, pidfd, 100, 0));
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	/* It counts for who opened it, and takes one of the two places. */
	ASSERT_LE(0, open_pair(self));
	EXPECT_FALSE(pair_has_place(self));
	close(pair);
	EXPECT_TRUE(pair_has_place(self));
	close(pidfd);
}

/* CLONE_FILES: two processes with one table of descriptors */

static pid_t clone_with_files(void)
{
	return syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
}

TEST_F(descriptor, one_table_for_two_processes)
{
	int port = open_alpha(self->box, RIGHTS_IO), number;
	pid_t pid;

	ASSERT_EQ(5, sys_write(port, "hello", 5));
	pid = clone_with_files();
	if (!pid) {
		number = open_alpha(self->box, RIGHTS_IO);
		if (dup2(number, 100) < 0 || close(number) || close(port) ||
		    lease(self, 100))
			_exit(1);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	/* What it has closed is closed, what it has opened is open. */
	EXPECT_EQ(-EBADF, sys_write(port, "hello", 5));
	EXPECT_ATTACHED(100, 1, 1, 1);
	EXPECT_MESSAGES(100, 0, 1, 0);
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_TRUE(wait_for_zombie(pid));
	/* It is gone, and its descriptor is not. */
	EXPECT_ATTACHED(100, 1, 1, 1);
	EXPECT_TRUE(wait_for_held(100, 0));
	EXPECT_MESSAGES(100, 1, 0, 0);
	EXPECT_EQ(0, child_wait(pid));
	close(100);
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
}

TEST_F(descriptor, an_owner_with_the_same_table)
{
	struct ipcbox_port_create attr = port_attr("owned");
	pid_t pid;

	attr.owner = IPCBOX_OWNER_PROCESS;
	pid = clone_with_files();
	if (!pid) {
		if (dup2(port_create(self->box, &attr), 100) < 0)
			_exit(1);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	EXPECT_EQ(5, sys_write(100, "hello", 5));
	EXPECT_EQ(-EBADF, sys_read(100, self->text, 64));
	ASSERT_TRUE(pace_go(&self->pace));
	ASSERT_TRUE(wait_for_zombie(pid));
	EXPECT_EQ(-EIDRM, sys_write(100, "hello", 5));
	EXPECT_EQ(-ENOENT, port_open(self->box, "owned", 0));
	EXPECT_EQ(0, child_wait(pid));
	close(100);
}

static int leave_by_unshare(void)
{
	return unshare(CLONE_FILES);
}

static int leave_by_close_range(void)
{
	return syscall(SYS_close_range, 1000, 1001, CLOSE_RANGE_UNSHARE);
}

/* From then on there is a descriptor in each table. */
static void leave_the_table(struct __test_metadata *_metadata,
			    descriptor_test *self, int (*leave)(void))
{
	int port = open_alpha(self->box, RIGHTS_IO);
	pid_t pid = clone_with_files();

	if (!pid) {
		if (leave())
			_exit(1);
		pace_stay(&self->pace);
		if (sys_write(port, "hello", 5) != 5 || close(port))
			_exit(2);
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

TEST_F(descriptor, a_table_left_by_unshare)
{
	leave_the_table(_metadata, self, leave_by_unshare);
}

TEST_F(descriptor, a_table_left_by_close_range)
{
	leave_the_table(_metadata, self, leave_by_close_range);
}

/* SCM_RIGHTS: on the way through a socket */

#define SOCKETS(socks) \
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks))

TEST_F(descriptor, on_its_way_it_is_attached_and_holds)
{
	int port = open_alpha(self->box, RIGHTS_IO), socks[2];

	SOCKETS(socks);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(0, lease(self, port));
	ASSERT_EQ(1, send_descriptor(socks[0], port));
	close(port);
	close(socks[0]);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_MESSAGES(self->watch, 0, 1, 0);
	port = recv_descriptor(socks[1], 0);
	ASSERT_LE(0, port);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_EQ(0, msg_ack(port, self->recv.msg_id));
	close(port);
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	close(socks[1]);
}

TEST_F(descriptor, both_ends_are_closed_while_it_is_on_its_way)
{
	struct caller caller = caller_init(open_alpha(self->box, RIGHTS_IO), "request");
	int port = open_alpha(self->box, RIGHTS_IO), socks[2];

	SOCKETS(socks);
	caller_start(&caller);
	ASSERT_EQ(7, request_recv(port, self->text, 64, &self->recv));
	ASSERT_EQ(1, send_descriptor(socks[0], port));
	close(port);
	EXPECT_ATTACHED(self->watch, 2, 2, 2);
	close(socks[0]);
	EXPECT_ATTACHED(self->watch, 2, 2, 2);
	close(socks[1]);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_EQ(-EOWNERDEAD, caller_join(&caller));
	EXPECT_EQ(IPCBOX_UNANSWERED, caller.call.outcome);
	close(caller.port);
}

TEST_F(descriptor, the_receiver_is_killed_while_it_is_on_its_way)
{
	int port = open_alpha(self->box, RIGHTS_IO), socks[2];
	pid_t pid;

	SOCKETS(socks);
	pid = fork();
	if (!pid) {
		close(port);
		close(socks[0]);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	close(socks[1]);
	ASSERT_EQ(1, send_descriptor(socks[0], port));
	close(port);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	kill(pid, SIGKILL);
	ASSERT_TRUE(wait_for_zombie(pid));
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	close(socks[0]);
}

TEST_F(descriptor, looked_at_on_its_way_it_is_a_copy)
{
	int port = open_alpha(self->box, RIGHTS_IO), socks[2], copy;

	SOCKETS(socks);
	ASSERT_EQ(1, send_descriptor(socks[0], port));
	copy = recv_descriptor(socks[1], MSG_PEEK);
	ASSERT_LE(0, copy);
	close(port);
	close(socks[0]);
	close(socks[1]);
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	EXPECT_EQ(5, sys_write(copy, "hello", 5));
	close(copy);
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
}

/* Of three there is room for two; the other one goes nowhere. */
TEST_F(descriptor, one_without_room_is_closed)
{
	int fds[3], socks[2], i, port;

	SOCKETS(socks);
	for (i = 0; i < 3; i++)
		fds[i] = open_alpha(self->box, RIGHTS_IO);
	ASSERT_EQ(1, send_descriptors(socks[0], fds, 3));
	for (i = 0; i < 3; i++)
		close(fds[i]);
	EXPECT_ATTACHED(self->watch, 3, 3, 3);
	port = recv_descriptor(socks[1], 0);
	ASSERT_LE(0, port);
	/* One more fits into the padding of the control message. */
	EXPECT_ATTACHED(self->watch, 2, 2, 2);
	close(port);
	close(port + 1);
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	close(socks[0]);
	close(socks[1]);
}

TEST_F(descriptor, it_cannot_be_received_without_a_free_descriptor)
{
	struct rlimit limit, none = {};
	int port = open_alpha(self->box, RIGHTS_IO), socks[2];

	SOCKETS(socks);
	ASSERT_EQ(1, send_descriptor(socks[0], port));
	close(port);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none.rlim_max = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-1, recv_descriptor(socks[1], 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	close(socks[0]);
	close(socks[1]);
}

/* Two sockets that only each other's queue knows: the kernel finds out. */
TEST_F(descriptor, lost_in_a_cycle_of_sockets)
{
	int fds[2], socks[2], more[2];

	SOCKETS(socks);
	fds[0] = open_alpha(self->box, RIGHTS_IO);
	fds[1] = socks[1];
	ASSERT_EQ(1, send_descriptors(socks[0], fds, 2));
	fds[1] = socks[0];
	ASSERT_EQ(1, send_descriptors(socks[1], fds, 2));
	close(fds[0]);
	close(socks[0]);
	close(socks[1]);
	/* It looks when a socket is closed. */
	SOCKETS(more);
	close(more[0]);
	close(more[1]);
	EXPECT_TRUE(wait_for_handles(self->watch, 0));
}

TEST_F(descriptor, on_its_way_it_keeps_its_place_in_a_pair)
{
	int socks[2], pair;
	pid_t pid;

	SOCKETS(socks);
	pid = fork();
	if (!pid) {
		close(socks[0]);
		close(socks[1]);
		if (open_pair(self) < 0)
			_exit(1);
		pace_stay(&self->pace);
		_exit(0);
	}
	ASSERT_TRUE(pace_heard(&self->pace));
	pair = open_pair(self);
	ASSERT_EQ(1, send_descriptor(socks[0], pair));
	close(pair);
	EXPECT_FALSE(pair_has_place(self));
	close(socks[0]);
	close(socks[1]);
	EXPECT_TRUE(pair_has_place(self));
	ASSERT_TRUE(pace_go(&self->pace));
	EXPECT_EQ(0, child_wait(pid));
}

/* /proc/PID/fd */

TEST_F(descriptor, it_cannot_be_opened_once_more)
{
	static const int modes[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_RDWR | O_CREAT,
	};
	int port = open_alpha(self->box, RIGHTS_IO), fd, i;
	char path[64], name[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), port);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(-1, open(path, modes[i], 0600));
		EXPECT_TRUE(errno == ENXIO || errno == EACCES)
			TH_LOG("%s", strerror(errno));
	}
	EXPECT_LT(0, readlink(path, name, sizeof(name) - 1));
	EXPECT_STREQ("anon_inode:[ipcbox:alpha]", name);
	/* That is a name for it, and not the handle. */
	fd = open(path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, sys_write(fd, "hello", 5));
	EXPECT_EQ(-EBADF, port_stat(fd, &(struct ipcbox_stat) {}));
	EXPECT_ATTACHED(self->watch, 1, 1, 1);
	close(port);
	EXPECT_ATTACHED(self->watch, 0, 0, 0);
	close(fd);
}

TEST_HARNESS_MAIN
