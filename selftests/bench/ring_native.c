// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a record costs on a real machine, through the ring and through its peers
 *
 * Two processes, each on a processor of its own, and memory that they share; no
 * module is needed. Each contender carries the same payloads from the private
 * memory of one process to that of the other; the receiver looks at a number
 * in each. What is shown:
 *
 *	one way		time for each message while one sends and the other receives
 *	round trip	a message and its answer, of the same length
 *
 * All contenders take turns, in many short rounds, and each figure is a median:
 * a machine that does something else in between is slower for all of them. With
 * the right to do so the processes run in real time, so that little comes between.
 *
 * The cache line that goes back and forth is what no contender can beat: two words in
 * two lines, and nothing else. ck_ring carries pointers; the payloads lie in an
 * array beside it.
 */

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#if __has_include(<ck_ring.h>)
#include <ck_ring.h>
#define HAVE_CK
#endif

#include "../../userlib/tests/lane.h"
#include "bench.h"
#include "ring_native.h"

char outgoing[LENGTH_MAX], incoming[LENGTH_MAX];

void out_of_order(const char *name)
{
	errx(EXIT_FAILURE, "%s: not the message that was sent", name);
}

void *shared_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		DIE("mmap");
	return memory;
}

void shared_free(void *memory, size_t size)
{
	munmap(memory, size);
}

static void *context_new(size_t size)
{
	void *context = calloc(1, size);

	if (!context)
		DIE("calloc");
	return context;
}

/* The ring. Looks a while before it sleeps; counts how often it did. */

#define PATIENCE	20000

struct ring {
	struct lane lane[2];
	struct ipcbox_ring_producer p[2];
	struct ipcbox_ring_consumer c[2];
};

static unsigned long *sleeps;	/* shared */

static void *ring_open_as(size_t length, bool light)
{
	struct ring *x = context_new(sizeof(*x));
	int i;

	for (i = 0; i < 2; i++) {
		struct lane *lane = &x->lane[i];

		lane_new(lane, ROOM(length));
		lane_producer(lane, &x->p[i], ipcbox_ring_capacity_max(lane->size));
		lane_consumer(lane, &x->c[i]);
		if (light && !(lane_light(&x->p[i].side) && lane_light(&x->c[i].side)))
			errx(EXIT_FAILURE, "no membarrier");
	}
	return x;
}

static void *ring_open(size_t length)
{
	return ring_open_as(length, true);
}

static void *ring_open_full(size_t length)
{
	return ring_open_as(length, false);
}

static void ring_close(void *context)
{
	struct ring *x = context;

	lane_free(&x->lane[0]);
	lane_free(&x->lane[1]);
	free(x);
}

static __attribute__((noinline)) void ring_wait_room(struct ipcbox_ring_producer *p,
						     __u32 length, void **payload)
{
	int i;

	for (i = 0; i < PATIENCE; i++)
		if (!ipcbox_ring_reserve(p, length, payload))
			return;
	++*sleeps;
	if (lane_reserve(p, length, payload))
		errx(EXIT_FAILURE, "ring: reserve");
}

static __attribute__((noinline)) void ring_wait_record(struct ipcbox_ring_consumer *c,
						       const void **payload, __u32 *len)
{
	int i;

	for (i = 0; i < PATIENCE; i++)
		if (!ipcbox_ring_peek(c, payload, len))
			return;
	++*sleeps;
	if (lane_peek(c, payload, len))
		errx(EXIT_FAILURE, "ring: peek");
}

ALWAYS void ring_send(struct ring *x, int way, size_t length)
{
	struct ipcbox_ring_producer *p = &x->p[way];
	void *payload;

	if (ipcbox_ring_reserve(p, (__u32)length, &payload))
		ring_wait_room(p, (__u32)length, &payload);
	memcpy(payload, outgoing, length);
	if (ipcbox_ring_commit(p, (__u32)length))
		lane_wake(&p->side);
}

ALWAYS void ring_receive(struct ring *x, int way, size_t length)
{
	struct ipcbox_ring_consumer *c = &x->c[way];
	const void *payload;
	__u32 len;

	if (ipcbox_ring_peek(c, &payload, &len))
		ring_wait_record(c, &payload, &len);
	if (len != length)
		out_of_order("ring");
	memcpy(incoming, payload, length);
	ipcbox_ring_take(c);
	if (ipcbox_ring_release(c))
		lane_wake(&c->side);
}

LOOPS(ring)

/* The textbook's ring of equal slots, with indices that each side remembers. */

struct slots_way {
	_Alignas(128) uint64_t tail;
	_Alignas(128) uint64_t head;
	_Alignas(128) char slot[];
};

struct slots {
	struct slots_way *way[2];
	uint64_t tail[2], head[2];	/* of this process, or as seen last */
	size_t count;
	size_t size;
};

static void *slots_open(size_t length)
{
	struct slots *x = context_new(sizeof(*x));
	int i;

	x->count = ROOM(length) / length;
	x->size = sizeof(struct slots_way) + ROOM(length);
	for (i = 0; i < 2; i++)
		x->way[i] = shared_new(x->size);
	return x;
}

static void slots_close(void *context)
{
	struct slots *x = context;

	shared_free(x->way[0], x->size);
	shared_free(x->way[1], x->size);
	free(x);
}

ALWAYS void slots_send(struct slots *x, int w, size_t length)
{
	struct slots_way *way = x->way[w];

	while (x->tail[w] - x->head[w] == x->count)
		x->head[w] = __atomic_load_n(&way->head, __ATOMIC_ACQUIRE);
	memcpy(way->slot + (x->tail[w] & (x->count - 1)) * length, outgoing, length);
	__atomic_store_n(&way->tail, ++x->tail[w], __ATOMIC_RELEASE);
}

ALWAYS void slots_receive(struct slots *x, int w, size_t length)
{
	struct slots_way *way = x->way[w];

	while (x->head[w] == x->tail[w])
		x->tail[w] = __atomic_load_n(&way->tail, __ATOMIC_ACQUIRE);
	memcpy(incoming, way->slot + (x->head[w] & (x->count - 1)) * length, length);
	__atomic_store_n(&way->head, ++x->head[w], __ATOMIC_RELEASE);
}

LOOPS(slots)

#ifdef HAVE_CK

/* Concurrency Kit: pointers, to payloads whose slots come round in order. */

struct ck {
	struct {
		ck_ring_t *ring;
		ck_ring_buffer_t *buffer;
		char *slot;
	} way[2];
	uint64_t sent[2];
	size_t count;
	size_t length;
};

/* The ring holds one less than its size; a slot more is being read. */
static void *ck_open(size_t length)
{
	struct ck *x = context_new(sizeof(*x));
	int i;

	x->count = ROOM(length) / length;
	x->length = length;
	for (i = 0; i < 2; i++) {
		x->way[i].ring = shared_new(sizeof(ck_ring_t));
		x->way[i].buffer = shared_new(x->count * sizeof(ck_ring_buffer_t));
		x->way[i].slot = shared_new(2 * ROOM(length));
		ck_ring_init(x->way[i].ring, (unsigned int)x->count);
	}
	return x;
}

static void ck_close(void *context)
{
	struct ck *x = context;
	int i;

	for (i = 0; i < 2; i++) {
		shared_free(x->way[i].ring, sizeof(ck_ring_t));
		shared_free(x->way[i].buffer, x->count * sizeof(ck_ring_buffer_t));
		shared_free(x->way[i].slot, 2 * ROOM(x->length));
	}
	free(x);
}

ALWAYS void ck_send(struct ck *x, int w, size_t length)
{
	char *slot = x->way[w].slot + (x->sent[w]++ & (2 * x->count - 1)) * length;

	/* free for sure: count have been enqueued after it, or it is the first lap */
	memcpy(slot, outgoing, length);
	while (!ck_ring_enqueue_spsc(x->way[w].ring, x->way[w].buffer, slot))
		;
}

ALWAYS void ck_receive(struct ck *x, int w, size_t length)
{
	void *slot;

	while (!ck_ring_dequeue_spsc(x->way[w].ring, x->way[w].buffer, &slot))
		;
	memcpy(incoming, slot, length);
}

LOOPS(ck)

#endif /* HAVE_CK */

/* One slot, and a word that says whose it is; each waits for the other. */

struct signalled_way {
	_Alignas(128) uint32_t full;
	_Alignas(128) char slot[LENGTH_MAX];
};

struct futex {
	struct signalled_way *way[2];
};

static void *futex_open(size_t length)
{
	struct futex *x = context_new(sizeof(*x));

	(void)length;
	x->way[0] = shared_new(sizeof(struct signalled_way));
	x->way[1] = shared_new(sizeof(struct signalled_way));
	return x;
}

static void futex_close(void *context)
{
	struct futex *x = context;

	shared_free(x->way[0], sizeof(struct signalled_way));
	shared_free(x->way[1], sizeof(struct signalled_way));
	free(x);
}

ALWAYS void futex_until(uint32_t *word, uint32_t value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		syscall(SYS_futex, word, FUTEX_WAIT, !value, NULL, NULL, 0);
}

ALWAYS void futex_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

ALWAYS void futex_send(struct futex *x, int way, size_t length)
{
	futex_until(&x->way[way]->full, 0);
	memcpy(x->way[way]->slot, outgoing, length);
	futex_set(&x->way[way]->full, 1);
}

ALWAYS void futex_receive(struct futex *x, int way, size_t length)
{
	futex_until(&x->way[way]->full, 1);
	memcpy(incoming, x->way[way]->slot, length);
	futex_set(&x->way[way]->full, 0);
}

LOOPS(futex)

/* A ring of slots, counted by two semaphores of the kernel's. */

struct event {
	char *slot[2];
	int full[2], room[2];
	uint64_t sent[2], received[2];
	size_t count;
	size_t size;
};

static void *event_open(size_t length)
{
	struct event *x = context_new(sizeof(*x));
	int i;

	x->count = ROOM(length) / length;
	x->size = ROOM(length);
	for (i = 0; i < 2; i++) {
		x->slot[i] = shared_new(x->size);
		x->full[i] = eventfd(0, EFD_SEMAPHORE);
		x->room[i] = eventfd((unsigned int)x->count, EFD_SEMAPHORE);
		if (x->full[i] < 0 || x->room[i] < 0)
			DIE("eventfd");
	}
	return x;
}

static void event_close(void *context)
{
	struct event *x = context;
	int i;

	for (i = 0; i < 2; i++) {
		shared_free(x->slot[i], x->size);
		close(x->full[i]);
		close(x->room[i]);
	}
	free(x);
}

static void event_down(int fd)
{
	uint64_t one;

	if (read(fd, &one, sizeof(one)) != sizeof(one))
		DIE("eventfd");
}

static void event_up(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		DIE("eventfd");
}

ALWAYS void event_send(struct event *x, int w, size_t length)
{
	event_down(x->room[w]);
	memcpy(x->slot[w] + (x->sent[w]++ & (x->count - 1)) * length, outgoing, length);
	event_up(x->full[w]);
}

ALWAYS void event_receive(struct event *x, int w, size_t length)
{
	event_down(x->full[w]);
	memcpy(incoming, x->slot[w] + (x->received[w]++ & (x->count - 1)) * length, length);
	event_up(x->room[w]);
}

LOOPS(event)

/* A cache line in each direction, and in it how many have come that way. */

static void line_run(void *context, enum side_role role, size_t length, unsigned long n)
{
	struct futex *x = context;
	uint32_t *out = &x->way[role == PING ? 0 : 1]->full;
	uint32_t *in = &x->way[role == PING ? 1 : 0]->full;
	uint32_t count = __atomic_load_n(out, __ATOMIC_RELAXED);

	(void)length;
	while (n--) {
		count++;
		if (role == PING)
			__atomic_store_n(out, count, __ATOMIC_RELEASE);
		while (__atomic_load_n(in, __ATOMIC_ACQUIRE) != count)
			;
		if (role == PONG)
			__atomic_store_n(out, count, __ATOMIC_RELEASE);
	}
}

/* Measuring */

static const struct contender contenders[] = {
	{ "ipcbox ring", 0, ring_open, ring_run, ring_close },
	{ "the same, full barriers", 0, ring_open_full, ring_run, ring_close },
	{ "fixed slots", 0, slots_open, slots_run, slots_close },
#ifdef HAVE_CK
	{ "ck_ring", 0, ck_open, ck_run, ck_close },
#endif
#ifdef HAVE_BOOST
	{ },	/* its row is in another file */
#endif
	{ "futex, one slot", 0, futex_open, futex_run, futex_close },
	{ "eventfd", 0, event_open, event_run, event_close },
	{ "cache line", 1, futex_open, line_run, futex_close },
};

static const size_t lengths[] = { 8, 64, 1024, 65536 };

#define CONTENDERS	ARRAY_SIZE(contenders)
#define ROUNDS_MAX	1000

static const struct contender *contender(unsigned int i)
{
#ifdef HAVE_BOOST
	if (!contenders[i].name)
		return &boost_contender;
#endif
	return &contenders[i];
}

static int processors[2];

static void pin(int which)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processors[which], &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		DIE("sched_setaffinity");
}

static void choose_processors(void)
{
	cpu_set_t set;
	int i, n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		DIE("sched_getaffinity");
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			processors[n++] = i;
	if (n < 2)
		errx(EXIT_FAILURE, "two processors are needed");
}

/* So many that a round takes about a millisecond, or as many as are told apart. */
static unsigned long messages(const struct contender *c, size_t length, bool flow)
{
	bool calls = c->run == futex_run || c->run == event_run;
	unsigned long n = flow ? 100000 : 5000;

	if (length == 1024)
		n /= 5;
	if (length == 65536)
		n /= 100;
	return calls && n > 500 ? 500 : n;
}

/* Nanoseconds for each message; the first laps, on cold memory, do not count. */
static double measure(const struct contender *c, size_t length, bool flow)
{
	unsigned long n = messages(c, length, flow), warm = n / 4;
	void *context = c->open(length);
	uint64_t start;
	double ns;
	pid_t child;

	/* In real time a child of this processor would not get to leave it. */
	pin(1);
	child = fork();
	if (child < 0)
		DIE("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		c->run(context, flow ? SEND : PONG, length, warm);
		c->run(context, flow ? SEND : PONG, length, n);
		_exit(0);
	}
	pin(0);
	c->run(context, flow ? RECEIVE : PING, length, warm);
	start = now_ns();
	c->run(context, flow ? RECEIVE : PING, length, n);
	ns = (double)(now_ns() - start) / (double)n;
	if (waitpid(child, NULL, 0) != child)
		DIE("waitpid");
	c->close(context);
	return ns;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *of, unsigned int n)
{
	qsort(of, n, sizeof(*of), by_value);
	return of[n / 2];
}

/* Each against the ring; below 1.00 is faster than it. */
static void table(bool flow, size_t length, unsigned int rounds)
{
	static double ns[CONTENDERS][ROUNDS_MAX];
	double first, m;
	unsigned int i, round;

	for (round = 0; round < rounds; round++) {
		for (i = 0; i < CONTENDERS; i++)
			if (!flow || !contender(i)->round_trip_only)
				ns[i][round] = measure(contender(i), length, flow);
		/* where real time is rationed, others get their part here */
		usleep(2000);
	}
	printf("\n%s, %zu bytes\n", flow ? "one way" : "round trip", length);
	first = median(ns[0], rounds);
	for (i = 0; i < CONTENDERS; i++) {
		if (flow && contender(i)->round_trip_only)
			continue;
		m = median(ns[i], rounds);
		printf("  %-24s %10.1f ns   %6.2f   (%.1f to %.1f)\n", contender(i)->name,
		       m, m / first, ns[i][rounds / 4], ns[i][rounds * 3 / 4]);
	}
}

int main(int argc, char **argv)
{
	struct sched_param param = { .sched_priority = 1 };
	unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 0) : 51;
	unsigned int i;

	if (!rounds || rounds > ROUNDS_MAX)
		errx(EXIT_FAILURE, "usage: %s [ROUNDS, up to %d]", argv[0], ROUNDS_MAX);
	choose_processors();
	sleeps = shared_new(sizeof(*sleeps));
	printf("processors %d and %d, %u rounds, %s\n", processors[0], processors[1], rounds,
	       sched_setscheduler(0, SCHED_FIFO, &param) ? "no real time" : "real time");
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		table(true, lengths[i], rounds);
	table(false, 8, rounds);
	table(false, 64, rounds);
	printf("\nThe ring slept %lu times, all in all, and made no other system calls.\n",
	       *sleeps);
	return 0;
}
