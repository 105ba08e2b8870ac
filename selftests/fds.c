// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors in messages: which may travel, when they are open at the receiver
 * and when not, and that none is left over
 *
 * Mostly the writing end of a pipe travels: the reading end tells whether any
 * descriptor of it is open anywhere, in a message or in a process.
 */

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <linux/io_uring.h>

#include "call.h"
#include "expect.h"
#include "memory.h"
#include "passing.h"
#include "user.h"

#include <kselftest_harness.h>

#define LARGE	(64UL << 10)	/* pinned in a rendezvous */
#define UNTOUCHED (-0x11111112)	/* where no number was written */

FIXTURE(fds)
{
	int box;
	int port;		/* without limits */
	int reader;		/* of a pipe */
	int writer;
	int open_before;
	int lowest;		/* number that is free, see send_two() */
	struct ipcbox_info before;
	struct ipcbox_recv recv;
	char text[64];
	int fds[IPCBOX_FDS_MAX + 1];
};

FIXTURE_SETUP(fds)
{
	int ends[2];

	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	self->reader = ends[0];
	self->writer = ends[1];
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->open_before = open_count();
	memset(self->fds, 0xee, sizeof(self->fds));
}

FIXTURE_TEARDOWN(fds)
{
	close(self->port);
	close(self->reader);
	close(self->writer);
	close(self->box);
}

static int receive(FIXTURE_DATA(fds) *self, uint32_t room, uint64_t flags)
{
	return recv_fds(self->port, self->text, &self->recv, self->fds, room,
			flags);
}

/* The only descriptor now is in a message, or where it has arrived. */
static void let_go(FIXTURE_DATA(fds) *self)
{
	close(self->writer);
	self->writer = -1;
	self->open_before--;
}

/* Arriving */

TEST_F(fds, one_arrives_open_and_closed_on_exec)
{
	char c = 0;

	ASSERT_EQ(0, send_fd(self->port, "pipe", self->writer));
	let_go(self);
	EXPECT_TRUE(still_open(self->reader));
	ASSERT_EQ(0, receive(self, 1, 0));
	EXPECT_STREQ("pipe", self->text);
	EXPECT_EQ(1, self->recv.nr_fds);
	EXPECT_EQ(0, self->recv.msg_flags);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fds[0], F_GETFD));
	ASSERT_EQ(1, write(self->fds[0], "x", 1));
	ASSERT_EQ(1, read(self->reader, &c, 1));
	EXPECT_EQ('x', c);
	EXPECT_NOTHING_CHARGED(self);
	close(self->fds[0]);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, it_is_the_same_open_file)
{
	int file = memfd_create("shared", MFD_CLOEXEC), other;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, send_fd(self->port, "", file));
	other = recv_fd(self->port, 0);
	ASSERT_LE(0, other);
	EXPECT_NE(file, other);
	/* They share the position. */
	ASSERT_EQ(5, write(file, "hello", 5));
	EXPECT_EQ(5, lseek(other, 0, SEEK_CUR));
}

TEST_F(fds, many_arrive_in_order)
{
	int i, files[3];
	char c;

	for (i = 0; i < 3; i++) {
		files[i] = memfd_create("one", MFD_CLOEXEC);
		ASSERT_EQ(1, pwrite(files[i], &"abc"[i], 1, 0));
	}
	ASSERT_EQ(0, send_fds(self->port, "three", files, 3));
	ASSERT_EQ(0, receive(self, 8, 0));
	EXPECT_EQ(3, self->recv.nr_fds);
	EXPECT_EQ(0, self->recv.msg_flags);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, pread(self->fds[i], &c, 1, 0));
		EXPECT_EQ("abc"[i], c);
	}
	/* Not touched. */
	EXPECT_EQ(UNTOUCHED, self->fds[3]);
}

TEST_F(fds, as_many_as_there_may_be)
{
	int many[IPCBOX_FDS_MAX + 1], i;

	for (i = 0; i < IPCBOX_FDS_MAX + 1; i++)
		many[i] = self->writer;
	EXPECT_EQ(-EINVAL, send_fds(self->port, "", many, IPCBOX_FDS_MAX + 1));
	EXPECT_EQ(-EINVAL, send_fds(self->port, "", many, ~0U));
	ASSERT_EQ(0, send_fds(self->port, "", many, IPCBOX_FDS_MAX));
	let_go(self);
	ASSERT_EQ(0, receive(self, ~0U, 0));
	ASSERT_EQ(IPCBOX_FDS_MAX, self->recv.nr_fds);
	EXPECT_EQ(self->open_before + IPCBOX_FDS_MAX, open_count());
	for (i = 0; i < IPCBOX_FDS_MAX; i++)
		EXPECT_EQ(0, close(self->fds[i]));
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, a_message_without_any_tells_so)
{
	ASSERT_EQ(0, send_fds(self->port, "none", NULL, 0));
	self->recv.nr_fds = 7;
	ASSERT_EQ(0, receive(self, 3, 0));
	EXPECT_EQ(0, self->recv.nr_fds);
	EXPECT_EQ(0, self->recv.msg_flags);
	EXPECT_EQ(UNTOUCHED, self->fds[0]);
}

TEST_F(fds, from_one_process_to_another)
{
	pid_t pid = fork();
	char c = 0;
	int fd;

	if (!pid) {
		close(self->writer);
		fd = recv_fd(self->port, 0);
		_exit(fd < 0 || write(fd, "y", 1) != 1);
	}
	ASSERT_EQ(0, send_fd(self->port, "", self->writer));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(1, read(self->reader, &c, 1));
	EXPECT_EQ('y', c);
	let_go(self);
	EXPECT_ALL_CLOSED(self);
}

/* With the payload in the sender's pages, and with a receipt. */
TEST_F(fds, in_a_rendezvous)
{
	int rendezvous = port_temporary(self->box, 0), fd;
	struct call sender = call_init(CALL_SEND, rendezvous);
	struct ipcbox_recv recv = { .fds = (uintptr_t)&fd, .fds_size = 1 };
	char *room = malloc(LARGE);

	self->open_before++;
	sender.data = memory_pages(LARGE / PAGE);
	sender.len = LARGE;
	sender.send.flags = IPCBOX_RECEIPT;
	sender.send.fds = (uintptr_t)&self->writer;
	sender.send.nr_fds = 1;
	call_start(&sender);
	ASSERT_TRUE(wait_for_waiters(rendezvous, 1, 0));
	ASSERT_EQ(0, msg_recv(rendezvous, room, LARGE, 0, &recv));
	EXPECT_EQ(0, call_join(&sender));
	EXPECT_EQ(1, recv.nr_fds);
	let_go(self);
	EXPECT_TRUE(still_open(self->reader));
	close(fd);
	EXPECT_ALL_CLOSED(self);
}

/* What may be sent */

static int uring(void)
{
	struct io_uring_params params = {};

	return syscall(SYS_io_uring_setup, 1, &params);
}

TEST_F(fds, what_could_keep_a_handle_is_refused)
{
	int pair[2], with[2] = { self->writer }, i;
	int refused[8] = {
		self->port, self->box,
		port_open_id(self->box, port_id(self->port), IPCBOX_RIGHT_SEND),
		socket(AF_INET, SOCK_STREAM, 0),
		epoll_create1(0), uring(),
	};

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	memcpy(refused + 6, pair, sizeof(pair));
	for (i = 0; i < 8; i++) {
		/* io_uring may be switched off. */
		if (refused[i] < 0 && i == 5)
			continue;
		ASSERT_LE(0, refused[i]);
		with[1] = refused[i];
		EXPECT_EQ(-ELOOP, send_fds(self->port, "", with, 2))
			TH_LOG("number %d", i);
		if (i > 1)
			close(refused[i]);
	}
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	/* Nothing keeps them either. */
	EXPECT_STAT(self->port, handles, 1);
	let_go(self);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, everything_else_may_be_sent)
{
	sigset_t none;
	int i, fd;

	sigemptyset(&none);
	int files[] = {
		eventfd(0, 0), timerfd_create(CLOCK_MONOTONIC, 0),
		signalfd(-1, &none, 0), inotify_init1(0),
		syscall(SYS_pidfd_open, getpid(), 0),
		memfd_create("memory", 0), open("/dev/null", O_RDWR),
		open("/", O_RDONLY | O_DIRECTORY), open("/dev/ipcbox", O_PATH),
		open("/proc/self/ns/net", O_RDONLY),
		open("/proc/self/net/ipcbox", O_RDONLY), self->reader,
	};

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		ASSERT_LE(0, files[i]);
		ASSERT_EQ(0, send_fd(self->port, "", files[i]))
			TH_LOG("number %d", i);
		fd = recv_fd(self->port, 0);
		EXPECT_LE(0, fd);
		close(fd);
	}
}

TEST_F(fds, a_bad_one_fails_the_send_and_closes_those_before_it)
{
	int bad[] = { -1, 4000, INT32_MAX, INT32_MIN }, i;
	int with[2] = { self->writer };
	int *half = memory_before_hole(sizeof(int));

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		with[1] = bad[i];
		EXPECT_EQ(-EBADF, send_fds(self->port, "", with, 2));
	}
	half[0] = self->writer;
	EXPECT_EQ(-EFAULT, send_fds(self->port, "", half, 2));
	EXPECT_EQ(-EFAULT, send_fds(self->port, "", NULL, 1));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	let_go(self);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, fields_are_checked)
{
	struct ipcbox_send send = send_with("", &self->writer, 1);

	send.reserved2 = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SEND, &send));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
}

/* Not arriving */

TEST_F(fds, those_without_room_are_closed_and_reported)
{
	int with[3] = { self->reader, self->writer, self->writer };

	ASSERT_EQ(0, send_fds(self->port, "", with, 3));
	let_go(self);
	ASSERT_EQ(0, receive(self, 1, 0));
	EXPECT_EQ(3, self->recv.nr_fds);
	EXPECT_EQ(IPCBOX_MSG_FDS_LOST, self->recv.msg_flags);
	EXPECT_EQ(UNTOUCHED, self->fds[1]);
	EXPECT_EQ(self->open_before + 1, open_count());
	close(self->fds[0]);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, without_room_all_are_closed)
{
	ASSERT_EQ(0, send_fd(self->port, "", self->writer));
	let_go(self);
	ASSERT_EQ(0, receive(self, 0, 0));
	EXPECT_EQ(1, self->recv.nr_fds);
	EXPECT_EQ(IPCBOX_MSG_FDS_LOST, self->recv.msg_flags);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, read_loses_them)
{
	ASSERT_EQ(0, send_fd(self->port, "text", self->writer));
	let_go(self);
	EXPECT_EQ(4, sys_read(self->port, self->text, sizeof(self->text)));
	EXPECT_ALL_CLOSED(self);
}

/* As it was before there were descriptors. */
TEST_F(fds, an_older_program_loses_them_and_may_see_it)
{
	const size_t size = offsetof(struct ipcbox_recv, fds);
	struct ipcbox_recv recv = {
		.data = (uintptr_t)self->text, .len = sizeof(self->text),
		.fds = (uintptr_t)self->fds, .fds_size = 5, .nr_fds = 6,
	};

	ASSERT_EQ(0, send_fd(self->port, "text", self->writer));
	let_go(self);
	EXPECT_EQ(0, sys_ioctl(self->port, _IOC(_IOC_READ | _IOC_WRITE,
						IPCBOX_IOC, 0x41, size), &recv));
	EXPECT_EQ(IPCBOX_MSG_FDS_LOST, recv.msg_flags);
	EXPECT_EQ(6, recv.nr_fds);
	EXPECT_EQ(UNTOUCHED, self->fds[0]);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, an_older_program_sends_none)
{
	const size_t size = offsetof(struct ipcbox_send, fds);
	struct ipcbox_send send = send_with("old", &self->writer, 1);

	ASSERT_EQ(0, sys_ioctl(self->port, _IOC(_IOC_READ | _IOC_WRITE,
						IPCBOX_IOC, 0x40, size), &send));
	ASSERT_EQ(0, receive(self, 1, 0));
	EXPECT_EQ(0, self->recv.nr_fds);
}

TEST_F(fds, a_peek_opens_none)
{
	ASSERT_EQ(0, send_fd(self->port, "text", self->writer));
	let_go(self);
	ASSERT_EQ(0, receive(self, 1, IPCBOX_PEEK));
	EXPECT_EQ(1, self->recv.nr_fds);
	EXPECT_EQ(0, self->recv.msg_flags);
	EXPECT_EQ(UNTOUCHED, self->fds[0]);
	EXPECT_EQ(self->open_before, open_count());
	ASSERT_EQ(0, receive(self, 1, 0));
	EXPECT_EQ(0, self->recv.msg_flags);
	close(self->fds[0]);
	EXPECT_ALL_CLOSED(self);
}

/* Receives that fail */

#define EXPECT_STILL_FIRST(self) do {					\
	EXPECT_EQ((self)->open_before, open_count());			\
	EXPECT_EQ((self)->lowest, lowest_free());			\
	EXPECT_MESSAGES((self)->port, 2, 0, 0);				\
	EXPECT_TRUE(still_open((self)->reader));			\
} while (0)

/* Then the message is received after all, and is whole. */
#define EXPECT_ARRIVES(self) do {					\
	ASSERT_EQ(0, receive(self, 2, 0));				\
	EXPECT_STREQ("first", (self)->text);				\
	EXPECT_EQ(2, (self)->recv.nr_fds);				\
	EXPECT_EQ((self)->open_before + 2, open_count());		\
	close((self)->fds[0]);						\
	close((self)->fds[1]);						\
	ASSERT_EQ(0, receive(self, 2, 0));				\
	EXPECT_STREQ("second", (self)->text);				\
	EXPECT_ALL_CLOSED(self);					\
} while (0)

static void send_two(FIXTURE_DATA(fds) *self)
{
	int with[2] = { self->writer, self->writer };

	if (send_fds(self->port, "first", with, 2) ||
	    send_fds(self->port, "second", NULL, 0))
		abort();
	let_go(self);
	self->lowest = lowest_free();
}

TEST_F(fds, without_free_numbers_the_message_stays_first)
{
	struct rlimit limit, few;

	send_two(self);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	/* One number is left. */
	few = (struct rlimit){ self->lowest + 1, limit.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	EXPECT_EQ(-EMFILE, receive(self, 2, 0));
	EXPECT_EQ(-EMFILE, receive(self, 2, IPCBOX_LEASE));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_STILL_FIRST(self);
	EXPECT_ARRIVES(self);
}

TEST_F(fds, numbers_that_cannot_be_told)
{
	struct ipcbox_recv recv = {
		.data = (uintptr_t)self->text, .len = sizeof(self->text),
		.fds = (uintptr_t)memory_before_hole(sizeof(int)),
		.fds_size = 2,
	};

	send_two(self);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV, &recv));
	recv.flags = IPCBOX_LEASE;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV, &recv));
	/* One of them was written, and is no descriptor. */
	EXPECT_EQ(-1, fcntl(*(int *)recv.fds, F_GETFD));
	EXPECT_STILL_FIRST(self);
	/* Not even one. */
	recv.fds = (uintptr_t)memory_nowhere();
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV, &recv));
	EXPECT_STILL_FIRST(self);
	EXPECT_ARRIVES(self);
}

TEST_F(fds, metadata_that_cannot_be_told)
{
	struct ipcbox_recv recv = {
		.data = (uintptr_t)self->text, .len = sizeof(self->text),
		.fds = (uintptr_t)self->fds, .fds_size = 2,
	};

	send_two(self);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV,
				     memory_read_only(&recv, sizeof(recv))));
	EXPECT_STILL_FIRST(self);
	recv.len = 2;
	EXPECT_EQ(-EMSGSIZE, sys_ioctl(self->port, IPCBOX_RECV, &recv));
	recv.len = sizeof(self->text);
	recv.data = (uintptr_t)memory_nowhere();
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV, &recv));
	EXPECT_STILL_FIRST(self);
	EXPECT_ARRIVES(self);
}

/* Leases */

TEST_F(fds, a_lease_opens_them_at_each_delivery)
{
	int i;

	ASSERT_EQ(0, send_fd(self->port, "", self->writer));
	let_go(self);
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, receive(self, 1, IPCBOX_LEASE));
		EXPECT_EQ(i, self->recv.deliveries);
		EXPECT_EQ(1, self->recv.nr_fds);
		ASSERT_EQ(0, close(self->fds[0]));
		EXPECT_EQ(0, msg_nack(self->port, self->recv.msg_id));
		EXPECT_TRUE(still_open(self->reader));
	}
	/* Too little room at one time is not for ever. */
	ASSERT_EQ(0, receive(self, 0, IPCBOX_LEASE));
	EXPECT_TRUE(self->recv.msg_flags & IPCBOX_MSG_FDS_LOST);
	EXPECT_EQ(0, msg_nack(self->port, self->recv.msg_id));
	ASSERT_EQ(0, receive(self, 1, IPCBOX_LEASE));
	EXPECT_FALSE(self->recv.msg_flags & IPCBOX_MSG_FDS_LOST);
	close(self->fds[0]);
	EXPECT_TRUE(still_open(self->reader));
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
	EXPECT_ALL_CLOSED(self);
}

/* Ends without a receiver */

TEST_F(fds, a_send_that_fails_keeps_none)
{
	int full = port_temporary(self->box, 1);
	struct ipcbox_send send = send_with("", &self->writer, 1);

	ASSERT_EQ(1, sys_write(full, "x", 1));
	send.flags = IPCBOX_NOWAIT;
	EXPECT_EQ(-EAGAIN, sys_ioctl(full, IPCBOX_SEND, &send));
	send.flags = 0;
	send.deadline = in_ns(MSEC);
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(full, IPCBOX_SEND, &send));
	/* Its answer could not be told. */
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_SEND,
				     memory_read_only(&send, sizeof(send))));
	close(full);
	let_go(self);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, a_killed_sender_that_waits_keeps_none)
{
	int full = port_temporary(self->box, 1);
	pid_t pid;

	ASSERT_EQ(1, sys_write(full, "x", 1));
	pid = fork();
	if (!pid)
		_exit(send_fd(full, "", self->writer));
	let_go(self);
	ASSERT_TRUE(wait_for_waiters(full, 1, 0));
	EXPECT_TRUE(still_open(self->reader));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	close(full);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, a_deleted_port_keeps_none)
{
	struct ipcbox_port_create attr = port_attr("gone");
	int port = port_create(self->box, &attr);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, send_fd(port, "", self->writer));
	let_go(self);
	EXPECT_TRUE(still_open(self->reader));
	ASSERT_EQ(0, port_delete(self->box, "gone"));
	EXPECT_TRUE(wait_until_closed(self->reader));
	close(port);
	EXPECT_ALL_CLOSED(self);
}

/* A port that outlives its handles keeps messages, but no files. */

TEST_F(fds, a_port_that_nobody_has_open_keeps_none)
{
	struct ipcbox_port_create attr = port_attr("kept");
	int first = port_create(self->box, &attr);
	int second = port_open(self->box, "kept", IPCBOX_RIGHT_SEND);
	int with[2] = { self->writer, self->writer };

	ASSERT_LE(0, second);
	ASSERT_EQ(0, send_fds(second, "text", with, 2));
	let_go(self);
	close(first);
	EXPECT_TRUE(still_open(self->reader));
	close(second);
	EXPECT_TRUE(wait_until_closed(self->reader));
	first = port_open(self->box, "kept", RIGHTS_IO);
	ASSERT_LE(0, first);
	ASSERT_EQ(0, recv_fds(first, self->text, &self->recv, self->fds, 5, 0));
	EXPECT_STREQ("text", self->text);
	EXPECT_EQ(IPCBOX_MSG_FDS_LOST, self->recv.msg_flags);
	EXPECT_EQ(2, self->recv.nr_fds);
	EXPECT_EQ(-1, self->fds[0]);
	EXPECT_EQ(-1, self->fds[1]);
	EXPECT_EQ(UNTOUCHED, self->fds[2]);
	close(first);
	EXPECT_EQ(0, port_delete(self->box, "kept"));
	EXPECT_ALL_CLOSED(self);
}

/* Nor what comes back when its holder closes. */
TEST_F(fds, nor_those_of_a_message_that_was_held)
{
	struct ipcbox_port_create attr = port_attr("held");
	int port = port_create(self->box, &attr), fd;

	ASSERT_LE(0, port);
	ASSERT_EQ(0, send_fd(port, "text", self->writer));
	let_go(self);
	fd = recv_fd(port, IPCBOX_LEASE);
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_TRUE(still_open(self->reader));
	close(port);
	EXPECT_TRUE(wait_until_closed(self->reader));
	EXPECT_EQ(0, port_delete(self->box, "held"));
	EXPECT_ALL_CLOSED(self);
}

/* Namespaces go a while after the last who is in them. */
static bool wait_until_uncharged(FIXTURE_DATA(fds) *self)
{
	uint64_t end = in_ns(20 * SEC);
	struct ipcbox_info info;

	do {
		if (box_info(self->box, &info))
			return false;
		if (info.user_bytes == self->before.user_bytes)
			return true;
		sleep_ns(10 * MSEC);
	} while (now_ns() < end);
	return false;
}

/* A file that keeps a namespace in a port that lives as long as that. */
TEST_F(fds, a_namespace_is_not_kept_by_its_own_port)
{
	struct ipcbox_port_create attr = port_attr("inside");
	pid_t pid = fork();
	int with[2], box, port;

	if (!pid) {
		box = box_private();
		port = port_create(box, &attr);
		with[0] = open("/proc/thread-self/net/ipcbox", O_RDONLY);
		with[1] = self->writer;
		_exit(port < 0 || with[0] < 0 || send_fds(port, "", with, 2));
	}
	let_go(self);
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_TRUE(wait_until_uncharged(self));
	EXPECT_ALL_CLOSED(self);
}

/* To a port that somebody has open, and to one that nobody has. */
TEST_F(fds, a_dead_letter_has_them_if_its_port_is_open)
{
	struct ipcbox_port_create attr = port_attr("dead");
	int dead = port_create(self->box, &attr), i, fd;
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_DEAD_LETTER,
		.dead_letter = port_id(dead),
		.max_deliveries = 1,
	};
	struct ipcbox_recv recv;

	ASSERT_LE(0, dead);
	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, send_fd(self->port, "bad", self->writer));
		ASSERT_EQ(0, receive(self, 0, IPCBOX_LEASE));
		if (i)
			close(dead);
		ASSERT_EQ(0, msg_nack(self->port, self->recv.msg_id));
		if (i)
			dead = port_open(self->box, "dead", RIGHTS_IO);
		ASSERT_EQ(0, recv_fds(dead, self->text, &recv, &fd, 1, 0));
		EXPECT_EQ(IPCBOX_MSG_DEAD_LETTER | IPCBOX_MSG_REDELIVERED |
			  (i ? IPCBOX_MSG_FDS_LOST : 0), recv.msg_flags);
		EXPECT_EQ(1, recv.nr_fds);
		EXPECT_EQ(i, fd < 0);
		if (!i)
			close(fd);
	}
	close(dead);
	EXPECT_EQ(0, port_delete(self->box, "dead"));
	let_go(self);
	EXPECT_ALL_CLOSED(self);
}

/* Broadcasts */

TEST_F(fds, all_receivers_get_their_own)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	int ports[2], copies[2], i;

	attr.sharing = IPCBOX_SHARE_ALL;
	attr.owner = IPCBOX_OWNER_HANDLE;
	ports[0] = port_create(self->box, &attr);
	ports[1] = port_open_id(self->box, port_id(ports[0]), RIGHTS_IO);
	ASSERT_LE(0, ports[1]);
	ASSERT_EQ(0, send_fd(ports[0], "all", self->writer));
	let_go(self);
	for (i = 0; i < 2; i++) {
		copies[i] = recv_fd(ports[i], 0);
		ASSERT_LE(0, copies[i]);
	}
	EXPECT_NE(copies[0], copies[1]);
	close(copies[0]);
	EXPECT_TRUE(still_open(self->reader));
	close(copies[1]);
	EXPECT_TRUE(wait_until_closed(self->reader));
	close(ports[0]);
	close(ports[1]);
	EXPECT_ALL_CLOSED(self);
}

/* Without receivers, with one that goes, and with one that has lost it. */
TEST_F(fds, a_broadcast_leaves_none_behind)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	int sender, receiver;

	attr.sharing = IPCBOX_SHARE_ALL_LOSSY;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.rights = IPCBOX_RIGHT_SEND;
	attr.max_messages = 1;
	sender = port_create(self->box, &attr);
	ASSERT_EQ(0, send_fd(sender, "nobody", self->writer));
	receiver = port_open_id(self->box, port_id(sender), IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, receiver);
	ASSERT_EQ(0, send_fd(sender, "lost", self->writer));
	let_go(self);
	EXPECT_TRUE(still_open(self->reader));
	ASSERT_EQ(0, send_fds(sender, "next", NULL, 0));
	EXPECT_TRUE(wait_until_closed(self->reader));
	close(receiver);
	close(sender);
	EXPECT_ALL_CLOSED(self);
}

/* Accounts */

TEST_F(fds, each_is_charged_until_the_message_is_received)
{
	int with[3] = { self->writer, self->writer, self->writer };
	struct ipcbox_info info;

	ASSERT_EQ(0, send_fds(self->port, "12345", with, 3));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + info.msg_overhead + 5 +
		  3 * FD_BYTES, info.user_bytes);
	ASSERT_EQ(0, receive(self, 3, IPCBOX_LEASE));
	EXPECT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + info.msg_overhead + 5 +
		  3 * FD_BYTES, info.user_bytes);
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
	EXPECT_NOTHING_CHARGED(self);
}

/* How many descriptors one at a time can a user have on their way? */
static int send_until(int port, int fd, int error)
{
	int n = 0, ret;

	do
		ret = send_fd(port, "", fd);
	while (!ret && ++n < 200);
	return ret == error ? n : -1;
}

TEST_F(fds, a_user_has_no_more_on_their_way_than_it_may_open)
{
	struct rlimit limit = { 40, 40 };
	struct ipcbox_port_create attr = port_attr("port");
	int port, n;
	pid_t pid;

	attr.mode = 0666;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	pid = fork();
	if (!pid) {
		if (setrlimit(RLIMIT_NOFILE, &limit) || !user_become(4501, 4501))
			_exit(255);
		n = send_until(port, self->writer, -ETOOMANYREFS);
		/* Others are sent as before; and one for one that is gone. */
		if (n != 40 || send_fds(port, "", NULL, 0) ||
		    sys_read(port, self->text, 8) ||
		    send_until(port, self->writer, -ETOOMANYREFS) != 1)
			_exit(n);
		_exit(0);
	}
	EXPECT_EQ(0, child_wait(pid));
	/* Who has the capability is not bound by it. */
	pid = fork();
	if (!pid) {
		if (setrlimit(RLIMIT_NOFILE, &limit) ||
		    !user_become_with_cap(4502, 4502, CAP_SYS_RESOURCE))
			_exit(255);
		_exit(send_until(port, self->writer, 0) != 200);
	}
	EXPECT_EQ(0, child_wait(pid));
	close(port);
	let_go(self);
	EXPECT_EQ(0, port_delete(self->box, "port"));
	EXPECT_ALL_CLOSED(self);
}

/* All that a user may queue, in descriptors; then not even one more. */
TEST_F(fds, a_quota_holds_for_them)
{
	struct ipcbox_info info;
	int many[IPCBOX_FDS_MAX], i, ret;
	pid_t pid;

	for (i = 0; i < IPCBOX_FDS_MAX; i++)
		many[i] = self->writer;
	pid = fork();
	if (!pid) {
		if (!user_become_with_cap(4503, 4503, CAP_SYS_RESOURCE) ||
		    box_info(self->box, &info))
			_exit(255);
		for (i = IPCBOX_FDS_MAX; i; i = ret ? i / 2 : i)
			ret = send_fds(self->port, "", many, i);
		if (ret != -EDQUOT || box_info(self->box, &info) ||
		    info.user_bytes > info.max_bytes ||
		    info.max_bytes - info.user_bytes >=
		    info.msg_overhead + FD_BYTES)
			_exit(1);
		_exit(0);
	}
	EXPECT_EQ(0, child_wait(pid));
	let_go(self);
	close(self->port);
	self->port = -1;
	self->open_before--;
	EXPECT_ALL_CLOSED(self);
}

/* Stalled and killed in the middle */

/* Where the number of the descriptor is to be told, memory never arrives. */
static void prepare_stall(struct call *receiver, struct held *held)
{
	receiver->recv.fds = (uintptr_t)held->page;
	receiver->recv.fds_size = 1;
}

TEST_F(fds, none_is_open_before_the_message_is_the_receivers)
{
	int rendezvous = port_temporary(self->box, 0);
	struct call sender = call_init(CALL_SEND, rendezvous);
	struct call receiver = call_init(CALL_RECV, rendezvous);
	struct held held;

	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd here (vm.unprivileged_userfaultfd?)");
	self->open_before += 2;
	prepare_stall(&receiver, &held);
	sender.send.fds = (uintptr_t)&self->writer;
	sender.send.nr_fds = 1;
	sender.send.deadline = in_ns(SEC / 2);
	call_start(&receiver);
	ASSERT_TRUE(wait_for_waiters(rendezvous, 0, 1));
	call_start(&sender);
	ASSERT_TRUE(held_wait(&held));
	EXPECT_EQ(self->open_before, open_count());
	/* The sender takes it back; what arrives is the next message. */
	EXPECT_EQ(-ETIMEDOUT, call_join(&sender));
	let_go(self);
	held_release(&held);
	self->open_before--;
	ASSERT_TRUE(wait_for_waiters(rendezvous, 0, 1));
	EXPECT_EQ(self->open_before, open_count());
	ASSERT_EQ(0, send_fds(rendezvous, "next", NULL, 0));
	EXPECT_EQ(0, call_join(&receiver));
	EXPECT_STREQ("next", receiver.text);
	EXPECT_EQ(0, receiver.recv.nr_fds);
	EXPECT_ALL_CLOSED(self);
}

TEST_F(fds, those_of_a_killed_receiver_go_to_the_next)
{
	struct held held;
	pid_t pid = fork();

	if (!pid) {
		struct call call = call_init(CALL_RECV, self->port);

		if (!held_init(&held, 0))
			_exit(1);
		call.data = call.text;
		call.len = sizeof(call.text);
		prepare_stall(&call, &held);
		call_run(&call);
		_exit(2);
	}
	if (!wait_for_waiters(self->port, 0, 1)) {
		EXPECT_EQ(1, child_wait(pid));
		SKIP(return, "no userfaultfd here (vm.unprivileged_userfaultfd?)");
	}
	send_two(self);
	for (int i = 0; i < 1000; i++) {
		struct ipcbox_stat stat;

		ASSERT_EQ(0, port_stat(self->port, &stat));
		if (stat.taken)
			break;
		sleep_ns(10 * MSEC);
	}
	EXPECT_STAT(self->port, taken, 1);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_STILL_FIRST(self);
	EXPECT_ARRIVES(self);
}

static void receive_for_ever(int port)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = recv_fd(port, 0);

		if (fd >= 0)
			close(fd);
	}
}

/* Receivers die at any point; what they had is closed, what not is in line. */
TEST_F(fds, receivers_are_killed_at_any_moment)
{
	int round, i, fd;
	pid_t pid;

	for (round = 0; round < 60; round++) {
		pid = fork();
		if (!pid)
			receive_for_ever(self->port);
		for (i = 0; i < 10; i++)
			ASSERT_EQ(0, send_fd(self->port, "x", self->writer));
		sleep_ns(round * MSEC / 8);
		kill(pid, SIGKILL);
		ASSERT_EQ(128 + SIGKILL, child_wait(pid));
	}
	let_go(self);
	EXPECT_STAT(self->port, taken, 0);
	do {
		fd = recv_fd(self->port, IPCBOX_NOWAIT);
		if (fd >= 0)
			close(fd);
	} while (fd >= 0);
	EXPECT_EQ(-EAGAIN, fd);
	EXPECT_ALL_CLOSED(self);
}

TEST_HARNESS_MAIN
