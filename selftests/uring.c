// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles as files: io_uring without worker threads, RWF_NOWAIT, O_NONBLOCK,
 * and what a mailbox does not do (seek, splice)
 *
 * io_uring is spoken raw, through its three system calls, one entry at a time.
 */

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "call.h"
#include "event.h"

#include <kselftest_harness.h>

/* A ring: entries are submitted one by one, completions kept by user_data. */
struct ring {
	int fd;
	struct io_uring_params params;
	unsigned char *rings;
	struct io_uring_sqe *sqes;
	size_t rings_size;
};

static int ring_open(struct ring *ring)
{
	size_t sq_size, cq_size;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(__NR_io_uring_setup, 32, &ring->params);
	if (ring->fd < 0)
		return -errno;
	if (!(ring->params.features & IORING_FEAT_SINGLE_MMAP))
		return -ENOSYS;
	sq_size = ring->params.sq_off.array +
		  ring->params.sq_entries * sizeof(uint32_t);
	cq_size = ring->params.cq_off.cqes +
		  ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->rings_size = sq_size > cq_size ? sq_size : cq_size;
	ring->rings = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ring->params.sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			  IORING_OFF_SQES);
	return ring->rings == MAP_FAILED || (void *)ring->sqes == MAP_FAILED ?
	       -ENOMEM : 0;
}

static uint32_t *ring_word(struct ring *ring, uint32_t offset)
{
	return (uint32_t *)(ring->rings + offset);
}

/* Returns 1, or -errno. */
static int ring_submit(struct ring *ring, const struct io_uring_sqe *sqe)
{
	uint32_t mask = *ring_word(ring, ring->params.sq_off.ring_mask);
	uint32_t *tail = ring_word(ring, ring->params.sq_off.tail);
	uint32_t at = *tail & mask;
	int ret;

	ring->sqes[at] = *sqe;
	ring_word(ring, ring->params.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ret = syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
	return ret < 0 ? -errno : ret;
}

static bool ring_pop(struct ring *ring, struct io_uring_cqe *cqe)
{
	uint32_t mask = *ring_word(ring, ring->params.cq_off.ring_mask);
	uint32_t *head = ring_word(ring, ring->params.cq_off.head);
	uint32_t *tail = ring_word(ring, ring->params.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring->rings +
					     ring->params.cq_off.cqes);

	if (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
		return false;
	*cqe = cqes[*head & mask];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

/* No completion yet? Whatever is ready to run has run after this. */
static bool ring_quiet(struct ring *ring)
{
	struct io_uring_cqe cqe;

	syscall(__NR_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_GETEVENTS,
		NULL, 0);
	return !ring_pop(ring, &cqe);
}

/* The next completion, of which there is one for sure, if late. */
static struct io_uring_cqe ring_wait(struct ring *ring)
{
	struct io_uring_cqe cqe = { .res = -ETIME };

	while (!ring_pop(ring, &cqe))
		if (syscall(__NR_io_uring_enter, ring->fd, 0, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
		    errno != EINTR)
			break;
	return cqe;
}

static struct io_uring_sqe sqe_rw(int op, int fd, const void *data, size_t len,
				  uint64_t user_data)
{
	return (struct io_uring_sqe){
		.opcode = op,
		.fd = fd,
		.addr = (uintptr_t)data,
		.len = len,
		.off = -1ULL,
		.user_data = user_data,
	};
}

FIXTURE(uring)
{
	int box;
	int port;	/* without limits */
	int one;	/* of capacity 1 */
	struct ring ring;
	char buf[64];
	bool skip;
};

FIXTURE_SETUP(uring)
{
	int ret;

	self->box = box_open();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	self->one = port_temporary(self->box, 1);
	ASSERT_LE(0, self->one);
	ret = ring_open(&self->ring);
	self->skip = ret == -ENOSYS || ret == -EPERM;
	ASSERT_TRUE(self->skip || !ret);
}

FIXTURE_TEARDOWN(uring)
{
	close(self->ring.fd);
	close(self->port);
	close(self->one);
	close(self->box);
}

#define NEEDS_URING() do { \
	if (self->skip) \
		SKIP(return, "no io_uring here"); \
} while (0)

#define SUBMIT(...) do { \
	struct io_uring_sqe sqe_ = __VA_ARGS__; \
	ASSERT_EQ(1, ring_submit(&self->ring, &sqe_)); \
} while (0)

TEST_F(uring, a_read_of_what_is_there)
{
	struct io_uring_cqe cqe;

	NEEDS_URING();
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 64, 7));
	cqe = ring_wait(&self->ring);
	EXPECT_EQ(5, cqe.res);
	EXPECT_EQ(7, cqe.user_data);
	EXPECT_STREQ("hello", self->buf);
}

/* A long buffer is not filled up, as that of a read from a regular file is. */
TEST_F(uring, a_read_takes_one_message)
{
	NEEDS_URING();
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	ASSERT_EQ(5, sys_write(self->port, "world", 5));
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 64, 1));
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	EXPECT_STREQ("hello", self->buf);
	EXPECT_EQ(5, sys_read(self->port, self->buf, 64));
	EXPECT_STREQ("world", self->buf);
}

TEST_F(uring, a_read_waits_for_a_message)
{
	struct ipcbox_stat stat;

	NEEDS_URING();
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 64, 1));
	EXPECT_TRUE(ring_quiet(&self->ring));
	/* It waits for an event, no thread waits in the port. */
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.waiting_receivers);
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	EXPECT_STREQ("hello", self->buf);
}

TEST_F(uring, a_write_waits_for_room)
{
	struct ipcbox_recv recv = {};

	NEEDS_URING();
	SUBMIT(sqe_rw(IORING_OP_WRITE, self->one, "one", 3, 1));
	EXPECT_EQ(3, ring_wait(&self->ring).res);
	SUBMIT(sqe_rw(IORING_OP_WRITE, self->one, "two", 3, 2));
	EXPECT_TRUE(ring_quiet(&self->ring));
	EXPECT_EQ(3, sys_read(self->one, self->buf, 64));
	EXPECT_STREQ("one", self->buf);
	EXPECT_EQ(3, ring_wait(&self->ring).res);
	ASSERT_EQ(0, msg_recv(self->one, self->buf, 64, 0, &recv));
	EXPECT_STREQ("two", self->buf);
	EXPECT_EQ(getpid(), recv.sender_pid);
	EXPECT_EQ(geteuid(), recv.sender_uid);
}

TEST_F(uring, readv_and_writev)
{
	char a[3] = {}, b[8] = {};
	struct iovec out[] = { { "hel", 3 }, { "lo", 2 } };
	struct iovec in[] = { { a, 2 }, { b, 8 } };

	NEEDS_URING();
	SUBMIT(sqe_rw(IORING_OP_READV, self->port, in, 2, 1));
	EXPECT_TRUE(ring_quiet(&self->ring));
	SUBMIT(sqe_rw(IORING_OP_WRITEV, self->port, out, 2, 2));
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	EXPECT_STREQ("he", a);
	EXPECT_STREQ("llo", b);
}

TEST_F(uring, a_rendezvous_with_a_waiting_receiver)
{
	int port = port_temporary(self->box, 0);
	struct call recv = call_init(CALL_RECV, port);

	NEEDS_URING();
	SUBMIT(sqe_rw(IORING_OP_WRITE, port, "hello", 5, 1));
	EXPECT_TRUE(ring_quiet(&self->ring));
	call_start(&recv);
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	EXPECT_EQ(0, call_join(&recv));
	EXPECT_STREQ("hello", recv.text);
	close(port);
}

TEST_F(uring, errors_arrive)
{
	int sender = port_open_id(self->box, port_id(self->port),
				  IPCBOX_RIGHT_SEND);

	NEEDS_URING();
	SUBMIT(sqe_rw(IORING_OP_READ, sender, self->buf, 64, 1));
	EXPECT_EQ(-EBADF, ring_wait(&self->ring).res);
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 4, 1));
	EXPECT_EQ(-EMSGSIZE, ring_wait(&self->ring).res);
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, NULL, 5, 1));
	EXPECT_EQ(-EFAULT, ring_wait(&self->ring).res);
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 5, 1));
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	close(sender);
}

/* As many reads as messages, each gets one. */
TEST_F(uring, many_reads_wait)
{
	int numbers[16], seen[16] = {}, i;

	NEEDS_URING();
	for (i = 0; i < 16; i++)
		SUBMIT(sqe_rw(IORING_OP_READ, self->port, &numbers[i],
			      sizeof(int), i));
	EXPECT_TRUE(ring_quiet(&self->ring));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(sizeof(i), sys_write(self->port, &i, sizeof(i)));
	for (i = 0; i < 16; i++) {
		struct io_uring_cqe cqe = ring_wait(&self->ring);

		ASSERT_EQ(sizeof(int), cqe.res);
		ASSERT_GT(16, numbers[cqe.user_data]);
		seen[numbers[cqe.user_data]]++;
	}
	for (i = 0; i < 16; i++)
		EXPECT_EQ(1, seen[i]);
	EXPECT_TRUE(ring_quiet(&self->ring));
}

TEST_F(uring, poll_for_a_message)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = self->port,
		.poll32_events = POLLIN,
	};

	NEEDS_URING();
	SUBMIT(sqe);
	EXPECT_TRUE(ring_quiet(&self->ring));
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(POLLIN, ring_wait(&self->ring).res & POLLIN);
}

TEST_F(uring, poll_for_room)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = self->one,
		.poll32_events = POLLOUT,
	};

	NEEDS_URING();
	ASSERT_EQ(5, sys_write(self->one, "hello", 5));
	SUBMIT(sqe);
	EXPECT_TRUE(ring_quiet(&self->ring));
	ASSERT_EQ(5, sys_read(self->one, self->buf, 64));
	EXPECT_EQ(POLLOUT, ring_wait(&self->ring).res & POLLOUT);
}

TEST_F(uring, a_cancelled_read_takes_no_message)
{
	struct io_uring_sqe cancel = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.addr = 7,
		.user_data = 8,
	};
	struct io_uring_cqe cqe;
	int i;

	NEEDS_URING();
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 64, 7));
	EXPECT_TRUE(ring_quiet(&self->ring));
	SUBMIT(cancel);
	for (i = 0; i < 2; i++) {
		cqe = ring_wait(&self->ring);
		EXPECT_EQ(cqe.user_data == 7 ? -ECANCELED : 0, cqe.res);
	}
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_TRUE(ring_quiet(&self->ring));
	EXPECT_EQ(5, sys_read(self->port, self->buf, 64));
}

TEST_F(uring, a_cancelled_write_sends_nothing)
{
	struct io_uring_sqe cancel = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.addr = 7,
		.user_data = 8,
	};
	struct ipcbox_stat stat;
	struct io_uring_cqe cqe;
	int i;

	NEEDS_URING();
	ASSERT_EQ(3, sys_write(self->one, "one", 3));
	SUBMIT(sqe_rw(IORING_OP_WRITE, self->one, "two", 3, 7));
	EXPECT_TRUE(ring_quiet(&self->ring));
	SUBMIT(cancel);
	for (i = 0; i < 2; i++) {
		cqe = ring_wait(&self->ring);
		EXPECT_EQ(cqe.user_data == 7 ? -ECANCELED : 0, cqe.res);
	}
	EXPECT_EQ(3, sys_read(self->one, self->buf, 64));
	ASSERT_EQ(0, port_stat(self->one, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(1, stat.sent);
}

TEST_F(uring, deletion_ends_what_waits)
{
	struct io_uring_cqe cqe;
	int i;

	NEEDS_URING();
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 64, 1));
	ASSERT_EQ(3, sys_write(self->one, "one", 3));
	SUBMIT(sqe_rw(IORING_OP_WRITE, self->one, "two", 3, 2));
	EXPECT_TRUE(ring_quiet(&self->ring));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->one)));
	for (i = 0; i < 2; i++) {
		cqe = ring_wait(&self->ring);
		EXPECT_EQ(-EIDRM, cqe.res);
	}
}

TEST_F(uring, a_read_waits_for_an_event)
{
	struct ipcbox_event event;
	int i;

	NEEDS_URING();
	ASSERT_EQ(0, events_subscribe(self->port, IPCBOX_EVENT_DELIVERED |
						  IPCBOX_EVENT_DELETED));
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, self->buf, 64, 1));
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, &event, sizeof(event), 2));
	EXPECT_TRUE(ring_quiet(&self->ring));
	/* One of them receives the message, of which the other one is told. */
	EXPECT_LT(0, send_for_receipt(self->port, "hello"));
	for (i = 0; i < 2; i++)
		EXPECT_LT(0, ring_wait(&self->ring).res);
	SUBMIT(sqe_rw(IORING_OP_READ, self->port, &event, sizeof(event), 3));
	EXPECT_TRUE(ring_quiet(&self->ring));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	EXPECT_EQ(sizeof(event), ring_wait(&self->ring).res);
	EXPECT_EQ(IPCBOX_EVENT_DELETED, event.what);
}

/* A worker thread on request. */
TEST_F(uring, asynchronous_from_the_beginning)
{
	struct io_uring_sqe sqe = sqe_rw(IORING_OP_READ, self->port, self->buf,
					 64, 1);

	NEEDS_URING();
	sqe.flags = IOSQE_ASYNC;
	SUBMIT(sqe);
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	EXPECT_STREQ("hello", self->buf);
}

/* io_uring waits for nonblocking files, too, unless the call says no. */
TEST_F(uring, a_nonblocking_handle)
{
	struct io_uring_sqe sqe = sqe_rw(IORING_OP_READ, self->port, self->buf,
					 64, 1);

	NEEDS_URING();
	ASSERT_EQ(0, fcntl(self->port, F_SETFL, O_NONBLOCK));
	SUBMIT(sqe);
	EXPECT_TRUE(ring_quiet(&self->ring));
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(5, ring_wait(&self->ring).res);
	sqe.rw_flags = RWF_NOWAIT;
	SUBMIT(sqe);
	EXPECT_EQ(-EAGAIN, ring_wait(&self->ring).res);
}

/* Other ways of not waiting */

TEST_F(uring, rwf_nowait)
{
	struct iovec in = { self->buf, 64 }, out = { "hello", 5 };

	EXPECT_EQ(-1, preadv2(self->port, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(5, pwritev2(self->one, &out, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(-1, pwritev2(self->one, &out, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(5, preadv2(self->one, &in, 1, -1, RWF_NOWAIT));
	EXPECT_STREQ("hello", self->buf);
}

TEST_F(uring, o_nonblock_on_and_off)
{
	struct call read = call_init(CALL_READ, self->port);
	struct ipcbox_recv recv = { .deadline = in_ns(10 * SEC) };

	ASSERT_EQ(0, fcntl(self->port, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, sys_read(self->port, self->buf, 64));
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, self->buf, 64, 0, &recv));
	ASSERT_EQ(0, fcntl(self->one, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(5, sys_write(self->one, "hello", 5));
	EXPECT_EQ(-EAGAIN, sys_write(self->one, "hello", 5));
	EXPECT_EQ(-EAGAIN, msg_send(self->one, "hello", 5, 0, 0, 0));
	ASSERT_EQ(0, fcntl(self->port, F_SETFL, 0));
	call_start(&read);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(5, call_join(&read));
}

/* What a mailbox is not */

TEST_F(uring, there_is_no_position)
{
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(-1, lseek(self->port, 0, SEEK_CUR));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(self->port, self->buf, 64, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pwrite(self->port, "hello", 5, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, preadv(self->port, &(struct iovec){ self->buf, 64 }, 1,
			     0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(5, sys_read(self->port, self->buf, 64));
}

TEST_F(uring, there_is_no_splicing)
{
	int pipes[2], file;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(5, write(pipes[1], "hello", 5));
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	EXPECT_EQ(-1, splice(self->port, NULL, pipes[1], NULL, 5, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, splice(pipes[0], NULL, self->port, NULL, 5, 0));
	EXPECT_EQ(EINVAL, errno);
	file = open("/proc/self/exe", O_RDONLY);
	ASSERT_LE(0, file);
	EXPECT_EQ(-1, sendfile(self->port, file, NULL, 5));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, sendfile(pipes[1], self->port, NULL, 5));
	EXPECT_EQ(EINVAL, errno);
	/* Nothing is lost by trying. */
	EXPECT_EQ(5, sys_read(self->port, self->buf, 64));
	EXPECT_EQ(5, read(pipes[0], self->buf, 64));
	EXPECT_STREQ("hello", self->buf);
}

TEST_F(uring, there_is_nothing_to_truncate_or_sync)
{
	struct stat stat;

	EXPECT_EQ(-1, ftruncate(self->port, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fsync(self->port));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, fstat(self->port, &stat));
	EXPECT_EQ(0, stat.st_size);
}

TEST_HARNESS_MAIN
