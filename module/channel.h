/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections: listeners, asking to be connected, and the two ends
 *
 * Who connects makes a call (call.h) on the queue of a listener: the request waits
 * in line as all messages, is received and held by a server, and answered once. An
 * answer that accepts it carries an open file: one end of a pair of ports (pair.h),
 * whose queues are those of mailboxes. The server keeps the other end. So an end
 * sends, receives and calls as any handle does; what is different is that each
 * queue has one reader and one writer, and ends with either (queue_ends.c).
 */
#ifndef _IPCBOX_CHANNEL_H
#define _IPCBOX_CHANNEL_H

#include <linux/poll.h>

struct file;
struct ipcbox_ioctl;

int ipcbox_channel_ioctl_connect(struct ipcbox_ioctl *call);
int ipcbox_channel_ioctl_accept(struct ipcbox_ioctl *call);
int ipcbox_channel_ioctl_refuse(struct ipcbox_ioctl *call);
int ipcbox_channel_ioctl_shutdown(struct ipcbox_ioctl *call);
__poll_t ipcbox_channel_poll(struct file *file, poll_table *table);

#endif /* _IPCBOX_CHANNEL_H */
