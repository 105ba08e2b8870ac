// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Zero, bounded and unbounded capacity: how many of ten messages of 40 bytes go
 * in without waiting, when nobody receives.
 */
#include "example.h"

#include <errno.h>

static int count_fitting(int port)
{
	static const struct ipcbox_options nowait = { .flags = IPCBOX_NOWAIT };
	static const char payload[40];
	int i, err;

	for (i = 0; i < 10; i++) {
		err = ipcbox_send_msg(port, payload, sizeof(payload), &nowait,
				      NULL);
		if (err == -EAGAIN)
			break;
		must("send", err);
	}
	return i;
}

static void show(const char *what, uint64_t messages, uint64_t bytes)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	int port;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = messages;
	attr.max_bytes = bytes;
	port = must("create", ipcbox_port_create(NULL, &attr));
	printf("%-24s %2d of 10\n", what, count_fitting(port));
	close(port);
}

int main(void)
{
	show("zero", 0, 0);
	show("bounded, 3 messages", 3, 0);
	show("bounded, 100 bytes", IPCBOX_UNLIMITED, 100);
	show("unbounded", IPCBOX_UNLIMITED, 0);
	return 0;
}
