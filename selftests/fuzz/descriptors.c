// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors on their way between slots and processes, and those processes */

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rows.h"

/* Descriptors */

static void run_box(struct context *ctx)
{
	int flags = argument(ctx, 0);

	ctx->ret = result(open("/dev/ipcbox", flags | O_CLOEXEC));
	result_put(ctx, (struct slot){
		.type = flags & O_PATH ? SLOT_NONE : SLOT_BOX,
		.place = process_box,
	});
}

static void run_close(struct context *ctx)
{
	slot_put(ctx->call->args[FIELD_SLOT], &(struct slot){ .fd = -1 });
}

static void run_dup(struct context *ctx)
{
	ctx->ret = result(dup(ctx->slot.fd));
	result_put(ctx, ctx->slot);
}

static void run_nonblock(struct context *ctx)
{
	int flags = fcntl(ctx->slot.fd, F_GETFL);

	flags = argument(ctx, 0) ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	ctx->ret = result(fcntl(ctx->slot.fd, F_SETFL, flags));
}

/* With its type and place beside it, which the receiver could not know. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void run_pass(struct context *ctx)
{
	unsigned int process = argument(ctx, 0) % MAX_PROCESSES;
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
	result_put(ctx, slot);
}

static void run_limit(struct context *ctx)
{
	struct rlimit limit = { argument(ctx, 0), 4096 };

	ctx->ret = result(setrlimit(RLIMIT_NOFILE, &limit));
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
	file_read(ctx, "/proc/net/ipcbox", argument(ctx, 0) % 4097);
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
	ctx->ret = process_fork(argument(ctx, 0) % MAX_PROCESSES);
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
	sleep_ns(argument(ctx, 0) % 5000 * 1000);
}

/* Rows */

const struct row descriptor_rows[] = {
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

const unsigned int descriptor_rows_nr = ARRAY_SIZE(descriptor_rows);
