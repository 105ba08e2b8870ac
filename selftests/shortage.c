// SPDX-License-Identifier: GPL-2.0-only
/*
 * No descriptor is free, or no file is to be had: ports are neither created nor
 * opened, pipes are not made, and nothing is left behind
 */

#include <kselftest_harness.h>

#include <sys/resource.h>

#include "leak.h"
#include "stream.h"
#include "user.h"

#define ROUNDS	30
#define FILE_MAX "/proc/sys/fs/file-max"

FIXTURE(shortage)
{
	int box;
	int inbox;
	int port;	/* "there", with a message; the last descriptor */
	struct ipcbox_stat stat;
	struct ipcbox_info info;
};

FIXTURE_SETUP(shortage)
{
	struct ipcbox_port_create attr = port_attr("there");

	/* Its files come first. */
	leak_init();
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->inbox = inbox_open(self->box);
	ASSERT_LE(0, self->inbox);
	attr.mode = 0666;
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	ASSERT_EQ(5, sys_write(self->port, "hello", 5));
	/* Charged is the real user: one of whom nothing else is left. */
	ASSERT_EQ(0, setresuid(BOB, 0, 0));
	ASSERT_EQ(0, port_stat(self->port, &self->stat));
	ASSERT_EQ(0, box_info(self->box, &self->info));
}

FIXTURE_TEARDOWN(shortage)
{
	struct ipcbox_stat stat = {};
	struct ipcbox_info info = {};

	EXPECT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, memcmp(&self->stat, &stat, sizeof(stat)));
	EXPECT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(0, memcmp(&self->info, &info, sizeof(info)));
	close(self->port);
	close(self->inbox);
	close(self->box);
}

static int wrong(int ret, int error)
{
	if (ret == error)
		return 0;
	printf("# returned %d, not %d\n", ret, error);
	return 1;
}

/* How many calls did not fail as they should. */
static int wrong_errors(int box, uint32_t owner, int error)
{
	struct ipcbox_port_create attr;
	int ends[2];
	int i, n = 0;

	for (i = 0; i < ROUNDS; i++) {
		attr = port_attr(i % 2 ? "new" : NULL);
		attr.owner = owner;
		n += wrong(port_create(box, &attr), error);
		attr = port_attr("there");
		attr.rights = RIGHTS_IO;
		attr.flags = 0;
		n += wrong(port_create(box, &attr), error);
		n += wrong(port_open(box, "there", RIGHTS_IO), error);
		n += wrong(port_open(box, "there", 0), error);
		n += wrong(stream_pipe(box, i % 2 ? IPCBOX_BOTH_WAYS : 0, 0,
				       ends), error);
	}
	return n;
}

/* Returns the limit that there was, for setrlimit(). */
static struct rlimit limit_descriptors(int limit)
{
	struct rlimit before, low;

	if (getrlimit(RLIMIT_NOFILE, &before))
		abort();
	low = before;
	low.rlim_cur = limit;
	if (setrlimit(RLIMIT_NOFILE, &low))
		abort();
	return before;
}

static bool without_descriptors(void *arg)
{
	FIXTURE_DATA(shortage) *self = arg;
	struct rlimit limit = limit_descriptors(self->port + 1);
	uint32_t owner;
	int n = wrong(inbox_open(self->box), -EMFILE);

	for (owner = 0; owner <= IPCBOX_OWNER_HANDLE; owner++)
		n += wrong_errors(self->box, owner, -EMFILE);
	return !setrlimit(RLIMIT_NOFILE, &limit) && !n;
}

TEST_F(shortage, no_free_descriptor)
{
	const char *leaks;

	EXPECT_TRUE(without_descriptors(self));
	leaks = leak_by(without_descriptors, self, ROUNDS);
	EXPECT_EQ(NULL, leaks)
		TH_LOG("%s", leaks);
	/* None was taken out of use. */
	EXPECT_EQ(self->port + 1, dup(self->box));
}

/* A pipe has one of its two ends. */
static bool with_one_descriptor(void *arg)
{
	FIXTURE_DATA(shortage) *self = arg;
	struct rlimit limit = limit_descriptors(self->port + 2);
	int ends[2];
	int i, n = 0;

	for (i = 0; i < ROUNDS; i++)
		n += wrong(stream_pipe(self->box, i % 2 ? IPCBOX_BOTH_WAYS : 0,
				       0, ends), -EMFILE);
	return !setrlimit(RLIMIT_NOFILE, &limit) && !n;
}

TEST_F(shortage, one_free_descriptor)
{
	const char *leaks;

	EXPECT_TRUE(with_one_descriptor(self));
	leaks = leak_by(with_one_descriptor, self, ROUNDS);
	EXPECT_EQ(NULL, leaks)
		TH_LOG("%s", leaks);
	EXPECT_EQ(self->port + 1, dup(self->box));
}

/* The limit is for those without privileges. */
static bool without_files(void *arg)
{
	FIXTURE_DATA(shortage) *self = arg;
	char text[32];
	uint32_t owner;
	int n = 0;
	pid_t pid;

	snprintf(text, sizeof(text), "%ld", leak_number(FILE_MAX));
	leak_write(FILE_MAX, "0");
	pid = fork();
	if (!pid) {
		if (!user_become(ALICE, ALICE))
			_exit(1);
		for (owner = 0; owner <= IPCBOX_OWNER_HANDLE; owner++)
			n += wrong_errors(self->box, owner, -ENFILE);
		_exit(n > 0);
	}
	n = child_wait(pid);
	leak_write(FILE_MAX, text);
	return !n;
}

TEST_F(shortage, no_file)
{
	const char *leaks;

	EXPECT_TRUE(without_files(self));
	leaks = leak_by(without_files, self, ROUNDS);
	EXPECT_EQ(NULL, leaks)
		TH_LOG("%s", leaks);
}

TEST_HARNESS_MAIN
