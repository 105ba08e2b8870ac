/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A handle: an open file on a port, with the rights it was opened with
 *
 * It is a pair of queues, one to receive from and one to send to, so that all
 * kinds of ports share one send path and one receive path. For a mailbox both
 * are the queue of the port; for an end of a connection, or of a pipe that goes both
 * ways, they are those of two ports, crossed.
 */
#ifndef _IPCBOX_HANDLE_H
#define _IPCBOX_HANDLE_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/types.h>

struct ipcbox_ioctl;
struct ipcbox_member;
struct ipcbox_news;
struct ipcbox_port;
struct ipcbox_queue;
struct ipcbox_subscriber;
struct ipcbox_user;

struct inode;
struct ipcbox_ioctl;
struct seq_file;

struct ipcbox_handle {
	struct ipcbox_port *port;
	struct ipcbox_port *out;	/* it sends to, if to another, or NULL */
	struct ipcbox_subscriber *subscriber; /* to a broadcast, or NULL */
	struct ipcbox_queue *rx;
	struct ipcbox_queue *tx;
	struct ipcbox_user *user;	/* who opened it, mostly who sends */
	u32 rights;
	bool attached;			/* constant once it can be used */
	struct ipcbox_member *member;	/* see ipcbox_port_attach() */
	u64 partners;			/* see ipcbox_ends_await() */
	struct list_head holders;	/* rx->lock; see held.h */
	struct ipcbox_news *news;	/* NULL until it subscribes, then constant */
};

extern const struct file_operations ipcbox_handle_fops;

static inline struct ipcbox_handle *ipcbox_handle_of(const struct file *file)
{
	return file->private_data;
}

struct file *ipcbox_handle_open(struct ipcbox_port *port,
				struct ipcbox_port *out, u32 rights,
				bool nonblock);
int ipcbox_handle_open_fd(struct ipcbox_port *port, u32 rights, bool nonblock);
int ipcbox_handle_install(int fd, struct file *file);
int ipcbox_handle_ioctl_stat(struct ipcbox_ioctl *call);
int ipcbox_handle_ioctl_set(struct ipcbox_ioctl *call);

/* Of the files of any kind of handle. */
int ipcbox_handle_fionread(struct ipcbox_handle *handle, int __user *n);
void ipcbox_handle_show_fdinfo(struct seq_file *seq, struct file *file);
int ipcbox_handle_release(struct inode *inode, struct file *file);

#endif /* _IPCBOX_HANDLE_H */
