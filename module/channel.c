// SPDX-License-Identifier: GPL-2.0-only
/* Connections: asking for one, accepting or refusing it, and its ends */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "answer.h"
#include "box.h"
#include "call.h"
#include "channel.h"
#include "ends.h"
#include "handle.h"
#include "ioctl.h"
#include "pair.h"
#include "port.h"
#include "queue.h"
#include "quota.h"
#include "transfer.h"

/* IPCBOX_CONNECT */

/* A listener that the caller may connect to: a reference, or an ERR_PTR. */
static struct ipcbox_port *ipcbox_channel_find(struct ipcbox_ioctl *call)
{
	const struct ipcbox_connect *arg = &call->arg.connect;
	struct ipcbox_port_key key = { .name = arg->name, .id = arg->id };
	struct ipcbox_port *port;
	int ret = 0;

	if (!ipcbox_port_name_valid(arg->name) || (arg->name[0] && arg->id))
		return ERR_PTR(-EINVAL);
	port = ipcbox_box_find(call->file->private_data, &key);
	if (IS_ERR(port))
		return port;
	if (port->kind != IPCBOX_KIND_LISTENER)
		ret = -EPROTOTYPE;
	else
		ret = ipcbox_port_permit(port, IPCBOX_RIGHT_SEND);
	if (!ret)
		return port;
	ipcbox_port_put(port);
	return ERR_PTR(ret);
}

/* What a call came to, as one who connects is told. */
static int ipcbox_channel_outcome(struct ipcbox_connect *arg,
				  const struct ipcbox_call *ask, int ret)
{
	arg->outcome = ask->outcome;
	if (arg->outcome != IPCBOX_ANSWERED)
		return ret == -EPIPE || ret == -EOWNERDEAD ? -ECONNREFUSED : ret;
	arg->answer_len = ask->reply_len;
	arg->answer_type = ask->reply_type;
	arg->acceptor_pid = ask->replier_pid;
	arg->acceptor_tid = ask->replier_tid;
	arg->acceptor_uid = ask->replier_uid;
	arg->acceptor_gid = ask->replier_gid;
	return ret == -EMSGSIZE && !arg->answer ? 0 : ret;
}

/* Asks as through a handle that is open for this one request. */
static int ipcbox_channel_ask(struct ipcbox_ioctl *call,
			      struct ipcbox_port *port,
			      struct ipcbox_verdict *verdict)
{
	struct ipcbox_connect *arg = &call->arg.connect;
	struct ipcbox_call ask = {
		.flags = arg->flags,
		.data = arg->data,
		.len = arg->len,
		.type = arg->type,
		.priority = arg->priority,
		.outcome = IPCBOX_NOT_DELIVERED,
		.reply = arg->answer,
		.reply_size = arg->answer_size,
	};
	struct ipcbox_handle handle = {
		.port = port,
		.tx = &port->queue,
		.user = ipcbox_user_get_current(),
		.rights = IPCBOX_RIGHT_SEND,
	};
	struct ipcbox_caller caller = {
		.handle = &handle,
		.wait = ipcbox_transfer_wait(call, arg->deadline),
		.arg = &ask,
		.verdict = verdict,
	};
	int ret;

	if (!handle.user)
		return -ENOMEM;
	ret = ipcbox_channel_outcome(arg, &ask, ipcbox_call_ask(&caller));
	ipcbox_user_put(handle.user);
	return ret;
}

/* Returns the end, or an ERR_PTR; tells how far it came in any case. */
static struct file *ipcbox_channel_connect(struct ipcbox_ioctl *call,
					   struct ipcbox_port *port)
{
	struct ipcbox_connect *arg = &call->arg.connect;
	struct ipcbox_verdict verdict = {};
	int ret;

	ret = ipcbox_channel_ask(call, port, &verdict);
	arg->reason = verdict.reason;
	if (!ret && !verdict.end)
		ret = -ECONNREFUSED;
	if (ipcbox_ioctl_put(call) && !ret)
		ret = -EFAULT;
	if (!ret)
		return verdict.end;
	if (verdict.end)
		fput(verdict.end);
	return ERR_PTR(ret);
}

int ipcbox_channel_ioctl_connect(struct ipcbox_ioctl *call)
{
	struct ipcbox_connect *arg = &call->arg.connect;
	struct ipcbox_port *port;
	struct file *file;
	int fd;

	/* It must be possible to tell the outcome, whatever that will be. */
	arg->outcome = IPCBOX_NOT_DELIVERED;
	arg->reason = 0;
	if (ipcbox_ioctl_put(call))
		return -EFAULT;
	port = ipcbox_channel_find(call);
	if (IS_ERR(port))
		return PTR_ERR(port);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto put;
	file = ipcbox_channel_connect(call, port);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
	} else {
		fd_install(fd, file);
	}
put:
	ipcbox_port_put(port);
	return fd;
}

/* IPCBOX_ACCEPT and IPCBOX_REFUSE */

static int ipcbox_channel_make(struct ipcbox_ioctl *call,
			       struct ipcbox_pair *pair)
{
	const struct ipcbox_accept *arg = &call->arg.accept;
	struct ipcbox_handle *listener = ipcbox_handle_of(call->file);
	const bool nonblock[2] = { arg->flags & IPCBOX_NOWAIT, false };

	ipcbox_pair_init(pair, listener->port->box, IPCBOX_KIND_CONNECTION);
	pair->create.max_messages = arg->max_messages;
	pair->create.max_bytes = arg->max_bytes;
	pair->create.max_msgsize = arg->max_msgsize;
	return ipcbox_pair_make(pair, true, nonblock);
}

/* The answer comes last: with it, the other end is somebody else's. */
static int ipcbox_channel_give(struct ipcbox_ioctl *call,
			       struct ipcbox_pair *pair)
{
	struct ipcbox_accept *arg = &call->arg.accept;
	const struct ipcbox_reply answer = {
		.flags = arg->flags,
		.id = arg->id,
		.data = arg->data,
		.len = arg->len,
		.type = arg->type,
	};
	const struct ipcbox_verdict verdict = { .end = pair->files[1] };
	int ret;

	ipcbox_pair_ids(pair, arg->ids);
	ret = ipcbox_ioctl_put(call);
	if (!ret)
		ret = ipcbox_pair_link(pair);
	if (!ret)
		ret = ipcbox_answer_request(ipcbox_handle_of(call->file),
					    &answer, &verdict);
	if (!ret)
		ipcbox_pair_take(pair, 1);
	return ret;
}

static bool ipcbox_channel_listens(const struct ipcbox_ioctl *call)
{
	return ipcbox_handle_of(call->file)->port->kind == IPCBOX_KIND_LISTENER;
}

int ipcbox_channel_ioctl_accept(struct ipcbox_ioctl *call)
{
	struct ipcbox_pair pair;
	int fd, ret;

	if (!ipcbox_channel_listens(call))
		return -EOPNOTSUPP;
	if (call->arg.accept.reserved)
		return -EINVAL;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	ret = ipcbox_channel_make(call, &pair);
	if (!ret)
		ret = ipcbox_channel_give(call, &pair);
	if (ret)
		put_unused_fd(fd);
	else
		fd_install(fd, ipcbox_pair_take(&pair, 0));
	ipcbox_pair_put(&pair);
	return ret ?: fd;
}

int ipcbox_channel_ioctl_refuse(struct ipcbox_ioctl *call)
{
	const struct ipcbox_refuse *arg = &call->arg.refuse;
	const struct ipcbox_reply answer = { .id = arg->id };
	const struct ipcbox_verdict verdict = { .reason = arg->reason };

	if (!ipcbox_channel_listens(call))
		return -EOPNOTSUPP;
	return ipcbox_answer_request(ipcbox_handle_of(call->file), &answer,
				  &verdict);
}

/* The ends */

int ipcbox_channel_ioctl_shutdown(struct ipcbox_ioctl *call)
{
	const struct ipcbox_shutdown *arg = &call->arg.shutdown;
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	int ret = 0;

	if (handle->port->kind != IPCBOX_KIND_CONNECTION)
		return -EOPNOTSUPP;
	/* Who has only opened the port, to look at it or to manage it. */
	if (!handle->out)
		return -EBADF;
	if (!arg->rights || arg->reserved ||
	    arg->rights & ~(IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV))
		return -EINVAL;
	if (arg->rights & IPCBOX_RIGHT_RECV)
		ret = ipcbox_ends_shut(handle->port, IPCBOX_RIGHT_RECV);
	if (!ret && arg->rights & IPCBOX_RIGHT_SEND)
		ret = ipcbox_ends_shut(handle->out, IPCBOX_RIGHT_SEND);
	return ret;
}

/* As unix(7) has it: half closed, or all of it. */
__poll_t ipcbox_channel_poll(struct file *file, poll_table *table)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	__poll_t rx = ipcbox_queue_poll(handle->rx, file, table);
	__poll_t tx = ipcbox_queue_poll(handle->tx, file, table);
	bool no_more = rx & EPOLLHUP, broken = tx & (EPOLLERR | EPOLLHUP);
	__poll_t events = (rx & (EPOLLIN | EPOLLRDNORM)) |
			  (tx & (EPOLLOUT | EPOLLWRNORM));

	if (READ_ONCE(handle->rx->dead) || READ_ONCE(handle->tx->dead))
		return events | EPOLLHUP | EPOLLERR;
	if (no_more)
		events |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (broken)
		events |= EPOLLOUT | EPOLLWRNORM;
	return no_more && broken ? events | EPOLLHUP : events;
}
