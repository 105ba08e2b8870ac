// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Orphans and owners: a process creates two ports, gives them to a child, and
 * exits. Its child survives it as an orphan; the port that belonged to the
 * process is gone although the orphan holds a handle; the kernel's is there.
 */
#include "example.h"

static const char of_process[] = "example-of-process";
static const char of_kernel[] = "example-of-kernel";

static int make_named(const char *name, enum ipcbox_owner owner)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	attr.owner = owner;
	return must(name, ipcbox_port_create(name, &attr));
}

/* The port on which the orphan is told that its parent is gone. */
static int gone_port;
static int process_port;

static void orphan(int kernel_port)
{
	char text[100];
	int err;

	recv_text(gone_port, text, sizeof(text));
	err = ipcbox_send(process_port, "anybody there?", 14);
	snprintf(text, sizeof(text), "orphan: sending to the process's port: %s",
		 err ? ipcbox_strerror(err) : "worked");
	send_text(kernel_port, text);
}

static void owner(int unused)
{
	int kernel_port = make_named(of_kernel, IPCBOX_OWNER_KERNEL);

	(void)unused;
	process_port = make_named(of_process, IPCBOX_OWNER_PROCESS);
	start(orphan, kernel_port);
	printf("owner: created both ports, has a child, exits\n");
}

static void look_for(const char *name)
{
	int port = ipcbox_port_open(name, 0);

	printf("%s: %s\n", name,
	       port < 0 ? ipcbox_strerror(port) : "still there");
	if (port >= 0)
		close(port);
}

int main(void)
{
	char text[200];
	int port;

	gone_port = make_port(1);
	finish(start(owner, -1));
	look_for(of_process);
	look_for(of_kernel);

	port = must("open", ipcbox_port_open(of_kernel, IPCBOX_RIGHT_RECV));
	send_text(gone_port, "your parent is gone");
	printf("%s\n", recv_text(port, text, sizeof(text)));
	must("delete", ipcbox_port_delete(of_kernel));
	return 0;
}
