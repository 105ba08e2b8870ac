// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the ABI, one row each
 *
 * A row names the members of its struct with the kinds of their values, and the
 * errors that uapi/linux/ipcbox.h documents; those of the rules for all ioctls
 * are in errors.c.
 */

#include "checks.h"
#include "rows.h"

/* Those of a message, to a process or to a port. */
#define SEND_FIELDS(to_kind, to_role)					\
	IOCTL_FIELDS,							\
	FLAGS(ipcbox_send, send_flags),					\
	PAYLOAD(ipcbox_send, data, len),				\
	MEMBER(ipcbox_send, type, type),				\
	MEMBER(ipcbox_send, priority, priority),			\
	MEMBER_ROLE(ipcbox_send, to, to_kind, to_role),			\
	MEMBER_ROLE(ipcbox_send, deadline, deadline, ROLE_DEADLINE),	\
	MEMBER_ROLE(ipcbox_send, fds, place, ROLE_FDS),			\
	MEMBER(ipcbox_send, nr_fds, nr_fds),				\
	ARGUMENT("fd_what", fd_what),					\
	MEMBER(ipcbox_send, reserved2, zero)

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
			    EOPNOTSUPP, EUSERS, ENOMEM, EMFILE, ENFILE,
			    EIDRM, ENXIO, EINTR },
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
		.errors = { ENOENT, EACCES, EUSERS, EMFILE, ENFILE, ENOMEM,
			    EIDRM, ENXIO, EINTR },
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
		.name = "users", .weight = 4, .on = SLOT_BOX,
		.cmd = IPCBOX_USER_LIST, .run = ioctl_run, .check = check_users,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_user_list, no_flags),
			MEMBER(ipcbox_user_list, cursor, user_cursor),
			MEMBER_ROLE(ipcbox_user_list, entries, place,
				    ROLE_TABLE),
			MEMBER(ipcbox_user_list, entry_size, user_entry_size),
			MEMBER(ipcbox_user_list, count, count),
		},
		.errors = { EINTR },
	}, {
		.name = "inbox", .weight = 10, .on = SLOT_BOX,
		.makes = SLOT_HANDLE,
		.cmd = IPCBOX_INBOX, .run = ioctl_run, .check = check_inbox,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_inbox, inbox_flags),
			MEMBER(ipcbox_inbox, id, zero),
		},
		.errors = { EDQUOT, ENOMEM, EMFILE, ENFILE, EIDRM },
	}, {
		.name = "pipe", .weight = 10, .on = SLOT_BOX,
		.makes = SLOT_HANDLE,
		.cmd = IPCBOX_PIPE, .run = ioctl_run, .check = check_pipe,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_pipe, pipe_flags),
			MEMBER(ipcbox_pipe, max_bytes, stream_bytes),
			ARGUMENT("write_end", handle_slot),
		},
		.errors = { EDQUOT, ENOMEM, EMFILE, ENFILE, EIDRM },
	}, {
		.name = "connect", .weight = 20, .on = SLOT_BOX,
		.makes = SLOT_HANDLE, .waits = WAITS_AS_SENDER,
		.cmd = IPCBOX_CONNECT, .run = ioctl_run, .check = check_connect,
		.failed = check_connect_failed,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_connect, connect_flags),
			MEMBER_ROLE(ipcbox_connect, name, name, ROLE_NAME),
			MEMBER_ROLE(ipcbox_connect, id, port_id, ROLE_PORT_ID),
			PAYLOAD(ipcbox_connect, data, len),
			MEMBER(ipcbox_connect, type, type),
			MEMBER(ipcbox_connect, priority, priority),
			MEMBER_ROLE(ipcbox_connect, deadline, deadline,
				    ROLE_DEADLINE),
			ROOM_NAMED(ipcbox_connect, answer, answer_size,
				   "answer_"),
		},
		.errors = { ECONNREFUSED, EAGAIN, ETIMEDOUT, EINTR, ENOENT,
			    EPROTOTYPE, EACCES, EMSGSIZE, EIDRM, EDQUOT,
			    EMFILE, ENOMEM },
	}, {
		.name = "send_to", .weight = 25, .on = SLOT_BOX,
		.waits = WAITS_AS_SENDER,
		.cmd = IPCBOX_SEND_TO, .run = ioctl_run, .check = check_send,
		.fields = { SEND_FIELDS(to, ROLE_PROCESS) },
		.errors = { EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, EDQUOT, EBADF,
			    EIDRM, ESRCH, EACCES, ENOMEM, ELOOP,
			    ETOOMANYREFS },
	}, {
		.name = "send", .weight = 60, .on = SLOT_HANDLE,
		.waits = WAITS_AS_SENDER,
		.cmd = IPCBOX_SEND, .run = ioctl_run, .check = check_send,
		.fields = { SEND_FIELDS(zero, ROLE_PLAIN) },
		.errors = { EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, EDQUOT, EBADF,
			    EIDRM, ECANCELED, EOPNOTSUPP, ENOMEM,
			    ELOOP, ETOOMANYREFS, EPIPE },
	}, {
		.name = "recv", .weight = 60, .on = SLOT_HANDLE,
		.waits = WAITS_AS_RECEIVER,
		.cmd = IPCBOX_RECV, .run = ioctl_run, .check = check_recv,
		.failed = check_recv_failed,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_recv, recv_flags),
			ROOM(ipcbox_recv, data, len),
			MEMBER(ipcbox_recv, type, recv_type),
			MEMBER_ROLE(ipcbox_recv, deadline, deadline,
				    ROLE_DEADLINE),
			MEMBER(ipcbox_recv, lease, lease),
			MEMBER_ROLE(ipcbox_recv, from, from, ROLE_PROCESS),
			MEMBER_ROLE(ipcbox_recv, fds, place, ROLE_FDS_ROOM),
			MEMBER(ipcbox_recv, fds_size, nr_fds),
		},
		.errors = { EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, EBADF, EIDRM,
			    EOPNOTSUPP, EDQUOT, ENOMEM,
			    EMFILE, ESRCH, ENOTCONN },
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
			MEMBER_ROLE(ipcbox_set, dead_letter, port_id,
				    ROLE_PORT_ID),
			MEMBER(ipcbox_set, max_deliveries, max_deliveries),
			MEMBER(ipcbox_set, reserved, zero),
		},
		.errors = { EBADF, EIDRM, ENOENT, EACCES, ELOOP, EOPNOTSUPP },
	}, {
		.name = "ack", .weight = 20, .on = SLOT_HANDLE,
		.cmd = IPCBOX_ACK, .run = ioctl_run, .check = check_ack,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_ack, no_flags),
			MEMBER_ROLE(ipcbox_ack, id, held, ROLE_HELD),
		},
		.errors = { ESRCH, EBADF, EIDRM, EOPNOTSUPP },
	}, {
		.name = "nack", .weight = 12, .on = SLOT_HANDLE,
		.cmd = IPCBOX_NACK, .run = ioctl_run, .check = check_nack,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_ack, no_flags),
			MEMBER_ROLE(ipcbox_ack, id, held, ROLE_HELD),
		},
		.errors = { ESRCH, EBADF, EIDRM, EOPNOTSUPP },
	}, {
		.name = "call", .weight = 30, .on = SLOT_HANDLE,
		.waits = WAITS_AS_SENDER,
		.cmd = IPCBOX_CALL, .run = ioctl_run, .check = check_call,
		.failed = check_call_failed,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_call, call_flags),
			PAYLOAD(ipcbox_call, data, len),
			MEMBER(ipcbox_call, type, type),
			MEMBER(ipcbox_call, priority, priority),
			MEMBER_ROLE(ipcbox_call, deadline, deadline,
				    ROLE_DEADLINE),
			ROOM_NAMED(ipcbox_call, reply, reply_size, "reply_"),
			MEMBER(ipcbox_call, reserved, zero),
		},
		.errors = { EOWNERDEAD, ETIMEDOUT, EINTR, EAGAIN, EMSGSIZE,
			    EDQUOT, EBADF, EIDRM, ECANCELED, EOPNOTSUPP,
			    ENOMEM, EPIPE },
	}, {
		.name = "reply", .weight = 30, .on = SLOT_HANDLE,
		.waits = WAITS_AS_RECEIVER,
		.cmd = IPCBOX_REPLY, .run = ioctl_run, .check = check_reply,
		.failed = check_reply_failed,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_reply, reply_flags),
			MEMBER_ROLE(ipcbox_reply, id, held, ROLE_HELD),
			PAYLOAD(ipcbox_reply, data, len),
			MEMBER(ipcbox_reply, type, type),
			MEMBER(ipcbox_reply, nr_fds, zero),
			NEXT_ROLE(flags, recv_flags, ROLE_FLAGS),
			NEXT_ROOM,
			NEXT_ROLE(type, recv_type, ROLE_PLAIN),
			NEXT_ROLE(deadline, deadline, ROLE_DEADLINE),
			NEXT_ROLE(lease, lease, ROLE_PLAIN),
			NEXT_ROLE(from, from, ROLE_PROCESS),
			MEMBER_ROLE(ipcbox_reply, recv, nested_place,
				    ROLE_NESTED),
			MEMBER_ROLE(ipcbox_reply, recv_size, size,
				    ROLE_LENGTH),
		},
		.errors = { ESRCH, EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, EDQUOT,
			    EBADF, EIDRM, EOPNOTSUPP, ENOMEM, ENOTCONN },
	}, {
		.name = "events", .weight = 15, .on = SLOT_HANDLE,
		.cmd = IPCBOX_EVENTS, .run = ioctl_run,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_events, no_flags),
			MEMBER(ipcbox_events, mask, event_mask),
		},
		.errors = { EBADF, EIDRM, EDQUOT, ENOMEM, EOPNOTSUPP },
	}, {
		.name = "ring_attach", .weight = 12, .on = SLOT_HANDLE,
		.cmd = IPCBOX_RING_ATTACH, .run = ioctl_run,
		.check = check_ring_attach,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_ring_attach, no_flags),
			MEMBER(ipcbox_ring_attach, side, side),
			MEMBER(ipcbox_ring_attach, reserved, zero),
		},
		.errors = { EAGAIN, EBADF, EBUSY, EUSERS, EIDRM, EDQUOT,
			    ENOMEM },
	}, {
		.name = "ring_wait", .weight = 10, .on = SLOT_HANDLE,
		.cmd = IPCBOX_RING_WAIT, .run = ioctl_run,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_ring_wait, ring_wait_flags),
			MEMBER(ipcbox_ring_wait, side, side),
			MEMBER(ipcbox_ring_wait, lane, lane),
			MEMBER_ROLE(ipcbox_ring_wait, deadline, deadline,
				    ROLE_DEADLINE),
		},
		.errors = { EAGAIN, ETIMEDOUT, EINTR, EBADF, EIDRM },
	}, {
		.name = "ring_wake", .weight = 6, .on = SLOT_HANDLE,
		.cmd = IPCBOX_RING_WAKE, .run = ioctl_run,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_ring_wait, no_flags),
			MEMBER(ipcbox_ring_wait, side, side),
			MEMBER(ipcbox_ring_wait, lane, lane),
			MEMBER(ipcbox_ring_wait, deadline, zero),
		},
		.errors = { EBADF, EIDRM },
	}, {
		.name = "accept", .weight = 25, .on = SLOT_HANDLE,
		.makes = SLOT_HANDLE,
		.cmd = IPCBOX_ACCEPT, .run = ioctl_run, .check = check_accept,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_accept, accept_flags),
			MEMBER_ROLE(ipcbox_accept, id, held, ROLE_HELD),
			PAYLOAD(ipcbox_accept, data, len),
			MEMBER(ipcbox_accept, type, type),
			MEMBER(ipcbox_accept, max_messages, capacity),
			MEMBER(ipcbox_accept, max_bytes, max_bytes),
			MEMBER(ipcbox_accept, max_msgsize, max_msgsize),
			MEMBER(ipcbox_accept, reserved, zero),
		},
		.errors = { ESRCH, EOPNOTSUPP, EMSGSIZE, EDQUOT, ENOMEM, EMFILE,
			    ENFILE, EBADF, EIDRM },
	}, {
		.name = "refuse", .weight = 10, .on = SLOT_HANDLE,
		.cmd = IPCBOX_REFUSE, .run = ioctl_run, .check = check_refuse,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_refuse, no_flags),
			MEMBER_ROLE(ipcbox_refuse, id, held, ROLE_HELD),
			MEMBER(ipcbox_refuse, reason, reason),
		},
		.errors = { ESRCH, EOPNOTSUPP, EBADF, EIDRM },
	}, {
		.name = "shutdown", .weight = 12, .on = SLOT_HANDLE,
		.cmd = IPCBOX_SHUTDOWN, .run = ioctl_run,
		.check = check_shutdown,
		.fields = {
			IOCTL_FIELDS,
			FLAGS(ipcbox_shutdown, no_flags),
			MEMBER(ipcbox_shutdown, rights, side),
			MEMBER(ipcbox_shutdown, reserved, zero),
		},
		.errors = { EOPNOTSUPP, EBADF, EIDRM },
	},
};

const unsigned int call_rows_nr = ARRAY_SIZE(call_rows);
