// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in what is done with a box: each allocation and each user copy fails
 * once, and the call has then changed nothing
 */

#include <kselftest_harness.h>

#include "fault_path.h"
#include "klog.h"

static long run_info(struct world *world)
{
	struct ipcbox_info info;
	int ret = box_info(world->box, &info);

	return ret ?: (long)info.box_ports;
}

PATH(info) {
	.run = run_info, .expected = 1, .first = 5,
	.copies = 2,
};

/* One who has no account yet. */
static void prepare_as_bob(struct world *world)
{
	must(!setresuid(world_user + 1, -1, -1), "a user");
}

PATH(info_of_a_new_user) {
	.prepare = prepare_as_bob, .run = run_info, .expected = 1, .first = 5,
	.objects = 1, .copies = 2,
};

/* Creating */

static long create(struct world *world, struct ipcbox_port_create *attr)
{
	int fd = port_create(world->box, attr);

	if (fd < 0)
		return fd;
	world->fd = fd;
	return attr->created;
}

static long run_create(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("new");

	return create(world, &attr);
}

static long run_create_nameless(struct world *world)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	return create(world, &attr);
}

static long run_create_of_process(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("new");

	attr.owner = IPCBOX_OWNER_PROCESS;
	return create(world, &attr);
}

static long run_create_of_handle(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("new");

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.flags |= IPCBOX_NOWAIT;
	return create(world, &attr);
}

static long run_create_or_open(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("port");

	attr.flags = 0;
	return create(world, &attr);
}

static long run_create_again(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("port");

	return create(world, &attr);
}

PATH(create_named) {
	.run = run_create, .expected = 1, .first = 5,
	.objects = 4, .copies = 2,
};

PATH(create_nameless) {
	.run = run_create_nameless, .expected = 1, .first = 5,
	.objects = 4, .copies = 2,
};

PATH(create_owned_by_the_process) {
	.run = run_create_of_process, .expected = 1, .first = 5,
	.objects = 4, .copies = 2,
};

PATH(create_owned_by_its_handles) {
	.run = run_create_of_handle, .expected = 1, .first = 5,
	.objects = 4, .copies = 2,
};

PATH(create_by_a_new_user) {
	.prepare = prepare_as_bob, .run = run_create, .expected = 1, .first = 5,
	.objects = 5, .copies = 2,
};

PATH(create_one_that_is_there) {
	.run = run_create_or_open, .expected = 0, .first = 5,
	.objects = 3, .copies = 2,
};

PATH(create_one_that_must_not_be_there) {
	.run = run_create_again, .expected = -EEXIST, .first = 5,
	.copies = 1,
};

/* Opening and deleting */

static long run_open(struct world *world)
{
	world->fd = port_open(world->box, "port", RIGHTS_IO);
	return world->fd < 0 ? world->fd : 0;
}

static void prepare_id(struct world *world)
{
	world->recv.msg_id = port_id(world->port);
}

static long run_open_id(struct world *world)
{
	world->fd = port_open_id(world->box, world->recv.msg_id, RIGHTS_ALL);
	return world->fd < 0 ? world->fd : 0;
}

static long run_open_to_look(struct world *world)
{
	world->fd = port_open(world->box, "port", 0);
	return world->fd < 0 ? world->fd : 0;
}

static long run_open_nothing(struct world *world)
{
	return port_open(world->box, "nothing", RIGHTS_IO);
}

PATH(open_by_name) {
	.run = run_open, .first = 5,
	.objects = 3, .copies = 2,
};

/* Of whom the module does not know yet. */
static void prepare_new_user(struct world *world)
{
	must(!setresuid(world_user + 1, -1, -1), "another user");
}

PATH(open_as_a_new_user) {
	.prepare = prepare_new_user, .run = run_open, .first = 5,
	.objects = 4, .copies = 2,
};

PATH(open_by_id) {
	.prepare = prepare_id, .run = run_open_id, .first = 5,
	.objects = 3, .copies = 2,
};

PATH(open_to_look) {
	.run = run_open_to_look, .first = 5,
	.objects = 3, .copies = 2,
};

PATH(open_what_is_not_there) {
	.run = run_open_nothing, .expected = -ENOENT, .first = 5,
	.copies = 1,
};

static void prepare_second_port(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("second");

	world->fd = port_create(world->box, &attr);
	must(world->fd >= 0, "a second port");
	world->recv.msg_id = attr.id;
}

static long run_delete(struct world *world)
{
	return port_delete(world->box, "second");
}

static long run_delete_id(struct world *world)
{
	return port_delete_id(world->box, world->recv.msg_id);
}

PATH(delete_by_name) {
	.prepare = prepare_second_port, .run = run_delete, .first = 5,
	.copies = 1,
};

PATH(delete_by_id) {
	.prepare = prepare_second_port, .run = run_delete_id, .first = 5,
	.copies = 1,
};

/* With elements that are longer than the module's. */
static long run_list(struct world *world)
{
	struct {
		struct ipcbox_stat stat;
		uint64_t more;
	} entries[4];
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.count = 4,
	};
	int ret = sys_ioctl(world->box, IPCBOX_PORT_LIST, &list);

	return ret ?: (long)list.count;
}

PATH(list) {
	.prepare = prepare_second_port, .run = run_list, .expected = 2,
	.first = 5,
	.copies = 4,
};

/* The own user alone, with elements that are longer than the module's. */
static long run_users(struct world *world)
{
	struct {
		struct ipcbox_user_entry entry;
		uint64_t more;
	} entries[2];
	struct ipcbox_user_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.count = 1,
	};
	int ret = sys_ioctl(world->box, IPCBOX_USER_LIST, &list);

	return ret ?: (long)list.count;
}

PATH(users) {
	.run = run_users, .expected = 1, .first = 5,
	.copies = 3,
};

/* Files */

static long run_open_box(struct world *world)
{
	world->fd = box_open();
	return world->fd < 0 ? world->fd : 0;
}

PATH(open_a_box) {
	.run = run_open_box, .first = 5,
	.objects = 2, .copies = 1,
};

/* 1 if the file tells of the world's port. */
static long read_file(struct world *world, const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -errno : sys_read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (len < 0)
		return len;
	text[len] = '\0';
	return !!strstr(text, "port");
}

static long run_proc(struct world *world)
{
	return read_file(world, "/proc/thread-self/net/ipcbox");
}

static long run_fdinfo(struct world *world)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", world->port);
	return read_file(world, path);
}

PATH(proc) {
	.run = run_proc, .expected = 1, .first = 5,
	.objects = 4, .copies = 2,
};

PATH(fdinfo) {
	.run = run_fdinfo, .expected = 1, .first = 5,
	.objects = 4, .copies = 2,
};

/*
 * A new network namespace has a new box, which is made after all that the rest
 * of the kernel has there.
 */
static void prepare_netns(struct world *world)
{
	klog_begin();
	world->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	must(world->netns >= 0, "a namespace");
}

static long run_unshare(struct world *world)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	world->fd = box_open();
	return world->fd < 0 ? world->fd : 0;
}

static long check_unshare(struct world *world, long ret)
{
	const char *bad = klog_end();

	if (!bad)
		return ret;
	printf("# the kernel log says %s\n", bad);
	return -EBADMSG;
}

PATH(new_network_namespace) {
	.prepare = prepare_netns, .run = run_unshare, .check = check_unshare,
	.first = 5,
	.any_error = true, .slow = true, .lives = LIVES(FAULT_SLAB),
	.last = 60, .objects = 10, .copies = 1,
};

/*
 * The table of descriptors has to grow: number 64 is the next. Tables do not
 * shrink, so each n has a process of its own. Tells what has failed,
 * FAULT_OTHER if that was nothing of the call's, or -1 if that has changed
 * anything.
 */
static int grow_table(struct fault *fault, int box, unsigned int n)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct world world = { .box = box };
	struct snapshot before, after;
	enum fault_kind kind;
	int ret;

	/* One whose fail-nth is this process's. */
	must(fault_init(fault), "fault injection");
	world.port = port_temporary(box, IPCBOX_UNLIMITED);
	before = snapshot_take(&world);
	while (dup(box) < 63)
		;
	fault_arm(fault, n);
	ret = port_create(box, &attr);
	kind = fault_disarm(fault);
	if (kind == FAULT_NONE)
		return ret == 64 ? kind : -1;
	if (kind == FAULT_SLAB && fault->leak_checker && ret == 64)
		return FAULT_OTHER;
	if (fcntl(box, F_DUPFD, 64) != 64)
		return -1;
	close_range(before.next_fd, ~0U, 0);
	after = snapshot_take(&world);
	return kind < FAULT_KINDS &&
	       ret == (kind == FAULT_COPY ? -EFAULT : -ENOMEM) &&
	       !memcmp(&before, &after, sizeof(after)) ? kind : -1;
}

TEST_F_TIMEOUT(faults, create_with_a_table_that_grows, PATH_TIMEOUT)
{
	unsigned int n, count[FAULT_KINDS] = {};
	struct world world = { .box = self->box };
	enum fault_kind kind;
	pid_t pid;

	for (n = 1; ; n++) {
		pid = fork();
		if (!pid)
			_exit(grow_table(&self->fault, self->box, n));
		kind = child_wait(pid);
		world_delete_ports(&world);
		if (kind == FAULT_OTHER)
			continue;
		if (kind >= FAULT_KINDS)
			break;
		count[kind]++;
	}
	EXPECT_EQ(FAULT_NONE, kind)
		TH_LOG("where number %u failed", n);
	TH_LOG("failed in turn: %u objects, %u pages, %u copies",
	       count[FAULT_SLAB], count[FAULT_PAGES], count[FAULT_COPY]);
	/* Those of any port, and two for the table. */
	EXPECT_LE(6, count[FAULT_SLAB] + count[FAULT_PAGES]);
}

TEST_HARNESS_MAIN
