// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox ls: the ports of the box.
 *
 * The table has as many columns as the terminal has room for; those that say
 * least about a port go first. Where stdout is no terminal it has all of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static const char ls_help[] =
"Usage: ipcbox ls [OPTION]...\n"
"\n"
"List the ports of this box, that is of this network namespace, in the order of\n"
"their ids.\n"
"\n"
"Options:\n"
"  -q, --quiet              only ids, one @ID per line\n"
"  -n, --names              only names, one per line\n"
"  -j, --json               as a JSON array of what stat --json prints\n"
"  -h, --help               this text\n"
"\n"
"Columns: QUEUED has messages/capacity, BYTES what is queued, SEND and RECV the\n"
"handles with that right, and how many of them wait, as open/waiting. A narrow\n"
"terminal shows fewer columns; a pipe gets them all.\n"
"\n"
"Examples:\n"
"  ipcbox ls\n"
"  ipcbox ls --json | jq '.[] | select(.messages > 0) | .name'\n";

enum ls_mode { LS_TABLE, LS_QUIET, LS_NAMES, LS_JSON };

#define CELL	TABLE_CELL

static void cell_id(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	snprintf(cell, CELL, "@%llu", (unsigned long long)stat->id);
}

static void cell_name(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	if (!stat->name[0])
		snprintf(cell, CELL, "-");
	else if (isatty(STDOUT_FILENO))
		text_safe(stat->name, cell, CELL);
	else
		snprintf(cell, CELL, "%s", stat->name);
}

static void cell_kind(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	snprintf(cell, CELL, "%s", ipcbox_kind_name(stat->kind));
}

static void cell_owner(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	snprintf(cell, CELL, "%s", ipcbox_owner_name(stat->owner));
}

static void cell_mode(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	snprintf(cell, CELL, "%04o", stat->mode);
}

static void cell_user(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	user_name(stat->uid, cell, CELL);
}

static void cell_group(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	group_name(stat->gid, cell, CELL);
}

static void cell_queued(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;
	int len = snprintf(cell, CELL, "%llu/",
			   (unsigned long long)stat->messages);

	if (stat->max_messages == IPCBOX_UNLIMITED)
		snprintf(cell + len, (size_t)(CELL - len), "-");
	else
		snprintf(cell + len, (size_t)(CELL - len), "%llu",
			 (unsigned long long)stat->max_messages);
}

static void cell_bytes(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	snprintf(cell, CELL, "%llu", (unsigned long long)stat->bytes);
}

static void cell_send(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	snprintf(cell, CELL, "%u/%u", stat->senders, stat->waiting_senders);
}

static void cell_recv(const void *row, char *cell)
{
	const struct ipcbox_stat *stat = row;

	snprintf(cell, CELL, "%u/%u", stat->receivers, stat->waiting_receivers);
}

static const struct table_column columns[] = {
	{ "ID", cell_id, NULL, 0 },
	{ "NAME", cell_name, NULL, 0 },
	{ "KIND", cell_kind, NULL, 8 },
	{ "OWNER", cell_owner, NULL, 5 },
	{ "MODE", cell_mode, NULL, 6 },
	{ "USER", cell_user, NULL, 4 },
	{ "GROUP", cell_group, NULL, 7 },
	{ "QUEUED", cell_queued, NULL, 1 },
	{ "BYTES", cell_bytes, NULL, 3 },
	{ "SEND", cell_send, NULL, 2 },
	{ "RECV", cell_recv, NULL, 2 },
};

struct ls_ports {
	struct ipcbox_stat *ports;
	size_t count;
};

static int table_print(const struct ls_ports *ls)
{
	struct table table = {
		.columns = columns,
		.columns_nr = ARRAY_SIZE(columns),
		.rows = ls->ports,
		.row_size = sizeof(*ls->ports),
		.count = ls->count,
	};
	size_t i;

	table_measure(&table, terminal_width());
	table_print_titles(&table);
	putchar('\n');
	for (i = 0; i < ls->count; i++) {
		table_print_row(&table, i);
		putchar('\n');
	}
	return finish_stdout();
}

static int lines_print(const struct ls_ports *ls, enum ls_mode mode)
{
	size_t i;

	for (i = 0; i < ls->count; i++) {
		const struct ipcbox_stat *stat = ls->ports + i;

		if (mode == LS_QUIET)
			printf("@%llu\n", (unsigned long long)stat->id);
		else if (stat->name[0])
			printf("%s\n", stat->name);
	}
	return finish_stdout();
}

static int ls_json(const struct ls_ports *ls)
{
	struct json_list *list = json_list_new();
	size_t i;

	if (!list)
		return fail_file(ENOMEM, "cannot list ports");
	for (i = 0; i < ls->count; i++)
		json_list_add(list, ls->ports + i);
	return json_list_print(list);
}

static int ls_print(const struct ls_ports *ls, enum ls_mode mode)
{
	if (mode == LS_TABLE)
		return table_print(ls);
	if (mode == LS_JSON)
		return ls_json(ls);
	return lines_print(ls, mode);
}

static int ls_show(enum ls_mode mode)
{
	struct ls_ports ls = { 0 };
	int box = open_box();
	int err, code;

	if (box < 0)
		return -box;
	err = list_ports(box, &ls.ports, &ls.count);
	close(box);
	code = err ? fail(err, "cannot list ports") : ls_print(&ls, mode);
	free(ls.ports);
	return code;
}

static int ls_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "quiet", no_argument, NULL, 'q' },
		{ "names", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	enum ls_mode mode = LS_TABLE;
	int option;

	while ((option = getopt_long(argc, argv, "qnj", options, NULL)) != -1) {
		if (option == '?')
			return usage_told();
		if (mode != LS_TABLE)
			return usage("only one of --quiet, --names and --json can be given");
		mode = option == 'q' ? LS_QUIET :
		       option == 'n' ? LS_NAMES : LS_JSON;
	}
	if (optind < argc)
		return usage("'%s' is one argument too many (ipcbox stat shows one port)",
			     argv[optind]);
	return ls_show(mode);
}

const struct command ls_command = {
	.name = "ls",
	.summary = "list the ports",
	.help = ls_help,
	.run = ls_run,
};
