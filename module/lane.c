// SPDX-License-Identifier: GPL-2.0-only
/* Lanes: beginning and end, and the sides that come and go */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include <linux/ipcbox.h>

#include "lane.h"
#include "quota.h"

void ipcbox_ring_init(struct ipcbox_ring *ring)
{
	spin_lock_init(&ring->lock);
	INIT_LIST_HEAD(&ring->lanes);
	ring->dead = false;
	ring->sent = 0;
	ring->received = 0;
	init_waitqueue_head(&ring->wait);
}

/* Whoever waits for anything looks again. */
void ipcbox_ring_wake(struct ipcbox_ring *ring)
{
	wake_up_poll(&ring->wait, EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR);
}

/* Memory */

static size_t ipcbox_lane_bytes(const struct ipcbox_lane *lane)
{
	return IPCBOX_LANE_SIDES * PAGE_SIZE + lane->size;
}

/**
 * ipcbox_lane_new() - make a lane that nobody has yet
 * @ring: that it will belong to
 * @capacity: of the lane
 * @user: to be charged for it
 *
 * Return: a reference, or an ERR_PTR: -EDQUOT, -ENOMEM
 */
struct ipcbox_lane *ipcbox_lane_new(struct ipcbox_ring *ring, u64 capacity,
				    struct ipcbox_user *user)
{
	struct ipcbox_lane *lane;
	int ret;

	lane = kzalloc(sizeof(*lane), GFP_KERNEL_ACCOUNT);
	if (!lane)
		return ERR_PTR(-ENOMEM);
	kref_init(&lane->ref);
	INIT_LIST_HEAD(&lane->node);
	lane->ring = ring;
	lane->user = user;
	lane->capacity = capacity;
	lane->size = max_t(u64, PAGE_SIZE,
			   roundup_pow_of_two(capacity + IPCBOX_RING_HEADER));
	ret = ipcbox_user_charge_bytes(user, ipcbox_lane_bytes(lane));
	if (ret)
		goto fail;
	ret = -ENOMEM;
	lane->memory = __vmalloc(ipcbox_lane_bytes(lane), GFP_KERNEL_ACCOUNT |
				 __GFP_ZERO | __GFP_NOWARN);
	if (!lane->memory)
		goto fail_charge;
	return lane;

fail_charge:
	ipcbox_user_uncharge_bytes(user, ipcbox_lane_bytes(lane));
fail:
	kfree(lane);
	return ERR_PTR(ret);
}

static void ipcbox_lane_release(struct kref *ref)
{
	struct ipcbox_lane *lane = container_of(ref, struct ipcbox_lane, ref);

	WARN_ON_ONCE(!list_empty(&lane->node));
	vfree(lane->memory);
	ipcbox_user_uncharge_bytes(lane->user, ipcbox_lane_bytes(lane));
	kfree(lane);
}

/* Not under a spinlock: what frees the memory may sleep. */
void ipcbox_lane_put(struct ipcbox_lane *lane)
{
	kref_put(&lane->ref, ipcbox_lane_release);
}

/* Numbers, as the sides say */

static u64 ipcbox_lane_position(const struct ipcbox_lane *lane,
				enum ipcbox_lane_side side)
{
	return READ_ONCE(ipcbox_lane_end(lane, side)->position);
}

static bool ipcbox_lane_waits(const struct ipcbox_lane *lane,
			      enum ipcbox_lane_side side)
{
	return lane->sides[side] &&
	       READ_ONCE(ipcbox_lane_end(lane, side)->waiting) &
		       IPCBOX_RING_WAITS;
}

static void ipcbox_lane_stat_locked(const struct ipcbox_lane *lane,
				    struct ipcbox_stat *stat)
{
	u64 sent = ipcbox_lane_position(lane, IPCBOX_LANE_PRODUCER);
	u64 received = ipcbox_lane_position(lane, IPCBOX_LANE_CONSUMER);

	lockdep_assert_held(&lane->ring->lock);
	stat->lanes++;
	stat->bytes += min(sent - received, lane->capacity);
	stat->sent_bytes += sent;
	stat->received_bytes += received;
	stat->waiting_senders += ipcbox_lane_waits(lane, IPCBOX_LANE_PRODUCER);
	stat->waiting_receivers += ipcbox_lane_waits(lane, IPCBOX_LANE_CONSUMER);
}

/**
 * ipcbox_ring_stat() - add what is known of the lanes
 * @ring: ring
 * @stat: of its port
 */
void ipcbox_ring_stat(struct ipcbox_ring *ring, struct ipcbox_stat *stat)
{
	const struct ipcbox_lane *lane;

	spin_lock(&ring->lock);
	stat->sent_bytes += ring->sent;
	stat->received_bytes += ring->received;
	list_for_each_entry(lane, &ring->lanes, node)
		ipcbox_lane_stat_locked(lane, stat);
	spin_unlock(&ring->lock);
}

static void ipcbox_lane_unlist_locked(struct ipcbox_lane *lane)
{
	struct ipcbox_ring *ring = lane->ring;

	lockdep_assert_held(&ring->lock);
	ring->sent += ipcbox_lane_position(lane, IPCBOX_LANE_PRODUCER);
	ring->received += ipcbox_lane_position(lane, IPCBOX_LANE_CONSUMER);
	list_del_init(&lane->node);
}

/* Sides */

/* Clears the bit on which a side sleeps; then ipcbox_ring_wake(). */
void ipcbox_lane_wake_locked(struct ipcbox_lane *lane,
			     enum ipcbox_lane_side side)
{
	lockdep_assert_held(&lane->ring->lock);
	atomic_andnot(IPCBOX_RING_WAITS,
		      (atomic_t *)&ipcbox_lane_end(lane, side)->waiting);
}

static void ipcbox_lane_finish_locked(struct ipcbox_lane *lane,
				      enum ipcbox_lane_side side)
{
	/* pairs with the acquire in ipcbox_ring_look_for_end() */
	smp_store_release(&ipcbox_lane_end(lane, side)->ended, 1);
	ipcbox_lane_wake_locked(lane, !side);
}

/* Its consumer has ended it, so there will be no other one. */
static bool ipcbox_lane_refused(const struct ipcbox_lane *lane)
{
	return READ_ONCE(ipcbox_lane_end(lane, IPCBOX_LANE_CONSUMER)->ended);
}

/* Is there nothing left for another consumer? */
static bool ipcbox_lane_drained(const struct ipcbox_lane *lane)
{
	const void *data = lane->memory + IPCBOX_LANE_SIDES * PAGE_SIZE;
	u64 pos = ipcbox_lane_position(lane, IPCBOX_LANE_CONSUMER);

	if (ipcbox_lane_refused(lane))
		return true;
	pos &= lane->size - IPCBOX_RING_ALIGN;
	return !READ_ONCE(*(const u64 *)(data + pos));
}

/* Returns whether the list's reference is to be put. */
static bool ipcbox_lane_leave_locked(struct ipcbox_lane *lane,
				     enum ipcbox_lane_side side)
{
	lockdep_assert_held(&lane->ring->lock);
	lane->sides[side] = NULL;
	lane->maps[side] = 0;
	if (list_empty(&lane->node))
		return false;
	if (side == IPCBOX_LANE_PRODUCER)
		ipcbox_lane_finish_locked(lane, side);
	if (lane->sides[!side] || !ipcbox_lane_drained(lane))
		return false;
	/* A consumer has gone, but the producer may be there. */
	if (!READ_ONCE(ipcbox_lane_end(lane, IPCBOX_LANE_PRODUCER)->ended))
		return false;
	ipcbox_lane_unlist_locked(lane);
	return true;
}

bool ipcbox_lane_on_side_locked(const struct ipcbox_lane *lane,
				const struct ipcbox_handle *handle,
				enum ipcbox_lane_side *side)
{
	lockdep_assert_held(&lane->ring->lock);
	*side = lane->sides[IPCBOX_LANE_CONSUMER] == handle ?
			IPCBOX_LANE_CONSUMER : IPCBOX_LANE_PRODUCER;
	return lane->sides[*side] == handle;
}

/* Returns whether the handle is on a side. */
bool ipcbox_lane_mapped_locked(struct ipcbox_lane *lane,
			       const struct ipcbox_handle *handle)
{
	enum ipcbox_lane_side side;
	bool on_side = ipcbox_lane_on_side_locked(lane, handle, &side);

	if (on_side)
		lane->maps[side]++;
	return on_side;
}

/**
 * ipcbox_lane_leave() - a handle may not be on its side any more
 * @lane: lane
 * @handle: handle; it leaves if it has no mapping
 * @unmapped: how many mappings have just gone
 */
void ipcbox_lane_leave(struct ipcbox_lane *lane,
		       const struct ipcbox_handle *handle,
		       unsigned int unmapped)
{
	struct ipcbox_ring *ring = lane->ring;
	enum ipcbox_lane_side side;
	bool gone = false;

	spin_lock(&ring->lock);
	if (ipcbox_lane_on_side_locked(lane, handle, &side)) {
		lane->maps[side] -= unmapped;
		if (!lane->maps[side])
			gone = ipcbox_lane_leave_locked(lane, side);
	}
	spin_unlock(&ring->lock);
	ipcbox_ring_wake(ring);
	if (gone)
		ipcbox_lane_put(lane);
}

/* A lane in the list, or NULL. */
struct ipcbox_lane *ipcbox_lane_find_locked(struct ipcbox_ring *ring, u32 id)
{
	struct ipcbox_lane *lane;

	lockdep_assert_held(&ring->lock);
	list_for_each_entry(lane, &ring->lanes, node)
		if (lane->id == id)
			return lane;
	return NULL;
}

static int ipcbox_lane_add_locked(struct ipcbox_lane *lane, u32 max,
				  struct ipcbox_handle *producer)
{
	struct ipcbox_ring *ring = lane->ring;
	struct ipcbox_lane *other;
	u32 id = 0;

	if (ring->dead)
		return -EIDRM;
	list_for_each_entry(other, &ring->lanes, node)
		if (other->sides[IPCBOX_LANE_PRODUCER] == producer)
			return -EBUSY;
	while (ipcbox_lane_find_locked(ring, id))
		id++;
	if (id >= max)
		return -EUSERS;
	lane->id = id;
	lane->sides[IPCBOX_LANE_PRODUCER] = producer;
	list_add_tail(&ipcbox_lane_get(lane)->node, &ring->lanes);
	return 0;
}

/**
 * ipcbox_lane_add() - put a new lane to the others
 * @lane: lane; the list takes a reference of its own
 * @max: how many there may be
 * @producer: who produces in it
 *
 * Return: 0, -EIDRM, -EBUSY (the handle has one), -EUSERS (there are so many)
 */
int ipcbox_lane_add(struct ipcbox_lane *lane, u32 max,
		    struct ipcbox_handle *producer)
{
	int ret;

	spin_lock(&lane->ring->lock);
	ret = ipcbox_lane_add_locked(lane, max, producer);
	spin_unlock(&lane->ring->lock);
	if (!ret)
		ipcbox_ring_wake(lane->ring);
	return ret;
}

/* May a handle become the consumer? */
bool ipcbox_lane_offered_locked(const struct ipcbox_lane *lane,
				const struct ipcbox_handle *handle)
{
	lockdep_assert_held(&lane->ring->lock);
	return !lane->sides[IPCBOX_LANE_CONSUMER] &&
	       lane->sides[IPCBOX_LANE_PRODUCER] != handle &&
	       !ipcbox_lane_refused(lane);
}

static struct ipcbox_lane *
ipcbox_lane_find_offered_locked(struct ipcbox_ring *ring,
				const struct ipcbox_handle *consumer)
{
	struct ipcbox_lane *lane;

	lockdep_assert_held(&ring->lock);
	if (ring->dead)
		return ERR_PTR(-EIDRM);
	list_for_each_entry(lane, &ring->lanes, node)
		if (ipcbox_lane_offered_locked(lane, consumer))
			return lane;
	return ERR_PTR(-EAGAIN);
}

/*
 * A consumer does not sleep as the one before it did:
 *
 *	producer				consumer
 *	--------				--------
 *	store_release(header)			waiting = 0
 *	waiting is LIGHT: no full barrier	[D] a barrier on all processors
 *						arm, full barrier
 *						look again
 *
 * [D] Either the producer sees that the lane is not light any more, or its record
 * is in memory before the lane is attached to. The caller makes that barrier when
 * it is told that the lane was light.
 */
static bool ipcbox_lane_take_locked(struct ipcbox_lane *lane,
				    struct ipcbox_handle *consumer)
{
	struct ipcbox_ring_end *end = ipcbox_lane_end(lane, IPCBOX_LANE_CONSUMER);

	lockdep_assert_held(&lane->ring->lock);
	lane->sides[IPCBOX_LANE_CONSUMER] = consumer;
	return atomic_xchg((atomic_t *)&end->waiting, 0) & IPCBOX_RING_LIGHT;
}

/**
 * ipcbox_lane_take() - become the consumer of the oldest lane that has none
 * @ring: ring
 * @consumer: handle; not that of the producer
 *
 * Return: a reference, or an ERR_PTR: -EAGAIN (there is none), -EIDRM
 */
struct ipcbox_lane *ipcbox_lane_take(struct ipcbox_ring *ring,
				     struct ipcbox_handle *consumer)
{
	struct ipcbox_lane *lane;
	bool light = false;

	spin_lock(&ring->lock);
	lane = ipcbox_lane_find_offered_locked(ring, consumer);
	if (!IS_ERR(lane)) {
		ipcbox_lane_get(lane);
		light = ipcbox_lane_take_locked(lane, consumer);
	}
	spin_unlock(&ring->lock);
	if (light)
		kick_all_cpus_sync();
	return lane;
}

static void ipcbox_lanes_put(struct list_head *gone)
{
	struct ipcbox_lane *lane, *next;

	list_for_each_entry_safe(lane, next, gone, node) {
		list_del_init(&lane->node);
		ipcbox_lane_put(lane);
	}
}

/* The handle is closed: it is on no side any more. */
void ipcbox_ring_leave(struct ipcbox_ring *ring,
		       const struct ipcbox_handle *handle)
{
	struct ipcbox_lane *lane, *next;
	enum ipcbox_lane_side side;
	LIST_HEAD(gone);

	spin_lock(&ring->lock);
	list_for_each_entry_safe(lane, next, &ring->lanes, node)
		if (ipcbox_lane_on_side_locked(lane, handle, &side) &&
		    ipcbox_lane_leave_locked(lane, side))
			list_add(&lane->node, &gone);
	spin_unlock(&ring->lock);
	ipcbox_ring_wake(ring);
	ipcbox_lanes_put(&gone);
}

/* The port is deleted: all sides learn that there will be nothing more. */
void ipcbox_ring_kill(struct ipcbox_ring *ring)
{
	struct ipcbox_lane *lane;

	spin_lock(&ring->lock);
	ring->dead = true;
	while ((lane = list_first_entry_or_null(&ring->lanes,
						struct ipcbox_lane, node))) {
		ipcbox_lane_finish_locked(lane, IPCBOX_LANE_PRODUCER);
		ipcbox_lane_finish_locked(lane, IPCBOX_LANE_CONSUMER);
		ipcbox_lane_unlist_locked(lane);
		spin_unlock(&ring->lock);
		ipcbox_lane_put(lane);
		spin_lock(&ring->lock);
	}
	spin_unlock(&ring->lock);
	ipcbox_ring_wake(ring);
}
