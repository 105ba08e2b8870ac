/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipcbox - lanes: records in memory that processes share
 *
 * A port of IPCBOX_KIND_RING has a *lane* for each process that sends: a ring of
 * records of any length up to that of the lane. Its producer writes them where
 * its consumer reads them, in place, and as long as both are busy without a
 * system call. Whoever consumes has all lanes, in a *drain*.
 *
 *	producer				consumer
 *	--------				--------
 *	ipcbox_lane_open()			ipcbox_drain_open()
 *	ipcbox_lane_reserve()			ipcbox_drain_peek()
 *	    write the record			    read the record
 *	ipcbox_lane_commit()			ipcbox_drain_release()
 *	ipcbox_lane_close()			ipcbox_drain_close()
 *
 * The conventions are those of <ipcbox.h>. In addition:
 *
 * - Order is kept within a lane; between lanes there is none, but none of them
 *   waits for another one for long.
 * - Payloads begin at multiples of IPCBOX_RING_ALIGN, 8 bytes.
 * - Who is killed leaves nothing to repair. A record that was not committed was
 *   never there. One that was not released is seen again by the next drain.
 * - Neither side can make the other one fail, other than by saying nothing. But
 *   a producer can change a record while it is read: who does not trust it copies
 *   the record, as ipcbox_drain_recv() does, and looks at the copy.
 * - A lane or a drain is used by one thread at a time. It is not inherited by
 *   fork(2), although the descriptor is; a child must not touch it.
 * - The descriptor stays the caller's: it is closed after the lane or the drain,
 *   not before. poll(2) works on it, see ipcbox_drain_arm().
 * - Wherever these functions wait, they look again for some microseconds before
 *   they sleep, if that has been worth it lately; but not where there is only one
 *   processor to run on.
 */
#ifndef _IPCBOX_LANE_H
#define _IPCBOX_LANE_H

#include <ipcbox.h>
#include <linux/ipcbox_ring.h>

#if defined(__cplusplus)
extern "C" {
#endif

/* The producer. */

/**
 * struct ipcbox_lane - a lane that this process produces in
 * @ring: for the functions here alone
 */
struct ipcbox_lane {
	struct ipcbox_ring_producer ring;
};

/**
 * ipcbox_lane_open - make a lane, and become its producer
 * @lane: set to it; to be closed by ipcbox_lane_close()
 * @port: handle with IPCBOX_RIGHT_SEND on a port of IPCBOX_KIND_RING; it can have
 *	one lane at a time
 *
 * Return: 0, or -EBUSY (the handle has one), -EUSERS (the port has as many as it
 * may; those of producers that have gone count until they are drained), -EDQUOT (of
 * this user), -EBADF (not a handle that may send), -ENOTTY (not a ring), -EIDRM
 * (port deleted), -ENOMEM.
 */
int ipcbox_lane_open(struct ipcbox_lane **lane, int port);

/**
 * ipcbox_lane_close - end a lane
 * @lane: from ipcbox_lane_open()
 *
 * What is committed is still received. What is only reserved or staged is gone.
 */
void ipcbox_lane_close(struct ipcbox_lane *lane);

/* The slow halves of what is below. */
int ipcbox__lane_reserve(struct ipcbox_lane *lane, size_t len, void **payload,
			 const struct ipcbox_options *options);
int ipcbox__lane_wake(const struct ipcbox_lane *lane);

/**
 * ipcbox_lane_reserve - room for a record
 * @lane: lane
 * @len: length of the record in bytes, or more
 * @payload: set to where to write it
 * @options: deadline, and IPCBOX_NOWAIT; NULL to wait while the lane is full
 *
 * Before it waits, what is staged is published. Forgets what was reserved before,
 * and neither staged nor committed.
 *
 * Return: 0, or -EMSGSIZE (longer than the lane), -EAGAIN (full, with IPCBOX_NOWAIT
 * or O_NONBLOCK), -ETIMEDOUT, -EINTR, -EIDRM (port deleted), -EPIPE (the consumer
 * has refused the lane, because of nonsense in it), -EBADMSG (the consumer has
 * written nonsense).
 */
static inline int ipcbox_lane_reserve(struct ipcbox_lane *lane, size_t len,
				      void **payload,
				      const struct ipcbox_options *options)
{
	if (!ipcbox_ring_get(&lane->ring.side.peer->ended) &&
	    len < IPCBOX_RING_SIZE_MAX &&
	    !ipcbox_ring_reserve(&lane->ring, (__u32)len, payload))
		return 0;
	return ipcbox__lane_reserve(lane, len, payload, options);
}

/**
 * ipcbox_lane_stage - finish the reserved record, but do not show it yet
 * @lane: lane
 * @len: length of the record in bytes; at most what was reserved
 *
 * For a batch: what is staged is seen all at once, after ipcbox_lane_publish() or
 * the next ipcbox_lane_commit().
 *
 * Return: 0, or -EINVAL (that much was not reserved).
 */
static inline int ipcbox_lane_stage(struct ipcbox_lane *lane, size_t len)
{
	if (len >= IPCBOX_RING_SIZE_MAX)
		return -EINVAL;
	return ipcbox_ring_stage(&lane->ring, (__u32)len);
}

/**
 * ipcbox_lane_publish - show all records that are staged
 * @lane: lane
 *
 * Return: 0, or -EIDRM (port deleted).
 */
static inline int ipcbox_lane_publish(struct ipcbox_lane *lane)
{
	return ipcbox_ring_publish(&lane->ring) ? ipcbox__lane_wake(lane) : 0;
}

/**
 * ipcbox_lane_commit - finish the reserved record, and show it with all staged ones
 * @lane: lane
 * @len: length of the record in bytes; at most what was reserved
 *
 * Return: 0, or -EINVAL (that much was not reserved), -EIDRM (port deleted).
 */
static inline int ipcbox_lane_commit(struct ipcbox_lane *lane, size_t len)
{
	int err = ipcbox_lane_stage(lane, len);

	return err ? err : ipcbox_lane_publish(lane);
}

/**
 * ipcbox_lane_discard - drop what is reserved or staged
 * @lane: lane
 */
static inline void ipcbox_lane_discard(struct ipcbox_lane *lane)
{
	ipcbox_ring_discard(&lane->ring);
}

/**
 * ipcbox_lane_send - send a copy: reserve, copy, commit
 * @lane: lane
 * @data: payload
 * @len: its length in bytes
 * @options: as in ipcbox_lane_reserve()
 *
 * Return: as ipcbox_lane_reserve().
 */
int ipcbox_lane_send(struct ipcbox_lane *lane, const void *data, size_t len,
		     const struct ipcbox_options *options);

/**
 * ipcbox_lane_arm - prepare for poll(2)
 * @lane: lane
 * @len: length of a record in bytes
 *
 * Return: 1 if there is room for it; 0 if not, and POLLOUT will tell when there is
 * more than now; or as ipcbox_lane_reserve().
 */
int ipcbox_lane_arm(struct ipcbox_lane *lane, size_t len);

/* The consumer. */

/**
 * struct ipcbox_drain - the consumer of all lanes that have no other one
 * @ring: lane whose turn it is
 * @lane: its number
 * @turn: records until the turn passes on; 0 if it is nobody's
 * @behind: something is not released in other lanes
 * @reserved: 0
 *
 * For the functions here alone.
 */
struct ipcbox_drain {
	struct ipcbox_ring_consumer *ring;
	uint32_t lane;
	uint32_t turn;
	uint32_t behind;
	uint32_t reserved;
};

/**
 * struct ipcbox_record - a record
 * @data: where it is
 * @len: its length in bytes
 * @lane: number of its lane; lanes that have ended leave theirs to new ones
 */
struct ipcbox_record {
	const void *data;
	size_t len;
	uint32_t lane;
};

/**
 * ipcbox_drain_open - begin to consume
 * @drain: set to it; to be closed by ipcbox_drain_close()
 * @port: handle with IPCBOX_RIGHT_RECV on a port of IPCBOX_KIND_RING
 *
 * Takes the lanes that there are, now and later. Of several drains each has those
 * that it has found without a consumer, and a handle of its own.
 *
 * Return: 0, or -EBADF (not a handle that may receive), -ENOTTY (not a ring), -EIDRM
 * (port deleted), -ENOMEM.
 */
int ipcbox_drain_open(struct ipcbox_drain **drain, int port);

/**
 * ipcbox_drain_close - leave all lanes to the next drain
 * @drain: from ipcbox_drain_open()
 *
 * What was not released, the next drain sees again.
 */
void ipcbox_drain_close(struct ipcbox_drain *drain);

/* The slow halves of what is below. */
int ipcbox__drain_peek(struct ipcbox_drain *drain, struct ipcbox_record *record,
		       const struct ipcbox_options *options);
int ipcbox__drain_release(struct ipcbox_drain *drain, int wake);

/**
 * ipcbox_drain_peek - the next record, of the lane whose turn it is
 * @drain: drain
 * @record: filled in; the payload is where the producer has put it, and stays there
 *	until the next call; if it is taken, until ipcbox_drain_release()
 * @options: deadline, and IPCBOX_NOWAIT; NULL to wait for a record
 *
 * Again and again the same one, until ipcbox_drain_take() or _release(). If it has to
 * wait, it releases all that was taken first.
 *
 * Return: 0, or -EAGAIN (nothing there, with IPCBOX_NOWAIT or O_NONBLOCK), -ETIMEDOUT,
 * -EINTR, -EIDRM (port deleted, and nothing is left), -ENOMEM, -EBADMSG (nonsense in a
 * lane, which is now refused: the others go on at the next call).
 */
static inline int ipcbox_drain_peek(struct ipcbox_drain *drain,
				    struct ipcbox_record *record,
				    const struct ipcbox_options *options)
{
	__u32 len = 0;

	if (!drain->turn || ipcbox_ring_peek(drain->ring, &record->data, &len))
		return ipcbox__drain_peek(drain, record, options);
	record->len = len;
	record->lane = drain->lane;
	return 0;
}

/**
 * ipcbox_drain_take - step over the record that was peeked at; it stays valid
 * @drain: drain
 *
 * For a batch, whose records are released all at once.
 */
static inline void ipcbox_drain_take(struct ipcbox_drain *drain)
{
	if (drain->turn && drain->ring->seen) {
		ipcbox_ring_take(drain->ring);
		drain->turn--;
	}
}

/**
 * ipcbox_drain_release - be done with all records that were peeked at or taken
 * @drain: drain
 *
 * Return: 0, or -EIDRM (port deleted).
 */
static inline int ipcbox_drain_release(struct ipcbox_drain *drain)
{
	int wake = 0;

	ipcbox_drain_take(drain);
	if (drain->ring)
		wake = ipcbox_ring_release(drain->ring);
	return wake || drain->behind ? ipcbox__drain_release(drain, wake) : 0;
}

/**
 * ipcbox_drain_recv - receive a copy: peek, copy, release
 * @drain: drain
 * @buf: where it goes
 * @size: room there, in bytes
 * @options: as in ipcbox_drain_peek()
 * @record: filled in, with @buf as its place; after -EMSGSIZE, @record->len is the size
 *	needed; may be NULL
 *
 * Return: the length of the record, or -EMSGSIZE (longer than @size; it is still the
 * next one), or as ipcbox_drain_peek().
 */
ssize_t ipcbox_drain_recv(struct ipcbox_drain *drain, void *buf, size_t size,
			  const struct ipcbox_options *options,
			  struct ipcbox_record *record);

/**
 * ipcbox_drain_arm - prepare for poll(2)
 * @drain: drain
 *
 * Return: 1 if there is a record, or nonsense, for ipcbox_drain_peek(); 0 if not, and
 * POLLIN will tell; or -EIDRM (port deleted, and nothing is left), -ENOMEM.
 */
int ipcbox_drain_arm(struct ipcbox_drain *drain);

#if defined(__cplusplus)
}
#endif

#endif /* _IPCBOX_LANE_H */
