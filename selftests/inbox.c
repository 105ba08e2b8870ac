// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct communication: to a process by its id, without a port to name or a
 * link to set up; and that the link goes with the process
 */

#include "call.h"
#include "expect.h"
#include "namespace.h"
#include "peer.h"
#include "user.h"

#include <kselftest_harness.h>

FIXTURE(inbox)
{
	int box;
	struct peer peer;
	struct ipcbox_info before;
	struct ipcbox_recv recv;
	char text[64];
};

FIXTURE_SETUP(inbox)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	/* Charged is the real user: one of whom nothing is left from elsewhere. */
	ASSERT_EQ(0, setresuid(1000000 + getpid(), 0, 0));
	self->peer = peer_start(self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
}

FIXTURE_TEARDOWN(inbox)
{
	peer_end(&self->peer, SIGKILL);
	close(self->box);
}

#define inbox_test FIXTURE_DATA(inbox)

static uint64_t box_ports(int box)
{
	struct ipcbox_info info;

	return box_info(box, &info) ? ~0ULL : info.box_ports;
}

/* What follows from an exit is done a while later; false after ten seconds. */
static bool wait_for_ports(int box, uint64_t ports)
{
	uint64_t end = in_ns(10 * SEC);

	while (box_ports(box) != ports) {
		if (now_ns() > end)
			return false;
		sleep_ns(MSEC);
	}
	return true;
}

/* The only port in the box. */
static int only_port(int box, uint32_t rights)
{
	struct ipcbox_stat entry;
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};

	if (box_ports(box) != 1 || sys_ioctl(box, IPCBOX_PORT_LIST, &list))
		return -ENOENT;
	return port_open_id(box, entry.id, rights);
}

static int send_text(int box, pid_t to, const char *text, uint64_t flags)
{
	return msg_send_to(box, to, text, strlen(text), flags);
}

static int recv_text(inbox_test *self, int inbox, uint64_t flags)
{
	self->recv = (struct ipcbox_recv){};
	memset(self->text, 0, sizeof(self->text));
	return msg_recv(inbox, self->text, sizeof(self->text) - 1, flags,
			&self->recv);
}

static struct peer_order to_me(const char *text)
{
	struct peer_order order = { .call = PEER_SEND_TO, .pid = getpid() };

	strcpy(order.text, text);
	return order;
}

static int set_capacity(int port, uint64_t max_messages)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MESSAGES,
		.max_messages = max_messages,
	};

	return sys_ioctl(port, IPCBOX_SET, &set);
}

static int set_mode(int port, uint32_t mode, uint32_t gid)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MODE | IPCBOX_SET_GID,
		.mode = mode,
		.gid = gid,
	};

	return sys_ioctl(port, IPCBOX_SET, &set);
}

/* The link */

TEST_F(inbox, made_when_its_owner_asks)
{
	struct ipcbox_stat stat;
	int one = inbox_open(self->box), two = inbox_open(self->box);

	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	EXPECT_NE(one, two);
	EXPECT_EQ(port_id(one), port_id(two));
	EXPECT_EQ(1, box_ports(self->box));
	ASSERT_EQ(0, port_stat(two, &stat));
	EXPECT_STREQ("", stat.name);
	EXPECT_EQ(IPCBOX_KIND_INBOX, stat.kind);
	EXPECT_EQ(IPCBOX_OWNER_PROCESS, stat.owner);
	EXPECT_EQ(IPCBOX_SHARE_ANY, stat.sharing);
	EXPECT_EQ(0600, stat.mode);
	EXPECT_EQ(geteuid(), stat.uid);
	EXPECT_EQ(getegid(), stat.gid);
	EXPECT_EQ(geteuid(), stat.creator_uid);
	EXPECT_EQ(getpid(), stat.creator_pid);
	EXPECT_EQ(IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE, stat.rights);
	EXPECT_EQ(IPCBOX_UNLIMITED, stat.max_messages);
	EXPECT_EQ(0, stat.max_bytes);
	EXPECT_EQ(self->before.max_msgsize, stat.max_msgsize);
	EXPECT_EQ(FD_CLOEXEC, fcntl(one, F_GETFD));
	EXPECT_EQ(-EBADF, sys_write(one, "x", 1));
}

TEST_F(inbox, the_id_is_told_and_the_handle_may_not_block)
{
	struct ipcbox_inbox arg = { .flags = IPCBOX_NOWAIT, .id = 77 };
	int inbox = sys_ioctl(self->box, IPCBOX_INBOX, &arg);

	ASSERT_LE(0, inbox);
	EXPECT_EQ(port_id(inbox), arg.id);
	EXPECT_EQ(-EAGAIN, sys_read(inbox, self->text, 8));
	arg.flags = IPCBOX_PEEK;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_INBOX, &arg));
	EXPECT_EQ(1, box_ports(self->box));
}

TEST_F(inbox, made_when_somebody_sends)
{
	int inbox;

	ASSERT_EQ(0, peer_do(&self->peer, to_me("first")).ret);
	EXPECT_EQ(1, box_ports(self->box));
	inbox = inbox_open(self->box);
	ASSERT_LE(0, inbox);
	EXPECT_EQ(1, box_ports(self->box));
	EXPECT_STAT(inbox, creator_pid, getpid());
	EXPECT_STAT(inbox, senders, 0);
	ASSERT_EQ(0, recv_text(self, inbox, 0));
	EXPECT_STREQ("first", self->text);
	EXPECT_EQ(self->peer.pid, self->recv.sender_pid);
	EXPECT_EQ(self->peer.pid, self->recv.sender_tid);
	EXPECT_EQ(geteuid(), self->recv.sender_uid);
}

/* However much they say, and whoever begins. */
TEST_F(inbox, one_link_for_two_processes_in_both_directions)
{
	struct peer_order inbox = { .call = PEER_INBOX };
	struct peer_order take = { .call = PEER_RECV, .len = 32 };
	int mine = inbox_open(self->box), i;
	char text[16];

	take.fd = peer_do(&self->peer, inbox).ret;
	ASSERT_LE(0, take.fd);
	for (i = 0; i < 20; i++) {
		struct peer_order heard;

		snprintf(text, sizeof(text), "%d", i);
		ASSERT_EQ(0, send_text(self->box, self->peer.pid, text, 0));
		ASSERT_EQ(0, peer_do(&self->peer, to_me(text)).ret);
		take.pid = getpid();
		heard = peer_do(&self->peer, take);
		ASSERT_EQ(0, heard.ret);
		EXPECT_STREQ(text, heard.text);
		EXPECT_EQ(getpid(), heard.pid);
		ASSERT_EQ(0, recv_text(self, mine, 0));
		EXPECT_STREQ(text, self->text);
		EXPECT_EQ(self->peer.pid, self->recv.sender_pid);
	}
	EXPECT_EQ(2, box_ports(self->box));
	EXPECT_STAT(mine, received, 20);
	EXPECT_STAT(mine, sent, 20);
}

TEST_F(inbox, to_oneself)
{
	int inbox;

	ASSERT_EQ(0, send_text(self->box, getpid(), "note", 0));
	inbox = inbox_open(self->box);
	ASSERT_EQ(0, recv_text(self, inbox, IPCBOX_NOWAIT));
	EXPECT_STREQ("note", self->text);
	EXPECT_EQ(getpid(), self->recv.sender_pid);
}

TEST_F(inbox, all_that_a_message_has)
{
	struct iovec iov[] = { { "one ", 4 }, { "two", 3 } };
	struct ipcbox_send send = {
		.flags = IPCBOX_IOVEC,
		.data = (uintptr_t)iov,
		.len = 2,
		.type = 42,
		.priority = 31,
		.to = getpid(),
	};
	int inbox = inbox_open(self->box);

	ASSERT_EQ(0, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	EXPECT_NE(0, send.id);
	ASSERT_EQ(0, recv_text(self, inbox, IPCBOX_NOWAIT));
	EXPECT_STREQ("one two", self->text);
	EXPECT_EQ(42, self->recv.msg_type);
	EXPECT_EQ(31, self->recv.msg_priority);
	EXPECT_EQ(send.id, self->recv.msg_id);
}

/* As any port, it can be opened to send by whoever may, and by nobody to read. */
TEST_F(inbox, opened_by_its_id)
{
	struct peer_order inbox = { .call = PEER_INBOX };
	int fd = peer_do(&self->peer, inbox).ret, port;
	struct peer_order take = { .call = PEER_RECV, .fd = fd, .len = 8 };
	struct ipcbox_stat stat;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, only_port(self->box, IPCBOX_RIGHT_RECV));
	port = only_port(self->box, IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(self->peer.pid, stat.creator_pid);
	ASSERT_EQ(4, sys_write(port, "more", 4));
	EXPECT_STREQ("more", peer_do(&self->peer, take).text);
}

TEST_F(inbox, poll_tells_of_messages)
{
	struct pollfd pollfd = { .events = POLLIN };

	pollfd.fd = inbox_open(self->box);
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	ASSERT_EQ(0, peer_do(&self->peer, to_me("x")).ret);
	EXPECT_EQ(1, poll(&pollfd, 1, 10000));
	EXPECT_EQ(POLLIN, pollfd.revents);
}

TEST_F(inbox, proc_shows_it)
{
	char line[512] = {};
	FILE *file;

	ASSERT_LE(0, inbox_open(self->box));
	file = fopen("/proc/thread-self/net/ipcbox", "r");
	ASSERT_TRUE(!!file);
	ASSERT_TRUE(!!fgets(line, sizeof(line), file));
	ASSERT_TRUE(!!fgets(line, sizeof(line), file));
	EXPECT_TRUE(!!strstr(line, " inbox process any 0600 "));
	fclose(file);
}

TEST_F(inbox, another_box_another_inbox)
{
	int other, here = inbox_open(self->box), there;

	other = box_private();
	ASSERT_LE(0, other);
	there = inbox_open(other);
	ASSERT_EQ(0, send_text(other, getpid(), "there", 0));
	EXPECT_EQ(-EAGAIN, recv_text(self, here, IPCBOX_NOWAIT));
	EXPECT_EQ(0, recv_text(self, there, IPCBOX_NOWAIT));
}

/* Many at once make one. */

#define MANY	8

TEST_F(inbox, a_race_makes_one)
{
	struct peer peers[MANY];
	struct peer_order all[MANY];
	int i, round, inbox;

	for (i = 0; i < MANY; i++)
		peers[i] = peer_start(self->box);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < MANY; i++)
			peer_tell(&peers[i], to_me("x"));
		inbox = inbox_open(self->box);
		ASSERT_LE(0, inbox);
		for (i = 0; i < MANY; i++) {
			all[i] = peer_hear(&peers[i]);
			ASSERT_EQ(0, all[i].ret);
		}
		EXPECT_EQ(1, box_ports(self->box));
		EXPECT_STAT(inbox, messages, MANY);
		ASSERT_EQ(0, port_delete_id(self->box, port_id(inbox)));
		close(inbox);
	}
	for (i = 0; i < MANY; i++)
		peer_end(&peers[i], SIGKILL);
}

/* Processes and threads */

static void *thread_receives(void *arg)
{
	inbox_test *self = arg;
	int inbox = inbox_open(self->box);
	uint64_t id = port_id(inbox);

	if (recv_text(self, inbox, 0))
		id = 0;
	close(inbox);
	return (void *)(uintptr_t)id;
}

TEST_F(inbox, threads_share_it)
{
	int inbox = inbox_open(self->box);
	pthread_t thread;
	void *id;

	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_receives, self));
	ASSERT_TRUE(wait_for_waiters(inbox, 0, 1));
	ASSERT_EQ(0, peer_do(&self->peer, to_me("thread")).ret);
	ASSERT_EQ(0, pthread_join(thread, &id));
	EXPECT_EQ(port_id(inbox), (uintptr_t)id);
	EXPECT_STREQ("thread", self->text);
}

/* A child that says how it went by its exit status. */
#define IN_CHILD(expression) ({						\
	pid_t pid_ = fork();						\
									\
	if (!pid_)							\
		_exit(!(expression));					\
	child_wait(pid_);						\
})

static bool child_has_its_own(inbox_test *self, int inherited)
{
	int own = inbox_open(self->box);

	return own >= 0 && port_id(own) != port_id(inherited) &&
	       recv_text(self, own, IPCBOX_NOWAIT) == -EAGAIN &&
	       recv_text(self, inherited, IPCBOX_NOWAIT) == -EBADF &&
	       !send_text(self->box, getppid(), "child", 0);
}

TEST_F(inbox, a_child_has_its_own)
{
	int inbox = inbox_open(self->box);

	ASSERT_EQ(0, send_text(self->box, getpid(), "parent", 0));
	ASSERT_EQ(0, IN_CHILD(child_has_its_own(self, inbox)));
	ASSERT_EQ(0, recv_text(self, inbox, IPCBOX_NOWAIT));
	EXPECT_STREQ("parent", self->text);
	ASSERT_EQ(0, recv_text(self, inbox, IPCBOX_NOWAIT));
	EXPECT_STREQ("child", self->text);
	EXPECT_TRUE(wait_for_ports(self->box, 1));
}

/* This program again, told by its environment to receive what was before. */
__attribute__((constructor)) static void executed(void)
{
	char text[16] = {};

	if (getenv("IPCBOX_EXECUTED"))
		_exit(sys_read(inbox_open(box_open()), text, 16) != 6 ||
		      strcmp(text, "before"));
}

TEST_F(inbox, exec_keeps_it)
{
	char * const argv[] = { "inbox", NULL };
	char * const environment[] = { "IPCBOX_EXECUTED=1", NULL };
	pid_t pid = fork();

	if (!pid) {
		inbox_open(self->box);
		if (!send_text(self->box, getpid(), "before", 0))
			execve("/proc/self/exe", argv, environment);
		_exit(99);
	}
	EXPECT_EQ(0, child_wait(pid));
}

/* Exits */

TEST_F(inbox, goes_with_the_process)
{
	struct peer_order inbox = { .call = PEER_INBOX };
	pid_t pid = self->peer.pid;
	struct ipcbox_info info;
	int port;

	ASSERT_LE(0, peer_do(&self->peer, inbox).ret);
	ASSERT_EQ(0, send_text(self->box, pid, "unread", 0));
	port = only_port(self->box, IPCBOX_RIGHT_SEND);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + 6 + info.msg_overhead,
		  info.user_bytes);
	peer_end(&self->peer, SIGKILL);
	EXPECT_EQ(-EIDRM, sys_write(port, "x", 1));
	EXPECT_EQ(-ESRCH, send_text(self->box, pid, "late", 0));
	EXPECT_TRUE(wait_for_ports(self->box, 0));
	EXPECT_NOTHING_CHARGED(self);
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_ports, info.user_ports);
}

/* The handle of another process does not keep it. */
TEST_F(inbox, goes_though_a_child_has_the_handle)
{
	struct peer_order inbox = { .call = PEER_INBOX };
	struct peer_order fork_one = { .call = PEER_FORK };
	pid_t child;

	ASSERT_LE(0, peer_do(&self->peer, inbox).ret);
	child = peer_do(&self->peer, fork_one).ret;
	ASSERT_LE(0, child);
	peer_end(&self->peer, SIGKILL);
	EXPECT_TRUE(wait_for_ports(self->box, 0));
	kill(child, SIGKILL);
}

struct sender {
	int box;
	struct ipcbox_send send;
	int ret;
};

static void *sender_run(void *arg)
{
	struct sender *sender = arg;

	sender->ret = sys_ioctl(sender->box, IPCBOX_SEND_TO, &sender->send);
	return NULL;
}

/* Those who wait to send get an answer, whatever they wait for. */
TEST_F(inbox, senders_that_wait_get_an_answer)
{
	struct peer_order inbox = { .call = PEER_INBOX };
	static char large[100000];
	struct sender senders[] = {
		{ self->box, { .data = (uintptr_t)"x", .len = 1 } },
		{ self->box, { .data = (uintptr_t)large, .len = 100000 } },
		{ self->box, { .flags = IPCBOX_RECEIPT } },
		{ self->box, { .deadline = in_ns(600 * SEC) } },
	};
	pthread_t threads[ARRAY_SIZE(senders)];
	int i, port;

	ASSERT_LE(0, peer_do(&self->peer, inbox).ret);
	port = only_port(self->box, IPCBOX_RIGHT_MANAGE);
	ASSERT_EQ(0, set_capacity(port, 0));
	for (i = 0; i < ARRAY_SIZE(senders); i++) {
		senders[i].send.to = self->peer.pid;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, sender_run,
					    &senders[i]));
	}
	ASSERT_TRUE(wait_for_waiters(port, ARRAY_SIZE(senders), 0));
	peer_end(&self->peer, SIGKILL);
	for (i = 0; i < ARRAY_SIZE(senders); i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(-ESRCH, senders[i].ret);
	}
	EXPECT_NOTHING_CHARGED(self);
}

/* One that was deleted is no exit: there is a new one for the next message. */
TEST_F(inbox, deleted_by_its_owner)
{
	int inbox = inbox_open(self->box), again;
	struct sender sender = { self->box, { .to = getpid() } };
	pthread_t thread;

	ASSERT_EQ(0, set_capacity(inbox, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, sender_run, &sender));
	ASSERT_TRUE(wait_for_waiters(inbox, 1, 0));
	ASSERT_EQ(0, port_delete_id(self->box, port_id(inbox)));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EIDRM, sender.ret);
	EXPECT_EQ(-EIDRM, recv_text(self, inbox, IPCBOX_NOWAIT));
	ASSERT_EQ(0, send_text(self->box, getpid(), "new", 0));
	again = inbox_open(self->box);
	ASSERT_EQ(0, recv_text(self, again, IPCBOX_NOWAIT));
	EXPECT_STREQ("new", self->text);
}

static void *sleep_long(void *arg)
{
	pid_t tid = syscall(SYS_gettid);

	if (write(*(int *)arg, &tid, sizeof(tid)) != sizeof(tid))
		abort();
	for (;;)
		pause();
	return NULL;
}

TEST_F(inbox, ids_of_no_process)
{
	siginfo_t info;
	pthread_t thread;
	pid_t tid, pid = fork();
	int fds[2];

	if (!pid)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(-ESRCH, send_text(self->box, pid, "zombie", 0));
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(-ESRCH, send_text(self->box, pid, "reaped", 0));
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, pthread_create(&thread, NULL, sleep_long, &fds[1]));
	ASSERT_EQ(sizeof(tid), read(fds[0], &tid, sizeof(tid)));
	EXPECT_EQ(-ESRCH, send_text(self->box, tid, "thread", 0));
	EXPECT_EQ(-ESRCH, send_text(self->box, 2, "kthreadd", 0));
	EXPECT_EQ(-ESRCH, send_text(self->box, INT32_MAX, "far", 0));
	EXPECT_EQ(-EINVAL, send_text(self->box, 0, "none", 0));
	EXPECT_EQ(-EINVAL, send_text(self->box, -1, "all", 0));
	EXPECT_EQ(-EINVAL, send_text(self->box, INT32_MIN, "all", 0));
	EXPECT_EQ(0, box_ports(self->box));
	EXPECT_NOTHING_CHARGED(self);
}

/* Sending: as IPCBOX_SEND */

TEST_F(inbox, what_is_wrong_with_a_send)
{
	struct ipcbox_send good = {
		.data = (uintptr_t)"x", .len = 1, .to = getpid(),
	}, send;

	send = good;
	send.type = IPCBOX_TYPE_EVENT;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	send = good;
	send.priority = IPCBOX_PRIORITIES;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	send = good;
	send.flags = IPCBOX_PEEK;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	send.flags = IPCBOX_RECEIPT | IPCBOX_NOWAIT;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	send = good;
	send.data = 8;
	EXPECT_EQ(-EFAULT, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	send = good;
	send.len = self->before.max_msgsize + 1;
	EXPECT_EQ(-EMSGSIZE, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	EXPECT_EQ(-EAGAIN, recv_text(self, inbox_open(self->box),
				     IPCBOX_NOWAIT));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(inbox, a_full_inbox)
{
	struct ipcbox_send send = { .to = getpid() };
	int inbox = inbox_open(self->box);

	ASSERT_EQ(0, set_capacity(inbox, 1));
	ASSERT_EQ(0, send_text(self->box, getpid(), "one", IPCBOX_NOWAIT));
	EXPECT_EQ(-EAGAIN, send_text(self->box, getpid(), "two",
				     IPCBOX_NOWAIT));
	ASSERT_EQ(0, fcntl(self->box, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, send_text(self->box, getpid(), "two", 0));
	ASSERT_EQ(0, fcntl(self->box, F_SETFL, 0));
	send.deadline = in_ns(10 * MSEC);
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	EXPECT_STAT(inbox, messages, 1);
}

/* A rendezvous of two processes that name each other. */
TEST_F(inbox, a_receipt)
{
	struct peer_order inbox = { .call = PEER_INBOX };
	struct peer_order take = {
		.call = PEER_RECV, .len = 8, .pid = getpid(),
	};
	struct ipcbox_send send = {
		.flags = IPCBOX_RECEIPT,
		.to = self->peer.pid,
	};

	take.fd = peer_do(&self->peer, inbox).ret;
	peer_tell(&self->peer, take);
	EXPECT_EQ(0, sys_ioctl(self->box, IPCBOX_SEND_TO, &send));
	EXPECT_EQ(self->peer.pid, send.receiver_pid);
	EXPECT_EQ(geteuid(), send.receiver_uid);
	EXPECT_EQ(0, peer_hear(&self->peer).ret);
}

/* Users */

/* What somebody else gets: -errno, or 0 for what is not negative. */
#define TRY(becomes, expression) ({					\
	pid_t pid_ = fork();						\
									\
	if (!pid_) {							\
		long ret_ = -200;					\
									\
		if (becomes)						\
			ret_ = (expression);				\
		_exit(ret_ < 0 ? -ret_ : 0);				\
	}								\
	-child_wait(pid_);						\
})

TEST_F(inbox, strangers_do_not_send)
{
	pid_t me = getpid();
	int box = self->box;

	EXPECT_EQ(-EACCES, TRY(user_become(ALICE, ALICE),
			       send_text(box, me, "x", 0)));
	/* Nor do they make anything. */
	EXPECT_EQ(0, box_ports(box));
	ASSERT_LE(0, inbox_open(box));
	EXPECT_EQ(-EACCES, TRY(user_become(ALICE, ALICE),
			       send_text(box, me, "x", 0)));
	EXPECT_EQ(-EACCES, TRY(user_become(ALICE, 0),
			       send_text(box, me, "x", 0)));
	EXPECT_EQ(0, TRY(user_become_with_cap(ALICE, ALICE, CAP_IPC_OWNER),
			 send_text(box, me, "x", 0)));
	EXPECT_EQ(-EACCES, TRY(user_become_with_cap(ALICE, ALICE, CAP_KILL),
			       send_text(box, me, "x", 0)));
}

TEST_F(inbox, the_mode_says_who_may)
{
	int inbox = inbox_open(self->box), box = self->box;
	pid_t me = getpid();

	ASSERT_EQ(0, set_mode(inbox, 0620, BOB));
	EXPECT_EQ(-EACCES, TRY(user_become(ALICE, ALICE),
			       send_text(box, me, "x", 0)));
	EXPECT_EQ(0, TRY(user_become(ALICE, BOB), send_text(box, me, "x", 0)));
	ASSERT_EQ(0, set_mode(inbox, 0602, BOB));
	EXPECT_EQ(0, TRY(user_become(ALICE, ALICE),
			 send_text(box, me, "x", 0)));
	EXPECT_EQ(-EACCES, TRY(user_become(ALICE, BOB),
			       send_text(box, me, "x", 0)));
	ASSERT_EQ(0, set_mode(inbox, 0000, BOB));
	EXPECT_EQ(-EACCES, TRY(user_become(ALICE, ALICE),
			       send_text(box, me, "x", 0)));
	EXPECT_EQ(0, send_text(box, me, "capable", 0));
	/* Whatever the mode, it is its owner's. */
	EXPECT_EQ(0, TRY(user_become(CAROL, CAROL),
			 inbox_open(box) < 0 || inbox_open(box) < 0));
}

/* A process of somebody else that waits to be killed. */
static pid_t start_as(uid_t uid)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC))
		abort();
	pid = fork();
	if (!pid) {
		if (!user_become(uid, uid) || write(ready[1], "r", 1) != 1)
			_exit(99);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		abort();
	close(ready[0]);
	return pid;
}

static bool charged_ports(int box, uint64_t ports)
{
	struct ipcbox_info info;

	return !box_info(box, &info) && info.user_ports == ports;
}

/* It belongs to the user of its process, but whoever makes it is charged. */
TEST_F(inbox, made_by_another_user)
{
	pid_t alice = start_as(ALICE);
	int port;

	ASSERT_EQ(0, send_text(self->box, alice, "root's", 0));
	EXPECT_TRUE(charged_ports(self->box, self->before.user_ports + 1));
	EXPECT_EQ(0, TRY(user_become(ALICE, ALICE),
			 !charged_ports(self->box, 0)));
	port = only_port(self->box, 0);
	EXPECT_STAT(port, uid, ALICE);
	EXPECT_STAT(port, gid, ALICE);
	EXPECT_STAT(port, creator_uid, ALICE);
	EXPECT_STAT(port, creator_pid, alice);
	EXPECT_EQ(0, TRY(user_become(ALICE, ALICE),
			 send_text(self->box, alice, "hers", 0)));
	EXPECT_EQ(-EACCES, TRY(user_become(BOB, BOB),
			       send_text(self->box, alice, "his", 0)));
	EXPECT_STAT(port, messages, 2);
	kill(alice, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(alice));
	EXPECT_TRUE(wait_for_ports(self->box, 0));
	EXPECT_TRUE(charged_ports(self->box, self->before.user_ports));
}

/* Namespaces */

/* A child that is the first in a pid namespace of its own. */
static pid_t fork_first(void)
{
	if (unshare(CLONE_NEWPID))
		return -1;
	return fork();
}

static bool first_talks(inbox_test *self, pid_t outside)
{
	int inbox = inbox_open(self->box);

	if (getpid() != 1 || inbox < 0 || send_text(self->box, 1, "me", 0) ||
	    send_text(self->box, outside, "who?", 0) != -ESRCH)
		return false;
	if (recv_text(self, inbox, 0) || strcmp(self->text, "me") ||
	    self->recv.sender_pid != 1)
		return false;
	/* From outside; nobody that could be named here. */
	return !recv_text(self, inbox, 0) && !strcmp(self->text, "outer") &&
	       !self->recv.sender_pid;
}

TEST_F(inbox, ids_are_those_that_the_sender_sees)
{
	pid_t outside = getpid(), pid = fork_first();
	int port;

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(!first_talks(self, outside));
	ASSERT_TRUE(wait_for_ports(self->box, 1));
	port = only_port(self->box, 0);
	EXPECT_STAT(port, creator_pid, pid);
	ASSERT_TRUE(wait_for_waiters(port, 0, 1));
	ASSERT_EQ(0, send_text(self->box, pid, "outer", 0));
	EXPECT_EQ(0, child_wait(pid));
}

/* A box whose namespace is gone. */
TEST_F(inbox, the_box_is_gone)
{
	uint64_t end = in_ns(20 * SEC);
	int box = box_private(), ret;

	ASSERT_LE(0, box);
	ASSERT_LE(0, inbox_open(box));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	do {
		sleep_ns(MSEC);
		ret = send_text(box, getpid(), "x", 0);
	} while (!ret && now_ns() < end);
	EXPECT_EQ(-EIDRM, ret);
	EXPECT_EQ(-EIDRM, inbox_open(box));
}

/* Killed in whatever state it is: each sender gets an answer, nothing stays. */

static void send_until_it_is_gone(int box, pid_t to)
{
	int ret, n = 0;

	do {
		ret = send_text(box, to, "x", n++ % 2 ? IPCBOX_RECEIPT : 0);
	} while (!ret);
	_exit(ret != -ESRCH);
}

static void receive_for_ever(int box)
{
	int inbox = inbox_open(box);
	char text[8];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (sys_read(inbox, text, sizeof(text)) >= 0)
		;
	_exit(99);
}

TEST_F(inbox, killed_at_any_moment)
{
	pid_t receiver, senders[3];
	int i, round;

	for (round = 0; round < 40; round++) {
		receiver = fork();
		if (!receiver)
			receive_for_ever(self->box);
		for (i = 0; i < ARRAY_SIZE(senders); i++) {
			senders[i] = fork();
			if (!senders[i])
				send_until_it_is_gone(self->box, receiver);
		}
		sleep_ns(round % 8 * MSEC);
		kill(receiver, SIGKILL);
		ASSERT_EQ(128 + SIGKILL, child_wait(receiver));
		for (i = 0; i < ARRAY_SIZE(senders); i++)
			ASSERT_EQ(0, child_wait(senders[i]));
	}
	EXPECT_TRUE(wait_for_ports(self->box, 0));
	EXPECT_NOTHING_CHARGED(self);
}

TEST_HARNESS_MAIN
