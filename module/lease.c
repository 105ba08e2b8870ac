// SPDX-License-Identifier: GPL-2.0-only
/* Leases that have a time: one timer for each port, set to the first to expire */

#include <linux/ktime.h>
#include <linux/sched.h>

#include "dead_letter.h"
#include "lease.h"
#include "message.h"
#include "port.h"
#include "queue.h"
#include "watch.h"

static struct ipcbox_port *ipcbox_port_of_leases(struct ipcbox_leases *leases)
{
	return container_of(leases, struct ipcbox_port, leases);
}

/* The work holds a reference on the port. */
static void ipcbox_leases_arm(struct ipcbox_leases *leases)
{
	struct ipcbox_port *port = ipcbox_port_of_leases(leases);
	struct timerqueue_node *first = timerqueue_getnext(&leases->expiry);
	s64 ns;

	lockdep_assert_held(&port->queue.lock);
	if (!first || port->queue.dead)
		return;
	ns = max_t(s64, ktime_to_ns(ktime_sub(first->expires, ktime_get())), 0);
	ipcbox_port_get(port);
	/* One that was armed already has its reference. */
	if (mod_delayed_work(ipcbox_workqueue, &leases->work,
			     nsecs_to_jiffies64(ns) + 1))
		ipcbox_port_put(port);
}

/**
 * ipcbox_lease_begin_locked() - let a message return to its place in time
 * @port: its port
 * @msg: message that is held
 * @lease: time, ns
 */
void ipcbox_lease_begin_locked(struct ipcbox_port *port,
			       struct ipcbox_message *msg, u64 lease)
{
	struct ipcbox_leases *leases = &port->leases;
	ktime_t now = ktime_get();

	lockdep_assert_held(&port->queue.lock);
	msg->expiry.expires = ktime_add_safe(now, min_t(u64, lease, KTIME_MAX));
	if (timerqueue_add(&leases->expiry, &msg->expiry))
		ipcbox_leases_arm(leases);
}

/* Message that has expired, or NULL. */
static struct ipcbox_message *ipcbox_lease_expired(struct ipcbox_leases *leases)
{
	struct ipcbox_port *port = ipcbox_port_of_leases(leases);
	struct timerqueue_node *first = timerqueue_getnext(&leases->expiry);

	/* Without a line to return to, they go with their holders. */
	if (port->queue.dead)
		return NULL;
	if (!first || ktime_before(ktime_get(), first->expires))
		return NULL;
	return container_of(first, struct ipcbox_message, expiry);
}

/* The holder is told before anybody receives the message anew. */
static void ipcbox_lease_end(struct ipcbox_port *port,
			     struct ipcbox_message *msg,
			     struct ipcbox_wake *wake,
			     struct ipcbox_departure *left)
{
	struct ipcbox_message *event = msg->expired;

	msg->expired = NULL;
	if (event)
		ipcbox_queue_tell_locked(&port->queue, event, wake);
	ipcbox_dead_letter_return_locked(port, msg, wake, left);
}

static void ipcbox_leases_work(struct work_struct *work)
{
	struct ipcbox_leases *leases =
		container_of(work, struct ipcbox_leases, work.work);
	struct ipcbox_port *port = ipcbox_port_of_leases(leases);
	struct ipcbox_queue *queue = &port->queue;
	struct ipcbox_departure left;
	struct ipcbox_message *msg;
	struct ipcbox_wake wake;

	do {
		left = (struct ipcbox_departure){};
		wake = (struct ipcbox_wake){};
		spin_lock(&queue->lock);
		msg = ipcbox_lease_expired(leases);
		if (msg)
			ipcbox_lease_end(port, msg, &wake, &left);
		else
			ipcbox_leases_arm(leases);
		ipcbox_queue_unlock_and_wake(queue, &wake);
		ipcbox_departure_finish(port, &left);
		cond_resched();
	} while (msg);
	ipcbox_port_put(port);
}

void ipcbox_leases_init(struct ipcbox_leases *leases)
{
	timerqueue_init_head(&leases->expiry);
	INIT_DELAYED_WORK(&leases->work, ipcbox_leases_work);
}

/* The queue is dead: nothing has to expire any more. */
void ipcbox_leases_stop(struct ipcbox_leases *leases)
{
	if (cancel_delayed_work(&leases->work))
		ipcbox_port_put(ipcbox_port_of_leases(leases));
}
