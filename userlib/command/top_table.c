// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox top: its two tables.
 */
#include "top.h"

/* What is long is told in thousands, by @unit of 1000 or 1024. */
static void print_amount(double amount, double unit, char *cell)
{
	static const char suffixes[] = "KMGTPE";
	int i = -1;

	while (amount >= 10 * unit && suffixes[i + 1]) {
		amount /= unit;
		i++;
	}
	if (i >= 0)
		snprintf(cell, TABLE_CELL, "%.0f%c", amount, suffixes[i]);
	else
		snprintf(cell, TABLE_CELL, "%.*f", amount > 0 && amount < 10,
			 amount);
}

static void print_id(uint64_t id, char *cell)
{
	snprintf(cell, TABLE_CELL, "@%llu", (unsigned long long)id);
}

double top_percent(uint64_t part, uint64_t whole)
{
	if (!whole)
		return part ? 100 : 0;
	return 100 * (double)part / (double)whole;
}

/* A column of a number: what it is sorted by, and how it is printed. */
#define COLUMN(name, type, value, ...)					\
static double number_##name(const void *row)				\
{									\
	const struct type *it = row;					\
									\
	return (double)(value);						\
}									\
									\
static void cell_##name(const void *row, char *cell)			\
{									\
	const struct type *it = row;					\
									\
	__VA_ARGS__;							\
}

#define COUNT(name, type, value)					\
	COLUMN(name, type, value, snprintf(cell, TABLE_CELL, "%llu",	\
					   (unsigned long long)(value)))
#define AMOUNT(name, type, value, unit)					\
	COLUMN(name, type, value, print_amount((double)(value), unit, cell))

#define PERCENT(name, part, whole)					\
	COLUMN(name, ipcbox_user_entry, top_percent(part, whole),	\
	       snprintf(cell, TABLE_CELL, "%.0f%%", top_percent(part, whole)))

/* Ports */

COLUMN(id, top_port, it->stat.id, print_id(it->stat.id, cell))
COUNT(queued, top_port, it->stat.messages)
AMOUNT(sent, top_port, it->sent, 1000)
AMOUNT(received, top_port, it->received, 1000)
AMOUNT(sent_bytes, top_port, it->sent_bytes, 1024)
AMOUNT(received_bytes, top_port, it->received_bytes, 1024)
COUNT(waiting_senders, top_port, it->stat.waiting_senders)
COUNT(waiting_receivers, top_port, it->stat.waiting_receivers)
COUNT(lanes, top_port, it->stat.lanes)
COUNT(held, top_port, it->stat.held)
COUNT(lost, top_port, it->stat.lost)

static void cell_capacity(const void *row, char *cell)
{
	const struct top_port *it = row;

	if (it->stat.max_messages != IPCBOX_UNLIMITED)
		snprintf(cell, TABLE_CELL, "%llu",
			 (unsigned long long)it->stat.max_messages);
	else
		snprintf(cell, TABLE_CELL, "-");
}

static double number_capacity(const void *row)
{
	const struct top_port *it = row;

	return (double)it->stat.max_messages;
}

static void cell_name(const void *row, char *cell)
{
	const struct top_port *it = row;

	text_safe(it->stat.name[0] ? it->stat.name : "-", cell, TABLE_CELL);
}

static void cell_kind(const void *row, char *cell)
{
	const struct top_port *it = row;

	snprintf(cell, TABLE_CELL, "%s", ipcbox_kind_name(it->stat.kind));
}

static void cell_sharing(const void *row, char *cell)
{
	const struct top_port *it = row;

	snprintf(cell, TABLE_CELL, "%s", ipcbox_sharing_name(it->stat.sharing));
}

/* Users */

COUNT(uid, ipcbox_user_entry, it->uid)
COUNT(ports, ipcbox_user_entry, it->ports)
COUNT(max_ports, ipcbox_user_entry, it->max_ports)
AMOUNT(bytes, ipcbox_user_entry, it->bytes, 1024)
AMOUNT(max_bytes, ipcbox_user_entry, it->max_bytes, 1024)
PERCENT(ports_percent, it->ports, it->max_ports)
PERCENT(bytes_percent, it->bytes, it->max_bytes)

static void cell_user(const void *row, char *cell)
{
	const struct ipcbox_user_entry *it = row;
	char name[TABLE_CELL];

	user_name(it->uid, name, sizeof(name));
	text_safe(name, cell, TABLE_CELL);
}

static const struct table_column port_columns[] = {
	{ "ID", cell_id, number_id, 0 },
	{ "NAME", cell_name, NULL, 0 },
	{ "KIND", cell_kind, NULL, 9 },
	{ "SHARING", cell_sharing, NULL, 8 },
	{ "QUEUED", cell_queued, number_queued, 0 },
	{ "CAPACITY", cell_capacity, number_capacity, 2 },
	{ "SENT/S", cell_sent, number_sent, 1 },
	{ "RECV/S", cell_received, number_received, 1 },
	{ "SENT-B/S", cell_sent_bytes, number_sent_bytes, 4 },
	{ "RECV-B/S", cell_received_bytes, number_received_bytes, 7 },
	{ "SENDERS", cell_waiting_senders, number_waiting_senders, 3 },
	{ "RECEIVERS", cell_waiting_receivers, number_waiting_receivers, 3 },
	{ "LANES", cell_lanes, number_lanes, 7 },
	{ "HELD", cell_held, number_held, 5 },
	{ "LOST", cell_lost, number_lost, 6 },
};

static const struct table_column user_columns[] = {
	{ "UID", cell_uid, number_uid, 4 },
	{ "USER", cell_user, NULL, 0 },
	{ "PORTS", cell_ports, number_ports, 1 },
	{ "MAX-PORTS", cell_max_ports, number_max_ports, 3 },
	{ "PORTS%", cell_ports_percent, number_ports_percent, 2 },
	{ "BYTES", cell_bytes, number_bytes, 0 },
	{ "MAX-BYTES", cell_max_bytes, number_max_bytes, 3 },
	{ "BYTES%", cell_bytes_percent, number_bytes_percent, 0 },
};

void top_table(const struct top *top, enum top_by by, struct table *table)
{
	if (by == TOP_BY_USER)
		*table = (struct table) {
			.columns = user_columns,
			.columns_nr = ARRAY_SIZE(user_columns),
			.rows = top->users,
			.row_size = sizeof(*top->users),
			.count = top->users_nr,
		};
	else
		*table = (struct table) {
			.columns = port_columns,
			.columns_nr = ARRAY_SIZE(port_columns),
			.rows = top->ports,
			.row_size = sizeof(*top->ports),
			.count = top->stats_nr,
		};
	if (by == TOP_BY_USER)
		table_sort(table, top->sort[by], top->users);
	else
		table_sort(table, top->sort[by], top->ports);
}

/* 0, or EXIT_USAGE for a title that there is not. */
int top_sort_by(struct top *top, enum top_by by, const char *title)
{
	const struct table_column *column;
	struct table table;

	top_table(top, by, &table);
	column = table_find(&table, title);
	if (!column)
		return usage("--sort takes the title of a column, such as %s, not '%s'",
			     by == TOP_BY_USER ? "bytes or user" :
						 "queued or name", title);
	top->sort[by] = column;
	return 0;
}

/* The busiest port first, and the user that is nearest to its limit. */
void top_sort_default(struct top *top)
{
	top->sort[TOP_BY_PORT] = port_columns;
	top->sort[TOP_BY_USER] = user_columns;
	top_sort_by(top, TOP_BY_PORT, "SENT/S");
	top_sort_by(top, TOP_BY_USER, "BYTES%");
}

void top_sort_next(struct top *top, enum top_by by)
{
	struct table table;
	size_t next;

	top_table(top, by, &table);
	next = (size_t)(top->sort[by] - table.columns) + 1;
	top->sort[by] = &table.columns[next % table.columns_nr];
}

/* Does somebody wait to send, or is a quota nearly used up? */
bool top_row_urgent(const struct top *top, enum top_by by, size_t row)
{
	if (by == TOP_BY_USER)
		return number_bytes_percent(&top->users[row]) >= 90 ||
		       number_ports_percent(&top->users[row]) >= 90;
	return top->ports[row].stat.waiting_senders;
}
