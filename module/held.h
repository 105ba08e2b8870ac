/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Held messages: received, and not done with
 *
 * Two kinds of message stay with their receiver after they have been copied:
 * one received with a lease, until the receiver says that it is done (ACK) or
 * wants it back in line (NACK); and a request, until there is a reply. If the
 * receiver closes its handle or exits before that, a leased message returns to
 * its place, and the sender of a request learns that there will be no reply.
 *
 * A holder stands for one process that has received through one handle: the
 * process may exit while others keep the handle open, and the handle may be
 * closed while the process lives on. It is made with the first message to hold
 * and ends with the process or with the handle, whichever goes first: whoever
 * takes it out of handle->holders ends it.
 *
 * A lease may have a time. The leases of a port that have one are in
 * port->leases, the first to expire first.
 */
#ifndef _IPCBOX_HELD_H
#define _IPCBOX_HELD_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/timerqueue.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "watch.h"

struct ipcbox_handle;
struct ipcbox_ioctl;
struct ipcbox_message;
struct ipcbox_port;

struct ipcbox_holder {
	struct kref ref;
	struct ipcbox_port *port;
	struct ipcbox_watch watch;

	/* port->queue.lock */
	struct list_head node;		/* in handle->holders */
	struct rb_root held;		/* messages, by id */
};

/* Leases of a port that have a time. */
struct ipcbox_leases {
	struct timerqueue_head expiry;	/* port->queue.lock */
	struct delayed_work work;
};

int ipcbox_held_begin(struct ipcbox_handle *handle, struct ipcbox_message *msg,
		      u64 lease);
struct ipcbox_message *ipcbox_held_find_locked(struct ipcbox_handle *handle,
					       u64 id);
void ipcbox_held_end_locked(struct ipcbox_message *msg);
void ipcbox_held_close(struct ipcbox_handle *handle);

int ipcbox_held_ioctl_ack(struct ipcbox_ioctl *call);
int ipcbox_held_ioctl_nack(struct ipcbox_ioctl *call);

void ipcbox_leases_init(struct ipcbox_leases *leases);
void ipcbox_leases_stop(struct ipcbox_leases *leases);

#endif /* _IPCBOX_HELD_H */
