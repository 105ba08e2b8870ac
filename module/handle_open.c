// SPDX-License-Identifier: GPL-2.0-only
/* Handles: making them and their files, and what happens when they are closed */

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "compat.h"
#include "handle.h"
#include "handle_news.h"
#include "held.h"
#include "port.h"
#include "queue.h"
#include "quota.h"
#include "ring.h"
#include "stream.h"
#include "transfer.h"

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
	if (likely(handle->attached))
		ipcbox_handle_detach(handle);
	ipcbox_held_close(handle);
	/* What was held is back in line by now. */
	ipcbox_port_drop_fds(handle->port);
	ipcbox_handle_free(handle);
	return 0;
}

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
		return &ipcbox_stream_fops;
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
 * It is counted in when it is there: nobody sees one come that has failed to.
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
	file = ipcbox_handle_file(handle, nonblock);
	if (IS_ERR(file)) {
		ipcbox_handle_free(handle);
		return file;
	}
	ret = ipcbox_handle_attach(handle, nonblock);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	handle->attached = true;
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
