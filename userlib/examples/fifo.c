// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A named pipe: a producer and a consumer that know nothing but its name.
 *
 * With --kernel it is made by mkfifo(3). Nothing but making, opening and removing
 * it differs.
 */
#include "example.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ITEMS	5

static int kernel;
static char name[64];

static void make(void)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	snprintf(name, sizeof(name), kernel ? "/tmp/items.%d" : "items.%d",
		 getpid());
	if (kernel) {
		must("mkfifo", mkfifo(name, 0600));
		return;
	}
	attr.kind = IPCBOX_KIND_STREAM;
	attr.rights = 0;
	close(must("create", ipcbox_port_create(name, &attr)));
}

/* Waits until somebody has opened the other end. */
static int open_end(int writes)
{
	if (kernel)
		return must("open", open(name, writes ? O_WRONLY : O_RDONLY));
	return must("open", ipcbox_port_open(name, writes ? IPCBOX_RIGHT_SEND :
							    IPCBOX_RIGHT_RECV));
}

static void produce(int unused)
{
	FILE *out = fdopen(open_end(1), "w");
	int i;

	(void)unused;
	for (i = 1; i <= ITEMS; i++)
		fprintf(out, "item %d\n", i);
	fclose(out);
}

static void consume(void)
{
	FILE *in = fdopen(open_end(0), "r");
	char line[64];

	while (fgets(line, sizeof(line), in))
		printf("consumed %s", line);
	printf("the producer has gone\n");
	fclose(in);
}

int main(int argc, char **argv)
{
	pid_t pid;

	kernel = argc > 1 && !strcmp(argv[1], "--kernel");
	make();
	pid = start(produce, 0);
	consume();
	finish(pid);
	if (kernel)
		return unlink(name);
	return must("delete", ipcbox_port_delete(name));
}
