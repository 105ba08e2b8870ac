// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peers: ordinary and named pipes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport.h"

/* As large as permitted: more than 1 MiB, or than the user's share, is not. */
static void pipe_enlarge(int fd)
{
	size_t size = CHANNEL_BYTES;

	while (size >= 128 * KIB && fcntl(fd, F_SETPIPE_SZ, (int)size) < 0)
		size /= 2;
}

static int pipe_open(struct channel *channel)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	channel->rx = ends[0];
	channel->tx = ends[1];
	pipe_enlarge(channel->tx);
	return 0;
}

const struct transport pipe_transport = {
	.name = "pipe", .group = "stream",
	.about = "an ordinary pipe of 1 MiB, if that is permitted",
	.max = SIZE_MAX, .min = 1,
	.open = pipe_open, .send = stream_send, .recv = stream_recv,
};

/* The reader does not wait for the writer, who is the same process. */
static int fifo_open_ends(struct channel *channel, const char *path)
{
	channel->rx = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (channel->rx < 0)
		return -errno;
	channel->tx = open(path, O_WRONLY | O_CLOEXEC);
	if (channel->tx < 0 || fcntl(channel->rx, F_SETFL, 0))
		return -errno;
	pipe_enlarge(channel->tx);
	return 0;
}

static int fifo_open(struct channel *channel)
{
	char dir[] = "/tmp/ipcbox-bench-XXXXXX", path[64];
	int err;

	if (!mkdtemp(dir))
		return -errno;
	snprintf(path, sizeof(path), "%s/fifo", dir);
	err = mkfifo(path, 0600) ? -errno : fifo_open_ends(channel, path);
	unlink(path);
	rmdir(dir);
	return err;
}

const struct transport fifo_transport = {
	.name = "fifo", .group = "stream",
	.about = "a named pipe of 1 MiB, if that is permitted",
	.max = SIZE_MAX, .min = 1,
	.open = fifo_open, .send = stream_send, .recv = stream_recv,
};
