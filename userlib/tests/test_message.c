// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sending and receiving: what reaches the module, and the buffer that grows
 * while other receivers take messages away.
 */
#include "test.h"

static struct ipcbox_send sent;
static int send_answer;

static int record_send(int fd, unsigned long command, void *arg)
{
	CHECK(fd == FAKE_PORT && command == IPCBOX_SEND);
	sent = *(struct ipcbox_send *)arg;
	((struct ipcbox_send *)arg)->id = 5;
	return send_answer;
}

static void plain_send(void)
{
	fake_reset(record_send);
	send_answer = 0;
	CHECK(ipcbox_send(FAKE_PORT, "hello", 5) == 0);
	CHECK(sent.len == 5 && !memcmp((void *)(uintptr_t)sent.data, "hello", 5));
	CHECK(!sent.flags && !sent.type && !sent.priority && !sent.deadline);
	CHECK(!sent.to && !sent.id);
	CHECK(ipcbox_send(FAKE_PORT, NULL, 0) == 0 && sent.len == 0);
	send_answer = -EIDRM;
	errno = 77;
	CHECK(ipcbox_send(FAKE_PORT, "", 0) == -EIDRM && errno == 77);
}

static void send_with_options(void)
{
	struct ipcbox_options options = {
		.flags = IPCBOX_NOWAIT,
		.type = 7,
		.deadline = 8,
		.priority = 9,
	};
	struct iovec iov[2];
	uint64_t id = 0;

	fake_reset(record_send);
	send_answer = 0;
	CHECK(ipcbox_send_msg(FAKE_PORT, "x", 1, &options, &id) == 0);
	CHECK(id == 5 && sent.flags == IPCBOX_NOWAIT && sent.type == 7);
	CHECK(sent.deadline == 8 && sent.priority == 9);
	CHECK(ipcbox_sendv(FAKE_PORT, iov, 2, &options, NULL) == 0);
	CHECK(sent.flags == (IPCBOX_NOWAIT | IPCBOX_IOVEC) && sent.len == 2);
	CHECK((void *)(uintptr_t)sent.data == iov);
	id = 0;
	send_answer = -EAGAIN;
	CHECK(ipcbox_send_msg(FAKE_PORT, "x", 1, &options, &id) == -EAGAIN);
	CHECK(id == 0);
	/* would make the module take the payload for something else */
	options.flags = IPCBOX_IOVEC;
	CHECK(ipcbox_send_msg(FAKE_PORT, "x", 1, &options, NULL) == -EINVAL);
	CHECK(fake.calls == 3);
}

static void send_with_fds(void)
{
	struct ipcbox_options options = { .type = 7 };
	int fds[2] = { 3, 4 };
	uint64_t id = 0;

	fake_reset(record_send);
	send_answer = 0;
	CHECK(ipcbox_send_fds(FAKE_PORT, "x", 1, fds, 2, &options, &id) == 0);
	CHECK(id == 5 && sent.type == 7 && sent.len == 1);
	CHECK((void *)(uintptr_t)sent.fds == fds && sent.nr_fds == 2);
	CHECK(ipcbox_send(FAKE_PORT, "x", 1) == 0);
	CHECK(!sent.fds && !sent.nr_fds);
	send_answer = -ELOOP;
	CHECK(ipcbox_send_fds(FAKE_PORT, "", 0, fds, 1, NULL, NULL) == -ELOOP);
}

/* What the next message comes with, and how much of it arrives. */
static unsigned int with_fds, lost_fds;

static int play_fds(int fd, unsigned long command, void *arg)
{
	struct ipcbox_recv *recv = arg;
	int *fds = (int *)(uintptr_t)recv->fds;
	unsigned int i;

	CHECK(fd == FAKE_PORT && command == IPCBOX_RECV);
	for (i = 0; i < with_fds && i < recv->fds_size; i++)
		fds[i] = lost_fds ? -1 : 10 + (int)i;
	recv->nr_fds = with_fds;
	recv->msg_len = 2;
	return recv->fds_size == 9 ? -EMFILE : 0;
}

static void recv_with_fds(void)
{
	struct ipcbox_options peek = { .flags = IPCBOX_PEEK };
	static const struct { unsigned int with, lost, room, there; } rows[] = {
		{ 0, 0, 3, 0 }, { 2, 0, 3, 2 }, { 3, 0, 3, 3 }, { 5, 0, 3, 3 },
		{ 2, 0, 0, 0 }, { 2, 2, 3, 0 }, { 5, 5, 3, 0 },
	};
	unsigned int i, count;
	int fds[9];
	char buf[2];

	fake_reset(play_fds);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		with_fds = rows[i].with;
		lost_fds = rows[i].lost;
		count = rows[i].room;
		CHECK(ipcbox_recv_fds(FAKE_PORT, buf, 2, fds, &count, NULL,
				      NULL) == 2);
		CHECK(count == rows[i].there);
	}
	with_fds = 2;
	lost_fds = 0;
	count = 3;
	CHECK(ipcbox_recv_fds(FAKE_PORT, buf, 2, fds, &count, &peek, NULL) == 2);
	CHECK(count == 0);
	count = 9;
	CHECK(ipcbox_recv_fds(FAKE_PORT, buf, 2, fds, &count, NULL, NULL) ==
	      -EMFILE);
	CHECK(count == 9);
}

/* Lengths of the messages that the next calls find; -errno for a failure. */
static const int *script;
static struct ipcbox_recv asked;

static int play(int fd, unsigned long command, void *arg)
{
	struct ipcbox_recv *recv = arg;
	int len = *script++;

	CHECK(fd == FAKE_PORT && command == IPCBOX_RECV);
	asked = *recv;
	if (len < 0)
		return len;
	recv->msg_len = (__u64)len;
	recv->msg_type = 7;
	recv->msg_id = 5;
	recv->msg_priority = 3;
	recv->sender_pid = 100;
	recv->sender_tid = 101;
	recv->sender_uid = 102;
	recv->sender_gid = 103;
	if (recv->flags & IPCBOX_IOVEC)
		return 0;
	if ((__u64)len > recv->len)
		return -EMSGSIZE;
	memset((void *)(uintptr_t)recv->data, 'x', (size_t)len);
	return 0;
}

static void plain_recv(void)
{
	static const int lengths[] = { 4, 5, -EIDRM };
	char buf[4];

	fake_reset(play);
	script = lengths;
	CHECK(ipcbox_recv(FAKE_PORT, buf, sizeof(buf)) == 4 && buf[3] == 'x');
	CHECK(!asked.flags && !asked.type && !asked.deadline && asked.len == 4);
	CHECK(ipcbox_recv(FAKE_PORT, buf, sizeof(buf)) == -EMSGSIZE);
	CHECK(ipcbox_recv(FAKE_PORT, buf, sizeof(buf)) == -EIDRM);
}

static void recv_with_metadata(void)
{
	static const int lengths[] = { 2, 9, 3, -EINTR };
	struct ipcbox_options options = {
		.flags = IPCBOX_NOWAIT | IPCBOX_PEEK,
		.type = 7,
		.deadline = 8,
	};
	struct ipcbox_message msg = { 0 };
	struct iovec iov[2];
	char buf[4];

	fake_reset(play);
	script = lengths;
	CHECK(ipcbox_recv_msg(FAKE_PORT, buf, 4, &options, &msg) == 2);
	CHECK(asked.flags == (IPCBOX_NOWAIT | IPCBOX_PEEK));
	CHECK(asked.type == 7 && asked.deadline == 8);
	CHECK(msg.len == 2 && msg.type == 7 && msg.id == 5 && msg.priority == 3);
	CHECK(msg.pid == 100 && msg.tid == 101);
	CHECK(msg.uid == 102 && msg.gid == 103 && msg.flags == 0);
	CHECK(ipcbox_recv_msg(FAKE_PORT, buf, 4, NULL, &msg) == -EMSGSIZE);
	CHECK(msg.len == 9);
	CHECK(ipcbox_recvv(FAKE_PORT, iov, 2, NULL, NULL) == 3);
	CHECK(asked.flags == IPCBOX_IOVEC && asked.len == 2);
	CHECK(ipcbox_recv_msg(FAKE_PORT, buf, 4, NULL, &msg) == -EINTR);
	CHECK(msg.len == 9);
	options.flags = IPCBOX_IOVEC;
	CHECK(ipcbox_recv_msg(FAKE_PORT, buf, 4, &options, NULL) == -EINVAL);
}

static void alloc_from_nothing(void)
{
	static const int lengths[] = { 0, 10 };
	void *buf = NULL;
	size_t size = 0;

	fake_reset(play);
	script = lengths;
	CHECK(ipcbox_recv_alloc(FAKE_PORT, &buf, &size, NULL, NULL) == 0);
	CHECK(buf && !strcmp(buf, ""));
	CHECK(ipcbox_recv_alloc(FAKE_PORT, &buf, &size, NULL, NULL) == 10);
	CHECK(!strcmp(buf, "xxxxxxxxxx") && fake.calls == 2);
	free(buf);
}

/*
 * The message of 1000 bytes is gone when the buffer is large enough for it, and
 * another one of 5000 is there; this one goes, too, and a short one comes.
 */
static void alloc_while_others_take(void)
{
	static const int lengths[] = { 1000, 5000, 20 };
	struct ipcbox_message msg;
	void *buf = NULL;
	size_t size = 0;

	fake_reset(play);
	script = lengths;
	CHECK(ipcbox_recv_alloc(FAKE_PORT, &buf, &size, NULL, &msg) == 20);
	CHECK(msg.len == 20 && size == 5001 && strlen(buf) == 20);
	CHECK(fake.calls == 3);
	free(buf);
}

/* Exactly as long as the buffer: no room for the NUL, so it grows. */
static void alloc_at_the_edge(void)
{
	static const int lengths[] = { 8, 8, 7 };
	void *buf = malloc(8);
	size_t size = 8;

	fake_reset(play);
	script = lengths;
	CHECK(ipcbox_recv_alloc(FAKE_PORT, &buf, &size, NULL, NULL) == 8);
	CHECK(fake.calls == 2 && size > 8 && strlen(buf) == 8);
	free(buf);

	buf = malloc(8);
	size = 8;
	CHECK(ipcbox_recv_alloc(FAKE_PORT, &buf, &size, NULL, NULL) == 7);
	CHECK(fake.calls == 3 && size == 8);
	free(buf);
}

static void alloc_fails(void)
{
	static const int lengths[] = { 1000, -EIDRM, -EAGAIN };
	struct ipcbox_options options = { .flags = IPCBOX_NOWAIT };
	void *buf = NULL;
	size_t size = 0;

	fake_reset(play);
	script = lengths;
	CHECK(ipcbox_recv_alloc(FAKE_PORT, &buf, &size, NULL, NULL) == -EIDRM);
	CHECK(buf && size == 1001);
	CHECK(ipcbox_recv_alloc(FAKE_PORT, &buf, &size, &options, NULL) == -EAGAIN);
	CHECK(asked.flags == IPCBOX_NOWAIT);
	free(buf);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(plain_send),
		TEST(send_with_options),
		TEST(send_with_fds),
		TEST(recv_with_fds),
		TEST(plain_recv),
		TEST(recv_with_metadata),
		TEST(alloc_from_nothing),
		TEST(alloc_while_others_take),
		TEST(alloc_at_the_edge),
		TEST(alloc_fails),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
