// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox graph: processes and ports as a picture, for Graphviz.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph.h"

static const char graph_help[] =
"Usage: ipcbox graph [OPTION]... [NAME]...\n"
"\n"
"Print who talks to whom, in the language of Graphviz: boxes are processes,\n"
"ellipses ports. An arrow from a process to a port is a handle that may send, one\n"
"back a handle that may receive; a dashed line may only manage the port, a dotted\n"
"one only look at it. A bold line joins a port to the process that owns it; a\n"
"dashed arrow leads from a port to where its dead letters go. With NAMEs, only\n"
"these ports and whoever has them open.\n"
"\n"
"Only root sees what the processes of all users have open; how many could not be\n"
"looked into is said on standard error.\n"
"\n"
"Options:\n"
"  -j, --json               as a JSON object\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox graph | dot -Tsvg > ports.svg\n"
"  ipcbox graph jobs results | dot -Tpng > jobs.png\n"
"  ipcbox graph --json | jq '.links[] | select(.owner)'\n";

/*
 * Inside of quotes. Quotes and backslashes stand behind a backslash; '&' would
 * begin an entity; bytes that are no character are shown as \xNN.
 */
static void dot_text(const char *text)
{
	while (*text) {
		size_t len = text_character(text);

		if (!len)
			printf("\\\\x%02x", (unsigned char)*text);
		else if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if (*text == '&')
			fputs("&amp;", stdout);
		else
			fwrite(text, 1, len, stdout);
		text += len ? len : 1;
	}
}

static int by_id(const void *a, const void *b)
{
	uint64_t first = ((const struct ipcbox_stat *)a)->id;
	uint64_t second = ((const struct ipcbox_stat *)b)->id;

	return (first > second) - (first < second);
}

/* NULL if it is not shown. */
static const struct ipcbox_stat *graph_port(const struct graph *graph,
					    uint64_t id)
{
	struct ipcbox_stat key = { .id = id };

	return bsearch(&key, graph->ports, graph->ports_nr, sizeof(key), by_id);
}

static void dot_port(const struct ipcbox_stat *stat)
{
	char label[IPCBOX_NAME_SIZE];

	port_label(stat, label, sizeof(label));
	printf("\tport%llu [shape=ellipse, label=\"",
	       (unsigned long long)stat->id);
	dot_text(label);
	printf("\\n%s, %s\\n%llu/", ipcbox_kind_name(stat->kind),
	       ipcbox_sharing_name(stat->sharing),
	       (unsigned long long)stat->messages);
	if (stat->max_messages == IPCBOX_UNLIMITED)
		puts("unlimited\"];");
	else
		printf("%llu\"];\n", (unsigned long long)stat->max_messages);
}

static void dot_process(pid_t pid)
{
	char name[GRAPH_NAME];

	process_name(pid, name, sizeof(name));
	printf("\tprocess%d [shape=box, label=\"", pid);
	dot_text(name);
	printf("\\n%d\"];\n", pid);
}

static void dot_edge(const struct link *link, const char *attributes)
{
	printf("\tprocess%d -> port%llu%s;\n", link->pid,
	       (unsigned long long)link->port, attributes);
}

/* Only to a port that is shown, too. */
static void dot_dead_letters(const struct graph *graph,
			     const struct ipcbox_stat *stat)
{
	if (!stat->dead_letter || !graph_port(graph, stat->dead_letter))
		return;
	printf("\tport%llu -> port%llu [style=dashed, label=\"after %u\"];\n",
	       (unsigned long long)stat->id,
	       (unsigned long long)stat->dead_letter, stat->max_deliveries);
}

static void dot_link(const struct link *link)
{
	if (link->rights & IPCBOX_RIGHT_SEND)
		dot_edge(link, "");
	if (link->rights & IPCBOX_RIGHT_RECV)
		printf("\tport%llu -> process%d;\n",
		       (unsigned long long)link->port, link->pid);
	if (link->rights == IPCBOX_RIGHT_MANAGE)
		dot_edge(link, " [style=dashed, dir=none]");
	if (link->handles && !link->rights)
		dot_edge(link, " [style=dotted, dir=none]");
	if (link->owner)
		dot_edge(link, " [style=bold, dir=none, label=\"owner\"]");
}

static int graph_dot(const struct graph *graph)
{
	const struct links *links = &graph->links;
	size_t i;

	puts("digraph ipcbox {\n\trankdir=LR;");
	for (i = 0; i < graph->ports_nr; i++)
		dot_port(&graph->ports[i]);
	for (i = 0; i < links->count; i++)
		if (graph_first(graph, i))
			dot_process(links->links[i].pid);
	for (i = 0; i < links->count; i++)
		dot_link(&links->links[i]);
	for (i = 0; i < graph->ports_nr; i++)
		dot_dead_letters(graph, &graph->ports[i]);
	puts("}");
	return finish_stdout();
}

static int by_process(const void *a, const void *b)
{
	const struct link *first = a, *second = b;

	if (first->pid != second->pid)
		return first->pid < second->pid ? -1 : 1;
	return (first->port > second->port) - (first->port < second->port);
}

static bool owns(const struct ipcbox_stat *port, const struct link *link)
{
	return port->owner == IPCBOX_OWNER_PROCESS &&
	       port->creator_pid == link->pid;
}

/* Keep the links to ports that are shown, and note which are to an owner. */
static void graph_match(struct graph *graph)
{
	struct links *links = &graph->links;
	size_t i, kept = 0;

	for (i = 0; i < links->count; i++) {
		const struct ipcbox_stat *port =
			graph_port(graph, links->links[i].port);

		if (!port)
			continue;
		links->links[kept] = links->links[i];
		links->links[kept].owner = owns(port, &links->links[i]);
		kept++;
	}
	links->count = kept;
}

static bool graph_has_owner(const struct graph *graph, uint64_t port)
{
	size_t i;

	for (i = 0; i < graph->links.count; i++)
		if (graph->links.links[i].port == port &&
		    graph->links.links[i].owner)
			return true;
	return false;
}

/* An owner may have closed its handle, or be of another user. */
static int graph_add_owners(struct graph *graph)
{
	struct links *links = &graph->links;
	const struct ipcbox_stat *port;
	struct link *link;

	for (port = graph->ports; port < graph->ports + graph->ports_nr;
	     port++) {
		if (port->owner != IPCBOX_OWNER_PROCESS || !port->creator_pid ||
		    graph_has_owner(graph, port->id))
			continue;
		link = reallocarray(links->links, links->count + 1,
				    sizeof(*link));
		if (!link)
			return fail_file(ENOMEM, "cannot list processes");
		links->links = link;
		link[links->count++] = (struct link) {
			.pid = port->creator_pid, .port = port->id,
			.owner = true,
		};
	}
	return EXIT_OK;
}

static int graph_find(struct graph *graph, char **names, size_t count)
{
	size_t i, kept = 0;
	int code;

	graph->ports = calloc(count, sizeof(*graph->ports));
	if (!graph->ports)
		return fail_file(ENOMEM, "cannot list ports");
	for (i = 0; i < count; i++) {
		code = -find_port(names[i], &graph->ports[i]);
		if (code)
			return code;
	}
	qsort(graph->ports, count, sizeof(*graph->ports), by_id);
	/* one may have been named twice */
	for (i = 0; i < count; i++)
		if (!kept || graph->ports[kept - 1].id != graph->ports[i].id)
			graph->ports[kept++] = graph->ports[i];
	graph->ports_nr = kept;
	return EXIT_OK;
}

static int graph_list(struct graph *graph)
{
	int box = open_box();
	int err;

	if (box < 0)
		return -box;
	err = list_ports(box, &graph->ports, &graph->ports_nr);
	close(box);
	return err ? fail(err, "cannot list ports") : EXIT_OK;
}

static int graph_read(struct graph *graph, char **names, size_t count)
{
	int code = count ? graph_find(graph, names, count) : graph_list(graph);

	if (!code)
		code = links_read(&graph->links);
	if (code)
		return code;
	graph_match(graph);
	code = graph_add_owners(graph);
	if (graph->links.count)
		qsort(graph->links.links, graph->links.count,
		      sizeof(*graph->links.links), by_process);
	return code;
}

static int graph_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct graph graph = { 0 };
	bool json = false;
	int option, code;

	while ((option = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (option != 'j')
			return usage_told();
		json = true;
	}
	code = graph_read(&graph, argv + optind, (size_t)(argc - optind));
	if (!code)
		code = json ? graph_json(&graph) : graph_dot(&graph);
	if (!code && graph.links.hidden)
		notice("%u processes could not be looked into (root may)",
		       graph.links.hidden);
	free(graph.links.links);
	free(graph.ports);
	return code;
}

const struct command graph_command = {
	.name = "graph",
	.summary = "show who talks to whom, for Graphviz",
	.help = graph_help,
	.run = graph_run,
};
