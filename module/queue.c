// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: order, capacity, waiting, and the hand-off between the two sides
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

#include <linux/bitops.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "message.h"
#include "queue.h"
#include "trace.h"

#define IPCBOX_WAITING	1	/* waiter->result: not over; else 0 or -errno */

/**
 * struct ipcbox_waiter - a thread that waits in a send or in a receive
 * @node: in queue->senders, queue->pinned or queue->receivers
 * @task: the thread
 * @msg: of a sender: its message, NULL once that belongs to a receiver; of a
 *	receiver: the message handed to it
 * @filter: of a receiver
 * @needed: of a receiver that ends with -EMSGSIZE: the length of the message
 * @result: see [RESULT]
 */
struct ipcbox_waiter {
	struct list_head node;
	struct task_struct *task;
	struct ipcbox_message *msg;
	const struct ipcbox_filter *filter;
	size_t needed;
	int result;
};

/**
 * struct ipcbox_wake - who to wake once the lock is dropped
 * @task: a thread, or NULL
 * @poll: events for those who poll
 *
 * There is one place for a thread because nearly all operations wake one at
 * the most; those that wake more wake all but the last under the lock.
 */
struct ipcbox_wake {
	struct task_struct *task;
	__poll_t poll;
};

static void ipcbox_wake_task(struct ipcbox_wake *wake)
{
	if (!wake->task)
		return;
	wake_up_process(wake->task);
	put_task_struct(wake->task);
	wake->task = NULL;
}

static void ipcbox_wake_poll(struct ipcbox_wake *wake,
			     struct ipcbox_queue *queue, __poll_t events)
{
	lockdep_assert_held(&queue->lock);
	/*
	 * No barrier: pollers queue themselves before they look under the
	 * lock, so one that saw nothing there is seen here.
	 */
	if (waitqueue_active(&queue->poll))
		wake->poll |= events;
}

static void ipcbox_unlock_and_wake(struct ipcbox_queue *queue,
				   struct ipcbox_wake *wake)
	__releases(&queue->lock)
{
	spin_unlock(&queue->lock);
	ipcbox_wake_task(wake);
	if (wake->poll)
		wake_up_interruptible_poll(&queue->poll, wake->poll);
}

/* Waiters */

static void ipcbox_waiter_init(struct ipcbox_waiter *waiter,
			       struct ipcbox_message *msg,
			       const struct ipcbox_filter *filter)
{
	waiter->task = current;
	waiter->msg = msg;
	waiter->filter = filter;
	waiter->needed = 0;
	waiter->result = IPCBOX_WAITING;
}

static void ipcbox_waiter_finish(struct ipcbox_queue *queue,
				 struct ipcbox_waiter *waiter, int result,
				 struct ipcbox_wake *wake)
{
	lockdep_assert_held(&queue->lock);
	list_del(&waiter->node);
	ipcbox_wake_task(wake);
	wake->task = get_task_struct(waiter->task);
	/* Pairs with the acquire in ipcbox_waiter_sleep(), see [RESULT]. */
	smp_store_release(&waiter->result, result);
}

static int ipcbox_waiter_schedule(const struct ipcbox_wait *wait)
{
	ktime_t expires = ns_to_ktime(wait->deadline);
	u64 slack;

	if (signal_pending(current))
		return -ERESTARTSYS;
	if (!wait->deadline) {
		schedule();
		return 0;
	}
	slack = rt_task(current) ? 0 : current->timer_slack_ns;
	return schedule_hrtimeout_range(&expires, slack, HRTIMER_MODE_ABS) ?
	       0 : -ETIMEDOUT;
}

/* Sleeps until the waiter has a result (0), or has a reason to give up. */
static int ipcbox_waiter_sleep(struct ipcbox_waiter *waiter,
			       const struct ipcbox_wait *wait)
{
	int ret;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		/* Pairs with the release in ipcbox_waiter_finish(). */
		if (smp_load_acquire(&waiter->result) != IPCBOX_WAITING) {
			ret = 0;
			break;
		}
		ret = ipcbox_waiter_schedule(wait);
		if (ret)
			break;
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/* The line */

static bool ipcbox_message_before(const struct ipcbox_message *a,
				  const struct ipcbox_message *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->seq < b->seq;
}

static bool ipcbox_message_type_before(const struct ipcbox_message *a,
				       const struct ipcbox_message *b)
{
	if (a->type != b->type)
		return a->type < b->type;
	return ipcbox_message_before(a, b);
}

static struct ipcbox_message *ipcbox_message_of_type(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_message, by_type);
}

static bool ipcbox_type_less(struct rb_node *a, const struct rb_node *b)
{
	return ipcbox_message_type_before(ipcbox_message_of_type(a),
					  ipcbox_message_of_type(b));
}

static int ipcbox_type_cmp(const void *key, const struct rb_node *node)
{
	u64 type = *(const u64 *)key, other = ipcbox_message_of_type(node)->type;

	return type < other ? -1 : type > other;
}

/*
 * A new message has the highest seq of all and belongs at the end, where the
 * search begins; one that is given back belongs near the front.
 */
static struct list_head *ipcbox_line_place(struct ipcbox_queue *queue,
					   const struct ipcbox_message *msg)
{
	struct list_head *line = &queue->line[msg->priority];
	struct ipcbox_message *other;

	if (list_empty(line) ||
	    list_last_entry(line, typeof(*other), node)->seq < msg->seq)
		return line;
	list_for_each_entry(other, line, node)
		if (msg->seq < other->seq)
			return &other->node;
	return line;
}

static void ipcbox_line_insert(struct ipcbox_queue *queue,
			       struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	/* Unless its bookmark is still there. */
	if (list_empty(&msg->node))
		list_add_tail(&msg->node, ipcbox_line_place(queue, msg));
	if (msg->type)
		rb_add(&msg->by_type, &queue->by_type, ipcbox_type_less);
	queue->ready |= BIT(msg->priority);
	queue->counts.messages++;
	queue->counts.bytes += msg->len;
	msg->state = IPCBOX_MESSAGE_QUEUED;
}

/* Out of line, into a new state, but for a bookmark. */
static void ipcbox_line_leave(struct ipcbox_queue *queue,
			      struct ipcbox_message *msg,
			      enum ipcbox_message_state state)
{
	lockdep_assert_held(&queue->lock);
	if (msg->type)
		rb_erase(&msg->by_type, &queue->by_type);
	queue->counts.messages--;
	queue->counts.bytes -= msg->len;
	msg->state = state;
}

static void ipcbox_line_remove(struct ipcbox_queue *queue,
			       struct ipcbox_message *msg)
{
	ipcbox_line_leave(queue, msg, IPCBOX_MESSAGE_RECALLED);
	list_del_init(&msg->node);
}

static void ipcbox_line_take(struct ipcbox_queue *queue,
			     struct ipcbox_message *msg)
{
	ipcbox_line_leave(queue, msg, IPCBOX_MESSAGE_TAKEN);
	if (list_is_first(&msg->node, &queue->line[msg->priority]))
		list_del_init(&msg->node);
	queue->counts.taken++;
}

/* A bookmark that has come to the front has done its duty. */
static struct ipcbox_message *
ipcbox_line_first_of(struct list_head *line)
{
	struct ipcbox_message *msg, *next;

	list_for_each_entry_safe(msg, next, line, node) {
		if (msg->state == IPCBOX_MESSAGE_QUEUED)
			return msg;
		list_del_init(&msg->node);
	}
	return NULL;
}

static struct ipcbox_message *ipcbox_line_first(struct ipcbox_queue *queue,
						u64 type)
{
	struct ipcbox_message *msg;
	unsigned int priority;

	lockdep_assert_held(&queue->lock);
	if (type)
		return ipcbox_message_of_type(rb_find_first(&type,
							    &queue->by_type,
							    ipcbox_type_cmp));
	while (queue->ready) {
		priority = __fls(queue->ready);
		msg = ipcbox_line_first_of(&queue->line[priority]);
		if (msg)
			return msg;
		queue->ready &= ~BIT(priority);
	}
	return NULL;
}

/* Capacity */

static bool ipcbox_queue_fits(const struct ipcbox_queue *queue,
			      const struct ipcbox_message *msg)
{
	const struct ipcbox_limits *limits = &queue->limits;

	if (queue->admitted >= limits->max_messages)
		return false;
	return !limits->max_bytes ||
	       queue->admitted_bytes + msg->len <= limits->max_bytes;
}

static void ipcbox_queue_admit(struct ipcbox_queue *queue,
			       struct ipcbox_message *msg)
{
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
	queue->counts.waiting_senders--;
	ipcbox_waiter_finish(queue, sender, result, wake);
}

/* In the order of waiting; nobody passes one whose message is too long yet. */
static void ipcbox_queue_admit_pending(struct ipcbox_queue *queue,
				       struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *sender, *next;

	list_for_each_entry_safe(sender, next, &queue->senders, node) {
		if (!ipcbox_queue_fits(queue, sender->msg))
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
	queue->counts.waiting_receivers--;
	ipcbox_waiter_finish(queue, receiver, result, wake);
}

static bool ipcbox_filter_accepts(const struct ipcbox_filter *filter,
				  const struct ipcbox_message *msg)
{
	return !filter->type || filter->type == msg->type;
}

/* Is somebody waiting who would take this message away? */
static bool ipcbox_queue_wanted(struct ipcbox_queue *queue,
				const struct ipcbox_message *msg)
{
	struct ipcbox_waiter *waiter;

	list_for_each_entry(waiter, &queue->receivers, node)
		if (ipcbox_filter_accepts(waiter->filter, msg) &&
		    !waiter->filter->peek && waiter->filter->room >= msg->len)
			return true;
	return false;
}

/*
 * Gives a message to the longest-waiting receiver that accepts it. Those that
 * only peek, or whose buffer is too short, end their wait without it: they
 * look again, or return EMSGSIZE.
 */
static bool ipcbox_queue_hand_off(struct ipcbox_queue *queue,
				  struct ipcbox_message *msg,
				  struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *receiver, *next;

	list_for_each_entry_safe(receiver, next, &queue->receivers, node) {
		if (!ipcbox_filter_accepts(receiver->filter, msg))
			continue;
		if (receiver->filter->room < msg->len) {
			receiver->needed = msg->len;
			ipcbox_queue_receiver_done(queue, receiver, -EMSGSIZE,
						   wake);
			continue;
		}
		if (receiver->filter->peek) {
			ipcbox_queue_receiver_done(queue, receiver, 0, wake);
			continue;
		}
		msg->state = IPCBOX_MESSAGE_TAKEN;
		queue->counts.taken++;
		receiver->msg = msg;
		trace_ipcbox_message_handed(queue, msg);
		ipcbox_queue_receiver_done(queue, receiver, 0, wake);
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
	ipcbox_line_insert(queue, msg);
	trace_ipcbox_message_queued(queue, msg);
	ipcbox_wake_poll(wake, queue, EPOLLIN | EPOLLRDNORM);
}

/* Sending */

/*
 * A rendezvous without waiting hands the message to a receiver that waits. If
 * that one fails, the message is in line although the capacity is 0.
 */
static bool ipcbox_queue_sends_now(struct ipcbox_queue *queue,
				   const struct ipcbox_message *msg, bool nowait)
{
	if (msg->pinned)
		return false;
	if (list_empty(&queue->senders) && ipcbox_queue_fits(queue, msg))
		return true;
	return nowait && !queue->limits.max_messages &&
	       ipcbox_queue_wanted(queue, msg);
}

/* The message goes back to its sender, or is dropped by who copies it now. */
static void ipcbox_queue_withdraw(struct ipcbox_queue *queue,
				  struct ipcbox_waiter *sender)
{
	struct ipcbox_message *msg = sender->msg;

	trace_ipcbox_message_recalled(queue, msg);
	if (msg->state == IPCBOX_MESSAGE_QUEUED) {
		ipcbox_line_remove(queue, msg);
	} else {
		msg->state = IPCBOX_MESSAGE_RECALLED;
		sender->msg = NULL;
	}
}

/* A sender gives up: 0 if its send has ended meanwhile, else why it failed. */
static int ipcbox_queue_recall(struct ipcbox_queue *queue,
			       struct ipcbox_waiter *waiter, int why)
{
	struct ipcbox_wake wake = {};

	spin_lock(&queue->lock);
	if (waiter->result == IPCBOX_WAITING) {
		list_del(&waiter->node);
		queue->counts.waiting_senders--;
		ipcbox_queue_withdraw(queue, waiter);
		ipcbox_queue_admit_pending(queue, &wake);
	} else {
		why = waiter->result;
	}
	ipcbox_unlock_and_wake(queue, &wake);
	return why;
}

/* Publishes a pending message, drops the lock, and waits with it. */
static noinline int ipcbox_queue_send_pending(struct ipcbox_queue *queue,
					      struct ipcbox_message *msg,
					      const struct ipcbox_wait *wait)
	__releases(&queue->lock)
{
	struct ipcbox_waiter waiter;
	struct ipcbox_wake wake = {};
	int ret;

	ipcbox_waiter_init(&waiter, msg, NULL);
	msg->sender = &waiter;
	list_add_tail(&waiter.node,
		      msg->pinned ? &queue->pinned : &queue->senders);
	queue->counts.waiting_senders++;
	ipcbox_queue_publish(queue, msg, &wake);
	ipcbox_unlock_and_wake(queue, &wake);

	ret = ipcbox_waiter_sleep(&waiter, wait);
	ret = ret ? ipcbox_queue_recall(queue, &waiter, ret) : waiter.result;
	if (ret && waiter.msg)
		ipcbox_message_put(waiter.msg, &queue->spare);
	return ret;
}

static int ipcbox_queue_send_check(const struct ipcbox_queue *queue,
				   const struct ipcbox_message *msg)
{
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
	msg->seq = queue->next_seq++;
	if (ipcbox_queue_sends_now(queue, msg, wait->nowait)) {
		ipcbox_queue_admit(queue, msg);
		ipcbox_queue_publish(queue, msg, &wake);
		ipcbox_unlock_and_wake(queue, &wake);
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
	msg = ipcbox_line_first(queue, filter->type);
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
	ipcbox_line_take(queue, msg);
	return 0;
}

/* A receiver gives up: 0 if its receive has ended meanwhile, else why not. */
static int ipcbox_queue_leave(struct ipcbox_queue *queue,
			      struct ipcbox_waiter *waiter, int why)
{
	spin_lock(&queue->lock);
	if (waiter->result == IPCBOX_WAITING) {
		list_del(&waiter->node);
		queue->counts.waiting_receivers--;
	} else {
		why = waiter->result;
	}
	spin_unlock(&queue->lock);
	return why;
}

/* Drops the lock and waits: 0 with a message or, to look again, without. */
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
	/* A rendezvous can be had without waiting while a receiver waits. */
	if (!queue->limits.max_messages)
		ipcbox_wake_poll(&wake, queue, EPOLLOUT | EPOLLWRNORM);
	ipcbox_unlock_and_wake(queue, &wake);

	ret = ipcbox_waiter_sleep(&waiter, wait);
	ret = ret ? ipcbox_queue_leave(queue, &waiter, ret) : waiter.result;
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
	trace_ipcbox_message_received(queue, msg);
	ipcbox_message_uncharge(msg);
	queue->counts.received++;
	queue->counts.received_bytes += msg->len;
	if (msg->sender) {
		queue->counts.sent++;
		queue->counts.sent_bytes += msg->len;
		ipcbox_queue_sender_done(queue, msg->sender, 0, wake);
	} else {
		queue->admitted--;
		queue->admitted_bytes -= msg->len;
	}
	ipcbox_queue_admit_pending(queue, wake);
}

/* For good: a bookmark that is still in line goes. */
static void ipcbox_queue_end_take(struct ipcbox_queue *queue,
				  struct ipcbox_message *msg)
{
	lockdep_assert_held(&queue->lock);
	queue->counts.taken--;
	if (!list_empty(&msg->node))
		list_del_init(&msg->node);
}

/**
 * ipcbox_queue_settle() - make a receive final
 * @queue: queue
 * @msg: message from ipcbox_queue_take(), whose reference is dropped
 *
 * This is the moment at which the message is received and its sender, if it
 * still waits, has sent it.
 *
 * Return: true, or false if the sender has recalled the message meanwhile
 */
bool ipcbox_queue_settle(struct ipcbox_queue *queue, struct ipcbox_message *msg)
{
	struct ipcbox_wake wake = {};
	bool recalled;

	spin_lock(&queue->lock);
	ipcbox_queue_end_take(queue, msg);
	recalled = msg->state == IPCBOX_MESSAGE_RECALLED;
	if (!recalled)
		ipcbox_queue_received(queue, msg, &wake);
	ipcbox_unlock_and_wake(queue, &wake);
	ipcbox_message_put(msg, &queue->spare);
	return !recalled;
}

/**
 * ipcbox_queue_give_back() - undo a take
 * @queue: queue
 * @msg: message from ipcbox_queue_take(), whose reference is given up
 *
 * The message is where it was before: first in line for the same receivers.
 */
void ipcbox_queue_give_back(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg)
{
	struct ipcbox_wake wake = {};
	bool gone;

	spin_lock(&queue->lock);
	gone = queue->dead || msg->state == IPCBOX_MESSAGE_RECALLED;
	if (gone) {
		ipcbox_queue_end_take(queue, msg);
	} else {
		queue->counts.taken--;
		trace_ipcbox_message_returned(queue, msg);
		ipcbox_queue_publish(queue, msg, &wake);
	}
	ipcbox_unlock_and_wake(queue, &wake);
	if (gone)
		ipcbox_message_put(msg, &queue->spare);
}

/**
 * ipcbox_queue_peek_done() - end a peek
 * @queue: queue
 * @msg: message from ipcbox_queue_take(), whose reference is dropped
 *
 * Return: true, or false if the sender's pages may have changed while they
 * were looked at, because the message was received or recalled meanwhile
 */
bool ipcbox_queue_peek_done(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg)
{
	bool valid = true;

	if (msg->pinned) {
		spin_lock(&queue->lock);
		valid = msg->state == IPCBOX_MESSAGE_QUEUED;
		spin_unlock(&queue->lock);
	}
	ipcbox_message_put(msg, &queue->spare);
	return valid;
}

/* Polling */

/* Does somebody wait who would take a message away, of a type he likes? */
static bool ipcbox_queue_awaited(const struct ipcbox_queue *queue)
{
	const struct ipcbox_waiter *waiter;

	list_for_each_entry(waiter, &queue->receivers, node)
		if (!waiter->filter->peek)
			return true;
	return false;
}

/* Writable means that a message of any allowed length would be admitted. */
static bool ipcbox_queue_writable(const struct ipcbox_queue *queue)
{
	const struct ipcbox_limits *limits = &queue->limits;

	lockdep_assert_held(&queue->lock);
	if (!limits->max_messages)
		return ipcbox_queue_awaited(queue);
	if (!list_empty(&queue->senders) ||
	    queue->admitted >= limits->max_messages)
		return false;
	return !limits->max_bytes || queue->admitted_bytes +
				     limits->max_msgsize <= limits->max_bytes;
}

/** ipcbox_queue_poll() - poll() for both sides of a queue */
__poll_t ipcbox_queue_poll(struct ipcbox_queue *queue, struct file *file,
			   poll_table *table)
{
	__poll_t events = 0;

	poll_wait(file, &queue->poll, table);
	spin_lock(&queue->lock);
	if (queue->dead)
		events = EPOLLHUP | EPOLLERR;
	else if (queue->counts.messages)
		events = EPOLLIN | EPOLLRDNORM;
	if (!queue->dead && ipcbox_queue_writable(queue))
		events |= EPOLLOUT | EPOLLWRNORM;
	spin_unlock(&queue->lock);
	return events;
}

/** ipcbox_queue_next_size_locked() - length of the first message, 0 for none */
size_t ipcbox_queue_next_size_locked(struct ipcbox_queue *queue)
{
	struct ipcbox_message *msg = ipcbox_line_first(queue, 0);

	return msg ? msg->len : 0;
}

/* Beginning, change and end */

void ipcbox_queue_init(struct ipcbox_queue *queue,
		       const struct ipcbox_limits *limits)
{
	unsigned int i;

	spin_lock_init(&queue->lock);
	queue->limits = *limits;
	INIT_LIST_HEAD(&queue->receivers);
	INIT_LIST_HEAD(&queue->senders);
	INIT_LIST_HEAD(&queue->pinned);
	queue->by_type = RB_ROOT;
	init_waitqueue_head(&queue->poll);
	for (i = 0; i < ARRAY_SIZE(queue->line); i++)
		INIT_LIST_HEAD(&queue->line[i]);
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
	queue->limits = *limits;
	ipcbox_queue_admit_pending(queue, &wake);
	ipcbox_unlock_and_wake(queue, &wake);
}

static void ipcbox_queue_kill_senders(struct ipcbox_queue *queue,
				      struct list_head *senders,
				      struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *sender, *next;

	list_for_each_entry_safe(sender, next, senders, node) {
		ipcbox_queue_withdraw(queue, sender);
		ipcbox_queue_sender_done(queue, sender, -EIDRM, wake);
	}
}

static void ipcbox_queue_kill_waiters(struct ipcbox_queue *queue)
{
	struct ipcbox_wake wake = { .poll = EPOLLHUP | EPOLLERR };
	struct ipcbox_waiter *receiver, *next;

	spin_lock(&queue->lock);
	queue->dead = true;
	list_for_each_entry_safe(receiver, next, &queue->receivers, node)
		ipcbox_queue_receiver_done(queue, receiver, -EIDRM, &wake);
	ipcbox_queue_kill_senders(queue, &queue->senders, &wake);
	ipcbox_queue_kill_senders(queue, &queue->pinned, &wake);
	ipcbox_unlock_and_wake(queue, &wake);
}

/* Frees a few, because there may be many: false if there is none left. */
static bool ipcbox_queue_free_some(struct ipcbox_queue *queue)
{
	struct ipcbox_message *msg, *next;
	LIST_HEAD(some);
	int n;

	spin_lock(&queue->lock);
	for (n = 0; n < 64; n++) {
		msg = ipcbox_line_first(queue, 0);
		if (!msg)
			break;
		ipcbox_line_remove(queue, msg);
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
 *
 * Wakes all waiters with -EIDRM and frees what is in line. Admitted messages
 * that receivers have taken stay theirs; those of waiting senders are recalled.
 */
void ipcbox_queue_kill(struct ipcbox_queue *queue)
{
	ipcbox_queue_kill_waiters(queue);
	while (ipcbox_queue_free_some(queue))
		;
}

/** ipcbox_queue_release() - free what is left when nobody uses a queue */
void ipcbox_queue_release(struct ipcbox_queue *queue)
{
	WARN_ON_ONCE(queue->counts.messages || queue->counts.taken);
	ipcbox_message_free(queue->spare);
}
