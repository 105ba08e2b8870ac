// SPDX-License-Identifier: GPL-2.0-only
/* Processes: finding them, and what is known of them */

#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "process.h"

/**
 * ipcbox_process_find() - find a process
 * @nr: its id in the caller's pid namespace
 *
 * Return: a reference, or NULL: there is none, or that is another thread than
 * the first of a process, or one of the kernel
 */
struct pid *ipcbox_process_find(pid_t nr)
{
	struct pid *pid = find_get_pid(nr);
	struct task_struct *leader;
	bool found;

	rcu_read_lock();
	leader = pid_task(pid, PIDTYPE_TGID);
	found = leader && !(leader->flags & PF_KTHREAD);
	rcu_read_unlock();
	if (found)
		return pid;
	put_pid(pid);
	return NULL;
}

/* Has it exited, all its threads? A zombie has. */
bool ipcbox_process_exited(struct pid *process)
{
	struct task_struct *leader;
	bool exited;

	rcu_read_lock();
	leader = pid_task(process, PIDTYPE_TGID);
	exited = !leader || (READ_ONCE(leader->exit_state) &&
			     thread_group_empty(leader));
	rcu_read_unlock();
	return exited;
}

/**
 * ipcbox_process_ids() - whose process it is
 * @process: process
 * @uid: its effective user
 * @gid: its effective group
 *
 * Return: 0, or -ESRCH if it is no more
 */
int ipcbox_process_ids(struct pid *process, kuid_t *uid, kgid_t *gid)
{
	struct task_struct *leader;
	const struct cred *cred;

	rcu_read_lock();
	leader = pid_task(process, PIDTYPE_TGID);
	if (leader) {
		cred = __task_cred(leader);
		*uid = cred->euid;
		*gid = cred->egid;
	}
	rcu_read_unlock();
	return leader ? 0 : -ESRCH;
}
