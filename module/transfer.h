/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers: sending and receiving on a handle
 *
 * Whatever the system call, a message is sent by ipcbox_handle_send() in
 * transfer_send.c and received by ipcbox_handle_recv() in transfer_recv.c. What
 * can fail comes first in both: sending makes the whole message before the queue
 * sees it; receiving copies it to the caller before it is settled.
 */
#ifndef _IPCBOX_TRANSFER_H
#define _IPCBOX_TRANSFER_H

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/types.h>

#include "compat.h"
#include "ioctl.h"
#include "waiter.h"

struct iov_iter;
struct ipcbox_handle;
struct ipcbox_message;

static inline bool ipcbox_transfer_nowait(const struct file *file)
{
	return file->f_flags & O_NONBLOCK;
}

static inline struct ipcbox_wait
ipcbox_transfer_wait(const struct ipcbox_ioctl *call, u64 deadline)
{
	return (struct ipcbox_wait){
		.nowait = call->arg.flags & IPCBOX_NOWAIT ||
			  ipcbox_transfer_nowait(call->file),
		/* Mostly there is none. */
		.deadline = deadline ? ipcbox_compat_deadline(deadline) : 0,
	};
}

static inline bool ipcbox_iocb_nowait(const struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_NOWAIT || ipcbox_transfer_nowait(iocb->ki_filp);
}

ssize_t ipcbox_transfer_write(struct file *file, struct iov_iter *from,
			      bool nowait);
ssize_t ipcbox_transfer_read(struct file *file, struct iov_iter *to,
			     bool nowait);
struct ipcbox_message *ipcbox_transfer_message(struct ipcbox_handle *handle,
					       struct iov_iter *from, bool pin,
					       struct ipcbox_message **spare);
int ipcbox_transfer_attach_fds(struct ipcbox_handle *handle,
			       struct ipcbox_message *msg,
			       const __s32 __user *numbers, unsigned int nr);
int ipcbox_transfer_send(struct ipcbox_ioctl *call,
			 struct ipcbox_handle *handle);
int ipcbox_transfer_bytes(struct ipcbox_handle *handle, struct iov_iter *from,
			  const struct ipcbox_wait *wait);
int ipcbox_transfer_describe(const struct ipcbox_message *msg, size_t len,
			     struct ipcbox_ioctl *call);
int ipcbox_transfer_ioctl_send(struct ipcbox_ioctl *call);
int ipcbox_transfer_ioctl_recv(struct ipcbox_ioctl *call);

#endif /* _IPCBOX_TRANSFER_H */
