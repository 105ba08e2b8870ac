// SPDX-License-Identifier: GPL-2.0-only
/* Streams: reading, writing and polling as on a pipe */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include <asm/ioctls.h>

#include "buffers.h"
#include "compat.h"
#include "handle.h"
#include "ioctl.h"
#include "message.h"
#include "port.h"
#include "queue.h"
#include "stream.h"
#include "transfer.h"

/* Writing */

/* What a send on a stream ends with: nobody reads, so that is a signal, too. */
static int ipcbox_stream_sent(int ret)
{
	if (ret == -EPIPE)
		send_sig(SIGPIPE, current, 0);
	return ret;
}

/* Before the bytes are looked at; the queue looks again when they are there. */
static int ipcbox_stream_check(const struct ipcbox_queue *queue)
{
	if (READ_ONCE(queue->dead))
		return -EIDRM;
	return READ_ONCE(queue->broken) ? -EPIPE : 0;
}

/**
 * ipcbox_stream_write() - write as to a pipe
 * @handle: write end
 * @from: bytes; more than IPCBOX_STREAM_ATOMIC may be sent in pieces, and in
 *	part
 * @wait: whether and how long to wait
 *
 * Return: how many bytes were written, or a negative errno if none was
 */
static ssize_t ipcbox_stream_write(struct ipcbox_handle *handle,
				   struct iov_iter *from,
				   const struct ipcbox_wait *wait)
{
	size_t left = iov_iter_count(from), len, sent = 0;
	struct iov_iter piece;
	int ret = 0;

	for (; left; left -= len) {
		len = min_t(size_t, left, IPCBOX_STREAM_ATOMIC);
		piece = *from;
		iov_iter_truncate(&piece, len);
		ret = ipcbox_stream_check(handle->tx);
		if (!ret)
			ret = ipcbox_transfer_bytes(handle, &piece, wait);
		if (ret)
			break;
		iov_iter_advance(from, len);
		sent += len;
	}
	ipcbox_stream_sent(ret);
	return sent ?: ret;
}

/* Reading */

/* How many bytes were copied, and told of; 0 if that failed. */
static size_t ipcbox_stream_copy(const struct ipcbox_message *msg,
				 struct iov_iter *to, struct ipcbox_ioctl *call)
{
	size_t len = min(ipcbox_message_rest(msg), iov_iter_count(to));

	if (ipcbox_message_copy_part(msg, len, to) != len)
		return 0;
	if (call && ipcbox_transfer_describe(msg, len, call))
		return 0;
	/* Who is being killed has no use for them; others have. */
	return fatal_signal_pending(current) ? 0 : len;
}

/*
 * Reads from a message that is taken, and from those behind it, unless the
 * caller is to be told who wrote: how many bytes were read. 0 if the sender has
 * recalled the message.
 */
static ssize_t ipcbox_stream_drain(struct ipcbox_handle *handle,
				   struct ipcbox_message *msg,
				   struct iov_iter *to,
				   struct ipcbox_ioctl *call)
{
	struct ipcbox_message *next;
	size_t n, got = 0;
	bool more;

	do {
		n = ipcbox_stream_copy(msg, to, call);
		more = n && !call && iov_iter_count(to);
		next = NULL;
		if (ipcbox_queue_advance(handle->rx, msg, n,
					 more ? &next : NULL))
			got += n;
		else
			iov_iter_revert(to, n);
		if (!n)
			return got ?: -EFAULT;
		msg = next;
	} while (msg);
	return got;
}

/**
 * ipcbox_stream_recv() - read as from a pipe
 * @handle: read end
 * @to: buffer
 * @wait: whether and how long to wait for the first byte
 * @call: IPCBOX_RECV, to be told who wrote, or NULL
 *
 * Return: how many bytes were read, 0 at the end, or a negative errno
 */
static ssize_t ipcbox_stream_recv(struct ipcbox_handle *handle,
				  struct iov_iter *to,
				  const struct ipcbox_wait *wait,
				  struct ipcbox_ioctl *call)
{
	const struct ipcbox_filter filter = {
		.room = SIZE_MAX,
		.news = &handle->news,
	};
	struct ipcbox_message *msg;
	size_t needed;
	ssize_t ret;

	if (!ipcbox_port_receivable(handle->port))
		return -EBADF;
	if (!iov_iter_count(to))
		return 0;
	do {
		ret = ipcbox_queue_take(handle->rx, &filter, wait, &msg,
					&needed);
		if (ret)
			return ret == -ENODATA ? 0 : ret;
		ret = ipcbox_stream_drain(handle, msg, to, call);
	} while (!ret);
	return ret;
}

/* Polling */

static __poll_t ipcbox_stream_poll(struct file *file, poll_table *table)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	__poll_t rx = ipcbox_queue_poll(handle->rx, file, table);
	__poll_t tx = rx, events = 0;

	if (handle->tx != handle->rx)
		tx = ipcbox_queue_poll(handle->tx, file, table);
	/* Nobody has written yet who could have hung up. */
	if (READ_ONCE(handle->port->ends.writers_came) == handle->partners)
		rx &= ~EPOLLHUP;
	if (handle->rights & IPCBOX_RIGHT_RECV)
		events |= rx & (EPOLLIN | EPOLLRDNORM | EPOLLHUP);
	if (handle->rights & IPCBOX_RIGHT_SEND)
		events |= tx & (EPOLLOUT | EPOLLWRNORM | EPOLLERR);
	if (READ_ONCE(handle->rx->dead) || READ_ONCE(handle->tx->dead))
		events |= EPOLLHUP | EPOLLERR;
	return events;
}

/* ioctls */

static int ipcbox_stream_ioctl_send(struct ipcbox_ioctl *call)
{
	const struct ipcbox_send *send = &call->arg.send;

	if (send->type || send->priority || send->nr_fds)
		return -EOPNOTSUPP;
	return ipcbox_stream_sent(ipcbox_transfer_ioctl_send(call));
}

static int ipcbox_stream_ioctl_recv(struct ipcbox_ioctl *call)
{
	struct ipcbox_recv *recv = &call->arg.recv;
	struct ipcbox_wait wait = ipcbox_transfer_wait(call, recv->deadline);
	struct ipcbox_buffers buffers;
	ssize_t ret;

	if (recv->type || recv->lease || recv->from)
		return -EOPNOTSUPP;
	ret = ipcbox_buffers_import(&buffers, ITER_DEST, recv->flags,
				    recv->data, recv->len);
	if (ret)
		return ret;
	ret = ipcbox_stream_recv(ipcbox_handle_of(call->file), &buffers.iter,
				 &wait, call);
	ipcbox_buffers_release(&buffers);
	if (ret)
		return ret < 0 ? ret : 0;
	recv->msg_len = 0;
	recv->nr_fds = 0;
	return ipcbox_ioctl_put(call);
}

/* There are no messages that could be held, answered or told of; nor requests. */
static int ipcbox_stream_ioctl_none(struct ipcbox_ioctl *call)
{
	return -EOPNOTSUPP;
}

#define IPCBOX_STREAM_ROW_NONE(command) {				\
	.cmd	= (command),						\
	.flags	= ~0ULL,						\
	.run	= ipcbox_stream_ioctl_none,				\
}

static const struct ipcbox_ioctl_row ipcbox_stream_rows[] = {
	{
		.cmd	= IPCBOX_SEND,
		.min_size = offsetofend(struct ipcbox_send, id),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC,
		.rights	= IPCBOX_RIGHT_SEND,
		.run	= ipcbox_stream_ioctl_send,
	}, {
		.cmd	= IPCBOX_RECV,
		.min_size = offsetofend(struct ipcbox_recv, sender_gid),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC,
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_stream_ioctl_recv,
	}, {
		.cmd	= IPCBOX_STAT,
		.min_size = offsetofend(struct ipcbox_stat, lanes),
		.run	= ipcbox_handle_ioctl_stat,
	}, {
		.cmd	= IPCBOX_SET,
		.min_size = offsetofend(struct ipcbox_set, max_bytes),
		.flags	= IPCBOX_SET_MODE | IPCBOX_SET_UID | IPCBOX_SET_GID |
			  IPCBOX_SET_MAX_BYTES,
		.rights	= IPCBOX_RIGHT_MANAGE,
		.run	= ipcbox_handle_ioctl_set,
	},
	IPCBOX_STREAM_ROW_NONE(IPCBOX_ACK),
	IPCBOX_STREAM_ROW_NONE(IPCBOX_NACK),
	IPCBOX_STREAM_ROW_NONE(IPCBOX_CALL),
	IPCBOX_STREAM_ROW_NONE(IPCBOX_REPLY),
	IPCBOX_STREAM_ROW_NONE(IPCBOX_EVENTS),
	[_IOC_NR(IPCBOX_ACCEPT) - _IOC_NR(IPCBOX_SEND)] =
	IPCBOX_STREAM_ROW_NONE(IPCBOX_ACCEPT),
	IPCBOX_STREAM_ROW_NONE(IPCBOX_REFUSE),
	IPCBOX_STREAM_ROW_NONE(IPCBOX_SHUTDOWN),
};

static const struct ipcbox_ioctl_table ipcbox_stream_table = {
	.first	= _IOC_NR(IPCBOX_SEND),
	.nr	= ARRAY_SIZE(ipcbox_stream_rows),
	.rows	= ipcbox_stream_rows,
};

static long ipcbox_stream_ioctl(struct file *file, unsigned int cmd,
				unsigned long arg)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);

	if (cmd == FIONREAD)
		return ipcbox_handle_fionread(handle, (int __user *)arg);
	return ipcbox_ioctl_run(&ipcbox_stream_table, file, handle->rights,
				cmd, arg);
}

/* The file */

static ssize_t ipcbox_stream_write_iter(struct kiocb *iocb,
					struct iov_iter *from)
{
	const struct ipcbox_wait wait = { .nowait = ipcbox_iocb_nowait(iocb) };

	return ipcbox_stream_write(ipcbox_handle_of(iocb->ki_filp), from,
				   &wait);
}

static ssize_t ipcbox_stream_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	const struct ipcbox_wait wait = { .nowait = ipcbox_iocb_nowait(iocb) };

	return ipcbox_stream_recv(ipcbox_handle_of(iocb->ki_filp), to, &wait,
				  NULL);
}

const struct file_operations ipcbox_stream_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= ipcbox_stream_read_iter,
	.write_iter	= ipcbox_stream_write_iter,
	.poll		= ipcbox_stream_poll,
	.unlocked_ioctl	= ipcbox_stream_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= ipcbox_handle_show_fdinfo,
	.release	= ipcbox_handle_release,
};
