/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A waiter: a thread that waits in a send or in a receive, on its own stack
 *
 * [RESULT] A waiter ends when somebody else sets waiter->result. The waiting
 * thread reads it without the lock, and its stack holds the waiter, so the
 * store is the last access to it:
 *
 *	ipcbox_waiter_finish()		ipcbox_waiter_sleep()
 *
 *	list_del(&waiter->node)
 *	waiter->msg = …			set_current_state(INTERRUPTIBLE)
 *	task = get(waiter->task)	  // full barrier
 *	smp_store_release(result) --.
 *	  // waiter may be gone	     `->smp_load_acquire(result)
 *	…				// done: waiter->msg is ours
 *	spin_unlock(&queue->lock)	// not done: schedule()
 *	wake_up_process(task)
 *	  // full barrier
 *
 * The acquire pairs with the release for waiter->msg and the message behind
 * it. The barriers in set_current_state() and wake_up_process() pair with each
 * other: either the sleeper sees the result, or the waker sees it asleep. A
 * thread that gives up waiting (signal, deadline) takes the lock, under which
 * the result cannot change, and looks once more: what was handed to it is its.
 */
#ifndef _IPCBOX_WAITER_H
#define _IPCBOX_WAITER_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/ipcbox.h>

struct ipcbox_message;
struct ipcbox_news;
struct pid;

#define IPCBOX_WAITING	1	/* waiter->result: not over; else 0 or -errno */

/**
 * struct ipcbox_wait - whether and how long to wait
 * @nowait: fail with EAGAIN instead
 * @deadline: CLOCK_MONOTONIC, ns; 0 for none
 */
struct ipcbox_wait {
	bool nowait;
	u64 deadline;
};

/**
 * struct ipcbox_filter - what a receiver accepts
 * @type: this type of message; 0 for all
 * @from: those of this process alone, and no events; NULL for all
 * @room: payloads up to this length
 * @peek: look, do not take
 * @news: where the handle has its news, if it has any
 */
struct ipcbox_filter {
	u64 type;
	struct pid *from;
	size_t room;
	bool peek;
	struct ipcbox_news **news;
};

/* Does it want events alone? */
static inline bool ipcbox_filter_only_hears(const struct ipcbox_filter *filter)
{
	return filter->type == IPCBOX_TYPE_EVENT;
}

/* Does it take no message, because it looks or wants events alone? */
static inline bool ipcbox_filter_passive(const struct ipcbox_filter *filter)
{
	return filter->peek || ipcbox_filter_only_hears(filter);
}

/* Does it take events? */
static inline bool ipcbox_filter_hears(const struct ipcbox_filter *filter)
{
	return !filter->peek && !filter->from &&
	       (!filter->type || ipcbox_filter_only_hears(filter));
}

/**
 * struct ipcbox_receipt - who has received a message
 * @pid: process; NULL until the message is received
 * @tid: thread
 * @uid: effective user
 * @gid: effective group
 */
struct ipcbox_receipt {
	struct pid *pid;
	struct pid *tid;
	kuid_t uid;
	kgid_t gid;
};

/**
 * struct ipcbox_waiter - a waiting thread
 * @node: in one of the lists of a queue, or of a selective receiver, in none
 * @by_type: of a selective receiver: in the tree of its queue
 * @task: the thread
 * @msg: of a sender: its message, NULL once that belongs to a receiver; of a
 *	receiver: the message handed to it
 * @filter: of a receiver
 * @seq: of a receiver: those who began to wait before it have a lower one
 * @needed: of a receiver that ends with -EMSGSIZE: the length of the message
 * @result: see [RESULT]
 */
struct ipcbox_waiter {
	struct list_head node;
	struct rb_node by_type;
	struct task_struct *task;
	struct ipcbox_message *msg;
	const struct ipcbox_filter *filter;
	u64 seq;
	size_t needed;
	int result;
};

/**
 * struct ipcbox_wake - who to wake once the lock is dropped
 * @task: a thread, or NULL
 * @poll: what to tell those who poll
 * @poll_all: it is for one handle: tell all, so that whoever polls that is told
 *
 * There is one place for a thread because nearly all operations wake one at
 * the most; those that wake more wake all but the last under the lock. (The
 * core kernel's wake_q would do, but is not exported.)
 */
struct ipcbox_wake {
	struct task_struct *task;
	__poll_t poll;
	bool poll_all;
};

/* Wakes the thread that is to be woken, if there is one. */
static inline void ipcbox_wake_task(struct ipcbox_wake *wake)
{
	if (!wake->task)
		return;
	wake_up_process(wake->task);
	put_task_struct(wake->task);
	wake->task = NULL;
}

static inline void ipcbox_waiter_init(struct ipcbox_waiter *waiter,
				      struct ipcbox_message *msg,
				      const struct ipcbox_filter *filter)
{
	waiter->task = current;
	waiter->msg = msg;
	waiter->filter = filter;
	waiter->needed = 0;
	waiter->result = IPCBOX_WAITING;
}

void ipcbox_receipt_sign(struct ipcbox_receipt *receipt);
void ipcbox_receipt_release(struct ipcbox_receipt *receipt);
void ipcbox_waiter_finish(struct ipcbox_waiter *waiter, int result,
			  struct ipcbox_wake *wake);
int ipcbox_waiter_sleep(struct ipcbox_waiter *waiter,
			const struct ipcbox_wait *wait);
int ipcbox_waiter_sleep_from(struct ipcbox_waiter *waiter,
			     const struct ipcbox_wait *wait);

#endif /* _IPCBOX_WAITER_H */
