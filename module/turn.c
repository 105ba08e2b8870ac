// SPDX-License-Identifier: GPL-2.0-only
/* Turns: whose is next, and what it gets */

#include <linux/poll.h>

#include "message.h"
#include "queue.h"
#include "queue_parts.h"

/* Whoever has been waiting longest, with all the threads that wait. */
static void ipcbox_queue_next_turn(struct ipcbox_queue *queue)
{
	struct ipcbox_waiter *receiver;

	queue->turn.process = NULL;
	list_for_each_entry(receiver, &queue->receivers, node) {
		if (receiver->filter->peek)
			continue;
		if (!queue->turn.process)
			ipcbox_turn_begin(&queue->turn, receiver->task);
		ipcbox_turn_wait(&queue->turn, receiver, 1);
	}
}

/* The receivers whose turn it has become get what is in line. */
static void ipcbox_queue_serve(struct ipcbox_queue *queue,
			       struct ipcbox_wake *wake)
{
	struct ipcbox_waiter *receiver, *next;
	struct ipcbox_message *msg;

	list_for_each_entry_safe(receiver, next, &queue->receivers, node) {
		msg = ipcbox_line_find(&queue->line, receiver->filter);
		if (!msg && ipcbox_filter_orphaned(receiver->filter))
			ipcbox_queue_receiver_done(queue, receiver, -ESRCH,
						   wake);
		if (!msg || !ipcbox_queue_concerns(queue, receiver, msg))
			continue;
		if (ipcbox_filter_takes(receiver->filter, msg)) {
			ipcbox_line_take(&queue->line, msg);
			ipcbox_queue_give(queue, receiver, msg, wake);
		} else {
			ipcbox_queue_turn_away(queue, receiver, msg, wake);
		}
	}
}

/* Ends a turn that is over: no receive, and nothing held. */
void ipcbox_queue_pass_turn(struct ipcbox_queue *queue,
			    struct ipcbox_wake *wake)
{
	struct ipcbox_turn *turn = &queue->turn;

	lockdep_assert_held(&queue->lock);
	if (queue->ended && !queue->line.messages && !queue->counts.taken)
		ipcbox_queue_end_receivers(queue, -ENODATA, wake);
	while (turn->process && !turn->waiting && !queue->counts.taken &&
	       !queue->counts.held) {
		ipcbox_queue_next_turn(queue);
		ipcbox_queue_serve(queue, wake);
		/* Those who poll have been told of messages, but not of turns. */
		if (turn->waiting)
			ipcbox_queue_poll_rendezvous(queue, wake);
		if (queue->line.messages)
			ipcbox_wake_poll(wake, queue, EPOLLIN | EPOLLRDNORM);
	}
}
