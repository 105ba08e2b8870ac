// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rendezvous: on a mailbox of capacity 0 a send returns when its message has
 * been received, not before.
 */
#include "example.h"

/* Where the sender reports that its send has returned. */
static int done;

static void sender(int port)
{
	send_text(port, "see you");
	send_text(done, "the sender went on");
}

static void print_state(int port, const char *when)
{
	struct ipcbox_stat stat;

	must("stat", ipcbox_port_stat(port, &stat));
	printf("%s: %u waiting to send, %llu sent, %llu received\n", when,
	       stat.waiting_senders, (unsigned long long)stat.sent,
	       (unsigned long long)stat.received);
}

int main(void)
{
	int port = make_port(0);
	char text[100];
	pid_t child;

	done = make_port(1);
	child = start(sender, port);
	until_waiting(port, 1, 0);
	print_state(port, "before the meeting");
	printf("received: %s\n", recv_text(port, text, sizeof(text)));
	printf("%s\n", recv_text(done, text, sizeof(text)));
	print_state(port, "after the meeting");
	finish(child);
	return 0;
}
