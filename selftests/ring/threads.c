// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads and a lane, under a race detector
 *
 * One sends a million records of random lengths, alone and in batches, through
 * a lane that is nearly always full or empty; the other knows the same random
 * numbers and looks at every byte. Both sleep whenever there is nothing to do.
 * So a wake-up that is lost shows as a test that never ends.
 */

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../../userlib/tests/lane.h"

#define SIZE		LANE_PAGE
#define CAPACITY	(SIZE / 2)
#define LONGEST		200U

static unsigned long records;
static struct lane lane;
static struct ipcbox_ring_producer p;
static struct ipcbox_ring_consumer c;

/* xorshift: each side has one of its own, and both say the same. */
static __u64 dice(__u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void must(int ret, const char *what)
{
	if (ret < 0)
		errx(EXIT_FAILURE, "%s: %s", what, strerror(-ret));
}

static void *produce(void *arg)
{
	__u64 content = 88172645463325252ULL, choice = 42;
	unsigned long i;
	void *payload = NULL;

	for (i = 0; i < records; i++) {
		__u64 value = dice(&content);
		__u32 len = value % (LONGEST + 1);

		/* what is staged is in the way until it is published */
		if (ipcbox_ring_reserve(&p, len, &payload) == -EAGAIN) {
			if (ipcbox_ring_publish(&p))
				lane_wake(&p.side);
			must(lane_reserve(&p, len, &payload), "reserve");
		}
		memset(payload, (int)(value >> 32), len);
		must(ipcbox_ring_stage(&p, len), "stage");
		if (dice(&choice) % 4 && ipcbox_ring_publish(&p))
			lane_wake(&p.side);
	}
	if (ipcbox_ring_publish(&p) | ipcbox_ring_finish(&p.side))
		lane_wake(&p.side);
	return arg;
}

/* All bytes are the same one. */
static void look(const unsigned char *record, __u32 len, __u64 value, unsigned long i)
{
	__u32 j;

	if (len != value % (LONGEST + 1))
		errx(EXIT_FAILURE, "record %lu has %u bytes, not %u", i, len,
		     (unsigned int)(value % (LONGEST + 1)));
	for (j = 0; j < len; j++)
		if (record[j] != (unsigned char)(value >> 32))
			errx(EXIT_FAILURE, "record %lu differs at byte %u", i, j);
}

static void release(void)
{
	if (ipcbox_ring_release(&c))
		lane_wake(&c.side);
}

static void consume(void)
{
	__u64 content = 88172645463325252ULL, choice = 4711;
	unsigned long i = 0;
	const void *record;
	__u32 len;
	int ret;

	for (;;) {
		/* who keeps what it has taken must not wait for more */
		ret = ipcbox_ring_peek(&c, &record, &len);
		if (ret == -EAGAIN) {
			release();
			ret = lane_peek(&c, &record, &len);
		}
		if (ret == -EPIPE)
			break;
		must(ret, "peek");
		look(record, len, dice(&content), i++);
		ipcbox_ring_take(&c);
		if (dice(&choice) % 4)
			release();
	}
	if (i != records)
		errx(EXIT_FAILURE, "%lu records of %lu", i, records);
}

static void run(int light)
{
	pthread_t thread;

	lane_new(&lane, SIZE);
	lane_producer(&lane, &p, CAPACITY);
	lane_consumer(&lane, &c);
	if (light && !(lane_light(&p.side) && lane_light(&c.side))) {
		printf("light # SKIP no membarrier\n");
		return;
	}
	if (pthread_create(&thread, NULL, produce, NULL))
		errx(EXIT_FAILURE, "no thread");
	consume();
	pthread_join(thread, NULL);
	lane_free(&lane);
	printf("%s: %lu records\n", light ? "light" : "full barriers", records);
}

int main(int argc, char **argv)
{
	records = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;
	run(0);
	run(1);
	return 0;
}
