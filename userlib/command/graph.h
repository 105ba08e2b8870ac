/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of ipcbox graph share.
 */
#ifndef IPCBOX_COMMAND_GRAPH_H
#define IPCBOX_COMMAND_GRAPH_H

#include "command.h"

/* Of a process: 15 bytes, and more in a kernel to come. */
#define GRAPH_NAME	64

/**
 * struct graph - ports, and the processes that have them open
 * @ports: those that are shown
 * @ports_nr: their number
 * @links: edges between a process and one of these ports
 */
struct graph {
	struct ipcbox_stat *ports;
	size_t ports_nr;
	struct links links;
};

/* The first link of each process, where the process is to be told of. */
static inline bool graph_first(const struct graph *graph, size_t link)
{
	return !link || graph->links.links[link - 1].pid !=
			graph->links.links[link].pid;
}

/* graph_json.c */
int graph_json(const struct graph *graph);

#endif /* IPCBOX_COMMAND_GRAPH_H */
