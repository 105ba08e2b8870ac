/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers: the user memory that an ioctl names, in one piece or in segments */
#ifndef _IPCBOX_BUFFERS_H
#define _IPCBOX_BUFFERS_H

#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <linux/uio.h>

#include <linux/ipcbox.h>

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

int ipcbox_buffers_import_segments(struct ipcbox_buffers *buffers,
				   unsigned int direction, u64 data, u64 len);

/**
 * ipcbox_buffers_import() - make an iterator of what a caller names
 * @buffers: result
 * @direction: ITER_SOURCE or ITER_DEST
 * @flags: of the call; IPCBOX_IOVEC for segments
 * @data: address of the memory, or of the segments
 * @len: length, or number of segments
 *
 * A length beyond MAX_RW_COUNT is beyond all messages, too.
 *
 * Return: 0, or with nothing to release: -EINVAL, -EFAULT, -ENOMEM
 */
static inline int ipcbox_buffers_import(struct ipcbox_buffers *buffers,
					unsigned int direction, u64 flags,
					u64 data, u64 len)
{
	if (unlikely(flags & IPCBOX_IOVEC))
		return ipcbox_buffers_import_segments(buffers, direction, data,
						      len);
	buffers->segments = NULL;
	iov_iter_ubuf(&buffers->iter, direction, u64_to_user_ptr(data),
		      min_t(u64, len, MAX_RW_COUNT));
	return 0;
}

static inline void ipcbox_buffers_release(struct ipcbox_buffers *buffers)
{
	if (unlikely(buffers->segments))
		kfree(buffers->segments);
}

#endif /* _IPCBOX_BUFFERS_H */
