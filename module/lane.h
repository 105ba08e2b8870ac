/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lanes: the memory of a ring port, and who is on which side of it
 *
 * The protocol is <linux/ipcbox_ring.h>, and user space runs it; the module
 * makes the memory, says who may map what, and lets the sides sleep and wake each
 * other. It does not look at records, with one exception: when nobody is on
 * either side of a lane any more, a record that is left keeps it for the next
 * consumer; unless the last one has ended its side, because it cannot make
 * anything of what the producer writes.
 *
 *	new -> producer, no consumer <-> producer and consumer
 *			|			|
 *			v			v
 *	       ended, no consumer <-> ended, consumer
 *			|
 *			v
 *		drained: freed
 *
 * A side is a handle. It leaves when its last mapping goes, so also when its
 * process is killed, whoever else has the descriptor; or, if it has never mapped
 * anything, when the handle is closed.
 */
#ifndef _IPCBOX_LANE_H
#define _IPCBOX_LANE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <asm/page.h>

#include <linux/ipcbox_ring.h>

struct ipcbox_handle;
struct ipcbox_stat;
struct ipcbox_user;

enum ipcbox_lane_side {
	IPCBOX_LANE_PRODUCER,
	IPCBOX_LANE_CONSUMER,
	IPCBOX_LANE_SIDES,
};

/**
 * struct ipcbox_ring - the lanes of a port
 * @lock: guards the list, and the sides of the lanes in it
 * @lanes: oldest first
 * @dead: the port is deleted; there are none any more
 * @sent: bytes in lanes that have gone
 * @received: likewise, that were consumed
 * @wait: who waits in RING_WAIT or poll(), whatever for
 */
struct ipcbox_ring {
	spinlock_t lock;	/* see above */
	struct list_head lanes;
	bool dead;
	u64 sent;
	u64 received;
	wait_queue_head_t wait;
};

/**
 * struct ipcbox_lane - one of them
 * @ref: of the list and of each mapping
 * @ring: that it belongs to
 * @node: in the list; empty once it is out of it
 * @id: its place among the lanes of the ring
 * @user: charged for it; what is charged keeps the account
 * @memory: the ends, by enum ipcbox_lane_side, a page each; then the data, once
 * @size: bytes of data
 * @capacity: what the producer may have queued
 * @sides: handles, or NULL
 * @maps: how many mappings each side has
 */
struct ipcbox_lane {
	struct kref ref;
	struct ipcbox_ring *ring;
	struct list_head node;
	u32 id;
	struct ipcbox_user *user;
	void *memory;
	u64 size;
	u64 capacity;
	struct ipcbox_handle *sides[IPCBOX_LANE_SIDES];
	unsigned int maps[IPCBOX_LANE_SIDES];
};

static inline struct ipcbox_ring_end *
ipcbox_lane_end(const struct ipcbox_lane *lane, enum ipcbox_lane_side side)
{
	return lane->memory + side * PAGE_SIZE;
}

static inline struct ipcbox_lane *ipcbox_lane_get(struct ipcbox_lane *lane)
{
	kref_get(&lane->ref);
	return lane;
}

void ipcbox_ring_init(struct ipcbox_ring *ring);
void ipcbox_ring_kill(struct ipcbox_ring *ring);
void ipcbox_ring_wake(struct ipcbox_ring *ring);
void ipcbox_ring_stat(struct ipcbox_ring *ring, struct ipcbox_stat *stat);

struct ipcbox_lane *ipcbox_lane_new(struct ipcbox_ring *ring, u64 capacity,
				    struct ipcbox_user *user);
void ipcbox_lane_put(struct ipcbox_lane *lane);
int ipcbox_lane_add(struct ipcbox_lane *lane, u32 max,
		    struct ipcbox_handle *producer);
struct ipcbox_lane *ipcbox_lane_take(struct ipcbox_ring *ring,
				     struct ipcbox_handle *consumer);
struct ipcbox_lane *ipcbox_lane_find_locked(struct ipcbox_ring *ring, u32 id);

bool ipcbox_lane_on_side_locked(const struct ipcbox_lane *lane,
				const struct ipcbox_handle *handle,
				enum ipcbox_lane_side *side);
bool ipcbox_lane_offered_locked(const struct ipcbox_lane *lane,
				const struct ipcbox_handle *handle);
void ipcbox_lane_wake_locked(struct ipcbox_lane *lane,
			     enum ipcbox_lane_side side);
bool ipcbox_lane_mapped_locked(struct ipcbox_lane *lane,
			       const struct ipcbox_handle *handle);
void ipcbox_lane_leave(struct ipcbox_lane *lane,
		       const struct ipcbox_handle *handle,
		       unsigned int unmapped);
void ipcbox_ring_leave(struct ipcbox_ring *ring,
		       const struct ipcbox_handle *handle);

#endif /* _IPCBOX_LANE_H */
