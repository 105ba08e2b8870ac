// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quotas: what one user may have, who is charged for what and until when, and
 * that nobody else feels it
 *
 * Each test has users of its own, numbered from 4400 on, of whom nothing is
 * left from elsewhere. The limits are lowered for the time of a test.
 */

#include "call.h"
#include "memory.h"
#include "namespace.h"
#include "user.h"

#include <kselftest_harness.h>

#define MAX_PORTS	4
#define MAX_BYTES	100000ULL

static const char * const parameters[] = {
	"max_ports_per_user", "max_bytes_per_user", "max_msgsize",
};

static void parameter_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/sys/module/ipcbox/parameters/%s", name);
}

static unsigned long long parameter_get(const char *name)
{
	unsigned long long value = 0;
	char path[96];
	FILE *file;

	parameter_path(path, sizeof(path), name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%llu", &value) != 1)
		abort();
	fclose(file);
	return value;
}

static bool parameter_set(const char *name, unsigned long long value)
{
	char path[96], text[32];

	parameter_path(path, sizeof(path), name);
	snprintf(text, sizeof(text), "%llu", value);
	return file_write(path, text);
}

static unsigned long long parameters_before[ARRAY_SIZE(parameters)];

static void parameters_restore(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		parameter_set(parameters[i], parameters_before[i]);
}

/* In the program itself, which outlives a test that is killed. */
static void __attribute__((constructor)) parameters_remember(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		parameters_before[i] = parameter_get(parameters[i]);
	atexit(parameters_restore);
}

FIXTURE(quota)
{
	int box;
	int port;	/* without limits, root's, anybody may send */
	uint64_t overhead;
};

FIXTURE_SETUP(quota)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	struct ipcbox_info info;

	parameters_restore();
	self->box = box_private();
	ASSERT_LE(0, self->box);
	attr.mode = 0666;
	attr.owner = IPCBOX_OWNER_HANDLE;
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(0, box_info(self->box, &info));
	self->overhead = info.msg_overhead;
	ASSERT_TRUE(parameter_set("max_ports_per_user", MAX_PORTS));
	ASSERT_TRUE(parameter_set("max_bytes_per_user", MAX_BYTES));
}

FIXTURE_TEARDOWN(quota)
{
	parameters_restore();
	close(self->port);
	close(self->box);
}

/* What runs as a user, in a child: its result must fit an exit status. */
#define AS_USER(uid, expression) ({ \
	pid_t pid_ = fork(); \
	if (!pid_) { \
		int ret_ = 255; \
		if (user_become(uid, uid)) \
			ret_ = (expression); \
		_exit(ret_); \
	} \
	child_wait(pid_); \
})

static int create_nameless(int box)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	return port_create(box, &attr);
}

/* How many ports can be created before EDQUOT. */
static int create_all(int box)
{
	int n = 0, ret;

	while ((ret = create_nameless(box)) >= 0)
		n++;
	return ret == -EDQUOT ? n : 254;
}

/* How many messages of a length can be sent before EDQUOT. */
static int send_all(int port, size_t len)
{
	char *data = calloc(1, len);
	int n = 0, ret;

	while (!(ret = msg_send(port, data, len, 0, 0, IPCBOX_NOWAIT)))
		n++;
	free(data);
	return ret == -EDQUOT ? n : 254;
}

static uint64_t user_bytes(int box)
{
	struct ipcbox_info info;

	return box_info(box, &info) ? ~0ULL : info.user_bytes;
}

/* Ports */

TEST_F(quota, a_user_has_so_many_ports_and_another_goes_on)
{
	EXPECT_EQ(MAX_PORTS, AS_USER(4400, create_all(self->box)));
	EXPECT_EQ(0, AS_USER(4400, create_all(self->box)));
	EXPECT_EQ(1, AS_USER(4401, create_nameless(self->box) >= 0));
	EXPECT_EQ(MAX_PORTS - 1, AS_USER(4401, create_all(self->box)));
}

TEST_F(quota, info_tells_the_limits_of_now)
{
	struct ipcbox_info info;

	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(MAX_PORTS, info.max_ports);
	EXPECT_EQ(MAX_BYTES, info.max_bytes);
}

/* Even if somebody holds a handle on it. */
TEST_F(quota, a_deleted_port_makes_room)
{
	EXPECT_EQ(0, AS_USER(4402, ({
		struct ipcbox_port_create attr = port_attr("beta");
		int ret = port_create(self->box, &attr);

		if (create_all(self->box) == MAX_PORTS - 1)
			ret = port_delete(self->box, "beta");
		ret || create_nameless(self->box) < 0 ||
		create_nameless(self->box) != -EDQUOT;
	})));
}

TEST_F(quota, the_last_handle_makes_room)
{
	EXPECT_EQ(0, AS_USER(4403, ({
		int i, bad = 0;

		for (i = 0; i < 20; i++)
			bad += close(port_temporary(self->box, 1)) != 0;
		bad;
	})));
}

TEST_F(quota, the_death_of_the_owner_makes_room)
{
	int i;

	for (i = 0; i < 10; i++)
		ASSERT_EQ(MAX_PORTS, AS_USER(4404, ({
			struct ipcbox_port_create attr;
			int n = 0, ret;

			do {
				attr = port_attr(n ? NULL : "beta");
				attr.owner = IPCBOX_OWNER_PROCESS;
				ret = port_create(self->box, &attr);
			} while (ret >= 0 && ++n);
			n;
		}))) TH_LOG("round %d", i);
}

/* An existing port is opened, not created. */
TEST_F(quota, without_room_what_exists_can_be_opened)
{
	EXPECT_EQ(0, AS_USER(4405, ({
		struct ipcbox_port_create attr = port_attr("alpha");
		int n = create_all(self->box), ret;

		attr.flags = 0;
		attr.rights = IPCBOX_RIGHT_SEND;
		ret = port_create(self->box, &attr);
		n != MAX_PORTS || ret < 0;
	})));
	EXPECT_EQ(EEXIST, AS_USER(4405, ({
		struct ipcbox_port_create attr = port_attr("alpha");

		-port_create(self->box, &attr);
	})));
}

/* The creator is charged, also for what belongs to somebody else. */
TEST_F(quota, the_creator_is_charged)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_UID, .uid = 4407 };

	EXPECT_EQ(MAX_PORTS, AS_USER(4406, ({
		int n = 0, port;

		while ((port = create_nameless(self->box)) >= 0)
			n += !sys_ioctl(port, IPCBOX_SET, &set);
		n;
	})));
	EXPECT_EQ(MAX_PORTS, AS_USER(4407, create_all(self->box)));
}

/* Bytes */

TEST_F(quota, a_user_has_so_many_bytes_and_another_goes_on)
{
	const int n = MAX_BYTES / (1000 + self->overhead);

	EXPECT_EQ(n, AS_USER(4410, send_all(self->port, 1000)));
	EXPECT_EQ(0, AS_USER(4410, send_all(self->port, 1000)));
	EXPECT_EQ(n, AS_USER(4411, send_all(self->port, 1000)));
	EXPECT_EQ(5, sys_write(self->port, "hello", 5));
}

TEST_F(quota, the_last_byte)
{
	const size_t len = MAX_BYTES - self->overhead;
	char *data = calloc(1, len + 1);

	EXPECT_EQ(EDQUOT, AS_USER(4412, -sys_write(self->port, data, len + 1)));
	EXPECT_EQ(0, AS_USER(4412, sys_write(self->port, data, len) != len));
	EXPECT_EQ(EDQUOT, AS_USER(4412, -sys_write(self->port, data, 0)));
	free(data);
}

TEST_F(quota, a_receive_makes_room)
{
	const size_t len = MAX_BYTES - self->overhead;
	char *data = calloc(1, len);
	struct ipcbox_recv recv = {};
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, AS_USER(4413, sys_write(self->port, data, len) !=
					   len));
		/* Looking at it does not, nor does failing to receive it. */
		ASSERT_EQ(0, msg_recv(self->port, data, len, IPCBOX_PEEK,
				      &recv));
		EXPECT_EQ(-EMSGSIZE, sys_read(self->port, data, len - 1));
		EXPECT_EQ(-EFAULT, sys_read(self->port, memory_nowhere(), len));
		EXPECT_EQ(EDQUOT,
			  AS_USER(4413, -sys_write(self->port, "x", 1)));
		ASSERT_EQ(len, sys_read(self->port, data, len));
	}
	EXPECT_EQ(0, AS_USER(4413, user_bytes(self->box) != 0));
	free(data);
}

TEST_F(quota, the_deletion_of_the_port_makes_room)
{
	EXPECT_LT(0, AS_USER(4414, send_all(self->port, 1000)));
	EXPECT_EQ(0, port_delete(self->box, "alpha"));
	EXPECT_EQ(0, AS_USER(4414, user_bytes(self->box) != 0));
}

TEST_F(quota, the_death_of_the_sender_does_not_make_room)
{
	ASSERT_LT(0, AS_USER(4415, send_all(self->port, 1000)));
	EXPECT_EQ(EDQUOT, AS_USER(4415, ({
		char data[1000] = {};

		-sys_write(self->port, data, sizeof(data));
	})));
}

TEST_F(quota, the_death_of_a_waiting_sender_makes_room)
{
	const size_t len = MAX_BYTES - self->overhead;
	struct ipcbox_set set = { .flags = IPCBOX_SET_MAX_MESSAGES };
	char *data = calloc(1, len);
	pid_t pid;

	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	pid = fork();
	if (!pid) {
		if (user_become(4416, 4416))
			sys_write(self->port, data, len);
		_exit(1);
	}
	ASSERT_TRUE(wait_for_waiters(self->port, 1, 0));
	EXPECT_EQ(EDQUOT, AS_USER(4416, -sys_write(self->port, "x", 1)));
	kill(pid, SIGKILL);
	ASSERT_EQ(128 + SIGKILL, child_wait(pid));
	EXPECT_EQ(0, AS_USER(4416, user_bytes(self->box) != 0));
	free(data);
}

TEST_F(quota, a_failed_send_is_not_charged)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MAX_MESSAGES | IPCBOX_SET_MAX_MSGSIZE,
		.max_msgsize = 1000,
	};
	char data[1001] = {};
	void *nowhere = memory_nowhere();

	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_EQ(0, AS_USER(4417, ({
		struct ipcbox_send send = { .deadline = 1 };
		struct ipcbox_send unwritable = {};
		int bad = 0;

		bad += msg_send(self->port, data, 9, 0, 0, IPCBOX_NOWAIT) !=
		       -EAGAIN;
		bad += sys_ioctl(self->port, IPCBOX_SEND, &send) != -ETIMEDOUT;
		bad += sys_write(self->port, data, 1001) != -EMSGSIZE;
		bad += sys_write(self->port, nowhere, 1000) != -EFAULT;
		bad += sys_ioctl(self->port, IPCBOX_SEND,
				 memory_read_only(&unwritable,
						  sizeof(unwritable))) !=
		       -EFAULT;
		bad += user_bytes(self->box) != 0;
		bad;
	})));
}

/* Who sends is charged, whoever opened the handle. */
TEST_F(quota, a_handle_that_was_passed_charges_the_sender)
{
	const uint64_t before = user_bytes(self->box);
	uint64_t expected = 1000 + self->overhead;
	char data[1000] = {};

	EXPECT_EQ(0, AS_USER(4418,
			     sys_write(self->port, data, 1000) != 1000 ||
			     user_bytes(self->box) != expected));
	EXPECT_EQ(before, user_bytes(self->box));
	ASSERT_EQ(1000, sys_read(self->port, data, 1000));
	EXPECT_EQ(0, AS_USER(4418, user_bytes(self->box) != 0));
}

TEST_F(quota, the_real_user_is_charged)
{
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(4419, 4420, 0))
			_exit(255);
		_exit(sys_write(self->port, "hello", 5) != 5 ||
		      user_bytes(self->box) != 5 + self->overhead);
	}
	ASSERT_EQ(0, child_wait(pid));
	EXPECT_EQ(0, AS_USER(4419, user_bytes(self->box) !=
				   5 + self->overhead));
	EXPECT_EQ(0, AS_USER(4420, user_bytes(self->box) != 0));
}

TEST_F(quota, many_processes_of_a_user_share_one_quota)
{
	const int n = MAX_BYTES / (100 + self->overhead);
	struct ipcbox_stat stat;
	pid_t pids[4];
	int i, total = 0;

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			if (!user_become(4421, 4421))
				_exit(255);
			_exit(send_all(self->port, 100));
		}
	}
	for (i = 0; i < 4; i++)
		total += child_wait(pids[i]);
	EXPECT_EQ(n, total);
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(n, stat.messages);
}

/* When a rendezvous ends, its message has been received and is paid for. */
TEST_F(quota, a_rendezvous_makes_room_before_the_sender_goes_on)
{
	const size_t len = MAX_BYTES / 2;
	struct ipcbox_set set = { .flags = IPCBOX_SET_MAX_MESSAGES };
	char *data = calloc(1, len);
	pid_t pid;
	int i;

	ASSERT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	pid = fork();
	if (!pid) {
		if (!user_become(4422, 4422))
			_exit(255);
		for (i = 0; i < 500; i++)
			if (sys_write(self->port, data, len) != len)
				_exit(errno);
		_exit(0);
	}
	for (i = 0; i < 500; i++) {
		struct ipcbox_recv recv = { .deadline = in_ns(5 * SEC) };

		if (msg_recv(self->port, data, len, 0, &recv))
			break;
	}
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(500, i);
	free(data);
}

TEST_F(quota, lowered_limits_hold_for_what_comes)
{
	const int n = MAX_BYTES / (1000 + self->overhead);

	ASSERT_EQ(MAX_PORTS, AS_USER(4423, create_all(self->box)));
	ASSERT_EQ(n, AS_USER(4423, send_all(self->port, 1000)));
	ASSERT_TRUE(parameter_set("max_ports_per_user", 1));
	ASSERT_TRUE(parameter_set("max_bytes_per_user", 1000));
	EXPECT_EQ(0, AS_USER(4423, create_all(self->box)));
	EXPECT_EQ(0, AS_USER(4423, send_all(self->port, 0)));
	/* What is there stays, and can be received. */
	EXPECT_EQ(1000, sys_read(self->port, (char[1000]) {}, 1000));
	EXPECT_EQ(1, AS_USER(4424, create_all(self->box)));
	ASSERT_TRUE(parameter_set("max_ports_per_user", 0));
	ASSERT_TRUE(parameter_set("max_bytes_per_user", 0));
	EXPECT_EQ(0, AS_USER(4425, create_all(self->box)));
	EXPECT_EQ(0, AS_USER(4425, send_all(self->port, 0)));
}

TEST_F(quota, limits_without_end)
{
	ASSERT_TRUE(parameter_set("max_ports_per_user", ~0ULL));
	ASSERT_TRUE(parameter_set("max_bytes_per_user", ~0ULL));
	EXPECT_EQ(5, AS_USER(4426, sys_write(self->port, "hello", 5)));
	EXPECT_EQ(1, AS_USER(4426, create_nameless(self->box) >= 0));
}

/* User namespaces: new names for the same users. */

static bool enter_namespaces(uid_t uid)
{
	if (!user_become(uid, uid))
		return false;
	/* setresuid() makes /proc/self root's; so does not exec, nor this. */
	prctl(PR_SET_DUMPABLE, 1);
	return !unshare(CLONE_NEWUSER | CLONE_NEWNET) &&
	       userns_map_self(uid, uid);
}

TEST_F(quota, a_user_namespace_does_not_multiply_ports)
{
	struct ipcbox_info info;
	pid_t pid;

	ASSERT_EQ(1, AS_USER(4430, create_nameless(self->box) >= 0));
	pid = fork();
	if (!pid) {
		int box, n;

		if (!enter_namespaces(4430))
			_exit(255);
		box = box_open();
		if (box_info(box, &info) || info.user_ports != 1 ||
		    info.box_ports)
			_exit(254);
		n = create_all(box);
		_exit(n);
	}
	EXPECT_EQ(MAX_PORTS - 1, child_wait(pid));
}

TEST_F(quota, a_user_namespace_does_not_multiply_bytes)
{
	const int n = MAX_BYTES / (1000 + self->overhead);
	pid_t pid;

	ASSERT_EQ(n, AS_USER(4431, send_all(self->port, 1000)));
	pid = fork();
	if (!pid) {
		int port;

		if (!enter_namespaces(4431))
			_exit(255);
		port = create_nameless(box_open());
		_exit(send_all(port, 1000));
	}
	EXPECT_EQ(0, child_wait(pid));
}

/* The largest message */

TEST_F(quota, the_limit_on_messages_is_that_of_now)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_info info;
	struct ipcbox_stat stat;
	int port;

	ASSERT_TRUE(parameter_set("max_msgsize", 5000));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(5000, info.max_msgsize);
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_msgsize = 5001;
	ASSERT_TRUE(parameter_set("max_ports_per_user", 1000));
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.max_msgsize = 0;
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(5000, stat.max_msgsize);
	EXPECT_EQ(-EMSGSIZE, sys_write(port, (char[5001]) {}, 5001));
	EXPECT_EQ(5000, sys_write(port, (char[5000]) {}, 5000));
	close(port);
}

/* A port that may have longer ones is still there, and can be changed. */
TEST_F(quota, ports_from_before_a_lower_limit_can_be_changed)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_MODE | IPCBOX_SET_MAX_MESSAGES,
		.mode = 0644,
		.max_messages = 3,
	};
	struct ipcbox_stat stat;

	ASSERT_TRUE(parameter_set("max_msgsize", 5000));
	EXPECT_EQ(0, sys_ioctl(self->port, IPCBOX_SET, &set));
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0644, stat.mode);
	EXPECT_EQ(3, stat.max_messages);
}

TEST_HARNESS_MAIN
