// SPDX-License-Identifier: GPL-2.0-only
/* Waiters: sleeping until somebody has a result, and ending that sleep */

#include <linux/cred.h>
#include <linux/hrtimer.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>

#include "process.h"
#include "waiter.h"

/* The caller has received the message. */
void ipcbox_receipt_sign(struct ipcbox_receipt *receipt)
{
	receipt->pid = get_pid(task_tgid(current));
	receipt->tid = get_pid(task_pid(current));
	current_euid_egid(&receipt->uid, &receipt->gid);
}

void ipcbox_receipt_release(struct ipcbox_receipt *receipt)
{
	put_pid(receipt->pid);
	put_pid(receipt->tid);
}

/**
 * ipcbox_waiter_finish() - end a wait
 * @waiter: waiter, of which the caller holds the lock of the list
 * @result: 0 or a negative errno
 * @wake: where to note the thread
 */
void ipcbox_waiter_finish(struct ipcbox_waiter *waiter, int result,
			  struct ipcbox_wake *wake)
{
	list_del(&waiter->node);
	ipcbox_wake_task(wake);
	wake->task = get_task_struct(waiter->task);
	/* Pairs with the acquire in ipcbox_waiter_sleep(), see [RESULT]. */
	smp_store_release(&waiter->result, result);
}

static noinline int ipcbox_waiter_schedule_until(u64 deadline)
{
	u64 slack = rt_task(current) ? 0 : current->timer_slack_ns;
	ktime_t expires = ns_to_ktime(deadline);

	return schedule_hrtimeout_range(&expires, slack, HRTIMER_MODE_ABS) ?
	       0 : -ETIMEDOUT;
}

static int ipcbox_waiter_schedule(const struct ipcbox_wait *wait)
{
	if (signal_pending(current))
		return -ERESTARTSYS;
	if (wait->deadline)
		return ipcbox_waiter_schedule_until(wait->deadline);
	schedule();
	return 0;
}

static int ipcbox_waiter_sleep_unless(struct ipcbox_waiter *waiter,
				      const struct ipcbox_wait *wait,
				      struct pid *exits)
{
	int ret;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		/* Pairs with the release in ipcbox_waiter_finish(). */
		if (smp_load_acquire(&waiter->result) != IPCBOX_WAITING) {
			ret = 0;
			break;
		}
		ret = unlikely(exits) && ipcbox_process_exited(exits) ?
		      -ESRCH : ipcbox_waiter_schedule(wait);
		if (ret)
			break;
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/**
 * ipcbox_waiter_sleep() - sleep until a wait is over
 * @waiter: the caller's
 * @wait: deadline
 *
 * Return: 0 if @waiter has a result, or a reason to give up: -ERESTARTSYS,
 * -ETIMEDOUT
 */
int ipcbox_waiter_sleep(struct ipcbox_waiter *waiter,
			const struct ipcbox_wait *wait)
{
	return ipcbox_waiter_sleep_unless(waiter, wait, NULL);
}

/**
 * ipcbox_waiter_sleep_from() - likewise, while there is one to wait for
 * @waiter: the caller's; a receiver of the messages of one process
 * @wait: deadline
 *
 * Return: as ipcbox_waiter_sleep(), or -ESRCH if that process has exited
 */
int ipcbox_waiter_sleep_from(struct ipcbox_waiter *waiter,
			     const struct ipcbox_wait *wait)
{
	struct pid *from = waiter->filter->from;
	wait_queue_entry_t exit;
	int ret;

	/* Where pidfds are told, too: after that it is seen to have exited. */
	init_waitqueue_entry(&exit, current);
	add_wait_queue(&from->wait_pidfd, &exit);
	ret = ipcbox_waiter_sleep_unless(waiter, wait, from);
	remove_wait_queue(&from->wait_pidfd, &exit);
	return ret;
}
