// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of ports: checking what a caller wants, changing, describing */

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "box.h"
#include "identity.h"
#include "message.h"
#include "port.h"

#define IPCBOX_MODE_MASK	0666

/* Checking */

static bool ipcbox_port_name_char_valid(unsigned char c)
{
	return (c > 0x20 && c < 0x7f && c != '/') || c >= 0x80;
}

/**
 * ipcbox_port_name_valid() - may a port have this name?
 * @name: IPCBOX_NAME_SIZE bytes from a caller; empty is valid, no name
 *
 * The first character leaves room for options ('-') and for ids ('@') where
 * programs take a name.
 */
bool ipcbox_port_name_valid(const char *name)
{
	size_t i, len = strnlen(name, IPCBOX_NAME_SIZE);

	if (len == IPCBOX_NAME_SIZE || name[0] == '-' || name[0] == '@')
		return false;
	for (i = 0; i < len; i++)
		if (!ipcbox_port_name_char_valid(name[i]))
			return false;
	return !memchr_inv(name + len, 0, IPCBOX_NAME_SIZE - len);
}

/* Also fills in the default of max_msgsize: as large as the others allow. */
static int ipcbox_limits_check(struct ipcbox_limits *limits,
			       enum ipcbox_sharing sharing)
{
	/* Whom should the sender wait for? */
	if (!limits->max_messages && sharing >= IPCBOX_SHARE_ALL)
		return -EINVAL;

	if (!limits->max_msgsize) {
		limits->max_msgsize = ipcbox_max_msgsize_now();
		if (limits->max_bytes)
			limits->max_msgsize = min_t(u64, limits->max_msgsize,
						    limits->max_bytes);
	}
	if (limits->max_bytes && limits->max_bytes < limits->max_msgsize)
		return -EINVAL;
	return 0;
}

/* Each lane has this capacity, and its longest record fills it. */
static int ipcbox_limits_check_ring(struct ipcbox_limits *limits)
{
	if (limits->max_bytes < 2ULL * IPCBOX_RING_HEADER ||
	    limits->max_bytes > ipcbox_ring_capacity_max(IPCBOX_RING_SIZE_MAX) ||
	    !limits->max_messages || limits->max_messages > IPCBOX_RING_LANES ||
	    limits->max_msgsize)
		return -EINVAL;
	limits->max_bytes &= ~(u64)(IPCBOX_RING_ALIGN - 1);
	limits->max_msgsize = ipcbox_ring_record_max(limits->max_bytes);
	return 0;
}

/* Of a stream only the bytes are the caller's choice. */
static int ipcbox_limits_check_stream(struct ipcbox_limits *limits)
{
	if (!limits->max_bytes)
		limits->max_bytes = IPCBOX_STREAM_BYTES;
	if (limits->max_bytes < IPCBOX_STREAM_ATOMIC ||
	    limits->max_bytes > IPCBOX_STREAM_BYTES_MAX)
		return -EINVAL;
	limits->max_msgsize = IPCBOX_STREAM_ATOMIC;
	limits->max_messages = IPCBOX_UNLIMITED;
	return 0;
}

static int ipcbox_limits_check_kind(struct ipcbox_limits *limits,
				    enum ipcbox_kind kind,
				    enum ipcbox_sharing sharing)
{
	switch (kind) {
	case IPCBOX_KIND_STREAM:
		return ipcbox_limits_check_stream(limits);
	case IPCBOX_KIND_RING:
		return ipcbox_limits_check_ring(limits);
	default:
		return ipcbox_limits_check(limits, sharing);
	}
}

/* Kinds, and who shares what of them. */
static bool ipcbox_kind_known(u32 kind, u32 sharing)
{
	switch (kind) {
	case IPCBOX_KIND_MAILBOX:
		return sharing <= IPCBOX_SHARE_ALL_LOSSY;
	case IPCBOX_KIND_STREAM:
		return sharing == IPCBOX_SHARE_ANY ||
		       sharing == IPCBOX_SHARE_PAIR;
	case IPCBOX_KIND_RING:
	case IPCBOX_KIND_LISTENER:
	case IPCBOX_KIND_CONNECTION:
		return sharing == IPCBOX_SHARE_ANY;
	default:
		return false;
	}
}

/**
 * ipcbox_kind_permit() - may anybody have these rights by opening such a port?
 * @kind: of the port
 * @rights: IPCBOX_RIGHT_*
 *
 * One connects to a listener, and so gets the end of a connection.
 *
 * Return: 0, -EINVAL or -EACCES
 */
int ipcbox_kind_permit(u32 kind, u32 rights)
{
	switch (kind) {
	case IPCBOX_KIND_LISTENER:
		return rights & IPCBOX_RIGHT_SEND ? -EINVAL : 0;
	case IPCBOX_KIND_CONNECTION:
		return rights & (IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV) ?
		       -EACCES : 0;
	default:
		return 0;
	}
}

static int ipcbox_uid_parse(kuid_t *uid, u32 id)
{
	*uid = id == IPCBOX_ID_SELF ? current_euid() :
				      make_kuid(current_user_ns(), id);
	return uid_valid(*uid) ? 0 : -EINVAL;
}

static int ipcbox_gid_parse(kgid_t *gid, u32 id)
{
	*gid = id == IPCBOX_ID_SELF ? current_egid() :
				      make_kgid(current_user_ns(), id);
	return gid_valid(*gid) ? 0 : -EINVAL;
}

static int ipcbox_ids_parse(struct ipcbox_port_attr *attr,
			    const struct ipcbox_port_create *arg,
			    struct ipcbox_box *box)
{
	int ret;

	ret = ipcbox_uid_parse(&attr->uid, arg->uid);
	if (!ret)
		ret = ipcbox_gid_parse(&attr->gid, arg->gid);
	if (ret)
		return ret;
	if (uid_eq(attr->uid, current_euid()) && in_egroup_p(attr->gid))
		return 0;
	return ipcbox_box_capable(box) ? 0 : -EPERM;
}

/**
 * ipcbox_port_attr_parse() - check what a caller wants and translate it
 * @attr: result; points into @arg
 * @arg: argument of IPCBOX_PORT_CREATE
 * @box: box that the port is for
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP or -EPERM
 */
int ipcbox_port_attr_parse(struct ipcbox_port_attr *attr,
			   const struct ipcbox_port_create *arg,
			   struct ipcbox_box *box)
{
	int ret;

	/* A port that goes with its last handle must not begin without one. */
	if (arg->owner == IPCBOX_OWNER_HANDLE && !arg->rights)
		return -EINVAL;
	if (!ipcbox_port_name_valid(arg->name) || arg->reserved ||
	    arg->rights & ~IPCBOX_RIGHTS || arg->mode & ~IPCBOX_MODE_MASK ||
	    arg->max_msgsize > ipcbox_max_msgsize_now())
		return -EINVAL;
	if (!ipcbox_kind_known(arg->kind, arg->sharing) ||
	    arg->owner > IPCBOX_OWNER_HANDLE)
		return -EOPNOTSUPP;
	attr->name = arg->name;
	attr->kind = arg->kind;
	attr->owner = arg->owner;
	attr->sharing = arg->sharing;
	attr->mode = arg->mode;
	attr->creator_uid = current_euid();
	attr->process = task_tgid(current);
	attr->limits.max_msgsize = arg->max_msgsize;
	attr->limits.max_messages = arg->max_messages;
	attr->limits.max_bytes = arg->max_bytes;
	ret = ipcbox_limits_check_kind(&attr->limits, attr->kind,
				       attr->sharing);
	return ret ?: ipcbox_ids_parse(attr, arg, box);
}

/* Changing and looking */

static int ipcbox_port_set_limits(struct ipcbox_port *port,
				  const struct ipcbox_set *set)
{
	struct ipcbox_limits limits = port->queue.limits;
	int ret;

	lockdep_assert_held_write(&port->box->lock);
	if (set->flags & IPCBOX_SET_MAX_MSGSIZE)
		limits.max_msgsize = set->max_msgsize;
	if (set->flags & IPCBOX_SET_MAX_MESSAGES)
		limits.max_messages = set->max_messages;
	if (set->flags & IPCBOX_SET_MAX_BYTES)
		limits.max_bytes = set->max_bytes;
	ret = ipcbox_limits_check_kind(&limits, port->kind, port->sharing);
	if (!ret)
		ipcbox_broadcast_set_limits(port, &limits);
	return ret;
}

/* What can fail first; the ids are checked before the limits are changed. */
static int ipcbox_port_set_locked(struct ipcbox_port *port,
				  const struct ipcbox_set *set)
{
	kuid_t uid = port->uid;
	kgid_t gid = port->gid;
	int ret = 0;

	lockdep_assert_held_write(&port->box->lock);
	if (set->flags & IPCBOX_SET_MODE && set->mode & ~IPCBOX_MODE_MASK)
		return -EINVAL;
	if (set->flags & IPCBOX_SET_MAX_MSGSIZE &&
	    set->max_msgsize > ipcbox_max_msgsize_now())
		return -EINVAL;
	if (set->flags & IPCBOX_SET_UID)
		ret = ipcbox_uid_parse(&uid, set->uid);
	if (!ret && set->flags & IPCBOX_SET_GID)
		ret = ipcbox_gid_parse(&gid, set->gid);
	if (!ret)
		ret = ipcbox_port_set_limits(port, set);
	if (ret)
		return ret;

	if (set->flags & IPCBOX_SET_MODE)
		port->mode = set->mode;
	port->uid = uid;
	port->gid = gid;
	return 0;
}

/**
 * ipcbox_port_set() - change attributes, all of them or none
 * @port: port
 * @set: argument of IPCBOX_SET with known flags
 *
 * Return: 0, -EINVAL or -EIDRM, or as ipcbox_dead_letter_parse()
 */
int ipcbox_port_set(struct ipcbox_port *port, const struct ipcbox_set *set)
{
	struct ipcbox_dead_letter dead_letter = {};
	int ret = 0;

	if (set->reserved)
		return -EINVAL;
	if (set->flags & IPCBOX_SET_DEAD_LETTER)
		ret = ipcbox_dead_letter_parse(port, set, &dead_letter);
	if (ret)
		return ret;

	down_write(&port->box->lock);
	ret = port->linked ? ipcbox_port_set_locked(port, set) : -EIDRM;
	if (!ret && set->flags & IPCBOX_SET_DEAD_LETTER)
		ipcbox_dead_letter_swap(port, &dead_letter);
	up_write(&port->box->lock);
	ipcbox_dead_letter_put(&dead_letter);
	return ret;
}

static void ipcbox_port_stat_queue(struct ipcbox_port *port,
				   struct ipcbox_stat *stat)
{
	const struct ipcbox_counts *counts = &port->queue.counts;

	spin_lock(&port->queue.lock);
	stat->max_msgsize = port->queue.limits.max_msgsize;
	stat->max_messages = port->queue.limits.max_messages;
	stat->max_bytes = port->queue.limits.max_bytes;
	stat->messages = port->queue.line.messages;
	stat->bytes = port->queue.line.bytes;
	stat->taken = counts->taken;
	stat->held = counts->held;
	stat->sent = counts->sent;
	stat->received = counts->received;
	stat->sent_bytes = counts->sent_bytes;
	stat->received_bytes = counts->received_bytes;
	stat->waiting_senders = counts->waiting_senders;
	stat->waiting_receivers = counts->waiting_receivers;
	stat->next_size = ipcbox_queue_next_size_locked(&port->queue);
	stat->senders = port->senders;
	stat->receivers = port->receivers;
	stat->handles = port->handles;
	ipcbox_dead_letter_stat_locked(port, stat);
	spin_unlock(&port->queue.lock);
}

static void ipcbox_port_stat_ids(struct ipcbox_port *port,
				 struct ipcbox_stat *stat)
{
	lockdep_assert_held(&port->box->lock);
	stat->mode = port->mode;
	stat->uid = ipcbox_uid_seen(port->uid);
	stat->gid = ipcbox_gid_seen(port->gid);
	stat->creator_uid = ipcbox_uid_seen(port->creator_uid);
	stat->creator_pid = ipcbox_pid_seen(port->owner.pid);
}

/**
 * ipcbox_port_stat() - describe a port as the caller may see it
 * @port: port
 * @subscriber: whose part of a broadcast to tell of; NULL for none
 * @stat: filled in, but for @stat->rights, which becomes 0
 *
 * Return: 0, or -EIDRM
 */
int ipcbox_port_stat(struct ipcbox_port *port,
		     struct ipcbox_subscriber *subscriber,
		     struct ipcbox_stat *stat)
{
	bool gone;

	memset(stat, 0, sizeof(*stat));
	stat->id = port->id;
	memcpy(stat->name, port->name, sizeof(stat->name));
	stat->kind = port->kind;
	stat->owner = port->owner_policy;
	stat->sharing = port->sharing;
	stat->created = port->created;

	down_read(&port->box->lock);
	gone = !port->linked || ipcbox_port_gone(port);
	ipcbox_port_stat_ids(port, stat);
	if (ipcbox_port_broadcasts(port)) {
		/* Nothing is sent meanwhile. */
		mutex_lock(&port->broadcast.lock);
		ipcbox_port_stat_queue(port, stat);
		ipcbox_broadcast_stat_locked(port, subscriber, stat);
		mutex_unlock(&port->broadcast.lock);
	} else {
		ipcbox_port_stat_queue(port, stat);
	}
	if (port->kind == IPCBOX_KIND_RING)
		ipcbox_ring_stat(&port->ring, stat);
	up_read(&port->box->lock);
	return gone ? -EIDRM : 0;
}
