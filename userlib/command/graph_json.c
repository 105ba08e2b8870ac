// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox graph: the same as a JSON object.
 */
#include <string.h>

#include "graph.h"
#include "json.h"

static json_t *json_process(pid_t pid)
{
	json_t *object = json_object();
	char name[GRAPH_NAME];

	process_name(pid, name, sizeof(name));
	json_object_set_new(object, "pid", json_integer(pid));
	json_object_set_new(object, "name", json_text(name, strlen(name)));
	return object;
}

static json_t *json_link(const struct link *link)
{
	json_t *object = json_object();

	json_object_set_new(object, "pid", json_integer(link->pid));
	json_object_set_new(object, "port", json_u64(link->port));
	json_object_set_new(object, "handles", json_integer(link->handles));
	json_object_set_new(object, "send",
			    json_boolean(link->rights & IPCBOX_RIGHT_SEND));
	json_object_set_new(object, "receive",
			    json_boolean(link->rights & IPCBOX_RIGHT_RECV));
	json_object_set_new(object, "manage",
			    json_boolean(link->rights & IPCBOX_RIGHT_MANAGE));
	json_object_set_new(object, "owner", json_boolean(link->owner));
	return object;
}

int graph_json(const struct graph *graph)
{
	const struct links *all = &graph->links;
	json_t *ports = json_array(), *processes = json_array();
	json_t *links = json_array(), *object = json_object();
	size_t i;

	for (i = 0; i < graph->ports_nr; i++)
		json_array_append_new(ports, json_stat(&graph->ports[i]));
	for (i = 0; i < all->count; i++) {
		if (graph_first(graph, i))
			json_array_append_new(processes,
					      json_process(all->links[i].pid));
		json_array_append_new(links, json_link(&all->links[i]));
	}
	json_object_set_new(object, "ports", ports);
	json_object_set_new(object, "processes", processes);
	json_object_set_new(object, "links", links);
	json_object_set_new(object, "hidden", json_integer(all->hidden));
	return json_print(object);
}
