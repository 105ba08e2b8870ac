// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in what outlasts a receive: leases, requests and their replies; and in
 * sending to several receivers
 */

#include <kselftest_harness.h>

#include "fault_path.h"

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

/* Calls: a server in a thread, or a caller */

static struct ipcbox_call the_call;
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

/**
 * struct effect - a call after which not all is as it was, although it failed
 * @prepare: what comes before it
 * @run: the call
 * @check: looks at what came of it, as &path.check
 * @expect: what must be so in the end, whatever failed
 * @objects: at least so many fail in turn
 * @copies: likewise
 */
struct effect {
	void (*prepare)(struct world *world);
	long (*run)(struct world *world);
	long (*check)(struct world *world, long ret);
	void (*expect)(struct __test_metadata *_metadata, struct world *world);
	unsigned int objects;
	unsigned int copies;
};

/* True as long as there is an n-th that fails. */
static bool effect_fails(struct __test_metadata *_metadata,
			 FIXTURE_DATA(faults) *self,
			 const struct effect *effect, unsigned int n,
			 unsigned int *failed)
{
	static const struct path path = {};
	struct world world;
	enum fault_kind kind;
	long ret;

	world_begin(&world, &path, self->box);
	effect->prepare(&world);
	fault_arm(&self->fault, n);
	ret = effect->run(&world);
	kind = fault_disarm(&self->fault);
	ret = effect->check(&world, ret);
	EXPECT_NE(FAULT_OTHER, kind);
	if (kind == FAULT_NONE) {
		EXPECT_EQ(0, ret);
	} else if (ret) {
		EXPECT_EQ(kind == FAULT_COPY ? -EFAULT : -ENOMEM, ret);
	}
	failed[kind < FAULT_KINDS && ret ? kind : FAULT_NONE]++;
	effect->expect(_metadata, &world);
	world_end(&world);
	return kind != FAULT_NONE;
}

/* As follow_path(): a round may miss some, so there are several. */
static void follow_effect(struct __test_metadata *_metadata,
			  FIXTURE_DATA(faults) *self,
			  const struct effect *effect)
{
	unsigned int failed[FAULT_NONE + 1] = {};
	unsigned int n, round;

	for (round = 0; round < ROUNDS && _metadata->passed; round++) {
		for (n = 1; _metadata->passed; n++)
			if (!effect_fails(_metadata, self, effect, n, failed))
				break;
		if (failed[FAULT_SLAB] >= effect->objects &&
		    failed[FAULT_COPY] >= effect->copies)
			break;
	}
	TH_LOG("failed in turn: %u objects, %u pages, %u copies",
	       failed[FAULT_SLAB], failed[FAULT_PAGES], failed[FAULT_COPY]);
	EXPECT_LE(effect->objects, failed[FAULT_SLAB]);
	EXPECT_LE(effect->copies, failed[FAULT_COPY]);
	expect_nothing_left(_metadata, self->box);
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
TEST_F_TIMEOUT(faults, call, PATH_TIMEOUT)
{
	static const struct effect effect = {
		prepare_call, run_call, check_call, expect_call_over, 1, 4,
	};

	follow_effect(_metadata, self, &effect);
}

TEST_F_TIMEOUT(faults, large_call, PATH_TIMEOUT)
{
	static const struct effect effect = {
		prepare_large_call, run_call, check_call, expect_call_over,
		1, 4,
	};

	follow_effect(_metadata, self, &effect);
}

/* A caller waits, whose request has been received. */
static void *make_call(void *arg)
{
	struct world *world = arg;

	world->partner.ret = sys_ioctl(world->port, IPCBOX_CALL, &the_call);
	return NULL;
}

static void prepare_request(struct world *world)
{
	the_call = (struct ipcbox_call){
		.data = (uintptr_t)payload, .len = INLINE,
		.reply = (uintptr_t)reply_room,
		.reply_size = sizeof(reply_room),
	};
	must(!pthread_create(&world->partner.thread, NULL, make_call, world),
	     "a caller");
	world->partners = true;
	must(wait_for_waiters(world->port, 1, 0), "a caller that waits");
	world->recv.data = (uintptr_t)buffer;
	world->recv.len = sizeof(buffer);
	must(!run_recv(world), "a request");
	memset(buffer, SENT, COPIED);
}

static long reply_with(struct world *world, void *recv)
{
	struct ipcbox_reply reply = {
		.id = world->recv.msg_id,
		.data = (uintptr_t)buffer, .len = COPIED,
		.recv = (uintptr_t)recv,
		.recv_size = recv ? sizeof(struct ipcbox_recv) : 0,
	};

	return sys_ioctl(world->port, IPCBOX_REPLY, &reply);
}

static long run_reply(struct world *world)
{
	return reply_with(world, NULL);
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

static void expect_nothing_charged(struct __test_metadata *_metadata,
				   struct world *world)
{
	struct ipcbox_info info;

	EXPECT_EQ(0, box_info(world->box, &info));
	EXPECT_EQ(0, info.user_bytes);
}

/* The message, its payload, and two copies of the message. */
TEST_F_TIMEOUT(faults, broadcast, PATH_TIMEOUT)
{
	static const struct effect effect = {
		prepare_broadcast, run_broadcast, check_broadcast,
		expect_nothing_charged, 4, 2,
	};

	follow_effect(_metadata, self, &effect);
}

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
