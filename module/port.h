/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port: a named queue with attributes, permissions and an owner
 *
 *	new -> linked -> deleted -> freed
 *
 * A port is made by ipcbox_port_new() and can be found from
 * ipcbox_box_link() on. ipcbox_port_delete() makes it unfindable and kills its
 * queue; the memory goes with the last reference. A reference keeps the memory
 * only: whether operations still work is the queue's to say.
 */
#ifndef _IPCBOX_PORT_H
#define _IPCBOX_PORT_H

#include <linux/kref.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/ipcbox.h>

#include "broadcast.h"
#include "dead_letter.h"
#include "ends.h"
#include "lane.h"
#include "lease.h"
#include "queue.h"
#include "watch.h"

struct ipcbox_box;
struct ipcbox_user;

#define IPCBOX_RIGHTS \
	(IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE)

/**
 * struct ipcbox_member - one of the two processes that share a port
 * @process: which; NULL if the place is free
 * @handles: how many that it has opened are open, whoever has them now
 */
struct ipcbox_member {
	struct pid *process;
	u32 handles;
};

struct ipcbox_port {
	struct kref ref;

	/* Constant. */
	struct ipcbox_box *box;
	u64 id;
	char name[IPCBOX_NAME_SIZE];	/* zero-padded */
	enum ipcbox_kind kind;
	enum ipcbox_owner owner_policy;
	enum ipcbox_sharing sharing;
	kuid_t creator_uid;
	struct ipcbox_user *user;	/* charged for it */
	u64 created;			/* CLOCK_REALTIME, ns */

	bool charged;			/* who unlinks it, or frees it */

	/* box->lock */
	struct rb_node by_id;
	struct rb_node by_name;
	struct rb_node inbox;		/* in box->inboxes, if it is one */
	bool linked;
	u32 mode;
	kuid_t uid;
	kgid_t gid;

	/* queue.lock */
	u32 handles;
	u32 senders;
	u32 receivers;
	struct ipcbox_member pair[2];	/* of a port of sharing pair */
	struct ipcbox_dead_letter dead_letter;

	struct ipcbox_watch owner;
	struct ipcbox_leases leases;
	struct ipcbox_broadcast broadcast;
	struct ipcbox_ends ends;
	struct ipcbox_ring ring;
	atomic64_t last_message_id;
	struct ipcbox_queue queue;
};

/* What a port is created with: struct ipcbox_port_create, checked, and by whom. */
struct ipcbox_port_attr {
	const char *name;
	enum ipcbox_kind kind;
	enum ipcbox_owner owner;
	enum ipcbox_sharing sharing;
	u32 mode;
	kuid_t uid;
	kgid_t gid;
	kuid_t creator_uid;
	struct pid *process;
	struct ipcbox_limits limits;
};

bool ipcbox_port_name_valid(const char *name);
int ipcbox_kind_permit(u32 kind, u32 rights);
int ipcbox_port_attr_parse(struct ipcbox_port_attr *attr,
			   const struct ipcbox_port_create *arg,
			   struct ipcbox_box *box);

struct ipcbox_port *ipcbox_port_new(struct ipcbox_box *box,
				    const struct ipcbox_port_attr *attr);
bool ipcbox_port_delete(struct ipcbox_port *port);
void ipcbox_port_release(struct kref *ref);

bool ipcbox_port_may_manage(const struct ipcbox_port *port);
int ipcbox_port_permit(const struct ipcbox_port *port, u32 rights);
int ipcbox_port_attach(struct ipcbox_port *port, u32 rights, bool nonblock,
		       struct ipcbox_member **member, u64 *partners);
void ipcbox_port_detach(struct ipcbox_port *port, u32 rights,
			struct ipcbox_member *member);
void ipcbox_port_drop_fds(struct ipcbox_port *port);

int ipcbox_port_set(struct ipcbox_port *port, const struct ipcbox_set *set);
int ipcbox_port_stat(struct ipcbox_port *port,
		     struct ipcbox_subscriber *subscriber,
		     struct ipcbox_stat *stat);

/* Does every receiver get every message? */
static inline bool ipcbox_port_broadcasts(const struct ipcbox_port *port)
{
	return port->sharing >= IPCBOX_SHARE_ALL;
}

/* May the caller receive, as far as the owner has a say? */
static inline bool ipcbox_port_receivable(const struct ipcbox_port *port)
{
	return port->owner_policy != IPCBOX_OWNER_PROCESS ||
	       ipcbox_watch_is_current(&port->owner);
}

static inline bool ipcbox_port_owner_gone(const struct ipcbox_port *port)
{
	return port->owner_policy == IPCBOX_OWNER_PROCESS &&
	       ipcbox_watch_exited(&port->owner);
}

/*
 * Deleted, or as good as that: its owner has exited and the work that deletes
 * it has not run yet.
 */
static inline bool ipcbox_port_gone(const struct ipcbox_port *port)
{
	return READ_ONCE(port->queue.dead) || ipcbox_port_owner_gone(port);
}

static inline struct ipcbox_port *ipcbox_port_get(struct ipcbox_port *port)
{
	kref_get(&port->ref);
	return port;
}

static inline void ipcbox_port_put(struct ipcbox_port *port)
{
	kref_put(&port->ref, ipcbox_port_release);
}

#endif /* _IPCBOX_PORT_H */
