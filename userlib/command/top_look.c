// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox top: looking at ports and users, and how fast things go.
 *
 * A rate is the difference of a counter between two looks. Ids are never used
 * again, so a port that was not there before has begun to count since.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top.h"

double top_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double rate(uint64_t before, uint64_t now, double elapsed)
{
	return elapsed > 0 && now > before ?
	       (double)(now - before) / elapsed : 0;
}

static void port_rates(struct top_port *port, const struct ipcbox_stat *before,
		       double elapsed)
{
	const struct ipcbox_stat *now = &port->stat;

	port->sent = rate(before->sent, now->sent, elapsed);
	port->received = rate(before->received, now->received, elapsed);
	port->sent_bytes = rate(before->sent_bytes, now->sent_bytes, elapsed);
	port->received_bytes = rate(before->received_bytes,
				    now->received_bytes, elapsed);
}

/* Both lists are in the order of the ids. At the first look nothing is known. */
static void ports_rates(struct top *top, const struct ipcbox_stat *before,
			size_t before_nr)
{
	static const struct ipcbox_stat nothing;
	size_t i, old = 0;

	for (i = 0; i < top->stats_nr; i++) {
		struct top_port *port = &top->ports[i];

		port->stat = top->stats[i];
		while (old < before_nr && before[old].id < port->stat.id)
			old++;
		if (old < before_nr && before[old].id == port->stat.id)
			port_rates(port, &before[old], top->elapsed);
		else
			port_rates(port, &nothing, top->elapsed);
	}
}

static int ports_keep(struct top *top, const struct ipcbox_stat *before,
		      size_t before_nr)
{
	struct top_port *ports = reallocarray(top->ports, top->stats_nr + 1,
					      sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	top->ports = ports;
	ports_rates(top, before, before_nr);
	return 0;
}

/* Look at the ports. */
int top_look(struct top *top, int box)
{
	struct ipcbox_stat *before = top->stats;
	size_t before_nr = top->stats_nr;
	double now = top_now();
	int err;

	top->stats = NULL;
	err = list_ports(box, &top->stats, &top->stats_nr);
	top->elapsed = top->time > 0 ? now - top->time : 0;
	top->time = now;
	if (!err)
		err = ports_keep(top, before, before_nr);
	free(before);
	return err;
}

/* Look at the users. */
int top_look_users(struct top *top, int box)
{
	return list_users(box, &top->users, &top->users_nr);
}

void top_free(struct top *top)
{
	free(top->stats);
	free(top->ports);
	free(top->users);
}
