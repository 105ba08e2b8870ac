// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Direct communication: processes name each other, and no port. Symmetric, where
 * the receiver names the sender; asymmetric, where it is told who that was. The
 * links make themselves, one for each pair, for both directions.
 */
#include "example.h"

#include <errno.h>

#define TEXT	100

/* Answers what the parent asks, until that says goodbye. */
static void answer(int box)
{
	int inbox = must("open the inbox", ipcbox_inbox_at(box, 0));
	pid_t parent = getppid();
	char text[TEXT];
	int len;

	for (;;) {
		len = must("receive", ipcbox_recv_from(inbox, parent, text,
						       TEXT, NULL, NULL));
		if (!len)
			return;
		must("send", ipcbox_send_to(box, parent, text, (size_t)len,
					    NULL, NULL));
	}
}

static void ask(int box, pid_t pid, const char *text)
{
	must("send", ipcbox_send_to(box, pid, text, strlen(text), NULL, NULL));
}

/* How many inboxes these processes have: a link of two is one of each. */
static int inboxes(int box, const pid_t *pids, int count)
{
	struct ipcbox_stat stat = { 0 };
	int i, found = 0;

	while (must("list", ipcbox_port_next(box, &stat)))
		for (i = 0; i < count; i++)
			found += stat.kind == IPCBOX_KIND_INBOX &&
				 stat.creator_pid == pids[i];
	return found;
}

int main(void)
{
	int box = must("open the box", ipcbox_box_open());
	int inbox = must("open the inbox", ipcbox_inbox_at(box, 0));
	struct ipcbox_options peek = { .flags = IPCBOX_PEEK };
	struct ipcbox_message msg;
	pid_t pids[3] = { getpid(), start(answer, box), start(answer, box) };
	char text[TEXT];
	int len;

	ask(box, pids[2], "from the second");
	/* It has answered before the first is even asked. */
	must("peek", ipcbox_recv_msg(inbox, text, TEXT, &peek, NULL));
	ask(box, pids[1], "from the first");

	len = must("receive", ipcbox_recv_from(inbox, pids[1], text, TEXT,
					       NULL, NULL));
	printf("symmetric, of the first child: %.*s\n", len, text);
	len = must("receive", ipcbox_recv_msg(inbox, text, TEXT, NULL, &msg));
	printf("asymmetric: %.*s, which is %s\n", len, text,
	       msg.pid == pids[2] ? "the second child" : "nobody known");
	printf("3 processes, %d inboxes\n", inboxes(box, pids, 3));

	ask(box, pids[1], "");
	finish(pids[1]);
	if (ipcbox_recv_from(inbox, pids[1], text, TEXT, NULL, NULL) == -ESRCH &&
	    ipcbox_send_to(box, pids[1], "?", 1, NULL, NULL) == -ESRCH)
		printf("the first child has exited, and its link with it\n");
	ask(box, pids[2], "");
	return finish(pids[2]);
}
