/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue: messages in order, a capacity, and those who wait
 *
 * One line, one rule: a message is in line, and can be received, from the
 * moment it is sent. What capacity decides is when its sender may leave. A
 * message is *admitted* when it fits the capacity; its sender is then gone or
 * about to go. Otherwise it is *pending*: its sender waits in queue->senders,
 * and leaves when the message is admitted or received. A rendezvous is a queue
 * of capacity 0, which admits nothing; an unbounded one admits everything. A
 * sender whose payload lies pinned in its own pages, or who waits for a reply
 * or for a receipt, waits whatever the capacity, in queue->bound.
 *
 * Receiving has two steps, so that no lock is held over a copy and a receive
 * that fails loses nothing: ipcbox_queue_take() takes the message out of the
 * line; then either ipcbox_queue_settle() makes the receive final, or
 * ipcbox_queue_give_back() puts the message back where it was. Until then it
 * still uses the capacity. A receiver that has to wait is handed its message,
 * taken, by the sender. A message can also stay with its receiver for longer:
 * ipcbox_queue_hold_locked(), and held.h.
 *
 * At any time that the lock is free:
 * - no waiting receiver, whose turn it is, accepts any message in line;
 * - the longest-waiting sender's message does not fit.
 *
 * A queue knows messages, not payloads: no user pointers, no files.
 */
#ifndef _IPCBOX_QUEUE_H
#define _IPCBOX_QUEUE_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "line.h"
#include "turn.h"
#include "waiter.h"

struct ipcbox_message;
struct ipcbox_news;

/**
 * struct ipcbox_limits - what a queue admits
 * @max_messages: admitted messages; 0 for a rendezvous
 * @max_bytes: admitted bytes of payload; 0 for no such limit
 * @max_msgsize: bytes of one message
 */
struct ipcbox_limits {
	u64 max_messages;
	u64 max_bytes;
	u32 max_msgsize;
};

/**
 * struct ipcbox_counts - the state of a queue in numbers
 * @taken: taken by receivers and not yet settled
 * @held: with receivers that have yet to answer or to acknowledge them
 * @sent: sends that succeeded
 * @sent_bytes: bytes of payload in @sent
 * @received: receives that succeeded
 * @received_bytes: bytes of payload in @received
 * @waiting_senders: threads
 * @waiting_receivers: threads
 */
struct ipcbox_counts {
	u64 taken;
	u64 held;
	u64 sent;
	u64 sent_bytes;
	u64 received;
	u64 received_bytes;
	u32 waiting_senders;
	u32 waiting_receivers;
};

struct ipcbox_queue {
	spinlock_t lock;		/* guards all down to line */
	bool dead;			/* also read without the lock */
	bool stream;			/* constant: of bytes, see stream.h */
	bool has_ends;			/* constant: see queue_ends.c */
	bool listener;			/* constant: of requests to connect */
	bool broken;			/* has ends, and nobody reads; as dead */
	bool ended;			/* has ends, and nobody will write */
	struct ipcbox_limits limits;	/* also read without the lock */
	u64 admitted;			/* messages, in line or taken */
	u64 admitted_bytes;
	struct list_head receivers;	/* waiters, longest-waiting first */
	struct rb_root selective;	/* those who wait for one type, by that */
	u64 next_receiver;		/* counts those who begin to wait */
	struct list_head senders;	/* those who wait for capacity, likewise */
	struct list_head bound;		/* those who wait whatever the capacity */
	struct list_head news;		/* of handles that receive from here */
	struct ipcbox_counts counts;
	struct ipcbox_turn turn;
	wait_queue_head_t poll;
	struct ipcbox_line line;

	struct ipcbox_queue *upstream;	/* constant; told of room here, or NULL */
	struct ipcbox_message *spare;	/* atomic; see ipcbox_message_put() */
	struct ipcbox_message *spare_reply; /* likewise, for replies */
	bool carries_fds;		/* some message has had descriptors */
	u64 port_id;			/* constant; for tracing */
};

void ipcbox_queue_init(struct ipcbox_queue *queue,
		       const struct ipcbox_limits *limits,
		       bool taken_in_turns);
void ipcbox_queue_discard(struct ipcbox_queue *queue);
void ipcbox_queue_kill(struct ipcbox_queue *queue, int why_calls);
void ipcbox_queue_release(struct ipcbox_queue *queue);
void ipcbox_queue_set_limits(struct ipcbox_queue *queue,
			     const struct ipcbox_limits *limits);

int ipcbox_queue_send(struct ipcbox_queue *queue, struct ipcbox_message *msg,
		      const struct ipcbox_wait *wait);
int ipcbox_queue_call(struct ipcbox_queue *queue, struct ipcbox_message *msg,
		      struct ipcbox_waiter *waiter,
		      const struct ipcbox_wait *wait);
int ipcbox_queue_take(struct ipcbox_queue *queue,
		      const struct ipcbox_filter *filter,
		      const struct ipcbox_wait *wait,
		      struct ipcbox_message **msgp, size_t *needed);
bool ipcbox_queue_settle(struct ipcbox_queue *queue,
			 struct ipcbox_message *msg);
void ipcbox_queue_give_back(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg);
bool ipcbox_queue_peek_done(struct ipcbox_queue *queue,
			    struct ipcbox_message *msg);
struct pid *ipcbox_queue_find_sender(struct ipcbox_queue *queue, pid_t nr);

bool ipcbox_queue_advance(struct ipcbox_queue *queue,
			  struct ipcbox_message *msg, size_t n,
			  struct ipcbox_message **next);
void ipcbox_queue_set_ends_locked(struct ipcbox_queue *queue, bool readers,
				  bool writers, struct list_head *dropped,
				  struct ipcbox_wake *wake);
void ipcbox_queue_free_dropped(struct ipcbox_queue *queue,
			       struct list_head *dropped);

bool ipcbox_queue_settle_locked(struct ipcbox_queue *queue,
				struct ipcbox_message *msg,
				struct ipcbox_wake *wake);
bool ipcbox_queue_give_back_locked(struct ipcbox_queue *queue,
				   struct ipcbox_message *msg,
				   struct ipcbox_wake *wake);
bool ipcbox_queue_hold_locked(struct ipcbox_queue *queue,
			      struct ipcbox_message *msg);
bool ipcbox_queue_give_up_locked(struct ipcbox_queue *queue,
				 struct ipcbox_message *msg,
				 struct ipcbox_wake *wake);
void ipcbox_queue_adopt(struct ipcbox_queue *queue, struct ipcbox_message *msg);
void ipcbox_queue_fail_sender_locked(struct ipcbox_queue *queue,
				     struct ipcbox_waiter *sender, int why,
				     struct ipcbox_wake *wake);
void ipcbox_queue_fail_calls_locked(struct ipcbox_queue *queue, int why,
				    struct ipcbox_wake *wake);
void ipcbox_queue_pass_turn(struct ipcbox_queue *queue,
			    struct ipcbox_wake *wake);
void ipcbox_queue_wake_poll(struct ipcbox_queue *queue,
			    const struct ipcbox_wake *wake);

/**
 * ipcbox_queue_unlock_and_wake() - what every operation on a queue ends with
 * @queue: queue, locked
 * @wake: who to wake
 */
static inline void ipcbox_queue_unlock_and_wake(struct ipcbox_queue *queue,
						struct ipcbox_wake *wake)
	__releases(&queue->lock)
{
	if (unlikely(queue->turn.taken_in_turns))
		ipcbox_queue_pass_turn(queue, wake);
	spin_unlock(&queue->lock);
	ipcbox_wake_task(wake);
	if (unlikely(wake->poll))
		ipcbox_queue_wake_poll(queue, wake);
}

void ipcbox_queue_drop_fds_locked(struct ipcbox_queue *queue,
				  struct list_head *dropped);

bool ipcbox_queue_has_room(struct ipcbox_queue *queue, size_t len);
u64 ipcbox_queue_make_room(struct ipcbox_queue *queue, size_t len);

int ipcbox_queue_hear(struct ipcbox_queue *queue, struct ipcbox_news **slot,
		      struct ipcbox_news *news, u64 mask);
void ipcbox_queue_stop_hearing(struct ipcbox_queue *queue,
			       struct ipcbox_news *news);
bool ipcbox_queue_has_news(struct ipcbox_queue *queue,
			   struct ipcbox_news *news);
void ipcbox_queue_announce_locked(struct ipcbox_queue *queue, u64 what, u64 n,
				  struct ipcbox_wake *wake);
void ipcbox_queue_announce(struct ipcbox_queue *queue, u64 what, u64 n);
void ipcbox_queue_tell_locked(struct ipcbox_queue *queue,
			      struct ipcbox_message *event,
			      struct ipcbox_wake *wake);
void ipcbox_queue_event_done(struct ipcbox_queue *queue,
			     struct ipcbox_message *event, bool received);

size_t ipcbox_queue_next_size_locked(struct ipcbox_queue *queue);
__poll_t ipcbox_queue_poll(struct ipcbox_queue *queue, struct file *file,
			   poll_table *table);

#endif /* _IPCBOX_QUEUE_H */
