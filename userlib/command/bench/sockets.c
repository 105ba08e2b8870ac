// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peers: sockets, of UNIX and over loopback.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

#define SOCKET_BYTES	(4 * (int)CHANNEL_BYTES)
#define ARRIVAL_MS	1000

/* Without the privilege, as far as the system's limit goes. */
static void socket_enlarge(int fd)
{
	int size = SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int pair_open(struct channel *channel, int type)
{
	int ends[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends))
		return -errno;
	channel->rx = ends[0];
	channel->tx = ends[1];
	socket_enlarge(channel->tx);
	socket_enlarge(channel->rx);
	return 0;
}

/*
 * Whether a message of that length goes through: the limit depends on too much.
 * What has gone over loopback may take a moment on a busy machine.
 */
static int socket_try(const struct channel *channel)
{
	struct pollfd arrival = { .fd = channel->rx, .events = POLLIN };
	char *data = calloc(1, channel->len ? channel->len : 1);
	int err = 0;

	if (!data)
		return -ENOMEM;
	if (send(channel->tx, data, channel->len, MSG_DONTWAIT) < 0 ||
	    poll(&arrival, 1, ARRIVAL_MS) < 0 ||
	    recv(channel->rx, data, channel->len, MSG_DONTWAIT) !=
	    (ssize_t)channel->len)
		err = errno == ENOBUFS || errno == EAGAIN ? -EMSGSIZE : -errno;
	free(data);
	return err;
}

static int unix_stream_open(struct channel *channel)
{
	return pair_open(channel, SOCK_STREAM);
}

static int unix_seqpacket_open(struct channel *channel)
{
	int err = pair_open(channel, SOCK_SEQPACKET);

	return err ? err : socket_try(channel);
}

static int unix_dgram_open(struct channel *channel)
{
	int err = pair_open(channel, SOCK_DGRAM);

	return err ? err : socket_try(channel);
}

const struct transport unix_stream_transport = {
	.name = "unix-stream", .group = "socket",
	.about = "a pair of UNIX stream sockets, buffers of 4 MiB if permitted",
	.max = SIZE_MAX, .min = 1,
	.open = unix_stream_open, .send = stream_send, .recv = stream_recv,
};

const struct transport unix_seqpacket_transport = {
	.name = "unix-seqpacket", .group = "socket",
	.about = "a pair of UNIX seqpacket sockets, buffers of 4 MiB if permitted",
	.many = true, .min = 1,
	.open = unix_seqpacket_open, .send = file_send, .recv = file_recv,
};

const struct transport unix_dgram_transport = {
	.name = "unix-dgram", .group = "socket",
	.about = "a pair of UNIX datagram sockets, buffers of 4 MiB if permitted",
	.many = true, .min = 1,
	.open = unix_dgram_open, .send = file_send, .recv = file_recv,
};

/* Loopback */

/* A socket on a port that the kernel chooses. Returns the descriptor. */
static int inet_bind(int type, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socket_enlarge(fd);
	if (!bind(fd, (struct sockaddr *)address, len) &&
	    !getsockname(fd, (struct sockaddr *)address, &len))
		return fd;
	close(fd);
	return -errno;
}

static int inet_connect(int fd, const struct sockaddr_in *address)
{
	return connect(fd, (const struct sockaddr *)address,
		       sizeof(*address)) ? -errno : 0;
}

static int tcp_connect(struct channel *channel, int listener,
		       const struct sockaddr_in *address)
{
	int yes = 1, err;

	channel->tx = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (channel->tx < 0 || listen(listener, 1))
		return -errno;
	socket_enlarge(channel->tx);
	setsockopt(channel->tx, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	err = inet_connect(channel->tx, address);
	if (err)
		return err;
	channel->rx = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return channel->rx < 0 ? -errno : 0;
}

static int tcp_open(struct channel *channel)
{
	struct sockaddr_in address;
	int listener = inet_bind(SOCK_STREAM, &address);
	int err;

	if (listener < 0)
		return listener;
	err = tcp_connect(channel, listener, &address);
	close(listener);
	return err;
}

const struct transport tcp_transport = {
	.name = "tcp", .group = "socket",
	.about = "TCP over loopback with TCP_NODELAY, buffers of 4 MiB if permitted",
	.max = SIZE_MAX, .min = 1,
	.open = tcp_open, .send = stream_send, .recv = stream_recv,
};

static int udp_open(struct channel *channel)
{
	struct sockaddr_in to, from;
	int err;

	channel->rx = inet_bind(SOCK_DGRAM, &to);
	if (channel->rx < 0)
		return channel->rx;
	channel->tx = inet_bind(SOCK_DGRAM, &from);
	if (channel->tx < 0)
		return channel->tx;
	err = inet_connect(channel->tx, &to);
	if (!err)
		err = inet_connect(channel->rx, &from);
	return err ? err : socket_try(channel);
}

/*
 * UDP drops what the receiver has no room for, so both sides count, and after so
 * many messages the sender waits for a sign that they have arrived. One of 64 KiB
 * takes up to twice as much of the buffer, which may be as small as 208 KiB.
 */
static bool udp_window_full(struct channel *channel)
{
	size_t window = 64 * KIB / (channel->len + KIB);

	return ++channel->count % (window ? window : 1) == 0;
}

static int udp_send(struct channel *channel, const void *data)
{
	char sign;
	int err = file_send(channel, data);

	if (err || !udp_window_full(channel))
		return err;
	return read(channel->tx, &sign, 1) == 1 ? 0 : -errno;
}

static int udp_recv(struct channel *channel, void *data)
{
	int err = file_recv(channel, data);

	if (err || !udp_window_full(channel))
		return err;
	return write(channel->rx, "", 1) == 1 ? 0 : -errno;
}

const struct transport udp_transport = {
	.name = "udp", .group = "socket",
	.about = "UDP over loopback; each 64 KiB are acknowledged, or else some get lost",
	.max = 65507, .min = 1,
	.open = udp_open, .send = udp_send, .recv = udp_recv,
};
