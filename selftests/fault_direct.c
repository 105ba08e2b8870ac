// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in direct communication: an inbox, and sending to one, which makes it
 * if need be; receiving from one process alone
 */

#include <kselftest_harness.h>

#include "fault_path.h"

#define INLINE	64UL
#define COPIED	4000UL

/* An inbox stays, even if the call that was the first to need it has failed. */
static void forget_inbox(struct world *world)
{
	struct ipcbox_stat entries[2];
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.count = 2,
	};
	int i;

	must(!sys_ioctl(world->box, IPCBOX_PORT_LIST, &list), "a list");
	for (i = 0; i < list.count; i++) {
		if (entries[i].kind != IPCBOX_KIND_INBOX)
			continue;
		must(!entries[i].messages && !entries[i].handles &&
		     !entries[i].sent, "an inbox as new");
		must(!port_delete_id(world->box, entries[i].id), "a deletion");
	}
}

/* Opening one's own */

static long run_inbox(struct world *world)
{
	world->fd = inbox_open(world->box);
	return world->fd < 0 ? world->fd : 0;
}

static long check_inbox(struct world *world, long ret)
{
	if (ret)
		forget_inbox(world);
	return ret;
}

/* As any port, see fault_box.c. */
PATH(first_inbox) {
	.run = run_inbox, .check = check_inbox, .first = 5,
	.objects = 4, .copies = 2,
};

static int other_handle;

static void prepare_inbox(struct world *world)
{
	other_handle = inbox_open(world->box);
	must(other_handle >= 0, "an inbox");
}

static void end_inbox(struct world *world)
{
	close(other_handle);
}

PATH(inbox_that_is_there) {
	.prepare = prepare_inbox, .run = run_inbox, .end = end_inbox,
	.first = 5,
	.objects = 3, .copies = 2,
};

/* Sending to a process, which is this one */

static void prepare_send_to(struct world *world)
{
	world->send = (struct ipcbox_send){
		.data = (uintptr_t)payload,
		.len = COPIED,
		.to = getpid(),
	};
}

static void prepare_send_to_inbox(struct world *world)
{
	world->fd = inbox_open(world->box);
	must(world->fd >= 0, "an inbox");
	prepare_send_to(world);
}

static long run_send_to(struct world *world)
{
	return sys_ioctl(world->box, IPCBOX_SEND_TO, &world->send);
}

/* The one message has come, or none. */
static long expect_sent_to(int inbox, long ret)
{
	struct ipcbox_recv recv = {};
	int err;

	err = msg_recv(inbox, buffer, sizeof(buffer), IPCBOX_NOWAIT, &recv);
	if (ret)
		return err == -EAGAIN ? ret : -EBADMSG;
	return !err && recv.msg_len == COPIED && all_are(buffer, SENT, COPIED) &&
	       recv.sender_pid == getpid() ? 0 : -EBADMSG;
}

static long check_send_to(struct world *world, long ret)
{
	return expect_sent_to(world->fd, ret);
}

static long check_send_to_new(struct world *world, long ret)
{
	if (ret) {
		forget_inbox(world);
		return ret;
	}
	world->fd = inbox_open(world->box);
	must(world->fd >= 0, "an inbox");
	return expect_sent_to(world->fd, ret);
}

PATH(send_to_a_process) {
	.prepare = prepare_send_to_inbox, .run = run_send_to,
	.check = check_send_to, .first = 5,
	.objects = 2, .copies = 2,
};

/* The port, the message, its payload. */
PATH(send_to_a_process_without_inbox) {
	.prepare = prepare_send_to, .run = run_send_to,
	.check = check_send_to_new, .first = 5,
	.objects = 3, .copies = 2,
};

/* One who has no account yet. */
static void prepare_send_to_as_bob(struct world *world)
{
	prepare_send_to_inbox(world);
	must(!setresuid(world_user + 1, -1, -1), "a user");
}

PATH(send_to_a_process_by_a_new_user) {
	.prepare = prepare_send_to_as_bob, .run = run_send_to,
	.check = check_send_to, .first = 5,
	.objects = 3, .copies = 2,
};

static void prepare_send_to_for_receipt(struct world *world)
{
	prepare_send_to_inbox(world);
	world->send.flags = IPCBOX_RECEIPT;
	world->send.deadline = in_ns(5 * MSEC);
}

/* Nobody has received it, and its sender has it back. */
PATH(send_to_for_a_receipt_in_vain) {
	.prepare = prepare_send_to_for_receipt, .run = run_send_to,
	.check = check_send_to, .expected = -ETIMEDOUT, .first = 5,
	.objects = 2, .copies = 2,
};

static int carried = -1, arrived;

static void prepare_send_fd_to(struct world *world)
{
	prepare_send_to_inbox(world);
	if (carried < 0)
		carried = open("/dev/null", O_RDONLY | O_CLOEXEC);
	world->send.fds = (uintptr_t)&carried;
	world->send.nr_fds = 1;
}

static long check_send_fd_to(struct world *world, long ret)
{
	struct ipcbox_recv recv = {
		.fds = (uintptr_t)&arrived, .fds_size = 1,
	};
	int err;

	err = msg_recv(world->fd, buffer, sizeof(buffer), IPCBOX_NOWAIT, &recv);
	if (ret)
		return err == -EAGAIN ? ret : -EBADMSG;
	return !err && recv.nr_fds == 1 && !close(arrived) ? 0 : -EBADMSG;
}

PATH(send_a_descriptor_to_a_process) {
	.prepare = prepare_send_fd_to, .run = run_send_to,
	.check = check_send_fd_to, .first = 5,
	.objects = 3, .copies = 2,
};

/* Receiving from one process */

static void prepare_recv_from(struct world *world)
{
	world->recv = (struct ipcbox_recv){
		.flags = IPCBOX_NOWAIT,
		.data = (uintptr_t)buffer,
		.len = sizeof(buffer),
		.from = getpid(),
	};
}

static void prepare_recv_from_until(struct world *world)
{
	prepare_recv_from(world);
	world->recv.flags = 0;
	world->recv.deadline = in_ns(5 * MSEC);
}

static void prepare_recv_from_waiting(struct world *world)
{
	prepare_recv_from(world);
	world->recv.flags = 0;
}

static long run_recv_from(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_RECV, &world->recv);
}

static long check_recv_from(struct world *world, long ret)
{
	if (ret)
		return ret;
	return world->recv.sender_pid == getpid() &&
	       all_are(buffer, FIRST, world->recv.msg_len) ?
	       (long)world->recv.msg_len : -EBADMSG;
}

PATH(recv_from_a_process) {
	.prepare = prepare_recv_from, .run = run_recv_from,
	.check = check_recv_from, .expected = COPIED,
	.first = COPIED, .second = 6, .takes = true,
	.copies = 3,
};

PATH(recv_from_a_process_that_sends_late) {
	.prepare = prepare_recv_from_waiting, .run = run_recv_from,
	.check = check_recv_from, .expected = COPIED, .late = COPIED,
	.takes = true,
	.copies = 3,
};

PATH(recv_from_a_process_until_a_deadline) {
	.prepare = prepare_recv_from_until, .run = run_recv_from,
	.expected = -ETIMEDOUT,
	.copies = 1,
};

TEST_HARNESS_MAIN
