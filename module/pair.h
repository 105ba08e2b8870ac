/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pairs: ports without a name, and both their ends
 *
 * With one port, the first end receives and the second one sends. With two, the
 * ends have them crossed: each receives from its own and sends to the other.
 * The ports go with their last handle.
 */
#ifndef _IPCBOX_PAIR_H
#define _IPCBOX_PAIR_H

#include <linux/types.h>

#include <linux/ipcbox.h>

struct file;
struct ipcbox_box;
struct ipcbox_port;

/**
 * struct ipcbox_pair - a pair in the making
 * @box: where
 * @create: attributes of the ports
 * @ports: one, or one for each way
 * @files: the ends, until they are taken
 */
struct ipcbox_pair {
	struct ipcbox_box *box;
	struct ipcbox_port_create create;
	struct ipcbox_port *ports[2];
	struct file *files[2];
};

void ipcbox_pair_init(struct ipcbox_pair *pair, struct ipcbox_box *box,
		      enum ipcbox_kind kind);
int ipcbox_pair_make(struct ipcbox_pair *pair, bool both_ways,
		     const bool nonblock[2]);
int ipcbox_pair_link(struct ipcbox_pair *pair);
void ipcbox_pair_ids(const struct ipcbox_pair *pair, __u64 ids[2]);
struct file *ipcbox_pair_take(struct ipcbox_pair *pair, int end);
void ipcbox_pair_put(struct ipcbox_pair *pair);

#endif /* _IPCBOX_PAIR_H */
