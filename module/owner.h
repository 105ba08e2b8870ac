/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owner: the process that a port lives and dies with
 *
 * A port of IPCBOX_OWNER_PROCESS has to learn of the exit of one thread group,
 * whoever else holds descriptors, and across fork and exec. That is what
 * pidfds report, so the watch sits where they do: on the wait queue of the
 * struct pid. It is called there with tasklist_lock held and leaves the rest
 * to a work item. Whoever meets the port between the exit and the work asks
 * ipcbox_owner_exited() and treats it as gone.
 */
#ifndef _IPCBOX_OWNER_H
#define _IPCBOX_OWNER_H

#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct pid;

struct ipcbox_owner_watch {
	struct pid *pid;	/* thread group that created the port */
	bool watched;
	wait_queue_entry_t exit;
	struct work_struct work;
};

void ipcbox_owner_init(struct ipcbox_owner_watch *owner);
void ipcbox_owner_release(struct ipcbox_owner_watch *owner);
void ipcbox_owner_watch(struct ipcbox_owner_watch *owner);
bool ipcbox_owner_unwatch(struct ipcbox_owner_watch *owner);
bool ipcbox_owner_exited(const struct ipcbox_owner_watch *owner);
bool ipcbox_owner_is_current(const struct ipcbox_owner_watch *owner);

void ipcbox_owner_flush(void);

int ipcbox_owner_module_init(void);
void ipcbox_owner_module_exit(void);

#endif /* _IPCBOX_OWNER_H */
