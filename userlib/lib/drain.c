// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The consumer of all lanes, one after the other.
 *
 * Each lane has a turn of some records, so that going round costs little while
 * one lane is busy, and no lane waits long while all are. A lane leaves the round
 * when its producer has gone and all is received, or when there is nonsense in it;
 * its memory stays until what was taken from it is released.
 *
 * Who sleeps is told of new lanes. Who never sleeps asks for them, seldom.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

/* Records of a lane before it is the next one's turn. */
#define IPCBOX_TURN		16
/* Turns before the question whether there are new lanes: it is a system call. */
#define IPCBOX_TURNS_TO_ASK	64

/**
 * struct ipcbox__source - a lane of a drain
 * @ring: the protocol's part
 * @memory: where it is
 * @refused: there is nonsense in it: it is not looked at any more
 */
struct ipcbox__source {
	struct ipcbox_ring_consumer ring;
	struct ipcbox__memory memory;
	bool refused;
};

/**
 * struct ipcbox__drain - what there is behind a struct ipcbox_drain
 * @drain: what the caller has of it
 * @waiter: how it waits for records
 * @sources: lanes
 * @count: how many there are
 * @next: which of them is looked at first
 * @turns: how many there were since it was asked for new lanes
 * @found: the last record that was looked for, and found
 * @nonsense: some was found where nobody could be told
 */
struct ipcbox__drain {
	struct ipcbox_drain drain;
	struct ipcbox__waiter waiter;
	struct ipcbox__source *sources[IPCBOX_RING_LANES];
	unsigned int count;
	unsigned int next;
	unsigned int turns;
	struct ipcbox_record found;
	bool nonsense;
};

static struct ipcbox__drain *ipcbox_drain_of(struct ipcbox_drain *drain)
{
	return ipcbox__container(drain, struct ipcbox__drain, drain);
}

static struct ipcbox__drain *ipcbox_drain_waits(struct ipcbox__waiter *waiter)
{
	return ipcbox__container(waiter, struct ipcbox__drain, waiter);
}

/* Lanes come and go. */

static void ipcbox_source_init(struct ipcbox__source *source, bool light)
{
	void *const *parts = source->memory.parts;

	ipcbox_ring_consumer_init(&source->ring, parts[IPCBOX__CONSUMER],
				  parts[IPCBOX__PRODUCER], parts[IPCBOX__DATA],
				  source->memory.attach.size);
	if (light)
		ipcbox_ring_light(&source->ring.side);
	source->refused = false;
}

/* 0, or -EAGAIN if there is no lane to take. */
static int ipcbox_drain_add(struct ipcbox__drain *this)
{
	struct ipcbox__source *source = malloc(sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	err = ipcbox__memory_open(&source->memory, this->waiter.port,
				  IPCBOX_RIGHT_RECV);
	if (err) {
		free(source);
		return err;
	}
	ipcbox_source_init(source, this->waiter.light);
	this->sources[this->count++] = source;
	return 0;
}

/* Takes all lanes that there are to take. */
static int ipcbox_drain_gather(struct ipcbox__drain *this)
{
	int err = 0;

	while (!err && this->count < IPCBOX_RING_LANES)
		err = ipcbox_drain_add(this);
	return err == -EAGAIN ? 0 : err;
}

static void ipcbox_drain_drop(struct ipcbox__drain *this, unsigned int which)
{
	struct ipcbox__source *source = this->sources[which];

	if (this->drain.ring == &source->ring) {
		this->drain.ring = NULL;
		this->drain.turn = 0;
	}
	this->sources[which] = this->sources[--this->count];
	ipcbox__memory_close(&source->memory);
	free(source);
}

/* Nobody else shall have to do with it. */
static void ipcbox_drain_refuse(struct ipcbox__drain *this,
				struct ipcbox__source *source)
{
	source->refused = true;
	if (this->drain.ring == &source->ring)
		this->drain.turn = 0;
	if (ipcbox_ring_finish(&source->ring.side))
		ipcbox__waiter_wake(&this->waiter, source->memory.attach.lane);
}

/* What was peeked at and not taken need not be there any more. */
static void ipcbox_drain_forget(struct ipcbox__drain *this)
{
	if (this->drain.ring)
		this->drain.ring->seen = 0;
}

/* Whose turn it is. */

static void ipcbox_drain_pass(struct ipcbox__drain *this, unsigned int which)
{
	const struct ipcbox_ring_consumer *last = this->drain.ring;
	struct ipcbox__source *source = this->sources[which];

	if (last && last != &source->ring && last->head != last->pos)
		this->drain.behind = 1;
	this->drain.ring = &source->ring;
	this->drain.lane = source->memory.attach.lane;
	this->drain.turn = IPCBOX_TURN;
	this->next = which + 1;
	this->turns++;
}

/*
 * Looks at the lane that is next: 0 if it has a record, and the turn; -EAGAIN if it
 * is to be passed over; -ENOENT if it has gone, and another one is in its place.
 */
static int ipcbox_drain_look_at(struct ipcbox__drain *this, unsigned int which)
{
	struct ipcbox__source *source = this->sources[which];
	struct ipcbox_ring_consumer *ring = &source->ring;
	uint32_t len = 0;
	int ret = source->refused ? -EPIPE :
		  ipcbox_ring_peek(ring, &this->found.data, &len);

	if (!ret) {
		this->found.len = len;
		this->found.lane = source->memory.attach.lane;
		ipcbox_drain_pass(this, which);
	} else if (ret == -EBADMSG) {
		ipcbox_drain_refuse(this, source);
	} else if (ret == -EPIPE) {
		/* records that were taken stay valid */
		if (ring->head != ring->pos)
			return -EAGAIN;
		ipcbox_drain_drop(this, which);
		ret = -ENOENT;
	}
	return ret;
}

static int ipcbox_drain_look(struct ipcbox__waiter *waiter)
{
	struct ipcbox__drain *this = ipcbox_drain_waits(waiter);
	unsigned int left = this->count;
	int ret;

	for (; left; left--) {
		if (this->next >= this->count)
			this->next = 0;
		ret = ipcbox_drain_look_at(this, this->next);
		if (ret == -EAGAIN)
			this->next++;
		else if (ret != -ENOENT)
			return ret;
	}
	return -EAGAIN;
}

/* Releases all that was taken, in whatever lane. */
static int ipcbox_drain_release_all(struct ipcbox__drain *this)
{
	unsigned int i;
	int err, ret = 0;

	this->drain.behind = 0;
	for (i = 0; i < this->count; i++) {
		struct ipcbox__source *source = this->sources[i];

		if (!ipcbox_ring_release(&source->ring))
			continue;
		err = ipcbox__waiter_wake(&this->waiter,
					  source->memory.attach.lane);
		if (err)
			ret = err;
	}
	return ret;
}

/* Who waits must not be waited for. */
static int ipcbox_drain_say(struct ipcbox__waiter *waiter)
{
	struct ipcbox__drain *this = ipcbox_drain_waits(waiter);
	int err = ipcbox_drain_release_all(this);
	unsigned int i;

	if (!err)
		err = ipcbox_drain_gather(this);
	if (err)
		return err;
	for (i = 0; i < this->count; i++)
		ipcbox_ring_arm(&this->sources[i]->ring.side);
	return 0;
}

static void ipcbox_drain_unsay(struct ipcbox__waiter *waiter)
{
	struct ipcbox__drain *this = ipcbox_drain_waits(waiter);
	unsigned int i;

	for (i = 0; i < this->count; i++)
		ipcbox_ring_disarm(&this->sources[i]->ring.side);
}

/* What the caller sees. */

int ipcbox_drain_open(struct ipcbox_drain **drain, int port)
{
	struct ipcbox__drain *this = calloc(1, sizeof(*this));
	int err;

	if (!this)
		return -ENOMEM;
	this->waiter.port = port;
	this->waiter.side = IPCBOX_RIGHT_RECV;
	this->waiter.lane = IPCBOX_RING_ANY;
	this->waiter.look = ipcbox_drain_look;
	this->waiter.arm = ipcbox_drain_say;
	this->waiter.disarm = ipcbox_drain_unsay;
	ipcbox__waiter_init(&this->waiter);
	err = ipcbox_drain_gather(this);
	if (err) {
		ipcbox_drain_close(&this->drain);
		return err;
	}
	*drain = &this->drain;
	return 0;
}

void ipcbox_drain_close(struct ipcbox_drain *drain)
{
	struct ipcbox__drain *this = ipcbox_drain_of(drain);

	while (this->count)
		ipcbox_drain_drop(this, this->count - 1);
	free(this);
}

/* The last look is at new lanes, or at what was there when the port went. */
static int ipcbox_drain_look_once(struct ipcbox__drain *this)
{
	int ret = ipcbox_drain_look(&this->waiter);
	int err;

	if (ret != -EAGAIN)
		return ret;
	err = ipcbox_drain_gather(this);
	if (err && err != -EIDRM)
		return err;
	ret = ipcbox_drain_look(&this->waiter);
	return ret == -EAGAIN && err ? err : ret;
}

int ipcbox__drain_peek(struct ipcbox_drain *drain, struct ipcbox_record *record,
		       const struct ipcbox_options *options)
{
	struct ipcbox__drain *this = ipcbox_drain_of(drain);
	int ret;

	if (options && options->flags & ~(uint64_t)IPCBOX_NOWAIT)
		return -EINVAL;
	ipcbox_drain_forget(this);
	if (this->nonsense) {
		this->nonsense = false;
		return -EBADMSG;
	}
	if (this->turns >= IPCBOX_TURNS_TO_ASK) {
		this->turns = 0;
		ipcbox_drain_gather(this);
	}
	if (options && options->flags & IPCBOX_NOWAIT)
		ret = ipcbox_drain_look_once(this);
	else
		ret = ipcbox__waiter_wait(&this->waiter, options);
	if (!ret)
		*record = this->found;
	return ret;
}

int ipcbox__drain_release(struct ipcbox_drain *drain, int wake)
{
	struct ipcbox__drain *this = ipcbox_drain_of(drain);
	int err = 0;

	if (wake)
		err = ipcbox__waiter_wake(&this->waiter, drain->lane);
	if (drain->behind && !err)
		err = ipcbox_drain_release_all(this);
	return err;
}

ssize_t ipcbox_drain_recv(struct ipcbox_drain *drain, void *buf, size_t size,
			  const struct ipcbox_options *options,
			  struct ipcbox_record *record)
{
	struct ipcbox_record ignored;
	const void *data;
	int err;

	if (!record)
		record = &ignored;
	err = ipcbox_drain_peek(drain, record, options);
	if (err)
		return err;
	data = record->data;
	record->data = buf;
	if (record->len > size)
		return -EMSGSIZE;
	if (record->len)
		memcpy(buf, data, record->len);
	/* that the port is gone, the next one will tell */
	ipcbox_drain_release(drain);
	return (ssize_t)record->len;
}

int ipcbox_drain_arm(struct ipcbox_drain *drain)
{
	struct ipcbox__drain *this = ipcbox_drain_of(drain);
	int ret;

	/* one that was peeked at is still there */
	if (this->nonsense || (drain->turn && drain->ring->seen))
		return 1;
	ret = ipcbox__waiter_arm(&this->waiter);
	if (ret == -EAGAIN)
		return 0;
	this->nonsense = ret == -EBADMSG;
	if (ret && !this->nonsense)
		return ret;
	/* nobody has seen it yet */
	ipcbox_drain_forget(this);
	return 1;
}
