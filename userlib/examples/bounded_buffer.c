// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The textbook's bounded buffer: a producer and a consumer share five slots in
 * memory. Where the textbook's loops look again and again while the buffer is
 * full or empty, these two sleep; and all five slots can be used, not four.
 */
#include <ipcbox_lane.h>

#include "example.h"

#define BUFFER_SIZE	5
#define ITEMS		12

struct item {
	int number;
};

static int make_buffer(void)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	attr.kind = IPCBOX_KIND_RING;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = 1;	/* producer */
	attr.max_bytes = BUFFER_SIZE * ipcbox_ring_need(sizeof(struct item));
	return must("create", ipcbox_port_create(NULL, &attr));
}

/* Nobody is on both sides of a handle, so this one is the consumer's own. */
static int open_again(int port)
{
	struct ipcbox_stat stat;
	char name[32];

	must("stat", ipcbox_port_stat(port, &stat));
	snprintf(name, sizeof(name), "@%llu", (unsigned long long)stat.id);
	return must("open", ipcbox_port_open(name, IPCBOX_RIGHT_RECV));
}

static void consumer(int port)
{
	struct item item = { 0 };
	struct ipcbox_drain *drain;
	int i;

	must("begin to consume", ipcbox_drain_open(&drain, open_again(port)));
	for (i = 0; i < ITEMS; i++) {
		must("consume", ipcbox_drain_recv(drain, &item, sizeof(item),
						  NULL, NULL));
		printf("consumed item %d\n", item.number);
	}
	ipcbox_drain_close(drain);
}

static int produce(struct ipcbox_lane *lane, int number, uint64_t flags)
{
	const struct ipcbox_options options = { .flags = flags };
	const struct item item = { number };
	void *slot = NULL;
	int err = ipcbox_lane_reserve(lane, sizeof(item), &slot, &options);

	if (err)
		return err;
	memcpy(slot, &item, sizeof(item));
	return ipcbox_lane_commit(lane, sizeof(item));
}

int main(void)
{
	int port = make_buffer();
	struct ipcbox_lane *lane;
	int number = 1;
	pid_t pid;

	must("begin to produce", ipcbox_lane_open(&lane, port));
	while (!produce(lane, number, IPCBOX_NOWAIT))
		number++;
	printf("%d items fill the buffer\n", number - 1);
	pid = start(consumer, port);
	for (; number <= ITEMS; number++)
		must("produce", produce(lane, number, 0));
	ipcbox_lane_close(lane);
	return finish(pid);
}
