// SPDX-License-Identifier: GPL-2.0-only
/* Queues: telling handles that receive from one what happens */

#include <linux/bitops.h>
#include <linux/poll.h>
#include <linux/spinlock.h>

#include "message.h"
#include "news.h"
#include "queue.h"
#include "queue_parts.h"
#include "trace.h"

/* Telling */

/* A thread that waits looks again, and finds the event. True if it takes it. */
static bool ipcbox_queue_rouse(struct ipcbox_queue *queue,
			       struct ipcbox_waiter *receiver,
			       struct ipcbox_wake *wake)
{
	bool takes = receiver->filter->room >= sizeof(struct ipcbox_event);

	ipcbox_queue_receiver_done(queue, receiver, 0, wake);
	return takes;
}

/*
 * There is an event: one who waits with the handle gets it, those who only want
 * events before the others. As with messages, whoever has too short a buffer
 * ends its wait, too.
 */
static void ipcbox_queue_wake_hearer(struct ipcbox_queue *queue,
				     struct ipcbox_news *news,
				     struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *receiver, *next;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry_safe(receiver, next, &news->waiters, node)
		if (ipcbox_queue_rouse(queue, receiver, wake))
			return;
	/* Senders who want receipts pass by the many who wait for messages. */
	if (news->receives)
		list_for_each_entry_safe(receiver, next, &queue->receivers, node)
			if (*receiver->filter->news == news &&
			    ipcbox_filter_hears(receiver->filter) &&
			    ipcbox_queue_rouse(queue, receiver, wake))
				return;
	ipcbox_wake_poll(wake, queue, EPOLLIN | EPOLLRDNORM);
	wake->poll_all = true;
}

static void ipcbox_queue_event_happens(struct ipcbox_queue *queue,
				       struct ipcbox_message *event, u64 n,
				       struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	ipcbox_event_happen(event, n);
	trace_ipcbox_event(queue, event, n);
	/* One that is being copied waits for the end of that. */
	if (event->state == IPCBOX_MESSAGE_QUEUED)
		ipcbox_queue_wake_hearer(queue, ipcbox_event_news(event), wake);
}

static void ipcbox_queue_announce_to(struct ipcbox_queue *queue,
				     struct ipcbox_news *news, u64 what, u64 n,
				     struct ipcbox_wake *wake)
{
	struct ipcbox_message *event;
	unsigned long bits = what & news->mask & IPCBOX_NEWS_STANDING;
	unsigned int i;

	for_each_set_bit(i, &bits, IPCBOX_NEWS_NR) {
		event = news->standing[i];
		ipcbox_message_stamp_anew(event);
		ipcbox_queue_event_happens(queue, event, n, wake);
	}
}

/**
 * ipcbox_queue_announce_locked() - something happens to the port
 * @queue: queue; all who receive from it are told, if they want to know
 * @what: IPCBOX_EVENT_*, standing ones; may be 0
 * @n: how often
 * @wake: who to wake
 */
void ipcbox_queue_announce_locked(struct ipcbox_queue *queue, u64 what, u64 n,
				  struct ipcbox_wake *wake)
{
	struct ipcbox_news *news;

	lockdep_assert_held(&queue->lock);
	if (!what || queue->dead)
		return;
	list_for_each_entry(news, &queue->news, node)
		ipcbox_queue_announce_to(queue, news, what, n, wake);
}

/* Likewise, by who has not got the lock. */
void ipcbox_queue_announce(struct ipcbox_queue *queue, u64 what, u64 n)
{
	struct ipcbox_wake wake = {};

	spin_lock(&queue->lock);
	ipcbox_queue_announce_locked(queue, what, n, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);
}

/**
 * ipcbox_queue_tell_locked() - something happens to one message
 * @queue: queue
 * @event: single event; given up
 * @wake: who to wake
 */
void ipcbox_queue_tell_locked(struct ipcbox_queue *queue,
			      struct ipcbox_message *event,
			      struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	if (queue->dead || list_empty(&ipcbox_event_news(event)->node))
		ipcbox_event_free(event);
	else
		ipcbox_queue_event_happens(queue, event, 1, wake);
}

/*
 * The caller has received a message whose sender wants to know. The last that it
 * hears of its port is that this is deleted; so a message that was being copied
 * then is gone, and has not been received, as one that a waiting sender recalls.
 */
void ipcbox_queue_delivered(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg,
			    struct ipcbox_wake *wake)
{
	struct ipcbox_message *event = msg->delivered;

	lockdep_assert_held(&queue->lock);
	if (queue->dead) {
		/* It is taken: nobody acknowledges a held one then. */
		msg->state = IPCBOX_MESSAGE_GONE;
		return;
	}
	msg->delivered = NULL;
	ipcbox_message_stamp_anew(event);
	ipcbox_queue_tell_locked(queue, event, wake);
}

/* The queue dies. Who waits for events alone gets the last one, or nothing. */
void ipcbox_queue_end_news(struct ipcbox_queue *queue, struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *receiver, *next;
	struct ipcbox_news *news;

	ipcbox_queue_announce_locked(queue, IPCBOX_EVENT_DELETED, 1, wake);
	list_for_each_entry(news, &queue->news, node)
		list_for_each_entry_safe(receiver, next, &news->waiters, node)
			ipcbox_queue_receiver_done(queue, receiver, -EIDRM,
						   wake);
}

/* Receiving */

/**
 * ipcbox_queue_event_done() - end the receive of an event
 * @queue: queue
 * @event: event from ipcbox_queue_take()
 * @received: or else it can be received again
 */
void ipcbox_queue_event_done(struct ipcbox_queue *queue,
			     struct ipcbox_message *event, bool received)
{
	struct ipcbox_news *news = ipcbox_event_news(event);
	struct ipcbox_wake wake = {};
	bool there = true;

	spin_lock(&queue->lock);
	if (received)
		there = ipcbox_event_settle(event);
	else
		ipcbox_event_give_back(event);
	if (there)
		ipcbox_queue_wake_hearer(queue, news, &wake);
	ipcbox_queue_unlock_and_wake(queue, &wake);
}

/* Is there an event to be received? */
bool ipcbox_queue_has_news(struct ipcbox_queue *queue, struct ipcbox_news *news)
{
	bool has;

	spin_lock(&queue->lock);
	has = ipcbox_news_first(news);
	spin_unlock(&queue->lock);
	return has;
}

/* Subscribing */

/**
 * ipcbox_queue_hear() - change what a handle is told
 * @queue: queue that the handle receives from
 * @slot: where its news are, or NULL if it has none
 * @news: what to put there in this case; NULL to look first
 * @mask: IPCBOX_EVENT_*
 *
 * Return: 0, -ENOENT if news are needed, -EEXIST if @news are not, or -EIDRM
 */
int ipcbox_queue_hear(struct ipcbox_queue *queue, struct ipcbox_news **slot,
		      struct ipcbox_news *news, u64 mask)
{
	int ret = 0;

	spin_lock(&queue->lock);
	if (queue->dead) {
		ret = -EIDRM;
	} else if (*slot) {
		/* Senders and receivers look without the lock. */
		WRITE_ONCE((*slot)->mask, mask);
		ret = news ? -EEXIST : 0;
	} else if (news) {
		news->mask = mask;
		list_add_tail(&news->node, &queue->news);
		/* Pairs with the address dependencies of READ_ONCE(handle->news). */
		smp_store_release(slot, news);
	} else {
		ret = -ENOENT;
	}
	spin_unlock(&queue->lock);
	return ret;
}

/* The handle is closed. */
void ipcbox_queue_stop_hearing(struct ipcbox_queue *queue,
			       struct ipcbox_news *news)
{
	spin_lock(&queue->lock);
	list_del_init(&news->node);
	spin_unlock(&queue->lock);
}
