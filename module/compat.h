/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions, as capabilities
 *
 * No other file looks at a version. The oldest kernel served is 6.1.
 */
#ifndef _IPCBOX_COMPAT_H
#define _IPCBOX_COMPAT_H

#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/time_namespace.h>
#include <linux/uio.h>
#include <linux/version.h>

#ifndef CONFIG_64BIT
#error "ipcbox needs a 64-bit kernel (32-bit programs are served on one)"
#endif

/* 6.2 gave the directions of an iterator names. */
#ifndef ITER_SOURCE
#define ITER_SOURCE	WRITE
#define ITER_DEST	READ
#endif

/*
 * Nobody can watch an anonymous inode, so do not look for watchers at each
 * read() and write(). From 6.14 on the kernel does this by itself.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define IPCBOX_COMPAT_FMODE	0
#else
#define IPCBOX_COMPAT_FMODE	FMODE_NONOTIFY
#endif

/*
 * ipcbox_compat_iter_pin - pin the next pages of a user-backed source iterator
 *
 * Advances @iter by the bytes returned; they start at *@offset in the first
 * page. iov_iter_extract_pages() came in 6.3 and pins; before it,
 * iov_iter_get_pages2() takes page references.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
static inline ssize_t ipcbox_compat_iter_pin(struct iov_iter *iter,
					     struct page **pages,
					     unsigned int nr, size_t *offset)
{
	return iov_iter_extract_pages(iter, &pages, iov_iter_count(iter), nr, 0,
				      offset);
}

static inline void ipcbox_compat_unpin(struct page *page)
{
	unpin_user_page(page);
}
#else
static inline ssize_t ipcbox_compat_iter_pin(struct iov_iter *iter,
					     struct page **pages,
					     unsigned int nr, size_t *offset)
{
	return iov_iter_get_pages2(iter, pages, iov_iter_count(iter), nr,
				   offset);
}

static inline void ipcbox_compat_unpin(struct page *page)
{
	put_page(page);
}
#endif

/*
 * ipcbox_compat_deadline - translate a deadline out of the caller's time
 * namespace; 0 stays 0, no deadline
 *
 * timens_ktime_to_host() is not exported to modules.
 */
static inline u64 ipcbox_compat_deadline(u64 deadline)
{
	s64 host = min_t(u64, deadline, KTIME_MAX);

#ifdef CONFIG_TIME_NS
	host = ktime_sub(host, timespec64_to_ktime(
			current->nsproxy->time_ns->offsets.monotonic));
#endif
	return deadline ? clamp_t(s64, host, 1, KTIME_MAX) : 0;
}

#endif /* _IPCBOX_COMPAT_H */
