// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPCBOX_USER_LIST: who has how much of the quotas, and who may know it
 *
 * Each test has users of its own, numbered from 4500 on, of whom nothing is
 * left from elsewhere.
 */

#include "memory.h"
#include "namespace.h"
#include "user.h"

#include <kselftest_harness.h>

#define FIRST	4500
#define MANY	200

FIXTURE(users)
{
	int box;
	int port;
	uint64_t overhead;
};

FIXTURE_SETUP(users)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_info info;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	attr.mode = 0666;
	attr.owner = IPCBOX_OWNER_HANDLE;
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, box_info(self->box, &info));
	self->overhead = info.msg_overhead;
}

FIXTURE_TEARDOWN(users)
{
	close(self->port);
	close(self->box);
}

static int list(int box, struct ipcbox_user_entry *entries, uint32_t count,
		uint64_t *cursor)
{
	struct ipcbox_user_list arg = {
		.cursor = *cursor,
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(*entries),
		.count = count,
	};
	int ret = sys_ioctl(box, IPCBOX_USER_LIST, &arg);

	*cursor = arg.cursor;
	return ret ?: arg.count;
}

/* How often each of MANY users from FIRST on is listed, in pieces of a size. */
static bool count_users(int box, uint32_t piece, unsigned int times[MANY])
{
	struct ipcbox_user_entry entries[16];
	uint64_t cursor = 0;
	int n, i;

	memset(times, 0, MANY * sizeof(*times));
	while ((n = list(box, entries, piece, &cursor)) > 0)
		for (i = 0; i < n; i++)
			if (entries[i].uid - FIRST < MANY)
				times[entries[i].uid - FIRST]++;
	return !n;
}

/* The entry of a user; zero if there is none. */
static struct ipcbox_user_entry entry_of(int box, uint32_t uid)
{
	struct ipcbox_user_entry entry;
	uint64_t cursor = 0;

	while (list(box, &entry, 1, &cursor) == 1)
		if (entry.uid == uid)
			return entry;
	return (struct ipcbox_user_entry) {};
}

/* What runs as a user, in a child: its result must fit an exit status. */
#define AS_USER(uid, expression) ({ \
	pid_t pid_ = fork(); \
	if (!pid_) \
		_exit(user_become(uid, uid) ? (expression) : 255); \
	child_wait(pid_); \
})

static int port_new(int box)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	return port_create(box, &attr);
}

/* A message of a user is enough to be listed. */
static bool send_as(int port, uid_t uid)
{
	return !AS_USER(uid, sys_write(port, "hello", 5) != 5);
}

/* One of each user from FIRST + 20 on, or of each so-and-so-many-th. */
static bool send_as_many(int port, int step)
{
	pid_t pid = fork();
	uid_t uid;

	if (!pid) {
		/* Not the effective one: so it may change back. */
		for (uid = FIRST + 20; uid < FIRST + MANY; uid += step)
			if (setresuid(uid, -1, -1) ||
			    sys_write(port, "hello", 5) != 5)
				_exit(1);
		_exit(0);
	}
	return !child_wait(pid);
}

/* What is told */

TEST_F(users, who_has_nothing_is_not_listed)
{
	struct ipcbox_user_entry entry;
	uint64_t cursor = 0;

	EXPECT_EQ(0, AS_USER(FIRST, list(self->box, &entry, 1, &cursor)));
	EXPECT_EQ(0, entry_of(self->box, FIRST).max_ports);
	/* Nor who has had something. */
	EXPECT_EQ(0, AS_USER(FIRST, ({
		int port = port_temporary(self->box, 1);

		close(port);
		port < 0 || list(self->box, &entry, 1, &cursor);
	})));
}

TEST_F(users, an_entry_tells_what_info_tells)
{
	struct ipcbox_user_entry entry;
	struct ipcbox_info info;
	uint64_t cursor = 0;

	EXPECT_EQ(0, AS_USER(FIRST + 1, ({
		int bad = port_new(self->box) < 0;

		bad += port_new(self->box) < 0;
		bad += sys_write(self->port, "hello", 5) != 5;
		bad += sys_write(self->port, "you", 3) != 3;
		memset(&entry, 0xff, sizeof(entry));
		bad += list(self->box, &entry, 1, &cursor) != 1;
		bad += box_info(self->box, &info) != 0;
		bad += entry.flags || entry.reserved;
		bad += entry.uid != FIRST + 1;
		bad += entry.ports != 2 || info.user_ports != 2;
		bad += entry.bytes != 8 + 2 * self->overhead ||
		       entry.bytes != info.user_bytes;
		bad += entry.max_ports != info.max_ports ||
		       entry.max_bytes != info.max_bytes;
		/* That was all. */
		bad += list(self->box, &entry, 1, &cursor) != 0;
		bad;
	})));
	entry = entry_of(self->box, FIRST + 1);
	EXPECT_EQ(2, entry.ports);
	EXPECT_EQ(8 + 2 * self->overhead, entry.bytes);
}

TEST_F(users, what_is_received_or_deleted_is_gone)
{
	char buf[8];

	ASSERT_TRUE(send_as(self->port, FIRST + 2));
	EXPECT_EQ(5 + self->overhead, entry_of(self->box, FIRST + 2).bytes);
	EXPECT_EQ(0, entry_of(self->box, FIRST + 2).ports);
	ASSERT_EQ(5, sys_read(self->port, buf, sizeof(buf)));
	EXPECT_EQ(0, entry_of(self->box, FIRST + 2).max_bytes);
	ASSERT_TRUE(send_as(self->port, FIRST + 2));
	ASSERT_EQ(0, port_delete(self->box, "alpha"));
	EXPECT_EQ(0, entry_of(self->box, FIRST + 2).max_bytes);
}

TEST_F(users, the_real_user_is_listed)
{
	pid_t pid = fork();

	if (!pid) {
		struct ipcbox_user_entry entry;
		uint64_t cursor = 0;

		_exit(setresuid(FIRST + 3, FIRST + 4, FIRST + 4) ||
		      port_new(self->box) < 0 ||
		      list(self->box, &entry, 1, &cursor) != 1 ||
		      entry.uid != FIRST + 3 ||
		      list(self->box, &entry, 1, &cursor) != 0);
	}
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(1, entry_of(self->box, FIRST + 3).ports);
	EXPECT_EQ(0, entry_of(self->box, FIRST + 4).max_ports);
}

TEST_F(users, what_a_user_has_in_all_boxes_is_told_in_each)
{
	int other = box_private();
	int ret;

	ASSERT_LE(0, other);
	ret = AS_USER(FIRST + 5, port_new(self->box) < 0 || port_new(other) < 0);
	ASSERT_EQ(0, ret);
	EXPECT_EQ(2, entry_of(self->box, FIRST + 5).ports);
	EXPECT_EQ(2, entry_of(other, FIRST + 5).ports);
	close(other);
}

/* In pieces */

TEST_F(users, each_once_in_pieces_of_any_size)
{
	unsigned int times[MANY], piece, i;

	ASSERT_TRUE(send_as_many(self->port, 1));
	for (piece = 1; piece <= 16; piece += 5) {
		ASSERT_TRUE(count_users(self->box, piece, times));
		for (i = 20; i < MANY; i++)
			ASSERT_EQ(1, times[i])
				TH_LOG("user %u, pieces of %u", i, piece);
	}
}

TEST_F(users, while_others_come_and_go)
{
	unsigned int times[MANY], round, i;
	uid_t uid;
	pid_t pid;

	ASSERT_TRUE(send_as_many(self->port, 4));
	pid = fork();
	if (!pid) {
		for (i = 0;; i++) {
			uid = FIRST + 20 + i % (MANY - 20);
			if (uid % 4 == (FIRST + 20) % 4 ||
			    setresuid(uid, -1, -1))
				continue;
			close(port_temporary(self->box, 1));
		}
	}
	for (round = 0; round < 100; round++) {
		ASSERT_TRUE(count_users(self->box, 1 + round % 3, times));
		for (i = 20; i < MANY; i++)
			ASSERT_LE(i % 4 == 0, times[i]);
		for (i = 20; i < MANY; i++)
			ASSERT_GE(1, times[i]);
	}
	kill(pid, SIGKILL);
	ASSERT_EQ(128 + SIGKILL, child_wait(pid));
}

/* The cursor of one that has gone goes on behind it. */
TEST_F(users, a_user_that_has_gone_between_two_pieces)
{
	struct ipcbox_user_entry entry;
	uint64_t cursor = 0;
	char buf[8];
	int port = port_temporary(self->box, IPCBOX_UNLIMITED);
	unsigned int seen = 0;

	ASSERT_TRUE(send_as(port, FIRST + 6));
	ASSERT_TRUE(send_as(self->port, FIRST + 7));
	ASSERT_TRUE(send_as(self->port, FIRST + 8));
	do {
		ASSERT_EQ(1, list(self->box, &entry, 1, &cursor));
		seen += entry.uid == FIRST + 7 || entry.uid == FIRST + 8;
	} while (entry.uid != FIRST + 6);
	ASSERT_EQ(5, sys_read(port, buf, sizeof(buf)));
	ASSERT_EQ(0, entry_of(self->box, FIRST + 6).max_ports);
	while (list(self->box, &entry, 1, &cursor) == 1)
		seen += entry.uid == FIRST + 7 || entry.uid == FIRST + 8;
	EXPECT_EQ(2, seen);
	close(port);
}

/* Who may know */

TEST_F(users, a_user_sees_only_itself)
{
	struct ipcbox_user_entry entries[16];
	uint64_t cursor = 0;

	ASSERT_TRUE(send_as(self->port, FIRST + 9));
	ASSERT_TRUE(send_as(self->port, FIRST + 10));
	EXPECT_EQ(0, AS_USER(FIRST + 10, list(self->box, entries, 16,
					      &cursor) != 1 ||
					 entries[0].uid != FIRST + 10));
	EXPECT_EQ(0, AS_USER(FIRST + 11, list(self->box, entries, 16,
					      &cursor)));
}

TEST_F(users, the_capability_shows_the_others)
{
	pid_t pid;

	ASSERT_TRUE(send_as(self->port, FIRST + 9));
	pid = fork();
	if (!pid)
		_exit(!user_become_with_cap(FIRST + 11, FIRST + 11,
					    CAP_IPC_OWNER) ||
		      !entry_of(self->box, FIRST + 9).bytes);
	EXPECT_EQ(0, child_wait(pid));
	pid = fork();
	if (!pid)
		_exit(!user_become_with_cap(FIRST + 11, FIRST + 11,
					    CAP_SYS_ADMIN) ||
		      entry_of(self->box, FIRST + 9).bytes);
	EXPECT_EQ(0, child_wait(pid));
}

/* User namespaces */

static bool enter_namespaces(uid_t uid)
{
	if (!user_become(uid, uid))
		return false;
	/* setresuid() makes /proc/self root's. */
	prctl(PR_SET_DUMPABLE, 1);
	return !unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/* It is root there, but of its own user alone. */
TEST_F(users, in_a_user_namespace_those_that_are_mapped)
{
	pid_t pid;

	ASSERT_TRUE(send_as(self->port, FIRST + 12));
	ASSERT_TRUE(send_as(self->port, FIRST + 13));
	pid = fork();
	if (!pid) {
		struct ipcbox_user_entry entries[16];
		uint64_t cursor = 0;

		if (!enter_namespaces(FIRST + 12) ||
		    !userns_map_self(FIRST + 12, FIRST + 12))
			_exit(255);
		if (list(box_open(), entries, 16, &cursor) != 1 ||
		    list(self->box, entries, 16, &cursor) != 0)
			_exit(1);
		/* As it is called here. */
		if (entries[0].uid || cursor != 1 ||
		    entries[0].bytes != 5 + self->overhead)
			_exit(2);
		cursor = FIRST + 13;
		_exit(list(self->box, entries, 16, &cursor) != -EINVAL);
	}
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(users, without_a_mapping_there_is_nobody)
{
	pid_t pid;

	ASSERT_TRUE(send_as(self->port, FIRST + 14));
	pid = fork();
	if (!pid) {
		struct ipcbox_user_entry entry;
		uint64_t cursor = 0;

		if (!enter_namespaces(FIRST + 14))
			_exit(255);
		_exit(list(self->box, &entry, 1, &cursor));
	}
	EXPECT_EQ(0, child_wait(pid));
}

/* In a child that shares the descriptors: that of a box of its own namespaces. */
static int box_of_a_namespace(uid_t uid)
{
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (!pid) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) ||
		    !userns_map_self(uid, uid))
			_exit(255);
		_exit(box_open());
	}
	return child_wait(pid);
}

/* All capabilities over the box, but none over other users. */
TEST_F(users, a_box_that_comes_out_of_a_namespace_shows_no_more)
{
	pid_t pid;

	ASSERT_TRUE(send_as(self->port, FIRST + 15));
	pid = fork();
	if (!pid) {
		struct ipcbox_port_create attr = port_attr(NULL);
		struct ipcbox_user_entry entry;
		uint64_t cursor = 0;
		int box;

		if (!user_become(FIRST + 16, FIRST + 16))
			_exit(255);
		prctl(PR_SET_DUMPABLE, 1);
		box = box_of_a_namespace(FIRST + 16);
		/* It is a box, and has none of our ports. */
		if (port_open(box, "alpha", 0) >= 0 ||
		    port_create(self->box, &attr) < 0)
			_exit(254);
		if (list(box, &entry, 1, &cursor) != 1 ||
		    entry.uid != FIRST + 16)
			_exit(253);
		_exit(list(box, &entry, 1, &cursor));
	}
	EXPECT_EQ(0, child_wait(pid));
}

/* Arguments */

TEST_F(users, cursors_that_nobody_has_given)
{
	static const uint64_t bad[] = {
		1ULL << 32, (1ULL << 32) + 1, 1ULL << 63, ~0ULL,
	};
	struct ipcbox_user_entry entry;
	uint64_t cursor;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		cursor = bad[i];
		EXPECT_EQ(-EINVAL, list(self->box, &entry, 1, &cursor));
		EXPECT_EQ(bad[i], cursor);
	}
	cursor = 0xffffffff;
	EXPECT_LE(0, list(self->box, &entry, 1, &cursor));
}

static int list_entry_size(int box, void *entries, uint32_t size)
{
	struct ipcbox_user_list arg = {
		.entries = (uintptr_t)entries,
		.entry_size = size,
		.count = 2,
	};

	return sys_ioctl(box, IPCBOX_USER_LIST, &arg) ?: arg.count;
}

TEST_F(users, entries_of_other_sizes)
{
	struct {
		struct ipcbox_user_entry entry;
		uint64_t newer[3];
	} entries[2];
	int i;

	ASSERT_TRUE(send_as(self->port, FIRST + 17));
	memset(entries, 0xff, sizeof(entries));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, 0));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, 47));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, 4097));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, ~0U));
	EXPECT_EQ(~0ULL, entries[0].entry.flags);
	ASSERT_EQ(2, list_entry_size(self->box, entries, sizeof(entries[0])));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, entries[0].newer[i]);
		EXPECT_EQ(0, entries[1].newer[i]);
	}
	EXPECT_NE(entries[0].entry.uid, entries[1].entry.uid);
}

TEST_F(users, bad_pointers)
{
	struct ipcbox_user_entry *entries = memory_before_hole(sizeof(*entries));
	uint64_t cursor = 0;

	ASSERT_TRUE(send_as(self->port, FIRST + 18));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_USER_LIST,
				     memory_nowhere()));
	EXPECT_EQ(-EFAULT, list(self->box, memory_nowhere(), 1, &cursor));
	/* The second does not fit. */
	EXPECT_EQ(-EFAULT, list(self->box, entries, 2, &cursor));
	EXPECT_EQ(0, cursor);
	EXPECT_EQ(1, list(self->box, entries, 1, &cursor));
	EXPECT_EQ(0, list(self->box, memory_nowhere(), 0, &cursor));
}

TEST_HARNESS_MAIN
