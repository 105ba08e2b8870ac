// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions: who may open, change and delete a port, and that a handle is
 * good for what it was opened for, whoever holds it
 *
 * Root creates, unprivileged children try. Each trial is one child, whose exit
 * status is the errno of what it tried.
 */

#include "call.h"
#include "user.h"

#include <kselftest_harness.h>

#define GROUP		5000
#define TRY_FAILED	200	/* exit status: could not even try */

FIXTURE(permission)
{
	int box;
};

FIXTURE_SETUP(permission)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(permission)
{
	close(self->box);
}

/* Somebody: user, group, and one further group (0 for none). */
struct who {
	uid_t uid;
	gid_t gid;
	gid_t group;
	int cap;	/* 0 for none */
};

static bool become(const struct who *who)
{
	if (who->cap)
		return user_become_with_cap(who->uid, who->gid, who->cap);
	if (!who->group)
		return user_become(who->uid, who->gid);
	return !setgroups(1, &who->group) &&
	       !setresgid(who->gid, who->gid, who->gid) &&
	       !setresuid(who->uid, who->uid, who->uid);
}

/* What a child tries as somebody: -errno, or 0 for what is not negative. */
#define TRY(who, expression) ({ \
	pid_t pid_ = fork(); \
	if (!pid_) { \
		long ret_ = -TRY_FAILED; \
		if (become(who)) \
			ret_ = (expression); \
		_exit(ret_ < 0 ? -ret_ : 0); \
	} \
	-child_wait(pid_); \
})

static const struct who alice = { ALICE, ALICE };
static const struct who bob = { BOB, BOB };
static const struct who carol = { CAROL, CAROL };

/* A port of alice's and of GROUP, made by root. */
static int port_of_alice(int box, const char *name, uint32_t mode)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.uid = ALICE;
	attr.gid = GROUP;
	attr.mode = mode;
	return port_create(box, &attr);
}

static int set_mode(int port, uint32_t mode)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_MODE, .mode = mode };

	return sys_ioctl(port, IPCBOX_SET, &set);
}

static int set_uid(int port, uint32_t uid)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_UID, .uid = uid };

	return sys_ioctl(port, IPCBOX_SET, &set);
}

TEST_F(permission, anybody_may_open_the_device)
{
	EXPECT_EQ(0, TRY(&alice, box_open()));
}

/* The matrix: all modes, all rights, all classes of callers. */

#define OPENS_NOTHING	1	/* bits of what could be opened */
#define OPENS_SEND	2
#define OPENS_RECV	4
#define OPENS_BOTH	8
#define OPENS_WRONGLY	128	/* not EACCES */

static int opens(int box, const char *name)
{
	static const struct { int rights, opens; } cases[] = {
		{ 0, OPENS_NOTHING },
		{ IPCBOX_RIGHT_SEND, OPENS_SEND },
		{ IPCBOX_RIGHT_RECV, OPENS_RECV },
		{ RIGHTS_IO, OPENS_BOTH },
	};
	int i, ret, result = 0;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ret = port_open(box, name, cases[i].rights);
		if (ret >= 0)
			result |= cases[i].opens;
		else if (ret != -EACCES)
			result |= OPENS_WRONGLY;
	}
	return result;
}

static int expected_opens(uint32_t bits)
{
	int result = OPENS_NOTHING;

	if (bits & 2)
		result |= OPENS_SEND;
	if (bits & 4)
		result |= OPENS_RECV;
	if ((bits & 6) == 6)
		result |= OPENS_BOTH;
	return result;
}

static void matrix(struct __test_metadata *_metadata, int box,
		   const struct who *who, int shift)
{
	int port = port_of_alice(box, "alpha", 0), i;
	uint32_t mode;

	ASSERT_LE(0, port);
	for (i = 0; i < 64; i++) {
		mode = (i & 3) << 1 | (i >> 2 & 3) << 4 | (i >> 4) << 7;
		ASSERT_EQ(0, set_mode(port, mode));
		ASSERT_EQ(expected_opens(mode >> shift),
			  -TRY(who, -opens(box, "alpha")))
			TH_LOG("mode %04o", mode);
	}
}

TEST_F(permission, matrix_of_the_user)
{
	matrix(_metadata, self->box, &alice, 6);
}

/* Being in the group does not help the user. */
TEST_F(permission, matrix_of_the_user_in_the_group)
{
	matrix(_metadata, self->box, &(struct who){ ALICE, GROUP }, 6);
}

TEST_F(permission, matrix_of_the_group)
{
	matrix(_metadata, self->box, &(struct who){ BOB, GROUP }, 3);
}

TEST_F(permission, matrix_of_a_further_group)
{
	matrix(_metadata, self->box, &(struct who){ BOB, BOB, GROUP }, 3);
}

TEST_F(permission, matrix_of_others)
{
	matrix(_metadata, self->box, &bob, 0);
}

/* Root made the port, so root without any capability is its user. */
TEST_F(permission, matrix_of_the_creator)
{
	matrix(_metadata, self->box,
	       &(struct who){ .cap = CAP_NET_BIND_SERVICE }, 6);
}

TEST_F(permission, the_effective_user_decides)
{
	int port = port_of_alice(self->box, "alpha", 0600);
	pid_t pid;

	ASSERT_LE(0, port);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(BOB, BOB, BOB) ||
		    setresuid(BOB, ALICE, BOB))
			_exit(TRY_FAILED);
		_exit(port_open(self->box, "alpha", RIGHTS_ALL) < 0);
	}
	EXPECT_EQ(0, child_wait(pid));
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(BOB, BOB, BOB) ||
		    setresuid(ALICE, BOB, BOB))
			_exit(TRY_FAILED);
		_exit(-port_open(self->box, "alpha", IPCBOX_RIGHT_RECV));
	}
	EXPECT_EQ(EACCES, child_wait(pid));
}

/* CAP_IPC_OWNER */

TEST_F(permission, cap_ipc_owner_is_above_the_mode)
{
	const struct who capable = { BOB, BOB, 0, CAP_IPC_OWNER };
	int port = port_of_alice(self->box, "alpha", 0);

	ASSERT_LE(0, port);
	EXPECT_EQ(0, TRY(&capable, port_open(self->box, "alpha", RIGHTS_ALL)));
	EXPECT_EQ(0, TRY(&capable, port_delete(self->box, "alpha")));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

TEST_F(permission, other_capabilities_are_not)
{
	static const int caps[] = {
		CAP_SYS_ADMIN, CAP_DAC_OVERRIDE, CAP_IPC_LOCK, CAP_NET_ADMIN,
		CAP_FOWNER,
	};
	int port = port_of_alice(self->box, "alpha", 0), i;

	ASSERT_LE(0, port);
	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		struct who who = { BOB, BOB, 0, caps[i] };

		EXPECT_EQ(-EACCES, TRY(&who, port_open(self->box, "alpha",
						       IPCBOX_RIGHT_RECV)));
		EXPECT_EQ(-EACCES, TRY(&who, port_delete(self->box, "alpha")));
	}
}

/* Being root is nothing without the capability. */
TEST_F(permission, root_without_capabilities)
{
	const struct who root = { .cap = CAP_NET_BIND_SERVICE };
	struct ipcbox_port_create attr = port_attr("alpha");

	EXPECT_EQ(0, TRY(&alice, port_create(self->box, &attr)));
	EXPECT_EQ(-EACCES, TRY(&root, port_open(self->box, "alpha",
						IPCBOX_RIGHT_SEND)));
	EXPECT_EQ(-EACCES, TRY(&root, port_open(self->box, "alpha",
						IPCBOX_RIGHT_MANAGE)));
	EXPECT_EQ(-EACCES, TRY(&root, port_delete(self->box, "alpha")));
	EXPECT_LE(0, port_open(self->box, "alpha", RIGHTS_ALL));
}

/* MANAGE */

/* carol makes a port and gives it to alice. */
static int create_and_give(int box)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int port;

	attr.mode = 0666;
	port = port_create(box, &attr);
	return port < 0 ? port : set_uid(port, ALICE);
}

TEST_F(permission, user_and_creator_may_manage_and_nobody_else)
{
	ASSERT_EQ(0, TRY(&carol, create_and_give(self->box)));
	EXPECT_EQ(0, TRY(&alice, port_open(self->box, "alpha", RIGHTS_ALL)));
	EXPECT_EQ(0, TRY(&carol, port_open(self->box, "alpha", RIGHTS_ALL)));
	EXPECT_EQ(0, TRY(&bob, port_open(self->box, "alpha", RIGHTS_IO)));
	EXPECT_EQ(-EACCES, TRY(&bob, port_open(self->box, "alpha",
					       IPCBOX_RIGHT_MANAGE)));
	EXPECT_EQ(-EACCES, TRY(&bob, port_open(self->box, "alpha",
					       RIGHTS_ALL)));
	EXPECT_EQ(-EACCES, TRY(&bob, port_delete(self->box, "alpha")));
	EXPECT_LE(0, port_open(self->box, "alpha", 0));
}

TEST_F(permission, the_user_may_delete)
{
	ASSERT_EQ(0, TRY(&carol, create_and_give(self->box)));
	EXPECT_EQ(0, TRY(&alice, port_delete(self->box, "alpha")));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

TEST_F(permission, the_creator_may_delete)
{
	ASSERT_EQ(0, TRY(&carol, create_and_give(self->box)));
	EXPECT_EQ(0, TRY(&carol, port_delete(self->box, "alpha")));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

TEST_F(permission, the_group_may_not_manage)
{
	const struct who group = { BOB, GROUP };

	ASSERT_LE(0, port_of_alice(self->box, "alpha", 0666));
	EXPECT_EQ(-EACCES, TRY(&group, port_open(self->box, "alpha",
						 IPCBOX_RIGHT_MANAGE)));
	EXPECT_EQ(-EACCES, TRY(&group, port_delete(self->box, "alpha")));
}

/* The mode rules even over the user, who may change it, though. */
TEST_F(permission, the_user_may_change_the_mode_to_get_in)
{
	int port;

	ASSERT_LE(0, port_of_alice(self->box, "alpha", 0));
	EXPECT_EQ(0, TRY(&alice, ({
		int ret = port_open(self->box, "alpha", RIGHTS_IO);

		port = port_open(self->box, "alpha", IPCBOX_RIGHT_MANAGE);
		if (ret == -EACCES)
			ret = set_mode(port, 0600);
		if (!ret)
			ret = port_open(self->box, "alpha", RIGHTS_IO);
		ret;
	})));
}

/* SET as the user: what may be given away, and what stays. */
TEST_F(permission, the_user_may_give_the_port_away)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_UID | IPCBOX_SET_GID | IPCBOX_SET_MODE,
		.uid = BOB,
		.gid = 0,
		.mode = 0400,
	};
	struct ipcbox_stat stat;
	int port = port_of_alice(self->box, "alpha", 0600);

	ASSERT_LE(0, port);
	EXPECT_EQ(0, TRY(&alice, sys_ioctl(port_open(self->box, "alpha",
						     IPCBOX_RIGHT_MANAGE),
					   IPCBOX_SET, &set)));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(BOB, stat.uid);
	EXPECT_EQ(0, stat.gid);
	EXPECT_EQ(0400, stat.mode);
	EXPECT_EQ(0, stat.creator_uid);
	EXPECT_EQ(0, TRY(&bob, port_open(self->box, "alpha",
					 IPCBOX_RIGHT_RECV |
					 IPCBOX_RIGHT_MANAGE)));
	EXPECT_EQ(-EACCES, TRY(&bob, port_open(self->box, "alpha",
					       IPCBOX_RIGHT_SEND)));
	EXPECT_EQ(-EACCES, TRY(&alice, port_open(self->box, "alpha",
						 IPCBOX_RIGHT_RECV)));
}

TEST_F(permission, set_needs_the_right_and_not_the_user)
{
	int port = port_of_alice(self->box, "alpha", 0666);
	int io = port_open(self->box, "alpha", RIGHTS_IO);

	ASSERT_LE(0, io);
	/* bob has been handed the one with the right. */
	EXPECT_EQ(0, TRY(&bob, set_mode(port, 0600)));
	EXPECT_EQ(-EBADF, TRY(&alice, set_mode(io, 0666)));
	EXPECT_EQ(-EBADF, set_mode(io, 0666));
}

TEST_F(permission, open_handles_keep_their_rights)
{
	char buf[8];
	int port = port_of_alice(self->box, "alpha", 0666);

	ASSERT_LE(0, port);
	EXPECT_EQ(0, TRY(&alice, ({
		int io = port_open(self->box, "alpha", RIGHTS_ALL);
		long ret = set_mode(io, 0);

		if (!ret)
			ret = set_uid(io, BOB);
		if (!ret)
			ret = sys_write(io, "hello", 5);
		if (ret == 5)
			ret = sys_read(io, buf, sizeof(buf));
		if (ret == 5)
			ret = set_mode(io, 0200);
		ret;
	})));
}

/* Creating */

TEST_F(permission, a_creator_has_any_right_whatever_the_mode)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	attr.mode = 0;
	EXPECT_EQ(0, TRY(&alice, ({
		char buf[8];
		int port = port_create(self->box, &attr);
		long ret = sys_write(port, "hello", 5);

		if (ret == 5)
			ret = sys_read(port, buf, sizeof(buf));
		ret == 5 ? set_mode(port, 0) : ret;
	})));
}

static int create_for(int box, uint32_t uid, uint32_t gid)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	attr.uid = uid;
	attr.gid = gid;
	return port_create(box, &attr);
}

TEST_F(permission, a_port_for_somebody_else)
{
	const struct who member = { ALICE, ALICE, GROUP };
	const struct who capable = { ALICE, ALICE, 0, CAP_IPC_OWNER };
	const uint32_t self_id = IPCBOX_ID_SELF;

	EXPECT_EQ(0, TRY(&alice, create_for(self->box, ALICE, ALICE)));
	EXPECT_EQ(0, TRY(&alice, create_for(self->box, self_id, self_id)));
	EXPECT_EQ(-EPERM, TRY(&alice, create_for(self->box, BOB, self_id)));
	EXPECT_EQ(-EPERM, TRY(&alice, create_for(self->box, 0, self_id)));
	EXPECT_EQ(-EPERM, TRY(&alice, create_for(self->box, self_id, GROUP)));
	EXPECT_EQ(-EPERM, TRY(&alice, create_for(self->box, self_id, 0)));
	EXPECT_EQ(0, TRY(&member, create_for(self->box, self_id, GROUP)));
	EXPECT_EQ(0, TRY(&capable, create_for(self->box, BOB, 0)));
	EXPECT_LE(0, create_for(self->box, BOB, GROUP));
}

TEST_F(permission, a_new_port_belongs_to_the_effective_ids)
{
	struct ipcbox_stat stat;
	int box = self->box;
	pid_t pid = fork();

	if (!pid) {
		int port;

		if (setresgid(BOB, GROUP, BOB) || setresuid(BOB, ALICE, BOB))
			_exit(TRY_FAILED);
		port = create_for(box, IPCBOX_ID_SELF, IPCBOX_ID_SELF);
		if (port_stat(port, &stat))
			_exit(1);
		_exit(stat.uid != ALICE || stat.gid != GROUP ||
		      stat.creator_uid != ALICE ||
		      stat.creator_pid != getpid());
	}
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(permission, create_without_excl_asks_for_permission)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	attr.flags = 0;
	attr.rights = IPCBOX_RIGHT_RECV;
	ASSERT_LE(0, port_of_alice(self->box, "alpha", 0642));
	EXPECT_EQ(-EACCES, TRY(&bob, port_create(self->box, &attr)));
	attr.rights = IPCBOX_RIGHT_SEND;
	EXPECT_EQ(0, TRY(&bob, port_create(self->box, &attr)));
}

/* Looking is free. */
TEST_F(permission, everybody_may_list_and_stat)
{
	struct ipcbox_stat entry, stat;
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};

	ASSERT_LE(0, port_of_alice(self->box, "alpha", 0));
	EXPECT_EQ(0, TRY(&bob, sys_ioctl(self->box, IPCBOX_PORT_LIST, &list) ?:
				list.count - 1 ?:
				strcmp(entry.name, "alpha")));
	EXPECT_EQ(0, TRY(&bob, port_stat(port_open(self->box, "alpha", 0),
					 &stat) ?: -(int)stat.rights));
}

/* Ports owned by a process */

static int port_of_process(int box, const char *name)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.owner = IPCBOX_OWNER_PROCESS;
	attr.mode = 0666;
	return port_create(box, &attr);
}

TEST_F(permission, only_the_owning_process_may_open_to_receive)
{
	const struct who root = {};

	ASSERT_LE(0, port_of_process(self->box, "alpha"));
	EXPECT_LE(0, port_open(self->box, "alpha", RIGHTS_ALL));
	EXPECT_EQ(0, TRY(&root, port_open(self->box, "alpha",
					  IPCBOX_RIGHT_SEND |
					  IPCBOX_RIGHT_MANAGE)));
	EXPECT_EQ(0, TRY(&bob, port_open(self->box, "alpha",
					 IPCBOX_RIGHT_SEND)));
	EXPECT_EQ(-EACCES, TRY(&root, port_open(self->box, "alpha",
						IPCBOX_RIGHT_RECV)));
	EXPECT_EQ(-EACCES, TRY(&bob, port_open(self->box, "alpha",
					       RIGHTS_IO)));
}

TEST_F(permission, only_the_owning_process_may_receive)
{
	const struct who root = {};
	struct ipcbox_recv recv = {};
	char buf[8] = {};
	int port = port_of_process(self->box, "alpha");

	ASSERT_LE(0, port);
	ASSERT_EQ(5, sys_write(port, "first", 5));
	EXPECT_EQ(-EBADF, TRY(&root, sys_read(port, buf, sizeof(buf))));
	EXPECT_EQ(-EBADF, TRY(&root, msg_recv(port, buf, sizeof(buf), 0,
					      &recv)));
	EXPECT_EQ(-EBADF, TRY(&root, msg_recv(port, buf, sizeof(buf),
					      IPCBOX_PEEK, &recv)));
	EXPECT_EQ(0, TRY(&bob, sys_write(port, "second", 6)));
	EXPECT_EQ(5, sys_read(port, buf, sizeof(buf)));
	EXPECT_STREQ("first", buf);
	EXPECT_EQ(6, sys_read(port, buf, sizeof(buf)));
	EXPECT_STREQ("second", buf);
}

TEST_F(permission, all_threads_of_the_owning_process_may_receive)
{
	int port = port_of_process(self->box, "alpha");
	struct call recv = call_init(CALL_RECV, port);

	ASSERT_LE(0, port);
	call_start(&recv);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("hello", recv.text);
}

TEST_HARNESS_MAIN
