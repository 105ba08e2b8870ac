// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tables: columns that are as wide as what is in them, as many as fit.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"

/* Columns of the terminal, 0 for no limit. */
int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

static const void *table_row(const struct table *table, size_t row)
{
	return (const char *)table->rows + row * table->row_size;
}

static int table_width(const struct table *table)
{
	int width = -2;	/* nothing stands between the last one and the edge */
	size_t i;

	for (i = 0; i < table->columns_nr; i++)
		if (table->width[i])
			width += table->width[i] + 2;
	return width;
}

/* Leave out what can best be done without; false if nothing is left. */
static bool table_narrow(struct table *table)
{
	int most = 0;
	size_t i;

	for (i = 0; i < table->columns_nr; i++)
		if (table->width[i] && table->columns[i].dispensable > most)
			most = table->columns[i].dispensable;
	for (i = 0; i < table->columns_nr; i++)
		if (table->columns[i].dispensable == most && most)
			table->width[i] = 0;
	return most;
}

/* @limit is the width that there is, 0 for any. */
void table_measure(struct table *table, int limit)
{
	char cell[TABLE_CELL];
	size_t i, row;

	for (i = 0; i < table->columns_nr; i++) {
		table->width[i] = text_width(table->columns[i].title);
		for (row = 0; row < table->count; row++) {
			table->columns[i].cell(table_row(table, row), cell);
			if (text_width(cell) > table->width[i])
				table->width[i] = text_width(cell);
		}
	}
	while (limit && table_width(table) > limit)
		if (!table_narrow(table))
			break;
}

static void table_cell(const struct table *table, size_t i, const char *cell,
		       int *pad)
{
	int blanks = table->width[i] - text_width(cell);
	bool right = table->columns[i].number;

	printf("%*s%s", *pad + (right ? blanks : 0), "", cell);
	/* no blanks at the end of a line */
	*pad = (right ? 0 : blanks) + 2;
}

/* Neither ends the line. */
void table_print_titles(const struct table *table)
{
	int pad = 0;
	size_t i;

	for (i = 0; i < table->columns_nr; i++)
		if (table->width[i])
			table_cell(table, i, table->columns[i].title, &pad);
}

void table_print_row(const struct table *table, size_t row)
{
	char cell[TABLE_CELL];
	int pad = 0;
	size_t i;

	for (i = 0; i < table->columns_nr; i++) {
		if (!table->width[i])
			continue;
		table->columns[i].cell(table_row(table, row), cell);
		table_cell(table, i, cell, &pad);
	}
}

/* The column whose title begins so, in whatever case, or NULL. */
const struct table_column *table_find(const struct table *table,
				      const char *title)
{
	size_t i;

	for (i = 0; *title && i < table->columns_nr; i++)
		if (!strncasecmp(table->columns[i].title, title, strlen(title)))
			return &table->columns[i];
	return NULL;
}

static int compare_numbers(const struct table_column *column, const void *a,
			   const void *b)
{
	double first = column->number(a), second = column->number(b);

	return (first > second) - (first < second);
}

struct table_order {
	const struct table_column *by;
	const struct table_column *else_by;
};

/* Numbers: the largest first. */
static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct table_order *order = arg;
	char first[TABLE_CELL], second[TABLE_CELL];
	int result;

	if (order->by->number) {
		result = compare_numbers(order->by, b, a);
	} else {
		order->by->cell(a, first);
		order->by->cell(b, second);
		result = strcmp(first, second);
	}
	return result ? result : compare_numbers(order->else_by, a, b);
}

/* By a column; where that is the same, by the first one, a number. */
void table_sort(const struct table *table, const struct table_column *column,
		void *rows)
{
	struct table_order order = { column, table->columns };

	qsort_r(rows, table->count, table->row_size, compare_rows, &order);
}
