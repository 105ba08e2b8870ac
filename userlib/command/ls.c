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
#include <sys/ioctl.h>
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

/* Ports to ask for at a time. */
#define LS_BATCH	64

/* Room for any cell; names are the longest. */
#define CELL	IPCBOX_NAME_SIZE

static void cell_id(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "@%llu", (unsigned long long)stat->id);
}

static void cell_name(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "%s", stat->name[0] ? stat->name : "-");
}

static void cell_kind(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "%s", ipcbox_kind_name(stat->kind));
}

static void cell_owner(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "%s", ipcbox_owner_name(stat->owner));
}

static void cell_mode(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "%04o", stat->mode);
}

static void cell_user(const struct ipcbox_stat *stat, char *cell)
{
	user_name(stat->uid, cell, CELL);
}

static void cell_group(const struct ipcbox_stat *stat, char *cell)
{
	group_name(stat->gid, cell, CELL);
}

static void cell_queued(const struct ipcbox_stat *stat, char *cell)
{
	int len = snprintf(cell, CELL, "%llu/",
			   (unsigned long long)stat->messages);

	if (stat->max_messages == IPCBOX_UNLIMITED)
		snprintf(cell + len, (size_t)(CELL - len), "-");
	else
		snprintf(cell + len, (size_t)(CELL - len), "%llu",
			 (unsigned long long)stat->max_messages);
}

static void cell_bytes(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "%llu", (unsigned long long)stat->bytes);
}

static void cell_send(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "%u/%u", stat->senders, stat->waiting_senders);
}

static void cell_recv(const struct ipcbox_stat *stat, char *cell)
{
	snprintf(cell, CELL, "%u/%u", stat->receivers, stat->waiting_receivers);
}

/* @dispensable: the column with the highest is left out first, 0 never. */
static const struct ls_column {
	const char *title;
	int dispensable;
	void (*cell)(const struct ipcbox_stat *stat, char *cell);
} columns[] = {
	{ "ID", 0, cell_id },
	{ "NAME", 0, cell_name },
	{ "KIND", 8, cell_kind },
	{ "OWNER", 5, cell_owner },
	{ "MODE", 6, cell_mode },
	{ "USER", 4, cell_user },
	{ "GROUP", 7, cell_group },
	{ "QUEUED", 1, cell_queued },
	{ "BYTES", 3, cell_bytes },
	{ "SEND", 2, cell_send },
	{ "RECV", 2, cell_recv },
};

struct ls_table {
	struct ipcbox_stat *ports;
	size_t count;
	int width[ARRAY_SIZE(columns)];	/* 0 if the column is left out */
};

/* All ports at once, because the table's columns must fit the widest. */
static int ls_read(int box, struct ls_table *table)
{
	uint64_t cursor = 0;
	int found;

	do {
		size_t room = table->count + LS_BATCH;
		struct ipcbox_stat *larger =
			reallocarray(table->ports, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		table->ports = larger;
		found = ipcbox_port_list(box, &cursor,
					 table->ports + table->count, LS_BATCH);
		if (found > 0)
			table->count += (size_t)found;
	} while (found > 0);
	return found;
}

/* Columns of the terminal, 0 for no limit. */
static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

static int table_width(const struct ls_table *table)
{
	int width = -2;	/* nothing stands between the last one and the edge */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (table->width[i])
			width += table->width[i] + 2;
	return width;
}

/* Leave out what can best be done without; false if nothing is left. */
static bool table_narrow(struct ls_table *table)
{
	int most = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (table->width[i] && columns[i].dispensable > most)
			most = columns[i].dispensable;
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (columns[i].dispensable == most && most)
			table->width[i] = 0;
	return most;
}

static void table_measure(struct ls_table *table)
{
	int limit = terminal_width();
	char cell[CELL];
	size_t i, port;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		table->width[i] = (int)strlen(columns[i].title);
		for (port = 0; port < table->count; port++) {
			columns[i].cell(table->ports + port, cell);
			if ((int)strlen(cell) > table->width[i])
				table->width[i] = (int)strlen(cell);
		}
	}
	while (limit && table_width(table) > limit)
		if (!table_narrow(table))
			break;
}

/* Print a row, of titles if @stat is NULL. */
static void table_row(const struct ls_table *table,
		      const struct ipcbox_stat *stat)
{
	int pad = 0;	/* no blanks at the end of a line */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		char cell[CELL];

		if (!table->width[i])
			continue;
		if (stat)
			columns[i].cell(stat, cell);
		else
			snprintf(cell, sizeof(cell), "%s", columns[i].title);
		printf("%*s%s", pad, "", cell);
		pad = table->width[i] - (int)strlen(cell) + 2;
	}
	putchar('\n');
}

static int table_print(struct ls_table *table)
{
	size_t i;

	table_measure(table);
	table_row(table, NULL);
	for (i = 0; i < table->count; i++)
		table_row(table, table->ports + i);
	return finish_stdout();
}

static int lines_print(const struct ls_table *table, enum ls_mode mode)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct ipcbox_stat *stat = table->ports + i;

		if (mode == LS_QUIET)
			printf("@%llu\n", (unsigned long long)stat->id);
		else if (stat->name[0])
			printf("%s\n", stat->name);
	}
	return finish_stdout();
}

static int ls_json(const struct ls_table *table)
{
	struct json_list *list = json_list_new();
	size_t i;

	if (!list)
		return fail_file(ENOMEM, "cannot list ports");
	for (i = 0; i < table->count; i++)
		json_list_add(list, table->ports + i);
	return json_list_print(list);
}

static int ls_print(struct ls_table *table, enum ls_mode mode)
{
	if (mode == LS_TABLE)
		return table_print(table);
	if (mode == LS_JSON)
		return ls_json(table);
	return lines_print(table, mode);
}

static int ls_show(enum ls_mode mode)
{
	struct ls_table table = { 0 };
	int box = open_box();
	int err, code;

	if (box < 0)
		return -box;
	err = ls_read(box, &table);
	close(box);
	code = err ? fail(err, "cannot list ports") : ls_print(&table, mode);
	free(table.ports);
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
