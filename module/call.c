// SPDX-License-Identifier: GPL-2.0-only
/* Calls: the caller's side, and the reply */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/pid_namespace.h>
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
#include "place.h"
#include "port.h"
#include "queue.h"
#include "short.h"
#include "transfer.h"

/* A reply up to this length goes from stack to stack: no memory, no charge. */
#define IPCBOX_ANSWER_SHORT	128

/**
 * struct ipcbox_answer - what somebody has replied
 * @type: of the reply
 * @len: its length
 * @longer: the payload, if it is longer than @data, else NULL
 * @placed: the payload is where the caller wants it
 * @pid: who has replied, as the caller sees it
 * @tid: likewise
 * @uid: likewise, but for the caller to translate
 * @gid: likewise
 * @verdict: see struct ipcbox_verdict
 * @data: the payload
 */
struct ipcbox_answer {
	u64 type;
	size_t len;
	struct ipcbox_message *longer;
	bool placed;
	pid_t pid;
	pid_t tid;
	kuid_t uid;
	kgid_t gid;
	struct ipcbox_verdict verdict;
	u8 data[IPCBOX_ANSWER_SHORT];
};

/**
 * struct ipcbox_pending - a call that waits, on the stack of its caller
 * @waiter: the request's sender
 * @answer: set before the wait ends with 0, under the lock of the queue
 * @room: where the caller wants the reply
 * @place: set by one who replies, under the lock of the queue while the caller
 *	waits; NULL until then
 */
struct ipcbox_pending {
	struct ipcbox_waiter waiter;
	struct ipcbox_answer answer;
	struct ipcbox_room room;
	struct ipcbox_pinned *place;
};

static void ipcbox_answer_release(const struct ipcbox_answer *answer,
				  struct ipcbox_queue *queue)
{
	if (answer->longer)
		ipcbox_message_put(answer->longer, &queue->spare_reply);
}

/* Calling */

static struct ipcbox_message *
ipcbox_call_request(const struct ipcbox_caller *caller, struct iov_iter *from)
{
	struct ipcbox_handle *handle = caller->handle;
	const struct ipcbox_call *arg = caller->arg;
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

static int ipcbox_call_take_answer(const struct ipcbox_caller *caller,
				   const struct ipcbox_answer *answer,
				   struct iov_iter *to)
{
	struct ipcbox_call *arg = caller->arg;

	if (unlikely(caller->verdict))
		*caller->verdict = answer->verdict;
	arg->reply_len = answer->len;
	arg->reply_type = answer->type;
	arg->replier_pid = answer->pid;
	arg->replier_tid = answer->tid;
	arg->replier_uid = ipcbox_uid_seen(answer->uid);
	arg->replier_gid = ipcbox_gid_seen(answer->gid);
	if (answer->placed)
		return 0;
	if (answer->len > iov_iter_count(to))
		return -EMSGSIZE;
	if (answer->longer)
		return ipcbox_message_copy_out(answer->longer, to);
	return ipcbox_short_copy_out(answer->data, answer->len, to);
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
	    arg->type == IPCBOX_TYPE_EVENT)
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

int ipcbox_call_ioctl_call(struct ipcbox_ioctl *ioctl)
{
	struct ipcbox_call __user *user = ioctl->user;
	struct ipcbox_call *arg = &ioctl->arg.call;
	struct ipcbox_caller caller = {
		.handle = ipcbox_handle_of(ioctl->file),
		.wait = ipcbox_transfer_wait(ioctl, arg->deadline),
		.arg = arg,
	};
	int ret;

	if (ipcbox_port_broadcasts(caller.handle->port))
		return -EOPNOTSUPP;
	/* It must be possible to tell the outcome, whatever that will be. */
	arg->outcome = IPCBOX_NOT_DELIVERED;
	if (put_user(arg->outcome, &user->outcome))
		return -EFAULT;
	ret = ipcbox_call_ask(&caller);
	if (ipcbox_ioctl_put(ioctl) && !ret)
		ret = -EFAULT;
	return ret;
}

/* Replying */

static struct ipcbox_pending *ipcbox_pending_of(struct ipcbox_waiter *caller)
{
	return container_of(caller, struct ipcbox_pending, waiter);
}

/* To a call that has room for the reply and no place yet. */
static int ipcbox_call_offer_place(struct ipcbox_handle *handle, u64 id,
				   struct ipcbox_pinned *place, size_t len,
				   struct ipcbox_room *room)
{
	struct ipcbox_queue *queue = handle->rx;
	struct ipcbox_pending *pending;
	struct ipcbox_message *msg;
	int ret = -EAGAIN;

	spin_lock(&queue->lock);
	msg = ipcbox_held_find_locked(handle, id);
	if (msg && msg->call && !queue->dead) {
		pending = ipcbox_pending_of(msg->sender);
		if (len <= pending->room.len && !pending->place) {
			refcount_inc(&place->ref);
			pending->place = place;
			*room = pending->room;
			ret = 0;
		}
	}
	spin_unlock(&queue->lock);
	return ret;
}

/* -EAGAIN, with nothing done, if the reply has to be copied twice. */
static noinline int ipcbox_answer_place(struct ipcbox_answer *answer,
					struct ipcbox_handle *handle, u64 id,
					struct iov_iter *from)
{
	struct ipcbox_pinned *place;
	struct ipcbox_room room;
	int ret;

	place = ipcbox_place_new(answer->len);
	if (!place)
		return -EAGAIN;
	ret = ipcbox_call_offer_place(handle, id, place, answer->len, &room);
	if (!ret)
		ret = ipcbox_place_pin(place, &room, answer->len);
	if (!ret)
		ret = ipcbox_pinned_copy(place, from);
	if (ret)
		ipcbox_pinned_revoke(place);
	ipcbox_pinned_put(place);
	answer->placed = !ret;
	return ret;
}

static int ipcbox_answer_fill(struct ipcbox_answer *answer,
			      struct ipcbox_handle *handle, u64 id,
			      struct iov_iter *from)
{
	struct ipcbox_message *longer;
	int ret;

	answer->len = iov_iter_count(from);
	answer->longer = NULL;
	answer->placed = false;
	if (answer->len > READ_ONCE(handle->rx->limits.max_msgsize))
		return -EMSGSIZE;
	if (answer->len <= IPCBOX_ANSWER_SHORT)
		return ipcbox_short_copy_in(answer->data, answer->len, from);
	if (answer->len >= IPCBOX_PLACE_MIN) {
		ret = ipcbox_answer_place(answer, handle, id, from);
		if (ret != -EAGAIN)
			return ret;
	}
	longer = ipcbox_transfer_message(handle, from, false,
					 &handle->rx->spare_reply);
	if (IS_ERR(longer))
		return PTR_ERR(longer);
	answer->longer = longer;
	return 0;
}

/* Signed by the replier, to a caller who waits. */
static void ipcbox_answer_give(struct ipcbox_answer *answer,
			       struct ipcbox_waiter *caller)
{
	struct ipcbox_pending *pending = ipcbox_pending_of(caller);
	struct pid_namespace *ns = ns_of_pid(task_pid(caller->task));

	answer->pid = pid_nr_ns(task_tgid(current), ns);
	answer->tid = thread_group_leader(current) ?
		      answer->pid : pid_nr_ns(task_pid(current), ns);
	current_euid_egid(&answer->uid, &answer->gid);
	pending->answer = *answer;
}

/* What can fail has been done: the caller has its reply, or there is no call. */
static int ipcbox_call_finish(struct ipcbox_handle *handle, u64 id,
			      struct ipcbox_answer *answer)
{
	struct ipcbox_queue *queue = handle->rx;
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
		ipcbox_answer_give(answer, msg->sender);
		ipcbox_queue_settle_locked(queue, msg, &wake);
	}
	ipcbox_queue_unlock_and_wake(queue, &wake);
	if (ret)
		ipcbox_answer_release(answer, queue);
	else
		ipcbox_message_put(msg, &queue->spare);
	return ret;
}

/**
 * ipcbox_call_answer() - answer a request
 * @handle: through which it was received
 * @arg: which one, and the answer
 * @verdict: what the answer is to one who wants to be connected; with 0, the end
 *	is the caller's. NULL for an ordinary reply
 *
 * Return: 0, or with the request as it was: -ESRCH, -EIDRM, -EMSGSIZE, -EDQUOT,
 * -EINVAL, -EFAULT, -ENOMEM
 */
int ipcbox_call_answer(struct ipcbox_handle *handle,
		       const struct ipcbox_reply *arg,
		       const struct ipcbox_verdict *verdict)
{
	struct ipcbox_answer answer __uninitialized;
	struct ipcbox_buffers from __uninitialized;
	int ret;

	ret = ipcbox_buffers_import(&from, ITER_SOURCE, arg->flags, arg->data,
				    arg->len);
	if (ret)
		return ret;
	answer.type = arg->type;
	answer.verdict = verdict ? *verdict : (struct ipcbox_verdict){};
	ret = ipcbox_answer_fill(&answer, handle, arg->id, &from.iter);
	ipcbox_buffers_release(&from);
	return ret ?: ipcbox_call_finish(handle, arg->id, &answer);
}

int ipcbox_call_reply(struct ipcbox_ioctl *ioctl)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(ioctl->file);

	/* Nobody waits for replies, or for more than that. */
	if (ipcbox_port_broadcasts(handle->port) ||
	    handle->port->kind == IPCBOX_KIND_LISTENER)
		return -EOPNOTSUPP;
	return ipcbox_call_answer(handle, &ioctl->arg.reply, NULL);
}
