// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The textbook's pair of programs with shared memory: a producer writes two
 * words into it and exits, and a consumer reads them later.
 *
 * With --kernel the memory is that of shm_open(3), and where the words are, and
 * whether they are there already, is a matter of agreement. Without, it is a lane
 * of a ring: the consumer finds records, and could also wait for them.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include <ipcbox_lane.h>

#include "example.h"

static const char name[] = "example-shared-memory";
static const char *const words[] = { "Hello", "World!" };

enum { SIZE = 4096, WORDS = 2 };

/* shm_open(3) */

static char *map_object(int flags, int prot)
{
	int fd = must("shm_open", shm_open(name, flags, 0600));
	char *at;

	if (flags & O_CREAT)
		must("ftruncate", ftruncate(fd, SIZE));
	at = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
	close(fd);
	must("mmap", at == MAP_FAILED ? -1 : 0);
	return at;
}

static void object_producer(int unused)
{
	char *at = map_object(O_CREAT | O_RDWR, PROT_READ | PROT_WRITE);
	int i;

	(void)unused;
	for (i = 0; i < WORDS; i++)
		at += sprintf(at, "%s", words[i]);
}

static void object_consumer(int unused)
{
	(void)unused;
	printf("%s\n", map_object(O_RDONLY, PROT_READ));
	shm_unlink(name);
}

/* A ring. */

static void ring_producer(int unused)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	struct ipcbox_lane *lane;
	int port, i;

	(void)unused;
	attr.kind = IPCBOX_KIND_RING;
	port = must("create", ipcbox_port_create(name, &attr));
	must("begin", ipcbox_lane_open(&lane, port));
	for (i = 0; i < WORDS; i++)
		must("send", ipcbox_lane_send(lane, words[i], strlen(words[i]),
					      NULL));
	ipcbox_lane_close(lane);
}

static void ring_consumer(int unused)
{
	int port = must("open", ipcbox_port_open(name, IPCBOX_RIGHT_RECV));
	struct ipcbox_record record = { 0 };
	struct ipcbox_drain *drain;
	int i;

	(void)unused;
	must("begin", ipcbox_drain_open(&drain, port));
	for (i = 0; i < WORDS; i++) {
		must("peek", ipcbox_drain_peek(drain, &record, NULL));
		printf("%.*s", (int)record.len, (const char *)record.data);
		must("release", ipcbox_drain_release(drain));
	}
	printf("\n");
	ipcbox_drain_close(drain);
	must("delete", ipcbox_port_delete(name));
}

int main(int argc, char **argv)
{
	int kernel = argc > 1 && !strcmp(argv[1], "--kernel");

	if (finish(start(kernel ? object_producer : ring_producer, 0)))
		return 1;
	return finish(start(kernel ? object_consumer : ring_consumer, 0));
}
