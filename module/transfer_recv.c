// SPDX-License-Identifier: GPL-2.0-only
/* Receiving: the one path from a queue to read() and the commands that receive */

#include <linux/err.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "buffers.h"
#include "fds.h"
#include "handle.h"
#include "handle_news.h"
#include "held.h"
#include "identity.h"
#include "ioctl.h"
#include "loan.h"
#include "message.h"
#include "news.h"
#include "port.h"
#include "queue.h"
#include "transfer.h"

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

/* Fills in what IPCBOX_RECV tells of a message, as its receiver may see it. */
static void ipcbox_transfer_fill(const struct ipcbox_message *msg, size_t len,
				 struct ipcbox_recv *recv)
{
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
	recv->sender_pid = ipcbox_pid_seen(msg->sender_pid);
	recv->sender_tid = ipcbox_tid_seen(msg->sender_tid, msg->sender_pid,
					   recv->sender_pid);
	recv->sender_uid = ipcbox_uid_seen(msg->sender_uid);
	recv->sender_gid = ipcbox_gid_seen(msg->sender_gid);
	recv->nr_fds = 0;
}

/**
 * ipcbox_transfer_describe() - tell the caller of a part of a stream
 * @msg: message
 * @len: how much of it is received
 * @call: IPCBOX_RECV, of one who may see the message
 *
 * Return: 0 or -EFAULT
 */
int ipcbox_transfer_describe(const struct ipcbox_message *msg, size_t len,
			     struct ipcbox_ioctl *call)
{
	ipcbox_transfer_fill(msg, len, &call->arg.recv);
	return ipcbox_ioctl_put(call);
}

/**
 * struct ipcbox_incoming - how to receive
 * @wait: whether and how long to wait
 * @filter: which message
 * @call: IPCBOX_RECV, to be told of the message, or NULL
 * @hold: with a lease
 * @lease: of this time in ns; 0 for no limit
 * @inherit_nice: go on with the nice value of who sent a request
 * @needed: out: with -EMSGSIZE, the length of the message
 * @landing: where its descriptors are about to arrive, or NULL
 */
struct ipcbox_incoming {
	struct ipcbox_wait wait;
	struct ipcbox_filter filter;
	struct ipcbox_ioctl *call;
	bool hold;
	u64 lease;
	bool inherit_nice;
	size_t needed;
	struct ipcbox_landing *landing;
};

/* Numbers for its descriptors, as many as the receiver has room for. */
static int ipcbox_handle_reserve_fds(const struct ipcbox_message *msg,
				     struct ipcbox_incoming *in)
{
	const struct ipcbox_recv *recv = &in->call->arg.recv;
	u32 nr = min_t(u32, recv->fds_size, msg->nr_fds);
	struct ipcbox_landing *landing;

	if (!nr || in->filter.peek)
		return 0;
	/* It may have lost them. */
	landing = ipcbox_landing_new(msg->fds ? nr : 0);
	if (IS_ERR(landing))
		return PTR_ERR(landing);
	in->landing = landing;
	return ipcbox_landing_tell(landing, msg->fds, u64_to_user_ptr(recv->fds),
				   nr);
}

static void ipcbox_handle_describe_fds(const struct ipcbox_message *msg,
				       const struct ipcbox_incoming *in)
{
	struct ipcbox_recv *recv = &in->call->arg.recv;
	unsigned int arrive = in->landing ? in->landing->arrive : 0;

	recv->nr_fds = msg->nr_fds;
	if (!in->filter.peek && arrive < msg->nr_fds)
		recv->msg_flags |= IPCBOX_MSG_FDS_LOST;
}

static int ipcbox_handle_describe(const struct ipcbox_message *msg,
				  struct ipcbox_incoming *in)
{
	ipcbox_transfer_fill(msg, msg->len, &in->call->arg.recv);
	if (unlikely(msg->nr_fds))
		ipcbox_handle_describe_fds(msg, in);
	return ipcbox_ioctl_put(in->call);
}

/* A receiver that is being killed has no use for the message; others have. */
static int ipcbox_handle_deliver(struct ipcbox_message *msg,
				 struct iov_iter *to,
				 struct ipcbox_incoming *in)
{
	int ret = ipcbox_message_copy_out(msg, to);

	if (!ret && unlikely(msg->nr_fds) && in->call)
		ret = ipcbox_handle_reserve_fds(msg, in);
	if (!ret && in->call)
		ret = ipcbox_handle_describe(msg, in);
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

/* At the nice value of its caller, if the receiver wants that. */
static int ipcbox_handle_keep_request(struct ipcbox_handle *handle,
				      struct ipcbox_message *msg,
				      const struct ipcbox_incoming *in)
{
	struct ipcbox_loan *loan = NULL;
	int ret;

	if (unlikely(in->inherit_nice))
		loan = ipcbox_loan_begin();
	if (IS_ERR(loan))
		return PTR_ERR(loan);
	ret = ipcbox_held_begin(handle, msg, 0, loan);
	if (ret <= 0 && loan)
		ipcbox_loan_end(loan);
	return ret;
}

/* A request stays with its receiver, and so does what it wants to hold. */
static int ipcbox_handle_keep(struct ipcbox_handle *handle,
			      struct ipcbox_message *msg,
			      const struct ipcbox_incoming *in)
{
	if (msg->call)
		return ipcbox_handle_keep_request(handle, msg, in);
	if (in->hold)
		return ipcbox_held_begin(handle, msg, in->lease, NULL);
	return ipcbox_queue_settle(handle->rx, msg);
}

/*
 * What ends a take or a peek: 1 if it is final, 0 if the message turned out to
 * be gone when it had been copied, or a negative errno.
 */
static int ipcbox_handle_finish(struct ipcbox_handle *handle,
				struct ipcbox_message *msg,
				struct ipcbox_incoming *in, int ret)
{
	if (in->filter.peek)
		return ipcbox_queue_peek_done(handle->rx, msg) ? ret ?: 1 : ret;
	if (!ret)
		ret = ipcbox_handle_keep(handle, msg, in);
	if (ret < 0)
		ipcbox_queue_give_back(handle->rx, msg);
	if (unlikely(in->landing)) {
		ipcbox_landing_end(in->landing, ret > 0);
		in->landing = NULL;
	}
	return ret;
}

/*
 * Why nothing was received. The end of a connection is what read() calls the end
 * of a file; other than that, an empty message is one, too.
 */
static int ipcbox_handle_nothing(const struct ipcbox_incoming *in, int ret)
{
	if (ret != -ENODATA)
		return ret;
	return in->call ? -ENOTCONN : 0;
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
			return ipcbox_handle_nothing(in, ret);
		len = msg->len;
		if (unlikely(msg->type == IPCBOX_TYPE_EVENT)) {
			ret = ipcbox_handle_recv_event(handle, msg, to,
						       in->call);
			return ret ?: len;
		}
		ret = ipcbox_handle_deliver(msg, to, in);
		ret = ipcbox_handle_finish(handle, msg, in, ret);
		if (ret)
			return ret < 0 ? ret : len;
		iov_iter_revert(to, in->filter.room - iov_iter_count(to));
	}
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

/* IPCBOX_RECV */

static int ipcbox_transfer_put_needed(struct ipcbox_ioctl *call, size_t needed)
{
	struct ipcbox_recv __user *user = call->user;

	return put_user(needed, &user->msg_len) ? -EFAULT : -EMSGSIZE;
}

/* Whose messages alone are wanted: the filter gets a reference. */
static int ipcbox_transfer_want_from(const struct ipcbox_handle *handle,
				     const struct ipcbox_recv *recv,
				     struct ipcbox_filter *filter)
{
	if (recv->from < 0 || recv->type == IPCBOX_TYPE_EVENT)
		return -EINVAL;
	filter->from = ipcbox_queue_find_sender(handle->rx, recv->from);
	if (filter->from)
		return 0;
	return ipcbox_port_gone(handle->port) ? -EIDRM : -ESRCH;
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
		.inherit_nice = recv->flags & IPCBOX_INHERIT_NICE,
	};
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	struct ipcbox_buffers buffers __uninitialized;
	ssize_t ret;

	if (unlikely(recv->type == IPCBOX_TYPE_EVENT)) {
		if (!READ_ONCE(handle->news) || in.filter.peek)
			return -EINVAL;
	} else if (!(handle->rights & IPCBOX_RIGHT_RECV)) {
		return -EBADF;
	}
	if ((in.filter.peek && (in.hold || in.inherit_nice)) ||
	    (!in.hold && in.lease))
		return -EINVAL;
	if (in.hold && ipcbox_port_broadcasts(handle->port))
		return -EOPNOTSUPP;
	ret = ipcbox_buffers_import(&buffers, ITER_DEST, recv->flags,
				    recv->data, recv->len);
	if (ret)
		return ret;
	if (unlikely(recv->from))
		ret = ipcbox_transfer_want_from(handle, recv, &in.filter);
	if (!ret)
		ret = ipcbox_handle_recv(handle, &buffers.iter, &in);
	ipcbox_buffers_release(&buffers);
	if (unlikely(in.filter.from))
		put_pid(in.filter.from);
	if (ret == -EMSGSIZE)
		return ipcbox_transfer_put_needed(call, in.needed);
	return ret < 0 ? ret : 0;
}
