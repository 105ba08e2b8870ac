/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world for one call: a box with a port, messages in line, perhaps somebody
 * who waits on the other side; and a look at all that the call must leave as it
 * was if it fails
 */
#ifndef IPCBOX_FAULT_WORLD_H
#define IPCBOX_FAULT_WORLD_H

#include <poll.h>
#include <sys/mman.h>

#include "call.h"
#include "fault.h"
#include "leak.h"

#define LARGE		(100UL << 10)	/* more than one slab object holds */
#define FIRST		'a'		/* what the bytes of messages are */
#define SECOND		'b'
#define SENT		'n'
#define LANES		2		/* of a ring port, each with … */
#define LANE_BYTES	4088U		/* … this capacity */
#define LIVES(kind)	(1U << (kind))

/* Charged are real users of whom nothing else is left: this one and the next. */
static uid_t world_user;

static char payload[LARGE];	/* of SENT */
static char buffer[LARGE];

struct world;

/**
 * struct path - a call, and the world it is made in
 * @prepare: what comes before the call and does not fail
 * @run: the call; what it opens goes to world->fd
 * @check: looks at what came of it: takes what @run has returned, and returns
 *	that or something else
 * @end: undoes what goes neither with the ports nor with world->fd
 * @expected: what @check, or else @run, returns without a fault
 * @kind: of the port
 * @rendezvous: the port has no capacity
 * @capacity: of the port in messages; 0 for no limit
 * @first: length of the first message in line; 0 for none
 * @second: of the second
 * @sends: length of the message that @run adds to the line
 * @takes: @run takes the first message out of the line
 * @late: a message of this length is sent once @run waits
 * @lives: LIVES() of the kinds that @run copes with
 * @any_error: @run may fail with whatever the core kernel makes of it
 * @last: only so many, the last ones, fail; 0 for all
 * @slow: do not look for leaks, which takes many rounds
 * @objects: slab objects, at least, that @run allocates: with none to fail, the
 *	test would test nothing
 * @pages: pages, likewise
 * @copies: user copies, likewise
 */
struct path {
	void (*prepare)(struct world *world);
	long (*run)(struct world *world);
	long (*check)(struct world *world, long ret);
	void (*end)(struct world *world);
	long expected;
	uint32_t kind;
	bool rendezvous;
	uint64_t capacity;
	size_t first;
	size_t second;
	size_t sends;
	bool takes;
	size_t late;
	unsigned int lives;
	bool any_error;
	bool slow;
	unsigned int last;
	unsigned int objects;
	unsigned int pages;
	unsigned int copies;
};

struct line_entry {
	char byte;
	size_t len;
};

/**
 * struct world - a box with one port, new for each n
 * @path: what happens in it
 * @box: the test's own
 * @port: handle with all rights on a port named "port"
 * @line: the messages that are in line
 * @messages: how many
 * @send: argument for @path->run
 * @recv: likewise
 * @segments: likewise
 * @fd: opened by @path->prepare or @path->run, or -1
 * @netns: the network namespace to come back to, or -1
 * @partner: the other side, a waiting call
 * @partners: whether there is one
 * @over: the call has ended
 * @was_late: @path->late was sent
 * @latecomer: the thread that sends it
 */
struct world {
	const struct path *path;
	int box;
	int port;
	struct line_entry line[4];
	int messages;
	struct ipcbox_send send;
	struct ipcbox_recv recv;
	struct iovec segments[32];
	int fd;
	int netns;
	struct call partner;
	bool partners;
	bool over;
	bool was_late;
	pthread_t latecomer;
};

/* Building and tearing down */

static inline bool all_are(const char *data, char byte, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (data[i] != byte)
			return false;
	return true;
}

static inline void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static inline void world_expect(struct world *world, char byte, size_t len)
{
	world->line[world->messages++] = (struct line_entry){ byte, len };
}

static inline void world_send(struct world *world, char byte, size_t len)
{
	if (!len)
		return;
	memset(buffer, byte, len);
	if (world->path->kind == IPCBOX_KIND_STREAM)
		must(sys_write(world->port, buffer, len) == len, "bytes");
	else
		must(!msg_send(world->port, buffer, len, byte, 1,
			       IPCBOX_NOWAIT), "a message in line");
	world_expect(world, byte, len);
}

static inline void *world_latecomer(void *arg)
{
	struct world *world = arg;
	struct ipcbox_stat stat = {};
	char *data = malloc(world->path->late);

	memset(data, FIRST, world->path->late);
	while (!__atomic_load_n(&world->over, __ATOMIC_ACQUIRE) &&
	       !port_stat(world->port, &stat) && !stat.waiting_receivers)
		sleep_ns(MSEC / 4);
	if (stat.waiting_receivers)
		world->was_late = !msg_send(world->port, data,
					    world->path->late, 0, 0,
					    IPCBOX_NOWAIT);
	free(data);
	return NULL;
}

static inline struct ipcbox_port_create world_attr(const struct path *path)
{
	struct ipcbox_port_create attr = port_attr("port");

	attr.kind = path->kind;
	if (path->kind == IPCBOX_KIND_LISTENER)
		attr.rights = IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE;
	if (path->kind == IPCBOX_KIND_RING) {
		attr.max_messages = LANES;
		attr.max_bytes = LANE_BYTES;
	} else if (path->rendezvous) {
		attr.max_messages = 0;
	} else {
		attr.max_messages = path->capacity ?: IPCBOX_UNLIMITED;
	}
	return attr;
}

static inline void world_begin(struct world *world, const struct path *path,
			       int box)
{
	struct ipcbox_port_create attr = world_attr(path);

	*world = (struct world){
		.path = path, .box = box, .fd = -1, .netns = -1,
	};
	world->port = port_create(box, &attr);
	must(world->port >= 0, "a port");
	world_send(world, FIRST, path->first);
	world_send(world, SECOND, path->second);
	memset(buffer, 0, sizeof(buffer));
	if (path->prepare)
		path->prepare(world);
	if (path->late)
		must(!pthread_create(&world->latecomer, NULL, world_latecomer,
				     world), "a thread");
}

static inline void world_partner(struct world *world, struct call call)
{
	bool sends = call.kind == CALL_SEND || call.kind == CALL_WRITE;

	world->partner = call;
	world->partners = true;
	call_start(&world->partner);
	must(wait_for_waiters(world->port, sends, !sends), "a partner");
}

/* Segments of a buffer, in world->segments. */
static inline void world_split(struct world *world, char *data, size_t len,
			       int segments)
{
	size_t each = len / segments;
	int i;

	for (i = 0; i < segments; i++) {
		world->segments[i].iov_base = data + i * each;
		world->segments[i].iov_len = i < segments - 1 ? each :
					     len - i * each;
	}
}

/* Whatever is in the box, the port itself included. */
static inline void world_delete_ports(struct world *world)
{
	struct ipcbox_stat entry;
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};

	while (!sys_ioctl(world->box, IPCBOX_PORT_LIST, &list) && list.count)
		must(!port_delete_id(world->box, entry.id), "a deletion");
}

static inline void world_end(struct world *world)
{
	if (world->path->end)
		world->path->end(world);
	world_delete_ports(world);
	if (world->partners)
		call_join(&world->partner);
	if (world->fd >= 0)
		close(world->fd);
	if (world->netns >= 0) {
		must(!setns(world->netns, CLONE_NEWNET), "the way back");
		close(world->netns);
	}
	close(world->port);
	must(!setresuid(world_user, -1, -1), "a user");
}

/* Of several programs */

/* Nothing comes. There are more than poll() has room for on its stack. */
static inline long run_poll(struct world *world)
{
	struct pollfd polls[64];
	int i, ret;

	for (i = 0; i < 64; i++)
		polls[i] = (struct pollfd){ world->port, POLLIN };
	ret = poll(polls, 64, 1);
	return ret < 0 ? -errno : ret;
}

/* Looking */

/**
 * struct snapshot - all that a failed call must leave alone
 * @stat: the port
 * @info: quotas
 * @next_fd: the lowest descriptor that is free
 * @references: on the module, one by each open file
 */
struct snapshot {
	struct ipcbox_stat stat;
	struct ipcbox_info info;
	long next_fd;
	long references;
};

static inline struct snapshot snapshot_take(const struct world *world)
{
	struct snapshot snapshot = {};

	must(!port_stat(world->port, &snapshot.stat), "STAT");
	must(!box_info(world->box, &snapshot.info), "INFO");
	snapshot.next_fd = dup(world->box);
	close(snapshot.next_fd);
	snapshot.references = leak_module_references();
	return snapshot;
}

/* What the latecomer has sent is there in addition. */
static inline void world_late(struct world *world, struct snapshot *before)
{
	size_t len = world->path->late;

	if (!len)
		return;
	__atomic_store_n(&world->over, true, __ATOMIC_RELEASE);
	must(!pthread_join(world->latecomer, NULL), "a thread");
	if (!world->was_late)
		return;
	world_expect(world, FIRST, len);
	before->stat.messages++;
	before->stat.bytes += len;
	before->stat.next_size = len;
	before->stat.sent++;
	before->stat.sent_bytes += len;
	before->info.user_bytes += len + before->info.msg_overhead;
}

static inline void expect_unchanged(struct __test_metadata *_metadata,
				    const struct world *world,
				    const struct snapshot *before)
{
	struct snapshot after = snapshot_take(world);

	EXPECT_EQ(before->stat.messages, after.stat.messages);
	EXPECT_EQ(before->stat.taken, after.stat.taken);
	EXPECT_EQ(before->stat.sent, after.stat.sent);
	EXPECT_EQ(before->stat.received, after.stat.received);
	EXPECT_EQ(before->stat.handles, after.stat.handles);
	EXPECT_EQ(before->stat.waiting_senders, after.stat.waiting_senders);
	EXPECT_EQ(0, memcmp(&before->stat, &after.stat, sizeof(after.stat)));
	EXPECT_EQ(before->info.user_ports, after.info.user_ports);
	EXPECT_EQ(before->info.user_bytes, after.info.user_bytes);
	EXPECT_EQ(before->info.box_ports, after.info.box_ports);
	EXPECT_EQ(0, memcmp(&before->info, &after.info, sizeof(after.info)));
	EXPECT_EQ(before->next_fd, after.next_fd);
	EXPECT_EQ(before->references, after.references);
}

/* Takes what is first: the bytes of a stream know no messages. */
static inline void expect_next(struct __test_metadata *_metadata,
			       const struct world *world,
			       struct line_entry next)
{
	struct ipcbox_recv recv = {};

	memset(buffer, 0, sizeof(buffer));
	if (world->path->kind == IPCBOX_KIND_STREAM) {
		EXPECT_EQ(next.len, sys_read(world->port, buffer, next.len));
	} else {
		EXPECT_EQ(0, msg_recv(world->port, buffer, sizeof(buffer),
				      IPCBOX_NOWAIT, &recv));
		EXPECT_EQ(next.len, recv.msg_len);
	}
	EXPECT_TRUE(all_are(buffer, next.byte, next.len));
}

/* The messages are there, in order and whole, and no others. */
static inline void expect_line(struct __test_metadata *_metadata,
			       const struct world *world, int from)
{
	struct ipcbox_recv recv = {};
	int i;

	if (world->path->kind == IPCBOX_KIND_RING)
		return;
	for (i = from; i < world->messages; i++)
		expect_next(_metadata, world, world->line[i]);
	if (!world->partners)
		EXPECT_EQ(-EAGAIN, msg_recv(world->port, buffer, sizeof(buffer),
					    IPCBOX_NOWAIT, &recv));
}

/* Without a fault, or in spite of one. */
static inline void expect_success(struct __test_metadata *_metadata,
				  struct world *world,
				  const struct snapshot *before)
{
	const struct path *path = world->path;

	/* What fails anyway is one more to change nothing. */
	if (path->expected < 0)
		expect_unchanged(_metadata, world, before);
	if (path->sends)
		world_expect(world, SENT, path->sends);
	expect_line(_metadata, world, path->takes);
}

#endif /* IPCBOX_FAULT_WORLD_H */
