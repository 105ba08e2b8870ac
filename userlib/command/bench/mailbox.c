// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The transports of ipcbox that go through the queue of a port: mailboxes,
 * rendezvous, calls.
 */
#include <errno.h>
#include <unistd.h>

#include <ipcbox.h>

#include "transport.h"

static int port_open(struct channel *channel, uint64_t messages)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	int port;

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.rights = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV;
	attr.max_messages = messages;
	port = ipcbox_port_create(NULL, &attr);
	if (port < 0)
		return port;
	channel->tx = port;
	channel->rx = port;
	return 0;
}

static int mailbox_open(struct channel *channel)
{
	return port_open(channel, channel_messages(channel));
}

static int rendezvous_open(struct channel *channel)
{
	return port_open(channel, 0);
}

static int mailbox_send(struct channel *channel, const void *data)
{
	return ipcbox_send(channel->tx, data, channel->len);
}

static int mailbox_recv(struct channel *channel, void *data)
{
	struct ipcbox_message msg;
	ssize_t len = ipcbox_recv_msg(channel->rx, data, channel->len, NULL,
				      &msg);

	if (len < 0)
		return (int)len;
	return (size_t)len == channel->len ? 0 : -EPROTO;
}

const struct transport mailbox_transport = {
	.name = "mailbox", .group = "message",
	.about = "ipcbox: a mailbox of 64 messages, by read and write",
	.max = 16 * MIB, .many = true,
	.open = mailbox_open, .send = file_send, .recv = file_recv,
};

const struct transport mailbox_ioctl_transport = {
	.name = "mailbox-ioctl", .group = "message",
	.about = "ipcbox: likewise, by SEND and RECV, which tells the sender",
	.max = 16 * MIB, .many = true,
	.open = mailbox_open, .send = mailbox_send, .recv = mailbox_recv,
};

const struct transport rendezvous_transport = {
	.name = "rendezvous", .group = "message",
	.about = "ipcbox: a mailbox of capacity 0, by read and write",
	.max = 16 * MIB, .many = true,
	.open = rendezvous_open, .send = file_send, .recv = file_recv,
};

/* Calls */

static int call(struct channel *channel, const void *data, void *reply,
		size_t len)
{
	ssize_t n = ipcbox_call(channel->tx, data, channel->len, reply, len,
				NULL, NULL);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EPROTO;
}

/* A reply to the last request, if there is one, and the next, in one call. */
static int serve(struct channel *channel, const void *reply, size_t len,
		 void *data)
{
	struct ipcbox_response response = {
		.id = channel->reply, .data = reply, .len = len,
	};
	struct ipcbox_message msg;
	ssize_t n = ipcbox_reply_recv(channel->rx, &response, data,
				      channel->len, NULL, &msg);

	if (n < 0)
		return (int)n;
	channel->reply = msg.id;
	return (size_t)n == channel->len ? 0 : -EPROTO;
}

static int call_send(struct channel *channel, const void *data)
{
	return call(channel, data, NULL, 0);
}

static int call_recv(struct channel *channel, void *data)
{
	return serve(channel, NULL, 0, data);
}

static int call_ask(struct channel *pair, const void *data, void *reply)
{
	return call(&pair[0], data, reply, pair[0].len);
}

static int call_answer(struct channel *pair, const void *reply, void *data)
{
	return serve(&pair[0], reply, pair[0].len, data);
}

static int call_finish(struct channel *pair, const void *reply)
{
	uint64_t id = pair[0].reply;

	pair[0].reply = 0;
	if (!id)
		return 0;
	return ipcbox_reply(pair[0].rx, id, reply, reply ? pair[0].len : 0, 0);
}

const struct transport call_transport = {
	.name = "call", .group = "message",
	.about = "ipcbox: CALL, and REPLY that receives the next; one way: an empty reply",
	.max = 16 * MIB, .many = true,
	.open = rendezvous_open, .send = call_send, .recv = call_recv,
	.ask = call_ask, .answer = call_answer, .finish = call_finish,
};
