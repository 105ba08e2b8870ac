/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles on ring ports: attaching to lanes, mapping them, sleep and wake
 *
 * Sleeping follows the bits that the sides set in their ends, as a futex does: a
 * side sleeps, or polls, while its bit is set in each of its lanes, and a wake-up
 * is that the bit is cleared. So nothing here depends on what records say.
 *
 *	RING_WAIT, poll()		RING_WAKE, a side that goes
 *
 *	joins ring->wait		clears the bit
 *	looks at the bit		wake_up(ring->wait)
 *
 * Both go through the lock of the wait queue, so one of them sees the other. The
 * bit may be cleared by its owner as well; that wakes nobody, and the owner is
 * awake.
 */
#ifndef _IPCBOX_RING_H
#define _IPCBOX_RING_H

#include <linux/fs.h>

struct vm_area_struct;

extern const struct file_operations ipcbox_ring_fops;

int ipcbox_ring_mmap(struct file *file, struct vm_area_struct *vma);
u64 ipcbox_ring_offset(u32 lane);

#endif /* _IPCBOX_RING_H */
