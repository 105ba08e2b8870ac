// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Leases: a worker is killed in the middle of its work, and the message is there
 * for the next one, at its place and with a note that somebody had it before.
 */
#include "example.h"

#include <signal.h>

/* Takes a job and says what it knows of it; returns the id. */
static uint64_t take(int port)
{
	struct ipcbox_message msg;
	uint32_t deliveries;
	char text[100];
	ssize_t len;

	len = must("receive", ipcbox_recv_lease(port, text, sizeof(text), NULL,
						0, &msg, &deliveries));
	printf("%.*s, delivery %u%s\n", (int)len, text, deliveries,
	       msg.flags & IPCBOX_MSG_REDELIVERED ?
	       ": somebody did not finish it" : "");
	fflush(stdout);
	return msg.id;
}

/* Finishes one job, and is killed over the next. */
static void worker(int port)
{
	must("acknowledge", ipcbox_ack(port, take(port)));
	take(port);
	raise(SIGKILL);
}

int main(void)
{
	int port = make_port(10);
	struct ipcbox_stat stat;
	int i;

	send_text(port, "job 1");
	send_text(port, "job 2");
	send_text(port, "job 3");
	finish(start(worker, port));
	/* In order, once the kernel has noticed. */
	do
		must("stat", ipcbox_port_stat(port, &stat));
	while (stat.held);
	printf("the worker was killed\n");
	for (i = 0; i < 2; i++)
		must("acknowledge", ipcbox_ack(port, take(port)));
	must("stat", ipcbox_port_stat(port, &stat));
	printf("%llu received, %llu left\n", (unsigned long long)stat.received,
	       (unsigned long long)(stat.messages + stat.held));
	return 0;
}
