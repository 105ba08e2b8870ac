/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams: bytes over a queue, as in a pipe
 *
 * What is written goes through the queue as messages of at most
 * IPCBOX_STREAM_ATOMIC bytes, each of which is sent whole or not at all; a
 * small one joins the last in line. Who reads takes the first message, copies
 * what it wants, and gives back the rest, first in line; a message uses the
 * capacity until all of it has been read. Readers take turns, by thread, so
 * that what one read gets is consecutive.
 */
#ifndef _IPCBOX_STREAM_H
#define _IPCBOX_STREAM_H

#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/types.h>

#include "waiter.h"

struct iov_iter;
struct ipcbox_handle;
struct ipcbox_ioctl;

extern const struct ipcbox_ioctl_table ipcbox_stream_table;

ssize_t ipcbox_stream_write(struct ipcbox_handle *handle, struct iov_iter *from,
			    const struct ipcbox_wait *wait);
ssize_t ipcbox_stream_recv(struct ipcbox_handle *handle, struct iov_iter *to,
			   const struct ipcbox_wait *wait,
			   struct ipcbox_ioctl *call);
__poll_t ipcbox_stream_poll(struct ipcbox_handle *handle, struct file *file,
			    poll_table *table);

#endif /* _IPCBOX_STREAM_H */
