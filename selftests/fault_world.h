/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths through the module on which each allocation and each user copy fails
 * once: the n-th in a world of its own, for n = 1, 2, … until there is no n-th.
 * After each failure the world must be as it was before the call.
 *
 * To be included after the harness. A test is PATH(name, struct path's fields).
 */
#ifndef IPCBOX_FAULT_WORLD_H
#define IPCBOX_FAULT_WORLD_H

#include <sys/mman.h>

#include "call.h"
#include "fault.h"
#include "leak.h"

#define PATH_TIMEOUT	240
#define LARGE		(100UL << 10)	/* more than one slab object holds */
#define FIRST		'a'		/* what the bytes of messages are */
#define SECOND		'b'
#define SENT		'n'
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
 * @expected: what @check, or else @run, returns without a fault
 * @rendezvous: the port has no capacity
 * @capacity: of the port in messages; 0 for no limit
 * @first: length of the first message in line; 0 for none
 * @second: of the second
 * @sends: length of the message that @run adds to the line
 * @takes: @run takes the first message out of the line
 * @late: a message of this length is sent once @run waits
 * @lives: LIVES() of the kinds that @run copes with, in addition to
 *	FAULT_PAGES: a slab cache that does not get many pages tries with fewer
 * @any_error: @run may fail with whatever the core kernel makes of it
 * @slow: do not look for leaks, which takes ROUNDS of all n
 * @least: failures of each kind in one round, at least: with none, the test
 *	would test nothing
 */
struct path {
	void (*prepare)(struct world *world);
	long (*run)(struct world *world);
	long (*check)(struct world *world, long ret);
	long expected;
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
	unsigned int least[FAULT_KINDS];
};

#define ROUNDS	12

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
 * @send: argument for @path->run, likewise @recv and @segments
 * @fd: opened by @path->prepare or @path->run, or -1
 * @netns: the network namespace to come back to, or -1
 * @partner: the other side, a waiting call
 * @partners: whether there is one
 * @over: the call has ended
 * @was_late: @path->late was sent
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
	must(!msg_send(world->port, buffer, len, byte, 1, IPCBOX_NOWAIT),
	     "a message in line");
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

static inline void world_begin(struct world *world, const struct path *path,
			       int box)
{
	struct ipcbox_port_create attr = port_attr("port");

	*world = (struct world){
		.path = path, .box = box, .fd = -1, .netns = -1,
	};
	if (!path->rendezvous)
		attr.max_messages = path->capacity ?: IPCBOX_UNLIMITED;
	else
		attr.max_messages = 0;
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
	int next_fd;
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

/* The messages are there, in order and whole, and no others. */
static inline void expect_line(struct __test_metadata *_metadata,
			       const struct world *world, int from)
{
	struct ipcbox_recv recv = {};
	int i;

	for (i = from; i < world->messages; i++) {
		memset(buffer, 0, sizeof(buffer));
		EXPECT_EQ(0, msg_recv(world->port, buffer, sizeof(buffer),
				      IPCBOX_NOWAIT, &recv));
		EXPECT_EQ(world->line[i].len, recv.msg_len);
		EXPECT_TRUE(all_are(buffer, world->line[i].byte, recv.msg_len));
	}
	if (!world->partners)
		EXPECT_EQ(-EAGAIN, msg_recv(world->port, buffer, sizeof(buffer),
					    IPCBOX_NOWAIT, &recv));
}

/* Without a fault, or in spite of one. */
static inline void expect_success(struct __test_metadata *_metadata,
				  struct world *world)
{
	const struct path *path = world->path;

	if (path->sends)
		world_expect(world, SENT, path->sends);
	expect_line(_metadata, world, path->takes);
}

/* Making things fail */

static inline void expect_error(struct __test_metadata *_metadata,
				const struct path *path, enum fault_kind kind,
				long ret)
{
	long expected = kind == FAULT_COPY ? -EFAULT : -ENOMEM;

	EXPECT_EQ(path->any_error && ret < 0 ? ret : expected, ret);
	EXPECT_NE(-EBADMSG, ret);
}

/* Lets the n-th fail, and says what that was. */
static inline enum fault_kind fail_nth(struct __test_metadata *_metadata,
				       struct fault *fault,
				       const struct path *path, int box,
				       unsigned int n)
{
	struct snapshot before;
	enum fault_kind kind;
	struct world world;
	long ret;

	world_begin(&world, path, box);
	before = snapshot_take(&world);
	fault_arm(fault, n);
	ret = path->run(&world);
	kind = fault_disarm(fault);
	world_late(&world, &before);
	if (path->check)
		ret = path->check(&world, ret);
	EXPECT_NE(FAULT_OTHER, kind);
	if (kind == FAULT_NONE ||
	    (LIVES(kind) & (path->lives | LIVES(FAULT_PAGES)) &&
	     ret == path->expected)) {
		EXPECT_EQ(path->expected, ret);
		/* One that fails anyway is one more to change nothing. */
		if (ret < 0)
			expect_unchanged(_metadata, &world, &before);
		expect_success(_metadata, &world);
	} else {
		expect_error(_metadata, path, kind, ret);
		expect_unchanged(_metadata, &world, &before);
		expect_line(_metadata, &world, 0);
	}
	world_end(&world);
	return kind;
}

/*
 * Lets each fail once: how many of each kind there were. A cache that had to
 * try with fewer pages has enough now, so there is another n-th.
 */
static inline void fail_each(struct __test_metadata *_metadata,
			     struct fault *fault, const struct path *path,
			     int box, unsigned int *count)
{
	enum fault_kind kind = FAULT_NONE;
	unsigned int n, again = 0;

	memset(count, 0, FAULT_KINDS * sizeof(*count));
	for (n = 1; _metadata->passed; n++) {
		kind = fail_nth(_metadata, fault, path, box, n);
		if (kind == FAULT_NONE)
			break;
		if (kind < FAULT_KINDS)
			count[kind]++;
		if (kind == FAULT_PAGES && again++ < 3)
			n--;
		else
			again = 0;
	}
	if (!_metadata->passed)
		TH_LOG("where number %u, of kind %d, failed", n, kind);
}

/* One failure may leak little, the same one again and again leaks much. */
struct rounds {
	struct __test_metadata *metadata;
	struct fault *fault;
	const struct path *path;
	int box;
};

static inline bool rounds_run(void *arg)
{
	struct rounds *rounds = arg;
	unsigned int count[FAULT_KINDS], i;

	for (i = 0; i < ROUNDS && rounds->metadata->passed; i++)
		fail_each(rounds->metadata, rounds->fault, rounds->path,
			  rounds->box, count);
	return rounds->metadata->passed;
}

static inline void follow(struct __test_metadata *_metadata,
			  struct fault *fault, const struct path *path, int box)
{
	struct rounds rounds = { _metadata, fault, path, box };
	unsigned int count[FAULT_KINDS];
	struct ipcbox_info info;
	enum fault_kind kind;
	const char *leaks;

	/* Once without, so that each page is there and each cache is warm. */
	fail_nth(_metadata, fault, path, box, 1U << 30);
	fail_each(_metadata, fault, path, box, count);
	TH_LOG("failed in turn: %u objects, %u pages, %u copies",
	       count[FAULT_SLAB], count[FAULT_PAGES], count[FAULT_COPY]);
	for (kind = 0; kind < FAULT_KINDS; kind++)
		EXPECT_LE(path->least[kind], count[kind]);
	if (_metadata->passed && !path->slow) {
		leaks = leak_by(rounds_run, &rounds, ROUNDS);
		EXPECT_EQ(NULL, leaks)
			TH_LOG("%s", leaks);
	}
	EXPECT_EQ(0, box_info(box, &info));
	EXPECT_EQ(0, info.user_ports);
	EXPECT_EQ(0, info.user_bytes);
	EXPECT_EQ(0, info.box_ports);
}

FIXTURE(faults)
{
	struct fault fault;
	int box;
};

/* Skipping in a fixture would not keep the tests from running. */
static void __attribute__((constructor)) faults_or_skip(void)
{
	fault_or_skip();
}

FIXTURE_SETUP(faults)
{
	memset(payload, SENT, sizeof(payload));
	ASSERT_TRUE(fault_init(&self->fault));
	self->box = box_private();
	ASSERT_LE(0, self->box);
	/* Opens the file. */
	ASSERT_LE(0, leak_module_references());
	world_user = 100000 + 2 * getpid();
	ASSERT_EQ(0, setresuid(world_user, 0, 0));
}

FIXTURE_TEARDOWN(faults)
{
	close(self->fault.nth);
	close(self->box);
}

#define PATH(name, ...)							\
	TEST_F_TIMEOUT(faults, name, PATH_TIMEOUT)			\
	{								\
		static const struct path path = { __VA_ARGS__ };	\
									\
		follow(_metadata, &self->fault, &path, self->box);	\
	}

#endif /* IPCBOX_FAULT_WORLD_H */
