// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Events: what the module is asked for, and what becomes of its answer.
 */
#include "test.h"

static struct ipcbox_events subscribed;
static struct ipcbox_recv asked;
static int result;

static int answer(int fd, unsigned long command, void *arg)
{
	struct ipcbox_event event = {
		.what = IPCBOX_EVENT_DELIVERED, .count = 1, .id = 5, .pid = 100,
	};
	struct ipcbox_recv *recv = arg;

	if (fd != FAKE_PORT)
		return -EBADF;
	switch (command) {
	case IPCBOX_EVENTS:
		subscribed = *(struct ipcbox_events *)arg;
		return result;
	case IPCBOX_RECV:
		asked = *recv;
		if (result)
			return result;
		recv->msg_len = sizeof(event);
		memcpy((void *)(uintptr_t)recv->data, &event, sizeof(event));
		return 0;
	}
	return -ENOTTY;
}

static void subscriptions(void)
{
	fake_reset(answer);
	result = 0;
	CHECK(ipcbox_subscribe(FAKE_PORT, IPCBOX_EVENT_DELETED) == 0);
	CHECK(subscribed.mask == IPCBOX_EVENT_DELETED && !subscribed.flags);
	result = -EINVAL;
	CHECK(ipcbox_subscribe(FAKE_PORT, 1 << 30) == -EINVAL);
}

static void receiving(void)
{
	struct ipcbox_options options = {
		.flags = IPCBOX_NOWAIT,
		.deadline = 8,
	};
	struct ipcbox_event event = { 0 };

	fake_reset(answer);
	result = 0;
	CHECK(ipcbox_recv_event(FAKE_PORT, &event, NULL) == 0);
	CHECK(asked.type == IPCBOX_TYPE_EVENT && asked.len == sizeof(event));
	CHECK(!asked.flags && !asked.deadline);
	CHECK(event.what == IPCBOX_EVENT_DELIVERED && event.id == 5);
	CHECK(ipcbox_recv_event(FAKE_PORT, &event, &options) == 0);
	CHECK(asked.flags == IPCBOX_NOWAIT && asked.deadline == 8);
	CHECK(asked.type == IPCBOX_TYPE_EVENT);
	result = -EAGAIN;
	CHECK(ipcbox_recv_event(FAKE_PORT, &event, NULL) == -EAGAIN);
	options.type = 7;
	CHECK(ipcbox_recv_event(FAKE_PORT, &event, &options) == -EINVAL);
	CHECK(fake.calls == 3);
}

/* A receipt that comes later does not come in the struct. */
static void receipts(void)
{
	struct ipcbox_options options = { .flags = IPCBOX_NOWAIT };
	struct ipcbox_receipt receipt;

	fake_reset(answer);
	CHECK(ipcbox_send_receipt(FAKE_PORT, "", 0, &options,
				  &receipt) == -EINVAL);
	CHECK(!fake.calls);
}

static void names(void)
{
	CHECK(!strcmp(ipcbox_event_name(IPCBOX_EVENT_SENDER_CAME),
		      "sender came"));
	CHECK(!strcmp(ipcbox_event_name(IPCBOX_EVENT_RECEIVER_WENT),
		      "receiver went"));
	CHECK(!strcmp(ipcbox_event_name(IPCBOX_EVENT_EXPIRED), "expired"));
	CHECK(!strcmp(ipcbox_event_name(0), "unknown"));
	CHECK(!strcmp(ipcbox_event_name(3), "unknown"));
	CHECK(!strcmp(ipcbox_event_name(~0ULL), "unknown"));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(subscriptions),
		TEST(receiving),
		TEST(receipts),
		TEST(names),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
