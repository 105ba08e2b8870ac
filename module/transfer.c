// SPDX-License-Identifier: GPL-2.0-only
/* Transfers: one path by which messages are sent, one by which they arrive */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>

#include "buffers.h"
#include "compat.h"
#include "handle.h"
#include "handle_news.h"
#include "held.h"
#include "ioctl.h"
#include "message.h"
#include "news.h"
#include "port.h"
#include "queue.h"
#include "quota.h"
#include "transfer.h"

/* Sending */

/**
 * struct ipcbox_outgoing - how to send
 * @wait: whether and how long to wait
 * @type: of the message
 * @priority: of the message
 * @id: where the caller wants the id of the message, or NULL
 * @receipt: filled in once the message has been received, or NULL
 * @news: told when the message has been received, or NULL
 */
struct ipcbox_outgoing {
	struct ipcbox_wait wait;
	u64 type;
	u8 priority;
	__u64 __user *id;
	struct ipcbox_receipt *receipt;
	struct ipcbox_news *news;
};

/* The payload may stay where it is if the sender waits until it is received. */
static bool ipcbox_handle_may_pin(const struct ipcbox_handle *handle,
				  const struct ipcbox_outgoing *out)
{
	return !out->wait.nowait &&
	       (out->receipt || !READ_ONCE(handle->tx->limits.max_messages));
}

/**
 * ipcbox_transfer_message() - make a message that is the caller's to send
 * @handle: through this
 * @from: payload
 * @pin: see ipcbox_message_new()
 * @spare: likewise
 *
 * Return: the message, or an ERR_PTR: -EDQUOT, -ENOMEM, -EFAULT
 */
struct ipcbox_message *ipcbox_transfer_message(struct ipcbox_handle *handle,
					       struct iov_iter *from, bool pin,
					       struct ipcbox_message **spare)
{
	struct ipcbox_message *msg;
	struct ipcbox_user *payer;

	if (likely(uid_eq(handle->user->uid, current_uid())))
		return ipcbox_message_new(handle->user, from, pin, spare);
	/* The descriptor was passed on: whoever sends is charged. */
	payer = ipcbox_user_get_current();
	if (!payer)
		return ERR_PTR(-ENOMEM);
	msg = ipcbox_message_new(payer, from, pin, spare);
	ipcbox_user_put(payer);
	return msg;
}

/* The id can be told, and so will be the receipt. */
static int ipcbox_handle_prepare(struct ipcbox_message *msg,
				 const struct ipcbox_outgoing *out)
{
	if (out->id && put_user(msg->id, out->id))
		return -EFAULT;
	return unlikely(out->news) ? ipcbox_event_attach(out->news, msg) : 0;
}

/* Returns the length sent. What can fail comes first, the queue last. */
static ssize_t ipcbox_handle_send(struct ipcbox_handle *handle,
				  struct iov_iter *from,
				  const struct ipcbox_outgoing *out)
{
	size_t len = iov_iter_count(from);
	struct ipcbox_message *msg;
	int ret;

	if (ipcbox_port_gone(handle->port))
		return -EIDRM;
	if (len > READ_ONCE(handle->tx->limits.max_msgsize))
		return -EMSGSIZE;
	msg = ipcbox_transfer_message(handle, from,
				      ipcbox_handle_may_pin(handle, out),
				      &handle->tx->spare);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	msg->type = out->type;
	msg->priority = out->priority;
	msg->receipt = out->receipt;
	msg->id = atomic64_inc_return(&handle->port->last_message_id);
	ret = ipcbox_handle_prepare(msg, out);
	if (ret) {
		ipcbox_message_put(msg, &handle->tx->spare);
		return ret;
	}
	if (ipcbox_port_broadcasts(handle->port))
		ret = ipcbox_broadcast_send(handle->port, msg, &out->wait);
	else
		ret = ipcbox_queue_send(handle->tx, msg, &out->wait);
	return ret ?: len;
}

/**
 * ipcbox_transfer_send() - send a plain message: no type, no priority
 * @handle: through this
 * @from: payload
 * @wait: whether and how long to wait
 *
 * Return: 0 or a negative errno
 */
int ipcbox_transfer_send(struct ipcbox_handle *handle, struct iov_iter *from,
			 const struct ipcbox_wait *wait)
{
	const struct ipcbox_outgoing out = { .wait = *wait };
	ssize_t ret = ipcbox_handle_send(handle, from, &out);

	return ret < 0 ? ret : 0;
}

/* Receiving */

/* One of these stays with the receiver. */
#define IPCBOX_MSG_HELD		(IPCBOX_MSG_CALL | IPCBOX_MSG_LEASED)

static u32 ipcbox_handle_message_flags(const struct ipcbox_message *msg,
				       u32 deliveries, u64 recv_flags)
{
	u32 flags = deliveries ? IPCBOX_MSG_REDELIVERED : 0;

	if (msg->call)
		flags |= IPCBOX_MSG_CALL;
	else if (recv_flags & IPCBOX_LEASE)
		flags |= IPCBOX_MSG_LEASED;
	if (READ_ONCE(msg->dead_letter))
		flags |= IPCBOX_MSG_DEAD_LETTER;
	return flags;
}

/**
 * ipcbox_transfer_describe() - fill in what IPCBOX_RECV tells of a message
 * @msg: message
 * @len: how much of it is received
 * @call: IPCBOX_RECV, of one who may see the message
 *
 * Return: 0 or -EFAULT
 */
int ipcbox_transfer_describe(const struct ipcbox_message *msg, size_t len,
			     struct ipcbox_ioctl *call)
{
	struct ipcbox_recv *recv = &call->arg.recv;
	/* Others may receive what is peeked at, and it may move then. */
	u32 deliveries = READ_ONCE(msg->deliveries);

	recv->msg_len = len;
	recv->msg_type = msg->type;
	recv->msg_id = READ_ONCE(msg->id);
	recv->msg_flags = ipcbox_handle_message_flags(msg, deliveries,
						      recv->flags);
	recv->deliveries = deliveries +
			   !!(recv->msg_flags & IPCBOX_MSG_HELD);
	recv->msg_priority = msg->priority;
	recv->sender_pid = pid_vnr(msg->sender_pid);
	recv->sender_tid = pid_vnr(msg->sender_tid);
	recv->sender_uid = from_kuid_munged(current_user_ns(), msg->sender_uid);
	recv->sender_gid = from_kgid_munged(current_user_ns(), msg->sender_gid);
	return ipcbox_ioctl_put(call);
}

/* A receiver that is being killed has no use for the message; others have. */
static int ipcbox_handle_deliver(struct ipcbox_message *msg,
				 struct iov_iter *to, struct ipcbox_ioctl *call)
{
	int ret = ipcbox_message_copy_out(msg, to);

	if (!ret && call)
		ret = ipcbox_transfer_describe(msg, msg->len, call);
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

/**
 * struct ipcbox_incoming - how to receive
 * @wait: whether and how long to wait
 * @filter: which message
 * @call: IPCBOX_RECV, to be told of the message, or NULL
 * @hold: with a lease
 * @lease: of this time in ns; 0 for no limit
 * @needed: out: with -EMSGSIZE, the length of the message
 */
struct ipcbox_incoming {
	struct ipcbox_wait wait;
	struct ipcbox_filter filter;
	struct ipcbox_ioctl *call;
	bool hold;
	u64 lease;
	size_t needed;
};

/* A request stays with its receiver, and so does what it wants to hold. */
static int ipcbox_handle_keep(struct ipcbox_handle *handle,
			      struct ipcbox_message *msg,
			      const struct ipcbox_incoming *in)
{
	if (msg->call || in->hold)
		return ipcbox_held_begin(handle, msg, msg->call ? 0 : in->lease);
	return ipcbox_queue_settle(handle->rx, msg);
}

/*
 * What ends a take or a peek: 1 if it is final, 0 if the message turned out to
 * be gone when it had been copied, or a negative errno.
 */
static int ipcbox_handle_finish(struct ipcbox_handle *handle,
				struct ipcbox_message *msg,
				const struct ipcbox_incoming *in, int ret)
{
	if (in->filter.peek)
		return ipcbox_queue_peek_done(handle->rx, msg) ? ret ?: 1 : ret;
	if (!ret)
		ret = ipcbox_handle_keep(handle, msg, in);
	if (ret < 0)
		ipcbox_queue_give_back(handle->rx, msg);
	return ret;
}

/* Returns the length received. */
static ssize_t ipcbox_handle_recv(struct ipcbox_handle *handle,
				  struct iov_iter *to,
				  struct ipcbox_incoming *in)
{
	struct ipcbox_message *msg;
	size_t len;
	int ret;

	if (!ipcbox_port_receivable(handle->port) &&
	    !ipcbox_filter_only_hears(&in->filter))
		return -EBADF;
	in->filter.room = iov_iter_count(to);
	in->filter.news = &handle->news;
	for (;;) {
		ret = ipcbox_queue_take(handle->rx, &in->filter, &in->wait,
					&msg, &in->needed);
		if (ret)
			return ret;
		len = msg->len;
		if (unlikely(msg->type == IPCBOX_TYPE_EVENT)) {
			ret = ipcbox_handle_recv_event(handle, msg, to,
						       in->call);
			return ret ?: len;
		}
		ret = ipcbox_handle_deliver(msg, to, in->call);
		ret = ipcbox_handle_finish(handle, msg, in, ret);
		if (ret)
			return ret < 0 ? ret : len;
		iov_iter_revert(to, in->filter.room - iov_iter_count(to));
	}
}

/* read() and write() */

/**
 * ipcbox_transfer_write() - send a plain message: no type, no priority
 * @file: handle
 * @from: payload
 * @nowait: do not wait
 *
 * Return: the length, or a negative errno
 */
ssize_t ipcbox_transfer_write(struct file *file, struct iov_iter *from,
			      bool nowait)
{
	const struct ipcbox_outgoing out = { .wait.nowait = nowait };

	return ipcbox_handle_send(ipcbox_handle_of(file), from, &out);
}

/**
 * ipcbox_transfer_read() - receive whatever message is first
 * @file: handle
 * @to: buffer
 * @nowait: do not wait
 *
 * Return: the length, or a negative errno
 */
ssize_t ipcbox_transfer_read(struct file *file, struct iov_iter *to,
			     bool nowait)
{
	struct ipcbox_incoming in = { .wait.nowait = nowait };

	return ipcbox_handle_recv(ipcbox_handle_of(file), to, &in);
}

/* IPCBOX_SEND and IPCBOX_RECV */

struct ipcbox_wait ipcbox_transfer_wait(const struct ipcbox_ioctl *call,
					u64 deadline)
{
	return (struct ipcbox_wait){
		.nowait = call->arg.flags & IPCBOX_NOWAIT ||
			  ipcbox_transfer_nowait(call->file),
		.deadline = ipcbox_compat_deadline(deadline),
	};
}

/* Without a receiver yet, 0 for all of it. */
static int ipcbox_transfer_put_receipt(struct ipcbox_ioctl *call,
				       const struct ipcbox_receipt *receipt)
{
	struct ipcbox_send __user *user = call->user;
	struct user_namespace *ns = current_user_ns();

	if (put_user(pid_vnr(receipt->pid), &user->receiver_pid) ||
	    put_user(pid_vnr(receipt->tid), &user->receiver_tid) ||
	    put_user(from_kuid_munged(ns, receipt->uid), &user->receiver_uid) ||
	    put_user(from_kgid_munged(ns, receipt->gid), &user->receiver_gid))
		return -EFAULT;
	return 0;
}

/*
 * It must be possible to wait for one, and to tell of it; or to tell of it later.
 * In which of the two ways is set in @out.
 */
static int ipcbox_transfer_want_receipt(struct ipcbox_ioctl *call,
					struct ipcbox_receipt *receipt,
					struct ipcbox_outgoing *out)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);

	if (out->wait.nowait) {
		out->news = ipcbox_handle_wants(handle, IPCBOX_EVENT_DELIVERED);
		if (!out->news)
			return -EINVAL;
	} else {
		if (call->size < offsetofend(struct ipcbox_send, receiver_gid))
			return -EINVAL;
		out->receipt = receipt;
	}
	if (ipcbox_port_broadcasts(handle->port))
		return -EOPNOTSUPP;
	return out->receipt ? ipcbox_transfer_put_receipt(call, receipt) : 0;
}

int ipcbox_transfer_ioctl_send(struct ipcbox_ioctl *call)
{
	struct ipcbox_send __user *user = call->user;
	const struct ipcbox_send *send = &call->arg.send;
	struct ipcbox_outgoing out = {
		.wait = ipcbox_transfer_wait(call, send->deadline),
		.type = send->type,
		.priority = send->priority,
		.id = &user->id,
	};
	struct ipcbox_receipt receipt = {};
	struct ipcbox_buffers buffers;
	ssize_t ret;

	if (send->priority >= IPCBOX_PRIORITIES || send->reserved ||
	    send->type == IPCBOX_TYPE_EVENT)
		return -EINVAL;
	if (unlikely(send->flags & IPCBOX_RECEIPT)) {
		ret = ipcbox_transfer_want_receipt(call, &receipt, &out);
		if (ret)
			return ret;
	}
	ret = ipcbox_buffers_import(&buffers, ITER_SOURCE, send->flags,
				    send->data, send->len);
	if (ret)
		return ret;
	ret = ipcbox_handle_send(ipcbox_handle_of(call->file), &buffers.iter,
				 &out);
	ipcbox_buffers_release(&buffers);
	if (ret < 0 || !out.receipt)
		return ret < 0 ? ret : 0;
	ret = ipcbox_transfer_put_receipt(call, &receipt);
	ipcbox_receipt_release(&receipt);
	return ret;
}

static int ipcbox_transfer_put_needed(struct ipcbox_ioctl *call, size_t needed)
{
	struct ipcbox_recv __user *user = call->user;

	return put_user(needed, &user->msg_len) ? -EFAULT : -EMSGSIZE;
}

int ipcbox_transfer_ioctl_recv(struct ipcbox_ioctl *call)
{
	const struct ipcbox_recv *recv = &call->arg.recv;
	struct ipcbox_incoming in = {
		.wait = ipcbox_transfer_wait(call, recv->deadline),
		.filter.type = recv->type,
		.filter.peek = recv->flags & IPCBOX_PEEK,
		.call = call,
		.hold = recv->flags & IPCBOX_LEASE,
		.lease = recv->lease,
	};
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	struct ipcbox_buffers buffers;
	ssize_t ret;

	if (unlikely(recv->type == IPCBOX_TYPE_EVENT)) {
		if (!READ_ONCE(handle->news) || in.filter.peek)
			return -EINVAL;
	} else if (!(handle->rights & IPCBOX_RIGHT_RECV)) {
		return -EBADF;
	}
	if (recv->reserved || (in.hold && in.filter.peek) ||
	    (!in.hold && in.lease))
		return -EINVAL;
	if (in.hold && ipcbox_port_broadcasts(handle->port))
		return -EOPNOTSUPP;
	ret = ipcbox_buffers_import(&buffers, ITER_DEST, recv->flags,
				    recv->data, recv->len);
	if (ret)
		return ret;
	ret = ipcbox_handle_recv(handle, &buffers.iter, &in);
	ipcbox_buffers_release(&buffers);
	if (ret == -EMSGSIZE)
		return ipcbox_transfer_put_needed(call, in.needed);
	return ret < 0 ? ret : 0;
}
