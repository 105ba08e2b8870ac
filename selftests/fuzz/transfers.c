// SPDX-License-Identifier: GPL-2.0-only
/* What messages go through, and how one waits for them: read() to epoll */

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rows.h"

/* Reading and writing */

static void run_write(struct context *ctx)
{
	bool cut = strcmp(ctx->row->name, "write");
	struct buffer *buffer = buffer_make(ctx, FIELD_OWN, cut, false);
	struct iovec *array = (void *)buffer->array;

	payload_enter(ctx, buffer, 0, 0);
	if (cut)
		ctx->ret = result(syscall(SYS_pwritev2, ctx->slot.fd, array,
					  buffer->nr, -1L, -1L, argument(ctx, 4)));
	else
		ctx->ret = result(syscall(SYS_write, ctx->slot.fd,
					  buffer->start, buffer->len));
}

/* To a stream in part, where it cannot wait or what follows cannot be read. */
static void check_write(struct context *ctx)
{
	if (ctx->slot.type != SLOT_HANDLE)
		return;
	stream_sent(ctx, ctx->ret);
	if (sequence_streams() &&
	    (!ctx->steady || context_may_be(ctx, IPCBOX_KIND_STREAM)) &&
	    ctx->ret <= (long)ctx->payload->good)
		return;
	if (ctx->ret != (long)ctx->payload->len)
		find(FINDING_SUCCESS, "%s of %llu bytes returned %ld",
		     ctx->row->name, (unsigned long long)ctx->payload->len,
		     ctx->ret);
}

static void run_read(struct context *ctx)
{
	bool cut = strcmp(ctx->row->name, "read");
	struct buffer *buffer = buffer_make(ctx, FIELD_OWN, cut, false);
	struct iovec *array = (void *)buffer->array;

	ctx->room = buffer;
	if (cut)
		ctx->ret = result(syscall(SYS_preadv2, ctx->slot.fd, array,
					  buffer->nr, -1L, -1L, argument(ctx, 4)));
	else
		ctx->ret = result(syscall(SYS_read, ctx->slot.fd,
					  buffer->start, buffer->len));
}

/*
 * Into no room at all, readv() does nothing. Where the descriptor was closed
 * meanwhile, this may be what proc_net has opened in its place.
 */
static void check_read(struct context *ctx)
{
	struct receipt receipt = {
		.thread = ctx->thread,
		.place = ctx->slot.place,
		.handle = ctx->slot.handle,
	};
	uint32_t tag;

	if (ctx->slot.type != SLOT_HANDLE || !ctx->room->len)
		return;
	if (ctx->ret > (long)ctx->room->good)
		find(FINDING_SUCCESS, "%s: %ld bytes into %llu good ones",
		     ctx->row->name, ctx->ret,
		     (unsigned long long)ctx->room->good);
	else if (context_may_be(ctx, IPCBOX_KIND_STREAM))
		stream_received(ctx, ctx->ret, false);
	else if (ctx->ret && ctx->closed & IPCBOX_RIGHT_RECV && ctx->steady &&
		 !event_is((void *)ctx->room->start, ctx->ret))
		find(FINDING_SUCCESS, "%s: a message, although the end was shut down",
		     ctx->row->name);
	else if (ctx->steady ||
		 event_is((void *)ctx->room->start, ctx->ret) ||
		 payload_check((void *)ctx->room->start, ctx->ret, &tag))
		ledger_received(&receipt, (void *)ctx->room->start, ctx->ret,
				false);
}

static void run_fionread(struct context *ctx)
{
	uint64_t good, at = memory_place(ctx->local, argument(ctx, 0), sizeof(int),
					 true, &good);

	ctx->memory_bad = good < sizeof(int);
	ctx->ret = result(syscall(SYS_ioctl, ctx->slot.fd, FIONREAD, at));
}

static void run_pread(struct context *ctx)
{
	char text[16];

	ctx->ret = result(pread(ctx->slot.fd, text, sizeof(text), 1));
}

static void run_seek(struct context *ctx)
{
	ctx->ret = result(lseek(ctx->slot.fd, 1, SEEK_SET));
}

static void run_mmap(struct context *ctx)
{
	void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctx->slot.fd, 0);

	ctx->ret = result(at == MAP_FAILED ? -1 : 0);
	if (at != MAP_FAILED)
		munmap(at, 4096);
}

static void check_refused(struct context *ctx)
{
	if (!strcmp(ctx->row->name, "mmap") &&
	    context_may_be(ctx, IPCBOX_KIND_RING))
		return;
	find(FINDING_SUCCESS, "%s succeeded", ctx->row->name);
}

/* Waiting for several */

static void run_poll(struct context *ctx)
{
	struct pollfd poll_fd = {
		.fd = ctx->slot.fd,
		.events = argument(ctx, 0) & (POLLIN | POLLOUT),
	};

	ctx->ret = result(poll(&poll_fd, 1, (int)argument(ctx, 1)));
}

static void run_epoll(struct context *ctx)
{
	ctx->ret = result(epoll_create1(EPOLL_CLOEXEC));
	result_put(ctx, (struct slot){ .type = SLOT_EPOLL });
}

static void run_epoll_add(struct context *ctx)
{
	struct epoll_event event = { .events = argument(ctx, 1) };
	struct slot target = slot_get(argument(ctx, 0));

	ctx->ret = result(epoll_ctl(ctx->slot.fd, EPOLL_CTL_ADD, target.fd,
				    &event));
}

static void run_epoll_delete(struct context *ctx)
{
	struct slot target = slot_get(argument(ctx, 0));

	ctx->ret = result(epoll_ctl(ctx->slot.fd, EPOLL_CTL_DEL, target.fd,
				    NULL));
}

static void run_epoll_wait(struct context *ctx)
{
	struct epoll_event events[4];

	ctx->ret = result(epoll_wait(ctx->slot.fd, events, 4,
				     (int)argument(ctx, 0)));
}

/* Rows */

#define READ_ERRORS	EAGAIN, EINTR, EMSGSIZE, EBADF, EIDRM, EFAULT, EINVAL
#define WRITE_ERRORS	READ_ERRORS, EDQUOT, ECANCELED, EPIPE

const struct row transfer_rows[] = {
	{
		.name = "write", .weight = 15, .on = SLOT_HANDLE,
		.waits = WAITS_AS_SENDER, .run = run_write,
		.check = check_write,
		.fields = { FIELDS, PAYLOAD_ARGUMENT },
		.errors = { WRITE_ERRORS },
	}, {
		.name = "writev", .weight = 10, .on = SLOT_HANDLE,
		.waits = WAITS_AS_SENDER, .run = run_write,
		.check = check_write,
		.fields = { FIELDS, PAYLOAD_ARGUMENT,
			    ARGUMENT("flags", rw_flags) },
		.errors = { WRITE_ERRORS, EOPNOTSUPP },
	}, {
		.name = "read", .weight = 15, .on = SLOT_HANDLE,
		.waits = WAITS_AS_RECEIVER, .run = run_read,
		.check = check_read,
		.fields = { FIELDS, ROOM_ARGUMENT },
		.errors = { READ_ERRORS },
	}, {
		.name = "readv", .weight = 10, .on = SLOT_HANDLE,
		.waits = WAITS_AS_RECEIVER, .run = run_read,
		.check = check_read,
		.fields = { FIELDS, ROOM_ARGUMENT,
			    ARGUMENT("flags", rw_flags) },
		.errors = { READ_ERRORS, EOPNOTSUPP },
	}, {
		.name = "fionread", .weight = 5, .on = SLOT_HANDLE,
		.run = run_fionread,
		.fields = { FIELDS, ARGUMENT("data", place) },
		.errors = { EFAULT, EIDRM, ENOTTY },
	}, {
		.name = "pread", .weight = 1, .on = SLOT_HANDLE,
		.run = run_pread, .check = check_refused,
		.fields = { FIELDS },
		.errors = { ESPIPE, EBADF },
	}, {
		.name = "seek", .weight = 1, .on = SLOT_HANDLE,
		.run = run_seek, .check = check_refused,
		.fields = { FIELDS },
		.errors = { ESPIPE },
	}, {
		.name = "mmap", .weight = 1, .on = SLOT_HANDLE,
		.run = run_mmap, .check = check_refused,
		.fields = { FIELDS },
		.errors = { ENODEV, EACCES, ENXIO, EINVAL },
	}, {
		.name = "poll", .weight = 12, .on = SLOT_ANY,
		.polls = true, .run = run_poll,
		.fields = { FIELDS, ARGUMENT("events", events),
			    ARGUMENT("timeout", timeout) },
		.errors = { EINTR },
	}, {
		.name = "epoll", .weight = 4, .makes = SLOT_EPOLL,
		.run = run_epoll,
		.fields = { FIELDS },
		.errors = { EMFILE },
	}, {
		.name = "epoll_add", .weight = 8, .on = SLOT_EPOLL,
		.run = run_epoll_add,
		.fields = { FIELDS, ARGUMENT("target", slot),
			    ARGUMENT("events", events) },
		.errors = { EBADF, EEXIST, EINVAL, ELOOP, EPERM },
	}, {
		.name = "epoll_delete", .weight = 2, .on = SLOT_EPOLL,
		.run = run_epoll_delete,
		.fields = { FIELDS, ARGUMENT("target", slot) },
		.errors = { EBADF, ENOENT, EINVAL, EPERM },
	}, {
		.name = "epoll_wait", .weight = 8, .on = SLOT_EPOLL,
		.polls = true, .run = run_epoll_wait,
		.fields = { FIELDS, ARGUMENT("timeout", timeout) },
		.errors = { EINTR },
	},
};

const unsigned int transfer_rows_nr = ARRAY_SIZE(transfer_rows);
