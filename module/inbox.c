// SPDX-License-Identifier: GPL-2.0-only
/* Inboxes: making them, opening one's own, and sending to that of a process */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "box.h"
#include "handle.h"
#include "inbox.h"
#include "ioctl.h"
#include "message.h"
#include "port.h"
#include "process.h"
#include "quota.h"
#include "transfer.h"

/* What its owner may do. To send to itself it does as others do. */
#define IPCBOX_INBOX_RIGHTS	(IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE)

static struct ipcbox_box *ipcbox_inbox_box(const struct ipcbox_ioctl *call)
{
	return call->file->private_data;
}

/*
 * As if the process had created it: but whoever makes it is charged, so that
 * nobody uses up the ports of others.
 */
static struct ipcbox_port *ipcbox_inbox_new(struct ipcbox_box *box,
					    struct pid *process)
{
	struct ipcbox_port_attr attr = {
		.name = "",
		.kind = IPCBOX_KIND_INBOX,
		.owner = IPCBOX_OWNER_PROCESS,
		.sharing = IPCBOX_SHARE_ANY,
		.mode = 0600,
		.process = process,
		.limits.max_messages = IPCBOX_UNLIMITED,
		.limits.max_msgsize = ipcbox_max_msgsize_now(),
	};
	int ret = ipcbox_process_ids(process, &attr.uid, &attr.gid);

	if (ret)
		return ERR_PTR(ret);
	attr.creator_uid = attr.uid;
	return ipcbox_port_new(box, &attr);
}

/* Others may make it at the same time; one is used then. */
static struct ipcbox_port *ipcbox_inbox_link(struct ipcbox_box *box,
					     struct ipcbox_port *port)
{
	struct ipcbox_port *existing;
	int ret = ipcbox_box_link(box, port, &existing);

	if (!ret) {
		/* Who has exited before it was watched is not noticed else. */
		if (ipcbox_port_owner_gone(port))
			ipcbox_port_delete(port);
		return port;
	}
	ipcbox_port_put(port);
	return ret == -EEXIST ? existing : ERR_PTR(ret);
}

/**
 * ipcbox_inbox_of() - the inbox of a process
 * @box: box
 * @process: process
 * @rights: IPCBOX_RIGHT_* that the caller must have, if it is to be made
 *
 * Return: a reference, or an ERR_PTR: -EACCES, -ESRCH if the process is no more,
 * -EDQUOT, -ENOMEM, -EIDRM if the box is gone
 */
static struct ipcbox_port *ipcbox_inbox_of(struct ipcbox_box *box,
					   struct pid *process, u32 rights)
{
	struct ipcbox_port *port = ipcbox_box_find_inbox(box, process);
	int ret;

	if (port != ERR_PTR(-ENOENT))
		return port;
	port = ipcbox_inbox_new(box, process);
	if (IS_ERR(port))
		return port;
	ret = ipcbox_port_permit(port, rights);
	if (!ret)
		return ipcbox_inbox_link(box, port);
	ipcbox_port_put(port);
	return ERR_PTR(ret);
}

/* IPCBOX_INBOX */

/* -EIDRM if the inbox is deleted meanwhile. */
static int ipcbox_inbox_open(struct ipcbox_ioctl *call)
{
	struct ipcbox_port *port;
	int ret;

	port = ipcbox_inbox_of(ipcbox_inbox_box(call), task_tgid(current), 0);
	if (IS_ERR(port))
		return PTR_ERR(port);
	call->arg.inbox.id = port->id;
	ret = ipcbox_ioctl_put(call);
	if (!ret)
		ret = ipcbox_handle_open_fd(port, IPCBOX_INBOX_RIGHTS,
					    call->arg.flags & IPCBOX_NOWAIT);
	ipcbox_port_put(port);
	return ret;
}

int ipcbox_inbox_ioctl_inbox(struct ipcbox_ioctl *call)
{
	int ret;

	do {
		ret = ipcbox_inbox_open(call);
	} while (ret == -EIDRM && !ipcbox_box_gone(ipcbox_inbox_box(call)) &&
		 !fatal_signal_pending(current));
	return ret;
}

/* IPCBOX_SEND_TO */

/* Sends as through a handle that is open for this one message. */
static int ipcbox_inbox_send(struct ipcbox_ioctl *call,
			     struct ipcbox_port *port)
{
	struct ipcbox_handle handle = {
		.port = port,
		.tx = &port->queue,
		.user = ipcbox_user_get_current(),
		.rights = IPCBOX_RIGHT_SEND,
	};
	int ret;

	if (!handle.user)
		return -ENOMEM;
	ret = ipcbox_transfer_send(call, &handle);
	ipcbox_user_put(handle.user);
	return ret;
}

static int ipcbox_inbox_send_to(struct ipcbox_ioctl *call, struct pid *process)
{
	struct ipcbox_port *port;
	int ret;

	port = ipcbox_inbox_of(ipcbox_inbox_box(call), process,
			       IPCBOX_RIGHT_SEND);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = ipcbox_port_permit(port, IPCBOX_RIGHT_SEND);
	if (!ret)
		ret = ipcbox_inbox_send(call, port);
	/* What the sender knows of is the process. */
	if (ret == -EIDRM && ipcbox_port_owner_gone(port))
		ret = -ESRCH;
	ipcbox_port_put(port);
	return ret;
}

int ipcbox_inbox_ioctl_send_to(struct ipcbox_ioctl *call)
{
	pid_t nr = call->arg.send.to;
	struct pid *process;
	int ret;

	if (nr <= 0)
		return -EINVAL;
	process = ipcbox_process_find(nr);
	if (!process)
		return -ESRCH;
	/* A zombie receives nothing, and needs no inbox. */
	ret = ipcbox_process_exited(process) ? -ESRCH :
					       ipcbox_inbox_send_to(call, process);
	put_pid(process);
	return ret;
}
