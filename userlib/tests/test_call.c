// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Leases and calls: what reaches the module, and what comes back of it.
 */
#include "test.h"

static int result;
static struct ipcbox_recv received;
static struct ipcbox_ack acked;
static struct ipcbox_set set;
static unsigned long last_command;
static struct ipcbox_call called;
static struct ipcbox_reply replied;

static int answer_recv(struct ipcbox_recv *recv)
{
	received = *recv;
	recv->msg_len = 3;
	recv->msg_id = 5;
	recv->msg_flags = IPCBOX_MSG_LEASED | IPCBOX_MSG_REDELIVERED;
	recv->deliveries = 2;
	return result;
}

static int answer_call(struct ipcbox_call *call)
{
	called = *call;
	call->outcome = result ? IPCBOX_UNANSWERED : IPCBOX_ANSWERED;
	call->reply_len = 4;
	call->reply_type = 8;
	call->id = 9;
	call->replier_pid = 100;
	call->replier_tid = 101;
	call->replier_uid = 102;
	call->replier_gid = 103;
	call->reply_nr_fds = 2;
	return result;
}

/* With -ESRCH there is no reply, with any other failure no next message. */
static int answer_reply(struct ipcbox_reply *reply)
{
	replied = *reply;
	if (result == -ESRCH || !reply->recv)
		return result;
	CHECK(reply->recv_size == sizeof(struct ipcbox_recv));
	answer_recv((struct ipcbox_recv *)(uintptr_t)reply->recv);
	if (result)
		reply->id = 0;
	return result;
}

/* Another handle, on a port of id 17, or one that is gone. */
#define FAKE_DEAD	(FAKE_PORT + 1)
#define FAKE_GONE	(FAKE_PORT + 2)

static int answer_stat(int fd, struct ipcbox_stat *stat)
{
	stat->id = 17;
	return fd == FAKE_DEAD ? 0 : -EIDRM;
}

static int answer(int fd, unsigned long command, void *arg)
{
	if (command == IPCBOX_STAT)
		return answer_stat(fd, arg);
	CHECK(fd == FAKE_PORT);
	last_command = command;
	switch (command) {
	case IPCBOX_RECV:
		return answer_recv(arg);
	case IPCBOX_CALL:
		return answer_call(arg);
	case IPCBOX_REPLY:
		return answer_reply(arg);
	case IPCBOX_SET:
		set = *(struct ipcbox_set *)arg;
		return result;
	default:
		acked = *(struct ipcbox_ack *)arg;
		return result;
	}
}

static void reset(int with)
{
	fake_reset(answer);
	result = with;
}

static void leases(void)
{
	struct ipcbox_options options = {
		.flags = IPCBOX_NOWAIT,
		.type = 7,
		.deadline = 8,
	};
	struct ipcbox_message msg = { 0 };
	uint32_t deliveries = 0;
	char buf[4];

	reset(0);
	CHECK(ipcbox_recv_lease(FAKE_PORT, buf, 4, NULL, 0, NULL, NULL) == 3);
	CHECK(received.flags == IPCBOX_LEASE && !received.lease);
	CHECK(ipcbox_recv_lease(FAKE_PORT, buf, 4, &options, 77, &msg,
				&deliveries) == 3);
	CHECK(received.flags == (IPCBOX_LEASE | IPCBOX_NOWAIT));
	CHECK(received.type == 7 && received.deadline == 8);
	CHECK(received.lease == 77 && received.len == 4 && !received.from);
	CHECK(msg.id == 5 && deliveries == 2);
	CHECK(msg.flags == (IPCBOX_MSG_LEASED | IPCBOX_MSG_REDELIVERED));
	result = -EAGAIN;
	deliveries = 66;
	CHECK(ipcbox_recv_lease(FAKE_PORT, buf, 4, NULL, 0, NULL,
				&deliveries) == -EAGAIN);
	CHECK(deliveries == 66);
	options.flags = IPCBOX_IOVEC;
	CHECK(ipcbox_recv_lease(FAKE_PORT, buf, 4, &options, 0, NULL,
				NULL) == -EINVAL);
	CHECK(fake.calls == 3);
}

static void acknowledgements(void)
{
	reset(0);
	CHECK(ipcbox_ack(FAKE_PORT, 5) == 0);
	CHECK(last_command == IPCBOX_ACK && acked.id == 5 && !acked.flags);
	result = -ESRCH;
	CHECK(ipcbox_nack(FAKE_PORT, 6) == -ESRCH);
	CHECK(last_command == IPCBOX_NACK && acked.id == 6 && !acked.flags);
}

static void dead_letters(void)
{
	reset(0);
	CHECK(ipcbox_dead_letter_set(FAKE_PORT, FAKE_DEAD, 3) == 0);
	CHECK(set.flags == IPCBOX_SET_DEAD_LETTER && !set.reserved);
	CHECK(set.dead_letter == 17 && set.max_deliveries == 3);
	CHECK(ipcbox_dead_letter_set(FAKE_PORT, -1, 0) == 0);
	CHECK(set.dead_letter == 0 && set.max_deliveries == 0);
	CHECK(fake.calls == 3);
	CHECK(ipcbox_dead_letter_set(FAKE_PORT, FAKE_GONE, 3) == -EIDRM);
	CHECK(fake.calls == 4);
	result = -EACCES;
	CHECK(ipcbox_dead_letter_set(FAKE_PORT, FAKE_DEAD, 3) == -EACCES);
}

static void calls(void)
{
	struct ipcbox_options options = {
		.flags = IPCBOX_NOWAIT,
		.type = 7,
		.deadline = 8,
		.priority = 9,
	};
	struct ipcbox_answer known = { 0 };
	char buf[4];

	reset(0);
	CHECK(ipcbox_call(FAKE_PORT, "hello", 5, buf, 4, NULL, NULL) == 4);
	CHECK(!called.flags && called.len == 5 && called.reply_size == 4);
	CHECK(!memcmp((void *)(uintptr_t)called.data, "hello", 5));
	CHECK((char *)(uintptr_t)called.reply == buf);
	CHECK(ipcbox_call(FAKE_PORT, "", 0, NULL, 0, &options, &known) == 4);
	CHECK(called.flags == IPCBOX_NOWAIT && called.type == 7);
	CHECK(called.deadline == 8 && called.priority == 9);
	CHECK(known.len == 4 && known.type == 8 && known.id == 9);
	CHECK(known.outcome == IPCBOX_ANSWERED);
	CHECK(known.pid == 100 && known.tid == 101);
	CHECK(known.uid == 102 && known.gid == 103);
	result = -EOWNERDEAD;
	CHECK(ipcbox_call(FAKE_PORT, "", 0, NULL, 0, NULL,
			  &known) == -EOWNERDEAD);
	CHECK(known.outcome == IPCBOX_UNANSWERED);
	options.flags = IPCBOX_IOVEC;
	CHECK(ipcbox_call(FAKE_PORT, "", 0, NULL, 0, &options,
			  &known) == -EINVAL);
	CHECK(known.outcome == IPCBOX_NOT_DELIVERED && fake.calls == 3);
}

/* As many of the reply arrive as there is room for, and none if it fails. */
static void descriptors(void)
{
	static const struct { unsigned int room, there; } rows[] = {
		{ 0, 0 }, { 1, 1 }, { 2, 2 }, { 3, 2 },
	};
	const int out[] = { 7, 8 };
	int in[3];
	struct ipcbox_passed passed = { .send = out, .recv = in };
	unsigned int i;

	reset(0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		passed.send_count = 2;
		passed.recv_count = rows[i].room;
		CHECK(ipcbox_call_fds(FAKE_PORT, "hello", 5, NULL, 4, &passed,
				      NULL, NULL) == 4);
		CHECK(called.len == 5 && called.reply_size == 4);
		CHECK((const void *)(uintptr_t)called.fds == out);
		CHECK((const void *)(uintptr_t)called.reply_fds == in);
		CHECK(called.nr_fds == 2);
		CHECK(called.reply_fds_size == rows[i].room);
		CHECK(passed.recv_count == rows[i].there);
	}
	CHECK(ipcbox_call(FAKE_PORT, "", 0, NULL, 0, NULL, NULL) == 4);
	CHECK(!called.nr_fds && !called.reply_fds_size);
	result = -EMFILE;
	CHECK(ipcbox_call_fds(FAKE_PORT, "", 0, NULL, 0, &passed, NULL,
			      NULL) == -EMFILE);
	CHECK(passed.recv_count == 0);
}

static void replied_descriptors(void)
{
	const int out[] = { 7, 8 };

	reset(0);
	CHECK(ipcbox_reply_fds(FAKE_PORT, 5, "hello", 5, 7, out, 2) == 0);
	CHECK(replied.id == 5 && replied.len == 5 && replied.type == 7);
	CHECK((const void *)(uintptr_t)replied.fds == out && replied.nr_fds == 2);
	CHECK(ipcbox_reply(FAKE_PORT, 5, "", 0, 0) == 0 && !replied.nr_fds);
}

static void replies(void)
{
	struct ipcbox_response response = { 5, "hello", 5, 7 };
	struct ipcbox_options options = { .flags = IPCBOX_NOWAIT };
	struct ipcbox_message msg = { 0 };
	char buf[4];

	reset(0);
	CHECK(ipcbox_reply(FAKE_PORT, 5, "hello", 5, 7) == 0);
	CHECK(replied.id == 5 && replied.len == 5 && replied.type == 7);
	CHECK(!replied.recv && !replied.recv_size);
	CHECK(ipcbox_reply_recv(FAKE_PORT, &response, buf, 4, &options,
				&msg) == 3);
	CHECK(replied.id == 5 && replied.len == 5 && replied.type == 7);
	CHECK(received.flags == IPCBOX_NOWAIT && received.len == 4);
	CHECK(response.id == 0 && msg.id == 5);
	/* the reply was not sent */
	response.id = 5;
	result = -ESRCH;
	CHECK(ipcbox_reply_recv(FAKE_PORT, &response, buf, 4, NULL,
				NULL) == -ESRCH);
	CHECK(response.id == 5);
	/* it was, and there is no next message */
	result = -EAGAIN;
	CHECK(ipcbox_reply_recv(FAKE_PORT, &response, buf, 4, NULL,
				NULL) == -EAGAIN);
	CHECK(response.id == 0);
	response.id = 5;
	options.flags = IPCBOX_IOVEC;
	CHECK(ipcbox_reply_recv(FAKE_PORT, &response, buf, 4, &options,
				NULL) == -EINVAL);
	CHECK(response.id == 5 && fake.calls == 4);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(leases),
		TEST(acknowledgements),
		TEST(dead_letters),
		TEST(calls),
		TEST(descriptors),
		TEST(replied_descriptors),
		TEST(replies),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
