// SPDX-License-Identifier: GPL-2.0-only
/* Calls: asking, and waiting for the answer */

#include <linux/err.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "answer.h"
#include "buffers.h"
#include "call.h"
#include "fds.h"
#include "handle.h"
#include "identity.h"
#include "ioctl.h"
#include "message.h"
#include "pinned.h"
#include "place.h"
#include "port.h"
#include "queue.h"
#include "short.h"
#include "transfer.h"

static struct ipcbox_message *
ipcbox_call_request(const struct ipcbox_caller *caller, struct iov_iter *from)
{
	struct ipcbox_handle *handle = caller->handle;
	const struct ipcbox_call *arg = caller->arg;
	struct ipcbox_message *msg;
	int ret = 0;

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
	if (unlikely(arg->nr_fds))
		ret = ipcbox_transfer_attach_fds(handle, msg,
						 u64_to_user_ptr(arg->fds),
						 arg->nr_fds);
	if (!ret)
		return msg;
	ipcbox_message_put(msg, &handle->tx->spare);
	return ERR_PTR(ret);
}

/* Waits for the reply; tells how far the request came. */
static int ipcbox_call_wait(const struct ipcbox_caller *caller,
			    struct ipcbox_message *msg,
			    struct ipcbox_pending *pending)
{
	struct ipcbox_queue *queue = caller->handle->tx;
	struct ipcbox_call *arg = caller->arg;
	int ret;

	arg->id = msg->id;
	ipcbox_message_get(msg);
	ret = ipcbox_queue_call(queue, msg, &pending->waiter, &caller->wait);
	if (msg->pinned)
		ipcbox_pinned_revoke(msg->pinned);
	if (unlikely(pending->place)) {
		ipcbox_pinned_revoke(pending->place);
		ipcbox_pinned_put(pending->place);
	}
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

static int ipcbox_call_copy_out(const struct ipcbox_answer *answer,
				struct iov_iter *to)
{
	if (answer->placed)
		return 0;
	if (answer->len > iov_iter_count(to))
		return -EMSGSIZE;
	if (answer->longer)
		return ipcbox_message_copy_out(answer->longer, to);
	return ipcbox_short_copy_out(answer->data, answer->len, to);
}

static int ipcbox_call_tell_fds(const struct ipcbox_caller *caller,
				struct ipcbox_fds *fds)
{
	return ipcbox_landing_tell(caller->landing, fds,
				   u64_to_user_ptr(caller->arg->reply_fds),
				   min(caller->landing->nr, fds->nr));
}

static int ipcbox_call_take_answer(const struct ipcbox_caller *caller,
				   const struct ipcbox_answer *answer,
				   struct iov_iter *to)
{
	struct ipcbox_call *arg = caller->arg;
	int ret;

	if (unlikely(caller->verdict))
		*caller->verdict = answer->verdict;
	arg->reply_len = answer->len;
	arg->reply_type = answer->type;
	arg->replier_pid = answer->pid;
	arg->replier_tid = answer->tid;
	arg->replier_uid = ipcbox_uid_seen(answer->uid);
	arg->replier_gid = ipcbox_gid_seen(answer->gid);
	arg->reply_nr_fds = answer->fds ? answer->fds->nr : 0;
	ret = ipcbox_call_copy_out(answer, to);
	if (unlikely(caller->landing && answer->fds) && !ret)
		ret = ipcbox_call_tell_fds(caller, answer->fds);
	return ret;
}

static int ipcbox_call_run(const struct ipcbox_caller *caller,
			   struct iov_iter *from, struct iov_iter *to)
{
	struct ipcbox_queue *queue = caller->handle->tx;
	struct ipcbox_pending pending __uninitialized;
	struct ipcbox_message *msg;
	int ret;

	msg = ipcbox_call_request(caller, from);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	ipcbox_room_init(&pending.room, to);
	pending.place = NULL;
	ret = ipcbox_call_wait(caller, msg, &pending);
	if (ret)
		return ret;
	ret = ipcbox_call_take_answer(caller, &pending.answer, to);
	ipcbox_answer_release(&pending.answer, queue);
	return ret;
}

/**
 * ipcbox_call_ask() - send a request and wait for the answer
 * @caller: caller; its out fields and its verdict are set, also when it fails
 *
 * Return: 0 or a negative errno
 */
int ipcbox_call_ask(struct ipcbox_caller *caller)
{
	struct ipcbox_buffers from __uninitialized, to __uninitialized;
	const struct ipcbox_call *arg = caller->arg;
	int ret;

	if (arg->priority >= IPCBOX_PRIORITIES ||
	    arg->type == IPCBOX_TYPE_EVENT ||
	    arg->nr_fds > IPCBOX_FDS_MAX || arg->reserved)
		return -EINVAL;
	ret = ipcbox_buffers_import(&from, ITER_SOURCE, arg->flags, arg->data,
				    arg->len);
	if (ret)
		return ret;
	ret = ipcbox_buffers_import(&to, ITER_DEST, arg->flags, arg->reply,
				    arg->reply_size);
	if (!ret) {
		ret = ipcbox_call_run(caller, &from.iter, &to.iter);
		ipcbox_buffers_release(&to);
	}
	ipcbox_buffers_release(&from);
	return ret;
}

/* Before the request is sent: with the reply, nothing may fail that need not. */
static int ipcbox_call_reserve_fds(struct ipcbox_caller *caller)
{
	const struct ipcbox_call *arg = caller->arg;
	u32 nr = min_t(u32, arg->reply_fds_size, IPCBOX_FDS_MAX);
	struct ipcbox_landing *landing = ipcbox_landing_new(nr);

	if (IS_ERR(landing))
		return PTR_ERR(landing);
	caller->landing = landing;
	return ipcbox_landing_tell(landing, NULL,
				   u64_to_user_ptr(arg->reply_fds), nr);
}

int ipcbox_call_ioctl_call(struct ipcbox_ioctl *ioctl)
{
	struct ipcbox_call __user *user = ioctl->user;
	struct ipcbox_call *arg = &ioctl->arg.call;
	struct ipcbox_caller caller = {
		.handle = ipcbox_handle_of(ioctl->file),
		.wait = ipcbox_transfer_wait(ioctl, arg->deadline),
		.arg = arg,
	};
	int ret = 0;

	if (ipcbox_port_broadcasts(caller.handle->port))
		return -EOPNOTSUPP;
	/* It must be possible to tell the outcome, whatever that will be. */
	arg->outcome = IPCBOX_NOT_DELIVERED;
	if (put_user(arg->outcome, &user->outcome))
		return -EFAULT;
	if (unlikely(arg->reply_fds_size))
		ret = ipcbox_call_reserve_fds(&caller);
	if (!ret)
		ret = ipcbox_call_ask(&caller);
	if (ipcbox_ioctl_put(ioctl) && !ret)
		ret = -EFAULT;
	if (unlikely(caller.landing))
		ipcbox_landing_end(caller.landing, !ret);
	return ret;
}
