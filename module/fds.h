/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors in messages: files on their way from one process to another
 *
 * A message holds references on files from when it is sent until it is received.
 * They arrive in steps: ipcbox_landing_new() reserves numbers, of which
 * ipcbox_landing_tell() tells the receiver, while all of it can still fail; when
 * the message is the receiver's for good, ipcbox_landing_end() puts the files
 * behind them. A number that is only reserved can be neither used nor closed.
 *
 * No cycles. A file keeps a message that keeps the file only if it keeps a
 * handle, since files in a port that nobody has open are closed, see
 * ipcbox_port_drop_fds(). What can keep a handle is refused: one itself, a
 * socket (of which one may be on its way in the other), an epoll instance, an
 * io_uring instance (registered files). Other files do not keep files of others:
 * a pidfd keeps no table of descriptors, nor is there a mapping of a handle that
 * one of a mm could keep. What keeps the network namespace, and so the box, like
 * a file in /proc/net, keeps ports, but no handle. (A binder device keeps what
 * is in its transactions, as it does for UNIX sockets.)
 *
 * The files of a message are of others; so they keep no module that keeps this
 * one, and closing them at the end of a network namespace, or at the exit of the
 * module, ends there. fput() defers the work, in whatever context.
 */
#ifndef _IPCBOX_FDS_H
#define _IPCBOX_FDS_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct file;
struct ipcbox_user;

/**
 * struct ipcbox_fds - the files of a message, and of all copies of it
 * @ref: references: messages, receivers
 * @charged: descriptors that @user is charged for: those of all or, after
 *	ipcbox_fds_uncharge(), none
 * @user: who is charged; an account with a charge stays
 * @node: on the way out of a queue
 * @nr: how many
 * @files: a reference on each
 */
struct ipcbox_fds {
	refcount_t ref;
	unsigned int charged;
	struct ipcbox_user *user;
	struct list_head node;
	unsigned int nr;
	struct file *files[];
};

/**
 * struct ipcbox_landing - numbers that are reserved for files
 * @fds: the files; NULL until there are any
 * @arrive: how many of them have a number
 * @nr: how many numbers there are
 * @numbers: the caller's
 */
struct ipcbox_landing {
	struct ipcbox_fds *fds;
	unsigned int arrive;
	unsigned int nr;
	int numbers[];
};

struct ipcbox_fds *ipcbox_fds_new(struct ipcbox_user *user,
				  const __s32 __user *numbers, unsigned int nr);
void ipcbox_fds_uncharge(struct ipcbox_fds *fds);
void ipcbox_fds_release(struct ipcbox_fds *fds);

struct ipcbox_landing *ipcbox_landing_new(unsigned int nr);
int ipcbox_landing_tell(struct ipcbox_landing *landing, struct ipcbox_fds *fds,
			__s32 __user *numbers, unsigned int nr);
void ipcbox_landing_end(struct ipcbox_landing *landing, bool install);

static inline struct ipcbox_fds *ipcbox_fds_get(struct ipcbox_fds *fds)
{
	refcount_inc(&fds->ref);
	return fds;
}

static inline void ipcbox_fds_put(struct ipcbox_fds *fds)
{
	if (refcount_dec_and_test(&fds->ref))
		ipcbox_fds_release(fds);
}

#endif /* _IPCBOX_FDS_H */
