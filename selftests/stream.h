/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams: making pipes and named ones, and asking about them */
#ifndef IPCBOX_STREAM_H
#define IPCBOX_STREAM_H

#include <asm/ioctls.h>
#include <stdatomic.h>

#include "ipcbox_test.h"

#define ATOMIC	IPCBOX_STREAM_ATOMIC

/* The ends go to @ends as those of pipe(2). */
static inline int stream_pipe(int box, uint64_t flags, uint64_t max_bytes,
			      int ends[2])
{
	struct ipcbox_pipe arg = { .flags = flags, .max_bytes = max_bytes };
	int ret = sys_ioctl(box, IPCBOX_PIPE, &arg);

	ends[0] = ret ? -1 : arg.fds[0];
	ends[1] = ret ? -1 : arg.fds[1];
	return ret;
}

/* A stream of this name that the kernel owns; a handle without rights on it. */
static inline int stream_create(int box, const char *name)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.kind = IPCBOX_KIND_STREAM;
	attr.rights = 0;
	return port_create(box, &attr);
}

static inline int stream_open(int box, const char *name, uint32_t rights,
			      uint64_t flags)
{
	struct ipcbox_port_open arg = { .rights = rights, .flags = flags };

	name_copy(arg.name, name);
	return sys_ioctl(box, IPCBOX_PORT_OPEN, &arg);
}

/* What poll() says at this moment, of all that it can say. */
static inline int poll_now(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

static inline int bytes_there(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) ? -errno : n;
}

/* Signals that came, and did nothing else. */
static atomic_int pipes_broken;

static inline void pipe_broken(int sig)
{
	pipes_broken++;
}

static inline void pipe_catch(void)
{
	struct sigaction action = { .sa_handler = pipe_broken };

	sigaction(SIGPIPE, &action, NULL);
	pipes_broken = 0;
}

#endif /* IPCBOX_STREAM_H */
