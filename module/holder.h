/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A holder: who holds messages, see held.h
 *
 * It stands for one process that has received through one handle: the process
 * may exit while others keep the handle open, and the handle may be closed while
 * the process lives on. It is made with the first message to hold and ends with
 * the process or with the handle, whichever goes first: whoever takes it out of
 * handle->holders ends it.
 */
#ifndef _IPCBOX_HOLDER_H
#define _IPCBOX_HOLDER_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rbtree.h>

#include "watch.h"

struct ipcbox_port;
struct timerqueue_head;

struct ipcbox_holder {
	struct kref ref;
	struct ipcbox_port *port;
	struct timerqueue_head *leases;	/* those of the port that have a time */
	struct ipcbox_watch watch;

	/* port->queue.lock */
	struct list_head node;		/* in handle->holders */
	struct rb_root held;		/* messages, by id */
};

#endif /* _IPCBOX_HOLDER_H */
