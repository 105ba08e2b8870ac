// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Indirect communication: two processes share several mailboxes. One pair of
 * them is one-way each, found by name; a third, found by its number, is two-way
 * by itself, because each side receives only the type of message meant for it.
 */
#include "example.h"

static const char to_server[] = "example-to-server";
static const char to_client[] = "example-to-client";

enum { FOR_SERVER = 1, FOR_CLIENT = 2 };

static void send_type(int port, uint64_t type, const char *text)
{
	struct ipcbox_options options = { .type = type };

	must("send", ipcbox_send_msg(port, text, strlen(text), &options, NULL));
}

static const char *recv_type(int port, uint64_t type, char *text, size_t size)
{
	struct ipcbox_options options = { .type = type };
	ssize_t len = ipcbox_recv_msg(port, text, size - 1, &options, NULL);

	text[must("receive", len)] = '\0';
	return text;
}

static void one_way_pair(void)
{
	int in = must("open", ipcbox_port_open(to_server, IPCBOX_RIGHT_RECV));
	int out = must("open", ipcbox_port_open(to_client, IPCBOX_RIGHT_SEND));
	char text[100], answer[120];

	recv_text(in, text, sizeof(text));
	snprintf(answer, sizeof(answer), "answer to %s", text);
	send_text(out, answer);
}

static void two_way(int port)
{
	char text[100], answer[120];

	recv_type(port, FOR_SERVER, text, sizeof(text));
	snprintf(answer, sizeof(answer), "answer to %s", text);
	send_type(port, FOR_CLIENT, answer);
}

/* The server gets no handle from its parent, only the number of the third. */
static void server(int both)
{
	struct ipcbox_stat stat;
	char name[32];

	must("stat", ipcbox_port_stat(both, &stat));
	close(both);
	snprintf(name, sizeof(name), "@%llu", (unsigned long long)stat.id);
	one_way_pair();
	two_way(must("open", ipcbox_port_open(name, IPCBOX_RIGHT_SEND |
						    IPCBOX_RIGHT_RECV)));
}

int main(void)
{
	int out = must("create", ipcbox_port_create(to_server, NULL));
	int in = must("create", ipcbox_port_create(to_client, NULL));
	int both = make_port(10);
	pid_t child = start(server, both);
	char text[200];

	send_text(out, "a question by one mailbox");
	printf("two one-way mailboxes, by name: %s\n",
	       recv_text(in, text, sizeof(text)));
	send_type(both, FOR_SERVER, "a question by the same");
	printf("one two-way mailbox, by number: %s\n",
	       recv_type(both, FOR_CLIENT, text, sizeof(text)));
	printf("exit status of the server: %d\n", finish(child));
	must("delete", ipcbox_port_delete(to_server));
	must("delete", ipcbox_port_delete(to_client));
	return 0;
}
