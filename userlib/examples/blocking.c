// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Blocking and non-blocking send and receive, in all four combinations, on a
 * mailbox without a buffer, so that every one of them shows.
 */
#include "example.h"

#include <errno.h>

static const struct ipcbox_options nowait = { .flags = IPCBOX_NOWAIT };

static void blocking_send(int port)
{
	send_text(port, "a message");
}

static void blocking_receive(int port)
{
	char text[100];

	printf("    receiver: %s\n", recv_text(port, text, sizeof(text)));
}

static void try_send(int port)
{
	int err = ipcbox_send_msg(port, "a message", 9, &nowait, NULL);

	printf("    sender: %s\n", err ? ipcbox_strerror(err) : "sent");
}

static void try_receive(int port)
{
	char text[100];
	ssize_t len = ipcbox_recv_msg(port, text, sizeof(text), &nowait, NULL);

	if (len == -EAGAIN)
		printf("    receiver: no message, the null message\n");
	else
		printf("    receiver: %.*s\n", must("receive", len), text);
}

static void both_block(int port)
{
	pid_t child = start(blocking_send, port);

	printf("blocking send, blocking receive: whoever comes first waits\n");
	blocking_receive(port);
	finish(child);
}

static void only_send_blocks(int port)
{
	pid_t child;

	printf("blocking send, non-blocking receive\n");
	printf("  no sender\n");
	try_receive(port);
	child = start(blocking_send, port);
	until_waiting(port, 1, 0);
	printf("  a sender waits\n");
	try_receive(port);
	finish(child);
}

static void only_receive_blocks(int port)
{
	pid_t child;

	printf("non-blocking send, blocking receive\n");
	printf("  no receiver\n");
	try_send(port);
	printf("  a receiver waits\n");
	child = start(blocking_receive, port);
	until_waiting(port, 0, 1);
	must("send", ipcbox_send_msg(port, "a message", 9, &nowait, NULL));
	finish(child);
}

static void none_blocks(int port)
{
	printf("non-blocking send, non-blocking receive: they never meet\n");
	try_send(port);
	try_receive(port);
}

int main(void)
{
	int port = make_port(0);

	both_block(port);
	only_send_blocks(port);
	only_receive_blocks(port);
	none_blocks(port);
	return 0;
}
