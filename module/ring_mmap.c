// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping the parts of a lane, and who may write what
 *
 *	offset in the lane	what			producer	consumer
 *	0			the producer's end	may write	reads
 *	1 page			the consumer's end	reads		may write
 *	2 pages			the data, twice		may write	reads
 *
 * Each part is mapped as a whole and by itself, since its right is that of the
 * mapping; mprotect() cannot get a right that the side does not have. A mapping is
 * not inherited, and cannot be split or made longer: so the last one that is
 * closed means that the side has gone.
 */

#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "handle.h"
#include "port.h"
#include "ring.h"

/* Room for the largest lane, at any size of pages. */
#define IPCBOX_RING_STRIDE	(4 * IPCBOX_RING_SIZE_MAX)
#define IPCBOX_RING_STRIDE_PAGES (IPCBOX_RING_STRIDE >> PAGE_SHIFT)

/* Where the data begins, in pages; before it are the ends. */
#define IPCBOX_RING_DATA	IPCBOX_LANE_SIDES

/* What RING_ATTACH tells of a lane; for mmap(). */
u64 ipcbox_ring_offset(u32 lane)
{
	return lane * IPCBOX_RING_STRIDE;
}

static unsigned long ipcbox_ring_part(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff % IPCBOX_RING_STRIDE_PAGES;
}

/* Counts a mapping. False if the caller is on no side any more. */
static bool ipcbox_ring_mapped(struct ipcbox_lane *lane,
			       const struct ipcbox_handle *handle)
{
	bool mapped;

	spin_lock(&lane->ring->lock);
	mapped = ipcbox_lane_mapped_locked(lane, handle);
	spin_unlock(&lane->ring->lock);
	return mapped;
}

static void ipcbox_ring_vma_open(struct vm_area_struct *vma)
{
	struct ipcbox_lane *lane = ipcbox_lane_get(vma->vm_private_data);

	ipcbox_ring_mapped(lane, ipcbox_handle_of(vma->vm_file));
}

static void ipcbox_ring_vma_close(struct vm_area_struct *vma)
{
	struct ipcbox_lane *lane = vma->vm_private_data;

	ipcbox_lane_leave(lane, ipcbox_handle_of(vma->vm_file), 1);
	ipcbox_lane_put(lane);
}

static int ipcbox_ring_vma_may_split(struct vm_area_struct *vma,
				     unsigned long addr)
{
	return -EINVAL;
}

static const struct vm_operations_struct ipcbox_ring_vm_ops = {
	.open		= ipcbox_ring_vma_open,
	.close		= ipcbox_ring_vma_close,
	.may_split	= ipcbox_ring_vma_may_split,
};

/* The lane, if the caller is on a side of it, as a reference; or NULL. */
static struct ipcbox_lane *ipcbox_ring_map_lane(struct ipcbox_handle *handle,
						const struct vm_area_struct *vma,
						enum ipcbox_lane_side *side)
{
	u64 id = vma->vm_pgoff / IPCBOX_RING_STRIDE_PAGES;
	struct ipcbox_ring *ring = &handle->port->ring;
	struct ipcbox_lane *lane = NULL;

	spin_lock(&ring->lock);
	if (id < IPCBOX_RING_LANES)
		lane = ipcbox_lane_find_locked(ring, id);
	if (lane && !ipcbox_lane_on_side_locked(lane, handle, side))
		lane = NULL;
	if (lane)
		ipcbox_lane_get(lane);
	spin_unlock(&ring->lock);
	return lane;
}

static bool ipcbox_ring_may_write(unsigned long part, enum ipcbox_lane_side side)
{
	if (part == IPCBOX_RING_DATA)
		return side == IPCBOX_LANE_PRODUCER;
	return part == side;
}

static int ipcbox_ring_check(const struct ipcbox_lane *lane,
			     const struct vm_area_struct *vma,
			     enum ipcbox_lane_side side)
{
	unsigned long part = ipcbox_ring_part(vma);
	unsigned long len = vma->vm_end - vma->vm_start;

	if (part > IPCBOX_RING_DATA || !(vma->vm_flags & VM_SHARED) ||
	    len != (part == IPCBOX_RING_DATA ? 2 * lane->size : PAGE_SIZE))
		return -EINVAL;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC) &&
	    !(ipcbox_ring_may_write(part, side) && !(vma->vm_flags & VM_EXEC)))
		return -EACCES;
	return 0;
}

/* Page after page; after the last one of the data comes the first. */
static int ipcbox_ring_insert(const struct ipcbox_lane *lane,
			      struct vm_area_struct *vma)
{
	unsigned long part = ipcbox_ring_part(vma);
	unsigned long i, offset;
	int ret = 0;

	for (i = 0; i < vma_pages(vma) && !ret; i++) {
		offset = part * PAGE_SIZE + (i * PAGE_SIZE) % lane->size;
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
				     vmalloc_to_page(lane->memory + offset));
	}
	return ret;
}

static int ipcbox_ring_map(struct ipcbox_lane *lane, struct vm_area_struct *vma,
			   enum ipcbox_lane_side side)
{
	unsigned long clear = VM_MAYEXEC;
	int ret = ipcbox_ring_check(lane, vma, side);

	if (ret)
		return ret;
	if (!ipcbox_ring_may_write(ipcbox_ring_part(vma), side))
		clear |= VM_MAYWRITE;
	ipcbox_compat_vm_flags(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP,
			       clear);
	return ipcbox_ring_insert(lane, vma);
}

/**
 * ipcbox_ring_mmap() - map one part of a lane
 * @file: a handle that is on a side of the lane
 * @vma: where, which part, and for what
 *
 * Return: 0, -EINVAL (no such part, or not as a whole), -EACCES (not for this
 * side), -ENXIO (not a lane of the caller's), -ENOMEM
 */
int ipcbox_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	enum ipcbox_lane_side side;
	struct ipcbox_lane *lane = ipcbox_ring_map_lane(handle, vma, &side);
	int ret;

	if (!lane)
		return -ENXIO;
	ret = ipcbox_ring_map(lane, vma, side);
	/* Only now, as one that fails must not be the last one to go. */
	if (!ret && !ipcbox_ring_mapped(lane, handle))
		ret = -ENXIO;
	if (ret) {
		ipcbox_lane_put(lane);
		return ret;
	}
	vma->vm_private_data = lane;
	vma->vm_ops = &ipcbox_ring_vm_ops;
	return 0;
}
