/* SPDX-License-Identifier: GPL-2.0-only */
/* How rows are written down */
#ifndef FUZZ_ROWS_H
#define FUZZ_ROWS_H

#include <errno.h>

#include "fuzz.h"
#include "kinds.h"
#include "run.h"

/* What every row begins with. */
#define FIELDS								\
	{ "slot", &kind_slot, NO_OFFSET }, { "out", &kind_slot, NO_OFFSET }
#define IOCTL_FIELDS							\
	FIELDS,								\
	{ "arg", &kind_arg_place, NO_OFFSET },				\
	{ "size", &kind_size, NO_OFFSET },				\
	{ "command", &kind_command, NO_OFFSET },			\
	{ "abi", &kind_abi, NO_OFFSET }

/* An argument that is not in the struct of an ioctl. */
#define ARGUMENT(name, kind)	{ name, &kind_##kind, NO_OFFSET }

/* A member of the struct. */
#define MEMBER_ROLE(type, member, kind, role)				\
	{ #member, &kind_##kind, offsetof(struct type, member),		\
	  sizeof(((struct type *)NULL)->member), role }
#define MEMBER(type, member, kind)					\
	MEMBER_ROLE(type, member, kind, ROLE_PLAIN)
#define FLAGS(type, kind)						\
	MEMBER_ROLE(type, flags, kind, ROLE_FLAGS)

/* A member of struct ipcbox_recv, to which struct ipcbox_reply points. */
#define NEXT_ROLE(member, kind, role)					\
	{ "recv_" #member, &kind_##kind,				\
	  sizeof(struct ipcbox_reply) + offsetof(struct ipcbox_recv, member), \
	  sizeof(((struct ipcbox_recv *)NULL)->member), role }
#define NEXT_ROOM							\
	NEXT_ROLE(data, place, ROLE_ROOM),				\
	NEXT_ROLE(len, room, ROLE_LENGTH),				\
	ARGUMENT("recv_segments", segments), ARGUMENT("recv_vector", vector)

/* A buffer: the pointer, the length, and how it is cut. */
#define PAYLOAD(type, data, len)					\
	MEMBER_ROLE(type, data, place, ROLE_PAYLOAD),			\
	MEMBER_ROLE(type, len, length, ROLE_LENGTH),					\
	ARGUMENT("segments", segments), ARGUMENT("vector", vector)
#define ROOM(type, data, len)	ROOM_NAMED(type, data, len, "")
#define ROOM_NAMED(type, data, len, prefix)				\
	MEMBER_ROLE(type, data, place, ROLE_ROOM),			\
	MEMBER_ROLE(type, len, room, ROLE_LENGTH),			\
	ARGUMENT(prefix "segments", segments),				\
	ARGUMENT(prefix "vector", vector)

/* The same as arguments of a system call. */
#define PAYLOAD_ARGUMENT						\
	{ "data", &kind_place, NO_OFFSET, 0, ROLE_PAYLOAD },		\
	ARGUMENT("len", length),					\
	ARGUMENT("segments", segments), ARGUMENT("vector", vector)
#define ROOM_ARGUMENT							\
	{ "data", &kind_place, NO_OFFSET, 0, ROLE_ROOM },		\
	ARGUMENT("len", room),						\
	ARGUMENT("segments", segments), ARGUMENT("vector", vector)

/* What most functions that make a call begin and end with. */

static inline long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static inline uint64_t argument(const struct context *ctx, unsigned int i)
{
	return ctx->call->args[FIELD_OWN + i];
}

/* Where the struct that a reply points to lies, and its size; NULL for none. */
static inline const uint64_t *call_next(const struct context *ctx)
{
	int at = row_field(ctx->row, "recv");

	return at < 0 || ctx->call->args[at] == PLACE_NULL ? NULL :
	       &ctx->call->args[at];
}

static inline void result_put(struct context *ctx, struct slot slot)
{
	slot.fd = ctx->ret;
	if (ctx->ret >= 0)
		slot_put(ctx->call->args[FIELD_OUT], &slot);
}

#endif /* FUZZ_ROWS_H */
