// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Events: a sender that waits for nobody is told when somebody comes to receive,
 * who has received which message, and that the receiver has gone.
 */
#include "example.h"

/* A receiver of two messages, in a process of its own. */
static void receiver(int port)
{
	int mine = must("open", ipcbox_port_open("news", IPCBOX_RIGHT_RECV));
	char text[100];

	(void)port;
	recv_text(mine, text, sizeof(text));
	recv_text(mine, text, sizeof(text));
}

static void tell(int port, pid_t child)
{
	struct ipcbox_event event;

	must("an event", ipcbox_recv_event(port, &event, NULL));
	printf("%s", ipcbox_event_name(event.what));
	if (event.id)
		printf(": message %llu", (unsigned long long)event.id);
	printf(", by %s\n", event.pid == child ? "the child" : "the parent");
}

static uint64_t send_now(int port, const char *text)
{
	static const struct ipcbox_options options = {
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT,
	};
	uint64_t id;

	must("send", ipcbox_send_msg(port, text, strlen(text), &options, &id));
	return id;
}

int main(void)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	int port, i;
	pid_t child;

	attr.rights = IPCBOX_RIGHT_SEND;
	attr.owner = IPCBOX_OWNER_HANDLE;
	port = must("create", ipcbox_port_create("news", &attr));
	must("subscribe", ipcbox_subscribe(port, IPCBOX_EVENT_RECEIVER_CAME |
						 IPCBOX_EVENT_RECEIVER_WENT |
						 IPCBOX_EVENT_DELIVERED |
						 IPCBOX_EVENT_DELETED));
	for (i = 0; i < 2; i++)
		printf("sent: message %llu\n",
		       (unsigned long long)send_now(port, "hello"));
	child = start(receiver, port);
	for (i = 0; i < 4; i++)
		tell(port, child);
	finish(child);
	must("delete", ipcbox_port_delete("news"));
	tell(port, child);
	return 0;
}
