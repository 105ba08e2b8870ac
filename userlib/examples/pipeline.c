// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cooperating processes: three producers and two consumers share one mailbox
 * that holds eight messages. Every number that was produced is consumed once.
 */
#include "example.h"

#define PRODUCERS	3
#define CONSUMERS	2
#define NUMBERS		1000	/* that each producer makes */

struct result {
	unsigned long count;
	unsigned long sum;
};

/* The consumers report to this one. */
static int results;

static void producer(int mailbox)
{
	unsigned int number;

	for (number = 1; number <= NUMBERS; number++)
		must("send", ipcbox_send(mailbox, &number, sizeof(number)));
}

/* An empty message is the end. */
static void consumer(int mailbox)
{
	struct result result = { 0, 0 };
	unsigned int number;

	while (must("receive", ipcbox_recv(mailbox, &number, sizeof(number)))) {
		result.count++;
		result.sum += number;
	}
	must("send", ipcbox_send(results, &result, sizeof(result)));
}

int main(void)
{
	struct result result, total = { 0, 0 };
	int mailbox = make_port(8);
	pid_t producers[PRODUCERS];
	int i;

	results = make_port(CONSUMERS);
	for (i = 0; i < CONSUMERS; i++)
		start(consumer, mailbox);
	for (i = 0; i < PRODUCERS; i++)
		producers[i] = start(producer, mailbox);
	for (i = 0; i < PRODUCERS; i++)
		finish(producers[i]);
	for (i = 0; i < CONSUMERS; i++)
		must("send", ipcbox_send(mailbox, NULL, 0));
	for (i = 0; i < CONSUMERS; i++) {
		must("receive", ipcbox_recv(results, &result, sizeof(result)));
		total.count += result.count;
		total.sum += result.sum;
	}
	printf("%d producers made %d numbers each, from 1 to %d\n", PRODUCERS,
	       NUMBERS, NUMBERS);
	printf("%d consumers got %lu numbers with the sum %lu\n", CONSUMERS,
	       total.count, total.sum);
	return 0;
}
