// SPDX-License-Identifier: GPL-2.0-only
/* Sending: the one path from write() and the commands that send to a queue */

#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "buffers.h"
#include "fds.h"
#include "handle.h"
#include "handle_news.h"
#include "identity.h"
#include "ioctl.h"
#include "message.h"
#include "news.h"
#include "port.h"
#include "queue.h"
#include "quota.h"
#include "transfer.h"

/**
 * struct ipcbox_outgoing - how to send
 * @wait: whether and how long to wait
 * @type: of the message
 * @priority: of the message
 * @id: where the caller wants the id of the message, or NULL
 * @receipt: filled in once the message has been received, or NULL
 * @news: told when the message has been received, or NULL
 * @fds: descriptors to send along
 * @nr_fds: how many
 */
struct ipcbox_outgoing {
	struct ipcbox_wait wait;
	u64 type;
	u8 priority;
	__u64 __user *id;
	struct ipcbox_receipt *receipt;
	struct ipcbox_news *news;
	const __s32 __user *fds;
	unsigned int nr_fds;
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

/**
 * ipcbox_transfer_attach_fds() - send descriptors along
 * @handle: through this
 * @msg: message that nobody has seen yet
 * @numbers: the caller's descriptors
 * @nr: how many; 1 to IPCBOX_FDS_MAX
 *
 * Return: 0, or as ipcbox_fds_new()
 */
int ipcbox_transfer_attach_fds(struct ipcbox_handle *handle,
			       struct ipcbox_message *msg,
			       const __s32 __user *numbers, unsigned int nr)
{
	struct ipcbox_fds *fds = ipcbox_fds_new(msg->user, numbers, nr);

	if (IS_ERR(fds))
		return PTR_ERR(fds);
	msg->fds = fds;
	msg->nr_fds = nr;
	WRITE_ONCE(handle->tx->carries_fds, true);
	return 0;
}

/* The id can be told, and so will be the receipt. */
static int ipcbox_handle_prepare(struct ipcbox_handle *handle,
				 struct ipcbox_message *msg,
				 const struct ipcbox_outgoing *out)
{
	int ret;

	if (out->id && put_user(msg->id, out->id))
		return -EFAULT;
	if (unlikely(out->nr_fds)) {
		ret = ipcbox_transfer_attach_fds(handle, msg, out->fds,
						 out->nr_fds);
		if (ret)
			return ret;
	}
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
	ret = ipcbox_handle_prepare(handle, msg, out);
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
 * ipcbox_transfer_bytes() - send a plain message: no type, no priority
 * @handle: through this
 * @from: payload
 * @wait: whether and how long to wait
 *
 * Return: 0 or a negative errno
 */
int ipcbox_transfer_bytes(struct ipcbox_handle *handle, struct iov_iter *from,
			  const struct ipcbox_wait *wait)
{
	const struct ipcbox_outgoing out = { .wait = *wait };
	ssize_t ret = ipcbox_handle_send(handle, from, &out);

	return ret < 0 ? ret : 0;
}

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
	ssize_t ret = ipcbox_handle_send(ipcbox_handle_of(file), from, &out);

	/* As on a pipe. The commands return it only. */
	if (unlikely(ret == -EPIPE))
		send_sig(SIGPIPE, current, 0);
	return ret;
}

/* IPCBOX_SEND */

/* Without a receiver yet, 0 for all of it. */
static int ipcbox_transfer_put_receipt(struct ipcbox_ioctl *call,
				       const struct ipcbox_receipt *receipt)
{
	struct ipcbox_send __user *user = call->user;

	if (put_user(ipcbox_pid_seen(receipt->pid), &user->receiver_pid) ||
	    put_user(ipcbox_pid_seen(receipt->tid), &user->receiver_tid) ||
	    put_user(ipcbox_uid_seen(receipt->uid), &user->receiver_uid) ||
	    put_user(ipcbox_gid_seen(receipt->gid), &user->receiver_gid))
		return -EFAULT;
	return 0;
}

/*
 * It must be possible to wait for one, and to tell of it; or to tell of it later.
 * In which of the two ways is set in @out.
 */
static int ipcbox_transfer_want_receipt(struct ipcbox_ioctl *call,
					struct ipcbox_handle *handle,
					struct ipcbox_receipt *receipt,
					struct ipcbox_outgoing *out)
{
	if (out->wait.nowait) {
		out->news = ipcbox_handle_wants(handle, IPCBOX_EVENT_DELIVERED);
		if (!out->news)
			return -EINVAL;
	} else {
		if (call->size < offsetofend(struct ipcbox_send, receiver_gid))
			return -EINVAL;
		out->receipt = receipt;
	}
	/* News are guarded by the queue that the handle receives from. */
	if (ipcbox_port_broadcasts(handle->port) || (out->news && handle->out))
		return -EOPNOTSUPP;
	return out->receipt ? ipcbox_transfer_put_receipt(call, receipt) : 0;
}

/**
 * ipcbox_transfer_send() - send a message
 * @call: IPCBOX_SEND or IPCBOX_SEND_TO
 * @handle: through this
 *
 * Return: 0 or a negative errno
 */
int ipcbox_transfer_send(struct ipcbox_ioctl *call,
			 struct ipcbox_handle *handle)
{
	struct ipcbox_send __user *user = call->user;
	const struct ipcbox_send *send = &call->arg.send;
	struct ipcbox_outgoing out = {
		.wait = ipcbox_transfer_wait(call, send->deadline),
		.type = send->type,
		.priority = send->priority,
		.id = &user->id,
		.fds = u64_to_user_ptr(send->fds),
		.nr_fds = send->nr_fds,
	};
	struct ipcbox_receipt receipt = {};
	struct ipcbox_buffers buffers __uninitialized;
	ssize_t ret;

	if (send->priority >= IPCBOX_PRIORITIES ||
	    send->type == IPCBOX_TYPE_EVENT ||
	    send->nr_fds > IPCBOX_FDS_MAX || send->reserved2)
		return -EINVAL;
	if (unlikely(send->flags & IPCBOX_RECEIPT)) {
		ret = ipcbox_transfer_want_receipt(call, handle, &receipt,
						   &out);
		if (ret)
			return ret;
	}
	ret = ipcbox_buffers_import(&buffers, ITER_SOURCE, send->flags,
				    send->data, send->len);
	if (ret)
		return ret;
	ret = ipcbox_handle_send(handle, &buffers.iter, &out);
	ipcbox_buffers_release(&buffers);
	if (ret < 0 || !out.receipt)
		return ret < 0 ? ret : 0;
	ret = ipcbox_transfer_put_receipt(call, &receipt);
	ipcbox_receipt_release(&receipt);
	return ret;
}

int ipcbox_transfer_ioctl_send(struct ipcbox_ioctl *call)
{
	/* The handle says to whom. */
	if (call->arg.send.to)
		return -EINVAL;
	return ipcbox_transfer_send(call, ipcbox_handle_of(call->file));
}
