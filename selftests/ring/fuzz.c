// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile sides of a lane, for libFuzzer
 *
 * The input is a program of single steps: of the producer, of the consumer, and
 * of somebody who writes into all that they share, between any two of them.
 * Whatever it writes, each step returns, with one of the errors that it may
 * return, or with a record that lies within the data: all of the record is
 * touched, and around the data and the ends there are pages that nobody may.
 * And the lane is not broken for ever: when both sides start anew it works.
 */

#include <stdint.h>
#include <string.h>

#include "../../userlib/tests/lane.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SIZE		LANE_PAGE

static struct lane lane;
static struct ipcbox_ring_producer p;
static struct ipcbox_ring_consumer c;
static unsigned int sum;

#define MUST(condition) do {						\
	if (!(condition))						\
		__builtin_trap();					\
} while (0)

/* The input, byte by byte; zero when it is used up. */
struct input {
	const uint8_t *next;
	size_t left;
};

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t value = 0;
	size_t n = bytes < in->left ? bytes : in->left;

	memcpy(&value, in->next, n);
	in->next += n;
	in->left -= n;
	return value;
}

static void must_be_inside(const void *record, __u32 len)
{
	const unsigned char *at = record;

	MUST(at >= lane.data + 8 && len <= SIZE && at + len <= lane.data + 2 * SIZE);
	MUST((uintptr_t)at % IPCBOX_RING_ALIGN == 0);
}

static void reserve(__u32 len)
{
	void *payload;
	int ret = ipcbox_ring_reserve(&p, len, &payload);

	if (ret) {
		MUST(ret == -EAGAIN || ret == -EMSGSIZE || ret == -EPIPE ||
		     ret == -EBADMSG);
		return;
	}
	must_be_inside(payload, len);
	memset(payload, (int)len, len);
}

static void peek(void)
{
	const void *record;
	const unsigned char *bytes;
	__u32 len, i;
	int ret = ipcbox_ring_peek(&c, &record, &len);

	if (ret) {
		MUST(ret == -EAGAIN || ret == -EPIPE || ret == -EBADMSG);
		return;
	}
	must_be_inside(record, len);
	bytes = record;
	for (i = 0; i < len; i++)
		sum += bytes[i];
}

/* A value that nearly fits is worth more than one that does not at all. */
static uint64_t lie(struct input *in)
{
	uint64_t value = take(in, 1);

	switch (value % 5) {
	case 0:
		return take(in, 8);
	case 1:
		return p.tail + (int8_t)take(in, 1);
	case 2:
		return c.pos + (int8_t)take(in, 1);
	case 3:
		return ipcbox_ring_header(c.pos, (__u32)take(in, 2));
	default:
		return ipcbox_ring_header(c.pos, (__u32)take(in, 4));
	}
}

static void scribble(struct input *in)
{
	unsigned char *where[] = {
		(void *)lane.producer, (void *)lane.consumer, lane.data,
		lane.data + (c.pos & p.side.mask),
		(void *)&lane.producer->position, (void *)&lane.consumer->position,
	};
	unsigned int which = take(in, 1) % ARRAY_SIZE(where);
	size_t offset = which < 3 ? take(in, 2) % (SIZE - 8) : 0;
	uint64_t value = lie(in);

	memcpy(where[which] + offset, &value, sizeof(value));
}

/* No step may fail to return, and 0 or 1 is all that the last ones may say. */
static void step(struct input *in)
{
	switch (take(in, 1) % 12) {
	case 0:
		return reserve((__u32)take(in, 2));
	case 1:
		return reserve((__u32)take(in, 4));
	case 2:
		MUST(ipcbox_ring_stage(&p, (__u32)take(in, 2)) <= 0);
		return;
	case 3:
		MUST(ipcbox_ring_publish(&p) >> 1 == 0);
		return;
	case 4:
		return ipcbox_ring_discard(&p);
	case 5:
		return peek();
	case 6:
		return ipcbox_ring_take(&c);
	case 7:
		MUST(ipcbox_ring_release(&c) >> 1 == 0);
		return;
	case 8:
		ipcbox_ring_arm(take(in, 1) & 1 ? &p.side : &c.side);
		return;
	case 9:
		return lane_producer(&lane, &p, p.capacity);
	case 10:
		return lane_consumer(&lane, &c);
	default:
		return scribble(in);
	}
}

static void start(size_t capacity)
{
	memset(lane.producer, 0, LANE_PAGE);
	memset(lane.consumer, 0, LANE_PAGE);
	memset(lane.data, 0, SIZE);
	lane_producer(&lane, &p, capacity);
	lane_consumer(&lane, &c);
}

static void works(void)
{
	const void *record;
	void *payload;
	__u32 len;

	start(ipcbox_ring_capacity_max(SIZE));
	MUST(!ipcbox_ring_reserve(&p, 5, &payload));
	memcpy(payload, "hello", 5);
	MUST(!ipcbox_ring_commit(&p, 5));
	MUST(!ipcbox_ring_peek(&c, &record, &len) && len == 5);
	MUST(!memcmp(record, "hello", 5));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .next = data, .left = size };

	if (!lane.data)
		lane_new(&lane, SIZE);
	start(8 + take(&in, 2) % (SIZE - 15));
	while (in.left)
		step(&in);
	works();
	return 0;
}
