// SPDX-License-Identifier: GPL-2.0-only
/* Queues: sending, with or without a wait, and taking back what was sent */

#include <linux/spinlock.h>

#include "compat.h"
#include "message.h"
#include "pinned.h"
#include "queue.h"
#include "queue_parts.h"
#include "trace.h"

/*
 * A rendezvous without waiting hands the message to a receiver that waits. If
 * that one fails, the message is in line although the capacity is 0.
 */
static bool ipcbox_queue_sends_now(struct ipcbox_queue *queue,
				   const struct ipcbox_message *msg, bool nowait)
{
	lockdep_assert_held(&queue->lock);
	if (msg->pinned || msg->receipt)
		return false;
	if (list_empty(&queue->senders) && ipcbox_queue_fits(queue, msg->len))
		return true;
	return nowait && !queue->limits.max_messages &&
	       ipcbox_queue_has_taker(queue, msg);
}

/*
 * Recalls the message of a waiting sender. It is the sender's again, also out
 * of the hands of who holds it; unless a receiver is copying it, who then finds
 * it gone, and drops it.
 */
static void ipcbox_queue_recall(struct ipcbox_queue *queue,
				struct ipcbox_waiter *sender)
{
	struct ipcbox_message *msg = sender->msg;

	lockdep_assert_held(&queue->lock);
	trace_ipcbox_message_recalled(queue, msg);
	msg->sender = NULL;
	if (msg->state == IPCBOX_MESSAGE_QUEUED) {
		ipcbox_line_remove(&queue->line, msg);
	} else if (msg->state == IPCBOX_MESSAGE_HELD) {
		ipcbox_queue_end_take(queue, msg);
		msg->state = IPCBOX_MESSAGE_GONE;
	} else {
		msg->state = IPCBOX_MESSAGE_GONE;
		sender->msg = NULL;
	}
}

/**
 * ipcbox_queue_fail_sender_locked() - end a send or a call, which has failed
 * @queue: queue
 * @sender: who waits
 * @why: negative errno
 * @wake: who to wake
 */
void ipcbox_queue_fail_sender_locked(struct ipcbox_queue *queue,
				     struct ipcbox_waiter *sender, int why,
				     struct ipcbox_wake *wake)
{
	ipcbox_queue_recall(queue, sender);
	ipcbox_queue_sender_done(queue, sender, why, wake);
}

/* A sender gives up: 0 if its send has ended meanwhile, else why it failed. */
static int ipcbox_queue_cancel_send(struct ipcbox_queue *queue,
				    struct ipcbox_waiter *sender, int why)
{
	struct ipcbox_wake wake = {};

	spin_lock(&queue->lock);
	if (sender->result != IPCBOX_WAITING) {
		why = sender->result;
	} else {
		list_del(&sender->node);
		queue->counts.waiting_senders--;
		ipcbox_queue_recall(queue, sender);
		ipcbox_queue_admit_pending(queue, &wake);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	return why;
}

/* Publishes a pending message, drops the lock, and waits with it. */
static __always_inline int
ipcbox_queue_wait_sent(struct ipcbox_queue *queue, struct ipcbox_message *msg,
		       struct ipcbox_waiter *waiter,
		       const struct ipcbox_wait *wait)
	__releases(&queue->lock)
{
	struct ipcbox_wake wake = {};
	int ret;

	ipcbox_waiter_init(waiter, msg, NULL);
	msg->sender = waiter;
	list_add_tail(&waiter->node, msg->pinned || msg->call || msg->receipt ?
					     &queue->bound : &queue->senders);
	queue->counts.waiting_senders++;
	ipcbox_queue_publish(queue, msg, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);

	ret = ipcbox_waiter_sleep(waiter, wait);
	ret = ret ? ipcbox_queue_cancel_send(queue, waiter, ret) :
		    waiter->result;
	if (ret && waiter->msg)
		ipcbox_message_put(waiter->msg, &queue->spare);
	return ret;
}

/* Out of line, so that sends which do not wait need no room for a waiter. */
static noinline int ipcbox_queue_send_pending(struct ipcbox_queue *queue,
					      struct ipcbox_message *msg,
					      const struct ipcbox_wait *wait)
	__releases(&queue->lock)
{
	struct ipcbox_waiter waiter __uninitialized;
	int ret;

	if (!msg->pinned)
		return ipcbox_queue_wait_sent(queue, msg, &waiter, wait);
	ipcbox_message_get(msg);
	ret = ipcbox_queue_wait_sent(queue, msg, &waiter, wait);
	ipcbox_pinned_revoke(msg->pinned);
	ipcbox_message_put(msg, &queue->spare);
	return ret;
}

static int ipcbox_queue_send_check(const struct ipcbox_queue *queue,
				   const struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	if (queue->dead)
		return -EIDRM;
	if (unlikely(queue->has_ends)) {
		if (queue->broken || (queue->ended && !queue->listener))
			return -EPIPE;
		if (queue->stream && !msg->len)
			return -EINVAL;
	}
	if (msg->len > queue->limits.max_msgsize)
		return -EMSGSIZE;
	return 0;
}

/* The bytes are in another message. */
static int ipcbox_queue_merged(struct ipcbox_queue *queue,
			       struct ipcbox_message *msg,
			       struct ipcbox_wake *wake)
	__releases(&queue->lock)
{
	ipcbox_queue_unlock_and_wake(queue, wake);
	ipcbox_message_put(msg, &queue->spare);
	return 0;
}

/**
 * ipcbox_queue_send() - send a message
 * @queue: queue
 * @msg: new message; belongs to the queue from now on, whatever the result
 * @wait: whether and how long to wait for capacity or, without any, for a
 *	receiver
 *
 * Return: 0, or with nothing sent: -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EIDRM,
 * -EMSGSIZE; with ends also -EPIPE, and on a stream -EINVAL for nothing
 */
int ipcbox_queue_send(struct ipcbox_queue *queue, struct ipcbox_message *msg,
		      const struct ipcbox_wait *wait)
{
	struct ipcbox_wake wake = {};
	int ret;

	spin_lock(&queue->lock);
	ret = ipcbox_queue_send_check(queue, msg);
	if (ret)
		goto fail;
	msg->seq = queue->line.next_seq++;
	if (ipcbox_queue_sends_now(queue, msg, wait->nowait)) {
		if (queue->stream && ipcbox_queue_merge(queue, msg, &wake))
			return ipcbox_queue_merged(queue, msg, &wake);
		ipcbox_queue_admit(queue, msg);
		ipcbox_queue_publish(queue, msg, &wake);
		ipcbox_queue_unlock_and_wake(queue, &wake);
		return 0;
	}
	if (!wait->nowait)
		return ipcbox_queue_send_pending(queue, msg, wait);
	ret = -EAGAIN;
fail:
	spin_unlock(&queue->lock);
	ipcbox_message_put(msg, &queue->spare);
	return ret;
}

/**
 * ipcbox_queue_adopt() - take over a message from another queue
 * @queue: queue
 * @msg: message from ipcbox_queue_give_up_locked(); belongs to this queue from now
 *	on
 *
 * It is admitted whatever the limits. To a dead queue it comes as if that had
 * died a moment later.
 */
void ipcbox_queue_adopt(struct ipcbox_queue *queue, struct ipcbox_message *msg)
{
	struct ipcbox_wake wake = {};
	bool dead;

	spin_lock(&queue->lock);
	dead = queue->dead;
	if (!dead) {
		msg->seq = queue->line.next_seq++;
		ipcbox_queue_admit(queue, msg);
		ipcbox_queue_publish(queue, msg, &wake);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	if (dead)
		ipcbox_message_put(msg, &queue->spare);
}

/*
 * A call that does not want to wait in line is handed to a receiver that waits. A
 * request to connect may wait for the next receiver, if there are not too many.
 */
static bool ipcbox_queue_calls_now(struct ipcbox_queue *queue,
				   const struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	return ipcbox_queue_has_taker(queue, msg) ||
	       (queue->listener &&
		queue->line.messages < queue->limits.max_messages);
}

/**
 * ipcbox_queue_call() - send a message and wait for the reply
 * @queue: queue
 * @msg: new message with msg->call set; the caller keeps a reference of its
 *	own, and revokes a pinned payload
 * @waiter: becomes msg->sender; whoever answers ends it
 * @wait: how long to wait; with wait->nowait the message goes to a receiver
 *	that waits for it now, or is a request for which there is room, or goes
 *	nowhere
 *
 * Return: 0, or without a reply: -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EIDRM,
 * -EOWNERDEAD, -EMSGSIZE, -EPIPE
 */
int ipcbox_queue_call(struct ipcbox_queue *queue, struct ipcbox_message *msg,
		      struct ipcbox_waiter *waiter,
		      const struct ipcbox_wait *wait)
{
	int ret;

	spin_lock(&queue->lock);
	ret = ipcbox_queue_send_check(queue, msg);
	if (!ret && wait->nowait && !ipcbox_queue_calls_now(queue, msg))
		ret = -EAGAIN;
	if (ret) {
		spin_unlock(&queue->lock);
		ipcbox_message_put(msg, &queue->spare);
		return ret;
	}
	msg->seq = queue->line.next_seq++;
	return ipcbox_queue_wait_sent(queue, msg, waiter, wait);
}

/**
 * ipcbox_queue_fail_calls_locked() - end all calls that nobody has received yet
 * @queue: queue
 * @why: negative errno
 * @wake: who to wake
 */
void ipcbox_queue_fail_calls_locked(struct ipcbox_queue *queue, int why,
				    struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *sender, *next;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry_safe(sender, next, &queue->bound, node)
		if (sender->msg && sender->msg->call &&
		    sender->msg->state == IPCBOX_MESSAGE_QUEUED)
			ipcbox_queue_fail_sender_locked(queue, sender, why, wake);
}

/* Room, for who sends to several queues at once */

/* Would a message of this length be admitted? */
bool ipcbox_queue_has_room(struct ipcbox_queue *queue, size_t len)
{
	bool room;

	spin_lock(&queue->lock);
	room = list_empty(&queue->senders) && ipcbox_queue_fits(queue, len);
	spin_unlock(&queue->lock);
	return room;
}

/**
 * ipcbox_queue_make_room() - drop messages until another one fits
 * @queue: queue, where nobody waits to send
 * @len: length of the message
 *
 * Those of the lowest priority go first, the oldest of them before the others.
 * What receivers are copying stays, so there may still be no room.
 *
 * Return: how many were dropped
 */
u64 ipcbox_queue_make_room(struct ipcbox_queue *queue, size_t len)
{
	struct ipcbox_message *msg;
	LIST_HEAD(dropped);
	u64 n = 0;

	spin_lock(&queue->lock);
	while (!ipcbox_queue_fits(queue, len)) {
		msg = ipcbox_line_least(&queue->line);
		if (!msg)
			break;
		ipcbox_line_remove(&queue->line, msg);
		list_add_tail(&msg->node, &dropped);
		queue->admitted--;
		queue->admitted_bytes -= msg->len;
		n++;
	}
	spin_unlock(&queue->lock);
	ipcbox_queue_free_dropped(queue, &dropped);
	return n;
}
