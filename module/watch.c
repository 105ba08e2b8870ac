// SPDX-License-Identifier: GPL-2.0-only
/* Watches: on the wait queue of a process, and the work after its exit */

#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "process.h"
#include "watch.h"

struct workqueue_struct *ipcbox_workqueue;

/* Called with tasklist_lock and pid->wait_pidfd.lock held: only queue work. */
static int ipcbox_watch_notify(wait_queue_entry_t *entry, unsigned int mode,
			       int flags, void *key)
{
	struct ipcbox_watch *watch =
		container_of(entry, struct ipcbox_watch, exit);

	/* The watch holds a reference, so neither is ever the last one. */
	watch->ops->get(watch);
	if (!queue_work(ipcbox_workqueue, &watch->work))
		watch->ops->put(watch);
	return 0;
}

static void ipcbox_watch_work(struct work_struct *work)
{
	struct ipcbox_watch *watch =
		container_of(work, struct ipcbox_watch, work);

	if (ipcbox_watch_exited(watch))
		watch->ops->exited(watch);
	watch->ops->put(watch);
}

void ipcbox_watch_init(struct ipcbox_watch *watch, struct pid *process,
		       const struct ipcbox_watch_ops *ops)
{
	watch->pid = get_pid(process);
	watch->watched = false;
	watch->ops = ops;
	init_waitqueue_func_entry(&watch->exit, ipcbox_watch_notify);
	INIT_WORK(&watch->work, ipcbox_watch_work);
}

void ipcbox_watch_release(struct ipcbox_watch *watch)
{
	put_pid(watch->pid);
}

/**
 * ipcbox_watch_begin() - have ops->exited() called when the process exits
 * @watch: watch; needs a reference on its object, which the caller gets back
 *	from ipcbox_watch_end()
 */
void ipcbox_watch_begin(struct ipcbox_watch *watch)
{
	watch->watched = true;
	add_wait_queue(&watch->pid->wait_pidfd, &watch->exit);
}

/**
 * ipcbox_watch_end() - end the watch, if there is one
 * @watch: watch
 *
 * Return: whether there was one; its reference on the object is the caller's
 */
bool ipcbox_watch_end(struct ipcbox_watch *watch)
{
	if (!watch->watched)
		return false;
	watch->watched = false;
	remove_wait_queue(&watch->pid->wait_pidfd, &watch->exit);
	return true;
}

bool ipcbox_watch_exited(const struct ipcbox_watch *watch)
{
	return ipcbox_process_exited(watch->pid);
}

/* Waits until all that follows from exits in the past has been done. */
void ipcbox_watch_flush(void)
{
	flush_workqueue(ipcbox_workqueue);
}

int __init ipcbox_watch_module_init(void)
{
	ipcbox_workqueue = alloc_workqueue("ipcbox", WQ_UNBOUND, 0);
	return ipcbox_workqueue ? 0 : -ENOMEM;
}

/* Nothing is watched any more; the work that still runs ends here. */
void ipcbox_watch_module_exit(void)
{
	destroy_workqueue(ipcbox_workqueue);
}
