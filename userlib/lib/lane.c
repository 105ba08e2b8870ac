// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The producer of a lane.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

/**
 * struct ipcbox__lane - what there is behind a struct ipcbox_lane
 * @lane: what the caller has of it
 * @memory: where it is
 * @waiter: how it waits for room
 * @wanted: how much room that is: the length of a record
 * @payload: where that will go
 */
struct ipcbox__lane {
	struct ipcbox_lane lane;
	struct ipcbox__memory memory;
	struct ipcbox__waiter waiter;
	uint32_t wanted;
	void *payload;
};

static struct ipcbox__lane *ipcbox_lane_of(const struct ipcbox_lane *lane)
{
	return ipcbox__container(lane, struct ipcbox__lane, lane);
}

static struct ipcbox__lane *ipcbox_lane_waits(struct ipcbox__waiter *waiter)
{
	return ipcbox__container(waiter, struct ipcbox__lane, waiter);
}

static int ipcbox_lane_look(struct ipcbox__waiter *waiter)
{
	struct ipcbox__lane *this = ipcbox_lane_waits(waiter);

	return ipcbox_ring_reserve(&this->lane.ring, this->wanted,
				   &this->payload);
}

static int ipcbox_lane_say(struct ipcbox__waiter *waiter)
{
	ipcbox_ring_arm(&ipcbox_lane_waits(waiter)->lane.ring.side);
	return 0;
}

static void ipcbox_lane_unsay(struct ipcbox__waiter *waiter)
{
	ipcbox_ring_disarm(&ipcbox_lane_waits(waiter)->lane.ring.side);
}

static void ipcbox_lane_init(struct ipcbox__lane *this, int port)
{
	const struct ipcbox_ring_attach *attach = &this->memory.attach;
	struct ipcbox_ring_producer *ring = &this->lane.ring;

	this->waiter.port = port;
	this->waiter.side = IPCBOX_RIGHT_SEND;
	this->waiter.lane = attach->lane;
	this->waiter.look = ipcbox_lane_look;
	this->waiter.arm = ipcbox_lane_say;
	this->waiter.disarm = ipcbox_lane_unsay;
	ipcbox__waiter_init(&this->waiter);
	ipcbox_ring_producer_init(ring, this->memory.parts[IPCBOX__PRODUCER],
				  this->memory.parts[IPCBOX__CONSUMER],
				  this->memory.parts[IPCBOX__DATA],
				  attach->size, attach->capacity);
	if (this->waiter.light)
		ipcbox_ring_light(&ring->side);
}

int ipcbox_lane_open(struct ipcbox_lane **lane, int port)
{
	struct ipcbox__lane *this = malloc(sizeof(*this));
	int err;

	if (!this)
		return -ENOMEM;
	err = ipcbox__memory_open(&this->memory, port, IPCBOX_RIGHT_SEND);
	if (err) {
		free(this);
		return err;
	}
	ipcbox_lane_init(this, port);
	*lane = &this->lane;
	return 0;
}

void ipcbox_lane_close(struct ipcbox_lane *lane)
{
	struct ipcbox__lane *this = ipcbox_lane_of(lane);

	ipcbox__memory_close(&this->memory);
	free(this);
}

int ipcbox__lane_wake(const struct ipcbox_lane *lane)
{
	const struct ipcbox__waiter *waiter = &ipcbox_lane_of(lane)->waiter;

	return ipcbox__waiter_wake(waiter, waiter->lane);
}

/* Why the consumer's end has ended. */
static int ipcbox_lane_end(const struct ipcbox_lane *lane)
{
	return ipcbox__waiter_port_gone(&ipcbox_lane_of(lane)->waiter) ?
	       -EIDRM : -EPIPE;
}

/* Who waits for room must not wait for what it has not shown yet. */
static int ipcbox_lane_wait(struct ipcbox__lane *this,
			    const struct ipcbox_options *options)
{
	int err = ipcbox_lane_publish(&this->lane);

	return err ? err : ipcbox__waiter_wait(&this->waiter, options);
}

int ipcbox__lane_reserve(struct ipcbox_lane *lane, size_t len, void **payload,
			 const struct ipcbox_options *options)
{
	struct ipcbox__lane *this = ipcbox_lane_of(lane);
	int ret;

	if (options && options->flags & ~(uint64_t)IPCBOX_NOWAIT)
		return -EINVAL;
	if (len >= IPCBOX_RING_SIZE_MAX)
		return -EMSGSIZE;
	if (ipcbox_ring_get(&lane->ring.side.peer->ended))
		return ipcbox_lane_end(lane);
	this->wanted = (uint32_t)len;
	ret = ipcbox_lane_look(&this->waiter);
	if (ret == -EAGAIN && !(options && options->flags & IPCBOX_NOWAIT))
		ret = ipcbox_lane_wait(this, options);
	if (ret == -EPIPE)
		ret = ipcbox_lane_end(lane);
	if (!ret)
		*payload = this->payload;
	return ret;
}

int ipcbox_lane_send(struct ipcbox_lane *lane, const void *data, size_t len,
		     const struct ipcbox_options *options)
{
	void *payload;
	int err = ipcbox_lane_reserve(lane, len, &payload, options);

	if (err)
		return err;
	if (len)
		memcpy(payload, data, len);
	return ipcbox_lane_commit(lane, len);
}

int ipcbox_lane_arm(struct ipcbox_lane *lane, size_t len)
{
	struct ipcbox__lane *this = ipcbox_lane_of(lane);
	int ret;

	if (len >= IPCBOX_RING_SIZE_MAX)
		return -EMSGSIZE;
	this->wanted = (uint32_t)len;
	ret = ipcbox_lane_publish(lane);
	if (!ret)
		ret = ipcbox__waiter_arm(&this->waiter);
	if (ret == -EPIPE)
		return ipcbox_lane_end(lane);
	if (ret == -EAGAIN)
		return 0;
	return ret ? ret : 1;
}
