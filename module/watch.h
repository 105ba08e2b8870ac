/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches: noticing that a process has exited
 *
 * Ports of a process, and what a process has received but not yet answered,
 * have to learn of the exit of one thread group, whoever else holds
 * descriptors, and across fork and exec. That is what pidfds report, so a watch
 * sits where they do: on the wait queue of the struct pid. It is called there
 * with tasklist_lock held and leaves the rest to a work item. Whoever meets the
 * object between the exit and the work may ask ipcbox_watch_exited().
 */
#ifndef _IPCBOX_WATCH_H
#define _IPCBOX_WATCH_H

#include <linux/sched/signal.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct pid;
struct ipcbox_watch;

/**
 * struct ipcbox_watch_ops - the object that a watch is part of
 * @get: take a reference; called with spinlocks held
 * @put: drop it
 * @exited: the process has exited; may sleep
 */
struct ipcbox_watch_ops {
	void (*get)(struct ipcbox_watch *watch);
	void (*put)(struct ipcbox_watch *watch);
	void (*exited)(struct ipcbox_watch *watch);
};

struct ipcbox_watch {
	struct pid *pid;	/* thread group */
	bool watched;
	wait_queue_entry_t exit;
	struct work_struct work;
	const struct ipcbox_watch_ops *ops;
};

/* For all work of the module that is not urgent. */
extern struct workqueue_struct *ipcbox_workqueue;

void ipcbox_watch_init(struct ipcbox_watch *watch, struct pid *process,
		       const struct ipcbox_watch_ops *ops);
void ipcbox_watch_release(struct ipcbox_watch *watch);
void ipcbox_watch_begin(struct ipcbox_watch *watch);
bool ipcbox_watch_end(struct ipcbox_watch *watch);
bool ipcbox_watch_exited(const struct ipcbox_watch *watch);

static inline bool ipcbox_watch_is_current(const struct ipcbox_watch *watch)
{
	return watch->pid == task_tgid(current);
}

void ipcbox_watch_flush(void);

int ipcbox_watch_module_init(void);
void ipcbox_watch_module_exit(void);

#endif /* _IPCBOX_WATCH_H */
