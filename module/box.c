// SPDX-License-Identifier: GPL-2.0-only
/* Boxes: one for each network namespace, and the trees of ports in it */

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "box.h"
#include "port.h"
#include "trace.h"

static unsigned int ipcbox_net_id;

struct ipcbox_net {
	struct ipcbox_box *box;
};

struct ipcbox_box *ipcbox_box_of_net(struct net *net)
{
	struct ipcbox_net *in = net_generic(net, ipcbox_net_id);

	return in->box;
}

struct ipcbox_box *ipcbox_box_get(struct ipcbox_box *box)
{
	kref_get(&box->ref);
	return box;
}

/* The box of the caller's network namespace. */
struct ipcbox_box *ipcbox_box_get_current(void)
{
	return ipcbox_box_get(ipcbox_box_of_net(current->nsproxy->net_ns));
}

static void ipcbox_box_release(struct kref *ref)
{
	struct ipcbox_box *box = container_of(ref, struct ipcbox_box, ref);

	put_user_ns(box->user_ns);
	kfree(box);
}

void ipcbox_box_put(struct ipcbox_box *box)
{
	kref_put(&box->ref, ipcbox_box_release);
}

/* Is the caller above the modes of the ports here? */
bool ipcbox_box_capable(const struct ipcbox_box *box)
{
	return ns_capable(box->user_ns, CAP_IPC_OWNER);
}

u64 ipcbox_box_new_id(struct ipcbox_box *box)
{
	return atomic64_inc_return(&box->last_id);
}

/* How many ports there are. */
u64 ipcbox_box_ports(struct ipcbox_box *box)
{
	u64 ports;

	down_read(&box->lock);
	ports = box->ports;
	up_read(&box->lock);
	return ports;
}

/* Is its namespace gone? */
bool ipcbox_box_gone(struct ipcbox_box *box)
{
	bool gone;

	down_read(&box->lock);
	gone = box->dead;
	up_read(&box->lock);
	return gone;
}

/* The trees */

static struct ipcbox_port *ipcbox_port_by_id(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_port, by_id);
}

static struct ipcbox_port *ipcbox_port_by_name(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_port, by_name);
}

static bool ipcbox_port_id_less(struct rb_node *a, const struct rb_node *b)
{
	return ipcbox_port_by_id(a)->id < ipcbox_port_by_id(b)->id;
}

static int ipcbox_port_id_cmp(const void *key, const struct rb_node *node)
{
	u64 id = *(const u64 *)key, other = ipcbox_port_by_id(node)->id;

	return id < other ? -1 : id > other;
}

static int ipcbox_port_name_cmp(const void *key, const struct rb_node *node)
{
	return strcmp(key, ipcbox_port_by_name(node)->name);
}

static int ipcbox_port_name_cmp_node(struct rb_node *a,
				     const struct rb_node *b)
{
	return ipcbox_port_name_cmp(ipcbox_port_by_name(a)->name, b);
}

static struct ipcbox_port *ipcbox_port_inbox(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_port, inbox);
}

static int ipcbox_port_inbox_cmp(const void *key, const struct rb_node *node)
{
	const struct pid *process = key;
	const struct pid *other = ipcbox_port_inbox(node)->owner.pid;

	return process < other ? -1 : process > other;
}

static int ipcbox_port_inbox_cmp_node(struct rb_node *a,
				      const struct rb_node *b)
{
	return ipcbox_port_inbox_cmp(ipcbox_port_inbox(a)->owner.pid, b);
}

/*
 * Takes over a reference: the port itself or, if somebody else is about to
 * delete it, NULL with that done.
 */
static struct ipcbox_port *ipcbox_port_unless_gone(struct ipcbox_port *port)
{
	if (!ipcbox_port_gone(port))
		return port;
	ipcbox_port_delete(port);
	ipcbox_port_put(port);
	return NULL;
}

static void ipcbox_box_insert(struct ipcbox_box *box, struct ipcbox_port *port)
{
	lockdep_assert_held_write(&box->lock);
	rb_add(&port->by_id, &box->by_id, ipcbox_port_id_less);
	box->ports++;
	port->linked = true;
	ipcbox_port_get(port);
	if (port->owner_policy != IPCBOX_OWNER_PROCESS)
		return;
	ipcbox_port_get(port);
	ipcbox_watch_begin(&port->owner);
}

/* The one of the same name, or the same owner's inbox, or NULL; then it is in. */
static struct ipcbox_port *ipcbox_box_add(struct ipcbox_box *box,
					  struct ipcbox_port *port)
{
	lockdep_assert_held_write(&box->lock);
	if (port->kind == IPCBOX_KIND_INBOX)
		return ipcbox_port_inbox(rb_find_add(&port->inbox,
						     &box->inboxes,
						     ipcbox_port_inbox_cmp_node));
	if (port->name[0])
		return ipcbox_port_by_name(rb_find_add(&port->by_name,
						       &box->by_name,
						       ipcbox_port_name_cmp_node));
	return NULL;
}

/* -EEXIST with a reference on the port that is there already. */
static int ipcbox_box_try_link(struct ipcbox_box *box, struct ipcbox_port *port,
			       struct ipcbox_port **existing)
{
	lockdep_assert_held_write(&box->lock);
	if (box->dead)
		return -EIDRM;
	*existing = ipcbox_box_add(box, port);
	if (*existing) {
		ipcbox_port_get(*existing);
		return -EEXIST;
	}
	ipcbox_box_insert(box, port);
	return 0;
}

/**
 * ipcbox_box_link() - put a new port into its box, where it can be found
 * @box: box
 * @port: port
 * @existing: with -EEXIST, a reference on the port that has the name, or that is
 *	the inbox of the same process
 *
 * Return: 0, -EEXIST, or -EIDRM if the box is gone
 */
int ipcbox_box_link(struct ipcbox_box *box, struct ipcbox_port *port,
		    struct ipcbox_port **existing)
{
	int ret;

	do {
		down_write(&box->lock);
		ret = ipcbox_box_try_link(box, port, existing);
		up_write(&box->lock);
		if (ret != -EEXIST)
			break;
		*existing = ipcbox_port_unless_gone(*existing);
	} while (!*existing);
	if (!ret)
		trace_ipcbox_port_create(port);
	return ret;
}

/**
 * ipcbox_box_unlink() - take a port out of its box
 * @box: box
 * @port: port
 *
 * Return: true if it was there; the reference of the box is the caller's
 */
bool ipcbox_box_unlink(struct ipcbox_box *box, struct ipcbox_port *port)
{
	bool linked, watched = false;

	down_write(&box->lock);
	linked = port->linked;
	if (linked) {
		rb_erase(&port->by_id, &box->by_id);
		if (port->name[0])
			rb_erase(&port->by_name, &box->by_name);
		if (port->kind == IPCBOX_KIND_INBOX)
			rb_erase(&port->inbox, &box->inboxes);
		box->ports--;
		port->linked = false;
		watched = ipcbox_watch_end(&port->owner);
	}
	up_write(&box->lock);
	if (watched)
		ipcbox_port_put(port);
	return linked;
}

static struct ipcbox_port *
ipcbox_box_lookup_locked(struct ipcbox_box *box,
			 const struct ipcbox_port_key *key)
{
	lockdep_assert_held(&box->lock);
	if (key->name[0])
		return ipcbox_port_by_name(rb_find(key->name, &box->by_name,
						   ipcbox_port_name_cmp));
	return ipcbox_port_by_id(rb_find(&key->id, &box->by_id,
					 ipcbox_port_id_cmp));
}

/**
 * ipcbox_box_find() - find a port by name or by id
 * @box: box
 * @key: name or id
 *
 * Return: a reference, or an ERR_PTR: -ENOENT, -EIDRM if the box is gone
 */
struct ipcbox_port *ipcbox_box_find(struct ipcbox_box *box,
				    const struct ipcbox_port_key *key)
{
	struct ipcbox_port *port;
	bool dead;

	down_read(&box->lock);
	dead = box->dead;
	port = ipcbox_box_lookup_locked(box, key);
	if (port)
		ipcbox_port_get(port);
	up_read(&box->lock);
	if (port)
		port = ipcbox_port_unless_gone(port);
	return port ?: ERR_PTR(dead ? -EIDRM : -ENOENT);
}

/**
 * ipcbox_box_find_inbox() - find the inbox of a process
 * @box: box
 * @process: process
 *
 * Return: as ipcbox_box_find()
 */
struct ipcbox_port *ipcbox_box_find_inbox(struct ipcbox_box *box,
					  const struct pid *process)
{
	struct ipcbox_port *port;
	bool dead;

	down_read(&box->lock);
	dead = box->dead;
	port = ipcbox_port_inbox(rb_find(process, &box->inboxes,
					 ipcbox_port_inbox_cmp));
	if (port)
		ipcbox_port_get(port);
	up_read(&box->lock);
	if (port)
		port = ipcbox_port_unless_gone(port);
	return port ?: ERR_PTR(dead ? -EIDRM : -ENOENT);
}

static struct ipcbox_port *ipcbox_box_next_locked(struct ipcbox_box *box,
						  u64 after)
{
	struct rb_node *node = box->by_id.rb_node;
	struct ipcbox_port *next = NULL;

	lockdep_assert_held(&box->lock);
	while (node) {
		if (ipcbox_port_by_id(node)->id > after) {
			next = ipcbox_port_by_id(node);
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return next;
}

/**
 * ipcbox_box_next() - the port with the next higher id
 * @box: box
 * @after: id, 0 to begin
 *
 * Return: a reference, or NULL after the last; ERR_PTR(-EIDRM) if the box is
 * gone
 */
struct ipcbox_port *ipcbox_box_next(struct ipcbox_box *box, u64 after)
{
	struct ipcbox_port *port, *live;
	bool dead;

	do {
		down_read(&box->lock);
		dead = box->dead;
		port = ipcbox_box_next_locked(box, after);
		if (port)
			ipcbox_port_get(port);
		up_read(&box->lock);
		if (!port)
			return dead ? ERR_PTR(-EIDRM) : NULL;
		after = port->id;
		live = ipcbox_port_unless_gone(port);
	} while (!live);
	return live;
}

/* Beginning and end */

static struct ipcbox_box *ipcbox_box_new(const struct net *net)
{
	struct ipcbox_box *box = kzalloc(sizeof(*box), GFP_KERNEL_ACCOUNT);

	if (!box)
		return NULL;
	kref_init(&box->ref);
	init_rwsem(&box->lock);
	box->by_id = RB_ROOT;
	box->by_name = RB_ROOT;
	box->inboxes = RB_ROOT;
	box->user_ns = get_user_ns(net->user_ns);
	box->net_inum = net->ns.inum;
	return box;
}

static int __net_init ipcbox_net_init(struct net *net)
{
	struct ipcbox_net *in = net_generic(net, ipcbox_net_id);

	in->box = ipcbox_box_new(net);
	return in->box ? 0 : -ENOMEM;
}

static void ipcbox_box_delete_ports(struct ipcbox_box *box)
{
	struct ipcbox_port *port;
	u64 id = 0;

	for (;;) {
		down_read(&box->lock);
		port = ipcbox_box_next_locked(box, id);
		if (port)
			ipcbox_port_get(port);
		up_read(&box->lock);
		if (!port)
			break;
		id = port->id;
		ipcbox_port_delete(port);
		ipcbox_port_put(port);
	}
}

static void __net_exit ipcbox_net_exit(struct net *net)
{
	struct ipcbox_box *box = ipcbox_box_of_net(net);

	down_write(&box->lock);
	box->dead = true;
	up_write(&box->lock);
	ipcbox_box_delete_ports(box);
	ipcbox_box_put(box);
}

static struct pernet_operations ipcbox_net_ops = {
	.init	= ipcbox_net_init,
	.exit	= ipcbox_net_exit,
	.id	= &ipcbox_net_id,
	.size	= sizeof(struct ipcbox_net),
};

int __init ipcbox_box_module_init(void)
{
	return register_pernet_subsys(&ipcbox_net_ops);
}

void ipcbox_box_module_exit(void)
{
	unregister_pernet_subsys(&ipcbox_net_ops);
}
