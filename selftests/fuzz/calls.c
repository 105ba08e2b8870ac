// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the ABI, one row each, and what is looked at when one of them
 * has succeeded
 *
 * A row names the members of its struct with the kinds of their values, and the
 * errors that uapi/linux/ipcbox.h documents; those of the rules for all ioctls
 * are in errors.c.
 */

#include <string.h>

#include "rows.h"

/* Checks */

static void check_info(struct context *ctx)
{
	const struct ipcbox_info *info = &ctx->arg.info;

	if (info->abi_version != IPCBOX_ABI_VERSION || !info->kinds ||
	    info->user_ports > info->max_ports ||
	    info->user_bytes > info->max_bytes)
		find(FINDING_STAT, "info: version %u, ports %llu of %llu, bytes %llu of %llu",
		     info->abi_version, info->user_ports, info->max_ports,
		     info->user_bytes, info->max_bytes);
}

static void port_made(uint64_t id)
{
	uint32_t n = add(&shared->nr_ports, 1);

	if (n < MAX_PORTS)
		shared->ports[n] = id;
	store(&shared->last_port, id);
}

/*
 * The place is known only if the id could be read back. (That of a box is its
 * number.)
 */
static void handle_made(struct context *ctx, uint64_t id)
{
	uint32_t place = ctx->arg_good && ctx->steady ?
			 place_of(ctx->slot.place, id) : 0;

	slot_put(ctx->call->args[FIELD_OUT], ctx->ret, SLOT_HANDLE, place);
}

static void check_create(struct context *ctx)
{
	const struct ipcbox_port_create *arg = &ctx->arg.port_create;

	if (ctx->arg_good && arg->created)
		port_made(arg->id);
	else if (ctx->arg_good)
		oracle_rights(ctx->ret);
	handle_made(ctx, arg->id);
}

static void check_open(struct context *ctx)
{
	oracle_rights(ctx->ret);
	handle_made(ctx, ctx->arg.port_open.id);
}

static void check_stat(struct context *ctx)
{
	if (ctx->arg_good)
		oracle_stat(&ctx->arg.stat);
}

static void check_list(struct context *ctx)
{
	const struct ipcbox_port_list *list = &ctx->arg.port_list;
	const struct buffer *table = &ctx->buffers[0];
	const struct ipcbox_stat *stat;
	unsigned int i;

	if (!ctx->arg_good)
		return;
	for (i = 0; i < list->count; i++) {
		if ((i + 1ULL) * list->entry_size > table->good)
			return;
		stat = (void *)(table->start + i * list->entry_size);
		oracle_stat(stat);
	}
}

static void check_send(struct context *ctx)
{
	if (ctx->arg_good)
		ctx->message_id = ctx->arg.send.id;
}

static bool recv_odd(const struct ipcbox_recv *recv)
{
	return (recv->type && recv->msg_type != recv->type) ||
	       recv->msg_priority >= IPCBOX_PRIORITIES || recv->msg_flags ||
	       recv->sender_pid < 0 || recv->sender_tid < 0 ||
	       (recv->sender_uid && recv->sender_uid != ALICE &&
		recv->sender_uid != 65534);
}

static void check_recv(struct context *ctx)
{
	const struct ipcbox_recv *recv = &ctx->arg.recv;
	struct receipt receipt = {
		.thread = ctx->thread,
		.place = ctx->slot.place,
		.priority = recv->msg_priority,
		.id = recv->msg_id,
	};

	if (!ctx->arg_good)
		return;
	if (recv_odd(recv))
		find(FINDING_STAT, "recv: type %llx for %llx, priority %u, flags %x, sender %d/%d, %u",
		     recv->msg_type, recv->type, recv->msg_priority,
		     recv->msg_flags, recv->sender_pid, recv->sender_tid,
		     recv->sender_uid);
	if (recv->msg_len > ctx->room->good)
		find(FINDING_SUCCESS, "recv: %llu bytes into %llu good ones",
		     recv->msg_len, (unsigned long long)ctx->room->good);
	else
		ledger_received(&receipt, (void *)ctx->room->start,
				recv->msg_len, recv->flags & IPCBOX_PEEK);
}

/* Rows */

const struct row call_rows[] = {
	{
		.name = "info", .weight = 4, .on = SLOT_BOX,
		.cmd = IPCBOX_INFO, .run = ioctl_run, .check = check_info,
		.fields = { IOCTL_FIELDS, FLAGS(ipcbox_info, no_flags) },
	}, {
		.name = "create", .weight = 25, .on = SLOT_BOX,
		.makes = SLOT_HANDLE,
		.cmd = IPCBOX_PORT_CREATE, .run = ioctl_run,
		.check = check_create,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_port_create, create_flags),
			MEMBER_ROLE(ipcbox_port_create, name, name, ROLE_NAME),
			MEMBER(ipcbox_port_create, rights, rights),
			MEMBER(ipcbox_port_create, kind, port_kind),
			MEMBER(ipcbox_port_create, owner, owner),
			MEMBER(ipcbox_port_create, sharing, sharing),
			MEMBER(ipcbox_port_create, mode, mode),
			MEMBER(ipcbox_port_create, uid, id),
			MEMBER(ipcbox_port_create, gid, id),
			MEMBER(ipcbox_port_create, max_msgsize, max_msgsize),
			MEMBER(ipcbox_port_create, max_messages, capacity),
			MEMBER(ipcbox_port_create, max_bytes, max_bytes),
			MEMBER(ipcbox_port_create, reserved, zero),
		},
		.errors = { EEXIST, EACCES, EPROTOTYPE, EDQUOT, EPERM,
			    EOPNOTSUPP, ENOMEM, EMFILE, ENFILE, EIDRM },
	}, {
		.name = "open", .weight = 15, .on = SLOT_BOX,
		.makes = SLOT_HANDLE,
		.cmd = IPCBOX_PORT_OPEN, .run = ioctl_run, .check = check_open,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_port_open, open_flags),
			MEMBER_ROLE(ipcbox_port_open, name, name, ROLE_NAME),
			MEMBER(ipcbox_port_open, rights, rights),
			MEMBER(ipcbox_port_open, reserved, zero),
			MEMBER_ROLE(ipcbox_port_open, id, port_id, ROLE_PORT_ID),
		},
		.errors = { ENOENT, EACCES, EMFILE, ENFILE, ENOMEM, EIDRM },
	}, {
		.name = "delete", .weight = 5, .on = SLOT_BOX,
		.cmd = IPCBOX_PORT_DELETE, .run = ioctl_run,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_port_delete, no_flags),
			MEMBER_ROLE(ipcbox_port_delete, name, name, ROLE_NAME),
			MEMBER_ROLE(ipcbox_port_delete, id, port_id,
				    ROLE_PORT_ID),
		},
		.errors = { ENOENT, EACCES, EIDRM },
	}, {
		.name = "list", .weight = 4, .on = SLOT_BOX,
		.cmd = IPCBOX_PORT_LIST, .run = ioctl_run, .check = check_list,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_port_list, no_flags),
			MEMBER_ROLE(ipcbox_port_list, cursor, port_id,
				    ROLE_PORT_ID),
			MEMBER_ROLE(ipcbox_port_list, entries, place,
				    ROLE_TABLE),
			MEMBER(ipcbox_port_list, entry_size, entry_size),
			MEMBER(ipcbox_port_list, count, count),
		},
		.errors = { EINTR, EIDRM },
	}, {
		.name = "send", .weight = 60, .on = SLOT_HANDLE,
		.waits = WAITS_AS_SENDER,
		.cmd = IPCBOX_SEND, .run = ioctl_run, .check = check_send,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_send, send_flags),
			PAYLOAD(ipcbox_send, data, len),
			MEMBER(ipcbox_send, type, type),
			MEMBER(ipcbox_send, priority, priority),
			MEMBER(ipcbox_send, reserved, zero),
			MEMBER_ROLE(ipcbox_send, deadline, deadline,
				    ROLE_DEADLINE),
		},
		.errors = { EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, EDQUOT, EBADF,
			    EIDRM, ENOMEM },
	}, {
		.name = "recv", .weight = 60, .on = SLOT_HANDLE,
		.waits = WAITS_AS_RECEIVER,
		.cmd = IPCBOX_RECV, .run = ioctl_run, .check = check_recv,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_recv, recv_flags),
			ROOM(ipcbox_recv, data, len),
			MEMBER(ipcbox_recv, type, type),
			MEMBER_ROLE(ipcbox_recv, deadline, deadline,
				    ROLE_DEADLINE),
		},
		.errors = { EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, EBADF, EIDRM,
			    ENOMEM },
	}, {
		.name = "stat", .weight = 6, .on = SLOT_HANDLE,
		.cmd = IPCBOX_STAT, .run = ioctl_run, .check = check_stat,
		.fields = { IOCTL_FIELDS, FLAGS(ipcbox_stat, no_flags) },
		.errors = { EIDRM },
	}, {
		.name = "set", .weight = 12, .on = SLOT_HANDLE,
		.cmd = IPCBOX_SET, .run = ioctl_run,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_set, set_flags),
			MEMBER(ipcbox_set, mode, mode),
			MEMBER(ipcbox_set, uid, id),
			MEMBER(ipcbox_set, gid, id),
			MEMBER(ipcbox_set, max_msgsize, max_msgsize),
			MEMBER(ipcbox_set, max_messages, capacity),
			MEMBER(ipcbox_set, max_bytes, max_bytes),
		},
		.errors = { EBADF, EIDRM },
	},
};

const unsigned int call_rows_nr = ARRAY_SIZE(call_rows);
