/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What both sides of a lane have in common: its memory, and waiting.
 */
#ifndef IPCBOX_RING_INTERNAL_H
#define IPCBOX_RING_INTERNAL_H

#include <stdbool.h>

#include <ipcbox_lane.h>

#include "internal.h"

#define ipcbox__container(pointer, type, member) \
	((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/* memory.c */

enum ipcbox__part {
	IPCBOX__PRODUCER,	/* what the producer writes */
	IPCBOX__CONSUMER,	/* what the consumer writes */
	IPCBOX__DATA,		/* twice */
	IPCBOX__PARTS,
};

/**
 * struct ipcbox__memory - a lane that is mapped
 * @attach: what the module says of it
 * @parts: where they are; NULL if they are not
 */
struct ipcbox__memory {
	struct ipcbox_ring_attach attach;
	void *parts[IPCBOX__PARTS];
};

int ipcbox__memory_open(struct ipcbox__memory *memory, int port, uint32_t side);
void ipcbox__memory_close(struct ipcbox__memory *memory);

/* wait.c */

/**
 * struct ipcbox__waiter - one side, and what it waits for
 * @port: handle
 * @side: IPCBOX_RIGHT_SEND or _RECV
 * @lane: number of its lane, or IPCBOX_RING_ANY
 * @light: this process has asked for the barriers that others make
 * @spins: how often to look before sleeping; 0 for never
 * @look: 0 if it need not wait any more, -EAGAIN if it does, or an error; without
 *	a system call
 * @arm: say in memory that it sleeps; 0, or an error
 * @disarm: say that it does not
 */
struct ipcbox__waiter {
	int port;
	uint32_t side;
	uint32_t lane;
	bool light;
	unsigned int spins;
	int (*look)(struct ipcbox__waiter *waiter);
	int (*arm)(struct ipcbox__waiter *waiter);
	void (*disarm)(struct ipcbox__waiter *waiter);
};

void ipcbox__waiter_init(struct ipcbox__waiter *waiter);
int ipcbox__waiter_arm(struct ipcbox__waiter *waiter);
int ipcbox__waiter_wait(struct ipcbox__waiter *waiter,
			const struct ipcbox_options *options);
int ipcbox__waiter_wake(const struct ipcbox__waiter *waiter, uint32_t lane);
bool ipcbox__waiter_port_gone(const struct ipcbox__waiter *waiter);

#endif /* IPCBOX_RING_INTERNAL_H */
