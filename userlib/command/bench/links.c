// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The transports of ipcbox that are between two: connections, inboxes of
 * processes, and streams.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <ipcbox.h>

#include "transport.h"

/* Connections */

/**
 * struct meeting - a client and a server in two threads of one process
 * @name: of the listener
 * @end: the client's end, or a negative errno
 */
struct meeting {
	char name[32];
	int end;
};

static void *meeting_connect(void *arg)
{
	struct meeting *meeting = arg;

	meeting->end = ipcbox_connect(meeting->name, NULL, 0, NULL, 0, NULL,
				      NULL);
	return NULL;
}

static int meeting_accept(int listener, const struct channel *channel)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	struct ipcbox_message msg;
	ssize_t n = ipcbox_recv_msg(listener, NULL, 0, NULL, &msg);

	if (n < 0)
		return (int)n;
	attr.max_messages = channel_messages(channel);
	return ipcbox_accept(listener, msg.id, NULL, 0, &attr);
}

static int connection_meet(struct channel *channel, int listener)
{
	struct ipcbox_stat stat;
	struct meeting meeting;
	pthread_t client;
	int err = ipcbox_port_stat(listener, &stat);

	if (err)
		return err;
	snprintf(meeting.name, sizeof(meeting.name), "@%llu",
		 (unsigned long long)stat.id);
	err = pthread_create(&client, NULL, meeting_connect, &meeting);
	if (err)
		return -err;
	channel->rx = meeting_accept(listener, channel);
	pthread_join(client, NULL);
	channel->tx = meeting.end;
	if (channel->rx < 0)
		return channel->rx;
	return channel->tx < 0 ? channel->tx : 0;
}

static int connection_open(struct channel *channel)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	int listener, err;

	attr.kind = IPCBOX_KIND_LISTENER;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.rights = IPCBOX_RIGHT_RECV;
	listener = ipcbox_port_create(NULL, &attr);
	if (listener < 0)
		return listener;
	err = connection_meet(channel, listener);
	close(listener);
	return err;
}

const struct transport connection_transport = {
	.name = "connection", .group = "message",
	.about = "ipcbox: a connection of 64 messages, by read and write",
	.max = 16 * MIB,
	.open = connection_open, .send = file_send, .recv = file_recv,
};

/* Direct communication: the receiver's process is the address. */

static size_t direct_shared(size_t len)
{
	(void)len;
	return sizeof(pid_t);
}

static int direct_open(struct channel *channel)
{
	channel->tx = ipcbox_box_open();
	return channel->tx < 0 ? channel->tx : 0;
}

static int direct_attach(struct channel *channel, bool receive)
{
	pid_t *receiver = channel->shared;
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MESSAGES,
		.max_messages = channel_messages(channel),
	};

	if (!receive)
		return 0;
	*receiver = getpid();
	channel->rx = ipcbox_inbox();
	if (channel->rx < 0)
		return channel->rx;
	return ipcbox_port_set(channel->rx, &set);
}

static int direct_send(struct channel *channel, const void *data)
{
	const pid_t *receiver = channel->shared;

	return ipcbox_send_to(channel->tx, *receiver, data, channel->len, NULL,
			      NULL);
}

const struct transport direct_transport = {
	.name = "direct", .group = "message",
	.about = "ipcbox: SEND_TO a process, whose inbox of 64 messages is read",
	.max = 16 * MIB, .shared = direct_shared,
	.open = direct_open, .attach = direct_attach,
	.send = direct_send, .recv = file_recv,
};

/* Streams */

static int ipcbox_stream_open(struct channel *channel)
{
	int ends[2];
	int err = ipcbox_pipe(ends, IPCBOX_STREAM_BYTES_MAX, 0);

	if (err)
		return err;
	channel->rx = ends[0];
	channel->tx = ends[1];
	return 0;
}

const struct transport stream_transport = {
	.name = "stream", .group = "stream",
	.about = "ipcbox: a pipe of 1 MiB",
	.max = SIZE_MAX, .min = 1,
	.open = ipcbox_stream_open, .send = stream_send, .recv = stream_recv,
};
