// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large replies: straight into the memory of the caller, whatever becomes of it
 */

#include "expect.h"
#include "memory.h"
#include "request.h"

#include <kselftest_harness.h>

#include <sys/prctl.h>
#include <sys/uio.h>

#define PLACED	(16UL << 10)	/* from this length on */
#define LONG	(64UL << 10)

FIXTURE(call_large)
{
	int box;
	int port;
	char *answer;
	char *buffer;		/* LONG bytes, present */
	struct ipcbox_recv recv;
	struct ipcbox_info before;
};

FIXTURE_SETUP(call_large)
{
	size_t i;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->port = port_temporary(self->box, 0);
	ASSERT_LE(0, self->port);
	self->answer = memory_pages(LONG / PAGE);
	for (i = 0; i < LONG; i++)
		self->answer[i] = 'a' + i % 23;
	self->buffer = memory_pages(LONG / PAGE);
	memset(self->buffer, '-', LONG);
}

FIXTURE_TEARDOWN(call_large)
{
	close(self->port);
	close(self->box);
}

static void call_into(struct caller *caller, void *buffer, size_t size)
{
	caller->call.reply = (uintptr_t)buffer;
	caller->call.reply_size = size;
	caller_start(caller);
}

static int receive(FIXTURE_DATA(call_large) *self)
{
	char request[16];

	return request_recv(self->port, request, sizeof(request), &self->recv);
}

static int reply(FIXTURE_DATA(call_large) *self, const void *data, size_t len)
{
	return request_reply(self->port, self->recv.msg_id, data, len, 0);
}

static uint64_t charged(FIXTURE_DATA(call_large) *self)
{
	struct ipcbox_info info;

	return box_info(self->box, &info) ? ~0ULL :
	       info.user_bytes - self->before.user_bytes;
}

/* The buffer is what it was, but for the reply. */
static bool only(const char *buffer, size_t offset, const char *answer,
		 size_t len)
{
	size_t i;

	for (i = 0; i < LONG; i++)
		if (buffer[i] != (i < offset || i >= offset + len ?
				  '-' : answer[i - offset]))
			return false;
	return true;
}

/* Arriving */

TEST_F(call_large, all_lengths_to_all_places_in_a_page)
{
	static const size_t offsets[] = { 0, 1, 7, PAGE - 1, PAGE };
	static const size_t lengths[] = {
		128, 129, PAGE, PLACED - 1, PLACED, PLACED + 1,
		PLACED + PAGE - 1, 3 * PLACED, LONG - PAGE,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			struct caller caller = caller_init(self->port, "x");

			memset(self->buffer, '-', LONG);
			call_into(&caller, self->buffer + offsets[i],
				  LONG - offsets[i]);
			ASSERT_EQ(1, receive(self));
			ASSERT_EQ(0, reply(self, self->answer, lengths[j]));
			ASSERT_EQ(0, caller_join(&caller));
			EXPECT_EQ(lengths[j], caller.call.reply_len);
			EXPECT_EQ(IPCBOX_ANSWERED, caller.call.outcome);
			EXPECT_TRUE(only(self->buffer, offsets[i], self->answer,
					 lengths[j]));
		}
	}
	EXPECT_EQ(0, charged(self));
}

TEST_F(call_large, from_segments_and_into_segments)
{
	struct iovec from[] = {
		{ self->answer, 1 }, { self->answer + 1, 0 },
		{ self->answer + 1, PLACED },
		{ self->answer + 1 + PLACED, LONG - PLACED - 1 },
	};
	struct iovec to[] = {
		{ self->buffer, PLACED + 3 },
		{ self->buffer + PLACED + 3, LONG - PLACED - 3 },
	};
	struct ipcbox_reply arg = {
		.flags = IPCBOX_IOVEC,
		.data = (uintptr_t)from,
		.len = ARRAY_SIZE(from),
	};
	struct iovec request = {};
	int segments;

	for (segments = 0; segments < 2; segments++) {
		struct caller caller = caller_init(self->port, "x");

		memset(self->buffer, '-', LONG);
		if (segments) {
			caller.call.flags = IPCBOX_IOVEC;
			caller.call.data = (uintptr_t)&request;
			caller.call.len = 1;
			call_into(&caller, to, ARRAY_SIZE(to));
		} else {
			call_into(&caller, self->buffer, LONG);
		}
		ASSERT_EQ(!segments, receive(self));
		arg.id = self->recv.msg_id;
		EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_REPLY, &arg));
		EXPECT_EQ(0, caller_join(&caller));
		EXPECT_EQ(LONG, caller.call.reply_len);
		EXPECT_TRUE(only(self->buffer, 0, self->answer, LONG));
	}
}

/* More of them than are looked at, some of them empty. */
TEST_F(call_large, into_many_segments)
{
	struct iovec to[20] = {}, request = {};
	struct caller caller;
	size_t lengths[] = { 7 * PAGE, LONG };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(to) / 2; i++) {
		to[2 * i + 1].iov_base = self->buffer + i * (LONG / 10);
		to[2 * i + 1].iov_len = LONG / 10;
	}
	to[19].iov_len += LONG % 10;
	for (j = 0; j < ARRAY_SIZE(lengths); j++) {
		caller = caller_init(self->port, "x");
		memset(self->buffer, '-', LONG);
		caller.call.flags = IPCBOX_IOVEC;
		caller.call.data = (uintptr_t)&request;
		caller.call.len = 1;
		call_into(&caller, to, ARRAY_SIZE(to));
		ASSERT_EQ(0, receive(self));
		EXPECT_EQ(0, reply(self, self->answer, lengths[j]));
		EXPECT_EQ(0, caller_join(&caller));
		EXPECT_EQ(lengths[j], caller.call.reply_len);
		EXPECT_TRUE(only(self->buffer, 0, self->answer, lengths[j]));
	}
	EXPECT_EQ(0, charged(self));
}

/* Pages that nobody has touched yet, and such as a child shares. */
TEST_F(call_large, into_memory_that_is_not_the_callers_yet)
{
	struct caller caller = caller_init(self->port, "x");
	char *fresh = memory_pages(LONG / PAGE);
	int gate[2];
	char byte;
	pid_t pid;

	call_into(&caller, fresh, LONG);
	ASSERT_EQ(1, receive(self));
	EXPECT_EQ(0, reply(self, self->answer, LONG));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, memcmp(fresh, self->answer, LONG));

	ASSERT_EQ(0, pipe(gate));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(read(gate[0], &byte, 1) != 1 ||
		      !only(self->buffer, 0, NULL, 0));
	}
	caller = caller_init(self->port, "x");
	call_into(&caller, self->buffer, LONG);
	ASSERT_EQ(1, receive(self));
	EXPECT_EQ(0, reply(self, self->answer, LONG));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_TRUE(only(self->buffer, 0, self->answer, LONG));
	EXPECT_EQ(1, write(gate[1], "", 1));
	EXPECT_EQ(0, child_wait(pid));
}

/* Failing */

TEST_F(call_large, a_buffer_that_is_too_short)
{
	struct caller caller = caller_init(self->port, "x");

	call_into(&caller, self->buffer, LONG - 1);
	ASSERT_EQ(1, receive(self));
	EXPECT_EQ(0, reply(self, self->answer, LONG));
	EXPECT_EQ(-EMSGSIZE, caller_join(&caller));
	EXPECT_EQ(LONG, caller.call.reply_len);
	EXPECT_EQ(IPCBOX_ANSWERED, caller.call.outcome);
	EXPECT_TRUE(only(self->buffer, 0, NULL, 0));
}

TEST_F(call_large, segments_that_are_too_short)
{
	struct caller caller = caller_init(self->port, "x");
	struct iovec request = {}, to[] = {
		{ self->buffer, LONG / 2 }, { self->buffer + LONG / 2, LONG / 4 },
	};

	caller.call.flags = IPCBOX_IOVEC;
	caller.call.data = (uintptr_t)&request;
	caller.call.len = 1;
	call_into(&caller, to, ARRAY_SIZE(to));
	ASSERT_EQ(0, receive(self));
	EXPECT_EQ(0, reply(self, self->answer, LONG / 4 * 3 + 1));
	EXPECT_EQ(-EMSGSIZE, caller_join(&caller));
	EXPECT_TRUE(only(self->buffer, 0, NULL, 0));
}

TEST_F(call_large, memory_of_the_caller_that_cannot_be_written)
{
	struct caller caller = caller_init(self->port, "x");

	ASSERT_EQ(0, mprotect(self->buffer + LONG / 2, PAGE, PROT_READ));
	call_into(&caller, self->buffer, LONG);
	ASSERT_EQ(1, receive(self));
	EXPECT_EQ(0, reply(self, self->answer, LONG));
	EXPECT_EQ(-EFAULT, caller_join(&caller));
	EXPECT_EQ(IPCBOX_ANSWERED, caller.call.outcome);
	EXPECT_EQ(0, charged(self));
}

TEST_F(call_large, memory_of_the_replier_that_cannot_be_read)
{
	struct caller caller = caller_init(self->port, "x");
	char *short_of = memory_before_hole(PLACED);

	call_into(&caller, self->buffer, LONG);
	ASSERT_EQ(1, receive(self));
	EXPECT_EQ(-EFAULT, reply(self, short_of, LONG));
	EXPECT_EQ(-EFAULT, reply(self, short_of, LONG));
	/* It is still there to be answered. */
	EXPECT_EQ(0, reply(self, self->answer, LONG));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_TRUE(only(self->buffer, 0, self->answer, LONG));
}

/* Stalling: the reply comes from memory that does not arrive */

struct stalled {
	FIXTURE_DATA(call_large) *self;
	struct held held;
	pthread_t thread;
	int ret;
};

static void *stalled_run(void *arg)
{
	struct stalled *stalled = arg;

	stalled->ret = reply(stalled->self, stalled->held.page, LONG);
	return NULL;
}

/* False without userfaultfd. Once it is true, the reply is on its way. */
static bool stalled_start(struct stalled *stalled)
{
	if (!held_init(&stalled->held, LONG / PAGE - 1))
		return false;
	memcpy(stalled->held.page + PAGE, stalled->self->answer, LONG - PAGE);
	if (pthread_create(&stalled->thread, NULL, stalled_run, stalled) ||
	    !held_wait(&stalled->held))
		abort();
	return true;
}

static int stalled_end(struct stalled *stalled)
{
	held_release(&stalled->held);
	if (pthread_join(stalled->thread, NULL))
		abort();
	return stalled->ret;
}

#define START_STALLED(stalled) do {					\
	if (!stalled_start(stalled))					\
		SKIP(return, "no userfaultfd here (vm.unprivileged_userfaultfd?)"); \
} while (0)

TEST_F(call_large, the_deadline_of_the_caller_holds)
{
	struct caller caller = caller_init(self->port, "x");
	struct stalled stalled = { .self = self };

	caller.call.deadline = in_ns(SEC);
	call_into(&caller, self->buffer, LONG);
	ASSERT_EQ(1, receive(self));
	START_STALLED(&stalled);
	/* The request is charged, and no copy of the reply. */
	EXPECT_GT(LONG, charged(self));
	EXPECT_EQ(-ETIMEDOUT, caller_join(&caller));
	EXPECT_EQ(IPCBOX_UNANSWERED, caller.call.outcome);
	memset(self->buffer, '-', LONG);
	EXPECT_EQ(-ESRCH, stalled_end(&stalled));
	EXPECT_TRUE(only(self->buffer, 0, NULL, 0));
	EXPECT_EQ(0, charged(self));
}

TEST_F(call_large, no_copy_is_made_for_segments_either)
{
	struct caller caller = caller_init(self->port, "x");
	struct iovec request = {}, to[] = {
		{ self->buffer, LONG / 2 - 1 },
		{ self->buffer + LONG / 2 - 1, LONG / 2 + 1 },
	};
	struct stalled stalled = { .self = self };

	caller.call.flags = IPCBOX_IOVEC;
	caller.call.data = (uintptr_t)&request;
	caller.call.len = 1;
	call_into(&caller, to, ARRAY_SIZE(to));
	ASSERT_EQ(0, receive(self));
	START_STALLED(&stalled);
	EXPECT_GT(LONG, charged(self));
	EXPECT_EQ(0, stalled_end(&stalled));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, memcmp(self->buffer + PAGE, self->answer, LONG - PAGE));
}

TEST_F(call_large, the_caller_is_killed)
{
	struct ipcbox_call call = {
		.reply = (uintptr_t)self->buffer, .reply_size = LONG,
	};
	struct stalled stalled = { .self = self };
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		memset(self->buffer, '-', LONG);
		_exit(!sys_ioctl(self->port, IPCBOX_CALL, &call));
	}
	ASSERT_EQ(0, receive(self));
	START_STALLED(&stalled);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(-ESRCH, stalled_end(&stalled));
	EXPECT_EQ(0, charged(self));
}

TEST_F(call_large, the_memory_goes_meanwhile)
{
	struct caller caller = caller_init(self->port, "x");
	struct stalled stalled = { .self = self };

	call_into(&caller, self->buffer, LONG);
	ASSERT_EQ(1, receive(self));
	START_STALLED(&stalled);
	EXPECT_EQ(0, munmap(self->buffer, LONG));
	EXPECT_EQ(0, stalled_end(&stalled));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_EQ(IPCBOX_ANSWERED, caller.call.outcome);
}

/* Who is first has answered, and the other one changes nothing any more. */
TEST_F(call_large, another_one_replies_meanwhile)
{
	struct caller caller = caller_init(self->port, "x");
	struct stalled stalled = { .self = self };

	call_into(&caller, self->buffer, LONG);
	ASSERT_EQ(1, receive(self));
	START_STALLED(&stalled);
	EXPECT_EQ(0, reply(self, self->answer, LONG));
	EXPECT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-ESRCH, stalled_end(&stalled));
	EXPECT_TRUE(only(self->buffer, 0, self->answer, LONG));
	EXPECT_EQ(0, charged(self));
}

TEST_F(call_large, the_port_is_deleted_meanwhile)
{
	struct caller caller = caller_init(self->port, "x");
	struct stalled stalled = { .self = self };

	call_into(&caller, self->buffer, LONG);
	ASSERT_EQ(1, receive(self));
	START_STALLED(&stalled);
	EXPECT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_GT(0, caller_join(&caller));
	EXPECT_EQ(IPCBOX_UNANSWERED, caller.call.outcome);
	EXPECT_EQ(-EIDRM, stalled_end(&stalled));
}

TEST_HARNESS_MAIN
