// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fork, exec, wait, exit status, zombie: a handle is inherited over fork and,
 * if it is not close-on-exec, over exec; a zombie has closed its handles.
 */
#include "example.h"

#include <fcntl.h>

/* The program that the child executes: it knows the handle by its number. */
static int child_main(const char *handle)
{
	send_text((int)strtol(handle, NULL, 10), "sent over an inherited handle");
	return 7;
}

static void exec_child(int port)
{
	char handle[16];

	snprintf(handle, sizeof(handle), "%d", port);
	fcntl(port, F_SETFD, 0);
	execl("/proc/self/exe", "inherit", handle, (char *)NULL);
	perror("exec");
	exit(1);
}

static void show_exec(int port)
{
	struct ipcbox_message msg;
	char text[100];
	pid_t child = start(exec_child, port);
	ssize_t len = ipcbox_recv_msg(port, text, sizeof(text), NULL, &msg);

	must("receive", len);
	printf("message: %.*s\n", (int)len, text);
	printf("sender is the child: %s\n", msg.pid == child ? "yes" : "no");
	printf("exit status of the child: %d\n", finish(child));
}

static unsigned int count_handles(int port)
{
	struct ipcbox_stat stat;

	must("stat", ipcbox_port_stat(port, &stat));
	return stat.handles;
}

/* A handle of its own, which nobody closes but the end of the process. */
static void open_and_wait(int port)
{
	struct ipcbox_stat stat;
	char name[32], text[8];

	must("stat", ipcbox_port_stat(port, &stat));
	snprintf(name, sizeof(name), "@%llu", (unsigned long long)stat.id);
	recv_text(must("open", ipcbox_port_open(name, IPCBOX_RIGHT_RECV)),
		  text, sizeof(text));
}

static void show_zombie(int port)
{
	pid_t child = start(open_and_wait, port);
	siginfo_t info;

	until_waiting(port, 0, 1);
	printf("handles while the child runs: %u\n", count_handles(port));
	send_text(port, "end");
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	printf("handles while it is a zombie: %u\n", count_handles(port));
	printf("exit status of the zombie: %d\n", finish(child));
}

int main(int argc, char **argv)
{
	int port;

	if (argc == 2)
		return child_main(argv[1]);
	port = make_port(10);
	show_exec(port);
	show_zombie(port);
	return 0;
}
