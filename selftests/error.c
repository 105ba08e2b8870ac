// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls with something wrong about them: refused with the right error, and as
 * if they had not been made
 */

#include "call.h"
#include "memory.h"

#include <kselftest_harness.h>

FIXTURE(error)
{
	int box;
	int port;	/* with "first" of type 1, then "second" of type 2 */
	void *nowhere;
	struct ipcbox_stat stat;
	struct ipcbox_info info;
};

FIXTURE_SETUP(error)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, 8);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, msg_send(self->port, "first", 5, 1, 1, 0));
	ASSERT_EQ(0, msg_send(self->port, "second", 6, 2, 1, 0));
	self->nowhere = memory_nowhere();
	/* Charged is the real user: one of whom nothing else is left. */
	ASSERT_EQ(0, setresuid(4200, 0, 0));
	ASSERT_EQ(0, port_stat(self->port, &self->stat));
	ASSERT_EQ(0, box_info(self->box, &self->info));
}

/* After all that went wrong everything is as it was at the beginning. */
FIXTURE_TEARDOWN(error)
{
	struct ipcbox_stat stat = {};
	struct ipcbox_info info = {};
	char buf[8];

	EXPECT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, memcmp(&self->stat, &stat, sizeof(stat)));
	EXPECT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(0, memcmp(&self->info, &info, sizeof(info)));
	EXPECT_EQ(5, sys_read(self->port, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "first", 5));
	EXPECT_EQ(6, sys_read(self->port, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "second", 6));
	close(self->port);
	close(self->box);
}

struct command {
	const char *name;
	unsigned long cmd;
	bool handle;
	bool out;	/* writes its struct */
};

#define COMMAND(cmd, handle, out) { #cmd, cmd, handle, out }

static const struct command commands[] = {
	COMMAND(IPCBOX_INFO, false, true),
	COMMAND(IPCBOX_PORT_CREATE, false, true),
	COMMAND(IPCBOX_PORT_OPEN, false, true),
	COMMAND(IPCBOX_PORT_DELETE, false, false),
	COMMAND(IPCBOX_PORT_LIST, false, true),
	COMMAND(IPCBOX_INBOX, false, true),
	COMMAND(IPCBOX_SEND_TO, false, true),
	COMMAND(IPCBOX_USER_LIST, false, true),
	COMMAND(IPCBOX_PIPE, false, true),
	COMMAND(IPCBOX_SEND, true, true),
	COMMAND(IPCBOX_RECV, true, true),
	COMMAND(IPCBOX_STAT, true, true),
	COMMAND(IPCBOX_SET, true, false),
	COMMAND(IPCBOX_ACK, true, false),
	COMMAND(IPCBOX_NACK, true, false),
	COMMAND(IPCBOX_CALL, true, true),
	COMMAND(IPCBOX_REPLY, true, true),
};

#define for_each_command(command) \
	for ((command) = commands; \
	     (command) < commands + ARRAY_SIZE(commands); (command)++)

static int fd_of(const struct command *command, int box, int port)
{
	return command->handle ? port : box;
}

/* Commands */

TEST_F(error, unknown_numbers)
{
	int nr;

	for (nr = 0; nr < 256; nr++) {
		unsigned int cmd = _IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC, nr,
					128);

		if (nr > 0x09)
			EXPECT_EQ(-ENOTTY, sys_ioctl(self->box, cmd,
						     self->nowhere))
				TH_LOG("number %#x", nr);
		if ((nr < 0x40 || nr > 0x47) && nr != _IOC_NR(IPCBOX_ACCEPT))
			EXPECT_EQ(-ENOTTY, sys_ioctl(self->port, cmd,
						     self->nowhere))
				TH_LOG("number %#x", nr);
	}
}

TEST_F(error, unknown_types_and_directions)
{
	const struct command *command;
	int dir;

	for_each_command(command) {
		int fd = fd_of(command, self->box, self->port);
		unsigned int nr = _IOC_NR(command->cmd);
		unsigned int size = _IOC_SIZE(command->cmd);

		EXPECT_EQ(-ENOTTY, sys_ioctl(fd, _IOC(_IOC_DIR(command->cmd),
						      IPCBOX_IOC + 1, nr, size),
					     self->nowhere))
			TH_LOG("%s", command->name);
		EXPECT_EQ(-ENOTTY, sys_ioctl(fd, _IOC(_IOC_DIR(command->cmd), 0,
						      nr, size), self->nowhere))
			TH_LOG("%s", command->name);
		for (dir = 0; dir < 4; dir++)
			if (dir != _IOC_DIR(command->cmd))
				EXPECT_EQ(-ENOTTY,
					  sys_ioctl(fd, _IOC(dir, IPCBOX_IOC,
							     nr, size),
						    self->nowhere))
					TH_LOG("%s", command->name);
	}
}

TEST_F(error, commands_of_the_other_descriptor)
{
	const struct command *command;
	int n;

	for_each_command(command) {
		int fd = fd_of(command, self->port, self->box);

		EXPECT_EQ(-ENOTTY, sys_ioctl(fd, command->cmd, self->nowhere))
			TH_LOG("%.30s", command->name);
	}
	EXPECT_EQ(-ENOTTY, sys_ioctl(self->box, FIONREAD, &n));
	/* TIOCGWINSZ, as isatty() would ask. */
	EXPECT_EQ(-ENOTTY, sys_ioctl(self->port, 0x5413, self->nowhere));
}

/* What a box is not. */
TEST_F(error, a_box_is_not_a_stream)
{
	char buf[8];

	EXPECT_EQ(-EINVAL, sys_read(self->box, buf, sizeof(buf)));
	EXPECT_EQ(-EINVAL, sys_write(self->box, "hello", 5));
	EXPECT_EQ(-1, lseek(self->box, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->box, 0) ==
		    MAP_FAILED);
	EXPECT_TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->port, 0) ==
		    MAP_FAILED);
}

/* Pointers to the struct */

TEST_F(error, no_struct)
{
	const struct command *command;

	for_each_command(command) {
		int fd = fd_of(command, self->box, self->port);

		EXPECT_EQ(-EFAULT, sys_ioctl(fd, command->cmd, NULL))
			TH_LOG("%s", command->name);
		EXPECT_EQ(-EFAULT, sys_ioctl(fd, command->cmd, self->nowhere))
			TH_LOG("%s", command->name);
		EXPECT_EQ(-EFAULT, sys_ioctl(fd, command->cmd, (void *)-1L))
			TH_LOG("%s", command->name);
		EXPECT_EQ(-EFAULT, sys_ioctl(fd, command->cmd,
					     (void *)-PAGE))
			TH_LOG("%s", command->name);
	}
}

TEST_F(error, half_a_struct)
{
	const struct command *command;

	for_each_command(command) {
		int fd = fd_of(command, self->box, self->port);
		size_t size = _IOC_SIZE(command->cmd);

		EXPECT_EQ(-EFAULT, sys_ioctl(fd, command->cmd,
					     memory_before_hole(size - 1)))
			TH_LOG("%s", command->name);
		EXPECT_EQ(-EFAULT, sys_ioctl(fd, command->cmd,
					     memory_before_hole(8)))
			TH_LOG("%s", command->name);
	}
}

/* A struct that the kernel cannot write its answer to. */

TEST_F(error, send_cannot_tell_the_id)
{
	struct ipcbox_send send = { .data = (uintptr_t)"x", .len = 1 };

	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_SEND,
				     memory_read_only(&send, sizeof(send))));
	send.flags = IPCBOX_NOWAIT;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_SEND,
				     memory_read_only(&send, sizeof(send))));
}

TEST_F(error, recv_cannot_tell_the_metadata)
{
	char buf[16];
	struct ipcbox_recv recv = {
		.data = (uintptr_t)buf,
		.len = sizeof(buf),
	};

	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV,
				     memory_read_only(&recv, sizeof(recv))));
	recv.type = 2;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV,
				     memory_read_only(&recv, sizeof(recv))));
	recv.flags = IPCBOX_PEEK;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV,
				     memory_read_only(&recv, sizeof(recv))));
	/* Not even how long a buffer would have to be. */
	recv.flags = 0;
	recv.len = 1;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV,
				     memory_read_only(&recv, sizeof(recv))));
}

TEST_F(error, create_cannot_tell_the_id)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int next = dup(self->box);

	close(next);
	EXPECT_EQ(-EFAULT, port_create(self->box,
				       memory_read_only(&attr, sizeof(attr))));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	attr = port_attr(NULL);
	EXPECT_EQ(-EFAULT, port_create(self->box,
				       memory_read_only(&attr, sizeof(attr))));
	EXPECT_EQ(next, dup(self->box));
	close(next);
}

TEST_F(error, open_cannot_tell_the_id)
{
	struct ipcbox_port_open open = { .id = self->stat.id };
	int next = dup(self->box);

	close(next);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_PORT_OPEN,
				     memory_read_only(&open, sizeof(open))));
	EXPECT_EQ(next, dup(self->box));
	close(next);
}

TEST_F(error, others_cannot_tell_anything)
{
	struct ipcbox_info info = {};
	struct ipcbox_stat stat = {}, entry;
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};

	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_INFO,
				     memory_read_only(&info, sizeof(info))));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_STAT,
				     memory_read_only(&stat, sizeof(stat))));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_PORT_LIST,
				     memory_read_only(&list, sizeof(list))));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, FIONREAD, self->nowhere));
}

/* The two that only read are content with read-only memory. */
TEST_F(error, set_and_delete_write_nothing)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_port_delete delete = { .name = "alpha" };
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MODE,
		.mode = self->stat.mode,
	};
	int port;

	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SET,
			       memory_read_only(&set, sizeof(set))));
	port = port_create(self->box, &attr);
	EXPECT_LE(0, port);
	EXPECT_EQ(0, sys_ioctl(self->box, IPCBOX_PORT_DELETE,
			       memory_read_only(&delete, sizeof(delete))));
	close(port);
}

TEST_F(error, user_entries_nowhere)
{
	struct ipcbox_user_list list = {
		.entries = (uintptr_t)self->nowhere,
		.entry_size = sizeof(struct ipcbox_user_entry),
		.count = 1,
	};

	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_USER_LIST, &list));
	list.entries = (uintptr_t)memory_before_hole(list.entry_size - 1);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_USER_LIST, &list));
	list.entries = 0xffff888000000000;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_USER_LIST, &list));
	/* The known part fits, the zeros behind it do not. */
	list.entries = (uintptr_t)memory_before_hole(list.entry_size);
	list.entry_size += 8;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_USER_LIST, &list));
	list.entry_size -= 8;
	EXPECT_EQ(0, sys_ioctl(self->box, IPCBOX_USER_LIST, &list));
	EXPECT_EQ(1, list.count);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_USER_LIST,
				     memory_read_only(&list, sizeof(list))));
}

TEST_F(error, list_entries_nowhere)
{
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)self->nowhere,
		.entry_size = sizeof(struct ipcbox_stat),
		.count = 1,
	};

	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_PORT_LIST, &list));
	list.entries = (uintptr_t)memory_before_hole(list.entry_size - 1);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_PORT_LIST, &list));
	list.entries = 0xffff888000000000;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_PORT_LIST, &list));
	/* The known part fits, the zeros behind it do not. */
	list.entries = (uintptr_t)memory_before_hole(list.entry_size);
	list.entry_size += 8;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_PORT_LIST, &list));
	list.entry_size -= 8;
	list.count = ~0U;
	EXPECT_EQ(0, sys_ioctl(self->box, IPCBOX_PORT_LIST, &list));
	EXPECT_EQ(1, list.count);
}

/* Pointers to the payload */

static int send_from(int port, uint64_t data, uint64_t len, uint64_t flags)
{
	struct ipcbox_send send = { .data = data, .len = len, .flags = flags };

	return sys_ioctl(port, IPCBOX_SEND, &send);
}

static int recv_to(int port, uint64_t data, uint64_t len, uint64_t flags)
{
	struct ipcbox_recv recv = { .data = data, .len = len, .flags = flags };

	return sys_ioctl(port, IPCBOX_RECV, &recv);
}

/* Inline, in memory of its own, of several pages. */
static const size_t lens[] = { 1, 100, 300, 5000, 100000 };

TEST_F(error, a_payload_that_cannot_be_read)
{
	int i, flags;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		uintptr_t hole = (uintptr_t)memory_before_hole(lens[i] / 2);

		for (flags = 0; flags <= IPCBOX_NOWAIT; flags++) {
			EXPECT_EQ(-EFAULT, send_from(self->port, 0, lens[i],
						     flags));
			EXPECT_EQ(-EFAULT, send_from(self->port, hole, lens[i],
						     flags));
			/* The kernel's own memory, and around its edge. */
			EXPECT_EQ(-EFAULT, send_from(self->port,
						     0xffff888000000000,
						     lens[i], flags));
			EXPECT_EQ(-EFAULT, send_from(self->port,
						     0xffffffff81000000,
						     lens[i], flags));
			EXPECT_EQ(-EFAULT, send_from(self->port,
						     0x00007fffffffffff,
						     lens[i], flags));
			EXPECT_EQ(-EFAULT, send_from(self->port, ~0ULL,
						     lens[i], flags));
		}
		EXPECT_EQ(-EFAULT, sys_write(self->port, (void *)hole,
					     lens[i]));
	}
}

TEST_F(error, a_buffer_that_cannot_be_written)
{
	static const uint64_t flags[] = {
		0, IPCBOX_NOWAIT, IPCBOX_PEEK, IPCBOX_NOWAIT | IPCBOX_PEEK,
	};
	uintptr_t read_only = (uintptr_t)memory_read_only("", 1);
	uintptr_t hole = (uintptr_t)memory_before_hole(3);
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(-EFAULT, recv_to(self->port, 0, 64, flags[i]));
		EXPECT_EQ(-EFAULT, recv_to(self->port, hole, 64, flags[i]));
		EXPECT_EQ(-EFAULT, recv_to(self->port, read_only, 64,
					   flags[i]));
		EXPECT_EQ(-EFAULT, recv_to(self->port, 0xffff888000000000, 64,
					   flags[i]));
		EXPECT_EQ(-EFAULT, recv_to(self->port, 0xffffffff81000000, 64,
					   flags[i]));
		EXPECT_EQ(-EFAULT, recv_to(self->port, ~0ULL, 64, flags[i]));
	}
	EXPECT_EQ(-EFAULT, sys_read(self->port, (void *)hole, 64));
	EXPECT_EQ(-EFAULT, sys_read(self->port, (void *)read_only, 64));
}

TEST_F(error, large_payloads_that_cannot_be_delivered_stay)
{
	char *data = malloc(100000), *buf = malloc(100000);
	int i, port = port_temporary(self->box, IPCBOX_UNLIMITED);

	memset(data, 'x', 100000);
	for (i = 0; i < ARRAY_SIZE(lens); i++)
		ASSERT_EQ(lens[i], sys_write(port, data, lens[i]));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		void *hole = memory_before_hole(lens[i] / 2);

		EXPECT_EQ(-EFAULT, sys_read(port, hole, lens[i]));
		EXPECT_EQ(-EFAULT, sys_read(port, hole, lens[i]));
		memset(buf, 0, lens[i]);
		ASSERT_EQ(lens[i], sys_read(port, buf, lens[i]));
		EXPECT_EQ(0, memcmp(data, buf, lens[i]));
	}
	close(port);
	free(data);
	free(buf);
}

TEST_F(error, a_waiting_receiver_with_a_bad_buffer)
{
	int port = port_temporary(self->box, 0);
	struct call recv = call_init(CALL_RECV, port);
	struct call send = call_text(port, "hello", 0);
	struct ipcbox_stat stat;
	char buf[8] = {};

	recv.data = self->nowhere;
	recv.len = 64;
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	call_start(&send);
	EXPECT_EQ(-EFAULT, call_join(&recv));
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1, stat.messages);
	EXPECT_EQ(5, sys_read(port, buf, sizeof(buf)));
	EXPECT_STREQ("hello", buf);
	EXPECT_EQ(0, call_join(&send));
	close(port);
}

/* Without waiting, the send has succeeded: the message is in line, alone. */
TEST_F(error, a_rendezvous_without_waiting_meets_a_bad_buffer)
{
	int port = port_temporary(self->box, 0);
	struct call recv = call_init(CALL_RECV, port);
	struct ipcbox_stat stat;
	char buf[8] = {};

	recv.data = self->nowhere;
	recv.len = 64;
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	ASSERT_EQ(0, msg_send(port, "hello", 5, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(-EFAULT, call_join(&recv));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(1, stat.messages);
	EXPECT_EQ(-EAGAIN, msg_send(port, "hello", 5, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(5, sys_read(port, buf, sizeof(buf)));
	EXPECT_STREQ("hello", buf);
	close(port);
}

/* Lengths */

TEST_F(error, lengths_beyond_all_bounds)
{
	static const uint64_t huge[] = {
		(16 << 20) + 1, 1U << 31, 0xffffffff, 1ULL << 32,
		(1ULL << 32) + 1, 1ULL << 40, 1ULL << 63, ~0ULL,
	};
	char data[64] = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(huge); i++) {
		if (huge[i] <= self->info.max_msgsize)
			continue;
		EXPECT_EQ(-EMSGSIZE, send_from(self->port, (uintptr_t)data,
					       huge[i], 0))
			TH_LOG("%#llx", (unsigned long long)huge[i]);
		EXPECT_EQ(-EMSGSIZE, send_from(self->port, 0, huge[i], 0));
		EXPECT_EQ(-EINVAL, send_from(self->port, (uintptr_t)data,
					     huge[i], IPCBOX_IOVEC));
		EXPECT_EQ(-EINVAL, recv_to(self->port, (uintptr_t)data,
					   huge[i], IPCBOX_IOVEC));
	}
}

/* A buffer may claim to be of any length: only the message is written. */
TEST_F(error, buffers_beyond_all_bounds)
{
	static const uint64_t huge[] = { 0xffffffff, 1ULL << 40, ~0ULL };
	char *buf = memory_before_hole(5);
	int i;

	for (i = 0; i < ARRAY_SIZE(huge); i++) {
		memset(buf, 0, 5);
		EXPECT_EQ(0, recv_to(self->port, (uintptr_t)buf, huge[i],
				     IPCBOX_PEEK));
		EXPECT_EQ(0, memcmp(buf, "first", 5));
	}
}

/* Segments */

TEST_F(error, segments_nowhere)
{
	uintptr_t nowhere = (uintptr_t)self->nowhere;
	const size_t size = sizeof(struct iovec);
	uintptr_t half = (uintptr_t)memory_before_hole(size + 1);

	EXPECT_EQ(-EFAULT, send_from(self->port, 0, 1, IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, send_from(self->port, nowhere, 1, IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, send_from(self->port, half, 2, IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, send_from(self->port, nowhere, 1024, IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, send_from(self->port, 0xffff888000000000, 1,
				     IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, recv_to(self->port, 0, 1, IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, recv_to(self->port, nowhere, 1, IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, recv_to(self->port, half, 2, IPCBOX_IOVEC));
	EXPECT_EQ(-EFAULT, recv_to(self->port, nowhere, 1024, IPCBOX_IOVEC));
}

TEST_F(error, segments_of_nowhere)
{
	struct iovec segments[10] = {};
	char data[8];
	int i;

	for (i = 0; i < 10; i++)
		segments[i] = (struct iovec){ data, 1 };
	segments[9].iov_base = self->nowhere;
	EXPECT_EQ(-EFAULT, send_from(self->port, (uintptr_t)segments, 10,
				     IPCBOX_IOVEC));
	segments[9].iov_base = NULL;
	EXPECT_EQ(-EFAULT, send_from(self->port, (uintptr_t)segments, 10,
				     IPCBOX_IOVEC));
	segments[2].iov_base = self->nowhere;
	segments[2].iov_len = 100;
	EXPECT_EQ(-EFAULT, recv_to(self->port, (uintptr_t)segments, 10,
				   IPCBOX_IOVEC));
}

TEST_F(error, segments_of_negative_length)
{
	struct iovec segments[2] = {
		{ "abc", 3 }, { "def", (size_t)-1 },
	};

	EXPECT_EQ(-EINVAL, send_from(self->port, (uintptr_t)segments, 2,
				     IPCBOX_IOVEC));
	EXPECT_EQ(-EINVAL, recv_to(self->port, (uintptr_t)segments, 2,
				   IPCBOX_IOVEC));
	segments[1].iov_len = (size_t)1 << (sizeof(size_t) * 8 - 1);
	EXPECT_EQ(-EINVAL, send_from(self->port, (uintptr_t)segments, 2,
				     IPCBOX_IOVEC));
	EXPECT_EQ(-1, writev(self->port, segments, 2));
	EXPECT_EQ(EINVAL, errno);
}

/* Lengths whose sum is more than a message may have, or than a long holds. */
TEST_F(error, segments_that_overflow)
{
	static char data[64];
	struct iovec segments[4];
	ssize_t ret;
	int i;

	for (i = 0; i < 4; i++)
		segments[i] = (struct iovec){ data, 0x7fffffff };
	ret = send_from(self->port, (uintptr_t)segments, 4, IPCBOX_IOVEC);
	EXPECT_TRUE(ret == -EMSGSIZE || ret == -EINVAL || ret == -EFAULT);
	EXPECT_NE(0, ret);
	for (i = 0; i < 4; i++)
		segments[i].iov_len = (size_t)-1 >> 1;
	ret = send_from(self->port, (uintptr_t)segments, 4, IPCBOX_IOVEC);
	EXPECT_TRUE(ret == -EMSGSIZE || ret == -EINVAL || ret == -EFAULT);
	/* A sum that is small again if it is counted in 32 bits. */
	for (i = 0; i < 4; i++)
		segments[i].iov_len = (1U << 30) + 4;
	ret = send_from(self->port, (uintptr_t)segments, 4, IPCBOX_IOVEC);
	EXPECT_TRUE(ret == -EMSGSIZE || ret == -EINVAL || ret == -EFAULT);
}

/* Fields */

TEST_F(error, unknown_flags)
{
	struct ipcbox_send send = { .data = (uintptr_t)"x", .len = 1 };
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat = {};
	struct ipcbox_info info = {};
	struct ipcbox_port_list list = { .entry_size = sizeof(stat) };
	struct ipcbox_user_list users = {
		.entry_size = sizeof(struct ipcbox_user_entry),
	};
	int bit;

	for (bit = 0; bit < 64; bit++) {
		send.flags = 1ULL << bit;
		recv.flags = send.flags;
		stat.flags = send.flags;
		info.flags = send.flags;
		list.flags = send.flags;
		users.flags = send.flags;
		if (send.flags & ~(IPCBOX_NOWAIT | IPCBOX_IOVEC |
				   IPCBOX_RECEIPT))
			EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SEND,
						     &send));
		if (recv.flags & ~(IPCBOX_NOWAIT | IPCBOX_IOVEC | IPCBOX_PEEK |
				   IPCBOX_LEASE | IPCBOX_INHERIT_NICE))
			EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_RECV,
						     &recv));
		EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_STAT, &stat));
		EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_INFO, &info));
		EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_LIST,
					     &list));
		EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_USER_LIST,
					     &users));
	}
}

TEST_F(error, priorities_beyond_the_highest)
{
	EXPECT_EQ(-EINVAL, msg_send(self->port, "x", 1, 0, 32, 0));
	EXPECT_EQ(-EINVAL, msg_send(self->port, "x", 1, 0, 255, 0));
	EXPECT_EQ(-EINVAL, msg_send(self->port, "x", 1, 0, 256, 0));
	EXPECT_EQ(-EINVAL, msg_send(self->port, "x", 1, 0, ~0U, 0));
}

TEST_F(error, reserved_fields)
{
	struct ipcbox_send send = { .to = 1 };
	struct ipcbox_port_open open = { .id = self->stat.id, .reserved = 1 };

	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SEND, &send));
	send.to = getpid();
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SEND, &send));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_PORT_OPEN, &open));
}

/* Rights */

TEST_F(error, rights_that_a_handle_has_not)
{
	int sender = port_open_id(self->box, self->stat.id, IPCBOX_RIGHT_SEND);
	int receiver = port_open_id(self->box, self->stat.id,
				    IPCBOX_RIGHT_RECV);
	int nobody = port_open_id(self->box, self->stat.id, 0);
	struct ipcbox_set set = {};
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat;
	char buf[8];

	EXPECT_EQ(-EBADF, sys_read(sender, buf, sizeof(buf)));
	EXPECT_EQ(-EBADF, msg_recv(sender, buf, sizeof(buf), 0, &recv));
	EXPECT_EQ(-EBADF, msg_recv(sender, buf, sizeof(buf), IPCBOX_PEEK,
				   &recv));
	EXPECT_EQ(-EBADF, sys_write(receiver, "x", 1));
	EXPECT_EQ(-EBADF, msg_send(receiver, "x", 1, 0, 0, 0));
	EXPECT_EQ(-EBADF, sys_read(nobody, buf, sizeof(buf)));
	EXPECT_EQ(-EBADF, sys_write(nobody, "x", 1));
	EXPECT_EQ(-EBADF, msg_send(nobody, "x", 1, 0, 0, 0));
	EXPECT_EQ(-EBADF, msg_recv(nobody, buf, sizeof(buf), 0, &recv));
	EXPECT_EQ(-EBADF, sys_ioctl(sender, IPCBOX_SET, &set));
	EXPECT_EQ(-EBADF, sys_ioctl(receiver, IPCBOX_SET, &set));
	EXPECT_EQ(-EBADF, sys_ioctl(nobody, IPCBOX_SET, &set));
	EXPECT_EQ(0, port_stat(nobody, &stat));
	close(sender);
	close(receiver);
	close(nobody);
}

TEST_HARNESS_MAIN
