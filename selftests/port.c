// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports as objects: create, open, list, look at, change, delete
 *
 * Each test has a box of its own, that of a new network namespace, so that all
 * the ports in it are those of the test.
 */

#include <stddef.h>
#include <sys/resource.h>

#include "call.h"
#include "user.h"

#include <kselftest_harness.h>

FIXTURE(port)
{
	int box;
};

FIXTURE_SETUP(port)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(port)
{
	close(self->box);
}

/* Creating and opening */

TEST_F(port, create_gives_a_handle_and_an_id)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_stat stat;
	int port = port_create(self->box, &attr);

	ASSERT_LE(0, port);
	EXPECT_NE(0, attr.id);
	EXPECT_EQ(1, attr.created);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(attr.id, stat.id);
	EXPECT_STREQ("alpha", stat.name);
}

TEST_F(port, create_with_excl_fails_if_the_name_is_taken)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	ASSERT_LE(0, port_create(self->box, &attr));
	attr = port_attr("alpha");
	EXPECT_EQ(-EEXIST, port_create(self->box, &attr));
}

TEST_F(port, create_without_excl_opens_what_exists)
{
	struct ipcbox_port_create attr = port_attr("alpha"), again;
	struct ipcbox_stat stat;
	int port, same;

	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	again = port_attr("alpha");
	again.flags = 0;
	again.mode = 0444;
	again.max_messages = 7;
	again.rights = IPCBOX_RIGHT_RECV;
	again.created = 9;
	same = port_create(self->box, &again);
	ASSERT_LE(0, same);
	EXPECT_EQ(attr.id, again.id);
	EXPECT_EQ(0, again.created);
	ASSERT_EQ(0, port_stat(same, &stat));
	EXPECT_EQ(attr.id, stat.id);
	EXPECT_EQ(0600, stat.mode);
	EXPECT_EQ(IPCBOX_UNLIMITED, stat.max_messages);
	EXPECT_EQ(IPCBOX_RIGHT_RECV, stat.rights);
	EXPECT_EQ(2, stat.handles);
}

/* The attributes are those of a new port: of no interest here. */
TEST_F(port, create_without_excl_ignores_the_attributes_of_what_exists)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	ASSERT_LE(0, port_create(self->box, &attr));
	attr = port_attr("alpha");
	attr.flags = 0;
	attr.owner = 99;
	attr.sharing = 99;
	attr.mode = 01777;
	attr.max_msgsize = ~0U;
	attr.max_bytes = 1;
	EXPECT_LE(0, port_create(self->box, &attr));
	EXPECT_EQ(0, attr.created);
}

TEST_F(port, create_without_excl_wants_a_port_of_that_kind)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	ASSERT_LE(0, port_create(self->box, &attr));
	attr = port_attr("alpha");
	attr.flags = 0;
	attr.kind = IPCBOX_KIND_MAILBOX + 1;
	EXPECT_EQ(-EPROTOTYPE, port_create(self->box, &attr));
}

TEST_F(port, create_without_excl_creates_what_is_missing)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	attr.flags = 0;
	ASSERT_LE(0, port_create(self->box, &attr));
	EXPECT_EQ(1, attr.created);
	attr = port_attr("alpha");
	EXPECT_EQ(-EEXIST, port_create(self->box, &attr));
}

TEST_F(port, open_by_name_and_by_id)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_port_open arg = { .rights = IPCBOX_RIGHT_SEND };
	int port;

	ASSERT_LE(0, port_create(self->box, &attr));
	strcpy(arg.name, "alpha");
	port = sys_ioctl(self->box, IPCBOX_PORT_OPEN, &arg);
	ASSERT_LE(0, port);
	EXPECT_EQ(attr.id, arg.id);
	EXPECT_EQ(attr.id, port_id(port));

	port = port_open_id(self->box, attr.id, IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, port);
	EXPECT_EQ(attr.id, port_id(port));
}

TEST_F(port, open_what_does_not_exist)
{
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", RIGHTS_IO));
	EXPECT_EQ(-ENOENT, port_open_id(self->box, 1ULL << 40, RIGHTS_IO));
	EXPECT_EQ(-ENOENT, port_open_id(self->box, 0, RIGHTS_IO));
	EXPECT_EQ(-ENOENT, port_delete(self->box, "alpha"));
	EXPECT_EQ(-ENOENT, port_delete_id(self->box, 1ULL << 40));
}

/* The id is an output of opening, so the same struct opens again. */
TEST_F(port, open_by_name_ignores_the_id)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_port_open open = { .rights = RIGHTS_IO };

	ASSERT_LE(0, port_create(self->box, &attr));
	strcpy(open.name, "alpha");
	open.id = attr.id + 1;
	EXPECT_LE(0, sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open));
	EXPECT_EQ(attr.id, open.id);
	EXPECT_LE(0, sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open));
	EXPECT_EQ(attr.id, open.id);
}

TEST_F(port, delete_by_name_and_by_id_at_once)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_port_delete delete = {};

	ASSERT_LE(0, port_create(self->box, &attr));
	strcpy(delete.name, "alpha");
	delete.id = attr.id;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_DELETE, &delete));
	EXPECT_LE(0, port_open(self->box, "alpha", 0));
}

TEST_F(port, a_port_without_a_name_has_an_id)
{
	struct ipcbox_port_create one = port_attr(NULL), two = port_attr(NULL);
	struct ipcbox_stat stat;
	int port;

	ASSERT_LE(0, port_create(self->box, &one));
	ASSERT_LE(0, port_create(self->box, &two));
	EXPECT_NE(one.id, two.id);
	port = port_open_id(self->box, two.id, 0);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_STREQ("", stat.name);
	EXPECT_EQ(two.id, stat.id);
}

TEST_F(port, ids_are_never_used_again)
{
	struct ipcbox_port_create attr;
	uint64_t last = 0;
	int i, port;

	for (i = 0; i < 200; i++) {
		attr = port_attr("alpha");
		port = port_create(self->box, &attr);
		ASSERT_LE(0, port);
		ASSERT_LT(last, attr.id);
		last = attr.id;
		ASSERT_EQ(0, port_delete_id(self->box, attr.id));
		close(port);
		ASSERT_EQ(-ENOENT, port_open_id(self->box, last, 0));
	}
}

/* Names */

static int create_named(int box, const char *name)
{
	struct ipcbox_port_create attr = port_attr(name);

	return port_create(box, &attr);
}

TEST_F(port, valid_names)
{
	char longest[IPCBOX_NAME_SIZE] = {};
	const char *names[] = {
		"a", "A", "0", ".", "..", "a-b", "a@b", "_", "!\"#$%&'()*+,~",
		"a.b:c", "\xc3\xa4\xe2\x82\xac", "\x80", "\xff", "=", longest,
	};
	int i, port;

	memset(longest, 'x', sizeof(longest) - 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		port = create_named(self->box, names[i]);
		EXPECT_LE(0, port) TH_LOG("name \"%s\"", names[i]);
		EXPECT_EQ(port_id(port),
			  port_id(port_open(self->box, names[i], 0)))
			TH_LOG("name \"%s\"", names[i]);
	}
}

TEST_F(port, invalid_names)
{
	static const char * const names[] = {
		"-", "-a", "@", "@1", "/", "a/b", " ", "a b", "a\t", "a\n",
		"\r", "\v", "\f", "\x01", "a\x1f", "a\x7f", "\x1b[1m",
	};
	struct ipcbox_port_delete delete;
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(-EINVAL, create_named(self->box, names[i]))
			TH_LOG("name \"%s\"", names[i]);
		EXPECT_EQ(-EINVAL, port_open(self->box, names[i], 0))
			TH_LOG("name \"%s\"", names[i]);
		memset(&delete, 0, sizeof(delete));
		strcpy(delete.name, names[i]);
		EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_DELETE,
					     &delete))
			TH_LOG("name \"%s\"", names[i]);
	}
}

TEST_F(port, a_name_must_be_terminated)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_port_open open = {};
	struct ipcbox_port_delete delete = {};

	memset(attr.name, 'x', sizeof(attr.name));
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	memset(open.name, 'x', sizeof(open.name));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open));
	memset(delete.name, 'x', sizeof(delete.name));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_DELETE, &delete));
}

TEST_F(port, behind_a_name_there_is_nothing_but_zeros)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_port_open open = { .name = "alpha" };
	struct ipcbox_port_delete delete = { .name = "alpha" };

	ASSERT_LE(0, port_create(self->box, &attr));
	attr.flags = 0;
	attr.name[IPCBOX_NAME_SIZE - 1] = 'x';
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	open.name[6] = 'x';
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open));
	delete.name[6] = 'x';
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_DELETE, &delete));
	/* Not even behind an empty one. */
	attr = port_attr(NULL);
	attr.name[1] = 'x';
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
}

TEST_F(port, names_that_begin_alike_are_different)
{
	struct ipcbox_port_create one = port_attr("alpha");
	struct ipcbox_port_create two = port_attr("alph");
	struct ipcbox_port_create three = port_attr("Alpha");

	ASSERT_LE(0, port_create(self->box, &one));
	ASSERT_LE(0, port_create(self->box, &two));
	ASSERT_LE(0, port_create(self->box, &three));
	EXPECT_EQ(one.id, port_id(port_open(self->box, "alpha", 0)));
	EXPECT_EQ(two.id, port_id(port_open(self->box, "alph", 0)));
	EXPECT_EQ(three.id, port_id(port_open(self->box, "Alpha", 0)));
}

/* Attributes */

struct attribute {
	const char *what;
	int error;
	void (*change)(struct ipcbox_port_create *attr);
};

#define ATTRIBUTE(name, assignment) \
	static void name(struct ipcbox_port_create *attr) \
	{ \
		attr->assignment; \
	}

ATTRIBUTE(mode_with_x, mode = 0700)
ATTRIBUTE(mode_sticky, mode = 01666)
ATTRIBUTE(mode_huge, mode = ~0U)
ATTRIBUTE(rights_unknown, rights = 8)
ATTRIBUTE(rights_all_bits, rights = ~0U)
ATTRIBUTE(flags_peek, flags = IPCBOX_PEEK)
ATTRIBUTE(flags_iovec, flags = IPCBOX_IOVEC)
ATTRIBUTE(flags_unknown, flags = 1ULL << 4)
ATTRIBUTE(flags_top, flags = 1ULL << 63)
ATTRIBUTE(msgsize_huge, max_msgsize = ~0U)
ATTRIBUTE(bytes_small, max_bytes = 4095)
ATTRIBUTE(kind_unknown, kind = 99)
ATTRIBUTE(kind_inbox, kind = IPCBOX_KIND_INBOX)
ATTRIBUTE(kind_connection, kind = IPCBOX_KIND_CONNECTION)
ATTRIBUTE(kind_huge, kind = ~0U)
ATTRIBUTE(sharing_unknown, sharing = 99)
ATTRIBUTE(owner_unknown, owner = 3)
ATTRIBUTE(owner_huge, owner = ~0U)
ATTRIBUTE(reserved_not_zero, reserved = 1)

TEST_F(port, bad_attributes_are_refused)
{
#define BAD(error, change) { #change, error, change }
	static const struct attribute bad[] = {
		BAD(-EINVAL, mode_with_x),
		BAD(-EINVAL, mode_sticky),
		BAD(-EINVAL, mode_huge),
		BAD(-EINVAL, rights_unknown),
		BAD(-EINVAL, rights_all_bits),
		BAD(-EINVAL, flags_peek),
		BAD(-EINVAL, flags_iovec),
		BAD(-EINVAL, flags_unknown),
		BAD(-EINVAL, flags_top),
		BAD(-EINVAL, msgsize_huge),
		BAD(-EINVAL, bytes_small),
		BAD(-EOPNOTSUPP, kind_unknown),
		BAD(-EOPNOTSUPP, kind_inbox),
		BAD(-EOPNOTSUPP, kind_connection),
		BAD(-EOPNOTSUPP, kind_huge),
		BAD(-EOPNOTSUPP, sharing_unknown),
		BAD(-EOPNOTSUPP, owner_unknown),
		BAD(-EOPNOTSUPP, owner_huge),
		BAD(-EINVAL, reserved_not_zero),
	};
	struct ipcbox_port_create attr;
	struct ipcbox_info info;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		attr = port_attr("alpha");
		attr.max_msgsize = 4096;
		bad[i].change(&attr);
		EXPECT_EQ(bad[i].error, port_create(self->box, &attr))
			TH_LOG("%s", bad[i].what);
	}
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(0, info.box_ports);
}

TEST_F(port, extreme_attributes_are_taken)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_info info;
	struct ipcbox_stat stat;
	int port;

	ASSERT_EQ(0, box_info(self->box, &info));
	attr.mode = 0;
	attr.rights = 0;
	attr.max_msgsize = info.max_msgsize;
	attr.max_bytes = info.max_msgsize;
	attr.max_messages = IPCBOX_UNLIMITED - 1;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.mode);
	EXPECT_EQ(0, stat.rights);
	EXPECT_EQ(info.max_msgsize, stat.max_msgsize);
	EXPECT_EQ(info.max_msgsize, stat.max_bytes);
	EXPECT_EQ(IPCBOX_UNLIMITED - 1, stat.max_messages);
}

TEST_F(port, the_largest_message_is_what_capacity_holds)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_stat stat;
	int port;

	attr.max_bytes = 1000;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1000, stat.max_msgsize);
	EXPECT_EQ(1000, stat.max_bytes);
}

TEST_F(port, open_refuses_bad_arguments)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_port_open open = { .name = "alpha", .reserved = 1 };
	struct ipcbox_port_delete delete = { .name = "alpha", .flags = 1 };

	ASSERT_LE(0, port_create(self->box, &attr));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open));
	EXPECT_EQ(-EINVAL, port_open(self->box, "alpha", 8));
	EXPECT_EQ(-EINVAL, port_open(self->box, "alpha", ~0U));
	open.reserved = 0;
	open.flags = IPCBOX_EXCL;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_DELETE, &delete));
	EXPECT_LE(0, port_open(self->box, "alpha", 0));
}

/* Descriptors */

TEST_F(port, nowait_gives_a_nonblocking_handle)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_port_open open = {
		.flags = IPCBOX_NOWAIT,
		.name = "alpha",
		.rights = RIGHTS_IO,
	};
	char buf[8];
	int port;

	attr.flags |= IPCBOX_NOWAIT;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	EXPECT_TRUE(fcntl(port, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, sys_read(port, buf, sizeof(buf)));

	port = sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open);
	ASSERT_LE(0, port);
	EXPECT_TRUE(fcntl(port, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, sys_read(port, buf, sizeof(buf)));

	port = port_open(self->box, "alpha", RIGHTS_IO);
	ASSERT_LE(0, port);
	EXPECT_FALSE(fcntl(port, F_GETFL) & O_NONBLOCK);
}

/* IPCBOX_NOWAIT is O_NONBLOCK for one call, so O_NONBLOCK is it for all. */
TEST_F(port, the_ioctls_of_a_nonblocking_handle_do_not_wait)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_recv recv = { .deadline = in_ns(SEC) };
	struct ipcbox_send send = { .deadline = in_ns(SEC) };
	char buf[8];
	int port;

	attr.max_messages = 0;
	attr.flags |= IPCBOX_NOWAIT;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	EXPECT_EQ(-EAGAIN, msg_recv(port, buf, sizeof(buf), 0, &recv));
	EXPECT_EQ(-EAGAIN, sys_ioctl(port, IPCBOX_SEND, &send));
}

TEST_F(port, the_access_mode_shows_the_rights)
{
	static const struct { int rights, mode; } cases[] = {
		{ IPCBOX_RIGHT_SEND, O_WRONLY },
		{ IPCBOX_RIGHT_RECV, O_RDONLY },
		{ RIGHTS_IO, O_RDWR },
		{ RIGHTS_ALL, O_RDWR },
	};
	struct ipcbox_port_create attr = port_attr("alpha");
	int i, port;

	ASSERT_LE(0, port_create(self->box, &attr));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		port = port_open(self->box, "alpha", cases[i].rights);
		ASSERT_LE(0, port);
		EXPECT_EQ(cases[i].mode, fcntl(port, F_GETFL) & O_ACCMODE);
	}
}

TEST_F(port, handles_are_closed_on_exec)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int port = port_create(self->box, &attr);

	ASSERT_LE(0, port);
	EXPECT_EQ(FD_CLOEXEC, fcntl(port, F_GETFD));
	port = port_open(self->box, "alpha", RIGHTS_IO);
	ASSERT_LE(0, port);
	EXPECT_EQ(FD_CLOEXEC, fcntl(port, F_GETFD));
}

TEST_F(port, the_link_of_the_descriptor_shows_the_name)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	char path[64], link[128] = {};
	int port = port_create(self->box, &attr);

	ASSERT_LE(0, port);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", port);
	ASSERT_LT(0, readlink(path, link, sizeof(link) - 1));
	EXPECT_STREQ("anon_inode:[ipcbox:alpha]", link);
}

TEST_F(port, a_failed_call_leaves_no_descriptor)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int next, i;

	ASSERT_LE(0, port_create(self->box, &attr));
	next = dup(self->box);
	ASSERT_EQ(0, close(next));
	for (i = 0; i < 10; i++) {
		attr = port_attr("alpha");
		EXPECT_EQ(-EEXIST, port_create(self->box, &attr));
		EXPECT_EQ(-ENOENT, port_open(self->box, "beta", RIGHTS_IO));
	}
	EXPECT_EQ(next, dup(self->box));
}

TEST_F(port, no_free_descriptor)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_info info;
	struct rlimit limit;
	int port = port_create(self->box, &attr);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = port + 1;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, port_open(self->box, "alpha", RIGHTS_IO));
	EXPECT_EQ(-EMFILE, create_named(self->box, "beta"));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(1, info.box_ports);
	close(port);
	EXPECT_EQ(-ENOENT, port_open(self->box, "beta", RIGHTS_IO));
}

/* Listing */

static int list(int box, struct ipcbox_stat *entries, uint32_t count,
		uint64_t *cursor)
{
	struct ipcbox_port_list arg = {
		.cursor = *cursor,
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(*entries),
		.count = count,
	};
	int ret = sys_ioctl(box, IPCBOX_PORT_LIST, &arg);

	*cursor = arg.cursor;
	return ret ?: arg.count;
}

TEST_F(port, an_empty_box_lists_nothing)
{
	struct ipcbox_stat entries[4];
	uint64_t cursor = 0;

	EXPECT_EQ(0, list(self->box, entries, 4, &cursor));
	EXPECT_EQ(0, cursor);
}

TEST_F(port, a_listing_tells_what_stat_tells)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_stat entry, stat;
	uint64_t cursor = 0;
	int port;

	attr.mode = 0642;
	attr.max_messages = 3;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(1, list(self->box, &entry, 1, &cursor));
	EXPECT_EQ(attr.id, cursor);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(RIGHTS_ALL, stat.rights);
	EXPECT_EQ(0, entry.rights);
	stat.rights = 0;
	EXPECT_EQ(0, memcmp(&stat, &entry, sizeof(stat)));
}

TEST_F(port, a_listing_in_small_pieces_has_each_port_once)
{
	struct ipcbox_port_create attr;
	struct ipcbox_stat entries[7];
	uint64_t ids[50], cursor = 0;
	int i, n, total = 0;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		attr = port_attr(NULL);
		ASSERT_LE(0, port_create(self->box, &attr));
		ids[i] = attr.id;
	}
	while ((n = list(self->box, entries, ARRAY_SIZE(entries), &cursor))) {
		ASSERT_LT(0, n);
		for (i = 0; i < n; i++, total++) {
			ASSERT_GT(ARRAY_SIZE(ids), total);
			EXPECT_EQ(ids[total], entries[i].id);
		}
		EXPECT_EQ(entries[n - 1].id, cursor);
	}
	EXPECT_EQ(ARRAY_SIZE(ids), total);
	EXPECT_EQ(ids[49], cursor);
}

TEST_F(port, a_listing_survives_changes)
{
	struct ipcbox_port_create attr;
	struct ipcbox_stat entry;
	uint64_t ids[20], cursor = 0;
	int i, seen = 0;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		attr = port_attr(NULL);
		ASSERT_LE(0, port_create(self->box, &attr));
		ids[i] = attr.id;
	}
	/* The even ones stay; each odd one goes just before or just after. */
	for (i = 0; list(self->box, &entry, 1, &cursor) == 1; i++) {
		ASSERT_GT(100, i);
		if (!((entry.id - ids[0]) % 2))
			seen++;
		else
			ASSERT_EQ(0, port_delete_id(self->box, entry.id));
		if (entry.id == ids[4])
			ASSERT_EQ(0, port_delete_id(self->box, ids[5]));
	}
	EXPECT_EQ(10, seen);
	cursor = ids[0];
	EXPECT_EQ(1, list(self->box, &entry, 1, &cursor));
	EXPECT_EQ(ids[2], entry.id);
}

TEST_F(port, a_listing_of_nothing)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	uint64_t cursor = 0;

	ASSERT_LE(0, port_create(self->box, &attr));
	EXPECT_EQ(0, list(self->box, NULL, 0, &cursor));
	EXPECT_EQ(0, cursor);
	cursor = IPCBOX_UNLIMITED;
	EXPECT_EQ(0, list(self->box, NULL, 1, &cursor));
}

static int list_entry_size(int box, void *entries, uint32_t size)
{
	struct ipcbox_port_list arg = {
		.entries = (uintptr_t)entries,
		.entry_size = size,
		.count = 2,
	};

	return sys_ioctl(box, IPCBOX_PORT_LIST, &arg) ?: arg.count;
}

TEST_F(port, entries_of_other_sizes)
{
	struct ipcbox_port_create one = port_attr("alpha");
	struct ipcbox_port_create two = port_attr("beta");
	/* The first version ended before held. */
	const uint32_t size = offsetof(struct ipcbox_stat, held);
	struct {
		struct ipcbox_stat stat;
		uint64_t newer[3];
	} entries[2];
	char *large;
	int i;

	ASSERT_LE(0, port_create(self->box, &one));
	ASSERT_LE(0, port_create(self->box, &two));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, 0));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, size - 1));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, 4097));
	EXPECT_EQ(-EINVAL, list_entry_size(self->box, entries, ~0U));

	memset(entries, 0xff, sizeof(entries));
	ASSERT_EQ(2, list_entry_size(self->box, entries, sizeof(entries[0])));
	EXPECT_EQ(one.id, entries[0].stat.id);
	EXPECT_EQ(two.id, entries[1].stat.id);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, entries[0].newer[i]);
		EXPECT_EQ(0, entries[1].newer[i]);
	}

	memset(entries, 0xff, sizeof(entries));
	ASSERT_EQ(2, list_entry_size(self->box, entries, size));
	EXPECT_EQ(one.id, entries[0].stat.id);
	EXPECT_EQ(two.id, ((struct ipcbox_stat *)((char *)entries + size))->id);

	large = calloc(2, 4096);
	memset(large, 0xff, 8192);
	ASSERT_EQ(2, list_entry_size(self->box, large, 4096));
	EXPECT_EQ(two.id, ((struct ipcbox_stat *)(large + 4096))->id);
	EXPECT_EQ(0, large[4095]);
	EXPECT_EQ(0, large[8191]);
}

/* IPCBOX_INFO */

static uint64_t parameter(const char *name)
{
	unsigned long long value = 0;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/ipcbox/parameters/%s", name);
	file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%llu", &value) != 1)
			value = 0;
		fclose(file);
	}
	return value;
}

TEST_F(port, info_tells_features_and_limits)
{
	struct ipcbox_info info;

	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(IPCBOX_ABI_VERSION, info.abi_version);
	EXPECT_EQ(1 << IPCBOX_KIND_MAILBOX | 1 << IPCBOX_KIND_INBOX |
		  1 << IPCBOX_KIND_STREAM | 1 << IPCBOX_KIND_LISTENER |
		  1 << IPCBOX_KIND_CONNECTION | 1 << IPCBOX_KIND_RING,
		  info.kinds);
	EXPECT_EQ(1 << IPCBOX_SHARE_ANY | 1 << IPCBOX_SHARE_ONE |
		  1 << IPCBOX_SHARE_PAIR | 1 << IPCBOX_SHARE_ALL |
		  1 << IPCBOX_SHARE_ALL_LOSSY, info.sharings);
	EXPECT_EQ(1 << IPCBOX_OWNER_KERNEL | 1 << IPCBOX_OWNER_PROCESS |
		  1 << IPCBOX_OWNER_HANDLE, info.owners);
	EXPECT_EQ(IPCBOX_NOWAIT | IPCBOX_IOVEC | IPCBOX_PEEK | IPCBOX_LEASE |
		  IPCBOX_RECEIPT | IPCBOX_INHERIT_NICE, info.call_flags);
	EXPECT_EQ(parameter("max_msgsize"), info.max_msgsize);
	EXPECT_EQ(parameter("max_ports_per_user"), info.max_ports);
	EXPECT_EQ(parameter("max_bytes_per_user"), info.max_bytes);
}

TEST_F(port, info_counts)
{
	struct ipcbox_info before, after;
	int port, i;

	/* Nobody else counts for this user. */
	ASSERT_TRUE(user_become(4100, 4100));
	ASSERT_EQ(0, box_info(self->box, &before));
	EXPECT_EQ(0, before.box_ports);
	port = create_named(self->box, "alpha");
	ASSERT_LE(0, port);
	ASSERT_LE(0, create_named(self->box, "beta"));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(10, sys_write(port, "0123456789", 10));
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(2, after.box_ports);
	EXPECT_EQ(2, after.user_ports - before.user_ports);
	EXPECT_EQ(3 * (10 + after.msg_overhead),
		  after.user_bytes - before.user_bytes);
}

/* Nobody's handle may use up another's quota. */
TEST_F(port, info_no_longer_counts_a_deleted_port)
{
	struct ipcbox_info before, after;
	int port;

	ASSERT_TRUE(user_become(4101, 4101));
	ASSERT_EQ(0, box_info(self->box, &before));
	port = create_named(self->box, "alpha");
	ASSERT_LE(0, port);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(0, port_delete(self->box, "alpha"));
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(0, after.box_ports);
	EXPECT_EQ(before.user_bytes, after.user_bytes);
	EXPECT_EQ(before.user_ports, after.user_ports);
	close(port);
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.user_ports, after.user_ports);
}

/* IPCBOX_STAT */

TEST_F(port, stat_of_a_new_port)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct timespec ts;
	struct ipcbox_stat stat;
	int port;

	clock_gettime(CLOCK_REALTIME, &ts);
	attr.mode = 0624;
	attr.gid = 0;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = 5;
	attr.max_msgsize = 100;
	attr.max_bytes = 1000;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	memset(&stat, 0xff, sizeof(stat));
	stat.flags = 0;
	ASSERT_EQ(0, sys_ioctl(port, IPCBOX_STAT, &stat));
	EXPECT_EQ(0, stat.flags);
	EXPECT_EQ(attr.id, stat.id);
	EXPECT_EQ(0, memcmp(attr.name, stat.name, sizeof(stat.name)));
	EXPECT_EQ(IPCBOX_KIND_MAILBOX, stat.kind);
	EXPECT_EQ(IPCBOX_OWNER_HANDLE, stat.owner);
	EXPECT_EQ(IPCBOX_SHARE_ANY, stat.sharing);
	EXPECT_EQ(0624, stat.mode);
	EXPECT_EQ(geteuid(), stat.uid);
	EXPECT_EQ(0, stat.gid);
	EXPECT_EQ(geteuid(), stat.creator_uid);
	EXPECT_EQ(getpid(), stat.creator_pid);
	EXPECT_EQ(RIGHTS_ALL, stat.rights);
	EXPECT_EQ(100, stat.max_msgsize);
	EXPECT_EQ(5, stat.max_messages);
	EXPECT_EQ(1000, stat.max_bytes);
	/* The kernel's coarse and fine clocks may differ by a tick. */
	EXPECT_LE((ts.tv_sec - 1) * SEC, stat.created);
	EXPECT_GE((ts.tv_sec + 60) * SEC, stat.created);
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(0, stat.taken);
	EXPECT_EQ(0, stat.sent);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(0, stat.sent_bytes);
	EXPECT_EQ(0, stat.received_bytes);
	EXPECT_EQ(0, stat.next_size);
	EXPECT_EQ(1, stat.senders);
	EXPECT_EQ(1, stat.receivers);
	EXPECT_EQ(1, stat.handles);
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_EQ(0, stat.waiting_receivers);
	EXPECT_EQ(0, stat.lanes);
}

TEST_F(port, stat_counts_handles_by_their_rights)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_stat stat;
	int port, other;

	attr.rights = IPCBOX_RIGHT_MANAGE;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_LE(0, port_open(self->box, "alpha", IPCBOX_RIGHT_SEND));
	ASSERT_LE(0, port_open(self->box, "alpha", IPCBOX_RIGHT_SEND));
	ASSERT_LE(0, port_open(self->box, "alpha", IPCBOX_RIGHT_RECV));
	other = port_open(self->box, "alpha", RIGHTS_IO);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(3, stat.senders);
	EXPECT_EQ(2, stat.receivers);
	EXPECT_EQ(5, stat.handles);
	/* One without rights only looks. */
	ASSERT_LE(0, port_open(self->box, "alpha", 0));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(5, stat.handles);
	/* A duplicate is the same handle. */
	close(dup(other));
	close(other);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(2, stat.senders);
	EXPECT_EQ(1, stat.receivers);
	EXPECT_EQ(4, stat.handles);
}

/* IPCBOX_SET */

static int set(int port, uint64_t flags, struct ipcbox_set value)
{
	value.flags = flags;
	return sys_ioctl(port, IPCBOX_SET, &value);
}

TEST_F(port, set_changes_what_its_flags_say)
{
	const struct ipcbox_set all = {
		.mode = 0246, .uid = 11, .gid = 12, .max_msgsize = 100,
		.max_messages = 13, .max_bytes = 1000,
	};
	struct ipcbox_stat before, after;
	int port = create_named(self->box, "alpha");

	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &before));
#define SETS(flag, field) do { \
	ASSERT_EQ(0, set(port, flag, all)); \
	ASSERT_EQ(0, port_stat(port, &after)); \
	EXPECT_EQ(all.field, after.field); \
	before.field = after.field; \
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after))); \
} while (0)
	SETS(IPCBOX_SET_MODE, mode);
	SETS(IPCBOX_SET_UID, uid);
	SETS(IPCBOX_SET_GID, gid);
	SETS(IPCBOX_SET_MAX_MSGSIZE, max_msgsize);
	SETS(IPCBOX_SET_MAX_MESSAGES, max_messages);
	SETS(IPCBOX_SET_MAX_BYTES, max_bytes);
	SETS(0, mode);
}

TEST_F(port, set_is_all_or_nothing)
{
	const uint64_t flags = IPCBOX_SET_MODE | IPCBOX_SET_UID |
			       IPCBOX_SET_GID | IPCBOX_SET_MAX_MSGSIZE |
			       IPCBOX_SET_MAX_MESSAGES | IPCBOX_SET_MAX_BYTES;
	const struct ipcbox_set good = {
		.mode = 0246, .uid = 11, .gid = 12, .max_msgsize = 100,
		.max_messages = 13, .max_bytes = 1000,
	};
	struct ipcbox_stat before, after;
	struct ipcbox_set bad;
	int port = create_named(self->box, "alpha");

	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &before));
	bad = good;
	bad.mode = 01777;
	EXPECT_EQ(-EINVAL, set(port, flags, bad));
	bad = good;
	bad.max_bytes = 99;
	EXPECT_EQ(-EINVAL, set(port, flags, bad));
	bad = good;
	bad.max_msgsize = ~0U;
	EXPECT_EQ(-EINVAL, set(port, flags, bad));
	EXPECT_EQ(-EINVAL, set(port, flags | 1 << 7, good));
	EXPECT_EQ(-EINVAL, set(port, 1ULL << 63, good));
	ASSERT_EQ(0, port_stat(port, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
	EXPECT_EQ(0, set(port, flags, good));
}

TEST_F(port, set_with_the_default_values)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_info info;
	struct ipcbox_stat stat;
	int port;

	attr.max_msgsize = 100;
	attr.max_bytes = 200;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(0, set(port, IPCBOX_SET_MAX_BYTES | IPCBOX_SET_MAX_MSGSIZE,
			 (struct ipcbox_set){}));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.max_bytes);
	EXPECT_EQ(info.max_msgsize, stat.max_msgsize);
}

TEST_F(port, set_checks_bytes_against_msgsize)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_stat stat;
	int port;

	attr.max_msgsize = 100;
	attr.max_bytes = 200;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	EXPECT_EQ(-EINVAL, set(port, IPCBOX_SET_MAX_BYTES,
			       (struct ipcbox_set){ .max_bytes = 99 }));
	EXPECT_EQ(-EINVAL, set(port, IPCBOX_SET_MAX_MSGSIZE,
			       (struct ipcbox_set){ .max_msgsize = 201 }));
	EXPECT_EQ(0, set(port, IPCBOX_SET_MAX_BYTES,
			 (struct ipcbox_set){ .max_bytes = 100 }));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(100, stat.max_msgsize);
	EXPECT_EQ(100, stat.max_bytes);
}

TEST_F(port, what_is_queued_stays_whatever_is_set)
{
	struct ipcbox_stat stat;
	char buf[16];
	int port = create_named(self->box, "alpha"), i;

	ASSERT_LE(0, port);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(10, sys_write(port, "0123456789", 10));
	ASSERT_EQ(0, set(port, IPCBOX_SET_MAX_MSGSIZE |
			       IPCBOX_SET_MAX_MESSAGES | IPCBOX_SET_MAX_BYTES,
			 (struct ipcbox_set){ .max_msgsize = 5,
					      .max_messages = 1,
					      .max_bytes = 5 }));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(3, stat.messages);
	EXPECT_EQ(-EMSGSIZE, sys_write(port, "012345", 6));
	EXPECT_EQ(-EAGAIN, msg_send(port, "a", 1, 0, 0, IPCBOX_NOWAIT));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(10, sys_read(port, buf, sizeof(buf)));
	EXPECT_EQ(0, msg_send(port, "a", 1, 0, 0, IPCBOX_NOWAIT));
}

TEST_F(port, more_capacity_in_messages_lets_a_sender_go)
{
	int port = port_temporary(self->box, 0);
	struct call send;

	ASSERT_LE(0, port);
	send = call_text(port, "hello", 0);
	call_start(&send);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, set(port, IPCBOX_SET_MAX_MESSAGES,
			 (struct ipcbox_set){ .max_messages = 1 }));
	EXPECT_EQ(0, call_join(&send));
}

TEST_F(port, more_capacity_in_bytes_lets_senders_go)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct call one, two, three;
	struct ipcbox_stat stat;
	int port;

	attr.max_msgsize = 10;
	attr.max_bytes = 10;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(10, sys_write(port, "0123456789", 10));
	one = call_text(port, "123456", 0);
	call_start(&one);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	two = call_text(port, "1234", 0);
	call_start(&two);
	ASSERT_TRUE(wait_for_waiters(port, 2, 0));
	three = call_text(port, "1", 0);
	call_start(&three);
	ASSERT_TRUE(wait_for_waiters(port, 3, 0));
	ASSERT_EQ(0, set(port, IPCBOX_SET_MAX_BYTES,
			 (struct ipcbox_set){ .max_bytes = 20 }));
	EXPECT_EQ(0, call_join(&one));
	EXPECT_EQ(0, call_join(&two));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1, stat.waiting_senders);
	EXPECT_EQ(4, stat.messages);
	ASSERT_EQ(0, set(port, IPCBOX_SET_MAX_BYTES, (struct ipcbox_set){}));
	EXPECT_EQ(0, call_join(&three));
}

/* Deletion */

TEST_F(port, a_deleted_port_is_gone_for_good)
{
	struct ipcbox_port_create attr = port_attr("alpha"), again;
	struct ipcbox_stat entry;
	uint64_t cursor = 0;
	int port;

	ASSERT_LE(0, port_create(self->box, &attr));
	ASSERT_EQ(0, port_delete(self->box, "alpha"));
	EXPECT_EQ(-ENOENT, port_delete(self->box, "alpha"));
	EXPECT_EQ(-ENOENT, port_delete_id(self->box, attr.id));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	EXPECT_EQ(-ENOENT, port_open_id(self->box, attr.id, 0));
	EXPECT_EQ(0, list(self->box, &entry, 1, &cursor));

	/* The name is free though a handle is still open. */
	again = port_attr("alpha");
	port = port_create(self->box, &again);
	ASSERT_LE(0, port);
	EXPECT_NE(attr.id, again.id);
	EXPECT_EQ(again.id, port_id(port_open(self->box, "alpha", 0)));
}

TEST_F(port, old_handles_of_a_deleted_port_fail)
{
	struct ipcbox_recv recv = {};
	struct pollfd pollfd = { .events = POLLIN | POLLOUT };
	struct ipcbox_stat stat;
	char buf[16];
	int port = create_named(self->box, "alpha"), n;

	ASSERT_LE(0, port);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(0, port_delete(self->box, "alpha"));
	EXPECT_EQ(-EIDRM, sys_write(port, "hello", 5));
	EXPECT_EQ(-EIDRM, sys_read(port, buf, sizeof(buf)));
	EXPECT_EQ(-EIDRM, msg_send(port, "a", 1, 0, 0, 0));
	EXPECT_EQ(-EIDRM, msg_send(port, "a", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(-EIDRM, msg_recv(port, buf, sizeof(buf), 0, &recv));
	EXPECT_EQ(-EIDRM, msg_recv(port, buf, sizeof(buf), IPCBOX_NOWAIT,
				   &recv));
	EXPECT_EQ(-EIDRM, msg_recv(port, buf, sizeof(buf), IPCBOX_PEEK, &recv));
	EXPECT_EQ(-EIDRM, port_stat(port, &stat));
	EXPECT_EQ(-EIDRM, set(port, 0, (struct ipcbox_set){}));
	EXPECT_EQ(-EIDRM, sys_ioctl(port, FIONREAD, &n));
	pollfd.fd = port;
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLHUP | POLLERR, pollfd.revents);
}

TEST_F(port, delete_by_id)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	ASSERT_LE(0, port_create(self->box, &attr));
	EXPECT_EQ(0, port_delete_id(self->box, attr.id));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
}

TEST_HARNESS_MAIN
