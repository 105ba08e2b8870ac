// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places for what the kernel is given: good ones, odd ones, and those where it
 * must fail
 *
 * Each thread of a process has windows of its own, two of each kind so that a
 * call can have two buffers, at addresses below 4 GiB so that 32-bit calls reach
 * them:
 *
 *	data	| page | read-only … | writable … | hole
 *	arg	| page | read-only … | writable … | hole
 *	vector	| writable … | hole
 *	absent	mapped anew each time, so that nothing of it is there
 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "run.h"

#define PAGE		4096UL
#define DATA_SIZE	(80 * PAGE)
#define ARG_SIZE	(5 * PAGE)
#define VECTOR_SIZE	(6 * PAGE)
#define VECTOR_MAX	1025U

#define WINDOW(local)	(0x10000000UL + (local) * 0x1000000UL)
#define DATA		0x000000UL
#define ARG		0x800000UL
#define VECTOR		0x900000UL
#define ABSENT		0xa00000UL

/* A window of three parts. */
struct window {
	uint64_t start;
	uint64_t size;	/* of the read-only part, and of the writable one */
};

static struct window window_of(unsigned int local, uint64_t offset)
{
	return (struct window){
		.start = WINDOW(local) + offset,
		.size = offset == DATA ? DATA_SIZE : ARG_SIZE,
	};
}

static uint64_t window_readonly(const struct window *w)
{
	return w->start + PAGE;
}

static uint64_t window_writable(const struct window *w)
{
	return w->start + PAGE + w->size;
}

static uint64_t window_end(const struct window *w)
{
	return window_writable(w) + w->size;
}

static void map(uint64_t start, uint64_t size, int flags)
{
	if (mmap((void *)start, size, PROT_READ | PROT_WRITE,
		 MAP_FIXED | MAP_ANONYMOUS | flags, -1, 0) == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

static void window_lock(const struct window *w, int prot)
{
	mprotect((void *)window_readonly(w), w->size, prot);
}

/* Before the processes are started, which inherit it. */
void memory_init(void)
{
	static const uint64_t offsets[] = { DATA, ARG };
	struct window w;
	unsigned int local, i;

	for (local = 0; local < 2 * MAX_THREADS; local++) {
		for (i = 0; i < ARRAY_SIZE(offsets); i++) {
			w = window_of(local, offsets[i]);
			map(w.start, PAGE + 2 * w.size, MAP_PRIVATE);
			window_lock(&w, PROT_READ);
		}
		map(WINDOW(local) + VECTOR, VECTOR_SIZE, MAP_PRIVATE);
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The address of a place for len bytes. */
static uint64_t window_place(const struct window *w, enum place what,
			     uint64_t len)
{
	uint64_t half = least(len / 2, PAGE - 1);

	switch (what) {
	case PLACE_ODD:
		return window_writable(w) + PAGE - (half | 1);
	case PLACE_EDGE:
		return window_end(w) - least(len, w->size);
	case PLACE_READONLY:
		return window_readonly(w) + 64;
	case PLACE_HALF_READONLY:
		return window_readonly(w) - half;
	case PLACE_HALF_HOLE:
		return window_end(w) - least(len / 2, w->size);
	case PLACE_NULL:
		return 0;
	case PLACE_KERNEL:
		return 0xffff888000001000;
	case PLACE_NONCANONICAL:
		return 0x0000800000000000;
	case PLACE_TOP:
		return 0x00007ffffffff000;
	case PLACE_LAST:
		return 0xfffffffffffffff8;
	default:
		return window_writable(w) + 64;
	}
}

/* How many bytes from there on can be read, or written, without a fault. */
static uint64_t window_good(const struct window *w, uint64_t at, bool write)
{
	if (at < w->start || at >= window_end(w))
		return 0;
	if (!write || at >= window_writable(w))
		return window_end(w) - at;
	return at < window_readonly(w) ? window_readonly(w) - at : 0;
}

/**
 * memory_place() - a place for data
 * @local: thread, in its process; or SECOND() of it
 * @place: of what kind it is
 * @len: of the data
 * @write: the kernel is to write there; otherwise the caller fills it, and
 *	then calls memory_seal()
 * @good: so many bytes are all right
 *
 * Return: the address
 */
uint64_t memory_place(unsigned int local, enum place place, uint64_t len,
		      bool write, uint64_t *good)
{
	struct window w = window_of(local, DATA);
	uint64_t at;

	if (place == PLACE_ABSENT) {
		map(WINDOW(local) + ABSENT, DATA_SIZE, MAP_SHARED);
		*good = DATA_SIZE;
		return WINDOW(local) + ABSENT;
	}
	at = window_place(&w, place, len);
	*good = window_good(&w, at, write);
	if (!write && (place == PLACE_READONLY || place == PLACE_HALF_READONLY))
		window_lock(&w, PROT_READ | PROT_WRITE);
	return at;
}

/* Makes a place that has been filled what it is meant to be. */
void memory_seal(unsigned int local, enum place place)
{
	struct window w = window_of(local, DATA);

	if (place == PLACE_ABSENT)
		madvise((void *)(WINDOW(local) + ABSENT), DATA_SIZE,
			MADV_DONTNEED);
	else if (place == PLACE_READONLY || place == PLACE_HALF_READONLY)
		window_lock(&w, PROT_READ);
}

static void bytes_fill(uint8_t *to, const void *arg, size_t known, size_t size,
		       uint8_t rest)
{
	memset(to, rest, size);
	memcpy(to, arg, least(known, size));
}

/**
 * memory_arg() - put the struct of an ioctl somewhere
 * @local: thread, in its process; or SECOND() of it
 * @place: where
 * @arg: struct
 * @known: its size
 * @size: size that the kernel is told
 * @rest: what the bytes beyond @known are
 *
 * Return: the address
 */
uint64_t memory_arg(unsigned int local, enum place place, const void *arg,
		    size_t known, size_t size, uint8_t rest)
{
	struct window w = window_of(local, ARG);
	uint64_t at = window_place(&w, place, size);
	bool lock = place == PLACE_READONLY || place == PLACE_HALF_READONLY;

	if (lock)
		window_lock(&w, PROT_READ | PROT_WRITE);
	bytes_fill((void *)at, arg, known,
		   least(size, window_good(&w, at, false)), rest);
	if (lock)
		window_lock(&w, PROT_READ);
	return at;
}

/* Buffers that are cut into segments */

struct iovec_compat {
	uint32_t base;
	uint32_t len;
};

static void vector_put(uint64_t array, bool compat, unsigned int i,
		       uint64_t base, uint64_t len)
{
	if (compat)
		((struct iovec_compat *)array)[i] =
			(struct iovec_compat){ base, len };
	else
		((struct iovec *)array)[i] =
			(struct iovec){ (void *)base, len };
}

/* So that the pieces, one after the other, are the buffer. */
static void vector_fill(struct buffer *buffer, enum vector vector, bool compat,
			unsigned int nr)
{
	uint64_t left = buffer->len, at = buffer->start, len;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		len = i + 1 == nr ? left : least(left, buffer->len / nr);
		if (vector == VECTOR_EMPTIES && i + 1 < nr)
			len = i & 1 ? 0 : least(left, 2 * len);
		vector_put(buffer->array, compat, i, at, len);
		at += len;
		left -= len;
	}
	if (vector == VECTOR_HOLE && nr > 1 && buffer->len / nr) {
		vector_put(buffer->array, compat, 1, 0, buffer->len / nr);
		buffer->good = least(buffer->good, buffer->len / nr);
	}
	if (vector == VECTOR_NEGATIVE && nr) {
		vector_put(buffer->array, compat, nr - 1, at,
			   compat ? 1ULL << 31 : 1ULL << 63);
		buffer->spoilt = true;
	}
	for (i = 0; vector == VECTOR_OVERFLOW && i < nr; i++) {
		vector_put(buffer->array, compat, i, buffer->start, 0x7ffff000);
		buffer->len = 0x7ffff000;	/* as much as there can be */
	}
}

static void buffer_cut(unsigned int local, struct buffer *buffer,
		       uint64_t segments, enum vector vector, bool compat)
{
	unsigned int nr = least(segments, VECTOR_MAX);
	uint64_t size = nr * (compat ? sizeof(struct iovec_compat) :
				       sizeof(struct iovec));
	uint64_t window = WINDOW(local) + VECTOR;

	buffer->cut = true;
	buffer->nr = segments;
	buffer->array = window;
	vector_fill(buffer, vector, compat, nr);
	if (vector == VECTOR_NOWHERE) {
		buffer->array = 0;
		buffer->spoilt = nr;
	} else if (vector == VECTOR_HALF) {
		buffer->array = window + VECTOR_SIZE - size / 2;
		buffer->spoilt = nr;
	}
	if (!nr)
		buffer->len = 0;
}

/**
 * buffer_make() - find a place for the buffer of a call
 * @ctx: call
 * @field: first of the four fields
 * @cut: into segments
 * @compat: segments are those of a 32-bit program
 *
 * Return: the buffer, or NULL if the call has more of them than there is room
 */
struct buffer *buffer_make(struct context *ctx, unsigned int field, bool cut,
			   bool compat)
{
	const uint64_t *args = &ctx->call->args[field];
	bool write = ctx->row->fields[field].role != ROLE_PAYLOAD;
	unsigned int local = ctx->nr_buffers ? SECOND(ctx->local) : ctx->local;
	struct buffer *buffer;

	if (ctx->nr_buffers == MAX_BUFFERS)
		return NULL;
	buffer = &ctx->buffers[ctx->nr_buffers++];
	buffer->place = args[0];
	buffer->len = args[1];
	buffer->window = local;
	buffer->start = memory_place(local, buffer->place, buffer->len, write,
				     &buffer->good);
	/* Of the number that writev() is given, the kernel looks at an int. */
	if (cut)
		buffer_cut(local, buffer,
			   ctx->row->cmd ? args[2] : (uint32_t)args[2],
			   args[3], compat);
	return buffer;
}
