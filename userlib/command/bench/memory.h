/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two sides that count in shared memory, and sleep until the other one has counted
 * on.
 */
#ifndef IPCBOX_BENCH_MEMORY_H
#define IPCBOX_BENCH_MEMORY_H

#include <stdalign.h>
#include <stdatomic.h>

#include "transport.h"

#define CACHE_LINE	64

/**
 * struct side - what one side writes
 * @count: messages that it has sent, or received
 * @sleeps: it sleeps until the other one's @count changes, or is about to; the
 *	other one, who wakes it, clears this
 */
struct side {
	alignas(CACHE_LINE) atomic_uint count;
	alignas(CACHE_LINE) atomic_uint sleeps;
};

/* memory.c */
int side_wait_futex(struct side *own, struct side *other, uint32_t value);
int side_advance_futex(struct side *own, struct side *other);

#endif /* IPCBOX_BENCH_MEMORY_H */
