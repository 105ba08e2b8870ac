// SPDX-License-Identifier: GPL-2.0-only
/* Calls: the caller's side, and the reply */

#include <linux/err.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "buffers.h"
#include "call.h"
#include "compat.h"
#include "handle.h"
#include "held.h"
#include "identity.h"
#include "ioctl.h"
#include "message.h"
#include "pinned.h"
#include "port.h"
#include "queue.h"
#include "transfer.h"

/**
 * struct ipcbox_pending - a call that waits, on the stack of its caller
 * @waiter: the request's sender
 * @reply: what somebody has replied; set before the wait ends, under the lock
 *	of the queue
 */
struct ipcbox_pending {
	struct ipcbox_waiter waiter;
	struct ipcbox_message *reply;
};

/* Calling */

static struct ipcbox_message *ipcbox_call_request(struct ipcbox_ioctl *ioctl,
						  struct iov_iter *from)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(ioctl->file);
	const struct ipcbox_call *arg = &ioctl->arg.call;
	struct ipcbox_message *msg;

	if (ipcbox_port_gone(handle->port))
		return ERR_PTR(-EIDRM);
	if (iov_iter_count(from) > READ_ONCE(handle->tx->limits.max_msgsize))
		return ERR_PTR(-EMSGSIZE);
	msg = ipcbox_transfer_message(handle, from, true, &handle->tx->spare);
	if (IS_ERR(msg))
		return msg;
	msg->type = arg->type;
	msg->priority = arg->priority;
	msg->call = true;
	msg->id = atomic64_inc_return(&handle->port->last_message_id);
	return msg;
}

/* Waits for the reply; tells how far the request came. */
static int ipcbox_call_wait(struct ipcbox_ioctl *ioctl,
			    struct ipcbox_message *msg,
			    struct ipcbox_pending *pending)
{
	struct ipcbox_queue *queue = ipcbox_handle_of(ioctl->file)->tx;
	struct ipcbox_call *arg = &ioctl->arg.call;
	struct ipcbox_wait wait = ipcbox_transfer_wait(ioctl, arg->deadline);
	int ret;

	pending->reply = NULL;
	arg->id = msg->id;
	ipcbox_message_get(msg);
	ret = ipcbox_queue_call(queue, msg, &pending->waiter, &wait);
	if (msg->pinned)
		ipcbox_pinned_revoke(msg->pinned);
	if (!ret)
		arg->outcome = IPCBOX_ANSWERED;
	else if (msg->deliveries)
		arg->outcome = IPCBOX_UNANSWERED;
	/* A server may have acted on it: only the caller can say what next. */
	if (ret == -ERESTARTSYS && msg->deliveries)
		ret = -EINTR;
	ipcbox_message_put(msg, &queue->spare);
	return ret;
}

static int ipcbox_call_take_reply(struct ipcbox_ioctl *ioctl,
				  struct ipcbox_message *reply,
				  struct iov_iter *to)
{
	struct ipcbox_call *arg = &ioctl->arg.call;

	arg->reply_len = reply->len;
	arg->reply_type = reply->type;
	arg->replier_pid = ipcbox_pid_seen(reply->sender_pid);
	arg->replier_tid = ipcbox_tid_seen(reply->sender_tid, reply->sender_pid,
					   arg->replier_pid);
	arg->replier_uid = ipcbox_uid_seen(reply->sender_uid);
	arg->replier_gid = ipcbox_gid_seen(reply->sender_gid);
	if (reply->len > iov_iter_count(to))
		return -EMSGSIZE;
	return ipcbox_message_copy_out(reply, to);
}

static int ipcbox_call_run(struct ipcbox_ioctl *ioctl, struct iov_iter *from,
			   struct iov_iter *to)
{
	struct ipcbox_queue *queue = ipcbox_handle_of(ioctl->file)->tx;
	struct ipcbox_pending pending __uninitialized;
	struct ipcbox_message *msg;
	int ret;

	msg = ipcbox_call_request(ioctl, from);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	ret = ipcbox_call_wait(ioctl, msg, &pending);
	if (ret)
		return ret;
	ret = ipcbox_call_take_reply(ioctl, pending.reply, to);
	ipcbox_message_put(pending.reply, &queue->spare_reply);
	return ret;
}

int ipcbox_call_ioctl_call(struct ipcbox_ioctl *ioctl)
{
	struct ipcbox_call __user *user = ioctl->user;
	struct ipcbox_call *arg = &ioctl->arg.call;
	struct ipcbox_buffers from __uninitialized, to __uninitialized;
	int ret;

	if (arg->priority >= IPCBOX_PRIORITIES ||
	    arg->type == IPCBOX_TYPE_EVENT)
		return -EINVAL;
	if (ipcbox_port_broadcasts(ipcbox_handle_of(ioctl->file)->port))
		return -EOPNOTSUPP;
	arg->outcome = IPCBOX_NOT_DELIVERED;
	ret = ipcbox_buffers_import(&from, ITER_SOURCE, arg->flags, arg->data,
				    arg->len);
	if (ret)
		return ret;
	ret = ipcbox_buffers_import(&to, ITER_DEST, arg->flags, arg->reply,
				    arg->reply_size);
	if (ret)
		goto release;
	/* It must be possible to tell the outcome, whatever that will be. */
	ret = put_user(arg->outcome, &user->outcome);
	if (!ret)
		ret = ipcbox_call_run(ioctl, &from.iter, &to.iter);
	if (ipcbox_ioctl_put(ioctl) && !ret)
		ret = -EFAULT;
	ipcbox_buffers_release(&to);
release:
	ipcbox_buffers_release(&from);
	return ret;
}

/* Replying */

/* What can fail has been done: the caller has its reply, or there is no call. */
static int ipcbox_call_finish(struct ipcbox_handle *handle, u64 id,
			      struct ipcbox_message *reply)
{
	struct ipcbox_queue *queue = handle->rx;
	struct ipcbox_pending *pending;
	struct ipcbox_message *msg;
	struct ipcbox_wake wake = {};
	int ret = 0;

	spin_lock(&queue->lock);
	msg = ipcbox_held_find_locked(handle, id);
	if (queue->dead)
		ret = -EIDRM;
	else if (!msg || !msg->call)
		ret = -ESRCH;
	if (!ret) {
		pending = container_of(msg->sender, struct ipcbox_pending,
				       waiter);
		pending->reply = reply;
		ipcbox_queue_settle_locked(queue, msg, &wake);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	if (ret)
		ipcbox_message_put(reply, &queue->spare_reply);
	else
		ipcbox_message_put(msg, &queue->spare);
	return ret;
}

/**
 * ipcbox_call_reply() - answer a request
 * @ioctl: IPCBOX_REPLY
 *
 * Return: 0, or with the request as it was: -ESRCH, -EIDRM, -EMSGSIZE, -EDQUOT,
 * -EINVAL, -EFAULT, -ENOMEM
 */
int ipcbox_call_reply(struct ipcbox_ioctl *ioctl)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(ioctl->file);
	const struct ipcbox_reply *arg = &ioctl->arg.reply;
	struct ipcbox_message *reply;
	struct ipcbox_buffers from __uninitialized;
	int ret;

	if (ipcbox_port_broadcasts(handle->port))
		return -EOPNOTSUPP;
	ret = ipcbox_buffers_import(&from, ITER_SOURCE, arg->flags, arg->data,
				    arg->len);
	if (ret)
		return ret;
	if (iov_iter_count(&from.iter) > READ_ONCE(handle->rx->limits.max_msgsize))
		reply = ERR_PTR(-EMSGSIZE);
	else
		reply = ipcbox_transfer_message(handle, &from.iter, false,
						&handle->rx->spare_reply);
	ipcbox_buffers_release(&from);
	if (IS_ERR(reply))
		return PTR_ERR(reply);
	reply->type = arg->type;
	return ipcbox_call_finish(handle, arg->id, reply);
}
