// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI, nailed down: size of every struct and offset of every field
 *
 * The numbers are those that 32-bit and 64-bit programs were built with, so
 * none of them may ever change; new fields go to the end, with new lines here.
 * No field straddles or leaves padding, which would be where the layouts of
 * 32-bit and 64-bit callers part.
 */

#include <linux/build_bug.h>
#include <linux/stddef.h>

#include <linux/ipcbox.h>
#include <linux/ipcbox_ring.h>

#define IPCBOX_ABI_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size))
#define IPCBOX_ABI_FIELD(type, field, offset) \
	static_assert(offsetof(struct type, field) == (offset))

IPCBOX_ABI_SIZE(ipcbox_info, 96);
IPCBOX_ABI_FIELD(ipcbox_info, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_info, abi_version, 8);
IPCBOX_ABI_FIELD(ipcbox_info, msg_overhead, 12);
IPCBOX_ABI_FIELD(ipcbox_info, kinds, 16);
IPCBOX_ABI_FIELD(ipcbox_info, sharings, 24);
IPCBOX_ABI_FIELD(ipcbox_info, owners, 32);
IPCBOX_ABI_FIELD(ipcbox_info, call_flags, 40);
IPCBOX_ABI_FIELD(ipcbox_info, max_msgsize, 48);
IPCBOX_ABI_FIELD(ipcbox_info, max_ports, 56);
IPCBOX_ABI_FIELD(ipcbox_info, max_bytes, 64);
IPCBOX_ABI_FIELD(ipcbox_info, user_ports, 72);
IPCBOX_ABI_FIELD(ipcbox_info, user_bytes, 80);
IPCBOX_ABI_FIELD(ipcbox_info, box_ports, 88);

IPCBOX_ABI_SIZE(ipcbox_port_create, 136);
IPCBOX_ABI_FIELD(ipcbox_port_create, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_port_create, name, 8);
IPCBOX_ABI_FIELD(ipcbox_port_create, rights, 72);
IPCBOX_ABI_FIELD(ipcbox_port_create, kind, 76);
IPCBOX_ABI_FIELD(ipcbox_port_create, owner, 80);
IPCBOX_ABI_FIELD(ipcbox_port_create, sharing, 84);
IPCBOX_ABI_FIELD(ipcbox_port_create, mode, 88);
IPCBOX_ABI_FIELD(ipcbox_port_create, uid, 92);
IPCBOX_ABI_FIELD(ipcbox_port_create, gid, 96);
IPCBOX_ABI_FIELD(ipcbox_port_create, max_msgsize, 100);
IPCBOX_ABI_FIELD(ipcbox_port_create, max_messages, 104);
IPCBOX_ABI_FIELD(ipcbox_port_create, max_bytes, 112);
IPCBOX_ABI_FIELD(ipcbox_port_create, id, 120);
IPCBOX_ABI_FIELD(ipcbox_port_create, created, 128);
IPCBOX_ABI_FIELD(ipcbox_port_create, reserved, 132);

IPCBOX_ABI_SIZE(ipcbox_port_open, 88);
IPCBOX_ABI_FIELD(ipcbox_port_open, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_port_open, name, 8);
IPCBOX_ABI_FIELD(ipcbox_port_open, rights, 72);
IPCBOX_ABI_FIELD(ipcbox_port_open, reserved, 76);
IPCBOX_ABI_FIELD(ipcbox_port_open, id, 80);

IPCBOX_ABI_SIZE(ipcbox_port_delete, 80);
IPCBOX_ABI_FIELD(ipcbox_port_delete, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_port_delete, name, 8);
IPCBOX_ABI_FIELD(ipcbox_port_delete, id, 72);

IPCBOX_ABI_SIZE(ipcbox_inbox, 16);
IPCBOX_ABI_FIELD(ipcbox_inbox, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_inbox, id, 8);

IPCBOX_ABI_SIZE(ipcbox_stat, 272);
IPCBOX_ABI_FIELD(ipcbox_stat, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_stat, id, 8);
IPCBOX_ABI_FIELD(ipcbox_stat, name, 16);
IPCBOX_ABI_FIELD(ipcbox_stat, kind, 80);
IPCBOX_ABI_FIELD(ipcbox_stat, owner, 84);
IPCBOX_ABI_FIELD(ipcbox_stat, sharing, 88);
IPCBOX_ABI_FIELD(ipcbox_stat, mode, 92);
IPCBOX_ABI_FIELD(ipcbox_stat, uid, 96);
IPCBOX_ABI_FIELD(ipcbox_stat, gid, 100);
IPCBOX_ABI_FIELD(ipcbox_stat, creator_uid, 104);
IPCBOX_ABI_FIELD(ipcbox_stat, creator_pid, 108);
IPCBOX_ABI_FIELD(ipcbox_stat, rights, 112);
IPCBOX_ABI_FIELD(ipcbox_stat, max_msgsize, 116);
IPCBOX_ABI_FIELD(ipcbox_stat, max_messages, 120);
IPCBOX_ABI_FIELD(ipcbox_stat, max_bytes, 128);
IPCBOX_ABI_FIELD(ipcbox_stat, created, 136);
IPCBOX_ABI_FIELD(ipcbox_stat, messages, 144);
IPCBOX_ABI_FIELD(ipcbox_stat, bytes, 152);
IPCBOX_ABI_FIELD(ipcbox_stat, taken, 160);
IPCBOX_ABI_FIELD(ipcbox_stat, sent, 168);
IPCBOX_ABI_FIELD(ipcbox_stat, received, 176);
IPCBOX_ABI_FIELD(ipcbox_stat, sent_bytes, 184);
IPCBOX_ABI_FIELD(ipcbox_stat, received_bytes, 192);
IPCBOX_ABI_FIELD(ipcbox_stat, next_size, 200);
IPCBOX_ABI_FIELD(ipcbox_stat, senders, 208);
IPCBOX_ABI_FIELD(ipcbox_stat, receivers, 212);
IPCBOX_ABI_FIELD(ipcbox_stat, handles, 216);
IPCBOX_ABI_FIELD(ipcbox_stat, waiting_senders, 220);
IPCBOX_ABI_FIELD(ipcbox_stat, waiting_receivers, 224);
IPCBOX_ABI_FIELD(ipcbox_stat, lanes, 228);
IPCBOX_ABI_FIELD(ipcbox_stat, held, 232);
IPCBOX_ABI_FIELD(ipcbox_stat, lost, 240);
IPCBOX_ABI_FIELD(ipcbox_stat, dead_letter, 248);
IPCBOX_ABI_FIELD(ipcbox_stat, dead_lettered, 256);
IPCBOX_ABI_FIELD(ipcbox_stat, max_deliveries, 264);
IPCBOX_ABI_FIELD(ipcbox_stat, reserved2, 268);

IPCBOX_ABI_SIZE(ipcbox_port_list, 32);
IPCBOX_ABI_FIELD(ipcbox_port_list, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_port_list, cursor, 8);
IPCBOX_ABI_FIELD(ipcbox_port_list, entries, 16);
IPCBOX_ABI_FIELD(ipcbox_port_list, entry_size, 24);
IPCBOX_ABI_FIELD(ipcbox_port_list, count, 28);

IPCBOX_ABI_SIZE(ipcbox_user_entry, 48);
IPCBOX_ABI_FIELD(ipcbox_user_entry, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_user_entry, uid, 8);
IPCBOX_ABI_FIELD(ipcbox_user_entry, reserved, 12);
IPCBOX_ABI_FIELD(ipcbox_user_entry, ports, 16);
IPCBOX_ABI_FIELD(ipcbox_user_entry, max_ports, 24);
IPCBOX_ABI_FIELD(ipcbox_user_entry, bytes, 32);
IPCBOX_ABI_FIELD(ipcbox_user_entry, max_bytes, 40);

IPCBOX_ABI_SIZE(ipcbox_user_list, 32);
IPCBOX_ABI_FIELD(ipcbox_user_list, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_user_list, cursor, 8);
IPCBOX_ABI_FIELD(ipcbox_user_list, entries, 16);
IPCBOX_ABI_FIELD(ipcbox_user_list, entry_size, 24);
IPCBOX_ABI_FIELD(ipcbox_user_list, count, 28);

IPCBOX_ABI_SIZE(ipcbox_pipe, 40);
IPCBOX_ABI_FIELD(ipcbox_pipe, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_pipe, max_bytes, 8);
IPCBOX_ABI_FIELD(ipcbox_pipe, fds, 16);
IPCBOX_ABI_FIELD(ipcbox_pipe, ids, 24);

IPCBOX_ABI_SIZE(ipcbox_set, 56);
IPCBOX_ABI_FIELD(ipcbox_set, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_set, mode, 8);
IPCBOX_ABI_FIELD(ipcbox_set, uid, 12);
IPCBOX_ABI_FIELD(ipcbox_set, gid, 16);
IPCBOX_ABI_FIELD(ipcbox_set, max_msgsize, 20);
IPCBOX_ABI_FIELD(ipcbox_set, max_messages, 24);
IPCBOX_ABI_FIELD(ipcbox_set, max_bytes, 32);
IPCBOX_ABI_FIELD(ipcbox_set, dead_letter, 40);
IPCBOX_ABI_FIELD(ipcbox_set, max_deliveries, 48);
IPCBOX_ABI_FIELD(ipcbox_set, reserved, 52);

IPCBOX_ABI_SIZE(ipcbox_send, 88);
IPCBOX_ABI_FIELD(ipcbox_send, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_send, data, 8);
IPCBOX_ABI_FIELD(ipcbox_send, len, 16);
IPCBOX_ABI_FIELD(ipcbox_send, type, 24);
IPCBOX_ABI_FIELD(ipcbox_send, priority, 32);
IPCBOX_ABI_FIELD(ipcbox_send, to, 36);
IPCBOX_ABI_FIELD(ipcbox_send, deadline, 40);
IPCBOX_ABI_FIELD(ipcbox_send, id, 48);
IPCBOX_ABI_FIELD(ipcbox_send, receiver_pid, 56);
IPCBOX_ABI_FIELD(ipcbox_send, receiver_tid, 60);
IPCBOX_ABI_FIELD(ipcbox_send, receiver_uid, 64);
IPCBOX_ABI_FIELD(ipcbox_send, receiver_gid, 68);
IPCBOX_ABI_FIELD(ipcbox_send, fds, 72);
IPCBOX_ABI_FIELD(ipcbox_send, nr_fds, 80);
IPCBOX_ABI_FIELD(ipcbox_send, reserved2, 84);

IPCBOX_ABI_SIZE(ipcbox_recv, 120);
IPCBOX_ABI_FIELD(ipcbox_recv, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_recv, data, 8);
IPCBOX_ABI_FIELD(ipcbox_recv, len, 16);
IPCBOX_ABI_FIELD(ipcbox_recv, type, 24);
IPCBOX_ABI_FIELD(ipcbox_recv, deadline, 32);
IPCBOX_ABI_FIELD(ipcbox_recv, msg_len, 40);
IPCBOX_ABI_FIELD(ipcbox_recv, msg_type, 48);
IPCBOX_ABI_FIELD(ipcbox_recv, msg_id, 56);
IPCBOX_ABI_FIELD(ipcbox_recv, msg_flags, 64);
IPCBOX_ABI_FIELD(ipcbox_recv, msg_priority, 68);
IPCBOX_ABI_FIELD(ipcbox_recv, sender_pid, 72);
IPCBOX_ABI_FIELD(ipcbox_recv, sender_tid, 76);
IPCBOX_ABI_FIELD(ipcbox_recv, sender_uid, 80);
IPCBOX_ABI_FIELD(ipcbox_recv, sender_gid, 84);
IPCBOX_ABI_FIELD(ipcbox_recv, lease, 88);
IPCBOX_ABI_FIELD(ipcbox_recv, deliveries, 96);
IPCBOX_ABI_FIELD(ipcbox_recv, from, 100);
IPCBOX_ABI_FIELD(ipcbox_recv, fds, 104);
IPCBOX_ABI_FIELD(ipcbox_recv, fds_size, 112);
IPCBOX_ABI_FIELD(ipcbox_recv, nr_fds, 116);

IPCBOX_ABI_SIZE(ipcbox_ack, 16);
IPCBOX_ABI_FIELD(ipcbox_ack, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_ack, id, 8);

IPCBOX_ABI_SIZE(ipcbox_call, 136);
IPCBOX_ABI_FIELD(ipcbox_call, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_call, data, 8);
IPCBOX_ABI_FIELD(ipcbox_call, len, 16);
IPCBOX_ABI_FIELD(ipcbox_call, type, 24);
IPCBOX_ABI_FIELD(ipcbox_call, priority, 32);
IPCBOX_ABI_FIELD(ipcbox_call, outcome, 36);
IPCBOX_ABI_FIELD(ipcbox_call, deadline, 40);
IPCBOX_ABI_FIELD(ipcbox_call, reply, 48);
IPCBOX_ABI_FIELD(ipcbox_call, reply_size, 56);
IPCBOX_ABI_FIELD(ipcbox_call, reply_len, 64);
IPCBOX_ABI_FIELD(ipcbox_call, reply_type, 72);
IPCBOX_ABI_FIELD(ipcbox_call, id, 80);
IPCBOX_ABI_FIELD(ipcbox_call, replier_pid, 88);
IPCBOX_ABI_FIELD(ipcbox_call, replier_tid, 92);
IPCBOX_ABI_FIELD(ipcbox_call, replier_uid, 96);
IPCBOX_ABI_FIELD(ipcbox_call, replier_gid, 100);
IPCBOX_ABI_FIELD(ipcbox_call, fds, 104);
IPCBOX_ABI_FIELD(ipcbox_call, reply_fds, 112);
IPCBOX_ABI_FIELD(ipcbox_call, nr_fds, 120);
IPCBOX_ABI_FIELD(ipcbox_call, reply_fds_size, 124);
IPCBOX_ABI_FIELD(ipcbox_call, reply_nr_fds, 128);
IPCBOX_ABI_FIELD(ipcbox_call, reserved, 132);

IPCBOX_ABI_SIZE(ipcbox_reply, 64);
IPCBOX_ABI_FIELD(ipcbox_reply, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_reply, id, 8);
IPCBOX_ABI_FIELD(ipcbox_reply, data, 16);
IPCBOX_ABI_FIELD(ipcbox_reply, len, 24);
IPCBOX_ABI_FIELD(ipcbox_reply, type, 32);
IPCBOX_ABI_FIELD(ipcbox_reply, recv, 40);
IPCBOX_ABI_FIELD(ipcbox_reply, recv_size, 48);
IPCBOX_ABI_FIELD(ipcbox_reply, nr_fds, 52);
IPCBOX_ABI_FIELD(ipcbox_reply, fds, 56);

IPCBOX_ABI_SIZE(ipcbox_events, 16);
IPCBOX_ABI_FIELD(ipcbox_events, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_events, mask, 8);

IPCBOX_ABI_SIZE(ipcbox_event, 64);
IPCBOX_ABI_FIELD(ipcbox_event, what, 0);
IPCBOX_ABI_FIELD(ipcbox_event, count, 8);
IPCBOX_ABI_FIELD(ipcbox_event, id, 16);
IPCBOX_ABI_FIELD(ipcbox_event, time, 24);
IPCBOX_ABI_FIELD(ipcbox_event, pid, 32);
IPCBOX_ABI_FIELD(ipcbox_event, tid, 36);
IPCBOX_ABI_FIELD(ipcbox_event, uid, 40);
IPCBOX_ABI_FIELD(ipcbox_event, gid, 44);
IPCBOX_ABI_FIELD(ipcbox_event, reserved, 48);

IPCBOX_ABI_SIZE(ipcbox_ring_end, 136);
IPCBOX_ABI_FIELD(ipcbox_ring_end, waiting, 0);
IPCBOX_ABI_FIELD(ipcbox_ring_end, ended, 4);
IPCBOX_ABI_FIELD(ipcbox_ring_end, reserved, 8);
IPCBOX_ABI_FIELD(ipcbox_ring_end, position, 128);

IPCBOX_ABI_SIZE(ipcbox_ring_attach, 48);
IPCBOX_ABI_FIELD(ipcbox_ring_attach, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_ring_attach, side, 8);
IPCBOX_ABI_FIELD(ipcbox_ring_attach, lane, 12);
IPCBOX_ABI_FIELD(ipcbox_ring_attach, size, 16);
IPCBOX_ABI_FIELD(ipcbox_ring_attach, capacity, 24);
IPCBOX_ABI_FIELD(ipcbox_ring_attach, offset, 32);
IPCBOX_ABI_FIELD(ipcbox_ring_attach, reserved, 40);

IPCBOX_ABI_SIZE(ipcbox_ring_wait, 24);
IPCBOX_ABI_FIELD(ipcbox_ring_wait, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_ring_wait, side, 8);
IPCBOX_ABI_FIELD(ipcbox_ring_wait, lane, 12);
IPCBOX_ABI_FIELD(ipcbox_ring_wait, deadline, 16);

IPCBOX_ABI_SIZE(ipcbox_connect, 176);
IPCBOX_ABI_FIELD(ipcbox_connect, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_connect, name, 8);
IPCBOX_ABI_FIELD(ipcbox_connect, id, 72);
IPCBOX_ABI_FIELD(ipcbox_connect, data, 80);
IPCBOX_ABI_FIELD(ipcbox_connect, len, 88);
IPCBOX_ABI_FIELD(ipcbox_connect, type, 96);
IPCBOX_ABI_FIELD(ipcbox_connect, priority, 104);
IPCBOX_ABI_FIELD(ipcbox_connect, outcome, 108);
IPCBOX_ABI_FIELD(ipcbox_connect, deadline, 112);
IPCBOX_ABI_FIELD(ipcbox_connect, answer, 120);
IPCBOX_ABI_FIELD(ipcbox_connect, answer_size, 128);
IPCBOX_ABI_FIELD(ipcbox_connect, answer_len, 136);
IPCBOX_ABI_FIELD(ipcbox_connect, answer_type, 144);
IPCBOX_ABI_FIELD(ipcbox_connect, reason, 152);
IPCBOX_ABI_FIELD(ipcbox_connect, acceptor_pid, 160);
IPCBOX_ABI_FIELD(ipcbox_connect, acceptor_tid, 164);
IPCBOX_ABI_FIELD(ipcbox_connect, acceptor_uid, 168);
IPCBOX_ABI_FIELD(ipcbox_connect, acceptor_gid, 172);

IPCBOX_ABI_SIZE(ipcbox_accept, 80);
IPCBOX_ABI_FIELD(ipcbox_accept, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_accept, id, 8);
IPCBOX_ABI_FIELD(ipcbox_accept, data, 16);
IPCBOX_ABI_FIELD(ipcbox_accept, len, 24);
IPCBOX_ABI_FIELD(ipcbox_accept, type, 32);
IPCBOX_ABI_FIELD(ipcbox_accept, max_messages, 40);
IPCBOX_ABI_FIELD(ipcbox_accept, max_bytes, 48);
IPCBOX_ABI_FIELD(ipcbox_accept, max_msgsize, 56);
IPCBOX_ABI_FIELD(ipcbox_accept, reserved, 60);
IPCBOX_ABI_FIELD(ipcbox_accept, ids, 64);

IPCBOX_ABI_SIZE(ipcbox_refuse, 24);
IPCBOX_ABI_FIELD(ipcbox_refuse, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_refuse, id, 8);
IPCBOX_ABI_FIELD(ipcbox_refuse, reason, 16);

IPCBOX_ABI_SIZE(ipcbox_shutdown, 16);
IPCBOX_ABI_FIELD(ipcbox_shutdown, flags, 0);
IPCBOX_ABI_FIELD(ipcbox_shutdown, rights, 8);
IPCBOX_ABI_FIELD(ipcbox_shutdown, reserved, 12);
