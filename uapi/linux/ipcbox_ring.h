/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ipcbox_ring - the protocol of a lane of a shared ring
 *
 * This header is all there is of it: the kernel, the library, the tests and the
 * benchmarks compile the same lines. It may be included from C and C++, and it
 * needs nothing but memory that two processes share.
 *
 * Theory of operation
 * ===================
 *
 * A *lane* carries records of 0 to ipcbox_ring_record_max() bytes from one
 * producer to one consumer, in order. It consists of
 *
 *	the producer's end	a page that only the producer (and the kernel) writes
 *	the consumer's end	a page that only the consumer (and the kernel) writes
 *	the data		a power of two of bytes, which only the producer
 *				writes, mapped twice in a row, so that each record
 *				is contiguous wherever it starts
 *
 * all zero in the beginning. Positions count bytes from the beginning of time,
 * in 64 bits, and never wrap; their low bits are the place in the data.
 *
 * A record is a header of 8 bytes and the payload, padded to a multiple of
 * IPCBOX_RING_ALIGN. The header tells whether the record is there: it is zero
 * until the producer publishes, and holds the record's position and length
 * afterwards. So a consumer that keeps up finds header and payload in one cache
 * line, and reads nothing else. What makes that right although the data are
 * full of old payloads: before a header is stored, the one behind its record is
 * zeroed. That is why there is always room for one more header than meets the
 * eye: ipcbox_ring_capacity_max().
 *
 *	producer				consumer
 *	--------				--------
 *	[A] head = load_acquire(its position)	[B] header = load_acquire(at pos)
 *	    enough room behind head?		    zero: nothing there yet
 *	    write payload			    read payload, in place
 *	    zero the header behind it		[A] store_release(position, pos)
 *	[B] store_release(header)
 *
 * [B] makes the payload visible with the header, and [A] keeps the producer from
 * writing where the consumer still reads. The producer remembers head and looks
 * again only when it runs out of room, so in the steady state each side touches
 * one line of the other's: the one with the record.
 *
 * Sleep and wake
 * ==============
 * Whoever finds the lane empty or full and wants to sleep says so in its own end,
 * looks again, and sleeps; the other side publishes, and looks whether somebody
 * sleeps. Each of the two stores first and loads then, so both need a full
 * barrier in between, or both might miss each other:
 *
 *	ipcbox_ring_arm()			ipcbox_ring_publish(), _release()
 *	-----------------			---------------------------------
 *	own->waiting |= WAITS			store_release(header or position)
 *	[C] full barrier			[C] full barrier
 *	look again				peer->waiting & WAITS?
 *	sleep while own->waiting & WAITS	clear it, and wake
 *
 * The clearing of the bit is the wake-up: whoever sleeps must do it as futex(2)
 * does, where the check of the bit and the falling asleep are one. A bit that
 * is cleared late, for an earlier sleep, costs a look more and loses nothing.
 *
 * A full barrier for each record would cost more than all the rest. So the right
 * half may leave it out, provided that the left half has it made on its behalf
 * by membarrier(2), MEMBARRIER_CMD_GLOBAL_EXPEDITED: who sleeps pays, as it
 * makes a system call anyway. That takes the consent of both: whoever waits that
 * way says so in its end (LIGHT), and whoever publishes must have registered
 * its process (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) before it believes
 * that: ipcbox_ring_light() stands for both.
 *
 * Trust
 * =====
 * None of the shared words is trusted: each is read once, bounded, and only the
 * copy is used. Whatever the other side writes wherever it can, and whenever, a
 * call returns -EBADMSG or a record within the data. What a payload says, and
 * whether it still says it at the second look, is between the two programs: a
 * consumer that does not trust its producer copies first and looks then.
 */
#ifndef _UAPI_LINUX_IPCBOX_RING_H
#define _UAPI_LINUX_IPCBOX_RING_H

#include <linux/errno.h>
#include <linux/types.h>

/*
 * The memory model, by the kernel's names or by the compiler's. A relaxed access
 * is one access, neither split nor repeated.
 */
#ifdef __KERNEL__
#include <asm/barrier.h>
#include <asm/rwonce.h>
#define ipcbox_ring_get(word)		READ_ONCE(*(word))
#define ipcbox_ring_set(word, value)	WRITE_ONCE(*(word), value)
#define ipcbox_ring_acquire(word)	smp_load_acquire(word)
#define ipcbox_ring_store(word, value)	smp_store_release(word, value)
#define ipcbox_ring_full_barrier()	smp_mb()
#define ipcbox_ring_compiler_barrier()	barrier()
#else
#define ipcbox_ring_get(word)		__atomic_load_n(word, __ATOMIC_RELAXED)
#define ipcbox_ring_set(word, value)	__atomic_store_n(word, value, __ATOMIC_RELAXED)
#define ipcbox_ring_acquire(word)	__atomic_load_n(word, __ATOMIC_ACQUIRE)
#define ipcbox_ring_store(word, value)	__atomic_store_n(word, value, __ATOMIC_RELEASE)
#define ipcbox_ring_full_barrier()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define ipcbox_ring_compiler_barrier()	__atomic_signal_fence(__ATOMIC_SEQ_CST)
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * define IPCBOX_RING_ALIGN - alignment of each header and each payload, in bytes
 */
#define IPCBOX_RING_ALIGN	8U

/**
 * define IPCBOX_RING_HEADER - bytes in front of each payload
 */
#define IPCBOX_RING_HEADER	8U

/**
 * define IPCBOX_RING_SIZE_MAX - most bytes of data in one lane; the length of a
 * record is a number of 31 bits
 */
#define IPCBOX_RING_SIZE_MAX	(1ULL << 30)

/**
 * define IPCBOX_RING_WAITS - this side sleeps, or is about to
 */
#define IPCBOX_RING_WAITS	(1U << 0)

/**
 * define IPCBOX_RING_LIGHT - before this side sleeps it has the full barrier made
 * on the other side as well
 */
#define IPCBOX_RING_LIGHT	(1U << 1)

/* In a header: there is a record. Its length is in the bits below. */
#define IPCBOX_RING_PUBLISHED	(1U << 31)

/**
 * struct ipcbox_ring_end - what one side tells the other; it begins a page
 * @waiting: IPCBOX_RING_WAITS, IPCBOX_RING_LIGHT
 * @ended: not zero: there will be nothing more from this side
 * @reserved: keeps apart what is written often and what is looked at often, by
 *	two cache lines because processors fetch them in pairs
 * @position: of the consumer: everything before it may be overwritten. Of the
 *	producer: where its next record begins, for whoever wants to know how much
 *	is queued; a consumer goes by the headers
 */
struct ipcbox_ring_end {
	__u32	waiting;
	__u32	ended;
	__u64	reserved[15];
	__u64	position;
};

/**
 * struct ipcbox_ring_side - a lane as one of its sides sees it; memory of its own
 * @own: the end that it writes
 * @peer: the end that the other side writes
 * @data: both mappings of the data
 * @mask: size of the data, less one
 * @light: IPCBOX_RING_LIGHT, or 0
 * @quiet: what @peer->waiting says when there is nothing to do
 */
struct ipcbox_ring_side {
	struct ipcbox_ring_end *own;
	const struct ipcbox_ring_end *peer;
	__u8 *data;
	__u64 mask;
	__u32 light;
	__u32 quiet;
};

/**
 * struct ipcbox_ring_producer - the sending side of a lane
 * @side: the lane
 * @capacity: most bytes, with headers and padding, that it holds
 * @head: of the consumer, when last looked at
 * @published: everything before it is visible
 * @tail: where the next record goes; what is before it is staged
 * @first: header of the first record that is staged; it is stored last
 * @room: bytes reserved at @tail, with header and padding
 */
struct ipcbox_ring_producer {
	struct ipcbox_ring_side side;
	__u64 capacity;
	__u64 head;
	__u64 published;
	__u64 tail;
	__u64 first;
	__u64 room;
};

/**
 * struct ipcbox_ring_consumer - the receiving side of a lane
 * @side: the lane
 * @head: everything before it is released
 * @pos: where the next record is; what is before it is taken
 * @seen: bytes of the record at @pos, with header and padding, once peeked at
 */
struct ipcbox_ring_consumer {
	struct ipcbox_ring_side side;
	__u64 head;
	__u64 pos;
	__u64 seen;
};

/**
 * ipcbox_ring_need() - room that a record takes
 * @len: length of its payload
 *
 * Return: bytes, with header and padding.
 */
static __inline__ __u64 ipcbox_ring_need(__u64 len)
{
	return (IPCBOX_RING_HEADER + len + IPCBOX_RING_ALIGN - 1) &
	       ~(__u64)(IPCBOX_RING_ALIGN - 1);
}

/**
 * ipcbox_ring_capacity_max() - most that data can hold
 * @size: bytes of data
 *
 * Return: bytes, with headers and padding; a lane may be given a lower capacity.
 */
static __inline__ __u64 ipcbox_ring_capacity_max(__u64 size)
{
	return size - IPCBOX_RING_HEADER;
}

/**
 * ipcbox_ring_record_max() - longest record
 * @capacity: of the lane
 *
 * Return: bytes of payload: the longest record fills the lane.
 */
static __inline__ __u64 ipcbox_ring_record_max(__u64 capacity)
{
	return (capacity & ~(__u64)(IPCBOX_RING_ALIGN - 1)) - IPCBOX_RING_HEADER;
}

static __inline__ __u64 *ipcbox_ring_at(const struct ipcbox_ring_side *side,
					__u64 pos)
{
	return (__u64 *)(void *)(side->data + (pos & side->mask));
}

/* It says where it belongs: no other record's header, nor most of chance. */
static __inline__ __u64 ipcbox_ring_header(__u64 pos, __u32 len)
{
	return (pos / IPCBOX_RING_ALIGN) << 32 | IPCBOX_RING_PUBLISHED | len;
}

/* Has to be preceded by the store that the other side might be waiting for. */
static __inline__ int ipcbox_ring_peer_waits(const struct ipcbox_ring_side *side)
{
	const __u32 *waiting = &side->peer->waiting;

	ipcbox_ring_compiler_barrier();
	if (ipcbox_ring_get(waiting) == side->quiet)
		return 0;
	/* [C] pairs with ipcbox_ring_arm() */
	ipcbox_ring_full_barrier();
	return !!(ipcbox_ring_get(waiting) & IPCBOX_RING_WAITS);
}

/**
 * ipcbox_ring_light() - no full barrier for each record any more
 * @side: of a process that is registered for expedited barriers, and that makes
 *	one of all such processes between ipcbox_ring_arm() and looking again
 */
static __inline__ void ipcbox_ring_light(struct ipcbox_ring_side *side)
{
	side->light = IPCBOX_RING_LIGHT;
	side->quiet = IPCBOX_RING_LIGHT;
	ipcbox_ring_set(&side->own->waiting, IPCBOX_RING_LIGHT);
}

/**
 * ipcbox_ring_arm() - announce that this side is about to sleep
 * @side: the lane
 *
 * After this, and membarrier(2) if the lane is light, look again. Then sleep
 * while IPCBOX_RING_WAITS is set in @side->own->waiting, or call
 * ipcbox_ring_disarm(); and look again.
 */
static __inline__ void ipcbox_ring_arm(struct ipcbox_ring_side *side)
{
	ipcbox_ring_set(&side->own->waiting, side->light | IPCBOX_RING_WAITS);
	/* [C] pairs with ipcbox_ring_peer_waits() */
	ipcbox_ring_full_barrier();
}

/**
 * ipcbox_ring_disarm() - this side is awake
 * @side: the lane
 */
static __inline__ void ipcbox_ring_disarm(struct ipcbox_ring_side *side)
{
	ipcbox_ring_set(&side->own->waiting, side->light);
}

/**
 * ipcbox_ring_finish() - tell the other side that there will be nothing more
 * @side: the lane
 *
 * Return: 1 if the other side waits and has to be woken, else 0.
 */
static __inline__ int ipcbox_ring_finish(struct ipcbox_ring_side *side)
{
	ipcbox_ring_store(&side->own->ended, 1);
	return ipcbox_ring_peer_waits(side);
}

static __inline__ void ipcbox_ring_side_init(struct ipcbox_ring_side *side,
					     struct ipcbox_ring_end *own,
					     const struct ipcbox_ring_end *peer,
					     void *data, __u64 size)
{
	side->own = own;
	side->peer = peer;
	side->data = (__u8 *)data;
	side->mask = size - 1;
	side->light = 0;
	side->quiet = ~0U;	/* which is never: always make sure */
}

/* Sending */

/**
 * ipcbox_ring_producer_init() - begin to produce
 * @p: the producer
 * @own: the producer's end
 * @peer: the consumer's end
 * @data: both mappings of the data
 * @size: of the data: a power of two, up to IPCBOX_RING_SIZE_MAX
 * @capacity: most bytes, with headers and padding, that may be queued; at most
 *	ipcbox_ring_capacity_max(@size)
 */
static __inline__ void ipcbox_ring_producer_init(struct ipcbox_ring_producer *p,
						 struct ipcbox_ring_end *own,
						 const struct ipcbox_ring_end *peer,
						 void *data, __u64 size,
						 __u64 capacity)
{
	ipcbox_ring_side_init(&p->side, own, peer, data, size);
	p->capacity = capacity;
	p->tail = ipcbox_ring_get(&own->position) & ~(__u64)(IPCBOX_RING_ALIGN - 1);
	p->head = p->tail - capacity;	/* full: forces a look */
	p->published = p->tail;
	p->first = 0;
	p->room = 0;
}

/* For as long as the consumer's position is nonsense, nothing is written. */
static __inline__ int ipcbox_ring_look_for_room(struct ipcbox_ring_producer *p,
						__u64 need)
{
	/* [A] pairs with ipcbox_ring_release() */
	__u64 head = ipcbox_ring_acquire(&p->side.peer->position);

	if (p->published - head > p->capacity || head % IPCBOX_RING_ALIGN)
		return -EBADMSG;
	p->head = head;
	if (p->tail + need - head <= p->capacity)
		return 0;
	return ipcbox_ring_get(&p->side.peer->ended) ? -EPIPE : -EAGAIN;
}

/**
 * ipcbox_ring_reserve() - room for a record
 * @p: the producer
 * @len: length of the record, or more
 * @payload: out: where to write it, in the shared data but visible to nobody yet
 *
 * Forgets what was reserved, and not staged, before.
 *
 * Return: 0, -EAGAIN (full), -EMSGSIZE (can never fit), -EPIPE (full, and the
 * consumer has ended), -EBADMSG (the consumer wrote nonsense).
 */
static __inline__ int ipcbox_ring_reserve(struct ipcbox_ring_producer *p,
					  __u32 len, void **payload)
{
	__u64 need = ipcbox_ring_need(len);
	int err;

	p->room = 0;
	if (p->tail + need - p->head > p->capacity) {
		if (need > p->capacity)
			return -EMSGSIZE;
		err = ipcbox_ring_look_for_room(p, need);
		if (err)
			return err;
	}
	p->room = need;
	*payload = ipcbox_ring_at(&p->side, p->tail) + 1;
	return 0;
}

/**
 * ipcbox_ring_stage() - finish the reserved record, but do not show it yet
 * @p: the producer
 * @len: length of the record; at most what was reserved
 *
 * Return: 0, or -EINVAL if that much was not reserved.
 */
static __inline__ int ipcbox_ring_stage(struct ipcbox_ring_producer *p, __u32 len)
{
	__u64 need = ipcbox_ring_need(len);

	if (need > p->room)
		return -EINVAL;
	p->room = 0;
	ipcbox_ring_set(ipcbox_ring_at(&p->side, p->tail + need), 0);
	if (p->tail == p->published)
		p->first = ipcbox_ring_header(p->tail, len);
	else
		ipcbox_ring_set(ipcbox_ring_at(&p->side, p->tail),
				ipcbox_ring_header(p->tail, len));
	p->tail += need;
	return 0;
}

/**
 * ipcbox_ring_publish() - show all staged records at once
 * @p: the producer
 *
 * Return: 1 if the consumer waits and has to be woken, else 0.
 */
static __inline__ int ipcbox_ring_publish(struct ipcbox_ring_producer *p)
{
	if (p->tail == p->published)
		return 0;
	/* [B] pairs with ipcbox_ring_peek() */
	ipcbox_ring_store(ipcbox_ring_at(&p->side, p->published), p->first);
	p->published = p->tail;
	ipcbox_ring_set(&p->side.own->position, p->tail);
	return ipcbox_ring_peer_waits(&p->side);
}

/**
 * ipcbox_ring_commit() - finish the reserved record and show it, with all that
 * are staged
 * @p: the producer
 * @len: length of the record; at most what was reserved
 *
 * Return: as ipcbox_ring_stage() if that fails, else as ipcbox_ring_publish().
 */
static __inline__ int ipcbox_ring_commit(struct ipcbox_ring_producer *p, __u32 len)
{
	int err = ipcbox_ring_stage(p, len);

	return err ? err : ipcbox_ring_publish(p);
}

/**
 * ipcbox_ring_discard() - drop what is reserved or staged
 * @p: the producer
 */
static __inline__ void ipcbox_ring_discard(struct ipcbox_ring_producer *p)
{
	p->tail = p->published;
	p->room = 0;
}

/* Receiving */

/**
 * ipcbox_ring_consumer_init() - begin to consume, or go on where another ended
 * @c: the consumer
 * @own: the consumer's end
 * @peer: the producer's end
 * @data: both mappings of the data
 * @size: of the data
 */
static __inline__ void ipcbox_ring_consumer_init(struct ipcbox_ring_consumer *c,
						 struct ipcbox_ring_end *own,
						 const struct ipcbox_ring_end *peer,
						 void *data, __u64 size)
{
	ipcbox_ring_side_init(&c->side, own, peer, data, size);
	c->head = ipcbox_ring_get(&own->position) & ~(__u64)(IPCBOX_RING_ALIGN - 1);
	c->pos = c->head;
	c->seen = 0;
}

/* What was published before the end has to be seen before the end is. */
static __inline__ int ipcbox_ring_look_for_end(struct ipcbox_ring_consumer *c)
{
	if (!ipcbox_ring_acquire(&c->side.peer->ended) ||
	    ipcbox_ring_get(ipcbox_ring_at(&c->side, c->pos)))
		return -EAGAIN;
	return -EPIPE;
}

/**
 * ipcbox_ring_peek() - the first record that was not taken yet
 * @c: the consumer
 * @payload: out: the record, in the shared data
 * @len: out: its length
 *
 * Return: 0, -EAGAIN (nothing there; look again), -EPIPE (nothing there, and the
 * producer has ended), -EBADMSG (the producer wrote nonsense).
 */
static __inline__ int ipcbox_ring_peek(struct ipcbox_ring_consumer *c,
				       const void **payload, __u32 *len)
{
	__u64 *at = ipcbox_ring_at(&c->side, c->pos);
	/* [B] pairs with ipcbox_ring_publish() */
	__u64 header = ipcbox_ring_acquire(at);
	__u32 length = (__u32)header & (IPCBOX_RING_PUBLISHED - 1);
	__u64 need = ipcbox_ring_need(length);

	if (!header)
		return ipcbox_ring_look_for_end(c);
	/* together with what is not released yet it fits into the data */
	if (header != ipcbox_ring_header(c->pos, length) ||
	    c->pos - c->head + need > c->side.mask + 1 - IPCBOX_RING_HEADER)
		return -EBADMSG;
	c->seen = need;
	*payload = at + 1;
	*len = length;
	return 0;
}

/**
 * ipcbox_ring_take() - step over the record that was peeked at; it stays valid
 * @c: the consumer
 */
static __inline__ void ipcbox_ring_take(struct ipcbox_ring_consumer *c)
{
	c->pos += c->seen;
	c->seen = 0;
}

/**
 * ipcbox_ring_release() - give back the room of all records that were taken
 * @c: the consumer
 *
 * Records that were not released are seen again by the next consumer.
 *
 * Return: 1 if the producer waits and has to be woken, else 0.
 */
static __inline__ int ipcbox_ring_release(struct ipcbox_ring_consumer *c)
{
	if (c->head == c->pos)
		return 0;
	c->head = c->pos;
	/* [A] pairs with ipcbox_ring_look_for_room() */
	ipcbox_ring_store(&c->side.own->position, c->pos);
	return ipcbox_ring_peer_waits(&c->side);
}

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_LINUX_IPCBOX_RING_H */
