// SPDX-License-Identifier: GPL-2.0-only
/* Pipes: one stream, or two crossed ones, and a descriptor on each end */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "box.h"
#include "handle.h"
#include "ioctl.h"
#include "pipe.h"
#include "port.h"

/**
 * struct ipcbox_pipe_parts - a pipe in the making
 * @ports: one, or one for each way
 * @files: the ends
 */
struct ipcbox_pipe_parts {
	struct ipcbox_port *ports[2];
	struct file *files[2];
};

static void ipcbox_pipe_put(struct ipcbox_pipe_parts *parts)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (parts->files[i])
			fput(parts->files[i]);
		if (parts->ports[i])
			ipcbox_port_put(parts->ports[i]);
	}
}

static int ipcbox_pipe_port(struct ipcbox_ioctl *call,
			    struct ipcbox_port **slot)
{
	const struct ipcbox_port_create create = {
		.rights = IPCBOX_RIGHTS,
		.kind = IPCBOX_KIND_STREAM,
		.owner = IPCBOX_OWNER_HANDLE,
		.mode = 0600,
		.uid = IPCBOX_ID_SELF,
		.gid = IPCBOX_ID_SELF,
		.max_bytes = call->arg.pipe.max_bytes,
	};
	struct ipcbox_box *box = call->file->private_data;
	struct ipcbox_port_attr attr;
	struct ipcbox_port *port;
	int ret;

	ret = ipcbox_port_attr_parse(&attr, &create, box);
	if (ret)
		return ret;
	port = ipcbox_port_new(box, &attr);
	if (IS_ERR(port))
		return PTR_ERR(port);
	*slot = port;
	return 0;
}

static int ipcbox_pipe_file(struct ipcbox_pipe_parts *parts, int end,
			    u32 rights, bool nonblock)
{
	struct ipcbox_port *in = parts->ports[0], *out = NULL;
	struct file *file;

	if (parts->ports[1]) {
		in = parts->ports[end];
		out = parts->ports[!end];
		rights |= IPCBOX_RIGHTS;
	}
	file = ipcbox_handle_open(in, out, rights, nonblock);
	if (IS_ERR(file))
		return PTR_ERR(file);
	parts->files[end] = file;
	return 0;
}

/* Who is to write comes last, so that there is somebody to read. */
static int ipcbox_pipe_make(struct ipcbox_ioctl *call,
			    struct ipcbox_pipe_parts *parts)
{
	bool nonblock = call->arg.flags & IPCBOX_NOWAIT;
	int ret;

	ret = ipcbox_pipe_port(call, &parts->ports[0]);
	if (!ret && call->arg.flags & IPCBOX_BOTH_WAYS)
		ret = ipcbox_pipe_port(call, &parts->ports[1]);
	if (!ret)
		ret = ipcbox_pipe_file(parts, 0, IPCBOX_RIGHT_RECV |
				       IPCBOX_RIGHT_MANAGE, nonblock);
	if (!ret)
		ret = ipcbox_pipe_file(parts, 1, IPCBOX_RIGHT_SEND |
				       IPCBOX_RIGHT_MANAGE, nonblock);
	return ret;
}

static int ipcbox_pipe_link(struct ipcbox_ioctl *call,
			    struct ipcbox_pipe_parts *parts)
{
	struct ipcbox_box *box = call->file->private_data;
	struct ipcbox_port *existing;
	int i, ret = 0;

	for (i = 0; i < 2 && parts->ports[i] && !ret; i++)
		ret = ipcbox_box_link(box, parts->ports[i], &existing);
	return ret;
}

/* Tells the caller, links the ports, and installs: only that cannot fail. */
static int ipcbox_pipe_finish(struct ipcbox_ioctl *call,
			      struct ipcbox_pipe_parts *parts)
{
	struct ipcbox_pipe *arg = &call->arg.pipe;
	int i, ret;

	for (i = 0; i < 2; i++)
		arg->ids[i] = parts->ports[i] ? parts->ports[i]->id : 0;
	ret = ipcbox_ioctl_put(call);
	if (!ret)
		ret = ipcbox_pipe_link(call, parts);
	for (i = 0; i < 2 && !ret; i++) {
		fd_install(arg->fds[i], parts->files[i]);
		parts->files[i] = NULL;
	}
	return ret;
}

int ipcbox_pipe_ioctl(struct ipcbox_ioctl *call)
{
	struct ipcbox_pipe *arg = &call->arg.pipe;
	struct ipcbox_pipe_parts parts = {};
	int ret;

	ret = ipcbox_pipe_make(call, &parts);
	if (ret)
		goto put;
	ret = get_unused_fd_flags(O_CLOEXEC);
	if (ret < 0)
		goto put;
	arg->fds[0] = ret;
	ret = get_unused_fd_flags(O_CLOEXEC);
	if (ret < 0)
		goto put_fd;
	arg->fds[1] = ret;
	ret = ipcbox_pipe_finish(call, &parts);
	if (!ret)
		goto put;
	put_unused_fd(arg->fds[1]);
put_fd:
	put_unused_fd(arg->fds[0]);
put:
	ipcbox_pipe_put(&parts);
	return ret;
}
