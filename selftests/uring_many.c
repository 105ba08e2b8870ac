// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: one thread, by means of liburing, with reads and writes in flight on
 * hundreds of ports, that complete, are cancelled, wait for each other, run out
 * of time, or end with the ring, the ports or the process
 *
 * None of it takes worker threads. uring.c is about single reads and writes.
 */

#include <dirent.h>
#include <liburing.h>

#include "attach.h"

#include <kselftest_harness.h>

#define PORTS	300

/* What user_data says: which request, on which port. */
enum { READS = 0, WRITES = PORTS, OTHERS = 2 * PORTS, ALL = 3 * PORTS };

FIXTURE(many)
{
	int box;
	int ports[PORTS];	/* of capacity 1 */
	struct io_uring ring;
	bool skip;
	uint64_t in[PORTS];
	uint64_t out[PORTS];
	int res[ALL];		/* of each request, the last result … */
	unsigned int times[ALL]; /* … and how many there were */
};

FIXTURE_VARIANT(many)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(many, submitted_by_the_thread)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(many, submitted_by_the_kernel)
{
	.flags = IORING_SETUP_SQPOLL,
};

FIXTURE_VARIANT_ADD(many, completed_when_asked_for)
{
	.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

/* As the harness names the fixture's struct. */
#define many_test	FIXTURE_DATA(many)

FIXTURE_SETUP(many)
{
	int i, ret;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	for (i = 0; i < PORTS; i++) {
		self->ports[i] = port_temporary(self->box, 1);
		ASSERT_LE(0, self->ports[i]);
		self->out[i] = 1000 + i;
	}
	ret = io_uring_queue_init(1024, &self->ring, variant->flags);
	self->skip = ret == -EINVAL || ret == -EPERM || ret == -ENOSYS;
	ASSERT_TRUE(self->skip || !ret);
}

FIXTURE_TEARDOWN(many)
{
	/* What is open goes with the process. */
}

#define NEEDS_RING() do { \
	if (self->skip) \
		SKIP(return, "no io_uring of this kind here"); \
} while (0)

/* Requests */

static struct io_uring_sqe *add(many_test *self, unsigned int request)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);

	if (!sqe)
		abort();
	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = request;
	return sqe;
}

/* What io_uring_prep_…() sets, and what add() has set. */
#define PREPARE(self, request, how, ...) ({				\
	struct io_uring_sqe *sqe_ = add(self, request);			\
									\
	io_uring_prep_##how(sqe_, ##__VA_ARGS__);			\
	io_uring_sqe_set_data64(sqe_, request);				\
	sqe_;								\
})

static struct io_uring_sqe *add_read(many_test *self, int i)
{
	return PREPARE(self, READS + i, read, self->ports[i], &self->in[i],
		       sizeof(self->in[i]), -1);
}

static struct io_uring_sqe *add_write(many_test *self, int i)
{
	return PREPARE(self, WRITES + i, write, self->ports[i], &self->out[i],
		       sizeof(self->out[i]), -1);
}

/* Returns once all of them are under way. */
static bool submit(many_test *self)
{
	if (io_uring_submit(&self->ring) < 0)
		return false;
	while (io_uring_sq_ready(&self->ring))
		sched_yield();
	return true;
}

static bool submit_reads(many_test *self)
{
	int i;

	for (i = 0; i < PORTS; i++)
		add_read(self, i);
	return submit(self);
}

/* Results */

/* A result that is there, or comes within so many seconds. */
static bool next_result(many_test *self, unsigned int seconds,
			struct io_uring_cqe *result)
{
	struct __kernel_timespec limit = { .tv_sec = seconds };
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_wait_cqe_timeout(&self->ring, &cqe, &limit);
	} while (ret == -EINTR);
	if (ret)
		return false;
	*result = *cqe;
	io_uring_cqe_seen(&self->ring, cqe);
	if (result->user_data >= ALL)
		abort();
	self->res[result->user_data] = result->res;
	self->times[result->user_data]++;
	return true;
}

/* How many of so many results come, within a time that is long enough. */
static unsigned int collect(many_test *self, unsigned int n)
{
	struct io_uring_cqe result;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!next_result(self, 20, &result))
			break;
	return i;
}

/* Whatever is ready to run has run after this, and nothing has come of it. */
static bool quiet(many_test *self)
{
	io_uring_get_events(&self->ring);
	return !io_uring_cq_ready(&self->ring);
}

/* On how many ports this request has ended once, with this result. */
static unsigned int ended(many_test *self, unsigned int requests, int res)
{
	unsigned int i, n = 0;

	for (i = requests; i < requests + PORTS; i++)
		n += self->times[i] == 1 && self->res[i] == res;
	return n;
}

/* Into how many buffers has come what was sent to their port? */
static unsigned int arrived(many_test *self)
{
	unsigned int i, n = 0;

	for (i = 0; i < PORTS; i++)
		n += self->in[i] == self->out[i];
	return n;
}

/* Threads that the kernel has made because a request could not be polled. */
static unsigned int workers(void)
{
	char path[64], name[32];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir = opendir("/proc/self/task");
	FILE *file;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm",
			 entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		n += fgets(name, sizeof(name), file) &&
		     !strncmp(name, "iou-wrk", 7);
		fclose(file);
	}
	closedir(dir);
	return n;
}

/* From outside of the ring */

static unsigned int write_all(many_test *self, uint64_t more)
{
	uint64_t number;
	unsigned int i, n = 0;

	/* In another order. */
	for (i = 0; i < PORTS; i++) {
		number = self->out[i * 7 % PORTS] + more;
		n += sys_write(self->ports[i * 7 % PORTS], &number,
			       sizeof(number)) == sizeof(number);
	}
	return n;
}

/* How many ports have what write_all() has written? */
static unsigned int read_all(many_test *self, uint64_t more)
{
	struct ipcbox_recv recv = {};
	uint64_t number;
	unsigned int i, n = 0;

	for (i = 0; i < PORTS; i++)
		n += !msg_recv(self->ports[i], &number, sizeof(number),
			       IPCBOX_NOWAIT, &recv) &&
		     number == self->out[i] + more;
	return n;
}

static unsigned int sent(many_test *self)
{
	struct ipcbox_stat stat;
	unsigned int i, n = 0;

	for (i = 0; i < PORTS; i++)
		if (!port_stat(self->ports[i], &stat))
			n += stat.sent;
	return n;
}

static unsigned int waiting(many_test *self)
{
	struct ipcbox_stat stat;
	unsigned int i, n = 0;

	for (i = 0; i < PORTS; i++)
		if (!port_stat(self->ports[i], &stat))
			n += stat.waiting_senders + stat.waiting_receivers;
	return n;
}

/* No request is in flight that would take a message. */
#define EXPECT_IDLE(self) do {						\
	EXPECT_TRUE(quiet(self));					\
	EXPECT_EQ(PORTS, write_all(self, 1));				\
	EXPECT_TRUE(quiet(self));					\
	EXPECT_EQ(PORTS, read_all(self, 1));				\
	EXPECT_EQ(0, workers());					\
} while (0)

/* In flight */

/* One on each port, which has no room for it. */
static bool submit_writes(many_test *self)
{
	int i;

	if (write_all(self, 2) != PORTS)
		return false;
	for (i = 0; i < PORTS; i++)
		add_write(self, i);
	return submit(self);
}

TEST_F(many, a_read_in_flight_on_each_port)
{
	NEEDS_RING();
	ASSERT_TRUE(submit_reads(self));
	EXPECT_TRUE(quiet(self));
	EXPECT_EQ(0, waiting(self));
	EXPECT_EQ(0, workers());
	ASSERT_EQ(PORTS, write_all(self, 0));
	EXPECT_EQ(PORTS, collect(self, PORTS));
	EXPECT_EQ(PORTS, ended(self, READS, 8));
	EXPECT_EQ(PORTS, arrived(self));
	EXPECT_IDLE(self);
}

TEST_F(many, a_write_in_flight_on_each_port)
{
	NEEDS_RING();
	ASSERT_TRUE(submit_writes(self));
	EXPECT_TRUE(quiet(self));
	EXPECT_EQ(0, waiting(self));
	EXPECT_EQ(0, workers());
	EXPECT_EQ(PORTS, sent(self));
	EXPECT_EQ(PORTS, read_all(self, 2));
	EXPECT_EQ(PORTS, collect(self, PORTS));
	EXPECT_EQ(PORTS, ended(self, WRITES, 8));
	EXPECT_EQ(PORTS, read_all(self, 0));
	EXPECT_IDLE(self);
}

/* Whoever submits it, it is the process that sends. */
TEST_F(many, who_has_written)
{
	struct ipcbox_recv recv = {};

	NEEDS_RING();
	add_write(self, 0);
	ASSERT_TRUE(submit(self));
	ASSERT_EQ(1, collect(self, 1));
	ASSERT_EQ(0, msg_recv(self->ports[0], self->in, 8, 0, &recv));
	EXPECT_EQ(getpid(), recv.sender_pid);
	EXPECT_EQ(geteuid(), recv.sender_uid);
}

/* Others send to ports at random; each read that ends is begun again. */

#define SENDERS		2
#define EACH_SENDS	3000

static pid_t start_sender(many_test *self, unsigned int seed)
{
	uint64_t i, number;
	pid_t pid = fork();

	if (pid)
		return pid;
	srandom(seed);
	for (i = 0; i < EACH_SENDS; i++) {
		number = seed << 16 | i;
		if (sys_write(self->ports[random() % PORTS], &number, 8) != 8)
			_exit(1);
	}
	_exit(0);
}

/* What came out of turn on its way through one port, or twice. */
static unsigned int serve(many_test *self, unsigned int n)
{
	static uint64_t last[PORTS][SENDERS];
	static bool seen[SENDERS][EACH_SENDS];
	struct io_uring_cqe result;
	unsigned int i, wrong = 0;
	uint64_t number, sender;

	while (n-- && next_result(self, 20, &result)) {
		i = result.user_data;
		sender = self->in[i] >> 16;
		number = self->in[i] & 0xffff;
		wrong += result.res != 8 || seen[sender][number] ||
			 number < last[i][sender];
		seen[sender][number] = true;
		last[i][sender] = number;
		add_read(self, i);
		io_uring_submit(&self->ring);
	}
	return wrong + n + 1;
}

TEST_F_TIMEOUT(many, one_thread_serves_all, 90)
{
	pid_t pids[SENDERS];
	int i;

	NEEDS_RING();
	ASSERT_TRUE(submit_reads(self));
	for (i = 0; i < SENDERS; i++)
		pids[i] = start_sender(self, i);
	EXPECT_EQ(0, serve(self, SENDERS * EACH_SENDS));
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
	EXPECT_TRUE(quiet(self));
	EXPECT_EQ(0, workers());
}

/*
 * All on one port: each message lets all of them try, and one succeed. The
 * kernel gives up polling, and takes a worker thread, for one that has lost 128
 * times.
 */
TEST_F(many, a_hundred_reads_on_one_port)
{
	unsigned int i, right = 0;
	bool seen[100] = {};

	NEEDS_RING();
	for (i = 0; i < 100; i++)
		PREPARE(self, READS + i, read, self->ports[0], &self->in[i], 8,
			-1);
	ASSERT_TRUE(submit(self));
	for (i = 0; i < 100; i++) {
		self->out[0] = i;
		ASSERT_EQ(8, sys_write(self->ports[0], &self->out[0], 8));
		/* Or else there might be no room for the next one. */
		ASSERT_EQ(1, collect(self, 1));
	}
	for (i = 0; i < 100; i++) {
		ASSERT_GT(100, self->in[i]);
		right += self->res[i] == 8 && !seen[self->in[i]];
		seen[self->in[i]] = true;
	}
	EXPECT_EQ(100, right);
	EXPECT_EQ(0, workers());
}

/* Linked */

TEST_F(many, a_write_and_then_a_read)
{
	int i;

	NEEDS_RING();
	for (i = 0; i < PORTS; i++) {
		add_write(self, i)->flags |= IOSQE_IO_LINK;
		add_read(self, i);
	}
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS, ended(self, WRITES, 8));
	EXPECT_EQ(PORTS, ended(self, READS, 8));
	EXPECT_EQ(PORTS, arrived(self));
	EXPECT_IDLE(self);
}

/* A read that overtook its write would get the message that was there. */
TEST_F(many, a_read_waits_for_a_write_that_waits)
{
	int i;

	NEEDS_RING();
	ASSERT_EQ(PORTS, write_all(self, 2));
	for (i = 0; i < PORTS; i++) {
		add_write(self, i)->flags |= IOSQE_IO_LINK;
		add_read(self, i);
	}
	ASSERT_TRUE(submit(self));
	EXPECT_TRUE(quiet(self));
	EXPECT_EQ(PORTS, read_all(self, 2));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS, ended(self, WRITES, 8));
	EXPECT_EQ(PORTS, ended(self, READS, 8));
	EXPECT_EQ(PORTS, arrived(self));
	EXPECT_IDLE(self);
}

/* A read of a message that is too long, of less than was asked for, and of one
 * from memory that is not there: what is linked to them is not done.
 */
TEST_F(many, a_link_that_breaks)
{
	static char text[64];
	int i;

	NEEDS_RING();
	for (i = 0; i < PORTS; i++) {
		if (i % 3)
			ASSERT_EQ(8, sys_write(self->ports[i], &self->out[i], 8));
		if (i % 3 == 0)
			PREPARE(self, OTHERS + i, write, self->ports[i], NULL,
				8, -1)->flags |= IOSQE_IO_LINK;
		else
			PREPARE(self, OTHERS + i, read, self->ports[i], text,
				i % 3 == 1 ? 4 : 64, -1)->flags |= IOSQE_IO_LINK;
		add_write(self, i);
	}
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS / 3, ended(self, OTHERS, -EFAULT));
	EXPECT_EQ(PORTS / 3, ended(self, OTHERS, -EMSGSIZE));
	EXPECT_EQ(PORTS / 3, ended(self, OTHERS, 8));
	EXPECT_EQ(PORTS, ended(self, WRITES, -ECANCELED));
	EXPECT_EQ(PORTS / 3 * 2, sent(self));
	/* One of three failed and left its message. */
	EXPECT_EQ(PORTS / 3, read_all(self, 0));
	EXPECT_IDLE(self);
}

TEST_F(many, a_hard_link_that_does_not)
{
	int i;

	NEEDS_RING();
	for (i = 0; i < PORTS; i++) {
		PREPARE(self, OTHERS + i, write, self->ports[i], NULL, 8, -1)
			->flags |= IOSQE_IO_HARDLINK;
		add_write(self, i);
	}
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS, ended(self, OTHERS, -EFAULT));
	EXPECT_EQ(PORTS, ended(self, WRITES, 8));
	EXPECT_EQ(PORTS, read_all(self, 0));
	EXPECT_IDLE(self);
}

/* Cancelled */

TEST_F(many, cancelled_one_by_one)
{
	int i;

	NEEDS_RING();
	ASSERT_TRUE(submit_reads(self));
	EXPECT_TRUE(quiet(self));
	for (i = 0; i < PORTS; i++)
		PREPARE(self, OTHERS + i, cancel64, READS + i, 0);
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS, ended(self, READS, -ECANCELED));
	EXPECT_EQ(PORTS, ended(self, OTHERS, 0));
	EXPECT_IDLE(self);
}

/* Two reads on each port. */
TEST_F(many, cancelled_by_descriptor)
{
	int i;

	NEEDS_RING();
	ASSERT_TRUE(submit_reads(self));
	for (i = 0; i < PORTS; i++)
		PREPARE(self, WRITES + i, read, self->ports[i], &self->in[i], 8,
			-1);
	ASSERT_TRUE(submit(self));
	EXPECT_TRUE(quiet(self));
	for (i = 0; i < PORTS; i++)
		PREPARE(self, OTHERS + i, cancel_fd, self->ports[i],
			IORING_ASYNC_CANCEL_ALL);
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(3 * PORTS, collect(self, 3 * PORTS));
	EXPECT_EQ(PORTS, ended(self, READS, -ECANCELED));
	EXPECT_EQ(PORTS, ended(self, WRITES, -ECANCELED));
	EXPECT_EQ(PORTS, ended(self, OTHERS, 2));
	EXPECT_IDLE(self);
}

/* Writes, for a change. */
TEST_F(many, cancelled_all_at_once)
{
	NEEDS_RING();
	ASSERT_TRUE(submit_writes(self));
	EXPECT_TRUE(quiet(self));
	PREPARE(self, OTHERS, cancel64, 0, IORING_ASYNC_CANCEL_ANY);
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(PORTS + 1, collect(self, PORTS + 1));
	EXPECT_EQ(PORTS, ended(self, WRITES, -ECANCELED));
	EXPECT_EQ(PORTS, self->res[OTHERS]);
	EXPECT_EQ(PORTS, sent(self));
	EXPECT_EQ(PORTS, read_all(self, 2));
	EXPECT_IDLE(self);
}

/* Out of time */

static struct __kernel_timespec soon = { .tv_nsec = 50 * MSEC };
static struct __kernel_timespec late = { .tv_sec = 60 };

static void add_reads_until(many_test *self, struct __kernel_timespec *limit)
{
	int i;

	for (i = 0; i < PORTS; i++) {
		add_read(self, i)->flags |= IOSQE_IO_LINK;
		PREPARE(self, OTHERS + i, link_timeout, limit, 0);
	}
}

TEST_F(many, a_time_limit_that_passes)
{
	NEEDS_RING();
	add_reads_until(self, &soon);
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS, ended(self, READS, -ECANCELED));
	EXPECT_EQ(PORTS, ended(self, OTHERS, -ETIME));
	EXPECT_IDLE(self);
}

TEST_F(many, a_time_limit_that_is_met)
{
	NEEDS_RING();
	add_reads_until(self, &late);
	/* Ends when all others have ended, long before its time. */
	PREPARE(self, WRITES, timeout, &late, 2 * PORTS, 0);
	ASSERT_TRUE(submit(self));
	EXPECT_TRUE(quiet(self));
	ASSERT_EQ(PORTS, write_all(self, 0));
	EXPECT_EQ(2 * PORTS + 1, collect(self, 2 * PORTS + 1));
	EXPECT_EQ(PORTS, ended(self, READS, 8));
	EXPECT_EQ(PORTS, ended(self, OTHERS, -ECANCELED));
	EXPECT_EQ(0, self->res[WRITES]);
	EXPECT_EQ(PORTS, arrived(self));
	EXPECT_IDLE(self);
}

/* A message comes and the read ends, at the same time */

static pid_t start_writer(many_test *self, unsigned int microseconds)
{
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	for (i = 0; i < PORTS; i++) {
		usleep(microseconds);
		if (sys_write(self->ports[i], &self->out[i], 8) != 8)
			_exit(1);
	}
	_exit(0);
}

/* Each message has been read or is there; none is both, and none neither. */
static void expect_each_once(struct __test_metadata *_metadata,
			     many_test *self, pid_t writer)
{
	unsigned int was_read, was_not;

	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(0, child_wait(writer));
	was_read = ended(self, READS, 8);
	was_not = ended(self, READS, -ECANCELED);
	TH_LOG("%u read, %u not", was_read, was_not);
	EXPECT_EQ(PORTS, was_read + was_not);
	EXPECT_EQ(was_read, arrived(self));
	EXPECT_EQ(was_not, read_all(self, 0));
	EXPECT_IDLE(self);
}

TEST_F(many, messages_race_with_cancellation)
{
	struct ipcbox_stat stat;
	pid_t writer;
	int i;

	NEEDS_RING();
	ASSERT_TRUE(submit_reads(self));
	writer = start_writer(self, 50);
	/* From the other end, so that the two meet. */
	do {
		ASSERT_EQ(0, port_stat(self->ports[0], &stat));
	} while (!stat.sent);
	for (i = PORTS - 1; i >= 0; i--) {
		PREPARE(self, OTHERS + i, cancel64, READS + i, 0);
		ASSERT_TRUE(submit(self));
	}
	expect_each_once(_metadata, self, writer);
}

TEST_F(many, messages_race_with_time_limits)
{
	pid_t writer;

	NEEDS_RING();
	add_reads_until(self, &soon);
	writer = start_writer(self, 200);
	ASSERT_TRUE(submit(self));
	expect_each_once(_metadata, self, writer);
}

/* Polled */

TEST_F(many, poll_tells_each_time)
{
	struct io_uring_cqe result;
	unsigned int i, round, right;

	NEEDS_RING();
	for (i = 0; i < PORTS; i++)
		PREPARE(self, READS + i, poll_multishot, self->ports[i], POLLIN);
	ASSERT_TRUE(submit(self));
	EXPECT_TRUE(quiet(self));
	for (round = 1; round <= 3; round++) {
		ASSERT_EQ(PORTS, write_all(self, round));
		right = 0;
		for (i = 0; i < PORTS && next_result(self, 20, &result); i++)
			right += result.flags & IORING_CQE_F_MORE &&
				 result.res & POLLIN &&
				 self->times[result.user_data] == round;
		EXPECT_EQ(PORTS, right);
		EXPECT_EQ(PORTS, read_all(self, round));
		EXPECT_TRUE(quiet(self));
	}
	for (i = 0; i < PORTS; i++)
		ASSERT_EQ(0, port_delete_id(self->box, port_id(self->ports[i])));
	memset(self->times, 0, sizeof(self->times));
	EXPECT_EQ(PORTS, collect(self, PORTS));
	EXPECT_EQ(PORTS, ended(self, READS, POLLHUP | POLLERR));
	EXPECT_EQ(0, workers());
}

/* Registered */

static bool wait_for_no_ports(int box)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_info info;

	while (!box_info(box, &info) && info.box_ports && now_ns() < end)
		sleep_ns(MSEC);
	return !info.box_ports;
}

/* A handle that the ring has is attached, without any descriptor. */
TEST_F(many, registered_handles)
{
	struct ipcbox_info info;
	int i;

	NEEDS_RING();
	ASSERT_EQ(0, io_uring_register_files(&self->ring, self->ports, PORTS));
	for (i = 0; i < PORTS; i++) {
		close(self->ports[i]);
		/* In the ring's table. */
		self->ports[i] = i;
	}
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(PORTS, info.box_ports);
	for (i = 0; i < PORTS; i++)
		add_read(self, i)->flags |= IOSQE_FIXED_FILE;
	for (i = 0; i < PORTS; i++)
		add_write(self, i)->flags |= IOSQE_FIXED_FILE;
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS, ended(self, READS, 8));
	EXPECT_EQ(PORTS, arrived(self));
	EXPECT_EQ(0, workers());
	ASSERT_EQ(0, io_uring_unregister_files(&self->ring));
	EXPECT_TRUE(wait_for_no_ports(self->box));
}

TEST_F(many, registered_memory)
{
	struct iovec memory[] = {
		{ self->in, sizeof(self->in) },
		{ self->out, sizeof(self->out) },
	};
	int i;

	NEEDS_RING();
	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, memory, 2));
	for (i = 0; i < PORTS; i++)
		PREPARE(self, READS + i, read_fixed, self->ports[i],
			&self->in[i], 8, -1, 0);
	for (i = 0; i < PORTS; i++)
		PREPARE(self, WRITES + i, write_fixed, self->ports[i],
			&self->out[i], 8, -1, 1);
	ASSERT_TRUE(submit(self));
	EXPECT_EQ(2 * PORTS, collect(self, 2 * PORTS));
	EXPECT_EQ(PORTS, ended(self, READS, 8));
	EXPECT_EQ(PORTS, ended(self, WRITES, 8));
	EXPECT_EQ(PORTS, arrived(self));
	EXPECT_IDLE(self);
}

/* The end */

/* Reads on every second port, and on the others writes for which is no room. */
static void submit_both(many_test *self)
{
	int i;

	for (i = 0; i < PORTS; i++) {
		if (i % 2 == 0)
			add_read(self, i);
		else if (sys_write(self->ports[i], &self->out[i], 8) == 8)
			add_write(self, i);
	}
	submit(self);
}

TEST_F(many, the_ports_are_deleted)
{
	int i;

	NEEDS_RING();
	submit_both(self);
	EXPECT_TRUE(quiet(self));
	for (i = 0; i < PORTS; i++)
		ASSERT_EQ(0, port_delete_id(self->box, port_id(self->ports[i])));
	EXPECT_EQ(PORTS, collect(self, PORTS));
	EXPECT_EQ(PORTS / 2, ended(self, READS, -EIDRM));
	EXPECT_EQ(PORTS / 2, ended(self, WRITES, -EIDRM));
	EXPECT_EQ(0, workers());
}

/* Handles of our own instead of those that the requests are on. */
static void keep_others(many_test *self)
{
	int i, other;

	for (i = 0; i < PORTS; i++) {
		other = port_open_id(self->box, port_id(self->ports[i]),
				     RIGHTS_IO);
		close(self->ports[i]);
		self->ports[i] = other;
	}
}

static unsigned int wait_for_single_handles(many_test *self)
{
	unsigned int i, n = 0;

	for (i = 0; i < PORTS; i++)
		n += wait_for_handles(self->ports[i], 1);
	return n;
}

/* Nothing was sent by what was in flight, and nobody takes anything. */
#define EXPECT_GIVEN_UP(self) do {					\
	EXPECT_EQ(PORTS, wait_for_single_handles(self));		\
	EXPECT_EQ(PORTS / 2, sent(self));				\
	EXPECT_EQ(PORTS / 2, read_all(self, 0));			\
	EXPECT_EQ(PORTS, write_all(self, 1));				\
	EXPECT_EQ(PORTS, read_all(self, 1));				\
} while (0)

TEST_F(many, the_ring_is_closed)
{
	NEEDS_RING();
	submit_both(self);
	keep_others(self);
	EXPECT_ATTACHED(self->ports[0], 2, 2, 2);
	io_uring_queue_exit(&self->ring);
	EXPECT_GIVEN_UP(self);
}

TEST_F(many, the_process_is_killed)
{
	struct pace pace;
	pid_t pid;

	NEEDS_RING();
	io_uring_queue_exit(&self->ring);
	ASSERT_TRUE(pace_init(&pace));
	pid = fork();
	if (!pid) {
		if (io_uring_queue_init(1024, &self->ring, variant->flags))
			_exit(1);
		submit_both(self);
		pace_stay(&pace);
		_exit(2);
	}
	ASSERT_TRUE(pace_heard(&pace));
	keep_others(self);
	EXPECT_ATTACHED(self->ports[0], 2, 2, 2);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_GIVEN_UP(self);
}

TEST_HARNESS_MAIN
