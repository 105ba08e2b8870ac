/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place: the caller's own pages, while it waits for a large reply
 *
 * The replier copies into them, once, and nothing is stored or charged. It pins
 * them when it replies, since only then is it known that the reply is large.
 * Nothing of the caller may stop it there: pages that are not present, or not
 * writable yet, and an address space that is being changed make it fall back to
 * a reply that is copied twice.
 *
 * Offered to the call under the lock of the queue, a place has a reference of the
 * call. When the wait of that ends, for whatever reason, the caller revokes the
 * place as the sender does a pinned payload (pinned.h): from then on its memory is
 * its own, and that of its mm does not end before.
 */
#ifndef _IPCBOX_PLACE_H
#define _IPCBOX_PLACE_H

#include <linux/types.h>

#include "pinned.h"

struct mm_struct;

/* As for requests, see IPCBOX_PIN_MIN. */
#define IPCBOX_PLACE_MIN	IPCBOX_PIN_MIN

/* What would not fit into these of a caller's segments is copied twice. */
#define IPCBOX_ROOM_SEGMENTS	8

struct ipcbox_segment {
	unsigned long start;
	size_t len;
};

/**
 * struct ipcbox_room - where a caller wants its reply
 * @mm: its address space
 * @len: room in all segments together
 * @nr: how many there are
 * @segments: addresses and lengths
 */
struct ipcbox_room {
	struct mm_struct *mm;
	size_t len;
	unsigned int nr;
	struct ipcbox_segment segments[IPCBOX_ROOM_SEGMENTS];
};

void ipcbox_room_init(struct ipcbox_room *room, const struct iov_iter *to);
struct ipcbox_pinned *ipcbox_place_new(size_t len);
int ipcbox_place_pin(struct ipcbox_pinned *place,
		     const struct ipcbox_room *room, size_t len);

#endif /* _IPCBOX_PLACE_H */
