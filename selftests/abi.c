// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI as programs were built with it: layouts that are the same in 32 and
 * 64 bits, and structs that may grow at the end
 */

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

#include "memory.h"

#include <kselftest_harness.h>

/* Sizes and the last field of each struct: nothing moved, nothing padded. */
#define LAYOUT(type, size, last, offset) \
	static_assert(sizeof(struct type) == (size), #type); \
	static_assert(offsetof(struct type, last) == (offset), #type); \
	static_assert(offsetof(struct type, flags) == 0, #type)

LAYOUT(ipcbox_info, 96, box_ports, 88);
LAYOUT(ipcbox_port_create, 136, reserved, 132);
LAYOUT(ipcbox_port_open, 88, id, 80);
LAYOUT(ipcbox_port_delete, 80, id, 72);
LAYOUT(ipcbox_port_list, 32, count, 28);
LAYOUT(ipcbox_user_entry, 48, max_bytes, 40);
LAYOUT(ipcbox_user_list, 32, count, 28);
LAYOUT(ipcbox_pipe, 40, ids, 24);
LAYOUT(ipcbox_inbox, 16, id, 8);
LAYOUT(ipcbox_stat, 272, reserved2, 268);
LAYOUT(ipcbox_set, 56, reserved, 52);
LAYOUT(ipcbox_send, 88, reserved2, 84);
LAYOUT(ipcbox_recv, 120, nr_fds, 116);
LAYOUT(ipcbox_ack, 16, id, 8);
LAYOUT(ipcbox_call, 136, reserved, 132);
LAYOUT(ipcbox_reply, 64, fds, 56);
LAYOUT(ipcbox_events, 16, mask, 8);
LAYOUT(ipcbox_connect, 176, acceptor_gid, 172);
LAYOUT(ipcbox_accept, 80, ids, 64);
LAYOUT(ipcbox_refuse, 24, reason, 16);
LAYOUT(ipcbox_shutdown, 16, reserved, 12);
static_assert(sizeof(struct ipcbox_event) == 64, "ipcbox_event");

#define OFFSET(type, field, offset) \
	static_assert(offsetof(struct type, field) == (offset), #field)

OFFSET(ipcbox_info, abi_version, 8);
OFFSET(ipcbox_info, kinds, 16);
OFFSET(ipcbox_info, max_msgsize, 48);
OFFSET(ipcbox_info, user_ports, 72);
OFFSET(ipcbox_port_create, name, 8);
OFFSET(ipcbox_port_create, rights, 72);
OFFSET(ipcbox_port_create, max_msgsize, 100);
OFFSET(ipcbox_port_create, max_messages, 104);
OFFSET(ipcbox_port_create, id, 120);
OFFSET(ipcbox_port_create, created, 128);
OFFSET(ipcbox_port_open, rights, 72);
OFFSET(ipcbox_port_open, reserved, 76);
OFFSET(ipcbox_port_list, cursor, 8);
OFFSET(ipcbox_port_list, entries, 16);
OFFSET(ipcbox_port_list, entry_size, 24);
OFFSET(ipcbox_user_entry, uid, 8);
OFFSET(ipcbox_user_entry, ports, 16);
OFFSET(ipcbox_user_entry, bytes, 32);
OFFSET(ipcbox_user_list, cursor, 8);
OFFSET(ipcbox_user_list, entries, 16);
OFFSET(ipcbox_user_list, entry_size, 24);
OFFSET(ipcbox_stat, id, 8);
OFFSET(ipcbox_stat, name, 16);
OFFSET(ipcbox_stat, kind, 80);
OFFSET(ipcbox_stat, creator_pid, 108);
OFFSET(ipcbox_stat, rights, 112);
OFFSET(ipcbox_stat, max_messages, 120);
OFFSET(ipcbox_stat, created, 136);
OFFSET(ipcbox_stat, messages, 144);
OFFSET(ipcbox_stat, next_size, 200);
OFFSET(ipcbox_stat, senders, 208);
OFFSET(ipcbox_stat, lanes, 228);
OFFSET(ipcbox_stat, dead_letter, 248);
OFFSET(ipcbox_stat, max_deliveries, 264);
OFFSET(ipcbox_set, mode, 8);
OFFSET(ipcbox_set, max_msgsize, 20);
OFFSET(ipcbox_set, max_messages, 24);
OFFSET(ipcbox_set, dead_letter, 40);
OFFSET(ipcbox_set, max_deliveries, 48);
OFFSET(ipcbox_send, data, 8);
OFFSET(ipcbox_send, type, 24);
OFFSET(ipcbox_send, priority, 32);
OFFSET(ipcbox_send, deadline, 40);
OFFSET(ipcbox_send, id, 48);
OFFSET(ipcbox_send, receiver_pid, 56);
OFFSET(ipcbox_send, fds, 72);
OFFSET(ipcbox_send, nr_fds, 80);
OFFSET(ipcbox_recv, data, 8);
OFFSET(ipcbox_recv, deadline, 32);
OFFSET(ipcbox_recv, msg_len, 40);
OFFSET(ipcbox_recv, msg_flags, 64);
OFFSET(ipcbox_recv, sender_pid, 72);
OFFSET(ipcbox_recv, lease, 88);
OFFSET(ipcbox_recv, deliveries, 96);
OFFSET(ipcbox_recv, fds, 104);
OFFSET(ipcbox_recv, fds_size, 112);
OFFSET(ipcbox_call, data, 8);
OFFSET(ipcbox_call, priority, 32);
OFFSET(ipcbox_call, outcome, 36);
OFFSET(ipcbox_call, deadline, 40);
OFFSET(ipcbox_call, reply, 48);
OFFSET(ipcbox_call, reply_len, 64);
OFFSET(ipcbox_call, id, 80);
OFFSET(ipcbox_call, replier_pid, 88);
OFFSET(ipcbox_call, fds, 104);
OFFSET(ipcbox_call, nr_fds, 120);
OFFSET(ipcbox_call, reply_nr_fds, 128);
OFFSET(ipcbox_reply, id, 8);
OFFSET(ipcbox_reply, type, 32);
OFFSET(ipcbox_reply, recv, 40);
OFFSET(ipcbox_reply, recv_size, 48);
OFFSET(ipcbox_reply, nr_fds, 52);
OFFSET(ipcbox_connect, id, 72);
OFFSET(ipcbox_connect, priority, 104);
OFFSET(ipcbox_connect, deadline, 112);
OFFSET(ipcbox_connect, answer, 120);
OFFSET(ipcbox_connect, reason, 152);
OFFSET(ipcbox_connect, acceptor_pid, 160);
OFFSET(ipcbox_accept, data, 16);
OFFSET(ipcbox_accept, max_messages, 40);
OFFSET(ipcbox_accept, max_msgsize, 56);
OFFSET(ipcbox_refuse, id, 8);
OFFSET(ipcbox_shutdown, rights, 8);
OFFSET(ipcbox_event, what, 0);
OFFSET(ipcbox_event, count, 8);
OFFSET(ipcbox_event, id, 16);
OFFSET(ipcbox_event, time, 24);
OFFSET(ipcbox_event, pid, 32);
OFFSET(ipcbox_event, gid, 44);
OFFSET(ipcbox_event, reserved, 48);

/* The numbers of the commands, as strace would show them. */
static_assert(IPCBOX_INFO == 0xc060e100, "IPCBOX_INFO");
static_assert(IPCBOX_PORT_CREATE == 0xc088e101, "IPCBOX_PORT_CREATE");
static_assert(IPCBOX_PORT_OPEN == 0xc058e102, "IPCBOX_PORT_OPEN");
static_assert(IPCBOX_PORT_DELETE == 0x4050e103, "IPCBOX_PORT_DELETE");
static_assert(IPCBOX_PORT_LIST == 0xc020e104, "IPCBOX_PORT_LIST");
static_assert(IPCBOX_USER_LIST == 0xc020e107, "IPCBOX_USER_LIST");
static_assert(IPCBOX_PIPE == 0xc028e108, "IPCBOX_PIPE");
static_assert(IPCBOX_SEND == 0xc058e140, "IPCBOX_SEND");
static_assert(IPCBOX_RECV == 0xc078e141, "IPCBOX_RECV");
static_assert(IPCBOX_STAT == 0xc110e142, "IPCBOX_STAT");
static_assert(IPCBOX_SET == 0x4038e143, "IPCBOX_SET");
static_assert(IPCBOX_EVENTS == 0x4010e148, "IPCBOX_EVENTS");
static_assert(IPCBOX_RING_ATTACH == 0xc030e14a, "IPCBOX_RING_ATTACH");
static_assert(IPCBOX_RING_WAIT == 0x4018e14b, "IPCBOX_RING_WAIT");
static_assert(IPCBOX_RING_WAKE == 0x4018e14c, "IPCBOX_RING_WAKE");
static_assert(IPCBOX_CONNECT == 0xc0b0e109, "IPCBOX_CONNECT");
static_assert(IPCBOX_ACCEPT == 0xc050e14d, "IPCBOX_ACCEPT");
static_assert(IPCBOX_REFUSE == 0x4018e14e, "IPCBOX_REFUSE");
static_assert(IPCBOX_SHUTDOWN == 0x4010e14f, "IPCBOX_SHUTDOWN");

#define LONGEST		((1U << _IOC_SIZEBITS) - 1)

/* A type of message. */
#define REQUEST		7

/* One command with an argument that succeeds, any number of times. */
FIXTURE(growth)
{
	int box;
	int port;
	int fd;
	unsigned char *arg;	/* of LONGEST bytes, and nothing behind */
	char payload[8];
	struct ipcbox_stat entry;
	struct ipcbox_user_entry user;
	struct ipcbox_recv recv;
	pthread_t server;	/* of IPCBOX_CALL */
};

FIXTURE_VARIANT(growth)
{
	unsigned long cmd;
	size_t v1;		/* size in the first version of the ABI */
};

FIXTURE_VARIANT_ADD(growth, info)
{
	.cmd = IPCBOX_INFO,
	.v1 = 96,
};

FIXTURE_VARIANT_ADD(growth, create)
{
	.cmd = IPCBOX_PORT_CREATE,
	.v1 = 136,
};

FIXTURE_VARIANT_ADD(growth, open)
{
	.cmd = IPCBOX_PORT_OPEN,
	.v1 = 88,
};

FIXTURE_VARIANT_ADD(growth, delete)
{
	.cmd = IPCBOX_PORT_DELETE,
	.v1 = 80,
};

FIXTURE_VARIANT_ADD(growth, list)
{
	.cmd = IPCBOX_PORT_LIST,
	.v1 = 32,
};

FIXTURE_VARIANT_ADD(growth, users)
{
	.cmd = IPCBOX_USER_LIST,
	.v1 = 32,
};

FIXTURE_VARIANT_ADD(growth, pipe)
{
	.cmd = IPCBOX_PIPE,
	.v1 = 40,
};

FIXTURE_VARIANT_ADD(growth, send)
{
	.cmd = IPCBOX_SEND,
	.v1 = 56,
};

FIXTURE_VARIANT_ADD(growth, recv)
{
	.cmd = IPCBOX_RECV,
	.v1 = 88,
};

FIXTURE_VARIANT_ADD(growth, stat)
{
	.cmd = IPCBOX_STAT,
	.v1 = 232,
};

FIXTURE_VARIANT_ADD(growth, set)
{
	.cmd = IPCBOX_SET,
	.v1 = 40,
};

FIXTURE_VARIANT_ADD(growth, ack)
{
	.cmd = IPCBOX_ACK,
	.v1 = 16,
};

FIXTURE_VARIANT_ADD(growth, nack)
{
	.cmd = IPCBOX_NACK,
	.v1 = 16,
};

FIXTURE_VARIANT_ADD(growth, call)
{
	.cmd = IPCBOX_CALL,
	.v1 = 104,
};

FIXTURE_VARIANT_ADD(growth, reply)
{
	.cmd = IPCBOX_REPLY,
	.v1 = 56,
};

FIXTURE_VARIANT_ADD(growth, events)
{
	.cmd = IPCBOX_EVENTS,
	.v1 = 16,
};

/* Answers all requests until the port goes; another message is left alone. */
static void *serve(void *port)
{
	struct ipcbox_recv recv = { .type = REQUEST };
	struct ipcbox_reply reply = {
		.recv = (uintptr_t)&recv,
		.recv_size = sizeof(recv),
	};

	while (!sys_ioctl((intptr_t)port, IPCBOX_REPLY, &reply))
		reply.id = recv.msg_id;
	return NULL;
}

FIXTURE_SETUP(growth)
{
	struct ipcbox_port_create attr = port_attr("abi");

	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, msg_send(self->port, "hello", 5, 0, 0, 0));
	self->fd = _IOC_NR(variant->cmd) < _IOC_NR(IPCBOX_SEND) ? self->box :
								  self->port;
	self->arg = memory_before_hole(LONGEST);
	if (variant->cmd == IPCBOX_CALL)
		ASSERT_EQ(0, pthread_create(&self->server, NULL, serve,
					    (void *)(intptr_t)self->port));
}

FIXTURE_TEARDOWN(growth)
{
	port_delete(self->box, "abi");
	if (variant->cmd == IPCBOX_CALL)
		pthread_join(self->server, NULL);
	close(self->port);
	close(self->box);
}

/* A message with a lease, to be acknowledged by the command. */
static void argument_ack(FIXTURE_DATA(growth) *self)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_ack ack = {};

	msg_send(self->port, "hello", 5, 0, 0, 0);
	msg_recv(self->port, self->payload, sizeof(self->payload),
		 IPCBOX_LEASE | IPCBOX_NOWAIT, &recv);
	ack.id = recv.msg_id;
	memcpy(self->arg, &ack, sizeof(ack));
}

/* Without a request to answer, but for one to receive. */
static void argument_reply(FIXTURE_DATA(growth) *self)
{
	struct ipcbox_reply reply = {
		.recv = (uintptr_t)&self->recv,
		.recv_size = sizeof(self->recv),
	};

	msg_send(self->port, "hello", 5, 0, 0, 0);
	memset(&self->recv, 0, sizeof(self->recv));
	self->recv.data = (uintptr_t)self->payload;
	self->recv.len = sizeof(self->payload);
	memcpy(self->arg, &reply, sizeof(reply));
}

static void argument_box(FIXTURE_DATA(growth) *self, unsigned long cmd)
{
	struct ipcbox_port_create attr = port_attr("abi");
	struct ipcbox_port_open open = { .name = "abi" };
	struct ipcbox_port_delete delete = { .name = "another" };
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&self->entry,
		.entry_size = sizeof(self->entry),
		.count = 1,
	};
	struct ipcbox_user_list users = {
		.entries = (uintptr_t)&self->user,
		.entry_size = sizeof(self->user),
		.count = 1,
	};

	attr.flags = 0;
	switch (cmd) {
	case IPCBOX_PORT_CREATE:
		memcpy(self->arg, &attr, sizeof(attr));
		break;
	case IPCBOX_PORT_OPEN:
		memcpy(self->arg, &open, sizeof(open));
		break;
	case IPCBOX_PORT_DELETE:
		/* To be deleted by the command. */
		attr = port_attr("another");
		close(port_create(self->box, &attr));
		memcpy(self->arg, &delete, sizeof(delete));
		break;
	case IPCBOX_PORT_LIST:
		memcpy(self->arg, &list, sizeof(list));
		break;
	case IPCBOX_USER_LIST:
		memcpy(self->arg, &users, sizeof(users));
		break;
	}
}

static void argument(FIXTURE_DATA(growth) *self, unsigned long cmd)
{
	struct ipcbox_send send = { .data = (uintptr_t)"hello", .len = 5 };
	struct ipcbox_recv recv = {
		.flags = IPCBOX_PEEK | IPCBOX_NOWAIT,
		.data = (uintptr_t)self->payload,
		.len = sizeof(self->payload),
	};
	struct ipcbox_set set = { .flags = IPCBOX_SET_MODE, .mode = 0644 };
	struct ipcbox_call call = { .type = REQUEST };

	memset(self->arg, 0, LONGEST);
	switch (cmd) {
	case IPCBOX_SEND:
		memcpy(self->arg, &send, sizeof(send));
		break;
	case IPCBOX_RECV:
		memcpy(self->arg, &recv, sizeof(recv));
		break;
	case IPCBOX_SET:
		memcpy(self->arg, &set, sizeof(set));
		break;
	case IPCBOX_ACK:
	case IPCBOX_NACK:
		argument_ack(self);
		break;
	case IPCBOX_CALL:
		memcpy(self->arg, &call, sizeof(call));
		break;
	case IPCBOX_REPLY:
		argument_reply(self);
		break;
	default:
		argument_box(self, cmd);
	}
}

static int run_sized(FIXTURE_DATA(growth) *self, unsigned long cmd,
		     size_t size)
{
	return sys_ioctl(self->fd, _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd),
					_IOC_NR(cmd), size), self->arg);
}

TEST_F(growth, the_size_of_today)
{
	argument(self, variant->cmd);
	EXPECT_LE(0, run_sized(self, variant->cmd, _IOC_SIZE(variant->cmd)));
}

TEST_F(growth, the_size_of_the_first_version)
{
	argument(self, variant->cmd);
	memset(self->arg + variant->v1, 0xff, LONGEST - variant->v1);
	EXPECT_LE(0, run_sized(self, variant->cmd, variant->v1));
	EXPECT_EQ(0xff, self->arg[variant->v1]);
}

TEST_F(growth, a_longer_struct_with_zeros)
{
	static const size_t more[] = { 1, 4, 8, 100, 4096 };
	int i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		argument(self, variant->cmd);
		EXPECT_LE(0, run_sized(self, variant->cmd,
				       _IOC_SIZE(variant->cmd) + more[i]))
			TH_LOG("%zu bytes more", more[i]);
	}
	argument(self, variant->cmd);
	EXPECT_LE(0, run_sized(self, variant->cmd, LONGEST));
}

/* What the module does not know it leaves alone: zeros stay zeros. */
TEST_F(growth, a_longer_struct_is_answered_in_its_known_part)
{
	size_t known = _IOC_SIZE(variant->cmd), i;

	argument(self, variant->cmd);
	memset(self->arg + known + 64, 0xaa, 64);
	EXPECT_LE(0, run_sized(self, variant->cmd, known + 64));
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(0, self->arg[known + i]);
		ASSERT_EQ(0xaa, self->arg[known + 64 + i]);
	}
}

TEST_F(growth, a_longer_struct_with_something_unknown)
{
	size_t known = _IOC_SIZE(variant->cmd);
	static const size_t places[] = { 0, 1, 7, 63 };
	int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		argument(self, variant->cmd);
		self->arg[known + places[i]] = 1;
		EXPECT_EQ(-E2BIG, run_sized(self, variant->cmd, known + 64))
			TH_LOG("at %zu", places[i]);
		/* Just outside of what the caller says it has. */
		EXPECT_LE(0, run_sized(self, variant->cmd, known + places[i]));
	}
	argument(self, variant->cmd);
	self->arg[LONGEST - 1] = 1;
	EXPECT_EQ(-E2BIG, run_sized(self, variant->cmd, LONGEST));
}

TEST_F(growth, a_longer_struct_that_is_not_all_there)
{
	size_t known = _IOC_SIZE(variant->cmd);
	unsigned char *whole = self->arg;

	argument(self, variant->cmd);
	self->arg = memory_before_hole(known + 8);
	memcpy(self->arg, whole, known + 8);
	EXPECT_EQ(-EFAULT, run_sized(self, variant->cmd, known + 9));
	EXPECT_LE(0, run_sized(self, variant->cmd, known + 8));
}

TEST_F(growth, a_struct_shorter_than_the_first)
{
	size_t size;

	for (size = 0; size < variant->v1; size++) {
		argument(self, variant->cmd);
		ASSERT_EQ(-EINVAL, run_sized(self, variant->cmd, size))
			TH_LOG("size %zu", size);
	}
}

/* The answer itself, seen by a program of the first version. */
TEST(answers_do_not_depend_on_the_size)
{
	struct {
		struct ipcbox_stat stat;
		uint64_t newer[4];
	} longer = {};
	struct ipcbox_stat stat;
	int box = box_private();
	int port = port_temporary(box, 3);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	ASSERT_EQ(0, sys_ioctl(port, _IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC,
					  _IOC_NR(IPCBOX_STAT), sizeof(longer)),
			       &longer));
	EXPECT_EQ(0, memcmp(&stat, &longer.stat, sizeof(stat)));
	EXPECT_EQ(3, stat.max_messages);
}

TEST_HARNESS_MAIN
