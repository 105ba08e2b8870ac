// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases: a message stays with its receiver until that acknowledges it, and
 * returns to its place when it does not
 */

#include <stddef.h>

#include "call.h"
#include "expect.h"
#include "memory.h"

#include <kselftest_harness.h>

FIXTURE(lease)
{
	int box;
	int port;		/* without limits */
	int rendezvous;
	struct ipcbox_info before;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(lease)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	self->port = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, self->port);
	self->rendezvous = port_temporary(self->box, 0);
	ASSERT_LE(0, self->rendezvous);
}

FIXTURE_TEARDOWN(lease)
{
	close(self->port);
	close(self->rendezvous);
	close(self->box);
}

static int send_text(int port, const char *text, uint64_t type,
		     uint32_t priority)
{
	return msg_send(port, text, strlen(text), type, priority, 0);
}

/* Receives what is first, of this type or of any, with a lease. */
static int lease(FIXTURE_DATA(lease) *self, int port, uint64_t type, uint64_t ns)
{
	memset(self->text, 0, sizeof(self->text));
	self->recv = (struct ipcbox_recv){ .type = type, .lease = ns };
	return msg_recv(port, self->text, sizeof(self->text) - 1,
			IPCBOX_LEASE | IPCBOX_NOWAIT, &self->recv);
}

/* The same, but waits for it for up to ten seconds. */
static int lease_wait(FIXTURE_DATA(lease) *self, int port)
{
	memset(self->text, 0, sizeof(self->text));
	self->recv = (struct ipcbox_recv){ .deadline = in_ns(10 * SEC) };
	return msg_recv(port, self->text, sizeof(self->text) - 1, IPCBOX_LEASE,
			&self->recv);
}

#define EXPECT_LEASE(what, count) do {					\
	EXPECT_STREQ(what, self->text);					\
	EXPECT_EQ((count), self->recv.deliveries);			\
	EXPECT_EQ(IPCBOX_MSG_LEASED |					\
		  ((count) > 1 ? IPCBOX_MSG_REDELIVERED : 0),		\
		  self->recv.msg_flags);				\
} while (0)

/* ACK and NACK */

TEST_F(lease, a_message_is_received_when_it_is_acknowledged)
{
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	EXPECT_LEASE("one", 1);
	EXPECT_EQ(0, self->recv.from);
	EXPECT_MESSAGES(self->port, 0, 1, 0);
	EXPECT_EQ(-EAGAIN, lease(self, self->port, 0, 0));
	EXPECT_EQ(0, msg_ack(self->port, 1));
	EXPECT_MESSAGES(self->port, 0, 0, 1);
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(lease, a_message_can_be_acknowledged_once)
{
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
	EXPECT_EQ(-ESRCH, msg_ack(self->port, self->recv.msg_id));
	EXPECT_EQ(-ESRCH, msg_nack(self->port, self->recv.msg_id));
}

TEST_F(lease, only_what_is_held_can_be_acknowledged)
{
	static const uint64_t ids[] = { 0, 2, 3, ~0ULL };
	int i;

	ASSERT_EQ(0, send_text(self->port, "held", 0, 0));
	ASSERT_EQ(0, send_text(self->port, "in line", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ESRCH, msg_ack(self->port, ids[i]));
		EXPECT_EQ(-ESRCH, msg_nack(self->port, ids[i]));
	}
	EXPECT_MESSAGES(self->port, 1, 1, 0);
}

TEST_F(lease, a_plain_receive_needs_no_acknowledgement)
{
	struct ipcbox_recv recv = {};

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, msg_recv(self->port, self->text, 10, 0, &recv));
	EXPECT_EQ(0, recv.deliveries);
	EXPECT_EQ(0, recv.msg_flags);
	EXPECT_EQ(-ESRCH, msg_ack(self->port, recv.msg_id));
}

TEST_F(lease, a_returned_message_tells_that_it_was_delivered_before)
{
	struct ipcbox_recv recv = {};
	int i;

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	for (i = 1; i <= 5; i++) {
		ASSERT_EQ(0, lease(self, self->port, 0, 0));
		EXPECT_LEASE("one", i);
		EXPECT_EQ(0, msg_nack(self->port, self->recv.msg_id));
		EXPECT_MESSAGES(self->port, 1, 0, 0);
	}
	/* A peek and a plain receive tell it as well, and do not count. */
	ASSERT_EQ(0, msg_recv(self->port, self->text, 10, IPCBOX_PEEK, &recv));
	EXPECT_EQ(IPCBOX_MSG_REDELIVERED, recv.msg_flags);
	ASSERT_EQ(0, msg_recv(self->port, self->text, 10, 0, &recv));
	EXPECT_EQ(IPCBOX_MSG_REDELIVERED, recv.msg_flags);
	EXPECT_EQ(5, recv.deliveries);
}

/* Another handle on the same port holds nothing of this one. */
TEST_F(lease, each_handle_has_its_own)
{
	int other = port_open_id(self->box, port_id(self->port), RIGHTS_IO);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	EXPECT_EQ(-ESRCH, msg_ack(other, self->recv.msg_id));
	EXPECT_EQ(-ESRCH, msg_nack(other, self->recv.msg_id));
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
	close(other);
}

TEST_F(lease, what_cannot_be_asked_for)
{
	struct ipcbox_ack ack = { .flags = 1 };
	struct ipcbox_recv recv = {};
	int sender = port_open_id(self->box, port_id(self->port),
				  IPCBOX_RIGHT_SEND);

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	EXPECT_EQ(-EINVAL, msg_recv(self->port, self->text, 10,
				    IPCBOX_LEASE | IPCBOX_PEEK, &recv));
	recv = (struct ipcbox_recv){ .lease = SEC };
	EXPECT_EQ(-EINVAL, msg_recv(self->port, self->text, 10, 0, &recv));
	recv = (struct ipcbox_recv){ .from = -1 };
	EXPECT_EQ(-EINVAL, msg_recv(self->port, self->text, 10, IPCBOX_LEASE,
				    &recv));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_ACK, &ack));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_NACK, &ack));
	EXPECT_EQ(-EBADF, msg_ack(sender, 1));
	EXPECT_EQ(-EBADF, msg_nack(sender, 1));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_ACK, memory_nowhere()));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	close(sender);
}

TEST_F(lease, a_receive_that_fails_takes_no_lease)
{
	struct ipcbox_recv recv = {};
	struct ipcbox_recv *read_only;

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	EXPECT_EQ(-EFAULT, msg_recv(self->port, memory_nowhere(), 10,
				    IPCBOX_LEASE, &recv));
	EXPECT_EQ(-EMSGSIZE, msg_recv(self->port, self->text, 2, IPCBOX_LEASE,
				      &recv));
	recv = (struct ipcbox_recv){
		.flags = IPCBOX_LEASE,
		.data = (uintptr_t)self->text,
		.len = 10,
	};
	read_only = memory_read_only(&recv, sizeof(recv));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->port, IPCBOX_RECV, read_only));
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	EXPECT_LEASE("one", 1);
}

/* A program of the first version, whose struct ends before the lease. */
TEST_F(lease, of_a_struct_of_the_first_version)
{
	struct ipcbox_recv recv = {
		.flags = IPCBOX_LEASE,
		.data = (uintptr_t)self->text,
		.len = sizeof(self->text),
		.lease = 1,
		.deliveries = 77,
	};

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, sys_ioctl(self->port,
			       _IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC,
				    _IOC_NR(IPCBOX_RECV),
				    offsetof(struct ipcbox_recv, lease)),
			       &recv));
	EXPECT_EQ(IPCBOX_MSG_LEASED, recv.msg_flags);
	EXPECT_EQ(77, recv.deliveries);
	EXPECT_EQ(0, msg_ack(self->port, recv.msg_id));
}

/* Its place in line */

static void expect_next(struct __test_metadata *_metadata,
			FIXTURE_DATA(lease) *self, uint64_t type,
			const char *text)
{
	ASSERT_EQ(0, lease(self, self->port, type, 0)) TH_LOG("no %s", text);
	EXPECT_STREQ(text, self->text);
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
}

TEST_F(lease, messages_return_to_their_places_in_any_order)
{
	static const char * const texts[] = { "a", "b", "c", "d", "e" };
	static const int order[] = { 2, 0, 4, 1, 3 };
	uint64_t ids[5];
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, send_text(self->port, texts[i], 0, 0));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, lease(self, self->port, 0, 0));
		ids[i] = self->recv.msg_id;
	}
	ASSERT_EQ(0, send_text(self->port, "f", 0, 0));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, msg_nack(self->port, ids[order[i]]));
	for (i = 0; i < 5; i++)
		expect_next(_metadata, self, 0, texts[i]);
	expect_next(_metadata, self, 0, "f");
}

TEST_F(lease, messages_return_within_their_priority_and_type)
{
	uint64_t low, high, typed;

	ASSERT_EQ(0, send_text(self->port, "low 1", 0, 1));
	ASSERT_EQ(0, send_text(self->port, "low 2", 7, 1));
	ASSERT_EQ(0, send_text(self->port, "low 3", 7, 1));
	ASSERT_EQ(0, send_text(self->port, "high", 0, 9));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	EXPECT_LEASE("high", 1);
	high = self->recv.msg_id;
	/* From behind another one. */
	ASSERT_EQ(0, lease(self, self->port, 7, 0));
	EXPECT_LEASE("low 2", 1);
	typed = self->recv.msg_id;
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	EXPECT_LEASE("low 1", 1);
	low = self->recv.msg_id;
	ASSERT_EQ(0, msg_nack(self->port, typed));
	ASSERT_EQ(0, msg_nack(self->port, low));
	ASSERT_EQ(0, msg_nack(self->port, high));
	expect_next(_metadata, self, 7, "low 2");
	expect_next(_metadata, self, 0, "high");
	expect_next(_metadata, self, 0, "low 1");
	expect_next(_metadata, self, 0, "low 3");
}

TEST_F(lease, a_returned_message_goes_to_whoever_waits)
{
	struct call call = call_init(CALL_RECV, self->port);

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	call.recv.flags = IPCBOX_LEASE;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->port, 0, 1));
	EXPECT_EQ(0, msg_nack(self->port, self->recv.msg_id));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_STREQ("one", call.text);
	EXPECT_EQ(2, call.recv.deliveries);
	EXPECT_EQ(0, msg_ack(self->port, call.recv.msg_id));
}

TEST_F(lease, poll_sees_what_returns)
{
	struct pollfd pollfd = { .fd = self->port, .events = POLLIN };

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 100 * MSEC));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	EXPECT_EQ(1, poll(&pollfd, 1, 10000));
	EXPECT_EQ(POLLIN, pollfd.revents);
}

/* The end of the receiver */

enum end { END_EXIT, END_KILL };

/* A child that takes a lease, and ends. */
static int child_leases(FIXTURE_DATA(lease) *self, int port, enum end end)
{
	pid_t pid = fork();

	if (pid)
		return child_wait(pid);
	if (lease(self, port, 0, 0))
		_exit(1);
	if (end == END_KILL)
		kill(getpid(), SIGKILL);
	_exit(0);
}

TEST_F(lease, the_receiver_exits_and_others_keep_the_handle)
{
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, send_text(self->port, "two", 0, 0));
	ASSERT_EQ(0, child_leases(self, self->port, END_EXIT));
	ASSERT_TRUE(wait_for_held(self->port, 0));
	ASSERT_EQ(0, lease_wait(self, self->port));
	EXPECT_LEASE("one", 2);
	ASSERT_EQ(0, lease_wait(self, self->port));
	EXPECT_LEASE("two", 1);
}

TEST_F(lease, the_receiver_is_killed)
{
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(128 + SIGKILL, child_leases(self, self->port, END_KILL));
	ASSERT_EQ(0, lease_wait(self, self->port));
	EXPECT_LEASE("one", 2);
}

TEST_F(lease, only_the_leases_of_the_process_that_exits_return)
{
	uint64_t id;

	ASSERT_EQ(0, send_text(self->port, "ours", 0, 0));
	ASSERT_EQ(0, send_text(self->port, "the child's", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	id = self->recv.msg_id;
	ASSERT_EQ(0, child_leases(self, self->port, END_EXIT));
	ASSERT_TRUE(wait_for_held(self->port, 1));
	ASSERT_EQ(0, lease_wait(self, self->port));
	EXPECT_LEASE("the child's", 2);
	EXPECT_EQ(0, msg_ack(self->port, id));
}

/* Whoever has the handle may say that the message is done with. */
TEST_F(lease, another_process_with_the_handle_acknowledges)
{
	pid_t pid;

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, send_text(self->port, "two", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	pid = fork();
	if (!pid)
		_exit(msg_ack(self->port, self->recv.msg_id) ? 1 : 0);
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ESRCH, msg_ack(self->port, self->recv.msg_id));
	EXPECT_MESSAGES(self->port, 1, 0, 1);
}

static void *lease_thread(void *arg)
{
	FIXTURE_DATA(lease) *self = arg;

	return (void *)(intptr_t)lease(self, self->port, 0, 0);
}

TEST_F(lease, a_thread_exits_and_its_process_goes_on)
{
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, lease_thread, self));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	ASSERT_TRUE(!ret);
	sleep_ns(20 * MSEC);
	EXPECT_MESSAGES(self->port, 0, 1, 0);
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
}

TEST_F(lease, the_last_descriptor_of_the_handle_is_closed)
{
	int other = port_open_id(self->box, port_id(self->port), RIGHTS_IO);
	int again = dup(other);

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, other, 0, 0));
	close(other);
	EXPECT_MESSAGES(self->port, 0, 1, 0);
	close(again);
	EXPECT_MESSAGES(self->port, 1, 0, 0);
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	EXPECT_LEASE("one", 2);
}

/* Exec closes the handle, and with it ends the lease; the process goes on. */
TEST_F(lease, the_receiver_executes_another_program)
{
	uint64_t id = port_id(self->port);
	int has_it[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(has_it));
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	pid = fork();
	if (!pid) {
		if (lease(self, port_open_id(self->box, id, RIGHTS_IO), 0, 0) ||
		    write(has_it[1], "x", 1) != 1)
			_exit(1);
		execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	ASSERT_EQ(1, read(has_it[0], self->text, 1));
	ASSERT_EQ(0, lease_wait(self, self->port));
	EXPECT_LEASE("one", 2);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
}

/* Many processes come and go while one handle stays. */
TEST_F(lease, a_thousand_leases_return_in_order)
{
	char text[16];
	pid_t pid;
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_EQ(0, send_text(self->port, text, i % 3, 0));
	}
	for (i = 0; i < 30; i++) {
		pid = fork();
		if (!pid) {
			while (!lease(self, self->port, i % 3, 0) &&
			       self->recv.deliveries <= i)
				;
			_exit(0);
		}
		ASSERT_EQ(0, child_wait(pid));
		ASSERT_TRUE(wait_for_held(self->port, 0));
	}
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, lease(self, self->port, 0, 0));
		ASSERT_EQ(i, atoi(self->text));
	}
	EXPECT_MESSAGES(self->port, 0, 1000, 0);
}

/* Taken by type, from behind others or not, and returned by several, in turns. */
TEST_F(lease, what_several_receivers_return_is_in_order)
{
	unsigned int dice = 1, round, i;
	uint64_t last[2] = {};
	int receiver[3];

	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, send_text(self->port, "x", 1 + i % 3, i % 2));
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 3; i++)
			receiver[i] = port_open_id(self->box,
						   port_id(self->port),
						   RIGHTS_IO);
		for (i = 0; i < 250; i++) {
			dice = dice * 1103515245 + 12345;
			lease(self, receiver[(dice >> 16) % 3],
			      (dice >> 20) % 4, 0);
			if ((dice >> 24) % 4 == 0)
				msg_nack(receiver[(dice >> 16) % 3],
					 self->recv.msg_id);
		}
		for (i = 0; i < 3; i++)
			close(receiver[(i + round) % 3]);
	}
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, lease(self, self->port, 0, 0));
		ASSERT_EQ(i < 150, self->recv.msg_priority);
		ASSERT_LT(last[i < 150], self->recv.msg_id);
		last[i < 150] = self->recv.msg_id;
	}
}

/* The end of its time */

TEST_F(lease, the_time_is_up)
{
	uint64_t begin = now_ns(), id;

	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 50 * MSEC));
	id = self->recv.msg_id;
	ASSERT_EQ(0, lease_wait(self, self->port));
	EXPECT_LEASE("one", 2);
	EXPECT_LE(50 * MSEC, now_ns() - begin);
	EXPECT_EQ(id, self->recv.msg_id);
	EXPECT_EQ(0, msg_nack(self->port, id));
	EXPECT_EQ(-ESRCH, msg_ack(self->port, id));
}

TEST_F(lease, each_ends_at_its_own_time)
{
	static const uint64_t times[] = { 300, 100, 200, 0, 100000 };
	uint64_t ids[5];
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
		ASSERT_EQ(0, lease(self, self->port, 0, times[i] * MSEC));
		ids[i] = self->recv.msg_id;
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, lease_wait(self, self->port));
		EXPECT_EQ(ids[(i + 1) % 3], self->recv.msg_id);
	}
	EXPECT_MESSAGES(self->port, 0, 5, 0);
	EXPECT_EQ(0, msg_ack(self->port, ids[3]));
	EXPECT_EQ(0, msg_ack(self->port, ids[4]));
}

TEST_F(lease, very_long_and_very_short_times)
{
	ASSERT_EQ(0, send_text(self->port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, ~0ULL));
	sleep_ns(20 * MSEC);
	EXPECT_EQ(0, msg_nack(self->port, self->recv.msg_id));
	ASSERT_EQ(0, lease(self, self->port, 0, 1));
	ASSERT_TRUE(wait_for_held(self->port, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 1ULL << 63));
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
}

/* Capacity and quota */

TEST_F(lease, a_held_message_uses_the_capacity)
{
	int port = port_temporary(self->box, 1);

	ASSERT_EQ(0, send_text(port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, port, 0, 0));
	EXPECT_EQ(-EAGAIN, msg_send(port, "two", 3, 0, 0, IPCBOX_NOWAIT));
	EXPECT_EQ(0, msg_ack(port, self->recv.msg_id));
	EXPECT_EQ(0, msg_send(port, "two", 3, 0, 0, IPCBOX_NOWAIT));
	close(port);
}

TEST_F(lease, to_acknowledge_lets_a_sender_go)
{
	int port = port_temporary(self->box, 1);
	struct call call = call_text(port, "two", 0);

	ASSERT_EQ(0, send_text(port, "one", 0, 0));
	ASSERT_EQ(0, lease(self, port, 0, 0));
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(port, 1, 0));
	EXPECT_EQ(0, msg_ack(port, self->recv.msg_id));
	EXPECT_EQ(0, call_join(&call));
	close(port);
}

TEST_F(lease, a_held_message_is_charged_to_its_sender)
{
	struct ipcbox_info info;

	ASSERT_EQ(0, send_text(self->port, "four", 0, 0));
	ASSERT_EQ(0, lease(self, self->port, 0, 0));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + 4 + info.msg_overhead,
		  info.user_bytes);
	EXPECT_EQ(0, msg_ack(self->port, self->recv.msg_id));
	EXPECT_NOTHING_CHARGED(self);
}

/* Senders that wait: a rendezvous ends when it is acknowledged */

TEST_F(lease, a_rendezvous_lasts_until_it_is_acknowledged)
{
	struct call call = call_text(self->rendezvous, "one", 0);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	ASSERT_EQ(0, lease(self, self->rendezvous, 0, 0));
	EXPECT_MESSAGES(self->rendezvous, 0, 1, 0);
	EXPECT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	EXPECT_EQ(0, msg_ack(self->rendezvous, self->recv.msg_id));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(1, call.send.id);
}

/* Ends a send that waits; a deadline may be over before anybody looks. */
static int interrupted(struct call *call)
{
	call_catch(SIGUSR1, 0);
	pthread_kill(call->thread, SIGUSR1);
	return call_join(call);
}

TEST_F(lease, a_waiting_sender_takes_its_message_back)
{
	struct call call = call_text(self->rendezvous, "one", 0);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	ASSERT_EQ(0, lease(self, self->rendezvous, 0, 0));
	EXPECT_EQ(-EINTR, interrupted(&call));
	EXPECT_EQ(-ESRCH, msg_ack(self->rendezvous, self->recv.msg_id));
	EXPECT_MESSAGES(self->rendezvous, 0, 0, 0);
	EXPECT_NOTHING_CHARGED(self);
}

/* Taken from behind another, it has left a mark in line: that goes as well. */
TEST_F(lease, a_sender_takes_back_what_was_not_first)
{
	struct call first = call_text(self->rendezvous, "first", 0);
	struct call call = call_text(self->rendezvous, "second", 0);
	int i;

	call_start(&first);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	for (i = 0; i < 5; i++) {
		call.send.type = 7;
		call_start(&call);
		ASSERT_TRUE(wait_for_waiters(self->rendezvous, 2, 0));
		ASSERT_EQ(0, lease(self, self->rendezvous, 7, 0));
		EXPECT_EQ(-EINTR, interrupted(&call));
		EXPECT_EQ(-ESRCH, msg_ack(self->rendezvous, self->recv.msg_id));
	}
	EXPECT_MESSAGES(self->rendezvous, 1, 0, 0);
	ASSERT_EQ(0, lease(self, self->rendezvous, 0, 0));
	EXPECT_LEASE("first", 1);
	EXPECT_EQ(0, msg_ack(self->rendezvous, self->recv.msg_id));
	EXPECT_EQ(0, call_join(&first));
}

/* Large enough to stay in the sender's pages until the end. */
TEST_F(lease, a_pinned_message_returns_and_is_delivered_whole)
{
	struct call call = call_init(CALL_SEND, self->rendezvous);
	const size_t len = 200 << 10;
	char *data = memory_pages(len / PAGE), *copy = memory_pages(len / PAGE);
	struct ipcbox_recv recv = {};
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = i * 7 + i / 4096;
	call.data = data;
	call.len = len;
	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	for (i = 1; i <= 3; i++) {
		memset(copy, 0, len);
		ASSERT_EQ(0, msg_recv(self->rendezvous, copy, len, IPCBOX_LEASE,
				      &recv));
		EXPECT_EQ(0, memcmp(data, copy, len));
		EXPECT_EQ(i, recv.deliveries);
		EXPECT_EQ(0, i < 3 ? msg_nack(self->rendezvous, recv.msg_id) :
				     msg_ack(self->rendezvous, recv.msg_id));
	}
	EXPECT_EQ(0, call_join(&call));
}

/* A larger capacity lets the sender go; its message is held all the same. */
TEST_F(lease, a_sender_whose_message_is_held_is_admitted)
{
	struct call call = call_text(self->rendezvous, "one", 0);
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MESSAGES,
		.max_messages = 1,
	};

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	ASSERT_EQ(0, lease(self, self->rendezvous, 0, 0));
	ASSERT_EQ(0, sys_ioctl(self->rendezvous, IPCBOX_SET, &set));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(-EAGAIN, msg_send(self->rendezvous, "two", 3, 0, 0,
				    IPCBOX_NOWAIT));
	EXPECT_EQ(0, msg_nack(self->rendezvous, self->recv.msg_id));
	ASSERT_EQ(0, lease(self, self->rendezvous, 0, 0));
	EXPECT_LEASE("one", 2);
	EXPECT_EQ(0, msg_ack(self->rendezvous, self->recv.msg_id));
	EXPECT_MESSAGES(self->rendezvous, 0, 0, 1);
}

/* The end of the port */

TEST_F(lease, the_port_is_deleted_while_messages_are_held)
{
	struct call call = call_text(self->rendezvous, "one", 0);
	int port = port_temporary(self->box, IPCBOX_UNLIMITED);

	ASSERT_EQ(0, send_text(port, "one", 0, 0));
	ASSERT_EQ(0, send_text(port, "two", 0, 0));
	ASSERT_EQ(0, lease(self, port, 0, 0));
	ASSERT_EQ(0, lease(self, port, 0, 10 * MSEC));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(port)));
	EXPECT_EQ(-EIDRM, msg_ack(port, 1));
	EXPECT_EQ(-EIDRM, msg_nack(port, 2));
	sleep_ns(50 * MSEC);
	close(port);
	EXPECT_NOTHING_CHARGED(self);

	call_start(&call);
	ASSERT_TRUE(wait_for_waiters(self->rendezvous, 1, 0));
	ASSERT_EQ(0, lease(self, self->rendezvous, 0, 0));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(self->rendezvous)));
	EXPECT_EQ(-EIDRM, call_join(&call));
	EXPECT_EQ(-EIDRM, msg_ack(self->rendezvous, self->recv.msg_id));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_HARNESS_MAIN
