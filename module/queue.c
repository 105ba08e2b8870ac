// SPDX-License-Identifier: GPL-2.0-only
/* Queues: capacity, the hand-off between the two sides, beginning and end */

#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "fds.h"
#include "holder.h"
#include "loan.h"
#include "message.h"
#include "news.h"
#include "queue.h"
#include "queue_parts.h"
#include "trace.h"

/* Waking */

/* For ipcbox_queue_unlock_and_wake(): somebody polls. */
void ipcbox_queue_wake_poll(struct ipcbox_queue *queue,
			    const struct ipcbox_wake *wake)
{
	__wake_up(&queue->poll, TASK_INTERRUPTIBLE, wake->poll_all ? 0 : 1,
		  poll_to_key(wake->poll));
	if (queue->upstream && wake->poll & EPOLLOUT)
		wake_up_interruptible_poll(&queue->upstream->poll,
					   EPOLLOUT | EPOLLWRNORM);
}

/* Capacity */

/* In the order of waiting; nobody passes one whose message is too long yet. */
void ipcbox_queue_admit_pending(struct ipcbox_queue *queue,
				struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *sender, *next;

	list_for_each_entry_safe(sender, next, &queue->senders, node) {
		if (!ipcbox_queue_fits(queue, sender->msg->len))
			return;
		ipcbox_queue_admit(queue, sender->msg);
		ipcbox_queue_sender_done(queue, sender, 0, wake);
	}
	ipcbox_wake_poll(wake, queue, EPOLLOUT | EPOLLWRNORM);
}

/* Hand-off */

bool ipcbox_queue_has_taker(struct ipcbox_queue *queue,
			    const struct ipcbox_message *msg)
{
	struct ipcbox_waiter *receiver;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry(receiver, &queue->receivers, node)
		if (ipcbox_queue_concerns(queue, receiver, msg) &&
		    ipcbox_filter_takes(receiver->filter, msg))
			return true;
	receiver = NULL;
	while ((receiver = ipcbox_receivers_of_type(queue, msg, receiver)))
		if (ipcbox_filter_takes(receiver->filter, msg))
			return true;
	return false;
}

/* A receiver gets to see the message but not to take it: it looks again, … */
void ipcbox_queue_turn_away(struct ipcbox_queue *queue,
			    struct ipcbox_waiter *receiver,
			    const struct ipcbox_message *msg,
			    struct ipcbox_wake *wake)
{
	/* … or returns EMSGSIZE. */
	bool too_long = msg->len > receiver->filter->room;

	receiver->needed = msg->len;
	ipcbox_queue_receiver_done(queue, receiver, too_long ? -EMSGSIZE : 0,
				   wake);
}

/* The message is taken, and the receiver's. */
void ipcbox_queue_give(struct ipcbox_queue *queue,
		       struct ipcbox_waiter *receiver,
		       struct ipcbox_message *msg, struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	queue->counts.taken++;
	receiver->msg = msg;
	trace_ipcbox_message_handed(queue, msg);
	ipcbox_queue_receiver_done(queue, receiver, 0, wake);
}

/* The longest-waiting receiver that sees the message, or NULL. */
static struct ipcbox_waiter *
ipcbox_queue_next_receiver(struct ipcbox_queue *queue,
			   const struct ipcbox_message *msg)
{
	struct ipcbox_waiter *receiver, *first = NULL;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry(receiver, &queue->receivers, node) {
		if (ipcbox_queue_concerns(queue, receiver, msg)) {
			first = receiver;
			break;
		}
	}
	if (RB_EMPTY_ROOT(&queue->selective))
		return first;
	receiver = ipcbox_receivers_of_type(queue, msg, NULL);
	return !first || (receiver && receiver->seq < first->seq) ? receiver :
								    first;
}

/*
 * Gives a message to the longest-waiting receiver that takes it. Those before
 * it that accept the message but only peek, or have too short a buffer, end
 * their wait without it.
 */
static bool ipcbox_queue_hand_off(struct ipcbox_queue *queue,
				  struct ipcbox_message *msg,
				  struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *receiver;

	while ((receiver = ipcbox_queue_next_receiver(queue, msg))) {
		if (!ipcbox_filter_takes(receiver->filter, msg)) {
			ipcbox_queue_turn_away(queue, receiver, msg, wake);
			continue;
		}
		if (msg->state == IPCBOX_MESSAGE_NEW)
			ipcbox_line_bookmark(&queue->line, msg);
		msg->state = IPCBOX_MESSAGE_TAKEN;
		ipcbox_queue_give(queue, receiver, msg, wake);
		return true;
	}
	return false;
}

/* From here on the message can be received. */
void ipcbox_queue_publish(struct ipcbox_queue *queue,
			  struct ipcbox_message *msg, struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	if (queue->counts.waiting_receivers &&
	    ipcbox_queue_hand_off(queue, msg, wake))
		return;
	ipcbox_line_insert(&queue->line, msg);
	trace_ipcbox_message_queued(queue, msg);
	ipcbox_wake_poll(wake, queue, EPOLLIN | EPOLLRDNORM);
}

/* Out of the hands of who holds it. */
void ipcbox_queue_end_hold(struct ipcbox_queue *queue,
			   struct ipcbox_message *msg)
{
	struct ipcbox_holder *holder = msg->holder;

	lockdep_assert_held(&queue->lock);
	queue->counts.held--;
	rb_erase(&msg->tree, &holder->held);
	if (!RB_EMPTY_NODE(&msg->expiry.node))
		timerqueue_del(holder->leases, &msg->expiry);
	if (msg->call && msg->loan)
		ipcbox_loan_end(msg->loan);
	else if (msg->expired)
		ipcbox_event_free(msg->expired);
	msg->expired = NULL;
	msg->holder = NULL;
}

/* For good: a bookmark that is still in line goes. */
void ipcbox_queue_end_take(struct ipcbox_queue *queue,
			   struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	if (msg->state == IPCBOX_MESSAGE_HELD)
		ipcbox_queue_end_hold(queue, msg);
	else
		queue->counts.taken--;
	if (!list_empty(&msg->node))
		ipcbox_line_unlink(&queue->line, msg);
}

/* Polling */

/* Does somebody wait for a message, of whatever type, to take it away? */
static bool ipcbox_queue_has_receiver(const struct ipcbox_queue *queue)
{
	const struct ipcbox_waiter *waiter;
	struct rb_node *node;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry(waiter, &queue->receivers, node)
		if (!waiter->filter->peek &&
		    ipcbox_turn_is_of(&queue->turn, waiter->task))
			return true;
	for (node = rb_first(&queue->selective); node; node = rb_next(node))
		if (!ipcbox_receiver_of(node)->filter->peek)
			return true;
	return false;
}

/* Writable means that a message of any allowed length would be admitted. */
static bool ipcbox_queue_writable(const struct ipcbox_queue *queue)
{
	const struct ipcbox_limits *limits = &queue->limits;

	lockdep_assert_held(&queue->lock);
	if (!limits->max_messages)
		return ipcbox_queue_has_receiver(queue);
	if (!list_empty(&queue->senders) ||
	    queue->admitted >= limits->max_messages)
		return false;
	return !limits->max_bytes || queue->admitted_bytes +
				     limits->max_msgsize <= limits->max_bytes;
}

/* poll() for both sides of a queue. */
__poll_t ipcbox_queue_poll(struct ipcbox_queue *queue, struct file *file,
			   poll_table *table)
{
	__poll_t events = 0;

	poll_wait(file, &queue->poll, table);
	spin_lock(&queue->lock);
	if (queue->dead)
		events = EPOLLHUP | EPOLLERR;
	else if (queue->line.messages &&
		 ipcbox_turn_is_of(&queue->turn, current))
		events = EPOLLIN | EPOLLRDNORM;
	if (!queue->dead && ipcbox_queue_writable(queue))
		events |= EPOLLOUT | EPOLLWRNORM;
	if (queue->ended)
		events |= EPOLLHUP;
	if (queue->broken)
		events |= EPOLLERR;
	spin_unlock(&queue->lock);
	return events;
}

/* The length of the first message, 0 if there is none; all bytes of a stream. */
size_t ipcbox_queue_next_size_locked(struct ipcbox_queue *queue)
{
	struct ipcbox_message *msg = ipcbox_line_first(&queue->line, 0);

	lockdep_assert_held(&queue->lock);
	if (queue->stream)
		return queue->line.bytes;
	return msg ? msg->len : 0;
}

/* Beginning, change and end */

/* The queue is in memory that was zeroed. */
void ipcbox_queue_init(struct ipcbox_queue *queue,
		       const struct ipcbox_limits *limits, bool taken_in_turns)
{
	spin_lock_init(&queue->lock);
	queue->turn.taken_in_turns = taken_in_turns;
	queue->limits = *limits;
	INIT_LIST_HEAD(&queue->receivers);
	queue->selective = RB_ROOT;
	INIT_LIST_HEAD(&queue->senders);
	INIT_LIST_HEAD(&queue->bound);
	INIT_LIST_HEAD(&queue->news);
	init_waitqueue_head(&queue->poll);
	ipcbox_line_init(&queue->line);
}

/**
 * ipcbox_queue_set_limits() - change the capacity
 * @queue: queue
 * @limits: new limits
 *
 * What is in line stays, though it be too much or too long now.
 */
void ipcbox_queue_set_limits(struct ipcbox_queue *queue,
			     const struct ipcbox_limits *limits)
{
	struct ipcbox_wake wake = {};

	spin_lock(&queue->lock);
	/* Senders look without the lock first. */
	WRITE_ONCE(queue->limits.max_messages, limits->max_messages);
	WRITE_ONCE(queue->limits.max_bytes, limits->max_bytes);
	WRITE_ONCE(queue->limits.max_msgsize, limits->max_msgsize);
	ipcbox_queue_admit_pending(queue, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);
}

static void ipcbox_queue_kill_senders(struct ipcbox_queue *queue,
				      struct list_head *senders, int why_calls,
				      struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *sender, *next;

	list_for_each_entry_safe(sender, next, senders, node)
		ipcbox_queue_fail_sender_locked(queue, sender, sender->msg->call ?
					 why_calls : -EIDRM, wake);
}

static void ipcbox_queue_kill_waiters(struct ipcbox_queue *queue, int why_calls)
{
	struct ipcbox_wake wake = { .poll = EPOLLHUP | EPOLLERR };

	spin_lock(&queue->lock);
	ipcbox_queue_end_news(queue, &wake);
	WRITE_ONCE(queue->dead, true);
	ipcbox_queue_end_receivers(queue, -EIDRM, &wake);
	ipcbox_queue_kill_senders(queue, &queue->senders, why_calls, &wake);
	ipcbox_queue_kill_senders(queue, &queue->bound, why_calls, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);
}

/* Frees a few, because there may be many: false if there is none left. */
static bool ipcbox_queue_free_some(struct ipcbox_queue *queue)
{
	struct ipcbox_message *msg;
	LIST_HEAD(some);
	int n;

	spin_lock(&queue->lock);
	for (n = 0; n < 64; n++) {
		msg = ipcbox_line_first(&queue->line, 0);
		if (!msg)
			break;
		/* Whose sends have failed has them back already. */
		WARN_ON_ONCE(msg->sender);
		ipcbox_line_remove(&queue->line, msg);
		list_add_tail(&msg->node, &some);
	}
	spin_unlock(&queue->lock);
	ipcbox_queue_free_dropped(queue, &some);
	cond_resched();
	return n;
}

/**
 * ipcbox_queue_discard() - free what is in line, where nobody will read it
 * @queue: queue, that is dead or broken for good: it admits no more
 */
void ipcbox_queue_discard(struct ipcbox_queue *queue)
{
	while (ipcbox_queue_free_some(queue))
		;
}

/**
 * ipcbox_queue_kill() - end all operations on a queue, now and later
 * @queue: queue
 * @why_calls: negative errno for those who wait for a reply
 *
 * Wakes all other waiters with -EIDRM and frees what is in line. Admitted
 * messages that receivers have taken or hold stay theirs; those of waiting
 * senders are recalled.
 */
void ipcbox_queue_kill(struct ipcbox_queue *queue, int why_calls)
{
	ipcbox_queue_kill_waiters(queue, why_calls);
	ipcbox_queue_discard(queue);
}

/**
 * ipcbox_queue_drop_fds_locked() - take the descriptors off what is in line
 * @queue: queue
 * @dropped: where to put them, for who gives them up without the lock
 */
void ipcbox_queue_drop_fds_locked(struct ipcbox_queue *queue,
				  struct list_head *dropped)
{
	struct ipcbox_message *msg;
	int i;

	lockdep_assert_held(&queue->lock);
	for (i = 0; i < IPCBOX_PRIORITIES; i++)
		list_for_each_entry(msg, &queue->line.priority[i], node)
			if (msg->fds) {
				list_add(&msg->fds->node, dropped);
				msg->fds = NULL;
			}
}

/* Frees what is left when nobody uses the queue any more. */
void ipcbox_queue_release(struct ipcbox_queue *queue)
{
	WARN_ON_ONCE(queue->line.messages || queue->counts.taken ||
		     queue->counts.held);
	ipcbox_message_free(queue->spare);
	ipcbox_message_free(queue->spare_reply);
}
