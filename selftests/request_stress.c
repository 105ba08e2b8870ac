// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many callers and many servers, both killed at random: what a caller was told
 * of its call is what the servers have in their books
 *
 * The books are in shared memory, which outlives those who write them. A number
 * is used for one call only, so that a caller that tries again can be told from
 * a request that was served twice.
 */

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "ipcbox_test.h"

#include <kselftest_harness.h>

#define CALLERS		5
#define SERVERS		3
#define CALLS		1500	/* of each caller */
#define ALL_CALLS	(CALLERS * CALLS)

/**
 * struct books - what callers and servers write down
 * @next: of each caller, the number of its next call
 * @served: of each call, how often a server has received it
 * @outcome: of each call, what its caller was told, plus one; 0 if the caller
 *	was killed before that
 * @errors: results of calls that are not expected
 * @replies: replies that reached their caller
 * @late: replies to calls that were gone
 */
struct books {
	atomic_uint next[CALLERS];
	atomic_uint served[ALL_CALLS];
	atomic_uint outcome[ALL_CALLS];
	atomic_uint errors;
	atomic_uint replies;
	atomic_uint late;
};

FIXTURE(request_stress)
{
	int box;
	int port;
	struct books *books;
};

FIXTURE_SETUP(request_stress)
{
	self->books = mmap(NULL, sizeof(*self->books), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->books);
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, 0);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(request_stress)
{
	close(self->port);
	close(self->box);
}

static void serve(int port, struct books *books)
{
	struct ipcbox_recv recv;
	struct ipcbox_reply reply = {
		.recv = (uintptr_t)&recv,
		.recv_size = sizeof(recv),
	};
	unsigned int n;
	int ret;

	for (;;) {
		recv = (struct ipcbox_recv){
			.data = (uintptr_t)&n,
			.len = sizeof(n),
		};
		ret = sys_ioctl(port, IPCBOX_REPLY, &reply);
		if (ret == -ESRCH) {
			atomic_fetch_add(&books->late, 1);
			reply.id = 0;
			continue;
		}
		if (ret || n >= ALL_CALLS) {
			atomic_fetch_add(&books->errors, 1);
			_exit(1);
		}
		atomic_fetch_add(&books->served[n], 1);
		reply.id = recv.msg_id;
		reply.data = (uintptr_t)&n;
		reply.len = sizeof(n);
	}
}

/* One call, which now and then has hardly any time. */
static void call_once(int port, struct books *books, unsigned int n)
{
	unsigned int answer = ~0U;
	struct ipcbox_call call = {
		.data = (uintptr_t)&n,
		.len = sizeof(n),
		.priority = n % 3,
		.deadline = n % 8 ? 0 : in_ns(n % 1024 * 1000),
		.reply = (uintptr_t)&answer,
		.reply_size = sizeof(answer),
	};
	int ret = sys_ioctl(port, IPCBOX_CALL, &call);

	atomic_store(&books->outcome[n], call.outcome + 1);
	if (!ret)
		atomic_fetch_add(&books->replies, 1);
	if ((ret && ret != -EOWNERDEAD && ret != -ETIMEDOUT) ||
	    (!ret && (answer != n || call.outcome != IPCBOX_ANSWERED)))
		atomic_fetch_add(&books->errors, 1);
}

static void call_all(int port, struct books *books, unsigned int me)
{
	unsigned int n;

	while ((n = atomic_fetch_add(&books->next[me], 1)) < CALLS)
		call_once(port, books, me * CALLS + n);
}

/* A server that has a handle of its own, or the one that all have. */
static pid_t start(FIXTURE_DATA(request_stress) *self, unsigned int who,
		   unsigned int dice)
{
	int port = self->port;
	pid_t pid = fork();

	if (pid < 0)
		abort();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (who < CALLERS) {
		call_all(port, self->books, who);
		_exit(0);
	}
	if (dice % 2)
		port = port_open_id(self->box, port_id(port), IPCBOX_RIGHT_RECV);
	serve(port, self->books);
	_exit(1);
}

static bool all_called(const struct books *books)
{
	int i;

	for (i = 0; i < CALLERS; i++)
		if (books->next[i] < CALLS)
			return false;
	return true;
}

TEST_F_TIMEOUT(request_stress, callers_and_servers_are_killed_at_random, 180)
{
	unsigned int i, wrong = 0, told[4] = {}, kills = 0, dice = getpid();
	struct books *books = self->books;
	uint64_t end = in_ns(150 * SEC);
	pid_t pid[CALLERS + SERVERS];
	struct ipcbox_stat stat;

	for (i = 0; i < CALLERS + SERVERS; i++)
		pid[i] = start(self, i, i);
	while (!all_called(books)) {
		ASSERT_GT(end, now_ns());
		dice = dice * 1103515245 + 12345;
		sleep_ns((dice >> 16) % 10 * MSEC);
		/* Servers twice as often as callers. */
		i = (dice >> 8) % 3 ? CALLERS + (dice >> 16) % SERVERS :
				      (dice >> 16) % CALLERS;
		kill(pid[i], SIGKILL);
		child_wait(pid[i]);
		pid[i] = start(self, i, dice >> 16);
		kills++;
	}
	for (i = 0; i < CALLERS; i++)
		EXPECT_EQ(0, child_wait(pid[i]));
	for (; i < CALLERS + SERVERS; i++) {
		kill(pid[i], SIGKILL);
		child_wait(pid[i]);
	}
	for (i = 0; i < ALL_CALLS; i++) {
		told[books->outcome[i] % 4]++;
		wrong += books->served[i] > 1 ||
			 (books->outcome[i] == IPCBOX_ANSWERED + 1 &&
			  books->served[i] != 1) ||
			 (books->outcome[i] == IPCBOX_NOT_DELIVERED + 1 &&
			  books->served[i]);
	}
	TH_LOG("%u killed; %u answered, %u unanswered, %u not delivered, %u not told; %u late replies",
	       kills, told[IPCBOX_ANSWERED + 1], told[IPCBOX_UNANSWERED + 1],
	       told[IPCBOX_NOT_DELIVERED + 1], told[0], books->late);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, atomic_load(&books->errors));
	EXPECT_LE(20, kills);
	EXPECT_LT(0, told[IPCBOX_UNANSWERED + 1]);
	EXPECT_LT(ALL_CALLS / 2, told[IPCBOX_ANSWERED + 1]);
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_TRUE(wait_for_held(self->port, 0));
	/* Those who were killed in between did not live to tell of theirs. */
	EXPECT_LE(atomic_load(&books->replies), stat.received);
}

TEST_HARNESS_MAIN
