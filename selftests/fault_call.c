// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in calls: of the caller, and of the one who replies, also straight into
 * the caller's memory
 */

#include <sys/resource.h>

#include <kselftest_harness.h>

#include "fault_effect.h"

#define INLINE	64UL
#define COPIED	4000UL		/* in a message of its own */
#define PLACED	(64UL << 10)	/* straight into the caller's memory */
#define MEMORY	(LIVES(FAULT_SLAB) | LIVES(FAULT_PAGES))

/* Calling a server, which is a thread */

static struct ipcbox_call the_call;
static int calling;		/* the handle through which a thread calls */
static char reply_room[LARGE];

static void *serve(void *arg)
{
	struct world *world = arg;
	struct ipcbox_recv recv = {};
	static char data[LARGE];
	struct ipcbox_reply reply = { .data = (uintptr_t)data };

	/* Until the port goes. */
	while (!msg_recv(world->port, data, sizeof(data), 0, &recv)) {
		reply.id = recv.msg_id;
		reply.len = recv.msg_len;
		sys_ioctl(world->port, IPCBOX_REPLY, &reply);
		recv = (struct ipcbox_recv){};
	}
	return NULL;
}

static void start_server(struct world *world, size_t len)
{
	must(!pthread_create(&world->partner.thread, NULL, serve, world),
	     "a server");
	world->partners = true;
	must(wait_for_waiters(world->port, 0, 1), "a server that waits");
	the_call = (struct ipcbox_call){
		.data = (uintptr_t)payload,
		.len = len,
		.reply = (uintptr_t)reply_room,
		.reply_size = sizeof(reply_room),
	};
}

static void prepare_call(struct world *world)
{
	start_server(world, INLINE);
}

static void prepare_large_call(struct world *world)
{
	start_server(world, LARGE);
}

static long run_call(struct world *world)
{
	return sys_ioctl(world->port, IPCBOX_CALL, &the_call);
}

/*
 * Before the reply nothing has happened. After it the request has been served,
 * which the caller learns although it cannot have the reply: that is no failure
 * that leaves everything as it was, so the world is not looked at.
 */
static long check_call(struct world *world, long ret)
{
	if (!ret)
		return all_are(reply_room, SENT, the_call.reply_len) ? 0 : -EBADMSG;
	if (ret == -EFAULT)
		must(wait_for_waiters(world->port, 0, 1), "the server again");
	return ret;
}

/* Nobody waits for a reply any more, and nothing is left in line. */
static void expect_call_over(struct __test_metadata *_metadata,
			     struct world *world)
{
	struct ipcbox_stat stat;

	EXPECT_EQ(0, port_stat(world->port, &stat));
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(stat.sent, stat.received);
}

/* Copied are the argument, the request, the reply, the result. */
EFFECT(call) {
	.path = {
		.prepare = prepare_call, .run = run_call, .check = check_call,
		.objects = 1, .copies = 4,
	},
	.expect = expect_call_over,
};

/* The request is pinned, or else copied; the reply comes in its place. */
EFFECT(large_call) {
	.path = {
		.prepare = prepare_large_call, .run = run_call,
		.check = check_call,
		.objects = 1, .copies = 2,
	},
	.expect = expect_call_over,
};

/* Replying to a caller, which is one, too; its request has been received */

static void *make_call(void *arg)
{
	struct world *world = arg;

	world->partner.ret = sys_ioctl(calling, IPCBOX_CALL, &the_call);
	return NULL;
}

static void start_caller(struct world *world, int port)
{
	calling = port;
	the_call = (struct ipcbox_call){
		.data = (uintptr_t)payload, .len = INLINE,
		.reply = (uintptr_t)reply_room,
		.reply_size = sizeof(reply_room),
	};
	must(!pthread_create(&world->partner.thread, NULL, make_call, world),
	     "a caller");
	world->partners = true;
	must(wait_for_waiters(port, 1, 0), "a caller that waits");
}

static void prepare_request(struct world *world)
{
	start_caller(world, world->port);
	must(!msg_recv(world->port, buffer, sizeof(buffer), 0, &world->recv),
	     "a request");
	/* Its pages must be there, or it is not a place. */
	memset(reply_room, 0, sizeof(reply_room));
}

static long reply_with(struct world *world, size_t len)
{
	struct ipcbox_reply reply = {
		.id = world->recv.msg_id,
		.data = (uintptr_t)payload, .len = len,
	};

	return sys_ioctl(world->port, IPCBOX_REPLY, &reply);
}

static long run_reply(struct world *world)
{
	return reply_with(world, COPIED);
}

static long run_placed_reply(struct world *world)
{
	return reply_with(world, PLACED);
}

/* If it has failed, the request is still there to be answered. */
static long check_reply(struct world *world, long ret)
{
	if (ret)
		return ret;
	world->partners = false;
	must(!pthread_join(world->partner.thread, NULL), "a caller");
	return world->partner.ret ?:
	       all_are(reply_room, SENT, the_call.reply_len) ? 0 : -EBADMSG;
}

PATH(reply) {
	.prepare = prepare_request, .run = run_reply, .check = check_reply,
	.objects = 2, .copies = 2,
};

/*
 * Page after page; a copy that fails there is tried again, and without a place
 * all of it is copied twice.
 */
PATH(reply_into_its_place) {
	.prepare = prepare_request, .run = run_placed_reply,
	.check = check_reply, .lives = MEMORY | LIVES(FAULT_COPY),
	.objects = 1, .copies = 1 + PLACED / 4096,
};

/* Receiving a request with the nice value of its caller */

#define OWN_NICE	5

static void prepare_lender(struct world *world)
{
	start_caller(world, world->port);
	must(!setpriority(PRIO_PROCESS, 0, OWN_NICE), "a nice value");
}

static long run_borrow(struct world *world)
{
	return msg_recv(world->port, buffer, sizeof(buffer),
			IPCBOX_INHERIT_NICE, &world->recv);
}

/* Nothing is lent with a request that was not received, nor after the reply. */
static long check_borrow(struct world *world, long ret)
{
	if (getpriority(PRIO_PROCESS, 0) != (ret ? OWN_NICE : 0))
		return -EBADMSG;
	if (ret)
		return ret;
	return check_reply(world, reply_with(world, INLINE)) ?:
	       getpriority(PRIO_PROCESS, 0) == OWN_NICE ? 0 : -EBADMSG;
}

static void end_lender(struct world *world)
{
	must(!setpriority(PRIO_PROCESS, 0, 0), "the first nice value");
}

/* Made are who holds it, and the loan. */
PATH(recv_with_nice) {
	.prepare = prepare_lender, .run = run_borrow,
	.check = check_borrow, .end = end_lender,
	.objects = 2, .copies = 2,
};

/* Coming to a caller who waits for somebody to receive its request */

static void prepare_unserved(struct world *world)
{
	struct ipcbox_port_create attr = port_attr("unserved");
	int port;

	attr.rights = IPCBOX_RIGHT_SEND;
	port = port_create(world->box, &attr);
	must(port >= 0, "a port without receivers");
	start_caller(world, port);
}

static long run_open(struct world *world)
{
	world->fd = port_open(world->box, "unserved", IPCBOX_RIGHT_RECV);
	return world->fd < 0 ? world->fd : 0;
}

/* Who has failed to come has not gone away from it. */
static long check_unserved(struct world *world, long ret)
{
	struct ipcbox_stat stat;

	must(!port_stat(calling, &stat), "STAT");
	return stat.waiting_senders == 1 ? ret : -EBADMSG;
}

static void end_unserved(struct world *world)
{
	close(calling);
}

PATH(open_to_receive_requests) {
	.prepare = prepare_unserved, .run = run_open,
	.check = check_unserved, .end = end_unserved,
	.objects = 3, .copies = 2,
};

TEST_HARNESS_MAIN
