/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Following a path through the module again and again: the n-th thing that can
 * fail fails, for n = 1, 2, … until there is no n-th
 *
 * To be included after the harness. A test is PATH(name) { … };
 */
#ifndef IPCBOX_FAULT_PATH_H
#define IPCBOX_FAULT_PATH_H

#include "fault_world.h"

#define PATH_TIMEOUT	240
#define ROUNDS		12
#define NUMBERS		4096
#define BACK		3

/**
 * struct follow - what a test does
 * @_metadata: of the test
 * @fault: of the thread
 * @path: that it follows
 * @box: where
 * @total: of what can fail, roughly
 * @failed: how many of each kind have failed in turn
 * @seen: which numbers those were
 */
struct follow {
	struct __test_metadata *_metadata;
	struct fault *fault;
	const struct path *path;
	int box;
	unsigned int total;
	unsigned int failed[FAULT_KINDS];
	bool seen[FAULT_KINDS][NUMBERS];
};

static inline void expect_error(struct __test_metadata *_metadata,
				const struct path *path, enum fault_kind kind,
				long ret)
{
	long expected = kind == FAULT_COPY ? -EFAULT : -ENOMEM;

	EXPECT_EQ(path->any_error && ret < 0 ? ret : expected, ret);
	EXPECT_NE(-EBADMSG, ret);
}

/* May the path, and did it, come to its end although this has failed? */
static inline bool has_lived(const struct follow *follow, enum fault_kind kind,
			     long ret)
{
	/* A slab cache that does not get many pages tries with fewer. */
	unsigned int lives = follow->path->lives | LIVES(FAULT_PAGES);

	if (follow->fault->leak_checker)
		lives |= LIVES(FAULT_SLAB);
	return lives & LIVES(kind) && ret == follow->path->expected;
}

/* An object without which the call has succeeded may have been anybody's. */
static inline void count_failed(struct follow *follow, unsigned int n,
				enum fault_kind kind, bool lived)
{
	if (kind == FAULT_SLAB && lived && follow->fault->leak_checker &&
	    !(follow->path->lives & LIVES(kind)))
		return;
	/* Each number once, however often it is tried. */
	if (n < NUMBERS && follow->seen[kind][n])
		return;
	if (n < NUMBERS)
		follow->seen[kind][n] = true;
	follow->failed[kind]++;
}

/* Lets the n-th fail, and says what that was. */
static inline enum fault_kind fail_nth(struct follow *follow, unsigned int n)
{
	struct __test_metadata *_metadata = follow->_metadata;
	const struct path *path = follow->path;
	struct snapshot before;
	enum fault_kind kind;
	struct world world;
	bool lived;
	long ret;

	world_begin(&world, path, follow->box);
	before = snapshot_take(&world);
	fault_arm(follow->fault, n);
	ret = path->run(&world);
	kind = fault_disarm(follow->fault);
	world_late(&world, &before);
	if (path->check)
		ret = path->check(&world, ret);
	EXPECT_NE(FAULT_OTHER, kind);
	lived = has_lived(follow, kind, ret);
	if (kind < FAULT_KINDS)
		count_failed(follow, n, kind, lived);
	if (kind == FAULT_NONE || lived) {
		EXPECT_EQ(path->expected, ret);
		expect_success(_metadata, &world, &before);
	} else {
		expect_error(_metadata, path, kind, ret);
		expect_unchanged(_metadata, &world, &before);
		expect_line(_metadata, &world, 0);
	}
	world_end(&world);
	return kind;
}

/*
 * Where a cache was filled up, pages took the place of what comes after them
 * once it is full: the last numbers are tried again.
 */
static inline void fail_last(struct follow *follow, unsigned int n)
{
	unsigned int i;

	for (i = 1; i <= BACK && i < n && follow->_metadata->passed; i++)
		fail_nth(follow, n - i);
}

/*
 * A cache that had to try with fewer pages has enough now: there is another
 * n-th. Where pages are never enough, not for ever.
 */
static inline void fail_each(struct follow *follow)
{
	struct __test_metadata *_metadata = follow->_metadata;
	enum fault_kind kind = FAULT_NONE;
	unsigned int last = follow->path->last;
	unsigned int n = 1, again = 0;

	memset(follow->failed, 0, sizeof(follow->failed));
	memset(follow->seen, 0, sizeof(follow->seen));
	if (last && last < follow->total)
		n = follow->total - last;
	for (; _metadata->passed; n++) {
		kind = fail_nth(follow, n);
		if (kind >= FAULT_KINDS)
			break;
		if (kind == FAULT_PAGES && again++ < 3)
			n--;
		else
			again = 0;
	}
	if (!_metadata->passed)
		TH_LOG("where number %u, of kind %d, failed", n, kind);
	else
		fail_last(follow, n);
}

/* All that the path is known to have to fail has failed. */
static inline bool enough_failed(const struct follow *follow)
{
	return follow->failed[FAULT_SLAB] >= follow->path->objects &&
	       follow->failed[FAULT_PAGES] >= follow->path->pages &&
	       follow->failed[FAULT_COPY] >= follow->path->copies;
}

/*
 * Where a cache was filled up, there was more to count, and the next n is too
 * high for a call without that: another round has what this one has missed.
 */
static inline void fail_each_surely(struct follow *follow)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		fail_each(follow);
		if (!follow->_metadata->passed || enough_failed(follow))
			return;
	}
}

/* One failure may leak little, the same one again and again leaks much. */
static inline bool fail_each_often(void *arg)
{
	struct follow *follow = arg;
	int i;

	for (i = 0; i < ROUNDS && follow->_metadata->passed; i++)
		fail_each(follow);
	return follow->_metadata->passed;
}

static inline void expect_nothing_left(struct __test_metadata *_metadata,
				       int box)
{
	struct ipcbox_info info;

	EXPECT_EQ(0, box_info(box, &info));
	EXPECT_EQ(0, info.user_ports);
	EXPECT_EQ(0, info.user_bytes);
	EXPECT_EQ(0, info.box_ports);
}

static inline void follow_path(struct follow *follow)
{
	struct __test_metadata *_metadata = follow->_metadata;
	const struct path *path = follow->path;
	const char *leaks;

	/* Once without, so that each page is there and each cache is warm. */
	fail_nth(follow, 1U << 30);
	follow->total = follow->fault->counted;
	fail_each_surely(follow);
	TH_LOG("failed in turn: %u objects, %u pages, %u copies",
	       follow->failed[FAULT_SLAB], follow->failed[FAULT_PAGES],
	       follow->failed[FAULT_COPY]);
	EXPECT_LE(path->objects, follow->failed[FAULT_SLAB]);
	EXPECT_LE(path->pages, follow->failed[FAULT_PAGES]);
	EXPECT_LE(path->copies, follow->failed[FAULT_COPY]);
	if (_metadata->passed && !path->slow) {
		leaks = leak_by(fail_each_often, follow, ROUNDS);
		EXPECT_EQ(NULL, leaks)
			TH_LOG("%s", leaks);
	}
	expect_nothing_left(_metadata, follow->box);
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

#define PATH(name)							\
	static const struct path path_##name;				\
	TEST_F_TIMEOUT(faults, name, PATH_TIMEOUT)			\
	{								\
		struct follow follow = {				\
			_metadata, &self->fault, &path_##name, self->box, \
		};							\
									\
		follow_path(&follow);					\
	}								\
	static const struct path path_##name =

#endif /* IPCBOX_FAULT_PATH_H */
