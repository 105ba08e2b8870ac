// SPDX-License-Identifier: GPL-2.0-only
/* Handles: the one send path, the one receive path, and the files over them */

#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>

#include <asm/ioctls.h>

#include "compat.h"
#include "handle.h"
#include "ioctl.h"
#include "message.h"
#include "port.h"
#include "queue.h"
#include "quota.h"

struct ipcbox_handle {
	struct ipcbox_port *port;
	struct ipcbox_queue *rx;
	struct ipcbox_queue *tx;
	struct ipcbox_user *user;	/* who opened it, mostly who sends */
	u32 rights;
};

/* Sending */

/**
 * struct ipcbox_outgoing - how to send
 * @wait: whether and how long to wait
 * @type: of the message
 * @priority: of the message
 * @id: where the caller wants the id of the message, or NULL
 */
struct ipcbox_outgoing {
	struct ipcbox_wait wait;
	u64 type;
	u8 priority;
	__u64 __user *id;
};

/* Leave the payload where it is if the sender has to wait until it is read. */
static bool ipcbox_handle_pins(const struct ipcbox_handle *handle,
			       const struct iov_iter *from,
			       const struct ipcbox_wait *wait)
{
	return iov_iter_count(from) >= IPCBOX_PIN_MIN && !wait->nowait &&
	       !READ_ONCE(handle->tx->limits.max_messages) &&
	       user_backed_iter(from);
}

static struct ipcbox_message *
ipcbox_handle_new_message(struct ipcbox_handle *handle, struct iov_iter *from,
			  const struct ipcbox_wait *wait)
{
	bool pin = ipcbox_handle_pins(handle, from, wait);
	struct ipcbox_message *msg;
	struct ipcbox_user *payer;

	if (likely(uid_eq(handle->user->uid, current_uid())))
		return ipcbox_message_new(handle->user, from, pin,
					  &handle->tx->spare);
	/* The descriptor was passed on: whoever sends is charged. */
	payer = ipcbox_user_get_current();
	if (!payer)
		return ERR_PTR(-ENOMEM);
	msg = ipcbox_message_new(payer, from, pin, &handle->tx->spare);
	ipcbox_user_put(payer);
	return msg;
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
	msg = ipcbox_handle_new_message(handle, from, &out->wait);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	msg->type = out->type;
	msg->priority = out->priority;
	msg->id = atomic64_inc_return(&handle->port->last_message_id);
	if (out->id && put_user(msg->id, out->id)) {
		ipcbox_message_put(msg, &handle->tx->spare);
		return -EFAULT;
	}
	ret = ipcbox_queue_send(handle->tx, msg, &out->wait);
	return ret ?: len;
}

/* Receiving */

/* Fills in what IPCBOX_RECV tells of a message, as its receiver may see it. */
static int ipcbox_handle_describe(const struct ipcbox_message *msg,
				  struct ipcbox_ioctl *call)
{
	struct ipcbox_recv *recv = &call->arg.recv;

	recv->msg_len = msg->len;
	recv->msg_type = msg->type;
	recv->msg_id = msg->id;
	recv->msg_flags = 0;
	recv->msg_priority = msg->priority;
	recv->sender_pid = pid_vnr(msg->sender_pid);
	recv->sender_tid = pid_vnr(msg->sender_tid);
	recv->sender_uid = from_kuid_munged(current_user_ns(), msg->sender_uid);
	recv->sender_gid = from_kgid_munged(current_user_ns(), msg->sender_gid);
	return ipcbox_ioctl_put(call);
}

/* A receiver that is being killed has no use for the message; others have. */
static int ipcbox_handle_deliver(struct ipcbox_message *msg,
				 struct iov_iter *to, struct ipcbox_ioctl *call)
{
	int ret = ipcbox_message_copy_out(msg, to);

	if (!ret && call)
		ret = ipcbox_handle_describe(msg, call);
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

/*
 * One attempt: the length received, a negative errno, or -ERESTART if what was
 * copied had been recalled by its sender, and counts for nothing.
 */
static ssize_t ipcbox_handle_try_recv(struct ipcbox_handle *handle,
				      struct iov_iter *to,
				      const struct ipcbox_filter *filter,
				      const struct ipcbox_wait *wait,
				      struct ipcbox_ioctl *call, size_t *needed)
{
	struct ipcbox_message *msg;
	bool valid = true;
	ssize_t len;
	int ret;

	ret = ipcbox_queue_take(handle->rx, filter, wait, &msg, needed);
	if (ret)
		return ret;
	len = msg->len;
	ret = ipcbox_handle_deliver(msg, to, call);
	if (filter->peek)
		valid = ipcbox_queue_peek_done(handle->rx, msg);
	else if (!ret)
		valid = ipcbox_queue_settle(handle->rx, msg);
	else
		ipcbox_queue_give_back(handle->rx, msg);
	if (ret)
		return ret;
	return valid ? len : -ERESTART;
}

static ssize_t ipcbox_handle_recv(struct ipcbox_handle *handle,
				  struct iov_iter *to,
				  struct ipcbox_filter *filter,
				  const struct ipcbox_wait *wait,
				  struct ipcbox_ioctl *call, size_t *needed)
{
	const struct ipcbox_port *port = handle->port;
	ssize_t ret;

	if (port->owner_policy == IPCBOX_OWNER_PROCESS &&
	    !ipcbox_owner_is_current(&port->owner))
		return -EBADF;
	filter->room = iov_iter_count(to);
	for (;;) {
		ret = ipcbox_handle_try_recv(handle, to, filter, wait, call,
					     needed);
		if (ret != -ERESTART)
			return ret;
		iov_iter_revert(to, filter->room - iov_iter_count(to));
	}
}

/* Files */

static struct ipcbox_handle *ipcbox_handle_of(const struct file *file)
{
	return file->private_data;
}

static bool ipcbox_file_nowait(const struct file *file)
{
	return file->f_flags & O_NONBLOCK;
}

static struct ipcbox_wait ipcbox_wait_of_ioctl(const struct ipcbox_ioctl *call,
					       u64 deadline)
{
	return (struct ipcbox_wait){
		.nowait = call->arg.flags & IPCBOX_NOWAIT ||
			  ipcbox_file_nowait(call->file),
		.deadline = ipcbox_compat_deadline(deadline),
	};
}

/* A plain message: no type, no priority, no deadline. */
static ssize_t ipcbox_handle_send_plain(struct file *file,
					struct iov_iter *from, bool nowait)
{
	const struct ipcbox_outgoing out = { .wait.nowait = nowait };

	return ipcbox_handle_send(ipcbox_handle_of(file), from, &out);
}

/* Whatever message is first. */
static ssize_t ipcbox_handle_recv_plain(struct file *file, struct iov_iter *to,
					bool nowait)
{
	const struct ipcbox_wait wait = { .nowait = nowait };
	struct ipcbox_filter filter = {};
	size_t needed;

	return ipcbox_handle_recv(ipcbox_handle_of(file), to, &filter, &wait,
				  NULL, &needed);
}

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
	return ipcbox_handle_send_plain(file, &from, ipcbox_file_nowait(file));
}

static ssize_t ipcbox_handle_read(struct file *file, char __user *data,
				  size_t len, loff_t *pos)
{
	struct iov_iter to;

	iov_iter_ubuf(&to, ITER_DEST, data, len);
	return ipcbox_handle_recv_plain(file, &to, ipcbox_file_nowait(file));
}

static bool ipcbox_iocb_nowait(const struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_NOWAIT || ipcbox_file_nowait(iocb->ki_filp);
}

static ssize_t ipcbox_handle_write_iter(struct kiocb *iocb,
					struct iov_iter *from)
{
	return ipcbox_handle_send_plain(iocb->ki_filp, from,
					ipcbox_iocb_nowait(iocb));
}

static ssize_t ipcbox_handle_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return ipcbox_handle_recv_plain(iocb->ki_filp, to,
					ipcbox_iocb_nowait(iocb));
}

static __poll_t ipcbox_handle_poll(struct file *file, poll_table *table)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	__poll_t events = EPOLLHUP | EPOLLERR;

	if (handle->rights & IPCBOX_RIGHT_RECV)
		events |= EPOLLIN | EPOLLRDNORM;
	if (handle->rights & IPCBOX_RIGHT_SEND)
		events |= EPOLLOUT | EPOLLWRNORM;
	return events & ipcbox_queue_poll(handle->rx, file, table);
}

/**
 * struct ipcbox_buffers - the user memory that an ioctl names
 * @fast: room for a short array of segments
 * @segments: a longer one, to be freed
 * @iter: over all of them
 */
struct ipcbox_buffers {
	struct iovec fast[UIO_FASTIOV];
	struct iovec *segments;
	struct iov_iter iter;
};

/* A length beyond MAX_RW_COUNT is beyond all messages, too. */
static int ipcbox_buffers_import(struct ipcbox_buffers *buffers,
				 unsigned int direction, u64 flags, u64 data,
				 u64 len)
{
	ssize_t ret;

	buffers->segments = NULL;
	if (!(flags & IPCBOX_IOVEC)) {
		iov_iter_ubuf(&buffers->iter, direction, u64_to_user_ptr(data),
			      min_t(u64, len, MAX_RW_COUNT));
		return 0;
	}
	if (len > IPCBOX_IOV_MAX)
		return -EINVAL;
	buffers->segments = buffers->fast;
	ret = import_iovec(direction, u64_to_user_ptr(data), len,
			   ARRAY_SIZE(buffers->fast), &buffers->segments,
			   &buffers->iter);
	return ret < 0 ? ret : 0;
}

static void ipcbox_buffers_release(struct ipcbox_buffers *buffers)
{
	kfree(buffers->segments);
}

static int ipcbox_handle_ioctl_send(struct ipcbox_ioctl *call)
{
	struct ipcbox_send __user *user = call->user;
	const struct ipcbox_send *send = &call->arg.send;
	struct ipcbox_outgoing out = {
		.wait = ipcbox_wait_of_ioctl(call, send->deadline),
		.type = send->type,
		.priority = send->priority,
		.id = &user->id,
	};
	struct ipcbox_buffers buffers;
	ssize_t ret;

	if (send->priority >= IPCBOX_PRIORITIES || send->reserved)
		return -EINVAL;
	ret = ipcbox_buffers_import(&buffers, ITER_SOURCE, send->flags,
				    send->data, send->len);
	if (ret)
		return ret;
	ret = ipcbox_handle_send(ipcbox_handle_of(call->file), &buffers.iter,
				 &out);
	ipcbox_buffers_release(&buffers);
	return ret < 0 ? ret : 0;
}

static int ipcbox_handle_put_needed(struct ipcbox_ioctl *call, size_t needed)
{
	struct ipcbox_recv __user *user = call->user;

	return put_user(needed, &user->msg_len) ? -EFAULT : -EMSGSIZE;
}

static int ipcbox_handle_ioctl_recv(struct ipcbox_ioctl *call)
{
	const struct ipcbox_recv *recv = &call->arg.recv;
	const struct ipcbox_wait wait =
		ipcbox_wait_of_ioctl(call, recv->deadline);
	struct ipcbox_filter filter = {
		.type = recv->type,
		.peek = recv->flags & IPCBOX_PEEK,
	};
	struct ipcbox_buffers buffers;
	size_t needed;
	ssize_t ret;

	ret = ipcbox_buffers_import(&buffers, ITER_DEST, recv->flags,
				    recv->data, recv->len);
	if (ret)
		return ret;
	ret = ipcbox_handle_recv(ipcbox_handle_of(call->file), &buffers.iter,
				 &filter, &wait, call, &needed);
	ipcbox_buffers_release(&buffers);
	if (ret == -EMSGSIZE)
		return ipcbox_handle_put_needed(call, needed);
	return ret < 0 ? ret : 0;
}

static int ipcbox_handle_ioctl_stat(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	int ret = ipcbox_port_stat(handle->port, &call->arg.stat);

	call->arg.stat.rights = handle->rights;
	return ret ?: ipcbox_ioctl_put(call);
}

static int ipcbox_handle_ioctl_set(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);

	return ipcbox_port_set(handle->port, &call->arg.set);
}

static const struct ipcbox_ioctl_row ipcbox_handle_rows[] = {
	{
		.cmd	= IPCBOX_SEND,
		.min_size = offsetofend(struct ipcbox_send, id),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC,
		.rights	= IPCBOX_RIGHT_SEND,
		.run	= ipcbox_handle_ioctl_send,
	}, {
		.cmd	= IPCBOX_RECV,
		.min_size = offsetofend(struct ipcbox_recv, sender_gid),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC | IPCBOX_PEEK,
		.rights	= IPCBOX_RIGHT_RECV,
		.run	= ipcbox_handle_ioctl_recv,
	}, {
		.cmd	= IPCBOX_STAT,
		.min_size = offsetofend(struct ipcbox_stat, reserved),
		.run	= ipcbox_handle_ioctl_stat,
	}, {
		.cmd	= IPCBOX_SET,
		.min_size = offsetofend(struct ipcbox_set, max_bytes),
		.flags	= IPCBOX_SET_MODE | IPCBOX_SET_UID | IPCBOX_SET_GID |
			  IPCBOX_SET_MAX_MSGSIZE | IPCBOX_SET_MAX_MESSAGES |
			  IPCBOX_SET_MAX_BYTES,
		.rights	= IPCBOX_RIGHT_MANAGE,
		.run	= ipcbox_handle_ioctl_set,
	},
};

static const struct ipcbox_ioctl_table ipcbox_handle_table = {
	.first	= _IOC_NR(IPCBOX_SEND),
	.nr	= ARRAY_SIZE(ipcbox_handle_rows),
	.rows	= ipcbox_handle_rows,
};

/* As on pipes and sockets: how much the next read() needs room for. */
static int ipcbox_handle_fionread(struct ipcbox_handle *handle, int __user *n)
{
	size_t size;
	bool dead;

	spin_lock(&handle->rx->lock);
	dead = handle->rx->dead;
	size = ipcbox_queue_next_size_locked(handle->rx);
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

static void ipcbox_handle_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	struct ipcbox_stat stat;
	bool deleted = ipcbox_port_stat(handle->port, &stat);

	seq_printf(seq, "ipcbox-port:\t%llu\n", stat.id);
	seq_printf(seq, "ipcbox-name:\t%s\n", stat.name);
	seq_printf(seq, "ipcbox-rights:\t%c%c%c\n",
		   handle->rights & IPCBOX_RIGHT_RECV ? 'r' : '-',
		   handle->rights & IPCBOX_RIGHT_SEND ? 's' : '-',
		   handle->rights & IPCBOX_RIGHT_MANAGE ? 'm' : '-');
	seq_printf(seq, "ipcbox-deleted:\t%d\n", deleted);
	seq_printf(seq, "ipcbox-messages:\t%llu\n", stat.messages);
	seq_printf(seq, "ipcbox-bytes:\t%llu\n", stat.bytes);
}

static void ipcbox_handle_free(struct ipcbox_handle *handle)
{
	ipcbox_user_put(handle->user);
	ipcbox_port_put(handle->port);
	kfree(handle);
}

static int ipcbox_handle_release(struct inode *inode, struct file *file)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);

	ipcbox_port_detach(handle->port, handle->rights);
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

static struct ipcbox_handle *ipcbox_handle_new(struct ipcbox_port *port,
					       u32 rights)
{
	struct ipcbox_handle *handle;

	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle)
		return NULL;
	handle->user = ipcbox_user_get_current();
	if (!handle->user) {
		kfree(handle);
		return NULL;
	}
	handle->port = ipcbox_port_get(port);
	handle->rx = &port->queue;
	handle->tx = &port->queue;
	handle->rights = rights;
	return handle;
}

/* The VFS refuses read() and write() by access mode as the ioctls by rights. */
static int ipcbox_handle_file_flags(u32 rights, bool nonblock)
{
	static const int modes[] = {
		[0] = O_ACCMODE,	/* neither */
		[IPCBOX_RIGHT_SEND] = O_WRONLY,
		[IPCBOX_RIGHT_RECV] = O_RDONLY,
		[IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV] = O_RDWR,
	};
	u32 mode = rights & (IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV);

	return modes[mode] | (nonblock ? O_NONBLOCK : 0);
}

static struct file *ipcbox_handle_file(struct ipcbox_handle *handle,
				       bool nonblock)
{
	char name[sizeof("[ipcbox:]") + IPCBOX_NAME_SIZE];
	struct file *file;

	/* As it shows in /proc/PID/fd. */
	snprintf(name, sizeof(name), "[ipcbox:%s]", handle->port->name);
	file = anon_inode_getfile(name, &ipcbox_handle_fops, handle,
				  ipcbox_handle_file_flags(handle->rights,
							   nonblock));
	if (IS_ERR(file))
		return file;
	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT | IPCBOX_COMPAT_FMODE;
	return file;
}

/**
 * ipcbox_handle_open() - make a handle
 * @port: port; the handle takes a reference of its own
 * @rights: IPCBOX_RIGHT_*, granted already
 * @nonblock: set O_NONBLOCK
 *
 * Return: its file, or an ERR_PTR: -EIDRM, -ENOMEM, -ENFILE
 */
struct file *ipcbox_handle_open(struct ipcbox_port *port, u32 rights,
				bool nonblock)
{
	struct ipcbox_handle *handle = ipcbox_handle_new(port, rights);
	struct file *file;
	int ret;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	ret = ipcbox_port_attach(port, rights);
	if (ret) {
		ipcbox_handle_free(handle);
		return ERR_PTR(ret);
	}
	file = ipcbox_handle_file(handle, nonblock);
	if (IS_ERR(file)) {
		ipcbox_port_detach(port, rights);
		ipcbox_handle_free(handle);
	}
	return file;
}
