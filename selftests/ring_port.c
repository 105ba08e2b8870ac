// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ring ports: lanes, who may map what, sleep and wake, and sides that die
 *
 * The protocol itself has tests that need no module (selftests/ring/).
 */

#include <sys/epoll.h>
#include <sys/mman.h>

#include <linux/ipcbox_ring.h>

#include "expect.h"

#include <kselftest_harness.h>

#define PAGE		4096UL
#define CAPACITY	4088U
#define SIZE		4096UL
#define LANES		4

#define SENDER		IPCBOX_RIGHT_SEND
#define RECEIVER	IPCBOX_RIGHT_RECV

/* A side of a lane, mapped. */
struct side {
	int fd;
	struct ipcbox_ring_attach lane;
	struct ipcbox_ring_end *ends[2];	/* the producer's, the consumer's */
	void *data;
};

static int ring_attach(int fd, uint32_t side, struct ipcbox_ring_attach *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->side = side;
	return sys_ioctl(fd, IPCBOX_RING_ATTACH, arg);
}

static int ring_wait(int fd, uint32_t side, uint32_t lane, uint64_t flags,
		     uint64_t deadline)
{
	struct ipcbox_ring_wait arg = {
		.flags = flags,
		.side = side,
		.lane = lane,
		.deadline = deadline,
	};

	return sys_ioctl(fd, IPCBOX_RING_WAIT, &arg);
}

static int ring_wake(int fd, uint32_t side, uint32_t lane)
{
	struct ipcbox_ring_wait arg = { .side = side, .lane = lane };

	return sys_ioctl(fd, IPCBOX_RING_WAKE, &arg);
}

/* The address, or a negative errno. */
static intptr_t ring_map(const struct side *s, int part, size_t len, int prot,
			 int flags)
{
	void *at = mmap(NULL, len, prot, flags, s->fd,
			s->lane.offset + part * PAGE);

	return at == MAP_FAILED ? -errno : (intptr_t)at;
}

static bool side_map(struct side *s)
{
	bool sends = s->lane.side == SENDER;
	intptr_t at[3];
	int part;

	for (part = 0; part < 3; part++) {
		bool own = part == 2 ? sends : part == !sends;

		at[part] = ring_map(s, part, part == 2 ? 2 * s->lane.size : PAGE,
				    own ? PROT_READ | PROT_WRITE : PROT_READ,
				    MAP_SHARED);
		if (at[part] < 0 && at[part] > -4096)
			return false;
	}
	s->ends[0] = (void *)at[0];
	s->ends[1] = (void *)at[1];
	s->data = (void *)at[2];
	return true;
}

static bool side_open(struct side *s, int fd, uint32_t side)
{
	s->fd = fd;
	return !ring_attach(fd, side, &s->lane) && side_map(s);
}

static void side_close(struct side *s)
{
	munmap(s->ends[0], PAGE);
	munmap(s->ends[1], PAGE);
	munmap(s->data, 2 * s->lane.size);
	close(s->fd);
}

static void side_producer(const struct side *s, struct ipcbox_ring_producer *p)
{
	ipcbox_ring_producer_init(p, s->ends[0], s->ends[1], s->data,
				  s->lane.size, s->lane.capacity);
}

static void side_consumer(const struct side *s, struct ipcbox_ring_consumer *c)
{
	ipcbox_ring_consumer_init(c, s->ends[1], s->ends[0], s->data,
				  s->lane.size);
}

static int put(struct ipcbox_ring_producer *p, const void *data, uint32_t len)
{
	void *payload = NULL;
	int ret = ipcbox_ring_reserve(p, len, &payload);

	if (ret)
		return ret;
	memcpy(payload, data, len);
	return ipcbox_ring_commit(p, len);
}

static bool next_is(struct ipcbox_ring_consumer *c, const char *text)
{
	const void *record = NULL;
	__u32 len = 0;

	return !ipcbox_ring_peek(c, &record, &len) && len == strlen(text) &&
	       !memcmp(record, text, len);
}

static int peek(struct ipcbox_ring_consumer *c)
{
	const void *record;
	__u32 len;

	return ipcbox_ring_peek(c, &record, &len);
}

/* Sleeps until there is a record, or the end. */
static int peek_wait(struct ipcbox_ring_consumer *c, const struct side *s,
		     const void **record, __u32 *len)
{
	int ret;

	while ((ret = ipcbox_ring_peek(c, record, len)) == -EAGAIN) {
		ipcbox_ring_arm(&c->side);
		ret = ipcbox_ring_peek(c, record, len);
		if (ret != -EAGAIN)
			break;
		ret = ring_wait(s->fd, RECEIVER, s->lane.lane, 0, in_ns(60 * SEC));
		if (ret)
			return ret;
	}
	ipcbox_ring_disarm(&c->side);
	return ret;
}

static int reserve_wait(struct ipcbox_ring_producer *p, const struct side *s,
			uint32_t len, void **payload)
{
	int ret;

	while ((ret = ipcbox_ring_reserve(p, len, payload)) == -EAGAIN) {
		ipcbox_ring_arm(&p->side);
		ret = ipcbox_ring_reserve(p, len, payload);
		if (ret != -EAGAIN)
			break;
		ret = ring_wait(s->fd, SENDER, s->lane.lane, 0, in_ns(60 * SEC));
		if (ret)
			return ret;
	}
	ipcbox_ring_disarm(&p->side);
	return ret;
}

static short polled(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	poll(&pollfd, 1, 0);
	return pollfd.revents;
}

FIXTURE(ring)
{
	int box;
	int port;	/* with all rights */
	int producer;
	int consumer;
	struct ipcbox_info before;
};

static struct ipcbox_port_create ring_attr(const char *name)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.kind = IPCBOX_KIND_RING;
	attr.max_bytes = CAPACITY;
	attr.max_messages = LANES;
	return attr;
}

FIXTURE_SETUP(ring)
{
	struct ipcbox_port_create attr = ring_attr("ring");

	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info_settled(self->box, &self->before));
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
	self->producer = port_open(self->box, "ring", SENDER);
	ASSERT_LE(0, self->producer);
	self->consumer = port_open(self->box, "ring", RECEIVER);
	ASSERT_LE(0, self->consumer);
}

FIXTURE_TEARDOWN(ring)
{
	close(self->producer);
	close(self->consumer);
	close(self->port);
	close(self->box);
}

TEST_F(ring, creation)
{
	struct ipcbox_port_create attr = ring_attr("ring");
	struct ipcbox_stat stat;

	EXPECT_TRUE(self->before.kinds & 1 << IPCBOX_KIND_RING);
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(IPCBOX_KIND_RING, stat.kind);
	EXPECT_EQ(CAPACITY, stat.max_bytes);
	EXPECT_EQ(CAPACITY - 8, stat.max_msgsize);
	EXPECT_EQ(LANES, stat.max_messages);

	attr.name[0] = 'x';
	attr.max_messages = 0;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.max_messages = IPCBOX_RING_LANES + 1;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.max_messages = 1;
	attr.max_bytes = 15;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.max_bytes = IPCBOX_RING_SIZE_MAX;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.max_bytes = CAPACITY;
	attr.max_msgsize = 1;
	EXPECT_EQ(-EINVAL, port_create(self->box, &attr));
	attr.max_msgsize = 0;
	attr.sharing = IPCBOX_SHARE_ONE;
	EXPECT_EQ(-EOPNOTSUPP, port_create(self->box, &attr));
	attr.sharing = IPCBOX_SHARE_ANY;
	attr.kind = IPCBOX_KIND_RING + 1;
	EXPECT_EQ(-EOPNOTSUPP, port_create(self->box, &attr));
}

TEST_F(ring, other_commands)
{
	struct ipcbox_set set = { .flags = IPCBOX_SET_MAX_BYTES };
	char byte;
	int nr;

	for (nr = 0; nr < 256; nr++) {
		unsigned int cmd = _IOC(_IOC_READ | _IOC_WRITE, IPCBOX_IOC, nr, 512);

		if (nr != _IOC_NR(IPCBOX_STAT) && nr != _IOC_NR(IPCBOX_RING_ATTACH))
			EXPECT_EQ(-ENOTTY, sys_ioctl(self->port, cmd, NULL))
				TH_LOG("number %#x", nr);
	}
	EXPECT_EQ(-EINVAL, sys_ioctl(self->port, IPCBOX_SET, &set));
	EXPECT_EQ(-EINVAL, sys_read(self->port, &byte, 1));
	EXPECT_EQ(-EINVAL, sys_write(self->port, &byte, 1));
}

TEST_F(ring, records_pass)
{
	struct ipcbox_ring_producer p;
	struct ipcbox_ring_consumer c;
	struct side out, in;
	int i;

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	EXPECT_EQ(out.lane.lane, in.lane.lane);
	EXPECT_EQ(SIZE, in.lane.size);
	EXPECT_EQ(CAPACITY, in.lane.capacity);
	side_producer(&out, &p);
	side_consumer(&in, &c);
	EXPECT_EQ(-EAGAIN, peek(&c));
	/* several times around, so that records cross the end of the data */
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, put(&p, "Hello", 5));
		ASSERT_EQ(0, put(&p, "World!", 6));
		ASSERT_TRUE(next_is(&c, "Hello"));
		ipcbox_ring_take(&c);
		ASSERT_TRUE(next_is(&c, "World!"));
		ipcbox_ring_take(&c);
		ASSERT_EQ(0, ipcbox_ring_release(&c));
	}
	EXPECT_EQ(-EAGAIN, peek(&c));
}

TEST_F(ring, attaching)
{
	struct ipcbox_ring_attach lane;
	int handles[LANES], i;

	EXPECT_EQ(-EAGAIN, ring_attach(self->consumer, RECEIVER, &lane));
	EXPECT_EQ(-EBADF, ring_attach(self->consumer, SENDER, &lane));
	EXPECT_EQ(-EBADF, ring_attach(self->producer, RECEIVER, &lane));
	EXPECT_EQ(-EINVAL, ring_attach(self->port, 0, &lane));
	EXPECT_EQ(-EINVAL, ring_attach(self->port, SENDER | RECEIVER, &lane));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->producer, IPCBOX_RING_ATTACH, NULL));
	for (i = 0; i < LANES; i++) {
		handles[i] = port_open(self->box, "ring", SENDER);
		ASSERT_EQ(0, ring_attach(handles[i], SENDER, &lane));
		EXPECT_EQ(i, lane.lane);
	}
	EXPECT_EQ(-EBUSY, ring_attach(handles[0], SENDER, &lane));
	EXPECT_EQ(-EUSERS, ring_attach(self->producer, SENDER, &lane));
	/* nothing was written, so nothing is left of a lane */
	close(handles[1]);
	ASSERT_EQ(0, ring_attach(self->producer, SENDER, &lane));
	EXPECT_EQ(1, lane.lane);
	/* the oldest first */
	ASSERT_EQ(0, ring_attach(self->consumer, RECEIVER, &lane));
	EXPECT_EQ(0, lane.lane);
	ASSERT_EQ(0, ring_attach(self->consumer, RECEIVER, &lane));
	EXPECT_EQ(2, lane.lane);
	/* nobody is on both sides of a lane */
	ASSERT_EQ(0, ring_attach(self->consumer, RECEIVER, &lane));
	ASSERT_EQ(0, ring_attach(self->consumer, RECEIVER, &lane));
	close(handles[0]);
	EXPECT_EQ(-EUSERS, ring_attach(self->port, SENDER, &lane));
	close(handles[2]);
	close(handles[3]);
}

/* Writes its argument where it may not. */
TEST_F(ring, attach_that_cannot_tell)
{
	struct ipcbox_ring_attach arg = { .side = SENDER };
	struct ipcbox_ring_attach *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	*page = arg;
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->producer, IPCBOX_RING_ATTACH, page));
	EXPECT_NOTHING_CHARGED(self);
	EXPECT_EQ(0, ring_attach(self->producer, SENDER, &arg));
}

TEST_F(ring, rights_of_mappings)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct side out, in, nobody = { .fd = self->port };

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	EXPECT_EQ(-EACCES, ring_map(&out, 1, PAGE, rw, MAP_SHARED));
	EXPECT_EQ(-EACCES, ring_map(&in, 0, PAGE, rw, MAP_SHARED));
	EXPECT_EQ(-EACCES, ring_map(&in, 2, 2 * SIZE, rw, MAP_SHARED));
	EXPECT_EQ(-EACCES, mprotect(out.ends[1], PAGE, rw) ? -errno : 0);
	EXPECT_EQ(-EACCES, mprotect(in.ends[0], PAGE, rw) ? -errno : 0);
	EXPECT_EQ(-EACCES, mprotect(in.data, 2 * SIZE, rw) ? -errno : 0);
	EXPECT_EQ(-EACCES, mprotect(out.data, 2 * SIZE, PROT_READ | PROT_EXEC) ?
			   -errno : 0);
	EXPECT_EQ(-EINVAL, ring_map(&out, 0, PAGE, PROT_READ, MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, ring_map(&out, 0, 2 * PAGE, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-EINVAL, ring_map(&out, 2, SIZE, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-EINVAL, ring_map(&out, 3, PAGE, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-ENXIO, ring_map(&nobody, 0, PAGE, PROT_READ, MAP_SHARED));
	nobody.lane.offset = out.lane.offset + (1ULL << 40);
	nobody.fd = self->producer;
	EXPECT_EQ(-ENXIO, ring_map(&nobody, 0, PAGE, PROT_READ, MAP_SHARED));
	/* in one piece */
	EXPECT_EQ(-EINVAL, munmap(out.data, PAGE) ? -errno : 0);
	EXPECT_EQ(-EINVAL, mprotect(out.data, PAGE, PROT_READ) ? -errno : 0);
	EXPECT_EQ(MAP_FAILED, mremap(out.ends[0], PAGE, 2 * PAGE, MREMAP_MAYMOVE));
}

/* One that was never there is not the last one to go. */
TEST_F(ring, mapping_that_fails)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct side out = { .fd = self->producer };

	ASSERT_EQ(0, ring_attach(out.fd, SENDER, &out.lane));
	EXPECT_EQ(-EACCES, ring_map(&out, 1, PAGE, rw, MAP_SHARED));
	EXPECT_EQ(-EINVAL, ring_map(&out, 3, PAGE, rw, MAP_SHARED));
	EXPECT_EQ(-EBUSY, ring_attach(out.fd, SENDER, &(struct ipcbox_ring_attach){}));
	EXPECT_TRUE(side_map(&out));
	EXPECT_EQ(0, out.ends[0]->ended);
}

/* A mapping that moves is not one that goes. */
TEST_F(ring, mapping_moves)
{
	struct side out;
	void *there = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	munmap(out.ends[1], PAGE);
	munmap(out.data, 2 * SIZE);
	ASSERT_EQ(there, mremap(out.ends[0], PAGE, PAGE,
				MREMAP_MAYMOVE | MREMAP_FIXED, there));
	out.ends[0] = there;
	EXPECT_EQ(0, out.ends[0]->ended);
	EXPECT_TRUE(side_map(&out));
}

TEST_F(ring, not_inherited)
{
	struct side out;
	pid_t pid;

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		unsigned char there;

		_exit(mincore(out.ends[0], PAGE, &there) == -1 && errno == ENOMEM ?
		      42 : 1);
	}
	EXPECT_EQ(42, child_wait(pid));
	EXPECT_EQ(0, out.ends[0]->ended);
}

TEST_F(ring, waiting)
{
	struct side out, in;

	EXPECT_EQ(-EINVAL, ring_wait(self->producer, SENDER, IPCBOX_RING_ANY,
				     IPCBOX_NOWAIT, 0));
	EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, RECEIVER, IPCBOX_RING_ANY,
				     IPCBOX_NOWAIT, 0));
	EXPECT_EQ(0, polled(self->consumer, POLLIN));
	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	/* a lane to take */
	EXPECT_EQ(0, ring_wait(self->consumer, RECEIVER, IPCBOX_RING_ANY, 0, 0));
	EXPECT_EQ(POLLIN, polled(self->consumer, POLLIN));
	EXPECT_EQ(-EINVAL, ring_wait(self->consumer, RECEIVER, 0, 0, 0));
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	/* not armed */
	EXPECT_EQ(0, ring_wait(self->consumer, RECEIVER, 0, 0, 0));
	EXPECT_EQ(POLLIN, polled(self->consumer, POLLIN));
	EXPECT_EQ(POLLOUT, polled(self->producer, POLLOUT));
	in.ends[1]->waiting = IPCBOX_RING_WAITS | IPCBOX_RING_LIGHT;
	EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, RECEIVER, 0, IPCBOX_NOWAIT, 0));
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->consumer, RECEIVER, 0, 0, 1));
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->consumer, RECEIVER, IPCBOX_RING_ANY, 0,
					in_ns(MSEC)));
	EXPECT_EQ(0, polled(self->consumer, POLLIN));
	EXPECT_EQ(0, ring_wake(self->producer, SENDER, out.lane.lane));
	EXPECT_EQ(IPCBOX_RING_LIGHT, in.ends[1]->waiting);
	EXPECT_EQ(POLLIN, polled(self->consumer, POLLIN));
	/* and the other way */
	out.ends[0]->waiting = IPCBOX_RING_WAITS;
	EXPECT_EQ(0, polled(self->producer, POLLOUT));
	EXPECT_EQ(0, ring_wake(self->consumer, RECEIVER, IPCBOX_RING_ANY));
	EXPECT_EQ(POLLOUT, polled(self->producer, POLLOUT));
	EXPECT_EQ(-EINVAL, ring_wake(self->consumer, RECEIVER, 1));
	EXPECT_EQ(-EBADF, ring_wake(self->consumer, SENDER, 0));
	EXPECT_EQ(-EINVAL, ring_wake(self->consumer, 0, 0));
}

/* Sends all that it is told, sleeping whenever there is no room. */
static int produce(int box, unsigned int records)
{
	struct ipcbox_ring_producer p;
	struct side out;
	unsigned int i;

	if (!side_open(&out, port_open(box, "ring", SENDER), SENDER))
		return 1;
	side_producer(&out, &p);
	for (i = 0; i < records; i++) {
		uint32_t len = sizeof(i) + i % 200;
		void *payload = NULL;

		if (reserve_wait(&p, &out, len, &payload))
			return 2;
		memset(payload, i, len);
		memcpy(payload, &i, sizeof(i));
		if (ipcbox_ring_commit(&p, len) &&
		    ring_wake(out.fd, SENDER, out.lane.lane))
			return 3;
	}
	return 0;
}

static pid_t produce_in_child(int box, unsigned int records)
{
	pid_t pid = fork();

	if (!pid)
		_exit(produce(box, records));
	return pid;
}

/* How many come, in order and whole, up to the end; negative if not so. */
static long consume(struct side *in)
{
	struct ipcbox_ring_consumer c;
	const void *record = NULL;
	unsigned int n = 0, got;
	__u32 len = 0;
	int ret;

	side_consumer(in, &c);
	while (!(ret = peek_wait(&c, in, &record, &len))) {
		memcpy(&got, record, sizeof(got));
		if (got != n || len != sizeof(n) + n % 200)
			return -EILSEQ;
		n++;
		ipcbox_ring_take(&c);
		if (ipcbox_ring_release(&c) &&
		    ring_wake(in->fd, RECEIVER, in->lane.lane))
			return -EIO;
	}
	return ret == -EPIPE ? n : ret;
}

/* Both sides sleep again and again; who has sent all just exits. */
TEST_F(ring, two_processes)
{
	pid_t pid = produce_in_child(self->box, 5000);
	struct side in;

	ASSERT_EQ(0, ring_wait(self->consumer, RECEIVER, IPCBOX_RING_ANY, 0, 0));
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	EXPECT_EQ(5000, consume(&in));
	EXPECT_EQ(0, child_wait(pid));
	side_close(&in);
	self->consumer = -1;
	EXPECT_NOTHING_CHARGED(self);
}

/* Killed anywhere: what comes is whole and in order, and then the lane ends. */
TEST_F(ring, producers_killed)
{
	struct side in;
	int round;

	for (round = 0; round < 20; round++) {
		pid_t pid = produce_in_child(self->box, ~0U);
		int fd = port_open(self->box, "ring", RECEIVER);

		ASSERT_EQ(0, ring_wait(fd, RECEIVER, IPCBOX_RING_ANY, 0, 0));
		ASSERT_TRUE(side_open(&in, fd, RECEIVER));
		while (!ipcbox_ring_get(&in.ends[0]->position))
			sched_yield();
		kill(pid, SIGKILL);
		EXPECT_LT(0, consume(&in));
		EXPECT_EQ(SIGKILL, child_wait(pid) & 0x7f);
		side_close(&in);
		EXPECT_NOTHING_CHARGED(self);
	}
}

/* The descriptor alone is not a side: the child has it, but not the mapping. */
TEST_F(ring, producer_unmaps)
{
	struct ipcbox_ring_consumer c;
	struct side out, in;
	int fd;

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	side_consumer(&in, &c);
	in.ends[1]->waiting = IPCBOX_RING_WAITS;
	fd = dup(out.fd);
	side_close(&out);
	self->producer = -1;
	EXPECT_EQ(POLLIN, polled(in.fd, POLLIN));
	EXPECT_EQ(-EPIPE, peek(&c));
	EXPECT_EQ(-EINVAL, ring_wake(fd, SENDER, IPCBOX_RING_ANY));
	/* and may have a new lane, beside the one that its consumer still maps */
	EXPECT_EQ(0, ring_attach(fd, SENDER, &out.lane));
	EXPECT_EQ(1, out.lane.lane);
	close(fd);
}

TEST_F(ring, consumer_dies)
{
	struct ipcbox_ring_producer p;
	struct ipcbox_ring_consumer c;
	struct side out, in;
	int i;

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	side_producer(&out, &p);
	ASSERT_EQ(0, put(&p, "one", 3));
	ASSERT_EQ(0, put(&p, "two", 3));
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(side_open(&in, port_open(self->box, "ring", RECEIVER),
				      RECEIVER));
		side_consumer(&in, &c);
		ASSERT_TRUE(next_is(&c, "one"));
		ipcbox_ring_take(&c);	/* but not released */
		ASSERT_TRUE(next_is(&c, "two"));
		side_close(&in);
	}
	/* the producer goes, and the records are still there */
	side_close(&out);
	self->producer = -1;
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	side_consumer(&in, &c);
	ASSERT_TRUE(next_is(&c, "one"));
	ipcbox_ring_take(&c);
	ASSERT_TRUE(next_is(&c, "two"));
	ipcbox_ring_take(&c);
	ipcbox_ring_release(&c);
	EXPECT_EQ(-EPIPE, peek(&c));
	side_close(&in);
	self->consumer = -1;
	EXPECT_NOTHING_CHARGED(self);
}

/* How it slept is no matter of the next one, who would never be woken. */
TEST_F(ring, consumer_changes)
{
	struct side out, in;

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_TRUE(side_open(&in, port_open(self->box, "ring", RECEIVER), RECEIVER));
	in.ends[1]->waiting = IPCBOX_RING_WAITS | IPCBOX_RING_LIGHT;
	side_close(&in);
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	EXPECT_EQ(0, in.ends[1]->waiting);
	EXPECT_EQ(0, ring_wait(in.fd, RECEIVER, IPCBOX_RING_ANY, IPCBOX_NOWAIT, 0));
}

/* Who cannot make anything of a lane ends it, and nobody else has to. */
TEST_F(ring, consumer_refuses)
{
	struct ipcbox_ring_attach lane;
	struct ipcbox_ring_producer p;
	struct ipcbox_ring_consumer c;
	struct side out, in;
	int fd = port_open(self->box, "ring", RECEIVER);

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_TRUE(side_open(&in, fd, RECEIVER));
	memset(out.data, 0xff, SIZE);
	side_producer(&out, &p);
	side_consumer(&in, &c);
	EXPECT_EQ(-EBADMSG, peek(&c));
	ipcbox_ring_finish(&c.side);
	side_close(&in);
	EXPECT_EQ(-EAGAIN, ring_attach(self->consumer, RECEIVER, &lane));
	EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, RECEIVER, IPCBOX_RING_ANY,
				     IPCBOX_NOWAIT, 0));
	EXPECT_EQ(0, polled(self->consumer, POLLIN));
	EXPECT_NE(0, out.ends[1]->ended);
	/* and it is gone with its producer, although it was never drained */
	side_close(&out);
	self->producer = -1;
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(ring, stat)
{
	const uint64_t need = ipcbox_ring_need(5);
	struct ipcbox_ring_producer p;
	struct ipcbox_ring_consumer c;
	struct ipcbox_stat stat;
	struct side out, in;

	EXPECT_STAT(self->port, lanes, 0);
	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	side_producer(&out, &p);
	side_consumer(&in, &c);
	ASSERT_EQ(0, put(&p, "Hello", 5));
	ASSERT_EQ(0, put(&p, "World", 5));
	ASSERT_TRUE(next_is(&c, "Hello"));
	ipcbox_ring_take(&c);
	ipcbox_ring_release(&c);
	in.ends[1]->waiting = IPCBOX_RING_WAITS;
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(1, stat.lanes);
	EXPECT_EQ(need, stat.bytes);
	EXPECT_EQ(2 * need, stat.sent_bytes);
	EXPECT_EQ(need, stat.received_bytes);
	EXPECT_EQ(0, stat.waiting_senders);
	EXPECT_EQ(1, stat.waiting_receivers);
	/* what they say is not believed beyond the capacity */
	out.ends[0]->position = ~0ULL;
	EXPECT_STAT(self->port, bytes, CAPACITY);
	out.ends[0]->position = 2 * need;
	in.ends[1]->position = 2 * need;
	side_close(&out);
	side_close(&in);
	self->producer = -1;
	self->consumer = -1;
	ASSERT_EQ(0, port_stat(self->port, &stat));
	EXPECT_EQ(0, stat.lanes);
	EXPECT_EQ(2 * need, stat.sent_bytes);
	EXPECT_EQ(2 * need, stat.received_bytes);
}

TEST_F(ring, charged)
{
	struct ipcbox_info info;
	struct side out;

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes + SIZE + 2 * PAGE, info.user_bytes);
	side_close(&out);
	self->producer = -1;
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(ring, over_the_quota)
{
	struct ipcbox_port_create attr = ring_attr("large");
	struct ipcbox_ring_attach lane;
	int port;

	attr.max_bytes = self->before.max_bytes + 1;
	if (attr.max_bytes > ipcbox_ring_capacity_max(IPCBOX_RING_SIZE_MAX))
		SKIP(return, "the quota is larger than a lane");
	port = port_create(self->box, &attr);
	ASSERT_LE(0, port);
	EXPECT_EQ(-EDQUOT, ring_attach(port, SENDER, &lane));
	EXPECT_NOTHING_CHARGED(self);
	close(port);
}

TEST_F(ring, deleted)
{
	struct ipcbox_ring_producer p;
	struct ipcbox_ring_consumer c;
	struct ipcbox_ring_attach lane;
	struct side out, in;
	void *payload;
	pid_t pid;

	ASSERT_TRUE(side_open(&out, self->producer, SENDER));
	ASSERT_TRUE(side_open(&in, self->consumer, RECEIVER));
	side_producer(&out, &p);
	side_consumer(&in, &c);
	ASSERT_EQ(0, put(&p, "last", 4));
	in.ends[1]->waiting = IPCBOX_RING_WAITS;
	pid = fork();
	if (!pid)
		_exit(ring_wait(in.fd, RECEIVER, IPCBOX_RING_ANY, 0, 0) == -EIDRM ?
		      42 : 1);
	sleep_ns(50 * MSEC);	/* so that it most likely sleeps */
	ASSERT_EQ(0, port_delete(self->box, "ring"));
	EXPECT_EQ(42, child_wait(pid));
	EXPECT_EQ(-EIDRM, ring_attach(in.fd, RECEIVER, &lane));
	EXPECT_EQ(-EIDRM, ring_attach(self->port, SENDER, &lane));
	EXPECT_EQ(-EIDRM, ring_wake(out.fd, SENDER, IPCBOX_RING_ANY));
	EXPECT_NE(0, polled(in.fd, POLLIN) & POLLHUP);
	/* what is mapped is still there */
	EXPECT_TRUE(next_is(&c, "last"));
	ipcbox_ring_take(&c);
	EXPECT_EQ(-EPIPE, peek(&c));
	while (!ipcbox_ring_reserve(&p, 1000, &payload))
		ipcbox_ring_commit(&p, 1000);
	EXPECT_EQ(-EPIPE, ipcbox_ring_reserve(&p, 1000, &payload));
	side_close(&out);
	side_close(&in);
	self->producer = -1;
	self->consumer = -1;
	EXPECT_NOTHING_CHARGED(self);
}

TEST_F(ring, epoll_of_several_lanes)
{
	struct side out[LANES], in[LANES];
	struct ipcbox_ring_producer p;
	struct ipcbox_ring_consumer c;
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0), i;

	for (i = 0; i < LANES; i++) {
		ASSERT_TRUE(side_open(&out[i], port_open(self->box, "ring", SENDER),
				      SENDER));
		ASSERT_TRUE(side_open(&in[i], self->consumer, RECEIVER));
		in[i].ends[1]->waiting = IPCBOX_RING_WAITS;
	}
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->consumer, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	for (i = 0; i < LANES; i++) {
		side_producer(&out[i], &p);
		side_consumer(&in[i], &c);
		ASSERT_EQ(1, put(&p, "x", 1));
		EXPECT_EQ(0, ring_wake(out[i].fd, SENDER, out[i].lane.lane));
		EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
		EXPECT_EQ(0, peek(&c));
		ipcbox_ring_arm(&c.side);
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	}
	close(epoll);
}

TEST_HARNESS_MAIN
