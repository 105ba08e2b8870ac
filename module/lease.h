/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases that have a time
 *
 * They are in port->leases, the first to expire first, from
 * ipcbox_lease_begin_locked() until the queue ends the hold.
 */
#ifndef _IPCBOX_LEASE_H
#define _IPCBOX_LEASE_H

#include <linux/timerqueue.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ipcbox_message;
struct ipcbox_port;

struct ipcbox_leases {
	struct timerqueue_head expiry;	/* port->queue.lock */
	struct delayed_work work;
};

void ipcbox_lease_begin_locked(struct ipcbox_port *port,
			       struct ipcbox_message *msg, u64 lease);
void ipcbox_leases_init(struct ipcbox_leases *leases);
void ipcbox_leases_stop(struct ipcbox_leases *leases);

#endif /* _IPCBOX_LEASE_H */
