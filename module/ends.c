// SPDX-License-Identifier: GPL-2.0-only
/* The ends of a port: counting them, waiting for the other one, shutting down */

#include <linux/errno.h>
#include <linux/lockdep.h>

#include "ends.h"
#include "port.h"

#define IPCBOX_RIGHTS_ENDS	(IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV)

void ipcbox_ends_init(struct ipcbox_port *port)
{
	struct ipcbox_queue *queue = &port->queue;

	init_waitqueue_head(&port->ends.opening);
	queue->stream = port->kind == IPCBOX_KIND_STREAM;
	queue->listener = port->kind == IPCBOX_KIND_LISTENER;
	queue->has_ends = queue->stream || queue->listener ||
			  port->kind == IPCBOX_KIND_CONNECTION;
	queue->broken = queue->has_ends;
	queue->ended = queue->has_ends && !queue->listener;
	if (!queue->stream)
		return;
	queue->turn.taken_in_turns = true;
	queue->turn.by_thread = true;
}

/* How many ends of the other kind have come, for one who opens one end. */
static const u64 *ipcbox_ends_partners(const struct ipcbox_port *port,
				       u32 rights)
{
	return rights & IPCBOX_RIGHT_RECV ? &port->ends.writers_came :
					    &port->ends.readers_came;
}

/**
 * ipcbox_ends_open_locked() - somebody is about to be attached
 * @port: stream
 * @rights: of the handle
 * @nonblock: does not want to wait
 * @partners: set to how many had come of the other kind, without those who
 *	are there: for ipcbox_ends_await()
 *
 * Return: 0, or -ENXIO for one who would write, and not wait, with no reader
 */
int ipcbox_ends_open_locked(struct ipcbox_port *port, u32 rights,
			    bool nonblock, u64 *partners)
{
	u32 ends = rights & IPCBOX_RIGHTS_ENDS;
	u32 there = ends & IPCBOX_RIGHT_RECV ? port->senders : port->receivers;

	lockdep_assert_held(&port->queue.lock);
	if (ends == IPCBOX_RIGHT_SEND && nonblock && !there)
		return -ENXIO;
	*partners = *ipcbox_ends_partners(port, rights) - !!there;
	/* Those who wait, and poll, look without the lock. */
	if (ends & IPCBOX_RIGHT_RECV)
		WRITE_ONCE(port->ends.readers_came,
			   port->ends.readers_came + 1);
	if (ends & IPCBOX_RIGHT_SEND)
		WRITE_ONCE(port->ends.writers_came,
			   port->ends.writers_came + 1);
	return 0;
}

/**
 * ipcbox_ends_await() - wait for the other end
 * @port: stream
 * @rights: of the caller's handle, which is attached
 * @partners: from ipcbox_ends_open_locked()
 *
 * Return: 0, -ERESTARTSYS, or -EIDRM if the port is deleted
 */
int ipcbox_ends_await(struct ipcbox_port *port, u32 rights, u64 partners)
{
	u32 ends = rights & IPCBOX_RIGHTS_ENDS;
	const u64 *came = ipcbox_ends_partners(port, rights);
	int ret;

	if (!ends || ends == IPCBOX_RIGHTS_ENDS)
		return 0;
	ret = wait_event_interruptible(port->ends.opening,
				       READ_ONCE(*came) != partners ||
				       ipcbox_port_gone(port));
	if (ret)
		return ret;
	return READ_ONCE(*came) != partners ? 0 : -EIDRM;
}

/**
 * ipcbox_ends_look_locked() - tell the queue which ends there are
 * @port: port that has ends
 * @dropped: see ipcbox_queue_set_ends_locked()
 * @wake: likewise
 *
 * Whoever comes to a listener sends one request, through no handle.
 */
void ipcbox_ends_look_locked(struct ipcbox_port *port, struct list_head *dropped,
			     struct ipcbox_wake *wake)
{
	u32 shut = port->ends.shut;
	bool readers = port->receivers && !(shut & IPCBOX_RIGHT_RECV);
	bool writers = port->queue.listener || (port->senders && !shut);

	lockdep_assert_held(&port->queue.lock);
	ipcbox_queue_set_ends_locked(&port->queue, readers, writers, dropped,
				     wake);
}

/* Without the lock: what nobody will read is not kept until all is closed. */
void ipcbox_ends_discard(struct ipcbox_port *port)
{
	if (port->kind == IPCBOX_KIND_CONNECTION &&
	    READ_ONCE(port->queue.broken))
		ipcbox_queue_discard(&port->queue);
}

/**
 * ipcbox_ends_shut() - end one direction of a connection, with its ends open
 * @port: of that direction
 * @rights: IPCBOX_RIGHT_RECV for no more reading, so no more writing neither;
 *	IPCBOX_RIGHT_SEND for no more writing
 *
 * Return: 0, or -EIDRM
 */
int ipcbox_ends_shut(struct ipcbox_port *port, u32 rights)
{
	struct ipcbox_queue *queue = &port->queue;
	struct ipcbox_wake wake = {};
	LIST_HEAD(dropped);
	int ret = 0;

	spin_lock(&queue->lock);
	if (queue->dead) {
		ret = -EIDRM;
	} else {
		port->ends.shut |= rights;
		ipcbox_ends_look_locked(port, &dropped, &wake);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	ipcbox_ends_discard(port);
	return ret;
}
