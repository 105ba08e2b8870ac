// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A mailbox that belongs to a process, and one that belongs to the system: of
 * the first only its owner receives, while others send; from the second
 * everybody receives who may.
 */
#include "example.h"

static const char name[] = "example-ownership";

/* Another process, without anything inherited: it sends and receives. */
static void visitor(int inherited)
{
	char text[100];
	ssize_t len;
	int port;

	close(inherited);
	port = must("open", ipcbox_port_open(name, IPCBOX_RIGHT_SEND));
	send_text(port, "from a visitor");
	printf("  visitor sends: yes\n");
	close(port);

	port = ipcbox_port_open(name, IPCBOX_RIGHT_RECV);
	len = port < 0 ? port : ipcbox_recv(port, text, sizeof(text));
	printf("  visitor receives: %s\n", len < 0 ? "no, refused" : "yes");
}

static int visit(enum ipcbox_owner owner)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	int port;

	attr.flags = IPCBOX_EXCL;
	attr.owner = owner;
	port = must("create", ipcbox_port_create(name, &attr));
	printf("owned by the %s\n", ipcbox_owner_name(owner));
	finish(start(visitor, port));
	return port;
}

int main(void)
{
	char text[100];
	int port = visit(IPCBOX_OWNER_PROCESS);

	printf("  owner receives: %s\n", recv_text(port, text, sizeof(text)));
	must("delete", ipcbox_port_delete(name));
	visit(IPCBOX_OWNER_KERNEL);
	must("delete", ipcbox_port_delete(name));
	return 0;
}
