// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Connections: what reaches the module, and what comes back of it.
 */
#include "test.h"

static int result;
static struct ipcbox_connect connected;
static struct ipcbox_accept accepted;
static struct ipcbox_refuse refused;
static struct ipcbox_shutdown shut;

static int answer_connect(struct ipcbox_connect *connect)
{
	connected = *connect;
	connect->outcome = result < 0 ? IPCBOX_UNANSWERED : IPCBOX_ANSWERED;
	connect->answer_len = 4;
	connect->answer_type = 8;
	connect->reason = 9;
	connect->acceptor_pid = 100;
	connect->acceptor_tid = 101;
	connect->acceptor_uid = 102;
	connect->acceptor_gid = 103;
	return result;
}

static int answer(int fd, unsigned long command, void *arg)
{
	CHECK(fd == (command == IPCBOX_CONNECT ? FAKE_BOX : FAKE_PORT));
	switch (command) {
	case IPCBOX_CONNECT:
		return answer_connect(arg);
	case IPCBOX_ACCEPT:
		accepted = *(struct ipcbox_accept *)arg;
		return result;
	case IPCBOX_REFUSE:
		refused = *(struct ipcbox_refuse *)arg;
		return result;
	default:
		CHECK(command == IPCBOX_SHUTDOWN);
		shut = *(struct ipcbox_shutdown *)arg;
		return result;
	}
}

static void reset(int with)
{
	fake_reset(answer);
	result = with;
}

static void asking(void)
{
	struct ipcbox_options options = {
		.flags = IPCBOX_NOWAIT,
		.type = 7,
		.deadline = 8,
		.priority = 9,
	};
	struct ipcbox_verdict verdict = { 0 };
	char buf[4];

	reset(FAKE_PORT);
	CHECK(ipcbox_connect("door", "hello", 5, buf, 4, NULL,
			     NULL) == FAKE_PORT);
	CHECK(!strcmp(connected.name, "door") && !connected.id);
	CHECK(!connected.flags && connected.len == 5);
	CHECK(!memcmp((void *)(uintptr_t)connected.data, "hello", 5));
	CHECK((char *)(uintptr_t)connected.answer == buf);
	CHECK(connected.answer_size == 4);
	/* the box is closed, and the end is there */
	CHECK(fake.opened == 1);
	CHECK(ipcbox_connect_at(FAKE_BOX, "@17", "", 0, NULL, 0, &options,
				&verdict) == FAKE_PORT);
	CHECK(!connected.name[0] && connected.id == 17 && !connected.answer);
	CHECK(connected.flags == IPCBOX_NOWAIT && connected.type == 7);
	CHECK(connected.deadline == 8 && connected.priority == 9);
	CHECK(verdict.answer.len == 4 && verdict.answer.type == 8);
	CHECK(verdict.answer.outcome == IPCBOX_ANSWERED && !verdict.answer.id);
	CHECK(verdict.answer.pid == 100 && verdict.answer.tid == 101);
	CHECK(verdict.answer.uid == 102 && verdict.answer.gid == 103);
	CHECK(verdict.reason == 9);
}

static void asking_in_vain(void)
{
	struct ipcbox_options options = { .flags = IPCBOX_IOVEC };
	struct ipcbox_verdict verdict = { 0 };

	reset(-ECONNREFUSED);
	CHECK(ipcbox_connect("door", "", 0, NULL, 0, NULL,
			     &verdict) == -ECONNREFUSED);
	CHECK(verdict.answer.outcome == IPCBOX_UNANSWERED);
	CHECK(fake.opened == 0 && fake.calls == 1);
	CHECK(ipcbox_connect("door", "", 0, NULL, 0, &options,
			     &verdict) == -EINVAL);
	CHECK(verdict.answer.outcome == IPCBOX_NOT_DELIVERED);
	CHECK(ipcbox_connect("", "", 0, NULL, 0, NULL, NULL) == -EINVAL);
	CHECK(fake.calls == 1);
	fake.open_errno = ENOENT;
	CHECK(ipcbox_connect("door", "", 0, NULL, 0, NULL, NULL) == -ENODEV);
}

static void answering(void)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	reset(FAKE_PORT + 1);
	CHECK(ipcbox_accept(FAKE_PORT, 5, "yes", 3, NULL) == FAKE_PORT + 1);
	CHECK(accepted.id == 5 && accepted.len == 3 && !accepted.flags);
	CHECK(!memcmp((void *)(uintptr_t)accepted.data, "yes", 3));
	CHECK(accepted.max_messages == IPCBOX_CAPACITY && !accepted.max_bytes);
	CHECK(!accepted.max_msgsize && !accepted.reserved);
	attr.flags = IPCBOX_NOWAIT;
	attr.max_messages = 1;
	attr.max_bytes = 3;
	attr.max_msgsize = 2;
	CHECK(ipcbox_accept(FAKE_PORT, 6, NULL, 0, &attr) == FAKE_PORT + 1);
	CHECK(accepted.flags == IPCBOX_NOWAIT && accepted.max_messages == 1);
	CHECK(accepted.max_bytes == 3 && accepted.max_msgsize == 2);
	result = 0;
	CHECK(ipcbox_refuse(FAKE_PORT, 7, EPERM) == 0);
	CHECK(refused.id == 7 && refused.reason == EPERM && !refused.flags);
	result = -ESRCH;
	CHECK(ipcbox_accept(FAKE_PORT, 5, NULL, 0, NULL) == -ESRCH);
	CHECK(ipcbox_refuse(FAKE_PORT, 5, 0) == -ESRCH);
}

static void shutting_down(void)
{
	reset(0);
	CHECK(ipcbox_shutdown(FAKE_PORT, IPCBOX_RIGHT_SEND) == 0);
	CHECK(shut.rights == IPCBOX_RIGHT_SEND && !shut.flags);
	result = -EOPNOTSUPP;
	CHECK(ipcbox_shutdown(FAKE_PORT, IPCBOX_RIGHT_RECV) == -EOPNOTSUPP);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(asking),
		TEST(asking_in_vain),
		TEST(answering),
		TEST(shutting_down),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
