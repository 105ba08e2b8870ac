// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in what outlasts a receive: leases; and in sending to several receivers
 */

#include <kselftest_harness.h>

#include "fault_effect.h"

#define INLINE	64UL
#define COPIED	4000UL

/* Leases */

static void prepare_lease(struct world *world)
{
	world->recv.data = (uintptr_t)buffer;
	world->recv.len = sizeof(buffer);
	world->recv.flags = IPCBOX_LEASE | IPCBOX_NOWAIT;
}

static long run_recv(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_RECV, &world->recv);
}

/* The first through this handle, which has no holder of messages yet. */
PATH(lease) {
	.prepare = prepare_lease, .run = run_recv,
	.first = INLINE, .second = 6, .takes = true,
	.objects = 1, .copies = 3,
};

static void prepare_timed_lease(struct world *world)
{
	prepare_lease(world);
	world->recv.lease = 600 * SEC;
}

PATH(lease_for_a_time) {
	.prepare = prepare_timed_lease, .run = run_recv,
	.first = INLINE, .second = 6, .takes = true,
	.objects = 1, .copies = 3,
};

/* The first message is held, and not in line. */
static void prepare_held(struct world *world)
{
	prepare_lease(world);
	must(!run_recv(world), "a lease");
	world->line[0] = world->line[1];
	world->messages--;
}

static long run_ack(struct world *world)
{
	return msg_ack(world->port, world->recv.msg_id);
}

PATH(acknowledge) {
	.prepare = prepare_held, .run = run_ack,
	.first = INLINE, .second = 6,
	.copies = 1,
};

static long run_nack(struct world *world)
{
	return msg_nack(world->port, world->recv.msg_id);
}

/* It is there again, before the other one. */
static long check_nack(struct world *world, long ret)
{
	if (ret)
		return ret;
	world->line[1] = world->line[0];
	world->line[0] = (struct line_entry){ FIRST, INLINE };
	world->messages++;
	return 0;
}

PATH(put_back) {
	.prepare = prepare_held, .run = run_nack, .check = check_nack,
	.first = INLINE, .second = 6,
	.copies = 1,
};

/* The same, of a message that goes to another port then. */
static void prepare_dead_letter(struct world *world)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_DEAD_LETTER,
		.max_deliveries = 1,
	};

	world->fd = port_temporary(world->box, IPCBOX_UNLIMITED);
	set.dead_letter = port_id(world->fd);
	must(!sys_ioctl(world->port, IPCBOX_SET, &set), "dead letters");
	prepare_held(world);
}

static long check_dead_letter(struct world *world, long ret)
{
	struct ipcbox_recv recv = {};
	int err;

	err = msg_recv(world->fd, buffer, sizeof(buffer), IPCBOX_NOWAIT, &recv);
	if (ret)
		return err == -EAGAIN ? ret : -EBADMSG;
	return !err && recv.msg_len == INLINE && all_are(buffer, FIRST, INLINE) ?
	       0 : -EBADMSG;
}

PATH(dead_letter) {
	.prepare = prepare_dead_letter, .run = run_nack,
	.check = check_dead_letter, .first = INLINE, .second = 6,
	.copies = 1,
};

/* Several receivers */

static int subscribers[2];

static int broadcast_port(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("all");
	int port;

	attr.sharing = IPCBOX_SHARE_ALL;
	attr.rights = IPCBOX_RIGHT_SEND;
	port = port_create(world->box, &attr);
	must(port >= 0, "a port of all");
	return port;
}

static void prepare_broadcast(struct world *world)
{
	int i;

	world->fd = broadcast_port(world);
	for (i = 0; i < 2; i++) {
		subscribers[i] = port_open(world->box, "all",
					   IPCBOX_RIGHT_RECV);
		must(subscribers[i] >= 0, "a receiver");
	}
}

static long run_broadcast(struct world *world)
{
	return msg_send(world->fd, payload, COPIED, 0, 0, IPCBOX_NOWAIT);
}

/* All of them have it, or nobody. */
static long check_broadcast(struct world *world, long ret)
{
	struct ipcbox_stat stat;
	int i;

	for (i = 0; i < 2; i++) {
		must(!port_stat(subscribers[i], &stat), "STAT");
		if (stat.messages != !ret || stat.sent != !ret)
			ret = -EBADMSG;
		if (!ret && (sys_read(subscribers[i], buffer, COPIED) != COPIED ||
			     !all_are(buffer, SENT, COPIED)))
			ret = -EBADMSG;
	}
	for (i = 0; i < 2; i++)
		close(subscribers[i]);
	return ret;
}

/* The message, its payload, and two copies of the message. */
EFFECT(broadcast) {
	.path = {
		.prepare = prepare_broadcast, .run = run_broadcast,
		.check = check_broadcast,
		.objects = 4, .copies = 2,
	},
	.expect = expect_nothing_charged,
};

/* The port stays. */
static void prepare_receiver(struct world *world)
{
	close(broadcast_port(world));
}

static long run_receiver(struct world *world)
{
	world->fd = port_open(world->box, "all", IPCBOX_RIGHT_RECV);
	return world->fd < 0 ? world->fd : 0;
}

PATH(open_to_receive_all) {
	.prepare = prepare_receiver, .run = run_receiver, .first = 5,
	.objects = 4, .copies = 2,
};

TEST_HARNESS_MAIN
