// SPDX-License-Identifier: GPL-2.0-only
/*
 * Through io_uring: each process has a ring, made when it is first used
 *
 * What is not reaped when the process ends is cancelled by the kernel, and
 * nobody knows what became of it.
 */

#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/io_uring.h>

#include "rows.h"

#define MAX_REQUESTS	16
#define REQUEST_SIZE	4096

/**
 * struct request - what was asked for
 * @busy: and is not done
 * @tag: of a message that is sent
 * @place: the port
 * @handle: of it
 * @stream: which may carry bytes
 * @data: stays here until it is done
 */
struct request {
	bool busy;
	bool receive;
	uint32_t tag;
	uint32_t place;
	uint32_t handle;
	bool stream;
	uint8_t data[REQUEST_SIZE];
};

static struct request requests[MAX_REQUESTS];

static struct ring {
	int fd;
	struct io_uring_params params;
	uint8_t *rings;
	size_t size;
	struct io_uring_sqe *sqes;
} ring = { .fd = -1 };

static uint32_t ring_lock;

/* The ring */

static bool ring_map(void)
{
	const struct io_uring_params *p = &ring.params;
	size_t sq = p->sq_off.array + p->sq_entries * sizeof(uint32_t),
	       cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);

	ring.size = sq > cq ? sq : cq;
	ring.rings = mmap(NULL, ring.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring.fd, IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, p->sq_entries * sizeof(*ring.sqes),
			 PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd,
			 IORING_OFF_SQES);
	return ring.rings != MAP_FAILED && (void *)ring.sqes != MAP_FAILED;
}

static bool ring_ready(void)
{
	if (ring.fd >= 0)
		return true;
	memset(&ring.params, 0, sizeof(ring.params));
	ring.fd = syscall(SYS_io_uring_setup, MAX_REQUESTS, &ring.params);
	return ring.fd >= 0 && ring_map();
}

static uint32_t *ring_word(uint32_t offset)
{
	return (uint32_t *)(ring.rings + offset);
}

static long ring_submit(const struct io_uring_sqe *sqe)
{
	uint32_t *tail = ring_word(ring.params.sq_off.tail);
	uint32_t at = *tail & *ring_word(ring.params.sq_off.ring_mask);
	long ret;

	ring.sqes[at] = *sqe;
	ring_word(ring.params.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ret = syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0);
	return ret < 0 ? -errno : ret;
}

static bool ring_pop(struct io_uring_cqe *cqe)
{
	uint32_t mask = *ring_word(ring.params.cq_off.ring_mask);
	uint32_t *head = ring_word(ring.params.cq_off.head);
	uint32_t *tail = ring_word(ring.params.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring.rings +
					     ring.params.cq_off.cqes);

	if (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
		return false;
	*cqe = cqes[*head & mask];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

/* When the descriptors of the process are closed. */
void uring_end(void)
{
	if (ring.fd >= 0) {
		munmap(ring.rings, ring.size);
		munmap(ring.sqes, ring.params.sq_entries * sizeof(*ring.sqes));
	}
	uring_forget();
}

/* In a child: the ring is that of its parent. */
void uring_forget(void)
{
	memset(requests, 0, sizeof(requests));
	ring.fd = -1;
	ring_lock = 0;
}

/* Requests */

static struct request *request_find(void)
{
	unsigned int i;

	for (i = 0; i < MAX_REQUESTS; i++)
		if (!requests[i].busy)
			return &requests[i];
	return NULL;
}

/* Good memory is that of the request; bad memory is as bad as elsewhere. */
static uint64_t request_data(const struct context *ctx, struct request *request)
{
	enum place place = ctx->call->args[FIELD_OWN];
	uint64_t good;

	if (place < PLACE_NULL)
		return (uintptr_t)request->data;
	return memory_place(ctx->local, place, 0, true, &good);
}

static long request_submit(struct context *ctx, struct request *request,
			   int opcode, uint64_t data, uint64_t len, bool async)
{
	struct io_uring_sqe sqe = {
		.opcode = opcode,
		.flags = async ? IOSQE_ASYNC : 0,
		.fd = ctx->slot.fd,
		.addr = data,
		.len = len,
		.off = -1ULL,
		.user_data = request - requests,
	};

	if (opcode == IORING_OP_POLL_ADD) {
		sqe.off = 0;
		sqe.poll32_events = POLLIN | POLLOUT;
	}
	request->busy = true;
	request->place = ctx->slot.place;
	request->handle = ctx->slot.handle;
	request->stream = context_may_be(ctx, IPCBOX_KIND_STREAM);
	/* Of one that is asynchronous, the descriptor is looked up later. */
	if (async)
		store(&shared->strayed, 1);
	/* It may wait in the module without a thread of ours. */
	add(&shared->aside, 1);
	store(&shared->disorder, 1);
	return ring_submit(&sqe);
}

static uint64_t request_len(const struct context *ctx)
{
	uint64_t len = ctx->call->args[FIELD_OWN + 1];

	return len < REQUEST_SIZE ? len : REQUEST_SIZE;
}

static void request_write(struct context *ctx, struct request *request)
{
	uint64_t len = request_len(ctx);

	request->receive = false;
	request->tag = ledger_send(CONDUCTOR, len, 0, 0);
	if (context_may_be(ctx, IPCBOX_KIND_STREAM))
		stream_fill(request->data, len, ctx->thread);
	else
		payload_fill(request->data, len, len, request->tag);
	ctx->ret = request_submit(ctx, request, IORING_OP_WRITE,
				  request_data(ctx, request), len,
				  ctx->call->args[FIELD_OWN + 2]);
}

static void request_read(struct context *ctx, struct request *request)
{
	request->receive = true;
	request->tag = NO_TAG;
	if (ctx->slot.type == SLOT_HANDLE && ctx->slot.place)
		shared->places[ctx->slot.place - 1].unsure = 1;
	ctx->ret = request_submit(ctx, request, IORING_OP_READ,
				  request_data(ctx, request), request_len(ctx),
				  ctx->call->args[FIELD_OWN + 2]);
}

static void request_poll(struct context *ctx, struct request *request)
{
	request->receive = false;
	request->tag = NO_TAG;
	ctx->ret = request_submit(ctx, request, IORING_OP_POLL_ADD, 0, 0, false);
}

static void request_make(struct context *ctx,
			 void (*make)(struct context *, struct request *))
{
	struct request *request;

	ctx->ret = -EBUSY;
	lock(&ring_lock);
	request = request_find();
	if (request && ring_ready())
		make(ctx, request);
	unlock(&ring_lock);
}

static void run_uring_write(struct context *ctx)
{
	request_make(ctx, request_write);
}

static void run_uring_read(struct context *ctx)
{
	request_make(ctx, request_read);
}

static void run_uring_poll(struct context *ctx)
{
	request_make(ctx, request_poll);
}

/* Where there are streams, the descriptor may have been one of them meanwhile. */
static bool request_got_message(const struct request *request, int res)
{
	uint32_t tag;

	if (!request->receive || res < 0 || request->stream)
		return false;
	return !sequence_streams() || payload_check(request->data, res, &tag);
}

static void request_done(const struct context *ctx, struct request *request,
			 int res)
{
	struct receipt receipt = {
		.thread = ctx->thread,
		.place = request->place,
		.handle = request->handle,
	};

	request->busy = false;
	if (request_got_message(request, res))
		ledger_received(&receipt, request->data, res, false);
	else if (!request->receive)
		ledger_sent(request->tag, res >= 0 ? FATE_SENT : FATE_FAILED, 0,
			    0);
}

static void run_uring_reap(struct context *ctx)
{
	struct io_uring_cqe cqe;

	lock(&ring_lock);
	if (ring.fd >= 0) {
		syscall(SYS_io_uring_enter, ring.fd, 0, 0,
			IORING_ENTER_GETEVENTS, NULL, 0);
		while (ring_pop(&cqe))
			request_done(ctx, &requests[cqe.user_data], cqe.res);
	}
	unlock(&ring_lock);
}

/* Rows */

#define URING_ERRORS	EBUSY, EAGAIN, EINTR, EMFILE

const struct row uring_rows[] = {
	{
		.name = "uring_write", .weight = 3, .on = SLOT_HANDLE,
		.run = run_uring_write,
		.fields = { FIELDS, ARGUMENT("data", place),
			    ARGUMENT("len", length),
			    ARGUMENT("async", zero) },
		.errors = { URING_ERRORS },
	}, {
		.name = "uring_read", .weight = 3, .on = SLOT_HANDLE,
		.run = run_uring_read,
		.fields = { FIELDS, ARGUMENT("data", place),
			    ARGUMENT("len", room),
			    ARGUMENT("async", zero) },
		.errors = { URING_ERRORS },
	}, {
		.name = "uring_poll", .weight = 2, .on = SLOT_HANDLE,
		.run = run_uring_poll,
		.fields = { FIELDS },
		.errors = { URING_ERRORS },
	}, {
		.name = "uring_reap", .weight = 4,
		.run = run_uring_reap,
		.fields = { FIELDS },
	},
};

const unsigned int uring_rows_nr = ARRAY_SIZE(uring_rows);
