// SPDX-License-Identifier: GPL-2.0-only
/* Handles: what can be done with their files, sending and receiving apart */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <asm/ioctls.h>

#include "answer.h"
#include "box.h"
#include "call.h"
#include "channel.h"
#include "compat.h"
#include "handle.h"
#include "handle_news.h"
#include "held.h"
#include "ioctl.h"
#include "news.h"
#include "port.h"
#include "queue.h"
#include "transfer.h"

/* Reading and writing */

/*
 * write() and read() come here; writev(), readv() and io_uring to the *_iter()
 * below. Those alone would do, but the VFS sets up an I/O control block for
 * them, which is 6 % of a small message.
 */
static ssize_t ipcbox_handle_write(struct file *file, const char __user *data,
				   size_t len, loff_t *pos)
{
	struct iov_iter from;

	iov_iter_ubuf(&from, ITER_SOURCE, (void __user *)data, len);
	return ipcbox_transfer_write(file, &from, ipcbox_transfer_nowait(file));
}

static ssize_t ipcbox_handle_read(struct file *file, char __user *data,
				  size_t len, loff_t *pos)
{
	struct iov_iter to;

	iov_iter_ubuf(&to, ITER_DEST, data, len);
	return ipcbox_transfer_read(file, &to, ipcbox_transfer_nowait(file));
}

static ssize_t ipcbox_handle_write_iter(struct kiocb *iocb,
					struct iov_iter *from)
{
	return ipcbox_transfer_write(iocb->ki_filp, from,
					ipcbox_iocb_nowait(iocb));
}

static ssize_t ipcbox_handle_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return ipcbox_transfer_read(iocb->ki_filp, to,
					ipcbox_iocb_nowait(iocb));
}

static __poll_t ipcbox_handle_poll(struct file *file, poll_table *table)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	__poll_t events = EPOLLHUP | EPOLLERR;
	__poll_t ready, told;

	if (handle->port->kind == IPCBOX_KIND_CONNECTION && handle->out)
		return ipcbox_channel_poll(file, table) |
		       ipcbox_handle_poll_news(handle);
	if (handle->rights & IPCBOX_RIGHT_RECV)
		events |= EPOLLIN | EPOLLRDNORM;
	if (handle->rights & IPCBOX_RIGHT_SEND)
		events |= EPOLLOUT | EPOLLWRNORM;
	ready = ipcbox_queue_poll(handle->rx, file, table);
	told = ipcbox_handle_poll_news(handle);
	if (ipcbox_port_broadcasts(handle->port) &&
	    handle->rights & IPCBOX_RIGHT_SEND) {
		ready &= ~(EPOLLOUT | EPOLLWRNORM);
		ready |= ipcbox_broadcast_poll(handle->port, file, table);
	}
	return (events & ready) | told;
}

/* ioctls */

int ipcbox_handle_ioctl_stat(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	int ret = ipcbox_port_stat(handle->port, handle->subscriber,
				   &call->arg.stat);

	call->arg.stat.rights = handle->rights;
	return ret ?: ipcbox_ioctl_put(call);
}

int ipcbox_handle_ioctl_set(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);

	return ipcbox_port_set(handle->port, &call->arg.set);
}

static int ipcbox_handle_ioctl_reply(struct ipcbox_ioctl *call);

static const struct ipcbox_ioctl_row ipcbox_handle_rows[] = {
	{
		.cmd	= IPCBOX_SEND,
		.min_size = offsetofend(struct ipcbox_send, id),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC | IPCBOX_RECEIPT,
		.rights	= IPCBOX_RIGHT_SEND,
		.run	= ipcbox_transfer_ioctl_send,
	}, {
		.cmd	= IPCBOX_RECV,
		.min_size = offsetofend(struct ipcbox_recv, sender_gid),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC | IPCBOX_PEEK |
			  IPCBOX_LEASE | IPCBOX_INHERIT_NICE,
		.run	= ipcbox_transfer_ioctl_recv,
	}, {
		.cmd	= IPCBOX_STAT,
		.min_size = offsetofend(struct ipcbox_stat, lanes),
		.run	= ipcbox_handle_ioctl_stat,
	}, {
		.cmd	= IPCBOX_SET,
		.min_size = offsetofend(struct ipcbox_set, max_bytes),
		.flags	= IPCBOX_SET_MODE | IPCBOX_SET_UID | IPCBOX_SET_GID |
			  IPCBOX_SET_MAX_MSGSIZE | IPCBOX_SET_MAX_MESSAGES |
			  IPCBOX_SET_MAX_BYTES | IPCBOX_SET_DEAD_LETTER,
		.rights	= IPCBOX_RIGHT_MANAGE,
		.run	= ipcbox_handle_ioctl_set,
	}, {
		.cmd	= IPCBOX_ACK,
		.min_size = offsetofend(struct ipcbox_ack, id),
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_held_ioctl_ack,
	}, {
		.cmd	= IPCBOX_NACK,
		.min_size = offsetofend(struct ipcbox_ack, id),
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_held_ioctl_nack,
	}, {
		.cmd	= IPCBOX_CALL,
		.min_size = offsetofend(struct ipcbox_call, replier_gid),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC,
		.rights	= IPCBOX_RIGHT_SEND,
		.run	= ipcbox_call_ioctl_call,
	}, {
		.cmd	= IPCBOX_REPLY,
		.min_size = offsetofend(struct ipcbox_reply, nr_fds),
		.flags	= IPCBOX_IOVEC,
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_handle_ioctl_reply,
	}, {
		.cmd	= IPCBOX_EVENTS,
		.min_size = offsetofend(struct ipcbox_events, mask),
		.run	= ipcbox_handle_ioctl_events,
	},
	[_IOC_NR(IPCBOX_ACCEPT) - _IOC_NR(IPCBOX_SEND)] = {
		.cmd	= IPCBOX_ACCEPT,
		.min_size = offsetofend(struct ipcbox_accept, ids),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC,
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_channel_ioctl_accept,
	},
	[_IOC_NR(IPCBOX_REFUSE) - _IOC_NR(IPCBOX_SEND)] = {
		.cmd	= IPCBOX_REFUSE,
		.min_size = offsetofend(struct ipcbox_refuse, reason),
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_channel_ioctl_refuse,
	},
	[_IOC_NR(IPCBOX_SHUTDOWN) - _IOC_NR(IPCBOX_SEND)] = {
		.cmd	= IPCBOX_SHUTDOWN,
		.min_size = offsetofend(struct ipcbox_shutdown, reserved),
		.run	= ipcbox_channel_ioctl_shutdown,
	},
};

static const struct ipcbox_ioctl_table ipcbox_handle_table = {
	.first	= _IOC_NR(IPCBOX_SEND),
	.nr	= ARRAY_SIZE(ipcbox_handle_rows),
	.rows	= ipcbox_handle_rows,
};

/*
 * The reply, and then the next request as IPCBOX_RECV. If there is none, the id
 * that is zero tells, also to a call that is restarted, that there has been the
 * reply.
 */
static int ipcbox_handle_ioctl_reply(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	const struct ipcbox_reply *reply = &call->arg.reply;
	struct ipcbox_reply __user *user = call->user;
	int ret;

	if (reply->nr_fds > IPCBOX_FDS_MAX ||
	    reply->recv_size >= BIT(_IOC_SIZEBITS) ||
	    (!reply->recv && reply->recv_size))
		return -EINVAL;
	/* It must be possible to tell of the reply. */
	if (reply->recv && put_user(reply->id, &user->id))
		return -EFAULT;
	if (reply->id || !reply->recv) {
		ret = ipcbox_answer_ioctl_reply(call);
		if (ret || !reply->recv)
			return ret;
	}
	ret = ipcbox_ioctl_run(&ipcbox_handle_table, call->file, handle->rights,
			       _IOC(_IOC_DIR(IPCBOX_RECV), IPCBOX_IOC,
				    _IOC_NR(IPCBOX_RECV), reply->recv_size),
			       reply->recv);
	if (ret && reply->id && put_user(0, &user->id))
		return -EFAULT;
	return ret;
}

/* As on pipes and sockets: how much the next read() needs room for. */
int ipcbox_handle_fionread(struct ipcbox_handle *handle, int __user *n)
{
	size_t size;
	bool dead;

	spin_lock(&handle->rx->lock);
	dead = handle->rx->dead;
	size = ipcbox_queue_next_size_locked(handle->rx);
	if (handle->news && ipcbox_news_first(handle->news)) {
		size = sizeof(struct ipcbox_event);
		dead = false;
	}
	spin_unlock(&handle->rx->lock);
	return dead ? -EIDRM : put_user((int)size, n);
}

static long ipcbox_handle_ioctl(struct file *file, unsigned int cmd,
				unsigned long arg)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);

	if (cmd == FIONREAD)
		return ipcbox_handle_fionread(handle, (int __user *)arg);
	return ipcbox_ioctl_run(&ipcbox_handle_table, file, handle->rights,
				cmd, arg);
}

void ipcbox_handle_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	struct ipcbox_stat stat;
	bool deleted = ipcbox_port_stat(handle->port, handle->subscriber,
					&stat);

	seq_printf(seq, "ipcbox-port:\t%llu\n", stat.id);
	seq_printf(seq, "ipcbox-name:\t%s\n", stat.name);
	seq_printf(seq, "ipcbox-rights:\t%c%c%c\n",
		   handle->rights & IPCBOX_RIGHT_RECV ? 'r' : '-',
		   handle->rights & IPCBOX_RIGHT_SEND ? 's' : '-',
		   handle->rights & IPCBOX_RIGHT_MANAGE ? 'm' : '-');
	seq_printf(seq, "ipcbox-deleted:\t%d\n", deleted);
	seq_printf(seq, "ipcbox-messages:\t%llu\n", stat.messages);
	seq_printf(seq, "ipcbox-bytes:\t%llu\n", stat.bytes);
	/* Ids are those of a box. */
	seq_printf(seq, "ipcbox-net:\t%u\n", handle->port->box->net_inum);
}

/* The file */

const struct file_operations ipcbox_handle_fops = {
	.owner		= THIS_MODULE,
	.read		= ipcbox_handle_read,
	.write		= ipcbox_handle_write,
	.read_iter	= ipcbox_handle_read_iter,
	.write_iter	= ipcbox_handle_write_iter,
	.poll		= ipcbox_handle_poll,
	.unlocked_ioctl	= ipcbox_handle_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= ipcbox_handle_show_fdinfo,
	.release	= ipcbox_handle_release,
};
