// SPDX-License-Identifier: GPL-2.0-only
/* Places: pinning the memory of one who waits, without waiting for it */

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "place.h"

static void ipcbox_room_add(struct ipcbox_room *room, const struct iov_iter *to)
{
	struct ipcbox_segment *segment = &room->segments[room->nr++];

	ipcbox_compat_iter_segment(to, &segment->start, &segment->len);
	room->len += segment->len;
}

static noinline void ipcbox_room_add_segments(struct ipcbox_room *room,
					      struct iov_iter to)
{
	/* Past empty ones, as each later advance does. */
	iov_iter_advance(&to, 0);
	while (iov_iter_count(&to) && room->nr < IPCBOX_ROOM_SEGMENTS) {
		ipcbox_room_add(room, &to);
		iov_iter_advance(&to, room->segments[room->nr - 1].len);
	}
}

/* The caller's, who is going to wait. */
void ipcbox_room_init(struct ipcbox_room *room, const struct iov_iter *to)
{
	room->mm = current->mm;
	room->len = 0;
	room->nr = 0;
	if (iter_is_ubuf(to))
		ipcbox_room_add(room, to);
	else
		ipcbox_room_add_segments(room, *to);
}

/* Without pages yet; or NULL. */
struct ipcbox_pinned *ipcbox_place_new(size_t len)
{
	return ipcbox_pinned_alloc(DIV_ROUND_UP(len, PAGE_SIZE) +
				   2UL * IPCBOX_ROOM_SEGMENTS, true);
}

static int ipcbox_place_pin_segment(struct ipcbox_pinned *place,
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

static int ipcbox_place_pin_segments(struct ipcbox_pinned *place,
				     const struct ipcbox_room *room, size_t len)
{
	const struct ipcbox_segment *segment = room->segments;
	size_t part;
	int ret = 0;

	for (; !ret && len; segment++, len -= part) {
		if (WARN_ON_ONCE(segment == &room->segments[room->nr]))
			return -EAGAIN;
		part = min(len, segment->len);
		ret = ipcbox_place_pin_segment(place, room->mm, segment->start,
					       part);
	}
	return ret;
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
		ret = ipcbox_place_pin_segments(place, room, len);
		mmap_read_unlock(room->mm);
	}
	mutex_unlock(&place->lock);
	return ret;
}
