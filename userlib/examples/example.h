/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the examples share: an error ends the program, children are started and
 * waited for, and a program can see that another one waits in a call.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <ipcbox.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The value of a call that cannot fail here. */
static inline int must(const char *what, long result)
{
	if (result >= 0)
		return (int)result;
	fprintf(stderr, "%s: %s\n", what, ipcbox_strerror((int)result));
	exit(1);
}

/* A port without a name, for a program and its children, gone with them. */
static inline int make_port(uint64_t capacity)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = capacity;
	return must("create", ipcbox_port_create(NULL, &attr));
}

static inline void send_text(int port, const char *text)
{
	must("send", ipcbox_send(port, text, strlen(text)));
}

/* Receive into a buffer of this size, as a string. */
static inline const char *recv_text(int port, char *text, size_t size)
{
	text[must("receive", ipcbox_recv(port, text, size - 1))] = '\0';
	return text;
}

/* Run a function in a child process. What the parent printed, it has printed. */
static inline pid_t start(void (*function)(int port), int port)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (!pid) {
		function(port);
		exit(0);
	}
	return pid;
}

/* The exit status of a child. */
static inline int finish(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) < 0)
		perror("waitpid");
	return WEXITSTATUS(status);
}

/* Return when so many threads wait in a send and in a receive. */
static inline void until_waiting(int port, unsigned int senders,
				 unsigned int receivers)
{
	struct ipcbox_stat stat;

	do {
		usleep(1000);
		must("stat", ipcbox_port_stat(port, &stat));
	} while (stat.waiting_senders != senders ||
		 stat.waiting_receivers != receivers);
}

#endif /* EXAMPLE_H */
