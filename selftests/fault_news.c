// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in events: subscribing, asking for one with a message or with a lease,
 * and receiving one. What happens later needs nothing that could fail
 */

#include <kselftest_harness.h>

#include "event.h"
#include "fault_path.h"

#define INLINE	64UL

/* A handle of its own, so that the events are not in the way of messages. */
static void prepare_sender(struct world *world)
{
	world->fd = port_open(world->box, "port", IPCBOX_RIGHT_SEND);
	must(world->fd >= 0, "a handle");
}

static long run_subscribe(struct world *world)
{
	return events_subscribe(world->fd, EVENTS_ALL);
}

/* The news, and six events that are for always. */
PATH(subscribe) {
	.prepare = prepare_sender, .run = run_subscribe, .first = 5,
	.objects = 7, .copies = 1,
};

static void prepare_subscribed(struct world *world)
{
	prepare_sender(world);
	must(!run_subscribe(world), "a subscription");
	world->send = (struct ipcbox_send){
		.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT,
		.data = (uintptr_t)payload,
		.len = INLINE,
	};
}

static long run_send(struct world *world)
{
	return sys_ioctl(world->fd, IPCBOX_SEND, &world->send);
}

/* The message and its event; and once it is received, that comes. */
static long check_send(struct world *world, long ret)
{
	must(event_now(world->fd) == -EAGAIN, "no event yet");
	return ret;
}

PATH(send_for_a_receipt) {
	.prepare = prepare_subscribed, .run = run_send, .check = check_send,
	.sends = INLINE,
	.objects = 2, .copies = 2,
};

static void prepare_lease(struct world *world)
{
	world->fd = port_open(world->box, "port", IPCBOX_RIGHT_RECV);
	must(world->fd >= 0, "a handle");
	must(!run_subscribe(world), "a subscription");
	world->recv = (struct ipcbox_recv){
		.flags = IPCBOX_LEASE | IPCBOX_NOWAIT,
		.data = (uintptr_t)buffer,
		.len = sizeof(buffer),
		.lease = 600 * SEC,
	};
}

static long run_recv(struct world *world)
{
	return sys_ioctl(world->fd, IPCBOX_RECV, &world->recv);
}

/* The event, and the first holder. */
PATH(lease_that_may_expire) {
	.prepare = prepare_lease, .run = run_recv,
	.first = INLINE, .second = 6, .takes = true,
	.objects = 2, .copies = 3,
};

static struct ipcbox_event the_event;

static void prepare_event(struct world *world)
{
	prepare_subscribed(world);
	must(!run_send(world), "a message");
	must(sys_read(world->port, buffer, INLINE) == INLINE, "a receiver");
	the_event = (struct ipcbox_event){};
	world->recv = (struct ipcbox_recv){
		.flags = IPCBOX_NOWAIT,
		.type = IPCBOX_TYPE_EVENT,
		.data = (uintptr_t)&the_event,
		.len = sizeof(the_event),
	};
}

/* It is there, or it has been received. */
static long check_event(struct world *world, long ret)
{
	struct pollfd pollfd = { .fd = world->fd, .events = POLLIN };

	must(poll(&pollfd, 1, 0) == !!ret, "an event");
	if (ret)
		return ret;
	return the_event.what == IPCBOX_EVENT_DELIVERED &&
	       the_event.id == world->send.id ? 0 : -EBADMSG;
}

PATH(receive_an_event) {
	.prepare = prepare_event, .run = run_recv, .check = check_event,
	.copies = 3,
};

TEST_HARNESS_MAIN
