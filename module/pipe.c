// SPDX-License-Identifier: GPL-2.0-only
/* Pipes: one stream, or two crossed ones, and a descriptor on each end */

#include <linux/file.h>
#include <linux/fs.h>

#include "ioctl.h"
#include "pair.h"
#include "pipe.h"

static int ipcbox_pipe_make(struct ipcbox_ioctl *call, struct ipcbox_pair *pair)
{
	bool nonblock = call->arg.flags & IPCBOX_NOWAIT;
	const bool both[2] = { nonblock, nonblock };

	ipcbox_pair_init(pair, call->file->private_data, IPCBOX_KIND_STREAM);
	pair->create.max_bytes = call->arg.pipe.max_bytes;
	return ipcbox_pair_make(pair, call->arg.flags & IPCBOX_BOTH_WAYS, both);
}

/* Tells the caller, links the ports, and installs: only that cannot fail. */
static int ipcbox_pipe_finish(struct ipcbox_ioctl *call,
			      struct ipcbox_pair *pair)
{
	struct ipcbox_pipe *arg = &call->arg.pipe;
	int i, ret;

	ipcbox_pair_ids(pair, arg->ids);
	ret = ipcbox_ioctl_put(call);
	if (!ret)
		ret = ipcbox_pair_link(pair);
	for (i = 0; i < 2 && !ret; i++)
		fd_install(arg->fds[i], ipcbox_pair_take(pair, i));
	return ret;
}

int ipcbox_pipe_ioctl(struct ipcbox_ioctl *call)
{
	struct ipcbox_pipe *arg = &call->arg.pipe;
	struct ipcbox_pair pair;
	int ret;

	ret = ipcbox_pipe_make(call, &pair);
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
	ret = ipcbox_pipe_finish(call, &pair);
	if (!ret)
		goto put;
	put_unused_fd(arg->fds[1]);
put_fd:
	put_unused_fd(arg->fds[0]);
put:
	ipcbox_pair_put(&pair);
	return ret;
}
