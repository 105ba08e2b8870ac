// SPDX-License-Identifier: GPL-2.0-only
/* Queues: what is different where the messages are the bytes of a stream */

#include <linux/bug.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "message.h"
#include "queue.h"
#include "queue_parts.h"

/* Sending */

/* The same sender wrote both, and there is room in the object of the first. */
static bool ipcbox_message_merges(const struct ipcbox_message *last,
				  const struct ipcbox_message *msg)
{
	return last->data == last->inline_data && !last->sender &&
	       last->len + msg->len <= IPCBOX_MESSAGE_INLINE &&
	       last->user == msg->user && last->sender_tid == msg->sender_tid &&
	       uid_eq(last->sender_uid, msg->sender_uid) &&
	       gid_eq(last->sender_gid, msg->sender_gid);
}

/**
 * ipcbox_queue_merge() - append a small message to the last one in line
 * @queue: queue of a stream, with room for the message
 * @msg: new message; if it is merged, empty and still the caller's
 * @wake: who to wake
 *
 * So a byte does not cost a message. Nobody reads the last one: it is in line.
 *
 * Return: whether it was merged
 */
bool ipcbox_queue_merge(struct ipcbox_queue *queue, struct ipcbox_message *msg,
			struct ipcbox_wake *wake)
{
	struct ipcbox_message *last = ipcbox_line_last(&queue->line);

	lockdep_assert_held(&queue->lock);
	if (!last || !ipcbox_message_merges(last, msg))
		return false;
	memcpy(last->inline_data + last->len, msg->data, msg->len);
	last->len += msg->len;
	queue->line.bytes += msg->len;
	queue->admitted_bytes += msg->len;
	queue->counts.sent_bytes += msg->len;
	/* What the bytes were charged for goes with them. */
	msg->len = 0;
	ipcbox_wake_poll(wake, queue, EPOLLIN | EPOLLRDNORM);
	return true;
}

/* Receiving */

static struct ipcbox_message *ipcbox_queue_take_next(struct ipcbox_queue *queue)
{
	struct ipcbox_message *msg = ipcbox_line_first(&queue->line, 0);

	if (msg)
		ipcbox_queue_take_first(queue, msg);
	return msg;
}

/**
 * ipcbox_queue_advance() - bytes of a message have been read
 * @queue: queue of a stream
 * @msg: message from ipcbox_queue_take(); given up
 * @n: how many bytes; 0 gives it back as it was
 * @next: set to the next message, taken in the same turn, if @msg is drained
 *	and there is one, else to NULL; or NULL
 *
 * Return: true, or false if the sender has recalled the message meanwhile, so
 * that the bytes are none of the stream
 */
bool ipcbox_queue_advance(struct ipcbox_queue *queue,
			  struct ipcbox_message *msg, size_t n,
			  struct ipcbox_message **next)
{
	struct ipcbox_wake wake = {};
	bool sent, done = true;

	if (next)
		*next = NULL;
	spin_lock(&queue->lock);
	sent = msg->state != IPCBOX_MESSAGE_GONE;
	if (sent && n < ipcbox_message_rest(msg)) {
		/*
		 * Whatever is first has been sent, and cannot be recalled: any
		 * message fits once those before it have been read.
		 */
		WARN_ON_ONCE(msg->sender);
		msg->read += n;
		done = !ipcbox_queue_give_back_locked(queue, msg, &wake);
	} else {
		ipcbox_queue_settle_locked(queue, msg, &wake);
		if (next && !queue->dead)
			*next = ipcbox_queue_take_next(queue);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	if (done)
		ipcbox_message_put(msg, &queue->spare);
	return sent;
}
