// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: every size arrives whole by every way of calling, with what the
 * kernel says about it
 */

#include "call.h"
#include "memory.h"
#include "user.h"

#include <kselftest_harness.h>

FIXTURE(message)
{
	int box;
	int port;
};

FIXTURE_SETUP(message)
{
	self->box = box_open();
	ASSERT_LE(0, self->box);
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(message)
{
	close(self->port);
	close(self->box);
}

static void fill(unsigned char *data, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = (i * 2654435761U + seed) >> 7;
}

/* Index of the first byte that differs, or len. */
static size_t first_difference(const unsigned char *a, const unsigned char *b,
			       size_t len)
{
	size_t i;

	for (i = 0; i < len && a[i] == b[i]; i++)
		;
	return i;
}

/*
 * A message of up to 248 bytes or so lies in its envelope, beyond in memory of
 * its own: the sizes around each place where something may change.
 */
static const size_t sizes[] = {
	0, 1, 2, 7, 8, 63, 64, 127, 128, 159, 160, 167, 168, 175, 176, 177, 183,
	184, 185, 191, 192, 193, 199, 200, 201, 207, 208, 209, 215, 216, 217,
	223, 224, 225, 231, 232, 233, 239, 240, 241, 247, 248, 249, 255, 256,
	257, 383, 384, 385, 4095, 4096, 4097, 8191, 8192, 8193, 32767, 32768,
	32769, 65535, 65536, 65537, 1000000, 1 << 20,
};

#define SIZE_MAX_TESTED	(1 << 20)

TEST_F(message, every_size_arrives_whole)
{
	unsigned char *sent = malloc(SIZE_MAX_TESTED);
	unsigned char *received = malloc(SIZE_MAX_TESTED + 1);
	struct ipcbox_recv recv;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(sent, sizes[i], i);
		ASSERT_EQ(0, msg_send(self->port, sent, sizes[i], 0, 0, 0));
		memset(received, 0xaa, sizes[i] + 1);
		memset(&recv, 0, sizeof(recv));
		ASSERT_EQ(0, msg_recv(self->port, received, sizes[i], 0, &recv))
			TH_LOG("size %zu", sizes[i]);
		EXPECT_EQ(sizes[i], recv.msg_len);
		EXPECT_EQ(sizes[i], first_difference(sent, received, sizes[i]));
		EXPECT_EQ(0xaa, received[sizes[i]]);
	}
	free(sent);
	free(received);
}

TEST_F(message, every_size_arrives_whole_by_write_and_read)
{
	unsigned char *sent = malloc(SIZE_MAX_TESTED);
	unsigned char *received = malloc(SIZE_MAX_TESTED + 1);
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(sent, sizes[i], i + 100);
		ASSERT_EQ(sizes[i], sys_write(self->port, sent, sizes[i]));
		memset(received, 0xaa, sizes[i] + 1);
		ASSERT_EQ(sizes[i], sys_read(self->port, received,
					     sizes[i] + 1))
			TH_LOG("size %zu", sizes[i]);
		EXPECT_EQ(sizes[i], first_difference(sent, received, sizes[i]));
		EXPECT_EQ(0xaa, received[sizes[i]]);
	}
	free(sent);
	free(received);
}

TEST_F(message, all_sizes_queued_at_once)
{
	unsigned char *sent = malloc(SIZE_MAX_TESTED);
	unsigned char *received = malloc(SIZE_MAX_TESTED);
	struct ipcbox_stat stat;
	uint64_t bytes = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(sent, sizes[i], i);
		ASSERT_EQ(sizes[i], sys_write(self->port, sent, sizes[i]));
		bytes += sizes[i];
	}
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(ARRAY_SIZE(sizes), stat.messages);
	EXPECT_EQ(bytes, stat.bytes);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(sent, sizes[i], i);
		ASSERT_EQ(sizes[i],
			  sys_read(self->port, received, SIZE_MAX_TESTED));
		EXPECT_EQ(sizes[i], first_difference(sent, received, sizes[i]));
	}
	free(sent);
	free(received);
}

TEST_F(message, the_largest_of_the_module)
{
	struct ipcbox_recv recv = {};
	unsigned char *sent, *received;
	struct ipcbox_info info;

	ASSERT_EQ(0, box_info(self->box, &info));
	if (info.max_msgsize > 64 << 20)
		SKIP(return, "max_msgsize is too large for this test");
	sent = malloc(info.max_msgsize + 1);
	received = malloc(info.max_msgsize);
	fill(sent, info.max_msgsize, 1);
	EXPECT_EQ(-EMSGSIZE, sys_write(self->port, sent, info.max_msgsize + 1));
	ASSERT_EQ(0, msg_send(self->port, sent, info.max_msgsize, 0, 0, 0));
	ASSERT_EQ(0, msg_recv(self->port, received, info.max_msgsize, 0,
			      &recv));
	EXPECT_EQ(info.max_msgsize, recv.msg_len);
	EXPECT_EQ(info.max_msgsize,
		  first_difference(sent, received, info.max_msgsize));
	free(sent);
	free(received);
}

TEST_F(message, the_largest_of_the_port)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_stat stat;
	char buf[1001] = {};
	int port;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_msgsize = 1000;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	EXPECT_EQ(-EMSGSIZE, sys_write(port, buf, 1001));
	EXPECT_EQ(-EMSGSIZE, msg_send(port, buf, 1001, 0, 0, 0));
	EXPECT_EQ(-EMSGSIZE, msg_send(port, buf, 1001, 0, 0, IPCBOX_NOWAIT));
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.sent);
	EXPECT_EQ(1000, sys_write(port, buf, 1000));
	close(port);
}

TEST_F(message, an_empty_message_is_a_message)
{
	struct pollfd pollfd = { .fd = self->port, .events = POLLIN };
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat;
	char buf[4] = "abc";

	ASSERT_EQ(0, sys_write(self->port, NULL, 0));
	ASSERT_EQ(0, msg_send(self->port, NULL, 0, 5, 0, 0));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(2, stat.messages);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(0, sys_read(self->port, buf, sizeof(buf)));
	EXPECT_STREQ("abc", buf);
	EXPECT_EQ(0, msg_recv(self->port, NULL, 0, 0, &recv));
	EXPECT_EQ(0, recv.msg_len);
	EXPECT_EQ(5, recv.msg_type);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, NULL, 0, IPCBOX_NOWAIT, &recv));
}

/* A read into a longer buffer ends with the message. */
TEST_F(message, boundaries_are_kept)
{
	char buf[64];

	ASSERT_EQ(3, sys_write(self->port, "one", 3));
	ASSERT_EQ(5, sys_write(self->port, "three", 5));
	ASSERT_EQ(2, sys_write(self->port, "42", 2));
	EXPECT_EQ(3, sys_read(self->port, buf, sizeof(buf)));
	EXPECT_EQ(5, sys_read(self->port, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "three", 5));
	EXPECT_EQ(2, sys_read(self->port, buf, 2));
	EXPECT_EQ(0, memcmp(buf, "42", 2));
}

/* The message is a copy: the sender's memory is its own again. */
TEST_F(message, the_payload_is_taken_when_it_is_sent)
{
	char *data = malloc(100000), *buf = malloc(100000);

	memset(data, 'a', 100000);
	ASSERT_EQ(100000, sys_write(self->port, data, 100000));
	memset(data, 'b', 100000);
	ASSERT_EQ(100000, sys_read(self->port, buf, 100000));
	EXPECT_EQ('a', buf[0]);
	EXPECT_EQ('a', buf[99999]);
	free(data);
	free(buf);
}

/* Segments */

TEST_F(message, writev_gathers_and_readv_scatters)
{
	char a[4] = {}, b[4] = {}, c[4] = {};
	struct iovec out[] = {
		{ "hel", 3 }, { NULL, 0 }, { "lo, world", 9 },
	};
	struct iovec in[] = { { a, 3 }, { b, 0 }, { b, 3 }, { c, 3 } };

	ASSERT_EQ(12, writev(self->port, out, 3));
	in[3].iov_len = 6;
	EXPECT_EQ(12, readv(self->port, (struct iovec[]){
					{ a, 4 }, { b, 4 }, { c, 4 } }, 3));
	EXPECT_EQ(0, memcmp(a, "hell", 4));
	EXPECT_EQ(0, memcmp(b, "o, w", 4));
	EXPECT_EQ(0, memcmp(c, "orld", 4));

	ASSERT_EQ(12, writev(self->port, out, 3));
	EXPECT_EQ(-1, readv(self->port, in, 3));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(12, sys_read(self->port, (char[12]) {}, 12));
}

static int send_segments(int port, const struct iovec *segments, uint64_t nr)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_IOVEC,
		.data = (uintptr_t)segments,
		.len = nr,
	};

	return sys_ioctl(port, IPCBOX_SEND, &send);
}

static int recv_segments(int port, const struct iovec *segments, uint64_t nr,
			 struct ipcbox_recv *recv)
{
	recv->flags = IPCBOX_IOVEC;
	recv->data = (uintptr_t)segments;
	recv->len = nr;
	return sys_ioctl(port, IPCBOX_RECV, recv);
}

/* Byte i of the message is in segment i: one byte each, in reverse memory. */
static void segments_reversed(struct iovec *segments, unsigned char *data,
			      int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		segments[i].iov_base = data + nr - 1 - i;
		segments[i].iov_len = 1;
	}
}

TEST_F(message, any_number_of_segments)
{
	static const int numbers[] = { 0, 1, 2, 7, 8, 9, 16, 17, 1023, 1024 };
	unsigned char sent[1024], received[1024], expected[1024];
	struct iovec segments[1024];
	struct ipcbox_recv recv;
	int i, j, nr;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		nr = numbers[i];
		fill(sent, nr, i);
		segments_reversed(segments, sent, nr);
		ASSERT_EQ(0, send_segments(self->port, segments, nr));
		for (j = 0; j < nr; j++)
			expected[j] = sent[nr - 1 - j];
		memset(&recv, 0, sizeof(recv));
		ASSERT_EQ(0, msg_recv(self->port, received, nr, 0, &recv));
		EXPECT_EQ(nr, recv.msg_len);
		EXPECT_EQ(nr, first_difference(expected, received, nr));

		ASSERT_EQ(nr, sys_write(self->port, expected, nr));
		memset(received, 0, sizeof(received));
		segments_reversed(segments, received, nr);
		ASSERT_EQ(0, recv_segments(self->port, segments, nr, &recv));
		EXPECT_EQ(nr, first_difference(sent, received, nr));
	}
}

TEST_F(message, too_many_segments)
{
	unsigned char data[1025] = {};
	struct iovec segments[1025];
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat;

	segments_reversed(segments, data, 1025);
	EXPECT_EQ(-EINVAL, send_segments(self->port, segments, 1025));
	EXPECT_EQ(-EINVAL, send_segments(self->port, segments, 1ULL << 32));
	EXPECT_EQ(-EINVAL, send_segments(self->port, segments, ~0ULL));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.messages);
	ASSERT_EQ(0, sys_write(self->port, NULL, 0));
	EXPECT_EQ(-EINVAL, recv_segments(self->port, segments, 1025, &recv));
	EXPECT_EQ(-EINVAL, recv_segments(self->port, segments, ~0ULL, &recv));
	EXPECT_EQ(0, recv_segments(self->port, segments, 1024, &recv));
}

TEST_F(message, empty_segments_are_nothing)
{
	struct iovec out[1024] = {}, in[1024] = {};
	struct ipcbox_recv recv = {};
	char buf[4] = {};

	ASSERT_EQ(0, send_segments(self->port, out, 1024));
	ASSERT_EQ(0, recv_segments(self->port, in, 1024, &recv));
	EXPECT_EQ(0, recv.msg_len);

	out[0] = (struct iovec){ (void *)8, 0 };
	out[500] = (struct iovec){ "ab", 2 };
	out[1023] = (struct iovec){ "c", 1 };
	in[3] = (struct iovec){ buf, 1 };
	in[1023] = (struct iovec){ buf + 1, 3 };
	ASSERT_EQ(0, send_segments(self->port, out, 1024));
	ASSERT_EQ(0, recv_segments(self->port, in, 1024, &recv));
	EXPECT_EQ(3, recv.msg_len);
	EXPECT_STREQ("abc", buf);
}

TEST_F(message, large_segments_at_odd_places)
{
	const size_t len = 3 * 65537;
	unsigned char *out = malloc(len + 100), *in = malloc(len + 100);
	unsigned char *expected = malloc(len);
	struct ipcbox_recv recv = {};
	struct iovec to[] = {
		{ in + 3, 1 }, { in + 5, 100001 }, { in + 100013, len - 100002 }
	};

	fill(out, len + 100, 1);
	ASSERT_EQ(0, send_segments(self->port, (struct iovec[]){
				{ out + 65537 + 13, 65537 },
				{ out + 1, 65537 },
				{ out + 2 * 65537 + 77, 65537 } }, 3));
	memcpy(expected, out + 65537 + 13, 65537);
	memcpy(expected + 65537, out + 1, 65537);
	memcpy(expected + 2 * 65537, out + 2 * 65537 + 77, 65537);
	ASSERT_EQ(0, recv_segments(self->port, to, 3, &recv));
	EXPECT_EQ(len, recv.msg_len);
	EXPECT_EQ(expected[0], in[3]);
	EXPECT_EQ(100001, first_difference(expected + 1, in + 5, 100001));
	EXPECT_EQ(len - 100002, first_difference(expected + 100002, in + 100013,
						 len - 100002));
	free(out);
	free(in);
	free(expected);
}

TEST_F(message, ways_of_sending_and_of_receiving_mix)
{
	struct ipcbox_recv recv = {};
	struct iovec iov = { "four", 4 };
	char buf[16] = {};

	ASSERT_EQ(3, sys_write(self->port, "one", 3));
	ASSERT_EQ(0, msg_send(self->port, "two", 3, 0, 0, 0));
	ASSERT_EQ(5, writev(self->port, &(struct iovec){ "three", 5 }, 1));
	ASSERT_EQ(0, send_segments(self->port, &iov, 1));

	ASSERT_EQ(0, recv_segments(self->port, &(struct iovec){ buf, 16 }, 1,
				   &recv));
	EXPECT_EQ(3, recv.msg_len);
	EXPECT_EQ(0, recv.msg_type);
	EXPECT_EQ(0, recv.msg_priority);
	EXPECT_EQ(0, memcmp(buf, "one", 3));
	ASSERT_EQ(3, readv(self->port, &(struct iovec){ buf, 16 }, 1));
	EXPECT_EQ(0, memcmp(buf, "two", 3));
	ASSERT_EQ(0, msg_recv(self->port, buf, 16, 0, &recv));
	EXPECT_EQ(0, memcmp(buf, "three", 5));
	ASSERT_EQ(4, sys_read(self->port, buf, 16));
	EXPECT_EQ(0, memcmp(buf, "four", 4));
}

/* What the kernel says about a message */

TEST_F(message, type_and_priority_arrive)
{
	/* All but that of events. */
	static const uint64_t types[] = {
		0, 1, 1ULL << 32, 1ULL << 63, IPCBOX_TYPE_EVENT - 1,
	};
	struct ipcbox_recv recv = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		ASSERT_EQ(0, msg_send(self->port, "a", 1, types[i], i * 7, 0));
		memset(&recv, 0xff, sizeof(recv));
		recv.type = 0;
		recv.deadline = 0;
		recv.lease = 0;
		recv.from = 0;
		ASSERT_EQ(0, msg_recv(self->port, (char[1]) {}, 1, 0, &recv));
		EXPECT_EQ(types[i], recv.msg_type);
		EXPECT_EQ(i * 7, recv.msg_priority);
		EXPECT_EQ(0, recv.msg_flags);
		EXPECT_EQ(1, recv.msg_len);
	}
}

TEST_F(message, what_the_caller_asked_is_left_as_it_was)
{
	struct ipcbox_recv recv = { .type = 7, .deadline = in_ns(60 * SEC) };
	uint64_t deadline = recv.deadline;
	char buf[8];

	ASSERT_EQ(0, msg_send(self->port, "a", 1, 7, 0, 0));
	ASSERT_EQ(0, msg_recv(self->port, buf, sizeof(buf), IPCBOX_NOWAIT,
			      &recv));
	EXPECT_EQ(IPCBOX_NOWAIT, recv.flags);
	EXPECT_EQ((uintptr_t)buf, recv.data);
	EXPECT_EQ(sizeof(buf), recv.len);
	EXPECT_EQ(7, recv.type);
	EXPECT_EQ(deadline, recv.deadline);
}

TEST_F(message, ids_are_unique_and_the_receiver_sees_them)
{
	struct ipcbox_send send = {};
	struct ipcbox_recv recv = {};
	uint64_t ids[21];
	int i, j;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SEND, &send));
		ids[i] = send.id;
	}
	/* That of a write() is only seen by who receives it. */
	ASSERT_EQ(0, sys_write(self->port, NULL, 0));
	for (i = 0; i < 21; i++) {
		ASSERT_EQ(0, msg_recv(self->port, NULL, 0, 0, &recv));
		if (i == 20)
			ids[i] = recv.msg_id;
		EXPECT_EQ(ids[i], recv.msg_id);
		for (j = 0; j < i; j++)
			EXPECT_NE(ids[j], ids[i]);
	}
}

TEST_F(message, the_sender_is_the_process)
{
	struct ipcbox_recv recv = {};

	ASSERT_EQ(0, sys_write(self->port, NULL, 0));
	ASSERT_EQ(0, msg_recv(self->port, NULL, 0, 0, &recv));
	EXPECT_EQ(getpid(), recv.sender_pid);
	EXPECT_EQ(getpid(), recv.sender_tid);
	EXPECT_EQ(geteuid(), recv.sender_uid);
	EXPECT_EQ(getegid(), recv.sender_gid);
}

static void *write_from_thread(void *arg)
{
	int port = *(int *)arg;
	intptr_t tid = syscall(SYS_gettid);

	return sys_write(port, "a", 1) == 1 ? (void *)tid : NULL;
}

TEST_F(message, the_sender_is_a_thread_of_the_process)
{
	struct ipcbox_recv recv = {};
	pthread_t thread;
	void *tid;

	ASSERT_EQ(0, pthread_create(&thread, NULL, write_from_thread,
				    &self->port));
	ASSERT_EQ(0, pthread_join(thread, &tid));
	ASSERT_EQ(0, msg_recv(self->port, (char[1]) {}, 1, 0, &recv));
	EXPECT_EQ(getpid(), recv.sender_pid);
	EXPECT_EQ((intptr_t)tid, recv.sender_tid);
	EXPECT_NE(recv.sender_pid, recv.sender_tid);
}

TEST_F(message, the_sender_is_a_child_with_other_ids)
{
	struct ipcbox_recv recv = {};
	pid_t pid = fork();

	if (!pid) {
		if (setresgid(11, 12, 13) || setresuid(21, 22, 23))
			_exit(2);
		_exit(sys_write(self->port, "a", 1) != 1);
	}
	ASSERT_EQ(0, msg_recv(self->port, (char[1]) {}, 1, 0, &recv));
	EXPECT_EQ(pid, recv.sender_pid);
	EXPECT_EQ(pid, recv.sender_tid);
	EXPECT_EQ(22, recv.sender_uid);
	EXPECT_EQ(12, recv.sender_gid);
	EXPECT_EQ(0, child_wait(pid));
}

/* The stamp is that of the moment of sending. */
TEST_F(message, the_sender_is_told_after_its_death)
{
	struct ipcbox_recv recv = {};
	pid_t pid = fork();

	if (!pid) {
		if (!user_become(ALICE, BOB))
			_exit(2);
		_exit(sys_write(self->port, "a", 1) != 1);
	}
	ASSERT_EQ(0, child_wait(pid));
	ASSERT_EQ(0, msg_recv(self->port, (char[1]) {}, 1, 0, &recv));
	EXPECT_EQ(ALICE, recv.sender_uid);
	EXPECT_EQ(BOB, recv.sender_gid);
	EXPECT_EQ(pid, recv.sender_pid);
	EXPECT_EQ(pid, recv.sender_tid);
}

/* Counts */

TEST_F(message, fionread_tells_the_length_of_the_first)
{
	int n = -1;

	ASSERT_EQ(0, sys_ioctl(self->port, FIONREAD, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(3, sys_write(self->port, "low", 3));
	ASSERT_EQ(0, sys_ioctl(self->port, FIONREAD, &n));
	EXPECT_EQ(3, n);
	ASSERT_EQ(0, msg_send(self->port, "urgent", 6, 0, 1, 0));
	ASSERT_EQ(0, sys_ioctl(self->port, FIONREAD, &n));
	EXPECT_EQ(6, n);
	ASSERT_EQ(6, sys_read(self->port, (char[8]) {}, 8));
	ASSERT_EQ(0, sys_ioctl(self->port, FIONREAD, &n));
	EXPECT_EQ(3, n);
}

TEST_F(message, stat_counts_messages_and_bytes)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_stat stat;
	char buf[16];

	ASSERT_EQ(3, sys_write(self->port, "one", 3));
	ASSERT_EQ(0, msg_send(self->port, "three", 5, 1, 9, 0));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(2, stat.messages);
	EXPECT_EQ(8, stat.bytes);
	EXPECT_EQ(5, stat.next_size);
	EXPECT_EQ(2, stat.sent);
	EXPECT_EQ(8, stat.sent_bytes);
	EXPECT_EQ(0, stat.received);

	/* Calls that fail, and peeks, count for nothing. */
	EXPECT_EQ(-EMSGSIZE, sys_read(self->port, buf, 4));
	EXPECT_EQ(0, msg_recv(self->port, buf, 16, IPCBOX_PEEK, &recv));
	EXPECT_EQ(-EFAULT, sys_write(self->port, memory_nowhere(), 1));
	ASSERT_EQ(5, sys_read(self->port, buf, 5));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(1, stat.messages);
	EXPECT_EQ(3, stat.bytes);
	EXPECT_EQ(3, stat.next_size);
	EXPECT_EQ(2, stat.sent);
	EXPECT_EQ(1, stat.received);
	EXPECT_EQ(8, stat.sent_bytes);
	EXPECT_EQ(5, stat.received_bytes);
	EXPECT_EQ(0, stat.taken);
}

/* A buffer that is too short */

TEST_F(message, a_short_buffer_is_told_the_length_needed)
{
	struct ipcbox_recv recv = {};
	char buf[16] = "unchanged";

	ASSERT_EQ(0, msg_send(self->port, "0123456789", 10, 3, 2, 0));
	EXPECT_EQ(-EMSGSIZE, msg_recv(self->port, buf, 9, 0, &recv));
	EXPECT_EQ(10, recv.msg_len);
	recv.msg_len = 0;
	EXPECT_EQ(-EMSGSIZE, msg_recv(self->port, buf, 0, IPCBOX_PEEK, &recv));
	EXPECT_EQ(10, recv.msg_len);
	recv.msg_len = 0;
	EXPECT_EQ(-EMSGSIZE, recv_segments(self->port,
					   &(struct iovec){ buf, 9 }, 1,
					   &recv));
	EXPECT_EQ(10, recv.msg_len);
	EXPECT_EQ(-EMSGSIZE, sys_read(self->port, buf, 9));
	EXPECT_EQ(-EMSGSIZE, sys_read(self->port, NULL, 0));
	EXPECT_STREQ("unchanged", buf);
	EXPECT_EQ(10, sys_read(self->port, buf, 10));
}

TEST_F(message, a_waiting_receiver_with_a_short_buffer)
{
	struct call recv = call_init(CALL_RECV, self->port);
	char buf[16];

	recv.data = buf;
	recv.len = 5;
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	ASSERT_EQ(10, sys_write(self->port, "0123456789", 10));
	EXPECT_EQ(-EMSGSIZE, call_join(&recv));
	EXPECT_EQ(10, recv.recv.msg_len);
	EXPECT_EQ(10, sys_read(self->port, buf, sizeof(buf)));
}

TEST_HARNESS_MAIN
