// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in connections: asking for one, accepting, refusing, shutting down. Who
 * could not accept can do so again, and of what was made in vain nothing is left
 */

#include <kselftest_harness.h>

#include "connect.h"
#include "fault_effect.h"

#define INLINE	64UL
#define COPIED	4000UL		/* in a message of its own */
#define REASON	7
#define ENDS	(IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV)

static struct ipcbox_connect the_connect;	/* to the listener "port" */
static char answer[COPIED];

static void init_connect(void)
{
	the_connect = (struct ipcbox_connect){
		.name = "port",
		.data = (uintptr_t)payload,
		.len = INLINE,
		.answer = (uintptr_t)answer,
		.answer_size = sizeof(answer),
	};
}

static bool carries(int from, int to)
{
	char byte = 0;

	return sys_write(from, "x", 1) == 1 && sys_read(to, &byte, 1) == 1 &&
	       byte == 'x';
}

/* The server's side: a client is a thread, and has asked */

static void *make_client(void *arg)
{
	struct world *world = arg;

	world->partner.ret = sys_ioctl(world->box, IPCBOX_CONNECT,
				       &the_connect);
	return NULL;
}

static void prepare_client(struct world *world)
{
	init_connect();
	must(!pthread_create(&world->partner.thread, NULL, make_client, world),
	     "a client");
	world->partners = true;
	must(wait_for_waiters(world->port, 1, 0), "a client that waits");
}

/* What the client was told. */
static long join_client(struct world *world)
{
	world->partners = false;
	must(!pthread_join(world->partner.thread, NULL), "a client");
	return world->partner.ret;
}

static long run_recv(struct world *world)
{
	return msg_recv(world->port, buffer, sizeof(buffer), 0, &world->recv);
}

static void prepare_request(struct world *world)
{
	prepare_client(world);
	must(!run_recv(world), "a request");
}

static long run_refuse(struct world *world)
{
	return listener_refuse(world->port, world->recv.msg_id, REASON);
}

/* If that has failed, the request is there as it was. */
static long check_refuse(struct world *world, long ret)
{
	if (ret)
		return ret;
	ret = join_client(world);
	return ret == -ECONNREFUSED && the_connect.reason == REASON ?
	       0 : -EBADMSG;
}

static long check_recv(struct world *world, long ret)
{
	if (ret)
		return ret;
	return all_are(buffer, SENT, world->recv.msg_len) ?
	       check_refuse(world, run_refuse(world)) : -EBADMSG;
}

/* Made is who holds it. */
PATH(recv_a_request) {
	.kind = IPCBOX_KIND_LISTENER, .prepare = prepare_client,
	.run = run_recv, .check = check_recv,
	.objects = 1, .copies = 3,
};

/* The answer to a refusal is empty: that it cannot be copied does not matter. */
PATH(refuse) {
	.kind = IPCBOX_KIND_LISTENER, .prepare = prepare_request,
	.run = run_refuse, .check = check_refuse,
	.lives = LIVES(FAULT_COPY),
	.copies = 1,
};

static long accept_with(struct world *world, size_t len)
{
	struct ipcbox_accept accept = accept_init(world->recv.msg_id, "");

	accept.data = (uintptr_t)payload;
	accept.len = len;
	world->fd = sys_ioctl(world->port, IPCBOX_ACCEPT, &accept);
	return world->fd < 0 ? world->fd : 0;
}

static long run_accept(struct world *world)
{
	return accept_with(world, INLINE);
}

static long run_accept_copied(struct world *world)
{
	return accept_with(world, COPIED);
}

static long check_accept(struct world *world, long ret)
{
	int end;

	if (ret)
		return ret;
	end = join_client(world);
	if (end < 0 || !all_are(answer, SENT, the_connect.answer_len) ||
	    !carries(end, world->fd) || !carries(world->fd, end))
		ret = -EBADMSG;
	close(end);
	return ret;
}

/* Two ports, and for each end a handle and what a file needs. */
PATH(accept) {
	.kind = IPCBOX_KIND_LISTENER, .prepare = prepare_request,
	.run = run_accept, .check = check_accept,
	.objects = 8, .copies = 3,
};

/* An answer that takes memory as well. */
PATH(accept_with_a_longer_answer) {
	.kind = IPCBOX_KIND_LISTENER, .prepare = prepare_request,
	.run = run_accept_copied, .check = check_accept,
	.objects = 10, .copies = 3,
};

/* The client's side: a server is a thread, until its port goes */

/* Hears the one byte that the client sends, or the end of what has failed. */
static void serve_one(struct world *world, const struct ipcbox_recv *recv)
{
	struct ipcbox_accept accept = accept_init(recv->msg_id, "yes");
	int end = sys_ioctl(world->port, IPCBOX_ACCEPT, &accept);
	char byte;

	must(end >= 0, "to accept");
	must(sys_read(end, &byte, 1) >= 0, "the end");
	close(end);
}

static void *accept_all(void *arg)
{
	struct world *world = arg;
	static char data[COPIED];
	struct ipcbox_recv recv = {};

	while (!msg_recv(world->port, data, sizeof(data), 0, &recv)) {
		serve_one(world, &recv);
		recv = (struct ipcbox_recv){};
	}
	return NULL;
}

static void *refuse_all(void *arg)
{
	struct world *world = arg;
	static char data[COPIED];
	struct ipcbox_recv recv = {};

	while (!msg_recv(world->port, data, sizeof(data), 0, &recv)) {
		must(!listener_refuse(world->port, recv.msg_id, REASON),
		     "to refuse");
		recv = (struct ipcbox_recv){};
	}
	return NULL;
}

static void start_server(struct world *world, void *(*serve)(void *))
{
	init_connect();
	must(!pthread_create(&world->partner.thread, NULL, serve, world),
	     "a server");
	world->partners = true;
	must(wait_for_waiters(world->port, 0, 1), "a server that waits");
}

static void prepare_acceptor(struct world *world)
{
	start_server(world, accept_all);
}

static void prepare_refuser(struct world *world)
{
	start_server(world, refuse_all);
}

static long run_connect(struct world *world)
{
	return sys_ioctl(world->box, IPCBOX_CONNECT, &the_connect);
}

static long check_connect(struct world *world, long ret)
{
	if (ret < 0)
		return ret;
	must(sys_write(ret, "x", 1) == 1, "a byte");
	close(ret);
	return the_connect.answer_len == 3 && !memcmp(answer, "yes", 3) ?
	       0 : -EBADMSG;
}

/* Refused is refused, whether or not the reason could be told. */
static long check_refused(struct world *world, long ret)
{
	if (ret != -ECONNREFUSED)
		return ret;
	return the_connect.outcome != IPCBOX_ANSWERED ||
	       the_connect.reason == REASON ? 0 : -EBADMSG;
}

/* Whoever was accepted in vain has closed its end, and the server has, too. */
static void expect_all_over(struct __test_metadata *_metadata,
			    struct world *world)
{
	struct ipcbox_info info;
	struct ipcbox_stat stat;

	EXPECT_TRUE(wait_for_waiters(world->port, 0, 1));
	EXPECT_EQ(0, port_stat(world->port, &stat));
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(stat.sent, stat.received);
	EXPECT_EQ(0, box_info(world->box, &info));
	EXPECT_EQ(1, info.user_ports);
	EXPECT_EQ(1, info.box_ports);
	EXPECT_EQ(0, info.user_bytes);
}

/* Copied are the argument, that nothing is known, the request, both answers. */
EFFECT(connect) {
	.path = {
		.kind = IPCBOX_KIND_LISTENER, .prepare = prepare_acceptor,
		.run = run_connect, .check = check_connect,
		.objects = 1, .copies = 5,
	},
	.expect = expect_all_over,
};

EFFECT(connect_in_vain) {
	.path = {
		.kind = IPCBOX_KIND_LISTENER, .prepare = prepare_refuser,
		.run = run_connect, .check = check_refused,
		.objects = 1, .copies = 3,
	},
	.expect = expect_all_over,
};

/* Connected, with itself */

static int door, ends[2];

static void prepare_connection(struct world *world)
{
	door = listener_create(world->box, "door", 1);
	must(door >= 0, "a listener");
	must(connection_make(world->box, door, accept_init(0, ""), ends),
	     "a connection");
}

static void end_connection(struct world *world)
{
	close(ends[0]);
	close(ends[1]);
	close(door);
}

static long run_shutdown(struct world *world)
{
	return end_shutdown(ends[0], ENDS);
}

static long check_shutdown(struct world *world, long ret)
{
	if (ret)
		return carries(ends[0], ends[1]) && carries(ends[1], ends[0]) ?
		       ret : -EBADMSG;
	return msg_send(ends[0], "x", 1, 0, 0, 0) == -EPIPE &&
	       msg_send(ends[1], "x", 1, 0, 0, 0) == -EPIPE ? 0 : -EBADMSG;
}

PATH(shutdown) {
	.prepare = prepare_connection, .run = run_shutdown,
	.check = check_shutdown, .end = end_connection, .first = 5,
	.copies = 1,
};

static long run_write(struct world *world)
{
	return sys_write(ends[0], payload, COPIED);
}

/* One message, or none. */
static long check_write(struct world *world, long ret)
{
	struct ipcbox_recv recv = {};

	if (ret > 0 && sys_read(ends[1], answer, COPIED) != ret)
		return -EBADMSG;
	return msg_recv(ends[1], answer, COPIED, IPCBOX_NOWAIT, &recv) ==
	       -EAGAIN ? ret : -EBADMSG;
}

PATH(write_to_the_other_end) {
	.prepare = prepare_connection, .run = run_write, .check = check_write,
	.end = end_connection, .expected = COPIED, .first = 5,
	.objects = 2, .copies = 1,
};

TEST_HARNESS_MAIN
