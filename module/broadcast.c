// SPDX-License-Identifier: GPL-2.0-only
/* Broadcasting: subscribers, and a send to all of them */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "broadcast.h"
#include "message.h"
#include "port.h"

/* Subscribers */

void ipcbox_broadcast_init(struct ipcbox_broadcast *broadcast)
{
	mutex_init(&broadcast->lock);
	INIT_LIST_HEAD(&broadcast->subscribers);
}

/**
 * ipcbox_broadcast_join() - begin to receive
 * @port: port
 *
 * Return: for ipcbox_broadcast_leave(), or NULL without memory
 */
struct ipcbox_subscriber *ipcbox_broadcast_join(struct ipcbox_port *port)
{
	struct ipcbox_broadcast *broadcast = &port->broadcast;
	struct ipcbox_subscriber *subscriber;

	subscriber = kzalloc(sizeof(*subscriber), GFP_KERNEL_ACCOUNT);
	if (!subscriber)
		return NULL;
	mutex_lock(&broadcast->lock);
	ipcbox_queue_init(&subscriber->queue, &port->queue.limits, false);
	subscriber->queue.port_id = port->id;
	subscriber->queue.upstream = &port->queue;
	list_add_tail(&subscriber->node, &broadcast->subscribers);
	/* Deleted already: ipcbox_broadcast_kill() may have been here. */
	if (READ_ONCE(port->queue.dead))
		ipcbox_queue_kill(&subscriber->queue, -EIDRM);
	mutex_unlock(&broadcast->lock);
	return subscriber;
}

/* The handle is closed, and nobody is in a call on it. */
void ipcbox_broadcast_leave(struct ipcbox_port *port,
			    struct ipcbox_subscriber *subscriber)
{
	struct ipcbox_broadcast *broadcast = &port->broadcast;
	const struct ipcbox_counts *counts = &subscriber->queue.counts;

	mutex_lock(&broadcast->lock);
	list_del(&subscriber->node);
	broadcast->received += counts->received;
	broadcast->received_bytes += counts->received_bytes;
	broadcast->lost += subscriber->lost;
	mutex_unlock(&broadcast->lock);
	ipcbox_queue_kill(&subscriber->queue, -EIDRM);
	ipcbox_queue_release(&subscriber->queue);
	kfree(subscriber);
	/* Who waits for room need not wait for this one any more. */
	wake_up_interruptible_poll(&port->queue.poll, EPOLLOUT | EPOLLWRNORM);
}

/* The queue of the port is dead, so nobody sends any more. */
void ipcbox_broadcast_kill(struct ipcbox_port *port)
{
	struct ipcbox_subscriber *subscriber;

	mutex_lock(&port->broadcast.lock);
	list_for_each_entry(subscriber, &port->broadcast.subscribers, node)
		ipcbox_queue_kill(&subscriber->queue, -EIDRM);
	mutex_unlock(&port->broadcast.lock);
}

/* Tells all subscribers, who are not told by the queue of the port. */
void ipcbox_broadcast_announce(struct ipcbox_port *port, u64 what)
{
	struct ipcbox_subscriber *subscriber;

	lockdep_assert_held(&port->broadcast.lock);
	list_for_each_entry(subscriber, &port->broadcast.subscribers, node)
		ipcbox_queue_announce(&subscriber->queue, what, 1);
}

/* Sending */

static bool ipcbox_broadcast_has_room(struct ipcbox_broadcast *broadcast,
				      size_t len)
{
	struct ipcbox_subscriber *subscriber;

	lockdep_assert_held(&broadcast->lock);
	list_for_each_entry(subscriber, &broadcast->subscribers, node)
		if (!ipcbox_queue_has_room(&subscriber->queue, len))
			return false;
	return true;
}

static void ipcbox_broadcast_drop(struct list_head *copies,
				  struct ipcbox_message **spare)
{
	struct ipcbox_message *copy, *next;

	list_for_each_entry_safe(copy, next, copies, node) {
		list_del_init(&copy->node);
		ipcbox_message_put(copy, spare);
	}
}

/* One for each subscriber. */
static int ipcbox_broadcast_copy(struct ipcbox_broadcast *broadcast,
				 struct ipcbox_message *msg,
				 struct list_head *copies)
{
	struct ipcbox_subscriber *subscriber;
	struct ipcbox_message *copy;

	lockdep_assert_held(&broadcast->lock);
	list_for_each_entry(subscriber, &broadcast->subscribers, node) {
		copy = ipcbox_message_copy(msg, &subscriber->queue.spare);
		if (IS_ERR(copy)) {
			ipcbox_broadcast_drop(copies, &subscriber->queue.spare);
			return PTR_ERR(copy);
		}
		list_add_tail(&copy->node, copies);
	}
	return 0;
}

static void ipcbox_subscriber_loses(struct ipcbox_subscriber *subscriber, u64 n)
{
	if (!n)
		return;
	subscriber->lost += n;
	ipcbox_queue_announce(&subscriber->queue, IPCBOX_EVENT_LOST, n);
}

/* Nothing fails here: there is room, or will be. */
static void ipcbox_broadcast_deliver(struct ipcbox_port *port,
				     struct list_head *copies)
{
	static const struct ipcbox_wait now = { .nowait = true };
	struct ipcbox_subscriber *subscriber;
	struct ipcbox_message *copy;
	u64 lost;

	lockdep_assert_held(&port->broadcast.lock);
	list_for_each_entry(subscriber, &port->broadcast.subscribers, node) {
		copy = list_first_entry(copies, struct ipcbox_message, node);
		list_del_init(&copy->node);
		if (port->sharing == IPCBOX_SHARE_ALL_LOSSY) {
			lost = ipcbox_queue_make_room(&subscriber->queue,
						      copy->len);
			ipcbox_subscriber_loses(subscriber, lost);
		}
		/* All of it with receivers that are copying: no room to be made. */
		if (ipcbox_queue_send(&subscriber->queue, copy, &now))
			ipcbox_subscriber_loses(subscriber, 1);
	}
}

static void ipcbox_broadcast_count_sent(struct ipcbox_queue *queue, size_t len)
{
	spin_lock(&queue->lock);
	queue->counts.sent++;
	queue->counts.sent_bytes += len;
	spin_unlock(&queue->lock);
}

static void ipcbox_broadcast_count_waiting(struct ipcbox_queue *queue, int n)
{
	spin_lock(&queue->lock);
	queue->counts.waiting_senders += n;
	spin_unlock(&queue->lock);
}

static int ipcbox_broadcast_try(struct ipcbox_port *port,
				struct ipcbox_message *msg)
{
	struct ipcbox_broadcast *broadcast = &port->broadcast;
	LIST_HEAD(copies);
	int ret = 0;

	mutex_lock(&broadcast->lock);
	if (READ_ONCE(port->queue.dead))
		ret = -EIDRM;
	else if (msg->len > port->queue.limits.max_msgsize)
		ret = -EMSGSIZE;
	else if (port->sharing != IPCBOX_SHARE_ALL_LOSSY &&
		 !ipcbox_broadcast_has_room(broadcast, msg->len))
		ret = -EAGAIN;
	if (!ret)
		ret = ipcbox_broadcast_copy(broadcast, msg, &copies);
	if (!ret) {
		ipcbox_broadcast_deliver(port, &copies);
		ipcbox_broadcast_count_sent(&port->queue, msg->len);
	}
	mutex_unlock(&broadcast->lock);
	return ret;
}

/* Until there may be room, which is looked for anew. */
static int ipcbox_broadcast_sleep(struct wait_queue_entry *entry,
				  const struct ipcbox_wait *wait)
{
	u64 now = ktime_get_ns();
	long timeout = MAX_SCHEDULE_TIMEOUT;

	if (signal_pending(current))
		return -ERESTARTSYS;
	if (wait->deadline) {
		if (now >= wait->deadline)
			return -ETIMEDOUT;
		timeout = nsecs_to_jiffies(wait->deadline - now) + 1;
	}
	wait_woken(entry, TASK_INTERRUPTIBLE, timeout);
	return 0;
}

static int ipcbox_broadcast_wait(struct ipcbox_port *port,
				 struct ipcbox_message *msg,
				 const struct ipcbox_wait *wait)
{
	DEFINE_WAIT_FUNC(entry, woken_wake_function);
	int ret;

	ipcbox_broadcast_count_waiting(&port->queue, 1);
	add_wait_queue(&port->queue.poll, &entry);
	do {
		ret = ipcbox_broadcast_try(port, msg);
		if (ret != -EAGAIN)
			break;
		ret = ipcbox_broadcast_sleep(&entry, wait);
	} while (!ret);
	remove_wait_queue(&port->queue.poll, &entry);
	ipcbox_broadcast_count_waiting(&port->queue, -1);
	return ret;
}

/**
 * ipcbox_broadcast_send() - send a message to all subscribers, or to none
 * @port: port
 * @msg: new message, which is given up
 * @wait: whether and how long to wait for room; who waits does not queue
 *
 * Return: 0, or with nothing sent: -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EIDRM,
 * -EMSGSIZE, -EDQUOT, -ENOMEM
 */
int ipcbox_broadcast_send(struct ipcbox_port *port, struct ipcbox_message *msg,
			  const struct ipcbox_wait *wait)
{
	int ret = ipcbox_broadcast_try(port, msg);

	if (ret == -EAGAIN && !wait->nowait)
		ret = ipcbox_broadcast_wait(port, msg, wait);
	ipcbox_message_put(msg, &port->queue.spare);
	return ret;
}

/* Looking and changing */

/* poll() for senders. */
__poll_t ipcbox_broadcast_poll(struct ipcbox_port *port, struct file *file,
			       poll_table *table)
{
	struct ipcbox_broadcast *broadcast = &port->broadcast;
	__poll_t events = 0;

	poll_wait(file, &port->queue.poll, table);
	mutex_lock(&broadcast->lock);
	if (READ_ONCE(port->queue.dead))
		events = EPOLLHUP | EPOLLERR;
	else if (port->sharing == IPCBOX_SHARE_ALL_LOSSY ||
		 ipcbox_broadcast_has_room(broadcast,
					   port->queue.limits.max_msgsize))
		events = EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&broadcast->lock);
	return events;
}

void ipcbox_broadcast_set_limits(struct ipcbox_port *port,
				 const struct ipcbox_limits *limits)
{
	struct ipcbox_subscriber *subscriber;

	mutex_lock(&port->broadcast.lock);
	ipcbox_queue_set_limits(&port->queue, limits);
	list_for_each_entry(subscriber, &port->broadcast.subscribers, node)
		ipcbox_queue_set_limits(&subscriber->queue, limits);
	mutex_unlock(&port->broadcast.lock);
}

static void ipcbox_subscriber_stat(struct ipcbox_subscriber *subscriber,
				   bool shown, struct ipcbox_stat *stat)
{
	struct ipcbox_queue *queue = &subscriber->queue;

	spin_lock(&queue->lock);
	stat->received += queue->counts.received;
	stat->received_bytes += queue->counts.received_bytes;
	stat->waiting_receivers += queue->counts.waiting_receivers;
	stat->taken += queue->counts.taken;
	if (shown || queue->line.messages > stat->messages) {
		stat->messages = queue->line.messages;
		stat->bytes = queue->line.bytes;
		stat->next_size = ipcbox_queue_next_size_locked(queue);
	}
	spin_unlock(&queue->lock);
}

/**
 * ipcbox_broadcast_stat_locked() - what is in line, received and lost
 * @port: port
 * @own: whose line to tell of; NULL for that which is longest
 * @stat: filled in already, from the queue of the port
 */
void ipcbox_broadcast_stat_locked(struct ipcbox_port *port,
				  struct ipcbox_subscriber *own,
				  struct ipcbox_stat *stat)
{
	struct ipcbox_broadcast *broadcast = &port->broadcast;
	struct ipcbox_subscriber *subscriber;

	lockdep_assert_held(&broadcast->lock);
	stat->received = broadcast->received;
	stat->received_bytes = broadcast->received_bytes;
	stat->lost = own ? own->lost : broadcast->lost;
	list_for_each_entry(subscriber, &broadcast->subscribers, node) {
		if (!own)
			stat->lost += subscriber->lost;
		if (own != subscriber)
			ipcbox_subscriber_stat(subscriber, false, stat);
	}
	/* Last, so that it is the one that is shown. */
	if (own)
		ipcbox_subscriber_stat(own, true, stat);
}
