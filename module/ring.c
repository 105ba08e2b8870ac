// SPDX-License-Identifier: GPL-2.0-only
/* Handles on ring ports: attaching, sleep and wake */

#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "handle.h"
#include "ioctl.h"
#include "port.h"
#include "ring.h"

/* Attaching */

/* The right is the side. */
static int ipcbox_ring_side(const struct ipcbox_handle *handle, u32 side)
{
	if (side != IPCBOX_RIGHT_SEND && side != IPCBOX_RIGHT_RECV)
		return -EINVAL;
	return handle->rights & side ? 0 : -EBADF;
}

static struct ipcbox_lane *ipcbox_ring_produce(struct ipcbox_handle *handle)
{
	struct ipcbox_port *port = handle->port;
	struct ipcbox_lane *lane;
	int ret;

	lane = ipcbox_lane_new(&port->ring, port->queue.limits.max_bytes,
			       handle->user);
	if (IS_ERR(lane))
		return lane;
	ret = ipcbox_lane_add(lane, port->queue.limits.max_messages, handle);
	if (!ret)
		return lane;
	ipcbox_lane_put(lane);
	return ERR_PTR(ret);
}

static int ipcbox_ring_ioctl_attach(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	struct ipcbox_ring_attach *arg = &call->arg.ring_attach;
	struct ipcbox_lane *lane;
	int ret;

	ret = ipcbox_ring_side(handle, arg->side);
	if (ret)
		return ret;
	if (arg->reserved)
		return -EINVAL;
	if (arg->side == IPCBOX_RIGHT_SEND)
		lane = ipcbox_ring_produce(handle);
	else
		lane = ipcbox_lane_take(&handle->port->ring, handle);
	if (IS_ERR(lane))
		return PTR_ERR(lane);
	arg->lane = lane->id;
	arg->size = lane->size;
	arg->capacity = lane->capacity;
	arg->offset = ipcbox_ring_offset(lane->id);
	ret = ipcbox_ioctl_put(call);
	if (ret)
		ipcbox_lane_leave(lane, handle, 0);
	ipcbox_lane_put(lane);
	return ret;
}

/* Sleep and wake */

static enum ipcbox_lane_side ipcbox_ring_side_of_right(u32 right)
{
	return right == IPCBOX_RIGHT_SEND ? IPCBOX_LANE_PRODUCER :
					    IPCBOX_LANE_CONSUMER;
}

static bool ipcbox_ring_means(const struct ipcbox_lane *lane, u32 id)
{
	return id == IPCBOX_RING_ANY || lane->id == id;
}

/* A consumer of all lanes also waits for those that nobody consumes yet. */
static bool ipcbox_ring_offers_locked(const struct ipcbox_lane *lane,
				      const struct ipcbox_handle *handle,
				      u32 right, u32 id)
{
	return right == IPCBOX_RIGHT_RECV && id == IPCBOX_RING_ANY &&
	       ipcbox_lane_offered_locked(lane, handle);
}

/*
 * 1 if there is no reason to sleep: a bit is not set, or there is a lane to take;
 * 0 if there is; -EINVAL if nothing could ever end the sleep.
 */
static int ipcbox_ring_ready(struct ipcbox_handle *handle, u32 right, u32 id)
{
	enum ipcbox_lane_side side = ipcbox_ring_side_of_right(right);
	struct ipcbox_ring *ring = &handle->port->ring;
	const struct ipcbox_lane *lane;
	int ret = right == IPCBOX_RIGHT_RECV && id == IPCBOX_RING_ANY ?
		  0 : -EINVAL;

	spin_lock(&ring->lock);
	list_for_each_entry(lane, &ring->lanes, node) {
		u32 waiting = READ_ONCE(ipcbox_lane_end(lane, side)->waiting);

		if (lane->sides[side] == handle && ipcbox_ring_means(lane, id))
			ret = !(waiting & IPCBOX_RING_WAITS);
		else if (ipcbox_ring_offers_locked(lane, handle, right, id))
			ret = 1;
		if (ret > 0)
			break;
	}
	if (ring->dead)
		ret = -EIDRM;
	spin_unlock(&ring->lock);
	return ret;
}

static int ipcbox_ring_sleep(struct ipcbox_handle *handle,
			     const struct ipcbox_ring_wait *arg)
{
	ktime_t deadline = ns_to_ktime(ipcbox_compat_deadline(arg->deadline));
	struct ipcbox_ring *ring = &handle->port->ring;
	bool late = false;
	DEFINE_WAIT(wait);
	int ret;

	for (;;) {
		prepare_to_wait(&ring->wait, &wait, TASK_INTERRUPTIBLE);
		ret = ipcbox_ring_ready(handle, arg->side, arg->lane);
		if (!ret && late)
			ret = -ETIMEDOUT;
		if (!ret && signal_pending(current))
			ret = -ERESTARTSYS;
		if (ret)
			break;
		late = !schedule_hrtimeout(arg->deadline ? &deadline : NULL,
					   HRTIMER_MODE_ABS);
	}
	finish_wait(&ring->wait, &wait);
	return ret < 0 ? ret : 0;
}

static int ipcbox_ring_ioctl_wait(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	const struct ipcbox_ring_wait *arg = &call->arg.ring_wait;
	int ret = ipcbox_ring_side(handle, arg->side);

	if (ret)
		return ret;
	ret = ipcbox_ring_ready(handle, arg->side, arg->lane);
	if (ret)
		return ret < 0 ? ret : 0;
	if (arg->flags & IPCBOX_NOWAIT || call->file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return ipcbox_ring_sleep(handle, arg);
}

static int ipcbox_ring_ioctl_wake(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	const struct ipcbox_ring_wait *arg = &call->arg.ring_wait;
	struct ipcbox_ring *ring = &handle->port->ring;
	int ret = ipcbox_ring_side(handle, arg->side);
	enum ipcbox_lane_side side;
	struct ipcbox_lane *lane;

	if (ret)
		return ret;
	if (arg->deadline)
		return -EINVAL;
	side = ipcbox_ring_side_of_right(arg->side);
	ret = -EINVAL;
	spin_lock(&ring->lock);
	list_for_each_entry(lane, &ring->lanes, node)
		if (lane->sides[side] == handle &&
		    ipcbox_ring_means(lane, arg->lane)) {
			ipcbox_lane_wake_locked(lane, !side);
			ret = 0;
		}
	if (ring->dead)
		ret = -EIDRM;
	spin_unlock(&ring->lock);
	if (!ret)
		ipcbox_ring_wake(ring);
	return ret;
}

static __poll_t ipcbox_ring_poll(struct file *file, poll_table *table)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(file);
	struct ipcbox_ring *ring = &handle->port->ring;
	__poll_t ready = 0;

	poll_wait(file, &ring->wait, table);
	if (handle->rights & IPCBOX_RIGHT_RECV &&
	    ipcbox_ring_ready(handle, IPCBOX_RIGHT_RECV, IPCBOX_RING_ANY) > 0)
		ready |= EPOLLIN | EPOLLRDNORM;
	if (handle->rights & IPCBOX_RIGHT_SEND &&
	    ipcbox_ring_ready(handle, IPCBOX_RIGHT_SEND, IPCBOX_RING_ANY) > 0)
		ready |= EPOLLOUT | EPOLLWRNORM;
	if (ipcbox_port_gone(handle->port))
		ready |= EPOLLHUP | EPOLLERR;
	return ready;
}

/* The file */

static const struct ipcbox_ioctl_row ipcbox_ring_rows[] = {
	[_IOC_NR(IPCBOX_STAT) - _IOC_NR(IPCBOX_SEND)] = {
		.cmd	= IPCBOX_STAT,
		.min_size = offsetofend(struct ipcbox_stat, lanes),
		.run	= ipcbox_handle_ioctl_stat,
	},
	[_IOC_NR(IPCBOX_SET) - _IOC_NR(IPCBOX_SEND)] = {
		.cmd	= IPCBOX_SET,
		.min_size = offsetofend(struct ipcbox_set, max_bytes),
		.flags	= IPCBOX_SET_MODE | IPCBOX_SET_UID | IPCBOX_SET_GID,
		.rights	= IPCBOX_RIGHT_MANAGE,
		.run	= ipcbox_handle_ioctl_set,
	},
	[_IOC_NR(IPCBOX_RING_ATTACH) - _IOC_NR(IPCBOX_SEND)] = {
		.cmd	= IPCBOX_RING_ATTACH,
		.min_size = offsetofend(struct ipcbox_ring_attach, reserved),
		.run	= ipcbox_ring_ioctl_attach,
	}, {
		.cmd	= IPCBOX_RING_WAIT,
		.min_size = offsetofend(struct ipcbox_ring_wait, deadline),
		.flags	= IPCBOX_NOWAIT,
		.run	= ipcbox_ring_ioctl_wait,
	}, {
		.cmd	= IPCBOX_RING_WAKE,
		.min_size = offsetofend(struct ipcbox_ring_wait, deadline),
		.run	= ipcbox_ring_ioctl_wake,
	},
};

static const struct ipcbox_ioctl_table ipcbox_ring_table = {
	.first	= _IOC_NR(IPCBOX_SEND),
	.nr	= ARRAY_SIZE(ipcbox_ring_rows),
	.rows	= ipcbox_ring_rows,
};

static long ipcbox_ring_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	return ipcbox_ioctl_run(&ipcbox_ring_table, file,
				ipcbox_handle_of(file)->rights, cmd, arg);
}

const struct file_operations ipcbox_ring_fops = {
	.owner		= THIS_MODULE,
	.poll		= ipcbox_ring_poll,
	.mmap		= ipcbox_ring_mmap,
	.unlocked_ioctl	= ipcbox_ring_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= ipcbox_handle_show_fdinfo,
	.release	= ipcbox_handle_release,
};
