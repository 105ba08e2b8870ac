// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues that have ends: what happens when nobody reads, or nobody writes
 *
 * Those are the queues of streams, which are opened and closed as FIFOs are; those
 * of connections, which have one end of each kind, that may be shut down before
 * it is closed; and those of listeners, which nobody has open to write.
 */

#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include "message.h"
#include "queue.h"
#include "queue_parts.h"

/**
 * ipcbox_queue_end_receivers() - no more comes for those who wait
 * @queue: queue
 * @why: what they get
 * @wake: who to wake
 *
 * Who only hears is none of them: events may come yet.
 */
void ipcbox_queue_end_receivers(struct ipcbox_queue *queue, int why,
				struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *receiver, *next;
	struct rb_node *node;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry_safe(receiver, next, &queue->receivers, node)
		ipcbox_queue_receiver_done(queue, receiver, why, wake);
	while ((node = rb_first(&queue->selective)))
		ipcbox_queue_receiver_done(queue, ipcbox_receiver_of(node), why,
					   wake);
}

static void ipcbox_queue_break_senders(struct ipcbox_queue *queue,
				       struct list_head *senders,
				       struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *sender, *next;

	list_for_each_entry_safe(sender, next, senders, node)
		if (!sender->msg->call)
			ipcbox_queue_fail_sender_locked(queue, sender, -EPIPE,
							wake);
}

/* A request that somebody has received can be answered nevertheless. */
static void ipcbox_queue_break(struct ipcbox_queue *queue,
			       struct ipcbox_wake *wake)
{
	ipcbox_queue_break_senders(queue, &queue->senders, wake);
	ipcbox_queue_break_senders(queue, &queue->bound, wake);
	ipcbox_queue_fail_calls_locked(queue, -EOWNERDEAD, wake);
	wake->poll |= EPOLLERR | EPOLLOUT | EPOLLWRNORM;
	wake->poll_all = true;
}

static void ipcbox_queue_drop_all(struct ipcbox_queue *queue,
				  struct list_head *dropped)
{
	struct ipcbox_message *msg;

	while ((msg = ipcbox_line_first(&queue->line, 0))) {
		ipcbox_line_remove(&queue->line, msg);
		list_add_tail(&msg->node, dropped);
		queue->admitted--;
		queue->admitted_bytes -= msg->len;
	}
}

/**
 * ipcbox_queue_set_ends_locked() - which ends are there now
 * @queue: queue
 * @readers: somebody may read
 * @writers: somebody may write
 * @dropped: gets what goes with the last end of a stream, for
 *	ipcbox_queue_free_dropped()
 * @wake: who to wake
 */
void ipcbox_queue_set_ends_locked(struct ipcbox_queue *queue, bool readers,
				  bool writers, struct list_head *dropped,
				  struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	if (!readers && !queue->broken)
		ipcbox_queue_break(queue, wake);
	if (!writers && !queue->ended) {
		wake->poll |= EPOLLHUP | EPOLLIN | EPOLLRDNORM;
		wake->poll_all = true;
	}
	/* Writers look without the lock first. */
	WRITE_ONCE(queue->broken, !readers);
	queue->ended = !writers;
	if (queue->stream && !readers && !writers)
		ipcbox_queue_drop_all(queue, dropped);
	if (!writers && !queue->stream)
		ipcbox_queue_end_receivers(queue, -ENODATA, wake);
}

/* Without the lock. */
void ipcbox_queue_free_dropped(struct ipcbox_queue *queue,
			       struct list_head *dropped)
{
	struct ipcbox_message *msg, *next;

	list_for_each_entry_safe(msg, next, dropped, node) {
		list_del_init(&msg->node);
		ipcbox_message_put(msg, &queue->spare);
	}
}
