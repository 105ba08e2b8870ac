// SPDX-License-Identifier: GPL-2.0-only
/* Held messages: leases and requests, and who holds them */

#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "dead_letter.h"
#include "handle.h"
#include "handle_news.h"
#include "held.h"
#include "holder.h"
#include "ioctl.h"
#include "lease.h"
#include "loan.h"
#include "message.h"
#include "news.h"
#include "port.h"
#include "queue.h"

static struct ipcbox_message *ipcbox_held_of(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_message, tree);
}

static bool ipcbox_held_less(struct rb_node *a, const struct rb_node *b)
{
	return ipcbox_held_of(a)->id < ipcbox_held_of(b)->id;
}

static int ipcbox_held_cmp(const void *key, const struct rb_node *node)
{
	u64 id = *(const u64 *)key, other = ipcbox_held_of(node)->id;

	return id < other ? -1 : id > other;
}

/* Holders */

static void ipcbox_holder_release(struct kref *ref)
{
	struct ipcbox_holder *holder =
		container_of(ref, struct ipcbox_holder, ref);

	ipcbox_watch_release(&holder->watch);
	ipcbox_port_put(holder->port);
	kfree(holder);
}

static void ipcbox_holder_put(struct ipcbox_holder *holder)
{
	kref_put(&holder->ref, ipcbox_holder_release);
}

static struct ipcbox_holder *ipcbox_holder_of_watch(struct ipcbox_watch *watch)
{
	return container_of(watch, struct ipcbox_holder, watch);
}

static void ipcbox_holder_watch_get(struct ipcbox_watch *watch)
{
	kref_get(&ipcbox_holder_of_watch(watch)->ref);
}

static void ipcbox_holder_watch_put(struct ipcbox_watch *watch)
{
	ipcbox_holder_put(ipcbox_holder_of_watch(watch));
}

/*
 * Ends one hold, the one with the lowest id. What became of it: a lease is back
 * in line, or a dead letter, a request has failed. False if there was none.
 */
static bool ipcbox_holder_drop_one(struct ipcbox_holder *holder)
{
	struct ipcbox_queue *queue = &holder->port->queue;
	struct ipcbox_departure left = {};
	struct ipcbox_wake wake = {};
	struct ipcbox_message *msg;

	spin_lock(&queue->lock);
	msg = ipcbox_held_of(rb_first(&holder->held));
	if (msg && msg->call)
		ipcbox_queue_fail_sender_locked(queue, msg->sender,
						-EOWNERDEAD, &wake);
	else if (msg)
		ipcbox_dead_letter_return_locked(holder->port, msg, &wake,
						 &left);
	ipcbox_queue_unlock_and_wake(queue, &wake);
	ipcbox_departure_finish(holder->port, &left);
	return msg;
}

static void ipcbox_holder_drop_all(struct ipcbox_holder *holder)
{
	while (ipcbox_holder_drop_one(holder))
		cond_resched();
}

/* Whoever takes it from the list of its handle ends it. */
static void ipcbox_holder_end(struct ipcbox_holder *holder)
{
	ipcbox_watch_end(&holder->watch);
	ipcbox_holder_drop_all(holder);
	/* The reference of handle->holders. */
	ipcbox_holder_put(holder);
}

/* The handle may be open for long, and see many processes come and go. */
static void ipcbox_holder_exited(struct ipcbox_watch *watch)
{
	struct ipcbox_holder *holder = ipcbox_holder_of_watch(watch);
	struct ipcbox_queue *queue = &holder->port->queue;
	bool listed;

	ipcbox_holder_drop_all(holder);
	spin_lock(&queue->lock);
	listed = !list_empty(&holder->node);
	list_del_init(&holder->node);
	spin_unlock(&queue->lock);
	if (listed)
		ipcbox_holder_end(holder);
}

static const struct ipcbox_watch_ops ipcbox_holder_watch_ops = {
	.get	= ipcbox_holder_watch_get,
	.put	= ipcbox_holder_watch_put,
	.exited	= ipcbox_holder_exited,
};

/* The caller's, or NULL if it has none yet. */
static struct ipcbox_holder *
ipcbox_holder_find_locked(const struct ipcbox_handle *handle)
{
	struct ipcbox_holder *holder;

	lockdep_assert_held(&handle->port->queue.lock);
	list_for_each_entry(holder, &handle->holders, node)
		if (ipcbox_watch_is_current(&holder->watch))
			return holder;
	return NULL;
}

/* Two threads may come at the same time; one holder is used then. */
static int ipcbox_holder_add(struct ipcbox_handle *handle)
{
	struct ipcbox_queue *queue = &handle->port->queue;
	struct ipcbox_holder *holder;
	bool needed;

	holder = kzalloc(sizeof(*holder), GFP_KERNEL_ACCOUNT);
	if (!holder)
		return -ENOMEM;
	kref_init(&holder->ref);
	holder->port = ipcbox_port_get(handle->port);
	holder->held = RB_ROOT;
	holder->leases = &handle->port->leases.expiry;
	ipcbox_watch_init(&holder->watch, task_tgid(current),
			  &ipcbox_holder_watch_ops);
	spin_lock(&queue->lock);
	needed = !ipcbox_holder_find_locked(handle);
	if (needed) {
		list_add(&holder->node, &handle->holders);
		/* The reference of handle->holders serves the watch, too. */
		ipcbox_watch_begin(&holder->watch);
	}
	spin_unlock(&queue->lock);
	if (!needed)
		ipcbox_holder_put(holder);
	return 0;
}

/* Holding */

/* Its sender waits, and so is there to be asked. */
static void ipcbox_held_borrow(struct ipcbox_message *msg,
			       struct ipcbox_loan *loan)
{
	msg->loan = loan;
	ipcbox_loan_take(loan, task_nice(msg->sender->task));
}

/* 1 if it is held, 0 if it is gone, -ENOENT if there is no holder. */
static int ipcbox_held_try(struct ipcbox_handle *handle,
			   struct ipcbox_message *msg, u64 lease,
			   struct ipcbox_message *expired,
			   struct ipcbox_loan *loan)
{
	struct ipcbox_queue *queue = &handle->port->queue;
	struct ipcbox_holder *holder;
	struct ipcbox_wake wake = {};
	int held = -ENOENT;

	spin_lock(&queue->lock);
	holder = ipcbox_holder_find_locked(handle);
	if (holder)
		held = ipcbox_queue_hold_locked(queue, msg);
	if (held > 0) {
		msg->holder = holder;
		if (loan)
			ipcbox_held_borrow(msg, loan);
		else
			msg->expired = expired;
		rb_add(&msg->tree, &holder->held, ipcbox_held_less);
		timerqueue_init(&msg->expiry);
		if (lease)
			ipcbox_lease_begin_locked(handle->port, msg, lease);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	return held;
}

/**
 * ipcbox_held_begin() - let the caller hold a message that it has received
 * @handle: through this
 * @msg: message from ipcbox_queue_take(), copied; with 0 or 1 it is not the
 *	caller's any more
 * @lease: until it returns to its place, ns; 0 for no limit
 * @loan: the caller's, for a request, which then has it, or NULL
 *
 * Return: 1, 0 if the sender has recalled the message meanwhile, -ENOMEM or
 * -EDQUOT
 */
int ipcbox_held_begin(struct ipcbox_handle *handle, struct ipcbox_message *msg,
		      u64 lease, struct ipcbox_loan *loan)
{
	struct ipcbox_message *expired = NULL;
	int ret;

	if (lease)
		expired = ipcbox_handle_new_expired(handle, msg->id);
	if (IS_ERR(expired))
		return PTR_ERR(expired);
	do {
		ret = ipcbox_held_try(handle, msg, lease, expired, loan);
		if (!ret)
			ipcbox_message_put(msg, &handle->port->queue.spare);
	} while (ret == -ENOENT && !(ret = ipcbox_holder_add(handle)));
	if (ret <= 0 && expired)
		ipcbox_event_free(expired);
	return ret;
}

/* What is received through a handle may be answered by all who have it. */
struct ipcbox_message *ipcbox_held_find_locked(struct ipcbox_handle *handle,
					       u64 id)
{
	struct ipcbox_holder *holder;
	struct rb_node *node;

	lockdep_assert_held(&handle->port->queue.lock);
	list_for_each_entry(holder, &handle->holders, node) {
		node = rb_find(&id, &holder->held, ipcbox_held_cmp);
		if (node)
			return ipcbox_held_of(node);
	}
	return NULL;
}

static struct ipcbox_holder *ipcbox_holder_pop(struct ipcbox_handle *handle)
{
	struct ipcbox_queue *queue = &handle->port->queue;
	struct ipcbox_holder *holder;

	spin_lock(&queue->lock);
	holder = list_first_entry_or_null(&handle->holders,
					  struct ipcbox_holder, node);
	if (holder)
		list_del_init(&holder->node);
	spin_unlock(&queue->lock);
	return holder;
}

/* The handle is closed: nobody can answer any more. */
void ipcbox_held_close(struct ipcbox_handle *handle)
{
	struct ipcbox_holder *holder;

	while ((holder = ipcbox_holder_pop(handle)))
		ipcbox_holder_end(holder);
}

/* IPCBOX_ACK and IPCBOX_NACK */

/* Where a message of that id goes, in one of two ways. */
static int ipcbox_held_end(struct ipcbox_ioctl *call, bool done)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	struct ipcbox_queue *queue = &handle->port->queue;
	struct ipcbox_departure left = {};
	struct ipcbox_wake wake = {};
	struct ipcbox_message *msg;
	int ret = 0;

	spin_lock(&queue->lock);
	msg = ipcbox_held_find_locked(handle, call->arg.ack.id);
	if (queue->dead) {
		ret = -EIDRM;
	} else if (!msg) {
		ret = -ESRCH;
	} else if (done && msg->call) {
		ret = -EINVAL;	/* a request wants a reply */
	} else if (done) {
		ipcbox_queue_settle_locked(queue, msg, &wake);
		left.msg = msg;
	} else {
		ipcbox_dead_letter_return_locked(handle->port, msg, &wake,
						 &left);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	ipcbox_departure_finish(handle->port, &left);
	return ret;
}

int ipcbox_held_ioctl_ack(struct ipcbox_ioctl *call)
{
	return ipcbox_held_end(call, true);
}

int ipcbox_held_ioctl_nack(struct ipcbox_ioctl *call)
{
	return ipcbox_held_end(call, false);
}
