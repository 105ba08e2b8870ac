// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Dead letters: a job that kills every worker would come back for ever. After
 * two deliveries it moves to a port of its own, where somebody can look at it,
 * and the others are done.
 */
#include "example.h"

#include <signal.h>

/* Does one job; some cannot be done. */
static void worker(int port)
{
	struct ipcbox_message msg;
	char text[100];
	ssize_t len;

	len = must("receive", ipcbox_recv_lease(port, text, sizeof(text) - 1,
						NULL, 0, &msg, NULL));
	text[len] = '\0';
	if (strstr(text, "poison"))
		raise(SIGKILL);
	printf("%s: done\n", text);
	must("acknowledge", ipcbox_ack(port, msg.id));
}

static void show_dead_letter(int dead)
{
	struct ipcbox_message msg;
	char text[100];
	ssize_t len;

	len = must("receive", ipcbox_recv_msg(dead, text, sizeof(text), NULL,
					      &msg));
	printf("dead letter: %.*s%s\n", (int)len, text,
	       msg.flags & IPCBOX_MSG_DEAD_LETTER ? "" : " (sent here)");
}

int main(void)
{
	int port = make_port(10), dead = make_port(10);
	struct ipcbox_stat stat;
	int deaths = 0;

	must("set", ipcbox_dead_letter_set(port, dead, 2));
	send_text(port, "job 1");
	send_text(port, "job 2, poison");
	send_text(port, "job 3");
	do {
		pid_t pid = start(worker, port);
		int status = 0;

		waitpid(pid, &status, 0);
		deaths += WIFSIGNALED(status);
		/* Until the kernel has noticed. */
		do
			must("stat", ipcbox_port_stat(port, &stat));
		while (stat.held);
	} while (stat.messages);
	printf("%d workers died, %llu jobs done, %llu given up\n", deaths,
	       (unsigned long long)stat.received,
	       (unsigned long long)stat.dead_lettered);
	show_dead_letter(dead);
	return 0;
}
