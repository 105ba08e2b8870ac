// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening the ends of a stream: the rules of fifo(7), asked of a FIFO and of a
 * stream with the same tests
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "call.h"
#include "stream.h"

#include <kselftest_harness.h>

enum end { READ_END, WRITE_END, BOTH_ENDS };

FIXTURE(stream_open)
{
	int box;
	int watch;		/* a handle without rights */
	bool fifo;
	char path[64];
	char dir[32];
};

FIXTURE_VARIANT(stream_open)
{
	bool fifo;
};

FIXTURE_VARIANT_ADD(stream_open, fifo) { .fifo = true };
FIXTURE_VARIANT_ADD(stream_open, stream) { .fifo = false };

FIXTURE_SETUP(stream_open)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	self->watch = stream_create(self->box, "alpha");
	ASSERT_LE(0, self->watch);
	self->fifo = variant->fifo;
	strcpy(self->dir, "/tmp/ipcbox-fifo.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/alpha", self->dir);
	ASSERT_EQ(0, mkfifo(self->path, 0600));
	pipe_catch();
}

FIXTURE_TEARDOWN(stream_open)
{
	unlink(self->path);
	rmdir(self->dir);
	close(self->watch);
	close(self->box);
}

static int open_end(const FIXTURE_DATA(stream_open) *self, enum end end,
		    bool nonblock)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	static const uint32_t rights[] = {
		IPCBOX_RIGHT_RECV, IPCBOX_RIGHT_SEND, RIGHTS_IO,
	};
	int fd;

	if (!self->fifo)
		return stream_open(self->box, "alpha", rights[end],
				   nonblock ? IPCBOX_NOWAIT : 0);
	fd = open(self->path, modes[end] | O_CLOEXEC |
		  (nonblock ? O_NONBLOCK : 0));
	return fd < 0 ? -errno : fd;
}

/**
 * struct opening - an open() in a thread, which may wait
 * @self: of the test
 * @end: which end
 * @thread: that makes the call
 * @tid: of it, once it runs
 * @fd: what came of it
 */
struct opening {
	const FIXTURE_DATA(stream_open) *self;
	enum end end;
	pthread_t thread;
	atomic_int tid;
	int fd;
};

static void *opening_run(void *arg)
{
	struct opening *opening = arg;

	opening->tid = gettid();
	opening->fd = open_end(opening->self, opening->end, false);
	return NULL;
}

static bool task_waits(pid_t tid)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		text[0] = 'r';
	if (file)
		fclose(file);
	return atoi(text) == __NR_openat || atoi(text) == __NR_ioctl;
}

/* Begins to open an end, and waits until that waits: false if it does not. */
static bool opening_start(struct opening *opening,
			  const FIXTURE_DATA(stream_open) *self, enum end end)
{
	uint64_t give_up = in_ns(10 * SEC);

	*opening = (struct opening){ .self = self, .end = end };
	if (pthread_create(&opening->thread, NULL, opening_run, opening))
		abort();
	while (now_ns() < give_up) {
		if (opening->tid && task_waits(opening->tid))
			return true;
		sleep_ns(MSEC);
	}
	return false;
}

static int opening_join(struct opening *opening)
{
	if (pthread_join(opening->thread, NULL))
		abort();
	return opening->fd;
}

static void restart(bool restart)
{
	call_catch(SIGUSR1, restart ? SA_RESTART : 0);
}

TEST_F(stream_open, a_reader_waits_for_a_writer)
{
	struct opening reader;
	char text[8] = "";
	int out;

	ASSERT_TRUE(opening_start(&reader, self, READ_END));
	out = open_end(self, WRITE_END, false);
	ASSERT_LE(0, out);
	ASSERT_LE(0, opening_join(&reader));
	EXPECT_EQ(2, sys_write(out, "hi", 2));
	EXPECT_EQ(2, sys_read(reader.fd, text, 8));
	close(out);
	EXPECT_EQ(0, sys_read(reader.fd, text, 8));
}

TEST_F(stream_open, a_writer_waits_for_a_reader)
{
	struct opening writer;
	int in;

	ASSERT_TRUE(opening_start(&writer, self, WRITE_END));
	in = open_end(self, READ_END, false);
	ASSERT_LE(0, in);
	EXPECT_LE(0, opening_join(&writer));
}

TEST_F(stream_open, one_who_has_both_ends_waits_for_nobody)
{
	int both = open_end(self, BOTH_ENDS, false), in, out;
	char text[8] = "";

	ASSERT_LE(0, both);
	EXPECT_EQ(POLLOUT, poll_now(both));
	EXPECT_EQ(2, sys_write(both, "me", 2));
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(both));
	EXPECT_EQ(2, sys_read(both, text, 8));
	in = open_end(self, READ_END, false);
	out = open_end(self, WRITE_END, false);
	EXPECT_LE(0, in);
	EXPECT_LE(0, out);
	/* It is a writer as well as a reader. */
	close(out);
	fcntl(in, F_SETFL, O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, sys_read(in, text, 8));
}

TEST_F(stream_open, a_reader_that_does_not_wait_sees_no_end_before_a_writer)
{
	int in = open_end(self, READ_END, true), out;
	char text[8];

	ASSERT_LE(0, in);
	EXPECT_EQ(0, sys_read(in, text, 8));
	EXPECT_EQ(0, poll_now(in));
	out = open_end(self, WRITE_END, true);
	ASSERT_LE(0, out);
	EXPECT_EQ(-EAGAIN, sys_read(in, text, 8));
	EXPECT_EQ(0, poll_now(in));
	close(out);
	EXPECT_EQ(0, sys_read(in, text, 8));
	EXPECT_EQ(POLLHUP, poll_now(in));
}

TEST_F(stream_open, a_writer_that_does_not_wait_needs_a_reader)
{
	int in, out;

	EXPECT_EQ(-ENXIO, open_end(self, WRITE_END, true));
	in = open_end(self, READ_END, true);
	out = open_end(self, WRITE_END, true);
	EXPECT_LE(0, out);
	close(in);
	EXPECT_EQ(-ENXIO, open_end(self, WRITE_END, true));
	EXPECT_EQ(-EPIPE, sys_write(out, "x", 1));
	EXPECT_EQ(1, atomic_load(&pipes_broken));
	/* It is not broken for ever. */
	in = open_end(self, READ_END, false);
	EXPECT_LE(0, in);
	EXPECT_EQ(1, sys_write(out, "x", 1));
	EXPECT_EQ(POLLOUT, poll_now(out));
}

TEST_F(stream_open, one_who_waits_is_an_end)
{
	struct opening reader;
	int out;

	ASSERT_TRUE(opening_start(&reader, self, READ_END));
	out = open_end(self, WRITE_END, true);
	EXPECT_LE(0, out);
	ASSERT_LE(0, opening_join(&reader));
}

TEST_F(stream_open, one_who_has_come_and_gone_has_come)
{
	struct opening readers[2];
	char text[8];
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_TRUE(opening_start(&readers[i], self, READ_END));
	close(open_end(self, WRITE_END, true));
	for (i = 0; i < 2; i++) {
		ASSERT_LE(0, opening_join(&readers[i]));
		EXPECT_EQ(POLLHUP, poll_now(readers[i].fd));
		EXPECT_EQ(0, sys_read(readers[i].fd, text, 8));
	}
}

TEST_F(stream_open, a_signal_ends_the_wait)
{
	struct opening writer;

	restart(false);
	ASSERT_TRUE(opening_start(&writer, self, WRITE_END));
	pthread_kill(writer.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, opening_join(&writer));
	restart(true);
	ASSERT_TRUE(opening_start(&writer, self, WRITE_END));
	pthread_kill(writer.thread, SIGUSR1);
	sleep_ns(20 * MSEC);
	EXPECT_LE(0, open_end(self, READ_END, false));
	EXPECT_LE(0, opening_join(&writer));
}

TEST_F(stream_open, one_who_has_given_up_is_no_end)
{
	struct opening reader;

	restart(false);
	ASSERT_TRUE(opening_start(&reader, self, READ_END));
	pthread_kill(reader.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, opening_join(&reader));
	EXPECT_EQ(-ENXIO, open_end(self, WRITE_END, true));
}

TEST_F(stream_open, one_who_is_killed_while_waiting_is_no_end)
{
	pid_t pid = fork();
	uint64_t give_up = in_ns(10 * SEC);
	int out;

	if (!pid)
		_exit(open_end(self, READ_END, false) < 0);
	while ((out = open_end(self, WRITE_END, true)) == -ENXIO &&
	       now_ns() < give_up)
		sleep_ns(MSEC);
	/* That has let it go; so once more. */
	ASSERT_LE(0, out);
	EXPECT_EQ(0, child_wait(pid));
	close(out);
	pid = fork();
	if (!pid)
		_exit(open_end(self, WRITE_END, false) < 0);
	sleep_ns(50 * MSEC);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_wait(pid));
	out = open_end(self, READ_END, true);
	EXPECT_EQ(0, poll_now(out));
}

TEST_F(stream_open, bytes_stay_as_long_as_somebody_has_an_end)
{
	int in = open_end(self, READ_END, true);
	int out = open_end(self, WRITE_END, true);

	EXPECT_EQ(5, sys_write(out, "hello", 5));
	close(in);
	in = open_end(self, READ_END, true);
	EXPECT_EQ(5, bytes_there(in));
	close(in);
	close(out);
	in = open_end(self, READ_END, true);
	EXPECT_EQ(0, bytes_there(in));
}

/* What FIFOs have not */

FIXTURE(stream_create)
{
	int box;
};

FIXTURE_SETUP(stream_create)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(stream_create)
{
	close(self->box);
}

static void *create_reader(void *arg)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int *box = arg;

	attr.kind = IPCBOX_KIND_STREAM;
	attr.rights = IPCBOX_RIGHT_RECV;
	*box = port_create(*box, &attr);
	return NULL;
}

/* Somebody waits to read "alpha": its id. */
static uint64_t await_alpha(int box)
{
	uint64_t give_up = in_ns(10 * SEC);
	struct ipcbox_stat stat = {};
	int watch;

	while (!stat.receivers && now_ns() < give_up) {
		watch = port_open(box, "alpha", 0);
		if (watch < 0 || port_stat(watch, &stat))
			sleep_ns(MSEC);
		close(watch);
	}
	return stat.receivers ? stat.id : 0;
}

TEST_F(stream_create, creating_one_end_waits_for_the_other_one)
{
	pthread_t thread;
	int ret = self->box, out;

	ASSERT_EQ(0, pthread_create(&thread, NULL, create_reader, &ret));
	ASSERT_NE(0, await_alpha(self->box));
	out = stream_open(self->box, "alpha", IPCBOX_RIGHT_SEND, 0);
	EXPECT_LE(0, out);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LE(0, ret);
}

TEST_F(stream_create, deleting_the_port_ends_the_wait)
{
	pthread_t thread;
	int ret = self->box;

	ASSERT_EQ(0, pthread_create(&thread, NULL, create_reader, &ret));
	ASSERT_NE(0, await_alpha(self->box));
	EXPECT_EQ(0, port_delete(self->box, "alpha"));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EIDRM, ret);
}

TEST_F(stream_create, the_first_of_all_cannot_be_a_writer_that_does_not_wait)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	attr.kind = IPCBOX_KIND_STREAM;
	attr.rights = IPCBOX_RIGHT_SEND;
	attr.flags = IPCBOX_NOWAIT;
	EXPECT_EQ(-ENXIO, port_create(self->box, &attr));
	EXPECT_EQ(-ENOENT, port_open(self->box, "alpha", 0));
	attr.rights = IPCBOX_RIGHT_RECV;
	EXPECT_LE(0, port_create(self->box, &attr));
	attr.rights = IPCBOX_RIGHT_SEND;
	EXPECT_LE(0, port_create(self->box, &attr));
}

TEST_HARNESS_MAIN
