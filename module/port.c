// SPDX-License-Identifier: GPL-2.0-only
/* Ports: permissions, attachment, beginning and end */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "box.h"
#include "fds.h"
#include "port.h"
#include "quota.h"
#include "trace.h"

/* Permissions */

static bool ipcbox_port_may_manage_locked(const struct ipcbox_port *port)
{
	lockdep_assert_held(&port->box->lock);
	return uid_eq(current_euid(), port->uid) ||
	       uid_eq(current_euid(), port->creator_uid) ||
	       ipcbox_box_capable(port->box);
}

/* May the caller change and delete the port? */
bool ipcbox_port_may_manage(const struct ipcbox_port *port)
{
	bool may;

	down_read(&port->box->lock);
	may = ipcbox_port_may_manage_locked(port);
	up_read(&port->box->lock);
	return may;
}

/* As ipcperms(): the first class that the caller belongs to decides. */
static u32 ipcbox_port_mode_of_current(const struct ipcbox_port *port)
{
	lockdep_assert_held(&port->box->lock);
	if (uid_eq(current_euid(), port->uid) ||
	    uid_eq(current_euid(), port->creator_uid))
		return port->mode >> 6;
	if (in_egroup_p(port->gid))
		return port->mode >> 3;
	return port->mode;
}

static bool ipcbox_port_permits_locked(const struct ipcbox_port *port,
				       u32 rights)
{
	u32 wanted = 0;

	if (rights & IPCBOX_RIGHT_RECV)
		wanted |= 0004;
	if (rights & IPCBOX_RIGHT_SEND)
		wanted |= 0002;
	if (wanted & ~ipcbox_port_mode_of_current(port) &&
	    !ipcbox_box_capable(port->box))
		return false;
	return !(rights & IPCBOX_RIGHT_MANAGE) ||
	       ipcbox_port_may_manage_locked(port);
}

/**
 * ipcbox_port_permit() - may the caller open the port with these rights?
 * @port: port
 * @rights: IPCBOX_RIGHT_*
 *
 * Return: 0, -EINVAL or -EACCES
 */
int ipcbox_port_permit(const struct ipcbox_port *port, u32 rights)
{
	bool permits;

	if (rights & ~IPCBOX_RIGHTS)
		return -EINVAL;
	if (rights & IPCBOX_RIGHT_RECV && !ipcbox_port_receivable(port))
		return -EACCES;
	down_read(&port->box->lock);
	permits = ipcbox_port_permits_locked(port, rights);
	up_read(&port->box->lock);
	return permits ? 0 : -EACCES;
}

/* Attachment */

/* The caller's place, the one that it has or a free one; NULL if all are taken. */
static struct ipcbox_member *ipcbox_port_place(struct ipcbox_port *port)
{
	struct ipcbox_member *place, *free = NULL;

	lockdep_assert_held(&port->queue.lock);
	for (place = port->pair; place < port->pair + ARRAY_SIZE(port->pair);
	     place++) {
		if (place->process == task_tgid(current))
			return place;
		if (!place->process)
			free = place;
	}
	return free;
}

static struct ipcbox_member *ipcbox_port_join(struct ipcbox_port *port)
{
	struct ipcbox_member *member = ipcbox_port_place(port);

	if (!member->handles++)
		member->process = get_pid(task_tgid(current));
	return member;
}

static void ipcbox_port_leave(struct ipcbox_port *port,
			      struct ipcbox_member *member)
{
	lockdep_assert_held(&port->queue.lock);
	if (--member->handles)
		return;
	put_pid(member->process);
	member->process = NULL;
}

/* Counts one in or out. The first and the last is an event. */
static u64 ipcbox_port_count_one(u32 *count, int n, u64 came, u64 went)
{
	*count += n;
	if (n < 0)
		return *count ? 0 : went;
	return *count == 1 ? came : 0;
}

static u64 ipcbox_port_count(struct ipcbox_port *port, u32 rights, int n,
			     struct list_head *dropped,
			     struct ipcbox_wake *wake)
{
	u64 what = 0;

	lockdep_assert_held(&port->queue.lock);
	/* One without rights only looks on. It keeps nothing alive. */
	if (rights)
		port->handles += n;
	if (rights & IPCBOX_RIGHT_SEND)
		what |= ipcbox_port_count_one(&port->senders, n,
					      IPCBOX_EVENT_SENDER_CAME,
					      IPCBOX_EVENT_SENDER_WENT);
	if (rights & IPCBOX_RIGHT_RECV)
		what |= ipcbox_port_count_one(&port->receivers, n,
					      IPCBOX_EVENT_RECEIVER_CAME,
					      IPCBOX_EVENT_RECEIVER_WENT);
	if (port->queue.has_ends)
		ipcbox_ends_look_locked(port, dropped, wake);
	return what;
}

/*
 * Those who receive from queues of their own are told without the lock of the
 * port's queue; so there who comes and who goes is one after the other.
 */
static void ipcbox_port_lock_attachment(struct ipcbox_port *port)
	__acquires(&port->queue.lock)
{
	if (ipcbox_port_broadcasts(port))
		mutex_lock(&port->broadcast.lock);
	spin_lock(&port->queue.lock);
}

static void ipcbox_port_unlock_attachment(struct ipcbox_port *port, u64 what,
					  struct ipcbox_wake *wake)
	__releases(&port->queue.lock)
{
	ipcbox_queue_announce_locked(&port->queue, what, 1, wake);
	ipcbox_queue_unlock_and_wake(&port->queue, wake);
	if (!ipcbox_port_broadcasts(port))
		return;
	if (what)
		ipcbox_broadcast_announce(port, what);
	mutex_unlock(&port->broadcast.lock);
}

/**
 * ipcbox_port_attach() - count a handle in
 * @port: port
 * @rights: of the handle
 * @nonblock: opened by one who does not want to wait
 * @member: set to the place that the handle takes on a port of sharing pair,
 *	else to NULL; for ipcbox_port_detach()
 * @partners: of a stream: for ipcbox_ends_await()
 *
 * Return: 0, -EIDRM if the port is deleted, -EUSERS if two other processes
 * share it, or -ENXIO as ipcbox_ends_open_locked()
 */
int ipcbox_port_attach(struct ipcbox_port *port, u32 rights, bool nonblock,
		       struct ipcbox_member **member, u64 *partners)
{
	bool joins = rights && port->sharing == IPCBOX_SHARE_PAIR;
	struct ipcbox_wake wake = {};
	u64 what = 0;
	int ret = 0;

	*member = NULL;
	ipcbox_port_lock_attachment(port);
	if (port->queue.dead)
		ret = -EIDRM;
	else if (joins && !ipcbox_port_place(port))
		ret = -EUSERS;
	else if (port->queue.stream)
		ret = ipcbox_ends_open_locked(port, rights, nonblock, partners);
	if (!ret && joins)
		*member = ipcbox_port_join(port);
	if (!ret)
		what = ipcbox_port_count(port, rights, 1, NULL, &wake);
	ipcbox_port_unlock_attachment(port, what, &wake);
	if (port->queue.stream)
		wake_up_interruptible_all(&port->ends.opening);
	return ret;
}

/* Counts a handle out; the last may take the port along. */
void ipcbox_port_detach(struct ipcbox_port *port, u32 rights,
			struct ipcbox_member *member)
{
	struct ipcbox_queue *queue = &port->queue;
	struct ipcbox_wake wake = {};
	LIST_HEAD(dropped);
	bool last;
	u64 what;

	ipcbox_port_lock_attachment(port);
	what = ipcbox_port_count(port, rights, -1, &dropped, &wake);
	if (member)
		ipcbox_port_leave(port, member);
	/* Whoever called while there was a server learns that it has gone. */
	if (rights & IPCBOX_RIGHT_RECV && !port->receivers)
		ipcbox_queue_fail_calls_locked(queue, -EOWNERDEAD, &wake);
	last = rights && !port->handles &&
	       port->owner_policy == IPCBOX_OWNER_HANDLE;
	/* Nobody attaches between this decision and the deletion. */
	if (last)
		WRITE_ONCE(queue->dead, true);
	ipcbox_port_unlock_attachment(port, what, &wake);
	ipcbox_queue_free_dropped(queue, &dropped);
	ipcbox_ends_discard(port);
	if (last)
		ipcbox_port_delete(port);
}

/**
 * ipcbox_port_drop_fds() - close the descriptors in a port that nobody has open
 * @port: port; nothing is done if it has a handle
 *
 * Else a file that keeps the box, see fds.h, would keep itself.
 */
void ipcbox_port_drop_fds(struct ipcbox_port *port)
{
	struct ipcbox_fds *fds, *next;
	LIST_HEAD(dropped);

	if (likely(!READ_ONCE(port->queue.carries_fds)))
		return;
	spin_lock(&port->queue.lock);
	if (!port->handles)
		ipcbox_queue_drop_fds_locked(&port->queue, &dropped);
	spin_unlock(&port->queue.lock);
	list_for_each_entry_safe(fds, next, &dropped, node)
		ipcbox_fds_put(fds);
}

/* Ownership by a process */

static struct ipcbox_port *ipcbox_port_of_owner(struct ipcbox_watch *watch)
{
	return container_of(watch, struct ipcbox_port, owner);
}

static void ipcbox_port_owner_get(struct ipcbox_watch *watch)
{
	ipcbox_port_get(ipcbox_port_of_owner(watch));
}

static void ipcbox_port_owner_put(struct ipcbox_watch *watch)
{
	ipcbox_port_put(ipcbox_port_of_owner(watch));
}

static void ipcbox_port_owner_exited(struct ipcbox_watch *watch)
{
	ipcbox_port_delete(ipcbox_port_of_owner(watch));
}

static const struct ipcbox_watch_ops ipcbox_port_owner_ops = {
	.get	= ipcbox_port_owner_get,
	.put	= ipcbox_port_owner_put,
	.exited	= ipcbox_port_owner_exited,
};

/* Beginning and end */

static void ipcbox_port_init(struct ipcbox_port *port, struct ipcbox_box *box,
			     const struct ipcbox_port_attr *attr)
{
	kref_init(&port->ref);
	port->charged = true;
	port->box = ipcbox_box_get(box);
	port->id = ipcbox_box_new_id(box);
	strscpy(port->name, attr->name, sizeof(port->name));
	port->kind = attr->kind;
	port->owner_policy = attr->owner;
	port->sharing = attr->sharing;
	port->mode = attr->mode;
	port->uid = attr->uid;
	port->gid = attr->gid;
	port->creator_uid = attr->creator_uid;
	port->created = ktime_get_real_ns();
	ipcbox_watch_init(&port->owner, attr->process, &ipcbox_port_owner_ops);
	ipcbox_queue_init(&port->queue, &attr->limits,
			  attr->sharing == IPCBOX_SHARE_ONE);
	ipcbox_broadcast_init(&port->broadcast);
	ipcbox_ring_init(&port->ring);
	ipcbox_leases_init(&port->leases);
	ipcbox_ends_init(port);
	port->queue.port_id = port->id;
}

/**
 * ipcbox_port_new() - make a port
 * @box: box that it is for; ipcbox_box_link() puts it there
 * @attr: attributes
 *
 * The port is charged to the caller until it is deleted or, if it is never
 * linked, freed. (Whoever keeps a handle on a deleted port pays for the file.)
 *
 * Return: a reference, or an ERR_PTR: -EDQUOT, -ENOMEM
 */
struct ipcbox_port *ipcbox_port_new(struct ipcbox_box *box,
				    const struct ipcbox_port_attr *attr)
{
	struct ipcbox_port *port;
	int ret = -ENOMEM;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->user = ipcbox_user_get_current();
	if (!port->user)
		goto fail;
	ret = ipcbox_user_charge_port(port->user);
	if (ret == -EDQUOT) {
		/* Ports of processes that have exited may still be charged. */
		ipcbox_watch_flush();
		ret = ipcbox_user_charge_port(port->user);
	}
	if (ret)
		goto fail_user;
	ipcbox_port_init(port, box, attr);
	return port;

fail_user:
	ipcbox_user_put(port->user);
fail:
	kfree(port);
	return ERR_PTR(ret);
}

/* Once, by whoever unlinks the port or, if nobody does, frees it. */
static void ipcbox_port_uncharge(struct ipcbox_port *port)
{
	if (!port->charged)
		return;
	port->charged = false;
	ipcbox_user_uncharge_port(port->user);
}

/**
 * ipcbox_port_delete() - delete a port
 * @port: port; the caller keeps its reference
 *
 * Return: whether it was there to be deleted
 */
bool ipcbox_port_delete(struct ipcbox_port *port)
{
	if (!ipcbox_box_unlink(port->box, port))
		return false;
	trace_ipcbox_port_delete(port);
	ipcbox_port_uncharge(port);
	ipcbox_queue_kill(&port->queue, ipcbox_port_owner_gone(port) ?
					-EOWNERDEAD : -EIDRM);
	ipcbox_broadcast_kill(port);
	wake_up_interruptible_all(&port->ends.opening);
	ipcbox_ring_kill(&port->ring);
	ipcbox_leases_stop(&port->leases);
	ipcbox_dead_letter_end(port);
	/* That of the box. */
	ipcbox_port_put(port);
	return true;
}

/* For ipcbox_port_put(), with the last reference. */
void ipcbox_port_release(struct kref *ref)
{
	struct ipcbox_port *port = container_of(ref, struct ipcbox_port, ref);

	WARN_ON_ONCE(port->linked || port->handles || port->dead_letter.port ||
		     !list_empty(&port->ring.lanes));
	ipcbox_queue_release(&port->queue);
	ipcbox_watch_release(&port->owner);
	ipcbox_port_uncharge(port);
	ipcbox_user_put(port->user);
	ipcbox_box_put(port->box);
	kfree(port);
}
