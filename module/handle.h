/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A handle: an open file on a port, with the rights it was opened with
 *
 * It is a pair of queues, one to receive from and one to send to, so that all
 * kinds of ports share one send path and one receive path. For a mailbox both
 * are the queue of the port.
 */
#ifndef _IPCBOX_HANDLE_H
#define _IPCBOX_HANDLE_H

#include <linux/types.h>

struct file;
struct ipcbox_port;

struct file *ipcbox_handle_open(struct ipcbox_port *port, u32 rights,
				bool nonblock);

#endif /* _IPCBOX_HANDLE_H */
