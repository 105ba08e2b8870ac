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

#include "compat.h"
#include "handle.h"
#include "ioctl.h"
#include "message.h"
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
 */
struct ipcbox_outgoing {
	struct ipcbox_wait wait;
	u64 type;
	u8 priority;
	__u64 __user *id;
};

/* The payload may stay where it is if the sender waits until it is received. */
static bool ipcbox_handle_may_pin(const struct ipcbox_handle *handle,
				  const struct ipcbox_wait *wait)
{
	return !wait->nowait && !READ_ONCE(handle->tx->limits.max_messages);
}

static struct ipcbox_message *
ipcbox_handle_new_message(struct ipcbox_handle *handle, struct iov_iter *from,
			  const struct ipcbox_wait *wait)
{
	bool pin = ipcbox_handle_may_pin(handle, wait);
	struct ipcbox_message *msg;
	struct ipcbox_user *payer;

	if (likely(uid_eq(handle->user->uid, current_uid())))
		return ipcbox_message_new(handle->user, from, pin,
					  &handle->tx->spare);
	/* The descriptor was passed on: whoever sends is charged. */
	payer = ipcbox_user_get_current();
	if (!payer)
		return ERR_PTR(-ENOMEM);
	msg = ipcbox_message_new(payer, from, pin, &handle->tx->spare);
	ipcbox_user_put(payer);
	return msg;
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
	msg = ipcbox_handle_new_message(handle, from, &out->wait);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	msg->type = out->type;
	msg->priority = out->priority;
	msg->id = atomic64_inc_return(&handle->port->last_message_id);
	if (out->id && put_user(msg->id, out->id)) {
		ipcbox_message_put(msg, &handle->tx->spare);
		return -EFAULT;
	}
	ret = ipcbox_queue_send(handle->tx, msg, &out->wait);
	return ret ?: len;
}

/* Receiving */

/* Fills in what IPCBOX_RECV tells of a message, as its receiver may see it. */
static int ipcbox_handle_describe(const struct ipcbox_message *msg,
				  struct ipcbox_ioctl *call)
{
	struct ipcbox_recv *recv = &call->arg.recv;

	recv->msg_len = msg->len;
	recv->msg_type = msg->type;
	recv->msg_id = msg->id;
	recv->msg_flags = 0;
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
		ret = ipcbox_handle_describe(msg, call);
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

/**
 * struct ipcbox_incoming - how to receive
 * @wait: whether and how long to wait
 * @filter: which message
 * @call: IPCBOX_RECV, to be told of the message, or NULL
 * @needed: out: with -EMSGSIZE, the length of the message
 */
struct ipcbox_incoming {
	struct ipcbox_wait wait;
	struct ipcbox_filter filter;
	struct ipcbox_ioctl *call;
	size_t needed;
};

/*
 * What ends a take or a peek: true if it is final, false if the message turned
 * out to be gone when it had been copied.
 */
static bool ipcbox_handle_finish(struct ipcbox_handle *handle,
				 struct ipcbox_message *msg, bool peek, int ret)
{
	if (peek)
		return ipcbox_queue_peek_done(handle->rx, msg) || ret;
	if (!ret)
		return ipcbox_queue_settle(handle->rx, msg);
	ipcbox_queue_give_back(handle->rx, msg);
	return true;
}

/* Returns the length received. */
static ssize_t ipcbox_handle_recv(struct ipcbox_handle *handle,
				  struct iov_iter *to,
				  struct ipcbox_incoming *in)
{
	const struct ipcbox_port *port = handle->port;
	struct ipcbox_message *msg;
	size_t len;
	int ret;

	if (port->owner_policy == IPCBOX_OWNER_PROCESS &&
	    !ipcbox_watch_is_current(&port->owner))
		return -EBADF;
	in->filter.room = iov_iter_count(to);
	for (;;) {
		ret = ipcbox_queue_take(handle->rx, &in->filter, &in->wait,
					&msg, &in->needed);
		if (ret)
			return ret;
		len = msg->len;
		ret = ipcbox_handle_deliver(msg, to, in->call);
		if (ipcbox_handle_finish(handle, msg, in->filter.peek, ret))
			return ret ?: len;
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

static struct ipcbox_wait ipcbox_wait_of_ioctl(const struct ipcbox_ioctl *call,
					       u64 deadline)
{
	return (struct ipcbox_wait){
		.nowait = call->arg.flags & IPCBOX_NOWAIT ||
			  ipcbox_transfer_nowait(call->file),
		.deadline = ipcbox_compat_deadline(deadline),
	};
}

/**
 * struct ipcbox_buffers - the user memory that an ioctl names
 * @fast: room for a short array of segments
 * @segments: a longer one, to be freed
 * @iter: over all of them
 */
struct ipcbox_buffers {
	struct iovec fast[UIO_FASTIOV];
	struct iovec *segments;
	struct iov_iter iter;
};

/* A length beyond MAX_RW_COUNT is beyond all messages, too. */
static int ipcbox_buffers_import(struct ipcbox_buffers *buffers,
				 unsigned int direction, u64 flags, u64 data,
				 u64 len)
{
	ssize_t ret;

	buffers->segments = NULL;
	if (!(flags & IPCBOX_IOVEC)) {
		iov_iter_ubuf(&buffers->iter, direction, u64_to_user_ptr(data),
			      min_t(u64, len, MAX_RW_COUNT));
		return 0;
	}
	if (len > IPCBOX_IOV_MAX)
		return -EINVAL;
	buffers->segments = buffers->fast;
	ret = import_iovec(direction, u64_to_user_ptr(data), len,
			   ARRAY_SIZE(buffers->fast), &buffers->segments,
			   &buffers->iter);
	return ret < 0 ? ret : 0;
}

static void ipcbox_buffers_release(struct ipcbox_buffers *buffers)
{
	kfree(buffers->segments);
}

int ipcbox_transfer_ioctl_send(struct ipcbox_ioctl *call)
{
	struct ipcbox_send __user *user = call->user;
	const struct ipcbox_send *send = &call->arg.send;
	struct ipcbox_outgoing out = {
		.wait = ipcbox_wait_of_ioctl(call, send->deadline),
		.type = send->type,
		.priority = send->priority,
		.id = &user->id,
	};
	struct ipcbox_buffers buffers;
	ssize_t ret;

	if (send->priority >= IPCBOX_PRIORITIES || send->reserved)
		return -EINVAL;
	ret = ipcbox_buffers_import(&buffers, ITER_SOURCE, send->flags,
				    send->data, send->len);
	if (ret)
		return ret;
	ret = ipcbox_handle_send(ipcbox_handle_of(call->file), &buffers.iter,
				 &out);
	ipcbox_buffers_release(&buffers);
	return ret < 0 ? ret : 0;
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
		.wait = ipcbox_wait_of_ioctl(call, recv->deadline),
		.filter.type = recv->type,
		.filter.peek = recv->flags & IPCBOX_PEEK,
		.call = call,
	};
	struct ipcbox_buffers buffers;
	ssize_t ret;

	ret = ipcbox_buffers_import(&buffers, ITER_DEST, recv->flags,
				    recv->data, recv->len);
	if (ret)
		return ret;
	ret = ipcbox_handle_recv(ipcbox_handle_of(call->file), &buffers.iter,
				 &in);
	ipcbox_buffers_release(&buffers);
	if (ret == -EMSGSIZE)
		return ipcbox_transfer_put_needed(call, in.needed);
	return ret < 0 ? ret : 0;
}
