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

#include <stdio.h>
#include <unistd.h>

#include "bench.h"

static int port_open(uint64_t id)
{
	struct ipcbox_port_open arg = { .rights = IPCBOX_RIGHT_RECV, .id = id };
	int port = ioctl(bench_box(), IPCBOX_PORT_OPEN, &arg);

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
static double measure(unsigned int messages, unsigned int receivers)
{
	int port, receiver[2];
	unsigned int i;
	uint64_t start, id;

	port = bench_port(IPCBOX_UNLIMITED, &id);
	for (i = 0; i < receivers; i++)
		receiver[i] = port_open(id);
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
	unsigned int i;

	printf("ns for each lease that returns\n%8s %12s %12s\n", "leases",
	       "1 receiver", "2 receivers");
	for (i = 0; i < ARRAY_SIZE(messages); i++)
		printf("%8u %12.0f %12.0f\n", messages[i],
		       measure(messages[i], 1), measure(messages[i], 2));
	return 0;
}
