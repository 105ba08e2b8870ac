/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message: one indivisible payload in its envelope
 *
 * The payload lies in one of three places, chosen by length when the message
 * is made:
 *
 *	inline	small: in the slab object of the message itself
 *	copied	larger: in memory of its own
 *	pinned	large, and the sender waits until it is received anyway: in the
 *		sender's own pages, from which the receiver copies, once
 *
 * A copy of a message, for one of several receivers, shares its payload.
 *
 * The life of a message, driven by its queue, under the lock of that:
 *
 *	 .------------------. .----------.
 *	 |                  v |          v
 *	NEW --> QUEUED <--> TAKEN --> GONE
 *	         | ^          |        ^ ^
 *	         | `-- HELD <-'        | |
 *	         |       `-------------' |
 *	         `-----------------------'
 *
 * A message that is moved to another queue begins anew there.
 *
 * A new message belongs to its sender, a queued one to the queue, a taken one
 * to the receiver that copies it at the moment. One that is sent while a
 * receiver waits is taken at once. A receiver that fails puts its message back
 * in line. One that is held has been copied, but its receiver has yet to answer
 * or to acknowledge it, see held.h. A message is gone when it has been received,
 * or recalled because its sender gives up or its port is deleted. Recalling does
 * not wait for a receiver that is copying the message; that one finds it gone,
 * and drops it as if it had never been.
 *
 * Each queue keeps the memory of one message that is gone for the next one, so
 * that a queue which is mostly empty does not allocate for small messages, and
 * that of one reply, which is made while its request is still there. (To the
 * memory cgroup of its first user, this memory stays charged.)
 */
#ifndef _IPCBOX_MESSAGE_H
#define _IPCBOX_MESSAGE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/timerqueue.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/uio.h>

struct ipcbox_fds;
struct ipcbox_holder;
struct ipcbox_loan;
struct ipcbox_pinned;
struct ipcbox_receipt;
struct ipcbox_user;
struct ipcbox_waiter;

/* Six cache lines; ten messages to a page. */
#define IPCBOX_MESSAGE_SIZE	384

enum ipcbox_message_state {
	IPCBOX_MESSAGE_NEW,
	IPCBOX_MESSAGE_QUEUED,
	IPCBOX_MESSAGE_TAKEN,
	IPCBOX_MESSAGE_HELD,
	IPCBOX_MESSAGE_GONE,
};

struct ipcbox_message {
	refcount_t ref;

	/* queue->lock, from ipcbox_queue_send() on */
	enum ipcbox_message_state state;
	struct list_head node;		/* in line->priority[priority] */
	struct rb_node tree;		/* in line->by_type, if type != 0, or in
					 * holder->held
					 */
	struct rb_node returned;	/* in line->returned, see line.h */
	struct ipcbox_waiter *sender;	/* who waits with it, or NULL */
	struct ipcbox_holder *holder;	/* who holds it, or NULL */
	union {
		struct rb_node by_sender; /* queued: in line->by_sender, if
					   * that is kept
					   */
		struct timerqueue_node expiry; /* held, with a time: in
						* port->leases
						*/
	};
	union {
		struct ipcbox_message *expired;	/* held with a lease: event for
						 * its end, or NULL
						 */
		struct ipcbox_loan *loan;	/* a held request: its caller's
						 * nice value, or NULL
						 */
	};
	bool charged;
	bool dead_letter;		/* moved here from another port */
	u32 deliveries;			/* how often it has been held */
	u64 seq;			/* its place within its priority */
	u64 id;				/* changes when it is moved */
	u32 earlier;			/* of the deliveries: on other ports */
	struct ipcbox_fds *fds;		/* files; NULL if it was sent with none,
					 * or they were closed, see fds.h
					 */
	u16 read;			/* of a stream: bytes that were read */

	/* Constant from ipcbox_message_new() on. */
	u8 priority;
	bool call;			/* the sender waits for a reply */
	u16 nr_fds;			/* descriptors that it was sent with */
	u64 type;
	size_t len;
	struct ipcbox_receipt *receipt;	/* its sender's, who waits; or NULL */
	struct ipcbox_message *delivered; /* its sender's, who does not: event for
					   * when it is received, or NULL
					   */
	kuid_t sender_uid;
	kgid_t sender_gid;
	struct pid *sender_pid;
	struct pid *sender_tid;
	struct ipcbox_user *user;	/* who is charged for it */
	struct ipcbox_pinned *pinned;	/* the sender's pages, or NULL */
	struct ipcbox_message *whole;	/* whose payload it shares, or NULL */
	void *data;			/* inline_data or memory of its own */
	u8 inline_data[];
};

#define IPCBOX_MESSAGE_INLINE \
	(IPCBOX_MESSAGE_SIZE - offsetof(struct ipcbox_message, inline_data))

extern unsigned long ipcbox_max_msgsize;
size_t ipcbox_max_msgsize_now(void);

struct ipcbox_message *ipcbox_message_new(struct ipcbox_user *user,
					  struct iov_iter *from, bool pin,
					  struct ipcbox_message **spare);
struct ipcbox_message *ipcbox_message_copy(struct ipcbox_message *whole,
					   struct ipcbox_message **spare);
struct ipcbox_message *ipcbox_message_new_event(struct ipcbox_user *user,
						size_t len,
						struct ipcbox_message **spare);
void ipcbox_message_stamp_anew(struct ipcbox_message *msg);
void ipcbox_message_uncharge(struct ipcbox_message *msg);
void ipcbox_message_release(struct ipcbox_message *msg,
			    struct ipcbox_message **spare);
void ipcbox_message_free(struct ipcbox_message *msg);
int ipcbox_message_copy_out(struct ipcbox_message *msg, struct iov_iter *to);
size_t ipcbox_message_copy_part(const struct ipcbox_message *msg, size_t n,
				struct iov_iter *to);

int ipcbox_message_init(void);
void ipcbox_message_exit(void);

/* What has not been read yet: all of it, but on a stream. */
static inline size_t ipcbox_message_rest(const struct ipcbox_message *msg)
{
	return msg->len - msg->read;
}

static inline struct ipcbox_message *
ipcbox_message_get(struct ipcbox_message *msg)
{
	refcount_inc(&msg->ref);
	return msg;
}

/**
 * ipcbox_message_put() - drop a reference
 * @msg: message
 * @spare: where to keep the memory for the next message, if the place is free
 */
static inline void ipcbox_message_put(struct ipcbox_message *msg,
				      struct ipcbox_message **spare)
{
	if (refcount_dec_and_test(&msg->ref))
		ipcbox_message_release(msg, spare);
}

#endif /* _IPCBOX_MESSAGE_H */
