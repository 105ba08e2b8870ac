// SPDX-License-Identifier: GPL-2.0-only
/* Buffers: making an iterator of an address, or of an array of segments */

#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <linux/ipcbox.h>

#include "buffers.h"
#include "compat.h"

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
int ipcbox_buffers_import(struct ipcbox_buffers *buffers,
			  unsigned int direction, u64 flags, u64 data, u64 len)
{
	ssize_t ret;

	buffers->segments = NULL;
	if (!(flags & IPCBOX_IOVEC)) {
		iov_iter_ubuf(&buffers->iter, direction, u64_to_user_ptr(data),
			      min_t(u64, len, MAX_RW_COUNT));
		return 0;
	}
	if (len > IPCBOX_IOV_MAX)
		return -EINVAL;
	buffers->segments = buffers->fast;
	ret = import_iovec(direction, u64_to_user_ptr(data), len,
			   ARRAY_SIZE(buffers->fast), &buffers->segments,
			   &buffers->iter);
	return ret < 0 ? ret : 0;
}

void ipcbox_buffers_release(struct ipcbox_buffers *buffers)
{
	kfree(buffers->segments);
}
