/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors in messages: sending them along, receiving them, seeing them go */
#ifndef IPCBOX_PASSING_H
#define IPCBOX_PASSING_H

#include <dirent.h>

#include "expect.h"

#define FD_BYTES	256	/* charged for each, see the header */

static inline struct ipcbox_send send_with(const char *text, const int *fds,
					   uint32_t nr)
{
	return (struct ipcbox_send){
		.data = (uintptr_t)text,
		.len = strlen(text),
		.fds = (uintptr_t)fds,
		.nr_fds = nr,
	};
}

static inline int send_fds(int port, const char *text, const int *fds,
			   uint32_t nr)
{
	struct ipcbox_send send = send_with(text, fds, nr);

	return sys_ioctl(port, IPCBOX_SEND, &send);
}

static inline int send_fd(int port, const char *text, int fd)
{
	return send_fds(port, text, &fd, 1);
}

/* Of at most 63 bytes, which go to text; what is told of it, to recv. */
static inline int recv_fds(int port, char *text, struct ipcbox_recv *recv,
			   int *fds, uint32_t size, uint64_t flags)
{
	*recv = (struct ipcbox_recv){
		.fds = (uintptr_t)fds,
		.fds_size = size,
		.deadline = in_ns(10 * SEC),
	};
	memset(text, 0, 64);
	return msg_recv(port, text, 63, flags, recv);
}

/* A descriptor, or -errno; closed on exec, as all that arrive. */
static inline int recv_fd(int port, uint64_t flags)
{
	struct ipcbox_recv recv;
	char text[64];
	int fd = -1;
	int ret = recv_fds(port, text, &recv, &fd, 1, flags);

	if (ret)
		return ret;
	return recv.nr_fds == 1 ? fd : -ENODATA;
}

/* How many descriptors this process has open. */
static inline int open_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The number that the next one gets: those that are reserved are not free. */
static inline int lowest_free(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

/* Is a file open that has such a pipe's other end, anywhere? */
static inline bool still_open(int pipe)
{
	struct pollfd pollfd = { .fd = pipe };

	return !poll(&pollfd, 1, 0);
}

/* Waits until none is; false after ten seconds. */
static inline bool wait_until_closed(int pipe)
{
	struct pollfd pollfd = { .fd = pipe };

	return poll(&pollfd, 1, 10000) == 1 && pollfd.revents & POLLHUP;
}

/* No descriptor of the pipe is left anywhere, nor any other new one here. */
#define EXPECT_ALL_CLOSED(self) do {					\
	EXPECT_TRUE(wait_until_closed((self)->reader));			\
	EXPECT_EQ((self)->open_before, open_count());			\
	EXPECT_NOTHING_CHARGED(self);					\
} while (0)

#endif /* IPCBOX_PASSING_H */
