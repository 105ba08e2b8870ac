/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A box: the ports that one network namespace sees, by name and by id
 *
 * The box is made with its namespace and dies with it, and all its ports then;
 * an open /dev/ipcbox keeps the memory of the box but not the namespace, and
 * finds it gone (EIDRM). Two trees under one semaphore: opening a port is no
 * fast path, and trees give listings an order that survives changes.
 */
#ifndef _IPCBOX_BOX_H
#define _IPCBOX_BOX_H

#include <linux/kref.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/types.h>

struct ipcbox_port;
struct net;
struct pid;
struct user_namespace;

struct ipcbox_box {
	struct kref ref;
	struct user_namespace *user_ns;	/* of the network namespace */
	unsigned int net_inum;		/* its number in /proc/PID/ns/net */
	atomic64_t last_id;

	struct rw_semaphore lock;
	/* lock */
	bool dead;
	u64 ports;
	struct rb_root by_id;
	struct rb_root by_name;
	struct rb_root inboxes;		/* by owner */
};

/**
 * struct ipcbox_port_key - how a caller names a port
 * @name: name; empty to use @id
 * @id: id
 */
struct ipcbox_port_key {
	const char *name;
	u64 id;
};

struct ipcbox_box *ipcbox_box_of_net(struct net *net);
struct ipcbox_box *ipcbox_box_get_current(void);
struct ipcbox_box *ipcbox_box_get(struct ipcbox_box *box);
void ipcbox_box_put(struct ipcbox_box *box);
bool ipcbox_box_capable(const struct ipcbox_box *box);
u64 ipcbox_box_new_id(struct ipcbox_box *box);
u64 ipcbox_box_ports(struct ipcbox_box *box);
bool ipcbox_box_gone(struct ipcbox_box *box);

int ipcbox_box_link(struct ipcbox_box *box, struct ipcbox_port *port,
		    struct ipcbox_port **existing);
bool ipcbox_box_unlink(struct ipcbox_box *box, struct ipcbox_port *port);
struct ipcbox_port *ipcbox_box_find(struct ipcbox_box *box,
				    const struct ipcbox_port_key *key);
struct ipcbox_port *ipcbox_box_find_inbox(struct ipcbox_box *box,
					  const struct pid *process);
struct ipcbox_port *ipcbox_box_next(struct ipcbox_box *box, u64 after);

int ipcbox_box_module_init(void);
void ipcbox_box_module_exit(void);

#endif /* _IPCBOX_BOX_H */
