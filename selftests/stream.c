// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams: bytes as in a pipe; what is left of them when ends and ports go
 *
 * How they compare with pipe(2), call by call, is in stream_same.c; how they are
 * opened, in stream_open.c.
 */

#include <sys/epoll.h>
#include <sys/mman.h>

#include "call.h"
#include "stream.h"

#include <kselftest_harness.h>

#define CAPACITY	IPCBOX_STREAM_BYTES

FIXTURE(stream)
{
	int box;
	int ends[2];
	int in;			/* the read end */
	int out;		/* the write end */
	char *data;		/* of CAPACITY + 2 * ATOMIC bytes, all different */
};

FIXTURE_SETUP(stream)
{
	size_t i;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, stream_pipe(self->box, 0, 0, self->ends));
	self->in = self->ends[0];
	self->out = self->ends[1];
	self->data = malloc(CAPACITY + 2 * ATOMIC);
	ASSERT_NE(NULL, self->data);
	for (i = 0; i < CAPACITY + 2 * ATOMIC; i++)
		self->data[i] = i * 7 + i / 251;
	pipe_catch();
}

FIXTURE_TEARDOWN(stream)
{
	free(self->data);
	close(self->in);
	close(self->out);
	close(self->box);
}

static void nonblock(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* Bytes */

TEST_F(stream, a_read_gets_what_several_writes_have_brought)
{
	char text[16] = "";

	EXPECT_EQ(3, sys_write(self->out, "abc", 3));
	EXPECT_EQ(2, sys_write(self->out, "de", 2));
	EXPECT_EQ(5, bytes_there(self->in));
	EXPECT_EQ(5, sys_read(self->in, text, sizeof(text)));
	EXPECT_STREQ("abcde", text);
	EXPECT_EQ(0, bytes_there(self->in));
}

TEST_F(stream, a_read_leaves_what_it_has_no_room_for)
{
	char text[16] = "";

	EXPECT_EQ(6, sys_write(self->out, "abcdef", 6));
	EXPECT_EQ(2, sys_read(self->in, text, 2));
	EXPECT_EQ(4, bytes_there(self->in));
	EXPECT_EQ(3, sys_read(self->in, text + 2, 3));
	EXPECT_EQ(1, sys_write(self->out, "g", 1));
	EXPECT_EQ(2, sys_read(self->in, text + 5, 9));
	EXPECT_STREQ("abcdefg", text);
}

TEST_F(stream, bytes_come_in_order_whatever_the_pieces)
{
	static const size_t pieces[] = { 1, 150, 4096, 77, 5000, 151, 9000, 3 };
	char *back = calloc(1, CAPACITY);
	size_t i, sent = 0, got = 0;
	ssize_t ret;

	nonblock(self->in);
	nonblock(self->out);
	for (i = 0; got < CAPACITY; i++) {
		if (sent < CAPACITY) {
			ret = sys_write(self->out, self->data + sent,
					pieces[i % 8] < CAPACITY - sent ?
					pieces[i % 8] : CAPACITY - sent);
			sent += ret > 0 ? ret : 0;
		}
		ret = sys_read(self->in, back + got, pieces[i * 5 % 8]);
		got += ret > 0 ? ret : 0;
		ASSERT_EQ(sent - got, bytes_there(self->in));
	}
	EXPECT_EQ(0, memcmp(self->data, back, CAPACITY));
	free(back);
}

TEST_F(stream, small_writes_share_messages_and_charges)
{
	struct ipcbox_info before, after;
	struct ipcbox_stat stat;
	int i;

	ASSERT_EQ(0, box_info(self->box, &before));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(1, sys_write(self->out, "x", 1));
	ASSERT_EQ(0, box_info(self->box, &after));
	ASSERT_EQ(0, port_stat(self->in, &stat));
	EXPECT_EQ(1000, stat.bytes);
	EXPECT_LE(stat.messages, 20);
	EXPECT_EQ(before.user_bytes + 1000 + stat.messages * before.msg_overhead,
		  after.user_bytes);
	EXPECT_EQ(1000, sys_read(self->in, self->data, CAPACITY));
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.user_bytes, after.user_bytes);
}

TEST_F(stream, nothing_is_neither_written_nor_read)
{
	EXPECT_EQ(0, sys_write(self->out, "", 0));
	EXPECT_EQ(0, sys_read(self->in, self->data, 0));
	nonblock(self->in);
	EXPECT_EQ(-EAGAIN, sys_read(self->in, self->data, 1));
	close(self->in);
	self->in = -1;
	EXPECT_EQ(0, sys_write(self->out, "", 0));
	EXPECT_EQ(0, atomic_load(&pipes_broken));
}

/* Capacity */

TEST_F(stream, what_fits_is_atomic_and_the_rest_of_a_long_one_is_not_written)
{
	nonblock(self->out);
	EXPECT_EQ(CAPACITY, sys_write(self->out, self->data,
				      CAPACITY + 2 * ATOMIC));
	EXPECT_EQ(-EAGAIN, sys_write(self->out, "x", 1));
	EXPECT_EQ(0, poll_now(self->out));
	EXPECT_EQ(ATOMIC, sys_read(self->in, self->data, ATOMIC));
	EXPECT_EQ(POLLOUT, poll_now(self->out));
	EXPECT_EQ(10, sys_write(self->out, self->data, 10));
	EXPECT_EQ(-EAGAIN, sys_write(self->out, self->data, ATOMIC));
	EXPECT_EQ(ATOMIC - 10, sys_write(self->out, self->data, ATOMIC - 10));
}

TEST_F(stream, the_capacity_can_be_set)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_MAX_BYTES };
	int ends[2];

	EXPECT_EQ(-EINVAL, stream_pipe(self->box, 0, ATOMIC - 1, ends));
	EXPECT_EQ(-EINVAL, stream_pipe(self->box, 0,
				       IPCBOX_STREAM_BYTES_MAX + 1, ends));
	nonblock(self->out);
	EXPECT_EQ(CAPACITY, sys_write(self->out, self->data, CAPACITY));
	set.max_bytes = CAPACITY + ATOMIC;
	EXPECT_EQ(0, sys_ioctl(self->in, IPCBOX_SET, &set));
	EXPECT_EQ(ATOMIC, sys_write(self->out, self->data, ATOMIC));
	set.max_bytes = ATOMIC;
	EXPECT_EQ(0, sys_ioctl(self->out, IPCBOX_SET, &set));
	EXPECT_EQ(CAPACITY + ATOMIC, bytes_there(self->in));
	set.max_bytes = ATOMIC - 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->out, IPCBOX_SET, &set));
	set.flags = IPCBOX_SET_MAX_MESSAGES;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->out, IPCBOX_SET, &set));
}

TEST_F(stream, a_larger_capacity_lets_a_writer_go)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_BYTES,
		.max_bytes = IPCBOX_STREAM_BYTES_MAX,
	};
	struct call call = call_init(CALL_WRITE, self->out);

	call.data = self->data;
	call.len = CAPACITY + 2 * ATOMIC;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->in, 1, 0));
	EXPECT_EQ(0, sys_ioctl(self->in, IPCBOX_SET, &set));
	EXPECT_EQ(CAPACITY + 2 * ATOMIC, call_join(&call));
}

TEST_F(stream, a_long_write_proceeds_as_it_is_read)
{
	struct call call = call_init(CALL_WRITE, self->out);
	char *back = calloc(1, CAPACITY + 2 * ATOMIC);
	ssize_t ret;
	size_t got;

	call.data = self->data;
	call.len = CAPACITY + 2 * ATOMIC;
	call_start(&call);
	for (got = 0; got < call.len; got += ret) {
		ret = sys_read(self->in, back + got, 1000);
		ASSERT_LT(0, ret);
	}
	EXPECT_EQ(call.len, call_join(&call));
	EXPECT_EQ(0, memcmp(self->data, back, call.len));
	free(back);
}

/* Ends */

TEST_F(stream, the_end_comes_when_all_has_been_read)
{
	EXPECT_EQ(3, sys_write(self->out, "abc", 3));
	EXPECT_EQ(POLLIN, poll_now(self->in));
	close(self->out);
	self->out = -1;
	EXPECT_EQ(POLLIN | POLLHUP, poll_now(self->in));
	EXPECT_EQ(3, sys_read(self->in, self->data, 10));
	EXPECT_EQ(POLLHUP, poll_now(self->in));
	EXPECT_EQ(0, sys_read(self->in, self->data, 10));
	EXPECT_EQ(0, sys_read(self->in, self->data, 10));
}

TEST_F(stream, all_who_wait_to_read_learn_of_the_end)
{
	struct call calls[3];
	int i;

	for (i = 0; i < 3; i++) {
		calls[i] = call_init(CALL_READ, self->in);
		call_start(&calls[i]);
	}
	ASSERT_TRUE(wait_for_waiters(self->in, 0, 3));
	close(self->out);
	self->out = -1;
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, call_join(&calls[i]));
	/* And nobody has the turn any more. */
	nonblock(self->in);
	EXPECT_EQ(0, sys_read(self->in, self->data, 1));
}

TEST_F(stream, a_write_that_nobody_reads_is_a_broken_pipe)
{
	EXPECT_EQ(3, sys_write(self->out, "abc", 3));
	close(self->in);
	self->in = -1;
	EXPECT_EQ(POLLOUT | POLLERR, poll_now(self->out));
	EXPECT_EQ(-EPIPE, sys_write(self->out, "x", 1));
	EXPECT_EQ(1, atomic_load(&pipes_broken));
	EXPECT_EQ(-EPIPE, msg_send(self->out, "x", 1, 0, 0, 0));
	EXPECT_EQ(2, atomic_load(&pipes_broken));
}

TEST_F(stream, all_who_wait_to_write_learn_that_nobody_reads)
{
	struct call calls[2];
	int i;

	ASSERT_EQ(CAPACITY, sys_write(self->out, self->data, CAPACITY));
	for (i = 0; i < 2; i++) {
		calls[i] = call_init(CALL_WRITE, self->out);
		calls[i].data = self->data;
		calls[i].len = i ? 3 * ATOMIC : 1;
		call_start(&calls[i]);
	}
	ASSERT_TRUE(wait_for_waiters(self->out, 2, 0));
	close(self->in);
	self->in = -1;
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-EPIPE, call_join(&calls[i]));
	EXPECT_LE(1, atomic_load(&pipes_broken));
}

TEST_F(stream, sigpipe_kills)
{
	pid_t pid = fork();

	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		close(self->in);
		raise(SIGSTOP);
		_exit(sys_write(self->out, "x", 1) == -EPIPE);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	close(self->in);
	self->in = -1;
	kill(pid, SIGCONT);
	EXPECT_EQ(128 + SIGPIPE, child_wait(pid));
}

TEST_F(stream, an_end_is_there_until_its_last_descriptor_goes)
{
	int copy = dup(self->out);
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	close(copy);
	close(self->out);
	self->out = -1;
	nonblock(self->in);
	EXPECT_EQ(-EAGAIN, sys_read(self->in, self->data, 1));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(0, sys_read(self->in, self->data, 1));
}

TEST_F(stream, what_nobody_has_read_goes_with_the_last_end)
{
	int watch = stream_create(self->box, "alpha"), in, out;
	struct ipcbox_stat stat;

	ASSERT_LE(0, watch);
	in = stream_open(self->box, "alpha", IPCBOX_RIGHT_RECV, IPCBOX_NOWAIT);
	out = stream_open(self->box, "alpha", IPCBOX_RIGHT_SEND, IPCBOX_NOWAIT);
	EXPECT_EQ(9000, sys_write(out, self->data, 9000));
	close(in);
	ASSERT_EQ(0, port_stat(watch, &stat));
	EXPECT_EQ(9000, stat.bytes);
	close(out);
	ASSERT_EQ(0, port_stat(watch, &stat));
	EXPECT_EQ(0, stat.bytes);
	in = stream_open(self->box, "alpha", IPCBOX_RIGHT_RECV, IPCBOX_NOWAIT);
	EXPECT_EQ(0, bytes_there(in));
	EXPECT_EQ(0, sys_read(in, self->data, 10));
	out = stream_open(self->box, "alpha", IPCBOX_RIGHT_SEND, IPCBOX_NOWAIT);
	EXPECT_EQ(CAPACITY, sys_write(out, self->data, CAPACITY));
}

TEST_F(stream, deleting_the_port_ends_all)
{
	struct call call = call_init(CALL_READ, self->in);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->in, 0, 1));
	EXPECT_EQ(0, port_delete_id(self->box, port_id(self->in)));
	EXPECT_EQ(-EIDRM, call_join(&call));
	EXPECT_EQ(-EIDRM, sys_write(self->out, "x", 1));
	EXPECT_EQ(-EIDRM, bytes_there(self->in));
	EXPECT_EQ(POLLHUP | POLLERR, poll_now(self->in));
	EXPECT_EQ(POLLHUP | POLLERR, poll_now(self->out));
	EXPECT_EQ(0, atomic_load(&pipes_broken));
}

/* Both ways */

TEST_F(stream, both_ways_what_one_end_writes_the_other_one_reads)
{
	char text[8] = "";
	int ends[2];

	ASSERT_EQ(0, stream_pipe(self->box, IPCBOX_BOTH_WAYS | IPCBOX_NOWAIT, 0,
				 ends));
	EXPECT_EQ(1, sys_write(ends[0], "a", 1));
	EXPECT_EQ(2, sys_write(ends[1], "bc", 2));
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(ends[0]));
	EXPECT_EQ(2, sys_read(ends[0], text, 8));
	EXPECT_STREQ("bc", text);
	EXPECT_EQ(-EAGAIN, sys_read(ends[0], text, 8));
	EXPECT_EQ(POLLOUT, poll_now(ends[0]));
	close(ends[0]);
	EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLERR, poll_now(ends[1]));
	EXPECT_EQ(1, sys_read(ends[1], text, 8));
	EXPECT_EQ('a', text[0]);
	EXPECT_EQ(0, sys_read(ends[1], text, 8));
	EXPECT_EQ(-EPIPE, sys_write(ends[1], "x", 1));
	close(ends[1]);
}

TEST_F(stream, a_pipe_leaves_no_port)
{
	struct ipcbox_info before, after;
	int ends[2], i;

	ASSERT_EQ(0, box_info(self->box, &before));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, stream_pipe(self->box, i ? IPCBOX_BOTH_WAYS : 0, 0,
					 ends));
		ASSERT_EQ(0, box_info(self->box, &after));
		EXPECT_EQ(before.box_ports + 1 + i, after.box_ports);
		EXPECT_EQ(9, sys_write(ends[1], "left over", 9));
		close(ends[i]);
		close(ends[!i]);
	}
	ASSERT_EQ(0, box_info(self->box, &after));
	EXPECT_EQ(before.box_ports, after.box_ports);
	EXPECT_EQ(before.user_ports, after.user_ports);
	EXPECT_EQ(before.user_bytes, after.user_bytes);
}

/* Failures */

TEST_F(stream, a_bad_pointer_loses_nothing)
{
	char *hole = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	munmap(hole + 4096, 4096);
	EXPECT_EQ(-EFAULT, sys_write(self->out, hole + 4096, 10));
	EXPECT_EQ(0, bytes_there(self->in));
	EXPECT_EQ(ATOMIC, sys_write(self->out, hole, 2 * ATOMIC));
	EXPECT_EQ(-EFAULT, sys_read(self->in, hole + 4096, 10));
	EXPECT_EQ(ATOMIC, bytes_there(self->in));
	EXPECT_EQ(-EFAULT, sys_read(self->in, hole + 4090, 10));
	EXPECT_EQ(ATOMIC, bytes_there(self->in));
	EXPECT_EQ(3, sys_write(self->out, "abc", 3));
	EXPECT_EQ(ATOMIC, sys_read(self->in, hole, 2 * ATOMIC));
	EXPECT_EQ(3, bytes_there(self->in));
}

TEST_F(stream, a_signal_ends_a_wait)
{
	struct call call = call_init(CALL_WRITE, self->out);

	call_catch(SIGUSR1, 0);
	call.data = self->data;
	call.len = CAPACITY + 2 * ATOMIC;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->out, 1, 0));
	pthread_kill(call.thread, SIGUSR1);
	EXPECT_EQ(CAPACITY, call_join(&call));
	EXPECT_EQ(CAPACITY, bytes_there(self->in));

	call.len = 1;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->out, 1, 0));
	pthread_kill(call.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, call_join(&call));
	EXPECT_EQ(CAPACITY, bytes_there(self->in));
}

TEST_F(stream, what_has_been_read_in_part_has_been_written)
{
	struct call call = call_init(CALL_WRITE, self->out);
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_BYTES,
		.max_bytes = ATOMIC,
	};

	ASSERT_EQ(0, sys_ioctl(self->out, IPCBOX_SET, &set));
	ASSERT_EQ(1, sys_write(self->out, self->data, 1));
	call_catch(SIGUSR1, 0);
	call.data = self->data;
	call.len = ATOMIC;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->out, 1, 0));
	EXPECT_EQ(2, sys_read(self->in, self->data, 2));
	pthread_kill(call.thread, SIGUSR1);
	EXPECT_EQ(ATOMIC, call_join(&call));
	EXPECT_EQ(ATOMIC - 1, bytes_there(self->in));
}

/* IPCBOX_SEND and IPCBOX_RECV */

TEST_F(stream, send_is_all_or_nothing_and_recv_tells_who_wrote)
{
	struct ipcbox_recv recv = {};
	char text[16] = "";
	pid_t pid;

	EXPECT_EQ(-EMSGSIZE, msg_send(self->out, self->data, ATOMIC + 1, 0, 0,
				      0));
	EXPECT_EQ(-EINVAL, msg_send(self->out, "", 0, 0, 0, 0));
	EXPECT_EQ(0, msg_send(self->out, "ab", 2, 0, 0, 0));
	pid = fork();
	if (!pid)
		_exit(sys_write(self->out, "cd", 2) != 2);
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(0, msg_recv(self->in, text, 1, 0, &recv));
	EXPECT_EQ(1, recv.msg_len);
	EXPECT_EQ(getpid(), recv.sender_pid);
	EXPECT_EQ(0, msg_recv(self->in, text + 1, 9, 0, &recv));
	EXPECT_EQ(1, recv.msg_len);
	EXPECT_EQ(getpid(), recv.sender_pid);
	EXPECT_EQ(0, msg_recv(self->in, text + 2, 9, 0, &recv));
	EXPECT_EQ(2, recv.msg_len);
	EXPECT_EQ(pid, recv.sender_pid);
	EXPECT_STREQ("abcd", text);
	recv.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, msg_recv(self->in, text, 9, 0, &recv));
	EXPECT_EQ(-EAGAIN, msg_recv(self->in, text, 9, IPCBOX_NOWAIT, &recv));
	close(self->out);
	self->out = -1;
	recv.msg_len = 7;
	EXPECT_EQ(0, msg_recv(self->in, text, 9, 0, &recv));
	EXPECT_EQ(0, recv.msg_len);
}

TEST_F(stream, there_are_no_types_leases_requests_and_events)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_events events = {};
	struct ipcbox_call call = {};
	struct ipcbox_reply reply = {};

	EXPECT_EQ(-EOPNOTSUPP, msg_send(self->out, "x", 1, 1, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, msg_send(self->out, "x", 1, 0, 1, 0));
	EXPECT_EQ(-EINVAL, msg_send(self->out, "x", 1, 0, 0, IPCBOX_RECEIPT));
	EXPECT_EQ(-EINVAL, msg_recv(self->in, NULL, 0, IPCBOX_PEEK, &recv));
	EXPECT_EQ(-EINVAL, msg_recv(self->in, NULL, 0, IPCBOX_LEASE, &recv));
	recv.type = 1;
	EXPECT_EQ(-EOPNOTSUPP, msg_recv(self->in, NULL, 0, 0, &recv));
	EXPECT_EQ(-EOPNOTSUPP, msg_ack(self->in, 1));
	EXPECT_EQ(-EOPNOTSUPP, msg_nack(self->in, 1));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->out, IPCBOX_CALL, &call));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->in, IPCBOX_REPLY, &reply));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->in, IPCBOX_EVENTS, &events));
	EXPECT_EQ(-EBADF, sys_write(self->in, "x", 1));
	EXPECT_EQ(-EBADF, sys_read(self->out, self->data, 1));
}

/* As on a mailbox, and unlike commands that there are not. */
TEST_F(stream, there_is_nothing_to_accept_or_to_shut_down)
{
	struct ipcbox_accept accept = { .id = 1 };
	struct ipcbox_refuse refuse = { .id = 1 };
	struct ipcbox_shutdown shutdown = { .rights = IPCBOX_RIGHT_RECV };

	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->in, IPCBOX_ACCEPT, &accept));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->in, IPCBOX_REFUSE, &refuse));
	EXPECT_EQ(-EOPNOTSUPP, sys_ioctl(self->in, IPCBOX_SHUTDOWN, &shutdown));
}

TEST_F(stream, who_shares_it)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	attr.kind = IPCBOX_KIND_STREAM;
	attr.sharing = IPCBOX_SHARE_ONE;
	EXPECT_EQ(-EOPNOTSUPP, port_create(self->box, &attr));
	attr.sharing = IPCBOX_SHARE_ALL;
	EXPECT_EQ(-EOPNOTSUPP, port_create(self->box, &attr));
	attr.sharing = IPCBOX_SHARE_PAIR;
	EXPECT_LE(0, port_create(self->box, &attr));
	attr.flags = 0;
	attr.kind = IPCBOX_KIND_MAILBOX;
	EXPECT_EQ(-EPROTOTYPE, port_create(self->box, &attr));
}

/* Many */

/* Bytes of several writers, each atomic write of one value */
TEST_F(stream, atomic_writes_of_several_are_not_torn)
{
	enum { WRITERS = 3, ROUNDS = 100 };
	char block[ATOMIC];
	pid_t pids[WRITERS];
	int i, n;

	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		memset(block, 'a' + i, sizeof(block));
		for (n = 0; n < ROUNDS; n++)
			if (sys_write(self->out, block, ATOMIC) != ATOMIC)
				_exit(1);
		_exit(0);
	}
	close(self->out);
	self->out = -1;
	for (n = 0; n < WRITERS * ROUNDS; n++) {
		for (i = 0; i < ATOMIC;) {
			ssize_t ret = sys_read(self->in, block + i, ATOMIC - i);

			ASSERT_LT(0, ret);
			i += ret;
		}
		for (i = 1; i < ATOMIC; i++)
			if (block[i] != block[0])
				break;
		ASSERT_EQ(ATOMIC, i);
	}
	EXPECT_EQ(0, sys_read(self->in, block, 1));
	for (i = 0; i < WRITERS; i++)
		EXPECT_EQ(0, child_wait(pids[i]));
}

/*
 * Several readers at once: what each read gets is consecutive, and nothing is
 * lost or twice. Each number is written in one piece, so a read in whole numbers
 * has them in order.
 */
TEST_F(stream, what_a_read_gets_is_consecutive)
{
	enum { READERS = 3, NUMBERS = 20000 };
	uint64_t *sums = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t got[64], n, sum = 0;
	pid_t pids[READERS];
	ssize_t len, j;
	int i;

	for (i = 0; i < READERS; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		close(self->out);
		while ((len = sys_read(self->in, got, sizeof(got))) > 0) {
			if (len % 8)
				_exit(2);
			for (j = 0; j < len / 8; j++) {
				if (got[j] != got[0] + j)
					_exit(3);
				sums[i] += got[j];
			}
		}
		_exit(len ? 4 : 0);
	}
	for (n = 1; n <= NUMBERS; n++)
		ASSERT_EQ(8, sys_write(self->out, &n, 8));
	close(self->out);
	self->out = -1;
	for (i = 0; i < READERS; i++) {
		EXPECT_EQ(0, child_wait(pids[i]));
		sum += sums[i];
	}
	EXPECT_EQ((uint64_t)NUMBERS * (NUMBERS + 1) / 2, sum);
}

TEST_F(stream, edge_triggered_polling_is_told_of_each_write_and_of_the_end)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->in, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(1, sys_write(self->out, "a", 1));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(1, sys_write(self->out, "b", 1));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	close(self->out);
	self->out = -1;
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(EPOLLIN | EPOLLHUP, event.events);
	close(epoll);
}

TEST_HARNESS_MAIN
