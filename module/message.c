// SPDX-License-Identifier: GPL-2.0-only
/* Messages: allocation, charging, the sender's stamp, copies in and out */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fds.h"
#include "message.h"
#include "news.h"
#include "pinned.h"
#include "quota.h"
#include "short.h"

/* Lengths are ints to many programs; nobody needs more in one message. */
#define IPCBOX_MSGSIZE_CEILING	(1024UL << 20)

unsigned long ipcbox_max_msgsize = 16UL << 20;
module_param_named(max_msgsize, ipcbox_max_msgsize, ulong, 0644);
MODULE_PARM_DESC(max_msgsize,
		 "Largest message of any port, in bytes (default 16 MiB, at most 1 GiB)");

static struct kmem_cache *ipcbox_message_cache;

/* The module's limit on a message, in bytes. */
size_t ipcbox_max_msgsize_now(void)
{
	return min(READ_ONCE(ipcbox_max_msgsize), IPCBOX_MSGSIZE_CEILING);
}

static size_t ipcbox_message_charge(const struct ipcbox_message *msg)
{
	/* The payload is charged once, with the message whose it is. */
	return IPCBOX_MESSAGE_SIZE + (msg->whole ? 0 : msg->len);
}

static void ipcbox_message_free_payload(struct ipcbox_message *msg)
{
	if (msg->pinned)
		ipcbox_pinned_put(msg->pinned);
	else if (!msg->whole && msg->data != msg->inline_data)
		kvfree(msg->data);
}

static int ipcbox_message_copy_in(struct ipcbox_message *msg,
				  struct iov_iter *from)
{
	if (msg->len <= IPCBOX_MESSAGE_INLINE)
		return ipcbox_short_copy_in(msg->inline_data, msg->len, from);
	msg->data = kvmalloc(msg->len, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!msg->data)
		return -ENOMEM;
	return copy_from_iter_full(msg->data, msg->len, from) ? 0 : -EFAULT;
}

static int ipcbox_message_fill(struct ipcbox_message *msg,
			       struct iov_iter *from, bool pin)
{
	struct ipcbox_pinned *pinned;

	if (pin && ipcbox_pinned_wanted(from)) {
		pinned = ipcbox_pinned_new(from);
		if (!IS_ERR(pinned)) {
			msg->pinned = pinned;
			return 0;
		}
	}
	return ipcbox_message_copy_in(msg, from);
}

/* A call of it would be felt in small messages. */
static __always_inline void ipcbox_message_stamp(struct ipcbox_message *msg)
{
	msg->sender_pid = get_pid(task_tgid(current));
	msg->sender_tid = task_pid(current);
	if (msg->sender_tid != msg->sender_pid)
		get_pid(msg->sender_tid);
	current_euid_egid(&msg->sender_uid, &msg->sender_gid);
}

static void ipcbox_message_unstamp(struct ipcbox_message *msg)
{
	put_pid(msg->sender_pid);
	if (msg->sender_tid != msg->sender_pid)
		put_pid(msg->sender_tid);
}

/* With the caller, unless that is the kernel, instead of whoever it was. */
void ipcbox_message_stamp_anew(struct ipcbox_message *msg)
{
	ipcbox_message_unstamp(msg);
	if (!(current->flags & PF_KTHREAD)) {
		ipcbox_message_stamp(msg);
		return;
	}
	msg->sender_pid = NULL;
	msg->sender_tid = NULL;
	msg->sender_uid = INVALID_UID;
	msg->sender_gid = INVALID_GID;
}

/* Free memory that was kept as a spare, or NULL. */
void ipcbox_message_free(struct ipcbox_message *msg)
{
	if (msg)
		kmem_cache_free(ipcbox_message_cache, msg);
}

static struct ipcbox_message *
ipcbox_message_alloc(struct ipcbox_message **spare)
{
	struct ipcbox_message *msg = NULL;

	if (READ_ONCE(*spare))
		msg = xchg(spare, NULL);
	return msg ?: kmem_cache_alloc(ipcbox_message_cache, GFP_KERNEL);
}

static void ipcbox_message_recycle(struct ipcbox_message *msg,
				   struct ipcbox_message **spare)
{
	/* Who wants freed memory to be wiped does not want it to be kept. */
	if (want_init_on_free() || READ_ONCE(*spare) ||
	    cmpxchg(spare, NULL, msg))
		kmem_cache_free(ipcbox_message_cache, msg);
}

/* What all messages begin with, once they are charged. */
static void ipcbox_message_init_new(struct ipcbox_message *msg,
				    struct ipcbox_user *user)
{
	refcount_set(&msg->ref, 1);
	msg->state = IPCBOX_MESSAGE_NEW;
	INIT_LIST_HEAD(&msg->node);
	RB_CLEAR_NODE(&msg->returned);
	msg->charged = true;
	msg->sender = NULL;
	msg->holder = NULL;
	msg->dead_letter = false;
	msg->deliveries = 0;
	msg->earlier = 0;
	msg->read = 0;
	msg->user = user;
	msg->receipt = NULL;
	msg->delivered = NULL;
	msg->pinned = NULL;
	msg->nr_fds = 0;
	msg->fds = NULL;
}

/**
 * ipcbox_message_new() - make a message of what an iterator yields
 * @user: account to charge
 * @from: source of the payload, all of which is used; not longer than
 *	IPCBOX_MSGSIZE_CEILING
 * @pin: leave the payload in the caller's pages if that pays; the caller
 *	promises to wait until the message is gone, and then to call
 *	ipcbox_pinned_revoke()
 * @spare: where ipcbox_message_put() may have kept memory
 *
 * The message has no type and no priority, and the caller as its sender.
 *
 * Return: the message, or an ERR_PTR with nothing charged: -EDQUOT, -ENOMEM,
 * -EFAULT
 */
struct ipcbox_message *ipcbox_message_new(struct ipcbox_user *user,
					  struct iov_iter *from, bool pin,
					  struct ipcbox_message **spare)
{
	struct ipcbox_message *msg;
	int ret;

	msg = ipcbox_message_alloc(spare);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->len = iov_iter_count(from);
	msg->whole = NULL;
	ret = ipcbox_user_charge_bytes(user, ipcbox_message_charge(msg));
	if (ret) {
		ipcbox_message_recycle(msg, spare);
		return ERR_PTR(ret);
	}
	ipcbox_message_init_new(msg, user);
	msg->type = 0;
	msg->priority = 0;
	msg->call = false;
	msg->data = msg->inline_data;
	ipcbox_message_stamp(msg);

	ret = ipcbox_message_fill(msg, from, pin);
	if (ret) {
		ipcbox_message_put(msg, spare);
		return ERR_PTR(ret);
	}
	return msg;
}

/**
 * ipcbox_message_copy() - make a message that shares the payload of another
 * @whole: the other one, not pinned; the copy keeps a reference on it
 * @spare: where ipcbox_message_put() may have kept memory
 *
 * The sender is charged for the copy as for an empty message.
 *
 * Return: the copy, or an ERR_PTR: -EDQUOT, -ENOMEM
 */
struct ipcbox_message *ipcbox_message_copy(struct ipcbox_message *whole,
					   struct ipcbox_message **spare)
{
	struct ipcbox_message *msg = ipcbox_message_alloc(spare);
	int ret;

	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->whole = whole;
	msg->len = whole->len;
	ret = ipcbox_user_charge_bytes(whole->user, ipcbox_message_charge(msg));
	if (ret) {
		ipcbox_message_recycle(msg, spare);
		return ERR_PTR(ret);
	}
	ipcbox_message_get(whole);
	ipcbox_message_init_new(msg, whole->user);
	msg->id = whole->id;
	msg->type = whole->type;
	msg->priority = whole->priority;
	msg->call = false;
	msg->data = whole->data;
	if (unlikely(whole->fds)) {
		msg->nr_fds = whole->nr_fds;
		msg->fds = ipcbox_fds_get(whole->fds);
	}
	msg->sender_uid = whole->sender_uid;
	msg->sender_gid = whole->sender_gid;
	msg->sender_pid = get_pid(whole->sender_pid);
	msg->sender_tid = whole->sender_tid;
	if (msg->sender_tid != msg->sender_pid)
		get_pid(msg->sender_tid);
	return msg;
}

/**
 * ipcbox_message_new_event() - make a message that the module sends
 * @user: account to charge
 * @len: of the payload, which the caller writes; at most IPCBOX_MESSAGE_INLINE
 * @spare: where ipcbox_message_put() may have kept memory
 *
 * Return: the message, or an ERR_PTR: -EDQUOT, -ENOMEM
 */
struct ipcbox_message *ipcbox_message_new_event(struct ipcbox_user *user,
						size_t len,
						struct ipcbox_message **spare)
{
	struct ipcbox_message *msg = ipcbox_message_alloc(spare);
	int ret;

	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->len = len;
	msg->whole = NULL;
	ret = ipcbox_user_charge_bytes(user, ipcbox_message_charge(msg));
	if (ret) {
		ipcbox_message_recycle(msg, spare);
		return ERR_PTR(ret);
	}
	ipcbox_message_init_new(msg, user);
	msg->type = IPCBOX_TYPE_EVENT;
	msg->priority = IPCBOX_PRIORITIES - 1;
	msg->call = false;
	msg->data = msg->inline_data;
	ipcbox_message_stamp(msg);
	return msg;
}

static void ipcbox_message_drop_charge(struct ipcbox_message *msg)
{
	if (!msg->charged)
		return;
	msg->charged = false;
	ipcbox_user_uncharge_bytes(msg->user, ipcbox_message_charge(msg));
}

/**
 * ipcbox_message_uncharge() - give the charge back before the memory
 * @msg: message that has been received; the caller has the lock of its queue
 *
 * A sender that learns that its message has been received may send the next
 * one on the same quota. But what somebody who peeks is still copying stays
 * charged until that ends, be it never: else there would be no bound on the
 * memory that such ones hold. (They do not hold the sender's pages.)
 */
void ipcbox_message_uncharge(struct ipcbox_message *msg)
{
	bool last = refcount_read(&msg->ref) == 1;

	if (msg->pinned || last)
		ipcbox_message_drop_charge(msg);
	/* Those of a copy are not its own. */
	if (unlikely(msg->fds) && last && !msg->whole)
		ipcbox_fds_uncharge(msg->fds);
}

static void ipcbox_message_end(struct ipcbox_message *msg,
			       struct ipcbox_message **spare)
{
	/* It was not received, and will not be. */
	if (unlikely(msg->delivered))
		ipcbox_event_free(msg->delivered);
	if (unlikely(msg->fds))
		ipcbox_fds_put(msg->fds);
	ipcbox_message_free_payload(msg);
	ipcbox_message_unstamp(msg);
	ipcbox_message_drop_charge(msg);
	ipcbox_message_recycle(msg, spare);
}

/* Called by ipcbox_message_put() for the last reference. */
void ipcbox_message_release(struct ipcbox_message *msg,
			    struct ipcbox_message **spare)
{
	struct ipcbox_message *whole = msg->whole;

	ipcbox_message_end(msg, spare);
	/* Which is no copy itself. */
	if (unlikely(whole) && refcount_dec_and_test(&whole->ref))
		ipcbox_message_end(whole, spare);
}

/**
 * ipcbox_message_copy_out() - copy the whole payload
 * @msg: message that the caller has taken or peeks at
 * @to: destination, with room for it
 *
 * Return: 0, or with part of it copied -EFAULT or -EINTR, see
 * ipcbox_pinned_copy()
 */
int ipcbox_message_copy_out(struct ipcbox_message *msg, struct iov_iter *to)
{
	if (msg->whole)
		msg = msg->whole;
	if (msg->pinned)
		return ipcbox_pinned_copy(msg->pinned, to);
	if (msg->data == msg->inline_data)
		return ipcbox_short_copy_out(msg->inline_data, msg->len, to);
	return copy_to_iter(msg->data, msg->len, to) == msg->len ? 0 : -EFAULT;
}

/**
 * ipcbox_message_copy_part() - copy the bytes that are read next
 * @msg: message of a stream that the caller has taken
 * @n: how many; at most ipcbox_message_rest()
 * @to: destination, with room for them
 *
 * Return: how many were copied
 */
size_t ipcbox_message_copy_part(const struct ipcbox_message *msg, size_t n,
				struct iov_iter *to)
{
	const void *from = msg->data + msg->read;

	if (WARN_ON_ONCE(n > ipcbox_message_rest(msg)))
		return 0;
	/* As in ipcbox_message_copy_out_inline(). */
	if (msg->data == msg->inline_data)
		return _copy_to_iter(from, n, to);
	return copy_to_iter(from, n, to);
}

int __init ipcbox_message_init(void)
{
	ipcbox_message_cache = kmem_cache_create("ipcbox_message",
						 IPCBOX_MESSAGE_SIZE, 0,
						 SLAB_HWCACHE_ALIGN |
						 SLAB_ACCOUNT, NULL);
	return ipcbox_message_cache ? 0 : -ENOMEM;
}

void ipcbox_message_exit(void)
{
	kmem_cache_destroy(ipcbox_message_cache);
}
