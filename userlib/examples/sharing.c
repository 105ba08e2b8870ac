// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * P1 sends, P2 and P3 receive: who gets the message? Four answers, one per
 * port: whoever has waited longest; one process at a time; at most two processes
 * have the port at all; or both of them. Where one gets it, a receipt says who.
 */
#include "example.h"

#include <errno.h>

static int make_shared(uint32_t sharing)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.sharing = sharing;
	return must("create", ipcbox_port_create(NULL, &attr));
}

/* Tells on its exit status which of two letters it got. */
static void receive_one(int port)
{
	char text[2];

	exit(recv_text(port, text, sizeof(text))[0]);
}

static void show_any(void)
{
	int port = make_shared(IPCBOX_SHARE_ANY);
	pid_t first, second;

	first = start(receive_one, port);
	until_waiting(port, 0, 1);
	second = start(receive_one, port);
	until_waiting(port, 0, 2);
	send_text(port, "a");
	send_text(port, "b");
	printf("any: who has waited longest gets %c, the other one %c\n",
	       finish(first), finish(second));
	close(port);
}

/* Not while the parent holds a message: -EAGAIN. */
static void receive_now(int port)
{
	static const struct ipcbox_options now = { .flags = IPCBOX_NOWAIT };
	char text[2];
	ssize_t ret = ipcbox_recv_msg(port, text, sizeof(text), &now, NULL);

	exit(ret == -EAGAIN ? 'w' : text[0]);
}

static void show_one(void)
{
	int port = make_shared(IPCBOX_SHARE_ONE);
	struct ipcbox_message msg;
	char text[2];

	send_text(port, "a");
	send_text(port, "b");
	must("receive", ipcbox_recv_lease(port, text, sizeof(text), NULL, 0,
					  &msg, NULL));
	printf("one: while P2 works on %c, P3 %s\n", text[0],
	       finish(start(receive_now, port)) == 'w' ? "has to wait" :
							 "receives");
	must("acknowledge", ipcbox_ack(port, msg.id));
	printf("one: when P2 is done, P3 gets %c\n",
	       finish(start(receive_now, port)));
	close(port);
}

static int open_again(int port)
{
	struct ipcbox_stat stat;
	char name[32];

	must("stat", ipcbox_port_stat(port, &stat));
	snprintf(name, sizeof(name), "@%llu", (unsigned long long)stat.id);
	return ipcbox_port_open(name, IPCBOX_RIGHT_RECV);
}

/* The second process has opened the port; a third tries. */
static void be_third(int port)
{
	exit(open_again(port) == -EUSERS);
}

static void be_second(int port)
{
	must("open", open_again(port));
	exit(finish(start(be_third, port)));
}

static void show_pair(void)
{
	int port = make_shared(IPCBOX_SHARE_PAIR);

	printf("pair: a third process %s\n",
	       finish(start(be_second, port)) ? "is refused" : "comes in");
	close(port);
}

/* The sender is told who it was. */
static void show_receipt(void)
{
	int port = make_shared(IPCBOX_SHARE_ANY);
	struct ipcbox_receipt receipt;
	pid_t child = start(receive_one, port);

	must("send", ipcbox_send_receipt(port, "a", 1, NULL, &receipt));
	printf("receipt: received by the child: %s\n",
	       receipt.pid == child ? "yes" : "no");
	finish(child);
	close(port);
}

static void show_all(void)
{
	int port = make_shared(IPCBOX_SHARE_ALL);
	int other = must("open", open_again(port));
	char first[2], second[2];

	send_text(port, "a");
	recv_text(port, first, sizeof(first));
	recv_text(other, second, sizeof(second));
	printf("all: P2 gets %s, P3 gets %s\n", first, second);
	close(other);
	close(port);
}

int main(void)
{
	show_any();
	show_one();
	show_pair();
	show_all();
	show_receipt();
	return 0;
}
