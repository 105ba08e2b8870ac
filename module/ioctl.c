// SPDX-License-Identifier: GPL-2.0-only
/* ioctl tables: finding the row, checking and copying the argument */

#include <linux/errno.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/ioctl.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "ioctl.h"

static const struct ipcbox_ioctl_row *
ipcbox_ioctl_find(const struct ipcbox_ioctl_table *table, unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd) - table->first;
	const struct ipcbox_ioctl_row *row;

	if (_IOC_TYPE(cmd) != IPCBOX_IOC || nr >= table->nr)
		return NULL;
	row = &table->rows[array_index_nospec(nr, table->nr)];
	if (likely(cmd == row->cmd))
		return row;
	return row->run && _IOC_DIR(cmd) == _IOC_DIR(row->cmd) ? row : NULL;
}

/*
 * Copies of a constant size, in words, as all structs are: a call of
 * copy_from_user() costs twice what this does.
 */
static __always_inline int ipcbox_ioctl_get_words(u64 *to,
						  const u64 __user *from,
						  const size_t size)
{
	unsigned int i;

	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(from, size))
		return -EFAULT;
#pragma GCC unroll 32
	for (i = 0; i < size / sizeof(*to); i++)
		unsafe_get_user(to[i], &from[i], fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

static __always_inline int ipcbox_ioctl_put_words(u64 __user *to,
						  const u64 *from,
						  const size_t size)
{
	unsigned int i;

	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(to, size))
		return -EFAULT;
#pragma GCC unroll 32
	for (i = 0; i < size / sizeof(*to); i++)
		unsafe_put_user(from[i], &to[i], fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/* The hot commands come first. */
static int ipcbox_ioctl_get(struct ipcbox_ioctl *call, size_t size)
{
	union ipcbox_ioctl_arg *arg = &call->arg;
	size_t known = call->size;

	if (size == known && known == sizeof(arg->recv))
		return ipcbox_ioctl_get_words(arg->words, call->user,
					      sizeof(arg->recv));
	if (size == known && known == sizeof(arg->send))
		return ipcbox_ioctl_get_words(arg->words, call->user,
					      sizeof(arg->send));
	if (size == known && known == sizeof(arg->call))
		return ipcbox_ioctl_get_words(arg->words, call->user,
					      sizeof(arg->call));
	if (size == known && known == sizeof(arg->reply))
		return ipcbox_ioctl_get_words(arg->words, call->user,
					      sizeof(arg->reply));
	call->size = min(size, known);
	return copy_struct_from_user(arg, known, call->user, size);
}

/**
 * ipcbox_ioctl_run() - run a command
 * @table: commands of this kind of descriptor
 * @file: what it is called on
 * @rights: of the descriptor
 * @cmd: command as called, with the size that the caller knows
 * @user: address of the argument
 *
 * Return: of the verb, or -ENOTTY (command), -EINVAL (too short, or flags),
 * -E2BIG (unknown fields are not zero), -EBADF (rights), -EFAULT
 */
long ipcbox_ioctl_run(const struct ipcbox_ioctl_table *table,
		      struct file *file, u32 rights, unsigned int cmd,
		      unsigned long user)
{
	const struct ipcbox_ioctl_row *row = ipcbox_ioctl_find(table, cmd);
	struct ipcbox_ioctl call __uninitialized;
	int ret;

	if (!row)
		return -ENOTTY;
	if (_IOC_SIZE(cmd) < row->min_size)
		return -EINVAL;
	call.file = file;
	call.user = (void __user *)user;
	call.size = _IOC_SIZE(row->cmd);
	ret = ipcbox_ioctl_get(&call, _IOC_SIZE(cmd));
	if (ret)
		return ret;
	if (call.arg.flags & ~row->flags)
		return -EINVAL;
	if (row->rights & ~rights)
		return -EBADF;
	return row->run(&call);
}

/**
 * ipcbox_ioctl_put() - copy the argument back to the caller
 * @call: call
 *
 * Return: 0 or -EFAULT
 */
int ipcbox_ioctl_put(struct ipcbox_ioctl *call)
{
	const union ipcbox_ioctl_arg *arg = &call->arg;

	if (call->size == sizeof(arg->recv))
		return ipcbox_ioctl_put_words(call->user, arg->words,
					      sizeof(arg->recv));
	if (call->size == sizeof(arg->call))
		return ipcbox_ioctl_put_words(call->user, arg->words,
					      sizeof(arg->call));
	return copy_to_user(call->user, arg, call->size) ? -EFAULT : 0;
}

/**
 * ipcbox_ioctl_put_entry() - fill in one element of a caller's array
 * @entry: as this module knows it
 * @known: its size
 * @to: the caller's element
 * @size: its size: an older one is shorter, a newer one longer
 *
 * Return: 0, -EFAULT, or -EINTR for a caller that is to be killed
 */
int ipcbox_ioctl_put_entry(const void *entry, u32 known, void __user *to,
			   u32 size)
{
	known = min(known, size);
	if (copy_to_user(to, entry, known) ||
	    clear_user(to + known, size - known))
		return -EFAULT;
	return fatal_signal_pending(current) ? -EINTR : 0;
}
