// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Descriptors in messages: a worker without any file of its own is sent one to
 * read and one to answer into; it has them when it has the message. And a server
 * opens a file for others, who get it with the reply.
 */
#ifndef _GNU_SOURCE	/* memfd_create(), pipe2() */
#define _GNU_SOURCE
#endif
#include "example.h"

#include <fcntl.h>
#include <sys/mman.h>

/* It has inherited nothing but the mailbox. */
static void worker(int port)
{
	struct ipcbox_message msg;
	char name[100], text[100];
	unsigned int count = 2;
	ssize_t len;
	int fds[2];

	len = must("receive", ipcbox_recv_fds(port, name, sizeof(name), fds,
					      &count, NULL, &msg));
	dprintf(fds[1], "%u descriptors came with \"%.*s\"\n", count, (int)len,
		name);
	len = must("pread", pread(fds[0], text, sizeof(text), 0));
	dprintf(fds[1], "the file says: %.*s\n", (int)len, text);
}

/* Opens what it is asked for, if that is harmless, for a caller who could not. */
static void opener(int port)
{
	struct ipcbox_message msg;
	char name[100] = "";
	int file;

	must("receive", ipcbox_recv_msg(port, name, sizeof(name) - 1, NULL,
					&msg));
	file = must("open", open(name, O_RDONLY | O_CLOEXEC));
	must("reply", ipcbox_reply_fds(port, msg.id, "here", 4, 0, &file, 1));
}

static void ask_for(const char *name)
{
	int port = make_port(1), file;
	struct ipcbox_passed passed = { .recv = &file, .recv_count = 1 };
	pid_t child = start(opener, port);
	char reply[16], text[16] = "";
	ssize_t len;

	len = must("call", ipcbox_call_fds(port, name, strlen(name), reply,
					   sizeof(reply), &passed, NULL, NULL));
	printf("the reply is \"%.*s\", with %u descriptor\n", (int)len, reply,
	       passed.recv_count);
	must("read", read(file, text, 5));
	printf("which reads: %s\n", text);
	close(file);
	finish(child);
}

/* A file in memory, which no path leads to. */
static int make_file(const char *text)
{
	int file = must("memfd", memfd_create("note", MFD_CLOEXEC));

	must("write", write(file, text, strlen(text)));
	return file;
}

int main(void)
{
	int port = make_port(1), answer[2], fds[2];
	pid_t child = start(worker, port);
	char text[200];
	ssize_t len;

	must("pipe", pipe2(answer, O_CLOEXEC));
	fds[0] = make_file("nobody else can open this");
	fds[1] = answer[1];
	must("send", ipcbox_send_fds(port, "a task", 6, fds, 2, NULL, NULL));
	/* The message, then the worker, keeps them open. */
	close(fds[0]);
	close(fds[1]);
	while ((len = read(answer[0], text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)len, stdout);
	printf("end of file: the worker has closed its end\n");
	finish(child);
	ask_for("/proc/sys/kernel/ostype");
	printf("a mailbox in a message: %s\n",
	       ipcbox_send_fds(port, "", 0, &port, 1, NULL, NULL) < 0 ?
	       "refused" : "sent");
	return 0;
}
