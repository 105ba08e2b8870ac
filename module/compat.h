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

/*
 * For what is written before it is read: the compiler zeroes all that lies on
 * the stack, unless it is told not to. 6.1 has got this lately.
 */
#ifndef __uninitialized
#define __uninitialized	__attribute__((__uninitialized__))
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

/* 6.5 took the areas out of the arguments. */
static inline long ipcbox_compat_pin_remote(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long nr,
					    unsigned int flags,
					    struct page **pages)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return pin_user_pages_remote(mm, start, nr, flags, pages, NULL);
#else
	return pin_user_pages_remote(mm, start, nr, flags, pages, NULL, NULL);
#endif
}

/* Where an iterator over a plain buffer stands. */
static inline void __user *ipcbox_compat_ubuf(const struct iov_iter *iter)
{
	return iter->ubuf + iter->iov_offset;
}

/*
 * ipcbox_compat_iter_segment - where a user-backed iterator stands, and how
 * far the memory goes on there
 *
 * 6.4 renamed the members and gave them accessors, which are wrong for a plain
 * buffer that has been advanced.
 */
static inline void ipcbox_compat_iter_segment(const struct iov_iter *iter,
					      unsigned long *start,
					      size_t *bytes)
{
	if (iter_is_ubuf(iter)) {
		*start = (unsigned long)ipcbox_compat_ubuf(iter);
		*bytes = iov_iter_count(iter);
		return;
	}
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	*start = (unsigned long)iter_iov_addr(iter);
	*bytes = min(iter_iov_len(iter), iov_iter_count(iter));
#else
	*start = (unsigned long)iov_iter_iovec(iter).iov_base;
	*bytes = iov_iter_iovec(iter).iov_len;
#endif
}

/*
 * ipcbox_compat_deadline - translate a deadline out of the caller's time
 * namespace; not 0, which is none
 *
 * timens_ktime_to_host() is not exported to modules.
 */
static inline u64 ipcbox_compat_deadline(u64 deadline)
{
	s64 host = min_t(u64, deadline, KTIME_MAX);
#ifdef CONFIG_TIME_NS
	const struct time_namespace *ns = current->nsproxy->time_ns;
	s64 offset = timespec64_to_ktime(ns->offsets.monotonic);

	if (offset < 0 && host > KTIME_MAX + offset)
		return KTIME_MAX;
	host -= offset;
#endif
	return max_t(s64, host, 1);
}

/* 6.3 made the flags of a mapping read-only, with functions to change them. */
static inline void ipcbox_compat_vm_flags(struct vm_area_struct *vma,
					  unsigned long set,
					  unsigned long clear)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

#endif /* _IPCBOX_COMPAT_H */
