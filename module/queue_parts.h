/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of a queue share: queue.c, queue_send.c, queue_recv.c,
 * queue_stream.c, queue_ends.c, receivers.c, queue_news.c, turn.c
 *
 * All of it is called with the lock of the queue held. Who is to be woken is
 * noted in a struct ipcbox_wake, for ipcbox_queue_unlock_and_wake().
 */
#ifndef _IPCBOX_QUEUE_PARTS_H
#define _IPCBOX_QUEUE_PARTS_H

#include <linux/lockdep.h>
#include <linux/wait.h>

#include "message.h"
#include "process.h"
#include "queue.h"

/*
 * Somebody polls, also on the port that the queue belongs to. It needs no
 * barrier: pollers queue themselves before they look under the lock, so one that
 * saw nothing there is seen here.
 */
static inline bool ipcbox_queue_polled(struct ipcbox_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	/* No barrier, see above. */
	if (waitqueue_active(&queue->poll))
		return true;
	/* No barrier, likewise. */
	return queue->upstream && waitqueue_active(&queue->upstream->poll);
}

static inline bool ipcbox_queue_fits(const struct ipcbox_queue *queue,
				     size_t len)
{
	const struct ipcbox_limits *limits = &queue->limits;

	lockdep_assert_held(&queue->lock);
	if (queue->admitted >= limits->max_messages)
		return false;
	return !limits->max_bytes ||
	       queue->admitted_bytes + len <= limits->max_bytes;
}

static inline void ipcbox_queue_admit(struct ipcbox_queue *queue,
				      struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	msg->sender = NULL;
	queue->admitted++;
	queue->admitted_bytes += msg->len;
	queue->counts.sent++;
	queue->counts.sent_bytes += msg->len;
}

static inline bool ipcbox_filter_accepts(const struct ipcbox_filter *filter,
					 const struct ipcbox_message *msg)
{
	return (!filter->type || filter->type == msg->type) &&
	       (!filter->from || filter->from == msg->sender_pid);
}

/* Will nothing come any more, once there is nothing in line? */
static inline bool ipcbox_filter_orphaned(const struct ipcbox_filter *filter)
{
	return unlikely(filter->from) && ipcbox_process_exited(filter->from);
}

/* Does one who sees the message take it away? */
static inline bool ipcbox_filter_takes(const struct ipcbox_filter *filter,
				       const struct ipcbox_message *msg)
{
	return !filter->peek && filter->room >= msg->len;
}

/* Does this one see the message at all? Whose turn it is not may only peek. */
static inline bool ipcbox_queue_concerns(const struct ipcbox_queue *queue,
					 const struct ipcbox_waiter *receiver,
					 const struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	return ipcbox_filter_accepts(receiver->filter, msg) &&
	       (receiver->filter->peek ||
		ipcbox_turn_is_of(&queue->turn, receiver->task));
}

static inline struct ipcbox_waiter *
ipcbox_receiver_of(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_waiter, by_type);
}

void ipcbox_receivers_add_of_type(struct ipcbox_queue *queue,
				  struct ipcbox_waiter *receiver);
void ipcbox_receivers_remove_of_type(struct ipcbox_queue *queue,
				     struct ipcbox_waiter *receiver);
struct ipcbox_waiter *ipcbox_receivers_of_type(struct ipcbox_queue *queue,
					       const struct ipcbox_message *msg,
					       struct ipcbox_waiter *after);

/* It waits, behind all others. */
static inline void ipcbox_receivers_add(struct ipcbox_queue *queue,
					struct ipcbox_waiter *receiver)
{
	lockdep_assert_held(&queue->lock);
	receiver->seq = queue->next_receiver++;
	queue->counts.waiting_receivers++;
	if (unlikely(receiver->filter->type))
		ipcbox_receivers_add_of_type(queue, receiver);
	else
		list_add_tail(&receiver->node, &queue->receivers);
}

/* It waits no more; its node stays in its list. */
static inline void ipcbox_receivers_remove(struct ipcbox_queue *queue,
					   struct ipcbox_waiter *receiver)
{
	lockdep_assert_held(&queue->lock);
	queue->counts.waiting_receivers--;
	if (receiver->filter->type)
		ipcbox_receivers_remove_of_type(queue, receiver);
}

static inline void ipcbox_wake_poll(struct ipcbox_wake *wake,
				    struct ipcbox_queue *queue, __poll_t events)
{
	lockdep_assert_held(&queue->lock);
	if (unlikely(ipcbox_queue_polled(queue)))
		wake->poll |= events;
}

/* A rendezvous can be had without waiting while a receiver waits. */
static inline void ipcbox_queue_poll_rendezvous(struct ipcbox_queue *queue,
						struct ipcbox_wake *wake)
{
	if (!queue->limits.max_messages)
		ipcbox_wake_poll(wake, queue, EPOLLOUT | EPOLLWRNORM);
}

static inline void ipcbox_queue_sender_done(struct ipcbox_queue *queue,
					    struct ipcbox_waiter *sender,
					    int result,
					    struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	queue->counts.waiting_senders--;
	ipcbox_waiter_finish(sender, result, wake);
}

static inline void ipcbox_queue_receiver_done(struct ipcbox_queue *queue,
					      struct ipcbox_waiter *receiver,
					      int result,
					      struct ipcbox_wake *wake)
{
	ipcbox_receivers_remove(queue, receiver);
	ipcbox_turn_wait(&queue->turn, receiver, -1);
	ipcbox_waiter_finish(receiver, result, wake);
}

void ipcbox_queue_admit_pending(struct ipcbox_queue *queue,
				struct ipcbox_wake *wake);

bool ipcbox_queue_has_taker(struct ipcbox_queue *queue,
			    const struct ipcbox_message *msg);
void ipcbox_queue_give(struct ipcbox_queue *queue,
		       struct ipcbox_waiter *receiver,
		       struct ipcbox_message *msg, struct ipcbox_wake *wake);
void ipcbox_queue_turn_away(struct ipcbox_queue *queue,
			    struct ipcbox_waiter *receiver,
			    const struct ipcbox_message *msg,
			    struct ipcbox_wake *wake);
void ipcbox_queue_publish(struct ipcbox_queue *queue,
			  struct ipcbox_message *msg, struct ipcbox_wake *wake);
void ipcbox_queue_end_hold(struct ipcbox_queue *queue,
			   struct ipcbox_message *msg);
void ipcbox_queue_end_take(struct ipcbox_queue *queue,
			   struct ipcbox_message *msg);

bool ipcbox_queue_merge(struct ipcbox_queue *queue, struct ipcbox_message *msg,
			struct ipcbox_wake *wake);
void ipcbox_queue_take_first(struct ipcbox_queue *queue,
			     struct ipcbox_message *msg);

/*
 * Why there is no message to be taken. Of a stream what is taken may be the
 * caller's yet, in part.
 */
static inline int ipcbox_queue_nothing(const struct ipcbox_queue *queue,
				       const struct ipcbox_filter *filter)
{
	lockdep_assert_held(&queue->lock);
	if (!queue->ended || ipcbox_filter_only_hears(filter))
		return -EAGAIN;
	return queue->stream && queue->counts.taken ? -EAGAIN : -ENODATA;
}

void ipcbox_queue_end_receivers(struct ipcbox_queue *queue, int why,
				struct ipcbox_wake *wake);

void ipcbox_queue_delivered(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg,
			    struct ipcbox_wake *wake);
void ipcbox_queue_end_news(struct ipcbox_queue *queue,
			   struct ipcbox_wake *wake);

#endif /* _IPCBOX_QUEUE_PARTS_H */
