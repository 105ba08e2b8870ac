/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers: the user memory that an ioctl names, in one piece or in segments */
#ifndef _IPCBOX_BUFFERS_H
#define _IPCBOX_BUFFERS_H

#include <linux/types.h>
#include <linux/uio.h>

/**
 * struct ipcbox_buffers - the user memory that an ioctl names
 * @fast: room for a short array of segments
 * @segments: a longer one, to be freed
 * @iter: over all of them
 */
struct ipcbox_buffers {
	struct iovec fast[UIO_FASTIOV];
	struct iovec *segments;
	struct iov_iter iter;
};

int ipcbox_buffers_import(struct ipcbox_buffers *buffers,
			  unsigned int direction, u64 flags, u64 data, u64 len);
void ipcbox_buffers_release(struct ipcbox_buffers *buffers);

#endif /* _IPCBOX_BUFFERS_H */
