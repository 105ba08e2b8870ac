// SPDX-License-Identifier: GPL-2.0-only
/* A row becomes an ioctl: its struct is filled in, placed, and read back */

#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rows.h"

/* Values */

/**
 * deadline_of() - the absolute time that a value stands for
 * @value: enum deadline, or any number
 */
static uint64_t deadline_of(uint64_t value)
{
	switch (value) {
	case DEADLINE_NOW:
		return now_ns();
	case DEADLINE_SOON:
		return now_ns() + 300000;
	case DEADLINE_NEAR:
		return now_ns() + 3 * MSEC;
	case DEADLINE_FAR:
		return now_ns() + 3600 * SEC;
	case DEADLINE_PAST:
		return now_ns() - SEC;
	case DEADLINE_FIRST:
		return 1;
	case DEADLINE_MAX:
		return INT64_MAX;
	case DEADLINE_BEYOND:
		return 1ULL << 63;
	case DEADLINE_ALL_ONES:
		return ~0ULL;
	default:
		return value;
	}
}

static uint64_t port_id_of(uint64_t value)
{
	switch (value) {
	case PORT_ID_NEXT:
		return load(&shared->last_port) + 1;
	case PORT_ID_ALL_ONES:
		return ~0ULL;
	case PORT_ID_ZERO:
		return 0;
	default:
		return value < MAX_PORTS ? shared->ports[value] : value;
	}
}

static uint64_t held_id_of(const struct context *ctx, uint64_t value)
{
	switch (value) {
	case HELD_ZERO:
		return 0;
	case HELD_LAST:
	case HELD_SECOND:
	case HELD_THIRD:
		return ledger_held(ctx->slot.place, value - HELD_LAST);
	case HELD_FIRST:
		return 1;
	case HELD_ALL_ONES:
		return ~0ULL;
	default:
		return value;
	}
}

/* In a process namespace of its own, the caller sees others as nobody. */
static uint64_t process_id_of(const struct context *ctx, uint64_t value)
{
	switch (value) {
	case PROCESS_ANY:
		return 0;
	case PROCESS_SELF:
		return getpid();
	case PROCESS_THREAD:
		return process_seat->workers[1].tid;
	case PROCESS_INIT:
		return 1;
	case PROCESS_NOBODY:
		return INT32_MAX;
	case PROCESS_NEGATIVE:
		return -getpid();
	}
	value -= PROCESS_FIRST;
	if (value >= MAX_PROCESSES)
		return value + PROCESS_FIRST;
	return value == process_of(ctx->thread) ? getpid() :
	       load(&seat_of(value)->pid);
}

/* The struct */

static void member_put(struct context *ctx, unsigned int i, uint64_t value)
{
	const struct field *field = &ctx->row->fields[i];

	/* Little-endian: the low bytes come first. */
	if (field->offset != NO_OFFSET)
		memcpy(ctx->arg.bytes + field->offset, &value, field->size);
}

static uint64_t arg_of(const struct context *ctx, const char *name)
{
	int i = row_field(ctx->row, name);

	return i < 0 ? 0 : ctx->call->args[i];
}

static void buffer_put(struct context *ctx, unsigned int i, bool cut,
		       bool compat)
{
	struct buffer *buffer = buffer_make(ctx, i, cut, compat);

	member_put(ctx, i, cut ? buffer->array : buffer->start);
	member_put(ctx, i + 1, cut ? buffer->nr : buffer->len);
	if (ctx->row->fields[i].role == ROLE_PAYLOAD)
		payload_enter(ctx, buffer, arg_of(ctx, "type"),
			      arg_of(ctx, "priority"));
	else
		ctx->room = buffer;
}

/* Elements of one length, in a row: their length and their number follow. */
static void table_put(struct context *ctx, unsigned int i)
{
	const uint64_t *args = &ctx->call->args[i];
	struct buffer *buffer = &ctx->buffers[ctx->nr_buffers++];
	uint64_t size = (uint32_t)args[1] * (uint64_t)(uint32_t)args[2];

	buffer->place = args[0];
	buffer->len = size;
	buffer->start = memory_place(ctx->local, args[0], size, true,
				     &buffer->good);
	member_put(ctx, i, buffer->start);
}

/* As many as there may be; what is behind them does not matter. */
static uint64_t fds_bytes(uint64_t nr)
{
	nr = (uint32_t)nr;
	return sizeof(int) * (nr < IPCBOX_FDS_MAX ? nr : IPCBOX_FDS_MAX);
}

/* Which one to send: of several, the last is what it is about. */
static int fd_of(const struct context *ctx, enum fd_what what, bool last)
{
	if (!last || what == FD_FILE)
		return world_file;
	return what == FD_LAST_HANDLE ? ctx->slot.fd : -1;
}

static struct buffer *fds_place(struct context *ctx, unsigned int i, bool write)
{
	const uint64_t *args = &ctx->call->args[i];
	struct buffer *buffer = &ctx->buffers[ctx->nr_buffers++];

	buffer->place = args[0];
	buffer->len = fds_bytes(args[1]);
	buffer->start = memory_place(SECOND(ctx->local), args[0], buffer->len,
				     write, &buffer->good);
	member_put(ctx, i, buffer->start);
	ctx->fds = buffer;
	return buffer;
}

static void fds_put(struct context *ctx, unsigned int i)
{
	const uint64_t *args = &ctx->call->args[i];
	struct buffer *buffer = fds_place(ctx, i, false);
	int *fds = (int *)buffer->start;
	uint64_t n;

	for (n = sizeof(int); n <= buffer->len && n <= buffer->good;
	     n += sizeof(int))
		*fds++ = fd_of(ctx, args[2], n == buffer->len);
	memory_seal(SECOND(ctx->local), args[0]);
}

static void field_put(struct context *ctx, unsigned int i, bool cut,
		      bool compat)
{
	const struct field *field = &ctx->row->fields[i];
	uint64_t value = ctx->call->args[i];

	switch (field->role) {
	case ROLE_PAYLOAD:
	case ROLE_ROOM:
		buffer_put(ctx, i, cut, compat);
		break;
	case ROLE_LENGTH:
		break;	/* with the buffer before it */
	case ROLE_TABLE:
		table_put(ctx, i);
		break;
	case ROLE_FDS:
		fds_put(ctx, i);
		break;
	case ROLE_FDS_ROOM:
		fds_place(ctx, i, true);
		break;
	case ROLE_NAME:
		memcpy(ctx->arg.bytes + field->offset, name_text(value),
		       field->size);
		break;
	case ROLE_PORT_ID:
		member_put(ctx, i, port_id_of(value));
		break;
	case ROLE_DEADLINE:
		member_put(ctx, i, deadline_of(value));
		break;
	case ROLE_PROCESS:
		member_put(ctx, i, process_id_of(ctx, value));
		break;
	case ROLE_HELD:
		member_put(ctx, i, held_id_of(ctx, value));
		break;
	case ROLE_NESTED:
		break;	/* when what it points to has been filled in */
	default:
		member_put(ctx, i, value);
	}
}

static void struct_fill(struct context *ctx, bool compat)
{
	bool cut = false;
	unsigned int i;

	memset(&ctx->arg, 0, sizeof(ctx->arg));
	for (i = FIELD_STRUCT; ctx->row->fields[i].name; i++) {
		/* A struct that this one points to has its own. */
		if (ctx->row->fields[i].role == ROLE_FLAGS)
			cut = ctx->call->args[i] & IPCBOX_IOVEC;
		field_put(ctx, i, cut, compat);
	}
}

/* The command */

static unsigned int size_of(unsigned int known, enum size size)
{
	switch (size) {
	case SIZE_SHORT:
		return known - 1;
	case SIZE_NONE:
		return 0;
	case SIZE_HALF:
		return known / 2;
	case SIZE_OLDER:
		return known < 16 ? 0 : known - 16;
	case SIZE_LONGER:
	case SIZE_NEWER:
		return known + 16;
	case SIZE_PAGE:
		return 4096;
	case SIZE_MAX_IOC:
		return _IOC_SIZEMASK;
	default:
		return known;
	}
}

static unsigned int command_of(unsigned int cmd, enum command change,
			       unsigned int size)
{
	unsigned int dir = _IOC_DIR(cmd), type = _IOC_TYPE(cmd),
		     nr = _IOC_NR(cmd);

	switch (change) {
	case COMMAND_DIRECTION:
		dir ^= _IOC_READ;
		break;
	case COMMAND_TYPE:
		type ^= 1;
		break;
	case COMMAND_NEXT:
		nr++;
		break;
	case COMMAND_FAR:
		nr = 0xff;
		break;
	case COMMAND_EXACT:
		break;
	}
	return _IOC(dir, type, nr, size);
}

static long ioctl_native(int fd, unsigned int cmd, uint64_t arg)
{
	long ret = syscall(SYS_ioctl, fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* As a 32-bit program calls it, which any program can on x86. */
static long ioctl_compat(int fd, unsigned int cmd, uint64_t arg)
{
#ifdef __x86_64__
	int ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "0" (54), "b" (fd), "c" (cmd), "d" ((uint32_t)arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
#else
	return ioctl_native(fd, cmd, arg);
#endif
}

/* The struct that a reply points to, if it does: of any size, it as well. */

static void next_put(struct context *ctx)
{
	const uint64_t *args = call_next(ctx);
	unsigned int known = sizeof(ctx->arg.next), size;

	if (!args)
		return;
	size = size_of(known, args[1]);
	ctx->arg.reply.recv = memory_arg(SECOND(ctx->local), args[0],
					 &ctx->arg.next, known, size,
					 args[1] == SIZE_NEWER ? 0xff : 0);
	ctx->arg.reply.recv_size = size;
	ctx->memory_bad |= args[0] >= PLACE_READONLY;
	ctx->next_good = args[0] < PLACE_READONLY;
	ctx->next_whole = ctx->next_good && size >= known;
}

static void next_get(struct context *ctx)
{
	struct ipcbox_recv *next = &ctx->arg.next;
	size_t size = ctx->arg.reply.recv_size;

	if (ctx->next_good)
		memcpy(next, (void *)ctx->arg.reply.recv,
		       size < sizeof(*next) ? size : sizeof(*next));
}

/**
 * ioctl_run() - struct row.run of ioctls
 * @ctx: call
 */
void ioctl_run(struct context *ctx)
{
	const uint64_t *args = ctx->call->args;
	unsigned int known = _IOC_SIZE(ctx->row->cmd);
	unsigned int size = size_of(known, args[FIELD_SIZE]);
	unsigned int cmd = command_of(ctx->row->cmd, args[FIELD_COMMAND], size);
	bool compat = args[FIELD_ABI] == ABI_COMPAT;
	uint64_t at;

	struct_fill(ctx, compat);
	next_put(ctx);
	at = memory_arg(ctx->local, args[FIELD_ARG], &ctx->arg, known, size,
			args[FIELD_SIZE] == SIZE_NEWER ? 0xff : 0);
	ctx->ret = (compat ? ioctl_compat : ioctl_native)(ctx->slot.fd, cmd, at);
	ctx->arg_good = args[FIELD_ARG] < PLACE_READONLY;
	ctx->arg_size = size < known ? size : known;
	ctx->arg_whole = ctx->arg_good && size >= known;
	next_get(ctx);
	if (ctx->arg_good)
		memcpy(&ctx->arg, (void *)at, ctx->arg_size);
}
