// SPDX-License-Identifier: GPL-2.0-only
/* Answers: making one, and handing it to the caller who waits */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/pid_namespace.h>
#include <linux/uio.h>

#include "answer.h"
#include "buffers.h"
#include "fds.h"
#include "handle.h"
#include "held.h"
#include "ioctl.h"
#include "message.h"
#include "pinned.h"
#include "port.h"
#include "queue.h"
#include "quota.h"
#include "short.h"
#include "transfer.h"

/* What an answer has that is not in it. */
void ipcbox_answer_release(const struct ipcbox_answer *answer,
			   struct ipcbox_queue *queue)
{
	if (answer->longer)
		ipcbox_message_put(answer->longer, &queue->spare_reply);
	if (unlikely(answer->fds))
		ipcbox_fds_put(answer->fds);
}

static struct ipcbox_pending *ipcbox_pending_of(struct ipcbox_waiter *caller)
{
	return container_of(caller, struct ipcbox_pending, waiter);
}

/* To a call that has room for the reply and no place yet. */
static int ipcbox_answer_offer_place(struct ipcbox_handle *handle, u64 id,
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
	ret = ipcbox_answer_offer_place(handle, id, place, answer->len, &room);
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

/* Whoever replies is charged for them, until the caller has them. */
static int ipcbox_answer_take_fds(struct ipcbox_answer *answer,
				  const struct ipcbox_reply *arg)
{
	struct ipcbox_user *payer = ipcbox_user_get_current();
	struct ipcbox_fds *fds;

	if (!payer)
		return -ENOMEM;
	fds = ipcbox_fds_new(payer, u64_to_user_ptr(arg->fds), arg->nr_fds);
	ipcbox_user_put(payer);
	if (IS_ERR(fds))
		return PTR_ERR(fds);
	answer->fds = fds;
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
static int ipcbox_answer_finish(struct ipcbox_handle *handle, u64 id,
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
 * ipcbox_answer_request() - answer a request
 * @handle: through which it was received
 * @arg: which one, and the answer
 * @verdict: what the answer is to one who wants to be connected; with 0, the end
 *	is the caller's. NULL for an ordinary reply
 *
 * Return: 0, or with the request as it was: -ESRCH, -EIDRM, -EMSGSIZE, -EDQUOT,
 * -EBADF, -ELOOP, -ETOOMANYREFS, -EINVAL, -EFAULT, -ENOMEM
 */
int ipcbox_answer_request(struct ipcbox_handle *handle,
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
	answer.fds = NULL;
	answer.verdict = verdict ? *verdict : (struct ipcbox_verdict){};
	if (unlikely(arg->nr_fds))
		ret = ipcbox_answer_take_fds(&answer, arg);
	if (!ret)
		ret = ipcbox_answer_fill(&answer, handle, arg->id, &from.iter);
	ipcbox_buffers_release(&from);
	if (!ret)
		return ipcbox_answer_finish(handle, arg->id, &answer);
	if (unlikely(answer.fds))
		ipcbox_fds_put(answer.fds);
	return ret;
}

int ipcbox_answer_ioctl_reply(struct ipcbox_ioctl *ioctl)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(ioctl->file);

	/* Nobody waits for replies, or for more than that. */
	if (ipcbox_port_broadcasts(handle->port) ||
	    handle->port->kind == IPCBOX_KIND_LISTENER)
		return -EOPNOTSUPP;
	return ipcbox_answer_request(handle, &ioctl->arg.reply, NULL);
}
