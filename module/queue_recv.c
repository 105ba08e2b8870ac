// SPDX-License-Identifier: GPL-2.0-only
/* Queues: taking a message, and how a take ends */

#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "message.h"
#include "news.h"
#include "pinned.h"
#include "queue.h"
#include "queue_parts.h"
#include "trace.h"

/* It is the caller's now. */
void ipcbox_queue_take_first(struct ipcbox_queue *queue,
			     struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	ipcbox_line_take(&queue->line, msg);
	queue->counts.taken++;
	ipcbox_turn_begin(&queue->turn, current);
}

/* Looks for a message now: 0 with the message, or a negative errno. */
static int ipcbox_queue_take_now(struct ipcbox_queue *queue,
				 const struct ipcbox_filter *filter,
				 struct ipcbox_message **msgp, size_t *needed)
{
	struct ipcbox_message *msg;
	int ret;

	lockdep_assert_held(&queue->lock);
	if (unlikely(*filter->news)) {
		ret = ipcbox_news_take(*filter->news, filter, msgp, needed);
		if (ret != -EAGAIN)
			return ret;
	}
	if (queue->dead)
		return -EIDRM;
	if (!filter->peek && !ipcbox_turn_is_of(&queue->turn, current))
		return -EAGAIN;
	msg = ipcbox_line_find(&queue->line, filter);
	if (!msg)
		return ipcbox_filter_orphaned(filter) ? -ESRCH :
		       ipcbox_queue_nothing(queue, filter);
	if (msg->len > filter->room) {
		*needed = msg->len;
		return -EMSGSIZE;
	}
	*msgp = msg;
	if (filter->peek) {
		ipcbox_message_get(msg);
		return 0;
	}
	ipcbox_queue_take_first(queue, msg);
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
		ipcbox_receivers_remove(queue, receiver);
		list_del(&receiver->node);
		ipcbox_turn_wait(&queue->turn, receiver, -1);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	return why;
}

/* Is there a message for the receiver, and only its turn has not come? */
static bool ipcbox_queue_keeps_turn_waiting(struct ipcbox_queue *queue,
					    struct ipcbox_waiter *receiver)
{
	bool keeps;

	spin_lock(&queue->lock);
	keeps = receiver->result == IPCBOX_WAITING &&
		ipcbox_line_find(&queue->line, receiver->filter);
	spin_unlock(&queue->lock);
	return keeps;
}

/*
 * Sleeps until the wait is over, or the process that is waited for has exited.
 * While a message of it is in line nevertheless, the turn is waited for; whoever
 * passes that on sees whether there still is one.
 */
static int ipcbox_queue_sleep_from(struct ipcbox_queue *queue,
				   struct ipcbox_waiter *receiver,
				   const struct ipcbox_wait *wait)
{
	int ret = ipcbox_waiter_sleep_from(receiver, wait);

	if (ret == -ESRCH && ipcbox_queue_keeps_turn_waiting(queue, receiver))
		ret = ipcbox_waiter_sleep(receiver, wait);
	return ret;
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
	struct ipcbox_waiter waiter __uninitialized;
	struct ipcbox_wake wake = {};
	int ret;

	ipcbox_waiter_init(&waiter, NULL, filter);
	ipcbox_receivers_add(queue, &waiter);
	if (!queue->turn.process && !ipcbox_filter_passive(filter))
		ipcbox_turn_begin(&queue->turn, current);
	ipcbox_turn_wait(&queue->turn, &waiter, 1);
	ipcbox_queue_poll_rendezvous(queue, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);

	ret = likely(!filter->from) ? ipcbox_waiter_sleep(&waiter, wait) :
	      ipcbox_queue_sleep_from(queue, &waiter, wait);
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
 * -EMSGSIZE, -ESRCH (no message of the one process, which has exited), -ENODATA
 * at the end of a stream or connection
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

/* One leaves that used the capacity, or that others waited behind. */
static void ipcbox_queue_vacated(struct ipcbox_queue *queue,
				 struct ipcbox_wake *wake)
{
	/* Mostly nobody waits for room. */
	if (!list_empty(&queue->senders) || ipcbox_queue_polled(queue))
		ipcbox_queue_admit_pending(queue, wake);
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
	ipcbox_queue_vacated(queue, wake);
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
 * Return: true, or false if the sender has recalled the message meanwhile, or
 * cannot be given the receipt that it wants
 */
bool ipcbox_queue_settle_locked(struct ipcbox_queue *queue,
				struct ipcbox_message *msg,
				struct ipcbox_wake *wake)
{
	bool recalled;

	if (unlikely(msg->delivered))
		ipcbox_queue_delivered(queue, msg, wake);
	recalled = msg->state == IPCBOX_MESSAGE_GONE;
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

/*
 * What nobody will receive: true if the message is its sender's, who waits, and
 * whose send or call has failed.
 */
static bool ipcbox_queue_return_to_sender(struct ipcbox_queue *queue,
					  struct ipcbox_message *msg,
					  struct ipcbox_wake *wake)
{
	bool held = msg->state == IPCBOX_MESSAGE_HELD;
	struct ipcbox_waiter *sender = msg->sender;

	if (sender)
		ipcbox_queue_fail_sender_locked(queue, sender, msg->call ?
						-EOWNERDEAD : -EPIPE, wake);
	if (sender && held)
		return true;
	ipcbox_queue_end_take(queue, msg);
	msg->state = IPCBOX_MESSAGE_GONE;
	return false;
}

/**
 * ipcbox_queue_give_back_locked() - undo a take, or end a hold
 * @queue: queue
 * @msg: message that is taken or held
 * @wake: who to wake
 *
 * The message is where it was before: first in line for the same receivers; or
 * its sender's, if there will be no receivers.
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
	if (unlikely(queue->broken && !queue->stream))
		return ipcbox_queue_return_to_sender(queue, msg, wake);
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
	msg->expired = NULL;
	/* Those who peek look without the lock. */
	WRITE_ONCE(msg->deliveries, msg->deliveries + 1);
	return true;
}

/**
 * ipcbox_queue_give_up_locked() - end a hold, and have no more to do with it
 * @queue: queue
 * @msg: message that is held
 * @wake: who to wake
 *
 * One whose sender waits is the sender's again, whose send or call fails with
 * -ECANCELED. The sender of any other is not told of a receipt any more.
 *
 * Return: true if the message, with its reference, is the caller's to move
 * elsewhere, see ipcbox_queue_adopt(); false if it is its sender's
 */
bool ipcbox_queue_give_up_locked(struct ipcbox_queue *queue,
				 struct ipcbox_message *msg,
				 struct ipcbox_wake *wake)
{
	bool admitted = !msg->sender;

	lockdep_assert_held(&queue->lock);
	if (admitted) {
		ipcbox_queue_end_take(queue, msg);
		msg->state = IPCBOX_MESSAGE_NEW;
		queue->admitted--;
		queue->admitted_bytes -= msg->len;
		if (msg->delivered)
			ipcbox_event_free(msg->delivered);
		msg->delivered = NULL;
	} else {
		ipcbox_queue_fail_sender_locked(queue, msg->sender, -ECANCELED,
						wake);
	}
	ipcbox_queue_vacated(queue, wake);
	return admitted;
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

/**
 * ipcbox_queue_find_sender() - find a process whose messages can be received
 * @queue: queue
 * @nr: its id in the caller's pid namespace
 *
 * Return: a reference, or NULL: there is no such process, and there is nothing
 * in line of one that was
 */
struct pid *ipcbox_queue_find_sender(struct ipcbox_queue *queue, pid_t nr)
{
	struct pid *sender = ipcbox_process_find(nr);

	if (sender)
		return sender;
	spin_lock(&queue->lock);
	sender = get_pid(ipcbox_line_sender(&queue->line, nr));
	spin_unlock(&queue->lock);
	return sender;
}
