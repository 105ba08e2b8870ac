// SPDX-License-Identifier: GPL-2.0-only
/*
 * Namespaces: a box for each network namespace, which goes with it; and who a
 * sender is, seen from another pid or user namespace
 */

#include <sys/socket.h>

#include "call.h"
#include "namespace.h"
#include "user.h"

#include <kselftest_harness.h>

static int create_named(int box, const char *name)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.mode = 0666;
	return port_create(box, &attr);
}

/* Network namespaces */

FIXTURE(network)
{
	int one;	/* boxes */
	int two;
	int one_ns;	/* the namespace itself, which this keeps */
};

FIXTURE_SETUP(network)
{
	self->one = box_private();
	ASSERT_LE(0, self->one);
	self->one_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->one_ns);
	self->two = box_private();
	ASSERT_LE(0, self->two);
}

FIXTURE_TEARDOWN(network)
{
	close(self->one);
	close(self->two);
	close(self->one_ns);
}

TEST_F(network, equal_names_are_different_ports)
{
	int one = create_named(self->one, "alpha");
	int two = create_named(self->two, "alpha");
	char buf[8] = {};

	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	ASSERT_EQ(3, sys_write(one, "one", 3));
	ASSERT_EQ(3, sys_write(two, "two", 3));
	EXPECT_EQ(3, sys_read(port_open(self->two, "alpha", RIGHTS_IO), buf,
			      sizeof(buf)));
	EXPECT_STREQ("two", buf);
	EXPECT_EQ(3, sys_read(port_open(self->one, "alpha", RIGHTS_IO), buf,
			      sizeof(buf)));
	EXPECT_STREQ("one", buf);
	EXPECT_EQ(0, port_delete(self->one, "alpha"));
	EXPECT_LE(0, port_open(self->two, "alpha", 0));
	EXPECT_EQ(-EIDRM, sys_write(one, "one", 3));
	EXPECT_EQ(3, sys_write(two, "two", 3));
}

TEST_F(network, a_port_is_invisible_from_the_other)
{
	struct ipcbox_stat entry;
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};
	struct ipcbox_info info;
	uint64_t id = port_id(create_named(self->one, "alpha"));

	ASSERT_NE(0, id);
	EXPECT_EQ(-ENOENT, port_open(self->two, "alpha", 0));
	EXPECT_EQ(-ENOENT, port_open_id(self->two, id, 0));
	EXPECT_EQ(-ENOENT, port_delete(self->two, "alpha"));
	ASSERT_EQ(0, sys_ioctl(self->two, IPCBOX_PORT_LIST, &list));
	EXPECT_EQ(0, list.count);
	ASSERT_EQ(0, box_info(self->two, &info));
	EXPECT_EQ(0, info.box_ports);
	ASSERT_EQ(0, box_info(self->one, &info));
	EXPECT_EQ(1, info.box_ports);
}

/* A descriptor stays with the box that it was opened on. */
TEST_F(network, the_descriptor_decides_not_the_caller)
{
	int box;

	ASSERT_LE(0, create_named(self->one, "alpha"));
	ASSERT_EQ(0, setns(self->one_ns, CLONE_NEWNET));
	box = box_open();
	EXPECT_LE(0, port_open(box, "alpha", 0));
	EXPECT_EQ(-ENOENT, port_open(self->two, "alpha", 0));
	close(box);
}

static bool wait_for_hangup(int port)
{
	struct pollfd pollfd = { .fd = port };

	return poll(&pollfd, 1, 25000) == 1 &&
	       pollfd.revents == (POLLHUP | POLLERR);
}

TEST_F(network, the_end_of_the_namespace_is_the_end_of_its_ports)
{
	int port = create_named(self->one, "alpha");
	struct call recv = call_init(CALL_RECV, port);
	struct ipcbox_stat stat;
	char buf[8];

	ASSERT_LE(0, port);
	recv.recv.type = 7;
	call_start(&recv);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	/* The only thing that kept it. */
	close(self->one_ns);
	ASSERT_TRUE(wait_for_hangup(port));
	EXPECT_EQ(-EIDRM, call_join(&recv));
	EXPECT_EQ(-EIDRM, sys_write(port, "hello", 5));
	EXPECT_EQ(-EIDRM, sys_read(port, buf, sizeof(buf)));
	EXPECT_EQ(-EIDRM, port_stat(port, &stat));
}

TEST_F(network, the_box_of_a_dead_namespace)
{
	struct ipcbox_stat entry;
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};
	int port = create_named(self->one, "alpha");
	uint64_t id = port_id(port);

	ASSERT_LE(0, port);
	close(self->one_ns);
	ASSERT_TRUE(wait_for_hangup(port));
	EXPECT_EQ(-EIDRM, create_named(self->one, "alpha"));
	EXPECT_EQ(-EIDRM, create_named(self->one, NULL));
	EXPECT_EQ(-EIDRM, port_open(self->one, "alpha", 0));
	EXPECT_EQ(-EIDRM, port_open_id(self->one, id, 0));
	EXPECT_EQ(-EIDRM, port_delete(self->one, "alpha"));
	EXPECT_EQ(-EIDRM, sys_ioctl(self->one, IPCBOX_PORT_LIST, &list));
	/* The other one does not notice. */
	EXPECT_LE(0, create_named(self->two, "alpha"));
}

/* Pid namespaces */

FIXTURE(sender)
{
	int box;
	int port;
};

FIXTURE_SETUP(sender)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = create_named(self->box, "alpha");
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(sender)
{
	close(self->port);
	close(self->box);
}

/* A child that is the first in a pid namespace of its own. */
static pid_t fork_first(void)
{
	if (unshare(CLONE_NEWPID))
		return -1;
	return fork();
}

TEST_F(sender, a_sender_within_is_seen_under_its_outer_pid)
{
	struct ipcbox_recv recv = {};
	pid_t pid = fork_first();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(getpid() != 1 || sys_write(self->port, "hello", 5) != 5);
	ASSERT_EQ(0, msg_recv(self->port, (char[8]) {}, 8, 0, &recv));
	EXPECT_EQ(pid, recv.sender_pid);
	EXPECT_EQ(pid, recv.sender_tid);
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(sender, a_sender_outside_is_invisible)
{
	pid_t pid;

	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	pid = fork_first();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct ipcbox_recv recv = { .sender_pid = 9, .sender_tid = 9 };
		struct ipcbox_stat stat;

		_exit(msg_recv(self->port, (char[8]) {}, 8, 0, &recv) ||
		      recv.sender_pid || recv.sender_tid ||
		      port_stat(self->port, &stat) || stat.creator_pid);
	}
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(sender, a_sender_within_sees_itself)
{
	pid_t pid = fork_first();

	ASSERT_LE(0, pid);
	if (!pid) {
		struct ipcbox_recv recv = {};
		struct ipcbox_stat stat;
		int port = create_named(self->box, "beta");

		_exit(sys_write(port, "hello", 5) != 5 ||
		      msg_recv(port, (char[8]) {}, 8, 0, &recv) ||
		      recv.sender_pid != 1 || recv.sender_tid != 1 ||
		      port_stat(port, &stat) || stat.creator_pid != 1);
	}
	EXPECT_EQ(0, child_wait(pid));
}

/* User namespaces */

/* Somebody in a user namespace in which only they themselves are, as root. */
static bool enter_userns(uid_t uid, gid_t gid, int more)
{
	if (!user_become(uid, gid))
		return false;
	prctl(PR_SET_DUMPABLE, 1);
	return !unshare(CLONE_NEWUSER | more) && userns_map_self(uid, gid);
}

static uint32_t overflow_id(const char *name)
{
	uint32_t id = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/kernel/overflow%s", name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%u", &id) != 1)
		abort();
	fclose(file);
	return id;
}

TEST_F(sender, a_sender_without_a_mapping_has_the_overflow_ids)
{
	const uint32_t uid = overflow_id("uid"), gid = overflow_id("gid");
	pid_t pid;

	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	pid = fork();
	if (!pid) {
		struct ipcbox_recv recv = {};
		struct ipcbox_stat stat;

		if (!enter_userns(ALICE, BOB, 0))
			_exit(255);
		_exit(msg_recv(self->port, (char[8]) {}, 8, 0, &recv) ||
		      recv.sender_uid != uid || recv.sender_gid != gid ||
		      port_stat(self->port, &stat) || stat.uid != uid ||
		      stat.gid != gid || stat.creator_uid != uid);
	}
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(sender, a_sender_is_mapped_into_the_receivers_namespace)
{
	struct ipcbox_recv recv = {};
	pid_t pid = fork();

	if (!pid) {
		struct ipcbox_recv inner = { .type = 7 };

		/* Root within, alice without. */
		if (!enter_userns(ALICE, BOB, 0) || geteuid())
			_exit(255);
		_exit(sys_write(self->port, "hello", 5) != 5 ||
		      msg_send(self->port, NULL, 0, 7, 0, 0) ||
		      msg_recv(self->port, NULL, 0, 0, &inner) ||
		      inner.sender_uid || inner.sender_gid);
	}
	EXPECT_EQ(0, child_wait(pid));
	ASSERT_EQ(0, msg_recv(self->port, (char[8]) {}, 8, 0, &recv));
	EXPECT_EQ(ALICE, recv.sender_uid);
	EXPECT_EQ(BOB, recv.sender_gid);
}

/* All capabilities within, none over the box, which is of another. */
TEST_F(sender, root_of_a_user_namespace_is_not_above_others_boxes)
{
	struct ipcbox_port_create attr = port_attr("beta");
	pid_t pid;

	ASSERT_LE(0, port_create(self->box, &attr));
	pid = fork();
	if (!pid) {
		struct ipcbox_port_create own = port_attr(NULL);
		struct ipcbox_stat stat;
		int box = self->box, port;

		if (!enter_userns(ALICE, BOB, 0))
			_exit(255);
		if (port_open(box, "beta", IPCBOX_RIGHT_RECV) != -EACCES ||
		    port_open(box, "beta", IPCBOX_RIGHT_MANAGE) != -EACCES ||
		    port_delete(box, "beta") != -EACCES)
			_exit(1);
		/* Its own id may be given, one without a mapping not. */
		own.uid = 0;
		own.gid = 0;
		port = port_create(self->box, &own);
		if (port < 0 || port_stat(port, &stat) || stat.uid || stat.gid)
			_exit(2);
		own.uid = 12345;
		if (port_create(self->box, &own) != -EINVAL)
			_exit(3);
		own.uid = 0;
		own.gid = 12345;
		if (port_create(self->box, &own) != -EINVAL)
			_exit(4);
		_exit(sys_ioctl(port, IPCBOX_SET, &(struct ipcbox_set){
					.flags = IPCBOX_SET_UID,
					.uid = 12345 }) != -EINVAL);
	}
	EXPECT_EQ(0, child_wait(pid));
}

/* Its own network namespace, though, it rules. */
TEST_F(sender, root_of_a_user_namespace_is_above_its_own_box)
{
	int ready[2], mapped[2];
	char path[64], c;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(mapped));
	pid = fork();
	if (!pid) {
		struct ipcbox_port_create attr = port_attr("beta");
		struct ipcbox_stat stat;
		int box, port;

		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) ||
		    write(ready[1], "r", 1) != 1 ||
		    read(mapped[0], &c, 1) != 1 ||
		    setresgid(0, 0, 0) || setresuid(0, 0, 0))
			_exit(255);
		box = box_open();
		attr.uid = 5;
		attr.gid = 6;
		attr.mode = 0;
		port = port_create(box, &attr);
		if (port < 0 || port_stat(port, &stat) || stat.uid != 5 ||
		    stat.gid != 6 || stat.creator_uid)
			_exit(1);
		_exit(port_open(box, "beta", RIGHTS_ALL) < 0);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	ASSERT_TRUE(file_write(path, "0 4500 10"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	ASSERT_TRUE(file_write(path, "0 4500 10"));
	ASSERT_EQ(1, write(mapped[1], "m", 1));
	EXPECT_EQ(0, child_wait(pid));
}

/* Time namespaces: a deadline is of the caller's CLOCK_MONOTONIC. */

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif

static void deadline_in_timens(int port, const char *offset, pid_t *pid)
{
	if (unshare(CLONE_NEWTIME))
		*pid = -1;
	else if (!file_write("/proc/self/timens_offsets", offset))
		*pid = -2;
	else
		*pid = fork();
	if (!*pid) {
		struct ipcbox_recv recv = { .deadline = in_ns(20 * MSEC) };

		/* Without a message it takes that long, but no longer. */
		alarm(15);
		if (msg_recv(port, NULL, 0, 0, &recv) != -ETIMEDOUT ||
		    now_ns() < recv.deadline)
			_exit(1);
		_exit(0);
	}
}

TEST_F(sender, a_deadline_in_a_time_namespace_that_is_ahead)
{
	pid_t pid;

	deadline_in_timens(self->port, "monotonic 1000 0", &pid);
	if (pid < 0)
		SKIP(return, "no time namespaces");
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(sender, a_deadline_in_a_time_namespace_that_is_behind)
{
	pid_t pid;

	/* No clock may be negative; the machine runs for a second already. */
	deadline_in_timens(self->port, "monotonic -1 0", &pid);
	if (pid < 0)
		SKIP(return, "no time namespaces");
	EXPECT_EQ(0, child_wait(pid));
}

TEST_HARNESS_MAIN
