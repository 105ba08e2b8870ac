// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may write what of a lane: each part, from each side, in each way there is
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <ipcbox_lane.h>

#include "expect.h"

#include <kselftest_harness.h>

#define CAPACITY	4088U

/* Where the three parts are, as one side sees them. */
struct parts {
	unsigned char *own;
	unsigned char *peer;
	unsigned char *data;
};

FIXTURE(rights)
{
	int box;
	int port;
};

FIXTURE_VARIANT(rights)
{
	uint32_t right;		/* of the side */
};

FIXTURE_VARIANT_ADD(rights, producer)
{
	.right = IPCBOX_RIGHT_SEND,
};

FIXTURE_VARIANT_ADD(rights, consumer)
{
	.right = IPCBOX_RIGHT_RECV,
};

FIXTURE_SETUP(rights)
{
	struct ipcbox_port_create attr = port_attr("rights");

	attr.kind = IPCBOX_KIND_RING;
	attr.max_bytes = CAPACITY;
	attr.max_messages = IPCBOX_RING_LANES;
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(rights)
{
	port_delete(self->box, "rights");
	close(self->port);
	close(self->box);
}

static bool side_open(int box, uint32_t right, struct parts *parts)
{
	int port = port_open(box, "rights", IPCBOX_RIGHT_SEND);
	const struct ipcbox_ring_side *side;
	struct ipcbox_record record;
	struct ipcbox_drain *drain;
	struct ipcbox_lane *lane;

	if (ipcbox_lane_open(&lane, port) || ipcbox_lane_send(lane, "x", 1, NULL))
		return false;
	side = &lane->ring.side;
	if (right == IPCBOX_RIGHT_RECV) {
		port = port_open(box, "rights", IPCBOX_RIGHT_RECV);
		if (ipcbox_drain_open(&drain, port) ||
		    ipcbox_drain_peek(drain, &record, NULL))
			return false;
		side = &drain->ring->side;
	}
	parts->own = (unsigned char *)side->own;
	parts->peer = (unsigned char *)side->peer;
	parts->data = side->data;
	return true;
}

/* Ways to write a byte where it is; each runs in a child that may die of it. */

static void way_store(unsigned char *at)
{
	ipcbox_ring_set(at, 1);
}

static void way_mprotect(unsigned char *at)
{
	unsigned char *page = at - (uintptr_t)at % 4096;

	/* the data are protected as a whole, or not at all */
	if (mprotect(page, 4096, PROT_READ | PROT_WRITE) &&
	    mprotect(page, 8192, PROT_READ | PROT_WRITE))
		_exit(errno);
	ipcbox_ring_set(at, 1);
}

static void way_proc_mem(unsigned char *at)
{
	int mem = open("/proc/self/mem", O_RDWR);

	if (pwrite(mem, "\1", 1, (off_t)(uintptr_t)at) != 1)
		_exit(errno);
}

static void way_vm_writev(unsigned char *at)
{
	struct iovec from = { "\1", 1 }, to = { at, 1 };

	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != 1)
		_exit(errno);
}

/* By a parent that traces, as a debugger does to read-only text. */
static void way_ptrace(unsigned char *at)
{
	unsigned char *word = at - (uintptr_t)at % sizeof(long);
	pid_t tracee = getpid(), tracer = fork();
	int status = 0;

	/* the lane stays here, so the child is the one that traces */
	if (!tracer) {
		if (ptrace(PTRACE_ATTACH, tracee, NULL, NULL) ||
		    waitpid(tracee, NULL, __WALL) != tracee)
			_exit(99);
		status = ptrace(PTRACE_POKEDATA, tracee, word, (void *)1) ? errno : 0;
		ptrace(PTRACE_DETACH, tracee, NULL, NULL);
		_exit(status);
	}
	while (waitpid(tracer, &status, 0) < 0)
		;
	_exit(WEXITSTATUS(status));
}

static const struct {
	const char *name;
	void (*write)(unsigned char *at);
	int refused;		/* exit status where it may not */
} ways[] = {
	{ "a store", way_store, 128 + SIGSEGV },
	{ "mprotect()", way_mprotect, EACCES },
	{ "/proc/self/mem", way_proc_mem, EIO },
	{ "process_vm_writev()", way_vm_writev, EFAULT },
	{ "ptrace()", way_ptrace, EIO },
};

enum part { OWN, PEER, DATA };

/* The exit status of a child that is on that side, and tries. */
static int try(int box, uint32_t right, enum part part, size_t offset,
	       void (*write)(unsigned char *at))
{
	pid_t pid = fork();

	if (!pid) {
		struct parts parts;
		unsigned char *at[3];

		if (!side_open(box, right, &parts))
			_exit(98);
		at[OWN] = parts.own;
		at[PEER] = parts.peer;
		at[DATA] = parts.data;
		signal(SIGSEGV, SIG_DFL);
		write(at[part] + offset);
		_exit(0);
	}
	return child_wait(pid);
}

TEST_F(rights, each_part_in_each_way)
{
	bool sends = variant->right == IPCBOX_RIGHT_SEND;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		int data = sends ? 0 : ways[i].refused;

		EXPECT_EQ(0, try(self->box, variant->right, OWN, 8, ways[i].write))
			TH_LOG("its end, by %s", ways[i].name);
		EXPECT_EQ(ways[i].refused,
			  try(self->box, variant->right, PEER, 8, ways[i].write))
			TH_LOG("the other end, by %s", ways[i].name);
		EXPECT_EQ(data, try(self->box, variant->right, DATA, 512, ways[i].write))
			TH_LOG("the data, by %s", ways[i].name);
	}
}

TEST_HARNESS_MAIN
