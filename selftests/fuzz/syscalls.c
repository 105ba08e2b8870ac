// SPDX-License-Identifier: GPL-2.0-only
/*
 * What else can be done with a descriptor: one row for each system call, and
 * the function that makes it
 */

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

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static uint64_t arg(const struct context *ctx, unsigned int i)
{
	return ctx->call->args[FIELD_OWN + i];
}

static void out(struct context *ctx, enum slot_type type, uint32_t place)
{
	if (ctx->ret >= 0)
		slot_put(ctx->call->args[FIELD_OUT], ctx->ret, type, place);
}

/* Descriptors */

static void run_box(struct context *ctx)
{
	int flags = arg(ctx, 0);

	ctx->ret = result(open("/dev/ipcbox", flags | O_CLOEXEC));
	out(ctx, flags & O_PATH ? SLOT_NONE : SLOT_BOX, process_box);
}

static void run_close(struct context *ctx)
{
	slot_put(ctx->call->args[FIELD_SLOT], -1, SLOT_NONE, 0);
}

static void run_dup(struct context *ctx)
{
	ctx->ret = result(dup(ctx->slot.fd));
	out(ctx, ctx->slot.type, ctx->slot.place);
}

static void run_nonblock(struct context *ctx)
{
	int flags = fcntl(ctx->slot.fd, F_GETFL);

	flags = arg(ctx, 0) ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	ctx->ret = result(fcntl(ctx->slot.fd, F_SETFL, flags));
}

/* With its type and place beside it, which the receiver could not know. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void run_pass(struct context *ctx)
{
	unsigned int process = arg(ctx, 0) % MAX_PROCESSES;
	struct slot slot = ctx->slot;
	struct iovec data = { &slot, sizeof(slot) };
	union control control = {};
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &slot.fd, sizeof(int));
	ctx->ret = result(sendmsg(world_inbox[process][1], &msg, MSG_DONTWAIT));
}

static void run_take(struct context *ctx)
{
	struct slot slot;
	struct iovec data = { &slot, sizeof(slot) };
	union control control;
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	ctx->ret = result(recvmsg(world_inbox[process_seat->process][0], &msg,
				  MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
	if (ctx->ret < 0)
		return;
	ctx->ret = -EMFILE;
	if (msg.msg_flags & MSG_CTRUNC || !msg.msg_controllen)
		return;
	memcpy(&slot.fd, CMSG_DATA(&control.header), sizeof(int));
	ctx->ret = slot.fd;
	out(ctx, slot.type, slot.place);
}

static void run_limit(struct context *ctx)
{
	struct rlimit limit = { arg(ctx, 0), 4096 };

	ctx->ret = result(setrlimit(RLIMIT_NOFILE, &limit));
}

/* Reading and writing */

static void run_write(struct context *ctx)
{
	bool cut = strcmp(ctx->row->name, "write");
	struct buffer *buffer = buffer_make(ctx, FIELD_OWN, cut, false);
	struct iovec *array = (void *)buffer->array;

	payload_enter(ctx, buffer, 0, 0);
	if (cut)
		ctx->ret = result(syscall(SYS_pwritev2, ctx->slot.fd, array,
					  buffer->nr, -1L, -1L, arg(ctx, 4)));
	else
		ctx->ret = result(syscall(SYS_write, ctx->slot.fd,
					  buffer->start, buffer->len));
}

static void check_write(struct context *ctx)
{
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
					  buffer->nr, -1L, -1L, arg(ctx, 4)));
	else
		ctx->ret = result(syscall(SYS_read, ctx->slot.fd,
					  buffer->start, buffer->len));
}

/* (Into no room at all, readv() does nothing.) */
static void check_read(struct context *ctx)
{
	struct receipt receipt = {
		.thread = ctx->thread,
		.place = ctx->slot.place,
	};

	if (ctx->slot.type != SLOT_HANDLE || !ctx->room->len)
		return;
	if (ctx->ret > (long)ctx->room->good)
		find(FINDING_SUCCESS, "%s: %ld bytes into %llu good ones",
		     ctx->row->name, ctx->ret,
		     (unsigned long long)ctx->room->good);
	else
		ledger_received(&receipt, (void *)ctx->room->start, ctx->ret,
				false);
}

static void run_fionread(struct context *ctx)
{
	uint64_t good, at = memory_place(ctx->local, arg(ctx, 0), sizeof(int),
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
}

static void check_refused(struct context *ctx)
{
	find(FINDING_SUCCESS, "%s succeeded", ctx->row->name);
}

/* Waiting for several */

static void run_poll(struct context *ctx)
{
	struct pollfd poll_fd = {
		.fd = ctx->slot.fd,
		.events = arg(ctx, 0) & (POLLIN | POLLOUT),
	};

	ctx->ret = result(poll(&poll_fd, 1, (int)arg(ctx, 1)));
}

static void run_epoll(struct context *ctx)
{
	ctx->ret = result(epoll_create1(EPOLL_CLOEXEC));
	out(ctx, SLOT_EPOLL, 0);
}

static void run_epoll_add(struct context *ctx)
{
	struct epoll_event event = { .events = arg(ctx, 1) };
	struct slot target = slot_get(arg(ctx, 0));

	ctx->ret = result(epoll_ctl(ctx->slot.fd, EPOLL_CTL_ADD, target.fd,
				    &event));
}

static void run_epoll_delete(struct context *ctx)
{
	struct slot target = slot_get(arg(ctx, 0));

	ctx->ret = result(epoll_ctl(ctx->slot.fd, EPOLL_CTL_DEL, target.fd,
				    NULL));
}

static void run_epoll_wait(struct context *ctx)
{
	struct epoll_event events[4];

	ctx->ret = result(epoll_wait(ctx->slot.fd, events, 4,
				     (int)arg(ctx, 0)));
}

/* Looking on */

static void file_read(struct context *ctx, const char *path, size_t piece)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC), n = 0;

	ctx->ret = result(fd);
	while (ctx->ret >= 0 && n++ < 300) {
		ctx->ret = result(read(fd, text, piece));
		if (!ctx->ret)
			break;
	}
	close(fd);
}

static void run_proc_net(struct context *ctx)
{
	file_read(ctx, "/proc/net/ipcbox", arg(ctx, 0) % 4097);
}

static void run_fdinfo(struct context *ctx)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ctx->slot.fd);
	file_read(ctx, path, 4096);
}

/* Processes */

static void run_fork(struct context *ctx)
{
	unsigned int child = arg(ctx, 0) % MAX_PROCESSES;

	ctx->ret = -EINVAL;
	if (shared->seq.processes[child].forked)
		ctx->ret = result(process_fork(child));
}

static void run_exit(struct context *ctx)
{
	_exit(0);
}

static void run_unshare(struct context *ctx)
{
	/* The conductor sees neither the new box nor who waits there. */
	process_box = NR_BOXES + add(&shared->hidden, 1);
	store(&process_seat->spoiled, 1);
	ctx->ret = result(unshare(CLONE_NEWNET));
}

static void run_sleep(struct context *ctx)
{
	sleep_ns(arg(ctx, 0) % 5000 * 1000);
}

/* Rows */

#define READ_ERRORS	EAGAIN, EINTR, EMSGSIZE, EBADF, EIDRM, EFAULT, EINVAL
#define WRITE_ERRORS	READ_ERRORS, EDQUOT

const struct row syscall_rows[] = {
	{
		.name = "box", .weight = 6, .makes = SLOT_BOX, .run = run_box,
		.fields = { FIELDS, ARGUMENT("flags", open_file) },
		.errors = { EMFILE },
	}, {
		.name = "close", .weight = 12, .on = SLOT_ANY, .run = run_close,
		.fields = { FIELDS },
	}, {
		.name = "dup", .weight = 5, .on = SLOT_ANY, .makes = SLOT_ANY,
		.run = run_dup,
		.fields = { FIELDS },
		.errors = { EBADF, EMFILE },
	}, {
		.name = "nonblock", .weight = 5, .on = SLOT_ANY,
		.run = run_nonblock,
		.fields = { FIELDS, ARGUMENT("to", onoff) },
		.errors = { EBADF },
	}, {
		.name = "pass", .weight = 6, .on = SLOT_ANY, .run = run_pass,
		.fields = { FIELDS, ARGUMENT("to", process) },
		.errors = { EBADF, EAGAIN },
	}, {
		.name = "take", .weight = 6, .makes = SLOT_ANY, .run = run_take,
		.fields = { FIELDS },
		.errors = { EAGAIN, EMFILE },
	}, {
		.name = "limit", .weight = 2, .run = run_limit,
		.fields = { FIELDS, ARGUMENT("descriptors", limit) },
	}, {
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
		.errors = { EFAULT, EIDRM },
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
		.errors = { ENODEV, EACCES },
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
	}, {
		.name = "proc_net", .weight = 3, .run = run_proc_net,
		.fields = { FIELDS, ARGUMENT("piece", few) },
		.errors = { EMFILE },
	}, {
		.name = "fdinfo", .weight = 3, .on = SLOT_ANY,
		.run = run_fdinfo,
		.fields = { FIELDS },
		.errors = { EMFILE, ENOENT },
	}, {
		.name = "fork", .weight = 3, .run = run_fork,
		.fields = { FIELDS, ARGUMENT("child", process) },
		.errors = { EINVAL },
	}, {
		.name = "exit", .weight = 1, .run = run_exit,
		.fields = { FIELDS },
	}, {
		.name = "unshare", .weight = 1, .run = run_unshare,
		.fields = { FIELDS },
		.errors = { EPERM },
	}, {
		.name = "sleep", .weight = 5, .run = run_sleep,
		.fields = { FIELDS, ARGUMENT("us", microseconds) },
	},
};

const unsigned int syscall_rows_nr = ARRAY_SIZE(syscall_rows);
