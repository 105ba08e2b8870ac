/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: subscribing to them, and receiving the next one
 */
#ifndef IPCBOX_EVENT_TEST_H
#define IPCBOX_EVENT_TEST_H

#include "ipcbox_test.h"

#define EVENTS_ALL	255ULL

static inline int events_subscribe(int port, uint64_t mask)
{
	struct ipcbox_events arg = { .mask = mask };

	return sys_ioctl(port, IPCBOX_EVENTS, &arg);
}

/* The next event, of which *recv tells, too; without a wait unless there is a
 * deadline.
 */
static inline int event_recv(int port, struct ipcbox_event *event,
			     struct ipcbox_recv *recv)
{
	recv->type = IPCBOX_TYPE_EVENT;
	return msg_recv(port, event, sizeof(*event),
			recv->deadline ? 0 : IPCBOX_NOWAIT, recv);
}

/* What the next event says; zeros without one. Waits up to ten seconds. */
static inline struct ipcbox_event event_next(int port)
{
	struct ipcbox_recv recv = { .deadline = in_ns(10 * SEC) };
	struct ipcbox_event event;

	memset(&event, 0, sizeof(event));
	event_recv(port, &event, &recv);
	return event;
}

/* What there is now, without a wait: IPCBOX_EVENT_*, or -errno. */
static inline long event_now(int port)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_event event;
	int ret = event_recv(port, &event, &recv);

	return ret ? ret : (long)event.what;
}

/* A send that wants to hear of the receipt: the id of the message, or -errno. */
static inline long send_for_receipt(int port, const char *text)
{
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT,
		.data = (uintptr_t)text,
		.len = strlen(text),
	};
	int ret = sys_ioctl(port, IPCBOX_SEND, &send);

	return ret ? ret : (long)send.id;
}

#endif /* IPCBOX_EVENT_TEST_H */
