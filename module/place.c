// SPDX-License-Identifier: GPL-2.0-only
/* Places: pinning the memory of one who waits, without waiting for it */

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "place.h"

/* The caller's, who is going to wait. */
void ipcbox_room_init(struct ipcbox_room *room, const struct iov_iter *to)
{
	room->mm = current->mm;
	room->len = 0;
	if (iter_is_ubuf(to)) {
		room->start = (unsigned long)ipcbox_compat_ubuf(to);
		room->len = iov_iter_count(to);
	}
}

/* Without pages yet; or NULL. */
struct ipcbox_pinned *ipcbox_place_new(size_t len)
{
	return ipcbox_pinned_alloc(DIV_ROUND_UP(len, PAGE_SIZE) + 1, true);
}

static int ipcbox_place_pin_locked(struct ipcbox_pinned *place,
				   struct mm_struct *mm, unsigned long start,
				   size_t len)
{
	struct page *pages[16];
	size_t offset, bytes;
	long nr;

	lockdep_assert_held(&mm->mmap_lock);
	for (; len; start += bytes, len -= bytes) {
		offset = offset_in_page(start);
		nr = min_t(size_t, DIV_ROUND_UP(offset + len, PAGE_SIZE),
			   ARRAY_SIZE(pages));
		nr = ipcbox_compat_pin_remote(mm, start - offset, nr,
					      FOLL_WRITE | FOLL_NOFAULT, pages);
		if (nr <= 0)
			return -EAGAIN;
		bytes = min_t(size_t, len, nr * PAGE_SIZE - offset);
		ipcbox_pinned_add(place, pages, offset, bytes);
	}
	return 0;
}

/**
 * ipcbox_place_pin() - pin the pages of a place
 * @place: place, which its owner may revoke
 * @room: the owner's memory; its mm is there until the place is revoked
 * @len: as much of it
 *
 * Return: 0, or -EAGAIN if that is not possible at once
 */
int ipcbox_place_pin(struct ipcbox_pinned *place,
		     const struct ipcbox_room *room, size_t len)
{
	int ret = -EAGAIN;

	mutex_lock(&place->lock);
	if (!place->revoked && mmap_read_trylock(room->mm)) {
		ret = ipcbox_place_pin_locked(place, room->mm, room->start, len);
		mmap_read_unlock(room->mm);
	}
	mutex_unlock(&place->lock);
	return ret;
}
