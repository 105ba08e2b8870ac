// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of requests and of replies: when they arrive, when they do not, and
 * that none is left over
 *
 * What travels is the writing end of a pipe, as in fds.c.
 */

#include <stddef.h>
#include <sys/resource.h>

#include "expect.h"
#include "memory.h"
#include "passing.h"
#include "request.h"

#include <kselftest_harness.h>

#define UNTOUCHED (-0x11111112)	/* where no number was written */
#define ROOM	3

FIXTURE(call_fds)
{
	int box;
	int port;
	int reader;		/* of a pipe */
	int writer;
	int open_before;
	int lowest;		/* number that is free */
	struct ipcbox_info before;
	struct ipcbox_recv recv;
	struct caller caller;
	char text[64];
	int fds[ROOM + 1];	/* at the caller */
};

FIXTURE_SETUP(call_fds)
{
	int ends[2];

	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	self->reader = ends[0];
	self->writer = ends[1];
	self->port = port_temporary(self->box, 0);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->open_before = open_count();
	self->lowest = lowest_free();
	memset(self->fds, 0xee, sizeof(self->fds));
	self->caller = caller_init(self->port, "x");
}

FIXTURE_TEARDOWN(call_fds)
{
	close(self->port);
	close(self->reader);
	close(self->writer);
	close(self->box);
}

/* A call with room for the descriptors of a reply, which somebody receives. */
static void ask(FIXTURE_DATA(call_fds) *self, unsigned int room)
{
	self->caller.call.reply_fds = (uintptr_t)self->fds;
	self->caller.call.reply_fds_size = room;
	caller_start(&self->caller);
	if (request_recv(self->port, self->text, 1, &self->recv) != 1)
		abort();
}

static int answer(FIXTURE_DATA(call_fds) *self, const void *data, size_t len,
		  const int *fds, unsigned int nr)
{
	struct ipcbox_reply reply = {
		.id = self->recv.msg_id,
		.data = (uintptr_t)data,
		.len = len,
		.fds = (uintptr_t)fds,
		.nr_fds = nr,
	};

	return sys_ioctl(self->port, IPCBOX_REPLY, &reply);
}

/* The only descriptor now is in a message, or where it has arrived. */
static void let_go(FIXTURE_DATA(call_fds) *self)
{
	close(self->writer);
	self->writer = -1;
	self->open_before--;
}

/* Nor is a number that was reserved. */
#define EXPECT_NOTHING_LEFT(self) do {					\
	EXPECT_ALL_CLOSED(self);					\
	EXPECT_GE((self)->lowest, lowest_free());			\
} while (0)

#define EXPECT_CALLED(self, value, is) do {				\
	EXPECT_EQ((value), caller_join(&(self)->caller));		\
	EXPECT_EQ((is), (self)->caller.call.outcome);			\
} while (0)

/* Requests */

TEST_F(call_fds, a_request_brings_one_and_keeps_it_until_the_reply)
{
	int fd = -1;

	self->caller.call.fds = (uintptr_t)&self->writer;
	self->caller.call.nr_fds = 1;
	caller_start(&self->caller);
	ASSERT_EQ(0, recv_fds(self->port, self->text, &self->recv, &fd, 1, 0));
	EXPECT_EQ(1, self->recv.nr_fds);
	EXPECT_EQ(IPCBOX_MSG_CALL, self->recv.msg_flags);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	let_go(self);
	close(fd);
	EXPECT_TRUE(still_open(self->reader));

	/* Put back, it comes with it again. */
	EXPECT_EQ(0, msg_nack(self->port, self->recv.msg_id));
	ASSERT_EQ(0, recv_fds(self->port, self->text, &self->recv, &fd, 1, 0));
	EXPECT_EQ(1, self->recv.nr_fds);
	EXPECT_EQ(1, write(fd, "y", 1));
	close(fd);
	EXPECT_EQ(0, answer(self, "", 0, NULL, 0));
	EXPECT_CALLED(self, 0, IPCBOX_ANSWERED);
	EXPECT_EQ(0, self->caller.call.reply_nr_fds);
	EXPECT_EQ(1, read(self->reader, self->text, 1));
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(call_fds, a_request_that_is_not_received_takes_it_along)
{
	struct ipcbox_call call = {
		.fds = (uintptr_t)&self->writer,
		.nr_fds = 1,
		.deadline = in_ns(SEC / 10),
	};

	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->port, IPCBOX_CALL, &call));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, call.outcome);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(call_fds, what_cannot_be_sent_with_a_request)
{
	int bad[] = { -1, 4000, self->port, self->box };
	int ret[] = { -EBADF, -EBADF, -ELOOP, -ELOOP };
	struct ipcbox_call call = { .nr_fds = 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		call.fds = (uintptr_t)&bad[i];
		EXPECT_EQ(ret[i], sys_ioctl(self->port, IPCBOX_CALL, &call));
		EXPECT_EQ(IPCBOX_NOT_DELIVERED, call.outcome);
	}
	call.fds = (uintptr_t)memory_nowhere();
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_CALL, &call));
	call.nr_fds = IPCBOX_FDS_MAX + 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_CALL, &call));
	call = (struct ipcbox_call){ .reserved = 1 };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_CALL, &call));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

/* Replies */

/* Short, stored, and straight into the caller's memory. */
TEST_F(call_fds, replies_of_all_lengths_bring_them)
{
	static const size_t lengths[] = { 0, 1, 1000, 64UL << 10 };
	char *data = memory_pages(16), *buffer = memory_pages(16), c;
	int with[] = { self->writer, self->writer }, i;

	memset(buffer, '-', 64UL << 10);
	self->caller.call.reply = (uintptr_t)buffer;
	self->caller.call.reply_size = 64UL << 10;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ask(self, ROOM);
		ASSERT_EQ(0, answer(self, data, lengths[i], with, 2));
		EXPECT_CALLED(self, 0, IPCBOX_ANSWERED);
		EXPECT_EQ(lengths[i], self->caller.call.reply_len);
		EXPECT_EQ(2, self->caller.call.reply_nr_fds);
		EXPECT_EQ(FD_CLOEXEC, fcntl(self->fds[1], F_GETFD));
		EXPECT_EQ(1, write(self->fds[0], "y", 1));
		EXPECT_EQ(1, read(self->reader, &c, 1));
		EXPECT_EQ(-1, self->fds[2]);
		EXPECT_EQ(UNTOUCHED, self->fds[3]);
		close(self->fds[0]);
		close(self->fds[1]);
	}
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(call_fds, a_reply_without_any_leaves_the_numbers_free)
{
	ask(self, ROOM);
	ASSERT_EQ(0, answer(self, "", 0, NULL, 0));
	EXPECT_CALLED(self, 0, IPCBOX_ANSWERED);
	EXPECT_EQ(0, self->caller.call.reply_nr_fds);
	EXPECT_EQ(-1, self->fds[0]);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(call_fds, those_without_room_are_closed)
{
	int with[] = { self->writer, self->writer, self->writer }, room;

	for (room = 0; room < 2; room++) {
		ask(self, room);
		ASSERT_EQ(0, answer(self, "", 0, with, 3));
		EXPECT_CALLED(self, 0, IPCBOX_ANSWERED);
		EXPECT_EQ(3, self->caller.call.reply_nr_fds);
		EXPECT_EQ(self->open_before + room, open_count());
		if (room)
			close(self->fds[0]);
	}
	EXPECT_EQ(UNTOUCHED, self->fds[1]);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(call_fds, a_reply_that_fails_leaves_the_request)
{
	int with[] = { self->writer, -1 };
	char *nowhere = memory_nowhere();

	ask(self, 1);
	EXPECT_EQ(-EBADF, answer(self, "", 0, with, 2));
	with[1] = self->port;
	EXPECT_EQ(-ELOOP, answer(self, "", 0, with, 2));
	EXPECT_EQ(-EFAULT, answer(self, "", 0, (int *)nowhere, 1));
	EXPECT_EQ(-EFAULT, answer(self, nowhere, 1, with, 1));
	EXPECT_EQ(-EFAULT, answer(self, nowhere, 64UL << 10, with, 1));
	EXPECT_EQ(-EINVAL, answer(self, "", 0, with, IPCBOX_FDS_MAX + 1));
	EXPECT_STAT(self->port, held, 1);
	EXPECT_EQ(0, answer(self, "", 0, with, 1));
	EXPECT_CALLED(self, 0, IPCBOX_ANSWERED);
	close(self->fds[0]);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(call_fds, a_reply_without_a_call_closes_its_own)
{
	self->recv.msg_id = 12345;
	EXPECT_EQ(-ESRCH, answer(self, "", 0, &self->writer, 1));
	self->caller.call.deadline = in_ns(SEC);
	ask(self, 1);
	EXPECT_CALLED(self, -ETIMEDOUT, IPCBOX_UNANSWERED);
	EXPECT_EQ(-ESRCH, answer(self, "", 0, &self->writer, 1));
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

TEST_F(call_fds, a_reply_that_is_too_long_brings_none)
{
	char reply[65] = {};

	ask(self, 1);
	EXPECT_EQ(0, answer(self, reply, sizeof(reply), &self->writer, 1));
	EXPECT_CALLED(self, -EMSGSIZE, IPCBOX_ANSWERED);
	EXPECT_EQ(-1, self->fds[0]);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

/* The caller's array goes while it waits. */
TEST_F(call_fds, where_they_cannot_be_told_none_is_open)
{
	char *page = memory_pages(1);

	self->caller.call.reply_fds = (uintptr_t)page;
	self->caller.call.reply_fds_size = 1;
	caller_start(&self->caller);
	ASSERT_EQ(1, request_recv(self->port, self->text, 1, &self->recv));
	ASSERT_EQ(0, munmap(page, PAGE));
	EXPECT_EQ(0, answer(self, "", 0, &self->writer, 1));
	EXPECT_CALLED(self, -EFAULT, IPCBOX_ANSWERED);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

/* The array is told, but what else is told of the reply cannot be. */
struct last {
	int port;
	struct ipcbox_call *call;
	int ret;
};

static void *last_run(void *arg)
{
	struct last *last = arg;

	last->ret = sys_ioctl(last->port, IPCBOX_CALL, last->call);
	return NULL;
}

TEST_F(call_fds, a_call_that_fails_at_the_last_opens_none)
{
	struct last last = { self->port, (void *)memory_pages(1) };
	pthread_t thread;

	*last.call = (struct ipcbox_call){
		.reply_fds = (uintptr_t)self->fds, .reply_fds_size = 1,
	};
	ASSERT_EQ(0, pthread_create(&thread, NULL, last_run, &last));
	ASSERT_EQ(0, request_recv(self->port, self->text, 0, &self->recv));
	ASSERT_EQ(0, mprotect(last.call, PAGE, PROT_READ));
	EXPECT_EQ(0, answer(self, "", 0, &self->writer, 1));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EFAULT, last.ret);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

/* Numbers are had before the request is sent. */
TEST_F(call_fds, without_numbers_nothing_is_sent)
{
	struct ipcbox_call call = {
		.reply_fds = (uintptr_t)self->fds,
		.reply_fds_size = ROOM,
	};
	struct rlimit limit, few;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	few = limit;
	few.rlim_cur = self->lowest + 2;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	EXPECT_EQ(-EMFILE, sys_ioctl(self->port, IPCBOX_CALL, &call));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(IPCBOX_NOT_DELIVERED, call.outcome);
	call.reply_fds = (uintptr_t)memory_before_hole(sizeof(int));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_CALL, &call));
	EXPECT_MESSAGES(self->port, 0, 0, 0);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

/* More than can be sent need no numbers. */
TEST_F(call_fds, room_for_any_number)
{
	int *room = calloc(IPCBOX_FDS_MAX + 1, sizeof(*room));

	room[IPCBOX_FDS_MAX] = UNTOUCHED;
	self->caller.call.reply_fds = (uintptr_t)room;
	self->caller.call.reply_fds_size = ~0U;
	caller_start(&self->caller);
	ASSERT_EQ(1, request_recv(self->port, self->text, 1, &self->recv));
	EXPECT_EQ(0, answer(self, "", 0, &self->writer, 1));
	EXPECT_CALLED(self, 0, IPCBOX_ANSWERED);
	EXPECT_LE(0, room[0]);
	EXPECT_EQ(-1, room[1]);
	EXPECT_EQ(UNTOUCHED, room[IPCBOX_FDS_MAX]);
	close(room[0]);
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

/* A program of before that does not know of them has no room. */
TEST_F(call_fds, older_programs_call_and_reply)
{
	size_t call_size = offsetof(struct ipcbox_call, fds);
	size_t reply_size = offsetof(struct ipcbox_reply, fds);
	struct ipcbox_call call = { .reply_fds_size = ROOM };
	struct ipcbox_reply reply = {};
	pid_t pid = fork();

	if (!pid)
		_exit(sys_ioctl(self->port,
				_IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC,
				     _IOC_NR(IPCBOX_CALL), call_size), &call) ||
		      call.outcome != IPCBOX_ANSWERED || call.reply_nr_fds);
	ASSERT_EQ(0, request_recv(self->port, self->text, 1, &self->recv));
	reply.id = self->recv.msg_id;
	EXPECT_EQ(0, sys_ioctl(self->port,
			       _IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC,
				    _IOC_NR(IPCBOX_REPLY), reply_size),
			       &reply));
	EXPECT_EQ(0, child_wait(pid));
}

TEST_F(call_fds, a_caller_that_is_killed_leaves_nothing)
{
	struct ipcbox_call call = {
		.reply_fds = (uintptr_t)self->fds,
		.reply_fds_size = 1,
		.fds = (uintptr_t)&self->writer,
		.nr_fds = 1,
	};
	pid_t pid = fork();

	if (!pid)
		_exit(sys_ioctl(self->port, IPCBOX_CALL, &call) != 0);
	ASSERT_EQ(0, request_recv(self->port, self->text, 1, &self->recv));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(-ESRCH, answer(self, "", 0, &self->writer, 1));
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

/* The one with which a server answers is the caller's, who pays no more. */
TEST_F(call_fds, a_thousand_calls_with_one_each_way)
{
	int i, fd;

	for (i = 0; i < 1000; i++) {
		self->caller.call.fds = (uintptr_t)&self->writer;
		self->caller.call.nr_fds = 1;
		self->caller.call.reply_fds = (uintptr_t)self->fds;
		self->caller.call.reply_fds_size = 1;
		caller_start(&self->caller);
		ASSERT_EQ(0, recv_fds(self->port, self->text, &self->recv, &fd,
				      1, 0));
		ASSERT_EQ(0, answer(self, "", 0, &fd, 1));
		close(fd);
		ASSERT_EQ(0, caller_join(&self->caller));
		close(self->fds[0]);
	}
	let_go(self);
	EXPECT_NOTHING_LEFT(self);
}

TEST_HARNESS_MAIN
