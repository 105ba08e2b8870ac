// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stalls: a process touches memory that never arrives, in the middle of a call
 *
 * userfaultfd makes such memory. Whoever is stalled stalls alone: the port, the
 * box, other ports and the other side of a rendezvous go on, deadlines hold,
 * and both the stalled and those who wait for them can be killed.
 */

#include "call.h"
#include "memory.h"

#include "kselftest_harness.h"

#include <sys/prctl.h>

#define SHORT	64UL
#define LONG	(64UL << 10)	/* pinned in a rendezvous */

FIXTURE(stall)
{
	int box;
	int port;	/* of the variant's capacity */
	int other;	/* without limits */
	size_t len;
	struct held held;
	bool stalls;
	char *message;
	struct ipcbox_info before;
};

FIXTURE_VARIANT(stall)
{
	uint64_t max_messages;
	size_t len;
};

FIXTURE_VARIANT_ADD(stall, rendezvous)
{
	.max_messages = 0, .len = SHORT,
};

FIXTURE_VARIANT_ADD(stall, rendezvous_pinned)
{
	.max_messages = 0, .len = LONG,
};

FIXTURE_VARIANT_ADD(stall, capacity_1)
{
	.max_messages = 1, .len = LONG,
};

FIXTURE_SETUP(stall)
{
	self->box = box_open();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->port = port_temporary(self->box, variant->max_messages);
	ASSERT_LE(0, self->port);
	self->other = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->other);
	self->len = variant->len;
	self->message = memory_pages(LONG / PAGE);
	memset(self->message, 'm', self->len);
	self->stalls = held_init(&self->held, LONG / PAGE);
}

FIXTURE_TEARDOWN(stall)
{
	close(self->port);
	close(self->other);
	close(self->box);
}

#define NEED_STALLS(self)						\
	do {								\
		if (!(self)->stalls)					\
			SKIP(return, "no userfaultfd here (vm.unprivileged_userfaultfd?)"); \
	} while (0)

#define EXPECT_NOTHING_LEFT(self, port) do {				\
	struct ipcbox_stat left;					\
	struct ipcbox_info after;					\
									\
	EXPECT_EQ(0, port_stat(port, &left));				\
	EXPECT_EQ(0, left.messages);					\
	EXPECT_EQ(0, left.bytes);					\
	EXPECT_EQ(0, left.taken);					\
	EXPECT_EQ(0, left.waiting_senders);				\
	EXPECT_EQ(0, left.waiting_receivers);				\
	EXPECT_EQ(left.sent, left.received);				\
	EXPECT_EQ(0, box_info((self)->box, &after));			\
	EXPECT_EQ((self)->before.user_bytes, after.user_bytes);		\
} while (0)

/* A receive, or a peek, into memory that does not arrive. */
static struct call stalled_receive(struct held *held, int port, size_t len,
				   uint64_t flags)
{
	struct call call = call_init(CALL_RECV, port);

	call.data = held->page;
	call.len = len;
	call.recv.flags = flags;
	return call;
}

static struct call sending(int port, void *data, size_t len, uint64_t deadline)
{
	struct call call = call_init(CALL_SEND, port);

	call.data = data;
	call.len = len;
	call.send.deadline = deadline;
	call.send.priority = 1;
	return call;
}

/* Takes all the room there is with a message that comes after all others. */
static void make_senders_wait(int port, uint64_t capacity)
{
	while (capacity--)
		if (msg_send(port, "else", 4, 0, 0, 0))
			abort();
}

/* Sends and receives once, and says whether both were quick. */
static bool goes_on(int port)
{
	struct ipcbox_send send = {
		.data = (uintptr_t)"go on",
		.len = 5,
		.deadline = in_ns(10 * SEC),
	};
	struct call receiver = call_init(CALL_RECV, port);

	receiver.recv.deadline = send.deadline;
	call_start(&receiver);
	if (sys_ioctl(port, IPCBOX_SEND, &send))
		return false;
	return !call_join(&receiver) && !memcmp(receiver.text, "go on", 5);
}

static uint64_t taken(int port)
{
	struct ipcbox_stat stat;

	return port_stat(port, &stat) ? ~0ULL : stat.taken;
}

static bool wait_for_taken(int port, uint64_t n)
{
	uint64_t end = in_ns(10 * SEC);

	while (taken(port) != n && now_ns() < end)
		sleep_ns(MSEC);
	return taken(port) == n;
}

static uint64_t charged(int box)
{
	struct ipcbox_info info;

	return box_info(box, &info) ? 0 : info.user_bytes;
}

/* How many pages of the whole system are pinned, if we may know. */
static long long pinned(void)
{
	long long acquired = 0, released = 0;
	char name[64];
	long long value;
	FILE *file;

	/* The processors keep counts of their own otherwise. */
	file = fopen("/proc/sys/vm/stat_refresh", "w");
	if (!file)
		return 0;
	fputs("1", file);
	fclose(file);
	file = fopen("/proc/vmstat", "r");
	while (file && fscanf(file, "%63s %lld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	if (file)
		fclose(file);
	return acquired - released;
}

/* Receivers */

TEST_F(stall, the_deadline_of_a_sender_holds_and_its_message_is_gone)
{
	struct call receiver, sender;
	const long long pins = pinned();
	struct ipcbox_stat stat;
	uint64_t start;

	NEED_STALLS(self);
	make_senders_wait(self->port, variant->max_messages);
	receiver = stalled_receive(&self->held, self->port, LONG, 0);
	sender = sending(self->port, self->message, self->len, in_ns(SEC / 2));
	start = now_ns();
	call_start(&sender);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	call_start(&receiver);
	ASSERT_TRUE(held_wait(&self->held));
	EXPECT_EQ(-ETIMEDOUT, call_join(&sender));
	EXPECT_LE(SEC / 4, now_ns() - start);
	EXPECT_GT(10 * SEC, now_ns() - start);
	/* A quota bounds what all the stalled hold. */
	EXPECT_LE(self->before.user_bytes + self->len, charged(self->box));
	EXPECT_EQ(pins, pinned());

	/* It is the sender's again, so what it does with it is not seen. */
	memset(self->message, 'n', self->len);
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(variant->max_messages, stat.messages);
	EXPECT_EQ(variant->max_messages, stat.sent);
	EXPECT_EQ(1, stat.taken);
	held_release(&self->held);
	if (!variant->max_messages) {
		ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
		ASSERT_EQ(4, sys_write(self->port, "else", 4));
	}
	EXPECT_EQ(0, call_join(&receiver));
	EXPECT_EQ(4, receiver.recv.msg_len);
	EXPECT_EQ(0, memcmp("else", self->held.page, 4));
	/* Nor in what the receive that came to nothing has left behind. */
	EXPECT_EQ(NULL, memchr(self->held.page, 'n', LONG));
	EXPECT_NOTHING_LEFT(self, self->port);
}

TEST_F(stall, everything_else_goes_on_beside_a_stalled_receiver)
{
	struct ipcbox_port_create attr = port_attr("stall-beside");
	struct call receiver, sender;

	NEED_STALLS(self);
	receiver = stalled_receive(&self->held, self->port, LONG, 0);
	sender = sending(self->port, self->message, self->len, 0);
	call_start(&receiver);
	call_start(&sender);
	ASSERT_TRUE(held_wait(&self->held));
	EXPECT_TRUE(goes_on(self->other));
	/* The message that is being copied has the only place. */
	if (variant->max_messages)
		EXPECT_EQ(-EAGAIN, msg_send(self->port, "x", 1, 0, 0, IPCBOX_NOWAIT));
	EXPECT_TRUE(goes_on(self->port));
	EXPECT_LE(0, port_create(self->box, &attr));
	EXPECT_EQ(0, port_delete(self->box, "stall-beside"));
	EXPECT_EQ(1, taken(self->port));

	held_release(&self->held);
	EXPECT_EQ(0, call_join(&receiver));
	EXPECT_EQ(0, call_join(&sender));
	EXPECT_EQ(self->len, receiver.recv.msg_len);
	EXPECT_EQ(0, memcmp(self->message, self->held.page, self->len));
	EXPECT_NOTHING_LEFT(self, self->port);
}

/* A process that will never get out of its call alive. */
static pid_t stalled_process(enum call_kind kind, int port, size_t len)
{
	struct held held;
	pid_t pid = fork();
	struct call call;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!held_init(&held, LONG / PAGE))
		_exit(1);
	call = call_init(kind, port);
	call.data = held.page;
	call.len = len;
	call_run(&call);
	_exit(2);
}

TEST_F(stall, the_message_of_a_killed_receiver_goes_to_the_next)
{
	struct call sender, next;
	pid_t pid;

	NEED_STALLS(self);
	sender = sending(self->port, self->message, self->len, 0);
	next = call_init(CALL_RECV, self->port);
	next.data = memory_pages(LONG / PAGE);
	next.len = LONG;
	pid = stalled_process(CALL_RECV, self->port, LONG);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	call_start(&next);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 2));
	call_start(&sender);
	ASSERT_TRUE(wait_for_taken(self->port, 1));
	sleep_ns(50 * MSEC);
	EXPECT_EQ(1, taken(self->port));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(0, call_join(&next));
	EXPECT_EQ(0, call_join(&sender));
	EXPECT_EQ(self->len, next.recv.msg_len);
	EXPECT_EQ(0, memcmp(self->message, next.data, self->len));
	EXPECT_NOTHING_LEFT(self, self->port);
}

static pid_t sending_process(int port, void *data, size_t len)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(msg_send(port, data, len, 0, 0, 0) ? 1 : 0);
}

TEST_F(stall, both_sides_are_killed)
{
	struct ipcbox_recv recv = {};
	pid_t receiver, sender;
	int first;

	NEED_STALLS(self);
	for (first = 0; first < 2; first++) {
		receiver = stalled_process(CALL_RECV, self->port, LONG);
		ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
		sender = sending_process(self->port, self->message, self->len);
		ASSERT_TRUE(wait_for_taken(self->port, 1));
		kill(first ? sender : receiver, SIGKILL);
		child_wait(first ? sender : receiver);
		kill(first ? receiver : sender, SIGKILL);
		child_wait(first ? receiver : sender);
		/* What was sent before the sender's death is still there. */
		EXPECT_EQ(variant->max_messages ? 0 : -EAGAIN,
			  msg_recv(self->port, self->message, LONG,
				   IPCBOX_NOWAIT, &recv));
		EXPECT_NOTHING_LEFT(self, self->port);
	}
}

TEST_F(stall, a_port_is_deleted_under_a_stalled_receiver)
{
	struct call receiver, sender;
	struct ipcbox_info info;
	uint64_t start;

	NEED_STALLS(self);
	receiver = stalled_receive(&self->held, self->port, LONG, 0);
	sender = sending(self->port, self->message, self->len, 0);
	call_start(&receiver);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	call_start(&sender);
	ASSERT_TRUE(held_wait(&self->held));
	if (variant->max_messages)
		EXPECT_EQ(0, call_join(&sender));
	start = now_ns();
	EXPECT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	if (!variant->max_messages)
		EXPECT_EQ(-EIDRM, call_join(&sender));
	EXPECT_GT(10 * SEC, now_ns() - start);
	memset(self->message, 'n', self->len);

	/* What was sent is delivered; what was not sent is not. */
	held_release(&self->held);
	EXPECT_EQ(variant->max_messages ? 0 : -EIDRM, call_join(&receiver));
	if (variant->max_messages)
		EXPECT_EQ('m', self->held.page[self->len - 1]);
	EXPECT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes, info.user_bytes);
}

/* Peeks */

TEST_F(stall, a_message_is_received_under_a_stalled_peek)
{
	struct ipcbox_recv recv = {};
	struct call peek, sender;
	const long long pins = pinned();
	char *buffer;

	NEED_STALLS(self);
	peek = stalled_receive(&self->held, self->port, LONG, IPCBOX_PEEK);
	sender = sending(self->port, self->message, self->len, 0);
	buffer = memory_pages(LONG / PAGE);
	call_start(&sender);
	call_start(&peek);
	ASSERT_TRUE(held_wait(&self->held));
	EXPECT_EQ(0, msg_recv(self->port, buffer, LONG, 0, &recv));
	EXPECT_EQ(0, memcmp(self->message, buffer, self->len));
	EXPECT_EQ(0, call_join(&sender));
	if (variant->max_messages || self->len == SHORT)
		EXPECT_LE(self->before.user_bytes + self->len, charged(self->box));
	EXPECT_EQ(pins, pinned());
	memset(self->message, 'n', self->len);
	held_release(&self->held);
	/* It has seen the message, or waits for one that it can see whole. */
	sender = sending(self->port, self->message, self->len, in_ns(SEC));
	call_start(&sender);
	EXPECT_EQ(0, call_join(&peek));
	EXPECT_EQ(self->len, peek.recv.msg_len);
	EXPECT_EQ(0, memcmp(self->held.page, self->held.page + 1, self->len - 1));
	call_join(&sender);
	while (!msg_recv(self->port, buffer, LONG, IPCBOX_NOWAIT, &recv))
		;
	EXPECT_NOTHING_LEFT(self, self->port);
}

/* Its sender has used the memory again before the peek goes on. */
TEST_F(stall, a_message_is_recalled_under_a_stalled_peek)
{
	struct call peek, sender;

	NEED_STALLS(self);
	make_senders_wait(self->port, variant->max_messages);
	peek = stalled_receive(&self->held, self->port, LONG, IPCBOX_PEEK);
	sender = sending(self->port, self->message, self->len, in_ns(SEC / 2));
	call_start(&sender);
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	call_start(&peek);
	ASSERT_TRUE(held_wait(&self->held));
	EXPECT_EQ(-ETIMEDOUT, call_join(&sender));
	EXPECT_LE(self->before.user_bytes + self->len, charged(self->box));
	memset(self->message, 'n', self->len);
	memset(self->message, 'o', self->len / 2);
	held_release(&self->held);
	sleep_ns(50 * MSEC);
	memset(self->message, 'p', self->len);
	sender = sending(self->port, self->message, self->len, in_ns(SEC));
	call_start(&sender);
	EXPECT_EQ(0, call_join(&peek));
	EXPECT_EQ(self->len, peek.recv.msg_len);
	EXPECT_EQ(0, memcmp(self->held.page, self->held.page + 1, self->len - 1));
	EXPECT_EQ(-ETIMEDOUT, call_join(&sender));
	if (variant->max_messages)
		EXPECT_EQ(4, sys_read(self->port, self->message, LONG));
	EXPECT_NOTHING_LEFT(self, self->port);
}

/* Senders */

TEST_F(stall, everything_goes_on_beside_a_stalled_sender)
{
	struct ipcbox_recv recv = {};
	struct call sender;
	struct ipcbox_stat stat;
	char *buffer;

	NEED_STALLS(self);
	buffer = memory_pages(LONG / PAGE);
	sender = sending(self->port, self->held.page, self->len, 0);
	call_start(&sender);
	ASSERT_TRUE(held_wait(&self->held));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.messages);
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_TRUE(goes_on(self->port));
	EXPECT_TRUE(goes_on(self->other));
	held_release(&self->held);
	EXPECT_EQ(0, msg_recv(self->port, buffer, LONG, 0, &recv));
	EXPECT_EQ(self->len, recv.msg_len);
	EXPECT_EQ(0, call_join(&sender));
	EXPECT_NOTHING_LEFT(self, self->port);
}

TEST_F(stall, a_stalled_sender_is_killed)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_info info;
	uint64_t end = in_ns(10 * SEC);
	pid_t pid;

	NEED_STALLS(self);
	pid = stalled_process(CALL_SEND, self->port, self->len);
	/* What it is about to send is charged before it is copied. */
	do {
		sleep_ns(MSEC);
		ASSERT_EQ(0, box_info(self->box, &info));
	} while (info.user_bytes == self->before.user_bytes && now_ns() < end);
	EXPECT_LT(self->before.user_bytes, info.user_bytes);
	sleep_ns(20 * MSEC);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, self->message, LONG,
				    IPCBOX_NOWAIT, &recv));
	EXPECT_NOTHING_LEFT(self, self->port);
}

TEST_F(stall, a_port_is_deleted_under_a_stalled_sender)
{
	struct ipcbox_info info;
	struct call sender;

	NEED_STALLS(self);
	sender = sending(self->port, self->held.page, self->len, 0);
	call_start(&sender);
	ASSERT_TRUE(held_wait(&self->held));
	EXPECT_EQ(0, port_delete_id(self->box, port_id(self->port)));
	held_release(&self->held);
	EXPECT_EQ(-EIDRM, call_join(&sender));
	EXPECT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes, info.user_bytes);
}

TEST_F(stall, a_limit_shrinks_under_a_stalled_sender)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MSGSIZE,
		.max_msgsize = self->len - 1,
	};
	struct call sender;

	NEED_STALLS(self);
	sender = sending(self->port, self->held.page, self->len, 0);
	call_start(&sender);
	ASSERT_TRUE(held_wait(&self->held));
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	held_release(&self->held);
	EXPECT_EQ(-EMSGSIZE, call_join(&sender));
	EXPECT_NOTHING_LEFT(self, self->port);
}

/* Broadcasts */

TEST(a_stalled_receiver_of_all_loses_what_is_new)
{
	struct ipcbox_port_create attr = port_attr("stall-all");
	struct ipcbox_stat stat;
	struct call receiver;
	struct held held;
	int box = box_private(), port, fd;

	ASSERT_LE(0, box);
	if (!held_init(&held, 0))
		SKIP(return, "no userfaultfd here");
	attr.sharing = IPCBOX_SHARE_ALL_LOSSY;
	attr.rights = IPCBOX_RIGHT_SEND;
	attr.max_messages = 1;
	port = port_create(box, &attr);
	ASSERT_LE(0, port);
	fd = port_open(box, "stall-all", IPCBOX_RIGHT_RECV);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, sys_write(port, "o", 1));
	receiver = stalled_receive(&held, fd, 1, 0);
	call_start(&receiver);
	ASSERT_TRUE(held_wait(&held));
	/* The place is taken by what is being copied. */
	ASSERT_EQ(1, sys_write(port, "n", 1));
	ASSERT_EQ(0, port_stat(fd, &stat));
	EXPECT_EQ(1, stat.lost);
	EXPECT_EQ(0, stat.messages);
	held_release(&held);
	EXPECT_EQ(0, call_join(&receiver));
	EXPECT_EQ('o', *held.page);
	close(fd);
	close(port);
	close(box);
}

/* Lists */

static void *list_run(void *arg)
{
	struct held *held = arg;
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)held->page,
		.entry_size = sizeof(struct ipcbox_stat),
		.count = LONG / sizeof(struct ipcbox_stat),
	};
	int box = box_open();
	int ret = sys_ioctl(box, IPCBOX_PORT_LIST, &list);

	close(box);
	return (void *)(intptr_t)(ret ?: (int)list.count);
}

TEST_F(stall, ports_come_and_go_beside_a_stalled_list)
{
	struct ipcbox_port_create attr = port_attr("stall-list");
	pthread_t thread;
	void *listed;

	NEED_STALLS(self);
	pthread_create(&thread, NULL, list_run, &self->held);
	ASSERT_TRUE(held_wait(&self->held));
	EXPECT_LE(0, port_create(self->box, &attr));
	EXPECT_TRUE(goes_on(self->port));
	EXPECT_EQ(0, port_delete(self->box, "stall-list"));
	held_release(&self->held);
	pthread_join(thread, &listed);
	EXPECT_EQ(self->before.box_ports + 2, (intptr_t)listed);
}

static void *users_run(void *arg)
{
	struct held *held = arg;
	struct ipcbox_user_list list = {
		.entries = (uintptr_t)held->page,
		.entry_size = sizeof(struct ipcbox_user_entry),
		.count = LONG / sizeof(struct ipcbox_user_entry),
	};
	int box = box_open();
	int ret = sys_ioctl(box, IPCBOX_USER_LIST, &list);

	close(box);
	return (void *)(intptr_t)(ret ?: (int)list.count);
}

TEST_F(stall, users_come_and_go_beside_a_stalled_list)
{
	pthread_t thread;
	void *listed;
	pid_t pid;

	NEED_STALLS(self);
	pthread_create(&thread, NULL, users_run, &self->held);
	ASSERT_TRUE(held_wait(&self->held));
	pid = fork();
	if (!pid)
		_exit(setresuid(4599, -1, -1) ||
		      close(port_temporary(self->box, 1)));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_TRUE(goes_on(self->port));
	held_release(&self->held);
	pthread_join(thread, &listed);
	EXPECT_LT(0, (intptr_t)listed);
}

TEST_HARNESS_MAIN
