/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctl tables: one row for each command, one parser for all
 *
 * A row says what the parser checks before the verb runs: the size of the
 * argument in the first ABI version, the flags, the rights. The parser copies
 * the argument in, whatever its size; the verb copies it out, at the moment at
 * which a bad pointer may still undo what it does.
 */
#ifndef _IPCBOX_IOCTL_H
#define _IPCBOX_IOCTL_H

#include <linux/types.h>

#include <linux/ipcbox.h>

struct file;

/* Of an element of an array of structs that may grow. */
#define IPCBOX_IOCTL_ENTRY_MAX	4096U

/* Each begins with the flags. */
union ipcbox_ioctl_arg {
	__u64 flags;
	__u64 words[1];
	struct ipcbox_info info;
	struct ipcbox_port_create port_create;
	struct ipcbox_port_open port_open;
	struct ipcbox_port_delete port_delete;
	struct ipcbox_port_list port_list;
	struct ipcbox_user_list user_list;
	struct ipcbox_inbox inbox;
	struct ipcbox_pipe pipe;
	struct ipcbox_stat stat;
	struct ipcbox_set set;
	struct ipcbox_send send;
	struct ipcbox_recv recv;
	struct ipcbox_ack ack;
	struct ipcbox_call call;
	struct ipcbox_reply reply;
	struct ipcbox_events events;
	struct ipcbox_ring_attach ring_attach;
	struct ipcbox_ring_wait ring_wait;
	struct ipcbox_connect connect;
	struct ipcbox_accept accept;
	struct ipcbox_refuse refuse;
	struct ipcbox_shutdown shutdown;
};

/**
 * struct ipcbox_ioctl - one call of a command
 * @file: what it is called on
 * @user: the caller's argument
 * @size: of the argument, what the caller and the module both know
 * @arg: the argument
 */
struct ipcbox_ioctl {
	struct file *file;
	void __user *user;
	size_t size;
	union ipcbox_ioctl_arg arg;
};

/**
 * struct ipcbox_ioctl_row - one command
 * @cmd: command with the size that this module knows; 0 for an unused number
 * @min_size: size of the argument in the first ABI version that had it
 * @flags: allowed in the argument
 * @rights: IPCBOX_RIGHT_* that the descriptor must have
 * @run: the verb
 */
struct ipcbox_ioctl_row {
	unsigned int cmd;
	size_t min_size;
	u64 flags;
	u32 rights;
	int (*run)(struct ipcbox_ioctl *call);
};

/**
 * struct ipcbox_ioctl_table - the commands of one kind of descriptor
 * @first: number of the first
 * @nr: how many
 * @rows: the commands, in the order of their numbers
 */
struct ipcbox_ioctl_table {
	unsigned int first;
	unsigned int nr;
	const struct ipcbox_ioctl_row *rows;
};

long ipcbox_ioctl_run(const struct ipcbox_ioctl_table *table,
		      struct file *file, u32 rights, unsigned int cmd,
		      unsigned long user);
int ipcbox_ioctl_put(struct ipcbox_ioctl *call);
int ipcbox_ioctl_put_entry(const void *entry, u32 known, void __user *to,
			   u32 size);

#endif /* _IPCBOX_IOCTL_H */
