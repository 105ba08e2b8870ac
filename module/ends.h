/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ends of a port: who has it open, and the rules of opening a stream
 *
 * A stream, each way of a connection, and a listener, which nobody writes to,
 * have ends. A handle that may receive is a read end, one that may send a write
 * end, as the port counts them. Who opens one end of a stream waits until the
 * other one has come, and is an end meanwhile; see fifo(7). One that has come and
 * gone has come.
 */
#ifndef _IPCBOX_ENDS_H
#define _IPCBOX_ENDS_H

#include <linux/types.h>
#include <linux/wait.h>

struct ipcbox_port;
struct ipcbox_wake;
struct list_head;

/**
 * struct ipcbox_ends - the part of a port
 * @readers_came: since the port was made; under queue.lock, like the other
 * @writers_came: likewise
 * @shut: IPCBOX_RIGHT_* of the ends that were shut down; under queue.lock
 * @opening: those who wait for the other end
 */
struct ipcbox_ends {
	u64 readers_came;
	u64 writers_came;
	u32 shut;
	wait_queue_head_t opening;
};

void ipcbox_ends_init(struct ipcbox_port *port);
int ipcbox_ends_open_locked(struct ipcbox_port *port, u32 rights,
			    bool nonblock, u64 *partners);
void ipcbox_ends_look_locked(struct ipcbox_port *port, struct list_head *dropped,
			     struct ipcbox_wake *wake);
void ipcbox_ends_discard(struct ipcbox_port *port);
int ipcbox_ends_shut(struct ipcbox_port *port, u32 rights);
int ipcbox_ends_await(struct ipcbox_port *port, u32 rights, u64 partners);

#endif /* _IPCBOX_ENDS_H */
