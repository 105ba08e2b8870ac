// SPDX-License-Identifier: GPL-2.0-only
/* Queues: capacity, and the hand-off between the two sides */

#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "holder.h"
#include "message.h"
#include "pinned.h"
#include "queue.h"
#include "trace.h"

/* Waking */

static void ipcbox_queue_pass_turn(struct ipcbox_queue *queue,
				   struct ipcbox_wake *wake);

/*
 * No barrier: pollers queue themselves before they look under the lock, so one
 * that saw nothing there is seen here.
 */
static bool ipcbox_queue_polled(struct ipcbox_queue *queue)
{
	/* No barrier, see above. */
	if (waitqueue_active(&queue->poll))
		return true;
	/* No barrier, likewise. */
	return queue->upstream && waitqueue_active(&queue->upstream->poll);
}

static void ipcbox_wake_poll(struct ipcbox_wake *wake,
			     struct ipcbox_queue *queue, __poll_t events)
{
	lockdep_assert_held(&queue->lock);
	if (ipcbox_queue_polled(queue))
		wake->poll |= events;
}

/**
 * ipcbox_queue_unlock_and_wake() - what every operation on a queue ends with
 * @queue: queue, locked
 * @wake: who to wake
 */
void ipcbox_queue_unlock_and_wake(struct ipcbox_queue *queue,
				  struct ipcbox_wake *wake)
	__releases(&queue->lock)
{
	if (queue->turn.taken_in_turns)
		ipcbox_queue_pass_turn(queue, wake);
	spin_unlock(&queue->lock);
	ipcbox_wake_task(wake);
	if (!wake->poll)
		return;
	wake_up_interruptible_poll(&queue->poll, wake->poll);
	if (queue->upstream && wake->poll & EPOLLOUT)
		wake_up_interruptible_poll(&queue->upstream->poll,
					   EPOLLOUT | EPOLLWRNORM);
}

/* Capacity */

static bool ipcbox_queue_fits(const struct ipcbox_queue *queue,
			      size_t len)
{
	const struct ipcbox_limits *limits = &queue->limits;

	lockdep_assert_held(&queue->lock);
	if (queue->admitted >= limits->max_messages)
		return false;
	return !limits->max_bytes ||
	       queue->admitted_bytes + len <= limits->max_bytes;
}

static void ipcbox_queue_admit(struct ipcbox_queue *queue,
			       struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	msg->sender = NULL;
	queue->admitted++;
	queue->admitted_bytes += msg->len;
	queue->counts.sent++;
	queue->counts.sent_bytes += msg->len;
}

static void ipcbox_queue_sender_done(struct ipcbox_queue *queue,
				     struct ipcbox_waiter *sender, int result,
				     struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	queue->counts.waiting_senders--;
	ipcbox_waiter_finish(sender, result, wake);
}

/* In the order of waiting; nobody passes one whose message is too long yet. */
static void ipcbox_queue_admit_pending(struct ipcbox_queue *queue,
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

static void ipcbox_queue_receiver_done(struct ipcbox_queue *queue,
				       struct ipcbox_waiter *receiver,
				       int result, struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	queue->counts.waiting_receivers--;
	ipcbox_turn_wait(&queue->turn, receiver, -1);
	ipcbox_waiter_finish(receiver, result, wake);
}

static bool ipcbox_filter_accepts(const struct ipcbox_filter *filter,
				  const struct ipcbox_message *msg)
{
	return !filter->type || filter->type == msg->type;
}

/* Does one who sees the message take it away? */
static bool ipcbox_filter_takes(const struct ipcbox_filter *filter,
				const struct ipcbox_message *msg)
{
	return !filter->peek && filter->room >= msg->len;
}

/* Does this one see the message at all? Whose turn it is not may only peek. */
static bool ipcbox_queue_concerns(const struct ipcbox_queue *queue,
				  const struct ipcbox_waiter *receiver,
				  const struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	return ipcbox_filter_accepts(receiver->filter, msg) &&
	       (receiver->filter->peek ||
		ipcbox_turn_is_of(&queue->turn, receiver->task));
}

static bool ipcbox_queue_has_taker(struct ipcbox_queue *queue,
				   const struct ipcbox_message *msg)
{
	struct ipcbox_waiter *receiver;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry(receiver, &queue->receivers, node)
		if (ipcbox_queue_concerns(queue, receiver, msg) &&
		    ipcbox_filter_takes(receiver->filter, msg))
			return true;
	return false;
}

/* A receiver gets to see the message but not to take it: it looks again, … */
static void ipcbox_queue_turn_away(struct ipcbox_queue *queue,
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
static void ipcbox_queue_give(struct ipcbox_queue *queue,
			      struct ipcbox_waiter *receiver,
			      struct ipcbox_message *msg,
			      struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	queue->counts.taken++;
	receiver->msg = msg;
	trace_ipcbox_message_handed(queue, msg);
	ipcbox_queue_receiver_done(queue, receiver, 0, wake);
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
	struct ipcbox_waiter *receiver, *next;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry_safe(receiver, next, &queue->receivers, node) {
		if (!ipcbox_queue_concerns(queue, receiver, msg))
			continue;
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
static void ipcbox_queue_publish(struct ipcbox_queue *queue,
				 struct ipcbox_message *msg,
				 struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	if (!list_empty(&queue->receivers) &&
	    ipcbox_queue_hand_off(queue, msg, wake))
		return;
	ipcbox_line_insert(&queue->line, msg);
	trace_ipcbox_message_queued(queue, msg);
	ipcbox_wake_poll(wake, queue, EPOLLIN | EPOLLRDNORM);
}

/* A rendezvous can be had without waiting while a receiver waits. */
static void ipcbox_queue_poll_rendezvous(struct ipcbox_queue *queue,
					 struct ipcbox_wake *wake)
{
	if (!queue->limits.max_messages)
		ipcbox_wake_poll(wake, queue, EPOLLOUT | EPOLLWRNORM);
}

/* Turns */

/* Whoever has been waiting longest, with all the threads that wait. */
static void ipcbox_queue_next_turn(struct ipcbox_queue *queue)
{
	struct ipcbox_waiter *receiver;

	queue->turn.process = NULL;
	list_for_each_entry(receiver, &queue->receivers, node) {
		if (receiver->filter->peek)
			continue;
		if (!queue->turn.process)
			ipcbox_turn_begin(&queue->turn, receiver->task);
		ipcbox_turn_wait(&queue->turn, receiver, 1);
	}
}

/* The receivers whose turn it has become get what is in line. */
static void ipcbox_queue_serve(struct ipcbox_queue *queue,
			       struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *receiver, *next;
	struct ipcbox_message *msg;

	list_for_each_entry_safe(receiver, next, &queue->receivers, node) {
		msg = ipcbox_line_first(&queue->line, receiver->filter->type);
		if (!msg || !ipcbox_queue_concerns(queue, receiver, msg))
			continue;
		if (ipcbox_filter_takes(receiver->filter, msg)) {
			ipcbox_line_take(&queue->line, msg);
			ipcbox_queue_give(queue, receiver, msg, wake);
		} else {
			ipcbox_queue_turn_away(queue, receiver, msg, wake);
		}
	}
}

/* Ends a turn that is over: no receive, and nothing held. */
static void ipcbox_queue_pass_turn(struct ipcbox_queue *queue,
				   struct ipcbox_wake *wake)
{
	struct ipcbox_turn *turn = &queue->turn;

	lockdep_assert_held(&queue->lock);
	while (turn->process && !turn->waiting && !queue->counts.taken &&
	       !queue->counts.held) {
		ipcbox_queue_next_turn(queue);
		ipcbox_queue_serve(queue, wake);
		/* Those who poll have been told of messages, but not of turns. */
		if (turn->waiting)
			ipcbox_queue_poll_rendezvous(queue, wake);
		if (queue->line.messages)
			ipcbox_wake_poll(wake, queue, EPOLLIN | EPOLLRDNORM);
	}
}

/* Out of the hands of who holds it. */
static void ipcbox_queue_end_hold(struct ipcbox_queue *queue,
				  struct ipcbox_message *msg)
{
	struct ipcbox_holder *holder = msg->holder;

	lockdep_assert_held(&queue->lock);
	queue->counts.held--;
	rb_erase(&msg->tree, &holder->held);
	if (!RB_EMPTY_NODE(&msg->expiry.node))
		timerqueue_del(holder->leases, &msg->expiry);
	msg->holder = NULL;
}

/* For good: a bookmark that is still in line goes. */
static void ipcbox_queue_end_take(struct ipcbox_queue *queue,
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

/* Sending */

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
static int ipcbox_queue_wait_sent(struct ipcbox_queue *queue,
				  struct ipcbox_message *msg,
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
	struct ipcbox_waiter waiter;
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
	if (msg->len > queue->limits.max_msgsize)
		return -EMSGSIZE;
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
 * -EMSGSIZE
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
 * ipcbox_queue_call() - send a message and wait for the reply
 * @queue: queue
 * @msg: new message with msg->call set; the caller keeps a reference of its
 *	own, and revokes a pinned payload
 * @waiter: becomes msg->sender; whoever answers ends it
 * @wait: how long to wait; with wait->nowait the message goes to a receiver
 *	that waits for it now, or nowhere
 *
 * Return: 0, or without a reply: -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EIDRM,
 * -EOWNERDEAD, -EMSGSIZE
 */
int ipcbox_queue_call(struct ipcbox_queue *queue, struct ipcbox_message *msg,
		      struct ipcbox_waiter *waiter,
		      const struct ipcbox_wait *wait)
{
	int ret;

	spin_lock(&queue->lock);
	ret = ipcbox_queue_send_check(queue, msg);
	if (!ret && wait->nowait && !ipcbox_queue_has_taker(queue, msg))
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

/* Receiving */

/* Looks for a message now: 0 with the message, or a negative errno. */
static int ipcbox_queue_take_now(struct ipcbox_queue *queue,
				 const struct ipcbox_filter *filter,
				 struct ipcbox_message **msgp, size_t *needed)
{
	struct ipcbox_message *msg;

	lockdep_assert_held(&queue->lock);
	if (queue->dead)
		return -EIDRM;
	if (!filter->peek && !ipcbox_turn_is_of(&queue->turn, current))
		return -EAGAIN;
	msg = ipcbox_line_first(&queue->line, filter->type);
	if (!msg)
		return -EAGAIN;
	if (msg->len > filter->room) {
		*needed = msg->len;
		return -EMSGSIZE;
	}
	*msgp = msg;
	if (filter->peek) {
		ipcbox_message_get(msg);
		return 0;
	}
	ipcbox_line_take(&queue->line, msg);
	queue->counts.taken++;
	ipcbox_turn_begin(&queue->turn, current);
	return 0;
}

/* A receiver gives up: 0 if its receive has ended meanwhile, else why not. */
static int ipcbox_queue_cancel_take(struct ipcbox_queue *queue,
				    struct ipcbox_waiter *receiver, int why)
{
	struct ipcbox_wake wake = {};

	spin_lock(&queue->lock);
	if (receiver->result != IPCBOX_WAITING) {
		why = receiver->result;
	} else {
		list_del(&receiver->node);
		queue->counts.waiting_receivers--;
		ipcbox_turn_wait(&queue->turn, receiver, -1);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	return why;
}

/*
 * Drops the lock and waits: 0 with a message or, to look again, without. Out of
 * line, so that receives which do not wait need no room for a waiter.
 */
static noinline int ipcbox_queue_take_wait(struct ipcbox_queue *queue,
					   const struct ipcbox_filter *filter,
					   const struct ipcbox_wait *wait,
					   struct ipcbox_message **msgp,
					   size_t *needed)
	__releases(&queue->lock)
{
	struct ipcbox_waiter waiter;
	struct ipcbox_wake wake = {};
	int ret;

	ipcbox_waiter_init(&waiter, NULL, filter);
	list_add_tail(&waiter.node, &queue->receivers);
	queue->counts.waiting_receivers++;
	if (!filter->peek && !queue->turn.process)
		ipcbox_turn_begin(&queue->turn, current);
	ipcbox_turn_wait(&queue->turn, &waiter, 1);
	ipcbox_queue_poll_rendezvous(queue, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);

	ret = ipcbox_waiter_sleep(&waiter, wait);
	ret = ret ? ipcbox_queue_cancel_take(queue, &waiter, ret) :
		    waiter.result;
	*msgp = waiter.msg;
	*needed = waiter.needed;
	return ret;
}

/**
 * ipcbox_queue_take() - take the first message that a filter accepts
 * @queue: queue
 * @filter: which message
 * @wait: whether and how long to wait for one
 * @msgp: the message; it goes to ipcbox_queue_settle() or to
 *	ipcbox_queue_give_back(), or to ipcbox_queue_peek_done() after a peek
 * @needed: with -EMSGSIZE, the length of the message that is too long
 *
 * Return: 0, or with nothing taken: -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EIDRM,
 * -EMSGSIZE
 */
int ipcbox_queue_take(struct ipcbox_queue *queue,
		      const struct ipcbox_filter *filter,
		      const struct ipcbox_wait *wait,
		      struct ipcbox_message **msgp, size_t *needed)
{
	int ret;

	do {
		spin_lock(&queue->lock);
		ret = ipcbox_queue_take_now(queue, filter, msgp, needed);
		if (ret != -EAGAIN || wait->nowait) {
			spin_unlock(&queue->lock);
			return ret;
		}
		ret = ipcbox_queue_take_wait(queue, filter, wait, msgp, needed);
	} while (!ret && !*msgp);
	return ret;
}

static void ipcbox_queue_received(struct ipcbox_queue *queue,
				  struct ipcbox_message *msg,
				  struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	trace_ipcbox_message_received(queue, msg);
	ipcbox_message_uncharge(msg);
	queue->counts.received++;
	queue->counts.received_bytes += msg->len;
	if (msg->sender) {
		queue->counts.sent++;
		queue->counts.sent_bytes += msg->len;
		if (msg->receipt)
			ipcbox_receipt_sign(msg->receipt);
		ipcbox_queue_sender_done(queue, msg->sender, 0, wake);
	} else {
		queue->admitted--;
		queue->admitted_bytes -= msg->len;
	}
	/* Mostly nobody waits for room. */
	if (!list_empty(&queue->senders) || ipcbox_queue_polled(queue))
		ipcbox_queue_admit_pending(queue, wake);
}

/**
 * ipcbox_queue_settle_locked() - make a receive final
 * @queue: queue
 * @msg: message that is taken or held; its reference becomes the caller's
 * @wake: who to wake
 *
 * This is the moment at which the message is received and its sender, if it
 * still waits, has sent it.
 *
 * Return: true, or false if the sender has recalled the message meanwhile
 */
bool ipcbox_queue_settle_locked(struct ipcbox_queue *queue,
				struct ipcbox_message *msg,
				struct ipcbox_wake *wake)
{
	bool recalled = msg->state == IPCBOX_MESSAGE_GONE;

	ipcbox_queue_end_take(queue, msg);
	msg->state = IPCBOX_MESSAGE_GONE;
	if (!recalled)
		ipcbox_queue_received(queue, msg, wake);
	return !recalled;
}

/**
 * ipcbox_queue_settle() - make a receive final
 * @queue: queue
 * @msg: message from ipcbox_queue_take(), whose reference is dropped
 *
 * Return: as ipcbox_queue_settle_locked()
 */
bool ipcbox_queue_settle(struct ipcbox_queue *queue, struct ipcbox_message *msg)
{
	struct ipcbox_wake wake = {};
	bool settled;

	spin_lock(&queue->lock);
	settled = ipcbox_queue_settle_locked(queue, msg, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);
	ipcbox_message_put(msg, &queue->spare);
	return settled;
}

/**
 * ipcbox_queue_give_back_locked() - undo a take, or end a hold
 * @queue: queue
 * @msg: message that is taken or held
 * @wake: who to wake
 *
 * The message is where it was before: first in line for the same receivers.
 *
 * Return: true, or false if there is no line any more, or the message is gone;
 * then its reference is the caller's
 */
bool ipcbox_queue_give_back_locked(struct ipcbox_queue *queue,
				   struct ipcbox_message *msg,
				   struct ipcbox_wake *wake)
{
	if (queue->dead || msg->state == IPCBOX_MESSAGE_GONE) {
		ipcbox_queue_end_take(queue, msg);
		msg->state = IPCBOX_MESSAGE_GONE;
		return false;
	}
	if (msg->state == IPCBOX_MESSAGE_HELD)
		ipcbox_queue_end_hold(queue, msg);
	else
		queue->counts.taken--;
	trace_ipcbox_message_returned(queue, msg);
	ipcbox_queue_publish(queue, msg, wake);
	return true;
}

/**
 * ipcbox_queue_give_back() - undo a take
 * @queue: queue
 * @msg: message from ipcbox_queue_take(), whose reference is given up
 */
void ipcbox_queue_give_back(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg)
{
	struct ipcbox_wake wake = {};
	bool back;

	spin_lock(&queue->lock);
	back = ipcbox_queue_give_back_locked(queue, msg, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);
	if (!back)
		ipcbox_message_put(msg, &queue->spare);
}

/**
 * ipcbox_queue_hold_locked() - leave a message with its receiver
 * @queue: queue
 * @msg: message from ipcbox_queue_take(); the caller then sets msg->holder and
 *	puts it there, from where the queue takes it again
 *
 * It still uses the capacity, and its sender, if it waits, goes on waiting.
 * ipcbox_queue_settle_locked() and ipcbox_queue_give_back_locked() end it.
 *
 * Return: true, or false if the sender has recalled the message meanwhile;
 * then its reference is the caller's
 */
bool ipcbox_queue_hold_locked(struct ipcbox_queue *queue,
			      struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	if (msg->state == IPCBOX_MESSAGE_GONE) {
		ipcbox_queue_end_take(queue, msg);
		return false;
	}
	queue->counts.taken--;
	queue->counts.held++;
	msg->state = IPCBOX_MESSAGE_HELD;
	/* Those who peek look without the lock. */
	WRITE_ONCE(msg->deliveries, msg->deliveries + 1);
	return true;
}

/**
 * ipcbox_queue_peek_done() - end a peek
 * @queue: queue
 * @msg: message from ipcbox_queue_take(), whose reference is dropped
 *
 * Return: true, or false if the sender's pages may have changed while they
 * were looked at, because the message is gone
 */
bool ipcbox_queue_peek_done(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg)
{
	bool valid = !msg->pinned || ipcbox_pinned_valid(msg->pinned);

	ipcbox_message_put(msg, &queue->spare);
	return valid;
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
	struct ipcbox_message *msg, *next;
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
	list_for_each_entry_safe(msg, next, &dropped, node) {
		list_del_init(&msg->node);
		ipcbox_message_put(msg, &queue->spare);
	}
	return n;
}

/* Polling */

/* Does somebody wait for a message, of whatever type, to take it away? */
static bool ipcbox_queue_has_receiver(const struct ipcbox_queue *queue)
{
	const struct ipcbox_waiter *waiter;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry(waiter, &queue->receivers, node)
		if (!waiter->filter->peek &&
		    ipcbox_turn_is_of(&queue->turn, waiter->task))
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
	spin_unlock(&queue->lock);
	return events;
}

/* The length of the first message, 0 if there is none. */
size_t ipcbox_queue_next_size_locked(struct ipcbox_queue *queue)
{
	struct ipcbox_message *msg = ipcbox_line_first(&queue->line, 0);

	lockdep_assert_held(&queue->lock);
	return msg ? msg->len : 0;
}

/* Beginning, change and end */

/* The queue is in memory that was zeroed. */
void ipcbox_queue_init(struct ipcbox_queue *queue,
		       const struct ipcbox_limits *limits,
		       bool taken_in_turns)
{
	spin_lock_init(&queue->lock);
	queue->turn.taken_in_turns = taken_in_turns;
	queue->limits = *limits;
	INIT_LIST_HEAD(&queue->receivers);
	INIT_LIST_HEAD(&queue->senders);
	INIT_LIST_HEAD(&queue->bound);
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
	struct ipcbox_waiter *receiver, *next;

	spin_lock(&queue->lock);
	WRITE_ONCE(queue->dead, true);
	list_for_each_entry_safe(receiver, next, &queue->receivers, node)
		ipcbox_queue_receiver_done(queue, receiver, -EIDRM, &wake);
	ipcbox_queue_kill_senders(queue, &queue->senders, why_calls, &wake);
	ipcbox_queue_kill_senders(queue, &queue->bound, why_calls, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);
}

/* Frees a few, because there may be many: false if there is none left. */
static bool ipcbox_queue_free_some(struct ipcbox_queue *queue)
{
	struct ipcbox_message *msg, *next;
	LIST_HEAD(some);
	int n;

	spin_lock(&queue->lock);
	for (n = 0; n < 64; n++) {
		msg = ipcbox_line_first(&queue->line, 0);
		if (!msg)
			break;
		ipcbox_line_remove(&queue->line, msg);
		list_add_tail(&msg->node, &some);
	}
	spin_unlock(&queue->lock);
	list_for_each_entry_safe(msg, next, &some, node) {
		list_del_init(&msg->node);
		ipcbox_message_put(msg, &queue->spare);
	}
	cond_resched();
	return n;
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
	while (ipcbox_queue_free_some(queue))
		;
}

/* Frees what is left when nobody uses the queue any more. */
void ipcbox_queue_release(struct ipcbox_queue *queue)
{
	WARN_ON_ONCE(queue->line.messages || queue->counts.taken ||
		     queue->counts.held);
	ipcbox_message_free(queue->spare);
	ipcbox_message_free(queue->spare_reply);
}
