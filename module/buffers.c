// SPDX-License-Identifier: GPL-2.0-only
/* Buffers: making an iterator of an array of segments */

#include <linux/uaccess.h>
#include <linux/uio.h>

#include <linux/ipcbox.h>

#include "buffers.h"

/* The rare half of ipcbox_buffers_import(). */
int ipcbox_buffers_import_segments(struct ipcbox_buffers *buffers,
				   unsigned int direction, u64 data, u64 len)
{
	ssize_t ret;

	if (len > IPCBOX_IOV_MAX)
		return -EINVAL;
	buffers->segments = buffers->fast;
	ret = import_iovec(direction, u64_to_user_ptr(data), len,
			   ARRAY_SIZE(buffers->fast), &buffers->segments,
			   &buffers->iter);
	return ret < 0 ? ret : 0;
}
