// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to return leases to their places, for each, when a receiver goes
 * that has many: it should not matter how many
 *
 * A receiver goes in the system call here that closes its handle. The exit of a
 * process returns its leases in the same way. With two receivers, each has every
 * second message, so that what the second one returns belongs between what the
 * first one has. As in ipc_cost.c, a nanosecond is an instruction where the
 * emulator counts these as time.
 */

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/ipcbox.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define DIE(...)	err(EXIT_FAILURE, __VA_ARGS__)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int port_create(int box, uint64_t *id)
{
	struct ipcbox_port_create attr = {
		.rights = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV,
		.owner = IPCBOX_OWNER_HANDLE,
		.mode = 0600,
		.uid = IPCBOX_ID_SELF,
		.gid = IPCBOX_ID_SELF,
		.max_messages = IPCBOX_UNLIMITED,
	};
	int port = ioctl(box, IPCBOX_PORT_CREATE, &attr);

	if (port < 0)
		DIE("IPCBOX_PORT_CREATE");
	*id = attr.id;
	return port;
}

static int port_open(int box, uint64_t id)
{
	struct ipcbox_port_open arg = { .rights = IPCBOX_RIGHT_RECV, .id = id };
	int port = ioctl(box, IPCBOX_PORT_OPEN, &arg);

	if (port < 0)
		DIE("IPCBOX_PORT_OPEN");
	return port;
}

static void lease(int port)
{
	struct ipcbox_recv arg = { .flags = IPCBOX_LEASE | IPCBOX_NOWAIT };

	if (ioctl(port, IPCBOX_RECV, &arg))
		DIE("IPCBOX_RECV");
}

/* ns for each message. */
static double measure(int box, unsigned int messages,
		      unsigned int receivers)
{
	int port, receiver[2];
	unsigned int i;
	uint64_t start, id;

	port = port_create(box, &id);
	for (i = 0; i < receivers; i++)
		receiver[i] = port_open(box, id);
	for (i = 0; i < messages; i++)
		if (write(port, "", 0))
			DIE("write");
	for (i = 0; i < messages; i++)
		lease(receiver[i % receivers]);
	start = now_ns();
	for (i = 0; i < receivers; i++)
		close(receiver[i]);
	start = now_ns() - start;
	close(port);
	return (double)start / messages;
}

int main(void)
{
	static const unsigned int messages[] = { 100, 1000, 10000, 100000 };
	int box = open("/dev/ipcbox", O_RDWR | O_CLOEXEC);
	unsigned int i;

	if (box < 0)
		DIE("/dev/ipcbox");
	printf("ns for each lease that returns\n%8s %12s %12s\n", "leases",
	       "1 receiver", "2 receivers");
	for (i = 0; i < ARRAY_SIZE(messages); i++)
		printf("%8u %12.0f %12.0f\n", messages[i],
		       measure(box, messages[i], 1),
		       measure(box, messages[i], 2));
	return 0;
}
