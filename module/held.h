/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Held messages: received, and not done with
 *
 * Two kinds of message stay with their receiver after they have been copied:
 * one received with a lease, until the receiver says that it is done (ACK) or
 * wants it back in line (NACK); and a request, until there is a reply. If the
 * receiver closes its handle or exits before that, a leased message returns to
 * its place, and the sender of a request learns that there will be no reply.
 */
#ifndef _IPCBOX_HELD_H
#define _IPCBOX_HELD_H

#include <linux/types.h>

struct ipcbox_handle;
struct ipcbox_ioctl;
struct ipcbox_loan;
struct ipcbox_message;

int ipcbox_held_begin(struct ipcbox_handle *handle, struct ipcbox_message *msg,
		      u64 lease, struct ipcbox_loan *loan);
struct ipcbox_message *ipcbox_held_find_locked(struct ipcbox_handle *handle,
					       u64 id);
void ipcbox_held_close(struct ipcbox_handle *handle);

int ipcbox_held_ioctl_ack(struct ipcbox_ioctl *call);
int ipcbox_held_ioctl_nack(struct ipcbox_ioctl *call);

#endif /* _IPCBOX_HELD_H */
