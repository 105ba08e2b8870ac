/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Short copies between the kernel and an iterator
 *
 * From and to a plain buffer it is one copy, and the iterator, which nobody needs
 * after it, stays where it is. The underscored functions leave out the check of
 * the object's bounds, which is a fifth of the cost of a small message: the
 * length is bounded by the caller.
 */
#ifndef _IPCBOX_SHORT_H
#define _IPCBOX_SHORT_H

#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"

static inline int ipcbox_short_copy_in(void *to, size_t len,
				       struct iov_iter *from)
{
	if (likely(iter_is_ubuf(from)))
		return _copy_from_user(to, ipcbox_compat_ubuf(from), len) ?
		       -EFAULT : 0;
	return _copy_from_iter(to, len, from) == len ? 0 : -EFAULT;
}

static inline int ipcbox_short_copy_out(const void *from, size_t len,
					struct iov_iter *to)
{
	if (likely(iter_is_ubuf(to)))
		return _copy_to_user(ipcbox_compat_ubuf(to), from, len) ?
		       -EFAULT : 0;
	return _copy_to_iter(from, len, to) == len ? 0 : -EFAULT;
}

#endif /* _IPCBOX_SHORT_H */
