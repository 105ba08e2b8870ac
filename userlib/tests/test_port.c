// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The box and its ports: what the library asks the module for, what it makes of
 * the answers, and that no descriptor is left open.
 */
#include "test.h"

static struct ipcbox_port_create created;
static struct ipcbox_port_open opened;
static struct ipcbox_port_delete deleted;
static int answer;

static int record(int fd, unsigned long command, void *arg)
{
	CHECK(fd == FAKE_BOX);
	switch (command) {
	case IPCBOX_PORT_CREATE:
		created = *(struct ipcbox_port_create *)arg;
		return answer;
	case IPCBOX_PORT_OPEN:
		opened = *(struct ipcbox_port_open *)arg;
		((struct ipcbox_port_open *)arg)->id = 17;
		return answer;
	case IPCBOX_PORT_DELETE:
		deleted = *(struct ipcbox_port_delete *)arg;
		return answer;
	default:
		return -ENOTTY;
	}
}

static void start(int result)
{
	fake_reset(record);
	answer = result;
}

static void box_errors(void)
{
	start(0);
	errno = 77;
	fake.open_errno = ENOENT;
	CHECK(ipcbox_box_open() == -ENODEV);
	CHECK(ipcbox_port_open("x", 0) == -ENODEV);
	CHECK(ipcbox_port_create("x", NULL) == -ENODEV);
	CHECK(ipcbox_port_delete("x") == -ENODEV);
	fake.open_errno = ENXIO;
	CHECK(ipcbox_box_open() == -ENODEV);
	fake.open_errno = EACCES;
	CHECK(ipcbox_box_open() == -EACCES);
	CHECK(errno == 77);
	CHECK(fake.calls == 0 && fake.opened == 0);
}

static void create_defaults(void)
{
	start(FAKE_PORT);
	CHECK(ipcbox_port_create("name", NULL) == FAKE_PORT);
	CHECK(!strcmp(created.name, "name"));
	CHECK(created.flags == 0 && created.mode == 0600);
	CHECK(created.rights == (IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV |
				 IPCBOX_RIGHT_MANAGE));
	CHECK(created.owner == IPCBOX_OWNER_KERNEL);
	CHECK(created.kind == IPCBOX_KIND_MAILBOX);
	CHECK(created.sharing == IPCBOX_SHARE_ANY);
	CHECK(created.uid == IPCBOX_ID_SELF && created.gid == IPCBOX_ID_SELF);
	CHECK(created.max_messages == IPCBOX_CAPACITY);
	CHECK(created.max_bytes == 0 && created.max_msgsize == 0);
	/* the port is open, the box is closed */
	CHECK(fake.calls == 1 && fake.opened == 1);
}

static void create_attributes(void)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	attr.flags = IPCBOX_EXCL | IPCBOX_NOWAIT;
	attr.rights = IPCBOX_RIGHT_SEND;
	attr.owner = IPCBOX_OWNER_PROCESS;
	attr.mode = 0622;
	attr.max_msgsize = 10;
	attr.max_messages = IPCBOX_UNLIMITED;
	attr.max_bytes = 20;
	attr.uid = 1;
	attr.gid = 2;
	attr.kind = 3;
	attr.sharing = 4;
	start(FAKE_PORT);
	CHECK(ipcbox_port_create(NULL, &attr) == FAKE_PORT);
	CHECK(created.name[0] == '\0');
	CHECK(created.flags == (IPCBOX_EXCL | IPCBOX_NOWAIT));
	CHECK(created.rights == IPCBOX_RIGHT_SEND && created.owner == 1);
	CHECK(created.mode == 0622 && created.max_msgsize == 10);
	CHECK(created.max_messages == IPCBOX_UNLIMITED);
	CHECK(created.max_bytes == 20 && created.uid == 1 && created.gid == 2);
	CHECK(created.kind == 3 && created.sharing == 4);
}

static void create_fails(void)
{
	char name[100];

	start(-EEXIST);
	errno = 77;
	CHECK(ipcbox_port_create("x", NULL) == -EEXIST);
	CHECK(errno == 77 && fake.opened == 0);
	memset(name, 'x', sizeof(name));
	name[64] = '\0';
	CHECK(ipcbox_port_create(name, NULL) == -EINVAL);
	CHECK(fake.calls == 1);
	name[63] = '\0';
	start(FAKE_PORT);
	CHECK(ipcbox_port_create(name, NULL) == FAKE_PORT);
	CHECK(!memcmp(created.name, name, 64));
}

static void open_by_name_and_id(void)
{
	start(FAKE_PORT);
	CHECK(ipcbox_port_open("name", IPCBOX_RIGHT_RECV) == FAKE_PORT);
	CHECK(!strcmp(opened.name, "name") && opened.id == 0);
	CHECK(opened.rights == IPCBOX_RIGHT_RECV && opened.flags == 0);
	CHECK(ipcbox_port_open("@18446744073709551615", 0) == FAKE_PORT);
	CHECK(!opened.name[0] && opened.id == UINT64_MAX);
	CHECK(ipcbox_port_open_at(FAKE_BOX, "x", 0, IPCBOX_NOWAIT) == FAKE_PORT);
	CHECK(opened.flags == IPCBOX_NOWAIT);
	CHECK(ipcbox_port_delete("@17") == FAKE_PORT);
	CHECK(!deleted.name[0] && deleted.id == 17);
	CHECK(ipcbox_port_delete_at(FAKE_BOX, "name") == FAKE_PORT);
	CHECK(!strcmp(deleted.name, "name") && deleted.id == 0);
}

static void bad_references(void)
{
	static const char *const bad[] = {
		"", "@", "@0", "@-1", "@ 1", "@1x", "@0x1",
		"@18446744073709551616", "@99999999999999999999999",
	};
	size_t i;

	start(FAKE_PORT);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(ipcbox_port_open(bad[i], 0) == -EINVAL);
	CHECK(ipcbox_port_open(NULL, 0) == -EINVAL);
	CHECK(ipcbox_port_delete("@x") == -EINVAL);
	CHECK(fake.calls == 0 && fake.opened == 0);
}

/* A box of ports 3, 17 and 90. */
static int three_ports(int fd, unsigned long command, void *arg)
{
	static const __u64 ids[] = { 3, 17, 90 };
	struct ipcbox_port_list *list = arg;
	struct ipcbox_stat *stats;
	__u32 room;
	size_t i;

	(void)fd;
	if (command == IPCBOX_PORT_OPEN) {
		((struct ipcbox_port_open *)arg)->id = 17;
		return FAKE_PORT;
	}
	CHECK(command == IPCBOX_PORT_LIST && list->flags == 0);
	CHECK(list->entry_size == sizeof(*stats));
	stats = (struct ipcbox_stat *)(uintptr_t)list->entries;
	room = list->count;
	list->count = 0;
	for (i = 0; i < 3 && list->count < room; i++) {
		if (ids[i] > list->cursor) {
			stats[list->count++].id = ids[i];
			list->cursor = ids[i];
		}
	}
	return 0;
}

static void go_through(void)
{
	struct ipcbox_stat stat = { 0 }, stats[2];
	uint64_t cursor = 0;

	fake_reset(three_ports);
	CHECK(ipcbox_port_next(FAKE_BOX, &stat) == 1 && stat.id == 3);
	CHECK(ipcbox_port_next(FAKE_BOX, &stat) == 1 && stat.id == 17);
	CHECK(ipcbox_port_next(FAKE_BOX, &stat) == 1 && stat.id == 90);
	CHECK(ipcbox_port_next(FAKE_BOX, &stat) == 0);
	CHECK(ipcbox_port_list(FAKE_BOX, &cursor, stats, 2) == 2);
	CHECK(cursor == 17 && stats[1].id == 17);
	CHECK(ipcbox_port_list(FAKE_BOX, &cursor, stats, 2) == 1);
	CHECK(ipcbox_port_list(FAKE_BOX, &cursor, stats, 2) == 0);
}

/* Users 0 and 4001; the cursor is the module's business. */
static int two_users(int fd, unsigned long command, void *arg)
{
	static const __u32 uids[] = { 0, 4001 };
	struct ipcbox_user_list *list = arg;
	struct ipcbox_user_entry *entries;
	__u32 room = list->count;

	(void)fd;
	CHECK(command == IPCBOX_USER_LIST && list->flags == 0);
	CHECK(list->entry_size == sizeof(*entries));
	entries = (struct ipcbox_user_entry *)(uintptr_t)list->entries;
	if (list->cursor > 100)
		return -EINVAL;
	for (list->count = 0; list->cursor < 2 && list->count < room;)
		entries[list->count++].uid = uids[list->cursor++];
	return 0;
}

static void users(void)
{
	struct ipcbox_user_entry entries[3];
	uint64_t cursor = 0;

	fake_reset(two_users);
	CHECK(ipcbox_user_list(FAKE_BOX, &cursor, entries, 1) == 1);
	CHECK(entries[0].uid == 0 && cursor == 1);
	CHECK(ipcbox_user_list(FAKE_BOX, &cursor, entries, 3) == 1);
	CHECK(entries[0].uid == 4001 && cursor == 2);
	CHECK(ipcbox_user_list(FAKE_BOX, &cursor, entries, 3) == 0);
	cursor = 101;
	CHECK(ipcbox_user_list(FAKE_BOX, &cursor, entries, 3) == -EINVAL);
	CHECK(cursor == 101);
}

static void find(void)
{
	struct ipcbox_stat stat;

	fake_reset(three_ports);
	CHECK(ipcbox_port_find(FAKE_BOX, "name", &stat) == 0 && stat.id == 17);
	CHECK(fake.opened == 0);
	CHECK(ipcbox_port_find(FAKE_BOX, "@90", &stat) == 0 && stat.id == 90);
	/* the list goes on with another port, or ends */
	CHECK(ipcbox_port_find(FAKE_BOX, "@18", &stat) == -ENOENT);
	CHECK(ipcbox_port_find(FAKE_BOX, "@91", &stat) == -ENOENT);
	CHECK(ipcbox_port_find(FAKE_BOX, "", &stat) == -EINVAL);
	start(-ENOENT);
	CHECK(ipcbox_port_find(FAKE_BOX, "name", &stat) == -ENOENT);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(box_errors),
		TEST(create_defaults),
		TEST(create_attributes),
		TEST(create_fails),
		TEST(open_by_name_and_id),
		TEST(bad_references),
		TEST(go_through),
		TEST(users),
		TEST(find),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
