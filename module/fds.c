// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors in messages: which files may travel, and how they arrive */

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <linux/ipcbox.h>

#include "fds.h"
#include "quota.h"

/* Sending */

/*
 * Modules are not told what epoll and io_uring files look like. Their names are
 * those that /proc/PID/fd shows to lsof, CRIU and others, so they will stay; and
 * no user can name a file in that file system.
 */
static bool ipcbox_file_is_anon(const struct file *file, const char *name)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp((const char *)file->f_path.dentry->d_name.name, name);
}

/* Could it keep a handle, see above? */
static bool ipcbox_file_is_refused(struct file *file)
{
	return file->f_op->owner == THIS_MODULE || sock_from_file(file) ||
	       ipcbox_file_is_anon(file, "[eventpoll]") ||
	       ipcbox_file_is_anon(file, "[io_uring]");
}

static int ipcbox_fds_add(struct ipcbox_fds *fds, const __s32 __user *user)
{
	struct file *file;
	__s32 number;

	if (get_user(number, user))
		return -EFAULT;
	/* One opened with O_PATH as well, as over UNIX sockets. */
	file = fget_raw(number);
	if (!file)
		return -EBADF;
	fds->files[fds->nr++] = file;
	return ipcbox_file_is_refused(file) ? -ELOOP : 0;
}

/**
 * ipcbox_fds_new() - take what is behind a caller's descriptors
 * @user: account to charge
 * @numbers: the descriptors
 * @nr: how many; 1 to IPCBOX_FDS_MAX
 *
 * Return: the files, or an ERR_PTR: -EBADF, -ELOOP, -ETOOMANYREFS, -EDQUOT,
 * -ENOMEM, -EFAULT
 */
struct ipcbox_fds *ipcbox_fds_new(struct ipcbox_user *user,
				  const __s32 __user *numbers, unsigned int nr)
{
	struct ipcbox_fds *fds;
	int ret;

	fds = kmalloc(struct_size(fds, files, nr), GFP_KERNEL_ACCOUNT);
	if (!fds)
		return ERR_PTR(-ENOMEM);
	ret = ipcbox_user_charge_fds(user, nr);
	if (ret) {
		kfree(fds);
		return ERR_PTR(ret);
	}
	refcount_set(&fds->ref, 1);
	fds->user = user;
	fds->charged = nr;
	fds->nr = 0;
	while (!ret && fds->nr < nr)
		ret = ipcbox_fds_add(fds, numbers + fds->nr);
	if (ret) {
		ipcbox_fds_put(fds);
		return ERR_PTR(ret);
	}
	return fds;
}

/* What the last one to have them does may come later than the charge ends. */
void ipcbox_fds_uncharge(struct ipcbox_fds *fds)
{
	unsigned int charged = fds->charged;

	fds->charged = 0;
	if (charged)
		ipcbox_user_uncharge_fds(fds->user, charged);
}

/* Called by ipcbox_fds_put() for the last reference. */
void ipcbox_fds_release(struct ipcbox_fds *fds)
{
	while (fds->nr)
		fput(fds->files[--fds->nr]);
	ipcbox_fds_uncharge(fds);
	kfree(fds);
}

/* Receiving */

/**
 * ipcbox_landing_new() - reserve numbers for files
 * @nr: how many
 *
 * Return: what ipcbox_landing_end() gets, or an ERR_PTR: -EMFILE, -ENFILE,
 * -ENOMEM
 */
struct ipcbox_landing *ipcbox_landing_new(unsigned int nr)
{
	struct ipcbox_landing *landing;
	int number;

	landing = kmalloc(struct_size(landing, numbers, nr),
			  GFP_KERNEL_ACCOUNT);
	if (!landing)
		return ERR_PTR(-ENOMEM);
	landing->fds = NULL;
	landing->arrive = 0;
	landing->nr = 0;
	while (landing->nr < nr) {
		number = get_unused_fd_flags(O_CLOEXEC);
		if (number < 0) {
			ipcbox_landing_end(landing, false);
			return ERR_PTR(number);
		}
		landing->numbers[landing->nr++] = number;
	}
	return landing;
}

/**
 * ipcbox_landing_tell() - say which numbers the files are going to have
 * @landing: numbers, of which no others were told yet
 * @fds: the files, or NULL if there are none
 * @numbers: where the caller wants the numbers; without files, it is told -1 for
 *	each
 * @nr: how many; not more than there are files and numbers
 *
 * Security modules do not get to see the files here, as security_file_receive()
 * is not for modules; they do when the receiver uses them.
 *
 * Return: 0 or -EFAULT
 */
int ipcbox_landing_tell(struct ipcbox_landing *landing, struct ipcbox_fds *fds,
			__s32 __user *numbers, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (put_user(fds ? landing->numbers[i] : -1, numbers + i))
			return -EFAULT;
	if (fds) {
		landing->fds = ipcbox_fds_get(fds);
		landing->arrive = nr;
	}
	return 0;
}

/**
 * ipcbox_landing_end() - the files arrive, and what they do not need is free again
 * @landing: from ipcbox_landing_new(); freed
 * @install: whether the message has been received
 */
void ipcbox_landing_end(struct ipcbox_landing *landing, bool install)
{
	struct ipcbox_fds *fds = landing->fds;
	unsigned int i;

	for (i = 0; i < landing->nr; i++)
		if (install && i < landing->arrive)
			fd_install(landing->numbers[i], get_file(fds->files[i]));
		else
			put_unused_fd(landing->numbers[i]);
	if (fds)
		ipcbox_fds_put(fds);
	kfree(landing);
}
