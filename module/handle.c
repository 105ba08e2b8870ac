// SPDX-License-Identifier: GPL-2.0-only
/* Handles: their files and what can be done with those, sending apart */

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <asm/ioctls.h>

#include "box.h"
#include "call.h"
#include "compat.h"
#include "handle.h"
#include "handle_news.h"
#include "held.h"
#include "ioctl.h"
#include "news.h"
#include "port.h"
#include "queue.h"
#include "quota.h"
#include "ring.h"
#include "stream.h"
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

static bool ipcbox_iocb_nowait(const struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_NOWAIT || ipcbox_transfer_nowait(iocb->ki_filp);
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

/* The same for streams. */

static ssize_t ipcbox_handle_write_bytes(struct kiocb *iocb,
					 struct iov_iter *from)
{
	const struct ipcbox_wait wait = { .nowait = ipcbox_iocb_nowait(iocb) };

	return ipcbox_stream_write(ipcbox_handle_of(iocb->ki_filp), from,
				   &wait);
}

static ssize_t ipcbox_handle_read_bytes(struct kiocb *iocb, struct iov_iter *to)
{
	const struct ipcbox_wait wait = { .nowait = ipcbox_iocb_nowait(iocb) };

	return ipcbox_stream_recv(ipcbox_handle_of(iocb->ki_filp), to, &wait,
				  NULL);
}

static __poll_t ipcbox_handle_poll_bytes(struct file *file, poll_table *table)
{
	return ipcbox_stream_poll(ipcbox_handle_of(file), file, table);
}

static __poll_t ipcbox_handle_poll(struct file *file, poll_table *table)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	__poll_t events = EPOLLHUP | EPOLLERR;
	__poll_t ready, told;

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
			  IPCBOX_LEASE,
		.run	= ipcbox_transfer_ioctl_recv,
	}, {
		.cmd	= IPCBOX_STAT,
		.min_size = offsetofend(struct ipcbox_stat, reserved),
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
		.min_size = offsetofend(struct ipcbox_reply, reserved),
		.flags	= IPCBOX_IOVEC,
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_handle_ioctl_reply,
	}, {
		.cmd	= IPCBOX_EVENTS,
		.min_size = offsetofend(struct ipcbox_events, mask),
		.run	= ipcbox_handle_ioctl_events,
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

	if (reply->reserved || reply->recv_size >= BIT(_IOC_SIZEBITS) ||
	    (!reply->recv && reply->recv_size))
		return -EINVAL;
	/* It must be possible to tell of the reply. */
	if (reply->recv && put_user(reply->id, &user->id))
		return -EFAULT;
	if (reply->id || !reply->recv) {
		ret = ipcbox_call_reply(call);
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
static int ipcbox_handle_fionread(struct ipcbox_handle *handle, int __user *n)
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
	return ipcbox_ioctl_run(handle->rx->stream ? &ipcbox_stream_table :
						     &ipcbox_handle_table,
				file, handle->rights, cmd, arg);
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

/* Beginning and end */

static void ipcbox_handle_free(struct ipcbox_handle *handle)
{
	if (handle->subscriber)
		ipcbox_broadcast_leave(handle->port, handle->subscriber);
	ipcbox_user_put(handle->user);
	if (handle->out)
		ipcbox_port_put(handle->out);
	ipcbox_port_put(handle->port);
	kfree(handle);
}

/* An end of a crossed pair sends to another port. */
static u32 ipcbox_handle_rights_here(const struct ipcbox_handle *handle)
{
	return handle->out ? handle->rights & ~IPCBOX_RIGHT_SEND :
			     handle->rights;
}

static void ipcbox_handle_detach(struct ipcbox_handle *handle)
{
	if (handle->out)
		ipcbox_port_detach(handle->out, IPCBOX_RIGHT_SEND, NULL);
	ipcbox_port_detach(handle->port, ipcbox_handle_rights_here(handle),
			   handle->member);
}

static int ipcbox_handle_attach(struct ipcbox_handle *handle, bool nonblock)
{
	u32 rights = ipcbox_handle_rights_here(handle);
	struct ipcbox_member *member;
	u64 partners;
	int ret;

	ret = ipcbox_port_attach(handle->port, rights, nonblock,
				 &handle->member, &handle->partners);
	if (ret || !handle->out)
		return ret;
	ret = ipcbox_port_attach(handle->out, IPCBOX_RIGHT_SEND, false,
				 &member, &partners);
	if (ret)
		ipcbox_port_detach(handle->port, rights, handle->member);
	return ret;
}

int ipcbox_handle_release(struct inode *inode, struct file *file)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);

	ipcbox_handle_end_news(handle);
	ipcbox_ring_leave(&handle->port->ring, handle);
	ipcbox_handle_detach(handle);
	ipcbox_held_close(handle);
	/* What was held is back in line by now. */
	ipcbox_port_drop_fds(handle->port);
	ipcbox_handle_free(handle);
	return 0;
}

static const struct file_operations ipcbox_handle_fops = {
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

static const struct file_operations ipcbox_handle_stream_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= ipcbox_handle_read_bytes,
	.write_iter	= ipcbox_handle_write_bytes,
	.poll		= ipcbox_handle_poll_bytes,
	.unlocked_ioctl	= ipcbox_handle_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= ipcbox_handle_show_fdinfo,
	.release	= ipcbox_handle_release,
};

static struct ipcbox_handle *ipcbox_handle_new(struct ipcbox_port *port,
					       struct ipcbox_port *out,
					       u32 rights)
{
	struct ipcbox_handle *handle;

	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle)
		return NULL;
	handle->user = ipcbox_user_get_current();
	if (!handle->user)
		goto fail;
	handle->rx = &port->queue;
	handle->tx = out ? &out->queue : &port->queue;
	if (ipcbox_port_broadcasts(port) && rights & IPCBOX_RIGHT_RECV) {
		handle->subscriber = ipcbox_broadcast_join(port);
		if (!handle->subscriber)
			goto fail_user;
		handle->rx = &handle->subscriber->queue;
	}
	handle->port = ipcbox_port_get(port);
	if (out)
		handle->out = ipcbox_port_get(out);
	handle->rights = rights;
	INIT_LIST_HEAD(&handle->holders);
	return handle;

fail_user:
	ipcbox_user_put(handle->user);
fail:
	kfree(handle);
	return NULL;
}

/*
 * The VFS refuses read() and write() by access mode as the ioctls by rights. On a
 * ring port there are neither, and mmap() goes by the side of the lane.
 */
static int ipcbox_handle_file_flags(const struct ipcbox_handle *handle,
				    bool nonblock)
{
	static const int modes[] = {
		[0] = O_ACCMODE,	/* neither */
		[IPCBOX_RIGHT_SEND] = O_WRONLY,
		[IPCBOX_RIGHT_RECV] = O_RDONLY,
		[IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV] = O_RDWR,
	};
	u32 mode = handle->rights & (IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV);

	if (handle->port->kind == IPCBOX_KIND_RING)
		mode = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV;

	return modes[mode] | (nonblock ? O_NONBLOCK : 0);
}

static const struct file_operations *
ipcbox_handle_fops_of(const struct ipcbox_port *port)
{
	switch (port->kind) {
	case IPCBOX_KIND_RING:
		return &ipcbox_ring_fops;
	case IPCBOX_KIND_STREAM:
		return &ipcbox_handle_stream_fops;
	default:
		return &ipcbox_handle_fops;
	}
}

static struct file *ipcbox_handle_file(struct ipcbox_handle *handle,
				       bool nonblock)
{
	char name[sizeof("[ipcbox:]") + IPCBOX_NAME_SIZE];
	struct file *file;

	/* As it shows in /proc/PID/fd. */
	snprintf(name, sizeof(name), "[ipcbox:%s]", handle->port->name);
	file = anon_inode_getfile(name, ipcbox_handle_fops_of(handle->port),
				  handle,
				  ipcbox_handle_file_flags(handle, nonblock));
	if (IS_ERR(file))
		return file;
	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT | IPCBOX_COMPAT_FMODE;
	return file;
}

/**
 * ipcbox_handle_open() - make a handle
 * @port: port; the handle takes a reference of its own
 * @out: another one that the handle sends to, likewise, or NULL
 * @rights: IPCBOX_RIGHT_*, granted already
 * @nonblock: set O_NONBLOCK
 *
 * Return: its file, or an ERR_PTR: -EIDRM, -EUSERS, -ENXIO, -ENOMEM, -ENFILE
 */
struct file *ipcbox_handle_open(struct ipcbox_port *port,
				struct ipcbox_port *out, u32 rights,
				bool nonblock)
{
	struct ipcbox_handle *handle = ipcbox_handle_new(port, out, rights);
	struct file *file;
	int ret;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	ret = ipcbox_handle_attach(handle, nonblock);
	if (ret) {
		ipcbox_handle_free(handle);
		return ERR_PTR(ret);
	}
	file = ipcbox_handle_file(handle, nonblock);
	if (IS_ERR(file)) {
		ipcbox_handle_detach(handle);
		ipcbox_handle_free(handle);
	}
	return file;
}

/**
 * ipcbox_handle_install() - give the caller a handle, once both ends are there
 * @fd: free descriptor
 * @file: handle on a port that can be found; both are given up if that fails
 *
 * Return: @fd, or -ERESTARTSYS or -EIDRM of one who has waited for the other
 * end of a stream
 */
int ipcbox_handle_install(int fd, struct file *file)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	int ret = 0;

	if (handle->rx->stream && !ipcbox_transfer_nowait(file))
		ret = ipcbox_ends_await(handle->port, handle->rights,
					handle->partners);
	if (ret) {
		put_unused_fd(fd);
		fput(file);
		return ret;
	}
	fd_install(fd, file);
	return fd;
}

/**
 * ipcbox_handle_open_fd() - make a handle, and a descriptor of the caller's
 * @port: port that can be found
 * @rights: IPCBOX_RIGHT_*, granted already
 * @nonblock: set O_NONBLOCK
 *
 * Return: the descriptor, or a negative errno: as ipcbox_handle_open() and
 * ipcbox_handle_install(), -EMFILE
 */
int ipcbox_handle_open_fd(struct ipcbox_port *port, u32 rights, bool nonblock)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = ipcbox_handle_open(port, NULL, rights, nonblock);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	return ipcbox_handle_install(fd, file);
}
