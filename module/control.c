// SPDX-License-Identifier: GPL-2.0-only
/* /dev/ipcbox: creating, opening, deleting and listing the ports of a box */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "box.h"
#include "channel.h"
#include "control.h"
#include "handle.h"
#include "inbox.h"
#include "ioctl.h"
#include "message.h"
#include "pipe.h"
#include "port.h"
#include "quota.h"
#include "users.h"

static struct ipcbox_box *ipcbox_control_box(const struct ipcbox_ioctl *call)
{
	return call->file->private_data;
}

/* Ports by name or id */

static int ipcbox_control_find(const struct ipcbox_ioctl *call,
			       const char *name, u64 id,
			       struct ipcbox_port **port)
{
	struct ipcbox_port_key key = { .name = name, .id = id };

	if (!ipcbox_port_name_valid(name))
		return -EINVAL;
	*port = ipcbox_box_find(ipcbox_control_box(call), &key);
	return PTR_ERR_OR_ZERO(*port);
}

/*
 * Opens a port that can be found. -ENOENT if it is deleted meanwhile, as if
 * the caller had come a moment later.
 */
static int ipcbox_control_open_port(struct ipcbox_ioctl *call,
				    struct ipcbox_port *port, u32 rights)
{
	int ret;

	ret = ipcbox_kind_permit(port->kind, rights);
	if (!ret)
		ret = ipcbox_port_permit(port, rights);
	if (!ret)
		ret = ipcbox_ioctl_put(call);
	if (ret)
		return ret;
	ret = ipcbox_handle_open_fd(port, rights,
				    call->arg.flags & IPCBOX_NOWAIT);
	return ret == -EIDRM ? -ENOENT : ret;
}

static int ipcbox_control_open(struct ipcbox_ioctl *call)
{
	struct ipcbox_port_open *arg = &call->arg.port_open;
	struct ipcbox_port *port;
	int ret;

	if (arg->reserved)
		return -EINVAL;
	ret = ipcbox_control_find(call, arg->name, arg->id, &port);
	if (ret)
		return ret;
	arg->id = port->id;
	ret = ipcbox_control_open_port(call, port, arg->rights);
	ipcbox_port_put(port);
	return ret;
}

/* The name is taken. Takes over the reference. */
static int ipcbox_control_create_exists(struct ipcbox_ioctl *call,
					struct ipcbox_port *existing)
{
	struct ipcbox_port_create *arg = &call->arg.port_create;
	int ret;

	arg->id = existing->id;
	arg->created = 0;
	if (arg->flags & IPCBOX_EXCL)
		ret = -EEXIST;
	else if (arg->kind != existing->kind)
		ret = -EPROTOTYPE;
	else
		ret = ipcbox_control_open_port(call, existing, arg->rights);
	ipcbox_port_put(existing);
	return ret;
}

/*
 * Makes the handle of a new port first, because linking the port into its box
 * cannot be undone unseen; then nothing fails any more.
 */
static int ipcbox_control_link(struct ipcbox_ioctl *call,
			       struct ipcbox_port *port)
{
	const struct ipcbox_port_create *arg = &call->arg.port_create;
	struct ipcbox_port *existing;
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = ipcbox_handle_open(port, NULL, arg->rights,
				  arg->flags & IPCBOX_NOWAIT);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	ret = ipcbox_box_link(ipcbox_control_box(call), port, &existing);
	if (!ret)
		return ipcbox_handle_install(fd, file);
	put_unused_fd(fd);
	fput(file);
	if (ret == -EEXIST)
		ret = ipcbox_control_create_exists(call, existing);
	return ret;
}

static int ipcbox_control_create_new(struct ipcbox_ioctl *call)
{
	struct ipcbox_port_create *arg = &call->arg.port_create;
	struct ipcbox_port_attr attr;
	struct ipcbox_port *port;
	int ret;

	/* These come in pairs. */
	if (arg->kind == IPCBOX_KIND_CONNECTION)
		return -EOPNOTSUPP;
	ret = ipcbox_kind_permit(arg->kind, arg->rights);
	if (!ret)
		ret = ipcbox_port_attr_parse(&attr, arg,
					     ipcbox_control_box(call));
	if (ret)
		return ret;
	port = ipcbox_port_new(ipcbox_control_box(call), &attr);
	if (IS_ERR(port))
		return PTR_ERR(port);
	arg->id = port->id;
	arg->created = 1;
	ret = ipcbox_ioctl_put(call);
	if (!ret)
		ret = ipcbox_control_link(call, port);
	ipcbox_port_put(port);
	return ret;
}

/* One whose name is taken needs neither valid attributes nor quota. */
static int ipcbox_control_try_create(struct ipcbox_ioctl *call)
{
	const char *name = call->arg.port_create.name;
	struct ipcbox_port *existing;
	int ret = -ENOENT;

	if (!ipcbox_port_name_valid(name))
		return -EINVAL;
	if (name[0])
		ret = ipcbox_control_find(call, name, 0, &existing);
	if (ret == -ENOENT)
		return ipcbox_control_create_new(call);
	return ret ?: ipcbox_control_create_exists(call, existing);
}

static int ipcbox_control_create(struct ipcbox_ioctl *call)
{
	int ret;

	do {
		ret = ipcbox_control_try_create(call);
		/* -ENOENT: it was there, but not any more when it was opened. */
	} while (ret == -ENOENT && !fatal_signal_pending(current));
	return ret;
}

static int ipcbox_control_delete(struct ipcbox_ioctl *call)
{
	const struct ipcbox_port_delete *arg = &call->arg.port_delete;
	struct ipcbox_port *port;
	int ret;

	if (arg->name[0] && arg->id)
		return -EINVAL;
	ret = ipcbox_control_find(call, arg->name, arg->id, &port);
	if (ret)
		return ret;
	if (!ipcbox_port_may_manage(port))
		ret = -EACCES;
	else if (!ipcbox_port_delete(port))
		ret = -ENOENT;
	ipcbox_port_put(port);
	return ret;
}

/* Listing */

/* 1 with the next entry, 0 at the end, or a negative errno. */
static int ipcbox_control_list_next(struct ipcbox_box *box, u64 *cursor,
				    struct ipcbox_stat *stat)
{
	struct ipcbox_port *port;
	int ret;

	do {
		port = ipcbox_box_next(box, *cursor);
		if (IS_ERR_OR_NULL(port))
			return PTR_ERR_OR_ZERO(port);
		*cursor = port->id;
		ret = ipcbox_port_stat(port, NULL, stat);
		ipcbox_port_put(port);
	} while (ret);
	return 1;
}

static int ipcbox_control_list(struct ipcbox_ioctl *call)
{
	struct ipcbox_port_list *arg = &call->arg.port_list;
	void __user *to = u64_to_user_ptr(arg->entries);
	struct ipcbox_stat stat;
	u32 n;
	int ret;

	if (arg->entry_size < offsetofend(struct ipcbox_stat, lanes) ||
	    arg->entry_size > IPCBOX_IOCTL_ENTRY_MAX)
		return -EINVAL;
	for (n = 0; n < arg->count; n++, to += arg->entry_size) {
		ret = ipcbox_control_list_next(ipcbox_control_box(call),
					       &arg->cursor, &stat);
		if (!ret)
			break;
		if (ret > 0)
			ret = ipcbox_ioctl_put_entry(&stat, sizeof(stat), to,
						     arg->entry_size);
		if (ret < 0)
			return ret;
	}
	arg->count = n;
	return ipcbox_ioctl_put(call);
}

static int ipcbox_control_info(struct ipcbox_ioctl *call)
{
	struct ipcbox_user *user = ipcbox_user_get_current();
	struct ipcbox_info *info = &call->arg.info;

	if (!user)
		return -ENOMEM;
	memset(info, 0, sizeof(*info));
	info->abi_version = IPCBOX_ABI_VERSION;
	info->msg_overhead = IPCBOX_MESSAGE_SIZE;
	info->kinds = BIT(IPCBOX_KIND_MAILBOX) | BIT(IPCBOX_KIND_INBOX) |
		      BIT(IPCBOX_KIND_STREAM) | BIT(IPCBOX_KIND_LISTENER) |
		      BIT(IPCBOX_KIND_CONNECTION) | BIT(IPCBOX_KIND_RING);
	info->sharings = BIT(IPCBOX_SHARE_ANY) | BIT(IPCBOX_SHARE_ONE) |
			 BIT(IPCBOX_SHARE_PAIR) | BIT(IPCBOX_SHARE_ALL) |
			 BIT(IPCBOX_SHARE_ALL_LOSSY);
	info->owners = BIT(IPCBOX_OWNER_KERNEL) | BIT(IPCBOX_OWNER_PROCESS) |
		       BIT(IPCBOX_OWNER_HANDLE);
	info->call_flags = IPCBOX_NOWAIT | IPCBOX_IOVEC | IPCBOX_PEEK |
			   IPCBOX_LEASE | IPCBOX_RECEIPT | IPCBOX_INHERIT_NICE;
	info->max_msgsize = ipcbox_max_msgsize_now();
	info->max_ports = READ_ONCE(ipcbox_max_ports_per_user);
	info->max_bytes = READ_ONCE(ipcbox_max_bytes_per_user);
	info->user_ports = atomic_long_read(&user->ports);
	info->user_bytes = atomic_long_read(&user->bytes);
	info->box_ports = ipcbox_box_ports(ipcbox_control_box(call));
	ipcbox_user_put(user);
	return ipcbox_ioctl_put(call);
}

static const struct ipcbox_ioctl_row ipcbox_control_rows[] = {
	{
		.cmd	= IPCBOX_INFO,
		.min_size = offsetofend(struct ipcbox_info, box_ports),
		.run	= ipcbox_control_info,
	}, {
		.cmd	= IPCBOX_PORT_CREATE,
		.min_size = offsetofend(struct ipcbox_port_create, reserved),
		.flags	= IPCBOX_NOWAIT | IPCBOX_EXCL,
		.run	= ipcbox_control_create,
	}, {
		.cmd	= IPCBOX_PORT_OPEN,
		.min_size = offsetofend(struct ipcbox_port_open, id),
		.flags	= IPCBOX_NOWAIT,
		.run	= ipcbox_control_open,
	}, {
		.cmd	= IPCBOX_PORT_DELETE,
		.min_size = offsetofend(struct ipcbox_port_delete, id),
		.run	= ipcbox_control_delete,
	}, {
		.cmd	= IPCBOX_PORT_LIST,
		.min_size = offsetofend(struct ipcbox_port_list, count),
		.run	= ipcbox_control_list,
	}, {
		.cmd	= IPCBOX_INBOX,
		.min_size = offsetofend(struct ipcbox_inbox, id),
		.flags	= IPCBOX_NOWAIT,
		.run	= ipcbox_inbox_ioctl_inbox,
	}, {
		.cmd	= IPCBOX_SEND_TO,
		.min_size = offsetofend(struct ipcbox_send, receiver_gid),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC | IPCBOX_RECEIPT,
		.run	= ipcbox_inbox_ioctl_send_to,
	},
	[_IOC_NR(IPCBOX_USER_LIST)] = {
		.cmd	= IPCBOX_USER_LIST,
		.min_size = offsetofend(struct ipcbox_user_list, count),
		.run	= ipcbox_users_ioctl_list,
	},
	[_IOC_NR(IPCBOX_PIPE)] = {
		.cmd	= IPCBOX_PIPE,
		.min_size = offsetofend(struct ipcbox_pipe, ids),
		.flags	= IPCBOX_NOWAIT | IPCBOX_BOTH_WAYS,
		.run	= ipcbox_pipe_ioctl,
	},
	[_IOC_NR(IPCBOX_CONNECT)] = {
		.cmd	= IPCBOX_CONNECT,
		.min_size = offsetofend(struct ipcbox_connect, acceptor_gid),
		.flags	= IPCBOX_NOWAIT | IPCBOX_IOVEC,
		.run	= ipcbox_channel_ioctl_connect,
	},
};

static const struct ipcbox_ioctl_table ipcbox_control_table = {
	.first	= _IOC_NR(IPCBOX_INFO),
	.nr	= ARRAY_SIZE(ipcbox_control_rows),
	.rows	= ipcbox_control_rows,
};

/* The device */

static long ipcbox_control_ioctl(struct file *file, unsigned int cmd,
				 unsigned long arg)
{
	return ipcbox_ioctl_run(&ipcbox_control_table, file, 0, cmd, arg);
}

static int ipcbox_control_open_device(struct inode *inode, struct file *file)
{
	file->private_data = ipcbox_box_get_current();
	return nonseekable_open(inode, file);
}

static int ipcbox_control_release(struct inode *inode, struct file *file)
{
	ipcbox_box_put(file->private_data);
	return 0;
}

static const struct file_operations ipcbox_control_fops = {
	.owner		= THIS_MODULE,
	.open		= ipcbox_control_open_device,
	.unlocked_ioctl	= ipcbox_control_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.release	= ipcbox_control_release,
};

/* Anybody may open it: permissions are those of the ports. */
static struct miscdevice ipcbox_control_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ipcbox",
	.mode	= 0666,
	.fops	= &ipcbox_control_fops,
};

int __init ipcbox_control_init(void)
{
	return misc_register(&ipcbox_control_device);
}

void ipcbox_control_exit(void)
{
	misc_deregister(&ipcbox_control_device);
}
