// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of long messages: from memory that cannot be pinned, or that is taken
 * away; into memory that does not hold still; by a receiver who is killed in
 * the middle
 */

#include "call.h"
#include "fault.h"
#include "leak.h"
#include "memory.h"
#include "user.h"

#include <kselftest_harness.h>

#include <sys/prctl.h>

#define LONG		(64UL << 10)	/* pinned in a rendezvous */
#define HUGE		(8UL << 20)	/* takes its time */
#define PAGES_IN_LONG	(LONG / PAGE)

FIXTURE(copy)
{
	int box;
	int port;		/* a rendezvous */
	int other;		/* without limits */
	struct ipcbox_info info;
	long pinned;
};

FIXTURE_SETUP(copy)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, 0);
	ASSERT_LE(0, self->port);
	self->other = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->other);
	/* Charged is the real user: one of whom nothing else is left. */
	ASSERT_EQ(0, setresuid(BOB, 0, 0));
	ASSERT_EQ(0, box_info(self->box, &self->info));
	self->pinned = leak_pinned();
}

FIXTURE_TEARDOWN(copy)
{
	struct ipcbox_info info;

	EXPECT_EQ(self->pinned, leak_pinned());
	EXPECT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(0, memcmp(&self->info, &info, sizeof(info)));
	close(self->other);
	close(self->port);
	close(self->box);
}

/* A send from @data, in a thread. */
static struct call sending(int port, void *data, size_t len)
{
	struct call call = call_init(CALL_WRITE, port);

	call.data = data;
	call.len = len;
	return call;
}

/* The same bytes everywhere, in whole pages? */
static bool all_are(const char *data, char byte, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (data[i] != byte)
			return false;
	return true;
}

static void expect_message(struct __test_metadata *_metadata, int port,
			   char byte, size_t len)
{
	char *buffer = memory_pages(len / PAGE);

	EXPECT_EQ(len, sys_read(port, buffer, len));
	EXPECT_TRUE(all_are(buffer, byte, len));
	munmap(buffer, len + PAGE);
}

/* Memory that cannot be pinned */

TEST_F(copy, ordinary_memory_is_pinned)
{
	char *data = memory_pages(PAGES_IN_LONG);
	struct call call = sending(self->port, data, LONG);

	memset(data, 'm', LONG);
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_EQ(self->pinned + PAGES_IN_LONG, leak_pinned());
	expect_message(_metadata, self->port, 'm', LONG);
	EXPECT_EQ(LONG, call_join(&call));
}

/* The page of the kernel's that tells every process the time, as a device's. */
static char *device_page(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start = 0;
	char line[256];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]\n"))
			start = strtoul(line, NULL, 16);
	if (maps)
		fclose(maps);
	return (char *)start;
}

/*
 * Newer kernels make that page of memory that can be pinned without looking at
 * the mapping, as vmsplice() does it, too.
 */
static bool can_be_pinned(char *page)
{
	struct iovec there = { page, 1 };
	bool can;
	int ends[2];

	if (pipe(ends))
		abort();
	can = vmsplice(ends[1], &there, 1, 0) == 1;
	close(ends[0]);
	close(ends[1]);
	return can;
}

/*
 * What was pinned before is unpinned, and all of it is copied from the
 * beginning.
 */
TEST_F(copy, memory_of_a_device_is_copied)
{
	char *data = memory_pages(PAGES_IN_LONG), *device = device_page();
	char *buffer = memory_pages(PAGES_IN_LONG + 1);
	struct iovec segments[] = {
		{ data, LONG / 2 }, { device + 100, PAGE - 100 }, { data, 0 },
		{ data + LONG / 2, LONG / 2 },
	};
	struct call call = call_init(CALL_SEND, self->port);

	if (!device)
		SKIP(return, "no [vvar] here");
	if (can_be_pinned(device))
		SKIP(return, "[vvar] is ordinary memory here");
	memset(data, 'd', LONG);
	call.data = segments;
	call.len = ARRAY_SIZE(segments);
	call.send.flags = IPCBOX_IOVEC;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_EQ(self->pinned, leak_pinned());
	/* It has left already. */
	memset(data, 'x', LONG);
	EXPECT_EQ(LONG + PAGE - 100, sys_read(self->port, buffer, LONG + PAGE));
	EXPECT_TRUE(all_are(buffer, 'd', LONG / 2));
	EXPECT_TRUE(all_are(buffer + LONG / 2 + PAGE - 100, 'd', LONG / 2));
	EXPECT_EQ(0, call_join(&call));
}

/* Memory that is taken away */

static char *file_memory(int *fd, size_t len)
{
	char *memory;

	*fd = memfd_create("ipcbox-copy", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, len))
		abort();
	memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (memory == MAP_FAILED)
		abort();
	memset(memory, 'f', len);
	return memory;
}

TEST_F(copy, a_file_that_is_shorter_than_its_mapping)
{
	struct ipcbox_send send = { .deadline = in_ns(5 * SEC) };
	struct ipcbox_stat before, after;
	size_t len;
	int fd;

	ASSERT_EQ(0, port_stat(self->port, &before));
	send.data = (uintptr_t)file_memory(&fd, LONG);
	send.len = LONG;
	for (len = 0; len < LONG; len += 5 * PAGE) {
		ASSERT_EQ(0, ftruncate(fd, len));
		EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_SEND, &send));
		EXPECT_EQ(-EFAULT, sys_ioctl(self->other, IPCBOX_SEND, &send));
	}
	ASSERT_EQ(0, port_stat(self->port, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
	close(fd);
}

TEST_F(copy, a_file_that_is_cut_while_its_sender_waits)
{
	int fd;
	struct call call = sending(self->port, file_memory(&fd, LONG), LONG);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_EQ(0, ftruncate(fd, 0));
	expect_message(_metadata, self->port, 'f', LONG);
	EXPECT_EQ(LONG, call_join(&call));
	close(fd);
}

TEST_F(copy, memory_that_is_unmapped_while_its_sender_waits)
{
	char *data = memory_pages(PAGES_IN_LONG);
	struct call call = sending(self->port, data, LONG);

	memset(data, 'u', LONG);
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_EQ(0, munmap(data, LONG));
	expect_message(_metadata, self->port, 'u', LONG);
	EXPECT_EQ(LONG, call_join(&call));
}

/* Memory that does not hold still */

/* Of this thread, the next so many user copies fail. */
static void copies_fail(const char *times)
{
	fault_set(FAULT_COPY, "times", times);
	fault_set(FAULT_COPY, "task-filter", "Y");
	fault_set(FAULT_COPY, "probability", "100");
	leak_write("/proc/thread-self/make-it-fail", "1");
}

/* (It fails itself as long as they do.) */
static void copies_do_not_fail(void)
{
	int i;

	for (i = 0; i < 100; i++)
		leak_write("/proc/thread-self/make-it-fail", "0");
	fault_set(FAULT_COPY, "probability", "0");
	fault_set(FAULT_COPY, "task-filter", "N");
}

/* A receiver's page may vanish after it was made to come, but not for ever. */
TEST_F(copy, pages_of_the_receiver_vanish)
{
	char *data = memory_pages(PAGES_IN_LONG);
	char *buffer = memory_pages(PAGES_IN_LONG);
	struct call call = sending(self->port, data, LONG);
	struct ipcbox_stat before, after;
	struct fault fault;
	ssize_t ret;

	if (!fault_init(&fault))
		SKIP(return, "no fault injection here (CONFIG_FAULT_INJECTION, debugfs, root)");
	memset(data, 'v', LONG);
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	ASSERT_EQ(0, port_stat(self->port, &before));

	copies_fail("30");
	ret = sys_read(self->port, buffer, LONG);
	copies_do_not_fail();
	EXPECT_EQ(-EFAULT, ret);
	ASSERT_EQ(0, port_stat(self->port, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));

	copies_fail("10");
	ret = sys_read(self->port, buffer, LONG);
	copies_do_not_fail();
	EXPECT_EQ(LONG, ret);
	EXPECT_TRUE(all_are(buffer, 'v', LONG));
	EXPECT_EQ(LONG, call_join(&call));
	close(fault.nth);
}

/* A receiver who is killed */

static pid_t start_receiver(int port, char *buffer)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* So that the copy does not wait for pages. */
	memset(buffer, 0, HUGE);
	if (sys_read(port, buffer, HUGE) == HUGE)
		pause();
	_exit(1);
}

/* True if that was before it had received anything. */
static bool kill_while_it_copies(int port, pid_t pid)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_stat stat;

	do {
		if (port_stat(port, &stat))
			abort();
	} while (!stat.taken && !stat.received && now_ns() < end);
	kill(pid, SIGKILL);
	if (child_wait(pid) != 128 + SIGKILL || port_stat(port, &stat))
		abort();
	return !stat.received;
}

static void wait_for_message(int port)
{
	struct ipcbox_stat stat;

	do {
		if (port_stat(port, &stat))
			abort();
	} while (!stat.messages);
}

/* True if the receiver was killed in time: then somebody else gets it all. */
static bool kill_receiver(struct __test_metadata *_metadata, int box,
			  uint64_t capacity, char *data)
{
	int port = port_temporary(box, capacity);
	struct call call = sending(port, data, HUGE);
	struct ipcbox_stat stat;
	bool in_time;

	call_start(&call);
	wait_for_message(port);
	in_time = kill_while_it_copies(port, start_receiver(port, data));
	if (in_time) {
		EXPECT_EQ(0, port_stat(port, &stat));
		EXPECT_EQ(1, stat.messages);
		EXPECT_EQ(0, stat.taken);
		expect_message(_metadata, port, 'k', HUGE);
	}
	EXPECT_EQ(HUGE, call_join(&call));
	close(port);
	return in_time;
}

static void kill_receivers(struct __test_metadata *_metadata, int box,
			   uint64_t capacity)
{
	char *data = memory_pages(HUGE / PAGE);
	uint64_t end = in_ns(20 * SEC);
	unsigned int n, in_time = 0;

	memset(data, 'k', HUGE);
	for (n = 0; in_time < 3 && now_ns() < end && _metadata->passed; n++)
		in_time += kill_receiver(_metadata, box, capacity, data);
	TH_LOG("%u of %u receivers were killed in time", in_time, n);
	EXPECT_EQ(3, in_time);
}

TEST_F_TIMEOUT(copy, killed_while_it_copies, 60)
{
	kill_receivers(_metadata, self->box, IPCBOX_UNLIMITED);
}

TEST_F_TIMEOUT(copy, killed_while_it_copies_from_pinned_pages, 60)
{
	kill_receivers(_metadata, self->box, 0);
}

TEST_HARNESS_MAIN
