// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whole messages over anything with read(2) and write(2): those that keep their
 * boundaries, and those that do not.
 */
#include <errno.h>
#include <unistd.h>

#include "transport.h"

/* A message goes and comes in one piece, or something is wrong. */
static int whole(ssize_t n, size_t len)
{
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EPROTO;
}

int file_send(struct channel *channel, const void *data)
{
	return whole(write(channel->tx, data, channel->len), channel->len);
}

int file_recv(struct channel *channel, void *data)
{
	return whole(read(channel->rx, data, channel->len), channel->len);
}

int stream_send(struct channel *channel, const void *data)
{
	const char *from = data;
	size_t left;
	ssize_t n;

	for (left = channel->len; left; left -= (size_t)n, from += n) {
		n = write(channel->tx, from, left);
		if (n < 0)
			return -errno;
	}
	return 0;
}

int stream_recv(struct channel *channel, void *data)
{
	char *to = data;
	size_t left;
	ssize_t n;

	for (left = channel->len; left; left -= (size_t)n, to += n) {
		n = read(channel->rx, to, left);
		if (n <= 0)
			return n ? -errno : -EPIPE;
	}
	return 0;
}
