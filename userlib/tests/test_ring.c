// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A lane at its edges, one step at a time: empty and full, each place where a
 * record can wrap, each way in which one side can lie to the other.
 */
#include "test.h"

#include "lane.h"

#define SIZE	LANE_PAGE
#define ROOM	ipcbox_ring_capacity_max(SIZE)

static struct lane lane;
static struct ipcbox_ring_producer p;
static struct ipcbox_ring_consumer c;
static const void *record;
static __u32 length;

static void start(size_t capacity)
{
	if (lane.data)
		lane_free(&lane);
	lane_new(&lane, SIZE);
	lane_producer(&lane, &p, capacity);
	lane_consumer(&lane, &c);
}

/* Both sides as they are when all before @pos has come and gone. */
static void start_at(__u64 pos, size_t capacity)
{
	start(capacity);
	lane.producer->position = pos;
	lane.consumer->position = pos;
	lane_producer(&lane, &p, capacity);
	lane_consumer(&lane, &c);
}

static int put(const void *data, __u32 len)
{
	void *payload;
	int ret = ipcbox_ring_reserve(&p, len, &payload);

	if (ret)
		return ret;
	memcpy(payload, data, len);
	return ipcbox_ring_commit(&p, len);
}

/* Room that has to be there. */
static char *room(__u32 len)
{
	static char spare[SIZE];
	void *payload = spare;

	CHECK(ipcbox_ring_reserve(&p, len, &payload) == 0);
	return payload;
}

/* The next record is that. */
static bool next_is(const void *data, __u32 len)
{
	return !ipcbox_ring_peek(&c, &record, &length) && length == len &&
	       !memcmp(record, data, len);
}

static int drop(void)
{
	ipcbox_ring_take(&c);
	return ipcbox_ring_release(&c);
}

static void empty_lane(void)
{
	start(ROOM);
	CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
	ipcbox_ring_take(&c);	/* of nothing */
	CHECK(ipcbox_ring_release(&c) == 0 && lane.consumer->position == 0);
	CHECK(ipcbox_ring_publish(&p) == 0 && lane.producer->position == 0);
	CHECK(put("one", 3) == 0 && next_is("one", 3));
	CHECK(next_is("one", 3));	/* a look takes nothing */
	CHECK(drop() == 0 && lane.consumer->position == 16);
	CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
}

static void zero_length(void)
{
	unsigned int i, n = 0;

	start(ROOM);
	while (put("", 0) == 0)
		n++;
	CHECK(n == ROOM / 8);
	for (i = 0; i < n; i++) {
		CHECK(next_is("", 0));
		drop();
	}
	CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
}

static void longest_record(void)
{
	static char data[SIZE];
	__u32 max = (__u32)ipcbox_ring_record_max(ROOM);
	__u64 pos;

	CHECK(max == SIZE - 16);
	for (pos = 0; pos <= 2 * SIZE; pos += 8) {
		start_at(pos, ROOM);
		memset(data, (int)(pos / 8) | 1, max);
		CHECK(put(data, max + 1) == -EMSGSIZE);
		CHECK(put(data, ~0U) == -EMSGSIZE);
		CHECK(put(data, max) == 0 && put("", 0) == -EAGAIN);
		CHECK(next_is(data, max));
		drop();
		CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
	}
}

/* Every length at every place, over old payloads that look like headers. */
static void wraps_everywhere(void)
{
	__u64 pos;
	__u32 len;
	char data[64];

	for (pos = SIZE - 64; pos <= SIZE; pos += 8) {
		for (len = 0; len <= sizeof(data); len++) {
			start_at(pos, ROOM);
			memset(lane.data, 0xff, SIZE);
			memset(data, (int)len, sizeof(data));
			CHECK(put(data, len) == 0 && put("next", 4) == 0);
			CHECK(next_is(data, len));
			ipcbox_ring_take(&c);
			CHECK(next_is("next", 4) && drop() == 0);
			CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
		}
	}
}

static void old_payload_is_no_header(void)
{
	__u64 forged = ipcbox_ring_header(SIZE + 24, 8);

	start(ROOM);
	/* where a later record will end, an earlier one has put a header */
	CHECK(put("12345678", 8) == 0 && put(&forged, 8) == 0);
	CHECK(next_is("12345678", 8));
	ipcbox_ring_take(&c);
	CHECK(next_is(&forged, 8));
	drop();
	while (p.tail < SIZE) {
		CHECK(put("12345678", 8) == 0);
		CHECK(next_is("12345678", 8));
		drop();
	}
	CHECK(p.tail == SIZE && *(__u64 *)(void *)(lane.data + 24) == forged);
	CHECK(put("0123456789abcdef", 16) == 0);	/* up to the forged one */
	CHECK(next_is("0123456789abcdef", 16));
	drop();
	CHECK(c.pos == SIZE + 24);
	CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
}

/* As in the textbook: five slots, one character each, none wasted. */
static void five_slots(void)
{
	static const char text[] = "Hello world!";
	char got[sizeof(text)] = "";
	unsigned int sent = 0, received = 0, full = 0, queued;

	start(5 * ipcbox_ring_need(1));
	while (received < strlen(text)) {
		while (sent < strlen(text) && put(&text[sent], 1) == 0)
			sent++;
		queued = sent - received;
		full += queued == 5;
		CHECK(queued == 5 || sent == strlen(text));
		CHECK(!ipcbox_ring_peek(&c, &record, &length) && length == 1);
		got[received++] = *(const char *)record;
		drop();
	}
	CHECK(!strcmp(got, text) && full == 8);
	CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
}

static void batches(void)
{
	void *payload;
	int i;

	start(5 * ipcbox_ring_need(1));
	for (i = 0; i < 5; i++) {
		*room(1) = (char)('a' + i);
		CHECK(ipcbox_ring_stage(&p, 1) == 0);
		CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
	}
	CHECK(ipcbox_ring_reserve(&p, 1, &payload) == -EAGAIN);
	ipcbox_ring_publish(&p);
	for (i = 0; i < 5; i++) {
		CHECK(next_is(&"abcde"[i], 1));
		ipcbox_ring_take(&c);
	}
	/* no room before they are released, all at once */
	CHECK(ipcbox_ring_reserve(&p, 1, &payload) == -EAGAIN);
	ipcbox_ring_release(&c);
	room(72);
}

static void discarded(void)
{
	start(ROOM);
	CHECK(put("before", 6) == 0);
	CHECK(ipcbox_ring_stage(&p, 0) == -EINVAL);
	room(8);
	CHECK(ipcbox_ring_stage(&p, 9) == -EINVAL && ipcbox_ring_stage(&p, 8) == 0);
	memset(room(8), 0xff, 8);
	CHECK(ipcbox_ring_stage(&p, 1) == 0);
	room(8);
	ipcbox_ring_discard(&p);
	CHECK(ipcbox_ring_commit(&p, 8) == -EINVAL);
	CHECK(put("after", 5) == 0 && next_is("before", 6));
	ipcbox_ring_take(&c);
	CHECK(next_is("after", 5));
	drop();
	CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
}

static void dead_consumer(void)
{
	start(ROOM);
	CHECK(put("one", 3) == 0 && put("two", 3) == 0 && next_is("one", 3));
	drop();
	CHECK(next_is("two", 3));
	ipcbox_ring_take(&c);	/* and then dies */
	lane_consumer(&lane, &c);
	CHECK(next_is("two", 3));
}

static void ended(void)
{
	void *payload;

	start(32);
	CHECK(put("last words", 10) == 0 && ipcbox_ring_finish(&p.side) == 0);
	CHECK(next_is("last words", 10));
	drop();
	CHECK(ipcbox_ring_peek(&c, &record, &length) == -EPIPE);

	start(32);
	CHECK(ipcbox_ring_finish(&c.side) == 0 && put("last words", 10) == 0);
	CHECK(ipcbox_ring_reserve(&p, 10, &payload) == -EPIPE);
}

static void flags(struct ipcbox_ring_side *mine, struct ipcbox_ring_side *other,
		  int (*poke)(void))
{
	CHECK(poke() == 0);
	ipcbox_ring_arm(mine);
	CHECK(poke() == 1);
	lane_wake(other);
	lane_sleep(mine);	/* does not */
	CHECK(poke() == 0);
	ipcbox_ring_arm(mine);
	ipcbox_ring_disarm(mine);
	CHECK(poke() == 0);
}

static int poke_consumer(void)
{
	return put("x", 1);
}

static int poke_producer(void)
{
	put("x", 1);
	ipcbox_ring_peek(&c, &record, &length);
	return drop();
}

static void waiting_flags(void)
{
	int light;

	for (light = 0; light < 2; light++) {
		start(ROOM);
		if (light) {
			ipcbox_ring_light(&p.side);
			ipcbox_ring_light(&c.side);
		}
		flags(&c.side, &p.side, poke_consumer);
		start(ROOM);
		if (light)
			ipcbox_ring_light(&p.side);	/* but not the other */
		flags(&p.side, &c.side, poke_producer);
	}
	start(ROOM);
	ipcbox_ring_arm(&c.side);
	CHECK(ipcbox_ring_finish(&p.side) == 1);
}

static void lying_consumer(void)
{
	static const __u64 lies[] = { 8, ~0ULL, 1ULL << 63, SIZE, 3, -24ULL };
	void *payload;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		start(16);	/* full after each record, so it looks each time */
		CHECK(put("12345678", 8) == 0);
		lane.consumer->position = 16 + lies[i];
		CHECK(ipcbox_ring_reserve(&p, 8, &payload) == -EBADMSG);
		lane.consumer->position = 16;
		CHECK(ipcbox_ring_reserve(&p, 8, &payload) == 0);
	}
}

static void lying_producer(void)
{
	const __u64 lies[] = {
		1, 8, ~0ULL, 1ULL << 63, 8ULL << 32 | 8,
		ipcbox_ring_header(0, 8),			/* another place */
		ipcbox_ring_header(16 + SIZE, 8),		/* another lap */
		ipcbox_ring_header(16, 8) & ~(__u64)IPCBOX_RING_PUBLISHED,
		ipcbox_ring_header(16, SIZE - 16 - 16 + 1),	/* over the first */
		ipcbox_ring_header(16, ~IPCBOX_RING_PUBLISHED),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		start(ROOM);
		CHECK(put("12345678", 8) == 0 && next_is("12345678", 8));
		ipcbox_ring_take(&c);
		*(__u64 *)(void *)(lane.data + 16) = lies[i];
		CHECK(ipcbox_ring_peek(&c, &record, &length) == -EBADMSG);
		ipcbox_ring_take(&c);
		CHECK(c.pos == 16);
	}
	*(__u64 *)(void *)(lane.data + 16) = ipcbox_ring_header(16, SIZE - 16 - 16);
	CHECK(ipcbox_ring_peek(&c, &record, &length) == 0);
}

static void far_positions(void)
{
	/* past 32 bits of places, and past 64 bits of bytes */
	static const __u64 places[] = { (1ULL << 35) - 16, -16ULL, 1ULL << 63 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		start_at(places[i], ROOM);
		CHECK(put("before", 6) == 0 && put("after", 5) == 0);
		CHECK(next_is("before", 6));
		ipcbox_ring_take(&c);
		CHECK(next_is("after", 5));
		drop();
		CHECK(c.pos == places[i] + 32);
		CHECK(ipcbox_ring_peek(&c, &record, &length) == -EAGAIN);
	}
}

int main(void)
{
	static const struct test tests[] = {
		TEST(empty_lane),
		TEST(zero_length),
		TEST(longest_record),
		TEST(wraps_everywhere),
		TEST(old_payload_is_no_header),
		TEST(five_slots),
		TEST(batches),
		TEST(discarded),
		TEST(dead_consumer),
		TEST(ended),
		TEST(waiting_flags),
		TEST(lying_consumer),
		TEST(lying_producer),
		TEST(far_positions),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
