/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transport: a way to get a message from one process to another. Each is a row
 * that its family's file defines and transports.c lists; the workers know no more
 * of it than what is here.
 */
#ifndef IPCBOX_BENCH_TRANSPORT_H
#define IPCBOX_BENCH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KIB	1024UL
#define MIB	(1024UL * KIB)

/* In front of each payload, for what some interfaces want there. */
#define HEADROOM	64

/* What a channel may hold at once, where that can be chosen. */
#define CHANNEL_BYTES	MIB
#define CHANNEL_MESSAGES	64

struct transport;

/**
 * struct channel - one direction, from those who send to those who receive
 * @transport: of which transport
 * @len: length of each message
 * @tx: to send on: a descriptor, or an id
 * @rx: to receive from
 * @shared: memory that both sides see, of what @transport->shared says; zero at
 *	first
 * @count: messages that this side has sent or received; for the transport's use
 * @reply: id of the request that this side still has to answer; likewise
 *
 * It is made before the workers are forked, so each of them has its own copy.
 */
struct channel {
	const struct transport *transport;
	size_t len;
	int tx;
	int rx;
	void *shared;
	uint64_t count;
	uint64_t reply;
};

/**
 * struct transport - a way to get a message from one process to another
 * @name: as the user types it
 * @group: what it is: "message", "stream", "socket" or "memory"
 * @about: what is measured, and with which settings
 * @max: longest message, 0 if only trying tells
 * @min: shortest
 * @many: several may send on one channel, and several receive
 * @shared: size of the memory that a channel of this length needs; NULL for none
 * @open: make both ends; -EMSGSIZE if no message of that length will go through
 * @attach: in a worker's process: begin to receive (first), or to send; or NULL
 * @send: send a message of @len bytes, waiting for room
 * @recv: receive one, waiting for it
 * @ask: instead of these, in a round trip: send over the first channel, and receive
 *	over the second
 * @answer: and the other side of it: answer the last request, if there is one, and
 *	receive the next
 * @finish: answer the last request; also after @recv, if that leaves one
 * @close: free what @open has made; NULL if close(2) does
 *
 * All but @shared and @close return 0 or a negative errno.
 */
struct transport {
	const char *name;
	const char *group;
	const char *about;
	size_t max;
	size_t min;
	bool many;
	size_t (*shared)(size_t len);
	int (*open)(struct channel *channel);
	int (*attach)(struct channel *channel, bool receive);
	int (*send)(struct channel *channel, const void *data);
	int (*recv)(struct channel *channel, void *data);
	int (*ask)(struct channel *pair, const void *data, void *reply);
	int (*answer)(struct channel *pair, const void *reply, void *data);
	int (*finish)(struct channel *pair, const void *reply);
	void (*close)(struct channel *channel);
};

/* transports.c */
extern const struct transport *const transports[];
extern const size_t transports_nr;
int channel_open(struct channel *channel, const struct transport *transport,
		 size_t len);
void channel_close(struct channel *channel);

/* files.c: whole messages over anything with read(2) and write(2) */
int file_send(struct channel *channel, const void *data);
int file_recv(struct channel *channel, void *data);
int stream_send(struct channel *channel, const void *data);
int stream_recv(struct channel *channel, void *data);

/* How many messages may wait in a channel. */
static inline size_t channel_messages(const struct channel *channel)
{
	size_t messages = 4 * CHANNEL_BYTES / (channel->len ? channel->len : 1);

	if (messages > CHANNEL_MESSAGES)
		return CHANNEL_MESSAGES;
	return messages < 2 ? 2 : messages;
}

extern const struct transport mailbox_transport;
extern const struct transport mailbox_ioctl_transport;
extern const struct transport rendezvous_transport;
extern const struct transport call_transport;
extern const struct transport stream_transport;
extern const struct transport connection_transport;
extern const struct transport direct_transport;
extern const struct transport pipe_transport;
extern const struct transport fifo_transport;
extern const struct transport unix_stream_transport;
extern const struct transport unix_seqpacket_transport;
extern const struct transport unix_dgram_transport;
extern const struct transport mq_transport;
extern const struct transport sysv_transport;
extern const struct transport eventfd_transport;
extern const struct transport futex_transport;
extern const struct transport foreign_transport;
extern const struct transport tcp_transport;
extern const struct transport udp_transport;

#endif /* IPCBOX_BENCH_TRANSPORT_H */
