/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lane in memory that two threads or processes share, without the module: its
 * data mapped twice in a row, guards around, and futexes to sleep on.
 *
 * Tests and benchmarks run the protocol of <linux/ipcbox_ring.h> over it.
 */
#ifndef IPCBOX_LANE_H
#define IPCBOX_LANE_H

#include <err.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/ipcbox_ring.h>

#define LANE_PAGE	4096UL

/**
 * struct lane - the memory of a lane
 * @producer: what the producer writes
 * @consumer: what the consumer writes
 * @data: both mappings
 * @size: of the data
 */
struct lane {
	struct ipcbox_ring_end *producer;
	struct ipcbox_ring_end *consumer;
	unsigned char *data;
	size_t size;
};

static inline void lane_map(unsigned char *at, size_t len, int fd, size_t offset)
{
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 (off_t)offset) == MAP_FAILED)
		err(EXIT_FAILURE, "mapping a lane");
}

/* guard, end, guard, end, guard, data, data, guard */
static inline void lane_new(struct lane *lane, size_t size)
{
	size_t total = 6 * LANE_PAGE + 2 * size;
	int fd = memfd_create("lane", MFD_CLOEXEC);
	unsigned char *at = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);

	if (fd < 0 || at == MAP_FAILED || ftruncate(fd, (off_t)(2 * LANE_PAGE + size)))
		err(EXIT_FAILURE, "making a lane");
	lane_map(at + LANE_PAGE, LANE_PAGE, fd, 0);
	lane_map(at + 3 * LANE_PAGE, LANE_PAGE, fd, LANE_PAGE);
	lane_map(at + 5 * LANE_PAGE, size, fd, 2 * LANE_PAGE);
	lane_map(at + 5 * LANE_PAGE + size, size, fd, 2 * LANE_PAGE);
	close(fd);
	lane->producer = (void *)(at + LANE_PAGE);
	lane->consumer = (void *)(at + 3 * LANE_PAGE);
	lane->data = at + 5 * LANE_PAGE;
	lane->size = size;
}

static inline void lane_free(struct lane *lane)
{
	munmap(lane->data - 5 * LANE_PAGE, 6 * LANE_PAGE + 2 * lane->size);
}

static inline void lane_producer(struct lane *lane, struct ipcbox_ring_producer *p,
				 size_t capacity)
{
	ipcbox_ring_producer_init(p, lane->producer, lane->consumer, lane->data,
				  lane->size, capacity);
}

static inline void lane_consumer(struct lane *lane, struct ipcbox_ring_consumer *c)
{
	ipcbox_ring_consumer_init(c, lane->consumer, lane->producer, lane->data,
				  lane->size);
}

/* Whether this process could be registered, as ipcbox_ring_light() wants it. */
static inline bool lane_light(struct ipcbox_ring_side *side)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0))
		return false;
	ipcbox_ring_light(side);
	return true;
}

/* Look again after this, then lane_sleep() or ipcbox_ring_disarm(). */
static inline void lane_arm(struct ipcbox_ring_side *side)
{
	ipcbox_ring_arm(side);
	if (side->light && syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0))
		err(EXIT_FAILURE, "membarrier");
}

static inline void lane_sleep(struct ipcbox_ring_side *side)
{
	__u32 *waiting = &side->own->waiting, armed = side->light | IPCBOX_RING_WAITS;

	while (ipcbox_ring_get(waiting) == armed)
		syscall(SYS_futex, waiting, FUTEX_WAIT, armed, NULL, NULL, 0);
}

static inline void lane_wake(const struct ipcbox_ring_side *side)
{
	__u32 *waiting = (__u32 *)&side->peer->waiting;

	__atomic_fetch_and(waiting, ~IPCBOX_RING_WAITS, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, waiting, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* As ipcbox_ring_reserve() and _peek(), but they sleep instead of -EAGAIN. */

static inline int lane_reserve(struct ipcbox_ring_producer *p, __u32 len, void **payload)
{
	int ret;

	while ((ret = ipcbox_ring_reserve(p, len, payload)) == -EAGAIN) {
		lane_arm(&p->side);
		ret = ipcbox_ring_reserve(p, len, payload);
		if (ret != -EAGAIN) {
			ipcbox_ring_disarm(&p->side);
			break;
		}
		lane_sleep(&p->side);
	}
	return ret;
}

static inline int lane_peek(struct ipcbox_ring_consumer *c, const void **payload,
			    __u32 *len)
{
	int ret;

	while ((ret = ipcbox_ring_peek(c, payload, len)) == -EAGAIN) {
		lane_arm(&c->side);
		ret = ipcbox_ring_peek(c, payload, len);
		if (ret != -EAGAIN) {
			ipcbox_ring_disarm(&c->side);
			break;
		}
		lane_sleep(&c->side);
	}
	return ret;
}

#endif /* IPCBOX_LANE_H */
