/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A turn: on a queue of which one at a time may receive, whose it is
 *
 * A turn begins when a thread of a process receives or starts to wait for a
 * message while nobody has the turn. It lasts while any thread of the process
 * is in a receive, and while the process holds messages that it has yet to
 * answer or to acknowledge. Then it passes to the process that has been waiting
 * longest. Peeking takes no turn.
 *
 * All that is taken or held is in the hands of the process whose turn it is; so
 * the counts of the queue, and the threads that wait, say when it ends. Each of
 * them keeps the struct pid, too, so that the turn needs no reference.
 *
 * On a stream a turn is that of one thread, and lasts as long as its read: so
 * the bytes that it gets are consecutive.
 *
 * Guarded by the lock of the queue.
 */
#ifndef _IPCBOX_TURN_H
#define _IPCBOX_TURN_H

#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "waiter.h"

/**
 * struct ipcbox_turn - whose turn it is
 * @taken_in_turns: constant; everybody may receive at any time if not set
 * @by_thread: constant; threads take turns, not processes
 * @process: whose it is; NULL if nobody has it
 * @waiting: how many threads of @process wait to take a message
 */
struct ipcbox_turn {
	bool taken_in_turns;
	bool by_thread;
	const struct pid *process;
	u32 waiting;
};

static inline const struct pid *ipcbox_turn_whose(const struct ipcbox_turn *turn,
						  struct task_struct *task)
{
	return turn->by_thread ? task_pid(task) : task_tgid(task);
}

static inline bool ipcbox_turn_is_of(const struct ipcbox_turn *turn,
				     struct task_struct *task)
{
	return !turn->process ||
	       turn->process == ipcbox_turn_whose(turn, task);
}

/* The thread may: it takes a message, or begins to wait for one. */
static inline void ipcbox_turn_begin(struct ipcbox_turn *turn,
				     struct task_struct *task)
{
	if (turn->taken_in_turns)
		turn->process = ipcbox_turn_whose(turn, task);
}

/* Threads that wait until they can take a message come and go. */
static inline void ipcbox_turn_wait(struct ipcbox_turn *turn,
				    const struct ipcbox_waiter *receiver, int n)
{
	if (turn->taken_in_turns && !ipcbox_filter_passive(receiver->filter) &&
	    turn->process == ipcbox_turn_whose(turn, receiver->task))
		turn->waiting += n;
}

#endif /* _IPCBOX_TURN_H */
