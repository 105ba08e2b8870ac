// SPDX-License-Identifier: GPL-2.0-only
/* Owners: watching a process, and deleting its ports when it has exited */

#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "owner.h"
#include "port.h"

static struct workqueue_struct *ipcbox_owner_workqueue;

static struct ipcbox_port *ipcbox_owner_port(struct ipcbox_owner_watch *owner)
{
	return container_of(owner, struct ipcbox_port, owner);
}

/* Called with tasklist_lock and pid->wait_pidfd.lock held: only queue work. */
static int ipcbox_owner_notify(wait_queue_entry_t *entry, unsigned int mode,
			       int flags, void *key)
{
	struct ipcbox_owner_watch *owner =
		container_of(entry, struct ipcbox_owner_watch, exit);

	/* The watch holds a reference, so neither is ever the last one. */
	ipcbox_port_get(ipcbox_owner_port(owner));
	if (!queue_work(ipcbox_owner_workqueue, &owner->work))
		ipcbox_port_put(ipcbox_owner_port(owner));
	return 0;
}

static void ipcbox_owner_work(struct work_struct *work)
{
	struct ipcbox_owner_watch *owner =
		container_of(work, struct ipcbox_owner_watch, work);
	struct ipcbox_port *port = ipcbox_owner_port(owner);

	if (ipcbox_owner_exited(owner))
		ipcbox_port_delete(port);
	ipcbox_port_put(port);
}

/* The owner is the caller's process. */
void ipcbox_owner_init(struct ipcbox_owner_watch *owner)
{
	owner->pid = get_pid(task_tgid(current));
	owner->watched = false;
	init_waitqueue_func_entry(&owner->exit, ipcbox_owner_notify);
	INIT_WORK(&owner->work, ipcbox_owner_work);
}

void ipcbox_owner_release(struct ipcbox_owner_watch *owner)
{
	put_pid(owner->pid);
}

/**
 * ipcbox_owner_watch() - delete the port when its owner exits
 * @owner: owner of a port; the watch needs a reference on the port, which the
 *	caller gets back from ipcbox_owner_unwatch()
 */
void ipcbox_owner_watch(struct ipcbox_owner_watch *owner)
{
	owner->watched = true;
	add_wait_queue(&owner->pid->wait_pidfd, &owner->exit);
}

/**
 * ipcbox_owner_unwatch() - end the watch, if there is one
 * @owner: owner
 *
 * Return: whether there was one; its reference on the port is the caller's
 */
bool ipcbox_owner_unwatch(struct ipcbox_owner_watch *owner)
{
	if (!owner->watched)
		return false;
	owner->watched = false;
	remove_wait_queue(&owner->pid->wait_pidfd, &owner->exit);
	return true;
}

/* Has the process exited, all its threads? A zombie has. */
bool ipcbox_owner_exited(const struct ipcbox_owner_watch *owner)
{
	struct task_struct *leader;
	bool exited;

	rcu_read_lock();
	leader = pid_task(owner->pid, PIDTYPE_TGID);
	exited = !leader || (READ_ONCE(leader->exit_state) &&
			     thread_group_empty(leader));
	rcu_read_unlock();
	return exited;
}

bool ipcbox_owner_is_current(const struct ipcbox_owner_watch *owner)
{
	return owner->pid == task_tgid(current);
}

/* Waits until the ports of all processes that have exited are deleted. */
void ipcbox_owner_flush(void)
{
	flush_workqueue(ipcbox_owner_workqueue);
}

int __init ipcbox_owner_module_init(void)
{
	ipcbox_owner_workqueue = alloc_workqueue("ipcbox_owner", WQ_UNBOUND, 0);
	return ipcbox_owner_workqueue ? 0 : -ENOMEM;
}

/* No port exists any more; the work that still runs ends here. */
void ipcbox_owner_module_exit(void)
{
	destroy_workqueue(ipcbox_owner_workqueue);
}
