/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Broadcasting: every receiver of a port gets every message
 *
 * Each handle that may receive is a subscriber, with a queue of its own, and
 * receives from that as from any other. A message is sent to all of them or to
 * none: under broadcast->lock each gets a copy, which has its own place and
 * shares the payload. So all see the same messages in the same order, from the
 * moment at which they have opened the port.
 *
 * The limits of the port are those of each subscriber. If one of them has no
 * room, the sender waits; or, on a lossy port, that one loses its oldest message
 * of the lowest priority. The queue of the port itself stays empty: it has the
 * limits, those who wait or poll for room, and it says whether the port is dead.
 *
 * A subscriber may be gone before the message is received, which is then as
 * good as received by it. Nobody may hold messages or answer them: who should?
 */
#ifndef _IPCBOX_BROADCAST_H
#define _IPCBOX_BROADCAST_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/types.h>

#include "queue.h"

struct ipcbox_message;
struct ipcbox_port;
struct ipcbox_stat;

/**
 * struct ipcbox_subscriber - a handle that receives
 * @node: in broadcast->subscribers; under broadcast->lock, like @lost
 * @lost: messages that it has lost
 * @queue: what it receives from
 */
struct ipcbox_subscriber {
	struct list_head node;
	u64 lost;
	struct ipcbox_queue queue;
};

/**
 * struct ipcbox_broadcast - the part of a port
 * @lock: guards the rest, and makes a send to all of them one step
 * @subscribers: struct ipcbox_subscriber
 * @received: by those that have gone
 * @received_bytes: likewise
 * @lost: likewise
 */
struct ipcbox_broadcast {
	struct mutex lock;		/* guards the rest */
	struct list_head subscribers;
	u64 received;
	u64 received_bytes;
	u64 lost;
};

void ipcbox_broadcast_init(struct ipcbox_broadcast *broadcast);
void ipcbox_broadcast_kill(struct ipcbox_port *port);
void ipcbox_broadcast_announce(struct ipcbox_port *port, u64 what);

struct ipcbox_subscriber *ipcbox_broadcast_join(struct ipcbox_port *port);
void ipcbox_broadcast_leave(struct ipcbox_port *port,
			    struct ipcbox_subscriber *subscriber);

int ipcbox_broadcast_send(struct ipcbox_port *port, struct ipcbox_message *msg,
			  const struct ipcbox_wait *wait);
__poll_t ipcbox_broadcast_poll(struct ipcbox_port *port, struct file *file,
			       poll_table *table);
void ipcbox_broadcast_set_limits(struct ipcbox_port *port,
				 const struct ipcbox_limits *limits);
void ipcbox_broadcast_stat_locked(struct ipcbox_port *port,
				  struct ipcbox_subscriber *own,
				  struct ipcbox_stat *stat);

#endif /* _IPCBOX_BROADCAST_H */
