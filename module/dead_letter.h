/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dead letters: what has been delivered too often moves to another port
 *
 * A held message can end its hold in three ways: it is received, it is back in
 * line, or, when its port has a dead-letter port and it has been delivered often
 * enough, it moves there. It leaves its own queue under the lock of that, and
 * arrives when that is free again, so the two locks are never held together:
 *
 *	spin_lock(&queue->lock)
 *	ipcbox_dead_letter_return_locked()	out of the hands of who holds it
 *	ipcbox_queue_unlock_and_wake()
 *	ipcbox_departure_finish()		to where it goes from here
 *
 * Between the two it is in no queue, and nobody's but the caller's.
 */
#ifndef _IPCBOX_DEAD_LETTER_H
#define _IPCBOX_DEAD_LETTER_H

#include <linux/types.h>

struct ipcbox_message;
struct ipcbox_port;
struct ipcbox_set;
struct ipcbox_stat;
struct ipcbox_wake;

/**
 * struct ipcbox_dead_letter - where messages of a port go that nobody is done with
 * @port: the dead-letter port, with a reference, or NULL. It may be deleted, but
 *	ends with the port's own deletion: no cycle of references outlasts its ports
 * @max_deliveries: how often a message is delivered before it goes there
 * @moved: how many have gone there, or to the one before it
 */
struct ipcbox_dead_letter {
	struct ipcbox_port *port;
	u32 max_deliveries;
	u64 moved;
};

/**
 * struct ipcbox_departure - a message that is neither held nor in line any more
 * @msg: message that is the caller's to finish with, or NULL
 * @to: where it goes, with a reference; NULL if it is gone
 */
struct ipcbox_departure {
	struct ipcbox_message *msg;
	struct ipcbox_port *to;
};

int ipcbox_dead_letter_parse(struct ipcbox_port *port,
			     const struct ipcbox_set *set,
			     struct ipcbox_dead_letter *dead_letter);
void ipcbox_dead_letter_swap(struct ipcbox_port *port,
			     struct ipcbox_dead_letter *dead_letter);
void ipcbox_dead_letter_put(const struct ipcbox_dead_letter *dead_letter);
void ipcbox_dead_letter_end(struct ipcbox_port *port);
void ipcbox_dead_letter_stat_locked(struct ipcbox_port *port,
				    struct ipcbox_stat *stat);

void ipcbox_dead_letter_return_locked(struct ipcbox_port *port,
				      struct ipcbox_message *msg,
				      struct ipcbox_wake *wake,
				      struct ipcbox_departure *left);
void ipcbox_departure_finish(struct ipcbox_port *port,
			     const struct ipcbox_departure *left);

#endif /* _IPCBOX_DEAD_LETTER_H */
