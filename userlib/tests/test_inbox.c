// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Direct communication: what reaches the module of a process that is named.
 */
#include "test.h"

static int result;
static struct ipcbox_send sent;
static struct ipcbox_recv received;
static struct ipcbox_inbox opened;

static int record(int fd, unsigned long command, void *arg)
{
	switch (command) {
	case IPCBOX_INBOX:
		CHECK(fd == FAKE_BOX);
		opened = *(struct ipcbox_inbox *)arg;
		break;
	case IPCBOX_SEND_TO:
		CHECK(fd == FAKE_BOX);
		sent = *(struct ipcbox_send *)arg;
		((struct ipcbox_send *)arg)->id = 5;
		break;
	case IPCBOX_RECV:
		CHECK(fd == FAKE_PORT);
		received = *(struct ipcbox_recv *)arg;
		((struct ipcbox_recv *)arg)->msg_len = 3;
		((struct ipcbox_recv *)arg)->sender_pid = received.from;
		break;
	default:
		CHECK(!"a command of this topic");
	}
	return result;
}

static void inboxes(void)
{
	fake_reset(record);
	result = FAKE_PORT;
	CHECK(ipcbox_inbox_at(FAKE_BOX, IPCBOX_NOWAIT) == FAKE_PORT);
	CHECK(opened.flags == IPCBOX_NOWAIT && !opened.id);
	CHECK(fake.opened == 1);
	/* the box is closed, and the inbox is there */
	CHECK(ipcbox_inbox() == FAKE_PORT);
	CHECK(!opened.flags && fake.opened == 2);
	result = -EDQUOT;
	CHECK(ipcbox_inbox() == -EDQUOT && fake.opened == 2);
	fake.open_errno = ENOENT;
	CHECK(ipcbox_inbox() == -ENODEV && fake.calls == 3);
}

static void sends(void)
{
	struct ipcbox_options options = {
		.flags = IPCBOX_NOWAIT,
		.type = 7,
		.deadline = 8,
		.priority = 9,
	};
	uint64_t id = 0;

	fake_reset(record);
	result = 0;
	CHECK(ipcbox_send_to(FAKE_BOX, 4711, "hello", 5, NULL, NULL) == 0);
	CHECK(sent.to == 4711 && sent.len == 5 && !sent.flags);
	CHECK(!memcmp((void *)(uintptr_t)sent.data, "hello", 5));
	CHECK(ipcbox_send_to(FAKE_BOX, 1, "x", 1, &options, &id) == 0);
	CHECK(sent.to == 1 && id == 5 && sent.flags == IPCBOX_NOWAIT);
	CHECK(sent.type == 7 && sent.deadline == 8 && sent.priority == 9);
	result = -ESRCH;
	id = 0;
	CHECK(ipcbox_send_to(FAKE_BOX, 1, "x", 1, NULL, &id) == -ESRCH && !id);
	options.flags = IPCBOX_IOVEC;
	CHECK(ipcbox_send_to(FAKE_BOX, 1, "x", 1, &options, NULL) == -EINVAL);
	CHECK(fake.calls == 3);
}

static void receives(void)
{
	struct ipcbox_options options = { .flags = IPCBOX_PEEK, .type = 7 };
	struct ipcbox_message msg = { 0 };
	char buf[4];

	fake_reset(record);
	result = 0;
	CHECK(ipcbox_recv_from(FAKE_PORT, 4711, buf, 4, &options, &msg) == 3);
	CHECK(received.from == 4711 && received.len == 4);
	CHECK((void *)(uintptr_t)received.data == buf);
	CHECK(received.flags == IPCBOX_PEEK && received.type == 7);
	CHECK(msg.pid == 4711);
	/* anybody has functions of its own */
	CHECK(ipcbox_recv_from(FAKE_PORT, 0, buf, 4, NULL, &msg) == -EINVAL);
	result = -ESRCH;
	CHECK(ipcbox_recv_from(FAKE_PORT, 1, buf, 4, NULL, NULL) == -ESRCH);
	CHECK(fake.calls == 2);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(inboxes),
		TEST(sends),
		TEST(receives),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
